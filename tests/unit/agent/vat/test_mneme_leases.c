/* libmneme with real processes: what a bank shows to the world outside, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/vat/fake_agent.h"

static char statements[4096];

static const char *read_statements(const struct fake_agent *agent)
{
    memset(statements, 0, sizeof statements);
    int fd = open(agent->statements, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        assert_true(read(fd, statements, sizeof statements - 1) >= 0);
        (void)close(fd);
    }
    return statements;
}

/* The time is one of the machine's clock, which a vat has not of its own. */
static void give_lease(struct fake_agent *agent, mn_time from_now)
{
    struct mn_to_vat message = {.kind = MN_TO_VAT_LEASE};
    message.lease.until = mn_time_to_boot(mn_now() + from_now);
    fake_agent_tell(agent, 0, &message);
}

static uint32_t wants;

static bool has_asked(struct fake_agent *agent)
{
    return agent->vats[0].lease_wants >= wants;
}

static bool has_shown(struct fake_agent *agent)
{
    return read_statements(agent)[0] != '\0';
}

/* It asks again and again while it has none, and shows nothing; then it may, until it may no more.
 */
static void a_bank_shows_what_it_has_while_it_has_a_lease(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 0);
    wants = 3;
    assert_true(fake_agent_run(&agent, has_asked));
    assert_string_equal(read_statements(&agent), "");
    give_lease(&agent, 60 * MN_SECOND);
    assert_true(fake_agent_run(&agent, has_shown));
    assert_memory_equal(read_statements(&agent), "a 1 ", 4);
    give_lease(&agent, 0);
    wants = agent.vats[0].lease_wants + 1;
    assert_true(fake_agent_run(&agent, has_asked));
    char before[sizeof statements];
    memcpy(before, read_statements(&agent), sizeof before);
    wants = agent.vats[0].lease_wants + 6;
    assert_true(fake_agent_run(&agent, has_asked));
    assert_string_equal(read_statements(&agent), before);
    fake_agent_close(&agent);
}

/* What is left of a lease is less than a statement may take. */
static void a_lease_that_is_too_short_is_none(void **state)
{
    (void)state;
    static struct fake_agent agent;
    fake_agent_open(&agent);
    fake_agent_start(&agent, 0, 0);
    wants = 1;
    assert_true(fake_agent_run(&agent, has_asked));
    give_lease(&agent, 90 * MN_MS);
    wants = agent.vats[0].lease_wants + 2;
    assert_true(fake_agent_run(&agent, has_asked));
    assert_string_equal(read_statements(&agent), "");
    fake_agent_close(&agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bank_shows_what_it_has_while_it_has_a_lease),
        cmocka_unit_test(a_lease_that_is_too_short_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
