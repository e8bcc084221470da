/* Runs put together, and told to people. */
#include "scenario/outcome.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/check.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

enum { BROKEN_SHOWN_MAX = 8, BROKEN_TEXT_SIZE = 640 };

/* What is shown of many runs. */
static const enum fact shown_facts[] = {
    FACT_detect_ms,    FACT_decide_ms,   FACT_restore_ms,    FACT_tell_ms,      FACT_told_within_ms,
    FACT_down_most_ms, FACT_rounds,      FACT_revived,       FACT_rolled_back,  FACT_reset,
    FACT_notices,      FACT_epochs_lost, FACT_messages_lost, FACT_work_lost_ms,
};
enum { SHOWN_COUNT = sizeof shown_facts / sizeof *shown_facts };

static double *values_new(size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    mn_assert(values != NULL);
    return values;
}

static bool came(const struct facts *facts, enum fact fact)
{
    return !fact_is_time(fact) || facts->values[fact] != FACT_NONE;
}

void outcome_spread(const struct facts *facts, size_t count, enum fact fact, struct spread *out)
{
    double *values = values_new(count);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (came(&facts[i], fact)) {
            values[used++] = (double)facts[i].values[fact];
        }
    }
    spread_of(values, used, out);
    free(values);
}

void outcome_difference(const struct outcome *outcome, enum fact fact, struct spread *out)
{
    double *values = values_new(outcome->count);
    size_t used = 0;
    for (size_t i = 0; i < outcome->count; i++) {
        if (came(&outcome->facts[i], fact) && came(&outcome->other[i], fact)) {
            values[used++] =
                (double)(outcome->other[i].values[fact] - outcome->facts[i].values[fact]);
        }
    }
    spread_of(values, used, out);
    free(values);
}

size_t outcome_kept(const struct scenario *scenario, const struct facts *facts, size_t count)
{
    char text[BROKEN_TEXT_SIZE];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += scenario_broken(scenario, &facts[i], 0, text, sizeof text) ? 0 : 1;
    }
    return kept;
}

size_t outcome_worst(const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome_kept(outcome->scenario, &outcome->facts[i], 1) == 0) {
            return i;
        }
    }
    return 0;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void add_value(struct mn_text *text, double value, bool time)
{
    if (time) {
        mn_text_add_duration(text, llround(value));
    } else {
        mn_text_add_format(text, value == (double)(int64_t)value ? "%.0f" : "%.1f", value);
    }
}

static void add_padded(struct mn_text *text, double value, bool time, size_t width)
{
    struct mn_text cell = {0};
    add_value(&cell, value, time);
    mn_text_add(text, cell.size < width ? "" : " ");
    for (size_t i = cell.size; i < width; i++) {
        mn_text_add(text, " ");
    }
    mn_text_add(text, cell.bytes != NULL ? cell.bytes : "");
    mn_text_deinit(&cell);
}

static void add_broken(const struct scenario *scenario, const struct facts *facts, bool colour,
                       struct mn_text *text)
{
    char line[BROKEN_TEXT_SIZE];
    for (size_t i = 0;
         i < BROKEN_SHOWN_MAX && scenario_broken(scenario, facts, i, line, sizeof line); i++) {
        mn_text_add_format(text, "  %sseed %" PRId64 ": %s%s\n", colour ? RED : "", facts->seed,
                           line, colour ? PLAIN : "");
    }
}

