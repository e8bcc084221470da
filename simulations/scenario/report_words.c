/* Words of the page. */
#include "scenario/report_private.h"

void report_add(struct mn_text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        switch (*string) {
        case '<':
            mn_text_add(text, "&lt;");
            break;
        case '>':
            mn_text_add(text, "&gt;");
            break;
        case '&':
            mn_text_add(text, "&amp;");
            break;
        case '"':
            mn_text_add(text, "&quot;");
            break;
        default:
            mn_text_add_bytes(text, string, 1);
            break;
        }
    }
}

void report_add_epoch(struct mn_text *text, mn_epoch epoch)
{
    if (epoch == 0) {
        mn_text_add(text, "birth");
        return;
    }
    mn_text_add_format(text, "%u.%u", mn_epoch_run(epoch), (unsigned)(epoch & UINT32_MAX));
}

void report_add_ms(struct mn_text *text, int64_t ms)
{
    if (ms == FACT_NONE) {
        mn_text_add(text, "&ndash;");
    } else {
        mn_text_add_duration(text, ms);
    }
}

void report_add_at(struct mn_text *text, mn_time time)
{
    if (time <= 0) {
        mn_text_add(text, "&ndash;");
    } else {
        mn_text_add_format(text, "%.3f s", (double)time / 1e9);
    }
}
