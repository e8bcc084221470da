/* Reports: rows of an agent into the ledger. A host speaks for its own store, and for the vats that
 * are meant to run on it: of others' floors nothing that it says is heard while the ledger has one
 * of them, nor that a checkpoint of theirs is not durable yet. A row that breaks its rules is
 * refused by itself; the report is taken all the same. */
#include "base/check.h"
#include "coordinator_private.h"

/* What is known of each vat at once: what the journal does not know of is a record. Who names a vat
 * twice in one table is heard once. */
static void lives_seen(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                       const struct mn_vat_table *table)
{
    coordinator->table_count += 1;
    uint32_t first = 0;
    for (uint32_t end = 1; first < table->known_count; end++) {
        const struct mn_known *known = &table->known[first];
        if (end < table->known_count && table->known[end].vat == known->vat) {
            continue;
        }
        uint32_t vat = vats[known->vat];
        if (vat != TOPOLOGY_NONE && coordinator->vats[vat].said_in != coordinator->table_count) {
            coordinator->vats[vat].said_in = coordinator->table_count;
            vats_lives_seen(coordinator, host, vat, known, end - first);
        }
        first = end;
    }
}

uint32_t *reports_vats(struct coordinator *coordinator, uint32_t host,
                       const struct mn_vat_table *table)
{
    const struct topology *topology = coordinator->topology;
    if (table->numbering != 0 && table->numbering != topology->numbering) {
        coordinator_refuse(coordinator, host, "vats by their numbers in another topology");
        return NULL;
    }
    uint32_t *vats = coordinator_take(coordinator, table->count, sizeof *vats);
    if (vats == NULL) {
        return NULL;
    }
    if (table->numbering == 0) {
        topology_find_vats(topology, table->names, table->count, vats);
    } else {
        for (uint32_t i = 0; i < table->count; i++) {
            vats[i] = table->numbers[i] < topology->vat_count ? table->numbers[i] : TOPOLOGY_NONE;
        }
    }
    if (vats != NULL) {
        lives_seen(coordinator, host, vats, table);
    }
    return vats;
}

struct evidence_heard *reports_heard(struct coordinator *coordinator, uint32_t host,
                                     const uint32_t *vats, const struct mn_heard *heard,
                                     size_t *count)
{
    struct evidence_heard *out = coordinator_take(coordinator, *count, sizeof *out);
    size_t kept = 0;
    for (size_t i = 0; out != NULL && i < *count; i++) {
        uint32_t peer = vats[heard[i].peer];
        if (peer == TOPOLOGY_NONE || heard[i].epoch < 1 ||
            !vats_run_believed(coordinator, peer, mn_epoch_run(heard[i].epoch))) {
            coordinator_refuse(coordinator, host,
                               "a checkpoint that heard a vat which is not in the topology, or an "
                               "epoch that cannot be");
            continue;
        }
        if (coordinator->forgotten) {
            vats_run_seen(coordinator, peer, mn_epoch_run(heard[i].epoch));
        }
        /* What died in a decision was weighed there: whoever keeps it has been told, or heard it
         * before its floor. Later rows name it again when they reach back below that. */
        if (!ledger_epoch_weighed(coordinator->ledger, peer, heard[i].epoch)) {
            out[kept++] = (struct evidence_heard){.vat = peer, .epoch = heard[i].epoch};
        }
    }
    *count = kept;
    return out;
}

static bool row_right(const struct coordinator *coordinator, uint32_t vat, const struct mn_row *row)
{
    return vat != TOPOLOGY_NONE && row->epoch >= 1 &&
           vats_run_believed(coordinator, vat, mn_epoch_run(row->epoch)) && row->since >= 0 &&
           row->since < row->epoch && row->onto >= 0 && row->onto < row->epoch && row->floor >= 0 &&
           row->floor <= MN_EPOCH_MAX && row->applied <= MN_ROUND_MAX;
}

static void row_into_ledger(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                            const struct mn_row *row, const struct evidence_heard *heard,
                            size_t heard_count)
{
    const struct evidence_form form = {.kind = row->onto != 0 ? EVIDENCE_DIFF : EVIDENCE_FULL,
                                       .onto = row->onto,
                                       .need = 1,
                                       .at_count = 1,
                                       .at = &host};
    const struct evidence_checkpoint checkpoint = {
        .vat = vat,
        .epoch = row->epoch,
        .has_since = true,
        .since = row->since,
        /* Only its own host can be certain that its messages have not left. */
        .durable = row->durable || coordinator->vats[vat].host != host,
        .heard_count = heard_count,
        .heard = heard,
        .form_count = row->here ? 1 : 0,
        .forms = &form,
        .written = ages_written(coordinator, row->age),
        .written_here = coordinator->vats[vat].host == host};
    mn_result result = ledger_checkpoint(coordinator->ledger, &checkpoint);
    if (result == MN_BAD_INPUT) {
        coordinator_refuse_row(coordinator, host, vat, row->epoch,
                               "a checkpoint that contradicts what is known of it");
    } else {
        (void)coordinator_fine(coordinator, result);
    }
}

/* Whether no floor of the vat is known, or by hearsay alone: who holds more of it may still say a
 * higher one, and so may its own host; without that there would be a gap to what is durable. */
bool reports_floor_open(const struct vat_entry *entry)
{
    return !entry->floored || !entry->floor_said;
}

/* A new coordinator that knows no floor of the vat yet takes what it is told of it, whatever goes
 * on, also while the vat is started: without it there would be a gap to what is durable now, and
 * holders do not say it again. Otherwise a vat that is lost, or is being replaced, has no say in
 * what it goes on from. */
