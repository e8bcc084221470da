/* What the coordinator is told that a vat heard: each interval's own in the row of that interval,
 * so that it is settled with it; and in one row what the rows that are missing had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

static const struct mn_heard heard[] = {{0, EPOCH(1, 4)}, {1, EPOCH(1, 7)}};

/* A diff of x1 that lists x2 and x3, x2 having been heard before its interval alone. */
static void diff_found(struct play *play, mn_epoch epoch, mn_epoch since, mn_epoch onto)
{
    const struct mn_name names[] = {mn_name_of("x2"), mn_name_of("x3")};
    struct agent_file_facts facts = {.size = 1000, .digest = play_digest(epoch)};
    facts.record.vat = mn_name_of("x1");
    facts.record.run = mn_epoch_run(epoch);
    facts.record.epoch = epoch;
    facts.record.since = since;
    facts.record.onto = onto;
    facts.record.names = names;
    facts.record.name_count = 2;
    facts.record.heard = heard;
    facts.record.heard_count = 2;
    facts.record.heard_before = 1;
    play_step(play, &(struct agent_event){.kind = AGENT_ON_FILE, .file = &facts});
}

/* Welcomed, with every row told, by a coordinator that says its numbering. */
static void greet_by(struct play *play, uint64_t numbering)
{
    play->numbering = numbering;
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    play_record(play, &generation);
    play_begin(play);
    play_skip(play);
    play_welcome(play, 1, true);
}

static void greet(struct play *play)
{
    greet_by(play, 0);
}

static void a_row_lists_what_was_heard_in_its_interval(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x1", EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    diff_found(&play, EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    greet(&play);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x1 1.2 since 1.1 onto 1.1 durable here floor 0.0\n"
                       "up report #1 x1 1.3 since 1.2 onto 1.2 durable here floor 0.0"
                       " heard x3 1.7\n");
    play_close(&play);
}

static void a_row_makes_up_for_one_that_is_not_here(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    diff_found(&play, EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    greet(&play);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x1 1.3 since 1.1 onto 1.2 durable here floor 0.0"
                       " heard x2 1.4 heard x3 1.7\n");
    play_close(&play);
}

static void applied_found(struct play *play, mn_epoch epoch, mn_epoch onto, uint64_t round)
{
    struct agent_file_facts facts = {.size = 1000, .digest = play_digest(epoch)};
    facts.record.vat = mn_name_of("x1");
    facts.record.run = mn_epoch_run(epoch);
    facts.record.epoch = epoch;
    facts.record.since = onto;
    facts.record.onto = onto;
    facts.record.round = round;
    play_step(play, &(struct agent_event){.kind = AGENT_ON_FILE, .file = &facts});
}

static void a_row_says_the_newest_round_applied_where_none_before_has_said_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    applied_found(&play, EPOCH(1, 1), 0, 0);
    applied_found(&play, EPOCH(1, 2), EPOCH(1, 1), 7);
    applied_found(&play, EPOCH(1, 3), EPOCH(1, 2), 7);
    applied_found(&play, EPOCH(1, 4), EPOCH(1, 3), 9);
    greet(&play);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x1 1.2 since 1.1 onto 1.1 durable here floor 0.0 applied 7\n"
                       "up report #1 x1 1.3 since 1.2 onto 1.2 durable here floor 0.0\n"
                       "up report #1 x1 1.4 since 1.3 onto 1.3 durable here floor 0.0 applied 9\n");
    play_close(&play);
}

/* A vat that runs here says it of what it writes. */
static void a_row_of_what_was_just_written_says_the_round_too(void **state)
{
    (void)state;
    struct play play;
    struct mn_from_vat written = {.kind = MN_FROM_VAT_WRITTEN, .run = 1};
    written.written.epoch = EPOCH(1, 1);
    written.written.size = 1000;
    written.written.digest = play_digest(EPOCH(1, 1));
    written.written.round = 7;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_vat(&play, 'a', &written);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    assert_non_null(strstr(play.text, " applied 7\n"));
    play_close(&play);
}

