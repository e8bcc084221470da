/* Writing an evidence document, as one line of JSON or as YAML with one row a line. Both have the
 * same keys in the same order; what has its default is left out. */
#include "docs/evidence.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct evidence_writer {
    struct mn_text *text;
    const struct evidence *evidence;
    bool yaml;
    bool list;  /* of the section being written: a list, otherwise a map */
    bool empty; /* of the section or row being written: nothing stands in it yet */
};

/* Whether a name may stand in YAML without quotes, whoever reads it. */
static bool name_is_plain(const char *name)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n",  NULL};
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char later[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(name, words[i]) == 0) {
            return false;
        }
    }
    return strspn(name, first) > 0 && name[strspn(name, later)] == '\0';
}

static void write_name(struct evidence_writer *writer, const char *name)
{
    if (writer->yaml && name_is_plain(name)) {
        mn_text_add(writer->text, name);
    } else {
        mn_text_add_json(writer->text, name);
    }
}

/* Begin a section of the document. */
static void write_section(struct evidence_writer *writer, const char *key, bool list)
{
    mn_text_add(writer->text, writer->yaml ? "\n" : ", ");
    write_name(writer, key);
    mn_text_add(writer->text, writer->yaml ? ":" : list ? ": [" : ": {");
    writer->list = list;
    writer->empty = true;
}

static void write_section_end(struct evidence_writer *writer)
{
    if (!writer->yaml) {
        mn_text_add(writer->text, writer->list ? "]" : "}");
    } else if (writer->empty) {
        mn_text_add(writer->text, writer->list ? " []" : " {}");
    }
}

/* Begin a row of the section: an item of a list when @name is NULL. */
static void write_row(struct evidence_writer *writer, const char *name)
{
    if (writer->yaml) {
        mn_text_add(writer->text, name != NULL ? "\n  " : "\n  - ");
    } else if (!writer->empty) {
        mn_text_add(writer->text, ", ");
    }
    if (name != NULL) {
        write_name(writer, name);
        mn_text_add(writer->text, ": ");
    }
    mn_text_add(writer->text, "{");
    writer->empty = true;
}

static void write_row_end(struct evidence_writer *writer)
{
    mn_text_add(writer->text, "}");
    writer->empty = false;
}

/* Begin a value of a row, or an item of a list in one. */
static void write_key(struct evidence_writer *writer, const char *key)
{
    if (!writer->empty) {
        mn_text_add(writer->text, ", ");
    }
    writer->empty = false;
    if (key != NULL) {
        write_name(writer, key);
        mn_text_add(writer->text, ": ");
    }
}

static void write_number(struct evidence_writer *writer, const char *key, int64_t number)
{
    write_key(writer, key);
    mn_text_add_i64(writer->text, number);
}

static void write_word(struct evidence_writer *writer, const char *key, const char *word)
{
    write_key(writer, key);
    write_name(writer, word);
}

static void write_boolean(struct evidence_writer *writer, const char *key, bool value)
{
    write_key(writer, key);
    mn_text_add(writer->text, value ? "true" : "false");
}

/* Begin and end a list or map inside a row: @bracket is "[", "{", "]" or "}". */
static void write_open(struct evidence_writer *writer, const char *key, const char *bracket)
{
    write_key(writer, key);
    mn_text_add(writer->text, bracket);
    writer->empty = true;
}

static void write_close(struct evidence_writer *writer, const char *bracket)
{
    mn_text_add(writer->text, bracket);
    writer->empty = false;
}

static const char *vat_name(const struct evidence_writer *writer, uint32_t vat)
{
    return writer->evidence->vats[vat].name;
}

static void write_places(struct evidence_writer *writer)
{
    const struct evidence *evidence = writer->evidence;
    write_section(writer, "domains", false);
    for (size_t i = 0; i < evidence->domain_count; i++) {
        write_row(writer, evidence->domains[i].name);
        if (evidence->domains[i].in != EVIDENCE_NONE) {
            write_word(writer, "in", evidence->domains[evidence->domains[i].in].name);
        }
        write_row_end(writer);
    }
    write_section_end(writer);
    write_section(writer, "hosts", false);
    for (size_t i = 0; i < evidence->host_count; i++) {
        write_row(writer, evidence->hosts[i].name);
        if (evidence->hosts[i].in != EVIDENCE_NONE) {
            write_word(writer, "in", evidence->domains[evidence->hosts[i].in].name);
        }
        write_row_end(writer);
    }
    write_section_end(writer);
    write_section(writer, "stores", false);
    for (size_t i = 0; i < evidence->store_count; i++) {
        const struct evidence_store *store = &evidence->stores[i];
        write_row(writer, store->name);
        if (store->place == EVIDENCE_IN_HOST) {
            write_word(writer, "in", evidence->hosts[store->in].name);
        } else if (store->place == EVIDENCE_IN_DOMAIN) {
            write_word(writer, "in", evidence->domains[store->in].name);
        }
        write_row_end(writer);
    }
    write_section_end(writer);
}

