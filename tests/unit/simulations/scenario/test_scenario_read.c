/* Reading scenarios: what they say, and what is refused where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/scenario.h"

#define BEGIN "scenario: 1\nname: x\n"

static void refuses(const char *text, const char *expected)
{
    struct scenario scenario;
    struct mn_error error = {{0}};
    assert_int_equal(scenario_read(text, strlen(text), "s", &scenario, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
}

static struct scenario reads(const char *text)
{
    struct scenario scenario = {0};
    struct mn_error error = {{0}};
    mn_result result = scenario_read(text, strlen(text), "s", &scenario, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    return scenario;
}

static void reads_every_part(void **state)
{
    (void)state;
    struct scenario scenario = reads(
        BEGIN "text: why\n"
              "cluster: {zones: 2, racks: 3, hosts: 4, vats: 50}\n"
              "workload: {shape: hub, turn_ms: 9}\n"
              "checkpoints: {keep: 7}\n"
              "timing: {lost_ms: 2500}\n"
              "network: {latency_us: 77, port_reuse: false}\n"
              "disk: {disk_us: 5}\n"
              "clocks: {skew_ms: 6}\n"
              "run: {seed: 8, faults_ms: 9000}\n"
              "at: [{ms: 100, lose_rack: 5}, {ms: 200, cut: 1, host: 23, for_ms: 50}]\n"
              "random: {host_mtbf_s: 60}\n"
              "expect: {revived: 4, told_within_ms: {most: 9}, holds: true, behind: false}\n");
    assert_string_equal(scenario.name, "x");
    assert_string_equal(scenario.text, "why");
    assert_int_equal(sim_config_hosts(&scenario.config), 24);
    assert_int_equal(scenario.config.vats, 50);
    assert_int_equal(scenario.config.shape, SIM_SHAPE_HUB);
    assert_int_equal(scenario.config.keep, 7);
    assert_int_equal(scenario.config.lost_ms, 2500);
    assert_int_equal(scenario.config.latency_us, 77);
    assert_int_equal(scenario.config.port_reuse, 0);
    assert_int_equal(scenario.config.seed, 8);
    assert_int_equal(scenario.faults.count, 2);
    assert_int_equal(scenario.faults.items[0].kind, SIM_FAULT_LOSE_RACK);
    assert_int_equal(scenario.faults.items[0].a, 5);
    assert_int_equal(scenario.faults.items[1].b, 23);
    assert_int_equal(scenario.faults.items[1].for_ms, 50);
    assert_int_equal(scenario.random.host_mtbf_s, 60);
    assert_int_equal(scenario.random.repair_ms, 5000);
    assert_int_equal(scenario.expect_count, 4);
    assert_int_equal(scenario.expects[0].least, 4);
    assert_int_equal(scenario.expects[0].most, 4);
    assert_int_equal(scenario.expects[1].most, 9);
    assert_int_equal(scenario.expects[2].least, 1);
    assert_int_equal(scenario.expects[3].most, 0);
    scenario_deinit(&scenario);
}

static void grow_counts_each_level_in_the_one_above(void **state)
{
    (void)state;
    struct scenario scenario = reads(BEGIN "grow: {zones: 2, racks: 3, hosts: 4, vats: 5}\n");
    assert_int_equal(sim_config_hosts(&scenario.config), 24);
    assert_int_equal(scenario.config.vats, 120);
    scenario_deinit(&scenario);
}

static void repeats_an_entry(void **state)
{
    (void)state;
    struct scenario scenario =
        reads(BEGIN "at: [{ms: 100, kill_vat: 0, every_ms: 30, times: 3}]\n");
    assert_int_equal(scenario.faults.count, 3);
    assert_int_equal(scenario.faults.items[2].at_ms, 160);
    scenario_deinit(&scenario);
}

static void reads_by_how_much_a_clock_jumps(void **state)
{
    (void)state;
    struct scenario scenario = reads(BEGIN "at: [{ms: 100, skew_clock: 1, by_ms: 2500}]\n");
    assert_int_equal(scenario.faults.items[0].kind, SIM_FAULT_SKEW_CLOCK);
    assert_int_equal(scenario.faults.items[0].a, 1);
    assert_int_equal(scenario.faults.items[0].b, 2500);
    scenario_deinit(&scenario);
}

static void every_setting_has_one_section(void **state)
{
    (void)state;
#define HAS_SECTION(name, ...) assert_non_null(scenario_section(#name));
    SIM_SETTINGS(HAS_SECTION)
#undef HAS_SECTION
    assert_null(scenario_section("late"));
    assert_null(scenario_section("shap"));
}

static void refuses_what_is_no_scenario(void **state)
{
    (void)state;
    refuses("[]\n", "s:1:1: a list as a scenario; expected a map");
    refuses("scenario: 1\n", "s:1:1: a scenario without name; expected it");
    refuses("name: x\n", "s:1:1: a scenario without scenario; expected it");
    refuses("scenario: 2\nname: x\n",
            "s:1:11: \"2\" as the version of a scenario; expected an integer from 1 to 1");
    refuses("scenario: 1\nname: [x]\n", "s:2:7: a list as name; expected text");
    refuses(BEGIN "text: {}\n", "s:3:7: a map as text; expected text");
    refuses(BEGIN "when: 1\n",
            "s:3:1: unknown key \"when\" in a scenario; expected scenario, name, text, cluster, "
            "grow, from, workload, checkpoints, timing, network, disk, clocks, run, at, random or "
            "expect");
}

static void refuses_what_is_no_setting(void **state)
{
    (void)state;
    refuses(BEGIN "disk: []\n", "s:3:7: a list as disk; expected a map");
    refuses(BEGIN "disk:\n  latency_us: 3\n",
            "s:4:3: unknown setting \"latency_us\" in disk; expected disk_us, disk_jitter_us, "
            "start_us");
    refuses(BEGIN "disk: {disk_us: 0}\n",
            "s:3:17: \"0\" as disk_us; expected an integer from 1 to 100000000");
    refuses(BEGIN "workload: {shape: star}\n",
            "s:3:19: \"star\" as shape; expected near or uniform or clustered or chain or hub");
    refuses(BEGIN "run: {check: maybe}\n",
            "s:3:14: \"maybe\" as check; expected an integer from 0 to 1");
    refuses(BEGIN "timing: {stale_ms: 5000}\n",
            "s:3:9: times in the order 200, 5000, 900, 2000; expected heartbeat_ms < stale_ms < "
            "suspect_ms < lost_ms");
}

static void refuses_what_is_no_cluster(void **state)
{
    (void)state;
    refuses(BEGIN "grow: {zones: 1, racks: 1, hosts: 1}\n",
            "s:3:7: grow without vats; expected it");
    refuses(BEGIN "grow: {zones: 1, racks: 0, hosts: 1, vats: 1}\n",
            "s:3:25: \"0\" as racks of each zone; expected an integer from 1 to 1000");
    refuses(BEGIN "cluster: {zones: 100, racks: 100, hosts: 100}\n",
            "s:3:10: 1000000 hosts and 6 vats; expected at most 65535 and 10000000");
    refuses(BEGIN "from: a\ngrow: {}\n",
            "s:3:7: both grow and from; expected one of them, or cluster");
    refuses(
        BEGIN "from: /nowhere/t.yaml\n",
        "s:3:7: no cluster in from: /nowhere/t.yaml: cannot be opened: No such file or directory");
}

static void refuses_what_is_no_entry(void **state)
{
    (void)state;
    refuses(BEGIN "at: {}\n", "s:3:5: a map as at; expected a list");
    refuses(BEGIN "at: [1]\n", "s:3:6: \"1\" as an entry of at; expected a map");
    refuses(BEGIN "at: [{lose: 1}]\n", "s:3:6: an entry of at without ms; expected it");
    refuses(BEGIN "at: [{ms: 1}]\n",
            "s:3:6: an entry of at without a fault; expected one, lose_rack: 0 say");
    refuses(BEGIN "at: [{ms: 1, burn: 1}]\n",
            "s:3:14: unknown key \"burn\" in an entry of at; expected ms, a fault, for_ms, "
            "every_ms, times, or the number that the fault takes");
    refuses(BEGIN "at: [{ms: -1, lose: 1}]\n",
            "s:3:11: \"-1\" as ms; expected an integer from 0 to 1000000000000");
    refuses(BEGIN "at: [{ms: 1, for_ms: x, lose: 1}]\n",
            "s:3:22: \"x\" as for_ms; expected an integer from 0 to 1000000000000");
    refuses(BEGIN "at: [{ms: 1, lose: 1, power: 1}]\n",
            "s:3:23: a second fault \"power\"; expected one in each entry");
    refuses(BEGIN "at: [{ms: 1, lose: 3}]\n",
            "s:3:20: \"3\" as host; expected an integer from 0 to 2");
    refuses(BEGIN "at: [{ms: 1, lose_zone: 3}]\n",
            "s:3:25: \"3\" as zone; expected an integer from 0 to 2");
    refuses(BEGIN "at: [{ms: 1, kill_vat: 6}]\n",
            "s:3:24: \"6\" as vat; expected an integer from 0 to 5");
    refuses(BEGIN "at: [{ms: 1, cut_all: 1}]\n",
            "s:3:23: \"1\" as cut_all; expected true or false");
}

static void refuses_numbers_that_a_fault_does_not_take(void **state)
{
    (void)state;
    refuses(BEGIN "at: [{ms: 1, cut: 1}]\n", "s:3:6: cut without host; expected it");
    refuses(BEGIN "at: [{ms: 1, disk_slow: 1, percent: 3}]\n",
            "s:3:37: disk_slow with percent; expected factor");
    refuses(BEGIN "at: [{ms: 1, skew_clock: 1, factor: 3}]\n",
            "s:3:37: skew_clock with factor; expected by_ms");
    refuses(BEGIN "at: [{ms: 1, lose: 1, factor: 3}]\n",
            "s:3:31: lose with factor; expected no number");
    refuses(BEGIN "at: [{ms: 1, disk_error: 1, percent: 101}]\n",
            "s:3:38: \"101\" as percent; expected an integer from 0 to 100");
    refuses(BEGIN "at: [{ms: 1, pause_vat: 1}]\n",
            "s:3:6: pause_vat without for_ms; expected how long it lasts");
    refuses(BEGIN "at: [{ms: 1, lose: 1, times: 2}]\n",
            "s:3:6: times without every_ms; expected it");
    refuses(BEGIN "at: [{ms: 1, lose: 1, times: 0}]\n",
            "s:3:30: \"0\" as times; expected an integer from 1 to 100000");
    refuses(BEGIN "at: [{ms: 1, lose: 1, every_ms: 0}]\n",
            "s:3:33: \"0\" as every_ms; expected an integer from 1 to 1000000000000");
}

static void refuses_more_than_can_be_simulated(void **state)
{
    (void)state;
    refuses(BEGIN "at: [{ms: 1, lose: 1, every_ms: 1000000000000, times: 2}]\n",
            "s:3:6: repeated beyond 1000000000000 ms; expected an end before");
    refuses(BEGIN "at:\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1, every_ms: 1, times: 100000}\n"
                  "- {ms: 1, kill_vat: 1}\n",
            "s:13:3: more than 900000 faults; expected at most that");
}

static void refuses_what_is_no_chance(void **state)
{
    (void)state;
    refuses(BEGIN "random: {host_mtbf_ms: 1}\n",
            "s:3:10: unknown key \"host_mtbf_ms\" in random; expected from_ms, vat_mtbf_s, "
            "host_mtbf_s, rack_mtbf_s, zone_mtbf_s, lost_percent, repair_ms, burst_percent or "
            "burst_ms");
    refuses(BEGIN "random: {lost_percent: 101}\n",
            "s:3:24: \"101\" as lost_percent; expected an integer from 0 to 100");
}

static void refuses_what_cannot_be_expected(void **state)
{
    (void)state;
    refuses(BEGIN "expect: []\n", "s:3:9: a list as expect; expected a map");
    refuses(BEGIN "expect: {luck: 1}\n",
            "s:3:10: unknown fact \"luck\" in expect; expected one that mneme simulate --help "
            "names");
    refuses(BEGIN "expect: {reset: few}\n",
            "s:3:17: \"few\" as reset; expected an integer from -1 to 9223372036854775807");
    refuses(BEGIN "expect: {reset: {}}\n",
            "s:3:17: no bounds of reset; expected least, most or both");
    refuses(BEGIN "expect: {reset: {least: 2, most: 1}}\n",
            "s:3:17: least above most; expected it at or below");
    refuses(BEGIN "expect: {reset: {about: 2}}\n",
            "s:3:18: unknown key \"about\" in reset; expected least or most");
}

/* ---- a live cluster's topology --------------------------------------------------------------- */

