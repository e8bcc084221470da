/* Rounds as seen from one host: freeze, intervals, decisions, notices, generations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent_play.h"

/* x2 runs here too, as run 1 with pid 72 on connection 'b'. */
static void run_x1_and_x2(struct play *play)
{
    play_run_x1(play);
    play_start(play, "x2", 1, 0, NULL, 0);
    play_recorded(play, 5);
    play_started(play, "x2", 72);
    play_recorded(play, 6);
    play_attach(play, 'b', "x2", 0, 72);
    play_attach(play, 'b', "x2", 1, 72);
    play_recorded(play, 7);
    play_skip(play);
}

static void look_up(struct play *play, char connection, const char *peer)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_LOOKUP, .run = 1};
    message.lookup.peer = mn_name_of(peer);
    play_vat(play, connection, &message);
    play_skip(play);
}

static void kills_a_suspect_collects_the_others_and_names_the_silent(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    run_x1_and_x2(&play);
    play_start(&play, "x3", 1, 0, NULL, 0);
    play_recorded(&play, 8);
    play_started(&play, "x3", 73);
    play_recorded(&play, 9);
    play_skip(&play);
    play_freeze(&play, 1, 1, NULL, "x2", 1);
    play_expect(&play, "note freeze\n"
                       "record #10 fence x2 run 1\n");
    play_recorded(&play, 10);
    play_expect(&play, "vat a freeze round 1 attempt 1\n"
                       "note vat_killed x2\n"
                       "kill x2 run 1 pid 72\n");
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_expect(&play, "");
    play_exited(&play, "x2", 72, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x2\n"
                       "up state x2 run 1 stopped: stopped by the coordinator\n");
    play_at(&play, 999);
    play_tick(&play);
    play_expect(&play, "");
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "note vat_silent x3\n"
                       "up intervals round 1 attempt 1 (x1 1.5 since 1.4 heard x3 1.7) silent x3\n"
                       "note intervals_sent\n"
                       "up heartbeat 1 lag 1000\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "note partner x3 h3\n");
    play_close(&play);
}

static void answers_a_freeze_as_soon_as_everybody_has_answered(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    look_up(&play, 'a', "x3");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_recorded(&play, 5);
    play_expect(&play, "note freeze\n"
                       "record #5 fence x3 run 4\n"
                       "vat a freeze round 1 attempt 1 x3/4\n");
    play_interval(&play, 'a', 1, 1, 9, EPOCH(1, 5), EPOCH(1, 4));
    play_expect(&play, "");
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.5 since 1.4 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.5 since 1.4 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_freeze(&play, 1, 2, NULL, "x3", 4);
    play_expect(&play, "note freeze\n"
                       "vat a freeze round 1 attempt 2 x3/4\n");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_expect(&play, "");
    play_close(&play);
}

static void looks_for_what_it_holds_of_a_suspect_before_it_answers(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x3", EPOCH(4, 1), 0, 0);
    play_file(&play, "x3", EPOCH(4, 2), EPOCH(4, 1), EPOCH(4, 1));
    play_run_x1(&play);
    play_taken(&play, 1);
    look_up(&play, 'a', "x3");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_recorded(&play, 5);
    play_expect(&play, "note freeze\n"
                       "record #5 fence x3 run 4\n"
                       "look x3 4.1 of 1000 bytes\n"
                       "look x3 4.2 of 1000 bytes\n"
                       "vat a freeze round 1 attempt 1 x3/4\n");
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_looked(&play, "x3", EPOCH(4, 1), MN_OK);
    play_expect(&play, "");
    play_looked(&play, "x3", EPOCH(4, 2), MN_NOT_FOUND);
    play_expect(&play, "note checkpoint_file_lost x3 4.2 MN_NOT_FOUND\n"
                       "up report #2 x3 4.2 since 4.1 onto 4.1 durable gone floor 0.0\n");
    play_taken(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.5 since 1.4 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

static void takes_another_file_under_the_name_for_no_copy(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x3", EPOCH(4, 1), 0, 0);
    play_run_x1(&play);
    play_taken(&play, 1);
    look_up(&play, 'a', "x3");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_recorded(&play, 5);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_skip(&play);
    play_looked(&play, "x3", EPOCH(4, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_file_lost x3 4.1 MN_CORRUPT\n"
                       "up report #2 x3 4.1 since 0.0 onto 0.0 durable gone floor 0.0\n");
    play_close(&play);
}

static void reports_what_is_written_but_not_durable_before_it_answers(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_skip(&play);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 3), EPOCH(1, 1));
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 here floor 0.0 heard x2 1.9\n"
                       "up report #1 x1 1.2 since 1.1 onto 1.1 floor 0.0 heard x2 1.9\n");
    play_taken(&play, 1);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.3 since 1.2 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.1 floor 0.0\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_close(&play);
}

