/* Vats: which run of each is meant, where, and whether it lives. A run is given out once, by a
 * record; what an agent says of a run is compared with that. What is older is a former life and is
 * stopped; what is newer means that this journal has forgotten, and raises it (G6). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

void vats_note(struct coordinator *coordinator, enum coordinator_note note, uint32_t vat,
               mn_run run, const char *text)
{
    uint32_t host = coordinator->vats[vat].host;
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = note,
                                      .vat = coordinator_vat_name(coordinator, vat),
                                      .host = coordinator_host_name(coordinator, host),
                                      .run = run,
                                      .text = text});
}

/* ---- places ---------------------------------------------------------------------------------- */

/* A vat that has never run is on no host in the ledger, so that none of its host's losses is its.
 */
void vats_set_run(struct coordinator *coordinator, uint32_t vat, mn_run run)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->run == 0) {
        (void)coordinator_fine(coordinator, ledger_move_vat(coordinator->ledger, vat, entry->host));
    }
    if (entry->waits_first) {
        entry->waits_first = false;
        coordinator->first_wait_count -= 1;
    }
    leases_run_over(coordinator, vat);
    entry->run = run;
    entry->disk = coordinator->hosts[entry->host].disk;
}

bool vats_on_disk(const struct coordinator *coordinator, uint32_t vat)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    return entry->disk == coordinator->hosts[entry->host].disk;
}

static void place_append(struct coordinator *coordinator, uint32_t vat, uint32_t host)
{
    struct host_entry *entry = &coordinator->hosts[host];
    coordinator->vats[vat].host = host;
    coordinator->vats[vat].previous_here = entry->vat_last;
    coordinator->vats[vat].next_here = TOPOLOGY_NONE;
    if (entry->vat_last != TOPOLOGY_NONE) {
        coordinator->vats[entry->vat_last].next_here = vat;
    } else {
        entry->vat_first = vat;
    }
    entry->vat_last = vat;
    entry->vat_count += 1;
}

static void place_remove(struct coordinator *coordinator, uint32_t vat)
{
    const struct vat_entry *gone = &coordinator->vats[vat];
    struct host_entry *entry = &coordinator->hosts[gone->host];
    if (gone->previous_here != TOPOLOGY_NONE) {
        coordinator->vats[gone->previous_here].next_here = gone->next_here;
    } else {
        entry->vat_first = gone->next_here;
    }
    if (gone->next_here != TOPOLOGY_NONE) {
        coordinator->vats[gone->next_here].previous_here = gone->previous_here;
    } else {
        entry->vat_last = gone->previous_here;
    }
    entry->vat_count -= 1;
}

void vats_place_all(struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        coordinator->hosts[i].vat_first = TOPOLOGY_NONE;
        coordinator->hosts[i].vat_last = TOPOLOGY_NONE;
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        coordinator->vats[i].incarnation = 1;
        place_append(coordinator, i, coordinator->topology->vats[i].host);
    }
}

/* A run of which nothing bad is known: what was lost or fenced was one before it. Whether there was
 * such a one. */
static bool vat_believe(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    bool doubted = entry->lost || entry->suspect || entry->fenced;
    vats_unlose(coordinator, vat);
    entry->suspect = false;
    entry->fenced = false;
    return doubted;
}

void vats_recorded(struct coordinator *coordinator, uint32_t vat, mn_run run, uint32_t host)
{
    if (run > coordinator->vats[vat].run) {
        vats_place(coordinator, vat, host);
        vats_set_run(coordinator, vat, run);
        vat_believe(coordinator, vat);
    }
}

void vats_place(struct coordinator *coordinator, uint32_t vat, uint32_t host)
{
    if (coordinator->vats[vat].host == host) {
        return;
    }
    if (coordinator->vats[vat].run == 0 ||
        coordinator_fine(coordinator, ledger_move_vat(coordinator->ledger, vat, host))) {
        place_remove(coordinator, vat);
        place_append(coordinator, vat, host);
    }
}

void vats_record(struct coordinator *coordinator, uint32_t vat, enum pending_kind kind, bool found)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record == NULL) {
        return;
    }
    record->kind = MN_JOURNAL_VAT;
    record->vat.vat = coordinator_vat_id(coordinator, vat);
    record->vat.run = entry->run;
    record->vat.incarnation = entry->incarnation;
    record->vat.host = coordinator_host_id(coordinator, entry->host);
    record->vat.found = found;
    coordinator_lineage(coordinator, vat, &record->vat.lineage);
    coordinator_record(coordinator, record, (struct pending){.kind = kind, .vat = vat});
}

