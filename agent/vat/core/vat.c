/* The vat's core put together: one event in, effects out. Decides only the order of things; what
 * each event means is decided in link.c, hello.c, inbound.c, round.c and checkpoint.c. */
#include "vat.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "vat_private.h"

static bool life_valid(const struct mn_life *life)
{
    if (life->run == 0 || life->run > MN_RUN_MAX || life->keep < 0 ||
        mn_epoch_run(life->keep) >= life->run || life->chain_count > MN_CHAIN_COUNT_MAX) {
        return false;
    }
    if (life->keep == 0) {
        return life->chain_count == 0;
    }
    return life->chain_count > 0 && life->chain[life->chain_count - 1] == life->keep;
}

mn_result vat_new(struct vat **vat, const struct mn_life *life)
{
    if (!life_valid(life)) {
        return MN_BAD_INPUT;
    }
    struct vat *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    made->name = life->vat;
    made->run = life->run;
    made->incarnation = life->incarnation;
    made->keep = life->keep;
    made->outcome = life->outcome;
    made->round = life->round;
    made->settled = life->round;
    made->lineage = life->lineage;
    made->fork = forgot_fork(life);
    made->plain = life->key_file[0] == '\0';
    made->early = life->early;
    made->interval = (mn_time)(life->interval_ms > 0 ? life->interval_ms : 1) * MN_MS;
    made->latency = (mn_time)life->latency_ms * MN_MS;
    made->full_every = life->full_every > 0 ? life->full_every : 1;
    made->connect = (mn_time)(life->connect_ms > 0 ? life->connect_ms : 1) * MN_MS;
    made->retry = made->connect / 4;
    if (made->retry < VAT_RETRY_MS_MIN * MN_MS) {
        made->retry = VAT_RETRY_MS_MIN * MN_MS;
    }
    made->send = life->send_ms > 0 ? (mn_time)life->send_ms * MN_MS : MN_TIME_NEVER;
    made->epoch = mn_epoch_first(life->run);
    made->checkpoint_due = MN_TIME_NEVER;
    made->commit_due = MN_TIME_NEVER;
    made->beat_due = MN_TIME_NEVER;
    made->lease_until = INT64_MIN;
    if (life->chain_count > 0) {
        made->chain = malloc(life->chain_count * sizeof *made->chain);
        if (made->chain == NULL) {
            free(made);
            return MN_NO_MEMORY;
        }
        memcpy(made->chain, life->chain, life->chain_count * sizeof *made->chain);
        made->chain_count = life->chain_count;
    }
    *vat = made;
    return MN_OK;
}

void vat_destroy(struct vat **vat)
{
    struct vat *gone = *vat;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->session_count; i++) {
        session_free(gone->sessions[i]);
    }
    for (size_t i = 0; i < gone->undurable_count; i++) {
        undurable_free(&gone->undurable[i]);
    }
    blobs_deinit(&gone->blobs);
    mn_arena_deinit(&gone->checkpoint_arena);
    free(gone->sessions);
    free(gone->heard);
    free(gone->gone);
    free(gone->undurable);
    while (gone->assemblies != NULL) {
        struct vat_assembly *next = gone->assemblies->next;
        free(gone->assemblies->bytes);
        free(gone->assemblies);
        gone->assemblies = next;
    }
    pieces_clear(gone);
    free((void *)gone->starved);
    free((void *)gone->due);
    free(gone->strangers);
    free(gone->fences);
    free(gone->told);
    free(gone->chain);
    free(gone);
    *vat = NULL;
}

struct blobs *vat_blobs(struct vat *vat)
{
    return &vat->blobs;
}

mn_epoch vat_epoch(const struct vat *vat)
{
    return vat->epoch;
}

uint64_t vat_round(const struct vat *vat)
{
    return vat->round;
}

mn_epoch vat_durable(const struct vat *vat)
{
    return vat->durable;
}

mn_time vat_lease(struct vat *vat, mn_time now)
{
    if (!vat->lease_wanted) {
        vat->lease_wanted = true;
        vat->beat_due = now; /* which says so */
    }
    return vat->lease_until;
}

mn_time vat_lease_until(const struct vat *vat)
{
    return vat->lease_until;
}

mn_run vat_run(const struct vat *vat)
{
    return vat->run;
}