static void notes_no_suspect_that_nobody_here_can_speak_to_until_one_is_looked_up(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_expect(&play, "note freeze\n"
                       "vat a freeze round 1 attempt 1\n");
    struct mn_from_vat message = {.kind = MN_FROM_VAT_LOOKUP, .run = 1};
    message.lookup.peer = mn_name_of("x3");
    play_vat(&play, 'a', &message);
    play_expect(&play, "record #5 fence x3 run 4\n"
                       "vat a freeze round 1 attempt 1 x3/4\n"
                       "up lookup x3\n");
    /* What it answered before it knew of the fence is not its last word. */
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_expect(&play, "");
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.5 since 1.4 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

static void fences_a_suspect_whose_first_copy_comes_during_the_round(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_skip(&play);
    play_offer_of(&play, 2, "x3", 4, EPOCH(4, 1), 1000);
    play_expect(&play, "record #5 fence x3 run 4\n"
                       "copies h3 x3 have 4.1 MN_STALE\n");
    play_close(&play);
}

static void tells_a_vat_that_comes_late_whom_to_refuse(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    look_up(&play, 'a', "x3");
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_recorded(&play, 5);
    play_skip(&play);
    play_attach(&play, 'z', "x1", 1, 71);
    play_expect(&play, "vat z freeze round 1 attempt 1 x3/4\n");
    play_close(&play);
}

/* x1 reads nothing, and its queue is full: what it was to hear it is told with a later heartbeat.
 */
static void tells_a_vat_again_what_it_had_no_room_for(void **state)
{
    (void)state;
    struct play play;
    struct agent_event unsent = {.kind = AGENT_ON_UNSENT};
    play_open(&play, 2, 2);
    run_x1_and_x2(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 8);
    play_expect(&play, "record #8 round 1 told 1\n"
                       "note decision\n"
                       "vat a round 1 notice x3\n"
                       "vat b round 1\n");
    unsent.vat.connection.bytes[0] = 'a';
    for (int second = 1; second <= 3; second++) {
        play_step(&play, &unsent); /* again and again */
        play_expect(&play, "");
        play_at(&play, 1000 * (mn_time)second);
        play_tick(&play);
        assert_non_null(strstr(play.text, "vat a round 1 notice x3\n"));
        assert_null(strstr(play.text, "vat b"));
        play_skip(&play);
    }
    play_at(&play, 4000);
    play_tick(&play);
    assert_null(strstr(play.text, "vat a"));
    play_close(&play);
}

static void hands_out_notices_again_until_they_are_handled(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    run_x1_and_x2(&play);
    play_decision(&play, 1, "x1", "x3");
    play_expect(&play, "record #8 round 1 told 1\n");
    play_recorded(&play, 8);
    play_expect(&play, "note decision\n"
                       "vat a round 1 notice x3\n"
                       "vat b round 1\n");
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_start(&play, "x1", 2, 0, NULL, 0);
    play_recorded(&play, 9);
    play_started(&play, "x1", 74);
    play_recorded(&play, 10);
    play_skip(&play);
    play_attach(&play, 'c', "x1", 0, 74);
    play_expect(&play, "vat c life x1 run 2 round 0 keep 0.0 store store/x1\n");
    play_attach(&play, 'c', "x1", 2, 74);
    play_recorded(&play, 11);
    play_expect(&play, "record #11 vat x1 run 2 pid 74\n"
                       "note vat_up x1\n"
                       "up state x1 run 2 up tcp://10.0.0.1:91\n"
                       "vat c round 1 notice x3\n"
                       "note partner x1 h2\n");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 12);
    play_expect(&play, "record #12 round 2 told 0\n"
                       "note decision\n"
                       "vat c round 1 notice x3\n"
                       "vat c round 2\n"
                       "vat b round 2\n");
    play_attach(&play, 'd', "x1", 2, 74);
    play_expect(&play, "vat d round 1 notice x3\n"
                       "vat d round 2\n");
    play_handled(&play, 'd', 2, 1);
    play_expect(&play, "note notices_handled x1\n"
                       "up handled x1 run 2 round 1\n"
                       "forget #13 round 1 told 0\n");
    play_attach(&play, 'e', "x1", 2, 74);
    play_expect(&play, "vat e round 2\n");
    play_close(&play);
}