static void write_lineage(struct evidence_writer *writer, const struct evidence_vat *vat)
{
    write_open(writer, "lineage", "[");
    for (size_t i = 0; i < vat->lineage_count; i++) {
        write_open(writer, NULL, "{");
        write_number(writer, "after", vat->lineage[i].after);
        write_number(writer, "next", vat->lineage[i].next);
        if (!vat->lineage[i].seen) {
            write_boolean(writer, "seen", false);
        }
        if (vat->lineage[i].told) {
            write_boolean(writer, "told", true);
        }
        write_close(writer, "}");
    }
    write_close(writer, "]");
}

static void write_vats(struct evidence_writer *writer)
{
    const struct evidence *evidence = writer->evidence;
    write_section(writer, "vats", false);
    for (size_t i = 0; i < evidence->vat_count; i++) {
        const struct evidence_vat *vat = &evidence->vats[i];
        write_row(writer, vat->name);
        if (vat->host != EVIDENCE_NONE) {
            write_word(writer, "host", evidence->hosts[vat->host].name);
        }
        if (vat->has_floor) {
            write_number(writer, "floor", vat->floor);
        }
        if (vat->limit != 1) {
            write_number(writer, "limit", vat->limit);
        }
        if (vat->lineage_count > 0) {
            write_lineage(writer, vat);
        }
        if (vat->on_peer_rollback == EVIDENCE_BE_TOLD) {
            write_word(writer, "on_peer_rollback", "be_told");
        }
        if (vat->sends == EVIDENCE_EARLY) {
            write_word(writer, "sends", "early");
        }
        write_row_end(writer);
    }
    write_section_end(writer);
}

static void write_heard(struct evidence_writer *writer, const struct evidence_heard *heard,
                        size_t count)
{
    if (count == 0) {
        return;
    }
    write_open(writer, "heard", "[");
    for (size_t i = 0; i < count; i++) {
        write_open(writer, NULL, "{");
        write_word(writer, "vat", vat_name(writer, heard[i].vat));
        write_number(writer, "epoch", heard[i].epoch);
        write_close(writer, "}");
    }
    write_close(writer, "]");
}

static void write_form(struct evidence_writer *writer, const struct evidence_form *form)
{
    write_word(writer, "kind", form->kind == EVIDENCE_FULL ? "full" : "diff");
    if (form->kind == EVIDENCE_DIFF) {
        write_number(writer, "onto", form->onto);
    }
    write_open(writer, "copies", "{");
    if (form->need != 1) {
        write_number(writer, "need", form->need);
    }
    write_open(writer, "at", "[");
    for (size_t i = 0; i < form->at_count; i++) {
        write_word(writer, NULL, writer->evidence->stores[form->at[i]].name);
    }
    write_close(writer, "]");
    write_close(writer, "}");
}

static void write_forms(struct evidence_writer *writer, const struct evidence_checkpoint *row)
{
    if (row->form_count == 1) {
        write_form(writer, &row->forms[0]);
        return;
    }
    write_open(writer, "forms", "[");
    for (size_t i = 0; i < row->form_count; i++) {
        write_open(writer, NULL, "{");
        write_form(writer, &row->forms[i]);
        write_close(writer, "}");
    }
    write_close(writer, "]");
}

static void write_intervals(struct evidence_writer *writer)
{
    const struct evidence *evidence = writer->evidence;
    write_section(writer, "checkpoints", true);
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &evidence->checkpoints[i];
        write_row(writer, NULL);
        write_word(writer, "vat", vat_name(writer, row->vat));
        write_number(writer, "epoch", row->epoch);
        if (row->has_since) {
            write_number(writer, "since", row->since);
        }
        if (!row->durable) {
            write_boolean(writer, "durable", false);
        }
        write_forms(writer, row);
        write_heard(writer, row->heard, row->heard_count);
        write_row_end(writer);
    }
    write_section_end(writer);
    write_section(writer, "open", true);
    for (size_t i = 0; i < evidence->open_count; i++) {
        const struct evidence_open *row = &evidence->open[i];
        write_row(writer, NULL);
        write_word(writer, "vat", vat_name(writer, row->vat));
        write_number(writer, "epoch", row->epoch);
        if (row->has_since) {
            write_number(writer, "since", row->since);
        }
        write_heard(writer, row->heard, row->heard_count);
        write_row_end(writer);
    }
    write_section_end(writer);
}

