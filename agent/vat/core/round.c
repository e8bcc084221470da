/* Rounds: fences and the open interval while one is under way, notices when it is decided, and the
 * word that they are handled.
 *
 * The agent says rounds in their order. Should one be said late all the same, it is handed out
 * late: a checkpoint names the rounds whose notices are handled in it one by one.
 *
 * Invariant: a round with notices is said to be handled only when they were handed out and a
 * durable checkpoint has the turns that handled them; so a crash in between makes them be handed
 * out again.
 */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static size_t fence_place(const struct vat *vat, const struct mn_name *peer, bool *found)
{
    size_t low = 0;
    size_t high = vat->fence_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mn_name_compare(&vat->fences[middle].vat, peer);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct vat_fence *round_fence(const struct vat *vat, const struct mn_name *peer)
{
    bool found = false;
    size_t at = fence_place(vat, peer, &found);
    return found ? &vat->fences[at] : NULL;
}

bool round_missing(const struct vat *vat, const struct mn_session *message)
{
    const struct vat_fence *fence = round_fence(vat, &message->vat);
    return message->round > vat->round || (fence != NULL && fence->round > vat->round);
}

uint64_t round_frozen(const struct vat *vat)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < vat->fence_count; i++) {
        newest = vat->fences[i].round > newest ? vat->fences[i].round : newest;
    }
    return newest;
}

static mn_result fence_raise(struct vat *vat, const struct mn_vat_run *suspect, uint64_t round)
{
    bool found = false;
    size_t at = fence_place(vat, &suspect->vat, &found);
    if (!found) {
        mn_result result = mn_grow(&vat->fences, &vat->fence_capacity, vat->fence_count + 1,
                                   sizeof(struct vat_fence), VAT_FENCE_COUNT_MAX);
        if (result != MN_OK) {
            return result;
        }
        memmove(&vat->fences[at + 1], &vat->fences[at],
                (vat->fence_count - at) * sizeof(struct vat_fence));
        vat->fences[at] = (struct vat_fence){.vat = suspect->vat};
        vat->fence_count += 1;
    }
    struct vat_fence *fence = &vat->fences[at];
    fence->run = suspect->run > fence->run ? suspect->run : fence->run;
    fence->round = round > fence->round ? round : fence->round;
    return MN_OK;
}

void round_on_freeze(struct vat *vat, const struct mn_to_vat *message, struct vat_effects *effects)
{
    for (uint32_t i = 0; i < message->freeze.suspect_count; i++) {
        const struct mn_vat_run *suspect = &message->freeze.suspects[i];
        if (fence_raise(vat, suspect, message->freeze.round) != MN_OK) {
            /* A vat that cannot note whom not to believe must not go on. */
            effects->failed = true;
            return;
        }
        struct vat_session *session = session_find(vat, &suspect->vat);
        if (session != NULL && session->in_run <= suspect->run) {
            session->greeted = false;
        }
    }
    struct mn_from_vat *answer = effect_to_agent(vat, effects, MN_FROM_VAT_INTERVAL);
    if (answer == NULL) {
        return;
    }
    answer->interval.round = message->freeze.round;
    answer->interval.attempt = message->freeze.attempt;
    answer->interval.epoch = vat->epoch;
    answer->interval.since = vat->heard_since;
    struct vat_heard_list list;
    if (!heard_list(vat, true, &effects->arena, &list)) {
        effects->failed = true;
        return;
    }
    answer->interval.names = list.names;
    answer->interval.name_count = list.name_count;
    answer->interval.heard = list.heard;
    answer->interval.heard_count = list.heard_count;
    answer->interval.known = list.known;
    answer->interval.known_count = list.known_count;
    answer->interval.heard_before = (uint32_t)vat->heard_before;
}

static void say_handled(struct vat *vat, uint64_t round, struct vat_effects *effects)
{
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_HANDLED);
    if (message != NULL) {
        message->handled.round = round;
    }
}

static const struct vat_told *told_find(const struct vat *vat, uint64_t round)
{
    for (size_t i = 0; i < vat->told_count; i++) {
        if (vat->told[i].round == round) {
            return &vat->told[i];
        }
    }
    return NULL;
}

