/* What the operator's command says about the cluster: the demo asks as a person would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

json_t *demo_ask(struct demo *demo, const char *command)
{
    char program[DEMO_PATH_MAX + 16];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    char *argv[] = {program,        (char *)command, "--json",           "--topology",
                    demo->topology, "--key",         demo->operator_key, NULL};
    char *output = NULL;
    int status = demo_run(argv, &output);
    json_t *facts = status == 0 && output != NULL ? json_loads(output, 0, NULL) : NULL;
    free(output);
    return facts;
}

char *demo_explain(struct demo *demo, int64_t round, const char *vat)
{
    char program[DEMO_PATH_MAX + 16];
    char number[32];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    (void)snprintf(number, sizeof number, "%lld", (long long)round);
    char *argv[] = {program, "explain",          number, (char *)vat, "--topology", demo->topology,
                    "--key", demo->operator_key, NULL};
    char *output = NULL;
    if (demo_run(argv, &output) != 0) {
        free(output);
        return NULL;
    }
    return output;
}

int64_t demo_waiting_round(struct demo *demo)
{
    json_t *facts = demo_ask(demo, "rounds");
    size_t index = 0;
    json_t *round = NULL;
    int64_t waiting = 0;
    json_array_foreach(json_object_get(facts, "rounds"), index, round)
    {
        const char *state = json_string_value(json_object_get(round, "state"));
        if (state != NULL && strcmp(state, "plan") == 0) {
            waiting = json_integer_value(json_object_get(round, "round"));
        }
    }
    json_decref(facts);
    return waiting;
}

char *demo_plan(struct demo *demo, int64_t round)
{
    enum { CHANGES = 2 }; /* the exit status that says so */
    char program[DEMO_PATH_MAX + 16];
    char number[32];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    (void)snprintf(number, sizeof number, "%lld", (long long)round);
    char *argv[] = {
        program, "plan", number, "--topology", demo->topology, "--key", demo->operator_key, NULL};
    char *output = NULL;
    if (demo_run(argv, &output) != CHANGES) {
        free(output);
        return NULL;
    }
    return output;
}

bool demo_approve(struct demo *demo, int64_t round, const char *reason)
{
    char program[DEMO_PATH_MAX + 16];
    char number[32];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    (void)snprintf(number, sizeof number, "%lld", (long long)round);
    char *argv[] = {program,      "approve",      number,  "--reason",         (char *)reason,
                    "--topology", demo->topology, "--key", demo->operator_key, NULL};
    char *output = NULL;
    bool fine = demo_run(argv, &output) == 0;
    free(output);
    return fine;
}

/* The file is the coordinator's own, of the round's evidence. */
char *demo_cut(struct demo *demo, int64_t round)
{
    char program[DEMO_PATH_MAX + 16];
    char evidence[DEMO_PATH_MAX + 64];
    char answer[DEMO_PATH_MAX + 64];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    (void)snprintf(evidence, sizeof evidence, "%s/coordinator/rounds/%lld.evidence.json",
                   demo->directory, (long long)round);
    (void)snprintf(answer, sizeof answer, "%s/cut-%lld.json", demo->directory, (long long)round);
    char *decide[] = {program, "cut", "--json", "--proof", evidence, NULL};
    char *check[] = {program, "cut", "--check", evidence, answer, NULL};
    char *output = NULL;
    char *verdict = NULL;
    FILE *file = demo_run(decide, &output) == 0 && output != NULL ? fopen(answer, "we") : NULL;
    bool written = file != NULL && fputs(output, file) >= 0;
    bool fine = file != NULL && fclose(file) == 0 && written && demo_run(check, &verdict) == 0;
    free(verdict);
    if (!fine) {
        free(output);
        return NULL;
    }
    return output;
}

static bool facts_all_in_state(const json_t *rows, const char *state, size_t count)
{
    size_t index = 0;
    json_t *row = NULL;
    size_t found = 0;
    json_array_foreach(rows, index, row)
    {
        const char *text = json_string_value(json_object_get(row, "state"));
        if (text != NULL && strcmp(text, state) == 0) {
            found += 1;
        }
    }
    return found == count;
}

bool demo_all_up(struct demo *demo)
{
    json_t *status = demo_ask(demo, "status");
    bool up = status != NULL &&
              facts_all_in_state(json_object_get(status, "hosts"), "up", DEMO_HOST_COUNT) &&
              facts_all_in_state(json_object_get(status, "vats"), "up", DEMO_VAT_COUNT);
    json_decref(status);
    return up;
}

int demo_aside_count(struct demo *demo)
{
    json_t *status = demo_ask(demo, "status");
    int count = (int)json_array_size(json_object_get(status, "aside"));
    json_decref(status);
    return count;
}

int demo_newest_round(json_t *rounds, json_t **newest)
{
    json_t *list = json_object_get(rounds, "rounds");
    size_t count = json_array_size(list);
    *newest = NULL;
    int64_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        json_t *round = json_array_get(list, i);
        int64_t number = json_integer_value(json_object_get(round, "round"));
        if (number > highest) {
            highest = number;
            *newest = round;
        }
    }
    return (int)count;
}

bool demo_round_done(struct demo *demo)
{
    json_t *rounds = demo_ask(demo, "rounds");
    json_t *newest = NULL;
    bool done = false;
    if (rounds != NULL && demo_newest_round(rounds, &newest) > 0) {
        const char *state = json_string_value(json_object_get(newest, "state"));
        done = state != NULL && strcmp(state, "done") == 0;
    }
    json_decref(rounds);
    return done;
}
