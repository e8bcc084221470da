/* Taking note of what is seen. What a former life does, of a run below the newest that a decision
 * gave out, is no part of the vat's history and is left out. */
#include "scenario/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator/core/coordinator.h"

enum { RECORD_TABLE_COUNT_MAX = 1 << 30, PROGRESS_MS = 100 };

static void record_grow(void *items, size_t *capacity, size_t count, size_t size)
{
    mn_result result = mn_grow(items, capacity, count, size, RECORD_TABLE_COUNT_MAX);
    mn_assert(result == MN_OK);
}

void record_init(struct record *record, uint32_t host_count, uint32_t vat_count)
{
    *record = (struct record){.vat_count = vat_count, .host_count = host_count};
    record->vats = calloc((size_t)vat_count + 1, sizeof *record->vats);
    mn_assert(record->vats != NULL);
}

void record_deinit(struct record *record)
{
    for (uint32_t i = 0; i < record->vat_count; i++) {
        free(record->vats[i].epochs);
        free(record->vats[i].lives);
    }
    free(record->vats);
    free(record->losses);
    free(record->rounds);
    free(record->notices);
    free(record->messages);
    free(record->events);
    *record = (struct record){0};
}

/* A vat's number by its name, "v12". */
static uint32_t vat_of(const struct record *record, const char *name)
{
    char *end = NULL;
    unsigned long number = strtoul(name + 1, &end, 10);
    mn_assert(*end == '\0' && number < record->vat_count);
    return (uint32_t)number;
}

/* ---- vats ------------------------------------------------------------------------------------ */

static struct record_epoch *epoch_add(struct record_vat *vat, mn_epoch epoch, mn_time at)
{
    record_grow(&vat->epochs, &vat->epoch_capacity, vat->epoch_count + 1, sizeof *vat->epochs);
    struct record_epoch *made = &vat->epochs[vat->epoch_count++];
    *made = (struct record_epoch){.epoch = epoch, .began = at};
    return made;
}

/* The open epoch of a vat, whose number shows with what happens in it. NULL: of a former life. */
static struct record_epoch *epoch_open(struct record *record, const struct sim_seen *seen)
{
    struct record_vat *vat = &record->vats[seen->vat];
    if (seen->run < vat->run || !vat->running || vat->epoch_count == 0) {
        return NULL;
    }
    struct record_epoch *open = &vat->epochs[vat->epoch_count - 1];
    open->epoch = seen->epoch;
    return open;
}

static void see_begins(struct record *record, const struct sim_seen *seen)
{
    struct record_vat *vat = &record->vats[seen->vat];
    if (seen->run < vat->run) {
        return;
    }
    vat->run = seen->run;
    vat->running = true;
    record_grow(&vat->lives, &vat->life_capacity, vat->life_count + 1, sizeof *vat->lives);
    vat->lives[vat->life_count++] = (struct record_life){
        .run = seen->run, .host = seen->host, .keep = seen->life->keep, .began = seen->at};
    (void)epoch_add(vat, seen->epoch, seen->at);
    if (vat->loss != 0 && record->losses[vat->loss - 1].back_at == 0) {
        record->losses[vat->loss - 1].back_at = seen->at;
    }
}

/* The vat's history ends here, until another life begins. */
static void vat_stop(struct record_vat *vat, mn_time at)
{
    vat->running = false;
    vat->lives[vat->life_count - 1].ended = at;
    vat->epochs[vat->epoch_count - 1].ended = at;
}

static void see_ends(struct record *record, const struct sim_seen *seen)
{
    struct record_vat *vat = &record->vats[seen->vat];
    if (seen->run >= vat->run && vat->running) {
        vat_stop(vat, seen->at);
    }
}

static void see_checkpoint(struct record *record, const struct sim_seen *seen)
{
    struct record_epoch *open = epoch_open(record, seen);
    record->counts[FACT_checkpoints] += 1;
    if (open != NULL) {
        open->checkpointed = true;
        open->ended = seen->at;
        (void)epoch_add(&record->vats[seen->vat], seen->epoch + 1, seen->at);
    }
}

static struct record_message *message_of(struct record *record, uint64_t id)
{
    bool kept = record->vat_count <= RECORD_MESSAGE_VAT_COUNT_MAX && id > 0 &&
                id <= RECORD_MESSAGE_COUNT_MAX;
    if (!kept) {
        return NULL;
    }
    if (id > record->message_count) {
        record_grow(&record->messages, &record->message_capacity, id, sizeof *record->messages);
        memset(&record->messages[record->message_count], 0,
               (id - record->message_count) * sizeof *record->messages);
        record->message_count = id;
    }
    return &record->messages[id - 1];
}

static void see_sends(struct record *record, const struct sim_seen *seen)
{
    struct record_epoch *open = epoch_open(record, seen);
    if (open == NULL) {
        return;
    }
    open->sent += 1;
    struct record_message *message = message_of(record, seen->id);
    if (message != NULL) {
        message->sent_at = seen->at;
        message->epoch = seen->epoch;
        message->sender = seen->vat;
        message->receiver = seen->peer;
    }
}

