/* Stories of the evidence that the coordinator hands over before its round decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "coordinator_scene.h"
#include "core/coordinator_private.h"
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
    assert_int_equal(scene.pieces, 0); /* further losses may come with these */
    scene_until(&scene, 23500);
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

/* h3 and h4 are lost, and the first piece of evidence for that is made; each vat has one to come.
 */
static void lose_two(struct scene *scene)
{
    scene_open(scene);
    coordinator_set_pieces(scene->coordinator, 1);
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene->silent[2] = true;
    scene->silent[3] = true;
    scene_until(scene, 23400);
    for (uint64_t probe = 1; probe <= 2; probe++) {
        scene_probed(scene, 5, probe, (uint32_t)probe + 2, MN_PROBE_CLOSED);
        scene_probed(scene, 1, probe, (uint32_t)probe + 2, MN_PROBE_CLOSED);
    }
    scene_at(scene, 23500);
    scene_tick(scene);
    scene_skip(scene);
}

static enum coordinator_round_state state_of(const struct scene *scene)
{
    const struct coordinator_round_facts *facts = &scene->coordinator->rounds[0]->facts;
    return facts->state;
}

/* For a minute the disk takes nothing more: no piece is made, nothing is decided, and it is said.
 */
static void holds_while_the_disk_does_not_take_the_evidence(void **state)
{
    (void)state;
    struct scene scene;
    lose_two(&scene);
    scene.behind = true;
    scene_tick(&scene);
    uint32_t pieces = scene.pieces;
    assert_true(pieces > 0);
    scene_skip(&scene);
    scene_until(&scene, 83400);
    assert_int_equal(scene.pieces, pieces);
    assert_int_equal(state_of(&scene), COORDINATOR_ROUND_GATHER);
    assert_non_null(strstr(scene.text, "note round_holds: its evidence is made faster than the "
                                       "disk takes it, or the disk is full"));
    struct coordinator_wait wait;
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ROUND);
    assert_non_null(strstr(wait.text, "the disk is full"));
    scene_tick(&scene);
    assert_true(coordinator_deadline(scene.coordinator) > scene.now); /* it does not spin */
    scene_close(&scene);
}

/* However late it is by then: in one piece they might be more than the memory takes. */
static void makes_all_pieces_one_by_one_when_the_disk_takes_them_again(void **state)
{
    (void)state;
    struct scene scene;
    lose_two(&scene);
    scene.behind = true;
    scene_tick(&scene);
    uint32_t pieces = scene.pieces;
    scene_until(&scene, 83400);
    scene.behind = false;
    for (uint32_t more = 1; ledger_evidence_more(coordinator_ledger(scene.coordinator)); more++) {
        assert_int_equal(state_of(&scene), COORDINATOR_ROUND_GATHER);
        scene_tick(&scene);
        assert_int_equal(scene.pieces, pieces + more);
    }
    assert_true(scene.pieces > pieces + 1);
    scene_tick(&scene);
    assert_int_not_equal(state_of(&scene), COORDINATOR_ROUND_GATHER);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_the_evidence_of_a_round_that_is_called_off),
        cmocka_unit_test(holds_while_the_disk_does_not_take_the_evidence),
        cmocka_unit_test(makes_all_pieces_one_by_one_when_the_disk_takes_them_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
