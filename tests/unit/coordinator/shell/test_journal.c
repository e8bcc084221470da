/* The journal's interface: one suite, run on every back end (journal_place.h). What is a back end's
 * own affair has a file of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_place.h"

static void hands_out_what_was_appended_in_order_after_a_restart(void **state)
{
    struct journal_place *place = *state;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 4, 3, "three", NULL), MN_OK);
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:1: 3:4:three ");
    assert_int_equal(journal_place_read(&place->journal, 3, text), MN_OK);
    assert_string_equal(text, "3:4:three ");
}

static void hands_out_a_record_in_pieces(void **state)
{
    struct journal_place *place = *state;
    struct journal_entry entry = {0};
    char bytes[4];
    size_t size = sizeof bytes;
    assert_int_equal(journal_place_append(&place->journal, 2, 1, "abcdef", NULL), MN_OK);
    assert_int_equal(journal_piece(&place->journal, 1, 0, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 4);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(entry.sequence, 1);
    assert_int_equal(entry.generation, 2);
    assert_int_equal(entry.kind, 3);
    assert_int_equal(entry.written_at, 77);
    assert_int_equal(entry.size, 6);
    assert_int_equal(journal_piece(&place->journal, 1, 4, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 2);
    assert_memory_equal(bytes, "ef", 2);
    assert_int_equal(journal_piece(&place->journal, 1, 6, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 0);
    assert_int_equal(journal_piece(&place->journal, 1, 7, bytes, &size, &entry, NULL),
                     MN_NOT_FOUND);
    assert_int_equal(journal_piece(&place->journal, 2, 0, bytes, &size, &entry, NULL),
                     MN_NOT_FOUND);
}

static void what_is_set_aside_is_kept_beside_it(void **state)
{
    struct journal_place *place = *state;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 3, "three", NULL), MN_OK);
    assert_int_equal(journal_set_aside(&place->journal, 2, 5, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 2, "other", NULL), MN_OK);
    assert_int_equal(journal_set_aside(&place->journal, 2, 6, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 3, 2, "third", NULL), MN_OK);
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:3:third ");
    assert_int_equal(journal_place_read_aside(&place->journal, text), MN_OK);
    assert_string_equal(text, "2:1:two 3:1:three 2:2:other ");
}

static void refuses_an_older_generation_and_says_so(void **state)
{
    struct journal_place *place = *state;
    struct mn_error error = {{0}};
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 5, 1, "newer", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 4, 2, "older", &error), MN_STALE);
    assert_non_null(strstr(error.text, place->path));
    assert_non_null(strstr(error.text, "generation 4 is overtaken"));
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:5:newer ");
}

static void refuses_a_sequence_that_is_not_the_next(void **state)
{
    struct journal_place *place = *state;
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "gap", NULL), MN_STALE);
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "again", NULL), MN_STALE);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
}

static void lets_only_one_of_two_coordinators_go_on(void **state)
{
    struct journal_place *place = *state;
    struct journal other = {0};
    uint64_t sequence = 0;
    uint64_t generation = 0;
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "first", NULL), MN_OK);
    assert_int_equal(place->back_end->open(&other, place->path, NULL), MN_OK);
    assert_int_equal(journal_place_append(&other, 2, 2, "taken over", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "unaware", NULL), MN_STALE);
    assert_int_equal(journal_place_append(&place->journal, 1, 3, "stubborn", NULL), MN_STALE);
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 2);
    assert_int_equal(generation, 2);
    journal_close(&other);
}

static void is_empty_at_first(void **state)
{
    struct journal_place *place = *state;
    uint64_t sequence = 9;
    uint64_t generation = 9;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 0);
    assert_int_equal(generation, 0);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "");
}

static mn_result stop_at_once(void *context, const struct journal_entry *entry)
{
    (void)entry;
    *(int *)context += 1;
    return MN_AGAIN;
}

static void ends_reading_with_the_visitors_code(void **state)
{
    struct journal_place *place = *state;
    int count = 0;
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_read(&place->journal, 1, stop_at_once, &count, NULL), MN_AGAIN);
    assert_int_equal(count, 1);
}

static void appends_several_records_or_none(void **state)
{
    struct journal_place *place = *state;
    uint64_t sequence = 0;
    uint64_t generation = 0;
    struct journal_entry entries[] = {{.sequence = 1, .generation = 1, .kind = 3},
                                      {.sequence = 2, .generation = 4, .kind = 3},
                                      {.sequence = 3, .generation = 4, .kind = 3}};
    assert_int_equal(journal_append(&place->journal, entries, 3, NULL), MN_OK);
    struct journal_entry stale[] = {{.sequence = 4, .generation = 5, .kind = 3},
                                    {.sequence = 5, .generation = 4, .kind = 3}};
    assert_int_equal(journal_append(&place->journal, stale, 2, NULL), MN_STALE);
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 3);
    assert_int_equal(generation, 4);
}

static void refuses_a_record_that_is_too_large(void **state)
{
    struct journal_place *place = *state;
    struct journal_entry entry = {.sequence = 1,
                                  .generation = 1,
                                  .kind = 3,
                                  .bytes = (const unsigned char *)"",
                                  .size = (size_t)JOURNAL_RECORD_SIZE_MAX + 1};
    assert_int_equal(journal_append(&place->journal, &entry, 1, NULL), MN_TOO_LARGE);
}

/* ---- an older one, another one --------------------------------------------------------------- */

