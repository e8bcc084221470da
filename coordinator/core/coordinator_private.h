/* What the files of the coordinator's core share. */
#ifndef COORDINATOR_CORE_COORDINATOR_PRIVATE_H
#define COORDINATOR_CORE_COORDINATOR_PRIVATE_H

#include "coordinator.h"
#include "decision.h"
#include "leases.h"
#include "steps.h"
#include "vats.h"

enum {
    /* What was sent and not answered is sent again after so many heartbeats. */
    COORDINATOR_RETRY_HEARTBEATS = 5,

    /* A round waits until no new suspect has shown for so many heartbeats. */
    COORDINATOR_QUIET_HEARTBEATS = 2,

    /* So many first starts are said again at a time: those of a whole cluster that begins would be
     * said again and again while the first answers are still on their way. */
    COORDINATOR_AGAIN_COUNT_MAX = 4096,

    /* Of so many vats at most are the checkpoints in one piece of evidence. */
    COORDINATOR_PIECE_VAT_COUNT = 8192,

    /* Each life of a disk is a record. An agent may begin so many at once, and then one each so
     * many ms: one that invents them does not fill the journal, and one that is started over and
     * over is heard all the same. So it is with runs that the journal does not know of, of which
     * there may be one of each vat besides. */
    HOST_LIFE_COUNT_MAX = 64,
    HOST_LIFE_MS = 5000,

    /* Lives of a host's disk that are remembered after they are over: when the first of so many
     * began, its last words have long come, however many were begun at once. */
    HOST_FORMER_COUNT = 2 * HOST_LIFE_COUNT_MAX,

    /* Who is silent in so many attempts in a row is waited for no longer, and as long again before
     * all are asked anew while the plan waits. */
    COORDINATOR_SILENCE_COUNT_MAX = 12,

    COORDINATOR_ROUND_COUNT_MAX = 1 << 20,
    COORDINATOR_OVER_COUNT_MAX = 1000,
    COORDINATOR_ANSWERS_SIZE_MAX = 256 << 20,
    COORDINATOR_PENDING_COUNT_MAX = 1 << 24
};

struct host_entry {
    bool known;      /* said hello in this generation */
    bool holds;      /* its hello said that there are checkpoints on its store */
    bool met;        /* the same, be it in an earlier life of its disk, or before it was lost */
    bool everything; /* has been asked for all its rows since its store was dropped */
    bool complete;   /* has reported, in this generation, all that it had at its hello */
    bool emptied;    /* came back without what it had, before it was complete, and no decision has
                        taken that into account yet */
    bool told_all;   /* every row of its newest hello has been taken */
    bool anew;       /* this life of its disk has not said hello yet */
    bool fresh_loss; /* lost, and no decision has taken that into account yet */
    bool decided;    /* some decision has taken it for lost */
    bool answered;   /* the active round's newest attempt */
    uint64_t newest_round; /* of which its agent knows the decision, as its newest hello said */
    mn_time suspected_at;
    uint64_t numbering; /* of its agent's topology, as its newest hello said */
    uint64_t disk;      /* the life of its disk; 0: its agent has not said */
    mn_time lives_at;   /* when it will have begun no more of them than one each HOST_LIFE_MS, */
    mn_time raises_at;  /* and raised no more runs */
    uint32_t lag_ms;
    uint32_t disk_ms;
    uint64_t refused;
    uint32_t vat_count; /* whose newest run is meant to be here */
    uint32_t vat_first; /* the list of these, in the order in which they came */
    uint32_t vat_last;
    struct coordinator_aside *asides; /* heap: former lives here, by vat */
    size_t aside_count;
    size_t aside_capacity;
};