/* x1 went on from 1.2 as run 2, which begins with a full: what was heard before stands in 1.2. */
static void a_full_that_begins_a_run_lists_what_was_heard_in_its_interval(void **state)
{
    (void)state;
    struct play play;
    const struct mn_link chain[] = {{EPOCH(1, 1), mn_name_of("h1")},
                                    {EPOCH(1, 2), mn_name_of("h1")}};
    const struct mn_name names[] = {mn_name_of("x2"), mn_name_of("x3")};
    struct mn_from_vat full = {.kind = MN_FROM_VAT_WRITTEN, .run = 2};
    full.written.epoch = EPOCH(2, 1);
    full.written.since = EPOCH(1, 1);
    full.written.size = 1000;
    full.written.digest = play_digest(EPOCH(2, 1));
    full.written.names = names;
    full.written.name_count = 2;
    full.written.heard = heard;
    full.written.heard_count = 2;
    full.written.heard_before = 1;
    play_open(&play, 1, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x1", EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    greet(&play);
    play_start(&play, "x1", 2, EPOCH(1, 2), chain, 2);
    play_recorded(&play, 1);
    play_started(&play, "x1", 71);
    play_recorded(&play, 2);
    play_attach(&play, 'a', "x1", 0, 71);
    play_attach(&play, 'a', "x1", 2, 71);
    play_recorded(&play, 3);
    play_vat(&play, 'a', &full);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(2, 1), MN_OK);
    play_expect(&play, "vat a durable 2.1 floor 1.2\n"
                       "up report #3 x1 2.1 since 1.2 onto 0.0 durable here floor 1.2"
                       " heard x3 1.7\n");
    play_close(&play);
}

/* 1.2 went bad before anybody knew of it: without its row nothing that comes after it would be
 * covered. It is told to every coordinator, until the floor has passed it. */
static void goes_on_saying_what_was_heard_in_a_checkpoint_that_is_lost(void **state)
{
    (void)state;
    struct play play;
    static const char lost[] = "x1 1.2 since 1.1 onto 0.0 gone floor 1.1 heard x2 1.9\n"
                               "up report #2 x1 1.2 since 1.1 onto 0.0 floor 1.1 heard x2 1.9\n";
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_taken(&play, 1);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), 0);
    play_synced(&play, "x1", EPOCH(1, 2), MN_NOT_FOUND);
    play_skip(&play);
    play_at(&play, 1000);
    play_tick(&play);
    assert_non_null(strstr(play.text, lost));
    play_taken(&play, 2);
    play_skip(&play);
    play_welcome(&play, 1, true);
    assert_non_null(strstr(play.text, "x1 1.2 since 1.1 onto 0.0 floor 1.1 heard x2 1.9\n"));
    play_taken(&play, 3);
    play_written(&play, 'a', EPOCH(1, 3), EPOCH(1, 2), 0);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_taken(&play, 4);
    play_recorded(&play, 5);
    play_skip(&play);
    play_welcome(&play, 1, true);
    assert_null(strstr(play.text, "x1 1.2"));
    play_close(&play);
}

/* 1.2 is written and not durable; its row goes before the answer. */
static void an_open_interval_lists_what_was_heard_in_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_taken(&play, 1);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_freeze(&play, 1, 1, "h3", "x5", 1);
    struct mn_from_vat answer = {.kind = MN_FROM_VAT_INTERVAL, .run = 1};
    const struct mn_name names[] = {mn_name_of("x2"), mn_name_of("x3")};
    answer.interval.round = 1;
    answer.interval.attempt = 1;
    answer.interval.epoch = EPOCH(1, 3);
    answer.interval.since = EPOCH(1, 1);
    answer.interval.names = names;
    answer.interval.name_count = 2;
    answer.interval.heard = heard;
    answer.interval.heard_count = 2;
    answer.interval.heard_before = 1;
    const struct mn_known known = {.vat = 0, .incarnation = 2};
    answer.interval.known = &known;
    answer.interval.known_count = 1;
    play_vat(&play, 'a', &answer);
    play_skip(&play);
    play_taken(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.3 since 1.2 heard x3 1.7)"
                       " knows x2 2\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* Two checkpoints of x1, in its incarnations 2 and 3: each knows of its own, and of others'. Each
 * is said once, with the fork as soon as one of them has that. */
