/* The coordinator's daemon as a real process: who is heard, what is refused, what is not promised
 * before it is durable, and with which words it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/shell/daemon_place.h"
#include "shell/journal.h"
#include "wire/stored.h"

static int place_make(void **state)
{
    static struct daemon_place place;
    daemon_place_make(&place);
    *state = &place;
    return 0;
}

static int place_remove(void **state)
{
    daemon_place_remove(*state);
    return 0;
}

/* It could not start: this status, and one line with all of these texts. */
static void ends_with(struct daemon_place *place, int expected, const char *first,
                      const char *second)
{
    assert_true(daemon_place_start(place, NULL, 0));
    int status = daemon_place_wait(place);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
    assert_true(daemon_place_logged(place, first));
    assert_true(daemon_place_logged(place, second));
    struct stat facts;
    assert_int_equal(stat(place->log, &facts), 0);
    char line[2048] = "";
    int fd = open(place->log, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, line, sizeof line - 1) == facts.st_size);
    (void)close(fd);
    assert_non_null(strchr(line, '\n'));
    assert_ptr_equal(strchr(line, '\n'), line + facts.st_size - 1);
}

static void welcomes_with_generation_1_and_with_2_after_a_restart(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    daemon_place_ready(place);
    fake_host_be_welcome(&host, "h1");
    assert_int_equal(host.generation, 1);
    daemon_place_stop(place);
    daemon_place_ready(place);
    fake_host_be_welcome(&host, "h1");
    assert_int_equal(host.generation, 2);
    fake_host_close(&host);
    daemon_place_stop(place);
}

static void drops_and_logs_what_it_cannot_read_and_the_connection_lives_on(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    struct mn_buffer buffer = {0};
    struct mn_up message = {.kind = MN_UP_HEARTBEAT};
    daemon_place_ready(place);
    fake_host_open(&host, place, &place->hosts[1], place->agents_port);
    fake_host_send_bytes(&host, "\x01\x02garbage", 9, NULL, 0);
    daemon_place_until_logged(place, "message_refused sender=h2 code=MN_BAD_INPUT");
    fake_host_send_bytes(&host, "two", 3, "frames", 6);
    assert_int_equal(mn_up_encode(&message, &buffer), MN_OK);
    assert_memory_equal(buffer.bytes, "\x08\x01", 2); /* the version, first of all */
    buffer.bytes[1] = 99;
    fake_host_send_bytes(&host, buffer.bytes, buffer.size, NULL, 0);
    struct mn_up beat = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.untaken = 40000, .room = 25536}};
    fake_host_send(&host, &beat);
    fake_host_be_welcome(&host, "h2");
    mn_buffer_deinit(&buffer);
    char output[8192];
    const char *words[] = {"status", "--json", NULL};
    assert_int_equal(daemon_place_mneme(place, words, output, sizeof output), 0);
    assert_non_null(strstr(output, "\"host\":\"h2\""));
    assert_non_null(strstr(output, "\"refused\":3"));
    assert_non_null(strstr(output, "\"untaken\":40000,\"room\":25536"));
    fake_host_close(&host);
    daemon_place_stop(place);
}

