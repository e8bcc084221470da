/* The bank's book: its bytes are for ever, and it tells what came twice or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "simulations/bank/bank_book.h"

static void a_book_reads_back_as_it_was_written(void **state)
{
    (void)state;
    static struct bank_book book;
    static struct bank_book back;
    memset(&book, 0, sizeof book);
    book.stall_ns_max = 5000000000;
    book.pause_ns_median = 70000;
    book.checkpoints = 12;
    struct bank_transfer transfer = {.account = 3, .sequence = 1, .amount = 10};
    bank_peer_sent(bank_book_peer(&book, "b"), &transfer);
    transfer.sequence = 2;
    bank_peer_received(bank_book_peer(&book, "c"), &transfer);
    unsigned char bytes[BANK_BOOK_SIZE_MAX];
    size_t size = bank_book_encode(&book, bytes);
    assert_int_equal(size, 32 + 2 * 241);
    assert_true(bank_book_decode(&back, bytes, size));
    assert_int_equal(back.stall_ns_max, 5000000000);
    assert_int_equal(back.pause_ns_median, 70000);
    assert_int_equal(back.checkpoints, 12);
    assert_int_equal(back.peer_count, 2);
    assert_string_equal(back.peers[0].name, "b");
    assert_int_equal(back.peers[0].sent.count, 1);
    assert_int_equal(back.peers[0].sent.sum, 10);
    assert_int_equal(back.peers[1].received.count, 1);
    assert_int_equal(back.peers[1].last, 2);
    assert_int_equal(back.peers[1].lost, 1);
    unsigned char again[BANK_BOOK_SIZE_MAX];
    assert_int_equal(bank_book_encode(&back, again), size);
    assert_memory_equal(again, bytes, size);
}

static void a_transfer_has_these_bytes(void **state)
{
    (void)state;
    const struct bank_transfer transfer = {.account = 7, .sequence = 258, .amount = -1};
    const unsigned char expected[BANK_TRANSFER_SIZE] = {
        1, 0, 0, 0, 7, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    unsigned char bytes[BANK_TRANSFER_SIZE];
    bank_transfer_encode(&transfer, bytes);
    assert_memory_equal(bytes, expected, sizeof bytes);
    struct bank_transfer back;
    assert_true(bank_transfer_decode(&back, bytes, sizeof bytes));
    assert_int_equal(back.account, 7);
    assert_int_equal(back.sequence, 258);
    assert_true(back.amount == -1);
    assert_false(bank_transfer_decode(&back, bytes, sizeof bytes - 1));
    bytes[0] = 2;
    assert_false(bank_transfer_decode(&back, bytes, sizeof bytes));
}

static void an_account_has_these_bytes(void **state)
{
    (void)state;
    const struct bank_account account = {.balance = 1000, .count = 3};
    const unsigned char expected[BANK_ACCOUNT_SIZE] = {232, 3, 0, 0, 0, 0, 0, 0,
                                                       3,   0, 0, 0, 0, 0, 0, 0};
    unsigned char bytes[BANK_ACCOUNT_SIZE];
    bank_account_encode(&account, bytes);
    assert_memory_equal(bytes, expected, sizeof bytes);
    struct bank_account back;
    assert_true(bank_account_decode(&back, bytes, sizeof bytes));
    assert_int_equal(back.balance, 1000);
    assert_int_equal(back.count, 3);
    assert_false(bank_account_decode(&back, bytes, 15));
}

static void bytes_that_are_no_book_are_refused(void **state)
{
    (void)state;
    static struct bank_book book;
    memset(&book, 0, sizeof book);
    (void)bank_book_peer(&book, "b");
    unsigned char bytes[BANK_BOOK_SIZE_MAX];
    size_t size = bank_book_encode(&book, bytes);
    assert_false(bank_book_decode(&book, bytes, size - 1));
    assert_false(bank_book_decode(&book, bytes, 31));
    bytes[4] = 65; /* more peers than there may be */
    assert_false(bank_book_decode(&book, bytes, size));
    bytes[4] = 1;
    bytes[32] = 129; /* a name that is too long */
    assert_false(bank_book_decode(&book, bytes, size));
    bytes[32] = 1;
    bytes[0] = 1; /* another version */
    assert_false(bank_book_decode(&book, bytes, size));
}

