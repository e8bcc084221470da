/* Reading the rows of evidence: checkpoints with their forms, and open intervals. */
#include "docs/evidence_reader.h"

#include <inttypes.h>
#include <stdlib.h>

static bool evidence_read_heard(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                const struct evidence_heard **heard, size_t *count)
{
    static const struct mn_yaml_key keys[] = {{"vat", true}, {"epoch", true}};
    const struct mn_yaml_node *values[2];
    if (!mn_yaml_is_list(&reader->yaml, node, "heard")) {
        return false;
    }
    struct evidence_heard *rows = evidence_take(reader, node, node->count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    struct evidence_heard *row = rows;
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next, row++) {
        if (!mn_yaml_map(&reader->yaml, item, "a heard entry", keys, 2, values) ||
            !mn_names_find(&reader->vats, &reader->yaml, values[0], &row->vat) ||
            !mn_yaml_integer(&reader->yaml, values[1], "epoch", 1, MN_EPOCH_MAX, &row->epoch)) {
            return false;
        }
    }
    *heard = rows;
    *count = node->count;
    return true;
}

/* What a checkpoint and an open interval have in common. */
static bool evidence_read_interval(struct evidence_reader *reader,
                                   const struct mn_yaml_node *const *values, uint32_t *vat,
                                   mn_epoch *epoch, mn_epoch *since)
{
    struct mn_yaml *yaml = &reader->yaml;
    const struct mn_yaml_node *at = values[EVIDENCE_AT_SINCE];
    if (!mn_names_find(&reader->vats, yaml, values[EVIDENCE_AT_VAT], vat) ||
        !mn_yaml_integer(yaml, values[EVIDENCE_AT_EPOCH], "epoch", 1, MN_EPOCH_MAX, epoch) ||
        (at != NULL && !mn_yaml_integer(yaml, at, "since", 0, MN_EPOCH_MAX, since))) {
        return false;
    }
    return at == NULL || *since < *epoch ||
           mn_yaml_fail(yaml, at, "since %s; expected it below the epoch, which is %" PRId64,
                        mn_yaml_show(at).text, *epoch);
}

static bool evidence_read_copies(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                 struct evidence_form *form)
{
    static const struct mn_yaml_key keys[] = {{"need", false}, {"at", true}};
    const struct mn_yaml_node *values[2];
    struct mn_yaml *yaml = &reader->yaml;
    if (!mn_yaml_map(yaml, node, "copies", keys, 2, values) ||
        !mn_yaml_is_list(yaml, values[1], "at")) {
        return false;
    }
    uint32_t *at = evidence_take(reader, node, values[1]->count, sizeof *at);
    if (at == NULL) {
        return false;
    }
    uint32_t mark = ++reader->form_count;
    for (const struct mn_yaml_node *name = values[1]->first; name != NULL; name = name->next) {
        uint32_t *store = &at[form->at_count];
        if (!mn_names_find(&reader->stores, yaml, name, store)) {
            return false;
        }
        if (reader->store_marks[*store] == mark) {
            return mn_yaml_fail(yaml, name, "store %s twice in at; expected it once",
                                mn_yaml_show(name).text);
        }
        reader->store_marks[*store] = mark;
        form->at_count++;
    }
    form->at = at;
    int64_t need = 1;
    if (values[0] != NULL && !mn_yaml_integer(yaml, values[0], "need", 1, UINT32_MAX, &need)) {
        return false;
    }
    if (need > (int64_t)form->at_count) {
        return mn_yaml_fail(yaml, values[0] != NULL ? values[0] : values[1],
                            "need %" PRId64 " of %zu copies; expected need from 1 to their number",
                            need, form->at_count);
    }
    form->need = (uint32_t)need;
    return true;
}

static bool evidence_read_form(struct evidence_reader *reader, const struct mn_yaml_node *kind,
                               const struct mn_yaml_node *onto, const struct mn_yaml_node *copies,
                               mn_epoch epoch, struct evidence_form *form)
{
    static const char *const words[] = {"full", "diff", NULL};
    struct mn_yaml *yaml = &reader->yaml;
    int word = 0;
    if (!mn_yaml_word(yaml, kind, "kind", words, &word)) {
        return false;
    }
    form->kind = word == 0 ? EVIDENCE_FULL : EVIDENCE_DIFF;
    if (form->kind == EVIDENCE_FULL && onto != NULL) {
        return mn_yaml_fail(yaml, onto, "onto in a full checkpoint; expected it in a diff only");
    }
    if (form->kind == EVIDENCE_DIFF && onto == NULL) {
        return mn_yaml_fail(yaml, kind, "a diff without onto; expected the epoch it applies onto");
    }
    if (onto != NULL) {
        if (!mn_yaml_integer(yaml, onto, "onto", 1, MN_EPOCH_MAX, &form->onto)) {
            return false;
        }
        if (form->onto >= epoch) {
            return mn_yaml_fail(yaml, onto,
                                "onto %s; expected it below the epoch, which is %" PRId64,
                                mn_yaml_show(onto).text, epoch);
        }
    }
    return evidence_read_copies(reader, copies, form);
}