static void says_which_lives_its_checkpoints_know_of(void **state)
{
    (void)state;
    struct play play;
    const struct mn_name names[] = {mn_name_of("x2"), mn_name_of("x3")};
    const struct mn_fork fork = {.after = EPOCH(1, 4), .next = EPOCH(5, 1), .seen = true};
    const struct mn_known first[] = {{.vat = 0, .incarnation = 5}};
    const struct mn_known second[] = {{.vat = 0, .incarnation = 5, .fork = fork},
                                      {.vat = 1, .incarnation = 2}};
    play_open(&play, 2, 2);
    for (uint32_t i = 2; i <= 3; i++) {
        struct agent_file_facts facts = {.size = 1000, .digest = play_digest(EPOCH(i, 1))};
        facts.record.vat = mn_name_of("x1");
        facts.record.run = i;
        facts.record.incarnation = i;
        facts.record.fork =
            (struct mn_fork){.after = EPOCH(i - 1, 1), .next = EPOCH(i, 1), .seen = true};
        facts.record.epoch = EPOCH(i, 1);
        facts.record.names = names;
        facts.record.name_count = 2;
        facts.record.known = i == 2 ? first : second;
        facts.record.known_count = i - 1;
        play_step(&play, &(struct agent_event){.kind = AGENT_ON_FILE, .file = &facts});
    }
    greet(&play);
    play_expect(&play, "up report #1 x1 2.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x1 3.1 since 0.0 onto 0.0 durable here floor 0.0"
                       " knows x1 2 after 1.1 at 2.1 knows x1 3 after 2.1 at 3.1"
                       " knows x2 5 after 1.4 at 5.1 knows x3 2\n");
    play_close(&play);
}

static void names_vats_by_number_to_who_has_read_the_same_topology(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    diff_found(&play, EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    greet_by(&play, PLAY_NUMBERING);
    play_expect(&play, "up report #1 #x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 #x1 1.3 since 1.1 onto 1.2 durable here floor 0.0"
                       " heard #x2 1.4 heard #x3 1.7\n");
    play_close(&play);
}

static void names_vats_by_name_to_who_has_read_another_topology(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    greet_by(&play, PLAY_NUMBERING + 1);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

static void names_all_by_name_where_one_is_in_no_topology(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x9", EPOCH(1, 1), 0, 0);
    greet_by(&play, PLAY_NUMBERING);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x9 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

/* A number means another vat there. The coordinator asks anew, by name, after our hello. */
static void takes_up_no_freeze_by_the_numbers_of_another_topology(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play.numbering = PLAY_NUMBERING + 1;
    play_freeze(&play, 1, 1, "h2", "x2", 1);
    play_expect(&play, "");
    play.numbering = PLAY_NUMBERING;
    play_freeze(&play, 1, 1, "h2", "x4", 1); /* no such vat */
    play_expect(&play, "");
    play_freeze(&play, 1, 1, "h2", "x2", 1);
    play_expect(&play, "note freeze\n"
                       "vat a freeze round 1 attempt 1\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_lists_what_was_heard_in_its_interval),
        cmocka_unit_test(a_row_makes_up_for_one_that_is_not_here),
        cmocka_unit_test(a_row_says_the_newest_round_applied_where_none_before_has_said_it),
        cmocka_unit_test(a_row_of_what_was_just_written_says_the_round_too),
        cmocka_unit_test(a_full_that_begins_a_run_lists_what_was_heard_in_its_interval),
        cmocka_unit_test(goes_on_saying_what_was_heard_in_a_checkpoint_that_is_lost),
        cmocka_unit_test(an_open_interval_lists_what_was_heard_in_it),
        cmocka_unit_test(says_which_lives_its_checkpoints_know_of),
        cmocka_unit_test(names_vats_by_number_to_who_has_read_the_same_topology),
        cmocka_unit_test(names_vats_by_name_to_who_has_read_another_topology),
        cmocka_unit_test(names_all_by_name_where_one_is_in_no_topology),
        cmocka_unit_test(takes_up_no_freeze_by_the_numbers_of_another_topology),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