static void write_one(const struct facts *facts, struct mn_text *text)
{
    const int64_t *values = facts->values;
    mn_text_add_format(text,
                       "  %" PRId64 " %s: %" PRId64 " revived, %" PRId64 " rolled back, %" PRId64
                       " reset; %" PRId64 " notices,\n  %" PRId64 " epochs and %" PRId64
                       " messages lost\n",
                       values[FACT_rounds], values[FACT_rounds] == 1 ? "round" : "rounds",
                       values[FACT_revived], values[FACT_rolled_back], values[FACT_reset],
                       values[FACT_notices], values[FACT_epochs_lost], values[FACT_messages_lost]);
    static const enum fact times[] = {FACT_detect_ms, FACT_decide_ms, FACT_restore_ms,
                                      FACT_tell_ms};
    static const char *const words[] = {"  detected after ", ", then decided in ", ", restored in ",
                                        ", told in "};
    for (size_t i = 0; values[FACT_rounds] > 0 && i < 4; i++) {
        mn_text_add(text, words[i]);
        if (values[times[i]] == FACT_NONE) {
            mn_text_add(text, "(it never was)");
        } else {
            mn_text_add_duration(text, values[times[i]]);
        }
    }
    mn_text_add(text, values[FACT_rounds] > 0 ? "\n" : "");
    if (values[FACT_holds] > 0 || values[FACT_behind] > 0) {
        mn_text_add_format(text,
                           "  the coordinator said %" PRId64 " times that it holds, %" PRId64
                           " times that its journal is behind\n",
                           values[FACT_holds], values[FACT_behind]);
    }
}

static void write_table(const struct outcome *outcome, struct mn_text *text)
{
    mn_text_add_format(text, "  %-14s%9s%9s%9s%9s%9s  %s\n", "", "least", "median", "p95", "most",
                       "mean", "95 % interval");
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        enum fact fact = shown_facts[i];
        bool time = fact_is_time(fact);
        struct spread spread;
        outcome_spread(outcome->facts, outcome->count, fact, &spread);
        if (spread.count == 0) {
            continue;
        }
        double cells[] = {spread.least, spread.median, spread.p95, spread.most, spread.mean};
        mn_text_add_format(text, "  %-14s", fact_name(fact));
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
            add_padded(text, cells[k], time, 9);
        }
        mn_text_add(text, "  ");
        add_value(text, spread.low, time);
        mn_text_add(text, " to ");
        add_value(text, spread.high, time);
        mn_text_add(text, "\n");
    }
}

static void write_differences(const struct outcome *outcome, struct mn_text *text)
{
    mn_text_add_format(text, "\n%s\n  less %s, on the same seeds:\n", outcome->against->path,
                       outcome->scenario->path);
    mn_text_add_format(text, "  %-14s%9s%9s  %s\n", "", "median", "mean", "95 % interval");
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        enum fact fact = shown_facts[i];
        bool time = fact_is_time(fact);
        struct spread spread;
        outcome_difference(outcome, fact, &spread);
        if (spread.count == 0) {
            continue;
        }
        mn_text_add_format(text, "  %-14s", fact_name(fact));
        add_padded(text, spread.median, time, 9);
        add_padded(text, spread.mean, time, 9);
        mn_text_add(text, "  ");
        add_value(text, spread.low, time);
        mn_text_add(text, " to ");
        add_value(text, spread.high, time);
        bool differs = spread.count > 1 && (spread.low > 0 || spread.high < 0);
        mn_text_add(text, differs ? "  differs\n" : "\n");
    }
}

void outcome_write(const struct outcome *outcome, bool colour, struct mn_text *text)
{
    size_t kept = outcome_kept(outcome->scenario, outcome->facts, outcome->count);
    mn_text_add_format(text, "%s%s%s\n", colour ? BOLD : "", outcome->scenario->name,
                       colour ? PLAIN : "");
    if (outcome->count == 1) {
        write_one(outcome->facts, text);
    } else {
        double low = 0;
        double high = 0;
        share_of(kept, outcome->count, &low, &high);
        mn_text_add_format(text, "  %zu of %zu runs as promised (95 %% interval %.1f to %.1f %%)\n",
                           kept, outcome->count, low * 100, high * 100);
        write_table(outcome, text);
    }
    size_t shown = 0;
    for (size_t i = 0; i < outcome->count && shown < BROKEN_SHOWN_MAX; i++) {
        if (outcome_kept(outcome->scenario, &outcome->facts[i], 1) == 0) {
            add_broken(outcome->scenario, &outcome->facts[i], colour, text);
            shown += 1;
        }
    }
    if (outcome->against != NULL) {
        write_differences(outcome, text);
    }
    bool all = kept == outcome->count;
    mn_text_add_format(text, "%s%s%s\n", colour ? all ? GREEN : RED : "",
                       all ? "as promised" : "not as promised", colour ? PLAIN : "");
}
