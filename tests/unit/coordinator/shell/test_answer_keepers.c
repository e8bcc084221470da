/* What operators are told of the keepers: what is waited for, what can be done, and who said what
 * of them. h7 comes for h5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "coordinator/core/keeping_stage.h"
#include "shell/answer.h"

static const uint64_t three[] = {1, 1, 2, 0};

static json_t *ask(const struct stage *stage)
{
    const struct answer_source source = {.topology = stage->topology, .keeping = stage->keeping};
    json_t *facts = answer_keepers(&source);
    assert_non_null(facts);
    return facts;
}

static void says(const struct stage *stage, const char *text)
{
    json_t *facts = ask(stage);
    assert_string_equal(json_string_value(json_object_get(facts, "text")), text);
    json_decref(facts);
}

/* h1 and h5 answer; h3 and h7 do not. */
static void says_what_is_waited_for_where_one_is_being_replaced(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 to 137");
    stage_begin(&stage);
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    says(&stage, "it begins when 2 keepers that are whole have answered, and as many of those that "
                 "are to be; whoever is gone for good is given up with mneme recall "
                 "--accept-unknown --reason TEXT");
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 20000); /* what these said is long ago */
    stage_kept(&stage, 1, 4, 4, MN_MEMBER_WHOLE);
    says(&stage, "nothing new is in force until 2 keepers have it, and 2 of those that are to be; "
                 "whoever is gone for good is given up with mneme recall --accept-unknown --reason "
                 "TEXT");
    stage_close(&stage);
}

static void says_that_all_keepers_of_a_new_cluster_have_to_answer(void **state)
{
    static const uint64_t none[] = {0};
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    stage_promised(&stage, 1, 1, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 3, 1, 0, 0, MN_MEMBER_BLANK);
    says(&stage, "it begins when 2 keepers that are whole have answered; those of a new cluster "
                 "never are, so there all 3 have to answer; whoever is gone for good is given up "
                 "with mneme recall --accept-unknown --reason TEXT, and then replaced with mneme "
                 "keepers replace OLD NEW --reason TEXT");
    stage_close(&stage);
}

static void says_that_the_journal_was_lost_with_all_keepers(void **state)
{
    static const uint64_t none[] = {0};
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    for (uint32_t host = 1; host <= 5; host += 2) {
        struct mn_up up = {.generation = 1, .kind = MN_UP_PROMISED};
        up.promised.promised = 1;
        up.promised.candidate = CANDIDATE;
        up.promised.member = MN_MEMBER_BLANK;
        up.promised.holds = true;
        stage_up(&stage, host, &up);
    }
    says(&stage, "no keeper has kept anything, and this journal is empty, but there are "
                 "checkpoints: it was lost; restore a copy of it, or have it go on from what the "
                 "agents know with mneme recall --accept-unknown --reason TEXT");
    stage_close(&stage);
}

static void says_that_all_keepers_have_lost_a_journal_that_is_here(void **state)
{
    static const uint64_t none[] = {0};
    (void)state;
    struct stage stage;
    stage_load(&stage, none);
    stage_generation(&stage, 1, 1, true);
    stage_keepers(&stage, KEEPING_ON_LOG, 2, 1, "135");
    stage_begin(&stage);
    for (uint32_t host = 1; host <= 5; host += 2) {
        stage_promised(&stage, host, 2, 0, 0, MN_MEMBER_BLANK);
    }
    says(&stage, "no keeper has kept anything, and this journal says that keepers had it: they "
                 "have lost it, and may have had more; restore what one of them kept, or have it "
                 "go on from this journal with mneme recall --accept-unknown --reason TEXT");
    stage_close(&stage);
}

static void says_that_too_many_keepers_have_lost_what_they_kept(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 5, 3, 0, 0, MN_MEMBER_BLANK);
    says(&stage, "too many keepers have lost what they kept: it begins when 2 are whole; restore "
                 "their data, or have it go on with what the others know with mneme recall "
                 "--accept-unknown --reason TEXT");
    stage_close(&stage);
}

static void says_how_a_change_is_taken_back_that_holds_everything(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_keepers(&stage, KEEPING_ON_RECORDED, 4, 3, "135 to 137");
    stage_tick_at(&stage, 20000);
    says(&stage, "nothing new is in force until 2 keepers have it, and 2 of those that are to be; "
                 "mneme keepers replace h7 h5 --reason TEXT takes the change back, and needs only "
                 "the former; whoever is gone for good is given up with mneme recall "
                 "--accept-unknown --reason TEXT");
    stage_close(&stage);
}

