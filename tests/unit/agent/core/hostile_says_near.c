/* What hostile vats of the same host say to an agent, and the agents of other hosts. */
#include "hostile_host.h"

#include <stdio.h>

enum { NEAR_HEARD_MAX = 3 };

static bool chance(struct hostile_host *host, uint64_t percent)
{
    return hostile_chance(&host->hostile, percent);
}

static uint32_t below(struct hostile_host *host, uint32_t bound)
{
    return (uint32_t)hostile_below(&host->hostile, bound);
}

static void any_piece(struct hostile_host *host, mn_epoch epoch, struct mn_copies *copies)
{
    static const unsigned char bytes[4096];
    copies->kind = MN_COPIES_PIECE;
    copies->piece.epoch = epoch;
    copies->piece.size = chance(host, 60) ? 1000 : 1 + below(host, 3000);
    copies->piece.digest = host_digest(host, epoch);
    copies->piece.offset = chance(host, 70) ? 0 : hostile_below(&host->hostile, copies->piece.size);
    copies->piece.bytes = bytes;
    copies->piece.byte_count = (uint32_t)(copies->piece.size - copies->piece.offset);
    if (chance(host, 30)) {
        copies->piece.byte_count = 1 + below(host, copies->piece.byte_count);
    }
}

static void any_copies(struct hostile_host *host, uint32_t vat, mn_epoch epoch, mn_epoch keep[3],
                       struct mn_copies *copies)
{
    switch (below(host, 7)) {
    case 0:
        copies->kind = MN_COPIES_OFFER;
        copies->offer.epoch = epoch;
        copies->offer.size = 1 + below(host, 3000);
        copies->offer.digest = host_digest(host, epoch);
        break;
    case 1:
        copies->kind = MN_COPIES_WANT;
        copies->want.epoch = epoch;
        copies->want.offset = chance(host, 60) ? 0 : below(host, 4000);
        break;
    case 2:
    case 3:
        any_piece(host, epoch, copies);
        break;
    case 4:
    case 5:
        copies->kind = MN_COPIES_HAVE;
        copies->have.epoch = epoch;
        copies->have.digest = host_digest(host, epoch);
        copies->have.refused = chance(host, 80) ? MN_OK : chance(host, 50) ? MN_AGAIN : MN_IO;
        break;
    default:
        keep[0] = epoch;
        keep[1] = keep[0] + 1 + below(host, 2);
        keep[2] = keep[1] + 1;
        copies->kind = MN_COPIES_DROP;
        copies->drop.run = host_any_run(host, vat);
        copies->drop.keep = keep;
        copies->drop.keep_count = 1 + below(host, 3);
        break;
    }
}

void host_says_copies(struct hostile_host *host)
{
    struct mn_copies copies = {0};
    mn_epoch keep[3];
    uint32_t vat = below(host, HOST_VAT_COUNT);
    mn_epoch epoch = host_any_epoch(host, vat);
    if (host->file_count > 0 && chance(host, 40)) {
        const struct host_file *file = &host->files[below(host, (uint32_t)host->file_count)];
        vat = host_vat_index(&file->vat);
        epoch = file->epoch;
    }
    copies.generation =
        chance(host, 90) ? host->generation : hostile_below(&host->hostile, host->generation + 1);
    copies.vat = chance(host, 99) ? hostile_name('x', vat) : host_any_vat(host);
    copies.run = chance(host, 50) ? 0 : host_any_run(host, vat);
    any_copies(host, vat, epoch, keep, &copies);
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    struct mn_copies said;
    mn_arena_init(&arena, 0);
    if (mn_copies_encode(&copies, &bytes) == MN_OK &&
        mn_copies_decode(bytes.bytes, bytes.size, &arena, &said) == MN_OK) {
        struct agent_event event = {.kind = AGENT_ON_COPIES};
        event.copies.host = 1 + below(host, HOST_COUNT - 1);
        event.copies.message = &said;
        hostile_note(&host->hostile, "word %d of h%u of %s %llx", (int)copies.kind,
                     event.copies.host + 1, copies.vat.text, (unsigned long long)epoch);
        host_step(host, &event);
    }
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
}

