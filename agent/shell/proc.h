/* What /proc says of processes. */
#ifndef AGENT_SHELL_PROC_H
#define AGENT_SHELL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read a file of the process into @out, as much as fits. Its size; -1 with errno when it cannot be
 * read: ENOENT or ESRCH when there is no such process. */
ssize_t agent_proc_read(uint32_t pid, const char *file, char *out, size_t size);

/* A process's environment, as it was when it executed its program. */
struct agent_environ {
    char *bytes;
    ssize_t size; /* -1: it cannot be read, */
    int code;     /* and why, as errno says it */
};

void agent_environ_init(struct agent_environ *environment, uint32_t pid);
void agent_environ_deinit(struct agent_environ *environment);

/* The value of variable @name, NULL when it has none. */
const char *agent_environ_find(const struct agent_environ *environment, const char *name);

#endif
