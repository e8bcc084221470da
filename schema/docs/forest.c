/* Each one is walked from once; a walk that meets one of an earlier walk ends there. */
#include "docs/forest.h"

#include <stdlib.h>

mn_result mn_forest_check(const uint32_t *parents, size_t count, bool *cycle, size_t *at)
{
    size_t *walks = calloc(count + 1, sizeof *walks);
    if (walks == NULL) {
        return MN_NO_MEMORY;
    }
    *cycle = false;
    for (size_t start = 0; !*cycle && start < count; start++) {
        size_t here = start;
        while (!*cycle && walks[here] == 0) {
            walks[here] = start + 1;
            if (parents[here] == UINT32_MAX) {
                break;
            }
            if (walks[parents[here]] == start + 1) {
                *cycle = true;
                *at = here;
            }
            here = parents[here];
        }
    }
    free(walks);
    return MN_OK;
}
