/* What the ledger looks like inside: see the head of ledger.c. For the ledger's and the decision's
 * own files only. */
#ifndef COORDINATOR_CORE_LEDGER_PRIVATE_H
#define COORDINATOR_CORE_LEDGER_PRIVATE_H

#include "ledger.h"
#include "ledger_lines.h"
#include "ledger_names.h"
#include "ledger_set.h"
#include "ledger_words.h"

#define LEDGER_NONE UINT32_MAX
#define LEDGER_NO_SINCE (-1)

enum { LEDGER_INTERVAL_COUNT_MAX = (1 << 30) - 1 };

/* Of an interval. */
enum {
    INTERVAL_LISTED = 1,     /* a checkpoint that was reported, not only heard of */
    INTERVAL_OPEN = 2,       /* the interval that its vat is in; it stands in no slot */
    INTERVAL_DURABLE = 4,    /* rule 7 */
    INTERVAL_DEAD = 8,       /* rule 1 */
    INTERVAL_DEAD_TOLD = 16, /* and the fork it died at was told */
    INTERVAL_COVERED = 32,   /* rule 4; of listed live ones only */
    INTERVAL_LOST = 64,      /* named in lost.checkpoints */
    INTERVAL_FREE = 128      /* no interval: waits to be used again */
};

/* One interval of a vat that is listed, open, or that a peer has heard. */
struct interval {
    mn_epoch epoch;
    mn_epoch since; /* LEDGER_NO_SINCE when not given */
    uint32_t vat;
    uint32_t heard; /* block of the intervals that it heard, each once */
    uint32_t heard_count;
    uint32_t forms;   /* block of the first form, 0 for none; of a free one the next free one */
    uint32_t orphans; /* binding heard entries on epochs that are dead and not told */
    uint32_t flags;   /* and above them when it was written: interval_written */
};

#define INTERVAL_WRITTEN_SHIFT 8

_Static_assert(INTERVAL_FREE < 1 << INTERVAL_WRITTEN_SHIFT, "flags fit below the time");
_Static_assert(EVIDENCE_WRITTEN_MAX <= UINT32_MAX >> INTERVAL_WRITTEN_SHIFT, "it fits above them");

/* Who heard an interval. The first ones stand here, so that most of what is asked of it costs one
 * cache line; the others in a block of ledger_hearers_block words. */
enum { HEARERS_FIRST = 14 };

struct hearers {
    uint32_t count; /* with HEARERS_ORPHAN */
    uint32_t at;    /* block of the others, 0 for none */
    uint32_t first[HEARERS_FIRST];
};

_Static_assert(sizeof(struct hearers) == 64, "a cache line");

/* What the cut needs of an interval that it takes back: whose it is, and which went before it. */
struct link {
    uint32_t vat;
    uint32_t newer; /* the next live interval of the vat above it, LINK_INTERVAL for none; flags */
};

#define LINK_UNBOUND UINT32_C(0x80000000) /* its vat is told, instead of taken back */
#define LINK_MUTE UINT32_C(0x40000000)    /* its vat stands in ledger->tell */
#define LINK_INTERVAL UINT32_C(0x3fffffff)

/* In hearers.count: the interval is dead and not told, so whoever heard it keeps an orphan. It
 * stands here because this is what is at hand when an entry is added. */
#define HEARERS_ORPHAN UINT32_C(0x80000000)

/* Where a vat's interval is; the epoch in halves, so that three take 36 bytes and not 48. */
struct slot {
    uint32_t epoch_low;
    uint32_t epoch_high;
    uint32_t interval;
};

enum {
    VAT_HAS_FLOOR = 1,
    VAT_BE_TOLD = 2,
    VAT_EARLY = 4,
    VAT_HAS_LINEAGE = 8,
    VAT_HAS_SETTLED = 16,
    VAT_HAS_OPEN = 32,
    VAT_STOPPED = 64, /* stands in ledger->stopped */
    VAT_TELL = 128,   /* stands in ledger->tell */
    VAT_SPARED = 256, /* only while deciding, as all below */
    VAT_LOST = 512,   /* by a host, domain or name, whatever is unknown */
    VAT_LISTED = 1024 /* has a row in the decision */
};

