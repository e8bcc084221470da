/* The vats' processes. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/grow.h"
#include "proc.h"

enum { PROCESS_COUNT_MAX = 4000, PROCESS_PATH_SIZE = 2048 };

struct process {
    struct mn_name vat;
    uint32_t pid;
    int fd;      /* pidfd */
    int release; /* our end of the pipe it waits at; -1 once released or adopted */
    bool child;
};

struct agent_processes {
    struct mn_net *net;
    struct rlimit files; /* what vats get: how many may be open, as it was at first */
    char logs[MN_PATH_SIZE_MAX];
    agent_process_exited *exited;
    void *context;
    struct process *items;
    size_t count;
    size_t capacity;
};

mn_result agent_processes_new(struct agent_processes **out, struct mn_net *net, const char *logs,
                              agent_process_exited *exited, void *context)
{
    struct agent_processes *processes = calloc(1, sizeof *processes);
    if (processes == NULL) {
        return MN_NO_MEMORY;
    }
    processes->net = net;
    (void)getrlimit(RLIMIT_NOFILE, &processes->files);
    processes->exited = exited;
    processes->context = context;
    (void)snprintf(processes->logs, sizeof processes->logs, "%s", logs);
    *out = processes;
    return MN_OK;
}

static void process_forget(struct agent_processes *processes, size_t place)
{
    struct process *process = &processes->items[place];
    mn_unwatch(processes->net, process->fd);
    (void)close(process->fd);
    if (process->release >= 0) {
        (void)close(process->release);
    }
    processes->count -= 1;
    memmove(process, process + 1, (processes->count - place) * sizeof *process);
}

void agent_processes_destroy(struct agent_processes **out)
{
    struct agent_processes *processes = *out;
    if (processes == NULL) {
        return;
    }
    while (processes->count > 0) {
        process_forget(processes, processes->count - 1);
    }
    free(processes->items);
    free(processes);
    *out = NULL;
}

/* The process of @vat that waits to be released, or that of @pid. */
static struct process *process_find(struct agent_processes *processes, const struct mn_name *vat,
                                    uint32_t pid)
{
    for (size_t i = 0; i < processes->count; i++) {
        struct process *process = &processes->items[i];
        bool meant = pid != 0 ? process->pid == pid : process->release >= 0;
        if (meant && mn_name_equal(&process->vat, vat)) {
            return process;
        }
    }
    return NULL;
}

/* The exit of a child in words. Of an adopted process nobody but init is told how it ended. */
static void process_reason(const struct process *process, char out[AGENT_REASON_SIZE])
{
    int status = 0;
    if (!process->child) {
        (void)snprintf(out, AGENT_REASON_SIZE,
                       "ended; started by an earlier agent, so nobody knows how");
        return;
    }
    pid_t waited = waitpid((pid_t)process->pid, &status, 0);
    if (waited != (pid_t)process->pid) {
        (void)snprintf(out, AGENT_REASON_SIZE, "ended: %s", strerror(errno));
    } else if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        const char *name = sigabbrev_np(number);
        (void)snprintf(out, AGENT_REASON_SIZE, "killed by signal %d (SIG%s)", number,
                       name != NULL ? name : "?");
    } else {
        (void)snprintf(out, AGENT_REASON_SIZE, "exited with status %d", WEXITSTATUS(status));
    }
}

static void process_ready(void *context, int fd)
{
    struct agent_processes *processes = context;
    size_t place = 0;
    while (place < processes->count && processes->items[place].fd != fd) {
        place += 1;
    }
    if (place == processes->count) {
        return;
    }
    struct process process = processes->items[place];
    char reason[AGENT_REASON_SIZE];
    process_reason(&process, reason);
    process_forget(processes, place);
    processes->exited(processes->context, &process.vat, process.pid, reason);
}

bool agent_process_began(uint32_t pid, uint64_t *ticks)
{
    char text[1024];
    ssize_t size = agent_proc_read(pid, "stat", text, sizeof text - 1);
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';
    /* The second field is the program's name in parentheses, and may hold anything: go on after the
     * last parenthesis. What follows is field 3; the start time is field 22 (proc(5)). */
    char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL) {
        return false;
    }
    char *end = NULL;
    *ticks = strtoull(at + 1, &end, 10);
    return end != at + 1;
}

