/* The disk worker: jobs in their order, records durable before they come back, an end within its
 * bound whatever the disk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/shell/shell_files.h"
#include "shell/disk.h"

#define EPOCH(n) (INT64_C(0x100000000) + (n))
enum { BOUND_MS = 30000 };

struct disk_case {
    char directory[SHELL_PATH_SIZE];
    char x1[SHELL_PATH_SIZE];
    char database[SHELL_PATH_SIZE];
    struct agent_ledger *ledger;
    struct agent_store store;
    struct agent_disk *disk;
    struct agent_job *done; /* what has come back and was not looked at yet */
};

/* What the worker complained of; its thread writes it, and waits there when it is to. */
static pthread_mutex_t complaints_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t complaints_changed = PTHREAD_COND_INITIALIZER;
static bool complaint_blocks;
static int complaint_count;
static char complaint[512];

static void complain(const char *text)
{
    (void)pthread_mutex_lock(&complaints_mutex);
    complaint_count += 1;
    (void)snprintf(complaint, sizeof complaint, "%s", text);
    (void)pthread_cond_broadcast(&complaints_changed);
    while (complaint_blocks) {
        (void)pthread_cond_wait(&complaints_changed, &complaints_mutex);
    }
    (void)pthread_mutex_unlock(&complaints_mutex);
}

static int complaints(void)
{
    (void)pthread_mutex_lock(&complaints_mutex);
    int count = complaint_count;
    (void)pthread_mutex_unlock(&complaints_mutex);
    return count;
}

static int setup(void **state)
{
    struct disk_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    shell_directory_make(test->directory);
    shell_path(test->database, test->directory, "agent.db");
    char root[SHELL_PATH_SIZE];
    shell_path(root, test->directory, "store");
    shell_path(test->x1, test->directory, "store/x1");
    complaint_count = 0;
    assert_int_equal(agent_ledger_open(&test->ledger, test->database, NULL), MN_OK);
    assert_int_equal(agent_store_open(&test->store, root, NULL), MN_OK);
    assert_int_equal(mkdir(test->x1, 0755), 0);
    assert_int_equal(agent_disk_start(&test->disk, test->ledger, &test->store, complain, NULL),
                     MN_OK);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct disk_case *test = *state;
    assert_true(agent_disk_stop(&test->disk, BOUND_MS));
    assert_null(test->disk);
    for (struct agent_job *job = test->done; job != NULL;) {
        struct agent_job *next = job->next;
        agent_job_destroy(job);
        job = next;
    }
    agent_ledger_close(&test->ledger);
    shell_directory_delete(test->directory);
    free(test);
    return 0;
}

static struct agent_job *job_of(enum agent_job_kind kind, mn_epoch epoch, size_t size)
{
    struct agent_job *job = agent_job_new(kind, size);
    assert_non_null(job);
    job->vat = mn_name_of("x1");
    job->epoch = epoch;
    return job;
}

static void give(struct disk_case *test, struct agent_job *job)
{
    assert_true(agent_disk_give(test->disk, job));
}

static void give_record(struct disk_case *test, uint64_t sequence, const char *key,
                        const char *text)
{
    struct agent_job *job = job_of(AGENT_JOB_RECORD, 0, strlen(text));
    memcpy(job->bytes, text, strlen(text));
    job->sequence = sequence;
    (void)snprintf(job->key, sizeof job->key, "%s", key);
    give(test, job);
}

/* The next job that comes back; fails when none does within the bound. */
static struct agent_job *next_done(struct disk_case *test)
{
    while (test->done == NULL) {
        struct pollfd readable = {.fd = agent_disk_fd(test->disk), .events = POLLIN};
        assert_int_equal(poll(&readable, 1, BOUND_MS), 1);
        test->done = agent_disk_done(test->disk);
    }
    struct agent_job *job = test->done;
    test->done = job->next;
    job->next = NULL;
    return job;
}

static void assert_done(struct disk_case *test, enum agent_job_kind kind, mn_result result)
{
    struct agent_job *job = next_done(test);
    assert_int_equal(job->kind, kind);
    assert_int_equal(job->result, result);
    assert_int_equal(job->error.text[0] != '\0', result != MN_OK);
    agent_job_destroy(job);
}

