/* Tables that several families carry: names, heard entries, lineages, notices, starts. */
#include "codec.h"

#include "base/check.h"

char **codec_names_out(struct codec *codec, const struct mn_name *names, uint32_t count)
{
    char **texts = codec_take(codec, count, sizeof *texts);
    for (uint32_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = codec_text(names[i].text);
    }
    return texts;
}

void codec_vat_runs_out(struct codec *codec, const struct mn_vat_run *from, uint32_t count,
                        char ***vats, uint32_t **runs)
{
    *vats = codec_take(codec, count, sizeof **vats);
    *runs = codec_take(codec, count, sizeof **runs);
    for (uint32_t i = 0; *vats != NULL && *runs != NULL && i < count; i++) {
        (*vats)[i] = codec_text(from[i].vat.text);
        (*runs)[i] = from[i].run;
    }
}

const struct mn_name *codec_names_in(struct codec *codec, size_t count, char **texts,
                                     uint32_t *out_count)
{
    uint32_t bounded = codec_row_count_in(codec, count);
    struct mn_name *names = codec_take_unset(codec, bounded, sizeof *names);
    for (uint32_t i = 0; names != NULL && i < bounded; i++) {
        codec_name_in(codec, texts[i], &names[i]);
    }
    *out_count = bounded;
    return names;
}

/* Numbers of neighbours lie close together, so that what lies between them is short. Of differences
 * that do not fit, what overflows is no loss: they are taken modulo 2^32, as they are put together.
 */
static uint32_t zigzag(uint32_t from, uint32_t to)
{
    uint32_t step = to - from;
    return step << 1 ^ (0 - (step >> 31));
}

static uint32_t zigzag_back(uint32_t from, uint32_t folded)
{
    return from + (folded >> 1 ^ (0 - (folded & 1)));
}

struct codec_vats codec_vats_out(struct codec *codec, const struct mn_vat_table *vats)
{
    struct codec_vats out = {.known = codec_known_out(codec, vats->known, vats->known_count)};
    if (vats->numbering == 0) {
        out.names = codec_names_out(codec, vats->names, vats->count);
        out.name_count = vats->count;
        return out;
    }
    Mneme__Numbers *numbers = codec_take(codec, 1, sizeof *numbers);
    uint32_t *steps = codec_take_unset(codec, vats->count, sizeof *steps);
    if (numbers == NULL || steps == NULL) {
        return out;
    }
    uint32_t before = 0;
    for (uint32_t i = 0; i < vats->count; i++) {
        steps[i] = zigzag(before, vats->numbers[i]);
        before = vats->numbers[i];
    }
    mneme__numbers__init(numbers);
    numbers->numbering = vats->numbering;
    numbers->vat = steps;
    numbers->n_vat = vats->count;
    out.numbers = numbers;
    return out;
}

static void numbers_in(struct codec *codec, size_t name_count, const Mneme__Numbers *in,
                       struct mn_vat_table *out)
{
    (void)codec_check(codec, in->numbering != 0 && name_count == 0);
    out->numbering = in->numbering;
    out->count = codec_row_count_in(codec, in->n_vat);
    uint32_t *numbers = codec_take_unset(codec, out->count, sizeof *numbers);
    uint32_t before = 0;
    for (uint32_t i = 0; numbers != NULL && i < out->count; i++) {
        before = zigzag_back(before, in->vat[i]);
        numbers[i] = before;
    }
    out->numbers = numbers;
}

void codec_vats_in(struct codec *codec, size_t name_count, char **names,
                   const Mneme__Numbers *numbers, const Mneme__Known *known,
                   struct mn_vat_table *out)
{
    *out = (struct mn_vat_table){0};
    if (numbers == NULL) {
        out->names = codec_names_in(codec, name_count, names, &out->count);
    } else {
        numbers_in(codec, name_count, numbers, out);
    }
    out->known = codec_known_in(codec, known, out->count, &out->known_count);
    for (uint32_t i = 1; codec->result == MN_OK && i < out->known_count; i++) {
        const struct mn_known *before = &out->known[i - 1];
        const struct mn_known *next = &out->known[i];
        (void)codec_check(codec, before->vat != next->vat
                                     ? before->vat < next->vat
                                     : before->incarnation < next->incarnation);
    }
}

