/* Answers to operators: from a core that was handed a journal. What fits, what is left out, and the
 * words for what there is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/coordinator_private.h"
#include "shell/answer.h"

#define KEY_C "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_1 "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

/* A core, what it may be asked, and the answer. */
struct desk {
    struct topology *topology;
    struct coordinator *core;
    struct coordinator_effects effects;
    struct keeping *keeping;
    struct keeping_effects keeping_effects;
    uint64_t sequence;
    struct answer_host hosts[1];
    struct answer_source source;
    struct mn_operator_reply reply;
    char *json;
};

/* One host h1 with so many vats: v0, v1, ... */
static void desk_open(struct desk *desk, int vat_count)
{
    struct mn_text text = {0};
    mn_text_add(&text, "topology: 1\n"
                       "coordinator: {agents: \"tcp://127.0.0.1:7000\", "
                       "operators: \"tcp://127.0.0.1:7001\", key: \"" KEY_C "\"}\n"
                       "hosts: {h1: {agent: \"tcp://127.0.0.1:7101\", address: 127.0.0.1, "
                       "key: \"" KEY_1 "\"}}\n"
                       "checkpoints: {stores: 1}\n");
    mn_text_add(&text, vat_count > 0 ? "vats:\n" : "");
    for (int i = 0; i < vat_count; i++) {
        mn_text_add_format(&text, "  v%d: {host: h1, command: [bank]}\n", i);
    }
    memset(desk, 0, sizeof *desk);
    assert_int_equal(topology_read(text.bytes, text.size, "t", &desk->topology, NULL), MN_OK);
    mn_text_deinit(&text);
    assert_int_equal(coordinator_new(&desk->core, desk->topology), MN_OK);
    assert_int_equal(keeping_new(&desk->keeping, desk->topology, 1), MN_OK);
    struct keeping_event begin = {.kind = KEEPING_ON_BEGIN};
    keeping_step(desk->keeping, 1000 * MN_SECOND, &begin, &desk->keeping_effects);
    desk->source = (struct answer_source){.topology = desk->topology,
                                          .coordinator = desk->core,
                                          .keeping = desk->keeping,
                                          .hosts = desk->hosts,
                                          .now = 1000 * MN_SECOND};
}

static void desk_close(struct desk *desk)
{
    free(desk->json);
    coordinator_effects_deinit(&desk->effects);
    coordinator_destroy(&desk->core);
    keeping_effects_deinit(&desk->keeping_effects);
    keeping_destroy(&desk->keeping);
    topology_destroy(&desk->topology);
}

static void desk_step(struct desk *desk, const struct coordinator_event *event)
{
    coordinator_step(desk->core, desk->source.now, event, &desk->effects);
    assert_int_equal(desk->effects.result, MN_OK);
    coordinator_effects_reset(&desk->effects);
}

static void desk_record(struct desk *desk, const struct mn_journal_record *record)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
    desk->sequence += 1;
    event.record.sequence = desk->sequence;
    event.record.generation = 1;
    event.record.record = record;
    desk_step(desk, &event);
}

static void desk_begin(struct desk *desk)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_BEGIN};
    event.begin.generation = desk->sequence > 0 ? 2 : 1;
    desk_step(desk, &event);
}

static void record_vat(struct desk *desk, const char *vat)
{
    struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
    record.vat.vat = mn_name_of(vat);
    record.vat.run = 1;
    record.vat.incarnation = 1;
    record.vat.host = mn_name_of("h1");
    desk_record(desk, &record);
}

