/* What a run was, as it was seen: every vat's epochs and lives, the rounds, what each restored vat
 * lost, notices, messages while they are few, and what went wrong. Facts and report are made of
 * it. Times are simulated nanoseconds since the start; 0 of what has not come. */
#ifndef SCENARIO_RECORD_H
#define SCENARIO_RECORD_H

#include "engine/sim.h"
#include "scenario/facts.h"

enum {
    RECORD_MESSAGE_COUNT_MAX = 400000,
    RECORD_MESSAGE_VAT_COUNT_MAX = 200, /* of larger clusters no single messages are kept */
    RECORD_EVENT_COUNT_MAX = 4000,
    RECORD_NOTICE_COUNT_MAX = 1000000,
    RECORD_TEXT_SIZE = 160
};

/* An epoch of a vat, from its beginning to its checkpoint or the vat's end. */
struct record_epoch {
    mn_epoch epoch;
    mn_time began;
    mn_time ended;
    uint32_t sent;
    uint32_t taken;
    bool checkpointed;
    uint64_t died; /* the round in whose decision it died; 0: it lives */
};

/* From one start of a vat to its end. */
struct record_life {
    mn_run run;
    uint32_t host;
    mn_epoch keep;
    mn_time began;
    mn_time ended;
};

struct record_vat {
    struct record_epoch *epochs;
    size_t epoch_count;
    size_t epoch_capacity;
    struct record_life *lives;
    size_t life_count;
    size_t life_capacity;
    mn_run run;    /* the newest that began or that a decision gave out */
    bool running;  /* its newest life has a process */
    uint32_t loss; /* of the newest decision that restores it, plus one; 0: none */
};

/* What a restored vat lost. */
struct record_loss {
    uint64_t round;
    uint32_t vat;
    enum mn_outcome outcome;
    mn_epoch keep;
    mn_time kept_at;  /* when the kept epoch ended */
    mn_time ended_at; /* when its process ended; of a running one when that was decided */
    mn_time back_at;
    bool was_running; /* its process had not died before the round began */
    uint64_t epochs;  /* checkpointed ones that died */
    uint64_t open;    /* others that died */
    uint64_t sent;    /* in them */
    uint64_t taken;
};

struct record_round {
    uint64_t round;
    mn_time fault_at;    /* the newest before it began */
    mn_time first_death; /* of the vats that it restores; where none had died, that fault */
    mn_time begun_at;
    mn_time decided_at;
    mn_time restored_at;
    mn_time told_at;
    uint32_t attempts;
    uint32_t restored;
    uint32_t told;
    uint64_t notices;
};

struct record_notice {
    mn_time at;
    uint32_t vat;
    uint32_t peer;
    mn_epoch epoch;
    uint32_t incarnation;
    mn_epoch kept;
    bool reset;
    bool heard; /* it kept something of what the peer forgot */
};

struct record_message {
    mn_time sent_at;
    mn_time taken_at;
    mn_epoch epoch;
    mn_epoch taken_epoch;
    uint32_t sender;
    uint32_t receiver;
};

enum record_event_kind { RECORD_FAULT, RECORD_OVER, RECORD_SAID };

struct record_event {
    mn_time at;
    enum record_event_kind kind;
    char text[RECORD_TEXT_SIZE];
};

struct record {
    uint32_t vat_count;
    uint32_t host_count;
    struct record_vat *vats;
    struct record_loss *losses;
    size_t loss_count;
    size_t loss_capacity;
    struct record_round *rounds;
    size_t round_count;
    size_t round_capacity;
    struct record_notice *notices;
    size_t notice_count;
    size_t notice_capacity;
    struct record_message *messages; /* by id - 1 */
    size_t message_count;
    size_t message_capacity;
    struct record_event *events;
    size_t event_count;
    size_t event_capacity;
    int64_t counts[FACT_COUNT];    /* what is counted as it happens */
    mn_time fault_at;              /* the newest */
    void (*progress)(mn_time now); /* called now and then; NULL: nobody wants to know */
    mn_time progress_at;
};

void record_init(struct record *record, uint32_t host_count, uint32_t vat_count);
void record_deinit(struct record *record);

/* The recorder for sim_record_to. @context is the record. */
void record_see(void *context, const struct sim_seen *seen);

/* The numbers of the run that gave @result. */
void record_facts(const struct record *record, const struct sim_result *result, int64_t seed,
                  struct facts *facts);

/* How long, in whole milliseconds; FACT_NONE when either has not come. */
int64_t record_ms(mn_time from, mn_time to);

#endif
