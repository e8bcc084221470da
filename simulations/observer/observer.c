/* The observer put together: takes note of what the engine tells, and asks the oracles. */
#include "observer/observer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "observer/observer_private.h"

struct observer *observer_new(const struct topology *topology, observer_ask_host *ask,
                              const void *context)
{
    struct observer *observer = calloc(1, sizeof *observer);
    mn_assert(observer != NULL);
    observer->topology = topology;
    observer->ask = ask;
    observer->context = context;
    observer->vat_count = (uint32_t)topology->vat_count;
    observer->host_count = (uint32_t)topology->host_count;
    observer->vats = calloc(observer->vat_count + 1, sizeof *observer->vats);
    mn_assert(observer->vats != NULL);
    observer->frozen = calloc(observer->host_count, sizeof *observer->frozen);
    observer->given_up = calloc(observer->host_count, sizeof *observer->given_up);
    mn_assert(observer->frozen != NULL && observer->given_up != NULL);
    observer->generations = calloc(observer->host_count, sizeof *observer->generations);
    mn_assert(observer->generations != NULL);
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        observer->vats[i].incarnation = 1;
        observer->vats[i].host = topology->vats[i].host;
        observer->vats[i].outcome = MN_REVIVED;
    }
    return observer;
}

static void vat_free(struct observer_vat *vat)
{
    for (size_t i = 0; i < vat->pair_count; i++) {
        free(vat->pairs[i].sent);
        free(vat->pairs[i].dead);
        free(vat->pairs[i].taken);
        free(vat->pairs[i].gaps_taken.items);
        free(vat->pairs[i].gaps_sent.items);
    }
    free(vat->pairs);
    free(vat->senders);
    free(vat->begun);
    free(vat->leases);
    free(vat->points);
    free(vat->fences);
    free(vat->told);
    free(vat->copies);
}

void observer_destroy(struct observer **out)
{
    struct observer *observer = *out;
    if (observer == NULL) {
        return;
    }
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        vat_free(&observer->vats[i]);
    }
    for (size_t i = 0; i < observer->round_count; i++) {
        free(observer->rounds[i].starts);
    }
    mn_arena_deinit(&observer->knowledge);
    free(observer->rounds);
    free(observer->vats);
    free(observer->frozen);
    free(observer->given_up);
    free(observer->generations);
    free(observer->word.reset);
    free(observer->readings);
    free(observer);
    *out = NULL;
}

const char *observer_failure(const struct observer *observer)
{
    return observer->failure[0] != '\0' ? observer->failure : NULL;
}

