/* Following causes. Each vat's chain is walked until it meets a vat whose root is known, so the
 * time is linear; causes that lead back to themselves, which no right answer has to contain but
 * may, end where they meet. */
#include "cli/cut_story.h"

#include <stdlib.h>
#include <string.h>

#include "cli/words.h"

/* The losses by how much they explain, the widest first; the first of the widest is the root. */
static const char *const LOSS_KINDS[] = {"domain",     "host", "store",   "vat",
                                         "checkpoint", "copy", "unknown", NULL};

static size_t loss_kind(const json_t *loss)
{
    size_t kind = 0;
    while (LOSS_KINDS[kind] != NULL && json_object_get(loss, LOSS_KINDS[kind]) == NULL) {
        kind++;
    }
    bool store = json_object_get(json_object_get(loss, "unknown"), "store") != NULL;
    return kind + (store ? 1 : 0);
}

static const char *word(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "?";
}

void cut_story_add_loss(struct mn_text *text, const json_t *loss)
{
    const json_t *checkpoint = json_object_get(loss, "checkpoint");
    const json_t *copy = json_object_get(loss, "copy");
    const json_t *unknown = json_object_get(loss, "unknown");
    if (checkpoint != NULL) {
        mn_text_add(text, "checkpoint ");
        words_add_epoch(text, json_integer_value(json_object_get(checkpoint, "epoch")));
        mn_text_add_format(text, " of %s", word(checkpoint, "vat"));
    } else if (copy != NULL) {
        mn_text_add(text, "the copy of checkpoint ");
        words_add_epoch(text, json_integer_value(json_object_get(copy, "epoch")));
        mn_text_add_format(text, " of %s at %s", word(copy, "vat"), word(copy, "store"));
    } else if (unknown != NULL) {
        bool vat = json_object_get(unknown, "vat") != NULL;
        mn_text_add_format(text, "unknown %s %s", vat ? "vat" : "store",
                           word(unknown, vat ? "vat" : "store"));
    } else {
        size_t kind = loss_kind(loss);
        const char *name = LOSS_KINDS[kind] != NULL ? LOSS_KINDS[kind] : "?";
        mn_text_add_format(text, "%s %s", name, word(loss, name));
    }
}

static bool is_running(const struct cut_story_vat *vat)
{
    return strcmp(word(vat->row, "outcome"), "running") == 0;
}

static const json_t *orphan_of(const struct cut_story_vat *vat)
{
    return json_object_get(json_object_get(vat->row, "because"), "orphan");
}

/* The vat that took @index back, CUT_STORY_NONE when it was a loss or a peer's former life. */
static uint32_t taken_back_by(const struct cut_story *story, uint32_t index)
{
    const json_t *orphan = orphan_of(&story->vats[index]);
    const json_t *kept = json_object_get(orphan, "kept");
    const char *peer = json_string_value(json_object_get(json_object_get(orphan, "heard"), "vat"));
    if (peer == NULL || !json_is_integer(kept) ||
        json_integer_value(json_object_get(json_object_get(orphan, "heard"), "epoch")) <=
            json_integer_value(kept)) {
        return CUT_STORY_NONE;
    }
    const uint32_t *found = mn_table_find(&story->names, peer, strlen(peer));
    return found != NULL && !is_running(&story->vats[*found]) ? *found : CUT_STORY_NONE;
}

/* Where a chain ends that leads back to itself: at the first vat of the circle by index that was
 * lost, or the first of all. */
static uint32_t circle_root(const struct cut_story *story, uint32_t start)
{
    uint32_t best = start;
    bool best_lost = strcmp(word(story->vats[start].row, "was"), "running") != 0;
    for (uint32_t at = taken_back_by(story, start); at != start; at = taken_back_by(story, at)) {
        bool lost = strcmp(word(story->vats[at].row, "was"), "running") != 0;
        if ((lost && !best_lost) || (lost == best_lost && at < best)) {
            best = at;
            best_lost = lost;
        }
    }
    return best;
}

/* Walk from each vat to one whose root is known, which ends a chain, or which this walk has met. */
static void find_roots(struct cut_story *story)
{
    for (uint32_t start = 0; start < story->vat_count; start++) {
        uint32_t at = start;
        uint32_t next = start;
        while (!is_running(&story->vats[next]) && story->vats[next].root == CUT_STORY_NONE &&
               story->vats[next].walk != start) {
            at = next;
            story->vats[at].walk = start;
            next = taken_back_by(story, at);
            next = next != CUT_STORY_NONE ? next : at;
        }
        uint32_t root = story->vats[next].root;
        if (root == CUT_STORY_NONE) {
            root = next == at ? at : circle_root(story, next);
        }
        for (at = start; at != CUT_STORY_NONE && !is_running(&story->vats[at]) &&
                         story->vats[at].root == CUT_STORY_NONE;
             at = taken_back_by(story, at)) {
            story->vats[at].root = root;
        }
    }
}

static const json_t *widest_loss(const json_t *lost)
{
    const json_t *widest = NULL;
    for (size_t i = 0; i < json_array_size(lost); i++) {
        const json_t *loss = json_array_get(lost, i);
        if (widest == NULL || loss_kind(loss) < loss_kind(widest)) {
            widest = loss;
        }
    }
    return widest;
}

