/* Removing old evidence: each round leaves a file, and a disk that is full decides nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "shell/evidence_file.h"

enum {
    TRIM_FILE_COUNT_MAX = 1 << 24,
    TRIM_AT_ONCE_MAX = 64 /* records wait meanwhile */
};

struct trim_files {
    uint64_t *rounds;
    size_t count;
    size_t capacity;
};

/* The round whose evidence is named so; false when that is no name of evidence. */
static bool trim_parse(const char *name, uint64_t *round)
{
    char path[EVIDENCE_FILE_PATH_SIZE];
    const char *file = path + strlen("rounds/");
    *round = strtoull(name, NULL, 10);
    evidence_file_path_into(path, *round, false);
    bool is = strcmp(name, file) == 0;
    evidence_file_path_into(path, *round, true);
    return is || strcmp(name, file) == 0;
}

static int trim_compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* The rounds of which there is evidence, the oldest first. */
static mn_result trim_list(struct trim_files *files)
{
    mn_result result = MN_OK;
    DIR *directory = opendir("rounds");
    if (directory == NULL) {
        return mn_result_from_errno(errno);
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL && result == MN_OK;
         entry = readdir(directory)) {
        uint64_t round = 0;
        if (!trim_parse(entry->d_name, &round)) {
            continue;
        }
        result = mn_grow(&files->rounds, &files->capacity, files->count + 1, sizeof round,
                         TRIM_FILE_COUNT_MAX);
        if (result == MN_OK) {
            files->rounds[files->count++] = round;
        }
    }
    (void)closedir(directory);
    if (files->count > 0) {
        qsort(files->rounds, files->count, sizeof *files->rounds, trim_compare);
    }
    return result;
}

/* Remove both forms of it, one of which there is. */
static mn_result trim_remove(uint64_t round, uint64_t *bytes)
{
    mn_result result = MN_OK;
    for (int binary = 0; binary <= 1; binary++) {
        char path[EVIDENCE_FILE_PATH_SIZE];
        struct stat status;
        evidence_file_path_into(path, round, binary == 1);
        bool there = stat(path, &status) == 0;
        if (unlink(path) == 0) {
            *bytes += there ? (uint64_t)status.st_size : 0;
        } else if (errno != ENOENT) {
            result = mn_result_from_errno(errno);
        }
    }
    return result;
}

mn_result evidence_file_trim(uint32_t keep, uint64_t below, struct evidence_trimmed *trimmed)
{
    struct trim_files files = {0};
    *trimmed = (struct evidence_trimmed){0};
    mn_result result = trim_list(&files);
    for (size_t i = 0; result == MN_OK && i + keep < files.count && files.rounds[i] < below &&
                       trimmed->count < TRIM_AT_ONCE_MAX;
         i++) {
        result = trim_remove(files.rounds[i], &trimmed->bytes);
        if (result == MN_OK) {
            trimmed->first = trimmed->count == 0 ? files.rounds[i] : trimmed->first;
            trimmed->last = files.rounds[i];
            trimmed->count += 1;
        }
    }
    free(files.rounds);
    return result;
}
