/* The vats' processes: they wait for their release, outlive the agent, are known again by the next
 * one, and how they end is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shell/shell_files.h"
#include "shell/process.h"

enum { BOUND_S = 30 };

struct process_case {
    char logs[SHELL_PATH_SIZE];
    char x1_log[SHELL_PATH_SIZE];
    struct mn_net *net;
    struct agent_processes *processes;
    struct mn_name vat;
    struct mn_start start; /* what x1 is started as */
    int exits;
    uint32_t exited_pid;
    char exited_vat[MN_NAME_SIZE_MAX + 1];
    char reason[AGENT_REASON_SIZE];
};

static void on_exit_of_vat(void *context, const struct mn_name *vat, uint32_t pid,
                           const char *reason)
{
    struct process_case *test = context;
    test->exits += 1;
    test->exited_pid = pid;
    (void)snprintf(test->exited_vat, sizeof test->exited_vat, "%s", vat->text);
    (void)snprintf(test->reason, sizeof test->reason, "%s", reason);
}

static int setup(void **state)
{
    struct process_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    shell_directory_make(test->logs);
    shell_path(test->x1_log, test->logs, "x1.log");
    test->vat = mn_name_of("x1");
    test->start = (struct mn_start){.round = 2,
                                    .vat = test->vat,
                                    .run = 3,
                                    .incarnation = 2,
                                    .keep = INT64_C(1) << 32 | 5,
                                    .outcome = MN_ROLLED_BACK,
                                    .lineage = {.count = 1,
                                                .forks = {{.after = INT64_C(1) << 32 | 5,
                                                           .next = INT64_C(3) << 32 | 1,
                                                           .seen = true}}}};
    assert_int_equal(mn_net_new(&test->net, NULL, NULL, NULL, NULL), MN_OK);
    assert_int_equal(
        agent_processes_new(&test->processes, test->net, test->logs, on_exit_of_vat, test), MN_OK);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct process_case *test = *state;
    agent_processes_destroy(&test->processes);
    mn_net_destroy(&test->net);
    shell_directory_delete(test->logs);
    free(test);
    return 0;
}

/* Start `sh -c @script` for x1; it waits. */
static uint32_t start(struct process_case *test, const char *script)
{
    const char *const command[] = {"sh", "-c", script, NULL};
    uint32_t pid = 0;
    uint64_t ticks = 0;
    struct mn_error error = {{0}};
    assert_int_equal(
        agent_process_start(test->processes, &test->start, command, &pid, &ticks, &error), MN_OK);
    assert_true(pid > 0);
    uint64_t again = 0;
    assert_true(agent_process_began(pid, &again));
    assert_int_equal(ticks, again);
    return pid;
}

static void wait_for_exit(struct process_case *test)
{
    mn_time end = mn_now() + BOUND_S * MN_SECOND;
    while (test->exits == 0) {
        assert_true(mn_now() < end);
        assert_int_equal(mn_net_run(test->net, end), MN_OK);
    }
    assert_int_equal(test->exits, 1);
}

static const char *log_of(const struct process_case *test)
{
    static char text[4096];
    (void)shell_read(test->x1_log, text, sizeof text);
    return text;
}

static void waits_until_it_is_released_and_says_who_it_is(void **state)
{
    struct process_case *test = *state;
    uint32_t pid = start(test, "echo $MNEME_VAT at $MNEME_AGENT; exec cat");
    char path[64];
    char waiting[64];
    char self[64];
    (void)snprintf(path, sizeof path, "/proc/%u/comm", pid);
    (void)shell_read(path, waiting, sizeof waiting);
    (void)shell_read("/proc/self/comm", self, sizeof self);
    assert_string_equal(waiting, self); /* nothing has been executed yet */
    assert_string_equal(log_of(test), "");
    agent_process_release(test->processes, &test->vat);
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_int_equal(test->exited_pid, pid);
    assert_string_equal(test->exited_vat, "x1");
    assert_string_equal(test->reason, "exited with status 0");
    assert_string_equal(log_of(test), "x1 at ipc://vats.ipc\n");
}

