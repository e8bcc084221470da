/* The recorder: one thread that makes records durable, so that a slow or full disk delays no
 * heartbeat. Records go in, durable ones come back in a list that an eventfd announces, in the
 * order in which they went in. That the disk is at them is announced too: then they can be read,
 * and a decision's evidence is durable already.
 *
 * Records that wait together are written together, which takes one wait for the disk.
 *
 * A record that cannot be written now (a full disk, say) is tried again until it can, and those
 * behind it wait; nobody learns of a record before it is durable.
 *
 * Nothing rests on the evidence of a decision before that decision: a piece of it that cannot be
 * written now is set aside, and holds up no record but its decision's and those behind that one. It
 * is tried again by itself, with the next piece, and with the decision. Whoever makes pieces asks
 * before each whether too much waits already: records, and the last piece with its decision, always
 * find room. */
#ifndef COORDINATOR_SHELL_RECORDER_H
#define COORDINATOR_SHELL_RECORDER_H

#include <stdbool.h>

#include "docs/text.h"
#include "shell/journal.h"
#include "wire/control.h"

enum {
    RECORDER_RETRY_MS = 100,

    /* The most records that are written together, and the most bytes of them but for one alone. */
    RECORDER_GROUP_COUNT_MAX = 256,
    RECORDER_GROUP_BYTES_MAX = 1024 * 1024,

    /* The most records and pieces that may wait. */
    RECORDER_RECORD_COUNT_MAX = 16 * 1024 * 1024,

    /* With so many bytes of records that wait, and of pieces that wait or are set aside, no further
     * piece is to be made. */
    RECORDER_BYTES_BEHIND = 256 * 1024 * 1024
};

/* A record on its way, encoded: it shares no memory with the core. */
struct recorder_item {
    struct recorder_item *next;
    bool set_aside; /* no record: set those from `sequence` on aside */
    uint64_t sequence;
    uint64_t generation;
    uint32_t kind; /* enum mn_journal_kind */
    mn_time written_at;
    struct mn_buffer bytes;
    uint64_t round;          /* whose evidence it is */
    struct mn_text evidence; /* written as a file before the record is appended; empty for none */
    struct mn_buffer binary; /* the same in its binary form, instead, from byte `offset` on */
    uint64_t offset;
    struct mn_digest digest; /* of the whole evidence */
    /* No record, and never comes back: `binary` is not the end, and is all there is to do. */
    bool piece;
    bool drop; /* nor does this: the pieces before it are of no use any more */
    /* Nor does this, unless it is 0: of rounds below `round` the evidence of so many stays. */
    uint32_t keep;
    bool named; /* the recorder's: the evidence is under its name already */

    mn_result result; /* MN_OK: durable; otherwise why the recorder gave up */
    struct mn_error error;
};

struct recorder_item *recorder_item_new(void);
void recorder_item_destroy(struct recorder_item *item);

struct recorder;

/* Start the thread. @journal is borrowed, and the recorder's alone until recorder_stop. Pieces of
 * evidence that are left from another process are gone. */
mn_result recorder_start(struct recorder **recorder, struct journal *journal,
                         struct mn_error *error) MN_CHECKED;

/* Readable while done records wait, or the disk is at further ones. */
int recorder_fd(const struct recorder *recorder);

/* Whether so many bytes wait for the disk that no further piece is to be made. */
bool recorder_behind(struct recorder *recorder);

/* Hand over a record, which is the recorder's from then on. False when too many wait already; the
 * record is still the caller's then. */
bool recorder_give(struct recorder *recorder, struct recorder_item *item) MN_CHECKED;

/* The done records, oldest first, chained by `next`; the caller's to destroy. NULL when there is
 * none. One whose result is not MN_OK is the last that ever comes: it must not be tried again.
 *
 * @writing   out: the newest record that the disk is, or was, at; zero for none yet */
struct recorder_item *recorder_done(struct recorder *recorder, struct mn_head *writing);

/* Hand out the records from sequence @from on that the disk is at, or that are done and have not
 * been handed out, in order. None when the record @from is not among these.
 *
 * @visit     must not call the recorder.
 * Errors:    what @visit returned */
mn_result recorder_read(struct recorder *recorder, uint64_t from, journal_visit *visit,
                        void *context) MN_CHECKED;

/* End the thread after the record it is at; what still waits is not written. False when it did not
 * end within @bound_ms: then *recorder must be left as it is, and so must the journal. */
bool recorder_stop(struct recorder **recorder, int bound_ms) MN_CHECKED;

#endif