static const char topology[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\",\n"
    "  key: \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"}\n"
    "domains: {east: {}, west: {}, e1: {in: east}, w1: {in: west}}\n"
    "hosts:\n"
    "  a: {in: w1, agent: \"tcp://127.0.0.1:1\", address: 127.0.0.1,\n"
    "      key: \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\"}\n"
    "  b: {in: e1, agent: \"tcp://127.0.0.1:2\", address: 127.0.0.1,\n"
    "      key: \"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\"}\n"
    "vats: {p: {host: a, command: [x]}, q: {host: b, command: [x], on_peer_rollback: be_told}}\n"
    "timing: {lost_ms: 12345}\n"
    "checkpoints: {interval_ms: 777}\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void takes_tree_and_timing_from_a_topology_and_its_names(void **state)
{
    (void)state;
    static const char path[] = MNEME_BUILD "/scenario-topology.yaml";
    write_file(path, topology);
    struct scenario scenario =
        reads(BEGIN "from: \"" MNEME_BUILD "/scenario-topology.yaml\"\n"
                    "at: [{ms: 1, lose: a}, {ms: 2, lose_zone: west}, {ms: 3, kill_vat: q}, "
                    "{ms: 4, lose_rack: e1}]\n");
    assert_non_null(scenario.tree);
    assert_int_equal(scenario.tree->host_count, 2);
    assert_int_equal(scenario.tree->zone_count, 2);
    assert_int_equal(scenario.tree->vats[0].host, 1); /* a stands in the second zone */
    assert_int_equal(scenario.tree->vats[1].host, 0);
    assert_true(scenario.tree->vats[1].be_told);
    assert_string_equal(scenario.names, "h0 b\nh1 a\nv0 p\nv1 q\n");
    assert_int_equal(scenario.config.lost_ms, 12345);
    assert_int_equal(scenario.config.interval_ms, 777);
    assert_int_equal(scenario.faults.items[0].a, 1);
    assert_int_equal(scenario.faults.items[1].a, 1);
    assert_int_equal(scenario.faults.items[2].a, 1);
    assert_int_equal(scenario.faults.items[3].a, 0);
    scenario_deinit(&scenario);
    refuses(BEGIN "from: \"" MNEME_BUILD "/scenario-topology.yaml\"\nat: [{ms: 1, lose: c}]\n",
            "s:4:20: no host \"c\"; expected a name of the topology");
    (void)remove(path);
}

