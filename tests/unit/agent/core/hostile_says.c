/* What a hostile coordinator says to an agent: mostly what could be so, in any order. */
#include "hostile_host.h"

#include <stdio.h>

static bool chance(struct hostile_host *host, uint64_t percent)
{
    return hostile_chance(&host->hostile, percent);
}

static uint32_t below(struct hostile_host *host, uint32_t bound)
{
    return (uint32_t)hostile_below(&host->hostile, bound);
}

uint32_t host_vat_index(const struct mn_name *vat)
{
    return vat->text[0] == 'x' ? (uint32_t)(vat->text[1] - '1') : 0;
}

struct mn_name host_any_vat(struct hostile_host *host)
{
    return chance(host, 1) ? mn_name_of("zz") : hostile_name('x', below(host, HOST_VAT_COUNT));
}

mn_run host_any_run(struct hostile_host *host, uint32_t vat)
{
    uint32_t which = below(host, 100);
    mn_run run = host->runs[vat];
    return which < 75               ? run
           : which < 85             ? run + 1
           : which < 95 && run != 0 ? run - 1
                                    : below(host, 6);
}

mn_epoch host_any_epoch(struct hostile_host *host, uint32_t vat)
{
    if (chance(host, 2)) {
        return below(host, 3);
    }
    return EPOCH(host_any_run(host, vat), below(host, 9));
}

struct mn_digest host_digest(struct hostile_host *host, mn_epoch epoch)
{
    struct mn_digest digest = {{0}};
    for (size_t i = 0; i < sizeof epoch; i++) {
        digest.bytes[i] = (unsigned char)(epoch >> (8 * i));
    }
    digest.bytes[20] = chance(host, 3) ? 1 : 0;
    return digest;
}

static uint64_t any_round(struct hostile_host *host, uint64_t newest_percent)
{
    return chance(host, newest_percent) ? host->round
                                        : hostile_below(&host->hostile, host->round + 1);
}

/* The codec takes it, or nobody hears of it. */
static void down(struct hostile_host *host, struct mn_down *word)
{
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    struct mn_down said;
    mn_arena_init(&arena, 0);
    host->generation += chance(host, 1) ? 1 : 0;
    word->generation =
        chance(host, 96) ? host->generation : 1 + hostile_below(&host->hostile, host->generation);
    word->head = chance(host, 50) ? host->head : 0;
    if (mn_down_encode(word, &bytes) == MN_OK &&
        mn_down_decode(bytes.bytes, bytes.size, &arena, &said) == MN_OK) {
        struct agent_event event = {.kind = AGENT_ON_DOWN, .down = &said};
        hostile_note(&host->hostile, "word %d of the coordinator", (int)word->kind);
        host_step(host, &event);
    }
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
}

static void any_lineage(struct hostile_host *host, mn_run most, struct mn_lineage *lineage)
{
    mn_run run = 1;
    lineage->count = 0;
    for (uint32_t left = below(host, 3); left > 0; left--) {
        run += 1 + below(host, 2);
        if (run > most) {
            return;
        }
        lineage->forks[lineage->count++] =
            (struct mn_fork){.after = EPOCH(1 + below(host, run - 1), below(host, 6)),
                             .next = EPOCH(run, 1),
                             .seen = chance(host, 50),
                             .told = chance(host, 50)};
    }
}

static void says_welcome(struct hostile_host *host)
{
    struct mn_down word = {.kind = MN_DOWN_WELCOME};
    word.welcome.newest_round = host->round;
    word.welcome.send_everything = chance(host, 30);
    word.welcome.numbering = chance(host, 80) ? HOST_NUMBERING : 0;
    word.welcome.joins = chance(host, 50);
    down(host, &word);
}

static void says_probe(struct hostile_host *host)
{
    const struct mn_endpoint endpoints[2] = {{"tcp://1.1.1.1:1"}, {"tcp://1.1.1.2:1"}};
    struct mn_down word = {.kind = MN_DOWN_PROBE};
    word.probe.probe = below(host, 9);
    word.probe.host = hostile_name('h', below(host, HOST_COUNT));
    word.probe.endpoints = endpoints;
    word.probe.endpoint_count = below(host, 3);
    down(host, &word);
}

