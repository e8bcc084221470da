/* A stage for the agent's core. */
#include "agent_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static uint32_t play_stores;
static uint32_t play_keep;
static uint32_t play_scrub_ms;
static uint32_t play_part_heard;

static void play_new_agent(struct play *play)
{
    struct agent_host hosts[4];
    struct mn_name vats[3];
    memset(hosts, 0, sizeof hosts);
    for (uint32_t i = 0; i < 4; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "h%u", i + 1);
        hosts[i].name = mn_name_of(name);
        hosts[i].domain = i;
        memset(hosts[i].key, (int)('a' + i), MN_KEY_TEXT_LENGTH);
    }
    vats[0] = mn_name_of("x1");
    vats[1] = mn_name_of("x2");
    vats[2] = mn_name_of("x3");
    mn_result result = agent_directory_new(&play->directory, hosts, 4, vats, 3, NULL);
    mn_assert(result == MN_OK);
    struct agent_config config = {.directory = play->directory,
                                  .numbering = PLAY_NUMBERING,
                                  .own = 0,
                                  .tell_keys = true,
                                  .agent = {"tcp://10.0.0.1:7101"},
                                  .address = {"tcp://10.0.0.1:*"},
                                  .store = "store",
                                  .key_file = "/etc/mneme/h1.key",
                                  .heartbeat_ms = 1000,
                                  .copy_ms = 2000,
                                  .connect_ms = 2000,
                                  .interval_ms = 200,
                                  .full_every = 8,
                                  .keep_count = play_keep,
                                  .stores = play_stores,
                                  .part_heard = play_part_heard,
                                  .scrub_ms = play_scrub_ms,
                                  .disk = PLAY_DISK};
    result = agent_new(&play->agent, &config);
    mn_assert(result == MN_OK);
}

void play_open(struct play *play, uint32_t stores, uint32_t keep)
{
    play_open_scrubbing(play, stores, keep, 0);
}

void play_open_scrubbing(struct play *play, uint32_t stores, uint32_t keep, uint32_t scrub_ms)
{
    memset(play, 0, sizeof *play);
    play->text = malloc(PLAY_TEXT_SIZE);
    mn_assert(play->text != NULL);
    play->text[0] = '\0';
    play_stores = stores;
    play_keep = keep;
    play_scrub_ms = scrub_ms;
    play_part_heard = 0;
    play_new_agent(play);
}

void play_open_parts(struct play *play, uint32_t part_heard)
{
    play_open(play, 2, 2);
    play_part_heard = part_heard;
    play_restart(play);
}

void play_restart(struct play *play)
{
    agent_destroy(&play->agent);
    agent_directory_destroy(&play->directory);
    play_new_agent(play);
}

void play_close(struct play *play)
{
    agent_destroy(&play->agent);
    agent_directory_destroy(&play->directory);
    agent_effects_deinit(&play->effects);
    mn_arena_deinit(&play->arena);
    free(play->text);
}

void play_expect_at(struct play *play, const char *lines, const char *file, int line)
{
    if (strcmp(play->text, lines) != 0) {
        (void)fprintf(stderr, "%s:%d: expected\n%sbut there was\n%s", file, line, lines,
                      play->text);
        abort();
    }
    play_skip(play);
}

void play_skip(struct play *play)
{
    play->size = 0;
    play->text[0] = '\0';
}

void play_at(struct play *play, mn_time ms)
{
    play->now = ms * MN_MS;
}

void play_step(struct play *play, const struct agent_event *event)
{
    agent_step(play->agent, play->now, event, &play->effects);
    mn_assert(play->effects.result == MN_OK);
    agent_invariant(play->agent);
    play_lines(play, &play->effects);
    agent_effects_reset(&play->effects);
    mn_arena_deinit(&play->arena);
}

void play_begin(struct play *play)
{
    const struct mn_agent_record disk = {.kind = MN_AGENT_DISK, .disk = PLAY_DISK};
    play_record(play, &disk);
    play_begin_on_new_disk(play);
}

