/* Stories of what agents say outside of rounds, and of whom it is believed: of runs, and of where a
 * vat is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator_scene.h"

static void begin(struct scene *scene)
{
    scene_open(scene);
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene_skip(scene);
}

static void believes_a_host_only_about_itself(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    struct mn_up up = {.kind = MN_UP_HELLO};
    up.hello.host = mn_name_of("h2");
    scene_up(&scene, 1, &up);
    scene_expect(&scene, "note said_too_much h1: a hello in the name of another host\n");
    scene_state(&scene, 2, "x1 1 exited");
    scene_state(&scene, 2, "other 1 up");
    scene_expect(&scene, "note former_life_stopped x1 h2\n"
                         "h2 stop x1 run 1\n"
                         "note said_too_much h2: about a vat that is not in the topology\n");
    struct coordinator_vat_facts vat;
    coordinator_vat(scene.coordinator, 0, &vat);
    assert_int_equal(vat.state, COORDINATOR_VAT_UP);
    struct coordinator_host_facts host;
    coordinator_host(scene.coordinator, scene.now, 1, &host);
    assert_int_equal(host.refused, 1);
    scene_close(&scene);
}

static void says_nothing_more_once_it_is_overtaken(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    struct coordinator_event overtaken = {.kind = COORDINATOR_ON_OVERTAKEN};
    scene_step(&scene, &overtaken);
    scene_expect(&scene,
                 "note journal_behind: another coordinator leads, or this journal is an old "
                 "one; nothing is said until that is mended\n");
    scene_hello(&scene, 2, "x2 1 exited");
    scene_until(&scene, 60000);
    scene_expect(&scene, "");
    scene_close(&scene);
}

static void raises_a_run_that_the_journal_has_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_skip(&scene);
    scene_hello(&scene, 2, "x2 5 up");
    scene_expect(&scene, "h2 welcome generation 1 round 0 everything\n"
                         "note journal_forgot: agents remember more than this journal: it is an "
                         "old one, or was lost. No vat is started for the first time before every "
                         "host has told what it has\n"
                         "note run_above_journal x2 h2: a run that this journal does not "
                         "know of: it is an old one, or was lost\n"
                         "record 2 vat x2 run 5 incarnation 1 on h2\n");
    scene_close(&scene);
}

static void tells_where_a_vat_is_and_whenever_that_changes(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    struct mn_up up = {.kind = MN_UP_LOOKUP};
    up.lookup.vat = mn_name_of("x3");
    scene_up(&scene, 1, &up);
    scene_up(&scene, 1, &up);
    scene_expect(&scene, "h1 address x3 run 1 h3 tcp://x3.1\n"
                         "h1 address x3 run 1 h3 tcp://x3.1\n");
    scene_state(&scene, 3, "x3 1 exited");
    scene_expect(&scene, "h1 address x3 run 1 h3 \n"
                         "note vat_lost x3 h3: as the scene says\n"
                         "note round_begun\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_a_host_only_about_itself),
        cmocka_unit_test(says_nothing_more_once_it_is_overtaken),
        cmocka_unit_test(raises_a_run_that_the_journal_has_forgotten),
        cmocka_unit_test(tells_where_a_vat_is_and_whenever_that_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
