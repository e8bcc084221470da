/* What a ledger was told, kept in the plainest way: bits for epochs. It is what the ledger must
 * answer for, whatever it has made of it inside.
 *
 * Where ledger.h leaves the ledger free (which forms are united, what stands at or below a floor,
 * what was settled and is reported again), the model takes over what the ledger says it holds. */
#ifndef TESTS_LEDGER_MODEL_H
#define TESTS_LEDGER_MODEL_H

#include "docs/evidence.h"

enum { MODEL_VAT_COUNT = 4, MODEL_PLACE_COUNT = 3, MODEL_EPOCH_COUNT = 20, MODEL_FORK_COUNT = 5 };

/* What an interval heard: a bit per epoch of each peer. */
struct model_heard {
    uint32_t epochs[MODEL_VAT_COUNT];
};

struct model_row {
    bool there;
    bool has_since;
    mn_epoch since;
    bool durable;
    struct model_heard heard;
};

struct model_vat {
    uint32_t host;
    mn_epoch limit;
    bool be_told;
    bool early;
    bool has_floor;
    mn_epoch floor;
    bool floor_asked; /* just now: what it is by that and by the rows is the ledger's to say */
    mn_epoch asked_floor;
    size_t fork_count;
    struct evidence_lineage forks[MODEL_FORK_COUNT];
    struct model_row rows[MODEL_EPOCH_COUNT]; /* by epoch */
    mn_epoch open_epoch;                      /* 0 for none */
    struct model_row open;
    struct model_heard settled;
    bool lost;
    bool unknown;
    bool tell;
};

struct model {
    size_t vat_count;
    struct model_vat vats[MODEL_VAT_COUNT];
    bool lost_domains[MODEL_PLACE_COUNT];
    bool lost_hosts[MODEL_PLACE_COUNT];
    bool lost_stores[MODEL_PLACE_COUNT];
    bool unknown_stores[MODEL_PLACE_COUNT];
    enum evidence_total_loss total_loss;
};

/* Whether an epoch is dead by a lineage. */
bool model_dead(const struct model_vat *vat, mn_epoch epoch);

/* Whether @count entries keep the rules of lineage. */
bool model_lineage_right(const struct evidence_lineage *forks, size_t count);

/* The newest live checkpoint of a vat, 0 for none. */
mn_epoch model_newest_live(const struct model_vat *vat);

/* What each report does. The row must be right. */
void model_checkpoint(struct model *model, const struct evidence_checkpoint *row);
void model_open(struct model *model, const struct evidence_open *open);
void model_settle(struct model *model, uint32_t vat, uint32_t peer, mn_epoch after,
                  mn_epoch through);

/* Take over from what the ledger says it holds where it is free; asserts that it holds no row that
 * it was not told of. */
void model_adopt(struct model *model, const struct evidence *held);

/* The model as a document: places, forms and what is lost of checkpoints are those of @held, all
 * else is the model's. Lives as long as @held and @arena. */
void model_document(const struct model *model, const struct evidence *held, struct mn_arena *arena,
                    struct evidence *document);

#endif
