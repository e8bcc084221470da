/* Checking the rows of evidence: checkpoints with what they heard and where they are, open
 * intervals, and that what is lost was there to be lost. */
#include <inttypes.h>

#include "docs/evidence_checker.h"

/* A row of the document as a key of a table: no padding, so that equal keys are equal as memory. */
struct evidence_row_key {
    uint32_t vat;
    uint32_t store; /* EVIDENCE_NONE where it is about no store */
    mn_epoch epoch;
};

_Static_assert(sizeof(struct evidence_row_key) == 16, "the key has no padding");

/* What a checkpoint and an open interval have in common. */
struct interval {
    uint32_t vat;
    mn_epoch epoch;
    bool has_since;
    mn_epoch since;
    size_t heard_count;
    const struct evidence_heard *heard;
};

/* The columns of such a row. */
struct interval_columns {
    enum evidence_column vat;
    enum evidence_column epoch;
    enum evidence_column since;
    enum evidence_column heard_vat;
    enum evidence_column heard_epoch;
};

static const struct interval_columns CHECKPOINT_COLUMNS = {
    EVIDENCE_COLUMN_CHECKPOINT_VAT, EVIDENCE_COLUMN_CHECKPOINT_EPOCH,
    EVIDENCE_COLUMN_CHECKPOINT_SINCE, EVIDENCE_COLUMN_CHECKPOINT_HEARD_VAT,
    EVIDENCE_COLUMN_CHECKPOINT_HEARD_EPOCH};

static const struct interval_columns OPEN_COLUMNS = {
    EVIDENCE_COLUMN_OPEN_VAT, EVIDENCE_COLUMN_OPEN_EPOCH, EVIDENCE_COLUMN_OPEN_SINCE,
    EVIDENCE_COLUMN_OPEN_HEARD_VAT, EVIDENCE_COLUMN_OPEN_HEARD_EPOCH};

static bool evidence_check_interval(struct evidence_checker *checker, size_t row,
                                    const struct interval *interval,
                                    const struct interval_columns *columns)
{
    size_t vat_count = checker->evidence->vat_count;
    struct evidence_spot since = evidence_spot_at(columns->since, row, 0);
    if (!evidence_check_index(checker, evidence_spot_at(columns->vat, row, 0), interval->vat,
                              vat_count, "vats") ||
        !evidence_check_epoch(checker, evidence_spot_at(columns->epoch, row, 0), interval->epoch,
                              1) ||
        !evidence_check_epoch(checker, since, interval->since, 0)) {
        return false;
    }
    if (interval->has_since && interval->since >= interval->epoch) {
        return evidence_wrong(checker, since,
                              "since %" PRId64 "; expected it below the epoch, which is %" PRId64,
                              interval->since, interval->epoch);
    }
    for (size_t i = 0; i < interval->heard_count; i++) {
        if (!evidence_check_index(checker, evidence_spot_at(columns->heard_vat, row, i),
                                  interval->heard[i].vat, vat_count, "vats") ||
            !evidence_check_epoch(checker, evidence_spot_at(columns->heard_epoch, row, i),
                                  interval->heard[i].epoch, 1)) {
            return false;
        }
    }
    return true;
}

/* @marks: per store, the last form with a copy there; @mark is that of this form. */
static bool evidence_check_copies(struct evidence_checker *checker, size_t row, size_t item,
                                  uint32_t *marks, uint32_t mark)
{
    const struct evidence *e = checker->evidence;
    const struct evidence_form *form = &e->checkpoints[row].forms[item];
    for (size_t i = 0; i < form->at_count; i++) {
        uint32_t store = form->at[i];
        struct evidence_spot spot = {EVIDENCE_COLUMN_COPY_STORE, row, item, i};
        if (!evidence_check_index(checker, spot, store, e->store_count, "stores")) {
            return false;
        }
        if (marks[store] == mark) {
            return evidence_wrong(checker, spot, "store %s twice in at; expected it once",
                                  e->stores[store].name);
        }
        marks[store] = mark;
    }
    return (form->need >= 1 && form->need <= form->at_count) ||
           evidence_wrong(checker, evidence_spot_at(EVIDENCE_COLUMN_FORM_NEED, row, item),
                          "need %" PRIu32 " of %zu copies; expected need from 1 to their number",
                          form->need, form->at_count);
}

static bool evidence_check_form(struct evidence_checker *checker, size_t row, size_t item)
{
    const struct evidence_checkpoint *checkpoint = &checker->evidence->checkpoints[row];
    const struct evidence_form *form = &checkpoint->forms[item];
    struct evidence_spot spot = evidence_spot_at(EVIDENCE_COLUMN_FORM_ONTO, row, item);
    if (form->kind == EVIDENCE_FULL) {
        return form->onto == 0 ||
               evidence_wrong(checker, spot,
                              "onto in a full checkpoint; expected it in a diff only");
    }
    return evidence_check_epoch(checker, spot, form->onto, 1) &&
           (form->onto < checkpoint->epoch ||
            evidence_wrong(checker, spot,
                           "onto %" PRId64 "; expected it below the epoch, which is %" PRId64,
                           form->onto, checkpoint->epoch));
}