/* A vat. Its lineage stands in the ledger. */
struct vat_entry {
    mn_run run; /* the newest given out; 0: never started */
    uint32_t incarnation;
    uint32_t host;      /* where that run is meant to be */
    uint64_t disk;      /* and in which life of its disk: in a later one it is not begun */
    uint64_t decided;   /* the newest round that gave it a run; 0: none did */
    struct round *told; /* the newest round that told it; NULL: none did */
    uint32_t next_here; /* the host's list */
    uint32_t previous_here;
    uint64_t mention;       /* the newest hello that mentioned it */
    enum mn_vat_state said; /* what `host` has said of this run in this generation */
    bool said_any;
    bool waits_first;   /* its host has nothing of it: it is started when nobody else has */
    bool recording;     /* its first run is on its way into the journal */
    bool starting;      /* its run is ordered, and has not been up yet; */
    bool starts_first;  /* and it is the first one, which no decision orders */
    bool lost;          /* and not restored by a decision yet */
    bool suspect;       /* named in the active round's freeze */
    bool fenced;        /* named in one that is recorded: its run is believed no more */
    bool silent;        /* running, and did not answer the newest freeze */
    bool unknown;       /* the ledger says so */
    bool inherited;     /* its run was given out before this generation, */
    bool told_of;       /* of which somebody has told this one a checkpoint or an interval, */
    bool answered;      /* its interval, in the newest attempt */
    bool found;         /* but for hosts that have them from a disk that was found */
    bool forgot;        /* it and a peer agree that it has forgotten what it had called durable */
    bool doubted;       /* the log has that a peer says so of what its incarnation explains */
    mn_run run_seen;    /* the highest that any checkpoint speaks of */
    uint64_t said_in;   /* the newest table that said lives of it */
    uint64_t applied;   /* the newest round that it is known to have applied */
    uint32_t ends;      /* runs that ended since there was a checkpoint of the newest one */
    mn_time rests_to;   /* until then it is lost without a round of its own; 0: it does not rest */
    mn_epoch floor;     /* the newest that its agent told; the ledger follows between rounds */
    bool floored;       /* the ledger has one of this generation */
    bool floor_said;    /* by its host with the disk of now, or a start; until then hearsay */
    char *endpoint;     /* heap; NULL while it runs nowhere */
    uint32_t stop_host; /* where a former life was last told to stop, */
    mn_time stop_again; /* and when that may be said again */
    mn_run told_run;    /* the run of which the watchers were told */
    uint32_t *watchers; /* heap: hosts that asked where it is, each once */
    size_t watcher_count;
    size_t watcher_capacity;

    bool leased; /* this run has been granted a lease, which is over at `lease_over` */
    bool waits;  /* no lease before `lease_from`: that of a lower run may still run */
    mn_time lease_over;
    mn_time lease_from;
};

/* A round. Its starts and its told vats are in the order of the vats' numbers. */
struct round {
    struct coordinator_round_facts facts;
    struct mn_arena memory;
    struct mn_journal_decision
        decision;          /* once it is made; in `memory`, and so are the next ones */
    struct mn_text answer; /* the decision's, with its proof; empty: too large, or not known */
    uint32_t *start_vats;  /* the topology's numbers */
    uint32_t *start_hosts;
    bool *start_over; /* up, or overtaken by a later round */
    uint32_t *told_vats;
    bool *told_handled;
    uint32_t *notice_peers; /* TOPOLOGY_NONE: one that is not in the topology any more */
    uint64_t *told_again;   /* owed once more since that later round: what was handled before counts
                               no more; 0: only once */
    struct round **told_before; /* the one before it that told the same vat; NULL: none did */
    uint32_t starts_open;
    uint32_t told_open;
    uint32_t again_open; /* of older rounds' notices, those owed once more since this one */
    mn_time retry_at;    /* when to say everything again that was not answered */
    bool done_recording;

    /* Before the decision only. */
    mn_time begun_at;
    mn_time quiet_from; /* when the newest suspect showed */
    bool drafted;       /* its evidence was begun */
    bool held_back;     /* and made faster than the disk took it: all of it before it is decided */
    mn_time hold_at;    /* COLLECT: when to say what it waits for, and to ask the silent again; PLAN
                           with a silence: the latter */
    uint32_t silences;  /* attempts in a row of which the silent made something not sure */
    uint32_t settled;   /* the newest attempt that was settled */
    bool again;         /* the next attempt is due */
    bool recording;     /* the attempt's suspects are not on record yet: it is not sent */
    uint32_t placeless; /* a vat that has no host to go to; TOPOLOGY_NONE: none */
    const char *held;   /* why it cannot go on whoever answers (round_hold); NULL: it can */

