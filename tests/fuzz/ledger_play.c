/* What the bytes of the ledger's harness are played on. */
#include "ledger_play.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

uint32_t play_take(struct play *play, uint32_t bound)
{
    if (play->size == 0) {
        return 0;
    }
    play->size--;
    return *play->bytes++ % bound;
}

void play_show(const struct play *play, const char *format, ...)
{
    if (play->show) {
        va_list arguments;
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
    }
}

void play_show_heard(const struct play *play, const struct evidence_heard *heard, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play_show(play, " heard v%u:%d", heard[i].vat, (int)heard[i].epoch);
    }
    play_show(play, "\n");
}

mn_epoch play_take_epoch(struct play *play)
{
    return (mn_epoch)play_take(play, MODEL_EPOCH_COUNT);
}

static void make_places(struct play *play)
{
    uint32_t index = 0;
    uint32_t shape = play_take(play, 256);
    play->domain_count = shape % 3;
    play->host_count = 1 + shape / 4 % 3;
    play->store_count = 1 + shape / 16 % 3;
    for (uint32_t i = 0; i < play->domain_count; i++) {
        char name[] = {'d', (char)('0' + i), '\0'};
        struct evidence_domain row = {name, i > 0 && shape >= 128 ? 0 : EVIDENCE_NONE};
        mn_assert(ledger_add_domain(play->ledger, &row, &index) == MN_OK && index == i);
        mn_assert(ledger_add_domain(play->ledger, &row, &index) == MN_EXISTS);
    }
    for (uint32_t i = 0; i < play->host_count; i++) {
        char name[] = {'h', (char)('0' + i), '\0'};
        uint32_t in = play_take(play, play->domain_count + 1);
        struct evidence_host row = {name, in < play->domain_count ? in : EVIDENCE_NONE};
        mn_assert(ledger_add_host(play->ledger, &row, &index) == MN_OK && index == i);
    }
    for (uint32_t i = 0; i < play->store_count; i++) {
        char name[] = {'s', (char)('0' + i), '\0'};
        uint32_t in = play_take(play, play->host_count + play->domain_count + 1);
        struct evidence_store row = {name, EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
        if (in < play->host_count) {
            row = (struct evidence_store){name, EVIDENCE_IN_HOST, in};
        } else if (in < play->host_count + play->domain_count) {
            row = (struct evidence_store){name, EVIDENCE_IN_DOMAIN, in - play->host_count};
        }
        mn_assert(ledger_add_store(play->ledger, &row, &index) == MN_OK && index == i);
    }
}

static void make_vats(struct play *play)
{
    play->model.vat_count = 1 + play_take(play, MODEL_VAT_COUNT);
    for (uint32_t i = 0; i < play->model.vat_count; i++) {
        char name[] = {'v', (char)('0' + i), '\0'};
        uint32_t shape = play_take(play, 256);
        uint32_t host = shape / 16 % (MODEL_PLACE_COUNT + 1);
        struct model_vat *vat = &play->model.vats[i];
        vat->host = host < play->host_count ? host : EVIDENCE_NONE;
        vat->be_told = shape % 8 == 0;
        vat->early = (shape & 8) != 0;
        vat->limit = shape >= 224 ? 0 : shape >= 192 ? 5 : 1;
        struct evidence_vat row = {.name = name,
                                   .host = vat->host,
                                   .limit = vat->limit,
                                   .on_peer_rollback =
                                       vat->be_told ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK,
                                   .sends = vat->early ? EVIDENCE_EARLY : EVIDENCE_HELD};
        uint32_t index = 0;
        mn_assert(ledger_add_vat(play->ledger, &row, &index) == MN_OK && index == i);
    }
}

void play_make_world(struct play *play)
{
    make_places(play);
    make_vats(play);
}
