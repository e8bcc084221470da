/* A thread beside the loop: it is woken, says what is done, and leaves within a bound or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <string.h>

#include "net/worker.h"

enum { BOUND_MS = 30000 };

/* Each of what is given is done by being counted; while @stuck it looks at nothing. */
struct bench {
    struct mn_worker worker;
    int given; /* under the lock, like the others */
    int done;
    bool stuck;
    int timeouts;
};

static void *work(void *context)
{
    struct bench *bench = context;
    mn_worker_lock(&bench->worker);
    while (bench->stuck || !bench->worker.stop) {
        if (!bench->stuck && bench->given > bench->done) {
            bench->done += 1;
            mn_worker_announce(&bench->worker);
        } else if (!mn_worker_wait(&bench->worker, bench->timeouts < 2 ? 1 : -1)) {
            bench->timeouts += 1;
            mn_worker_announce(&bench->worker);
        }
    }
    mn_worker_unlock(&bench->worker);
    return NULL;
}

static void open_bench(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    assert_int_equal(mn_worker_start(&bench->worker, work, bench, "counts", NULL), MN_OK);
}

/* Wait until it has said that something is done, and hear that. */
static void hear(struct bench *bench)
{
    struct pollfd heard = {.fd = bench->worker.fd, .events = POLLIN};
    assert_int_equal(poll(&heard, 1, BOUND_MS), 1);
    mn_worker_hear(&bench->worker);
}

static void does_what_it_is_given_and_says_so(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    mn_worker_lock(&bench.worker);
    bench.given = 1;
    mn_worker_wake(&bench.worker);
    mn_worker_unlock(&bench.worker);
    bool done = false;
    while (!done) {
        hear(&bench);
        mn_worker_lock(&bench.worker);
        done = bench.done == 1;
        mn_worker_unlock(&bench.worker);
    }
    assert_true(mn_worker_stop(&bench.worker, BOUND_MS));
}

static void waits_no_longer_than_it_is_told(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    int timeouts = 0;
    while (timeouts < 2) {
        hear(&bench);
        mn_worker_lock(&bench.worker);
        timeouts = bench.timeouts;
        mn_worker_unlock(&bench.worker);
    }
    assert_true(mn_worker_stop(&bench.worker, BOUND_MS));
    assert_int_equal(bench.timeouts, 2);
}

/* What it uses has to stay then; here it is told once more. */
static void is_left_as_it_is_when_it_does_not_end_in_time(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    mn_worker_lock(&bench.worker);
    bench.stuck = true;
    mn_worker_unlock(&bench.worker);
    assert_false(mn_worker_stop(&bench.worker, 5));
    mn_worker_lock(&bench.worker);
    bench.stuck = false;
    mn_worker_unlock(&bench.worker);
    assert_true(mn_worker_stop(&bench.worker, BOUND_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_what_it_is_given_and_says_so),
        cmocka_unit_test(waits_no_longer_than_it_is_told),
        cmocka_unit_test(is_left_as_it_is_when_it_does_not_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