void observer_fail(struct observer *observer, const char *guarantee, const char *format, ...)
{
    if (observer->failure[0] != '\0') {
        return;
    }
    char text[OBSERVER_FAILURE_SIZE - 64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(observer->failure, sizeof observer->failure, "%.40s: %s", guarantee, text);
}

void observer_time(struct observer *observer, mn_time now)
{
    observer->now = now;
}

/* ---- vats ------------------------------------------------------------------------------------ */

void observer_vat_begins(struct observer *observer, const struct observer_actor *actor,
                         const struct mn_life *life, uint64_t state)
{
    g6_begins(observer, actor);
    if (!observer->blind) {
        g3_begins(observer, actor, life, state);
    }
    if (observer_current(observer, actor)) {
        observer->vats[actor->vat].process = actor->process;
        observer->vats[actor->vat].began = observer->now;
        observer->vats[actor->vat].astray = false;
        observer->vats[actor->vat].fence_count = 0;
    }
}

void observer_vat_ends(struct observer *observer, const struct observer_actor *actor)
{
    g3_ends(observer, actor, "ends");
    leases_end(observer, actor);
    if (observer->vats[actor->vat].process == actor->process) {
        observer->vats[actor->vat].process = 0;
    }
}

void observer_kills(struct observer *observer, uint32_t host, uint32_t vat, mn_run run)
{
    (void)host;
    struct observer_actor actor = {.vat = vat, .run = run};
    g3_ends(observer, &actor, "is killed by its agent");
}

void observer_backup(struct observer *observer)
{
    observer->archived = true;
}

void observer_harm(struct observer *observer)
{
    observer->harm = true;
}

void observer_sends(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t id)
{
    mn_assert(id == observer->message_count + 1);
    observer->message_count = id;
    if (!observer_current(observer, actor)) {
        struct observer_pair *known = observer_pair_find(observer, actor->vat, peer);
        if (known != NULL) {
            observer_dead_add(known, id, id);
        }
        return;
    }
    struct observer_pair *pair = observer_pair(observer, actor->vat, peer);
    observer_grow(&pair->sent, &pair->sent_capacity, pair->sent_count + 1, sizeof *pair->sent);
    pair->sent[pair->sent_count++] = (struct observer_message){
        .id = id, .epoch = actor->epoch, .knows = observer->vats[actor->vat].knows};
}

void observer_leaves(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                     mn_epoch epoch, uint64_t number, uint64_t id)
{
    if (observer_current(observer, actor)) {
        g3_leaves(observer, actor, peer, epoch, number, id);
    }
}

void observer_takes(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t id)
{
    if (observer_current(observer, actor)) {
        g1_takes(observer, actor, peer, id);
    }
}

void observer_gap(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                  uint64_t first, uint64_t last, bool sent)
{
    if (observer_current(observer, actor)) {
        g3_gap(observer, actor, peer, first, last, sent);
    }
}

void observer_undelivered(struct observer *observer, const struct observer_actor *actor,
                          uint32_t peer, uint64_t first, uint64_t last)
{
    if (observer_current(observer, actor)) {
        g3_undelivered(observer, actor, peer, first, last);
    }
}

void observer_notice(struct observer *observer, const struct observer_actor *actor,
                     const struct mn_notice *notice, bool reset)
{
    if (observer_current(observer, actor)) {
        g4_notice(observer, actor, notice, reset);
    }
}

void observer_lease(struct observer *observer, const struct observer_actor *actor, mn_time until)
{
    leases_held(observer, actor, until);
}

void observer_frozen(struct observer *observer, const struct observer_actor *actor,
                     const struct mn_vat_run *suspects, uint32_t count)
{
    if (observer_current(observer, actor)) {
        g1_frozen(observer, actor, suspects, count);
    }
}

void observer_checkpoint(struct observer *observer, const struct observer_actor *actor,
                         mn_epoch onto, uint64_t state)
{
    g6_checkpoint(observer, actor);
    if (!observer_current(observer, actor)) {
        return;
    }
    struct observer_vat *vat = &observer->vats[actor->vat];
    floors_of_points(observer, vat);
    observer_grow(&vat->points, &vat->point_capacity, vat->point_count + 1, sizeof *vat->points);
    vat->points[vat->point_count++] = (struct observer_point){.epoch = actor->epoch,
                                                              .onto = onto,
                                                              .floor = vat->advised,
                                                              .state = state,
                                                              .knows = vat->knows};
}

void observer_durable(struct observer *observer, const struct observer_actor *actor, mn_epoch epoch,
                      mn_epoch floor)
{
    if (!observer_current(observer, actor)) {
        return;
    }
    struct observer_vat *vat = &observer->vats[actor->vat];
    vat->advised = floor > vat->advised ? floor : vat->advised;
    for (size_t i = vat->point_count; i > 0 && !vat->points[i - 1].durable; i--) {
        vat->points[i - 1].durable = vat->points[i - 1].epoch <= epoch;
    }
}

void observer_copy(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch,
                   enum observer_copy_change change)
{
    g7_copy(observer, host, vat, epoch, change);
}

void observer_copy_leaves(struct observer *observer, uint32_t vat)
{
    observer->vats[vat].copies_under_way += 1;
}

void observer_copy_arrives(struct observer *observer, uint32_t vat)
{
    mn_assert(observer->vats[vat].copies_under_way > 0);
    observer->vats[vat].copies_under_way -= 1;
}

/* ---- the coordinator ------------------------------------------------------------------------- */

static int compare_starts(const void *a, const void *b)
{
    const struct observer_start *left = a;
    const struct observer_start *right = b;
    return (left->vat > right->vat) - (left->vat < right->vat);
}

static bool host_in(const struct mn_name *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names[i].text, name) == 0) {
            return true;
        }
    }
    return false;
}

