/* Reports: rows about the checkpoints of this host's store, in batches of columns. A row waits in
 * the list of what is dirty, goes out in a batch, and is settled when the coordinator has taken
 * that batch; a batch not taken in time is dirty again. The list is in the order of events, each
 * row is in it once; rows whose file is gone from the table since are passed over.
 *
 * A coordinator to which every agent tells everything at once takes a batch late, not never, and
 * what is said again waits behind what was said before. So the patience with it doubles each time,
 * and shrinks again with how long it takes (as TCP's does: Jacobson, Karels, "Congestion Avoidance
 * and Control", 1988): what waits there is at most a few times what there is. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"
#include "base/grow.h"

enum { DIRTY_COUNT_MAX = 1 << 26 };

void agent_dirty(struct agent *agent, struct agent_vat *vat, struct agent_file *file)
{
    if (file->dirty) {
        return;
    }
    mn_result result = mn_grow(&agent->dirty, &agent->dirty_capacity, agent->dirty_count + 1,
                               sizeof *agent->dirty, DIRTY_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    file->dirty = true;
    agent->dirty[agent->dirty_count] = (struct agent_row_ref){.vat = vat, .epoch = file->epoch};
    agent->dirty_count += 1;
}

static void batches_forget(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(agent->batches[i].rows);
    }
    agent->batch_count -= count;
    memmove(agent->batches, agent->batches + count, agent->batch_count * sizeof *agent->batches);
}

/* To one that knows nothing of this store everything is told, and what is gone as well: of several
 * welcomes that were under way this need not be the first, and what was said after that one may
 * have been believed since. */
void agent_dirty_all(struct agent *agent)
{
    batches_forget(agent, agent->batch_count);
    agent->report_patience = AGENT_RETRY_NS;
    for (size_t i = 0; i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        for (size_t k = 0; k < vat->file_count; k++) {
            vat->files[k].taken = false;
            if (vat->files[k].reportable) {
                agent_dirty(agent, vat, &vat->files[k]);
            }
        }
    }
    agent_report_mark(agent, &agent->everything);
    agent_report_mark(agent, &agent->freeze.rows);
}

void agent_report_mark(const struct agent *agent, struct agent_mark *mark)
{
    mark->left = agent->dirty_count;
    mark->sequence = agent->report_sequence;
}

bool agent_report_taken_up(const struct agent *agent, const struct agent_mark *mark)
{
    return agent->welcomed && mark->left == 0 &&
           (agent->batch_count == 0 || agent->batches[0].sequence > mark->sequence);
}

/* What the coordinator has not taken is not let go of, and once there are as many as are kept of
 * one vat nothing more becomes durable: that is said while there is half the time left, and again.
 */
void agent_report_piles(struct agent *agent, const struct agent_vat *vat)
{
    size_t step = AGENT_FILE_COUNT_MAX / 8;
    if (vat->file_count < AGENT_FILE_COUNT_MAX / 2) {
        return;
    }
    if (agent->fullest == NULL || agent->fullest->file_count < vat->file_count) {
        agent->fullest = vat;
    }
    if (vat->file_count % step == 0) {
        agent_note(agent,
                   (struct agent_note_facts){.note = AGENT_NOTE_UNTAKEN,
                                             .vat = vat->name,
                                             .number = AGENT_FILE_COUNT_MAX - vat->file_count,
                                             .text = "so many more fit; they are let go of once a "
                                                     "coordinator knows of them"});
    }
}

uint32_t agent_report_untaken(const struct agent *agent, uint32_t *room)
{
    const struct agent_vat *vat = agent->fullest;
    uint32_t untaken = 0;
    *room = 0;
    if (vat == NULL || vat->file_count < AGENT_FILE_COUNT_MAX / 2) {
        return 0;
    }
    for (size_t i = 0; i < vat->file_count; i++) {
        untaken += vat->files[i].reportable && !vat->files[i].taken ? 1 : 0;
    }
    *room = (uint32_t)(AGENT_FILE_COUNT_MAX - vat->file_count);
    return untaken;
}

