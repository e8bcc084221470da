/* Writes checkpoint files: whole under their name, or not at all. Knows nothing of what the entries
 * mean. Each byte passes through one buffer and one running digest on its way to the file. */
#include "store/checkpoint_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/checkpoint_private.h"

struct checkpoint_writer {
    int fd;
    const char *path; /* of the .part file */
    struct mn_error *error;
    crypto_generichash_state digest;
    uint64_t size; /* handed over so far */
    size_t used;   /* of the buffer */
    unsigned char buffer[CHECKPOINT_BUFFER_SIZE];
};

void mn_checkpoint_name_into(char name[MN_CHECKPOINT_NAME_SIZE], mn_epoch epoch)
{
    mn_assert(epoch > 0);
    (void)snprintf(name, MN_CHECKPOINT_NAME_SIZE, "%016" PRIx64 ".ckpt", (uint64_t)epoch);
}

bool mn_checkpoint_name_parse(const char *name, mn_epoch *epoch)
{
    if (strlen(name) != MN_CHECKPOINT_NAME_SIZE - 1 || strcmp(name + 16, ".ckpt") != 0) {
        return false;
    }
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = strchr(digits, name[i]);
        if (digit == NULL) {
            return false;
        }
        value = value << 4 | (uint64_t)(digit - digits);
    }
    if (value == 0 || value > (uint64_t)MN_EPOCH_MAX) {
        return false;
    }
    *epoch = (mn_epoch)value;
    return true;
}

