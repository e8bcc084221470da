/* Reads and checks checkpoint files. What is on a disk is input from outside: every size is bounded
 * before it is used, and nothing is proven before the digest over the whole file was compared. */
#include "store/checkpoint_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint_private.h"

struct mn_checkpoint_reader {
    int fd;
    dev_t device;
    ino_t inode;
    char path[MN_PATH_SIZE_MAX];
    uint64_t file_size;
    uint64_t body_left;
    uint64_t entry_left;
    bool full; /* a full has no tombstones */
    crypto_generichash_state digest;
    struct mn_digest end; /* as stored at the file's end; known once it was read */
    unsigned char entry_head[CHECKPOINT_ENTRY_HEAD_SIZE];
    struct mn_name name;
    unsigned char *bytes; /* of the entry that is lent out */
    size_t capacity;
    size_t filled; /* of the buffer */
    size_t used;
    unsigned char buffer[CHECKPOINT_BUFFER_SIZE];
};

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

static mn_result reader_corrupt(const struct mn_checkpoint_reader *reader, const char *what,
                                struct mn_error *error)
{
    mn_error_set(error,
                 "checkpoint file %s is damaged: %s; do not use it, restore from another copy",
                 reader->path, what);
    return MN_CORRUPT;
}

static mn_result reader_failed(const char *path, const char *what, struct mn_error *error)
{
    int code = errno;
    mn_error_set(error,
                 "cannot %s checkpoint file %s: %s; check the path, its permissions and "
                 "the disk, or restore from another copy",
                 what, path, strerror(code));
    return mn_result_from_errno(code);
}

/* Exactly @size bytes, past the digest. */
static mn_result reader_raw(struct mn_checkpoint_reader *reader, void *into, size_t size,
                            struct mn_error *error)
{
    unsigned char *at = into;
    while (size > 0) {
        if (reader->used == reader->filled) {
            ssize_t got = read(reader->fd, reader->buffer, sizeof reader->buffer);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return reader_failed(reader->path, "read", error);
            }
            if (got == 0) {
                return reader_corrupt(reader, "it is cut short", error);
            }
            reader->used = 0;
            reader->filled = (size_t)got;
        }
        size_t part = reader->filled - reader->used;
        part = part < size ? part : size;
        memcpy(at, reader->buffer + reader->used, part);
        reader->used += part;
        at += part;
        size -= part;
    }
    return MN_OK;
}

static mn_result reader_take(struct mn_checkpoint_reader *reader, void *into, size_t size,
                             struct mn_error *error)
{
    mn_result result = reader_raw(reader, into, size, error);
    if (result == MN_OK && size > 0) {
        (void)crypto_generichash_update(&reader->digest, into, size);
    }
    return result;
}

static mn_result reader_open_file(struct mn_checkpoint_reader *reader, struct mn_error *error)
{
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader->fd < 0) {
        return reader_failed(reader->path, "open", error);
    }
    struct stat facts;
    if (fstat(reader->fd, &facts) != 0) {
        return reader_failed(reader->path, "examine", error);
    }
    if (!S_ISREG(facts.st_mode)) {
        return reader_corrupt(reader, "it is no regular file", error);
    }
    reader->file_size = (uint64_t)facts.st_size;
    reader->device = facts.st_dev;
    reader->inode = facts.st_ino;
    return MN_OK;
}

/* The head and the record, and whether they fit the file's size. */
static mn_result reader_begin(struct mn_checkpoint_reader *reader, struct mn_arena *arena,
                              struct mn_checkpoint_record *record, struct mn_error *error)
{
    unsigned char head[CHECKPOINT_HEAD_SIZE] = {0};
    mn_result result = reader_take(reader, head, sizeof head, error);
    if (result != MN_OK) {
        return result;
    }
    if (memcmp(head, checkpoint_magic, sizeof checkpoint_magic) != 0) {
        return reader_corrupt(reader, "it does not begin like one", error);
    }
    uint64_t version = get_number(head + 8, 4);
    if (version != CHECKPOINT_VERSION) {
        mn_error_set(error,
                     "checkpoint file %s has format version %llu, this program reads "
                     "version %d; use a program of the version that wrote it",
                     reader->path, (unsigned long long)version, CHECKPOINT_VERSION);
        return MN_BAD_VERSION;
    }
    uint64_t record_size = get_number(head + 12, 4);
    uint64_t frame_size = CHECKPOINT_HEAD_SIZE + record_size + MN_DIGEST_SIZE;
    if (record_size > MN_CHECKPOINT_RECORD_SIZE_MAX || frame_size > reader->file_size) {
        return reader_corrupt(reader, "its record has an impossible size", error);
    }
    unsigned char *bytes = malloc(record_size + 1);
    if (bytes == NULL) {
        mn_error_set(error, "out of memory while reading checkpoint file %s", reader->path);
        return MN_NO_MEMORY;
    }
    struct mn_checkpoint_record read = {0};
    result = reader_take(reader, bytes, record_size, error);
    if (result == MN_OK) {
        result = mn_checkpoint_record_decode(bytes, record_size, arena, &read);
        if (result == MN_NO_MEMORY) {
            mn_error_set(error, "out of memory while reading checkpoint file %s", reader->path);
        } else if (result != MN_OK) {
            result = reader_corrupt(reader, "its record cannot be decoded", error);
        }
    }
    free(bytes);
    if (result != MN_OK) {
        return result;
    }
    if (read.body_size != reader->file_size - frame_size) {
        return reader_corrupt(reader, "its size is not what its record says", error);
    }
    if (read.blob_count > MN_CHECKPOINT_ENTRY_COUNT_MAX) {
        return reader_corrupt(reader, "it claims too many entries", error);
    }
    reader->body_left = read.body_size;
    reader->entry_left = read.blob_count;
    reader->full = read.onto == 0;
    *record = read;
    return MN_OK;
}

