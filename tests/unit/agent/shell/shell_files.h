/* Files for the tests of agent/shell: directories under /tmp, checkpoints, disks that are full and
 * directories that may not be written. */
#ifndef TESTS_SHELL_FILES_H
#define TESTS_SHELL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/agent.h"

enum { SHELL_PATH_SIZE = 512 };

/* A new directory; removed with everything in it by shell_directory_delete. */
void shell_directory_make(char path[SHELL_PATH_SIZE]);
void shell_directory_delete(const char *path);

/* DIRECTORY/NAME. */
void shell_path(char out[SHELL_PATH_SIZE], const char *directory, const char *name);

bool shell_exists(const char *path);
/* How many names there are in a directory, without those that begin with a dot. */
int shell_count(const char *path);
void shell_write(const char *path, const void *bytes, size_t size);
/* The content of a file of less than @size bytes, ended by a NUL. Returns its size. */
size_t shell_read(const char *path, char *out, size_t size);
/* Change one byte of a file. */
void shell_flip(const char *path, long offset);

/* From _begin to _end the process has no right to pass over permissions, whoever runs it. */
void shell_unprivileged_begin(void);
void shell_unprivileged_end(void);

/* From _begin to _end no file of the process may grow beyond @size bytes: the disk is full. */
void shell_full_begin(size_t size);
void shell_full_end(void);

/* Mount a disk of @size bytes at @path, seen by this process alone; false where that is not
 * permitted. shell_small_disk_end unmounts it. */
bool shell_small_disk(const char *path, size_t size);
void shell_small_disk_end(const char *path);

/* A checkpoint file of @vat in @directory (its store's directory), with one BLOB of @blob_size
 * bytes. @since is 0 and @onto too, so it is a full. */
void shell_checkpoint(const char *directory, const char *vat, mn_epoch epoch, size_t blob_size,
                      struct agent_file_facts *facts);

#endif
