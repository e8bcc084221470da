/* Reading the topology: what it says, its defaults, and what is refused where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "docs/endpoint.h"
#include "docs/file.h"
#include "docs/topology.h"

/* Keys that are well-formed and differ. */
#define KEY_C "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_O "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_1 "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define KEY_3 "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh7"
#define KEY_2 "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

#define COORDINATOR                                                                                \
    "topology: 1\n"                                                                                \
    "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\",\n"       \
    "  key: \"" KEY_C "\"}\n"
#define HOST_1                                                                                     \
    "  h1: {in: r1, agent: \"tcp://127.0.0.1:7101\", address: 127.0.0.1, key: \"" KEY_1 "\"}\n"
#define HOST_2 "  h2: {agent: \"tcp://[::1]:7102\", address: \"[::1]\", key: \"" KEY_2 "\"}\n"
#define BEGIN COORDINATOR "domains: {z1: {}, r1: {in: z1}}\nhosts:\n" HOST_1 HOST_2

static void refuses(const char *text, const char *expected)
{
    struct topology *topology = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(topology_read(text, strlen(text), "t", &topology, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
    assert_null(topology);
}

static struct topology *reads(const char *text)
{
    struct topology *topology = NULL;
    struct mn_error error = {{0}};
    mn_result result = topology_read(text, strlen(text), "t", &topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    return topology;
}

static void reads_every_part_of_a_topology(void **state)
{
    (void)state;
    struct topology *t =
        reads(BEGIN "operators: {alice: {key: \"" KEY_O "\", role: operate}}\n"
                    "vats:\n"
                    "  x1: {host: h2, command: [bank, --peers, \"x2,x3\"], sends: early,\n"
                    "       on_peer_rollback: be_told, limit: 7}\n"
                    "  x2: {host: h1, command: [bank]}\n"
                    "timing: {heartbeat_ms: 50, stale_ms: 150, suspect_ms: 200, lost_ms: 500}\n"
                    "checkpoints: {interval_ms: 20, stores: 1}\n"
                    "policy: {total_loss: roll_back, tell: [x2]}\n");
    assert_string_equal(t->coordinator.agents, "tcp://127.0.0.1:7000");
    assert_string_equal(t->coordinator.operators, "tcp://127.0.0.1:7001");
    assert_string_equal(t->coordinator.key, KEY_C);
    assert_int_equal(t->operator_count, 1);
    assert_string_equal(t->operators[0].name, "alice");
    assert_int_equal(t->operators[0].role, TOPOLOGY_OPERATE);
    assert_int_equal(t->domain_count, 2);
    assert_int_equal(t->domains[1].in, 0);
    assert_int_equal(t->host_count, 2);
    assert_int_equal(t->hosts[0].domain, 1);
    assert_int_equal(t->hosts[1].domain, TOPOLOGY_NONE);
    assert_string_equal(t->hosts[1].agent, "tcp://[::1]:7102");
    assert_string_equal(t->hosts[0].address, "127.0.0.1");
    assert_string_equal(t->hosts[0].key, KEY_1);
    assert_int_equal(t->vat_count, 2);
    assert_int_equal(t->vats[0].host, 1);
    assert_int_equal(t->vats[0].command_count, 3);
    assert_string_equal(t->vats[0].command[2], "x2,x3");
    assert_null(t->vats[0].command[3]);
    assert_true(t->vats[0].early);
    assert_true(t->vats[0].be_told);
    assert_int_equal(t->vats[0].limit, 7);
    assert_false(t->vats[1].early);
    assert_int_equal(t->vats[1].limit, 1);
    assert_int_equal(t->timing.heartbeat_ms, 50);
    assert_int_equal(t->timing.lost_ms, 500);
    assert_int_equal(t->timing.collect_ms, 5000);
    assert_int_equal(t->checkpoints.interval_ms, 20);
    assert_int_equal(t->checkpoints.full_every, 8);
    assert_int_equal(t->checkpoints.stores, 1);
    assert_true(t->policy.roll_back);
    assert_int_equal(t->policy.tell[0], 1);
    topology_destroy(&t);
    assert_null(t);
}

static void has_a_default_for_every_setting(void **state)
{
    (void)state;
    struct topology *t = reads(BEGIN);
    assert_int_equal(t->timing.heartbeat_ms, 1000);
    assert_int_equal(t->timing.stale_ms, 3000);
    assert_int_equal(t->timing.suspect_ms, 4000);
    assert_int_equal(t->timing.lost_ms, 10000);
    assert_int_equal(t->timing.settle_ms, 30000);
    assert_int_equal(t->timing.collect_ms, 5000);
    assert_int_equal(t->timing.copy_ms, 2000);
    assert_int_equal(t->timing.connect_ms, 2000);
    assert_int_equal(t->checkpoints.interval_ms, 1000);
    assert_int_equal(t->checkpoints.full_every, 8);
    assert_int_equal(t->checkpoints.keep, 8);
    assert_int_equal(t->checkpoints.stores, 2);
    assert_false(t->policy.roll_back);
    assert_true(t->policy.approve.share_asked);
    assert_int_equal(t->policy.approve.share, 300000);
    assert_true(t->policy.approve.reset);
    assert_true(t->policy.approve.unsure);
    topology_destroy(&t);
}

static void asks_for_approvals_as_it_is_told(void **state)
{
    (void)state;
    struct topology *t = reads(BEGIN "policy: {approve: {}}\n");
    assert_true(t->policy.approve.share_asked);
    assert_int_equal(t->policy.approve.share, 300000);
    assert_true(t->policy.approve.reset);
    assert_true(t->policy.approve.unsure);
    topology_destroy(&t);
    t = reads(BEGIN "policy: {approve: {share: 0.123456, reset: false, unsure: false}}\n");
    assert_int_equal(t->policy.approve.share, 123456);
    assert_false(t->policy.approve.reset);
    assert_false(t->policy.approve.unsure);
    topology_destroy(&t);
    t = reads(BEGIN "policy: {approve: {share: 1}}\n");
    assert_int_equal(t->policy.approve.share, 1000000);
    topology_destroy(&t);
    t = reads(BEGIN "policy: {approve: never}\n");
    assert_false(t->policy.approve.share_asked);
    assert_false(t->policy.approve.reset);
    assert_false(t->policy.approve.unsure);
    topology_destroy(&t);
}

static void refuses_approvals_that_are_none(void **state)
{
    (void)state;
    refuses(BEGIN "policy: {approve: always}\n",
            "t:8:19: \"always\" as approve; expected never, or a map of share, reset and unsure");
    refuses(BEGIN "policy: {approve: {resets: true}}\n",
            "t:8:20: unknown key \"resets\" in approve; expected share, reset or unsure");
    refuses(BEGIN "policy: {approve: {reset: perhaps}}\n",
            "t:8:27: \"perhaps\" as reset; expected true or false");
    static const char *const shares[] = {"1.1", "0.1234567", "0.", "-0.3", ".3", "0.3x", "a", "2"};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        char text[1024];
        char expected[256];
        (void)snprintf(text, sizeof text, "%spolicy: {approve: {share: %s}}\n", BEGIN, shares[i]);
        (void)snprintf(expected, sizeof expected,
                       "t:8:27: \"%s\" as a share; expected a number from 0 to 1 with at most 6 "
                       "digits behind the point",
                       shares[i]);
        refuses(text, expected);
    }
}

static void finds_hosts_vats_and_operators(void **state)
{
    (void)state;
    struct topology *t = reads(BEGIN "operators: {bob: {key: \"" KEY_O "\", role: watch}}\n"
                                     "vats: {x: {host: h1, command: [bank]}}\n");
    assert_int_equal(topology_find_host(t, "h2"), 1);
    assert_int_equal(topology_find_host(t, "h3"), TOPOLOGY_NONE);
    assert_int_equal(topology_find_vat(t, "x"), 0);
    assert_int_equal(topology_find_vat(t, "h1"), TOPOLOGY_NONE);
    struct mn_name names[40]; /* more than are looked for at a time */
    uint32_t vats[40];
    for (size_t i = 0; i < 40; i++) {
        names[i] = mn_name_of(i % 3 == 0 ? "x" : "h1");
    }
    topology_find_vats(t, names, 40, vats);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(vats[i], i % 3 == 0 ? 0 : TOPOLOGY_NONE);
    }
    topology_find_vats(t, names, 1, vats);
    assert_int_equal(vats[0], 0);
    assert_int_equal(topology_find_host_key(t, KEY_2), 1);
    assert_int_equal(topology_find_host_key(t, KEY_O), TOPOLOGY_NONE);
    assert_int_equal(topology_find_host_key(t, KEY_C), TOPOLOGY_NONE);
    assert_int_equal(topology_find_operator_key(t, KEY_O), 0);
    assert_int_equal(topology_find_operator_key(t, KEY_1), TOPOLOGY_NONE);
    assert_int_equal(topology_find_operator_key(t, "nobody's"), TOPOLOGY_NONE);
    topology_destroy(&t);
}

/* The numbering of a topology with these vats. */
static uint64_t numbering_of(const char *vats)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "%svats: {%s}\n", BEGIN, vats);
    struct topology *t = reads(text);
    uint64_t numbering = t->numbering;
    topology_destroy(&t);
    return numbering;
}

