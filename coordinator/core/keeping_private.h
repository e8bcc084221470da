/* What the files of keeping share. */
#ifndef COORDINATOR_CORE_KEEPING_PRIVATE_H
#define COORDINATOR_CORE_KEEPING_PRIVATE_H

#include "keeping.h"

enum {
    KEEPING_RUN_COUNT_MAX = 1 << 24,
    KEEPING_EFFECT_COUNT_MAX = 1 << 20,
    KEEPING_GIVE_UP_HEARTBEATS = 8,  /* a keeper that does not hand over what it has is left */
    KEEPING_PATIENCE_HEARTBEATS = 3, /* then it is said that keepers are missing */
    KEEPING_RUMOUR_COUNT = MN_NOTED_LIFE_COUNT_MAX - 1
};

/* Records from @first on, up to the next run's, are of @generation. */
struct keeping_run {
    uint64_t first;
    uint64_t generation;
};

/* The sets of keepers that a peer may be in. None: it is filled up, to become one. */
enum { KEEPING_NOW = 1, KEEPING_NEXT = 2 };

/* What a record says of the keepers. */
struct keeping_record {
    uint64_t sequence;
    struct mn_journal_keepers said;
};

struct keeping_peer {
    struct mn_name name;
    uint32_t host; /* TOPOLOGY_NONE: it is not in the topology any more, and cannot be reached */
    unsigned sets;
    bool promised;       /* this generation, to this process */
    uint32_t mute;       /* so many times in a row it has not handed over what it says it has, */
    bool given_up;       /* and an operator said to go on without it */
    bool relied;         /* it answered when an operator said to go on with those that do */
    struct mn_head head; /* as it was said with the promise */
    bool holds;          /* the same: its agent's store has checkpoints */
    enum mn_member member;
    uint32_t attempt; /* only an answer to this one counts */
    uint64_t disk;    /* the life of its disk that was last heard; 0: not yet */
    /* Other lives that a keeper was told of; it has been asked again since. The newest first, */
    uint64_t rumours[KEEPING_RUMOUR_COUNT];
    uint32_t unheard; /* and so many of them since its own last word: any may be the newest life */
    mn_time heard_at; /* its last answer; MN_TIME_NEVER: none */
    bool met;         /* it has answered a Keep of this coordinator */

    /* While leading. */
    bool votes;   /* it is one of those a majority is counted of */
    bool forgot;  /* it keeps less than it said before: whole or not, it does not count */
    bool granted; /* it may be called whole once it keeps everything up to `whole_at` */
    uint64_t whole_at;
    uint64_t noted;     /* number of the first Keep after it was known to have forgotten */
    uint64_t matched;   /* it keeps the own journal up to here */
    uint64_t next;      /* what is sent next goes after this record, */
    uint64_t offset;    /* from there on in the next one */
    uint64_t number;    /* of the Keep that it was sent last */
    uint64_t confirmed; /* and of the last one that it answered */
    bool waits;         /* that is not answered yet, */
    mn_time again_at;   /* and is sent again then; otherwise when the next one is due */
};

struct keeping {
    const struct topology *topology;
    uint64_t candidate;
    enum keeping_state state;
    mn_time now;
    mn_time heartbeat;
    mn_time deadline;
    uint64_t generation;
    uint64_t generation_seen; /* the highest that anybody has told of */

    struct keeping_run *runs; /* of the own journal */
    size_t run_count;
    size_t run_capacity;
    uint64_t newest;          /* record of it, durable or asked for */
    uint64_t kept_generation; /* the newest that began with keepers, */
    uint64_t kept_from; /* and the first record that shows that such a one was in force; 0: none */
    uint64_t unkept_from; /* the first record of a generation that began without; 0: none */
    uint64_t durable;     /* up to here */
    uint64_t in_force;
    uint64_t
        excused; /* what was shown in generations below this one may be lost: an operator said so */
    struct mn_head shown; /* the newest that any agent was shown, */
    uint32_t shown_by;    /* and which host's */
    bool old;             /* this journal does not have that */
    bool *greeted;        /* by host: this process has heard of it */

    struct keeping_peer peers[MN_KEEPER_PEER_COUNT_MAX];
    uint32_t peer_count;

    struct keeping_record *records; /* of the own journal, that say who the keepers are */
    size_t record_count;
    size_t record_capacity;
    bool sets_changed; /* they say something that the peers do not show yet */
    bool change_asked; /* a CHANGE is on its way into the own journal, */
    bool change_ends;  /* after which nobody comes or leaves */

    bool founding;    /* nothing was ever in force; there is no keeper yet that votes */
    uint64_t number;  /* of the newest Keep */
    mn_time said_at;  /* that keepers are missing; MN_TIME_NEVER: not yet */
    mn_time asked_at; /* when this generation was first asked for, or began to lead */

