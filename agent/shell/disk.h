/* The disk worker: one thread that does everything that waits for the disk, so that a slow disk
 * delays no heartbeat. Jobs go in, done jobs come back in a list that an eventfd announces. What
 * reads a whole file does so in parts, and others' jobs go between them.
 *
 * Records have a queue of their own, which goes first, keeps its order and is tried until the disk
 * takes it; everything that waits there is made durable in one transaction. All other jobs are done
 * in their order. */
#ifndef AGENT_SHELL_DISK_H
#define AGENT_SHELL_DISK_H

#include "ledger.h"
#include "store.h"

enum {
    /* Jobs of others' asking (pieces to read and write, records to recall) that may wait. */
    AGENT_DISK_JOB_COUNT_MAX = 4096,
    AGENT_DISK_RETRY_MS = 500
};

enum agent_job_kind {
    AGENT_JOB_RECORD,
    AGENT_JOB_SYNC,
    AGENT_JOB_LOOK,
    AGENT_JOB_READ_OVER,
    AGENT_JOB_SET_ASIDE,
    AGENT_JOB_WRITE,
    AGENT_JOB_READ,
    AGENT_JOB_RECALL,
    AGENT_JOB_DELETE,
    AGENT_JOB_LIST_FOUND,
    AGENT_JOB_TAKE_FOUND
};

struct agent_job {
    enum agent_job_kind kind;
    struct agent_job *next;
    struct mn_name vat;
    mn_epoch epoch;

    uint64_t sequence; /* RECORD */
    char key[AGENT_RECORD_KEY_SIZE];
    bool forget;
    bool again;                          /* SYNC, */
    struct agent_store_syncing syncing;  /* how far that is, */
    bool begun;                          /* and that a part of it is left */
    struct mn_checkpoint_identity known; /* LOOK */
    uint32_t host;                       /* READ: for whom */
    struct mn_copies piece;              /* WRITE, READ */
    mn_run run; /* SET_ASIDE; its epochs are in bytes: those to move, then to link */
    uint32_t moved_count;
    struct mn_up up; /* RECALL: the answer, whose records are in the arena */
    unsigned char
        *bytes;       /* owned: RECORD's and WRITE's bytes, READ's answer; a found store's path */
    mn_epoch *epochs; /* LIST_FOUND: owned; what is there */
    uint32_t epoch_count;
    uint64_t offset;                      /* TAKE_FOUND: what has been copied */
    struct mn_checkpoint_reader *reading; /* owned: the file that is being verified */
    enum mn_passed_why why;
    size_t size;

    /* How it went. */
    mn_result result;
    struct mn_error error;
    uint64_t took_us;              /* of the disk's time, all parts together */
    bool whole;                    /* WRITE, TAKE_FOUND, SYNC */
    struct agent_file_facts facts; /* the same, when whole; READ_OVER */
    struct mn_arena arena;         /* holds what facts, and what the answer, point to */
};

/* A zeroed job with room for @size bytes; NULL when memory is out. */
struct agent_job *agent_job_new(enum agent_job_kind kind, size_t size);
void agent_job_destroy(struct agent_job *job);

struct agent_disk;

/* Start the worker. @ledger and @store are borrowed, and the worker's alone until agent_disk_stop.
 * @complain is called on the worker's thread when the ledger cannot be written: once when it
 * begins, then once a minute. */
typedef void agent_disk_complain(const char *text);
mn_result agent_disk_start(struct agent_disk **disk, struct agent_ledger *ledger,
                           const struct agent_store *store, agent_disk_complain *complain,
                           struct mn_error *error) MN_CHECKED;

/* Readable while done jobs wait. */
int agent_disk_fd(const struct agent_disk *disk);

/* Hand over a job, which is the worker's from then on. False when too many wait already, for READ,
 * WRITE and RECALL only; the job is still the caller's then. */
bool agent_disk_give(struct agent_disk *disk, struct agent_job *job) MN_CHECKED;

/* The done jobs, oldest first, chained by `next`; the caller's to destroy. NULL when there is none.
 * RECORD jobs come back when they are durable, never before. */
struct agent_job *agent_disk_done(struct agent_disk *disk);

/* End the worker after the job it is at; what still waits is not done. False when it did not end
 * within @bound_ms: then *disk must be left as it is, and so must what it borrowed. */
bool agent_disk_stop(struct agent_disk **disk, int bound_ms) MN_CHECKED;

#endif
