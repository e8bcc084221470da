/* The agents of the round benchmark: minimal and scripted, with the real codecs over real sockets,
 * one with a key of its own for each host, many in a process. They follow the protocol but for what
 * costs an agent time: their vats are numbers, start at once, are never silent and have handled a
 * notice HANDLE_MS after it; nothing is on a disk; a witness knows who was killed; and since here
 * all share the coordinator's cores, the answer to the first freeze is put together before the
 * kill, and what is said in joined frames (decisions and starts) is read once no more of it comes,
 * within the time in which each host would have read its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#include "base/grow.h"
#include "round_bench.h"
#include "wire/control.h"
#include "wire/joined.h"

enum {
    REPORT_COUNT_MAX = 8, /* under way at a time, of one host */
    EVENT_COUNT = 512,
    HELLO_AGAIN_MS = 10000,
    CLOSE_MS = 50,
    HANDLE_MS = 20,  /* what writing down that a notice is handled takes a vat, and its agent */
    READ_COUNT = 16, /* frames that are read at a time, so that what comes meanwhile is seen */
    LONG_SIZE = 64,  /* of a message */
    FIRST = 1        /* round, and attempt */
};

/* A vat that a round starts here, or that is told something before it has been. */
struct scripted_guest {
    uint32_t vat;
    mn_run run; /* 0: not started yet */
    uint64_t round;
};

/* A notice that has come to a vat, and of which the coordinator is still to hear so. */
struct scripted_notice {
    struct scripted *host;
    uint32_t vat;
    mn_run run;
    uint64_t round;
    int64_t handled_at;
};

struct scripted {
    void *socket; /* NULL: killed */
    uint32_t host;
    uint64_t generation;
    bool welcome;
    uint32_t up; /* vats that have been started */
    bool *runs;  /* by place on the host: whether it has */
    uint64_t row;
    uint32_t reports; /* under way */
    uint64_t sequence;
    bool complete;
    uint64_t beat;
    int64_t beat_at;
    int64_t hello_at;
    struct scripted_guest *guests;
    uint32_t guest_count;
    struct mn_joining said;  /* and not sent yet */
    struct mn_buffer answer; /* to the first freeze, put together before it comes; empty: not yet */
};

struct scripts {
    const struct round_cluster *cluster;
    const struct round_size *size;
    struct round_shared *shared;
    struct scripted *hosts;
    uint32_t count;
    struct round_rows rows;
    struct mn_buffer buffer;
    bool *suspects;               /* by vat: of the newest freeze, */
    const struct mn_down *frozen; /* which is this one */
    struct mn_buffer long_bytes;  /* the newest long message, which mostly is everybody's: */
    struct mn_arena long_arena;   /* it is decoded once */
    struct mn_down long_down;
    struct scripted_notice *notices; /* in their order */
    size_t notice_first;             /* those before it are handled */
    size_t notice_count;
    size_t notice_capacity;
    struct round_inbox inbox; /* what is still to be read */
    int64_t came_at;          /* when the frame came that is being read */
    bool prepared;
    int64_t close_at; /* of the killed hosts' sockets; 0: they live */
    int epoll;
};

static uint32_t vats_of_host(const struct scripts *scripts)
{
    return scripts->size->vats / scripts->size->hosts;
}

static void script_send(struct scripted *host, const void *bytes, size_t size)
{
    if (zmq_send(host->socket, bytes, size, ZMQ_DONTWAIT) < 0 && zmq_errno() != EAGAIN) {
        round_die("sending a message");
    }
}

/* What was said in this turn of the loop, as one frame. Whether there was anything. */
static bool script_send_said(struct scripted *host)
{
    size_t size = 0;
    const void *bytes = mn_joining_bytes(&host->said, &size);
    if (bytes != NULL) {
        script_send(host, bytes, size);
        mn_joining_clear(&host->said);
    }
    return bytes != NULL;
}

static void script_say(struct scripts *scripts, struct scripted *host, struct mn_up *up)
{
    up->generation = host->generation;
    up->disk = host->host + 1;
    scripts->buffer.size = 0;
    if (mn_up_encode(up, &scripts->buffer) != MN_OK) {
        round_die("encoding a message");
    }
    mn_result result = mn_joining_add(&host->said, &scripts->buffer);
    if (result == MN_FULL) {
        (void)script_send_said(host);
        result = mn_joining_add(&host->said, &scripts->buffer);
    }
    if (result != MN_OK) {
        (void)script_send_said(host);
        script_send(host, scripts->buffer.bytes, scripts->buffer.size);
    }
}

