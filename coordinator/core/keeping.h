/* The journal at its keepers, as a pure state machine beside the coordinator's: which generation
 * this coordinator may lead in, what the journal is, and up to where it is in force.
 *
 * A leader's log of Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014, chapter 3), with
 * the generation as the term and a record's sequence as its index, and three differences: a leader
 * that is behind takes the newest log over from the keepers instead of giving up; a keeper may have
 * forgotten everything, and says so; an operator's word can stand in for a majority.
 *
 *     ASKING -> RECALLING -> INSTALLING -> LEADING        without keepers: LEADING at once
 *        ^          |             |           |
 *        +----------+-------------+           |           a keeper has promised a higher generation
 *                                             v
 *                                        OVERTAKEN        for good
 *
 * ASKING: every keeper is asked for a promise of this generation, and says how far it keeps the
 * journal. A majority of those that are whole is enough; so are all keepers, when nothing was ever
 * in force in this cluster; or as many as an operator says, in a generation of its own. RECALLING:
 * the newest journal among them and the own one wins; what the own one lacks of it is fetched, what
 * contradicts it is set aside. INSTALLING: the own journal's disk takes that. LEADING: the
 * coordinator's core begins, and what it records goes to the keepers while the own journal's disk
 * is at it (Ongaro, 10.2.1): what they have and that one lacks is recalled like anything else.
 *
 * Who the keepers are, and how one is replaced: keeping_sets.c.
 *
 * Invariant: a record is in force only when it is durable in the own journal and at a majority of
 * the keepers, and so is a record of this generation that is not before it. */
#ifndef COORDINATOR_CORE_KEEPING_H
#define COORDINATOR_CORE_KEEPING_H

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "docs/topology.h"
#include "wire/control.h"
#include "wire/stored.h"

enum keeping_state {
    KEEPING_LOADING, /* before BEGIN */
    KEEPING_ASKING,
    KEEPING_RECALLING,
    KEEPING_INSTALLING,
    KEEPING_LEADING,
    KEEPING_OVERTAKEN
};

/* "loading", "asking", ... */
const char *keeping_state_name(enum keeping_state state);

enum keeping_event_kind {
    KEEPING_ON_LOG,       /* before BEGIN: a record of the own journal, in the order of sequences */
    KEEPING_ON_BEGIN,     /* the whole own journal has been handed in */
    KEEPING_ON_UP,        /* a host's agent says; hand it to the coordinator's core as well if
                             keeping_leads */
    KEEPING_ON_WRITING,   /* the own journal's disk is at the records of this generation up to this
                             one, and KEEP can have them: nothing but their own end keeps them from
                             being durable. Optional, before RECORDED of them */
    KEEPING_ON_RECORDED,  /* a record is durable in the own journal: answers APPEND, and every
                             COORDINATOR_DO_RECORD */
    KEEPING_ON_SET_ASIDE, /* answers SET_ASIDE: durably */
    KEEPING_ON_ACCEPT,    /* an operator's word: go on with the keepers that answered */
    KEEPING_ON_REPLACE,   /* another: have one keeper replaced; keeping_may_replace says whether */
    KEEPING_ON_TICK       /* keeping_deadline has come */
};

/* All that an event points to is borrowed for the step. */
struct keeping_event {
    enum keeping_event_kind kind;
    union {
        struct mn_head writing;
        struct { /* LOG, RECORDED */
            uint64_t sequence;
            uint64_t generation;
            uint32_t kind;                        /* enum mn_journal_kind */
            const struct mn_journal_record *says; /* of KEEPERS and GENERATION; or NULL */
        } record;
        struct {
            uint32_t host;
            const struct mn_up *message;
        } up;
        const struct mn_journal_recall *accept; /* `absent` is filled in here */
        struct {
            const char *from;
            const char *to;
            const struct mn_journal_keepers
                *word; /* who, when and why; the rest is filled in here */
        } replace;
    };
};

