/* Which keepers there are, how far each keeps the journal, what is waited for, and who had one
 * replaced. */
#include <stdio.h>

#include "shell/answer.h"

enum {
    KEEPERS_TEXT_SIZE_MAX = 1024,
    CHANGES_RECORD_COUNT_MAX = 3 * ANSWER_STEP_COUNT_MAX /* a word takes as many at most */
};

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

/* Who comes for whom; "" when nobody does. */
static void keepers_pair(const struct answer_source *source, uint32_t count, const char **from,
                         const char **to)
{
    *from = "";
    *to = "";
    for (uint32_t i = 0; i < count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(source->keeping, i, &keeper);
        *from = keeper.now && !keeper.next ? keeper.name : *from;
        *to = !keeper.now ? keeper.name : *to;
    }
}

static const char keepers_give_up[] =
    "whoever is gone for good is given up with mneme recall --accept-unknown --reason TEXT";

/* What those that were asked have said of themselves. */
struct keepers_said {
    uint32_t answered;
    uint32_t knowing; /* whole, or returned */
};

static struct keepers_said keepers_said(const struct answer_source *source, uint32_t count)
{
    struct keepers_said said = {0, 0};
    for (uint32_t i = 0; i < count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(source->keeping, i, &keeper);
        bool knows = keeper.member == MN_MEMBER_WHOLE || keeper.member == MN_MEMBER_RETURNED;
        said.answered += keeper.answers ? 1 : 0;
        said.knowing += keeper.answers && knows ? 1 : 0;
    }
    return said;
}

/* No majority is whole. A new cluster's keepers are all blank, and all of them have to say so: one
 * that does not answer may be whole. */
static void keepers_ask(const struct answer_source *source, const struct keeping_facts *facts,
                        char *text, size_t size)
{
    struct keepers_said said = keepers_said(source, facts->keeper_count);
    uint32_t majority = keepers_majority(source, facts->keeper_count);
    const char *next = facts->next_needed > 0 ? ", and as many of those that are to be" : "";
    if (said.answered == facts->keeper_count && said.knowing == 0 && facts->newest > 0) {
        (void)snprintf(text, size,
                       "no keeper has kept anything, and this journal says that keepers had it: "
                       "they have lost it, and may have had more; restore what one of them kept, "
                       "or have it go on from this journal with mneme recall --accept-unknown "
                       "--reason TEXT");
    } else if (said.answered == facts->keeper_count && said.knowing == 0) {
        (void)snprintf(text, size,
                       "no keeper has kept anything, and this journal is empty, but there are "
                       "checkpoints: it was lost; restore a copy of it, or have it go on from "
                       "what the agents know with mneme recall --accept-unknown --reason TEXT");
    } else if (said.answered == facts->keeper_count) {
        (void)snprintf(text, size,
                       "too many keepers have lost what they kept: it begins when %u are whole%s; "
                       "restore their data, or have it go on with what the others know with "
                       "mneme recall --accept-unknown --reason TEXT",
                       majority, next);
    } else if (said.knowing == 0) {
        (void)snprintf(text, size,
                       "it begins when %u keepers that are whole have answered%s; those of a new "
                       "cluster never are, so there all %u have to answer; %s, and then replaced "
                       "with mneme keepers replace OLD NEW --reason TEXT",
                       majority, next, facts->keeper_count, keepers_give_up);
    } else {
        (void)snprintf(text, size, "it begins when %u keepers that are whole have answered%s; %s",
                       majority, next, keepers_give_up);
    }
}

/* It holds, and these may be had to answer, or be done without. */
static void keepers_hold(const struct answer_source *source, const struct keeping_facts *facts,
                         char *text, size_t size)
{
    const char *from = NULL;
    const char *to = NULL;
    bool joint = facts->next_needed > 0;
    keepers_pair(source, facts->keeper_count, &from, &to);
    if (facts->mute != NULL) {
        (void)snprintf(text, size,
                       "the agent of %s says that it keeps the journal, and does not hand it over: "
                       "its log says why; others that have as much are asked before it; where "
                       "nobody has, it is given up, with what it alone keeps, with mneme recall "
                       "--accept-unknown --reason TEXT",
                       facts->mute);
    } else if (facts->state == KEEPING_ASKING) {
        keepers_ask(source, facts, text, size);
    } else if (facts->state != KEEPING_LEADING) {
        (void)snprintf(text, size, "it takes over what the keepers have of the journal");
    } else if (!joint) {
        (void)snprintf(text, size, "nothing new is in force until %u keepers have it; %s",
                       facts->needed, keepers_give_up);
    } else {
        struct mn_error error;
        char back[2 * MN_NAME_SIZE_MAX + 128] = "";
        if (keeping_may_replace(source->keeping, to, from, &error) == MN_OK) {
            (void)snprintf(back, sizeof back,
                           "mneme keepers replace %s %s --reason TEXT takes the change back, and "
                           "needs only the former; ",
                           to, from);
        }
        (void)snprintf(text, size,
                       "nothing new is in force until %u keepers have it, and %u of those that are "
                       "to be; %s%s",
                       facts->needed, facts->next_needed, back, keepers_give_up);
    }
}

