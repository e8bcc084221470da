/* How a host of the demo burns, and how the demo ends: processes found by where they live.
 *
 * An agent and its vats have the host's data directory as their working directory, so that two
 * demos side by side never take each other's processes for their own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo/demo.h"
#include "net/net.h"

enum { FIRE_TEXT_SIZE_MAX = 65536 };

static int fire_delete_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

bool demo_delete(const char *path)
{
    for (int i = 0; i < 20; i++) {
        if (nftw(path, fire_delete_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT) {
            return true;
        }
    }
    return false;
}

/* Whether the process works in @directory or below it. */
static bool fire_lives_in(pid_t pid, const char *directory)
{
    char path[64];
    char text[DEMO_PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    ssize_t size = readlink(path, text, sizeof text - 1);
    size_t length = strlen(directory);
    if (size < 0 || (size_t)size < length) {
        return false;
    }
    text[size] = '\0';
    return memcmp(text, directory, length) == 0 &&
           (text[length] == '\0' || text[length] == '/' || text[length] == ' ');
}

/* Whether the process was started with this variable ("NAME=value") in its environment. */
static bool fire_has_variable(pid_t pid, const char *variable)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? calloc(1, FIRE_TEXT_SIZE_MAX) : NULL;
    bool found = false;
    if (text != NULL) {
        ssize_t size = read(fd, text, FIRE_TEXT_SIZE_MAX - 1);
        for (ssize_t at = 0; at < size && !found; at += (ssize_t)strlen(text + at) + 1) {
            found = strcmp(text + at, variable) == 0;
        }
    }
    free(text);
    if (fd >= 0) {
        (void)close(fd);
    }
    return found;
}

/* Send @signal_number (0: nothing) to every process that lives in @directory and, where @variable
 * is not NULL, was started with it. Returns how many there are; *last is one of them. */
static int fire_signal(const char *directory, const char *variable, int signal_number, pid_t *last)
{
    DIR *processes = opendir("/proc");
    int count = 0;
    if (processes == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && fire_lives_in(pid, directory) &&
            (variable == NULL || fire_has_variable(pid, variable))) {
            count += 1;
            *last = pid;
            (void)kill(pid, signal_number);
        }
    }
    (void)closedir(processes);
    return count;
}

int demo_signal_host(const struct demo *demo, int host, int signal_number)
{
    pid_t last = 0;
    return fire_signal(demo->hosts[host].directory, NULL, signal_number, &last);
}

int demo_burn_host(struct demo *demo, int index)
{
    struct demo_host *host = &demo->hosts[index];
    int killed = demo_signal_host(demo, index, SIGKILL);
    host->agent = 0;
    host->lost = true;
    if (!demo_delete(host->directory)) {
        mn_error_set(&demo->error, "cannot delete %s: %s", host->directory, strerror(errno));
    }
    return killed;
}

static void fire_hosts_directory(const struct demo *demo, char path[DEMO_PATH_MAX + 16])
{
    (void)snprintf(path, DEMO_PATH_MAX + 16, "%s/hosts", demo->directory);
}

pid_t demo_vat_pid(const struct demo *demo, const char *vat)
{
    char directory[DEMO_PATH_MAX + 16];
    char variable[32];
    pid_t last = 0;
    fire_hosts_directory(demo, directory);
    (void)snprintf(variable, sizeof variable, "MNEME_VAT=%s", vat);
    (void)fire_signal(directory, variable, 0, &last);
    return last;
}

static bool fire_alive(pid_t pid)
{
    return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

static bool fire_daemons_alive(const struct demo *demo)
{
    bool alive = fire_alive(demo->coordinator);
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        alive = fire_alive(demo->hosts[i].agent) || alive;
    }
    return alive;
}

bool demo_stop(struct demo *demo)
{
    char directory[DEMO_PATH_MAX + 16];
    pid_t last = 0;
    fire_hosts_directory(demo, directory);
    /* The coordinator and the agents first, so that nobody revives what is ended in order. */
    if (demo->coordinator > 0) {
        (void)kill(demo->coordinator, SIGTERM);
    }
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        if (demo->hosts[i].agent > 0) {
            (void)kill(demo->hosts[i].agent, SIGTERM);
        }
    }
    mn_time end = mn_now() + 2 * MN_SECOND;
    while (fire_daemons_alive(demo)) {
        if (mn_now() > end) {
            return false;
        }
        demo_sleep_ms(5);
    }
    end = mn_now() + 2 * MN_SECOND;
    (void)fire_signal(directory, NULL, SIGTERM, &last);
    while (fire_signal(directory, NULL, 0, &last) > 0) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (mn_now() > end) {
            return false;
        }
        demo_sleep_ms(5);
    }
    return true;
}
