/* Writes the checkpoints that the core asks for, and keeps count of what they cost. */
#include <stdlib.h>
#include <string.h>

#include "mneme_private.h"

/* Encode the sessions, which stand first among the entries, into @buffer. */
static mn_result save_sessions(const struct vat_checkpoint *checkpoint, struct mn_buffer *buffer,
                               size_t *offsets)
{
    for (size_t i = 0; i < checkpoint->session_count; i++) {
        offsets[i] = buffer->size;
        mn_result result = mn_session_state_encode(&checkpoint->sessions[i], buffer);
        if (result != MN_OK) {
            return result;
        }
    }
    offsets[checkpoint->session_count] = buffer->size;
    return MN_OK;
}

static mn_result save_write(struct mneme *vat, const struct vat_checkpoint *checkpoint,
                            struct mn_checkpoint_identity *identity, struct mn_error *error)
{
    struct mn_buffer sessions = {0};
    size_t *offsets = malloc((checkpoint->session_count + 1) * sizeof *offsets);
    mn_result result =
        offsets == NULL ? MN_NO_MEMORY : save_sessions(checkpoint, &sessions, offsets);
    if (result != MN_OK) {
        mn_error_set(error, "cannot encode a checkpoint of vat %s: %s", vat->name.text,
                     mn_result_text(result));
        goto done;
    }
    for (size_t i = 0; i < checkpoint->session_count; i++) {
        checkpoint->entries[i].bytes = sessions.bytes + offsets[i];
        checkpoint->entries[i].size = offsets[i + 1] - offsets[i];
    }
    result = mn_checkpoint_write(vat->life.store, &checkpoint->record, checkpoint->entries,
                                 checkpoint->entry_count, identity, error);
done:
    mn_buffer_deinit(&sessions);
    free(offsets);
    return result;
}

static void save_count(struct mneme *vat, bool full, int64_t pause)
{
    vat->statistics.checkpoints += 1;
    if (full) {
        vat->statistics.fulls += 1;
        return;
    }
    vat->pauses[vat->pause_count % MNEME_PAUSE_COUNT_MAX] = pause;
    vat->pause_count += 1;
    if (pause > vat->statistics.diff_pause_ns_max) {
        vat->statistics.diff_pause_ns_max = pause;
    }
}

mn_result mneme_save(struct mneme *vat, const struct vat_checkpoint *checkpoint, mn_time began)
{
    struct mn_error error = {.text = ""};
    bool full = checkpoint->record.onto == 0;
    struct mn_checkpoint_identity identity = {.size = 0};
    mn_result result = save_write(vat, checkpoint, &identity, &error);
    struct vat_event event = {.kind = VAT_EVENT_WRITTEN, .written = identity};
    if (result == MN_OK) {
        save_count(vat, full, mn_now() - began);
        if (vat->write_failing) {
            mneme_say(vat, "checkpoints are written again");
        }
        vat->write_failing = false;
    } else {
        vat->statistics.failures += 1;
        if (!vat->write_failing) {
            mneme_say(vat, error.text);
        }
        vat->write_failing = true;
        event.kind = VAT_EVENT_WRITE_FAILED;
        event.failed.code = result;
        event.failed.text = error.text;
    }
    mneme_step(vat, &event);
    return vat->broken;
}

static int compare_pauses(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

void mneme_statistics(const struct mneme *vat, struct mneme_statistics *statistics)
{
    *statistics = vat->statistics;
    statistics->epoch = vat_epoch(vat->core);
    statistics->durable = vat_durable(vat->core);
    int64_t pauses[MNEME_PAUSE_COUNT_MAX];
    size_t count =
        vat->pause_count < MNEME_PAUSE_COUNT_MAX ? (size_t)vat->pause_count : MNEME_PAUSE_COUNT_MAX;
    if (count > 0) {
        memcpy(pauses, vat->pauses, count * sizeof pauses[0]);
        qsort(pauses, count, sizeof pauses[0], compare_pauses);
        statistics->diff_pause_ns_median = pauses[count / 2];
    }
}
