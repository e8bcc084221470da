/* The stage: turns few words into events of the coordinator's core. */
#include "coordinator_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

static const char scene_topology[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\",\n"
    "  key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n"
    "domains: {r1: {}, r2: {}, r3: {}}\n"
    "hosts:\n"
    "  h1: {in: r1, agent: \"tcp://127.0.0.1:7101\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1\"}\n"
    "  h2: {in: r1, agent: \"tcp://127.0.0.1:7102\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2\"}\n"
    "  h3: {in: r2, agent: \"tcp://127.0.0.1:7103\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3\"}\n"
    "  h4: {in: r2, agent: \"tcp://127.0.0.1:7104\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa4\"}\n"
    "  h5: {in: r3, agent: \"tcp://127.0.0.1:7105\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa5\"}\n"
    "  h6: {in: r3, agent: \"tcp://127.0.0.1:7106\", address: 127.0.0.1,\n"
    "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa6\"}\n"
    "vats:\n"
    "  x1: {host: h1, command: [vat]}\n"
    "  x2: {host: h2, command: [vat]}\n"
    "  x3: {host: h3, command: [vat]}\n"
    "  x4: {host: h4, command: [vat]}\n"
    "  x5: {host: h5, command: [vat]}\n"
    "  x6: {host: h6, command: [vat], sends: early}\n";

static void scene_new(struct scene *scene)
{
    assert_int_equal(coordinator_new(&scene->coordinator, scene->topology), MN_OK);
}

void scene_open(struct scene *scene)
{
    scene_open_more(scene, "policy: {approve: never}\n");
}

void scene_open_more(struct scene *scene, const char *more)
{
    char text[8192];
    int size = snprintf(text, sizeof text, "%s%s", scene_topology, more);
    assert_true(size > 0 && (size_t)size < sizeof text);
    *scene = (struct scene){.now = MN_SECOND};
    struct mn_error error = {{0}};
    mn_result result = topology_read(text, (size_t)size, "scene", &scene->topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    scene->text = calloc(1, SCENE_TEXT_SIZE);
    assert_non_null(scene->text);
    scene_new(scene);
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN};
    begin.begin.generation = 1;
    scene_step(scene, &begin);
    scene_recorded(scene, 1);
}

void scene_close(struct scene *scene)
{
    coordinator_destroy(&scene->coordinator);
    coordinator_effects_deinit(&scene->effects);
    topology_destroy(&scene->topology);
    for (uint64_t i = 0; i < scene->record_count; i++) {
        mn_buffer_deinit(&scene->journal[i]);
    }
    mn_arena_deinit(&scene->arena);
    free(scene->text);
}

/* Hand the record with this index to the coordinator. */
static mn_result scene_replay(struct scene *scene, uint64_t index)
{
    struct mn_journal_record record;
    assert_int_equal(mn_journal_record_decode(scene->kinds[index], scene->journal[index].bytes,
                                              scene->journal[index].size, &scene->arena, &record),
                     MN_OK);
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
    event.record.sequence = index + 1;
    event.record.generation = scene->generations[index];
    event.record.record = &record;
    coordinator_step(scene->coordinator, scene->now, &event, &scene->effects);
    return scene->effects.result;
}

void scene_restart(struct scene *scene, uint64_t records)
{
    assert_true(records <= scene->record_count);
    coordinator_destroy(&scene->coordinator);
    scene_new(scene);
    for (uint64_t i = records; i < scene->record_count; i++) {
        mn_buffer_deinit(&scene->journal[i]);
    }
    scene->record_count = records;
    for (uint64_t i = 0; i < records; i++) {
        assert_int_equal(scene_replay(scene, i), MN_OK);
        scene_lines(scene, &scene->effects);
        coordinator_effects_reset(&scene->effects);
        coordinator_invariant(scene->coordinator);
    }
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN};
    begin.begin.generation = records > 0 ? scene->generations[records - 1] + 1 : 1;
    scene_step(scene, &begin);
}

