/* The checkpoint file: one checkpoint of one vat, a full or a diff, that speaks for itself.
 *
 * Layout, all numbers little-endian:
 *
 *     8 bytes   "MNEMECKP"
 *     u32       version, 1
 *     u32       size of the record
 *     record    struct mn_checkpoint_record as protobuf
 *     body      record.blob_count entries, record.body_size bytes in all; each is
 *                   u8 space, u8 kind (1 value, 2 tombstone), u16 size of the name,
 *                   u32 size of the bytes, i64 number, BLAKE2b-256 of the bytes (32 bytes,
 *                   zero in a tombstone), the name, the bytes
 *     digest    BLAKE2b-256 of all that comes before it
 *
 * A file is named DIRECTORY/<16 hex digits of the epoch>.ckpt. It is written under the ending .part
 * and renamed when whole, so that a .ckpt is always complete unless the machine itself stopped; it
 * is not synced here, because the agent syncs before anything is promised. */
#ifndef MN_STORE_CHECKPOINT_FILE_H
#define MN_STORE_CHECKPOINT_FILE_H

#include "base/error.h"
#include "wire/stored.h"

enum {
    MN_CHECKPOINT_NAME_SIZE = 16 + 5 + 1, /* "0000000100000001.ckpt" and its NUL */
    MN_CHECKPOINT_RECORD_SIZE_MAX = MN_MESSAGE_SIZE_MAX,
    MN_CHECKPOINT_ENTRY_COUNT_MAX = 4 * 1024 * 1024
};

/* What an entry of a body belongs to. */
enum mn_entry_space {
    MN_ENTRY_BLOB = 1,    /* the application's */
    MN_ENTRY_SESSION = 2, /* named after the peer; struct mn_session_state */
    MN_ENTRY_OUTBOX = 3   /* messages kept for the peer of that name, of the epoch in `number` */
};

/* One thing of a vat's state, known by (space, name, number). In a full every thing is there once;
 * in a diff those that changed since the checkpoint it applies onto. */
struct mn_checkpoint_entry {
    enum mn_entry_space space;
    const struct mn_name *name;
    int64_t number; /* not below 0; 0 where there is nothing to tell apart */
    bool tombstone; /* the thing is gone; only in a diff */
    const void *bytes;
    size_t size; /* at most MN_ENTRY_SIZE_MAX */
};

/* What identifies a file's content. */
struct mn_checkpoint_identity {
    uint64_t size;           /* of the whole file */
    struct mn_digest digest; /* the one at its end, over all bytes before it */
};

/* "<16 hex>.ckpt" of @epoch. */
void mn_checkpoint_name_into(char name[MN_CHECKPOINT_NAME_SIZE], mn_epoch epoch);

/* The epoch of a file name (without directory) by the rule above; false when it is none. */
bool mn_checkpoint_name_parse(const char *name, mn_epoch *epoch);

/* DIRECTORY/<16 hex>.ckpt. MN_TOO_LARGE when that is longer than MN_PATH_SIZE_MAX. */
mn_result mn_checkpoint_path_into(char path[MN_PATH_SIZE_MAX], const char *directory,
                                  mn_epoch epoch) MN_CHECKED;

/* Write one checkpoint into @directory, whole or not at all: on failure neither a .ckpt nor a .part
 * is left behind.
 *
 * @record    blob_count and body_size are filled in from the entries, whatever they say.
 * @identity  out.
 *
 * Errors:    MN_NO_SPACE, MN_DENIED, MN_IO, MN_NOT_FOUND (no such directory), MN_NO_MEMORY
 *            MN_TOO_LARGE  an entry, the record or the path is larger than its bound
 *            each with the file and the remedy in @error */
mn_result mn_checkpoint_write(const char *directory, const struct mn_checkpoint_record *record,
                              const struct mn_checkpoint_entry *entries, size_t entry_count,
                              struct mn_checkpoint_identity *identity,
                              struct mn_error *error) MN_CHECKED;

struct mn_checkpoint_reader;

/* Open a file and read its record, which is taken from @arena. Only the sizes have been checked by
 * then: the content is proven when mn_checkpoint_next has said MN_NOT_FOUND.
 *
 * Errors:    MN_NOT_FOUND, MN_DENIED, MN_IO, MN_NO_MEMORY
 *            MN_CORRUPT      cut short, or not in this format
 *            MN_BAD_VERSION  written by a newer version */
mn_result mn_checkpoint_open(struct mn_checkpoint_reader **reader, const char *path,
                             struct mn_arena *arena, struct mn_checkpoint_record *record,
                             struct mn_error *error) MN_CHECKED;

/* The next entry; its digest has been checked. It is borrowed until the next call on @reader.
 *
 * Errors:    MN_NOT_FOUND  there are no more, and the digest over the whole file is right
 *            MN_CORRUPT, MN_IO, MN_NO_MEMORY; nothing from this file may be used then */
mn_result mn_checkpoint_next(struct mn_checkpoint_reader *reader, struct mn_checkpoint_entry *entry,
                             struct mn_error *error) MN_CHECKED;

/* Check the next entries, @size bytes or one entry more, and hand nothing out: for who reads a
 * large file in parts. Errors: as mn_checkpoint_next, MN_NOT_FOUND for the end. */
mn_result mn_checkpoint_check(struct mn_checkpoint_reader *reader, uint64_t size,
                              struct mn_error *error) MN_CHECKED;

/* Whether the file is still the one that its path leads to. */
bool mn_checkpoint_reader_current(const struct mn_checkpoint_reader *reader);

/* The file's identity; its digest is right once mn_checkpoint_next has said MN_NOT_FOUND. */
struct mn_checkpoint_identity
mn_checkpoint_reader_identity(const struct mn_checkpoint_reader *reader);

/* Close; nulls *reader, which may be NULL. */
void mn_checkpoint_close(struct mn_checkpoint_reader **reader);

/* Read the whole file in bounded memory and check every digest and rule.
 *
 * @record    out, taken from @arena.
 * @identity  out; may be NULL.
 * Errors:    as mn_checkpoint_open and mn_checkpoint_next, but never MN_NOT_FOUND for the end */
mn_result mn_checkpoint_verify(const char *path, struct mn_arena *arena,
                               struct mn_checkpoint_record *record,
                               struct mn_checkpoint_identity *identity,
                               struct mn_error *error) MN_CHECKED;

#endif
