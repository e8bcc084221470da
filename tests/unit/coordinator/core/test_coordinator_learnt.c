/* Stories of a decision that is lost with the journal: what died in it is learnt from agents, and
 * who had heard of that is taken back once more unless it is known to have applied the decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* A full checkpoint 1.1 and 1.2 onto it, which heard x6's 1.3 if @heard; 1.2 was written when the
 * vat had applied @applied. */
static void rows_of(struct scene *scene, uint32_t host, const char *vat, bool heard,
                    uint64_t applied)
{
    struct mn_name names[2] = {mn_name_of(vat), mn_name_of("x6")};
    struct mn_heard entry = {.peer = 1, .epoch = EPOCH(1, 3)};
    struct mn_row rows[2] = {{.epoch = EPOCH(1, 1), .durable = true, .here = true},
                             {.epoch = EPOCH(1, 2),
                              .since = EPOCH(1, 1),
                              .onto = EPOCH(1, 1),
                              .durable = true,
                              .here = true,
                              .applied = applied,
                              .heard_count = heard ? 1 : 0}};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 1;
    up.report.vats.names = names;
    up.report.vats.count = 2;
    up.report.rows = rows;
    up.report.row_count = 2;
    up.report.heard = &entry;
    up.report.heard_count = rows[1].heard_count;
    scene_up(scene, host, &up);
}

static void hello_of(struct scene *scene, uint32_t host, uint64_t newest_round,
                     const struct mn_vat_status *status)
{
    char name[16];
    struct mn_up up = {.kind = MN_UP_HELLO};
    (void)snprintf(name, sizeof name, "h%u", host);
    up.hello.host = mn_name_of(name);
    up.hello.newest_round = newest_round;
    up.hello.everything = true;
    up.hello.vats = status;
    up.hello.vat_count = 1;
    scene_up(scene, host, &up);
}

/* Round 7 took x6 back to 1.2, where it went on as run 2: that is all that h6 says of it. */
static void x6_speaks(struct scene *scene)
{
    static const struct mn_fork fork = {
        .after = EPOCH(1, 2), .next = EPOCH(2, 1), .seen = true, .round = 7};
    struct mn_vat_status status = {.vat = mn_name_of("x6"),
                                   .run = 2,
                                   .state = MN_VAT_UP,
                                   .incarnation = 2,
                                   .forks = &fork,
                                   .fork_count = 1};
    hello_of(scene, 6, 7, &status);
    rows_of(scene, 6, "x6", false, 0);
}

static void x1_speaks(struct scene *scene, enum mn_vat_state state, uint64_t newest_round,
                      uint64_t applied)
{
    struct mn_vat_status status = {
        .vat = mn_name_of("x1"), .run = 1, .state = state, .incarnation = 1};
    hello_of(scene, 1, newest_round, &status);
    rows_of(scene, 1, "x1", true, applied);
}

/* The others say what they have, and the round that follows asks everybody. */
static void others_speak(struct scene *scene)
{
    for (uint32_t host = 2; host <= 5; host++) {
        char name[16];
        (void)snprintf(name, sizeof name, "x%u", host);
        trouble_hello_of(scene, host, name, 1, 7, true);
        rows_of(scene, host, name, false, 0);
    }
    for (mn_time ms = 1000; ms <= 14000; ms += 1000) {
        scene_until(scene, ms);
        for (uint32_t host = 1; host <= 6; host++) {
            struct mn_up beat = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
            scene_up(scene, host, &beat);
        }
    }
    trouble_must_say(scene, "h1 freeze round 8 attempt 1");
    scene_skip(scene);
}

static void answer_all(struct scene *scene, uint32_t attempt, bool x1_runs)
{
    trouble_answer(scene, 1, 8, attempt, x1_runs ? "x1 1.3 1.2" : "");
    trouble_answer(scene, 2, 8, attempt, "x2 1.3 1.2");
    trouble_answer(scene, 3, 8, attempt, "x3 1.3 1.2");
    trouble_answer(scene, 4, 8, attempt, "x4 1.3 1.2");
    trouble_answer(scene, 5, 8, attempt, "x5 1.3 1.2");
    trouble_answer(scene, 6, 8, attempt, "x6 2.1 1.2");
}

/* It was told, and its checkpoint was written after that. Its host has lost its ledger. */
static void keeps_what_its_own_checkpoint_says_was_weighed(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    x1_speaks(&scene, MN_VAT_EXITED, 0, 7);
    x6_speaks(&scene);
    others_speak(&scene);
    answer_all(&scene, 1, false);
    trouble_must_say(&scene, "decision 8 gone x1 [h1: x1 run 2 incarnation 1 revived keep 1.2");
    scene_close(&scene);
}

