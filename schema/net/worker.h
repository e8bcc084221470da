/* A thread beside the loop, for what would keep the loop waiting: a disk, say. What it is given to
 * do, and what it has done, its owner keeps under the lock; the loop hears of what is done by a
 * descriptor. It decides nothing about either. */
#ifndef MN_NET_WORKER_H
#define MN_NET_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/result.h"

struct mn_worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int fd;    /* readable while something is done that was not looked at */
    bool stop; /* under the lock: the thread leaves */
};

typedef void *mn_worker_main(void *context);

/* Start a thread in @main, which looks at `stop` whenever it has taken the lock.
 *
 * @what  what it does, for @error: "writes the journal".
 *
 * On failure nothing is left of it. Errors:    what the system says, as a result */
mn_result mn_worker_start(struct mn_worker *worker, mn_worker_main *main, void *context,
                          const char *what, struct mn_error *error) MN_CHECKED;

/* Have it leave, and wait until it has. False when it did not within @bound_ms: then it is still at
 * work, with everything that it uses. */
bool mn_worker_stop(struct mn_worker *worker, int bound_ms) MN_CHECKED;

void mn_worker_lock(struct mn_worker *worker);
void mn_worker_unlock(struct mn_worker *worker);

/* Its owner, under the lock: there is something to do. */
void mn_worker_wake(struct mn_worker *worker);

/* The thread, under the lock, which others have meanwhile: wait until it is woken. False when
 * @ms_max milliseconds have passed first; below 0 is without bound. */
bool mn_worker_wait(struct mn_worker *worker, int64_t ms_max);

/* The thread: something is done. And the loop: it has heard that. */
void mn_worker_announce(struct mn_worker *worker);
void mn_worker_hear(struct mn_worker *worker);

#endif
