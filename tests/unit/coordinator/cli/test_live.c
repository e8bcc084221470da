/* The coordinator's answers in words, from canned facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/live.h"

#define KEY_C "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_3 "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static const char topology_text[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\", "
    "key: \"" KEY_C "\"}\n"
    "domains: {r2: {}}\n"
    "hosts: {h3: {in: r2, agent: \"tcp://127.0.0.1:7103\", address: 127.0.0.1, key: \"" KEY_3
    "\"}}\n"
    "checkpoints: {stores: 1}\n";

typedef mn_result tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                       bool colour);

static void tells(tell *how, json_t *facts, const char *expected)
{
    struct topology *topology = NULL;
    struct mn_text text = {0};
    struct mn_error error = {{0}};
    assert_non_null(facts);
    mn_result read = topology_read(topology_text, strlen(topology_text), "t", &topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(read, MN_OK);
    assert_int_equal(how(&text, facts, topology, false), MN_OK);
    assert_string_equal(text.bytes, expected);
    mn_text_deinit(&text);
    topology_destroy(&topology);
    json_decref(facts);
}

/* Facts are written with ' in place of ". */
static json_t *facts_of(const char *text)
{
    char *copy = strdup(text);
    json_error_t error;
    assert_non_null(copy);
    for (char *at = strchr(copy, '\''); at != NULL; at = strchr(at, '\'')) {
        *at = '"';
    }
    json_t *facts = json_loads(copy, 0, &error);
    if (facts == NULL) {
        fail_msg("%s at %d: %s", error.text, error.position, copy);
    }
    free(copy);
    return facts;
}

static void shows_a_small_cluster_whole(void **state)
{
    (void)state;
    tells(
        status_tell,
        facts_of("{'generation': 3,"
                 "'hosts': [{'host': 'h1', 'state': 'up', 'known': true, 'silence_ms': 12,"
                 "           'lag_ms': 0, 'disk_ms': 1, 'refused': 0, 'vats': 2},"
                 "          {'host': 'h3', 'state': 'lost', 'known': false, 'silence_ms': 1234,"
                 "           'lag_ms': 0, 'disk_ms': 2, 'refused': 1000, 'vats': 0},"
                 "          {'host': 'h4', 'state': 'suspect', 'known': true, 'silence_ms': 5678,"
                 "           'agent_only': true, 'lag_ms': 0, 'disk_ms': 0, 'refused': 0,"
                 "           'vats': 1}],"
                 "'vats': [{'vat': 'x3', 'host': 'h5', 'state': 'starting', 'run': 2,"
                 "          'incarnation': 1, 'floor': 4294967345}],"
                 "'waits': [{'kind': 'start', 'round': 1, 'text': 'vat x3, which is being "
                 "restored on host h5'}], 'more_waits': false,"
                 "'counts': {'hosts': {'up': 1, 'lost': 1, 'suspect': 1}, 'vats': {'starting': 1}},"
                 "'left_out': {'hosts_up': 0, 'hosts_other': 0, 'vats_up': 0, 'vats_other': 0},"
                 "'ledger': {'vats': 12, 'checkpoints': 96, 'heard': 1152, 'bytes': 65536}}"),
        "generation 3; ledger: 96 checkpoints of 12 vats, 1,152 heard entries, 64 "
        "KiB\n"
        "\n"
        "hosts: 1 up, 1 lost, 1 suspect\n"
        "  HOST  STATE                    SILENT   LAG  DISK  REFUSED  VATS\n"
        "  h1    up                        12 ms  0 ms  1 ms        0     2\n"
        "  h3    lost                     1.23 s     -  2 ms    1,000     0\n"
        "  h4    suspect, only its agent  5.67 s  0 ms  0 ms        0     1\n"
        "\n"
        "vats: 1 starting\n"
        "  VAT  STATE     HOST  RUN  INCARNATION  FLOOR\n"
        "  x3   starting  h5      2            1   1.49\n"
        "\n"
        "waits for:\n"
        "  vat x3, which is being restored on host h5 (round 1)\n");
}

