/* Wording. Nothing here knows what the facts are about. */
#include "cli/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ids.h"

void words_add_number(struct mn_text *text, int64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number);
    int begin = digits[0] == '-' ? 1 : 0;
    for (int i = 0; i < size; i++) {
        if (i > begin && (size - i) % 3 == 0) {
            mn_text_add(text, ",");
        }
        mn_text_add_bytes(text, digits + i, 1);
    }
}

void words_add_epoch(struct mn_text *text, int64_t epoch)
{
    if (epoch < INT64_C(1) << 32) {
        mn_text_add_i64(text, epoch);
    } else {
        mn_text_add_format(text, "%" PRIu32 ".%" PRIu32, mn_epoch_run(epoch),
                           (uint32_t)(epoch & UINT32_MAX));
    }
}

void words_add_time(struct mn_text *text, int64_t time)
{
    char date[64];
    char zone[16];
    struct tm parts = {0};
    time_t seconds = (time_t)(time / MN_SECOND);
    if (localtime_r(&seconds, &parts) == NULL ||
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0 ||
        strftime(zone, sizeof zone, "%z", &parts) != 5) {
        mn_text_add(text, "?");
        return;
    }
    mn_text_add_format(text, "%s.%03d%.3s:%s", date, (int)(time % MN_SECOND / MN_MS), zone,
                       zone + 3);
}

void words_add_lost(struct mn_text *text, int64_t ms, int64_t unknown, int64_t count)
{
    if (unknown < count || count == 0) {
        mn_text_add_duration(text, ms);
    }
    if (unknown > 0) {
        mn_text_add(text, unknown < count ? ", and of " : "not known of ");
        words_add_count(text, unknown, "vat", "vats");
        mn_text_add(text, unknown < count ? " it is not known" : "");
    }
}

void words_add_bytes(struct mn_text *text, int64_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    int64_t whole = size;
    int64_t rest = 0;
    while (whole >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    if (unit == 0 || whole >= 10) {
        mn_text_add_format(text, "%" PRId64 " %s", whole, units[unit]);
    } else {
        mn_text_add_format(text, "%" PRId64 ".%" PRId64 " %s", whole, rest * 10 / 1024,
                           units[unit]);
    }
}

void words_add_count(struct mn_text *text, int64_t count, const char *one, const char *many)
{
    words_add_number(text, count);
    mn_text_add_format(text, " %s", count == 1 ? one : many);
}

void words_add_wrapped(struct mn_text *text, size_t indent, const char *string)
{
    size_t used = indent;
    mn_text_add_format(text, "%*s", (int)indent, "");
    for (const char *word = string; *word != '\0' && *word != '\n';) {
        size_t size = strcspn(word, " \n");
        if (word > string && used + 1 + size > WORDS_LINE_SIZE) {
            used = indent + 2;
            mn_text_add_format(text, "\n%*s", (int)used, "");
        } else if (word > string) {
            mn_text_add(text, " ");
            used += 1;
        }
        mn_text_add_bytes(text, word, size);
        used += size;
        word += size + strspn(word + size, " ");
    }
    mn_text_add(text, "\n");
}

void words_add_lines(struct mn_text *text, struct mn_text *take_lines)
{
    mn_result result = mn_text_result(take_lines);
    const char *line = result == MN_OK && take_lines->size > 0 ? take_lines->bytes : "";
    while (*line != '\0') {
        size_t size = strcspn(line, "\n");
        if (size > WORDS_LINE_SIZE) {
            size_t indent = strspn(line, " ");
            words_add_wrapped(text, indent, line + indent);
        } else {
            mn_text_add_bytes(text, line, size);
            mn_text_add(text, "\n");
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    text->result = text->result == MN_OK ? result : text->result;
    mn_text_deinit(take_lines);
}

void words_row(struct words_table *table, const char *colour)
{
    table->row_count += 1;
    words_cell_text(table, colour);
}

void words_cell(struct words_table *table)
{
    mn_text_add_bytes(&table->cells, "", 1);
}

void words_cell_text(struct words_table *table, const char *string)
{
    mn_text_add(&table->cells, string);
    words_cell(table);
}

static void table_add_cell(const struct words_table *table, struct mn_text *text, size_t column,
                           const char *cell, size_t width)
{
    bool last = column + 1 == table->column_count;
    int pad = (int)(width - strlen(cell));
    if (table->columns[column].right) {
        mn_text_add_format(text, "%*s%s", pad, "", cell);
    } else {
        mn_text_add_format(text, "%s%*s", cell, last ? 0 : pad, "");
    }
    mn_text_add(text, last ? "" : "  ");
}

void words_table_write(const struct words_table *table, struct mn_text *text)
{
    size_t widths[WORDS_COLUMN_COUNT_MAX];
    if (mn_text_result(&table->cells) != MN_OK) {
        text->result = text->result == MN_OK ? mn_text_result(&table->cells) : text->result;
        return;
    }
    if (table->row_count == 0) {
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = strlen(table->columns[i].heading);
    }
    const char *cell = table->cells.bytes;
    for (size_t row = 0; row < table->row_count; row++) {
        cell += strlen(cell) + 1; /* the colour */
        for (size_t i = 0; i < table->column_count; i++) {
            size_t size = strlen(cell);
            widths[i] = size > widths[i] ? size : widths[i];
            cell += size + 1;
        }
    }
    mn_text_add(text, "  ");
    for (size_t i = 0; i < table->column_count; i++) {
        table_add_cell(table, text, i, table->columns[i].heading, widths[i]);
    }
    mn_text_add(text, "\n");
    cell = table->cells.bytes;
    for (size_t row = 0; row < table->row_count; row++) {
        bool coloured = table->colour && cell[0] != '\0';
        mn_text_add(text, "  ");
        mn_text_add(text, coloured ? cell : "");
        cell += strlen(cell) + 1;
        for (size_t i = 0; i < table->column_count; i++) {
            table_add_cell(table, text, i, cell, widths[i]);
            cell += strlen(cell) + 1;
        }
        mn_text_add(text, coloured ? WORDS_PLAIN "\n" : "\n");
    }
}

void words_table_deinit(struct words_table *table)
{
    mn_text_deinit(&table->cells);
}
