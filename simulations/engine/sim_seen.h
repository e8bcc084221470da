/* What a simulation shows to whoever records it: what truly happened, when it happened, in its
 * order. A recorder changes nothing: the run is the same with one and without. */
#ifndef SIM_SEEN_H
#define SIM_SEEN_H

#include "base/ids.h"
#include "engine/sim_fault.h"
#include "wire/local.h"
#include "wire/stored.h"

struct coordinator_note_facts;

enum sim_seen_kind {
    SIM_SEEN_VAT_BEGINS, /* a process has restored what `life` says; `host`, `run`, `epoch` */
    SIM_SEEN_VAT_ENDS,   /* its process is gone; `run`, `epoch` is the open one */
    SIM_SEEN_SENDS,      /* the application of `vat` sends `id` to `peer`, in its open `epoch` */
    SIM_SEEN_TAKES,      /* the application of `vat` is handed `id` of `peer`, in its `epoch` */
    SIM_SEEN_CHECKPOINT, /* `vat` has written the checkpoint of `epoch`, which is over */
    SIM_SEEN_NOTICE,     /* `vat` is handed `notice` in its open `epoch` */
    SIM_SEEN_DECIDED,    /* `decision` is durable */
    SIM_SEEN_NOTE,       /* the coordinator logs `note` */
    SIM_SEEN_FAULT,      /* `fault` begins */
    SIM_SEEN_OVER        /* `fault` is over */
};

/* What does not apply is 0 or NULL. What is pointed to is borrowed until the call returns. */
struct sim_seen {
    enum sim_seen_kind kind;
    mn_time at; /* simulated nanoseconds since the start */
    uint32_t vat;
    uint32_t peer;
    uint32_t host;
    mn_run run;
    mn_epoch epoch;
    uint64_t id;
    const struct mn_life *life;
    const struct mn_notice *notice;
    const struct mn_journal_decision *decision;
    const struct coordinator_note_facts *note;
    const struct sim_fault *fault;
};

typedef void sim_recorder(void *context, const struct sim_seen *seen);

#endif
