/* The whole agent: a vat's life under it, what outlives it, what a bad disk makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shell/fake_cluster.h"
#include "store/checkpoint_file.h"

#define EPOCH(n) (INT64_C(0x100000000) + (n))

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

static bool said_hello(struct fake_cluster *cluster)
{
    return cluster->hellos > 0;
}

/* Its first hello knew no generation; it says another when it has recorded the coordinator's. */
static bool is_welcomed(struct fake_cluster *cluster)
{
    return cluster->hellos > 1;
}

static bool x1_is_up(struct fake_cluster *cluster)
{
    return strcmp(cluster->status.vat, "x1") == 0 && cluster->status.state == MN_VAT_UP;
}

static bool vat_exited(struct fake_cluster *cluster)
{
    return cluster->status.state == MN_VAT_EXITED && cluster->status.reason[0] != '\0';
}

static bool x1_is_stopped(struct fake_cluster *cluster)
{
    return strcmp(cluster->status.vat, "x1") == 0 && cluster->status.state == MN_VAT_STOPPED;
}

static size_t rows_wanted;

static bool rows_came(struct fake_cluster *cluster)
{
    return cluster->row_count >= rows_wanted;
}

static mn_epoch epoch_wanted;

static bool epoch_came(struct fake_cluster *cluster)
{
    for (size_t i = 0; i < cluster->row_count; i++) {
        if (cluster->rows[i] >= epoch_wanted) {
            return true;
        }
    }
    return false;
}

static mn_epoch newest_row(const struct fake_cluster *cluster)
{
    mn_epoch newest = 0;
    for (size_t i = 0; i < cluster->row_count; i++) {
        newest = cluster->rows[i] > newest ? cluster->rows[i] : newest;
    }
    return newest;
}

/* The one process that the agent has started. */
static pid_t vat_of(const struct fake_cluster *cluster)
{
    char path[64];
    char text[256];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)cluster->agent,
                   (int)cluster->agent);
    (void)shell_read(path, text, sizeof text);
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    assert_true(pid > 0);
    return pid;
}

static bool is_alive(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void leaves_its_vat_alive_and_the_next_agent_adopts_it(void **state)
{
    struct fake_cluster *cluster = *state;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    assert_int_equal(cluster->hello_vat_count, 0);
    fake_start(cluster, "x1");
    fake_cluster_run(cluster, x1_is_up);
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    memcpy(endpoint, cluster->status.endpoint, sizeof endpoint);
    assert_memory_equal(endpoint, "tcp://127.0.0.1:", 16);
    epoch_wanted = EPOCH(5);
    fake_cluster_run(cluster, epoch_came);

    pid_t vat = vat_of(cluster);
    assert_int_equal(fake_agent_end_it(cluster), 0);
    assert_true(is_alive(vat));

    memset(&cluster->hello, 0, sizeof cluster->hello);
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, said_hello);
    assert_string_equal(cluster->hello.vat, "x1");
    assert_int_equal(cluster->hello.run, 1);
    assert_int_equal(cluster->hello.state, MN_VAT_UP);
    assert_string_equal(cluster->hello.endpoint, endpoint);
    assert_int_equal(fake_log_count(cluster, "vat_adopted vat=x1 run=1"), 1);
    epoch_wanted = newest_row(cluster) + 5;
    fake_cluster_run(cluster, epoch_came);
    assert_true(is_alive(vat));

    struct mn_down stop = {.kind = MN_DOWN_STOP, .stop = {.vat = mn_name_of("x1"), .run = 1}};
    fake_say_down(cluster, &stop);
    fake_cluster_run(cluster, x1_is_stopped);
    int status = 0;
    assert_int_equal(waitpid(vat, &status, 0), vat);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(fake_agent_end_it(cluster), 0);
}

static bool has_joined(struct fake_cluster *cluster)
{
    return cluster->joined > 0;
}

static void join_start(struct mn_joining *frame, uint64_t generation)
{
    struct mn_down start = {.kind = MN_DOWN_START, .generation = generation};
    struct mn_buffer bytes = {0};
    start.start.vat = mn_name_of("x1");
    start.start.run = 1;
    start.start.incarnation = 1;
    start.start.outcome = MN_RUNNING;
    assert_int_equal(mn_down_encode(&start, &bytes), MN_OK);
    assert_int_equal(mn_joining_add(frame, &bytes), MN_OK);
    mn_buffer_deinit(&bytes);
}

