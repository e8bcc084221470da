/* The agent's log: the lines of net/log.h, and those of the core's notes. */
#ifndef AGENT_SHELL_LOG_H
#define AGENT_SHELL_LOG_H

#include "core/agent.h"
#include "net/log.h"

/* The line of a note of the core. */
void agent_log_note(const struct agent_note_facts *note);

#endif
