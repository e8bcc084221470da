/* Names: which bytes make one, and their order. */
#include "base/ids.h"

#include <endian.h>
#include <string.h>

#include "base/check.h"

enum { NAME_NEAR_SIZE = sizeof(uint64_t) };

_Static_assert(NAME_NEAR_SIZE <= sizeof(struct mn_name), "a name has so many bytes");

static bool name_byte_valid(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == ':' ||
           byte == '/' || byte == '-';
}

bool mn_name_valid(const char *text, size_t size)
{
    if (size == 0 || size > MN_NAME_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!name_byte_valid(text[i])) {
            return false;
        }
    }
    return true;
}

bool mn_name_set(struct mn_name *name, const char *text, size_t size)
{
    if (!mn_name_valid(text, size)) {
        return false;
    }
    memset(name, 0, sizeof *name);
    memcpy(name->text, text, size);
    return true;
}

struct mn_name mn_name_of(const char *text)
{
    struct mn_name name;
    bool valid = mn_name_set(&name, text, strlen(text));
    mn_assert(valid);
    return name;
}

/* The first bytes of a name, the first of them the lowest. */
static uint64_t name_near(const struct mn_name *name)
{
    uint64_t word = 0;
    memcpy(&word, name->text, sizeof word);
    return le64toh(word);
}

int mn_name_compare(const struct mn_name *a, const struct mn_name *b)
{
    /* Most differ early, or are short: then this is cheaper than a call. */
    uint64_t left = name_near(a);
    uint64_t right = name_near(b);
    /* The highest bit of the first byte that is 0, and perhaps of later ones. */
    uint64_t end = (left - UINT64_C(0x0101010101010101)) & ~left & UINT64_C(0x8080808080808080);
    if (left == right) {
        int order = end != 0 ? 0 : strcmp(a->text + NAME_NEAR_SIZE, b->text + NAME_NEAR_SIZE);
        return (order > 0) - (order < 0);
    }
    uint64_t other = left ^ right;
    uint64_t before = (other & -other) - 1; /* the bits before the first that is another */
    if ((end & before) != 0) {
        return 0; /* whatever is behind their end */
    }
    return __builtin_bswap64(left) < __builtin_bswap64(right) ? -1 : 1;
}
