/* Reading evidence: what is good is read whole, what is bad is told with its line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "docs/evidence.h"

/* That @text is refused as bad evidence with exactly @expected. */
static void refuses(const char *text, const char *expected)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(evidence_read(text, strlen(text), "e", &evidence, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
    assert_null(evidence);
}

static struct evidence *reads(const char *text)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = evidence_read(text, strlen(text), "e", &evidence, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    return evidence;
}

/* The beginning of documents that have one vat, a, and the stores s and t. */
#define BEGIN "evidence: 1\nstores: {s: {}, t: {}}\nvats: {a: {}, b: {}}\n"

static void reads_every_part_of_a_document(void **state)
{
    (void)state;
    struct evidence *e =
        reads("evidence: 1\n"
              "domains: {r: {in: z}, z: {}}\n"
              "hosts: {h: {in: r}, g: {}}\n"
              "stores: {s: {in: h}, t: {in: z}, u: {}}\n"
              "vats:\n"
              "  a: {host: h, floor: 2, limit: 0, lineage: [{after: 3, next: 6, seen: false, told: "
              "true}],"
              " on_peer_rollback: be_told, sends: early}\n"
              "  b: {}\n"
              "checkpoints:\n"
              "  - {vat: a, epoch: 6, since: 2, durable: false, heard: [{vat: b, epoch: 9}],\n"
              "     kind: diff, onto: 3, copies: {need: 2, at: [s, u]}}\n"
              "  - {vat: b, epoch: 1, forms: [{kind: full, copies: {at: [t]}}]}\n"
              "open: [{vat: a, epoch: 7, since: 6, heard: [{vat: b, epoch: 10}]}]\n"
              "lost: {domains: [z], hosts: [g], stores: [t], vats: [b], checkpoints: [{vat: b, "
              "epoch: 1}],"
              " copies: [{vat: a, epoch: 6, store: u}]}\n"
              "unknown: {vats: [a], stores: [s]}\n"
              "policy: {total_loss: roll_back, tell: [b]}\n");
    assert_int_equal(e->domain_count, 2);
    assert_int_equal(e->domains[0].in, 1);
    assert_int_equal(e->domains[1].in, EVIDENCE_NONE);
    assert_int_equal(e->hosts[0].in, 0);
    assert_int_equal(e->stores[0].place, EVIDENCE_IN_HOST);
    assert_int_equal(e->stores[1].place, EVIDENCE_IN_DOMAIN);
    assert_int_equal(e->stores[1].in, 1);
    assert_int_equal(e->stores[2].place, EVIDENCE_IN_NOTHING);
    assert_true(e->vats[0].has_floor);
    assert_int_equal(e->vats[0].floor, 2);
    assert_int_equal(e->vats[0].limit, 0);
    assert_false(e->vats[0].lineage[0].seen);
    assert_true(e->vats[0].lineage[0].told);
    assert_int_equal(e->vats[0].on_peer_rollback, EVIDENCE_BE_TOLD);
    assert_int_equal(e->vats[0].sends, EVIDENCE_EARLY);
    assert_int_equal(e->vats[1].host, EVIDENCE_NONE);
    assert_int_equal(e->vats[1].limit, 1);
    assert_int_equal(e->checkpoints[0].since, 2);
    assert_false(e->checkpoints[0].durable);
    assert_int_equal(e->checkpoints[0].heard[0].vat, 1);
    assert_int_equal(e->checkpoints[0].heard[0].epoch, 9);
    assert_int_equal(e->checkpoints[0].forms[0].onto, 3);
    assert_int_equal(e->checkpoints[0].forms[0].need, 2);
    assert_int_equal(e->checkpoints[0].forms[0].at[1], 2);
    assert_true(e->checkpoints[1].durable);
    assert_false(e->checkpoints[1].has_since);
    assert_int_equal(e->open[0].epoch, 7);
    assert_int_equal(e->open[0].heard[0].epoch, 10);
    assert_int_equal(e->lost.domains.index[0], 1);
    assert_int_equal(e->lost.checkpoints[0].vat, 1);
    assert_int_equal(e->lost.copies[0].store, 2);
    assert_int_equal(e->unknown.vats.index[0], 0);
    assert_int_equal(e->policy.total_loss, EVIDENCE_TOTAL_LOSS_ROLL_BACK);
    assert_int_equal(e->policy.tell.index[0], 1);
    evidence_destroy(&e);
    assert_null(e);
}

static void reads_json_by_the_same_code(void **state)
{
    (void)state;
    struct evidence *e = reads("{\"evidence\":1,\"stores\":{\"s\":{}},\"vats\":{\"a\":{}},"
                               "\"checkpoints\":[{\"vat\":\"a\",\"epoch\":4611686018427387904,"
                               "\"kind\":\"full\",\"copies\":{\"at\":[\"s\"]}}]}");
    assert_true(e->checkpoints[0].epoch == MN_EPOCH_MAX);
    evidence_destroy(&e);
}

static void refuses_what_is_no_yaml(void **state)
{
    (void)state;
    refuses("", "e:1:1: nothing; expected a document");
    refuses("evidence: [1\n", "e:2:1: not YAML: did not find expected ',' or ']' "
                              "while parsing a flow sequence");
    refuses("evidence: 1\n\xff", "e:2:1: invalid leading UTF-8 octet; "
                                 "expected YAML or JSON in UTF-8");
    refuses("- evidence\n", "e:1:1: a list as evidence; expected a map");
}

static void refuses_another_version(void **state)
{
    (void)state;
    refuses("vats: {}\n", "e:1:1: evidence without evidence; expected it");
    refuses("evidence: 2\n", "e:1:11: \"2\" as evidence; expected an integer from 1 to 1");
    refuses("evidence: '1'\n", "e:1:11: \"1\" as evidence; expected an integer from 1 to 1");
}

static void refuses_an_unknown_key(void **state)
{
    (void)state;
    refuses("evidence: 1\nvat: {}\n",
            "e:2:1: unknown key \"vat\" in evidence; expected evidence, domains, hosts, stores, "
            "vats, checkpoints, open, lost, unknown or policy");
    refuses("evidence: 1\nvats: {a: {hast: h}}\n",
            "e:2:12: unknown key \"hast\" in a vat; expected host, floor, limit, lineage, "
            "on_peer_rollback or sends");
    refuses("evidence: 1\nlost: {racks: []}\n",
            "e:2:8: unknown key \"racks\" in lost; expected domains, hosts, stores, vats, "
            "checkpoints or copies");
}

static void refuses_a_name_that_no_map_defines(void **state)
{
    (void)state;
    refuses("evidence: 1\nhosts: {h: {in: r}}\n",
            "e:2:17: \"r\" as a domain; expected a name that domains defines");
    refuses("evidence: 1\nstores: {s: {in: h}}\n",
            "e:2:18: \"h\" as the place of a store; expected a name that hosts or domains defines");
    refuses("evidence: 1\nvats: {a: {host: h}}\n",
            "e:2:18: \"h\" as a host; expected a name that hosts defines");
    refuses(BEGIN "checkpoints:\n- {vat: c, epoch: 1, kind: full, copies: {at: [s]}}\n",
            "e:5:9: \"c\" as a vat; expected a name that vats defines");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 1, kind: full, copies: {at: [x]}}\n",
            "e:5:48: \"x\" as a store; expected a name that stores defines");
    refuses(BEGIN "open: [{vat: a, epoch: 1, heard: [{vat: x, epoch: 1}]}]\n",
            "e:4:41: \"x\" as a vat; expected a name that vats defines");
    refuses(BEGIN "lost: {hosts: [h]}\n",
            "e:4:16: \"h\" as a host; expected a name that hosts defines");
    refuses(BEGIN "unknown: {vats: [x]}\n",
            "e:4:18: \"x\" as a vat; expected a name that vats defines");
    refuses(BEGIN "policy: {tell: [x]}\n",
            "e:4:17: \"x\" as a vat; expected a name that vats defines");
}

