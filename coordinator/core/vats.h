/* Vats: which run of each is meant, where, and whether it lives; what is known of former lives. */
#ifndef COORDINATOR_CORE_VATS_H
#define COORDINATOR_CORE_VATS_H

#include "coordinator.h"

/* vats.c: which run of each vat is meant, and whether it lives. */
void vats_said(struct coordinator *coordinator, uint32_t host, const struct mn_vat_status *status,
               const char *reason);
/* Not mentioned in its host's hello: the host has nothing of it. */
void vats_absent(struct coordinator *coordinator, uint32_t vat);
void vats_lose(struct coordinator *coordinator, uint32_t vat, const char *text);
/* The host has another disk than before, or an older one: what was started there is gone. */
void vats_disk(struct coordinator *coordinator, uint32_t host);
/* No longer lost: it is restored by a decision, or was never gone. */
void vats_unlose(struct coordinator *coordinator, uint32_t vat);
/* A freeze that names its run is on record: it has to be replaced. */
void vats_fence(struct coordinator *coordinator, uint32_t vat);
/* Somebody, by the word of @host, knows of these lives of the vat, in their order: its checkpoints,
 * or peers that had to do with it. */
void vats_lives_seen(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                     const struct mn_known *known, uint32_t count);
/* A generation begins: what it decides of the runs that there are, it decides by hearsay. */
void vats_inherit(struct coordinator *coordinator);
/* It has forgotten what it had called durable: a round is to give it a new incarnation. */
void vats_forgot(struct coordinator *coordinator, uint32_t vat);
/* Whether the epoch died when the vat went on from an older checkpoint. */
bool vats_epoch_dead(const struct coordinator *coordinator, uint32_t vat, mn_epoch epoch);
/* Begin with every vat where the topology places it. */
void vats_place_all(struct coordinator *coordinator);
void vats_place(struct coordinator *coordinator, uint32_t vat, uint32_t host);
/* Whether its run is meant for the life that its host's disk has, or was found there in that. */
bool vats_on_disk(const struct coordinator *coordinator, uint32_t vat);
/* The journal says that it was given this run, there. */
void vats_recorded(struct coordinator *coordinator, uint32_t vat, mn_run run, uint32_t host);
/* A decision gives the vat this run, on @host. */
void vats_begin_run(struct coordinator *coordinator, uint32_t vat, uint32_t host,
                    const struct mn_start *start);
void vats_note(struct coordinator *coordinator, enum coordinator_note note, uint32_t vat,
               mn_run run, const char *text);
void vats_set_run(struct coordinator *coordinator, uint32_t vat, mn_run run);

/* vats_learn.c: what agents know of their lives. */
/* Whether there is nothing in that to be learnt. */
bool vats_knows_life(const struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                     const struct mn_fork *forks, uint32_t fork_count);
/* Whether nothing that lives by the lineage at hand died at that fork; false also of none. */
bool vats_fork_fits(const struct coordinator *coordinator, uint32_t vat,
                    const struct mn_fork *fork);
/* The vat has applied the decision of @round. */
void vats_applied(struct coordinator *coordinator, uint32_t vat, uint64_t round);
/* What died at forks that only others remember was weighed with whoever has applied that round. */
void vats_settle_learnt(struct coordinator *coordinator);
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

/* aside.c: former lives. */
void aside_said(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                const struct mn_vat_status *status);
/* Whether a life that was stopped is still to be set aside, and it is known what died of it. */
bool aside_owed(const struct coordinator *coordinator, uint32_t vat,
                const struct mn_vat_status *status);
void aside_host_anew(struct coordinator *coordinator, uint32_t host); /* its hello says all again */
void aside_stop(struct coordinator *coordinator, uint32_t host, uint32_t vat, mn_run run);

/* rests.c: vats whose processes end over and over. */
/* The process of the run that is meant has ended: before vats_lose. */
void rests_ended(struct coordinator *coordinator, uint32_t vat);
/* There is a checkpoint of that run. */
void rests_saved(struct coordinator *coordinator, uint32_t vat, mn_run run);
/* It rests no longer. */
void rests_end(struct coordinator *coordinator, uint32_t vat);
void rests_tick(struct coordinator *coordinator);
mn_time rests_deadline(const struct coordinator *coordinator);

#endif
