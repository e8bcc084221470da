/* The detector, told as stories. Six hosts in three racks, heartbeat 50 ms, stale after 150 ms,
 * suspect after 200 ms, lost after 500 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/detector.h"

static const uint32_t three_racks[] = {0, 0, 1, 1, 2, 2};

struct story {
    struct detector *detector;
    struct detector_findings findings;
    char text[1024]; /* what was found, written down */
    mn_time now;
};

static void story_begin(struct story *story, const uint32_t *domains, uint32_t host_count)
{
    *story = (struct story){0};
    struct detector_config config = {.host_count = host_count,
                                     .domains = domains,
                                     .heartbeat = 50 * MN_MS,
                                     .stale = 150 * MN_MS,
                                     .suspect = 200 * MN_MS,
                                     .lost = 500 * MN_MS};
    assert_int_equal(detector_new(&story->detector, &config, 0), MN_OK);
}

static void story_end(struct story *story)
{
    detector_findings_deinit(&story->findings);
    detector_destroy(&story->detector);
}

/* Write down what was found, and forget it. Hosts are written as h1, h2, ... */
static void story_note(struct story *story)
{
    for (size_t i = 0; i < story->findings.count; i++) {
        const struct detector_finding *finding = &story->findings.items[i];
        size_t length = strlen(story->text);
        char *end = story->text + length;
        size_t room = sizeof story->text - length;
        switch (finding->kind) {
        case DETECTOR_FOUND_STATE:
            (void)snprintf(end, room, "h%u %s; ", finding->host + 1,
                           detector_state_name(finding->state));
            break;
        case DETECTOR_FOUND_PROBE:
            (void)snprintf(end, room, "h%u probes h%u (%u); ", finding->witness + 1,
                           finding->host + 1, (unsigned)finding->probe);
            break;
        case DETECTOR_FOUND_ALIVE:
            (void)snprintf(end, room, "h%u alive; ", finding->host + 1);
            break;
        case DETECTOR_FOUND_HOLD:
            (void)snprintf(end, room, "hold %u; ", finding->host);
            break;
        }
    }
    story->findings.count = 0;
    detector_invariant(story->detector);
}

/* Heartbeats every 50 ms until @ms, from every host of @count but those in @silent (bits). */
static void story_run(struct story *story, int64_t ms, uint32_t count, unsigned silent)
{
    while (story->now < ms * MN_MS) {
        story->now += 50 * MN_MS;
        for (uint32_t host = 0; host < count; host++) {
            if ((silent >> host & 1U) == 0) {
                assert_int_equal(
                    detector_heard(story->detector, story->now, host, &story->findings), MN_OK);
            }
        }
        assert_int_equal(detector_tick(story->detector, story->now, &story->findings), MN_OK);
        story_note(story);
    }
}

static void story_answer(struct story *story, uint64_t probe, uint32_t witness,
                         enum mn_probe_answer answer)
{
    enum mn_probe_answer answers[] = {answer, answer};
    assert_int_equal(
        detector_probed(story->detector, story->now, probe, witness, answers, 2, &story->findings),
        MN_OK);
    story_note(story);
}

static void a_silent_host_is_lost_at_once_when_two_witnesses_find_its_ports_closed(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    assert_string_equal(story.text, "");
    story_run(&story, 800, 6, 1U << 2);
    assert_string_equal(story.text, "h3 stale; h3 suspect; h5 probes h3 (1); h1 probes h3 (1); ");
    story.text[0] = '\0';
    story_answer(&story, 1, 4, MN_PROBE_CLOSED);
    assert_string_equal(story.text, "");
    story_answer(&story, 1, 0, MN_PROBE_CLOSED);
    assert_string_equal(story.text, "h3 lost; ");
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_LOST);
    story_end(&story);
}

static void a_host_whose_ports_answer_nothing_is_lost_only_after_the_lost_time(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story_run(&story, 800, 6, 1U << 2);
    story.text[0] = '\0';
    story_answer(&story, 1, 4, MN_PROBE_SILENT);
    story_answer(&story, 1, 0, MN_PROBE_SILENT);
    assert_string_equal(story.text, "");
    story_run(&story, 850, 6, 1U << 2);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_SUSPECT);
    story_run(&story, 1000, 6, 1U << 2);
    story_answer(&story, 2, 4, MN_PROBE_SILENT);
    story_answer(&story, 2, 0, MN_PROBE_SILENT);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_SUSPECT);
    story_run(&story, 1150, 6, 1U << 2);
    story_answer(&story, 3, 4, MN_PROBE_SILENT);
    story_answer(&story, 3, 0, MN_PROBE_SILENT);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_LOST);
    story_end(&story);
}

/* Witnesses wait for two heartbeats, and their words take a while. */
static void a_word_that_comes_two_heartbeats_after_the_probe_still_counts(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story_run(&story, 900, 6, 1U << 2);
    story_answer(&story, 1, 4, MN_PROBE_CLOSED);
    story_answer(&story, 1, 0, MN_PROBE_CLOSED);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_LOST);
    story_end(&story);
}

