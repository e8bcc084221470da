/* What a person reads at the end, and report.json. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "demo/demo.h"

static int64_t report_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Milliseconds from the disaster to a time of the round; -1 when there is none. */
static int64_t report_ms(const struct demo *demo, const json_t *round, const char *key)
{
    int64_t at = report_number(round, key);
    return at == 0 ? -1 : (at - demo->killed_at) / MN_MS;
}

static int report_lost_hosts(const struct demo *demo)
{
    int count = 0;
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        count += demo->hosts[i].lost ? 1 : 0;
    }
    return count;
}

static void report_time_line(const struct demo *demo, const json_t *round)
{
    static const struct {
        const char *key;
        const char *text;
    } steps[] = {{"suspected_at", "suspected"},
                 {"lost_at", "lost, beyond doubt"},
                 {"decided_at", "decided, and written to the journal"},
                 {"restored_at", "restored: every lost vat runs again"},
                 {"told_at", "told: every vat that had to know has handled it"}};
    printf("\nFrom the disaster on, as the coordinator saw it:\n");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t ms = report_ms(demo, round, steps[i].key);
        if (ms >= 0) {
            demo_tell_after(ms, steps[i].text);
        }
    }
}

static void report_decision(const json_t *round)
{
    const char *vat = NULL;
    json_t *text = NULL;
    printf("\nThe decision of round %lld:\n", (long long)report_number(round, "round"));
    json_object_foreach(json_object_get(round, "explanations"), vat, text)
    {
        printf("%s", json_string_value(text));
    }
}

static int report_touched(const struct demo *demo, const struct demo_audit *audit)
{
    int count = 0;
    for (int i = 0; i < DEMO_VAT_COUNT && audit->states != NULL; i++) {
        count += audit->states[i].run != 1 && !demo_vat_hit(demo, i) ? 1 : 0;
    }
    return count;
}

static int report_hit(const struct demo *demo)
{
    int count = 0;
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        count += demo_vat_hit(demo, i) ? 1 : 0;
    }
    return count;
}

static int report_told(const json_t *round)
{
    return (int)json_array_size(json_object_get(round, "told"));
}

/* What a vat that was reset has taken with it: NULL when none was. */
static json_t *report_taken(const struct demo *demo, const struct demo_audit *audit)
{
    const char *name = demo->vats[DEMO_LOST_VAT].name;
    const int64_t before = (int64_t)DEMO_HOST_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE;
    int64_t former_count = 0;
    int64_t former_sum = 0;
    int64_t gap_sent = 0;
    if (demo->which != DEMO_TOTAL || audit->states == NULL) {
        return NULL;
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        const struct bank_book *book = &audit->states[i].book;
        for (size_t k = 0; k < book->peer_count; k++) {
            if (strcmp(book->peers[k].name, name) == 0) {
                former_count += (int64_t)book->peers[k].former.count;
                former_sum += book->peers[k].former.sum;
                gap_sent += (int64_t)book->peers[k].gap_sent;
            }
        }
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "vat", name, "money",
                     (json_int_t)(before - audit->money_of[DEMO_BANK_X]), "received_and_gone",
                     (json_int_t)gap_sent, "sent_and_forgotten", (json_int_t)former_count,
                     "sent_and_forgotten_money", (json_int_t)former_sum);
}

static void report_tell_taken(const json_t *taken)
{
    if (taken != NULL) {
        printf("\n%s was reset, and took with it:\n"
               "  %lld of money;\n"
               "  %lld transfers to it that nobody keeps any more (named to both sides in gap\n"
               "  events); and the memory of %lld transfers of its own, %lld in all, which\n"
               "  stay with those who received them.\n",
               json_string_value(json_object_get(taken, "vat")),
               (long long)report_number(taken, "money"),
               (long long)report_number(taken, "received_and_gone"),
               (long long)report_number(taken, "sent_and_forgotten"),
               (long long)report_number(taken, "sent_and_forgotten_money"));
    }
}

