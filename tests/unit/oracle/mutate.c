/* Walking to a random value of an answer and changing it there. */
#include "oracle/mutate.h"

#include "base/check.h"

static size_t node_count(const json_t *json)
{
    size_t count = 1;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)json, key, value)
    {
        count += node_count(value);
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        count += node_count(json_array_get(json, i));
    }
    return count;
}

static const char *random_key(const json_t *object, struct mn_random *random)
{
    size_t skip = mn_random_below(random, json_object_size(object));
    void *at = json_object_iter((json_t *)object);
    for (; skip > 0; skip--) {
        at = json_object_iter_next((json_t *)object, at);
    }
    return json_object_iter_key(at);
}

/* Take something out of a list or object, put something in, or double it. */
static void change_container(json_t *json, struct mn_random *random)
{
    size_t choice = mn_random_below(random, 3);
    if (json_is_object(json)) {
        if (choice == 0 || json_object_size(json) == 0) {
            mn_assert(json_object_set_new(json, "extra", json_integer(1)) == 0);
        } else {
            mn_assert(json_object_del(json, random_key(json, random)) == 0);
        }
        return;
    }
    size_t size = json_array_size(json);
    if (size == 0) {
        mn_assert(json_array_append_new(json, json_integer(1)) == 0);
        return;
    }
    size_t at = mn_random_below(random, size);
    json_t *item = json_incref(json_array_get(json, at));
    if (choice != 1) {
        mn_assert(json_array_remove(json, at) == 0);
    }
    if (choice != 0) {
        mn_assert(
            json_array_insert(json, mn_random_below(random, json_array_size(json) + 1), item) == 0);
    }
    json_decref(item);
}

/* Another value in place of a number, word, flag or null. */
static json_t *other_value(const json_t *value, const json_t *answer, struct mn_random *random)
{
    const json_t *vats = json_object_get(answer, "vats");
    switch (mn_random_below(random, 5)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(!json_is_true(value));
    case 2:
        return json_string(json_object_size(vats) > 0 ? random_key(vats, random) : "running");
    default:
        break;
    }
    if (json_is_integer(value)) {
        json_int_t step = mn_random_below(random, 2) == 0 ? 1 : -1;
        return json_integer(json_integer_value(value) + step);
    }
    if (json_is_boolean(value)) {
        return json_boolean(!json_is_true(value));
    }
    static const char *const words[] = {"running", "revived", "rolled_back", "reset",
                                        "lost",    "unknown", "v0",          "v1"};
    return json_is_null(value) ? json_integer((json_int_t)mn_random_below(random, 9) + 1)
                               : json_string(words[mn_random_below(random, 8)]);
}

/* Change the number-th node below @json, counting as node_count does; the number that is left. */
static size_t change_node(json_t *json, size_t number, json_t *answer, struct mn_random *random)
{
    if (number == 0) {
        change_container(json, random);
        return 0;
    }
    number--;
    size_t size = json_is_object(json) ? json_object_size(json) : json_array_size(json);
    void *at = json_object_iter(json);
    for (size_t i = 0; i < size; i++) {
        json_t *value = json_is_object(json) ? json_object_iter_value(at) : json_array_get(json, i);
        size_t inside = node_count(value);
        if (number >= inside) {
            number -= inside;
            at = json_is_object(json) ? json_object_iter_next(json, at) : NULL;
            continue;
        }
        if (json_is_object(value) || json_is_array(value)) {
            return change_node(value, number, answer, random);
        }
        json_t *other = other_value(value, answer, random);
        mn_assert((json_is_object(json) ? json_object_iter_set_new(json, at, other)
                                        : json_array_set_new(json, i, other)) == 0);
        return 0;
    }
    return number;
}

json_t *mutate_answer(const json_t *answer, struct mn_random *random)
{
    json_t *mutated = json_deep_copy(answer);
    (void)change_node(mutated, mn_random_below(random, node_count(mutated)), mutated, random);
    return mutated;
}