static void refuses_what_is_no_name(void **state)
{
    (void)state;
    refuses("evidence: 1\nvats: {'a b': {}}\n",
            "e:2:8: \"a b\" as a vat; expected a name of 1 to 128 bytes of A-Z a-z 0-9 . _ : / -");
}

static void refuses_duplicates(void **state)
{
    (void)state;
    refuses("evidence: 1\nvats: {a: {}, a: {}}\n",
            "e:2:15: duplicate key \"a\"; expected it once, it stands in line 2");
    refuses("evidence: 1\nvats: {}\nvats: {}\n",
            "e:3:1: duplicate key \"vats\"; expected it once, it stands in line 2");
    refuses(BEGIN "checkpoints:\n"
                  "- {vat: a, epoch: 1, kind: full, copies: {at: [s]}}\n"
                  "- {vat: a, epoch: 1, kind: full, copies: {at: [t]}}\n",
            "e:6:19: a second checkpoint 1 of a; expected each epoch once");
    refuses(BEGIN "open: [{vat: a, epoch: 1}, {vat: a, epoch: 2}]\n",
            "e:4:34: a second open interval of a; expected at most one a vat");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 1, kind: full, copies: {at: [s, t, s]}}\n",
            "e:5:54: store s twice in at; expected it once");
}

