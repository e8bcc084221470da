/* A stage for the agent's core: events in a few words, effects as lines of text.
 *
 * The cluster: hosts h1 to h4 in domains of their own, this agent's is h1; vats x1, x2, x3. One
 * partner, the newest 2 durable checkpoints kept, a heartbeat each second, 2 s for a copy. Epochs
 * are written RUN.COUNT. Every step is followed by the invariant. */
#ifndef TESTS_AGENT_PLAY_H
#define TESTS_AGENT_PLAY_H

#include "agent/core/agent.h"

enum { PLAY_TEXT_SIZE = 1 << 18, PLAY_DISK = 50, PLAY_NUMBERING = 7 };

struct play {
    struct agent_directory *directory;
    struct agent *agent;
    struct agent_effects effects;
    mn_time now;
    uint64_t numbering; /* of the coordinator's topology; ours is PLAY_NUMBERING */
    char *text;         /* of the effects since the last play_expect */
    size_t size;
    struct mn_arena arena; /* of the events */
};

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

/* @stores and @keep: the configuration's; 2 and 2 for most stories. */
void play_open(struct play *play, uint32_t stores, uint32_t keep);
/* The same, with each file read over once in @scrub_ms. */
void play_open_scrubbing(struct play *play, uint32_t stores, uint32_t keep, uint32_t scrub_ms);
/* With answers to freezes in parts of so many heard entries, unless one vat has more. */
void play_open_parts(struct play *play, uint32_t part_heard);
void play_close(struct play *play);

/* Another agent of the same host, that remembers nothing yet. */
void play_restart(struct play *play);

/* Assert that the effects since the last time are exactly these lines, and forget them. */
void play_expect_at(struct play *play, const char *lines, const char *file, int line);
#define play_expect(play, lines) play_expect_at((play), (lines), __FILE__, __LINE__)

/* Forget the effects since the last time: they are another story's. */
void play_skip(struct play *play);

void play_at(struct play *play, mn_time ms); /* later events come at this time */
void play_step(struct play *play, const struct agent_event *event);
/* On a disk whose life was welcomed already, so that no record of that comes between those that a
 * story is about; or on one without any record. */
void play_begin(struct play *play);
void play_begin_on_new_disk(struct play *play);
void play_tick(struct play *play);
void play_recorded(struct play *play, uint64_t sequence);

/* The coordinator's words, in generation 1. */
void play_welcome(struct play *play, uint64_t generation, bool everything);
void play_taken(struct play *play, uint64_t sequence);
void play_down(struct play *play, struct mn_down *down);
void play_start(struct play *play, const char *vat, mn_run run, mn_epoch keep,
                const struct mn_link *chain, uint32_t chain_count);
/* The same, by the decision of @round, of a vat that was told of all rounds up to @told_round. */
void play_start_told(struct play *play, const char *vat, mn_run run, mn_epoch keep,
                     const struct mn_link *chain, uint32_t chain_count, uint64_t round,
                     uint64_t told_round);
void play_stop(struct play *play, const char *vat, mn_run run);
/* The same, of a vat that went on elsewhere after @keep, as @next. */
void play_stop_former(struct play *play, const char *vat, mn_run run, mn_epoch keep, mn_run next);
/* @host and @suspect may be NULL. */
void play_freeze(struct play *play, uint64_t round, uint32_t attempt, const char *host,
                 const char *suspect, mn_run run);
/* Part @part of the answer to that freeze has been taken. */
void play_more(struct play *play, uint64_t round, uint32_t attempt, uint32_t part);
/* One notice for @told about @peer, or none when @told is NULL. */
void play_decision(struct play *play, uint64_t round, const char *told, const char *peer);
/* The same, saying that @owed is owed notices of @owed_round. */
void play_decision_owed(struct play *play, uint64_t round, const char *told, const char *peer,
                        const char *owed, uint64_t owed_round);

/* A vat's words; @connection is a letter. */
void play_attach(struct play *play, char connection, const char *vat, mn_run run, uint32_t pid);
void play_written(struct play *play, char connection, mn_epoch epoch, mn_epoch since,
                  mn_epoch onto);
void play_interval(struct play *play, char connection, mn_run run, uint64_t round, uint32_t attempt,
                   mn_epoch epoch, mn_epoch since);
void play_handled(struct play *play, char connection, mn_run run, uint64_t round);
void play_vat(struct play *play, char connection, struct mn_from_vat *message);

/* Another agent's words. Digests are made from the epoch. */
void play_have(struct play *play, uint32_t host, const char *vat, mn_epoch epoch,
               mn_result refused);
void play_want(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t offset);
void play_offer(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t size);
void play_piece(struct play *play, uint32_t host, const char *vat, mn_epoch epoch, uint64_t size,
                uint64_t offset, uint32_t count);
/* An offer on behalf of a life. */
void play_offer_of(struct play *play, uint32_t host, const char *vat, mn_run run, mn_epoch epoch,
                   uint64_t size);
void play_drop(struct play *play, uint32_t host, const char *vat, mn_run run, mn_epoch keep);

/* The shell's answers. */
void play_started(struct play *play, const char *vat, uint32_t pid);
void play_exited(struct play *play, const char *vat, uint32_t pid, const char *reason);
void play_synced(struct play *play, const char *vat, mn_epoch epoch, mn_result result);
void play_set_aside(struct play *play, const char *vat, mn_run run, mn_result result);
void play_looked(struct play *play, const char *vat, mn_epoch epoch, mn_result result);
void play_piece_written(struct play *play, const char *vat, mn_epoch epoch, mn_epoch onto,
                        uint64_t offset, uint32_t count, bool whole, mn_result result);
/* Have the checkpoints of @vat taken from a disk at @store; of what died after @keep, before run
 * @next, unless @next is 0. */
void play_adopt(struct play *play, uint64_t number, const char *vat, const char *store,
                mn_epoch keep, mn_run next);
void play_found_listed(struct play *play, const char *vat, mn_result result, const mn_epoch *epochs,
                       uint32_t count);
void play_found_taken(struct play *play, const char *vat, mn_epoch epoch, mn_epoch onto);
void play_found_passed(struct play *play, const char *vat, mn_epoch epoch, enum mn_passed_why why);
void play_file(struct play *play, const char *vat, mn_epoch epoch, mn_epoch since, mn_epoch onto);
/* A full one that says when it was written. */
void play_file_of_time(struct play *play, const char *vat, mn_epoch epoch, mn_time ms);
void play_record(struct play *play, const struct mn_agent_record *record);

/* What most stories begin with: welcomed in generation 1, x1 runs as run 1 with pid 71 on
 * connection 'a'. The effects of it are skipped. */
void play_run_x1(struct play *play);

/* The digest of every file of @epoch here. */
struct mn_digest play_digest(mn_epoch epoch);

/* agent_lines.c: append @effects as lines. */
void play_lines(struct play *play, const struct agent_effects *effects);

#endif
