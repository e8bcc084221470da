/* Which keepers there are, how far each keeps the journal, what is waited for, and who had one
 * replaced. */
#include <stdio.h>

#include "shell/answer.h"

enum { KEEPERS_TEXT_SIZE_MAX = 512 };

static const char *keepers_member(enum mn_member member)
{
    switch (member) {
    case MN_MEMBER_BLANK:
        return "blank";
    case MN_MEMBER_FOUNDING:
        return "founding";
    case MN_MEMBER_WHOLE:
        return "whole";
    case MN_MEMBER_RETURNED:
        return "returned";
    }
    return "?";
}

/* So many keepers are a majority: of those that are, and of those that are to be. */
static uint32_t keepers_majority(const struct answer_source *source, uint32_t count)
{
    uint32_t now = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(source->keeping, i, &keeper);
        now += keeper.now ? 1 : 0;
    }
    return now / 2 + 1;
}

static void keepers_words(const struct answer_source *source, const struct keeping_facts *facts,
                          char *text, size_t size)
{
    bool joint = facts->next_needed > 0;
    text[0] = '\0';
    if (facts->shown_by != TOPOLOGY_NONE) {
        (void)snprintf(text, size,
                       "the agent of %s was shown record %llu of generation %llu, which this "
                       "journal does not have: it is an old one",
                       source->topology->hosts[facts->shown_by].name,
                       (unsigned long long)facts->shown.sequence,
                       (unsigned long long)facts->shown.generation);
    } else if (facts->state == KEEPING_OVERTAKEN) {
        (void)snprintf(text, size, "another coordinator leads in a higher generation");
    } else if (facts->keeper_count == 0) {
        (void)snprintf(text, size, "there are no keepers: nobody else remembers the journal");
    } else if (facts->holds && facts->state == KEEPING_ASKING) {
        (void)snprintf(text, size, "it begins when %u keepers that are whole have answered%s",
                       keepers_majority(source, facts->keeper_count),
                       joint ? ", and as many of those that are to be" : "");
    } else if (facts->holds) {
        (void)snprintf(text, size, "nothing new is in force until %u keepers have it%s",
                       facts->needed, joint ? ", and a majority of those that are to be" : "");
    }
}

/* Who was replaced by whom in the change whose first record is @said. */
static json_t *keepers_pair(const struct mn_journal_keepers *said, uint64_t sequence)
{
    const char *from = "";
    const char *to = "";
    for (uint32_t i = 0; i < said->keeper_count; i++) {
        if (!mn_name_equal(&said->keepers[i], &said->next[i])) {
            from = said->keepers[i].text;
            to = said->next[i].text;
        }
    }
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:I}", "from", from, "to", to, "record",
                     (json_int_t)sequence, "operator", said->operator_name.text, "key", said->key,
                     "reason", said->reason, "at", (json_int_t)said->at);
}

/* The newest changes, the oldest of them first. */
static json_t *keepers_changes(const struct answer_source *source)
{
    json_t *list = json_array();
    for (size_t i = keeping_change_count(source->keeping); i > 0; i--) {
        uint64_t sequence = 0;
        const struct mn_journal_keepers *said = keeping_change(source->keeping, i - 1, &sequence);
        if (said->next_count > 0 && json_array_size(list) < ANSWER_STEP_COUNT_MAX) {
            (void)json_array_insert_new(list, 0, keepers_pair(said, sequence));
        }
    }
    return list;
}

json_t *answer_keepers(const struct answer_source *source)
{
    char text[KEEPERS_TEXT_SIZE_MAX];
    struct keeping_facts facts;
    keeping_facts(source->keeping, &facts);
    keepers_words(source, &facts, text, sizeof text);
    json_t *list = json_array();
    for (uint32_t i = 0; i < facts.keeper_count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(source->keeping, i, &keeper);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:b, s:b, s:s, s:I, s:b, s:b}", "host", keeper.name, "answers",
                            keeper.answers ? 1 : 0, "counts", keeper.counts ? 1 : 0, "member",
                            keepers_member(keeper.member), "kept", (json_int_t)keeper.kept, "now",
                            keeper.now ? 1 : 0, "next", keeper.next ? 1 : 0));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:o, s:s, s:o}", "state",
                     keeping_state_name(facts.state), "generation", (json_int_t)facts.generation,
                     "newest", (json_int_t)facts.newest, "in_force", (json_int_t)facts.in_force,
                     "needed", (json_int_t)facts.needed, "holds", facts.holds ? 1 : 0, "accepted",
                     facts.accepted ? 1 : 0, "text", text, "keepers", list, "change",
                     keeping_change_state(source->keeping), "changes", keepers_changes(source));
}
