/* G4 told. Whom a decision names is told, once, even if it crashes while being told, and before it
 * takes anything that was caused by the peer's new incarnation, directly or through others.
 *
 * Who knows what: of every vat's state, which incarnations of the others have had a part in it. It
 * changes when somebody forgets, is told, or takes a message of one who knows more; and it is as it
 * was when a vat goes back to a checkpoint. Of large clusters that is not kept. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "observer/observer_private.h"

static uint16_t *knowledge_new(struct observer *observer, const uint16_t *from)
{
    uint16_t *made = mn_arena_take_array(&observer->knowledge, observer->vat_count, sizeof *made);
    mn_assert(made != NULL);
    if (from != NULL) {
        memcpy(made, from, observer->vat_count * sizeof *made);
    }
    return made;
}

static bool knowledge_kept(const struct observer *observer)
{
    return observer->vat_count <= OBSERVER_KNOWLEDGE_VAT_COUNT_MAX;
}

static void learn(struct observer *observer, struct observer_vat *vat, uint32_t peer,
                  uint32_t incarnation)
{
    if (!knowledge_kept(observer) || (vat->knows != NULL && vat->knows[peer] >= incarnation)) {
        return;
    }
    uint16_t *made = knowledge_new(observer, vat->knows);
    made[peer] = (uint16_t)incarnation;
    vat->knows = made;
}

void g4_takes(struct observer *observer, uint32_t number, uint32_t sender, const uint16_t *knows)
{
    struct observer_vat *vat = &observer->vats[number];
    if (knows == NULL || knows == vat->knows) {
        return;
    }
    for (size_t i = 0; i < vat->told_count; i++) {
        const struct observer_told *told = &vat->told[i];
        if (told->handed == 0 && knows[told->peer] >= told->incarnation) {
            observer_fail(observer, "G4",
                          "%s takes of %s what incarnation %u of %s had a part in, before it is "
                          "told of it",
                          observer_vat_name(observer, number), observer_vat_name(observer, sender),
                          told->incarnation, observer_vat_name(observer, told->peer));
        }
    }
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        if (knows[i] > 0) {
            learn(observer, vat, i, knows[i]);
        }
    }
}

/* What a vat was told above @keep it has not been told, and is to be told again; but for one at
 * birth, which remembers no peer, and of what is on no record any more: it may be told again, and
 * need not be. */
void g4_forgets(struct observer *observer, uint32_t number, mn_epoch keep, uint32_t incarnation)
{
    struct observer_vat *vat = &observer->vats[number];
    for (size_t i = 0; i < vat->told_count; i++) {
        if (vat->told[i].handed > keep) {
            vat->told[i].handed = keep == 0 || vat->told[i].lost ? OBSERVER_FORGOTTEN : 0;
        }
    }
    const struct observer_point *point = observer_point(vat, keep);
    vat->knows = point != NULL ? point->knows : NULL;
    if (incarnation > 1) {
        learn(observer, vat, number, incarnation);
    }
}

void g4_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct mn_told *told = &decision->told[i];
        struct observer_vat *vat =
            &observer->vats[topology_find_vat(observer->topology, told->vat.text)];
        for (uint32_t k = 0; k < told->notice_count; k++) {
            const struct mn_notice *notice = &decision->notices[told->notice_first + k];
            observer_grow(&vat->told, &vat->told_capacity, vat->told_count + 1, sizeof *vat->told);
            vat->told[vat->told_count++] = (struct observer_told){
                .round = decision->round,
                .peer = topology_find_vat(observer->topology, notice->peer.text),
                .incarnation = notice->incarnation,
                .kept = notice->kept,
                .you_heard = notice->you_heard,
                .forgot_you = notice->forgot_you,
                .reset = notice->reset};
        }
    }
}

void g4_notice(struct observer *observer, const struct observer_actor *actor,
               const struct mn_notice *notice, bool reset)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    const char *name = observer_vat_name(observer, actor->vat);
    uint32_t peer = topology_find_vat(observer->topology, notice->peer.text);
    for (size_t i = 0; i < vat->told_count; i++) {
        struct observer_told *told = &vat->told[i];
        if (told->peer != peer || told->incarnation != notice->incarnation) {
            continue;
        }
        if (told->handed > 0) {
            observer_fail(observer, "G4",
                          "%s is told twice of %s incarnation %u: in epochs %llx and %llx", name,
                          notice->peer.text, notice->incarnation, (unsigned long long)told->handed,
                          (unsigned long long)actor->epoch);
        }
        if (told->kept != notice->kept || told->reset != reset ||
            told->you_heard.first != notice->you_heard.first ||
            told->you_heard.last != notice->you_heard.last ||
            told->forgot_you.first != notice->forgot_you.first ||
            told->forgot_you.last != notice->forgot_you.last) {
            observer_fail(observer, "G4", "%s is told of %s other than was decided", name,
                          notice->peer.text);
        }
        told->handed = actor->epoch;
        learn(observer, vat, peer, notice->incarnation);
        return;
    }
    observer_fail(observer, "G2", "%s is told of %s incarnation %u, which no decision says", name,
                  notice->peer.text, notice->incarnation);
}

const char *g4_unsettled(struct observer *observer)
{
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        const struct observer_vat *vat = &observer->vats[i];
        for (size_t k = 0; k < vat->told_count; k++) {
            if (vat->told[k].handed == 0) {
                (void)snprintf(observer->unsettled, sizeof observer->unsettled,
                               "%s has not been told of %s, by round %llu",
                               observer_vat_name(observer, i),
                               observer_vat_name(observer, vat->told[k].peer),
                               (unsigned long long)vat->told[k].round);
                return observer->unsettled;
            }
        }
    }
    return NULL;
}
