/* The evidence of a decision, in pieces: it is as large as the ledger, and whoever waits for the
 * decision waits for it too. So most of it is made, and goes to the disk, while its round GATHERs,
 * which is waiting anyway: some vats at a time, so that nobody else waits for it. What changes
 * meanwhile is said anew at the end (ledger_evidence.c). A coordinator that has just begun is still
 * being told everything: it begins when no more time is left than a quiet round has.
 *
 * Invariant: a step hands over one piece at most. */
#include "base/check.h"
#include "coordinator_private.h"

enum { PIECE_VAT_COUNT = 8192 };

static mn_time pieces_from(const struct coordinator *coordinator, const struct round *round)
{
    mn_time from = coordinator->listens_until -
                   coordinator_heartbeat(coordinator) * COORDINATOR_QUIET_HEARTBEATS;
    return from > round->begun_at ? from : round->begun_at;
}

void pieces_begin(struct coordinator *coordinator, struct round *round)
{
    bool begun = round->drafted && ledger_evidence_begun(coordinator->ledger);
    if (begun || coordinator->now < pieces_from(coordinator, round)) {
        return;
    }
    struct mn_buffer *piece = &coordinator->effects->evidence;
    mn_assert(piece->size == 0);
    if (coordinator_fine(coordinator,
                         ledger_evidence_first(coordinator->ledger, PIECE_VAT_COUNT, piece))) {
        round->drafted = true;
        coordinator_hand_piece(coordinator, true);
    }
}

void pieces_tick(struct coordinator *coordinator, const struct round *round)
{
    if (!round->drafted || !ledger_evidence_more(coordinator->ledger)) {
        return;
    }
    struct mn_buffer *piece = &coordinator->effects->evidence;
    mn_assert(piece->size == 0);
    if (coordinator_fine(coordinator,
                         ledger_evidence_next(coordinator->ledger, PIECE_VAT_COUNT, piece))) {
        coordinator_hand_piece(coordinator, false);
    }
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
    return ledger_evidence_more(coordinator->ledger) ? coordinator->now : MN_TIME_NEVER;
}
