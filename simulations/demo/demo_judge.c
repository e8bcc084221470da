/* Whether everything came out as the case demands. Three accounts of the same round are held
 * against each other: the cut that follows from the evidence, decided anew and verified by other
 * code; the decision that the coordinator carried out; and what every vat's own checkpoints say of
 * how it was restored and what it was told. Nobody's word for itself is taken. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

struct judge {
    struct demo *demo;
    const struct demo_audit *audit;
    const json_t *round; /* the newest; NULL when there was none */
    json_t *cut;
    char *reason;
    size_t size;
};

/* The first thing that is wrong is told. */
static bool judge_fail(const struct judge *judge, const char *format, ...)
{
    if (judge->reason[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(judge->reason, judge->size, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---- what the case demands ------------------------------------------------------------------- */

enum { JUDGE_RUNNING = 1 << MN_RUNNING, JUDGE_REVIVED = 1 << MN_REVIVED };
enum { JUDGE_ROLLED_BACK = 1 << MN_ROLLED_BACK, JUDGE_RESET = 1 << MN_RESET };

/* The outcomes that the case allows a vat. */
static unsigned judge_allowed(const struct demo *demo, int vat)
{
    bool hit = demo_vat_hit(demo, vat);
    if (demo->which == DEMO_AMNESIA && demo->vats[vat].bank == DEMO_BANK_X) {
        return hit ? JUDGE_ROLLED_BACK : JUDGE_ROLLED_BACK | JUDGE_RUNNING;
    }
    if (demo->which == DEMO_TOTAL && vat == DEMO_LOST_VAT) {
        return JUDGE_RESET;
    }
    return hit ? JUDGE_REVIVED : JUDGE_RUNNING;
}

static int judge_outcome(const char *name)
{
    static const char *const names[] = {"running", "revived", "rolled_back", "reset"};
    for (int i = 0; name != NULL && i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool judge_outcomes(const struct judge *judge)
{
    bool others = false;
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        const char *name = judge->demo->vats[i].name;
        const json_t *answer = json_object_get(json_object_get(judge->cut, "vats"), name);
        const char *text = json_string_value(json_object_get(answer, "outcome"));
        int outcome = judge_outcome(text);
        if (outcome < 0 || (judge_allowed(judge->demo, i) >> outcome & 1U) == 0) {
            return judge_fail(judge, "%s is %s by the cut, which this case does not allow", name,
                              text != NULL ? text : "missing");
        }
        others = others || (outcome == MN_ROLLED_BACK && !demo_vat_hit(judge->demo, i));
    }
    if (judge->demo->which == DEMO_AMNESIA && !others) {
        return judge_fail(judge,
                          "no vat elsewhere had heard what was forgotten: nothing was shown");
    }
    return true;
}

/* ---- the cut, the decision and the states ---------------------------------------------------- */

static const json_t *judge_restored(const struct judge *judge, const char *vat)
{
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach(json_object_get(judge->round, "restored"), index, row)
    {
        const char *name = json_string_value(json_object_get(row, "vat"));
        if (name != NULL && strcmp(name, vat) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool judge_same(const json_t *a, const json_t *b, const char *key)
{
    const json_t *left = json_object_get(a, key);
    return left != NULL && json_equal(left, json_object_get(b, key)) == 1;
}

/* How many events of this kind the vat has written down; *last is the newest of them. */
static int judge_events(const struct demo_state *state, enum bank_event_kind kind, const char *peer,
                        const struct bank_event **last)
{
    int count = 0;
    for (size_t i = 0; i < state->log.count; i++) {
        const struct bank_event *event = &state->log.events[i];
        if (event->kind == kind && (peer == NULL || strcmp(event->peer, peer) == 0)) {
            count += 1;
            *last = event;
        }
    }
    return count;
}

/* The vat went on from where the decision says, once, and knows it; or never stopped. */
static bool judge_life(const struct judge *judge, int vat)
{
    const char *name = judge->demo->vats[vat].name;
    const struct demo_state *state = &judge->audit->states[vat];
    const json_t *answer = json_object_get(json_object_get(judge->cut, "vats"), name);
    const json_t *start = judge_restored(judge, name);
    int outcome = judge_outcome(json_string_value(json_object_get(answer, "outcome")));
    const struct bank_event *event = NULL;
    int restored = judge_events(state, BANK_RESTORED, NULL, &event);
    if (answer == NULL || outcome == MN_RUNNING) { /* no answer: there was no round */
        if (start != NULL || state->run != 1 || state->incarnation != 1 || restored != 1) {
            return judge_fail(judge, "%s was stopped or restored, which nothing called for", name);
        }
        return true;
    }
    if (start == NULL || !judge_same(answer, start, "keep") ||
        !judge_same(answer, start, "outcome") || !judge_same(answer, start, "incarnation")) {
        return judge_fail(judge, "%s was not restored as the cut says", name);
    }
    int expected = outcome == MN_RESET ? 1 : 2; /* one that was reset has forgotten its first */
    if ((json_int_t)state->run != json_integer_value(json_object_get(start, "run")) ||
        (json_int_t)state->incarnation !=
            json_integer_value(json_object_get(start, "incarnation")) ||
        restored != expected || (int)event->outcome != outcome ||
        event->kept != json_integer_value(json_object_get(start, "keep"))) {
        return judge_fail(
            judge, "%s did not go on from where the decision says, or does not know it", name);
    }
    return true;
}

static bool judge_range(const json_t *range, int64_t first, int64_t last)
{
    if (!json_is_array(range)) {
        return first == 0 && last == 0;
    }
    return json_integer_value(json_array_get(range, 0)) == first &&
           json_integer_value(json_array_get(range, 1)) == last;
}

/* The vat was told of each peer that forgot, once, and of exactly what the cut says; and of nothing
 * else. */
static bool judge_told(const struct judge *judge, int vat)
{
    const char *name = judge->demo->vats[vat].name;
    const struct demo_state *state = &judge->audit->states[vat];
    const json_t *vats = json_object_get(judge->cut, "vats");
    const json_t *told = json_object_get(json_object_get(vats, name), "told");
    const struct bank_event *event = NULL;
    int rolled_back = judge_events(state, BANK_PEER_ROLLED_BACK, NULL, &event);
    int reset = judge_events(state, BANK_PEER_RESET, NULL, &event);
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach(told, index, row)
    {
        const char *peer = json_string_value(json_object_get(row, "vat"));
        const json_t *forgot = json_object_get(vats, peer);
        bool all = judge_outcome(json_string_value(json_object_get(forgot, "outcome"))) == MN_RESET;
        int count =
            judge_events(state, all ? BANK_PEER_RESET : BANK_PEER_ROLLED_BACK, peer, &event);
        if (count != 1) {
            return judge_fail(judge, "%s was told %d times of what %s forgot", name, count, peer);
        }
        if ((json_int_t)event->incarnation !=
                json_integer_value(json_object_get(row, "incarnation")) ||
            event->kept != json_integer_value(json_object_get(row, "kept")) ||
            !judge_range(json_object_get(row, "you_heard"), event->you_heard_first,
                         event->you_heard_last) ||
            !judge_range(json_object_get(row, "forgot_you"), event->forgot_you_first,
                         event->forgot_you_last)) {
            return judge_fail(judge, "%s was told something else of %s than the cut says", name,
                              peer);
        }
    }
    if (json_array_size(told) != (size_t)rolled_back + (size_t)reset) {
        return judge_fail(judge, "%s was told %d times, the cut tells it %zu times", name,
                          rolled_back + reset, json_array_size(told));
    }
    return true;
}

/* ---- the money ------------------------------------------------------------------------------- */

static bool judge_books(const struct judge *judge)
{
    const struct demo_audit *audit = judge->audit;
    const int64_t before = (int64_t)DEMO_HOST_COUNT * DEMO_ACCOUNT_COUNT * DEMO_BALANCE;
    if (audit->orphans + audit->repeated + audit->lost != 0) {
        return judge_fail(judge, "transfers were orphaned, repeated or lost");
    }
    if (audit->untold != 0) {
        return judge_fail(judge, "a gap was not told to both of its vats");
    }
    if (audit->crooked != 0) {
        return judge_fail(judge, "the accounts of %lld vats do not agree with their books",
                          (long long)audit->crooked);
    }
    bool taken = judge->demo->which == DEMO_TOTAL;
    if (!taken && audit->gaps != 0) {
        return judge_fail(judge, "%lld transfers are gone, though nobody was reset",
                          (long long)audit->gaps);
    }
    for (int bank = 0; bank < DEMO_BANK_COUNT; bank++) {
        bool whole = audit->money_of[bank] == before;
        if (!whole && !(taken && bank == DEMO_BANK_X && audit->money_of[bank] < before)) {
            return judge_fail(judge, "bank %c has %lld, and had %lld", "XY"[bank],
                              (long long)audit -> money_of[bank], (long long)before);
        }
    }
    return true;
}

/* ---- former lives ---------------------------------------------------------------------------- */

/* What the host has set aside of the vat's first life: all of it can be read, and it went further
 * than where the vat went on from. */
static bool judge_aside(const struct judge *judge, int vat)
{
    const struct demo_vat *there = &judge->demo->vats[vat];
    struct demo_state *state = calloc(1, sizeof *state);
    bool fine = false;
    if (state != NULL) {
        demo_read_aside(judge->demo, vat, state);
        fine = state->complete && state->run == 1 && state->epoch > there->kept;
        judge->demo->former.aside += fine ? 1 : 0;
    }
    free(state);
    return fine || judge_fail(judge, "what %s did on its own is not set aside, or not readable",
                              there->name);
}

/* The rack that was cut off ran on by itself, nobody believed it, and nothing of it was thrown
 * away. */
static bool judge_former(const struct judge *judge)
{
    struct demo *demo = judge->demo;
    int expected = DEMO_HOST_COUNT / DEMO_RACK_COUNT * DEMO_BANK_COUNT;
    if (demo->which != DEMO_PARTITION) {
        return true;
    }
    if (demo->former.running != expected) {
        return judge_fail(judge,
                          "%d vats of r2 ran when the cut ended, expected %d: nothing was shown",
                          demo->former.running, expected);
    }
    demo->former.believed += demo_believed(demo);
    if (demo->former.believed != 0) {
        return judge_fail(judge, "a former life was believed: %d checkpoints had heard of it",
                          demo->former.believed);
    }
    bool fine = true;
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        fine = (!demo_on_lost_rack(demo->vats[i].host) || judge_aside(judge, i)) && fine;
    }
    if (fine && demo->former.shown != expected) {
        return judge_fail(judge, "mneme status names %d lives that are set aside, expected %d",
                          demo->former.shown, expected);
    }
    return fine;
}

static bool judge_all(struct judge *judge, int round_count)
{
    int expected = judge->demo->which == DEMO_AGENT ? 0 : 1;
    if (round_count != expected) {
        return judge_fail(judge, "%d rounds, expected %d", round_count, expected);
    }
    bool fine = judge_books(judge);
    if (judge->round != NULL) {
        int64_t number = json_integer_value(json_object_get(judge->round, "round"));
        char *text = demo_cut(judge->demo, number);
        judge->cut = text != NULL ? json_loads(text, 0, NULL) : NULL;
        free(text);
        if (judge->cut == NULL) {
            return judge_fail(judge, "the cut of round %lld could not be verified",
                              (long long)number);
        }
        fine = judge_outcomes(judge) && fine;
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        fine = judge_life(judge, i) && fine;
        fine = judge_told(judge, i) && fine;
    }
    return judge_former(judge) && fine;
}

bool demo_judge(struct demo *demo, json_t *rounds, const struct demo_audit *audit, char *reason,
                size_t size)
{
    json_t *newest = NULL;
    int round_count = demo_newest_round(rounds, &newest);
    struct judge judge = {
        .demo = demo, .audit = audit, .round = newest, .reason = reason, .size = size};
    reason[0] = '\0';
    bool fine = judge_all(&judge, round_count) && demo_outside_right(demo, reason, size);
    json_decref(judge.cut);
    return fine;
}
