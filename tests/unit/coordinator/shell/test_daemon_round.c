/* A whole round through the daemon: what is on the disk before anybody hears of it, and that a
 * coordinator which dies at its decision carries that decision on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/shell/daemon_place.h"
#include "docs/evidence.h"
#include "docs/file.h"
#include "shell/journal.h"
#include "wire/stored.h"

struct cluster {
    struct daemon_place place;
    struct fake_host hosts[PLACE_HOST_COUNT];
};

static int cluster_make(void **state)
{
    static struct cluster cluster;
    static const char *const names[] = {"h1", "h2", "h3"};
    daemon_place_make(&cluster.place);
    for (int i = 0; i < PLACE_HOST_COUNT; i++) {
        fake_host_open(&cluster.hosts[i], &cluster.place, &cluster.place.hosts[i],
                       cluster.place.agents_port);
        fake_host_answer(&cluster.hosts[i], names[i]);
    }
    *state = &cluster;
    return 0;
}

static int cluster_remove(void **state)
{
    struct cluster *cluster = *state;
    for (int i = 0; i < PLACE_HOST_COUNT; i++) {
        fake_host_close(&cluster->hosts[i]);
    }
    daemon_place_remove(&cluster->place);
    return 0;
}

static void until(struct cluster *cluster, int host, enum mn_down_kind kind, int least)
{
    const int *count = &cluster->hosts[host].counts[kind];
    if (!fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, count, least, PLACE_WAIT_MS)) {
        print_error("host %d got message %d %d times, expected %d\n", host, (int)kind, *count,
                    least);
        daemon_place_give_up(&cluster->place, "a message");
    }
}

static void until_logged(struct cluster *cluster, const char *text)
{
    int ended = 0;
    mn_time end = mn_now() + PLACE_WAIT_MS * MN_MS;
    while (!daemon_place_logged(&cluster->place, text) && mn_now() < end) {
        (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 20);
    }
    daemon_place_until_logged(&cluster->place, text);
}

/* Starts are repeated until they are answered, so it is the run that tells them apart. */
static void until_run(struct cluster *cluster, mn_run run)
{
    int ended = 0;
    mn_time end = mn_now() + PLACE_WAIT_MS * MN_MS;
    while (cluster->hosts[0].run != run) {
        if (mn_now() >= end) {
            daemon_place_give_up(&cluster->place, "a start");
        }
        (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 20);
    }
}

/* Vat x1 runs on h1, and its process ends. */
static void lose_the_vat(struct cluster *cluster)
{
    until_run(cluster, 1);
    fake_host_say(&cluster->hosts[0], MN_VAT_EXITED, 1);
}

/* What the journal says of the decision of round 1. */
static mn_result find_decision(void *context, const struct journal_entry *entry)
{
    struct mn_arena arena = {0};
    struct mn_journal_record record;
    assert_int_equal(mn_journal_record_decode((enum mn_journal_kind)entry->kind, entry->bytes,
                                              entry->size, &arena, &record),
                     MN_OK);
    if (record.kind == MN_JOURNAL_DECISION) {
        assert_int_equal(record.decision.round, 1);
        assert_int_equal(record.decision.start_count, 1);
        *(struct mn_digest *)context = record.decision.evidence_digest;
    }
    mn_arena_deinit(&arena);
    return MN_OK;
}

static void the_evidence_is_what_the_decision_names(const struct daemon_place *place)
{
    char path[128];
    struct journal journal = {0};
    struct mn_digest named = {{0}};
    struct mn_digest found;
    struct mn_text text = {0};
    struct evidence *evidence = NULL;
    (void)snprintf(path, sizeof path, "%s/journal.db", place->data);
    assert_int_equal(journal_open_sqlite(&journal, path, NULL), MN_OK);
    assert_int_equal(journal_read(&journal, 1, find_decision, &named, NULL), MN_OK);
    journal_close(&journal);
    (void)snprintf(path, sizeof path, "%s/rounds/1.evidence.json", place->data);
    assert_int_equal(mn_file_read(path, 1000000, &text, NULL), MN_OK);
    (void)crypto_generichash(found.bytes, sizeof found.bytes, (const unsigned char *)text.bytes,
                             text.size, NULL, 0);
    assert_memory_equal(&named, &found, sizeof named);
    assert_int_equal(evidence_read(text.bytes, text.size, path, &evidence, NULL), MN_OK);
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
}

