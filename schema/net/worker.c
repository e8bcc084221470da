/* The thread of worker.h. Its waits go by a clock that nobody sets. */
#include "net/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/ids.h"

static struct timespec worker_after(clockid_t id, int64_t ms)
{
    struct timespec time = {0};
    (void)clock_gettime(id, &time); /* fails only for clocks that do not exist */
    int64_t nsec = time.tv_nsec + ms % 1000 * MN_MS;
    time.tv_sec += (time_t)(ms / 1000 + nsec / MN_SECOND);
    time.tv_nsec = (long)(nsec % MN_SECOND);
    return time;
}

/* 0, or what the system says. */
static int worker_init(struct mn_worker *worker)
{
    pthread_condattr_t attributes;
    int code = pthread_mutex_init(&worker->mutex, NULL);
    if (code != 0) {
        return code;
    }
    code = pthread_condattr_init(&attributes);
    if (code == 0) {
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* there is such a clock */
        code = pthread_cond_init(&worker->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    if (code != 0) {
        (void)pthread_mutex_destroy(&worker->mutex);
    }
    return code;
}

static void worker_deinit(struct mn_worker *worker)
{
    (void)pthread_cond_destroy(&worker->changed);
    (void)pthread_mutex_destroy(&worker->mutex);
    (void)close(worker->fd);
}

mn_result mn_worker_start(struct mn_worker *worker, mn_worker_main *main, void *context,
                          const char *what, struct mn_error *error)
{
    *worker = (struct mn_worker){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    int code = worker->fd >= 0 ? worker_init(worker) : errno;
    if (code != 0 && worker->fd >= 0) {
        (void)close(worker->fd);
    } else if (code == 0) {
        code = pthread_create(&worker->thread, NULL, main, context);
        if (code != 0) {
            worker_deinit(worker);
        }
    }
    if (code != 0) {
        mn_error_set(error, "cannot start the thread that %s: %s", what, strerror(code));
        return mn_result_from_errno(code);
    }
    return MN_OK;
}

bool mn_worker_stop(struct mn_worker *worker, int bound_ms)
{
    mn_worker_lock(worker);
    worker->stop = true;
    mn_worker_wake(worker);
    mn_worker_unlock(worker);
    struct timespec until = worker_after(CLOCK_REALTIME, bound_ms);
    if (pthread_timedjoin_np(worker->thread, NULL, &until) != 0) {
        return false;
    }
    worker_deinit(worker);
    return true;
}

void mn_worker_lock(struct mn_worker *worker)
{
    (void)pthread_mutex_lock(&worker->mutex);
}

void mn_worker_unlock(struct mn_worker *worker)
{
    (void)pthread_mutex_unlock(&worker->mutex);
}

void mn_worker_wake(struct mn_worker *worker)
{
    (void)pthread_cond_signal(&worker->changed);
}

bool mn_worker_wait(struct mn_worker *worker, int64_t ms_max)
{
    if (ms_max < 0) {
        return pthread_cond_wait(&worker->changed, &worker->mutex) == 0;
    }
    struct timespec until = worker_after(CLOCK_MONOTONIC, ms_max);
    return pthread_cond_timedwait(&worker->changed, &worker->mutex, &until) != ETIMEDOUT;
}

void mn_worker_announce(struct mn_worker *worker)
{
    uint64_t one = 1;
    ssize_t written = write(worker->fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full: then it is readable anyway */
}

void mn_worker_hear(struct mn_worker *worker)
{
    uint64_t count = 0;
    ssize_t got = read(worker->fd, &count, sizeof count);
    (void)got; /* nothing to read: nothing is done */
}
