/* The rules of evidence that do not depend on how it is written, for every reader of it.
 *
 * A reader fills the rows and has them checked here; what passes keeps every promise of
 * docs/evidence.h. Where a row stands in what was read only the reader knows, so a rule that is
 * broken is told to it with the column and the row. */
#ifndef MN_DOCS_EVIDENCE_CHECK_H
#define MN_DOCS_EVIDENCE_CHECK_H

#include "docs/evidence.h"

/* X(NAME, name): what can be wrong with a document, as columns of its tables. The names are those
 * of the binary form. */
#define EVIDENCE_COLUMNS(X)                                                                        \
    X(DOMAIN_NAME, domain_name)                                                                    \
    X(DOMAIN_IN, domain_in)                                                                        \
    X(HOST_NAME, host_name)                                                                        \
    X(HOST_IN, host_in)                                                                            \
    X(STORE_NAME, store_name)                                                                      \
    X(STORE_IN, store_in)                                                                          \
    X(VAT_NAME, vat_name)                                                                          \
    X(VAT_HOST, vat_host)                                                                          \
    X(VAT_FLOOR, vat_floor)                                                                        \
    X(VAT_LIMIT, vat_limit)                                                                        \
    X(LINEAGE_AFTER, lineage_after)                                                                \
    X(LINEAGE_NEXT, lineage_next)                                                                  \
    X(CHECKPOINT_VAT, checkpoint_vat)                                                              \
    X(CHECKPOINT_EPOCH, checkpoint_epoch)                                                          \
    X(CHECKPOINT_SINCE, checkpoint_since)                                                          \
    X(CHECKPOINT_HEARD_VAT, checkpoint_heard_vat)                                                  \
    X(CHECKPOINT_HEARD_EPOCH, checkpoint_heard_epoch)                                              \
    X(FORM_ONTO, form_onto)                                                                        \
    X(FORM_NEED, form_need)                                                                        \
    X(COPY_STORE, copy_store)                                                                      \
    X(OPEN_VAT, open_vat)                                                                          \
    X(OPEN_EPOCH, open_epoch)                                                                      \
    X(OPEN_SINCE, open_since)                                                                      \
    X(OPEN_HEARD_VAT, open_heard_vat)                                                              \
    X(OPEN_HEARD_EPOCH, open_heard_epoch)                                                          \
    X(LOST_DOMAIN, lost_domain)                                                                    \
    X(LOST_HOST, lost_host)                                                                        \
    X(LOST_STORE, lost_store)                                                                      \
    X(LOST_VAT, lost_vat)                                                                          \
    X(LOST_CHECKPOINT_VAT, lost_checkpoint_vat)                                                    \
    X(LOST_CHECKPOINT_EPOCH, lost_checkpoint_epoch)                                                \
    X(LOST_COPY_VAT, lost_copy_vat)                                                                \
    X(LOST_COPY_EPOCH, lost_copy_epoch)                                                            \
    X(LOST_COPY_STORE, lost_copy_store)                                                            \
    X(UNKNOWN_VAT, unknown_vat)                                                                    \
    X(UNKNOWN_STORE, unknown_store)                                                                \
    X(TELL, tell)

#define EVIDENCE_COLUMN_ENUM(name, text) EVIDENCE_COLUMN_##name,
enum evidence_column { EVIDENCE_COLUMNS(EVIDENCE_COLUMN_ENUM) EVIDENCE_COLUMN_COUNT };
#undef EVIDENCE_COLUMN_ENUM

/* One value of a document. All count from 0. */
struct evidence_spot {
    enum evidence_column column;
    size_t row;  /* of the table: a vat, a checkpoint, an entry of lost */
    size_t item; /* within the row: a lineage entry, a heard entry, a form */
    size_t part; /* within the form: a copy */
};

/* Who is told what is wrong, and what was expected, once at most. */
struct evidence_listener {
    void (*tell)(void *context, const struct evidence_spot *spot, const char *what);
    void *context;
};

/* Check a document that was filled by a reader, in time linear in it. Counts and pointers must be
 * right, and names NUL-terminated; all that they lead to is checked.
 *
 * Errors:    MN_BAD_INPUT  a rule is broken; the listener was told which
 *            MN_TOO_LARGE  the same for EVIDENCE_ROW_COUNT_MAX
 *            MN_NO_MEMORY  nobody was told */
mn_result evidence_check(const struct evidence *evidence,
                         const struct evidence_listener *listener) MN_CHECKED;

#endif