mn_result mn_checkpoint_open(struct mn_checkpoint_reader **reader, const char *path,
                             struct mn_arena *arena, struct mn_checkpoint_record *record,
                             struct mn_error *error)
{
    if (strlen(path) >= MN_PATH_SIZE_MAX) {
        mn_error_set(error, "the path of checkpoint file %.100s... is longer than %d bytes", path,
                     MN_PATH_SIZE_MAX - 1);
        return MN_TOO_LARGE;
    }
    /* The digest's state asks for more alignment than malloc gives. */
    struct mn_checkpoint_reader *opened =
        aligned_alloc(alignof(struct mn_checkpoint_reader), sizeof *opened);
    if (opened == NULL) {
        mn_error_set(error, "out of memory while opening checkpoint file %s", path);
        return MN_NO_MEMORY;
    }
    memset(opened, 0, sizeof *opened);
    memcpy(opened->path, path, strlen(path) + 1);
    opened->fd = -1;
    (void)crypto_generichash_init(&opened->digest, NULL, 0, MN_DIGEST_SIZE);
    mn_result result = reader_open_file(opened, error);
    if (result == MN_OK) {
        result = reader_begin(opened, arena, record, error);
    }
    if (result != MN_OK) {
        mn_checkpoint_close(&opened);
        return result;
    }
    *reader = opened;
    return MN_OK;
}

/* Read an entry's head and name, and check them; its bytes come next. */
static mn_result reader_entry_head(struct mn_checkpoint_reader *reader,
                                   struct mn_checkpoint_entry *entry, struct mn_error *error)
{
    unsigned char *head = reader->entry_head;
    if (reader->body_left < CHECKPOINT_ENTRY_HEAD_SIZE) {
        return reader_corrupt(reader, "an entry is cut short", error);
    }
    mn_result result = reader_take(reader, head, CHECKPOINT_ENTRY_HEAD_SIZE, error);
    if (result != MN_OK) {
        return result;
    }
    reader->body_left -= CHECKPOINT_ENTRY_HEAD_SIZE;
    uint64_t name_size = get_number(head + 2, 2);
    uint64_t size = get_number(head + 4, 4);
    uint64_t number = get_number(head + 8, 8);
    bool tombstone = head[1] == CHECKPOINT_TOMBSTONE;
    if (head[0] < MN_ENTRY_BLOB || head[0] > MN_ENTRY_OUTBOX || number > (uint64_t)MN_EPOCH_MAX ||
        (!tombstone && head[1] != CHECKPOINT_VALUE) || (tombstone && (size > 0 || reader->full))) {
        return reader_corrupt(reader, "an entry is of no known kind", error);
    }
    if (name_size > MN_NAME_SIZE_MAX || size > MN_ENTRY_SIZE_MAX ||
        name_size + size > reader->body_left) {
        return reader_corrupt(reader, "an entry has an impossible size", error);
    }
    char name[MN_NAME_SIZE_MAX];
    result = reader_take(reader, name, name_size, error);
    if (result != MN_OK) {
        return result;
    }
    if (!mn_name_set(&reader->name, name, name_size)) {
        return reader_corrupt(reader, "an entry has no valid name", error);
    }
    reader->body_left -= name_size + size;
    reader->entry_left -= 1;
    *entry = (struct mn_checkpoint_entry){
        .space = (enum mn_entry_space)head[0],
        .name = &reader->name,
        .number = (int64_t)number,
        .tombstone = tombstone,
        .size = size,
    };
    return MN_OK;
}

/* After the last entry: the digest over all, and nothing after it. */
static mn_result reader_end(struct mn_checkpoint_reader *reader, struct mn_error *error)
{
    if (reader->body_left != 0) {
        return reader_corrupt(reader, "bytes are left after its last entry", error);
    }
    mn_result result = reader_raw(reader, reader->end.bytes, sizeof reader->end.bytes, error);
    if (result != MN_OK) {
        return result;
    }
    crypto_generichash_state state = reader->digest;
    unsigned char digest[MN_DIGEST_SIZE];
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    if (memcmp(digest, reader->end.bytes, sizeof digest) != 0) {
        return reader_corrupt(reader, "its bytes do not match its digest", error);
    }
    return MN_NOT_FOUND;
}

