/* The agent of fake_agent.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/vat/fake_agent.h"
#include "core/blobs.h"
#include "store/checkpoint_file.h"

static int index_of_peer(const struct fake_agent *agent, const struct mn_peer *peer)
{
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        if (memcmp(&agent->vats[i].peer, peer, sizeof *peer) == 0) {
            return i;
        }
    }
    return -1;
}

static int index_of_name(const struct fake_agent *agent, const struct mn_name *name)
{
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        if (mn_name_equal(&agent->vats[i].name, name)) {
            return i;
        }
    }
    return -1;
}

void fake_agent_tell(struct fake_agent *agent, int index, const struct mn_to_vat *message)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_to_vat_encode(message, &buffer), MN_OK);
    mn_result result =
        mn_send(agent->router, &agent->vats[index].peer, buffer.bytes, buffer.size, NULL, 0);
    assert_true(result == MN_OK || result == MN_NOT_FOUND);
    mn_buffer_deinit(&buffer);
}

static void say_address(struct fake_agent *agent, int to, int of)
{
    const struct fake_vat *vat = &agent->vats[of];
    struct mn_to_vat message = {.kind = MN_TO_VAT_ADDRESS};
    message.address.peer = vat->name;
    message.address.run = vat->run;
    message.address.incarnation = 1;
    message.address.endpoint = vat->endpoint;
    memcpy(message.address.key, agent->keys.public_key, MN_KEY_TEXT_SIZE);
    fake_agent_tell(agent, to, &message);
}

/* The checkpoints that restore the newest one, the full first. */
static uint32_t chain_of(struct fake_vat *vat)
{
    mn_epoch wanted = vat->written_count == 0 ? 0 : vat->written[vat->written_count - 1].epoch;
    uint32_t count = 0;
    for (size_t i = vat->written_count; i > 0; i--) {
        if (vat->written[i - 1].epoch == wanted) {
            vat->chain[FAKE_WRITTEN_COUNT_MAX - 1 - count] = wanted;
            count += 1;
            wanted = vat->written[i - 1].onto;
        }
    }
    memmove(vat->chain, vat->chain + FAKE_WRITTEN_COUNT_MAX - count, count * sizeof vat->chain[0]);
    return count;
}

static void say_life(struct fake_agent *agent, int index)
{
    struct fake_vat *vat = &agent->vats[index];
    struct mn_to_vat message = {.kind = MN_TO_VAT_LIFE};
    struct mn_life *life = &message.life;
    life->vat = vat->name;
    life->run = vat->run;
    life->incarnation = 1;
    life->chain_count = chain_of(vat);
    life->chain = vat->chain;
    life->keep = life->chain_count == 0 ? 0 : vat->chain[life->chain_count - 1];
    life->outcome = vat->run == 1 ? MN_RUNNING : MN_REVIVED;
    (void)snprintf(life->store, sizeof life->store, "%s", vat->store);
    (void)snprintf(life->key_file, sizeof life->key_file, "%s", agent->key_file);
    (void)snprintf(life->address.text, sizeof life->address.text, "tcp://127.0.0.1:*");
    life->interval_ms = agent->interval_ms;
    life->full_every = 4;
    life->keep_count = 3;
    life->connect_ms = 400;
    char keys[1][MN_KEY_TEXT_SIZE];
    memcpy(keys[0], agent->keys.public_key, MN_KEY_TEXT_SIZE);
    life->host_keys = (const char(*)[MN_KEY_TEXT_SIZE])keys;
    life->host_key_count = 1;
    fake_agent_tell(agent, index, &message);
}

static void on_attach(struct fake_agent *agent, const struct mn_message *frame,
                      const struct mn_from_vat *message)
{
    int index = index_of_name(agent, &message->attach.vat);
    assert_true(index >= 0);
    struct fake_vat *vat = &agent->vats[index];
    vat->peer = frame->peer;
    if (agent->refusal != NULL) {
        struct mn_to_vat end = {.kind = MN_TO_VAT_END};
        (void)snprintf(end.end.reason, sizeof end.end.reason, "%s", agent->refusal);
        fake_agent_tell(agent, index, &end);
        return;
    }
    if (message->attach.run == 0) {
        say_life(agent, index);
        return;
    }
    assert_int_equal(message->attach.run, vat->run);
    vat->endpoint = message->attach.endpoint;
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        if (i != index && agent->vats[i].endpoint.text[0] != '\0') {
            say_address(agent, i, index);
        }
    }
}

