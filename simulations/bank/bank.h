/* A bank: a vat that owns accounts and sends transfers to other banks, as an example and as a
 * witness. It trusts Mneme: a transfer that came twice would be credited twice, and show. */
#ifndef BANK_BANK_H
#define BANK_BANK_H

#include <stddef.h>

#include "bank_book.h"
#include "bank_log.h"
#include "mneme.h"

enum {
    BANK_ACCOUNT_COUNT_MAX = 10000,
    BANK_RATE_MAX = 100000,
    BANK_BALANCE = 1000, /* what each account begins with */
    BANK_AMOUNT_MAX = 10,
    BANK_TICK_MS = 10,
    BANK_STATEMENT_MS = 1000 /* from one statement to the next */
};

struct bank_options {
    const char *peers[BANK_PEER_COUNT_MAX];
    size_t peer_count;
    unsigned account_count;
    unsigned rate;          /* transfers per second */
    const char *stop_file;  /* while it exists, nothing more is sent; NULL: none */
    const char *statements; /* file to which statements are appended; NULL: none */
};

/* Be a bank until told to end. Returns a result of libmneme's. */
int bank_run(struct mneme *vat, const struct bank_options *options);

#endif
