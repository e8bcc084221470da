/* The answer of EVIDENCE.md: a decision as one line of JSON. */
#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "ledger_private.h"

/* What is said of a vat of which the decision has nothing to say, around its incarnation. */
static const char RUNNING_BEFORE[] =
    ": {\"outcome\": \"running\", \"was\": \"running\", \"keep\": null, \"incarnation\": ";
static const char RUNNING_AFTER[] =
    ", \"sure\": true, \"spared\": false, \"forgot\": null, \"told\": []}";

static void add_flag(struct mn_text *text, const char *key, bool flag)
{
    mn_text_add(text, key);
    mn_text_add(text, flag ? "true" : "false");
}

static void add_number(struct mn_text *text, const char *key, int64_t number)
{
    mn_text_add(text, key);
    mn_text_add_i64(text, number);
}

/* An epoch, where DECISION_OPEN and DECISION_UNBOUNDED are null. */
static void add_epoch(struct mn_text *text, const char *key, mn_epoch epoch)
{
    if (epoch == INT64_MAX) {
        mn_text_add(text, key);
        mn_text_add(text, "null");
    } else {
        add_number(text, key, epoch);
    }
}

static void add_name(struct mn_text *text, const char *key, const char *name)
{
    mn_text_add(text, key);
    mn_text_add_json(text, name);
}

static void add_range(struct mn_text *text, const char *key, const struct mn_epoch_range *range)
{
    mn_text_add(text, key);
    if (range->first == 0) {
        mn_text_add(text, "null");
        return;
    }
    add_number(text, "[", range->first);
    add_number(text, ", ", range->last);
    mn_text_add(text, "]");
}

static void add_heard(struct mn_text *text, const char *peer, mn_epoch epoch)
{
    add_name(text, ", \"heard\": {\"vat\": ", peer);
    add_number(text, ", \"epoch\": ", epoch);
    mn_text_add(text, "}");
}

static void add_loss(const struct ledger *ledger, const struct decision_loss *loss,
                     struct mn_text *text)
{
    switch (loss->kind) {
    case DECISION_LOSS_DOMAIN:
        add_name(text, "{\"domain\": ", ledger_domain_name(ledger, loss->index));
        break;
    case DECISION_LOSS_HOST:
        add_name(text, "{\"host\": ", ledger_host_name(ledger, loss->index));
        break;
    case DECISION_LOSS_STORE:
        add_name(text, "{\"store\": ", ledger_store_name(ledger, loss->index));
        break;
    case DECISION_LOSS_VAT:
        add_name(text, "{\"vat\": ", ledger_vat_name(ledger, loss->index));
        break;
    case DECISION_LOSS_CHECKPOINT:
        add_name(text, "{\"checkpoint\": {\"vat\": ", ledger_vat_name(ledger, loss->index));
        add_number(text, ", \"epoch\": ", loss->epoch);
        mn_text_add(text, "}");
        break;
    case DECISION_LOSS_COPY:
        add_name(text, "{\"copy\": {\"vat\": ", ledger_vat_name(ledger, loss->index));
        add_number(text, ", \"epoch\": ", loss->epoch);
        add_name(text, ", \"store\": ", ledger_store_name(ledger, loss->store));
        mn_text_add(text, "}");
        break;
    case DECISION_LOSS_UNKNOWN_VAT:
        add_name(text, "{\"unknown\": {\"vat\": ", ledger_vat_name(ledger, loss->index));
        mn_text_add(text, "}");
        break;
    case DECISION_LOSS_UNKNOWN_STORE:
        add_name(text, "{\"unknown\": {\"store\": ", ledger_store_name(ledger, loss->index));
        mn_text_add(text, "}");
        break;
    }
    mn_text_add(text, "}");
}

static void add_because(const struct ledger *ledger, const struct decision_vat *vat,
                        struct mn_text *text)
{
    switch (vat->cause) {
    case DECISION_CAUSE_NONE:
        break;
    case DECISION_CAUSE_LOST:
        mn_text_add(text, ", \"because\": {\"lost\": [");
        for (size_t i = 0; i < vat->loss_count; i++) {
            mn_text_add(text, i == 0 ? "" : ", ");
            add_loss(ledger, &vat->losses[i], text);
        }
        mn_text_add(text, "]}");
        break;
    case DECISION_CAUSE_ORPHAN:
        add_epoch(text, ", \"because\": {\"orphan\": {\"epoch\": ", vat->orphan.epoch);
        add_heard(text, ledger_vat_name(ledger, vat->orphan.peer), vat->orphan.heard);
        add_epoch(text, ", \"kept\": ", vat->orphan.kept);
        mn_text_add(text, "}}");
        break;
    }
}

static void add_told(const struct ledger *ledger, const struct decision_vat *vat,
                     struct mn_text *text)
{
    mn_text_add(text, ", \"told\": [");
    for (size_t i = 0; i < vat->told_count; i++) {
        const struct decision_told *told = &vat->told[i];
        mn_text_add(text, i == 0 ? "" : ", ");
        add_name(text, "{\"vat\": ", ledger_vat_name(ledger, told->peer));
        add_number(text, ", \"incarnation\": ", told->incarnation);
        add_number(text, ", \"kept\": ", told->kept);
        add_range(text, ", \"you_heard\": ", &told->you_heard);
        add_range(text, ", \"forgot_you\": ", &told->forgot_you);
        mn_text_add(text, "}");
    }
    mn_text_add(text, "]");
}

