/* What the files of the engine call of each other; sim_parts.h says which file is for what. */
#ifndef SIM_PRIVATE_H
#define SIM_PRIVATE_H

#include "engine/sim_parts.h"

/* sim.c */
void sim_fail(struct sim *sim, const char *guarantee, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Take note of something in the trace: what it is, who did it, and two numbers. */
void sim_note(struct sim *sim, const char *what, uint32_t who, uint64_t a, uint64_t b);
/* Show it to the recorder, if there is one. */
void sim_show(const struct sim *sim, struct sim_seen seen);
/* The same of a vat's process, whose vat, run, open epoch and host are filled in. */
void sim_show_vat(const struct sim *sim, const struct sim_process *process, struct sim_seen seen);
static inline void sim_count(struct sim *sim, enum sim_sometimes which)
{
    sim->result.sometimes[which] += 1;
}

/* sim_operator.c */
void sim_operator_begin(struct sim *sim);
void sim_operator_looks(struct sim *sim);
/* sim_keepers.c: keepers that are replaced. */
/* The keepers, and those that are to be while one is being replaced: the topology's numbers. */
struct sim_keepers {
    bool recorded; /* a record says so, and not the topology */
    uint32_t hosts[2][MN_KEEPER_COUNT_MAX];
    size_t counts[2];
};
void sim_keepers_of(struct sim *sim, const struct sim_journal *journal, struct sim_keepers *out);
/* An operator wants the @keeper-th of them replaced by @host. */
void sim_replace_keeper(struct sim *sim, uint32_t keeper, uint32_t host);
bool sim_keeper_stays(struct sim *sim, const struct sim_fault *fault); /* whether that is over */
void sim_operator_replaces(struct sim *sim, struct sim_process *process);
/* Have the topology name the keepers that are in force. False: it does. */
bool sim_keepers_corrected(struct sim *sim);

/* Have one look at a coordinator that is in trouble with its keepers, in a while. */
void sim_operator_later(struct sim *sim, struct sim_process *process);
void sim_operator_looks_at(struct sim *sim, struct sim_process *process);

/* sim_found.c */
/* The machine is about to be lost with its disk. */
void sim_found_keep(struct sim *sim, uint32_t machine);
void sim_found_listed(struct sim *sim, struct sim_process *process, const struct sim_job *job);
bool sim_found_take(struct sim *sim, uint32_t machine, const struct sim_job *job,
                    struct agent_file_facts *facts, enum mn_passed_why *why);
void sim_found_taken(struct sim *sim, struct sim_process *process, const struct sim_job *job);
/* Whether the operator has a disk adopted now. */
bool sim_found_adopts(struct sim *sim, struct sim_process *process);
void sim_found_answered(struct sim *sim, const struct coordinator_effect *effect);
void sim_found_kept(struct sim *sim, uint32_t vat, mn_epoch keep);

/* sim_events.c */
void sim_at(struct sim *sim, mn_time at, enum sim_event_kind kind,
            const struct sim_process *process, uint64_t number, void *data);
void sim_push(struct sim *sim, const struct sim_event *event);
/* Take the next event; false when there is none up to @until. */
bool sim_pop(struct sim *sim, mn_time until, struct sim_event *event);
void sim_events_deinit(struct sim *sim);
void sim_event_free(struct sim_event *event);
/* A new process on a machine; never fails. */
struct sim_process *sim_process_new(struct sim *sim, enum sim_role role, uint32_t machine);
/* The process of that slot if it is still the same one; NULL otherwise. */
static inline struct sim_process *sim_process_at(const struct sim *sim, uint32_t slot,
                                                 uint64_t instance)
{
    if (slot >= sim->process_count || sim->processes[slot] == NULL ||
        sim->processes[slot]->instance != instance) {
        return NULL;
    }
    return sim->processes[slot];
}

/* Its connections end, its port is free, its slot too. */
void sim_process_free(struct sim *sim, struct sim_process *process);
/* What its machine's clock shows: at the beginning it is the first of July 2026. */
mn_time sim_clock(struct sim *sim, struct sim_process *process);
void sim_clock_skew(struct sim *sim, uint32_t machine, mn_time by);
/* Have a timer come when the process's clock shows @deadline. */
void sim_timer(struct sim *sim, struct sim_process *process, mn_time deadline);
void sim_pause(struct sim *sim, struct sim_process *process, mn_time until);
/* Whether the event has to wait until the process goes on; it has been put aside then. */
bool sim_missed(struct sim *sim, struct sim_process *process, const struct sim_event *event);
/* Whether the process may carry out one more effect. */
bool sim_effect_allowed(struct sim *sim, struct sim_process *process);

/* sim_messages.c */
/* A message of two frames; the rest of it is zero. It is a block of its own, which free() may have
 * too. */
struct sim_message *sim_message_new(struct sim *sim, const struct mn_buffer *first,
                                    const void *second, size_t second_size);
/* It is not needed any more. */
void sim_message_done(struct sim *sim, struct sim_message *message);
void sim_messages_deinit(struct sim *sim);

/* What has @carried as its `copy_of` has bytes of a checkpoint of the vat before @copy_of on their
 * way to a disk: the observer knows, until what carries them is done with. 0: of no vat. */
void sim_copy_leaves(struct sim *sim, uint32_t copy_of, uint32_t *carried);
void sim_copy_arrives(struct sim *sim, uint32_t copy_of);

/* sim_net.c */
uint32_t sim_link_open(struct sim *sim, enum sim_link_kind kind, struct sim_process *client,
                       uint32_t machine, uint32_t port, mn_time age_max, uint32_t backoff_ms);
void sim_link_close(struct sim *sim, uint32_t link);
/* Send on it, to the other end. @connection: for the end that listens; 0 for the one that
 * connected. NULL: it cannot be sent and does not wait either. */
struct sim_message *sim_send(struct sim *sim, uint32_t link, uint64_t connection,
                             const struct mn_buffer *first, const void *second, size_t second_size);
void sim_link_try(struct sim *sim, uint32_t link, uint64_t serial);
void sim_link_broken(struct sim *sim, uint32_t link, uint64_t connection, bool only_held_up);
/* Break all connections of a machine to others, with what is under way. */
void sim_reset(struct sim *sim, uint32_t machine);
/* The machine is back, and knows nothing of the connections that it had. */
void sim_net_machine_back(struct sim *sim, uint32_t machine);
void sim_arrived(struct sim *sim, struct sim_message *message);
/* All that cuts hold up and no cut holds up any more goes on. */
void sim_net_release(struct sim *sim);
void sim_net_deinit(struct sim *sim);
/* Listen at @port, or at any when it is 0. */
void sim_port_take(struct sim *sim, struct sim_process *process, uint32_t port);
/* It listens no more. */
void sim_port_give(struct sim *sim, const struct sim_process *process);
/* Who listens there, or SIM_NOBODY. */
uint32_t sim_port_find(const struct sim *sim, uint32_t machine, uint32_t port);
void sim_ends_on_exit(struct sim *sim, struct sim_process *process);

/* sim_path.c */
bool sim_path(const struct sim *sim, uint32_t from, uint32_t to);
void sim_cut(struct sim *sim, const struct sim_cut *cut);
void sim_heal(struct sim *sim, uint64_t fault);
mn_time sim_latency(struct sim *sim, uint32_t from, uint32_t to, size_t size);
void sim_endpoint(const struct sim *sim, uint32_t machine, uint32_t port, struct mn_endpoint *out);
bool sim_endpoint_parse(const struct sim *sim, const char *text, uint32_t *machine, uint32_t *port);
struct observer_host sim_observe_host(const void *context, uint32_t host);
/* The host's agent or its path to the coordinator has changed. */
void sim_disturb(struct sim *sim, uint32_t host);

/* sim_disk.c */
struct sim_bytes *sim_bytes_new(const void *bytes, size_t size);
void sim_bytes_free(struct sim_bytes *bytes);
struct sim_store *sim_store(struct sim *sim, uint32_t machine, uint32_t vat);
struct sim_store *sim_store_in(struct sim_disk *disk, uint32_t vat);
void sim_store_deinit(struct sim_store *store);
struct sim_file *sim_file_find(struct sim_store *store, mn_epoch epoch);
struct sim_file *sim_file_add(struct sim_store *store, mn_epoch epoch,
                              struct sim_bytes *take_bytes);
void sim_file_remove(struct sim *sim, uint32_t machine, struct sim_store *store, mn_epoch epoch,
                     enum observer_copy_change change);
/* The file is whole: the observer may count on it, once it is synced. */
/* Reading it fails from now on, or does not any more: whoever gave it up learns of that by reading,
 * and then it is a copy again. */
void sim_file_unread(struct sim *sim, uint32_t machine, struct sim_store *store,
                     struct sim_file *file, bool unread);
void sim_file_tell(struct sim *sim, uint32_t machine, const struct sim_store *store,
                   struct sim_file *file);
/* Keep the file in a place of its own, where nobody looks for it; and, with @move, no more in this.
 */
void sim_file_aside(struct sim *sim, uint32_t machine, struct sim_store *store, mn_epoch epoch,
                    bool move);
struct sim_part *sim_part(struct sim_store *store, mn_epoch epoch);
void sim_part_remove(struct sim_store *store, mn_epoch epoch);
void sim_record_put(struct sim_disk *disk, const char *key, const void *bytes, size_t size);
/* The @index-th record whose key is not below @key; NULL when there is none. */
const struct sim_record *sim_record_from(const struct sim_disk *disk, const char *key,
                                         size_t index);
void sim_record_forget(struct sim_disk *disk, const char *key);
/* What a power cut leaves. */
void sim_disk_cut(struct sim *sim, uint32_t machine);
void sim_disk_lose(struct sim *sim, uint32_t machine);
void sim_disk_deinit(struct sim_disk *disk);
mn_time sim_disk_time(struct sim *sim, uint32_t machine);
/* The observer counts on no copy of that store, or of any there, any more. */
void sim_store_untell(struct sim *sim, uint32_t machine, struct sim_store *store);
void sim_disk_untell(struct sim *sim, uint32_t machine);

/* sim_backup.c */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);
/* The records of @with in place of those of @disk, whose files stay. */
void sim_records_replace(struct sim_disk *disk, const struct sim_disk *with);
/* Put the backup in place of the disk. */
void sim_disk_old(struct sim *sim, uint32_t machine);
/* The same, and the disk is put by; and that one in place of the one that there is now. */
void sim_disk_swap(struct sim *sim, uint32_t machine);
void sim_disk_swap_back(struct sim *sim, uint32_t machine);
/* Copy the vat's store on its host; and put that copy, which must exist, in place of what the
 * same host has of it now. */
