/* The daemon's loop: events into the core, one at a time, effects out of it, in their order. */
#include "shell/daemon.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/daemon_private.h"

enum { DAEMON_RECORDER_STOP_MS = 1000 };

void coordinator_daemon_fail(struct daemon *daemon, mn_result result, const char *text)
{
    if (daemon->result == MN_OK) {
        daemon->result = result;
        mn_error_set(&daemon->error, "%s: %s", text, mn_result_text(result));
    }
    daemon->stop = true;
}

/* Nothing that carrying out an effect does is an event at once: records come back through the
 * loop. So a step's effects are all carried out before the next event. */
void coordinator_daemon_step(struct daemon *daemon, const struct coordinator_event *event)
{
    if (daemon->stop) {
        return;
    }
    coordinator_step(daemon->coordinator, mn_now(), event, &daemon->effects);
    if (daemon->effects.result != MN_OK && daemon->effects.error.text[0] != '\0') {
        coordinator_daemon_fail(daemon, daemon->effects.result, daemon->effects.error.text);
    } else if (daemon->effects.result != MN_OK) {
        coordinator_daemon_fail(daemon, daemon->effects.result,
                                "the coordinator cannot go on; started again, it reads its journal "
                                "and continues from there");
    } else {
        coordinator_daemon_carry_out(daemon, &daemon->effects);
    }
    daemon->said = NULL;
    coordinator_effects_reset(&daemon->effects);
}

static mn_time daemon_deadline(const struct daemon *daemon)
{
    mn_time core = coordinator_deadline(daemon->coordinator);
    mn_time keeping = keeping_deadline(daemon->keeping);
    mn_time plans = plan_desk_deadline(&daemon->desk);
    mn_time cores = core < keeping ? core : keeping;
    return plans < cores ? plans : cores;
}

static void daemon_loop(struct daemon *daemon)
{
    while (!daemon->stop) {
        mn_result result = mn_net_run(daemon->net, daemon_deadline(daemon));
        if (result != MN_OK) {
            coordinator_daemon_fail(daemon, result, "waiting for messages failed");
        }
        if (!daemon->stop && mn_now() >= keeping_deadline(daemon->keeping)) {
            struct keeping_event tick = {.kind = KEEPING_ON_TICK};
            coordinator_daemon_keep(daemon, &tick);
        }
        if (!daemon->stop && mn_now() >= coordinator_deadline(daemon->coordinator)) {
            struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
            tick.tick.behind = recorder_behind(daemon->recorder);
            coordinator_daemon_step(daemon, &tick);
        }
        coordinator_daemon_plans_tick(daemon);
    }
}

/* A plan that waits for an approval that nobody may give waits for ever: say so in time. */
static void daemon_warn(const struct topology *topology)
{
    const struct topology_approval *policy = &topology->policy.approve;
    bool may = !policy->share_asked && !policy->reset && !policy->unsure;
    for (size_t i = 0; i < topology->operator_count; i++) {
        may = may || topology->operators[i].role == TOPOLOGY_APPROVE;
    }
    if (!may) {
        mn_log(MN_LOG_WARNING, "nobody_may_approve",
               "text=\"policy has plans that go far wait for an operator, and no operator has the "
               "role approve\"");
    }
}

mn_result coordinator_daemon_run(const struct coordinator_options *options, struct mn_error *error)
{
    /* The state of a hash in it is aligned more strictly than malloc does. */
    struct daemon *daemon = aligned_alloc(_Alignof(struct daemon), sizeof *daemon);
    if (daemon == NULL) {
        return MN_NO_MEMORY;
    }
    memset(daemon, 0, sizeof *daemon);
    daemon->signals = -1;
    mn_result result = coordinator_daemon_open(daemon, options, error);
    if (result == MN_OK) {
        mn_log(MN_LOG_INFO, "ready", "agents=%s operators=%s data=%s",
               daemon->topology->coordinator.agents, daemon->topology->coordinator.operators,
               options->data);
        daemon_warn(daemon->topology);
        daemon_loop(daemon);
        result = daemon->result;
        if (result != MN_OK) {
            mn_error_set(error, "%s", daemon->error.text);
        }
    } else if (daemon->stop && daemon->result == MN_OK) {
        result = MN_OK; /* a signal came before it was open */
    }
    if (!recorder_stop(&daemon->recorder, DAEMON_RECORDER_STOP_MS)) {
        /* The disk hangs. What it was at has been promised to nobody, and the thread still uses
         * what would be freed. */
        mn_log(MN_LOG_WARNING, "ended", "text=\"the disk did not answer\"");
        _exit(result == MN_OK ? 0 : 1);
    }
    coordinator_daemon_close(daemon);
    free(daemon);
    return result;
}