    bool accepted; /* an operator said to go on with what answers, */
    mn_time accept_at;
    bool few; /* and that are fewer than a majority: a majority is counted of these */
    struct mn_journal_recall accept;
    struct mn_name absent[MN_KEEPER_PEER_COUNT_MAX];

    uint32_t source; /* RECALLING: the keeper that hands over; as many as there are: none */
    uint64_t from;   /* and what it was asked for */
    mn_time source_until;
    bool aside;             /* a SET_ASIDE is under way */
    uint64_t missing_from;  /* the first record that the own journal did not have; 0: none */
    unsigned char *part;    /* of a large record */
    uint64_t part_size;     /* so much of it has come */
    struct mn_kept part_of; /* its first piece */

    struct keeping_effects *effects;
};

/* keeping.c */
void keeping_fail(struct keeping *keeping, mn_result result);
void *keeping_take(struct keeping *keeping, size_t count, size_t size);
struct keeping_effect *keeping_ask(struct keeping *keeping, enum keeping_effect_kind kind);
struct mn_down *keeping_say(struct keeping *keeping, enum keeping_effect_kind kind, uint32_t host,
                            enum mn_down_kind what);
void keeping_note(struct keeping *keeping, struct keeping_note_facts facts);
void keeping_due(struct keeping *keeping, mn_time at); /* a tick, then at the latest */
/* Somebody knows a higher generation than this one. */
void keeping_overtaken(struct keeping *keeping, uint64_t generation);
const char *keeping_host(const struct keeping *keeping, const struct keeping_peer *peer);
/* It has said something not long ago. */
bool keeping_answers(const struct keeping *keeping, const struct keeping_peer *peer);

/* keeping_log.c: what the own journal is, or will be once its disk has done what it was asked. What
 * a record says counts only once it is there: it is read then. */
void keeping_log_add(struct keeping *keeping, uint64_t sequence, uint64_t generation);
/* What a record that is there says: keepers, that there are some, or an operator's word. */
void keeping_log_read(struct keeping *keeping, const struct keeping_event *event);
void keeping_log_cut(struct keeping *keeping, uint64_t sequence);
uint64_t keeping_log_generation(const struct keeping *keeping, uint64_t sequence);
/* Below the first record of the generation that @sequence is of. */
uint64_t keeping_log_before(const struct keeping *keeping, uint64_t sequence);
bool keeping_log_has(const struct keeping *keeping, const struct mn_head *head);
bool keeping_head_below(const struct mn_head *a, const struct mn_head *b);

/* keeping_ask.c: ASKING. */
/* In the next generation above all that is known, after a while. */
void keeping_ask_all(struct keeping *keeping, mn_time after);
/* A keeper is heard: what it promised in another life of its disk may be forgotten, and one that
 * has not promised yet may have been out of reach until now. */
void keeping_ask_again(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up);
void keeping_ask_tick(struct keeping *keeping);
void keeping_promised(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up);
void keeping_say_missing(struct keeping *keeping); /* once in a while */
void keeping_accept(struct keeping *keeping, const struct mn_journal_recall *accept);

/* keeping_recall.c: RECALLING, INSTALLING. */
/* Who has the newest journal of those that promised; as many as there are: the own one is it. */
uint32_t keeping_recall_source(const struct keeping *keeping);
void keeping_recall_begin(struct keeping *keeping);
void keeping_recall_tick(struct keeping *keeping);
void keeping_recalled(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up);
void keeping_recall_recorded(struct keeping *keeping);

/* keeping_lead.c: LEADING. */
void keeping_lead_begin(struct keeping *keeping);
void keeping_lead_tick(struct keeping *keeping);
void keeping_lead_writing(struct keeping *keeping, const struct mn_head *writing);
void keeping_lead_recorded(struct keeping *keeping);
void keeping_kept(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up);
bool keeping_counts(const struct keeping *keeping, const struct keeping_peer *peer);

/* keeping_sets.c: who the keepers are. */
const struct keeping_record *keeping_sets_newest(const struct keeping *keeping); /* or NULL */
void keeping_sets_add(struct keeping *keeping, uint64_t sequence,
                      const struct mn_journal_keepers *record);
void keeping_sets_cut(struct keeping *keeping, uint64_t sequence); /* those from there on */
/* Have the peers be those that the own journal names. */
void keeping_sets_apply(struct keeping *keeping);
void keeping_sets_compare(struct keeping *keeping); /* and say when the topology names others */
/* LEADING: a record that says so is durable in the own journal. */
void keeping_sets_recorded(struct keeping *keeping);
/* LEADING: have what is due recorded. */
void keeping_sets_advance(struct keeping *keeping);
void keeping_replace(struct keeping *keeping, const struct keeping_event *event);
/* How many of the set must have something; 0: of that set nobody votes. */
uint32_t keeping_needed(const struct keeping *keeping, unsigned set);
/* Whether those of the peers are a majority of the votes, of each set. */
bool keeping_enough(const struct keeping *keeping, const bool *have);

#endif