/* ---- lost and found -------------------------------------------------------------------------- */

/* Its order has been carried out, or has failed. */
static void vat_started(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->starting) {
        entry->starting = false;
        coordinator->first_start_count -= entry->starts_first ? 1 : 0;
        entry->starts_first = false;
    }
}

void vats_lose(struct coordinator *coordinator, uint32_t vat, const char *text)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    addresses_set(coordinator, vat, "");
    vat_started(coordinator, vat);
    if (entry->lost) {
        return;
    }
    entry->lost = true;
    coordinator->lost_count += 1;
    vats_note(coordinator, COORDINATOR_NOTE_VAT_LOST, vat, entry->run, text);
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = vat};
    if (!hosts_lost(coordinator, entry->host)) {
        (void)coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &loss));
    }
    round_changed(coordinator);
}

void vats_unlose(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (!entry->lost) {
        return;
    }
    rests_end(coordinator, vat);
    entry->lost = false;
    entry->forgot = false;
    coordinator->lost_count -= 1;
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = vat};
    (void)coordinator_fine(coordinator, ledger_unlose(coordinator->ledger, &loss));
}

void vats_forgot(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    vats_note(coordinator, COORDINATOR_NOTE_VAT_FORGOT, vat, entry->run,
              "it and a peer agree that it has forgotten what it had called durable");
    entry->forgot = true;
    vats_lose(coordinator, vat, "it has forgotten without being told so");
}

void vats_inherit(struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        coordinator->vats[i].inherited = coordinator->vats[i].run > 0;
    }
}

void vats_fence(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    entry->fenced = true;
    vat_started(coordinator, vat);
    if (!entry->lost) {
        entry->lost = true;
        coordinator->lost_count += 1;
    }
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = vat};
    (void)coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &loss));
}

void vats_disk(struct coordinator *coordinator, uint32_t host)
{
    uint32_t vat = coordinator->hosts[host].vat_first;
    for (; vat != TOPOLOGY_NONE; vat = coordinator->vats[vat].next_here) {
        coordinator->vats[vat].floor_said = false; /* the disk that said it may be an older one */
        if (coordinator->vats[vat].run != 0) {
            vats_lose(coordinator, vat, "its host's disk is another one");
        }
    }
}

bool vats_epoch_dead(const struct coordinator *coordinator, uint32_t vat, mn_epoch epoch)
{
    return ledger_epoch_dead(coordinator->ledger, vat, epoch);
}

void vats_begin_run(struct coordinator *coordinator, uint32_t vat, uint32_t host,
                    const struct mn_start *start)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    const struct mn_fork *fork = &start->lineage.forks[start->lineage.count - 1];
    const struct evidence_lineage entry_fork = {.after = fork->after,
                                                .next = fork->next,
                                                .seen = fork->seen,
                                                .told = fork->told,
                                                .round = fork->round};
    mn_result result = ledger_fork(coordinator->ledger, vat, &entry_fork);
    if (result == MN_OK && entry->unknown) {
        result = ledger_set_vat_unknown(coordinator->ledger, vat, false);
    }
    if (!coordinator_fine(coordinator, result == MN_BAD_INPUT ? MN_CORRUPT : result)) {
        return;
    }
    vat_started(coordinator, vat);
    vats_unlose(coordinator, vat);
    vats_place(coordinator, vat, host);
    leases_run_over(coordinator, vat);
    entry->run = start->run;
    vats_applied(coordinator, vat, start->round);
    entry->disk = start->disk;
    entry->decided = start->round;
    entry->incarnation = start->incarnation;
    entry->starting = true;
    entry->doubted = false;
    entry->inherited = false;
    adopt_forget(coordinator, vat);
    entry->said_any = false;
    entry->suspect = false;
    entry->fenced = false;
    entry->floor = entry->floor < start->keep ? entry->floor : start->keep;
    entry->floor_said = entry->floored;
    entry->silent = false;
    entry->unknown = false;
    addresses_set(coordinator, vat, "");
}

