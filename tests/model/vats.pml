/* Rounds, runs and sessions, with vats that go on meanwhile: no orphan is believed (G1), and who has
 * to be told is told before anything that the peer's new life caused (G4). README.md says what each
 * part stands for; that a decision is one, and that no run is given out twice, is keepers.pml's.
 *
 * Bit e of a mask of epochs is epoch e of one vat, bit v of a mask of vats is vat v, bit r of a mask
 * of rounds is round r; rounds are counted from 1. A vat's epochs 0.. are never used twice. */

#define VATS 3
#ifndef EPOCHS
#define EPOCHS 3 /* of a vat, in all its runs */
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef CLOSINGS
#define CLOSINGS 3 /* checkpoints that are made, of all vats */
#endif
#ifndef AMNESIA
#define AMNESIA 1 /* a host lost together with every copy of its vat's newest checkpoint */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of a vat, its checkpoints whole; or of the coordinator */
#endif

#define HAS(mask, n) (((mask) >> (n)) & 1)
#define BIT(n) (1 << (n))
#define ALL 7
#define AT(v, p) ((v) * VATS + (p))
#define SAVED(v, e) ((v) * EPOCHS + (e))
#define LIFE(r, v) BIT(((r) - 1) * VATS + (v))
#define TOLD(r, v) told[(r) * VATS + (v)]
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define BIRTH EPOCHS /* the candidate before all epochs */
#define OPEN 15      /* the candidate after all epochs */

/* ---- vats: the life that is meant ---- */
byte up;                       /* mask of vats */
byte run_of[VATS];            /* the number of its run */
byte epoch[VATS];              /* the open one */
byte chain[VATS];              /* mask: checkpoints that belong to its history */
byte heard[VATS * VATS];       /* mask: epochs of the peer that the state depends on */
byte applied[VATS];            /* the newest round */
byte handled[VATS];            /* mask: rounds whose notices its state has handled */
byte caused[VATS];             /* mask by (round, vat): new lives whose effects are in its state */

/* ---- what its checkpoints say ---- */
byte saved_heard[VATS * EPOCHS * VATS];
byte saved_handled[VATS * EPOCHS];
byte saved_caused[VATS * EPOCHS];
byte copies[VATS];             /* mask: checkpoints that can be restored */

/* ---- its former life, cut off and still speaking ---- */
byte former;                   /* mask of vats */
byte former_run[VATS];
byte former_epoch[VATS];
byte former_applied[VATS];
byte former_caused[VATS];

/* ---- what its agent remembers ---- */
byte fence[VATS * VATS];       /* runs of the peer up to this one are not believed */

/* ---- the coordinator ---- */
mtype = {IDLE, COLLECT, RESTORE};
mtype phase = IDLE;
byte round;
byte lost;                     /* mask of vats: known to be lost, not restored yet */
byte suspects;                 /* mask of vats: on record */
byte answered;                 /* mask of vats: the newest attempt */
byte evidence[VATS * VATS];    /* what their open intervals have heard, by their answers */
byte keep[VATS];               /* the newest decision */
byte forgets;                  /* mask of vats: in the newest decision */
byte starts;                   /* mask of vats: not up yet */
byte told[(ROUNDS + 1) * VATS]; /* mask: peers of which the vat is told, by round and vat */
byte acknowledged[ROUNDS + 1]; /* mask of vats: their word that a durable checkpoint handled it */
byte forgot_in[VATS];          /* the newest round in which it forgot */
byte forgot_run[VATS];         /* the first run of its newest incarnation */

byte dead[VATS];               /* mask: epochs that died in a decision */
byte closings_left = CLOSINGS;
byte amnesia_left = AMNESIA;
byte crashes_left = CRASHES;

/* ---- candidates and the cut ------------------------------------------------------------------ */

/* The newest checkpoint of @whose below @below that can be restored. */
inline newest(whose, below, out)
{
    bound = below; /* before @out, which may be the same place, is overwritten */
    out = BIRTH;
    e = 0;
    do
    :: e < EPOCHS && e < bound ->
        if
        :: HAS(chain[whose] & copies[whose], e) -> out = e
        :: else
        fi;
        e++
    :: else -> break
    od
}

