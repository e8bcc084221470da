/* Generations of which somebody tells that can hardly be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keeping_stage.h"
#include "wire/control.h"

static const uint64_t three[] = {1, 1, 2, 0};

static struct keeping_facts facts_of(const struct stage *stage)
{
    struct keeping_facts facts;
    keeping_facts(stage->keeping, &facts);
    return facts;
}

/* A host's word uses up no more of them than there are for many such words. */
static void goes_only_so_far_on_what_it_hears(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_up hello = {.generation = MN_GENERATION_MAX, .kind = MN_UP_HELLO};
    hello.hello.host = mn_name_of("h7");
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    uint64_t before = facts_of(&stage).generation;
    stage_up(&stage, 7, &hello);
    uint64_t after = facts_of(&stage).generation;
    assert_true(after > before);
    assert_true(after - before < MN_GENERATION_MAX / 1000000);
    stage_close(&stage);
}

static void goes_above_what_an_honest_host_has_heard_of(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_up hello = {.generation = 31000000, .kind = MN_UP_HELLO};
    hello.hello.host = mn_name_of("h7");
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_up(&stage, 7, &hello);
    assert_int_equal(facts_of(&stage).generation, 31000001);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_only_so_far_on_what_it_hears),
        cmocka_unit_test(goes_above_what_an_honest_host_has_heard_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