/* A round that started v0 as the run after the round's number, and is done. */
static void record_round(struct desk *desk, uint64_t round, const char *answer,
                         const struct mn_name *lost, uint32_t lost_count)
{
    static struct mn_journal_start start;
    struct mn_journal_record record = {.kind = MN_JOURNAL_DECISION};
    mn_run run = (mn_run)round + 1;
    start.host = mn_name_of("h1");
    start.lost = 4501;
    start.start = (struct mn_start){.round = round,
                                    .vat = mn_name_of("v0"),
                                    .run = run,
                                    .incarnation = 1,
                                    .outcome = MN_REVIVED,
                                    .lineage = {.count = 1}};
    start.start.lineage.forks[0] = (struct mn_fork){.after = 0, .next = mn_epoch_first(run)};
    record.decision.round = round;
    record.decision.lost_vats = lost;
    record.decision.lost_vat_count = lost_count;
    record.decision.starts = &start;
    record.decision.start_count = 1;
    record.decision.suspected_at = 7;
    record.decision.lost_at = 8;
    record.decision.decided_at = 9;
    desk_record(desk, &record);
    if (answer != NULL) {
        record = (struct mn_journal_record){.kind = MN_JOURNAL_ANSWER};
        record.answer =
            (struct mn_journal_answer){.round = round, .json = answer, .size = strlen(answer)};
        desk_record(desk, &record);
    }
    record = (struct mn_journal_record){.kind = MN_JOURNAL_DONE};
    record.done.round = round;
    record.done.restored_at = 10;
    record.done.told_at = 11;
    desk_record(desk, &record);
}

static mn_result ask(struct desk *desk, enum mn_command command, uint64_t round, const char *vat)
{
    struct mn_operator_request request = {.request = 5, .command = command, .round = round};
    if (vat != NULL) {
        request.vat = mn_name_of(vat);
    }
    free(desk->json);
    answer_request(&desk->source, &request, &desk->reply, &desk->json);
    assert_int_equal(desk->reply.request, 5);
    assert_true((desk->reply.code == MN_OK) == (desk->json != NULL));
    return desk->reply.code;
}

static void names_every_vat_of_a_small_cluster(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    desk_begin(&desk);
    desk.hosts[0] = (struct answer_host){.refused = 3, .untaken = 40000, .room = 25536};
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json, "{\"generation\":1,\"hosts\":[{\"host\":\"h1\","));
    assert_non_null(strstr(desk.json, "\"refused\":3,"));
    assert_non_null(strstr(desk.json, "\"untaken\":40000,\"room\":25536}"));
    assert_non_null(strstr(desk.json, "{\"vat\":\"v1\",\"host\":\"h1\",\"state\":\"new\","));
    assert_non_null(
        strstr(desk.json, "\"counts\":{\"hosts\":{\"unknown\":1},\"vats\":{\"new\":2}}"));
    assert_non_null(strstr(desk.json, "\"kind\":\"listens\""));
    desk_close(&desk);
}

static void says_of_how_many_hosts_all_rows_are_in(void **state)
{
    struct desk desk;
    struct mn_up up = {.generation = 1, .disk = 1, .kind = MN_UP_HELLO};
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    (void)state;
    desk_open(&desk, 1);
    desk_begin(&desk);
    event.recorded.sequence = 1;
    desk_step(&desk, &event);
    event = (struct coordinator_event){.kind = COORDINATOR_ON_UP, .up = {.message = &up}};
    up.hello.host = mn_name_of("h1");
    up.hello.everything = true;
    desk_step(&desk, &event);
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json, "\"ledger\":{\"hosts\":1,\"hosts_told\":0,"));
    assert_non_null(strstr(desk.json, "\"told_all\":false"));
    up = (struct mn_up){.generation = 1, .disk = 1, .kind = MN_UP_HEARTBEAT};
    up.heartbeat.complete = true;
    desk_step(&desk, &event);
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json, "\"ledger\":{\"hosts\":1,\"hosts_told\":1,"));
    assert_non_null(strstr(desk.json, "\"told_all\":true"));
    desk_close(&desk);
}

