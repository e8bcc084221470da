/* Runs as files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "swarm/swarm.h"

enum { SCRIPT_LINE_SIZE = 600 };

void swarm_script_deinit(struct swarm_script *script)
{
    sim_faults_deinit(&script->faults);
}

void swarm_script_copy(struct swarm_script *to, const struct swarm_script *from)
{
    *to = *from;
    to->faults = (struct sim_faults){.crash = from->faults.crash};
    for (size_t i = 0; i < from->faults.count; i++) {
        sim_faults_add(&to->faults, from->faults.items[i]);
    }
}

mn_result swarm_script_write(const struct swarm_script *script, const char *path,
                             struct mn_error *error)
{
    struct mn_text text = {0};
    mn_text_add_format(&text, "# %s\n", script->about);
    sim_config_write(&script->config, &text);
    for (size_t i = 0; i < script->faults.count; i++) {
        sim_fault_write(&script->faults.items[i], &text);
    }
    const struct sim_crash *crash = &script->faults.crash;
    if (crash->effect > 0) {
        mn_text_add_format(&text, "crash %u %" PRIu64 " %d\n", crash->who, crash->effect,
                           crash->lose ? 1 : 0);
    }
    mn_result result = mn_text_result(&text);
    FILE *file = result == MN_OK ? fopen(path, "w") : NULL;
    bool written = file != NULL && fwrite(text.bytes, 1, text.size, file) == text.size;
    written = file != NULL && fclose(file) == 0 && written;
    if (result == MN_OK && !written) {
        result = mn_result_from_errno(errno);
        mn_error_set(error, "cannot write %s: %s", path, strerror(errno));
    }
    mn_text_deinit(&text);
    return result;
}

static bool read_fault(struct swarm_script *script, const char *line)
{
    char name[64];
    long long at_ms = 0;
    long long for_ms = 0;
    unsigned a = 0;
    unsigned b = 0;
    char word[64];
    unsigned after_ms = 0;
    enum sim_fault_kind kind = SIM_FAULT_KILL_VAT;
    enum sim_aim aim = SIM_AIM_NONE;
    // NOLINTBEGIN(cert-err34-c): numbers that are too large are of no use, and do no harm
    int found = sscanf(line, "fault %lld %63s %u %u %lld %63s %u", &at_ms, name, &a, &b, &for_ms,
                       word, &after_ms);
    // NOLINTEND(cert-err34-c)
    if ((found != 5 && found != 7) || !sim_fault_find(name, &kind) ||
        (found == 7 && !sim_aim_find(word, &aim))) {
        return false;
    }
    sim_faults_add(&script->faults, (struct sim_fault){.at_ms = at_ms,
                                                       .kind = kind,
                                                       .a = a,
                                                       .b = b,
                                                       .for_ms = for_ms,
                                                       .aim = aim,
                                                       .after_ms = after_ms});
    return true;
}

static bool read_crash(struct swarm_script *script, const char *line)
{
    struct sim_crash crash = {0};
    unsigned lose = 0;
    // NOLINTNEXTLINE(cert-err34-c): numbers that are too large are of nobody, and do no harm
    if (sscanf(line, "crash %" SCNu32 " %" SCNu64 " %u", &crash.who, &crash.effect, &lose) != 3) {
        return false;
    }
    crash.lose = lose != 0;
    script->faults.crash = crash;
    return true;
}

static bool read_line(struct swarm_script *script, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0') {
        return true;
    }
    if (line[0] == '#') {
        if (script->about[0] == '\0') {
            (void)snprintf(script->about, sizeof script->about, "%.500s",
                           line[1] == ' ' ? line + 2 : line + 1);
        }
        return true;
    }
    if (strncmp(line, "fault ", 6) == 0) {
        return read_fault(script, line);
    }
    if (strncmp(line, "crash ", 6) == 0) {
        return read_crash(script, line);
    }
    if (strncmp(line, "must ", 5) == 0) {
        enum sim_sometimes which = sim_sometimes_find(line + 5);
        if (which == SIM_SOMETIMES_COUNT) {
            return false;
        }
        script->must[which] = true;
        return true;
    }
    char name[64];
    long long value = 0;
    // NOLINTNEXTLINE(cert-err34-c): the setting's own bounds are checked
    return sscanf(line, "%63s %lld", name, &value) == 2 &&
           sim_config_set(&script->config, name, value);
}

enum sim_sometimes swarm_script_missing(const struct swarm_script *script,
                                        const struct sim_result *result)
{
    for (int i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        if (script->must[i] && result->sometimes[i] == 0) {
            return (enum sim_sometimes)i;
        }
    }
    return SIM_SOMETIMES_COUNT;
}

mn_result swarm_script_read(struct swarm_script *script, const char *path, struct mn_error *error)
{
    char line[SCRIPT_LINE_SIZE];
    unsigned number = 0;
    memset(script, 0, sizeof *script);
    sim_config_init(&script->config);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        mn_error_set(error, "cannot read %s: %s", path, strerror(errno));
        return mn_result_from_errno(errno);
    }
    mn_result result = MN_OK;
    while (result == MN_OK && fgets(line, sizeof line, file) != NULL) {
        number += 1;
        if (!read_line(script, line)) {
            mn_error_set(error,
                         "%s:%u: expected a setting and its value, a fault, or must and what", path,
                         number);
            result = MN_BAD_INPUT;
        }
    }
    (void)fclose(file);
    if (result != MN_OK) {
        swarm_script_deinit(script);
    }
    return result;
}