/* Of each vat what most steps look at, the newest slots among it: most of what is heard is new. */
enum { PLACE_NEWEST = 3 };

struct vat_place {
    struct slot *slots; /* by epoch; heap */
    uint32_t slot_count;
    uint32_t slot_capacity;
    uint32_t row; /* only while deciding: 1 + its row in the cut; else 0 */
    uint32_t flags;
    struct slot
        newest[PLACE_NEWEST]; /* copies of the last slots, the newest first; epoch 0 for none */
    uint32_t mark; /* only while deciding: whatever the step at hand counts by vat; else 0 */
};

_Static_assert(sizeof(struct vat_place) == 64, "a cache line");

/* What a vat was told that a peer forgot. */
struct settled_range {
    mn_epoch after;
    mn_epoch through;
    mn_epoch heard_in; /* no epoch of the vat's run that is told is above this */
    uint32_t peer;
    uint32_t forks; /* how often the peer had gone on before it forgot this */
};

struct vat_settled {
    struct settled_range *ranges; /* by peer and beginning; heap */
    size_t count, capacity;
};

struct vat {
    mn_epoch floor; /* as given, or as EVIDENCE.md derives it */
    mn_epoch limit;
    struct evidence_lineage *lineage; /* heap */
    uint32_t lineage_count;
    uint32_t host;
    uint32_t next_on_host; /* the others on its host, LEDGER_NONE at the ends */
    uint32_t previous_on_host;
    uint32_t open;               /* interval, or LEDGER_NONE */
    uint32_t orphan_count;       /* of its intervals together */
    struct vat_settled *settled; /* heap, NULL for none */
};

/* Domains and hosts and stores hang in lists: LEDGER_NONE ends each. */
struct domain {
    uint32_t name; /* among ledger.place_names */
    uint32_t in;
    uint32_t first_domain;
    uint32_t next_domain;
    uint32_t first_host;
    uint32_t first_store;
    bool lost; /* only while deciding, with everything in it */
};

struct host {
    uint32_t name; /* among ledger.place_names */
    uint32_t in;
    uint32_t next_host;
    uint32_t first_vat;
    uint32_t first_store;
    bool lost; /* only while deciding */
};

struct store {
    enum evidence_place place;
    uint32_t in;
    uint32_t next_store;
    uint32_t site;  /* where its copies are now, see struct site */
    uint32_t stamp; /* the last row that named it, while a row is checked */
};

/* The life of a store between two times that it was emptied. Copies name sites, so that emptying
 * a store is giving it a new one. */
struct site {
    uint32_t store; /* LEDGER_NONE once it was emptied */
    bool lost;      /* only while deciding */
};

/* A copy is one word: the site, with this when lost.copies names it. */
#define COPY_LOST UINT32_C(0x80000000)

/* A form is a block of words: these, then its copies. */
enum {
    FORM_NEXT,   /* block of the next form, 0 for none */
    FORM_NEED,   /* need */
    FORM_COUNT,  /* copies, twice, and one more for a diff */
    FORM_COPIES, /* a full one's copies begin here */
    FORM_ONTO_LOW = FORM_COPIES,
    FORM_ONTO_HIGH,
    FORM_DIFF_COPIES
};

/* What is made of the document before it is wanted (ledger_evidence.c). */
struct ledger_pieces {
    bool begun;        /* the first piece is made, and what the pieces say of others holds */
    uint32_t next;     /* the checkpoints of vats below it stand in a piece */
    uint64_t *renewed; /* a bit for each vat: it has changed since, and has to be said anew; heap */
    size_t renewed_capacity;
};

struct ledger {
    struct ledger_names place_names; /* of domains and hosts */
    struct ledger_names store_names;
    struct ledger_names vat_names; /* their numbers are the vats */

    struct domain *domains;
    size_t domain_count, domain_capacity;
    struct host *hosts;
    size_t host_count, host_capacity;
    struct store *stores;
    size_t store_count, store_capacity;
    struct site *sites;
    size_t site_count, site_capacity;

    struct vat *vats; /* these two in step */
    struct vat_place *places;
    uint32_t vat_count;
    size_t vat_capacity;
    struct ledger_lines place_lines; /* what places lies in */

