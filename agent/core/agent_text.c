/* Names that the shell uses for what the core decides: directories and the keys of records. */
#include <string.h>

#include "agent_private.h"

enum { AGENT_HEX_SIZE = 32 };

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

bool agent_store_vat(const char *name, struct mn_name *vat)
{
    char text[MN_NAME_SIZE_MAX + 1];
    size_t size = 0;
    while (*name != '\0' && size < MN_NAME_SIZE_MAX) {
        bool slash = strncmp(name, "%2f", 3) == 0;
        bool dot = strncmp(name, "%2e", 3) == 0;
        text[size] = *name;
        if (slash || dot) {
            text[size] = slash ? '/' : '.';
        }
        name += slash || dot ? 3 : 1;
        size += 1;
    }
    return *name == '\0' && mn_name_set(vat, text, size);
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

/* So many digits, the highest first, so that keys are in the order of numbers. */
static void text_hex(char *out, uint64_t number, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++) {
        out[i] = "0123456789abcdef"[number >> (4 * (digits - 1 - i)) & 15U];
    }
    out[digits] = '\0';
}

void agent_record_key(const struct mn_agent_record *record, char out[AGENT_RECORD_KEY_SIZE])
{
    char hex[AGENT_HEX_SIZE];
    switch (record->kind) {
    case MN_AGENT_VAT:
        text_key(out, "vat ", record->vat.start.vat.text);
        return;
    case MN_AGENT_FENCE:
        text_key(out, "fence ", record->fence.vat.text);
        return;
    case MN_AGENT_ROUND:
        text_hex(hex, record->round.round, 16);
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
    case MN_AGENT_FLOOR:
        text_key(out, "floor ", record->floor.vat.text);
        return;
    case MN_AGENT_PROMISE:
        text_key(out, "promise", "");
        return;
    case MN_AGENT_HEAD:
        text_key(out, "head", "");
        return;
    case MN_AGENT_NOTED:
        text_key(out, "noted", "");
        return;
    case MN_AGENT_MEMBER:
        text_key(out, "member", "");
        return;
    case MN_AGENT_KEPT:
        text_hex(hex, record->kept.sequence, 16);
        hex[16] = ' ';
        text_hex(hex + 17, record->kept.offset / MN_PIECE_SIZE_MAX, 4);
        text_key(out, "kept ", hex);
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
