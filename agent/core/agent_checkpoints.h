/* What the files of the agent's core say to each other of checkpoints: where they are, what is
 * durable, what may be deleted, how a report names vats. Part of agent_private.h, which has the
 * types. */
#ifndef AGENT_CORE_AGENT_CHECKPOINTS_H
#define AGENT_CORE_AGENT_CHECKPOINTS_H

#include "agent_private.h"

/* agent_files.c: the table of files. */
struct agent_file *agent_find_file(const struct agent_vat *vat, mn_epoch epoch);
struct agent_file *agent_add_file(struct agent *agent, struct agent_vat *vat, mn_epoch epoch,
                                  enum agent_file_state state);
void agent_remove_file(struct agent_vat *vat, mn_epoch epoch);
void agent_file_move(struct agent_vat *vat, struct agent_file *file, enum agent_file_state to);
/* Take over what a file says of itself, once it is whole. */
void agent_file_learn(struct agent *agent, struct agent_file *file,
                      const struct agent_file_facts *facts);
/* It is here, whole and synced: report it. */
void agent_file_arrived(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                        const struct agent_file_facts *facts);
/* What was arriving does not. If it was here before, that it went is told until that is taken. */
void agent_file_give_up(struct agent *agent, struct agent_vat *vat, struct agent_file *file);
bool agent_file_live(const struct agent_vat *vat, const struct agent_file *file);
/* The checkpoint before @epoch in the vat's history, each run having all of its numbers; 0 where
 * that is not known here. */
mn_epoch agent_epoch_before(const struct agent_vat *vat, mn_epoch epoch);
mn_run agent_newest_run(const struct agent *agent, const struct agent_vat *vat);
void agent_file_found(struct agent *agent, const struct agent_file_facts *facts);
void agent_file_found_unread(struct agent *agent, const struct agent_event *event);
bool agent_holds(const struct agent *agent); /* any checkpoint at all */
/* Whether to read back what may be damaged here: not again soon. */
bool agent_file_doubtful(const struct agent *agent, const struct agent_file *file);
/* It may be damaged here: read it back and write it anew. Only what is HERE. */
void agent_file_verify(struct agent *agent, struct agent_vat *vat, struct agent_file *file);
/* It is let go of, or set aside, by us. */
void agent_file_gone(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                     bool delete);
/* It went bad or missing on the disk: it is copied anew if it can be had. */
void agent_file_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file);
/* It could not be read: tried again, and after a few times it is no copy any more, though looked
 * at now and then. */
void agent_file_unread(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                       mn_result why);
/* It is no copy, for it cannot be read; but it is on the disk. */
bool agent_file_hidden(const struct agent_file *file);
void agent_trim_gone(struct agent *agent, struct agent_vat *vat);
/* What was lost below that, or is no part of this history any more, need say nothing. */
void agent_heard_forget(struct agent_vat *vat, mn_epoch below);

/* agent_aside.c: what died of a life that went on elsewhere. */
void agent_aside_learn(struct agent *agent, struct agent_vat *vat, const struct mn_stop *stop);
void agent_aside_advance(struct agent *agent, struct agent_vat *vat); /* if it can be done now */
void agent_set_aside(struct agent *agent, const struct agent_event *event);
void agent_aside_said(struct agent *agent, const struct agent_vat *vat, mn_run run);
void agent_aside_tick(struct agent *agent, size_t count);
void agent_aside_free(struct agent_vat *vat);

/* agent_adopt.c: a vat's checkpoints on a disk that was found. */
void agent_adopt(struct agent *agent, const struct mn_adopt *adopt);
void agent_found_listed(struct agent *agent, const struct agent_event *event);
void agent_found_taken(struct agent *agent, const struct agent_event *event);
void agent_adopt_tick(struct agent *agent, size_t count);
void agent_adopt_free(struct agent_vat *vat);

/* agent_copies.c: our vats' checkpoints at other hosts. */
bool agent_host_usable(const struct agent *agent, uint32_t host);
void agent_copies_begin(const struct agent *agent,
                        struct agent_vat *vat); /* a new life: nobody is known to hold anything */
void agent_copies_advance(struct agent *agent, struct agent_vat *vat);
/* Whether pieces of the file may go to partners: it is whole, though perhaps not synced yet. */
bool agent_copies_may_go(const struct agent_vat *vat, const struct agent_file *file);
void agent_copies_synced(const struct agent *agent, struct agent_file *file);
/* @host cannot be sent the file as it is. */
void agent_copies_later(const struct agent *agent, uint32_t host, const struct agent_vat *vat,
                        struct agent_file *file);
void agent_copies_moves(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                        struct agent_file *file);
void agent_copies_have(struct agent *agent, uint32_t host, const struct mn_copies *message);
/* The file, GONE now, went bad or missing here: have it copied anew, from a partner of our vat, or
 * by the host that sends copies of another's. Whether it arrives here from now on. */
bool agent_copies_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file);
/* The file is whole here: see whether those who are to hold it still do; of another host's vat, let
 * that know, for it forgets with its agent to whom else than its partners it has to say `Drop`. */
void agent_copies_again(struct agent *agent, const struct agent_vat *vat,
                        const struct agent_file *file);
