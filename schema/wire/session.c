/* Between two vats. The payloads of Data never pass through protobuf. */
#include "wire/session.h"

#include <string.h>

#include "codec.h"
#include "session.pb-c.h"

static Mneme__Data *data_out(struct codec *codec, const struct mn_session *message)
{
    uint32_t count = message->data.count;
    Mneme__Data *out = codec_take(codec, 1, sizeof *out);
    uint32_t *sizes = codec_take(codec, count, sizeof *sizes);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = message->data.sizes[i];
    }
    mneme__data__init(out);
    out->epoch = message->data.epoch;
    out->first = message->data.first;
    out->size = sizes;
    out->n_size = count;
    out->total = message->data.total;
    out->offset = message->data.offset;
    return out;
}

static uint64_t *anew_out(struct codec *codec, const struct mn_unsure *unsure, size_t *count)
{
    *count = unsure->lineage.count;
    uint64_t *anew = codec_take(codec, *count, sizeof *anew);
    for (size_t i = 0; anew != NULL && i < *count; i++) {
        anew[i] = unsure->anew[i];
    }
    return anew;
}

static void greet_out(struct codec *codec, const struct mn_session *message, Mneme__Greet *out)
{
    out->next = message->greet.next;
    out->oldest = message->greet.oldest;
    out->taken_of_you = message->greet.taken_of_you;
    out->bases = codec_bases_out(codec, &message->greet.bases);
    out->known_of_you = message->greet.known_of_you;
    out->gaps = codec_gaps_out(codec, &message->greet.gaps);
    out->to = codec_text(message->greet.to.text);
    out->taken_epoch = message->greet.taken_epoch;
    out->covered = message->greet.covered;
    out->covered_epoch = message->greet.covered_epoch;
    out->durable = message->greet.durable;
    out->behind = message->greet.behind;
    out->lineage = codec_lineage_out(codec, &message->greet.unsure.lineage);
    out->anew = anew_out(codec, &message->greet.unsure, &out->n_anew);
    out->fork = codec_fork_out(codec, &message->greet.fork);
}

static void greeted_out(struct codec *codec, const struct mn_session *message, Mneme__Greeted *out)
{
    out->taken = message->greeted.taken;
    out->covered = message->greeted.covered;
    out->floor = message->greeted.floor;
    out->next = message->greeted.next;
    out->oldest = message->greeted.oldest;
    out->bases = codec_bases_out(codec, &message->greeted.bases);
    out->known_of_you = message->greeted.known_of_you;
    out->gaps = codec_gaps_out(codec, &message->greeted.gaps);
    out->durable = message->greeted.durable;
    out->taken_epoch = message->greeted.taken_epoch;
    out->lineage = codec_lineage_out(codec, &message->greeted.unsure.lineage);
    out->anew = anew_out(codec, &message->greeted.unsure, &out->n_anew);
    out->fork = codec_fork_out(codec, &message->greeted.fork);
}

mn_result mn_session_encode(const struct mn_session *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__Session session = MNEME__SESSION__INIT;
    Mneme__Greet greet = MNEME__GREET__INIT;
    Mneme__Greeted greeted = MNEME__GREETED__INIT;
    Mneme__Marks marks = MNEME__MARKS__INIT;
    Mneme__SessionWho who = MNEME__SESSION_WHO__INIT;
    Mneme__SessionRefused refused = MNEME__SESSION_REFUSED__INIT;
    Mneme__Skip skip = MNEME__SKIP__INIT;
    Mneme__SessionWaits waits = MNEME__SESSION_WAITS__INIT;
    session.version = MN_PROTOCOL_VERSION;
    session.vat = codec_text(message->vat.text);
    session.run = message->run;
    session.incarnation = message->incarnation;
    session.round = message->round;
    session.body_case = (Mneme__Session__BodyCase)message->kind;
    switch (message->kind) {
    case MN_SESSION_GREET:
        greet_out(&codec, message, &greet);
        session.greet = &greet;
        break;
    case MN_SESSION_GREETED:
        greeted_out(&codec, message, &greeted);
        session.greeted = &greeted;
        break;
    case MN_SESSION_DATA:
        session.data = data_out(&codec, message);
        break;
    case MN_SESSION_MARKS:
        marks.taken = message->marks.taken;
        marks.covered = message->marks.covered;
        marks.floor = message->marks.floor;
        marks.begun = message->marks.begun;
        marks.durable = message->marks.durable;
        session.marks = &marks;
        break;
    case MN_SESSION_WHO:
        session.who = &who;
        break;
    case MN_SESSION_REFUSED:
        refused.run = message->refused.run;
        session.refused = &refused;
        break;
    case MN_SESSION_SKIP:
        skip.epoch = message->skip.epoch;
        skip.first = message->skip.first;
        skip.last = message->skip.last;
        session.skip = &skip;
        break;
    case MN_SESSION_WAITS:
        waits.behind = message->waits.behind;
        session.waits = &waits;
        break;
    }
    return codec_pack(&codec, &session.base, buffer);
}

