/* The lives of vats on one host: started once their start is durable, adopted, fenced, stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"
#include "core/agent_private.h"

static void starts_a_vat_only_once_its_start_and_then_its_pid_are_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 0 round 0\n");
    play_welcome(&play, 1, true);
    play_expect(&play, "note generation\n"
                       "record #1 generation 1\n");
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_expect(&play, "note vat_start x1\n"
                       "record #2 vat x1 run 1 pid 0\n");
    play_recorded(&play, 1);
    play_expect(&play, "up hello h1 generation 1 round 0 x1 run 1 starting\n");
    play_recorded(&play, 2);
    play_expect(&play, "start x1 run 1 pid 0\n");
    play_started(&play, "x1", 71);
    play_expect(&play, "record #3 vat x1 run 1 pid 71\n");
    play_recorded(&play, 3);
    play_expect(&play, "release x1 run 1 pid 71\n");
    play_attach(&play, 'a', "x1", 0, 71);
    play_expect(&play, "vat a life x1 run 1 round 0 keep 0.0 store store/x1\n");
    play_attach(&play, 'a', "x1", 1, 71);
    play_expect(&play, "record #4 vat x1 run 1 pid 71\n");
    play_recorded(&play, 4);
    play_expect(&play, "note vat_up x1\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "note partner x1 h2\n");
    play_close(&play);
}

static void puts_the_life_of_its_disk_on_record_when_that_is_welcome(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin_on_new_disk(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 0 round 0\n");
    play_welcome(&play, 1, true);
    play_expect(&play, "note generation\n"
                       "record #1 generation 1\n");
    play_recorded(&play, 1);
    play_expect(&play, "up hello h1 generation 1 round 0\n"
                       "record #2 disk 50\n");
    play_welcome(&play, 1, false);
    play_expect(&play, "");
    play_close(&play);
}

static void ignores_a_start_that_is_for_another_disk(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_skip(&play);
    struct mn_down down = {.kind = MN_DOWN_START};
    down.start.vat = mn_name_of("x1");
    down.start.run = 1;
    down.start.incarnation = 1;
    down.start.disk = 49;
    play_down(&play, &down);
    play_expect(&play, "note stale_start_ignored x1\n");
    down.start.disk = PLAY_DISK;
    play_down(&play, &down);
    play_expect(&play, "note vat_start x1\n"
                       "record #2 vat x1 run 1 pid 0\n");
    play_close(&play);
}

static void ignores_a_lower_run_and_answers_the_same_run_with_its_state(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_expect(&play, "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_stop(&play, "x1", 4);
    play_skip(&play);
    play_start(&play, "x1", 4, 0, NULL, 0);
    play_expect(&play, "note stale_start_ignored x1\n");
    play_close(&play);
}

static void says_of_a_run_that_is_over_that_it_is_not_begun(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_stop(&play, "x1", 4); /* or a freeze that names it */
    play_skip(&play);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_expect(&play, "note stale_start_ignored x1\n"
                       "up state x1 run 4 absent: this run, or a later one, was over already\n");
    play_start(&play, "x1", 5, 0, NULL, 0);
    play_skip(&play);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_expect(&play, "note stale_start_ignored x1\n");
    play_close(&play);
}

static void lets_a_lower_run_end_before_the_higher_one_begins(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_start(&play, "x1", 2, 0, NULL, 0);
    play_expect(&play, "record #5 fence x1 run 1\n");
    play_recorded(&play, 5);
    play_expect(&play, "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n");
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_start x1\n"
                       "record #6 vat x1 run 2 pid 0\n");
    play_recorded(&play, 6);
    play_expect(&play, "start x1 run 2 pid 0\n");
    play_close(&play);
}

static void begins_the_higher_run_when_the_lower_one_ended_by_itself_meanwhile(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_start(&play, "x1", 2, 0, NULL, 0);
    play_skip(&play);
    play_exited(&play, "x1", 71, "exited with status 1");
    play_expect(&play, "note vat_exited x1\n"
                       "up state x1 run 2 starting: exited with status 1\n");
    play_recorded(&play, 5);
    play_expect(&play, "note vat_start x1\n"
                       "record #6 vat x1 run 2 pid 0\n");
    play_close(&play);
}

static void says_why_a_vat_ended(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_exited(&play, "x1", 70, "another process");
    play_expect(&play, "");
    play_exited(&play, "x1", 71, "killed by signal 11 (SIGSEGV)");
    play_expect(&play, "note vat_exited x1\n"
                       "up state x1 run 1 exited: killed by signal 11 (SIGSEGV)\n");
    play_close(&play);
}