static void on_written(struct fake_agent *agent, int index, const struct mn_from_vat *message)
{
    struct fake_vat *vat = &agent->vats[index];
    assert_true(vat->written_count < FAKE_WRITTEN_COUNT_MAX);
    vat->written[vat->written_count++] =
        (struct fake_written){.epoch = message->written.epoch, .onto = message->written.onto};
    size_t oldest = vat->written_count > 3 ? vat->written_count - 3 : 0;
    struct mn_to_vat durable = {.kind = MN_TO_VAT_DURABLE};
    durable.durable.epoch = message->written.epoch;
    durable.durable.floor = vat->written[oldest].epoch;
    fake_agent_tell(agent, index, &durable);
}

static void on_message(void *context, struct mn_socket *socket, const struct mn_message *frame)
{
    (void)socket;
    struct fake_agent *agent = context;
    struct mn_arena arena = {0};
    struct mn_from_vat message;
    assert_int_equal(mn_from_vat_decode(frame->frame, frame->frame_size, &arena, &message), MN_OK);
    int index = index_of_peer(agent, &frame->peer);
    if (message.kind == MN_FROM_VAT_ATTACH) {
        on_attach(agent, frame, &message);
    } else if (index >= 0) {
        struct fake_vat *vat = &agent->vats[index];
        switch (message.kind) {
        case MN_FROM_VAT_WRITTEN:
            on_written(agent, index, &message);
            break;
        case MN_FROM_VAT_LOOKUP:
            say_address(agent, index, index_of_name(agent, &message.lookup.peer));
            break;
        case MN_FROM_VAT_HANDLED:
            vat->handled = message.handled.round;
            break;
        case MN_FROM_VAT_INTERVAL:
            vat->intervals += 1;
            break;
        case MN_FROM_VAT_TROUBLE:
            vat->troubles += 1;
            (void)snprintf(vat->trouble, sizeof vat->trouble, "%s", message.trouble.text);
            break;
        case MN_FROM_VAT_ATTACH:
        case MN_FROM_VAT_REFUSED:
        case MN_FROM_VAT_BEAT:
        case MN_FROM_VAT_DIFFERS:
            break;
        case MN_FROM_VAT_WANT_LEASE:
            vat->lease_wants += 1;
            break;
        }
    }
    mn_arena_deinit(&arena);
}

void fake_agent_open(struct fake_agent *agent)
{
    memset(agent, 0, sizeof *agent);
    agent->interval_ms = 20;
    char directory[] = "/tmp/mneme-vats-XXXXXX";
    assert_non_null(mkdtemp(directory));
    memcpy(agent->directory, directory, sizeof directory);
    (void)snprintf(agent->endpoint, sizeof agent->endpoint, "ipc://%s/vats.ipc", directory);
    (void)snprintf(agent->key_file, sizeof agent->key_file, "%s/host.key", directory);
    (void)snprintf(agent->stop_file, sizeof agent->stop_file, "%s/stop", directory);
    (void)snprintf(agent->statements, sizeof agent->statements, "%s/statements", directory);
    assert_int_equal(mn_keys_make(&agent->keys, NULL), MN_OK);
    assert_int_equal(mn_keys_write(&agent->keys, agent->key_file, NULL), MN_OK);
    assert_int_equal(mn_net_new(&agent->net, NULL, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_router_bind(agent->net, agent->endpoint, "vat", on_message, agent, NULL, 0,
                                    &agent->router, NULL),
                     MN_OK);
    static const char *const names[FAKE_VAT_COUNT] = {"a", "b"};
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        struct fake_vat *vat = &agent->vats[i];
        vat->name = mn_name_of(names[i]);
        (void)snprintf(vat->store, sizeof vat->store, "%s/store-%s", directory, names[i]);
        (void)snprintf(vat->log, sizeof vat->log, "%s/%s.log", directory, names[i]);
        assert_int_equal(mkdir(vat->store, 0700), 0);
    }
}

static void delete_files(const char *path)
{
    DIR *listing = opendir(path);
    if (listing == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        char file[512];
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        (void)unlink(file);
    }
    (void)closedir(listing);
    (void)rmdir(path);
}

