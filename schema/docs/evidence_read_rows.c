/* Reading the rows of evidence: checkpoints with their forms, and open intervals. */
#include "docs/evidence_reader.h"

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
    return mn_names_find(&reader->vats, yaml, values[EVIDENCE_AT_VAT], vat) &&
           mn_yaml_integer(yaml, values[EVIDENCE_AT_EPOCH], "epoch", 1, MN_EPOCH_MAX, epoch) &&
           (at == NULL || mn_yaml_integer(yaml, at, "since", 0, MN_EPOCH_MAX, since));
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
    for (const struct mn_yaml_node *name = values[1]->first; name != NULL; name = name->next) {
        if (!mn_names_find(&reader->stores, yaml, name, &at[form->at_count])) {
            return false;
        }
        form->at_count++;
    }
    form->at = at;
    int64_t need = 1;
    if (values[0] != NULL && !mn_yaml_integer(yaml, values[0], "need", 1, UINT32_MAX, &need)) {
        return false;
    }
    form->need = (uint32_t)need;
    return true;
}

static bool evidence_read_form(struct evidence_reader *reader, const struct mn_yaml_node *kind,
                               const struct mn_yaml_node *onto, const struct mn_yaml_node *copies,
                               struct evidence_form *form)
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
    if (onto != NULL && !mn_yaml_integer(yaml, onto, "onto", 1, MN_EPOCH_MAX, &form->onto)) {
        return false;
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
            !evidence_read_form(reader, values[0], values[1], values[2],
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
                              values[EVIDENCE_AT_COPIES], form);
}

static bool evidence_read_checkpoint(struct evidence_reader *reader,
                                     const struct mn_yaml_node *node,
                                     struct evidence_checkpoint *row)
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
    return true;
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
    if (rows == NULL) {
        return false;
    }
    struct evidence_checkpoint *row = rows;
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next, row++) {
        if (!evidence_read_checkpoint(reader, item, row)) {
            return false;
        }
    }
    reader->evidence->checkpoints = rows;
    reader->evidence->checkpoint_count = count;
    return true;
}

static bool evidence_read_open_row(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                   struct evidence_open *row)
{
    static const struct mn_yaml_key keys[] = {
        {"vat", true}, {"epoch", true}, {"since", false}, {"heard", false}};
    const struct mn_yaml_node *values[4];
    if (!mn_yaml_map(&reader->yaml, node, "an open interval", keys, 4, values) ||
        !evidence_read_interval(reader, values, &row->vat, &row->epoch, &row->since)) {
        return false;
    }
    row->has_since = values[EVIDENCE_AT_SINCE] != NULL;
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
    if (rows == NULL) {
        return false;
    }
    struct evidence_open *row = rows;
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next, row++) {
        if (!evidence_read_open_row(reader, item, row)) {
            return false;
        }
    }
    reader->evidence->open = rows;
    reader->evidence->open_count = node->count;
    return true;
}
