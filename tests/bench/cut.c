/* The benchmark of the ledger and the cut: makes a cluster, loads it report by report, loses a part
 * of it, decides, applies the decision, and decides on one more small loss.
 *
 * load_s     adding hosts, stores and vats and taking in every report; making them is not in it
 * cut_s      ledger_cut: what every vat keeps
 * decide_s   ledger_decide: with the causes, the trace and all notices; 0 when it was left out,
 *            because a decision that tells a hundred million pairs does not fit everywhere
 * touched    heard entries that the cut looked at; demoted: steps that it took
 * next_*     the same for one more loss after the decision was applied */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/check.h"
#include "core/decision.h"
#include "tests/bench/cut_against.h"

enum { BATCH = 256, NEXT_HEARERS = 100, DECIDE_HEARD_MAX = 20 * 1000 * 1000 };

struct options {
    struct workload workload;
    bool json;
    bool against;
    bool decide;
    double bound_s;
};

struct report {
    struct workload *workload;
    struct ledger *ledger;
    double load_s;
    double batch_s_max; /* the longest that a batch of reports took */
    double cut_s;
    double decide_s;
    struct decision_cost cost;
    struct ledger_sizes sizes;
    double next_cut_s;
    double next_decide_s;
    uint64_t next_touched;
    uint32_t *keep; /* the last epoch that is left, by vat */
    long peak_rss_kb;
};

static void must(mn_result result)
{
    mn_assert(result == MN_OK);
}

/* Epochs are numbered as the system does, by run and count. */
static mn_epoch epoch_of(mn_run run, uint32_t count)
{
    return (mn_epoch)run << 32 | count;
}

