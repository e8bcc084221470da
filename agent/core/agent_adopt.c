/* Adopting a disk: the checkpoints of a vat that an operator found on it become copies held here.
 * They are copied, oldest first, so that what fits can always be restored; the disk itself is left
 * as it is. What a file says counts only once the copy of it has been verified and synced; what
 * died when the vat went on from an older checkpoint stays where it is.
 *
 * One file at a time is at the disk, and while it is, nothing else that arrives of that epoch is
 * written. The coordinator asks until it hears that it is over; asked anew after that, or by
 * another agent of this host, it begins anew and finds here what was copied before. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

struct agent_adoption {
    struct mn_adopt adopt; /* as it was asked for last; its store is owned */
    bool listed;
    mn_epoch *epochs; /* of the files there, ascending; owned */
    uint32_t count;
    uint32_t done;
    bool at_disk; /* the file of epochs[done] is being copied */
    bool full;    /* and there is no room for more */
    uint32_t taken;
    uint32_t held;
    uint32_t dead;
    mn_epoch through;
    struct mn_passed passed[MN_PASSED_COUNT_MAX];
    uint32_t passed_count;
    uint32_t passed_in_all;
};

void agent_adopt_free(struct agent_vat *vat)
{
    if (vat->adoption != NULL) {
        free((void *)vat->adoption->adopt.store);
        free(vat->adoption->epochs);
        free(vat->adoption);
        vat->adoption = NULL;
    }
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void adopted_text(struct mn_up *up, const char *text)
{
    size_t length = strnlen(text, sizeof up->adopted.text - 1);
    memcpy(up->adopted.text, text, length);
    up->adopted.text[length] = '\0';
}

/* That nothing comes of it, and why. */
static void adopt_refuse(struct agent *agent, const struct mn_adopt *adopt, mn_result code,
                         const char *text)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_ADOPTED);
    if (up != NULL) {
        up->adopted.number = adopt->number;
        up->adopted.vat = adopt->vat;
        up->adopted.over = true;
        up->adopted.code = code;
        adopted_text(up, text);
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_DISK_NOT_ADOPTED,
                                                .vat = adopt->vat,
                                                .code = code,
                                                .text = text});
}

static struct mn_up *adopted_say(struct agent *agent, const struct agent_vat *vat)
{
    const struct agent_adoption *adoption = vat->adoption;
    struct mn_passed *passed = agent_take(agent, adoption->passed_count, sizeof *passed);
    struct mn_up *up = passed != NULL ? agent_say_up(agent, MN_UP_ADOPTED) : NULL;
    if (up == NULL) {
        return NULL;
    }
    memcpy(passed, adoption->passed, adoption->passed_count * sizeof *passed);
    up->adopted.number = adoption->adopt.number;
    up->adopted.vat = vat->name;
    up->adopted.found = adoption->count;
    up->adopted.done = adoption->done;
    up->adopted.taken = adoption->taken;
    up->adopted.held = adoption->held;
    up->adopted.through = adoption->through;
    up->adopted.passed = passed;
    up->adopted.passed_count = adoption->passed_count;
    up->adopted.passed_in_all = adoption->passed_in_all;
    return up;
}

/* Why nothing of it is here. */
static mn_result adopted_why(const struct agent_adoption *adoption, const char **text)
{
    *text = "";
    if (adoption->taken + adoption->held > 0) {
        return MN_OK;
    }
    if (adoption->count == 0) {
        *text = "there is no checkpoint file of it there";
        return MN_NOT_FOUND;
    }
    if (adoption->full) {
        *text = "the disk of this host is full";
        return MN_NO_SPACE;
    }
    if (adoption->dead > 0) {
        *text = "what is whole of it there died when a decision had the vat go on from an older "
                "checkpoint";
        return MN_STALE;
    }
    *text = "no checkpoint file there could be taken: see what was passed over";
    return MN_CORRUPT;
}

