/* SQLite's files, of which the Nth write, sync or truncation can be made to fail. */
#ifndef TESTS_FAILING_VFS_H
#define TESTS_FAILING_VFS_H

#include <stdbool.h>

/* Have SQLite use these from now on. Nothing fails before failing_vfs_set. */
void failing_vfs_install(void);

/* Of the calls from now on the Nth, from 1, and all that follow fail with @code, an SQLITE_ one.
 * 0: none. */
void failing_vfs_set(unsigned nth, int code);

/* Whether one has failed since then. */
bool failing_vfs_failed(void);

#endif
