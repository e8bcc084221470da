/* The shells' clock, and the machine's that it runs with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "net/net.h"

static int64_t boot_now(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    return (int64_t)now.tv_sec * MN_SECOND + now.tv_nsec;
}

static void a_time_goes_to_the_machines_clock_and_back(void **state)
{
    (void)state;
    int64_t before = boot_now();
    mn_time now = mn_now();
    int64_t after = boot_now();
    assert_true(before <= mn_time_to_boot(now));
    assert_true(mn_time_to_boot(now) <= after);
    assert_true(mn_time_from_boot(mn_time_to_boot(now)) == now);
    assert_true(mn_time_to_boot(now + 7) - mn_time_to_boot(now) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_goes_to_the_machines_clock_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
