/* UTF-8 and what may stand in it. What is shown on terminals and in logs must not be able to
 * command these, nor to look like something else. */
#include "prose.h"

#include <stdint.h>

/* The character at @text, and how many bytes it takes; 0 when it is none. */
static size_t prose_character(const unsigned char *text, size_t size, uint32_t *character)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* of so many bytes */
    size_t count = text[0] < 0x80                      ? 1
                   : text[0] >= 0xc0 && text[0] < 0xe0 ? 2
                   : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                   : text[0] >= 0xf0 && text[0] < 0xf8 ? 4
                                                       : 0;
    if (count == 0 || count > size) {
        return 0;
    }
    uint32_t value = count == 1 ? text[0] : text[0] & (0x7fU >> count);
    for (size_t i = 1; i < count; i++) {
        if ((text[i] & 0xc0U) != 0x80) {
            return 0;
        }
        value = value << 6 | (text[i] & 0x3fU);
    }
    if (value < least[count] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *character = value;
    return count;
}

static bool prose_allows(uint32_t character)
{
    bool control = character < 0x20 || (character >= 0x7f && character <= 0x9f);
    bool line = character == 0x2028 || character == 0x2029;
    bool direction = character == 0x61c || character == 0x200e || character == 0x200f ||
                     (character >= 0x202a && character <= 0x202e) ||
                     (character >= 0x2066 && character <= 0x2069);
    return !control && !line && !direction;
}

bool mn_prose_is(const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t character = 0;
        size_t count = prose_character((const unsigned char *)text + at, size - at, &character);
        if (count == 0 || !prose_allows(character)) {
            return false;
        }
        at += count;
    }
    return true;
}