static void add_everyone(struct report *report)
{
    const struct workload *workload = report->workload;
    char name[32];
    uint32_t index = 0;
    struct evidence_store vault = {"vault", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
    must(ledger_add_store(report->ledger, &vault, &index));
    for (uint32_t r = 0; r < workload->racks; r++) {
        (void)snprintf(name, sizeof name, "rack-%u", r);
        struct evidence_domain rack = {name, EVIDENCE_NONE};
        must(ledger_add_domain(report->ledger, &rack, &index));
    }
    for (uint32_t h = 0; h < workload->hosts; h++) {
        (void)snprintf(name, sizeof name, "host-%u", h);
        struct evidence_host host = {name, workload_rack(workload, h)};
        must(ledger_add_host(report->ledger, &host, &index));
        struct evidence_store store = {name, EVIDENCE_IN_HOST, h};
        must(ledger_add_store(report->ledger, &store, &index));
    }
    for (uint32_t v = 0; v < workload->vats; v++) {
        (void)snprintf(name, sizeof name, "vat-%u", v);
        struct evidence_vat vat = {.name = name,
                                   .host = workload_host(workload, v),
                                   .limit = workload->limit,
                                   .sends = workload->early ? EVIDENCE_EARLY : EVIDENCE_HELD};
        must(ledger_add_vat(report->ledger, &vat, &index));
    }
}

/* The reports of a batch, as agents would send them. */
struct batch {
    struct evidence_checkpoint rows[BATCH];
    struct evidence_form forms[BATCH];
    uint32_t at[BATCH][2];
    struct evidence_heard *heard;
};

/* One report: every eighth checkpoint full, the others diffs. */
static void make_report(const struct workload *workload, uint32_t rank, uint32_t epoch,
                        struct batch *batch, uint32_t i)
{
    uint32_t vat = workload->vat_of_rank[rank];
    bool full = (epoch - WORKLOAD_EPOCH_FIRST) % 8 == 0;
    struct evidence_heard *heard = batch->heard + (size_t)i * workload->heard;
    workload_report(workload, rank, epoch, heard);
    for (uint32_t j = 0; j < workload->heard; j++) {
        heard[j].epoch = epoch_of(1, (uint32_t)heard[j].epoch);
    }
    batch->at[i][0] = 1 + workload_host(workload, vat);
    batch->at[i][1] = 0;
    batch->forms[i] =
        (struct evidence_form){.kind = full ? EVIDENCE_FULL : EVIDENCE_DIFF,
                               .onto = full ? 0 : epoch_of(1, epoch - 1),
                               .need = 1,
                               .at_count = workload_is_copied(workload, vat, epoch) ? 2 : 1,
                               .at = batch->at[i]};
    batch->rows[i] = (struct evidence_checkpoint){.vat = vat,
                                                  .epoch = epoch_of(1, epoch),
                                                  .has_since = true,
                                                  .since = epoch_of(1, epoch - 1),
                                                  .durable = true,
                                                  .heard_count = workload->heard,
                                                  .heard = heard,
                                                  .form_count = 1,
                                                  .forms = &batch->forms[i]};
}

static void load(struct report *report)
{
    const struct workload *workload = report->workload;
    struct batch *batch = calloc(1, sizeof *batch);
    mn_assert(batch != NULL);
    batch->heard = calloc((size_t)BATCH * workload->heard + 1, sizeof *batch->heard);
    mn_assert(batch->heard != NULL);
    double begin = workload_now();
    add_everyone(report);
    report->load_s = workload_now() - begin;
    for (uint32_t e = 0; e < workload->epochs; e++) {
        for (uint32_t first = 0; first < workload->vats; first += BATCH) {
            uint32_t count = workload->vats - first < BATCH ? workload->vats - first : BATCH;
            for (uint32_t i = 0; i < count; i++) {
                make_report(workload, first + i, WORKLOAD_EPOCH_FIRST + e, batch, i);
            }
            size_t taken = 0;
            begin = workload_now();
            must(ledger_checkpoints(report->ledger, batch->rows, count, &taken));
            double took = workload_now() - begin;
            report->load_s += took;
            report->batch_s_max = took > report->batch_s_max ? took : report->batch_s_max;
        }
    }
    free(batch->heard);
    free(batch);
}

static void lose_hosts(struct report *report, bool lost)
{
    for (uint32_t h = 0; h < report->workload->hosts; h++) {
        struct ledger_loss loss = {.kind = LEDGER_LOSS_HOST, .index = h};
        if (report->workload->lost[h]) {
            must(lost ? ledger_lose(report->ledger, &loss) : ledger_unlose(report->ledger, &loss));
        }
    }
}

/* The restored vats go on, and who was told has handled it. */
static void apply(struct report *report, const struct decision *decision)
{
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *vat = &decision->vats[i];
        if (vat->outcome == MN_RUNNING) {
            continue;
        }
        struct evidence_lineage fork = {.after = vat->keep,
                                        .next = mn_epoch_first(2),
                                        .seen = vat->forgot,
                                        .told = vat->forgot_told};
        must(ledger_fork(report->ledger, vat->vat, &fork));
    }
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *vat = &decision->vats[i];
        for (size_t j = 0; j < vat->told_count; j++) {
            if (vat->told[j].you_heard.first != 0) {
                must(ledger_settle(report->ledger, vat->vat, vat->told[j].peer, vat->told[j].kept,
                                   vat->told[j].you_heard.last));
            }
        }
    }
}

/* The epoch that a vat is in once the decision was applied. */
static mn_epoch epoch_now(const struct report *report, uint32_t vat)
{
    uint32_t last = workload_epoch_last(report->workload);
    return report->keep[vat] == last ? epoch_of(1, last) : mn_epoch_first(2);
}

/* A hundred vats hear what one more is just saying; it is lost, and they with it go back. */
static void lose_one_more(struct report *report)
{
    uint32_t lost = 0;
    uint32_t vault = 0;
    struct evidence_form form = {.kind = EVIDENCE_FULL, .need = 1, .at_count = 1, .at = &vault};
    struct evidence_checkpoint kept = {.vat = lost,
                                       .epoch = epoch_now(report, lost),
                                       .durable = true,
                                       .form_count = 1,
                                       .forms = &form};
    must(ledger_checkpoint(report->ledger, &kept));
    struct evidence_heard heard = {lost, epoch_now(report, lost) + 1};
    for (uint32_t v = 1; v <= NEXT_HEARERS && v < report->workload->vats; v++) {
        struct evidence_checkpoint row = {.vat = v,
                                          .epoch = epoch_now(report, v),
                                          .durable = true,
                                          .heard_count = 1,
                                          .heard = &heard};
        must(ledger_checkpoint(report->ledger, &row));
    }
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = lost};
    must(ledger_lose(report->ledger, &loss));
    struct decision *decision = NULL;
    double begin = workload_now();
    must(ledger_cut(report->ledger, &decision));
    report->next_cut_s = workload_now() - begin;
    report->next_touched = decision->cost.touched;
    decision_destroy(&decision);
    begin = workload_now();
    must(ledger_decide(report->ledger, &decision));
    report->next_decide_s = workload_now() - begin;
    decision_destroy(&decision);
}