/* Else a status would say forever that the ledger is not whole. */
static void waits_for_no_lost_host_to_tell_the_ledger_everything(void **state)
{
    struct desk desk;
    struct mn_name burned = mn_name_of("h1");
    struct mn_journal_record record = {.kind = MN_JOURNAL_DECISION};
    (void)state;
    desk_open(&desk, 0);
    record.decision.round = 1;
    record.decision.lost_hosts = &burned;
    record.decision.lost_host_count = 1;
    desk_record(&desk, &record);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json, "\"host\":\"h1\",\"state\":\"lost\""));
    assert_non_null(strstr(desk.json, "\"ledger\":{\"hosts\":0,\"hosts_told\":0,"));
    desk_close(&desk);
}

static void desk_hear(struct desk *desk, const struct mn_up *up)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_UP, .up = {.message = up}};
    desk_step(desk, &event);
}

/* Both vats have ended, and a freeze has room for one: no host is asked, so none is waited for. */
static void says_in_a_status_that_a_round_is_too_large(void **state)
{
    struct desk desk;
    struct mn_vat_status lost[] = {{.vat = mn_name_of("v0"), .run = 1, .state = MN_VAT_EXITED},
                                   {.vat = mn_name_of("v1"), .run = 1, .state = MN_VAT_EXITED}};
    struct mn_up hello = {.generation = 2, .disk = 1, .kind = MN_UP_HELLO};
    struct mn_up beat = {.generation = 2, .disk = 1, .kind = MN_UP_HEARTBEAT};
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    (void)state;
    desk_open(&desk, 2);
    desk.core->suspect_count_max = 1;
    record_vat(&desk, "v0");
    record_vat(&desk, "v1");
    desk_begin(&desk);
    event.recorded.sequence = 3;
    desk_step(&desk, &event);
    hello.hello.host = mn_name_of("h1");
    hello.hello.vats = lost;
    hello.hello.vat_count = 2;
    desk_hear(&desk, &hello);
    event.recorded.sequence = 4; /* of the host's disk */
    desk_step(&desk, &event);
    beat.heartbeat.complete = true;
    event = (struct coordinator_event){.kind = COORDINATOR_ON_TICK};
    for (int second = 0; second < 15; second++) {
        desk.source.now += MN_SECOND;
        desk_hear(&desk, &beat);
        desk_step(&desk, &event);
    }
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json,
                           "\"waits\":[{\"kind\":\"round\",\"round\":1,\"host\":null,"
                           "\"vat\":null,\"left_ms\":0,\"text\":\"more suspects than one freeze "
                           "can name; divide the cluster into cells\"}]"));
    desk_close(&desk);
}

static void counts_what_is_too_much_to_name_in_a_status(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 10000);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_STATUS, 0, NULL), MN_OK);
    assert_non_null(strstr(desk.json, "{\"vat\":\"v4095\","));
    assert_null(strstr(desk.json, "{\"vat\":\"v4096\","));
    assert_non_null(strstr(desk.json, "\"vats\":{\"new\":10000}}"));
    assert_non_null(strstr(desk.json, "\"left_out\":{\"hosts_up\":0,\"hosts_other\":0,"
                                      "\"vats_up\":0,\"vats_other\":5904}"));
    desk_close(&desk);
}

static void says_what_to_do_when_a_round_does_not_fit(void **state)
{
    enum { NAME_COUNT = 42000 };
    struct desk desk;
    struct mn_name *names = calloc(NAME_COUNT, sizeof *names);
    (void)state;
    assert_non_null(names);
    for (int i = 0; i < NAME_COUNT; i++) {
        memset(names[i].text, 'n', 100);
    }
    desk_open(&desk, 1);
    record_vat(&desk, "v0");
    record_round(&desk, 1, "{}", names, NAME_COUNT);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_TOO_LARGE);
    assert_string_equal(
        desk.reply.text,
        "the answer does not fit into a reply of 4190208 bytes; ask for one vat at "
        "a time (explain), or read rounds/N.evidence.json (or .bin) in the coordinator's "
        "data directory with: mneme cut");
    desk_close(&desk);
    free(names);
}

