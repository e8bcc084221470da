/* Agent to coordinator. */
#include "codec.h"
#include "codec_adopt.h"
#include "codec_keeping.h"
#include "codec_states.h"

static Mneme__Hello *hello_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__Hello *out = codec_take(codec, 1, sizeof *out);
    Mneme__VatStates *states =
        codec_states_out(codec, message->hello.vats, message->hello.vat_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__hello__init(out);
    out->host = codec_text(message->hello.host.text);
    out->agent = codec_text(message->hello.agent.text);
    out->vats = states;
    out->newest_round = message->hello.newest_round;
    out->everything = message->hello.everything ? 1 : 0;
    out->head_generation = message->hello.head.generation;
    out->head_sequence = message->hello.head.sequence;
    out->numbering = message->hello.numbering;
    out->holds = message->hello.holds ? 1 : 0;
    out->seen_round = message->hello.seen_round;
    out->joins = message->hello.joins ? 1 : 0;
    out->frozen_round = message->hello.frozen_round;
    return out;
}

/* Most checkpoints are written in the same round as the one before. */
static void report_applied_out(struct codec *codec, const struct mn_report *report,
                               Mneme__Report *out)
{
    bool any = false;
    for (uint32_t i = 0; i < report->row_count; i++) {
        any = any || report->rows[i].applied > 0;
    }
    uint32_t count = any ? report->row_count : 0;
    uint64_t *applied = codec_take(codec, count, sizeof *applied);
    for (uint32_t i = 0; applied != NULL && i < count; i++) {
        applied[i] = report->rows[i].applied;
    }
    out->applied = applied;
    out->n_applied = applied != NULL ? count : 0;
}

static Mneme__Report *report_out(struct codec *codec, const struct mn_report *report)
{
    uint32_t count = report->row_count;
    Mneme__Report *out = codec_take(codec, 1, sizeof *out);
    uint32_t *vats = codec_take(codec, count, sizeof *vats);
    int64_t *epochs = codec_take(codec, count, sizeof *epochs);
    int64_t *sinces = codec_take(codec, count, sizeof *sinces);
    int64_t *ontos = codec_take(codec, count, sizeof *ontos);
    int64_t *floors = codec_take(codec, count, sizeof *floors);
    uint32_t *flags = codec_take(codec, count, sizeof *flags);
    uint32_t *counts = codec_take(codec, count, sizeof *counts);
    uint32_t *ages = codec_take(codec, count, sizeof *ages);
    Mneme__Heard *heard = codec_heard_out(codec, report->heard, report->heard_count);
    struct codec_vats table = codec_vats_out(codec, &report->vats);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mn_row *row = &report->rows[i];
        vats[i] = row->vat;
        epochs[i] = row->epoch;
        sinces[i] = row->since;
        ontos[i] = row->onto;
        floors[i] = row->floor;
        flags[i] = (row->durable ? 1U : 0U) | (row->here ? 2U : 0U) | (row->gone ? 4U : 0U);
        counts[i] = row->heard_count;
        ages[i] = row->age;
    }
    mneme__report__init(out);
    out->sequence = report->sequence;
    out->names = table.names;
    out->n_names = table.name_count;
    out->numbers = table.numbers;
    out->known = table.known;
    out->vat = vats;
    out->epoch = epochs;
    out->since = sinces;
    out->onto = ontos;
    out->flags = flags;
    out->heard_count = counts;
    out->heard = heard;
    out->floor = floors;
    out->age = ages;
    out->n_vat = out->n_epoch = out->n_since = out->n_onto = count;
    out->n_flags = out->n_heard_count = out->n_floor = out->n_age = count;
    report_applied_out(codec, report, out);
    return codec->result == MN_OK ? out : NULL;
}

static void intervals_heard_out(struct codec *codec, const struct mn_intervals *intervals,
                                Mneme__Intervals *out)
{
    uint32_t count = intervals->heard_count;
    uint32_t *vats = codec_take_unset(codec, count, sizeof *vats);
    uint64_t *epochs = codec_take_unset(codec, count, sizeof *epochs);
    mn_epoch last = 0;
    for (uint32_t i = 0; codec->result == MN_OK && i < count; i++) {
        vats[i] = intervals->heard[i].peer;
        epochs[i] = codec_fold(last, intervals->heard[i].epoch);
        last = intervals->heard[i].epoch;
    }
    out->heard_vat = vats;
    out->heard_epoch = epochs;
    out->n_heard_vat = out->n_heard_epoch = count;
}

