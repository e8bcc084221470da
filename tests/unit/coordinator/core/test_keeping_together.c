/* Several coordinators and the keepers, as they are: the cores of both, and what they say to each
 * other. h1, h3 and h5 are the keepers. What one of them cannot reach does not get there; all else
 * does at once, and every disk is as quick. Whatever is in force is so for ever: two records of one
 * sequence would be two decisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/core/agent.h"
#include "base/check.h"
#include "coordinator/core/keeping_stage.h"

enum { KEEPERS = 3, RECORD_COUNT_MAX = 16 };
enum { H1 = 1, H3 = 2, H5 = 4 }; /* a mask of the keepers that are reached */

/* A keeper's agent, and the generations of the records that its disk keeps. */
struct keeper {
    struct agent *agent;
    uint64_t records[RECORD_COUNT_MAX];
};

/* One process of a coordinator, and its journal. */
struct life {
    struct keeping *keeping;
    unsigned reached;
    uint64_t journal[RECORD_COUNT_MAX];
    uint64_t newest;
};

struct cluster {
    struct stage stage; /* for its topology */
    struct agent_directory *directory;
    struct keeper keepers[KEEPERS];
    mn_time now;
    uint64_t in_force[RECORD_COUNT_MAX];
};

static void life_step(struct cluster *cluster, struct life *life,
                      const struct keeping_event *event);

/* ---- keepers --------------------------------------------------------------------------------- */

static void keeper_record(struct keeper *keeper, const struct agent_effect *effect)
{
    const struct mn_agent_record *record = effect->record.record;
    if (record->kind == MN_AGENT_KEPT) {
        assert_true(record->kept.sequence < RECORD_COUNT_MAX);
        keeper->records[record->kept.sequence] =
            effect->record.forget ? 0 : record->kept.generation;
    }
}

static void keeper_hand_over(const struct keeper *keeper, struct mn_up *up)
{
    static const unsigned char bytes[1];
    static struct mn_kept records[AGENT_RECALL_COUNT_MAX];
    bool more = true;
    for (uint64_t at = up->recalled.sequence; more && keeper->records[at] != 0; at++) {
        struct mn_kept next = {.sequence = at,
                               .generation = keeper->records[at],
                               .kind = MN_JOURNAL_VAT,
                               .size = 1,
                               .bytes = bytes,
                               .byte_count = 1};
        more = agent_recall_add(up, records, &next);
    }
}

/* @life: to whom it says what it says; or NULL, to nobody. */
static void keeper_step(struct cluster *cluster, uint32_t index, struct life *life,
                        const struct agent_event *event)
{
    struct keeper *keeper = &cluster->keepers[index];
    struct agent_effects effects = {0};
    uint64_t recorded = 0;
    agent_step(keeper->agent, cluster->now, event, &effects);
    assert_int_equal(effects.result, MN_OK);
    for (size_t i = 0; i < effects.count; i++) {
        const struct agent_effect *effect = &effects.items[i];
        if (effect->kind == AGENT_DO_RECORD) {
            keeper_record(keeper, effect);
            recorded = effect->record.sequence;
        } else if (effect->kind == AGENT_DO_RECALL || effect->kind == AGENT_DO_SEND_UP) {
            struct mn_up up = *effect->up;
            struct keeping_event said = {.kind = KEEPING_ON_UP};
            said.up.host = index;
            said.up.message = &up;
            if (effect->kind == AGENT_DO_RECALL) {
                keeper_hand_over(keeper, &up);
            }
            if (life != NULL && up.kind != MN_UP_HELLO) {
                life_step(cluster, life, &said);
            }
        }
    }
    agent_effects_deinit(&effects);
    if (recorded > 0) {
        struct agent_event durable = {.kind = AGENT_ON_RECORDED};
        durable.recorded.sequence = recorded;
        keeper_step(cluster, index, life, &durable);
    }
}

/* With a disk that has nothing: of a new cluster, or because it was lost. */
static void keeper_begin(struct cluster *cluster, uint32_t index, uint64_t disk)
{
    struct keeper *keeper = &cluster->keepers[index];
    struct agent_config config = {.directory = cluster->directory,
                                  .numbering = 7,
                                  .own = index,
                                  .agent = {"tcp://10.0.0.1:7101"},
                                  .address = {"tcp://10.0.0.1:*"},
                                  .store = "store",
                                  .key_file = "key",
                                  .heartbeat_ms = 1000,
                                  .copy_ms = 2000,
                                  .connect_ms = 2000,
                                  .interval_ms = 200,
                                  .full_every = 8,
                                  .keep_count = 2,
                                  .stores = 2,
                                  .disk = disk};
    agent_destroy(&keeper->agent);
    *keeper = (struct keeper){0};
    assert_int_equal(agent_new(&keeper->agent, &config), MN_OK);
    keeper_step(cluster, index, NULL, &(struct agent_event){.kind = AGENT_ON_BEGIN});
}