static void note_keeps(struct report *report, const struct decision *decision)
{
    for (uint32_t v = 0; v < report->workload->vats; v++) {
        report->keep[v] = workload_epoch_last(report->workload);
    }
    for (size_t i = 0; i < decision->vat_count; i++) {
        if (decision->vats[i].outcome != MN_RUNNING) {
            report->keep[decision->vats[i].vat] = (uint32_t)decision->vats[i].keep;
        }
    }
}

static void measure(struct report *report, bool decide)
{
    struct decision *decision = NULL;
    must(ledger_new(&report->ledger));
    load(report);
    ledger_measure(report->ledger, &report->sizes);
    lose_hosts(report, true);
    double begin = workload_now();
    must(ledger_cut(report->ledger, &decision));
    report->cut_s = workload_now() - begin;
    report->cost = decision->cost;
    note_keeps(report, decision);
    if (decide) {
        decision_destroy(&decision);
        begin = workload_now();
        must(ledger_decide(report->ledger, &decision));
        report->decide_s = workload_now() - begin;
    }
    struct rusage usage;
    mn_assert(getrusage(RUSAGE_SELF, &usage) == 0);
    report->peak_rss_kb = usage.ru_maxrss;
    lose_hosts(report, false);
    apply(report, decision);
    decision_destroy(&decision);
    lose_one_more(report);
    ledger_destroy(&report->ledger);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_number(bool json, bool first, const char *key, double value)
{
    if (json) {
        (void)printf("%s\"%s\": %.9g", first ? "" : ", ", key, value);
    } else {
        (void)printf("%-20s %.9g\n", key, value);
    }
}

static void tell_word(bool json, const char *key, const char *value)
{
    (void)(json ? printf(", \"%s\": \"%s\"", key, value) : printf("%-20s %s\n", key, value));
}

static void tell(const struct options *options, const struct report *report)
{
    bool json = options->json;
    double heard = (double)report->sizes.heard_count;
    double bytes = (double)report->sizes.byte_count;
    double vats = (double)report->workload->vats;
    double touched = (double)report->cost.touched;
    tell_number(json, true, "vats", vats);
    tell_number(json, false, "heard", heard);
    tell_number(json, false, "lost_vats", report->workload->lost_vats);
    tell_number(json, false, "load_s", report->load_s);
    tell_number(json, false, "heard_per_s", heard / report->load_s);
    tell_number(json, false, "batch_s_max", report->batch_s_max);
    tell_number(json, false, "cut_s", report->cut_s);
    tell_number(json, false, "decide_s", report->decide_s);
    tell_number(json, false, "touched", touched);
    tell_number(json, false, "touched_per_s", touched / report->cut_s);
    tell_number(json, false, "demoted", (double)report->cost.demoted);
    tell_number(json, false, "next_cut_s", report->next_cut_s);
    tell_number(json, false, "next_decide_s", report->next_decide_s);
    tell_number(json, false, "next_touched", (double)report->next_touched);
    tell_number(json, false, "bytes_per_heard", heard > 0 ? bytes / heard : 0);
    tell_number(json, false, "bytes_per_vat", bytes / vats);
    tell_number(json, false, "peak_rss_bytes", (double)report->peak_rss_kb * 1024);
}

static void tell_against(const struct options *options, const struct report *report,
                         const char *name, const struct against_result *result)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s_build_s", name);
    tell_number(options->json, false, key, result->build_s);
    (void)snprintf(key, sizeof key, "%s_cut_s", name);
    tell_number(options->json, false, key, result->cut_s);
    bool same =
        memcmp(report->keep, result->keep, report->workload->vats * sizeof *report->keep) == 0;
    (void)snprintf(key, sizeof key, "%s_cut", name);
    tell_word(options->json, key,
              result->stopped ? "stopped at its bound"
              : same          ? "same"
                              : "DIFFERS");
}

