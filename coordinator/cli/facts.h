/* Reading the facts of the coordinator's answers; what is missing reads as nothing. */
#ifndef COORDINATOR_CLI_FACTS_H
#define COORDINATOR_CLI_FACTS_H

#include <jansson.h>

static inline json_int_t facts_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* "?" when there is no such text. */
static inline const char *facts_word(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "?";
}

#endif