void play_begin_on_new_disk(struct play *play)
{
    struct agent_event event = {.kind = AGENT_ON_BEGIN};
    play_step(play, &event);
}

void play_tick(struct play *play)
{
    struct agent_event event = {.kind = AGENT_ON_TICK};
    play_step(play, &event);
}

void play_recorded(struct play *play, uint64_t sequence)
{
    struct agent_event event = {.kind = AGENT_ON_RECORDED};
    event.recorded.sequence = sequence;
    play_step(play, &event);
}

void play_down(struct play *play, struct mn_down *down)
{
    if (down->generation == 0) {
        down->generation = 1;
    }
    struct agent_event event = {.kind = AGENT_ON_DOWN, .down = down};
    play_step(play, &event);
}

void play_welcome(struct play *play, uint64_t generation, bool everything)
{
    struct mn_down down = {.kind = MN_DOWN_WELCOME, .generation = generation};
    down.welcome.send_everything = everything;
    down.welcome.numbering = play->numbering;
    play_down(play, &down);
}

void play_taken(struct play *play, uint64_t sequence)
{
    struct mn_down down = {.kind = MN_DOWN_TAKEN};
    down.taken.sequence = sequence;
    play_down(play, &down);
}

void play_start(struct play *play, const char *vat, mn_run run, mn_epoch keep,
                const struct mn_link *chain, uint32_t chain_count)
{
    play_start_told(play, vat, run, keep, chain, chain_count, 0, 0);
}

void play_start_told(struct play *play, const char *vat, mn_run run, mn_epoch keep,
                     const struct mn_link *chain, uint32_t chain_count, uint64_t round,
                     uint64_t told_round)
{
    struct mn_down down = {.kind = MN_DOWN_START};
    down.start.round = round;
    down.start.told_round = told_round;
    down.start.vat = mn_name_of(vat);
    down.start.run = run;
    down.start.incarnation = 1;
    down.start.keep = keep;
    down.start.outcome = keep == 0 ? MN_RUNNING : MN_REVIVED;
    down.start.chain = chain;
    down.start.chain_count = chain_count;
    play_down(play, &down);
}

void play_stop(struct play *play, const char *vat, mn_run run)
{
    struct mn_down down = {.kind = MN_DOWN_STOP};
    down.stop.vat = mn_name_of(vat);
    down.stop.run = run;
    play_down(play, &down);
}

void play_stop_former(struct play *play, const char *vat, mn_run run, mn_epoch keep, mn_run next)
{
    struct mn_down down = {.kind = MN_DOWN_STOP};
    down.stop.vat = mn_name_of(vat);
    down.stop.run = run;
    down.stop.lineage.count = 1;
    down.stop.lineage.forks[0] =
        (struct mn_fork){.after = keep, .next = EPOCH(next, 1), .seen = true};
    play_down(play, &down);
}

void play_freeze(struct play *play, uint64_t round, uint32_t attempt, const char *host,
                 const char *suspect, mn_run run)
{
    struct mn_down down = {.kind = MN_DOWN_FREEZE};
    uint32_t number = suspect != NULL ? (uint32_t)(suspect[1] - '1') : 0;
    struct mn_name lost;
    struct mn_name vat;
    down.freeze.round = round;
    down.freeze.attempt = attempt;
    if (host != NULL) {
        lost = mn_name_of(host);
        down.freeze.hosts = &lost;
        down.freeze.host_count = 1;
    }
    if (suspect != NULL) {
        vat = mn_name_of(suspect);
        down.freeze.suspects = (struct mn_vat_table){.numbering = play->numbering, .count = 1};
        if (play->numbering == 0) {
            down.freeze.suspects.names = &vat;
        } else {
            down.freeze.suspects.numbers = &number;
        }
        down.freeze.runs = &run;
    }
    play_down(play, &down);
}

