/* Stories of the answer that follows a decision in a record of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "coordinator_trouble.h"
#include "core/coordinator_private.h"

/* Round 1 has decided for h6, which is lost; x1, at h1, is fine, and decisions say nothing of it.
 */
static const struct round *decide(struct scene *scene)
{
    trouble_begin(scene);
    trouble_lose_hosts(scene, "6");
    scene_until(scene, 28000);
    trouble_answer_first(scene, 1, 1);
    scene_recorded(scene, scene->record_count);
    trouble_must_say(scene, "note decided");
    assert_non_null(scene->coordinator->unanswered);
    return scene->coordinator->unanswered;
}

/* Nobody waits for it: who is told comes first. */
static void writes_the_answer_a_heartbeat_after_the_decision(void **state)
{
    (void)state;
    struct scene scene;
    const struct round *round = decide(&scene);
    trouble_must_say(&scene, "h1 decision 1");
    trouble_must_not_say(&scene, "answer 1");
    assert_int_equal(round->answer.size, 0);
    scene_until(&scene, 29100);
    trouble_must_say(&scene, "answer 1");
    scene_close(&scene);
}

/* What the decision was made of is what was known then. */
static void answers_with_the_incarnations_from_before_a_life_that_was_learned_since(void **state)
{
    (void)state;
    static const struct mn_fork fork = {.after = 0, .next = ((mn_epoch)1 << 32) + 1, .seen = true};
    struct scene scene;
    const struct round *round = decide(&scene);
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"),
                                                 .run = 1,
                                                 .state = MN_VAT_UP,
                                                 .incarnation = 5,
                                                 .forks = &fork,
                                                 .fork_count = 1};
    (void)snprintf(up.vat_state.status.endpoint.text, sizeof up.vat_state.status.endpoint.text,
                   "tcp://x1.1");
    scene_up(&scene, 1, &up);
    assert_int_equal(ledger_vat_incarnation(coordinator_ledger(scene.coordinator), 0), 5);
    scene_until(&scene, 29100);
    trouble_must_say(&scene, "answer 1");
    assert_non_null(strstr(round->answer.bytes,
                           "\"x1\": {\"outcome\": \"running\", \"was\": \"running\", "
                           "\"keep\": null, \"incarnation\": 1,"));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_answer_a_heartbeat_after_the_decision),
        cmocka_unit_test(answers_with_the_incarnations_from_before_a_life_that_was_learned_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
