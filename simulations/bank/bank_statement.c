/* Statements: what a bank shows to the world outside. Once in a while it appends a line to a file
 * that may be shared by all banks and by all runs of each, as a client's mailbox would be:
 *
 *     VAT RUN TRANSFERS_SENT TRANSFERS_RECEIVED
 *
 * It does so only while it has a lease, so the lines of one run never come between those of
 * another. One that was written in a turn which a crash took back is written again: whoever reads
 * takes the newest line of the highest run. */
#include "bank_statement.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Longer than one small write ever takes; what takes longer is caught by the run in the line. */
enum { STATEMENT_MS = 100, STATEMENT_SIZE_MAX = 256 };

/* One line in one write, so that no other bank's comes into the middle of it. */
static bool append(const char *path, const char *line, size_t size)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write(fd, line, size) == (ssize_t)size;
    if (fd >= 0) {
        (void)close(fd);
    }
    return written;
}

bool bank_statement_write(struct mneme *vat, const char *path, const struct bank_book *book)
{
    char line[STATEMENT_SIZE_MAX];
    uint64_t sent = 0;
    uint64_t received = 0;
    for (size_t i = 0; i < book->peer_count; i++) {
        sent += book->peers[i].sent.count;
        received += book->peers[i].received.count;
    }
    int size = snprintf(line, sizeof line, "%s %" PRIu32 " %" PRIu64 " %" PRIu64 "\n",
                        mneme_name(vat), mneme_run(vat), sent, received);
    return mneme_lease(vat, STATEMENT_MS) == MNEME_OK && append(path, line, (size_t)size);
}
