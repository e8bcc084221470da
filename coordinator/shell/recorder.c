/* The recorder's thread. It decides nothing: every record is appended, in order, or stops the rest.
 */
#include "shell/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "net/log.h"
#include "net/net.h"
#include "net/worker.h"
#include "shell/evidence_file.h"

struct record_list {
    struct recorder_item *first;
    struct recorder_item *last;
};

struct recorder {
    struct journal *journal;
    struct mn_worker worker;

    struct record_list waiting; /* what follows is under the worker's lock */
    struct record_list done;
    struct mn_head writing; /* the newest record that the disk is, or was, at */
    size_t count;           /* of `waiting` */
    size_t bytes;           /* of these and of `aside` */

    struct mn_log_limit complained; /* these are the thread's alone */
    struct evidence_file evidence;
    struct record_list aside; /* pieces of it that are not written yet, in their order */
    size_t aside_bytes;
};

struct recorder_item *recorder_item_new(void)
{
    return calloc(1, sizeof(struct recorder_item));
}

void recorder_item_destroy(struct recorder_item *item)
{
    if (item != NULL) {
        mn_buffer_deinit(&item->bytes);
        mn_text_deinit(&item->evidence);
        mn_buffer_deinit(&item->binary);
        free(item);
    }
}

static void list_add(struct record_list *list, struct recorder_item *item)
{
    item->next = NULL;
    if (list->last == NULL) {
        list->first = item;
    } else {
        list->last->next = item;
    }
    list->last = item;
}

static struct recorder_item *list_take(struct record_list *list)
{
    struct recorder_item *item = list->first;
    if (item != NULL) {
        list->first = item->next;
        list->last = list->first == NULL ? NULL : list->last;
        item->next = NULL;
    }
    return item;
}

static void list_destroy(struct record_list *list)
{
    for (struct recorder_item *item = list_take(list); item != NULL; item = list_take(list)) {
        recorder_item_destroy(item);
    }
}

static size_t item_size(const struct recorder_item *item)
{
    return sizeof *item + item->bytes.size + item->evidence.size + item->binary.size;
}

static bool item_is_record(const struct recorder_item *item)
{
    return !item->piece && !item->drop && item->keep == 0;
}

/* Records alone may be written together. */
static bool item_is_plain(const struct recorder_item *item)
{
    return item_is_record(item) && item->evidence.size == 0 && item->binary.size == 0 &&
           !item->set_aside;
}

/* How many of those that wait, from @item on, are written together. */
static size_t group_count(const struct recorder_item *item)
{
    size_t count = 1;
    size_t size = item->bytes.size;
    if (!item_is_plain(item)) {
        return 1;
    }
    for (const struct recorder_item *next = item->next; next != NULL; next = next->next) {
        size += next->bytes.size;
        if (count == RECORDER_GROUP_COUNT_MAX || size > RECORDER_GROUP_BYTES_MAX ||
            !item_is_plain(next)) {
            break;
        }
        count += 1;
    }
    return count;
}

static struct journal_entry item_entry(const struct recorder_item *item)
{
    return (struct journal_entry){.sequence = item->sequence,
                                  .generation = item->generation,
                                  .kind = item->kind,
                                  .written_at = item->written_at,
                                  .bytes = item->bytes.bytes,
                                  .size = item->bytes.size};
}