static void says_freeze(struct hostile_host *host, uint32_t vat)
{
    uint32_t other = (vat + 1) % HOST_VAT_COUNT;
    const struct mn_name hosts[2] = {hostile_name('h', below(host, HOST_COUNT)),
                                     hostile_name('h', below(host, HOST_COUNT))};
    const struct mn_name names[2] = {hostile_name('x', vat), hostile_name('x', other)};
    const uint32_t numbers[2] = {vat, other};
    const mn_run runs[2] = {host_any_run(host, vat), host_any_run(host, other)};
    struct mn_down word = {.kind = MN_DOWN_FREEZE};
    if (chance(host, 60)) {
        host->round += 1;
        host->attempt = 0;
    }
    host->attempt += 1;
    word.freeze.round = any_round(host, 95);
    word.freeze.attempt = host->attempt;
    word.freeze.hosts = hosts;
    word.freeze.host_count = below(host, 3);
    word.freeze.suspects.count = below(host, 3);
    if (chance(host, 50)) {
        word.freeze.suspects.numbering = chance(host, 95) ? HOST_NUMBERING : HOST_NUMBERING + 1;
        word.freeze.suspects.numbers = numbers;
    } else {
        word.freeze.suspects.names = names;
    }
    word.freeze.runs = runs;
    down(host, &word);
}

/* A chain below @run; its last link is what is kept. */
static uint32_t any_chain(struct hostile_host *host, const struct mn_name *vat, mn_run run,
                          struct mn_link chain[3])
{
    uint32_t count = below(host, 4);
    mn_epoch epoch = EPOCH(run > 1 ? run - 1 : 0, 1);
    const struct host_file *here = host->file_count > 0 && chance(host, 60)
                                       ? &host->files[below(host, (uint32_t)host->file_count)]
                                       : NULL;
    if (here != NULL && mn_name_equal(&here->vat, vat)) {
        epoch = here->epoch;
        count = 1;
    }
    uint32_t length = 0;
    while (length < count && epoch < EPOCH(run, 1)) {
        chain[length++] =
            (struct mn_link){.epoch = epoch, .holder = hostile_name('h', below(host, HOST_COUNT))};
        epoch += 1 + below(host, 2);
    }
    return length;
}

void host_says_start(struct hostile_host *host, uint32_t vat)
{
    struct mn_down word = {.kind = MN_DOWN_START};
    struct mn_start *start = &word.start;
    struct mn_link chain[3];
    host->runs[vat] += chance(host, 60) ? 1 : 0;
    start->round = any_round(host, 70);
    start->vat = hostile_name('x', vat);
    start->run = host_any_run(host, vat);
    start->incarnation = 1;
    start->disk = chance(host, 90) ? host->config.disk : 0;
    start->told_round = chance(host, 70) ? start->round : any_round(host, 0);
    any_lineage(host, start->run, &start->lineage);
    start->chain = chain;
    start->chain_count = any_chain(host, &start->vat, start->run, chain);
    start->outcome = chance(host, 50) ? MN_RESET : MN_RUNNING;
    if (start->chain_count > 0) {
        start->keep = chain[start->chain_count - 1].epoch;
        start->outcome = (enum mn_outcome)(1 + below(host, 2));
    }
    down(host, &word);
}

static void says_decision(struct hostile_host *host, uint32_t vat)
{
    struct mn_down word = {.kind = MN_DOWN_DECISION};
    struct mn_told told[2];
    struct mn_notice notices[4];
    struct mn_owed owed[2];
    word.decision.round = chance(host, 90) ? host->round : below(host, 3);
    word.decision.told = told;
    word.decision.told_count = below(host, 3);
    word.decision.notices = notices;
    for (uint32_t i = 0; i < word.decision.told_count; i++) {
        told[i] = (struct mn_told){.vat = hostile_name('x', (vat + i) % HOST_VAT_COUNT),
                                   .notice_first = word.decision.notice_count,
                                   .notice_count = 1 + below(host, 2)};
        for (uint32_t k = 0; k < told[i].notice_count; k++) {
            uint32_t peer = below(host, HOST_VAT_COUNT);
            notices[word.decision.notice_count++] = (struct mn_notice){
                .peer = hostile_name('x', peer),
                .incarnation = 1 + below(host, 3),
                .kept = host_any_epoch(host, peer),
                .you_heard = {host_any_epoch(host, peer), host_any_epoch(host, peer)},
                .forgot_you = {host_any_epoch(host, vat), host_any_epoch(host, vat)},
                .reset = chance(host, 20)};
        }
    }
    word.decision.owed = owed;
    word.decision.owed_count = below(host, 3);
    for (uint32_t i = 0; i < word.decision.owed_count; i++) {
        uint32_t peer = below(host, HOST_VAT_COUNT);
        owed[i] = (struct mn_owed){.vat = hostile_name('x', peer),
                                   .round = any_round(host, 0),
                                   .run = host_any_run(host, peer)};
    }
    down(host, &word);
}

