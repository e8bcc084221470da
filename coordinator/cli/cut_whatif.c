/* What it would take to keep more. Each question is the document with one list changed, decided by
 * the same function; so nothing is said here that a decision would not do. */
#include "cli/cut_whatif.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cut_json.h"

static json_int_t running_count(const json_t *answer)
{
    const json_t *summary = json_object_get(answer, "summary");
    return json_integer_value(json_object_get(summary, "running"));
}

/* How many vats would run under @changed. */
static mn_result decide_again(const struct evidence *changed, json_int_t *running)
{
    struct mn_text json = {0};
    mn_result result = cut_json_write(changed, false, &json);
    if (result == MN_OK) {
        json_t *answer = json_loadb(json.bytes, json.size, 0, NULL);
        result = answer != NULL ? MN_OK : MN_NO_MEMORY;
        *running = running_count(answer);
        json_decref(answer);
    }
    mn_text_deinit(&json);
    return result;
}

/* The list in which @evidence names @loss, and its index there; NULL when it is a single row. */
static struct evidence_names *find_loss(struct evidence *evidence, const json_t *loss,
                                        uint32_t *index)
{
    const json_t *unknown = json_object_get(loss, "unknown");
    const json_t *named = unknown != NULL ? unknown : loss;
    const char *domain = json_string_value(json_object_get(named, "domain"));
    const char *host = json_string_value(json_object_get(named, "host"));
    const char *store = json_string_value(json_object_get(named, "store"));
    const char *vat = json_string_value(json_object_get(named, "vat"));
    for (*index = 0; domain != NULL && *index < evidence->domain_count; *index += 1) {
        if (strcmp(evidence->domains[*index].name, domain) == 0) {
            return &evidence->lost.domains;
        }
    }
    for (*index = 0; host != NULL && *index < evidence->host_count; *index += 1) {
        if (strcmp(evidence->hosts[*index].name, host) == 0) {
            return &evidence->lost.hosts;
        }
    }
    for (*index = 0; store != NULL && *index < evidence->store_count; *index += 1) {
        if (strcmp(evidence->stores[*index].name, store) == 0) {
            return unknown != NULL ? &evidence->unknown.stores : &evidence->lost.stores;
        }
    }
    for (*index = 0; vat != NULL && *index < evidence->vat_count; *index += 1) {
        if (strcmp(evidence->vats[*index].name, vat) == 0) {
            return unknown != NULL ? &evidence->unknown.vats : &evidence->lost.vats;
        }
    }
    return NULL;
}

/* How many vats would run had there not been @loss; -1 where that is no question. */
static mn_result count_without(const struct evidence *evidence, const json_t *loss,
                               json_int_t *running)
{
    struct evidence changed = *evidence;
    uint32_t index = 0;
    struct evidence_names *names = loss != NULL ? find_loss(&changed, loss, &index) : NULL;
    *running = -1;
    if (names == NULL) {
        return MN_OK;
    }
    uint32_t *room = calloc(names->count + 1, sizeof *room);
    if (room == NULL) {
        return MN_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (names->index[i] != index) {
            room[count++] = names->index[i];
        }
    }
    *names = (struct evidence_names){.count = count, .index = room};
    mn_result result = decide_again(&changed, running);
    free(room);
    return result;
}

/* How many vats would run if the peers of the vats that started group @group were told; -1 where
 * nobody was taken back by them. @roots: out, how many those are. */
static mn_result count_told(const struct evidence *evidence, const struct cut_story *story,
                            uint32_t group, size_t *roots, json_int_t *running)
{
    struct evidence changed = *evidence;
    const struct evidence_names *tell = &evidence->policy.tell;
    uint32_t *room = calloc(tell->count + evidence->vat_count + 1, sizeof *room);
    if (room == NULL) {
        return MN_NO_MEMORY;
    }
    size_t count = tell->count;
    if (count > 0) {
        memcpy(room, tell->index, count * sizeof *room);
    }
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        const char *name = evidence->vats[v].name;
        const uint32_t *found = mn_table_find(&story->names, name, strlen(name));
        if (found != NULL && story->vats[*found].group == group &&
            story->vats[*found].root == *found) {
            room[count++] = v;
        }
    }
    *roots = count - tell->count;
    *running = -1;
    mn_result result = MN_OK;
    if (*roots < story->groups[group].count) {
        changed.policy.tell = (struct evidence_names){.count = count, .index = room};
        result = decide_again(&changed, running);
    }
    free(room);
    return result;
}

static void add_more(struct mn_text *text, json_int_t more)
{
    mn_text_add_format(text, ", %" JSON_INTEGER_FORMAT " more %s go on running\n", more,
                       more == 1 ? "vat would" : "vats would");
}

/* What would change if one cause were gone, or its peers told. */
static mn_result write_group(struct mn_text *text, const struct evidence *evidence,
                             const struct cut_story *story, uint32_t g, json_int_t now)
{
    const struct cut_story_group *group = &story->groups[g];
    json_int_t without = -1;
    json_int_t told = -1;
    size_t roots = 0;
    mn_result result = count_without(evidence, group->loss, &without);
    if (result == MN_OK) {
        result = count_told(evidence, story, g, &roots, &told);
    }
    if (result == MN_OK && without > now) {
        mn_text_add_format(text, "  Were it not for %s", group->text);
        add_more(text, without - now);
    }
    if (result == MN_OK && told > now) {
        mn_text_add_format(text, "  With the %zu %s that %s took back named in policy.tell", roots,
                           roots == 1 ? "vat" : "vats", group->text);
        add_more(text, told - now);
    }
    return result;
}

mn_result cut_whatif_write(struct mn_text *text, const struct evidence *evidence,
                           const json_t *answer, const struct cut_story *story)
{
    struct mn_text lines = {0};
    mn_result result = MN_OK;
    for (uint32_t g = 0; result == MN_OK && g < story->group_count && g < CUT_WHATIF_COUNT_MAX;
         g++) {
        result = write_group(&lines, evidence, story, g, running_count(answer));
    }
    if (result == MN_OK) {
        result = mn_text_result(&lines);
    }
    if (result == MN_OK && lines.size > 0) {
        mn_text_add(text, "\nTo keep more:\n");
        mn_text_add_bytes(text, lines.bytes, lines.size);
    }
    mn_text_deinit(&lines);
    return result == MN_OK ? mn_text_result(text) : result;
}
