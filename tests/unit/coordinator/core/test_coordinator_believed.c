/* How much of what one agent says is believed: no run and no round that cannot be, no floor of
 * another host's vat beyond what the row itself shows, and of each vat one later run. What the
 * coordinator itself gives out, also by a clock that is wrong, has to be among what is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

#define Y2027 INT64_C(1798761600000)
#define Y2060 INT64_C(2840140800000)

#define BASE_2027 31536000 /* seconds from 2026 to 2027 */
#define BASE_MAX (MN_RUN_MAX / 8 * 6)
#define SAID_MAX (MN_RUN_MAX / 8 * 7)
#define DAY 86400

/* The journal is lost, and this is the clock of the machine on which another coordinator begins. */
static void lose_journal(struct scene *scene, mn_time at)
{
    scene_at(scene, at);
    scene_restart(scene, 0);
    scene_recorded(scene, 1);
    scene->beating = true;
}

/* The number of the round in which all answer that are there; of h1 nothing runs. */
static unsigned long long answer_all(struct scene *scene)
{
    unsigned long long round = 0;
    const char *freeze = strstr(scene->text, "freeze round ");
    assert_non_null(freeze);
    assert_int_equal(sscanf(freeze, "freeze round %llu", &round), 1);
    if (!scene->silent[0]) {
        trouble_answer(scene, 1, round, 1, "");
    }
    trouble_answer_first(scene, round, 1);
    return round;
}

static void all_records_can_be_read(struct scene *scene)
{
    for (uint64_t i = 0; i < scene->record_count; i++) {
        struct mn_journal_record record;
        assert_int_equal(mn_journal_record_decode(scene->kinds[i], scene->journal[i].bytes,
                                                  scene->journal[i].size, &scene->arena, &record),
                         MN_OK);
    }
    scene_recorded(scene, scene->record_count);
}

/* h5 has nothing to do with x1, which runs on h1 as run 1: a checkpoint of a run above the next one
 * would be what it goes on from, and come after it. */
static void hears_of_no_checkpoint_of_a_run_that_cannot_be(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 5, "x1", EPOCH(SAID_MAX + 1, 1), 0, true, "");
    trouble_must_say(&scene, "note said_too_much x1 h5: a checkpoint of a vat that is not in the "
                             "topology, or one that breaks its rules\n");
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, 30000);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.2");
    all_records_can_be_read(&scene);
    scene_close(&scene);
}

static void hears_of_no_message_of_a_run_that_cannot_be(void **state)
{
    (void)state;
    struct scene scene;
    char heard[32];
    trouble_begin(&scene);
    (void)snprintf(heard, sizeof heard, "x1 %u.1", SAID_MAX + 1);
    scene_row(&scene, 5, "x5", EPOCH(1, 3), EPOCH(1, 2), true, heard);
    trouble_must_say(&scene, "note said_too_much h5: a checkpoint that heard a vat which is not in "
                             "the topology, or an epoch that cannot be\n");
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, 30000);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.2");
    trouble_must_not_say(&scene, "x5 run");
    scene_close(&scene);
}

/* As far as it is believed, and the next run is above it. */
static void goes_on_above_any_run_of_a_checkpoint_that_can_be(void **state)
{
    (void)state;
    struct scene scene;
    char words[64];
    trouble_begin(&scene);
    scene_row(&scene, 5, "x1", EPOCH(SAID_MAX, 1), 0, true, "");
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, 30000);
    trouble_answer_first(&scene, 1, 1);
    (void)snprintf(words, sizeof words, "x1 run %u incarnation 1", SAID_MAX + 1);
    trouble_must_say(&scene, words);
    all_records_can_be_read(&scene);
    scene_close(&scene);
}

/* A clock in 2060 once, when the journal was lost. */
static void gives_out_runs_that_can_be_said_whatever_its_clock_shows(void **state)
{
    (void)state;
    struct scene scene;
    char words[64];
    scene_open(&scene);
    lose_journal(&scene, Y2060);
    scene_run_all(&scene);
    scene_until(&scene, Y2060 + 20000);
    scene_skip(&scene);
    scene_state(&scene, 1, "x1 2 up");
    scene_state(&scene, 1, "x1 2 exited");
    scene_until(&scene, Y2060 + 22500);
    (void)answer_all(&scene);
    (void)snprintf(words, sizeof words, "[h1: x1 run %u ", BASE_MAX + 1);
    trouble_must_say(&scene, words);
    scene_close(&scene);
}