static void says_who_is_missing_where_none_is_replaced(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_tick_at(&stage, 20000);
    says(&stage, "nothing new is in force until 2 keepers have it; whoever is gone for good is "
                 "given up with mneme recall --accept-unknown --reason TEXT");
    stage_close(&stage);
}

static void says_when_nobody_else_remembers_the_journal(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_tick_at(&stage, 7000);
    stage_accept(&stage);
    says(&stage, "all keepers were given up: nobody else remembers the journal until one is whole "
                 "again");
    stage_close(&stage);
}

static void change_is(const json_t *facts, size_t index, const char *from, const char *to,
                      const char *state, int record)
{
    const json_t *change = json_array_get(json_object_get(facts, "changes"), index);
    assert_string_equal(json_string_value(json_object_get(change, "from")), from);
    assert_string_equal(json_string_value(json_object_get(change, "to")), to);
    assert_string_equal(json_string_value(json_object_get(change, "state")), state);
    assert_int_equal(json_integer_value(json_object_get(change, "record")), record);
    assert_string_equal(json_string_value(json_object_get(change, "operator")), "alice");
    assert_string_equal(json_string_value(json_object_get(change, "key")), "k");
    assert_string_equal(json_string_value(json_object_get(change, "reason")), "it burned");
    assert_int_equal(json_integer_value(json_object_get(change, "at")), 77);
}

static void tells_each_word_once_and_what_became_of_it(void **state)
{
    (void)state;
    static const char *const records[] = {"135 fills 137", "135 to 137",    "135",
                                          "135 fills 137", "135 fills 185", "135 to 185",
                                          "185",           "185 fills 187", "185 to 187"};
    static const size_t counts[] = {1, 1, 2, 3, 4, 4, 4, 5, 5};
    struct stage stage;
    stage_load(&stage, three);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        stage_keepers(&stage, KEEPING_ON_LOG, 4 + i, 2, records[i]);
        json_t *facts = ask(&stage);
        assert_int_equal(json_array_size(json_object_get(facts, "changes")), counts[i]);
        json_decref(facts);
    }
    json_t *facts = ask(&stage);
    change_is(facts, 0, "h5", "h7", "taken_back", 4);
    change_is(facts, 1, "h7", "h5", "done", 6);
    change_is(facts, 2, "h5", "h7", "overruled", 7);
    change_is(facts, 3, "h3", "h8", "done", 8);
    change_is(facts, 4, "h5", "h7", "joint", 11);
    json_decref(facts);
    stage_close(&stage);
}

static void tells_only_the_newest_words(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    for (uint64_t i = 0; i < 1000; i++) {
        stage_keepers(&stage, KEEPING_ON_LOG, 4 + i, 2, "135 fills 137");
    }
    json_t *facts = ask(&stage);
    const json_t *changes = json_object_get(facts, "changes");
    assert_int_equal(json_array_size(changes), ANSWER_STEP_COUNT_MAX);
    change_is(facts, ANSWER_STEP_COUNT_MAX - 1, "h5", "h7", "filling", 1003);
    json_decref(facts);
    stage_close(&stage);
}

static void names_a_keeper_that_does_not_hand_over_what_it_keeps(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 7, 2, MN_MEMBER_WHOLE);
    says(&stage, "it takes over what the keepers have of the journal");
    stage_tick_at(&stage, 9000);
    says(&stage, "the agent of h1 says that it keeps the journal, and does not hand it over: its "
                 "log says why; others that have as much are asked before it; where nobody has, it "
                 "is given up, with what it alone keeps, with mneme recall --accept-unknown "
                 "--reason TEXT");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_waited_for_where_one_is_being_replaced),
        cmocka_unit_test(says_that_all_keepers_of_a_new_cluster_have_to_answer),
        cmocka_unit_test(says_that_the_journal_was_lost_with_all_keepers),
        cmocka_unit_test(says_that_all_keepers_have_lost_a_journal_that_is_here),
        cmocka_unit_test(says_that_too_many_keepers_have_lost_what_they_kept),
        cmocka_unit_test(says_how_a_change_is_taken_back_that_holds_everything),
        cmocka_unit_test(says_who_is_missing_where_none_is_replaced),
        cmocka_unit_test(says_when_nobody_else_remembers_the_journal),
        cmocka_unit_test(tells_each_word_once_and_what_became_of_it),
        cmocka_unit_test(tells_only_the_newest_words),
        cmocka_unit_test(names_a_keeper_that_does_not_hand_over_what_it_keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
