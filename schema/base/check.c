/* What a broken assert does: say where, and stop before more is harmed. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void mn_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken assertion: %s\n", file, line, condition);
    abort();
}