static mn_result group_append(const struct recorder *recorder, struct recorder_item *item,
                              size_t count)
{
    struct journal_entry entries[RECORDER_GROUP_COUNT_MAX];
    const struct recorder_item *next = item;
    for (size_t i = 0; i < count; i++) {
        entries[i] = item_entry(next);
        next = i + 1 < count ? next->next : NULL;
    }
    return journal_append(recorder->journal, entries, count, &item->error);
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void aside_drop(struct recorder *recorder)
{
    list_destroy(&recorder->aside);
    recorder->aside_bytes = 0;
}

/* Write the pieces that wait. A piece is written where it belongs however often it is tried; those
 * behind one that cannot be are not: the first opens the file. */
static mn_result aside_write(struct recorder *recorder, struct mn_error *error)
{
    mn_result result = MN_OK;
    while (result == MN_OK && recorder->aside.first != NULL) {
        const struct recorder_item *piece = recorder->aside.first;
        result = evidence_file_put(&recorder->evidence, piece->offset, piece->binary.bytes,
                                   piece->binary.size, error);
        if (result == MN_OK) {
            recorder->aside_bytes -= item_size(piece);
            recorder_item_destroy(list_take(&recorder->aside));
        }
    }
    return result;
}

/* Write them if the disk takes them now. */
static void aside_try(struct recorder *recorder)
{
    struct mn_error error = {{0}};
    uint64_t suppressed = 0;
    mn_result result = aside_write(recorder, &error);
    if (result != MN_OK && mn_log_allowed(&recorder->complained, mn_now(), &suppressed)) {
        char quoted[MN_LOG_QUOTED_SIZE_MAX];
        mn_log(MN_LOG_WARNING, "evidence_set_aside", "code=%s suppressed=%llu text=%s",
               mn_result_name(result), (unsigned long long)suppressed,
               mn_log_quote(quoted, sizeof quoted, error.text));
    }
}

/* What is old goes. */
static void evidence_trim(const struct recorder_item *item)
{
    struct evidence_trimmed trimmed;
    mn_result result = evidence_file_trim(item->keep, item->round, &trimmed);
    if (trimmed.count > 0) {
        mn_log(MN_LOG_INFO, "evidence_removed", "rounds=%llu first=%llu last=%llu bytes=%llu",
               (unsigned long long)trimmed.count, (unsigned long long)trimmed.first,
               (unsigned long long)trimmed.last, (unsigned long long)trimmed.bytes);
    }
    if (result != MN_OK) {
        mn_log(MN_LOG_WARNING, "evidence_not_removed", "code=%s", mn_result_name(result));
    }
}

/* A document's piece, or its end before it is one; what was begun before it is of no use. Takes
 * the item. */
static void draft_take(struct recorder *recorder, struct recorder_item *item)
{
    if (item->keep > 0) {
        evidence_trim(item);
        recorder_item_destroy(item);
        return;
    }
    if (item->drop || item->offset == 0) {
        aside_drop(recorder);
    }
    if (item->drop) {
        evidence_file_drop(&recorder->evidence);
        recorder_item_destroy(item);
        return;
    }
    list_add(&recorder->aside, item);
    recorder->aside_bytes += item_size(item);
    aside_try(recorder);
}

/* The item's evidence, durably: once, however often the append after it is tried, for what went
 * before it in pieces is not at hand any more. */
static mn_result item_write_evidence(struct recorder *recorder, struct recorder_item *item)
{
    struct evidence_file *file = &recorder->evidence;
    bool binary = item->evidence.size == 0;
    const void *bytes = binary ? (const void *)item->binary.bytes : item->evidence.bytes;
    size_t size = binary ? item->binary.size : item->evidence.size;
    if (size == 0 || item->named) {
        return MN_OK;
    }
    if (item->offset == 0) { /* all of it */
        aside_drop(recorder);
    }
    mn_result result = aside_write(recorder, &item->error);
    if (result == MN_OK) {
        result = evidence_file_put(file, item->offset, bytes, size, &item->error);
    }
    if (result == MN_OK) {
        result = evidence_file_end(file, item->round, binary, &item->digest, &item->error);
        item->named = result == MN_OK;
    }
    return result;
}

/* ---- records --------------------------------------------------------------------------------- */

/* The disk is at @item and those behind it, @count in all. Said once of each. */
static void group_say(struct recorder *recorder, const struct recorder_item *item, size_t count)
{
    struct mn_head newest = {.generation = item->generation,
                             .sequence = item->sequence + count - 1};
    mn_worker_lock(&recorder->worker);
    bool news = newest.sequence != recorder->writing.sequence ||
                newest.generation != recorder->writing.generation;
    recorder->writing = newest;
    mn_worker_unlock(&recorder->worker);
    if (news) {
        mn_worker_announce(&recorder->worker);
    }
}

/* Write @item and those behind it, @count in all: every one or none. The evidence first: a decision
 * that anybody has is never without it. */
static mn_result group_write(struct recorder *recorder, struct recorder_item *item, size_t count)
{
    memset(&item->error, 0, sizeof item->error);
    mn_result result = item_write_evidence(recorder, item);
    if (result == MN_OK && item->set_aside) {
        result =
            journal_set_aside(recorder->journal, item->sequence, item->written_at, &item->error);
    } else if (result == MN_OK) {
        group_say(recorder, item, count);
        result = group_append(recorder, item, count);
    }
    if (result != MN_OK) {
        mn_error_set(&item->error, "record %llu cannot be written: %s",
                     (unsigned long long)item->sequence, mn_result_text(result));
    }
    return result;
}

/* Whether nothing was appended, so that the same append may be tried again. A directory that
 * refuses, or is gone, can be mended while this process waits. */
static bool record_again(mn_result result)
{
    return mn_result_again(result) || result == MN_DENIED || result == MN_NOT_FOUND;
}

static void recorder_complain(struct recorder *recorder, const struct recorder_item *item)
{
    uint64_t suppressed = 0;
    if (mn_log_allowed(&recorder->complained, mn_now(), &suppressed)) {
        char quoted[MN_LOG_QUOTED_SIZE_MAX];
        mn_log(MN_LOG_ERROR, "record_not_written", "sequence=%llu code=%s suppressed=%llu text=%s",
               (unsigned long long)item->sequence, mn_result_name(item->result),
               (unsigned long long)suppressed,
               mn_log_quote(quoted, sizeof quoted, item->error.text));
    }
}

/* Wait for the next try. Called with the mutex held. */
static void recorder_pause(struct recorder *recorder)
{
    mn_time until = mn_now() + RECORDER_RETRY_MS * MN_MS;
    for (mn_time left = until - mn_now(); !recorder->worker.stop && left > 0;
         left = until - mn_now()) { /* new records wake it too, and change nothing */
        (void)mn_worker_wait(&recorder->worker, left / MN_MS + 1);
    }
}

/* The first @count that wait are done. Called with the mutex held. */
static void recorder_finish(struct recorder *recorder, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct recorder_item *item = list_take(&recorder->waiting);
        recorder->count -= 1;
        recorder->bytes -= item_size(item);
        list_add(&recorder->done, item);
    }
    mn_worker_announce(&recorder->worker);
}

