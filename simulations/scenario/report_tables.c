/* The tables of the page, and the time line of the rounds. */
#include "scenario/report_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void cell(struct mn_text *text, const char *class, int64_t number)
{
    mn_text_add_format(text, "<td class=\"%s\">%lld</td>", class, (long long)number);
}

static void cell_ms(struct mn_text *text, int64_t ms)
{
    mn_text_add(text, "<td class=\"n\">");
    report_add_ms(text, ms);
    mn_text_add(text, "</td>");
}

static void left_out(struct mn_text *text, size_t count, size_t shown, const char *what)
{
    if (count > shown) {
        mn_text_add_format(text,
                           "<p class=\"small\">And %zu more %s; report.json has them all.</p>\n",
                           count - shown, what);
    }
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void add_part(struct mn_text *text, const char *word, int64_t ms, int64_t total)
{
    if (ms == FACT_NONE) {
        return;
    }
    double percent = total > 0 ? 100.0 * (double)ms / (double)total : 0;
    mn_text_add_format(text, "<span class=\"part %s\" style=\"flex:%.2f 1 0\" title=\"%s\"></span>",
                       word, percent > 0.4 ? percent : 0.4, word);
}

static mn_time round_from(const struct record_round *round)
{
    return round->first_death > 0 ? round->first_death : round->begun_at;
}

/* All bars are on one scale, so that rounds can be compared; @longest fills it. */
static void add_round(struct mn_text *text, const struct record_round *round, int64_t longest)
{
    static const char *const words[] = {"detect", "decide", "restore", "tell"};
    mn_time from = round_from(round);
    mn_time marks[] = {from, round->begun_at, round->decided_at, round->restored_at,
                       round->told_at};
    int64_t total = record_ms(from, round->told_at);
    mn_text_add_format(text,
                       "<div class=\"round\"><span><b>round %llu</b> <span class=\"small\">at ",
                       (unsigned long long)round->round);
    report_add_at(text, from);
    mn_text_add_format(text, ", %u restored, %u told%s</span></span><div class=\"track\">",
                       round->restored, round->told,
                       round->attempts > 1 ? ", intervals asked for again" : "");
    mn_text_add_format(text, "<div class=\"bar\" style=\"width:%.1f%%\">",
                       longest > 0 && total > 0 ? 100.0 * (double)total / (double)longest : 0.0);
    for (size_t i = 0; i < 4; i++) {
        add_part(text, words[i], record_ms(marks[i], marks[i + 1]), total);
    }
    mn_text_add(text, "</div></div><div class=\"parts\">");
    for (size_t i = 0; i < 4; i++) {
        mn_text_add_format(text, "<span><i class=\"k %s\"></i>%s ", words[i], words[i]);
        report_add_ms(text, record_ms(marks[i], marks[i + 1]));
        mn_text_add(text, "</span>");
    }
    mn_text_add(text, "<span><b>in all ");
    report_add_ms(text, total);
    mn_text_add(text, "</b></span></div></div>\n");
}

void report_rounds(struct report *report)
{
    const struct record *record = report->record;
    size_t shown = 0;
    int64_t longest = 0;
    mn_text_add(report->text, "<h2>The rounds</h2>\n");
    for (size_t i = 0; i < record->round_count; i++) {
        int64_t total = record_ms(round_from(&record->rounds[i]), record->rounds[i].told_at);
        longest = total > longest ? total : longest;
    }
    for (size_t i = 0; i < record->round_count && shown < REPORT_TABLE_COUNT_MAX; i++) {
        if (record->rounds[i].decided_at != 0) {
            add_round(report->text, &record->rounds[i], longest);
            shown += 1;
        }
    }
    if (shown == 0) {
        mn_text_add(report->text, "<p>No round came to a decision.</p>\n");
    }
    left_out(report->text, (size_t)report->facts->values[FACT_rounds], shown, "rounds");
}

/* ---- losses ---------------------------------------------------------------------------------- */

static const char *outcome_words(enum mn_outcome outcome)
{
    switch (outcome) {
    case MN_REVIVED:
        return "revived";
    case MN_ROLLED_BACK:
        return "rolled back";
    case MN_RESET:
        return "reset";
    case MN_RUNNING:
        break;
    }
    return "running";
}

static int compare_losses(const void *a, const void *b)
{
    const struct record_loss *left = *(const struct record_loss *const *)a;
    const struct record_loss *right = *(const struct record_loss *const *)b;
    if (left->outcome != right->outcome) {
        return left->outcome > right->outcome ? -1 : 1;
    }
    int64_t left_work = left->ended_at - left->kept_at;
    int64_t right_work = right->ended_at - right->kept_at;
    if (left_work != right_work) {
        return left_work > right_work ? -1 : 1;
    }
    return (left->vat > right->vat) - (left->vat < right->vat);
}

const struct record_loss **report_sorted_losses(const struct record *record)
{
    const struct record_loss **sorted = calloc(record->loss_count + 1, sizeof *sorted);
    mn_assert(sorted != NULL);
    for (size_t i = 0; i < record->loss_count; i++) {
        sorted[i] = &record->losses[i];
    }
    qsort((void *)sorted, record->loss_count, sizeof *sorted, compare_losses);
    return sorted;
}

static void add_loss(struct report *report, const struct record_loss *loss)
{
    struct mn_text *text = report->text;
    mn_text_add_format(text, "<tr class=\"o%d\"><td>v%u</td><td>h%u</td>", (int)loss->outcome,
                       loss->vat, report->tree->vats[loss->vat].host);
    cell(text, "n", (int64_t)loss->round);
    mn_text_add_format(text, "<td>%s%s</td><td>", outcome_words(loss->outcome),
                       loss->was_running ? ", was running" : "");
    report_add_epoch(text, loss->keep);
    mn_text_add(text, "</td>");
    cell(text, "n", (int64_t)loss->epochs);
    cell(text, "n", (int64_t)loss->open);
    cell_ms(text, loss->ended_at > loss->kept_at ? (loss->ended_at - loss->kept_at) / MN_MS : 0);
    cell(text, "n", (int64_t)loss->sent);
    cell(text, "n", (int64_t)loss->taken);
    cell_ms(text, record_ms(loss->ended_at, loss->back_at));
    mn_text_add(text, "</tr>\n");
}

static void add_sum(struct report *report)
{
    const struct record *record = report->record;
    struct mn_text *text = report->text;
    const int64_t *values = report->facts->values;
    mn_text_add_format(text,
                       "<tr class=\"sum\"><td colspan=\"5\">in sum; of vats that forgot %lld "
                       "epochs and %lld messages</td>",
                       (long long)values[FACT_epochs_lost], (long long)values[FACT_messages_lost]);
    struct record_loss sum = {0};
    for (size_t i = 0; i < record->loss_count; i++) {
        sum.epochs += record->losses[i].epochs;
        sum.open += record->losses[i].open;
        sum.sent += record->losses[i].sent;
        sum.taken += record->losses[i].taken;
    }
    cell(text, "n", (int64_t)sum.epochs);
    cell(text, "n", (int64_t)sum.open);
    cell_ms(text, values[FACT_work_lost_ms]);
    cell(text, "n", (int64_t)sum.sent);
    cell(text, "n", (int64_t)sum.taken);
    mn_text_add(text, "<td class=\"n\">at most ");
    report_add_ms(text, values[FACT_down_most_ms]);
    mn_text_add(text, "</td></tr></table></div>\n");
}

void report_losses(struct report *report)
{
    const struct record *record = report->record;
    struct mn_text *text = report->text;
    const struct record_loss **sorted = report_sorted_losses(record);
    size_t shown =
        record->loss_count < REPORT_TABLE_COUNT_MAX ? record->loss_count : REPORT_TABLE_COUNT_MAX;
    mn_text_add(text, "<h2>What was lost</h2>\n");
    if (record->loss_count == 0) {
        mn_text_add(text, "<p>No vat was restored.</p>\n");
        free((void *)sorted);
        return;
    }
    mn_text_add(text,
                "<div class=\"wide\"><table><tr><th>vat</th><th>host</th><th class=\"n\">round</th>"
                "<th>outcome</th><th>keeps</th><th class=\"n\">epochs died</th>"
                "<th class=\"n\">open ones</th><th class=\"n\">work lost</th>"
                "<th class=\"n\">sent in them</th><th class=\"n\">taken in them</th>"
                "<th class=\"n\">without a process</th></tr>\n");
    for (size_t i = 0; i < shown; i++) {
        add_loss(report, sorted[i]);
    }
    add_sum(report);
    left_out(text, record->loss_count, shown, "restored vats");
    free((void *)sorted);
}

/* ---- racks ----------------------------------------------------------------------------------- */

struct rack_sum {
    uint32_t vats;
    uint32_t by_outcome[MN_RESET + 1];
    uint32_t told;
};

static struct rack_sum *sums_new(const struct report *report)
{
    const struct sim_tree *tree = report->tree;
    struct rack_sum *sums = calloc((size_t)tree->rack_count + 1, sizeof *sums);
    mn_assert(sums != NULL);
    for (uint32_t i = 0; i < tree->vat_count; i++) {
        sums[tree->host_racks[tree->vats[i].host]].vats += 1;
    }
    for (size_t i = 0; i < report->record->loss_count; i++) {
        const struct record_loss *loss = &report->record->losses[i];
        sums[tree->host_racks[tree->vats[loss->vat].host]].by_outcome[loss->outcome] += 1;
    }
    for (size_t i = 0; i < report->record->notice_count; i++) {
        sums[tree->host_racks[tree->vats[report->record->notices[i].vat].host]].told += 1;
    }
    return sums;
}

static const char *rack_class(const struct rack_sum *sum)
{
    if (sum->by_outcome[MN_RESET] > 0) {
        return "o3";
    }
    if (sum->by_outcome[MN_ROLLED_BACK] > 0) {
        return "o2";
    }
    if (sum->by_outcome[MN_REVIVED] > 0) {
        return "o1";
    }
    return sum->told > 0 ? "ot" : "";
}

void report_racks(struct report *report)
{
    const struct sim_tree *tree = report->tree;
    struct mn_text *text = report->text;
    if (tree->rack_count < 4) {
        return;
    }
    struct rack_sum *sums = sums_new(report);
    mn_text_add(text,
                "<h2>The racks</h2>\n<p class=\"key\"><span class=\"k o3\"></span>vats reset "
                "<span class=\"k o2\"></span>rolled back <span class=\"k o1\"></span>revived "
                "<span class=\"k ot\"></span>told only <span class=\"k o0\"></span>untouched; "
                "restored of all vats</p>\n");
    for (uint32_t i = 0; i < tree->rack_count; i++) {
        if (i == 0 || tree->rack_zones[i] != tree->rack_zones[i - 1]) {
            mn_text_add_format(text, "%s<div class=\"zone\"><b>z%u</b>", i > 0 ? "</div>\n" : "",
                               tree->rack_zones[i]);
        }
        const struct rack_sum *sum = &sums[i];
        uint32_t restored = sum->by_outcome[MN_REVIVED] + sum->by_outcome[MN_ROLLED_BACK] +
                            sum->by_outcome[MN_RESET];
        mn_text_add_format(text,
                           "<span class=\"tile %s\" title=\"%u revived, %u rolled back, %u reset, "
                           "%u notices\">r%u<br>%u/%u</span>",
                           rack_class(sum), sum->by_outcome[MN_REVIVED],
                           sum->by_outcome[MN_ROLLED_BACK], sum->by_outcome[MN_RESET], sum->told, i,
                           restored, sum->vats);
    }
    mn_text_add(text, "</div>\n");
    free(sums);
}

/* ---- events ---------------------------------------------------------------------------------- */

void report_events(struct report *report)
{
    static const char *const classes[] = {"fault", "over", "said"};
    const struct record *record = report->record;
    struct mn_text *text = report->text;
    mn_text_add_format(text,
                       "<details><summary>What happened, and what the coordinator said (%zu)"
                       "</summary><div class=\"wide\"><table class=\"events\">\n",
                       record->event_count);
    for (size_t i = 0; i < record->event_count; i++) {
        mn_text_add_format(text, "<tr class=\"%s\"><td class=\"n\">%.3f s</td><td>",
                           classes[record->events[i].kind], (double)record->events[i].at / 1e9);
        report_add(text, record->events[i].text);
        mn_text_add(text, "</td></tr>\n");
    }
    mn_text_add(text, "</table></div></details>\n");
}

/* ---- many runs ------------------------------------------------------------------------------- */

static void add_number(struct mn_text *text, double value, bool time)
{
    mn_text_add(text, "<td class=\"n\">");
    if (time) {
        mn_text_add_duration(text, llround(value));
    } else {
        mn_text_add_format(text, value == (double)(int64_t)value ? "%.0f" : "%.2f", value);
    }
    mn_text_add(text, "</td>");
}

static void add_spread(struct mn_text *text, enum fact fact, const struct spread *spread,
                       bool difference)
{
    bool time = fact_is_time(fact);
    bool differs = spread->count > 1 && (spread->low > 0 || spread->high < 0);
    if (spread->count == 0 || (spread->least == 0 && spread->most == 0)) {
        return;
    }
    mn_text_add_format(text, "<tr%s><td title=\"%s\">%s</td>",
                       difference && differs ? " class=\"differs\"" : "", fact_text(fact),
                       fact_name(fact));
    double cells[] = {spread->least, spread->median, spread->p95, spread->most,
                      spread->mean,  spread->low,    spread->high};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        add_number(text, cells[i], time);
    }
    mn_text_add(text, "</tr>\n");
}

