/* A checkpoint as bytes: u32 size of the record, the record, u32 count of entries, the entries (u8
 * space, u8 tombstone, u8 size of the name, u32 size of the bytes, i64 number, name, bytes), and a
 * digest over all of it. What the cores are handed of a file comes from these bytes alone. */
#include <string.h>

#include "engine/sim_private.h"

enum { ENTRY_HEAD_SIZE = 3 + 4 + 8, DIGEST_SUM_COUNT = 4 };

static void put(struct mn_buffer *buffer, const void *bytes, size_t size)
{
    mn_result result = mn_buffer_append(buffer, bytes, size);
    mn_assert(result == MN_OK);
}

static void sums_add(uint64_t *sums, const uint64_t *words)
{
    for (size_t i = 0; i < DIGEST_SUM_COUNT; i++) {
        uint64_t sum = (sums[i] ^ words[i]) * UINT64_C(0x9E3779B97F4A7C15);
        sums[i] = sum << 29 | sum >> 35;
    }
}

/* Four sums, each of every fourth word. It is to tell damaged bytes, which nobody forges here, and
 * takes a tenth of what a digest takes that nobody can forge. Each step can be undone, so one word
 * that is another makes another sum. */
static void digest_of(const unsigned char *bytes, size_t size, struct mn_digest *digest)
{
    uint64_t sums[DIGEST_SUM_COUNT] = {size};
    uint64_t words[DIGEST_SUM_COUNT] = {0};
    _Static_assert(sizeof sums == sizeof digest->bytes, "a digest is its sums");
    size_t rest = size % sizeof words;
    for (size_t at = 0; at < size - rest; at += sizeof words) {
        memcpy(words, bytes + at, sizeof words);
        sums_add(sums, words);
    }
    memset(words, 0, sizeof words);
    memcpy(words, bytes + size - rest, rest);
    sums_add(sums, words);
    memcpy(digest->bytes, sums, sizeof sums);
}

static void put_entry(struct mn_buffer *buffer, const struct mn_checkpoint_entry *entry,
                      const void *bytes, size_t size)
{
    size_t length = strlen(entry->name->text);
    uint8_t head[ENTRY_HEAD_SIZE] = {(uint8_t)entry->space, entry->tombstone ? 1 : 0,
                                     (uint8_t)length};
    uint32_t size_32 = (uint32_t)size;
    int64_t number = entry->number;
    mn_result result = mn_buffer_reserve(buffer, sizeof head + length + size);
    mn_assert(result == MN_OK);
    memcpy(head + 3, &size_32, sizeof size_32);
    memcpy(head + 3 + sizeof size_32, &number, sizeof number);
    unsigned char *to = buffer->bytes + buffer->size;
    memcpy(to, head, sizeof head);
    memcpy(to + sizeof head, entry->name->text, length);
    if (size > 0) {
        memcpy(to + sizeof head + length, bytes, size);
    }
    buffer->size += sizeof head + length + size;
}

static void put_entries(struct mn_buffer *buffer, const struct vat_checkpoint *checkpoint)
{
    struct mn_buffer session = {0};
    for (size_t i = 0; i < checkpoint->entry_count; i++) {
        const struct mn_checkpoint_entry *entry = &checkpoint->entries[i];
        if (i < checkpoint->session_count) {
            session.size = 0;
            mn_result result = mn_session_state_encode(&checkpoint->sessions[i], &session);
            mn_assert(result == MN_OK);
            put_entry(buffer, entry, session.bytes, session.size);
        } else {
            put_entry(buffer, entry, entry->bytes, entry->size);
        }
    }
    mn_buffer_deinit(&session);
}