Mneme__Heard *codec_heard_out(struct codec *codec, const struct mn_heard *heard, uint32_t count)
{
    Mneme__Heard *out = codec_take(codec, 1, sizeof *out);
    uint32_t *peers = codec_take_unset(codec, count, sizeof *peers);
    int64_t *epochs = codec_take_unset(codec, count, sizeof *epochs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        peers[i] = heard[i].peer;
        epochs[i] = heard[i].epoch;
    }
    mneme__heard__init(out);
    out->peer = peers;
    out->n_peer = count;
    out->epoch = epochs;
    out->n_epoch = count;
    return out;
}

const struct mn_heard *codec_heard_in(struct codec *codec, const Mneme__Heard *in,
                                      uint32_t name_count, uint32_t *out_count)
{
    *out_count = 0;
    if (in == NULL) {
        return codec_take(codec, 0, sizeof(struct mn_heard));
    }
    (void)codec_check(codec, in->n_peer == in->n_epoch);
    *out_count = codec_count_in(codec, in->n_peer, MN_BATCH_HEARD_COUNT_MAX);
    struct mn_heard *heard = codec_take(codec, *out_count, sizeof *heard);
    for (uint32_t i = 0; heard != NULL && i < *out_count; i++) {
        heard[i].peer = codec_index_in(codec, in->peer[i], name_count);
        heard[i].epoch = codec_epoch_in(codec, in->epoch[i], 1);
    }
    return heard;
}

void codec_heard_bounds_in(struct codec *codec, uint32_t peers, uint32_t heard, uint32_t before)
{
    (void)codec_count_in(codec, peers, MN_HEARD_PEER_COUNT_MAX);
    (void)codec_count_in(codec, heard, MN_HEARD_COUNT_MAX);
    (void)codec_check(codec, before <= heard);
}

Mneme__Lineage *codec_lineage_out(struct codec *codec, const struct mn_lineage *lineage)
{
    uint32_t count = lineage->count;
    Mneme__Lineage *out = codec_take(codec, 1, sizeof *out);
    int64_t *after = codec_take(codec, count, sizeof *after);
    int64_t *next = codec_take(codec, count, sizeof *next);
    protobuf_c_boolean *seen = codec_take(codec, count, sizeof *seen);
    protobuf_c_boolean *told = codec_take(codec, count, sizeof *told);
    uint64_t *round = codec_take(codec, count, sizeof *round);
    bool rounds = false;
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        after[i] = lineage->forks[i].after;
        next[i] = lineage->forks[i].next;
        seen[i] = lineage->forks[i].seen;
        told[i] = lineage->forks[i].told;
        round[i] = lineage->forks[i].round;
        rounds = rounds || round[i] != 0;
    }
    mneme__lineage__init(out);
    out->after = after;
    out->next = next;
    out->seen = seen;
    out->told = told;
    out->round = round;
    out->n_after = out->n_next = out->n_seen = out->n_told = count;
    out->n_round = rounds ? count : 0;
    return out;
}

bool codec_lineage_even(const Mneme__Lineage *in)
{
    size_t count = in->n_after;
    return in->n_next == count && in->n_seen == count && in->n_told == count &&
           (in->n_round == count || in->n_round == 0);
}

void codec_lineage_in(struct codec *codec, const Mneme__Lineage *in, struct mn_lineage *out)
{
    *out = (struct mn_lineage){0};
    if (in == NULL || !codec_check(codec, codec_lineage_even(in))) {
        return;
    }
    out->count = codec_count_in(codec, in->n_after, MN_LINEAGE_COUNT_MAX);
    for (uint32_t i = 0; i < out->count; i++) {
        mn_epoch before = i > 0 ? out->forks[i - 1].next : 0;
        out->forks[i].after = codec_epoch_in(codec, in->after[i], 0);
        out->forks[i].next = codec_epoch_in(codec, in->next[i], mn_epoch_first(1));
        out->forks[i].seen = in->seen[i] != 0;
        out->forks[i].told = in->told[i] != 0;
        out->forks[i].round = in->n_round > 0 ? in->round[i] : 0;
        (void)codec_check(codec, in->next[i] > in->after[i] && in->next[i] > before);
    }
}

Mneme__Lineage *codec_fork_out(struct codec *codec, const struct mn_fork *fork)
{
    struct mn_lineage lineage = {.count = 1, .forks = {*fork}};
    return fork->next != 0 ? codec_lineage_out(codec, &lineage) : NULL;
}