static struct observer_round *round_add(struct observer *observer,
                                        const struct mn_journal_decision *decision)
{
    observer_grow(&observer->rounds, &observer->round_capacity, observer->round_count + 1,
                  sizeof *observer->rounds);
    struct observer_round *round = &observer->rounds[observer->round_count++];
    *round = (struct observer_round){.round = decision->round,
                                     .sequence = observer->sequence,
                                     .start_count = decision->start_count};
    round->starts = calloc(decision->start_count + 1, sizeof *round->starts);
    mn_assert(round->starts != NULL);
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_journal_start *from = &decision->starts[i];
        uint32_t vat = topology_find_vat(observer->topology, from->start.vat.text);
        const char *host = observer->topology->hosts[observer->vats[vat].host].name;
        round->starts[i] = (struct observer_start){
            .vat = vat,
            .run = from->start.run,
            .keep = from->start.keep,
            .incarnation = from->start.incarnation,
            .outcome = from->start.outcome,
            .was_running =
                !host_in(decision->lost_hosts, decision->lost_host_count, host) &&
                !host_in(decision->lost_vats, decision->lost_vat_count, from->start.vat.text) &&
                observer->ask(observer->context, observer->vats[vat].host).up &&
                (!observer->vats[vat].astray || observer->vats[vat].process != 0)};
    }
    qsort(round->starts, round->start_count, sizeof *round->starts, compare_starts);
    return round;
}

/* From here on the decision is the truth: first what was sent is forgotten, then it is seen whom
 * that reaches, then what was taken and kept. */
static void decision_apply(struct observer *observer, const struct evidence *evidence,
                           const struct observer_round *round,
                           const struct mn_journal_decision *decision)
{
    for (size_t i = 0; i < round->start_count; i++) {
        observer_forget_sent(observer, round->starts[i].vat, round->starts[i].keep);
    }
    if (evidence != NULL && !observer->blind) {
        g1_latest(observer, evidence, round);
    }
    if (!observer->blind) {
        g2_decided(observer, round, decision);
    }
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        struct observer_vat *vat = &observer->vats[start->vat];
        observer_forget_taken(observer, start->vat, start->keep);
        observer_forget_points(observer, start->vat, start->keep);
        g4_forgets(observer, start->vat, start->keep, start->incarnation);
        vat->run = start->run;
        vat->incarnation = start->incarnation;
        vat->keep = start->keep;
        vat->outcome = start->outcome;
        vat->process = 0;
        vat->learnt = true;
        vat->astray = false;
    }
    for (uint32_t i = 0; i < decision->start_count; i++) {
        uint32_t vat = topology_find_vat(observer->topology, decision->starts[i].start.vat.text);
        observer->vats[vat].host =
            topology_find_host(observer->topology, decision->starts[i].host.text);
    }
    g4_decided(observer, decision);
}

static void decided(struct observer *observer, uint64_t generation,
                    const struct mn_journal_decision *decision, const char *text, size_t size)
{
    if (!g5_decided(observer, decision)) {
        return;
    }
    g6_decided(observer, decision);
    struct mn_text answer = {0};
    struct evidence *evidence = g9_decided(observer, decision, text, size, &answer);
    g7_decided(observer, decision);
    g8_decided(observer, decision);
    approval_decided(observer, decision, &answer);
    adoption_decided(observer, decision);
    struct observer_round *round = round_add(observer, decision);
    round->generation = generation;
    round->answered = answer.size > MN_ANSWER_SIZE_MAX;
    g9_digest(answer.bytes, answer.size, &round->answer);
    mn_text_deinit(&answer);
    if (evidence != NULL) {
        g10_decided(observer, evidence, round, decision);
    }
    if (!observer->blind) {
        g1_stopped(observer, round);
        g3_decided(observer, round);
    }
    decision_apply(observer, evidence, round, decision);
    if (evidence != NULL && !observer->blind) {
        g1_decided(observer, evidence, round);
    }
    evidence_destroy(&evidence);
}

