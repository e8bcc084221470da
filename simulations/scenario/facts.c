/* The names of facts. */
#include "scenario/facts.h"

#include <string.h>

static const char *const fact_names[] = {
#define FACT_NAME(name, text) #name,
    SCENARIO_FACTS(FACT_NAME)
#undef FACT_NAME
};

static const char *const fact_texts[] = {
#define FACT_TEXT(name, text) text,
    SCENARIO_FACTS(FACT_TEXT)
#undef FACT_TEXT
};

const char *fact_name(enum fact fact)
{
    return fact_names[fact];
}

const char *fact_text(enum fact fact)
{
    return fact_texts[fact];
}

enum fact fact_find(const char *name)
{
    unsigned fact = 0;
    while (fact < FACT_COUNT && strcmp(fact_names[fact], name) != 0) {
        fact += 1;
    }
    return (enum fact)fact;
}

bool fact_is_time(enum fact fact)
{
    size_t size = strlen(fact_names[fact]);
    return size > 3 && strcmp(fact_names[fact] + size - 3, "_ms") == 0;
}
