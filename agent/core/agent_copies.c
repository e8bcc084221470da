/* Our vats' checkpoints at other hosts: who the partners of a vat are, what they were sent, what
 * they hold.
 *
 * The partners of a vat stand in domains other than ours and each other's, as far as the topology
 * has so many; candidates are taken in the topology's order, from a place that differs from host to
 * host and vat to vat, so that copies spread. A lost host is tried again after a long while: when
 * it is back it may have nothing to say to us. A partner stays one until it is lost, refuses or
 * does not answer. A new one is sent everything that is retained, oldest first. */
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

void agent_copies_begin(const struct agent *agent, struct agent_vat *vat)
{
    agent_touch(vat);
    for (size_t i = 0; i < AGENT_PARTNER_COUNT_MAX; i++) {
        vat->partners[i] = AGENT_NONE;
    }
    for (size_t i = 0; i < vat->file_count; i++) {
        vat->files[i].durable = false;
        memset(vat->files[i].copies, 0, agent->partner_count * sizeof *vat->files[i].copies);
    }
    vat->newest_durable = 0;
    vat->lost = 0;
}

bool agent_host_usable(const struct agent *agent, uint32_t host)
{
    const struct agent_peer_host *peer = agent_peer(agent, host);
    if (peer == NULL) {
        return true;
    }
    return (!peer->lost || peer->lost_until <= agent->now) && peer->away_until <= agent->now;
}

static bool domain_shared(const struct agent *agent, uint32_t a, uint32_t b)
{
    return agent->directory->hosts[a].domain != AGENT_DOMAIN_NONE &&
           agent->directory->hosts[a].domain == agent->directory->hosts[b].domain;
}

/* Whether @host may be the partner in @slot, next to us and the partners in the other slots. */
static bool partner_fits(const struct agent *agent, const struct agent_vat *vat, uint32_t slot,
                         uint32_t host)
{
    if (host == agent->config.own || !agent_host_usable(agent, host)) {
        return false;
    }
    bool spread = slot < agent->partner_spread;
    if (spread && domain_shared(agent, host, agent->config.own)) {
        return false;
    }
    for (uint32_t i = 0; i < agent->partner_count; i++) {
        uint32_t other = vat->partners[i];
        if (i == slot || other == AGENT_NONE) {
            continue;
        }
        if (other == host || (spread && domain_shared(agent, host, other))) {
            return false;
        }
    }
    return true;
}

static void partner_choose(struct agent *agent, struct agent_vat *vat, uint32_t slot)
{
    uint32_t count = agent->directory->host_count;
    uint32_t first = (uint32_t)(((uint64_t)agent->config.own + vat->number) % count);
    uint32_t chosen = AGENT_NONE;
    for (uint32_t i = 0; i < count && chosen == AGENT_NONE; i++) {
        uint32_t host = (first + i) % count;
        chosen = partner_fits(agent, vat, slot, host) ? host : AGENT_NONE;
    }
    bool had = vat->partners[slot] != AGENT_NONE;
    if (chosen == AGENT_NONE && !had) {
        return;
    }
    vat->partners[slot] = chosen;
    for (size_t i = 0; i < vat->file_count; i++) {
        vat->files[i].copies[slot] = (struct agent_copy){.state = AGENT_COPY_NEEDED};
    }
    struct agent_note_facts facts = {.note = AGENT_NOTE_NO_PARTNER, .vat = vat->name};
    if (chosen != AGENT_NONE) {
        facts.note = AGENT_NOTE_PARTNER;
        facts.host = *agent_host_name(agent, chosen);
    }
    agent_note(agent, facts);
}

bool agent_copies_may_go(const struct agent_vat *vat, const struct agent_file *file)
{
    return file->state == AGENT_FILE_HERE ||
           (file->state == AGENT_FILE_UNSYNCED && agent_vat_owned(vat));
}