static void stops_a_vat_on_the_coordinators_word_and_keeps_its_files(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_stop(&play, "x1", 1);
    play_expect(&play, "record #5 fence x1 run 1\n");
    play_recorded(&play, 5);
    play_expect(&play, "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n");
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n");
    play_close(&play);
}

static void kills_what_was_stopped_before_its_pid_was_known(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_recorded(&play, 2);
    play_stop(&play, "x1", 1);
    play_skip(&play);
    play_recorded(&play, 3);
    play_expect(&play, "");
    play_started(&play, "x1", 71);
    play_expect(&play, "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n");
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n");
    play_close(&play);
}

static void ends_a_process_that_is_not_the_vat(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_attach(&play, 'b', "x1", 0, 72);
    play_expect(
        &play,
        "vat b end: the agent started another process for this vat; its command must not fork\n"
        "note vat_refused x1\n");
    play_attach(&play, 'b', "x1", 2, 71);
    play_expect(&play, "vat b end: this run of the vat is over\n"
                       "note vat_refused x1\n");
    play_attach(&play, 'b', "x2", 0, 73);
    play_expect(&play, "vat b end: this host was not told to run this vat\n"
                       "note vat_refused x2\n");
    play_attach(&play, 'b', "x2", 3, 73); /* the ledger in which it was is lost */
    play_expect(&play, "vat b end: this host was not told to run this vat\n"
                       "note vat_refused x2\n"
                       "record #5 fence x2 run 3\n"
                       "up state x2 run 3 absent: this run, or a later one, was over already\n");
    play_close(&play);
}

static void asks_a_connection_it_does_not_know_who_it_is(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_from_vat beat = {.kind = MN_FROM_VAT_BEAT, .run = 1};
    play_vat(&play, 'a', &beat);
    play_expect(&play, "");
    play_vat(&play, 'q', &beat);
    play_expect(&play, "vat q who\n");
    play_close(&play);
}

static struct mn_agent_record record_of_x1(uint32_t pid)
{
    struct mn_agent_record record = {.kind = MN_AGENT_VAT};
    record.vat.start.vat = mn_name_of("x1");
    record.vat.start.run = 1;
    record.vat.start.incarnation = 1;
    record.vat.pid = pid;
    record.vat.pid_started = 5000;
    memcpy(record.vat.endpoint.text, "tcp://10.0.0.1:91", 18);
    return record;
}

static void adopts_its_vats_after_a_restart_and_stops_nobody(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record vat = record_of_x1(71);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "adopt x1 run 1 pid 71\n");
    struct agent_event adopted = {.kind = AGENT_ON_ADOPTED};
    adopted.process.vat = mn_name_of("x1");
    adopted.process.pid = 71;
    play_step(&play, &adopted);
    play_expect(&play, "note vat_adopted x1\n"
                       "up hello h1 generation 1 round 0 holds x1 run 1 up tcp://10.0.0.1:91\n");
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    struct mn_from_vat beat = {.kind = MN_FROM_VAT_BEAT, .run = 1};
    play_vat(&play, 'b', &beat);
    play_expect(&play, "vat b who\n");
    play_attach(&play, 'b', "x1", 1, 71);
    play_expect(&play, "");
    play_written(&play, 'b', EPOCH(1, 1), 0, 0);
    play_written(&play, 'b', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_expect(&play, "note partner x1 h2\n"
                       "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "send h2 x1 piece 1.2 at 0, 0 of 1000 bytes\n"
                       "sync x1 1.2\n");
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play, "");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "vat b durable 1.1 floor 0.0\n"
                       "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_have(&play, 1, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play,
                "vat b durable 1.2 floor 1.1\n"
                "up report #3 x1 1.2 since 1.1 onto 1.1 durable here floor 1.1 heard x2 1.9\n");
    play_close(&play);
}

static void says_hello_with_what_ended_while_no_agent_watched(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record vat = record_of_x1(71);
    play_record(&play, &vat);
    play_begin(&play);
    play_skip(&play);
    play_exited(&play, "x1", 71, "ended while no agent watched it");
    play_expect(&play, "note vat_exited x1\n"
                       "up hello h1 generation 0 round 0 x1 run 1 exited\n");
    play_close(&play);
}

/* On a disk that is an older one it may have been begun, and have ended, since. */
static void begins_no_run_that_an_earlier_agent_was_given(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record vat = record_of_x1(0);
    play_record(&play, &vat);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 0 round 0 x1 run 1 exited\n");
    play_close(&play);
}