/* What a vat heard, and knows: all of the other two. */
struct near_heard {
    struct mn_name names[2];
    struct mn_heard items[NEAR_HEARD_MAX];
    struct mn_known known[2];
};

static void any_heard(struct hostile_host *host, uint32_t vat, struct near_heard *heard)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t peer = (vat + 1 + i) % HOST_VAT_COUNT;
        heard->names[i] = hostile_name('x', peer);
        heard->known[i] = (struct mn_known){.vat = i, .incarnation = 2 + below(host, 2)};
        if (chance(host, 70)) {
            heard->known[i].fork =
                (struct mn_fork){.after = host_any_epoch(host, peer),
                                 .next = mn_epoch_first(host_any_run(host, peer)),
                                 .seen = true};
        }
    }
    for (uint32_t i = 0; i < NEAR_HEARD_MAX; i++) {
        uint32_t peer = below(host, 2);
        heard->items[i] = (struct mn_heard){
            .peer = peer, .epoch = host_any_epoch(host, (vat + 1 + peer) % HOST_VAT_COUNT)};
    }
}

/* A process that lives says who it is, or another one does. */
static void says_attach(struct hostile_host *host, uint32_t connection, struct mn_from_vat *word)
{
    const struct host_process *process = NULL;
    for (size_t i = host->process_count; i > 0 && process == NULL; i--) {
        if (host->processes[i - 1].alive && chance(host, 60)) {
            process = &host->processes[i - 1];
        }
    }
    word->kind = MN_FROM_VAT_ATTACH;
    if (process != NULL) {
        word->attach.vat = process->vat;
        word->attach.pid = process->pid;
        word->attach.run = chance(host, 50) ? process->run : 0;
        word->attach.frozen_round = chance(host, 90) ? 0 : below(host, 9);
        host->connection_runs[connection] = process->run;
    } else {
        word->attach.vat = host_any_vat(host);
        word->attach.pid = below(host, 99);
        word->attach.run = host_any_run(host, 0);
        if (word->attach.run != 0) {
            host->connection_runs[connection] = word->attach.run;
        }
    }
    host->connection_vats[connection] = word->attach.vat;
    word->run = word->attach.run;
    if (word->attach.run != 0 && chance(host, 90)) {
        (void)snprintf(word->attach.endpoint.text, sizeof word->attach.endpoint.text,
                       "tcp://10.0.0.1:9%u", connection);
    }
}

static void says_written(struct hostile_host *host, uint32_t vat, const struct near_heard *heard,
                         struct mn_from_vat *word)
{
    word->kind = MN_FROM_VAT_WRITTEN;
    word->written.epoch = EPOCH(word->run, 1 + below(host, 12));
    word->written.onto = chance(host, 40) ? 0 : word->written.epoch - 1;
    word->written.since = chance(host, 60) ? word->written.onto : host_any_epoch(host, vat);
    word->written.size = 1000;
    word->written.digest = host_digest(host, word->written.epoch);
    word->written.names = heard->names;
    word->written.name_count = 2;
    word->written.heard = heard->items;
    word->written.heard_count = below(host, NEAR_HEARD_MAX + 1);
    word->written.heard_before = below(host, word->written.heard_count + 1);
    word->written.round = hostile_below(&host->hostile, host->round + 1);
    word->written.known = heard->known;
    word->written.known_count = chance(host, 30) ? below(host, 3) : 0;
    struct host_file file = {.vat = hostile_name('x', vat),
                             .epoch = word->written.epoch,
                             .onto = word->written.onto,
                             .since = word->written.since,
                             .size = word->written.size,
                             .digest = word->written.digest};
    file.since = file.since < file.epoch ? file.since : 0;
    host_file_put(host, file);
}