/* Also of hosts that are up, and are not named one by one. */
static void shows_where_checkpoints_pile_up(void **state)
{
    (void)state;
    tells(status_tell,
          facts_of("{'generation': 3,"
                   "'hosts': [{'host': 'h1', 'state': 'up', 'known': true, 'vats': 2,"
                   "           'untaken': 40123, 'room': 25413}],"
                   "'vats': [], 'waits': [],"
                   "'counts': {'hosts': {'up': 30}, 'vats': {}},"
                   "'left_out': {'hosts_up': 29, 'hosts_other': 0, 'vats_up': 0, 'vats_other': 0},"
                   "'ledger': {}}"),
          "generation 3; ledger: 0 checkpoints of 0 vats, 0 heard entries, 0 bytes\n"
          "\n"
          "hosts: 30 up\n"
          "  and 30 that are up\n"
          "\n"
          "checkpoints pile up:\n"
          "  host h1 has 40,123 of one vat that no coordinator has taken, and room for\n"
          "    25,413 more; after that none is durable, and what the vat sends waits\n"
          "  A coordinator that leads takes them: have the keepers come back that do not\n"
          "    answer, or go on without them by mneme recall\n"
          "\n"
          "vats: none\n");
}

static void shows_which_keepers_are_missing(void **state)
{
    (void)state;
    tells(status_tell,
          facts_of("{'generation': 0, 'hosts': [], 'vats': [], 'waits': [],"
                   "'counts': {'hosts': {}, 'vats': {}}, 'ledger': {}, 'left_out': {},"
                   "'keepers': {'state': 'asking', 'newest': 1234, 'in_force': 0,"
                   " 'text': 'it begins when 2 keepers that are whole have answered; whoever is "
                   "gone for good is given up', 'keepers': ["
                   " {'host': 'h1', 'answers': true, 'counts': true, 'member': 'whole',"
                   "  'kept': 1234},"
                   " {'host': 'h3', 'answers': false, 'counts': false, 'member': 'blank',"
                   "  'kept': 0}]}}"),
          "generation 0; ledger: 0 checkpoints of 0 vats, 0 heard entries, 0 bytes\n"
          "\n"
          "journal: asking, record 1,234, in force up to 0\n"
          "  it begins when 2 keepers that are whole have answered; whoever is gone for\n"
          "    good is given up\n"
          "  KEEPER  ANSWERS  VOTES  MEMBER  KEEPS\n"
          "  h1      yes      yes    whole   1,234\n"
          "  h3      no       no     blank       0\n"
          "\n"
          "hosts: none\n"
          "\n"
          "vats: none\n");
}

static void shows_a_keeper_that_is_being_replaced(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    tells(keepers_tell,
          facts_of("{'state': 'leading', 'newest': 1234, 'in_force': 1233, 'text': '',"
                   "'change': 'joint', 'keepers': ["
                   " {'host': 'h1', 'answers': true, 'counts': true, 'member': 'whole',"
                   "  'kept': 1234, 'now': true, 'next': true},"
                   " {'host': 'h3', 'answers': false, 'counts': false, 'member': 'whole',"
                   "  'kept': 900, 'now': true, 'next': false},"
                   " {'host': 'h5', 'answers': true, 'counts': true, 'member': 'whole',"
                   "  'kept': 1233, 'now': false, 'next': true}],"
                   "'changes': [{'from': 'h3', 'to': 'h7', 'state': 'taken_back', 'record': 1230,"
                   "  'operator': 'alice', 'key': 'k', 'reason': 'it burned',"
                   "  'at': 1782000000123000000},"
                   " {'from': 'h7', 'to': 'h3', 'state': 'done', 'record': 1231,"
                   "  'operator': 'bob', 'key': 'k', 'reason': 'h7 too',"
                   "  'at': 1782000001123000000},"
                   " {'from': 'h3', 'to': 'h5', 'state': 'joint', 'record': 1233,"
                   "  'operator': 'alice', 'key': 'k', 'reason': 'it burned',"
                   "  'at': 1782000002123000000}]}"),
          "journal: leading, record 1,234, in force up to 1,233\n"
          "  KEEPER  ANSWERS  VOTES  MEMBER         KEEPS\n"
          "  h1      yes      yes    whole          1,234\n"
          "  h3      no       no     whole, leaves    900\n"
          "  h5      yes      yes    whole, comes   1,233\n"
          "one is being replaced: it takes a majority of the old and one of the new\n"
          "replaced:\n"
          "  h3 by h7, taken back, 2026-06-21T00:00:00.123+00:00, record 1,230, by alice: it "
          "burned\n"
          "  h7 by h3, 2026-06-21T00:00:01.123+00:00, record 1,231, by bob: h7 too\n"
          "  h3 by h5, not in force yet, 2026-06-21T00:00:02.123+00:00, record 1,233, by alice: it "
          "burned\n");
}

