/* What is durable, the floor, and what may be deleted.
 *
 * A checkpoint of our vat is durable once it, everything it applies onto and everything retained
 * below it is synced here and held by every partner. The floor is the oldest of the newest
 * keep_count durable ones, once there are so many. Kept is what is not below the floor, what that
 * applies onto, and what the coordinator has not taken the row of: were it deleted and then this
 * agent forgot it, nobody could say any more what the vat heard between the checkpoints that are
 * known, and none of those after the gap could be restored. For the same reason a floor is on
 * record before anything below it is deleted: what a new coordinator is told of it may have to come
 * from an agent that has begun anew. Nothing is deleted while a round is open, for it may be needed
 * for the cut. */
#include <string.h>

#include "agent_private.h"

static const char *written_wrong(const struct agent_vat *vat, const struct mn_from_vat *message)
{
    mn_epoch epoch = message->written.epoch;
    if (mn_epoch_run(epoch) != vat->start->run) {
        return "a checkpoint of another run";
    }
    if (message->written.onto >= epoch || message->written.since >= epoch) {
        return "a checkpoint onto a later one";
    }
    if (vat->file_count >= AGENT_FILE_COUNT_MAX) {
        return "more checkpoints than are kept of one vat, none of which can be let go";
    }
    return NULL;
}

/* The vat has written a checkpoint, or says again that it has. */
void agent_written(struct agent *agent, struct agent_vat *vat, const struct mn_from_vat *message)
{
    mn_epoch epoch = message->written.epoch;
    const char *wrong = written_wrong(vat, message);
    if (wrong != NULL) {
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_BAD_WORD,
                                                    .vat = vat->name,
                                                    .run = vat->start->run,
                                                    .epoch = epoch,
                                                    .text = wrong});
        return;
    }
    struct agent_file *file = agent_find_file(vat, epoch);
    bool never = file != NULL && file->state == AGENT_FILE_GONE && !file->learned;
    bool told = never && file->unreadable;
    if (file != NULL && !never) {
        if (file->durable) {
            agent_say_durable(agent, vat);
        }
        return;
    }
    struct agent_file_facts facts = {.size = message->written.size,
                                     .digest = message->written.digest};
    facts.record.since = message->written.since;
    facts.record.onto = message->written.onto;
    facts.record.names = message->written.names;
    facts.record.heard = message->written.heard;
    facts.record.heard_count = message->written.heard_count;
    facts.record.heard_before = message->written.heard_before;
    facts.record.round = message->written.round;
    facts.record.known = message->written.known;
    facts.record.known_count = message->written.known_count;
    facts.record.written_at = agent->now;
    if (never) { /* what it heard only its vat can say as long as the file cannot be read */
        file->unreadable = false;
        file->unread = 0;
        agent_file_move(vat, file, AGENT_FILE_UNSYNCED);
    } else {
        file = agent_add_file(agent, vat, epoch, AGENT_FILE_UNSYNCED);
        agent_report_piles(agent, vat);
    }
    if (file != NULL) {
        agent_file_learn(agent, file, &facts);
        if (file->reportable) {
            agent_dirty(agent, vat, file);
        }
        agent_copies_advance(agent, vat); /* Partners write it while it is synced here. */
        agent_ask_file(agent, AGENT_DO_SYNC, vat, epoch, told);
    }
}

void agent_synced(struct agent *agent, const struct agent_event *event)
{
    agent->disk_ms = event->synced.took_ms;
    struct agent_vat *vat = agent_find_vat(agent, &event->synced.vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, event->synced.epoch) : NULL;
    if (file == NULL || file->state != AGENT_FILE_UNSYNCED) {
        return;
    }
    if (event->synced.result == MN_OK) {
        agent_file_move(vat, file, AGENT_FILE_HERE);
        file->unread = 0;
        agent_copies_synced(agent, file);
        if (file->reportable) {
            agent_dirty(agent, vat, file);
        }
        agent_copies_advance(agent, vat);
        agent_fetch_changed(agent, vat, event->synced.epoch);
        agent_aside_advance(agent, vat);
        return;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_SYNC_FAILED,
                                                .vat = vat->name,
                                                .epoch = file->epoch,
                                                .code = event->synced.result});
    if (event->synced.result == MN_NOT_FOUND || event->synced.result == MN_CORRUPT) {
        agent_file_lost(agent, vat, file);
    } else if (event->synced.result == MN_IO && file->unread + 1 == AGENT_UNREAD_COUNT_MAX) {
        agent_file_unread(agent, vat, file, MN_IO);
    } else {
        file->unread += event->synced.result == MN_IO ? 1 : 0;
        agent_file_move(vat, file, AGENT_FILE_FAILED);
        file->at = agent->now;
        return;
    }
    agent_fetch_changed(agent, vat, event->synced.epoch);
    agent_aside_advance(agent, vat);
}