static bool evidence_check_checkpoints(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    size_t count = e->checkpoint_count;
    struct evidence_row_key *keys = mn_arena_take_array(&checker->arena, count, sizeof *keys);
    uint32_t *marks = mn_arena_take_array(&checker->arena, e->store_count, sizeof *marks);
    if (keys == NULL || marks == NULL || mn_table_init(&checker->checkpoints, count) != MN_OK) {
        return evidence_exhausted(checker);
    }
    uint32_t mark = 0;
    for (size_t i = 0; i < count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        struct interval interval = {row->vat,   row->epoch,       row->has_since,
                                    row->since, row->heard_count, row->heard};
        if (!evidence_check_interval(checker, i, &interval, &CHECKPOINT_COLUMNS)) {
            return false;
        }
        for (size_t j = 0; j < row->form_count; j++) {
            if (!evidence_check_form(checker, i, j) ||
                !evidence_check_copies(checker, i, j, marks, ++mark)) {
                return false;
            }
        }
        keys[i] = (struct evidence_row_key){row->vat, EVIDENCE_NONE, row->epoch};
        if (mn_table_add(&checker->checkpoints, &keys[i], sizeof keys[i], 0) != NULL) {
            return evidence_wrong(checker, evidence_spot_at(EVIDENCE_COLUMN_CHECKPOINT_EPOCH, i, 0),
                                  "a second checkpoint %" PRId64 " of %s; expected each epoch once",
                                  row->epoch, e->vats[row->vat].name);
        }
    }
    return true;
}

/* Whether @epoch is live: the entries that can have killed it are those with a higher next, and of
 * them the one that went furthest back decides. @lowest[i] is the lowest after from entry i on. */
static bool evidence_epoch_live(const struct evidence_vat *vat, const mn_epoch *lowest,
                                mn_epoch epoch)
{
    size_t low = 0;
    size_t high = vat->lineage_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vat->lineage[middle].next > epoch) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low == vat->lineage_count || lowest[low] >= epoch;
}

/* Per vat its newest live checkpoint, 0 where there is none; NULL when memory is exhausted. */
static const mn_epoch *evidence_newest_live(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    struct mn_arena *arena = &checker->arena;
    mn_epoch *newest = mn_arena_take_array(arena, e->vat_count, sizeof *newest);
    const mn_epoch **lowest = mn_arena_take_array(arena, e->vat_count, sizeof(const mn_epoch *));
    if (newest == NULL || lowest == NULL) {
        return NULL;
    }
    for (size_t v = 0; v < e->vat_count; v++) {
        const struct evidence_vat *vat = &e->vats[v];
        if (vat->lineage_count == 0) {
            continue;
        }
        mn_epoch *row = mn_arena_take_array(arena, vat->lineage_count, sizeof *row);
        if (row == NULL) {
            return NULL;
        }
        for (size_t i = vat->lineage_count; i > 0; i--) {
            mn_epoch after = vat->lineage[i - 1].after;
            row[i - 1] = i < vat->lineage_count && row[i] < after ? row[i] : after;
        }
        lowest[v] = row;
    }
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        if (row->epoch > newest[row->vat] &&
            evidence_epoch_live(&e->vats[row->vat], lowest[row->vat], row->epoch)) {
            newest[row->vat] = row->epoch;
        }
    }
    return newest;
}

static bool evidence_check_open(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    bool *has_open = mn_arena_take_array(&checker->arena, e->vat_count, sizeof *has_open);
    const mn_epoch *newest = evidence_newest_live(checker);
    if (has_open == NULL || newest == NULL) {
        return evidence_exhausted(checker);
    }
    for (size_t i = 0; i < e->open_count; i++) {
        const struct evidence_open *row = &e->open[i];
        struct interval interval = {row->vat,   row->epoch,       row->has_since,
                                    row->since, row->heard_count, row->heard};
        if (!evidence_check_interval(checker, i, &interval, &OPEN_COLUMNS)) {
            return false;
        }
        if (has_open[row->vat]) {
            return evidence_wrong(checker, evidence_spot_at(EVIDENCE_COLUMN_OPEN_VAT, i, 0),
                                  "a second open interval of %s; expected at most one a vat",
                                  e->vats[row->vat].name);
        }
        has_open[row->vat] = true;
        if (row->epoch <= newest[row->vat]) {
            return evidence_wrong(checker, evidence_spot_at(EVIDENCE_COLUMN_OPEN_EPOCH, i, 0),
                                  "open epoch %" PRId64
                                  "; expected it above the vat's newest live checkpoint, which "
                                  "is %" PRId64,
                                  row->epoch, newest[row->vat]);
        }
    }
    return true;
}

bool evidence_check_rows(struct evidence_checker *checker)
{
    return evidence_check_checkpoints(checker) && evidence_check_open(checker);
}

