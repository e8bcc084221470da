/* Rule 12: who is told of whom. Every dependency on a vat that forgot, or of one, makes an entry;
 * sorted by who is told and of whom, the entries of one pair are one notice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check_private.h"

struct told_range {
    mn_epoch first; /* 0 when empty; no epoch is 0 */
    mn_epoch last;
};

struct told_entry {
    uint32_t vat;        /* is told */
    uint32_t peer;       /* that this one forgot */
    mn_epoch you_heard;  /* one epoch, or 0 */
    mn_epoch forgot_you; /* one epoch, or 0 */
};

struct told_entries {
    struct told_entry *rows; /* NULL while they are being counted */
    size_t count;
};

static void told_add(struct told_entries *entries, struct told_entry entry)
{
    if (entries->rows != NULL) {
        entries->rows[entries->count] = entry;
    }
    entries->count++;
}

/* The entries that @interval's hearing of @heard makes: its vat may be told of the peer, and the
 * peer of it. */
static void told_consider(const struct check_facts *facts, const struct check_interval *interval,
                          const struct evidence_heard *heard, struct told_entries *entries)
{
    const struct check_vat *hearer = &facts->vats[interval->vat];
    const struct check_vat *peer = &facts->vats[heard->vat];
    bool kept = interval->epoch <= hearer->keep;
    if (heard->vat == interval->vat || check_death(facts, heard->vat, heard->epoch) != NULL) {
        return;
    }
    if (check_forgot(facts, heard->vat)) {
        bool forgotten = heard->epoch > peer->keep && heard->epoch <= peer->spoken;
        told_add(entries, (struct told_entry){.vat = interval->vat,
                                              .peer = heard->vat,
                                              .you_heard = kept && forgotten ? heard->epoch : 0});
    }
    if (check_forgot(facts, interval->vat)) {
        bool lost = !kept && heard->epoch <= peer->keep;
        told_add(entries, (struct told_entry){.vat = heard->vat,
                                              .peer = interval->vat,
                                              .forgot_you = lost ? heard->epoch : 0});
    }
}

static void told_consider_all(const struct check_facts *facts, struct told_entries *entries)
{
    entries->count = 0;
    for (size_t i = 0; i < facts->interval_count; i++) {
        for (size_t j = 0; j < facts->intervals[i].heard_count; j++) {
            told_consider(facts, &facts->intervals[i], &facts->intervals[i].heard[j], entries);
        }
    }
}

static int told_compare(const void *a, const void *b)
{
    const struct told_entry *left = a;
    const struct told_entry *right = b;
    if (left->vat != right->vat) {
        return left->vat < right->vat ? -1 : 1;
    }
    return left->peer < right->peer ? -1 : left->peer > right->peer ? 1 : 0;
}

static void told_widen(struct told_range *range, mn_epoch epoch)
{
    if (epoch == 0) {
        return;
    }
    range->first = range->first == 0 || epoch < range->first ? epoch : range->first;
    range->last = epoch > range->last ? epoch : range->last;
}

static bool told_check_range(struct check *check, const json_t *json, const char *what,
                             const struct told_range *range)
{
    if (range->first == 0) {
        return json_is_null(json) ||
               check_fail(check, "%s is not null, as the evidence has it", what);
    }
    if (!json_is_array(json) || json_array_size(json) != 2) {
        return check_fail(check, "%s is no pair of epochs, as the evidence has it", what);
    }
    return check_epoch(check, json_array_get(json, 0), what, range->first) &&
           check_epoch(check, json_array_get(json, 1), what, range->last);
}