    struct interval *intervals; /* these eight in step */
    struct hearers *hearers;
    struct link *links;
    uint64_t *settled; /* a bit each: dead or at or below its vat's floor, so that it binds nobody;
                          while deciding also: gone in the cut */
    uint64_t *live_rows;  /* a bit each: listed and live */
    uint64_t *judged;     /* a bit each, 0 but while deciding: whether it is restorable is known, */
    uint64_t *restorable; /* and whether it is */
    size_t interval_count; /* that were ever used */
    size_t interval_room;  /* for how many there is room in all of these tables */
    size_t interval_capacity, link_capacity, settled_capacity, live_row_capacity, judged_capacity,
        restorable_capacity;
    struct ledger_lines hearers_lines; /* what hearers lies in */
    uint32_t free_interval;            /* 1 + the first free one; 0 for none */
    size_t free_interval_count;

    struct ledger_words words; /* heard, hearers, forms */

    uint32_t *scratch; /* intervals of the row that is being taken in */
    size_t scratch_capacity;
    uint64_t *seen; /* a bit for each interval, all 0 between two calls */
    size_t seen_capacity;
    uint32_t stamp;

    struct ledger_set lost_domains;
    struct ledger_set lost_hosts;
    struct ledger_set lost_stores;
    struct ledger_set lost_vats;
    struct ledger_set unknown_vats;
    struct ledger_set unknown_stores;
    struct ledger_set tell;
    struct ledger_set
        stopped; /* vats whose running state is no candidate even if nothing is lost */
    struct ledger_set standing; /* vats with orphans */
    enum evidence_total_loss total_loss;

    struct ledger_pieces pieces;

    size_t checkpoint_count; /* listed */
    size_t heard_count;
    size_t slot_bytes;
    size_t lineage_bytes; /* and of what was settled */
};

/* Give all memory back; the ledger is new again. */
void ledger_clear(struct ledger *ledger);

/* ---- pieces of the document (ledger_evidence.c) -----------------------------------------------
 */

/* What the document says of the vat or of its checkpoints changes. */
static inline void ledger_renew(struct ledger *ledger, uint32_t vat)
{
    if (ledger->pieces.begun) {
        ledger->pieces.renewed[vat >> 6] |= UINT64_C(1) << (vat & 63);
    }
}

/* So much changes that the pieces are of no use any more. */
static inline void ledger_renew_all(struct ledger *ledger)
{
    ledger->pieces.begun = false;
}

/* ---- intervals (ledger_intervals.c) ---------------------------------------------------------- */

static inline mn_epoch slot_epoch(const struct slot *slot)
{
    return (mn_epoch)((uint64_t)slot->epoch_high << 32 | slot->epoch_low);
}

static inline bool interval_live_row(const struct interval *interval)
{
    return (interval->flags & (INTERVAL_LISTED | INTERVAL_DEAD)) == INTERVAL_LISTED;
}

static inline uint32_t interval_written(const struct interval *interval)
{
    return interval->flags >> INTERVAL_WRITTEN_SHIFT;
}

static inline void interval_set_written(struct interval *interval, uint32_t written)
{
    interval->flags = (interval->flags & ((1U << INTERVAL_WRITTEN_SHIFT) - 1)) |
                      written << INTERVAL_WRITTEN_SHIFT;
}

static inline uint32_t hearer_count(const struct hearers *hearers)
{
    return hearers->count & ~HEARERS_ORPHAN;
}

/* The hearer at place @i. */
static inline uint32_t *ledger_hearer(const struct ledger *ledger, struct hearers *hearers,
                                      uint32_t i)
{
    return i < HEARERS_FIRST ? &hearers->first[i]
                             : &ledger->words.words[hearers->at + i - HEARERS_FIRST];
}

static inline bool ledger_settled(const struct ledger *ledger, uint32_t interval)
{
    return (ledger->settled[interval >> 6] >> (interval & 63) & 1) != 0;
}

static inline bool ledger_is_live_row(const struct ledger *ledger, uint32_t interval)
{
    return (ledger->live_rows[interval >> 6] >> (interval & 63) & 1) != 0;
}