static void ends_an_adopted_process_whose_run_was_fenced(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record vat = record_of_x1(71);
    struct mn_agent_record fence = {.kind = MN_AGENT_FENCE};
    fence.fence.vat = mn_name_of("x1");
    fence.fence.run = 1;
    play_record(&play, &fence);
    play_record(&play, &vat);
    play_begin(&play);
    play_skip(&play);
    struct agent_event adopted = {.kind = AGENT_ON_ADOPTED};
    adopted.process.vat = mn_name_of("x1");
    adopted.process.pid = 71;
    play_step(&play, &adopted);
    play_expect(&play, "note vat_adopted x1\n"
                       "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n"
                       "up hello h1 generation 0 round 0 x1 run 1 starting\n");
    play_close(&play);
}

static void fetches_missing_checkpoints_of_the_chain_before_it_starts_the_vat(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 4), 0, 0);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_skip(&play);
    struct mn_link chain[] = {{EPOCH(1, 4), mn_name_of("h1")}, {EPOCH(1, 5), mn_name_of("h3")}};
    play_start(&play, "x1", 2, EPOCH(1, 5), chain, 2);
    play_expect(&play, "note vat_start x1 1.5\n"
                       "record #2 vat x1 run 2 pid 0\n");
    play_recorded(&play, 2);
    play_expect(&play, "note fetch x1 h3 1.5\n"
                       "copies h3 x1 want 1.5 from 0\n");
    play_piece(&play, 2, "x1", EPOCH(1, 5), 300000, 0, 262144);
    play_expect(&play, "write h3 x1 piece 1.5 at 0, 262144 of 300000 bytes\n");
    play_piece_written(&play, "x1", EPOCH(1, 5), EPOCH(1, 4), 0, 262144, false, MN_OK);
    play_expect(&play, "copies h3 x1 want 1.5 from 262144\n");
    play_piece(&play, 2, "x1", EPOCH(1, 5), 300000, 262144, 37856);
    play_expect(&play, "write h3 x1 piece 1.5 at 262144, 37856 of 300000 bytes\n");
    play_piece_written(&play, "x1", EPOCH(1, 5), EPOCH(1, 4), 262144, 37856, true, MN_OK);
    play_expect(&play, "start x1 run 2 pid 0\n");
    play_started(&play, "x1", 72);
    play_recorded(&play, 3);
    play_skip(&play);
    play_attach(&play, 'c', "x1", 0, 72);
    play_expect(&play, "vat c life x1 run 2 round 0 keep 1.5 chain 1.4 1.5 store store/x1\n");
    play_close(&play);
}

static void takes_a_checkpoint_for_a_start_only_from_where_it_was_told(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    struct mn_link chain = {EPOCH(1, 4), mn_name_of("h3")};
    play_start(&play, "x1", 2, EPOCH(1, 4), &chain, 1);
    play_recorded(&play, 2);
    play_skip(&play);
    play_piece(&play, 1, "x1", EPOCH(1, 4), 500, 0, 500);
    play_offer(&play, 1, "x1", EPOCH(1, 4), 300000);
    play_expect(&play, "");
    play_piece(&play, 2, "x1", EPOCH(1, 4), 500, 0, 500);
    play_expect(&play, "write h3 x1 piece 1.4 at 0, 500 of 500 bytes\n");
    play_piece_written(&play, "x1", EPOCH(1, 4), 0, 0, 500, true, MN_OK);
    play_expect(&play, "start x1 run 2 pid 0\n");
    play_close(&play);
}

static void asks_again_for_a_checkpoint_that_does_not_come(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    struct mn_link chain = {EPOCH(1, 4), mn_name_of("h3")};
    play_start(&play, "x1", 2, EPOCH(1, 4), &chain, 1);
    play_recorded(&play, 2);
    play_at(&play, 1000);
    play_tick(&play);
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up state x1 run 2 starting\n"
                       "copies h3 x1 want 1.4 from 0\n");
    play_close(&play);
}

static void gives_a_start_up_when_a_checkpoint_cannot_be_had(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    struct mn_link chain = {EPOCH(1, 4), mn_name_of("h3")};
    play_start(&play, "x1", 2, EPOCH(1, 4), &chain, 1);
    play_recorded(&play, 2);
    play_skip(&play);
    play_have(&play, 2, "x1", EPOCH(1, 4), MN_NOT_FOUND);
    play_expect(&play,
                "note fetch_failed x1 h3 1.4 MN_NOT_FOUND\n"
                "note vat_exited x1\n"
                "up state x1 run 2 exited: a checkpoint of its chain could not be fetched\n");
    play_close(&play);
}

