/* Writing drafts as YAML, with maps and lists in any order. */
#include "oracle/draft.h"

#include "base/check.h"

/* The numbers from 0 to count - 1 in some order. */
struct order {
    uint8_t at[256];
};

static struct order order_of(size_t count, struct mn_random *random)
{
    struct order order;
    for (size_t i = 0; i < count; i++) {
        size_t j = random != NULL ? (size_t)mn_random_below(random, i + 1) : i;
        order.at[i] = order.at[j];
        order.at[j] = (uint8_t)i;
    }
    return order;
}

struct writer {
    const struct draft *draft;
    struct mn_random *order;
    struct mn_text *text;
};

static void write_in(const struct writer *w, uint8_t in, char what)
{
    if (in == DRAFT_NONE) {
        mn_text_add(w->text, "{}");
    } else if (in >= 128) {
        mn_text_add_format(w->text, "{in: d%u}", (unsigned)in - 128);
    } else {
        mn_text_add_format(w->text, "{in: %c%u}", what, (unsigned)in);
    }
}

static void write_places(const struct writer *w, const char *key, char name, char in,
                         const struct draft_place *places, uint8_t count)
{
    struct order order = order_of(count, w->order);
    mn_text_add_format(w->text, "%s: {", key);
    for (uint8_t i = 0; i < count; i++) {
        mn_text_add_format(w->text, "%s%c%u: ", i > 0 ? ", " : "", name, (unsigned)order.at[i]);
        write_in(w, places[order.at[i]].in, in);
    }
    mn_text_add(w->text, "}\n");
}

static void write_vat(const struct writer *w, const struct draft_vat *vat)
{
    mn_text_add_format(w->text, "  %s: {limit: %lld", vat->name, (long long)vat->limit);
    if (vat->host != DRAFT_NONE) {
        mn_text_add_format(w->text, ", host: h%u", (unsigned)vat->host);
    }
    if (vat->has_floor) {
        mn_text_add_format(w->text, ", floor: %lld", (long long)vat->floor);
    }
    mn_text_add(w->text, vat->be_told ? ", on_peer_rollback: be_told" : "");
    mn_text_add(w->text, vat->early ? ", sends: early" : "");
    mn_text_add(w->text, ", lineage: [");
    for (uint8_t i = 0; i < vat->lineage_count; i++) {
        const struct evidence_lineage *entry = &vat->lineage[i];
        mn_text_add_format(w->text, "%s{after: %lld, next: %lld, seen: %s, told: %s}",
                           i > 0 ? ", " : "", (long long)entry->after, (long long)entry->next,
                           entry->seen ? "true" : "false", entry->told ? "true" : "false");
    }
    mn_text_add(w->text, "]}\n");
}

static void write_forms(const struct writer *w, const struct draft_row *row)
{
    struct order forms = order_of(row->form_count, w->order);
    mn_text_add(w->text, ", forms: [");
    for (uint8_t i = 0; i < row->form_count; i++) {
        const struct draft_form *form = &row->forms[forms.at[i]];
        mn_text_add_format(w->text, "%s{kind: %s", i > 0 ? ", " : "", form->diff ? "diff" : "full");
        if (form->diff) {
            mn_text_add_format(w->text, ", onto: %lld", (long long)form->onto);
        }
        mn_text_add_format(w->text, ", copies: {need: %u, at: [", (unsigned)form->need);
        struct order stores = order_of(w->draft->store_count, w->order);
        const char *glue = "";
        for (uint8_t s = 0; s < w->draft->store_count; s++) {
            if ((form->at >> stores.at[s] & 1) != 0) {
                mn_text_add_format(w->text, "%ss%u", glue, (unsigned)stores.at[s]);
                glue = ", ";
            }
        }
        mn_text_add(w->text, "]}}");
    }
    mn_text_add(w->text, "]");
}

static void write_rows(const struct writer *w, const char *key, const struct draft_row *rows,
                       uint8_t count, bool open)
{
    struct order order = order_of(count, w->order);
    mn_text_add_format(w->text, "%s:%s\n", key, count == 0 ? " []" : "");
    for (uint8_t i = 0; i < count; i++) {
        const struct draft_row *row = &rows[order.at[i]];
        mn_text_add_format(w->text, "  - {vat: %s, epoch: %lld", w->draft->vats[row->vat].name,
                           (long long)row->epoch);
        if (row->has_since) {
            mn_text_add_format(w->text, ", since: %lld", (long long)row->since);
        }
        mn_text_add(w->text, row->not_durable ? ", durable: false" : "");
        struct order heard = order_of(row->heard_count, w->order);
        mn_text_add(w->text, ", heard: [");
        for (uint8_t j = 0; j < row->heard_count; j++) {
            const struct draft_heard *entry = &row->heard[heard.at[j]];
            mn_text_add_format(w->text, "%s{vat: %s, epoch: %lld}", j > 0 ? ", " : "",
                               w->draft->vats[entry->vat].name, (long long)entry->epoch);
        }
        mn_text_add(w->text, "]");
        if (!open) {
            write_forms(w, row);
        }
        mn_text_add(w->text, "}\n");
    }
}

