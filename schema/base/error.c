/* Detail of a failure, for people. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

void mn_error_set(struct mn_error *error, const char *format, ...)
{
    if (error == NULL || error->text[0] != '\0') {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
}