/* An agent speaks of a run above those that are known. Only a coordinator gives runs out, so this
 * journal has forgotten: of two runs of a vat the higher is the vat, wherever it is; and what is
 * known goes up to it, so that no run is ever given out twice. */
static void vat_raise(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                      const struct mn_vat_status *status)
{
    mn_run run = status->run;
    struct vat_entry *entry = &coordinator->vats[vat];
    vat_started(coordinator, vat);
    vats_place(coordinator, vat, host);
    vats_note(coordinator, COORDINATOR_NOTE_RUN_RAISED, vat, run,
              "a run that this journal does not know of: it is an old one, or was lost");
    vats_set_run(coordinator, vat, run);
    vats_learn_life(coordinator, vat, status->incarnation, status->forks, status->fork_count);
    entry->inherited = true;
    entry->recording = false;
    entry->said_any = false;
    addresses_set(coordinator, vat, "");
    vats_record(coordinator, vat, PENDING_RAISED, true);
    if (vat_believe(coordinator, vat)) {
        round_changed(coordinator);
    }
}

/* The same of an incarnation: whichever run of it is spoken of, the next one is above. */
static void vat_raise_life(struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                           const struct mn_fork *forks, uint32_t fork_count, bool record)
{
    vats_note(coordinator, COORDINATOR_NOTE_RUN_RAISED, vat, coordinator->vats[vat].run,
              "an incarnation that this journal does not know of: it is an old one, or was lost");
    vats_first_forgotten(coordinator);
    vats_learn_life(coordinator, vat, incarnation, forks, fork_count);
    if (record && coordinator->vats[vat].run > 0) { /* otherwise it is on record with the run */
        vats_record(coordinator, vat, PENDING_RAISED, true);
    }
}

/* Checkpoints are told to each coordinator anew, and so are the lives that they know of, be they on
 * record or not. */
void vats_lives_seen(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                     const struct mn_known *known, uint32_t count)
{
    struct mn_fork *forks = coordinator_take(coordinator, count, sizeof *forks);
    uint32_t fork_count = 0;
    uint32_t incarnation = 0;
    mn_epoch next = 0;
    mn_run run = 0;
    for (uint32_t i = 0; forks != NULL && i < count; i++) {
        const struct mn_fork *fork = &known[i].fork;
        mn_run begun = fork->next != 0 ? mn_epoch_run(fork->next) : known[i].incarnation;
        run = begun > run ? begun : run; /* each began with a run of its own */
        incarnation = known[i].incarnation > incarnation ? known[i].incarnation : incarnation;
        if (fork->next > next && vats_fork_fits(coordinator, vat, fork)) {
            forks[fork_count++] = *fork;
            next = fork->next;
        }
    }
    if (!vats_run_believed(coordinator, vat, run)) {
        coordinator_refuse(coordinator, host, "about a run that cannot be");
        return;
    }
    /* A journal that has forgotten nothing has every fork. */
    bool above = incarnation > coordinator->vats[vat].incarnation;
    if ((!above && !coordinator->forgotten) || vats_decided(coordinator, vat) ||
        vats_knows_life(coordinator, vat, incarnation, forks, fork_count)) {
        return;
    }
    bool record = hosts_raise_allowed(coordinator, host);
    if (above || record) {
        vats_run_seen(coordinator, vat, run);
        vat_raise_life(coordinator, vat, incarnation, forks, record ? fork_count : 0, record);
    }
}

static bool state_living(enum mn_vat_state state)
{
    return state == MN_VAT_STARTING || state == MN_VAT_UP;
}

void vats_absent(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->run == 0) {
        vats_first_absent(coordinator, vat);
        return;
    }
    if (entry->recording) {
        return;
    }
    if (entry->starting && vats_on_disk(coordinator, vat)) {
        if (entry->starts_first) {
            vats_first_say(coordinator, vat);
        } else {
            restore_start_again(coordinator, vat);
        }
        return;
    }
    /* In a life that is over it may have been begun all the same, and its disk be an older one. */
    if (!entry->starting || entry->inherited) {
        hosts_emptied(coordinator, entry->host);
    }
    vats_lose(coordinator, vat, "its host has nothing of it");
}

