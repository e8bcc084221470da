/* What sessions show from outside: which rows of the hello's table (SESSIONS.md) a step of a vat
 * was about, counted, so that a run can demand that they happened. */
#include "engine/sim_private.h"

static bool replied(const struct vat_effects *effects, enum mn_session_kind kind)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct vat_effect *effect = &effects->items[i];
        if (effect->kind == VAT_EFFECT_REPLY && effect->reply.message->kind == kind) {
            return true;
        }
    }
    return false;
}

static void count_greet(struct sim *sim, const struct vat *core, const struct mn_session *greet)
{
    bool forgot = greet->incarnation > 1;
    if (replied(&sim->vat_effects, MN_SESSION_GREETED)) {
        sim->result.sometimes[SIM_SOMETIMES_HELLO_REVIVED] += !forgot && greet->run > 1 ? 1 : 0;
        sim->result.sometimes[SIM_SOMETIMES_HELLO_AGREED] += forgot ? 1 : 0;
    } else if (forgot && greet->round > vat_round(core)) {
        sim_count(sim, SIM_SOMETIMES_HELLO_WAITS);
    }
}

void sim_count_session(struct sim *sim, const struct sim_process *process,
                       const struct vat_event *event)
{
    const struct vat *core = process->vat->core;
    if (event->kind != VAT_EVENT_INBOUND) {
        return;
    }
    const struct mn_session *message = event->inbound.message;
    if (message->kind == MN_SESSION_GREET) {
        count_greet(sim, core, message);
    } else if (message->kind == MN_SESSION_DATA && message->round > vat_round(core) &&
               message->incarnation == 1) {
        sim_count(sim, SIM_SOMETIMES_THIRD_WAITS);
    }
}

void sim_count_notice(struct sim *sim, const struct sim_process *process,
                      const struct mn_notice *notice)
{
    struct sim_told *last = &sim->told[process->vat->vat];
    uint32_t peer = sim_vat_number(sim, &notice->peer);
    if (last->incarnation == notice->incarnation && last->peer == peer &&
        last->run < process->vat->run) {
        sim_count(sim, SIM_SOMETIMES_TOLD_AGAIN);
    }
    *last = (struct sim_told){
        .peer = peer, .incarnation = notice->incarnation, .run = process->vat->run};
}