static void numbers_vats_alike_where_all_of_them_are_the_same(void **state)
{
    (void)state;
    uint64_t both = numbering_of("x: {host: h1, command: [a]}, y: {host: h1, command: [a]}");
    assert_true(both != 0);
    assert_true(numbering_of("x: {host: h2, command: [b]}, y: {host: h1, command: [c]}") == both);
    assert_true(numbering_of("y: {host: h1, command: [a]}, x: {host: h1, command: [a]}") != both);
    assert_true(numbering_of("xy: {host: h1, command: [a]}") != both);
    assert_true(numbering_of("x: {host: h1, command: [a]}") != both);
    assert_true(numbering_of("") != 0);
}

static void knows_which_hosts_share_a_domain(void **state)
{
    (void)state;
    struct topology *t = reads(
        COORDINATOR "domains: {z1: {}, r1: {in: z1}}\nhosts:\n" HOST_1
                    "  h2: {in: r1, agent: \"ipc://a\", address: h2.example, key: \"" KEY_2 "\"}\n"
                    "  h3: {in: z1, agent: \"ipc://b\", address: h3, key: \"" KEY_O "\"}\n");
    assert_true(topology_domains_share(t, 0, 1));
    assert_false(topology_domains_share(t, 0, 2));
    assert_true(topology_domains_share(t, 2, 2));
    topology_destroy(&t);
}