static void assert_recorded(struct disk_case *test, uint64_t sequence)
{
    struct agent_job *job = next_done(test);
    assert_int_equal(job->kind, AGENT_JOB_RECORD);
    assert_int_equal(job->sequence, sequence);
    agent_job_destroy(job);
}

static void does_jobs_in_their_order_and_hands_back_how_they_went(void **state)
{
    struct disk_case *test = *state;
    char there[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    char bytes[20000];
    struct agent_file_facts facts;
    shell_path(there, test->directory, "there");
    assert_int_equal(mkdir(there, 0755), 0);
    shell_checkpoint(there, "x1", EPOCH(1), 10000, &facts);
    shell_path(path, there, "0000000100000001.ckpt");
    size_t size = shell_read(path, bytes, sizeof bytes);
    for (size_t i = 0; i < 2; i++) {
        size_t from = i * 4000;
        size_t count = i == 0 ? 4000 : size - 4000;
        struct agent_job *job = job_of(AGENT_JOB_WRITE, EPOCH(1), count);
        memcpy(job->bytes, bytes + from, count);
        job->piece = (struct mn_copies){.kind = MN_COPIES_PIECE, .vat = job->vat};
        job->piece.piece.epoch = EPOCH(1);
        job->piece.piece.size = size;
        job->piece.piece.digest = facts.digest;
        job->piece.piece.offset = from;
        job->piece.piece.bytes = job->bytes;
        job->piece.piece.byte_count = (uint32_t)count;
        give(test, job);
    }
    give(test, job_of(AGENT_JOB_SYNC, EPOCH(1), 0));
    struct agent_job *read = job_of(AGENT_JOB_READ, EPOCH(1), 300);
    read->piece.piece.offset = 100;
    read->host = 5;
    give(test, read);
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(1), 0));
    give(test, job_of(AGENT_JOB_READ, EPOCH(1), 300));

    assert_done(test, AGENT_JOB_WRITE, MN_OK);
    struct agent_job *written = next_done(test);
    assert_int_equal(written->kind, AGENT_JOB_WRITE);
    assert_int_equal(written->result, MN_OK);
    assert_true(written->whole);
    assert_int_equal(written->facts.size, size);
    assert_string_equal(written->facts.record.vat.text, "x1");
    agent_job_destroy(written);
    assert_done(test, AGENT_JOB_SYNC, MN_OK);
    read = next_done(test);
    assert_int_equal(read->result, MN_OK);
    assert_int_equal(read->host, 5);
    assert_int_equal(read->size, 300);
    assert_memory_equal(read->bytes, bytes + 100, 300);
    agent_job_destroy(read);
    assert_done(test, AGENT_JOB_DELETE, MN_OK);
    assert_done(test, AGENT_JOB_READ, MN_NOT_FOUND);
}

static mn_result gather(void *context, const char *key, const void *bytes, size_t size)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 256 - used, "%s=%.*s;", key, (int)size, (const char *)bytes);
    return MN_OK;
}

/* End the worker, and read what another agent would find. */
static void assert_ledger(struct disk_case *test, const char *expected)
{
    char text[256] = "";
    assert_true(agent_disk_stop(&test->disk, BOUND_MS));
    agent_ledger_close(&test->ledger);
    assert_int_equal(agent_ledger_open(&test->ledger, test->database, NULL), MN_OK);
    assert_int_equal(agent_ledger_read(test->ledger, gather, text, NULL), MN_OK);
    assert_string_equal(text, expected);
}

static void hands_records_back_in_order_once_they_are_durable(void **state)
{
    struct disk_case *test = *state;
    give_record(test, 1, "generation", "7");
    give_record(test, 2, "vat x1", "one");
    give_record(test, 3, "generation", "8");
    struct agent_job *forget = job_of(AGENT_JOB_RECORD, 0, 0);
    forget->sequence = 4;
    forget->forget = true;
    (void)snprintf(forget->key, sizeof forget->key, "vat x1");
    give(test, forget);
    give_record(test, 5, "vat x2", "two");
    for (uint64_t sequence = 1; sequence <= 5; sequence++) {
        assert_recorded(test, sequence);
    }
    assert_ledger(test, "generation=8;vat x2=two;");
}

