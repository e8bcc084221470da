/* An operator's command and the coordinator. */
#include "wire/operator.h"

#include <string.h>

#include "codec.h"
#include "operator.pb-c.h"

static const char *const operator_commands[] = {NULL,     "status",  "rounds",  "explain",
                                                "recall", "plan",    "approve", "reject",
                                                "adopt",  "keepers", "replace"};

enum { OPERATOR_COMMAND_COUNT = sizeof operator_commands / sizeof *operator_commands };

mn_result mn_operator_request_encode(const struct mn_operator_request *message,
                                     struct mn_buffer *buffer)
{
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__OperatorRequest request = MNEME__OPERATOR_REQUEST__INIT;
    request.version = MN_PROTOCOL_VERSION;
    request.request = message->request;
    request.command = codec_text(operator_commands[message->command]);
    request.round = message->round;
    request.vat = codec_text(message->vat.text);
    request.reason = codec_text(message->reason);
    request.plan = message->plan;
    request.host = codec_text(message->host.text);
    request.store = codec_text(message->store);
    request.adoption = message->adoption;
    request.keeper = codec_text(message->keeper.text);
    return codec_pack(&codec, &request.base, buffer);
}

static void request_in(struct codec *codec, const Mneme__OperatorRequest *in,
                       struct mn_operator_request *out)
{
    codec_version_in(codec, in->version);
    out->request = in->request;
    out->round = in->round;
    out->plan = in->plan;
    out->adoption = in->adoption;
    codec_text_in(codec, in->store, out->store, sizeof out->store);
    if (in->host[0] != '\0') {
        codec_name_in(codec, in->host, &out->host);
    }
    if (in->keeper[0] != '\0') {
        codec_name_in(codec, in->keeper, &out->keeper);
    }
    codec_prose_in(codec, in->reason, out->reason, sizeof out->reason);
    if (in->vat[0] != '\0') {
        codec_name_in(codec, in->vat, &out->vat);
    }
    for (int i = 1; i < OPERATOR_COMMAND_COUNT; i++) {
        if (strcmp(in->command, operator_commands[i]) == 0) {
            out->command = (enum mn_command)i;
            return;
        }
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_operator_request_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                     struct mn_operator_request *out)
{
    struct codec_scratch scratch;
    struct mn_operator_request message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__OperatorRequest *in = (const Mneme__OperatorRequest *)codec_unpack(
        &codec, &scratch, &mneme__operator_request__descriptor, bytes, size);
    if (in != NULL) {
        request_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}

mn_result mn_operator_reply_encode(const struct mn_operator_reply *message,
                                   struct mn_buffer *buffer)
{
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__OperatorReply reply = MNEME__OPERATOR_REPLY__INIT;
    reply.version = MN_PROTOCOL_VERSION;
    reply.request = message->request;
    reply.code = (uint32_t)-message->code;
    reply.text = codec_text(message->text);
    reply.json.data = (uint8_t *)codec_text(message->json);
    reply.json.len = message->json_size;
    return codec_pack(&codec, &reply.base, buffer);
}

mn_result mn_operator_reply_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                   struct mn_operator_reply *out)
{
    struct codec_scratch scratch;
    struct mn_operator_reply message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__OperatorReply *in = (const Mneme__OperatorReply *)codec_unpack(
        &codec, &scratch, &mneme__operator_reply__descriptor, bytes, size);
    if (in != NULL) {
        codec_version_in(&codec, in->version);
        message.request = in->request;
        message.code = codec_code_in(in->code);
        codec_text_in(&codec, in->text, message.text, sizeof message.text);
        char *json = codec_take(&codec, in->json.len + 1, 1);
        if (json != NULL && in->json.len > 0) {
            memcpy(json, in->json.data, in->json.len);
        }
        message.json = json;
        message.json_size = in->json.len;
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