/* It is lost again, and the clock is right by then. */
static void believes_what_was_given_out_by_a_clock_that_was_ahead(void **state)
{
    (void)state;
    struct scene scene;
    char words[64];
    scene_open(&scene);
    lose_journal(&scene, Y2027);
    for (uint32_t i = 1; i <= 6; i++) {
        (void)snprintf(words, sizeof words, "x%u %u up", i, i == 1 ? BASE_MAX + 1 : 1);
        scene_hello(&scene, i, words);
        (void)snprintf(words, sizeof words, "x%u", i);
        scene_row(&scene, i, words, EPOCH(i == 1 ? BASE_MAX + 1 : 1, 1), 0, true, "");
    }
    scene_row(&scene, 3, "x1", EPOCH(BASE_MAX + 1, 1), 0, true, "");
    scene_until(&scene, Y2027 + 20000);
    scene_skip(&scene);
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, Y2027 + 45000);
    (void)answer_all(&scene);
    (void)snprintf(words, sizeof words, "x1 run %u ", BASE_MAX + 2);
    trouble_must_say(&scene, words);
    scene_close(&scene);
}

/* The journal is lost at @at; agents have applied a round that the first loss numbered by another
 * clock. The number of the next one. */
static unsigned long long round_after(mn_time at, uint64_t applied)
{
    struct scene scene;
    unsigned long long round = 0;
    scene_open(&scene);
    lose_journal(&scene, at);
    for (uint32_t i = 1; i <= 6; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "x%u", i);
        trouble_hello_of(&scene, i, name, 1, applied, true);
    }
    scene_until(&scene, at + 20000);
    scene_skip(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, at + 25000);
    round = answer_all(&scene);
    scene_close(&scene);
    return round;
}

static void goes_on_above_rounds_that_a_clock_ahead_has_numbered(void **state)
{
    (void)state;
    assert_int_equal(round_after(Y2027, BASE_2027 + 2 * DAY + 1), BASE_2027 + 2 * DAY + 2);
    assert_int_equal(round_after(Y2027, UINT64_C(1) << 34), (UINT64_C(1) << 34) + 1);
}

/* The battery of its clock is dead, and nobody has told it the time yet. */
static void goes_on_above_rounds_when_its_clock_is_behind(void **state)
{
    (void)state;
    assert_int_equal(round_after(50000, BASE_2027 + 1), BASE_2027 + 2);
}

/* A copy that another host sent to h1 names a round that cannot be; the one that h1 has applied
 * counts all the same. */
static void hears_of_the_round_of_who_holds_a_copy_of_one_that_cannot_be(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_vat_status x1 = {.vat = mn_name_of("x1"), .run = 1, .state = MN_VAT_UP};
    struct mn_up up = {.kind = MN_UP_HELLO,
                       .hello = {.host = mn_name_of("h1"),
                                 .newest_round = 500,
                                 .seen_round = UINT64_C(1) << 63,
                                 .vats = &x1,
                                 .vat_count = 1}};
    trouble_begin(&scene);
    scene_up(&scene, 1, &up);
    trouble_must_say(&scene, "note said_too_much h1: about a round that cannot be\n");
    scene_until(&scene, 25000);
    trouble_must_say(&scene, "freeze round 501 attempt 1");
    scene_close(&scene);
}

/* h5 has no copy of x1. What x1 heard of x6 in 1.3 is not settled by its word. */
static void takes_no_floor_above_its_own_checkpoint_of_another_hosts_vat(bool gone)
{
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 4, "x6", EPOCH(1, 1), 0, false, "");
    scene_row(&scene, 4, "x6", EPOCH(1, 2), EPOCH(1, 1), false, "");
    if (gone) {
        const struct mn_name name = mn_name_of("x1");
        const struct mn_row row = {.epoch = EPOCH(1, 1000), .gone = true, .floor = EPOCH(1, 1000)};
        struct mn_up up = {.kind = MN_UP_REPORT};
        up.report.sequence = 1;
        up.report.vats = (struct mn_vat_table){.names = &name, .count = 1};
        up.report.rows = &row;
        up.report.row_count = 1;
        scene_up(&scene, 5, &up);
    } else {
        trouble_row_with_floor(&scene, 5, "x1", EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1),
                               EPOCH(1, 1000), false);
    }
    scene_row(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.3");
    scene_row(&scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), false, "x6 1.3");
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 30000);
    trouble_answer(&scene, 1, 1, 1, "x1 1.4 1.3");
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "x1/1");
    scene_close(&scene);
}

static void takes_back_who_heard_what_is_forgotten_whatever_floor_a_copy_names(void **state)
{
    (void)state;
    takes_no_floor_above_its_own_checkpoint_of_another_hosts_vat(false);
}

static void takes_back_who_heard_what_is_forgotten_whatever_floor_a_lost_copy_names(void **state)
{
    (void)state;
    takes_no_floor_above_its_own_checkpoint_of_another_hosts_vat(true);
}

static void hears_of_a_vat_once_in_a_hello(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    uint64_t records = scene.record_count;
    scene_hello(&scene, 5, "x5 1 up, x1 2 up, x1 3 up, x1 4 up");
    trouble_must_say(&scene, "note said_too_much h5: a hello that names a vat twice\n");
    assert_int_equal(scene.record_count, records + 1);
    scene_close(&scene);
}

/* One report that knows of 4000 incarnations, and each by itself again: the highest is on record,
 * and then as many as there are later runs heard of. One who names a vat twice is heard once. */