void play_more(struct play *play, uint64_t round, uint32_t attempt, uint32_t part)
{
    struct mn_down down = {.kind = MN_DOWN_MORE};
    down.more.round = round;
    down.more.attempt = attempt;
    down.more.part = part;
    play_down(play, &down);
}

void play_decision(struct play *play, uint64_t round, const char *told, const char *peer)
{
    play_decision_owed(play, round, told, peer, NULL, 0);
}

void play_decision_owed(struct play *play, uint64_t round, const char *told, const char *peer,
                        const char *owed, uint64_t owed_round)
{
    struct mn_down down = {.kind = MN_DOWN_DECISION};
    struct mn_owed older = {.round = owed_round};
    if (owed != NULL) {
        older.vat = mn_name_of(owed);
        down.decision.owed = &older;
        down.decision.owed_count = 1;
    }
    struct mn_told vat = {.notice_count = 1};
    struct mn_notice notice = {.incarnation = 2, .kept = EPOCH(1, 4)};
    down.decision.round = round;
    if (told != NULL) {
        vat.vat = mn_name_of(told);
        notice.peer = mn_name_of(peer);
        down.decision.told = &vat;
        down.decision.told_count = 1;
        down.decision.notices = &notice;
        down.decision.notice_count = 1;
    }
    play_down(play, &down);
}

void play_vat(struct play *play, char connection, struct mn_from_vat *message)
{
    struct agent_event event = {.kind = AGENT_ON_VAT};
    event.vat.connection.bytes[0] = (unsigned char)connection;
    event.vat.message = message;
    play_step(play, &event);
}

void play_attach(struct play *play, char connection, const char *vat, mn_run run, uint32_t pid)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_ATTACH, .run = run};
    message.attach.vat = mn_name_of(vat);
    message.attach.run = run;
    message.attach.pid = pid;
    if (run != 0) {
        (void)snprintf(message.attach.endpoint.text, MN_ENDPOINT_SIZE_MAX, "tcp://10.0.0.1:9%s",
                       vat + 1);
    }
    play_vat(play, connection, &message);
}

struct mn_digest play_digest(mn_epoch epoch)
{
    struct mn_digest digest = {{0}};
    memcpy(digest.bytes, &epoch, sizeof epoch);
    return digest;
}

void play_written(struct play *play, char connection, mn_epoch epoch, mn_epoch since, mn_epoch onto)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_WRITTEN, .run = mn_epoch_run(epoch)};
    struct mn_name peer = mn_name_of("x2");
    struct mn_heard heard = {.peer = 0, .epoch = EPOCH(1, 9)};
    message.written.epoch = epoch;
    message.written.since = since;
    message.written.onto = onto;
    message.written.size = 1000;
    message.written.digest = play_digest(epoch);
    message.written.names = &peer;
    message.written.name_count = 1;
    message.written.heard = &heard;
    message.written.heard_count = 1;
    play_vat(play, connection, &message);
}

void play_interval(struct play *play, char connection, mn_run run, uint64_t round, uint32_t attempt,
                   mn_epoch epoch, mn_epoch since)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_INTERVAL, .run = run};
    struct mn_name peer = mn_name_of("x3");
    struct mn_heard heard = {.peer = 0, .epoch = EPOCH(1, 7)};
    message.interval.round = round;
    message.interval.attempt = attempt;
    message.interval.epoch = epoch;
    message.interval.since = since;
    message.interval.names = &peer;
    message.interval.name_count = 1;
    message.interval.heard = &heard;
    message.interval.heard_count = 1;
    play_vat(play, connection, &message);
}

void play_handled(struct play *play, char connection, mn_run run, uint64_t round)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_HANDLED, .run = run};
    message.handled.round = round;
    play_vat(play, connection, &message);
}

