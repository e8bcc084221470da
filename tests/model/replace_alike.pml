/* Part of replace.pml: states that differ in nothing that matters any more are made one, at the end
 * of each step. Each of these makes fewer states and hides none: what it leaves out, another order
 * of the same steps shows. */

/* What is not looked at again. Its generation is, by those that have records of it. */
inline end(s)
{
    phase[s] = ENDED;
    own[s] = 0;
    best[s] = 0;
    firm[s] = 0;
    restarted[s] = 0;
    blank[s] = 0;
    renewed[s] = 0;
#ifdef HEARD_ALONE
    heard[s] = 0;
    former[s] = 0;
#endif
    noted[s] = 0;
    base[s] = 0;
    whole_at[s] = 0;
    in_force[s] = 0;
    i = 0;
    do
    :: i < KEEPERS -> stored[s * KEEPERS + i] = 0; i++
    :: else -> break
    od
}

/* Its promises were as good as not given: the keeper is left with one to whoever is next below. */
inline drop_promises(s)
{
    i = 0;
    do
    :: i < KEEPERS ->
        if
        :: promised_to[i] == s ->
            promised[i] = 0;
            promised_to[i] = 0;
            n = 1;
            do
            :: n < SIZE ->
                if
                :: n != s && generation[n] < generation[s] && generation[n] > promised[i] ->
                    promised[i] = generation[n];
                    promised_to[i] = n
                :: n != s && generation[n] < generation[s] && generation[n] == promised[i] &&
                   generation[n] > 0 ->
                    promised_to[i] = 0
                :: else
                fi;
                n++
            :: else -> break
            od
        :: else
        fi;
        i++
    :: else -> break
    od
}

/* Whoever asks, and cannot have enough any more, is as if it had never begun. Whoever leads, and is
 * refused by all, ends once nobody can begin from its journal any more. */
inline end_hopeless()
{
    life = LIVES;
    do
    :: life > 0 ->
        if
        :: phase[life] == ASKING || (phase[life] == LEADING && phase[LIVES] != UNBORN) ->
            i = 0;
            some = firm[life] | restarted[life] | (amnesia_left > 0 -> BIT(WHO) : 0);
            do
            :: i < KEEPERS ->
                if
                :: PROMISES(life, i) -> some = some | BIT(i)
                :: else
                fi;
                i++
            :: else -> break
            od;
            if
            :: phase[life] == ASKING &&
               ((ASKS_OLD(own[life]) && COUNT(some & OLD) < MAJORITY) ||
                (NEW_COUNTS(own[life]) && COUNT(some & NEW) < MAJORITY)) ->
                end(life);
                drop_promises(life);
                generation[life] = 0
            :: phase[life] == LEADING && (some & KEPT_BY(life)) == 0 -> end(life)
            :: else
            fi
        :: else
        fi;
        if
        :: phase[life] == ENDED && generation[life] == 0 &&
           (life == LIVES || phase[life + 1 - (life == LIVES)] == UNBORN) -> phase[life] = UNBORN
        :: else
        fi;
        life--
    :: else -> break
    od
}

/* Whoever heard the first life tells the second one from that. */
#ifdef HEARD_ALONE
#define FORMER(s) former[s]
#else
#define FORMER(s) 0
#endif

/* Who forgot is whole, and nobody counts what it said before: as if it had not forgotten. */
inline heal()
{
    if
    :: second && WHOLE(WHO) ->
        some = 0;
        i = 1;
        do
        :: i < SIZE ->
            if
            :: FORMER(i) ||
               (!renewed[i] &&
                ((phase[i] == ASKING && HAS(firm[i] | restarted[i] | blank[i], WHO)) ||
                 (phase[i] == LEADING && stored[i * KEEPERS + WHO] > 0))) -> some = 1
            :: else
            fi;
            noted[i] = 0;
            whole_at[i] = base[i];
            i++
        :: else -> break
        od;
        if
        :: some == 0 ->
            second = 0;
            knows = 0;
            i = 1;
            do
            :: i < SIZE ->
                renewed[i] = 0;
#ifdef HEARD_ALONE
                heard[i] = 0;
                former[i] = 0;
#endif
                i++
            :: else -> break
            od
        :: else
        fi
    :: else
    fi
}

/* Two keepers that are alike change places, so that of two orders there is one. */
#if defined(NO_CHANGE) && WHO == 0
#define ALIKE 2
#else
#if WHO != 0 || AMNESIA == NONE
#define ALIKE 0
#endif
#endif
#ifdef ALIKE
#define OTHER 1
#define SWAP(a, b) above = a; a = b; b = above
#define SWAP_BITS(m) \
    m = (m & ~(BIT(ALIKE) | BIT(OTHER))) | (HAS(m, ALIKE) << OTHER) | (HAS(m, OTHER) << ALIKE)
inline sort()
{
    target = 0;
    some = 0;
    i = 1;
    do
    :: i < SIZE ->
        target = target * 32 + stored[i * KEEPERS + ALIKE] * 4 + HAS(firm[i], ALIKE) * 2 +
                 HAS(noted[i], ALIKE) - stored[i * KEEPERS + OTHER] * 4 - HAS(firm[i], OTHER) * 2 -
                 HAS(noted[i], OTHER);
        i++
    :: else -> break
    od;
    if
    :: has[ALIKE] < has[OTHER] ||
       (has[ALIKE] == has[OTHER] &&
        (promised[ALIKE] * 8 + promised_to[ALIKE] < promised[OTHER] * 8 + promised_to[OTHER] ||
         (promised[ALIKE] * 8 + promised_to[ALIKE] == promised[OTHER] * 8 + promised_to[OTHER] &&
          target < 0))) ->
        target = has[ALIKE];
        has[ALIKE] = has[OTHER];
        has[OTHER] = target;
        SWAP(promised[ALIKE], promised[OTHER]);
        SWAP(promised_to[ALIKE], promised_to[OTHER]);
        SWAP_BITS(knows);
        i = 1;
        do
        :: i < SIZE ->
            SWAP(stored[i * KEEPERS + ALIKE], stored[i * KEEPERS + OTHER]);
            SWAP_BITS(firm[i]);
            SWAP_BITS(noted[i]);
            i++
        :: else -> break
        od
    :: else
    fi
}
#else
#define sort() skip
#endif

inline done()
{
    end_hopeless();
    heal();
    sort();
    i = 0 /* a d_step does not end with a loop */
}