/* The worker stops at its next complaint, until it is let go. Returns when it is at it: a record
 * cannot be written. */
static void block_the_worker(struct disk_case *test)
{
    (void)pthread_mutex_lock(&complaints_mutex);
    complaint_blocks = true;
    (void)pthread_mutex_unlock(&complaints_mutex);
    give_record(test, 1, "generation", "6");
    assert_recorded(test, 1);
    shell_full_begin(1);
    give_record(test, 2, "generation", "7");
    (void)pthread_mutex_lock(&complaints_mutex);
    while (complaint_count == 0) {
        (void)pthread_cond_wait(&complaints_changed, &complaints_mutex);
    }
    (void)pthread_mutex_unlock(&complaints_mutex);
    shell_full_end();
}

static void let_the_worker_go(void)
{
    (void)pthread_mutex_lock(&complaints_mutex);
    complaint_blocks = false;
    (void)pthread_cond_broadcast(&complaints_changed);
    (void)pthread_mutex_unlock(&complaints_mutex);
}

static void bounds_what_other_hosts_may_ask_for_but_never_refuses_our_own(void **state)
{
    struct disk_case *test = *state;
    block_the_worker(test);
    for (int i = 0; i < AGENT_DISK_JOB_COUNT_MAX; i++) {
        give(test, job_of(AGENT_JOB_READ, EPOCH(1), 1));
    }
    struct agent_job *job = job_of(AGENT_JOB_READ, EPOCH(1), 1);
    assert_false(agent_disk_give(test->disk, job));
    agent_job_destroy(job);
    job = job_of(AGENT_JOB_WRITE, EPOCH(1), 1);
    assert_false(agent_disk_give(test->disk, job));
    agent_job_destroy(job);
    give(test, job_of(AGENT_JOB_SYNC, EPOCH(2), 0));
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(2), 0));
    give_record(test, 3, "generation", "8");
    let_the_worker_go();
    int counts[AGENT_JOB_TAKE_FOUND + 1] = {0};
    for (int i = 0; i < AGENT_DISK_JOB_COUNT_MAX + 4; i++) { /* records are tried again later */
        struct agent_job *done = next_done(test);
        counts[done->kind] += 1;
        agent_job_destroy(done);
    }
    assert_int_equal(counts[AGENT_JOB_READ], AGENT_DISK_JOB_COUNT_MAX);
    assert_int_equal(counts[AGENT_JOB_SYNC], 1);
    assert_int_equal(counts[AGENT_JOB_DELETE], 1);
    assert_int_equal(counts[AGENT_JOB_RECORD], 2);
}

static void does_not_end_while_the_disk_hangs_and_says_so(void **state)
{
    struct disk_case *test = *state;
    block_the_worker(test);
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(9), 0));
    give_record(test, 3, "generation", "8");
    assert_false(agent_disk_stop(&test->disk, 20));
    assert_non_null(test->disk);
    let_the_worker_go();
    /* What still waited at the end was not done, and never came back. */
    assert_ledger(test, "generation=6;");
}

static void tries_records_until_the_disk_takes_them_and_does_the_rest_meanwhile(void **state)
{
    struct disk_case *test = *state;
    give_record(test, 1, "generation", "7");
    assert_recorded(test, 1);
    shell_full_begin(1);
    give_record(test, 2, "generation", "8");
    give_record(test, 3, "vat x1", "one");
    for (int i = 0; complaints() == 0; i++) { /* each turn waits for a job that was done */
        give(test, job_of(AGENT_JOB_SYNC, EPOCH(1), 0));
        assert_done(test, AGENT_JOB_SYNC, MN_NOT_FOUND);
    }
    give(test, job_of(AGENT_JOB_SYNC, EPOCH(2), 0));
    assert_done(test, AGENT_JOB_SYNC, MN_NOT_FOUND);
    shell_full_end();
    assert_recorded(test, 2);
    assert_recorded(test, 3);
    assert_int_equal(complaints(), 1);
    assert_non_null(strstr(complaint, test->database));
    assert_ledger(test, "generation=8;vat x1=one;");
}

