/* An agent for tests of libmneme with real processes: starts banks, says who they are, calls every
 * checkpoint durable as soon as it is written, and answers look-ups. Everything in one directory.
 */
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include <sys/types.h>

#include "net/net.h"
#include "simulations/bank/bank_book.h"
#include "wire/local.h"

enum { FAKE_VAT_COUNT = 2, FAKE_WRITTEN_COUNT_MAX = 4096 };

struct fake_written {
    mn_epoch epoch;
    mn_epoch onto;
};

struct fake_vat {
    struct mn_name name;
    char store[128];
    char log[128];
    pid_t pid; /* 0: not running */
    mn_run run;
    struct mn_peer peer;
    struct mn_endpoint endpoint; /* "" until it has attached */
    mn_epoch chain[FAKE_WRITTEN_COUNT_MAX];
    struct fake_written written[FAKE_WRITTEN_COUNT_MAX]; /* of all runs, oldest first */
    size_t written_count;
    uint64_t handled;   /* the newest round that it said is handled */
    uint32_t intervals; /* answers to freezes */
    uint32_t lease_wants;
    int troubles;
    char trouble[512];
};

struct fake_agent {
    char directory[64];
    char endpoint[96];
    char key_file[96];
    char stop_file[96];
    char statements[96]; /* that both banks write */
    struct mn_keys keys;
    struct mn_net *net;
    struct mn_socket *router;
    struct fake_vat vats[FAKE_VAT_COUNT];
    uint32_t interval_ms;
    const char *refusal; /* NULL, or why it gives nobody a life */
};

/* An agent in a new directory under /tmp, for vats "a" and "b". */
void fake_agent_open(struct fake_agent *agent);

/* Kill what runs and delete the directory. */
void fake_agent_close(struct fake_agent *agent);

/* Start the bank of vat @index from its newest checkpoint; @file_size_max bounds what it can write,
 * 0 does not. */
void fake_agent_start(struct fake_agent *agent, int index, size_t file_size_max);

/* Serve until @done says so; false when that takes longer than 30 s. */
bool fake_agent_run(struct fake_agent *agent, bool (*done)(struct fake_agent *agent));

/* A word to the vat @index. */
void fake_agent_tell(struct fake_agent *agent, int index, const struct mn_to_vat *message);

/* Wait for the process of vat @index to end; its wait status. */
int fake_agent_reap(struct fake_agent *agent, int index);

/* The book of vat @index as its newest checkpoint has it; false when there is none. @money: the sum
 * of its accounts. */
bool fake_agent_book(const struct fake_agent *agent, int index, struct bank_book *book,
                     int64_t *money);

#endif
