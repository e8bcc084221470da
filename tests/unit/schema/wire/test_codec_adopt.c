/* The codecs of what is said when a disk that was found is adopted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "schema/wire/codec_damage.h"
#include "wire/operator.h"
#include "wire/stored.h"

static mn_result decode_step(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_journal_record out;
    return mn_journal_record_decode(MN_JOURNAL_STEP, bytes, size, arena, &out);
}

static mn_result decode_request(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_operator_request out;
    return mn_operator_request_decode(bytes, size, arena, &out);
}

static void an_agent_is_told_where_the_disk_is_and_what_died(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_down out;
    struct mn_down in = {.generation = 3, .kind = MN_DOWN_ADOPT};
    in.adopt =
        (struct mn_adopt){.number = 4,
                          .vat = mn_name_of("bank/x1"),
                          .store = "/mnt/h 3",
                          .lineage = {.count = 1, .forks = {{3, 0x100000001, true, false, 0}}}};
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.adopt.number, 4);
    assert_string_equal(out.adopt.vat.text, "bank/x1");
    assert_string_equal(out.adopt.store, "/mnt/h 3");
    assert_int_equal(out.adopt.lineage.count, 1);
    assert_int_equal(out.adopt.lineage.forks[0].after, 3);
    in.adopt.store = "mnt";
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    char path[MN_PATH_SIZE_MAX + 1];
    memset(path, '/', sizeof path);
    path[MN_PATH_SIZE_MAX] = '\0';
    in.adopt.store = path;
    assert_int_equal(down_again(&in, &arena, &out), MN_TOO_LARGE);
    mn_arena_deinit(&arena);
}

static void an_agent_says_what_it_took_and_what_it_passed_over(void **state)
{
    (void)state;
    static const struct mn_passed passed[] = {{0x100000002, MN_PASSED_DAMAGED},
                                              {0x100000003, MN_PASSED_DEAD}};
    struct mn_arena arena = {0};
    struct mn_up out;
    struct mn_up in = {.generation = 3, .disk = 9, .kind = MN_UP_ADOPTED};
    in.adopted = (struct mn_adopted){.number = 4,
                                     .vat = mn_name_of("x1"),
                                     .over = true,
                                     .code = MN_NO_SPACE,
                                     .text = "the disk of this host is full",
                                     .found = 9,
                                     .done = 8,
                                     .taken = 3,
                                     .held = 2,
                                     .through = 0x100000005,
                                     .passed = passed,
                                     .passed_count = 2,
                                     .passed_in_all = 3};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.adopted.number, 4);
    assert_string_equal(out.adopted.vat.text, "x1");
    assert_true(out.adopted.over);
    assert_int_equal(out.adopted.code, MN_NO_SPACE);
    assert_string_equal(out.adopted.text, "the disk of this host is full");
    assert_int_equal(out.adopted.found, 9);
    assert_int_equal(out.adopted.done, 8);
    assert_int_equal(out.adopted.taken, 3);
    assert_int_equal(out.adopted.held, 2);
    assert_int_equal(out.adopted.through, 0x100000005);
    assert_int_equal(out.adopted.passed_count, 2);
    assert_int_equal(out.adopted.passed_in_all, 3);
    assert_int_equal(out.adopted.passed[1].epoch, 0x100000003);
    assert_string_equal(mn_passed_name(out.adopted.passed[1].why), "dead");
    in.adopted.passed_in_all = 1; /* fewer than are named */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    in.adopted.passed_in_all = 3;
    in.adopted.through = -1;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void an_agent_names_so_many_files_and_no_more(void **state)
{
    (void)state;
    struct mn_passed passed[MN_PASSED_COUNT_MAX + 1] = {{0}};
    struct mn_arena arena = {0};
    struct mn_up out;
    struct mn_up in = {.kind = MN_UP_ADOPTED};
    in.adopted.vat = mn_name_of("x1");
    in.adopted.passed = passed;
    in.adopted.passed_count = MN_PASSED_COUNT_MAX + 1;
    in.adopted.passed_in_all = MN_PASSED_COUNT_MAX + 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_TOO_LARGE);
    mn_arena_deinit(&arena);
}

static void the_journal_remembers_who_had_a_disk_adopted_and_why(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_journal_record out;
    struct mn_journal_record in = {.kind = MN_JOURNAL_STEP};
    in.step = (struct mn_journal_step){.step = MN_STEP_ADOPT,
                                       .round = 3,
                                       .vat = mn_name_of("x3"),
                                       .run = 7,
                                       .host = mn_name_of("h4"),
                                       .store = "/mnt/h3",
                                       .operator_name = mn_name_of("alice"),
                                       .key = "0123456789012345678901234567890123456789",
                                       .reason = "the tray was pulled out",
                                       .at = 12};
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    survive_damage(decode_step, &buffer);
    survive_little_memory(decode_step, &buffer);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_STEP, buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_string_equal(mn_step_name(out.step.step), "adopt");
    assert_int_equal(out.step.round, 3);
    assert_string_equal(out.step.vat.text, "x3");
    assert_int_equal(out.step.run, 7);
    assert_string_equal(out.step.host.text, "h4");
    assert_string_equal(out.step.store, "/mnt/h3");
    assert_string_equal(out.step.reason, "the tray was pulled out");
    buffer.size = 0;
    in.step.store = "nowhere";
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_STEP, buffer.bytes, buffer.size, &arena, &out),
        MN_BAD_INPUT);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static void an_operator_says_where_the_disk_is(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_operator_request out;
    struct mn_operator_request in = {.request = 8,
                                     .command = MN_COMMAND_ADOPT,
                                     .vat = mn_name_of("x3"),
                                     .host = mn_name_of("h4"),
                                     .store = "/mnt/h3",
                                     .reason = "it was found",
                                     .adoption = 6};
    assert_int_equal(mn_operator_request_encode(&in, &buffer), MN_OK);
    survive_damage(decode_request, &buffer);
    assert_int_equal(mn_operator_request_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.command, MN_COMMAND_ADOPT);
    assert_string_equal(out.vat.text, "x3");
    assert_string_equal(out.host.text, "h4");
    assert_string_equal(out.store, "/mnt/h3");
    assert_int_equal(out.adoption, 6);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_is_told_where_the_disk_is_and_what_died),
        cmocka_unit_test(an_agent_says_what_it_took_and_what_it_passed_over),
        cmocka_unit_test(an_agent_names_so_many_files_and_no_more),
        cmocka_unit_test(the_journal_remembers_who_had_a_disk_adopted_and_why),
        cmocka_unit_test(an_operator_says_where_the_disk_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
