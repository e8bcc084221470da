/* Which generation each record of the own journal is of, as runs: as many as there were take-overs.
 */
#include "base/check.h"
#include "base/grow.h"
#include "keeping_private.h"

void keeping_log_add(struct keeping *keeping, uint64_t sequence, uint64_t generation)
{
    uint64_t last = keeping_log_generation(keeping, keeping->newest);
    if (sequence != keeping->newest + 1 || generation < last) {
        keeping_fail(keeping, MN_CORRUPT);
        return;
    }
    if (generation > last) {
        mn_result result = mn_grow(&keeping->runs, &keeping->run_capacity, keeping->run_count + 1,
                                   sizeof *keeping->runs, KEEPING_RUN_COUNT_MAX);
        if (result != MN_OK) {
            keeping_fail(keeping, result);
            return;
        }
        keeping->runs[keeping->run_count++] =
            (struct keeping_run){.first = sequence, .generation = generation};
    }
    keeping->newest = sequence;
}

/* Before a generation is in force nothing follows its own record but an operator's word. */
static void log_shows_kept(struct keeping *keeping, const struct keeping_event *event)
{
    const struct mn_journal_record *says = event->record.says;
    bool begins = event->record.kind == MN_JOURNAL_GENERATION;
    if (begins && says != NULL && says->generation.kept) {
        keeping->kept_generation = event->record.generation;
    } else if (begins && keeping->unkept_from == 0) {
        keeping->unkept_from = event->record.sequence;
    } else if (!begins && event->record.kind != MN_JOURNAL_RECALL && keeping->kept_from == 0 &&
               event->record.generation == keeping->kept_generation) {
        keeping->kept_from = event->record.sequence;
    }
}

void keeping_log_read(struct keeping *keeping, const struct keeping_event *event)
{
    const struct mn_journal_record *says = event->record.says;
    log_shows_kept(keeping, event);
    if (event->record.kind == MN_JOURNAL_RECALL) {
        keeping->excused = event->record.generation;
    }
    if (event->record.kind == MN_JOURNAL_KEEPERS) {
        keeping_sets_add(keeping, event->record.sequence, says != NULL ? &says->keepers : NULL);
    }
}

void keeping_log_cut(struct keeping *keeping, uint64_t sequence)
{
    mn_assert(sequence > keeping->in_force);
    keeping_sets_cut(keeping, sequence);
    keeping->newest = sequence - 1;
    keeping->kept_from = keeping->kept_from < sequence ? keeping->kept_from : 0;
    keeping->unkept_from = keeping->unkept_from < sequence ? keeping->unkept_from : 0;
    keeping->durable = keeping->durable < sequence ? keeping->durable : sequence - 1;
    while (keeping->run_count > 0 && keeping->runs[keeping->run_count - 1].first >= sequence) {
        keeping->run_count -= 1;
    }
}

/* The place after the run that @sequence is in. */
static size_t log_place(const struct keeping *keeping, uint64_t sequence)
{
    size_t low = 0;
    size_t high = keeping->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keeping->runs[middle].first <= sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t keeping_log_generation(const struct keeping *keeping, uint64_t sequence)
{
    size_t place = sequence <= keeping->newest ? log_place(keeping, sequence) : 0;
    return place > 0 ? keeping->runs[place - 1].generation : 0;
}

uint64_t keeping_log_before(const struct keeping *keeping, uint64_t sequence)
{
    size_t place = log_place(keeping, sequence);
    return place > 0 ? keeping->runs[place - 1].first - 1 : 0;
}

bool keeping_log_has(const struct keeping *keeping, const struct mn_head *head)
{
    return head->sequence == 0 || head->generation < keeping->excused ||
           keeping_log_generation(keeping, head->sequence) == head->generation;
}

bool keeping_head_below(const struct mn_head *a, const struct mn_head *b)
{
    return a->generation != b->generation ? a->generation < b->generation
                                          : a->sequence < b->sequence;
}
