/* The loop: one event after the other, first through the faults, then until all is well again. */
#include "engine/sim.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum {
    SIM_LOOK_MS = 100,
    SIM_CRASH_MS = 300 /* a host that is lost with a crash is back after this */
};

void sim_fail(struct sim *sim, const char *guarantee, const char *format, ...)
{
    if (sim->result.failure[0] != '\0') {
        return;
    }
    char text[SIM_FAILURE_SIZE - 64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(sim->result.failure, sizeof sim->result.failure, "%.40s: %s", guarantee, text);
}

static uint64_t trace_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 31);
}

void sim_note(struct sim *sim, const char *what, uint32_t who, uint64_t a, uint64_t b)
{
    uint64_t hash = trace_mix(sim->result.trace, (uint64_t)sim->now);
    hash = trace_mix(hash, ((uint64_t)who << 32) ^ (unsigned char)what[0]);
    sim->result.trace = trace_mix(trace_mix(hash, a), b);
    if (sim->trace != NULL) {
        (void)fprintf(sim->trace, "%12.6f %s %u %llx %llx\n", (double)sim->now / 1e9, what, who,
                      (unsigned long long)a, (unsigned long long)b);
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

static void machines_make(struct sim *sim)
{
    struct mn_random random = {.state = (uint64_t)sim->config.seed ^ 0x636c6f636b730000U};
    sim->machines = sim_take((size_t)sim->host_count + 1, sizeof *sim->machines);
    for (uint32_t i = 0; i <= sim->host_count; i++) {
        struct sim_machine *machine = &sim->machines[i];
        machine->up = true;
        machine->process = SIM_NOBODY;
        machine->pid_newest = 100;
        machine->offset = MN_SECOND;
        if (sim->config.skew_ms > 0) {
            machine->offset +=
                (mn_time)mn_random_below(&random, (uint64_t)sim->config.skew_ms * 1000000);
        }
        if (sim->config.drift_ppm > 0) {
            uint64_t range = (uint64_t)sim->config.drift_ppm * 2 + 1;
            machine->drift_ppm = (int64_t)mn_random_below(&random, range) - sim->config.drift_ppm;
        }
    }
}

/* @tree is owned by the simulation. */
static struct sim *make(const struct sim_config *config, struct sim_tree *tree,
                        const struct sim_faults *faults)
{
    struct sim *sim = sim_take(1, sizeof *sim);
    int ready = sodium_init();
    mn_assert(ready >= 0);
    sim->config = *config;
    sim->tree = tree;
    sim->host_count = tree->host_count;
    sim->vat_count = tree->vat_count;
    sim->held_last = &sim->held_first;
    sim->net_random.state = (uint64_t)config->seed * 3 + 1;
    sim->disk_random.state = (uint64_t)config->seed * 5 + 2;
    sim->bank_random.state = (uint64_t)config->seed * 7 + 3;
    sim_topology_make(sim);
    machines_make(sim);
    if (config->check != 0) {
        sim->observer = observer_new(sim->topology, sim_observe_host, sim);
    }
    sim->faulty = sim_take(faults->count + 1, sizeof *sim->faulty);
    sim->aimed = sim_take(faults->count + 1, sizeof *sim->aimed);
    sim->vat_processes = sim_take(sim->vat_count, sizeof(struct sim_process *));
    sim->vat_fails = sim_take(sim->vat_count, sizeof *sim->vat_fails);
    sim->backups = sim_take(sim->vat_count, sizeof *sim->backups);
    sim->told = sim_take((size_t)sim->vat_count + 1, sizeof *sim->told);
    sim->effects = sim_take((size_t)1 + sim->host_count + sim->vat_count, sizeof *sim->effects);
    for (size_t i = 0; i < faults->count; i++) {
        sim_faults_add(&sim->faults, faults->items[i]);
        sim_at(sim, faults->items[i].at_ms * MN_MS, SIM_ON_FAULT, NULL, i, NULL);
    }
    sim->faults.crash = faults->crash;
    sim->crash_fault = faults->count;
    if (faults->crash.lose) {
        sim_faults_add(&sim->faults,
                       (struct sim_fault){.kind = SIM_FAULT_LOSE, .for_ms = SIM_CRASH_MS});
    }
    sim_operator_begin(sim);
    sim_at(sim, 0, SIM_ON_RESTART, NULL, sim->host_count, NULL);
    for (uint32_t i = 0; i < sim->host_count; i++) {
        sim_at(sim, 0, SIM_ON_RESTART, NULL, i, NULL);
    }
    return sim;
}

struct sim *sim_new(const struct sim_config *config, const struct sim_faults *faults)
{
    return make(config, sim_tree_even(config), faults);
}

struct sim *sim_new_on(const struct sim_config *config, const struct sim_tree *tree,
                       const struct sim_faults *faults)
{
    return make(config, sim_tree_copy(tree), faults);
}

static void processes_free(struct sim *sim)
{
    for (size_t i = 0; i < sim->process_count; i++) {
        if (sim->processes[i] != NULL) {
            sim_kill(sim, sim->processes[i]);
        }
    }
    free((void *)sim->processes);
    free(sim->free_slots);
    free((void *)sim->vat_processes);
    free(sim->vat_fails);
}

void sim_destroy(struct sim **out)
{
    struct sim *sim = *out;
    observer_destroy(&sim->observer);
    sim->trace = NULL;
    sim->recorder = NULL;
    processes_free(sim);
    sim_events_deinit(sim);
    sim_net_deinit(sim);
    for (uint32_t i = 0; i <= sim->host_count; i++) {
        sim_disk_deinit(&sim->machines[i].disk);
        sim_disk_deinit(&sim->machines[i].backup);
        sim_disk_deinit(&sim->machines[i].found);
        sim_disk_deinit(&sim->machines[i].other);
        free(sim->machines[i].ports);
    }
    sim_journal_free(&sim->journals[0]);
    sim_journal_free(&sim->journals[1]);
    sim_journal_free(&sim->in_force);
    sim_journal_free(&sim->written);
    free(sim->machines);
    for (uint32_t i = 0; i < sim->vat_count; i++) {
        sim_disk_deinit(&sim->backups[i].disk);
    }
    free(sim->backups);
    agent_directory_destroy(&sim->directory);
    free(sim->vat_names);
    free(sim->faulty);
    free(sim->aimed);
    free(sim->told);
    free(sim->effects);
    sim_faults_deinit(&sim->faults);
    topology_destroy(&sim->topology);
    sim_tree_destroy(&sim->tree);
    mn_arena_deinit(&sim->arena);
    coordinator_effects_deinit(&sim->coordinator_effects);
    keeping_effects_deinit(&sim->keeping_effects);
    agent_effects_deinit(&sim->agent_effects);
    vat_effects_deinit(&sim->vat_effects);
    mn_buffer_deinit(&sim->buffer);
    mn_text_deinit(&sim->text);
    free(sim);
    *out = NULL;
}

void sim_trace_to(struct sim *sim, void *file)
{
    sim->trace = file;
}

void sim_record_to(struct sim *sim, sim_recorder *recorder, void *context)
{
    sim->recorder = recorder;
    sim->recorder_context = context;
}

void sim_show(const struct sim *sim, struct sim_seen seen)
{
    if (sim->recorder != NULL) {
        seen.at = sim->now;
        sim->recorder(sim->recorder_context, &seen);
    }
}

void sim_show_vat(const struct sim *sim, const struct sim_process *process, struct sim_seen seen)
{
    if (sim->recorder != NULL) {
        seen.vat = process->vat->vat;
        seen.run = process->vat->run;
        seen.epoch = vat_epoch(process->vat->core);
        seen.host = process->machine;
        sim_show(sim, seen);
    }
}

/* ---- one event ------------------------------------------------------------------------------- */

static void handle_timer(struct sim *sim, struct sim_process *process)
{
    if (process->timer_at != sim->now) {
        return; /* an earlier one was asked for since */
    }
    process->timer_at = MN_TIME_NEVER;
    switch (process->role) {
    case SIM_COORDINATOR:
        sim_coordinator_timer(sim, process);
        return;
    case SIM_AGENT:
        sim_agent_timer(sim, process);
        return;
    case SIM_VAT:
        sim_vat_timer(sim, process);
        return;
    }
}

static void handle_of_process(struct sim *sim, struct sim_process *process,
                              const struct sim_event *event)
{
    switch (event->kind) {
    case SIM_ON_TIMER:
        handle_timer(sim, process);
        return;
    case SIM_ON_TURN:
        sim_bank_turn(sim, process);
        return;
    case SIM_ON_STEP:
        if (process->role == SIM_COORDINATOR) {
            sim_operator_looks_at(sim, process);
        } else {
            sim_vat_go_on(sim, process);
        }
        return;
    case SIM_ON_DISK:
        if (process->role == SIM_COORDINATOR) {
            sim_recorder_goes_on(sim, process);
        } else {
            sim_jobs_done(sim, process);
        }
        return;
    case SIM_ON_PROBED:
        sim_agent_probed(sim, process, event->data);
        return;
    case SIM_ON_EXIT:
        sim_agent_exited(sim, process, event->data);
        return;
    default:
        return;
    }
}

static void handle_of_world(struct sim *sim, const struct sim_event *event)
{
    switch (event->kind) {
    case SIM_ON_MESSAGE:
        sim_arrived(sim, event->data);
        return;
    case SIM_ON_CONNECT:
        sim_link_try(sim, event->slot, event->number);
        return;
    case SIM_ON_BROKEN:
        sim_link_broken(sim, event->slot, event->number, event->instance != 0);
        return;
    case SIM_ON_FAULT:
        sim_fault_due(sim, event->number);
        return;
    case SIM_ON_AIM:
        sim_fault_begin(sim, event->number);
        return;
    case SIM_ON_OVER:
        sim_fault_end(sim, event->number);
        return;
    case SIM_ON_OPERATOR:
        sim_operator_looks(sim);
        return;
    case SIM_ON_RESTART:
        sim_machine_restart(sim, (uint32_t)event->number);
        return;
    default:
        return;
    }
}

static bool of_world(enum sim_event_kind kind)
{
    return kind == SIM_ON_MESSAGE || kind == SIM_ON_CONNECT || kind == SIM_ON_BROKEN ||
           kind == SIM_ON_FAULT || kind == SIM_ON_AIM || kind == SIM_ON_OVER ||
           kind == SIM_ON_OPERATOR || kind == SIM_ON_RESTART;
}

static void handle(struct sim *sim, struct sim_event *event)
{
    sim->now = event->at;
    if (sim->observer != NULL) {
        observer_time(sim->observer, sim->now);
    }
    if (of_world(event->kind)) {
        handle_of_world(sim, event);
    } else {
        struct sim_process *process = sim_process_at(sim, event->slot, event->instance);
        if (process != NULL && sim_missed(sim, process, event)) {
            return;
        }
        if (process != NULL) {
            handle_of_process(sim, process, event);
        }
        sim_event_free(event);
    }
    bool connection = event->kind == SIM_ON_CONNECT || event->kind == SIM_ON_BROKEN;
    struct sim_process *dying =
        connection ? NULL : sim_process_at(sim, event->slot, event->instance);
    if (dying != NULL && dying->dying) {
        sim_kill(sim, dying);
    }
    if (sim->observer != NULL && observer_failure(sim->observer) != NULL) {
        (void)snprintf(sim->result.failure, sizeof sim->result.failure, "%s",
                       observer_failure(sim->observer));
    }
}

bool sim_run_until(struct sim *sim, mn_time until)
{
    struct sim_event event;
    while (sim->result.failure[0] == '\0' && sim_pop(sim, until, &event)) {
        handle(sim, &event);
    }
    if (sim->result.failure[0] == '\0') {
        sim->now = sim->now > until ? sim->now : until;
    }
    return sim->result.failure[0] == '\0';
}

/* ---- whether all is well --------------------------------------------------------------------- */

static const char *unsettled_rounds(const struct coordinator *core)
{
    size_t count = coordinator_round_count(core);
    for (size_t i = 0; i < count; i++) {
        struct coordinator_round_facts facts;
        coordinator_round(core, i, &facts);
        if (facts.state != COORDINATOR_ROUND_DONE) {
            return "a round is open";
        }
    }
    return NULL;
}

static const char *unsettled_vat(const struct sim *sim, const struct coordinator *core,
                                 uint32_t vat)
{
    struct coordinator_vat_facts facts;
    coordinator_vat(core, vat, &facts);
    if (facts.state != COORDINATOR_VAT_UP) {
        return "a vat is not up";
    }
    const struct sim_process *process = sim_vat_process(sim, vat);
    if (process == NULL || process->vat->state != SIM_VAT_RUNNING ||
        process->vat->run != facts.run) {
        return "a vat's process does not run";
    }
    return NULL;
}

/* All are looked at when all are settled; until then those first that were not the last time. */
static const char *unsettled_vats(struct sim *sim, const struct coordinator *core)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < sim->vat_count && why == NULL; i++) {
        sim->looked_at = i > 0 ? sim->looked_at + 1 : sim->looked_at;
        sim->looked_at = sim->looked_at < sim->vat_count ? sim->looked_at : 0;
        why = unsettled_vat(sim, core, sim->looked_at);
    }
    return why;
}