void sim_vat_backup(struct sim *sim, uint32_t vat);
void sim_vat_old(struct sim *sim, uint32_t vat);

/* sim_jobs.c */
struct sim_job *sim_job_new(enum sim_job_kind kind, const void *bytes, size_t size);
void sim_job_free(struct sim *sim, struct sim_job *job);
void sim_jobs_init(struct sim_jobs *jobs);
void sim_jobs_add(struct sim_jobs *jobs, struct sim_job *job);
void sim_jobs_deinit(struct sim *sim, struct sim_jobs *jobs);
void sim_jobs_go_on(struct sim *sim, struct sim_process *process);
void sim_jobs_done(struct sim *sim, struct sim_process *process);
/* The agent dies: what is at hand may be done or not. */
void sim_jobs_abandon(struct sim *sim, struct sim_process *process);

/* sim_files.c: a checkpoint as bytes that speak for themselves. */
struct sim_bytes *sim_checkpoint_write(struct sim *sim, const struct vat_checkpoint *checkpoint,
                                       struct mn_checkpoint_identity *identity);
/* MN_CORRUPT when the digest is not that of the bytes. */
mn_result sim_checkpoint_facts(const unsigned char *bytes, size_t size, struct mn_arena *arena,
                               struct agent_file_facts *facts) MN_CHECKED;