/* What the candidate keep[v] has heard of @p. */
#define CANDIDATE_HEARD(v, p) \
    (keep[v] == OPEN -> evidence[AT(v, p)] : \
     (keep[v] == BIRTH -> 0 : saved_heard[SAVED(v, keep[v] % EPOCHS) * VATS + (p)]))

/* Epochs of @p that the cut does not keep. */
#define GONE(p) \
    (dead[p] | (keep[p] == OPEN -> 0 : \
                (keep[p] == BIRTH -> BIT(EPOCHS) - 1 : (BIT(EPOCHS) - 1) & ~(BIT(keep[p] + 1) - 1))))

/* The latest consistent cut: whoever heard what a peer does not keep goes back. */
inline cut()
{
    v = 0;
    do
    :: v < VATS ->
        if
        :: HAS(suspects, v) -> newest(v, EPOCHS, keep[v])
        :: else -> keep[v] = OPEN
        fi;
        v++
    :: else -> break
    od;
    v = 0;
    do
    :: v < VATS ->
        p = 0;
        do
        :: p < VATS ->
            if
            :: p != v && (CANDIDATE_HEARD(v, p) & GONE(p)) != 0 ->
                newest(v, (keep[v] == OPEN -> EPOCHS : keep[v]), keep[v]);
                p = 0;
                v = VATS + 1 /* begin again */
            :: else -> p++
            fi;
            if
            :: v == VATS + 1 -> break
            :: else
            fi
        :: else -> break
        od;
        v = (v == VATS + 1 -> 0 : v + 1)
    :: else -> break
    od
}

/* Running vats that the cut takes back. */
#define TAKEN_BACK \
    ((keep[0] != OPEN -> 1 : 0) + (keep[1] != OPEN -> 2 : 0) + (keep[2] != OPEN -> 4 : 0))

/* ---- what vats do ---------------------------------------------------------------------------- */

/* What leaves a vat now: the open epoch's messages (early), or those of its newest checkpoint. */
#define CHAIN_NEWEST(v) (HAS(chain[v], 2) -> 2 : (HAS(chain[v], 1) -> 1 : 0))
#ifdef HELD
#define SPEAKS(v) (HAS(up, v) && chain[v] != 0)
#define EPOCH_SAID(v) CHAIN_NEWEST(v)
#define CAUSED_SAID(v) (saved_caused[SAVED(v, CHAIN_NEWEST(v))])
#else
#define SPEAKS(v) HAS(up, v)
#define EPOCH_SAID(v) epoch[v]
#define CAUSED_SAID(v) caused[v]
#endif

/* The receiver knows the sender's incarnation from the hello of its run. */
#define NOT_TOLD(from, to, number) (number >= forgot_run[from] && forgot_in[from] > applied[to])

#ifdef NO_ROUNDS
#define TAKES(from, to, number, has_applied) \
    (HAS(up, to) && number > fence[AT(to, from)] && !NOT_TOLD(from, to, number))
#else
#define TAKES(from, to, number, has_applied) \
    (HAS(up, to) && number > fence[AT(to, from)] && !NOT_TOLD(from, to, number) && \
     has_applied <= applied[to])
#endif

/* G1: nobody takes what died, unless a decision is under way that takes it back itself. G4: whoever
 * is told has been told before it takes what the new life caused. */
inline take(from, to, number, what, causes)
{
    printf("vat %d takes epoch %d of vat %d run %d (caused by %d)\n", to, what, from, number,
           causes);
    heard[AT(to, from)] = heard[AT(to, from)] | BIT(what);
    caused[to] = caused[to] | causes;
    assert(!HAS(dead[from], what) || HAS(starts, to)); /* G1 */
    r = 1;
    do
    :: r <= ROUNDS ->
        assert(((causes >> ((r - 1) * VATS)) & TOLD(r, to)) == 0 || HAS(handled[to], r)); /* G4 */
        r++
    :: else -> break
    od;
    r = 0
}

