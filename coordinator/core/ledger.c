/* The ledger: what it is made of.
 *
 * Structure. An interval is one epoch of one vat that was reported or heard of; it has a number,
 * and everything else names it by that. Four tables go by it:
 *
 *   intervals  40 bytes   what was reported of it: epoch, since, flags, its block of what it heard,
 *                         its first form
 *   hearers    64 bytes   who heard it: a count, 14 of them, the last to come among these, and a
 *                         block for the others. A cache line, because this is what a report writes
 *                         for each entry and what the cut reads for each interval that goes
 *   links       8 bytes   its vat, again; the next newer live one of its vat; and whether the vat
 *                         is told instead of taken back: what the cut needs to take one back
 *   bits        5         settled (dead, or at or below its vat's given floor: binds nobody),
 *                         listed and live, and three for marks within a call
 *
 * Each vat has its intervals by epoch in slots (12 bytes), and in one cache line, its place, what
 * most steps look at, with copies of the newest three slots: most of what is heard is new. The open
 * interval of a vat has a number too, but no slot: as a peer hears it, it is another interval of
 * the same epoch, which stays when the open one is forgotten. Blocks of words hold what does not
 * fit (ledger_words.h): what an interval heard, hearers past 14, and forms with their copies.
 *
 * Invariants, asserted by ledger_invariant:
 *   - an entry stands twice, once with its hearer and once with what it heard; a vat's entries on
 *     itself nowhere, the same entry of an interval once;
 *   - an interval is known as long as it is listed, open or heard by somebody;
 *   - links lead from each interval in a slot to the next live one in the slots above it;
 *   - slots grow strictly in epoch; an interval is settled, live and covered as EVIDENCE.md has it
 *     at every moment, so that a decision begins with nothing but what is lost;
 *   - vats that cannot run whatever is lost (stopped), and those with entries on what died at a
 * fork that was not told (standing), are listed, so a decision need not look for them;
 *   - between two calls no mark of a decision is left.
 *
 * Bytes. With k entries a report and as many hearers an interval, about 125 + 4 k + slots and forms
 * (40 or so) an interval, and 250 and its name a vat, an eighth more for the room that tables grow
 * into. At 10 entries a report that is 18 to 23 bytes an entry; 10 million vats with 1 billion
 * entries are 18 to 23 GB. To come to 16 the since (told by its distance), the vat in intervals
 * (told by links) and the spare eighth would have to go; numbers of 30 bits suffice for all.
 *
 * Complexity. A report with k entries costs k times three cache lines (the peer's place, the
 * hearers, the report's own block), whose waits overlap within a batch (ledger_batch.c), plus
 * a look at the vat's slots above it, of which there are none when it is the newest. Late reports
 * move the slots above them. Adding a vat, a loss or an unlosing is constant; so is emptying a
 * store. Floors cost what leaves, and for each entry that leaves a look through the hearers of what
 * was heard. Deciding costs what cut.c, told.c and because.c say: nothing of it grows with what is
 * neither lost nor taken back. */
#include <stdlib.h>

#include "ledger_private.h"

mn_result ledger_new(struct ledger **ledger)
{
    struct ledger *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    *ledger = made;
    return MN_OK;
}

void ledger_clear(struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->vat_count; i++) {
        free(ledger->places[i].slots);
        free(ledger->vats[i].lineage);
        if (ledger->vats[i].settled != NULL) {
            free(ledger->vats[i].settled->ranges);
            free(ledger->vats[i].settled);
        }
    }
    ledger_names_deinit(&ledger->place_names);
    ledger_names_deinit(&ledger->store_names);
    ledger_names_deinit(&ledger->vat_names);
    ledger_words_deinit(&ledger->words);
    struct ledger_set *sets[] = {
        &ledger->lost_domains, &ledger->lost_hosts,   &ledger->lost_stores,
        &ledger->lost_vats,    &ledger->unknown_vats, &ledger->unknown_stores,
        &ledger->tell,         &ledger->stopped,      &ledger->standing};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        ledger_set_deinit(sets[i]);
    }
    free(ledger->domains);
    free(ledger->hosts);
    free(ledger->stores);
    free(ledger->sites);
    free(ledger->vats);
    ledger_lines_deinit(&ledger->place_lines);
    free(ledger->intervals);
    ledger_lines_deinit(&ledger->hearers_lines);
    free(ledger->links);
    free(ledger->settled);
    free(ledger->live_rows);
    free(ledger->judged);
    free(ledger->restorable);
    free(ledger->seen);
    free(ledger->scratch);
    free(ledger->pieces.renewed);
    *ledger = (struct ledger){0};
}

void ledger_destroy(struct ledger **ledger)
{
    if (*ledger != NULL) {
        ledger_clear(*ledger);
        free(*ledger);
        *ledger = NULL;
    }
}

/* Bytes of all sets together. */
static size_t sets_size(const struct ledger *ledger)
{
    return ledger_set_size(&ledger->lost_domains) + ledger_set_size(&ledger->lost_hosts) +
           ledger_set_size(&ledger->lost_stores) + ledger_set_size(&ledger->lost_vats) +
           ledger_set_size(&ledger->unknown_vats) + ledger_set_size(&ledger->unknown_stores) +
           ledger_set_size(&ledger->tell) + ledger_set_size(&ledger->stopped) +
           ledger_set_size(&ledger->standing);
}

void ledger_measure(const struct ledger *ledger, struct ledger_sizes *sizes)
{
    size_t bytes = sizeof *ledger + sets_size(ledger) + ledger->slot_bytes + ledger->lineage_bytes;
    bytes += ledger_names_size(&ledger->place_names) + ledger_names_size(&ledger->store_names) +
             ledger_names_size(&ledger->vat_names);
    bytes += ledger->domain_capacity * sizeof *ledger->domains +
             ledger->host_capacity * sizeof *ledger->hosts +
             ledger->store_capacity * sizeof *ledger->stores +
             ledger->site_capacity * sizeof *ledger->sites;
    bytes += ledger->vat_capacity * sizeof *ledger->vats + ledger_lines_size(&ledger->place_lines);
    bytes += ledger->interval_capacity * sizeof *ledger->intervals +
             ledger_lines_size(&ledger->hearers_lines) +
             ledger->link_capacity * sizeof *ledger->links +
             ledger->settled_capacity * sizeof *ledger->settled +
             (ledger->live_row_capacity + ledger->judged_capacity + ledger->restorable_capacity) *
                 sizeof *ledger->live_rows +
             ledger->seen_capacity * sizeof *ledger->seen;
    bytes += ledger->words.capacity * sizeof *ledger->words.words +
             ledger->scratch_capacity * sizeof *ledger->scratch +
             ledger->pieces.renewed_capacity * sizeof *ledger->pieces.renewed;
    *sizes = (struct ledger_sizes){.vat_count = ledger->vat_count,
                                   .checkpoint_count = ledger->checkpoint_count,
                                   .heard_count = ledger->heard_count,
                                   .byte_count = bytes};
}