void vat_connected(struct vat *vat, mn_time now)
{
    mn_time due = now + VAT_BEAT_MS * MN_MS;
    vat->say_again = true;
    vat->beat_due = vat->started && due < vat->beat_due ? due : vat->beat_due;
}

mn_time vat_deadline(const struct vat *vat)
{
    if (vat->pump_first != NULL) {
        return vat->pump_due;
    }
    mn_time deadline = vat->beat_due;
    const struct vat_session *first = due_first(vat);
    deadline = first != NULL && first->due < deadline ? first->due : deadline;
    deadline = vat->marks_first != NULL && vat->marks_due < deadline ? vat->marks_due : deadline;
    mn_time checkpoint = checkpoint_deadline(vat);
    return checkpoint < deadline ? checkpoint : deadline;
}

mn_result vat_send(struct vat *vat, mn_time now, const struct mn_name *peer, const void *bytes,
                   size_t size)
{
    if (size > MN_PAYLOAD_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    if (mn_name_equal(peer, &vat->name)) {
        return MN_BAD_INPUT;
    }
    struct vat_session *session = NULL;
    mn_result result = session_get(vat, peer, &session);
    if (result == MN_OK) {
        result = session_keep(vat, now, session, bytes, size);
    }
    if (result != MN_OK) {
        return result;
    }
    if (session->link == VAT_LINK_IDLE) {
        link_wake(vat, session, now);
    }
    if (!vat->early) {
        checkpoint_hasten(vat, now, size, true);
    } else if (!session->pumping) {
        vat->pump_due = vat->pump_first == NULL ? now : vat->pump_due;
        session->pumping = true;
        session->pump_next = vat->pump_first;
        vat->pump_first = session;
    }
    return MN_OK;
}

/* The turns before this event are over: what an early sender sent in them leaves. */
static void pump_early(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    while (vat->pump_first != NULL) {
        struct vat_session *session = vat->pump_first;
        vat->pump_first = session->pump_next;
        session->pump_next = NULL;
        session->pumping = false;
        link_pump(vat, now, session, effects);
    }
}

static void say_attach(const struct vat *vat, struct vat_effects *effects)
{
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_ATTACH);
    if (message != NULL) {
        message->attach.vat = vat->name;
        message->attach.run = vat->run;
        message->attach.pid = vat->pid;
        message->attach.endpoint = vat->endpoint;
        message->attach.frozen_round = round_frozen(vat);
    }
}

static void on_start(struct vat *vat, mn_time now, const struct vat_event *event,
                     struct vat_effects *effects)
{
    mn_assert(!vat->started);
    mn_assert(vat->chain_done == vat->chain_count);
    vat->started = true;
    vat->pid = event->start.pid;
    vat->endpoint = event->start.endpoint;
    vat->beat_due = now;
    vat->checkpoint_due = now + vat->interval;
    say_attach(vat, effects);
    struct vat_delivery *delivery = effect_deliver(effects, VAT_RESTORED, NULL);
    if (delivery != NULL) {
        delivery->restored.outcome = vat->outcome;
        delivery->restored.round = vat->round;
        delivery->restored.kept = vat->keep;
    }
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        for (size_t k = 0; k < session->batch_count; k++) {
            session->batches[k]->sent_at = now; /* What was before this process is not known. */
        }
        session->sent_ever = session->next - 1;
        session->used_at = now;
        /* A peer with nothing to say may know of a gap that this vat was told of, and forgot. */
        session->uncompared = true;
        link_wake(vat, session, session->batch_count > 0 ? now : now + vat->connect);
    }
}

static void say_want_lease(const struct vat *vat, struct vat_effects *effects)
{
    if (vat->lease_wanted && !vat->lease_none) {
        (void)effect_to_agent(vat, effects, MN_FROM_VAT_WANT_LEASE);
    }
}

static void lease_ends(struct vat *vat)
{
    vat->lease_none = true;
    vat->lease_until = INT64_MIN;
}

/* A vat that reads itself among those who are not to be believed any more. */
static void lease_on_freeze(struct vat *vat, const struct mn_to_vat *message)
{
    for (uint32_t i = 0; i < message->freeze.suspect_count; i++) {
        const struct mn_vat_run *suspect = &message->freeze.suspects[i];
        if (suspect->run >= vat->run && mn_name_equal(&suspect->vat, &vat->name)) {
            lease_ends(vat);
        }
    }
}