static bool file_there(const struct agent_file *file)
{
    return file->state != AGENT_FILE_GONE && file->state != AGENT_FILE_ARRIVING;
}

static bool file_safe(const struct agent *agent, const struct agent_vat *vat,
                      const struct agent_file *file)
{
    if (file->state != AGENT_FILE_HERE) {
        return false;
    }
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (vat->partners[slot] == AGENT_NONE || file->copies[slot].state != AGENT_COPY_HELD) {
            return false;
        }
    }
    return true;
}

/* A checkpoint onto one that is not here, or not part of this history, restores nothing. */
static bool file_broken(const struct agent_vat *vat, const struct agent_file *file)
{
    if (file->onto == 0) {
        return false;
    }
    const struct agent_file *onto = agent_find_file(vat, file->onto);
    return onto == NULL || !agent_file_live(vat, onto) || !onto->durable;
}

/* The newest checkpoint of this history, or one that is not here any more, when it cannot be
 * restored from what is here; 0 when it can. */
static mn_epoch history_broken(const struct agent_vat *vat)
{
    const struct agent_file *newest = NULL;
    for (size_t i = vat->file_count; newest == NULL && i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        newest = file_there(file) && agent_file_live(vat, file) ? file : NULL;
    }
    if (newest == NULL || vat->lost > newest->epoch) {
        return vat->lost;
    }
    const struct agent_file *link = newest;
    while (link != NULL && link->onto != 0) {
        link = agent_find_file(vat, link->onto);
        link = link != NULL && file_there(link) && agent_file_live(vat, link) ? link : NULL;
    }
    return link == NULL ? newest->epoch : 0;
}

/* Nothing that applies onto what is broken would ever be durable, and what the vat sends waits for
 * that: it is to make a full one now, and hears of it again until there is one. */
static void full_ask(struct agent *agent, const struct agent_vat *vat)
{
    mn_epoch broken = agent_vat_owned(vat) ? history_broken(vat) : 0;
    if (broken == 0 || vat->life != AGENT_LIFE_UP || !vat->connected) {
        return;
    }
    struct mn_to_vat *message = agent_say_vat(agent, &vat->connection, MN_TO_VAT_TAKE_FULL);
    if (message != NULL) {
        message->take_full.above = broken;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FULL_ASKED,
                                                .vat = vat->name,
                                                .run = vat->start->run,
                                                .epoch = broken});
}

/* Try again to sync what could not be synced: the disk may have room by now. */
void agent_durable_tick(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        for (size_t k = 0; k < vat->file_count; k++) {
            struct agent_file *file = &vat->files[k];
            if (file->state == AGENT_FILE_FAILED && agent->now - file->at >= AGENT_RETRY_NS) {
                agent_file_move(vat, file, AGENT_FILE_UNSYNCED);
                agent_ask_file(agent, AGENT_DO_SYNC, vat, file->epoch, true);
            }
        }
        full_ask(agent, vat);
    }
}

bool agent_history_whole(const struct agent_vat *vat)
{
    return history_broken(vat) == 0;
}

void agent_durable_lost(struct agent_vat *vat, mn_epoch epoch)
{
    const struct agent_file *lost = agent_find_file(vat, epoch);
    if (agent_file_live(vat, lost) && epoch > vat->lost) {
        vat->lost = epoch;
    }
    for (size_t i = 0; i < vat->file_count; i++) {
        struct agent_file *file = &vat->files[i];
        file->durable = file->durable && !file_broken(vat, file);
    }
}

mn_epoch agent_epoch_before(const struct agent_vat *vat, mn_epoch epoch)
{
    const struct mn_start *start = vat->start;
    if (epoch != mn_epoch_first(mn_epoch_run(epoch))) {
        return epoch - 1;
    }
    if (mn_epoch_run(epoch) == start->run) {
        return start->keep;
    }
    for (uint32_t i = 0; i < start->lineage.count; i++) {
        if (start->lineage.forks[i].next == epoch) {
            return start->lineage.forks[i].after;
        }
    }
    return 0;
}

/* While fewer are durable by our word, those that make up the number may be others, which only
 * the holders have that an earlier owner chose: older ones, or some between those that are here. */
