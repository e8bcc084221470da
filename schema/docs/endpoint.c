/* What endpoints, addresses and keys look like. */
#include "docs/endpoint.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

static const char Z85_ALPHABET[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

static const char HOST_ALPHABET[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";

static const char IPV6_ALPHABET[] = "0123456789abcdefABCDEF:.%";

static bool address_valid(const char *text, size_t size)
{
    if (size >= 4 && text[0] == '[') {
        return text[size - 1] == ']' && strspn(text + 1, IPV6_ALPHABET) == size - 2;
    }
    return size > 0 && size <= MN_NAME_SIZE_MAX && strspn(text, HOST_ALPHABET) >= size;
}

bool mn_address_valid(const char *text)
{
    return address_valid(text, strlen(text));
}

static bool port_valid(const char *text)
{
    uint32_t port = 0;
    size_t size = strlen(text);
    if (size < 1 || size > 5) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

bool mn_endpoint_valid(const char *text)
{
    if (strlen(text) >= MN_ENDPOINT_SIZE_MAX) {
        return false;
    }
    if (strncmp(text, "ipc://", 6) == 0) {
        return text[6] != '\0';
    }
    if (strncmp(text, "tcp://", 6) != 0) {
        return false;
    }
    const char *host = text + 6;
    const char *colon = strrchr(host, ':');
    return colon != NULL && address_valid(host, (size_t)(colon - host)) && port_valid(colon + 1);
}

bool mn_key_valid(const char *text)
{
    if (strlen(text) != MN_KEY_TEXT_LENGTH) {
        return false;
    }
    for (size_t group = 0; group < MN_KEY_TEXT_LENGTH; group += 5) {
        uint64_t value = 0;
        for (size_t i = group; i < group + 5; i++) {
            const char *digit = strchr(Z85_ALPHABET, text[i]);
            if (digit == NULL) {
                return false;
            }
            value = value * 85 + (uint64_t)(digit - Z85_ALPHABET);
        }
        if (value > UINT32_MAX) {
            return false;
        }
    }
    return true;
}
