/* Domains within domains: whether parents lead back to themselves. */
#ifndef MN_DOCS_FOREST_H
#define MN_DOCS_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Whether following @parents from every one of @count comes to an end. UINT32_MAX is no parent;
 * every other parent is below @count. Linear in @count.
 *
 * @cycle     out: *@cycle is true when it does not, and then
 * @at        out: parents[*@at] closes a cycle.
 *
 * Errors:    MN_NO_MEMORY */
mn_result mn_forest_check(const uint32_t *parents, size_t count, bool *cycle,
                          size_t *at) MN_CHECKED;

#endif