static mn_epoch floor_compute(const struct agent *agent, const struct agent_vat *vat)
{
    uint32_t count = 0;
    mn_epoch next = 0;
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        if (!file->durable || !agent_file_live(vat, file)) {
            continue;
        }
        if (count > 0 && file->epoch != next) {
            return vat->floor;
        }
        count += 1;
        next = agent_epoch_before(vat, file->epoch);
        if (count == agent->config.keep_count) {
            return file->epoch > vat->floor ? file->epoch : vat->floor;
        }
    }
    return vat->floor;
}

/* Only while its process lives: an agent that began anew with an older disk may remember a life
 * that has ended since, and what is left of that is no reason to let go of anything. */
static bool floor_moves(const struct agent *agent, const struct agent_vat *vat)
{
    return !agent_frozen(agent) && agent_vat_owned(vat) && agent_vat_alive(vat);
}

/* The floor follows what is durable, but not while a round may need what is below the next one. */
void agent_floor_advance(const struct agent *agent, struct agent_vat *vat)
{
    if (floor_moves(agent, vat)) {
        vat->floor = floor_compute(agent, vat);
    }
}

/* Where the life that runs here went on from below a floor, be it in a run between that was
 * elsewhere, what it went on from is the floor. */
static mn_epoch floor_of_life(const struct mn_start *start, mn_epoch floor)
{
    for (uint32_t i = 0; i < start->lineage.count; i++) {
        const struct mn_fork *fork = &start->lineage.forks[i];
        floor = fork->after < floor && floor < fork->next ? fork->after : floor;
    }
    return floor < start->keep ? floor : start->keep;
}

void agent_floor_lower(struct agent_vat *vat)
{
    vat->floor = floor_of_life(vat->start, vat->floor);
    vat->floor_safe = floor_of_life(vat->start, vat->floor_safe);
    vat->floor_asked = vat->floor_safe; /* a record that is under way is of the run before */
}

/* Whether all of this history is known here from @floor on. An older disk has a hole there: others
 * may hold what it does not know of, and an older ledger what is deleted since. */
static bool history_whole(const struct agent_vat *vat, mn_epoch floor)
{
    bool newest = true;
    mn_epoch next = 0;
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        if (file->state == AGENT_FILE_GONE || !agent_file_live(vat, file)) {
            continue;
        }
        if (!newest && file->epoch != next) {
            return false;
        }
        if (file->epoch <= floor) {
            return true;
        }
        newest = false;
        next = agent_epoch_before(vat, file->epoch);
    }
    return false;
}

void agent_floor_found(struct agent_vat *vat)
{
    for (size_t i = 0; i < vat->file_count; i++) {
        if (agent_file_live(vat, &vat->files[i])) {
            agent_floor_check(vat);
            return;
        }
    }
}

/* A floor below a hole was passed since: said to a coordinator that knows none, it would leave all
 * that is above hanging in the air. */
void agent_floor_check(struct agent_vat *vat)
{
    if (!history_whole(vat, vat->floor)) {
        vat->floor = 0;
        vat->floor_asked = 0;
        vat->floor_safe = 0;
    }
}

void agent_floor_loaded(struct agent_vat *vat, const struct mn_agent_floor *record)
{
    vat->floor = record->epoch;
    vat->floor_asked = record->epoch;
    vat->floor_safe = record->epoch;
    vat->floor_run = record->run;
    if (record->run < vat->start->run) {
        agent_floor_lower(vat);
    }
}

/* Which files stay above @floor: kept[i] says it of vat->files[i]. Bases come before what applies
 * onto them, so one pass from the newest to the oldest marks every chain. Whether all stay. */
static bool kept_mark(const struct agent_vat *vat, mn_epoch floor, bool *kept)
{
    bool all = true;
    memset(kept, 0, vat->file_count * sizeof *kept);
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        bool untaken = file->reportable && !file->taken;
        bool there = file->state == AGENT_FILE_HERE || agent_file_hidden(file);
        bool keeps = kept[i - 1] || file->epoch >= floor || untaken || !there;
        kept[i - 1] = keeps;
        all = all && keeps;
        const struct agent_file *onto =
            keeps && file->onto != 0 ? agent_find_file(vat, file->onto) : NULL;
        if (onto != NULL) {
            kept[onto - vat->files] = true;
        }
    }
    return all;
}

/* The floor as far as the coordinator has the rows of what is durable. Who was cut off and finds a
 * partner again before the coordinator may be a former life, and what it makes durable then is no
 * reason to let go of what the newest run needs. */
static mn_epoch drop_floor(const struct agent *agent, const struct agent_vat *vat)
{
    uint32_t count = 0;
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        count += file->durable && file->taken && agent_file_live(vat, file) ? 1 : 0;
        if (count == agent->config.keep_count) {
            return file->epoch < vat->floor ? file->epoch : vat->floor;
        }
    }
    return 0;
}

