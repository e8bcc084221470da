/* Reads the chain of checkpoints that the agent names, each file proven by its digests, and makes
 * the core from it. A file that is damaged or missing ends the process with its name: only the
 * agent can know where there is another copy. */
#include <string.h>

#include "mneme_private.h"

/* Everything of one file; nothing is believed before the last entry's digest was right, and a
 * failure drops the whole core. */
static mn_result restore_entries(struct mneme *vat, struct mn_checkpoint_reader *reader,
                                 const char *path, struct mn_error *error)
{
    struct mn_arena arena = {0};
    for (;;) {
        struct mn_checkpoint_entry entry;
        mn_result result = mn_checkpoint_next(reader, &entry, error);
        if (result != MN_OK) {
            return result == MN_NOT_FOUND ? MN_OK : result;
        }
        struct mn_session_state state;
        struct mn_session_state *session = NULL;
        if (entry.space == MN_ENTRY_SESSION && !entry.tombstone) {
            result = mn_session_state_decode(entry.bytes, entry.size, &arena, &state);
            session = &state;
        }
        if (result == MN_OK) {
            result = vat_restore_entry(vat->core, &entry, session);
        }
        mn_arena_deinit(&arena);
        if (result != MN_OK) {
            mn_error_set(error,
                         "entry %s of checkpoint file %s cannot be restored: %s; restore "
                         "from another copy",
                         entry.name->text, path, mn_result_text(result));
            return result == MN_NO_MEMORY ? result : MN_CORRUPT;
        }
    }
}

static mn_result restore_file(struct mneme *vat, mn_epoch epoch, struct mn_error *error)
{
    char path[MN_PATH_SIZE_MAX];
    mn_result result = mn_checkpoint_path_into(path, vat->life.store, epoch);
    if (result != MN_OK) {
        mn_error_set(error, "the path of a checkpoint in %s is too long", vat->life.store);
        return result;
    }
    struct mn_arena arena = {0};
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_record record;
    result = mn_checkpoint_open(&reader, path, &arena, &record, error);
    if (result == MN_OK) {
        result = vat_restore_record(vat->core, &record);
        if (result != MN_OK) {
            mn_error_set(error,
                         "checkpoint file %s does not belong here: it is not the next one "
                         "of vat %s's chain; restore from another copy",
                         path, vat->name.text);
        }
    }
    if (result == MN_OK) {
        result = restore_entries(vat, reader, path, error);
    }
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
    return result;
}

mn_result mneme_restore(struct mneme *vat, struct mn_error *error)
{
    mn_result result = vat_new(&vat->core, &vat->life);
    if (result != MN_OK) {
        mn_error_set(error, "the agent's word about vat %s makes no sense: %s", vat->name.text,
                     mn_result_text(result));
    }
    for (uint32_t i = 0; i < vat->life.chain_count && result == MN_OK; i++) {
        result = restore_file(vat, vat->life.chain[i], error);
        result = result == MN_NOT_FOUND ? MN_CORRUPT : result;
    }
    if (result == MN_OK) {
        result = vat_restore_end(vat->core);
        if (result != MN_OK) {
            mn_error_set(error,
                         "the checkpoints of vat %s in %s do not fit together up to epoch "
                         "%lld; restore from other copies",
                         vat->name.text, vat->life.store, (long long)vat->life.keep);
        }
    }
    return result;
}
