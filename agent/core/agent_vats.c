/* What the coordinator orders of vats (start, stop) and what the shell says of their processes. */
#include "agent_private.h"

#include <string.h>

#include "base/check.h"

static void start_ignored(struct agent *agent, const struct mn_start *start)
{
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_STALE_START,
                                                .vat = start->vat,
                                                .run = start->run,
                                                .round = start->round});
}

void agent_start(struct agent *agent, const struct mn_start *start)
{
    struct agent_vat *vat = agent_need_vat(agent, &start->vat);
    if (vat == NULL) {
        return;
    }
    mn_run newest = vat->next != NULL ? vat->next->run : vat->start->run;
    if (start->run == newest && vat->life != AGENT_LIFE_NONE) {
        agent_say_state(agent, vat, "");
        return;
    }
    bool elsewhere = start->disk != 0 && start->disk != agent->config.disk;
    if (start->run < newest || start->run <= vat->fence || elsewhere) {
        start_ignored(agent, start);
        if (vat->life == AGENT_LIFE_NONE && start->run <= vat->fence && !elsewhere) {
            agent_say_refused(agent, vat);
        }
        return;
    }
    switch (vat->life) {
    case AGENT_LIFE_NONE:
    case AGENT_LIFE_RECORDING:
    case AGENT_LIFE_FETCHING:
    case AGENT_LIFE_EXITED:
    case AGENT_LIFE_STOPPED:
        agent_next_forget(vat); /* it waited for a process that has ended by itself since */
        if (agent_start_take(agent, vat, start)) {
            agent_life_begin(agent, vat);
        }
        return;
    case AGENT_LIFE_SPAWNING:
    case AGENT_LIFE_WAITING:
    case AGENT_LIFE_RUNNING:
    case AGENT_LIFE_UP:
    case AGENT_LIFE_ENDING:
        if (agent_next_take(agent, vat, start)) {
            agent_put_fence(agent, vat, start->run - 1);
            agent_when_recorded(agent, AGENT_THEN_END, vat, vat->start->run, 0);
        }
        return;
    }
}

void agent_start_recorded(struct agent *agent, struct agent_vat *vat, mn_run run)
{
    if (vat->life == AGENT_LIFE_RECORDING && vat->start->run == run) {
        agent_life_go_on(agent, vat);
    }
}

void agent_stop(struct agent *agent, const struct mn_stop *stop)
{
    struct agent_vat *vat = agent_need_vat(agent, &stop->vat);
    if (vat == NULL) {
        return;
    }
    agent_put_fence(agent, vat, stop->run);
    if (vat->start->run > stop->run || vat->life == AGENT_LIFE_NONE) {
        agent_say_state(agent, vat, "");
        return;
    }
    agent_aside_learn(agent, vat, stop);
    if (vat->life == AGENT_LIFE_STOPPED) {
        agent_say_state(agent, vat, "");
        agent_aside_advance(agent, vat);
        return;
    }
    agent_when_recorded(agent, AGENT_THEN_END, vat, vat->start->run, 0);
}

void agent_release(struct agent *agent, struct agent_vat *vat, mn_run run)
{
    if (vat->life != AGENT_LIFE_WAITING || vat->start->run != run) {
        return;
    }
    agent_life_move(vat, AGENT_LIFE_RUNNING);
    agent_ask_process(agent, AGENT_DO_RELEASE, vat);
}

static void process_started(struct agent *agent, struct agent_vat *vat, uint32_t pid,
                            uint64_t pid_started)
{
    mn_assert(vat->pid == 0);
    vat->pid = pid;
    vat->pid_started = pid_started;
    if (vat->life == AGENT_LIFE_ENDING) {
        agent_note_vat(agent, AGENT_NOTE_KILLED, vat, NULL);
        agent_ask_process(agent, AGENT_DO_KILL, vat);
        return;
    }
    mn_assert(vat->life == AGENT_LIFE_SPAWNING);
    agent_life_move(vat, AGENT_LIFE_WAITING);
    agent_put_vat(agent, vat);
    agent_when_recorded(agent, AGENT_THEN_RELEASE, vat, vat->start->run, 0);
}

static void process_gone(struct agent *agent, struct agent_vat *vat, const char *reason)
{
    bool adopting = vat->adopting;
    bool began = vat->life == AGENT_LIFE_RUNNING && !adopting;
    vat->adopting = false;
    vat->pid = 0;
    agent_lease_end(agent, vat);
    agent_disconnect(agent, vat);
    if (vat->life == AGENT_LIFE_ENDING) {
        agent_life_over(agent, vat);
    } else if (adopting && !agent->said_hello) {
        agent_life_move(vat, AGENT_LIFE_EXITED); /* the hello says so */
        agent_note_vat(agent, AGENT_NOTE_EXITED, vat, reason);
    } else {
        agent_life_fail(agent, vat, reason);
        if (began) {
            agent_chain_doubt(agent, vat);
        }
    }
    vat->awaited = false;
    agent_freeze_check(agent);
    agent_hello_when_adopted(agent);
}

static void process_adopted(struct agent *agent, struct agent_vat *vat)
{
    vat->adopting = false;
    agent_note_vat(agent, AGENT_NOTE_ADOPTED, vat, NULL);
    if (agent_vat_fenced(vat)) {
        agent_life_end(agent, vat);
    } else if (vat->life == AGENT_LIFE_RUNNING && vat->endpoint.text[0] != '\0') {
        agent_life_move(vat, AGENT_LIFE_UP);
        vat->up_recorded = true;
    }
    agent_hello_when_adopted(agent);
}

void agent_process(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->process.vat);
    mn_assert(vat != NULL);
    uint32_t pid = event->process.pid;
    if (pid != 0 && agent_stranger_is(agent, vat, pid)) {
        if (event->kind == AGENT_ON_EXITED) {
            agent_stranger_gone(agent, vat, pid);
        }
        return;
    }
    if (event->kind == AGENT_ON_STARTED) {
        process_started(agent, vat, pid, event->process.pid_started);
    } else if (event->kind == AGENT_ON_ADOPTED) {
        process_adopted(agent, vat);
    } else if (event->kind == AGENT_ON_START_FAILED) {
        process_gone(agent, vat, event->process.reason);
    } else if (vat->pid != 0 && vat->pid == pid) {
        mn_assert(event->kind == AGENT_ON_EXITED);
        process_gone(agent, vat, event->process.reason);
    }
}
