/* The audit: what the banks' books, as their checkpoints have them, say about each other.
 *
 * Of each pair of vats what the one sent is what the other received, transfer by transfer and in
 * this order (a hash says so), but for what a vat that was reset has taken with it: that is counted
 * by itself, and must be named in a gap event to both. What such a vat sent in its former life, its
 * peers keep apart. The accounts of each vat must agree with its book. */
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

static const struct bank_peer *audit_entry(const struct demo_state *state, const char *name)
{
    static const struct bank_peer nothing;
    for (size_t i = 0; i < state->book.peer_count; i++) {
        if (strcmp(state->book.peers[i].name, name) == 0) {
            return &state->book.peers[i];
        }
    }
    return &nothing;
}

/* Compare what one bank says it sent to the other with what that says it received. */
static void audit_compare(const struct bank_peer *sender, const struct bank_peer *receiver,
                          struct demo_audit *audit)
{
    uint64_t sent = sender->sent.count;
    uint64_t known = receiver->received.count + receiver->gap_received;
    bool whole = receiver->gap_received == 0;
    if (known > sent) {
        audit->orphans += (int64_t)(known - sent);
    } else if (known < sent) {
        audit->lost += (int64_t)(sent - known);
    } else if (whole && (sender->sent.hash != receiver->received.hash ||
                         sender->sent.sum != receiver->received.sum)) {
        audit->orphans += 1; /* as many, but not the same */
    }
    audit->gaps += (int64_t)receiver->gap_received;
    audit->untold += sender->gap_sent != receiver->gap_received ? 1 : 0;
}

static bool audit_was_reset(const struct demo_state *state)
{
    bool reset = false;
    for (size_t i = 0; i < state->log.count; i++) {
        const struct bank_event *event = &state->log.events[i];
        reset = event->kind == BANK_RESTORED ? event->outcome == MN_RESET : reset;
    }
    return reset;
}

/* Whether what is in the accounts is what was there at first, and came, less what went. */
static bool audit_agrees(const struct demo_state *state)
{
    int64_t expected = audit_was_reset(state) ? 0 : (int64_t)DEMO_ACCOUNT_COUNT * DEMO_BALANCE;
    for (size_t i = 0; i < state->book.peer_count; i++) {
        const struct bank_peer *peer = &state->book.peers[i];
        expected += peer->received.sum + peer->former.sum - peer->sent.sum;
    }
    return state->money == expected;
}

static void audit_count_vat(const struct demo *demo, int index, struct demo_audit *audit)
{
    const struct demo_state *state = &audit->states[index];
    audit->money += state->money;
    audit->money_of[demo->vats[index].bank] += state->money;
    audit->crooked += audit_agrees(state) ? 0 : 1;
    for (int other = 0; other < DEMO_VAT_COUNT; other++) {
        audit_compare(audit_entry(state, demo->vats[other].name),
                      audit_entry(&audit->states[other], demo->vats[index].name), audit);
    }
    for (size_t i = 0; i < state->book.peer_count; i++) {
        audit->transfers += (int64_t)state->book.peers[i].received.count;
        audit->repeated += (int64_t)state->book.peers[i].repeated;
        audit->lost += (int64_t)state->book.peers[i].lost;
    }
    audit->moved += state->run > 1 ? 1 : 0;
    int64_t stall_ms = state->book.stall_ns_max / MN_MS;
    int64_t pause_us = state->book.pause_ns_median / 1000;
    if (!demo_vat_hit(demo, index)) {
        audit->stall_ms = stall_ms > audit->stall_ms ? stall_ms : audit->stall_ms;
    }
    audit->pause_us = pause_us > audit->pause_us ? pause_us : audit->pause_us;
}

mn_result demo_read_state(struct demo *demo, struct demo_audit *audit)
{
    struct demo_state *states = calloc(DEMO_VAT_COUNT, sizeof *states);
    if (states == NULL) {
        return MN_NO_MEMORY;
    }
    *audit = (struct demo_audit){.states = states, .complete = true};
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        demo_read_vat(demo, demo->vats[i].name, &states[i]);
        audit->complete = audit->complete && states[i].complete;
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        audit_count_vat(demo, i, audit);
    }
    return MN_OK;
}

void demo_audit_deinit(struct demo_audit *audit)
{
    free(audit->states);
    audit->states = NULL;
}
