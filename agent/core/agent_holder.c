/* Files that come from other hosts' agents and go to them: copies held for others, and checkpoints
 * fetched for a start. Who sends asks for nothing but the disk; who asks gets one piece at a time,
 * so a slow disk at either end slows only this.
 *
 * A host may hand us any vat's checkpoint, for any vat may move; but not one of the run that runs
 * here, which only its vat can write, for a start only what it was asked for, and nothing on behalf
 * of a life that is over: what a former life writes must not become durable, or its held sends
 * would leave. Deleting goes by the word of the newest run alone, of the host that sends its
 * copies, and never while a round is open. Who sends them is not on record: after a restart the
 * next one shows it, or, where none comes any more, the coordinator is asked who runs the vat;
 * until then all stay. */
#include <string.h>

#include "agent_private.h"

void agent_send_piece(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                      const struct agent_file *file, uint64_t offset)
{
    struct mn_copies *piece = agent_take(agent, 1, sizeof *piece);
    struct agent_effect *effect = piece != NULL ? agent_ask(agent, AGENT_DO_SEND_FILE) : NULL;
    if (effect == NULL) {
        return;
    }
    piece->generation = agent->generation_safe;
    piece->kind = MN_COPIES_PIECE;
    piece->vat = vat->name;
    piece->run = agent_vat_owned(vat) ? vat->start->run : 0;
    piece->piece.epoch = file->epoch;
    piece->piece.size = file->size;
    piece->piece.digest = file->digest;
    piece->piece.offset = offset;
    effect->piece.host = host;
    effect->piece.piece = piece;
}

void agent_say_want(struct agent *agent, uint32_t host, const struct agent_vat *vat,
                    struct agent_file *file)
{
    file->asked_at = agent->now;
    struct mn_copies *message = agent_say_copies(agent, host, MN_COPIES_WANT, &vat->name);
    if (message != NULL) {
        message->want.epoch = file->epoch;
        message->want.offset = file->received;
    }
}

void agent_say_have(struct agent *agent, uint32_t host, const struct mn_name *vat, mn_epoch epoch,
                    const struct mn_digest *digest, mn_result refused)
{
    struct mn_copies *message = agent_say_copies(agent, host, MN_COPIES_HAVE, vat);
    if (message != NULL) {
        message->have.epoch = epoch;
        message->have.digest = *digest;
        message->have.refused = refused;
    }
}

/* Whether @epoch can only have been written by the process of this host. */
static bool holder_is_ours(const struct agent_vat *vat, mn_epoch epoch)
{
    return vat->life != AGENT_LIFE_NONE && vat->life != AGENT_LIFE_STOPPED &&
           !agent_vat_fenced(vat) && mn_epoch_run(epoch) == vat->start->run;
}

/* @host hands out copies of @vat unasked: only the agent that runs it does so. Several may believe
 * it, but of the newest run there is one, and its copies are the ones of the highest run. */
static void holder_sender(struct agent_vat *vat, const struct agent_file *file, uint32_t host,
                          mn_epoch epoch)
{
    bool asked_for = file != NULL && file->state == AGENT_FILE_ARRIVING && file->fetched;
    if (!asked_for && mn_epoch_run(epoch) >= vat->sender_run) {
        vat->sender = host;
        vat->sender_run = mn_epoch_run(epoch);
    }
}

/* What we have of the file that @host speaks of. NULL when there is nothing to do any more: it has
 * been answered. */
