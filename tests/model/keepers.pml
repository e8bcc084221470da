/* Generations, keepers and the journal: one decision for each order (G5), and numbers that never
 * repeat or go down (G6). README.md says what each part stands for.
 *
 * A life is one process of a coordinator, from its start to its crash: what it has sent may arrive
 * at any later moment, so a life that crashed, one that is paused and one cut off are the same.
 * An order is whatever a coordinator may only say once: a decision of a round, or a vat's first
 * run. The order's place in the log is its number (round, run); its value says which life made it
 * up.
 *
 * What a keeper or a journal holds is the first so many orders of one life's log, so that it is
 * named by (life, length). Bit k of a mask is keeper k. */

#ifndef LIVES
#define LIVES 4 /* two coordinators and two crashes */
#endif
#ifndef ORDERS
#define ORDERS 2
#endif
#define NONE 0
#define KEEPER_LOST 1
#define KEEPER_OLDER 2
#define JOURNAL 3
#ifndef AMNESIA
#define AMNESIA NONE
#endif
#ifndef RESTARTS
#define RESTARTS 0 /* of keeper 1, its disk whole */
#endif
#define KEEPERS 3
#define TOLERATED 1 /* keepers that may be away */

#ifdef NO_MAJORITY
#define MAJORITY 1
#else
#define MAJORITY (TOLERATED + 1)
#endif

#define ALL 7
#define COUNT(mask) (((mask) & 1) + (((mask) >> 1) & 1) + (((mask) >> 2) & 1))
#define HAS(mask, k) (((mask) >> (k)) & 1)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* Lives are counted from 1, so that 0 is nobody. */
#define SIZE (LIVES + 1)

mtype = {UNBORN, ASKING, INSTALLING, IN_FORCE};

/* ---- lives ---- */
mtype phase[SIZE] = UNBORN;
byte generation[SIZE];
bit journal[SIZE];           /* which of the two it appends to */
byte firm[SIZE];             /* mask: keepers whose promise and memory count */
byte restarted[SIZE];        /* mask: promised, but perhaps from an older disk */
byte blank[SIZE];            /* mask: promised, and say that they have forgotten */
byte renewed[SIZE];          /* mask: keepers of whose second life it knows */
byte noted[SIZE * KEEPERS];  /* mask for each keeper: others that have noted its second life */
byte best_life[SIZE];        /* the newest state that it has seen */
byte best_length[SIZE];
byte order[SIZE * ORDERS];   /* its log */
byte length[SIZE];
byte written[SIZE];          /* 0, or 1 + the length that its journal has acknowledged */
byte stored[SIZE * KEEPERS]; /* 0, or 1 + the length that the keeper has acknowledged */

/* ---- keepers ---- */
byte promised[KEEPERS]; /* to which life */
byte has_life[KEEPERS]; /* the state that it holds */
byte has_length[KEEPERS];
byte knows[KEEPERS];    /* mask: keepers of whose second life it knows; its own bit is its life */
byte infirm;            /* mask: restarted, and not taken in again */
byte forgetful;         /* mask: blank, and not taken in again */

/* ---- journals ---- */
byte newest[2];         /* the life that appended the newest GENERATION */
byte journal_life[2];   /* the state that it holds */
byte journal_length[2];

/* ---- disasters, and what has had effects ---- */
byte amnesia_left = (AMNESIA != NONE -> 1 : 0);
byte restarts_left = RESTARTS;
bit backed_up;
byte backup_promised, backup_life, backup_length, backup_knows;
byte effective[ORDERS]; /* the value that has had effects */
byte in_force;          /* the highest generation that has been in force */
byte forced;            /* mask: generations that have been in force */
byte overtaken;         /* mask: lives whose generation was not promised when a higher one was in force */

/* Whether state a is newer than state b. */
#define NEWER(al, an, bl, bn) \
    ((al) != 0 && ((bl) == 0 || generation[al] > generation[bl] || ((al) == (bl) && (an) > (bn))))