/* Note whether the interval is listed and live, after it may have changed. */
void ledger_note_row(struct ledger *ledger, uint32_t interval);

/* The first lineage entry that the vat's @epoch is dead by, or NULL. */
const struct evidence_lineage *ledger_death(const struct ledger *ledger, uint32_t vat,
                                            mn_epoch epoch);

/* The position of the first slot of @vat at or above @epoch; its slot count when there is none. */
uint32_t ledger_position(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* The interval of @vat at @epoch, or LEDGER_NONE. */
uint32_t ledger_find(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* The same, but only of the newest ones, which stand in its place; where there is none, its epoch
 * is 0. All are compared, because which one it will be is not to be guessed. */
static inline uint32_t ledger_find_newest(const struct vat_place *place, mn_epoch epoch)
{
    uint32_t found = LEDGER_NONE;
    for (uint32_t i = 0; i < PLACE_NEWEST; i++) {
        found = slot_epoch(&place->newest[i]) == epoch ? place->newest[i].interval : found;
    }
    return found;
}

/* The same, but only a listed one. */
uint32_t ledger_find_listed(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* Make room for @count more intervals. */
mn_result ledger_reserve_intervals(struct ledger *ledger, size_t count) MN_CHECKED;

/* After @first others, @count intervals are going to be made when there is less time than now: make
 * room for them, and have its pages at hand, which the system gives at the first touch. */
void ledger_expect_intervals(struct ledger *ledger, size_t first, size_t count);

/* The interval of @vat at @epoch, made when there is none; reserved. MN_NO_MEMORY. */
mn_result ledger_obtain(struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                        uint32_t *interval) MN_CHECKED;

/* An interval that stands in no slot, for an open one; reserved. */
uint32_t ledger_obtain_open(struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* Forget the interval if nothing is known of it any more: not listed, not open, heard by nobody. */
void ledger_release(struct ledger *ledger, uint32_t interval);

/* Forget an open interval, which heard nothing any more. */
void ledger_release_open(struct ledger *ledger, uint32_t interval);

/* Write the flags of the vat's intervals anew after the vat's have changed. */
void ledger_flag_links(struct ledger *ledger, uint32_t vat);

/* Judge an interval anew after its vat's lineage or floor has changed. */
void ledger_judge(struct ledger *ledger, uint32_t interval);

/* ---- heard entries (ledger_heard.c) ---------------------------------------------------------- */

/* Whether all vats and epochs exist that @heard names. */
bool ledger_heard_valid(const struct ledger *ledger, const struct evidence_heard *heard,
                        size_t count);

/* The intervals that @heard, which is valid, names, each once and without @vat's own, into
 * ledger->scratch; those that are not known yet are made. On failure they are forgotten again.
 * @count: out. */
mn_result ledger_resolve(struct ledger *ledger, uint32_t vat, const struct evidence_heard *heard,
                         size_t heard_count, size_t *count) MN_CHECKED;

/* Forget what ledger_resolve has made and nobody uses. */
void ledger_unresolve(struct ledger *ledger, size_t count);

/* How many words have to be reserved so that ledger_hear of the @count intervals in scratch cannot
 * fail. @interval: LEDGER_NONE when it is still to be made. */
size_t ledger_heard_words(const struct ledger *ledger, uint32_t interval, size_t count);

/* @interval heard the @count intervals in scratch, besides what it has heard. */
void ledger_hear(struct ledger *ledger, uint32_t interval, size_t count);

/* Take out what @interval heard and @which says (NULL: everything); intervals that nobody knows of
 * any more are forgotten. Returns how many entries those were. */
typedef bool ledger_heard_which(const struct interval *heard, const void *context);
size_t ledger_unhear(struct ledger *ledger, uint32_t interval, ledger_heard_which *which,
                     const void *context);

/* @interval heard the @count intervals in scratch, and nothing else. */
void ledger_hear_instead(struct ledger *ledger, uint32_t interval, size_t count);

/* Before it changes whether the interval's entries bind: its orphans are no longer counted; and
 * after: they are counted anew. */
void ledger_discount(struct ledger *ledger, uint32_t interval);
void ledger_count_orphans(struct ledger *ledger, uint32_t interval);

/* Whoever heard the interval keeps an orphan from now on, or no more. */
void ledger_set_orphan(struct ledger *ledger, uint32_t interval, bool orphan);

/* ---- what was told (ledger_settle.c) --------------------------------------------------------- */

/* Whether @vat, which has been told something, was told of @heard. */
bool ledger_is_settled(const struct ledger *ledger, uint32_t vat,
                       const struct evidence_heard *heard);

/* Forget what @vat was told, as far as its floor is above whatever it may concern. */
void ledger_forget_settled(struct ledger *ledger, uint32_t vat);

/* ---- coverage (ledger_cover.c) --------------------------------------------------------------- */

/* Find rule 4 anew for the vat's intervals from slot @position on and for its running state. */
void ledger_cover(struct ledger *ledger, uint32_t vat, uint32_t position);

/* ---- forms (ledger_forms.c) ------------------------------------------------------------------ */

static inline bool form_is_diff(const uint32_t *form)
{
    return (form[FORM_COUNT] & 1) != 0;
}

static inline uint32_t form_copy_count(const uint32_t *form)
{
    return form[FORM_COUNT] >> 1;
}

static inline uint32_t *form_copies(uint32_t *form)
{
    return form + (form_is_diff(form) ? FORM_DIFF_COPIES : FORM_COPIES);
}

static inline mn_epoch form_onto(const uint32_t *form)
{
    return form_is_diff(form)
               ? (mn_epoch)((uint64_t)form[FORM_ONTO_HIGH] << 32 | form[FORM_ONTO_LOW])
               : 0;
}

static inline uint32_t *ledger_form(const struct ledger *ledger, uint32_t at)
{
    return ledger->words.words + at;
}

/* MN_BAD_INPUT when one of them breaks its rules. */
mn_result ledger_check_forms(struct ledger *ledger, mn_epoch epoch,
                             const struct evidence_form *forms, size_t count) MN_CHECKED;

/* How many words have to be reserved so that ledger_add_forms cannot fail. */
size_t ledger_forms_words(const struct ledger *ledger, uint32_t interval,
                          const struct evidence_form *forms, size_t count);

/* Unite the forms with those known; in a row that is new (@apart) each stays a form of its own. */
void ledger_add_forms(struct ledger *ledger, uint32_t interval, const struct evidence_form *forms,
                      size_t count, bool apart);

void ledger_free_forms(struct ledger *ledger, uint32_t interval);

/* Take out copies whose site was emptied, and forms of which too little is left. */
void ledger_purge_forms(struct ledger *ledger, uint32_t interval);

/* Name the checkpoint's copies at @store as lost, or not; false when there are none. */
bool ledger_mark_copies(struct ledger *ledger, uint32_t interval, uint32_t store, bool lost);

/* ---- rows (ledger_rows.c) -------------------------------------------------------------------- */

/* Take a checkpoint in. @whole: as a document lists it, whatever the floor. */
mn_result ledger_take_checkpoint(struct ledger *ledger, const struct evidence_checkpoint *row,
                                 bool whole) MN_CHECKED;

/* Whether a live checkpoint of the vat above @epoch has a form that applies onto it. */
bool ledger_chain_stands_on(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* The row of a listed checkpoint is no more: what it heard, its forms, and perhaps the interval.
 * Coverage is for the caller to find anew. Returns how many entries it had heard. */
size_t ledger_unlist(struct ledger *ledger, uint32_t interval);

/* Whether @epoch is above the vat's live checkpoints, as an open interval has to be. */
bool ledger_above_live_rows(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* The open interval of the vat, if it has one, is over. Coverage is for the caller to find anew. */
void ledger_close(struct ledger *ledger, uint32_t vat);

/* ---- who and what (ledger_places.c) ---------------------------------------------------------- */

bool ledger_lineage_valid(const struct evidence_lineage *lineage, size_t count);

/* Take in all domains of a document, where a parent may stand after its child. */
mn_result ledger_add_domains(struct ledger *ledger, const struct evidence_domain *domains,
                             size_t count) MN_CHECKED;

#endif