static json_t *report_json(const struct demo *demo, const json_t *round,
                           const struct demo_audit *audit, bool pass)
{
    return json_pack(
        "{s:s, s:i, s:i, s:I, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:I, "
        "s:I, "
        "s:I, s:I, s:I, s:I, s:I, s:I, s:o*, s:b}",
        "case", demo_case_name(demo->which), "hosts", DEMO_HOST_COUNT, "vats", DEMO_VAT_COUNT,
        "transfers", (json_int_t)audit->transfers, "lost_hosts", report_lost_hosts(demo),
        "lost_vats", report_hit(demo), "detected_ms", (json_int_t)report_ms(demo, round, "lost_at"),
        "decided_ms", (json_int_t)report_ms(demo, round, "decided_at"), "restored_ms",
        (json_int_t)report_ms(demo, round, "restored_at"), "told_ms",
        (json_int_t)report_ms(demo, round, "told_at"), "revived",
        (json_int_t)report_number(round, "revived"), "rolled_back",
        (json_int_t)report_number(round, "rolled_back"), "reset",
        (json_int_t)report_number(round, "reset"), "told", report_told(round), "touched_elsewhere",
        report_touched(demo, audit), "stall_ms_max", (json_int_t)audit->stall_ms,
        "diff_pause_us_median_max", (json_int_t)audit->pause_us, "money_before",
        (json_int_t)DEMO_VAT_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE, "money_after",
        (json_int_t)audit->money, "money_after_x", (json_int_t)audit->money_of[DEMO_BANK_X],
        "orphans", (json_int_t)audit->orphans, "repeated", (json_int_t)audit->repeated,
        "lost_messages", (json_int_t)audit->lost, "gaps", (json_int_t)audit->gaps, "taken",
        report_taken(demo, audit), "pass", pass ? 1 : 0);
}

/* Add what was seen of the former lives of a rack that was cut off. */
static void report_add_former(const struct demo *demo, json_t *report)
{
    if (demo->which == DEMO_PARTITION && report != NULL) {
        (void)json_object_set_new(report, "former",
                                  json_pack("{s:i, s:i, s:i}", "ran_on", demo->former.running,
                                            "believed", demo->former.believed, "set_aside",
                                            demo->former.aside));
    }
}

static void report_tell_former(const struct demo *demo)
{
    if (demo->which == DEMO_PARTITION) {
        printf("\n%d vats of r2 ran on while it was cut off; %d checkpoints of others had heard\n"
               "of what they did then; of %d of them that is set aside, and can be read.\n",
               demo->former.running, demo->former.believed, demo->former.aside);
    }
}

static bool report_write(const struct demo *demo, const json_t *report)
{
    char path[DEMO_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/report.json", demo->directory);
    if (report == NULL || json_dump_file(report, path, JSON_INDENT(2)) != 0) {
        (void)fprintf(stderr, "demo: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    printf("\nThe figures are in %s\n", path);
    return true;
}

bool demo_report(struct demo *demo, json_t *rounds, const struct demo_audit *audit, bool story_well,
                 const char *trouble)
{
    json_t *round = NULL;
    char reason[256];
    (void)demo_newest_round(rounds, &round);
    if (round != NULL) {
        report_time_line(demo, round);
        report_decision(round);
    } else if (story_well) {
        printf("\nNo round was needed: nothing was lost, nobody was stopped, restored or told.\n");
    }
    bool judged = demo_judge(demo, rounds, audit, reason, sizeof reason);
    bool pass = story_well && judged;
    printf("\nCounted from the checkpoints of all %d vats:\n"
           "  %lld transfers; money %lld of %lld;\n"
           "  %lld orphans, %lld repeated, %lld lost; %d vats elsewhere touched;\n"
           "  longest stall elsewhere %lld ms; median pause for a diff %lld us.\n",
           DEMO_VAT_COUNT, (long long)audit->transfers, (long long)audit->money,
           (long long)DEMO_VAT_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE, (long long)audit->orphans,
           (long long)audit->repeated, (long long)audit->lost, report_touched(demo, audit),
           (long long)audit->stall_ms, (long long)audit->pause_us);
    json_t *taken = report_taken(demo, audit);
    report_tell_taken(taken);
    json_decref(taken);
    report_tell_former(demo);
    json_t *report = report_json(demo, round, audit, pass);
    report_add_former(demo, report);
    pass = report_write(demo, report) && pass;
    json_decref(report);
    if (!story_well) {
        printf("FAILED: %s\n", trouble);
    } else if (!judged) {
        printf("FAILED: %s\n", reason);
    } else {
        printf("PASSED\n");
    }
    return pass;
}
