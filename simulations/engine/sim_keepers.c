/* Keepers that are replaced: who they are by the records of a journal, and the operator who has one
 * replaced. He says it again to whoever leads and has no record of it, and sometimes takes it back.
 * Afterwards he writes it into the topology only when a coordinator is in trouble without that:
 * until then it is an old one. */
#include <string.h>

#include "engine/sim_private.h"

static size_t set_of(const struct sim *sim, const struct mn_name *names, uint32_t count,
                     uint32_t *hosts)
{
    for (uint32_t i = 0; i < count; i++) {
        hosts[i] = topology_find_host(sim->topology, names[i].text);
    }
    return count;
}

void sim_keepers_of(struct sim *sim, const struct sim_journal *journal, struct sim_keepers *out)
{
    const struct topology_keepers *keepers = &sim->topology->keepers;
    *out = (struct sim_keepers){.counts = {keepers->count, 0}};
    memcpy(out->hosts[0], keepers->hosts, sizeof out->hosts[0]);
    if (!sim->replacing.any) {
        return;
    }
    for (size_t i = journal->count; i > 0; i--) {
        const struct sim_entry *entry = &journal->entries[i - 1];
        struct mn_arena arena = {0};
        struct mn_journal_record record;
        if (entry->kind != MN_JOURNAL_KEEPERS) {
            continue;
        }
        mn_result result = mn_journal_record_decode(MN_JOURNAL_KEEPERS, entry->bytes.bytes,
                                                    entry->bytes.size, &arena, &record);
        mn_assert(result == MN_OK);
        out->recorded = true;
        out->counts[0] =
            set_of(sim, record.keepers.keepers, record.keepers.keeper_count, out->hosts[0]);
        uint32_t next_count = record.keepers.filling ? 0 : record.keepers.next_count;
        out->counts[1] = set_of(sim, record.keepers.next, next_count, out->hosts[1]);
        mn_arena_deinit(&arena);
        return;
    }
}

void sim_replace_keeper(struct sim *sim, uint32_t keeper, uint32_t host)
{
    struct sim_keepers now;
    sim_keepers_of(sim, &sim->in_force, &now);
    if (now.counts[0] > 0 && !sim->replacing.open) {
        sim->replacing.any = true;
        sim->replacing.open = true;
        sim->replacing.back = false;
        sim->replacing.from = now.hosts[0][keeper % now.counts[0]];
        sim->replacing.to = host;
    }
}

static bool set_has(const struct sim_keepers *keepers, uint32_t host)
{
    bool has = false;
    for (size_t i = 0; i < keepers->counts[0]; i++) {
        has = has || keepers->hosts[0][i] == host;
    }
    return has;
}

/* The next host, from the one that is meant on, that may stand in for the one that is replaced. */
static bool replacement(const struct sim *sim, const struct keeping *keeping, uint32_t *host)
{
    const char *from = sim->topology->hosts[sim->replacing.from].name;
    for (uint32_t i = 0; i < sim->host_count; i++) {
        struct mn_error error;
        uint32_t to = (sim->replacing.to + i) % sim->host_count;
        if (keeping_may_replace(keeping, from, sim->topology->hosts[to].name, &error) == MN_OK) {
            *host = to;
            return true;
        }
    }
    return false;
}

static void say(struct sim *sim, struct sim_process *process, const char *from, const char *to)
{
    struct mn_journal_keepers word = {.operator_name = mn_name_of("alice"),
                                      .key = "oooooooooooooooooooooooooooooooooooooooo",
                                      .reason = "its host goes",
                                      .at = sim_clock(sim, process)};
    struct keeping_event event = {.kind = KEEPING_ON_REPLACE};
    event.replace.from = from;
    event.replace.to = to;
    event.replace.word = &word;
    sim_coordinator_keep(sim, process, &event);
}

/* The change is under way: whoever comes is sent away, if it is not too late for that. */
static void take_back(struct sim *sim, struct sim_process *process)
{
    const struct keeping *keeping = process->coordinator->keeping;
    const char *stays = sim->topology->hosts[sim->replacing.from].name;
    struct keeping_facts facts;
    keeping_facts(keeping, &facts);
    for (uint32_t i = 0; i < facts.keeper_count; i++) {
        struct keeping_keeper keeper;
        struct mn_error error;
        keeping_keeper(keeping, i, &keeper);
        if (!keeper.now && keeping_may_replace(keeping, keeper.name, stays, &error) == MN_OK) {
            struct mn_name comes = mn_name_of(keeper.name);
            say(sim, process, comes.text, stays);
            return;
        }
    }
}

void sim_operator_replaces(struct sim *sim, struct sim_process *process)
{
    const struct keeping *keeping = process->coordinator->keeping;
    struct sim_keepers now;
    uint32_t host = 0;
    if (!sim->replacing.open || process->dying || !keeping_leads(keeping)) {
        return;
    }
    if (keeping_change_state(keeping)[0] != '\0') {
        if (sim->replacing.back) {
            take_back(sim, process);
        }
        return;
    }
    sim_keepers_of(sim, &sim->in_force, &now);
    bool gone = !set_has(&now, sim->replacing.from);
    if (gone || sim->replacing.back) {
        sim->replacing.open = false;
        sim_count(sim, gone ? SIM_SOMETIMES_KEEPER_REPLACED : SIM_SOMETIMES_KEEPER_STAYED);
    } else if (replacement(sim, keeping, &host)) {
        say(sim, process, sim->topology->hosts[sim->replacing.from].name,
            sim->topology->hosts[host].name);
    }
}

bool sim_keeper_stays(struct sim *sim, const struct sim_fault *fault)
{
    uint32_t slot = sim->machines[sim->host_count].process;
    struct sim_process *process = slot != SIM_NOBODY ? sim->processes[slot] : NULL;
    if (fault->kind != SIM_FAULT_REPLACE_KEEPER) {
        return false;
    }
    sim->replacing.back = sim->replacing.back || fault->for_ms > 0;
    if (process != NULL && process->paused_until <= sim->now) {
        sim_operator_replaces(sim, process);
    }
    return true;
}

bool sim_keepers_corrected(struct sim *sim)
{
    struct topology_keepers *keepers = &sim->topology->keepers;
    struct sim_keepers now;
    sim_keepers_of(sim, &sim->in_force, &now);
    bool same = !now.recorded;
    if (now.recorded) {
        same = memcmp(now.hosts[0], keepers->hosts, now.counts[0] * sizeof *keepers->hosts) == 0;
        memcpy(keepers->hosts, now.hosts[0], sizeof keepers->hosts);
    }
    return !same;
}
