/* What a session costs a vat when both have used it, nobody keeps anything for the other any more,
 * and it has been idle since: the heap before and after, of the core that libmneme runs. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_bench.h"
#include "vat/core/vat.h"

struct bench_core {
    struct vat *vat;
    struct vat_effects effects;
    mn_time now;
};

static void core_step(struct bench_core *core, const struct vat_event *event)
{
    vat_effects_clear(&core->effects);
    if (vat_step(core->vat, core->now, event, &core->effects) != MN_OK) {
        bench_die("a step of the core");
    }
    for (size_t i = 0; i < core->effects.count; i++) {
        if (core->effects.items[i].kind == VAT_EFFECT_CHECKPOINT) {
            struct vat_event written = {.kind = VAT_EVENT_WRITTEN, .written = {.size = 1}};
            mn_epoch epoch = vat_epoch(core->vat);
            core_step(core, &written);
            struct mn_to_vat durable = {.kind = MN_TO_VAT_DURABLE,
                                        .durable = {.epoch = epoch, .floor = epoch}};
            struct vat_event said = {.kind = VAT_EVENT_AGENT, .agent = &durable};
            core_step(core, &said);
            return;
        }
    }
}

static struct mn_name peer_name(size_t index)
{
    char text[32];
    (void)snprintf(text, sizeof text, "peer-%zu", index);
    return mn_name_of(text);
}

static struct mn_session peer_word(size_t index, enum mn_session_kind kind)
{
    return (struct mn_session){.vat = peer_name(index), .run = 1, .incarnation = 1, .kind = kind};
}

static void peer_says(struct bench_core *core, size_t index, const struct mn_session *message)
{
    struct vat_event event = {.kind = VAT_EVENT_INBOUND,
                              .inbound = {.key = "", .message = message}};
    uint64_t number = index + 1;
    event.inbound.connection.size = sizeof number;
    memcpy(event.inbound.connection.bytes, &number, sizeof number);
    core_step(core, &event);
}

static void peer_answers(struct bench_core *core, size_t index, const struct mn_session *message)
{
    struct vat_event event = {.kind = VAT_EVENT_ANSWER, .answer = {.message = message}};
    event.answer.peer = peer_name(index);
    core_step(core, &event);
}

/* One message each way. */
static void peer_exchange(struct bench_core *core, size_t index)
{
    struct mn_name name = peer_name(index);
    if (vat_send(core->vat, core->now, &name, "hello", 5) != MN_OK) {
        bench_die("sending");
    }
    struct vat_event tick = {.kind = VAT_EVENT_TICK};
    core_step(core, &tick);
    struct mn_to_vat address = {.kind = MN_TO_VAT_ADDRESS, .address = {.peer = name, .run = 1}};
    address.address.incarnation = 1;
    (void)snprintf(address.address.endpoint.text, sizeof address.address.endpoint.text,
                   "tcp://127.0.0.1:%zu", 10000 + index);
    struct vat_event said = {.kind = VAT_EVENT_AGENT, .agent = &address};
    core_step(core, &said);
    struct mn_session greeted = peer_word(index, MN_SESSION_GREETED);
    greeted.greeted.next = greeted.greeted.oldest = 1;
    peer_answers(core, index, &greeted);
    struct mn_session greet = peer_word(index, MN_SESSION_GREET);
    greet.greet.next = greet.greet.oldest = 1;
    peer_says(core, index, &greet);
    struct mn_session data = peer_word(index, MN_SESSION_DATA);
    static const uint32_t size = 5;
    data.data.epoch = mn_epoch_first(1);
    data.data.first = 1;
    data.data.sizes = &size;
    data.data.count = 1;
    data.data.payload = (const unsigned char *)"hello";
    data.data.payload_size = 5;
    peer_says(core, index, &data);
}

static void core_pass(struct bench_core *core, mn_time time)
{
    struct vat_event tick = {.kind = VAT_EVENT_TICK};
    for (mn_time end = core->now + time; core->now < end; core->now += 50 * MN_MS) {
        core_step(core, &tick);
    }
}

size_t bench_memory(size_t count)
{
    struct mn_life life = {.vat = mn_name_of("hub"),
                           .run = 1,
                           .incarnation = 1,
                           .outcome = MN_RUNNING,
                           .interval_ms = 1000,
                           .latency_ms = 1000,
                           .full_every = 4,
                           .keep_count = 8,
                           .connect_ms = 2000,
                           .early = true};
    struct bench_core core = {.now = MN_SECOND};
    struct vat_event start = {.kind = VAT_EVENT_START, .start = {.pid = 1}};
    if (vat_new(&core.vat, &life) != MN_OK || vat_restore_end(core.vat) != MN_OK) {
        bench_die("a core");
    }
    core_step(&core, &start);
    vat_effects_deinit(&core.effects);
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < count; i++) {
        peer_exchange(&core, i);
    }
    /* Each is asked again what it has, and needs nothing of it to be kept any more. */
    core_pass(&core, 3 * MN_SECOND);
    for (size_t i = 0; i < count; i++) {
        struct mn_session greeted = peer_word(i, MN_SESSION_GREETED);
        greeted.greeted.taken = greeted.greeted.covered = greeted.greeted.floor = 1;
        greeted.greeted.next = greeted.greeted.oldest = 2;
        peer_answers(&core, i, &greeted);
    }
    core_pass(&core, 90 * MN_SECOND);
    vat_effects_deinit(&core.effects);
    size_t after = mallinfo2().uordblks;
    vat_destroy(&core.vat);
    return (after - before + count - 1) / count;
}
