/* What the files of the vat's core that greet and compare share. Included by vat_private.h, after
 * what it is about. */
#ifndef VAT_CORE_VAT_HELLO_H
#define VAT_CORE_VAT_HELLO_H

#include "vat_private.h"

/* ---- strangers.c ---- */
/* Have a Greet wait until the agent has said of its speaker, with which there is no session, that
 * there is such a vat. False: there is no room, and it greets again. */
bool stranger_park(struct vat *vat, mn_time now, const struct vat_event *event,
                   struct vat_effects *effects);

/* A session for the one of whom @message speaks, if its Greet waits for that and fits it; *parked
 * is then that Greet, the caller's to free. NULL if not. */
struct vat_session *stranger_admit(struct vat *vat, const struct mn_to_vat *message,
                                   struct vat_parked **parked, struct vat_effects *effects);

/* ---- forgot.c ---- */
/* Whether a peer that has taken @taken of what this vat sent, the last in @epoch of this vat, and
 * has agreed with incarnation @known of it, remembers more of this vat than it does itself. */
bool forgot_sent(const struct vat *vat, const struct vat_session *session, uint64_t taken,
                 mn_epoch epoch, uint32_t known);

/* This vat has forgotten what the peer, which runs as @run, has taken of it up to @epoch. */
void forgot_sent_found(struct vat *vat, struct vat_session *session, mn_run run, mn_epoch epoch,
                       struct vat_effects *effects);

/* It has forgotten what it had taken of the peer and told it to be durable in @epoch. */
void forgot_taken_found(const struct vat *vat, struct vat_session *session, mn_run run,
                        mn_epoch epoch, struct vat_effects *effects);

/* The peer, which runs as @run, has forgotten something of which this vat knows. */
void forgot_by_peer(const struct vat *vat, struct vat_session *session, mn_run run,
                    struct vat_effects *effects);

/* The two remember the same of what this vat sent, of which the peer has taken @taken. */
void forgot_nothing(const struct vat *vat, struct vat_session *session, uint64_t taken,
                    struct vat_effects *effects);

/* Begin this incarnation at a lower number for a peer that knows only @known, where it is seen by
 * @taken and @epoch that more was given anew of what it has than the base says. */
void forgot_anew(const struct vat *vat, struct vat_session *session, uint64_t taken, mn_epoch epoch,
                 uint32_t known, struct vat_effects *effects);

/* What is to be said of @session in a greeting. */
void forgot_unsure(const struct vat *vat, const struct vat_session *session, struct mn_unsure *out);

/* The newest epoch of the peer, up to @epoch, that is part of its history; 0: not known. */
mn_epoch forgot_living(const struct mn_unsure *unsure, mn_epoch epoch);

/* The first number that the peer has given anew, of those taken up to @epoch of it; UINT64_MAX. */
uint64_t forgot_limit(const struct mn_unsure *unsure, mn_epoch epoch);

/* Whether that cannot be said, for @epoch is older than the forks that are named. */
bool forgot_unclear(const struct mn_unsure *unsure, mn_epoch epoch);

/* ---- hello.c ---- */

/* A Greet for this vat. */
void inbound_on_greet(struct vat *vat, mn_time now, const struct vat_event *event,
                      struct vat_effects *effects);

/* Look again at a Greet that waits. */
void inbound_unpark(struct vat *vat, mn_time now, struct vat_session *session,
                    struct vat_effects *effects);

/* Do not believe the speaker, and tell the agent: @newest is a higher run of that vat. */
void inbound_refuse(struct vat *vat, const struct vat_event *event, mn_run newest,
                    struct vat_effects *effects);

/* What a peer says of both directions when it begins a new incarnation. */
struct vat_numbers {
    uint32_t incarnation;
    const struct mn_fork *fork; /* that it began with */
    const struct mn_bases *bases;
    const struct mn_gaps *gaps;
    const struct mn_unsure *unsure;
    uint64_t oldest;
    mn_epoch durable;
    uint64_t taken_of_me; /* as session_shared has it */
};

/* Agree with a peer that has forgotten, and whose round is applied here. */
void session_agree(struct vat *vat, struct vat_session *session, const struct vat_numbers *numbers,
                   struct vat_effects *effects);

/* The lowest incarnation that @session's peer may have. */
uint32_t session_incarnation_min(const struct vat_session *session);

/* The first number that nobody can have been sent yet. */
uint64_t session_unsent(const struct vat *vat, const struct vat_session *session);

/* What of @taken messages of this vat the peer shares, which has agreed with incarnation @known of
 * it: the others are of an epoch that died, and it will take them back. */
uint64_t session_shared(const struct vat_session *session, uint64_t taken, uint32_t known);

/* Note that the peer has agreed with incarnation @known of this vat. */
void session_agreed(const struct vat *vat, struct vat_session *session, uint32_t known);

/* Whether @message can be of some run of its vat: each incarnation begins with a run of its own. */
bool incarnation_valid(const struct mn_session *message);

/* Have a Greet wait in @parked. */
void inbound_copy(struct vat_parked *parked, const struct vat_event *event);

/* Report, once while it lasts, that the numbers of the two do not fit. @why is the second half of
 * a sentence. */
void session_trouble(const struct vat *vat, struct vat_session *session, const char *why,
                     struct vat_effects *effects);

/* The fork that a life's incarnation began with: the newest at which somebody saw what died; next
 * 0: not known. One that is too old for that is none: whoever gave the incarnation out did not know
 * it. */
struct mn_fork forgot_fork(const struct mn_life *life);

/* ---- gaps.c ---- */

/* Whether what is missing below @oldest is what this vat has forgotten: a peer lets go of nothing
 * above its floor, and since its newest incarnation it has taken nothing. */
bool gap_excused(const struct vat_session *session, uint64_t oldest);

/* The peer keeps nothing below @oldest: what is missing is a gap, and it goes on after that. What
 * is missing had been let go of in @epoch of the peer or before, or withdrawn in it. */
void gap_skip(const struct vat *vat, struct vat_session *session, uint64_t oldest, mn_epoch epoch,
              struct vat_effects *effects);

/* What a peer that this vat agrees with says it goes on without, of those messages up to @taken
 * that both know of. */
void gaps_hear(struct vat_session *session, const struct mn_gaps *gaps, uint64_t taken,
               struct vat_effects *effects);

/* The same from one that is agreed with anew; @known is the incarnation that was agreed with. */
void gaps_agree(struct vat_session *session, const struct vat_numbers *numbers, uint32_t known,
                struct vat_effects *effects);

/* Bases and gaps as a message has them. */
struct mn_bases session_bases(const struct vat_session *session);
struct mn_gaps session_gaps(const struct vat_session *session);

/* Go on after @last, which nobody keeps: the numbers up to it that were not taken are a gap that
 * @incarnation of this vat found. False when memory ran out. */
bool session_skip(struct vat_session *session, uint64_t last, uint32_t incarnation);

#endif
