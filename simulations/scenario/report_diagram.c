/* The space-time diagram: a line for each vat, grouped by host and rack, its epochs as segments,
 * what died greyed, and every round's cut drawn through it. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "scenario/report_private.h"

enum {
    LABEL_WIDTH = 146,
    BAR_HEIGHT = 12,
    SMALL_CLUSTER = 36, /* of so many vats all are drawn */
    FAULT_LEVELS = 4,
    ROUNDS_DRAWN_MAX = 12
};

struct diagram {
    struct report *report;
    struct report_row rows[REPORT_ROW_COUNT_MAX];
    size_t row_count;
    size_t touched; /* vats that were restored or told */
    double top;     /* above it stands what went wrong, in so many levels */
    size_t levels;
    double height;
};

/* ---- who is drawn ---------------------------------------------------------------------------- */

/* Those that lost most come first, then those that were told, then, in a small cluster, all. */
static void add_row(struct diagram *diagram, bool *drawn, uint32_t vat)
{
    if (!drawn[vat] && diagram->row_count < REPORT_ROW_COUNT_MAX) {
        drawn[vat] = true;
        diagram->rows[diagram->row_count++] =
            (struct report_row){.vat = vat, .host = diagram->report->tree->vats[vat].host};
    }
}

static int compare_rows(const void *a, const void *b)
{
    const struct report_row *left = a;
    const struct report_row *right = b;
    if (left->host != right->host) {
        return left->host < right->host ? -1 : 1;
    }
    return (left->vat > right->vat) - (left->vat < right->vat);
}

static size_t count_touched(const struct record *record)
{
    bool *touched = calloc((size_t)record->vat_count + 1, sizeof *touched);
    size_t count = 0;
    mn_assert(touched != NULL);
    for (size_t i = 0; i < record->loss_count; i++) {
        touched[record->losses[i].vat] = true;
    }
    for (size_t i = 0; i < record->notice_count; i++) {
        touched[record->notices[i].vat] = true;
    }
    for (uint32_t i = 0; i < record->vat_count; i++) {
        count += touched[i] ? 1 : 0;
    }
    free(touched);
    return count;
}

static void choose_rows(struct diagram *diagram)
{
    const struct record *record = diagram->report->record;
    const struct record_loss **losses = report_sorted_losses(record);
    bool *drawn = calloc((size_t)record->vat_count + 1, sizeof *drawn);
    mn_assert(drawn != NULL);
    diagram->touched = count_touched(record);
    for (size_t i = 0; i < record->loss_count; i++) {
        add_row(diagram, drawn, losses[i]->vat);
    }
    for (size_t i = 0; i < record->notice_count; i++) {
        add_row(diagram, drawn, record->notices[i].vat);
    }
    for (uint32_t i = 0; record->vat_count <= SMALL_CLUSTER && i < record->vat_count; i++) {
        add_row(diagram, drawn, i);
    }
    free(drawn);
    free((void *)losses);
    qsort(diagram->rows, diagram->row_count, sizeof *diagram->rows, compare_rows);
}

/* Rows close together, with room between hosts and more between racks. */
static void place_rows(struct diagram *diagram)
{
    const struct sim_tree *tree = diagram->report->tree;
    double pitch = diagram->row_count > 30 ? 17 : 24;
    size_t flags = (size_t)diagram->report->facts->values[FACT_faults];
    diagram->levels = flags < FAULT_LEVELS ? flags + 1 : FAULT_LEVELS;
    diagram->top = 14.0 + 18.0 * (double)diagram->levels;
    double y = diagram->top + 10;
    for (size_t i = 0; i < diagram->row_count; i++) {
        struct report_row *row = &diagram->rows[i];
        if (i > 0 && row->host != row[-1].host) {
            y += tree->host_racks[row->host] != tree->host_racks[row[-1].host] ? 14 : 5;
        }
        row->y = y + pitch / 2;
        y += pitch;
    }
    diagram->height = y + 30;
}