static void says_which_keeper_a_replacement_waits_for(void **state)
{
    (void)state;
    tells(keepers_tell,
          facts_of("{'state': 'leading', 'newest': 22, 'in_force': 22, 'text': '',"
                   "'change': 'filling', 'keepers': ["
                   " {'host': 'h1', 'answers': true, 'counts': true, 'member': 'whole',"
                   "  'kept': 22, 'now': true, 'next': true},"
                   " {'host': 'h3', 'answers': false, 'counts': false, 'member': 'blank',"
                   "  'kept': 0, 'now': false, 'next': true}], 'changes': []}"),
          "journal: leading, record 22, in force up to 22\n"
          "  KEEPER  ANSWERS  VOTES  MEMBER        KEEPS\n"
          "  h1      yes      yes    whole            22\n"
          "  h3      no       no     blank, comes      0\n"
          "one is being replaced: who comes is filled up first\n"
          "  it waits for h3, which does not answer: have its agent started, or name\n"
          "    another\n");
}

static void shows_a_plan_what_it_costs_and_what_to_type(void **state)
{
    (void)state;
    tells(
        plan_tell,
        facts_of(
            "{'round': 3, 'state': 'plan', 'waits': true, 'asks': ['share', 'reset'],"
            "'plan': '00000000000000ff', 'rejected': false,"
            "'bounds': {'restored': 3, 'rolled_back': 1, 'resets': 9, 'reset': ['x3', 'y1', 'y2',"
            "  'y3', 'y4', 'y5', 'y6', 'y7', 'y8'], 'spared': 1, 'unsure': 1},"
            "'word': {'step': 'approve', 'bounds': {'restored': 3, 'rolled_back': 1, 'resets': 0,"
            "  'reset': [], 'spared': 0, 'unsure': 0}}, 'steps': [],"
            "'vats': 12, 'cost': {'restored': 3, 'revived': 1, 'rolled_back': 1,"
            "'reset': 1, 'spared': 1, 'told': 2, 'unsure': 0, 'epochs_lost': 57, 'lost_ms': 4500,"
            "'lost_unknown': 1, 'restore_ms': 300},"
            "'places': {'hosts': 4, 'moved': 2},"
            "'causes': [{'kind': 'host', 'name': 'h3', 'count': 2, 'revived': 1,"
            "  'rolled_back': 0, 'reset': 1, 'lost_ms': 1500, 'lost_unknown': 1, 'vats': ["
            "    {'vat': 'x3', 'outcome': 'reset', 'keep': 0, 'sure': true, 'host': 'h5',"
            "     'lost_ms': null},"
            "    {'vat': 'y3', 'outcome': 'revived', 'keep': 4294967306, 'sure': true,"
            "     'host': 'h6', 'lost_ms': 1500}]},"
            "  {'kind': 'peer', 'name': 'x3', 'count': 1, 'revived': 0,"
            "  'rolled_back': 1, 'reset': 0, 'lost_ms': 3000, 'lost_unknown': 0, 'vats': [{'vat': "
            "'x4', 'outcome':"
            "  'rolled_back', 'keep': 4294967297, 'sure': false, 'host': 'h4',"
            "  'lost_ms': 3000}]}],"
            "'tell': {'roots': ['x3'], 'count': 1, 'cost': {'revived': 1,"
            "  'rolled_back': 0, 'reset': 1, 'told': 3, 'epochs_lost': 50, 'restored': 2,"
            "  'lost_ms': 1500, 'lost_unknown': 1},"
            "  'changed': [{'vat': 'x4', 'outcome': 'rolled_back',"
            "  'instead': 'running'}]}}"),
        "round 3: plan\n"
        "  restores 3 of 12 vats: 1 revived, 1 rolled back, 1 reset\n"
        "  1 spared, 2 told, 57 epochs lost\n"
        "  work lost: 4.5 s, and of 1 vat it is not known\n"
        "  time to restore: about 300 ms, as it went in the newest round\n"
        "  2 vats go to another host; 4 hosts have room\n"
        "  because\n"
        "    host h3 is lost: 1 revived, 0 rolled back, 1 reset; work lost: 1.5 s, and\n"
        "      of 1 vat it is not known\n"
        "      x3: reset, on h5\n"
        "      y3: revived, keeps 1.10, on h6, loses 1.5 s\n"
        "    they heard what x3 forgets: 0 revived, 1 rolled back, 0 reset; work lost: 3\n"
        "      s\n"
        "      x4: rolled back, keeps 1.1, on h4, loses 3 s; not sure\n"
        "  with policy.tell: [x3]: 1 revived, 0 rolled back, 1 reset; 3 told, 50 epochs\n"
        "    lost; work lost: 1.5 s, and of 1 vat it is not known\n"
        "    x4: running, not rolled back\n"
        "  waits for an operator's approval: it restores more of the fleet than policy\n"
        "    lets pass; it resets a vat\n"
        "  it takes more than was approved\n"
        "  approved was up to 3 restored, 1 rolled back, 0 spared, 0 not sure, and to\n"
        "    reset none\n"
        "  an approval binds it to up to 3 restored, 1 rolled back, 1 spared, 1 not\n"
        "    sure, and to reset: x3, y1, y2, y3, y4, y5, y6, y7 and 1 more\n"
        "  mneme approve 3 --plan 00000000000000ff --reason TEXT\n"
        "  mneme reject 3 --plan 00000000000000ff --reason TEXT\n");
}

