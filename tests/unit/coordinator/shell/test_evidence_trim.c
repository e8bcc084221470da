/* Old evidence goes, by the recorder and by itself; never that of a round that is not done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "coordinator/shell/recorder_bench.h"
#include "shell/evidence_file.h"

enum { ROUNDS = 70 };

static bool there(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "rounds/%s", name);
    return access(path, F_OK) == 0;
}

static void leave(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "rounds/%s", name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs("{}", file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

static bool round_there(uint64_t round, bool binary)
{
    char path[EVIDENCE_FILE_PATH_SIZE];
    evidence_file_path_into(path, round, binary);
    return access(path, F_OK) == 0;
}

static void clear(uint64_t last)
{
    for (uint64_t round = 1; round <= last; round++) {
        char path[EVIDENCE_FILE_PATH_SIZE];
        evidence_file_path_into(path, round, false);
        (void)unlink(path);
        evidence_file_path_into(path, round, true);
        (void)unlink(path);
    }
}

static void removes_the_oldest_and_nothing_else(void **state)
{
    struct evidence_trimmed trimmed;
    (void)state;
    leave("2.evidence.json");
    leave("9.evidence.bin"); /* by number, not by name */
    leave("10.evidence.json");
    leave("11.evidence.json");
    leave("1.evidence.json.mine");
    leave("01.evidence.json");
    assert_int_equal(evidence_file_trim(2, UINT64_MAX, &trimmed), MN_OK);
    assert_int_equal(trimmed.count, 2);
    assert_int_equal(trimmed.first, 2);
    assert_int_equal(trimmed.last, 9);
    assert_int_equal(trimmed.bytes, 4);
    assert_false(round_there(2, false));
    assert_false(round_there(9, true));
    assert_true(round_there(10, false));
    assert_true(round_there(11, false));
    assert_true(there("1.evidence.json.mine"));
    assert_true(there("01.evidence.json"));
    assert_int_equal(unlink("rounds/1.evidence.json.mine"), 0);
    assert_int_equal(unlink("rounds/01.evidence.json"), 0);
    clear(11);
}

static void removes_nothing_of_a_round_that_is_not_done(void **state)
{
    struct evidence_trimmed trimmed;
    (void)state;
    leave("3.evidence.json");
    leave("4.evidence.json");
    leave("5.evidence.json");
    assert_int_equal(evidence_file_trim(1, 4, &trimmed), MN_OK);
    assert_int_equal(trimmed.count, 1);
    assert_int_equal(trimmed.last, 3);
    assert_true(round_there(4, false));
    assert_true(round_there(5, false));
    clear(5);
}

/* What waits to be recorded must not wait for all of it. */
static void removes_a_bounded_number_at_a_time(void **state)
{
    struct evidence_trimmed trimmed;
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%d.evidence.bin", (int)round);
        leave(name);
    }
    assert_int_equal(evidence_file_trim(1, UINT64_MAX, &trimmed), MN_OK);
    assert_int_equal(trimmed.count, 64);
    assert_int_equal(evidence_file_trim(1, UINT64_MAX, &trimmed), MN_OK);
    assert_int_equal(trimmed.count, ROUNDS - 64 - 1);
    assert_true(round_there(ROUNDS, true));
    clear(ROUNDS);
}

static void the_recorder_removes_it_before_the_record_behind(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    struct recorder_item *item = recorder_item_new();
    uint64_t sequence = 0;
    assert_non_null(item);
    leave("1.evidence.json");
    leave("2.evidence.json");
    item->keep = 1;
    item->round = UINT64_MAX;
    assert_true(recorder_give(bench->recorder, item));
    recorder_bench_give(bench, 1);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 1); /* nothing comes back of the other */
    assert_false(round_there(1, false));
    assert_true(round_there(2, false));
    clear(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORDED(removes_the_oldest_and_nothing_else),
        RECORDED(removes_nothing_of_a_round_that_is_not_done),
        RECORDED(removes_a_bounded_number_at_a_time),
        RECORDED(the_recorder_removes_it_before_the_record_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