static void tells_vats_where_their_peers_are_and_asks_again_in_a_new_generation(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_from_vat lookup = {.kind = MN_FROM_VAT_LOOKUP, .run = 1};
    lookup.lookup.peer = mn_name_of("x3");
    play_vat(&play, 'a', &lookup);
    play_expect(&play, "up lookup x3\n");
    struct mn_down address = {.kind = MN_DOWN_ADDRESS};
    address.address.vat = mn_name_of("x3");
    address.address.run = 1;
    address.address.incarnation = 1;
    address.address.host = mn_name_of("h3");
    memcpy(address.address.endpoint.text, "tcp://10.0.0.3:93", 18);
    play_down(&play, &address);
    play_expect(&play, "vat a address x3 run 1 tcp://10.0.0.3:93 key cccc\n");
    play_down(&play, &address);
    play_expect(&play, "");
    play_vat(&play, 'a', &lookup);
    play_expect(&play, "vat a address x3 run 1 tcp://10.0.0.3:93 key cccc\n"
                       "up lookup x3\n");
    address.address.run = 2;
    address.address.host = mn_name_of("h4");
    play_down(&play, &address);
    play_expect(&play, "vat a address x3 run 2 tcp://10.0.0.3:93 key dddd\n");
    play_welcome(&play, 2, false);
    play_recorded(&play, 5);
    play_expect(&play, "note generation\n"
                       "record #5 generation 2\n"
                       "up hello h1 generation 2 round 0 x1 run 1 up tcp://10.0.0.1:91\n"
                       "up lookup x3\n");
    play_close(&play);
}

/* A start waits for the fence of the run before it to be on record, and the process ends by itself
 * meanwhile; then the start of a later decision comes. That run is begun, once. */
static void begins_the_newest_run_once_whatever_waited_before_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_start(&play, "x1", 2, 0, NULL, 0);
    play_exited(&play, "x1", 71, "exit 1");
    play_start(&play, "x1", 3, 0, NULL, 0);
    play_recorded(&play, play.agent->record_sequence);
    play_started(&play, "x1", 72);
    play_recorded(&play, play.agent->record_sequence);
    play_attach(&play, 'b', "x1", 0, 72);
    play_attach(&play, 'b', "x1", 3, 72);
    play_recorded(&play, play.agent->record_sequence);
    assert_non_null(strstr(play.text, "up state x1 run 3 up"));
    play_skip(&play);
    play_start(&play, "x1", 3, 0, NULL, 0); /* said once more: its answer was on its way */
    play_expect(&play, "up state x1 run 3 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_the_newest_run_once_whatever_waited_before_it),
        cmocka_unit_test(starts_a_vat_only_once_its_start_and_then_its_pid_are_durable),
        cmocka_unit_test(puts_the_life_of_its_disk_on_record_when_that_is_welcome),
        cmocka_unit_test(ignores_a_start_that_is_for_another_disk),
        cmocka_unit_test(ignores_a_lower_run_and_answers_the_same_run_with_its_state),
        cmocka_unit_test(says_of_a_run_that_is_over_that_it_is_not_begun),
        cmocka_unit_test(lets_a_lower_run_end_before_the_higher_one_begins),
        cmocka_unit_test(begins_the_higher_run_when_the_lower_one_ended_by_itself_meanwhile),
        cmocka_unit_test(says_why_a_vat_ended),
        cmocka_unit_test(stops_a_vat_on_the_coordinators_word_and_keeps_its_files),
        cmocka_unit_test(kills_what_was_stopped_before_its_pid_was_known),
        cmocka_unit_test(ends_a_process_that_is_not_the_vat),
        cmocka_unit_test(asks_a_connection_it_does_not_know_who_it_is),
        cmocka_unit_test(adopts_its_vats_after_a_restart_and_stops_nobody),
        cmocka_unit_test(says_hello_with_what_ended_while_no_agent_watched),
        cmocka_unit_test(begins_no_run_that_an_earlier_agent_was_given),
        cmocka_unit_test(ends_an_adopted_process_whose_run_was_fenced),
        cmocka_unit_test(fetches_missing_checkpoints_of_the_chain_before_it_starts_the_vat),
        cmocka_unit_test(takes_a_checkpoint_for_a_start_only_from_where_it_was_told),
        cmocka_unit_test(asks_again_for_a_checkpoint_that_does_not_come),
        cmocka_unit_test(gives_a_start_up_when_a_checkpoint_cannot_be_had),
        cmocka_unit_test(tells_vats_where_their_peers_are_and_asks_again_in_a_new_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
