/* The bank's turns: a tick sends transfers, a message credits one. Each turn leaves the accounts
 * and the book agreeing with each other, because a checkpoint has whole turns only. */
#include "bank.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bank_statement.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

enum { BANK_PICK_COUNT_MAX = 16, BANK_NAME_ROOM = 32 };

struct bank {
    struct mneme *vat;
    const struct bank_options *options;
    struct bank_book book;
    struct bank_log log;
    uint64_t random;     /* which accounts; nothing that matters depends on it */
    int64_t tick_at;     /* when the next one is due */
    int64_t received_at; /* the last transfer of this process; 0 before the first */
    int64_t sent_until;  /* for what time transfers were sent */
    int64_t statement_at;
    bool stopped;
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* SplitMix64. */
static uint64_t pick(struct bank *bank, uint64_t below)
{
    uint64_t z = (bank->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

static void account_name(char name[BANK_NAME_ROOM], uint32_t account)
{
    (void)snprintf(name, BANK_NAME_ROOM, "account/%04" PRIu32, account);
}

static int account_get(const struct bank *bank, uint32_t number, struct bank_account *account)
{
    char name[BANK_NAME_ROOM];
    const void *bytes = NULL;
    size_t size = 0;
    account_name(name, number);
    int result = mneme_blob_get(bank->vat, name, &bytes, &size);
    if (result == MNEME_OK && !bank_account_decode(account, bytes, size)) {
        return MNEME_CORRUPT;
    }
    return result;
}

static int account_put(struct bank *bank, uint32_t number, const struct bank_account *account)
{
    char name[BANK_NAME_ROOM];
    unsigned char bytes[BANK_ACCOUNT_SIZE];
    account_name(name, number);
    bank_account_encode(account, bytes);
    return mneme_blob_put(bank->vat, name, bytes, sizeof bytes);
}

static int book_put(struct bank *bank)
{
    struct mneme_statistics statistics;
    mneme_statistics(bank->vat, &statistics);
    bank->book.pause_ns_median = statistics.diff_pause_ns_median;
    bank->book.checkpoints = statistics.checkpoints;
    unsigned char bytes[BANK_BOOK_SIZE_MAX];
    size_t size = bank_book_encode(&bank->book, bytes);
    return mneme_blob_put(bank->vat, BANK_BOOK_NAME, bytes, size);
}

/* Write an event into the log, in the turn that handles it: told once is written once. */
static int log_event(struct bank *bank, const struct mneme_event *event, enum bank_event_kind kind)
{
    struct bank_event noted = {.kind = kind,
                               .outcome = (uint64_t)event->outcome,
                               .round = event->round,
                               .kept = event->kept,
                               .incarnation = event->incarnation,
                               .you_heard_first = event->you_heard.first,
                               .you_heard_last = event->you_heard.last,
                               .forgot_you_first = event->forgot_you.first,
                               .forgot_you_last = event->forgot_you.last,
                               .gap_first = event->gap_first,
                               .gap_last = event->gap_last,
                               .gap_sent = (uint64_t)event->gap_sent};
    if (event->peer != NULL) {
        (void)snprintf(noted.peer, sizeof noted.peer, "%s", event->peer);
    }
    bank_log_add(&bank->log, &noted);
    unsigned char bytes[BANK_LOG_SIZE_MAX];
    size_t size = bank_log_encode(&bank->log, bytes);
    return mneme_blob_put(bank->vat, BANK_LOG_NAME, bytes, size);
}

/* The accounts of a bank without a past. One that was reset had one, and what was in its accounts
 * has gone with it: to begin with money again would be to make money. */
static int on_birth(struct bank *bank, bool reset)
{
    int64_t balance = reset ? 0 : BANK_BALANCE;
    int result = MNEME_OK;
    for (uint32_t i = 0; i < bank->options->account_count && result == MNEME_OK; i++) {
        result = account_put(bank, i, &(struct bank_account){.balance = balance});
    }
    return result;
}

/* Take over what the checkpoint has of the book and the log. */
static int read_past(struct bank *bank)
{
    const void *bytes = NULL;
    size_t size = 0;
    int result = mneme_blob_get(bank->vat, BANK_BOOK_NAME, &bytes, &size);
    if (result == MNEME_OK && !bank_book_decode(&bank->book, bytes, size)) {
        result = MNEME_CORRUPT;
    }
    if (result == MNEME_OK) {
        result = mneme_blob_get(bank->vat, BANK_LOG_NAME, &bytes, &size);
    }
    if (result == MNEME_OK && !bank_log_decode(&bank->log, bytes, size)) {
        result = MNEME_CORRUPT;
    }
    return result;
}

static int on_restored(struct bank *bank, const struct mneme_event *event)
{
    int result = event->kept == 0 ? on_birth(bank, event->outcome == MNEME_RESET) : read_past(bank);
    for (size_t i = 0; i < bank->options->peer_count && result == MNEME_OK; i++) {
        if (bank_book_peer(&bank->book, bank->options->peers[i]) == NULL) {
            result = MNEME_FULL;
        }
    }
    if (result == MNEME_OK) {
        result = log_event(bank, event, BANK_RESTORED);
    }
    return result == MNEME_OK ? book_put(bank) : result;
}

/* A peer that was reset counts its transfers from 1 again; what nobody keeps will not come.
 * libmneme sends again whatever can be; the bank only keeps its book right. */
static int on_peer_event(struct bank *bank, const struct mneme_event *event)
{
    struct bank_peer *peer = bank_book_peer(&bank->book, event->peer);
    enum bank_event_kind kind = BANK_PEER_ROLLED_BACK;
    if (peer == NULL) {
        return MNEME_FULL;
    }
    if (event->kind == MNEME_PEER_RESET) {
        kind = BANK_PEER_RESET;
        bank_peer_reset(peer);
    } else if (event->kind == MNEME_GAP || event->kind == MNEME_UNDELIVERED) {
        kind = BANK_GAP;
        bank_peer_gap(peer, event->gap_last - event->gap_first + 1, event->gap_sent != 0);
    }
    int result = log_event(bank, event, kind);
    return result == MNEME_OK ? book_put(bank) : result;
}

static void note_stall(struct bank *bank, int64_t now)
{
    if (bank->received_at != 0 && !bank->stopped &&
        now - bank->received_at > bank->book.stall_ns_max) {
        bank->book.stall_ns_max = now - bank->received_at;
    }
}

static int on_message(struct bank *bank, const struct mneme_event *event)
{
    struct bank_transfer transfer;
    struct bank_account account;
    struct bank_peer *peer = bank_book_peer(&bank->book, event->peer);
    if (!bank_transfer_decode(&transfer, event->bytes, event->size) || peer == NULL) {
        (void)fprintf(stderr, "bank: a message of %s is no transfer; it is left out\n",
                      event->peer);
        return MNEME_OK;
    }
    int result = account_get(bank, transfer.account, &account);
    if (result == MNEME_NOT_FOUND) {
        (void)fprintf(stderr,
                      "bank: %s sent a transfer to account %" PRIu32 ", which does not "
                      "exist; start all banks with the same --accounts\n",
                      event->peer, transfer.account);
        return MNEME_BAD_INPUT;
    }
    if (result != MNEME_OK) {
        return result;
    }
    int64_t now = now_ns();
    note_stall(bank, now);
    bank->received_at = now;
    account.balance += transfer.amount;
    account.count += 1;
    bank_peer_received(peer, &transfer);
    result = account_put(bank, transfer.account, &account);
    return result == MNEME_OK ? book_put(bank) : result;
}

/* An account that has @amount; false when a few tries found none. */
static bool find_funded(struct bank *bank, int64_t amount, uint32_t *number,
                        struct bank_account *account)
{
    for (int i = 0; i < BANK_PICK_COUNT_MAX; i++) {
        *number = (uint32_t)pick(bank, bank->options->account_count);
        if (account_get(bank, *number, account) == MNEME_OK && account->balance >= amount) {
            return true;
        }
    }
    return false;
}

/* One transfer from a random account here to a random one of a random peer. */
static int send_one(struct bank *bank)
{
    const char *name = bank->options->peers[pick(bank, bank->options->peer_count)];
    struct bank_peer *peer = bank_book_peer(&bank->book, name);
    struct bank_account account;
    uint32_t number = 0;
    struct bank_transfer transfer = {
        .account = (uint32_t)pick(bank, bank->options->account_count),
        .sequence = peer->sent.count + 1,
        .amount = 1 + (int64_t)pick(bank, BANK_AMOUNT_MAX),
    };
    if (!find_funded(bank, transfer.amount, &number, &account)) {
        return MNEME_OK;
    }
    unsigned char bytes[BANK_TRANSFER_SIZE];
    bank_transfer_encode(&transfer, bytes);
    int result = mneme_send(bank->vat, name, bytes, sizeof bytes);
    if (result == MNEME_FULL) {
        return MNEME_OK; /* The peer is behind: less is sent until it is not. */
    }
    if (result != MNEME_OK) {
        return result;
    }
    account.balance -= transfer.amount;
    account.count += 1;
    bank_peer_sent(peer, &transfer);
    return account_put(bank, number, &account);
}

/* What may not be shown now, or cannot, is shown at a later tick. */
static void show_statement(struct bank *bank, int64_t now)
{
    if (bank->options->statements != NULL && now >= bank->statement_at &&
        bank_statement_write(bank->vat, bank->options->statements, &bank->book)) {
        bank->statement_at = now + BANK_STATEMENT_MS * NS_PER_MS;
    }
}

static int on_tick(struct bank *bank, int64_t now)
{
    show_statement(bank, now);
    bool stop = bank->options->stop_file != NULL && access(bank->options->stop_file, F_OK) == 0;
    if (stop && !bank->stopped) {
        note_stall(bank, now);
        bank->stopped = true;
        return book_put(bank);
    }
    if (!stop && bank->stopped) {
        bank->stopped = false;
        bank->received_at = 0;
        bank->sent_until = now;
    }
    if (stop || bank->options->peer_count == 0 || bank->options->rate == 0) {
        return MNEME_OK;
    }
    /* What was missed for longer than a few ticks is not caught up with. */
    if (now - bank->sent_until > 10 * (BANK_TICK_MS * NS_PER_MS)) {
        bank->sent_until = now - BANK_TICK_MS * NS_PER_MS;
    }
    int64_t step = NS_PER_SECOND / (int64_t)bank->options->rate;
    int result = MNEME_OK;
    bool sent = false;
    while (bank->sent_until + step <= now && result == MNEME_OK) {
        result = send_one(bank);
        bank->sent_until += step;
        sent = true;
    }
    return result == MNEME_OK && sent ? book_put(bank) : result;
}

static int on_event(struct bank *bank, const struct mneme_event *event)
{
    switch (event->kind) {
    case MNEME_RESTORED:
        return on_restored(bank, event);
    case MNEME_MESSAGE:
        return on_message(bank, event);
    case MNEME_PEER_ROLLED_BACK:
    case MNEME_PEER_RESET:
    case MNEME_GAP:
    case MNEME_UNDELIVERED:
        return on_peer_event(bank, event);
    case MNEME_PEER_UNREACHABLE:
    case MNEME_PEER_BACK:
    case MNEME_TIMEOUT:
    case MNEME_END:
        break; /* These say nothing about anybody's memory. */
    }
    return MNEME_OK;
}

int bank_run(struct mneme *vat, const struct bank_options *options)
{
    int64_t now = now_ns();
    struct bank bank = {.vat = vat,
                        .options = options,
                        .random = (uint64_t)now ^ (uint64_t)getpid() << 40,
                        .tick_at = now,
                        .sent_until = now};
    struct mneme_event event = {.kind = MNEME_TIMEOUT};
    bool restored = false;
    while (event.kind != MNEME_END) {
        now = now_ns();
        int64_t left = bank.tick_at > now ? bank.tick_at - now : 0;
        int result = mneme_next(vat, &event, (int)((left + NS_PER_MS - 1) / NS_PER_MS));
        if (result == MNEME_OK) {
            result = on_event(&bank, &event);
        }
        restored = restored || event.kind == MNEME_RESTORED;
        now = now_ns();
        if (result == MNEME_OK && restored && event.kind != MNEME_END && now >= bank.tick_at) {
            bank.tick_at = now + BANK_TICK_MS * NS_PER_MS;
            result = on_tick(&bank, now);
        }
        if (result != MNEME_OK) {
            return result;
        }
    }
    return MNEME_OK;
}