/* A start that is said again is answered again: two in one frame are answered in one. */
static void takes_several_words_in_a_frame_and_says_so(void **state)
{
    struct fake_cluster *cluster = *state;
    struct mn_joining frame = {0};
    size_t size = 0;
    cluster->joins = true;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    fake_start(cluster, "x1");
    fake_cluster_run(cluster, x1_is_up);
    join_start(&frame, cluster->generation);
    join_start(&frame, cluster->generation);
    cluster->joined = 0;
    const void *bytes = mn_joining_bytes(&frame, &size);
    fake_say_raw(cluster, true, bytes, size);
    fake_cluster_run(cluster, has_joined);
    assert_int_equal(fake_log_count(cluster, "message_refused"), 0);
    mn_joining_deinit(&frame);
}

static bool x1_wants_a_lease(struct fake_cluster *cluster)
{
    return cluster->lease_number > 0;
}

static bool has_shown_something(struct fake_cluster *cluster)
{
    return shell_exists(cluster->statements);
}

/* The agent's clock is not the vat's: what passes between them is a time of the machine's. */
static void hands_on_a_lease_that_its_vat_understands(void **state)
{
    struct fake_cluster *cluster = *state;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    fake_start(cluster, "x1");
    fake_cluster_run(cluster, x1_is_up);
    fake_cluster_run(cluster, x1_wants_a_lease);
    assert_false(shell_exists(cluster->statements));
    const struct mn_vat_run granted = {.vat = mn_name_of("x1"), .run = 1};
    struct mn_down leased = {.kind = MN_DOWN_LEASED};
    leased.leased.asker = cluster->lease_asker;
    leased.leased.number = cluster->lease_number;
    leased.leased.lease_ms = 60000;
    leased.leased.vats = &granted;
    leased.leased.vat_count = 1;
    fake_say_down(cluster, &leased);
    fake_cluster_run(cluster, has_shown_something);
    assert_int_equal(fake_agent_end_it(cluster), 0);
}

static void tells_that_a_vat_was_killed(void **state)
{
    struct fake_cluster *cluster = *state;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    fake_start(cluster, "x1");
    fake_cluster_run(cluster, x1_is_up);
    assert_int_equal(kill(vat_of(cluster), SIGKILL), 0);
    fake_cluster_run(cluster, vat_exited);
    assert_string_equal(cluster->status.reason, "killed by signal 9 (SIGKILL)");
}

static void reports_nothing_that_only_its_own_store_holds(void **state)
{
    struct fake_cluster *cluster = *state;
    cluster->holds = false;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    fake_start(cluster, "x1");
    fake_cluster_run(cluster, x1_is_up);
    while (cluster->copies[MN_COPIES_PIECE] < 4) {
        fake_cluster_run(cluster, said_hello);
        assert_int_equal(mn_net_run(cluster->h2, mn_now() + MN_SECOND), MN_OK);
    }
    assert_int_equal(cluster->row_count, 0);
    cluster->holds = true;
    struct mn_down start = {.kind = MN_DOWN_STOP, .stop = {.vat = mn_name_of("x1"), .run = 1}};
    fake_say_down(cluster, &start);
    fake_cluster_run(cluster, x1_is_stopped);
    assert_int_equal(cluster->row_count, 0);
}

static void tells_why_a_vat_cannot_be_started(void **state)
{
    struct fake_cluster *cluster = *state;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    fake_start(cluster, "x9");
    fake_cluster_run(cluster, vat_exited);
    assert_string_equal(cluster->status.vat, "x9");
    assert_string_equal(cluster->status.reason, "x9 is not in the topology of this agent");
    fake_start(cluster, "x2");
    fake_cluster_run(cluster, vat_exited);
    assert_string_equal(cluster->status.vat, "x2");
    assert_string_equal(cluster->status.reason, "exited with status 127");
    char path[SHELL_PATH_SIZE];
    char text[256];
    shell_path(path, cluster->data, "log/x2.log");
    (void)shell_read(path, text, sizeof text);
    assert_string_equal(text, "mneme-agent: the vat's command was not found\n");
}

/* A store as an earlier agent left it, with one checkpoint of x1. */
static void make_store(const struct fake_cluster *cluster, mn_epoch epoch)
{
    struct agent_file_facts facts;
    char path[SHELL_PATH_SIZE];
    (void)mkdir(cluster->data, 0700);
    shell_path(path, cluster->data, "store");
    (void)mkdir(path, 0700);
    shell_path(path, cluster->data, "store/x1");
    (void)mkdir(path, 0700);
    shell_checkpoint(path, "x1", epoch, 5000, &facts);
}

