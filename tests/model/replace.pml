/* Replacing a keeper: the new one is filled up first, then a record makes both sets count, then one
 * makes only the new set count (coordinator/core/keeping_sets.c). One decision (G5), and no
 * generation twice or backward (G6), whoever takes over in the middle of it. README.md says what
 * each part stands for.
 *
 * What a coordinator's journal or a keeper holds is a log of records, the oldest in the lowest
 * bits; a record is who made it and of which kind it is. Every life has a journal of its own, which
 * it begins from any former state of any earlier one. Bit k of a mask is keeper k: 0, 1 and 2 are
 * the keepers, and 3 takes the place of 2. */

#ifndef LIVES
#define LIVES 3 /* two coordinators and a crash */
#endif
#ifndef ORDERS
#define ORDERS 0 /* in a log, besides those that begin a generation or change the keepers */
#endif
#define NONE 0
#define LOST 1
#define OLDER 2
#ifndef AMNESIA
#define AMNESIA NONE
#endif
#ifndef WHO
#define WHO 0 /* the keeper that forgets: 0 (like 1) stays, 2 goes, 3 comes */
#endif
#define KEEPERS 4
#define OLD 7
#define NEW 11
#define COMES 3

#define COUNT(mask) (((mask) & 1) + (((mask) >> 1) & 1) + (((mask) >> 2) & 1) + (((mask) >> 3) & 1))
#define HAS(mask, k) (((mask) >> (k)) & 1)
#define BIT(k) (1 << (k))
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define SIZE (LIVES + 1) /* lives are counted from 1, so that 0 is nobody */

/* ---- logs: of at most six records ------------------------------------------------------------ */

#define GENERATION 0
#define ORDER 1
#define JOINT 2
#define FINAL 3
#define RECORD(s, kind) ((s) * 4 + (kind))
#define AT(log, i) (((log) >> (5 * (i))) & 31)
#define FIRST(log, n) ((log) & ((1 << (5 * (n))) - 1))
#define LENGTH(log) \
    (((log) > 0) + ((log) >= 32) + ((log) >= 1024) + ((log) >= 32768) + ((log) >= 1048576) + \
     ((log) >= 33554432))
/* The generation of its newest record. */
#define REACHED(log) ((log) == 0 -> 0 : generation[AT(log, LENGTH(log) - 1) >> 2])
#define NEWER(a, b) \
    (REACHED(a) > REACHED(b) || (REACHED(a) == REACHED(b) && LENGTH(a) > LENGTH(b)))

/* Records that say who the keepers are: JOINT and FINAL have the bit of 2, and no other kind. Where
 * there is one, both sets count; where there are two, the new one. */
#define KIND_COUNT(log) \
    ((log) == 0 -> 0 : (KIND_AT(log, 0) + KIND_AT(log, 1) + KIND_AT(log, 2) + KIND_AT(log, 3) + \
                        KIND_AT(log, 4) + KIND_AT(log, 5)))
#define KIND_AT(log, i) ((AT(log, i) & 3) == ORDER)
#ifdef TAKE_BACK
#define BACK(log) (KIND_COUNT(log) != 0)
#else
#define BACK(log) 0
#endif
#define CHANGES(log) ((log) & 69273666) /* that bit of each of six */
#ifdef NO_JOINT
#define OLD_COUNTS(log) (CHANGES(log) == 0)
#else
#define OLD_COUNTS(log) ((CHANGES(log) & (CHANGES(log) - 1)) == 0)
#endif
#define NEW_COUNTS(log) (CHANGES(log) != 0 && !BACK(log))
/* A log that says the same of the keepers, and nothing else. */
#define WHO_KEEPS(log) (!NEW_COUNTS(log) -> 0 : (OLD_COUNTS(log) -> 2 : 66))
#define SAME_SETS(a, b) \
    (OLD_COUNTS(a) == OLD_COUNTS(b) && NEW_COUNTS(a) == NEW_COUNTS(b))
#define MEMBERS(log) ((OLD_COUNTS(log) -> OLD : 0) | (NEW_COUNTS(log) -> NEW : 0))

/* ---- lives ----------------------------------------------------------------------------------- */

