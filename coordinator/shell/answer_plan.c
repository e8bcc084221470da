/* The answer to `plan`: what a round would do if it decided now, grouped by what caused it, what
 * that costs, and what it would be if the peers of its roots were told instead. Which plan waits
 * for whom is the core's to say; here it is only counted and worded. */
#include <stdlib.h>

#include "shell/answer.h"

/* So many causes, vats of each, roots and changes are named: with the longest names they fit into a
 * reply. */
enum { PLAN_CAUSE_COUNT_MAX = 256, PLAN_VAT_COUNT_MAX = 16, PLAN_NAME_COUNT_MAX = 64 };

/* A row and what its vat is taken back or restored for. */
struct plan_row {
    const struct decision_vat *row;
    int cause;
    int kind;
    uint32_t index;
    size_t start; /* which of the plan's starts it is: they stand in the order of the rows */
};

/* ---- what it costs --------------------------------------------------------------------------- */

/* The work that these rows lose, in all, and of how many it is not known. */
struct plan_lost {
    json_int_t ms;
    json_int_t unknown;
};

static void plan_lost_add(const struct answer_source *source, const struct decision_vat *row,
                          struct plan_lost *lost)
{
    uint64_t ms = coordinator_lost(source->coordinator, row);
    lost->ms += ms > 0 ? (json_int_t)(ms - 1) : 0;
    lost->unknown += ms == 0 ? 1 : 0;
}

static json_t *plan_cost(const struct answer_source *source, const struct decision *decision)
{
    const struct decision_summary *summary = &decision->summary;
    json_int_t revived = (json_int_t)summary->revived;
    json_int_t rolled_back = (json_int_t)summary->rolled_back;
    json_int_t reset = (json_int_t)summary->reset;
    json_int_t told = 0;
    json_int_t unsure = 0;
    struct plan_lost lost = {0, 0};
    for (size_t i = 0; i < decision->vat_count; i++) {
        if (decision->vats[i].outcome != MN_RUNNING) {
            plan_lost_add(source, &decision->vats[i], &lost);
        }
        told += decision->vats[i].told_count > 0 ? 1 : 0;
        unsure += decision->vats[i].sure ? 0 : 1;
    }
    mn_time estimate = 0;
    bool known = coordinator_restore_estimate(source->coordinator,
                                              (uint64_t)(revived + rolled_back + reset), &estimate);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "restored",
                     revived + rolled_back + reset, "revived", revived, "rolled_back", rolled_back,
                     "reset", reset, "spared", (json_int_t)summary->spared, "told", told, "unsure",
                     unsure, "epochs_lost", (json_int_t)summary->epochs_lost, "lost_ms", lost.ms,
                     "lost_unknown", lost.unknown, "restore_ms",
                     known ? json_integer(estimate / MN_MS) : json_null());
}

/* ---- by cause -------------------------------------------------------------------------------- */

static struct plan_row plan_row_of(const struct decision_vat *row)
{
    struct plan_row out = {.row = row, .cause = (int)row->cause, .kind = -1};
    if (row->cause == DECISION_CAUSE_ORPHAN) {
        out.index = row->orphan.peer;
    } else if (row->loss_count > 0) {
        out.kind = (int)row->losses[0].kind;
        out.index = row->losses[0].index;
    }
    return out;
}

