/* What the files of the session benchmark share. */
#ifndef BENCH_SESSION_BENCH_H
#define BENCH_SESSION_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/net.h"

enum { BENCH_HOST_COUNT = 3, BENCH_PATH_SIZE = 512 };

/* What a message begins with. */
struct bench_head {
    uint64_t stage;
    uint64_t index;
    uint64_t count;
    int64_t sent_ns; /* by the clock that all processes of the machine share */
};

enum bench_kind { BENCH_BURST = 1, BENCH_PING, BENCH_DRIP };

/* What a sender is to do: written to DIRECTORY/go-NAME. */
struct bench_order {
    uint64_t stage; /* grows */
    enum bench_kind kind;
    uint64_t count;
    size_t size;
};

/* What the receiver saw of a stage: in DIRECTORY/result-STAGE. */
struct bench_result {
    uint64_t count;
    int64_t took_ns; /* from the first message's sending to the last one's taking */
    int64_t p50_ns;
    int64_t p99_ns;
};

struct bench_cluster {
    char directory[BENCH_PATH_SIZE];
    pid_t coordinator;
    pid_t agents[BENCH_HOST_COUNT];
    uint64_t stage;
};

int64_t bench_now(void);

/* Say what is wrong and end with status 1. */
_Noreturn void bench_die(const char *what);

/* The @percent-th percentile; sorts @values. 0 when there are none. */
int64_t bench_percentile(int64_t *values, size_t count, int percent);

/* Write a small file whole, by renaming it; false when it could not be. */
bool bench_put(const char *directory, const char *name, const void *bytes, size_t size);

/* Read one that bench_put wrote, of exactly @size bytes. */
bool bench_get(const char *directory, const char *name, void *bytes, size_t size);

/* ---- session_cluster.c: a coordinator, three agents in three domains, their vats ---- */

void bench_cluster_open(struct bench_cluster *cluster, const char *program);
void bench_cluster_close(struct bench_cluster *cluster);

/* Have the vat @sender do something to the vat "receiver", and wait for what that one saw. */
struct bench_result bench_cluster_run(struct bench_cluster *cluster, const char *sender,
                                      enum bench_kind kind, uint64_t count, size_t size);

/* Kill the receiver while it is sent something; how long after it was back it took a message. */
int64_t bench_cluster_resume(struct bench_cluster *cluster);

/* ---- session_vat.c ---- */

/* Be one of the vats; returns the process's exit code. */
int bench_vat(const char *directory);

/* ---- session_raw.c ---- */

/* Nanoseconds that @count messages of @size take from one process to another over a plain ZeroMQ
 * DEALER and ROUTER on loopback, with CURVE or without. */
int64_t bench_raw(uint64_t count, size_t size, bool curve);

/* ---- session_memory.c ---- */

/* Bytes of the heap per session, of @count that were used, settled and have been idle since. */
size_t bench_memory(size_t count);

#endif