static void what_comes_twice_and_what_is_left_out_is_counted(void **state)
{
    (void)state;
    struct bank_peer peer = {.name = "b"};
    const uint64_t sequences[] = {1, 2, 2, 5, 3};
    for (size_t i = 0; i < 5; i++) {
        const struct bank_transfer transfer = {.sequence = sequences[i], .amount = 1};
        bank_peer_received(&peer, &transfer);
    }
    assert_int_equal(peer.received.count, 5);
    assert_int_equal(peer.repeated, 2);
    assert_int_equal(peer.lost, 2);
    assert_int_equal(peer.last, 5);
}

static void a_peer_that_was_reset_counts_from_one_again(void **state)
{
    (void)state;
    struct bank_peer peer = {.name = "b"};
    for (uint64_t i = 1; i <= 3; i++) {
        const struct bank_transfer transfer = {.sequence = i, .amount = 5};
        bank_peer_received(&peer, &transfer);
    }
    bank_peer_reset(&peer);
    const struct bank_transfer first = {.sequence = 1, .amount = 7};
    bank_peer_received(&peer, &first);
    assert_int_equal(peer.former.count, 3);
    assert_int_equal(peer.former.sum, 15);
    assert_int_equal(peer.received.count, 1);
    assert_int_equal(peer.received.sum, 7);
    assert_int_equal(peer.repeated, 0);
    assert_int_equal(peer.lost, 0);
}

static void what_a_gap_names_is_not_counted_as_lost(void **state)
{
    (void)state;
    struct bank_peer peer = {.name = "b"};
    bank_peer_gap(&peer, 4, false);
    bank_peer_gap(&peer, 2, true);
    const struct bank_transfer fifth = {.sequence = 5, .amount = 7};
    bank_peer_received(&peer, &fifth);
    assert_int_equal(peer.lost, 0);
    assert_int_equal(peer.gap_received, 4);
    assert_int_equal(peer.gap_sent, 2);
}

static void two_banks_agree_only_on_the_same_transfers_in_the_same_order(void **state)
{
    (void)state;
    const struct bank_transfer first = {.account = 1, .sequence = 1, .amount = 2};
    const struct bank_transfer second = {.account = 2, .sequence = 2, .amount = 1};
    struct bank_peer sender = {.name = "b"};
    struct bank_peer receiver = {.name = "a"};
    struct bank_peer mixed = {.name = "a"};
    bank_peer_sent(&sender, &first);
    bank_peer_sent(&sender, &second);
    bank_peer_received(&receiver, &first);
    bank_peer_received(&receiver, &second);
    bank_peer_received(&mixed, &second);
    bank_peer_received(&mixed, &first);
    assert_true(sender.sent.hash == receiver.received.hash);
    assert_true(sender.sent.hash != mixed.received.hash);
    assert_int_equal(sender.sent.sum, mixed.received.sum);
}

static void a_full_book_takes_no_more_peers(void **state)
{
    (void)state;
    static struct bank_book book;
    memset(&book, 0, sizeof book);
    for (int i = 0; i < BANK_PEER_COUNT_MAX; i++) {
        const char name[] = {(char)('A' + i / 8), (char)('a' + i % 8), '\0'};
        assert_non_null(bank_book_peer(&book, name));
    }
    assert_null(bank_book_peer(&book, "one-more"));
    assert_non_null(bank_book_peer(&book, "Aa"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_book_reads_back_as_it_was_written),
        cmocka_unit_test(a_transfer_has_these_bytes),
        cmocka_unit_test(an_account_has_these_bytes),
        cmocka_unit_test(bytes_that_are_no_book_are_refused),
        cmocka_unit_test(what_comes_twice_and_what_is_left_out_is_counted),
        cmocka_unit_test(a_peer_that_was_reset_counts_from_one_again),
        cmocka_unit_test(what_a_gap_names_is_not_counted_as_lost),
        cmocka_unit_test(two_banks_agree_only_on_the_same_transfers_in_the_same_order),
        cmocka_unit_test(a_full_book_takes_no_more_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
