/* Names: which bytes make one. */
#include "base/ids.h"

#include <string.h>

#include "base/check.h"

_Static_assert(sizeof(uint64_t) <= sizeof(struct mn_name), "a name has so many bytes");

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