void codec_fork_in(struct codec *codec, const Mneme__Lineage *in, uint32_t incarnation,
                   struct mn_fork *out)
{
    struct mn_lineage lineage;
    codec_lineage_in(codec, in, &lineage);
    *out = lineage.forks[0];
    (void)codec_check(codec, in == NULL || (lineage.count == 1 && out->seen && incarnation > 1 &&
                                            incarnation <= mn_epoch_run(out->next)));
}

Mneme__Bases *codec_bases_out(struct codec *codec, const struct mn_bases *bases)
{
    uint32_t count = bases->count;
    if (count == 0) {
        return NULL;
    }
    Mneme__Bases *out = codec_take(codec, 1, sizeof *out);
    uint32_t *incarnations = codec_take(codec, count, sizeof *incarnations);
    uint64_t *numbers = codec_take(codec, count, sizeof *numbers);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        incarnations[i] = bases->items[i].incarnation;
        numbers[i] = bases->items[i].number;
    }
    mneme__bases__init(out);
    out->incarnation = incarnations;
    out->number = numbers;
    out->n_incarnation = out->n_number = count;
    return out;
}

void codec_bases_in(struct codec *codec, const Mneme__Bases *in, uint64_t next,
                    struct mn_bases *out)
{
    *out = (struct mn_bases){0};
    if (in == NULL || !codec_check(codec, in->n_incarnation == in->n_number)) {
        return;
    }
    uint32_t count = codec_count_in(codec, in->n_number, MN_BASE_COUNT_MAX);
    struct mn_base before = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct mn_base base = {.incarnation = in->incarnation[i], .number = in->number[i]};
        (void)codec_check(codec, base.incarnation > before.incarnation &&
                                     base.number > before.number && base.number <= next);
        out->items[i] = base;
        before = base;
    }
    out->count = count;
}

Mneme__Gaps *codec_gaps_out(struct codec *codec, const struct mn_gaps *gaps)
{
    uint32_t count = gaps->count;
    if (count == 0) {
        return NULL;
    }
    Mneme__Gaps *out = codec_take(codec, 1, sizeof *out);
    uint32_t *incarnations = codec_take(codec, count, sizeof *incarnations);
    uint64_t *firsts = codec_take(codec, count, sizeof *firsts);
    uint64_t *lasts = codec_take(codec, count, sizeof *lasts);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        incarnations[i] = gaps->items[i].incarnation;
        firsts[i] = gaps->items[i].first;
        lasts[i] = gaps->items[i].last;
    }
    mneme__gaps__init(out);
    out->incarnation = incarnations;
    out->first = firsts;
    out->last = lasts;
    out->n_incarnation = out->n_first = out->n_last = count;
    return out;
}

void codec_gaps_in(struct codec *codec, const Mneme__Gaps *in, uint64_t taken, struct mn_gaps *out)
{
    *out = (struct mn_gaps){0};
    if (in == NULL ||
        !codec_check(codec, in->n_incarnation == in->n_first && in->n_incarnation == in->n_last)) {
        return;
    }
    uint32_t count = codec_count_in(codec, in->n_first, MN_GAP_COUNT_MAX);
    uint64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct mn_gap gap = {
            .incarnation = in->incarnation[i], .first = in->first[i], .last = in->last[i]};
        (void)codec_check(codec, gap.first > before && gap.last >= gap.first && gap.last <= taken);
        out->items[i] = gap;
        before = gap.last;
    }
    out->count = count;
}

static void notice_out(const struct mn_notice *notice, Mneme__Notice *out)
{
    mneme__notice__init(out);
    out->peer = codec_text(notice->peer.text);
    out->incarnation = notice->incarnation;
    out->kept = notice->kept;
    out->you_heard_first = notice->you_heard.first;
    out->you_heard_last = notice->you_heard.last;
    out->forgot_you_first = notice->forgot_you.first;
    out->forgot_you_last = notice->forgot_you.last;
    out->reset = notice->reset;
}

Mneme__Notice **codec_notices_out(struct codec *codec, const struct mn_notice *notices,
                                  uint32_t count)
{
    Mneme__Notice **out = codec_take_unset(codec, count, sizeof *out);
    Mneme__Notice *rows = codec_take_unset(codec, count, sizeof *rows);
    for (uint32_t i = 0; codec->result == MN_OK && i < count; i++) {
        notice_out(&notices[i], &rows[i]);
        out[i] = &rows[i];
    }
    return out;
}

