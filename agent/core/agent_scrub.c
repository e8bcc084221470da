/* Reading over what is here: what went bad on a disk, or is missing there, nobody notices before a
 * restore needs it, when the other copies may have gone bad too. So each file is read over once in
 * scrub_ms, in the order of vats and epochs, evenly spread over that time; and of our vats' files
 * those who are to hold copies are asked whether they still do. What is not here whole any more is
 * reported as gone, and copied anew from where it is.
 *
 * Slowly: one file at a time, for a bounded share of the disk's time, and none while a round is
 * open. How long a reading waited for the disk counts as its time: so the more others have for it
 * to do, the less is read over. Where the disk is too slow to read everything in scrub_ms it takes
 * longer: else what is read over would keep new checkpoints waiting, old ones could not be let go
 * of, and there would be ever more to read. How far it has come is not remembered by the next
 * agent, which reads everything once when it begins.
 *
 * What a disk cannot read may be read a moment later, or never again, or next week. It is tried a
 * few times, also while a round is open, for that may wait for it; then it is a copy no more. But
 * it stays on the disk, for it may be the only one there is, and is a copy again once it can be
 * read. */
#include "agent_private.h"

static mn_time scrub_time(const struct agent *agent)
{
    return (mn_time)agent->config.scrub_ms * MN_MS;
}

/* So often in the time for all files these are counted: there may be more or fewer by then. */
enum { SCRUB_COUNTS = 64 };

static void scrub_count(struct agent *agent)
{
    struct agent_scrub *scrub = &agent->scrub;
    bool first = scrub->each == 0;
    size_t count = 1;
    for (size_t i = 0; i < agent->vat_count; i++) {
        count += agent->vats[i]->file_count;
    }
    scrub->each = scrub_time(agent) / (mn_time)count;
    scrub->count_at = agent->now + scrub_time(agent) / SCRUB_COUNTS;
    if (first || scrub->due > agent->now + scrub->each) {
        scrub->due = agent->now + scrub->each;
    }
}

/* The next file that is to be read, of *@vat; NULL when that was the last. */
static const struct agent_file *scrub_next(struct agent *agent, struct agent_vat **vat)
{
    struct agent_scrub *scrub = &agent->scrub;
    for (; scrub->vat < agent->vat_count; scrub->vat++) {
        *vat = agent->vats[scrub->vat];
        for (size_t i = 0; i < (*vat)->file_count; i++) {
            const struct agent_file *file = &(*vat)->files[i];
            if (file->epoch > scrub->after && file->state == AGENT_FILE_HERE) {
                scrub->after = file->epoch;
                return file;
            }
        }
        scrub->after = 0;
    }
    return NULL;
}

/* Read the next file if it is time for it and the disk's share is not used up. */
static void scrub_advance(struct agent *agent)
{
    struct agent_scrub *scrub = &agent->scrub;
    if (scrub->reading || scrub->due > agent->now || scrub->rested > agent->now) {
        return;
    }
    struct agent_vat *vat = NULL;
    const struct agent_file *file = scrub_next(agent, &vat);
    if (file == NULL) { /* from the first on again */
        scrub->vat = 0;
        scrub->after = 0;
        scrub->due = agent->now + scrub->each;
        return;
    }
    scrub->due += scrub->each;
    scrub->reading = true;
    scrub->asked_at = agent->now;
    agent_ask_file(agent, AGENT_DO_READ_OVER, vat, file->epoch, false);
}

void agent_scrub_tick(struct agent *agent)
{
    struct agent_scrub *scrub = &agent->scrub;
    if (agent->config.scrub_ms == 0 || agent_frozen(agent)) {
        return;
    }
    if (scrub->count_at <= agent->now) {
        scrub_count(agent);
    }
    /* What was not read in one heartbeat, and how long the disk was left alone in it, may be made
     * up for in the next, and no more than that. */
    mn_time before = agent->now - (mn_time)agent->config.heartbeat_ms * MN_MS;
    scrub->rested = scrub->rested > before ? scrub->rested : before;
    scrub->due = scrub->due > before ? scrub->due : before;
    scrub_advance(agent);
}

/* What could not be read is due again: soon while it counts as a copy, now and then when not. */
static bool again_due(const struct agent *agent, const struct agent_file *file)
{
    mn_time since = agent->now - file->at;
    if (file->unread == 0) {
        return false;
    }
    if (agent_file_hidden(file)) {
        return since >= AGENT_RETRY_NS_MAX << (file->unread - AGENT_UNREAD_COUNT_MAX);
    }
    return file->state == AGENT_FILE_HERE && since >= AGENT_RETRY_NS;
}

void agent_file_again(struct agent *agent, const struct agent_vat *vat, struct agent_file *file)
{
    if (!file->reading) {
        file->reading = true;
        agent_ask_file(agent, AGENT_DO_READ_OVER, vat, file->epoch, true);
    }
}

void agent_scrub_again(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct agent_vat *vat = agent->busy.vats[i];
        for (size_t k = 0; k < vat->file_count; k++) {
            struct agent_file *file = &vat->files[k];
            if (again_due(agent, file)) {
                agent_file_again(agent, vat, file);
            }
        }
    }
}

/* It can be read again, and is a copy once its name is durable; or there is nothing to be read. */
static void hidden_heard(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                         const struct agent_event *event)
{
    mn_result result = event->read_over.result;
    file->at = agent->now;
    if (event->read_over.facts != NULL && !file->learned) {
        agent_file_learn(agent, file, event->read_over.facts);
        file->promised = true; /* nobody remembers that it was not */
    }
    if (result == MN_OK && file->learned) {
        file->unreadable = false;
        file->heard_only = false;
        file->reportable = true;
        agent_file_move(vat, file, AGENT_FILE_UNSYNCED);
        agent_ask_file(agent, AGENT_DO_SYNC, vat, file->epoch, false);
    } else if (result == MN_NOT_FOUND || result == MN_CORRUPT) {
        agent_file_gone(agent, vat, file, false);
    } else if (file->unread < AGENT_UNREAD_COUNT_MAX + AGENT_UNREAD_DOUBLINGS) {
        file->unread += 1;
    }
}

static void scrub_heard(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->read_over.vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, event->read_over.epoch) : NULL;
    mn_result result = event->read_over.result;
    if (file != NULL && event->read_over.again) {
        file->reading = false;
    }
    if (file != NULL && agent_file_hidden(file) && event->read_over.again) {
        hidden_heard(agent, vat, file, event);
        return;
    }
    if (file == NULL || file->state != AGENT_FILE_HERE) {
        return;
    }
    if (result == MN_OK) {
        file->unread = 0;
        agent_copies_again(agent, vat, file);
        return;
    }
    bool lost = result == MN_NOT_FOUND || result == MN_CORRUPT;
    agent_note(agent, (struct agent_note_facts){.note = lost ? AGENT_NOTE_FILE_LOST
                                                             : AGENT_NOTE_READ_FAILED,
                                                .vat = vat->name,
                                                .epoch = file->epoch,
                                                .code = result});
    if (lost) {
        agent_file_lost(agent, vat, file);
    } else {
        agent_file_unread(agent, vat, file, result);
    }
}

void agent_scrub_read(struct agent *agent, const struct agent_event *event)
{
    struct agent_scrub *scrub = &agent->scrub;
    if (!event->read_over.again && scrub->reading) {
        scrub->reading = false;
        scrub->rested += (agent->now - scrub->asked_at) * AGENT_SCRUB_SHARE;
    }
    scrub_heard(agent, event);
    if (agent->config.scrub_ms > 0 && !agent_frozen(agent)) {
        scrub_advance(agent);
    }
}