static void finds_a_duplicate_in_a_large_map(void **state)
{
    (void)state;
    refuses("evidence: 1\nvats: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}, "
            "j: {}, k: {}, l: {}, m: {}, n: {}, o: {}, p: {}, q: {}, c: {}}\n",
            "e:2:127: duplicate key \"c\"; expected it once, it stands in line 2");
}

static void refuses_a_cycle_among_domains(void **state)
{
    (void)state;
    refuses("evidence: 1\ndomains:\n  x: {in: y}\n  y: {in: z}\n  z: {in: y}\n",
            "e:5:11: y leads back to itself; expected domains without a cycle");
    refuses("evidence: 1\ndomains: {x: {in: x}}\n",
            "e:2:19: x leads back to itself; expected domains without a cycle");
}

static void refuses_a_host_with_a_domains_name(void **state)
{
    (void)state;
    refuses("evidence: 1\ndomains: {x: {}}\nhosts: {x: {}}\n",
            "e:3:9: x is a domain's name; expected another for a host");
}

static void refuses_an_epoch_outside_its_range(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 0, kind: full, copies: {at: [s]}}\n",
            "e:5:19: \"0\" as epoch; expected an integer from 1 to 4611686018427387904");
    refuses(BEGIN "open: [{vat: a, epoch: 4611686018427387905}]\n",
            "e:4:24: \"4611686018427387905\" as epoch; expected an integer from 1 to "
            "4611686018427387904");
    refuses(BEGIN "open: [{vat: a, epoch: 010}]\n",
            "e:4:24: \"010\" as epoch; expected an integer from 1 to 4611686018427387904");
    refuses(BEGIN "open: [{vat: a, epoch: 9, heard: [{vat: b, epoch: -1}]}]\n",
            "e:4:51: \"-1\" as epoch; expected an integer from 1 to 4611686018427387904");
    refuses("evidence: 1\nvats: {a: {floor: -1}}\n",
            "e:2:19: \"-1\" as floor; expected an integer from 0 to 4611686018427387904");
    refuses("evidence: 1\nvats: {a: {limit: x}}\n",
            "e:2:19: \"x\" as limit; expected an integer from 0 to 4611686018427387904");
}

static void refuses_a_diff_that_applies_onto_nothing_before_it(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: diff, copies: {at: [s]}}\n",
            "e:5:28: a diff without onto; expected the epoch it applies onto");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: diff, onto: 2, copies: {at: [s]}}\n",
            "e:5:40: onto 2; expected it below the epoch, which is 2");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: diff, onto: 0, copies: {at: [s]}}\n",
            "e:5:40: \"0\" as onto; expected an integer from 1 to 4611686018427387904");
}

static void refuses_a_full_with_onto(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, onto: 1, copies: {at: [s]}}\n",
            "e:5:40: onto in a full checkpoint; expected it in a diff only");
}

static void refuses_since_at_or_after_its_epoch(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, since: 2, kind: full, copies: {at: [s]}}\n",
            "e:5:29: since 2; expected it below the epoch, which is 2");
    refuses(BEGIN "open: [{vat: a, epoch: 2, since: 3}]\n",
            "e:4:34: since 3; expected it below the epoch, which is 2");
}

