/* The shells' clock, and signals as something to wait for. */
#include "net/net.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec time = {0};
    (void)clock_gettime(id, &time); /* fails only for clocks that do not exist */
    return (int64_t)time.tv_sec * MN_SECOND + time.tv_nsec;
}

/* Written once, before the first reading; a constant of the process from then on. */
static int64_t clock_offset;
static pthread_once_t clock_once = PTHREAD_ONCE_INIT;

static void clock_begin(void)
{
    clock_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
}

mn_time mn_now(void)
{
    (void)pthread_once(&clock_once, clock_begin);
    return clock_ns(CLOCK_BOOTTIME) + clock_offset;
}

int64_t mn_time_to_boot(mn_time time)
{
    (void)pthread_once(&clock_once, clock_begin);
    return time - clock_offset;
}

mn_time mn_time_from_boot(int64_t boot)
{
    (void)pthread_once(&clock_once, clock_begin);
    return boot + clock_offset;
}

int mn_signals_open(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
