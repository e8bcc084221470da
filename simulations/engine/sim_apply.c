/* Faults, carried out: what each kind does when it begins and when it is over. Whom it is about is
 * taken modulo how many there are, so that a script fits any cluster. */
#include <stdlib.h>

#include "engine/sim_private.h"

static uint32_t host_of(const struct sim *sim, uint32_t number)
{
    return number % sim->host_count;
}

/* The hosts of a rack or a zone. */
static uint32_t rack_first(const struct sim *sim, uint32_t rack, uint32_t *count)
{
    return sim_tree_rack(sim->tree, rack % sim->tree->rack_count, count);
}

static uint32_t zone_first(const struct sim *sim, uint32_t zone, uint32_t *count)
{
    return sim_tree_zone(sim->tree, zone % sim->tree->zone_count, count);
}

struct sim_process *sim_vat_process(const struct sim *sim, uint32_t vat)
{
    return sim->vat_processes[vat];
}

struct sim_process *sim_machine_process(const struct sim *sim, uint32_t machine)
{
    uint32_t slot = sim->machines[machine].process;
    return slot != SIM_NOBODY ? sim->processes[slot] : NULL;
}

/* ---- dying and living ------------------------------------------------------------------------ */

void sim_kill(struct sim *sim, struct sim_process *process)
{
    sim_note(sim, "dies", process->slot, process->instance, process->machine);
    uint32_t machine = process->machine;
    switch (process->role) {
    case SIM_COORDINATOR:
        sim_coordinator_free(sim, process);
        break;
    case SIM_AGENT:
        sim_agent_free(sim, process);
        break;
    case SIM_VAT:
        sim_vat_free(sim, process);
        break;
    }
    if (process->role != SIM_VAT) {
        sim_at(sim, sim->now + process->restart_ms * MN_MS, SIM_ON_RESTART, NULL, machine, NULL);
    }
    sim_process_free(sim, process);
}

void sim_machine_restart(struct sim *sim, uint32_t machine)
{
    if (!sim->machines[machine].up || sim->machines[machine].process != SIM_NOBODY) {
        return;
    }
    if (machine == sim->host_count) {
        sim_coordinator_start(sim);
    } else {
        sim_agent_start(sim, machine);
    }
}

static int slot_order(const void *a, const void *b)
{
    const uint32_t *left = a;
    const uint32_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* In the order of their slots. With an agent those die that it has not released yet. */
static void processes_kill(struct sim *sim, const struct sim_machine *machine)
{
    size_t count = 0;
    for (const struct sim_process *at = machine->first_here; at != NULL; at = at->next_here) {
        count += 1;
    }
    uint32_t *slots = sim_take(count, sizeof *slots);
    count = 0;
    for (const struct sim_process *at = machine->first_here; at != NULL; at = at->next_here) {
        slots[count++] = at->slot;
    }
    qsort(slots, count, sizeof *slots, slot_order);
    for (size_t i = 0; i < count; i++) {
        if (sim->processes[slots[i]] != NULL) {
            sim_kill(sim, sim->processes[slots[i]]);
        }
    }
    free(slots);
}

static void machine_down(struct sim *sim, uint32_t number, bool lose)
{
    struct sim_machine *machine = &sim->machines[number];
    machine->downs += 1;
    machine->up = false;
    sim_disturb(sim, number);
    processes_kill(sim, machine);
    if (lose) {
        sim_machine_lost(sim, number);
        sim_found_keep(sim, number);
        sim_disk_lose(sim, number);
        sim_left_less(sim);
    } else {
        sim_disk_cut(sim, number);
    }
}

static void machine_back(struct sim *sim, uint32_t number)
{
    struct sim_machine *machine = &sim->machines[number];
    machine->downs -= 1;
    if (machine->downs > 0) {
        return;
    }
    machine->up = true;
    sim_net_machine_back(sim, number);
    sim_machine_restart(sim, number);
}

static void machines_down(struct sim *sim, uint32_t first, uint32_t count, bool lose)
{
    for (uint32_t i = 0; i < count; i++) {
        machine_down(sim, first + i, lose);
    }
}

static void machines_back(struct sim *sim, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        machine_back(sim, first + i);
    }
}

