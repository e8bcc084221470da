/* The daemon's loop: events into the core, one at a time, effects out of it, in their order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon_private.h"

/* Of the 2 s that an end may take. */
enum { DAEMON_DISK_STOP_MS = 500 };

void agent_daemon_fail(struct daemon *daemon, mn_result result, const char *text)
{
    if (daemon->result == MN_OK) {
        daemon->result = result;
        mn_error_set(&daemon->error, "%s: %s", text, mn_result_text(result));
    }
    daemon->stop = true;
}

/* One step. Effects are all carried out before the next event, which may come of them. */
static void daemon_step_one(struct daemon *daemon, const struct agent_event *event)
{
    agent_step(daemon->agent, mn_now(), event, &daemon->effects);
    if (daemon->effects.result != MN_OK) {
        agent_daemon_fail(daemon, daemon->effects.result, "the agent cannot go on");
    } else {
        for (size_t i = 0; i < daemon->effects.count && !daemon->stop; i++) {
            agent_daemon_carry_out(daemon, &daemon->effects.items[i]);
        }
    }
    agent_effects_reset(&daemon->effects);
}

static void daemon_step_followup(struct daemon *daemon, const struct daemon_followup *followup)
{
    struct agent_event event = {.kind = followup->kind};
    if (followup->kind == AGENT_ON_PIECE_WRITTEN) {
        event.piece.vat = followup->vat;
        event.piece.epoch = followup->epoch;
        event.piece.offset = followup->offset;
        event.piece.result = followup->result;
    } else if (followup->kind == AGENT_ON_UNSENT) {
        event.vat.connection = followup->connection;
    } else {
        event.process.vat = followup->vat;
        event.process.pid = followup->pid;
        event.process.pid_started = followup->pid_started;
        event.process.reason = followup->reason;
    }
    daemon_step_one(daemon, &event);
}

void agent_daemon_step(struct daemon *daemon, const struct agent_event *event)
{
    if (daemon->stop) {
        return;
    }
    daemon_step_one(daemon, event);
    while (daemon->followup_first != NULL) {
        struct daemon_followup *followup = daemon->followup_first;
        daemon->followup_first = followup->next;
        if (daemon->followup_first == NULL) {
            daemon->followup_last = NULL;
        }
        if (!daemon->stop) {
            daemon_step_followup(daemon, followup);
        }
        free(followup);
    }
}

static mn_time daemon_flush(struct daemon *daemon, mn_time now)
{
    agent_daemon_send_said(daemon);
    mn_time next = agent_outlet_flush(&daemon->coordinator, now);
    for (size_t i = 0; i < daemon->topology->host_count; i++) {
        if (daemon->hosts[i].first != NULL) {
            mn_time host = agent_outlet_flush(&daemon->hosts[i], now);
            next = host < next ? host : next;
        }
    }
    return next;
}

static void daemon_loop(struct daemon *daemon)
{
    while (!daemon->stop) {
        mn_time now = mn_now();
        mn_time until = daemon_flush(daemon, now);
        mn_time deadline = agent_deadline(daemon->agent);
        mn_time probes = agent_probes_deadline(daemon->probes);
        until = deadline < until ? deadline : until;
        until = probes < until ? probes : until;
        mn_result result = mn_net_run(daemon->net, until);
        if (result != MN_OK) {
            agent_daemon_fail(daemon, result, "waiting for messages failed");
        }
        now = mn_now();
        if (!daemon->stop && now >= agent_deadline(daemon->agent)) {
            struct agent_event tick = {.kind = AGENT_ON_TICK};
            agent_daemon_step(daemon, &tick);
        }
        if (!daemon->stop && now >= agent_probes_deadline(daemon->probes)) {
            agent_probes_tick(daemon->probes, now);
        }
    }
    agent_daemon_send_said(daemon);
}

mn_result agent_daemon_run(const struct agent_options *options, struct mn_error *error)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (daemon == NULL) {
        return MN_NO_MEMORY;
    }
    daemon->signals = -1;
    mn_result result = agent_daemon_open(daemon, options, error);
    if (result == MN_OK) {
        mn_log(MN_LOG_INFO, "ready", "host=%s agent=%s data=%s", options->host,
               daemon->topology->hosts[daemon->own].agent, options->data);
        daemon_loop(daemon);
        result = daemon->result;
        if (result != MN_OK) {
            mn_error_set(error, "%s", daemon->error.text);
        }
    } else if (daemon->stop && daemon->result == MN_OK) {
        result = MN_OK; /* a signal came before it was open */
    }
    if (!agent_disk_stop(&daemon->disk, DAEMON_DISK_STOP_MS)) {
        /* The disk hangs. What it was at has been promised to nobody, and the worker still uses
         * what would be freed. */
        mn_log(MN_LOG_WARNING, "ended", "text=\"the disk did not answer\"");
        _exit(result == MN_OK ? 0 : 1);
    }
    agent_daemon_close(daemon);
    free(daemon);
    return result;
}
