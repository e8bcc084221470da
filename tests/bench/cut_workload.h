/* A made cluster for the benchmark of the cut: who talks to whom, and when.
 *
 * Time runs in ticks; an epoch of a vat is as many ticks as there are vats, and each vat begins its
 * epochs at a tick of its own, its rank. So reports come one a tick, in the order of the ranks,
 * which is a random one. In each epoch a vat receives at random ticks from random peers. From an
 * early sender it hears the epoch that the sender is in at that tick, from a held one the epoch
 * before that, whose checkpoint has just become durable. */
#ifndef TESTS_BENCH_CUT_WORKLOAD_H
#define TESTS_BENCH_CUT_WORKLOAD_H

#include "core/ledger.h"

struct workload {
    uint32_t vats;
    uint32_t epochs; /* reported checkpoints a vat */
    uint32_t heard;  /* entries a report */
    bool early;
    bool clustered; /* vats talk mostly to those of their host and rack; whole racks are lost */
    double lose;    /* percent of the vats */
    uint64_t seed;
    mn_epoch limit; /* of every vat */

    uint32_t hosts;
    uint32_t racks;
    uint32_t *vat_of_rank;
    uint32_t *rank_of_vat;
    bool *lost; /* by host */
    uint32_t lost_vats;
};

enum {
    /* Epochs begin here, so that all that is heard is an epoch. */
    WORKLOAD_EPOCH_FIRST = 3,
    WORKLOAD_HEARD_MAX = 1024
};

/* Make it from the numbers above; asserts that there is memory. */
void workload_init(struct workload *workload);
void workload_deinit(struct workload *workload);

uint32_t workload_host(const struct workload *workload, uint32_t vat);
uint32_t workload_rack(const struct workload *workload, uint32_t host);

/* The epoch that all vats are in at the end; it is not reported, but may have been heard. */
uint32_t workload_epoch_last(const struct workload *workload);

/* Whether a checkpoint has copies besides the one on its vat's host. Of the newest ones, one in 64
 * has not been copied yet. */
bool workload_is_copied(const struct workload *workload, uint32_t vat, uint32_t epoch);

/* The last epoch that is left of a vat by itself, workload_epoch_last when it runs on; 0 for none.
 */
uint32_t workload_survives(const struct workload *workload, uint32_t vat);

/* The peers and epoch counts heard in the report of rank @rank in its epoch @epoch. */
void workload_report(const struct workload *workload, uint32_t rank, uint32_t epoch,
                     struct evidence_heard *heard);

/* Seconds of a clock that only goes forward, for differences. */
double workload_now(void);

#endif