/* After @effects more effects, or at once. */
void sim_die(struct sim *sim, struct sim_process *process, uint32_t effects, int64_t restart_ms)
{
    if (process == NULL) {
        return;
    }
    process->restart_ms = restart_ms;
    if (effects == 0) {
        sim_kill(sim, process);
    } else {
        process->effects_left = effects;
    }
}

static void stand_still(struct sim *sim, struct sim_process *process, int64_t for_ms)
{
    if (process != NULL) {
        sim_pause(sim, process, sim->now + for_ms * MN_MS);
        sim_disturb(sim, process->machine);
    }
}

/* The old one lives on beside it, without a connection, and goes on where it stood still: what it
 * wants to put on record is refused. */
static void replace_coordinator(struct sim *sim, int64_t for_ms)
{
    struct sim_machine *machine = &sim->machines[sim->host_count];
    struct sim_process *old = sim_machine_process(sim, sim->host_count);
    if (old == NULL) {
        return;
    }
    sim_count(sim, SIM_SOMETIMES_REPLACED);
    stand_still(sim, old, for_ms);
    sim_reset(sim, sim->host_count);
    sim_port_give(sim, old);
    machine->process = SIM_NOBODY;
    sim_machine_restart(sim, sim->host_count);
}

/* ---- the journal ----------------------------------------------------------------------------- */

/* The newest @records of the coordinator's journal are gone; all of them when there are no more. */
static void old_journal(struct sim *sim, size_t records)
{
    struct sim_process *coordinator = sim_machine_process(sim, sim->host_count);
    if (coordinator != NULL) {
        sim_kill(sim, coordinator);
    }
    struct sim_journal *journal = &sim->journals[sim->journal_used];
    sim_journal_cut(journal, records < journal->count ? journal->count - records : 0);
}

/* Another one has the port and all connections; the one before, which may stand still, lives on. */
static void second_begin(struct sim *sim, const struct sim_fault *fault)
{
    struct sim_machine *machine = &sim->machines[sim->host_count];
    struct sim_process *first = sim_machine_process(sim, sim->host_count);
    if (first == NULL || sim->first_instance != 0) {
        return;
    }
    sim_count(sim, SIM_SOMETIMES_SECOND);
    const struct sim_journal *own = &sim->journals[0];
    sim_journal_copy(&sim->journals[1], own, own->count > fault->b ? own->count - fault->b : 0);
    sim->first_slot = first->slot;
    sim->first_instance = first->instance;
    sim->journal_used = 1;
    if (fault->a % 2 == 1) {
        stand_still(sim, first, fault->for_ms);
    }
    sim_reset(sim, sim->host_count);
    sim_port_give(sim, first);
    machine->process = SIM_NOBODY;
    sim_machine_restart(sim, sim->host_count);
}

