/* One request to the coordinator, and its answer. What a request changes there it changes once, so
 * it may be sent again when no answer comes. */
#include "cli/client.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/prose.h"
#include "net/net.h"

enum { CLIENT_FINE = 0, CLIENT_FAILED = 1, CLIENT_BAD = 2, CLIENT_RECONNECT_MS = 200 };

static const char *client_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static mn_result client_parse_words(const struct client_command *command, int argc, char **argv,
                                    struct client_options *options, struct mn_error *error)
{
    options->word_count = argc - optind;
    if (options->word_count > command->word_count) {
        mn_error_set(error, "%.64s is a word too many: it takes %s besides options",
                     argv[optind + command->word_count], command->words);
        return MN_BAD_INPUT;
    }
    if (options->word_count < command->word_count) {
        mn_error_set(error, "a word is missing: it takes %s besides options", command->words);
        return MN_BAD_INPUT;
    }
    for (int i = 0; i < options->word_count; i++) {
        options->words[i] = argv[optind + i];
    }
    if (options->topology == NULL || options->key == NULL) {
        mn_error_set(error, "no %s given: expected %s",
                     options->topology == NULL ? "topology" : "key",
                     options->topology == NULL ? "--topology FILE, or MNEME_TOPOLOGY"
                                               : "--key FILE, or MNEME_KEY");
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

static const struct {
    struct option option;
    unsigned takes; /* 0: every command takes it */
} client_known[] = {{{"topology", required_argument, NULL, 't'}, 0},
                    {{"key", required_argument, NULL, 'k'}, 0},
                    {{"json", no_argument, NULL, 'j'}, 0},
                    {{"help", no_argument, NULL, 'h'}, 0},
                    {{"accept-unknown", no_argument, NULL, 'a'}, CLIENT_TAKES_UNKNOWN},
                    {{"reason", required_argument, NULL, 'r'}, CLIENT_TAKES_REASON},
                    {{"plan", required_argument, NULL, 'p'}, CLIENT_TAKES_PLAN},
                    {{"store", required_argument, NULL, 's'}, CLIENT_TAKES_DISK},
                    {{"host", required_argument, NULL, 'o'}, CLIENT_TAKES_DISK}};

enum { CLIENT_KNOWN_COUNT = sizeof client_known / sizeof *client_known };

/* What was typed of an option, other than --help. */
static mn_result client_option(struct client_options *options, int option, const char *typed,
                               struct mn_error *error)
{
    switch (option) {
    case 't':
        options->topology = optarg;
        break;
    case 'k':
        options->key = optarg;
        break;
    case 'j':
        options->json = true;
        break;
    case 'a':
        options->accept_unknown = true;
        break;
    case 'r':
        options->reason = optarg;
        break;
    case 'p':
        options->plan = optarg;
        break;
    case 's':
        options->store = optarg;
        break;
    case 'o':
        options->host = optarg;
        break;
    case ':':
        mn_error_set(error, "the value of %.64s is missing", typed);
        return MN_BAD_INPUT;
    default:
        mn_error_set(error, "there is no option %.64s", typed);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

mn_result client_parse(const struct client_command *command, int argc, char **argv,
                       struct client_options *options, struct mn_error *error)
{
    struct option longs[CLIENT_KNOWN_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < CLIENT_KNOWN_COUNT; i++) {
        if ((client_known[i].takes & ~command->takes) == 0) {
            longs[count++] = client_known[i].option;
        }
    }
    longs[count] = (struct option){NULL, 0, NULL, 0};
    *options = (struct client_options){.topology = client_environment("MNEME_TOPOLOGY"),
                                       .key = client_environment("MNEME_KEY")};
    optind = 0; /* begin anew, whoever has parsed before */
    opterr = 0;
    for (int option = getopt_long(argc, argv, ":", longs, NULL); option != -1;
         option = getopt_long(argc, argv, ":", longs, NULL)) {
        if (option == 'h') {
            options->help = true;
            return MN_OK;
        }
        mn_result result = client_option(options, option, argv[optind - 1], error);
        if (result != MN_OK) {
            return result;
        }
    }
    return client_parse_words(command, argc, argv, options, error);
}

mn_result client_round(const char *word, struct mn_operator_request *request,
                       struct mn_error *error)
{
    char *end = NULL;
    errno = 0;
    request->round = strtoull(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0) {
        mn_error_set(error, "%.64s is no round; expected its number, as mneme rounds shows it",
                     word);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

mn_result client_reason(const struct client_options *options, struct mn_operator_request *request,
                        struct mn_error *error)
{
    if (options->reason == NULL || options->reason[0] == '\0') {
        mn_error_set(error, "no reason given: expected --reason TEXT");
        return MN_BAD_INPUT;
    }
    size_t length = strlen(options->reason);
    if (length >= sizeof request->reason || !mn_prose_is(options->reason, length)) {
        mn_error_set(error,
                     "the reason is of %zu bytes; expected up to %zu of UTF-8, and no control "
                     "characters",
                     length, sizeof request->reason - 1);
        return MN_BAD_INPUT;
    }
    memcpy(request->reason, options->reason, length + 1);
    return MN_OK;
}

mn_result client_plan(const struct client_options *options, struct mn_operator_request *request,
                      struct mn_error *error)
{
    if (options->plan == NULL) {
        return MN_OK; /* whichever waits */
    }
    if (strlen(options->plan) != 16 || strspn(options->plan, "0123456789abcdef") != 16) {
        mn_error_set(error, "%.64s is no plan; expected 16 hexadecimal digits, as mneme plan shows",
                     options->plan);
        return MN_BAD_INPUT;
    }
    request->plan = strtoull(options->plan, NULL, 16);
    return MN_OK;
}

/* A conversation of one request. */
struct client_call {
    uint64_t request;
    struct mn_arena arena; /* holds the reply's JSON */
    struct mn_operator_reply reply;
    mn_result result; /* of decoding it */
    bool answered;
};

static void client_receive(void *context, struct mn_socket *socket,
                           const struct mn_message *message)
{
    struct client_call *call = context;
    (void)socket;
    if (call->answered) {
        return;
    }
    call->result =
        mn_operator_reply_decode(message->frame, message->frame_size, &call->arena, &call->reply);
    call->answered = call->result != MN_OK || call->reply.request == call->request;
}

static mn_result client_wait(struct mn_net *net, struct mn_socket *socket,
                             const struct mn_buffer *request, struct client_call *call)
{
    static const mn_time waits[] = {CLIENT_AGAIN_MS * MN_MS,
                                    (CLIENT_WAIT_MS - CLIENT_AGAIN_MS) * MN_MS};
    mn_result result = MN_OK;
    for (size_t i = 0; i < 2 && result == MN_OK && !call->answered; i++) {
        result = mn_send(socket, NULL, request->bytes, request->size, NULL, 0);
        result = result == MN_AGAIN ? MN_OK : result; /* refused there: as if nobody were there */
        mn_time until = mn_now() + waits[i];
        while (result == MN_OK && !call->answered && mn_now() < until) {
            result = mn_net_run(net, until);
        }
    }
    return result;
}

static mn_result client_call(const struct topology *topology, const struct mn_keys *keys,
                             const struct mn_operator_request *request, struct client_call *call,
                             struct mn_error *error)
{
    const char *endpoint = topology->coordinator.operators;
    struct mn_net *net = NULL;
    struct mn_socket *socket = NULL;
    struct mn_buffer buffer = {0};
    mn_result result = mn_operator_request_encode(request, &buffer);
    if (result == MN_OK) {
        result = mn_net_new(&net, keys, NULL, NULL, error);
    }
    if (result == MN_OK) {
        result = mn_dealer_connect(net, endpoint, topology->coordinator.key, false,
                                   CLIENT_RECONNECT_MS, client_receive, call, &socket, error);
    }
    if (result == MN_OK) {
        call->request = request->request;
        result = client_wait(net, socket, &buffer, call);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot ask the coordinator at %s: %s", endpoint,
                     mn_result_text(result));
    } else if (!call->answered) {
        mn_error_set(error,
                     "the coordinator at %s cannot be reached: no answer within %d s; see whether "
                     "it runs there, and whether its own topology names your key",
                     endpoint, CLIENT_WAIT_MS / 1000);
        result = MN_AGAIN;
    } else if (call->result != MN_OK) {
        mn_error_set(error, "the coordinator at %s answered something else: %s", endpoint,
                     mn_result_text(call->result));
        result = call->result == MN_NO_MEMORY ? MN_NO_MEMORY : MN_IO;
    } else if (call->reply.code != MN_OK) {
        mn_error_set(error, "%s", call->reply.text);
        result = call->reply.code == MN_BAD_INPUT ? MN_IO : call->reply.code;
    }
    mn_net_destroy(&net);
    mn_buffer_deinit(&buffer);
    return result;
}

/* Whether the coordinator is at work on it still, as its answer says. */
static bool client_at_work(const struct client_command *command,
                           const struct mn_operator_reply *reply,
                           struct mn_operator_request *request)
{
    if (command->at_work == NULL) {
        return false;
    }
    json_t *facts = json_loadb(reply->json, reply->json_size, 0, NULL);
    bool at_work = command->at_work(facts, request);
    json_decref(facts);
    return at_work;
}

static void client_pause(void)
{
    struct timespec pause = {.tv_nsec = CLIENT_LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static mn_result client_load(const struct client_options *options, struct topology **topology,
                             struct mn_keys *keys, struct mn_error *error)
{
    mn_result result = topology_load(options->topology, topology, error);
    if (result == MN_OK) {
        result = mn_keys_read(keys, options->key, error);
    }
    if (result == MN_OK &&
        topology_find_operator_key(*topology, keys->public_key) == TOPOLOGY_NONE) {
        mn_error_set(error,
                     "--key %s is no operator's key: %s names none with the public key %s; the "
                     "coordinator would refuse it",
                     options->key, options->topology, keys->public_key);
        result = MN_DENIED;
    }
    return result;
}

static mn_result client_print(const struct client_command *command,
                              const struct client_options *options, const struct topology *topology,
                              const struct mn_operator_reply *reply, int *status,
                              struct mn_error *error)
{
    struct mn_text text = {0};
    mn_result result = MN_OK;
    json_t *facts = json_loadb(reply->json, reply->json_size, 0, NULL);
    *status = command->status != NULL ? command->status(facts) : CLIENT_FINE;
    if (options->json) {
        mn_text_add_bytes(&text, reply->json, reply->json_size);
        mn_text_add(&text, "\n");
        result = mn_text_result(&text);
    } else {
        result = facts == NULL ? MN_BAD_INPUT
                               : command->tell(&text, facts, topology, isatty(STDOUT_FILENO) == 1);
    }
    json_decref(facts);
    if (result == MN_BAD_INPUT) {
        mn_error_set(error, "the coordinator's answer is not understood; is it of another version? "
                            "--json shows it as it is");
        result = MN_IO;
    } else if (result != MN_OK) {
        mn_error_set(error, "%s", mn_result_text(result));
    } else if (fwrite(text.bytes, 1, text.size, stdout) != text.size || fflush(stdout) != 0) {
        mn_error_set(error, "standard output cannot be written");
        result = MN_IO;
    }
    mn_text_deinit(&text);
    return result;
}

static mn_result client_do(const struct client_command *command,
                           const struct client_options *options, int *status,
                           struct mn_error *error)
{
    struct mn_operator_request request = {.request = 1};
    struct topology *topology = NULL;
    struct mn_keys keys;
    struct client_call call = {.request = 0};
    mn_result result = command->fill(options, &request, error);
    if (result == MN_OK) {
        result = client_load(options, &topology, &keys, error);
    }
    if (result == MN_OK) {
        result = client_call(topology, &keys, &request, &call, error);
    }
    mn_time patient_until = mn_now() + CLIENT_PATIENT_MS * MN_MS;
    while (result == MN_OK && client_at_work(command, &call.reply, &request)) {
        if (patient_until != 0 && mn_now() > patient_until) {
            (void)fprintf(stderr,
                          "mneme %s: it is under way, and this waits until it is done; %s\n",
                          command->name, command->meanwhile);
            patient_until = 0;
        }
        client_pause();
        mn_arena_deinit(&call.arena);
        call = (struct client_call){.request = 0};
        request.request += 1;
        result = client_call(topology, &keys, &request, &call, error);
    }
    if (result == MN_OK) {
        result = client_print(command, options, topology, &call.reply, status, error);
    }
    mn_arena_deinit(&call.arena);
    topology_destroy(&topology);
    return result;
}

int client_run(const struct client_command *command, int argc, char **argv)
{
    struct client_options options;
    struct mn_error error = {{0}};
    int bad = command->bad_is_failed ? CLIENT_FAILED : CLIENT_BAD;
    int status = CLIENT_FINE;
    mn_result result = client_parse(command, argc, argv, &options, &error);
    if (result != MN_OK) {
        (void)fprintf(stderr, "mneme %s: %s; see mneme %s --help\n", command->name, error.text,
                      command->name);
        return bad;
    }
    if (options.help) {
        return fputs(command->usage, stdout) < 0 || fflush(stdout) != 0 ? CLIENT_FAILED
                                                                        : CLIENT_FINE;
    }
    result = client_do(command, &options, &status, &error);
    if (result == MN_OK) {
        return status;
    }
    (void)fprintf(stderr, "mneme %s: %s\n", command->name,
                  error.text[0] != '\0' ? error.text : mn_result_text(result));
    return result == MN_BAD_INPUT ? bad : CLIENT_FAILED;
}