static struct mn_vat_status vat_status(uint32_t vat, mn_run run)
{
    struct mn_vat_status status = {.vat = round_vat_name(vat), .run = run, .state = MN_VAT_UP};
    (void)snprintf(status.endpoint.text, sizeof status.endpoint.text, "tcp://127.0.0.1:%u",
                   20000 + vat % 40000);
    return status;
}

static void say_hello(struct scripts *scripts, struct scripted *host)
{
    uint32_t count = vats_of_host(scripts);
    struct mn_vat_status *vats = calloc(count, sizeof *vats);
    if (vats == NULL) {
        round_die("memory for a hello");
    }
    struct mn_up up = {.kind = MN_UP_HELLO};
    up.hello.host = round_host_name(host->host);
    (void)snprintf(up.hello.agent.text, sizeof up.hello.agent.text, "tcp://127.0.0.1:9");
    for (uint32_t i = 0; i < count; i++) {
        if (host->runs[i]) {
            vats[up.hello.vat_count++] = vat_status(host->host + i * scripts->size->hosts, 1);
        }
    }
    up.hello.vats = vats;
    up.hello.everything = true;
    up.hello.numbering = scripts->size->numbering;
    up.hello.joins = true;
    host->hello_at = round_now();
    host->row = 0;
    host->reports = 0;
    host->complete = false;
    script_say(scripts, host, &up);
    free(vats);
}

static void say_rows(struct scripts *scripts, struct scripted *host)
{
    if (!host->welcome || host->up < vats_of_host(scripts) || host->complete) {
        return;
    }
    uint64_t most = round_rows_count(scripts->size);
    while (host->row < most && host->reports < REPORT_COUNT_MAX) {
        host->row += round_rows_make(&scripts->rows, host->host, host->row);
        struct mn_up up = {.kind = MN_UP_REPORT, .report = *scripts->rows.report};
        up.report.sequence = ++host->sequence;
        host->reports += 1;
        script_say(scripts, host, &up);
    }
    if (host->row == most && host->reports == 0) {
        host->complete = true;
        atomic_fetch_add(&scripts->shared->complete[host->generation % ROUND_GENERATION_COUNT_MAX],
                         1);
    }
}

static void on_welcome(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    if (down->generation > host->generation) {
        host->generation = down->generation;
        host->welcome = false;
        say_hello(scripts, host);
        return;
    }
    if (!host->welcome) {
        host->welcome = true;
        atomic_fetch_add(&scripts->shared->hellos[host->generation % ROUND_GENERATION_COUNT_MAX],
                         1);
    }
    say_rows(scripts, host);
}

static void on_probe(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    enum mn_probe_answer answers[MN_PROBE_ENDPOINT_COUNT_MAX];
    uint32_t asked = round_number(&down->probe.host);
    bool gone = atomic_load(&scripts->shared->killed) && round_in_rack_0(scripts->size, asked);
    for (uint32_t i = 0; i < down->probe.endpoint_count; i++) {
        answers[i] = gone ? MN_PROBE_CLOSED : MN_PROBE_OPEN;
    }
    long long none = 0;
    (void)atomic_compare_exchange_strong(&scripts->shared->first_probe, &none, round_now());
    struct mn_up up = {.kind = MN_UP_PROBED};
    up.probed.probe = down->probe.probe;
    up.probed.host = down->probe.host;
    up.probed.answers = answers;
    up.probed.answer_count = down->probe.endpoint_count;
    script_say(scripts, host, &up);
}

static void make_intervals(const struct scripts *scripts, const struct scripted *host,
                           uint64_t round, uint32_t attempt, struct mn_buffer *buffer)
{
    struct mn_up up = {.kind = MN_UP_INTERVALS,
                       .generation = host->generation,
                       .disk = host->host + 1,
                       .intervals = {.round = round, .attempt = attempt}};
    round_intervals_encode(scripts->size, host->host, host->runs, scripts->suspects, &up, buffer);
}

/* Nobody is a suspect yet, and on the hosts that will be asked nobody will be in the first
 * attempt. */
