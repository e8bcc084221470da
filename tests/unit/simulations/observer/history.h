/* Invented histories for the observer's tests: a small cluster of which everything is as the test
 * says, and decisions that follow from whatever evidence it makes up.
 *
 * Hosts h1, h2, h3, each in a domain of its own, have vats a, b, c, all up as run 1 in epoch 1.1;
 * two copies of the newest checkpoint are to be kept. Epochs are written RUN.COUNT in evidence. */
#ifndef TESTS_OBSERVER_HISTORY_H
#define TESTS_OBSERVER_HISTORY_H

#include "observer/observer.h"

enum { HISTORY_HOST_COUNT = 3, A = 0, B = 1, C = 2 };

/* Hosts as bits. */
enum { H1 = 1, H2 = 2, H3 = 4 };

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

struct history_vat {
    mn_run run;
    uint32_t incarnation;
    uint32_t count; /* of the open epoch */
    mn_epoch keep;
    enum mn_outcome outcome;
    uint64_t process; /* 0: none */
};

struct history {
    struct topology *topology;
    struct observer *observer;
    struct observer_host hosts[HISTORY_HOST_COUNT];
    struct history_vat vats[HISTORY_HOST_COUNT];
    const char *listed; /* of evidence: the vats */
    mn_time now;
    uint64_t sequence;
    uint64_t generation;
    uint64_t message; /* the newest */
    uint64_t process;
    uint64_t round;

    /* The decision that history_prepare has made, and its evidence; history_give hands them over.
     */
    struct mn_journal_record record;
    struct mn_text evidence;
    struct mn_text answer;
    struct mn_arena memory;
};

/* @more: further lines of the topology. */
void history_open_more(struct history *history, const char *more);
void history_open(struct history *history);
void history_close(struct history *history);

/* What comes now comes at that time. */
void history_at(struct history *history, mn_time ms);

/* That the observer has found exactly this; or nothing. */
void history_broken(const struct history *history, const char *text);
void history_fine(const struct history *history);

/* The vat's process, in its open epoch. */
struct observer_actor history_actor(const struct history *history, uint32_t vat);

/* A record of that kind is in force. */
void history_record(struct history *history, const struct mn_journal_record *record);

/* A new coordinator. */
void history_generation(struct history *history);

/* One message, sent in the open epoch; its id. */
uint64_t history_sends(struct history *history, uint32_t vat, uint32_t peer);
void history_takes(struct history *history, uint32_t vat, uint32_t peer, uint64_t id);

/* The open epoch ends with a checkpoint onto that epoch of the same run (0: a full one), of which
 * copies are on these hosts. It is durable unless there is none. The epoch. */
mn_epoch history_checkpoint(struct history *history, uint32_t vat, uint32_t onto, unsigned hosts);

/* The vat's process ends, or that of its newest run begins where the record says, with @state, the
 * digest of the state that checkpoint has; see history_state. */
void history_ends(struct history *history, uint32_t vat);
void history_begins(struct history *history, uint32_t vat, uint64_t state);
uint64_t history_state(uint32_t vat, mn_epoch epoch);

/* Host h1 is gone from now on, and the process of a with it. */
void history_loses_h1(struct history *history);

/* Make the decision that follows from evidence with these @rows ("checkpoints: [...], open: [...]")
 * in which those hosts and those vats ("a, b") are lost (NULL: none), for the next round. */
void history_prepare(struct history *history, const char *host, const char *vat, const char *rows);
/* The decision, and its answer unless that is empty. */
void history_give(struct history *history);
/* The round is over. */
void history_done(struct history *history);
void history_decides(struct history *history, const char *host, const char *vat, const char *rows);

/* What the prepared decision says of the vat. */
struct mn_journal_start *history_start(struct history *history, const char *vat);

#endif
