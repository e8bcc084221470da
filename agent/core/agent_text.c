/* Names that the shell uses for what the core decides: directories and the keys of records. */
#include <string.h>

#include "agent_private.h"

void agent_store_name(const struct mn_name *vat, char out[AGENT_STORE_NAME_SIZE])
{
    size_t at = 0;
    for (const char *from = vat->text; *from != '\0'; from++) {
        bool dot = *from == '.' && from == vat->text;
        if (*from != '/' && !dot) {
            out[at] = *from;
            at += 1;
            continue;
        }
        memcpy(out + at, dot ? "%2e" : "%2f", 3);
        at += 3;
    }
    out[at] = '\0';
}

static void text_key(char out[AGENT_RECORD_KEY_SIZE], const char *kind, const char *name)
{
    size_t at = 0;
    for (; *kind != '\0'; kind++) {
        out[at] = *kind;
        at += 1;
    }
    memcpy(out + at, name, strlen(name) + 1);
}

void agent_record_key(const struct mn_agent_record *record, char out[AGENT_RECORD_KEY_SIZE])
{
    char hex[17];
    switch (record->kind) {
    case MN_AGENT_VAT:
        text_key(out, "vat ", record->vat.start.vat.text);
        return;
    case MN_AGENT_FENCE:
        text_key(out, "fence ", record->fence.vat.text);
        return;
    case MN_AGENT_ROUND:
        for (unsigned i = 0; i < 16; i++) {
            hex[i] = "0123456789abcdef"[record->round.round >> (60 - 4 * i) & 15U];
        }
        hex[16] = '\0';
        text_key(out, "round ", hex);
        return;
    case MN_AGENT_GENERATION:
        text_key(out, "generation", "");
        return;
    case MN_AGENT_DISK:
        text_key(out, "disk", "");
        return;
    case MN_AGENT_ASIDE:
        text_key(out, "aside ", record->aside.vat.text);
        return;
    }
}

void agent_aside_name(const struct mn_name *vat, mn_run run, char out[AGENT_ASIDE_NAME_SIZE])
{
    char digits[10];
    size_t count = 0;
    agent_store_name(vat, out);
    size_t at = strlen(out);
    for (mn_run rest = run; rest > 0 || count == 0; rest /= 10) {
        digits[count] = (char)('0' + rest % 10);
        count += 1;
    }
    out[at] = '.';
    for (at += 1; count > 0; at++) {
        count -= 1;
        out[at] = digits[count];
    }
    out[at] = '\0';
}
