/* Which plans are being made for operators, and what is to happen with each and when. It makes none
 * and asks for no time: daemon_plan.c does both, and does what this says.
 *
 *             ask                 made, nobody waits
 *     NONE --------> MAKING ------------------------> KEPT
 *      ^               | made: whoever waits has it     | he asks again, or ten seconds pass
 *      +---------------+--------------------------------+
 *
 * A plan that is not made in two minutes never will be: its maker is ended, which counts as made.
 */
#ifndef COORDINATOR_SHELL_PLAN_DESK_H
#define COORDINATOR_SHELL_PLAN_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "net/net.h"

enum {
    PLAN_DESK_COUNT_MAX = 4,   /* so many are made at a time */
    PLAN_DESK_MS_MAX = 120000, /* whoever takes longer to make one is ended */
    PLAN_DESK_KEEP_MS = 10000  /* so long one waits for whoever asked, and asks again soon */
};

enum plan_state { PLAN_NONE, PLAN_MAKING, PLAN_KEPT };

struct plan_slot {
    enum plan_state state;
    bool ended;     /* its maker takes too long, and has been ended */
    mn_time since;  /* when it came into this state */
    uint64_t round; /* what was asked for, */
    uint32_t who;   /* by which operator, */
    uint64_t request;
    struct mn_peer peer; /* and the connection that he asked on last */
    bool waited_for;     /* by him; otherwise he asks again */
};

/* Zero-initialise. */
struct plan_desk {
    struct plan_slot slots[PLAN_DESK_COUNT_MAX];
};

enum plan_word {
    PLAN_BEGIN,   /* make it; he gets it when it is made */
    PLAN_WAITS,   /* it is being made; the same */
    PLAN_AT_WORK, /* it is, and he has waited long: he is told so, and asks again */
    PLAN_FETCH,   /* it is made: he gets it now */
    PLAN_FULL     /* others are being made */
};

/* Operator @who asks for the plan of @round. @index: out, the slot; not for PLAN_FULL. After
 * PLAN_FETCH, and when a plan that is to begin cannot be, plan_desk_forget. */
enum plan_word plan_desk_ask(struct plan_desk *desk, mn_time now, const struct mn_peer *peer,
                             uint32_t who, uint64_t round, uint64_t request, uint32_t *index);

/* The plan is made, or its maker has ended without one. Whether somebody waits for it; then it is
 * his, and the slot to be forgotten. */
bool plan_desk_made(struct plan_desk *desk, mn_time now, uint32_t index);

void plan_desk_forget(struct plan_desk *desk, uint32_t index);

/* What is due at @now, one after the other: end the maker of the plan at @index, once; or forget
 * one that nobody has fetched, which is forgotten then. */
enum plan_due { PLAN_DUE_NOTHING, PLAN_DUE_END, PLAN_DUE_FORGET };
enum plan_due plan_desk_due(struct plan_desk *desk, mn_time now, uint32_t *index);

/* When something is due next; MN_TIME_NEVER for nothing. */
mn_time plan_desk_deadline(const struct plan_desk *desk);

#endif
