/* Effects of the agent's core as lines of text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_play.h"
#include "base/check.h"

static void lines_add(struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void lines_add(struct play *play, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = PLAY_TEXT_SIZE - play->size;
    int size = vsnprintf(play->text + play->size, room, format, list);
    va_end(list);
    mn_assert(size >= 0);
    mn_assert((size_t)size < room);
    play->size += (size_t)size;
}

static void lines_epoch(struct play *play, const char *before, mn_epoch epoch)
{
    lines_add(play, "%s%lld.%lld", before, (long long)(epoch >> 32),
              (long long)(epoch & 0xffffffff));
}

/* A vat of the cluster; "#x1" when it goes by its number. */
static void lines_place(struct play *play, const struct mn_vat_table *vats, uint32_t place)
{
    if (vats->numbering == 0) {
        lines_add(play, "%s", vats->names[place].text);
    } else {
        mn_assert(vats->numbering == PLAY_NUMBERING);
        lines_add(play, "#x%u", vats->numbers[place] + 1);
    }
}

static void lines_heard(struct play *play, const struct mn_vat_table *vats,
                        const struct mn_heard *heard, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        lines_add(play, " heard ");
        lines_place(play, vats, heard[i].peer);
        lines_epoch(play, " ", heard[i].epoch);
    }
}

static const char *const lines_states[] = {"absent", "starting", "up", "exited", "stopped"};

static void lines_status(struct play *play, const struct mn_vat_status *status)
{
    lines_add(play, " %s run %u %s%s%s", status->vat.text, status->run, lines_states[status->state],
              status->endpoint.text[0] != '\0' ? " " : "", status->endpoint.text);
    if (status->incarnation > 1 || status->fork_count > 0) {
        lines_add(play, " incarnation %u forks %u", status->incarnation, status->fork_count);
    }
    if (status->aside != 0) {
        lines_add(play, " aside run %u: %u", status->aside, status->aside_count);
    }
    if (status->floor != 0) {
        lines_epoch(play, " floor ", status->floor);
    }
}

static void lines_known(struct play *play, const struct mn_vat_table *vats)
{
    for (uint32_t i = 0; i < vats->known_count; i++) {
        const struct mn_known *known = &vats->known[i];
        lines_add(play, " knows ");
        lines_place(play, vats, known->vat);
        lines_add(play, " %u", known->incarnation);
        if (known->fork.next != 0) {
            lines_epoch(play, " after ", known->fork.after);
            lines_epoch(play, " at ", known->fork.next);
        }
    }
}

static void lines_report(struct play *play, const struct mn_report *report)
{
    for (uint32_t i = 0; i < report->row_count; i++) {
        const struct mn_row *row = &report->rows[i];
        lines_add(play, "up report #%llu ", (unsigned long long)report->sequence);
        lines_place(play, &report->vats, row->vat);
        lines_epoch(play, " ", row->epoch);
        lines_epoch(play, " since ", row->since);
        lines_epoch(play, " onto ", row->onto);
        lines_add(play, "%s%s%s", row->durable ? " durable" : "", row->here ? " here" : "",
                  row->gone ? " gone" : "");
        lines_epoch(play, " floor ", row->floor);
        if (row->applied > 0) {
            lines_add(play, " applied %llu", (unsigned long long)row->applied);
        }
        if (row->age > 1000) { /* that of what was written just now says nothing */
            lines_add(play, " age %u ms", row->age - 1);
        }
        lines_heard(play, &report->vats, report->heard + row->heard_first, row->heard_count);
        if (i + 1 == report->row_count) {
            lines_known(play, &report->vats);
        }
        lines_add(play, "\n");
    }
}

static void lines_intervals(struct play *play, const struct mn_intervals *intervals)
{
    lines_add(play, "up intervals round %llu attempt %u", (unsigned long long)intervals->round,
              intervals->attempt);
    if (intervals->part > 0 || intervals->more) {
        lines_add(play, " part %u%s", intervals->part, intervals->more ? " of more" : "");
    }
    for (uint32_t i = 0; i < intervals->interval_count; i++) {
        const struct mn_interval *interval = &intervals->intervals[i];
        lines_add(play, " (");
        lines_place(play, &intervals->vats, interval->vat);
        lines_epoch(play, " ", interval->epoch);
        lines_epoch(play, " since ", interval->since);
        lines_heard(play, &intervals->vats, intervals->heard + interval->heard_first,
                    interval->heard_count);
        lines_add(play, ")");
    }
    for (uint32_t i = 0; i < intervals->silent_count; i++) {
        lines_add(play, " silent ");
        lines_place(play, &intervals->vats, intervals->silent[i]);
    }
    lines_known(play, &intervals->vats);
    lines_add(play, "\n");
}

