/* What the directory holds: read by the agent's files, made by agent_directory.c. */
#ifndef AGENT_CORE_AGENT_DIRECTORY_H
#define AGENT_CORE_AGENT_DIRECTORY_H

#include "agent.h"

/* Hosts of so many different domains are known: whatever host is our own, partners can stand in all
 * but one of these. */
enum { AGENT_DISTINCT_COUNT = AGENT_PARTNER_COUNT_MAX + 1 };

/* Names to numbers, in the order in which they were first seen. */
struct agent_names {
    struct mn_name *names;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing; number + 1, 0 is free */
    size_t slot_count;
};

struct agent_directory {
    struct agent_host *hosts;
    char (*keys)[MN_KEY_TEXT_SIZE];
    uint32_t host_count;
    struct agent_names host_names; /* a host's number is its index */
    uint32_t vat_count;
    struct agent_names vat_names;
    bool *early; /* of each vat */
    uint32_t distinct[AGENT_DISTINCT_COUNT];
    uint32_t distinct_count;
};

/* In how many domains other than that of @own partners can stand; AGENT_PARTNER_COUNT_MAX at most,
 * for more are never needed. */
uint32_t agent_directory_spread(const struct agent_directory *directory, uint32_t own);

#endif