#ifdef SAME_GENERATION
#define MAY_PROMISE(s, k) (generation[promised[k]] <= generation[s])
#else
#define MAY_PROMISE(s, k) (generation[promised[k]] < generation[s] || promised[k] == s)
#endif

/* How many keepers may still be missing or wrong in what the life has read. */
#define AWAY(s) (KEEPERS - COUNT(firm[s] | restarted[s] | blank[s]))
#ifdef NO_MAJORITY
#define MAY_GO_ON(s) (firm[s] != 0)
#else
#define MAY_GO_ON(s) \
    (AWAY(s) + COUNT(blank[s]) + (restarted[s] != 0 -> 1 : 0) <= TOLERATED)
#endif

#define STORED(s, n) \
    ((stored[(s) * KEEPERS] > (n)) + (stored[(s) * KEEPERS + 1] > (n)) + \
     (stored[(s) * KEEPERS + 2] > (n)))

inline see(s, l, n)
{
    if
    :: NEWER(l, n, best_life[s], best_length[s]) ->
        best_life[s] = l;
        best_length[s] = n
    :: else
    fi
}

/* The life hears, from the keeper itself or from another, of second lives: what it has from the
 * first ones counts no more. */
inline renew(s, mask)
{
#ifndef NO_LIVES
    i = 0;
    do
    :: i < KEEPERS ->
        if
        :: HAS(mask, i) && !HAS(renewed[s], i) ->
            renewed[s] = renewed[s] | (1 << i);
            firm[s] = firm[s] & (ALL ^ (1 << i));
            stored[s * KEEPERS + i] = 0
        :: else
        fi;
        i++
    :: else -> break
    od;
#endif
    skip
}

#ifdef JOURNAL_FIRST
#define SEES(s) (journal_life[journal[s]] == 0)
#else
#define SEES(s) 1
#endif

/* A promise is durable, then answered. Only who still asks looks at the state in the answer. */
inline promise(s, k)
{
    printf("life %d: keeper %d promises generation %d (blank %d, restarted %d)\n", s, k,
           generation[s], HAS(forgetful, k), HAS(infirm, k));
    promised[k] = s;
    renew(s, knows[k]);
    if
    :: phase[s] == ASKING && HAS(forgetful, k) -> blank[s] = blank[s] | (1 << k)
    :: phase[s] == ASKING && !HAS(forgetful, k) ->
        if
        :: SEES(s) -> see(s, has_life[k], has_length[k])
        :: else
        fi;
        if
        :: HAS(infirm, k) -> restarted[s] = restarted[s] | (1 << k)
        :: else -> firm[s] = firm[s] | (1 << k)
        fi
    :: else
    fi
}

/* The keeper notes the second lives that the life tells it of. */
inline note(s, k)
{
    knows[k] = knows[k] | renewed[s];
    i = 0;
    do
    :: i < KEEPERS ->
        if
        :: i != k && HAS(renewed[s], i) ->
            noted[s * KEEPERS + i] = noted[s * KEEPERS + i] | (1 << k)
        :: else
        fi;
        i++
    :: else -> break
    od
}

#ifdef STALE_REFILL
#define REFILL(s) best_length[s]
#else
#define REFILL(s) length[s]
#endif

#ifdef NO_LIVES
#define TAKEN_IN(s, k) 1 /* whoever asks may take it in, and its former answers count */
#else
#define TAKEN_IN(s, k) \
    (HAS(renewed[s], k) && COUNT(noted[(s) * KEEPERS + (k)]) >= TOLERATED + 1)
#endif

/* Into the journal and to the keepers it goes at the same time: either may have it first. */
#ifdef KEEPERS_ALONE
#define WRITTEN(s, n) 1
#else
#define WRITTEN(s, n) (written[s] > (n))
#endif
#define FORCED(s) (WRITTEN(s, 0) && STORED(s, 0) >= MAJORITY)
#if defined(NO_WRITE_AHEAD)
#define MAY_TELL(s, n) (length[s] > (n))
#elif defined(JOURNAL_ONLY)
#define MAY_TELL(s, n) WRITTEN(s, 1 + (n))
#else
#define MAY_TELL(s, n) \
    (length[s] > (n) && WRITTEN(s, 1 + (n)) && STORED(s, 1 + (n)) >= MAJORITY)
