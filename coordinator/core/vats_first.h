/* What agents know of the lives of vats, and vats of which nobody knows any. */
#ifndef COORDINATOR_CORE_VATS_FIRST_H
#define COORDINATOR_CORE_VATS_FIRST_H

#include "coordinator.h"

/* vats_learn.c: what agents know of their lives. */
/* Whether there is nothing in that to be learnt. */
bool vats_knows_life(const struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                     const struct mn_fork *forks, uint32_t fork_count);
void vats_learn_life(struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                     const struct mn_fork *forks, uint32_t fork_count);

/* Whether a decision that starts the vat anew is on its way into the journal. */
bool vats_decided(const struct coordinator *coordinator, uint32_t vat);
/* Whether a run of the vat can be so high; of another one nothing that is said is heard. */
bool vats_run_believed(const struct coordinator *coordinator, uint32_t vat, mn_run run);
/* Somebody speaks of this run of the vat, which is believed: the next one given out is higher. */
void vats_run_seen(struct coordinator *coordinator, uint32_t vat, mn_run run);
/* No run of the vat that was ever given out is above this, as far as anybody can know. */
mn_run vats_run_reached(const struct coordinator *coordinator, uint32_t vat);

/* vats_first.c: vats that have never run. */
void vats_first_begin(struct coordinator *coordinator);
/* This journal has forgotten, before the newest generation of it began, or before the
 * newest word of an operator: what is given out from now on is above all that can have been. */
void vats_first_found(struct coordinator *coordinator);
/* Somebody remembers more than this journal. */
void vats_first_forgotten(struct coordinator *coordinator);
/* The vat's host has nothing of it, and no run of it is known. */
void vats_first_absent(struct coordinator *coordinator, uint32_t vat);
/* That host has told all that it has: whatever has never run there may begin. */
void vats_first_told(struct coordinator *coordinator, uint32_t host);
/* Whether first starts, if any wait, wait for what that host has to say. */
bool vats_first_awaits(const struct coordinator *coordinator, uint32_t host);
void vats_first_tick(struct coordinator *coordinator);
mn_time vats_first_deadline(const struct coordinator *coordinator);
void vats_first_say(struct coordinator *coordinator, uint32_t vat); /* order it (again) */
/* Its first run is on record. */
void vats_first_start(struct coordinator *coordinator, uint32_t vat);
/* Its host is lost before it ever ran: that counts as its first run, so that a round replaces it.
 */
void vats_first_run_lost(struct coordinator *coordinator, uint32_t vat);
void vats_first_start_again(struct coordinator *coordinator);

#endif
