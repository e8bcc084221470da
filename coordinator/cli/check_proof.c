/* Rule 14: the trace is replayed from everyone's latest candidate, each step forced by what the
 * peer does not keep at that moment, and has to end at the cut. An orphan has to hold at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/check_private.h"

/* What a step or an orphan says: @vat's interval number @index heard @heard. */
struct proof_orphan {
    size_t index;
    const struct evidence_heard *heard;
};

/* Find the interval and the dependency that @json ("epoch" and "heard") speaks of, and see that the
 * dependency binds. */
static bool proof_find(struct check *check, uint32_t vat, const json_t *json, const char *what,
                       struct proof_orphan *orphan)
{
    static const char *const keys[] = {"vat", "epoch", NULL};
    const struct check_facts *facts = &check->facts;
    const json_t *epoch = json_object_get(json, "epoch");
    const json_t *told = json_object_get(json, "heard");
    if (!json_is_null(epoch) &&
        (!json_is_integer(epoch) || json_integer_value(epoch) == CHECK_OPEN)) {
        return check_fail(check, "%s: epoch is neither an epoch nor null", what);
    }
    mn_epoch number = json_is_null(epoch) ? CHECK_OPEN : json_integer_value(epoch);
    orphan->index = check_find_interval(facts, vat, number);
    if (orphan->index == SIZE_MAX) {
        return check_fail(check, "%s: the vat has no such live interval", what);
    }
    if (!check_keys(check, told, what, keys)) {
        return false;
    }
    uint32_t peer = check_vat_named(check, json_object_get(told, "vat"), what);
    const json_t *heard_epoch = json_object_get(told, "epoch");
    if (peer == EVIDENCE_NONE || !json_is_integer(heard_epoch)) {
        return check_fail(check, "%s: heard is no vat and epoch", what);
    }
    const struct check_interval *interval = &facts->intervals[orphan->index];
    for (size_t i = 0; i < interval->heard_count; i++) {
        orphan->heard = &interval->heard[i];
        if (orphan->heard->vat == peer && orphan->heard->epoch == json_integer_value(heard_epoch)) {
            return check_binds(facts, interval, orphan->heard) ||
                   check_fail(check, "%s: what it heard binds nobody", what);
        }
    }
    return check_fail(check, "%s: the interval did not hear that", what);
}

static bool proof_check_spared(struct check *check, const json_t *spared)
{
    size_t count = 0;
    for (size_t v = 0; v < check->facts.evidence->vat_count; v++) {
        count += check->facts.vats[v].spared ? 1 : 0;
    }
    if (!json_is_array(spared) || json_array_size(spared) != count) {
        return check_fail(check, "trace: spared is no list of %zu vats, as the evidence has it",
                          count);
    }
    bool *seen = calloc(check->facts.evidence->vat_count + 1, sizeof *seen);
    if (seen == NULL) {
        return check_fail_memory(check);
    }
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        uint32_t vat = check_vat_named(check, json_array_get(spared, i), "trace: spared");
        good = vat != EVIDENCE_NONE;
        if (good && (!check->facts.vats[vat].spared || seen[vat])) {
            good = check_fail(check, "trace: %s is spared twice, or not by the evidence",
                              check->facts.evidence->vats[vat].name);
        } else if (good) {
            seen[vat] = true;
        }
    }
    free(seen);
    return good;
}

static bool proof_take_step(struct check *check, const json_t *step, size_t number, mn_epoch *keeps)
{
    static const char *const keys[] = {"vat", "to", "epoch", "heard", NULL};
    const struct check_facts *facts = &check->facts;
    char what[64];
    (void)snprintf(what, sizeof what, "trace: step %zu", number);
    if (!check_keys(check, step, what, keys)) {
        return false;
    }
    uint32_t vat = check_vat_named(check, json_object_get(step, "vat"), what);
    struct proof_orphan orphan = {0};
    if (vat == EVIDENCE_NONE || !proof_find(check, vat, step, what, &orphan)) {
        return false;
    }
    if (check_unbound(facts, vat)) {
        return check_fail(check, "%s: %s is told and not taken back", what,
                          facts->evidence->vats[vat].name);
    }
    if (facts->intervals[orphan.index].epoch > keeps[vat]) {
        return check_fail(check, "%s: %s does not include that interval any more", what,
                          facts->evidence->vats[vat].name);
    }
    if (!check_orphan(facts, orphan.heard, keeps[orphan.heard->vat])) {
        return check_fail(check, "%s: the peer keeps what was heard, so nothing is forced", what);
    }
    keeps[vat] = check_before(facts, orphan.index);
    return check_epoch(check, json_object_get(step, "to"), what, keeps[vat]);
}