    struct decision *unproven; /* decided: its answer is not written yet */

    /* PLAN only. */
    struct decision *plan;
    unsigned asks;                /* enum coordinator_asks */
    struct mn_plan_bounds bounds; /* in `memory` */
};

/* A record that is not durable yet, and what follows when it is. */
enum pending_kind {
    PENDING_GENERATION,
    PENDING_RECALL,
    PENDING_KEEPERS,
    PENDING_HOST,
    PENDING_FIRST_START,
    PENDING_RAISED,
    PENDING_FREEZE,
    PENDING_STEP,
    PENDING_DECISION,
    PENDING_ANSWER,
    PENDING_DONE
};

struct pending {
    uint64_t sequence;
    enum pending_kind kind;
    uint32_t vat;
    uint64_t round;
    size_t step; /* index of the steps */
};

/* An operator had it go on without some of the keepers, by the record of that sequence. */
struct recall_entry {
    struct mn_journal_recall recall;
    uint64_t sequence;
};

/* A vat has forgotten what @witness remembers of it, say the one or the other. */
struct differs_claim {
    uint32_t vat;
    mn_run run;
    uint32_t witness;
    mn_run witness_run;
    mn_time self_at;    /* when it said so itself; INT64_MIN: it has not */
    mn_time witness_at; /* when the witness did */
};

/* What an operator said, and the ticket of the answer that is owed for it. */
struct step_entry {
    const struct mn_journal_step *step; /* in step_memory */
    uint64_t ticket;
};

/* A disk from which a vat's checkpoints are taken. */
enum adoption_state { ADOPTION_RECORDING, ADOPTION_READING, ADOPTION_OVER };

struct adoption {
    uint32_t vat; /* one of each vat: the newest */
    uint32_t host;
    uint64_t number;
    uint64_t round;
    enum adoption_state state;
    const char *store; /* in step_memory */
    mn_time ask_at;    /* READING: when to ask the agent again; */
    mn_time moved_at;  /* when it last had done a file */
    struct mn_adopted said;
    struct mn_passed passed[MN_PASSED_COUNT_MAX];
};

/* What that host has of the vat's newest run may come from a disk that was found. */
struct found {
    uint32_t vat;
    uint32_t host;
};

struct coordinator {
    const struct topology *topology;
    struct ledger *ledger;
    struct detector *detector; /* NULL before BEGIN */
    struct detector_findings findings;
    uint32_t *domains; /* of the hosts, for the detector */
    struct host_entry *hosts;
    uint64_t *formers; /* of each host, HOST_FORMER_COUNT lives of its disk before the one of now:
                          what comes of them comes late */
    uint32_t host_count;
    struct vat_entry *vats;
    uint32_t vat_count;

    uint64_t sequence; /* of the newest record */
    uint64_t generation;
    bool begun;
    uint64_t head;            /* the newest record that is in force in this generation */
    bool in_force;            /* the generation's record is durable */
    bool behind;              /* it is overtaken: nothing is said */
    uint32_t piece_vat_count; /* whose checkpoints are in one piece of evidence at most */
    bool behind_disk;         /* so much evidence waits for the disk that no piece is made */
    mn_time listens_until;
    mn_time ages_due;          /* when the ledger is to forget what was written long ago */
    mn_time hold_note_at;      /* before that no hold is logged again */
    size_t moved_count;        /* hosts that changed with the findings at hand */
    mn_time retry_at;          /* when first starts are said again, */
    uint32_t first_start_next; /* from this vat on */