static void write_place_names(const struct writer *w, const char *key, char name,
                              const struct draft_place *places, uint8_t count, bool unknown)
{
    struct order order = order_of(count, w->order);
    const char *glue = "";
    mn_text_add_format(w->text, "%s: [", key);
    for (uint8_t i = 0; i < count; i++) {
        const struct draft_place *place = &places[order.at[i]];
        if (unknown ? place->unknown : place->lost) {
            mn_text_add_format(w->text, "%s%c%u", glue, name, (unsigned)order.at[i]);
            glue = ", ";
        }
    }
    mn_text_add(w->text, "]");
}

static void write_vat_names(const struct writer *w, const char *key, size_t flag)
{
    struct order order = order_of(w->draft->vat_count, w->order);
    const char *glue = "";
    mn_text_add_format(w->text, "%s: [", key);
    for (uint8_t i = 0; i < w->draft->vat_count; i++) {
        const struct draft_vat *vat = &w->draft->vats[order.at[i]];
        if (*((const bool *)vat + flag)) {
            mn_text_add_format(w->text, "%s%s", glue, vat->name);
            glue = ", ";
        }
    }
    mn_text_add(w->text, "]");
}

static void write_lost_rows(const struct writer *w)
{
    const struct draft *draft = w->draft;
    struct order order = order_of(draft->checkpoint_count, w->order);
    const char *glue = "";
    mn_text_add(w->text, ", checkpoints: [");
    for (uint8_t i = 0; i < draft->checkpoint_count; i++) {
        const struct draft_row *row = &draft->checkpoints[order.at[i]];
        if (row->lost) {
            mn_text_add_format(w->text, "%s{vat: %s, epoch: %lld}", glue,
                               draft->vats[row->vat].name, (long long)row->epoch);
            glue = ", ";
        }
    }
    mn_text_add(w->text, "], copies: [");
    glue = "";
    for (uint8_t i = 0; i < draft->checkpoint_count; i++) {
        const struct draft_row *row = &draft->checkpoints[order.at[i]];
        for (uint8_t s = 0; s < draft->store_count; s++) {
            if ((row->lost_copies >> s & 1) != 0) {
                mn_text_add_format(w->text, "%s{vat: %s, epoch: %lld, store: s%u}", glue,
                                   draft->vats[row->vat].name, (long long)row->epoch, (unsigned)s);
                glue = ", ";
            }
        }
    }
    mn_text_add(w->text, "]}\n");
}

void draft_write(const struct draft *draft, struct mn_random *order, struct mn_text *text)
{
    struct writer w = {draft, order, text};
    mn_text_add(text, "evidence: 1\n");
    write_places(&w, "domains", 'd', 'd', draft->domains, draft->domain_count);
    write_places(&w, "hosts", 'h', 'd', draft->hosts, draft->host_count);
    write_places(&w, "stores", 's', 'h', draft->stores, draft->store_count);
    struct order vats = order_of(draft->vat_count, order);
    mn_text_add(text, "vats:\n");
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        write_vat(&w, &draft->vats[vats.at[v]]);
    }
    write_rows(&w, "checkpoints", draft->checkpoints, draft->checkpoint_count, false);
    write_rows(&w, "open", draft->open, draft->open_count, true);
    mn_text_add(text, "lost: {");
    write_place_names(&w, "domains", 'd', draft->domains, draft->domain_count, false);
    mn_text_add(text, ", ");
    write_place_names(&w, "hosts", 'h', draft->hosts, draft->host_count, false);
    mn_text_add(text, ", ");
    write_place_names(&w, "stores", 's', draft->stores, draft->store_count, false);
    mn_text_add(text, ", ");
    write_vat_names(&w, "vats", offsetof(struct draft_vat, lost));
    write_lost_rows(&w);
    mn_text_add(text, "unknown: {");
    write_vat_names(&w, "vats", offsetof(struct draft_vat, unknown));
    mn_text_add(text, ", ");
    write_place_names(&w, "stores", 's', draft->stores, draft->store_count, true);
    mn_text_add_format(text, "}\npolicy: {total_loss: %s, ",
                       draft->roll_back ? "roll_back" : "tell");
    write_vat_names(&w, "tell", offsetof(struct draft_vat, tell));
    mn_text_add(text, "}\n");
}

bool draft_valid(const struct draft *draft)
{
    struct mn_text text = {0};
    draft_write(draft, NULL, &text);
    struct evidence *evidence = NULL;
    bool valid = evidence_read(text.bytes, text.size, "draft", &evidence, NULL) == MN_OK;
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
    return valid;
}

struct evidence *draft_read(const struct draft *draft)
{
    struct mn_text text = {0};
    draft_write(draft, NULL, &text);
    struct evidence *evidence = NULL;
    mn_assert(evidence_read(text.bytes, text.size, "draft", &evidence, NULL) == MN_OK);
    mn_text_deinit(&text);
    return evidence;
}
