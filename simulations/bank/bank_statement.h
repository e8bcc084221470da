/* What a bank shows to the world outside, while it has a lease. */
#ifndef BANK_BANK_STATEMENT_H
#define BANK_BANK_STATEMENT_H

#include <stdbool.h>

#include "bank_book.h"
#include "mneme.h"

/* Append a line on @book to the file at @path. False when that may not be now, or failed: to be
 * tried again in a later turn. */
bool bank_statement_write(struct mneme *vat, const char *path, const struct bank_book *book);

#endif
