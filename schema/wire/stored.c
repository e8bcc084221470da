/* A checkpoint's own record, a session's state, an agent's records. */
#include "wire/stored.h"

#include <string.h>

#include "codec.h"
#include "codec_keeping.h"
#include "stored.pb-c.h"

mn_result mn_checkpoint_record_encode(const struct mn_checkpoint_record *record,
                                      struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__CheckpointRecord out = MNEME__CHECKPOINT_RECORD__INIT;
    out.version = MN_PROTOCOL_VERSION;
    out.vat = codec_text(record->vat.text);
    out.run = record->run;
    out.incarnation = record->incarnation;
    out.epoch = record->epoch;
    out.since = record->since;
    out.onto = record->onto;
    out.names = codec_names_out(&codec, record->names, record->name_count);
    out.n_names = record->name_count;
    out.heard = codec_heard_out(&codec, record->heard, record->heard_count);
    out.heard_before = record->heard_before;
    out.known = codec_known_out(&codec, record->known, record->known_count);
    out.fork = codec_fork_out(&codec, &record->fork);
    out.round = record->round;
    out.blob_count = record->blob_count;
    out.body_size = record->body_size;
    out.settled = record->settled;
    out.floor = record->floor;
    out.written_at = record->written_at;
    uint64_t *handled = codec_take(&codec, record->handled_count, sizeof *handled);
    if (handled != NULL && record->handled_count > 0) {
        memcpy(handled, record->handled, record->handled_count * sizeof *handled);
        out.handled = handled;
        out.n_handled = record->handled_count;
    }
    return codec_pack(&codec, &out.base, buffer);
}

static void checkpoint_record_in(struct codec *codec, const Mneme__CheckpointRecord *in,
                                 struct mn_checkpoint_record *out)
{
    codec_version_in(codec, in->version);
    codec_name_in(codec, in->vat, &out->vat);
    out->run = codec_run_in(codec, in->run);
    out->incarnation = in->incarnation;
    out->epoch = codec_epoch_in(codec, in->epoch, 1);
    out->since = codec_epoch_in(codec, in->since, 0);
    out->onto = codec_epoch_in(codec, in->onto, 0);
    (void)codec_check(codec, in->since < in->epoch && in->onto < in->epoch);
    /* Each incarnation begins with a run of its own. */
    (void)codec_check(codec, in->run >= 1 && in->run == mn_epoch_run(in->epoch) &&
                                 in->incarnation <= in->run && in->round <= MN_ROUND_MAX);
    out->names = codec_names_in(codec, in->n_names, in->names, &out->name_count);
    out->heard = codec_heard_in(codec, in->heard, out->name_count, &out->heard_count);
    out->heard_before = in->heard_before;
    codec_heard_bounds_in(codec, out->name_count, out->heard_count, in->heard_before);
    out->known = codec_known_in(codec, in->known, out->name_count, &out->known_count);
    (void)codec_check(codec, out->known_count <= out->name_count); /* or no report could say it */
    codec_fork_in(codec, in->fork, in->incarnation, &out->fork);
    out->round = in->round;
    out->blob_count = in->blob_count;
    out->body_size = in->body_size;
    out->settled = in->settled;
    out->floor = codec_epoch_in(codec, in->floor, 0);
    (void)codec_check(codec, in->floor < in->epoch);
    out->written_at = in->written_at;
    (void)codec_check(codec, in->written_at >= 0);
    out->handled_count = codec_count_in(codec, in->n_handled, MN_TOLD_ROUND_COUNT_MAX);
    uint64_t *handled = codec_take(codec, out->handled_count, sizeof *handled);
    if (handled != NULL && out->handled_count > 0) {
        memcpy(handled, in->handled, out->handled_count * sizeof *handled);
    }
    out->handled = handled;
}

mn_result mn_checkpoint_record_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                      struct mn_checkpoint_record *out)
{
    struct codec_scratch scratch;
    struct mn_checkpoint_record record = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__CheckpointRecord *in = (const Mneme__CheckpointRecord *)codec_unpack(
        &codec, &scratch, &mneme__checkpoint_record__descriptor, bytes, size);
    if (in != NULL) {
        checkpoint_record_in(&codec, in, &record);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = record;
    }
    return codec.result;
}

mn_result mn_session_state_encode(const struct mn_session_state *state, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__SessionState out = MNEME__SESSION_STATE__INIT;
    out.peer = codec_text(state->peer.text);
    out.run = state->run;
    out.incarnation = state->incarnation;
    out.next = state->next;
    out.taken = state->taken;
    out.bases = codec_bases_out(&codec, &state->bases);
    out.gaps = codec_gaps_out(&codec, &state->gaps);
    out.covered = state->covered;
    out.covered_epoch = state->covered_epoch;
    out.taken_epoch = state->taken_epoch;
    out.forked = state->forked;
    out.agreed = state->agreed;
    out.gaps_told = state->gaps_told;
    out.fork = codec_fork_out(&codec, &state->fork);
    return codec_pack(&codec, &out.base, buffer);
}