enum keeping_effect_kind {
    KEEPING_DO_SEND,      /* to a keeper's agent; lost when it cannot be reached */
    KEEPING_DO_KEEP,      /* the same, of a Keep whose records are read from the own journal, or
                             from what is on its way there: from the one after `after` on, `offset`
                             within it: keeping_keep_add */
    KEEPING_DO_APPEND,    /* to the own journal; in order with the next one */
    KEEPING_DO_SET_ASIDE, /* the own journal's records from `sequence` on: they are never lost */
    KEEPING_DO_LEAD,      /* hand the own journal up to `upto` to the coordinator's core, and begin
                             it in this generation. What another process has appended since is
                             not known here: the next append is refused then */
    KEEPING_DO_ACCEPTED,  /* the coordinator's core is to record that an operator said so */
    KEEPING_DO_CHANGE,    /* it is to record who the keepers are */
    KEEPING_DO_IN_FORCE,  /* COORDINATOR_ON_RECORDED, up to `sequence` */
    KEEPING_DO_OVERTAKEN, /* hand the coordinator's core nothing any more */
    KEEPING_DO_NOTE       /* a line for the log */
};

/* X(NAME, level, "what") */
#define KEEPING_NOTES(X)                                                                           \
    X(ASKS, INFO, "keepers_asked")                                                                 \
    X(HOLDS, ERROR, "keepers_missing")                                                             \
    X(NEW, INFO, "new_cluster")                                                                    \
    X(FORGOTTEN, ERROR, "journal_had_forgotten")                                                   \
    X(MUTE, ERROR, "keeper_hands_nothing_over")                                                    \
    X(NEVER, ERROR, "records_never_in_force")                                                      \
    X(OLD, ERROR, "journal_is_old")                                                                \
    X(ACCEPTED, ERROR, "unknown_accepted")                                                         \
    X(LEADS, INFO, "leads")                                                                        \
    X(BLANK, ERROR, "keeper_has_forgotten")                                                        \
    X(RETURNED, INFO, "keeper_began_anew")                                                         \
    X(WHOLE, INFO, "keeper_whole")                                                                 \
    X(FILLS, INFO, "keeper_filled_up")                                                             \
    X(CHANGED, INFO, "keepers_changed")                                                            \
    X(STAYED, INFO, "keeper_stays")                                                                \
    X(TOPOLOGY, ERROR, "topology_names_other_keepers")                                             \
    X(OVERTAKEN, ERROR, "overtaken")

enum keeping_note {
#define KEEPING_NOTE_ENUM(name, level, what) KEEPING_NOTE_##name,
    KEEPING_NOTES(KEEPING_NOTE_ENUM)
#undef KEEPING_NOTE_ENUM
};

enum keeping_level { KEEPING_INFO, KEEPING_ERROR };

const char *keeping_note_what(enum keeping_note note);
enum keeping_level keeping_note_level(enum keeping_note note);

/* What does not apply is NULL or 0. */
struct keeping_note_facts {
    enum keeping_note note;
    const char *host;
    uint64_t sequence;
    uint64_t number; /* a generation, a count */
    const char *text;
};

struct keeping_effect {
    enum keeping_effect_kind kind;
    union {
        struct {
            uint32_t host;
            const struct mn_down *message;
            uint64_t offset; /* KEEP */
            uint64_t upto;   /* KEEP: no record after this one, even if it can be read */
        } send;
        struct mn_kept append; /* whole */
        uint64_t sequence;     /* SET_ASIDE, IN_FORCE */
        struct {
            uint64_t generation;
            uint64_t upto;                            /* LEAD */
            bool kept;                                /* LEAD: there are keepers */
            const struct mn_journal_recall *accepted; /* to be recorded first; or NULL */
        } lead;                                       /* LEAD, ACCEPTED */
        const struct mn_journal_keepers *change;
        struct keeping_note_facts note;
    };
};

/* What one step asks of the shell, in this order. Zero-initialise. What the effects point to is
 * theirs until keeping_effects_reset. */
struct keeping_effects {
    struct keeping_effect *items;
    size_t count;
    size_t capacity;
    struct mn_arena arena;
    mn_result result; /* see keeping_step */
};