static void says_address(struct hostile_host *host, uint32_t vat)
{
    struct mn_down word = {.kind = MN_DOWN_ADDRESS};
    word.address.vat = hostile_name('x', vat);
    word.address.run = host_any_run(host, vat);
    word.address.incarnation = 1;
    word.address.host = hostile_name('h', below(host, HOST_COUNT));
    if (chance(host, 70)) {
        (void)snprintf(word.address.endpoint.text, sizeof word.address.endpoint.text,
                       "tcp://10.0.0.2:%u", 1 + below(host, 9));
    }
    down(host, &word);
}

static void says_leased(struct hostile_host *host, uint32_t vat)
{
    const struct mn_vat_run vats[1] = {{hostile_name('x', vat), host_any_run(host, vat)}};
    struct mn_down word = {.kind = MN_DOWN_LEASED};
    word.leased.asker = chance(host, 70) ? host->config.disk : below(host, 9);
    word.leased.number = below(host, 12);
    word.leased.lease_ms = below(host, 5000);
    word.leased.vats = vats;
    word.leased.vat_count = below(host, 2);
    down(host, &word);
}

static void says_keep(struct hostile_host *host)
{
    static const unsigned char bytes[4] = {1, 2, 3, 4};
    struct mn_down word = {.kind = MN_DOWN_KEEP};
    struct mn_kept kept[2];
    word.keep.number = below(host, 9);
    word.keep.after = chance(host, 70) ? host->head : below(host, 9);
    word.keep.after_generation = host->generation;
    word.keep.record_count = below(host, 3);
    for (uint32_t i = 0; i < word.keep.record_count; i++) {
        kept[i] = (struct mn_kept){.sequence = word.keep.after + 1 + i,
                                   .generation = host->generation,
                                   .kind = MN_JOURNAL_FREEZE,
                                   .bytes = bytes,
                                   .byte_count = sizeof bytes,
                                   .size = sizeof bytes};
    }
    word.keep.records = kept;
    word.keep.founding = chance(host, 20);
    word.keep.whole_at = below(host, 9);
    host->head = word.keep.after + word.keep.record_count;
    down(host, &word);
}

static void says_to_keeper(struct hostile_host *host, uint32_t vat)
{
    struct mn_down word = {.kind = MN_DOWN_PROMISE};
    switch (below(host, 4)) {
    case 0:
        word.promise.candidate = host->generation + below(host, 2);
        word.promise.attempt = below(host, 3);
        break;
    case 1:
        says_keep(host);
        return;
    case 2:
        word.kind = MN_DOWN_RECALL;
        word.recall.sequence = 1 + below(host, 9);
        break;
    default:
        word.kind = MN_DOWN_ADOPT;
        word.adopt.number = 1 + below(host, 5);
        word.adopt.vat = hostile_name('x', vat);
        word.adopt.store = "/mnt/x";
        any_lineage(host, host->runs[vat], &word.adopt.lineage);
        break;
    }
    down(host, &word);
}

static void says_small(struct hostile_host *host, uint32_t vat)
{
    struct mn_down word = {.kind = MN_DOWN_TAKEN};
    switch (below(host, 3)) {
    case 0:
        word.taken.sequence = below(host, 200);
        break;
    case 1:
        word.kind = MN_DOWN_MORE;
        word.more.round = host->round;
        word.more.attempt = host->attempt;
        word.more.part = below(host, 3);
        break;
    default:
        word.kind = MN_DOWN_STOP;
        word.stop.vat = hostile_name('x', vat);
        word.stop.run = host_any_run(host, vat);
        any_lineage(host, host->runs[vat] + 1, &word.stop.lineage);
        break;
    }
    down(host, &word);
}

void host_says_down(struct hostile_host *host)
{
    uint32_t vat = below(host, HOST_VAT_COUNT);
    switch (below(host, 18)) {
    case 0:
    case 1:
    case 2:
        says_welcome(host);
        break;
    case 3:
        says_probe(host);
        break;
    case 4:
    case 5:
        says_freeze(host, vat);
        break;
    case 6:
    case 7:
    case 8:
        says_small(host, vat);
        break;
    case 9:
    case 10:
        says_decision(host, vat);
        break;
    case 11:
        says_address(host, vat);
        break;
    case 12:
        says_leased(host, vat);
        break;
    case 13:
    case 14:
        says_to_keeper(host, vat);
        break;
    default:
        host_says_start(host, vat);
        break;
    }
}