/* ---- ground ---------------------------------------------------------------------------------- */

static void add_ground(struct diagram *diagram)
{
    const struct report_axis *axis = &diagram->report->axis;
    for (size_t i = 0; i < axis->count; i++) {
        const struct report_window *window = &axis->windows[i];
        mn_text_add_format(diagram->report->text,
                           "<rect class=\"window\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
                           "height=\"%.1f\"/>\n",
                           window->left, diagram->top, window->right - window->left,
                           diagram->height - diagram->top - 22);
    }
}

/* Over the epochs, so that nobody reads a fold as time. */
static void add_fold(struct diagram *diagram, double left, mn_time folded)
{
    double middle = diagram->top + (diagram->height - diagram->top - 22) / 2;
    mn_text_add_format(diagram->report->text,
                       "<rect class=\"fold\" x=\"%.1f\" y=\"%.0f\" width=\"%d\" height=\"%.1f\"/>",
                       left, diagram->top, REPORT_FOLD_WIDTH, diagram->height - diagram->top - 22);
    if (folded >= 50 * MN_MS) {
        mn_text_add_format(diagram->report->text,
                           "<text class=\"fold\" transform=\"translate(%.1f,%.1f) "
                           "rotate(-90)\">%.1f s folded</text>",
                           left + REPORT_FOLD_WIDTH / 2.0 + 4, middle, (double)folded / 1e9);
    }
    mn_text_add(diagram->report->text, "\n");
}

static void add_folds(struct diagram *diagram)
{
    const struct report_axis *axis = &diagram->report->axis;
    mn_time end = diagram->report->facts->values[FACT_ended_ms] * MN_MS;
    add_fold(diagram, axis->windows[0].left - REPORT_FOLD_WIDTH, axis->windows[0].from);
    for (size_t i = 0; i < axis->count; i++) {
        mn_time to = i + 1 < axis->count ? axis->windows[i + 1].from : end;
        add_fold(diagram, axis->windows[i].right, to - axis->windows[i].to);
    }
}

/* A tick at every round number of a step that leaves some 90 pixels between two. */
static void add_ticks(struct diagram *diagram)
{
    const struct report_axis *axis = &diagram->report->axis;
    static const mn_time steps[] = {
        10 * MN_MS,     20 * MN_MS,     50 * MN_MS,      100 * MN_MS,     200 * MN_MS,
        500 * MN_MS,    MN_SECOND,      2 * MN_SECOND,   5 * MN_SECOND,   10 * MN_SECOND,
        30 * MN_SECOND, 60 * MN_SECOND, 300 * MN_SECOND, 3600 * MN_SECOND};
    for (size_t i = 0; i < axis->count; i++) {
        const struct report_window *window = &axis->windows[i];
        double each = (double)(window->to - window->from) / (window->right - window->left) * 90;
        size_t k = 0;
        while (k + 1 < sizeof steps / sizeof *steps && (double)steps[k] < each) {
            k += 1;
        }
        for (mn_time at = (window->from + steps[k] - 1) / steps[k] * steps[k]; at <= window->to;
             at += steps[k]) {
            double x = report_x(axis, at);
            mn_text_add_format(diagram->report->text,
                               "<line class=\"tick\" x1=\"%.1f\" y1=\"%.0f\" x2=\"%.1f\" "
                               "y2=\"%.1f\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%g "
                               "s</text>\n",
                               x, diagram->top, x, diagram->height - 22, x, diagram->height - 8,
                               (double)at / 1e9);
        }
    }
}