mn_result scene_restart_on(struct scene *scene, const char *from, const char *to,
                           struct mn_error *error)
{
    struct mn_text text = {0};
    const char *rest = scene_topology;
    const char *at = strstr(rest, from);
    assert_non_null(at);
    for (; at != NULL; at = strstr(rest, from)) {
        mn_text_add_bytes(&text, rest, (size_t)(at - rest));
        mn_text_add(&text, to);
        rest = at + strlen(from);
    }
    mn_text_add(&text, rest);
    mn_text_add(&text, "policy: {approve: never}\n");
    assert_int_equal(mn_text_result(&text), MN_OK);
    coordinator_destroy(&scene->coordinator);
    topology_destroy(&scene->topology);
    assert_int_equal(topology_read(text.bytes, text.size, "scene", &scene->topology, error), MN_OK);
    mn_text_deinit(&text);
    scene_new(scene);
    mn_result result = MN_OK;
    for (uint64_t i = 0; result == MN_OK && i < scene->record_count; i++) {
        result = scene_replay(scene, i);
        *error = scene->effects.error;
        coordinator_effects_reset(&scene->effects);
    }
    return result;
}

void scene_expect_at(struct scene *scene, const char *lines, const char *file, int line)
{
    if (strcmp(scene->text, lines) != 0) {
        print_error("%s:%d: expected\n%sbut there was\n%s", file, line, lines, scene->text);
        fail();
    }
    scene_skip(scene);
}

void scene_skip(struct scene *scene)
{
    scene->size = 0;
    scene->text[0] = '\0';
}

void scene_at(struct scene *scene, mn_time ms)
{
    assert_true(ms * MN_MS >= scene->now);
    scene->now = ms * MN_MS;
}

static void scene_keep_records(struct scene *scene)
{
    for (size_t i = 0; i < scene->effects.count; i++) {
        const struct coordinator_effect *effect = &scene->effects.items[i];
        if (effect->kind != COORDINATOR_DO_RECORD) {
            continue;
        }
        mn_assert(scene->record_count < SCENE_RECORD_COUNT_MAX);
        mn_assert(effect->record.sequence == scene->record_count + 1);
        uint64_t at = scene->record_count++;
        scene->journal[at] = (struct mn_buffer){0};
        scene->kinds[at] = effect->record.record->kind;
        scene->generations[at] = effect->record.generation;
        assert_int_equal(mn_journal_record_encode(effect->record.record, &scene->journal[at]),
                         MN_OK);
    }
}

void scene_step(struct scene *scene, const struct coordinator_event *event)
{
    coordinator_step(scene->coordinator, scene->now, event, &scene->effects);
    assert_int_equal(scene->effects.result, MN_OK);
    scene_keep_records(scene);
    scene_lines(scene, &scene->effects);
    coordinator_effects_reset(&scene->effects);
    coordinator_invariant(scene->coordinator);
    if (scene->record_count > 0 && scene->frozen != scene->record_count &&
        scene->kinds[scene->record_count - 1] == MN_JOURNAL_FREEZE && !scene->slow) {
        scene->frozen = scene->record_count;
        scene_recorded(scene, scene->record_count);
    }
}

void scene_recorded(struct scene *scene, uint64_t sequence)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    event.recorded.sequence = sequence;
    scene_step(scene, &event);
}

void scene_tick(struct scene *scene)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_TICK};
    event.tick.behind = scene->behind;
    scene_step(scene, &event);
}

void scene_word(struct scene *scene, uint32_t who, enum mn_step step, uint64_t round,
                const char *reason)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    event.step.who = who;
    event.step.step = step;
    event.step.round = round;
    event.step.plan = scene->seen;
    event.step.reason = reason;
    event.step.ticket = ++scene->ticket;
    scene_step(scene, &event);
}

void scene_adopt(struct scene *scene, uint32_t who, const char *vat, const char *host,
                 const char *store, const char *reason)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    event.step.who = who;
    event.step.step = MN_STEP_ADOPT;
    event.step.vat = vat;
    event.step.host = host;
    event.step.store = store;
    event.step.reason = reason;
    event.step.ticket = ++scene->ticket;
    scene_step(scene, &event);
}

void scene_adopting(struct scene *scene, uint32_t host, uint64_t number, const char *vat,
                    uint32_t done)
{
    struct mn_up up = {.kind = MN_UP_ADOPTED};
    up.adopted.number = number;
    up.adopted.vat = mn_name_of(vat);
    up.adopted.found = 3;
    up.adopted.done = done;
    up.adopted.taken = done;
    scene_up(scene, host, &up);
}

