/* Invented histories: what the engine would tell the observer, from a test's few words. */
#include "history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/decision.h"
#include "core/ledger.h"
#include "docs/evidence.h"

static const char topology_text[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://10.0.0.9:1\", operators: \"tcp://10.0.0.9:2\",\n"
    "  key: cccccccccccccccccccccccccccccccccccccccc}\n"
    "domains: {z1: {}, z2: {}, z3: {}}\n"
    "hosts:\n"
    "  h1: {in: z1, agent: \"tcp://10.0.0.1:1\", address: 10.0.0.1,\n"
    "    key: 1111111111111111111111111111111111111111}\n"
    "  h2: {in: z2, agent: \"tcp://10.0.0.2:1\", address: 10.0.0.2,\n"
    "    key: 2222222222222222222222222222222222222222}\n"
    "  h3: {in: z3, agent: \"tcp://10.0.0.3:1\", address: 10.0.0.3,\n"
    "    key: 3333333333333333333333333333333333333333}\n"
    "vats:\n"
    "  a: {host: h1, command: [x]}\n"
    "  b: {host: h2, command: [x]}\n"
    "  c: {host: h3, command: [x]}\n"
    "keepers: []\n"
    "checkpoints: {keep: 1, stores: 2}\n";

static const char *const vat_names[] = {"a", "b", "c"};
static const char *const host_names[] = {"h1", "h2", "h3"};

static struct observer_host ask(const void *context, uint32_t host)
{
    const struct history *history = context;
    return history->hosts[host];
}

void history_open_more(struct history *history, const char *more)
{
    char text[4096];
    struct mn_error error = {{0}};
    memset(history, 0, sizeof *history);
    int size = snprintf(text, sizeof text, "%s%s", topology_text, more);
    mn_result result = topology_read(text, (size_t)size, "t", &history->topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    history->observer = observer_new(history->topology, ask, history);
    history->listed = "a: {host: h1}, b: {host: h2}, c: {host: h3}";
    history_generation(history);
    for (uint32_t i = 0; i < HISTORY_HOST_COUNT; i++) {
        struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
        record.vat.vat = mn_name_of(vat_names[i]);
        record.vat.run = 1;
        history->hosts[i] = (struct observer_host){.up = true, .agent = true, .reached = true};
        history_record(history, &record);
        history->vats[i] = (struct history_vat){.run = 1, .incarnation = 1, .outcome = MN_REVIVED};
        history_begins(history, i, history_state(i, 0));
    }
    history_at(history, 1000);
}

void history_open(struct history *history)
{
    history_open_more(history, "policy: {approve: never}\n");
}

void history_close(struct history *history)
{
    observer_destroy(&history->observer);
    topology_destroy(&history->topology);
    mn_text_deinit(&history->evidence);
    mn_text_deinit(&history->answer);
    mn_arena_deinit(&history->memory);
}

void history_at(struct history *history, mn_time ms)
{
    history->now = ms * MN_MS;
    observer_time(history->observer, history->now);
}

void history_broken(const struct history *history, const char *text)
{
    const char *failure = observer_failure(history->observer);
    assert_string_equal(failure != NULL ? failure : "nothing", text);
}

void history_fine(const struct history *history)
{
    history_broken(history, "nothing");
}

struct observer_actor history_actor(const struct history *history, uint32_t vat)
{
    const struct history_vat *facts = &history->vats[vat];
    return (struct observer_actor){.vat = vat,
                                   .run = facts->run,
                                   .process = facts->process,
                                   .epoch = EPOCH(facts->run, facts->count)};
}

void history_record(struct history *history, const struct mn_journal_record *record)
{
    history->sequence += 1;
    observer_journal(history->observer, history->sequence, history->generation, record,
                     history->now, history->evidence.bytes, history->evidence.size);
}

void history_generation(struct history *history)
{
    const struct mn_journal_record record = {.kind = MN_JOURNAL_GENERATION};
    history->generation += 1;
    history_record(history, &record);
}

uint64_t history_sends(struct history *history, uint32_t vat, uint32_t peer)
{
    struct observer_actor actor = history_actor(history, vat);
    history->message += 1;
    observer_sends(history->observer, &actor, peer, history->message);
    return history->message;
}

void history_takes(struct history *history, uint32_t vat, uint32_t peer, uint64_t id)
{
    struct observer_actor actor = history_actor(history, vat);
    observer_takes(history->observer, &actor, peer, id);
}

/* All vats are the same at birth. */
uint64_t history_state(uint32_t vat, mn_epoch epoch)
{
    return epoch == 0 ? 7 : (uint64_t)epoch * 8 + vat;
}

mn_epoch history_checkpoint(struct history *history, uint32_t vat, uint32_t onto, unsigned hosts)
{
    struct observer_actor actor = history_actor(history, vat);
    mn_epoch base = onto == 0 ? 0 : EPOCH(actor.run, onto);
    observer_checkpoint(history->observer, &actor, base, history_state(vat, actor.epoch));
    for (uint32_t i = 0; i < HISTORY_HOST_COUNT; i++) {
        if ((hosts >> i & 1U) != 0) {
            observer_copy(history->observer, i, vat, actor.epoch, OBSERVER_COPY_MADE);
        }
    }
    if (hosts != 0) {
        observer_durable(history->observer, &actor, actor.epoch, 0);
    }
    history->vats[vat].count += 1;
    return actor.epoch;
}

void history_ends(struct history *history, uint32_t vat)
{
    struct observer_actor actor = history_actor(history, vat);
    observer_harm(history->observer);
    observer_vat_ends(history->observer, &actor);
    history->vats[vat].process = 0;
}

void history_begins(struct history *history, uint32_t vat, uint64_t state)
{
    struct history_vat *facts = &history->vats[vat];
    history->process += 1;
    facts->process = history->process;
    facts->count = 1;
    struct observer_actor actor = history_actor(history, vat);
    struct mn_life life = {.vat = mn_name_of(vat_names[vat]),
                           .run = facts->run,
                           .incarnation = facts->incarnation,
                           .keep = facts->keep,
                           .outcome = facts->outcome};
    observer_vat_begins(history->observer, &actor, &life, state);
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* Append @rows with each RUN.COUNT as the number that it is. */
static void add_rows(struct mn_text *text, const char *rows)
{
    while (*rows != '\0') {
        char *end = NULL;
        bool begins = isdigit((unsigned char)*rows) != 0;
        unsigned long long run = begins ? strtoull(rows, &end, 10) : 0;
        if (begins && *end == '.') {
            unsigned long long count = strtoull(end + 1, &end, 10);
            mn_text_add_format(text, "%llu", run << 32 | count);
        } else if (begins) {
            mn_text_add_format(text, "%llu", run);
        } else {
            mn_text_add_format(text, "%c", *rows);
            end = (char *)rows + 1;
        }
        rows = end;
    }
}

static void write_evidence(struct history *history, const char *host, const char *vat,
                           const char *rows)
{
    struct mn_text *text = &history->evidence;
    mn_text_deinit(text);
    mn_text_add(text, "{evidence: 1, domains: {z1: {}, z2: {}, z3: {}}, hosts: {h1: {in: z1}, "
                      "h2: {in: z2}, h3: {in: z3}}, stores: {h1: {in: h1}, h2: {in: h2}, "
                      "h3: {in: h3}}, vats: {");
    add_rows(text, history->listed);
    mn_text_add_format(text, "}, lost: {hosts: [%s], vats: [%s]}, ", host != NULL ? host : "",
                       vat != NULL ? vat : "");
    add_rows(text, rows);
    mn_text_add(text, "}\n");
    assert_int_equal(mn_text_result(text), MN_OK);
}

static void *take(struct history *history, size_t count, size_t size)
{
    void *taken = mn_arena_take_array(&history->memory, count + 1, size);
    assert_non_null(taken);
    return taken;
}

/* Where the vat is restored: at home, or on the last host that is not lost. */
static const char *place_of(const struct history *history, uint32_t vat, const char *lost)
{
    const char *home = host_names[history->topology->vats[vat].host];
    if (lost == NULL || strcmp(lost, home) != 0) {
        return home;
    }
    return strcmp(lost, "h3") == 0 ? "h2" : "h3";
}

static void add_start(struct history *history, const struct decision_vat *row, const char *lost)
{
    struct mn_journal_decision *out = &history->record.decision;
    struct mn_journal_start *starts = (struct mn_journal_start *)out->starts;
    starts[out->start_count++] =
        (struct mn_journal_start){.start = {.round = out->round,
                                            .vat = mn_name_of(vat_names[row->vat]),
                                            .run = history->vats[row->vat].run + 1,
                                            .incarnation = row->incarnation,
                                            .keep = row->keep,
                                            .outcome = row->outcome},
                                  .host = mn_name_of(place_of(history, row->vat, lost))};
}

static void add_told(struct history *history, const struct decision *decision,
                     const struct decision_vat *row)
{
    struct mn_journal_decision *out = &history->record.decision;
    struct mn_told *told = (struct mn_told *)out->told;
    struct mn_notice *notices = (struct mn_notice *)out->notices;
    told[out->told_count++] = (struct mn_told){.vat = mn_name_of(vat_names[row->vat]),
                                               .notice_first = out->notice_count,
                                               .notice_count = (uint32_t)row->told_count};
    for (size_t i = 0; i < row->told_count; i++) {
        const struct decision_vat *peer = decision_find(decision, row->told[i].peer);
        notices[out->notice_count++] =
            (struct mn_notice){.peer = mn_name_of(vat_names[row->told[i].peer]),
                               .incarnation = row->told[i].incarnation,
                               .kept = row->told[i].kept,
                               .you_heard = row->told[i].you_heard,
                               .forgot_you = row->told[i].forgot_you,
                               .reset = peer != NULL && peer->outcome == MN_RESET};
    }
}

static void add_rows_of(struct history *history, const struct decision *decision, const char *lost)
{
    struct mn_journal_decision *out = &history->record.decision;
    enum { VATS = HISTORY_HOST_COUNT };
    out->starts = take(history, VATS, sizeof *out->starts);
    out->told = take(history, VATS, sizeof *out->told);
    out->notices = take(history, (size_t)VATS * VATS, sizeof *out->notices);
    for (size_t i = 0; i < decision->vat_count; i++) {
        if (decision->vats[i].outcome != MN_RUNNING) {
            add_start(history, &decision->vats[i], lost);
        }
        if (decision->vats[i].told_count > 0) {
            add_told(history, decision, &decision->vats[i]);
        }
    }
}

/* The names in a list as evidence writes it: "a, b". */
static const struct mn_name *names_in(struct history *history, const char *list, uint32_t *count)
{
    struct mn_name *names = take(history, HISTORY_HOST_COUNT, sizeof *names);
    char name[MN_NAME_SIZE_MAX];
    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)size, list);
        names[(*count)++] = mn_name_of(name);
        list += size + strspn(list + size, ", ");
    }
    return names;
}

