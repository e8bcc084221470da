/* Stories of rounds that go on whoever answers no earlier than something of them is smaller: they
 * hold, and say why (G8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "coordinator_trouble.h"
#include "core/coordinator_private.h"

#define TOO_MANY "more suspects than one freeze can name; divide the cluster into cells"

/* h3 and h4 burn with x3 and x4, and one freeze names a single suspect. */
static void lose_more_than_a_freeze_names(struct scene *scene)
{
    trouble_begin(scene);
    scene->coordinator->suspect_count_max = 1;
    trouble_lose_hosts(scene, "34");
    scene_until(scene, 28000);
}

static void is_the_only_wait(const struct scene *scene)
{
    struct coordinator_wait wait;
    assert_true(coordinator_waits(scene->coordinator, scene->now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ROUND);
    assert_int_equal(wait.round, 1);
    assert_string_equal(wait.text, TOO_MANY);
    assert_false(coordinator_waits(scene->coordinator, scene->now, 1, &wait));
}

/* Half of them would be no freeze: nobody is asked, nothing is on record, nothing is decided. */
static void holds_more_suspects_than_a_freeze_names(void **state)
{
    (void)state;
    struct scene scene;
    lose_more_than_a_freeze_names(&scene);
    trouble_must_say(&scene, "note round_holds: " TOO_MANY "\n");
    trouble_must_not_say(&scene, " freeze round");
    is_the_only_wait(&scene);
    scene_skip(&scene);
    scene_until(&scene, 58000);
    trouble_must_not_say(&scene, "note");
    trouble_must_not_say(&scene, " freeze round");
    scene_tick(&scene);
    assert_true(coordinator_deadline(scene.coordinator) > scene.now); /* it does not spin */
    is_the_only_wait(&scene);
    scene_close(&scene);
}

/* h3 is back: nobody had been told of x3, so it has lost nothing, and x4 alone is suspected. */
static void goes_on_when_enough_of_them_are_back(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    lose_more_than_a_freeze_names(&scene);
    scene.silent[2] = false;
    scene_skip(&scene);
    scene_hello(&scene, 3, "x3 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 0 everything\n"
                         "note round_state: collect\n"
                         "record 8 freeze 1 x4/1\n"
                         "h1 freeze round 1 attempt 2 lost h4 suspects x4/1\n"
                         "h2 freeze round 1 attempt 2 lost h4 suspects x4/1\n"
                         "h3 freeze round 1 attempt 2 lost h4 suspects x4/1\n"
                         "h5 freeze round 1 attempt 2 lost h4 suspects x4/1\n"
                         "h6 freeze round 1 attempt 2 lost h4 suspects x4/1\n");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ANSWER);
    scene_close(&scene);
}

static void is_said_to_wait_for_a_record(const struct scene *scene)
{
    struct coordinator_wait wait;
    assert_true(coordinator_waits(scene->coordinator, scene->now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ROUND);
    assert_non_null(strstr(wait.text, "is not on record yet"));
    assert_false(coordinator_waits(scene->coordinator, scene->now, 1, &wait));
}

/* The disk is full. Nobody is asked before the freeze is on record, and nobody told before the
 * decision is. */
static void says_that_a_record_is_not_durable(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    trouble_begin(&scene);
    scene.slow = true;
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 58000);
    trouble_must_say(&scene, "freeze 1 x3/1");
    trouble_must_not_say(&scene, " freeze round");
    is_said_to_wait_for_a_record(&scene);
    scene_recorded(&scene, scene.record_count);
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ANSWER);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "note round_state: deciding");
    is_said_to_wait_for_a_record(&scene);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_more_suspects_than_a_freeze_names),
        cmocka_unit_test(goes_on_when_enough_of_them_are_back),
        cmocka_unit_test(says_that_a_record_is_not_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
