/* The messages about the journal at its keepers, and what is stored of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_damage.h"
#include "wire/control.h"
#include "wire/operator.h"
#include "wire/stored.h"

static struct mn_kept kept(uint64_t sequence, uint64_t generation, const char *text)
{
    return (struct mn_kept){.sequence = sequence,
                            .generation = generation,
                            .kind = 2,
                            .written_at = 77,
                            .size = strlen(text),
                            .bytes = (const unsigned char *)text,
                            .byte_count = (uint32_t)strlen(text)};
}

static void what_is_to_be_kept_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_kept records[2] = {kept(4, 2, "four"), kept(5, 3, "")};
    struct mn_down in = {.generation = 3, .kind = MN_DOWN_KEEP, .head = 3};
    struct mn_down out;
    in.keep.number = 9;
    in.keep.after = 3;
    in.keep.after_generation = 1;
    in.keep.records = records;
    in.keep.record_count = 2;
    in.keep.founding = true;
    in.keep.whole_at = 5;
    struct mn_noted noted = {.host = mn_name_of("h3"), .disk = 9};
    in.keep.noted = &noted;
    in.keep.noted_count = 1;
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.head, 3);
    assert_int_equal(out.keep.number, 9);
    assert_int_equal(out.keep.after, 3);
    assert_int_equal(out.keep.after_generation, 1);
    assert_true(out.keep.founding);
    assert_int_equal(out.keep.whole_at, 5);
    assert_int_equal(out.keep.noted_count, 1);
    assert_string_equal(out.keep.noted[0].host.text, "h3");
    assert_int_equal(out.keep.noted[0].disk, 9);
    assert_int_equal(out.keep.record_count, 2);
    assert_int_equal(out.keep.records[0].kind, 2);
    assert_int_equal(out.keep.records[0].written_at, 77);
    assert_memory_equal(out.keep.records[0].bytes, "four", 4);
    assert_int_equal(out.keep.records[1].size, 0);
    records[1].sequence = 6; /* none is left out */
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    records[1].sequence = 5;
    records[1].generation = 1; /* generations go up */
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    records[1].generation = 3;
    in.keep.after = 2; /* the first is the one after that */
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void a_large_record_goes_in_pieces_of_one_size(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    char *bytes = calloc(1, MN_PIECE_SIZE_MAX);
    struct mn_kept piece = {.sequence = 1,
                            .generation = 1,
                            .size = 2 * MN_PIECE_SIZE_MAX + 5,
                            .offset = MN_PIECE_SIZE_MAX,
                            .bytes = (const unsigned char *)bytes,
                            .byte_count = MN_PIECE_SIZE_MAX};
    struct mn_up in = {.kind = MN_UP_RECALLED};
    struct mn_up out;
    in.recalled.sequence = 1;
    in.recalled.offset = MN_PIECE_SIZE_MAX;
    in.recalled.matched = true;
    in.recalled.newest = 1;
    in.recalled.records = &piece;
    in.recalled.record_count = 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.recalled.records[0].offset, MN_PIECE_SIZE_MAX);
    assert_int_equal(out.recalled.records[0].byte_count, MN_PIECE_SIZE_MAX);
    piece.byte_count = 6; /* neither a whole piece nor the last */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    piece.byte_count = 5;
    piece.offset = in.recalled.offset = 2 * MN_PIECE_SIZE_MAX;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    piece.offset = in.recalled.offset = 1; /* not where a piece begins */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    piece.size = (uint64_t)MN_RECORD_SIZE_MAX + 1;
    piece.offset = in.recalled.offset = 0;
    piece.byte_count = MN_PIECE_SIZE_MAX;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    free(bytes);
    mn_arena_deinit(&arena);
}

