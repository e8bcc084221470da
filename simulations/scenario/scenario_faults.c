/* What goes wrong: the time line as it is written, and disasters drawn by chance. A failure of a
 * domain is one of every machine in it at the same moment; one that comes in a burst strikes
 * another host of the same rack, another rack of the same zone, or another zone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/random.h"
#include "scenario/scenario_private.h"

enum { REPEAT_COUNT_MAX = 100000 };

struct fault_words {
    const char *a;
    const char *b;
};

static const struct fault_words fault_words[] = {
#define FAULT_WORDS(name, word, a, b, text) {a, b},
    SIM_FAULTS(FAULT_WORDS)
#undef FAULT_WORDS
};

/* ---- the time line --------------------------------------------------------------------------- */

static uint32_t count_of(const struct scenario_reader *reader, const char *what)
{
    switch (what[0]) {
    case 'z':
        return reader->zone_count;
    case 'r':
        return reader->rack_count;
    case 'h':
        return reader->host_count;
    default:
        return reader->vat_count;
    }
}

/* Whom a fault is about: a number, or a name. */
static bool read_whom(struct scenario_reader *reader, const struct mn_yaml_node *node,
                      const char *what, uint32_t *number)
{
    uint32_t count = count_of(reader, what);
    int64_t value = 0;
    if (reader->topology != NULL && node->kind == MN_YAML_SCALAR &&
        (node->size == 0 || node->text[0] < '0' || node->text[0] > '9')) {
        return scenario_from_find(reader, what, node->text, number) ||
               mn_yaml_fail(&reader->yaml, node, "no %s %s; expected a name of the topology", what,
                            mn_yaml_show(node).text);
    }
    if (!mn_yaml_integer(&reader->yaml, node, what, 0, (int64_t)count - 1, &value)) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* The bounds of the second number of a fault. */
static int64_t number_most(const char *what)
{
    return strcmp(what, "percent") == 0 ? 100 : 1000000000;
}

struct entry {
    struct sim_fault fault;
    const struct mn_yaml_node *whom;
    const struct mn_yaml_node *second;
    const char *second_word;
    int64_t every_ms;
    int64_t times;
};

static bool read_entry_key(struct scenario_reader *reader, const struct mn_yaml_node *key,
                           struct entry *entry)
{
    static const char *const seconds[] = {"effects", "host",   "factor", "by_ms",
                                          "percent", "number", "records"};
    const struct mn_yaml_node *value = key->next;
    const int64_t most = SCENARIO_MS_MAX;
    enum sim_fault_kind kind = SIM_FAULT_KILL_VAT;
    if (strcmp(key->text, "ms") == 0) {
        return mn_yaml_integer(&reader->yaml, value, "ms", 0, most, &entry->fault.at_ms);
    }
    if (strcmp(key->text, "for_ms") == 0) {
        return mn_yaml_integer(&reader->yaml, value, "for_ms", 0, most, &entry->fault.for_ms);
    }
    if (strcmp(key->text, "every_ms") == 0) {
        return mn_yaml_integer(&reader->yaml, value, "every_ms", 1, most, &entry->every_ms);
    }
    if (strcmp(key->text, "times") == 0) {
        return mn_yaml_integer(&reader->yaml, value, "times", 1, REPEAT_COUNT_MAX, &entry->times);
    }
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        if (strcmp(key->text, seconds[i]) == 0) {
            entry->second = value;
            entry->second_word = seconds[i];
            return true;
        }
    }
    if (!sim_fault_find(key->text, &kind)) {
        return mn_yaml_fail(&reader->yaml, key,
                            "unknown key %s in an entry of at; expected ms, a fault, for_ms, "
                            "every_ms, times, or the number that the fault takes",
                            mn_yaml_show(key).text);
    }
    if (entry->whom != NULL) {
        return mn_yaml_fail(&reader->yaml, key, "a second fault %s; expected one in each entry",
                            mn_yaml_show(key).text);
    }
    entry->fault.kind = kind;
    entry->whom = value;
    return true;
}

static bool needs_end(enum sim_fault_kind kind)
{
    return kind == SIM_FAULT_FAIL_VAT || kind == SIM_FAULT_PAUSE_VAT ||
           kind == SIM_FAULT_PAUSE_AGENT || kind == SIM_FAULT_PAUSE_COORDINATOR ||
           kind == SIM_FAULT_REPLACE_COORDINATOR;
}