static struct agent_file *holder_need_file(struct agent *agent, uint32_t host,
                                           const struct mn_copies *message, mn_epoch epoch,
                                           uint64_t size, const struct mn_digest *digest)
{
    const struct mn_name *name = &message->vat;
    if (!agent_vats_fit(agent, name, 1)) {
        agent_say_have(agent, host, name, epoch, digest, MN_FULL);
        return NULL;
    }
    struct agent_vat *vat = agent_need_vat(agent, name);
    if (vat == NULL) {
        return NULL;
    }
    struct agent_file *file = agent_find_file(vat, epoch);
    if ((file == NULL || file->state == AGENT_FILE_GONE) && holder_is_ours(vat, epoch)) {
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_COPY_DENIED,
                                                    .vat = *name,
                                                    .host = *agent_host_name(agent, host),
                                                    .epoch = epoch});
        agent_say_have(agent, host, name, epoch, digest, MN_DENIED);
        return NULL;
    }
    bool known = file != NULL && file->state == AGENT_FILE_HERE;
    if (!known && message->run != 0 && message->run < agent_newest_run(agent, vat)) {
        agent_say_have(agent, host, name, epoch, digest, MN_STALE);
        return NULL;
    }
    holder_sender(vat, file, host, epoch);
    if (file == NULL && vat->file_count >= AGENT_FILE_COUNT_MAX) {
        agent_say_have(agent, host, name, epoch, digest, MN_FULL);
        return NULL;
    }
    if (file == NULL) {
        file = agent_add_file(agent, vat, epoch, AGENT_FILE_ARRIVING);
        if (file == NULL) {
            return NULL;
        }
        file->source = host;
    } else if (file->state == AGENT_FILE_GONE) {
        agent_file_move(vat, file, AGENT_FILE_ARRIVING);
        file->received = 0;
        file->source = host;
        file->at = agent->now;
    } else if (file->state != AGENT_FILE_ARRIVING) {
        bool same = memcmp(&file->digest, digest, sizeof *digest) == 0;
        if (!same) {
            agent_say_have(agent, host, name, epoch, digest, MN_EXISTS);
        } else if (file->state == AGENT_FILE_HERE) {
            agent_say_have(agent, host, name, epoch, digest, MN_OK);
        }
        return NULL;
    } else if (file->fetched && file->source != host) {
        return NULL; /* for a start it comes from where the coordinator said */
    }
    if (file->size == 0) { /* the first that is heard of its size and digest */
        file->size = size;
        file->digest = *digest;
    }
    return file;
}

static void holder_offered(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_file *file = holder_need_file(agent, host, message, message->offer.epoch,
                                               message->offer.size, &message->offer.digest);
    if (file == NULL || file->writing) {
        return;
    }
    if (memcmp(&file->digest, &message->offer.digest, sizeof file->digest) != 0) {
        agent_say_have(agent, host, &message->vat, file->epoch, &message->offer.digest, MN_EXISTS);
        return;
    }
    file->source = host;
    agent_say_want(agent, host, agent_find_vat(agent, &message->vat), file);
}

/* Hand a piece to the disk when it is the next one. */
static void holder_piece(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_file *file = holder_need_file(agent, host, message, message->piece.epoch,
                                               message->piece.size, &message->piece.digest);
    if (file == NULL || file->writing) {
        return;
    }
    bool same = file->size == message->piece.size &&
                memcmp(&file->digest, &message->piece.digest, sizeof file->digest) == 0;
    if (!same && file->fetched) { /* what had arrived from elsewhere is of another file */
        file->received = 0;
        file->size = message->piece.size;
        file->digest = message->piece.digest;
    } else if (!same) {
        agent_say_have(agent, host, &message->vat, file->epoch, &message->piece.digest, MN_EXISTS);
        return;
    }
    file->source = host;
    file->at = agent->now;
    if (message->piece.offset != file->received || message->piece.byte_count == 0) {
        agent_say_want(agent, host, agent_find_vat(agent, &message->vat), file);
        return;
    }
    struct mn_copies *piece = agent_take_unset(agent, 1, sizeof *piece);
    unsigned char *bytes = agent_take_unset(agent, message->piece.byte_count, 1);
    struct agent_effect *effect = bytes != NULL ? agent_ask(agent, AGENT_DO_WRITE_PIECE) : NULL;
    if (piece == NULL || effect == NULL) {
        return;
    }
    memcpy(bytes, message->piece.bytes, message->piece.byte_count);
    *piece = *message;
    piece->piece.bytes = bytes;
    effect->piece.host = host;
    effect->piece.piece = piece;
    file->writing = true;
}

/* Whoever asks for what is not here was sent by a coordinator that believes in it: unless that is
 * being told already, it is told that there is none. Of what the vat may still write here nobody
 * believes anything. */
