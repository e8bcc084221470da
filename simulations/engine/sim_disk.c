/* Disks: the files of a store and the records of a ledger, and what is left of them when the power
 * goes. A file that was not synced may then be whole, torn or gone. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

struct sim_bytes *sim_bytes_new(const void *bytes, size_t size)
{
    struct sim_bytes *made = sim_take_unset(sizeof *made + size);
    made->references = 1;
    made->size = size;
    if (size > 0) {
        memcpy(made->bytes, bytes, size);
    }
    return made;
}

void sim_bytes_free(struct sim_bytes *bytes)
{
    bytes->references -= 1;
    if (bytes->references == 0) {
        free(bytes);
    }
}

mn_time sim_disk_time(struct sim *sim, uint32_t machine)
{
    mn_time takes = sim->config.disk_us * 1000;
    if (sim->config.disk_jitter_us > 0) {
        takes += (mn_time)mn_random_below(&sim->disk_random,
                                          (uint64_t)sim->config.disk_jitter_us * 1000);
    }
    return takes * (sim->machines[machine].slow + 1);
}

/* ---- files ----------------------------------------------------------------------------------- */

struct sim_store *sim_store(struct sim *sim, uint32_t machine, uint32_t vat)
{
    return sim_store_in(&sim->machines[machine].disk, vat);
}

struct sim_store *sim_store_in(struct sim_disk *disk, uint32_t vat)
{
    size_t low = 0;
    size_t high = disk->store_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (disk->stores[middle].vat < vat) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == disk->store_count || disk->stores[low].vat != vat) {
        sim_grow(&disk->stores, &disk->store_capacity, disk->store_count + 1, sizeof *disk->stores);
        memmove(&disk->stores[low + 1], &disk->stores[low],
                (disk->store_count - low) * sizeof *disk->stores);
        disk->store_count += 1;
        disk->stores[low] = (struct sim_store){.vat = vat};
    }
    return &disk->stores[low];
}