static mn_result reader_room(struct mn_checkpoint_reader *reader, size_t size,
                             struct mn_error *error)
{
    if (size <= reader->capacity) {
        return MN_OK;
    }
    unsigned char *grown = realloc(reader->bytes, size);
    if (grown == NULL) {
        mn_error_set(error, "out of memory while reading checkpoint file %s", reader->path);
        return MN_NO_MEMORY;
    }
    reader->bytes = grown;
    reader->capacity = size;
    return MN_OK;
}

static mn_result entry_digest_check(const struct mn_checkpoint_reader *reader,
                                    const struct mn_checkpoint_entry *entry,
                                    const unsigned char digest[MN_DIGEST_SIZE],
                                    struct mn_error *error)
{
    static const unsigned char none[MN_DIGEST_SIZE];
    const unsigned char *expected = entry->tombstone ? none : digest;
    if (memcmp(reader->entry_head + 16, expected, MN_DIGEST_SIZE) != 0) {
        return reader_corrupt(reader, "an entry's bytes do not match its digest", error);
    }
    return MN_OK;
}

mn_result mn_checkpoint_next(struct mn_checkpoint_reader *reader, struct mn_checkpoint_entry *entry,
                             struct mn_error *error)
{
    if (reader->entry_left == 0) {
        return reader_end(reader, error);
    }
    struct mn_checkpoint_entry next;
    mn_result result = reader_entry_head(reader, &next, error);
    if (result == MN_OK) {
        result = reader_room(reader, next.size > 0 ? next.size : 1, error);
    }
    if (result == MN_OK) {
        result = reader_take(reader, reader->bytes, next.size, error);
    }
    if (result != MN_OK) {
        return result;
    }
    unsigned char digest[MN_DIGEST_SIZE];
    (void)crypto_generichash(digest, sizeof digest, reader->bytes, next.size, NULL, 0);
    result = entry_digest_check(reader, &next, digest, error);
    if (result != MN_OK) {
        return result;
    }
    next.bytes = reader->bytes;
    *entry = next;
    return MN_OK;
}

/* As mn_checkpoint_next, but the bytes only pass through the buffer. */
static mn_result reader_skip(struct mn_checkpoint_reader *reader, struct mn_error *error)
{
    if (reader->entry_left == 0) {
        return reader_end(reader, error);
    }
    struct mn_checkpoint_entry entry;
    mn_result result = reader_entry_head(reader, &entry, error);
    if (result != MN_OK) {
        return result;
    }
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, MN_DIGEST_SIZE);
    unsigned char part[4096];
    for (size_t left = entry.size; left > 0;) {
        size_t size = left < sizeof part ? left : sizeof part;
        result = reader_take(reader, part, size, error);
        if (result != MN_OK) {
            return result;
        }
        (void)crypto_generichash_update(&state, part, size);
        left -= size;
    }
    unsigned char digest[MN_DIGEST_SIZE];
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    return entry_digest_check(reader, &entry, digest, error);
}

mn_result mn_checkpoint_check(struct mn_checkpoint_reader *reader, uint64_t size,
                              struct mn_error *error)
{
    uint64_t before = reader->body_left;
    mn_result result = reader_skip(reader, error);
    while (result == MN_OK && before - reader->body_left < size) {
        result = reader_skip(reader, error);
    }
    return result;
}

bool mn_checkpoint_reader_current(const struct mn_checkpoint_reader *reader)
{
    struct stat facts;
    return stat(reader->path, &facts) == 0 && facts.st_dev == reader->device &&
           facts.st_ino == reader->inode;
}

struct mn_checkpoint_identity
mn_checkpoint_reader_identity(const struct mn_checkpoint_reader *reader)
{
    return (struct mn_checkpoint_identity){.size = reader->file_size, .digest = reader->end};
}

void mn_checkpoint_close(struct mn_checkpoint_reader **reader)
{
    struct mn_checkpoint_reader *closed = *reader;
    if (closed == NULL) {
        return;
    }
    if (closed->fd >= 0) {
        (void)close(closed->fd);
    }
    free(closed->bytes);
    free(closed);
    *reader = NULL;
}

mn_result mn_checkpoint_verify(const char *path, struct mn_arena *arena,
                               struct mn_checkpoint_record *record,
                               struct mn_checkpoint_identity *identity, struct mn_error *error)
{
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_record read;
    mn_result result = mn_checkpoint_open(&reader, path, arena, &read, error);
    while (result == MN_OK) {
        result = reader_skip(reader, error);
    }
    if (reader == NULL) {
        return result;
    }
    if (result == MN_NOT_FOUND) {
        result = MN_OK;
        *record = read;
        if (identity != NULL) {
            *identity = mn_checkpoint_reader_identity(reader);
        }
    }
    mn_checkpoint_close(&reader);
    return result;
}