    struct round **rounds; /* oldest first; the last may be undecided */
    size_t round_count;
    size_t round_capacity;
    uint64_t decision_size_max; /* bytes of what one decision's record says */
    uint32_t suspect_count_max; /* of one freeze */
    uint64_t round_seen;        /* the highest number that anybody has heard of, */
    uint64_t round_awaited;     /* and that which an agent has applied, or was frozen for */
    size_t over_count;          /* of the rounds those that are over and told nobody, */
    size_t over_count_max;      /* at most so many, */
    uint64_t rounds_left_out;   /* and those that were there before them */
    uint64_t answers_size;      /* of the answers that are held, in bytes; at most so much: */
    uint64_t answers_size_max;
    uint32_t opens_over; /* of so many vats, the last ones, the ledger is still to forget the open
                            interval that a decision in force has weighed, */
    mn_time opens_at;    /* from then on */
    struct round *unsettled;  /* its decision is in force, and restore_settle still to come */
    struct round *unanswered; /* it has decided, and its answer is not on record yet; or NULL */
    struct pending *pendings; /* by sequence; those before `pending_first` are recorded */
    size_t pending_first;
    size_t pending_count;
    size_t pending_capacity;
    uint32_t awaited_host;    /* one that had not answered, */
    uint32_t suspect_host;    /* and one that was suspect, when that was last looked for */
    uint64_t mention_count;   /* of hellos */
    size_t lost_count;        /* vats that are lost, */
    size_t rest_count;        /* those of them that rest, */
    mn_time rest_at;          /* and when the first of these has rested */
    size_t first_start_count; /* vats that are starting for the first time */
    bool blank;               /* no vat had a run when this generation began */
    bool forgotten;           /* somebody remembers more than this journal, or did once: */
    uint64_t base;            /* no number that was forgotten is above this */
    uint64_t table_count;     /* tables of vats that were read */
    mn_time journal_at;       /* when what has been read or written of it last said the time */
    size_t first_wait_count;  /* vats whose first start waits for that to be known, */
    mn_time first_at;         /* until then while there is nothing to be known */
    uint32_t first_host;      /* one that was waited for when that was last looked for */
    uint32_t first_vat;       /* where starting them goes on */
    mn_time leases_from;      /* before that no lease is granted to anybody */

    struct recall_entry *recalls; /* oldest first; the names are in step_memory */
    size_t recall_count;
    size_t recall_capacity;
    size_t recall_recorded;     /* so many of them are on record */
    struct adoption *adoptions; /* oldest first */
    size_t adoption_count;
    size_t adoption_capacity;
    size_t adoption_open; /* so many are not over */
    struct found *founds; /* each pair once */
    size_t found_count;
    size_t found_capacity;
    uint64_t adoption_number; /* of the newest */
    struct step_entry *steps; /* oldest first */
    size_t step_count;
    size_t step_capacity;
    size_t step_recorded; /* so many of them are on record */
    size_t step_decided;  /* so many were said before the newest decision, and count no more */
    struct mn_arena step_memory;
    const struct mn_journal_step
        *word; /* the newest that counts since the last decision, or NULL */

    struct differs_claim *claims; /* oldest first */
    size_t claim_count;
    size_t claim_capacity;

    mn_time now;                         /* of the step */
    struct coordinator_effects *effects; /* of the step */
};

/* coordinator_effects.c: what a step asks for. Failure is noted in the effects. */
void coordinator_fail(struct coordinator *coordinator, mn_result result);
/* As coordinator_fail unless @result is MN_OK. Whether it is. */
bool coordinator_fine(struct coordinator *coordinator, mn_result result);
void *coordinator_take(struct coordinator *coordinator, size_t count, size_t size);
void coordinator_tell(struct coordinator *coordinator, struct coordinator_note_facts facts);
struct mn_down *coordinator_say(struct coordinator *coordinator, uint32_t host,
                                enum mn_down_kind kind);
/* Say to @host what was said to another one in this step. */
void coordinator_say_too(struct coordinator *coordinator, uint32_t host,
                         const struct mn_down *down);
/* Append @record, which must last as long as the effects, and remember what follows. */
void coordinator_record(struct coordinator *coordinator, const struct mn_journal_record *record,
                        struct pending pending);
