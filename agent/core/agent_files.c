/* The table of the checkpoint files on this host's store, our vats' own and copies of others', per
 * vat and sorted by epoch. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"
#include "base/grow.h"

#define TO(state) (1U << AGENT_FILE_##state)

static const unsigned file_moves[AGENT_FILE_STATE_COUNT] = {
    [AGENT_FILE_UNSYNCED] = TO(HERE) | TO(FAILED) | TO(GONE),
    [AGENT_FILE_FAILED] = TO(UNSYNCED),
    [AGENT_FILE_ARRIVING] = TO(HERE) | TO(GONE),
    [AGENT_FILE_HERE] = TO(GONE) | TO(UNSYNCED),
    [AGENT_FILE_GONE] = TO(ARRIVING) | TO(UNSYNCED),
};

#undef TO

void agent_file_move(struct agent_vat *vat, struct agent_file *file, enum agent_file_state to)
{
    agent_touch(vat);
    mn_assert((file_moves[file->state] >> to & 1U) != 0);
    file->state = to;
}

static size_t files_place(const struct agent_vat *vat, mn_epoch epoch)
{
    size_t low = 0;
    size_t high = vat->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vat->files[middle].epoch < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct agent_file *agent_find_file(const struct agent_vat *vat, mn_epoch epoch)
{
    size_t place = files_place(vat, epoch);
    bool found = place < vat->file_count && vat->files[place].epoch == epoch;
    return found ? &vat->files[place] : NULL;
}

struct agent_file *agent_add_file(struct agent *agent, struct agent_vat *vat, mn_epoch epoch,
                                  enum agent_file_state state)
{
    mn_result result = mn_grow(&vat->files, &vat->file_capacity, vat->file_count + 1,
                               sizeof *vat->files, AGENT_FILE_COUNT_MAX);
    struct agent_copy *copies = NULL;
    if (result == MN_OK) {
        copies = calloc(agent->partner_count > 0 ? agent->partner_count : 1, sizeof *copies);
        result = copies != NULL ? MN_OK : MN_NO_MEMORY;
    }
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    agent_touch(vat);
    size_t place = files_place(vat, epoch);
    mn_assert(place == vat->file_count || vat->files[place].epoch != epoch);
    memmove(vat->files + place + 1, vat->files + place,
            (vat->file_count - place) * sizeof *vat->files);
    vat->file_count += 1;
    struct agent_file *file = &vat->files[place];
    memset(file, 0, sizeof *file);
    file->epoch = epoch;
    file->state = state;
    file->at = agent->now;
    file->copies = copies;
    return file;
}

void agent_remove_file(struct agent_vat *vat, mn_epoch epoch)
{
    size_t place = files_place(vat, epoch);
    mn_assert(place < vat->file_count && vat->files[place].epoch == epoch);
    free(vat->files[place].heard);
    free(vat->files[place].known.items);
    free(vat->files[place].copies);
    memmove(vat->files + place, vat->files + place + 1,
            (vat->file_count - place - 1) * sizeof *vat->files);
    vat->file_count -= 1;
}

/* The lives that the file knows of; nothing is kept of them where there are none, as mostly. */
static bool file_known(struct agent *agent, const struct mn_checkpoint_record *record,
                       struct agent_known *known)
{
    *known = (struct agent_known){0};
    bool own = record->incarnation > 1;
    if (!own && record->known_count == 0) {
        return true;
    }
    if (!agent_copy_known(agent, record->names, record->known, record->known_count, known)) {
        return false;
    }
    if (own) {
        struct mn_known *life = &known->items[known->count++];
        *life = (struct mn_known){.incarnation = record->incarnation, .fork = record->fork};
        mn_result result = agent_vat_number(agent, &record->vat, &life->vat);
        if (result != MN_OK) {
            free(known->items);
            agent_fail(agent, result);
            return false;
        }
    }
    return true;
}

