/* The life of a vat on this host: which moves there are, and how it begins and ends. A higher run
 * never starts before the process of the lower one has ended, so two lives never share a store. */
#include "agent_private.h"

#include <string.h>

#include "base/check.h"

#define TO(life) (1U << AGENT_LIFE_##life)

/* For each life the lives that it may move to (diagram: agent_private.h). NONE and RECORDING lead
 * to more than the diagram shows when an earlier agent's records are taken up. */
static const unsigned life_moves[AGENT_LIFE_COUNT] = {
    [AGENT_LIFE_NONE] = TO(RECORDING),
    [AGENT_LIFE_RECORDING] =
        TO(RECORDING) | TO(FETCHING) | TO(SPAWNING) | TO(STOPPED) | TO(EXITED) | TO(RUNNING),
    [AGENT_LIFE_FETCHING] = TO(RECORDING) | TO(SPAWNING) | TO(STOPPED) | TO(EXITED),
    [AGENT_LIFE_SPAWNING] = TO(WAITING) | TO(ENDING) | TO(EXITED),
    [AGENT_LIFE_WAITING] = TO(RUNNING) | TO(ENDING) | TO(EXITED),
    [AGENT_LIFE_RUNNING] = TO(UP) | TO(ENDING) | TO(EXITED),
    [AGENT_LIFE_UP] = TO(ENDING) | TO(EXITED),
    [AGENT_LIFE_ENDING] = TO(RECORDING) | TO(STOPPED),
    [AGENT_LIFE_EXITED] = TO(RECORDING) | TO(STOPPED),
    [AGENT_LIFE_STOPPED] = TO(RECORDING),
};

#undef TO

void agent_life_move(struct agent_vat *vat, enum agent_life to)
{
    mn_assert((life_moves[vat->life] >> to & 1U) != 0);
    vat->life = to;
    agent_touch(vat);
}

/* What its start said of its life. */
static void status_life(struct agent *agent, const struct mn_start *start,
                        struct mn_vat_status *status)
{
    struct mn_fork *forks = agent_take(agent, start->lineage.count, sizeof *forks);
    status->run = start->run;
    status->incarnation = start->incarnation;
    if (forks != NULL && start->lineage.count > 0) {
        memcpy(forks, start->lineage.forks, start->lineage.count * sizeof *forks);
        status->forks = forks;
        status->fork_count = start->lineage.count;
    }
}

struct mn_vat_status agent_vat_status(struct agent *agent, const struct agent_vat *vat)
{
    struct mn_vat_status status = {
        .vat = vat->name, .aside = vat->aside_run, .aside_count = vat->aside_count};
    status_life(agent, vat->next != NULL ? vat->next : vat->start, &status);
    if (vat->next != NULL) {
        status.state = MN_VAT_STARTING;
        return status;
    }
    status.floor = vat->floor;
    switch (vat->life) {
    case AGENT_LIFE_NONE:
        status.state = MN_VAT_ABSENT;
        break;
    case AGENT_LIFE_RECORDING:
    case AGENT_LIFE_FETCHING:
    case AGENT_LIFE_SPAWNING:
    case AGENT_LIFE_WAITING:
    case AGENT_LIFE_RUNNING:
        status.state = MN_VAT_STARTING;
        break;
    case AGENT_LIFE_UP:
        if (!vat->up_recorded) {
            status.state = MN_VAT_STARTING;
            break;
        }
        status.state = MN_VAT_UP;
        status.endpoint = vat->endpoint;
        break;
    case AGENT_LIFE_ENDING: /* over on the coordinator's word, and speaks until it has ended */
        status.state = MN_VAT_STARTING;
        break;
    case AGENT_LIFE_EXITED:
        status.state = MN_VAT_EXITED;
        break;
    case AGENT_LIFE_STOPPED:
        status.state = MN_VAT_STOPPED;
        break;
    }
    return status;
}

static void say_status(struct agent *agent, const struct mn_vat_status *status, const char *reason)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_VAT_STATE);
    if (up == NULL) {
        return;
    }
    up->vat_state.status = *status;
    size_t size = strlen(reason);
    if (size >= sizeof up->vat_state.reason) {
        size = sizeof up->vat_state.reason - 1;
    }
    memcpy(up->vat_state.reason, reason, size);
}

void agent_say_state(struct agent *agent, const struct agent_vat *vat, const char *reason)
{
    struct mn_vat_status status = agent_vat_status(agent, vat);
    say_status(agent, &status, reason);
}

