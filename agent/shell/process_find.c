/* Looking at processes that earlier agents started. "It has ended" is said of those alone that are
 * seen to be no more: another process of a vat whose first one lives would have the same store. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "process.h"

enum { PROCESS_PATH_SIZE = 2048 };

/* Whether a process executes the same file as we do. */
static bool process_is_agent(uint32_t pid)
{
    char path[64];
    struct stat its;
    struct stat ours;
    (void)snprintf(path, sizeof path, "/proc/%u/exe", pid);
    return stat(path, &its) == 0 && stat("/proc/self/exe", &ours) == 0 &&
           its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/* Whether the process of that pid and start time was started for @vat: both may repeat after a
 * reboot. One that was released when its agent died may not have executed its command yet, or be at
 * it: then its environment is the agent's, or empty; that of one which has other rights by now
 * nobody may read. */
static mn_result process_is_of(uint32_t pid, const struct mn_name *vat)
{
    struct agent_environ environment;
    agent_environ_init(&environment, pid);
    const char *named = agent_environ_find(&environment, "MNEME_VAT");
    mn_result result = mn_result_from_errno(environment.code);
    if (result == MN_DENIED) {
        result = MN_OK;
    } else if (result == MN_OK) {
        bool early = named == NULL && (environment.size == 0 || process_is_agent(pid));
        bool found = named != NULL && strcmp(named, vat->text) == 0;
        result = found || early ? MN_OK : MN_NOT_FOUND;
    }
    agent_environ_deinit(&environment);
    return result;
}

mn_result agent_process_look(uint32_t pid, uint64_t pid_started, const struct mn_name *vat)
{
    uint64_t ticks = 0;
    if (!agent_process_began(pid, &ticks)) {
        return mn_result_from_errno(errno);
    }
    return ticks == pid_started ? process_is_of(pid, vat) : MN_NOT_FOUND;
}

/* Whether the process works in this directory, or did in one of that path which was deleted. */
static bool found_works_in(uint32_t pid, const char *directory)
{
    static const char deleted[] = " (deleted)";
    char path[64];
    char cwd[PROCESS_PATH_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%u/cwd", pid);
    ssize_t size = readlink(path, cwd, sizeof cwd - 1);
    size_t length = strlen(directory);
    if (size < 0 || (size_t)size < length || memcmp(cwd, directory, length) != 0) {
        return false;
    }
    cwd[size] = '\0';
    return cwd[length] == '\0' || strcmp(cwd + length, deleted) == 0;
}

static int found_digit(char text)
{
    return text >= '0' && text <= '9'   ? text - '0'
           : text >= 'a' && text <= 'f' ? text - 'a' + 10
                                        : -1;
}

/* What spawn_say_start said of @vat; false when it did not, or something else stands there. */
static bool found_start(const char *text, const struct mn_name *vat, struct mn_arena *arena,
                        struct mn_agent_record *record)
{
    unsigned char bytes[AGENT_START_TEXT_SIZE / 2];
    size_t size = 0;
    for (; text != NULL && text[0] != '\0' && size < sizeof bytes; text += 2) {
        int high = found_digit(text[0]);
        int low = high >= 0 ? found_digit(text[1]) : -1;
        if (low < 0) {
            return false;
        }
        bytes[size] = (unsigned char)(high << 4 | low);
        size += 1;
    }
    return text != NULL && text[0] == '\0' && size > 0 &&
           mn_agent_record_decode(bytes, size, arena, record) == MN_OK &&
           record->kind == MN_AGENT_VAT && mn_name_equal(&record->vat.start.vat, vat);
}

/* What not being able to read a process's files amounts to: one that has ended meanwhile, or that
 * belongs to somebody else, is none of ours. */
static mn_result found_gone(int code)
{
    mn_result result = mn_result_from_errno(code);
    return result == MN_NOT_FOUND || result == MN_DENIED ? MN_OK : result;
}

/* Whether an agent of this data directory started the process, for a vat. What a vat itself has
 * started is in that one's session. Fails when that cannot be told of one that lives; others' it
 * may not read. */
static mn_result found_look(uint32_t pid, const char *directory, agent_process_found *found,
                            void *context)
{
    struct agent_environ environment;
    struct mn_agent_record record;
    struct mn_arena arena = {0};
    struct mn_name vat;
    uint64_t ticks = 0;
    if (getsid((pid_t)pid) != (pid_t)pid || !found_works_in(pid, directory)) {
        return MN_OK;
    }
    if (!agent_process_began(pid, &ticks)) {
        return found_gone(errno);
    }
    agent_environ_init(&environment, pid);
    mn_result result = found_gone(environment.code);
    const char *name = agent_environ_find(&environment, "MNEME_VAT");
    const char *agent = agent_environ_find(&environment, "MNEME_AGENT");
    const char *start = agent_environ_find(&environment, "MNEME_START");
    if (name != NULL && agent != NULL && strcmp(agent, AGENT_VATS_ENDPOINT) == 0 &&
        mn_name_set(&vat, name, strlen(name))) {
        bool said = found_start(start, &vat, &arena, &record);
        found(context, &vat, said ? &record.vat.start : NULL, pid, ticks);
    }
    mn_arena_deinit(&arena);
    agent_environ_deinit(&environment);
    return result;
}

mn_result agent_process_find_all(agent_process_found *found, void *context, struct mn_error *error)
{
    char directory[PROCESS_PATH_SIZE];
    DIR *proc = getcwd(directory, sizeof directory) != NULL ? opendir("/proc") : NULL;
    mn_result result = proc == NULL ? mn_result_from_errno(errno) : MN_OK;
    const struct dirent *entry = NULL;
    while (proc != NULL && result == MN_OK && (entry = readdir(proc)) != NULL) {
        char *end = NULL;
        unsigned long pid = strtoul(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 0 && pid <= INT32_MAX && pid != (unsigned long)getpid()) {
            result = found_look((uint32_t)pid, directory, found, context);
        }
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot look in /proc for vats that an earlier agent started: %s%s",
                     mn_result_text(result), AGENT_FILES_HINT(result));
    }
    return result;
}