/* Of a round that is long over. */
static void leave_evidence(const struct daemon_place *place)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/rounds/0.evidence.json", place->data);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void restores_a_lost_vat_and_says_so(void **state)
{
    struct cluster *cluster = *state;
    struct daemon_place *place = &cluster->place;
    char output[8192];
    const char *rounds[] = {"rounds", "--json", NULL};
    const char *explain[] = {"explain", "1", "x1", NULL};
    const char *of_whom[] = {"explain", "1", "q9", NULL};
    daemon_place_ready(place);
    leave_evidence(place);
    lose_the_vat(cluster);
    until_run(cluster, 2);
    until(cluster, 1, MN_DOWN_DECISION, 1);
    until_logged(cluster, "round_done");
    until_logged(cluster, "evidence_removed rounds=1 first=0 last=0 bytes=0");
    the_evidence_is_what_the_decision_names(place);
    assert_int_equal(daemon_place_mneme(place, rounds, output, sizeof output), 0);
    assert_non_null(strstr(output, "{\"round\":1,\"state\":\"done\","));
    assert_non_null(strstr(output, "\"lost_hosts\":[],\"lost_vats\":[\"x1\"],\"revived\":1,"));
    assert_int_equal(daemon_place_mneme(place, explain, output, sizeof output), 0);
    assert_string_equal(
        output, "x1 was lost. It went on from its birth on host h1 as run 2: nothing of it was\n"
                "  forgotten, so no peer can tell. How much of its work that is, is not known.\n");
    assert_int_equal(daemon_place_mneme(place, of_whom, output, sizeof output), 1);
    assert_string_equal(output, "mneme explain: there is no vat q9; there is x1\n");
    daemon_place_stop(place);
}

static void join_state(struct mn_joining *frame, const struct fake_host *host,
                       enum mn_vat_state state)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE, .generation = host->generation};
    struct mn_buffer bytes = {0};
    up.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"), .run = 1, .state = state};
    (void)snprintf(up.vat_state.status.endpoint.text, sizeof up.vat_state.status.endpoint.text,
                   "tcp://127.0.0.1:9");
    assert_int_equal(mn_up_encode(&up, &bytes), MN_OK);
    assert_int_equal(mn_joining_add(frame, &bytes), MN_OK);
    mn_buffer_deinit(&bytes);
}

/* That x1 is up and that it has ended come in one frame; the decision and the start go in one, but
 * not to those who have not said that they read such frames. */
static void takes_and_says_several_words_in_a_frame(void **state)
{
    struct cluster *cluster = *state;
    struct fake_host *host = &cluster->hosts[0];
    struct mn_joining frame = {0};
    size_t size = 0;
    host->joins = true;
    daemon_place_ready(&cluster->place);
    until_run(cluster, 1);
    join_state(&frame, host, MN_VAT_UP);
    join_state(&frame, host, MN_VAT_EXITED);
    const void *bytes = mn_joining_bytes(&frame, &size);
    fake_host_send_bytes(host, bytes, size, NULL, 0);
    host->said = MN_VAT_EXITED;
    until_run(cluster, 2);
    until(cluster, 1, MN_DOWN_DECISION, 1);
    until_logged(cluster, "round_done");
    assert_true(host->together);
    assert_false(daemon_place_logged(&cluster->place, "message_refused"));
    mn_joining_deinit(&frame);
    daemon_place_stop(&cluster->place);
}

/* Alice may approve, and every plan waits for that. */
static void have_plans_approved(const struct daemon_place *place)
{
    struct mn_text text = {0};
    assert_int_equal(mn_file_read(place->topology, 1000000, &text, NULL), MN_OK);
    char *role = strstr(text.bytes, "watch");
    char *policy = strstr(text.bytes, "never");
    FILE *file = fopen(place->topology, "we");
    assert_non_null(policy);
    assert_non_null(role);
    assert_non_null(file);
    *policy = '\0';
    (void)fprintf(file, "%.*sapprove%s{share: 0}}\n", (int)(role - text.bytes), text.bytes,
                  role + strlen("watch"));
    assert_int_equal(fclose(file), 0);
    mn_text_deinit(&text);
}