/* What started the chain that ends at @root, in words. */
static void add_root(struct mn_text *text, const struct cut_story_vat *root, const json_t **loss)
{
    const json_t *orphan = orphan_of(root);
    *loss = widest_loss(json_object_get(json_object_get(root->row, "because"), "lost"));
    if (*loss != NULL) {
        cut_story_add_loss(text, *loss);
    } else if (orphan != NULL && strcmp(word(root->row, "was"), "running") != 0) {
        mn_text_add_format(text, "vat %s", root->name);
    } else if (orphan != NULL) {
        mn_text_add_format(text, "what %s forgot earlier",
                           word(json_object_get(orphan, "heard"), "vat"));
    } else {
        mn_text_add_format(text, "a former life or a gap in the reports of %s", root->name);
    }
}

/* The group called @text, a new one if need be; takes the text on success. */
static mn_result find_group(struct cut_story *story, struct mn_table *table, struct mn_text *text,
                            const json_t *loss, uint32_t *group)
{
    if (mn_text_result(text) != MN_OK) {
        return mn_text_result(text);
    }
    const uint32_t *found =
        mn_table_add(table, text->bytes, text->size, (uint32_t)story->group_count);
    if (found != NULL) {
        *group = *found;
        mn_text_deinit(text);
        return MN_OK;
    }
    *group = (uint32_t)story->group_count++;
    story->groups[*group] = (struct cut_story_group){.text = text->bytes, .loss = loss};
    *text = (struct mn_text){0};
    return MN_OK;
}

static mn_result find_groups(struct cut_story *story)
{
    struct mn_table table = {0};
    mn_result result = mn_table_init(&table, story->vat_count);
    for (uint32_t v = 0; result == MN_OK && v < story->vat_count; v++) {
        struct cut_story_vat *vat = &story->vats[v];
        if (vat->root != v || is_running(vat)) {
            continue;
        }
        struct mn_text text = {0};
        const json_t *loss = NULL;
        add_root(&text, vat, &loss);
        result = find_group(story, &table, &text, loss, &vat->group);
        mn_text_deinit(&text);
    }
    mn_table_deinit(&table);
    for (size_t v = 0; result == MN_OK && v < story->vat_count; v++) {
        struct cut_story_vat *vat = &story->vats[v];
        if (!is_running(vat)) {
            vat->group = story->vats[vat->root].group;
            story->groups[vat->group].count++;
        }
    }
    return result;
}

static int compare_vats(const void *a, const void *b)
{
    return strcmp(((const struct cut_story_vat *)a)->name, ((const struct cut_story_vat *)b)->name);
}

/* A group and where it stood before sorting. */
struct ranked {
    struct cut_story_group group;
    uint32_t was;
};

static int compare_groups(const void *a, const void *b)
{
    const struct cut_story_group *left = &((const struct ranked *)a)->group;
    const struct cut_story_group *right = &((const struct ranked *)b)->group;
    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1;
    }
    return strcmp(left->text, right->text);
}

/* Bring the groups into their order, and list the vats of each by name. */
static mn_result rank_groups(struct cut_story *story)
{
    struct ranked *ranked = calloc(story->group_count + 1, sizeof *ranked);
    uint32_t *now = calloc(story->group_count + 1, sizeof *now);
    mn_result result = ranked != NULL && now != NULL ? MN_OK : MN_NO_MEMORY;
    for (uint32_t i = 0; result == MN_OK && i < story->group_count; i++) {
        ranked[i] = (struct ranked){story->groups[i], i};
    }
    if (result == MN_OK) {
        qsort(ranked, story->group_count, sizeof *ranked, compare_groups);
        size_t first = 0;
        for (uint32_t i = 0; i < story->group_count; i++) {
            story->groups[i] = ranked[i].group;
            story->groups[i].first = first;
            first += story->groups[i].count;
            story->groups[i].count = 0;
            now[ranked[i].was] = i;
        }
        for (uint32_t v = 0; v < story->vat_count; v++) {
            struct cut_story_vat *vat = &story->vats[v];
            if (!is_running(vat)) {
                vat->group = now[vat->group];
                struct cut_story_group *group = &story->groups[vat->group];
                story->order[group->first + group->count++] = v;
            }
        }
    }
    free(now);
    free(ranked);
    return result;
}

mn_result cut_story_init(struct cut_story *story, const json_t *answer)
{
    *story = (struct cut_story){0};
    json_t *vats = json_object_get(answer, "vats");
    if (!json_is_object(vats) || json_object_size(vats) >= CUT_STORY_NONE) {
        return MN_BAD_INPUT;
    }
    size_t count = json_object_size(vats);
    story->vats = calloc(count + 1, sizeof *story->vats);
    story->groups = calloc(count + 1, sizeof *story->groups);
    story->order = calloc(count + 1, sizeof *story->order);
    if (story->vats == NULL || story->groups == NULL || story->order == NULL ||
        mn_table_init(&story->names, count) != MN_OK) {
        return MN_NO_MEMORY;
    }
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(vats, name, row)
    {
        story->vats[story->vat_count++] = (struct cut_story_vat){.name = name,
                                                                 .row = row,
                                                                 .group = CUT_STORY_NONE,
                                                                 .root = CUT_STORY_NONE,
                                                                 .walk = CUT_STORY_NONE};
    }
    qsort(story->vats, count, sizeof *story->vats, compare_vats);
    for (uint32_t v = 0; v < count; v++) {
        (void)mn_table_add(&story->names, story->vats[v].name, strlen(story->vats[v].name), v);
    }
    find_roots(story);
    mn_result result = find_groups(story);
    return result == MN_OK ? rank_groups(story) : result;
}

void cut_story_deinit(struct cut_story *story)
{
    for (size_t i = 0; i < story->group_count; i++) {
        free(story->groups[i].text);
    }
    mn_table_deinit(&story->names);
    free(story->order);
    free(story->groups);
    free(story->vats);
    *story = (struct cut_story){0};
}