/* The second one is gone with its journal, and the first one has the connections again. */
static void second_end(struct sim *sim)
{
    struct sim_machine *machine = &sim->machines[sim->host_count];
    struct sim_process *second = sim_machine_process(sim, sim->host_count);
    if (sim->first_instance == 0) {
        return;
    }
    struct sim_process *first = sim_process_at(sim, sim->first_slot, sim->first_instance);
    sim->first_instance = 0;
    sim->journal_used = 0;
    if (second != NULL && second->coordinator->journal == 1) {
        sim_kill(sim, second);
    }
    sim_journal_cut(&sim->journals[1], 0);
    if (first != NULL && machine->process == SIM_NOBODY) {
        sim_reset(sim, sim->host_count);
        machine->process = first->slot;
        sim_port_take(sim, first, SIM_PORT_AGENT);
    } else {
        sim_machine_restart(sim, sim->host_count);
    }
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static void cut(struct sim *sim, size_t index, struct sim_cut made)
{
    made.fault = index;
    sim_cut(sim, &made);
}

static void cut_begin(struct sim *sim, size_t index, const struct sim_fault *fault)
{
    uint32_t a = host_of(sim, fault->a);
    uint32_t b = host_of(sim, fault->b);
    uint32_t count = 1;
    struct sim_cut made = {.from = a, .from_count = 1, .to = b, .to_count = 1, .both = true};
    switch (fault->kind) {
    case SIM_FAULT_CUT_TO:
        made.both = false;
        break;
    case SIM_FAULT_CUT_ZONE:
        made.from = zone_first(sim, fault->a, &count);
        made.from_count = count;
        made.to = made.from;
        made.to_count = count;
        made.others = true;
        break;
    case SIM_FAULT_CUT_HOST:
    case SIM_FAULT_MUTE:
        made.to = a;
        made.others = true;
        made.both = fault->kind == SIM_FAULT_CUT_HOST;
        break;
    case SIM_FAULT_DEAF:
        made.from = 0;
        made.from_count = sim->host_count + 1;
        made.to = a;
        made.both = false;
        break;
    case SIM_FAULT_CUT_COORDINATOR:
        made.to = sim->host_count;
        break;
    case SIM_FAULT_CUT_ALL:
        made.from = 0;
        made.from_count = sim->host_count;
        made.to = sim->host_count;
        break;
    default:
        break;
    }
    cut(sim, index, made);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static bool harmless(enum sim_fault_kind kind)
{
    switch (kind) {
    case SIM_FAULT_KILL_AGENT:
    case SIM_FAULT_KILL_COORDINATOR:
    case SIM_FAULT_CUT_COORDINATOR:
    case SIM_FAULT_CUT_ALL:
    case SIM_FAULT_RESET:
    case SIM_FAULT_PAUSE_AGENT:
    case SIM_FAULT_PAUSE_COORDINATOR:
    case SIM_FAULT_REPLACE_COORDINATOR:
    case SIM_FAULT_REPLACE_KEEPER:
    case SIM_FAULT_SECOND_COORDINATOR:
    case SIM_FAULT_LOSE_JOURNAL:
    case SIM_FAULT_DISK_SLOW:
    case SIM_FAULT_BACKUP:
    case SIM_FAULT_BACKUP_VAT:
        return true;
    default:
        return false;
    }
}

/* Faults of machines, one or all of a domain. Whether @fault is one. */
static bool machines_begin(struct sim *sim, const struct sim_fault *fault, bool begins)
{
    uint32_t count = 1;
    uint32_t first = host_of(sim, fault->a);
    switch (fault->kind) {
    case SIM_FAULT_POWER:
    case SIM_FAULT_LOSE:
    case SIM_FAULT_OLD_AGENT:
        break;
    case SIM_FAULT_POWER_RACK:
    case SIM_FAULT_LOSE_RACK:
        first = rack_first(sim, fault->a, &count);
        break;
    case SIM_FAULT_POWER_ZONE:
    case SIM_FAULT_LOSE_ZONE:
        first = zone_first(sim, fault->a, &count);
        break;
    case SIM_FAULT_POWER_ALL:
        first = 0;
        count = sim->host_count + 1;
        break;
    default:
        return false;
    }
    bool lose = fault->kind == SIM_FAULT_LOSE || fault->kind == SIM_FAULT_LOSE_RACK ||
                fault->kind == SIM_FAULT_LOSE_ZONE;
    if (begins) {
        machines_down(sim, first, count, lose);
        if (fault->kind == SIM_FAULT_OLD_AGENT) {
            sim_machine_lost(sim, first);
            sim_disk_old(sim, first);
        }
    } else {
        machines_back(sim, first, count);
    }
    return true;
}

/* Of a disk that was copied both are used, the one after the other: its host loses power for a
 * moment, and has the other one. The coordinator hears one host at a time: that with the newest
 * connection of its key. */
static void swap_disk(struct sim *sim, uint32_t host, bool back)
{
    machine_down(sim, host, false);
    sim_machine_lost(sim, host);
    if (back) {
        sim_disk_swap_back(sim, host);
    } else {
        sim_disk_swap(sim, host);
    }
    machine_back(sim, host);
}

static void disk_or_cut_begin(struct sim *sim, size_t index, const struct sim_fault *fault)
{
    uint32_t host = host_of(sim, fault->a);
    switch (fault->kind) {
    case SIM_FAULT_DISK_SLOW:
        sim->machines[host].slow += fault->b;
        return;
    case SIM_FAULT_DISK_FULL:
        sim->machines[host].full += 1;
        return;
    case SIM_FAULT_FULL_COORDINATOR:
        sim->machines[sim->host_count].full += 1;
        return;
    case SIM_FAULT_DISK_ERROR:
        sim->machines[host].errors_percent += fault->b;
        return;
    default:
        cut_begin(sim, index, fault);
        return;
    }
}

static void begin(struct sim *sim, size_t index, const struct sim_fault *fault)
{
    uint32_t host = host_of(sim, fault->a);
    switch (fault->kind) {
    case SIM_FAULT_KILL_VAT:
        sim_die(sim, sim_vat_process(sim, fault->a % sim->vat_count), fault->b, 0);
        return;
    case SIM_FAULT_FAIL_VAT:
        sim->vat_fails[fault->a % sim->vat_count] = sim->now + fault->for_ms * MN_MS;
        sim_die(sim, sim_vat_process(sim, fault->a % sim->vat_count), 0, 0);
        return;
    case SIM_FAULT_KILL_AGENT:
        sim_die(sim, sim_machine_process(sim, host), fault->b, fault->for_ms);
        return;
    case SIM_FAULT_KILL_COORDINATOR:
        sim_die(sim, sim_machine_process(sim, sim->host_count), fault->b, fault->for_ms);
        return;
    case SIM_FAULT_RESET:
        sim_reset(sim, host);
        return;
    case SIM_FAULT_PAUSE_VAT:
        stand_still(sim, sim_vat_process(sim, fault->a % sim->vat_count), fault->for_ms);
        return;
    case SIM_FAULT_PAUSE_AGENT:
        stand_still(sim, sim_machine_process(sim, host), fault->for_ms);
        return;
    case SIM_FAULT_PAUSE_COORDINATOR:
        stand_still(sim, sim_machine_process(sim, sim->host_count), fault->for_ms);
        return;
    case SIM_FAULT_REPLACE_COORDINATOR:
        replace_coordinator(sim, fault->for_ms);
        return;
    case SIM_FAULT_SKEW_CLOCK:
        sim_clock_skew(sim, host, (mn_time)fault->b * MN_MS);
        return;
    case SIM_FAULT_WRONG_CLOCK:
        sim->machines[sim->host_count].offset += fault->b * MN_SECOND;
        return;
    case SIM_FAULT_SWAP_DISK:
        swap_disk(sim, host, false);
        return;
    case SIM_FAULT_REPLACE_KEEPER:
        sim_replace_keeper(sim, fault->a, fault->b % sim->host_count);
        return;
    case SIM_FAULT_OLD_JOURNAL:
        old_journal(sim, fault->b);
        return;
    case SIM_FAULT_LOSE_JOURNAL:
        old_journal(sim, SIZE_MAX);
        return;
    case SIM_FAULT_SECOND_COORDINATOR:
        second_begin(sim, fault);
        return;
    case SIM_FAULT_BACKUP:
        if (sim->observer != NULL) {
            observer_backup(sim->observer);
        }
        sim_disk_copy(&sim->machines[host].backup, &sim->machines[host].disk);
        return;
    default:
        disk_or_cut_begin(sim, index, fault);
        return;
    }
}

void sim_fault_begin(struct sim *sim, size_t index)
{
    const struct sim_fault *fault = &sim->faults.items[index];
    if (sim->quiet && fault->aim != SIM_AIM_NONE) {
        return; /* it was aimed at what came after the faults */
    }
    sim_note(sim, sim_fault_name(fault->kind), fault->a, fault->b, (uint64_t)fault->for_ms);
    sim_show(sim, (struct sim_seen){.kind = SIM_SEEN_FAULT, .fault = fault});
    sim->faulty[index] = true;
    if (fault->aim != SIM_AIM_NONE) {
        sim_count(sim, SIM_SOMETIMES_AIMED);
    }
    if (sim->observer != NULL && (!harmless(fault->kind) || fault->b > 0)) {
        observer_harm(sim->observer);
    }
    if (!machines_begin(sim, fault, true) && !sim_damage(sim, fault)) {
        begin(sim, index, fault);
    }
    if (fault->for_ms > 0) {
        sim_at(sim, sim->now + fault->for_ms * MN_MS, SIM_ON_OVER, NULL, index, NULL);
    }
}

void sim_fault_due(struct sim *sim, size_t index)
{
    if (sim->faults.items[index].aim == SIM_AIM_NONE) {
        sim_fault_begin(sim, index);
    } else {
        sim->aimed[index] = true;
    }
}

void sim_fault_aim(struct sim *sim, enum sim_aim aim)
{
    for (size_t i = 0; !sim->quiet && i < sim->faults.count; i++) {
        const struct sim_fault *fault = &sim->faults.items[i];
        if (sim->aimed[i] && fault->aim == aim) {
            sim->aimed[i] = false;
            sim_at(sim, sim->now + fault->after_ms * MN_MS, SIM_ON_AIM, NULL, i, NULL);
        }
    }
}

void sim_fault_end(struct sim *sim, size_t index)
{
    const struct sim_fault *fault = &sim->faults.items[index];
    uint32_t host = host_of(sim, fault->a);
    if (!sim->faulty[index]) {
        return;
    }
    sim->faulty[index] = false;
    sim_show(sim, (struct sim_seen){.kind = SIM_SEEN_OVER, .fault = fault});
    sim_note(sim, "over", (uint32_t)index, fault->a, fault->b);
    if (machines_begin(sim, fault, false) || sim_keeper_stays(sim, fault)) {
        return;
    }
    if (fault->kind == SIM_FAULT_DISK_SLOW) {
        sim->machines[host].slow -= fault->b;
    } else if (fault->kind == SIM_FAULT_DISK_FULL) {
        sim->machines[host].full -= 1;
    } else if (fault->kind == SIM_FAULT_FULL_COORDINATOR) {
        sim->machines[sim->host_count].full -= 1;
    } else if (fault->kind == SIM_FAULT_WRONG_CLOCK) {
        sim->machines[sim->host_count].offset -= fault->b * MN_SECOND;
    } else if (fault->kind == SIM_FAULT_DISK_ERROR) {
        sim->machines[host].errors_percent -= fault->b;
    } else if (fault->kind == SIM_FAULT_DISK_UNREAD) {
        sim_damage_over(sim, fault);
    } else if (fault->kind == SIM_FAULT_PAUSE_AGENT) {
        sim_disturb(sim, host);
    } else if (fault->kind == SIM_FAULT_SWAP_DISK) {
        swap_disk(sim, host, true);
    } else if (fault->kind == SIM_FAULT_SECOND_COORDINATOR) {
        second_end(sim);
    } else {
        sim_heal(sim, index);
    }
}

/* A machine or disk whose fault has no end stays as it is; everything else is mended. */
void sim_fault_heal_all(struct sim *sim)
{
    for (size_t i = 0; i < sim->faults.count; i++) {
        const struct sim_fault *fault = &sim->faults.items[i];
        bool machine = fault->kind == SIM_FAULT_LOSE || fault->kind == SIM_FAULT_LOSE_RACK ||
                       fault->kind == SIM_FAULT_LOSE_ZONE || fault->kind == SIM_FAULT_POWER ||
                       fault->kind == SIM_FAULT_POWER_RACK || fault->kind == SIM_FAULT_POWER_ZONE ||
                       fault->kind == SIM_FAULT_DISK_UNREAD;
        if (!machine || fault->for_ms > 0) {
            sim_fault_end(sim, i);
        }
    }
}