struct sim_bytes *sim_checkpoint_write(struct sim *sim, const struct vat_checkpoint *checkpoint,
                                       struct mn_checkpoint_identity *identity)
{
    struct mn_buffer *buffer = &sim->buffer;
    struct mn_checkpoint_record record = checkpoint->record;
    uint32_t count = (uint32_t)checkpoint->entry_count;
    uint32_t size = 0;
    record.blob_count = count;
    buffer->size = 0;
    put(buffer, &size, sizeof size);
    mn_result result = mn_checkpoint_record_encode(&record, buffer);
    mn_assert(result == MN_OK);
    size = (uint32_t)(buffer->size - sizeof size);
    memcpy(buffer->bytes, &size, sizeof size);
    put(buffer, &count, sizeof count);
    put_entries(buffer, checkpoint);
    digest_of(buffer->bytes, buffer->size, &identity->digest);
    put(buffer, &identity->digest, sizeof identity->digest);
    identity->size = buffer->size;
    return sim_bytes_new(buffer->bytes, buffer->size);
}

/* Where the entries begin; 0 when the bytes are no checkpoint. */
static size_t record_read(const unsigned char *bytes, size_t size, struct mn_arena *arena,
                          struct mn_checkpoint_record *record, struct mn_digest *digest)
{
    uint32_t record_size = 0;
    if (size < sizeof record_size + sizeof *digest) {
        return 0;
    }
    digest_of(bytes, size - sizeof *digest, digest);
    if (memcmp(digest, bytes + size - sizeof *digest, sizeof *digest) != 0) {
        return 0;
    }
    memcpy(&record_size, bytes, sizeof record_size);
    mn_result result =
        mn_checkpoint_record_decode(bytes + sizeof record_size, record_size, arena, record);
    mn_assert(result == MN_OK);
    return sizeof record_size + record_size;
}

mn_result sim_checkpoint_facts(const unsigned char *bytes, size_t size, struct mn_arena *arena,
                               struct agent_file_facts *facts)
{
    facts->size = size;
    return record_read(bytes, size, arena, &facts->record, &facts->digest) == 0 ? MN_CORRUPT
                                                                                : MN_OK;
}

static mn_result restore_entry(struct vat *vat, const unsigned char *at, size_t *size)
{
    uint32_t bytes_size = 0;
    struct mn_name name;
    struct mn_checkpoint_entry entry = {.space = (enum mn_entry_space)at[0],
                                        .tombstone = at[1] != 0};
    memcpy(&bytes_size, at + 3, sizeof bytes_size);
    memcpy(&entry.number, at + 7, sizeof entry.number);
    bool valid = mn_name_set(&name, (const char *)at + ENTRY_HEAD_SIZE, at[2]);
    mn_assert(valid);
    entry.name = &name;
    entry.bytes = at + ENTRY_HEAD_SIZE + at[2];
    entry.size = bytes_size;
    *size = ENTRY_HEAD_SIZE + at[2] + bytes_size;
    struct mn_arena arena = {0};
    struct mn_session_state state;
    struct mn_session_state *session = NULL;
    mn_result result = MN_OK;
    if (entry.space == MN_ENTRY_SESSION && !entry.tombstone) {
        result = mn_session_state_decode(entry.bytes, entry.size, &arena, &state);
        session = &state;
    }
    if (result == MN_OK) {
        result = vat_restore_entry(vat, &entry, session);
    }
    mn_arena_deinit(&arena);
    return result;
}

mn_result sim_checkpoint_restore(struct vat *vat, const struct sim_bytes *bytes)
{
    struct mn_arena arena = {0};
    struct mn_checkpoint_record record;
    struct mn_digest digest;
    size_t at = record_read(bytes->bytes, bytes->size, &arena, &record, &digest);
    mn_result result = at == 0 ? MN_CORRUPT : vat_restore_record(vat, &record);
    mn_arena_deinit(&arena);
    if (result != MN_OK) {
        return result;
    }
    uint32_t count = 0;
    memcpy(&count, bytes->bytes + at, sizeof count);
    at += sizeof count;
    for (uint32_t i = 0; i < count && result == MN_OK; i++) {
        size_t size = 0;
        result = restore_entry(vat, bytes->bytes + at, &size);
        at += size;
    }
    return result;
}