void observer_journal(struct observer *observer, uint64_t sequence, uint64_t generation,
                      const struct mn_journal_record *record, mn_time written, const char *evidence,
                      size_t evidence_size)
{
    observer->written = written;
    g6_record(observer, sequence, generation, record);
    if (record->kind == MN_JOURNAL_DECISION) {
        decided(observer, generation, &record->decision, evidence, evidence_size);
    } else if (record->kind == MN_JOURNAL_ANSWER) {
        g9_answer(observer, &record->answer);
    } else if (record->kind == MN_JOURNAL_DONE) {
        struct observer_round *round = g5_find(observer, record->done.round);
        if (round == NULL) {
            observer_fail(observer, "G5", "round %llu is done, and was never decided",
                          (unsigned long long)record->done.round);
        } else {
            round->done = true;
            g9_done(observer, round, generation);
        }
    } else if (record->kind == MN_JOURNAL_STEP && record->step.step == MN_STEP_ADOPT) {
        adoption_step(observer, &record->step);
    } else if (record->kind == MN_JOURNAL_STEP) {
        observer->word_sequence = sequence;
        approval_step(observer, &record->step);
    } else if (record->kind == MN_JOURNAL_FREEZE) {
        adoption_freeze(observer, &record->freeze);
    }
}

void observer_hears(struct observer *observer, uint32_t host, const struct mn_down *message)
{
    g7_hears(observer, host, message);
}

void observer_agent_begins(struct observer *observer, uint32_t host)
{
    observer->frozen[host] = (struct observer_freeze){0};
}

void observer_deletes(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch)
{
    g7_deletes(observer, host, vat, epoch);
}

void observer_down(struct observer *observer, uint32_t host, const struct mn_down *message,
                   bool before)
{
    if (!before) {
        left_down(observer, host, message);
    }
    g5_down(observer, message);
    g10_down(observer, message);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Whether something is missing of what the vat sent. */
static bool pairs_unsettled(struct observer *observer, uint32_t vat)
{
    for (size_t k = 0; k < observer->vats[vat].pair_count; k++) {
        const struct observer_pair *pair = &observer->vats[vat].pairs[k];
        if (pair->next != observer_sent(pair)) {
            (void)snprintf(observer->unsettled, sizeof observer->unsettled,
                           "%s has taken %llu of %llu messages of %s",
                           observer_vat_name(observer, pair->receiver),
                           (unsigned long long)pair->next, (unsigned long long)observer_sent(pair),
                           observer_vat_name(observer, vat));
            return true;
        }
    }
    return false;
}

/* All vats are looked at when nothing is missing; until then those first of which something was. */
const char *observer_unsettled(struct observer *observer)
{
    if (observer->blind) {
        return leases_unsettled(observer);
    }
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        observer->looked_at = i > 0 ? observer->looked_at + 1 : observer->looked_at;
        observer->looked_at = observer->looked_at < observer->vat_count ? observer->looked_at : 0;
        if (pairs_unsettled(observer, observer->looked_at)) {
            return observer->unsettled;
        }
    }
    const char *gap = g3_unsettled(observer);
    const char *missing = gap != NULL ? gap : g4_unsettled(observer);
    missing = missing != NULL ? missing : leases_unsettled(observer);
    return missing != NULL ? missing : copies_unsettled(observer);
}

size_t observer_kept(const struct observer *observer)
{
    size_t kept = 0;
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        const struct observer_vat *vat = &observer->vats[i];
        kept += (size_t)vat->point_count + vat->copy_count;
        for (size_t k = 0; k < vat->pair_count; k++) {
            kept += (size_t)vat->pairs[k].sent_count + vat->pairs[k].taken_count;
        }
    }
    return kept;
}

bool observer_lagging(const struct observer *observer, size_t index, uint32_t *sender,
                      uint32_t *receiver)
{
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        for (size_t k = 0; k < observer->vats[i].pair_count; k++) {
            const struct observer_pair *pair = &observer->vats[i].pairs[k];
            if (pair->next != observer_sent(pair) && index-- == 0) {
                *sender = i;
                *receiver = pair->receiver;
                return true;
            }
        }
    }
    return false;
}

void observer_settled(struct observer *observer)
{
    const char *missing = observer_unsettled(observer);
    if (missing != NULL) {
        observer_fail(observer, "liveness", "%s", missing);
    }
}