static void scripts_prepare(struct scripts *scripts)
{
    if (scripts->prepared || !atomic_load(&scripts->shared->prepare)) {
        return;
    }
    scripts->prepared = true;
    for (uint32_t i = 0; i < scripts->count; i++) {
        struct scripted *host = &scripts->hosts[i];
        if (!round_in_rack_0(scripts->size, host->host)) {
            make_intervals(scripts, host, FIRST, FIRST, &host->answer);
            atomic_fetch_add(&scripts->shared->prepared, 1);
        }
    }
}

static void say_intervals(struct scripts *scripts, struct scripted *host,
                          const struct mn_down *down)
{
    bool first = down->freeze.round == FIRST && down->freeze.attempt == FIRST;
    if (first && host->answer.size > 0) {
        script_send(host, host->answer.bytes, host->answer.size);
        return;
    }
    make_intervals(scripts, host, down->freeze.round, down->freeze.attempt, &scripts->buffer);
    script_send(host, scripts->buffer.bytes, scripts->buffer.size);
}

static void on_freeze(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    long long none = 0;
    (void)atomic_compare_exchange_strong(&scripts->shared->first_freeze, &none, round_now());
    if (scripts->frozen != down) {
        memset(scripts->suspects, 0, scripts->size->vats * sizeof *scripts->suspects);
        const struct mn_vat_table *suspects = &down->freeze.suspects;
        if (suspects->numbering != scripts->size->numbering) {
            round_die("a freeze whose suspects do not go by number");
        }
        for (uint32_t i = 0; i < suspects->count; i++) {
            scripts->suspects[suspects->numbers[i]] = true;
        }
        scripts->frozen = down == &scripts->long_down ? down : NULL;
    }
    say_intervals(scripts, host, down);
    atomic_store(&scripts->shared->last_interval, round_now());
}

static void take_notice(struct scripts *scripts, struct scripted *host, uint32_t vat, mn_run run,
                        uint64_t round)
{
    if (mn_grow(&scripts->notices, &scripts->notice_capacity, scripts->notice_count + 1,
                sizeof *scripts->notices, SIZE_MAX) != MN_OK) {
        round_die("memory for a notice");
    }
    scripts->notices[scripts->notice_count++] =
        (struct scripted_notice){.host = host,
                                 .vat = vat,
                                 .run = run,
                                 .round = round,
                                 .handled_at = scripts->came_at + HANDLE_MS * MN_MS};
    atomic_store(&scripts->shared->last_notice, scripts->came_at);
    atomic_fetch_add(&scripts->shared->told, 1);
}

static struct scripted_guest *guest_of(struct scripted *host, uint32_t vat)
{
    for (uint32_t i = 0; i < host->guest_count; i++) {
        if (host->guests[i].vat == vat) {
            return &host->guests[i];
        }
    }
    struct scripted_guest *guests =
        realloc(host->guests, (host->guest_count + 1) * sizeof *host->guests);
    if (guests == NULL) {
        round_die("memory for a vat");
    }
    host->guests = guests;
    guests[host->guest_count] = (struct scripted_guest){.vat = vat};
    return &guests[host->guest_count++];
}

static void on_start(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    uint32_t vat = round_number(&down->start.vat);
    uint32_t place = vat / scripts->size->hosts;
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status = vat_status(vat, down->start.run);
    script_say(scripts, host, &up);
    if (down->start.round == 0) {
        if (!host->runs[place]) {
            host->runs[place] = true;
            host->up += 1;
            atomic_fetch_add(&scripts->shared->up, 1);
            say_rows(scripts, host);
        }
        return;
    }
    struct scripted_guest *guest = guest_of(host, vat);
    if (guest->run == down->start.run) {
        return;
    }
    guest->run = down->start.run;
    atomic_store(&scripts->shared->last_start, scripts->came_at);
    atomic_fetch_add(&scripts->shared->started, 1);
    if (guest->round != 0) {
        take_notice(scripts, host, vat, guest->run, guest->round);
    }
}

static void on_decision(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    long long none = 0;
    (void)atomic_compare_exchange_strong(&scripts->shared->first_decision, &none, scripts->came_at);
    for (uint32_t i = 0; i < down->decision.told_count; i++) {
        uint32_t vat = round_number(&down->decision.told[i].vat);
        if (vat % scripts->size->hosts == host->host) {
            take_notice(scripts, host, vat, 1, down->decision.round);
            continue;
        }
        struct scripted_guest *guest = guest_of(host, vat);
        guest->round = down->decision.round;
        if (guest->run != 0) {
            take_notice(scripts, host, vat, guest->run, guest->round);
        }
    }
}

