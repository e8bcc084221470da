/* The evidence of a decision, in pieces: it is as large as the ledger, and whoever waits for the
 * decision waits for it too. So most of it is made, and goes to the disk, while its round GATHERs,
 * which is waiting anyway: some vats at a time, so that nobody else waits for it. What changes
 * meanwhile is said anew at the end (ledger_evidence.c). It begins when the losses that come
 * together have come, for their probes are waited for and pieces would be in their way. A
 * coordinator that has just begun is still being told everything: it begins when no more time is
 * left than a quiet round has.
 *
 * Pieces may be made faster than a slow disk takes them, and a full one takes none. What waits for
 * it is bounded: then the next piece is held back, and the round with it, for all of them would be
 * in the last one otherwise.
 *
 * Invariant: a step hands over one piece at most. */
#include "base/check.h"
#include "coordinator_private.h"

enum {
    PIECE_WAIT_MS = 100,
    LOSSES_SHARE = 16 /* of a heartbeat: losses that come together have come after it */
};

void coordinator_set_pieces(struct coordinator *coordinator, uint32_t vat_count)
{
    coordinator->piece_vat_count = vat_count;
}

/* Losses that go on and on do not put it off by more than a heartbeat. */
static mn_time pieces_from(const struct coordinator *coordinator, const struct round *round)
{
    mn_time heartbeat = coordinator_heartbeat(coordinator);
    mn_time listened = coordinator->listens_until - heartbeat * COORDINATOR_QUIET_HEARTBEATS;
    mn_time quiet = round->quiet_from + heartbeat / LOSSES_SHARE;
    mn_time latest = round->begun_at + heartbeat;
    mn_time from = quiet < latest ? quiet : latest;
    return listened > from ? listened : from;
}

void pieces_begin(struct coordinator *coordinator, struct round *round)
{
    bool begun = round->drafted && ledger_evidence_begun(coordinator->ledger);
    if (begun || coordinator->now < pieces_from(coordinator, round)) {
        return;
    }
    struct mn_buffer *piece = &coordinator->effects->evidence;
    mn_assert(piece->size == 0);
    if (coordinator_fine(coordinator, ledger_evidence_first(coordinator->ledger,
                                                            coordinator->piece_vat_count, piece))) {
        round->drafted = true;
        coordinator_hand_piece(coordinator, true);
    }
}

void pieces_tick(struct coordinator *coordinator, struct round *round)
{
    if (!round->drafted || !ledger_evidence_more(coordinator->ledger)) {
        return;
    }
    round->held_back = round->held_back || coordinator->behind_disk;
    if (coordinator->behind_disk) {
        return;
    }
    struct mn_buffer *piece = &coordinator->effects->evidence;
    mn_assert(piece->size == 0);
    if (coordinator_fine(coordinator, ledger_evidence_next(coordinator->ledger,
                                                           coordinator->piece_vat_count, piece))) {
        coordinator_hand_piece(coordinator, false);
    }
}

bool pieces_wait(const struct coordinator *coordinator, const struct round *round)
{
    return round->held_back && ledger_evidence_more(coordinator->ledger);
}

void pieces_say_wait(struct coordinator *coordinator, struct round *round)
{
    round_hold(coordinator, round, 0,
               "its evidence is made faster than the disk takes it, or the disk is full: it waits "
               "until that has taken more");
}

void pieces_end(struct coordinator *coordinator)
{
    struct mn_buffer *piece = &coordinator->effects->evidence;
    bool first = !ledger_evidence_begun(coordinator->ledger);
    mn_assert(piece->size == 0);
    if (coordinator_fine(coordinator, ledger_evidence_last(coordinator->ledger, piece))) {
        coordinator_hand_piece(coordinator, first);
    }
}

void pieces_call_off(struct coordinator *coordinator, const struct round *round)
{
    if (round->drafted) {
        ledger_evidence_drop(coordinator->ledger);
        coordinator_drop_pieces(coordinator);
    }
}

mn_time pieces_deadline(const struct coordinator *coordinator, const struct round *round)
{
    bool begun = round->drafted && ledger_evidence_begun(coordinator->ledger);
    if (!begun) {
        return pieces_from(coordinator, round);
    }
    if (!ledger_evidence_more(coordinator->ledger)) {
        return MN_TIME_NEVER;
    }
    return coordinator->now + (coordinator->behind_disk ? PIECE_WAIT_MS * MN_MS : 0);
}
