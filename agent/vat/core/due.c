/* When which session is to be looked at: a binary heap by time, and by name where times are equal,
 * so that a step costs O(log n) in the sessions and those that wait for nothing cost nothing. */
#include "vat_private.h"

#include "base/check.h"
#include "base/grow.h"

static bool due_before(const struct vat_session *a, const struct vat_session *b)
{
    return a->due != b->due ? a->due < b->due : mn_name_compare(&a->peer, &b->peer) < 0;
}

static void due_put(struct vat *vat, size_t place, struct vat_session *session)
{
    vat->due[place] = session;
    session->due_place = (uint32_t)place + 1;
}

/* Let @session, which belongs at @place or nearer to the root, rise. */
static void due_rise(struct vat *vat, size_t place, struct vat_session *session)
{
    while (place > 0 && due_before(session, vat->due[(place - 1) / 2])) {
        due_put(vat, place, vat->due[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    due_put(vat, place, session);
}

static void due_sink(struct vat *vat, size_t place, struct vat_session *session)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < vat->due_count && due_before(vat->due[child + 1], vat->due[child])) {
            child += 1;
        }
        if (child >= vat->due_count || !due_before(vat->due[child], session)) {
            break;
        }
        due_put(vat, place, vat->due[child]);
        place = child;
    }
    due_put(vat, place, session);
}

mn_result due_reserve(struct vat *vat, size_t count)
{
    return mn_grow(&vat->due, &vat->due_capacity, count, sizeof(struct vat_session *),
                   VAT_SESSION_COUNT_MAX);
}

static void due_remove(struct vat *vat, struct vat_session *session)
{
    if (session->due_place == 0) {
        return;
    }
    size_t place = session->due_place - 1;
    session->due_place = 0;
    vat->due_count -= 1;
    struct vat_session *last = vat->due[vat->due_count];
    if (last == session) {
        return;
    }
    if (place > 0 && due_before(last, vat->due[(place - 1) / 2])) {
        due_rise(vat, place, last);
    } else {
        due_sink(vat, place, last);
    }
}

void due_set(struct vat *vat, struct vat_session *session, mn_time due)
{
    due_remove(vat, session);
    session->due = due;
    if (due != MN_TIME_NEVER) {
        mn_assert(vat->due_count < vat->due_capacity);
        vat->due_count += 1;
        due_rise(vat, vat->due_count - 1, session);
    }
}

struct vat_session *due_first(const struct vat *vat)
{
    return vat->due_count == 0 ? NULL : vat->due[0];
}

void due_invariant(const struct vat *vat)
{
    mn_assert(vat->due_count <= vat->session_count);
    for (size_t i = 0; i < vat->due_count; i++) {
        mn_assert(vat->due[i]->due_place == i + 1);
        mn_assert(vat->due[i]->due != MN_TIME_NEVER);
        mn_assert(i == 0 || !due_before(vat->due[i], vat->due[(i - 1) / 2]));
    }
}
