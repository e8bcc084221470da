/* The journal's interface: what every back end would check alike. */
#include "shell/journal.h"

#include "base/check.h"

mn_result journal_append(struct journal *journal, const struct journal_entry *entries, size_t count,
                         struct mn_error *error)
{
    mn_assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        mn_assert(entries[i].sequence > 0);
        mn_assert(entries[i].generation > 0);
        if (entries[i].size > JOURNAL_RECORD_SIZE_MAX) {
            mn_error_set(error, "a journal record of %zu bytes; at most %d are kept in one",
                         entries[i].size, JOURNAL_RECORD_SIZE_MAX);
            return MN_TOO_LARGE;
        }
    }
    return journal->back_end->append(journal->state, entries, count, error);
}

mn_result journal_read(struct journal *journal, uint64_t from, journal_visit *visit, void *context,
                       struct mn_error *error)
{
    return journal->back_end->read(journal->state, from, visit, context, error);
}

mn_result journal_piece(struct journal *journal, uint64_t sequence, uint64_t offset, void *bytes,
                        size_t *size, struct journal_entry *entry, struct mn_error *error)
{
    mn_result result =
        journal->back_end->piece(journal->state, sequence, offset, bytes, size, entry, error);
    mn_assert(result != MN_OK || offset + *size <= entry->size);
    return result;
}

mn_result journal_set_aside(struct journal *journal, uint64_t from, mn_time at,
                            struct mn_error *error)
{
    mn_assert(from > 0);
    return journal->back_end->set_aside(journal->state, from, at, error);
}

mn_result journal_aside(struct journal *journal, journal_visit *visit, void *context,
                        struct mn_error *error)
{
    return journal->back_end->aside(journal->state, visit, context, error);
}

mn_result journal_newest(struct journal *journal, uint64_t *sequence, uint64_t *generation,
                         struct mn_error *error)
{
    return journal->back_end->newest(journal->state, sequence, generation, error);
}

void journal_close(struct journal *journal)
{
    if (journal->back_end != NULL) {
        journal->back_end->close(journal->state);
    }
    *journal = (struct journal){0};
}