void keeping_effects_reset(struct keeping_effects *effects);
void keeping_effects_deinit(struct keeping_effects *effects);

struct keeping;

/* @topology is borrowed. @candidate: a number that no other process of a coordinator has had.
 * Errors:    MN_NO_MEMORY */
mn_result keeping_new(struct keeping **keeping, const struct topology *topology,
                      uint64_t candidate) MN_CHECKED;
void keeping_destroy(struct keeping **keeping);

/* Take in @event and append what follows from it to @effects.
 *
 * @now       nanoseconds, never below the last call's.
 *
 * effects->result is MN_NO_MEMORY or MN_FULL when the step could not be finished, or MN_CORRUPT
 * when what was handed in contradicts itself. Then none of @effects may be carried out and this
 * must be destroyed; a new one, from the journal, goes on from there. */
void keeping_step(struct keeping *keeping, mn_time now, const struct keeping_event *event,
                  struct keeping_effects *effects);

/* When the next KEEPING_ON_TICK is due; MN_TIME_NEVER if nothing is. */
mn_time keeping_deadline(const struct keeping *keeping);

/* Assert what must hold after every step. */
void keeping_invariant(const struct keeping *keeping);

/* Whether the coordinator's core has been begun, and is to hear. */
bool keeping_leads(const struct keeping *keeping);

/* Whether an operator's word is asked for: something is held back, and he can have it go on. */
bool keeping_may_accept(const struct keeping *keeping);

/* Whether @from, a keeper, can be replaced by @to now. Errors, each with @error in words: MN_AGAIN,
 * MN_NOT_FOUND, MN_EXISTS, MN_DENIED. */
mn_result keeping_may_replace(const struct keeping *keeping, const char *from, const char *to,
                              struct mn_error *error) MN_CHECKED;

/* Add @next, a record of the own journal or the piece of it that is asked for, to the message of a
 * KEEP. @records: room for KEEPING_RECORD_COUNT_MAX. False: it does not fit, or does not follow;
 * send what there is. */
enum { KEEPING_RECORD_COUNT_MAX = 1024 };
bool keeping_keep_add(struct mn_down *down, struct mn_kept *records, const struct mn_kept *next);

/* ---- what there is to see -------------------------------------------------------------------- */

struct keeping_facts {
    enum keeping_state state;
    uint64_t generation;
    uint64_t newest;   /* record of the own journal, or on its way there */
    uint64_t in_force; /* the newest record that is, as far as is known */
    uint32_t keeper_count;
    uint32_t needed;      /* keepers that must have a record for it to be in force, */
    uint32_t next_needed; /* and of those that are to be; 0 when none is being replaced */
    bool holds;           /* nothing new is in force until some of those that are missing answer */
    bool accepted;        /* an operator said to go on without those that did not answer */
    const char *mute;     /* a keeper that has not handed over what it has; NULL: none */
    struct mn_head shown; /* HOLDS because an agent was shown more than this journal has: that; */
    uint32_t shown_by;    /* and which host's; TOPOLOGY_NONE otherwise */
};
void keeping_facts(const struct keeping *keeping, struct keeping_facts *out);

struct keeping_keeper {
    const char *name;
    uint32_t host; /* TOPOLOGY_NONE: a record names it, the topology does not */
    bool answers;  /* it has answered what it was asked last, not long ago */
    bool counts;   /* what it keeps counts towards a majority */
    enum mn_member member;
    uint64_t kept; /* it is known to keep the journal up to here */
    bool now;      /* it is one of the keepers; */
    bool next;     /* it is one of those that are to be, while one is being replaced */
};
/* @index below keeper_count. */
void keeping_keeper(const struct keeping *keeping, uint32_t index, struct keeping_keeper *out);

/* The records that say who the keepers are, the oldest first, in force or not. */
size_t keeping_change_count(const struct keeping *keeping);
const struct mn_journal_keepers *keeping_change(const struct keeping *keeping, size_t index,
                                                uint64_t *sequence);

/* "filling", "joint", "ending"; "" when none is being replaced. */
const char *keeping_change_state(const struct keeping *keeping);

#endif