static const char *lines_member(enum mn_member member)
{
    static const char *const names[] = {"blank", "founding", "whole", "returned"};
    return names[member];
}

static void lines_kept(struct play *play, const struct mn_up *up)
{
    if (up->kind == MN_UP_PROMISED) {
        lines_add(
            play, "up promised %llu to %llu, newest %llu of %llu, %s",
            (unsigned long long)up->promised.promised, (unsigned long long)up->promised.candidate,
            (unsigned long long)up->promised.newest.sequence,
            (unsigned long long)up->promised.newest.generation, lines_member(up->promised.member));
        for (uint32_t n = 0; n < up->promised.noted_count; n++) {
            lines_add(play, ", noted %s %llu", up->promised.noted[n].host.text,
                      (unsigned long long)up->promised.noted[n].disk);
        }
        lines_add(play, "\n");
    } else if (up->kind == MN_UP_KEPT) {
        lines_add(play, "up kept #%llu %s %llu + %llu, %s\n", (unsigned long long)up->kept.number,
                  up->kept.matched ? "up to" : "not after", (unsigned long long)up->kept.sequence,
                  (unsigned long long)up->kept.offset, lines_member(up->kept.member));
    } else if (up->kind == MN_UP_RECALLED) {
        lines_add(play, "recalled %llu + %llu %s %llu\n", (unsigned long long)up->recalled.sequence,
                  (unsigned long long)up->recalled.offset,
                  up->recalled.matched ? "up to" : "not after",
                  (unsigned long long)up->recalled.newest);
    } else {
        lines_add(play, "up overtaken by %llu\n", (unsigned long long)up->overtaken.generation);
    }
}

static void lines_adopted(struct play *play, const struct mn_adopted *adopted)
{
    lines_add(play, "up adopted #%llu %s %s %u of %u: %u taken, %u held",
              (unsigned long long)adopted->number, adopted->vat.text,
              adopted->over ? mn_result_name(adopted->code) : "so far", adopted->done,
              adopted->found, adopted->taken, adopted->held);
    lines_epoch(play, " through ", adopted->through);
    for (uint32_t i = 0; i < adopted->passed_count; i++) {
        lines_epoch(play, ", passed ", adopted->passed[i].epoch);
        lines_add(play, " %s", mn_passed_name(adopted->passed[i].why));
    }
    lines_add(play, "%s%s\n", adopted->text[0] != '\0' ? "; " : "", adopted->text);
}