mn_result mn_session_state_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                  struct mn_session_state *out)
{
    struct codec_scratch scratch;
    struct mn_session_state state = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__SessionState *in = (const Mneme__SessionState *)codec_unpack(
        &codec, &scratch, &mneme__session_state__descriptor, bytes, size);
    if (in != NULL) {
        codec_name_in(&codec, in->peer, &state.peer);
        state.run = codec_run_in(&codec, in->run);
        state.incarnation = in->incarnation;
        state.next = in->next;
        state.taken = in->taken;
        codec_bases_in(&codec, in->bases, in->next, &state.bases);
        codec_gaps_in(&codec, in->gaps, in->taken, &state.gaps);
        state.covered = in->covered;
        (void)codec_check(&codec, in->covered < in->next || in->covered == 0);
        state.covered_epoch = codec_epoch_in(&codec, in->covered_epoch, 0);
        state.taken_epoch = codec_epoch_in(&codec, in->taken_epoch, 0);
        state.forked = in->forked;
        state.agreed = in->agreed;
        state.gaps_told = in->gaps_told;
        codec_fork_in(&codec, in->fork, in->incarnation, &state.fork);
        (void)codec_check(&codec, in->gaps_told < in->next || in->gaps_told == 0);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = state;
    }
    return codec.result;
}

/* What a keeper's record points to while it is packed. */
struct agent_keeper_parts {
    Mneme__AgentPromise promise;
    Mneme__AgentHead head;
    Mneme__AgentNoted noted;
};

static void agent_keeper_out(struct codec *codec, const struct mn_agent_record *record,
                             struct agent_keeper_parts *parts, Mneme__AgentRecord *out)
{
    switch (record->kind) {
    case MN_AGENT_PROMISE:
        parts->promise.generation = record->promise.generation;
        parts->promise.candidate = record->promise.candidate;
        out->body_case = MNEME__AGENT_RECORD__BODY_PROMISE;
        out->promise = &parts->promise;
        break;
    case MN_AGENT_HEAD:
        parts->head.generation = record->head.generation;
        parts->head.sequence = record->head.sequence;
        out->body_case = MNEME__AGENT_RECORD__BODY_HEAD;
        out->head = &parts->head;
        break;
    case MN_AGENT_KEPT:
        out->body_case = MNEME__AGENT_RECORD__BODY_KEPT;
        out->kept = codec_kept_out(codec, &record->kept);
        break;
    case MN_AGENT_NOTED:
        codec_noted_out(codec, record->noted.items, record->noted.count, &parts->noted.hosts,
                        &parts->noted.disks);
        parts->noted.n_hosts = parts->noted.n_disks =
            codec->result == MN_OK ? record->noted.count : 0;
        out->body_case = MNEME__AGENT_RECORD__BODY_NOTED;
        out->noted = &parts->noted;
        break;
    case MN_AGENT_MEMBER:
        out->body_case = MNEME__AGENT_RECORD__BODY_MEMBER;
        out->member = (uint32_t)record->member;
        break;
    case MN_AGENT_VAT:
    case MN_AGENT_FENCE:
    case MN_AGENT_ROUND:
    case MN_AGENT_GENERATION:
    case MN_AGENT_DISK:
    case MN_AGENT_ASIDE:
    case MN_AGENT_FLOOR:
        break; /* not a keeper's */
    }
}

mn_result mn_agent_record_encode(const struct mn_agent_record *record, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__AgentRecord out = MNEME__AGENT_RECORD__INIT;
    Mneme__AgentVat vat = MNEME__AGENT_VAT__INIT;
    Mneme__AgentFence fence = MNEME__AGENT_FENCE__INIT;
    Mneme__AgentAside aside = MNEME__AGENT_ASIDE__INIT;
    Mneme__AgentFloor floor = MNEME__AGENT_FLOOR__INIT;
    struct agent_keeper_parts parts = {.promise = MNEME__AGENT_PROMISE__INIT,
                                       .head = MNEME__AGENT_HEAD__INIT,
                                       .noted = MNEME__AGENT_NOTED__INIT};
    out.version = MN_PROTOCOL_VERSION;
    switch (record->kind) {
    case MN_AGENT_VAT:
        vat.start = codec_start_out(&codec, &record->vat.start);
        vat.pid = record->vat.pid;
        vat.pid_started = record->vat.pid_started;
        vat.endpoint = codec_text(record->vat.endpoint.text);
        out.body_case = MNEME__AGENT_RECORD__BODY_VAT;
        out.vat = &vat;
        break;
    case MN_AGENT_FENCE:
        fence.vat = codec_text(record->fence.vat.text);
        fence.run = record->fence.run;
        out.body_case = MNEME__AGENT_RECORD__BODY_FENCE;
        out.fence = &fence;
        break;
    case MN_AGENT_ROUND:
        out.body_case = MNEME__AGENT_RECORD__BODY_ROUND;
        out.round = codec_decision_out(&codec, &record->round);
        break;
    case MN_AGENT_GENERATION:
        out.body_case = MNEME__AGENT_RECORD__BODY_GENERATION;
        out.generation = record->generation;
        break;
    case MN_AGENT_DISK:
        out.body_case = MNEME__AGENT_RECORD__BODY_DISK;
        out.disk = record->disk;
        break;
    case MN_AGENT_ASIDE:
        aside.vat = codec_text(record->aside.vat.text);
        aside.run = record->aside.run;
        aside.count = record->aside.count;
        out.body_case = MNEME__AGENT_RECORD__BODY_ASIDE;
        out.aside = &aside;
        break;
    case MN_AGENT_FLOOR:
        floor.vat = codec_text(record->floor.vat.text);
        floor.run = record->floor.run;
        floor.epoch = record->floor.epoch;
        out.body_case = MNEME__AGENT_RECORD__BODY_FLOOR;
        out.floor = &floor;
        break;
    case MN_AGENT_PROMISE:
    case MN_AGENT_HEAD:
    case MN_AGENT_NOTED:
    case MN_AGENT_KEPT:
    case MN_AGENT_MEMBER:
        agent_keeper_out(&codec, record, &parts, &out);
        break;
    }
    return codec_pack(&codec, &out.base, buffer);
}