static void floor_put(struct agent *agent, struct agent_vat *vat, mn_epoch floor)
{
    struct mn_agent_record record = {.kind = MN_AGENT_FLOOR};
    record.floor.vat = vat->name;
    record.floor.run = vat->start->run;
    record.floor.epoch = floor;
    vat->floor_asked = floor;
    agent_put_record(agent, &record, false);
    agent_when_recorded(agent, AGENT_THEN_DROP, vat, vat->start->run, (uint64_t)floor);
}

void agent_floor_recorded(struct agent *agent, struct agent_vat *vat, mn_run run, mn_epoch floor)
{
    if (run == vat->start->run) {
        vat->floor_safe = floor;
        agent_drop_old(agent, vat);
    }
}

static void drop_say(struct agent *agent, const struct agent_vat *vat, const mn_epoch *keep,
                     uint32_t keep_count)
{
    for (size_t i = 0; i < vat->holder_count; i++) {
        struct mn_copies *message =
            agent_say_copies(agent, vat->holders[i], MN_COPIES_DROP, &vat->name);
        if (message != NULL) {
            message->drop.run = vat->start->run;
            message->drop.keep = keep;
            message->drop.keep_count = keep_count;
        }
    }
}

/* Delete what is below the floor on record and no chain needs, here and at those who hold copies;
 * and put the floor on record when there is something below it, one record at a time. Where a link
 * of a chain went bad since, the newest that restore something are others than the floor says. */
void agent_drop_old(struct agent *agent, struct agent_vat *vat)
{
    if (!floor_moves(agent, vat) || vat->newest_durable == 0) {
        return;
    }
    agent_heard_forget(vat, vat->floor_safe);
    bool *kept = agent_take(agent, vat->file_count, sizeof *kept);
    mn_epoch *keep = agent_take(agent, vat->file_count, sizeof *keep);
    if (kept == NULL || keep == NULL) {
        return;
    }
    mn_epoch floor = drop_floor(agent, vat);
    bool asks = vat->floor_safe == vat->floor_asked && vat->floor_asked < floor;
    if (asks && !kept_mark(vat, floor, kept)) {
        floor_put(agent, vat, floor);
    }
    mn_epoch below = floor < vat->floor_safe ? floor : vat->floor_safe;
    if (kept_mark(vat, below, kept) || !history_whole(vat, below)) {
        return;
    }
    uint32_t keep_count = 0;
    for (size_t i = 0; i < vat->file_count; i++) {
        if (kept[i] && vat->files[i].state != AGENT_FILE_GONE) {
            keep[keep_count] = vat->files[i].epoch;
            keep_count += 1;
        }
    }
    for (size_t i = vat->file_count; i > 0; i--) {
        if (!kept[i - 1]) {
            agent_file_gone(agent, vat, &vat->files[i - 1], true);
        }
    }
    agent_trim_gone(agent, vat);
    drop_say(agent, vat, keep, keep_count);
}

void agent_say_durable(struct agent *agent, const struct agent_vat *vat)
{
    if (vat->newest_durable == 0 || !vat->connected || vat->life != AGENT_LIFE_UP) {
        return;
    }
    struct mn_to_vat *message = agent_say_vat(agent, &vat->connection, MN_TO_VAT_DURABLE);
    if (message != NULL) {
        message->durable.epoch = vat->newest_durable;
        message->durable.floor = vat->floor;
    }
}

/* See what has become durable, tell the vat and the coordinator, and let go of what is settled. */
void agent_durable_advance(struct agent *agent, struct agent_vat *vat)
{
    mn_epoch newest = vat->newest_durable;
    for (size_t i = 0; i < vat->file_count; i++) {
        struct agent_file *file = &vat->files[i];
        if (file->state == AGENT_FILE_ARRIVING || file->state == AGENT_FILE_GONE ||
            !agent_file_live(vat, file) || (!file->durable && file_broken(vat, file))) {
            continue;
        }
        if (!file_safe(agent, vat, file)) {
            break; /* also one that was durable: a new partner does not have it yet */
        }
        if (file->durable) {
            continue;
        }
        file->durable = true;
        file->promised = true;
        file->reportable = true;
        newest = file->epoch > newest ? file->epoch : newest;
        agent_dirty(agent, vat, file);
    }
    if (newest == vat->newest_durable) {
        return;
    }
    vat->newest_durable = newest;
    agent_floor_advance(agent, vat);
    agent->flush = true;
    agent_say_durable(agent, vat);
    agent_drop_old(agent, vat);
}