/* The agent does not know this connection: it was started anew and has asked nobody for us. */
static void on_who(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    say_attach(vat, effects);
    say_want_lease(vat, effects);
    checkpoint_say_again(vat, effects);
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        if (session->asked != INT64_MIN) {
            session->asked = INT64_MIN;
            link_ask(vat, now, session, effects);
        }
    }
}

static void on_agent(struct vat *vat, mn_time now, const struct mn_to_vat *message,
                     struct vat_effects *effects)
{
    switch (message->kind) {
    case MN_TO_VAT_LIFE:
        break; /* A life is given once, before the first event. */
    case MN_TO_VAT_DURABLE:
        checkpoint_on_durable(vat, now, message->durable.epoch, message->durable.floor, effects);
        break;
    case MN_TO_VAT_FREEZE:
        lease_on_freeze(vat, message);
        round_on_freeze(vat, message, effects);
        break;
    case MN_TO_VAT_ROUND:
        round_on_round(vat, now, message, effects);
        break;
    case MN_TO_VAT_ADDRESS:
        link_on_address(vat, now, message, effects);
        break;
    case MN_TO_VAT_WHO:
        on_who(vat, now, effects);
        break;
    case MN_TO_VAT_LEASE:
        if (!vat->lease_none) {
            vat->lease_until = message->lease.until;
        }
        break;
    case MN_TO_VAT_TAKE_FULL:
        checkpoint_on_take_full(vat, now, message->take_full.above);
        break;
    case MN_TO_VAT_END: {
        lease_ends(vat);
        struct vat_effect *effect = effect_add(effects, VAT_EFFECT_END);
        char *reason = effect_take(effects, sizeof message->end.reason);
        if (effect != NULL && reason != NULL) {
            memcpy(reason, message->end.reason, sizeof message->end.reason - 1);
            effect->end = reason;
        }
        break;
    }
    }
}

/* A beat asks nothing but that its connection is known. The shell says when there is a new one, so
 * beats come no more often than the agent has to do with this vat anyway. */
static mn_time beat_wait(const struct vat *vat)
{
    mn_time wait = vat->interval / VAT_BEAT_SHARE;
    return wait > VAT_BEAT_MS * MN_MS ? wait : VAT_BEAT_MS * MN_MS;
}

static void beat(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    vat->beat_due = now + beat_wait(vat);
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_BEAT);
    if (message != NULL) {
        message->beat.number = ++vat->beat_number;
    }
    /* What was said once may have been lost with a connection. */
    if (vat->lease_until <= now) {
        say_want_lease(vat, effects);
    }
}

static void sessions_tick(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    for (struct vat_session *session = due_first(vat); session != NULL && session->due <= now;
         session = due_first(vat)) {
        link_tick(vat, now, session, effects);
        mn_assert(session->due > now);
    }
}

static bool delivers(const struct vat_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->items[i].kind == VAT_EFFECT_DELIVER) {
            return true;
        }
    }
    return false;
}

static void on_tick(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    if (vat->beat_due <= now) {
        beat(vat, now, effects);
    }
    inbound_marks_tick(vat, now, effects);
    sessions_tick(vat, now, effects);
    /* A turn that this tick brings about comes first; the checkpoint is due at the next tick. */
    if (checkpoint_deadline(vat) <= now && !delivers(effects)) {
        vat->checkpoint_due = now + vat->interval;
        vat->commit_due = MN_TIME_NEVER;
        if (checkpoint_wanted(vat) && !checkpoint_waits(vat)) {
            checkpoint_begin(vat, now, effects);
        }
    }
}