mn_result sim_checkpoint_restore(struct vat *vat, const struct sim_bytes *bytes) MN_CHECKED;

/* sim_agent.c */
void sim_agent_start(struct sim *sim, uint32_t host);
void sim_agent_step(struct sim *sim, struct sim_process *process, const struct agent_event *event);
void sim_agent_message(struct sim *sim, struct sim_process *process,
                       const struct sim_message *message);
void sim_agent_timer(struct sim *sim, struct sim_process *process);
void sim_agent_probed(struct sim *sim, struct sim_process *process, struct sim_probe *probe);
void sim_agent_exited(struct sim *sim, struct sim_process *process, const struct sim_watch *watch);
void sim_agent_free(struct sim *sim, struct sim_process *process);
void sim_agent_send_copies(struct sim *sim, struct sim_process *process, uint32_t host,
                           const struct mn_copies *message);
/* sim_agent_effects.c */
void sim_agent_send_up(struct sim *sim, const struct sim_agent *agent, const struct mn_up *up);
void sim_agent_carry_out(struct sim *sim, struct sim_process *process,
                         const struct agent_effect *effect);

/* sim_vat.c */
struct sim_process *sim_vat_new(struct sim *sim, uint32_t host, uint32_t vat);
void sim_vat_release(struct sim *sim, struct sim_process *process);
void sim_vat_go_on(struct sim *sim, struct sim_process *process);
void sim_vat_step(struct sim *sim, struct sim_process *process, const struct vat_event *event);
void sim_vat_message(struct sim *sim, struct sim_process *process,
                     const struct sim_message *message);
