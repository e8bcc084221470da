/* Coordinator to agent. */
#include "codec_adopt.h"
#include "codec_keeping.h"
#include "codec_squeeze.h"

/* What is no longer goes as it is. */
enum { DOWN_PLAIN_SIZE_MAX = 4096 };

static Mneme__Probe *probe_out(struct codec *codec, const struct mn_down *message)
{
    uint32_t count = message->probe.endpoint_count;
    Mneme__Probe *out = codec_take(codec, 1, sizeof *out);
    char **endpoints = codec_take(codec, count, sizeof *endpoints);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        endpoints[i] = codec_text(message->probe.endpoints[i].text);
    }
    mneme__probe__init(out);
    out->probe = message->probe.probe;
    out->host = codec_text(message->probe.host.text);
    out->endpoints = endpoints;
    out->n_endpoints = count;
    return out;
}

static Mneme__Freeze *freeze_out(struct codec *codec, const struct mn_down *message)
{
    const struct mn_vat_table *suspects = &message->freeze.suspects;
    Mneme__Freeze *out = codec_take(codec, 1, sizeof *out);
    char **hosts = codec_names_out(codec, message->freeze.hosts, message->freeze.host_count);
    struct codec_vats table = codec_vats_out(codec, suspects);
    uint32_t *runs = codec_take_unset(codec, suspects->count, sizeof *runs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < suspects->count; i++) {
        runs[i] = message->freeze.runs[i];
    }
    mneme__freeze__init(out);
    out->round = message->freeze.round;
    out->attempt = message->freeze.attempt;
    out->hosts = hosts;
    out->n_hosts = message->freeze.host_count;
    out->vats = table.names;
    out->n_vats = table.name_count;
    out->numbers = table.numbers;
    out->runs = runs;
    out->n_runs = suspects->count;
    return out;
}

static Mneme__More *more_out(struct codec *codec, const struct mn_down *message)
{
    Mneme__More *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__more__init(out);
        out->round = message->more.round;
        out->attempt = message->more.attempt;
        out->part = message->more.part;
    }
    return out;
}

static Mneme__Promise *promise_out(struct codec *codec, const struct mn_down *message)
{
    Mneme__Promise *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__promise__init(out);
        out->candidate = message->promise.candidate;
        out->attempt = message->promise.attempt;
    }
    return out;
}

static Mneme__Leased *leased_out(struct codec *codec, const struct mn_down *message)
{
    uint32_t count = message->leased.vat_count;
    Mneme__Leased *out = codec_take(codec, 1, sizeof *out);
    char **vats = NULL;
    uint32_t *runs = NULL;
    codec_vat_runs_out(codec, message->leased.vats, count, &vats, &runs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__leased__init(out);
    out->asker = message->leased.asker;
    out->number = message->leased.number;
    out->lease_ms = message->leased.lease_ms;
    out->vats = vats;
    out->runs = runs;
    out->n_vats = out->n_runs = count;
    return out;
}

static Mneme__Stop *stop_out(struct codec *codec, const struct mn_stop *stop)
{
    Mneme__Stop *out = codec_take(codec, 1, sizeof *out);
    Mneme__Lineage *lineage = codec_lineage_out(codec, &stop->lineage);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__stop__init(out);
    out->vat = codec_text(stop->vat.text);
    out->run = stop->run;
    out->lineage = lineage;
    return out;
}

static Mneme__Address *address_out(struct codec *codec, const struct mn_address *address)
{
    Mneme__Address *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__address__init(out);
        out->vat = codec_text(address->vat.text);
        out->run = address->run;
        out->incarnation = address->incarnation;
        out->host = codec_text(address->host.text);
        out->endpoint = codec_text(address->endpoint.text);
    }
    return out;
}

/* What stands in the buffer behind @before, compressed, when that is shorter. A freeze names every
 * suspect to every host, and their names are much alike. What no receiver would expand is refused
 * here, where somebody hears of it. */
static mn_result down_squeeze(struct mn_buffer *buffer, size_t before)
{
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__Down down = MNEME__DOWN__INIT;
    down.version = MN_PROTOCOL_VERSION;
    down.body_case = MNEME__DOWN__BODY_SQUEEZED;
    down.squeezed = codec_squeeze_behind(&codec, buffer, before, MN_LONG_SIZE_MAX);
    if (codec.result == MN_OK && down.squeezed.len > 0) {
        buffer->size = before;
        return codec_pack(&codec, &down.base, buffer);
    }
    mn_arena_deinit(&arena);
    return codec.result;
}

