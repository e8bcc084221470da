/* What operators said of a round, as a part of other answers. */
#include <stdio.h>

#include "shell/answer.h"

json_t *answer_bounds(const struct mn_plan_bounds *bounds)
{
    json_t *reset = json_array();
    for (uint32_t i = 0; i < bounds->reset_count && i < ANSWER_STEP_NAME_COUNT_MAX; i++) {
        if (json_array_append_new(reset, json_string(bounds->reset[i].text)) != 0) {
            json_decref(reset);
            return NULL;
        }
    }
    return json_pack("{s:I, s:I, s:I, s:o, s:I, s:I}", "restored", (json_int_t)bounds->restored,
                     "rolled_back", (json_int_t)bounds->rolled_back, "resets",
                     (json_int_t)bounds->reset_count, "reset", reset, "spared",
                     (json_int_t)bounds->spared, "unsure", (json_int_t)bounds->unsure);
}

json_t *answer_step(const struct mn_journal_step *step)
{
    char plan[ANSWER_PLAN_SIZE];
    answer_plan_name(step->bounds.plan, plan);
    if (step->step == MN_STEP_ADOPT) {
        return json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I}", "step",
                         mn_step_name(step->step), "round", (json_int_t)step->round, "vat",
                         step->vat.text, "run", (json_int_t)step->run, "host", step->host.text,
                         "store", step->store, "operator", step->operator_name.text, "key",
                         step->key, "reason", step->reason, "at", (json_int_t)step->at);
    }
    return json_pack("{s:s, s:I, s:s, s:o, s:s, s:s, s:s, s:I}", "step", mn_step_name(step->step),
                     "round", (json_int_t)step->round, "plan", plan, "bounds",
                     answer_bounds(&step->bounds), "operator", step->operator_name.text, "key",
                     step->key, "reason", step->reason, "at", (json_int_t)step->at);
}

json_t *answer_steps(const struct answer_source *source, uint64_t after, uint64_t through)
{
    json_t *list = json_array();
    size_t count = coordinator_step_count(source->coordinator);
    for (size_t i = 0; i < count && json_array_size(list) < ANSWER_STEP_COUNT_MAX; i++) {
        const struct mn_journal_step *step = coordinator_step_at(source->coordinator, i);
        if (step->round > after && step->round <= through &&
            json_array_append_new(list, answer_step(step)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *answer_recalls(const struct answer_source *source)
{
    json_t *list = json_array();
    size_t count = coordinator_recall_count(source->coordinator);
    size_t first = count > ANSWER_STEP_COUNT_MAX ? count - ANSWER_STEP_COUNT_MAX : 0;
    for (size_t i = first; i < count; i++) {
        uint64_t sequence = 0;
        const struct mn_journal_recall *recall =
            coordinator_recall_at(source->coordinator, i, &sequence);
        json_t *absent = json_array();
        for (uint32_t k = 0; k < recall->absent_count; k++) {
            (void)json_array_append_new(absent, json_string(recall->absent[k].text));
        }
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:o, s:I, s:I}", "operator", recall->operator_name.text,
                      "key", recall->key, "reason", recall->reason, "absent", absent, "record",
                      (json_int_t)sequence, "at", (json_int_t)recall->at);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

void answer_plan_name(uint64_t plan, char name[ANSWER_PLAN_SIZE])
{
    (void)snprintf(name, ANSWER_PLAN_SIZE, "%016llx", (unsigned long long)plan);
}