mtype = {UNBORN, ASKING, LEADING, ENDED};
mtype phase[SIZE] = UNBORN;
byte generation[SIZE];
int own[SIZE];                 /* its journal; ASKING: of that only who the keepers are */
int best[SIZE];                /* ASKING: the newest log of a keeper that promised */
byte firm[SIZE];               /* ASKING, a mask: promised, and their memory counts */
byte restarted[SIZE];          /* mask: promised, but perhaps from an older disk */
byte blank[SIZE];              /* mask: promised, and say that they have forgotten */
bit renewed[SIZE];             /* it knows that there is a second life of the one that forgets */
#ifdef HEARD_ALONE
bit heard[SIZE];               /* from that one itself; */
bit former[SIZE];              /* and it has heard the first one, so that it doubts the second */
#endif
byte noted[SIZE];              /* LEADING, a mask: others that have noted that */
byte base[SIZE];               /* how long its log was when it began to lead */
byte whole_at[SIZE];           /* who forgot is whole when it has so many records */
byte stored[SIZE * KEEPERS];   /* so many records the keeper has acknowledged, while whole */
byte in_force[SIZE];           /* LEADING: so many records of its journal, as it knows */

/* ---- keepers --------------------------------------------------------------------------------- */

byte promised[KEEPERS];        /* a generation */
byte promised_to[KEEPERS];
int has[KEEPERS];              /* its log */
byte infirm;                   /* mask: began anew, and not whole again */
byte forgetful;                /* mask: blank */
byte knows;                    /* mask: have the second life of the one that forgets noted */
bit second;                    /* there is one */

/* ---- disasters, and what has had effects ----------------------------------------------------- */

byte amnesia_left = (AMNESIA != NONE -> 1 : 0);
bit backed_up;
byte backup_promised, backup_to;
int backup_has;
bit backup_blank;
int effective;                 /* the longest log that was in force */

hidden byte i;
hidden byte life;
hidden byte n;
hidden byte some;
hidden byte above;
hidden int target;

/* ---- majorities ------------------------------------------------------------------------------ */

#ifdef NO_MAJORITY
#define MAJORITY 1
#else
#define MAJORITY 2
#endif
#define ENOUGH(have, log) \
    ((!OLD_COUNTS(log) || COUNT((have) & OLD) >= MAJORITY) && \
     (!NEW_COUNTS(log) || COUNT((have) & NEW) >= MAJORITY))
/* Of those that began anew one may have an older disk than it had. */
#define READ(s, set) \
    (COUNT((firm[s] | restarted[s]) & (set)) - ((restarted[s] & (set)) != 0) >= MAJORITY)
#ifdef NEW_ALONE
#define ASKS_OLD(log) (CHANGES(log) == 0)
#else
#define ASKS_OLD(log) OLD_COUNTS(log)
#endif
#define MAY_GO_ON(s) \
    ((!ASKS_OLD(own[s]) || READ(s, OLD)) && (!NEW_COUNTS(own[s]) || READ(s, NEW)))

/* Who is sent its records; one that is to come, when there is nothing else to be done. */
#define KEPT_BY(s) (MEMBERS(own[s]) | (CHANGES(own[s]) == 0 -> BIT(COMES) : 0))
#define WHOLE(k) (!HAS(infirm | forgetful, k))
#define FORGOT(k) ((k) == WHO && second)
#ifdef SAME_GENERATION
#define PROMISES(s, k) (promised[k] <= generation[s])
#else
#define PROMISES(s, k) \
    (promised[k] < generation[s] || (promised[k] == generation[s] && promised_to[k] == s))
#endif

#include "replace_alike.pml"

/* ---- asking ---------------------------------------------------------------------------------- */

/* The highest generation that anybody knows of. */
inline highest()
{
    above = 0;
    i = 0;
    do
    :: i < KEEPERS -> above = MAX(above, promised[i]); i++
    :: else -> break
    od;
    i = 1;
    do
    :: i < SIZE -> above = MAX(above, generation[i]); i++
    :: else -> break
    od;
    i = 0
}

inline renew(s)
{
    if
    :: !renewed[s] ->
        renewed[s] = 1;
#ifndef NO_LIVES
        firm[s] = firm[s] & ~BIT(WHO);
        restarted[s] = restarted[s] & ~BIT(WHO);
        blank[s] = blank[s] & ~BIT(WHO);
        stored[s * KEEPERS + WHO] = 0;
#endif
        noted[s] = 0;
        whole_at[s] = (phase[s] == LEADING -> LENGTH(own[s]) : 0)
    :: else
    fi
}

