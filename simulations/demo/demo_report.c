/* What a person reads at the end, and report.json; and what makes a demo pass. */
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
            printf("%+9lld ms  %s\n", (long long)ms, steps[i].text);
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

/* What the case must end in. The reason why it does not goes to @reason. */
static bool report_judge(const struct demo *demo, int round_count, const json_t *round,
                         const struct demo_audit *audit, char *reason, size_t size)
{
    int64_t revived = report_number(round, "revived");
    int64_t other = report_number(round, "rolled_back") + report_number(round, "reset");
    int64_t expected = demo->which == DEMO_CRASH ? 1 : demo->which == DEMO_AGENT ? 0 : 4;
    int round_count_expected = demo->which == DEMO_AGENT ? 0 : 1;
    reason[0] = '\0';
    if (round_count != round_count_expected) {
        (void)snprintf(reason, size, "%d rounds, expected %d", round_count, round_count_expected);
    } else if (audit->money != (int64_t)DEMO_VAT_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE) {
        (void)snprintf(reason, size, "money was lost or made");
    } else if (audit->orphans + audit->repeated + audit->lost != 0) {
        (void)snprintf(reason, size, "transfers were orphaned, repeated or lost");
    } else if (audit->touched != 0) {
        (void)snprintf(reason, size, "vats were touched that the disaster did not reach");
    } else if (revived != expected || other != 0) {
        (void)snprintf(reason, size, "expected %lld revived and none rolled back or reset",
                       (long long)expected);
    } else if (audit->incarnations_changed != 0) {
        (void)snprintf(reason, size, "an incarnation changed though nothing was forgotten");
    } else if (audit->moved != expected) {
        (void)snprintf(reason, size, "%lld vats were started anew, expected %lld",
                       (long long)audit->moved, (long long)expected);
    }
    return reason[0] == '\0';
}

static json_t *report_json(const struct demo *demo, const json_t *round,
                           const struct demo_audit *audit, bool pass)
{
    /* A vat that was killed is no vat elsewhere. */
    int64_t lost_vats = demo->which == DEMO_CRASH ? 1 : report_lost_hosts(demo) * DEMO_BANK_COUNT;
    return json_pack(
        "{s:s, s:i, s:i, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I, s:I, s:b}",
        "case", demo_case_name(demo->which), "hosts", DEMO_HOST_COUNT, "vats", DEMO_VAT_COUNT,
        "transfers", (json_int_t)audit->transfers, "lost_hosts", report_lost_hosts(demo),
        "lost_vats", (json_int_t)lost_vats, "detected_ms",
        (json_int_t)report_ms(demo, round, "lost_at"), "decided_ms",
        (json_int_t)report_ms(demo, round, "decided_at"), "restored_ms",
        (json_int_t)report_ms(demo, round, "restored_at"), "told_ms",
        (json_int_t)report_ms(demo, round, "told_at"), "revived",
        (json_int_t)report_number(round, "revived"), "rolled_back",
        (json_int_t)report_number(round, "rolled_back"), "reset",
        (json_int_t)report_number(round, "reset"), "touched_elsewhere", (json_int_t)audit->touched,
        "stall_ms_max", (json_int_t)audit->stall_ms, "diff_pause_us_median_max",
        (json_int_t)audit->pause_us, "money_before",
        (json_int_t)DEMO_VAT_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE, "money_after",
        (json_int_t)audit->money, "orphans", (json_int_t)audit->orphans, "repeated",
        (json_int_t)audit->repeated, "lost_messages", (json_int_t)audit->lost, "pass",
        pass ? 1 : 0);
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
    char reason[160];
    int round_count = demo_newest_round(rounds, &round);
    if (round != NULL) {
        report_time_line(demo, round);
        report_decision(round);
    } else if (story_well) {
        printf("\nNo round was needed: nothing was lost, nobody was stopped, restored or told.\n");
    }
    bool judged = report_judge(demo, round_count, round, audit, reason, sizeof reason);
    bool pass = story_well && judged;
    printf("\nCounted from the checkpoints of all %d vats: %lld transfers; money %lld of %lld; "
           "%lld orphans, %lld repeated, %lld lost; %lld vats elsewhere touched; longest stall "
           "elsewhere %lld ms; median pause for a diff %lld us.\n",
           DEMO_VAT_COUNT, (long long)audit->transfers, (long long)audit->money,
           (long long)DEMO_VAT_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE, (long long)audit->orphans,
           (long long)audit->repeated, (long long)audit->lost, (long long)audit->touched,
           (long long)audit->stall_ms, (long long)audit->pause_us);
    json_t *report = report_json(demo, round, audit, pass);
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
