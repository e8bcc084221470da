/* What happens to files and records: one that goes bad or is gone, a vat's store or an agent's
 * ledger that is lost, torn, or put back to what it was. Whoever uses it dies and begins anew,
 * because nobody swaps a file below a process that has it open; a vat's process outlives its agent.
 */
#include "engine/sim_private.h"

/* The @number-th file on a host's disk, counted round and round; NULL when there is none. */
static struct sim_file *some_file(struct sim *sim, uint32_t host, uint32_t number,
                                  struct sim_store **store)
{
    struct sim_disk *disk = &sim->machines[host].disk;
    size_t count = 0;
    for (size_t i = 0; i < disk->store_count; i++) {
        count += disk->stores[i].file_count;
    }
    size_t place = count > 0 ? number % count : 0;
    for (size_t i = 0; count > 0 && i < disk->store_count; i++) {
        if (place < disk->stores[i].file_count) {
            *store = &disk->stores[i];
            return &disk->stores[i].files[place];
        }
        place -= disk->stores[i].file_count;
    }
    return NULL;
}

/* @file of @store is as it was but for one byte, the @number-th counted round and round. */
static void damage(struct sim *sim, uint32_t host, struct sim_store *store,
                   const struct sim_file *file, uint32_t number)
{
    mn_epoch onto = file->onto;
    mn_epoch epoch = file->epoch;
    if (file->bytes->size == 0) {
        return;
    }
    /* Until somebody reads it it looks like one that is whole: it may be chosen, and what rests on
     * it asked for again, however far below the floor that is. */
    if (sim->observer != NULL) {
        observer_backup(sim->observer);
    }
    struct sim_bytes *wrong = sim_bytes_new(file->bytes->bytes, file->bytes->size);
    wrong->bytes[number % wrong->size] ^= 0x40;
    sim_file_remove(sim, host, store, epoch, OBSERVER_COPY_LOST);
    struct sim_file *made = sim_file_add(store, epoch, wrong);
    made->onto = onto;
    made->synced = true;
    made->wrong = true;
}

static void corrupt(struct sim *sim, uint32_t host, uint32_t number)
{
    struct sim_store *store = NULL;
    const struct sim_file *file = some_file(sim, host, number, &store);
    if (file != NULL) {
        damage(sim, host, store, file, number);
    }
}

/* Of each vat that runs there the newest full. */
static void corrupt_fulls(struct sim *sim, uint32_t host)
{
    struct sim_disk *disk = &sim->machines[host].disk;
    for (size_t i = 0; i < disk->store_count; i++) {
        struct sim_store *store = &disk->stores[i];
        const struct sim_process *process = sim_vat_process(sim, store->vat);
        size_t place = store->file_count;
        while (place > 0 && store->files[place - 1].onto != 0) {
            place -= 1;
        }
        if (place > 0 && process != NULL && process->machine == host) {
            damage(sim, host, store, &store->files[place - 1], 0);
        }
    }
}

static void lose_copy(struct sim *sim, uint32_t host, uint32_t number)
{
    struct sim_store *store = NULL;
    const struct sim_file *file = some_file(sim, host, number, &store);
    if (file != NULL) {
        sim_file_remove(sim, host, store, file->epoch, OBSERVER_COPY_LOST);
    }
}

/* Reading fails of @percent of the files there that are on the disk and not only in memory. As with
 * those that are damaged, nobody knows before somebody reads them. */
static void unread(struct sim *sim, uint32_t host, uint32_t percent)
{
    struct sim_disk *disk = &sim->machines[host].disk;
    if (sim->observer != NULL) {
        observer_backup(sim->observer);
    }
    for (size_t i = 0; i < disk->store_count; i++) {
        for (size_t k = 0; k < disk->stores[i].file_count; k++) {
            struct sim_file *file = &disk->stores[i].files[k];
            if (file->synced && mn_random_below(&sim->disk_random, 100) < percent) {
                sim_file_unread(sim, host, &disk->stores[i], file, true);
            }
        }
    }
}

void sim_damage_over(struct sim *sim, const struct sim_fault *fault)
{
    uint32_t host = fault->a % sim->host_count;
    struct sim_disk *disk = &sim->machines[host].disk;
    for (size_t i = 0; i < disk->store_count; i++) {
        for (size_t k = 0; k < disk->stores[i].file_count; k++) {
            struct sim_file *file = &disk->stores[i].files[k];
            if (file->unread) {
                sim_file_unread(sim, host, &disk->stores[i], file, false);
            }
        }
    }
}

/* ---- the store of one vat -------------------------------------------------------------------- */

/* Where the vat runs, or ran when it was backed up; its process and its agent are ended.
 * SIM_NOBODY: it is nowhere. */