#endif

/* The generation is in force: from now on it may give orders. G6: no generation is twice, and none
 * that had not been promised when a higher one came into force comes into force any more. */
inline force(s)
{
    printf("life %d: generation %d is in force\n", s, generation[s]);
    assert(!HAS(forced, generation[s]));
    assert(!HAS(overtaken, s));
    forced = forced | (1 << generation[s]);
    in_force = MAX(in_force, generation[s]);
    phase[s] = IN_FORCE;
    i = 1;
    do
    :: i < SIZE ->
        if
        :: generation[i] < generation[s] && phase[i] == ASKING && !MAY_GO_ON(i) ->
            overtaken = overtaken | (1 << i)
        :: else
        fi;
        i++
    :: else -> break
    od
}

/* Orders have effects as soon as they may. G5, and G6 for rounds and runs: an order's place in the
 * log is its number, and nothing else ever had effects under it. */
inline tell(s)
{
    i = 0;
    do
    :: i < ORDERS ->
        if
        :: phase[s] == IN_FORCE && MAY_TELL(s, i) && effective[i] != order[s * ORDERS + i] ->
            printf("life %d: order %d of life %d has effects\n", s, i, order[s * ORDERS + i]);
            assert(effective[i] == 0);
            effective[i] = order[s * ORDERS + i]
        :: else
        fi;
        i++
    :: else -> break
    od
}

inline force_and_tell(s)
{
    if
    :: phase[s] == INSTALLING && FORCED(s) -> force(s)
    :: else
    fi;
    tell(s)
}

/* The state that a generation went on from. Who has forgotten is taken in again by it, and is given
 * all orders up to now: some may have had effects because its former life stored them. */
inline install(s, k)
{
    has_life[k] = s;
    has_length[k] = (HAS(infirm | forgetful, k) -> REFILL(s) : best_length[s]);
    infirm = infirm & (ALL ^ (1 << k));
    forgetful = forgetful & (ALL ^ (1 << k));
    printf("life %d: keeper %d takes the state of length %d\n", s, k, has_length[k]);
    stored[s * KEEPERS + k] = 1 + has_length[k];
    force_and_tell(s)
}

/* The journal takes the state that the life went on from, then its orders one by one. */
inline write(s)
{
    printf("life %d: its journal has the state of length %d\n", s, best_length[s] + written[s]);
    journal_life[journal[s]] = s;
    journal_length[journal[s]] = (written[s] == 0 -> best_length[s] : written[s]);
    written[s] = 1 + journal_length[journal[s]];
    force_and_tell(s)
}

inline store(s, k)
{
    printf("life %d: keeper %d stores order %d\n", s, k, has_length[k]);
    has_length[k] = has_length[k] + 1;
    stored[s * KEEPERS + k] = MAX(stored[s * KEEPERS + k], 1 + has_length[k]);
    tell(s)
}

/* The life has read enough. It goes on from the newest state. Unless it is overtaken already, that
 * state has all that ever had effects. */
inline go_on(s)
{
    i = 0;
    do
    :: i < best_length[s] ->
        order[s * ORDERS + i] = order[best_life[s] * ORDERS + i];
        i++
    :: else -> break
    od;
    printf("life %d: goes on from the state (%d, %d)\n", s, best_life[s], best_length[s]);
    length[s] = best_length[s];
    phase[s] = INSTALLING;
    firm[s] = 0; /* what is not looked at again makes no two states differ */
    restarted[s] = 0;
    blank[s] = 0;
    best_life[s] = 0;
    assert(in_force != generation[s]);
    i = 0;
    do
    :: i < ORDERS ->
        assert(in_force > generation[s] || effective[i] == 0 ||
               (i < length[s] && effective[i] == order[s * ORDERS + i]));
        i++
    :: else -> break
    od
}

