/* The table of sessions: numbers, marks, gaps, and what was heard.
 *
 * Invariant: marks grow in epoch and in `taken`. Knows nothing of connections. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

static size_t session_place(const struct vat *vat, const struct mn_name *peer, bool *found)
{
    size_t low = 0;
    size_t high = vat->session_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mn_name_compare(&vat->sessions[middle]->peer, peer);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct vat_session *session_find(const struct vat *vat, const struct mn_name *peer)
{
    bool found = false;
    size_t at = session_place(vat, peer, &found);
    return found ? vat->sessions[at] : NULL;
}

mn_result session_get(struct vat *vat, const struct mn_name *peer, struct vat_session **session)
{
    bool found = false;
    size_t at = session_place(vat, peer, &found);
    if (found) {
        *session = vat->sessions[at];
        return MN_OK;
    }
    mn_result result = mn_grow(&vat->sessions, &vat->session_capacity, vat->session_count + 1,
                               sizeof(struct vat_session *), VAT_SESSION_COUNT_MAX);
    if (result == MN_OK) {
        result = due_reserve(vat, vat->session_count + 1);
    }
    if (result != MN_OK) {
        return result;
    }
    struct vat_session *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    made->peer = *peer;
    made->next = 1;
    made->incarnation = 0;
    made->due = MN_TIME_NEVER;
    made->asked = INT64_MIN;
    made->unsure = vat->run > 1;
    if (vat->incarnation > 1) {
        made->forked = 1;
        if (session_rebase(made, vat->incarnation, made->next) != MN_OK) {
            free(made);
            return MN_NO_MEMORY;
        }
    }
    memmove(&vat->sessions[at + 1], &vat->sessions[at],
            (vat->session_count - at) * sizeof(struct vat_session *));
    vat->sessions[at] = made;
    vat->session_count += 1;
    *session = made;
    return MN_OK;
}

void session_free(struct vat_session *session)
{
    for (size_t i = 0; i < session->batch_count; i++) {
        batch_free(session->batches[i]);
    }
    free(session->batches);
    free(session->bases);
    free(session->gaps);
    free(session->parked);
    free(session->endpoint);
    free(session->marks);
    free(session);
}

/* Make one of two bases: who has agreed with the incarnation of the first of them, and not with
 * that of the second, goes back further than it would have to. A peer that is heard has agreed with
 * later ones than the oldest two; one that sleeps with none of the newest. */
static void bases_merge(struct vat_session *session, uint32_t count)
{
    uint32_t first = session->agreed >= session->bases[1].incarnation ? 0 : count - 2;
    session->bases[first].incarnation = session->bases[first + 1].incarnation;
    memmove(&session->bases[first + 1], &session->bases[first + 2],
            (count - first - 2) * sizeof *session->bases);
}

mn_result session_rebase(struct vat_session *session, uint32_t incarnation, uint64_t number)
{
    uint32_t count = session->base_count;
    while (count > 0 && session->bases[count - 1].number >= number) {
        count -= 1;
    }
    if (count == MN_BASE_COUNT_MAX) {
        bases_merge(session, count);
        count -= 1;
    }
    struct mn_base *bases = realloc(session->bases, (count + 1) * sizeof *bases);
    if (bases == NULL) {
        return MN_NO_MEMORY;
    }
    bases[count] = (struct mn_base){.incarnation = incarnation, .number = number};
    session->bases = bases;
    session->base_count = count + 1;
    session->changed = true;
    return MN_OK;
}

uint64_t bases_limit(const struct mn_base *bases, uint32_t count, uint32_t known)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bases[i].incarnation > known) {
            return bases[i].number;
        }
    }
    return UINT64_MAX;
}

struct mn_bases session_bases(const struct vat_session *session)
{
    struct mn_bases bases = {.count = session->base_count};
    mn_assert(bases.count <= MN_BASE_COUNT_MAX);
    if (bases.count > 0) {
        memcpy(bases.items, session->bases, bases.count * sizeof *bases.items);
    }
    return bases;
}