void agent_file_learn(struct agent *agent, struct agent_file *file,
                      const struct agent_file_facts *facts)
{
    const struct mn_checkpoint_record *record = &facts->record;
    struct mn_heard *heard = NULL;
    struct agent_known known;
    if (!agent_copy_heard(agent, record->names, record->heard, record->heard_count, &heard)) {
        return;
    }
    if (!file_known(agent, record, &known)) {
        free(heard);
        return;
    }
    free(file->heard);
    free(file->known.items);
    file->learned = true;
    file->heard = heard;
    file->heard_count = record->heard_count;
    file->heard_before = record->heard_before;
    file->known = known;
    file->since = record->since;
    file->onto = record->onto;
    file->floor = record->floor;
    file->written_at = record->written_at;
    file->applied = record->round;
    agent->round_written =
        record->round > agent->round_written ? record->round : agent->round_written;
    file->size = facts->size;
    file->digest = facts->digest;
}

void agent_file_arrived(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                        const struct agent_file_facts *facts)
{
    agent_file_move(vat, file, AGENT_FILE_HERE);
    agent_file_learn(agent, file, facts);
    file->promised = true;
    file->reportable = true;
    file->heard_only = false;
    file->fetched = false;
    file->unread = 0;
    file->unreadable = false;
    agent_dirty(agent, vat, file);
}

void agent_file_give_up(struct agent *agent, struct agent_vat *vat, struct agent_file *file)
{
    if (!file->reportable && !file->unreadable) {
        agent_remove_file(vat, file->epoch);
        return;
    }
    agent_file_move(vat, file, AGENT_FILE_GONE);
    file->fetched = false;
    if (file->reportable) {
        agent_dirty(agent, vat, file);
    }
}

/* Whether the checkpoint is part of the history of the life that runs here: of this run, or below
 * what this run was restored to and not dead by its lineage. */
bool agent_file_live(const struct agent_vat *vat, const struct agent_file *file)
{
    const struct mn_start *start = vat->start;
    if (mn_epoch_run(file->epoch) == start->run) {
        return true;
    }
    if (file->epoch > start->keep) {
        return false;
    }
    for (uint32_t i = 0; i < start->lineage.count; i++) {
        const struct mn_fork *fork = &start->lineage.forks[i];
        if (file->epoch > fork->after && file->epoch < fork->next) {
            return false;
        }
    }
    return true;
}

mn_run agent_newest_run(const struct agent *agent, const struct agent_vat *vat)
{
    mn_run newest = vat->start->run > agent_next_run(vat) ? vat->start->run : agent_next_run(vat);
    if (vat->fence >= newest) {
        newest = vat->fence + 1; /* a fenced run is followed by a higher one */
    }
    if (vat->file_count > 0) {
        mn_run run = mn_epoch_run(vat->files[vat->file_count - 1].epoch);
        newest = run > newest ? run : newest;
    }
    mn_run told = agent_address_run(agent, vat->number);
    newest = told > newest ? told : newest;
    return newest;
}

void agent_file_found(struct agent *agent, const struct agent_file_facts *facts)
{
    struct agent_vat *vat = agent_need_vat(agent, &facts->record.vat);
    if (vat == NULL || agent_find_file(vat, facts->record.epoch) != NULL) {
        return;
    }
    struct agent_file *file = agent_add_file(agent, vat, facts->record.epoch, AGENT_FILE_HERE);
    if (file == NULL) {
        return;
    }
    agent_file_learn(agent, file, facts);
    file->promised = true; /* nobody remembers that it was not */
    file->reportable = true;
}

/* Whoever believes in it is told that it is gone. */
void agent_file_found_unread(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_need_vat(agent, &event->unread.vat);
    if (vat == NULL || agent_find_file(vat, event->unread.epoch) != NULL) {
        return;
    }
    struct agent_file *file = agent_add_file(agent, vat, event->unread.epoch, AGENT_FILE_GONE);
    if (file != NULL) {
        file->reportable = true;
        file->unread = AGENT_UNREAD_COUNT_MAX;
        file->unreadable = true;
    }
}

