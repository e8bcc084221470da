/* The course of the demo: start, work, a disaster, wait until all is well again, stop, count.
 *
 * Waits are for conditions with a bound, never for fixed times, but for the two stretches in which
 * the banks are simply left to work. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"
#include "docs/text.h"
#include "net/net.h"

void demo_tell_after(int64_t ms, const char *text)
{
    struct mn_text after = {0};
    mn_text_add(&after, "+");
    mn_text_add_duration(&after, ms);
    printf("%12s  %s\n", mn_text_result(&after) == MN_OK ? after.bytes : "", text);
    mn_text_deinit(&after);
}

void demo_tell(const struct demo *demo, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (demo->killed_at == 0) {
        printf("%9.3f s   %s\n", (double)(mn_now() - demo->begun_at) / 1e9, text);
    } else {
        demo_tell_after((mn_now() - demo->killed_at) / MN_MS, text);
    }
    (void)fflush(stdout);
}

bool demo_wait(struct demo *demo, bool (*condition)(struct demo *), const char *what)
{
    mn_time end = mn_now() + DEMO_WAIT_MS * MN_MS;
    while (!condition(demo)) {
        if (demo_interrupted()) {
            mn_error_set(&demo->error, "interrupted");
            return false;
        }
        if (mn_now() > end) {
            mn_error_set(&demo->error, "waited %d s in vain: %s; see the logs in %s/logs",
                         DEMO_WAIT_MS / 1000, what, demo->directory);
            return false;
        }
        demo_sleep_ms(20);
    }
    return true;
}

bool demo_work(struct demo *demo, int64_t ms)
{
    mn_time end = mn_now() + ms * MN_MS;
    while (mn_now() < end && !demo_interrupted()) {
        demo_sleep_ms((end - mn_now()) / MN_MS + 1);
    }
    if (demo_interrupted()) {
        mn_error_set(&demo->error, "interrupted");
        return false;
    }
    return true;
}

static bool story_start(struct demo *demo)
{
    bool crash = demo->which == DEMO_COORDINATOR;
    if (demo_lay_out(demo) != MN_OK || demo_start_coordinator(demo, crash) != MN_OK) {
        return false;
    }
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        if (demo_start_agent(demo, i) != MN_OK) {
            return false;
        }
    }
    if (!demo_wait(demo, demo_all_up, "every host and vat up")) {
        return false;
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        demo->vats[i].first_pid = demo_vat_pid(demo, demo->vats[i].name);
    }
    demo_tell(demo, "all up: 1 coordinator, 6 agents, 12 vats of banks X and Y");
    return true;
}

static bool story_recover(struct demo *demo)
{
    if (demo->which == DEMO_AGENT) {
        return demo_wait(demo, demo_all_up, "the agent of h3 up again, and its vats");
    }
    return demo_wait(demo, demo_round_done, "a round that is done");
}

/* Nothing is under way between any two vats any more. */
static bool story_quiet(struct demo *demo)
{
    struct demo_audit audit;
    if (demo_read_state(demo, &audit) != MN_OK) {
        return false;
    }
    bool quiet = audit.complete && audit.orphans == 0 && audit.lost == 0 && audit.untold == 0;
    demo_audit_deinit(&audit);
    return quiet;
}

static bool story_stop_banks(struct demo *demo)
{
    FILE *file = fopen(demo->stop_file, "we");
    if (file == NULL || fclose(file) != 0) {
        mn_error_set(&demo->error, "cannot write %s", demo->stop_file);
        return false;
    }
    demo_tell(demo, "the banks are told to stop; what is under way arrives");
    return demo_wait(demo, story_quiet, "every sent transfer received");
}

static bool story_run(struct demo *demo, json_t **rounds)
{
    if (!story_start(demo) || !demo_work(demo, demo->brief ? 1500 : 5000) || !demo_disaster(demo) ||
        !story_recover(demo) || !demo_work(demo, demo->brief ? 1000 : 3000)) {
        return false;
    }
    bool quiet = story_stop_banks(demo);
    *rounds = demo_ask(demo, "rounds");
    return quiet && *rounds != NULL;
}

/* Explain each vat of @rows that is not explained yet. */
static void story_explain_rows(struct demo *demo, int64_t round, const json_t *rows,
                               json_t *explanations)
{
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach(rows, index, row)
    {
        const char *vat = json_string_value(json_object_get(row, "vat"));
        if (vat == NULL || json_object_get(explanations, vat) != NULL) {
            continue;
        }
        char *text = demo_explain(demo, round, vat);
        if (text != NULL) {
            (void)json_object_set_new(explanations, vat, json_string(text));
        }
        free(text);
    }
}

/* The explanation is asked for while the coordinator lives, and printed with the report. */
static void story_explain(struct demo *demo, json_t *rounds)
{
    json_t *newest = NULL;
    if (rounds == NULL || demo_newest_round(rounds, &newest) == 0) {
        return;
    }
    int64_t number = json_integer_value(json_object_get(newest, "round"));
    json_t *explanations = json_object();
    story_explain_rows(demo, number, json_object_get(newest, "restored"), explanations);
    story_explain_rows(demo, number, json_object_get(newest, "told"), explanations);
    (void)json_object_set_new(newest, "explanations", explanations);
}

int demo_story(struct demo *demo)
{
    json_t *rounds = NULL;
    struct demo_audit audit = {0};
    demo->begun_at = mn_now();
    printf("Mneme demo, case %s: 3 racks of 2 hosts, 2 banks of 6 vats; files in %s\n\n",
           demo_case_name(demo->which), demo->directory);
    bool well = story_run(demo, &rounds);
    story_explain(demo, rounds);
    if (!demo_stop(demo)) {
        mn_error_set(&demo->error, "some process did not end within 2 s of SIGTERM");
        well = false;
    }
    demo_kill_all();
    if (demo_read_state(demo, &audit) != MN_OK || !audit.complete) {
        mn_error_set(&demo->error, "the state of some vat could not be read after the stop");
        well = false;
    }
    bool pass = demo_report(demo, rounds, &audit, well, demo->error.text);
    demo_audit_deinit(&audit);
    json_decref(rounds);
    return pass ? 0 : 1;
}