static void has_nothing_to_hand_back_when_nothing_is_done(void **state)
{
    struct disk_case *test = *state;
    struct pollfd readable = {.fd = agent_disk_fd(test->disk), .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 0), 0);
    assert_null(agent_disk_done(test->disk));
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(1), 0));
    assert_done(test, AGENT_JOB_DELETE, MN_OK);
    assert_int_equal(poll(&readable, 1, 0), 0);
    assert_null(agent_disk_done(test->disk));
}

/* The next job that comes back and is no record: these are tried again at their own time. */
static struct agent_job *next_file(struct disk_case *test)
{
    struct agent_job *job = next_done(test);
    while (job->kind == AGENT_JOB_RECORD) {
        agent_job_destroy(job);
        job = next_done(test);
    }
    return job;
}

static void assert_file_done(struct disk_case *test, enum agent_job_kind kind, mn_result result)
{
    struct agent_job *job = next_file(test);
    assert_int_equal(job->kind, kind);
    assert_int_equal(job->result, result);
    agent_job_destroy(job);
}

/* Those of the same vat wait: they may remove what is being written. */
static void writes_a_large_file_anew_in_parts_and_lets_other_vats_go_between_them(void **state)
{
    struct disk_case *test = *state;
    struct agent_file_facts facts;
    struct stat before;
    struct stat after;
    char path[SHELL_PATH_SIZE];
    shell_checkpoint(test->x1, "x1", EPOCH(3), 20 * 1024 * 1024, &facts);
    shell_path(path, test->x1, "0000000100000003.ckpt");
    assert_int_equal(stat(path, &before), 0);
    block_the_worker(test);
    struct agent_job *job = job_of(AGENT_JOB_SYNC, EPOCH(3), 0);
    job->again = true;
    give(test, job);
    give(test, job_of(AGENT_JOB_LOOK, EPOCH(1), 0));
    give(test, job_of(AGENT_JOB_SYNC, EPOCH(3), 0));
    job = job_of(AGENT_JOB_DELETE, EPOCH(1), 0);
    job->vat = mn_name_of("x2");
    give(test, job);
    let_the_worker_go();
    assert_file_done(test, AGENT_JOB_DELETE, MN_OK);
    job = next_file(test);
    assert_int_equal(job->kind, AGENT_JOB_SYNC);
    assert_true(job->again);
    assert_int_equal(job->result, MN_OK);
    agent_job_destroy(job);
    assert_file_done(test, AGENT_JOB_LOOK, MN_NOT_FOUND);
    assert_file_done(test, AGENT_JOB_SYNC, MN_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino != after.st_ino && before.st_size == after.st_size);
    assert_int_equal(shell_count(test->x1), 1);
}

/* A fence, say, which a restored vat waits for. */
static void writes_records_between_the_parts_of_a_large_file(void **state)
{
    struct disk_case *test = *state;
    struct agent_file_facts facts;
    char anew[SHELL_PATH_SIZE];
    bool between = false;
    shell_checkpoint(test->x1, "x1", EPOCH(3), 40 * 1024 * 1024, &facts);
    shell_path(anew, test->x1, "0000000100000003.ckpt.anew");
    for (uint64_t i = 1; !between && i <= 20; i++) { /* all may be written before the record is */
        struct agent_job *job = job_of(AGENT_JOB_SYNC, EPOCH(3), 0);
        job->again = true;
        give(test, job);
        while (!shell_exists(anew) && test->done == NULL) { /* it is at it */
            test->done = agent_disk_done(test->disk);
        }
        give_record(test, i, "generation", "7");
        job = next_done(test);
        between = job->kind == AGENT_JOB_RECORD;
        agent_job_destroy(job);
        agent_job_destroy(next_done(test));
    }
    assert_true(between);
}