mn_result mn_down_encode(const struct mn_down *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    size_t before = buffer->size;
    mn_arena_init_in(&arena, &room, 0);
    Mneme__Down down = MNEME__DOWN__INIT;
    Mneme__Welcome welcome = MNEME__WELCOME__INIT;
    Mneme__Taken taken = MNEME__TAKEN__INIT;
    down.version = MN_PROTOCOL_VERSION;
    down.generation = message->generation;
    down.head = message->head;
    down.body_case = (Mneme__Down__BodyCase)message->kind;
    switch (message->kind) {
    case MN_DOWN_WELCOME:
        welcome.newest_round = message->welcome.newest_round;
        welcome.send_everything = message->welcome.send_everything;
        welcome.numbering = message->welcome.numbering;
        welcome.joins = message->welcome.joins;
        down.welcome = &welcome;
        break;
    case MN_DOWN_TAKEN:
        taken.sequence = message->taken.sequence;
        down.taken = &taken;
        break;
    case MN_DOWN_PROBE:
        down.probe = probe_out(&codec, message);
        break;
    case MN_DOWN_FREEZE:
        down.freeze = freeze_out(&codec, message);
        break;
    case MN_DOWN_MORE:
        down.more = more_out(&codec, message);
        break;
    case MN_DOWN_START:
        down.start = codec_start_out(&codec, &message->start);
        break;
    case MN_DOWN_STOP:
        down.stop = stop_out(&codec, &message->stop);
        break;
    case MN_DOWN_DECISION:
        down.decision = codec_decision_out(&codec, &message->decision);
        break;
    case MN_DOWN_ADDRESS:
        down.address = address_out(&codec, &message->address);
        break;
    case MN_DOWN_LEASED:
        down.leased = leased_out(&codec, message);
        break;
    case MN_DOWN_PROMISE:
        down.promise = promise_out(&codec, message);
        break;
    case MN_DOWN_KEEP:
        down.keep = codec_keep_out(&codec, message);
        break;
    case MN_DOWN_RECALL:
        down.recall = codec_recall_out(&codec, message);
        break;
    case MN_DOWN_ADOPT:
        down.adopt = codec_adopt_out(&codec, &message->adopt);
        break;
    }
    mn_result result = codec_pack(&codec, &down.base, buffer);
    if (result == MN_OK && buffer->size - before > DOWN_PLAIN_SIZE_MAX) {
        result = down_squeeze(buffer, before);
    }
    if (result != MN_OK) {
        buffer->size = before;
    }
    return result;
}

static void probe_in(struct codec *codec, const Mneme__Probe *in, struct mn_down *out)
{
    out->probe.probe = in->probe;
    codec_name_in(codec, in->host, &out->probe.host);
    out->probe.endpoint_count = codec_count_in(codec, in->n_endpoints, MN_PROBE_ENDPOINT_COUNT_MAX);
    struct mn_endpoint *endpoints = codec_take(codec, out->probe.endpoint_count, sizeof *endpoints);
    for (uint32_t i = 0; endpoints != NULL && i < out->probe.endpoint_count; i++) {
        codec_endpoint_in(codec, in->endpoints[i], &endpoints[i]);
    }
    out->probe.endpoints = endpoints;
}

static void freeze_in(struct codec *codec, const Mneme__Freeze *in, struct mn_down *out)
{
    out->freeze.round = in->round;
    out->freeze.attempt = in->attempt;
    out->freeze.hosts = codec_names_in(codec, in->n_hosts, in->hosts, &out->freeze.host_count);
    codec_vats_in(codec, in->n_vats, in->vats, in->numbers, NULL, &out->freeze.suspects);
    (void)codec_check(codec, in->n_runs == out->freeze.suspects.count);
    mn_run *runs = codec_take_unset(codec, out->freeze.suspects.count, sizeof *runs);
    for (uint32_t i = 0; codec->result == MN_OK && i < out->freeze.suspects.count; i++) {
        runs[i] = codec_run_in(codec, in->runs[i]);
    }
    out->freeze.runs = runs;
}

static void address_in(struct codec *codec, const Mneme__Address *in, struct mn_address *out)
{
    codec_name_in(codec, in->vat, &out->vat);
    out->run = codec_run_in(codec, in->run);
    out->incarnation = in->incarnation;
    codec_name_in(codec, in->host, &out->host);
    codec_endpoint_in(codec, in->endpoint, &out->endpoint);
}

