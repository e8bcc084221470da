/* The truth: histories of vats and what passed between them. It changes only by what processes of
 * the newest runs do, and by decisions. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "observer/observer_private.h"

/* Most tables are of a vat, and there are a million of these: room for what is there, and half. */
void observer_grow(void *items, uint32_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity) {
        return;
    }
    size_t room = (size_t)*capacity + *capacity / 2;
    room = room < count ? count : room;
    mn_assert(room <= UINT32_MAX);
    /* The caller's pointer is of some object type; reading it as bytes is what C allows. */
    void *old = NULL;
    memcpy(&old, items, sizeof old);
    void *grown = realloc(old, room * size);
    mn_assert(grown != NULL);
    memcpy(items, &grown, sizeof grown);
    *capacity = (uint32_t)room;
    /* cppcheck-suppress memleak ; *items has it now */
}

const char *observer_vat_name(const struct observer *observer, uint32_t vat)
{
    return observer->topology->vats[vat].name;
}

bool observer_current(const struct observer *observer, const struct observer_actor *actor)
{
    return !observer->blind && actor->run == observer->vats[actor->vat].run;
}

bool observer_told_of(const struct observer_vat *vat, uint32_t peer, mn_epoch epoch)
{
    for (size_t i = 0; i < vat->told_count; i++) {
        const struct observer_told *told = &vat->told[i];
        if (told->peer == peer && told->you_heard.first <= epoch && epoch <= told->you_heard.last) {
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

uint64_t observer_sent_find(const struct observer_pair *pair, uint64_t id)
{
    size_t low = 0;
    size_t high = pair->sent_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pair->sent[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < pair->sent_count && pair->sent[low].id == id;
    return found ? pair->forgotten + low + 1 : 0;
}

bool observer_dead_find(const struct observer_pair *pair, uint64_t id)
{
    for (size_t i = 0; i < pair->dead_count; i++) {
        if (pair->dead[i].first <= id && id <= pair->dead[i].last) {
            return true;
        }
    }
    return false;
}

/* With no living message in between one range goes on where the other ended. */
void observer_dead_add(struct observer_pair *pair, uint64_t first, uint64_t last)
{
    uint64_t newest =
        pair->sent_count > 0 ? pair->sent[pair->sent_count - 1].id : pair->forgotten_id;
    while (pair->dead_count > 0 && pair->dead[pair->dead_count - 1].last > newest) {
        const struct observer_dead *before = &pair->dead[pair->dead_count - 1];
        first = before->first < first ? before->first : first;
        last = before->last > last ? before->last : last;
        pair->dead_count -= 1;
    }
    observer_grow(&pair->dead, &pair->dead_capacity, pair->dead_count + 1, sizeof *pair->dead);
    pair->dead[pair->dead_count++] = (struct observer_dead){.first = first, .last = last};
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
        uint64_t last = pair->sent_count > 0 ? pair->sent[pair->sent_count - 1].id : 0;
        uint64_t first = last + 1;
        while (pair->sent_count > 0 && pair->sent[pair->sent_count - 1].epoch > keep) {
            pair->sent_count -= 1;
            first = pair->sent[pair->sent_count].id;
        }
        if (keep == 0 && pair->forgotten > 0) {
            last = last > 0 ? last : pair->forgotten_id;
            first = 1;
            pair->forgotten = 0;
            pair->forgotten_id = 0;
            pair->again_id = 0;
        }
        if (first <= last) {
            observer_dead_add(pair, first, last);
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
        if (keep == 0) {
            pair->taken_forgotten = 0;
            pair->again_id = 0;
        }
        pair->next = pair->taken_count > 0 ? pair->taken[pair->taken_count - 1].index
                                           : pair->taken_forgotten;
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
