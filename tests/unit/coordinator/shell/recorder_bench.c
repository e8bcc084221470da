/* The recorder's bench. */
#include "coordinator/shell/recorder_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mn_result false_append(void *state, const struct journal_entry *entries, size_t count,
                              struct mn_error *error)
{
    struct false_journal *journal = state;
    char byte = 'x';
    if (journal->hold[0] >= 0 && write(journal->hold[0], &byte, 1) == 1) {
        (void)!read(journal->hold[0], &byte, 1);
    }
    journal->tries += 1;
    if (journal->failures > 0) {
        journal->failures -= 1;
        mn_error_set(error, "the false journal fails");
        return journal->result;
    }
    for (size_t i = 0; i < count; i++) {
        journal->appended[journal->count++] = entries[i].sequence;
    }
    return MN_OK;
}

static const struct journal_back_end false_back_end = {.append = false_append};

int recorder_bench_make(void **state)
{
    static struct recorder_bench bench;
    memset(&bench, 0, sizeof bench);
    (void)snprintf(bench.directory, sizeof bench.directory, "/tmp/mneme-recorder-XXXXXX");
    assert_non_null(mkdtemp(bench.directory));
    assert_non_null(getcwd(bench.before, sizeof bench.before));
    assert_int_equal(chdir(bench.directory), 0);
    assert_int_equal(mkdir("rounds", 0700), 0);
    bench.facts.hold[0] = -1;
    bench.journal = (struct journal){.back_end = &false_back_end, .state = &bench.facts};
    assert_int_equal(recorder_start(&bench.recorder, &bench.journal, NULL), MN_OK);
    *state = &bench;
    return 0;
}

int recorder_bench_remove(void **state)
{
    struct recorder_bench *bench = *state;
    assert_true(recorder_stop(&bench->recorder, RECORDER_BENCH_WAIT_MS));
    (void)unlink("rounds/evidence.part");
    (void)unlink("rounds/7.evidence.json");
    (void)unlink("rounds/7.evidence.bin");
    (void)rmdir("rounds");
    assert_int_equal(chdir(bench->before), 0);
    assert_int_equal(rmdir(bench->directory), 0);
    return 0;
}

struct recorder_item *recorder_item_of(uint64_t sequence)
{
    struct recorder_item *item = recorder_item_new();
    assert_non_null(item);
    item->sequence = sequence;
    item->generation = 1;
    item->kind = 1;
    return item;
}

void recorder_bench_give(struct recorder_bench *bench, uint64_t sequence)
{
    assert_true(recorder_give(bench->recorder, recorder_item_of(sequence)));
}

/* The next done record's sequence and result. */
mn_result recorder_bench_take(struct recorder_bench *bench, struct recorder_item **left,
                              uint64_t *sequence)
{
    while (*left == NULL) {
        struct pollfd item = {.fd = recorder_fd(bench->recorder), .events = POLLIN};
        assert_int_equal(poll(&item, 1, RECORDER_BENCH_WAIT_MS), 1);
        *left = recorder_done(bench->recorder, &bench->writing);
    }
    struct recorder_item *first = *left;
    mn_result result = first->result;
    *sequence = first->sequence;
    *left = first->next;
    recorder_item_destroy(first);
    return result;
}

bool recorder_bench_gets_nothing(struct recorder_bench *bench)
{
    struct pollfd item = {.fd = recorder_fd(bench->recorder), .events = POLLIN};
    const struct recorder_item *done = NULL;
    while (done == NULL && poll(&item, 1, 250) == 1) {
        done = recorder_done(bench->recorder, &bench->writing);
    }
    return done == NULL;
}