inline checkpoint(v)
{
    printf("vat %d closes epoch %d\n", v, epoch[v]);
    chain[v] = chain[v] | BIT(epoch[v]);
    copies[v] = copies[v] | BIT(epoch[v]);
    p = 0;
    do
    :: p < VATS -> saved_heard[SAVED(v, epoch[v]) * VATS + p] = heard[AT(v, p)]; p++
    :: else -> break
    od;
    saved_handled[SAVED(v, epoch[v])] = handled[v];
    saved_caused[SAVED(v, epoch[v])] = caused[v];
    epoch[v] = epoch[v] + 1;
    r = 1;
    do
    :: r <= ROUNDS ->
        if
        :: HAS(handled[v], r) -> acknowledged[r] = acknowledged[r] | BIT(v)
        :: else
        fi;
        r++
    :: else -> break
    od
}

/* Its agent hands it the rounds in their order; a notice that its state has handled is not handed
 * out again. */
inline apply(v)
{
    applied[v] = applied[v] + 1;
    if
    :: TOLD(applied[v], v) != 0 && !HAS(handled[v], applied[v]) ->
        printf("vat %d is told of round %d\n", v, applied[v]);
        handled[v] = handled[v] | BIT(applied[v])
    :: else -> printf("vat %d has nothing to hear of round %d\n", v, applied[v])
    fi
#ifdef NO_FENCE /* it hears of the new runs only now */
    ;
    p = 0;
    do
    :: p < VATS -> fence[AT(v, p)] = MAX(fence[AT(v, p)], run_of[p] - 1); p++
    :: else -> break
    od
#endif
}

/* ---- disasters ------------------------------------------------------------------------------- */

/* The run is gone for the coordinator. Perhaps it lives on where nobody can reach its agent; and if
 * it does not, what it has sent is still under way. */
inline lose(v)
{
    up = up & ~BIT(v);
    lost = lost | BIT(v);
    former = former & ~BIT(v);
    if
#ifdef HELD
    :: chain[v] != 0 ->
#else
    :: 1 ->
#endif
        former = former | BIT(v);
        former_run[v] = run_of[v];
        former_epoch[v] = EPOCH_SAID(v);
        former_applied[v] = applied[v];
        former_caused[v] = CAUSED_SAID(v)
    :: else
    fi
}

inline lose_newest_copy(v)
{
    newest(v, EPOCHS, p);
    if
    :: p != BIRTH ->
        printf("and every copy of its checkpoint %d\n", p);
        copies[v] = copies[v] & ~BIT(p)
    :: else
    fi
}

/* ---- the coordinator ------------------------------------------------------------------------- */

inline freeze_begin()
{
    suspects = suspects | lost;
    answered = 0;
    p = 0;
    do
    :: p < VATS * VATS -> evidence[p] = 0; p++
    :: else -> break
    od
}

/* The agent's fences are durable, then the vat answers; it takes nothing of suspects any more. */
inline answer(v)
{
    printf("vat %d answers; suspects %d\n", v, suspects);
    answered = answered | BIT(v);
    p = 0;
    do
    :: p < VATS ->
#ifndef NO_FENCE
        if
        :: HAS(suspects, p) -> fence[AT(v, p)] = run_of[p]
        :: else
        fi;
#endif
        evidence[AT(v, p)] = heard[AT(v, p)];
        p++
    :: else -> break
    od
}

/* Whether @v, of what it keeps, and @p, of what it forgets, exchanged anything that is known. */
#define EXCHANGED(v, p) \
    ((CANDIDATE_HEARD(v, p)) != 0 || \
     (HEARD_LOST(p, v) & ~GONE(v)) != 0)

#define HEARD_LOST(p, v) \
    (heard[AT(p, v)] | saved_heard[SAVED(p, 0) * VATS + (v)] | saved_heard[SAVED(p, 1) * VATS + (v)] | \
     saved_heard[SAVED(p, EPOCHS - 1) * VATS + (v)])

