/* Reading /proc. A process may end meanwhile, and its files with it: then they cannot be read. */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The system lets no process have more than 6 MiB of arguments and environment. */
enum { ENVIRON_SIZE = 65536, ENVIRON_SIZE_MAX = 8 * 1024 * 1024 };

ssize_t agent_proc_read(uint32_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%u/%s", pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < size) {
        got = read(fd, out + used, size - used);
        used += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    (void)close(fd);
    errno = code;
    return got < 0 && used == 0 ? -1 : (ssize_t)used;
}

void agent_environ_init(struct agent_environ *environment, uint32_t pid)
{
    size_t size = ENVIRON_SIZE / 2;
    environment->size = -1;
    environment->bytes = NULL;
    do {
        size *= 2;
        char *bytes = realloc(environment->bytes, size);
        if (bytes == NULL) {
            environment->size = -1;
            environment->code = ENOMEM;
            return;
        }
        environment->bytes = bytes;
        environment->size = agent_proc_read(pid, "environ", bytes, size - 1);
        environment->code = environment->size < 0 ? errno : 0;
        bytes[environment->size > 0 ? environment->size : 0] = '\0';
    } while (environment->size == (ssize_t)size - 1 && size < ENVIRON_SIZE_MAX);
}

void agent_environ_deinit(struct agent_environ *environment)
{
    free(environment->bytes);
    environment->bytes = NULL;
}

const char *agent_environ_find(const struct agent_environ *environment, const char *name)
{
    size_t length = strlen(name);
    for (ssize_t at = 0; at < environment->size;) {
        const char *variable = environment->bytes + at;
        if (strncmp(variable, name, length) == 0 && variable[length] == '=') {
            return variable + length + 1;
        }
        at += (ssize_t)strlen(variable) + 1;
    }
    return NULL;
}
