/* The settings of a simulation by name. */
#include "engine/sim_config.h"

#include <string.h>

void sim_config_init(struct sim_config *config)
{
#define SIM_SETTING_DEFAULT(name, standard, least, most, text) config->name = (standard);
    SIM_SETTINGS(SIM_SETTING_DEFAULT)
#undef SIM_SETTING_DEFAULT
}

bool sim_config_set(struct sim_config *config, const char *setting, int64_t value)
{
#define SIM_SETTING_SET(name, standard, least, most, text)                                         \
    if (strcmp(setting, #name) == 0) {                                                             \
        if (value < (least) || value > (most)) {                                                   \
            return false;                                                                          \
        }                                                                                          \
        config->name = value;                                                                      \
        return true;                                                                               \
    }
    SIM_SETTINGS(SIM_SETTING_SET)
#undef SIM_SETTING_SET
    return false;
}

static void write_setting(struct mn_text *text, const char *name, int64_t value)
{
    mn_text_add(text, name);
    mn_text_add(text, " ");
    mn_text_add_i64(text, value);
    mn_text_add(text, "\n");
}

void sim_config_write(const struct sim_config *config, struct mn_text *text)
{
    struct sim_config standard;
    sim_config_init(&standard);
    standard.seed = config->seed - 1;
#define SIM_SETTING_WRITE(name, ...)                                                               \
    if (config->name != standard.name) {                                                           \
        write_setting(text, #name, config->name);                                                  \
    }
    SIM_SETTINGS(SIM_SETTING_WRITE)
#undef SIM_SETTING_WRITE
}

uint32_t sim_config_hosts(const struct sim_config *config)
{
    return (uint32_t)(config->zones * config->racks * config->hosts);
}
