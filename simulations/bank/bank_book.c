/* The book's bytes, and how a transfer is noted in it. The hash is FNV-1a, chained over the
 * transfers, so that it tells any difference in what was transferred and in which order. */
#include "bank_book.h"

#include <string.h>

static void put_number(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

static void put_peer(unsigned char *at, const struct bank_peer *peer)
{
    size_t name_size = strlen(peer->name);
    at[0] = (unsigned char)name_size;
    memset(at + 1, 0, BANK_NAME_SIZE_MAX);
    memcpy(at + 1, peer->name, name_size);
    const uint64_t numbers[BANK_BOOK_NUMBER_COUNT] = {
        peer->sent.count,
        (uint64_t)peer->sent.sum,
        peer->sent.hash,
        peer->received.count,
        (uint64_t)peer->received.sum,
        peer->received.hash,
        peer->last,
        peer->repeated,
        peer->lost,
        peer->former.count,
        (uint64_t)peer->former.sum,
        peer->former.hash,
        peer->gap_received,
        peer->gap_sent,
    };
    for (size_t i = 0; i < BANK_BOOK_NUMBER_COUNT; i++) {
        put_number(at + 1 + BANK_NAME_SIZE_MAX + 8 * i, numbers[i], 8);
    }
}

size_t bank_book_encode(const struct bank_book *book, unsigned char bytes[BANK_BOOK_SIZE_MAX])
{
    put_number(bytes, BANK_BOOK_VERSION, 4);
    put_number(bytes + 4, book->peer_count, 4);
    put_number(bytes + 8, (uint64_t)book->stall_ns_max, 8);
    put_number(bytes + 16, (uint64_t)book->pause_ns_median, 8);
    put_number(bytes + 24, book->checkpoints, 8);
    for (size_t i = 0; i < book->peer_count; i++) {
        put_peer(bytes + BANK_BOOK_HEAD_SIZE + i * BANK_BOOK_PEER_SIZE, &book->peers[i]);
    }
    return BANK_BOOK_HEAD_SIZE + book->peer_count * BANK_BOOK_PEER_SIZE;
}

static bool get_peer(struct bank_peer *peer, const unsigned char *at)
{
    size_t name_size = at[0];
    if (name_size == 0 || name_size > BANK_NAME_SIZE_MAX) {
        return false;
    }
    memset(peer, 0, sizeof *peer);
    memcpy(peer->name, at + 1, name_size);
    const unsigned char *numbers = at + 1 + BANK_NAME_SIZE_MAX;
    peer->sent.count = get_number(numbers, 8);
    peer->sent.sum = (int64_t)get_number(numbers + 8, 8);
    peer->sent.hash = get_number(numbers + 16, 8);
    peer->received.count = get_number(numbers + 24, 8);
    peer->received.sum = (int64_t)get_number(numbers + 32, 8);
    peer->received.hash = get_number(numbers + 40, 8);
    peer->last = get_number(numbers + 48, 8);
    peer->repeated = get_number(numbers + 56, 8);
    peer->lost = get_number(numbers + 64, 8);
    peer->former.count = get_number(numbers + 72, 8);
    peer->former.sum = (int64_t)get_number(numbers + 80, 8);
    peer->former.hash = get_number(numbers + 88, 8);
    peer->gap_received = get_number(numbers + 96, 8);
    peer->gap_sent = get_number(numbers + 104, 8);
    return true;
}

bool bank_book_decode(struct bank_book *book, const unsigned char *bytes, size_t size)
{
    if (size < BANK_BOOK_HEAD_SIZE || get_number(bytes, 4) != BANK_BOOK_VERSION) {
        return false;
    }
    size_t count = (size_t)get_number(bytes + 4, 4);
    if (count > BANK_PEER_COUNT_MAX || size != BANK_BOOK_HEAD_SIZE + count * BANK_BOOK_PEER_SIZE) {
        return false;
    }
    struct bank_book read = {
        .stall_ns_max = (int64_t)get_number(bytes + 8, 8),
        .pause_ns_median = (int64_t)get_number(bytes + 16, 8),
        .checkpoints = get_number(bytes + 24, 8),
        .peer_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        if (!get_peer(&read.peers[i], bytes + BANK_BOOK_HEAD_SIZE + i * BANK_BOOK_PEER_SIZE)) {
            return false;
        }
    }
    *book = read;
    return true;
}

void bank_transfer_encode(const struct bank_transfer *transfer,
                          unsigned char bytes[BANK_TRANSFER_SIZE])
{
    put_number(bytes, BANK_TRANSFER_VERSION, 4);
    put_number(bytes + 4, transfer->account, 4);
    put_number(bytes + 8, transfer->sequence, 8);
    put_number(bytes + 16, (uint64_t)transfer->amount, 8);
}

bool bank_transfer_decode(struct bank_transfer *transfer, const unsigned char *bytes, size_t size)
{
    if (size != BANK_TRANSFER_SIZE || get_number(bytes, 4) != BANK_TRANSFER_VERSION) {
        return false;
    }
    *transfer = (struct bank_transfer){.account = (uint32_t)get_number(bytes + 4, 4),
                                       .sequence = get_number(bytes + 8, 8),
                                       .amount = (int64_t)get_number(bytes + 16, 8)};
    return true;
}

void bank_account_encode(const struct bank_account *account, unsigned char bytes[BANK_ACCOUNT_SIZE])
{
    put_number(bytes, (uint64_t)account->balance, 8);
    put_number(bytes + 8, account->count, 8);
}

bool bank_account_decode(struct bank_account *account, const unsigned char *bytes, size_t size)
{
    if (size != BANK_ACCOUNT_SIZE) {
        return false;
    }
    account->balance = (int64_t)get_number(bytes, 8);
    account->count = get_number(bytes + 8, 8);
    return true;
}

struct bank_peer *bank_book_peer(struct bank_book *book, const char *name)
{
    for (size_t i = 0; i < book->peer_count; i++) {
        if (strcmp(book->peers[i].name, name) == 0) {
            return &book->peers[i];
        }
    }
    size_t name_size = strlen(name);
    if (book->peer_count == BANK_PEER_COUNT_MAX || name_size == 0 ||
        name_size > BANK_NAME_SIZE_MAX) {
        return NULL;
    }
    struct bank_peer *peer = &book->peers[book->peer_count++];
    memset(peer, 0, sizeof *peer);
    memcpy(peer->name, name, name_size);
    return peer;
}

static void flow_add(struct bank_flow *flow, const struct bank_transfer *transfer)
{
    unsigned char bytes[BANK_TRANSFER_SIZE];
    bank_transfer_encode(transfer, bytes);
    uint64_t hash = flow->count == 0 ? UINT64_C(0xCBF29CE484222325) : flow->hash;
    for (size_t i = 0; i < sizeof bytes; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    flow->hash = hash;
    flow->count += 1;
    flow->sum += transfer->amount;
}

void bank_peer_sent(struct bank_peer *peer, const struct bank_transfer *transfer)
{
    flow_add(&peer->sent, transfer);
}

void bank_peer_received(struct bank_peer *peer, const struct bank_transfer *transfer)
{
    flow_add(&peer->received, transfer);
    if (transfer->sequence <= peer->last) {
        peer->repeated += 1;
        return;
    }
    peer->lost += transfer->sequence - peer->last - 1;
    peer->last = transfer->sequence;
}

void bank_peer_reset(struct bank_peer *peer)
{
    peer->former.count += peer->received.count;
    peer->former.sum += peer->received.sum;
    peer->former.hash = peer->received.hash;
    peer->received = (struct bank_flow){0};
    peer->last = 0;
}

void bank_peer_gap(struct bank_peer *peer, uint64_t count, bool sent)
{
    if (sent) {
        peer->gap_sent += count;
    } else {
        peer->gap_received += count;
        peer->last += count;
    }
}