static void data_in(struct codec *codec, const Mneme__Data *in, const void *payload,
                    size_t payload_size, struct mn_session *out)
{
    uint64_t sum = 0;
    out->data.epoch = codec_epoch_in(codec, in->epoch, 1);
    out->data.first = in->first;
    out->data.count = codec_count_in(codec, in->n_size, MN_BATCH_ROW_COUNT_MAX);
    (void)codec_check(codec,
                      in->n_size >= 1 && in->first >= 1 && in->first <= UINT64_MAX - in->n_size);
    uint32_t *sizes = codec_take(codec, out->data.count, sizeof *sizes);
    for (uint32_t i = 0; sizes != NULL && i < out->data.count; i++) {
        sizes[i] = in->size[i];
        sum += in->size[i]; /* fewer than 2^16 numbers below 2^32 */
    }
    if (in->total > MN_PAYLOAD_SIZE_MAX) {
        codec_fail(codec, MN_TOO_LARGE);
    }
    (void)codec_check(codec, sum == payload_size);
    (void)codec_check(codec, in->total == 0 ? in->offset == 0
                                            : in->n_size == 1 && sum >= 1 && sum <= in->total &&
                                                  in->offset <= in->total - sum);
    out->data.total = in->total;
    out->data.offset = in->offset;
    out->data.sizes = sizes;
    out->data.payload = payload;
    out->data.payload_size = payload_size;
}

static void unsure_in(struct codec *codec, const Mneme__Lineage *lineage, size_t count,
                      const uint64_t *anew, struct mn_unsure *out)
{
    codec_lineage_in(codec, lineage, &out->lineage);
    if (codec_check(codec, count == out->lineage.count)) {
        for (size_t i = 0; i < count; i++) {
            (void)codec_check(codec, anew[i] >= 1);
            out->anew[i] = anew[i];
        }
    }
}

/* The oldest number kept is at most the next. */
static void greet_in(struct codec *codec, const Mneme__Greet *in, struct mn_session *out)
{
    out->greet.next = in->next;
    out->greet.oldest = in->oldest;
    out->greet.taken_of_you = in->taken_of_you;
    out->greet.known_of_you = in->known_of_you;
    codec_gaps_in(codec, in->gaps, in->taken_of_you, &out->greet.gaps);
    codec_name_in(codec, in->to, &out->greet.to);
    codec_bases_in(codec, in->bases, in->next, &out->greet.bases);
    (void)codec_check(codec, in->oldest >= 1 && in->oldest <= in->next);
    out->greet.taken_epoch = codec_epoch_in(codec, in->taken_epoch, 0);
    out->greet.covered = in->covered;
    out->greet.covered_epoch = codec_epoch_in(codec, in->covered_epoch, 0);
    out->greet.durable = codec_epoch_in(codec, in->durable, 0);
    out->greet.behind = in->behind != 0;
    unsure_in(codec, in->lineage, in->n_anew, in->anew, &out->greet.unsure);
    codec_fork_in(codec, in->fork, out->incarnation, &out->greet.fork);
}

/* The same; what is covered has been taken, and what lies below the floor is covered. */
static void greeted_in(struct codec *codec, const Mneme__Greeted *in, struct mn_session *out)
{
    out->greeted.taken = in->taken;
    out->greeted.covered = in->covered;
    out->greeted.floor = in->floor;
    out->greeted.next = in->next;
    out->greeted.oldest = in->oldest;
    out->greeted.known_of_you = in->known_of_you;
    codec_gaps_in(codec, in->gaps, in->taken, &out->greeted.gaps);
    codec_bases_in(codec, in->bases, in->next, &out->greeted.bases);
    (void)codec_check(codec, in->oldest >= 1 && in->oldest <= in->next &&
                                 in->covered <= in->taken && in->floor <= in->covered);
    out->greeted.durable = codec_epoch_in(codec, in->durable, 0);
    out->greeted.taken_epoch = codec_epoch_in(codec, in->taken_epoch, 0);
    unsure_in(codec, in->lineage, in->n_anew, in->anew, &out->greeted.unsure);
    codec_fork_in(codec, in->fork, out->incarnation, &out->greeted.fork);
}