static void hosts_outside_domains_share_none(void **state)
{
    (void)state;
    struct topology *t =
        reads(COORDINATOR "hosts:\n" HOST_2 "  h3: {agent: \"ipc://b\", address: h3, key: \"" KEY_1
                          "\"}\n");
    assert_false(topology_domains_share(t, 0, 1));
    assert_true(topology_domains_share(t, 1, 1));
    topology_destroy(&t);
}

static void refuses_what_is_missing_or_unknown(void **state)
{
    (void)state;
    refuses("topology: 1\n", "t:1:1: a topology without coordinator; expected it");
    refuses(COORDINATOR, "t:1:1: a topology without hosts; expected it");
    refuses(COORDINATOR "hosts: {}\n", "t:4:8: no hosts; expected at least one");
    refuses(BEGIN "racks: {}\n",
            "t:8:1: unknown key \"racks\" in a topology; expected topology, coordinator, "
            "operators, domains, hosts, vats, keepers, timing, checkpoints or policy");
    refuses(BEGIN "vats: {x: {host: h3, command: [bank]}}\n",
            "t:8:18: \"h3\" as a host; expected a name that hosts defines");
    refuses(BEGIN "vats: {x: {host: h1}}\n", "t:8:11: a vat without command; expected it");
    refuses(BEGIN "vats: {x: {host: h1, command: []}}\n",
            "t:8:31: a command of 0 words; expected 1 to 256");
    refuses(BEGIN "vats: {x: {host: h1, command: ['']}}\n",
            "t:8:32: an empty program; expected its name or path");
    refuses(BEGIN "policy: {tell: [x]}\n",
            "t:8:17: \"x\" as a vat; expected a name that vats defines");
}