static void lines_up(struct play *play, const struct mn_up *up)
{
    switch (up->kind) {
    case MN_UP_HELLO:
        lines_add(play, "up hello %s generation %llu round %llu", up->hello.host.text,
                  (unsigned long long)up->generation, (unsigned long long)up->hello.newest_round);
        if (up->hello.frozen_round > up->hello.newest_round) {
            lines_add(play, " frozen %llu", (unsigned long long)up->hello.frozen_round);
        }
        lines_add(play, "%s", up->hello.holds ? " holds" : "");
        for (uint32_t i = 0; i < up->hello.vat_count; i++) {
            lines_status(play, &up->hello.vats[i]);
        }
        lines_add(play, "\n");
        return;
    case MN_UP_HEARTBEAT:
        lines_add(play, "up heartbeat %llu lag %u", (unsigned long long)up->heartbeat.number,
                  up->heartbeat.lag_ms);
        if (up->heartbeat.untaken > 0) {
            lines_add(play, " untaken %u room %u", up->heartbeat.untaken, up->heartbeat.room);
        }
        lines_add(play, "\n");
        return;
    case MN_UP_REPORT:
        lines_report(play, &up->report);
        return;
    case MN_UP_VAT_STATE:
        lines_add(play, "up state");
        lines_status(play, &up->vat_state.status);
        lines_add(play, "%s%s\n", up->vat_state.reason[0] != '\0' ? ": " : "",
                  up->vat_state.reason);
        return;
    case MN_UP_INTERVALS:
        lines_intervals(play, &up->intervals);
        return;
    case MN_UP_PROBED:
        lines_add(play, "up probed %llu %s", (unsigned long long)up->probed.probe,
                  up->probed.host.text);
        for (uint32_t i = 0; i < up->probed.answer_count; i++) {
            lines_add(play, " %d", (int)up->probed.answers[i]);
        }
        lines_add(play, "\n");
        return;
    case MN_UP_HANDLED:
        lines_add(play, "up handled ");
        lines_place(play, &up->handled.vat, 0);
        lines_add(play, " run %u round %llu\n", up->handled.run,
                  (unsigned long long)up->handled.round);
        return;
    case MN_UP_LOOKUP:
        lines_add(play, "up lookup %s\n", up->lookup.vat.text);
        return;
    case MN_UP_PROMISED:
    case MN_UP_KEPT:
    case MN_UP_RECALLED:
    case MN_UP_OVERTAKEN:
        lines_kept(play, up);
        return;
    case MN_UP_LEASES:
        lines_add(play, "up leases #%llu of %llu", (unsigned long long)up->leases.number,
                  (unsigned long long)up->leases.asker);
        for (uint32_t i = 0; i < up->leases.vat_count; i++) {
            lines_add(play, " %s/%u", up->leases.vats[i].vat.text, up->leases.vats[i].run);
        }
        lines_add(play, "\n");
        return;
    case MN_UP_DIFFERS:
        lines_add(play, "up differs %s/%u %s/%u: %s forgot", up->differs.vat.vat.text,
                  up->differs.vat.run, up->differs.differs.peer.text, up->differs.differs.run,
                  up->differs.differs.self ? "self" : "peer");
        lines_epoch(play, " ", up->differs.differs.epoch);
        lines_add(play, "\n");
        return;
    case MN_UP_ADOPTED:
        lines_adopted(play, &up->adopted);
        return;
    }
}

static void lines_copies(struct play *play, const char *what, uint32_t host,
                         const struct mn_copies *message)
{
    lines_add(play, "%s h%u %s", what, host + 1, message->vat.text);
    switch (message->kind) {
    case MN_COPIES_OFFER:
        lines_epoch(play, " offer ", message->offer.epoch);
        lines_add(play, " size %llu\n", (unsigned long long)message->offer.size);
        return;
    case MN_COPIES_WANT:
        lines_epoch(play, " want ", message->want.epoch);
        lines_add(play, " from %llu\n", (unsigned long long)message->want.offset);
        return;
    case MN_COPIES_PIECE:
        lines_epoch(play, " piece ", message->piece.epoch);
        lines_add(play, " at %llu, %u of %llu bytes\n", (unsigned long long)message->piece.offset,
                  message->piece.byte_count, (unsigned long long)message->piece.size);
        return;
    case MN_COPIES_HAVE:
        lines_epoch(play, " have ", message->have.epoch);
        lines_add(play, " %s\n", mn_result_name(message->have.refused));
        return;
    case MN_COPIES_DROP:
        lines_add(play, " drop run %u keep", message->drop.run);
        for (uint32_t i = 0; i < message->drop.keep_count; i++) {
            lines_epoch(play, " ", message->drop.keep[i]);
        }
        lines_add(play, "\n");
        return;
    }
}

static void lines_life(struct play *play, const struct mn_life *life)
{
    lines_add(play, "life %s run %u round %llu", life->vat.text, life->run,
              (unsigned long long)life->round);
    lines_epoch(play, " keep ", life->keep);
    for (uint32_t i = 0; i < life->chain_count; i++) {
        lines_epoch(play, i == 0 ? " chain " : " ", life->chain[i]);
    }
    lines_add(play, " store %s\n", life->store);
}