static void adopt_over(struct agent *agent, struct agent_vat *vat)
{
    const char *text = "";
    mn_result code = adopted_why(vat->adoption, &text);
    struct mn_up *up = adopted_say(agent, vat);
    if (up != NULL) {
        up->adopted.over = true;
        up->adopted.code = code;
        adopted_text(up, text);
    }
    agent_note(agent, (struct agent_note_facts){.note = code == MN_OK ? AGENT_NOTE_DISK_ADOPTED
                                                                      : AGENT_NOTE_DISK_NOT_ADOPTED,
                                                .vat = vat->name,
                                                .epoch = vat->adoption->through,
                                                .number = vat->adoption->taken,
                                                .code = code,
                                                .text = text});
    agent->flush = true; /* what was taken is reported with the same step */
    agent_adopt_free(vat);
}

/* ---- one file after the other ---------------------------------------------------------------- */

static void adopt_ask(struct agent *agent, const struct agent_vat *vat, enum agent_effect_kind kind,
                      mn_epoch epoch)
{
    const char *from = vat->adoption->adopt.store;
    size_t size = strlen(from) + 1;
    char *store = agent_take(agent, size, 1);
    struct agent_effect *effect = store != NULL ? agent_ask(agent, kind) : NULL;
    if (effect != NULL) {
        memcpy(store, from, size);
        effect->found.vat = vat->name;
        effect->found.store = store;
        effect->found.epoch = epoch;
    }
}

static void adopt_pass(struct agent_adoption *adoption, enum mn_passed_why why)
{
    if (adoption->passed_count < MN_PASSED_COUNT_MAX) {
        adoption->passed[adoption->passed_count] =
            (struct mn_passed){.epoch = adoption->epochs[adoption->done], .why = why};
        adoption->passed_count += 1;
    }
    adoption->passed_in_all += 1;
    adoption->dead += why == MN_PASSED_DEAD ? 1 : 0;
    adoption->full = adoption->full || why == MN_PASSED_FULL;
    adoption->done += 1;
}

/* That checkpoint is here. */
static void adopt_have(struct agent_adoption *adoption, uint32_t *counted)
{
    *counted += 1;
    adoption->through = adoption->epochs[adoption->done];
    adoption->done += 1;
}

static bool adopt_dead(const struct agent_adoption *adoption, mn_epoch epoch)
{
    const struct mn_lineage *lineage = &adoption->adopt.lineage;
    for (uint32_t i = 0; i < lineage->count; i++) {
        if (epoch > lineage->forks[i].after && epoch < lineage->forks[i].next) {
            return true;
        }
    }
    return false;
}

/* What the table has of the next file, ready to be written to. NULL after failing. */
static struct agent_file *adopt_file(struct agent *agent, struct agent_vat *vat, mn_epoch epoch)
{
    struct agent_file *file = agent_find_file(vat, epoch);
    if (file == NULL) {
        file = agent_add_file(agent, vat, epoch, AGENT_FILE_ARRIVING);
    } else if (file->state == AGENT_FILE_GONE) {
        agent_file_move(vat, file, AGENT_FILE_ARRIVING);
        file->fetched = false;
    }
    if (file != NULL) {
        file->received = 0;
        file->writing = true;
    }
    return file;
}

/* Go through the files up to one that has to be copied. */
static void adopt_advance(struct agent *agent, struct agent_vat *vat)
{
    struct agent_adoption *adoption = vat->adoption;
    while (adoption->done < adoption->count) {
        mn_epoch epoch = adoption->epochs[adoption->done];
        const struct agent_file *file = agent_find_file(vat, epoch);
        bool gone = file == NULL || file->state == AGENT_FILE_GONE;
        if (!gone && file->state != AGENT_FILE_ARRIVING) {
            adopt_have(adoption, &adoption->held);
        } else if (adopt_dead(adoption, epoch)) {
            adopt_pass(adoption, MN_PASSED_DEAD);
        } else if (adoption->full || (file == NULL && vat->file_count >= AGENT_FILE_COUNT_MAX)) {
            adopt_pass(adoption, MN_PASSED_FULL);
        } else if (!gone && file->writing) {
            return; /* a piece of it from another host is at the disk: a heartbeat looks again */
        } else if (adopt_file(agent, vat, epoch) == NULL) {
            return;
        } else {
            adoption->at_disk = true;
            adopt_ask(agent, vat, AGENT_DO_TAKE_FOUND, epoch);
            return;
        }
    }
    adopt_over(agent, vat);
}

