/* Runs in processes of their own: an assert that fails, a crash and an endless loop are failures of
 * that run, and of nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "swarm/swarm.h"

/* So long a run may keep a processor busy: how long it waits for one says nothing of it. */
enum { RUN_SECONDS_MAX = 120 };

static void run_here(const struct swarm_script *script, struct sim_result *result)
{
    struct sim *sim = sim_new(&script->config, &script->faults);
    sim_run(sim, result);
    sim_destroy(&sim);
}

void swarm_start(struct swarm_child *child, const struct swarm_script *script)
{
    child->results = memfd_create("result", MFD_CLOEXEC);
    child->errors = memfd_create("errors", MFD_CLOEXEC);
    mn_assert(child->results >= 0);
    mn_assert(child->errors >= 0);
    child->seed = (uint64_t)script->config.seed;
    (void)fflush(NULL);
    child->pid = fork();
    mn_assert(child->pid >= 0);
    if (child->pid == 0) {
        struct sim_result result;
        const struct rlimit limit = {RUN_SECONDS_MAX, RUN_SECONDS_MAX};
        (void)dup2(child->errors, STDERR_FILENO);
        (void)setrlimit(RLIMIT_CPU, &limit);
        run_here(script, &result);
        ssize_t written = write(child->results, &result, sizeof result);
        _exit(written == (ssize_t)sizeof result ? 0 : 1);
    }
}

/* The line that says what was broken, or the first one. */
static void finish_crashed(struct swarm_child *child, int status, struct sim_result *result)
{
    char text[4096];
    ssize_t size = pread(child->errors, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    const char *shown = strstr(text, "broken assertion");
    while (shown != NULL && shown > text && shown[-1] != '\n') {
        shown -= 1;
    }
    shown = shown != NULL ? shown : text;
    memset(result, 0, sizeof *result);
    (void)snprintf(result->failure, sizeof result->failure, "crash: signal %d: %.900s",
                   WIFSIGNALED(status) ? WTERMSIG(status) : 0, shown);
    result->failure[strcspn(result->failure, "\n")] = '\0';
}

void swarm_finish(struct swarm_child *child, int status, struct sim_result *result)
{
    if (status != 0 ||
        pread(child->results, result, sizeof *result, 0) != (ssize_t)sizeof *result) {
        finish_crashed(child, status, result);
    }
    (void)close(child->results);
    (void)close(child->errors);
}

void swarm_run(const struct swarm_script *script, struct sim_result *result)
{
    struct swarm_child child;
    int status = 0;
    swarm_start(&child, script);
    pid_t ended = waitpid(child.pid, &status, 0);
    mn_assert(ended == child.pid);
    swarm_finish(&child, status, result);
}

/* Numbers differ from run to run, and with them what stands around them; of a run that does not
 * settle it matters what is waited for. */
static bool same_but_for_numbers(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    while (*a != '\0' && *b != '\0') {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b) {
            return false;
        }
        a += *a != '\0' ? 1 : 0;
        b += *b != '\0' ? 1 : 0;
    }
    return *a == *b;
}

bool swarm_same(const char *failure, const char *other)
{
    size_t size = strcspn(failure, ":");
    if (strncmp(failure, other, size + 1) != 0) {
        return false;
    }
    if (strncmp(failure, "crash", size) == 0) {
        return strcmp(failure, other) == 0;
    }
    return strncmp(failure, "liveness", size) != 0 || same_but_for_numbers(failure, other);
}
