/* The codecs of vats and of what is stored: what goes in comes out, and what breaks a rule is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "schema/wire/codec_damage.h"
#include "wire/local.h"
#include "wire/session.h"
#include "wire/stored.h"

static const struct mn_lineage two_forks = {
    .count = 2,
    .forks = {{3, 0x100000001, true, false, 0}, {0x100000004, 0x200000001, false, true, 7}}};

static mn_result decode_session(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_session out;
    return mn_session_decode(bytes, size, "abcdef", 6, arena, &out);
}

static mn_result decode_agent_record(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_agent_record out;
    return mn_agent_record_decode(bytes, size, arena, &out);
}

static mn_result decode_journal_decision(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_journal_record out;
    return mn_journal_record_decode(MN_JOURNAL_DECISION, bytes, size, arena, &out);
}

static void a_life_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static const char keys[2][MN_KEY_TEXT_SIZE] = {"0123456789012345678901234567890123456789",
                                                   "abcdefghijabcdefghijabcdefghijabcdefghij"};
    static const mn_epoch chain[] = {8, 9, 10};
    struct mn_to_vat in = {.kind = MN_TO_VAT_LIFE};
    struct mn_to_vat out;
    struct mn_arena arena = {0};
    in.life = (struct mn_life){.vat = mn_name_of("x1"),
                               .run = 2,
                               .incarnation = 1,
                               .keep = 10,
                               .outcome = MN_REVIVED,
                               .round = 3,
                               .lineage = two_forks,
                               .store = "store/x1",
                               .key_file = "/etc/key",
                               .address = {"tcp://127.0.0.1:*"},
                               .interval_ms = 200,
                               .full_every = 8,
                               .keep_count = 8,
                               .connect_ms = 400,
                               .send_ms = 600,
                               .latency_ms = 5,
                               .early = true,
                               .chain = chain,
                               .chain_count = 3,
                               .host_keys = keys,
                               .host_key_count = 2};
    assert_int_equal(to_vat_again(&in, &arena, &out), MN_OK);
    assert_string_equal(out.life.store, "store/x1");
    assert_string_equal(out.life.key_file, "/etc/key");
    assert_string_equal(out.life.address.text, "tcp://127.0.0.1:*");
    assert_int_equal(out.life.keep, 10);
    assert_int_equal(out.life.outcome, MN_REVIVED);
    assert_int_equal(out.life.round, 3);
    assert_int_equal(out.life.interval_ms, 200);
    assert_int_equal(out.life.full_every, 8);
    assert_int_equal(out.life.keep_count, 8);
    assert_int_equal(out.life.connect_ms, 400);
    assert_int_equal(out.life.send_ms, 600);
    assert_int_equal(out.life.latency_ms, 5);
    assert_true(out.life.early);
    assert_int_equal(out.life.chain_count, 3);
    assert_int_equal(out.life.chain[2], 10);
    assert_int_equal(out.life.host_key_count, 2);
    assert_string_equal(out.life.host_keys[1], keys[1]);
    in.life.interval_ms = 0;
    assert_int_equal(to_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void an_attach_says_which_round_it_was_frozen_for_if_that_can_be(void **state)
{
    (void)state;
    struct mn_from_vat in = {.run = 2, .kind = MN_FROM_VAT_ATTACH};
    struct mn_from_vat out;
    struct mn_arena arena = {0};
    in.attach.vat = mn_name_of("x");
    in.attach.run = 2;
    in.attach.frozen_round = MN_ROUND_MAX;
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_OK);
    assert_true(out.attach.frozen_round == MN_ROUND_MAX);
    in.attach.frozen_round = MN_ROUND_MAX + 1;
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void a_written_checkpoint_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_name names[1] = {mn_name_of("y")};
    static const struct mn_heard heard[] = {{0, 4}, {0, 5}};
    static const struct mn_known known = {.vat = 0, .incarnation = 7};
    struct mn_from_vat in = {.run = 2, .kind = MN_FROM_VAT_WRITTEN};
    struct mn_from_vat out;
    struct mn_arena arena = {0};
    in.written.epoch = 9;
    in.written.since = 8;
    in.written.onto = 8;
    in.written.size = 1234;
    memset(in.written.digest.bytes, 9, MN_DIGEST_SIZE);
    in.written.names = names;
    in.written.name_count = 1;
    in.written.heard = heard;
    in.written.heard_count = 2;
    in.written.heard_before = 1;
    in.written.round = 28425601;
    in.written.known = &known;
    in.written.known_count = 1;
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.run, 2);
    assert_int_equal(out.written.epoch, 9);
    assert_int_equal(out.written.size, 1234);
    assert_int_equal(out.written.digest.bytes[0], 9);
    assert_string_equal(out.written.names[0].text, "y");
    assert_int_equal(out.written.heard[0].epoch, 4);
    assert_int_equal(out.written.heard_count, 2);
    assert_int_equal(out.written.heard_before, 1);
    assert_int_equal(out.written.round, 28425601);
    assert_int_equal(out.written.known_count, 1);
    assert_int_equal(out.written.known[0].incarnation, 7);
    in.written.heard_before = 3; /* of two */
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void the_sizes_of_data_add_up_to_its_payload(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {2, 0, 4};
    struct mn_session in = {.run = 3, .incarnation = 2, .round = 5, .kind = MN_SESSION_DATA};
    struct mn_session out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat = mn_name_of("x1");
    in.data.epoch = 0x300000007;
    in.data.first = 41;
    in.data.sizes = sizes;
    in.data.count = 3;
    assert_int_equal(mn_session_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, "abcdef", 6, &arena, &out),
                     MN_OK);
    assert_int_equal(out.run, 3);
    assert_int_equal(out.incarnation, 2);
    assert_int_equal(out.round, 5);
    assert_int_equal(out.data.epoch, 0x300000007);
    assert_int_equal(out.data.first, 41);
    assert_int_equal(out.data.count, 3);
    assert_int_equal(out.data.sizes[2], 4);
    assert_memory_equal(out.data.payload, "abcdef", 6);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, "abcde", 5, &arena, &out),
                     MN_BAD_INPUT);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, NULL, 0, &arena, &out),
                     MN_BAD_INPUT);
    survive_damage(decode_session, &buffer);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_piece_lies_within_its_message(void **state)
{
    (void)state;
    static const uint32_t size = 6;
    struct mn_session in = {.run = 3, .incarnation = 2, .round = 5, .kind = MN_SESSION_DATA};
    struct mn_session out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat = mn_name_of("x1");
    in.data.epoch = 0x300000007;
    in.data.first = 41;
    in.data.sizes = &size;
    in.data.count = 1;
    in.data.total = MN_PAYLOAD_SIZE_MAX;
    in.data.offset = MN_PAYLOAD_SIZE_MAX - 6;
    assert_int_equal(mn_session_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, "abcdef", 6, &arena, &out),
                     MN_OK);
    assert_int_equal(out.data.total, MN_PAYLOAD_SIZE_MAX);
    assert_int_equal(out.data.offset, MN_PAYLOAD_SIZE_MAX - 6);
    survive_damage(decode_session, &buffer);
    buffer.size = 0;
    in.data.offset += 1;
    assert_int_equal(mn_session_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, "abcdef", 6, &arena, &out),
                     MN_BAD_INPUT);
    buffer.size = 0;
    in.data.total += 1;
    assert_int_equal(mn_session_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, "abcdef", 6, &arena, &out),
                     MN_TOO_LARGE);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void marks_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    struct mn_session in = {.run = 1, .incarnation = 1, .kind = MN_SESSION_MARKS};
    struct mn_session out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat = mn_name_of("x1");
    in.marks.taken = 5;
    in.marks.covered = 6; /* covered before it was taken */
    assert_int_equal(mn_session_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_decode(buffer.bytes, buffer.size, NULL, 0, &arena, &out),
                     MN_BAD_INPUT);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_journaled_decision_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_name hosts[1] = {mn_name_of("h3")};
    struct mn_name vats[1] = {mn_name_of("x3")};
    struct mn_journal_start starts[1] = {{.host = mn_name_of("h1"), .lost = 4501}};
    struct mn_journal_record in = {.kind = MN_JOURNAL_DECISION};
    struct mn_journal_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    starts[0].start = (struct mn_start){.round = 1, .vat = vats[0], .run = 2, .incarnation = 1};
    in.decision = (struct mn_journal_decision){.round = 1,
                                               .lost_hosts = hosts,
                                               .lost_host_count = 1,
                                               .lost_vats = vats,
                                               .lost_vat_count = 1,
                                               .starts = starts,
                                               .start_count = 1,
                                               .suspected_at = 5,
                                               .lost_at = 6,
                                               .decided_at = 7};
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_DECISION, buffer.bytes, buffer.size, &arena, &out),
        MN_OK);
    assert_string_equal(out.decision.lost_hosts[0].text, "h3");
    assert_string_equal(out.decision.lost_vats[0].text, "x3");
    assert_string_equal(out.decision.starts[0].host.text, "h1");
    assert_int_equal(out.decision.starts[0].start.run, 2);
    assert_int_equal(out.decision.starts[0].lost, 4501);
    assert_int_equal(out.decision.decided_at, 7);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_DONE, buffer.bytes, buffer.size, &arena, &out),
        MN_BAD_INPUT);
    survive_damage(decode_journal_decision, &buffer);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