/* The first that waits is no record. Called with the mutex held. */
static void recorder_draft(struct recorder *recorder)
{
    struct recorder_item *item = list_take(&recorder->waiting);
    size_t bytes = recorder->aside_bytes + item_size(item);
    mn_worker_unlock(&recorder->worker);
    draft_take(recorder, item);
    mn_worker_lock(&recorder->worker);
    recorder->count -= 1;
    recorder->bytes -= bytes - recorder->aside_bytes;
}

/* Nothing waits: wait for something, or until what is set aside is tried again, for nobody may be
 * going to hand over more before that is written. Called with the mutex held. */
static void recorder_rest(struct recorder *recorder, bool given_up)
{
    if (given_up || recorder->aside.first == NULL) {
        (void)mn_worker_wait(&recorder->worker, -1);
        return;
    }
    if (!mn_worker_wait(&recorder->worker, RECORDER_RETRY_MS)) {
        size_t bytes = recorder->aside_bytes;
        mn_worker_unlock(&recorder->worker);
        aside_try(recorder);
        mn_worker_lock(&recorder->worker);
        recorder->bytes -= bytes - recorder->aside_bytes;
    }
}

static void *recorder_main(void *context)
{
    struct recorder *recorder = context;
    bool given_up = false;
    mn_worker_lock(&recorder->worker);
    while (!recorder->worker.stop) {
        if (given_up || recorder->waiting.first == NULL) {
            recorder_rest(recorder, given_up);
            continue;
        }
        struct recorder_item *item = recorder->waiting.first; /* stays first until it is done */
        if (!item_is_record(item)) {
            recorder_draft(recorder);
            continue;
        }
        size_t bytes = recorder->aside_bytes;
        size_t count = group_count(item); /* their links do not change: only the last one's may */
        mn_worker_unlock(&recorder->worker);
        item->result = group_write(recorder, item, count);
        bool again = item->result != MN_OK && record_again(item->result);
        if (again) {
            recorder_complain(recorder, item);
        }
        mn_worker_lock(&recorder->worker);
        recorder->bytes -= bytes - recorder->aside_bytes;
        if (again) {
            recorder_pause(recorder);
            continue;
        }
        given_up = item->result != MN_OK;
        recorder_finish(recorder, given_up ? 1 : count);
    }
    mn_worker_unlock(&recorder->worker);
    return NULL;
}