static bool evidence_read_form_list(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                    struct evidence_checkpoint *checkpoint)
{
    static const struct mn_yaml_key keys[] = {{"kind", true}, {"onto", false}, {"copies", true}};
    const struct mn_yaml_node *values[3];
    if (!mn_yaml_is_list(&reader->yaml, node, "forms")) {
        return false;
    }
    struct evidence_form *forms = evidence_take(reader, node, node->count, sizeof *forms);
    if (forms == NULL) {
        return false;
    }
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!mn_yaml_map(&reader->yaml, item, "a form", keys, 3, values) ||
            !evidence_read_form(reader, values[0], values[1], values[2], checkpoint->epoch,
                                &forms[checkpoint->form_count])) {
            return false;
        }
        checkpoint->form_count++;
    }
    checkpoint->forms = forms;
    return true;
}

bool evidence_read_forms(struct evidence_reader *reader, const struct mn_yaml_node *row,
                         const struct mn_yaml_node *const *values,
                         struct evidence_checkpoint *checkpoint)
{
    static const char *const names[] = {"kind", "onto", "copies"};
    struct mn_yaml *yaml = &reader->yaml;
    if (values[EVIDENCE_AT_FORMS] != NULL) {
        for (int i = 0; i < 3; i++) {
            if (values[EVIDENCE_AT_KIND + i] != NULL) {
                return mn_yaml_fail(yaml, values[EVIDENCE_AT_KIND + i],
                                    "%s beside forms; expected it inside a form", names[i]);
            }
        }
        return evidence_read_form_list(reader, values[EVIDENCE_AT_FORMS], checkpoint);
    }
    if (values[EVIDENCE_AT_KIND] == NULL || values[EVIDENCE_AT_COPIES] == NULL) {
        return mn_yaml_fail(yaml, row,
                            "a checkpoint without %s; expected kind and copies, or forms",
                            values[EVIDENCE_AT_KIND] == NULL ? "kind" : "copies");
    }
    struct evidence_form *form = evidence_take(reader, row, 1, sizeof *form);
    if (form == NULL) {
        return false;
    }
    checkpoint->forms = form;
    checkpoint->form_count = 1;
    return evidence_read_form(reader, values[EVIDENCE_AT_KIND], values[EVIDENCE_AT_ONTO],
                              values[EVIDENCE_AT_COPIES], checkpoint->epoch, form);
}

static bool evidence_read_checkpoint(struct evidence_reader *reader,
                                     const struct mn_yaml_node *node, uint32_t index,
                                     struct evidence_row_key *key, struct evidence_checkpoint *row)
{
    static const struct mn_yaml_key keys[EVIDENCE_AT_COUNT] = {
        {"vat", true},   {"epoch", true}, {"since", false},  {"durable", false}, {"heard", false},
        {"kind", false}, {"onto", false}, {"copies", false}, {"forms", false}};
    const struct mn_yaml_node *values[EVIDENCE_AT_COUNT];
    struct mn_yaml *yaml = &reader->yaml;
    row->durable = true;
    if (!mn_yaml_map(yaml, node, "a checkpoint", keys, EVIDENCE_AT_COUNT, values) ||
        !evidence_read_interval(reader, values, &row->vat, &row->epoch, &row->since) ||
        (values[EVIDENCE_AT_DURABLE] != NULL &&
         !mn_yaml_boolean(yaml, values[EVIDENCE_AT_DURABLE], "durable", &row->durable)) ||
        (values[EVIDENCE_AT_HEARD] != NULL &&
         !evidence_read_heard(reader, values[EVIDENCE_AT_HEARD], &row->heard, &row->heard_count)) ||
        !evidence_read_forms(reader, node, values, row)) {
        return false;
    }
    row->has_since = values[EVIDENCE_AT_SINCE] != NULL;
    *key = (struct evidence_row_key){row->vat, EVIDENCE_NONE, row->epoch};
    return mn_table_add(&reader->checkpoints, key, sizeof *key, index) == NULL ||
           mn_yaml_fail(yaml, values[EVIDENCE_AT_EPOCH],
                        "a second checkpoint %" PRId64 " of %s; expected each epoch once",
                        row->epoch, reader->evidence->vats[row->vat].name);
}

