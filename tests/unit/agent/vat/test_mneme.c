/* libmneme with real processes: banks that are killed, stopped, frozen and told. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "agent/vat/fake_agent.h"
#include "store/checkpoint_file.h"

/* How many transfers each has to have received, as its newest checkpoint says. */
static uint64_t wanted;

static bool both_received(struct fake_agent *agent)
{
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        struct bank_book book;
        int64_t money = 0;
        if (!fake_agent_book(agent, i, &book, &money) || book.peers[0].received.count < wanted) {
            return false;
        }
    }
    return true;
}

static bool nothing_under_way(struct fake_agent *agent)
{
    struct bank_book a;
    struct bank_book b;
    int64_t money = 0;
    return fake_agent_book(agent, 0, &a, &money) && fake_agent_book(agent, 1, &b, &money) &&
           a.peers[0].sent.count == b.peers[0].received.count &&
           b.peers[0].sent.count == a.peers[0].received.count;
}

static void kill_and_revive(struct fake_agent *agent, int index)
{
    assert_int_equal(kill(agent->vats[index].pid, SIGKILL), 0);
    assert_true(WIFSIGNALED(fake_agent_reap(agent, index)));
    fake_agent_start(agent, index, 0);
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void crashes_lose_nothing_and_repeat_nothing(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 0);
    fake_agent_start(&agent, 1, 0);
    for (int i = 0; i < 6; i++) {
        wanted = 100 * (uint64_t)(i + 1);
        assert_true(fake_agent_run(&agent, both_received));
        kill_and_revive(&agent, i % 2);
    }
    wanted = 800;
    assert_true(fake_agent_run(&agent, both_received));
    touch(agent.stop_file);
    assert_true(fake_agent_run(&agent, nothing_under_way));
    struct bank_book a;
    struct bank_book b;
    int64_t money_a = 0;
    int64_t money_b = 0;
    assert_true(fake_agent_book(&agent, 0, &a, &money_a));
    assert_true(fake_agent_book(&agent, 1, &b, &money_b));
    assert_int_equal(money_a + money_b, 2 * 20 * 1000);
    assert_int_equal(a.peers[0].repeated + a.peers[0].lost, 0);
    assert_int_equal(b.peers[0].repeated + b.peers[0].lost, 0);
    assert_true(a.peers[0].sent.hash == b.peers[0].received.hash);
    assert_true(b.peers[0].sent.hash == a.peers[0].received.hash);
    assert_true(a.pause_ns_median > 0);
    fake_agent_close(&agent);
}

static void an_orderly_end_keeps_the_last_turn(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    agent.interval_ms = 60000;
    fake_agent_start(&agent, 0, 0);
    while (agent.vats[0].endpoint.text[0] == '\0') {
        assert_int_equal(mn_net_run(agent.net, mn_now() + 5 * MN_MS), MN_OK);
    }
    assert_int_equal(agent.vats[0].written_count, 0);
    assert_int_equal(kill(agent.vats[0].pid, SIGTERM), 0);
    int status = fake_agent_reap(&agent, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    while (agent.vats[0].written_count == 0) {
        assert_int_equal(mn_net_run(agent.net, mn_now() + 5 * MN_MS), MN_OK);
    }
    struct bank_book book;
    int64_t money = 0;
    assert_true(fake_agent_book(&agent, 0, &book, &money));
    fake_agent_close(&agent);
}

static bool first_written(struct fake_agent *agent)
{
    return agent->vats[0].written_count > 0;
}

static void flip_a_byte(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    unsigned char byte = 0;
    assert_int_equal(pread(fd, &byte, 1, 300), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 300), 1);
    (void)close(fd);
}

