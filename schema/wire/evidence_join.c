/* Putting the pieces of a document together: what a piece says anew of a vat takes the place of
 * what those before it say of that one; everything else is added up. Each row is looked at once,
 * however many pieces there are. */
#include <stddef.h>
#include <string.h>

#include "wire/evidence_private.h"

struct join {
    struct evidence_decoder *decoder;
    const struct evidence_piece *pieces;
    size_t count;
    uint32_t *newest; /* by vat: the last piece that says it anew */
};

/* What is told apart by the vat begins with it. */
_Static_assert(offsetof(struct evidence_checkpoint, vat) == 0, "see row_counts");
_Static_assert(offsetof(struct evidence_open, vat) == 0, "see row_counts");
_Static_assert(offsetof(struct evidence_lost_checkpoint, vat) == 0, "see row_counts");
_Static_assert(offsetof(struct evidence_lost_copy, vat) == 0, "see row_counts");

static void join_refuse(struct join *join, size_t piece, const char *what)
{
    if (join->decoder->codec.result == MN_OK) {
        mn_error_set(join->decoder->error, "piece %zu: %s", piece, what);
        codec_fail(&join->decoder->codec, MN_BAD_INPUT);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The vats that a piece says anew, into their places in @vats. */
static void join_renewed(struct join *join, size_t number, struct evidence_vat *vats)
{
    const struct evidence_piece *piece = &join->pieces[number];
    size_t vat_count = join->pieces[0].rows.vat_count;
    if (piece->rows.vat_count != piece->renewed.count) {
        join_refuse(join, number, "vat_name: expected as many rows as renewed_vat has");
        return;
    }
    for (size_t i = 0; i < piece->renewed.count; i++) {
        uint32_t vat = piece->renewed.index[i];
        bool grows = i == 0 || vat > piece->renewed.index[i - 1];
        if (vat >= vat_count || !grows || strcmp(vats[vat].name, piece->rows.vats[i].name) != 0) {
            join_refuse(join, number,
                        "renewed_vat: expected growing rows of the first piece's vats, with their "
                        "names");
            return;
        }
        vats[vat] = piece->rows.vats[i];
        join->newest[vat] = (uint32_t)number;
    }
}

static void join_tables(struct join *join)
{
    struct evidence *out = join->decoder->evidence;
    const struct evidence *first = &join->pieces[0].rows;
    *out = (struct evidence){.domain_count = first->domain_count,
                             .domains = first->domains,
                             .host_count = first->host_count,
                             .hosts = first->hosts,
                             .store_count = first->store_count,
                             .stores = first->stores,
                             .vat_count = first->vat_count,
                             .arena = out->arena};
    struct evidence_vat *vats = codec_take(&join->decoder->codec, first->vat_count, sizeof *vats);
    join->newest = codec_take(&join->decoder->codec, first->vat_count, sizeof *join->newest);
    if (join->decoder->codec.result != MN_OK) {
        return;
    }
    if (first->vat_count > 0) {
        memcpy(vats, first->vats, first->vat_count * sizeof *vats);
    }
    out->vats = vats;
    if (join->pieces[0].renewed.count > 0) {
        join_refuse(join, 0, "renewed_vat: expected none in the first piece");
    }
    for (size_t i = 1; join->decoder->codec.result == MN_OK && i < join->count; i++) {
        const struct evidence *rows = &join->pieces[i].rows;
        if (rows->domain_count + rows->host_count + rows->store_count > 0) {
            join_refuse(join, i, "domains, hosts or stores; expected them in the first piece");
        }
        join_renewed(join, i, vats);
    }
}

/* ---- rows of vats ---------------------------------------------------------------------------- */

/* One of the tables of a piece whose rows are of a vat each. */
struct join_rows {
    const void *rows;
    size_t count;
};

enum join_table { JOIN_CHECKPOINTS, JOIN_OPEN, JOIN_LOST_CHECKPOINTS, JOIN_LOST_COPIES };

static struct join_rows piece_rows(const struct evidence *rows, enum join_table table)
{
    switch (table) {
    case JOIN_CHECKPOINTS:
        return (struct join_rows){rows->checkpoints, rows->checkpoint_count};
    case JOIN_OPEN:
        return (struct join_rows){rows->open, rows->open_count};
    case JOIN_LOST_CHECKPOINTS:
        return (struct join_rows){rows->lost.checkpoints, rows->lost.checkpoint_count};
    case JOIN_LOST_COPIES:
        return (struct join_rows){rows->lost.copies, rows->lost.copy_count};
    }
    return (struct join_rows){NULL, 0};
}

/* Whether no later piece says the row's vat anew. One of a vat that does not exist is found later.
 */
static bool row_counts(const struct join *join, const void *row, size_t piece)
{
    uint32_t vat = 0;
    memcpy(&vat, row, sizeof vat);
    return vat >= join->pieces[0].rows.vat_count || piece >= join->newest[vat];
}

/* The rows of all pieces that count. @count: out. NULL after a failure. */
static void *join_rows_of(struct join *join, enum join_table table, size_t size, size_t *count)
{
    size_t most = 0;
    for (size_t i = 0; i < join->count; i++) {
        most += piece_rows(&join->pieces[i].rows, table).count;
    }
    unsigned char *out = codec_take_unset(&join->decoder->codec, most, size);
    *count = 0;
    for (size_t i = 0; out != NULL && i < join->count; i++) {
        struct join_rows from = piece_rows(&join->pieces[i].rows, table);
        for (size_t k = 0; k < from.count; k++) {
            const unsigned char *row = (const unsigned char *)from.rows + k * size;
            if (row_counts(join, row, i)) {
                memcpy(out + *count * size, row, size);
                *count += 1;
            }
        }
    }
    return out;
}

/* ---- lists ----------------------------------------------------------------------------------- */

typedef const struct evidence_names *join_list(const struct evidence *rows);

static const struct evidence_names *list_lost_domains(const struct evidence *rows)
{
    return &rows->lost.domains;
}

static const struct evidence_names *list_lost_hosts(const struct evidence *rows)
{
    return &rows->lost.hosts;
}

static const struct evidence_names *list_lost_stores(const struct evidence *rows)
{
    return &rows->lost.stores;
}

static const struct evidence_names *list_lost_vats(const struct evidence *rows)
{
    return &rows->lost.vats;
}

static const struct evidence_names *list_unknown_vats(const struct evidence *rows)
{
    return &rows->unknown.vats;
}

static const struct evidence_names *list_unknown_stores(const struct evidence *rows)
{
    return &rows->unknown.stores;
}

static const struct evidence_names *list_tell(const struct evidence *rows)
{
    return &rows->policy.tell;
}

static struct evidence_names join_names(struct join *join, join_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < join->count; i++) {
        count += list(&join->pieces[i].rows)->count;
    }
    uint32_t *index = codec_take(&join->decoder->codec, count, sizeof *index);
    size_t at = 0;
    for (size_t i = 0; index != NULL && i < join->count; i++) {
        const struct evidence_names *from = list(&join->pieces[i].rows);
        for (size_t k = 0; k < from->count; k++) {
            index[at++] = from->index[k];
        }
    }
    return (struct evidence_names){.count = at, .index = index};
}

/* ---- the whole ------------------------------------------------------------------------------- */

void evidence_join(struct evidence_decoder *decoder, const struct evidence_piece *pieces,
                   size_t count)
{
    struct join join = {.decoder = decoder, .pieces = pieces, .count = count};
    struct evidence *out = decoder->evidence;
    if (count == 1 && pieces[0].renewed.count == 0) {
        struct mn_arena arena = out->arena;
        *out = pieces[0].rows;
        out->arena = arena;
        return;
    }
    join_tables(&join);
    if (decoder->codec.result != MN_OK) {
        return;
    }
    out->checkpoints =
        join_rows_of(&join, JOIN_CHECKPOINTS, sizeof *out->checkpoints, &out->checkpoint_count);
    out->open = join_rows_of(&join, JOIN_OPEN, sizeof *out->open, &out->open_count);
    out->lost.checkpoints = join_rows_of(
        &join, JOIN_LOST_CHECKPOINTS, sizeof *out->lost.checkpoints, &out->lost.checkpoint_count);
    out->lost.copies =
        join_rows_of(&join, JOIN_LOST_COPIES, sizeof *out->lost.copies, &out->lost.copy_count);
    out->lost.domains = join_names(&join, list_lost_domains);
    out->lost.hosts = join_names(&join, list_lost_hosts);
    out->lost.stores = join_names(&join, list_lost_stores);
    out->lost.vats = join_names(&join, list_lost_vats);
    out->unknown.vats = join_names(&join, list_unknown_vats);
    out->unknown.stores = join_names(&join, list_unknown_stores);
    out->policy.tell = join_names(&join, list_tell);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].rows.policy.total_loss == EVIDENCE_TOTAL_LOSS_ROLL_BACK) {
            out->policy.total_loss = EVIDENCE_TOTAL_LOSS_ROLL_BACK;
        }
    }
}
