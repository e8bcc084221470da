/* The evidence of a decision on its way to its file: by the recorder, and by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coordinator/shell/recorder_bench.h"
#include "docs/file.h"
#include "shell/evidence_file.h"

/* The disk's: so often a sync fails, and takes what was written with it, or leaves it to be read.
 */
static atomic_int sync_failures;
static atomic_bool sync_takes;
static atomic_int sync_count;

int fsync(int fd)
{
    struct stat facts;
    sync_count += 1;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && sync_failures > 0) {
        sync_failures -= 1;
        if (sync_takes) {
            (void)!ftruncate(fd, 0);
        }
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* Of a document that is nowhere copied. */
static const struct mn_digest no_digest;

/* The disk takes no file larger than this; what would be is cut short. */
static void disk_takes(rlim_t size)
{
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A test that fails leaves no small disk to those after it, nor to what is printed. */
static int small_disk_remove(void **state)
{
    disk_takes(RLIM_INFINITY);
    return recorder_bench_remove(state);
}

/* The records that are durable next are these. */
static void are_written(struct recorder_bench *bench, uint64_t first, uint64_t last)
{
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    for (uint64_t expected = first; expected <= last; expected++) {
        assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_OK);
        assert_int_equal(sequence, expected);
    }
}

static void is_written(struct recorder_bench *bench, uint64_t expected)
{
    are_written(bench, expected, expected);
}

static void writes_the_evidence_before_the_record(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *item = recorder_item_of(1);
    struct mn_text text = {0};
    item->round = 7;
    mn_text_add(&item->evidence, "{\"evidence\": 1}\n");
    assert_true(recorder_give(bench->recorder, item));
    is_written(bench, 1);
    assert_int_equal(mn_file_read("rounds/7.evidence.json", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, "{\"evidence\": 1}\n");
    assert_int_not_equal(access("rounds/evidence.part", F_OK), 0);
    mn_text_deinit(&text);
}

static void gives_binary_evidence_a_name_of_its_own(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *item = recorder_item_of(1);
    struct mn_text text = {0};
    item->round = 7;
    assert_int_equal(mn_buffer_append(&item->binary, "\x89MN", 3), MN_OK);
    assert_true(recorder_give(bench->recorder, item));
    is_written(bench, 1);
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

/* The first piece of a document is in its file, and record 1 durable. */
static void begin_document(struct recorder_bench *bench)
{
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    recorder_bench_give(bench, 1);
    is_written(bench, 1);
}

/* A record whose evidence ends with @text at @offset; all of it is @whole, or unknown. */
static void give_whole(struct recorder_bench *bench, uint64_t sequence, const char *text,
                       uint64_t offset, const char *whole)
{
    struct recorder_item *item = recorder_item_of(sequence);
    (void)crypto_generichash(item->digest.bytes, sizeof item->digest.bytes,
                             (const unsigned char *)whole, strlen(whole), NULL, 0);
    item->round = 7;
    item->offset = offset;
    assert_int_equal(mn_buffer_append(&item->binary, text, strlen(text)), MN_OK);
    assert_true(recorder_give(bench->recorder, item));
}

static void give_decision(struct recorder_bench *bench, uint64_t sequence, const char *text,
                          uint64_t offset)
{
    give_whole(bench, sequence, text, offset, "");
}

static void document_is(const char *expected)
{
    struct mn_text text = {0};
    assert_int_equal(mn_file_read("rounds/7.evidence.bin", 1000, &text, NULL), MN_OK);
    assert_string_equal(text.bytes, expected);
    mn_text_deinit(&text);
}

/* A document that was begun and is of no use any more; then one that grows, and its decision. */
static void puts_pieces_together_and_names_them_with_the_decision(void **state)
{
    struct recorder_bench *bench = *state;
    assert_true(
        recorder_give(bench->recorder, piece_of("of no use, and longer than what comes", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("second ", 6)));
    recorder_bench_give(bench, 1); /* which has nothing to do with it */
    is_written(bench, 1);
    assert_int_equal(bench->facts.tries, 1); /* no piece is appended */
    assert_int_not_equal(access("rounds/7.evidence.bin", F_OK), 0);
    give_decision(bench, 2, "last", 13);
    is_written(bench, 2);
    document_is("first second last");
}

/* The disk has room for a part of the second piece; it is free again before the decision. */
static void a_piece_that_cannot_be_written_holds_up_no_record(void **state)
{
    struct recorder_bench *bench = *state;
    disk_takes(9);
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("second ", 6)));
    assert_true(recorder_give(bench->recorder, piece_of("third ", 13)));
    recorder_bench_give(bench, 1);
    recorder_bench_give(bench, 2);
    are_written(bench, 1, 2);
    disk_takes(RLIM_INFINITY);
    give_decision(bench, 3, "last", 19);
    is_written(bench, 3);
    document_is("first second third last");
}

static void a_decision_waits_until_all_pieces_can_be_written(void **state)
{
    struct recorder_bench *bench = *state;
    assert_int_equal(rmdir("rounds"), 0);
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("second ", 6)));
    give_decision(bench, 1, "last", 13);
    recorder_bench_give(bench, 2); /* it comes after the decision */
    assert_true(recorder_bench_gets_nothing(bench));
    disk_takes(15);
    assert_int_equal(mkdir("rounds", 0700), 0);
    assert_true(
        recorder_bench_gets_nothing(bench)); /* all but a part of the last piece is written */
    disk_takes(RLIM_INFINITY);
    are_written(bench, 1, 2);
    document_is("first second last");
}