/* The fault's whom and number, of which SIM_FAULTS says what they are. */
static bool read_entry_numbers(struct scenario_reader *reader, const struct mn_yaml_node *node,
                               struct entry *entry)
{
    const struct fault_words *words = &fault_words[entry->fault.kind];
    const char *name = sim_fault_name(entry->fault.kind);
    bool yes = false;
    int64_t number = 0;
    if (words->a[0] == '-') {
        if (!mn_yaml_boolean(&reader->yaml, entry->whom, name, &yes)) {
            return false;
        }
    } else if (!read_whom(reader, entry->whom, words->a, &entry->fault.a)) {
        return false;
    }
    if (entry->second == NULL) {
        return words->b[0] == '-' || strcmp(words->b, "effects") == 0 ||
               mn_yaml_fail(&reader->yaml, node, "%s without %s; expected it", name, words->b);
    }
    if (strcmp(entry->second_word, words->b) != 0) {
        return mn_yaml_fail(&reader->yaml, entry->second, "%s with %s; expected %s", name,
                            entry->second_word, words->b[0] == '-' ? "no number" : words->b);
    }
    if (strcmp(words->b, "host") == 0) {
        return read_whom(reader, entry->second, words->b, &entry->fault.b);
    }
    if (!mn_yaml_integer(&reader->yaml, entry->second, words->b, 0, number_most(words->b),
                         &number)) {
        return false;
    }
    entry->fault.b = (uint32_t)number;
    return true;
}

static bool read_entry(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    struct entry entry = {.times = 1, .fault = {.at_ms = -1}};
    if (!mn_yaml_is_map(&reader->yaml, node, "an entry of at")) {
        return false;
    }
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = mn_yaml_next_key(key)) {
        if (!read_entry_key(reader, key, &entry)) {
            return false;
        }
    }
    if (entry.fault.at_ms < 0) {
        return mn_yaml_fail(&reader->yaml, node, "an entry of at without ms; expected it");
    }
    if (entry.whom == NULL) {
        return mn_yaml_fail(&reader->yaml, node,
                            "an entry of at without a fault; expected one, lose_rack: 0 say");
    }
    if (!read_entry_numbers(reader, node, &entry)) {
        return false;
    }
    if (needs_end(entry.fault.kind) && entry.fault.for_ms == 0) {
        return mn_yaml_fail(&reader->yaml, node, "%s without for_ms; expected how long it lasts",
                            sim_fault_name(entry.fault.kind));
    }
    if (entry.times > 1 && entry.every_ms == 0) {
        return mn_yaml_fail(&reader->yaml, node, "times without every_ms; expected it");
    }
    if (entry.fault.at_ms + entry.every_ms * (entry.times - 1) > SCENARIO_MS_MAX) {
        return mn_yaml_fail(&reader->yaml, node, "repeated beyond %lld ms; expected an end before",
                            (long long)SCENARIO_MS_MAX);
    }
    if (reader->scenario->faults.count + (size_t)entry.times > SCENARIO_FAULT_COUNT_MAX) {
        return mn_yaml_fail(&reader->yaml, node, "more than %d faults; expected at most that",
                            SCENARIO_FAULT_COUNT_MAX);
    }
    for (int64_t i = 0; i < entry.times; i++) {
        sim_faults_add(&reader->scenario->faults, entry.fault);
        entry.fault.at_ms += entry.every_ms;
    }
    return true;
}

bool scenario_read_at(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "at")) {
        return false;
    }
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!read_entry(reader, item)) {
            return false;
        }
    }
    return true;
}

/* ---- chance ---------------------------------------------------------------------------------- */

bool scenario_read_random(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    struct scenario_random *out = &reader->scenario->random;
#define RANDOM_KEY(name, standard, least, most, text) {#name, false},
    static const struct mn_yaml_key keys[] = {SCENARIO_RANDOM(RANDOM_KEY)};
#undef RANDOM_KEY
    const struct mn_yaml_node *values[sizeof keys / sizeof *keys];
    size_t i = 0;
#define RANDOM_DEFAULT(name, standard, least, most, text) out->name = (standard);
    SCENARIO_RANDOM(RANDOM_DEFAULT)
#undef RANDOM_DEFAULT
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_map(&reader->yaml, node, "random", keys, sizeof keys / sizeof *keys, values)) {
        return false;
    }
#define RANDOM_READ(name, standard, least, most, text)                                             \
    if (values[i] != NULL &&                                                                       \
        !mn_yaml_integer(&reader->yaml, values[i], #name, least, most, &out->name)) {              \
        return false;                                                                              \
    }                                                                                              \
    i += 1;
    SCENARIO_RANDOM(RANDOM_READ)
#undef RANDOM_READ
    return true;
}

struct drawer {
    const struct scenario *scenario;
    const struct sim_tree *tree;
    struct mn_random random;
    struct sim_faults *faults;
    size_t drawn;
};

/* Exponentially distributed, in milliseconds. */
static int64_t draw_ms(struct drawer *drawer, double mean_ms)
{
    double unit = ((double)(mn_random_next(&drawer->random) >> 11) + 1.0) / 9007199254740993.0;
    double drawn = -log(unit) * mean_ms;
    return drawn < (double)SCENARIO_MS_MAX ? (int64_t)drawn : SCENARIO_MS_MAX;
}

