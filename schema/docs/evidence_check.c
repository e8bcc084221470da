/* Checking what evidence calls by name, and that nothing is more than its bound. Each name is
 * looked up in a table once; domains are walked once. */
#include "docs/evidence_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "docs/evidence_checker.h"
#include "docs/forest.h"

bool evidence_wrong(struct evidence_checker *checker, struct evidence_spot spot, const char *format,
                    ...)
{
    if (checker->result == MN_OK) {
        char what[MN_ERROR_TEXT_SIZE_MAX];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        checker->result = MN_BAD_INPUT;
        checker->listener->tell(checker->listener->context, &spot, what);
    }
    return false;
}

bool evidence_exhausted(struct evidence_checker *checker)
{
    if (checker->result == MN_OK) {
        checker->result = MN_NO_MEMORY;
    }
    return false;
}

struct evidence_spot evidence_spot_at(enum evidence_column column, size_t row, size_t item)
{
    return (struct evidence_spot){.column = column, .row = row, .item = item};
}

bool evidence_check_index(struct evidence_checker *checker, struct evidence_spot spot,
                          uint32_t index, size_t count, const char *what)
{
    return index < count || evidence_wrong(checker, spot,
                                           "number %" PRIu32 " of the %s; expected it below %zu, "
                                           "as many as there are",
                                           index, what, count);
}

bool evidence_check_epoch(struct evidence_checker *checker, struct evidence_spot spot,
                          mn_epoch epoch, mn_epoch least)
{
    return (epoch >= least && epoch <= MN_EPOCH_MAX) ||
           evidence_wrong(checker, spot,
                          "epoch %" PRId64 "; expected one from %" PRId64 " to %" PRId64, epoch,
                          least, MN_EPOCH_MAX);
}

/* A table of things that begin with their name. */
struct named_rows {
    enum evidence_column column;
    const void *rows;
    size_t stride;
    size_t count;
};

_Static_assert(offsetof(struct evidence_domain, name) == 0, "named_row reads names there");
_Static_assert(offsetof(struct evidence_host, name) == 0, "named_row reads names there");
_Static_assert(offsetof(struct evidence_store, name) == 0, "named_row reads names there");
_Static_assert(offsetof(struct evidence_vat, name) == 0, "named_row reads names there");

static const char *named_row(const struct named_rows *named, size_t row)
{
    const char *name = NULL;
    memcpy(&name, (const char *)named->rows + row * named->stride, sizeof name);
    return name;
}

/* Every name is one, stands once, and is not among @others (perhaps NULL). */
static bool evidence_check_names(struct evidence_checker *checker, const struct named_rows *named,
                                 const struct mn_table *others, struct mn_table *table)
{
    if (mn_table_init(table, named->count) != MN_OK) {
        return evidence_exhausted(checker);
    }
    for (size_t i = 0; i < named->count; i++) {
        const char *name = named_row(named, i);
        size_t size = strnlen(name, MN_NAME_SIZE_MAX + 1);
        struct evidence_spot spot = evidence_spot_at(named->column, i, 0);
        if (!mn_name_valid(name, size)) {
            return evidence_wrong(checker, spot,
                                  "no name; expected 1 to %d bytes of A-Z a-z 0-9 . _ : / -",
                                  MN_NAME_SIZE_MAX);
        }
        if (others != NULL && mn_table_find(others, name, size) != NULL) {
            return evidence_wrong(checker, spot,
                                  "%s is a domain's name; expected another for a host", name);
        }
        if (mn_table_add(table, name, size, 0) != NULL) {
            return evidence_wrong(checker, spot, "a second %s; expected each name once", name);
        }
    }
    return true;
}