static const char *unsettled(struct sim *sim)
{
    uint32_t slot = sim->machines[sim->host_count].process;
    if (slot == SIM_NOBODY) {
        return "the coordinator does not run";
    }
    const struct coordinator *core = sim->processes[slot]->coordinator->core;
    const char *why = keeping_leads(sim->processes[slot]->coordinator->keeping)
                          ? unsettled_rounds(core)
                          : "no coordinator leads";
    if (why == NULL) {
        why = unsettled_vats(sim, core);
    }
    if (why == NULL && sim->observer != NULL) {
        why = observer_unsettled(sim->observer);
    }
    return why;
}

/* What nobody keeps any more shows as a gap with the next message only: have one sent wherever
 * something is missing. */
static void send_where_missing(struct sim *sim)
{
    uint32_t sender = 0;
    uint32_t receiver = 0;
    for (size_t i = 0; observer_lagging(sim->observer, i, &sender, &receiver); i++) {
        struct sim_process *process = sim_vat_process(sim, sender);
        if (process != NULL && process->vat->state == SIM_VAT_RUNNING) {
            sim_bank_send(sim, process, receiver);
        }
    }
}

void sim_run(struct sim *sim, struct sim_result *result)
{
    mn_time quiet_at = sim->config.faults_ms * MN_MS;
    if (sim_run_until(sim, quiet_at)) {
        sim->quiet = true;
        sim_fault_heal_all(sim);
    }
    const char *why = "it has not run";
    mn_time send_at = quiet_at + sim->config.bound_ms * MN_MS / 4;
    while (sim->result.failure[0] == '\0' && why != NULL) {
        if (sim->observer != NULL && sim->now >= send_at) {
            send_where_missing(sim);
            send_at = MN_TIME_NEVER;
        }
        if (sim->now - quiet_at > sim->config.bound_ms * MN_MS) {
            sim_fail(sim, "liveness", "%lld ms after the last fault %s",
                     (long long)sim->config.bound_ms, why);
        } else if (sim_run_until(sim, sim->now + SIM_LOOK_MS * MN_MS)) {
            why = unsettled(sim);
        }
    }
    sim->result.settled_after = sim->now - quiet_at;
    if (sim->result.failure[0] == '\0' && sim->observer != NULL) {
        observer_settled(sim->observer);
        const char *failure = observer_failure(sim->observer);
        if (failure != NULL) {
            (void)snprintf(sim->result.failure, sizeof sim->result.failure, "%s", failure);
        }
    }
    sim_result(sim, result);
}

void sim_result(const struct sim *sim, struct sim_result *result)
{
    *result = sim->result;
    result->ended_at = sim->now;
    result->kept = sim->observer != NULL ? observer_kept(sim->observer) : 0;
}
