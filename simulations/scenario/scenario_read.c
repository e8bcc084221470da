/* Reading a scenario: its parts, the cluster, and the settings by their sections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "docs/file.h"
#include "scenario/scenario_private.h"

enum { HOST_COUNT_MAX = 65535, VAT_COUNT_MAX = 10000000 };

struct section {
    const char *name;
    const char *settings; /* each between spaces */
};

static const struct section sections[] = {
    {"cluster", " zones racks hosts vats told_percent limit total_loss_roll_back "},
    {"workload", " shape peers turn_ms burst reply_percent early_percent blob_size "
                 "payload_size "},
    {"checkpoints", " interval_ms latency_ms full_every keep stores scrub_ms "},
    {"timing", " heartbeat_ms stale_ms suspect_ms lost_ms settle_ms collect_ms copy_ms "
               "connect_ms send_ms "},
    {"network", " latency_us jitter_us local_us bandwidth_mbps tcp_ms repeat_percent "
                "lose_percent port_reuse "},
    {"disk", " disk_us disk_jitter_us start_us "},
    {"clocks", " skew_ms drift_ppm "},
    {"run", NULL}, /* the others */
};
enum { SECTION_COUNT = sizeof sections / sizeof *sections };

static const char *const shape_words[] = {
#define SHAPE_WORD(name, word, text) word,
    SIM_SHAPES(SHAPE_WORD)
#undef SHAPE_WORD
        NULL,
};

struct setting {
    const char *name;
    int64_t least;
    int64_t most;
    int64_t standard;
    const char *text;
};

static const struct setting settings[] = {
#define SETTING_ROW(name, standard, least, most, text) {#name, least, most, standard, text},
    SIM_SETTINGS(SETTING_ROW)
#undef SETTING_ROW
};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

char *scenario_keep(const char *text)
{
    char *kept = strdup(text);
    mn_assert(kept != NULL);
    return kept;
}

static bool section_has(const struct section *section, const char *setting)
{
    if (section->settings == NULL) {
        for (const struct section *other = sections; other != section; other++) {
            if (section_has(other, setting)) {
                return false;
            }
        }
        return true;
    }
    size_t size = strlen(setting);
    const char *at = section->settings;
    while ((at = strstr(at, setting)) != NULL) {
        if (at[-1] == ' ' && at[size] == ' ') {
            return true;
        }
        at += size;
    }
    return false;
}

const char *scenario_section(const char *setting)
{
    size_t known = 0;
    size_t i = 0;
    while (known < SETTING_COUNT && strcmp(settings[known].name, setting) != 0) {
        known += 1;
    }
    while (i < SECTION_COUNT && !section_has(&sections[i], setting)) {
        i += 1;
    }
    return known < SETTING_COUNT ? sections[i].name : NULL;
}

/* ---- settings -------------------------------------------------------------------------------- */

static bool read_setting(struct scenario_reader *reader, const struct setting *setting,
                         const struct mn_yaml_node *node)
{
    int64_t value = 0;
    if (strcmp(setting->name, "shape") == 0) {
        int index = 0;
        if (!mn_yaml_word(&reader->yaml, node, "shape", shape_words, &index)) {
            return false;
        }
        value = index;
    } else if (setting->least == 0 && setting->most == 1 && node->kind == MN_YAML_SCALAR &&
               (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
        value = node->text[0] == 't' ? 1 : 0;
    } else if (!mn_yaml_integer(&reader->yaml, node, setting->name, setting->least, setting->most,
                                &value)) {
        return false;
    }
    bool set = sim_config_set(&reader->scenario->config, setting->name, value);
    mn_assert(set);
    return true;
}

static bool unknown_setting(struct scenario_reader *reader, const struct section *section,
                            const struct mn_yaml_node *key)
{
    char known[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (section_has(section, settings[i].name) && used + 40 < sizeof known) {
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                     used > 0 ? ", " : "", settings[i].name);
        }
    }
    return mn_yaml_fail(&reader->yaml, key, "unknown setting %s in %s; expected %s",
                        mn_yaml_show(key).text, section->name, known);
}

static bool read_section(struct scenario_reader *reader, const struct section *section,
                         const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_map(&reader->yaml, node, section->name)) {
        return false;
    }
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = mn_yaml_next_key(key)) {
        size_t i = 0;
        while (i < SETTING_COUNT && (strcmp(settings[i].name, key->text) != 0 ||
                                     !section_has(section, settings[i].name))) {
            i += 1;
        }
        if (i == SETTING_COUNT) {
            return unknown_setting(reader, section, key);
        }
        if (!read_setting(reader, &settings[i], key->next)) {
            return false;
        }
    }
    return true;
}

/* ---- the cluster ----------------------------------------------------------------------------- */

