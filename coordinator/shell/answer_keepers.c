/* Which keepers there are, how far each keeps the journal, and what is waited for. */
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

static void keepers_words(const struct answer_source *source, const struct keeping_facts *facts,
                          char *text, size_t size)
{
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
        (void)snprintf(text, size, "it begins when %u keepers that are whole have answered",
                       facts->keeper_count / 2 + 1);
    } else if (facts->holds) {
        (void)snprintf(text, size, "nothing new is in force until %u keepers have it",
                       facts->needed);
    }
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
            list, json_pack("{s:s, s:b, s:b, s:s, s:I}", "host",
                            source->topology->hosts[keeper.host].name, "answers",
                            keeper.answers ? 1 : 0, "counts", keeper.counts ? 1 : 0, "member",
                            keepers_member(keeper.member), "kept", (json_int_t)keeper.kept));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:o}", "state",
                     keeping_state_name(facts.state), "generation", (json_int_t)facts.generation,
                     "newest", (json_int_t)facts.newest, "in_force", (json_int_t)facts.in_force,
                     "needed", (json_int_t)facts.needed, "holds", facts.holds ? 1 : 0, "accepted",
                     facts.accepted ? 1 : 0, "text", text, "keepers", list);
}
