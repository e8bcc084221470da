/* Evidence: everything a recovery decision is computed from, as one plain document.
 *
 * The struct holds what the document says and no more: names are resolved to indices, but nothing
 * is derived, sorted or defaulted that the document left open (see the has_ members). Rows stand in
 * the order of the document, and no answer may depend on that order.
 *
 * This header knows nothing of YAML, so that cores may use the struct. */
#ifndef MN_DOCS_EVIDENCE_H
#define MN_DOCS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "docs/text.h"

/* No index: no parent domain, no host. */
#define EVIDENCE_NONE UINT32_MAX

enum {
    /* The largest document in text, and the largest piece of one in binary form, in bytes. */
    EVIDENCE_SIZE_MAX = 1024 * 1024 * 1024,

    /* The most domains, hosts, stores, vats, checkpoints or heard entries. */
    EVIDENCE_ROW_COUNT_MAX = 256 * 1024 * 1024
};

enum evidence_place { EVIDENCE_IN_NOTHING, EVIDENCE_IN_HOST, EVIDENCE_IN_DOMAIN };
enum evidence_on_peer_rollback { EVIDENCE_ROLL_BACK, EVIDENCE_BE_TOLD };
enum evidence_sends { EVIDENCE_HELD, EVIDENCE_EARLY };
enum evidence_kind { EVIDENCE_FULL, EVIDENCE_DIFF };
enum evidence_total_loss { EVIDENCE_TOTAL_LOSS_TELL, EVIDENCE_TOTAL_LOSS_ROLL_BACK };

struct evidence_domain {
    const char *name;
    uint32_t in; /* the parent domain, or EVIDENCE_NONE for a root; the domains are a forest */
};

struct evidence_host {
    const char *name;
    uint32_t in; /* domain or EVIDENCE_NONE */
};

struct evidence_store {
    const char *name;
    enum evidence_place place;
    uint32_t in; /* host or domain as @place says, EVIDENCE_NONE for EVIDENCE_IN_NOTHING */
};

/* Epochs above @after and below @next are dead; the vat went on at @next, which is above @after.
 * Entries grow strictly in @next. */
struct evidence_lineage {
    mn_epoch after;
    mn_epoch next;
    bool seen;
    bool told;
    /* What a document does not carry: */
    uint64_t round; /* that decided it; 0: not known */
    bool learnt;    /* others remember it, and the journal at hand does not have that decision */
};

struct evidence_vat {
    const char *name;
    uint32_t host; /* or EVIDENCE_NONE */
    bool has_floor;
    mn_epoch floor; /* 0 when not given */
    mn_epoch limit; /* 1 when not given */
    size_t lineage_count;
    const struct evidence_lineage *lineage;
    enum evidence_on_peer_rollback on_peer_rollback;
    enum evidence_sends sends;
};

/* The vat received something that @vat sent in its own @epoch. The hearer itself may stand here;
 * that says nothing and is to be ignored. The same entry may stand twice. */
struct evidence_heard {
    uint32_t vat;
    mn_epoch epoch;
};

/* One way in which a checkpoint exists: any @need of the stores @at restore it. */
struct evidence_form {
    enum evidence_kind kind;
    mn_epoch onto; /* of a diff: below the checkpoint's epoch, perhaps not listed; 0 of a full */
    uint32_t need; /* 1 to at_count */
    size_t at_count;
    const uint32_t *at; /* stores, each once */
};

/* (vat, epoch) is unique among the checkpoints. */
#define EVIDENCE_WRITTEN_MAX UINT32_C(0xffffff)

struct evidence_checkpoint {
    uint32_t vat;
    mn_epoch epoch;
    bool has_since;
    mn_epoch since; /* below @epoch; 0 when not given */
    bool durable;
    size_t heard_count;
    const struct evidence_heard *heard;
    size_t form_count;
    const struct evidence_form *forms;

    /* No part of a document: when it was written, as a number of the ledger's owner, of up to
     * EVIDENCE_WRITTEN_MAX; 0: not known. What its own host says (`written_here`) counts more. */
    uint32_t written;
    bool written_here;
};

/* The interval that a vat was in when it was asked: at most one a vat, above its live checkpoints.
 */
struct evidence_open {
    uint32_t vat;
    mn_epoch epoch;
    bool has_since;
    mn_epoch since;
    size_t heard_count;
    const struct evidence_heard *heard;
};

struct evidence_lost_checkpoint {
    uint32_t vat;
    mn_epoch epoch;
};

/* A copy that a form of the checkpoint (vat, epoch) has at @store. */
struct evidence_lost_copy {
    uint32_t vat;
    mn_epoch epoch;
    uint32_t store;
};

/* Indices into one of the tables; the same may stand twice. */
struct evidence_names {
    size_t count;
    const uint32_t *index;
};

struct evidence_lost {
    struct evidence_names domains;
    struct evidence_names hosts;
    struct evidence_names stores;
    struct evidence_names vats;
    size_t checkpoint_count;
    const struct evidence_lost_checkpoint *checkpoints;
    size_t copy_count;
    const struct evidence_lost_copy *copies;
};

struct evidence_unknown {
    struct evidence_names vats;
    struct evidence_names stores;
};

struct evidence_policy {
    enum evidence_total_loss total_loss;
    struct evidence_names tell; /* vats */
};

struct evidence {
    size_t domain_count;
    const struct evidence_domain *domains;
    size_t host_count;
    const struct evidence_host *hosts;
    size_t store_count;
    const struct evidence_store *stores;
    size_t vat_count;
    const struct evidence_vat *vats;
    size_t checkpoint_count;
    const struct evidence_checkpoint *checkpoints;
    size_t open_count;
    const struct evidence_open *open;
    struct evidence_lost lost;
    struct evidence_unknown unknown;
    struct evidence_policy policy;

    /* Everything above lives here. Whoever fills a document takes its arrays and names from it. */
    struct mn_arena arena;
};

/* An empty document: every count 0, every default as EVIDENCE.md has it.
 * Errors:    MN_NO_MEMORY */
mn_result evidence_new(struct evidence **evidence) MN_CHECKED;

/* Give a document back and null the caller's pointer; NULL inside is fine. */
void evidence_destroy(struct evidence **evidence);

/* Read one document, YAML or JSON, in time linear in its size, and check all that EVIDENCE.md
 * calls bad. What is read keeps every promise of the structs above.
 *
 * @origin    the file's name, for the error only.
 * @evidence  out: the document, to be destroyed by the caller; written on success only.
 *
 * Errors:    MN_BAD_INPUT  @error says "FILE:LINE:COLUMN: what is wrong, and what was expected"
 *            MN_TOO_LARGE  a bound is passed; @error names it
 *            MN_NO_MEMORY */
mn_result evidence_read(const char *bytes, size_t size, const char *origin,
                        struct evidence **evidence, struct mn_error *error) MN_CHECKED;

/* Append the document to @text as one line of JSON, or as YAML for people with one row a line.
 * Reading that gives an equal document. On failure @text holds a part of it.
 * Errors:    MN_NO_MEMORY, MN_FULL when @text is at its bound */
mn_result evidence_write_json(const struct evidence *evidence, struct mn_text *text) MN_CHECKED;
mn_result evidence_write_yaml(const struct evidence *evidence, struct mn_text *text) MN_CHECKED;

#endif