static bool read_grow(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {
        {"zones", true}, {"racks", true}, {"hosts", true}, {"vats", true}};
    const struct mn_yaml_node *values[4];
    struct sim_config *config = &reader->scenario->config;
    int64_t each = 0;
    if (!mn_yaml_map(&reader->yaml, node, "grow", keys, 4, values) ||
        !mn_yaml_integer(&reader->yaml, values[0], "zones", 1, 1000, &config->zones) ||
        !mn_yaml_integer(&reader->yaml, values[1], "racks of each zone", 1, 1000, &config->racks) ||
        !mn_yaml_integer(&reader->yaml, values[2], "hosts of each rack", 1, 1000, &config->hosts) ||
        !mn_yaml_integer(&reader->yaml, values[3], "vats of each host", 1, 1000, &each)) {
        return false;
    }
    config->vats = config->zones * config->racks * config->hosts * each;
    return true;
}

bool scenario_read_cluster(struct scenario_reader *reader, const struct mn_yaml_node *cluster,
                           const struct mn_yaml_node *grow, const struct mn_yaml_node *from)
{
    const struct sim_config *config = &reader->scenario->config;
    const struct mn_yaml_node *given = grow != NULL ? grow : from != NULL ? from : cluster;
    if (grow != NULL && from != NULL) {
        return mn_yaml_fail(&reader->yaml, from,
                            "both grow and from; expected one of them, or cluster");
    }
    if ((from != NULL && !scenario_read_from(reader, from)) ||
        !read_section(reader, &sections[0], cluster) ||
        (grow != NULL && !read_grow(reader, grow))) {
        return false;
    }
    if (from == NULL) {
        int64_t hosts = config->zones * config->racks * config->hosts;
        if (hosts > HOST_COUNT_MAX || config->vats > VAT_COUNT_MAX) {
            return mn_yaml_fail(&reader->yaml, given != NULL ? given : reader->yaml.root,
                                "%lld hosts and %lld vats; expected at most %d and %d",
                                (long long)hosts, (long long)config->vats, HOST_COUNT_MAX,
                                VAT_COUNT_MAX);
        }
        reader->zone_count = (uint32_t)config->zones;
        reader->rack_count = (uint32_t)(config->zones * config->racks);
        reader->host_count = (uint32_t)hosts;
        reader->vat_count = (uint32_t)config->vats;
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

enum root_key {
    ROOT_SCENARIO,
    ROOT_NAME,
    ROOT_TEXT,
    ROOT_CLUSTER,
    ROOT_GROW,
    ROOT_FROM,
    ROOT_WORKLOAD,
    ROOT_CHECKPOINTS,
    ROOT_TIMING,
    ROOT_NETWORK,
    ROOT_DISK,
    ROOT_CLOCKS,
    ROOT_RUN,
    ROOT_AT,
    ROOT_RANDOM,
    ROOT_EXPECT,
    ROOT_COUNT
};

static const struct mn_yaml_key root_keys[ROOT_COUNT] = {
    [ROOT_SCENARIO] = {"scenario", true},  [ROOT_NAME] = {"name", true},
    [ROOT_TEXT] = {"text", false},         [ROOT_CLUSTER] = {"cluster", false},
    [ROOT_GROW] = {"grow", false},         [ROOT_FROM] = {"from", false},
    [ROOT_WORKLOAD] = {"workload", false}, [ROOT_CHECKPOINTS] = {"checkpoints", false},
    [ROOT_TIMING] = {"timing", false},     [ROOT_NETWORK] = {"network", false},
    [ROOT_DISK] = {"disk", false},         [ROOT_CLOCKS] = {"clocks", false},
    [ROOT_RUN] = {"run", false},           [ROOT_AT] = {"at", false},
    [ROOT_RANDOM] = {"random", false},     [ROOT_EXPECT] = {"expect", false},
};

/* What the coordinator would refuse, said at the place where it stands. */
static bool check_settings(struct scenario_reader *reader, const struct mn_yaml_node *timing)
{
    const struct sim_config *config = &reader->scenario->config;
    const struct mn_yaml_node *place = timing != NULL ? timing : reader->yaml.root;
    if (config->heartbeat_ms >= config->stale_ms || config->stale_ms >= config->suspect_ms ||
        config->suspect_ms >= config->lost_ms) {
        return mn_yaml_fail(&reader->yaml, place,
                            "times in the order %lld, %lld, %lld, %lld; expected heartbeat_ms < "
                            "stale_ms < suspect_ms < lost_ms",
                            (long long)config->heartbeat_ms, (long long)config->stale_ms,
                            (long long)config->suspect_ms, (long long)config->lost_ms);
    }
    return true;
}

static bool read_root(struct scenario_reader *reader)
{
    const struct mn_yaml_node *values[ROOT_COUNT];
    struct scenario *scenario = reader->scenario;
    int64_t version = 0;
    if (!mn_yaml_map(&reader->yaml, reader->yaml.root, "a scenario", root_keys, ROOT_COUNT,
                     values) ||
        !mn_yaml_integer(&reader->yaml, values[ROOT_SCENARIO], "the version of a scenario", 1, 1,
                         &version) ||
        !mn_yaml_is_text(&reader->yaml, values[ROOT_NAME], "name") ||
        (values[ROOT_TEXT] != NULL && !mn_yaml_is_text(&reader->yaml, values[ROOT_TEXT], "text"))) {
        return false;
    }
    scenario->name = scenario_keep(values[ROOT_NAME]->text);
    scenario->text = scenario_keep(values[ROOT_TEXT] != NULL ? values[ROOT_TEXT]->text : "");
    if (!scenario_read_cluster(reader, values[ROOT_CLUSTER], values[ROOT_GROW],
                               values[ROOT_FROM])) {
        return false;
    }
    for (size_t i = 1; i < SECTION_COUNT; i++) {
        if (!read_section(reader, &sections[i], values[ROOT_WORKLOAD + i - 1])) {
            return false;
        }
    }
    return check_settings(reader, values[ROOT_TIMING]) &&
           scenario_read_at(reader, values[ROOT_AT]) &&
           scenario_read_random(reader, values[ROOT_RANDOM]) &&
           scenario_read_expect(reader, values[ROOT_EXPECT]);
}

mn_result scenario_read(const char *bytes, size_t size, const char *origin,
                        struct scenario *scenario, struct mn_error *error)
{
    struct scenario made = {.path = scenario_keep(origin)};
    struct scenario_reader reader = {.scenario = &made};
    sim_config_init(&made.config);
    mn_result result = mn_yaml_init(&reader.yaml, bytes, size, SCENARIO_SIZE_MAX, origin, error);
    if (result == MN_OK) {
        result = read_root(&reader) ? MN_OK : reader.yaml.result;
        scenario_from_deinit(&reader);
        mn_yaml_deinit(&reader.yaml);
    }
    if (result == MN_OK) {
        *scenario = made;
    } else {
        scenario_deinit(&made);
    }
    return result;
}

mn_result scenario_load(const char *path, struct scenario *scenario, struct mn_error *error)
{
    struct mn_text text = {0};
    mn_result result = mn_file_read(path, SCENARIO_SIZE_MAX, &text, error);
    if (result == MN_OK) {
        result =
            scenario_read(text.bytes != NULL ? text.bytes : "", text.size, path, scenario, error);
    }
    mn_text_deinit(&text);
    return result;
}

void scenario_deinit(struct scenario *scenario)
{
    free(scenario->path);
    free(scenario->name);
    free(scenario->text);
    free(scenario->names);
    sim_tree_destroy(&scenario->tree);
    sim_faults_deinit(&scenario->faults);
    *scenario = (struct scenario){0};
}

static void help_setting(const struct setting *setting, struct mn_text *text)
{
    mn_text_add_format(text, "    %-22s %s", setting->name, setting->text);
    if (strcmp(setting->name, "shape") == 0) {
        mn_text_add_format(text, ", one of the shapes below (%s)\n", shape_words[0]);
    } else {
        mn_text_add_format(text, " (%lld; %lld to %lld)\n", (long long)setting->standard,
                           (long long)setting->least, (long long)setting->most);
    }
}

void scenario_help(struct mn_text *text)
{
    mn_text_add(text, "Settings, each in its section:\n");
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        mn_text_add_format(text, "  %s:\n", sections[i].name);
        for (size_t k = 0; k < SETTING_COUNT; k++) {
            if (section_has(&sections[i], settings[k].name)) {
                help_setting(&settings[k], text);
            }
        }
    }
    mn_text_add(text, "Shapes of the workload, whom a vat sends to:\n");
#define HELP_SHAPE(name, word, what) mn_text_add_format(text, "    %-22s %s\n", word, what);
    SIM_SHAPES(HELP_SHAPE)
#undef HELP_SHAPE
    mn_text_add(text, "Faults of the time line (at), with whom and with what number:\n");
#define HELP_FAULT(name, word, a, b, what)                                                         \
    mn_text_add_format(text, "    %-18s %-5s %-8s %s\n", word, a, b, what);
    SIM_FAULTS(HELP_FAULT)
#undef HELP_FAULT
    mn_text_add(text, "Disasters by chance (random):\n");
#define HELP_RANDOM(name, standard, least, most, what)                                             \
    mn_text_add_format(text, "    %-22s %s (%lld)\n", #name, what, (long long)(standard));
    SCENARIO_RANDOM(HELP_RANDOM)
#undef HELP_RANDOM
    mn_text_add(text, "Facts that may be expected (expect):\n");
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        mn_text_add_format(text, "    %-22s %s\n", fact_name((enum fact)i),
                           fact_text((enum fact)i));
    }
}