/* What nobody could read is not written: the journal would be lost with it. */
static void a_freeze_of_too_many_is_no_record(void **state)
{
    (void)state;
    const struct mn_vat_run one = {.vat = mn_name_of("x1"), .run = 1};
    struct mn_journal_record record = {.kind = MN_JOURNAL_FREEZE};
    struct mn_buffer buffer = {0};
    record.freeze.round = 1;
    record.freeze.suspects = &one; /* the others are not looked at */
    record.freeze.suspect_count = MN_RECORD_ROW_COUNT_MAX + 1;
    assert_int_equal(mn_journal_record_encode(&record, &buffer), MN_TOO_LARGE);
    assert_int_equal(buffer.size, 0);
    mn_buffer_deinit(&buffer);
}

static mn_result decode_journal_answer(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_journal_record out;
    return mn_journal_record_decode(MN_JOURNAL_ANSWER, bytes, size, arena, &out);
}

static void an_answer_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_journal_record in = {.kind = MN_JOURNAL_ANSWER,
                                   .answer = {.round = 3, .json = "{\"vats\": {}}", .size = 12}};
    struct mn_journal_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_ANSWER, buffer.bytes, buffer.size, &arena, &out),
        MN_OK);
    assert_int_equal(out.answer.round, 3);
    assert_int_equal(out.answer.size, 12);
    assert_memory_equal(out.answer.json, in.answer.json, 12);
    survive_damage(decode_journal_answer, &buffer);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void an_agents_record_of_a_vat_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_agent_record in = {.kind = MN_AGENT_VAT};
    struct mn_agent_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat.start = (struct mn_start){.vat = mn_name_of("x1"), .run = 4, .incarnation = 1};
    in.vat.pid = 99;
    in.vat.pid_started = 123456789012;
    in.vat.endpoint = (struct mn_endpoint){"tcp://127.0.0.1:5"};
    assert_int_equal(mn_agent_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_AGENT_VAT);
    assert_int_equal(out.vat.start.run, 4);
    assert_int_equal(out.vat.pid, 99);
    assert_int_equal(out.vat.pid_started, 123456789012);
    assert_string_equal(out.vat.endpoint.text, "tcp://127.0.0.1:5");
    survive_damage(decode_agent_record, &buffer);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void words_of_former_lives_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_down down = {.generation = 3, .kind = MN_DOWN_STOP};
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    struct mn_agent_record record = {.kind = MN_AGENT_ASIDE};
    struct mn_down down_out;
    struct mn_up up_out;
    struct mn_agent_record record_out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    down.stop.vat = mn_name_of("x1");
    down.stop.run = 2;
    down.stop.lineage.count = 1;
    down.stop.lineage.forks[0] = (struct mn_fork){.after = 5, .next = 0x200000001, .seen = true};
    assert_int_equal(mn_down_encode(&down, &buffer), MN_OK);
    assert_int_equal(mn_down_decode(buffer.bytes, buffer.size, &arena, &down_out), MN_OK);
    assert_string_equal(down_out.stop.vat.text, "x1");
    assert_int_equal(down_out.stop.run, 2);
    assert_int_equal(down_out.stop.lineage.count, 1);
    assert_int_equal(down_out.stop.lineage.forks[0].after, 5);
    assert_int_equal(down_out.stop.lineage.forks[0].next, 0x200000001);
    buffer.size = 0;
    up.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"),
                                                 .run = 2,
                                                 .state = MN_VAT_STOPPED,
                                                 .aside = 2,
                                                 .aside_count = 7,
                                                 .floor = 9};
    assert_int_equal(mn_up_encode(&up, &buffer), MN_OK);
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &up_out), MN_OK);
    assert_int_equal(up_out.vat_state.status.aside, 2);
    assert_int_equal(up_out.vat_state.status.aside_count, 7);
    assert_int_equal(up_out.vat_state.status.floor, 9);
    buffer.size = 0;
    record.aside = (struct mn_agent_aside){.vat = mn_name_of("x1"), .run = 2, .count = 7};
    assert_int_equal(mn_agent_record_encode(&record, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, &arena, &record_out), MN_OK);
    assert_int_equal(record_out.kind, MN_AGENT_ASIDE);
    assert_string_equal(record_out.aside.vat.text, "x1");
    assert_int_equal(record_out.aside.run, 2);
    assert_int_equal(record_out.aside.count, 7);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static void floors_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_agent_record record = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    record.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 2, .epoch = 9};
    assert_int_equal(mn_agent_record_encode(&record, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_AGENT_FLOOR);
    assert_string_equal(out.floor.vat.text, "x1");
    assert_int_equal(out.floor.run, 2);
    assert_int_equal(out.floor.epoch, 9);
    buffer.size = 0;
    record.floor.epoch = 0; /* birth is the floor of a vat of which nothing is on record */
    assert_int_equal(mn_agent_record_encode(&record, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, &arena, &out), MN_BAD_INPUT);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static void records_of_disks_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_journal_record journal = {.kind = MN_JOURNAL_HOST};
    struct mn_agent_record agent = {.kind = MN_AGENT_DISK, .disk = UINT64_MAX};
    struct mn_journal_record journal_out;
    struct mn_agent_record agent_out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    journal.host.host = mn_name_of("h1");
    journal.host.disk = 7;
    assert_int_equal(mn_journal_record_encode(&journal, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_HOST, buffer.bytes, buffer.size, &arena, &journal_out),
        MN_OK);
    assert_string_equal(journal_out.host.host.text, "h1");
    assert_int_equal(journal_out.host.disk, 7);
    mn_buffer_deinit(&buffer);
    assert_int_equal(mn_agent_record_encode(&agent, &buffer), MN_OK);
    assert_int_equal(mn_agent_record_decode(buffer.bytes, buffer.size, &arena, &agent_out), MN_OK);
    assert_int_equal(agent_out.kind, MN_AGENT_DISK);
    assert_true(agent_out.disk == UINT64_MAX);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static void records_of_runs_say_whether_they_were_found(void **state)
{
    (void)state;
    struct mn_journal_record in = {.kind = MN_JOURNAL_VAT};
    struct mn_journal_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat.vat = mn_name_of("x1");
    in.vat.host = mn_name_of("h1");
    in.vat.run = 3;
    in.vat.incarnation = 2;
    in.vat.found = true;
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_VAT, buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.vat.run, 3);
    assert_int_equal(out.vat.incarnation, 2);
    assert_true(out.vat.found);
    mn_buffer_deinit(&buffer);
    mn_arena_deinit(&arena);
}

