/* The recorder: order, trying again, giving up, ending in time; and the evidence's file. The
 * journal is one of our own, which fails as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docs/file.h"
#include "net/net.h"
#include "shell/evidence_file.h"
#include "shell/recorder.h"

enum { WAIT_MS = 20000 };

/* A journal that fails so often with this result, then takes what comes. */
struct false_journal {
    int failures;
    mn_result result;
    int tries;
    int hold[2]; /* an append says that it is there, and waits, on this pair; -1: it does not */
    uint64_t appended[8];
    size_t count;
};

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

struct bench {
    char directory[32];
    char before[256];
    struct false_journal facts;
    struct journal journal;
    struct recorder *recorder;
};

static int bench_make(void **state)
{
    static struct bench bench;
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

static int bench_remove(void **state)
{
    struct bench *bench = *state;
    assert_true(recorder_stop(&bench->recorder, WAIT_MS));
    (void)unlink("rounds/7.evidence.json");
    (void)unlink("rounds/7.evidence.bin");
    (void)rmdir("rounds");
    assert_int_equal(chdir(bench->before), 0);
    assert_int_equal(rmdir(bench->directory), 0);
    return 0;
}

static struct recorder_item *item_of(uint64_t sequence)
{
    struct recorder_item *item = recorder_item_new();
    assert_non_null(item);
    item->sequence = sequence;
    item->generation = 1;
    item->kind = 1;
    return item;
}

static void give(struct bench *bench, uint64_t sequence)
{
    assert_true(recorder_give(bench->recorder, item_of(sequence)));
}

/* The next done record's sequence and result. */
static mn_result take(struct bench *bench, struct recorder_item **left, uint64_t *sequence)
{
    while (*left == NULL) {
        struct pollfd item = {.fd = recorder_fd(bench->recorder), .events = POLLIN};
        assert_int_equal(poll(&item, 1, WAIT_MS), 1);
        *left = recorder_done(bench->recorder);
    }
    struct recorder_item *first = *left;
    mn_result result = first->result;
    *sequence = first->sequence;
    *left = first->next;
    recorder_item_destroy(first);
    return result;
}

static void writes_what_waits_together(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    int pair[2];
    char byte = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    bench->facts.hold[0] = pair[0];
    give(bench, 1);
    assert_int_equal(read(pair[1], &byte, 1), 1); /* it is at the first */
    give(bench, 2);
    give(bench, 3);
    struct recorder_item *decision = item_of(4);
    decision->round = 7;
    mn_text_add(&decision->evidence, "{}");
    assert_true(recorder_give(bench->recorder, decision));
    assert_int_equal(write(pair[1], "xxx", 3), 3); /* each of three appends may go on */
    for (uint64_t expected = 1; expected <= 4; expected++) {
        assert_int_equal(take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
    }
    assert_int_equal(bench->facts.tries, 3); /* 1; 2 and 3; what has evidence alone */
    assert_int_equal(bench->facts.count, 4);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
}

static void makes_records_durable_in_their_order(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    give(bench, 1);
    give(bench, 2);
    give(bench, 3);
    for (uint64_t expected = 1; expected <= 3; expected++) {
        assert_int_equal(take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
        assert_int_equal(bench->facts.appended[expected - 1], expected);
    }
}

static void tries_again_and_keeps_the_order(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 2;
    bench->facts.result = MN_NO_SPACE;
    give(bench, 1);
    give(bench, 2);
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 2);
    assert_int_equal(bench->facts.tries, 3); /* the last one of both */
}

static void gives_up_for_good_when_it_was_overtaken(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 1;
    bench->facts.result = MN_STALE;
    give(bench, 1);
    give(bench, 2);
    assert_int_equal(take(bench, &left, &sequence), MN_STALE);
    assert_int_equal(sequence, 1);
    assert_null(left);
    assert_true(recorder_stop(&bench->recorder, WAIT_MS));
    assert_int_equal(bench->facts.tries, 1);
}

static void gives_up_for_good_when_it_cannot_know(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    bench->facts.failures = 1;
    bench->facts.result = MN_UNKNOWN;
    give(bench, 1);
    assert_int_equal(take(bench, &left, &sequence), MN_UNKNOWN);
}

static void ends_while_it_waits_to_try_again(void **state)
{
    struct bench *bench = *state;
    bench->facts.failures = 1000000;
    bench->facts.result = MN_NO_SPACE;
    give(bench, 1);
    give(bench, 2);
    mn_time begin = mn_now();
    assert_true(recorder_stop(&bench->recorder, WAIT_MS));
    assert_true(mn_now() - begin < MN_SECOND);
    assert_int_equal(bench->facts.count, 0);
}

static void says_that_a_hanging_disk_does_not_let_it_end(void **state)
{
    struct bench *bench = *state;
    int *hold = bench->facts.hold;
    char byte = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, hold), 0);
    give(bench, 1);
    assert_int_equal(read(hold[1], &byte, 1), 1); /* the append has begun */
    assert_false(recorder_stop(&bench->recorder, 50));
    assert_int_equal(write(hold[1], &byte, 1), 1);
    assert_true(recorder_stop(&bench->recorder, WAIT_MS));
    (void)close(hold[0]);
    (void)close(hold[1]);
}

