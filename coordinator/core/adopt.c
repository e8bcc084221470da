/* Disks that were found after all. An operator says on which host a disk is that has checkpoints of
 * a lost vat; that host's agent copies them into its store and reports them like any others, and
 * the round asks everybody again, so that its decision counts them.
 *
 * It may be said while no later life has spoken: from the freeze that names the lost run, after
 * which that run cannot come back, until the round decides. It is on record before the agent is
 * asked, and from then until the agent has done it the round decides nothing. Whoever comes after
 * this coordinator does not go on with it: the same word said again finds there what was copied
 * before.
 *
 * How far the run had come such a disk does not say, for it may be an old one. A coordinator that
 * knows the vat only from it holds for unknown what it could know from nobody else. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"
#include "docs/text.h"

enum {
    /* Adoptions that are remembered, so that their end can be asked for. */
    ADOPTION_COUNT_MAX = 4096,

    /* One of which no file has been done for so long is given up: the round waits for it. */
    ADOPTION_STUCK_SECONDS = 600
};

/* ---- the list -------------------------------------------------------------------------------- */

static struct adoption *adoption_find(const struct coordinator *coordinator, uint32_t vat)
{
    for (size_t i = 0; i < coordinator->adoption_count; i++) {
        if (coordinator->adoptions[i].vat == vat) {
            return &coordinator->adoptions[i];
        }
    }
    return NULL;
}

/* Room for one of @vat, in place of what was said of it before, or else of the oldest that is over.
 * NULL when there is none. */
static struct adoption *adoption_room(struct coordinator *coordinator, uint32_t vat)
{
    struct adoption *room = adoption_find(coordinator, vat);
    for (size_t i = 0; room == NULL && coordinator->adoption_count == ADOPTION_COUNT_MAX &&
                       i < coordinator->adoption_count;
         i++) {
        bool over = coordinator->adoptions[i].state == ADOPTION_OVER;
        room = over ? &coordinator->adoptions[i] : NULL;
    }
    if (room != NULL) {
        coordinator->adoption_count -= 1;
        size_t behind = coordinator->adoption_count - (size_t)(room - coordinator->adoptions);
        memmove(room, room + 1, behind * sizeof *room);
    }
    mn_result result =
        mn_grow(&coordinator->adoptions, &coordinator->adoption_capacity,
                coordinator->adoption_count + 1, sizeof(struct adoption), ADOPTION_COUNT_MAX);
    if (result != MN_FULL && !coordinator_fine(coordinator, result)) {
        return NULL;
    }
    return result == MN_OK ? &coordinator->adoptions[coordinator->adoption_count] : NULL;
}

static void adoption_note(struct coordinator *coordinator, const struct adoption *adoption,
                          enum coordinator_note note, const char *text)
{
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){
                         .note = note,
                         .vat = coordinator_vat_name(coordinator, adoption->vat),
                         .host = coordinator_host_name(coordinator, adoption->host),
                         .epoch = adoption->said.through,
                         .round = adoption->round,
                         .number = (uint64_t)adoption->said.taken + adoption->said.held,
                         .text = text});
}

/* It is over. What came of it is reported by the agent before it answers the next attempt. */
static void adoption_end(struct coordinator *coordinator, struct adoption *adoption, mn_result code,
                         const char *text)
{
    adoption->state = ADOPTION_OVER;
    adoption->said.over = true;
    adoption->said.code = code;
    size_t length = strnlen(text, sizeof adoption->said.text - 1);
    memmove(adoption->said.text, text, length);
    adoption->said.text[length] = '\0';
    mn_assert(coordinator->adoption_open > 0);
    coordinator->adoption_open -= 1;
    adoption_note(coordinator, adoption,
                  code == MN_OK ? COORDINATOR_NOTE_DISK_ADOPTED : COORDINATOR_NOTE_DISK_NOT_ADOPTED,
                  adoption->said.text);
    if (code == MN_OK) {
        round_changed(coordinator);
    }
}

static void adoption_ask(struct coordinator *coordinator, struct adoption *adoption)
{
    adoption->ask_at =
        coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    struct mn_down *down = coordinator_say(coordinator, adoption->host, MN_DOWN_ADOPT);
    if (down != NULL) {
        down->adopt.number = adoption->number;
        down->adopt.vat = coordinator_vat_id(coordinator, adoption->vat);
        down->adopt.store = adoption->store;
        coordinator_lineage(coordinator, adoption->vat, &down->adopt.lineage);
    }
}

