/* What a bank writes down of the events that it was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "simulations/bank/bank_log.h"

static void a_log_reads_back_as_it_was_written(void **state)
{
    (void)state;
    static struct bank_log log;
    static struct bank_log back;
    static unsigned char bytes[BANK_LOG_SIZE_MAX];
    memset(&log, 0, sizeof log);
    bank_log_add(&log, &(struct bank_event){.kind = BANK_RESTORED, .outcome = 3, .round = 2});
    bank_log_add(&log, &(struct bank_event){.peer = "x3",
                                            .kind = BANK_PEER_ROLLED_BACK,
                                            .incarnation = 2,
                                            .kept = 7,
                                            .you_heard_first = 8,
                                            .you_heard_last = 9,
                                            .forgot_you_first = 10,
                                            .forgot_you_last = 11});
    bank_log_add(
        &log, &(struct bank_event){
                  .peer = "x4", .kind = BANK_GAP, .gap_first = 12, .gap_last = 13, .gap_sent = 1});
    size_t size = bank_log_encode(&log, bytes);
    assert_int_equal(size, 16 + 3 * 225);
    assert_true(bank_log_decode(&back, bytes, size));
    assert_int_equal(back.count, 3);
    assert_int_equal(back.events[0].outcome, 3);
    assert_int_equal(back.events[0].round, 2);
    assert_string_equal(back.events[1].peer, "x3");
    assert_int_equal(back.events[1].kept, 7);
    assert_int_equal(back.events[1].incarnation, 2);
    assert_int_equal(back.events[1].you_heard_last, 9);
    assert_int_equal(back.events[1].forgot_you_first, 10);
    assert_int_equal(back.events[2].kind, BANK_GAP);
    assert_int_equal(back.events[2].gap_last, 13);
    assert_int_equal(back.events[2].gap_sent, 1);
}

static void what_has_no_room_is_counted(void **state)
{
    (void)state;
    static struct bank_log log;
    memset(&log, 0, sizeof log);
    for (int i = 0; i < BANK_LOG_COUNT_MAX + 2; i++) {
        bank_log_add(&log, &(struct bank_event){.peer = "x3", .kind = BANK_PEER_RESET});
    }
    assert_int_equal(log.count, BANK_LOG_COUNT_MAX);
    assert_int_equal(log.left_out, 2);
}

static void bytes_that_are_no_log_are_refused(void **state)
{
    (void)state;
    static struct bank_log log;
    static unsigned char bytes[BANK_LOG_SIZE_MAX];
    memset(&log, 0, sizeof log);
    bank_log_add(&log, &(struct bank_event){.peer = "x3", .kind = BANK_PEER_RESET});
    size_t size = bank_log_encode(&log, bytes);
    assert_false(bank_log_decode(&log, bytes, size - 1));
    assert_false(bank_log_decode(&log, bytes, 15));
    bytes[16] = 129; /* a name that is too long */
    assert_false(bank_log_decode(&log, bytes, size));
    bytes[16] = 2;
    bytes[16 + 129] = 5; /* no kind of event */
    assert_false(bank_log_decode(&log, bytes, size));
    bytes[16 + 129] = 4;
    assert_true(bank_log_decode(&log, bytes, size));
    bytes[0] = 2; /* another version */
    assert_false(bank_log_decode(&log, bytes, size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_reads_back_as_it_was_written),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(bytes_that_are_no_log_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