static void floor_take(struct coordinator *coordinator, uint32_t vat, mn_epoch floor, bool own)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    bool settled =
        reports_floor_open(entry) || (!entry->starting && !entry->lost && !entry->suspect);
    if (!settled || floor == 0 || vats_epoch_dead(coordinator, vat, floor)) {
        return;
    }
    entry->floor = floor > entry->floor ? floor : entry->floor;
    entry->floor_said = entry->floor_said || (own && !entry->lost && !entry->starting);
}

/* Of a vat whose host cannot say it, a checkpoint says what its floor was: none above itself,
 * whatever else is said by a host that does not run the vat. One that is gone shows nothing, so it
 * counts only while the vat's own host cannot be asked. */
static mn_epoch floor_foreign(const struct coordinator *coordinator, uint32_t vat,
                              const struct mn_row *row)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    bool told = coordinator->hosts[entry->host].told_all && !entry->lost;
    if (!reports_floor_open(entry) || (row->gone && told) ||
        vats_epoch_dead(coordinator, vat, row->epoch)) {
        return 0;
    }
    return row->floor < row->epoch ? row->floor : row->epoch;
}

static void row_take(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                     const struct mn_report *report, const struct mn_row *row)
{
    uint32_t vat = vats[row->vat];
    if (!row_right(coordinator, vat, row)) {
        coordinator_refuse_row(coordinator, host, vat, row->epoch,
                               "a checkpoint of a vat that is not in the topology, or one that "
                               "breaks its rules");
        return;
    }
    struct vat_entry *entry = &coordinator->vats[vat];
    entry->told_of = entry->told_of || !adopt_found(coordinator, vat, host);
    vats_run_seen(coordinator, vat, mn_epoch_run(row->epoch));
    vats_applied(coordinator, vat, row->applied);
    rests_saved(coordinator, vat, mn_epoch_run(row->epoch));
    if (row->gone) {
        mn_result result = ledger_drop_copies(coordinator->ledger, vat, row->epoch, host);
        (void)coordinator_fine(coordinator, result == MN_NOT_FOUND ? MN_OK : result);
    } else {
        size_t count = row->heard_count;
        const struct evidence_heard *heard =
            reports_heard(coordinator, host, vats, report->heard + row->heard_first, &count);
        if (heard != NULL) {
            row_into_ledger(coordinator, host, vat, row, heard, count);
        }
    }
    mn_epoch floor = entry->host == host ? row->floor : floor_foreign(coordinator, vat, row);
    floor_take(coordinator, vat, floor, entry->host == host);
}

void reports_floor_said(struct coordinator *coordinator, uint32_t vat, mn_epoch floor)
{
    if (reports_floor_open(&coordinator->vats[vat])) {
        floor_take(coordinator, vat, floor, true);
    }
}

/* A first floor may be an old one, of an agent whose ledger is older than what was deleted since:
 * unless nothing is missing from it on, it would leave all that is above the hole hanging in the
 * air, and keep out a higher one. Where it is to be decided @now it is taken if anything rests on
 * it, be it what was below it and is still held, for then there may be no higher one. */
static void floor_set(struct coordinator *coordinator, uint32_t vat, bool now)
{
    const struct ledger *ledger = coordinator->ledger;
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->floor == 0) {
        return;
    }
    bool whole = !reports_floor_open(entry) || ledger_floor_whole(ledger, vat, entry->floor);
    if ((whole || (now && ledger_floor_joins(ledger, vat, entry->floor))) &&
        coordinator_fine(coordinator,
                         ledger_set_floor(coordinator->ledger, vat, entry->floor, NULL))) {
        entry->floored = entry->floored || whole;
    }
}

void reports_first_floors(struct coordinator *coordinator, uint32_t host, bool now)
{
    uint32_t vat = coordinator->hosts[host].vat_first;
    for (; vat != TOPOLOGY_NONE; vat = coordinator->vats[vat].next_here) {
        if (reports_floor_open(&coordinator->vats[vat])) {
            floor_set(coordinator, vat, now);
        }
    }
}

/* The ledger lets go of what is below a floor unless it knows what stands on it. So a new
 * coordinator takes a vat's first floor only when all rows of its host are there; the next ones
 * come after what they rest on. */
static void floors_follow(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                          const struct mn_report *report)
{
    bool round = round_active(coordinator) != NULL;
    for (uint32_t i = 0; i < report->row_count; i++) {
        uint32_t vat = vats[report->rows[i].vat];
        const struct vat_entry *entry = vat != TOPOLOGY_NONE ? &coordinator->vats[vat] : NULL;
        if (entry != NULL && entry->host == host &&
            (reports_floor_open(entry) ? coordinator->hosts[host].told_all : !round)) {
            floor_set(coordinator, vat, false);
        }
    }
}

void reports_take(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const struct mn_report *report = &message->report;
    const uint32_t *vats = reports_vats(coordinator, host, &report->vats);
    if (vats == NULL) {
        return;
    }
    ledger_fetch(coordinator->ledger, vats, report->vats.count);
    for (uint32_t i = 0; i < report->row_count; i++) {
        row_take(coordinator, host, vats, report, &report->rows[i]);
    }
    floors_follow(coordinator, host, vats, report);
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_TAKEN);
    if (down != NULL) {
        down->taken.sequence = report->sequence;
    }
}

void reports_floors(struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        if (coordinator->vats[i].floored) {
            floor_set(coordinator, i, false);
        }
    }
}