static void copies_a_found_file_in_parts_and_lets_others_go_between_them(void **state)
{
    struct disk_case *test = *state;
    struct agent_file_facts facts;
    char found[SHELL_PATH_SIZE];
    shell_path(found, test->directory, "found");
    assert_int_equal(mkdir(found, 0755), 0);
    shell_checkpoint(found, "x1", EPOCH(3), 20 * 1024 * 1024, &facts);
    block_the_worker(test);
    struct agent_job *job = job_of(AGENT_JOB_TAKE_FOUND, EPOCH(3), strlen(found) + 1);
    memcpy(job->bytes, found, strlen(found) + 1);
    give(test, job);
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(1), 0));
    let_the_worker_go();
    assert_file_done(test, AGENT_JOB_DELETE, MN_OK);
    job = next_file(test);
    assert_int_equal(job->kind, AGENT_JOB_TAKE_FOUND);
    assert_int_equal(job->result, MN_OK);
    assert_true(job->whole);
    assert_int_equal(job->facts.record.epoch, EPOCH(3));
    assert_int_equal(job->facts.size, facts.size);
    agent_job_destroy(job);
}

static void reads_a_large_file_over_in_parts_and_lets_others_go_between_them(void **state)
{
    struct disk_case *test = *state;
    struct agent_file_facts facts;
    shell_checkpoint(test->x1, "x1", EPOCH(3), 20 * 1024 * 1024, &facts);
    block_the_worker(test);
    give(test, job_of(AGENT_JOB_READ_OVER, EPOCH(3), 0));
    give(test, job_of(AGENT_JOB_READ, EPOCH(3), 300));
    let_the_worker_go();
    assert_done(test, AGENT_JOB_READ, MN_OK);
    struct agent_job *job = next_file(test);
    assert_int_equal(job->kind, AGENT_JOB_READ_OVER);
    assert_int_equal(job->result, MN_OK);
    assert_int_equal(job->facts.size, facts.size);
    assert_true(job->took_us > 0);
    agent_job_destroy(job);
}

/* Its last piece is there, and all of it is verified before it counts. */
static void verifies_a_large_copy_in_parts_and_lets_others_go_between_them(void **state)
{
    struct disk_case *test = *state;
    struct agent_file_facts facts;
    char there[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    size_t room = 21UL * 1024 * 1024;
    shell_path(there, test->directory, "there");
    assert_int_equal(mkdir(there, 0755), 0);
    shell_checkpoint(there, "x1", EPOCH(1), 20 * 1024 * 1024, &facts);
    shell_path(path, there, "0000000100000001.ckpt");
    struct agent_job *job = job_of(AGENT_JOB_WRITE, EPOCH(1), room);
    size_t size = shell_read(path, (char *)job->bytes, room);
    job->piece = (struct mn_copies){.kind = MN_COPIES_PIECE, .vat = job->vat};
    job->piece.piece.epoch = EPOCH(1);
    job->piece.piece.size = size;
    job->piece.piece.digest = facts.digest;
    job->piece.piece.bytes = job->bytes;
    job->piece.piece.byte_count = (uint32_t)size;
    block_the_worker(test);
    give(test, job);
    give(test, job_of(AGENT_JOB_DELETE, EPOCH(2), 0));
    let_the_worker_go();
    assert_file_done(test, AGENT_JOB_DELETE, MN_OK);
    job = next_file(test);
    assert_int_equal(job->kind, AGENT_JOB_WRITE);
    assert_int_equal(job->result, MN_OK);
    assert_true(job->whole);
    assert_int_equal(job->facts.size, size);
    agent_job_destroy(job);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(does_jobs_in_their_order_and_hands_back_how_they_went),
        CASE(hands_records_back_in_order_once_they_are_durable),
        CASE(bounds_what_other_hosts_may_ask_for_but_never_refuses_our_own),
        CASE(does_not_end_while_the_disk_hangs_and_says_so),
        CASE(tries_records_until_the_disk_takes_them_and_does_the_rest_meanwhile),
        CASE(has_nothing_to_hand_back_when_nothing_is_done),
        CASE(writes_a_large_file_anew_in_parts_and_lets_other_vats_go_between_them),
        CASE(writes_records_between_the_parts_of_a_large_file),
        CASE(copies_a_found_file_in_parts_and_lets_others_go_between_them),
        CASE(reads_a_large_file_over_in_parts_and_lets_others_go_between_them),
        CASE(verifies_a_large_copy_in_parts_and_lets_others_go_between_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
