/* Processes of the demo: starting them, and leaving none behind, whoever their parent was.
 *
 * The demo is the sub-reaper of all it starts: a vat whose agent was killed becomes its child. A
 * guard stands above the demo for the case that the demo itself is killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dirent.h>

#include "demo/demo.h"

static volatile sig_atomic_t process_interrupted;
static volatile sig_atomic_t process_guarded; /* the guard's child */

static void process_on_signal(int signal_number)
{
    process_interrupted = 1;
    if (process_guarded > 0) {
        (void)kill((pid_t)process_guarded, signal_number);
    }
}

bool demo_interrupted(void)
{
    return process_interrupted != 0;
}

void demo_sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL); /* a signal ends it early, which is what is wanted */
}

/* The parent of a process, or 0. */
static pid_t process_parent(pid_t pid)
{
    char path[64];
    char text[512] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    const char *end = size > 0 ? strrchr(text, ')') : NULL;
    /* Behind the name in brackets: a space, one letter for the state, a space, the parent. */
    return end != NULL && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static void process_kill_children(void)
{
    DIR *directory = opendir("/proc");
    if (directory == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && process_parent(pid) == getpid()) {
            (void)kill(pid, SIGKILL);
        }
    }
    (void)closedir(directory);
}

void demo_kill_all(void)
{
    /* The children of what is killed become ours, so this ends when none is left. */
    for (;;) {
        process_kill_children();
        pid_t reaped = waitpid(-1, NULL, 0);
        if (reaped < 0 && errno == ECHILD) {
            return;
        }
    }
}

static void process_catch_signals(void)
{
    struct sigaction action = {.sa_handler = process_on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

int demo_guard(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    process_catch_signals();
    pid_t child = fork();
    if (child < 0) {
        perror("demo: cannot start a process");
        return 2;
    }
    if (child == 0) {
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        return 0;
    }
    process_guarded = child;
    int status = 0;
    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR) {
            break;
        }
    }
    demo_kill_all();
    return 1 + (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

pid_t demo_spawn(const struct demo *demo, char *const argv[], char *variable, const char *log_file,
                 bool far)
{
    char preload[DEMO_PATH_MAX + 32];
    (void)snprintf(preload, sizeof preload, "%s/demo-cut.so", demo->programs);
    int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0); /* Ctrl-C is for the demo, which ends them in order */
        (void)dup2(log, STDOUT_FILENO);
        (void)dup2(log, STDERR_FILENO);
        if (demo_net_enter(&demo->net, far, preload) &&
            (variable == NULL || putenv(variable) == 0)) {
            (void)execv(argv[0], argv);
        }
        perror(argv[0]);
        _exit(127);
    }
    (void)close(log);
    return child;
}

/* Read all of @fd; NULL when memory is out. */
static char *process_read_all(int fd)
{
    size_t size = 0;
    size_t room = 65536;
    char *text = malloc(room);
    while (text != NULL) {
        ssize_t got = read(fd, text + size, room - size - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            text[size] = '\0';
            return text;
        }
        size += (size_t)got;
        if (size + 1 == room) {
            char *grown = realloc(text, room * 2);
            if (grown == NULL) {
                free(text);
                return NULL;
            }
            text = grown;
            room *= 2;
        }
    }
    return NULL;
}

int demo_run(char *const argv[], char **output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    (void)close(ends[1]);
    *output = child > 0 ? process_read_all(ends[0]) : NULL;
    (void)close(ends[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