static void down_in(struct codec *codec, const Mneme__Down *in, struct mn_down *out)
{
    codec_version_in(codec, in->version);
    out->generation = codec_generation_in(codec, in->generation);
    out->head = in->head;
    out->kind = (enum mn_down_kind)in->body_case;
    switch (in->body_case) {
    case MNEME__DOWN__BODY_WELCOME:
        out->welcome.newest_round = in->welcome->newest_round;
        out->welcome.send_everything = in->welcome->send_everything != 0;
        out->welcome.numbering = in->welcome->numbering;
        out->welcome.joins = in->welcome->joins != 0;
        return;
    case MNEME__DOWN__BODY_TAKEN:
        out->taken.sequence = in->taken->sequence;
        return;
    case MNEME__DOWN__BODY_PROBE:
        probe_in(codec, in->probe, out);
        return;
    case MNEME__DOWN__BODY_FREEZE:
        freeze_in(codec, in->freeze, out);
        return;
    case MNEME__DOWN__BODY_MORE:
        out->more.round = in->more->round;
        out->more.attempt = in->more->attempt;
        out->more.part = in->more->part;
        return;
    case MNEME__DOWN__BODY_START:
        codec_start_in(codec, in->start, &out->start);
        return;
    case MNEME__DOWN__BODY_STOP:
        codec_name_in(codec, in->stop->vat, &out->stop.vat);
        out->stop.run = codec_run_in(codec, in->stop->run);
        codec_lineage_in(codec, in->stop->lineage, &out->stop.lineage);
        return;
    case MNEME__DOWN__BODY_DECISION:
        codec_decision_in(codec, in->decision, &out->decision);
        return;
    case MNEME__DOWN__BODY_ADDRESS:
        address_in(codec, in->address, &out->address);
        return;
    case MNEME__DOWN__BODY_LEASED:
        out->leased.asker = in->leased->asker;
        out->leased.number = in->leased->number;
        out->leased.lease_ms = in->leased->lease_ms;
        out->leased.vats =
            codec_vat_runs_in(codec, in->leased->n_vats, in->leased->vats, in->leased->n_runs,
                              in->leased->runs, &out->leased.vat_count);
        return;
    case MNEME__DOWN__BODY_PROMISE:
        out->promise.candidate = in->promise->candidate;
        out->promise.attempt = in->promise->attempt;
        return;
    case MNEME__DOWN__BODY_KEEP:
        codec_keep_in(codec, in->keep, out);
        return;
    case MNEME__DOWN__BODY_RECALL:
        codec_recall_in(codec, in->recall, out);
        return;
    case MNEME__DOWN__BODY_ADOPT:
        codec_adopt_in(codec, in->adopt, &out->adopt);
        return;
    case MNEME__DOWN__BODY_SQUEEZED: /* one inside the other */
    case MNEME__DOWN__BODY__NOT_SET:
    case _MNEME__DOWN__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

/* A message that was compressed; its rows are bounded otherwise. */
static void down_expand(struct codec *codec, const Mneme__Down *in, struct mn_down *out)
{
    struct mn_arena arena = {0};
    struct codec frame = {.arena = &arena};
    size_t size = 0;
    char *bytes = codec_expand(&frame, &in->squeezed, MN_LONG_SIZE_MAX, &size);
    codec_version_in(codec, in->version);
    codec_fail(codec, frame.result);
    struct codec_scratch scratch;
    const Mneme__Down *whole = NULL;
    if (codec->result == MN_OK) {
        whole = (const Mneme__Down *)codec_unpack(codec, &scratch, &mneme__down__descriptor, bytes,
                                                  size);
        if (whole != NULL) {
            codec->row_count_max = MN_LONG_ROW_COUNT_MAX;
            down_in(codec, whole, out);
        }
        mn_arena_deinit(&scratch.arena);
    }
    mn_arena_deinit(&arena);
}

mn_result mn_down_decode(const void *bytes, size_t size, struct mn_arena *arena,
                         struct mn_down *out)
{
    struct codec_scratch scratch;
    struct mn_down message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__Down *in =
        (const Mneme__Down *)codec_unpack(&codec, &scratch, &mneme__down__descriptor, bytes, size);
    if (in != NULL && in->body_case == MNEME__DOWN__BODY_SQUEEZED) {
        down_expand(&codec, in, &message);
    } else if (in != NULL) {
        down_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