#ifdef HELD
#define SPOKEN(p) (chain[p] & GONE(p))
#else
#define SPOKEN(p) (GONE(p) & ~dead[p])
#endif

/* From here on there is one decision. */
inline decide()
{
    printf("decided: round %d, vats keep %d %d %d\n", round, keep[0], keep[1], keep[2]);
    forgets = 0;
    p = 0;
    do
    :: p < VATS ->
        if
        :: keep[p] != OPEN && SPOKEN(p) != 0 -> forgets = forgets | BIT(p)
        :: else
        fi;
        p++
    :: else -> break
    od;
    v = 0;
    do
    :: v < VATS ->
        p = 0;
        do
        :: p < VATS ->
            if
            :: p != v && HAS(forgets, p) && EXCHANGED(v, p) ->
                TOLD(round, v) = TOLD(round, v) | BIT(p)
            :: else
            fi;
            p++
        :: else -> break
        od;
        v++
    :: else -> break
    od;
    v = 0;
    do
    :: v < VATS ->
        if
        :: keep[v] != OPEN ->
            starts = starts | BIT(v);
            dead[v] = dead[v] | (GONE(v) & (BIT(epoch[v] + 1) - 1));
            chain[v] = chain[v] & ~dead[v];
            copies[v] = copies[v] & ~dead[v]
#ifndef NO_FENCE /* the agents where they start have the freeze's fences too */
            ;
            p = 0;
            do
            :: p < VATS ->
                if
                :: keep[p] != OPEN -> fence[AT(v, p)] = run_of[p]
                :: else
                fi;
                p++
            :: else -> break
            od
#endif
        :: else
        fi;
        v++
    :: else -> break
    od;
    suspects = 0;
    answered = 0;
    p = 0;
    do
    :: p < VATS * VATS -> evidence[p] = 0; p++
    :: else -> break
    od;
    phase = RESTORE;
    /* G1: no vat that goes on running depends on what is dead. */
    v = 0;
    do
    :: v < VATS ->
        p = 0;
        do
        :: p < VATS ->
            assert(HAS(starts, v) || HAS(lost, v) || (heard[AT(v, p)] & dead[p]) == 0);
            p++
        :: else -> break
        od;
        v++
    :: else -> break
    od
}

/* Up to which round the new run need not be told any more. */
#ifdef NO_WRITE_AHEAD /* it has been told when it was handed the notice */
#define OWED(v, r, state) (TOLD(r, v) != 0 && !HAS(handled[v], r))
#else
#ifdef ACKNOWLEDGED_ONCE /* what one life has acknowledged no later one is told */
#define OWED(v, r, state) (TOLD(r, v) != 0 && !HAS(acknowledged[r], v))
#else
#define OWED(v, r, state) (TOLD(r, v) != 0 && !HAS(state, r))
#endif
#endif

inline start(v)
{
    run_of[v] = run_of[v] + 1;
    printf("vat %d starts as run %d from %d\n", v, run_of[v], keep[v]);
    p = 0;
    do
    :: p < VATS ->
        heard[AT(v, p)] = (keep[v] == BIRTH -> 0 : saved_heard[SAVED(v, keep[v] % EPOCHS) * VATS + p]);
        assert((heard[AT(v, p)] & dead[p]) == 0); /* G1 */
        p++
    :: else -> break
    od;
    caused[v] = (keep[v] == BIRTH -> 0 : saved_caused[SAVED(v, keep[v] % EPOCHS)]);
    e = (keep[v] == BIRTH -> 0 : saved_handled[SAVED(v, keep[v] % EPOCHS)]);
    applied[v] = 0;
    do
    :: applied[v] < round && !OWED(v, applied[v] + 1, e) -> applied[v] = applied[v] + 1
    :: else -> break
    od;
    handled[v] = e;
    if
    :: HAS(forgets, v) ->
        caused[v] = caused[v] | LIFE(round, v);
        forgot_in[v] = round;
        forgot_run[v] = run_of[v]
    :: else
    fi;
    epoch[v] = epoch[v] + 1;
    up = up | BIT(v);
    lost = lost & ~BIT(v);
    starts = starts & ~BIT(v)
}

