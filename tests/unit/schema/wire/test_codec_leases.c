/* The codecs of leases: what goes in comes out, and what breaks a rule is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/wire/codec_damage.h"
#include "wire/local.h"

static const struct mn_vat_run two_runs[] = {{.vat = {"x1"}, .run = 3}, {.vat = {"x2"}, .run = 5}};

static void what_is_asked_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_up in = {.generation = 2, .kind = MN_UP_LEASES};
    struct mn_up out;
    struct mn_arena arena = {0};
    in.leases.asker = UINT64_MAX;
    in.leases.number = 17;
    in.leases.vats = two_runs;
    in.leases.vat_count = 2;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_UP_LEASES);
    assert_true(out.leases.asker == UINT64_MAX);
    assert_int_equal(out.leases.number, 17);
    assert_int_equal(out.leases.vat_count, 2);
    assert_string_equal(out.leases.vats[1].vat.text, "x2");
    assert_int_equal(out.leases.vats[1].run, 5);
    mn_arena_deinit(&arena);
}

static void what_is_granted_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_down in = {.generation = 2, .kind = MN_DOWN_LEASED};
    struct mn_down out;
    struct mn_arena arena = {0};
    in.leased.asker = 9;
    in.leased.number = 17;
    in.leased.lease_ms = 3000;
    in.leased.vats = two_runs;
    in.leased.vat_count = 2;
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_DOWN_LEASED);
    assert_int_equal(out.leased.asker, 9);
    assert_int_equal(out.leased.number, 17);
    assert_int_equal(out.leased.lease_ms, 3000);
    assert_int_equal(out.leased.vat_count, 2);
    assert_string_equal(out.leased.vats[0].vat.text, "x1");
    assert_int_equal(out.leased.vats[0].run, 3);
    mn_arena_deinit(&arena);
}

/* A time before the machine was started is one that has passed, and no mistake. */
static void a_lease_ends_at_a_time_that_can_be_reckoned_with(void **state)
{
    (void)state;
    static const int64_t untils[] = {1234567890123, 0, -5};
    struct mn_to_vat in = {.kind = MN_TO_VAT_LEASE};
    struct mn_to_vat out;
    struct mn_arena arena = {0};
    for (size_t i = 0; i < sizeof untils / sizeof untils[0]; i++) {
        in.lease.until = untils[i];
        assert_int_equal(to_vat_again(&in, &arena, &out), MN_OK);
        assert_int_equal(out.kind, MN_TO_VAT_LEASE);
        assert_int_equal(out.lease.until, untils[i]);
    }
    in.lease.until = INT64_MAX;
    assert_int_equal(to_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void a_vat_asks_with_nothing_but_its_run(void **state)
{
    (void)state;
    struct mn_from_vat in = {.run = 4, .kind = MN_FROM_VAT_WANT_LEASE};
    struct mn_from_vat out;
    struct mn_arena arena = {0};
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_FROM_VAT_WANT_LEASE);
    assert_int_equal(out.run, 4);
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_comes_out_as_it_went_in),
        cmocka_unit_test(what_is_granted_comes_out_as_it_went_in),
        cmocka_unit_test(a_lease_ends_at_a_time_that_can_be_reckoned_with),
        cmocka_unit_test(a_vat_asks_with_nothing_but_its_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