bool evidence_read_checkpoints(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "checkpoints")) {
        return false;
    }
    size_t count = node->count;
    struct evidence_checkpoint *rows = evidence_take(reader, node, count, sizeof *rows);
    struct evidence_row_key *keys = evidence_take_scratch(reader, node, count, sizeof *keys);
    if (rows == NULL || keys == NULL) {
        return false;
    }
    if (mn_table_init(&reader->checkpoints, count) != MN_OK) {
        return mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, node, "out of memory");
    }
    uint32_t i = 0;
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next, i++) {
        if (!evidence_read_checkpoint(reader, item, i, &keys[i], &rows[i])) {
            return false;
        }
    }
    reader->evidence->checkpoints = rows;
    reader->evidence->checkpoint_count = count;
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

/* Per vat its newest live checkpoint, 0 where there is none; NULL after failing. */
static const mn_epoch *evidence_newest_live(struct evidence_reader *reader,
                                            const struct mn_yaml_node *node)
{
    const struct evidence *evidence = reader->evidence;
    size_t count = evidence->vat_count;
    mn_epoch *newest = evidence_take_scratch(reader, node, count, sizeof *newest);
    const mn_epoch **lowest = evidence_take_scratch(reader, node, count, sizeof(const mn_epoch *));
    if (newest == NULL || lowest == NULL) {
        return NULL;
    }
    for (size_t v = 0; v < count; v++) {
        const struct evidence_vat *vat = &evidence->vats[v];
        mn_epoch *row = evidence_take_scratch(reader, node, vat->lineage_count, sizeof *row);
        if (row == NULL) {
            return NULL;
        }
        for (size_t i = vat->lineage_count; i > 0; i--) {
            mn_epoch after = vat->lineage[i - 1].after;
            row[i - 1] = i < vat->lineage_count && row[i] < after ? row[i] : after;
        }
        lowest[v] = row;
    }
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &evidence->checkpoints[i];
        if (row->epoch > newest[row->vat] &&
            evidence_epoch_live(&evidence->vats[row->vat], lowest[row->vat], row->epoch)) {
            newest[row->vat] = row->epoch;
        }
    }
    return newest;
}

static bool evidence_read_open_row(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                   const mn_epoch *newest, bool *has_open,
                                   struct evidence_open *row)
{
    static const struct mn_yaml_key keys[] = {
        {"vat", true}, {"epoch", true}, {"since", false}, {"heard", false}};
    const struct mn_yaml_node *values[4];
    struct mn_yaml *yaml = &reader->yaml;
    if (!mn_yaml_map(yaml, node, "an open interval", keys, 4, values) ||
        !evidence_read_interval(reader, values, &row->vat, &row->epoch, &row->since)) {
        return false;
    }
    row->has_since = values[EVIDENCE_AT_SINCE] != NULL;
    if (has_open[row->vat]) {
        return mn_yaml_fail(yaml, values[EVIDENCE_AT_VAT],
                            "a second open interval of %s; expected at most one a vat",
                            reader->evidence->vats[row->vat].name);
    }
    has_open[row->vat] = true;
    if (row->epoch <= newest[row->vat]) {
        return mn_yaml_fail(yaml, values[EVIDENCE_AT_EPOCH],
                            "open epoch %" PRId64 "; expected it above the vat's newest live "
                            "checkpoint, which is %" PRId64,
                            row->epoch, newest[row->vat]);
    }
    return values[3] == NULL ||
           evidence_read_heard(reader, values[3], &row->heard, &row->heard_count);
}

bool evidence_read_open(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "open")) {
        return false;
    }
    struct evidence_open *rows = evidence_take(reader, node, node->count, sizeof *rows);
    bool *has_open =
        evidence_take_scratch(reader, node, reader->evidence->vat_count, sizeof *has_open);
    const mn_epoch *newest = evidence_newest_live(reader, node);
    if (rows == NULL || has_open == NULL || newest == NULL) {
        return false;
    }
    struct evidence_open *row = rows;
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next, row++) {
        if (!evidence_read_open_row(reader, item, newest, has_open, row)) {
            return false;
        }
    }
    reader->evidence->open = rows;
    reader->evidence->open_count = node->count;
    return true;
}