void agent_adopt(struct agent *agent, const struct mn_adopt *adopt)
{
    struct agent_vat *vat = agent_need_vat(agent, &adopt->vat);
    if (vat == NULL) {
        return;
    }
    if (vat->adoption != NULL) {
        if (strcmp(vat->adoption->adopt.store, adopt->store) != 0) {
            adopt_refuse(agent, adopt, MN_AGAIN, "another disk is being read for it there");
            return;
        }
        vat->adoption->adopt.number = adopt->number;
        (void)adopted_say(agent, vat);
        return;
    }
    if (agent_vat_alive(vat)) {
        adopt_refuse(agent, adopt, MN_AGAIN, "a life of it runs on that host still");
        return;
    }
    struct agent_adoption *adoption = calloc(1, sizeof *adoption);
    size_t size = strlen(adopt->store) + 1;
    char *store = malloc(size);
    if (adoption == NULL || store == NULL) {
        free(adoption);
        free(store);
        agent_fail(agent, MN_NO_MEMORY);
        return;
    }
    memcpy(store, adopt->store, size);
    adoption->adopt = *adopt;
    adoption->adopt.store = store;
    vat->adoption = adoption;
    agent_touch(vat);
    adopt_ask(agent, vat, AGENT_DO_LIST_FOUND, 0);
}

void agent_found_listed(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->listed.vat);
    mn_assert(vat != NULL && vat->adoption != NULL && !vat->adoption->listed);
    struct agent_adoption *adoption = vat->adoption;
    if (event->listed.result != MN_OK) {
        adopt_refuse(agent, &adoption->adopt, event->listed.result, event->listed.text);
        agent_adopt_free(vat);
        return;
    }
    adoption->epochs = calloc((size_t)event->listed.count + 1, sizeof *adoption->epochs);
    if (adoption->epochs == NULL) {
        agent_fail(agent, MN_NO_MEMORY);
        return;
    }
    for (uint32_t i = 0; i < event->listed.count; i++) {
        adoption->epochs[i] = event->listed.epochs[i];
        mn_assert(i == 0 || adoption->epochs[i - 1] < adoption->epochs[i]);
    }
    adoption->count = event->listed.count;
    adoption->listed = true;
    adopt_advance(agent, vat);
}

void agent_found_taken(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->taken.vat);
    mn_assert(vat != NULL && vat->adoption != NULL && vat->adoption->at_disk);
    struct agent_adoption *adoption = vat->adoption;
    struct agent_file *file = agent_find_file(vat, event->taken.epoch);
    mn_assert(event->taken.epoch == adoption->epochs[adoption->done]);
    mn_assert(file != NULL && file->state == AGENT_FILE_ARRIVING && file->writing);
    adoption->at_disk = false;
    file->writing = false;
    file->at = agent->now;
    if (event->taken.facts != NULL) {
        adopt_have(adoption, &adoption->taken);
        agent_file_arrived(agent, vat, file, event->taken.facts);
        agent_copies_advance(agent, vat);
    } else {
        adopt_pass(adoption, event->taken.why);
        agent_file_give_up(agent, vat, file);
    }
    agent_fetch_changed(agent, vat, event->taken.epoch);
    adopt_advance(agent, vat);
}

void agent_adopt_tick(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (vat->adoption != NULL && vat->adoption->listed && !vat->adoption->at_disk) {
            adopt_advance(agent, vat);
        }
    }
}
