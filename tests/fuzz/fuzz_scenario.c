/* The scenario reader takes any bytes, and what it has read can be simulated: every setting within
 * its bounds, every fault about somebody who is there. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_faults(const struct scenario *scenario)
{
    const struct sim_config *config = &scenario->config;
    for (size_t i = 0; i < scenario->faults.count; i++) {
        const struct sim_fault *fault = &scenario->faults.items[i];
        mn_assert(fault->kind < SIM_FAULT_COUNT);
        mn_assert(fault->at_ms >= 0 && fault->at_ms <= SCENARIO_MS_MAX);
        mn_assert(fault->for_ms >= 0 && fault->for_ms <= SCENARIO_MS_MAX);
        mn_assert(fault->a < (uint64_t)config->vats || fault->a < sim_config_hosts(config));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct scenario scenario;
    struct mn_error error = {{0}};
    if (memmem(bytes, size, "from", 4) != NULL) {
        return 0; /* no fuzzer is to open whatever it likes */
    }
    mn_result result = scenario_read((const char *)bytes, size, "fuzz", &scenario, &error);
    if (result != MN_OK) {
        mn_assert(error.text[0] != '\0');
        return 0;
    }
    mn_assert(scenario.name != NULL && scenario.text != NULL && scenario.tree == NULL);
#define FUZZ_BOUNDS(setting, standard, least, most, text)                                          \
    mn_assert(scenario.config.setting >= (least) && scenario.config.setting <= (most));
    SIM_SETTINGS(FUZZ_BOUNDS)
#undef FUZZ_BOUNDS
    check_faults(&scenario);
    for (size_t i = 0; i < scenario.expect_count; i++) {
        mn_assert(scenario.expects[i].fact < FACT_COUNT);
        mn_assert(scenario.expects[i].least <= scenario.expects[i].most);
    }
    scenario_deinit(&scenario);
    return 0;
}
