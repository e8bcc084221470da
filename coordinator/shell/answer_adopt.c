/* How far the adoption of a disk is, or what it came to. */
#include <stdio.h>

#include "shell/answer.h"
#include "store/checkpoint_file.h"

static json_t *adopt_passed(const struct coordinator_adoption_facts *facts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < facts->said->passed_count; i++) {
        const struct mn_passed *passed = &facts->passed[i];
        char name[MN_CHECKPOINT_NAME_SIZE];
        mn_checkpoint_name_into(name, passed->epoch);
        json_t *row = json_pack("{s:s, s:I, s:s}", "file", name, "epoch", (json_int_t)passed->epoch,
                                "why", mn_passed_name(passed->why));
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

mn_result answer_adopt(const struct answer_source *source, const char *vat, uint64_t number,
                       json_t **json, struct mn_error *error)
{
    struct coordinator_adoption_facts facts;
    uint32_t index = topology_find_vat(source->topology, vat);
    if (index == TOPOLOGY_NONE || !coordinator_adoption(source->coordinator, index, &facts) ||
        (number != 0 && number != facts.number)) {
        mn_error_set(error,
                     "this coordinator knows nothing of that adoption of %s: say the same again",
                     vat);
        return MN_NOT_FOUND;
    }
    if (!keeping_leads(source->keeping)) {
        mn_error_set(error, "this coordinator leads no more: say the same again to the one that "
                            "does");
        return MN_AGAIN;
    }
    const struct mn_adopted *said = facts.said;
    *json = json_pack("{s:I, s:I, s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
                      "number", (json_int_t)facts.number, "round", (json_int_t)facts.round, "vat",
                      vat, "host", source->topology->hosts[facts.host].name, "store", facts.store,
                      "over", said->over ? 1 : 0, "result", mn_result_name(said->code), "text",
                      said->text, "found", (json_int_t)said->found, "done", (json_int_t)said->done,
                      "taken", (json_int_t)said->taken, "held", (json_int_t)said->held, "through",
                      (json_int_t)said->through, "passed", adopt_passed(&facts), "passed_count",
                      (json_int_t)said->passed_in_all);
    return *json != NULL ? MN_OK : MN_NO_MEMORY;
}