static void add_vat(const struct ledger *ledger, const struct decision_vat *vat,
                    struct mn_text *text)
{
    static const char *const was[] = {"running", "lost", "unknown"};
    add_name(text, "{\"outcome\": ", mn_outcome_name(vat->outcome));
    add_name(text, ", \"was\": ", was[vat->was]);
    add_epoch(text, ", \"keep\": ", vat->keep);
    add_number(text, ", \"incarnation\": ", vat->incarnation);
    add_flag(text, ", \"sure\": ", vat->sure);
    add_flag(text, ", \"spared\": ", vat->spared);
    if (vat->forgot) {
        add_number(text, ", \"forgot\": {\"after\": ", vat->keep);
        add_epoch(text, ", \"through\": ", vat->through);
        add_flag(text, ", \"told\": ", vat->forgot_told);
        mn_text_add(text, "}");
    } else {
        mn_text_add(text, ", \"forgot\": null");
    }
    add_because(ledger, vat, text);
    add_told(ledger, vat, text);
    mn_text_add(text, "}");
}

/* How many vats ahead what is said of them is asked for: the order of names is not that in which
 * they lie in memory. */
enum { AHEAD_VATS = 8 };

static inline __attribute__((always_inline)) void fetch_vat(const struct ledger *ledger,
                                                            const uint32_t *order, uint32_t i)
{
    if (i + AHEAD_VATS < ledger->vat_count) {
        uint32_t vat = order[i + AHEAD_VATS];
        __builtin_prefetch(ledger->vat_names.names[vat]);
        __builtin_prefetch(&ledger->vats[vat].lineage_count);
    }
}

static mn_result add_vats(struct ledger *ledger, const struct decision *decision,
                          struct mn_text *text)
{
    const uint32_t *order = NULL;
    uint32_t *rows = calloc((size_t)ledger->vat_count + 1, sizeof *rows); /* 1 + the row; 0: none */
    mn_result result = ledger_names_order(&ledger->vat_names, &order);
    if (rows == NULL || result != MN_OK) {
        free(rows);
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < decision->vat_count; i++) {
        rows[decision->vats[i].vat] = (uint32_t)i + 1;
    }
    for (uint32_t i = 0; i < ledger->vat_count; i++) {
        fetch_vat(ledger, order, i);
        uint32_t vat = order[i];
        mn_text_add(text, i == 0 ? "" : ", ");
        add_name(text, "", ledger_vat_name(ledger, vat));
        if (rows[vat] != 0) {
            mn_text_add(text, ": ");
            add_vat(ledger, &decision->vats[rows[vat] - 1], text);
        } else {
            mn_text_add_bytes(text, RUNNING_BEFORE, sizeof RUNNING_BEFORE - 1);
            mn_text_add_i64(text, ledger_vat_incarnation(ledger, vat));
            mn_text_add_bytes(text, RUNNING_AFTER, sizeof RUNNING_AFTER - 1);
        }
    }
    free(rows);
    return MN_OK;
}

static void add_summary(const struct decision_summary *summary, struct mn_text *text)
{
    add_number(text, "\"summary\": {\"running\": ", (int64_t)summary->running);
    add_number(text, ", \"revived\": ", (int64_t)summary->revived);
    add_number(text, ", \"rolled_back\": ", (int64_t)summary->rolled_back);
    add_number(text, ", \"reset\": ", (int64_t)summary->reset);
    add_number(text, ", \"epochs_lost\": ", (int64_t)summary->epochs_lost);
    add_number(text, ", \"kept_orphans\": ", (int64_t)summary->kept_orphans);
    add_number(text, ", \"spared\": ", (int64_t)summary->spared);
    mn_text_add(text, "}");
}

static void add_trace(const struct ledger *ledger, const struct decision *decision,
                      struct mn_text *text)
{
    mn_text_add(text, ", \"trace\": {\"spared\": [");
    for (size_t i = 0; i < decision->spared_count; i++) {
        add_name(text, i == 0 ? "" : ", ", ledger_vat_name(ledger, decision->spared[i]));
    }
    mn_text_add(text, "], \"steps\": [");
    for (size_t i = 0; i < decision->step_count; i++) {
        const struct decision_step *step = &decision->steps[i];
        mn_text_add(text, i == 0 ? "" : ", ");
        add_name(text, "{\"vat\": ", ledger_vat_name(ledger, step->vat));
        add_number(text, ", \"to\": ", step->to);
        add_epoch(text, ", \"epoch\": ", step->epoch);
        add_heard(text, ledger_vat_name(ledger, step->peer), step->heard);
        mn_text_add(text, "}");
    }
    mn_text_add(text, "]}");
}

/* Whether the text is too large whatever is decided, since nothing is said of a vat in fewer bytes
 * than that it runs on: then no time is lost with making it. */
static bool answer_cannot_fit(const struct ledger *ledger, const struct mn_text *text)
{
    size_t least = sizeof RUNNING_BEFORE + sizeof RUNNING_AFTER;
    return text->size_max != 0 && ledger_vat_count(ledger) > (text->size_max - text->size) / least;
}

mn_result decision_order_vats(struct ledger *ledger)
{
    const uint32_t *order = NULL;
    return ledger_names_order(&ledger->vat_names, &order);
}

mn_result decision_write_json(struct ledger *ledger, const struct decision *decision, bool proof,
                              struct mn_text *text)
{
    if (text->result == MN_OK && answer_cannot_fit(ledger, text)) {
        return MN_FULL;
    }
    mn_text_add(text, "{");
    add_summary(&decision->summary, text);
    mn_text_add(text, ", \"vats\": {");
    mn_result result = add_vats(ledger, decision, text);
    mn_text_add(text, "}");
    if (proof) {
        add_trace(ledger, decision, text);
    }
    mn_text_add(text, "}");
    return result == MN_OK ? mn_text_result(text) : result;
}
