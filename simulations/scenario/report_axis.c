/* Idle time folded: a window around everything that matters, and nothing between the windows. */
#include <stdlib.h>

#include "base/check.h"
#include "scenario/report_private.h"

/* Windows of so much time in all; what comes later is not drawn. */
enum { AXIS_MOMENT_COUNT_MAX = 4096, AXIS_INTERVALS_AROUND = 3 };

struct moments {
    mn_time items[AXIS_MOMENT_COUNT_MAX];
    size_t count;
};

static void add_moment(struct moments *moments, mn_time time)
{
    if (time > 0 && moments->count < AXIS_MOMENT_COUNT_MAX) {
        moments->items[moments->count++] = time;
    }
}

static int compare_times(const void *a, const void *b)
{
    mn_time left = *(const mn_time *)a;
    mn_time right = *(const mn_time *)b;
    return (left > right) - (left < right);
}

static void collect(const struct record *record, struct moments *moments)
{
    for (size_t i = 0; i < record->round_count; i++) {
        add_moment(moments, record->rounds[i].first_death);
        add_moment(moments, record->rounds[i].begun_at);
        add_moment(moments, record->rounds[i].decided_at);
        add_moment(moments, record->rounds[i].restored_at);
        add_moment(moments, record->rounds[i].told_at);
    }
    for (size_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind != RECORD_SAID) {
            add_moment(moments, record->events[i].at);
        }
    }
    for (size_t i = 0; i < record->loss_count; i++) {
        add_moment(moments, record->losses[i].kept_at);
        add_moment(moments, record->losses[i].ended_at);
        add_moment(moments, record->losses[i].back_at);
    }
    for (size_t i = 0; i < record->notice_count; i++) {
        add_moment(moments, record->notices[i].at);
    }
    qsort(moments->items, moments->count, sizeof *moments->items, compare_times);
}

static void make_windows(struct report_axis *axis, const struct moments *moments, mn_time around,
                         mn_time end)
{
    for (size_t i = 0; i < moments->count; i++) {
        mn_time from = moments->items[i] > around ? moments->items[i] - around : 0;
        mn_time to = moments->items[i] + around < end ? moments->items[i] + around : end;
        struct report_window *last = axis->count > 0 ? &axis->windows[axis->count - 1] : NULL;
        if (last != NULL && from <= last->to + around) {
            last->to = to > last->to ? to : last->to;
        } else if (axis->count < REPORT_WINDOW_COUNT_MAX) {
            axis->windows[axis->count++] = (struct report_window){.from = from, .to = to};
        } else {
            axis->cut_short = true;
        }
    }
    if (axis->count == 0) {
        axis->windows[axis->count++] = (struct report_window){.from = 0, .to = end};
    }
}

static void place_windows(struct report_axis *axis)
{
    double folds = (double)(axis->count + 1) * REPORT_FOLD_WIDTH;
    double left = REPORT_FOLD_WIDTH;
    mn_time total = 0;
    for (size_t i = 0; i < axis->count; i++) {
        total += axis->windows[i].to - axis->windows[i].from;
    }
    double room = REPORT_WIDTH - folds > 200 ? REPORT_WIDTH - folds : 200;
    for (size_t i = 0; i < axis->count; i++) {
        struct report_window *window = &axis->windows[i];
        double width = room * (double)(window->to - window->from) / (double)(total > 0 ? total : 1);
        window->left = left;
        window->right = left + width;
        left = window->right + REPORT_FOLD_WIDTH;
    }
}

void report_axis_make(struct report *report)
{
    struct moments *moments = calloc(1, sizeof *moments);
    mn_time around = report->scenario->config.interval_ms * AXIS_INTERVALS_AROUND * MN_MS;
    mn_time end = report->facts->values[FACT_ended_ms] * MN_MS;
    mn_assert(moments != NULL);
    collect(report->record, moments);
    make_windows(&report->axis, moments, around, end);
    place_windows(&report->axis);
    free(moments);
}

double report_x(const struct report_axis *axis, mn_time time)
{
    double x = axis->windows[0].left - REPORT_FOLD_WIDTH / 2.0;
    for (size_t i = 0; i < axis->count; i++) {
        const struct report_window *window = &axis->windows[i];
        if (time < window->from) {
            return x;
        }
        if (time <= window->to) {
            double width = window->right - window->left;
            return window->left +
                   width * (double)(time - window->from) /
                       (double)(window->to > window->from ? window->to - window->from : 1);
        }
        x = window->right + REPORT_FOLD_WIDTH / 2.0;
    }
    return x;
}

bool report_shown(const struct report_axis *axis, mn_time time)
{
    for (size_t i = 0; i < axis->count; i++) {
        if (time >= axis->windows[i].from && time <= axis->windows[i].to) {
            return true;
        }
    }
    return false;
}

bool report_crosses(const struct report_axis *axis, mn_time from, mn_time to)
{
    for (size_t i = 0; i < axis->count; i++) {
        if (from <= axis->windows[i].to && to >= axis->windows[i].from) {
            return true;
        }
    }
    return false;
}
