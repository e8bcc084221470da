/* mneme simulate: hands over to the simulator, a program of its own that lies beside this one, so
 * that the operator's command is made of nothing that only simulates. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/commands.h"

int simulate_command(int argc, char **argv)
{
    static const char program[] = "mneme-simulate";
    char path[MN_PATH_SIZE_MAX + sizeof program];
    (void)argc;
    ssize_t size = readlink("/proc/self/exe", path, MN_PATH_SIZE_MAX);
    while (size > 0 && path[size - 1] != '/') {
        size -= 1;
    }
    if (size <= 0) {
        (void)fprintf(stderr, "mneme: cannot tell where this program lies: %s\n", strerror(errno));
        return 1;
    }
    memcpy(path + size, program, sizeof program);
    (void)execv(path, argv);
    (void)fprintf(stderr, "mneme: cannot run %s: %s\n", path, strerror(errno));
    return 1;
}
