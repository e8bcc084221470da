/* An answer as text for people: the whole first, then what led to it, the largest cause first. Long
 * lists end in how many more there are, so that thousands of vats stay readable. */
#include "cli/cut_text.h"

#include <inttypes.h>
#include <string.h>

#include "cli/words.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct cut_writer {
    struct mn_text *text;
    const struct cut_story *story;
    bool colour;
};

static void add_colour(const struct cut_writer *w, const char *code)
{
    if (w->colour) {
        mn_text_add(w->text, code);
    }
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *word(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "?";
}

static void add_count(const struct cut_writer *w, json_int_t count, const char *one,
                      const char *many)
{
    mn_text_add_format(w->text, "%" JSON_INTEGER_FORMAT " %s", count, count == 1 ? one : many);
}

static void add_summary(const struct cut_writer *w, const char *name, const json_t *summary)
{
    add_colour(w, BOLD);
    mn_text_add_format(w->text, "%s: ", name);
    add_count(w, (json_int_t)w->story->vat_count, "vat", "vats");
    add_colour(w, PLAIN);
    mn_text_add_format(w->text,
                       "\n  %" JSON_INTEGER_FORMAT " running, %" JSON_INTEGER_FORMAT
                       " revived (nobody can tell), %" JSON_INTEGER_FORMAT
                       " rolled back, %" JSON_INTEGER_FORMAT " reset\n  ",
                       number(summary, "running"), number(summary, "revived"),
                       number(summary, "rolled_back"), number(summary, "reset"));
    add_count(w, number(summary, "epochs_lost"), "checkpointed epoch is",
              "checkpointed epochs are");
    mn_text_add(w->text, " lost; ");
    add_count(w, number(summary, "kept_orphans"), "vat keeps", "vats keep");
    mn_text_add(w->text, " what a peer forgot; ");
    add_count(w, number(summary, "spared"), "is", "are");
    mn_text_add(w->text, " spared\n");
}

/* "rolled back to 5, forgets 6 to 7". */
static void add_outcome(const struct cut_writer *w, const struct cut_story_vat *vat)
{
    const json_t *forgot = json_object_get(vat->row, "forgot");
    const char *outcome = word(vat->row, "outcome");
    bool reset = strcmp(outcome, "reset") == 0;
    bool revived = strcmp(outcome, "revived") == 0;
    add_colour(w, reset ? RED : revived ? "" : YELLOW);
    mn_text_add(w->text, reset ? "reset" : revived ? "revived at " : "rolled back to ");
    if (!reset) {
        words_add_epoch(w->text, number(vat->row, "keep"));
    }
    add_colour(w, reset || !revived ? PLAIN : "");
    if (json_is_object(forgot)) {
        mn_text_add(w->text, ", forgets everything after ");
        words_add_epoch(w->text, number(forgot, "after"));
        if (json_is_integer(json_object_get(forgot, "through"))) {
            mn_text_add(w->text, " up to ");
            words_add_epoch(w->text, number(forgot, "through"));
        }
        if (json_is_true(json_object_get(forgot, "told"))) {
            mn_text_add(w->text, " (its peers are told instead of taken back)");
        }
    }
}

static void add_losses(const struct cut_writer *w, const struct cut_story_vat *vat)
{
    const json_t *lost = json_object_get(json_object_get(vat->row, "because"), "lost");
    size_t count = json_array_size(lost);
    if (count == 0) {
        mn_text_add(w->text, "its running state is a former life, or reports of it are missing");
    }
    for (size_t i = 0; i < count && i < CUT_TEXT_CHAIN_COUNT_MAX; i++) {
        mn_text_add(w->text, i == 0 ? "lost: " : ", ");
        cut_story_add_loss(w->text, json_array_get(lost, i));
    }
    if (count > CUT_TEXT_CHAIN_COUNT_MAX) {
        mn_text_add_format(w->text, " and %zu more", count - CUT_TEXT_CHAIN_COUNT_MAX);
    }
}

/* "in epoch 5 it heard epoch 9 of b, which keeps 8". */
static void add_orphan(const struct cut_writer *w, const json_t *orphan)
{
    const json_t *heard = json_object_get(orphan, "heard");
    const json_t *kept = json_object_get(orphan, "kept");
    if (json_is_integer(json_object_get(orphan, "epoch"))) {
        mn_text_add(w->text, "in epoch ");
        words_add_epoch(w->text, number(orphan, "epoch"));
    } else {
        mn_text_add(w->text, "since its last checkpoint");
    }
    mn_text_add(w->text, " it heard epoch ");
    words_add_epoch(w->text, number(heard, "epoch"));
    mn_text_add_format(w->text, " of %s, which ", word(heard, "vat"));
    if (!json_is_integer(kept) || number(heard, "epoch") <= json_integer_value(kept)) {
        mn_text_add(w->text, "forgot that earlier");
    } else {
        mn_text_add(w->text, "keeps ");
        words_add_epoch(w->text, json_integer_value(kept));
    }
}

/* The chain of causes from @vat to its root, one a line. */
static void add_chain(const struct cut_writer *w, const struct cut_story_vat *vat)
{
    for (size_t link = 0; link < CUT_TEXT_CHAIN_COUNT_MAX; link++) {
        const json_t *orphan = json_object_get(json_object_get(vat->row, "because"), "orphan");
        mn_text_add(w->text, link == 0 ? "      " : "      and ");
        if (link > 0) {
            mn_text_add_format(w->text, "%s: ", vat->name);
        }
        if (orphan == NULL) {
            add_losses(w, vat);
            mn_text_add(w->text, "\n");
            return;
        }
        add_orphan(w, orphan);
        mn_text_add(w->text, "\n");
        const char *peer = word(json_object_get(orphan, "heard"), "vat");
        const uint32_t *next = mn_table_find(&w->story->names, peer, strlen(peer));
        if (next == NULL || vat == &w->story->vats[vat->root] ||
            w->story->vats[*next].group == CUT_STORY_NONE) {
            return;
        }
        vat = &w->story->vats[*next];
    }
    mn_text_add_format(w->text, "      and so on, back to %s\n", w->story->vats[vat->root].name);
}

void cut_text_add_causes(struct mn_text *text, const struct cut_story *story,
                         const struct cut_story_vat *vat, bool colour)
{
    struct cut_writer w = {.text = text, .story = story, .colour = colour};
    add_chain(&w, vat);
}

static void add_group(const struct cut_writer *w, const struct cut_story_group *group)
{
    mn_text_add(w->text, "\n");
    add_colour(w, BOLD);
    mn_text_add_format(w->text, "Because of %s: ", group->text);
    add_count(w, (json_int_t)group->count, "vat", "vats");
    add_colour(w, PLAIN);
    mn_text_add(w->text, "\n");
    for (size_t i = 0; i < group->count && i < CUT_TEXT_VAT_COUNT_MAX; i++) {
        const struct cut_story_vat *vat = &w->story->vats[w->story->order[group->first + i]];
        mn_text_add_format(w->text, "  %s: ", vat->name);
        add_outcome(w, vat);
        mn_text_add(w->text,
                    json_is_false(json_object_get(vat->row, "sure")) ? " (not sure)\n" : "\n");
        add_chain(w, vat);
    }
    if (group->count > CUT_TEXT_VAT_COUNT_MAX) {
        mn_text_add_format(w->text, "  and %zu more; --json shows them all\n",
                           group->count - CUT_TEXT_VAT_COUNT_MAX);
    }
}

/* The names of the vats whose @key is @value, under a heading; nothing when there are none. */
static void add_names(const struct cut_writer *w, const char *heading, const char *key, bool value)
{
    size_t count = 0;
    for (size_t v = 0; v < w->story->vat_count; v++) {
        const struct cut_story_vat *vat = &w->story->vats[v];
        const json_t *flag = json_object_get(vat->row, key);
        if (!json_is_boolean(flag) || json_is_true(flag) != value) {
            continue;
        }
        if (count < CUT_TEXT_VAT_COUNT_MAX) {
            mn_text_add_format(w->text, "%s%s", count == 0 ? heading : ", ", vat->name);
        }
        count++;
    }
    if (count > CUT_TEXT_VAT_COUNT_MAX) {
        mn_text_add_format(w->text, " and %zu more", count - CUT_TEXT_VAT_COUNT_MAX);
    }
    mn_text_add(w->text, count > 0 ? "\n" : "");
}

mn_result cut_text_write(struct mn_text *text, const char *name, const json_t *answer,
                         const struct cut_story *story, bool colour)
{
    struct cut_writer w = {.text = text, .story = story, .colour = colour};
    add_summary(&w, name, json_object_get(answer, "summary"));
    size_t rest = 0;
    for (size_t i = 0; i < story->group_count; i++) {
        if (i < CUT_TEXT_GROUP_COUNT_MAX) {
            add_group(&w, &story->groups[i]);
        } else {
            rest += story->groups[i].count;
        }
    }
    if (rest > 0) {
        mn_text_add_format(text, "\nBecause of %zu other causes: %zu vats\n",
                           story->group_count - CUT_TEXT_GROUP_COUNT_MAX, rest);
    }
    add_names(&w, "\nSpared, told what they keep that a peer forgot: ", "spared", true);
    add_names(&w, "\nNot sure, as long as not everyone has answered: ", "sure", false);
    return mn_text_result(text);
}