static void lives_of_vats_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_up out;
    struct mn_fork forks[] = {{.after = 0, .next = 0x200000001, .seen = true},
                              {.after = 0x200000004, .next = 0x300000001, .told = true},
                              {.after = 3, .next = 0x500000001, .round = 28425601}};
    struct mn_vat_status vats[] = {
        {.vat = mn_name_of("x1"), .run = 3, .incarnation = 2, .forks = forks, .fork_count = 2},
        {.vat = mn_name_of("x2"), .run = 1},
        {.vat = mn_name_of("x3"), .run = 5, .incarnation = 5, .forks = forks + 2, .fork_count = 1}};
    struct mn_up in = {.kind = MN_UP_HELLO};
    in.hello.host = mn_name_of("h1");
    in.hello.vats = vats;
    in.hello.vat_count = 3;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.hello.vat_count, 3);
    assert_int_equal(out.hello.vats[0].incarnation, 2);
    assert_int_equal(out.hello.vats[0].fork_count, 2);
    assert_true(out.hello.vats[0].forks[1].after == 0x200000004);
    assert_true(out.hello.vats[0].forks[1].told && !out.hello.vats[0].forks[1].seen);
    assert_int_equal(out.hello.vats[1].incarnation, 0);
    assert_int_equal(out.hello.vats[1].fork_count, 0);
    assert_int_equal(out.hello.vats[2].incarnation, 5);
    assert_true(out.hello.vats[2].forks[0].next == 0x500000001);
    assert_int_equal(out.hello.vats[0].forks[1].round, 0);
    assert_int_equal(out.hello.vats[2].forks[0].round, 28425601);
    vats[2].incarnation = 6; /* above its run */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    vats[2].incarnation = 5;
    forks[1].next = forks[0].next; /* they grow */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    forks[1].next = 0x400000001; /* up to its run */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    forks[1].next = 0x300000001;
    in = (struct mn_up){.kind = MN_UP_VAT_STATE, .vat_state.status = vats[0]};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.vat_state.status.incarnation, 2);
    assert_int_equal(out.vat_state.status.fork_count, 2);
    assert_true(out.vat_state.status.forks[0].seen);
    struct mn_fork many[MN_LINEAGE_COUNT_MAX + 1];
    for (int i = 0; i <= MN_LINEAGE_COUNT_MAX; i++) {
        many[i] = (struct mn_fork){.after = i, .next = (mn_epoch)i + 1};
    }
    in.vat_state.status.forks = many;
    in.vat_state.status.fork_count = MN_LINEAGE_COUNT_MAX + 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void rows_say_in_which_round_they_were_written(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_up out;
    struct mn_name name = mn_name_of("x1");
    struct mn_row rows[] = {{.epoch = 0x300000001},
                            {.epoch = 0x300000002, .since = 0x300000001, .applied = 7}};
    struct mn_up in = {.kind = MN_UP_REPORT};
    in.report.sequence = 1;
    in.report.vats.names = &name;
    in.report.vats.count = 1;
    in.report.rows = rows;
    in.report.row_count = 2;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.report.rows[0].applied, 0);
    assert_int_equal(out.report.rows[1].applied, 7);
    mn_arena_deinit(&arena);
}