static mn_result process_watch(struct agent_processes *processes, struct process process,
                               struct mn_error *error)
{
    mn_result result = mn_grow(&processes->items, &processes->capacity, processes->count + 1,
                               sizeof process, PROCESS_COUNT_MAX);
    if (result == MN_OK) {
        result = mn_watch(processes->net, process.fd, process_ready, processes);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot watch the process of %s: %s (at most %d vats run on a host)",
                     process.vat.text, mn_result_text(result), (int)PROCESS_COUNT_MAX);
        return result;
    }
    processes->items[processes->count] = process;
    processes->count += 1;
    return MN_OK;
}

static int process_open(uint32_t pid)
{
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

/* What the child needs, made before the fork: after it, only calls that are safe then. */
struct spawn {
    const char *const *command;
    char **environment;
    char vat[MN_NAME_SIZE_MAX + 16];
    char agent[64];
    char start[AGENT_START_TEXT_SIZE];
    struct rlimit files;
    int log;
    int wait; /* the child's end of the pipe */
};

_Noreturn static void spawn_fail(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
    _exit(127);
}

_Noreturn static void spawn_child(const struct spawn *spawn)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    (void)setrlimit(RLIMIT_NOFILE, &spawn->files); /* select() knows of 1024 */
    (void)setsid();
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(spawn->log, STDOUT_FILENO) < 0 ||
        dup2(spawn->log, STDERR_FILENO) < 0 || dup2(spawn->wait, 3) < 0) {
        _exit(127);
    }
    (void)syscall(SYS_close_range, 4U, ~0U, 0U); /* all is close-on-exec anyway */
    char go = 0;
    if (read(3, &go, 1) != 1) {
        _exit(0); /* the agent died before our pid was on record */
    }
    (void)close(3);
    (void)execvpe(spawn->command[0], (char *const *)spawn->command, spawn->environment);
    spawn_fail(errno == ENOENT ? "mneme-agent: the vat's command was not found\n"
                               : "mneme-agent: the vat's command cannot be executed\n");
}

/* What of our environment is not its: a vat may have been started in a vat's. */
static bool spawn_replaces(const char *variable)
{
    static const char *const names[] = {
        "MNEME_VAT=", "MNEME_AGENT=", "MNEME_START=", "MNEME_RUN=", "MNEME_INCARNATION="};
    bool replaces = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        replaces = replaces || strncmp(variable, names[i], strlen(names[i])) == 0;
    }
    return replaces;
}

/* What the process is started as, for a later agent whose records do not say so: its own record of
 * that, in hexadecimal. "" when it is too long, which none is. */
static void spawn_say_start(struct spawn *spawn, const struct mn_start *start)
{
    static const char digits[] = "0123456789abcdef";
    struct mn_buffer buffer = {0};
    struct mn_agent_record record = {.kind = MN_AGENT_VAT, .vat.start = *start};
    record.vat.start.chain = NULL;
    record.vat.start.chain_count = 0;
    int used = snprintf(spawn->start, sizeof spawn->start, "MNEME_START=");
    char *at = spawn->start + used;
    if (mn_agent_record_encode(&record, &buffer) == MN_OK &&
        buffer.size * 2 < sizeof spawn->start - (size_t)used) {
        for (size_t i = 0; i < buffer.size; i++) {
            *at++ = digits[buffer.bytes[i] >> 4];
            *at++ = digits[buffer.bytes[i] & 15];
        }
    }
    *at = '\0';
    mn_buffer_deinit(&buffer);
}

/* What a vat is told by it, and what a later agent looks for, and before the rest of ours: however
 * much that is, it need not be read. */
static char **spawn_environment(struct spawn *spawn, const struct mn_start *start)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count += 1;
    }
    char **made = calloc(count + 4, sizeof(char *));
    if (made == NULL) {
        return NULL;
    }
    size_t used = 0;
    made[used++] = spawn->vat;
    made[used++] = spawn->agent;
    made[used++] = spawn->start;
    for (size_t i = 0; i < count; i++) {
        if (!spawn_replaces(environ[i])) {
            made[used] = environ[i];
            used += 1;
        }
    }
    (void)snprintf(spawn->vat, sizeof spawn->vat, "MNEME_VAT=%s", start->vat.text);
    (void)snprintf(spawn->agent, sizeof spawn->agent, "MNEME_AGENT=%s", AGENT_VATS_ENDPOINT);
    spawn_say_start(spawn, start);
    return made;
}

static mn_result spawn_open_log(const struct agent_processes *processes, const struct mn_name *vat,
                                int *fd, struct mn_error *error)
{
    char name[AGENT_STORE_NAME_SIZE];
    char path[PROCESS_PATH_SIZE];
    agent_store_name(vat, name);
    (void)snprintf(path, sizeof path, "%s/%s.log", processes->logs, name);
    *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (*fd >= 0) {
        return MN_OK;
    }
    mn_error_set(error, "cannot write the log of %s, %s: %s", vat->text, path, strerror(errno));
    return mn_result_from_errno(errno);
}