static Mneme__Intervals *intervals_out(struct codec *codec, const struct mn_intervals *intervals)
{
    uint32_t count = intervals->interval_count;
    Mneme__Intervals *out = codec_take(codec, 1, sizeof *out);
    uint32_t *vats = codec_take(codec, count, sizeof *vats);
    uint64_t *epochs = codec_take(codec, count, sizeof *epochs);
    uint64_t *sinces = codec_take(codec, count, sizeof *sinces);
    uint32_t *counts = codec_take(codec, count, sizeof *counts);
    uint32_t *silent = codec_take(codec, intervals->silent_count, sizeof *silent);
    struct codec_vats table = codec_vats_out(codec, &intervals->vats);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mn_epoch last = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct mn_interval *interval = &intervals->intervals[i];
        vats[i] = interval->vat;
        epochs[i] = codec_fold(last, interval->epoch);
        sinces[i] = codec_fold(interval->since, interval->epoch);
        counts[i] = interval->heard_count;
        last = interval->epoch;
    }
    for (uint32_t i = 0; i < intervals->silent_count; i++) {
        silent[i] = intervals->silent[i];
    }
    mneme__intervals__init(out);
    out->round = intervals->round;
    out->attempt = intervals->attempt;
    out->part = intervals->part;
    out->more = intervals->more;
    out->names = table.names;
    out->n_names = table.name_count;
    out->numbers = table.numbers;
    out->known = table.known;
    out->vat = vats;
    out->epoch = epochs;
    out->since = sinces;
    out->heard_count = counts;
    out->n_vat = out->n_epoch = out->n_since = out->n_heard_count = count;
    out->silent = silent;
    out->n_silent = intervals->silent_count;
    intervals_heard_out(codec, intervals, out);
    return codec->result == MN_OK ? out : NULL;
}

static Mneme__Probed *probed_out(struct codec *codec, const struct mn_up *message)
{
    uint32_t count = message->probed.answer_count;
    Mneme__Probed *out = codec_take(codec, 1, sizeof *out);
    uint32_t *answers = codec_take(codec, count, sizeof *answers);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        answers[i] = (uint32_t)message->probed.answers[i];
    }
    mneme__probed__init(out);
    out->probe = message->probed.probe;
    out->host = codec_text(message->probed.host.text);
    out->answers = answers;
    out->n_answers = count;
    return out;
}

static Mneme__Leases *leases_out(struct codec *codec, const struct mn_up *message)
{
    uint32_t count = message->leases.vat_count;
    Mneme__Leases *out = codec_take(codec, 1, sizeof *out);
    char **vats = NULL;
    uint32_t *runs = NULL;
    codec_vat_runs_out(codec, message->leases.vats, count, &vats, &runs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__leases__init(out);
    out->asker = message->leases.asker;
    out->number = message->leases.number;
    out->vats = vats;
    out->runs = runs;
    out->n_vats = out->n_runs = count;
    return out;
}

static Mneme__VatDiffers *differs_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__VatDiffers *out = codec_take(codec, 1, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    mneme__vat_differs__init(out);
    out->vat = codec_text(message->differs.vat.vat.text);
    out->run = message->differs.vat.run;
    out->peer = codec_text(message->differs.differs.peer.text);
    out->peer_run = message->differs.differs.run;
    out->self = message->differs.differs.self ? 1 : 0;
    out->epoch = message->differs.differs.epoch;
    return out;
}

static Mneme__Handled *handled_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__Handled *out = codec_take(codec, 1, sizeof *out);
    struct codec_vats table = codec_vats_out(codec, &message->handled.vat);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__handled__init(out);
    out->vat = table.names;
    out->n_vat = table.name_count;
    out->numbers = table.numbers;
    out->run = message->handled.run;
    out->round = message->handled.round;
    return out;
}