/* What is covered has been taken; what lies below the floor is covered. */
static void session_in(struct codec *codec, const Mneme__Session *in, const void *payload,
                       size_t payload_size, struct mn_session *out)
{
    codec_version_in(codec, in->version);
    codec_name_in(codec, in->vat, &out->vat);
    out->run = codec_run_in(codec, in->run);
    out->incarnation = in->incarnation;
    out->round = in->round;
    out->kind = (enum mn_session_kind)in->body_case;
    (void)codec_check(codec, in->body_case == MNEME__SESSION__BODY_DATA || payload_size == 0);
    switch (in->body_case) {
    case MNEME__SESSION__BODY_GREET:
        greet_in(codec, in->greet, out);
        return;
    case MNEME__SESSION__BODY_GREETED:
        greeted_in(codec, in->greeted, out);
        return;
    case MNEME__SESSION__BODY_DATA:
        data_in(codec, in->data, payload, payload_size, out);
        return;
    case MNEME__SESSION__BODY_MARKS:
        out->marks.taken = in->marks->taken;
        out->marks.covered = in->marks->covered;
        out->marks.floor = in->marks->floor;
        out->marks.begun = in->marks->begun;
        (void)codec_check(codec, in->marks->covered <= in->marks->taken &&
                                     in->marks->floor <= in->marks->covered &&
                                     in->marks->begun < MN_PAYLOAD_SIZE_MAX);
        out->marks.durable = codec_epoch_in(codec, in->marks->durable, 0);
        return;
    case MNEME__SESSION__BODY_WHO:
        return;
    case MNEME__SESSION__BODY_REFUSED:
        out->refused.run = codec_run_in(codec, in->refused->run);
        return;
    case MNEME__SESSION__BODY_SKIP:
        out->skip.epoch = codec_epoch_in(codec, in->skip->epoch, 1);
        out->skip.first = in->skip->first;
        out->skip.last = in->skip->last;
        (void)codec_check(codec, in->skip->first >= 1 && in->skip->first <= in->skip->last &&
                                     in->skip->last < UINT64_MAX);
        return;
    case MNEME__SESSION__BODY_WAITS:
        out->waits.behind = in->waits->behind != 0;
        return;
    case MNEME__SESSION__BODY__NOT_SET:
    case _MNEME__SESSION__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

/* How much there is of a message of @kind: behind it the union has what other kinds need. Most are
 * of few bytes, a greeting is of many. */
static size_t session_size(enum mn_session_kind kind)
{
    const struct mn_session *message = NULL;
    switch (kind) {
    case MN_SESSION_GREET:
        return offsetof(struct mn_session, greet) + sizeof message->greet;
    case MN_SESSION_GREETED:
        return offsetof(struct mn_session, greeted) + sizeof message->greeted;
    case MN_SESSION_DATA:
        return offsetof(struct mn_session, data) + sizeof message->data;
    case MN_SESSION_MARKS:
        return offsetof(struct mn_session, marks) + sizeof message->marks;
    case MN_SESSION_WHO:
        break;
    case MN_SESSION_WAITS:
        return offsetof(struct mn_session, waits) + sizeof message->waits;
    case MN_SESSION_REFUSED:
        return offsetof(struct mn_session, refused) + sizeof message->refused;
    case MN_SESSION_SKIP:
        return offsetof(struct mn_session, skip) + sizeof message->skip;
    }
    return offsetof(struct mn_session, greet);
}

mn_result mn_session_decode(const void *bytes, size_t size, const void *payload,
                            size_t payload_size, struct mn_arena *arena, struct mn_session *out)
{
    struct codec_scratch scratch;
    struct mn_session message;
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX || payload_size > MN_MESSAGE_SIZE_MAX - size) {
        return MN_TOO_LARGE;
    }
    const Mneme__Session *in = (const Mneme__Session *)codec_unpack(
        &codec, &scratch, &mneme__session__descriptor, bytes, size);
    if (in != NULL) {
        size_t used = session_size((enum mn_session_kind)in->body_case);
        memset(&message, 0, used);
        session_in(&codec, in, payload, payload_size, &message);
        if (codec.result == MN_OK) {
            memcpy(out, &message, used);
        }
    }
    mn_arena_deinit(&scratch.arena);
    return codec.result;
}