mn_result mn_checkpoint_path_into(char path[MN_PATH_SIZE_MAX], const char *directory,
                                  mn_epoch epoch)
{
    char name[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(name, epoch);
    if (strlen(directory) + 1 + sizeof name > MN_PATH_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    (void)snprintf(path, MN_PATH_SIZE_MAX, "%s/%s", directory, name);
    return MN_OK;
}

static mn_result writer_failed(const struct checkpoint_writer *writer, const char *what)
{
    int code = errno;
    mn_result result = mn_result_from_errno(code);
    const char *remedy = "see the system's log for what is wrong with this disk";
    if (result == MN_NO_SPACE) {
        remedy = "free space on that disk; the checkpoint is tried again at the next interval";
    } else if (result == MN_DENIED) {
        remedy = "let this process's user write to that directory";
    } else if (result == MN_NOT_FOUND) {
        remedy = "create that directory; the agent makes it when it starts the vat";
    }
    mn_error_set(writer->error, "cannot %s checkpoint file %s: %s; %s", what, writer->path,
                 strerror(code), remedy);
    return result;
}

/* Write out @size bytes; interrupted and partial writes are carried on. */
static mn_result writer_write(struct checkpoint_writer *writer, const unsigned char *bytes,
                              size_t size)
{
    while (size > 0) {
        ssize_t written = write(writer->fd, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return writer_failed(writer, "write");
        }
        bytes += written;
        size -= (size_t)written;
    }
    return MN_OK;
}

static mn_result writer_flush(struct checkpoint_writer *writer)
{
    size_t used = writer->used;
    writer->used = 0;
    return writer_write(writer, writer->buffer, used);
}

static mn_result writer_raw(struct checkpoint_writer *writer, const void *bytes, size_t size)
{
    writer->size += size;
    if (size > sizeof writer->buffer - writer->used) {
        mn_result result = writer_flush(writer);
        if (result != MN_OK) {
            return result;
        }
    }
    if (size > sizeof writer->buffer) {
        return writer_write(writer, bytes, size);
    }
    if (size > 0) {
        memcpy(writer->buffer + writer->used, bytes, size);
        writer->used += size;
    }
    return MN_OK;
}

static mn_result writer_add(struct checkpoint_writer *writer, const void *bytes, size_t size)
{
    if (size > 0) {
        (void)crypto_generichash_update(&writer->digest, bytes, size);
    }
    return writer_raw(writer, bytes, size);
}

static void put_number(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static mn_result writer_add_entry(struct checkpoint_writer *writer,
                                  const struct mn_checkpoint_entry *entry)
{
    unsigned char head[CHECKPOINT_ENTRY_HEAD_SIZE] = {0};
    size_t name_size = strlen(entry->name->text);
    head[0] = (unsigned char)entry->space;
    head[1] = entry->tombstone ? CHECKPOINT_TOMBSTONE : CHECKPOINT_VALUE;
    put_number(head + 2, name_size, 2);
    put_number(head + 4, entry->size, 4);
    put_number(head + 8, (uint64_t)entry->number, 8);
    if (!entry->tombstone) {
        (void)crypto_generichash(head + 16, MN_DIGEST_SIZE, entry->bytes, entry->size, NULL, 0);
    }
    mn_result result = writer_add(writer, head, sizeof head);
    if (result == MN_OK) {
        result = writer_add(writer, entry->name->text, name_size);
    }
    if (result == MN_OK) {
        result = writer_add(writer, entry->bytes, entry->size);
    }
    return result;
}

static mn_result writer_add_all(struct checkpoint_writer *writer, const struct mn_buffer *record,
                                const struct mn_checkpoint_entry *entries, size_t entry_count,
                                struct mn_checkpoint_identity *identity)
{
    unsigned char head[CHECKPOINT_HEAD_SIZE];
    memcpy(head, checkpoint_magic, sizeof checkpoint_magic);
    put_number(head + 8, CHECKPOINT_VERSION, 4);
    put_number(head + 12, record->size, 4);
    mn_result result = writer_add(writer, head, sizeof head);
    if (result == MN_OK) {
        result = writer_add(writer, record->bytes, record->size);
    }
    for (size_t i = 0; i < entry_count && result == MN_OK; i++) {
        result = writer_add_entry(writer, &entries[i]);
    }
    if (result != MN_OK) {
        return result;
    }
    struct mn_digest digest;
    (void)crypto_generichash_final(&writer->digest, digest.bytes, sizeof digest.bytes);
    result = writer_raw(writer, digest.bytes, sizeof digest.bytes);
    if (result == MN_OK) {
        result = writer_flush(writer);
    }
    if (result == MN_OK) {
        *identity = (struct mn_checkpoint_identity){.size = writer->size, .digest = digest};
    }
    return result;
}

/* The record as bytes, with what the entries add up to. */
static mn_result record_bytes(const struct mn_checkpoint_record *record,
                              const struct mn_checkpoint_entry *entries, size_t entry_count,
                              const char *path, struct mn_buffer *buffer, struct mn_error *error)
{
    struct mn_checkpoint_record whole = *record;
    whole.blob_count = entry_count;
    whole.body_size = 0;
    if (entry_count > MN_CHECKPOINT_ENTRY_COUNT_MAX) {
        mn_error_set(error, "checkpoint file %s would have %zu entries, at most %d are allowed",
                     path, entry_count, MN_CHECKPOINT_ENTRY_COUNT_MAX);
        return MN_TOO_LARGE;
    }
    for (size_t i = 0; i < entry_count; i++) {
        const struct mn_checkpoint_entry *entry = &entries[i];
        mn_assert(entry->number >= 0);
        mn_assert(!entry->tombstone || entry->size == 0);
        mn_assert(!entry->tombstone || record->onto != 0);
        if (entry->size > MN_ENTRY_SIZE_MAX) {
            mn_error_set(error, "entry %s of checkpoint file %s has %zu bytes, at most %d fit",
                         entry->name->text, path, entry->size, MN_ENTRY_SIZE_MAX);
            return MN_TOO_LARGE;
        }
        whole.body_size += CHECKPOINT_ENTRY_HEAD_SIZE + strlen(entry->name->text) + entry->size;
    }
    mn_result result = mn_checkpoint_record_encode(&whole, buffer);
    if (result == MN_OK && buffer->size > MN_CHECKPOINT_RECORD_SIZE_MAX) {
        result = MN_TOO_LARGE;
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot encode the record of checkpoint file %s: %s", path,
                     mn_result_text(result));
    }
    return result;
}

mn_result mn_checkpoint_write(const char *directory, const struct mn_checkpoint_record *record,
                              const struct mn_checkpoint_entry *entries, size_t entry_count,
                              struct mn_checkpoint_identity *identity, struct mn_error *error)
{
    char path[MN_PATH_SIZE_MAX];
    char part[MN_PATH_SIZE_MAX];
    mn_result result = mn_checkpoint_path_into(path, directory, record->epoch);
    if (result != MN_OK) {
        mn_error_set(error,
                     "the path of a checkpoint in %s is longer than %d bytes; give the "
                     "agent a data directory with a shorter path",
                     directory, MN_PATH_SIZE_MAX - 1);
        return result;
    }
    /* ".part" is as long as ".ckpt", so it fits. */
    memcpy(part, path, sizeof part);
    memcpy(part + strlen(part) - 5, ".part", 5);

    struct mn_buffer bytes = {0};
    struct mn_checkpoint_identity written;
    struct checkpoint_writer writer = {.fd = -1, .path = part, .error = error};
    result = record_bytes(record, entries, entry_count, path, &bytes, error);
    if (result != MN_OK) {
        goto drop_bytes;
    }
    (void)crypto_generichash_init(&writer.digest, NULL, 0, MN_DIGEST_SIZE);
    writer.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writer.fd < 0) {
        result = writer_failed(&writer, "create");
        goto drop_bytes;
    }
    result = writer_add_all(&writer, &bytes, entries, entry_count, &written);
    if (close(writer.fd) != 0 && result == MN_OK) {
        result = writer_failed(&writer, "close");
    }
    if (result == MN_OK && rename(part, path) != 0) {
        result = writer_failed(&writer, "rename");
    }
    if (result == MN_OK) {
        *identity = written;
    } else {
        (void)unlink(part);
    }
drop_bytes:
    mn_buffer_deinit(&bytes);
    return result;
}