mn_result mn_up_encode(const struct mn_up *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__Up up = MNEME__UP__INIT;
    Mneme__Heartbeat heartbeat = MNEME__HEARTBEAT__INIT;
    Mneme__Lookup lookup = MNEME__LOOKUP__INIT;
    Mneme__Overtaken overtaken = MNEME__OVERTAKEN__INIT;
    up.version = MN_PROTOCOL_VERSION;
    up.generation = message->generation;
    up.disk = message->disk;
    up.before = message->before;
    up.body_case = (Mneme__Up__BodyCase)message->kind;
    switch (message->kind) {
    case MN_UP_HELLO:
        up.hello = hello_out(&codec, message);
        break;
    case MN_UP_HEARTBEAT:
        heartbeat.number = message->heartbeat.number;
        heartbeat.lag_ms = message->heartbeat.lag_ms;
        heartbeat.disk_ms = message->heartbeat.disk_ms;
        heartbeat.complete = message->heartbeat.complete ? 1 : 0;
        heartbeat.untaken = message->heartbeat.untaken;
        heartbeat.room = message->heartbeat.room;
        up.heartbeat = &heartbeat;
        break;
    case MN_UP_REPORT:
        up.report = report_out(&codec, &message->report);
        break;
    case MN_UP_VAT_STATE:
        up.vat_state =
            codec_state_out(&codec, &message->vat_state.status, message->vat_state.reason);
        break;
    case MN_UP_INTERVALS:
        up.intervals = intervals_out(&codec, &message->intervals);
        break;
    case MN_UP_PROBED:
        up.probed = probed_out(&codec, message);
        break;
    case MN_UP_HANDLED:
        up.handled = handled_out(&codec, message);
        break;
    case MN_UP_LOOKUP:
        lookup.vat = codec_text(message->lookup.vat.text);
        up.lookup = &lookup;
        break;
    case MN_UP_LEASES:
        up.leases = leases_out(&codec, message);
        break;
    case MN_UP_PROMISED:
        up.promised = codec_promised_out(&codec, message);
        break;
    case MN_UP_KEPT:
        up.kept = codec_answer_out(&codec, message);
        break;
    case MN_UP_RECALLED:
        up.recalled = codec_recalled_out(&codec, message);
        break;
    case MN_UP_OVERTAKEN:
        overtaken.generation = message->overtaken.generation;
        up.overtaken = &overtaken;
        break;
    case MN_UP_DIFFERS:
        up.differs = differs_out(&codec, message);
        break;
    case MN_UP_ADOPTED:
        up.adopted = codec_adopted_out(&codec, &message->adopted);
        break;
    }
    return codec_pack(&codec, &up.base, buffer);
}

static void hello_in(struct codec *codec, const Mneme__Hello *in, struct mn_up *out)
{
    codec_name_in(codec, in->host, &out->hello.host);
    codec_endpoint_in(codec, in->agent, &out->hello.agent);
    out->hello.newest_round = in->newest_round;
    out->hello.everything = in->everything != 0;
    out->hello.numbering = in->numbering;
    out->hello.holds = in->holds != 0;
    out->hello.seen_round = in->seen_round;
    out->hello.joins = in->joins != 0;
    out->hello.frozen_round = in->frozen_round;
    out->hello.head =
        (struct mn_head){.generation = codec_generation_in(codec, in->head_generation),
                         .sequence = in->head_sequence};
    out->hello.vats = codec_states_in(codec, in->vats, &out->hello.vat_count);
}

/* What a row says of a checkpoint stands in that one's file, which others may have written. So the
 * core judges each row by itself, and one that breaks its rules does not keep the others out. */
static void row_in(struct codec *codec, const Mneme__Report *in, uint32_t i, uint32_t *at,
                   struct mn_report *report, struct mn_row *row)
{
    row->vat = codec_index_in(codec, in->vat[i], report->vats.count);
    row->epoch = in->epoch[i];
    row->since = in->since[i];
    row->onto = in->onto[i];
    row->floor = in->floor[i];
    row->age = in->n_age > 0 ? in->age[i] : 0;
    row->applied = in->n_applied > 0 ? in->applied[i] : 0;
    (void)codec_check(codec, in->flags[i] <= 7);
    row->durable = (in->flags[i] & 1U) != 0;
    row->here = (in->flags[i] & 2U) != 0;
    row->gone = (in->flags[i] & 4U) != 0;
    row->heard_count = in->heard_count[i];
    codec_slice_in(codec, row->heard_count, report->heard_count, at, &row->heard_first);
}

