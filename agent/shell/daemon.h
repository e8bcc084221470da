/* The daemon around the agent's core: its sockets, disk, processes and loop. */
#ifndef AGENT_SHELL_DAEMON_H
#define AGENT_SHELL_DAEMON_H

#include "base/error.h"
#include "base/result.h"

struct agent_options {
    const char *topology; /* files and a directory, as on the command line */
    const char *host;
    const char *key;
    const char *data;
};

/* Run until SIGTERM or SIGINT; then MN_OK. Changes the working directory to the data directory.
 * Anything else is why it could not start or go on, with @error in words. */
mn_result agent_daemon_run(const struct agent_options *options, struct mn_error *error) MN_CHECKED;

#endif