mn_result recorder_start(struct recorder **out, struct journal *journal, struct mn_error *error)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return MN_NO_MEMORY;
    }
    recorder->journal = journal;
    evidence_file_init(&recorder->evidence);
    mn_result result =
        mn_worker_start(&recorder->worker, recorder_main, recorder, "writes the journal", error);
    if (result != MN_OK) {
        free(recorder);
        return result;
    }
    *out = recorder;
    return MN_OK;
}

int recorder_fd(const struct recorder *recorder)
{
    return recorder->worker.fd;
}

bool recorder_behind(struct recorder *recorder)
{
    mn_worker_lock(&recorder->worker);
    bool behind = recorder->bytes >= RECORDER_BYTES_BEHIND;
    mn_worker_unlock(&recorder->worker);
    return behind;
}

bool recorder_give(struct recorder *recorder, struct recorder_item *item)
{
    size_t size = item_size(item);
    mn_worker_lock(&recorder->worker);
    bool room = recorder->count < RECORDER_RECORD_COUNT_MAX;
    if (room) {
        recorder->count += 1;
        recorder->bytes += size;
        list_add(&recorder->waiting, item);
        mn_worker_wake(&recorder->worker);
    }
    mn_worker_unlock(&recorder->worker);
    return room;
}

struct recorder_item *recorder_done(struct recorder *recorder, struct mn_head *writing)
{
    mn_worker_hear(&recorder->worker);
    mn_worker_lock(&recorder->worker);
    struct recorder_item *first = recorder->done.first;
    recorder->done = (struct record_list){NULL, NULL};
    *writing = recorder->writing;
    mn_worker_unlock(&recorder->worker);
    return first;
}

/* From @item on; those of a list follow one another. */
static mn_result list_read(const struct recorder_item *item, const struct mn_head *writing,
                           uint64_t *from, journal_visit *visit, void *context)
{
    mn_result result = MN_OK;
    for (; result == MN_OK && item != NULL && item->sequence <= writing->sequence;
         item = item->next) {
        if (item_is_record(item) && !item->set_aside && item->sequence == *from) {
            const struct journal_entry entry = item_entry(item);
            result = visit(context, &entry);
            *from += 1;
        }
    }
    return result;
}

mn_result recorder_read(struct recorder *recorder, uint64_t from, journal_visit *visit,
                        void *context)
{
    mn_worker_lock(&recorder->worker);
    mn_result result = list_read(recorder->done.first, &recorder->writing, &from, visit, context);
    if (result == MN_OK) {
        result = list_read(recorder->waiting.first, &recorder->writing, &from, visit, context);
    }
    mn_worker_unlock(&recorder->worker);
    return result;
}

bool recorder_stop(struct recorder **out, int bound_ms)
{
    struct recorder *recorder = *out;
    if (recorder == NULL) {
        return true;
    }
    if (!mn_worker_stop(&recorder->worker, bound_ms)) {
        return false;
    }
    list_destroy(&recorder->waiting);
    list_destroy(&recorder->done);
    list_destroy(&recorder->aside);
    evidence_file_deinit(&recorder->evidence);
    free(recorder);
    *out = NULL;
    return true;
}