/* @count entries of the dirty list are in reports now. */
static void mark_sent(const struct agent *agent, struct agent_mark *mark, size_t count)
{
    if (mark->left > 0) {
        mark->left -= count < mark->left ? count : mark->left;
        mark->sequence = agent->report_sequence;
    }
}

/* @late was not taken, and its rows are dirty again, or in a later report. */
static void mark_late(const struct agent *agent, struct agent_mark *mark,
                      const struct agent_batch *late)
{
    if (late->sequence > mark->sequence) {
        return;
    }
    mark->left = agent->dirty_count;
    for (uint32_t i = 0; i < late->row_count; i++) {
        const struct agent_file *file = agent_find_file(late->rows[i].vat, late->rows[i].epoch);
        if (file != NULL && file->reported_in > mark->sequence) {
            mark->sequence = file->reported_in;
        }
    }
}

/* A report that is being put together; its arrays are as long as its rows may need. */
struct report_draft {
    struct agent_naming naming;
    struct mn_row *rows;
    struct agent_row_ref *refs; /* heap: they stay with the batch */
    uint32_t row_count;
    struct mn_heard *heard;
    uint32_t heard_count;
};

/* Rows that tell of a file: of one that is lost, and of which what was heard is still to be known,
 * first that it is gone. */
static size_t row_count_of(const struct agent_file *file)
{
    return file->heard_only ? 2 : 1;
}

static bool row_wanted(const struct agent_file *file)
{
    return file != NULL && file->dirty && file->reportable;
}

/* Whether the coordinator is to believe in it no more. What arrives anew went before, or nobody
 * would be told of it yet. */
static bool row_gone(const struct agent_file *file)
{
    return file->state == AGENT_FILE_GONE || file->state == AGENT_FILE_ARRIVING;
}

/* The age of a file by this host's clock. What seems to have been written later than now was so by
 * another clock, or by this one before it was set: that says nothing. */
static uint32_t row_age(const struct agent *agent, const struct agent_file *file)
{
    mn_time age = agent->now - file->written_at;
    bool known = file->written_at > 0 && age >= 0 && age / MN_MS < UINT32_MAX;
    return known ? 1 + (uint32_t)(age / MN_MS) : 0;
}

bool agent_row_told(const struct agent_vat *vat, mn_epoch epoch)
{
    const struct agent_file *file = agent_find_file(vat, epoch);
    return file != NULL && file->reportable && file->reported_in > 0 &&
           (!row_gone(file) || file->heard_only);
}

/* The checkpoint before it, as far as the file says, or the history of the life that is here; 0
 * where neither does. */
static mn_epoch row_before(const struct agent_vat *vat, const struct agent_file *file)
{
    bool first = file->epoch == mn_epoch_first(mn_epoch_run(file->epoch));
    if (file->onto != 0) {
        return file->onto;
    }
    return !first || agent_file_live(vat, file) ? agent_epoch_before(vat, file->epoch) : 0;
}

/* Whether what was heard in the intervals before stands in their own rows, so that it leaves with
 * these when the floor passes them. Otherwise the file makes up for it. */
static bool row_joins(const struct agent_vat *vat, const struct agent_file *file)
{
    mn_epoch before = row_before(vat, file);
    return before > file->since && agent_row_told(vat, before);
}

/* The newest round that the vat had applied in it, where no row before has said so: a coordinator
 * that has forgotten asks for no more than the newest of all. */
static uint64_t row_applied(const struct agent_vat *vat, const struct agent_file *file)
{
    const struct agent_file *before = file - 1;
    bool said =
        file > vat->files && before->applied == file->applied && agent_row_told(vat, before->epoch);
    return said ? 0 : file->applied;
}

