/* A small world for the vat's core: vats, their stores, an agent that does what it is told, and a
 * network that loses and reorders when asked. No file, no socket, no clock.
 *
 * Each vat runs a simple application: it keeps in BLOBs the number of the last message it received
 * from and sent to each peer; a message's payload is its number. So what it remembers goes back
 * with its checkpoints, and a message that comes twice or out of order is noticed. */
#ifndef TESTS_VAT_WORLD_H
#define TESTS_VAT_WORLD_H

#include "base/random.h"
#include "vat/core/vat.h"

enum { WORLD_VAT_COUNT_MAX = 4, WORLD_LOG_SIZE = 16384, WORLD_KEEP = 3 };

struct world_saved; /* a checkpoint in a store */

struct world_vat {
    struct mn_name name;
    struct vat *core; /* NULL while it does not run */
    uint64_t instance;
    mn_run run;
    uint32_t incarnation;
    uint64_t round;
    struct mn_lineage lineage;
    struct world_saved *saved;                /* newest first */
    mn_epoch keep_of_run;                     /* what the present run was restored from */
    mn_epoch reported;                        /* newest durable that the vat was told of */
    uint64_t connection[WORLD_VAT_COUNT_MAX]; /* to each peer; 0 none */
    mn_time carries_at[WORLD_VAT_COUNT_MAX];  /* each of them, and not before */
    char log[WORLD_LOG_SIZE];                 /* events of the application, a line each */
    char agent[WORLD_LOG_SIZE];               /* words to the agent, a line each; no beats */
    bool disk_full;
    bool wrong_number; /* a message came twice, or one was left out */
    uint64_t received; /* messages handed to the application, over all runs */
};

struct world_packet;

struct world {
    struct world_vat vats[WORLD_VAT_COUNT_MAX];
    int vat_count;
    struct world_packet *packets; /* oldest first */
    uint64_t packet_count;
    uint64_t packets_ever;
    uint64_t connections; /* ever made */
    mn_time now;
    uint32_t interval_ms;
    uint64_t file_size; /* bytes that each checkpoint is said to have */
    bool auto_durable;  /* each checkpoint is durable at once */
    bool silent_agent;  /* LOOKUP is not answered */
    bool quiet_agent;   /* nobody is told of a start */
    uint32_t latency_ms;
    uint32_t send_ms; /* of vats that are started from now on; 0: without bound */
    bool early;       /* vats that are started from now on send early */
    struct mn_random random;
    uint32_t loss_percent;
    bool reorder;
    uint32_t path_ms; /* one way; connecting takes twice as long, and what is sent waits for it */
    uint64_t lost;
    uint64_t effects_hash; /* of all effects ever, in order */
};

void world_init(struct world *world, uint64_t seed);
void world_deinit(struct world *world);

/* A new vat, not started. */
int world_add(struct world *world, const char *name);

/* Start run + 1 from the checkpoint @keep, which must be in the store; 0 is birth. */
void world_start(struct world *world, int vat, mn_epoch keep, enum mn_outcome outcome);

/* End the process at once. What it sent is still under way. */
void world_crash(struct world *world, int vat);

/* Forget all checkpoints after @keep, begin a new incarnation and start from there. */
void world_roll_back(struct world *world, int vat, mn_epoch keep);

/* Have the application send @count messages to a peer, in one turn; returns how many were taken. */
int world_send(struct world *world, int vat, int peer, int count);

/* The same with one message of @size bytes, at least 8; what arrives is compared byte for byte. */
bool world_send_large(struct world *world, int vat, int peer, size_t size);

/* Let a time pass, in steps of a millisecond, with all that becomes due and all that arrives. */
void world_run(struct world *world, int ms);

/* One tick of one vat and nothing else: a checkpoint, say. */
void world_tick(struct world *world, int vat);

/* Write a checkpoint now if one is wanted. */
void world_save(struct world *world, int vat);

/* All that is written is durable; the vat is told, with a floor of WORLD_KEEP. */
void world_durable(struct world *world, int vat);

/* Hand over everything that is under way, and what it brings about, with no time passing. */
void world_flush(struct world *world);

/* Hand over the oldest @count packets that are under way, and no more. */
void world_deliver(struct world *world, int count);

/* Drop everything that is under way. */
void world_drop(struct world *world);

/* Tell every running vat where @vat is, as its agent would. */
void world_push_address(struct world *world, int vat);

/* A word of the agent. */
void world_tell(struct world *world, int vat, const struct mn_to_vat *message);

/* A message on a connection to @vat, whoever sent it. */
void world_inject(struct world *world, int vat, uint64_t connection, const char *key,
                  const struct mn_session *message);

/* What comes back on @vat's connection to @peer, whoever says it. */
void world_answer(struct world *world, int vat, int peer, const struct mn_session *message);

/* The application's numbers: last received from and sent to a peer. */
uint64_t world_got(const struct world *world, int vat, int peer);
uint64_t world_sent(const struct world *world, int vat, int peer);

mn_epoch world_newest_saved(const struct world *world, int vat);
size_t world_saved_count(const struct world *world, int vat);

/* Clear what was logged. */
void world_clear_logs(struct world *world);

#endif
