/* The desk where operators ask for plans. Whoever asks says so again and again, on one connection
 * as long as he waits, on another when he comes back: one plan is made for him and the round. */
#include "shell/plan_desk.h"

#include <string.h>

#include "base/check.h"

static mn_time slot_deadline(const struct plan_slot *slot)
{
    switch (slot->state) {
    case PLAN_NONE:
        return MN_TIME_NEVER;
    case PLAN_MAKING:
        return slot->ended ? MN_TIME_NEVER : slot->since + PLAN_DESK_MS_MAX * MN_MS;
    case PLAN_KEPT:
        return slot->since + PLAN_DESK_KEEP_MS * MN_MS;
    }
    return MN_TIME_NEVER;
}

/* Who asks anew on the connection that he waits on wants to know whether anybody is there; who has
 * been told that, or comes back on another one, waits for the plan. */
static enum plan_word slot_again(struct plan_slot *slot, const struct mn_peer *peer,
                                 uint64_t request)
{
    bool same = slot->waited_for && slot->request == request &&
                memcmp(&slot->peer, peer, sizeof *peer) == 0;
    slot->request = request;
    slot->peer = *peer;
    slot->waited_for = !same;
    if (slot->state == PLAN_KEPT) {
        return PLAN_FETCH;
    }
    return same ? PLAN_AT_WORK : PLAN_WAITS;
}

enum plan_word plan_desk_ask(struct plan_desk *desk, mn_time now, const struct mn_peer *peer,
                             uint32_t who, uint64_t round, uint64_t request, uint32_t *index)
{
    uint32_t unused = PLAN_DESK_COUNT_MAX;
    for (uint32_t i = 0; i < PLAN_DESK_COUNT_MAX; i++) {
        struct plan_slot *slot = &desk->slots[i];
        if (slot->state == PLAN_NONE) {
            unused = unused < PLAN_DESK_COUNT_MAX ? unused : i;
        } else if (slot->who == who && slot->round == round) {
            *index = i;
            return slot_again(slot, peer, request);
        }
    }
    if (unused == PLAN_DESK_COUNT_MAX) {
        return PLAN_FULL;
    }
    desk->slots[unused] = (struct plan_slot){.state = PLAN_MAKING,
                                             .since = now,
                                             .round = round,
                                             .who = who,
                                             .request = request,
                                             .peer = *peer,
                                             .waited_for = true};
    *index = unused;
    return PLAN_BEGIN;
}

bool plan_desk_made(struct plan_desk *desk, mn_time now, uint32_t index)
{
    struct plan_slot *slot = &desk->slots[index];
    mn_assert(slot->state == PLAN_MAKING);
    slot->state = PLAN_KEPT;
    slot->since = now;
    return slot->waited_for;
}

void plan_desk_forget(struct plan_desk *desk, uint32_t index)
{
    desk->slots[index] = (struct plan_slot){.state = PLAN_NONE};
}

enum plan_due plan_desk_due(struct plan_desk *desk, mn_time now, uint32_t *index)
{
    for (uint32_t i = 0; i < PLAN_DESK_COUNT_MAX; i++) {
        struct plan_slot *slot = &desk->slots[i];
        if (now < slot_deadline(slot)) {
            continue;
        }
        *index = i;
        if (slot->state == PLAN_MAKING) {
            slot->ended = true;
            return PLAN_DUE_END;
        }
        plan_desk_forget(desk, i);
        return PLAN_DUE_FORGET;
    }
    return PLAN_DUE_NOTHING;
}

mn_time plan_desk_deadline(const struct plan_desk *desk)
{
    mn_time first = MN_TIME_NEVER;
    for (uint32_t i = 0; i < PLAN_DESK_COUNT_MAX; i++) {
        mn_time deadline = slot_deadline(&desk->slots[i]);
        first = deadline < first ? deadline : first;
    }
    return first;
}
