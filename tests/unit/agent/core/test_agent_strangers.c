/* Processes that live though no record of this disk names them: they are ended before the first
 * hello, and what they were is said there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

/* A process of x1 lives; run 0: nobody knows what it was started as. */
static void lives(struct play *play, mn_run run, uint32_t pid)
{
    struct mn_start start = {
        .vat = mn_name_of("x1"),
        .run = run,
        .incarnation = 2,
        .outcome = MN_ROLLED_BACK,
        .lineage = {.count = 1,
                    .forks = {{.after = EPOCH(1, 5), .next = EPOCH(2, 1), .seen = true}}}};
    struct agent_event event = {.kind = AGENT_ON_LIVES};
    event.process.vat = mn_name_of("x1");
    event.process.start = run > 0 ? &start : NULL;
    event.process.pid = pid;
    event.process.pid_started = pid + 1000;
    play_step(play, &event);
}

static void is_watched(struct play *play, uint32_t pid)
{
    struct agent_event event = {.kind = AGENT_ON_ADOPTED};
    event.process.vat = mn_name_of("x1");
    event.process.pid = pid;
    event.process.pid_started = pid + 1000;
    play_step(play, &event);
}

/* On record: run @run of x1, with that process. */
static void on_record(struct play *play, mn_run run, uint32_t pid)
{
    struct mn_agent_record record = {.kind = MN_AGENT_VAT};
    record.vat.start.vat = mn_name_of("x1");
    record.vat.start.run = run;
    record.vat.start.incarnation = 1;
    record.vat.pid = pid;
    record.vat.pid_started = pid + 1000;
    record.vat.endpoint = (struct mn_endpoint){"tcp://10.0.0.1:91"};
    play_record(play, &record);
}

/* A process of run 2 lives, and nothing is on record. */
static void begin_with_run_2(struct play *play)
{
    play_open(play, 2, 2);
    lives(play, 2, 71);
    play_begin(play);
}

static void ends_what_lives_before_it_says_hello_and_says_which_run_that_was(void **state)
{
    (void)state;
    struct play play;
    begin_with_run_2(&play);
    play_expect(&play, "note begun h1\n"
                       "record #1 vat x1 run 2 pid 0\n");
    play_recorded(&play, 1);
    play_expect(&play, "adopt x1 run 2 pid 71\n"
                       "kill x1 run 2 pid 71\n"
                       "note vat_unknown x1\n");
    is_watched(&play, 71);
    play_expect(&play, "");
    play_exited(&play, "x1", 71, "killed");
    play_expect(&play, "up hello h1 generation 0 round 0 x1 run 2 exited incarnation 2 forks 1\n");
    play_close(&play);
}

static void says_hello_to_nobody_who_asks_before_that(void **state)
{
    (void)state;
    struct play play;
    begin_with_run_2(&play);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "note generation\n"
                       "record #2 generation 1\n");
    play_recorded(&play, 2);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "");
    play_exited(&play, "x1", 71, "killed");
    play_expect(&play, "up hello h1 generation 1 round 0 x1 run 2 exited incarnation 2 forks 1\n");
    play_close(&play);
}

static void remembers_the_run_when_it_begins_anew(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    on_record(&play, 2, 0);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 0 round 0 x1 run 2 exited\n");
    play_close(&play);
}

static void goes_on_with_the_process_that_is_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    on_record(&play, 2, 71);
    lives(&play, 2, 71);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "adopt x1 run 2 pid 71\n");
    is_watched(&play, 71);
    play_expect(&play, "note vat_adopted x1\n"
                       "up hello h1 generation 0 round 0 x1 run 2 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

/* The records are older ones: they say that run 1 has process 70, and both live. */
static void ends_both_when_a_later_run_lives_beside_the_one_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    on_record(&play, 1, 70);
    lives(&play, 2, 71);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "record #1 vat x1 run 2 pid 0\n");
    play_recorded(&play, 1);
    play_expect(&play, "adopt x1 run 2 pid 71\n"
                       "kill x1 run 2 pid 71\n"
                       "note vat_unknown x1\n"
                       "adopt x1 run 2 pid 70\n"
                       "kill x1 run 2 pid 70\n"
                       "note vat_unknown x1\n");
    play_exited(&play, "x1", 70, "killed");
    play_expect(&play, "");
    play_exited(&play, "x1", 71, "killed");
    play_expect(&play, "up hello h1 generation 0 round 0 x1 run 2 exited incarnation 2 forks 1\n");
    play_close(&play);
}

static void ends_an_earlier_one_beside_the_one_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    on_record(&play, 3, 72);
    lives(&play, 2, 71);
    lives(&play, 0, 73);
    lives(&play, 3, 72);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "adopt x1 run 3 pid 72\n"
                       "adopt x1 run 3 pid 71\n"
                       "kill x1 run 3 pid 71\n"
                       "note vat_unknown x1\n"
                       "adopt x1 run 3 pid 73\n"
                       "kill x1 run 3 pid 73\n"
                       "note vat_unknown x1\n");
    is_watched(&play, 72);
    play_expect(&play, "note vat_adopted x1\n");
    play_exited(&play, "x1", 73, "killed");
    play_exited(&play, "x1", 71, "killed");
    play_expect(&play, "up hello h1 generation 0 round 0 x1 run 3 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_what_lives_before_it_says_hello_and_says_which_run_that_was),
        cmocka_unit_test(says_hello_to_nobody_who_asks_before_that),
        cmocka_unit_test(remembers_the_run_when_it_begins_anew),
        cmocka_unit_test(goes_on_with_the_process_that_is_on_record),
        cmocka_unit_test(ends_both_when_a_later_run_lives_beside_the_one_on_record),
        cmocka_unit_test(ends_an_earlier_one_beside_the_one_on_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