void scene_adopted(struct scene *scene, uint32_t host, uint64_t number, const char *vat,
                   mn_result code, const char *text)
{
    static const struct mn_passed passed = {.epoch = EPOCH(1, 1), .why = MN_PASSED_DAMAGED};
    struct mn_up up = {.kind = MN_UP_ADOPTED};
    up.adopted.number = number;
    up.adopted.vat = mn_name_of(vat);
    up.adopted.over = true;
    up.adopted.code = code;
    (void)snprintf(up.adopted.text, sizeof up.adopted.text, "%s", text);
    up.adopted.found = 3;
    up.adopted.done = 3;
    up.adopted.taken = code == MN_OK ? 2 : 0;
    up.adopted.through = code == MN_OK ? EPOCH(1, 3) : 0;
    up.adopted.passed = &passed;
    up.adopted.passed_count = 1;
    up.adopted.passed_in_all = 1;
    scene_up(scene, host, &up);
}

void scene_up(struct scene *scene, uint32_t host, struct mn_up *message)
{
    message->generation =
        message->generation != 0 ? message->generation : coordinator_generation(scene->coordinator);
    message->disk = scene->disks[host - 1];
    message->before = scene->before[host - 1];
    struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
    event.up.host = host - 1;
    event.up.message = message;
    scene_step(scene, &event);
}

void scene_until(struct scene *scene, mn_time ms)
{
    mn_time end = ms * MN_MS;
    while (scene->now < end) {
        mn_time beat = (scene->now / MN_SECOND + 1) * MN_SECOND;
        mn_time due = coordinator_deadline(scene->coordinator);
        mn_time next = due < beat ? due : beat;
        next = next > scene->now ? next : scene->now;
        if (next >= end) {
            break;
        }
        bool is_beat = next == beat;
        scene->now = next;
        for (uint32_t host = 1; is_beat && host <= 6; host++) {
            if (!scene->silent[host - 1]) {
                struct mn_up up = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
                scene_up(scene, host, &up);
            }
        }
        if (due <= scene->now) {
            scene_tick(scene);
        }
    }
    scene->now = end;
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum mn_vat_state state_of(const char *word)
{
    static const char *const words[] = {"absent", "starting", "up", "exited", "stopped"};
    for (int i = 0; i < 5; i++) {
        if (strcmp(words[i], word) == 0) {
            return (enum mn_vat_state)i;
        }
    }
    fail_msg("no state: %s", word);
    return MN_VAT_ABSENT;
}

/* "x1 1 up" */
static struct mn_vat_status status_of(const char *words)
{
    char name[16];
    char state[16];
    unsigned run = 0;
    assert_int_equal(sscanf(words, "%15s %u %15[a-z]", name, &run, state), 3);
    struct mn_vat_status status = {.vat = mn_name_of(name), .run = run, .state = state_of(state)};
    if (status.state == MN_VAT_UP) {
        (void)snprintf(status.endpoint.text, sizeof status.endpoint.text, "tcp://%s.%u", name, run);
    }
    return status;
}

void scene_hello(struct scene *scene, uint32_t host, const char *vats)
{
    char name[16];
    struct mn_vat_status list[8];
    struct mn_up up = {.kind = MN_UP_HELLO};
    uint32_t count = 0;
    for (const char *at = vats; at[0] != '\0' && at != NULL;) {
        list[count++] = status_of(at);
        at = strchr(at, ',');
        if (at == NULL) {
            break;
        }
        at += 2;
    }
    (void)snprintf(name, sizeof name, "h%u", host);
    up.hello.host = mn_name_of(name);
    up.hello.vats = list;
    up.hello.vat_count = count;
    up.hello.newest_round = 0;
    up.hello.numbering = scene->numbering[host - 1];
    scene_up(scene, host, &up);
}

void scene_state(struct scene *scene, uint32_t host, const char *vat)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status = status_of(vat);
    (void)snprintf(up.vat_state.reason, sizeof up.vat_state.reason, "as the scene says");
    scene_up(scene, host, &up);
}

/* The vats of the scene as a table of names, and "x2 1.3, x3 1.1" as entries. */
enum { SCENE_NAME_COUNT = 7 };
static struct mn_name scene_names[SCENE_NAME_COUNT];

static uint32_t name_of(const char *vat)
{
    static const char *const vats[] = {"x1", "x2", "x3", "x4", "x5", "x6", "other"};
    uint32_t found = SCENE_NAME_COUNT;
    for (uint32_t i = 0; i < SCENE_NAME_COUNT; i++) {
        scene_names[i] = mn_name_of(vats[i]);
        found = strcmp(vats[i], vat) == 0 ? i : found;
    }
    assert_true(found < SCENE_NAME_COUNT);
    return found;
}

