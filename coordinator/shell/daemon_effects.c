/* Effects out: each becomes a message, a record for the recorder or a line of the log. Nothing here
 * decides anything. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "shell/daemon_private.h"

static void effects_unsent(struct daemon *daemon, uint32_t host, mn_result why)
{
    uint64_t suppressed = 0;
    if (mn_log_allowed(&daemon->hosts[host].unsent_limit, mn_now(), &suppressed)) {
        mn_log(MN_LOG_ERROR, "message_not_sent", "host=%s code=%s suppressed=%llu",
               daemon->topology->hosts[host].name, mn_result_name(why),
               (unsigned long long)suppressed);
    }
}

/* A host that cannot be reached is no failure: the core says again what matters. */
static void effects_send_bytes(struct daemon *daemon, uint32_t host, const void *bytes, size_t size)
{
    struct mn_peer *peer = &daemon->hosts[host].peer;
    mn_result result = mn_send(daemon->agents, peer, bytes, size, NULL, 0);
    if (result == MN_NOT_FOUND) {
        peer->size = 0;
    } else if (result != MN_OK) {
        effects_unsent(daemon, host, result);
    }
}

void coordinator_daemon_send(struct daemon *daemon, uint32_t host, const struct mn_down *message)
{
    if (daemon->hosts[host].peer.size == 0) {
        return;
    }
    daemon->buffer.size = 0;
    mn_result result = mn_down_encode(message, &daemon->buffer);
    if (result == MN_OK) {
        effects_send_bytes(daemon, host, daemon->buffer.bytes, daemon->buffer.size);
    } else {
        effects_unsent(daemon, host, result);
    }
}

static void effects_send_said(struct daemon *daemon, uint32_t host)
{
    struct mn_joining *said = &daemon->hosts[host].said;
    size_t size = 0;
    const void *bytes = mn_joining_bytes(said, &size);
    if (bytes != NULL) {
        effects_send_bytes(daemon, host, bytes, size);
        mn_joining_clear(said);
    }
}

/* What is said to one host within a step goes as one frame, with the last of it: a round says so
 * much to so many that what a frame costs would be most of it. */
static void effects_join(struct daemon *daemon, uint32_t host, const struct mn_buffer *message)
{
    struct daemon_host *to = &daemon->hosts[host];
    mn_result result = mn_joining_add(&to->said, message);
    if (result == MN_FULL) {
        effects_send_said(daemon, host);
        result = mn_joining_add(&to->said, message);
    }
    if (result != MN_OK) {
        effects_send_said(daemon, host);
        effects_send_bytes(daemon, host, message->bytes, message->size);
        return;
    }
    if (!to->waits) {
        to->waits = true;
        daemon->waiting[daemon->waiting_count++] = host;
    }
}

/* Before any other effect, so that a step's effects keep their order. */
static void effects_send_waiting(struct daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->waiting_count; i++) {
        effects_send_said(daemon, daemon->waiting[i]);
        mn_joining_deinit(&daemon->hosts[daemon->waiting[i]].said);
        daemon->hosts[daemon->waiting[i]].waits = false;
    }
    daemon->waiting_count = 0;
}

static mn_result effects_encode(const struct mn_down *message, struct mn_buffer *buffer)
{
    struct mn_down down = *message;
    if (down.kind == MN_DOWN_WELCOME) {
        down.welcome.joins = true; /* daemon_wire.c reads such frames */
    }
    buffer->size = 0;
    return mn_down_encode(&down, buffer);
}

/* What the core says to everybody is one message: it is encoded once. */
static void effect_send(struct daemon *daemon, const struct coordinator_effect *effect)
{
    struct daemon_host *to = &daemon->hosts[effect->send.host];
    to->due -= 1;
    if (to->peer.size == 0) {
        return;
    }
    if (daemon->said != effect->send.message) {
        daemon->said = effect->send.message;
        daemon->said_result = effects_encode(daemon->said, &daemon->said_bytes);
    }
    if (daemon->said_result != MN_OK) {
        effects_unsent(daemon, effect->send.host, daemon->said_result);
    } else if (to->joins) {
        effects_join(daemon, effect->send.host, &daemon->said_bytes);
    } else {
        effects_send_bytes(daemon, effect->send.host, daemon->said_bytes.bytes,
                           daemon->said_bytes.size);
    }
    if (to->due == 0) {
        effects_send_said(daemon, effect->send.host);
    }
}

