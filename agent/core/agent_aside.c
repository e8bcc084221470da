/* Setting a former life aside. A vat that went on elsewhere without the life that ran here has a
 * history of its own since; what this one did after the checkpoint that the other went on from died
 * with it. It may be the only copy of something all the same, so it stays until an operator takes
 * it away: in a place of its own, out of reach of what deletes and of what a later life here would
 * be restored from.
 *
 * Only what died is moved, as the lineage says that came with the word to stop. Its live
 * checkpoints are part of the vat's history: they stay where they are and go on serving as copies;
 * those that the moved ones apply onto are linked beside them, so that what was set aside can be
 * read by itself even when the live ones have been let go of. Nothing is moved before the process
 * has ended and all it wrote is synced, nor while a round is open. What a crash interrupts begins
 * anew with the coordinator's next word: it says so until it hears that it was done. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

static bool aside_dead(const struct mn_lineage *lineage, mn_epoch epoch)
{
    for (uint32_t i = 0; i < lineage->count; i++) {
        if (epoch > lineage->forks[i].after && epoch < lineage->forks[i].next) {
            return true;
        }
    }
    return false;
}

/* Whether the lineage says where the vat went on without this life. */
static bool aside_explained(const struct agent_vat *vat, const struct mn_lineage *lineage)
{
    return lineage->count > 0 &&
           mn_epoch_run(lineage->forks[lineage->count - 1].next) > vat->start->run;
}

/* Whether the file died with the life that ran here. */
static bool aside_takes(const struct agent_vat *vat, const struct agent_file *file)
{
    return file->state == AGENT_FILE_HERE && mn_epoch_run(file->epoch) <= vat->start->run &&
           aside_dead(&vat->aside->lineage, file->epoch);
}

/* Whether all that the life wrote is on the disk. */
static bool aside_ready(const struct agent *agent, const struct agent_vat *vat)
{
    if (vat->aside->moving || vat->life != AGENT_LIFE_STOPPED || agent_frozen(agent)) {
        return false;
    }
    for (size_t i = 0; i < vat->file_count; i++) {
        enum agent_file_state state = vat->files[i].state;
        if (state == AGENT_FILE_UNSYNCED || state == AGENT_FILE_FAILED) {
            return false;
        }
    }
    return true;
}

void agent_aside_free(struct agent_vat *vat)
{
    if (vat->aside != NULL) {
        free(vat->aside->moved);
        free(vat->aside->linked);
        free(vat->aside);
        vat->aside = NULL;
    }
}

void agent_aside_learn(struct agent *agent, struct agent_vat *vat, const struct mn_stop *stop)
{
    if (vat->aside_run >= vat->start->run || stop->run < vat->start->run ||
        !aside_explained(vat, &stop->lineage) || (vat->aside != NULL && vat->aside->moving)) {
        return;
    }
    if (vat->aside == NULL) {
        agent_touch(vat);
        vat->aside = calloc(1, sizeof *vat->aside);
        if (vat->aside == NULL) {
            agent_fail(agent, MN_NO_MEMORY);
            return;
        }
    }
    vat->aside->lineage = stop->lineage;
}

/* Note which files are moved and which are linked, which takes no reading of them. Bases come
 * before what applies onto them, so one pass from the newest to the oldest finds every chain. */
static bool aside_choose(struct agent *agent, struct agent_vat *vat)
{
    struct agent_aside *aside = vat->aside;
    bool *needed = agent_take(agent, vat->file_count, sizeof *needed);
    aside->moved = calloc(vat->file_count + 1, sizeof *aside->moved);
    aside->linked = calloc(vat->file_count + 1, sizeof *aside->linked);
    if (needed == NULL || aside->moved == NULL || aside->linked == NULL) {
        agent_fail(agent, MN_NO_MEMORY);
        return false;
    }
    for (size_t i = vat->file_count; i > 0; i--) {
        const struct agent_file *file = &vat->files[i - 1];
        bool moves = aside_takes(vat, file);
        if (moves) {
            aside->moved[aside->moved_count] = file->epoch;
            aside->moved_count += 1;
        } else if (needed[i - 1] && (file->state == AGENT_FILE_HERE || agent_file_hidden(file))) {
            aside->linked[aside->linked_count] = file->epoch;
            aside->linked_count += 1;
        }
        const struct agent_file *onto =
            (moves || needed[i - 1]) && file->onto != 0 ? agent_find_file(vat, file->onto) : NULL;
        if (onto != NULL) {
            needed[onto - vat->files] = true;
        }
    }
    return true;
}