static void an_open_port_means_that_only_the_agent_is_silent(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story_run(&story, 800, 6, 1U << 2);
    story.text[0] = '\0';
    story_answer(&story, 1, 4, MN_PROBE_CLOSED);
    assert_false(detector_agent_only(story.detector, 2));
    story_answer(&story, 1, 0, MN_PROBE_OPEN);
    assert_string_equal(story.text, "h3 alive; ");
    story_run(&story, 3000, 6, 1U << 2);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_SUSPECT);
    assert_true(detector_agent_only(story.detector, 2));
    story_run(&story, 3050, 6, 0);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_UP);
    assert_false(detector_agent_only(story.detector, 2));
    story_end(&story);
}

static void answers_to_an_older_probe_or_from_others_convict_nobody(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story_run(&story, 950, 6, 1U << 2);
    story_answer(&story, 1, 4, MN_PROBE_CLOSED); /* 2 is the newest by now */
    story_answer(&story, 1, 0, MN_PROBE_CLOSED);
    story_answer(&story, 2, 3, MN_PROBE_CLOSED); /* was not asked */
    story_answer(&story, 2, 4, MN_PROBE_CLOSED);
    story_answer(&story, 2, 4, MN_PROBE_CLOSED); /* one witness twice is one witness */
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_SUSPECT);
    story_end(&story);
}

static void most_hosts_silent_at_once_is_a_hold_and_no_loss(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story_run(&story, 800, 6, 0x1F);
    assert_non_null(strstr(story.text, "hold 5; "));
    assert_null(strstr(story.text, "suspect"));
    for (uint32_t host = 0; host < 6; host++) {
        assert_int_equal(detector_host_state(story.detector, host), DETECTOR_UP);
    }
    story_end(&story);
}

static void an_own_pause_begins_every_silence_anew(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 600, 6, 0);
    story.now += 5000 * MN_MS;
    assert_int_equal(detector_tick(story.detector, story.now, &story.findings), MN_OK);
    story_note(&story);
    assert_string_equal(story.text, "hold 0; ");
    assert_int_equal(detector_silence(story.detector, story.now, 2), 0);
    story_end(&story);
}

static void a_new_coordinator_listens_for_the_lost_time_before_any_verdict(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    story_run(&story, 200, 6, 1U << 2);
    story_answer(&story, 1, 4, MN_PROBE_CLOSED);
    story_answer(&story, 1, 0, MN_PROBE_CLOSED);
    assert_int_equal(detector_host_state(story.detector, 2), DETECTOR_SUSPECT);
    story_end(&story);
}

static void a_lost_host_that_is_heard_is_up_again(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, three_racks, 6);
    detector_set_lost(story.detector, 2);
    story_run(&story, 600, 6, 1U << 2);
    assert_string_equal(story.text, "");
    story_run(&story, 650, 6, 0);
    assert_string_equal(story.text, "h3 up; ");
    story_end(&story);
}

static void without_other_domains_neighbours_are_the_witnesses(void **state)
{
    (void)state;
    static const uint32_t one_rack[] = {7, 7, 7};
    struct story story;
    story_begin(&story, one_rack, 3);
    story_run(&story, 600, 3, 0);
    story_run(&story, 800, 3, 1U << 1);
    assert_string_equal(story.text, "h2 stale; h2 suspect; h3 probes h2 (1); h1 probes h2 (1); ");
    story_end(&story);
}

static void the_last_host_of_all_is_never_judged_alone(void **state)
{
    (void)state;
    static const uint32_t alone[] = {DETECTOR_DOMAIN_NONE};
    struct story story;
    story_begin(&story, alone, 1);
    story_run(&story, 3000, 1, 1U);
    assert_int_equal(detector_host_state(story.detector, 0), DETECTOR_UP);
    assert_non_null(strstr(story.text, "hold 1; "));
    story_end(&story);
}

static void times_out_of_order_are_refused(void **state)
{
    (void)state;
    struct detector *detector = NULL;
    struct detector_config config = {.host_count = 6,
                                     .domains = three_racks,
                                     .heartbeat = 1,
                                     .stale = 5,
                                     .suspect = 5,
                                     .lost = 9};
    assert_int_equal(detector_new(&detector, &config, 0), MN_BAD_INPUT);
    config.suspect = 6;
    config.host_count = 0;
    assert_int_equal(detector_new(&detector, &config, 0), MN_BAD_INPUT);
    assert_null(detector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_host_is_lost_at_once_when_two_witnesses_find_its_ports_closed),
        cmocka_unit_test(a_host_whose_ports_answer_nothing_is_lost_only_after_the_lost_time),
        cmocka_unit_test(an_open_port_means_that_only_the_agent_is_silent),
        cmocka_unit_test(a_word_that_comes_two_heartbeats_after_the_probe_still_counts),
        cmocka_unit_test(answers_to_an_older_probe_or_from_others_convict_nobody),
        cmocka_unit_test(most_hosts_silent_at_once_is_a_hold_and_no_loss),
        cmocka_unit_test(an_own_pause_begins_every_silence_anew),
        cmocka_unit_test(a_new_coordinator_listens_for_the_lost_time_before_any_verdict),
        cmocka_unit_test(a_lost_host_that_is_heard_is_up_again),
        cmocka_unit_test(without_other_domains_neighbours_are_the_witnesses),
        cmocka_unit_test(the_last_host_of_all_is_never_judged_alone),
        cmocka_unit_test(times_out_of_order_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