inline hear(s, k)
{
#ifdef HEARD_ALONE
    heard[s] = heard[s] | FORGOT(k);
    former[s] = former[s] | (k == WHO && !second);
#endif
    skip
}

inline promise(s, k)
{
    printf("life %d: keeper %d promises generation %d (blank %d, restarted %d)\n", s, k,
           generation[s], HAS(forgetful, k), HAS(infirm, k));
    promised[k] = generation[s];
    promised_to[k] = s;
    hear(s, k);
    if
    :: FORGOT(k) || HAS(knows, k) -> renew(s)
    :: else
    fi;
    if
    :: HAS(forgetful, k) -> blank[s] = blank[s] | BIT(k)
    :: !HAS(forgetful, k) && HAS(infirm, k) -> restarted[s] = restarted[s] | BIT(k)
    :: else -> firm[s] = firm[s] | BIT(k)
    fi;
    if
    :: NEWER(has[k], best[s]) -> best[s] = has[k]
    :: else
    fi
}

/* Others are the keepers by what it has found: it asks them too, in another generation. */
inline ask_anew(s, number)
{
    own[s] = WHO_KEEPS(best[s]);
    generation[s] = number;
    firm[s] = 0;
    restarted[s] = 0;
    blank[s] = 0;
    printf("life %d: takes over %d records and asks others, in generation %d\n", s,
           LENGTH(best[s]), generation[s])
}

inline lead(s)
{
    base[s] = LENGTH(best[s]);
    printf("life %d: leads in generation %d after %d records\n", s, generation[s], base[s]);
    assert(generation[s] > REACHED(best[s])); /* G6 */
    own[s] = best[s] | (RECORD(s, GENERATION) << (5 * base[s]));
    whole_at[s] = base[s];
    phase[s] = LEADING;
    best[s] = 0; /* what is not looked at again makes no two states differ */
    firm[s] = 0;
    restarted[s] = 0;
    blank[s] = 0
}

/* ---- leading --------------------------------------------------------------------------------- */

#ifdef NO_WRITE_AHEAD
#define IN_FORCE(have, log) 1
#else
#define IN_FORCE(have, log) ENOUGH(have, log)
#endif

