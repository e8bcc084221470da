/* Writing evidence in its binary form row by row, for who has it in other structs than those of
 * schema/docs: each row is taken apart into the columns of evidence.proto at once, so that nothing
 * is held but the bytes that go out. Pure, like every codec.
 *
 * Rows are given in the order of the document's tables, since rows name others by index: domains,
 * hosts, stores, vats; then checkpoints and open intervals, and what is lost or unknown, which may
 * mix. A later piece has no domains, hosts and stores, and of vats those that it says anew. */
#ifndef MN_WIRE_EVIDENCE_WRITER_H
#define MN_WIRE_EVIDENCE_WRITER_H

#include "docs/evidence.h"
#include "wire/common.h"

enum { MN_EVIDENCE_COLUMN_COUNT = 51 };

/* Zero-initialise; mn_evidence_writer_deinit gives it back. */
struct mn_evidence_writer {
    struct mn_buffer columns[MN_EVIDENCE_COLUMN_COUNT]; /* by field number: their elements, */
    mn_epoch last[MN_EVIDENCE_COLUMN_COUNT]; /* and the last one, of those that are steps */
    uint32_t host_count;
    mn_result result; /* the first failure; what is written after it is dropped */
};

void mn_evidence_writer_deinit(struct mn_evidence_writer *writer);

void mn_evidence_write_domain(struct mn_evidence_writer *writer, const struct evidence_domain *row);
void mn_evidence_write_host(struct mn_evidence_writer *writer, const struct evidence_host *row);
void mn_evidence_write_store(struct mn_evidence_writer *writer, const struct evidence_store *row);
void mn_evidence_write_vat(struct mn_evidence_writer *writer, const struct evidence_vat *row);
void mn_evidence_write_checkpoint(struct mn_evidence_writer *writer,
                                  const struct evidence_checkpoint *row);
void mn_evidence_write_open(struct mn_evidence_writer *writer, const struct evidence_open *row);
void mn_evidence_write_lost_checkpoint(struct mn_evidence_writer *writer,
                                       const struct evidence_lost_checkpoint *row);
void mn_evidence_write_lost_copy(struct mn_evidence_writer *writer,
                                 const struct evidence_lost_copy *row);

/* What evidence lists by index. */
enum mn_evidence_list {
    MN_EVIDENCE_LOST_DOMAINS,
    MN_EVIDENCE_LOST_HOSTS,
    MN_EVIDENCE_LOST_STORES,
    MN_EVIDENCE_LOST_VATS,
    MN_EVIDENCE_UNKNOWN_VATS,
    MN_EVIDENCE_UNKNOWN_STORES,
    MN_EVIDENCE_TELL,
    MN_EVIDENCE_RENEWED /* said anew by this piece, growing; each one's row is written too */
};

void mn_evidence_write_listed(struct mn_evidence_writer *writer, enum mn_evidence_list list,
                              uint32_t index);

/* Append a piece of a document to @buffer, and begin the next one.
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE (above EVIDENCE_SIZE_MAX); the buffer is as it was */
mn_result mn_evidence_write_piece(struct mn_evidence_writer *writer,
                                  enum evidence_total_loss total_loss,
                                  struct mn_buffer *buffer) MN_CHECKED;

#endif