void coordinator_daemon_drop_evidence(struct daemon *daemon)
{
    struct recorder_item *item = recorder_item_new();
    evidence_draft_deinit(&daemon->draft);
    if (item != NULL) {
        item->drop = true;
    }
    if (item == NULL || !recorder_give(daemon->recorder, item)) {
        recorder_item_destroy(item);
        coordinator_daemon_fail(daemon, item == NULL ? MN_NO_MEMORY : MN_FULL,
                                "evidence that is of no use cannot be removed");
    }
}

/* What of the document is to be written already. */
static void effect_evidence(struct daemon *daemon, const struct coordinator_effect *effect)
{
    struct recorder_item *item = recorder_item_new();
    mn_result result = item == NULL ? MN_NO_MEMORY : MN_OK;
    if (result == MN_OK) {
        result = evidence_draft_add(&daemon->draft, effect->evidence.first, effect->evidence.piece);
    }
    bool hand =
        result == MN_OK && evidence_draft_hand(&daemon->draft, &item->binary, &item->offset);
    if (hand) {
        item->piece = true;
        result = recorder_give(daemon->recorder, item) ? MN_OK : MN_FULL;
    }
    if (!hand || result != MN_OK) {
        recorder_item_destroy(item);
    }
    if (result != MN_OK) {
        coordinator_daemon_fail(daemon, result, "evidence cannot be written down");
    }
}

/* The effect's memory ends with the step, so everything is encoded now. */
static void effect_record(struct daemon *daemon, const struct coordinator_effect *effect)
{
    struct mn_journal_record record = *effect->record.record;
    struct recorder_item *item = recorder_item_new();
    mn_result result = item == NULL ? MN_NO_MEMORY : MN_OK;
    if (result == MN_OK && effect->record.evidence) {
        item->round = record.decision.round;
        result = evidence_draft_end(&daemon->draft, &item->evidence, &item->binary, &item->offset,
                                    &record.decision.evidence_digest);
        item->digest = record.decision.evidence_digest;
    }
    if (result == MN_OK) {
        item->sequence = effect->record.sequence;
        item->generation = effect->record.generation;
        item->kind = record.kind;
        item->written_at = mn_now();
        result = mn_journal_record_encode(&record, &item->bytes);
    }
    if (result == MN_OK && !recorder_give(daemon->recorder, item)) {
        result = MN_FULL;
    }
    if (result != MN_OK) {
        recorder_item_destroy(item);
        coordinator_daemon_fail(daemon, result, "a record cannot be written down");
    }
}

static enum mn_log_level effects_level(enum coordinator_level level)
{
    switch (level) {
    case COORDINATOR_INFO:
        return MN_LOG_INFO;
    case COORDINATOR_WARNING:
        return MN_LOG_WARNING;
    case COORDINATOR_ERROR:
        return MN_LOG_ERROR;
    }
    return MN_LOG_ERROR;
}

static void effects_log(struct daemon *daemon, const struct coordinator_note_facts *note,
                        uint64_t suppressed)
{
    struct mn_log_pairs pairs = {.size = 0};
    if (note->vat != NULL) {
        mn_log_add(&pairs, "vat=%s", note->vat);
    }
    if (note->host != NULL) {
        mn_log_add(&pairs, "host=%s", note->host);
    }
    if (note->run != 0) {
        mn_log_add(&pairs, "run=%u", note->run);
    }
    if (note->epoch != 0) {
        mn_log_add(&pairs, "epoch=%lld", (long long)note->epoch);
    }
    if (note->round != 0) {
        mn_log_add(&pairs, "round=%llu", (unsigned long long)note->round);
    }
    if (note->number != 0) {
        mn_log_add(&pairs, "number=%llu", (unsigned long long)note->number);
    }
    if (suppressed != 0) {
        mn_log_add(&pairs, "suppressed=%llu", (unsigned long long)suppressed);
    }
    if (note->text != NULL && note->text[0] != '\0') {
        char quoted[MN_LOG_QUOTED_SIZE_MAX];
        mn_log_add(&pairs, "text=%s", mn_log_quote(quoted, sizeof quoted, note->text));
    }
    mn_log_gather(&daemon->lines, effects_level(coordinator_note_level(note->note)),
                  coordinator_note_what(note->note), "%s", pairs.text);
}

/* A round is done. Evidence goes that is older than is kept, but for that of rounds which are not:
 * what they decided may have to be checked while it is carried out. */