static void shows_who_had_it_go_on_without_keepers(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    tells(rounds_tell,
          facts_of("{'rounds': [], 'older_left_out': 0, 'forgotten': true,"
                   "'recalls': [{'operator': 'alice', 'reason': 'they burned',"
                   "'absent': ['h1', 'h3'], 'record': 1234, 'at': 0}]}"),
          "no round on record\n"
          "there may have been rounds that are not known: this journal was lost, or an old\n"
          "  one, or went on without keepers that knew more\n"
          "\n"
          "recalls:\n"
          "  1970-01-01T00:00:00.000+00:00 by alice: they burned\n"
          "    without keepers: h1, h3\n"
          "    the journal goes on from record 1,234; of what was before, it has what is\n"
          "      shown\n");
}

static void shows_who_said_what_of_a_plan(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    tells(plan_tell,
          facts_of("{'round': 3, 'state': 'done', 'waits': false, 'steps': ["
                   "{'step': 'reject', 'operator': 'alice', 'reason': 'wait', 'at': 0},"
                   "{'step': 'approve', 'operator': 'bob', 'reason': 'it burned', "
                   "'at': 1000000000}]}"),
          "round 3: done; it has decided: see mneme rounds\n"
          "  rejected 1970-01-01T00:00:00.000+00:00 by alice: wait\n"
          "  approved 1970-01-01T00:00:01.000+00:00 by bob: it burned\n");
}

static void shows_how_far_a_ledger_is_that_is_rebuilt(void **state)
{
    (void)state;
    tells(status_tell,
          facts_of("{'generation': 2, 'hosts': [], 'vats': [], 'waits': [],"
                   "'counts': {'hosts': {}, 'vats': {}}, 'left_out': {},"
                   "'ledger': {'hosts': 1200, 'hosts_told': 1097}}"),
          "generation 2; ledger: 0 checkpoints of 0 vats, 0 heard entries, 0 bytes\n"
          "1,097 of 1,200 hosts have told the ledger everything\n"
          "\n"
          "hosts: none\n"
          "\n"
          "vats: none\n");
}

static void names_the_former_lives_that_are_set_aside(void **state)
{
    (void)state;
    tells(status_tell,
          facts_of("{'generation': 1, 'hosts': [], 'vats': [], 'waits': [],"
                   "'counts': {'hosts': {}, 'vats': {}}, 'ledger': {}, 'left_out': {},"
                   "'aside': [{'vat': 'x3', 'host': 'h3', 'run': 1, 'checkpoints': 50},"
                   "          {'vat': 'y3', 'host': 'h3', 'run': 2, 'checkpoints': 1}],"
                   "'more_aside': false}"),
          "generation 1; ledger: 0 checkpoints of 0 vats, 0 heard entries, 0 bytes\n"
          "\n"
          "hosts: none\n"
          "\n"
          "vats: none\n"
          "\n"
          "set aside:\n"
          "  x3 run 1 on h3: 50 checkpoints of a former life\n"
          "  y3 run 2 on h3: 1 checkpoint of a former life\n");
}