void agent_say_refused(struct agent *agent, const struct agent_vat *vat)
{
    struct mn_vat_status status = agent_vat_status(agent, vat);
    status.run = vat->fence;
    say_status(agent, &status, "this run, or a later one, was over already");
}

bool agent_vat_fenced(const struct agent_vat *vat)
{
    return vat->start->run <= vat->fence;
}

bool agent_vat_owned(const struct agent_vat *vat)
{
    return !agent_vat_fenced(vat) && (vat->life == AGENT_LIFE_RUNNING ||
                                      vat->life == AGENT_LIFE_UP || vat->life == AGENT_LIFE_EXITED);
}

bool agent_vat_alive(const struct agent_vat *vat)
{
    return vat->life == AGENT_LIFE_RUNNING || vat->life == AGENT_LIFE_UP ||
           vat->life == AGENT_LIFE_ENDING;
}

bool agent_vat_meant(const struct agent_vat *vat)
{
    return vat->next != NULL || !agent_vat_fenced(vat);
}

/* Take up vat->start: it is new, and no process of the vat is left. */
void agent_life_begin(struct agent *agent, struct agent_vat *vat)
{
    mn_assert(vat->pid == 0);
    agent_life_move(vat, AGENT_LIFE_RECORDING);
    if (vat->aside != NULL && !vat->aside->moving) {
        agent_aside_free(vat); /* it is the vat again: what died stays with it, as after any fork */
    }
    vat->pid_started = 0;
    memset(&vat->endpoint, 0, sizeof vat->endpoint);
    agent_floor_lower(vat);
    agent_floor_check(vat);
    agent_copies_begin(agent, vat);
    agent_notices_begin(agent, vat);
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_START,
                                                .vat = vat->name,
                                                .run = vat->start->run,
                                                .epoch = vat->start->keep,
                                                .round = vat->start->round});
    agent_put_vat(agent, vat);
    agent_when_recorded(agent, AGENT_THEN_START, vat, vat->start->run, 0);
}

/* No process of this life is left, and it is not to go on: what follows? */
void agent_life_over(struct agent *agent, struct agent_vat *vat)
{
    if (vat->next != NULL) {
        bool copied = agent_start_take(agent, vat, vat->next);
        agent_next_forget(vat);
        if (copied) {
            agent_life_begin(agent, vat);
        }
        return;
    }
    agent_life_move(vat, AGENT_LIFE_STOPPED);
    agent_note_vat(agent, AGENT_NOTE_STOPPED, vat, NULL);
    agent_say_state(agent, vat, "stopped by the coordinator");
    agent_aside_advance(agent, vat);
}

/* End this life on the coordinator's word. Its fence is durable already. */
void agent_life_end(struct agent *agent, struct agent_vat *vat)
{
    switch (vat->life) {
    case AGENT_LIFE_NONE:
    case AGENT_LIFE_ENDING:
    case AGENT_LIFE_STOPPED:
        return;
    case AGENT_LIFE_RECORDING:
    case AGENT_LIFE_FETCHING:
    case AGENT_LIFE_EXITED:
        agent_life_over(agent, vat);
        return;
    case AGENT_LIFE_SPAWNING: /* it is killed as soon as its pid is known */
        agent_life_move(vat, AGENT_LIFE_ENDING);
        return;
    case AGENT_LIFE_WAITING:
    case AGENT_LIFE_RUNNING:
    case AGENT_LIFE_UP:
        agent_life_move(vat, AGENT_LIFE_ENDING);
        agent_note_vat(agent, AGENT_NOTE_KILLED, vat, NULL);
        agent_ask_process(agent, AGENT_DO_KILL, vat);
        return;
    }
}

/* Start the process once the whole chain is here. */
void agent_life_go_on(struct agent *agent, struct agent_vat *vat)
{
    if (vat->life != AGENT_LIFE_RECORDING && vat->life != AGENT_LIFE_FETCHING) {
        return;
    }
    if (agent_chain_whole(vat)) {
        agent_life_move(vat, AGENT_LIFE_SPAWNING);
        agent_ask_process(agent, AGENT_DO_START_PROCESS, vat);
        return;
    }
    if (vat->life == AGENT_LIFE_RECORDING) {
        agent_life_move(vat, AGENT_LIFE_FETCHING);
        vat->fetched_at = agent->now;
    }
    agent_fetch_advance(agent, vat);
}

/* This life is over, on its own. */
void agent_life_fail(struct agent *agent, struct agent_vat *vat, const char *reason)
{
    agent_life_move(vat, AGENT_LIFE_EXITED);
    agent_note_vat(agent, AGENT_NOTE_EXITED, vat, reason);
    agent_say_state(agent, vat, reason);
}