bool agent_holds(const struct agent *agent)
{
    bool any = false;
    for (size_t i = 0; !any && i < agent->vat_count; i++) {
        any = agent->vats[i]->file_count > 0;
    }
    return any;
}

/* A checkpoint of the history that goes on here, or did, in which nobody but its file and we can
 * say what was heard: without its row what comes after it would hang in the air. */
static bool file_still_says(const struct agent_vat *vat, const struct agent_file *file)
{
    return file->learned && vat->life != AGENT_LIFE_NONE && file->epoch > vat->floor &&
           agent_file_live(vat, file);
}

void agent_file_gone(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                     bool delete)
{
    if (file->state != AGENT_FILE_GONE) {
        agent_file_move(vat, file, AGENT_FILE_GONE);
    }
    file->durable = false;
    file->unreadable = false;
    file->unread = 0;
    if (delete) {
        agent_ask_file(agent, AGENT_DO_DELETE, vat, file->epoch, false);
    }
    if (file->reportable) {
        agent_dirty(agent, vat, file);
    } else {
        agent_remove_file(vat, file->epoch);
    }
}

void agent_file_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file)
{
    agent_file_move(vat, file, AGENT_FILE_GONE);
    file->durable = false;
    file->unread = file->unreadable ? file->unread : 0;
    agent_durable_lost(vat, file->epoch);
    file->heard_only = file_still_says(vat, file);
    file->reportable = file->reportable || file->heard_only;
    if (file->reportable) {
        agent_dirty(agent, vat, file);
    }
    bool comes = agent_copies_lost(agent, vat, file);
    if (!file->reportable && !file->unreadable && !comes) {
        agent_remove_file(vat, file->epoch);
    }
}

bool agent_file_hidden(const struct agent_file *file)
{
    return file->state == AGENT_FILE_GONE && file->unreadable;
}

void agent_file_unread(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                       mn_result why)
{
    agent_touch(vat);
    file->unread += 1;
    file->at = agent->now;
    if (file->unread < AGENT_UNREAD_COUNT_MAX) {
        return;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FILE_LOST,
                                                .vat = vat->name,
                                                .epoch = file->epoch,
                                                .code = why});
    file->unreadable = true;
    agent_file_lost(agent, vat, file);
}

bool agent_file_doubtful(const struct agent *agent, const struct agent_file *file)
{
    return file->state == AGENT_FILE_HERE &&
           (!file->verified || agent->now - file->verified_at >= AGENT_VERIFY_NS);
}

void agent_file_verify(struct agent *agent, struct agent_vat *vat, struct agent_file *file)
{
    file->verified = true;
    file->verified_at = agent->now;
    file->durable = false;
    agent_file_move(vat, file, AGENT_FILE_UNSYNCED);
    agent_ask_file(agent, AGENT_DO_SYNC, vat, file->epoch, true);
}

/* What is gone and has not been taken is remembered only so far. The coordinator may restore a vat
 * from any copy that it believes in: when one of them is forgotten here, it is told anew what there
 * is. */
void agent_trim_gone(struct agent *agent, struct agent_vat *vat)
{
    size_t count = 0;
    for (size_t i = vat->file_count; i > 0; i--) {
        if (vat->files[i - 1].state != AGENT_FILE_GONE || vat->files[i - 1].heard_only) {
            continue;
        }
        count += 1;
        if (count > AGENT_GONE_COUNT_MAX) {
            agent_remove_file(vat, vat->files[i - 1].epoch);
            agent->hello_at = agent->welcomed ? agent->now : agent->hello_at;
            agent->welcomed = false;
        }
    }
}

void agent_heard_forget(struct agent_vat *vat, mn_epoch below)
{
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        if (file->heard_only && file->state == AGENT_FILE_GONE && !agent_file_hidden(file) &&
            (file->epoch < below || !agent_file_live(vat, file))) {
            agent_remove_file(vat, file->epoch);
        }
    }
}
