/* Why the agent cannot start: one clear line that names the thing, and the exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shell/fake_cluster.h"

enum { NOBODY = 65534, BOUND_S = 30 };

/* The arguments that work, to be replaced one at a time. */
struct call {
    const char *topology;
    const char *host;
    const char *key;
    const char *data;
    bool unprivileged;
};

static int setup(void **state)
{
    struct fake_cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    fake_cluster_open(cluster);
    *state = cluster;
    return 0;
}

static int teardown(void **state)
{
    fake_cluster_close(*state);
    free(*state);
    return 0;
}

static struct call call_of(const struct fake_cluster *cluster)
{
    return (struct call){
        .topology = cluster->topology, .host = "h1", .key = cluster->h1_key, .data = cluster->data};
}

static _Noreturn void be_called(const struct fake_cluster *cluster, const char *const *argv,
                                bool unprivileged)
{
    int log = open(cluster->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
        (unprivileged && getuid() == 0 && setuid(NOBODY) != 0)) {
        _exit(99);
    }
    (void)alarm(BOUND_S);
    (void)execv(MNEME_BUILD "/bin/mneme-agent", (char *const *)argv);
    _exit(98);
}

/* Run the agent to its end. Returns its exit status; what it printed is in the log. */
static int run(const struct fake_cluster *cluster, const char *const *argv, bool unprivileged)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        be_called(cluster, argv, unprivileged);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* It ends with @status and prints one line, which says @what and @more. */
static void assert_call(const struct fake_cluster *cluster, const struct call *call, int status,
                        const char *what, const char *more)
{
    const char *const argv[] = {"mneme-agent", "--topology", call->topology, "--host",   call->host,
                                "--key",       call->key,    "--data",       call->data, NULL};
    int ended = run(cluster, argv, call->unprivileged);
    const char *text = fake_log(cluster);
    if (ended != status || strstr(text, what) == NULL || strstr(text, more) == NULL) {
        print_error("status %d: %s", ended, text);
    }
    assert_int_equal(ended, status);
    assert_memory_equal(text, "mneme-agent: ", 13);
    assert_non_null(strstr(text, what));
    assert_non_null(strstr(text, more));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void names_a_mistake_in_the_topology_by_line_and_column(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    char place[SHELL_PATH_SIZE + 16];
    shell_write(cluster->topology, "topology: 1\nhosts: [\n", 21);
    (void)snprintf(place, sizeof place, "%s:3:1: ", cluster->topology);
    assert_call(cluster, &call, 2, place, "");
    shell_write(cluster->topology, "topology: 1\ncolour: red\n", 24);
    (void)snprintf(place, sizeof place, "%s:2:1: ", cluster->topology);
    assert_call(cluster, &call, 2, place, "colour");
}

static void names_a_topology_that_is_not_there(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    call.topology = "/nonexistent/topology.yaml";
    assert_call(cluster, &call, 1, "/nonexistent/topology.yaml", "No such file");
}

static void names_a_host_that_is_not_in_the_topology(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    call.host = "h7";
    assert_call(cluster, &call, 2, "--host h7", cluster->topology);
}

static void names_the_key_of_another_host(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    call.key = cluster->h2_key;
    assert_call(cluster, &call, 1, cluster->h2_key, "is not the key of h1");
}

static void names_what_is_no_key_file(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    shell_write(cluster->h1_key, "public secret\n", 14);
    assert_call(cluster, &call, 2, cluster->h1_key, "mneme keygen");
    call.key = "/nonexistent/h1.key";
    assert_call(cluster, &call, 1, "/nonexistent/h1.key", "No such file");
}

static void names_a_key_file_that_others_may_read(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    assert_int_equal(chmod(cluster->h1_key, 0644), 0);
    assert_call(cluster, &call, 1, cluster->h1_key, "chmod 600");
}

static void names_a_data_directory_that_cannot_be_used(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    shell_write(cluster->data, "", 0);
    assert_call(cluster, &call, 1, cluster->data, "Not a directory");
    call.data = "/nonexistent/data";
    assert_call(cluster, &call, 1, "/nonexistent/data", "No such file");
}

static void names_a_data_directory_that_cannot_be_written(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    call.unprivileged = true;
    if (getuid() == 0) {
        assert_int_equal(chown(cluster->h1_key, NOBODY, NOBODY), 0);
    }
    assert_int_equal(mkdir(cluster->data, 0755), 0);
    assert_int_equal(chmod(cluster->data, 0555), 0);
    assert_call(cluster, &call, 1, cluster->data, "Permission denied");
}

static void names_a_store_or_a_database_that_cannot_be_written(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    char path[SHELL_PATH_SIZE];
    assert_int_equal(mkdir(cluster->data, 0755), 0);
    shell_path(path, cluster->data, "store");
    shell_write(path, "", 0);
    assert_call(cluster, &call, 1, "store", "Not a directory");
    assert_int_equal(unlink(path), 0);
    shell_path(path, cluster->data, "agent.db");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_call(cluster, &call, 1, "agent.db", "unable to open");
}

static void names_a_full_disk(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    assert_int_equal(mkdir(cluster->data, 0755), 0);
    if (!shell_small_disk(cluster->data, 8192)) {
        skip();
    }
    assert_call(cluster, &call, 1, "agent.db", "make room on its disk");
    shell_small_disk_end(cluster->data);
}

static void names_a_corrupt_database(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    char path[SHELL_PATH_SIZE];
    char text[4096];
    memset(text, 'x', sizeof text);
    assert_int_equal(mkdir(cluster->data, 0755), 0);
    shell_path(path, cluster->data, "agent.db");
    shell_write(path, text, sizeof text);
    assert_call(cluster, &call, 1, "agent.db", "move it away");
}

static bool said_hello(struct fake_cluster *cluster)
{
    return cluster->hellos > 0;
}

static void names_the_port_and_the_directory_that_another_agent_has(void **state)
{
    struct fake_cluster *cluster = *state;
    struct call call = call_of(cluster);
    char log[SHELL_PATH_SIZE];
    char data[SHELL_PATH_SIZE];
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, said_hello);
    shell_path(log, cluster->directory, "log.first");
    assert_int_equal(rename(cluster->log, log), 0);
    assert_call(cluster, &call, 1, "agent.db", "another mneme-agent runs with this directory");
    shell_path(data, cluster->directory, "data.second");
    call.data = data;
    assert_call(cluster, &call, 1, cluster->h1_endpoint, "another process listens there");
    assert_int_equal(fake_agent_end_it(cluster), 0);
}