static void refuses_bad_endpoints_addresses_and_keys(void **state)
{
    (void)state;
    refuses("topology: 1\nhosts: {}\ncoordinator: {agents: \"udp://a:1\", operators: \"ipc://o\", "
            "key: k}\n",
            "t:3:23: \"udp://a:1\" as the endpoint for agents; "
            "expected tcp://HOST:PORT or ipc://PATH");
    refuses("topology: 1\nhosts: {}\ncoordinator: {agents: \"ipc://o\", operators: \"ipc://o\", "
            "key: k}\n",
            "t:3:45: \"ipc://o\" for operators and for agents; expected two endpoints");
    refuses("topology: 1\nhosts: {}\ncoordinator: {agents: \"ipc://a\", operators: \"ipc://o\", "
            "key: k}\n",
            "t:3:61: \"k\" as the coordinator's key; "
            "expected a public key as 40 characters of Z85");
    refuses(COORDINATOR "hosts: {h: {agent: \"ipc://a\", address: \"a b\", key: \"" KEY_1 "\"}}\n",
            "t:4:40: \"a b\" as an address; expected a host name, an IPv4 address or [IPv6]");
    refuses(COORDINATOR "hosts: {h: {agent: \"ipc://a\", address: a, key: \"" KEY_C "\"}}\n",
            "t:4:48: \"" KEY_C "\" is the key of another; expected each to have its own");
}

static void refuses_settings_out_of_bounds_or_order(void **state)
{
    (void)state;
    refuses(BEGIN "timing: {heartbeat_ms: 9}\n",
            "t:8:24: \"9\" as heartbeat_ms; expected an integer from 10 to 60000");
    refuses(BEGIN "timing: {lost_ms: 4000}\n",
            "t:8:9: heartbeat_ms 1000, stale_ms 3000, suspect_ms 4000, lost_ms 4000; expected "
            "heartbeat_ms < stale_ms <= suspect_ms < lost_ms (what is not given has its default)");
    refuses(BEGIN "checkpoints: {keep: 0}\n",
            "t:8:21: \"0\" as keep; expected an integer from 1 to 10000");
    refuses(BEGIN "checkpoints: {keep: 10001}\n",
            "t:8:21: \"10001\" as keep; expected an integer from 1 to 10000");
    refuses(BEGIN "checkpoints: {stores: 3}\n",
            "t:8:14: checkpoints in 3 stores, but hosts in 2 different domains; "
            "expected no more stores than domains");
}

static void refuses_domains_that_are_no_forest(void **state)
{
    (void)state;
    refuses(COORDINATOR "domains: {a: {in: b}, b: {in: a}}\nhosts:\n" HOST_2,
            "t:4:31: \"a\" leads back to itself; expected domains without a cycle");
    refuses(COORDINATOR "domains: {h2: {}}\nhosts:\n" HOST_2,
            "t:6:3: \"h2\" is a domain's name; expected another for a host");
}

#define ZONED(name, zone, key)                                                                     \
    "  " name ": {in: " zone ", agent: \"tcp://[::1]:7102\", address: \"[::1]\", key: \"" key      \
    "\"}\n"
#define THREE_ZONES                                                                                \
    COORDINATOR "domains: {z1: {}, z2: {}, z3: {}, r1: {in: z1}, r2: {in: z1}}\nhosts:\n" ZONED(   \
        "h1", "r1", KEY_1) ZONED("h2", "r2", KEY_2) ZONED("h3", "z2", KEY_3)

static void takes_the_keepers_that_it_is_told_of(void **state)
{
    (void)state;
    struct topology *t = reads(THREE_ZONES "keepers: [h3, h2, h1]\n");
    assert_int_equal(t->keepers.count, 3);
    assert_int_equal(t->keepers.hosts[0], 2);
    assert_int_equal(t->keepers.hosts[2], 0);
    topology_destroy(&t);
    refuses(THREE_ZONES "keepers: [h1, h2]\n", "t:9:10: 2 keepers; expected 0, 1, 3, 5 or 7");
    refuses(THREE_ZONES "keepers: [h1, h3, h1]\n",
            "t:9:19: the keeper \"h1\" stands in the domain of the keeper h1; expected each in a "
            "domain of its own");
    refuses(THREE_ZONES "keepers: [h9]\n",
            "t:9:11: \"h9\" as a host; expected a name that hosts defines");
}

