/* Stories of vats that go by their numbers in the topology: only between those who have read the
 * same one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* All hosts have read our topology but for the last, which has read @last's. Then h3 is lost. */
static void begin(struct scene *scene, uint64_t last)
{
    scene_open(scene);
    uint64_t own = scene->topology->numbering;
    for (uint32_t host = 1; host <= 6; host++) {
        scene->numbering[host - 1] = host < 6 ? own : last;
    }
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene->silent[2] = true;
    scene_until(scene, 23400);
    scene_probed(scene, 5, 1, 3, MN_PROBE_CLOSED);
    scene_probed(scene, 1, 1, 3, MN_PROBE_CLOSED);
    scene_skip(scene);
    scene_until(scene, 25900);
}

static bool says(const struct scene *scene, const char *line)
{
    return strstr(scene->text, line) != NULL;
}

static void names_suspects_by_number_when_all_have_read_the_same(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    uint64_t own = scene.topology->numbering;
    scene_close(&scene);
    begin(&scene, own);
    assert_true(says(&scene, "h1 freeze round 1 attempt 1 lost h3 suspects #x3/1\n"));
    assert_true(says(&scene, "h6 freeze round 1 attempt 1 lost h3 suspects #x3/1\n"));
    scene_skip(&scene);
    scene_close(&scene);
}

static void names_suspects_by_name_when_one_has_read_another(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 5);
    assert_true(says(&scene, "h1 freeze round 1 attempt 1 lost h3 suspects x3/1\n"));
    assert_true(says(&scene, "h6 freeze round 1 attempt 1 lost h3 suspects x3/1\n"));
    scene_skip(&scene);
    scene_close(&scene);
}

/* A report of the host with one row of a vat that is spoken of by this number. */
static void report(struct scene *scene, uint32_t host, uint64_t numbering, uint32_t number)
{
    struct mn_row row = {.epoch = EPOCH(1, 3), .since = EPOCH(1, 2), .here = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 9;
    up.report.vats = (struct mn_vat_table){.numbering = numbering, .numbers = &number, .count = 1};
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_skip(scene);
    scene_up(scene, host, &up);
}

static void takes_no_numbers_of_another_topology(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    uint64_t own = scene.topology->numbering;
    scene_run_all(&scene);
    report(&scene, 1, own + 1, 0);
    scene_expect(&scene, "note said_too_much h1: vats by their numbers in another topology\n");
    report(&scene, 1, own, 6); /* there are six vats */
    scene_expect(&scene, "note said_too_much h1: a checkpoint of a vat that is not in the "
                         "topology, or one that breaks its rules\n"
                         "h1 taken 9\n");
    report(&scene, 1, own, 0);
    scene_expect(&scene, "h1 taken 9\n");
    scene_close(&scene);
}

/* The vat of this number, run 2, has handled what round 1 tells it. */
static void handled(struct scene *scene, uint32_t host, uint64_t numbering, uint32_t number)
{
    struct mn_up up = {.kind = MN_UP_HANDLED, .handled = {.run = 2, .round = 1}};
    up.handled.vat = (struct mn_vat_table){.numbering = numbering, .numbers = &number, .count = 1};
    scene_skip(scene);
    scene_up(scene, host, &up);
}

static void counts_who_has_handled_notices_by_the_numbers_of_its_own_topology(void **state)
{
    (void)state;
    struct scene scene;
    trouble_decide_x6_and_x1(&scene);
    uint64_t own = scene.topology->numbering;
    handled(&scene, 1, own, 0);
    scene_expect(&scene, "");
    handled(&scene, 2, own + 1, 5);
    scene_expect(&scene, "note said_too_much h2: vats by their numbers in another topology\n");
    handled(&scene, 2, own, 6);
    scene_expect(&scene, "note said_too_much h2: notices of a vat that is not in the topology\n");
    handled(&scene, 2, own, 5);
    assert_true(says(&scene, " done 1\n"));
    scene_skip(&scene);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_suspects_by_number_when_all_have_read_the_same),
        cmocka_unit_test(names_suspects_by_name_when_one_has_read_another),
        cmocka_unit_test(takes_no_numbers_of_another_topology),
        cmocka_unit_test(counts_who_has_handled_notices_by_the_numbers_of_its_own_topology),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