void fake_agent_close(struct fake_agent *agent)
{
    for (int i = 0; i < FAKE_VAT_COUNT; i++) {
        if (agent->vats[i].pid != 0) {
            (void)kill(agent->vats[i].pid, SIGKILL);
            (void)fake_agent_reap(agent, i);
        }
        delete_files(agent->vats[i].store);
    }
    mn_net_destroy(&agent->net);
    delete_files(agent->directory);
}

static _Noreturn void be_bank(const struct fake_agent *agent, int index, size_t file_size_max)
{
    const struct fake_vat *vat = &agent->vats[index];
    const char *other = agent->vats[1 - index].name.text;
    int log = open(vat->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
        setenv("MNEME_VAT", vat->name.text, 1) != 0 ||
        setenv("MNEME_AGENT", agent->endpoint, 1) != 0) {
        _exit(99);
    }
    if (file_size_max > 0) {
        struct rlimit limit = {.rlim_cur = file_size_max, .rlim_max = file_size_max};
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            _exit(99);
        }
    }
    execl(MNEME_BUILD "/bin/bank", "bank", "--peers", other, "--accounts", "20", "--rate", "1000",
          "--stop-file", agent->stop_file, "--statements", agent->statements, (char *)NULL);
    _exit(98);
}

void fake_agent_start(struct fake_agent *agent, int index, size_t file_size_max)
{
    struct fake_vat *vat = &agent->vats[index];
    vat->run += 1;
    vat->endpoint.text[0] = '\0';
    vat->pid = fork();
    assert_true(vat->pid >= 0);
    if (vat->pid == 0) {
        be_bank(agent, index, file_size_max);
    }
}

bool fake_agent_run(struct fake_agent *agent, bool (*done)(struct fake_agent *agent))
{
    mn_time end = mn_now() + 30 * MN_SECOND;
    while (!done(agent)) {
        if (mn_now() >= end) {
            return false;
        }
        assert_int_equal(mn_net_run(agent->net, mn_now() + 5 * MN_MS), MN_OK);
    }
    return true;
}

int fake_agent_reap(struct fake_agent *agent, int index)
{
    int status = 0;
    assert_int_equal(waitpid(agent->vats[index].pid, &status, 0), agent->vats[index].pid);
    agent->vats[index].pid = 0;
    return status;
}

/* All BLOBs of one file, onto those that are there. */
static bool apply_file(const struct fake_vat *vat, mn_epoch epoch, struct blobs *blobs)
{
    char path[MN_PATH_SIZE_MAX];
    struct mn_arena arena = {0};
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_record record;
    struct mn_checkpoint_entry entry;
    mn_result result = mn_checkpoint_path_into(path, vat->store, epoch);
    if (result == MN_OK) {
        result = mn_checkpoint_open(&reader, path, &arena, &record, NULL);
    }
    while (result == MN_OK) {
        result = mn_checkpoint_next(reader, &entry, NULL);
        if (result == MN_OK && entry.space == MN_ENTRY_BLOB) {
            result = blobs_restore(blobs, &entry);
        }
    }
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
    return result == MN_NOT_FOUND;
}

bool fake_agent_book(const struct fake_agent *agent, int index, struct bank_book *book,
                     int64_t *money)
{
    static struct fake_vat copy;
    copy = agent->vats[index];
    struct blobs blobs = {0};
    uint32_t count = chain_of(&copy);
    bool well = count > 0;
    for (uint32_t i = 0; i < count && well; i++) {
        well = apply_file(&copy, copy.chain[i], &blobs);
    }
    struct mn_name name = mn_name_of(BANK_BOOK_NAME);
    const void *bytes = NULL;
    size_t size = 0;
    well = well && blobs_get(&blobs, &name, &bytes, &size) == MN_OK &&
           bank_book_decode(book, bytes, size);
    *money = 0;
    for (unsigned i = 0; i < 20 && well; i++) {
        char text[32];
        struct bank_account account;
        (void)snprintf(text, sizeof text, "account/%04u", i);
        name = mn_name_of(text);
        well = blobs_get(&blobs, &name, &bytes, &size) == MN_OK &&
               bank_account_decode(&account, bytes, size);
        *money += well ? account.balance : 0;
    }
    blobs_deinit(&blobs);
    return well;
}