static void add_spreads(struct report *report, bool difference)
{
    const struct outcome *outcome = report->outcome;
    mn_text_add(report->text,
                "<div class=\"wide\"><table><tr><th></th><th class=\"n\">least</th>"
                "<th class=\"n\">median</th><th class=\"n\">p95</th><th class=\"n\">most</th>"
                "<th class=\"n\">mean</th><th class=\"n\" colspan=\"2\">95 % interval of the mean"
                "</th></tr>\n");
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        struct spread spread;
        if (difference) {
            outcome_difference(outcome, (enum fact)i, &spread);
        } else {
            outcome_spread(outcome->facts, outcome->count, (enum fact)i, &spread);
        }
        add_spread(report->text, (enum fact)i, &spread, difference);
    }
    mn_text_add(report->text, "</table></div>\n");
}

void report_many(struct report *report)
{
    const struct outcome *outcome = report->outcome;
    double low = 0;
    double high = 0;
    if (outcome->count < 2) {
        return;
    }
    size_t kept = outcome_kept(outcome->scenario, outcome->facts, outcome->count);
    share_of(kept, outcome->count, &low, &high);
    mn_text_add_format(report->text,
                       "<h2>All %zu runs</h2>\n<p>%zu as promised: 95 %% interval of the share "
                       "%.1f to %.1f %%. Above is the run of seed %lld.</p>\n",
                       outcome->count, kept, low * 100, high * 100, (long long)report->facts->seed);
    add_spreads(report, false);
    if (outcome->against != NULL) {
        mn_text_add(report->text, "<h2>");
        report_add(report->text, outcome->against->path);
        mn_text_add(report->text, " less ");
        report_add(report->text, outcome->scenario->path);
        mn_text_add(report->text, ", on the same seeds</h2>\n");
        add_spreads(report, true);
    }
}

