/* What the files that check evidence share. Each evidence_check_... returns false after the first
 * rule that is broken, which the listener then knows. Private to them. */
#ifndef MN_DOCS_EVIDENCE_CHECKER_H
#define MN_DOCS_EVIDENCE_CHECKER_H

#include "base/arena.h"
#include "docs/evidence_check.h"
#include "docs/table.h"

struct evidence_checker {
    const struct evidence *evidence;
    const struct evidence_listener *listener;
    mn_result result;
    struct mn_arena arena;       /* what only the checking needs */
    struct mn_table checkpoints; /* (vat, epoch) -> row */
};

/* Tell that the value at a spot is wrong. Always returns false. */
bool evidence_wrong(struct evidence_checker *checker, struct evidence_spot spot, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* Note that memory is exhausted. Always returns false. */
bool evidence_exhausted(struct evidence_checker *checker);

/* A spot; @item 0 where a row has no items. */
struct evidence_spot evidence_spot_at(enum evidence_column column, size_t row, size_t item);

/* Whether @index is below @count, the number of those that @what names: "vats". */
bool evidence_check_index(struct evidence_checker *checker, struct evidence_spot spot,
                          uint32_t index, size_t count, const char *what);

/* Whether @epoch is from @least to MN_EPOCH_MAX. */
bool evidence_check_epoch(struct evidence_checker *checker, struct evidence_spot spot,
                          mn_epoch epoch, mn_epoch least);

/* Domains, hosts, stores and vats. */
bool evidence_check_maps(struct evidence_checker *checker);

/* Checkpoints and open intervals. */
bool evidence_check_rows(struct evidence_checker *checker);

/* What is lost, unknown, and told. */
bool evidence_check_losses(struct evidence_checker *checker);

#endif
