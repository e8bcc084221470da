/* The page. */
#include "scenario/report.h"

void report_write(const struct outcome *outcome, size_t shown, const struct record *record,
                  struct mn_text *text)
{
    (void)outcome;
    (void)shown;
    (void)record;
    mn_text_add(text, "<!doctype html>\n");
}
