/* What a decision's causes tell when they are followed back: the vats that are not running, grouped
 * by the loss, or the former life, that started it. */
#ifndef COORDINATOR_CLI_CUT_STORY_H
#define COORDINATOR_CLI_CUT_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/result.h"
#include "docs/table.h"
#include "docs/text.h"

#define CUT_STORY_NONE UINT32_MAX

struct cut_story_vat {
    const char *name;
    const json_t *row; /* of the answer */
    uint32_t group;    /* CUT_STORY_NONE for a vat that is running */
    uint32_t root;     /* the vat at the end of its chain of causes */
    uint32_t walk;     /* while roots are being found: the walk that met it */
};

struct cut_story_group {
    char *text;         /* what started it, in words; heap */
    const json_t *loss; /* the named loss that it is, NULL for a former life */
    size_t count;       /* vats that are not running because of it */
    size_t first;       /* in order: those vats, by name */
};

struct cut_story {
    size_t vat_count;
    struct cut_story_vat *vats; /* by name */
    size_t group_count;
    struct cut_story_group *groups; /* the largest first, equal ones by text */
    uint32_t *order;                /* vats that are not running, group by group */
    struct mn_table names;          /* a vat's name -> its index */
};

/* Make the story of @answer, which is borrowed and has to outlive it. To be given back with
 * cut_story_deinit, after failure too.
 * Errors:    MN_BAD_INPUT when @answer is no answer; MN_NO_MEMORY */
mn_result cut_story_init(struct cut_story *story, const json_t *answer) MN_CHECKED;
void cut_story_deinit(struct cut_story *story);

/* Append one item of a "lost" list in words: "host h1", "checkpoint 3 of a". */
void cut_story_add_loss(struct mn_text *text, const json_t *loss);

#endif
