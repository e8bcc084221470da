/* Disks that turn up again. Of each host that is lost with its disk that one is put by, and so is
 * each backup: both may hold what no copy does, or only what is old. Who operates the cluster has
 * the checkpoints of a lost vat adopted from one of them by some host; now and then, by mistake,
 * those of a vat that is not lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum { FOUND_MISTAKE_ONE_IN = 6, FOUND_OWN_HOST_ONE_IN = 4, FOUND_PATH_SIZE = 32 };

void sim_found_keep(struct sim *sim, uint32_t machine)
{
    struct sim_machine *lost = &sim->machines[machine];
    if (sim->config.adopt_percent > 0 && lost->disk.store_count > 0) {
        sim_disk_copy(&lost->found, &lost->disk);
        if (sim->observer != NULL) {
            observer_backup(sim->observer);
        }
    }
}

/* ---- where they are -------------------------------------------------------------------------- */

static const char *const found_kinds[] = {"/found/", "/backup/"};

static const struct sim_store *store_of(const struct sim *sim, size_t kind, uint32_t machine,
                                        uint32_t vat)
{
    const struct sim_machine *where = &sim->machines[machine];
    const struct sim_disk *disk = kind == 0 ? &where->found : &where->backup;
    for (size_t i = 0; i < disk->store_count; i++) {
        if (disk->stores[i].vat == vat && disk->stores[i].file_count > 0) {
            return &disk->stores[i];
        }
    }
    return NULL;
}

/* The vat's directory on the disk of that path; NULL when there is none. */
static const struct sim_store *store_at(const struct sim *sim, const char *path, uint32_t vat)
{
    for (size_t kind = 0; kind < 2; kind++) {
        size_t length = strlen(found_kinds[kind]);
        if (strncmp(path, found_kinds[kind], length) == 0) {
            return store_of(sim, kind, (uint32_t)strtoul(path + length, NULL, 10), vat);
        }
    }
    return NULL;
}

/* ---- the agent's disk worker ----------------------------------------------------------------- */

void sim_found_listed(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    const struct sim_store *store =
        store_at(sim, (const char *)job->bytes, sim_vat_number(sim, &job->vat));
    uint32_t count = store != NULL ? (uint32_t)store->file_count : 0;
    mn_epoch *epochs = sim_take(count, sizeof *epochs);
    for (uint32_t i = 0; i < count; i++) {
        epochs[i] = store->files[i].epoch;
    }
    struct agent_event event = {.kind = AGENT_ON_FOUND_LISTED};
    event.listed.vat = job->vat;
    event.listed.result = store != NULL ? MN_OK : MN_NOT_FOUND;
    event.listed.text = "there is nothing of it";
    event.listed.epochs = epochs;
    event.listed.count = count;
    sim_agent_step(sim, process, &event);
    free(epochs);
}

/* Whether it is here now; otherwise @why not. */
bool sim_found_take(struct sim *sim, uint32_t machine, const struct sim_job *job,
                    struct agent_file_facts *facts, enum mn_passed_why *why)
{
    uint32_t vat = sim_vat_number(sim, &job->vat);
    const struct sim_store *from = store_at(sim, (const char *)job->bytes, vat);
    struct sim_bytes *bytes = NULL;
    for (size_t i = 0; from != NULL && i < from->file_count; i++) {
        bool read = from->files[i].epoch == job->epoch && !from->files[i].unread;
        bytes = read ? from->files[i].bytes : bytes;
    }
    if (bytes == NULL) {
        *why = MN_PASSED_UNREADABLE;
    } else if (sim->machines[machine].full > 0) {
        *why = MN_PASSED_FULL;
    } else if (mn_random_below(&sim->disk_random, 100) < sim->machines[machine].errors_percent) {
        *why = MN_PASSED_UNWRITTEN;
    } else if (sim_checkpoint_facts(bytes->bytes, bytes->size, &sim->arena, facts) != MN_OK) {
        *why = MN_PASSED_DAMAGED;
    } else {
        struct sim_store *store = sim_store(sim, machine, vat);
        bytes->references += 1;
        struct sim_file *file = sim_file_add(store, job->epoch, bytes);
        file->onto = facts->record.onto;
        file->synced = true;
        file->found = true;
        sim_file_tell(sim, machine, store, file);
        return true;
    }
    return false;
}