static void records_no_end_of_incarnations_of_one_that_invents_them(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static struct mn_known known[COUNT];
    const struct mn_name names[] = {mn_name_of("x1"), mn_name_of("x1"), mn_name_of("x2")};
    struct scene scene;
    struct mn_up up = {.kind = MN_UP_REPORT};
    trouble_begin(&scene);
    uint64_t records = scene.record_count;
    for (uint32_t i = 0; i < COUNT; i++) {
        known[i] = (struct mn_known){.vat = i / 3000, .incarnation = i + 2};
    }
    up.report.sequence = 1;
    up.report.vats =
        (struct mn_vat_table){.names = names, .count = 3, .known = known, .known_count = COUNT};
    scene_up(&scene, 5, &up);
    assert_int_equal(scene.record_count, records + 1);
    struct coordinator_vat_facts vat;
    coordinator_vat(scene.coordinator, 0, &vat);
    assert_int_equal(vat.incarnation, 3001);
    up.report.vats.known_count = 1;
    for (uint32_t i = 0; i < COUNT; i++) {
        known[0] = (struct mn_known){.vat = 2, .incarnation = i + 2};
        scene_up(&scene, 5, &up);
        scene_skip(&scene);
    }
    assert_int_equal(scene.record_count, records + 70);
    scene_close(&scene);
}

/* One later run of each of the six, and 64 more; from then on one each five seconds. */
static void records_no_end_of_runs_of_one_that_invents_them(void **state)
{
    (void)state;
    struct scene scene;
    char words[32];
    trouble_begin(&scene);
    uint64_t records = scene.record_count;
    for (uint32_t run = 2; run < 100; run++) {
        (void)snprintf(words, sizeof words, "x1 %u up", run);
        scene_state(&scene, 5, words);
    }
    trouble_must_say(&scene, "note said_too_much h5: it knows of ever later runs of vats: it is "
                             "heard again in some seconds\n");
    assert_int_equal(scene.record_count, records + 70);
    scene_state(&scene, 4, "x2 2 up");
    assert_int_equal(scene.record_count, records + 71);
    scene_at(&scene, scene.now / MN_MS + 5000);
    scene_state(&scene, 5, "x1 100 up");
    assert_int_equal(scene.record_count, records + 72);
    scene_state(&scene, 5, "x1 101 up");
    assert_int_equal(scene.record_count, records + 72);
    scene_close(&scene);
}

/* h1 reports the copy of a checkpoint of x5 that h5 made up, and one of x1 of its own. Of those of
 * x1 that one alone is above what h5 has; it is taken, and so said no second time. */
static void takes_what_is_right_of_a_report_and_names_what_is_not(void **state)
{
    (void)state;
    struct scene scene;
    struct mn_name names[2];
    struct mn_row rows[2] = {{.vat = 1, .epoch = EPOCH(1, 9), .since = EPOCH(2, 1), .here = true},
                             {.vat = 0,
                              .epoch = EPOCH(1, 3),
                              .since = EPOCH(1, 2),
                              .onto = EPOCH(1, 2),
                              .durable = true,
                              .here = true}};
    struct mn_up up = {.kind = MN_UP_REPORT};
    trouble_begin(&scene);
    names[0] = mn_name_of("x1");
    names[1] = mn_name_of("x5");
    up.report = (struct mn_report){
        .sequence = 4, .vats = {.names = names, .count = 2}, .rows = rows, .row_count = 2};
    scene_skip(&scene);
    scene_up(&scene, 1, &up);
    scene_expect(&scene,
                 "note said_too_much x5 h1: a checkpoint of a vat that is not in the topology, or "
                 "one that breaks its rules\n"
                 "h1 taken 4\n");
    scene_row(&scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 2), true, "");
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, 30000);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.3");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_of_no_checkpoint_of_a_run_that_cannot_be),
        cmocka_unit_test(hears_of_no_message_of_a_run_that_cannot_be),
        cmocka_unit_test(goes_on_above_any_run_of_a_checkpoint_that_can_be),
        cmocka_unit_test(gives_out_runs_that_can_be_said_whatever_its_clock_shows),
        cmocka_unit_test(believes_what_was_given_out_by_a_clock_that_was_ahead),
        cmocka_unit_test(goes_on_above_rounds_that_a_clock_ahead_has_numbered),
        cmocka_unit_test(goes_on_above_rounds_when_its_clock_is_behind),
        cmocka_unit_test(hears_of_the_round_of_who_holds_a_copy_of_one_that_cannot_be),
        cmocka_unit_test(takes_back_who_heard_what_is_forgotten_whatever_floor_a_copy_names),
        cmocka_unit_test(takes_back_who_heard_what_is_forgotten_whatever_floor_a_lost_copy_names),
        cmocka_unit_test(hears_of_a_vat_once_in_a_hello),
        cmocka_unit_test(takes_what_is_right_of_a_report_and_names_what_is_not),
        cmocka_unit_test(records_no_end_of_incarnations_of_one_that_invents_them),
        cmocka_unit_test(records_no_end_of_runs_of_one_that_invents_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