static int compare_rows(const void *a, const void *b)
{
    const struct plan_row *x = a;
    const struct plan_row *y = b;
    if (x->cause != y->cause) {
        return x->cause < y->cause ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    if (x->index != y->index) {
        return x->index < y->index ? -1 : 1;
    }
    return x->row->vat < y->row->vat ? -1 : 1;
}

static bool same_cause(const struct plan_row *a, const struct plan_row *b)
{
    return a->cause == b->cause && a->kind == b->kind && a->index == b->index;
}

/* What kind of cause, and its name. */
static const char *cause_of(const struct ledger *ledger, const struct plan_row *row,
                            const char **name)
{
    *name = "";
    if (row->cause == DECISION_CAUSE_ORPHAN) {
        *name = ledger_vat_name(ledger, row->index);
        return "peer";
    }
    switch (row->kind) {
    case DECISION_LOSS_DOMAIN:
        *name = ledger_domain_name(ledger, row->index);
        return "domain";
    case DECISION_LOSS_HOST:
        *name = ledger_host_name(ledger, row->index);
        return "host";
    case DECISION_LOSS_STORE:
    case DECISION_LOSS_UNKNOWN_STORE:
        *name = ledger_store_name(ledger, row->index);
        return "store";
    case DECISION_LOSS_VAT:
    case DECISION_LOSS_CHECKPOINT:
    case DECISION_LOSS_COPY:
        *name = ledger_vat_name(ledger, row->index);
        return "vat";
    case DECISION_LOSS_UNKNOWN_VAT:
        *name = ledger_vat_name(ledger, row->index);
        return "unknown";
    default:
        return "gap";
    }
}

/* Where the plan that waits would start the vat; NULL when there is none yet. */
static const char *plan_place(const struct coordinator_plan_facts *plan, size_t start)
{
    return plan->draft != NULL ? plan->draft->starts[start].host.text : NULL;
}

static json_t *cause_vats(const struct answer_source *source,
                          const struct coordinator_plan_facts *plan, const struct plan_row *rows,
                          size_t count)
{
    const struct ledger *ledger = coordinator_ledger(source->coordinator);
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < PLAN_VAT_COUNT_MAX; i++) {
        const struct decision_vat *row = rows[i].row;
        uint64_t lost = coordinator_lost(source->coordinator, row);
        json_t *item = json_pack(
            "{s:s, s:s, s:I, s:b, s:s?, s:o}", "vat", ledger_vat_name(ledger, row->vat), "outcome",
            mn_outcome_name(row->outcome), "keep", (json_int_t)row->keep, "sure", row->sure ? 1 : 0,
            "host", plan_place(plan, rows[i].start), "lost_ms", answer_lost(lost));
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *plan_cause(const struct answer_source *source,
                          const struct coordinator_plan_facts *plan, const struct plan_row *rows,
                          size_t count)
{
    json_int_t outcomes[4] = {0, 0, 0, 0}; /* by outcome */
    const char *name = NULL;
    const char *kind = cause_of(coordinator_ledger(source->coordinator), rows, &name);
    struct plan_lost lost = {0, 0};
    for (size_t i = 0; i < count; i++) {
        plan_lost_add(source, rows[i].row, &lost);
        outcomes[rows[i].row->outcome] += 1;
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "kind", kind, "name", name,
                     "count", (json_int_t)count, "revived", outcomes[MN_REVIVED], "rolled_back",
                     outcomes[MN_ROLLED_BACK], "reset", outcomes[MN_RESET], "lost_ms", lost.ms,
                     "lost_unknown", lost.unknown, "vats", cause_vats(source, plan, rows, count));
}

static json_t *plan_causes(const struct answer_source *source,
                           const struct coordinator_plan_facts *plan)
{
    const struct decision *decision = plan->decision;
    json_t *list = json_array();
    struct plan_row *rows = calloc(decision->vat_count + 1, sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; rows != NULL && i < decision->vat_count; i++) {
        if (decision->vats[i].outcome != MN_RUNNING) {
            rows[count] = plan_row_of(&decision->vats[i]);
            rows[count].start = count;
            count += 1;
        }
    }
    bool fine = rows != NULL && list != NULL;
    if (fine && count > 1) {
        qsort(rows, count, sizeof *rows, compare_rows);
    }
    for (size_t first = 0; fine && first < count;) {
        size_t end = first + 1;
        while (end < count && same_cause(&rows[first], &rows[end])) {
            end += 1;
        }
        fine =
            json_array_size(list) == PLAN_CAUSE_COUNT_MAX ||
            json_array_append_new(list, plan_cause(source, plan, rows + first, end - first)) == 0;
        first = end;
    }
    free(rows);
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* ---- what else it could be ------------------------------------------------------------------- */

/* What the vat becomes under @other. */
static enum mn_outcome outcome_under(const struct decision *other, uint32_t vat)
{
    const struct decision_vat *row = decision_find(other, vat);
    return row != NULL ? row->outcome : MN_RUNNING;
}

static json_t *plan_changed(const struct answer_source *source, const struct decision *decision,
                            const struct decision *other)
{
    const struct ledger *ledger = coordinator_ledger(source->coordinator);
    json_t *list = json_array();
    for (size_t i = 0; i < decision->vat_count && json_array_size(list) < PLAN_NAME_COUNT_MAX;
         i++) {
        const struct decision_vat *row = &decision->vats[i];
        enum mn_outcome instead = outcome_under(other, row->vat);
        if (row->outcome == instead) {
            continue;
        }
        json_t *item =
            json_pack("{s:s, s:s, s:s}", "vat", ledger_vat_name(ledger, row->vat), "outcome",
                      mn_outcome_name(row->outcome), "instead", mn_outcome_name(instead));
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* null where there is no root. */
static mn_result plan_tell(const struct answer_source *source, const struct decision *decision,
                           json_t **out)
{
    const struct ledger *ledger = coordinator_ledger(source->coordinator);
    struct decision *other = NULL;
    json_int_t count = 0;
    json_t *roots = json_array();
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        if (!coordinator_plan_root(source->coordinator, row)) {
            continue;
        }
        count += 1;
        if (count <= PLAN_NAME_COUNT_MAX &&
            json_array_append_new(roots, json_string(ledger_vat_name(ledger, row->vat))) != 0) {
            count = -1;
            break;
        }
    }
    mn_result result = count < 0 ? MN_NO_MEMORY : MN_OK;
    *out = NULL;
    if (count > 0) {
        result = coordinator_foresee(source->coordinator, decision, &other);
    }
    if (count > 0 && result == MN_OK) {
        *out =
            json_pack("{s:O, s:I, s:o, s:o}", "roots", roots, "count", count, "cost",
                      plan_cost(source, other), "changed", plan_changed(source, decision, other));
        result = *out != NULL ? MN_OK : MN_NO_MEMORY;
    }
    decision_destroy(&other);
    json_decref(roots);
    return result;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static json_t *plan_asks(unsigned asks)
{
    json_t *list = json_array();
    if ((asks & COORDINATOR_ASKS_SHARE) != 0) {
        (void)json_array_append_new(list, json_string("share"));
    }
    if ((asks & COORDINATOR_ASKS_RESET) != 0) {
        (void)json_array_append_new(list, json_string("reset"));
    }
    if ((asks & COORDINATOR_ASKS_UNSURE) != 0) {
        (void)json_array_append_new(list, json_string("unsure"));
    }
    return list;
}

/* How many hosts can take vats, and how many vats leave a host that is lost. */
static json_t *plan_places(const struct answer_source *source,
                           const struct coordinator_plan_facts *plan)
{
    json_int_t hosts = 0;
    json_int_t moved = 0;
    for (uint32_t i = 0; i < source->topology->host_count; i++) {
        struct coordinator_host_facts facts;
        coordinator_host(source->coordinator, source->now, i, &facts);
        hosts += facts.known && (facts.state == DETECTOR_UP || facts.state == DETECTOR_STALE);
    }
    for (size_t i = 0; i < plan->decision->vat_count; i++) {
        const struct decision_vat *row = &plan->decision->vats[i];
        struct coordinator_vat_facts vat;
        struct coordinator_host_facts host;
        coordinator_vat(source->coordinator, row->vat, &vat);
        coordinator_host(source->coordinator, source->now, vat.host, &host);
        moved += row->outcome != MN_RUNNING && host.state == DETECTOR_LOST;
    }
    return json_pack("{s:I, s:I}", "hosts", hosts, "moved", moved);
}

static mn_result plan_json(const struct answer_source *source,
                           const struct coordinator_round_facts *round,
                           const struct coordinator_plan_facts *plan, json_t **json)
{
    char name[ANSWER_PLAN_SIZE] = "";
    json_t *tell = NULL;
    mn_result result = plan_tell(source, plan->decision, &tell);
    if (result != MN_OK) {
        return result;
    }
    if (plan->bounds != NULL) {
        answer_plan_name(plan->bounds->plan, name);
    }
    *json = json_pack(
        "{s:I, s:s, s:I, s:b, s:o, s:s, s:o?, s:b, s:o?, s:o, s:I, s:o, s:o, s:o, s:o?}", "round",
        (json_int_t)round->round, "state", coordinator_round_state_name(round->state), "attempt",
        (json_int_t)round->attempt, "waits", plan->bounds != NULL ? 1 : 0, "asks",
        plan_asks(plan->asks), "plan", name, "bounds",
        plan->bounds != NULL ? answer_bounds(plan->bounds) : NULL, "rejected",
        plan->rejected ? 1 : 0, "word", plan->word != NULL ? answer_step(plan->word) : NULL,
        "steps", answer_steps(source, round->previous, round->round), "vats",
        (json_int_t)source->topology->vat_count, "cost", plan_cost(source, plan->decision),
        "places", plan_places(source, plan), "causes", plan_causes(source, plan), "tell", tell);
    return *json != NULL ? MN_OK : MN_NO_MEMORY;
}

/* A round that has decided has nothing left to do but what it decided. */
static mn_result plan_decided(const struct answer_source *source,
                              const struct coordinator_round_facts *round, json_t **json)
{
    *json =
        json_pack("{s:I, s:s, s:I, s:b, s:o}", "round", (json_int_t)round->round, "state",
                  coordinator_round_state_name(round->state), "attempt", (json_int_t)round->attempt,
                  "waits", 0, "steps", answer_steps(source, round->previous, round->round));
    return *json != NULL ? MN_OK : MN_NO_MEMORY;
}

mn_result answer_plan(const struct answer_source *source, uint64_t number, json_t **json,
                      struct mn_error *error)
{
    struct coordinator_round_facts round;
    struct coordinator_plan_facts plan = {0};
    struct decision *decision = NULL;
    mn_result result = answer_find_round(source, number, &round, error);
    if (result != MN_OK) {
        return result;
    }
    if (round.state >= COORDINATOR_ROUND_DECIDING) {
        return plan_decided(source, &round, json);
    }
    if (!coordinator_plan(source->coordinator, &plan)) {
        result = coordinator_foresee(source->coordinator, NULL, &decision);
        plan.decision = decision;
    }
    if (result == MN_OK) {
        result = plan_json(source, &round, &plan, json);
    }
    decision_destroy(&decision);
    return result;
}
