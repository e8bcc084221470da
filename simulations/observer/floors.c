/* Forgetting below the floors. No guarantee can ask any more for a checkpoint of which no copy is
 * left nor on its way to a disk, which its vat was told is below its floor, and which is older than
 * the newest that have to be kept: nothing but birth lies below it that the vat could be taken back
 * to. Nor for a message that was sent and taken in epochs which are settled so on both sides: how
 * many there were is enough. A few more are kept than that, for a sender that does not know how far
 * its receiver is settled, and whose receiver begins anew, sends it again.
 *
 * An old disk that is put back brings old checkpoints: from the first backup on nothing is
 * forgotten. Each message and each checkpoint is looked at here as often as it is forgotten, and
 * once more. */
#include <string.h>

#include "observer/observer_private.h"

enum { SPARE_POINTS = 8, SPARE_MESSAGES = 64 };

static bool settled(const struct observer_vat *vat, const struct observer_point *point)
{
    if (!point->durable || point->epoch >= vat->floor || point->epoch >= vat->advised) {
        return false;
    }
    for (size_t i = 0; i < vat->copy_count; i++) {
        if (vat->copies[i].epoch == point->epoch) {
            return false;
        }
    }
    return true;
}

/* Whether nothing from the @count-th checkpoint on applies onto one before it. */
static bool parts(const struct observer_vat *vat, size_t count)
{
    for (size_t i = count; i < vat->point_count; i++) {
        if (vat->points[i].onto != 0 && vat->points[i].onto < vat->points[count].epoch) {
            return false;
        }
    }
    return true;
}

void floors_of_points(const struct observer *observer, struct observer_vat *vat)
{
    uint32_t count = 0;
    if (observer->archived || vat->copies_under_way > 0 || vat->point_count < 2 * SPARE_POINTS) {
        return;
    }
    while (count < vat->point_count - SPARE_POINTS && settled(vat, &vat->points[count])) {
        count += 1;
    }
    while (count > 0 && !parts(vat, count)) {
        count -= 1;
    }
    if (count > 0) {
        vat->settled = vat->points[count - 1].epoch;
        vat->point_count -= count;
        memmove(vat->points, vat->points + count, vat->point_count * sizeof *vat->points);
    }
}

void floors_of_pair(const struct observer *observer, uint32_t sender, struct observer_pair *pair)
{
    mn_epoch sent_settled = observer->vats[sender].settled;
    mn_epoch taken_settled = observer->vats[pair->receiver].settled;
    if (observer->archived || pair->sent_count < 2 * SPARE_MESSAGES ||
        pair->taken_count % SPARE_MESSAGES != 0) {
        return;
    }
    uint32_t taken = 0;
    uint32_t sent = 0;
    while (taken < pair->taken_count && pair->taken[taken].epoch <= taken_settled) {
        const struct observer_taken *row = &pair->taken[taken];
        uint64_t upto = row->index > pair->forgotten ? row->index - pair->forgotten : 0;
        if (upto + SPARE_MESSAGES > pair->sent_count ||
            (upto > 0 && pair->sent[upto - 1].epoch > sent_settled)) {
            break;
        }
        sent = upto > sent ? (uint32_t)upto : sent;
        taken += 1;
    }
    if (taken > 0) {
        pair->taken_forgotten = pair->taken[taken - 1].index;
        pair->taken_count -= taken;
        memmove(pair->taken, pair->taken + taken, pair->taken_count * sizeof *pair->taken);
    }
    if (sent > 0) {
        pair->forgotten_id = pair->sent[sent - 1].id;
        pair->forgotten += sent;
        pair->sent_count -= sent;
        memmove(pair->sent, pair->sent + sent, pair->sent_count * sizeof *pair->sent);
    }
}
