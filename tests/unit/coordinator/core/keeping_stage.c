/* See keeping_stage.h. */
#include "keeping_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY(digit) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" digit
#define HOST(digit)                                                                                \
    "  h" digit ": {in: r" digit ", agent: \"tcp://127.0.0.1:710" digit                            \
    "\", address: 127.0.0.1, key: \"" KEY(digit) "\"}\n"

static const char keeping_topology[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\",\n"
    "  key: \"" KEY("c") "\"}\n"
                         "domains: {r1: {}, r3: {}, r5: {}, r7: {}}\n"
                         "hosts:\n" HOST("1") HOST("3") HOST("5")
                             HOST("7") "  h8: {in: r3, agent: \"tcp://127.0.0.1:7108\", address: "
                                       "127.0.0.1, key: \"" KEY("8") "\"}\n"
                                                                     "keepers: [h1, h3, h5]\n";

static const uint64_t three[] = {1, 1, 2, 0};

static void add(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct stage *stage, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    stage->size +=
        (size_t)vsnprintf(stage->text + stage->size, TEXT_SIZE - stage->size, format, arguments);
    va_end(arguments);
    assert_true(stage->size < TEXT_SIZE);
}

static void add_down(struct stage *stage, const struct keeping_effect *effect)
{
    const struct mn_down *down = effect->send.message;
    add(stage, "h%u", effect->send.host * 2 + 1);
    if (down->kind == MN_DOWN_PROMISE) {
        add(stage, " promise %d\n", (int)down->generation);
    } else if (down->kind == MN_DOWN_RECALL) {
        add(stage, " recall %d after %d\n", (int)down->recall.sequence,
            (int)down->recall.after_generation);
    } else {
        add(stage, " keep #%d after %d of %d up to %d%s", (int)down->keep.number,
            (int)down->keep.after, (int)down->keep.after_generation, (int)effect->send.upto,
            down->keep.founding ? ", founding" : "");
        if (down->keep.whole_at > 0) {
            add(stage, ", whole at %d", (int)down->keep.whole_at);
        }
        add(stage, "\n");
    }
}

void stage_step(struct stage *stage, const struct keeping_event *event)
{
    keeping_step(stage->keeping, stage->now, event, &stage->effects);
    assert_int_equal(stage->effects.result, MN_OK);
    keeping_invariant(stage->keeping);
    for (size_t i = 0; i < stage->effects.count; i++) {
        const struct keeping_effect *effect = &stage->effects.items[i];
        switch (effect->kind) {
        case KEEPING_DO_SEND:
        case KEEPING_DO_KEEP:
            add_down(stage, effect);
            break;
        case KEEPING_DO_APPEND:
            add(stage, "append %d of %d\n", (int)effect->append.sequence,
                (int)effect->append.generation);
            break;
        case KEEPING_DO_SET_ASIDE:
            add(stage, "set aside from %d\n", (int)effect->sequence);
            break;
        case KEEPING_DO_LEAD:
            add(stage, "lead in %d%s\n", (int)effect->lead.generation,
                effect->lead.accepted != NULL ? ", accepted" : "");
            break;
        case KEEPING_DO_ACCEPTED:
            add(stage, "accepted without %u\n", effect->lead.accepted->absent_count);
            break;
        case KEEPING_DO_CHANGE:
            add(stage, "change");
            for (uint32_t k = 0; k < effect->change->keeper_count; k++) {
                add(stage, " %s", effect->change->keepers[k].text);
            }
            for (uint32_t k = 0; k < effect->change->next_count; k++) {
                const char *how = effect->change->filling ? " fills" : " to";
                add(stage, "%s %s", k == 0 ? how : "", effect->change->next[k].text);
            }
            add(stage, " by %s: %s\n", effect->change->operator_name.text, effect->change->reason);
            break;
        case KEEPING_DO_IN_FORCE:
            add(stage, "in force up to %d\n", (int)effect->sequence);
            break;
        case KEEPING_DO_OVERTAKEN:
            add(stage, "overtaken\n");
            break;
        case KEEPING_DO_NOTE:
            add(stage, "note %s\n", keeping_note_what(effect->note.note));
            break;
        }
    }
    keeping_effects_reset(&stage->effects);
}

void stage_expect(struct stage *stage, const char *lines, int line)
{
    if (strcmp(stage->text, lines) != 0) {
        print_error("line %d: expected\n%sbut there was\n%s", line, lines, stage->text);
        fail();
    }
    stage->size = 0;
    stage->text[0] = '\0';
}

void stage_pass_over(struct stage *stage)
{
    stage->size = 0;
    stage->text[0] = '\0';
}

/* With a journal of one record for each of @generations, which end with 0. */
void stage_load(struct stage *stage, const uint64_t *generations)
{
    memset(stage, 0, sizeof *stage);
    stage->now = MN_SECOND;
    struct mn_error error = {{0}};
    mn_result result =
        topology_read(keeping_topology, sizeof keeping_topology - 1, "t", &stage->topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    assert_int_equal(keeping_new(&stage->keeping, stage->topology, CANDIDATE), MN_OK);
    for (uint64_t i = 0; generations[i] != 0; i++) {
        struct keeping_event event = {.kind = KEEPING_ON_LOG};
        event.record.sequence = i + 1;
        event.record.generation = generations[i];
        event.record.kind = MN_JOURNAL_VAT;
        stage_step(stage, &event);
    }
}

void stage_begin(struct stage *stage)
{
    stage_step(stage, &(struct keeping_event){.kind = KEEPING_ON_BEGIN});
}

void stage_open_with(struct stage *stage, const uint64_t *generations)
{
    stage_load(stage, generations);
    stage_begin(stage);
}

void stage_close(struct stage *stage)
{
    keeping_destroy(&stage->keeping);
    keeping_effects_deinit(&stage->effects);
    topology_destroy(&stage->topology);
}

void stage_up(struct stage *stage, uint32_t host, struct mn_up *message)
{
    struct keeping_event event = {.kind = KEEPING_ON_UP};
    event.up.host = (host - 1) / 2;
    event.up.message = message;
    stage_step(stage, &event);
}

void stage_promised(struct stage *stage, uint32_t host, uint64_t generation, uint64_t sequence,
                    uint64_t of, enum mn_member member)
{
    struct mn_up message = {.generation = generation, .kind = MN_UP_PROMISED};
    message.promised.promised = generation;
    message.promised.candidate = CANDIDATE;
    message.promised.newest = (struct mn_head){.generation = of, .sequence = sequence};
    message.promised.member = member;
    stage_up(stage, host, &message);
}

void stage_kept(struct stage *stage, uint32_t host, uint64_t number, uint64_t sequence,
                enum mn_member member)
{
    struct mn_up message = {.kind = MN_UP_KEPT};
    message.kept.number = number;
    message.kept.matched = true;
    message.kept.sequence = sequence;
    message.kept.member = member;
    stage_up(stage, host, &message);
}

void stage_recorded(struct stage *stage, uint64_t sequence, uint64_t generation)
{
    struct keeping_event event = {.kind = KEEPING_ON_RECORDED};
    event.record.sequence = sequence;
    event.record.generation = generation;
    event.record.kind = MN_JOURNAL_VAT;
    stage_step(stage, &event);
}

enum { NEW_YEAR_2026 = 1767225600 }; /* seconds since 1970 */

void stage_accept(struct stage *stage)
{
    stage_accept_above(stage, 0);
}

void stage_accept_above(struct stage *stage, uint64_t base)
{
    struct mn_journal_recall recall = {.operator_name = mn_name_of("alice"),
                                       .reason = "gone",
                                       .at = (NEW_YEAR_2026 + (mn_time)base) * MN_SECOND};
    assert_int_equal(mn_base_at(recall.at), base);
    stage_step(stage, &(struct keeping_event){.kind = KEEPING_ON_ACCEPT, .accept = &recall});
}

void stage_tick_at(struct stage *stage, mn_time ms)
{
    stage->now = ms * MN_MS;
    stage_step(stage, &(struct keeping_event){.kind = KEEPING_ON_TICK});
}

/* It leads in generation 3, and the keepers h1 and h3 have all of the journal. */
void stage_open_leading(struct stage *stage)
{
    stage_open_with(stage, three);
    stage_promised(stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(stage, 3, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_pass_over(stage);
}

void stage_recalled(struct stage *stage, uint32_t host, uint64_t sequence, bool matched,
                    uint64_t newest, uint32_t count, uint64_t of)
{
    static const unsigned char bytes[1];
    struct mn_kept records[4];
    struct mn_up message = {.generation = 3, .kind = MN_UP_RECALLED};
    for (uint32_t i = 0; i < count; i++) {
        records[i] = (struct mn_kept){.sequence = sequence + i,
                                      .generation = of,
                                      .kind = MN_JOURNAL_VAT,
                                      .size = 1,
                                      .bytes = bytes,
                                      .byte_count = 1};
    }
    message.recalled.sequence = sequence;
    message.recalled.matched = matched;
    message.recalled.newest = newest;
    message.recalled.records = records;
    message.recalled.record_count = count;
    stage_up(stage, host, &message);
}

/* "135 to 137" is h1, h3 and h5, and then h7 for h5; "135 fills 137" that h7 is filled up. */
static void keepers_of(const char *words, struct mn_journal_keepers *out)
{
    *out = (struct mn_journal_keepers){
        .operator_name = mn_name_of("alice"), .key = "k", .reason = "it burned", .at = 77};
    for (const char *at = words; *at >= '0' && *at <= '9'; at++) {
        out->keepers[out->keeper_count++] = mn_name_of((const char[]){'h', *at, '\0'});
    }
    const char *next = strrchr(words, ' ');
    out->filling = strstr(words, " fills ") != NULL;
    for (const char *at = next != NULL ? next + 1 : ""; *at != '\0'; at++) {
        out->next[out->next_count++] = mn_name_of((const char[]){'h', *at, '\0'});
    }
}

void stage_keepers(struct stage *stage, enum keeping_event_kind kind, uint64_t sequence,
                   uint64_t generation, const char *words)
{
    struct mn_journal_record says = {.kind = MN_JOURNAL_KEEPERS};
    struct keeping_event event = {.kind = kind};
    keepers_of(words, &says.keepers);
    event.record.sequence = sequence;
    event.record.generation = generation;
    event.record.kind = MN_JOURNAL_KEEPERS;
    event.record.says = &says;
    stage_step(stage, &event);
}

void stage_generation(struct stage *stage, uint64_t sequence, uint64_t generation, bool kept)
{
    struct mn_journal_record says = {.kind = MN_JOURNAL_GENERATION};
    struct keeping_event event = {.kind = KEEPING_ON_LOG};
    says.generation.kept = kept;
    event.record.sequence = sequence;
    event.record.generation = generation;
    event.record.kind = MN_JOURNAL_GENERATION;
    event.record.says = &says;
    stage_step(stage, &event);
}

void stage_replace(struct stage *stage, const char *from, const char *to)
{
    struct mn_journal_keepers word;
    struct keeping_event event = {.kind = KEEPING_ON_REPLACE};
    keepers_of("", &word);
    event.replace.from = from;
    event.replace.to = to;
    event.replace.word = &word;
    stage_step(stage, &event);
}