/* Nothing in it is wrong but its age, and nothing here can tell: that is for the keepers. */
static void an_older_copy_is_a_journal_that_ends_sooner(void **state)
{
    struct journal_place *place = *state;
    uint64_t sequence = 0;
    uint64_t generation = 0;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    journal_close(&place->journal);
    journal_place_copy(place, "old");
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 5, 3, "three", NULL), MN_OK);
    journal_close(&place->journal);
    journal_place_put_back(place, "old");
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(generation, 1);
    assert_int_equal(journal_place_append(&place->journal, 5, 4, "four", NULL), MN_STALE);
    assert_int_equal(journal_place_append(&place->journal, 6, 2, "other", NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:6:other ");
}

static void two_copies_know_nothing_of_each_other(void **state)
{
    struct journal_place *place = *state;
    struct journal other = {0};
    char path[80];
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    journal_close(&place->journal);
    journal_place_copy(place, "copy");
    journal_place_path(place, "copy", path);
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(place->back_end->open(&other, path, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 2, "here", NULL), MN_OK);
    assert_int_equal(journal_place_append(&other, 3, 2, "there", NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:2:here ");
    assert_int_equal(journal_place_read(&other, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:3:there ");
    journal_close(&other);
}

/* Whoever took over may have set aside what another one goes on from. */
static void whoever_goes_on_from_what_was_set_aside_is_refused(void **state)
{
    struct journal_place *place = *state;
    struct journal other = {0};
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 2, "two", NULL), MN_OK);
    assert_int_equal(place->back_end->open(&other, place->path, NULL), MN_OK);
    assert_int_equal(journal_set_aside(&other, 2, 5, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 3, "unaware", NULL), MN_STALE);
    journal_close(&other);
}

static void sets_nothing_aside_where_there_is_nothing(void **state)
{
    struct journal_place *place = *state;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_set_aside(&place->journal, 2, 5, NULL), MN_OK);
    assert_int_equal(journal_place_read_aside(&place->journal, text), MN_OK);
    assert_string_equal(text, "");
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one ");
}

/* What was said to be durable is, however whoever said so ends. */
static void keeps_what_was_appended_when_its_process_is_killed(void **state)
{
    struct journal_place *place = *state;
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    journal_close(&place->journal);
    pid_t child = fork();
    if (child == 0) {
        struct journal journal = {0};
        bool done = place->back_end->open(&journal, place->path, NULL) == MN_OK &&
                    journal_place_append(&journal, 1, 2, "two", NULL) == MN_OK &&
                    journal_place_append(&journal, 2, 3, "three", NULL) == MN_OK;
        _exit(done ? 0 : 1); /* it closes nothing */
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:1:two 3:2:three ");
}

#define SUITE(test)                                                                                \
    cmocka_unit_test_prestate_setup_teardown(test, journal_place_make, journal_place_remove,       \
                                             back_end)

static int suite(struct journal_place_back_end *back_end)
{
    const struct CMUnitTest tests[] = {
        SUITE(hands_out_what_was_appended_in_order_after_a_restart),
        SUITE(hands_out_a_record_in_pieces),
        SUITE(what_is_set_aside_is_kept_beside_it),
        SUITE(refuses_an_older_generation_and_says_so),
        SUITE(refuses_a_sequence_that_is_not_the_next),
        SUITE(lets_only_one_of_two_coordinators_go_on),
        SUITE(is_empty_at_first),
        SUITE(ends_reading_with_the_visitors_code),
        SUITE(appends_several_records_or_none),
        SUITE(refuses_a_record_that_is_too_large),
        SUITE(an_older_copy_is_a_journal_that_ends_sooner),
        SUITE(two_copies_know_nothing_of_each_other),
        SUITE(whoever_goes_on_from_what_was_set_aside_is_refused),
        SUITE(sets_nothing_aside_where_there_is_nothing),
        SUITE(keeps_what_was_appended_when_its_process_is_killed),
    };
    return cmocka_run_group_tests_name(back_end->name, tests, NULL, NULL);
}

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < journal_place_back_end_count; i++) {
        struct journal_place_back_end back_end = journal_place_back_ends[i];
        failed += suite(&back_end);
    }
    return failed;
}
