/* A journal in a directory of its own, on one of the back ends, for the tests. */
#ifndef TESTS_JOURNAL_PLACE_H
#define TESTS_JOURNAL_PLACE_H

#include <stdint.h>

#include "shell/journal.h"

/* What the suite must know of a back end. What is at `path` may be more than one file. */
struct journal_place_back_end {
    const char *name;
    mn_result (*open)(struct journal *journal, const char *path, struct mn_error *error);
};

extern const struct journal_place_back_end journal_place_back_ends[];
extern const size_t journal_place_back_end_count;

struct journal_place {
    const struct journal_place_back_end *back_end;
    char directory[32];
    char path[80];
    struct journal journal;
};

/* For cmocka. *@state is a back end before the first, a place between them. */
int journal_place_make(void **state);
int journal_place_remove(void **state);

/* End what has it open, as a crash does, and open it again. */
mn_result journal_place_again(struct journal_place *place, struct mn_error *error);

/* Copy the journal as it is on the disk to @name in the same directory, and back: then what is
 * there is as it was. Nobody may have it open. */
void journal_place_copy(const struct journal_place *place, const char *name);
void journal_place_put_back(const struct journal_place *place, const char *name);
void journal_place_path(const struct journal_place *place, const char *name, char path[80]);

/* A record of kind 3, written at 77. */
mn_result journal_place_append(struct journal *journal, uint64_t generation, uint64_t sequence,
                               const char *text, struct mn_error *error);

/* All records from @from on as "sequence:generation:bytes ". */
enum { JOURNAL_PLACE_TEXT_SIZE = 1024 };
mn_result journal_place_read(struct journal *journal, uint64_t from,
                             char text[JOURNAL_PLACE_TEXT_SIZE]);
mn_result journal_place_read_aside(struct journal *journal, char text[JOURNAL_PLACE_TEXT_SIZE]);

#endif