static void holder_deny(struct agent *agent, const struct mn_copies *message)
{
    struct agent_vat *vat =
        agent_vats_fit(agent, &message->vat, 1) ? agent_need_vat(agent, &message->vat) : NULL;
    if (vat == NULL || holder_is_ours(vat, message->want.epoch) ||
        agent_find_file(vat, message->want.epoch) != NULL ||
        vat->file_count >= AGENT_FILE_COUNT_MAX) {
        return;
    }
    struct agent_file *file = agent_add_file(agent, vat, message->want.epoch, AGENT_FILE_GONE);
    if (file != NULL) {
        file->reportable = true;
        agent_dirty(agent, vat, file);
        agent_trim_gone(agent, vat);
    }
}

/* What is being read back may turn out to be damaged: whoever wants it asks again. */
static void holder_wanted(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_vat *vat = agent_find_vat(agent, &message->vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, message->want.epoch) : NULL;
    bool may_go = file != NULL && agent_copies_may_go(vat, file);
    if (file != NULL && file->state == AGENT_FILE_UNSYNCED && !may_go) {
        return;
    }
    if (!may_go || message->want.offset >= file->size) {
        holder_deny(agent, message);
        struct mn_digest none = {{0}};
        agent_say_have(agent, host, &message->vat, message->want.epoch, &none, MN_NOT_FOUND);
        return;
    }
    agent_copies_moves(agent, host, vat, file);
    agent_send_piece(agent, host, vat, file, message->want.offset);
}

static bool drop_keeps(const struct mn_copies *message, mn_epoch epoch)
{
    for (uint32_t i = 0; i < message->drop.keep_count; i++) {
        if (message->drop.keep[i] == epoch) {
            return true;
        }
    }
    return false;
}

uint32_t agent_holder_owner(struct agent *agent, const struct agent_vat *vat, mn_run run)
{
    return vat->sender_run != 0 ? vat->sender : agent_lookup_host(agent, vat, run);
}

static void holder_drop(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_vat *vat = agent_find_vat(agent, &message->vat);
    if (vat == NULL || message->drop.keep_count == 0) {
        return;
    }
    if (agent_frozen(agent) || message->generation < agent->generation ||
        message->drop.run < agent_newest_run(agent, vat) || agent_vat_owned(vat) ||
        agent_vat_alive(vat) || agent_holder_owner(agent, vat, message->drop.run) != host) {
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_DROP_REFUSED,
                                                    .vat = vat->name,
                                                    .host = *agent_host_name(agent, host),
                                                    .run = message->drop.run});
        return;
    }
    mn_epoch last = message->drop.keep[message->drop.keep_count - 1];
    for (size_t i = vat->file_count; i > 0; i--) {
        struct agent_file *file = &vat->files[i - 1];
        bool there = file->state == AGENT_FILE_HERE || agent_file_hidden(file);
        if (there && file->epoch < last && !drop_keeps(message, file->epoch)) {
            agent_file_gone(agent, vat, file, true);
        }
    }
    agent_trim_gone(agent, vat);
}

void agent_copies_heard(struct agent *agent, uint32_t host, const struct mn_copies *message)
{
    struct agent_peer_host *peer = agent_need_peer(agent, host);
    if (peer == NULL) {
        return;
    }
    peer->lost = false;
    peer->heard_at = agent->now;
    switch (message->kind) {
    case MN_COPIES_OFFER:
        holder_offered(agent, host, message);
        return;
    case MN_COPIES_WANT:
        holder_wanted(agent, host, message);
        return;
    case MN_COPIES_PIECE:
        holder_piece(agent, host, message);
        return;
    case MN_COPIES_HAVE:
        agent_copies_have(agent, host, message);
        return;
    case MN_COPIES_DROP:
        holder_drop(agent, host, message);
        return;
    }
}

static void piece_failed(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                         mn_result why)
{
    uint32_t source = file->source;
    mn_epoch epoch = file->epoch;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_COPY_FAILED,
                                                .vat = vat->name,
                                                .host = *agent_host_name(agent, source),
                                                .epoch = epoch,
                                                .code = why});
    struct mn_digest digest = file->digest;
    if (file->fetched) {
        agent_fetch_failed(agent, vat, epoch, source, why);
        if (why == MN_CORRUPT) { /* that may be the fault of the holder's file */
            agent_say_have(agent, source, &vat->name, epoch, &digest, why);
        }
        return;
    }
    agent_file_give_up(agent, vat, file);
    agent_say_have(agent, source, &vat->name, epoch, &digest, why);
}

