/* The recorder: order, trying again, giving up, ending in time. The journal is one of our own,
 * which fails as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coordinator/shell/recorder_bench.h"
#include "net/net.h"

static void writes_what_waits_together(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    int pair[2];
    char byte = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    bench->facts.hold[0] = pair[0];
    recorder_bench_give(bench, 1);
    assert_int_equal(read(pair[1], &byte, 1), 1); /* it is at the first */
    recorder_bench_give(bench, 2);
    recorder_bench_give(bench, 3);
    struct recorder_item *decision = recorder_item_of(4);
    decision->round = 7;
    mn_text_add(&decision->evidence, "{}");
    assert_true(recorder_give(bench->recorder, decision));
    assert_int_equal(write(pair[1], "xxx", 3), 3); /* each of three appends may go on */
    for (uint64_t expected = 1; expected <= 4; expected++) {
        assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
    }
    assert_int_equal(bench->facts.tries, 3); /* 1; 2 and 3; what has evidence alone */
    assert_int_equal(bench->facts.count, 4);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
}

struct handed {
    uint64_t sequences[4];
    size_t count;
    size_t most;
};

static mn_result hand(void *context, const struct journal_entry *entry)
{
    struct handed *handed = context;
    assert_int_equal(entry->generation, 1);
    handed->sequences[handed->count++] = entry->sequence;
    return handed->count < handed->most ? MN_OK : MN_AGAIN;
}

/* Two of three records are being written, one is done and was not fetched: these can be handed. */
static void hands_out_what_the_disk_is_at(void **state)
{
    struct recorder_bench *bench = *state;
    struct handed handed = {.most = 4};
    char byte = 0;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    bench->facts.hold[0] = pair[0];
    recorder_bench_give(bench, 1);
    assert_int_equal(read(pair[1], &byte, 1), 1);
    recorder_bench_give(bench, 2);
    recorder_bench_give(bench, 3);
    assert_int_equal(recorder_read(bench->recorder, 2, hand, &handed), MN_OK);
    assert_int_equal(handed.count, 0); /* the disk is at the first alone */
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(read(pair[1], &byte, 1), 1); /* and now at the others */
    recorder_bench_give(bench, 4);
    assert_int_equal(recorder_read(bench->recorder, 1, hand, &handed), MN_OK);
    assert_int_equal(handed.count, 3);
    assert_int_equal(handed.sequences[0], 1);
    assert_int_equal(handed.sequences[1], 2);
    assert_int_equal(handed.sequences[2], 3);
    handed = (struct handed){.most = 1};
    assert_int_equal(recorder_read(bench->recorder, 2, hand, &handed), MN_AGAIN);
    assert_int_equal(handed.sequences[0], 2);
    assert_int_equal(recorder_read(bench->recorder, 4, hand, &handed), MN_OK);
    assert_int_equal(handed.count, 1);
    struct recorder_item *done = recorder_done(bench->recorder, &bench->writing);
    assert_int_equal(done->sequence, 1);
    assert_null(done->next);
    assert_int_equal(bench->writing.sequence, 3);
    assert_int_equal(bench->writing.generation, 1);
    recorder_item_destroy(done);
    assert_int_equal(write(pair[1], "xx", 2), 2);
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    for (uint64_t expected = 2; expected <= 4; expected++) {
        assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
    }
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
}

static void makes_records_durable_in_their_order(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    recorder_bench_give(bench, 1);
    recorder_bench_give(bench, 2);
    recorder_bench_give(bench, 3);
    for (uint64_t expected = 1; expected <= 3; expected++) {
        assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
        assert_int_equal(bench->facts.appended[expected - 1], expected);
    }
}

static void tries_again_and_keeps_the_order(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 2;
    bench->facts.result = MN_NO_SPACE;
    recorder_bench_give(bench, 1);
    recorder_bench_give(bench, 2);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 2);
    assert_int_equal(bench->facts.tries, 3); /* the last one of both */
}

static void gives_up_for_good_when_it_was_overtaken(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 1;
    bench->facts.result = MN_STALE;
    recorder_bench_give(bench, 1);
    recorder_bench_give(bench, 2);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_STALE);
    assert_int_equal(sequence, 1);
    assert_null(left);
    assert_true(recorder_stop(&bench->recorder, RECORDER_BENCH_WAIT_MS));
    assert_int_equal(bench->facts.tries, 1);
}

static void gives_up_for_good_when_it_cannot_know(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 1;
    bench->facts.result = MN_UNKNOWN;
    recorder_bench_give(bench, 1);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_UNKNOWN);
}

static void ends_while_it_waits_to_try_again(void **state)
{
    struct recorder_bench *bench = *state;
    bench->facts.failures = 1000000;
    bench->facts.result = MN_NO_SPACE;
    recorder_bench_give(bench, 1);
    recorder_bench_give(bench, 2);
    mn_time begin = mn_now();
    assert_true(recorder_stop(&bench->recorder, RECORDER_BENCH_WAIT_MS));
    assert_true(mn_now() - begin < MN_SECOND);
    assert_int_equal(bench->facts.count, 0);
}

static void says_that_a_hanging_disk_does_not_let_it_end(void **state)
{
    struct recorder_bench *bench = *state;
    int *hold = bench->facts.hold;
    char byte = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, hold), 0);
    recorder_bench_give(bench, 1);
    assert_int_equal(read(hold[1], &byte, 1), 1); /* the append has begun */
    assert_false(recorder_stop(&bench->recorder, 50));
    assert_int_equal(write(hold[1], &byte, 1), 1);
    assert_true(recorder_stop(&bench->recorder, RECORDER_BENCH_WAIT_MS));
    (void)close(hold[0]);
    (void)close(hold[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORDED(writes_what_waits_together),
        RECORDED(hands_out_what_the_disk_is_at),
        RECORDED(makes_records_durable_in_their_order),
        RECORDED(tries_again_and_keeps_the_order),
        RECORDED(gives_up_for_good_when_it_was_overtaken),
        RECORDED(gives_up_for_good_when_it_cannot_know),
        RECORDED(ends_while_it_waits_to_try_again),
        RECORDED(says_that_a_hanging_disk_does_not_let_it_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