/* Whoever speaks first, it comes to the same. */
static void keeps_it_also_when_the_fork_was_known_before(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    x6_speaks(&scene);
    x1_speaks(&scene, MN_VAT_EXITED, 0, 7);
    others_speak(&scene);
    answer_all(&scene, 1, false);
    trouble_must_say(&scene, "decision 8 gone x1 [h1: x1 run 2 incarnation 1 revived keep 1.2");
    scene_close(&scene);
}

/* Its agent knows the decision, and hands it what it was told there. */
static void keeps_what_runs_where_the_decision_is_known(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    x6_speaks(&scene);
    x1_speaks(&scene, MN_VAT_UP, 7, 0);
    others_speak(&scene);
    answer_all(&scene, 1, true);
    trouble_must_say(&scene, "decision 8\n");
    scene_close(&scene);
}

/* The decision took it back as well, to what it has: it was weighed there what that had heard. */
static void keeps_what_the_same_decision_took_it_back_to(void **state)
{
    (void)state;
    static const struct mn_fork fork = {
        .after = EPOCH(1, 2), .next = EPOCH(2, 1), .seen = true, .round = 7};
    struct mn_vat_status status = {.vat = mn_name_of("x1"),
                                   .run = 2,
                                   .state = MN_VAT_EXITED,
                                   .incarnation = 2,
                                   .forks = &fork,
                                   .fork_count = 1};
    struct scene scene;
    scene_open(&scene);
    x6_speaks(&scene);
    hello_of(&scene, 1, 0, &status);
    rows_of(&scene, 1, "x1", true, 0);
    others_speak(&scene);
    answer_all(&scene, 1, false);
    trouble_must_say(&scene, "decision 8 gone x1 [h1: x1 run 3 incarnation 2 revived keep 1.2");
    scene_close(&scene);
}

/* The decision was lost before it had reached x1: it may be one that this was to take back. */
static void takes_back_who_may_not_have_heard_of_the_decision(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 2; first++) {
        struct scene scene;
        scene_open(&scene);
        if (first == 0) {
            x6_speaks(&scene);
        }
        x1_speaks(&scene, MN_VAT_EXITED, 6, 6);
        if (first == 1) {
            x6_speaks(&scene);
        }
        others_speak(&scene);
        answer_all(&scene, 1, false);
        trouble_must_say(&scene, "gone x1 [h1: x1 run 2 incarnation 2 rolled_back keep 1.1");
        scene_close(&scene);
    }
}

/* x1 met x6 in its second life, which began as run 3, before the disk of h6 was an older one. */
static void x1_has_met_x6(struct scene *scene)
{
    const struct mn_name names[2] = {mn_name_of("x1"), mn_name_of("x6")};
    const struct mn_known known = {
        .vat = 1,
        .incarnation = 2,
        .fork = {.after = EPOCH(1, 2), .next = EPOCH(3, 1), .seen = true, .round = 7}};
    const struct mn_row row = {.epoch = EPOCH(1, 1), .durable = true, .here = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 2;
    up.report.vats =
        (struct mn_vat_table){.names = names, .count = 2, .known = &known, .known_count = 1};
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_up(scene, 1, &up);
}

/* What a peer knew of it is on record: the next coordinator gives none of its runs out again, and
 * none at which the lineage that it reads could not go on. */
static void gives_out_no_run_again_of_a_life_that_it_has_on_record_only(void **state)
{
    (void)state;
    struct mn_vat_status x6 = {
        .vat = mn_name_of("x6"), .run = 1, .state = MN_VAT_EXITED, .incarnation = 1};
    struct scene scene;
    scene_open(&scene);
    hello_of(&scene, 6, 7, &x6);
    x1_speaks(&scene, MN_VAT_UP, 7, 7);
    x1_has_met_x6(&scene);
    trouble_must_say(&scene, "vat x6 run 1 incarnation 2 on h6\n");
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    hello_of(&scene, 6, 7, &x6);
    rows_of(&scene, 6, "x6", false, 0);
    x1_speaks(&scene, MN_VAT_UP, 7, 7);
    others_speak(&scene);
    answer_all(&scene, 1, true);
    trouble_must_say(&scene, "x6 run 4 incarnation");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_its_own_checkpoint_says_was_weighed),
        cmocka_unit_test(keeps_it_also_when_the_fork_was_known_before),
        cmocka_unit_test(keeps_what_runs_where_the_decision_is_known),
        cmocka_unit_test(keeps_what_the_same_decision_took_it_back_to),
        cmocka_unit_test(takes_back_who_may_not_have_heard_of_the_decision),
        cmocka_unit_test(gives_out_no_run_again_of_a_life_that_it_has_on_record_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