static void draft_row(const struct agent *agent, struct report_draft *draft, struct agent_vat *vat,
                      struct agent_file *file, bool gone)
{
    struct mn_row *row = &draft->rows[draft->row_count];
    bool joins = row_joins(vat, file);
    uint32_t from = joins ? file->heard_before : 0;
    *row = (struct mn_row){.epoch = file->epoch,
                           .since = joins ? row_before(vat, file) : file->since,
                           .onto = file->onto,
                           .durable = file->promised,
                           .here = file->state == AGENT_FILE_HERE,
                           .gone = gone,
                           .floor = file->floor > vat->floor ? file->floor : vat->floor,
                           .age = row_age(agent, file),
                           .applied = row_applied(vat, file),
                           .heard_first = draft->heard_count,
                           .heard_count = file->heard_count - from};
    row->vat = agent_naming_place(&draft->naming, vat->number);
    agent_naming_know(&draft->naming, &file->known);
    for (uint32_t i = from; i < file->heard_count; i++) {
        struct mn_heard *heard = &draft->heard[draft->heard_count];
        heard->epoch = file->heard[i].epoch;
        heard->peer = agent_naming_place(&draft->naming, file->heard[i].peer);
        draft->heard_count += 1;
    }
    draft->refs[draft->row_count] = (struct agent_row_ref){.vat = vat, .epoch = file->epoch};
    draft->row_count += 1;
    file->dirty = false;
    file->reported_in = agent->report_sequence;
}

/* How many entries of the dirty list, from @from, make the next batch: bounded in rows, heard
 * entries with those of what is known, and names, but at least one row. *@heard and *@rows: what
 * they need at most. */
static size_t batch_measure(const struct agent *agent, size_t from, size_t *rows, size_t *heard)
{
    size_t end = from;
    *rows = 0;
    *heard = 0;
    while (end < agent->dirty_count) {
        const struct agent_row_ref *ref = &agent->dirty[end];
        const struct agent_file *file = agent_find_file(ref->vat, ref->epoch);
        if (row_wanted(file)) {
            size_t count = row_count_of(file);
            size_t named = count * (file->heard_count + file->known.count);
            if (*rows > 0 && (*rows + count > AGENT_BATCH_ROW_COUNT ||
                              *heard + named > AGENT_BATCH_HEARD_COUNT)) {
                break;
            }
            *rows += count;
            *heard += named;
        }
        end += 1;
    }
    return end;
}

static bool draft_make(struct agent *agent, struct report_draft *draft, size_t rows, size_t heard)
{
    (void)agent_naming_make(agent, &draft->naming, rows + heard, heard);
    draft->rows = agent_take(agent, rows, sizeof *draft->rows);
    draft->heard = agent_take(agent, heard, sizeof *draft->heard);
    draft->refs = malloc(rows * sizeof *draft->refs);
    if (draft->refs == NULL) {
        agent_fail(agent, MN_NO_MEMORY);
    }
    if (agent->effects->result != MN_OK) {
        free(draft->refs);
        return false;
    }
    return true;
}

static void batch_add(struct agent *agent, const struct report_draft *draft)
{
    agent->batches[agent->batch_count] = (struct agent_batch){.sequence = agent->report_sequence,
                                                              .sent_at = agent->now,
                                                              .rows = draft->refs,
                                                              .row_count = draft->row_count};
    agent->batch_count += 1;
    struct mn_vat_table vats;
    bool made = agent_naming_table(agent, &draft->naming, &vats);
    struct mn_up *up = made ? agent_say_up(agent, MN_UP_REPORT) : NULL;
    if (up != NULL) {
        up->report.sequence = agent->report_sequence;
        up->report.vats = vats;
        up->report.rows = draft->rows;
        up->report.row_count = draft->row_count;
        up->report.heard = draft->heard;
        up->report.heard_count = draft->heard_count;
    }
}