/* A life begins from the journal j: it goes above the generation that stands there, or above all
 * that it was refused with, and appends that first. */
inline begin(s, j, above)
{
    generation[s] = 1 + above;
    journal[s] = j;
    best_life[s] = journal_life[j];
    best_length[s] = journal_length[j];
    newest[j] = s;
    printf("life %d: begins as generation %d with journal %d, state (%d, %d)\n", s, generation[s], j,
           best_life[s], best_length[s]);
    phase[s] = ASKING
#ifdef JOURNAL_LABEL
    ;
    if
    :: journal_life[j] != 0 ->
        i = 0;
        do
        :: i < best_length[s] ->
            order[s * ORDERS + i] = order[best_life[s] * ORDERS + i];
            i++
        :: else -> break
        od;
        journal_life[j] = s;
        best_life[s] = s
    :: else
    fi
#endif
}

/* Journal 1 becomes a copy of journal 0, which lives on. */
inline journal_copy()
{
    printf("journal 1 is a copy of journal 0\n");
    newest[1] = newest[0];
    journal_life[1] = journal_life[0];
    journal_length[1] = journal_length[0]
}

inline journal_set(j, n, l, m)
{
    newest[j] = n;
    journal_life[j] = l;
    journal_length[j] = m
}

inline backup_clear()
{
    backed_up = 0;
    backup_promised = 0;
    backup_life = 0;
    backup_length = 0;
    backup_knows = 0
}

inline highest(out)
{
    out = 0;
    i = 1;
    do
    :: i < SIZE -> out = MAX(out, generation[i]); i++
    :: else -> break
    od
}

#define BORN(s) (phase[s] != UNBORN)
/* Unless another one has begun to append to that journal, or it is not what it was. */
#define MAY_WRITE(s) \
    (newest[journal[s]] == s && written[s] <= length[s] && \
     (written[s] == 0 || \
      (journal_life[journal[s]] == s && written[s] == 1 + journal_length[journal[s]])))
#define TURN(s) (!BORN(s) && (s == 1 || BORN(s - 1)))

/* Whoever asks and has been overtaken in its journal cannot go on, so it need not ask any more.
 * A keeper answers the first time that it is asked; again when it was asked in vain; and again when
 * the life has learnt since that some keeper's memory began anew. Whoever may go on with the answer
 * does, or waits for one more. */
#define ASKED(k) \
    (BORN(s) && (phase[s] != ASKING || newest[journal[s]] == s) && MAY_PROMISE(s, k) && \
     (promised[k] != s || (phase[s] == ASKING && !HAS(firm[s] | restarted[s] | blank[s], k)) || \
      (renewed[s] & (ALL ^ (1 << k)) & (ALL ^ knows[k])) != 0))
#define ASK(k) \
    :: d_step { ASKED(k) -> promise(s, k); note(s, k); i = 0 } \
    :: d_step { phase[s] == ASKING && ASKED(k) -> \
                promise(s, k); note(s, k); \
                if \
                :: MAY_GO_ON(s) -> go_on(s) \
                :: else \
                fi; \
                i = 0 } \
    LOSE(k)
/* A promise whose answer is lost is like one that was never asked for, but that it may be given
 * orders by somebody who has not learnt what was in the answer. */
#define LOSE(k) \
    :: d_step { BORN(s) && phase[s] != ASKING && promised[k] != s && MAY_PROMISE(s, k) && \
                (knows[k] & ~renewed[s]) != 0 -> \
                promised[k] = s }

#define GIVE(k) \
    :: d_step { BORN(s) && phase[s] != ASKING && promised[k] == s && has_life[k] != s && \
                (!HAS(infirm | forgetful, k) || TAKEN_IN(s, k)) -> \
                install(s, k); i = 0 } \
    :: d_step { phase[s] == IN_FORCE && promised[k] == s && has_life[k] == s && \
                !HAS(infirm | forgetful, k) && has_length[k] < length[s] -> \
                store(s, k); i = 0 }

