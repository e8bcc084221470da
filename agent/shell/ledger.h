/* The agent's records on disk: a table of keys and bytes in SQLite, DATA/agent.db. What commit
 * returned from is durable (write-ahead log, synchronous=FULL). One process at a time. */
#ifndef AGENT_SHELL_LEDGER_H
#define AGENT_SHELL_LEDGER_H

#include <stddef.h>

#include "base/error.h"
#include "base/result.h"

struct agent_ledger;

/* Open or make the ledger at @path.
 * Errors:    MN_CORRUPT   no database, or a damaged one
 *            MN_IN_USE    another process has it
 *            MN_BAD_VERSION, MN_DENIED, MN_NO_SPACE, MN_IO, MN_NO_MEMORY
 *            each with the file and the remedy in @error */
mn_result agent_ledger_open(struct agent_ledger **ledger, const char *path,
                            struct mn_error *error) MN_CHECKED;
void agent_ledger_close(struct agent_ledger **ledger);

/* Hand out every record, in the order of keys. @each may refuse one; then that is the result. */
typedef mn_result agent_ledger_each(void *context, const char *key, const void *bytes, size_t size);
mn_result agent_ledger_read(struct agent_ledger *ledger, agent_ledger_each *each, void *context,
                            struct mn_error *error) MN_CHECKED;

/* The same, of those whose key is not below @from. */
mn_result agent_ledger_read_from(struct agent_ledger *ledger, const char *from,
                                 agent_ledger_each *each, void *context,
                                 struct mn_error *error) MN_CHECKED;

/* Changes between begin and commit are durable together; a failure of any of the four leaves the
 * ledger as it was before begin, and the whole may be tried again.
 * Errors:    MN_NO_SPACE, MN_DENIED, MN_IO, MN_CORRUPT, MN_NO_MEMORY */
mn_result agent_ledger_begin(struct agent_ledger *ledger, struct mn_error *error) MN_CHECKED;
mn_result agent_ledger_put(struct agent_ledger *ledger, const char *key, const void *bytes,
                           size_t size, struct mn_error *error) MN_CHECKED;
mn_result agent_ledger_forget(struct agent_ledger *ledger, const char *key,
                              struct mn_error *error) MN_CHECKED;
mn_result agent_ledger_commit(struct agent_ledger *ledger, struct mn_error *error) MN_CHECKED;

#endif
