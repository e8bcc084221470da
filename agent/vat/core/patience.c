/* How long a vat waits for a peer before it begins anew with it. Where connecting and greeting take
 * longer than connect_ms, attempts that end after that would never come to anything: so each one in
 * vain has the next wait longer, and the first answer on a connection says how long it takes there.
 * Knows nothing of what is sent.
 *
 * Invariant: the wait is at least connect_ms, and above that at most VAT_PATIENCE_MS_MAX. */
#include "vat_private.h"

mn_time patience_of(const struct vat *vat, const struct vat_session *session)
{
    return session->patience > vat->connect ? session->patience : vat->connect;
}

mn_time patience_retry(const struct vat *vat, const struct vat_session *session)
{
    mn_time retry = patience_of(vat, session) / 4;
    return retry > vat->retry ? retry : vat->retry;
}

static void patience_set(struct vat_session *session, mn_time patience)
{
    mn_time most = VAT_PATIENCE_MS_MAX * MN_MS;
    session->patience = patience < most ? patience : most;
}

void patience_grow(const struct vat *vat, struct vat_session *session)
{
    patience_set(session, 2 * patience_of(vat, session));
}

void patience_learn(struct vat_session *session, mn_time now)
{
    if (!session->answered) {
        session->answered = true;
        patience_set(session, 2 * (now - session->connected_at));
    }
}