void agent_copies_synced(const struct agent *agent, struct agent_file *file)
{
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (file->copies[slot].state == AGENT_COPY_LATER) {
            file->copies[slot].state = AGENT_COPY_NEEDED;
        }
    }
}

static bool copy_is_large(const struct agent_file *file)
{
    return file->size > MN_PIECE_SIZE_MAX;
}

static void copies_offer(struct agent *agent, const struct agent_vat *vat,
                         const struct agent_file *file, uint32_t host)
{
    struct mn_copies *message = agent_say_copies(agent, host, MN_COPIES_OFFER, &vat->name);
    if (message != NULL) {
        message->run = vat->start->run;
        message->offer.epoch = file->epoch;
        message->offer.size = file->size;
        message->offer.digest = file->digest;
    }
}

/* Send a small file at once, offer a larger one. */
static void copies_send(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                        uint32_t slot)
{
    uint32_t host = vat->partners[slot];
    file->copies[slot].state = AGENT_COPY_SENT;
    file->copies[slot].at = agent->now;
    if (!copy_is_large(file)) {
        agent_send_piece(agent, host, vat, file, 0);
        return;
    }
    copies_offer(agent, vat, file, host);
}

/* Large ones go two at a time: one is written while a piece of the other is under way. More would
 * share what disks and network carry, and each be durable only when all are. */
static void copies_fill_slot(struct agent *agent, struct agent_vat *vat, uint32_t slot)
{
    uint32_t under_way = 0;
    uint32_t large = 0;
    for (size_t i = 0; i < vat->file_count; i++) {
        bool sent = vat->files[i].copies[slot].state == AGENT_COPY_SENT;
        under_way += sent ? 1 : 0;
        large += sent && copy_is_large(&vat->files[i]) ? 1 : 0;
    }
    for (size_t i = 0; i < vat->file_count && under_way < AGENT_WINDOW_COUNT; i++) {
        struct agent_file *file = &vat->files[i];
        if (!agent_copies_may_go(vat, file) || !agent_file_live(vat, file) ||
            file->copies[slot].state != AGENT_COPY_NEEDED) {
            continue;
        }
        large += copy_is_large(file) ? 1 : 0;
        if (large > AGENT_WINDOW_LARGE_COUNT) {
            break;
        }
        copies_send(agent, vat, file, slot);
        under_way += 1;
    }
}

void agent_copies_advance(struct agent *agent, struct agent_vat *vat)
{
    agent_touch(vat);
    if (!agent_vat_owned(vat)) {
        return;
    }
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (vat->partners[slot] == AGENT_NONE || !agent_host_usable(agent, vat->partners[slot])) {
            partner_choose(agent, vat, slot);
        }
        if (vat->partners[slot] != AGENT_NONE) {
            copies_fill_slot(agent, vat, slot);
        }
    }
    agent_durable_advance(agent, vat);
}