/* The slices of the told vats, one after the other, wherever they stand. */
static Mneme__Notice **told_out(struct codec *codec, const struct mn_decision_notice *decision)
{
    uint32_t count = decision->notice_count;
    Mneme__Notice **out = codec_take_unset(codec, count, sizeof *out);
    Mneme__Notice *rows = codec_take_unset(codec, count, sizeof *rows);
    uint32_t at = 0;
    for (uint32_t i = 0; codec->result == MN_OK && i < decision->told_count; i++) {
        const struct mn_told *told = &decision->told[i];
        mn_assert(told->notice_count <= count - at);
        for (uint32_t k = 0; k < told->notice_count; k++, at++) {
            notice_out(&decision->notices[told->notice_first + k], &rows[at]);
            out[at] = &rows[at];
        }
    }
    mn_assert(codec->result != MN_OK || at == count);
    return out;
}

static struct mn_epoch_range range_in(struct codec *codec, int64_t first, int64_t last)
{
    struct mn_epoch_range range = {.first = codec_epoch_in(codec, first, 0),
                                   .last = codec_epoch_in(codec, last, 0)};
    (void)codec_check(codec, first <= last && (first > 0 || last == 0));
    return range;
}

const struct mn_notice *codec_notices_in(struct codec *codec, size_t count,
                                         Mneme__Notice *const *notices, uint32_t *out_count)
{
    *out_count = codec_row_count_in(codec, count);
    struct mn_notice *out = codec_take(codec, *out_count, sizeof *out);
    for (uint32_t i = 0; out != NULL && i < *out_count; i++) {
        const Mneme__Notice *in = notices[i];
        codec_name_in(codec, in->peer, &out[i].peer);
        out[i].incarnation = in->incarnation;
        out[i].kept = codec_epoch_in(codec, in->kept, 0);
        out[i].you_heard = range_in(codec, in->you_heard_first, in->you_heard_last);
        out[i].forgot_you = range_in(codec, in->forgot_you_first, in->forgot_you_last);
        out[i].reset = in->reset != 0;
    }
    return out;
}

Mneme__Decision *codec_decision_out(struct codec *codec, const struct mn_decision_notice *decision)
{
    uint32_t count = decision->told_count;
    Mneme__Decision *out = codec_take(codec, 1, sizeof *out);
    char **vats = codec_take(codec, count, sizeof *vats);
    uint32_t *counts = codec_take(codec, count, sizeof *counts);
    char **owed_vats = codec_take(codec, decision->owed_count, sizeof *owed_vats);
    uint64_t *owed_rounds = codec_take(codec, decision->owed_count, sizeof *owed_rounds);
    uint32_t *owed_runs = codec_take(codec, decision->owed_count, sizeof *owed_runs);
    Mneme__Notice **notices = told_out(codec, decision);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        vats[i] = codec_text(decision->told[i].vat.text);
        counts[i] = decision->told[i].notice_count;
    }
    for (uint32_t i = 0; i < decision->owed_count; i++) {
        owed_vats[i] = codec_text(decision->owed[i].vat.text);
        owed_rounds[i] = decision->owed[i].round;
        owed_runs[i] = decision->owed[i].run;
    }
    mneme__decision__init(out);
    out->round = decision->round;
    out->vats = vats;
    out->n_vats = count;
    out->notice_count = counts;
    out->n_notice_count = count;
    out->notices = notices;
    out->n_notices = decision->notice_count;
    out->owed_vats = owed_vats;
    out->owed_rounds = owed_rounds;
    out->owed_runs = owed_runs;
    out->n_owed_vats = out->n_owed_rounds = out->n_owed_runs = decision->owed_count;
    return out;
}

static void owed_in(struct codec *codec, const Mneme__Decision *in, struct mn_decision_notice *out)
{
    bool runs = in->n_owed_runs > 0;
    (void)codec_check(codec, in->n_owed_vats == in->n_owed_rounds &&
                                 (!runs || in->n_owed_runs == in->n_owed_vats));
    out->owed_count = codec_row_count_in(codec, in->n_owed_vats);
    struct mn_owed *owed = codec_take(codec, out->owed_count, sizeof *owed);
    for (uint32_t i = 0; owed != NULL && i < out->owed_count; i++) {
        codec_name_in(codec, in->owed_vats[i], &owed[i].vat);
        owed[i].round = in->owed_rounds[i];
        owed[i].run = runs ? in->owed_runs[i] : 0;
        (void)codec_check(codec, owed[i].round < in->round);
    }
    out->owed = owed;
}