static json_t *large_cluster(int count, int lost)
{
    json_t *facts = facts_of("{'generation': 1, 'hosts': [], 'vats': [], 'waits': [],"
                             "'counts': {'hosts': {}, 'vats': {}}, 'ledger': {},"
                             "'left_out': {'vats_up': 7, 'vats_other': 5000}}");
    json_t *hosts = json_object_get(facts, "hosts");
    for (int i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "h%d", i);
        assert_int_equal(
            json_array_append_new(hosts, json_pack("{s:s, s:s, s:b}", "host", name, "state",
                                                   i < lost ? "lost" : "up", "known", 1)),
            0);
    }
    json_t *counts = json_object_get(json_object_get(facts, "counts"), "hosts");
    assert_int_equal(json_object_set_new(counts, "lost", json_integer(lost)), 0);
    assert_int_equal(json_object_set_new(counts, "up", json_integer(count - lost)), 0);
    return facts;
}

static void counts_of_ten_thousand_hosts_those_that_are_up(void **state)
{
    (void)state;
    tells(status_tell, large_cluster(10000, 2),
          "generation 1; ledger: 0 checkpoints of 0 vats, 0 heard entries, 0 bytes\n"
          "\n"
          "hosts: 2 lost, 9,998 up\n"
          "  HOST  STATE  SILENT   LAG  DISK  REFUSED  VATS\n"
          "  h0    lost     0 ms  0 ms  0 ms        0     0\n"
          "  h1    lost     0 ms  0 ms  0 ms        0     0\n"
          "  and 9,998 that are up\n"
          "\n"
          "vats: none\n"
          "  and 5,000 more that are not up; --json names more\n"
          "  and 7 that are up\n");
}

static void names_fifty_of_the_lost_and_counts_the_rest(void **state)
{
    (void)state;
    struct mn_text text = {0};
    json_t *facts = large_cluster(10000, 3000);
    assert_int_equal(status_tell(&text, facts, NULL, false), MN_OK);
    assert_non_null(strstr(text.bytes, "  h49   lost "));
    assert_null(strstr(text.bytes, "  h50   lost "));
    assert_non_null(strstr(text.bytes, "  and 2,950 more that are not up; --json names them\n"
                                       "  and 7,000 that are up\n"));
    mn_text_deinit(&text);
    json_decref(facts);
}

static void shows_a_round_with_times_from_the_suspicion_on(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    tells(rounds_tell,
          facts_of("{'rounds': [{'round': 1, 'state': 'tell', 'attempt': 1,"
                   "'suspected_at': 1782000000123000000, 'lost_at': 1782000000423000000,"
                   "'decided_at': 1782000001500000000, 'restored_at': 1782000001700000000,"
                   "'told_at': 0, 'lost_hosts': ['h3', 'h4'], 'lost_vats': ['x3'],"
                   "'revived': 1, 'rolled_back': 0, 'reset': 0, 'lost_ms': 1500,"
                   "'lost_unknown': 0, 'restored': [{'vat': 'x3', 'host': 'h5', 'run': 2, "
                   "'incarnation': 1,"
                   "              'keep': 4294967353, 'outcome': 'revived'}],"
                   "'told': [{'vat': 'x1', 'notices': []}]}], 'older_left_out': 2}"),
          "2 older rounds are not shown\n"
          "\n"
          "round 1: tell; 1 revived, 0 rolled back, 0 reset, 1 told; work lost: 1.5 s\n"
          "  suspected  2026-06-21T00:00:00.123+00:00\n"
          "  lost       2026-06-21T00:00:00.423+00:00  +300 ms\n"
          "  decided    2026-06-21T00:00:01.500+00:00  +1.37 s\n"
          "  restored   2026-06-21T00:00:01.700+00:00  +1.57 s\n"
          "  lost hosts: h3, h4\n"
          "  lost vats: x3\n"
          "  told: x1\n"
          "  VAT  OUTCOME  KEEPS  HOST  RUN\n"
          "  x3   revived   1.57  h5      2\n");
}