void agent_piece_written(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->piece.vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, event->piece.epoch) : NULL;
    if (file == NULL || file->state != AGENT_FILE_ARRIVING || !file->writing) {
        return;
    }
    const struct agent_file_facts *facts = event->piece.facts;
    mn_result result = event->piece.result;
    file->writing = false;
    file->at = agent->now;
    agent_fetch_moves(agent, vat, file->epoch);
    if (result == MN_OK && facts != NULL &&
        !agent_vats_fit(agent, facts->record.names, facts->record.name_count)) {
        agent_ask_file(agent, AGENT_DO_DELETE, vat, file->epoch, false);
        result = MN_FULL;
    }
    if (result != MN_OK) {
        piece_failed(agent, vat, file, result);
        return;
    }
    file->received = event->piece.offset + event->piece.byte_count;
    if (facts == NULL) {
        agent_say_want(agent, file->source, vat, file);
        return;
    }
    bool fetched = file->fetched;
    agent_file_arrived(agent, vat, file, facts);
    if (!fetched) {
        agent_say_have(agent, file->source, &vat->name, file->epoch, &file->digest, MN_OK);
    } else {
        agent_copies_synced(agent, file);
        agent_copies_advance(agent, vat);
    }
    agent_fetch_changed(agent, vat, file->epoch);
}

/* A piece was read and sent, or the file cannot be read: then it is no copy any more. Before that
 * is sure nothing is said, and whoever wants it asks again. */
void agent_file_read(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->read.vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, event->read.epoch) : NULL;
    if (file == NULL || (file->state != AGENT_FILE_HERE && file->state != AGENT_FILE_UNSYNCED)) {
        return;
    }
    uint32_t host = event->read.host;
    mn_result result = event->read.result;
    if (result == MN_OK) {
        agent_copies_moves(agent, host, vat, file);
        return;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_READ_FAILED,
                                                .vat = vat->name,
                                                .host = *agent_host_name(agent, host),
                                                .epoch = file->epoch,
                                                .code = result});
    bool synced = file->state == AGENT_FILE_HERE;
    bool gone = result == MN_NOT_FOUND || result == MN_CORRUPT;
    if (!synced || gone || file->unread + 1 == AGENT_UNREAD_COUNT_MAX) {
        agent_say_have(agent, host, &vat->name, file->epoch, &file->digest, result);
    }
    if (!synced) { /* what is wrong with it, its sync will say */
        agent_copies_later(agent, host, vat, file);
    } else if (gone) {
        agent_file_lost(agent, vat, file);
    } else {
        agent_file_unread(agent, vat, file, result);
    }
}

/* What has stopped arriving: ask again for what a start needs, and for a while for what our vat has
 * lost; forget what nobody goes on sending. */
void agent_holder_tick(struct agent *agent, size_t count)
{
    mn_time bound = (mn_time)agent->config.copy_ms * MN_MS;
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        for (size_t k = vat->file_count; k > 0; k--) {
            struct agent_file *file = &vat->files[k - 1];
            if (file->state != AGENT_FILE_ARRIVING || file->writing ||
                agent->now - file->at < bound) {
                continue;
            }
            bool start = file->fetched && vat->life == AGENT_LIFE_FETCHING &&
                         agent_chain_has(vat, file->epoch);
            bool over = agent->now - file->at >= bound * AGENT_AWAY_FACTOR;
            if (start || (file->fetched && agent_vat_owned(vat) && !over)) {
                if (agent->now - file->asked_at >= bound) {
                    agent_say_want(agent, file->source, vat, file);
                }
            } else if (over) {
                if (!file->unreadable) { /* else what was here before may be all there is */
                    agent_ask_file(agent, AGENT_DO_DELETE, vat, file->epoch, false);
                }
                agent_file_give_up(agent, vat, file);
            }
        }
    }
}