/* The table of all copies, so that each lost one is looked up at once. */
static bool evidence_list_copies(struct evidence_checker *checker, struct mn_table *copies)
{
    const struct evidence *e = checker->evidence;
    size_t count = 0;
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        for (size_t j = 0; j < e->checkpoints[i].form_count; j++) {
            count += e->checkpoints[i].forms[j].at_count;
        }
    }
    struct evidence_row_key *keys = mn_arena_take_array(&checker->arena, count, sizeof *keys);
    if (keys == NULL || mn_table_init(copies, count) != MN_OK) {
        return evidence_exhausted(checker);
    }
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        for (size_t j = 0; j < row->form_count; j++) {
            for (size_t k = 0; k < row->forms[j].at_count; k++) {
                *keys = (struct evidence_row_key){row->vat, row->forms[j].at[k], row->epoch};
                (void)mn_table_add(copies, keys, sizeof *keys, 0);
                keys++;
            }
        }
    }
    return true;
}

static bool evidence_check_lost_copies(struct evidence_checker *checker, struct mn_table *copies)
{
    const struct evidence *e = checker->evidence;
    if (e->lost.copy_count > 0 && !evidence_list_copies(checker, copies)) {
        return false;
    }
    for (size_t i = 0; i < e->lost.copy_count; i++) {
        const struct evidence_lost_copy *row = &e->lost.copies[i];
        struct evidence_spot store = evidence_spot_at(EVIDENCE_COLUMN_LOST_COPY_STORE, i, 0);
        if (!evidence_check_index(checker, evidence_spot_at(EVIDENCE_COLUMN_LOST_COPY_VAT, i, 0),
                                  row->vat, e->vat_count, "vats") ||
            !evidence_check_epoch(checker, evidence_spot_at(EVIDENCE_COLUMN_LOST_COPY_EPOCH, i, 0),
                                  row->epoch, 1) ||
            !evidence_check_index(checker, store, row->store, e->store_count, "stores")) {
            return false;
        }
        struct evidence_row_key key = {row->vat, row->store, row->epoch};
        if (mn_table_find(copies, &key, sizeof key) == NULL) {
            return evidence_wrong(checker, store,
                                  "lost copy of checkpoint %" PRId64
                                  " of %s at %s; expected one that checkpoints lists",
                                  row->epoch, e->vats[row->vat].name, e->stores[row->store].name);
        }
    }
    return true;
}

static bool evidence_check_lost_checkpoints(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    for (size_t i = 0; i < e->lost.checkpoint_count; i++) {
        const struct evidence_lost_checkpoint *row = &e->lost.checkpoints[i];
        struct evidence_spot epoch = evidence_spot_at(EVIDENCE_COLUMN_LOST_CHECKPOINT_EPOCH, i, 0);
        if (!evidence_check_index(checker,
                                  evidence_spot_at(EVIDENCE_COLUMN_LOST_CHECKPOINT_VAT, i, 0),
                                  row->vat, e->vat_count, "vats") ||
            !evidence_check_epoch(checker, epoch, row->epoch, 1)) {
            return false;
        }
        struct evidence_row_key key = {row->vat, EVIDENCE_NONE, row->epoch};
        if (mn_table_find(&checker->checkpoints, &key, sizeof key) == NULL) {
            return evidence_wrong(checker, epoch,
                                  "lost checkpoint %" PRId64
                                  " of %s; expected one that checkpoints lists",
                                  row->epoch, e->vats[row->vat].name);
        }
    }
    return true;
}

static bool evidence_check_list(struct evidence_checker *checker, enum evidence_column column,
                                const struct evidence_names *names, size_t count, const char *what)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!evidence_check_index(checker, evidence_spot_at(column, i, 0), names->index[i], count,
                                  what)) {
            return false;
        }
    }
    return true;
}

bool evidence_check_losses(struct evidence_checker *checker)
{
    const struct evidence *e = checker->evidence;
    const struct evidence_lost *lost = &e->lost;
    struct mn_table copies = {0};
    bool good =
        evidence_check_list(checker, EVIDENCE_COLUMN_LOST_DOMAIN, &lost->domains, e->domain_count,
                            "domains") &&
        evidence_check_list(checker, EVIDENCE_COLUMN_LOST_HOST, &lost->hosts, e->host_count,
                            "hosts") &&
        evidence_check_list(checker, EVIDENCE_COLUMN_LOST_STORE, &lost->stores, e->store_count,
                            "stores") &&
        evidence_check_list(checker, EVIDENCE_COLUMN_LOST_VAT, &lost->vats, e->vat_count, "vats") &&
        evidence_check_lost_checkpoints(checker) && evidence_check_lost_copies(checker, &copies) &&
        evidence_check_list(checker, EVIDENCE_COLUMN_UNKNOWN_VAT, &e->unknown.vats, e->vat_count,
                            "vats") &&
        evidence_check_list(checker, EVIDENCE_COLUMN_UNKNOWN_STORE, &e->unknown.stores,
                            e->store_count, "stores") &&
        evidence_check_list(checker, EVIDENCE_COLUMN_TELL, &e->policy.tell, e->vat_count, "vats");
    mn_table_deinit(&copies);
    return good;
}