static void report_in(struct codec *codec, const Mneme__Report *in, struct mn_report *out)
{
    size_t count = in->n_vat;
    uint32_t at = 0;
    out->sequence = in->sequence;
    (void)codec_check(codec, in->n_epoch == count && in->n_since == count && in->n_onto == count &&
                                 in->n_flags == count && in->n_heard_count == count &&
                                 in->n_floor == count && (in->n_age == count || in->n_age == 0) &&
                                 (in->n_applied == count || in->n_applied == 0));
    codec_vats_in(codec, in->n_names, in->names, in->numbers, in->known, &out->vats);
    out->heard = codec_heard_in(codec, in->heard, out->vats.count, &out->heard_count);
    out->row_count = codec_count_in(codec, count, MN_BATCH_ROW_COUNT_MAX);
    struct mn_row *rows = codec_take(codec, out->row_count, sizeof *rows);
    for (uint32_t i = 0; rows != NULL && i < out->row_count; i++) {
        row_in(codec, in, i, &at, out, &rows[i]);
    }
    (void)codec_check(codec, at == out->heard_count);
    out->rows = rows;
}

static const struct mn_heard *intervals_heard_in(struct codec *codec, const Mneme__Intervals *in,
                                                 uint32_t vat_count, uint32_t *out_count)
{
    (void)codec_check(codec, in->n_heard_vat == in->n_heard_epoch);
    *out_count = codec_count_in(codec, in->n_heard_vat, MN_BATCH_HEARD_COUNT_MAX);
    struct mn_heard *heard = codec_take_unset(codec, *out_count, sizeof *heard);
    uint64_t epoch = 0;
    for (uint32_t i = 0; heard != NULL && i < *out_count; i++) {
        epoch += codec_unfold(in->heard_epoch[i]);
        heard[i] = (struct mn_heard){.peer = codec_index_in(codec, in->heard_vat[i], vat_count),
                                     .epoch = codec_epoch_in(codec, (mn_epoch)epoch, 1)};
    }
    return heard;
}

static void intervals_in(struct codec *codec, const Mneme__Intervals *in, struct mn_intervals *out)
{
    size_t count = in->n_vat;
    uint32_t at = 0;
    uint64_t epoch = 0;
    out->round = in->round;
    out->attempt = in->attempt;
    out->part = in->part;
    out->more = in->more != 0;
    (void)codec_check(codec,
                      in->n_epoch == count && in->n_since == count && in->n_heard_count == count);
    codec_vats_in(codec, in->n_names, in->names, in->numbers, in->known, &out->vats);
    out->heard = intervals_heard_in(codec, in, out->vats.count, &out->heard_count);
    out->interval_count = codec_count_in(codec, count, MN_BATCH_ROW_COUNT_MAX);
    struct mn_interval *intervals = codec_take(codec, out->interval_count, sizeof *intervals);
    for (uint32_t i = 0; intervals != NULL && i < out->interval_count; i++) {
        intervals[i].vat = codec_index_in(codec, in->vat[i], out->vats.count);
        epoch += codec_unfold(in->epoch[i]);
        mn_epoch since = (mn_epoch)(epoch - codec_unfold(in->since[i]));
        intervals[i].epoch = codec_epoch_in(codec, (mn_epoch)epoch, 1);
        intervals[i].since = codec_epoch_in(codec, since, 0);
        (void)codec_check(codec, since < intervals[i].epoch);
        intervals[i].heard_count = in->heard_count[i];
        codec_slice_in(codec, in->heard_count[i], out->heard_count, &at, &intervals[i].heard_first);
    }
    (void)codec_check(codec, at == out->heard_count);
    out->intervals = intervals;
    out->silent_count = codec_count_in(codec, in->n_silent, MN_BATCH_ROW_COUNT_MAX);
    uint32_t *silent = codec_take(codec, out->silent_count, sizeof *silent);
    for (uint32_t i = 0; silent != NULL && i < out->silent_count; i++) {
        silent[i] = codec_index_in(codec, in->silent[i], out->vats.count);
    }
    out->silent = silent;
}

static void probed_in(struct codec *codec, const Mneme__Probed *in, struct mn_up *out)
{
    out->probed.probe = in->probe;
    codec_name_in(codec, in->host, &out->probed.host);
    out->probed.answer_count = codec_count_in(codec, in->n_answers, MN_PROBE_ENDPOINT_COUNT_MAX);
    enum mn_probe_answer *answers = codec_take(codec, out->probed.answer_count, sizeof *answers);
    for (uint32_t i = 0; answers != NULL && i < out->probed.answer_count; i++) {
        answers[i] = (enum mn_probe_answer)codec_enum_in(codec, in->answers[i], MN_PROBE_SILENT);
    }
    out->probed.answers = answers;
}