static void says_that_there_was_no_round(void **state)
{
    (void)state;
    tells(rounds_tell, facts_of("{'rounds': [], 'older_left_out': 0}"),
          "no round yet: nothing was ever lost\n");
}

static void explains_a_vat_that_was_revived(void **state)
{
    (void)state;
    tells(explain_tell,
          facts_of("{'round': 1, 'vat': 'x3', 'start': {'host': 'h5', 'run': 2, 'incarnation': 1,"
                   " 'keep': 4294967353, 'outcome': 'revived', 'lost_ms': 1500},"
                   "'answer': {'vats': {'x3': {'outcome': 'revived', 'was': 'lost',"
                   " 'keep': 4294967353, 'incarnation': 1, 'sure': true, 'spared': false,"
                   " 'forgot': null, 'because': {'lost': [{'host': 'h3'}]}, 'told': []}}}}"),
          "x3 was lost with host h3 (in r2). It went on from checkpoint 1.57 on host h5 as\n"
          "  run 2: nothing of it was forgotten, so no peer can tell. It lost 1.5 s of its\n"
          "  work.\n");
}

static void explains_a_vat_that_a_peer_took_back(void **state)
{
    (void)state;
    tells(explain_tell,
          facts_of("{'round': 2, 'vat': 'a', 'start': {'host': 'h5', 'run': 2},"
                   "'answer': {'vats': {"
                   "'a': {'outcome': 'rolled_back', 'was': 'running', 'keep': 4294967300,"
                   " 'incarnation': 2, 'sure': true, 'spared': false,"
                   " 'forgot': {'after': 4294967300, 'through': 4294967303, 'told': false},"
                   " 'because': {'orphan': {'epoch': 4294967302,"
                   "             'heard': {'vat': 'b', 'epoch': 4294967305}, 'kept': 4294967304}},"
                   " 'told': [{'vat': 'b', 'incarnation': 2, 'kept': 4294967304, 'you_heard': null,"
                   "           'forgot_you': [4294967299, 4294967300]}]},"
                   "'b': {'outcome': 'rolled_back', 'was': 'lost', 'keep': 4294967304,"
                   " 'incarnation': 2, 'sure': true, 'because': {'lost': [{'host': 'h3'}]}}}}}"),
          "a ran, and was taken back because of a peer. It was rolled back to checkpoint\n"
          "  1.4 on host h5 as run 2. It forgot everything after checkpoint 1.4, up to\n"
          "  epoch 1.7; it is incarnation 2 from then on.\n"
          "  Why:\n"
          "      in epoch 1.6 it heard epoch 1.9 of b, which keeps 1.8\n"
          "      and b: lost: host h3\n"
          "  a is told that b forgot everything after checkpoint 1.8, and is incarnation 2\n"
          "    now; its own epochs 1.3 to 1.4 are forgotten there\n");
}

static void explains_a_vat_of_which_nothing_is_left(void **state)
{
    (void)state;
    tells(explain_tell,
          facts_of("{'round': 1, 'vat': 'a', 'start': {'host': 'h5', 'run': 2},"
                   "'answer': {'vats': {'a': {'outcome': 'reset', 'was': 'lost', 'keep': 0,"
                   " 'incarnation': 2, 'sure': false,"
                   " 'forgot': {'after': 0, 'through': null, 'told': true},"
                   " 'because': {'lost': [{'domain': 'r2'}]}, 'told': []}}}}"),
          "a was lost with domain r2. It was reset: none of its checkpoints could be kept,\n"
          "  so it began anew on host h5 as run 2. It forgot everything after its birth;\n"
          "  it is incarnation 2 from then on. Its peers were told, instead of being taken\n"
          "  back with it. This is not sure: not everyone had answered.\n");
}