static void aside_ask(struct agent *agent, const struct agent_vat *vat)
{
    const struct agent_aside *aside = vat->aside;
    mn_epoch *moved = agent_take(agent, aside->moved_count, sizeof *moved);
    mn_epoch *linked = agent_take(agent, aside->linked_count, sizeof *linked);
    struct agent_effect *effect =
        moved != NULL && linked != NULL ? agent_ask(agent, AGENT_DO_SET_ASIDE) : NULL;
    if (effect == NULL) {
        return;
    }
    memcpy(moved, aside->moved, aside->moved_count * sizeof *moved);
    if (aside->linked_count > 0) {
        memcpy(linked, aside->linked, aside->linked_count * sizeof *linked);
    }
    effect->aside.vat = vat->name;
    effect->aside.run = aside->run;
    effect->aside.moved = moved;
    effect->aside.moved_count = aside->moved_count;
    effect->aside.linked = linked;
    effect->aside.linked_count = aside->linked_count;
}

/* It is done, or there was nothing to do: put it on record, then say so. */
static void aside_record(struct agent *agent, struct agent_vat *vat)
{
    struct mn_agent_record record = {.kind = MN_AGENT_ASIDE};
    record.aside.vat = vat->name;
    record.aside.run = vat->aside->run;
    record.aside.count = vat->aside->moved_count;
    vat->aside_run = record.aside.run;
    vat->aside_count = record.aside.count;
    agent_put_record(agent, &record, false);
    agent_when_recorded(agent, AGENT_THEN_ASIDE, vat, record.aside.run, 0);
    agent_aside_free(vat);
}

void agent_aside_advance(struct agent *agent, struct agent_vat *vat)
{
    if (vat->aside == NULL || !aside_ready(agent, vat)) {
        return;
    }
    vat->aside->run = vat->start->run;
    if (!aside_choose(agent, vat)) {
        return;
    }
    if (vat->aside->moved_count == 0) {
        aside_record(agent, vat);
        return;
    }
    vat->aside->moving = true;
    aside_ask(agent, vat);
    for (size_t i = vat->file_count; i > 0; i--) {
        if (aside_takes(vat, &vat->files[i - 1])) {
            agent_file_gone(agent, vat, &vat->files[i - 1], false);
        }
    }
}

void agent_set_aside(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->aside.vat);
    mn_assert(vat != NULL && vat->aside != NULL && vat->aside->moving);
    mn_assert(vat->aside->run == event->aside.run);
    if (event->aside.result != MN_OK) {
        vat->aside->failed = true;
        vat->aside->at = agent->now;
    }
    agent_note(agent, (struct agent_note_facts){.note = event->aside.result == MN_OK
                                                            ? AGENT_NOTE_ASIDE
                                                            : AGENT_NOTE_ASIDE_FAILED,
                                                .vat = vat->name,
                                                .run = vat->aside->run,
                                                .number = vat->aside->moved_count,
                                                .code = event->aside.result});
    if (event->aside.result == MN_OK) {
        aside_record(agent, vat);
    }
}

void agent_aside_tick(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (vat->aside != NULL && vat->aside->failed &&
            agent->now - vat->aside->at >= AGENT_RETRY_NS) {
            vat->aside->failed = false;
            aside_ask(agent, vat);
        } else {
            agent_aside_advance(agent, vat);
        }
    }
}

void agent_aside_said(struct agent *agent, const struct agent_vat *vat, mn_run run)
{
    if (vat->aside_run == run) {
        agent_say_state(agent, vat, "");
    }
}