/* Hand over the piece in coordinator->effects->evidence. */
void coordinator_hand_piece(struct coordinator *coordinator, bool first);
/* Those that were handed over are of no use any more. */
void coordinator_drop_pieces(struct coordinator *coordinator);
mn_time coordinator_heartbeat(const struct coordinator *coordinator);
const char *coordinator_host_name(const struct coordinator *coordinator, uint32_t host);
const char *coordinator_vat_name(const struct coordinator *coordinator, uint32_t vat);
struct mn_name coordinator_host_id(const struct coordinator *coordinator, uint32_t host);
struct mn_name coordinator_vat_id(const struct coordinator *coordinator, uint32_t vat);
/* The vat of that name, or TOPOLOGY_NONE. */
uint32_t coordinator_find_vat(const struct coordinator *coordinator, const struct mn_name *name);
/* Note a fork behind the others, in a lineage that travels: without those at which nothing died
 * that did not die at this one too, and without the oldest where there are too many. So a vat that
 * is started again and again from one checkpoint still names what died before. */
void coordinator_lineage_add(struct mn_lineage *lineage, const struct mn_fork *fork);

/* The vat's lineage as it travels. */
void coordinator_lineage(const struct coordinator *coordinator, uint32_t vat,
                         struct mn_lineage *lineage);
void coordinator_refuse(struct coordinator *coordinator, uint32_t host, const char *text);
/* The same of what is said of one checkpoint; @vat may be TOPOLOGY_NONE. */
void coordinator_refuse_row(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                            mn_epoch epoch, const char *text);
void coordinator_answer(struct coordinator *coordinator, uint64_t ticket, mn_result code,
                        const char *text);