void codec_decision_in(struct codec *codec, const Mneme__Decision *in,
                       struct mn_decision_notice *out)
{
    uint32_t at = 0;
    if (in == NULL) {
        codec_fail(codec, MN_BAD_INPUT);
        return;
    }
    (void)codec_check(codec, in->n_vats == in->n_notice_count);
    out->round = in->round;
    out->notices = codec_notices_in(codec, in->n_notices, in->notices, &out->notice_count);
    out->told_count = codec_row_count_in(codec, in->n_vats);
    struct mn_told *told = codec_take(codec, out->told_count, sizeof *told);
    for (uint32_t i = 0; told != NULL && i < out->told_count; i++) {
        codec_name_in(codec, in->vats[i], &told[i].vat);
        told[i].notice_count = in->notice_count[i];
        codec_slice_in(codec, in->notice_count[i], out->notice_count, &at, &told[i].notice_first);
    }
    (void)codec_check(codec, at == out->notice_count);
    out->told = told;
    owed_in(codec, in, out);
}

Mneme__Start *codec_start_out(struct codec *codec, const struct mn_start *start)
{
    Mneme__Start *out = codec_take(codec, 1, sizeof *out);
    int64_t *chain = codec_take(codec, start->chain_count, sizeof *chain);
    char **holders = codec_take(codec, start->chain_count, sizeof *holders);
    Mneme__Lineage *lineage = codec_lineage_out(codec, &start->lineage);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < start->chain_count; i++) {
        chain[i] = start->chain[i].epoch;
        holders[i] = codec_text(start->chain[i].holder.text);
    }
    mneme__start__init(out);
    out->round = start->round;
    out->vat = codec_text(start->vat.text);
    out->run = start->run;
    out->incarnation = start->incarnation;
    out->keep = start->keep;
    out->lineage = lineage;
    out->outcome = (uint32_t)start->outcome;
    out->told_round = start->told_round;
    out->disk = start->disk;
    out->chain = chain;
    out->n_chain = start->chain_count;
    out->holders = holders;
    out->n_holders = start->chain_count;
    return out;
}

void codec_start_in(struct codec *codec, const Mneme__Start *in, struct mn_start *out)
{
    if (in == NULL) {
        codec_fail(codec, MN_BAD_INPUT);
        return;
    }
    (void)codec_check(codec, in->n_chain == in->n_holders);
    out->round = in->round;
    codec_name_in(codec, in->vat, &out->vat);
    out->run = codec_run_in(codec, in->run);
    out->incarnation = in->incarnation;
    out->keep = codec_epoch_in(codec, in->keep, 0);
    out->told_round = in->told_round;
    out->disk = in->disk;
    out->outcome = (enum mn_outcome)codec_enum_in(codec, in->outcome, MN_RESET);
    codec_lineage_in(codec, in->lineage, &out->lineage);
    out->chain_count = codec_count_in(codec, in->n_chain, MN_CHAIN_COUNT_MAX);
    struct mn_link *chain = codec_take(codec, out->chain_count, sizeof *chain);
    for (uint32_t i = 0; chain != NULL && i < out->chain_count; i++) {
        chain[i].epoch = codec_epoch_in(codec, in->chain[i], 1);
        codec_name_in(codec, in->holders[i], &chain[i].holder);
        (void)codec_check(codec, i == 0 || chain[i - 1].epoch < chain[i].epoch);
    }
    out->chain = chain;
}

const struct mn_vat_run *codec_vat_runs_in(struct codec *codec, size_t vat_count, char **vats,
                                           size_t run_count, const uint32_t *runs,
                                           uint32_t *out_count)
{
    (void)codec_check(codec, vat_count == run_count);
    *out_count = codec_row_count_in(codec, vat_count);
    struct mn_vat_run *out = codec_take(codec, *out_count, sizeof *out);
    for (uint32_t i = 0; out != NULL && i < *out_count; i++) {
        codec_name_in(codec, vats[i], &out[i].vat);
        out[i].run = codec_run_in(codec, runs[i]);
    }
    return out;
}
