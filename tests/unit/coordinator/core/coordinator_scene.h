/* A stage for the coordinator's core: events in a few words, effects as lines of text.
 *
 * The cluster: racks r1, r2, r3 with hosts h1 h2, h3 h4, h5 h6; vats x1 to x6, one on the host of
 * the same number; x6 sends early. A heartbeat each second, suspect after 4 s, lost
 * after 10 s. Epochs are written RUN.COUNT. Every step is followed by the invariant. */
#ifndef TESTS_COORDINATOR_SCENE_H
#define TESTS_COORDINATOR_SCENE_H

#include "coordinator/core/coordinator.h"

enum { SCENE_TEXT_SIZE = 1 << 18, SCENE_RECORD_COUNT_MAX = 128 };

struct scene {
    struct topology *topology;
    struct coordinator *coordinator;
    struct coordinator_effects effects;
    mn_time now;
    uint64_t numbering[6]; /* of each host's topology, as its hello says; 0: it does not */
    bool beating;          /* hosts 1 to 6 send heartbeats, but for those that are silent */
    bool silent[6];
    uint64_t disks[6];  /* the life of each host's disk; 0: its agent does not say, */
    uint64_t before[6]; /* and the one before it that was welcomed */
    char *text;         /* of the effects since the last scene_expect */
    size_t size;
    struct mn_arena arena;                            /* of the events, and of the journal */
    struct mn_buffer journal[SCENE_RECORD_COUNT_MAX]; /* every record asked for, as bytes */
    enum mn_journal_kind kinds[SCENE_RECORD_COUNT_MAX];
    uint64_t generations[SCENE_RECORD_COUNT_MAX];
    uint64_t record_count;
    bool slow;       /* records of freezes are not durable at once, as they are otherwise */
    uint64_t frozen; /* the newest record that was answered for that */
    uint64_t ticket; /* of the newest operator's step */
    uint64_t seen;   /* the digest that operators name; 0: none */
    uint32_t pieces; /* of the evidence so far */
    bool behind;     /* the disk does not take more of it */
};

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

/* Open with nothing; the first generation is in force. */
void scene_open(struct scene *scene);
/* The same with more in the topology: operators, a policy. */
void scene_open_more(struct scene *scene, const char *more);
void scene_close(struct scene *scene);

/* Another coordinator, from the first @records records of the journal; its generation is not in
 * force yet. */
void scene_restart(struct scene *scene, uint64_t records);
/* Another coordinator reads the whole journal, with a topology in which @to stands for each
 * @from. What came of it, and what it says of that. */
mn_result scene_restart_on(struct scene *scene, const char *from, const char *to,
                           struct mn_error *error);

/* Assert that the effects since the last time are exactly these lines, and forget them. */
void scene_expect_at(struct scene *scene, const char *lines, const char *file, int line);
#define scene_expect(scene, lines) scene_expect_at((scene), (lines), __FILE__, __LINE__)
void scene_skip(struct scene *scene);

void scene_at(struct scene *scene, mn_time ms); /* later events come at this time */
void scene_step(struct scene *scene, const struct coordinator_event *event);
void scene_recorded(struct scene *scene, uint64_t sequence);
void scene_tick(struct scene *scene);

/* Let time pass to @ms, with ticks when they are due and a heartbeat a second of every host that is
 * not silent. */
void scene_until(struct scene *scene, mn_time ms);

/* What the operator of that index says of the round's plan. Tickets count from 1. */
void scene_word(struct scene *scene, uint32_t who, enum mn_step step, uint64_t round,
                const char *reason);

/* That operator has @vat's checkpoints taken from a disk at @store on @host; "": on its own. */
void scene_adopt(struct scene *scene, uint32_t who, const char *vat, const char *host,
                 const char *store, const char *reason);
/* What an agent says of that: so many of the 3 files there are done, all of them copied. */
void scene_adopting(struct scene *scene, uint32_t host, uint64_t number, const char *vat,
                    uint32_t done);
void scene_adopted(struct scene *scene, uint32_t host, uint64_t number, const char *vat,
                   mn_result code, const char *text);

/* What an agent says; hosts are numbered from 1. */
void scene_up(struct scene *scene, uint32_t host, struct mn_up *message);
/* @vats: "x1 1 up, x2 3 exited"; each that is up listens at tcp://NAME.RUN. */
void scene_hello(struct scene *scene, uint32_t host, const char *vats);
void scene_state(struct scene *scene, uint32_t host, const char *vat);
/* A durable row on the host's own store; @heard: "x2 1.3, x3 1.1" or "". */
void scene_row(struct scene *scene, uint32_t host, const char *vat, mn_epoch epoch, mn_epoch onto,
               bool durable, const char *heard);
/* The answer to a freeze: of one vat, or of none when @vat is NULL. */
void scene_interval(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                    const char *vat, mn_epoch epoch, mn_epoch since, const char *heard);
void scene_silent(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                  const char *vat);
void scene_probed(struct scene *scene, uint32_t host, uint64_t probe, uint32_t suspect,
                  enum mn_probe_answer answer);
void scene_handled(struct scene *scene, uint32_t host, const char *vat, mn_run run, uint64_t round);

/* What most stories begin with: all hosts known and all vats up as run 1, each with checkpoints 1.1
 * (full) and 1.2 (diff) durable on its own host and on the one two further. Effects are skipped. */
void scene_run_all(struct scene *scene);

/* coordinator_scene_lines.c: append @effects as lines. */
void scene_lines(struct scene *scene, const struct coordinator_effects *effects);

#endif
