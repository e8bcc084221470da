/* The journal's records. They may be larger than a message: MN_RECORD_SIZE_MAX bounds them. */
#include <string.h>

#include "codec_squeeze.h"
#include "stored.pb-c.h"
#include "wire/stored.h"

/* What unpacking a large record may take. */
#define RECORD_SCRATCH_SIZE_MAX ((size_t)8 * MN_RECORD_WHOLE_SIZE_MAX)

static Mneme__JournalVat *vat_out(struct codec *codec, const struct mn_journal_vat *vat)
{
    Mneme__JournalVat *out = codec_take(codec, 1, sizeof *out);
    Mneme__Lineage *lineage = codec_lineage_out(codec, &vat->lineage);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__journal_vat__init(out);
    out->vat = codec_text(vat->vat.text);
    out->run = vat->run;
    out->incarnation = vat->incarnation;
    out->host = codec_text(vat->host.text);
    out->lineage = lineage;
    out->found = vat->found ? 1 : 0;
    return out;
}

static Mneme__JournalDecision *journal_decision_out(struct codec *codec,
                                                    const struct mn_journal_decision *decision)
{
    const struct mn_decision_notice told = {.round = decision->round,
                                            .told = decision->told,
                                            .told_count = decision->told_count,
                                            .notices = decision->notices,
                                            .notice_count = decision->notice_count};
    uint32_t count = decision->start_count;
    Mneme__JournalDecision *out = codec_take(codec, 1, sizeof *out);
    Mneme__Start **starts = codec_take(codec, count, sizeof *starts);
    char **start_hosts = codec_take(codec, count, sizeof *start_hosts);
    uint64_t *lost = codec_take(codec, count, sizeof *lost);
    unsigned char *digest = codec_take(codec, MN_DIGEST_SIZE, 1);
    char **hosts = codec_names_out(codec, decision->lost_hosts, decision->lost_host_count);
    char **vats = codec_names_out(codec, decision->lost_vats, decision->lost_vat_count);
    Mneme__Decision *notices = codec_decision_out(codec, &told);
    for (uint32_t i = 0; codec->result == MN_OK && i < count; i++) {
        starts[i] = codec_start_out(codec, &decision->starts[i].start);
        start_hosts[i] = codec_text(decision->starts[i].host.text);
        lost[i] = decision->starts[i].lost;
    }
    if (codec->result != MN_OK) {
        return NULL;
    }
    memcpy(digest, decision->evidence_digest.bytes, MN_DIGEST_SIZE);
    mneme__journal_decision__init(out);
    out->round = decision->round;
    out->lost_hosts = hosts;
    out->n_lost_hosts = decision->lost_host_count;
    out->lost_vats = vats;
    out->n_lost_vats = decision->lost_vat_count;
    out->starts = starts;
    out->start_hosts = start_hosts;
    out->lost = lost;
    out->n_starts = out->n_start_hosts = out->n_lost = count;
    out->decision = notices;
    out->evidence_digest.data = digest;
    out->evidence_digest.len = MN_DIGEST_SIZE;
    out->suspected_at = decision->suspected_at;
    out->lost_at = decision->lost_at;
    out->decided_at = decision->decided_at;
    return out;
}

static Mneme__JournalAnswer *journal_answer_out(struct codec *codec,
                                                const struct mn_journal_answer *answer)
{
    Mneme__JournalAnswer *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__journal_answer__init(out);
        out->round = answer->round;
        out->answer = codec_squeeze(codec, answer->json, answer->size);
    }
    return out;
}

static Mneme__JournalFreeze *journal_freeze_out(struct codec *codec,
                                                const struct mn_journal_freeze *freeze)
{
    uint32_t count = freeze->suspect_count;
    if (count > MN_RECORD_ROW_COUNT_MAX) {
        codec_fail(codec, MN_TOO_LARGE); /* nobody could read it */
        return NULL;
    }
    Mneme__JournalFreeze *out = codec_take(codec, 1, sizeof *out);
    char **vats = codec_take(codec, count, sizeof *vats);
    uint32_t *runs = codec_take(codec, count, sizeof *runs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        vats[i] = codec_text(freeze->suspects[i].vat.text);
        runs[i] = freeze->suspects[i].run;
    }
    mneme__journal_freeze__init(out);
    out->round = freeze->round;
    out->vats = vats;
    out->runs = runs;
    out->n_vats = out->n_runs = count;
    return out;
}