static void chooses_keepers_of_three_domains_as_high_as_there_are(void **state)
{
    (void)state;
    struct topology *t = reads(THREE_ZONES);
    assert_int_equal(t->keepers.count, 0); /* two zones have hosts, and only one of them racks */
    topology_destroy(&t);
    t = reads(THREE_ZONES ZONED("h4", "z3", KEY_O));
    assert_int_equal(t->keepers.count, 3);
    assert_int_equal(t->keepers.hosts[0], 0); /* one of each zone, the first in it */
    assert_int_equal(t->keepers.hosts[1], 2);
    assert_int_equal(t->keepers.hosts[2], 3);
    topology_destroy(&t);
    t = reads(THREE_ZONES ZONED("h4", "z3", KEY_O) "keepers: []\n");
    assert_int_equal(t->keepers.count, 0);
    topology_destroy(&t);
}

static void knows_an_endpoint_when_it_sees_one(void **state)
{
    (void)state;
    assert_true(mn_endpoint_valid("tcp://host-1.example:65535"));
    assert_true(mn_endpoint_valid("tcp://[2001:db8::1]:1"));
    assert_true(mn_endpoint_valid("ipc:///run/a"));
    assert_false(mn_endpoint_valid("tcp://host"));
    assert_false(mn_endpoint_valid("tcp://host:0"));
    assert_false(mn_endpoint_valid("tcp://host:65536"));
    assert_false(mn_endpoint_valid("tcp://host:7x"));
    assert_false(mn_endpoint_valid("tcp://:7000"));
    assert_false(mn_endpoint_valid("tcp://2001:db8::1:7000"));
    assert_false(mn_endpoint_valid("tcp://*:7000"));
    assert_false(mn_endpoint_valid("ipc://"));
    assert_false(mn_endpoint_valid(""));
}

static void knows_a_key_when_it_sees_one(void **state)
{
    (void)state;
    assert_true(mn_key_valid(KEY_1));
    assert_true(mn_key_valid("0000000000000000000000000000000000000000"));
    assert_false(mn_key_valid("000000000000000000000000000000000000000"));
    assert_false(mn_key_valid("0000000000000000000000000000000000000 00"));
    assert_false(mn_key_valid("#####00000000000000000000000000000000000"));
}

#define MANUAL_LINE(name, standard, least, most, text)                                             \
    ".TP\n.BR " #name " \" (" #standard "; " #least " to " #most ")\"\n",

static void has_every_setting_in_the_manual(void **state)
{
    static const char *const lines[] = {TOPOLOGY_TIMING(MANUAL_LINE)
                                            TOPOLOGY_CHECKPOINTS(MANUAL_LINE)};
    struct mn_text page = {0};
    struct mn_error error = {{0}};
    (void)state;
    assert_int_equal(mn_file_read("deploy/man/mneme-topology.5", 65536, &page, &error), MN_OK);
    mn_text_add_bytes(&page, "", 1);
    assert_int_equal(mn_text_result(&page), MN_OK);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strstr(page.bytes, lines[i]) == NULL) {
            fail_msg("mneme-topology(5) lacks %s", lines[i]);
        }
    }
    mn_text_deinit(&page);
}

static void names_a_file_that_is_not_there(void **state)
{
    (void)state;
    struct topology *topology = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(topology_load("/nowhere/t.yaml", &topology, &error), MN_NOT_FOUND);
    assert_string_equal(error.text, "/nowhere/t.yaml: cannot be opened: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part_of_a_topology),
        cmocka_unit_test(has_a_default_for_every_setting),
        cmocka_unit_test(asks_for_approvals_as_it_is_told),
        cmocka_unit_test(refuses_approvals_that_are_none),
        cmocka_unit_test(finds_hosts_vats_and_operators),
        cmocka_unit_test(numbers_vats_alike_where_all_of_them_are_the_same),
        cmocka_unit_test(knows_which_hosts_share_a_domain),
        cmocka_unit_test(hosts_outside_domains_share_none),
        cmocka_unit_test(refuses_what_is_missing_or_unknown),
        cmocka_unit_test(refuses_bad_endpoints_addresses_and_keys),
        cmocka_unit_test(refuses_settings_out_of_bounds_or_order),
        cmocka_unit_test(refuses_domains_that_are_no_forest),
        cmocka_unit_test(takes_the_keepers_that_it_is_told_of),
        cmocka_unit_test(chooses_keepers_of_three_domains_as_high_as_there_are),
        cmocka_unit_test(knows_an_endpoint_when_it_sees_one),
        cmocka_unit_test(knows_a_key_when_it_sees_one),
        cmocka_unit_test(has_every_setting_in_the_manual),
        cmocka_unit_test(names_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