struct mn_gaps session_gaps(const struct vat_session *session)
{
    struct mn_gaps gaps = {.count = session->gap_count};
    mn_assert(gaps.count <= MN_GAP_COUNT_MAX);
    if (gaps.count > 0) {
        memcpy(gaps.items, session->gaps, gaps.count * sizeof *gaps.items);
    }
    return gaps;
}

/* Another gap, in the place of the oldest if there is no other. NULL when memory ran out. */
static struct mn_gap *gap_add(struct vat_session *session)
{
    uint32_t count = session->gap_count;
    if (count == MN_GAP_COUNT_MAX) {
        mn_assert(session->gaps != NULL);
        memmove(&session->gaps[0], &session->gaps[1], (count - 1) * sizeof *session->gaps);
        count -= 1;
    }
    struct mn_gap *gaps = realloc(session->gaps, (count + 1) * sizeof *gaps);
    if (gaps == NULL) {
        return NULL;
    }
    session->gaps = gaps;
    session->gap_count = count + 1;
    return &gaps[count];
}

bool session_skip(struct vat_session *session, uint64_t last, uint32_t incarnation)
{
    mn_assert(last > session->taken);
    struct mn_gap *gap = session->gap_count > 0 ? &session->gaps[session->gap_count - 1] : NULL;
    /* What follows a gap at once is one with it: many intervals that a sender gave up in a row take
     * no more room than one. */
    if (gap == NULL || gap->last != session->taken || gap->incarnation != incarnation) {
        gap = gap_add(session);
        if (gap == NULL) {
            return false;
        }
        *gap = (struct mn_gap){.incarnation = incarnation, .first = session->taken + 1};
    }
    gap->last = last;
    session->taken = last;
    session->changed = true;
    return true;
}

void session_shrink(struct vat_session *session)
{
    if (session->batch_count == 0) {
        free((void *)session->batches);
        session->batches = NULL;
        session->batch_capacity = 0;
    }
    if (session->mark_count > 0 && session->mark_count < session->mark_capacity) {
        struct vat_mark *marks =
            realloc(session->marks, session->mark_count * sizeof *session->marks);
        if (marks != NULL) {
            session->marks = marks;
            session->mark_capacity = session->mark_count;
        }
    }
}

mn_result session_mark(struct vat_session *session, mn_epoch epoch)
{
    if (session->mark_count > 0 &&
        session->marks[session->mark_count - 1].taken == session->taken) {
        return MN_OK;
    }
    if (session->mark_count == VAT_MARK_COUNT_MAX) {
        /* The newest mark stands for both checkpoints from now on, under the later one's name: what
         * is said to be covered lags behind, which is safe. */
        session->mark_count -= 1;
    }
    mn_result result = mn_grow(&session->marks, &session->mark_capacity, session->mark_count + 1,
                               sizeof(struct vat_mark), VAT_MARK_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    session->marks[session->mark_count++] =
        (struct vat_mark){.epoch = epoch, .taken = session->taken};
    return MN_OK;
}

uint64_t session_taken_at(const struct vat_session *session, mn_epoch epoch)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < session->mark_count && session->marks[i].epoch <= epoch; i++) {
        taken = session->marks[i].taken;
    }
    return taken;
}

void session_prune(struct vat_session *session, mn_epoch floor)
{
    size_t first = 0;
    while (first + 1 < session->mark_count && session->marks[first + 1].epoch <= floor) {
        first += 1;
    }
    if (first > 0) {
        memmove(session->marks, session->marks + first,
                (session->mark_count - first) * sizeof(struct vat_mark));
        session->mark_count -= first;
    }
}

void session_remember(struct vat_session *session, mn_epoch epoch)
{
    session->taken_epoch = epoch > session->taken_epoch ? epoch : session->taken_epoch;
}