mn_result vat_step(struct vat *vat, mn_time now, const struct vat_event *event,
                   struct vat_effects *effects)
{
    mn_assert(vat->started || event->kind == VAT_EVENT_START);
    pieces_clear(vat);
    if (vat->say_again && vat->started) {
        /* What was said before the connection was there is lost, and an agent that was there all
         * the time does not ask for it. It comes before what rests on it. */
        vat->say_again = false;
        checkpoint_say_again(vat, effects);
    }
    /* Before anything is handed out, because what that brings about may move what is to be sent;
     * but after an answer, for what is let go of then moves it too. */
    if (event->kind != VAT_EVENT_ANSWER) {
        pump_early(vat, now, effects);
    }
    switch (event->kind) {
    case VAT_EVENT_START:
        on_start(vat, now, event, effects);
        break;
    case VAT_EVENT_TICK:
        on_tick(vat, now, effects);
        break;
    case VAT_EVENT_AGENT:
        on_agent(vat, now, event->agent, effects);
        break;
    case VAT_EVENT_INBOUND:
        inbound_step(vat, now, event, effects);
        break;
    case VAT_EVENT_ANSWER:
        link_on_answer(vat, now, event, effects);
        break;
    case VAT_EVENT_WRITTEN:
        checkpoint_on_written(vat, &event->written, effects);
        break;
    case VAT_EVENT_WRITE_FAILED:
        mn_assert(vat->writing);
        vat->writing = false;
        mn_arena_deinit(&vat->checkpoint_arena);
        effect_trouble(vat, effects, event->failed.code, "", NULL, event->failed.text);
        break;
    case VAT_EVENT_SAVE:
        if (checkpoint_wanted(vat)) {
            checkpoint_begin(vat, now, effects);
        }
        break;
    }
    if (event->kind == VAT_EVENT_ANSWER) {
        pump_early(vat, now, effects);
    }
    return effects->failed ? MN_NO_MEMORY : MN_OK;
}

static void session_invariant(const struct vat *vat, const struct vat_session *session)
{
    mn_assert(session->next >= 1);
    mn_assert(session->covered < session->next);
    mn_assert(session->gaps_told < session->next);
    uint64_t next = session_oldest(session);
    mn_epoch epoch = 0;
    for (size_t i = 0; i < session->batch_count; i++) {
        const struct vat_batch *batch = session->batches[i];
        mn_assert(batch->count > 0);
        mn_assert(batch->first == next);
        mn_assert(batch->kept <= batch->count);
        mn_assert((batch->kept < batch->count) == (batch->gate != 0));
        mn_assert(batch->payload_size == batch_offset(batch, batch->kept));
        mn_assert(batch->epoch > epoch);
        mn_assert(batch->epoch <= vat->epoch);
        next = batch->first + batch->count;
        epoch = batch->epoch;
    }
    mn_assert(next == session->next);
    for (size_t i = 1; i < session->mark_count; i++) {
        mn_assert(session->marks[i - 1].epoch < session->marks[i].epoch);
        mn_assert(session->marks[i - 1].taken <= session->marks[i].taken);
    }
    mn_assert(session_taken_at(session, vat->durable) <= session->taken);
    mn_assert(session_taken_at(session, vat->floor) <= session_taken_at(session, vat->durable));
    /* Held: nothing leaves before it is durable. */
    if (!vat->early && session->link == VAT_LINK_OPEN && session->sent >= session_oldest(session)) {
        for (size_t i = 0; i < session->batch_count; i++) {
            const struct vat_batch *batch = session->batches[i];
            mn_assert(batch->epoch <= vat->durable || batch->first > session->sent);
        }
    }
    /* What was withdrawn is said to nobody before it is durable. */
    for (size_t i = 0; i < session->batch_count && session->link == VAT_LINK_OPEN; i++) {
        const struct vat_batch *batch = session->batches[i];
        mn_assert(batch->gate <= vat->durable || session->sent == session->acked ||
                  session->sent + 1 <= batch->first + batch->kept ||
                  session->acked + 1 >= batch->first + batch->count);
    }
}

void vat_invariant(const struct vat *vat)
{
    mn_assert(!vat->writing);
    mn_assert(vat->floor <= vat->durable);
    mn_assert(vat->durable <= vat->newest);
    mn_assert(vat->newest < vat->epoch);
    mn_assert(mn_epoch_run(vat->epoch) == vat->run);
    size_t kept = 0;
    for (size_t i = 0; i < vat->session_count; i++) {
        const struct vat_session *session = vat->sessions[i];
        mn_assert(i == 0 || mn_name_compare(&vat->sessions[i - 1]->peer, &session->peer) < 0);
        session_invariant(vat, session);
        kept += session->kept_size;
    }
    size_t assembled = 0;
    for (const struct vat_assembly *at = vat->assemblies; at != NULL; at = at->next) {
        mn_assert(at->session->assembly == at);
        mn_assert(at->begun < at->total);
        assembled += at->total;
    }
    mn_assert(assembled == vat->assembly_size);
    mn_assert(assembled <= VAT_ASSEMBLY_SIZE_MAX);
    due_invariant(vat);
    mn_assert(kept == vat->kept_size);
    mn_assert(vat->kept_size <= VAT_KEPT_SIZE_MAX);
    mn_assert(vat->heard_before <= vat->heard_count);
}