proctype life(byte s)
{
    byte i;
    byte above;
    do
    /* It begins from its own journal; from a copy of the other's; or from one of which nothing is
     * left; above the generation that stands there, or above all that it was refused with. */
    :: d_step { TURN(s) -> begin(s, 0, generation[newest[0]]); i = 0 }
    :: d_step { TURN(s) && s > 1 -> begin(s, 1, generation[newest[1]]); i = 0 }
    :: d_step { TURN(s) && s > 1 -> journal_copy(); begin(s, 1, generation[newest[1]]); i = 0 }
    :: d_step { TURN(s) && s > 1 -> highest(above); begin(s, 0, above); above = 0; i = 0 }
    :: d_step { TURN(s) && s > 1 -> highest(above); begin(s, 1, above); above = 0; i = 0 }
    ASK(0)
    ASK(1)
    ASK(2)
    GIVE(0)
    GIVE(1)
    GIVE(2)
    /* A new order, on its way into the journal and to the keepers. */
    :: d_step { phase[s] == IN_FORCE && length[s] < ORDERS ->
                printf("life %d: makes order %d\n", s, length[s]);
                order[s * ORDERS + length[s]] = s;
                length[s] = length[s] + 1;
                tell(s); i = 0 }
    :: d_step { BORN(s) && phase[s] != ASKING && MAY_WRITE(s) -> write(s); i = 0 }
    od
}

#ifdef BLANK_VOTES
#define LOST(k) skip
#else
#define LOST(k) forgetful = forgetful | (1 << k)
#endif
#ifdef OLDER_VOTES
#define OLDER(k) skip
#else
#define OLDER(k) infirm = infirm | (1 << k)
#endif

/* Keeper 0 or journal 0 forgets; which one of the keepers does not matter, they are alike. */
proctype disaster()
{
    do
#if AMNESIA == KEEPER_LOST
    :: d_step { amnesia_left > 0 && promised[0] != 0 -> /* lost, or torn beyond reading */
                printf("keeper 0 loses its memory\n");
                amnesia_left--;
                promised[0] = 0;
                has_life[0] = 0;
                has_length[0] = 0;
                knows[0] = 1;
                LOST(0) }
#elif AMNESIA == KEEPER_OLDER
    :: d_step { !backed_up && amnesia_left > 0 && promised[0] != 0 ->
                printf("keeper 0 is backed up\n");
                backed_up = 1;
                backup_promised = promised[0];
                backup_life = has_life[0];
                backup_length = has_length[0];
                backup_knows = knows[0] }
    :: d_step { amnesia_left > 0 && backed_up -> /* an older disk; nothing else is wrong */
                printf("keeper 0 comes back with its backup\n");
                amnesia_left--;
                promised[0] = backup_promised;
                has_life[0] = backup_life;
                has_length[0] = backup_length;
                knows[0] = backup_knows | 1;
                backup_clear();
                OLDER(0) }
#elif AMNESIA == JOURNAL
    :: d_step { amnesia_left > 0 && newest[0] != 0 ->
                printf("journal 0 is lost\n");
                amnesia_left--;
                backup_clear();
                journal_set(0, 0, 0, 0) }
    :: d_step { !backed_up && amnesia_left > 0 && newest[0] != 0 ->
                printf("journal 0 is backed up\n");
                backed_up = 1;
                backup_promised = newest[0];
                backup_life = journal_life[0];
                backup_length = journal_length[0] }
    :: d_step { amnesia_left > 0 && backed_up ->
                printf("journal 0 comes back from its backup\n");
                amnesia_left--;
                journal_set(0, backup_promised, backup_life, backup_length);
                backup_clear() }
#endif
    :: d_step { restarts_left > 0 && promised[1] != 0 ->
                printf("keeper 1 is started anew\n");
                restarts_left--;
                knows[1] = knows[1] | 2;
                OLDER(1) }
    od
}

init
{
    byte n = 1;
    atomic {
        do
        :: n < SIZE -> run life(n); n++
        :: else -> break
        od;
        run disaster();
        n = 0
    }
}