static void shows_a_round_of_the_journal(void **state)
{
    struct desk desk;
    struct mn_name lost = mn_name_of("v0");
    (void)state;
    desk_open(&desk, 2);
    record_vat(&desk, "v0");
    record_round(&desk, 1, "{}", &lost, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_OK);
    assert_string_equal(
        desk.json,
        "{\"rounds\":[{\"round\":1,\"state\":\"done\",\"attempt\":0,\"suspected_at\":7,"
        "\"lost_at\":8,\"decided_at\":9,\"restored_at\":10,\"told_at\":11,\"lost_hosts\":[],"
        "\"lost_vats\":[\"v0\"],\"revived\":1,\"rolled_back\":0,\"reset\":0,\"lost_ms\":4500,"
        "\"lost_unknown\":0,\"restored\":[{"
        "\"vat\":\"v0\",\"host\":\"h1\",\"run\":2,\"incarnation\":1,\"keep\":0,"
        "\"outcome\":\"revived\",\"lost_ms\":4500}],\"told\":[],\"steps\":[]}],\"older_left_out\":"
        "0,\"forgotten\":false,\"recalls\":[]"
        "}");
    desk_close(&desk);
}

/* Two rounds of 21,000 names of 100 bytes, more than two megabytes each, and a small one. */
static void leaves_out_the_oldest_rounds_of_those_that_do_not_fit(void **state)
{
    enum { NAME_COUNT = 21000 };
    struct desk desk;
    struct mn_name *names = calloc(NAME_COUNT, sizeof *names);
    (void)state;
    assert_non_null(names);
    for (int i = 0; i < NAME_COUNT; i++) {
        memset(names[i].text, 'n', 100);
    }
    desk_open(&desk, 1);
    record_vat(&desk, "v0");
    record_round(&desk, 1, "{}", names, NAME_COUNT);
    record_round(&desk, 2, "{}", names, NAME_COUNT);
    record_round(&desk, 3, "{}", names, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_OK);
    assert_true(desk.reply.json_size < ANSWER_SIZE_MAX);
    assert_non_null(strstr(desk.json, "{\"rounds\":[{\"round\":2,"));
    assert_non_null(strstr(desk.json, "\"older_left_out\":1,"));
    desk_close(&desk);
    free(names);
}

static const char chained[] =
    "{\"summary\": {\"running\": 1}, \"vats\": {"
    "\"v0\": {\"outcome\": \"rolled_back\", \"because\": {\"orphan\": {\"epoch\": 4, "
    "\"heard\": {\"vat\": \"v2\", \"epoch\": 3}, \"kept\": 2}}}, "
    "\"v1\": {\"outcome\": \"running\"}, "
    "\"v2\": {\"outcome\": \"rolled_back\", \"because\": {\"lost\": [{\"host\": \"h1\"}]}}, "
    "\"v3\": {\"outcome\": \"rolled_back\", \"because\": {\"orphan\": {\"epoch\": 4, "
    "\"heard\": {\"vat\": \"v3\", \"epoch\": 3}, \"kept\": 2}}}}}";

static void explains_with_the_rows_on_the_chain_and_no_others(void **state)
{
    struct desk desk;
    struct mn_name lost = mn_name_of("v0");
    (void)state;
    desk_open(&desk, 9);
    record_vat(&desk, "v0");
    record_round(&desk, 1, chained, &lost, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 2, "v0"), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "there is no round 2; there is round 1 only");
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 1, "v0"), MN_OK);
    assert_non_null(strstr(desk.json, "\"round\":1,\"vat\":\"v0\",\"state\":\"done\",\"start\":{"
                                      "\"host\":\"h1\",\"run\":2,"));
    assert_non_null(strstr(desk.json, "\"summary\":{\"running\":1}"));
    assert_non_null(strstr(desk.json, "\"v2\":{"));
    assert_null(strstr(desk.json, "\"v1\""));
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 1, "v1"), MN_OK);
    assert_non_null(strstr(desk.json, "\"start\":null"));
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 1, "v3"), MN_OK); /* leads back to itself */
    desk_close(&desk);
}