static void waits_until_an_operator_has_approved_its_plan(void **state)
{
    struct cluster *cluster = *state;
    struct daemon_place *place = &cluster->place;
    char output[8192];
    const char *status[] = {"status", NULL};
    const char *plan[] = {"plan", "1", NULL};
    const char *stale[] = {"approve", "1", "--plan", "0123456789abcdef", "--reason", "so", NULL};
    const char *reject[] = {"reject", "1", "--reason", "wait for the disk", NULL};
    const char *approve[] = {"approve", "1", "--reason", "it is gone", NULL};
    const char *rounds[] = {"rounds", NULL};
    have_plans_approved(place);
    daemon_place_ready(place);
    lose_the_vat(cluster);
    until_logged(cluster, "plan_waits");
    assert_int_equal(daemon_place_mneme(place, plan, output, sizeof output), 2);
    assert_non_null(strstr(output, "round 1: plan\n"
                                   "  restores 1 of 1 vat: 1 revived, 0 rolled back, 0 reset\n"));
    assert_non_null(strstr(output, "x1: revived, on h1\n"));
    assert_non_null(strstr(
        output, "  waits for an operator's approval: it restores more of the fleet than policy\n"
                "    lets pass\n"
                "  an approval binds it to up to 1 restored, 0 rolled back, 0 spared, 0 not\n"
                "    sure, and to reset none\n"
                "  mneme approve 1 --plan "));
    assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 0);
    assert_non_null(strstr(
        output, "  an operator's approval, to restore 1 vat, 0 of them rolled back and 0 reset;\n"
                "    mneme plan 1 shows it, and what to type (round 1)\n"));
    assert_int_equal(daemon_place_mneme(place, stale, output, sizeof output), 1);
    assert_string_equal(output, "mneme approve: the plan is another one by now: look again with "
                                "mneme plan\n");
    assert_int_equal(daemon_place_mneme(place, reject, output, sizeof output), 0);
    assert_string_equal(output, "on record\n");
    assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 0);
    assert_non_null(strstr(output, "  alice rejected the plan: an operator's approval, "));
    assert_int_equal(daemon_place_mneme(place, approve, output, sizeof output), 0);
    until_run(cluster, 2);
    until_logged(cluster, "round_done");
    assert_int_equal(daemon_place_mneme(place, rounds, output, sizeof output), 0);
    assert_non_null(strstr(output, " by alice: wait for the disk\n"));
    assert_non_null(strstr(output, " by alice: it is gone\n"));
    assert_int_equal(daemon_place_mneme(place, plan, output, sizeof output), 0);
    assert_non_null(strstr(output, "round 1: done; it has decided: see mneme rounds\n"));
    daemon_place_stop(place);
}

/* The child of the daemon that has stopped; 0: none has yet. */
static pid_t stopped_child(const struct daemon_place *place)
{
    char path[64];
    char line[256];
    int child = 0;
    char state = ' ';
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", place->pid, place->pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    bool any = fscanf(file, "%d", &child) == 1;
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "/proc/%d/stat", child);
    file = any ? fopen(path, "re") : NULL;
    if (file != NULL && fgets(line, sizeof line, file) != NULL && strrchr(line, ')') != NULL) {
        state = strrchr(line, ')')[2];
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return state == 'T' ? child : 0;
}

/* So long that whoever waits for the plan asks once more. */
enum { PLAN_STOPPED_MS = 3000 };

/* An operator asks for a plan, whose process stops. */
struct asking {
    pid_t asker;
    pid_t child;
    int output; /* what his command prints */
};

static struct asking ask_for_a_plan_that_stops(struct cluster *cluster)
{
    struct daemon_place *place = &cluster->place;
    const char *plan[] = {"plan", "1", NULL};
    char output[8192];
    int ends[2];
    int ended = 0;
    have_plans_approved(place);
    assert_true(daemon_place_start(place, "stop-at=plan", 0));
    lose_the_vat(cluster);
    until_logged(cluster, "plan_waits");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct asking asking = {.asker = fork(), .output = ends[0]};
    if (asking.asker == 0) {
        int code = daemon_place_mneme(place, plan, output, sizeof output);
        ssize_t written = write(ends[1], output, strlen(output));
        _exit(written < 0 ? 127 : code);
    }
    (void)close(ends[1]);
    mn_time until = mn_now() + PLACE_WAIT_MS * MN_MS;
    while (asking.child == 0 && mn_now() < until) {
        (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 20);
        asking.child = stopped_child(place);
    }
    assert_int_not_equal(asking.child, 0);
    return asking;
}