static void play_copies(struct play *play, uint32_t host, struct mn_copies *message,
                        const char *vat)
{
    message->generation = 1;
    message->vat = mn_name_of(vat);
    struct agent_event event = {.kind = AGENT_ON_COPIES};
    event.copies.host = host;
    event.copies.message = message;
    play_step(play, &event);
}

void play_have(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, mn_result refused)
{
    struct mn_copies message = {.kind = MN_COPIES_HAVE};
    message.have.epoch = epoch;
    message.have.digest = play_digest(epoch);
    message.have.refused = refused;
    play_copies(play, host, &message, vat);
}

void play_want(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t offset)
{
    struct mn_copies message = {.kind = MN_COPIES_WANT};
    message.want.epoch = epoch;
    message.want.offset = offset;
    play_copies(play, host, &message, vat);
}

void play_offer(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t size)
{
    struct mn_copies message = {.kind = MN_COPIES_OFFER};
    message.offer.epoch = epoch;
    message.offer.size = size;
    message.offer.digest = play_digest(epoch);
    play_copies(play, host, &message, vat);
}

void play_offer_of(struct play *play, uint32_t host, const char *vat, mn_run run, mn_epoch epoch,
                   uint64_t size)
{
    struct mn_copies message = {.kind = MN_COPIES_OFFER, .run = run};
    message.offer.epoch = epoch;
    message.offer.size = size;
    message.offer.digest = play_digest(epoch);
    play_copies(play, host, &message, vat);
}

void play_piece(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t size,
                uint64_t offset, uint32_t count)
{
    static const unsigned char bytes[MN_PIECE_SIZE_MAX];
    struct mn_copies message = {.kind = MN_COPIES_PIECE};
    message.piece.epoch = epoch;
    message.piece.size = size;
    message.piece.digest = play_digest(epoch);
    message.piece.offset = offset;
    message.piece.bytes = bytes;
    message.piece.byte_count = count;
    play_copies(play, host, &message, vat);
}

void play_drop(struct play *play, uint32_t host, const char *vat, mn_run run, mn_epoch keep)
{
    struct mn_copies message = {.kind = MN_COPIES_DROP};
    message.drop.run = run;
    message.drop.keep = &keep;
    message.drop.keep_count = 1;
    play_copies(play, host, &message, vat);
}

void play_started(struct play *play, const char *vat, uint32_t pid)
{
    struct agent_event event = {.kind = AGENT_ON_STARTED};
    event.process.vat = mn_name_of(vat);
    event.process.pid = pid;
    event.process.pid_started = 5000;
    play_step(play, &event);
}

void play_exited(struct play *play, const char *vat, uint32_t pid, const char *reason)
{
    struct agent_event event = {.kind = AGENT_ON_EXITED};
    event.process.vat = mn_name_of(vat);
    event.process.pid = pid;
    event.process.reason = reason;
    play_step(play, &event);
}

void play_synced(struct play *play, const char *vat, mn_epoch epoch, mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_SYNCED};
    event.synced.vat = mn_name_of(vat);
    event.synced.epoch = epoch;
    event.synced.result = result;
    play_step(play, &event);
}

void play_set_aside(struct play *play, const char *vat, mn_run run, mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_SET_ASIDE};
    event.aside.vat = mn_name_of(vat);
    event.aside.run = run;
    event.aside.result = result;
    play_step(play, &event);
}

void play_looked(struct play *play, const char *vat, mn_epoch epoch, mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_LOOKED};
    event.looked.vat = mn_name_of(vat);
    event.looked.epoch = epoch;
    event.looked.result = result;
    play_step(play, &event);
}

static struct agent_file_facts play_facts(const char *vat, mn_epoch epoch, mn_epoch since,
                                          mn_epoch onto)
{
    struct agent_file_facts facts = {.size = 1000, .digest = play_digest(epoch)};
    facts.record.vat = mn_name_of(vat);
    facts.record.run = mn_epoch_run(epoch);
    facts.record.incarnation = 1;
    facts.record.epoch = epoch;
    facts.record.since = since;
    facts.record.onto = onto;
    return facts;
}