/* What its own host says of the run that is meant. */
static void vat_said_of_run(struct coordinator *coordinator, uint32_t vat,
                            const struct mn_vat_status *status, const char *reason)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    entry->said_any = true;
    entry->said = status->state;
    entry->disk = coordinator->hosts[entry->host].disk;
    switch (status->state) {
    case MN_VAT_UP:
        if (entry->fenced) {
            return; /* it does not know yet that it is over */
        }
        if (entry->forgot) {
            return; /* it is up, and is replaced all the same */
        }
        if (entry->lost) {
            vats_unlose(coordinator, vat);
            round_changed(coordinator);
        }
        vats_applied(coordinator, vat, coordinator->hosts[entry->host].newest_round);
        addresses_set(coordinator, vat, status->endpoint.text);
        if (entry->starting) {
            vats_note(coordinator, COORDINATOR_NOTE_VAT_UP, vat, entry->run, entry->endpoint);
        }
        vat_started(coordinator, vat);
        restore_vat_up(coordinator, vat);
        return;
    case MN_VAT_STARTING:
        return;
    case MN_VAT_ABSENT:
    case MN_VAT_EXITED:
    case MN_VAT_STOPPED:
        if (status->state != MN_VAT_ABSENT) {
            leases_process_gone(coordinator, vat);
        }
        if (entry->fenced) {
            addresses_set(coordinator, vat, "");
        } else if (entry->starting && status->state == MN_VAT_ABSENT && status->run == 0) {
            vats_absent(coordinator, vat);
        } else {
            if (status->state == MN_VAT_EXITED) {
                rests_ended(coordinator, vat);
            }
            vats_lose(coordinator, vat, reason);
        }
        return;
    }
}

/* What its host says of a run before the one that is meant. */
static void vat_said_of_older(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                              const struct mn_vat_status *status)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    bool ordered = entry->starting && vats_on_disk(coordinator, vat);
    if (ordered || entry->recording || entry->fenced) {
        return; /* the order is on its way, and ends the older one */
    }
    if (state_living(status->state)) {
        aside_stop(coordinator, host, vat, status->run);
    }
    vats_lose(coordinator, vat, "its host knows only an older run of it");
}

void vats_said(struct coordinator *coordinator, uint32_t host, const struct mn_vat_status *status,
               const char *reason)
{
    uint32_t vat = coordinator_find_vat(coordinator, &status->vat);
    if (vat == TOPOLOGY_NONE) {
        coordinator_refuse(coordinator, host, "about a vat that is not in the topology");
        return;
    }
    struct vat_entry *entry = &coordinator->vats[vat];
    if (!vats_run_believed(coordinator, vat, status->run)) {
        coordinator_refuse(coordinator, host, "about a run that cannot be");
        return;
    }
    vats_run_seen(coordinator, vat, status->run);
    aside_said(coordinator, host, vat, status);
    bool above = status->run > entry->run;
    bool later =
        !vats_knows_life(coordinator, vat, status->incarnation, status->forks, status->fork_count);
    if (later && !above && status->incarnation <= entry->incarnation && entry->host != host &&
        !coordinator->forgotten) {
        /* Whoever gave out the run that is known knew its lineage: nothing died that a host says
         * which the vat has left. */
        coordinator_refuse(coordinator, host, "the lineage of a vat that is not placed there");
        later = false;
    }
    if ((above || later) && vats_decided(coordinator, vat)) {
        return; /* agents say it again: then it is a former life, or above the new one too */
    }
    if ((above || later) && !hosts_raise_allowed(coordinator, host)) {
        return;
    }
    if (above) {
        vat_raise(coordinator, host, vat, status);
    } else if (later) {
        vat_raise_life(coordinator, vat, status->incarnation, status->forks, status->fork_count,
                       true);
    }
    if (entry->host != host) {
        /* A former life, also one whose process has ended: its agent is to leave its copies, and to
         * set aside what died with it. */
        if (state_living(status->state) || status->state == MN_VAT_EXITED ||
            aside_owed(coordinator, vat, status)) {
            aside_stop(coordinator, host, vat, status->run);
        }
        return;
    }
    if (status->run == 0 || entry->run == 0) {
        vats_absent(coordinator, vat);
    } else if (status->run < entry->run) {
        vat_said_of_older(coordinator, host, vat, status);
    } else {
        reports_floor_said(coordinator, vat, status->floor);
        vat_said_of_run(coordinator, vat, status, reason);
    }
}