void sim_vat_timer(struct sim *sim, struct sim_process *process);
void sim_vat_connected(struct sim *sim, struct sim_process *process);
void sim_vat_free(struct sim *sim, struct sim_process *process);
struct observer_actor sim_vat_actor(const struct sim_process *process);
/* It ends: its agent learns of it, if it watches. */
void sim_vat_exit(struct sim *sim, struct sim_process *process, const char *reason);
/* sim_vat_effects.c */
void sim_vat_carry_out(struct sim *sim, struct sim_process *process,
                       const struct vat_effect *effect);

/* sim_bank.c */
void sim_bank_turn(struct sim *sim, struct sim_process *process);
void sim_bank_handed(struct sim *sim, struct sim_process *process,
                     const struct vat_delivery *delivery);
uint64_t sim_bank_digest(const struct sim_process *process);
/* Send one transfer. */
void sim_bank_send(struct sim *sim, struct sim_process *process, uint32_t peer);
/* The number of the vat of that name: "v7" is 7. */
uint32_t sim_vat_number(const struct sim *sim, const struct mn_name *name);

/* sim_leases.c: what some vats do to the world outside. In a turn of its own; after a step. */
void sim_lease_turn(struct sim *sim, struct sim_process *process);
void sim_lease_see(struct sim *sim, struct sim_process *process);

/* sim_coordinator.c */
void sim_coordinator_start(struct sim *sim);
void sim_coordinator_message(struct sim *sim, struct sim_process *process,
                             const struct sim_message *message);
void sim_coordinator_timer(struct sim *sim, struct sim_process *process);
void sim_coordinator_free(struct sim *sim, struct sim_process *process);
/* Hand a core an event. */
void sim_coordinator_keep(struct sim *sim, struct sim_process *process,
                          const struct keeping_event *event);
/* The same with one about a record of the own journal: of one that keeping reads it is told what
 * that says. */
void sim_coordinator_keep_record(struct sim *sim, struct sim_process *process,
                                 struct keeping_event *event, const struct sim_entry *entry);
void sim_coordinator_step(struct sim *sim, struct sim_process *process,
                          const struct coordinator_event *event);

/* sim_recorder.c: what is on its way into a coordinator's journal. */
/* Takes @append. */
void sim_recorder_give(struct sim *sim, struct sim_process *process, struct sim_append *append);
/* The disk has done what it was at. */
void sim_recorder_goes_on(struct sim *sim, struct sim_process *process);
/* A record that the disk is at, or that the journal has; NULL when it is neither. */
const struct sim_entry *sim_recorder_entry(const struct sim *sim,
                                           const struct sim_coordinator *coordinator,
                                           uint64_t sequence);
void sim_recorder_free(struct sim *sim, struct sim_process *process);