static void refuses_need_outside_the_number_of_copies(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, copies: {need: 0, at: [s]}}\n",
            "e:5:49: \"0\" as need; expected an integer from 1 to 4294967295");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, copies: {need: 2, at: [s]}}\n",
            "e:5:49: need 2 of 1 copies; expected need from 1 to their number");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, copies: {at: []}}\n",
            "e:5:47: need 1 of 0 copies; expected need from 1 to their number");
}

static void refuses_a_checkpoint_without_copies_or_forms(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, copies: {at: [s]}}\n",
            "e:5:3: a checkpoint without kind; expected kind and copies, or forms");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full}\n",
            "e:5:3: a checkpoint without copies; expected kind and copies, or forms");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, copies: {need: 1}}\n",
            "e:5:42: copies without at; expected it");
    refuses(BEGIN "checkpoints:\n- {vat: a, epoch: 2, kind: full, forms: []}\n",
            "e:5:28: kind beside forms; expected it inside a form");
}

static void reads_a_checkpoint_of_which_no_copy_exists(void **state)
{
    (void)state;
    struct evidence *e = reads(BEGIN "checkpoints: [{vat: a, epoch: 2, forms: []}]\n");
    assert_int_equal(e->checkpoints[0].form_count, 0);
    evidence_destroy(&e);
}

static void refuses_a_loss_of_what_was_not_there(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints: [{vat: a, epoch: 1, forms: []}]\n"
                  "lost: {checkpoints: [{vat: b, epoch: 1}]}\n",
            "e:5:38: lost checkpoint 1 of b; expected one that checkpoints lists");
    refuses(BEGIN "checkpoints: [{vat: a, epoch: 1, kind: full, copies: {at: [s]}}]\n"
                  "lost: {copies: [{vat: a, epoch: 1, store: s}, {vat: a, epoch: 1, store: t}]}\n",
            "e:5:73: lost copy of checkpoint 1 of a at t; expected one that checkpoints lists");
}

static void refuses_an_open_epoch_below_a_live_checkpoint(void **state)
{
    (void)state;
    refuses(BEGIN "checkpoints: [{vat: a, epoch: 5, forms: []}]\nopen: [{vat: a, epoch: 5}]\n",
            "e:5:24: open epoch 5; expected it above the vat's newest live checkpoint, which is 5");
}

static void reads_an_open_epoch_below_a_dead_checkpoint(void **state)
{
    (void)state;
    struct evidence *e = reads("evidence: 1\nvats: {a: {lineage: [{after: 7, next: 9}, "
                               "{after: 3, next: 10}]}}\n"
                               "checkpoints: [{vat: a, epoch: 5, forms: []}]\n"
                               "open: [{vat: a, epoch: 4}]\n");
    assert_int_equal(e->open_count, 1);
    evidence_destroy(&e);
}

static void refuses_lineage_out_of_order(void **state)
{
    (void)state;
    refuses("evidence: 1\nvats: {a: {lineage: [{after: 3, next: 3}]}}\n",
            "e:2:39: next 3; expected it above after, which is 3");
    refuses("evidence: 1\nvats:\n  a: {lineage: [{after: 3, next: 6}, {after: 2, next: 6}]}\n",
            "e:3:55: next 6; expected lineage entries in growing order of next");
}

static void refuses_words_it_does_not_know(void **state)
{
    (void)state;
    refuses("evidence: 1\nvats: {a: {sends: late}}\n",
            "e:2:19: \"late\" as sends; expected held or early");
    refuses("evidence: 1\nvats: {a: {on_peer_rollback: shrug}}\n",
            "e:2:30: \"shrug\" as on_peer_rollback; expected roll_back or be_told");
    refuses("evidence: 1\npolicy: {total_loss: maybe}\n",
            "e:2:22: \"maybe\" as total_loss; expected tell or roll_back");
    refuses(BEGIN "checkpoints: [{vat: a, epoch: 1, durable: 'true', forms: []}]\n",
            "e:4:43: \"true\" as durable; expected true or false");
    refuses(BEGIN "checkpoints: [{vat: a, epoch: 1, kind: some, copies: {at: [s]}}]\n",
            "e:4:40: \"some\" as kind; expected full or diff");
}

