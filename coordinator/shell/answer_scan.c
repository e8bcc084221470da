/* A walk over JSON text that keeps nothing but its place. It trusts no byte: it never reads past
 * the end, and what it cannot make sense of ends it. */
#include "shell/answer_scan.h"

#include <string.h>

struct scan {
    const char *at;
    const char *end;
};

static void scan_space(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) != NULL && *scan->at != '\0') {
        scan->at++;
    }
}

/* Step over @byte, after space; false when something else stands there. */
static bool scan_byte(struct scan *scan, char byte)
{
    scan_space(scan);
    if (scan->at == scan->end || *scan->at != byte) {
        return false;
    }
    scan->at++;
    return true;
}

/* Step over a string; *@inside is what stands between its quotes. */
static bool scan_string(struct scan *scan, struct answer_span *inside)
{
    if (!scan_byte(scan, '"')) {
        return false;
    }
    const char *begin = scan->at;
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '"') {
            *inside = (struct answer_span){begin, (size_t)(scan->at - begin)};
            scan->at++;
            return true;
        }
        if (*scan->at == '\\' && scan->end - scan->at > 1) {
            scan->at++;
        }
    }
    return false;
}

/* Step over a list or an object, whose opening bracket is next. */
static bool scan_nested(struct scan *scan)
{
    size_t depth = 0;
    struct answer_span ignored;
    while (scan->at < scan->end) {
        char byte = *scan->at;
        if (byte == '"') {
            if (!scan_string(scan, &ignored)) {
                return false;
            }
            continue;
        }
        scan->at++;
        if (byte == '{' || byte == '[') {
            depth++;
        } else if (byte == '}' || byte == ']') {
            depth--;
            if (depth == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool scan_value(struct scan *scan, struct answer_span *value)
{
    struct answer_span ignored;
    scan_space(scan);
    if (scan->at == scan->end) {
        return false;
    }
    const char *begin = scan->at;
    bool well = true;
    if (*begin == '"') {
        well = scan_string(scan, &ignored);
    } else if (*begin == '{' || *begin == '[') {
        well = scan_nested(scan);
    } else {
        while (scan->at < scan->end && strchr(",]} \t\r\n", *scan->at) == NULL) {
            scan->at++;
        }
        well = scan->at > begin;
    }
    if (well) {
        *value = (struct answer_span){begin, (size_t)(scan->at - begin)};
    }
    return well;
}

bool answer_scan_member(struct answer_span object, const char *key, struct answer_span *value)
{
    struct scan scan = {.at = object.bytes, .end = object.bytes + object.size};
    size_t size = strlen(key);
    if (!scan_byte(&scan, '{')) {
        return false;
    }
    do {
        struct answer_span name;
        struct answer_span found;
        if (!scan_string(&scan, &name) || !scan_byte(&scan, ':') || !scan_value(&scan, &found)) {
            return false;
        }
        if (name.size == size && memcmp(name.bytes, key, size) == 0) {
            *value = found;
            return true;
        }
    } while (scan_byte(&scan, ','));
    return false;
}