/* His command ends with @code, and says @text. */
static void the_asker_is_told(const struct asking *asking, int code, const char *text)
{
    char output[8192];
    int how = 0;
    assert_int_equal(waitpid(asking->asker, &how, 0), asking->asker);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), code);
    ssize_t size = read(asking->output, output, sizeof output - 1);
    assert_true(size > 0);
    output[size] = '\0';
    assert_non_null(strstr(output, text));
    (void)close(asking->output);
}

static void hears_everybody_while_a_plan_is_made(void **state)
{
    struct cluster *cluster = *state;
    struct daemon_place *place = &cluster->place;
    char output[8192];
    const char *status[] = {"status", NULL};
    int ended = 0;
    const struct asking asking = ask_for_a_plan_that_stops(cluster);
    mn_time until = mn_now() + PLAN_STOPPED_MS * MN_MS;
    while (mn_now() < until) {
        assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 0);
        (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 100);
    }
    assert_int_equal(stopped_child(place), asking.child);
    assert_int_equal(kill(asking.child, SIGCONT), 0);
    the_asker_is_told(&asking, 2, "round 1: plan\n  restores 1 of 1 vat: 1 revived");
    daemon_place_stop(place);
}

static void says_that_the_process_that_made_a_plan_was_ended(void **state)
{
    struct cluster *cluster = *state;
    const struct asking asking = ask_for_a_plan_that_stops(cluster);
    assert_int_equal(kill(asking.child, SIGKILL), 0);
    the_asker_is_told(&asking, 1,
                      "mneme plan: the plan could not be made: its process was ended\n");
    daemon_place_stop(&cluster->place);
}

static void carries_on_a_decision_at_which_it_was_killed(void **state)
{
    struct cluster *cluster = *state;
    struct daemon_place *place = &cluster->place;
    assert_true(daemon_place_start(place, "crash-at=decided", 0));
    lose_the_vat(cluster);
    int ended = 0;
    int status = 0;
    mn_time end = mn_now() + PLACE_WAIT_MS * MN_MS;
    while (waitpid(place->pid, &status, WNOHANG) == 0 && mn_now() < end) {
        (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 20);
    }
    if (!WIFSIGNALED(status)) {
        daemon_place_give_up(place, "its death");
    }
    place->pid = 0;
    assert_int_equal(WTERMSIG(status), SIGKILL);
    the_evidence_is_what_the_decision_names(place);
    (void)fake_hosts_run(cluster->hosts, PLACE_HOST_COUNT, &ended, 1, 100);
    for (int i = 0; i < PLACE_HOST_COUNT; i++) {
        assert_int_equal(cluster->hosts[i].counts[MN_DOWN_DECISION], 0);
        assert_int_not_equal(cluster->hosts[i].run, 2);
    }
    daemon_place_ready(place);
    until_run(cluster, 2);
    assert_int_equal(cluster->hosts[0].generation, 2);
    until(cluster, 1, MN_DOWN_DECISION, 1);
    assert_int_equal(cluster->hosts[1].round, 1);
    until_logged(cluster, "round_done");
    daemon_place_stop(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restores_a_lost_vat_and_says_so, cluster_make,
                                        cluster_remove),
        cmocka_unit_test_setup_teardown(takes_and_says_several_words_in_a_frame, cluster_make,
                                        cluster_remove),
        cmocka_unit_test_setup_teardown(waits_until_an_operator_has_approved_its_plan, cluster_make,
                                        cluster_remove),
        cmocka_unit_test_setup_teardown(says_that_the_process_that_made_a_plan_was_ended,
                                        cluster_make, cluster_remove),
        cmocka_unit_test_setup_teardown(hears_everybody_while_a_plan_is_made, cluster_make,
                                        cluster_remove),
        cmocka_unit_test_setup_teardown(carries_on_a_decision_at_which_it_was_killed, cluster_make,
                                        cluster_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