static void differs_in(struct codec *codec, const Mneme__VatDiffers *in, struct mn_up *out)
{
    codec_name_in(codec, in->vat, &out->differs.vat.vat);
    out->differs.vat.run = codec_run_in(codec, in->run);
    codec_name_in(codec, in->peer, &out->differs.differs.peer);
    out->differs.differs.run = codec_run_in(codec, in->peer_run);
    out->differs.differs.self = in->self != 0;
    out->differs.differs.epoch = codec_epoch_in(codec, in->epoch, 1);
}

static void handled_in(struct codec *codec, const Mneme__Handled *in, struct mn_up *out)
{
    codec_vats_in(codec, in->n_vat, in->vat, in->numbers, NULL, &out->handled.vat);
    (void)codec_check(codec, out->handled.vat.count == 1);
    out->handled.run = codec_run_in(codec, in->run);
    out->handled.round = in->round;
}

static void up_in(struct codec *codec, const Mneme__Up *in, struct mn_up *out)
{
    codec_version_in(codec, in->version);
    out->generation = codec_generation_in(codec, in->generation);
    out->disk = in->disk;
    out->before = in->before;
    out->kind = (enum mn_up_kind)in->body_case;
    switch (in->body_case) {
    case MNEME__UP__BODY_HELLO:
        hello_in(codec, in->hello, out);
        return;
    case MNEME__UP__BODY_HEARTBEAT:
        out->heartbeat.number = in->heartbeat->number;
        out->heartbeat.lag_ms = in->heartbeat->lag_ms;
        out->heartbeat.disk_ms = in->heartbeat->disk_ms;
        out->heartbeat.complete = in->heartbeat->complete != 0;
        out->heartbeat.untaken = in->heartbeat->untaken;
        out->heartbeat.room = in->heartbeat->room;
        return;
    case MNEME__UP__BODY_REPORT:
        report_in(codec, in->report, &out->report);
        return;
    case MNEME__UP__BODY_VAT_STATE:
        codec_state_in(codec, in->vat_state, &out->vat_state.status);
        codec_text_in(codec, in->vat_state->reason, out->vat_state.reason,
                      sizeof out->vat_state.reason);
        return;
    case MNEME__UP__BODY_INTERVALS:
        intervals_in(codec, in->intervals, &out->intervals);
        return;
    case MNEME__UP__BODY_PROBED:
        probed_in(codec, in->probed, out);
        return;
    case MNEME__UP__BODY_HANDLED:
        handled_in(codec, in->handled, out);
        return;
    case MNEME__UP__BODY_LOOKUP:
        codec_name_in(codec, in->lookup->vat, &out->lookup.vat);
        return;
    case MNEME__UP__BODY_LEASES:
        out->leases.asker = in->leases->asker;
        out->leases.number = in->leases->number;
        out->leases.vats =
            codec_vat_runs_in(codec, in->leases->n_vats, in->leases->vats, in->leases->n_runs,
                              in->leases->runs, &out->leases.vat_count);
        return;
    case MNEME__UP__BODY_PROMISED:
        codec_promised_in(codec, in->promised, out);
        return;
    case MNEME__UP__BODY_KEPT:
        codec_answer_in(codec, in->kept, out);
        return;
    case MNEME__UP__BODY_RECALLED:
        codec_recalled_in(codec, in->recalled, out);
        return;
    case MNEME__UP__BODY_OVERTAKEN:
        out->overtaken.generation = codec_generation_in(codec, in->overtaken->generation);
        return;
    case MNEME__UP__BODY_DIFFERS:
        differs_in(codec, in->differs, out);
        return;
    case MNEME__UP__BODY_ADOPTED:
        codec_adopted_in(codec, in->adopted, &out->adopted);
        return;
    case MNEME__UP__BODY__NOT_SET:
    case _MNEME__UP__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_up_decode(const void *bytes, size_t size, struct mn_arena *arena, struct mn_up *out)
{
    struct codec_scratch scratch;
    struct mn_up message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__Up *in =
        (const Mneme__Up *)codec_unpack(&codec, &scratch, &mneme__up__descriptor, bytes, size);
    if (in != NULL) {
        up_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