static void says_interval(struct hostile_host *host, uint32_t vat, const struct near_heard *heard,
                          struct mn_from_vat *word)
{
    word->kind = MN_FROM_VAT_INTERVAL;
    word->interval.round =
        chance(host, 90) ? host->round : hostile_below(&host->hostile, host->round + 1);
    word->interval.attempt = host->attempt;
    word->interval.epoch = EPOCH(word->run, 1 + below(host, 12));
    word->interval.since = chance(host, 50) ? 0 : host_any_epoch(host, vat);
    word->interval.names = heard->names;
    word->interval.name_count = 2;
    word->interval.heard = heard->items;
    word->interval.heard_count = below(host, NEAR_HEARD_MAX + 1);
    word->interval.heard_before = below(host, word->interval.heard_count + 1);
    word->interval.known = heard->known;
    word->interval.known_count = chance(host, 30) ? below(host, 3) : 0;
}

static void says_small(struct hostile_host *host, struct mn_from_vat *word)
{
    uint32_t peer = below(host, HOST_VAT_COUNT);
    switch (below(host, 7)) {
    case 0:
        word->kind = MN_FROM_VAT_HANDLED;
        word->handled.round =
            chance(host, 70) ? host->round : hostile_below(&host->hostile, host->round + 2);
        break;
    case 1:
        word->kind = MN_FROM_VAT_LOOKUP;
        word->lookup.peer = host_any_vat(host);
        break;
    case 2:
        word->kind = MN_FROM_VAT_TROUBLE;
        word->trouble.code = MN_IO;
        (void)snprintf(word->trouble.text, sizeof word->trouble.text, "x");
        break;
    case 3:
        word->kind = MN_FROM_VAT_REFUSED;
        word->refused = (struct mn_vat_run){hostile_name('x', peer), host_any_run(host, peer)};
        break;
    case 4:
        word->kind = MN_FROM_VAT_BEAT;
        word->beat.number = below(host, 9);
        break;
    case 5:
        word->kind = MN_FROM_VAT_WANT_LEASE;
        break;
    default:
        word->kind = MN_FROM_VAT_DIFFERS;
        word->differs = (struct mn_differs){.peer = hostile_name('x', peer),
                                            .run = host_any_run(host, peer),
                                            .self = chance(host, 50),
                                            .epoch = host_any_epoch(host, peer)};
        break;
    }
}

static void vat_says(struct hostile_host *host, uint32_t connection, const struct mn_from_vat *word)
{
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    struct mn_from_vat said;
    mn_arena_init(&arena, 0);
    if (mn_from_vat_encode(word, &bytes) == MN_OK &&
        mn_from_vat_decode(bytes.bytes, bytes.size, &arena, &said) == MN_OK) {
        bool unsent = chance(host, 2);
        struct agent_event event = {.kind = unsent ? AGENT_ON_UNSENT : AGENT_ON_VAT};
        event.vat.connection.bytes[0] = (unsigned char)(1 + connection);
        event.vat.message = unsent ? NULL : &said;
        hostile_note(&host->hostile, "word %d of connection %u, %s run %u", (int)word->kind,
                     connection, host->connection_vats[connection].text, word->run);
        host_step(host, &event);
    }
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
}

void host_says_vat(struct hostile_host *host)
{
    struct mn_from_vat word = {0};
    struct near_heard heard;
    uint32_t connection = below(host, HOST_CONNECTION_COUNT);
    uint32_t vat = host->connection_runs[connection] == 0
                       ? connection % HOST_VAT_COUNT
                       : host_vat_index(&host->connection_vats[connection]);
    any_heard(host, vat, &heard);
    word.run = chance(host, 90) ? host->connection_runs[connection] : host_any_run(host, vat);
    switch (below(host, 12)) {
    case 0:
    case 1:
        says_attach(host, connection, &word);
        break;
    case 2:
    case 3:
    case 4:
        says_written(host, vat, &heard, &word);
        break;
    case 5:
    case 6:
        says_interval(host, vat, &heard, &word);
        break;
    default:
        says_small(host, &word);
        break;
    }
    vat_says(host, connection, &word);
}
