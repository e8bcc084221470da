/* What the recorder's tests share: a recorder in a directory of its own, with a journal that fails
 * as it is told. */
#ifndef TESTS_RECORDER_BENCH_H
#define TESTS_RECORDER_BENCH_H

#include "shell/recorder.h"

enum { RECORDER_BENCH_WAIT_MS = 20000 };

/* A journal that fails so often with this result, then takes what comes. */
struct false_journal {
    int failures;
    mn_result result;
    int tries;
    int hold[2]; /* an append says that it is there, and waits, on this pair; -1: it does not */
    uint64_t appended[8];
    size_t count;
};

struct recorder_bench {
    char directory[32];
    char before[256];
    struct false_journal facts;
    struct journal journal;
    struct recorder *recorder;
    struct mn_head writing; /* what the disk is, or was, at */
};

/* Set up and tear down; *state is the bench, and its directory the working directory. */
int recorder_bench_make(void **state);
int recorder_bench_remove(void **state);

#define RECORDED(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, recorder_bench_make, recorder_bench_remove)

struct recorder_item *recorder_item_of(uint64_t sequence);
void recorder_bench_give(struct recorder_bench *bench, uint64_t sequence);

/* The next done record's sequence and result. @left: those that came with it; NULL at first. */
mn_result recorder_bench_take(struct recorder_bench *bench, struct recorder_item **left,
                              uint64_t *sequence);
/* For a while. */
bool recorder_bench_gets_nothing(struct recorder_bench *bench);

#endif