/* ---- who acts -------------------------------------------------------------------------------- */

#define IS_UP(v) HAS(up, v)

/* The vat takes something from p, or from p's former life. */
#define HEAR(p) \
    :: d_step { v != p && SPEAKS(p) && TAKES(p, v, run_of[p], applied[p]) && \
                !(HAS(heard[AT(v, p)], EPOCH_SAID(p)) && (CAUSED_SAID(p) & ~caused[v]) == 0) -> \
                take(p, v, run_of[p], EPOCH_SAID(p), CAUSED_SAID(p)) } \
    :: d_step { v != p && HAS(former, p) && TAKES(p, v, former_run[p], former_applied[p]) && \
                !(HAS(heard[AT(v, p)], former_epoch[p]) && (former_caused[p] & ~caused[v]) == 0) -> \
                take(p, v, former_run[p], former_epoch[p], former_caused[p]) }

proctype vat(byte v)
{
    byte e;
    byte p;
    byte r;
    byte bound;
    do
    HEAR(0)
    HEAR(1)
    HEAR(2)
    :: d_step { IS_UP(v) && closings_left > 0 && epoch[v] < EPOCHS - 1 ->
                closings_left--;
                checkpoint(v); p = 0; r = 0 }
    :: d_step { IS_UP(v) && phase != COLLECT && applied[v] < round -> apply(v); p = 0 }
    :: d_step { IS_UP(v) && phase == COLLECT && applied[v] + 1 < round -> apply(v); p = 0 }
    :: d_step { phase == COLLECT && IS_UP(v) && !HAS(suspects | answered, v) -> answer(v); p = 0 }
    /* The agent ends a suspect that runs there. */
    :: d_step { IS_UP(v) && ((phase == COLLECT && HAS(suspects, v)) || HAS(starts, v)) ->
                printf("vat %d is stopped\n", v);
                lose(v) }
    :: d_step { HAS(starts, v) && !IS_UP(v) && epoch[v] + 1 < EPOCHS -> start(v); p = 0; e = 0 }
    :: d_step { crashes_left > 0 && IS_UP(v) -> crashes_left--;
                printf("vat %d is lost\n", v);
                lose(v) }
    :: d_step { v == 0 && amnesia_left > 0 && IS_UP(v) ->
                amnesia_left--;
                printf("vat %d is lost\n", v);
                lose(v);
                lose_newest_copy(v);
                p = 0; e = 0; bound = 0 }
    od
}

proctype coordinator()
{
    byte v;
    byte p;
    byte e;
    byte bound;
    do
    :: d_step { phase == IDLE && lost != 0 && round < ROUNDS ->
                round++;
                printf("round %d begins\n", round);
                freeze_begin();
                phase = COLLECT; p = 0 }
    :: d_step { phase == COLLECT && (lost & ~suspects) != 0 -> freeze_begin(); p = 0 }
    :: d_step { phase == COLLECT && (answered | suspects) == ALL && (up & suspects) == 0 ->
                cut();
#ifndef NO_SETTLE
                if
                :: (TAKEN_BACK & ~suspects) != 0 ->
                    printf("settle: %d have to be stopped\n", TAKEN_BACK & ~suspects);
                    suspects = suspects | TAKEN_BACK;
                    freeze_begin()
                :: else -> decide()
                fi;
#else
                decide();
#endif
                v = 0; p = 0; e = 0; bound = 0 }
    :: d_step { phase == RESTORE && starts == 0 ->
                phase = IDLE;
                forgets = 0;
                keep[0] = 0; keep[1] = 0; keep[2] = 0 }
    /* It crashes, or another takes over: what is on record stays. */
    :: d_step { crashes_left > 0 && phase == COLLECT && answered != 0 ->
                crashes_left--;
                freeze_begin(); p = 0 }
    od
}

init
{
    byte n = 0;
    atomic {
        up = ALL;
        do
        :: n < VATS -> run_of[n] = 1; run vat(n); n++
        :: else -> break
        od;
        run coordinator();
        n = 0
    }
}
