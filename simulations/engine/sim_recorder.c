/* What a coordinator has on its way into its journal, as coordinator/shell/recorder.c: one after
 * the other, those that wait together as one, each decision's evidence before it. The keepers may
 * have what the disk is at before it does. */
#include <stdlib.h>

#include "engine/sim_private.h"

enum { SIM_APPEND_RETRY_MS = 100 };

static struct sim_append *append_take(struct sim_coordinator *coordinator)
{
    struct sim_append *append = coordinator->first;
    coordinator->first = append->next;
    if (coordinator->first == NULL) {
        coordinator->last = &coordinator->first;
    }
    return append;
}

static void append_free(struct sim_append *append)
{
    sim_entry_free(&append->entry);
    free(append);
}

/* Records alone are written together. */
static bool append_is_plain(const struct sim_append *append)
{
    return !append->set_aside && append->entry.evidence.size == 0;
}

static uint32_t group_count(const struct sim_append *append)
{
    uint32_t count = 1;
    for (; append_is_plain(append) && append->next != NULL && append_is_plain(append->next);
         append = append->next) {
        count += 1;
    }
    return count;
}

/* The disk is at evidence first, where there is some; then at the record, as an event of its own.
 */
static void append_next(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (coordinator->first != NULL && !coordinator->appending) {
        bool evidence = coordinator->first->entry.evidence.size > 0;
        mn_time takes = evidence ? sim_disk_time(sim, process->machine) : 0;
        coordinator->appending = true;
        sim_at(sim, sim->now + takes, SIM_ON_DISK, process, 0, NULL);
    }
}

void sim_recorder_give(struct sim *sim, struct sim_process *process, struct sim_append *append)
{
    struct sim_coordinator *coordinator = process->coordinator;
    *coordinator->last = append;
    coordinator->last = &append->next;
    append_next(sim, process);
}

const struct sim_entry *sim_recorder_entry(const struct sim *sim,
                                           const struct sim_coordinator *coordinator,
                                           uint64_t sequence)
{
    const struct sim_journal *journal = &sim->journals[coordinator->journal];
    const struct sim_append *append = coordinator->first;
    for (uint32_t i = 0; i < coordinator->writing; i++) {
        if (!append->set_aside && append->sequence == sequence) {
            return &append->entry;
        }
        append = append->next;
    }
    return sequence <= journal->count ? &journal->entries[sequence - 1] : NULL;
}

/* Compare and append. False: another has appended meanwhile. */
static bool journal_add(struct sim *sim, const struct sim_coordinator *coordinator,
                        struct sim_append *append)
{
    struct sim_journal *journal = &sim->journals[coordinator->journal];
    if (append->set_aside) {
        sim_journal_cut(journal, append->sequence - 1);
        return true;
    }
    uint64_t newest = journal->count > 0 ? journal->entries[journal->count - 1].generation : 0;
    if (append->sequence != journal->count + 1 || append->entry.generation < newest) {
        return false;
    }
    sim_journal_add(journal, &append->entry);
    return true;
}

/* The disk is at the next ones: the keepers may have them too. */
static void begin_writing(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    const struct sim_append *append = coordinator->first;
    struct keeping_event event = {.kind = KEEPING_ON_WRITING};
    coordinator->writing = group_count(append);
    event.writing.generation = append->entry.generation;
    event.writing.sequence = append->sequence + coordinator->writing - 1;
    if (append->entry.evidence.size > 0) {
        sim_journal_keep_evidence(sim, &append->entry);
        sim_fault_aim(sim, SIM_AIM_WRITING);
    }
    sim_at(sim, sim->now + sim_disk_time(sim, process->machine), SIM_ON_DISK, process, 0, NULL);
    if (!append->set_aside) {
        sim_coordinator_keep(sim, process, &event);
    }
}

static void tell(struct sim *sim, struct sim_process *process, bool set_aside, uint64_t sequence)
{
    const struct sim_journal *journal = &sim->journals[process->coordinator->journal];
    struct keeping_event event = {.kind = set_aside ? KEEPING_ON_SET_ASIDE : KEEPING_ON_RECORDED};
    event.record.sequence = sequence;
    if (set_aside) {
        sim_coordinator_keep(sim, process, &event);
    } else {
        sim_coordinator_keep_record(sim, process, &event, &journal->entries[sequence - 1]);
    }
}

/* All of them are in the journal, or none is. */
static void end_writing(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    uint32_t count = coordinator->writing;
    uint64_t sequence = coordinator->first->sequence;
    bool set_aside = coordinator->first->set_aside;
    coordinator->appending = false;
    coordinator->writing = 0;
    for (uint32_t i = 0; i < count && !process->dying; i++) {
        struct sim_append *append = append_take(coordinator);
        process->dying = !journal_add(sim, coordinator, append);
        append_free(append);
    }
    for (uint32_t i = 0; i < count && !process->dying; i++) {
        tell(sim, process, set_aside, sequence + i);
    }
    append_next(sim, process);
}

void sim_recorder_goes_on(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    bool full = sim->machines[process->machine].full > 0;
    if (full && (coordinator->writing > 0 || coordinator->first->entry.evidence.size > 0)) {
        sim_at(sim, sim->now + SIM_APPEND_RETRY_MS * MN_MS, SIM_ON_DISK, process, 0, NULL);
    } else if (coordinator->writing == 0) {
        begin_writing(sim, process);
    } else {
        end_writing(sim, process);
    }
}

static void count_end(struct sim *sim, const struct sim_append *append, bool added)
{
    uint32_t keepers = 0;
    for (uint32_t i = 0; i < sim->host_count; i++) {
        bool has = sim_kept(sim, i, append->sequence, append->entry.generation);
        keepers += has ? 1 : 0;
    }
    if (keepers > 0 && !added) {
        sim_count(sim, SIM_SOMETIMES_KEPT_AHEAD);
    } else if (keepers == 0 && added) {
        sim_count(sim, SIM_SOMETIMES_KEPT_BEHIND);
    }
}

void sim_recorder_free(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    /* What was being appended may be on the disk or not. */
    bool added = coordinator->writing > 0 && sim->machines[process->machine].full == 0 &&
                 mn_random_below(&sim->disk_random, 2) == 0;
    if (coordinator->writing > 0 && !coordinator->first->set_aside) {
        count_end(sim, coordinator->first, added);
    }
    for (uint32_t i = 0; coordinator->first != NULL; i++) {
        struct sim_append *append = append_take(coordinator);
        added = added && i < coordinator->writing && journal_add(sim, coordinator, append);
        append_free(append);
    }
}