/* ---- parameters ------------------------------------------------------------------------------ */

static const char *what_it_is(const char *setting)
{
#define PARAMETER_TEXT(name, standard, least, most, what)                                          \
    if (strcmp(setting, #name) == 0) {                                                             \
        return what;                                                                               \
    }
    SIM_SETTINGS(PARAMETER_TEXT)
#undef PARAMETER_TEXT
    return "";
}

static void add_parameter(struct mn_text *text, const char *setting, int64_t value,
                          int64_t standard)
{
    static const char *const shapes[] = {
#define PARAMETER_SHAPE(name, word, what) word,
        SIM_SHAPES(PARAMETER_SHAPE)
#undef PARAMETER_SHAPE
    };
    mn_text_add_format(text, "<tr%s><td>%s</td>", value != standard ? " class=\"changed\"" : "",
                       setting);
    if (strcmp(setting, "shape") == 0) {
        mn_text_add_format(text, "<td class=\"n\">%s</td>", shapes[value]);
    } else {
        cell(text, "n", value);
    }
    mn_text_add_format(text, "<td>%s</td></tr>\n", what_it_is(setting));
}

void report_parameters(struct report *report)
{
    struct sim_config standard;
    const struct sim_config *config = &report->scenario->config;
    struct mn_text *text = report->text;
    sim_config_init(&standard);
    if (report->scenario->names != NULL) {
        mn_text_add(text, "<details open><summary>What the topology calls the hosts and vats"
                          "</summary><pre class=\"names\">");
        report_add(text, report->scenario->names);
        mn_text_add(text, "</pre></details>\n");
    }
    mn_text_add(text, "<details><summary>The parameters; what is not as its default is bold"
                      "</summary><div class=\"wide\"><table>\n");
#define PARAMETER_ROW(name, ...) add_parameter(text, #name, config->name, standard.name);
    SIM_SETTINGS(PARAMETER_ROW)
#undef PARAMETER_ROW
    mn_text_add(text, "</table></div></details>\n");
}