static void lines_vat(struct play *play, const struct agent_effect *effect)
{
    const struct mn_to_vat *message = effect->vat.message;
    lines_add(play, "vat %c ", effect->vat.connection.bytes[0]);
    switch (message->kind) {
    case MN_TO_VAT_LIFE:
        lines_life(play, &message->life);
        return;
    case MN_TO_VAT_DURABLE:
        lines_epoch(play, "durable ", message->durable.epoch);
        lines_epoch(play, " floor ", message->durable.floor);
        lines_add(play, "\n");
        return;
    case MN_TO_VAT_FREEZE:
        lines_add(play, "freeze round %llu attempt %u", (unsigned long long)message->freeze.round,
                  message->freeze.attempt);
        for (uint32_t i = 0; i < message->freeze.suspect_count; i++) {
            lines_add(play, " %s/%u", message->freeze.suspects[i].vat.text,
                      message->freeze.suspects[i].run);
        }
        lines_add(play, "\n");
        return;
    case MN_TO_VAT_ROUND:
        lines_add(play, "round %llu", (unsigned long long)message->round.round);
        for (uint32_t i = 0; i < message->round.notice_count; i++) {
            lines_add(play, " notice %s", message->round.notices[i].peer.text);
        }
        lines_add(play, "\n");
        return;
    case MN_TO_VAT_ADDRESS:
        lines_add(play, "address %s run %u %s key %.4s\n", message->address.peer.text,
                  message->address.run, message->address.endpoint.text, message->address.key);
        return;
    case MN_TO_VAT_TAKE_FULL:
        lines_epoch(play, "take_full above ", message->take_full.above);
        lines_add(play, "\n");
        return;
    case MN_TO_VAT_WHO:
        lines_add(play, "who\n");
        return;
    case MN_TO_VAT_END:
        lines_add(play, "end: %s\n", message->end.reason);
        return;
    case MN_TO_VAT_LEASE:
        lines_add(play, "lease until %lld ms\n", (long long)(message->lease.until / MN_MS));
        return;
    }
}

static void lines_record(struct play *play, const struct agent_effect *effect)
{
    const struct mn_agent_record *record = effect->record.record;
    lines_add(play, "%s #%llu ", effect->record.forget ? "forget" : "record",
              (unsigned long long)effect->record.sequence);
    switch (record->kind) {
    case MN_AGENT_VAT:
        lines_add(play, "vat %s run %u pid %u\n", record->vat.start.vat.text, record->vat.start.run,
                  record->vat.pid);
        return;
    case MN_AGENT_FENCE:
        lines_add(play, "fence %s run %u\n", record->fence.vat.text, record->fence.run);
        return;
    case MN_AGENT_ROUND:
        lines_add(play, "round %llu told %u\n", (unsigned long long)record->round.round,
                  record->round.told_count);
        return;
    case MN_AGENT_GENERATION:
        lines_add(play, "generation %llu\n", (unsigned long long)record->generation);
        return;
    case MN_AGENT_PROMISE:
        lines_add(play, "promise %llu to %llu\n", (unsigned long long)record->promise.generation,
                  (unsigned long long)record->promise.candidate);
        return;
    case MN_AGENT_HEAD:
        lines_add(play, "head %llu of %llu\n", (unsigned long long)record->head.sequence,
                  (unsigned long long)record->head.generation);
        return;
    case MN_AGENT_KEPT:
        lines_add(play, "kept %llu + %llu of %llu\n", (unsigned long long)record->kept.sequence,
                  (unsigned long long)record->kept.offset,
                  (unsigned long long)record->kept.generation);
        return;
    case MN_AGENT_NOTED:
        lines_add(play, "noted");
        for (uint32_t i = 0; i < record->noted.count; i++) {
            lines_add(play, " %s %llu", record->noted.items[i].host.text,
                      (unsigned long long)record->noted.items[i].disk);
        }
        lines_add(play, "\n");
        return;
    case MN_AGENT_MEMBER:
        lines_add(play, "member %s\n", lines_member(record->member));
        return;
    case MN_AGENT_DISK:
        lines_add(play, "disk %llu\n", (unsigned long long)record->disk);
        return;
    case MN_AGENT_ASIDE:
        lines_add(play, "aside %s run %u: %u\n", record->aside.vat.text, record->aside.run,
                  record->aside.count);
        return;
    case MN_AGENT_FLOOR:
        lines_add(play, "floor %s run %u", record->floor.vat.text, record->floor.run);
        lines_epoch(play, ": ", record->floor.epoch);
        lines_add(play, "\n");
        return;
    }
}