static Mneme__JournalRecall *journal_recall_out(struct codec *codec,
                                                const struct mn_journal_recall *recall)
{
    Mneme__JournalRecall *out = codec_take(codec, 1, sizeof *out);
    char **absent = codec_names_out(codec, recall->absent, recall->absent_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__journal_recall__init(out);
    out->operator_name = codec_text(recall->operator_name.text);
    out->key = codec_text(recall->key);
    out->reason = codec_text(recall->reason);
    out->absent = absent;
    out->n_absent = recall->absent_count;
    out->at = recall->at;
    return out;
}

static const char *const step_names[] = {NULL, "approve", "reject", "adopt"};

enum { STEP_COUNT = sizeof step_names / sizeof *step_names };

const char *mn_step_name(enum mn_step step)
{
    return step_names[step];
}

static Mneme__JournalStep *journal_step_out(struct codec *codec, const struct mn_journal_step *step)
{
    Mneme__JournalStep *out = codec_take(codec, 1, sizeof *out);
    char **reset = codec_names_out(codec, step->bounds.reset, step->bounds.reset_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__journal_step__init(out);
    out->step = codec_text(step_names[step->step]);
    out->round = step->round;
    out->plan = step->bounds.plan;
    out->restored = step->bounds.restored;
    out->rolled_back = step->bounds.rolled_back;
    out->unsure = step->bounds.unsure;
    out->spared = step->bounds.spared;
    out->reset = reset;
    out->n_reset = step->bounds.reset_count;
    out->operator_name = codec_text(step->operator_name.text);
    out->key = codec_text(step->key);
    out->reason = codec_text(step->reason);
    out->at = step->at;
    if (step->step == MN_STEP_ADOPT) {
        out->vat = codec_text(step->vat.text);
        out->run = step->run;
        out->host = codec_text(step->host.text);
        out->store = codec_text(step->store);
    }
    return out;
}

static Mneme__JournalKeepers *journal_keepers_out(struct codec *codec,
                                                  const struct mn_journal_keepers *keepers)
{
    Mneme__JournalKeepers *out = codec_take(codec, 1, sizeof *out);
    char **now = codec_names_out(codec, keepers->keepers, keepers->keeper_count);
    char **next = codec_names_out(codec, keepers->next, keepers->next_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__journal_keepers__init(out);
    out->keepers = now;
    out->n_keepers = keepers->keeper_count;
    out->next = next;
    out->n_next = keepers->next_count;
    out->operator_name = codec_text(keepers->operator_name.text);
    out->key = codec_text(keepers->key);
    out->reason = codec_text(keepers->reason);
    out->at = keepers->at;
    out->filling = keepers->filling ? 1 : 0;
    return out;
}

/* What stands in the buffer behind @before, compressed, when that is shorter: a decision of
 * hundreds of thousands of vats says the same words again and again, and every keeper waits for its
 * pieces. */
static mn_result record_squeeze(struct mn_buffer *buffer, size_t before)
{
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__JournalRecord out = MNEME__JOURNAL_RECORD__INIT;
    out.version = MN_PROTOCOL_VERSION;
    out.body_case = MNEME__JOURNAL_RECORD__BODY_SQUEEZED;
    out.squeezed = codec_squeeze_behind(&codec, buffer, before, MN_RECORD_WHOLE_SIZE_MAX);
    if (codec.result == MN_OK && out.squeezed.len > 0) {
        buffer->size = before;
        return codec_pack(&codec, &out.base, buffer);
    }
    mn_arena_deinit(&arena);
    return codec.result;
}

mn_result mn_journal_record_encode(const struct mn_journal_record *record, struct mn_buffer *buffer)
{
    size_t before = buffer->size;
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__JournalRecord out = MNEME__JOURNAL_RECORD__INIT;
    Mneme__JournalDone done = MNEME__JOURNAL_DONE__INIT;
    Mneme__JournalHost host = MNEME__JOURNAL_HOST__INIT;
    Mneme__JournalGeneration generation = MNEME__JOURNAL_GENERATION__INIT;
    out.version = MN_PROTOCOL_VERSION;
    switch (record->kind) {
    case MN_JOURNAL_GENERATION:
        generation.at = record->generation.at;
        generation.kept = record->generation.kept;
        out.body_case = MNEME__JOURNAL_RECORD__BODY_GENERATION;
        out.generation = &generation;
        break;
    case MN_JOURNAL_VAT:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_VAT;
        out.vat = vat_out(&codec, &record->vat);
        break;
    case MN_JOURNAL_DECISION:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_DECISION;
        out.decision = journal_decision_out(&codec, &record->decision);
        break;
    case MN_JOURNAL_ANSWER:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_ANSWER;
        out.answer = journal_answer_out(&codec, &record->answer);
        break;
    case MN_JOURNAL_DONE:
        done.round = record->done.round;
        done.restored_at = record->done.restored_at;
        done.told_at = record->done.told_at;
        done.again = record->done.again;
        out.body_case = MNEME__JOURNAL_RECORD__BODY_DONE;
        out.done = &done;
        break;
    case MN_JOURNAL_FREEZE:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_FREEZE;
        out.freeze = journal_freeze_out(&codec, &record->freeze);
        break;
    case MN_JOURNAL_HOST:
        host.host = codec_text(record->host.host.text);
        host.disk = record->host.disk;
        out.body_case = MNEME__JOURNAL_RECORD__BODY_HOST;
        out.host = &host;
        break;
    case MN_JOURNAL_RECALL:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_RECALL;
        out.recall = journal_recall_out(&codec, &record->recall);
        break;
    case MN_JOURNAL_STEP:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_STEP;
        out.step = journal_step_out(&codec, &record->step);
        break;
    case MN_JOURNAL_KEEPERS:
        out.body_case = MNEME__JOURNAL_RECORD__BODY_KEEPERS;
        out.keepers = journal_keepers_out(&codec, &record->keepers);
        break;
    }
    mn_result result = codec_pack(&codec, &out.base, buffer);
    if (result == MN_OK && buffer->size - before > MN_PIECE_SIZE_MAX) {
        result = record_squeeze(buffer, before);
    }
    if (result == MN_OK && buffer->size - before > MN_RECORD_SIZE_MAX) {
        result = MN_TOO_LARGE;
    }
    if (result != MN_OK) {
        buffer->size = before;
    }
    return result;
}

static void starts_in(struct codec *codec, const Mneme__JournalDecision *in,
                      struct mn_journal_decision *out)
{
    (void)codec_check(codec, in->n_starts == in->n_start_hosts &&
                                 (in->n_lost == in->n_starts || in->n_lost == 0));
    out->start_count = codec_count_in(codec, in->n_starts, UINT32_MAX);
    struct mn_journal_start *starts = codec_take(codec, out->start_count, sizeof *starts);
    for (uint32_t i = 0; starts != NULL && i < out->start_count; i++) {
        codec_start_in(codec, in->starts[i], &starts[i].start);
        codec_name_in(codec, in->start_hosts[i], &starts[i].host);
        starts[i].lost = in->n_lost > 0 ? in->lost[i] : 0;
    }
    out->starts = starts;
}

static void journal_decision_in(struct codec *codec, const Mneme__JournalDecision *in,
                                struct mn_journal_decision *out)
{
    struct mn_decision_notice told = {0};
    out->round = in->round;
    out->lost_hosts =
        codec_names_in(codec, in->n_lost_hosts, in->lost_hosts, &out->lost_host_count);
    out->lost_vats = codec_names_in(codec, in->n_lost_vats, in->lost_vats, &out->lost_vat_count);
    starts_in(codec, in, out);
    codec_decision_in(codec, in->decision, &told);
    out->told = told.told;
    out->told_count = told.told_count;
    out->notices = told.notices;
    out->notice_count = told.notice_count;
    if (codec_check(codec, in->evidence_digest.len == MN_DIGEST_SIZE)) {
        memcpy(out->evidence_digest.bytes, in->evidence_digest.data, MN_DIGEST_SIZE);
    }
    out->suspected_at = in->suspected_at;
    out->lost_at = in->lost_at;
    out->decided_at = in->decided_at;
}

static void journal_recall_in(struct codec *codec, const Mneme__JournalRecall *in,
                              struct mn_journal_recall *out)
{
    codec_name_in(codec, in->operator_name, &out->operator_name);
    codec_key_in(codec, in->key, false, out->key);
    codec_prose_in(codec, in->reason, out->reason, sizeof out->reason);
    out->absent = codec_names_in(codec, in->n_absent, in->absent, &out->absent_count);
    out->at = in->at;
}

/* What no other step says. */
static void adoption_in(struct codec *codec, const Mneme__JournalStep *in,
                        struct mn_journal_step *out)
{
    codec_name_in(codec, in->vat, &out->vat);
    codec_name_in(codec, in->host, &out->host);
    out->run = codec_run_in(codec, in->run);
    out->store = codec_store_in(codec, in->store);
}

static void journal_step_in(struct codec *codec, const Mneme__JournalStep *in,
                            struct mn_journal_step *out)
{
    for (int i = 1; i < STEP_COUNT; i++) {
        if (strcmp(in->step, step_names[i]) == 0) {
            out->step = (enum mn_step)i;
        }
    }
    (void)codec_check(codec, out->step != 0);
    out->round = in->round;
    out->bounds.plan = in->plan;
    out->bounds.restored = in->restored;
    out->bounds.rolled_back = in->rolled_back;
    out->bounds.unsure = in->unsure;
    out->bounds.spared = in->spared;
    out->bounds.reset = codec_names_in(codec, in->n_reset, in->reset, &out->bounds.reset_count);
    (void)codec_check(codec, out->bounds.reset_count <= in->restored &&
                                 in->rolled_back <= in->restored - out->bounds.reset_count);
    codec_name_in(codec, in->operator_name, &out->operator_name);
    codec_key_in(codec, in->key, false, out->key);
    codec_prose_in(codec, in->reason, out->reason, sizeof out->reason);
    out->at = in->at;
    if (out->step == MN_STEP_ADOPT) {
        adoption_in(codec, in, out);
    }
}

static uint32_t keeper_names_in(struct codec *codec, size_t count, char **texts,
                                struct mn_name names[MN_KEEPER_COUNT_MAX])
{
    uint32_t bounded = codec_count_in(codec, count, MN_KEEPER_COUNT_MAX);
    for (uint32_t i = 0; i < bounded; i++) {
        codec_name_in(codec, texts[i], &names[i]);
        for (uint32_t k = 0; k < i; k++) {
            (void)codec_check(codec, !mn_name_equal(&names[k], &names[i]));
        }
    }
    return bounded;
}

/* A change is of one keeper. */
static void journal_keepers_in(struct codec *codec, const Mneme__JournalKeepers *in,
                               struct mn_journal_keepers *out)
{
    uint32_t stay = 0;
    out->keeper_count = keeper_names_in(codec, in->n_keepers, in->keepers, out->keepers);
    out->next_count = keeper_names_in(codec, in->n_next, in->next, out->next);
    for (uint32_t i = 0; i < out->keeper_count; i++) {
        for (uint32_t k = 0; k < out->next_count; k++) {
            stay += mn_name_equal(&out->keepers[i], &out->next[k]) ? 1 : 0;
        }
    }
    (void)codec_check(codec, out->keeper_count % 2 == 1 &&
                                 (out->next_count == 0 || (out->next_count == out->keeper_count &&
                                                           stay + 1 == out->keeper_count)));
    out->filling = in->filling != 0;
    (void)codec_check(codec, out->next_count > 0 || !out->filling);
    codec_name_in(codec, in->operator_name, &out->operator_name);
    codec_key_in(codec, in->key, false, out->key);
    codec_prose_in(codec, in->reason, out->reason, sizeof out->reason);
    out->at = in->at;
}

static void journal_record_in(struct codec *codec, const Mneme__JournalRecord *in,
                              struct mn_journal_record *out)
{
    codec_version_in(codec, in->version);
    switch (in->body_case) {
    case MNEME__JOURNAL_RECORD__BODY__NOT_SET:
        out->kind = MN_JOURNAL_GENERATION;
        out->generation = (struct mn_journal_generation){0};
        return;
    case MNEME__JOURNAL_RECORD__BODY_GENERATION:
        out->kind = MN_JOURNAL_GENERATION;
        out->generation.at = in->generation->at;
        out->generation.kept = in->generation->kept != 0;
        return;
    case MNEME__JOURNAL_RECORD__BODY_VAT:
        out->kind = MN_JOURNAL_VAT;
        codec_name_in(codec, in->vat->vat, &out->vat.vat);
        out->vat.run = codec_run_in(codec, in->vat->run);
        out->vat.incarnation = in->vat->incarnation;
        codec_name_in(codec, in->vat->host, &out->vat.host);
        codec_lineage_in(codec, in->vat->lineage, &out->vat.lineage);
        out->vat.found = in->vat->found != 0;
        return;
    case MNEME__JOURNAL_RECORD__BODY_DECISION:
        out->kind = MN_JOURNAL_DECISION;
        journal_decision_in(codec, in->decision, &out->decision);
        return;
    case MNEME__JOURNAL_RECORD__BODY_ANSWER:
        out->kind = MN_JOURNAL_ANSWER;
        out->answer.round = in->answer->round;
        out->answer.json =
            codec_expand(codec, &in->answer->answer, MN_ANSWER_SIZE_MAX, &out->answer.size);
        return;
    case MNEME__JOURNAL_RECORD__BODY_DONE:
        out->kind = MN_JOURNAL_DONE;
        out->done.round = in->done->round;
        out->done.restored_at = in->done->restored_at;
        out->done.told_at = in->done->told_at;
        out->done.again = in->done->again != 0;
        return;
    case MNEME__JOURNAL_RECORD__BODY_FREEZE:
        out->kind = MN_JOURNAL_FREEZE;
        out->freeze.round = in->freeze->round;
        out->freeze.suspects =
            codec_vat_runs_in(codec, in->freeze->n_vats, in->freeze->vats, in->freeze->n_runs,
                              in->freeze->runs, &out->freeze.suspect_count);
        return;
    case MNEME__JOURNAL_RECORD__BODY_HOST:
        out->kind = MN_JOURNAL_HOST;
        codec_name_in(codec, in->host->host, &out->host.host);
        out->host.disk = in->host->disk;
        return;
    case MNEME__JOURNAL_RECORD__BODY_RECALL:
        out->kind = MN_JOURNAL_RECALL;
        journal_recall_in(codec, in->recall, &out->recall);
        return;
    case MNEME__JOURNAL_RECORD__BODY_STEP:
        out->kind = MN_JOURNAL_STEP;
        journal_step_in(codec, in->step, &out->step);
        return;
    case MNEME__JOURNAL_RECORD__BODY_KEEPERS:
        out->kind = MN_JOURNAL_KEEPERS;
        journal_keepers_in(codec, in->keepers, &out->keepers);
        return;
    case MNEME__JOURNAL_RECORD__BODY_SQUEEZED: /* one inside the other */
    case _MNEME__JOURNAL_RECORD__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

/* A record that was compressed. */
static void record_expand(struct codec *codec, const Mneme__JournalRecord *in,
                          struct mn_journal_record *out)
{
    struct mn_arena arena = {0};
    struct codec frame = {.arena = &arena};
    size_t size = 0;
    char *bytes = codec_expand(&frame, &in->squeezed, MN_RECORD_WHOLE_SIZE_MAX, &size);
    codec_version_in(codec, in->version);
    codec_fail(codec, frame.result);
    struct codec_scratch scratch;
    uint32_t unknown = 0;
    if (codec->result == MN_OK) {
        const Mneme__JournalRecord *whole = (const Mneme__JournalRecord *)codec_unpack_within(
            codec, &scratch, RECORD_SCRATCH_SIZE_MAX, &mneme__journal_record__descriptor, bytes,
            size, &unknown);
        if (whole != NULL) {
            journal_record_in(codec, whole, out);
        }
        mn_arena_deinit(&scratch.arena);
    }
    mn_arena_deinit(&arena);
}

mn_result mn_journal_record_decode(enum mn_journal_kind kind, const void *bytes, size_t size,
                                   struct mn_arena *arena, struct mn_journal_record *out)
{
    struct codec_scratch scratch;
    struct mn_journal_record record = {0};
    struct codec codec = {.arena = arena, .row_count_max = MN_RECORD_ROW_COUNT_MAX};
    if (size > MN_RECORD_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__JournalRecord *in = (const Mneme__JournalRecord *)codec_unpack(
        &codec, &scratch, &mneme__journal_record__descriptor, bytes, size);
    if (in != NULL && in->body_case == MNEME__JOURNAL_RECORD__BODY_SQUEEZED) {
        record_expand(&codec, in, &record);
    } else if (in != NULL) {
        journal_record_in(&codec, in, &record);
    }
    (void)codec_check(&codec, record.kind == kind);
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = record;
    }
    return codec.result;
}