/* A client that keeps none of our rules, but has a host's key. */
static void *raw_open(void *context, const struct daemon_place *place, const struct mn_keys *keys)
{
    char endpoint[64];
    int linger = 0;
    void *raw = zmq_socket(context, ZMQ_DEALER);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", place->agents_port);
    assert_int_equal(zmq_setsockopt(raw, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_setsockopt(raw, ZMQ_CURVE_SERVERKEY, place->coordinator.public_key, 40),
                     0);
    assert_int_equal(zmq_setsockopt(raw, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40), 0);
    assert_int_equal(zmq_setsockopt(raw, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40), 0);
    assert_int_equal(zmq_connect(raw, endpoint), 0);
    return raw;
}

static void drops_what_is_too_large_and_the_connection_lives_on(void **state)
{
    struct daemon_place *place = *state;
    struct mn_buffer hello = {0};
    struct mn_up message = {.kind = MN_UP_HELLO};
    char *large = calloc(1, MN_MESSAGE_SIZE_MAX + 1);
    assert_non_null(large);
    daemon_place_ready(place);
    message.hello.host = mn_name_of("h2");
    (void)snprintf(message.hello.agent.text, sizeof message.hello.agent.text, "tcp://127.0.0.1:9");
    assert_int_equal(mn_up_encode(&message, &hello), MN_OK);
    void *context = zmq_ctx_new();
    void *raw = raw_open(context, place, &place->hosts[1]);
    assert_int_equal(zmq_send(raw, large, MN_MESSAGE_SIZE_MAX + 1, 0), MN_MESSAGE_SIZE_MAX + 1);
    assert_int_equal(zmq_send(raw, hello.bytes, hello.size, 0), (int)hello.size);
    zmq_pollitem_t item = {.socket = raw, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, PLACE_WAIT_MS), 1); /* the welcome */
    assert_true(daemon_place_logged(place, "message_refused sender=h2 code=MN_TOO_LARGE"));
    assert_int_equal(zmq_close(raw), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
    mn_buffer_deinit(&hello);
    free(large);
    daemon_place_stop(place);
}

static void lets_a_host_speak_for_itself_only(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    daemon_place_ready(place);
    fake_host_open(&host, place, &place->hosts[1], place->agents_port);
    mn_time end = mn_now() + PLACE_WAIT_MS * MN_MS;
    while (!daemon_place_logged(place, "WARNING said_too_much host=h2") && mn_now() < end) {
        fake_host_hello(&host, "h1"); /* not heard before the generation is in force */
        (void)fake_host_run(&host, &host.counts[MN_DOWN_WELCOME], 1, 50);
    }
    daemon_place_until_logged(place, "WARNING said_too_much host=h2");
    assert_int_equal(host.counts[MN_DOWN_WELCOME], 0);
    fake_host_be_welcome(&host, "h2");
    fake_host_close(&host);
    daemon_place_stop(place);
}

/* A connection that was refused already takes nothing. */
static void say_hello_unless_refused(struct fake_host *host)
{
    struct mn_buffer buffer = {0};
    struct mn_up message = {.kind = MN_UP_HELLO};
    message.hello.host = mn_name_of("h1");
    (void)snprintf(message.hello.agent.text, sizeof message.hello.agent.text, "tcp://127.0.0.1:9");
    assert_int_equal(mn_up_encode(&message, &buffer), MN_OK);
    mn_result result = mn_send(host->socket, NULL, buffer.bytes, buffer.size, NULL, 0);
    assert_true(result == MN_OK || result == MN_AGAIN);
    mn_buffer_deinit(&buffer);
}

static void gives_no_connection_to_a_key_that_is_not_meant(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host stranger;
    struct fake_host wrong_door;
    struct fake_host host;
    daemon_place_ready(place);
    fake_host_open(&stranger, place, &place->stranger, place->agents_port);
    fake_host_open(&wrong_door, place, &place->operator, place->agents_port);
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    say_hello_unless_refused(&stranger);
    say_hello_unless_refused(&wrong_door);
    fake_host_be_welcome(&host, "h1");
    assert_false(fake_host_run(&stranger, &stranger.counts[MN_DOWN_WELCOME], 1, 200));
    assert_false(fake_host_run(&wrong_door, &wrong_door.counts[MN_DOWN_WELCOME], 1, 200));
    fake_host_close(&stranger);
    fake_host_close(&wrong_door);
    fake_host_close(&host);
    daemon_place_stop(place);
}

static void says_that_its_port_is_in_use_and_leaves_the_journal_to_the_other(void **state)
{
    struct daemon_place *place = *state;
    struct daemon_place second = *place;
    struct fake_host host;
    daemon_place_ready(place);
    (void)snprintf(second.log, sizeof second.log, "%s/log2", place->directory);
    ends_with(&second, 1, "cannot listen at tcp://127.0.0.1:", "another process listens there");
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    fake_host_be_welcome(&host, "h1");
    assert_int_equal(host.generation, 1);
    fake_host_close(&host);
    daemon_place_stop(place);
}

static void says_that_its_directory_cannot_be_used(void **state)
{
    struct daemon_place *place = *state;
    (void)snprintf(place->data, sizeof place->data, "/proc/none");
    ends_with(place, 1, "cannot use the data directory /proc/none", "No such file or directory");
}

static void says_that_its_key_is_not_the_coordinators(void **state)
{
    struct daemon_place *place = *state;
    memcpy(place->coordinator_key, place->stranger_key, sizeof place->coordinator_key);
    ends_with(place, 1, "is not the coordinator's key: its public key is ",
              place->stranger.public_key);
}

static void says_where_the_topology_is_wrong_and_ends_with_2(void **state)
{
    struct daemon_place *place = *state;
    FILE *file = fopen(place->topology, "ae");
    assert_non_null(file);
    assert_true(fputs("colour: red\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    ends_with(place, 2, "topology.yaml:14:1: ", "expected");
}

static void says_that_the_journal_is_damaged(void **state)
{
    struct daemon_place *place = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/journal.db", place->data);
    assert_int_equal(mkdir(place->data, 0700), 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("this is no database at all, however long one looks at it", file) >= 0);
    assert_int_equal(fclose(file), 0);
    ends_with(place, 1, "journal.db", "restore a backup");
}

static void refuses_a_rehearsal_that_there_is_not(void **state)
{
    struct daemon_place *place = *state;
    assert_true(daemon_place_start(place, "crash-at=lunch", 0));
    int status = daemon_place_wait(place);
    assert_int_equal(WEXITSTATUS(status), 2);
    assert_true(daemon_place_logged(place, "MNEME_REHEARSE=crash-at=lunch"));
    assert_true(daemon_place_logged(place, "known: crash-at=decided"));
}

/* h2 and h3 are there, so that a vat of h1 may be started for the first time. */
static void others_come(struct daemon_place *place, struct fake_host others[2])
{
    static const char *const names[] = {"h2", "h3"};
    for (size_t i = 0; i < 2; i++) {
        fake_host_open(&others[i], place, &place->hosts[i + 1], place->agents_port);
        fake_host_be_welcome(&others[i], names[i]);
    }
}

static void others_go(struct fake_host others[2])
{
    fake_host_close(&others[0]);
    fake_host_close(&others[1]);
}

/* Whoever appended meanwhile leads. */
static void ends_when_another_has_appended_to_its_journal(void **state)
{
    struct daemon_place *place = *state;
    struct journal journal = {0};
    struct fake_host host;
    struct fake_host others[2];
    uint64_t sequence = 0;
    uint64_t generation = 0;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/journal.db", place->data);
    daemon_place_ready(place);
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    others_come(place, others);
    assert_int_equal(journal_open_sqlite(&journal, path, NULL), MN_OK);
    assert_int_equal(journal_newest(&journal, &sequence, &generation, NULL), MN_OK);
    struct journal_entry entry = {
        .sequence = sequence + 1, .generation = generation + 1, .kind = MN_JOURNAL_GENERATION};
    assert_int_equal(journal_append(&journal, &entry, 1, NULL), MN_OK);
    struct journal_entry stale = {
        .sequence = sequence + 2, .generation = generation, .kind = MN_JOURNAL_GENERATION};
    assert_int_equal(journal_append(&journal, &stale, 1, NULL), MN_STALE);
    journal_close(&journal);
    fake_host_hello(&host, "h1"); /* its vat is to be started: a record */
    int status = daemon_place_wait(place);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_int_equal(host.counts[MN_DOWN_START], 0);
    assert_true(daemon_place_logged(place, "is overtaken; another coordinator uses this journal"));
    fake_host_close(&host);
    others_go(others);
}

static void fill(const char *path)
{
    static const char block[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0) {
    }
    (void)close(fd);
}

static void promises_nothing_while_the_disk_is_full_and_goes_on_afterwards(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    struct fake_host others[2];
    char filler[192];
    if (!daemon_place_start(place, NULL, 1024 * 1024)) {
        skip(); /* no file system of our own without the right to mount one */
    }
    (void)snprintf(filler, sizeof filler, "/proc/%d/root%s/filler", (int)place->pid, place->data);
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    others_come(place, others);
    fill(filler);
    fake_host_hello(&host, "h1"); /* its vat never ran: the first run is a record */
    daemon_place_until_logged(place, "ERROR record_not_written sequence=");
    assert_true(daemon_place_logged(place, "free space on its disk"));
    assert_false(fake_host_run(&host, &host.counts[MN_DOWN_START], 1, 300));
    assert_int_equal(unlink(filler), 0);
    fake_host_until(&host, MN_DOWN_START, 1);
    fake_host_close(&host);
    others_go(others);
    daemon_place_stop(place);
}

static void ends_in_time_while_the_disk_is_full(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    struct fake_host others[2];
    char filler[192];
    if (!daemon_place_start(place, NULL, 1024 * 1024)) {
        skip();
    }
    (void)snprintf(filler, sizeof filler, "/proc/%d/root%s/filler", (int)place->pid, place->data);
    fake_host_open(&host, place, &place->hosts[0], place->agents_port);
    others_come(place, others);
    fill(filler);
    fake_host_hello(&host, "h1");
    daemon_place_until_logged(place, "ERROR record_not_written sequence=");
    fake_host_close(&host);
    others_go(others);
    daemon_place_stop(place);
}

static void answers_operators_in_json_and_in_words(void **state)
{
    struct daemon_place *place = *state;
    char output[8192];
    const char *status[] = {"status", NULL};
    const char *rounds[] = {"rounds", "--json", NULL};
    const char *explain[] = {"explain", "7", "x1", NULL};
    daemon_place_ready(place);
    assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 0);
    assert_non_null(strstr(output, "generation 1; ledger: "));
    assert_non_null(strstr(output, "  h3    unknown, no hello yet"));
    assert_int_equal(daemon_place_mneme(place, rounds, output, sizeof output), 0);
    assert_string_equal(
        output, "{\"rounds\":[],\"older_left_out\":0,\"forgotten\":false,\"recalls\":[]}\n");
    assert_int_equal(daemon_place_mneme(place, explain, output, sizeof output), 1);
    assert_string_equal(output, "mneme explain: there is no round 7; there has been none yet\n");
    const char *plan[] = {"plan", "7", NULL};
    const char *approve[] = {"approve", "7", "--reason", "it burned", NULL};
    const char *reasonless[] = {"approve", "7", NULL};
    const char *which[] = {"plan", NULL};
    assert_int_equal(daemon_place_mneme(place, plan, output, sizeof output), 1);
    assert_string_equal(output, "mneme plan: there is no round 7; there has been none yet\n");
    assert_int_equal(daemon_place_mneme(place, which, output, sizeof output), 1);
    assert_int_equal(daemon_place_mneme(place, reasonless, output, sizeof output), 2);
    assert_string_equal(output, "mneme approve: no reason given: expected --reason TEXT\n");
    assert_int_equal(daemon_place_mneme(place, approve, output, sizeof output), 1);
    assert_string_equal(output,
                        "mneme approve: alice may not do that: it takes the role approve\n");
    daemon_place_stop(place);
}

static void whoever_may_only_watch_accepts_nothing_unknown(void **state)
{
    struct daemon_place *place = *state;
    char output[4096];
    const char *words[] = {"recall", "--accept-unknown", "--reason", "gone", NULL};
    const char *without[] = {"recall", "--reason", "gone", NULL};
    const char *keepers[] = {"keepers", NULL};
    const char *replace[] = {"keepers", "replace", "h1", "h2", "--reason", "gone", NULL};
    const char *alone[] = {"keepers", "replace", "h1", "--reason", "gone", NULL};
    daemon_place_ready(place);
    assert_int_equal(daemon_place_mneme(place, keepers, output, sizeof output), 0);
    assert_non_null(strstr(output, "there are no keepers: nobody else remembers the journal"));
    assert_int_equal(daemon_place_mneme(place, replace, output, sizeof output), 1);
    assert_string_equal(
        output, "mneme keepers replace: alice may not do that: it takes the role approve\n");
    assert_int_equal(daemon_place_mneme(place, alone, output, sizeof output), 2);
    assert_int_equal(daemon_place_mneme(place, words, output, sizeof output), 1);
    assert_non_null(strstr(output, "it takes the role approve"));
    assert_int_equal(daemon_place_mneme(place, without, output, sizeof output), 2);
    assert_non_null(strstr(output, "expected --accept-unknown"));
    daemon_place_stop(place);
}

static void drops_what_is_no_request_and_the_operator_is_answered_still(void **state)
{
    struct daemon_place *place = *state;
    struct fake_host host;
    char output[8192];
    const char *rounds[] = {"rounds", NULL};
    daemon_place_ready(place);
    fake_host_open(&host, place, &place->operator, place->operators_port);
    fake_host_send_bytes(&host, "what is up?", 11, NULL, 0);
    daemon_place_until_logged(place, "message_refused sender=alice code=MN_BAD_INPUT");
    assert_int_equal(daemon_place_mneme(place, rounds, output, sizeof output), 0);
    assert_string_equal(output, "no round yet: nothing was ever lost\n");
    fake_host_close(&host);
    daemon_place_stop(place);
}

static void the_command_says_that_nobody_is_there(void **state)
{
    struct daemon_place *place = *state;
    char output[1024];
    const char *status[] = {"status", NULL};
    assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 1);
    assert_non_null(strstr(output, "mneme status: the coordinator at tcp://127.0.0.1:"));
    assert_non_null(
        strstr(output, " cannot be reached: no answer within 5 s; see whether it runs"));
}

static void the_command_says_that_its_key_is_no_operators(void **state)
{
    struct daemon_place *place = *state;
    char output[1024];
    const char *status[] = {"status", NULL};
    memcpy(place->operator_key, place->stranger_key, sizeof place->operator_key);
    assert_int_equal(daemon_place_mneme(place, status, output, sizeof output), 1);
    assert_non_null(strstr(output, "is no operator's key"));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(welcomes_with_generation_1_and_with_2_after_a_restart),
        STORY(drops_and_logs_what_it_cannot_read_and_the_connection_lives_on),
        STORY(drops_what_is_too_large_and_the_connection_lives_on),
        STORY(lets_a_host_speak_for_itself_only),
        STORY(gives_no_connection_to_a_key_that_is_not_meant),
        STORY(says_that_its_port_is_in_use_and_leaves_the_journal_to_the_other),
        STORY(says_that_its_directory_cannot_be_used),
        STORY(says_that_its_key_is_not_the_coordinators),
        STORY(says_where_the_topology_is_wrong_and_ends_with_2),
        STORY(says_that_the_journal_is_damaged),
        STORY(refuses_a_rehearsal_that_there_is_not),
        STORY(ends_when_another_has_appended_to_its_journal),
        STORY(promises_nothing_while_the_disk_is_full_and_goes_on_afterwards),
        STORY(ends_in_time_while_the_disk_is_full),
        STORY(answers_operators_in_json_and_in_words),
        STORY(whoever_may_only_watch_accepts_nothing_unknown),
        STORY(drops_what_is_no_request_and_the_operator_is_answered_still),
        STORY(the_command_says_that_nobody_is_there),
        STORY(the_command_says_that_its_key_is_no_operators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
