/* The book of a bank: what it sent to and received from each other bank, as its own state says. It
 * is the BLOB "book", so that an audit can compare what two vats' checkpoints claim about each
 * other.
 *
 * Layout, all numbers little-endian: u32 version (2), u32 count of peers, i64 stall_ns_max,
 * i64 pause_ns_median, u64 checkpoints, then for each peer u8 size of the name, the name in 128
 * bytes padded with zeros, and 14 64-bit numbers in the order of struct bank_peer. */
#ifndef BANK_BANK_BOOK_H
#define BANK_BANK_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANK_BOOK_NAME "book"

enum {
    BANK_PEER_COUNT_MAX = 64,
    BANK_NAME_SIZE_MAX = 128,
    BANK_BOOK_VERSION = 2,
    BANK_TRANSFER_VERSION = 1,
    BANK_BOOK_HEAD_SIZE = 32,
    BANK_BOOK_NUMBER_COUNT = 14,
    BANK_BOOK_PEER_SIZE = 1 + BANK_NAME_SIZE_MAX + BANK_BOOK_NUMBER_COUNT * 8,
    BANK_BOOK_SIZE_MAX = BANK_BOOK_HEAD_SIZE + BANK_PEER_COUNT_MAX * BANK_BOOK_PEER_SIZE,
    BANK_TRANSFER_SIZE = 24,
    BANK_ACCOUNT_SIZE = 16
};

/* Transfers in one direction: how many, how much, and a hash over each in its order. Two banks
 * whose histories agree have the same three. */
struct bank_flow {
    uint64_t count;
    int64_t sum;
    uint64_t hash;
};

struct bank_peer {
    char name[BANK_NAME_SIZE_MAX + 1];
    struct bank_flow sent;
    struct bank_flow received;
    uint64_t last;     /* the sequence of the last transfer received */
    uint64_t repeated; /* transfers that came with a sequence that was already there */
    uint64_t lost;     /* sequences that were left out, and that no gap named */

    /* Received before the peer forgot everything: it is here, and the peer does not know of it. */
    struct bank_flow former;
    uint64_t gap_received; /* transfers of the peer that nobody keeps, as gap events named them */
    uint64_t gap_sent;     /* transfers to the peer that it forgot and nobody keeps, likewise */
};

struct bank_book {
    int64_t stall_ns_max;    /* the longest time without a received transfer while running */
    int64_t pause_ns_median; /* how long a diff held the vat up */
    uint64_t checkpoints;    /* written by the newest process */
    size_t peer_count;
    struct bank_peer peers[BANK_PEER_COUNT_MAX];
};

/* A transfer as it travels: u32 version (1), u32 account, u64 sequence, i64 amount. */
struct bank_transfer {
    uint32_t account;  /* at the receiver */
    uint64_t sequence; /* from 1 for each ordered pair, counted by the bank itself */
    int64_t amount;
};

/* An account as its BLOB has it: i64 balance, u64 count of transfers in and out. */
struct bank_account {
    int64_t balance;
    uint64_t count;
};

/* The book as bytes; returns their size. */
size_t bank_book_encode(const struct bank_book *book, unsigned char bytes[BANK_BOOK_SIZE_MAX]);

/* False, and @book untouched, when the bytes are no book of this version. */
bool bank_book_decode(struct bank_book *book, const unsigned char *bytes, size_t size);

void bank_transfer_encode(const struct bank_transfer *transfer,
                          unsigned char bytes[BANK_TRANSFER_SIZE]);
bool bank_transfer_decode(struct bank_transfer *transfer, const unsigned char *bytes, size_t size);

void bank_account_encode(const struct bank_account *account,
                         unsigned char bytes[BANK_ACCOUNT_SIZE]);
bool bank_account_decode(struct bank_account *account, const unsigned char *bytes, size_t size);

/* The entry of the bank @name, added if it is new; NULL when the book is full. */
struct bank_peer *bank_book_peer(struct bank_book *book, const char *name);

/* Note a transfer that was sent to or received from @peer. */
void bank_peer_sent(struct bank_peer *peer, const struct bank_transfer *transfer);
void bank_peer_received(struct bank_peer *peer, const struct bank_transfer *transfer);

/* The peer has forgotten everything: it will count from 1 again. What came of it stays. */
void bank_peer_reset(struct bank_peer *peer);

/* @count transfers from the peer will never come, or @sent, those to it will never be known. */
void bank_peer_gap(struct bank_peer *peer, uint64_t count, bool sent);

#endif