static void tells_how_it_ended(void **state)
{
    struct process_case *test = *state;
    (void)start(test, "exit 3");
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_string_equal(test->reason, "exited with status 3");
    test->exits = 0;
    (void)start(test, "kill -SEGV $$");
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_string_equal(test->reason, "killed by signal 11 (SIGSEGV)");
}

static void kills_the_process_that_is_meant_and_no_other(void **state)
{
    struct process_case *test = *state;
    struct mn_name other = mn_name_of("x2");
    uint32_t pid = start(test, "exit 7");
    agent_process_kill(test->processes, &test->vat, pid + 1);
    agent_process_kill(test->processes, &other, pid);
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_string_equal(test->reason, "exited with status 7");
    test->exits = 0;
    pid = start(test, "exec sleep 1000");
    agent_process_release(test->processes, &test->vat);
    agent_process_kill(test->processes, &test->vat, pid);
    wait_for_exit(test);
    assert_string_equal(test->reason, "killed by signal 9 (SIGKILL)");
    agent_process_kill(test->processes, &test->vat, pid);
}

static void says_in_the_log_that_a_command_was_not_found(void **state)
{
    struct process_case *test = *state;
    static const char *const command[] = {"/nonexistent/bank", NULL};
    uint32_t pid = 0;
    uint64_t ticks = 0;
    assert_int_equal(
        agent_process_start(test->processes, &test->start, command, &pid, &ticks, NULL), MN_OK);
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_string_equal(test->reason, "exited with status 127");
    assert_string_equal(log_of(test), "mneme-agent: the vat's command was not found\n");
}

static void names_the_log_that_cannot_be_written(void **state)
{
    struct process_case *test = *state;
    static const char *const command[] = {"true", NULL};
    struct agent_processes *processes = NULL;
    uint32_t pid = 0;
    uint64_t ticks = 0;
    struct mn_error error = {{0}};
    assert_int_equal(
        agent_processes_new(&processes, test->net, "/nonexistent", on_exit_of_vat, test), MN_OK);
    assert_int_equal(agent_process_start(processes, &test->start, command, &pid, &ticks, &error),
                     MN_NOT_FOUND);
    assert_int_equal(pid, 0);
    assert_non_null(strstr(error.text, "/nonexistent/x1.log"));
    agent_processes_destroy(&processes);
}

static void begins_with_nothing_of_the_agent_but_its_environment(void **state)
{
    struct process_case *test = *state;
    sigset_t blocked;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    int leaked = dup(STDERR_FILENO);
    assert_true(leaked > 2);
    uint32_t pid = start(
        test, "sed -nE 's/^Sig(Blk|Ign):.*(.{7})$/\\1 \\2/p' /proc/self/status; ls /proc/$$/fd;"
              "cut -d' ' -f6 /proc/$$/stat; readlink /proc/$$/fd/0");
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    (void)close(leaked);
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
    char expected[256]; /* signals 1 to 28, for 32 and 33 are libc's; its session is its own */
    (void)snprintf(expected, sizeof expected, "Blk 0000000\nIgn 0000000\n0\n1\n2\n%u\n/dev/null\n",
                   pid);
    assert_string_equal(log_of(test), expected);
}

static void ends_by_itself_when_the_agent_goes_before_its_release(void **state)
{
    struct process_case *test = *state;
    uint32_t pid = start(test, "echo it ran; exec sleep 1000");
    agent_processes_destroy(&test->processes);
    int status = 0;
    assert_int_equal(waitpid((pid_t)pid, &status, 0), (pid_t)pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(log_of(test), "");
}

/* What an earlier agent has on record of a process. */
struct earlier {
    uint32_t pid;
    uint64_t ticks;
};

/* Another agent starts x1, writes down which process it is, and is gone. */
static struct earlier start_by_an_earlier_agent(struct process_case *test)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t agent = fork();
    assert_true(agent >= 0);
    if (agent == 0) {
        static const char *const command[] = {"sleep", "1000", NULL};
        struct earlier made = {0, 0};
        bool well = agent_process_start(test->processes, &test->start, command, &made.pid,
                                        &made.ticks, NULL) == MN_OK;
        agent_process_release(test->processes, &test->vat);
        well = well && write(ends[1], &made, sizeof made) == sizeof made;
        _exit(well ? 0 : 1);
    }
    struct earlier earlier = {0, 0};
    assert_int_equal(read(ends[0], &earlier, sizeof earlier), sizeof earlier);
    (void)close(ends[0]);
    (void)close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_int_equal(status, 0);
    return earlier;
}

