/* The vats of the session benchmark, real ones that agents start: senders that do what a file tells
 * them, and a receiver that writes down when it took what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mneme.h"
#include "session_bench.h"

enum {
    SAMPLE_COUNT_MAX = 65536,
    PING_MS = 20,
    DRIP_MS = 2,
    IDLE_MS = 50,
    PAYLOAD_SIZE_MAX = 65536
};

struct bench_sender {
    struct mneme *vat;
    const char *directory;
    struct bench_order order;
    uint64_t index; /* the next message of the order */
    bool full;      /* too much is kept: it has to wait */
    int64_t next_ns;
    unsigned char payload[PAYLOAD_SIZE_MAX];
};

static int sender_send(struct bench_sender *sender)
{
    struct bench_head head = {.stage = sender->order.stage,
                              .index = sender->index,
                              .count = sender->order.count,
                              .sent_ns = bench_now()};
    memcpy(sender->payload, &head, sizeof head);
    return mneme_send(sender->vat, "receiver", sender->payload, sender->order.size);
}

/* One turn: a burst as far as it is let, or one message when its time has come. */
static int sender_turn(struct bench_sender *sender)
{
    bool burst = sender->order.kind == BENCH_BURST;
    int result = MNEME_OK;
    for (int i = 0; i < 4096 && sender->index < sender->order.count && result == MNEME_OK; i++) {
        int64_t now = burst ? 0 : bench_now();
        if (!burst && now < sender->next_ns) {
            break;
        }
        result = sender_send(sender);
        if (result == MNEME_OK) {
            sender->index += 1;
            sender->next_ns = now + (sender->order.kind == BENCH_PING ? PING_MS : DRIP_MS) * MN_MS;
        }
    }
    sender->full = result == MNEME_FULL;
    return sender->full ? MNEME_OK : result;
}

/* How long it may wait for events: not at all in a burst, unless it is told to. */
static int sender_wait_ms(const struct bench_sender *sender)
{
    if (sender->index >= sender->order.count) {
        return IDLE_MS;
    }
    return sender->order.kind == BENCH_BURST && !sender->full ? 0 : 1;
}

static int be_sender(struct mneme *vat, const char *directory)
{
    static struct bench_sender sender;
    struct mneme_event event = {.kind = MNEME_TIMEOUT};
    char file[64];
    (void)snprintf(file, sizeof file, "go-%s", mneme_name(vat));
    sender.vat = vat;
    sender.directory = directory;
    char pid_file[64];
    int64_t pid = getpid();
    (void)snprintf(pid_file, sizeof pid_file, "pid-%s", mneme_name(vat));
    if (!bench_put(directory, pid_file, &pid, sizeof pid)) {
        bench_die("cannot write who a sender is");
    }
    int result = MNEME_OK;
    int64_t look_ns = 0;
    while (result == MNEME_OK && event.kind != MNEME_END) {
        result = mneme_next(vat, &event, sender_wait_ms(&sender));
        struct bench_order order;
        bool idle = sender.index >= sender.order.count || sender.order.kind == BENCH_DRIP;
        if (idle && look_ns <= bench_now()) {
            look_ns = bench_now() + IDLE_MS * MN_MS;
            if (bench_get(directory, file, &order, sizeof order) &&
                order.stage > sender.order.stage) {
                sender.order = order;
                sender.index = 0;
                sender.next_ns = bench_now();
            }
        }
        if (result == MNEME_OK) {
            result = sender_turn(&sender);
        }
    }
    return result;
}

struct bench_receiver {
    const char *directory;
    uint64_t stage;
    int64_t began_ns;
    int64_t restored_ns; /* 0 once a message was taken */
    size_t sample_count;
    int64_t samples[SAMPLE_COUNT_MAX];
};

static void receiver_note_resumed(struct bench_receiver *receiver, int64_t now)
{
    int64_t resumed[2] = {(int64_t)getpid(), now - receiver->restored_ns};
    receiver->restored_ns = 0;
    if (!bench_put(receiver->directory, "resumed", resumed, sizeof resumed)) {
        bench_die("cannot write when the receiver resumed");
    }
}

static void receiver_take(struct bench_receiver *receiver, const struct mneme_event *event)
{
    struct bench_head head;
    memcpy(&head, event->bytes, sizeof head);
    bool last = head.index + 1 == head.count;
    int64_t now = last || receiver->sample_count < SAMPLE_COUNT_MAX ? bench_now() : 0;
    if (receiver->restored_ns != 0) {
        receiver_note_resumed(receiver, now);
    }
    if (head.stage != receiver->stage) {
        receiver->stage = head.stage;
        receiver->began_ns = head.sent_ns;
        receiver->sample_count = 0;
    }
    if (receiver->sample_count < SAMPLE_COUNT_MAX) {
        receiver->samples[receiver->sample_count++] = now - head.sent_ns;
    }
    if (!last) {
        return;
    }
    char file[64];
    struct bench_result result = {
        .count = head.count,
        .took_ns = now - receiver->began_ns,
        .p50_ns = bench_percentile(receiver->samples, receiver->sample_count, 50),
        .p99_ns = bench_percentile(receiver->samples, receiver->sample_count, 99)};
    (void)snprintf(file, sizeof file, "result-%llu", (unsigned long long)head.stage);
    if (!bench_put(receiver->directory, file, &result, sizeof result)) {
        bench_die("cannot write a result");
    }
}

static int be_receiver(struct mneme *vat, const char *directory)
{
    static struct bench_receiver receiver;
    struct mneme_event event = {.kind = MNEME_TIMEOUT};
    receiver.directory = directory;
    int result = MNEME_OK;
    while (result == MNEME_OK && event.kind != MNEME_END) {
        result = mneme_next(vat, &event, 1000);
        if (result == MNEME_OK && event.kind == MNEME_RESTORED) {
            int64_t pid = getpid();
            receiver.restored_ns = bench_now();
            if (!bench_put(directory, "receiver", &pid, sizeof pid)) {
                bench_die("cannot write who the receiver is");
            }
        }
        if (result == MNEME_OK && event.kind == MNEME_MESSAGE) {
            receiver_take(&receiver, &event);
        }
    }
    return result;
}

int bench_vat(const char *directory)
{
    struct mneme *vat = NULL;
    int result = mneme_open(&vat);
    if (result == MNEME_OK) {
        result = strcmp(mneme_name(vat), "receiver") == 0 ? be_receiver(vat, directory)
                                                          : be_sender(vat, directory);
    }
    mneme_close(&vat);
    return mneme_exit_code(result);
}
