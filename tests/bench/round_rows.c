/* What the agents of the round benchmark have to tell. Every vat has the same number of full
 * checkpoints in its first run; the k-th heard some peers' k-th epochs, and the open interval
 * theirs after the last checkpoint. With two stores the host a rack further on has a copy of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "round_bench.h"
#include "wire/control.h"

enum { PEER_STRIDE = 37 };

struct mn_name round_vat_name(uint32_t vat)
{
    struct mn_name name = {{0}};
    (void)snprintf(name.text, sizeof name.text, "v%u", vat);
    return name;
}

struct mn_name round_host_name(uint32_t host)
{
    struct mn_name name = {{0}};
    (void)snprintf(name.text, sizeof name.text, "h%u", host);
    return name;
}

uint32_t round_number(const struct mn_name *name)
{
    return (uint32_t)strtoul(name->text + 1, NULL, 10);
}

uint32_t round_peer(const struct round_size *size, uint32_t vat, uint32_t index)
{
    return (vat + 1 + index * PEER_STRIDE) % size->vats;
}

void round_rows_init(struct round_rows *rows, const struct round_size *size)
{
    size_t heard_count = (size_t)ROUND_ROW_COUNT * size->heard;
    size_t name_count = ROUND_ROW_COUNT + heard_count;
    rows->size = size;
    rows->stamps = calloc(size->vats, sizeof *rows->stamps);
    rows->places = calloc(size->vats, sizeof *rows->places);
    rows->stamp = 0;
    rows->report = calloc(1, sizeof *rows->report);
    uint32_t *numbers = calloc(name_count, sizeof *numbers);
    struct mn_row *list = calloc(ROUND_ROW_COUNT, sizeof *list);
    struct mn_heard *heard = calloc(heard_count + 1, sizeof *heard);
    if (rows->stamps == NULL || rows->places == NULL || rows->report == NULL || numbers == NULL ||
        list == NULL || heard == NULL) {
        round_die("memory for reports");
    }
    rows->report->vats.numbers = numbers;
    rows->report->vats.numbering = size->numbering;
    rows->report->rows = list;
    rows->report->heard = heard;
}

void round_rows_deinit(struct round_rows *rows)
{
    free((void *)rows->report->vats.numbers);
    free((void *)rows->report->rows);
    free((void *)rows->report->heard);
    free(rows->report);
    free(rows->places);
    free(rows->stamps);
}

static uint32_t rows_name(struct round_rows *rows, uint32_t vat)
{
    struct mn_report *report = rows->report;
    if (rows->stamps[vat] != rows->stamp) {
        rows->stamps[vat] = rows->stamp;
        rows->places[vat] = report->vats.count;
        ((uint32_t *)report->vats.numbers)[report->vats.count++] = vat;
    }
    return rows->places[vat];
}

uint64_t round_rows_count(const struct round_size *size)
{
    return (uint64_t)(size->vats / size->hosts) * size->checkpoints * size->stores;
}

static void rows_add(struct round_rows *rows, uint32_t vat, uint32_t number, bool own)
{
    struct mn_report *report = rows->report;
    const struct round_size *size = rows->size;
    mn_epoch first = mn_epoch_first(1);
    struct mn_row *row = &((struct mn_row *)report->rows)[report->row_count++];
    *row = (struct mn_row){.vat = rows_name(rows, vat),
                           .epoch = first + number,
                           .since = number > 0 ? first + number - 1 : 0,
                           .durable = own,
                           .here = true,
                           .floor = own ? first : 0,
                           .heard_first = report->heard_count,
                           .heard_count = size->heard};
    for (uint32_t i = 0; i < size->heard; i++) {
        uint32_t peer = rows_name(rows, round_peer(size, vat, i));
        ((struct mn_heard *)report->heard)[report->heard_count++] =
            (struct mn_heard){.peer = peer, .epoch = first + number};
    }
}

uint32_t round_rows_make(struct round_rows *rows, uint32_t host, uint64_t from)
{
    const struct round_size *size = rows->size;
    uint64_t own = round_rows_count(size) / size->stores;
    uint32_t partner = (host + size->hosts - size->rack) % size->hosts;
    rows->stamp += 1;
    rows->report->vats.count = 0;
    rows->report->row_count = 0;
    rows->report->heard_count = 0;
    for (uint64_t i = from; i < round_rows_count(size) && rows->report->row_count < ROUND_ROW_COUNT;
         i++) {
        uint64_t at = i % own;
        uint64_t each = size->by_epoch ? size->vats / size->hosts : size->checkpoints;
        uint32_t place = (uint32_t)(size->by_epoch ? at % each : at / each);
        uint32_t number = (uint32_t)(size->by_epoch ? at / each : at % each);
        uint32_t on = i < own ? host : partner;
        rows_add(rows, on + place * size->hosts, number, i < own);
    }
    return rows->report->row_count;
}

void round_intervals_encode(const struct round_size *size, uint32_t host, const bool *runs,
                            const bool *suspects, struct mn_up *up, struct mn_buffer *buffer)
{
    uint32_t count = size->vats / size->hosts;
    uint32_t each = 1 + size->heard;
    uint32_t *numbers = calloc((size_t)count * each, sizeof *numbers);
    struct mn_interval *intervals = calloc(count, sizeof *intervals);
    struct mn_heard *heard = calloc((size_t)count * each, sizeof *heard);
    if (numbers == NULL || intervals == NULL || heard == NULL) {
        round_die("memory for intervals");
    }
    struct mn_intervals *out = &up->intervals;
    mn_epoch open = mn_epoch_first(1) + size->checkpoints;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t vat = host + i * size->hosts;
        if (suspects[vat] || !runs[i]) {
            continue;
        }
        intervals[out->interval_count++] = (struct mn_interval){.vat = out->vats.count,
                                                                .epoch = open,
                                                                .since = open - 1,
                                                                .heard_first = out->heard_count,
                                                                .heard_count = size->heard};
        numbers[out->vats.count++] = vat;
        for (uint32_t k = 0; k < size->heard; k++) {
            heard[out->heard_count++] = (struct mn_heard){.peer = out->vats.count, .epoch = open};
            numbers[out->vats.count++] = round_peer(size, vat, k);
        }
    }
    out->vats.numbers = numbers;
    out->vats.numbering = size->numbering;
    out->intervals = intervals;
    out->heard = heard;
    buffer->size = 0;
    if (mn_up_encode(up, buffer) != MN_OK) {
        round_die("encoding intervals");
    }
    free(numbers);
    free(intervals);
    free(heard);
}
