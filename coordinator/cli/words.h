/* How facts are worded for people: numbers, epochs, times, and tables that line up. */
#ifndef COORDINATOR_CLI_WORDS_H
#define COORDINATOR_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docs/text.h"

#define WORDS_BOLD "\033[1m"
#define WORDS_RED "\033[31m"
#define WORDS_YELLOW "\033[33m"
#define WORDS_PLAIN "\033[0m"

enum {
    WORDS_COLUMN_COUNT_MAX = 8,

    /* So long are lines of prose. */
    WORDS_LINE_SIZE = 79,

    /* Rows of a table and names of a list that are shown; of the rest only the number. */
    WORDS_ROW_COUNT_MAX = 20
};

/* 1,234,567 */
void words_add_number(struct mn_text *text, int64_t number);

/* An epoch as RUN.COUNT; below 2^32, where documents number their epochs plainly, as it is. */
void words_add_epoch(struct mn_text *text, int64_t epoch);

/* A time (nanoseconds since 1970) in local ISO form with milliseconds. */
void words_add_time(struct mn_text *text, int64_t time);

/* How much of their work @count vats lose, added up: "4.5 s, and of 2 vats it is not known". */
void words_add_lost(struct mn_text *text, int64_t ms, int64_t unknown, int64_t count);

/* @string, up to its end or that of its line, in lines of a terminal's width, broken between words:
 * the first is indented by @indent, the others by two more. */
void words_add_wrapped(struct mn_text *text, size_t indent, const char *string);

/* The lines of @take_lines, which is given back; those that are longer than a terminal is wide are
 * broken so. */
void words_add_lines(struct mn_text *text, struct mn_text *take_lines);

/* 12 KiB, 3.4 MiB. */
void words_add_bytes(struct mn_text *text, int64_t size);

/* "1 host", "1,200 hosts". */
void words_add_count(struct mn_text *text, int64_t count, const char *one, const char *many);

/* A table, filled cell by cell, row by row. Zero-initialise but for the columns; to be given back
 * with words_table_deinit. */
struct words_column {
    const char *heading;
    bool right; /* numbers stand at the right */
};

struct words_table {
    const struct words_column *columns;
    size_t column_count;
    bool colour;
    struct mn_text cells; /* each ended by a NUL; of a row first its colour */
    size_t row_count;
};

/* Begin a row in @colour, WORDS_RED say; "" for none. */
void words_row(struct words_table *table, const char *colour);

/* End the cell whose text was appended to table->cells. */
void words_cell(struct words_table *table);

/* A cell with this text. */
void words_cell_text(struct words_table *table, const char *string);

/* Append the table to @text, indented; nothing when it has no rows. Every row has all its cells. */
void words_table_write(const struct words_table *table, struct mn_text *text);
void words_table_deinit(struct words_table *table);

#endif