/* G5 and G6: what is in force goes on from all that ever was. */
inline commit(s)
{
    n = LENGTH(own[s]);
    do
    :: n > base[s] ->
        some = 0;
        i = 0;
        do
        :: i < KEEPERS ->
            if
            :: stored[s * KEEPERS + i] >= n -> some = some | BIT(i)
            :: else
            fi;
            i++
        :: else -> break
        od;
        if
        :: IN_FORCE(some, own[s]) -> break
        :: else -> n--
        fi
    :: else -> break
    od;
    if
    :: n > base[s] && n > in_force[s] ->
        i = MIN(n, LENGTH(effective));
        assert(FIRST(own[s], i) == FIRST(effective, i));
        printf("life %d: %d records are in force\n", s, n);
        in_force[s] = n;
        if
        :: n > LENGTH(effective) -> effective = FIRST(own[s], n)
        :: else
        fi
    :: else
    fi;
    i = 0; /* what is in force already need not be told from what was not stored */
    do
    :: i < KEEPERS ->
        if
        :: stored[s * KEEPERS + i] <= in_force[s] ->
            stored[s * KEEPERS + i] =
                (i == COMES && CHANGES(own[s]) == 0 && stored[s * KEEPERS + i] > 0 -> 1 : 0)
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

inline append(s, kind)
{
    printf("life %d: record %d of kind %d into its journal\n", s, LENGTH(own[s]), kind);
    own[s] = own[s] | (RECORD(s, kind) << (5 * LENGTH(own[s])));
    commit(s)
}

#define ANSWER_COUNTS(s, k) \
    (WHOLE(k) && (((k) == COMES && CHANGES(own[s]) == 0) -> stored[(s) * KEEPERS + (k)] == 0 : \
                  (LENGTH(own[s]) > in_force[s] && \
                   stored[(s) * KEEPERS + (k)] != LENGTH(own[s]))))
/* Whether it names the second life to the keepers. What they have noted gives way to what it names:
 * to the first life, or to nothing. */
#ifdef HEARD_ALONE
#define NAMES(s) heard[s]
#define DOUBTS(s, k) (FORGOT(k) && former[s])
#else
#define NAMES(s) renewed[s]
#define DOUBTS(s, k) 0
#endif
#define NEWS(s, k) \
    ((k) != WHO && (NAMES(s) != HAS(knows, k) || \
                    (NAMES(s) && !WHOLE(WHO) && WHOLE(k) && !HAS(noted[s], k))))
#define KEEPS(s, k) \
    (phase[s] == LEADING && PROMISES(s, k) && HAS(KEPT_BY(s), k) && \
     (has[k] != own[s] || ANSWER_COUNTS(s, k) || NEWS(s, k) || (FORGOT(k) && !renewed[s])))

/* Enough others have noted that it forgot, so that no lower generation can use what that was. One
 * that comes, and has nothing to forget, needs none. */
#if defined(NO_LIVES) || defined(UNCONFIRMED)
#define CALLS_WHOLE(s, k) 1
#else
#define CALLS_WHOLE(s, k) (!FORGOT(k) || (renewed[s] && ENOUGH(noted[s], own[s])))
#endif

/* A keeper gets what this generation went on from, with its first record, at once; or one record
 * after the other. */
#ifdef PIECES
#define AT_ONCE(s) 0
#else
#define AT_ONCE(s) (base[s] + 1)
#endif
#ifdef STALE_REFILL
#define WHOLE_AT(s, k) base[s]
#else
#define WHOLE_AT(s, k) (FORGOT(k) -> whole_at[s] : base[s])
#endif

/* The keeper hears from who leads, and notes what it is told; perhaps that is all, because a record
 * is in pieces, or does not go on from what it has. */
inline note(s, k)
{
    promised[k] = generation[s];
    promised_to[k] = s;
    hear(s, k);
    if
    :: FORGOT(k) -> renew(s)
    :: else
    fi;
    if
    :: NAMES(s) && k != WHO ->
        knows = knows | BIT(k);
        if
        :: WHOLE(k) && !WHOLE(WHO) -> noted[s] = noted[s] | BIT(k)
        :: else
        fi
    :: !NAMES(s) && k != WHO ->
        if
        :: HAS(knows, k) -> printf("life %d: keeper %d has the second life no more\n", s, k)
        :: else
        fi;
        knows = knows & ~BIT(k)
    :: else
    fi
}

inline keep(s, k)
{
    note(s, k);
    n = 0; /* what it has of this journal */
    do
    :: n < LENGTH(own[s]) && AT(has[k], n) == AT(own[s], n) -> n++
    :: else -> break
    od;
    n = MIN(LENGTH(own[s]), MAX(n + 1, AT_ONCE(s)));
    has[k] = FIRST(own[s], n);
    printf("life %d: keeper %d has %d records (whole %d)\n", s, k, n, WHOLE(k));
    stored[s * KEEPERS + k] = (WHOLE(k) && !DOUBTS(s, k) -> n : 0);
    commit(s)
}

/* It has enough, so that it may be called whole. */
#define MAY_BE_WHOLE(s, k) \
    (phase[s] == LEADING && PROMISES(s, k) && HAS(KEPT_BY(s), k) && !WHOLE(k) && \
     (!FORGOT(k) || renewed[s]) && CALLS_WHOLE(s, k) && LENGTH(has[k]) >= WHOLE_AT(s, k) && \
     has[k] == FIRST(own[s], LENGTH(has[k])))

inline whole(s, k)
{
    printf("life %d: keeper %d is whole with %d records\n", s, k, LENGTH(has[k]));
    promised[k] = generation[s];
    promised_to[k] = s;
    infirm = infirm & ~BIT(k);
    forgetful = forgetful & ~BIT(k);
    stored[s * KEEPERS + k] = LENGTH(has[k]);
    commit(s)
}

#if defined(NOT_FILLED) || defined(UNFILLED)
#define FILLED(s) 1
#else
#define FILLED(s) (stored[(s) * KEEPERS + COMES] != 0)
#endif
#ifdef EARLY_FINAL
#define SETTLED(s) 1
#else
#define SETTLED(s) (CHANGES(FIRST(own[s], in_force[s])) != 0)
#endif

/* Whether nobody can have the record of the new set alone: this life has made the one of both, or
 * has that in force. */
#ifdef BACK_BY_ANYBODY
#define MAY_TAKE_BACK(s) 1
#else
#define OWN_JOINT(s) \
    (AT(own[s], 1) == RECORD(s, JOINT) || AT(own[s], 2) == RECORD(s, JOINT) || \
     AT(own[s], 3) == RECORD(s, JOINT) || AT(own[s], 4) == RECORD(s, JOINT))
#define MAY_TAKE_BACK(s) (OWN_JOINT(s) || SETTLED(s))
#endif

/* ---- who acts -------------------------------------------------------------------------------- */

#ifdef FROM_NOTHING
#define EARLIEST 0 /* an empty journal */
#else
#define EARLIEST 1
#endif
#define TURN(s) (phase[s] == UNBORN && phase[s - 1] != UNBORN)

#define MAY_ASK(k) \
    (HAS(MEMBERS(own[s]), k) && PROMISES(s, k) && REACHED(has[k]) < generation[s] && \
     (!HAS(firm[s] | restarted[s] | blank[s], k) || (FORGOT(k) && !renewed[s])))
#ifdef NO_ASKING_AGAIN
#define OTHERS(s) 0
#else
#define OTHERS(s) (!SAME_SETS(own[s], best[s]))
#endif
/* Whoever may go on with the answer does, or waits for one more. */
#define ASK(k) \
    :: d_step { phase[s] == ASKING && MAY_ASK(k) -> promise(s, k); done() } \
    :: d_step { phase[s] == ASKING && MAY_ASK(k) -> \
                promise(s, k); \
                if \
                :: MAY_GO_ON(s) && OTHERS(s) -> highest(); ask_anew(s, 1 + above) \
                :: MAY_GO_ON(s) && !OTHERS(s) -> lead(s) \
                :: else \
                fi; \
                done() } \
    ASK_LOWER(k)
#ifdef NO_CHANGE
#define ASK_LOWER(k)
#else
#define ASK_LOWER(k) \
    :: d_step { phase[s] == ASKING && MAY_ASK(k) && \
                (CHANGES(best[s]) | CHANGES(has[k]) | own[s]) != 0 -> \
                promise(s, k); \
                if \
                :: MAY_GO_ON(s) && OTHERS(s) -> ask_anew(s, 1 + generation[s]) \
                :: else \
                fi; \
                done() }
#endif
#define KEEP(k) \
    :: d_step { KEEPS(s, k) -> keep(s, k); done() } \
    :: d_step { phase[s] == LEADING && PROMISES(s, k) && HAS(KEPT_BY(s), k) && NEWS(s, k) -> \
                note(s, k); done() } \
    :: d_step { MAY_BE_WHOLE(s, k) -> whole(s, k); done() }

proctype coordinator(byte s)
{
    byte limit;
    byte from;
    byte count;
    byte number;
    byte asked;
    do
    /* It begins from any former state of a journal, in any generation above that, and asks one
     * keeper. Whoever begins and asks nobody makes no difference to anybody. */
    :: atomic { TURN(s) ->
                d_step { highest(); limit = 1 + above };
                from = EARLIEST;
                do
                :: from < s - 1 -> from++
                :: break
                od;
                do
                :: count < LENGTH(own[from]) -> count++
                :: break
                od;
                number = 1;
                do
                :: number < limit -> number++
                :: break
                od;
                do
                :: asked < COMES -> asked++
                :: break
                od;
                d_step {
                    own[s] = WHO_KEEPS(FIRST(own[from], count));
                    best[s] = FIRST(own[from], count);
                    generation[s] = number;
                    if
                    :: (from == 0 || phase[from] == LEADING) && number > REACHED(best[s]) &&
                       MAY_ASK(asked) ->
                        printf("life %d: begins as generation %d with %d records of life %d\n", s,
                               number, count, from);
                        phase[s] = ASKING;
                        promise(s, asked);
                        done()
                    :: else ->
                        own[s] = 0;
                        best[s] = 0;
                        generation[s] = 0
                    fi;
                    limit = 0;
                    from = 0;
                    count = 0;
                    number = 0;
                    asked = 0
                } }
    ASK(0)
    ASK(1)
    ASK(2)
    KEEP(0)
    KEEP(1)
    KEEP(2)
#ifndef NO_CHANGE
    ASK(3)
    KEEP(3)
    :: d_step { phase[s] == LEADING && CHANGES(own[s]) == 0 && FILLED(s) ->
#ifdef NO_JOINT
                append(s, FINAL) }
#else
                append(s, JOINT) }
    :: d_step { phase[s] == LEADING && NEW_COUNTS(own[s]) && OLD_COUNTS(own[s]) && SETTLED(s) ->
                append(s, FINAL) }
#endif
#endif
#ifdef TAKE_BACK
    :: d_step { phase[s] == LEADING && NEW_COUNTS(own[s]) && OLD_COUNTS(own[s]) &&
                MAY_TAKE_BACK(s) ->
                append(s, ORDER); done() }
#endif
#if ORDERS > 0
    :: d_step { phase[s] == LEADING && KIND_COUNT(own[s]) < ORDERS -> append(s, ORDER) }
#endif
#ifdef NEWEST_OF_ANY
    :: d_step { phase[s] == ASKING && !SAME_SETS(own[s], best[s]) ->
                highest(); ask_anew(s, 1 + above); done() }
#endif
    od
}