/* sim_journal.c */
void sim_entry_free(struct sim_entry *entry);
void sim_journal_free(struct sim_journal *journal);
/* Nothing from @count on is left. */
void sim_journal_cut(struct sim_journal *journal, size_t count);
/* The first @count entries of @from. */
void sim_journal_copy(struct sim_journal *to, const struct sim_journal *from, size_t count);
/* Append, taking @entry's memory. */
void sim_journal_add(struct sim_journal *journal, struct sim_entry *entry);
/* The evidence of a decision, for when it comes into force: it is in no other journal. */
void sim_journal_keep_evidence(struct sim *sim, const struct sim_entry *entry);
/* All of the coordinator's journal up to @sequence has come into force: see that it goes on from
 * what was in force before, and show the observer what is new. */
void sim_in_force(struct sim *sim, struct sim_process *process, uint64_t sequence);
/* Whether that host's disk has the record. */
bool sim_kept(struct sim *sim, uint32_t host, uint64_t sequence, uint64_t generation);

/* sim_left.c: how many are left of the records that were in force: on any disk; as a coordinator is
 * started; as an operator has one go on. */
size_t sim_left_anywhere(struct sim *sim);
/* What its agent knew is lost, or was never known to this disk. */
void sim_machine_lost(struct sim *sim, uint32_t number);
void sim_left_at_start(struct sim *sim);
void sim_left_with(struct sim *sim, const struct sim_coordinator *coordinator);
/* So many of the first entries are the same ones in both. */
size_t sim_journal_common(const struct sim_journal *a, const struct sim_journal *b);
/* Nobody has those after the first @count any more. */
void sim_journal_forget(struct sim *sim, size_t count);
/* Another disk or process is gone: what of it only that one knew is not known any more. */
void sim_left_less(struct sim *sim);

/* sim_apply.c */
/* Its time has come: it begins, or waits for what it is aimed at. */
void sim_fault_due(struct sim *sim, size_t index);
void sim_fault_begin(struct sim *sim, size_t index);
/* That has happened: faults that wait for it begin in a moment. */
void sim_fault_aim(struct sim *sim, enum sim_aim aim);
void sim_fault_end(struct sim *sim, size_t index);
void sim_fault_heal_all(struct sim *sim);
/* The process dies now. An agent or a coordinator is started again after a while. */
void sim_kill(struct sim *sim, struct sim_process *process);
void sim_machine_restart(struct sim *sim, uint32_t machine);
/* The same after so many more effects; at once for 0. NULL: nothing happens. */
void sim_die(struct sim *sim, struct sim_process *process, uint32_t effects, int64_t restart_ms);
/* The newest living process of a vat, or NULL. */
struct sim_process *sim_vat_process(const struct sim *sim, uint32_t vat);
/* The agent of a host, or the coordinator; NULL when it does not run. */
struct sim_process *sim_machine_process(const struct sim *sim, uint32_t machine);

/* sim_damage.c: @fault begins, if it is one of files and records; false: it is another. */
bool sim_damage(struct sim *sim, const struct sim_fault *fault);
/* Its files can be read again. */
void sim_damage_over(struct sim *sim, const struct sim_fault *fault);

/* sim_topology.c */
void sim_topology_make(struct sim *sim);

/* sim_notes.c: what the cores' log lines say happened. */
void sim_note_coordinator(struct sim *sim, const struct coordinator_note_facts *note);
void sim_note_agent(struct sim *sim, uint32_t host, const struct agent_note_facts *note);

/* sim_sessions.c: what sessions show, counted. After the step on @event, while its effects stand.
 */
void sim_count_session(struct sim *sim, const struct sim_process *process,
                       const struct vat_event *event);
void sim_count_notice(struct sim *sim, const struct sim_process *process,
                      const struct mn_notice *notice);
void sim_note_keeping(struct sim *sim, const struct keeping_note_facts *note);
void sim_note_decision(struct sim *sim, const struct mn_journal_decision *decision);
void sim_note_answer(struct sim *sim, const struct mn_journal_answer *answer);

/* Memory that never runs out: zeroed, for who sets all of it, and with a copy of @bytes. */
void *sim_take(size_t count, size_t size);
void *sim_take_unset(size_t size);
void *sim_copy(const void *bytes, size_t size);
void sim_grow(void *items, size_t *capacity, size_t count, size_t size);

#endif
