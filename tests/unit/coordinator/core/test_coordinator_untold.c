/* Stories of hosts that are gone before they have told a new coordinator what they had, and of what
 * they say that they cannot know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* Every vat is up, with checkpoints on its own host and on the one two further. Hosts are lost, and
 * while everybody is asked the coordinator becomes another one. */
static void begin(struct scene *scene, const char *silent)
{
    scene_open_more(scene, "policy: {approve: {share: 1, reset: false}}\n");
    scene_run_all(scene);
    scene_until(scene, 20000);
    trouble_lose_hosts(scene, silent);
    scene_until(scene, 28000);
    scene_restart(scene, scene->record_count);
    scene_recorded(scene, scene->record_count);
    for (uint32_t host = 1; host <= 6; host++) {
        char words[16];
        (void)snprintf(words, sizeof words, "x%u 1 up", host);
        if (!scene->silent[host - 1]) {
            scene_hello(scene, host, words);
        }
    }
}

/* x3 has been as far as checkpoint 1.2, which was on h3 and h5; h1 has an older one of it. */
static void speak_of_all(struct scene *scene)
{
    for (uint32_t host = 1; host <= 6; host++) {
        for (uint32_t further = 0; further <= 2; further += 2) {
            uint32_t at = (host - 1 + further) % 6 + 1;
            char vat[16];
            (void)snprintf(vat, sizeof vat, "x%u", host);
            if (!scene->silent[at - 1]) {
                scene_row(scene, at, vat, EPOCH(1, 1), 0, true, "");
                scene_row(scene, at, vat, EPOCH(1, 2), EPOCH(1, 1), true, "");
            }
        }
    }
    scene_row(scene, 1, "x3", EPOCH(1, 1), 0, true, "");
}

static void freeze_and_answer(struct scene *scene)
{
    scene_until(scene, 38000);
    scene_skip(scene);
    scene_until(scene, 42000);
    trouble_witnesses_find_closed(scene);
    scene_until(scene, 55000);
    trouble_must_say(scene, "h1 freeze round 2 attempt 1");
    scene_skip(scene);
    trouble_answer_first(scene, 2, 1);
}

/* So many hosts never told anything that these may have had every copy of something newer. */
static void
is_not_sure_of_vats_whose_copies_may_all_have_been_on_hosts_that_never_told(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "35");
    speak_of_all(&scene);
    freeze_and_answer(&scene);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    scene_close(&scene);
}

/* One of the two that a checkpoint is kept on has told all: nothing can be missing. */
static void is_sure_where_one_host_alone_never_told(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "3");
    speak_of_all(&scene);
    freeze_and_answer(&scene);
    trouble_must_say(&scene, "note round_state: deciding\n");
    scene_close(&scene);
}

/* The journal is lost and x1 lives as run 2 on h3, of which nothing is heard. */
static void starts_nothing_for_the_first_time_while_nearly_all_hosts_are_silent(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_skip(&scene);
    scene_hello(&scene, 1, "");
    for (int second = 1; second <= 30; second++) {
        struct mn_up up = {.kind = MN_UP_HEARTBEAT};
        scene_at(&scene, second * 1000);
        scene_up(&scene, 1, &up);
        scene_tick(&scene);
    }
    trouble_must_say(&scene, "note hold");
    trouble_must_not_say(&scene, "vat x1 run 1");
    scene_close(&scene);
}

/* Nobody has heard h6. Keepers would know if there had been a journal. */
static void starts_nothing_without_keepers_that_a_silent_host_may_remember(void **state)
{
    (void)state;
    for (int keepers = 0; keepers < 2; keepers++) {
        struct scene scene;
        scene_open_more(&scene, keepers == 0 ? "keepers: []\n" : "");
        scene_skip(&scene);
        for (uint32_t host = 1; host <= 5; host++) {
            scene_hello(&scene, host, "");
        }
        scene.silent[5] = true;
        scene_until(&scene, 11500);
        if (keepers == 0) {
            trouble_must_say(&scene, "note journal_forgot: this journal is empty, there are no "
                                     "keepers, and a host is silent that may remember more");
            trouble_must_not_say(&scene, "vat x1 run");
            trouble_lose_hosts(&scene, "6");
            struct coordinator_vat_facts facts;
            coordinator_vat(scene.coordinator, 0, &facts);
            assert_int_equal(facts.state, COORDINATOR_VAT_LOST);
        } else {
            trouble_must_say(&scene, "vat x1 run 1 incarnation 1 on h1\n");
        }
        scene_close(&scene);
    }
}