static void add_labels(struct diagram *diagram)
{
    const struct sim_tree *tree = diagram->report->tree;
    struct mn_text *text = diagram->report->text;
    for (size_t i = 0; i < diagram->row_count; i++) {
        const struct report_row *row = &diagram->rows[i];
        bool host = i == 0 || row->host != row[-1].host;
        bool rack = i == 0 || tree->host_racks[row->host] != tree->host_racks[row[-1].host];
        if (rack) {
            uint32_t number = tree->host_racks[row->host];
            mn_text_add_format(text,
                               "<text class=\"rack\" x=\"%d\" y=\"%.1f\">z%u r%u</text>"
                               "<line class=\"rack\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" "
                               "y2=\"%.1f\"/>\n",
                               -LABEL_WIDTH, row->y + 4, tree->rack_zones[number], number,
                               -LABEL_WIDTH, row->y - 17, REPORT_WIDTH, row->y - 17);
        }
        if (host) {
            mn_text_add_format(text, "<text class=\"host\" x=\"-58\" y=\"%.1f\">h%u</text>\n",
                               row->y + 4, row->host);
        }
        mn_text_add_format(text, "<text class=\"vat\" x=\"-4\" y=\"%.1f\">v%u</text>\n", row->y + 4,
                           row->vat);
    }
}

/* ---- epochs ---------------------------------------------------------------------------------- */

static const char *class_of(const struct record_epoch *epoch, size_t index)
{
    if (epoch->died != 0) {
        return epoch->checkpointed ? "e dead" : "e open";
    }
    return index % 2 == 0 ? "e" : "e odd";
}

static void add_epoch(struct diagram *diagram, const struct report_row *row, size_t index)
{
    const struct report_axis *axis = &diagram->report->axis;
    const struct record_epoch *epoch = &diagram->report->record->vats[row->vat].epochs[index];
    mn_time end =
        epoch->ended > 0 ? epoch->ended : diagram->report->facts->values[FACT_ended_ms] * MN_MS;
    if (!report_crosses(axis, epoch->began, end)) {
        return;
    }
    double left = report_x(axis, epoch->began);
    double right = report_x(axis, end);
    struct mn_text *text = diagram->report->text;
    mn_text_add_format(text,
                       "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\">"
                       "<title>v%u epoch ",
                       class_of(epoch, index), left, row->y - BAR_HEIGHT / 2.0,
                       right - left > 0.5 ? right - left : 0.5, BAR_HEIGHT, row->vat);
    report_add_epoch(text, epoch->epoch);
    mn_text_add_format(text, ": %u sent, %u taken%s%s</title></rect>\n", epoch->sent, epoch->taken,
                       epoch->checkpointed ? "" : ", no checkpoint",
                       epoch->died != 0 ? "; died" : "");
}