static void ends_at_a_signal_that_comes_before_it_is_open(void **state)
{
    struct fake_cluster *cluster = *state;
    make_store(cluster, EPOCH(1));
    fake_agent_run_it(cluster, true);
    assert_int_equal(fake_agent_wait(cluster), 0);
    assert_int_equal(fake_log_count(cluster, " ending "), 1);
    assert_int_equal(fake_log_count(cluster, " ready "), 0);
    assert_int_equal(fake_log_count(cluster, "\n"), 1);
}

static void never_counts_a_corrupt_checkpoint_and_names_it_once(void **state)
{
    struct fake_cluster *cluster = *state;
    char path[SHELL_PATH_SIZE];
    make_store(cluster, EPOCH(1));
    make_store(cluster, EPOCH(2));
    make_store(cluster, EPOCH(3));
    shell_path(path, cluster->data, "store/x1/0000000100000002.ckpt");
    shell_flip(path, 3000);
    fake_agent_run_it(cluster, false);
    rows_wanted = 2;
    fake_cluster_run(cluster, rows_came);
    assert_int_equal(cluster->rows[0], EPOCH(1));
    assert_int_equal(cluster->rows[1], EPOCH(3));
    assert_int_equal(fake_log_count(cluster, "ERROR checkpoint_file_refused"), 1);
    assert_int_equal(fake_log_count(cluster, "0000000100000002.ckpt"), 1);
    assert_int_equal(fake_agent_end_it(cluster), 0);
    cluster->row_count = 0;
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, rows_came);
    assert_int_equal(cluster->rows[1], EPOCH(3));
    assert_int_equal(fake_log_count(cluster, "ERROR checkpoint_file_refused"), 1);
}

static bool file_found_lost(struct fake_cluster *cluster)
{
    return fake_log_count(cluster, "ERROR checkpoint_file_lost vat=x1") > 0;
}

/* Each of the two is read a few times a second. */
static void finds_what_goes_bad_while_it_runs(void **state)
{
    struct fake_cluster *cluster = *state;
    char path[SHELL_PATH_SIZE];
    char text[8192] = "";
    size_t size = shell_read(cluster->topology, text, sizeof text - 64);
    char *at = strstr(text, "stores: 2}");
    assert_non_null(at);
    memmove(at + strlen("stores: 2, scrub_ms: 100}"), at + strlen("stores: 2}"),
            size - (size_t)(at - text) - strlen("stores: 2}"));
    memcpy(at, "stores: 2, scrub_ms: 100}", strlen("stores: 2, scrub_ms: 100}"));
    shell_write(cluster->topology, text, size + strlen(", scrub_ms: 100"));
    make_store(cluster, EPOCH(1));
    make_store(cluster, EPOCH(2));
    fake_agent_run_it(cluster, false);
    rows_wanted = 2;
    fake_cluster_run(cluster, rows_came);
    shell_path(path, cluster->data, "store/x1/0000000100000002.ckpt");
    shell_flip(path, 3000);
    fake_cluster_run(cluster, file_found_lost);
    assert_false(shell_exists(path));
    assert_int_equal(fake_log_count(cluster, "ERROR checkpoint_not_whole"), 1);
    shell_path(path, cluster->data, "store/x1/0000000100000002.ckpt.corrupt");
    assert_true(shell_exists(path));
    shell_path(path, cluster->data, "store/x1/0000000100000001.ckpt");
    assert_true(shell_exists(path));
}

/* Whether a thread of the agent waits within openat: for a pipe with nobody at its other end. */
static bool waits_for_a_pipe(struct fake_cluster *cluster)
{
    char path[64];
    char wanted[32];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)cluster->agent);
    (void)snprintf(wanted, sizeof wanted, "%ld ", (long)SYS_openat);
    bool found = false;
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char text[256] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/syscall", (int)cluster->agent,
                       task->d_name);
        if (task->d_name[0] != '.' && shell_exists(path)) {
            (void)shell_read(path, text, sizeof text);
        }
        found = found || strncmp(text, wanted, strlen(wanted)) == 0;
    }
    (void)closedir(tasks);
    return found;
}