static void compare(const struct options *options, const struct report *report)
{
    struct against_edges edges;
    struct against_result result = {0};
    result.keep = calloc(report->workload->vats, sizeof *result.keep);
    mn_assert(result.keep != NULL);
    against_edges_init(&edges, report->workload);
    tell_number(options->json, false, "bound_s", options->bound_s);
    against_bfs(report->workload, &edges, &result);
    tell_against(options, report, "bfs", &result);
    against_dpr(report->workload, &edges, options->bound_s, &result);
    tell_against(options, report, "dpr", &result);
    against_walk(report->workload, &edges, options->bound_s, &result);
    tell_against(options, report, "walk", &result);
    against_edges_deinit(&edges);
    free(result.keep);
}

/* ---- options --------------------------------------------------------------------------------- */

static const char USAGE[] =
    "usage: cut [--vats V] [--epochs K] [--heard D] [--sends early|held] [--lose PERCENT]\n"
    "           [--shape uniform|clustered] [--seed S] [--limit L] [--json] [--decide]\n"
    "           [--against] [--bound SECONDS]\n";

static bool take_number(const char *word, double least, double most, double *number)
{
    char *end = NULL;
    *number = strtod(word, &end);
    return end != word && *end == '\0' && *number >= least && *number <= most;
}

/* One option with a value. */
static bool take_option(struct options *options, const char *name, const char *value)
{
    struct workload *workload = &options->workload;
    double number = 0;
    if (strcmp(name, "--sends") == 0) {
        workload->early = strcmp(value, "early") == 0;
        return workload->early || strcmp(value, "held") == 0;
    }
    if (strcmp(name, "--shape") == 0) {
        workload->clustered = strcmp(value, "clustered") == 0;
        return workload->clustered || strcmp(value, "uniform") == 0;
    }
    if (strcmp(name, "--vats") == 0 && take_number(value, 2, 20e6, &number)) {
        workload->vats = (uint32_t)number;
    } else if (strcmp(name, "--epochs") == 0 && take_number(value, 1, 1000, &number)) {
        workload->epochs = (uint32_t)number;
    } else if (strcmp(name, "--heard") == 0 && take_number(value, 0, WORKLOAD_HEARD_MAX, &number)) {
        workload->heard = (uint32_t)number;
    } else if (strcmp(name, "--lose") == 0 && take_number(value, 0, 100, &number)) {
        workload->lose = number;
    } else if (strcmp(name, "--seed") == 0 && take_number(value, 0, 1e15, &number)) {
        workload->seed = (uint64_t)number;
    } else if (strcmp(name, "--limit") == 0 && take_number(value, 0, 1e9, &number)) {
        workload->limit = (mn_epoch)number;
    } else if (strcmp(name, "--bound") == 0 && take_number(value, 0, 1e6, &number)) {
        options->bound_s = number;
    } else {
        return false;
    }
    return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            options->json = true;
        } else if (strcmp(argv[i], "--against") == 0) {
            options->against = true;
        } else if (strcmp(argv[i], "--decide") == 0) {
            options->decide = true;
        } else if (i + 1 < argc && take_option(options, argv[i], argv[i + 1])) {
            i++;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {
        .workload =
            {.vats = 20000, .epochs = 10, .heard = 10, .early = true, .lose = 10, .seed = 1},
        .bound_s = 5};
    if (!parse(argc, argv, &options)) {
        (void)fputs(USAGE, stderr);
        return 2;
    }
    struct workload *workload = &options.workload;
    workload_init(workload);
    struct report report = {.workload = workload,
                            .keep = calloc(workload->vats, sizeof *report.keep)};
    mn_assert(report.keep != NULL);
    uint64_t heard = (uint64_t)workload->vats * workload->epochs * workload->heard;
    measure(&report, options.decide || heard <= DECIDE_HEARD_MAX);
    (void)printf("%s", options.json ? "{\"benchmark\": \"cut\", " : "");
    tell(&options, &report);
    if (options.against) {
        compare(&options, &report);
    }
    (void)printf("%s", options.json ? "}\n" : "");
    free(report.keep);
    workload_deinit(workload);
    return fflush(stdout) == 0 ? 0 : 1;
}
