/* Fault scripts as lists and as text. */
#include "engine/sim_fault.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

enum { SIM_FAULT_COUNT_MAX = 1 << 20 };

static const char *const fault_names[] = {
#define SIM_FAULT_NAME(name, word, a, b, text) word,
    SIM_FAULTS(SIM_FAULT_NAME)
#undef SIM_FAULT_NAME
};

static const char *const aim_names[] = {
#define SIM_AIM_NAME(name, word, text) word,
    SIM_AIMS(SIM_AIM_NAME)
#undef SIM_AIM_NAME
};

void sim_faults_add(struct sim_faults *faults, struct sim_fault fault)
{
    mn_result result = mn_grow(&faults->items, &faults->capacity, faults->count + 1,
                               sizeof *faults->items, SIM_FAULT_COUNT_MAX);
    mn_assert(result == MN_OK);
    faults->items[faults->count++] = fault;
}

void sim_faults_deinit(struct sim_faults *faults)
{
    free(faults->items);
    *faults = (struct sim_faults){0};
}

const char *sim_fault_name(enum sim_fault_kind kind)
{
    return fault_names[kind];
}

bool sim_fault_find(const char *name, enum sim_fault_kind *kind)
{
    for (size_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strcmp(name, fault_names[i]) == 0) {
            *kind = (enum sim_fault_kind)i;
            return true;
        }
    }
    return false;
}

bool sim_aim_find(const char *name, enum sim_aim *aim)
{
    for (size_t i = SIM_AIM_NONE + 1; i < SIM_AIM_COUNT; i++) {
        if (strcmp(name, aim_names[i]) == 0) {
            *aim = (enum sim_aim)i;
            return true;
        }
    }
    return false;
}

void sim_fault_write(const struct sim_fault *fault, struct mn_text *text)
{
    mn_text_add_format(text, "fault %lld %s %u %u %lld", (long long)fault->at_ms,
                       fault_names[fault->kind], fault->a, fault->b, (long long)fault->for_ms);
    if (fault->aim != SIM_AIM_NONE) {
        mn_text_add_format(text, " %s %u", aim_names[fault->aim], fault->after_ms);
    }
    mn_text_add(text, "\n");
}