bool adopt_open(const struct coordinator *coordinator)
{
    return coordinator->adoption_open > 0;
}

/* ---- what comes from them -------------------------------------------------------------------- */

bool adopt_found(const struct coordinator *coordinator, uint32_t vat, uint32_t host)
{
    for (size_t i = 0; coordinator->vats[vat].found && i < coordinator->found_count; i++) {
        if (coordinator->founds[i].vat == vat && coordinator->founds[i].host == host) {
            return true;
        }
    }
    return false;
}

static void found_add(struct coordinator *coordinator, uint32_t vat, uint32_t host)
{
    if (!adopt_found(coordinator, vat, host) &&
        coordinator_fine(coordinator, mn_grow(&coordinator->founds, &coordinator->found_capacity,
                                              coordinator->found_count + 1,
                                              sizeof *coordinator->founds, SIZE_MAX))) {
        coordinator->founds[coordinator->found_count++] = (struct found){vat, host};
        coordinator->vats[vat].found = true;
    }
}

void adopt_forget(struct coordinator *coordinator, uint32_t vat)
{
    size_t kept = 0;
    for (size_t i = 0; coordinator->vats[vat].found && i < coordinator->found_count; i++) {
        if (coordinator->founds[i].vat != vat) {
            coordinator->founds[kept++] = coordinator->founds[i];
        }
    }
    coordinator->found_count = coordinator->vats[vat].found ? kept : coordinator->found_count;
    coordinator->vats[vat].found = false;
}

/* ---- whether it may be ----------------------------------------------------------------------- */

/* The round in which the vat is still to be decided on; NULL: there is none. */
static struct round *adopt_round(const struct coordinator *coordinator, uint32_t vat)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    struct round *round = round_active(coordinator);
    bool before = round != NULL && round->facts.state < COORDINATOR_ROUND_DECIDING;
    return before && entry->fenced ? round : NULL;
}

/* Answer why there is nothing to be decided on for that vat, or not yet. */
static void adopt_refuse(struct coordinator *coordinator, uint64_t ticket, uint32_t vat)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    const struct round *round = round_active(coordinator);
    uint64_t later = entry->decided;
    struct mn_text text = {0};
    if (entry->fenced ? round == NULL : entry->lost || entry->suspect) {
        coordinator_answer(coordinator, ticket, MN_AGAIN,
                           "its loss is not on record yet: say it again in a moment");
        return;
    }
    if (entry->fenced && round != NULL) {
        mn_text_add_format(&text,
                           "round %llu has decided, and is being written down: a later life "
                           "is about to speak",
                           (unsigned long long)round->facts.round);
    } else if (entry->run == 0) {
        mn_text_add(&text, "it has never run, so it has lost nothing");
    } else if (later > 0) {
        mn_text_add_format(
            &text, "a later life has spoken: round %llu gave out run %u of it, on host %s",
            (unsigned long long)later, entry->run, coordinator_host_name(coordinator, entry->host));
    } else {
        mn_text_add_format(&text, "%s is not lost: run %u of it is on host %s",
                           coordinator_vat_name(coordinator, vat), entry->run,
                           coordinator_host_name(coordinator, entry->host));
    }
    steps_answer(coordinator, ticket, MN_STALE, &text);
}

/* The host that is meant, TOPOLOGY_NONE after answering why there is none. */
static uint32_t adopt_host(struct coordinator *coordinator, const struct coordinator_event *event,
                           uint32_t vat)
{
    const char *name = event->step.host;
    bool named = name[0] != '\0';
    uint32_t host =
        named ? topology_find_host(coordinator->topology, name) : coordinator->vats[vat].host;
    if (host == TOPOLOGY_NONE) {
        struct mn_text text = {0};
        mn_text_add_format(&text, "there is no host %s in the coordinator's topology", name);
        steps_answer(coordinator, event->step.ticket, MN_NOT_FOUND, &text);
        return TOPOLOGY_NONE;
    }
    if (!places_usable(coordinator, host)) {
        struct mn_text text = {0};
        mn_text_add_format(&text, "host %s is not up%s", coordinator_host_name(coordinator, host),
                           named ? "" : "; say with --host on which one the disk is now");
        steps_answer(coordinator, event->step.ticket, MN_AGAIN, &text);
        return TOPOLOGY_NONE;
    }
    return host;
}

