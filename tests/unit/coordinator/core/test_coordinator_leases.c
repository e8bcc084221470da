/* Stories of leases: which run may act on the world outside, and from when on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* The agent of @host asks for one vat's lease. */
static void ask(struct scene *scene, uint32_t host, const char *vat, mn_run run)
{
    const struct mn_vat_run asked = {.vat = mn_name_of(vat), .run = run};
    struct mn_up up = {.kind = MN_UP_LEASES};
    up.leases.asker = 90;
    up.leases.number = 7;
    up.leases.vats = &asked;
    up.leases.vat_count = 1;
    scene_skip(scene);
    scene_up(scene, host, &up);
}

static void must_grant(struct scene *scene, uint32_t host, const char *vat, mn_run run)
{
    ask(scene, host, vat, run);
    trouble_must_say(scene, " leased #7 of 90 for ");
}

static void must_not_grant(struct scene *scene, uint32_t host, const char *vat, mn_run run)
{
    ask(scene, host, vat, run);
    trouble_must_not_say(scene, "leased");
}

static void grants_a_lease_to_the_run_that_is_the_vat_and_to_no_other(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    ask(&scene, 1, "x1", 1);
    scene_expect(&scene, "h1 leased #7 of 90 for 3000 ms x1/1\n");
    must_not_grant(&scene, 1, "x1", 2);
    must_not_grant(&scene, 1, "x2", 1);
    ask(&scene, 1, "x9", 1);
    trouble_must_say(&scene, "note said_too_much h1: a lease for a vat that is not in the "
                             "topology");
    scene_close(&scene);
}

/* It begins at 1 s. What one before it granted then is over after 3 s and a 64th, whoever has it:
 * a journal may have forgotten who runs where. */
static void grants_nothing_while_an_earlier_coordinators_leases_may_run(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_run_all(&scene);
    scene_until(&scene, 4047);
    must_not_grant(&scene, 1, "x1", 1);
    scene_until(&scene, 4048);
    must_grant(&scene, 1, "x1", 1);
    scene_close(&scene);
}

/* h3 is lost, and x3 goes on elsewhere while it may still act where it was. */
static void a_new_run_waits_until_the_former_ones_lease_is_over(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene.topology->timing.lease_ms = 64000;
    must_grant(&scene, 3, "x3", 1);
    trouble_decide_x3(&scene);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 2 up");
    must_not_grant(&scene, 5, "x3", 2);
    must_not_grant(&scene, 3, "x3", 1); /* it is back, and does not know yet */
    scene_until(&scene, 85000);
    must_not_grant(&scene, 5, "x3", 2);
    scene_until(&scene, 85001);
    must_grant(&scene, 5, "x3", 2);
    scene_close(&scene);
}

/* The same again, and the second run is lost before it had a lease: the third waits as it did. */
static void a_third_run_waits_for_the_first_ones_lease(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene.topology->timing.lease_ms = 64000;
    must_grant(&scene, 3, "x3", 1);
    trouble_decide_x3(&scene);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 2 up");
    scene_state(&scene, 5, "x3 2 exited");
    scene_until(&scene, 34000);
    trouble_answer_first(&scene, 2, 1);
    trouble_must_say(&scene, "x3 run 3");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 3 up");
    must_not_grant(&scene, 5, "x3", 3);
    scene_until(&scene, 85000);
    must_not_grant(&scene, 5, "x3", 3);
    scene_until(&scene, 85001);
    must_grant(&scene, 5, "x3", 3);
    scene_close(&scene);
}

static void a_run_whose_process_was_seen_to_end_leaves_no_lease(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene.topology->timing.lease_ms = 64000;
    must_grant(&scene, 3, "x3", 1);
    scene_state(&scene, 3, "x3 1 exited");
    must_not_grant(&scene, 3, "x3", 1);
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 3, "x3 2 up");
    must_grant(&scene, 3, "x3", 2);
    scene_close(&scene);
}

/* Everybody falls silent: this side is more likely cut off, and somebody else may be in charge. */
static void grants_nothing_while_it_may_be_the_one_cut_off(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    for (uint32_t host = 0; host < 6; host++) {
        scene.silent[host] = true;
    }
    scene_until(&scene, 24500);
    trouble_must_say(&scene, "note hold");
    for (uint32_t host = 0; host < 6; host++) {
        scene.silent[host] = false;
    }
    must_not_grant(&scene, 1, "x1", 1);
    scene_until(&scene, 32900);
    must_not_grant(&scene, 1, "x1", 1);
    scene_until(&scene, 33100);
    must_grant(&scene, 1, "x1", 1);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_a_lease_to_the_run_that_is_the_vat_and_to_no_other),
        cmocka_unit_test(grants_nothing_while_an_earlier_coordinators_leases_may_run),
        cmocka_unit_test(a_new_run_waits_until_the_former_ones_lease_is_over),
        cmocka_unit_test(a_third_run_waits_for_the_first_ones_lease),
        cmocka_unit_test(a_run_whose_process_was_seen_to_end_leaves_no_lease),
        cmocka_unit_test(grants_nothing_while_it_may_be_the_one_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
