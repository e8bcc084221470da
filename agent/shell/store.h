/* The checkpoint files of a host: ROOT/<vat>/<16 hex of the epoch>.ckpt (schema/store). What comes
 * from another host is gathered in a file of the ending .arriving and gets its name once it is
 * whole, verified and synced. Every failure says which file, and what to do.
 *
 * All of these block on the disk, though none reads a large file whole at once: who asks for that
 * hands in *reading, NULL at first, and asks again for as long as it is not NULL afterwards, or
 * gives it up with mn_checkpoint_close. They keep no state but that and the root's path, so any
 * thread may call them, as long as no two work on the same file. */
#ifndef AGENT_SHELL_STORE_H
#define AGENT_SHELL_STORE_H

#include "base/error.h"
#include "core/agent.h"
#include "store/checkpoint_file.h"

enum { AGENT_STORE_PATH_SIZE = 2048 };

struct agent_store {
    char root[MN_PATH_SIZE_MAX];
};

/* Make @root if it is not there, and find out whether it can be written. */
mn_result agent_store_open(struct agent_store *store, const char *root,
                           struct mn_error *error) MN_CHECKED;

/* Verify and sync every file and hand out what it says of itself, sorted by vat and epoch. A file
 * that is corrupt is renamed to end in .corrupt, and @bad is told of it; it is not handed out. */
typedef mn_result agent_store_each(void *context, const struct agent_file_facts *facts);
/* One that cannot be read, though perhaps again later. */
typedef mn_result agent_store_unread(void *context, const struct mn_name *vat, mn_epoch epoch);
typedef void agent_store_bad(void *context, const char *text);
mn_result agent_store_scan(const struct agent_store *store, agent_store_each *each,
                           agent_store_unread *unread, agent_store_bad *bad, void *context,
                           struct mn_error *error) MN_CHECKED;

/* Make the directory of a vat that is about to start, and clear away what an earlier process of it
 * left half written. */
mn_result agent_store_prepare(const struct agent_store *store, const struct mn_name *vat,
                              struct mn_error *error) MN_CHECKED;

/* How far a file is synced. Zero-initialise; agent_store_syncing_deinit gives it back. */
struct agent_store_syncing {
    uint64_t offset;
    bool copied; /* written anew, and being verified */
    struct mn_checkpoint_reader *reading;
    struct mn_arena arena;
};
void agent_store_syncing_deinit(struct agent_store_syncing *syncing);

/* Make a file that a vat wrote, and its name, durable: the next part of it. *@whole: it was the
 * last, or failed. @again: syncing it failed before; the system may have dropped its pages and call
 * them clean, so the file is written anew and verified; until then no other job may touch it.
 * MN_CORRUPT when it is no checkpoint any more; it is renamed to end in .corrupt then. */
mn_result agent_store_sync(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, bool again, struct agent_store_syncing *syncing,
                           bool *whole, struct mn_error *error) MN_CHECKED;

/* See whether the file that is known is there: by its size and the digest at its end, for the whole
 * of it is not read. MN_NOT_FOUND when there is none; MN_CORRUPT when it is another: then that is
 * renamed to end in .corrupt. */
mn_result agent_store_look(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, const struct mn_checkpoint_identity *known,
                           struct mn_error *error) MN_CHECKED;

/* Read the next part of a file over and verify it. MN_NOT_FOUND when it is not there; MN_CORRUPT
 * when it is not that checkpoint any more: then it is renamed to end in .corrupt. Of one that
 * another has taken the place of meanwhile nothing is said. @facts and @arena: as long as that. */
mn_result agent_store_read_over(const struct agent_store *store, const struct mn_name *vat,
                                mn_epoch epoch, struct mn_checkpoint_reader **reading,
                                struct mn_arena *arena, struct agent_file_facts *facts,
                                struct mn_error *error) MN_CHECKED;

/* Move the files of @moved from their vat's directory to ROOT/.aside/<vat>.<run>, and link those of
 * @linked there, durably. What is there already, or not here, is passed over: it may be asked for
 * again. What could not be moved stays where it is. */
mn_result agent_store_set_aside(const struct agent_store *store, const struct mn_name *vat,
                                mn_run run, const mn_epoch *moved, uint32_t moved_count,
                                const mn_epoch *linked, uint32_t linked_count,
                                struct mn_error *error) MN_CHECKED;

/* Whether there is such a directory. */
bool agent_store_aside(const struct agent_store *store, const struct mn_name *vat, mn_run run);

/* Write a piece of a file that arrives. With the last byte of the file it is verified against the
 * piece's digest, part by part, and synced; *@whole says so and @facts is filled, from @arena. On
 * any failure nothing of the file is left. */
mn_result agent_store_write(const struct agent_store *store, const struct mn_copies *piece,
                            struct mn_checkpoint_reader **reading, struct mn_arena *arena,
                            struct agent_file_facts *facts, bool *whole,
                            struct mn_error *error) MN_CHECKED;

/* Read up to @size bytes at @offset. MN_NOT_FOUND when there is no such file, MN_CORRUPT when it
 * ends before @offset. */
mn_result agent_store_read(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, uint64_t offset, void *bytes, size_t size, size_t *count,
                           struct mn_error *error) MN_CHECKED;

/* Which checkpoints of @vat there are in @from, which was found: a store with a directory of the
 * vat, or a directory of checkpoints itself; nothing there is changed. What a file holds is not
 * looked at. @epochs: out, ascending, heap memory that the caller frees; NULL when there are none.
 * MN_NOT_FOUND, MN_DENIED, MN_IO when @from cannot be read; MN_FULL when there are too many. */
mn_result agent_store_list_found(const char *from, const struct mn_name *vat, mn_epoch **epochs,
                                 uint32_t *count, struct mn_error *error) MN_CHECKED;

/* Copy the next part of one of these into the store, from *@offset on, which is moved. After the
 * last part the copy is verified, part by part, synced and named: *@whole says so and @facts is
 * filled, from @arena. On failure nothing of it is left, and @why says for people why it was passed
 * over. */
mn_result agent_store_take_found(const struct agent_store *store, const char *from,
                                 const struct mn_name *vat, mn_epoch epoch, uint64_t *offset,
                                 struct mn_checkpoint_reader **reading, struct mn_arena *arena,
                                 struct agent_file_facts *facts, bool *whole,
                                 enum mn_passed_why *why, struct mn_error *error) MN_CHECKED;

/* Remove a file, and what has arrived of it. A file that is not there is no error. */
mn_result agent_store_delete(const struct agent_store *store, const struct mn_name *vat,
                             mn_epoch epoch, struct mn_error *error) MN_CHECKED;

#endif