void agent_copies_tick(struct agent *agent, size_t count);
void agent_hosts_lost(struct agent *agent, const struct mn_name *hosts, uint32_t count);

/* agent_durable.c: what is durable, the floor, and what may be deleted. */
void agent_written(struct agent *agent, struct agent_vat *vat, const struct mn_from_vat *message);
void agent_synced(struct agent *agent, const struct agent_event *event);
void agent_durable_tick(struct agent *agent, size_t count);
void agent_durable_advance(struct agent *agent, struct agent_vat *vat);
/* A file is gone that nobody let go of: what applies onto it restores nothing here any more, and
 * is no reason to let go of older ones. */
void agent_durable_lost(struct agent_vat *vat, mn_epoch epoch);
/* Whether the newest checkpoint of this history can be restored from what is here. */
bool agent_history_whole(const struct agent_vat *vat);
void agent_say_durable(struct agent *agent, const struct agent_vat *vat);
void agent_floor_advance(const struct agent *agent, struct agent_vat *vat);
/* The vat goes on from a checkpoint that may be below its floor. */
void agent_floor_lower(struct agent_vat *vat);
void agent_floor_loaded(struct agent_vat *vat, const struct mn_agent_floor *record);
/* The vat begins anew here: forget a floor that cannot be its floor now. */
void agent_floor_check(struct agent_vat *vat);
/* All files are known. Where there are none, the floor on record is all that is known of it here.
 */
void agent_floor_found(struct agent_vat *vat);
void agent_floor_recorded(struct agent *agent, struct agent_vat *vat, mn_run run, mn_epoch floor);
void agent_drop_old(struct agent *agent, struct agent_vat *vat);

/* agent_holder.c: other hosts' checkpoints here, and checkpoints fetched for a start. */
void agent_send_piece(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                      const struct agent_file *file, uint64_t offset);
void agent_copies_heard(struct agent *agent, uint32_t host, const struct mn_copies *message);
/* The host that runs the vat: the one that sent the copies of its newest run that are here; where
 * none were sent since this agent began, the one that the coordinator says of @run, or AGENT_NONE
 * while it is asked. */
uint32_t agent_holder_owner(struct agent *agent, const struct agent_vat *vat, mn_run run);
void agent_piece_written(struct agent *agent, const struct agent_event *event);
void agent_file_read(struct agent *agent, const struct agent_event *event);
void agent_say_have(struct agent *agent, uint32_t host, const struct mn_name *vat, mn_epoch epoch,
                    const struct mn_digest *digest, mn_result refused);
void agent_say_want(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                    struct agent_file *file);
void agent_holder_tick(struct agent *agent, size_t count);

/* agent_scrub.c: reading over what is here. */
void agent_scrub_tick(struct agent *agent);
/* Try at once to read the file that could not be read. */
void agent_file_again(struct agent *agent, const struct agent_vat *vat, struct agent_file *file);
/* Try again to read what could not be read, of the first @count that are looked at. */
void agent_scrub_again(struct agent *agent, size_t count);
void agent_scrub_read(struct agent *agent, const struct agent_event *event);

/* agent_fetch.c: the chain of a start. */
bool agent_chain_whole(const struct agent_vat *vat);
/* A process of it ended before it was up; or is up. */
void agent_chain_doubt(struct agent *agent, struct agent_vat *vat);
void agent_chain_trust(struct agent_vat *vat);
bool agent_chain_has(const struct agent_vat *vat, mn_epoch epoch);
void agent_fetch_advance(struct agent *agent, struct agent_vat *vat);
/* Get a GONE file of our vat back from a partner. */
void agent_fetch_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                      uint32_t host);
/* The file of @epoch comes nearer, if the start needs it. */
void agent_fetch_moves(const struct agent *agent, struct agent_vat *vat, mn_epoch epoch);
/* The file of @epoch is here, or gone: see whether the start can go on. */
void agent_fetch_changed(struct agent *agent, struct agent_vat *vat, mn_epoch epoch);
/* Give up the starts of which nothing arrives any more. */
void agent_fetch_tick(struct agent *agent, size_t count);
void agent_fetch_failed(struct agent *agent, struct agent_vat *vat, mn_epoch epoch, uint32_t host,
                        mn_result why);

/* agent_naming.c. Room for @count vats, and for what is known of them; false after failing. */
struct agent_naming {
    uint32_t *table;   /* the vats' numbers, by place */
    uint32_t *numbers; /* the same in ascending order, with their place in `table` beside */
    uint32_t *places;
    uint32_t count;
    struct mn_known *known; /* each incarnation of a vat once; by place, then incarnation */
    uint32_t known_count;
};
bool agent_naming_make(struct agent *agent, struct agent_naming *naming, size_t count,
                       size_t known);
/* The place of a vat in the message, added if it is new. */
uint32_t agent_naming_place(struct agent_naming *naming, uint32_t number);
/* What is known of vats. */
void agent_naming_know(struct agent_naming *naming, const struct agent_known *known);
/* What the message says of these places. False after failing. */
bool agent_naming_table(struct agent *agent, const struct agent_naming *naming,
                        struct mn_vat_table *table);

#endif