/* One list of names in a row; left out when it is empty. @table is the first row of what the
 * indices point into, @stride the size of one; each begins with its name. */
static void write_names(struct evidence_writer *writer, const char *key,
                        const struct evidence_names *names, const void *table, size_t stride)
{
    if (names->count == 0) {
        return;
    }
    write_open(writer, key, "[");
    for (size_t i = 0; i < names->count; i++) {
        const char *name = NULL;
        memcpy(&name, (const char *)table + names->index[i] * stride, sizeof name);
        write_word(writer, NULL, name);
    }
    write_close(writer, "]");
}

_Static_assert(offsetof(struct evidence_domain, name) == 0, "write_names reads names there");
_Static_assert(offsetof(struct evidence_host, name) == 0, "write_names reads names there");
_Static_assert(offsetof(struct evidence_store, name) == 0, "write_names reads names there");
_Static_assert(offsetof(struct evidence_vat, name) == 0, "write_names reads names there");

static void write_lost_rows(struct evidence_writer *writer, const struct evidence_lost *lost)
{
    if (lost->checkpoint_count > 0) {
        write_open(writer, "checkpoints", "[");
        for (size_t i = 0; i < lost->checkpoint_count; i++) {
            write_open(writer, NULL, "{");
            write_word(writer, "vat", vat_name(writer, lost->checkpoints[i].vat));
            write_number(writer, "epoch", lost->checkpoints[i].epoch);
            write_close(writer, "}");
        }
        write_close(writer, "]");
    }
    if (lost->copy_count > 0) {
        write_open(writer, "copies", "[");
        for (size_t i = 0; i < lost->copy_count; i++) {
            write_open(writer, NULL, "{");
            write_word(writer, "vat", vat_name(writer, lost->copies[i].vat));
            write_number(writer, "epoch", lost->copies[i].epoch);
            write_word(writer, "store", writer->evidence->stores[lost->copies[i].store].name);
            write_close(writer, "}");
        }
        write_close(writer, "]");
    }
}

/* A part of the document that is one map in one line. */
static void write_line(struct evidence_writer *writer, const char *key)
{
    mn_text_add(writer->text, writer->yaml ? "\n" : ", ");
    write_name(writer, key);
    mn_text_add(writer->text, ": {");
    writer->empty = true;
}

static void write_rest(struct evidence_writer *writer)
{
    const struct evidence *e = writer->evidence;
    write_line(writer, "lost");
    write_names(writer, "domains", &e->lost.domains, e->domains, sizeof *e->domains);
    write_names(writer, "hosts", &e->lost.hosts, e->hosts, sizeof *e->hosts);
    write_names(writer, "stores", &e->lost.stores, e->stores, sizeof *e->stores);
    write_names(writer, "vats", &e->lost.vats, e->vats, sizeof *e->vats);
    write_lost_rows(writer, &e->lost);
    write_row_end(writer);
    write_line(writer, "unknown");
    write_names(writer, "vats", &e->unknown.vats, e->vats, sizeof *e->vats);
    write_names(writer, "stores", &e->unknown.stores, e->stores, sizeof *e->stores);
    write_row_end(writer);
    write_line(writer, "policy");
    bool tell = e->policy.total_loss == EVIDENCE_TOTAL_LOSS_TELL;
    write_word(writer, "total_loss", tell ? "tell" : "roll_back");
    write_names(writer, "tell", &e->policy.tell, e->vats, sizeof *e->vats);
    write_row_end(writer);
}

static mn_result evidence_write(const struct evidence *evidence, struct mn_text *text, bool yaml)
{
    struct evidence_writer writer = {.text = text, .evidence = evidence, .yaml = yaml};
    mn_text_add(text, yaml ? "evidence: 1" : "{\"evidence\": 1");
    write_places(&writer);
    write_vats(&writer);
    write_intervals(&writer);
    write_rest(&writer);
    mn_text_add(text, yaml ? "\n" : "}\n");
    return mn_text_result(text);
}

mn_result evidence_write_json(const struct evidence *evidence, struct mn_text *text)
{
    return evidence_write(evidence, text, false);
}

mn_result evidence_write_yaml(const struct evidence *evidence, struct mn_text *text)
{
    return evidence_write(evidence, text, true);
}
