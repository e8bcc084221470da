/* Effects of the coordinator's core as lines of text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "coordinator_scene.h"

static void line_add(struct scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_add(struct scene *scene, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = SCENE_TEXT_SIZE - scene->size;
    int size = vsnprintf(scene->text + scene->size, room, format, list);
    va_end(list);
    mn_assert(size >= 0);
    mn_assert((size_t)size < room);
    scene->size += (size_t)size;
}

static void line_epoch(struct scene *scene, const char *before, mn_epoch epoch)
{
    line_add(scene, "%s%lld.%lld", before, (long long)(epoch >> 32),
             (long long)(epoch & 0xffffffff));
}

static void line_start(struct scene *scene, const struct mn_start *start)
{
    line_add(scene, " %s run %u incarnation %u %s", start->vat.text, start->run, start->incarnation,
             mn_outcome_name(start->outcome));
    line_epoch(scene, " keep ", start->keep);
    for (uint32_t i = 0; i < start->chain_count; i++) {
        line_epoch(scene, i == 0 ? " from " : " ", start->chain[i].epoch);
        line_add(scene, "@%s", start->chain[i].holder.text);
    }
    if (start->disk != 0) {
        line_add(scene, " disk %llu", (unsigned long long)start->disk);
    }
}

static void line_notice(struct scene *scene, const struct mn_notice *notice)
{
    line_add(scene, " (%s incarnation %u%s", notice->peer.text, notice->incarnation,
             notice->reset ? " reset" : "");
    line_epoch(scene, " kept ", notice->kept);
    if (notice->you_heard.last != 0) {
        line_epoch(scene, " you_heard ", notice->you_heard.first);
        line_epoch(scene, "-", notice->you_heard.last);
    }
    if (notice->forgot_you.last != 0) {
        line_epoch(scene, " forgot_you ", notice->forgot_you.first);
        line_epoch(scene, "-", notice->forgot_you.last);
    }
    line_add(scene, ")");
}

static void line_told(struct scene *scene, const struct mn_told *told, uint32_t count,
                      const struct mn_notice *notices)
{
    for (uint32_t i = 0; i < count; i++) {
        line_add(scene, " told %s", told[i].vat.text);
        for (uint32_t k = 0; k < told[i].notice_count; k++) {
            line_notice(scene, &notices[told[i].notice_first + k]);
        }
    }
}

static void line_names(struct scene *scene, const char *before, const struct mn_name *names,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        line_add(scene, "%s%s", i == 0 ? before : " ", names[i].text);
    }
}

static void line_freeze(struct scene *scene, const struct mn_down *down)
{
    line_add(scene, " freeze round %llu attempt %u", (unsigned long long)down->freeze.round,
             down->freeze.attempt);
    line_names(scene, " lost ", down->freeze.hosts, down->freeze.host_count);
    const struct mn_vat_table *suspects = &down->freeze.suspects;
    for (uint32_t i = 0; i < suspects->count; i++) {
        line_add(scene, "%s%s%s/%u", i == 0 ? " suspects " : " ",
                 suspects->numbering == 0 ? "" : "#",
                 suspects->numbering == 0 ? suspects->names[i].text
                                          : scene->topology->vats[suspects->numbers[i]].name,
                 down->freeze.runs[i]);
    }
}

static void line_down(struct scene *scene, uint32_t host, const struct mn_down *down)
{
    line_add(scene, "h%u", host + 1);
    switch (down->kind) {
    case MN_DOWN_WELCOME:
        line_add(scene, " welcome generation %llu round %llu%s",
                 (unsigned long long)down->generation,
                 (unsigned long long)down->welcome.newest_round,
                 down->welcome.send_everything ? " everything" : "");
        break;
    case MN_DOWN_TAKEN:
        line_add(scene, " taken %llu", (unsigned long long)down->taken.sequence);
        break;
    case MN_DOWN_PROBE:
        line_add(scene, " probe %llu %s", (unsigned long long)down->probe.probe,
                 down->probe.host.text);
        for (uint32_t i = 0; i < down->probe.endpoint_count; i++) {
            line_add(scene, " %s", down->probe.endpoints[i].text);
        }
        break;
    case MN_DOWN_FREEZE:
        line_freeze(scene, down);
        break;
    case MN_DOWN_MORE:
        line_add(scene, " more than part %u of round %llu attempt %u", down->more.part,
                 (unsigned long long)down->more.round, down->more.attempt);
        break;
    case MN_DOWN_START:
        line_add(scene, " start");
        line_start(scene, &down->start);
        if (down->start.told_round < down->start.round) {
            line_add(scene, " told up to %llu", (unsigned long long)down->start.told_round);
        }
        break;
    case MN_DOWN_STOP:
        line_add(scene, " stop %s run %u", down->stop.vat.text, down->stop.run);
        for (uint32_t i = 0; i < down->stop.lineage.count; i++) {
            const struct mn_fork *fork = &down->stop.lineage.forks[i];
            line_add(scene, " (after %u.%u on at %u.%u)", mn_epoch_run(fork->after),
                     (uint32_t)fork->after, mn_epoch_run(fork->next), (uint32_t)fork->next);
        }
        break;
    case MN_DOWN_DECISION:
        line_add(scene, " decision %llu", (unsigned long long)down->decision.round);
        line_told(scene, down->decision.told, down->decision.told_count, down->decision.notices);
        for (uint32_t i = 0; i < down->decision.owed_count; i++) {
            const struct mn_owed *owed = &down->decision.owed[i];
            line_add(scene, " owed %s run %u round %llu", owed->vat.text, owed->run,
                     (unsigned long long)owed->round);
        }
        break;
    case MN_DOWN_ADDRESS:
        line_add(scene, " address %s run %u %s %s", down->address.vat.text, down->address.run,
                 down->address.host.text, down->address.endpoint.text);
        break;
    case MN_DOWN_ADOPT:
        line_add(scene, " adopt #%llu %s from %s", (unsigned long long)down->adopt.number,
                 down->adopt.vat.text, down->adopt.store);
        for (uint32_t i = 0; i < down->adopt.lineage.count; i++) {
            const struct mn_fork *fork = &down->adopt.lineage.forks[i];
            line_add(scene, " (after %u.%u on at %u.%u)", mn_epoch_run(fork->after),
                     (uint32_t)fork->after, mn_epoch_run(fork->next), (uint32_t)fork->next);
        }
        break;
    case MN_DOWN_PROMISE:
    case MN_DOWN_KEEP:
    case MN_DOWN_RECALL:
        break;
    case MN_DOWN_LEASED:
        line_add(scene, " leased #%llu of %llu for %u ms", (unsigned long long)down->leased.number,
                 (unsigned long long)down->leased.asker, down->leased.lease_ms);
        for (uint32_t i = 0; i < down->leased.vat_count; i++) {
            line_add(scene, " %s/%u", down->leased.vats[i].vat.text, down->leased.vats[i].run);
        }
        break;
    }
    line_add(scene, "\n");
}

static void line_record(struct scene *scene, const struct coordinator_effect *effect)
{
    const struct mn_journal_record *record = effect->record.record;
    line_add(scene, "record %llu", (unsigned long long)effect->record.sequence);
    switch (record->kind) {
    case MN_JOURNAL_GENERATION:
        line_add(scene, " generation %llu", (unsigned long long)effect->record.generation);
        break;
    case MN_JOURNAL_VAT:
        line_add(scene, " vat %s run %u incarnation %u on %s", record->vat.vat.text,
                 record->vat.run, record->vat.incarnation, record->vat.host.text);
        break;
    case MN_JOURNAL_DECISION: {
        const struct mn_journal_decision *decision = &record->decision;
        line_add(scene, " decision %llu%s", (unsigned long long)decision->round,
                 effect->record.evidence && scene->pieces > 0 ? "" : " WITHOUT EVIDENCE");
        scene->pieces = 0;
        line_names(scene, " lost ", decision->lost_hosts, decision->lost_host_count);
        line_names(scene, " gone ", decision->lost_vats, decision->lost_vat_count);
        for (uint32_t i = 0; i < decision->start_count; i++) {
            line_add(scene, " [%s:", decision->starts[i].host.text);
            line_start(scene, &decision->starts[i].start);
            line_add(scene, "]");
        }
        line_told(scene, decision->told, decision->told_count, decision->notices);
        break;
    }
    case MN_JOURNAL_ANSWER:
        line_add(scene, " answer %llu", (unsigned long long)record->answer.round);
        break;
    case MN_JOURNAL_DONE:
        line_add(scene, " done %llu", (unsigned long long)record->done.round);
        break;
    case MN_JOURNAL_RECALL:
        line_add(scene, " recall by %s: %s", record->recall.operator_name.text,
                 record->recall.reason);
        break;
    case MN_JOURNAL_KEEPERS:
        line_add(scene, " keepers by %s: %s", record->keepers.operator_name.text,
                 record->keepers.reason);
        break;
    case MN_JOURNAL_STEP:
        if (record->step.step == MN_STEP_ADOPT) {
            line_add(scene, " adopt round %llu by %s: %s; %s/%u from %s on %s",
                     (unsigned long long)record->step.round, record->step.operator_name.text,
                     record->step.reason, record->step.vat.text, record->step.run,
                     record->step.store, record->step.host.text);
            break;
        }
        line_add(scene, " %s round %llu by %s: %s; restores %u, rolls back %u",
                 mn_step_name(record->step.step), (unsigned long long)record->step.round,
                 record->step.operator_name.text, record->step.reason, record->step.bounds.restored,
                 record->step.bounds.rolled_back);
        line_names(scene, ", resets ", record->step.bounds.reset, record->step.bounds.reset_count);
        break;
    case MN_JOURNAL_HOST:
        line_add(scene, " host %s disk %llu", record->host.host.text,
                 (unsigned long long)record->host.disk);
        break;
    case MN_JOURNAL_FREEZE:
        line_add(scene, " freeze %llu", (unsigned long long)record->freeze.round);
        for (uint32_t i = 0; i < record->freeze.suspect_count; i++) {
            line_add(scene, " %s/%u", record->freeze.suspects[i].vat.text,
                     record->freeze.suspects[i].run);
        }
        break;
    }
    line_add(scene, "\n");
}

static void line_note(struct scene *scene, const struct coordinator_note_facts *note)
{
    line_add(scene, "note %s", coordinator_note_what(note->note));
    if (note->vat != NULL) {
        line_add(scene, " %s", note->vat);
    }
    if (note->host != NULL) {
        line_add(scene, " %s", note->host);
    }
    if (note->text != NULL) {
        line_add(scene, ": %s", note->text);
    }
    line_add(scene, "\n");
}

void scene_lines(struct scene *scene, const struct coordinator_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct coordinator_effect *effect = &effects->items[i];
        switch (effect->kind) {
        case COORDINATOR_DO_SEND:
            line_down(scene, effect->send.host, effect->send.message);
            break;
        case COORDINATOR_DO_EVIDENCE: /* told of by the decision: that it has some */
            scene->pieces = effect->evidence.piece == NULL ? 0
                            : effect->evidence.first       ? 1
                            : scene->pieces > 0            ? scene->pieces + 1
                                                           : 0;
            break;
        case COORDINATOR_DO_RECORD:
            line_record(scene, effect);
            break;
        case COORDINATOR_DO_ANSWER:
            line_add(scene, "answer %llu %s%s%s\n", (unsigned long long)effect->answer.ticket,
                     mn_result_name(effect->answer.code),
                     effect->answer.text[0] != '\0' ? ": " : "", effect->answer.text);
            break;
        case COORDINATOR_DO_NOTE:
            line_note(scene, effect->note);
            break;
        }
    }
}