static mn_result told_make_room(struct vat *vat, size_t count)
{
    return mn_grow(&vat->told, &vat->told_capacity, count, sizeof *vat->told, VAT_TOLD_COUNT_MAX);
}

/* Note that the notices of @round are handed out, in the place of the oldest handled round if there
 * is no other. False when so many are not handled yet, or there is no memory. */
static bool told_add(struct vat *vat, uint64_t round)
{
    size_t place = vat->told_count;
    if (vat->told_count == VAT_TOLD_COUNT_MAX) {
        for (size_t i = 0; i < vat->told_count; i++) {
            if (vat->told[i].handled &&
                (place == vat->told_count || vat->told[i].round < vat->told[place].round)) {
                place = i;
            }
        }
        if (place == vat->told_count) {
            return false;
        }
        if (vat->told[place].round > vat->settled) {
            vat->settled = vat->told[place].round;
        }
        vat->told_count -= 1;
    } else if (told_make_room(vat, vat->told_count + 1) != MN_OK) {
        return false;
    }
    vat->told[place] = (struct vat_told){.round = round};
    vat->told_count += 1;
    return true;
}

mn_result round_restore(struct vat *vat, const struct mn_checkpoint_record *record)
{
    mn_result result = MN_OK;
    for (uint32_t i = 0; i < record->handled_count && vat->told_count < VAT_TOLD_COUNT_MAX; i++) {
        result = told_make_room(vat, vat->told_count + 1);
        if (result != MN_OK) {
            break;
        }
        vat->told[vat->told_count++] =
            (struct vat_told){.round = record->handled[i], .epoch = record->epoch, .handled = true};
    }
    return result;
}

/* Hand a notice to the application, and take it into account from here on. */
static void round_tell(struct vat *vat, const struct mn_notice *notice, struct vat_effects *effects)
{
    struct mn_notice *copy = effect_take(effects, sizeof *copy);
    if (copy == NULL) {
        return;
    }
    *copy = *notice;
    struct vat_delivery *delivery =
        effect_deliver(effects, notice->reset ? VAT_PEER_RESET : VAT_PEER_ROLLED_BACK, &copy->peer);
    if (delivery != NULL) {
        delivery->notice = copy;
    }
    struct vat_session *session = session_find(vat, &notice->peer);
    if (session == NULL) {
        return;
    }
    if (notice->incarnation > session->told) {
        session->told = notice->incarnation;
    }
    if (session->in_incarnation < session->told) {
        session->greeted = false;
    }
    if (notice->you_heard.last != 0) {
        /* This vat keeps it and has been told: it is settled, and no longer listed. */
        session_unhear(vat, session, notice->you_heard);
    }
}

void round_on_round(struct vat *vat, mn_time now, const struct mn_to_vat *message,
                    struct vat_effects *effects)
{
    uint64_t round = message->round.round;
    bool notices = message->round.notice_count > 0;
    const struct vat_told *told = told_find(vat, round);
    if (notices && (told != NULL ? told->handled : round <= vat->settled)) {
        say_handled(vat, round, effects);
        return;
    }
    if (told != NULL || (!notices && round <= vat->round)) {
        return;
    }
    if (notices && !told_add(vat, round)) {
        return; /* The agent says it again until it is handled; until then it waits. */
    }
    for (uint32_t i = 0; i < message->round.notice_count; i++) {
        round_tell(vat, &message->round.notices[i], effects);
    }
    if (round < vat->round) {
        return;
    }
    vat->round = round;
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        inbound_unpark(vat, now, session, effects);
        if (session->behind && session->greeted) {
            (void)effect_reply(vat, effects, &session->in, MN_SESSION_WHO);
        }
        session->behind = false;
        if (session->link == VAT_LINK_HELD) {
            link_greet(vat, now, session, effects);
        }
    }
}

void round_on_durable(struct vat *vat, struct vat_effects *effects)
{
    for (size_t i = 0; i < vat->told_count; i++) {
        struct vat_told *told = &vat->told[i];
        if (!told->handled && told->epoch != 0 && told->epoch <= vat->durable) {
            told->handled = true;
            say_handled(vat, told->round, effects);
        }
    }
}
