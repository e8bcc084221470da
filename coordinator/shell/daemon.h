/* The daemon around the coordinator's core: its sockets, journal and loop. */
#ifndef COORDINATOR_SHELL_DAEMON_H
#define COORDINATOR_SHELL_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/result.h"

enum { COORDINATOR_EVIDENCE_KEEP = 1000, COORDINATOR_EVIDENCE_KEEP_MAX = 1000000 };

struct coordinator_options {
    const char *topology; /* files and a directory, as on the command line */
    const char *key;
    const char *data;
    uint32_t evidence_keep; /* of so many rounds that are done the evidence stays, the newest */
    bool crash_at_decided;  /* a rehearsal: die when a decision is durable, before it is acted on */
    bool stop_at_plan;      /* another: whoever makes a plan stops until it is continued */
};

/* Run until SIGTERM or SIGINT; then MN_OK. Changes the working directory to the data directory.
 * Anything else is why it could not start or go on, with @error in words; MN_BAD_INPUT is a mistake
 * in the topology. */
mn_result coordinator_daemon_run(const struct coordinator_options *options,
                                 struct mn_error *error) MN_CHECKED;

#endif