bool check_trace(struct check *check, const json_t *trace)
{
    static const char *const keys[] = {"spared", "steps", NULL};
    const struct check_facts *facts = &check->facts;
    size_t count = facts->evidence->vat_count;
    const json_t *steps = json_object_get(trace, "steps");
    if (!check_keys(check, trace, "trace", keys) ||
        !proof_check_spared(check, json_object_get(trace, "spared"))) {
        return false;
    }
    if (!json_is_array(steps)) {
        return check_fail(check, "trace: steps is no list");
    }
    mn_epoch *keeps = calloc(count + 1, sizeof *keeps);
    if (keeps == NULL) {
        return check_fail_memory(check);
    }
    for (size_t v = 0; v < count; v++) {
        keeps[v] = facts->vats[v].latest;
    }
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(steps); i++) {
        good = proof_take_step(check, json_array_get(steps, i), i, keeps);
    }
    for (size_t v = 0; good && v < count; v++) {
        good = keeps[v] == facts->vats[v].keep ||
               check_fail(check, "trace: it does not end at the cut of %s",
                          facts->evidence->vats[v].name);
    }
    free(keeps);
    return good;
}

static bool proof_check_orphan(struct check *check, uint32_t vat, const json_t *json,
                               const char *what)
{
    static const char *const keys[] = {"epoch", "heard", "kept", NULL};
    const struct check_facts *facts = &check->facts;
    struct proof_orphan orphan = {0};
    if (!check_keys(check, json, what, keys) || !proof_find(check, vat, json, what, &orphan)) {
        return false;
    }
    mn_assert(orphan.heard != NULL);
    mn_epoch kept = facts->vats[orphan.heard->vat].keep;
    if (!check_orphan(facts, orphan.heard, kept)) {
        return check_fail(check, "%s: the peer keeps what was heard", what);
    }
    if (facts->intervals[orphan.index].epoch <= facts->vats[vat].keep ||
        check_before(facts, orphan.index) != facts->vats[vat].keep) {
        return check_fail(check, "%s: that interval is not what comes after what it keeps", what);
    }
    return check_epoch(check, json_object_get(json, "kept"), what, kept);
}

static bool proof_check_because(struct check *check, struct check_causes *causes, uint32_t vat,
                                const json_t *because)
{
    static const char *const orphan[] = {"orphan", NULL};
    static const char *const lost[] = {"lost", NULL};
    const struct check_vat *row = &check->facts.vats[vat];
    char what[MN_NAME_SIZE_MAX + 64];
    (void)snprintf(what, sizeof what, "vat %s: because", check->facts.evidence->vats[vat].name);
    bool by_peer = row->keep < row->latest;
    if (!check_keys(check, because, what, by_peer ? orphan : lost)) {
        return false;
    }
    return by_peer ? proof_check_orphan(check, vat, json_object_get(because, "orphan"), what)
                   : check_lost(check, causes, vat, json_object_get(because, "lost"));
}

bool check_because(struct check *check, const json_t *vats)
{
    const struct check_facts *facts = &check->facts;
    struct check_causes *causes = NULL;
    bool good = check_causes_new(check, &causes);
    for (uint32_t v = 0; good && v < facts->evidence->vat_count; v++) {
        const json_t *row = json_object_get(vats, facts->evidence->vats[v].name);
        good = facts->vats[v].keep == CHECK_OPEN ||
               proof_check_because(check, causes, v, json_object_get(row, "because"));
    }
    check_causes_destroy(&causes);
    return good;
}
