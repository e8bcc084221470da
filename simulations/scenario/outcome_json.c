/* What came out, as JSON: every fact of every run, the spreads, and one run in full. */
#include "scenario/outcome.h"

#include <stdio.h>
#include <string.h>

static json_t *of_facts(const struct scenario *scenario, const struct facts *facts)
{
    char text[640];
    json_t *broken = json_array();
    json_t *values = json_object();
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        bool none = fact_is_time((enum fact)i) && facts->values[i] == FACT_NONE;
        (void)json_object_set_new(values, fact_name((enum fact)i),
                                  none ? json_null() : json_integer(facts->values[i]));
    }
    for (size_t i = 0; scenario_broken(scenario, facts, i, text, sizeof text); i++) {
        (void)json_array_append_new(broken, json_string(text));
    }
    return json_pack("{s:I, s:o, s:o, s:s}", "seed", (json_int_t)facts->seed, "facts", values,
                     "broken", broken, "failure", facts->failure);
}

static json_t *of_spread(const struct spread *spread)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:[f, f]}", "count", (json_int_t)spread->count,
                     "least", spread->least, "median", spread->median, "p95", spread->p95, "most",
                     spread->most, "mean", spread->mean, "mean_95", spread->low, spread->high);
}

static json_t *of_spreads(const struct facts *facts, size_t count)
{
    json_t *spreads = json_object();
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        struct spread spread;
        outcome_spread(facts, count, (enum fact)i, &spread);
        if (spread.count > 0) {
            (void)json_object_set_new(spreads, fact_name((enum fact)i), of_spread(&spread));
        }
    }
    return spreads;
}

static json_t *of_differences(const struct outcome *outcome)
{
    json_t *differences = json_object();
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        struct spread spread;
        outcome_difference(outcome, (enum fact)i, &spread);
        if (spread.count > 0) {
            (void)json_object_set_new(differences, fact_name((enum fact)i), of_spread(&spread));
        }
    }
    return differences;
}

static json_t *of_settings(const struct sim_config *config)
{
    json_t *settings = json_object();
#define SETTING_JSON(name, ...)                                                                    \
    (void)json_object_set_new(settings, #name, json_integer((json_int_t)config->name));
    SIM_SETTINGS(SETTING_JSON)
#undef SETTING_JSON
    return settings;
}

static json_t *of_runs(const struct scenario *scenario, const struct facts *facts, size_t count)
{
    json_t *runs = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(runs, of_facts(scenario, &facts[i]));
    }
    double low = 0;
    double high = 0;
    size_t kept = outcome_kept(scenario, facts, count);
    share_of(kept, count, &low, &high);
    return json_pack("{s:s, s:s, s:o, s:I, s:[f, f], s:o, s:o}", "file", scenario->path, "name",
                     scenario->name, "settings", of_settings(&scenario->config), "kept",
                     (json_int_t)kept, "kept_95", low, high, "runs", runs, "spreads",
                     of_spreads(facts, count));
}

/* ---- one run in full ------------------------------------------------------------------------- */

static json_t *of_time(mn_time time)
{
    return time > 0 ? json_integer(time / MN_MS) : json_null();
}

static json_t *of_rounds(const struct record *record)
{
    json_t *rounds = json_array();
    for (size_t i = 0; i < record->round_count; i++) {
        const struct record_round *round = &record->rounds[i];
        (void)json_array_append_new(
            rounds, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:I}", "round",
                              (json_int_t)round->round, "first_death_ms",
                              of_time(round->first_death), "begun_ms", of_time(round->begun_at),
                              "decided_ms", of_time(round->decided_at), "restored_ms",
                              of_time(round->restored_at), "told_ms", of_time(round->told_at),
                              "attempts", (int)round->attempts, "restored", (int)round->restored,
                              "told", (int)round->told, "notices", (json_int_t)round->notices));
    }
    return rounds;
}

static json_t *of_losses(const struct record *record)
{
    json_t *losses = json_array();
    for (size_t i = 0; i < record->loss_count; i++) {
        const struct record_loss *loss = &record->losses[i];
        (void)json_array_append_new(
            losses,
            json_pack("{s:I, s:i, s:s, s:I, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I}", "round",
                      (json_int_t)loss->round, "vat", (int)loss->vat, "outcome",
                      mn_outcome_name(loss->outcome), "keep", (json_int_t)loss->keep, "kept_ms",
                      of_time(loss->kept_at), "ended_ms", of_time(loss->ended_at), "back_ms",
                      of_time(loss->back_at), "was_running", loss->was_running ? 1 : 0, "epochs",
                      (json_int_t)loss->epochs, "open", (json_int_t)loss->open, "sent",
                      (json_int_t)loss->sent, "taken", (json_int_t)loss->taken));
    }
    return losses;
}

static json_t *of_events(const struct record *record)
{
    static const char *const kinds[] = {"fault", "over", "said"};
    json_t *events = json_array();
    for (size_t i = 0; i < record->event_count; i++) {
        const struct record_event *event = &record->events[i];
        (void)json_array_append_new(events, json_pack("{s:I, s:s, s:s}", "ms",
                                                      (json_int_t)(event->at / MN_MS), "kind",
                                                      kinds[event->kind], "text", event->text));
    }
    return events;
}

/* {"h0": "the topology's name of it", ...} */
static json_t *of_names(const char *names)
{
    json_t *object = json_object();
    while (names != NULL && *names != '\0') {
        char key[16];
        size_t key_size = strcspn(names, " ");
        size_t size = strcspn(names + key_size + 1, "\n");
        (void)snprintf(key, sizeof key, "%.*s", (int)key_size, names);
        (void)json_object_set_new(object, key, json_stringn(names + key_size + 1, size));
        names += key_size + 1 + size + 1;
    }
    return object;
}

json_t *outcome_json(const struct outcome *outcome, const struct record *record)
{
    json_t *whole = of_runs(outcome->scenario, outcome->facts, outcome->count);
    if (outcome->against != NULL && whole != NULL) {
        (void)json_object_set_new(whole, "against",
                                  of_runs(outcome->against, outcome->other, outcome->count));
        (void)json_object_set_new(whole, "differences", of_differences(outcome));
    }
    if (outcome->scenario->names != NULL && whole != NULL) {
        (void)json_object_set_new(whole, "names", of_names(outcome->scenario->names));
    }
    if (record != NULL && whole != NULL) {
        size_t shown = outcome_worst(outcome);
        (void)json_object_set_new(whole, "shown",
                                  json_pack("{s:I, s:o, s:o, s:o}", "seed",
                                            (json_int_t)outcome->facts[shown].seed, "rounds",
                                            of_rounds(record), "losses", of_losses(record),
                                            "events", of_events(record)));
    }
    return whole;
}
