/* The table of BLOBs: an array sorted by name. A look-up is a binary search, or nothing when it is
 * for what was found last, as of a BLOB that is read and then written. Creating BLOBs in the order
 * of their names costs nothing more, in another order a move of pointers each. A diff costs what
 * changed, whatever the size of the table. */
#include "blobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

struct blob {
    struct mn_name name;
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    bool changed; /* since the last checkpoint: it stands in `changed` */
    bool stored;  /* the last checkpoint has it */
    bool deleted;
};

static void blob_free(struct blob *blob)
{
    free(blob->bytes);
    free(blob);
}

void blobs_deinit(struct blobs *blobs)
{
    for (size_t i = 0; i < blobs->count; i++) {
        blob_free(blobs->items[i]);
    }
    free(blobs->items);
    free(blobs->changed);
    *blobs = (struct blobs){0};
}

/* Where @name is, or where it would be; *found says which. */
static size_t blobs_find(struct blobs *blobs, const struct mn_name *name, bool *found)
{
    size_t low = 0;
    size_t high = blobs->count;
    *found = blobs->last < high && mn_name_equal(&blobs->items[blobs->last]->name, name);
    if (*found) {
        return blobs->last;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mn_name_compare(&blobs->items[middle]->name, name);
        if (order == 0) {
            *found = true;
            blobs->last = middle;
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

static mn_result blob_set(struct blob *blob, const void *bytes, size_t size)
{
    mn_result result =
        mn_grow(&blob->bytes, &blob->capacity, size > 0 ? size : 1, 1, MN_BLOB_SIZE_MAX);
    if (result != MN_OK) {
        return result;
    }
    if (size > 0) {
        memmove(blob->bytes, bytes, size);
    }
    blob->size = size;
    return MN_OK;
}

/* Room to mark one more BLOB as changed, so that marking cannot fail half way. */
static mn_result blobs_mark_room(struct blobs *blobs)
{
    return mn_grow(&blobs->changed, &blobs->changed_capacity, blobs->changed_count + 1,
                   sizeof(struct blob *), BLOBS_COUNT_MAX);
}

static void blobs_mark(struct blobs *blobs, struct blob *blob)
{
    if (!blob->changed) {
        blob->changed = true;
        blobs->changed[blobs->changed_count++] = blob;
    }
}

static mn_result blobs_insert(struct blobs *blobs, size_t at, const struct mn_name *name,
                              const void *bytes, size_t size)
{
    mn_result result = mn_grow(&blobs->items, &blobs->capacity, blobs->count + 1,
                               sizeof(struct blob *), BLOBS_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    struct blob *blob = calloc(1, sizeof *blob);
    if (blob == NULL) {
        return MN_NO_MEMORY;
    }
    blob->name = *name;
    result = blob_set(blob, bytes, size);
    if (result != MN_OK) {
        blob_free(blob);
        return result;
    }
    memmove(&blobs->items[at + 1], &blobs->items[at], (blobs->count - at) * sizeof(struct blob *));
    blobs->items[at] = blob;
    blobs->count += 1;
    blobs_mark(blobs, blob);
    return MN_OK;
}

mn_result blobs_put(struct blobs *blobs, const struct mn_name *name, const void *bytes, size_t size)
{
    if (size > MN_BLOB_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    bool found = false;
    size_t at = blobs_find(blobs, name, &found);
    struct blob *blob = found ? blobs->items[at] : NULL;
    if (found && !blob->deleted && blob->size == size &&
        (size == 0 || memcmp(blob->bytes, bytes, size) == 0)) {
        return MN_OK;
    }
    mn_result result = blobs_mark_room(blobs);
    if (result != MN_OK) {
        return result;
    }
    if (!found) {
        return blobs_insert(blobs, at, name, bytes, size);
    }
    result = blob_set(blob, bytes, size);
    if (result != MN_OK) {
        return result;
    }
    if (blob->deleted) {
        blob->deleted = false;
        blobs->deleted_count -= 1;
    }
    blobs_mark(blobs, blob);
    return MN_OK;
}

mn_result blobs_get(struct blobs *blobs, const struct mn_name *name, const void **bytes,
                    size_t *size)
{
    bool found = false;
    size_t at = blobs_find(blobs, name, &found);
    if (!found || blobs->items[at]->deleted) {
        return MN_NOT_FOUND;
    }
    *bytes = blobs->items[at]->bytes;
    *size = blobs->items[at]->size;
    return MN_OK;
}

mn_result blobs_delete(struct blobs *blobs, const struct mn_name *name)
{
    bool found = false;
    size_t at = blobs_find(blobs, name, &found);
    if (!found || blobs->items[at]->deleted) {
        return MN_NOT_FOUND;
    }
    mn_result result = blobs_mark_room(blobs);
    if (result != MN_OK) {
        return result;
    }
    blobs->items[at]->deleted = true;
    blobs->deleted_count += 1;
    blobs_mark(blobs, blobs->items[at]);
    return MN_OK;
}

size_t blobs_count(const struct blobs *blobs)
{
    return blobs->count - blobs->deleted_count;
}

/* Whether a diff says something of a changed BLOB: not when it came and went in between. */
static bool blob_in_diff(const struct blob *blob)
{
    return !blob->deleted || blob->stored;
}

size_t blobs_entry_count(const struct blobs *blobs, bool full)
{
    if (full) {
        return blobs_count(blobs);
    }
    size_t count = 0;
    for (size_t i = 0; i < blobs->changed_count; i++) {
        count += blob_in_diff(blobs->changed[i]) ? 1 : 0;
    }
    return count;
}

static struct mn_checkpoint_entry blob_entry(const struct blob *blob)
{
    return (struct mn_checkpoint_entry){
        .space = MN_ENTRY_BLOB,
        .name = &blob->name,
        .tombstone = blob->deleted,
        .bytes = blob->deleted ? NULL : blob->bytes,
        .size = blob->deleted ? 0 : blob->size,
    };
}

void blobs_entries_into(const struct blobs *blobs, bool full, struct mn_checkpoint_entry *entries)
{
    size_t count = full ? blobs->count : blobs->changed_count;
    struct blob *const *items = full ? blobs->items : blobs->changed;
    for (size_t i = 0; i < count; i++) {
        if (full ? !items[i]->deleted : blob_in_diff(items[i])) {
            *entries++ = blob_entry(items[i]);
        }
    }
}

void blobs_settle(struct blobs *blobs)
{
    for (size_t i = 0; i < blobs->changed_count; i++) {
        blobs->changed[i]->changed = false;
        blobs->changed[i]->stored = true;
    }
    blobs->changed_count = 0;
    if (blobs->deleted_count == 0) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < blobs->count; i++) {
        if (blobs->items[i]->deleted) {
            blob_free(blobs->items[i]);
        } else {
            blobs->items[kept++] = blobs->items[i];
        }
    }
    blobs->count = kept;
    blobs->deleted_count = 0;
}

mn_result blobs_restore(struct blobs *blobs, const struct mn_checkpoint_entry *entry)
{
    mn_assert(entry->space == MN_ENTRY_BLOB);
    mn_result result = MN_OK;
    if (entry->tombstone) {
        result = blobs_delete(blobs, entry->name);
        /* A diff may say twice what is gone: gone is gone. */
        result = result == MN_NOT_FOUND ? MN_OK : result;
    } else {
        result = blobs_put(blobs, entry->name, entry->bytes, entry->size);
    }
    return result;
}
