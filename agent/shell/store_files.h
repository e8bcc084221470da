/* What the files of the store share: paths, and making things durable. */
#ifndef AGENT_SHELL_STORE_FILES_H
#define AGENT_SHELL_STORE_FILES_H

#include "store.h"

/* ROOT/<vat>, without a slash at the end. */
mn_result agent_store_directory_path(const struct agent_store *store, const struct mn_name *vat,
                                     char out[AGENT_STORE_PATH_SIZE],
                                     struct mn_error *error) MN_CHECKED;

/* ROOT/<vat>/<16 hex><ending>; @ending is ".ckpt" or what replaces it. */
mn_result agent_store_file_path(const struct agent_store *store, const struct mn_name *vat,
                                mn_epoch epoch, const char *ending, char out[AGENT_STORE_PATH_SIZE],
                                struct mn_error *error) MN_CHECKED;

/* Write all of @bytes at @offset of what is open as @fd; @path is for the error. */
mn_result agent_store_write_at(int fd, const unsigned char *bytes, size_t size, uint64_t offset,
                               const char *path, struct mn_error *error) MN_CHECKED;

/* Make what stands in a directory durable: its files' names. */
mn_result agent_store_sync_directory(const char *path, struct mn_error *error) MN_CHECKED;

/* Make a directory if it is not there, and its name durable. */
mn_result agent_store_make_directory(const char *path, const char *parent,
                                     struct mn_error *error) MN_CHECKED;

/* Sync what has arrived of a file at @arriving and give it its name, durably. */
mn_result agent_store_keep(const struct agent_store *store, const char *arriving,
                           const struct mn_name *vat, mn_epoch epoch,
                           struct mn_error *error) MN_CHECKED;

/* Check the next part of the file at @path, which is opened at first. *@end: it was the last, and
 * @facts, from @arena, are known. The caller closes *@reading. */
mn_result agent_store_check(const char *path, struct mn_checkpoint_reader **reading,
                            struct mn_arena *arena, struct agent_file_facts *facts, bool *end,
                            struct mn_error *error) MN_CHECKED;

/* Sync the file at @path. */
mn_result agent_store_sync_file(const char *path, struct mn_error *error) MN_CHECKED;

/* "cannot @what @path: why, and what to do", from errno. */
mn_result agent_store_failure(const char *what, const char *path, struct mn_error *error);

#endif