static mn_result spawn_fork(struct agent_processes *processes, struct spawn *spawn,
                            struct process *process, struct mn_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        mn_error_set(error, "cannot start %s: %s", process->vat.text, strerror(errno));
        return mn_result_from_errno(errno);
    }
    spawn->wait = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[1]);
        spawn_child(spawn);
    }
    int code = errno;
    (void)close(ends[0]);
    process->release = ends[1];
    process->pid = pid > 0 ? (uint32_t)pid : 0;
    process->child = true;
    process->fd = pid > 0 ? process_open(process->pid) : -1;
    mn_result result = MN_OK;
    if (pid < 0 || process->fd < 0) {
        code = pid < 0 ? code : errno;
        mn_error_set(error, "cannot start %s: %s", process->vat.text, strerror(code));
        result = mn_result_from_errno(code);
    } else {
        result = process_watch(processes, *process, error);
    }
    if (result != MN_OK) {
        (void)close(ends[1]); /* a child that is there ends by that */
        if (process->fd >= 0) {
            (void)close(process->fd);
        }
        if (pid > 0) {
            (void)waitpid(pid, NULL, 0);
        }
    }
    return result;
}

/* When the process that was started last began, which is what it is known by later. Without that it
 * is ended. */
static mn_result spawn_began(struct agent_processes *processes, uint64_t *ticks,
                             struct mn_error *error)
{
    struct process process = processes->items[processes->count - 1];
    if (agent_process_began(process.pid, ticks)) {
        return MN_OK;
    }
    mn_result result = mn_result_from_errno(errno);
    mn_error_set(error, "cannot start %s: when its process began cannot be read: %s",
                 process.vat.text, mn_result_text(result));
    process_forget(processes, processes->count - 1); /* it ends by that */
    (void)waitpid((pid_t)process.pid, NULL, 0);
    return result;
}

mn_result agent_process_start(struct agent_processes *processes, const struct mn_start *start,
                              const char *const *command, uint32_t *pid, uint64_t *pid_started,
                              struct mn_error *error)
{
    struct spawn spawn = {.command = command, .files = processes->files, .log = -1};
    struct process process = {.vat = start->vat};
    mn_result result = spawn_open_log(processes, &start->vat, &spawn.log, error);
    if (result != MN_OK) {
        return result;
    }
    spawn.environment = spawn_environment(&spawn, start);
    result =
        spawn.environment == NULL ? MN_NO_MEMORY : spawn_fork(processes, &spawn, &process, error);
    free((void *)spawn.environment);
    (void)close(spawn.log);
    if (result == MN_OK) {
        *pid = process.pid;
        result = spawn_began(processes, pid_started, error);
    }
    return result;
}

void agent_process_release(struct agent_processes *processes, const struct mn_name *vat)
{
    struct process *process = process_find(processes, vat, 0);
    if (process == NULL) {
        return;
    }
    char go = 1;
    ssize_t written = write(process->release, &go, 1);
    (void)written; /* fails only when it has ended, and that is told on its own */
    (void)close(process->release);
    process->release = -1;
}

mn_result agent_process_adopt(struct agent_processes *processes, const struct mn_name *vat,
                              uint32_t pid, uint64_t pid_started, struct mn_error *error)
{
    struct process process = {.vat = *vat, .pid = pid, .fd = process_open(pid), .release = -1};
    mn_result result =
        process.fd < 0 ? mn_result_from_errno(errno) : agent_process_look(pid, pid_started, vat);
    if (result == MN_NOT_FOUND) {
        mn_error_set(error, "ended while no agent watched it");
    } else if (result != MN_OK) {
        mn_error_set(error,
                     "cannot look at process %u, which was one of %s: %s%s; it may live, so none "
                     "is started beside it",
                     pid, vat->text, mn_result_text(result), AGENT_FILES_HINT(result));
    } else {
        result = process_watch(processes, process, error);
    }
    if (result != MN_OK && process.fd >= 0) {
        (void)close(process.fd);
    }
    return result;
}

void agent_process_kill(struct agent_processes *processes, const struct mn_name *vat, uint32_t pid)
{
    struct process *process = process_find(processes, vat, pid);
    if (process != NULL) {
        (void)syscall(SYS_pidfd_send_signal, process->fd, SIGKILL, NULL, 0);
    }
}