/* Remember that @host holds something of @vat, so that it is told what may go. */
static void holder_add(struct agent *agent, struct agent_vat *vat, uint32_t host)
{
    size_t place = 0;
    while (place < vat->holder_count && vat->holders[place] < host) {
        place += 1;
    }
    if (place < vat->holder_count && vat->holders[place] == host) {
        return;
    }
    mn_result result = mn_grow(&vat->holders, &vat->holder_capacity, vat->holder_count + 1,
                               sizeof *vat->holders, MN_HOST_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    memmove(vat->holders + place + 1, vat->holders + place,
            (vat->holder_count - place) * sizeof *vat->holders);
    vat->holders[place] = host;
    vat->holder_count += 1;
}

static uint32_t partner_slot(const struct agent *agent, const struct agent_vat *vat, uint32_t host)
{
    uint32_t slot = 0;
    while (slot < agent->partner_count && vat->partners[slot] != host) {
        slot += 1;
    }
    return slot;
}

/* Leave @host alone for a while and choose anew wherever it is a partner. */
static void host_leave_alone(struct agent *agent, uint32_t host)
{
    struct agent_peer_host *peer = agent_need_peer(agent, host);
    if (peer == NULL) {
        return;
    }
    peer->away_until = agent->now + (mn_time)agent->config.copy_ms * MN_MS * AGENT_AWAY_FACTOR;
    for (size_t i = 0; i < agent->vat_count; i++) {
        if (partner_slot(agent, agent->vats[i], host) < agent->partner_count) {
            agent_copies_advance(agent, agent->vats[i]);
        }
    }
}

void agent_copies_later(const struct agent *agent, uint32_t host, const struct agent_vat *vat,
                        struct agent_file *file)
{
    uint32_t slot = partner_slot(agent, vat, host);
    if (slot < agent->partner_count && file->copies[slot].state == AGENT_COPY_SENT) {
        file->copies[slot].state = AGENT_COPY_LATER;
    }
}

/* What @file's partner received was damaged. That may be our file's fault, and then no other host
 * would fare better: it is read back and written anew, once. */
static void copies_verify(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                          uint32_t slot)
{
    file->copies[slot].state = AGENT_COPY_LATER;
    agent_file_verify(agent, vat, file);
}

/* Who fetched it for a start got it damaged. */
static void copies_doubted(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                           const struct mn_copies *message)
{
    if (message->have.refused == MN_CORRUPT && agent_file_doubtful(agent, file)) {
        agent_file_verify(agent, vat, file);
    }
}

void agent_copies_have(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_vat *vat = agent_find_vat(agent, &message->vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, message->have.epoch) : NULL;
    if (vat != NULL && agent_vat_owned(vat) && message->have.refused == MN_OK) {
        holder_add(agent, vat, host);
    }
    if (file == NULL) {
        return;
    }
    if (file->state == AGENT_FILE_ARRIVING) {
        if (file->fetched && file->source == host && message->have.refused != MN_OK) {
            agent_fetch_failed(agent, vat, file->epoch, host, message->have.refused);
        }
        return;
    }
    uint32_t slot = partner_slot(agent, vat, host);
    if (slot == agent->partner_count) {
        copies_doubted(agent, vat, file, message);
        return;
    }
    if (file->state == AGENT_FILE_GONE) {
        return;
    }
    if (message->have.refused == MN_NOT_FOUND) { /* it is not there any more */
        file->copies[slot].state = AGENT_COPY_NEEDED;
        agent_copies_advance(agent, vat);
        return;
    }
    if (message->have.refused != MN_OK) {
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_COPY_REFUSED,
                                                    .vat = vat->name,
                                                    .host = *agent_host_name(agent, host),
                                                    .epoch = message->have.epoch,
                                                    .code = message->have.refused});
        if (message->have.refused == MN_CORRUPT && file->state != AGENT_FILE_HERE) {
            agent_copies_later(agent, host, vat, file);
        } else if (message->have.refused == MN_CORRUPT && agent_file_doubtful(agent, file)) {
            copies_verify(agent, vat, file, slot);
        } else if (message->have.refused !=
                   MN_STALE) { /* else this life is over, the host is fine */
            host_leave_alone(agent, host);
        }
        return;
    }
    if (memcmp(&file->digest, &message->have.digest, sizeof file->digest) == 0) {
        file->copies[slot].state = AGENT_COPY_HELD;
        agent_copies_advance(agent, vat);
    }
}

/* A partner of our vat that has the file; AGENT_NONE when none is known to. */
static uint32_t copies_holder(const struct agent *agent, const struct agent_vat *vat,
                              const struct agent_file *file)
{
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (file->copies[slot].state == AGENT_COPY_HELD && vat->partners[slot] != AGENT_NONE &&
            agent_host_usable(agent, vat->partners[slot])) {
            return vat->partners[slot];
        }
    }
    return AGENT_NONE;
}