static void a_keepers_answers_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_up in = {.generation = 4, .kind = MN_UP_PROMISED};
    struct mn_up out;
    in.promised.promised = 4;
    in.promised.candidate = 99;
    in.promised.newest = (struct mn_head){.generation = 3, .sequence = 17};
    in.promised.member = MN_MEMBER_WHOLE;
    struct mn_noted noted = {.host = mn_name_of("h3"), .disk = 9};
    in.promised.attempt = 2;
    in.promised.holds = true;
    in.promised.noted = &noted;
    in.promised.noted_count = 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.promised.promised, 4);
    assert_true(out.promised.holds);
    assert_int_equal(out.promised.candidate, 99);
    assert_int_equal(out.promised.newest.sequence, 17);
    assert_int_equal(out.promised.newest.generation, 3);
    assert_int_equal(out.promised.member, MN_MEMBER_WHOLE);
    assert_int_equal(out.promised.attempt, 2);
    assert_int_equal(out.promised.noted[0].disk, 9);
    in.promised.newest.generation = 0; /* a record is of some generation */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    in = (struct mn_up){.generation = 4, .kind = MN_UP_KEPT};
    in.kept.number = 8;
    in.kept.matched = true;
    in.kept.sequence = 17;
    in.kept.offset = MN_PIECE_SIZE_MAX;
    in.kept.member = MN_MEMBER_FOUNDING;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kept.number, 8);
    assert_true(out.kept.matched);
    assert_int_equal(out.kept.sequence, 17);
    assert_int_equal(out.kept.offset, MN_PIECE_SIZE_MAX);
    assert_int_equal(out.kept.member, MN_MEMBER_FOUNDING);
    in = (struct mn_up){.generation = 4, .kind = MN_UP_OVERTAKEN};
    in.overtaken.generation = 12;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.overtaken.generation, 12);
    in = (struct mn_up){.generation = 4, .kind = MN_UP_HELLO};
    in.hello.host = mn_name_of("h1");
    in.hello.head = (struct mn_head){.generation = 3, .sequence = 17};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.hello.head.sequence, 17);
    assert_int_equal(out.hello.head.generation, 3);
    mn_arena_deinit(&arena);
}

static void a_coordinators_questions_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_down in = {.generation = 4, .kind = MN_DOWN_PROMISE};
    struct mn_down out;
    in.promise.candidate = 99;
    in.promise.attempt = 2;
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.promise.attempt, 2);
    assert_int_equal(out.promise.candidate, 99);
    in = (struct mn_down){.generation = 4, .kind = MN_DOWN_RECALL};
    in.recall.sequence = 5;
    in.recall.after_generation = 2;
    in.recall.offset = MN_PIECE_SIZE_MAX;
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.recall.sequence, 5);
    assert_int_equal(out.recall.after_generation, 2);
    assert_int_equal(out.recall.offset, MN_PIECE_SIZE_MAX);
    in.recall.sequence = 0;
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static struct mn_agent_record agent_record(const struct mn_agent_record *in, struct mn_arena *arena)
{
    struct mn_buffer buffer = {0};
    struct mn_agent_record out;
    assert_int_equal(mn_agent_record_encode(in, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, arena, &out), MN_OK);
    assert_int_equal(out.kind, in->kind);
    mn_buffer_deinit(&buffer);
    return out;
}

static void an_agent_reads_back_what_it_keeps(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_agent_record in = {.kind = MN_AGENT_PROMISE};
    in.promise = (struct mn_agent_promise){.generation = 6, .candidate = 5};
    assert_int_equal(agent_record(&in, &arena).promise.candidate, 5);
    assert_int_equal(agent_record(&in, &arena).promise.generation, 6);
    in = (struct mn_agent_record){.kind = MN_AGENT_HEAD};
    in.head = (struct mn_head){.generation = 6, .sequence = 40};
    assert_int_equal(agent_record(&in, &arena).head.generation, 6);
    assert_int_equal(agent_record(&in, &arena).head.sequence, 40);
    in = (struct mn_agent_record){.kind = MN_AGENT_MEMBER, .member = MN_MEMBER_WHOLE};
    assert_int_equal(agent_record(&in, &arena).member, MN_MEMBER_WHOLE);
    struct mn_noted noted = {.host = mn_name_of("h3"), .disk = 9};
    in = (struct mn_agent_record){.kind = MN_AGENT_NOTED};
    in.noted.items = &noted;
    in.noted.count = 1;
    assert_string_equal(agent_record(&in, &arena).noted.items[0].host.text, "h3");
    assert_int_equal(agent_record(&in, &arena).noted.items[0].disk, 9);
    in = (struct mn_agent_record){.kind = MN_AGENT_KEPT, .kept = kept(3, 2, "abc")};
    assert_memory_equal(agent_record(&in, &arena).kept.bytes, "abc", 3);
    assert_int_equal(agent_record(&in, &arena).kept.sequence, 3);
    mn_arena_deinit(&arena);
}