static void remembers_notices_across_a_restart_of_its_own(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_told told = {.vat = mn_name_of("x1"), .notice_count = 1};
    struct mn_notice notice = {.peer = mn_name_of("x3"), .incarnation = 2};
    struct mn_agent_record round = {.kind = MN_AGENT_ROUND};
    round.round.round = 3;
    round.round.told = &told;
    round.round.told_count = 1;
    round.round.notices = &notice;
    round.round.notice_count = 1;
    play_record(&play, &round);
    play_run_x1(&play);
    play_attach(&play, 'b', "x1", 1, 71);
    play_expect(&play, "vat b round 3 notice x3\n");
    play_decision(&play, 3, "x1", "x3");
    play_expect(&play, "");
    play_handled(&play, 'b', 1, 3);
    play_expect(&play, "note notices_handled x1\n"
                       "up handled x1 run 1 round 3\n");
    play_decision(&play, 3, "x1", "x3");
    play_expect(&play, "up handled x1 run 1 round 3\n");
    play_close(&play);
}

static void refuses_an_old_generation_and_hellos_a_new_one_once_it_is_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_taken(&play, 1);
    play_skip(&play);
    play_welcome(&play, 5, true);
    play_expect(&play, "note generation\n"
                       "record #5 generation 5\n");
    play_recorded(&play, 5);
    play_expect(&play,
                "up hello h1 generation 5 round 0 holds x1 run 1 up tcp://10.0.0.1:91\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_welcome(&play, 5, true);
    play_expect(&play, "");
    play_freeze(&play, 1, 1, NULL, "x1", 1);
    play_expect(&play, "note stale_generation_refused\n");
    play_close(&play);
}

static void freezes_in_a_new_generation_only_once_that_is_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_down down = {.kind = MN_DOWN_FREEZE, .generation = 2};
    down.freeze.round = 1;
    down.freeze.attempt = 1;
    play_down(&play, &down);
    play_expect(&play, "note generation\n"
                       "record #5 generation 2\n"
                       "note freeze\n");
    play_recorded(&play, 5);
    play_expect(&play, "up hello h1 generation 2 round 0 frozen 1 x1 run 1 up tcp://10.0.0.1:91\n"
                       "vat a freeze round 1 attempt 1\n");
    play_close(&play);
}

