/* Backups: a host's disk, or the store of one vat alone, as it was; and a disk that is put
 * back to that, for good or while another is put by. What was not synced when it was copied is not
 * in the copy. */
#include "engine/sim_private.h"

/* The synced files of @from that can be read, and what was set aside of it. */
static void store_copy(struct sim_store *to, const struct sim_store *from)
{
    *to = (struct sim_store){.vat = from->vat};
    for (size_t k = 0; k < from->file_count; k++) {
        if (from->files[k].synced && !from->files[k].unread) {
            from->files[k].bytes->references += 1;
            struct sim_file *file = sim_file_add(to, from->files[k].epoch, from->files[k].bytes);
            file->onto = from->files[k].onto;
            file->synced = true;
        }
    }
    sim_grow(&to->asides, &to->aside_capacity, from->aside_count, sizeof *to->asides);
    for (size_t k = 0; k < from->aside_count; k++) {
        to->asides[k] = from->asides[k];
        from->asides[k].bytes->references += 1;
    }
    to->aside_count = from->aside_count;
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    sim_disk_deinit(to);
    to->store_count = from->store_count;
    to->store_capacity = from->store_count;
    to->stores = sim_take(from->store_count, sizeof *to->stores);
    for (size_t i = 0; i < from->store_count; i++) {
        store_copy(&to->stores[i], &from->stores[i]);
    }
    for (size_t i = 0; i < from->record_count; i++) {
        sim_record_put(to, from->records[i].key, from->records[i].bytes, from->records[i].size);
    }
}

void sim_records_replace(struct sim_disk *disk, const struct sim_disk *with)
{
    while (disk->record_count > 0) {
        sim_record_forget(disk, disk->records[disk->record_count - 1].key);
    }
    for (size_t i = 0; i < with->record_count; i++) {
        sim_record_put(disk, with->records[i].key, with->records[i].bytes, with->records[i].size);
    }
}

void sim_disk_old(struct sim *sim, uint32_t machine)
{
    sim_disk_untell(sim, machine);
    sim_disk_copy(&sim->machines[machine].disk, &sim->machines[machine].backup);
}

void sim_disk_swap(struct sim *sim, uint32_t machine)
{
    struct sim_machine *host = &sim->machines[machine];
    if (host->swapped) {
        return;
    }
    sim_disk_untell(sim, machine);
    host->other = host->disk;
    host->swapped = true;
    host->disk = (struct sim_disk){0};
    sim_disk_copy(&host->disk, &host->backup);
    if (sim->observer != NULL) {
        observer_backup(sim->observer);
    }
}

void sim_disk_swap_back(struct sim *sim, uint32_t machine)
{
    struct sim_machine *host = &sim->machines[machine];
    if (!host->swapped) {
        return;
    }
    sim_disk_lose(sim, machine);
    host->disk = host->other;
    host->swapped = false;
    host->other = (struct sim_disk){0};
}

/* ---- one vat --------------------------------------------------------------------------------- */

void sim_vat_backup(struct sim *sim, uint32_t vat)
{
    const struct sim_process *process = sim_vat_process(sim, vat);
    struct sim_backup *backup = &sim->backups[vat];
    if (process == NULL) {
        return; /* it is nowhere */
    }
    if (sim->observer != NULL) {
        observer_backup(sim->observer);
    }
    struct sim_disk *disk = &sim->machines[process->machine].disk;
    sim_disk_deinit(&backup->disk);
    backup->machine = process->machine;
    store_copy(sim_store_in(&backup->disk, vat), sim_store_in(disk, vat));
}

void sim_vat_old(struct sim *sim, uint32_t vat)
{
    struct sim_backup *backup = &sim->backups[vat];
    struct sim_disk *disk = &sim->machines[backup->machine].disk;
    struct sim_store *store = sim_store_in(disk, vat);
    sim_store_untell(sim, backup->machine, store);
    sim_store_deinit(store);
    store_copy(store, &backup->disk.stores[0]);
}