static void agent_record_in(struct codec *codec, const Mneme__AgentRecord *in,
                            struct mn_agent_record *out)
{
    codec_version_in(codec, in->version);
    switch (in->body_case) {
    case MNEME__AGENT_RECORD__BODY_VAT:
        out->kind = MN_AGENT_VAT;
        codec_start_in(codec, in->vat->start, &out->vat.start);
        out->vat.pid = in->vat->pid;
        out->vat.pid_started = in->vat->pid_started;
        codec_endpoint_in(codec, in->vat->endpoint, &out->vat.endpoint);
        return;
    case MNEME__AGENT_RECORD__BODY_FENCE:
        out->kind = MN_AGENT_FENCE;
        codec_name_in(codec, in->fence->vat, &out->fence.vat);
        out->fence.run = codec_run_in(codec, in->fence->run);
        return;
    case MNEME__AGENT_RECORD__BODY_ROUND:
        out->kind = MN_AGENT_ROUND;
        codec_decision_in(codec, in->round, &out->round);
        return;
    case MNEME__AGENT_RECORD__BODY_GENERATION:
        out->kind = MN_AGENT_GENERATION;
        out->generation = in->generation;
        return;
    case MNEME__AGENT_RECORD__BODY_DISK:
        out->kind = MN_AGENT_DISK;
        out->disk = in->disk;
        return;
    case MNEME__AGENT_RECORD__BODY_ASIDE:
        out->kind = MN_AGENT_ASIDE;
        codec_name_in(codec, in->aside->vat, &out->aside.vat);
        out->aside.run = codec_run_in(codec, in->aside->run);
        out->aside.count = in->aside->count;
        return;
    case MNEME__AGENT_RECORD__BODY_FLOOR:
        out->kind = MN_AGENT_FLOOR;
        codec_name_in(codec, in->floor->vat, &out->floor.vat);
        out->floor.run = codec_run_in(codec, in->floor->run);
        out->floor.epoch = codec_epoch_in(codec, in->floor->epoch, 1);
        return;
    case MNEME__AGENT_RECORD__BODY_PROMISE:
        out->kind = MN_AGENT_PROMISE;
        out->promise.generation = in->promise->generation;
        out->promise.candidate = in->promise->candidate;
        return;
    case MNEME__AGENT_RECORD__BODY_HEAD:
        out->kind = MN_AGENT_HEAD;
        out->head.generation = in->head->generation;
        out->head.sequence = in->head->sequence;
        return;
    case MNEME__AGENT_RECORD__BODY_KEPT:
        out->kind = MN_AGENT_KEPT;
        codec_kept_in(codec, in->kept, &out->kept);
        return;
    case MNEME__AGENT_RECORD__BODY_NOTED:
        out->kind = MN_AGENT_NOTED;
        out->noted.items = codec_noted_in(codec, in->noted->n_hosts, in->noted->hosts,
                                          in->noted->n_disks, in->noted->disks, &out->noted.count);
        return;
    case MNEME__AGENT_RECORD__BODY_MEMBER:
        out->kind = MN_AGENT_MEMBER;
        out->member = (enum mn_member)codec_enum_in(codec, in->member, MN_MEMBER_WHOLE);
        return;
    case MNEME__AGENT_RECORD__BODY__NOT_SET:
    case _MNEME__AGENT_RECORD__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_agent_record_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                 struct mn_agent_record *out)
{
    struct codec_scratch scratch;
    struct mn_agent_record record = {0};
    struct codec codec = {.arena = arena, .row_count_max = MN_LONG_ROW_COUNT_MAX};
    if (size > MN_RECORD_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__AgentRecord *in = (const Mneme__AgentRecord *)codec_unpack(
        &codec, &scratch, &mneme__agent_record__descriptor, bytes, size);
    if (in != NULL) {
        agent_record_in(&codec, in, &record);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = record;
    }
    return codec.result;
}
