/* The journal: the coordinator's hard facts, appended in order (DESIGN.md, State).
 *
 * An append succeeds only if the caller's generation is the newest and the sequence is the next:
 * one compare-and-append, so that two coordinators never both go on. A generation becomes the
 * newest by being appended with; from then on lower ones are refused.
 *
 * One small interface, so that there can be more than one back end; tests/unit/coordinator/shell
 * has one suite for all of them. */
#ifndef COORDINATOR_JOURNAL_H
#define COORDINATOR_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"

enum { JOURNAL_RECORD_SIZE_MAX = MN_RECORD_SIZE_MAX };

/* A record as it is kept. `bytes` is borrowed during the call that hands it out. */
struct journal_entry {
    uint64_t sequence; /* 1, 2, 3, ... without a gap */
    uint64_t generation;
    uint32_t kind;      /* enum mn_journal_kind */
    mn_time written_at; /* the shell's clock (mn_now) */
    const unsigned char *bytes;
    size_t size;
};

/* Returns MN_OK to go on, or the code with which journal_read is to end. */
typedef mn_result journal_visit(void *context, const struct journal_entry *entry);

struct journal;

/* What a back end does; the functions below check what is common to all and call these. */
struct journal_back_end {
    mn_result (*append)(void *state, const struct journal_entry *entries, size_t count,
                        struct mn_error *error);
    mn_result (*read)(void *state, uint64_t from, journal_visit *visit, void *context,
                      struct mn_error *error);
    mn_result (*newest)(void *state, uint64_t *sequence, uint64_t *generation,
                        struct mn_error *error);
    mn_result (*piece)(void *state, uint64_t sequence, uint64_t offset, void *bytes, size_t *size,
                       struct journal_entry *entry, struct mn_error *error);
    mn_result (*set_aside)(void *state, uint64_t from, mn_time at, struct mn_error *error);
    mn_result (*aside)(void *state, journal_visit *visit, void *context, struct mn_error *error);
    void (*close)(void *state);
};

struct journal {
    const struct journal_back_end *back_end;
    void *state;
};

/* Open, or make, the journal in a SQLite database (WAL, synchronous=FULL: an append that succeeded
 * is on the disk). Errors:    MN_DENIED, MN_NO_SPACE, MN_IO   the file cannot be opened or written;
 * says which MN_CORRUPT                      it is damaged, or no journal MN_IN_USE another process
 * has it locked */
mn_result journal_open_sqlite(struct journal *journal, const char *path,
                              struct mn_error *error) MN_CHECKED;

/* Append records durably, one after the other: all of them, or none.
 *
 * @entries   sequence and generation are what the caller believes to be next and its own; @count is
 *            at least 1.
 * Errors:    MN_STALE      a generation is below the newest, or a sequence is not the next
 *            MN_TOO_LARGE  more than JOURNAL_RECORD_SIZE_MAX bytes
 *            MN_NO_SPACE, MN_DENIED, MN_IN_USE   nothing was appended
 *            MN_UNKNOWN    it may have been appended or not: read before acting */
mn_result journal_append(struct journal *journal, const struct journal_entry *entries, size_t count,
                         struct mn_error *error) MN_CHECKED;

/* Hand out every record from sequence @from on, in order.
 * Errors:    MN_CORRUPT, MN_IO, or what @visit returned */
mn_result journal_read(struct journal *journal, uint64_t from, journal_visit *visit, void *context,
                       struct mn_error *error) MN_CHECKED;

/* Read up to *@size bytes of the record @sequence, from @offset on.
 *
 * @size      in: room in @bytes; out: how many were read.
 * @entry     out: the record's facts, its whole size among them; `bytes` is NULL.
 * Errors:    MN_NOT_FOUND  there is no such record, or it ends before @offset
 *            MN_CORRUPT, MN_IO */
mn_result journal_piece(struct journal *journal, uint64_t sequence, uint64_t offset, void *bytes,
                        size_t *size, struct journal_entry *entry,
                        struct mn_error *error) MN_CHECKED;

/* Take the records from sequence @from on out of the journal, durably, and keep them beside it for
 * ever: they contradict what is in force. The next record that is appended has sequence @from.
 * Errors:    as journal_append; MN_UNKNOWN: read before acting */
mn_result journal_set_aside(struct journal *journal, uint64_t from, mn_time at,
                            struct mn_error *error) MN_CHECKED;

/* Hand out every record that was set aside, in the order in which they were, then of sequences. */
mn_result journal_aside(struct journal *journal, journal_visit *visit, void *context,
                        struct mn_error *error) MN_CHECKED;

/* The newest record's sequence, and the newest generation; 0 and 0 when it is empty. */
mn_result journal_newest(struct journal *journal, uint64_t *sequence, uint64_t *generation,
                         struct mn_error *error) MN_CHECKED;

/* Close. @journal may be zero-initialised. */
void journal_close(struct journal *journal);

#endif