static void refuses_evidence_of_a_vat_that_stands_nowhere(void **state)
{
    (void)state;
    static const char path[] = MNEME_BUILD "/scenario-evidence.yaml";
    write_file(path, "evidence: 1\nhosts: {h: {}}\nvats: {p: {}}\n");
    refuses(BEGIN "from: \"" MNEME_BUILD "/scenario-evidence.yaml\"\n",
            "s:3:7: no cluster in from: evidence whose vat p stands on no host; expected a host "
            "for each");
    (void)remove(path);
}

static void takes_the_tree_of_evidence(void **state)
{
    (void)state;
    struct scenario scenario = reads(BEGIN "from: \"" MNEME_SOURCE
                                           "/tests/cases/domino.yaml\"\nat: [{ms: 1, lose: h2}]\n");
    assert_int_equal(scenario.tree->host_count, 2);
    assert_int_equal(scenario.tree->vat_count, 2);
    assert_true(scenario.tree->vats[0].early);
    assert_int_equal(scenario.tree->vats[0].limit, 0);
    assert_int_equal(scenario.tree->vats[1].host, 1);
    assert_int_equal(scenario.faults.items[0].a, 1);
    assert_string_equal(scenario.names, "h0 h1\nh1 h2\nv0 p\nv1 q\n");
    scenario_deinit(&scenario);
}

