/* What endpoints, addresses and keys look like. */
#ifndef MN_DOCS_ENDPOINT_H
#define MN_DOCS_ENDPOINT_H

#include <stdbool.h>

/* tcp://HOST:PORT with a port from 1 to 65535 and HOST a host name, an IPv4 address or an IPv6
 * address in brackets; or ipc://PATH. Below MN_ENDPOINT_SIZE_MAX bytes. */
bool mn_endpoint_valid(const char *text);

/* A host name, an IPv4 address, or an IPv6 address in brackets. */
bool mn_address_valid(const char *text);

/* A CURVE public key as Z85 text (ZeroMQ RFC 32): 40 characters of its alphabet, each 5 of them a
 * number below 2^32. */
bool mn_key_valid(const char *text);

#endif