static uint32_t heard_of(const char *words, struct mn_heard list[8])
{
    uint32_t count = 0;
    for (const char *at = words; at[0] != '\0';) {
        char name[16];
        unsigned run = 0;
        unsigned epoch = 0;
        assert_int_equal(sscanf(at, "%15s %u.%u", name, &run, &epoch), 3);
        list[count++] = (struct mn_heard){.peer = name_of(name), .epoch = EPOCH(run, epoch)};
        at = strchr(at, ',');
        if (at == NULL) {
            break;
        }
        at += 2;
    }
    return count;
}

void scene_row(struct scene *scene, uint32_t host, const char *vat, mn_epoch epoch, mn_epoch onto,
               bool durable, const char *heard)
{
    struct mn_heard list[8];
    struct mn_row row = {.vat = name_of(vat),
                         .epoch = epoch,
                         .since = onto,
                         .onto = onto,
                         .durable = durable,
                         .here = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    row.heard_count = heard_of(heard, list);
    up.report.sequence = 1;
    up.report.vats.names = scene_names;
    up.report.vats.count = SCENE_NAME_COUNT;
    up.report.rows = &row;
    up.report.row_count = 1;
    up.report.heard = list;
    up.report.heard_count = row.heard_count;
    scene_up(scene, host, &up);
}

void scene_interval(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                    const char *vat, mn_epoch epoch, mn_epoch since, const char *heard)
{
    struct mn_heard list[8];
    struct mn_interval interval = {.epoch = epoch, .since = since};
    struct mn_up up = {.kind = MN_UP_INTERVALS};
    up.intervals.round = round;
    up.intervals.attempt = attempt;
    if (vat != NULL) {
        interval.vat = name_of(vat);
        interval.heard_count = heard_of(heard, list);
        up.intervals.interval_count = 1;
    }
    up.intervals.vats.names = scene_names;
    up.intervals.vats.count = SCENE_NAME_COUNT;
    up.intervals.intervals = &interval;
    up.intervals.heard = list;
    up.intervals.heard_count = interval.heard_count;
    scene_up(scene, host, &up);
}

void scene_silent(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                  const char *vat)
{
    uint32_t silent = name_of(vat);
    struct mn_up up = {.kind = MN_UP_INTERVALS};
    up.intervals.round = round;
    up.intervals.attempt = attempt;
    up.intervals.vats.names = scene_names;
    up.intervals.vats.count = SCENE_NAME_COUNT;
    up.intervals.silent = &silent;
    up.intervals.silent_count = 1;
    scene_up(scene, host, &up);
}

void scene_probed(struct scene *scene, uint32_t host, uint64_t probe, uint32_t suspect,
                  enum mn_probe_answer answer)
{
    char name[16];
    struct mn_up up = {.kind = MN_UP_PROBED};
    (void)snprintf(name, sizeof name, "h%u", suspect);
    up.probed.probe = probe;
    up.probed.host = mn_name_of(name);
    up.probed.answers = &answer;
    up.probed.answer_count = 1;
    scene_up(scene, host, &up);
}

void scene_handled(struct scene *scene, uint32_t host, const char *vat, mn_run run, uint64_t round)
{
    struct mn_up up = {.kind = MN_UP_HANDLED};
    struct mn_name name = mn_name_of(vat);
    up.handled.vat = (struct mn_vat_table){.names = &name, .count = 1};
    up.handled.run = run;
    up.handled.round = round;
    scene_up(scene, host, &up);
}

void scene_run_all(struct scene *scene)
{
    for (uint32_t host = 1; host <= 6; host++) {
        scene_hello(scene, host, "");
    }
    scene_recorded(scene, scene->record_count);
    for (uint32_t host = 1; host <= 6; host++) {
        char name[16];
        char words[32];
        (void)snprintf(name, sizeof name, "x%u", host);
        (void)snprintf(words, sizeof words, "x%u 1 up", host);
        scene_state(scene, host, words);
        for (uint32_t holder = 0; holder < 2; holder++) {
            uint32_t at = (host - 1 + holder * 2) % 6 + 1;
            scene_row(scene, at, name, EPOCH(1, 1), 0, holder == 0, "");
            scene_row(scene, at, name, EPOCH(1, 2), EPOCH(1, 1), holder == 0, "");
        }
    }
    scene_skip(scene);
}