/* Whoever makes them holds the next one back meanwhile, so nothing else comes. */
static void pieces_set_aside_are_written_when_the_disk_takes_them(void **state)
{
    struct recorder_bench *bench = *state;
    struct mn_text text = {0};
    assert_int_equal(rmdir("rounds"), 0);
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("second ", 6)));
    recorder_bench_give(bench, 1);
    is_written(bench, 1);
    assert_int_equal(mkdir("rounds", 0700), 0);
    for (int i = 0; i < 2000 && text.size < 13; i++) {
        (void)usleep(10000);
        mn_text_deinit(&text);
        if (mn_file_read("rounds/evidence.part", 1000, &text, NULL) != MN_OK) {
            mn_text_deinit(&text);
        }
    }
    assert_int_equal(text.size, 13);
    assert_string_equal(text.bytes, "first second ");
    mn_text_deinit(&text);
    give_decision(bench, 2, "last", 13);
    is_written(bench, 2);
    document_is("first second last");
}

/* The disk takes none of these: what waits is counted, records find room all the same. */
static void says_when_so_much_waits_that_no_further_piece_is_to_be_made(void **state)
{
    static char bytes[RECORDER_BYTES_BEHIND / 8];
    struct recorder_bench *bench = *state;
    assert_int_equal(rmdir("rounds"), 0);
    for (uint64_t i = 0; i < 8; i++) {
        struct recorder_item *item = piece_of("", i * sizeof bytes);
        assert_false(recorder_behind(bench->recorder));
        assert_int_equal(mn_buffer_append(&item->binary, bytes, sizeof bytes), MN_OK);
        assert_true(recorder_give(bench->recorder, item));
    }
    assert_true(recorder_behind(bench->recorder));
    assert_true(recorder_give(bench->recorder, piece_of("last", 8 * sizeof bytes)));
    recorder_bench_give(bench, 1);
    is_written(bench, 1);
    assert_true(recorder_behind(bench->recorder));
    struct recorder_item *drop = recorder_item_new();
    drop->drop = true;
    assert_true(recorder_give(bench->recorder, drop));
    recorder_bench_give(bench, 2);
    is_written(bench, 2);
    assert_false(recorder_behind(bench->recorder));
    assert_int_equal(mkdir("rounds", 0700), 0);
}

static void pieces_set_aside_are_forgotten_when_the_document_begins_anew(void **state)
{
    struct recorder_bench *bench = *state;
    disk_takes(3);
    assert_true(recorder_give(bench->recorder, piece_of("of no use ", 0)));
    assert_true(recorder_give(bench->recorder, piece_of("any more", 10)));
    recorder_bench_give(bench, 1);
    is_written(bench, 1);
    disk_takes(RLIM_INFINITY);
    assert_true(recorder_give(bench->recorder, piece_of("new ", 0)));
    give_decision(bench, 2, "last", 4);
    is_written(bench, 2);
    document_is("new last");
    disk_takes(3);
    assert_true(recorder_give(bench->recorder, piece_of("of no use ", 0)));
    recorder_bench_give(bench, 3);
    is_written(bench, 3);
    disk_takes(RLIM_INFINITY);
    give_decision(bench, 4, "whole", 0);
    is_written(bench, 4);
    document_is("whole");
}