/* Send what is dirty, as far as the bound on reports under way lets it. */
void agent_report_flush(struct agent *agent)
{
    agent->flush = false;
    if (!agent->welcomed) {
        return;
    }
    size_t from = 0;
    while (from < agent->dirty_count && agent->batch_count < AGENT_BATCH_COUNT_MAX) {
        size_t rows = 0;
        size_t heard = 0;
        size_t end = batch_measure(agent, from, &rows, &heard);
        struct report_draft draft = {0};
        if (rows > 0) {
            if (!draft_make(agent, &draft, rows, heard)) {
                return;
            }
            agent->report_sequence += 1;
        }
        for (; from < end; from++) {
            const struct agent_row_ref *ref = &agent->dirty[from];
            struct agent_file *file = agent_find_file(ref->vat, ref->epoch);
            if (rows > 0 && row_wanted(file)) {
                draft_row(agent, &draft, ref->vat, file, row_gone(file));
                if (file->heard_only) {
                    draft_row(agent, &draft, ref->vat, file, false);
                }
            } else if (file != NULL) {
                file->dirty = false;
            }
        }
        if (rows > 0) {
            batch_add(agent, &draft);
        }
    }
    if (from > 0) {
        agent->dirty_count -= from;
        memmove(agent->dirty, agent->dirty + from, agent->dirty_count * sizeof *agent->dirty);
        mark_sent(agent, &agent->everything, from);
        mark_sent(agent, &agent->freeze.rows, from);
    }
}

/* A report was taken after so long: one that takes twice as long is late. */
static void report_took(struct agent *agent, mn_time took)
{
    mn_time patience = took > AGENT_RETRY_NS / 2 ? 2 * took : AGENT_RETRY_NS;
    agent->report_patience = patience < AGENT_RETRY_NS_MAX ? patience : AGENT_RETRY_NS_MAX;
}

void agent_report_taken(struct agent *agent, uint64_t sequence)
{
    size_t place = 0;
    while (place < agent->batch_count && agent->batches[place].sequence != sequence) {
        place += 1;
    }
    if (place == agent->batch_count) {
        return;
    }
    struct agent_batch batch = agent->batches[place];
    report_took(agent, agent->now - batch.sent_at);
    agent->batch_count -= 1;
    memmove(agent->batches + place, agent->batches + place + 1,
            (agent->batch_count - place) * sizeof *agent->batches);
    for (uint32_t i = 0; i < batch.row_count; i++) {
        struct agent_file *file = agent_find_file(batch.rows[i].vat, batch.rows[i].epoch);
        if (file == NULL || file->reported_in != sequence) {
            continue;
        }
        file->taken = true;
        if (file->heard_only) {
            continue; /* until the floor has passed it */
        }
        if (file->state == AGENT_FILE_GONE && !file->dirty && !agent_file_hidden(file)) {
            agent_remove_file(batch.rows[i].vat, batch.rows[i].epoch);
        } else if (file->state == AGENT_FILE_ARRIVING && !file->dirty) {
            file->reportable = false;
        } else if (file->durable) {
            agent_drop_old(agent, batch.rows[i].vat);
        }
    }
    free(batch.rows);
    agent->flush = agent->flush || agent->everything.left > 0 ||
                   (agent->freeze.state == AGENT_FREEZE_REPORTING && agent->freeze.rows.left > 0);
}

void agent_report_hurry(struct agent *agent)
{
    agent->report_patience = AGENT_RETRY_NS;
}

void agent_report_tick(struct agent *agent)
{
    size_t late = 0;
    while (late < agent->batch_count &&
           agent->now - agent->batches[late].sent_at >= agent->report_patience) {
        const struct agent_batch *batch = &agent->batches[late];
        for (uint32_t i = 0; i < batch->row_count; i++) {
            struct agent_vat *vat = batch->rows[i].vat;
            struct agent_file *file = agent_find_file(vat, batch->rows[i].epoch);
            if (file != NULL && file->reported_in == batch->sequence) {
                agent_dirty(agent, vat, file);
            }
        }
        mark_late(agent, &agent->everything, batch);
        mark_late(agent, &agent->freeze.rows, batch);
        late += 1;
    }
    if (late > 0 && agent->report_patience < AGENT_RETRY_NS_MAX) {
        agent->report_patience *= 2;
    }
    batches_forget(agent, late);
    agent_report_flush(agent);
}