static void effects_trim_evidence(struct daemon *daemon)
{
    struct recorder_item *item = recorder_item_new();
    if (item == NULL) {
        return; /* the next round that is done has it removed */
    }
    item->keep = daemon->evidence_keep;
    item->round = UINT64_MAX;
    for (size_t i = 0; i < coordinator_round_count(daemon->coordinator); i++) {
        struct coordinator_round_facts facts;
        coordinator_round(daemon->coordinator, i, &facts);
        bool done = facts.state == COORDINATOR_ROUND_DONE;
        item->round = !done && facts.round < item->round ? facts.round : item->round;
    }
    if (!recorder_give(daemon->recorder, item)) {
        recorder_item_destroy(item);
    }
}

/* What others can make us write is written once a second at most. */
static void effect_note(struct daemon *daemon, const struct coordinator_note_facts *note)
{
    uint64_t suppressed = 0;
    if (note->note == COORDINATOR_NOTE_ROUND_DONE) {
        effects_trim_evidence(daemon);
    }
    if (note->note == COORDINATOR_NOTE_REFUSED && note->host != NULL) {
        uint32_t host = topology_find_host(daemon->topology, note->host);
        if (host != TOPOLOGY_NONE &&
            !mn_log_allowed(&daemon->hosts[host].said_limit, mn_now(), &suppressed)) {
            return;
        }
    }
    effects_log(daemon, note, suppressed);
}

static void effects_carry_out(struct daemon *daemon, const struct coordinator_effect *effect)
{
    if (effect->kind != COORDINATOR_DO_NOTE) {
        mn_log_flush(&daemon->lines);
    }
    if (effect->kind != COORDINATOR_DO_SEND) {
        effects_send_waiting(daemon);
    }
    switch (effect->kind) {
    case COORDINATOR_DO_SEND:
        effect_send(daemon, effect);
        return;
    case COORDINATOR_DO_EVIDENCE:
        if (effect->evidence.piece != NULL) {
            effect_evidence(daemon, effect);
        } else {
            coordinator_daemon_drop_evidence(daemon);
        }
        return;
    case COORDINATOR_DO_RECORD:
        effect_record(daemon, effect);
        return;
    case COORDINATOR_DO_ANSWER:
        coordinator_daemon_answer(daemon, effect);
        return;
    case COORDINATOR_DO_NOTE:
        effect_note(daemon, effect->note);
        return;
    }
}

/* A decision over thousands of vats has a line for each, one right after the other; nothing else
 * happens while some of them wait to be written. */
void coordinator_daemon_carry_out(struct daemon *daemon, const struct coordinator_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->items[i].kind == COORDINATOR_DO_SEND) {
            daemon->hosts[effects->items[i].send.host].due += 1;
        }
    }
    for (size_t i = 0; i < effects->count && !daemon->stop; i++) {
        effects_carry_out(daemon, &effects->items[i]);
    }
    effects_send_waiting(daemon);
    mn_log_flush(&daemon->lines);
}

static void effects_recorded(struct daemon *daemon, const struct recorder_item *item)
{
    if (item->result != MN_OK) {
        if (daemon->result == MN_OK) {
            /* Whoever appended meanwhile leads now; and what may have been appended or not, the
             * next start reads. */
            mn_error_set(&daemon->error, "%s; %s", item->error.text,
                         item->result == MN_STALE
                             ? "another coordinator uses this journal: only one may"
                             : "start again: it reads the journal and goes on from there");
            daemon->result = item->result;
        }
        daemon->stop = true;
        return;
    }
    if (daemon->crash_at_decided && item->kind == MN_JOURNAL_DECISION) {
        mn_log(MN_LOG_WARNING, "rehearsal", "text=\"killed after the decision, as told\"");
        (void)kill(getpid(), SIGKILL);
    }
    const struct journal_entry entry = {.sequence = item->sequence,
                                        .generation = item->generation,
                                        .kind = item->kind,
                                        .bytes = item->bytes.bytes,
                                        .size = item->bytes.size};
    coordinator_daemon_keep_record(
        daemon, item->set_aside ? KEEPING_ON_SET_ASIDE : KEEPING_ON_RECORDED, &entry);
}

void coordinator_daemon_recorded(struct daemon *daemon)
{
    struct keeping_event writing = {.kind = KEEPING_ON_WRITING};
    struct recorder_item *item = recorder_done(daemon->recorder, &writing.writing);
    while (item != NULL) {
        struct recorder_item *next = item->next;
        if (!daemon->stop) {
            effects_recorded(daemon, item);
        }
        recorder_item_destroy(item);
        item = next;
    }
    coordinator_daemon_keep(daemon, &writing);
}