static void the_word_for_a_full_checkpoint_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_to_vat in = {.kind = MN_TO_VAT_TAKE_FULL};
    struct mn_to_vat out;
    struct mn_arena arena = {0};
    in.take_full.above = (INT64_C(3) << 32) + 7;
    assert_int_equal(to_vat_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_TO_VAT_TAKE_FULL);
    assert_int_equal(out.take_full.above, (INT64_C(3) << 32) + 7);
    in.take_full.above = 0; /* nothing is there above which it could be wanted */
    assert_int_equal(to_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_comes_out_as_it_went_in),
        cmocka_unit_test(an_attach_says_which_round_it_was_frozen_for_if_that_can_be),
        cmocka_unit_test(a_written_checkpoint_comes_out_as_it_went_in),
        cmocka_unit_test(the_sizes_of_data_add_up_to_its_payload),
        cmocka_unit_test(a_piece_lies_within_its_message),
        cmocka_unit_test(marks_that_contradict_themselves_are_refused),
        cmocka_unit_test(a_journaled_decision_comes_out_as_it_went_in),
        cmocka_unit_test(a_freeze_of_too_many_is_no_record),
        cmocka_unit_test(an_answer_comes_out_as_it_went_in),
        cmocka_unit_test(an_agents_record_of_a_vat_comes_out_as_it_went_in),
        cmocka_unit_test(words_of_former_lives_come_out_as_they_went_in),
        cmocka_unit_test(floors_come_out_as_they_went_in),
        cmocka_unit_test(records_of_disks_come_out_as_they_went_in),
        cmocka_unit_test(records_of_runs_say_whether_they_were_found),
        cmocka_unit_test(lives_of_vats_come_out_as_they_went_in),
        cmocka_unit_test(rows_say_in_which_round_they_were_written),
        cmocka_unit_test(the_word_for_a_full_checkpoint_comes_out_as_it_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