bool agent_copies_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file)
{
    bool owned = agent_vat_owned(vat);
    uint32_t host = owned ? copies_holder(agent, vat, file) : AGENT_NONE;
    if (host != AGENT_NONE) {
        agent_fetch_lost(agent, vat, file, host);
    } else if (!owned && vat->sender_run != 0) {
        agent_say_have(agent, vat->sender, &vat->name, file->epoch, &file->digest, MN_NOT_FOUND);
    }
    return host != AGENT_NONE;
}

void agent_copies_again(struct agent *agent, const struct agent_vat *vat,
                        const struct agent_file *file)
{
    if (!agent_vat_owned(vat)) {
        uint32_t owner = agent_holder_owner(agent, vat, agent_newest_run(agent, vat));
        if (owner != AGENT_NONE && owner != agent->config.own) {
            agent_say_have(agent, owner, &vat->name, file->epoch, &file->digest, MN_OK);
        }
        return;
    }
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (file->copies[slot].state == AGENT_COPY_HELD && vat->partners[slot] != AGENT_NONE &&
            agent_host_usable(agent, vat->partners[slot])) {
            copies_offer(agent, vat, file, vat->partners[slot]);
        }
    }
}

/* @host asks for a piece of what we offered it: it is at work. */
void agent_copies_moves(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                        struct agent_file *file)
{
    uint32_t slot = partner_slot(agent, vat, host);
    if (slot < agent->partner_count && file->copies[slot].state == AGENT_COPY_SENT) {
        file->copies[slot].at = agent->now;
    }
}

/* Files that were sent and not answered for copy_ms: a host that was heard of since is sent them
 * again, the message may be lost; one that was not is left alone. */
static bool copies_overdue(struct agent *agent, struct agent_vat *vat, uint32_t slot)
{
    mn_time bound = (mn_time)agent->config.copy_ms * MN_MS;
    uint32_t host = vat->partners[slot];
    for (size_t i = 0; i < vat->file_count; i++) {
        struct agent_file *file = &vat->files[i];
        if (file->copies[slot].state != AGENT_COPY_SENT ||
            agent->now - file->copies[slot].at < bound) {
            continue;
        }
        const struct agent_peer_host *peer = agent_peer(agent, host);
        mn_time heard_at = peer != NULL ? peer->heard_at : 0;
        if (heard_at < file->copies[slot].at) {
            return true;
        }
        file->copies[slot].state = AGENT_COPY_NEEDED;
    }
    return false;
}

void agent_copies_tick(struct agent *agent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (!agent_vat_owned(vat)) {
            continue;
        }
        for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
            uint32_t host = vat->partners[slot];
            if (host != AGENT_NONE && agent_host_usable(agent, host) &&
                copies_overdue(agent, vat, slot)) {
                agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_HOST_AWAY,
                                                            .host = *agent_host_name(agent, host)});
                host_leave_alone(agent, host);
            }
        }
        agent_copies_advance(agent, vat);
    }
}

/* Whether the host was not known to be lost. */
static bool host_is_lost(struct agent *agent, const struct mn_name *name)
{
    uint32_t host = agent_host_find(agent, name);
    if (host == AGENT_NONE || host == agent->config.own) {
        return false;
    }
    struct agent_peer_host *peer = agent_need_peer(agent, host);
    if (peer == NULL || peer->lost) {
        return false;
    }
    peer->lost = true;
    peer->lost_until =
        agent->now + (mn_time)agent->config.copy_ms * MN_MS * AGENT_AWAY_FACTOR * AGENT_AWAY_FACTOR;
    return true;
}

/* All are noted before any vat chooses anew, so that none chooses another of them. */
void agent_hosts_lost(struct agent *agent, const struct mn_name *hosts, uint32_t count)
{
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        any = host_is_lost(agent, &hosts[i]) || any;
    }
    for (size_t i = 0; any && i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        bool lost = false;
        for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
            uint32_t host = vat->partners[slot];
            lost = lost || (host != AGENT_NONE && !agent_host_usable(agent, host));
        }
        if (lost) {
            agent_copies_advance(agent, vat);
        }
    }
}