/* What a failed sync may have lost, no second one tells of. */
static void a_sync_that_failed_is_never_tried_again_without_the_bytes(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *left = NULL;
    uint64_t sequence = 0;
    sync_count = 0;
    sync_takes = true;
    sync_failures = 1;
    give_decision(bench, 1, "whole", 0);
    is_written(bench, 1);
    document_is("whole");            /* all of it was written anew */
    assert_int_equal(sync_count, 3); /* the file twice, its directory */
    assert_int_equal(bench->facts.tries, 1);
    sync_failures = 1;
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    give_decision(bench, 2, "last", 6);
    assert_int_equal(recorder_bench_take(bench, &left, &sequence), MN_UNKNOWN);
    assert_int_equal(sequence, 2);
    assert_true(recorder_bench_gets_nothing(bench));
    assert_int_equal(sync_count, 4);
    assert_int_equal(bench->facts.tries, 1); /* and the decision was not appended */
    document_is("whole");
}

static bool part_is_there(void)
{
    return access("rounds/evidence.part", F_OK) == 0;
}

/* What went before its end is not at hand any more, but what the system still has of it is all of
 * it: another file is made of that, and its sync tells the truth. */
static void copies_a_document_whose_sync_failed_if_it_can_be_read(void **state)
{
    struct recorder_bench *bench = *state;
    struct stat before = {0};
    struct stat after = {0};
    sync_count = 0;
    sync_takes = false;
    sync_failures = 1;
    begin_document(bench);
    assert_int_equal(stat("rounds/evidence.part", &before), 0);
    give_whole(bench, 2, "last", 6, "first last");
    recorder_bench_give(bench, 3);
    are_written(bench, 2, 3);
    assert_int_equal(sync_count, 3); /* two files, each once, and the directory */
    document_is("first last");
    assert_int_equal(stat("rounds/7.evidence.bin", &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_false(part_is_there());
}

static void copies_the_copy_when_that_ones_sync_fails_too(void **state)
{
    struct recorder_bench *bench = *state;
    sync_count = 0;
    sync_takes = false;
    sync_failures = 2;
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    give_whole(bench, 1, "last", 6, "first last");
    is_written(bench, 1);
    assert_int_equal(sync_count, 4); /* three files, each once, and the directory */
    document_is("first last");
}

/* When the copy is to be made no file can be; later one can. */
static void copies_a_document_as_soon_as_a_file_can_be_made(void **state)
{
    struct recorder_bench *bench = *state;
    sync_takes = false;
    sync_failures = 1;
    assert_int_equal(mkdir("aside", 0700), 0);
    begin_document(bench);
    assert_int_equal(rename("rounds", "aside/rounds"), 0);
    give_whole(bench, 2, "last", 6, "first last");
    assert_true(recorder_bench_gets_nothing(bench));
    assert_int_equal(rename("aside/rounds", "rounds"), 0);
    assert_int_equal(rmdir("aside"), 0);
    is_written(bench, 2);
    document_is("first last");
}

/* An operator makes room on the disk. */
static void copies_a_document_whose_file_was_removed(void **state)
{
    struct recorder_bench *bench = *state;
    begin_document(bench);
    assert_int_equal(unlink("rounds/evidence.part"), 0);
    give_whole(bench, 2, "last", 6, "first last");
    is_written(bench, 2);
    document_is("first last");
    assert_false(part_is_there());
}

static void removes_what_was_begun_and_is_of_no_use(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *drop = recorder_item_new();
    begin_document(bench);
    assert_true(part_is_there());
    assert_non_null(drop);
    drop->drop = true;
    assert_true(recorder_give(bench->recorder, drop));
    recorder_bench_give(bench, 2);
    is_written(bench, 2);
    assert_false(part_is_there());
    give_decision(bench, 3, "whole", 0); /* of the next round */
    is_written(bench, 3);
    document_is("whole");
}

static void removes_at_its_start_what_another_life_has_begun(void **state)
{
    struct recorder_bench *bench = *state;
    begin_document(bench);
    assert_true(recorder_stop(&bench->recorder, RECORDER_BENCH_WAIT_MS));
    assert_true(part_is_there());
    assert_int_equal(recorder_start(&bench->recorder, &bench->journal, NULL), MN_OK);
    assert_false(part_is_there());
}

/* Its file is under its name by then, and none of it may be at hand to be written again. */
static void waits_for_the_journal_once_the_evidence_is_written(void **state)
{
    struct recorder_bench *bench = *state;
    bench->facts.failures = 2;
    bench->facts.result = MN_NO_SPACE;
    assert_true(recorder_give(bench->recorder, piece_of("first ", 0)));
    give_decision(bench, 1, "last", 6);
    is_written(bench, 1);
    assert_int_equal(bench->facts.tries, 3);
    document_is("first last");
}

static void appends_no_decision_whose_evidence_is_not_written(void **state)
{
    struct recorder_bench *bench = *state;
    struct recorder_item *item = recorder_item_of(1);
    assert_int_equal(rmdir("rounds"), 0);
    item->round = 7;
    mn_text_add(&item->evidence, "{}\n");
    assert_true(recorder_give(bench->recorder, item));
    assert_true(recorder_bench_gets_nothing(bench));
    assert_int_equal(bench->writing.sequence, 0); /* nor is it said to be on its way */
    assert_int_equal(mkdir("rounds", 0700), 0);
    is_written(bench, 1);
    assert_int_equal(bench->facts.tries, 1);
    assert_int_equal(bench->writing.sequence, 1);
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
    assert_int_equal(evidence_file_end(&file, 7, true, &no_digest, &error), MN_OK);
    assert_int_equal(evidence_file_put(&file, 0, "second", 6, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &no_digest, &error), MN_OK);
    assert_int_equal(access("rounds/7.evidence.json", F_OK), 0);
    assert_int_equal(access("rounds/7.evidence.bin", F_OK), -1);
    evidence_file_deinit(&file);
}

static void replaces_a_document_whole_and_names_what_it_cannot_write(void **state)
{
    struct mn_text text = {0};
    struct mn_error error = {{0}};
    struct evidence_file file;
    (void)state;
    evidence_file_init(&file);
    assert_int_equal(evidence_file_put(&file, 0, "first, and longer", 17, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &no_digest, &error), MN_OK);
    assert_int_equal(evidence_file_put(&file, 0, "second", 6, &error), MN_OK);
    assert_int_equal(evidence_file_end(&file, 7, false, &no_digest, &error), MN_OK);
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

#define ON_SMALL_DISK(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, recorder_bench_make, small_disk_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORDED(writes_the_evidence_before_the_record),
        RECORDED(gives_binary_evidence_a_name_of_its_own),
        RECORDED(puts_pieces_together_and_names_them_with_the_decision),
        ON_SMALL_DISK(a_piece_that_cannot_be_written_holds_up_no_record),
        ON_SMALL_DISK(a_decision_waits_until_all_pieces_can_be_written),
        RECORDED(pieces_set_aside_are_written_when_the_disk_takes_them),
        RECORDED(says_when_so_much_waits_that_no_further_piece_is_to_be_made),
        ON_SMALL_DISK(pieces_set_aside_are_forgotten_when_the_document_begins_anew),
        RECORDED(a_sync_that_failed_is_never_tried_again_without_the_bytes),
        RECORDED(copies_a_document_whose_sync_failed_if_it_can_be_read),
        RECORDED(copies_the_copy_when_that_ones_sync_fails_too),
        RECORDED(copies_a_document_as_soon_as_a_file_can_be_made),
        RECORDED(copies_a_document_whose_file_was_removed),
        RECORDED(removes_what_was_begun_and_is_of_no_use),
        RECORDED(removes_at_its_start_what_another_life_has_begun),
        RECORDED(waits_for_the_journal_once_the_evidence_is_written),
        RECORDED(appends_no_decision_whose_evidence_is_not_written),
        RECORDED(leaves_no_document_of_the_round_in_the_other_form),
        RECORDED(replaces_a_document_whole_and_names_what_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