static void refuses_a_document_above_its_bound(void **state)
{
    (void)state;
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(evidence_read("", (size_t)EVIDENCE_SIZE_MAX + 1, "e", &evidence, &error),
                     MN_TOO_LARGE);
    assert_string_equal(error.text, "e: 1073741825 bytes; expected at most 1073741824");
}

static void writes_what_it_read(void **state)
{
    (void)state;
    const char *text =
        "{\"evidence\": 1, \"domains\": {\"z\": {}}, \"hosts\": {\"h\": {\"in\": \"z\"}}, "
        "\"stores\": {\"s\": {\"in\": \"h\"}, \"t\": {\"in\": \"z\"}}, "
        "\"vats\": {\"a\": {\"host\": \"h\", \"floor\": 1, \"limit\": 0, \"lineage\": "
        "[{\"after\": 1, \"next\": 3, \"seen\": false, \"told\": true}], "
        "\"on_peer_rollback\": \"be_told\", \"sends\": \"early\"}, \"true\": {}}, "
        "\"checkpoints\": [{\"vat\": \"a\", \"epoch\": 4, \"since\": 1, \"durable\": false, "
        "\"kind\": \"diff\", \"onto\": 1, \"copies\": {\"need\": 2, \"at\": [\"s\", \"t\"]}, "
        "\"heard\": [{\"vat\": \"true\", \"epoch\": 7}]}, {\"vat\": \"true\", \"epoch\": 2, "
        "\"forms\": []}], \"open\": [{\"vat\": \"a\", \"epoch\": 5, \"since\": 4}], "
        "\"lost\": {\"domains\": [\"z\"], \"hosts\": [\"h\"], \"stores\": [\"s\"], "
        "\"vats\": [\"a\"], \"checkpoints\": [{\"vat\": \"a\", \"epoch\": 4}], "
        "\"copies\": [{\"vat\": \"a\", \"epoch\": 4, \"store\": \"t\"}]}, "
        "\"unknown\": {\"vats\": [\"a\"], \"stores\": [\"t\"]}, "
        "\"policy\": {\"total_loss\": \"roll_back\", \"tell\": [\"a\"]}}\n";
    struct evidence *first = reads(text);
    struct mn_text yaml = {0};
    assert_int_equal(evidence_write_yaml(first, &yaml), MN_OK);
    struct evidence *second = reads(yaml.bytes);
    struct mn_text json = {0};
    assert_int_equal(evidence_write_json(second, &json), MN_OK);
    assert_string_equal(json.bytes, text);
    mn_text_deinit(&json);
    mn_text_deinit(&yaml);
    evidence_destroy(&second);
    evidence_destroy(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part_of_a_document),
        cmocka_unit_test(reads_json_by_the_same_code),
        cmocka_unit_test(refuses_what_is_no_yaml),
        cmocka_unit_test(refuses_another_version),
        cmocka_unit_test(refuses_an_unknown_key),
        cmocka_unit_test(refuses_a_name_that_no_map_defines),
        cmocka_unit_test(refuses_what_is_no_name),
        cmocka_unit_test(refuses_duplicates),
        cmocka_unit_test(finds_a_duplicate_in_a_large_map),
        cmocka_unit_test(refuses_a_cycle_among_domains),
        cmocka_unit_test(refuses_a_host_with_a_domains_name),
        cmocka_unit_test(refuses_an_epoch_outside_its_range),
        cmocka_unit_test(refuses_a_diff_that_applies_onto_nothing_before_it),
        cmocka_unit_test(refuses_a_full_with_onto),
        cmocka_unit_test(refuses_since_at_or_after_its_epoch),
        cmocka_unit_test(refuses_need_outside_the_number_of_copies),
        cmocka_unit_test(refuses_a_checkpoint_without_copies_or_forms),
        cmocka_unit_test(reads_a_checkpoint_of_which_no_copy_exists),
        cmocka_unit_test(refuses_a_loss_of_what_was_not_there),
        cmocka_unit_test(refuses_an_open_epoch_below_a_live_checkpoint),
        cmocka_unit_test(reads_an_open_epoch_below_a_dead_checkpoint),
        cmocka_unit_test(refuses_lineage_out_of_order),
        cmocka_unit_test(refuses_words_it_does_not_know),
        cmocka_unit_test(refuses_a_document_above_its_bound),
        cmocka_unit_test(writes_what_it_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
