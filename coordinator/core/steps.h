/* What operators say: that a plan is right, where a disk was found, that it goes on without some of
 * the keepers. */
#ifndef COORDINATOR_CORE_STEPS_H
#define COORDINATOR_CORE_STEPS_H

#include "coordinator.h"
#include "decision.h"

struct round;

/* recalls.c: an operator had it go on without some of the keepers; the newest record says so. */
void recalls_keep(struct coordinator *coordinator, const struct mn_journal_recall *recall);

/* approve.c: plans that wait for an operator. */
/* Whether the plan that was made of @take has to wait; the round takes the decision then. */
bool approve_waits(struct coordinator *coordinator, struct round *round, struct decision **take);
void approve_step(struct coordinator *coordinator, const struct coordinator_event *event);
/* Whether an operator's word may be taken at all. Answers when not. */
bool steps_allowed(struct coordinator *coordinator, const struct coordinator_event *event);
/* Answer with what was put together in @text, which is given back. */
void steps_answer(struct coordinator *coordinator, uint64_t ticket, mn_result code,
                  struct mn_text *text);
/* Put @step on record, with who says it, when and why; the answer waits for that. What lasts as
 * long as the coordinator of it; NULL after failing. */
const struct mn_journal_step *steps_record(struct coordinator *coordinator,
                                           const struct coordinator_event *event,
                                           struct mn_journal_step *step);
void approve_recorded(struct coordinator *coordinator, size_t index);
void approve_replay(struct coordinator *coordinator, const struct mn_journal_step *step);

/* adopt.c: disks that were found. */
void adopt_step(struct coordinator *coordinator, const struct coordinator_event *event);
void adopt_recorded(struct coordinator *coordinator, const struct mn_journal_step *step);
void adopt_replay(struct coordinator *coordinator, const struct mn_journal_step *step);
/* Whether what the host has of the vat's newest run may come from such a disk. */
bool adopt_found(const struct coordinator *coordinator, uint32_t vat, uint32_t host);
void adopt_forget(struct coordinator *coordinator, uint32_t vat); /* it has a new run */
void adopt_said(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
void adopt_host_lost(struct coordinator *coordinator, uint32_t host);
void adopt_tick(struct coordinator *coordinator);
/* Whether one is not over: nothing is decided meanwhile. */
bool adopt_open(const struct coordinator *coordinator);
/* The @index-th that is not over; false when there are no more. */
bool adopt_wait(const struct coordinator *coordinator, size_t index,
                struct coordinator_adoption_facts *out);

#endif