void session_take(struct vat_session *session, mn_epoch epoch)
{
    session->taken += 1;
    session->changed = true;
    session_remember(session, epoch);
}

void session_lower(struct vat_session *session, uint64_t taken)
{
    for (size_t i = 0; i < session->mark_count; i++) {
        if (session->marks[i].taken > taken) {
            session->marks[i].taken = taken;
        }
    }
    session->taken = taken;
    session->changed = true;
    /* What the peer will send again under these numbers is new. */
    while (session->gap_count > 0 && session->gaps[session->gap_count - 1].first > taken) {
        session->gap_count -= 1;
    }
    if (session->gap_count > 0 && session->gaps[session->gap_count - 1].last > taken) {
        session->gaps[session->gap_count - 1].last = taken;
    }
    session->marks_said_taken = 0;
    session->marks_said_covered = 0;
    session->marks_said_floor = 0;
    session->marks_said_begun = 0;
}

/* What was heard before this interval is heard in it too. */
static void heard_again(struct vat *vat, size_t place)
{
    if (place < vat->heard_before) {
        struct vat_heard heard = vat->heard[place];
        vat->heard_before -= 1;
        vat->heard[place] = vat->heard[vat->heard_before];
        vat->heard[vat->heard_before] = heard;
        vat->heard[vat->heard_before].in = vat->epoch;
    }
}

/* The newest of what was heard is looked at first: it is what a peer goes on with. */
static bool heard_known(struct vat *vat, const struct vat_session *session, mn_epoch epoch)
{
    for (size_t i = vat->heard_count; i > 0; i--) {
        if (vat->heard[i - 1].session == session && vat->heard[i - 1].epoch == epoch) {
            heard_again(vat, i - 1);
            return true;
        }
    }
    return false;
}

mn_result session_hear(struct vat *vat, struct vat_session *session, mn_epoch epoch)
{
    /* Epochs come in growing order but for what a peer sends again after forgetting. */
    bool newest = epoch == session->heard_newest;
    if (newest && session->heard_now) {
        return MN_OK;
    }
    if (epoch <= session->heard_newest && heard_known(vat, session, epoch)) {
        session->heard_now = session->heard_now || newest;
        return MN_OK;
    }
    mn_result result = mn_grow(&vat->heard, &vat->heard_capacity, vat->heard_count + 1,
                               sizeof(struct vat_heard), VAT_HEARD_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    vat->heard[vat->heard_count++] =
        (struct vat_heard){.session = session, .epoch = epoch, .in = vat->epoch};
    if (epoch >= session->heard_newest) {
        session->heard_newest = epoch;
        session->heard_now = true;
    }
    return MN_OK;
}

void session_unhear(struct vat *vat, struct vat_session *session, struct mn_epoch_range range)
{
    size_t kept = 0;
    size_t before = 0;
    session->heard_newest = 0;
    session->heard_now = false;
    for (size_t i = 0; i < vat->heard_count; i++) {
        struct vat_heard heard = vat->heard[i];
        if (heard.session == session && heard.epoch >= range.first && heard.epoch <= range.last) {
            continue;
        }
        if (heard.session == session && heard.epoch > session->heard_newest) {
            session->heard_newest = heard.epoch;
        }
        before += i < vat->heard_before ? 1 : 0;
        vat->heard[kept++] = heard;
    }
    vat->heard_count = kept;
    vat->heard_before = before;
}

void session_settle(struct vat *vat)
{
    size_t kept = 0;
    size_t before = 0;
    if (vat->floor <= vat->heard_since) {
        return;
    }
    vat->heard_since = vat->floor;
    for (size_t i = 0; i < vat->heard_count; i++) {
        if (vat->heard[i].in > vat->floor) {
            before += i < vat->heard_before ? 1 : 0;
            vat->heard[kept++] = vat->heard[i];
        }
    }
    vat->heard_count = kept;
    vat->heard_before = before;
}