void sim_found_taken(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    struct agent_file_facts facts;
    memset(&facts, 0, sizeof facts);
    struct agent_event event = {.kind = AGENT_ON_FOUND_TAKEN};
    event.taken.vat = job->vat;
    event.taken.epoch = job->epoch;
    event.taken.facts =
        sim_found_take(sim, process->machine, job, &facts, &event.taken.why) ? &facts : NULL;
    sim_agent_step(sim, process, &event);
}

/* ---- the operator ---------------------------------------------------------------------------- */

/* Of all disks with something of a vat, lost ones' only or anybody's, the @wanted-th. How many
 * there are. */
static uint64_t found_count(const struct sim *sim, const struct coordinator *core, bool lost_only,
                            uint64_t wanted, uint32_t *vat, char path[FOUND_PATH_SIZE])
{
    uint64_t count = 0;
    for (uint32_t number = 0; number < sim->vat_count; number++) {
        struct coordinator_vat_facts facts;
        coordinator_vat(core, number, &facts);
        if (lost_only && facts.state != COORDINATOR_VAT_LOST) {
            continue;
        }
        for (uint32_t at = 0; at < 2 * sim->host_count; at++) {
            if (store_of(sim, at % 2, at / 2, number) == NULL) {
                continue;
            }
            if (count == wanted) {
                *vat = number;
                (void)snprintf(path, FOUND_PATH_SIZE, "%s%u", found_kinds[at % 2], at / 2);
            }
            count += 1;
        }
    }
    return count;
}

bool sim_found_adopts(struct sim *sim, struct sim_process *process)
{
    struct mn_random *random = &sim->operator_random;
    const struct coordinator *core = process->coordinator->core;
    if (mn_random_below(random, 100) >= (uint64_t)sim->config.adopt_percent) {
        return false;
    }
    bool lost_only = mn_random_below(random, FOUND_MISTAKE_ONE_IN) > 0;
    uint32_t vat = 0;
    char path[FOUND_PATH_SIZE] = "";
    char host[FOUND_PATH_SIZE] = "";
    uint64_t count = found_count(sim, core, lost_only, UINT64_MAX, &vat, path);
    if (count == 0) {
        return false;
    }
    (void)found_count(sim, core, lost_only, mn_random_below(random, count), &vat, path);
    uint64_t chosen = mn_random_below(random, sim->host_count);
    if (mn_random_below(random, FOUND_OWN_HOST_ONE_IN) > 0) {
        (void)snprintf(host, sizeof host, "%s", sim->topology->hosts[chosen].name);
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    event.step.who = 0;
    event.step.step = MN_STEP_ADOPT;
    event.step.vat = sim->topology->vats[vat].name;
    event.step.host = host;
    event.step.store = path;
    event.step.reason = "it turned up";
    event.step.ticket = SIM_TICKET_ADOPT;
    sim_coordinator_step(sim, process, &event);
    return true;
}

void sim_found_answered(struct sim *sim, const struct coordinator_effect *effect)
{
    if (effect->answer.ticket == SIM_TICKET_ADOPT && effect->answer.code == MN_STALE) {
        sim_count(sim, SIM_SOMETIMES_DISK_TOO_LATE);
    }
}

/* Whether the vat goes on from a checkpoint that is nowhere but where a disk was adopted. */
void sim_found_kept(struct sim *sim, uint32_t vat, mn_epoch keep)
{
    bool found = false;
    for (uint32_t machine = 0; machine < sim->host_count; machine++) {
        const struct sim_disk *disk = &sim->machines[machine].disk;
        for (size_t i = 0; i < disk->store_count; i++) {
            for (size_t k = 0; disk->stores[i].vat == vat && k < disk->stores[i].file_count; k++) {
                const struct sim_file *file = &disk->stores[i].files[k];
                if (file->epoch == keep && !file->found && sim->machines[machine].up) {
                    return;
                }
                found = found || (file->epoch == keep && file->found);
            }
        }
    }
    if (found) {
        sim_count(sim, SIM_SOMETIMES_DISK_COUNTED);
    }
}