/* hosts.c: being heard, silence, and what the detector finds. */
void hosts_heard(struct coordinator *coordinator, uint32_t host);
/* Which life of its disk says that. False: one that is over, and is not heard. */
bool hosts_disk(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
void hosts_begin_life(struct coordinator *coordinator, uint32_t host, uint64_t disk);
/* Whether the host may speak of one more run or life of a vat that the journal does not know of. */
bool hosts_raise_allowed(struct coordinator *coordinator, uint32_t host);
void hosts_hello(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
void hosts_welcome(struct coordinator *coordinator, uint32_t host);
void hosts_probed(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
void hosts_tick(struct coordinator *coordinator);
bool hosts_lost(const struct coordinator *coordinator, uint32_t host);
/* Its rows have all been taken, as it says. */
void hosts_complete(struct coordinator *coordinator, uint32_t host, bool complete);
/* It does not have what it must have had. */
void hosts_emptied(struct coordinator *coordinator, uint32_t host);
/* Whether it is gone, or empty, and never told all that it had. */
bool hosts_untold(const struct coordinator *coordinator, uint32_t host);

/* vats.c: what it records. */
/* Write down a run of the vat that no decision gave out; @found: and this journal neither. */
void vats_record(struct coordinator *coordinator, uint32_t vat, enum pending_kind kind, bool found);

/* ages.c: when checkpoints were written. */
/* What the ledger keeps of a row's `age`. */
uint32_t ages_written(const struct coordinator *coordinator, uint32_t age);
void ages_tick(struct coordinator *coordinator);

/* reports.c: rows into the ledger. */
void reports_take(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
/* The vat's own host says its floor with its state: of a vat whose store is lost there is no row
 * that could. */
void reports_floor_said(struct coordinator *coordinator, uint32_t vat, mn_epoch floor);
/* Let the ledger follow every vat's floor; not while a round may need what is below. */
void reports_floors(struct coordinator *coordinator);
/* Whether no floor of the vat is known, or by hearsay alone. */
bool reports_floor_open(const struct vat_entry *entry);
/* All that @host had has been told, or it is to be decided @now, and what has not been told will
 * not come: the ledger may have the floors of its vats. */
void reports_first_floors(struct coordinator *coordinator, uint32_t host, bool now);
/* The vats of a table, TOPOLOGY_NONE where there is none. NULL after failing, and when they are
 * numbers of another topology, for which the host is refused. */
uint32_t *reports_vats(struct coordinator *coordinator, uint32_t host,
                       const struct mn_vat_table *table);
/* Heard entries with the vats' numbers, but for those on dead epochs, which are settled; of unknown
 * peers they are left out, and the host is refused. NULL after failing. @count: in and out. */
struct evidence_heard *reports_heard(struct coordinator *coordinator, uint32_t host,
                                     const uint32_t *vats, const struct mn_heard *heard,
                                     size_t *count);

/* round.c: the round before its decision. */
struct round *round_active(const struct coordinator *coordinator);
/* The round of that number, or NULL. */
struct round *round_find(const struct coordinator *coordinator, uint64_t number);
/* A new round, GATHER; NULL after failing. */
struct round *round_new(struct coordinator *coordinator, uint64_t number);
void round_destroy(struct round **round);
/* Room for the numbers of whom its decision names, and for what is open of them, in its memory. */
mn_result round_make_room(struct round *round, uint32_t starts, uint32_t told,
                          uint32_t notices) MN_CHECKED;
/* It holds, and says so once: something of it is too large, or not on the disk yet. */
void round_hold(struct coordinator *coordinator, struct round *round, uint64_t number,
                const char *text);
void round_move(struct coordinator *coordinator, struct round *round,
                enum coordinator_round_state to);
/* Vats or hosts were lost, or came back: begin, widen or call off. */
void round_changed(struct coordinator *coordinator);
/* A new suspect has shown: a round that gathers waits for it. */
void round_suspect_seen(struct coordinator *coordinator);
/* A round of this number exists somewhere: the next one's is higher. */
void round_number_seen(struct coordinator *coordinator, uint64_t number);
/* And its decision was applied somewhere, as @host says. */
void round_applied_seen(struct coordinator *coordinator, uint32_t host, uint64_t number);
/* Or @host was frozen for it, and waits for its decision or for that of a later one. */
void round_frozen_seen(struct coordinator *coordinator, uint32_t host, uint64_t number);
void round_tick(struct coordinator *coordinator);
/* When nothing else has happened: what can be made before it is wanted. */
void round_prepare(struct coordinator *coordinator);
mn_time round_deadline(const struct coordinator *coordinator);

/* collect.c: COLLECT. */
void collect_begin(struct coordinator *coordinator, struct round *round);
/* The newest attempt's suspects are on record. */
void collect_recorded(struct coordinator *coordinator, uint64_t number);
void collect_tick(struct coordinator *coordinator, struct round *round);
void collect_intervals(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
/* Whether the round goes on only with what that host says, which it has not said yet. */
bool collect_awaits(const struct coordinator *coordinator, uint32_t host);
/* The host's agent has begun anew: what it answered is void. */
void collect_host_again(struct coordinator *coordinator, uint32_t host);

/* pieces.c: the evidence of the decision, made while its round still gathers. */
void pieces_begin(struct coordinator *coordinator, struct round *round);
void pieces_tick(struct coordinator *coordinator, struct round *round);
void pieces_end(struct coordinator *coordinator);
/* The round is called off. */
void pieces_call_off(struct coordinator *coordinator, const struct round *round);
mn_time pieces_deadline(const struct coordinator *coordinator, const struct round *round);
/* Whether the round waits until its pieces are made, since the disk did not take them in time. */
bool pieces_wait(const struct coordinator *coordinator, const struct round *round);
void pieces_say_wait(struct coordinator *coordinator, struct round *round);

/* opens.c: open intervals that a decision has weighed. */
void opens_weighed(struct coordinator *coordinator);
void opens_tick(struct coordinator *coordinator);
/* Before any is collected or asked for: none is left that is over. */
void opens_end(struct coordinator *coordinator);
mn_time opens_deadline(const struct coordinator *coordinator);

/* history.c: rounds that are over. */
/* The round is done: one that is too many is left out, which may be this one. */
void history_round_over(struct coordinator *coordinator, const struct round *round);
/* The round has its answer: those of older ones that are too much are given up. */
void history_answer(struct coordinator *coordinator, const struct round *round);

/* proof.c: the answer that a decision came from. */
/* The round takes the decision that is being put on record. */
void proof_take(struct coordinator *coordinator, struct round *round, struct decision **take);
/* Before another life of a vat is learned: write the answer, unless that is done. */
void proof_write(struct coordinator *coordinator);
void proof_tick(struct coordinator *coordinator);
/* Put the answer on record, unless that is done. */
void proof_end(struct coordinator *coordinator);
mn_time proof_deadline(const struct coordinator *coordinator);

/* settle.c: everybody has answered: decide, unless that stops further vats. */
void settle(struct coordinator *coordinator, struct round *round);

/* plan.c: the decision's record, as round->decision. False when it cannot be made: no place for a
 * vat, or failure. */
bool plan_make(struct coordinator *coordinator, struct round *round,
               const struct decision *decision);
/* DECIDING: put what was made of @take on record. */
void plan_record(struct coordinator *coordinator, struct round *round, struct decision **take);

/* places.c. Whether a vat may be restored there. */
bool places_usable(const struct coordinator *coordinator, uint32_t host);
/* places.c: the host for a restored vat, TOPOLOGY_NONE when there is none. @links and @link_count:
 * the chain it is restored from. @load: how many vats each host has or will have. */
uint32_t places_choose(const struct coordinator *coordinator, uint32_t vat,
                       const struct ledger_link *links, size_t link_count, const uint32_t *load);
/* The host that has the link's checkpoint: @host itself if it does. TOPOLOGY_NONE: none is up. */
uint32_t places_holder(const struct coordinator *coordinator, const struct ledger_link *link,
                       uint32_t host);

/* restore.c: from the durable decision to the end of the round. */
void restore_begin(struct coordinator *coordinator, struct round *round);
/* What a decision changes in what is known: also when it is read from the journal. But for what no
 * word to anybody rests on, which the next step begins with, so that they leave before it. */
void restore_apply(struct coordinator *coordinator, struct round *round);
/* The rest of it, unless that is done: what vats are told is settled, and the ledger follows the
 * floors. Before anything else is made of the ledger. */
void restore_settle(struct coordinator *coordinator);
/* The vat's run, which may be the one that a round ordered, is up. */
void restore_vat_up(struct coordinator *coordinator, uint32_t vat);
void restore_handled(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);
/* Say one of the round's starts. */
void restore_say_start(struct coordinator *coordinator, const struct round *round, uint32_t index);
/* Say again the start of the vat's run. */
void restore_start_again(struct coordinator *coordinator, uint32_t vat);
/* A host is lost: what waits for a checkpoint that it was to give does so in vain. */
void restore_holder_lost(struct coordinator *coordinator, uint32_t host);
void restore_tick(struct coordinator *coordinator);
void restore_done(struct coordinator *coordinator, struct round *round);
/* What vats were owed of older rounds since this one, they have handled. */
void restore_again_handled(struct coordinator *coordinator, struct round *round);

/* telling.c: decisions to hosts. */
/* The round's decision to every host that is not lost, and what it is to start, after what is owed
 * of older rounds: a vat that is owed a notice may have gone to another host, which must know of it
 * before it knows of @round. */
void telling_all(struct coordinator *coordinator, const struct round *round);
/* Only to the hosts whose vats have not handled what the round tells them. */
void telling_owed(struct coordinator *coordinator, const struct round *round);
/* Say to @host what it has to know of decided rounds; @newest is the newest that it knows. */
void telling_remind(struct coordinator *coordinator, uint32_t host, uint64_t newest);

/* replay.c: the journal's records. */
void replay_record(struct coordinator *coordinator, const struct coordinator_event *event);
/* The number of what a record names. TOPOLOGY_NONE after failing, because it is not in the topology
 * any more; the error says so. */
uint32_t replay_find_vat(struct coordinator *coordinator, const struct mn_name *name);
uint32_t replay_find_host(struct coordinator *coordinator, const struct mn_name *name);
/* The hosts that decisions of the journal have taken for lost, and that nobody is to run on. */
void replay_lost_hosts(struct coordinator *coordinator);

#endif