static void says_which_rounds_and_vats_there_are(void **state)
{
    struct desk desk;
    struct mn_name lost = mn_name_of("v0");
    (void)state;
    desk_open(&desk, 9);
    record_vat(&desk, "v0");
    record_round(&desk, 1, chained, &lost, 1);
    record_round(&desk, 3, "no answer at all", &lost, 1);
    record_round(&desk, 4, NULL, &lost, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 7, "v0"), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "there is no round 7; there are rounds 1 to 4");
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 1, "x"), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "there is no vat x; there are v0, v1, v2, v3, v4, v5, v6, "
                                         "v7 and 1 more");
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 1, "v8"), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "round 1 says nothing of v8: that vat was not there yet");
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 3, "v0"), MN_CORRUPT);
    assert_string_equal(desk.reply.text, "the answer of round 3 in the journal is damaged");
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 4, "v0"), MN_NOT_FOUND);
    assert_memory_equal(desk.reply.text, "why round 4 decided so is not at hand: ", 39);
    desk_close(&desk);
}

static void record_step(struct desk *desk, enum mn_step step, uint64_t round, const char *reason)
{
    static const struct mn_name reset[1] = {{"v0"}};
    struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
    record.step = (struct mn_journal_step){.step = step,
                                           .round = round,
                                           .bounds = {.plan = 0xabc,
                                                      .restored = 3,
                                                      .rolled_back = 1,
                                                      .reset = reset,
                                                      .reset_count = 1,
                                                      .spared = 4,
                                                      .unsure = 2},
                                           .operator_name = mn_name_of("alice"),
                                           .key = KEY_1,
                                           .at = 8};
    (void)snprintf(record.step.reason, sizeof record.step.reason, "%s", reason);
    desk_record(desk, &record);
}

static void shows_what_operators_said_of_each_round(void **state)
{
    struct desk desk;
    struct mn_name lost = mn_name_of("v0");
    (void)state;
    desk_open(&desk, 9);
    record_vat(&desk, "v0");
    record_step(&desk, MN_STEP_REJECT, 1, "wait");
    record_step(&desk, MN_STEP_APPROVE, 2, "the rack burned"); /* to another coordinator */
    record_round(&desk, 3, chained, &lost, 1);
    record_round(&desk, 4, chained, &lost, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_OK);
    assert_non_null(strstr(
        desk.json, "\"steps\":[{\"step\":\"reject\",\"round\":1,\"plan\":\"0000000000000abc\","
                   "\"bounds\":{\"restored\":3,\"rolled_back\":1,\"resets\":1,\"reset\":[\"v0\"],"
                   "\"spared\":4,\"unsure\":2},"
                   "\"operator\":\"alice\",\"key\":\"" KEY_1 "\",\"reason\":\"wait\",\"at\":8},"
                   "{\"step\":\"approve\",\"round\":2,"));
    assert_non_null(strstr(desk.json, "\"told\":[],\"steps\":[]}],"));
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 3, "v0"), MN_OK);
    assert_non_null(strstr(desk.json, "\"reason\":\"the rack burned\""));
    assert_int_equal(ask(&desk, MN_COMMAND_EXPLAIN, 4, "v0"), MN_OK);
    assert_non_null(strstr(desk.json, "\"steps\":[],"));
    assert_int_equal(ask(&desk, MN_COMMAND_PLAN, 3, NULL), MN_OK);
    assert_non_null(strstr(
        desk.json, "{\"round\":3,\"state\":\"done\",\"attempt\":0,\"waits\":false,\"steps\":[{"));
    assert_int_equal(ask(&desk, MN_COMMAND_PLAN, 7, NULL), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "there is no round 7; there are rounds 3 to 4");
    desk_close(&desk);
}