static void is_known_again_by_the_next_agent(void **state)
{
    struct process_case *test = *state;
    struct earlier earlier = start_by_an_earlier_agent(test);
    assert_int_equal(
        agent_process_adopt(test->processes, &test->vat, earlier.pid, earlier.ticks, NULL), MN_OK);
    agent_process_kill(test->processes, &test->vat, earlier.pid);
    wait_for_exit(test);
    assert_int_equal(test->exited_pid, earlier.pid);
    assert_string_equal(test->reason, "ended; started by an earlier agent, so nobody knows how");
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
}

/* The earlier agent died when it had just released it. */
static void is_known_again_before_it_has_executed_its_command(void **state)
{
    struct process_case *test = *state;
    struct agent_processes *next = NULL;
    uint32_t pid = start(test, "exec sleep 1000");
    uint64_t ticks = 0;
    assert_true(agent_process_began(pid, &ticks));
    assert_int_equal(agent_processes_new(&next, test->net, test->logs, on_exit_of_vat, test),
                     MN_OK);
    assert_int_equal(agent_process_adopt(next, &test->vat, pid, ticks, NULL), MN_OK);
    agent_processes_destroy(&test->processes);
    wait_for_exit(test);
    assert_int_equal(test->exited_pid, pid);
    agent_processes_destroy(&next);
    assert_int_equal(waitpid((pid_t)pid, NULL, 0), (pid_t)pid);
}

static void await_the_command(uint32_t pid)
{
    mn_time end = mn_now() + BOUND_S * MN_SECOND;
    char path[64];
    static char text[1 << 20];
    size_t size = 0;
    (void)snprintf(path, sizeof path, "/proc/%u/environ", pid);
    while (memmem(text, size, "MNEME_VAT=x1", 13) == NULL) {
        assert_true(mn_now() < end);
        size = shell_read(path, text, sizeof text);
    }
}

/* The next agent knows it again once it executes @script with 100,000 bytes of environment. */
static void known_with_much_environment(struct process_case *test, const char *script)
{
    static char large[100001];
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(setenv("LARGE", large, 1), 0);
    uint32_t pid = start(test, script);
    assert_int_equal(unsetenv("LARGE"), 0);
    struct agent_processes *next = NULL;
    uint64_t ticks = 0;
    assert_true(agent_process_began(pid, &ticks));
    agent_process_release(test->processes, &test->vat);
    await_the_command(pid);
    assert_int_equal(agent_processes_new(&next, test->net, test->logs, on_exit_of_vat, test),
                     MN_OK);
    mn_result result = agent_process_adopt(next, &test->vat, pid, ticks, NULL);
    agent_process_kill(test->processes, &test->vat, pid);
    agent_processes_destroy(&next);
    wait_for_exit(test);
    assert_int_equal(result, MN_OK);
}

static void is_known_again_however_much_is_in_its_environment(void **state)
{
    known_with_much_environment(*state, "exec sleep 1000");
}

/* Its own program may put what it was told behind everything else. */
static void is_known_again_wherever_it_is_in_its_environment(void **state)
{
    known_with_much_environment(*state, "exec env -i LARGE=$LARGE MNEME_VAT=x1 sleep 1000");
}