void play_piece_written(struct play *play, const char *vat, mn_epoch epoch, mn_epoch onto,
                        uint64_t offset, uint32_t count, bool whole, mn_result result)
{
    struct agent_file_facts facts = play_facts(vat, epoch, onto, onto);
    facts.size = offset + count;
    struct agent_event event = {.kind = AGENT_ON_PIECE_WRITTEN};
    event.piece.vat = mn_name_of(vat);
    event.piece.epoch = epoch;
    event.piece.offset = offset;
    event.piece.byte_count = count;
    event.piece.result = result;
    event.piece.facts = whole ? &facts : NULL;
    play_step(play, &event);
}

void play_adopt(struct play *play, uint64_t number, const char *vat, const char *store,
                mn_epoch keep, mn_run next)
{
    struct mn_down down = {.kind = MN_DOWN_ADOPT};
    down.adopt.number = number;
    down.adopt.vat = mn_name_of(vat);
    down.adopt.store = store;
    down.adopt.lineage.count = next > 0 ? 1 : 0;
    down.adopt.lineage.forks[0] =
        (struct mn_fork){.after = keep, .next = EPOCH(next, 1), .seen = true};
    play_down(play, &down);
}

void play_found_listed(struct play *play, const char *vat, mn_result result, const mn_epoch *epochs,
                       uint32_t count)
{
    struct agent_event event = {.kind = AGENT_ON_FOUND_LISTED};
    event.listed.vat = mn_name_of(vat);
    event.listed.result = result;
    event.listed.text = result == MN_OK ? "" : "cannot open the directory /found";
    event.listed.epochs = epochs;
    event.listed.count = count;
    play_step(play, &event);
}

void play_found_taken(struct play *play, const char *vat, mn_epoch epoch, mn_epoch onto)
{
    struct agent_file_facts facts = play_facts(vat, epoch, onto, onto);
    struct agent_event event = {.kind = AGENT_ON_FOUND_TAKEN};
    event.taken.vat = mn_name_of(vat);
    event.taken.epoch = epoch;
    event.taken.facts = &facts;
    play_step(play, &event);
}

void play_found_passed(struct play *play, const char *vat, mn_epoch epoch, enum mn_passed_why why)
{
    struct agent_event event = {.kind = AGENT_ON_FOUND_TAKEN};
    event.taken.vat = mn_name_of(vat);
    event.taken.epoch = epoch;
    event.taken.why = why;
    play_step(play, &event);
}

void play_file(struct play *play, const char *vat, mn_epoch epoch, mn_epoch since, mn_epoch onto)
{
    struct agent_file_facts facts = play_facts(vat, epoch, since, onto);
    struct agent_event event = {.kind = AGENT_ON_FILE, .file = &facts};
    play_step(play, &event);
}

void play_file_of_time(struct play *play, const char *vat, mn_epoch epoch, mn_time ms)
{
    struct agent_file_facts facts = play_facts(vat, epoch, 0, 0);
    struct agent_event event = {.kind = AGENT_ON_FILE, .file = &facts};
    facts.record.written_at = ms * MN_MS;
    play_step(play, &event);
}

void play_record(struct play *play, const struct mn_agent_record *record)
{
    struct agent_event event = {.kind = AGENT_ON_RECORD, .record = record};
    play_step(play, &event);
}

void play_run_x1(struct play *play)
{
    play_begin(play);
    play_welcome(play, 1, true);
    play_recorded(play, 1);
    play_welcome(play, 1, true);
    play_start(play, "x1", 1, 0, NULL, 0);
    play_recorded(play, 2);
    play_started(play, "x1", 71);
    play_recorded(play, 3);
    play_attach(play, 'a', "x1", 0, 71);
    play_attach(play, 'a', "x1", 1, 71);
    play_recorded(play, 4);
    play_skip(play);
}