static void shows_which_disks_operators_had_adopted(void **state)
{
    struct desk desk;
    struct mn_name lost = mn_name_of("v0");
    struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
    (void)state;
    desk_open(&desk, 1);
    record_vat(&desk, "v0");
    record.step = (struct mn_journal_step){.step = MN_STEP_ADOPT,
                                           .round = 3,
                                           .vat = mn_name_of("v0"),
                                           .run = 1,
                                           .host = mn_name_of(desk.topology->hosts[0].name),
                                           .store = "/mnt/found",
                                           .operator_name = mn_name_of("alice"),
                                           .key = KEY_1,
                                           .reason = "it was found",
                                           .at = 8};
    desk_record(&desk, &record);
    record_round(&desk, 3, chained, &lost, 1);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_OK);
    assert_non_null(
        strstr(desk.json,
               "\"steps\":[{\"step\":\"adopt\",\"round\":3,\"vat\":\"v0\",\"run\":1,"
               "\"host\":\"h1\",\"store\":\"/mnt/found\",\"operator\":\"alice\",\"key\":\"" KEY_1
               "\",\"reason\":\"it was found\",\"at\":8}]"));
    assert_int_equal(ask(&desk, MN_COMMAND_ADOPT, 0, "v0"), MN_NOT_FOUND);
    assert_string_equal(desk.reply.text, "this coordinator knows nothing of that adoption of v0: "
                                         "say the same again");
    assert_int_equal(ask(&desk, MN_COMMAND_ADOPT, 0, "v9"), MN_NOT_FOUND);
    desk_close(&desk);
}

static void shows_what_operators_had_it_go_on_without(void **state)
{
    struct desk desk;
    struct mn_name absent[2] = {mn_name_of("h1"), mn_name_of("h3")};
    struct mn_journal_record record = {.kind = MN_JOURNAL_RECALL};
    (void)state;
    desk_open(&desk, 1);
    record.recall = (struct mn_journal_recall){.operator_name = mn_name_of("alice"),
                                               .key = KEY_1,
                                               .reason = "they burned",
                                               .absent = absent,
                                               .absent_count = 2,
                                               .at = 8};
    desk_record(&desk, &record);
    desk_begin(&desk);
    assert_int_equal(ask(&desk, MN_COMMAND_ROUNDS, 0, NULL), MN_OK);
    assert_string_equal(desk.json, "{\"rounds\":[],\"older_left_out\":0,\"forgotten\":true,"
                                   "\"recalls\":[{\"operator\":\"alice\",\"key\":\"" KEY_1
                                   "\",\"reason\":\"they burned\","
                                   "\"absent\":[\"h1\",\"h3\"],\"record\":1,\"at\":8}]}");
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_vat_of_a_small_cluster),
        cmocka_unit_test(says_of_how_many_hosts_all_rows_are_in),
        cmocka_unit_test(waits_for_no_lost_host_to_tell_the_ledger_everything),
        cmocka_unit_test(says_in_a_status_that_a_round_is_too_large),
        cmocka_unit_test(counts_what_is_too_much_to_name_in_a_status),
        cmocka_unit_test(says_what_to_do_when_a_round_does_not_fit),
        cmocka_unit_test(shows_a_round_of_the_journal),
        cmocka_unit_test(leaves_out_the_oldest_rounds_of_those_that_do_not_fit),
        cmocka_unit_test(explains_with_the_rows_on_the_chain_and_no_others),
        cmocka_unit_test(says_which_rounds_and_vats_there_are),
        cmocka_unit_test(shows_what_operators_said_of_each_round),
        cmocka_unit_test(shows_which_disks_operators_had_adopted),
        cmocka_unit_test(shows_what_operators_had_it_go_on_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
