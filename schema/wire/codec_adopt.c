/* The messages by which a disk that was found is adopted. */
#include "codec_adopt.h"

const char *mn_passed_name(enum mn_passed_why why)
{
    static const char *const names[] = {"damaged", "foreign",   "unreadable",
                                        "full",    "unwritten", "dead"};
    return names[why];
}

Mneme__Adopt *codec_adopt_out(struct codec *codec, const struct mn_adopt *adopt)
{
    Mneme__Adopt *out = codec_take(codec, 1, sizeof *out);
    Mneme__Lineage *lineage = codec_lineage_out(codec, &adopt->lineage);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__adopt__init(out);
    out->number = adopt->number;
    out->vat = codec_text(adopt->vat.text);
    out->store = codec_text(adopt->store);
    out->lineage = lineage;
    return out;
}

Mneme__Adopted *codec_adopted_out(struct codec *codec, const struct mn_adopted *adopted)
{
    uint32_t count = adopted->passed_count;
    Mneme__Adopted *out = codec_take(codec, 1, sizeof *out);
    int64_t *passed = codec_take(codec, count, sizeof *passed);
    uint32_t *why = codec_take(codec, count, sizeof *why);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        passed[i] = adopted->passed[i].epoch;
        why[i] = (uint32_t)adopted->passed[i].why;
    }
    mneme__adopted__init(out);
    out->number = adopted->number;
    out->vat = codec_text(adopted->vat.text);
    out->over = adopted->over ? 1 : 0;
    out->code = (uint32_t)-adopted->code;
    out->text = codec_text(adopted->text);
    out->found = adopted->found;
    out->done = adopted->done;
    out->taken = adopted->taken;
    out->held = adopted->held;
    out->through = adopted->through;
    out->passed = passed;
    out->why = why;
    out->n_passed = out->n_why = count;
    out->passed_count = adopted->passed_in_all;
    return out;
}

void codec_adopt_in(struct codec *codec, const Mneme__Adopt *in, struct mn_adopt *out)
{
    out->number = in->number;
    codec_name_in(codec, in->vat, &out->vat);
    codec_lineage_in(codec, in->lineage, &out->lineage);
    out->store = codec_store_in(codec, in->store);
}

void codec_adopted_in(struct codec *codec, const Mneme__Adopted *in, struct mn_adopted *out)
{
    out->number = in->number;
    codec_name_in(codec, in->vat, &out->vat);
    out->over = in->over != 0;
    out->code = codec_code_in(in->code);
    codec_text_in(codec, in->text, out->text, sizeof out->text);
    out->found = in->found;
    out->done = in->done;
    out->taken = in->taken;
    out->held = in->held;
    out->through = codec_epoch_in(codec, in->through, 0);
    out->passed_in_all = in->passed_count;
    out->passed_count = codec_count_in(codec, in->n_passed, MN_PASSED_COUNT_MAX);
    (void)codec_check(codec, in->n_why == in->n_passed && out->passed_count <= in->passed_count);
    struct mn_passed *passed = codec_take(codec, out->passed_count, sizeof *passed);
    for (uint32_t i = 0; passed != NULL && i < out->passed_count; i++) {
        passed[i].epoch = codec_epoch_in(codec, in->passed[i], 0);
        passed[i].why = (enum mn_passed_why)codec_enum_in(codec, in->why[i], MN_PASSED_DEAD);
    }
    out->passed = passed;
}
