/* Stories of more hosts and vats than those of a scene: former lives that were set aside, when a
 * site is back that was cut off and went on; and what a step takes that tells all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/coordinator_private.h"
#include "docs/text.h"

enum { HOSTS = 1024, VATS = 1100 }; /* above a million pairs */

struct site {
    struct topology *topology;
    struct coordinator *coordinator;
    struct coordinator_effects effects;
};

static struct topology *make_topology(void)
{
    struct mn_text text = {0};
    struct topology *topology = NULL;
    mn_text_add(&text, "topology: 1\n"
                       "coordinator: {agents: \"tcp://127.0.0.1:7000\",\n"
                       "  operators: \"tcp://127.0.0.1:7001\",\n"
                       "  key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n"
                       "domains: {r1: {}, r2: {}}\n"
                       "hosts:\n");
    for (int i = 1; i <= HOSTS; i++) {
        mn_text_add_format(&text,
                           "  h%d: {in: r%d, agent: \"tcp://127.0.0.1:%d\", address: 127.0.0.1,\n"
                           "    key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb%06d\"}\n",
                           i, 1 + i % 2, 8000 + i, i);
    }
    mn_text_add(&text, "vats:\n");
    for (int i = 1; i <= VATS; i++) {
        mn_text_add_format(&text, "  x%04d: {host: h1, command: [\"true\"]}\n", i);
    }
    assert_int_equal(topology_read(text.bytes, text.size, "asides", &topology, NULL), MN_OK);
    mn_text_deinit(&text);
    return topology;
}

static void step(struct site *site, const struct coordinator_event *event)
{
    coordinator_step(site->coordinator, 1, event, &site->effects);
    assert_int_equal(site->effects.result, MN_OK);
    coordinator_effects_reset(&site->effects);
}

static void say(struct site *site, uint32_t host, struct mn_up *up)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
    up->generation = 1;
    up->disk = host + 1;
    event.up.host = host;
    event.up.message = up;
    step(site, &event);
}

static void say_hello(struct site *site, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_HELLO};
    up.hello.host = mn_name_of(site->topology->hosts[host].name);
    say(site, host, &up);
}

static void say_aside(struct site *site, uint32_t host, uint32_t vat, uint32_t count)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status.vat = mn_name_of(site->topology->vats[vat].name);
    up.vat_state.status.run = 1;
    up.vat_state.status.state = MN_VAT_STOPPED;
    up.vat_state.status.aside = 1;
    up.vat_state.status.aside_count = count;
    say(site, host, &up);
}

static void new_site(struct site *site)
{
    *site = (struct site){.topology = make_topology()};
    assert_int_equal(coordinator_new(&site->coordinator, site->topology), MN_OK);
}

/* It leads, after @records that it has read. */
static void lead(struct site *site, uint64_t records)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_BEGIN};
    event.begin.generation = 1;
    step(site, &event);
    event = (struct coordinator_event){.kind = COORDINATOR_ON_RECORDED};
    event.recorded.sequence = records + 1;
    step(site, &event);
}

static void open_site(struct site *site)
{
    new_site(site);
    lead(site, 0);
    for (uint32_t host = 0; host < HOSTS; host++) {
        say_hello(site, host);
    }
}

static void close_site(struct site *site)
{
    coordinator_effects_deinit(&site->effects);
    coordinator_destroy(&site->coordinator);
    topology_destroy(&site->topology);
}

static void knows_all_of_them_however_many_there_are(void **state)
{
    (void)state;
    struct site site;
    const struct coordinator_aside *asides = NULL;
    open_site(&site);
    for (uint32_t vat = VATS; vat > 0; vat--) {
        for (uint32_t host = 0; host < HOSTS; host++) {
            say_aside(&site, host, vat - 1, vat);
        }
    }
    for (uint32_t host = 0; host < HOSTS; host++) {
        assert_int_equal(coordinator_asides(site.coordinator, host, &asides), VATS);
        assert_int_equal(asides[0].vat, 0);
        assert_int_equal(asides[VATS - 1].vat, VATS - 1);
        assert_int_equal(asides[VATS - 1].count, VATS);
    }
    close_site(&site);
}

/* One that is not said again, or with nothing in it, an operator has taken away. */
static void forgets_those_that_are_taken_away(void **state)
{
    (void)state;
    struct site site;
    const struct coordinator_aside *asides = NULL;
    open_site(&site);
    for (uint32_t host = 6; host < 8; host++) {
        say_aside(&site, host, 4, 1);
        say_aside(&site, host, 3, 2);
        say_aside(&site, host, 5, 3);
    }
    say_aside(&site, 7, 4, 0);
    assert_int_equal(coordinator_asides(site.coordinator, 7, &asides), 2);
    assert_int_equal(asides[0].vat, 3);
    assert_int_equal(asides[1].vat, 5);
    say_hello(&site, 7);
    assert_int_equal(coordinator_asides(site.coordinator, 7, &asides), 0);
    assert_int_equal(coordinator_asides(site.coordinator, 6, &asides), 3);
    close_site(&site);
}

static void read_record(struct site *site, uint64_t sequence, struct mn_journal_record *record)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
    event.record.sequence = sequence;
    event.record.record = record;
    step(site, &event);
}

/* Notices of round 1 that @count vats have not handled, and round 2, which names them to whoever is
 * told of it. */
static void read_owed(struct site *site, uint32_t count)
{
    struct mn_told *told = calloc(count, sizeof *told);
    struct mn_notice *notices = calloc(count, sizeof *notices);
    assert_true(told != NULL && notices != NULL);
    for (uint32_t i = 0; i < count; i++) {
        told[i] = (struct mn_told){
            .vat = mn_name_of(site->topology->vats[i].name), .notice_first = i, .notice_count = 1};
        notices[i] = (struct mn_notice){.peer = mn_name_of(site->topology->vats[i + 1].name),
                                        .incarnation = 2};
    }
    struct mn_journal_record record = {.kind = MN_JOURNAL_DECISION};
    record.decision = (struct mn_journal_decision){
        .round = 1, .told = told, .told_count = count, .notices = notices, .notice_count = count};
    read_record(site, 1, &record);
    record.decision = (struct mn_journal_decision){.round = 2};
    read_record(site, 2, &record);
    free(told);
    free(notices);
}

/* What is owed is not gathered for each host anew: that would be a gibibyte here. */
static void tells_all_hosts_in_memory_for_what_is_said(void **state)
{
    (void)state;
    struct site site;
    struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
    new_site(&site);
    read_owed(&site, 1000);
    lead(&site, 2);
    coordinator_step(site.coordinator, 10 * MN_SECOND, &tick, &site.effects);
    uint32_t owed = 0;
    uint32_t said = 0;
    for (size_t i = 0; i < site.effects.count; i++) {
        const struct coordinator_effect *effect = &site.effects.items[i];
        bool decision = effect->kind == COORDINATOR_DO_SEND &&
                        effect->send.message->kind == MN_DOWN_DECISION &&
                        effect->send.message->decision.round == 2;
        said += decision ? 1 : 0;
        owed += decision ? effect->send.message->decision.owed_count : 0;
    }
    assert_int_equal(said, HOSTS);
    assert_int_equal(owed, 1000);
    assert_true(site.effects.arena.size < 16 << 20);
    close_site(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_all_of_them_however_many_there_are),
        cmocka_unit_test(forgets_those_that_are_taken_away),
        cmocka_unit_test(tells_all_hosts_in_memory_for_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