static void writes_the_evidence_before_the_record(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    struct recorder_item *item = item_of(1);
    struct mn_text text = {0};
    uint64_t sequence = 0;
    item->round = 7;
    mn_text_add(&item->evidence, "{\"evidence\": 1}\n");
    assert_true(recorder_give(bench->recorder, item));
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(mn_file_read("rounds/7.evidence.json", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "{\"evidence\": 1}\n");
    assert_int_not_equal(access("rounds/evidence.part", F_OK), 0);
    mn_text_deinit(&text);
}

static void gives_binary_evidence_a_name_of_its_own(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    struct recorder_item *item = item_of(1);
    struct mn_text text = {0};
    uint64_t sequence = 0;
    item->round = 7;
    assert_int_equal(mn_buffer_append(&item->binary, "\x89MN", 3), MN_OK);
    assert_true(recorder_give(bench->recorder, item));
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(mn_file_read("rounds/7.evidence.bin", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "\x89MN");
    assert_int_not_equal(access("rounds/7.evidence.json", F_OK), 0);
    mn_text_deinit(&text);
}

static struct recorder_item *piece_of(const char *text, uint64_t offset)
{
    struct recorder_item *item = recorder_item_new();
    assert_non_null(item);
    item->piece = true;
    item->offset = offset;
    assert_int_equal(mn_buffer_append(&item->binary, text, strlen(text)), MN_OK);
    return item;
}

/* A document that was begun and is of no use any more; then one that grows, and its decision. */
static void puts_pieces_together_and_names_them_with_the_decision(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    struct mn_text text = {0};
    uint64_t sequence = 0;
    assert_true(
        recorder_give(bench->recorder, piece_of("of no use, and longer than what comes", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("second ", 6)));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(bench, &left, &sequence), MN_OK);
    }
    assert_int_equal(bench->facts.tries, 0); /* nothing was appended */
    assert_int_not_equal(access("rounds/7.evidence.bin", F_OK), 0);
    struct recorder_item *item = item_of(1);
    item->round = 7;
    item->offset = 13;
    assert_int_equal(mn_buffer_append(&item->binary, "last", 4), MN_OK);
    assert_true(recorder_give(bench->recorder, item));
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(mn_file_read("rounds/7.evidence.bin", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "first second last");
    mn_text_deinit(&text);
}

/* Its file is under its name by then, and none of it may be at hand to be written again. */
static void waits_for_the_journal_once_the_evidence_is_written(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    struct recorder_item *item = item_of(1);
    struct mn_text text = {0};
    uint64_t sequence = 0;
    bench->facts.failures = 2;
    bench->facts.result = MN_NO_SPACE;
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    item->round = 7;
    item->offset = 6;
    assert_int_equal(mn_buffer_append(&item->binary, "last", 4), MN_OK);
    assert_true(recorder_give(bench->recorder, item));
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(bench->facts.tries, 3);
    assert_int_equal(mn_file_read("rounds/7.evidence.bin", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "first last");
    mn_text_deinit(&text);
}

static void appends_no_decision_whose_evidence_is_not_written(void **state)
{
    struct bench *bench = *state;
    struct recorder_item *left = NULL;
    struct recorder_item *item = item_of(1);
    uint64_t sequence = 0;
    assert_int_equal(rmdir("rounds"), 0);
    item->round = 7;
    mn_text_add(&item->evidence, "{}\n");
    assert_true(recorder_give(bench->recorder, item));
    struct pollfd done = {.fd = recorder_fd(bench->recorder), .events = POLLIN};
    assert_int_equal(poll(&done, 1, 250), 0);
    assert_int_equal(mkdir("rounds", 0700), 0);
    assert_int_equal(take(bench, &left, &sequence), MN_OK);
    assert_int_equal(bench->facts.tries, 1);
}

/* Whoever died between the file and its record leaves one that nobody decided by, and what the next
 * one decides by may be so much smaller or larger that it is of the other form. */
static void leaves_no_document_of_the_round_in_the_other_form(void **state)
{
    struct mn_error error = {{0}};
    struct evidence_file file;
    (void)state;
    evidence_file_init(&file);
    assert_int_equal(evidence_file_put(&file, 0, "first", 5, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, true, &error), MN_OK);
    assert_int_equal(evidence_file_put(&file, 0, "second", 6, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &error), MN_OK);
    assert_int_equal(access("rounds/7.evidence.json", F_OK), 0);
    assert_int_equal(access("rounds/7.evidence.bin", F_OK), -1);
    evidence_file_deinit(&file);
}

/* The system says only once that it could not write something. */
static void tries_no_document_again_of_which_a_part_may_be_missing(void **state)
{
    struct mn_error error = {{0}};
    struct evidence_file file;
    int pipe_ends[2];
    (void)state;
    evidence_file_init(&file);
    for (uint64_t parts = 1; parts <= 2; parts++) {
        for (uint64_t i = 0; i < parts; i++) {
            assert_int_equal(evidence_file_put(&file, i, "x", 1, &error), MN_OK);
        }
        assert_int_equal(pipe(pipe_ends), 0);
        assert_int_equal(close(file.fd), 0);
        file.fd = pipe_ends[1]; /* which cannot be synced */
        mn_result result = evidence_file_end(&file, 7, true, &error);
        assert_int_equal(mn_result_again(result), parts == 1);
        assert_int_equal(access("rounds/7.evidence.bin", F_OK), -1);
        assert_int_equal(close(pipe_ends[0]), 0);
    }
    evidence_file_deinit(&file);
    assert_int_equal(unlink("rounds/evidence.part"), 0);
}

static void replaces_a_document_whole_and_names_what_it_cannot_write(void **state)
{
    struct mn_text text = {0};
    struct mn_error error = {{0}};
    struct evidence_file file;
    (void)state;
    evidence_file_init(&file);
    assert_int_equal(evidence_file_put(&file, 0, "first, and longer", 17, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &error), MN_OK);
    assert_int_equal(evidence_file_put(&file, 0, "second", 6, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &error), MN_OK);
    assert_int_equal(mn_file_read("rounds/7.evidence.json", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "second");
    mn_text_deinit(&text);
    assert_int_equal(unlink("rounds/7.evidence.json"), 0);
    assert_int_equal(rmdir("rounds"), 0);
    assert_int_equal(evidence_file_put(&file, 0, "x", 1, &error), MN_NOT_FOUND);
    assert_string_equal(error.text, "cannot create the evidence file rounds/evidence.part: No such "
                                    "file or directory; its directory must exist and be writable");
    evidence_file_deinit(&file);
}

#define RECORDED(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORDED(writes_what_waits_together),
        RECORDED(makes_records_durable_in_their_order),
        RECORDED(tries_again_and_keeps_the_order),
        RECORDED(gives_up_for_good_when_it_was_overtaken),
        RECORDED(gives_up_for_good_when_it_cannot_know),
        RECORDED(ends_while_it_waits_to_try_again),
        RECORDED(says_that_a_hanging_disk_does_not_let_it_end),
        RECORDED(writes_the_evidence_before_the_record),
        RECORDED(gives_binary_evidence_a_name_of_its_own),
        RECORDED(puts_pieces_together_and_names_them_with_the_decision),
        RECORDED(waits_for_the_journal_once_the_evidence_is_written),
        RECORDED(appends_no_decision_whose_evidence_is_not_written),
        RECORDED(leaves_no_document_of_the_round_in_the_other_form),
        RECORDED(tries_no_document_again_of_which_a_part_may_be_missing),
        RECORDED(replaces_a_document_whole_and_names_what_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