static void the_journal_remembers_who_had_it_go_on_and_why(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_name absent[1] = {mn_name_of("h3")};
    struct mn_journal_record in = {.kind = MN_JOURNAL_RECALL};
    struct mn_journal_record out;
    in.recall = (struct mn_journal_recall){.operator_name = mn_name_of("alice"),
                                           .key = "0123456789012345678901234567890123456789",
                                           .reason = "rack 3 f\xc3\xbcr immer",
                                           .absent = absent,
                                           .absent_count = 1,
                                           .at = 12};
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_RECALL, buffer.bytes, buffer.size, &arena, &out),
        MN_OK);
    assert_string_equal(out.recall.operator_name.text, "alice");
    assert_string_equal(out.recall.key, in.recall.key);
    assert_string_equal(out.recall.reason, "rack 3 f\xc3\xbcr immer");
    assert_int_equal(out.recall.absent_count, 1);
    assert_string_equal(out.recall.absent[0].text, "h3");
    assert_int_equal(out.recall.at, 12);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

/* One of an older version says nothing of it. */
static void the_journal_remembers_when_a_generation_began(void **state)
{
    (void)state;
    static const unsigned char older[] = {0x08, MN_PROTOCOL_VERSION};
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_journal_record in = {.kind = MN_JOURNAL_GENERATION,
                                   .generation = {.at = 12, .kept = true}};
    struct mn_journal_record out;
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_GENERATION, buffer.bytes, buffer.size, &arena, &out),
        MN_OK);
    assert_int_equal(out.generation.at, 12);
    assert_true(out.generation.kept);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_GENERATION, older, sizeof older, &arena, &out), MN_OK);
    assert_int_equal(out.generation.at, 0);
    assert_false(out.generation.kept);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static mn_result keepers_through_the_journal(const struct mn_journal_keepers *said,
                                             struct mn_journal_record *out)
{
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_journal_record in = {.kind = MN_JOURNAL_KEEPERS};
    in.keepers = *said;
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    mn_result result =
        mn_journal_record_decode(MN_JOURNAL_KEEPERS, buffer.bytes, buffer.size, &arena, out);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
    return result;
}

static void the_journal_remembers_who_replaced_which_keeper_and_why(void **state)
{
    (void)state;
    struct mn_journal_record out;
    struct mn_journal_keepers said = {
        .keepers = {mn_name_of("h1"), mn_name_of("h3"), mn_name_of("h5")},
        .keeper_count = 3,
        .next = {mn_name_of("h1"), mn_name_of("h3"), mn_name_of("h7")},
        .next_count = 3,
        .operator_name = mn_name_of("alice"),
        .key = "0123456789012345678901234567890123456789",
        .reason = "h5 \xe2\x80\x94 gone",
        .at = 12};
    assert_int_equal(keepers_through_the_journal(&said, &out), MN_OK);
    assert_int_equal(out.keepers.keeper_count, 3);
    assert_string_equal(out.keepers.keepers[2].text, "h5");
    assert_int_equal(out.keepers.next_count, 3);
    assert_string_equal(out.keepers.next[2].text, "h7");
    assert_string_equal(out.keepers.operator_name.text, "alice");
    assert_string_equal(out.keepers.key, said.key);
    assert_string_equal(out.keepers.reason, "h5 \xe2\x80\x94 gone");
    assert_int_equal(out.keepers.at, 12);
    assert_false(out.keepers.filling);
    said.filling = true;
    assert_int_equal(keepers_through_the_journal(&said, &out), MN_OK);
    assert_true(out.keepers.filling);
    said.filling = false;
    said.next_count = 0;
    assert_int_equal(keepers_through_the_journal(&said, &out), MN_OK);
    assert_int_equal(out.keepers.next_count, 0);
}