static void see_takes(struct record *record, const struct sim_seen *seen)
{
    struct record_epoch *open = epoch_open(record, seen);
    if (open == NULL) {
        return;
    }
    open->taken += 1;
    struct record_message *message = message_of(record, seen->id);
    if (message != NULL) {
        message->taken_at = seen->at;
        message->taken_epoch = seen->epoch;
    }
}

static void see_notice(struct record *record, const struct sim_seen *seen)
{
    record->counts[FACT_handed] += 1;
    if (record->notice_count < RECORD_NOTICE_COUNT_MAX) {
        record_grow(&record->notices, &record->notice_capacity, record->notice_count + 1,
                    sizeof *record->notices);
        record->notices[record->notice_count++] =
            (struct record_notice){.at = seen->at,
                                   .vat = seen->vat,
                                   .peer = vat_of(record, seen->notice->peer.text),
                                   .epoch = seen->epoch,
                                   .incarnation = seen->notice->incarnation,
                                   .kept = seen->notice->kept,
                                   .reset = seen->notice->reset,
                                   .heard = seen->notice->you_heard.last != 0};
    }
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static struct record_round *round_find(struct record *record, uint64_t round)
{
    for (size_t i = record->round_count; i > 0; i--) {
        if (record->rounds[i - 1].round == round) {
            return &record->rounds[i - 1];
        }
    }
    return NULL;
}

static struct record_round *round_of(struct record *record, uint64_t round)
{
    struct record_round *found = round_find(record, round);
    if (found == NULL) {
        record_grow(&record->rounds, &record->round_capacity, record->round_count + 1,
                    sizeof *record->rounds);
        found = &record->rounds[record->round_count++];
        *found = (struct record_round){.round = round};
    }
    return found;
}

/* What dies of the vat, and what it loses by that. */
static void vat_restored(struct record *record, const struct record_round *round,
                         const struct mn_start *start, mn_time now)
{
    uint32_t number = vat_of(record, start->vat.text);
    struct record_vat *vat = &record->vats[number];
    struct record_loss loss = {.round = round->round,
                               .vat = number,
                               .outcome = start->outcome,
                               .keep = start->keep,
                               .kept_at = 0};
    loss.was_running = vat->running || (vat->life_count > 0 && round->begun_at != 0 &&
                                        vat->lives[vat->life_count - 1].ended > round->begun_at);
    if (vat->running) {
        vat_stop(vat, now);
    }
    loss.ended_at = vat->life_count > 0 ? vat->lives[vat->life_count - 1].ended : now;
    for (size_t i = vat->epoch_count; i > 0; i--) {
        struct record_epoch *epoch = &vat->epochs[i - 1];
        if (epoch->died == 0 && epoch->epoch <= start->keep) {
            loss.kept_at = epoch->ended;
            break;
        }
        if (epoch->died == 0) {
            epoch->died = round->round;
            loss.epochs += epoch->checkpointed ? 1 : 0;
            loss.open += epoch->checkpointed ? 0 : 1;
            loss.sent += epoch->sent;
            loss.taken += epoch->taken;
        }
    }
    record_grow(&record->losses, &record->loss_capacity, record->loss_count + 1,
                sizeof *record->losses);
    record->losses[record->loss_count++] = loss;
    vat->loss = (uint32_t)record->loss_count;
    vat->run = start->run;
}

static void see_decided(struct record *record, const struct sim_seen *seen)
{
    const struct mn_journal_decision *decision = seen->decision;
    struct record_round *round = round_of(record, decision->round);
    if (round->decided_at != 0) {
        return;
    }
    size_t first = record->loss_count;
    round->decided_at = seen->at;
    round->restored = decision->start_count;
    round->told = decision->told_count;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        round->notices += decision->told[i].notice_count;
    }
    for (uint32_t i = 0; i < decision->start_count; i++) {
        vat_restored(record, round, &decision->starts[i].start, seen->at);
    }
    for (size_t i = first; i < record->loss_count; i++) {
        mn_time ended = record->losses[i].ended_at;
        if (!record->losses[i].was_running &&
            (round->first_death == 0 || ended < round->first_death)) {
            round->first_death = ended;
        }
    }
    round->first_death = round->first_death == 0 ? round->fault_at : round->first_death;
}

static void see_state(struct record *record, const struct sim_seen *seen)
{
    const struct coordinator_note_facts *note = seen->note;
    struct record_round *round = round_of(record, note->round);
    round->attempts = note->number > round->attempts ? (uint32_t)note->number : round->attempts;
    if (note->text == NULL) {
        return;
    }
    if (strncmp(note->text, "called off", 10) == 0) {
        record->counts[FACT_called_off] += 1;
        record->round_count -= round->decided_at == 0 ? 1 : 0;
    } else if (strcmp(note->text, "tell") == 0 && round->restored_at == 0) {
        round->restored_at = seen->at;
    } else if (strcmp(note->text, "done") == 0 && round->told_at == 0) {
        round->told_at = seen->at;
    }
}