static void tells_how_it_is_called(void **state)
{
    struct fake_cluster *cluster = *state;
    static const char *const without[] = {"mneme-agent", "--host", "h1", NULL};
    static const char *const unknown[] = {"mneme-agent", "--colour", "red", NULL};
    static const char *const extra[] = {"mneme-agent", "now", NULL};
    static const char *const help[] = {"mneme-agent", "--help", NULL};
    assert_int_equal(run(cluster, without, false), 2);
    assert_non_null(strstr(fake_log(cluster), "--topology, --host, --key and --data"));
    assert_int_equal(run(cluster, unknown, false), 2);
    assert_non_null(strstr(fake_log(cluster), "see mneme-agent --help"));
    assert_int_equal(run(cluster, extra, false), 2);
    assert_non_null(strstr(fake_log(cluster), "it takes options only"));
    assert_int_equal(run(cluster, help, false), 0);
    assert_memory_equal(fake_log(cluster), "Usage: mneme-agent", 18);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_a_mistake_in_the_topology_by_line_and_column),
        CASE(names_a_topology_that_is_not_there),
        CASE(names_a_host_that_is_not_in_the_topology),
        CASE(names_the_key_of_another_host),
        CASE(names_what_is_no_key_file),
        CASE(names_a_key_file_that_others_may_read),
        CASE(names_a_data_directory_that_cannot_be_used),
        CASE(names_a_data_directory_that_cannot_be_written),
        CASE(names_a_store_or_a_database_that_cannot_be_written),
        CASE(names_a_full_disk),
        CASE(names_a_corrupt_database),
        CASE(names_the_port_and_the_directory_that_another_agent_has),
        CASE(tells_how_it_is_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