static size_t file_place(const struct sim_store *store, mn_epoch epoch)
{
    size_t low = 0;
    size_t high = store->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->files[middle].epoch < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct sim_file *sim_file_find(struct sim_store *store, mn_epoch epoch)
{
    size_t place = file_place(store, epoch);
    bool found = place < store->file_count && store->files[place].epoch == epoch;
    return found ? &store->files[place] : NULL;
}

struct sim_file *sim_file_add(struct sim_store *store, mn_epoch epoch, struct sim_bytes *take_bytes)
{
    struct sim_file *file = sim_file_find(store, epoch);
    if (file != NULL) {
        sim_bytes_free(file->bytes);
        file->bytes = take_bytes;
        file->wrong = false;
        file->unread = false;
        return file;
    }
    size_t place = file_place(store, epoch);
    sim_grow(&store->files, &store->file_capacity, store->file_count + 1, sizeof *store->files);
    memmove(&store->files[place + 1], &store->files[place],
            (store->file_count - place) * sizeof *store->files);
    store->file_count += 1;
    store->files[place] = (struct sim_file){.epoch = epoch, .bytes = take_bytes};
    return &store->files[place];
}

static void file_untell(struct sim *sim, uint32_t machine, const struct sim_store *store,
                        struct sim_file *file, enum observer_copy_change change)
{
    if (file->told && sim->observer != NULL) {
        observer_copy(sim->observer, machine, store->vat, file->epoch, change);
    }
    file->told = false;
}

/* What a fault changed while its vat's host had it synced was a copy for as long as that: who syncs
 * a file cannot know better. */
void sim_file_tell(struct sim *sim, uint32_t machine, const struct sim_store *store,
                   struct sim_file *file)
{
    if (!file->told && sim->observer != NULL && machine < sim->host_count) {
        observer_copy(sim->observer, machine, store->vat, file->epoch, OBSERVER_COPY_MADE);
    }
    file->told = true;
    if (file->wrong || file->unread) {
        file_untell(sim, machine, store, file, OBSERVER_COPY_LOST);
    }
}

void sim_file_remove(struct sim *sim, uint32_t machine, struct sim_store *store, mn_epoch epoch,
                     enum observer_copy_change change)
{
    struct sim_file *file = sim_file_find(store, epoch);
    if (file == NULL) {
        return;
    }
    file_untell(sim, machine, store, file, change);
    sim_bytes_free(file->bytes);
    size_t place = (size_t)(file - store->files);
    store->file_count -= 1;
    memmove(file, file + 1, (store->file_count - place) * sizeof *file);
}

void sim_file_aside(struct sim *sim, uint32_t machine, struct sim_store *store, mn_epoch epoch,
                    bool move)
{
    const struct sim_file *file = sim_file_find(store, epoch);
    if (file == NULL) {
        return;
    }
    sim_grow(&store->asides, &store->aside_capacity, store->aside_count + 1, sizeof *store->asides);
    store->asides[store->aside_count] = *file;
    store->asides[store->aside_count].told = false;
    store->asides[store->aside_count].bytes->references += 1;
    store->aside_count += 1;
    if (move) {
        sim_file_remove(sim, machine, store, epoch, OBSERVER_COPY_DELETED);
    }
}

void sim_file_unread(struct sim *sim, uint32_t machine, struct sim_store *store,
                     struct sim_file *file, bool unread)
{
    file->unread = unread;
    if (unread) {
        file_untell(sim, machine, store, file, OBSERVER_COPY_LOST);
    }
}

struct sim_part *sim_part(struct sim_store *store, mn_epoch epoch)
{
    for (size_t i = 0; i < store->part_count; i++) {
        if (store->parts[i].epoch == epoch) {
            return &store->parts[i];
        }
    }
    sim_grow(&store->parts, &store->part_capacity, store->part_count + 1, sizeof *store->parts);
    struct sim_part *part = &store->parts[store->part_count++];
    *part = (struct sim_part){.epoch = epoch};
    return part;
}

void sim_part_remove(struct sim_store *store, mn_epoch epoch)
{
    for (size_t i = 0; i < store->part_count; i++) {
        if (store->parts[i].epoch == epoch) {
            free(store->parts[i].bytes);
            store->parts[i] = store->parts[--store->part_count];
            break;
        }
    }
    if (store->part_count == 0) {
        free(store->parts);
        store->parts = NULL;
        store->part_capacity = 0;
    }
}

/* ---- records --------------------------------------------------------------------------------- */

static size_t record_place(const struct sim_disk *disk, const char *key, bool *found)
{
    size_t low = 0;
    size_t high = disk->record_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(disk->records[middle].key, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void record_fill(struct sim_record *record, const void *bytes, size_t size)
{
    record->bytes = sim_copy(bytes, size);
    record->size = size;
}

void sim_record_put(struct sim_disk *disk, const char *key, const void *bytes, size_t size)
{
    bool found = false;
    size_t place = record_place(disk, key, &found);
    if (found) {
        free(disk->records[place].bytes);
        record_fill(&disk->records[place], bytes, size);
        return;
    }
    sim_grow(&disk->records, &disk->record_capacity, disk->record_count + 1, sizeof *disk->records);
    memmove(&disk->records[place + 1], &disk->records[place],
            (disk->record_count - place) * sizeof *disk->records);
    disk->record_count += 1;
    disk->records[place].key = sim_copy(key, strlen(key) + 1);
    record_fill(&disk->records[place], bytes, size);
}

const struct sim_record *sim_record_from(const struct sim_disk *disk, const char *key, size_t index)
{
    bool found = false;
    size_t place = record_place(disk, key, &found) + index;
    return place < disk->record_count ? &disk->records[place] : NULL;
}

void sim_record_forget(struct sim_disk *disk, const char *key)
{
    bool found = false;
    size_t place = record_place(disk, key, &found);
    if (found) {
        free(disk->records[place].key);
        free(disk->records[place].bytes);
        disk->record_count -= 1;
        memmove(&disk->records[place], &disk->records[place + 1],
                (disk->record_count - place) * sizeof *disk->records);
    }
}

/* ---- whole disks ----------------------------------------------------------------------------- */

void sim_store_deinit(struct sim_store *store)
{
    for (size_t i = 0; i < store->file_count; i++) {
        sim_bytes_free(store->files[i].bytes);
    }
    for (size_t i = 0; i < store->part_count; i++) {
        free(store->parts[i].bytes);
    }
    for (size_t i = 0; i < store->aside_count; i++) {
        sim_bytes_free(store->asides[i].bytes);
    }
    free(store->files);
    free(store->parts);
    free(store->asides);
}

void sim_disk_deinit(struct sim_disk *disk)
{
    for (size_t i = 0; i < disk->store_count; i++) {
        sim_store_deinit(&disk->stores[i]);
    }
    for (size_t i = 0; i < disk->record_count; i++) {
        free(disk->records[i].key);
        free(disk->records[i].bytes);
    }
    free(disk->stores);
    free(disk->records);
    *disk = (struct sim_disk){0};
}

/* Partners write a checkpoint while its owner syncs it, and may be done first. */
static bool file_elsewhere(struct sim *sim, uint32_t machine, uint32_t vat, mn_epoch epoch)
{
    for (uint32_t other = 0; other < sim->host_count; other++) {
        const struct sim_file *file =
            other != machine ? sim_file_find(sim_store(sim, other, vat), epoch) : NULL;
        if (file != NULL && file->synced) {
            return true;
        }
    }
    return false;
}

/* Chance decides what the cache had written by then. */
static void file_cut(struct sim *sim, uint32_t machine, struct sim_store *store, size_t *index)
{
    struct sim_file *file = &store->files[*index];
    uint64_t drawn = mn_random_below(&sim->disk_random, 4);
    if (drawn <= 1) {
        sim_count(sim, SIM_SOMETIMES_TORN);
        if (file_elsewhere(sim, machine, store->vat, file->epoch)) {
            sim_count(sim, SIM_SOMETIMES_AHEAD);
        }
    }
    if (drawn == 0) {
        sim_file_remove(sim, machine, store, file->epoch, OBSERVER_COPY_LOST);
        return;
    }
    if (drawn == 1) {
        size_t size = (size_t)mn_random_below(&sim->disk_random, file->bytes->size);
        struct sim_bytes *torn = sim_bytes_new(file->bytes->bytes, size);
        sim_bytes_free(file->bytes);
        file->bytes = torn;
    }
    file->synced = true;
    *index += 1;
}

void sim_disk_cut(struct sim *sim, uint32_t machine)
{
    struct sim_disk *disk = &sim->machines[machine].disk;
    for (size_t i = 0; i < disk->store_count; i++) {
        struct sim_store *store = &disk->stores[i];
        size_t index = 0;
        while (index < store->file_count) {
            if (store->files[index].synced) {
                index += 1;
            } else {
                file_cut(sim, machine, store, &index);
            }
        }
    }
}

void sim_store_untell(struct sim *sim, uint32_t machine, struct sim_store *store)
{
    for (size_t i = 0; i < store->file_count; i++) {
        file_untell(sim, machine, store, &store->files[i], OBSERVER_COPY_LOST);
    }
}

void sim_disk_untell(struct sim *sim, uint32_t machine)
{
    struct sim_disk *disk = &sim->machines[machine].disk;
    for (size_t i = 0; i < disk->store_count; i++) {
        sim_store_untell(sim, machine, &disk->stores[i]);
    }
}

void sim_disk_lose(struct sim *sim, uint32_t machine)
{
    sim_disk_untell(sim, machine);
    sim_disk_deinit(&sim->machines[machine].disk);
}
