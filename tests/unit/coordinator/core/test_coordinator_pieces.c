/* Stories of the evidence that the coordinator hands over before its round decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator_scene.h"
#include "core/ledger.h"

/* All that was lost is back: the shell removes what it has, and no later document counts on it. */
static void drops_the_evidence_of_a_round_that_is_called_off(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_run_all(&scene);
    scene_until(&scene, 20000);
    scene.silent[2] = true;
    scene.silent[3] = true;
    scene_until(&scene, 23400);
    for (uint64_t probe = 1; probe <= 2; probe++) {
        scene_probed(&scene, 5, probe, (uint32_t)probe + 2, MN_PROBE_CLOSED);
        scene_probed(&scene, 1, probe, (uint32_t)probe + 2, MN_PROBE_CLOSED);
    }
    scene_tick(&scene);
    assert_int_equal(coordinator_round_count(scene.coordinator), 1);
    assert_int_equal(scene.pieces, 1);
    assert_true(ledger_evidence_begun(coordinator_ledger(scene.coordinator)));
    scene_skip(&scene);
    scene_hello(&scene, 3, "x3 1 up");
    scene_hello(&scene, 4, "x4 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 0 everything\n"
                         "note host_state h4: up\n"
                         "h4 welcome generation 1 round 0 everything\n"
                         "note round_state: called off: all that was lost is back\n");
    assert_int_equal(scene.pieces, 0);
    assert_false(ledger_evidence_begun(coordinator_ledger(scene.coordinator)));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_the_evidence_of_a_round_that_is_called_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