static void is_told_where_it_is_before_all_that_the_agent_was_told(void **state)
{
    struct process_case *test = *state;
    static char text[4096];
    char path[64];
    struct earlier earlier = start_by_an_earlier_agent(test);
    await_the_command(earlier.pid);
    (void)snprintf(path, sizeof path, "/proc/%u/environ", earlier.pid);
    size_t size = shell_read(path, text, sizeof text);
    assert_string_equal(text, "MNEME_VAT=x1");
    assert_non_null(memmem(text, size, "MNEME_AGENT=", 12));
    assert_int_equal(kill((pid_t)earlier.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
}

static void is_not_taken_for_another_process_of_its_pid(void **state)
{
    struct process_case *test = *state;
    struct earlier earlier = start_by_an_earlier_agent(test);
    struct mn_name other = mn_name_of("x");
    struct mn_error error = {{0}};
    await_the_command(earlier.pid);
    assert_int_equal(
        agent_process_adopt(test->processes, &test->vat, earlier.pid, earlier.ticks + 1, &error),
        MN_NOT_FOUND);
    assert_string_equal(error.text, "ended while no agent watched it");
    assert_int_equal(agent_process_adopt(test->processes, &other, earlier.pid, earlier.ticks, NULL),
                     MN_NOT_FOUND);
    assert_int_equal(kill((pid_t)earlier.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
    assert_int_equal(
        agent_process_adopt(test->processes, &test->vat, earlier.pid, earlier.ticks, NULL),
        MN_NOT_FOUND);
    assert_int_equal(test->exits, 0);
}

/* No descriptor is left. */
static struct rlimit take_descriptors(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = (rlim_t)dup(0), .rlim_max = before.rlim_max};
    (void)close((int)few.rlim_cur); /* the lowest that is free */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}

static void on_none_found(void *context, const struct mn_name *vat, const struct mn_start *start,
                          uint32_t pid, uint64_t pid_started)
{
    (void)context;
    (void)vat;
    (void)start;
    (void)pid;
    (void)pid_started;
    fail();
}

static void is_not_said_to_have_ended_when_nobody_can_look(void **state)
{
    struct process_case *test = *state;
    struct earlier earlier = start_by_an_earlier_agent(test);
    struct mn_error error = {{0}};
    await_the_command(earlier.pid);
    struct rlimit before = take_descriptors();
    mn_result adopted =
        agent_process_adopt(test->processes, &test->vat, earlier.pid, earlier.ticks, &error);
    mn_result looked = agent_process_look(earlier.pid, earlier.ticks, &test->vat);
    mn_result found = agent_process_find_all(on_none_found, NULL, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(adopted, MN_FULL);
    assert_non_null(strstr(error.text, "it may live, so none is started beside it"));
    assert_int_equal(looked, MN_FULL);
    assert_int_equal(found, MN_FULL);
    assert_int_equal(
        agent_process_adopt(test->processes, &test->vat, earlier.pid, earlier.ticks, NULL), MN_OK);
    agent_process_kill(test->processes, &test->vat, earlier.pid);
    wait_for_exit(test);
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
}

/* However many the agent itself may have. */
static void may_have_as_many_files_open_as_the_agent_could_at_first(void **state)
{
    struct process_case *test = *state;
    char text[64] = "";
    struct rlimit before;
    struct rlimit raised;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = 300, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    agent_processes_destroy(&test->processes);
    assert_int_equal(
        agent_processes_new(&test->processes, test->net, test->logs, on_exit_of_vat, test), MN_OK);
    mn_files_raise(0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);
    assert_int_equal(raised.rlim_cur, before.rlim_max);
    (void)start(test, "ulimit -Sn");
    agent_process_release(test->processes, &test->vat);
    wait_for_exit(test);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    text[shell_read(test->x1_log, text, sizeof text - 1)] = '\0';
    assert_string_equal(text, "300\n");
}

/* What was found of x1, and how often. */
struct found {
    size_t count;
    uint32_t pid;
    uint64_t ticks;
    bool said;
    struct mn_start start;
};

static void on_found(void *context, const struct mn_name *vat, const struct mn_start *start,
                     uint32_t pid, uint64_t pid_started)
{
    struct found *found = context;
    assert_string_equal(vat->text, "x1");
    found->count += 1;
    found->pid = pid;
    found->ticks = pid_started;
    found->said = start != NULL;
    if (start != NULL) {
        found->start = *start;
    }
}

/* The data directory, in which it works, was lost; another one is in its place. */
static void is_found_with_what_it_was_started_as(void **state)
{
    struct process_case *test = *state;
    struct found found = {0};
    char before[SHELL_PATH_SIZE];
    char lost[SHELL_PATH_SIZE];
    shell_path(lost, test->logs, "h1");
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(mkdir(lost, 0700), 0);
    assert_int_equal(chdir(lost), 0);
    struct earlier earlier = start_by_an_earlier_agent(test);
    await_the_command(earlier.pid);
    assert_int_equal(rmdir(lost), 0);
    assert_int_equal(mkdir(lost, 0700), 0);
    assert_int_equal(chdir(lost), 0);
    assert_int_equal(agent_process_find_all(on_found, &found, NULL), MN_OK);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.pid, earlier.pid);
    assert_int_equal(found.ticks, earlier.ticks);
    assert_true(found.said);
    assert_int_equal(found.start.run, 3);
    assert_int_equal(found.start.incarnation, 2);
    assert_int_equal(found.start.round, 2);
    assert_int_equal(found.start.lineage.count, 1);
    assert_int_equal(found.start.lineage.forks[0].after, INT64_C(1) << 32 | 5);
    assert_int_equal(kill((pid_t)earlier.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
}

/* A process in a session of its own with that environment, which nobody releases. */
static pid_t start_with(const char *const *environment)
{
    static const char *const command[] = {"sleep", "1000", NULL};
    pid_t pid = fork();
    if (pid == 0) {
        (void)setsid();
        (void)execvpe(command[0], (char *const *)command, (char *const *)environment);
        _exit(127);
    }
    assert_true(pid > 0);
    await_the_command((uint32_t)pid);
    return pid;
}

/* One of an older version, and one with which somebody meddled. */
static void is_found_though_nobody_can_read_what_it_was_started_as(void **state)
{
    struct process_case *test = *state;
    static const char *const starts[] = {NULL, "MNEME_START=", "MNEME_START=0", "MNEME_START=zz",
                                         "MNEME_START=0801"};
    char before[SHELL_PATH_SIZE];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(test->logs), 0);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const char *const environment[] = {"MNEME_AGENT=" AGENT_VATS_ENDPOINT, "MNEME_VAT=x1",
                                           starts[i], NULL};
        struct found found = {0};
        pid_t pid = start_with(environment);
        assert_int_equal(agent_process_find_all(on_found, &found, NULL), MN_OK);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.pid, (uint32_t)pid);
        assert_false(found.said);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    assert_int_equal(chdir(before), 0);
}

/* It is another agent's on this machine. */
static void is_not_found_when_it_works_elsewhere(void **state)
{
    struct process_case *test = *state;
    struct found found = {0};
    char before[SHELL_PATH_SIZE];
    struct earlier earlier = start_by_an_earlier_agent(test);
    await_the_command(earlier.pid);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(test->logs), 0);
    assert_int_equal(agent_process_find_all(on_found, &found, NULL), MN_OK);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(found.count, 0);
    assert_int_equal(kill((pid_t)earlier.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)earlier.pid, NULL, 0), (pid_t)earlier.pid);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(waits_until_it_is_released_and_says_who_it_is),
        CASE(tells_how_it_ended),
        CASE(kills_the_process_that_is_meant_and_no_other),
        CASE(says_in_the_log_that_a_command_was_not_found),
        CASE(names_the_log_that_cannot_be_written),
        CASE(begins_with_nothing_of_the_agent_but_its_environment),
        CASE(ends_by_itself_when_the_agent_goes_before_its_release),
        CASE(is_known_again_by_the_next_agent),
        CASE(is_known_again_before_it_has_executed_its_command),
        CASE(is_known_again_however_much_is_in_its_environment),
        CASE(is_known_again_wherever_it_is_in_its_environment),
        CASE(is_told_where_it_is_before_all_that_the_agent_was_told),
        CASE(is_not_taken_for_another_process_of_its_pid),
        CASE(is_not_said_to_have_ended_when_nobody_can_look),
        CASE(may_have_as_many_files_open_as_the_agent_could_at_first),
        CASE(is_found_with_what_it_was_started_as),
        CASE(is_found_though_nobody_can_read_what_it_was_started_as),
        CASE(is_not_found_when_it_works_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
