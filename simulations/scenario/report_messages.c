/* Messages as thin lines. Those of dead epochs, and those that a vat took in an epoch that died,
 * are drawn first; of the others as many as there is room for, evenly chosen. */
#include <stdlib.h>

#include "base/check.h"
#include "scenario/report_private.h"

static const struct report_row *row_of(const struct report_row *const *by_vat, uint32_t vat)
{
    return by_vat[vat];
}

static bool is_dead(const struct record *record, uint32_t number, mn_epoch epoch)
{
    const struct record_vat *vat = &record->vats[number];
    for (size_t i = vat->epoch_count; i > 0 && vat->epochs[i - 1].epoch >= epoch; i--) {
        if (vat->epochs[i - 1].epoch == epoch) {
            return vat->epochs[i - 1].died != 0;
        }
    }
    return false;
}

static bool is_drawn(const struct report *report, const struct report_row *const *by_vat,
                     const struct record_message *message)
{
    return message->sent_at > 0 && message->taken_at > 0 &&
           row_of(by_vat, message->sender) != NULL && row_of(by_vat, message->receiver) != NULL &&
           report_shown(&report->axis, message->sent_at) &&
           report_shown(&report->axis, message->taken_at);
}

static void draw(struct report *report, const struct report_row *const *by_vat,
                 const struct record_message *message, const char *class)
{
    mn_text_add_format(
        report->text, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
        class, report_x(&report->axis, message->sent_at), row_of(by_vat, message->sender)->y,
        report_x(&report->axis, message->taken_at), row_of(by_vat, message->receiver)->y);
}

/* Draw every @step-th of those that died, or that did not; how many there are. */
static size_t draw_some(struct report *report, const struct report_row *const *by_vat, bool dead,
                        size_t step)
{
    const struct record *record = report->record;
    size_t found = 0;
    for (size_t i = 0; i < record->message_count; i++) {
        const struct record_message *message = &record->messages[i];
        if (!is_drawn(report, by_vat, message)) {
            continue;
        }
        bool sent_dead = is_dead(record, message->sender, message->epoch);
        bool taken_dead = is_dead(record, message->receiver, message->taken_epoch);
        if ((sent_dead || taken_dead) != dead) {
            continue;
        }
        if (step > 0 && found % step == 0) {
            draw(report, by_vat, message, dead ? "m dead" : "m");
        }
        found += 1;
    }
    return found;
}

void report_messages(struct report *report, const struct report_row *rows, size_t row_count)
{
    const struct report_row **by_vat =
        calloc((size_t)report->record->vat_count + 1, sizeof *by_vat);
    mn_assert(by_vat != NULL);
    for (size_t i = 0; i < row_count; i++) {
        by_vat[rows[i].vat] = &rows[i];
    }
    mn_text_add(report->text, "<g id=\"messages\">\n");
    for (int dead = 0; dead <= 1; dead++) {
        size_t count = draw_some(report, by_vat, dead == 1, 0);
        size_t step = (count + REPORT_LINE_COUNT_MAX - 1) / REPORT_LINE_COUNT_MAX;
        (void)draw_some(report, by_vat, dead == 1, step > 0 ? step : 1);
    }
    mn_text_add(report->text, "</g>\n");
    free((void *)by_vat);
}