/* ---- coordinators ---------------------------------------------------------------------------- */

static void life_send(struct cluster *cluster, struct life *life,
                      const struct keeping_effect *effect)
{
    static const unsigned char bytes[1];
    struct mn_kept records[RECORD_COUNT_MAX];
    struct mn_down down = *effect->send.message;
    if ((life->reached >> effect->send.host & 1) == 0) {
        return;
    }
    bool more = effect->kind == KEEPING_DO_KEEP;
    for (uint64_t at = down.keep.after + 1; more && at <= effect->send.upto; at++) {
        struct mn_kept next = {.sequence = at,
                               .generation = life->journal[at],
                               .kind = MN_JOURNAL_VAT,
                               .size = 1,
                               .bytes = bytes,
                               .byte_count = 1};
        more = keeping_keep_add(&down, records, &next);
    }
    keeper_step(cluster, effect->send.host, life,
                &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
}

static void life_record(struct cluster *cluster, struct life *life, uint64_t generation)
{
    struct keeping_event event = {.kind = KEEPING_ON_RECORDED};
    life->newest += 1;
    assert_true(life->newest < RECORD_COUNT_MAX);
    life->journal[life->newest] = generation;
    event.record.sequence = life->newest;
    event.record.generation = generation;
    event.record.kind = MN_JOURNAL_VAT;
    life_step(cluster, life, &event);
}

static void life_in_force(struct cluster *cluster, const struct life *life, uint64_t upto)
{
    for (uint64_t at = 1; at <= upto; at++) {
        if (cluster->in_force[at] == 0) {
            cluster->in_force[at] = life->journal[at];
        }
        assert_int_equal(cluster->in_force[at], life->journal[at]);
    }
}

/* What it leads with is a record of its own generation, as the coordinator's core has it. */
static void life_step(struct cluster *cluster, struct life *life, const struct keeping_event *event)
{
    struct keeping_effects effects = {0};
    keeping_step(life->keeping, cluster->now, event, &effects);
    assert_int_equal(effects.result, MN_OK);
    keeping_invariant(life->keeping);
    for (size_t i = 0; i < effects.count; i++) {
        const struct keeping_effect *effect = &effects.items[i];
        if (effect->kind == KEEPING_DO_SEND || effect->kind == KEEPING_DO_KEEP) {
            life_send(cluster, life, effect);
        } else if (effect->kind == KEEPING_DO_APPEND) {
            life_record(cluster, life, effect->append.generation);
        } else if (effect->kind == KEEPING_DO_LEAD) {
            life_record(cluster, life, effect->lead.generation);
        } else if (effect->kind == KEEPING_DO_IN_FORCE) {
            life_in_force(cluster, life, effect->sequence);
        }
    }
    keeping_effects_deinit(&effects);
}

/* With the journal of @before, or without any. */
static void life_begin(struct cluster *cluster, struct life *life, uint64_t candidate,
                       unsigned reached, const struct life *before)
{
    *life = (struct life){.reached = reached};
    assert_int_equal(keeping_new(&life->keeping, cluster->stage.topology, candidate), MN_OK);
    for (uint64_t at = 1; before != NULL && at <= before->newest; at++) {
        struct keeping_event event = {.kind = KEEPING_ON_LOG};
        event.record.sequence = at;
        event.record.generation = life->journal[at] = before->journal[at];
        event.record.kind = MN_JOURNAL_VAT;
        life->newest = at;
        life_step(cluster, life, &event);
    }
    life_step(cluster, life, &(struct keeping_event){.kind = KEEPING_ON_BEGIN});
}

/* Some heartbeats of it go by. */
static void life_goes_on(struct cluster *cluster, struct life *life)
{
    for (int i = 0; i < 8; i++) {
        cluster->now += MN_SECOND;
        life_step(cluster, life, &(struct keeping_event){.kind = KEEPING_ON_TICK});
    }
}

static uint64_t life_generation(const struct life *life)
{
    struct keeping_facts facts;
    keeping_facts(life->keeping, &facts);
    return facts.generation;
}

static uint64_t life_in_force_upto(const struct life *life)
{
    struct keeping_facts facts;
    keeping_facts(life->keeping, &facts);
    return facts.in_force;
}

/* ---- the cluster ----------------------------------------------------------------------------- */

static void cluster_open(struct cluster *cluster)
{
    static const uint64_t nothing[] = {0};
    struct agent_host hosts[KEEPERS];
    memset(cluster, 0, sizeof *cluster);
    memset(hosts, 0, sizeof hosts);
    stage_load(&cluster->stage, nothing);
    for (uint32_t i = 0; i < KEEPERS; i++) {
        hosts[i].name = mn_name_of(cluster->stage.topology->hosts[i].name);
        hosts[i].domain = i;
    }
    mn_result result = agent_directory_new(&cluster->directory, hosts, KEEPERS, NULL, 0, NULL);
    assert_int_equal(result, MN_OK);
    cluster->now = MN_SECOND;
    for (uint32_t i = 0; i < KEEPERS; i++) {
        keeper_begin(cluster, i, 11 + i);
    }
}

static void cluster_close(struct cluster *cluster)
{
    for (uint32_t i = 0; i < KEEPERS; i++) {
        agent_destroy(&cluster->keepers[i].agent);
    }
    agent_directory_destroy(&cluster->directory);
    stage_close(&cluster->stage);
}

/* What all the stories begin with, and what three processes are at then. */
struct story {
    struct cluster cluster;
    struct life first; /* leads in generation 1 */
    struct life early; /* asks in generation 2, which h1 has promised to it */
    struct life next;  /* not begun */
    struct life slow;  /* asks in generation 4, the same */
};

/* Whoever reaches h1 alone goes above what that has promised to others. Then h1 loses its disk. The
 * first has the others note that, and h1 refilled. */
static void story_open(struct story *story)
{
    struct cluster *cluster = &story->cluster;
    struct life other;
    cluster_open(cluster);
    life_begin(cluster, &story->first, 14, H1 | H3 | H5, NULL);
    life_goes_on(cluster, &story->first);
    assert_int_equal(life_in_force_upto(&story->first), 1);
    life_begin(cluster, &story->early, 15, H1, NULL);
    life_goes_on(cluster, &story->early);
    assert_int_equal(life_generation(&story->early), 2);
    story->early.reached = 0;
    life_begin(cluster, &other, 16, H1, NULL);
    life_goes_on(cluster, &other);
    keeping_destroy(&other.keeping);
    life_begin(cluster, &story->slow, 17, H1, NULL);
    life_goes_on(cluster, &story->slow);
    assert_int_equal(life_generation(&story->slow), 4);
    story->slow.reached = 0;
    keeper_begin(cluster, 0, 21);
    life_goes_on(cluster, &story->first);
    life_record(cluster, &story->first, 1);
    assert_int_equal(life_in_force_upto(&story->first), 2);
    assert_int_equal(cluster->keepers[0].records[2], 1);
    story->first.reached = 0;
}

/* The next one, from the journal of @before, leads by h3 and h5, and then has in force what h3 does
 * not have, at h5 and at the second disk of h1. The slow one comes to h3 after that: the promise of
 * h1's first disk is of no use to it, and what it goes on from has everything. */
static void story_end(struct story *story, const struct life *before)
{
    struct cluster *cluster = &story->cluster;
    struct life *next = &story->next;
    struct life *slow = &story->slow;
    life_begin(cluster, next, 18, H3 | H5, before);
    life_goes_on(cluster, next);
    assert_true(keeping_leads(next->keeping));
    next->reached = H1 | H5;
    life_record(cluster, next, life_generation(next));
    life_goes_on(cluster, next);
    uint64_t newest = life_in_force_upto(next);
    assert_int_equal(newest, next->newest);

    slow->reached = H3;
    life_goes_on(cluster, slow);
    assert_int_equal(life_generation(slow), 4);
    assert_false(keeping_leads(slow->keeping));
    slow->reached = H1 | H3 | H5;
    life_goes_on(cluster, slow);
    assert_true(keeping_leads(slow->keeping));
    assert_true(life_in_force_upto(slow) > newest);
    keeping_destroy(&story->first.keeping);
    keeping_destroy(&story->early.keeping);
    keeping_destroy(&next->keeping);
    keeping_destroy(&slow->keeping);
    cluster_close(cluster);
}

/* The next one knows of h1's second disk from the others alone. What it has them note is not less
 * than that. */
static void a_life_that_only_others_have_heard_is_passed_on(void **state)
{
    (void)state;
    struct story story;
    story_open(&story);
    story_end(&story, &story.first);
}

/* In between one leads that has heard h1's first disk itself, and of the second from the others. */
static void a_life_that_was_heard_does_not_stand_for_one_that_others_have_heard(void **state)
{
    (void)state;
    struct story story;
    story_open(&story);
    story.early.reached = H3 | H5;
    life_goes_on(&story.cluster, &story.early);
    assert_true(keeping_leads(story.early.keeping));
    assert_int_equal(life_generation(&story.early), 2);
    story_end(&story, &story.early);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_that_only_others_have_heard_is_passed_on),
        cmocka_unit_test(a_life_that_was_heard_does_not_stand_for_one_that_others_have_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
