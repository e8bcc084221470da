/* Vats whose processes end again and again before they have made a checkpoint: their command does
 * not begin, say. Each restart is a round, in which everybody is frozen and which is kept for ever;
 * so such a vat rests before the next, longer each time. It is lost meanwhile: a round that begins
 * for another reason starts it too. */
#include "coordinator_private.h"

enum {
    REST_FREE = 2, /* so many ends in a row are nothing strange: a restart is tried at once */
    REST_DOUBLED_MAX = 6, /* at most 64 heartbeats */
};

void rests_ended(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->lost) {
        return; /* it was said before */
    }
    entry->ends += 1;
    if (entry->ends <= REST_FREE) {
        return;
    }
    uint32_t doubled = entry->ends - REST_FREE - 1;
    doubled = doubled < REST_DOUBLED_MAX ? doubled : REST_DOUBLED_MAX;
    entry->rests_to = coordinator->now + (coordinator_heartbeat(coordinator) << doubled);
    if (coordinator->rest_count == 0 || entry->rests_to < coordinator->rest_at) {
        coordinator->rest_at = entry->rests_to;
    }
    coordinator->rest_count += 1;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){
                         .note = COORDINATOR_NOTE_VAT_RESTS,
                         .vat = coordinator_vat_name(coordinator, vat),
                         .host = coordinator_host_name(coordinator, entry->host),
                         .run = entry->run,
                         .number = entry->ends,
                         .text = "it ended so many times without a checkpoint in between; what it "
                                 "writes to its log may say why"});
}

void rests_saved(struct coordinator *coordinator, uint32_t vat, mn_run run)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (run == entry->run) {
        entry->ends = 0;
    }
}

void rests_end(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->rests_to != 0) {
        entry->rests_to = 0;
        coordinator->rest_count -= 1;
    }
}

void rests_tick(struct coordinator *coordinator)
{
    if (coordinator->rest_count == 0 || coordinator->now < coordinator->rest_at) {
        return;
    }
    bool any = false;
    coordinator->rest_at = MN_TIME_NEVER;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        mn_time until = coordinator->vats[i].rests_to;
        if (until != 0 && until <= coordinator->now) {
            rests_end(coordinator, i);
            any = true;
        } else if (until != 0 && until < coordinator->rest_at) {
            coordinator->rest_at = until;
        }
    }
    if (any && round_active(coordinator) == NULL) { /* one that is has them already */
        round_changed(coordinator);
    }
}

mn_time rests_deadline(const struct coordinator *coordinator)
{
    return coordinator->rest_count > 0 ? coordinator->rest_at : MN_TIME_NEVER;
}