#if defined(BLANK_VOTES)
#define BLANK(k) 0
#elif defined(NOT_FILLED)
#define BLANK(k) ((k) != COMES)
#else
#define BLANK(k) 1
#endif
#ifdef OLDER_VOTES
#define OLDER_SHOWS 0
#else
#define OLDER_SHOWS 1
#endif

#if AMNESIA != NONE
proctype disaster()
{
    do
#if AMNESIA == LOST
    :: d_step { amnesia_left > 0 && (promised[WHO] != 0 || has[WHO] != 0) ->
                printf("keeper %d loses its memory\n", WHO);
                amnesia_left--;
                second = 1;
                promised[WHO] = 0;
                promised_to[WHO] = 0;
                has[WHO] = 0;
                infirm = infirm & ~BIT(WHO);
                if
                :: BLANK(WHO) -> forgetful = forgetful | BIT(WHO)
                :: else
                fi;
                done() }
#else
    :: d_step { !backed_up && amnesia_left > 0 && promised[WHO] != 0 ->
                printf("keeper %d is backed up\n", WHO);
                backed_up = 1;
                backup_promised = promised[WHO];
                backup_to = promised_to[WHO];
                backup_has = has[WHO];
                backup_blank = HAS(forgetful, WHO) }
    :: d_step { amnesia_left > 0 && backed_up ->
                printf("keeper %d comes back with its backup\n", WHO);
                amnesia_left--;
                second = 1;
                promised[WHO] = backup_promised;
                promised_to[WHO] = backup_to;
                has[WHO] = backup_has;
                if
                :: backup_blank -> forgetful = forgetful | BIT(WHO)
                :: else ->
                    infirm = infirm | (OLDER_SHOWS -> BIT(WHO) : 0);
                    forgetful = forgetful & ~BIT(WHO)
                fi;
                backed_up = 0;
                backup_promised = 0;
                backup_to = 0;
                backup_has = 0;
                backup_blank = 0;
                done() }
#endif
    od
}
#endif

/* In the beginning a coordinator leads, and all know it; or nothing was ever in force. */
init
{
    d_step {
        phase[0] = ENDED;
#ifndef FROM_NOTHING
        i = 0;
        do
        :: i < 3 ->
            promised[i] = 1;
            promised_to[i] = 1;
            has[i] = RECORD(1, GENERATION);
            i++
        :: else -> break
        od;
        generation[1] = 1;
        phase[1] = LEADING;
        own[1] = RECORD(1, GENERATION);
        in_force[1] = 1;
        effective = RECORD(1, GENERATION);
#endif
#ifndef NOT_FILLED
        forgetful = BIT(COMES);
#endif
        i = 0
    }
    atomic {
        i = 1;
        do
        :: i < SIZE -> run coordinator(i); i++
        :: else -> break
        od;
#if AMNESIA != NONE
        run disaster();
#endif
        i = 0
    }
}
