/* See journal_place.h. */
#include "journal_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct journal_place_back_end journal_place_back_ends[] = {{"sqlite", journal_open_sqlite}};
const size_t journal_place_back_end_count =
    sizeof journal_place_back_ends / sizeof *journal_place_back_ends;

int journal_place_make(void **state)
{
    struct journal_place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->back_end = *state;
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/mneme-journal-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    journal_place_path(place, "journal.db", place->path);
    assert_int_equal(place->back_end->open(&place->journal, place->path, NULL), MN_OK);
    *state = place;
    return 0;
}

/* Hand the name of each file of the place to @visit. */
static void place_files(const struct journal_place *place,
                        void (*visit)(const struct journal_place *, const char *, const char *),
                        const char *context)
{
    char names[16][32];
    size_t count = 0;
    DIR *directory = opendir(place->directory);
    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.') {
            assert_true(count < sizeof names / sizeof *names);
            (void)snprintf(names[count++], sizeof *names, "%.31s", entry->d_name);
        }
    }
    (void)closedir(directory);
    for (size_t i = 0; i < count; i++) {
        visit(place, names[i], context);
    }
}

static void file_remove(const struct journal_place *place, const char *name, const char *context)
{
    char path[80];
    (void)context;
    journal_place_path(place, name, path);
    assert_int_equal(unlink(path), 0);
}

int journal_place_remove(void **state)
{
    struct journal_place *place = *state;
    journal_close(&place->journal);
    place_files(place, file_remove, NULL);
    assert_int_equal(rmdir(place->directory), 0);
    free(place);
    return 0;
}

mn_result journal_place_again(struct journal_place *place, struct mn_error *error)
{
    journal_close(&place->journal);
    return place->back_end->open(&place->journal, place->path, error);
}

void journal_place_path(const struct journal_place *place, const char *name, char path[80])
{
    (void)snprintf(path, 80, "%s/%s", place->directory, name);
}

static void file_copy(const struct journal_place *place, const char *from, const char *to)
{
    char source_path[80];
    char target_path[80];
    char bytes[4096];
    journal_place_path(place, from, source_path);
    journal_place_path(place, to, target_path);
    FILE *source = fopen(source_path, "rb");
    FILE *target = fopen(target_path, "wb");
    assert_non_null(source);
    assert_non_null(target);
    for (size_t size = 1; size > 0;) {
        size = fread(bytes, 1, sizeof bytes, source);
        assert_int_equal(fwrite(bytes, 1, size, target), size);
    }
    assert_int_equal(fclose(source), 0);
    assert_int_equal(fclose(target), 0);
}

/* "journal.db-wal" is copied to "NAME-wal", say. */
static void file_keep(const struct journal_place *place, const char *file, const char *name)
{
    char to[64];
    if (strncmp(file, "journal.db", 10) == 0) {
        (void)snprintf(to, sizeof to, "%s%s", name, file + 10);
        file_copy(place, file, to);
    }
}

static void file_forget(const struct journal_place *place, const char *file, const char *name)
{
    if (strncmp(file, "journal.db", 10) == 0) {
        file_remove(place, file, name);
    }
}

static void file_put_back(const struct journal_place *place, const char *file, const char *name)
{
    char to[64];
    size_t length = strlen(name);
    if (strncmp(file, name, length) == 0) {
        (void)snprintf(to, sizeof to, "journal.db%s", file + length);
        file_copy(place, file, to);
    }
}

void journal_place_copy(const struct journal_place *place, const char *name)
{
    place_files(place, file_keep, name);
}

void journal_place_put_back(const struct journal_place *place, const char *name)
{
    place_files(place, file_forget, name);
    place_files(place, file_put_back, name);
}

mn_result journal_place_append(struct journal *journal, uint64_t generation, uint64_t sequence,
                               const char *text, struct mn_error *error)
{
    struct journal_entry entry = {.sequence = sequence,
                                  .generation = generation,
                                  .kind = 3,
                                  .written_at = 77,
                                  .bytes = (const unsigned char *)text,
                                  .size = strlen(text)};
    return journal_append(journal, &entry, 1, error);
}

static mn_result note(void *context, const struct journal_entry *entry)
{
    char *text = context;
    size_t length = strlen(text);
    assert_int_equal(entry->kind, 3);
    assert_int_equal(entry->written_at, 77);
    (void)snprintf(text + length, JOURNAL_PLACE_TEXT_SIZE - length, "%d:%d:%.*s ",
                   (int)entry->sequence, (int)entry->generation, (int)entry->size,
                   (const char *)entry->bytes);
    return MN_OK;
}

mn_result journal_place_read(struct journal *journal, uint64_t from,
                             char text[JOURNAL_PLACE_TEXT_SIZE])
{
    text[0] = '\0';
    return journal_read(journal, from, note, text, NULL);
}

mn_result journal_place_read_aside(struct journal *journal, char text[JOURNAL_PLACE_TEXT_SIZE])
{
    text[0] = '\0';
    return journal_aside(journal, note, text, NULL);
}
