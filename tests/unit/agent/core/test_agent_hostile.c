/* The agent's core among a coordinator, agents and vats that say anything which the codec takes:
 * nothing that one of them says ends it, or every agent after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hostile_host.h"

enum { SEED_COUNT = 200, STEP_COUNT = 1200, TASK_COUNT_HIGH = 400 };

static void one_tick(struct hostile_host *host)
{
    struct agent_event tick = {.kind = AGENT_ON_TICK};
    uint64_t most = hostile_chance(&host->hostile, 85) ? 500 : 4000;
    host->now += (mn_time)hostile_below(&host->hostile, most) * MN_MS;
    hostile_note(&host->hostile, "a tick");
    host_step(host, &tick);
}

static void some_answers(struct hostile_host *host)
{
    for (int i = 0; i < 3 && host->task_count > 0; i++) {
        bool oldest = hostile_chance(&host->hostile, 70);
        host_answer(host, oldest ? 0 : (size_t)hostile_below(&host->hostile, host->task_count));
    }
}

static void one_end(struct hostile_host *host)
{
    for (size_t i = 0; i < host->process_count; i++) {
        struct host_process *process = &host->processes[i];
        if (process->alive && process->watched && hostile_chance(&host->hostile, 30)) {
            host_exited(host, process);
            return;
        }
    }
}

/* The process ends by itself between two starts, before anything of the first is durable. */
static void two_starts(struct hostile_host *host)
{
    uint32_t vat = (uint32_t)hostile_below(&host->hostile, HOST_VAT_COUNT);
    host_says_start(host, vat);
    for (size_t i = 0; i < host->process_count; i++) {
        struct host_process *process = &host->processes[i];
        if (process->watched && host_vat_index(&process->vat) == vat) {
            host_exited(host, process);
        }
    }
    host_says_start(host, vat);
}

static void one_thing(struct hostile_host *host)
{
    uint64_t which = hostile_below(&host->hostile, 500);
    if (which < 100) {
        one_tick(host);
    } else if (which < 200) {
        host_says_down(host);
    } else if (which < 275) {
        host_says_copies(host);
    } else if (which < 375) {
        host_says_vat(host);
    } else if (which < 475) {
        some_answers(host);
    } else if (which < 490) {
        one_end(host);
    } else if (which < 496) {
        two_starts(host);
    } else if (which < 497) {
        host_restart(host);
    }
}

static void one_seed(void *context, uint64_t seed)
{
    struct hostile_host *host = context;
    host_begin(host, seed);
    for (int i = 0; i < STEP_COUNT && host->process_count < HOST_PROCESS_COUNT_MAX / 2; i++) {
        one_thing(host);
        if (hostile_chance(&host->hostile, 70) || host->waiting_count > HOST_RECORD_COUNT_MAX / 2) {
            host_recorded(host);
        }
        while (host->task_count > TASK_COUNT_HIGH) {
            host_answer(host, 0);
        }
    }
    host_restart(host);
    host_end(host);
}

static void goes_on_whatever_others_say(void **state)
{
    (void)state;
    static struct hostile_host host;
    hostile_each(SEED_COUNT, one_seed, &host);
    /* That it was true often enough for vats to live. */
    assert_true(host.done[AGENT_DO_START_PROCESS] > 0);
    assert_true(host.done[AGENT_DO_KILL] > 0);
    assert_true(host.done[AGENT_DO_SET_ASIDE] > 0);
    assert_true(host.done[AGENT_DO_WRITE_PIECE] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_whatever_others_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