static void lines_note(struct play *play, const struct agent_note_facts *note)
{
    lines_add(play, "note %s", agent_note_what(note->note));
    if (note->vat.text[0] != '\0') {
        lines_add(play, " %s", note->vat.text);
    }
    if (note->host.text[0] != '\0') {
        lines_add(play, " %s", note->host.text);
    }
    if (note->epoch != 0) {
        lines_epoch(play, " ", note->epoch);
    }
    if (note->code != MN_OK) {
        lines_add(play, " %s", mn_result_name(note->code));
    }
    lines_add(play, "\n");
}

static void lines_process(struct play *play, const char *what, const struct agent_effect *effect)
{
    lines_add(play, "%s %s run %u pid %u\n", what, effect->process.vat.text, effect->process.run,
              effect->process.pid);
}

static void lines_file(struct play *play, const char *what, const struct agent_effect *effect)
{
    lines_add(play, "%s %s", what, effect->file.vat.text);
    lines_epoch(play, " ", effect->file.epoch);
    lines_add(play, "%s\n", effect->file.again ? " again" : "");
}

static void lines_aside(struct play *play, const struct agent_effect *effect)
{
    lines_add(play, "aside %s run %u:", effect->aside.vat.text, effect->aside.run);
    for (uint32_t i = 0; i < effect->aside.moved_count; i++) {
        lines_epoch(play, " ", effect->aside.moved[i]);
    }
    for (uint32_t i = 0; i < effect->aside.linked_count; i++) {
        lines_epoch(play, " link ", effect->aside.linked[i]);
    }
    lines_add(play, "\n");
}

static void lines_effect(struct play *play, const struct agent_effect *effect)
{
    switch (effect->kind) {
    case AGENT_DO_SEND_UP:
        lines_up(play, effect->up);
        return;
    case AGENT_DO_SEND_COPIES:
        lines_copies(play, "copies", effect->copies.host, effect->copies.message);
        return;
    case AGENT_DO_SEND_VAT:
        lines_vat(play, effect);
        return;
    case AGENT_DO_RECALL:
        lines_add(play, "recall: ");
        lines_kept(play, effect->up);
        return;
    case AGENT_DO_RECORD:
        lines_record(play, effect);
        return;
    case AGENT_DO_SYNC:
        lines_file(play, "sync", effect);
        return;
    case AGENT_DO_READ_OVER:
        lines_file(play, "read_over", effect);
        return;
    case AGENT_DO_LOOK:
        lines_add(play, "look %s", effect->file.vat.text);
        lines_epoch(play, " ", effect->file.epoch);
        lines_add(play, " of %llu bytes\n", (unsigned long long)effect->file.size);
        return;
    case AGENT_DO_SET_ASIDE:
        lines_aside(play, effect);
        return;
    case AGENT_DO_DELETE:
        lines_file(play, "delete", effect);
        return;
    case AGENT_DO_LIST_FOUND:
        lines_add(play, "list %s in %s\n", effect->found.vat.text, effect->found.store);
        return;
    case AGENT_DO_TAKE_FOUND:
        lines_add(play, "take %s in %s", effect->found.vat.text, effect->found.store);
        lines_epoch(play, " ", effect->found.epoch);
        lines_add(play, "\n");
        return;
    case AGENT_DO_WRITE_PIECE:
        lines_copies(play, "write", effect->piece.host, effect->piece.piece);
        return;
    case AGENT_DO_SEND_FILE:
        lines_copies(play, "send", effect->piece.host, effect->piece.piece);
        return;
    case AGENT_DO_START_PROCESS:
        lines_process(play, "start", effect);
        return;
    case AGENT_DO_RELEASE:
        lines_process(play, "release", effect);
        return;
    case AGENT_DO_ADOPT:
        lines_process(play, "adopt", effect);
        return;
    case AGENT_DO_KILL:
        lines_process(play, "kill", effect);
        return;
    case AGENT_DO_PROBE:
        lines_add(play, "probe %llu %s %u endpoints within %u ms\n",
                  (unsigned long long)effect->probe.probe, effect->probe.host.text,
                  effect->probe.endpoint_count, effect->probe.bound_ms);
        return;
    case AGENT_DO_NOTE:
        lines_note(play, effect->note);
        return;
    }
}

void play_lines(struct play *play, const struct agent_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        lines_effect(play, &effects->items[i]);
    }
}