static void on_taken(struct scripts *scripts, struct scripted *host)
{
    host->reports -= host->reports > 0 ? 1 : 0;
    atomic_fetch_add(&scripts->shared->rows_taken[host->generation % ROUND_GENERATION_COUNT_MAX],
                     ROUND_ROW_COUNT);
    say_rows(scripts, host);
}

static void on_down(struct scripts *scripts, struct scripted *host, const struct mn_down *down)
{
    switch (down->kind) {
    case MN_DOWN_WELCOME:
        on_welcome(scripts, host, down);
        return;
    case MN_DOWN_TAKEN:
        on_taken(scripts, host);
        return;
    case MN_DOWN_PROBE:
        on_probe(scripts, host, down);
        return;
    case MN_DOWN_FREEZE:
        on_freeze(scripts, host, down);
        return;
    case MN_DOWN_START:
        on_start(scripts, host, down);
        return;
    case MN_DOWN_DECISION:
        on_decision(scripts, host, down);
        return;
    case MN_DOWN_STOP:
    case MN_DOWN_ADDRESS:
    case MN_DOWN_LEASED:
    case MN_DOWN_PROMISE:
    case MN_DOWN_KEEP:
    case MN_DOWN_RECALL:
    case MN_DOWN_ADOPT:
    case MN_DOWN_MORE:
        return;
    }
}

/* What everybody is told alike is decoded once, as each of these hosts would do it once: it is no
 * cost of the coordinator's. */
static void script_take_long(struct scripts *scripts, struct scripted *host, const void *bytes,
                             size_t size)
{
    struct mn_buffer *known = &scripts->long_bytes;
    if (known->size != size || memcmp(known->bytes, bytes, size) != 0) {
        mn_arena_deinit(&scripts->long_arena);
        mn_arena_init(&scripts->long_arena, 0);
        scripts->frozen = NULL;
        known->size = 0;
        if (mn_buffer_append(known, bytes, size) != MN_OK ||
            mn_down_decode(bytes, size, &scripts->long_arena, &scripts->long_down) != MN_OK) {
            round_die("decoding a message");
        }
    }
    on_down(scripts, host, &scripts->long_down);
}

static void script_take(struct scripts *scripts, struct scripted *host, const void *bytes,
                        size_t size)
{
    if (size >= LONG_SIZE) {
        script_take_long(scripts, host, bytes, size);
        return;
    }
    struct mn_arena arena;
    struct mn_down down;
    mn_arena_init(&arena, 0);
    if (mn_down_decode(bytes, size, &arena, &down) != MN_OK) {
        round_die("decoding a message");
    }
    on_down(scripts, host, &down);
    mn_arena_deinit(&arena);
}

static void script_read(struct scripts *scripts, struct scripted *host, zmq_msg_t *part,
                        int64_t came_at)
{
    struct mn_joined frame = mn_joined_of(zmq_msg_data(part), zmq_msg_size(part));
    const void *bytes = NULL;
    size_t size = 0;
    for (scripts->came_at = came_at; mn_joined_next(&frame, &bytes, &size);) {
        script_take(scripts, host, bytes, size);
    }
}

/* Take all that has come, say what follows, and take what came meanwhile: of that the descriptor
 * says nothing any more. */
static void script_drain(struct scripts *scripts, struct scripted *host)
{
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    for (bool more = true; more;) {
        while (host->socket != NULL && zmq_msg_recv(&part, host->socket, ZMQ_DONTWAIT) >= 0) {
            if (!round_inbox_defer(&scripts->inbox, host, &part)) {
                script_read(scripts, host, &part, round_now());
            }
        }
        more = host->socket != NULL && script_send_said(host);
    }
    (void)zmq_msg_close(&part);
}

static void scripts_read(struct scripts *scripts)
{
    struct round_frame frame;
    for (uint32_t i = 0; i < READ_COUNT && round_inbox_take(&scripts->inbox, &frame); i++) {
        if (frame.host->socket != NULL) {
            script_read(scripts, frame.host, &frame.bytes, frame.came_at);
            script_drain(scripts, frame.host);
        }
        (void)zmq_msg_close(&frame.bytes);
    }
}