static uint32_t vat_ends(struct sim *sim, const struct sim_fault *fault, uint32_t machine)
{
    struct sim_process *process = sim_vat_process(sim, fault->a % sim->vat_count);
    if (machine == SIM_NOBODY && process != NULL) {
        machine = process->machine;
    }
    if (machine == SIM_NOBODY) {
        return SIM_NOBODY;
    }
    if (process != NULL && process->machine == machine) {
        sim_kill(sim, process);
    }
    sim_die(sim, sim_machine_process(sim, machine), 0, fault->for_ms);
    return machine;
}

static void lose_vat(struct sim *sim, const struct sim_fault *fault)
{
    uint32_t machine = vat_ends(sim, fault, SIM_NOBODY);
    if (machine == SIM_NOBODY) {
        return;
    }
    struct sim_store *store = sim_store(sim, machine, fault->a % sim->vat_count);
    sim_store_untell(sim, machine, store);
    sim_store_deinit(store);
    *store = (struct sim_store){.vat = fault->a % sim->vat_count};
}

/* Of the newest file half is there. */
static void tear_vat(struct sim *sim, const struct sim_fault *fault)
{
    uint32_t machine = vat_ends(sim, fault, SIM_NOBODY);
    struct sim_store *store =
        machine != SIM_NOBODY ? sim_store(sim, machine, fault->a % sim->vat_count) : NULL;
    if (store == NULL || store->file_count == 0) {
        return;
    }
    const struct sim_file *file = &store->files[store->file_count - 1];
    mn_epoch epoch = file->epoch;
    mn_epoch onto = file->onto;
    struct sim_bytes *half = sim_bytes_new(file->bytes->bytes, file->bytes->size / 2);
    sim_file_remove(sim, machine, store, epoch, OBSERVER_COPY_LOST);
    struct sim_file *torn = sim_file_add(store, epoch, half);
    torn->onto = onto;
    torn->synced = true;
}

static void old_vat(struct sim *sim, const struct sim_fault *fault)
{
    uint32_t vat = fault->a % sim->vat_count;
    if (sim->backups[vat].disk.store_count > 0 &&
        vat_ends(sim, fault, sim->backups[vat].machine) != SIM_NOBODY) {
        sim_vat_old(sim, vat);
    }
}

/* ---- the ledger of an agent ------------------------------------------------------------------ */

static void ledger_replace(struct sim *sim, const struct sim_fault *fault, uint32_t host,
                           const struct sim_disk *with)
{
    sim_die(sim, sim_machine_process(sim, host), 0, fault->for_ms);
    sim_disturb(sim, host);
    sim_machine_lost(sim, host);
    sim_records_replace(&sim->machines[host].disk, with);
    sim_left_less(sim);
}

/* Those of all hosts, or of so many of the keepers of now. */
static void ledgers_lose(struct sim *sim, const struct sim_fault *fault)
{
    static const struct sim_disk none;
    struct sim_keepers keepers;
    if (fault->kind == SIM_FAULT_LOSE_LEDGERS) {
        for (uint32_t i = 0; i < sim->host_count; i++) {
            ledger_replace(sim, fault, i, &none);
        }
        return;
    }
    sim_keepers_of(sim, &sim->in_force, &keepers);
    for (uint32_t i = 0; i < keepers.counts[0] && i <= fault->b; i++) {
        ledger_replace(sim, fault, keepers.hosts[0][(fault->a + i) % keepers.counts[0]], &none);
    }
}

bool sim_damage(struct sim *sim, const struct sim_fault *fault)
{
    static const struct sim_disk none;
    uint32_t host = fault->a % sim->host_count;
    switch (fault->kind) {
    case SIM_FAULT_DISK_UNREAD:
        unread(sim, host, fault->b);
        return true;
    case SIM_FAULT_CORRUPT:
        corrupt(sim, host, fault->b);
        return true;
    case SIM_FAULT_CORRUPT_FULL:
        corrupt_fulls(sim, host);
        return true;
    case SIM_FAULT_LOSE_COPY:
        lose_copy(sim, host, fault->b);
        return true;
    case SIM_FAULT_LOSE_VAT:
        lose_vat(sim, fault);
        return true;
    case SIM_FAULT_TEAR_VAT:
        tear_vat(sim, fault);
        return true;
    case SIM_FAULT_OLD_VAT:
        old_vat(sim, fault);
        return true;
    case SIM_FAULT_BACKUP_VAT:
        sim_vat_backup(sim, fault->a % sim->vat_count);
        return true;
    case SIM_FAULT_LOSE_LEDGER:
        ledger_replace(sim, fault, host, &none);
        return true;
    case SIM_FAULT_LOSE_LEDGERS:
    case SIM_FAULT_LOSE_KEEPERS:
        ledgers_lose(sim, fault);
        return true;
    case SIM_FAULT_OLD_LEDGER:
        ledger_replace(sim, fault, host, &sim->machines[host].backup);
        return true;
    default:
        return false;
    }
}
