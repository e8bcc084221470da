/* The pull loop: turns of the application, and between them whatever the core is due. Decides
 * nothing about sessions or recovery; it turns sockets, signals and the clock into events. */
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "mneme_private.h"

static void carry_out(struct mneme *vat, const struct vat_effect *effect)
{
    switch (effect->kind) {
    case VAT_EFFECT_TO_AGENT:
        if (mneme_tell_agent(vat, effect->to_agent) != MN_OK &&
            effect->to_agent->kind == MN_FROM_VAT_ATTACH) {
            vat->attach = *effect->to_agent;
            vat->attach_waits = true;
        }
        /* An agent that is away asks for the rest when it is back. */
        break;
    case VAT_EFFECT_TO_PEER:
        mneme_send_to_peer(vat, effect);
        break;
    case VAT_EFFECT_REPLY:
        mneme_reply(vat, &effect->reply.connection, effect->reply.message);
        break;
    case VAT_EFFECT_CONNECT:
        mneme_connect(vat, effect);
        break;
    case VAT_EFFECT_DISCONNECT:
        mneme_disconnect(vat, effect->peer);
        break;
    case VAT_EFFECT_END:
        vat->ended = true;
        memcpy(vat->end_reason, effect->end, strlen(effect->end) + 1);
        break;
    case VAT_EFFECT_DELIVER:    /* handed out by mneme_next */
    case VAT_EFFECT_CHECKPOINT: /* the last effect of its step: see mneme_step */
        break;
    }
}

void mneme_step(struct mneme *vat, const struct vat_event *event)
{
    mn_time began = mn_now();
    vat_effects_clear(&vat->effects);
    vat->delivered = 0;
    mn_result result = vat_step(vat->core, began, event, &vat->effects);
    if (result != MN_OK) {
        mneme_say(vat, "out of memory; the process ends as if it had crashed");
        vat->broken = result;
        return;
    }
    const struct vat_checkpoint *checkpoint = NULL;
    for (size_t i = 0; i < vat->effects.count; i++) {
        carry_out(vat, &vat->effects.items[i]);
        if (vat->effects.items[i].kind == VAT_EFFECT_CHECKPOINT) {
            mn_assert(i + 1 == vat->effects.count);
            checkpoint = vat->effects.items[i].checkpoint;
        }
    }
    if (checkpoint != NULL && mneme_save(vat, checkpoint, began) != MN_OK) {
        mn_assert(vat->broken != MN_OK);
    }
}

static void deliver(struct mneme *vat, const struct vat_delivery *delivery,
                    struct mneme_event *event)
{
    event->peer = delivery->peer == NULL ? NULL : delivery->peer->text;
    switch (delivery->kind) {
    case VAT_RESTORED:
        event->kind = MNEME_RESTORED;
        event->outcome = (enum mneme_outcome)delivery->restored.outcome;
        event->round = delivery->restored.round;
        event->kept = delivery->restored.kept;
        break;
    case VAT_MESSAGE:
        event->kind = MNEME_MESSAGE;
        event->bytes = delivery->message.bytes;
        event->size = delivery->message.size;
        vat->statistics.messages_taken += 1;
        break;
    case VAT_PEER_ROLLED_BACK:
    case VAT_PEER_RESET:
        event->kind = delivery->kind == VAT_PEER_RESET ? MNEME_PEER_RESET : MNEME_PEER_ROLLED_BACK;
        event->incarnation = delivery->notice->incarnation;
        event->kept = delivery->notice->kept;
        event->you_heard = (struct mneme_range){delivery->notice->you_heard.first,
                                                delivery->notice->you_heard.last};
        event->forgot_you = (struct mneme_range){delivery->notice->forgot_you.first,
                                                 delivery->notice->forgot_you.last};
        break;
    case VAT_GAP:
        event->kind = MNEME_GAP;
        event->gap_first = delivery->gap.first;
        event->gap_last = delivery->gap.last;
        event->gap_sent = delivery->gap.sent ? 1 : 0;
        break;
    case VAT_UNDELIVERED:
        event->kind = MNEME_UNDELIVERED;
        event->gap_first = delivery->undelivered.first;
        event->gap_last = delivery->undelivered.last;
        event->gap_sent = 1;
        event->perhaps_taken = delivery->undelivered.perhaps_taken ? 1 : 0;
        break;
    case VAT_PEER_UNREACHABLE:
        event->kind = MNEME_PEER_UNREACHABLE;
        break;
    case VAT_PEER_BACK:
        event->kind = MNEME_PEER_BACK;
        break;
    }
}

/* The next thing for the application that the last step brought about. */
static bool take_delivery(struct mneme *vat, struct mneme_event *event)
{
    while (vat->delivered < vat->effects.count) {
        const struct vat_effect *effect = &vat->effects.items[vat->delivered++];
        if (effect->kind == VAT_EFFECT_DELIVER) {
            deliver(vat, &effect->deliver, event);
            return true;
        }
    }
    return false;
}

static void on_signal(void *context, int fd)
{
    struct mneme *vat = context;
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        vat->ending = true;
    }
}

mn_result mneme_watch_signals(struct mneme *vat)
{
    return mn_watch(vat->net, vat->signals, on_signal, vat);
}

/* One thing that is due, if any: the clock before the inbox, so that a flood of messages keeps
 * neither beats nor checkpoints from being on time. */
static bool do_one(struct mneme *vat)
{
    if (vat_deadline(vat->core) <= mn_now()) {
        struct vat_event tick = {.kind = VAT_EVENT_TICK};
        mneme_step(vat, &tick);
        return true;
    }
    return mneme_feed(vat);
}

/* A signal came, and no turn is under way: keep what was done, and be gone. */
static void end_orderly(struct mneme *vat)
{
    struct vat_event save = {.kind = VAT_EVENT_SAVE};
    mneme_step(vat, &save);
    vat->ended = true;
    if (vat->end_reason[0] == '\0') {
        static const char reason[] = "told to stop by a signal";
        memcpy(vat->end_reason, reason, sizeof reason);
    }
}

int mneme_next(struct mneme *vat, struct mneme_event *event, int timeout_ms)
{
    mn_time deadline = timeout_ms < 0 ? MN_TIME_NEVER : mn_now() + timeout_ms * MN_MS;
    bool looked = false;
    memset(event, 0, sizeof *event);
    while (vat->broken == MN_OK) {
        if (vat->ended) {
            event->kind = MNEME_END;
            event->reason = vat->end_reason;
            return MNEME_OK;
        }
        if (take_delivery(vat, event)) {
            return MNEME_OK;
        }
        if (vat->ending) {
            end_orderly(vat);
            continue;
        }
        if (do_one(vat)) {
            continue;
        }
        if (looked && mn_now() >= deadline) {
            event->kind = MNEME_TIMEOUT;
            return MNEME_OK;
        }
        mn_time due = vat_deadline(vat->core);
        vat->broken = mn_net_run(vat->net, due < deadline ? due : deadline);
        looked = true;
    }
    return (int)vat->broken;
}