/* Whether that is being done already; it has been answered then. */
static bool adopt_under_way(struct coordinator *coordinator, const struct coordinator_event *event,
                            uint32_t vat, uint32_t host)
{
    const struct adoption *adoption = adoption_find(coordinator, vat);
    if (adoption == NULL || adoption->state == ADOPTION_OVER) {
        return false;
    }
    bool same = adoption->host == host && strcmp(adoption->store, event->step.store) == 0;
    coordinator_answer(coordinator, event->step.ticket, same ? MN_OK : MN_AGAIN,
                       same ? "" : "another disk is being read for it: wait until that is over");
    return true;
}

/* Whether a later life may have spoken that a journal which has forgotten does not know yet. */
static bool adopt_awaits(const struct coordinator *coordinator)
{
    bool awaits = false;
    for (uint32_t i = 0; coordinator->forgotten && i < coordinator->host_count; i++) {
        awaits = awaits || vats_first_awaits(coordinator, i);
    }
    return awaits;
}

/* ---- words ----------------------------------------------------------------------------------- */

void adopt_step(struct coordinator *coordinator, const struct coordinator_event *event)
{
    uint64_t ticket = event->step.ticket;
    if (!steps_allowed(coordinator, event)) {
        return;
    }
    uint32_t vat = topology_find_vat(coordinator->topology, event->step.vat);
    if (vat == TOPOLOGY_NONE) {
        struct mn_text text = {0};
        mn_text_add_format(&text, "there is no vat %s in the coordinator's topology",
                           event->step.vat);
        steps_answer(coordinator, ticket, MN_NOT_FOUND, &text);
        return;
    }
    if (event->step.store[0] != '/' || strlen(event->step.store) >= MN_PATH_SIZE_MAX) {
        coordinator_answer(coordinator, ticket, MN_BAD_INPUT,
                           "the store has to be an absolute path on that host");
        return;
    }
    if (adopt_awaits(coordinator)) {
        coordinator_answer(coordinator, ticket, MN_AGAIN,
                           "the journal has forgotten: wait until every host has told what it has");
        return;
    }
    const struct round *round = adopt_round(coordinator, vat);
    if (round == NULL) {
        adopt_refuse(coordinator, ticket, vat);
        return;
    }
    uint32_t host = adopt_host(coordinator, event, vat);
    if (host == TOPOLOGY_NONE || adopt_under_way(coordinator, event, vat, host)) {
        return;
    }
    struct adoption *adoption = adoption_room(coordinator, vat);
    if (adoption == NULL) {
        coordinator_answer(coordinator, ticket, MN_FULL, "too many disks are being read already");
        return;
    }
    struct mn_journal_step step = {.step = MN_STEP_ADOPT,
                                   .round = round->facts.round,
                                   .vat = coordinator_vat_id(coordinator, vat),
                                   .run = coordinator->vats[vat].run,
                                   .host = coordinator_host_id(coordinator, host),
                                   .store = event->step.store};
    const struct mn_journal_step *kept = steps_record(coordinator, event, &step);
    if (kept == NULL) {
        return;
    }
    coordinator->adoption_number += 1;
    *adoption = (struct adoption){.vat = vat,
                                  .host = host,
                                  .number = coordinator->adoption_number,
                                  .round = round->facts.round,
                                  .state = ADOPTION_RECORDING,
                                  .store = kept->store};
    coordinator->adoption_count += 1;
    coordinator->adoption_open += 1;
}

