/* The report of a run: one page that opens from a file, with nothing outside of it. */
#ifndef SCENARIO_REPORT_H
#define SCENARIO_REPORT_H

#include "scenario/outcome.h"

/* Append the page. @record is the run shown in full, of the facts outcome->facts[shown]. */
void report_write(const struct outcome *outcome, size_t shown, const struct record *record,
                  struct mn_text *text);

#endif
