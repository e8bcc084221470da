/* The core's notes as lines of the log. */
#include "log.h"

static enum mn_log_level log_level(enum agent_level level)
{
    switch (level) {
    case AGENT_INFO:
        return MN_LOG_INFO;
    case AGENT_WARNING:
        return MN_LOG_WARNING;
    case AGENT_ERROR:
        return MN_LOG_ERROR;
    }
    return MN_LOG_INFO;
}

void agent_log_note(const struct agent_note_facts *note)
{
    struct mn_log_pairs pairs = {.size = 0};
    if (note->vat.text[0] != '\0') {
        mn_log_add(&pairs, "vat=%s", note->vat.text);
    }
    if (note->host.text[0] != '\0') {
        mn_log_add(&pairs, "host=%s", note->host.text);
    }
    if (note->run != 0) {
        mn_log_add(&pairs, "run=%u", note->run);
    }
    if (note->epoch != 0) {
        mn_log_add(&pairs, "epoch=%lld", (long long)note->epoch);
    }
    if (note->round != 0) {
        mn_log_add(&pairs, "round=%llu", (unsigned long long)note->round);
    }
    if (note->number != 0) {
        mn_log_add(&pairs, "number=%llu", (unsigned long long)note->number);
    }
    if (note->code != MN_OK) {
        mn_log_add(&pairs, "code=%s", mn_result_name(note->code));
    }
    if (note->text != NULL && note->text[0] != '\0') {
        char quoted[MN_LOG_QUOTED_SIZE_MAX];
        mn_log_add(&pairs, "text=%s", mn_log_quote(quoted, sizeof quoted, note->text));
    }
    mn_log(log_level(agent_note_level(note->note)), agent_note_what(note->note), "%s", pairs.text);
}