static bool evidence_check_all_names(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    const struct named_rows named[] = {
        {EVIDENCE_COLUMN_DOMAIN_NAME, e->domains, sizeof *e->domains, e->domain_count},
        {EVIDENCE_COLUMN_HOST_NAME, e->hosts, sizeof *e->hosts, e->host_count},
        {EVIDENCE_COLUMN_STORE_NAME, e->stores, sizeof *e->stores, e->store_count},
        {EVIDENCE_COLUMN_VAT_NAME, e->vats, sizeof *e->vats, e->vat_count}};
    struct mn_table tables[4] = {{0}};
    bool good = true;
    for (size_t i = 0; good && i < 4; i++) {
        good = evidence_check_names(checker, &named[i], i == 1 ? &tables[0] : NULL, &tables[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        mn_table_deinit(&tables[i]);
    }
    return good;
}

static bool evidence_check_domains(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    uint32_t *parents = mn_arena_take_array(&checker->arena, e->domain_count, sizeof *parents);
    if (parents == NULL) {
        return evidence_exhausted(checker);
    }
    for (size_t i = 0; i < e->domain_count; i++) {
        parents[i] = e->domains[i].in;
        if (parents[i] != EVIDENCE_NONE &&
            !evidence_check_index(checker, evidence_spot_at(EVIDENCE_COLUMN_DOMAIN_IN, i, 0),
                                  parents[i], e->domain_count, "domains")) {
            return false;
        }
    }
    bool cycle = false;
    size_t at = 0;
    if (mn_forest_check(parents, e->domain_count, &cycle, &at) != MN_OK) {
        return evidence_exhausted(checker);
    }
    return !cycle || evidence_wrong(checker, evidence_spot_at(EVIDENCE_COLUMN_DOMAIN_IN, at, 0),
                                    "%s leads back to itself; expected domains without a cycle",
                                    e->domains[parents[at]].name);
}

static bool evidence_check_places(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    for (size_t i = 0; i < e->host_count; i++) {
        if (e->hosts[i].in != EVIDENCE_NONE &&
            !evidence_check_index(checker, evidence_spot_at(EVIDENCE_COLUMN_HOST_IN, i, 0),
                                  e->hosts[i].in, e->domain_count, "domains")) {
            return false;
        }
    }
    for (size_t i = 0; i < e->store_count; i++) {
        const struct evidence_store *store = &e->stores[i];
        bool in_host = store->place == EVIDENCE_IN_HOST;
        if (store->place != EVIDENCE_IN_NOTHING &&
            !evidence_check_index(checker, evidence_spot_at(EVIDENCE_COLUMN_STORE_IN, i, 0),
                                  store->in, in_host ? e->host_count : e->domain_count,
                                  in_host ? "hosts" : "domains")) {
            return false;
        }
    }
    return true;
}

static bool evidence_check_lineage(struct evidence_checker *checker, size_t vat)
{
    const struct evidence_vat *row = &checker->evidence->vats[vat];
    mn_epoch newest = 0;
    for (size_t i = 0; i < row->lineage_count; i++) {
        const struct evidence_lineage *fork = &row->lineage[i];
        struct evidence_spot after = evidence_spot_at(EVIDENCE_COLUMN_LINEAGE_AFTER, vat, i);
        struct evidence_spot next = evidence_spot_at(EVIDENCE_COLUMN_LINEAGE_NEXT, vat, i);
        if (!evidence_check_epoch(checker, after, fork->after, 0) ||
            !evidence_check_epoch(checker, next, fork->next, 1)) {
            return false;
        }
        if (fork->next <= fork->after) {
            return evidence_wrong(checker, next,
                                  "next %" PRId64 "; expected it above after, which is %" PRId64,
                                  fork->next, fork->after);
        }
        if (fork->next <= newest) {
            return evidence_wrong(
                checker, next,
                "next %" PRId64 "; expected lineage entries in growing order of next", fork->next);
        }
        newest = fork->next;
    }
    return true;
}

bool evidence_check_maps(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    if (!evidence_check_all_names(checker) || !evidence_check_domains(checker) ||
        !evidence_check_places(checker)) {
        return false;
    }
    for (size_t i = 0; i < e->vat_count; i++) {
        const struct evidence_vat *vat = &e->vats[i];
        if ((vat->host != EVIDENCE_NONE &&
             !evidence_check_index(checker, evidence_spot_at(EVIDENCE_COLUMN_VAT_HOST, i, 0),
                                   vat->host, e->host_count, "hosts")) ||
            !evidence_check_epoch(checker, evidence_spot_at(EVIDENCE_COLUMN_VAT_FLOOR, i, 0),
                                  vat->floor, 0) ||
            !evidence_check_epoch(checker, evidence_spot_at(EVIDENCE_COLUMN_VAT_LIMIT, i, 0),
                                  vat->limit, 0) ||
            !evidence_check_lineage(checker, i)) {
            return false;
        }
    }
    return true;
}

static bool evidence_check_count(struct evidence_checker *checker, enum evidence_column column,
                                 size_t count)
{
    if (count <= EVIDENCE_ROW_COUNT_MAX) {
        return true;
    }
    (void)evidence_wrong(checker, evidence_spot_at(column, 0, 0),
                         "%zu rows; expected at most %d; divide the document", count,
                         EVIDENCE_ROW_COUNT_MAX);
    checker->result = MN_TOO_LARGE;
    return false;
}

static bool evidence_check_counts(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    size_t heard = 0;
    size_t open_heard = 0;
    size_t forms = 0;
    size_t copies = 0;
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        heard += e->checkpoints[i].heard_count;
        forms += e->checkpoints[i].form_count;
        for (size_t j = 0; j < e->checkpoints[i].form_count; j++) {
            copies += e->checkpoints[i].forms[j].at_count;
        }
    }
    for (size_t i = 0; i < e->open_count; i++) {
        open_heard += e->open[i].heard_count;
    }
    return evidence_check_count(checker, EVIDENCE_COLUMN_DOMAIN_NAME, e->domain_count) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_HOST_NAME, e->host_count) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_STORE_NAME, e->store_count) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_VAT_NAME, e->vat_count) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_CHECKPOINT_VAT, e->checkpoint_count) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_CHECKPOINT_HEARD_VAT, heard) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_OPEN_HEARD_VAT, open_heard) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_FORM_ONTO, forms) &&
           evidence_check_count(checker, EVIDENCE_COLUMN_COPY_STORE, copies);
}

mn_result evidence_check(const struct evidence *evidence, const struct evidence_listener *listener)
{
    struct evidence_checker checker = {.evidence = evidence, .listener = listener};
    (void)(evidence_check_counts(&checker) && evidence_check_maps(&checker) &&
           evidence_check_rows(&checker) && evidence_check_losses(&checker));
    mn_table_deinit(&checker.checkpoints);
    mn_arena_deinit(&checker.arena);
    return checker.result;
}