static bool draw_chance(struct drawer *drawer, int64_t percent)
{
    return mn_random_below(&drawer->random, 100) < (uint64_t)percent;
}

enum level { LEVEL_VAT, LEVEL_HOST, LEVEL_RACK, LEVEL_ZONE };

static void add_failure(struct drawer *drawer, enum level level, uint32_t which, int64_t at_ms)
{
    static const enum sim_fault_kind kinds[][2] = {{SIM_FAULT_KILL_VAT, SIM_FAULT_KILL_VAT},
                                                   {SIM_FAULT_POWER, SIM_FAULT_LOSE},
                                                   {SIM_FAULT_POWER_RACK, SIM_FAULT_LOSE_RACK},
                                                   {SIM_FAULT_POWER_ZONE, SIM_FAULT_LOSE_ZONE}};
    const struct scenario_random *from = &drawer->scenario->random;
    bool lost = draw_chance(drawer, from->lost_percent);
    struct sim_fault fault = {.at_ms = at_ms, .kind = kinds[level][lost ? 1 : 0], .a = which};
    if (level != LEVEL_VAT) {
        fault.for_ms = draw_ms(drawer, (double)from->repair_ms) + 1;
    }
    sim_faults_add(drawer->faults, fault);
    drawer->drawn += 1;
}

/* Another host of the same rack, rack of the same zone, or zone; false: there is none. */
static bool neighbour(struct drawer *drawer, enum level level, uint32_t which, uint32_t *other)
{
    const struct sim_tree *tree = drawer->tree;
    uint32_t first = 0;
    uint32_t count = tree->zone_count;
    if (level == LEVEL_HOST) {
        first = sim_tree_rack(tree, tree->host_racks[which], &count);
    } else if (level == LEVEL_RACK) {
        while (tree->rack_zones[first] != tree->rack_zones[which]) {
            first += 1;
        }
        count = 0;
        while (first + count < tree->rack_count &&
               tree->rack_zones[first + count] == tree->rack_zones[which]) {
            count += 1;
        }
    }
    if (level == LEVEL_VAT || count < 2) {
        return false;
    }
    uint64_t ahead = mn_random_below(&drawer->random, count - 1) + 1;
    *other = first + (uint32_t)((which - first + ahead) % count);
    return true;
}

static void draw_one(struct drawer *drawer, enum level level, uint32_t which, double mean_ms)
{
    const struct scenario_random *from = &drawer->scenario->random;
    int64_t end_ms = drawer->scenario->config.faults_ms;
    int64_t at_ms = from->from_ms + draw_ms(drawer, mean_ms);
    while (at_ms < end_ms && drawer->drawn < SCENARIO_RANDOM_FAULT_COUNT_MAX) {
        uint32_t other = 0;
        add_failure(drawer, level, which, at_ms);
        if (draw_chance(drawer, from->burst_percent) && neighbour(drawer, level, which, &other)) {
            uint64_t later = mn_random_below(&drawer->random, (uint64_t)from->burst_ms);
            add_failure(drawer, level, other, at_ms + (int64_t)later);
        }
        at_ms += draw_ms(drawer, mean_ms) + 1;
    }
}

static void draw_level(struct drawer *drawer, enum level level, uint32_t count, int64_t mtbf_s)
{
    for (uint32_t i = 0; mtbf_s > 0 && i < count; i++) {
        draw_one(drawer, level, i, (double)mtbf_s * 1000.0);
    }
}

void scenario_faults(const struct scenario *scenario, int64_t seed, struct sim_faults *faults)
{
    const struct scenario_random *random = &scenario->random;
    struct sim_tree *tree =
        scenario->tree != NULL ? sim_tree_copy(scenario->tree) : sim_tree_even(&scenario->config);
    struct drawer drawer = {.scenario = scenario,
                            .tree = tree,
                            .random = {.state = (uint64_t)seed ^ 0x6368616e63650000U},
                            .faults = faults};
    *faults = (struct sim_faults){0};
    for (size_t i = 0; i < scenario->faults.count; i++) {
        sim_faults_add(faults, scenario->faults.items[i]);
    }
    draw_level(&drawer, LEVEL_ZONE, tree->zone_count, random->zone_mtbf_s);
    draw_level(&drawer, LEVEL_RACK, tree->rack_count, random->rack_mtbf_s);
    draw_level(&drawer, LEVEL_HOST, tree->host_count, random->host_mtbf_s);
    draw_level(&drawer, LEVEL_VAT, tree->vat_count, random->vat_mtbf_s);
    sim_tree_destroy(&tree);
}