/* ---- what is said ---------------------------------------------------------------------------- */

static struct record_event *event_add(struct record *record, mn_time at,
                                      enum record_event_kind kind)
{
    if (record->event_count == RECORD_EVENT_COUNT_MAX) {
        return NULL;
    }
    record_grow(&record->events, &record->event_capacity, record->event_count + 1,
                sizeof *record->events);
    struct record_event *made = &record->events[record->event_count++];
    *made = (struct record_event){.at = at, .kind = kind};
    return made;
}

static void count_note(struct record *record, const struct coordinator_note_facts *note)
{
    switch (note->note) {
    case COORDINATOR_NOTE_HOLD:
    case COORDINATOR_NOTE_ROUND_HOLDS:
        record->counts[FACT_holds] += 1;
        return;
    case COORDINATOR_NOTE_BEHIND:
        record->counts[FACT_behind] += 1;
        return;
    case COORDINATOR_NOTE_HOST_LOST:
        record->counts[FACT_hosts_lost] += 1;
        return;
    case COORDINATOR_NOTE_BEGUN:
        record->counts[FACT_generations] += 1;
        return;
    default:
        return;
    }
}

static void see_note(struct record *record, const struct sim_seen *seen)
{
    const struct coordinator_note_facts *note = seen->note;
    count_note(record, note);
    if (note->note == COORDINATOR_NOTE_ROUND_BEGUN) {
        struct record_round *round = round_of(record, note->round);
        if (round->begun_at == 0) {
            round->begun_at = seen->at;
            round->fault_at = record->fault_at;
        }
    } else if (note->note == COORDINATOR_NOTE_ROUND_STATE) {
        see_state(record, seen);
    }
    bool of_vats = note->vat != NULL && coordinator_note_level(note->note) == COORDINATOR_INFO;
    if (of_vats || note->note == COORDINATOR_NOTE_RESTORE) {
        return;
    }
    struct record_event *event = event_add(record, seen->at, RECORD_SAID);
    if (event != NULL) {
        (void)snprintf(event->text, sizeof event->text, "%s%s%s%s%s%s%s",
                       coordinator_note_what(note->note), note->host != NULL ? " " : "",
                       note->host != NULL ? note->host : "", note->vat != NULL ? " " : "",
                       note->vat != NULL ? note->vat : "", note->text != NULL ? ": " : "",
                       note->text != NULL ? note->text : "");
    }
}

/* What the fault is about: "h3", say; the letters are those of the topology's names. */
static void whom_into(const struct sim_fault *fault, char *text, size_t size)
{
    static const char *const whom[] = {
#define FAULT_WHOM(name, word, a, b, what) a,
        SIM_FAULTS(FAULT_WHOM)
#undef FAULT_WHOM
    };
    text[0] = '\0';
    if (whom[fault->kind][0] != '-') {
        (void)snprintf(text, size, " %c%u", whom[fault->kind][0], fault->a);
    }
}

static void see_fault(struct record *record, const struct sim_seen *seen)
{
    const struct sim_fault *fault = seen->fault;
    bool over = seen->kind == SIM_SEEN_OVER;
    char whom[16];
    if (over && fault->for_ms == 0) {
        return; /* it was over at once */
    }
    record->counts[FACT_faults] += over ? 0 : 1;
    record->fault_at = over ? record->fault_at : seen->at;
    struct record_event *event = event_add(record, seen->at, over ? RECORD_OVER : RECORD_FAULT);
    if (event != NULL) {
        whom_into(fault, whom, sizeof whom);
        (void)snprintf(event->text, sizeof event->text, "%s%s%s", sim_fault_name(fault->kind), whom,
                       over ? " is over" : "");
    }
}

void record_see(void *context, const struct sim_seen *seen)
{
    struct record *record = context;
    if (record->progress != NULL && seen->at >= record->progress_at) {
        record->progress(seen->at);
        record->progress_at = seen->at + PROGRESS_MS * MN_MS;
    }
    switch (seen->kind) {
    case SIM_SEEN_VAT_BEGINS:
        see_begins(record, seen);
        return;
    case SIM_SEEN_VAT_ENDS:
        see_ends(record, seen);
        return;
    case SIM_SEEN_SENDS:
        see_sends(record, seen);
        return;
    case SIM_SEEN_TAKES:
        see_takes(record, seen);
        return;
    case SIM_SEEN_CHECKPOINT:
        see_checkpoint(record, seen);
        return;
    case SIM_SEEN_NOTICE:
        see_notice(record, seen);
        return;
    case SIM_SEEN_DECIDED:
        see_decided(record, seen);
        return;
    case SIM_SEEN_NOTE:
        see_note(record, seen);
        return;
    case SIM_SEEN_FAULT:
    case SIM_SEEN_OVER:
        see_fault(record, seen);
        return;
    }
}