static void keepers_words(const struct answer_source *source, const struct keeping_facts *facts,
                          char *text, size_t size)
{
    text[0] = '\0';
    if (facts->shown_by != TOPOLOGY_NONE && facts->shown.sequence == 0) {
        (void)snprintf(
            text, size,
            "the agent of %s has heard of generation %llu from another coordinator: this "
            "journal is an old one; restore a newer one, or have it go on with mneme "
            "recall --accept-unknown --reason TEXT",
            source->topology->hosts[facts->shown_by].name,
            (unsigned long long)facts->shown.generation);
    } else if (facts->shown_by != TOPOLOGY_NONE) {
        (void)snprintf(text, size,
                       "the agent of %s was shown record %llu of generation %llu, which this "
                       "journal does not have: it is an old one; restore a newer one, or have it "
                       "go on with mneme recall --accept-unknown --reason TEXT",
                       source->topology->hosts[facts->shown_by].name,
                       (unsigned long long)facts->shown.sequence,
                       (unsigned long long)facts->shown.generation);
    } else if (facts->state == KEEPING_OVERTAKEN) {
        (void)snprintf(text, size, "another coordinator leads in a higher generation");
    } else if (facts->keeper_count == 0) {
        (void)snprintf(text, size, "there are no keepers: nobody else remembers the journal");
    } else if (facts->state == KEEPING_LEADING && facts->needed + facts->next_needed == 0) {
        (void)snprintf(text, size,
                       "all keepers were given up: nobody else remembers the journal until one is "
                       "whole again");
    } else if (facts->holds) {
        keepers_hold(source, facts, text, size);
    }
}

/* ---- who had one replaced -------------------------------------------------------------------- */

static bool names_have(const struct mn_name *names, uint32_t count, const struct mn_name *name)
{
    bool have = false;
    for (uint32_t i = 0; i < count; i++) {
        have = have || mn_name_equal(&names[i], name);
    }
    return have;
}

/* Whether both name the same keepers. */
static bool changes_stayed(const struct mn_journal_keepers *before,
                           const struct mn_journal_keepers *said)
{
    bool same = before != NULL;
    for (uint32_t i = 0; same && i < said->keeper_count; i++) {
        same = names_have(before->keepers, before->keeper_count, &said->keepers[i]);
    }
    return same;
}

static void changes_add(json_t *list, const struct mn_journal_keepers *said, uint64_t sequence,
                        const char *from, const char *to, const char *state)
{
    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:I}", "from", from, "to", to, "state",
                        state, "record", (json_int_t)sequence, "operator", said->operator_name.text,
                        "key", said->key, "reason", said->reason, "at", (json_int_t)said->at));
    if (json_array_size(list) > ANSWER_STEP_COUNT_MAX) {
        (void)json_array_remove(list, 0);
    }
}

/* What becomes of the word that was given last. */
static void changes_say(json_t *list, const char *state)
{
    size_t count = json_array_size(list);
    if (count > 0) {
        (void)json_object_set_new(json_array_get(list, count - 1), "state", json_string(state));
    }
}

/* The record @said follows @before, NULL for none: a word, or what became of the last one. */
static void changes_follow(json_t *list, const struct mn_journal_keepers *before,
                           const struct mn_journal_keepers *said, uint64_t sequence)
{
    const char *from = "";
    const char *to = "";
    for (uint32_t i = 0; i < said->next_count; i++) {
        bool stays = mn_name_equal(&said->keepers[i], &said->next[i]);
        from = stays ? from : said->keepers[i].text;
        to = stays ? to : said->next[i].text;
    }
    if (said->filling && before != NULL && before->filling) {
        changes_say(list, "overruled");
    }
    if (said->filling) {
        changes_add(list, said, sequence, from, to, "filling");
    } else if (said->next_count > 0) {
        changes_say(list, "joint");
    } else if (changes_stayed(before, said)) {
        json_t *last = json_array_get(list, json_array_size(list) - 1);
        const char *stays = json_string_value(json_object_get(last, "from"));
        const char *sent = json_string_value(json_object_get(last, "to"));
        changes_say(list, "taken_back");
        changes_add(list, said, sequence, sent, stays, "done");
    } else {
        changes_say(list, "done");
    }
}

/* The newest words of operators, the oldest of them first. */
static json_t *keepers_changes(const struct answer_source *source)
{
    json_t *list = json_array();
    const struct mn_journal_keepers *before = NULL;
    size_t count = keeping_change_count(source->keeping);
    size_t first = count > CHANGES_RECORD_COUNT_MAX ? count - CHANGES_RECORD_COUNT_MAX : 0;
    for (size_t i = first; i < count; i++) {
        uint64_t sequence = 0;
        const struct mn_journal_keepers *said = keeping_change(source->keeping, i, &sequence);
        changes_follow(list, before, said, sequence);
        before = said;
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