/* Check the notice about the peer of entries[0], and say how many entries make it. */
static bool told_check_row(struct check *check, const json_t *json,
                           const struct told_entry *entries, size_t count, const char *what,
                           size_t *used, bool *keeps_orphans)
{
    static const char *const keys[] = {"vat",       "incarnation", "kept",
                                       "you_heard", "forgot_you",  NULL};
    const struct check_facts *facts = &check->facts;
    struct told_range you_heard = {0};
    struct told_range forgot_you = {0};
    for (*used = 0; *used < count && entries[*used].peer == entries[0].peer; *used += 1) {
        told_widen(&you_heard, entries[*used].you_heard);
        told_widen(&forgot_you, entries[*used].forgot_you);
    }
    *keeps_orphans = *keeps_orphans || you_heard.first != 0;
    uint32_t peer = entries[0].peer;
    return check_keys(check, json, what, keys) &&
           check_epoch(check, json_object_get(json, "incarnation"), what,
                       check_incarnation(facts, peer)) &&
           check_epoch(check, json_object_get(json, "kept"), what, facts->vats[peer].keep) &&
           told_check_range(check, json_object_get(json, "you_heard"), what, &you_heard) &&
           told_check_range(check, json_object_get(json, "forgot_you"), what, &forgot_you);
}

/* Find the entries about @peer among those of one vat. */
static const struct told_entry *told_find(const struct told_entry *entries, size_t count,
                                          uint32_t peer)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entries[middle].peer < peer) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && entries[low].peer == peer ? &entries[low] : NULL;
}

/* Check what one vat is told: rows in growing order of names, one for each peer among @entries. */
static bool told_check_vat(struct check *check, uint32_t vat, const json_t *told,
                           const struct told_entry *entries, size_t count, bool *keeps_orphans)
{
    const char *name = check->facts.evidence->vats[vat].name;
    if (!json_is_array(told)) {
        return check_fail(check, "vat %s: told is no list", name);
    }
    const char *before = "";
    size_t covered = 0;
    for (size_t i = 0; i < json_array_size(told); i++) {
        char what[MN_NAME_SIZE_MAX + 64];
        (void)snprintf(what, sizeof what, "vat %s: told[%zu]", name, i);
        const json_t *row = json_array_get(told, i);
        uint32_t peer = check_vat_named(check, json_object_get(row, "vat"), what);
        if (peer == EVIDENCE_NONE) {
            return false;
        }
        const char *peer_name = check->facts.evidence->vats[peer].name;
        if (strcmp(before, peer_name) >= 0) {
            return check_fail(check, "%s is about %s; expected rows sorted by vat", what,
                              peer_name);
        }
        before = peer_name;
        const struct told_entry *first = told_find(entries, count, peer);
        if (first == NULL) {
            return check_fail(check, "%s is about %s, of which the evidence says nothing to it",
                              what, peer_name);
        }
        size_t used = 0;
        size_t left = count - (size_t)(first - entries);
        if (!told_check_row(check, row, first, left, what, &used, keeps_orphans)) {
            return false;
        }
        covered += used;
    }
    return covered == count || check_fail(check, "vat %s: told lacks a vat that forgot", name);
}

static bool told_check_all(struct check *check, const json_t *vats,
                           const struct told_entries *entries, json_int_t *kept_orphans)
{
    const struct evidence *e = check->facts.evidence;
    size_t at = 0;
    *kept_orphans = 0;
    for (uint32_t v = 0; v < e->vat_count; v++) {
        size_t end = at;
        while (end < entries->count && entries->rows[end].vat == v) {
            end++;
        }
        bool keeps_orphans = false;
        const json_t *told = json_object_get(json_object_get(vats, e->vats[v].name), "told");
        if (!told_check_vat(check, v, told, entries->rows + at, end - at, &keeps_orphans)) {
            return false;
        }
        *kept_orphans += keeps_orphans ? 1 : 0;
        at = end;
    }
    return true;
}

bool check_told(struct check *check, const json_t *vats, json_int_t *kept_orphans)
{
    struct told_entries entries = {0};
    told_consider_all(&check->facts, &entries);
    entries.rows = calloc(entries.count + 1, sizeof *entries.rows);
    if (entries.rows == NULL) {
        return check_fail_memory(check);
    }
    told_consider_all(&check->facts, &entries);
    qsort(entries.rows, entries.count, sizeof *entries.rows, told_compare);
    bool good = told_check_all(check, vats, &entries, kept_orphans);
    free(entries.rows);
    return good;
}