void adopt_recorded(struct coordinator *coordinator, const struct mn_journal_step *step)
{
    uint32_t vat = coordinator_find_vat(coordinator, &step->vat);
    struct adoption *adoption = adoption_find(coordinator, vat);
    mn_assert(adoption != NULL && adoption->state == ADOPTION_RECORDING);
    adoption->state = ADOPTION_READING;
    adoption->moved_at = coordinator->now;
    adoption_note(coordinator, adoption, COORDINATOR_NOTE_ADOPTION, step->reason);
    /* While that was written down a host spoke of a later run of it, or the one host is lost. */
    if (adopt_round(coordinator, vat) == NULL) {
        adoption_end(coordinator, adoption, MN_STALE, "a later life of it has spoken");
        return;
    }
    found_add(coordinator, vat, adoption->host);
    if (hosts_lost(coordinator, adoption->host)) {
        adopt_host_lost(coordinator, adoption->host);
    } else {
        adoption_ask(coordinator, adoption);
    }
}

void adopt_replay(struct coordinator *coordinator, const struct mn_journal_step *step)
{
    uint32_t vat = replay_find_vat(coordinator, &step->vat);
    uint32_t host = replay_find_host(coordinator, &step->host);
    if (vat != TOPOLOGY_NONE && host != TOPOLOGY_NONE && coordinator->vats[vat].run == step->run) {
        found_add(coordinator, vat, host);
    }
}

/* ---- what the agent says --------------------------------------------------------------------- */

void adopt_said(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const struct mn_adopted *said = &message->adopted;
    uint32_t vat = coordinator_find_vat(coordinator, &said->vat);
    struct adoption *adoption = vat != TOPOLOGY_NONE ? adoption_find(coordinator, vat) : NULL;
    if (adoption == NULL || adoption->host != host || adoption->number != said->number ||
        adoption->state != ADOPTION_READING || message->generation != coordinator->generation) {
        return; /* it is over, or was another coordinator's */
    }
    if (said->done != adoption->said.done) {
        adoption->moved_at = coordinator->now;
    }
    adoption->said = *said;
    adoption->said.passed = NULL;
    for (uint32_t i = 0; i < said->passed_count; i++) {
        adoption->passed[i] = said->passed[i];
    }
    if (said->over) {
        adoption_end(coordinator, adoption, said->code, said->text);
    }
}

void adopt_host_lost(struct coordinator *coordinator, uint32_t host)
{
    for (size_t i = 0; i < coordinator->adoption_count; i++) {
        struct adoption *adoption = &coordinator->adoptions[i];
        if (adoption->host == host && adoption->state == ADOPTION_READING) {
            adoption_end(coordinator, adoption, MN_AGAIN, "that host is lost now");
        }
    }
}

void adopt_tick(struct coordinator *coordinator)
{
    for (size_t i = 0; adopt_open(coordinator) && i < coordinator->adoption_count; i++) {
        struct adoption *adoption = &coordinator->adoptions[i];
        if (adoption->state != ADOPTION_READING) {
            continue;
        }
        if (coordinator->now - adoption->moved_at >= ADOPTION_STUCK_SECONDS * MN_SECOND) {
            adoption_end(coordinator, adoption, MN_AGAIN,
                         "it was given up: for ten minutes no file of it was done");
        } else if (coordinator->now >= adoption->ask_at) {
            adoption_ask(coordinator, adoption);
        }
    }
}

/* ---- what there is to see -------------------------------------------------------------------- */

static void adoption_facts(const struct adoption *adoption, struct coordinator_adoption_facts *out)
{
    *out = (struct coordinator_adoption_facts){.number = adoption->number,
                                               .round = adoption->round,
                                               .vat = adoption->vat,
                                               .host = adoption->host,
                                               .store = adoption->store,
                                               .said = &adoption->said,
                                               .passed = adoption->passed};
}

bool coordinator_adoption(const struct coordinator *coordinator, uint32_t vat,
                          struct coordinator_adoption_facts *out)
{
    const struct adoption *adoption = adoption_find(coordinator, vat);
    if (adoption != NULL) {
        adoption_facts(adoption, out);
    }
    return adoption != NULL;
}

bool adopt_wait(const struct coordinator *coordinator, size_t index,
                struct coordinator_adoption_facts *out)
{
    for (size_t i = 0; adopt_open(coordinator) && i < coordinator->adoption_count; i++) {
        const struct adoption *adoption = &coordinator->adoptions[i];
        if (adoption->state == ADOPTION_OVER) {
            continue;
        }
        if (index == 0) {
            adoption_facts(adoption, out);
            return true;
        }
        index -= 1;
    }
    return false;
}
