/* The truth: histories of vats and what passed between them. It changes only by what processes of
 * the newest runs do, and by decisions. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "observer/observer_private.h"

void observer_grow(void *items, size_t *capacity, size_t count, size_t size)
{
    mn_result result = mn_grow(items, capacity, count, size, (size_t)1 << 32);
    mn_assert(result == MN_OK);
}

const char *observer_vat_name(const struct observer *observer, uint32_t vat)
{
    return observer->topology->vats[vat].name;
}

bool observer_current(const struct observer *observer, const struct observer_actor *actor)
{
    return actor->run == observer->vats[actor->vat].run;
}

bool observer_told_of(const struct observer_vat *vat, const char *peer, mn_epoch epoch)
{
    struct mn_name name = mn_name_of(peer);
    for (size_t i = 0; i < vat->told_count; i++) {
        const struct mn_notice *notice = &vat->told[i].notice;
        if (mn_name_equal(&notice->peer, &name) && notice->you_heard.first <= epoch &&
            epoch <= notice->you_heard.last) {
            return true;
        }
    }
    return false;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static size_t pair_place(const struct observer_vat *vat, uint32_t receiver)
{
    size_t low = 0;
    size_t high = vat->pair_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vat->pairs[middle].receiver < receiver) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct observer_pair *observer_pair_find(struct observer *observer, uint32_t sender,
                                         uint32_t receiver)
{
    struct observer_vat *vat = &observer->vats[sender];
    size_t place = pair_place(vat, receiver);
    bool found = place < vat->pair_count && vat->pairs[place].receiver == receiver;
    return found ? &vat->pairs[place] : NULL;
}

struct observer_pair *observer_pair(struct observer *observer, uint32_t sender, uint32_t receiver)
{
    struct observer_pair *found = observer_pair_find(observer, sender, receiver);
    if (found != NULL) {
        return found;
    }
    struct observer_vat *vat = &observer->vats[sender];
    struct observer_vat *to = &observer->vats[receiver];
    size_t place = pair_place(vat, receiver);
    observer_grow(&vat->pairs, &vat->pair_capacity, vat->pair_count + 1, sizeof *vat->pairs);
    memmove(&vat->pairs[place + 1], &vat->pairs[place],
            (vat->pair_count - place) * sizeof *vat->pairs);
    vat->pair_count += 1;
    vat->pairs[place] = (struct observer_pair){.receiver = receiver};
    observer_grow(&to->senders, &to->sender_capacity, to->sender_count + 1, sizeof *to->senders);
    to->senders[to->sender_count++] = sender;
    return &vat->pairs[place];
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

struct observer_point *observer_point(struct observer_vat *vat, mn_epoch epoch)
{
    size_t low = 0;
    size_t high = vat->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vat->points[middle].epoch < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < vat->point_count && vat->points[low].epoch == epoch ? &vat->points[low] : NULL;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

void observer_gap_add(struct observer_gaps *gaps, uint64_t first, uint64_t last, mn_epoch epoch)
{
    observer_grow(&gaps->items, &gaps->capacity, gaps->count + 1, sizeof *gaps->items);
    gaps->items[gaps->count++] =
        (struct observer_gap){.first = first, .last = last, .epoch = epoch};
}

static void gaps_forget(struct observer_gaps *gaps, mn_epoch keep)
{
    while (gaps->count > 0 && gaps->items[gaps->count - 1].epoch > keep) {
        gaps->count -= 1;
    }
}

void observer_forget_sent(struct observer *observer, uint32_t number, mn_epoch keep)
{
    struct observer_vat *vat = &observer->vats[number];
    for (size_t i = 0; i < vat->pair_count; i++) {
        struct observer_pair *pair = &vat->pairs[i];
        while (pair->sent_count > 0) {
            struct observer_message *message =
                &observer->messages[pair->sent[pair->sent_count - 1] - 1];
            if (message->epoch <= keep) {
                break;
            }
            message->dead = true;
            pair->sent_count -= 1;
        }
        gaps_forget(&pair->gaps_sent, keep);
    }
    vat->left = vat->left > keep ? keep : vat->left;
}

void observer_forget_taken(struct observer *observer, uint32_t number, mn_epoch keep)
{
    const struct observer_vat *vat = &observer->vats[number];
    for (size_t i = 0; i < vat->sender_count; i++) {
        struct observer_pair *pair = observer_pair(observer, vat->senders[i], number);
        while (pair->taken_count > 0 && pair->taken[pair->taken_count - 1].epoch > keep) {
            pair->taken_count -= 1;
        }
        pair->next = pair->taken_count > 0 ? pair->taken[pair->taken_count - 1].index : 0;
        gaps_forget(&pair->gaps_taken, keep);
    }
}

void observer_forget_points(struct observer *observer, uint32_t number, mn_epoch keep)
{
    struct observer_vat *vat = &observer->vats[number];
    while (vat->point_count > 0 && vat->points[vat->point_count - 1].epoch > keep) {
        vat->point_count -= 1;
    }
}