void history_loses_h1(struct history *history)
{
    history_ends(history, A);
    history->hosts[0].up = false;
}

void history_prepare(struct history *history, const char *host, const char *vat, const char *rows)
{
    struct mn_error error = {{0}};
    struct evidence *evidence = NULL;
    struct ledger *ledger = NULL;
    struct decision *decision = NULL;
    struct mn_journal_decision *out = &history->record.decision;
    write_evidence(history, host, vat, rows);
    mn_result result =
        evidence_read(history->evidence.bytes, history->evidence.size, "e", &evidence, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    assert_int_equal(ledger_new(&ledger), MN_OK);
    assert_int_equal(ledger_load(ledger, evidence), MN_OK);
    assert_int_equal(ledger_decide(ledger, &decision), MN_OK);
    history->record = (struct mn_journal_record){.kind = MN_JOURNAL_DECISION};
    history->round += 1;
    out->round = history->round;
    add_rows_of(history, decision, host);
    mn_text_deinit(&history->answer);
    assert_int_equal(decision_write_json(ledger, decision, true, &history->answer), MN_OK);
    (void)crypto_generichash(out->evidence_digest.bytes, sizeof out->evidence_digest.bytes,
                             (const unsigned char *)history->evidence.bytes, history->evidence.size,
                             NULL, 0);
    out->lost_hosts = names_in(history, host, &out->lost_host_count);
    out->lost_vats = names_in(history, vat, &out->lost_vat_count);
    decision_destroy(&decision);
    ledger_destroy(&ledger);
    evidence_destroy(&evidence);
}

void history_give(struct history *history)
{
    const struct mn_journal_decision *decision = &history->record.decision;
    history_record(history, &history->record);
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        history->vats[topology_find_vat(history->topology, start->vat.text)] =
            (struct history_vat){.run = start->run,
                                 .incarnation = start->incarnation,
                                 .keep = start->keep,
                                 .outcome = start->outcome,
                                 .count = 1};
    }
    if (history->answer.size > 0) {
        const struct mn_journal_record answer = {.kind = MN_JOURNAL_ANSWER,
                                                 .answer = {.round = decision->round,
                                                            .json = history->answer.bytes,
                                                            .size = history->answer.size}};
        history_record(history, &answer);
    }
}

void history_done(struct history *history)
{
    const struct mn_journal_record done = {.kind = MN_JOURNAL_DONE,
                                           .done = {.round = history->round}};
    history_record(history, &done);
}

void history_decides(struct history *history, const char *host, const char *vat, const char *rows)
{
    history_prepare(history, host, vat, rows);
    history_give(history);
}

struct mn_journal_start *history_start(struct history *history, const char *vat)
{
    const struct mn_journal_decision *decision = &history->record.decision;
    for (uint32_t i = 0; i < decision->start_count; i++) {
        if (strcmp(decision->starts[i].start.vat.text, vat) == 0) {
            return (struct mn_journal_start *)&decision->starts[i];
        }
    }
    fail_msg("the decision does not start %s", vat);
    return NULL;
}