/* h2 has nothing to do with x1, which runs on h1 and has 1.1 and 1.2 there and on h3. */
static void believes_nobody_that_a_vat_of_another_host_died(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_fork fork = {.after = 0, .next = EPOCH(1, 1000), .seen = false};
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    trouble_begin(&scene);
    up.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"),
                                                 .run = 1,
                                                 .state = MN_VAT_EXITED,
                                                 .incarnation = 1,
                                                 .forks = &fork,
                                                 .fork_count = 1};
    scene_up(&scene, 2, &up);
    trouble_must_say(&scene, "the lineage of a vat that is not placed there");
    assert_false(ledger_epoch_dead(coordinator_ledger(scene.coordinator), 0, EPOCH(1, 2)));
    scene_close(&scene);
}

/* The journal is lost, and a decision too that h2 has heard of. h1's agent knows nothing of x1 any
 * more, whose process still runs there; x2 has heard of it. */
static void
a_round_waits_until_every_host_has_told_all_where_the_journal_has_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_up told = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
    scene_open(&scene);
    trouble_hello_of(&scene, 2, "x2", 1, 7, true);
    scene_row(&scene, 2, "x2", EPOCH(1, 1), 0, true, "x1 1.4");
    struct mn_up hello = {.kind = MN_UP_HELLO, .hello = {.everything = true, .holds = true}};
    hello.hello.host = mn_name_of("h1");
    scene_up(&scene, 1, &hello);
    for (uint32_t host = 3; host <= 6; host++) {
        char name[16];
        (void)snprintf(name, sizeof name, "x%u", host);
        trouble_hello_of(&scene, host, name, 1, 0, true);
        scene_row(&scene, host, name, EPOCH(1, 1), 0, true, "");
    }
    for (mn_time ms = 1000; ms <= 14000; ms += 1000) {
        scene_until(&scene, ms);
        for (uint32_t host = 1; host <= 6; host++) {
            struct mn_up beat = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = host != 1}};
            scene_up(&scene, host, &beat);
        }
    }
    trouble_must_say(&scene, "h1 freeze round 8 attempt 1");
    scene_skip(&scene);
    trouble_answer(&scene, 1, 8, 1, "");
    for (uint32_t host = 2; host <= 6; host++) {
        char words[32];
        (void)snprintf(words, sizeof words, "x%u 1.2 1.1", host);
        trouble_answer(&scene, host, 8, 1, words);
    }
    struct coordinator_wait wait;
    scene_expect(&scene, "");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ANSWER);
    assert_int_equal(wait.host, 0);
    scene_up(&scene, 1, &told);
    trouble_must_say(&scene, "note vat_lost x1 h1: its host has nothing of it, and others "
                             "remember that it ran\n");
    trouble_must_say(&scene, "freeze 8 x1/1");
    trouble_must_not_say(&scene, "deciding");
    scene_close(&scene);
}

static bool has_told_all(const struct scene *scene, uint32_t host)
{
    struct coordinator_host_facts facts;
    coordinator_host(scene->coordinator, scene->now, host - 1, &facts);
    return facts.told_all;
}

/* So says a frozen agent every few heartbeats while a plan waits; one that begins anew has still to
 * tell. */
static void a_host_that_says_hello_once_more_has_told_what_it_had(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_up told = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
    trouble_begin(&scene);
    scene_up(&scene, 1, &told);
    trouble_hello_of(&scene, 1, "x1", 1, 0, false);
    assert_true(has_told_all(&scene, 1));
    trouble_hello_of(&scene, 1, "x1", 1, 0, true);
    assert_false(has_told_all(&scene, 1));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            is_not_sure_of_vats_whose_copies_may_all_have_been_on_hosts_that_never_told),
        cmocka_unit_test(is_sure_where_one_host_alone_never_told),
        cmocka_unit_test(starts_nothing_for_the_first_time_while_nearly_all_hosts_are_silent),
        cmocka_unit_test(starts_nothing_without_keepers_that_a_silent_host_may_remember),
        cmocka_unit_test(believes_nobody_that_a_vat_of_another_host_died),
        cmocka_unit_test(
            a_round_waits_until_every_host_has_told_all_where_the_journal_has_forgotten),
        cmocka_unit_test(a_host_that_says_hello_once_more_has_told_what_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
