/* Stories of a topology that was written anew between two coordinators: what the journal names is
 * found by its name, wherever it stands now, and missed when it stands nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_scene.h"

#define X3 "  x3: {host: h3, command: [vat]}\n"
#define X4 "  x4: {host: h4, command: [vat]}\n"

/* h3 and h4 are lost, and x3 and x4 go on as run 2, by record 9. */
static void begin(struct scene *scene)
{
    scene_open(scene);
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene->silent[2] = true;
    scene->silent[3] = true;
    scene_until(scene, 23400);
    scene_probed(scene, 5, 1, 3, MN_PROBE_CLOSED);
    scene_probed(scene, 1, 1, 3, MN_PROBE_CLOSED);
    scene_probed(scene, 5, 2, 4, MN_PROBE_CLOSED);
    scene_probed(scene, 1, 2, 4, MN_PROBE_CLOSED);
    scene_until(scene, 25900);
    scene_interval(scene, 1, 1, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(scene, 2, 1, 1, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(scene, 5, 1, 1, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(scene, 6, 1, 1, "x6", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_recorded(scene, scene->record_count);
    scene_skip(scene);
}

static void reads_decisions_of_vats_that_stand_in_another_order(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_error error = {{0}};
    struct coordinator_vat_facts facts;
    begin(&scene);
    assert_int_equal(scene_restart_on(&scene, X3 X4, X4 X3, &error), MN_OK);
    coordinator_vat(scene.coordinator, 2, &facts);
    assert_string_equal(scene.topology->vats[2].name, "x4");
    assert_int_equal(facts.run, 2);
    assert_string_equal(scene.topology->hosts[facts.host].name, "h6");
    coordinator_vat(scene.coordinator, 3, &facts);
    assert_int_equal(facts.run, 2);
    assert_string_equal(scene.topology->hosts[facts.host].name, "h5");
    coordinator_invariant(scene.coordinator);
    scene_close(&scene);
}

static void names_a_vat_that_is_in_the_topology_no_more(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_error error = {{0}};
    begin(&scene);
    assert_int_equal(scene_restart_on(&scene, X3, "", &error), MN_NOT_FOUND);
    assert_string_equal(error.text,
                        "the journal names the vat x3, which is not in the topology; put "
                        "it back there: what has once been used stays in it");
    scene_close(&scene);
}

static void names_a_host_that_is_in_the_topology_no_more(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_error error = {{0}};
    begin(&scene);
    assert_int_equal(scene_restart_on(&scene, "h6", "h7", &error), MN_NOT_FOUND);
    assert_non_null(
        strstr(error.text, "the journal names the host h6, which is not in the topology"));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_decisions_of_vats_that_stand_in_another_order),
        cmocka_unit_test(names_a_vat_that_is_in_the_topology_no_more),
        cmocka_unit_test(names_a_host_that_is_in_the_topology_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