/* The notices of one host come one after the other. */
static void say_handled(struct scripts *scripts, int64_t now)
{
    struct scripted *host = NULL;
    while (scripts->notice_first < scripts->notice_count &&
           scripts->notices[scripts->notice_first].handled_at <= now) {
        const struct scripted_notice notice = scripts->notices[scripts->notice_first++];
        if (host != NULL && host != notice.host) {
            script_drain(scripts, host);
        }
        host = notice.host;
        struct mn_up up = {.kind = MN_UP_HANDLED,
                           .handled = {.run = notice.run, .round = notice.round}};
        up.handled.vat = (struct mn_vat_table){
            .numbering = scripts->size->numbering, .numbers = &notice.vat, .count = 1};
        script_say(scripts, host, &up);
    }
    if (host != NULL) {
        script_drain(scripts, host);
    }
}

static void script_beat(struct scripts *scripts, struct scripted *host, int64_t now)
{
    if (host->socket == NULL || now < host->beat_at) {
        return;
    }
    host->beat_at = now + scripts->size->heartbeat_ms * MN_MS;
    if (!host->welcome && now >= host->hello_at + HELLO_AGAIN_MS * MN_MS) {
        say_hello(scripts, host);
    } else {
        struct mn_up up = {.kind = MN_UP_HEARTBEAT};
        up.heartbeat.number = ++host->beat;
        up.heartbeat.complete = host->complete;
        script_say(scripts, host, &up);
    }
    script_drain(scripts, host);
}

static void script_open(struct scripts *scripts, struct scripted *host, void *context)
{
    int fd = -1;
    host->runs = calloc(vats_of_host(scripts), sizeof *host->runs);
    host->socket = round_agent_socket(scripts->cluster, host->host, context, &fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = host};
    if (host->runs == NULL || epoll_ctl(scripts->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        round_die("watching an agent's socket");
    }
}

/* The lost hosts say a last word, so that all their silences begin together, and are gone. */
static void scripts_kill(struct scripts *scripts, int64_t now)
{
    if (scripts->close_at == 0 && !atomic_load(&scripts->shared->killed)) {
        return;
    }
    bool close = scripts->close_at != 0;
    if (close && now < scripts->close_at) {
        return;
    }
    for (uint32_t i = 0; i < scripts->count; i++) {
        struct scripted *host = &scripts->hosts[i];
        if (!round_in_rack_0(scripts->size, host->host)) {
            continue;
        }
        host->beat_at = 0;
        if (close) {
            (void)zmq_close(host->socket);
            host->socket = NULL;
        } else {
            script_beat(scripts, host, now);
            host->beat_at = INT64_MAX;
        }
    }
    scripts->close_at = close ? INT64_MAX : now + CLOSE_MS * MN_MS;
}

static void scripts_run(struct scripts *scripts)
{
    struct epoll_event events[EVENT_COUNT];
    while (!atomic_load(&scripts->shared->ended)) {
        int wait_ms = round_inbox_wait_ms(&scripts->inbox);
        int count = epoll_wait(scripts->epoll, events, EVENT_COUNT, wait_ms);
        scripts_prepare(scripts);
        scripts_kill(scripts, round_now());
        for (int i = 0; i < count; i++) {
            script_drain(scripts, events[i].data.ptr);
        }
        scripts_read(scripts);
        int64_t now = round_now();
        say_handled(scripts, now);
        for (uint32_t i = 0; i < scripts->count; i++) {
            script_beat(scripts, &scripts->hosts[i], now);
        }
    }
}

void round_agents(const struct round_cluster *cluster, uint32_t first, uint32_t end)
{
    struct scripts scripts = {.cluster = cluster,
                              .size = &cluster->size,
                              .shared = cluster->shared,
                              .count = end - first};
    void *context = zmq_ctx_new();
    (void)zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)(end - first) + 16);
    scripts.hosts = calloc(end - first, sizeof *scripts.hosts);
    scripts.suspects = calloc(cluster->size.vats, sizeof *scripts.suspects);
    scripts.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (context == NULL || scripts.hosts == NULL || scripts.suspects == NULL || scripts.epoll < 0) {
        round_die("memory for agents");
    }
    round_rows_init(&scripts.rows, scripts.size);
    int64_t now = round_now();
    for (uint32_t i = 0; i < scripts.count; i++) {
        scripts.hosts[i].host = first + i;
        int64_t spread = (int64_t)cluster->size.heartbeat_ms * MN_MS * i / scripts.count;
        scripts.hosts[i].beat_at = now + spread;
        script_open(&scripts, &scripts.hosts[i], context);
    }
    scripts_run(&scripts);
    _exit(0);
}