static void no_record_replaces_two_keepers_or_none(void **state)
{
    (void)state;
    struct mn_journal_record out;
    const struct mn_journal_keepers said = {
        .keepers = {mn_name_of("h1"), mn_name_of("h3"), mn_name_of("h5")},
        .keeper_count = 3,
        .next = {mn_name_of("h1"), mn_name_of("h3"), mn_name_of("h7")},
        .next_count = 3,
        .operator_name = mn_name_of("alice"),
        .key = "0123456789012345678901234567890123456789",
        .reason = "h5 burned"};
    struct mn_journal_keepers bad = said;
    bad.next[1] = mn_name_of("h8");
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
    bad = said;
    bad.next[2] = mn_name_of("h5");
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
    bad = said;
    bad.keepers[1] = mn_name_of("h1"); /* twice */
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
    bad = said;
    bad.keeper_count = 2;
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
    bad = said;
    bad.next_count = 1;
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
    bad = said;
    bad.next_count = 0;
    bad.filling = true; /* with nobody who comes */
    assert_int_equal(keepers_through_the_journal(&bad, &out), MN_BAD_INPUT);
}

static void who_replaces_a_keeper_names_both(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    struct mn_operator_request in = {.request = 7,
                                     .command = MN_COMMAND_REPLACE,
                                     .reason = "h5 burned",
                                     .host = mn_name_of("h7"),
                                     .keeper = mn_name_of("h5")};
    struct mn_operator_request out;
    assert_int_equal(mn_operator_request_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_operator_request_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.command, MN_COMMAND_REPLACE);
    assert_string_equal(out.host.text, "h7");
    assert_string_equal(out.keeper.text, "h5");
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static mn_result through_the_journal(const struct mn_journal_record *in, struct mn_arena *arena,
                                     struct mn_journal_record *out)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_journal_record_encode(in, &buffer), MN_OK);
    mn_result result =
        mn_journal_record_decode(MN_JOURNAL_STEP, buffer.bytes, buffer.size, arena, out);
    mn_buffer_deinit(&buffer);
    return result;
}

static void the_journal_remembers_who_approved_what_and_why(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_name reset[1] = {mn_name_of("x6")};
    struct mn_journal_record in = {.kind = MN_JOURNAL_STEP};
    struct mn_journal_record out;
    in.step = (struct mn_journal_step){
        .step = MN_STEP_APPROVE,
        .round = 3,
        .bounds = {.plan = 77, .restored = 5, .rolled_back = 2, .reset = reset, .reset_count = 1},
        .operator_name = mn_name_of("alice"),
        .key = "0123456789012345678901234567890123456789",
        .reason = "die Platten f\xc3\xbcr immer",
        .at = 12};
    assert_int_equal(through_the_journal(&in, &arena, &out), MN_OK);
    assert_int_equal(out.step.step, MN_STEP_APPROVE);
    assert_int_equal(out.step.round, 3);
    assert_int_equal(out.step.bounds.plan, 77);
    assert_int_equal(out.step.bounds.restored, 5);
    assert_int_equal(out.step.bounds.rolled_back, 2);
    assert_int_equal(out.step.bounds.reset_count, 1);
    assert_string_equal(out.step.bounds.reset[0].text, "x6");
    assert_string_equal(out.step.operator_name.text, "alice");
    assert_string_equal(out.step.key, in.step.key);
    assert_string_equal(out.step.reason, "die Platten f\xc3\xbcr immer");
    assert_int_equal(out.step.at, 12);
    in.step.step = MN_STEP_REJECT;
    assert_int_equal(through_the_journal(&in, &arena, &out), MN_OK);
    assert_string_equal(mn_step_name(out.step.step), "reject");
    in.step.bounds.rolled_back = 5; /* and one that is reset: more than are restored */
    assert_int_equal(through_the_journal(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_to_be_kept_comes_out_as_it_went_in),
        cmocka_unit_test(a_large_record_goes_in_pieces_of_one_size),
        cmocka_unit_test(a_keepers_answers_come_out_as_they_went_in),
        cmocka_unit_test(a_coordinators_questions_come_out_as_they_went_in),
        cmocka_unit_test(an_agent_reads_back_what_it_keeps),
        cmocka_unit_test(the_journal_remembers_when_a_generation_began),
        cmocka_unit_test(the_journal_remembers_who_had_it_go_on_and_why),
        cmocka_unit_test(the_journal_remembers_who_replaced_which_keeper_and_why),
        cmocka_unit_test(no_record_replaces_two_keepers_or_none),
        cmocka_unit_test(who_replaces_a_keeper_names_both),
        cmocka_unit_test(the_journal_remembers_who_approved_what_and_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