static void sends_rows_again_that_were_not_taken(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play,
                "up heartbeat 1 lag 0\n"
                "up state x1 run 1 up tcp://10.0.0.1:91\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_taken(&play, 2);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

static void hellos_again_when_it_is_not_welcomed(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    for (mn_time second = 1; second <= 9; second++) {
        play_at(&play, second * 1000);
        play_tick(&play);
    }
    play_skip(&play);
    play_at(&play, 10250);
    play_tick(&play);
    play_expect(&play, "up heartbeat 10 lag 250\n"
                       "up hello h1 generation 0 round 0\n");
    play_close(&play);
}

/* The heartbeat with which the next hello goes, from @from on; none of them is answered. */
static mn_time next_hello(struct play *play, mn_time from)
{
    for (mn_time second = from; second < from + 1000; second++) {
        play_at(play, second * 1000);
        play_tick(play);
        bool said = strstr(play->text, "up hello") != NULL;
        play_skip(play);
        if (said) {
            return second;
        }
    }
    fail_msg("no hello for 1000 heartbeats");
    return 0;
}

static void hellos_less_and_less_often_when_nobody_answers(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_skip(&play);
    mn_time at[6] = {0};
    for (int i = 1; i < 6; i++) {
        at[i] = next_hello(&play, at[i - 1] + 1);
        mn_time most = 10 << (i - 1 < 3 ? i - 1 : 3);
        assert_true(at[i] - at[i - 1] <= most + 1);
        assert_true(at[i] - at[i - 1] >= most / 2);
    }
    play_close(&play);
}

static void hellos_again_when_no_decision_ends_a_freeze(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_freeze(&play, 1, 1, NULL, "x3", 4);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 5), EPOCH(1, 4));
    for (mn_time second = 1; second <= 9; second++) {
        play_at(&play, second * 1000);
        play_tick(&play);
    }
    play_skip(&play);
    play_at(&play, 10500);
    play_tick(&play);
    play_expect(&play, "up heartbeat 10 lag 500\n"
                       "up hello h1 generation 1 round 0 frozen 1 x1 run 1 up tcp://10.0.0.1:91\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

/* The process outlived the agent that froze it. */
static void hellos_again_when_a_vat_waits_for_a_later_round(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_from_vat attach = {.kind = MN_FROM_VAT_ATTACH, .run = 1};
    attach.attach.vat = mn_name_of("x1");
    attach.attach.run = 1;
    attach.attach.pid = 71;
    attach.attach.endpoint = (struct mn_endpoint){"tcp://10.0.0.1:91"};
    attach.attach.frozen_round = 9;
    for (int again = 0; again < 2; again++) {
        play_skip(&play);
        play_vat(&play, 'b', &attach);
        play_expect(&play, again ? ""
                                 : "up hello h1 generation 1 round 0 frozen 9 x1 run 1 up "
                                   "tcp://10.0.0.1:91\n");
    }
    play_close(&play);
}

static void probes_for_the_coordinator(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_endpoint endpoints[2] = {{"tcp://10.0.0.3:7101"}, {"tcp://10.0.0.3:93"}};
    struct mn_down down = {.kind = MN_DOWN_PROBE};
    down.probe.probe = 12;
    down.probe.host = mn_name_of("h3");
    down.probe.endpoints = endpoints;
    down.probe.endpoint_count = 2;
    play_down(&play, &down);
    play_expect(&play, "probe 12 h3 2 endpoints within 2000 ms\n");
    enum mn_probe_answer answers[2] = {MN_PROBE_CLOSED, MN_PROBE_SILENT};
    struct agent_event answered = {.kind = AGENT_ON_PROBE_ANSWERED};
    answered.probe.probe = 12;
    answered.probe.host = mn_name_of("h3");
    answered.probe.answers = answers;
    answered.probe.answer_count = 2;
    play_step(&play, &answered);
    play_expect(&play, "up probed 12 h3 1 2\n");
    play_close(&play);
}

static void long_story(struct play *play)
{
    play_open(play, 2, 2);
    play_file(play, "x3", EPOCH(1, 1), 0, 0);
    run_x1_and_x2(play);
    for (uint32_t i = 1; i <= 20; i++) {
        play_at(play, i * 300);
        play_tick(play);
        mn_epoch onto = i % 4 == 1 ? 0 : EPOCH(1, i - 1);
        play_written(play, 'a', EPOCH(1, i), i == 1 ? 0 : EPOCH(1, 1), onto);
        play_synced(play, "x1", EPOCH(1, i), i == 7 ? MN_NO_SPACE : MN_OK);
        play_have(play, 1, "x1", EPOCH(1, i), i == 11 ? MN_IO : MN_OK);
        play_have(play, 2, "x1", EPOCH(1, i), MN_OK);
        play_piece(play, 3, "x3", EPOCH(2, i), 500, 0, 500);
        play_piece_written(play, "x3", EPOCH(2, i), 0, 0, 500, true, MN_OK);
        play_taken(play, 2 * i - 1);
        play_taken(play, 2 * i);
    }
    play_freeze(play, 1, 1, "h2", "x2", 1);
    play_recorded(play, 8);
    play_exited(play, "x2", 72, "killed by signal 9 (SIGKILL)");
    play_interval(play, 'a', 1, 1, 1, EPOCH(1, 21), EPOCH(1, 17));
    play_decision(play, 1, "x1", "x2");
    play_recorded(play, 9);
    play_handled(play, 'a', 1, 1);
}

static void gives_the_same_effects_for_the_same_events(void **state)
{
    (void)state;
    struct play first;
    struct play second;
    long_story(&first);
    long_story(&second);
    assert_true(first.size > 4000);
    assert_string_equal(first.text, second.text);
    play_close(&first);
    play_close(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_a_suspect_collects_the_others_and_names_the_silent),
        cmocka_unit_test(answers_a_freeze_as_soon_as_everybody_has_answered),
        cmocka_unit_test(looks_for_what_it_holds_of_a_suspect_before_it_answers),
        cmocka_unit_test(takes_another_file_under_the_name_for_no_copy),
        cmocka_unit_test(reports_what_is_written_but_not_durable_before_it_answers),
        cmocka_unit_test(notes_no_suspect_that_nobody_here_can_speak_to_until_one_is_looked_up),
        cmocka_unit_test(fences_a_suspect_whose_first_copy_comes_during_the_round),
        cmocka_unit_test(tells_a_vat_that_comes_late_whom_to_refuse),
        cmocka_unit_test(tells_a_vat_again_what_it_had_no_room_for),
        cmocka_unit_test(hands_out_notices_again_until_they_are_handled),
        cmocka_unit_test(remembers_notices_across_a_restart_of_its_own),
        cmocka_unit_test(refuses_an_old_generation_and_hellos_a_new_one_once_it_is_durable),
        cmocka_unit_test(freezes_in_a_new_generation_only_once_that_is_durable),
        cmocka_unit_test(sends_rows_again_that_were_not_taken),
        cmocka_unit_test(hellos_again_when_it_is_not_welcomed),
        cmocka_unit_test(hellos_less_and_less_often_when_nobody_answers),
        cmocka_unit_test(hellos_again_when_no_decision_ends_a_freeze),
        cmocka_unit_test(hellos_again_when_a_vat_waits_for_a_later_round),
        cmocka_unit_test(probes_for_the_coordinator),
        cmocka_unit_test(gives_the_same_effects_for_the_same_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
