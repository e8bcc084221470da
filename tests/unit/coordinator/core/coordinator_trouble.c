/* Troubles, in few words. */
#include "coordinator_trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void trouble_begin(struct scene *scene)
{
    scene_open(scene);
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene_skip(scene);
}

void trouble_begin_with_operators(struct scene *scene, const char *policy)
{
    char more[512];
    (void)snprintf(more, sizeof more,
                   "operators:\n"
                   "  alice: {key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1\", role: approve}\n"
                   "  bob: {key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2\", role: operate}\n"
                   "%s",
                   policy);
    scene_open_more(scene, more);
    scene_run_all(scene);
}

bool trouble_said(const struct scene *scene, const char *words)
{
    return strstr(scene->text, words) != NULL;
}

void trouble_must_say(const struct scene *scene, const char *words)
{
    if (!trouble_said(scene, words)) {
        fail_msg("expected '%s' in\n%s", words, scene->text);
    }
}

void trouble_must_not_say(const struct scene *scene, const char *words)
{
    if (trouble_said(scene, words)) {
        fail_msg("did not expect '%s' in\n%s", words, scene->text);
    }
}

/* Every witness that has been asked since the last skip finds every port closed. */
void trouble_witnesses_find_closed(struct scene *scene)
{
    unsigned witness[32];
    unsigned long long probe[32];
    unsigned suspect[32];
    size_t count = 0;
    for (const char *at = scene->text; at != NULL && count < 32;) {
        if (sscanf(at, "h%u probe %llu h%u", &witness[count], &probe[count], &suspect[count]) ==
            3) {
            count += 1;
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    for (size_t i = 0; i < count; i++) {
        scene_probed(scene, witness[i], probe[i], suspect[i], MN_PROBE_CLOSED);
    }
}

/* The hosts in @hosts ("34" say) fall silent and are found lost. Effects are skipped. */
void trouble_lose_hosts(struct scene *scene, const char *hosts)
{
    mn_time now = scene->now / MN_MS;
    for (const char *at = hosts; *at != '\0'; at++) {
        scene->silent[*at - '1'] = true;
    }
    scene_skip(scene);
    scene_until(scene, now + 4600);
    trouble_witnesses_find_closed(scene);
    scene_skip(scene);
}

/* Answer a freeze for several vats: "x1 1.3 1.1, x3 2.1 1.1" (epoch, since), none heard anything.
 */
void trouble_answer(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                    const char *words)
{
    static struct mn_name names[8];
    struct mn_interval list[8];
    uint32_t count = 0;
    memset(list, 0, sizeof list);
    for (const char *at = words; at != NULL && at[0] != '\0';) {
        char name[16];
        unsigned run = 0;
        unsigned epoch = 0;
        unsigned since_run = 0;
        unsigned since = 0;
        assert_int_equal(sscanf(at, "%15s %u.%u %u.%u", name, &run, &epoch, &since_run, &since), 5);
        names[count] = mn_name_of(name);
        list[count] = (struct mn_interval){
            .vat = count, .epoch = EPOCH(run, epoch), .since = EPOCH(since_run, since)};
        count += 1;
        at = strchr(at, ',');
        at = at != NULL ? at + 2 : NULL;
    }
    struct mn_up up = {.kind = MN_UP_INTERVALS};
    up.intervals.round = round;
    up.intervals.attempt = attempt;
    up.intervals.vats.names = names;
    up.intervals.vats.count = count;
    up.intervals.intervals = list;
    up.intervals.interval_count = count;
    scene_up(scene, host, &up);
}

void trouble_answer_first(struct scene *scene, uint64_t round, uint32_t attempt)
{
    static const char *const words[] = {"x1 1.3 1.1", "x2 1.3 1.1", "x3 1.3 1.1",
                                        "x4 1.3 1.1", "x5 1.3 1.1", "x6 1.3 1.1"};
    for (uint32_t host = 1; host <= 6; host++) {
        if (!scene->silent[host - 1]) {
            trouble_answer(scene, host, round, attempt, words[host - 1]);
        }
    }
}

/* A row with a floor; it heard x6's 1.3 if @orphan. */
void trouble_row_with_floor(struct scene *scene, uint32_t host, const char *vat, mn_epoch epoch,
                            mn_epoch since, mn_epoch onto, mn_epoch floor, bool orphan)
{
    struct mn_name names[2] = {mn_name_of(vat), mn_name_of("x6")};
    struct mn_heard heard = {.peer = 1, .epoch = EPOCH(1, 3)};
    struct mn_row row = {.epoch = epoch,
                         .since = since,
                         .onto = onto,
                         .durable = true,
                         .here = true,
                         .floor = floor,
                         .heard_count = orphan ? 1 : 0};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 1;
    up.report.vats.names = names;
    up.report.vats.count = 2;
    up.report.rows = &row;
    up.report.row_count = 1;
    up.report.heard = &heard;
    up.report.heard_count = row.heard_count;
    scene_up(scene, host, &up);
}

void trouble_hello_of(struct scene *scene, uint32_t host, const char *vat, mn_run run,
                      uint64_t newest_round, bool everything)
{
    char name[16];
    struct mn_up up = {.kind = MN_UP_HELLO};
    struct mn_vat_status status = {.run = run, .state = MN_VAT_UP};
    (void)snprintf(name, sizeof name, "h%u", host);
    up.hello.host = mn_name_of(name);
    up.hello.newest_round = newest_round;
    up.hello.everything = everything;
    if (vat != NULL) {
        status.vat = mn_name_of(vat);
        (void)snprintf(status.endpoint.text, sizeof status.endpoint.text, "tcp://%s.%u", vat, run);
        up.hello.vats = &status;
        up.hello.vat_count = 1;
    }
    scene_up(scene, host, &up);
}

void trouble_decide_x3(struct scene *scene)
{
    trouble_lose_hosts(scene, "3");
    scene_until(scene, 28000);
    trouble_answer_first(scene, 1, 1);
    trouble_must_say(scene, "decision 1 lost h3 [h5: x3 run 2");
}

void trouble_decide_x6_and_x1(struct scene *scene)
{
    trouble_begin(scene);
    scene_row(scene, 4, "x6", EPOCH(1, 1), 0, false, "");
    scene_row(scene, 4, "x6", EPOCH(1, 2), EPOCH(1, 1), false, "");
    scene_row(scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.3");
    scene_row(scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), false, "x6 1.3");
    trouble_lose_hosts(scene, "6");
    scene_until(scene, 28000);
    scene_interval(scene, 1, 1, 1, "x1", EPOCH(1, 4), EPOCH(1, 1), "x6 1.3");
    trouble_answer(scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(scene, 3, 1, 1, "x3 1.3 1.1");
    trouble_answer(scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(scene, 5, 1, 1, "x5 1.3 1.1");
    scene_state(scene, 1, "x1 1 stopped");
    trouble_answer(scene, 1, 1, 2, "");
    trouble_answer(scene, 2, 1, 2, "x2 1.3 1.1");
    trouble_answer(scene, 3, 1, 2, "x3 1.3 1.1");
    trouble_answer(scene, 4, 1, 2, "x4 1.3 1.1");
    trouble_answer(scene, 5, 1, 2, "x5 1.3 1.1");
    trouble_must_say(scene, "[h2: x6 run 2 incarnation 2 rolled_back keep 1.2");
    trouble_must_say(scene,
                     "told x1 (x6 incarnation 2 kept 1.2) told x6 (x1 incarnation 2 kept 1.2)");
    scene_recorded(scene, scene->record_count);
    scene_state(scene, 1, "x1 2 up");
    scene_state(scene, 2, "x6 2 up");
}
