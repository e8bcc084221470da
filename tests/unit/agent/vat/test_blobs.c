/* The table of BLOBs: what a diff says, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "vat/core/blobs.h"

static struct mn_name numbered(int number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "blob/%04d", number);
    return mn_name_of(text);
}

static void put(struct blobs *blobs, int number, const char *text)
{
    struct mn_name name = numbered(number);
    assert_int_equal(blobs_put(blobs, &name, text, 3), MN_OK);
}

static void a_diff_has_what_changed_and_nothing_else(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    for (int i = 0; i < 100; i++) {
        put(&blobs, i, "one");
    }
    assert_int_equal(blobs_entry_count(&blobs, false), 100);
    blobs_settle(&blobs);
    assert_int_equal(blobs_entry_count(&blobs, false), 0);
    put(&blobs, 42, "two");
    put(&blobs, 42, "six");
    put(&blobs, 7, "two");
    struct mn_checkpoint_entry entries[2];
    assert_int_equal(blobs_entry_count(&blobs, false), 2);
    blobs_entries_into(&blobs, false, entries);
    assert_string_equal(entries[0].name->text, "blob/0042");
    assert_memory_equal(entries[0].bytes, "six", 3);
    assert_string_equal(entries[1].name->text, "blob/0007");
    assert_int_equal(blobs_entry_count(&blobs, true), 100);
    blobs_deinit(&blobs);
}

static void the_same_bytes_again_are_no_change(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    put(&blobs, 1, "one");
    blobs_settle(&blobs);
    put(&blobs, 1, "one");
    assert_int_equal(blobs_entry_count(&blobs, false), 0);
    blobs_deinit(&blobs);
}

static void a_deleted_blob_is_a_tombstone_once(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    struct mn_name name = numbered(1);
    put(&blobs, 1, "one");
    put(&blobs, 2, "two");
    blobs_settle(&blobs);
    assert_int_equal(blobs_delete(&blobs, &name), MN_OK);
    assert_int_equal(blobs_delete(&blobs, &name), MN_NOT_FOUND);
    assert_int_equal(blobs_count(&blobs), 1);
    struct mn_checkpoint_entry entries[2];
    assert_int_equal(blobs_entry_count(&blobs, false), 1);
    blobs_entries_into(&blobs, false, entries);
    assert_true(entries[0].tombstone);
    assert_int_equal(blobs_entry_count(&blobs, true), 1);
    blobs_entries_into(&blobs, true, entries);
    assert_string_equal(entries[0].name->text, "blob/0002");
    blobs_settle(&blobs);
    assert_int_equal(blobs_entry_count(&blobs, false), 0);
    blobs_deinit(&blobs);
}

static void what_came_and_went_between_checkpoints_is_in_none(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    struct mn_name name = numbered(1);
    put(&blobs, 1, "one");
    assert_int_equal(blobs_delete(&blobs, &name), MN_OK);
    assert_int_equal(blobs_entry_count(&blobs, false), 0);
    assert_int_equal(blobs_entry_count(&blobs, true), 0);
    /* And what went and came again is there. */
    put(&blobs, 1, "two");
    assert_int_equal(blobs_entry_count(&blobs, false), 1);
    assert_int_equal(blobs_entry_count(&blobs, true), 1);
    assert_int_equal(blobs_count(&blobs), 1);
    blobs_settle(&blobs);
    assert_int_equal(blobs_delete(&blobs, &name), MN_OK);
    put(&blobs, 1, "two");
    blobs_settle(&blobs);
    assert_int_equal(blobs_count(&blobs), 1);
    blobs_deinit(&blobs);
}

static void names_in_any_order_are_found(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    for (int i = 0; i < 1000; i++) {
        put(&blobs, i * 7 % 1000, "one");
    }
    const void *bytes = NULL;
    size_t size = 0;
    for (int i = 0; i < 1000; i++) {
        struct mn_name name = numbered(i);
        assert_int_equal(blobs_get(&blobs, &name, &bytes, &size), MN_OK);
        assert_int_equal(size, 3);
    }
    struct mn_name none = numbered(1000);
    assert_int_equal(blobs_get(&blobs, &none, &bytes, &size), MN_NOT_FOUND);
    blobs_deinit(&blobs);
}

static void finds(struct blobs *blobs, int number, const char *text)
{
    const void *bytes = NULL;
    size_t size = 0;
    struct mn_name name = numbered(number);
    assert_int_equal(blobs_get(blobs, &name, &bytes, &size), MN_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, text, 3);
}

static void what_was_found_is_found_again_when_others_come_and_go(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    const void *bytes = NULL;
    size_t size = 0;
    struct mn_name first = numbered(1);
    struct mn_name last = numbered(9);
    put(&blobs, 5, "abc");
    put(&blobs, 9, "xyz");
    finds(&blobs, 9, "xyz");
    put(&blobs, 1, "one");
    finds(&blobs, 9, "xyz");
    finds(&blobs, 5, "abc");
    assert_int_equal(blobs_delete(&blobs, &first), MN_OK);
    blobs_settle(&blobs);
    finds(&blobs, 5, "abc");
    finds(&blobs, 9, "xyz");
    assert_int_equal(blobs_delete(&blobs, &last), MN_OK);
    assert_int_equal(blobs_get(&blobs, &last, &bytes, &size), MN_NOT_FOUND);
    blobs_settle(&blobs);
    assert_int_equal(blobs_get(&blobs, &last, &bytes, &size), MN_NOT_FOUND);
    finds(&blobs, 5, "abc");
    blobs_deinit(&blobs);
}

static void a_blob_past_its_bound_is_refused(void **state)
{
    (void)state;
    struct blobs blobs = {0};
    struct mn_name name = numbered(1);
    assert_int_equal(blobs_put(&blobs, &name, "", (size_t)MN_BLOB_SIZE_MAX + 1), MN_TOO_LARGE);
    assert_int_equal(blobs_count(&blobs), 0);
    blobs_deinit(&blobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diff_has_what_changed_and_nothing_else),
        cmocka_unit_test(the_same_bytes_again_are_no_change),
        cmocka_unit_test(a_deleted_blob_is_a_tombstone_once),
        cmocka_unit_test(what_came_and_went_between_checkpoints_is_in_none),
        cmocka_unit_test(names_in_any_order_are_found),
        cmocka_unit_test(what_was_found_is_found_again_when_others_come_and_go),
        cmocka_unit_test(a_blob_past_its_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