static void explains_a_vat_that_ran_on_and_was_told(void **state)
{
    (void)state;
    tells(explain_tell,
          facts_of("{'round': 1, 'vat': 'x1', 'start': null,"
                   "'answer': {'vats': {'x1': {'outcome': 'running', 'was': 'running',"
                   " 'keep': null, 'incarnation': 1, 'sure': true, 'spared': false,"
                   " 'forgot': null, 'told': [{'vat': 'x3', 'incarnation': 2, 'kept': 0,"
                   " 'you_heard': [4294967298, 4294967298], 'forgot_you': null}]}}}}"),
          "x1 ran on. It lost nothing.\n"
          "  x1 is told that x3 forgot everything after its birth, and is incarnation 2\n"
          "    now; it heard, of that, epoch 1.2\n");
}

static void refuses_facts_that_are_of_something_else(void **state)
{
    struct mn_text text = {0};
    json_t *facts = facts_of("{'weather': 'fine'}");
    (void)state;
    assert_int_equal(status_tell(&text, facts, NULL, false), MN_BAD_INPUT);
    assert_int_equal(rounds_tell(&text, facts, NULL, false), MN_BAD_INPUT);
    assert_int_equal(explain_tell(&text, facts, NULL, false), MN_BAD_INPUT);
    json_decref(facts);
    mn_text_deinit(&text);
}

static void an_adoption_says_what_was_taken_and_what_was_passed_over(void **state)
{
    (void)state;
    tells(adopt_tell,
          facts_of("{'number': 1, 'round': 4, 'vat': 'x1', 'host': 'h3', 'store': '/mnt/found', "
                   "'over': true, 'result': 'MN_OK', 'text': '', 'found': 5, 'done': 5, "
                   "'taken': 2, 'held': 1, 'through': 8589934609, 'passed': ["
                   "{'file': '0000000200000012.ckpt', 'epoch': 8589934610, 'why': 'damaged'}], "
                   "'passed_count': 3}"),
          "3 checkpoints of x1 in /mnt/found are on h3 now, up to 2.17: 2 copied, 1 there before\n"
          "  passed over 0000000200000012.ckpt, checkpoint 2.18: it is not whole, or not what its "
          "digests say\n"
          "  and 2 more\n"
          "round 4 asks every host again: see mneme plan 4\n");
    tells(adopt_tell,
          facts_of("{'number': 1, 'round': 4, 'vat': 'x1', 'host': 'h3', 'store': '/mnt/found', "
                   "'over': true, 'result': 'MN_CORRUPT', 'text': 'no file could be taken', "
                   "'found': 1, 'done': 1, 'taken': 0, 'held': 0, 'through': 0, 'passed': ["
                   "{'file': '0000000200000012.ckpt', 'epoch': 8589934610, 'why': 'foreign'}], "
                   "'passed_count': 1}"),
          "nothing of x1 was taken from /mnt/found on h3: no file could be taken\n"
          "  passed over 0000000200000012.ckpt, checkpoint 2.18: it is of another vat, or of "
          "another epoch than its name says\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_small_cluster_whole),
        cmocka_unit_test(shows_where_checkpoints_pile_up),
        cmocka_unit_test(shows_which_keepers_are_missing),
        cmocka_unit_test(shows_how_far_a_ledger_is_that_is_rebuilt),
        cmocka_unit_test(names_the_former_lives_that_are_set_aside),
        cmocka_unit_test(shows_a_keeper_that_is_being_replaced),
        cmocka_unit_test(says_which_keeper_a_replacement_waits_for),
        cmocka_unit_test(shows_a_plan_what_it_costs_and_what_to_type),
        cmocka_unit_test(shows_who_said_what_of_a_plan),
        cmocka_unit_test(shows_who_had_it_go_on_without_keepers),
        cmocka_unit_test(counts_of_ten_thousand_hosts_those_that_are_up),
        cmocka_unit_test(names_fifty_of_the_lost_and_counts_the_rest),
        cmocka_unit_test(shows_a_round_with_times_from_the_suspicion_on),
        cmocka_unit_test(says_that_there_was_no_round),
        cmocka_unit_test(explains_a_vat_that_was_revived),
        cmocka_unit_test(explains_a_vat_that_a_peer_took_back),
        cmocka_unit_test(explains_a_vat_of_which_nothing_is_left),
        cmocka_unit_test(explains_a_vat_that_ran_on_and_was_told),
        cmocka_unit_test(refuses_facts_that_are_of_something_else),
        cmocka_unit_test(an_adoption_says_what_was_taken_and_what_was_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
