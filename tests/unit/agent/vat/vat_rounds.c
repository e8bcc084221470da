/* See vat_rounds.h. */
#include "agent/vat/vat_rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void world_of_two(struct world *world)
{
    world_init(world, 1);
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    world_start(world, 1, 0, MN_RUNNING);
    world->auto_durable = true;
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    assert_int_equal(world_send(world, 1, 0, 1), 1);
    world_run(world, 1500);
    assert_int_equal(world_got(world, 1, 0), 1);
    assert_int_equal(world_got(world, 0, 1), 1);
    world_clear_logs(world);
}

void world_freeze(struct world *world, int vat, const char *suspect, mn_run run, uint64_t round)
{
    struct mn_vat_run suspects = {.vat = mn_name_of(suspect), .run = run};
    struct mn_to_vat message = {
        .kind = MN_TO_VAT_FREEZE,
        .freeze = {.round = round, .attempt = 1, .suspects = &suspects, .suspect_count = 1}};
    world_tell(world, vat, &message);
}

void world_decide(struct world *world, int vat, uint64_t round, const struct mn_notice *notice)
{
    struct mn_to_vat message = {
        .kind = MN_TO_VAT_ROUND,
        .round = {.round = round, .notices = notice, .notice_count = notice == NULL ? 0 : 1}};
    world_tell(world, vat, &message);
}