/* Serve until the process of the first vat ends: its exit code, and in @text what it said. */
static int serve_until_exit(struct fake_agent *agent, char *text, size_t size)
{
    int status = 0;
    while (waitpid(agent->vats[0].pid, &status, WNOHANG) == 0) {
        assert_int_equal(mn_net_run(agent->net, mn_now() + 5 * MN_MS), MN_OK);
    }
    agent->vats[0].pid = 0;
    assert_true(WIFEXITED(status));
    int fd = open(agent->vats[0].log, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, size - 1) > 0);
    (void)close(fd);
    return WEXITSTATUS(status);
}

static void a_damaged_checkpoint_is_named_and_ends_with_three(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 0);
    assert_true(fake_agent_run(&agent, first_written));
    assert_int_equal(kill(agent.vats[0].pid, SIGKILL), 0);
    (void)fake_agent_reap(&agent, 0);
    char path[MN_PATH_SIZE_MAX];
    assert_int_equal(
        mn_checkpoint_path_into(path, agent.vats[0].store, agent.vats[0].written[0].epoch), MN_OK);
    flip_a_byte(path);
    fake_agent_start(&agent, 0, 0);
    char text[1024] = "";
    assert_int_equal(serve_until_exit(&agent, text, sizeof text), 3);
    assert_non_null(strstr(text, path));
    fake_agent_close(&agent);
}

static void a_process_that_the_agent_refuses_says_why_and_ends_at_once(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    agent.refusal = "its command must not fork";
    mn_time began = mn_now();
    fake_agent_start(&agent, 0, 0);
    char text[1024] = "";
    assert_int_equal(serve_until_exit(&agent, text, sizeof text), 1);
    assert_non_null(strstr(text, "its command must not fork"));
    assert_true(mn_now() - began < 20 * MN_SECOND);
    fake_agent_close(&agent);
}

static bool both_attached(struct fake_agent *agent)
{
    return agent->vats[0].endpoint.text[0] != '\0' && agent->vats[1].endpoint.text[0] != '\0';
}

static bool first_answered(struct fake_agent *agent)
{
    return agent->vats[0].intervals > 0;
}

static bool first_handled(struct fake_agent *agent)
{
    return agent->vats[0].handled == 7;
}

static void a_frozen_vat_answers_and_a_told_one_handles(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 0);
    fake_agent_start(&agent, 1, 0);
    assert_true(fake_agent_run(&agent, both_attached));
    struct mn_vat_run suspect = {.vat = mn_name_of("b"), .run = 1};
    struct mn_to_vat freeze = {
        .kind = MN_TO_VAT_FREEZE,
        .freeze = {.round = 7, .attempt = 1, .suspects = &suspect, .suspect_count = 1}};
    fake_agent_tell(&agent, 0, &freeze);
    assert_true(fake_agent_run(&agent, first_answered));
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = 1};
    struct mn_to_vat round = {.kind = MN_TO_VAT_ROUND,
                              .round = {.round = 7, .notices = &notice, .notice_count = 1}};
    fake_agent_tell(&agent, 0, &round);
    assert_true(fake_agent_run(&agent, first_handled));
    fake_agent_close(&agent);
}

static bool first_troubled(struct fake_agent *agent)
{
    return agent->vats[0].troubles > 1;
}

static void a_full_disk_is_told_with_the_file_and_tried_again(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 500);
    assert_true(fake_agent_run(&agent, first_troubled));
    assert_non_null(strstr(agent.vats[0].trouble, agent.vats[0].store));
    assert_int_equal(agent.vats[0].written_count, 0);
    fake_agent_close(&agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crashes_lose_nothing_and_repeat_nothing),
        cmocka_unit_test(an_orderly_end_keeps_the_last_turn),
        cmocka_unit_test(a_damaged_checkpoint_is_named_and_ends_with_three),
        cmocka_unit_test(a_process_that_the_agent_refuses_says_why_and_ends_at_once),
        cmocka_unit_test(a_frozen_vat_answers_and_a_told_one_handles),
        cmocka_unit_test(a_full_disk_is_told_with_the_file_and_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