/* ---- chance ---------------------------------------------------------------------------------- */

static void chance_is_the_same_for_the_same_seed(void **state)
{
    (void)state;
    struct scenario scenario = reads(BEGIN "run: {faults_ms: 600000}\n"
                                           "random: {host_mtbf_s: 20, burst_percent: 50}\n");
    struct sim_faults first;
    struct sim_faults again;
    struct sim_faults other;
    scenario_faults(&scenario, 7, &first);
    scenario_faults(&scenario, 7, &again);
    scenario_faults(&scenario, 8, &other);
    /* Three hosts, each some 30 times in ten minutes; more with those of bursts, of which there are
     * none here: a rack has one host. */
    assert_in_range(first.count, 60, 120);
    assert_int_equal(first.count, again.count);
    assert_memory_equal(first.items, again.items, first.count * sizeof *first.items);
    assert_true(first.count != other.count ||
                memcmp(first.items, other.items, first.count * sizeof *first.items) != 0);
    sim_faults_deinit(&first);
    sim_faults_deinit(&again);
    sim_faults_deinit(&other);
    scenario_deinit(&scenario);
}

static void a_burst_strikes_a_neighbour_of_the_same_rack(void **state)
{
    (void)state;
    struct scenario scenario =
        reads(BEGIN "cluster: {zones: 1, racks: 1, hosts: 2}\n"
                    "run: {faults_ms: 100000}\n"
                    "random: {host_mtbf_s: 20, burst_percent: 100, burst_ms: 500}\n");
    struct sim_faults faults;
    scenario_faults(&scenario, 1, &faults);
    assert_true(faults.count >= 2);
    for (size_t i = 0; i < faults.count; i += 2) {
        assert_int_equal(faults.items[i].a + faults.items[i + 1].a, 1);
        assert_in_range(faults.items[i + 1].at_ms - faults.items[i].at_ms, 0, 499);
    }
    sim_faults_deinit(&faults);
    scenario_deinit(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part),
        cmocka_unit_test(grow_counts_each_level_in_the_one_above),
        cmocka_unit_test(repeats_an_entry),
        cmocka_unit_test(reads_by_how_much_a_clock_jumps),
        cmocka_unit_test(every_setting_has_one_section),
        cmocka_unit_test(refuses_what_is_no_scenario),
        cmocka_unit_test(refuses_what_is_no_setting),
        cmocka_unit_test(refuses_what_is_no_cluster),
        cmocka_unit_test(refuses_what_is_no_entry),
        cmocka_unit_test(refuses_numbers_that_a_fault_does_not_take),
        cmocka_unit_test(refuses_more_than_can_be_simulated),
        cmocka_unit_test(refuses_what_is_no_chance),
        cmocka_unit_test(refuses_what_cannot_be_expected),
        cmocka_unit_test(takes_tree_and_timing_from_a_topology_and_its_names),
        cmocka_unit_test(takes_the_tree_of_evidence),
        cmocka_unit_test(refuses_evidence_of_a_vat_that_stands_nowhere),
        cmocka_unit_test(chance_is_the_same_for_the_same_seed),
        cmocka_unit_test(a_burst_strikes_a_neighbour_of_the_same_rack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