static void ends_in_time_when_the_disk_hangs(void **state)
{
    struct fake_cluster *cluster = *state;
    char path[SHELL_PATH_SIZE];
    make_store(cluster, EPOCH(1));
    fake_agent_run_it(cluster, false);
    rows_wanted = 1;
    fake_cluster_run(cluster, rows_came);
    shell_path(path, cluster->data, "store/x2");
    (void)mkdir(path, 0700);
    shell_path(path, cluster->data, "store/x2/0000000100000001.arriving");
    assert_int_equal(mkfifo(path, 0600), 0); /* which nobody reads */
    struct mn_copies piece = {.kind = MN_COPIES_PIECE, .vat = mn_name_of("x2")};
    piece.piece.epoch = EPOCH(1);
    piece.piece.size = 1000;
    piece.piece.bytes = (const unsigned char *)path;
    piece.piece.byte_count = 10;
    fake_say_copies(cluster, &piece);
    fake_cluster_run(cluster, waits_for_a_pipe);
    assert_int_equal(fake_agent_end_it(cluster), 0);
    assert_int_equal(fake_log_count(cluster, "the disk did not answer"), 1);
}

/* h2 hands over a checkpoint of @size bytes and more of vat x2 in pieces, as the agent wants it. */
static void hand_over(struct fake_cluster *cluster, mn_epoch epoch, size_t size)
{
    static char bytes[2 * 1024 * 1024];
    char there[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    struct agent_file_facts facts;
    shell_path(there, cluster->directory, "there");
    (void)mkdir(there, 0755);
    shell_checkpoint(there, "x2", epoch, size, &facts);
    char name[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(name, epoch);
    shell_path(path, there, name);
    size_t whole = shell_read(path, bytes, sizeof bytes);
    memset(cluster->copies, 0, sizeof cluster->copies);
    int wants = 0;
    for (size_t at = 0; at < whole && cluster->copies[MN_COPIES_HAVE] == 0;) {
        size_t count = whole - at < MN_PIECE_SIZE_MAX ? whole - at : MN_PIECE_SIZE_MAX;
        struct mn_copies piece = {.kind = MN_COPIES_PIECE, .vat = mn_name_of("x2")};
        piece.piece.epoch = epoch;
        piece.piece.size = whole;
        piece.piece.digest = facts.digest;
        piece.piece.offset = at;
        piece.piece.bytes = (const unsigned char *)bytes + at;
        piece.piece.byte_count = (uint32_t)count;
        fake_say_copies(cluster, &piece);
        at += count;
        while (cluster->copies[MN_COPIES_HAVE] == 0 && cluster->copies[MN_COPIES_WANT] == wants) {
            assert_int_equal(mn_net_run(cluster->h2, mn_now() + 30 * MN_SECOND), MN_OK);
        }
        wants = cluster->copies[MN_COPIES_WANT];
    }
    assert_int_equal(cluster->copies[MN_COPIES_HAVE], 1);
}

static void refuses_a_copy_that_it_has_no_room_for_and_never_reports_it(void **state)
{
    struct fake_cluster *cluster = *state;
    assert_int_equal(mkdir(cluster->data, 0700), 0);
    if (!shell_small_disk(cluster->data, 1024 * 1024)) {
        skip();
    }
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    hand_over(cluster, EPOCH(1), 1400000);
    assert_int_equal(cluster->refused, MN_NO_SPACE);
    char path[SHELL_PATH_SIZE];
    shell_path(path, cluster->data, "store/x2");
    assert_int_equal(shell_count(path), 0);
    assert_non_null(strstr(fake_log(cluster), "store/x2/0000000100000001.arriving"));
    assert_non_null(strstr(fake_log(cluster), "make room on its disk"));
    hand_over(cluster, EPOCH(2), 100000);
    assert_int_equal(cluster->refused, MN_OK);
    rows_wanted = 1;
    fake_cluster_run(cluster, rows_came);
    assert_int_equal(cluster->row_count, 1);
    assert_int_equal(cluster->rows[0], EPOCH(2));
    assert_int_equal(fake_agent_end_it(cluster), 0);
    shell_small_disk_end(cluster->data);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(leaves_its_vat_alive_and_the_next_agent_adopts_it),
        CASE(takes_several_words_in_a_frame_and_says_so),
        CASE(hands_on_a_lease_that_its_vat_understands),
        CASE(tells_that_a_vat_was_killed),
        CASE(reports_nothing_that_only_its_own_store_holds),
        CASE(tells_why_a_vat_cannot_be_started),
        CASE(ends_at_a_signal_that_comes_before_it_is_open),
        CASE(never_counts_a_corrupt_checkpoint_and_names_it_once),
        CASE(finds_what_goes_bad_while_it_runs),
        CASE(ends_in_time_when_the_disk_hangs),
        CASE(refuses_a_copy_that_it_has_no_room_for_and_never_reports_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