static void add_down(struct diagram *diagram, const struct report_row *row, mn_time from,
                     mn_time to)
{
    const struct report *report = diagram->report;
    mn_text_add_format(report->text,
                       "<line class=\"down\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                       report_x(&report->axis, from), row->y, report_x(&report->axis, to), row->y);
}

/* From the end of one life to the beginning of the next, and where that is. */
static void add_lives(struct diagram *diagram, const struct report_row *row)
{
    const struct report *report = diagram->report;
    const struct record_vat *vat = &report->record->vats[row->vat];
    for (size_t i = 1; i < vat->life_count; i++) {
        const struct record_life *life = &vat->lives[i];
        if (!report_shown(&report->axis, life->began)) {
            continue;
        }
        add_down(diagram, row, vat->lives[i - 1].ended, life->began);
        if (life->host != vat->lives[i - 1].host) {
            mn_text_add_format(report->text,
                               "<text class=\"moved\" x=\"%.1f\" y=\"%.1f\">on h%u</text>\n",
                               report_x(&report->axis, life->began) + 3, row->y + 3.5, life->host);
        }
    }
    if (!vat->running && vat->life_count > 0) {
        add_down(diagram, row, vat->lives[vat->life_count - 1].ended,
                 report->facts->values[FACT_ended_ms] * MN_MS);
    }
}

static void add_epochs(struct diagram *diagram)
{
    for (size_t i = 0; i < diagram->row_count; i++) {
        const struct report_row *row = &diagram->rows[i];
        for (size_t k = 0; k < diagram->report->record->vats[row->vat].epoch_count; k++) {
            add_epoch(diagram, row, k);
        }
    }
}

static void add_all_lives(struct diagram *diagram)
{
    for (size_t i = 0; i < diagram->row_count; i++) {
        add_lives(diagram, &diagram->rows[i]);
    }
}

static void add_notices(struct diagram *diagram)
{
    const struct report *report = diagram->report;
    for (size_t i = 0; i < report->record->notice_count; i++) {
        const struct record_notice *notice = &report->record->notices[i];
        size_t k = 0;
        while (k < diagram->row_count && diagram->rows[k].vat != notice->vat) {
            k += 1;
        }
        if (k == diagram->row_count || !report_shown(&report->axis, notice->at)) {
            continue;
        }
        double x = report_x(&report->axis, notice->at);
        double y = diagram->rows[k].y;
        mn_text_add_format(report->text,
                           "<path class=\"notice\" d=\"M%.1f %.1fl5 5l-5 5l-5 -5z\"><title>v%u is "
                           "told: v%u is now incarnation %u and keeps ",
                           x, y - 5, notice->vat, notice->peer, notice->incarnation);
        report_add_epoch(report->text, notice->kept);
        mn_text_add(report->text, "</title></path>\n");
    }
}

/* ---- cuts and faults ------------------------------------------------------------------------- */

/* Through every row where the vat goes on: at what it keeps, or, of a running one, at the time of
 * the decision. */
static void add_cut(struct diagram *diagram, const struct record_round *round)
{
    const struct report *report = diagram->report;
    double from = diagram->top;
    mn_text_add(report->text, "<path class=\"cut\" d=\"");
    for (size_t i = 0; i < diagram->row_count; i++) {
        const struct report_row *row = &diagram->rows[i];
        double to = i + 1 < diagram->row_count ? (row->y + row[1].y) / 2 : diagram->height - 22;
        mn_time at = round->decided_at;
        for (size_t k = 0; k < report->record->loss_count; k++) {
            const struct record_loss *loss = &report->record->losses[k];
            if (loss->vat == row->vat && loss->round == round->round) {
                at = loss->kept_at;
            }
        }
        mn_text_add_format(report->text, "%c%.1f %.1fV%.1f", i == 0 ? 'M' : 'L',
                           report_x(&report->axis, at), from, to);
        from = to;
    }
    mn_text_add_format(report->text, "\"><title>the cut of round %llu</title></path>\n",
                       (unsigned long long)round->round);
}

static void add_cuts(struct diagram *diagram)
{
    const struct record *record = diagram->report->record;
    size_t drawn = 0;
    for (size_t i = 0; i < record->round_count && drawn < ROUNDS_DRAWN_MAX; i++) {
        if (record->rounds[i].decided_at != 0 &&
            report_shown(&diagram->report->axis, record->rounds[i].decided_at)) {
            add_cut(diagram, &record->rounds[i]);
            drawn += 1;
        }
    }
}

/* A line through all rows, and its words at the first level where there is room; at the right edge
 * they stand before the line. */
static void add_flag(struct diagram *diagram, mn_time at, const char *class, const char *words,
                     double *ends)
{
    double x = report_x(&diagram->report->axis, at);
    double width = 10 + 6.6 * (double)strlen(words);
    bool before = x + width > REPORT_WIDTH;
    double left = before ? x - width : x - 4;
    size_t level = 0;
    while (level + 1 < diagram->levels && ends[level] > left) {
        level += 1;
    }
    if (!report_shown(&diagram->report->axis, at)) {
        return;
    }
    mn_text_add_format(diagram->report->text,
                       "<line class=\"%s\" x1=\"%.1f\" y1=\"%zu\" x2=\"%.1f\" y2=\"%.1f\"/>", class,
                       x, 8 + level * 18, x, diagram->height - 22);
    if (ends[level] <= left) {
        mn_text_add_format(diagram->report->text, "<text class=\"%s\" x=\"%.1f\" y=\"%zu\"%s>",
                           class, before ? x - 4 : x + 4, 17 + level * 18,
                           before ? " text-anchor=\"end\"" : "");
        report_add(diagram->report->text, words);
        mn_text_add(diagram->report->text, "</text>");
        ends[level] = before ? x : x + width;
    }
    mn_text_add(diagram->report->text, "\n");
}

static void add_flags(struct diagram *diagram)
{
    const struct record *record = diagram->report->record;
    double ends[FAULT_LEVELS] = {-1e9, -1e9, -1e9, -1e9};
    for (size_t i = 0; i < record->event_count; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind != RECORD_SAID) {
            add_flag(diagram, event->at, event->kind == RECORD_FAULT ? "fault" : "over",
                     event->text, ends);
        }
    }
    for (size_t i = 0; i < record->round_count; i++) {
        char words[64];
        (void)snprintf(words, sizeof words, "round %llu decides",
                       (unsigned long long)record->rounds[i].round);
        if (record->rounds[i].decided_at != 0) {
            add_flag(diagram, record->rounds[i].decided_at, "decides", words, ends);
        }
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void add_caption(const struct diagram *diagram)
{
    const struct report *report = diagram->report;
    uint32_t all = report->record->vat_count;
    mn_text_add_format(report->text, "<p class=\"small\">%zu of %u vats are drawn",
                       diagram->row_count, all);
    if (diagram->row_count < all) {
        mn_text_add_format(report->text,
                           ": of the %zu that were restored or told those that lost most; the "
                           "others went on running",
                           diagram->touched);
    }
    mn_text_add(report->text, report->axis.cut_short ? "; later disasters are not drawn" : "");
    mn_text_add(report->text,
                ". Point at an epoch or a notice to read it. "
                "<label><input type=\"checkbox\" checked onchange=\"document.getElementById("
                "'messages').style.display=this.checked?'':'none'\"> messages</label></p>\n");
}

static void add_key(struct mn_text *text)
{
    mn_text_add(text, "<p class=\"key\"><span class=\"k e\"></span><span class=\"k odd\"></span>"
                      "epochs <span class=\"k dead\"></span>died, with a checkpoint "
                      "<span class=\"k open\"></span>died, without one "
                      "<span class=\"k cut\"></span>the cut "
                      "<span class=\"k down\"></span>no process "
                      "<span class=\"k note\"></span>told "
                      "<span class=\"k line\"></span>a message "
                      "<span class=\"k deadline\"></span>a message sent or taken in a dead "
                      "epoch</p>\n");
}

void report_diagram(struct report *report)
{
    struct diagram diagram = {.report = report};
    choose_rows(&diagram);
    mn_text_add(report->text, "<h2>Epochs of the vats, and the cut</h2>\n");
    if (diagram.row_count == 0) {
        mn_text_add(report->text, "<p>No vat was restored or told.</p>\n");
        return;
    }
    place_rows(&diagram);
    add_key(report->text);
    mn_text_add_format(report->text,
                       "<div class=\"wide\"><svg class=\"diagram\" viewBox=\"%d 0 %d %.0f\" "
                       "width=\"%d\">\n",
                       -LABEL_WIDTH - 4, REPORT_WIDTH + LABEL_WIDTH + 12, diagram.height,
                       REPORT_WIDTH + LABEL_WIDTH + 12);
    add_ground(&diagram);
    add_ticks(&diagram);
    add_labels(&diagram);
    add_epochs(&diagram);
    report_messages(report, diagram.rows, diagram.row_count);
    add_folds(&diagram);
    add_cuts(&diagram);
    add_flags(&diagram);
    add_all_lives(&diagram);
    add_notices(&diagram);
    mn_text_add(report->text, "</svg></div>\n");
    add_caption(&diagram);
}
