/* Clocks that jump: what a process waits for there is due at once, and nobody is found lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/sim.h"

enum { JUMP_MS = 4050 };

static void count_checkpoints(void *context, const struct sim_seen *seen)
{
    uint64_t *counts = context; /* by host, of those at the moment of the jump */
    if (seen->kind == SIM_SEEN_CHECKPOINT && seen->at == JUMP_MS * MN_MS) {
        counts[seen->host] += 1;
    }
}

/* Each of the three hosts has two vats, which are checkpointed every half a minute. */
static void run(bool jumps, uint64_t counts[3], struct sim_result *result)
{
    struct sim_config config;
    struct sim_faults faults = {0};
    sim_config_init(&config);
    config.lease_percent = 100;
    config.interval_ms = 30000;
    config.faults_ms = 6000;
    if (jumps) {
        sim_faults_add(
            &faults,
            (struct sim_fault){.at_ms = JUMP_MS, .kind = SIM_FAULT_SKEW_CLOCK, .a = 1, .b = 40000});
    }
    struct sim *sim = sim_new(&config, &faults);
    sim_record_to(sim, count_checkpoints, counts);
    sim_run(sim, result);
    sim_destroy(&sim);
    sim_faults_deinit(&faults);
    assert_string_equal(result->failure, "");
}

static void what_waits_for_a_clock_that_jumps_is_due_at_once(void **state)
{
    (void)state;
    uint64_t still[3] = {0};
    uint64_t jumped[3] = {0};
    struct sim_result result;
    run(false, still, &result);
    assert_int_equal(still[0] + still[1] + still[2], 0);
    run(true, jumped, &result);
    assert_int_equal(jumped[0] + jumped[2], 0);
    assert_int_equal(jumped[1], 2);
    assert_int_equal(result.sometimes[SIM_SOMETIMES_HOST_LOST], 0);
    assert_int_equal(result.sometimes[SIM_SOMETIMES_ROUND], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_for_a_clock_that_jumps_is_due_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
