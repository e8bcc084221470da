/* Random small documents for property tests, as something that can be written in any order,
 * renamed, taken apart and carried on. */
#ifndef TESTS_DRAFT_H
#define TESTS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/random.h"
#include "docs/evidence.h"
#include "docs/text.h"

enum {
    DRAFT_VAT_COUNT_MAX = 6,
    DRAFT_PLACE_COUNT_MAX = 4, /* of domains, of hosts and of stores */
    DRAFT_CHECKPOINT_COUNT_MAX = 40,
    DRAFT_HEARD_COUNT_MAX = 5,
    DRAFT_FORM_COUNT_MAX = 2,
    DRAFT_LINEAGE_COUNT_MAX = 6,
    DRAFT_COPY_COUNT_MAX = 4,
    DRAFT_NONE = 255
};

struct draft_heard {
    uint8_t vat;
    mn_epoch epoch;
};

struct draft_form {
    bool diff;
    mn_epoch onto;
    uint8_t need;
    uint8_t at; /* a bit per store */
};

/* A checkpoint or, among draft.open, an open interval. */
struct draft_row {
    uint8_t vat;
    mn_epoch epoch;
    bool has_since;
    mn_epoch since;
    bool not_durable;
    uint8_t heard_count;
    struct draft_heard heard[DRAFT_HEARD_COUNT_MAX];
    uint8_t form_count;
    struct draft_form forms[DRAFT_FORM_COUNT_MAX];
    bool lost;
    uint8_t lost_copies; /* a bit per store */
};

struct draft_vat {
    char name[8];
    uint8_t host; /* or DRAFT_NONE */
    bool has_floor;
    mn_epoch floor;
    mn_epoch limit;
    uint8_t lineage_count;
    struct evidence_lineage lineage[DRAFT_LINEAGE_COUNT_MAX];
    bool be_told;
    bool early;
    bool lost;
    bool unknown;
    bool tell;
};

struct draft_place {
    uint8_t in; /* a domain; of a store: a host, or a domain + 128; or DRAFT_NONE */
    bool lost;
    bool unknown; /* of a store */
};

struct draft {
    uint8_t domain_count;
    struct draft_place domains[DRAFT_PLACE_COUNT_MAX];
    uint8_t host_count;
    struct draft_place hosts[DRAFT_PLACE_COUNT_MAX];
    uint8_t store_count;
    struct draft_place stores[DRAFT_PLACE_COUNT_MAX];
    uint8_t vat_count;
    struct draft_vat vats[DRAFT_VAT_COUNT_MAX];
    uint8_t checkpoint_count;
    struct draft_row checkpoints[DRAFT_CHECKPOINT_COUNT_MAX];
    uint8_t open_count;
    struct draft_row open[DRAFT_VAT_COUNT_MAX];
    bool roll_back;
};

/* A random document that the reader takes: earlier lives, gaps, broken chains, early senders,
 * erasure coding, total losses, unknowns and whatever else EVIDENCE.md knows. */
void draft_make(struct draft *draft, struct mn_random *random);

/* Write the document. @order NULL writes maps and lists as they stand, otherwise shuffled. */
void draft_write(const struct draft *draft, struct mn_random *order, struct mn_text *text);

/* The document as a struct; asserts that the reader takes it. */
struct evidence *draft_read(const struct draft *draft);

/* Make *@smaller the draft without its @number-th removable thing. False when there are no more. */
bool draft_reduce(const struct draft *draft, size_t number, struct draft *smaller);

/* Whether the reader would take the draft. */
bool draft_valid(const struct draft *draft);

/* Apply @answer: restored vats run, their lineage extended, what was lost is gone, and what told
 * vats have heard and kept is settled. */
void draft_apply(struct draft *draft, const json_t *answer);

#endif
