/* What the bytes of the ledger's harness are played on: a ledger and its model in a small world,
 * whose places and vats the first bytes make. Domains are called d0, d1 and so on, hosts h0, stores
 * s0, vats v0. */
#ifndef TESTS_LEDGER_PLAY_H
#define TESTS_LEDGER_PLAY_H

#include "core/ledger.h"
#include "ledger_model.h"

struct play {
    const uint8_t *bytes;
    size_t size;
    bool show;
    struct ledger *ledger;
    struct evidence *held; /* the ledger's document after the last call */
    struct model model;
    uint32_t domain_count;
    uint32_t host_count;
    uint32_t store_count;
};

/* A number below @bound from the next byte; 0 at the end. */
uint32_t play_take(struct play *play, uint32_t bound);

/* An epoch from 0, which is none, to MODEL_EPOCH_COUNT - 1. */
mn_epoch play_take_epoch(struct play *play);

/* Print what is going to be called, when that is wanted. */
void play_show(const struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void play_show_heard(const struct play *play, const struct evidence_heard *heard, size_t count);

/* Add the places and vats to the ledger and the model. */
void play_make_world(struct play *play);

#endif
