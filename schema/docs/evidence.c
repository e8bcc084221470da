/* The life of an evidence document: one heap object, whose arena holds everything it points to. */
#include "docs/evidence.h"

#include <stdlib.h>

mn_result evidence_new(struct evidence **evidence)
{
    struct evidence *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        return MN_NO_MEMORY;
    }
    mn_arena_init(&fresh->arena, 0);
    *evidence = fresh;
    return MN_OK;
}

void evidence_destroy(struct evidence **evidence)
{
    if (*evidence != NULL) {
        mn_arena_deinit(&(*evidence)->arena);
        free(*evidence);
        *evidence = NULL;
    }
}
