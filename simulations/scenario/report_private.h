/* What the parts of the page share. */
#ifndef SCENARIO_REPORT_PRIVATE_H
#define SCENARIO_REPORT_PRIVATE_H

#include "scenario/report.h"

enum {
    REPORT_WINDOW_COUNT_MAX = 64,
    REPORT_ROW_COUNT_MAX = 60,   /* vats that are drawn */
    REPORT_LINE_COUNT_MAX = 240, /* messages that are drawn */
    REPORT_TABLE_COUNT_MAX = 40, /* rows of a table */
    REPORT_WIDTH = 1120,         /* of the diagram's time, in pixels */
    REPORT_FOLD_WIDTH = 26       /* of time that is folded away */
};

/* Time as it is drawn: windows in which something happens, one after the other, and folds between
 * them. */
struct report_window {
    mn_time from;
    mn_time to;
    double left; /* pixels */
    double right;
};

struct report_axis {
    struct report_window windows[REPORT_WINDOW_COUNT_MAX];
    size_t count;
    bool cut_short; /* what happened later is not drawn */
};

struct report {
    const struct outcome *outcome;
    const struct scenario *scenario;
    const struct facts *facts;
    const struct record *record;
    struct sim_tree *tree;
    struct mn_text *text;
    struct report_axis axis;
};

/* report_axis.c */
void report_axis_make(struct report *report);
/* The place of a time; outside of all windows that of the nearest fold. */
double report_x(const struct report_axis *axis, mn_time time);
/* Whether it is within a window, or between the two. */
bool report_shown(const struct report_axis *axis, mn_time time);
bool report_crosses(const struct report_axis *axis, mn_time from, mn_time to);

/* report_diagram.c, report_messages.c */
void report_diagram(struct report *report);

struct report_row {
    uint32_t vat;
    uint32_t host;
    double y; /* its middle */
};
void report_messages(struct report *report, const struct report_row *rows, size_t row_count);

/* report_tables.c */
/* Those that lost most first; to be given back with free. */
const struct record_loss **report_sorted_losses(const struct record *record);
void report_rounds(struct report *report);
void report_losses(struct report *report);
void report_racks(struct report *report);
void report_events(struct report *report);
void report_many(struct report *report);
void report_parameters(struct report *report);

/* report_words.c: text with what HTML would read as its own escaped, and other small words. */
void report_add(struct mn_text *text, const char *string);
/* 1.57: run and count. */
void report_add_epoch(struct mn_text *text, mn_epoch epoch);
/* A duration; a dash for FACT_NONE. */
void report_add_ms(struct mn_text *text, int64_t ms);
void report_add_at(struct mn_text *text, mn_time time);

#endif
