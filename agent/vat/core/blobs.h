/* The BLOBs of a vat, by name, and which of them changed since the last checkpoint. */
#ifndef VAT_CORE_BLOBS_H
#define VAT_CORE_BLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ids.h"
#include "base/result.h"
#include "store/checkpoint_file.h"

enum { BLOBS_COUNT_MAX = 1024 * 1024 };

/* Zero-initialised is an empty table. */
struct blobs {
    struct blob **items; /* by name */
    size_t count;
    size_t capacity;
    struct blob **changed; /* since the last checkpoint, in the order of their first change */
    size_t changed_count;
    size_t changed_capacity;
    size_t deleted_count; /* of the items: gone, but a checkpoint still has them */
    size_t last;          /* where the last one that was looked for was, unless items moved since */
};

void blobs_deinit(struct blobs *blobs);

/* Set the BLOB @name to a copy of @size bytes. The same bytes again are no change.
 *
 * Errors:    MN_TOO_LARGE  more than MN_BLOB_SIZE_MAX
 *            MN_FULL       BLOBS_COUNT_MAX BLOBs exist
 *            MN_NO_MEMORY; the table is as it was then */
mn_result blobs_put(struct blobs *blobs, const struct mn_name *name, const void *bytes,
                    size_t size) MN_CHECKED;

/* Lend out the BLOB @name until it is next changed. MN_NOT_FOUND when there is none. */
mn_result blobs_get(struct blobs *blobs, const struct mn_name *name, const void **bytes,
                    size_t *size) MN_CHECKED;

/* Remove the BLOB @name. MN_NOT_FOUND when there is none, MN_NO_MEMORY. */
mn_result blobs_delete(struct blobs *blobs, const struct mn_name *name) MN_CHECKED;

/* How many BLOBs there are. */
size_t blobs_count(const struct blobs *blobs);

/* How many entries a full or a diff has of them. */
size_t blobs_entry_count(const struct blobs *blobs, bool full);

/* Write those entries to @entries, which has room for them. They borrow the BLOBs' memory. */
void blobs_entries_into(const struct blobs *blobs, bool full, struct mn_checkpoint_entry *entries);

/* A checkpoint has all changes: from here on none has happened. */
void blobs_settle(struct blobs *blobs);

/* As blobs_put and blobs_delete, but of a checkpoint that is being restored. */
mn_result blobs_restore(struct blobs *blobs, const struct mn_checkpoint_entry *entry) MN_CHECKED;

#endif
