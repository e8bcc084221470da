/* The journal in SQLite: one table, one transaction for each compare-and-append; and one table for
 * what was set aside.
 *
 * WAL with synchronous=FULL syncs the log before a commit returns (sqlite.org/pragma.html), so what
 * was appended survives a power cut. BEGIN IMMEDIATE takes the write lock before the comparison, so
 * that nobody appends between it and the insert. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "shell/journal.h"

enum { SQLITE_BUSY_MS = 1000 };

struct journal_sqlite {
    sqlite3 *database;
    sqlite3_stmt *insert;
    char path[MN_PATH_SIZE_MAX];
};

/* What went wrong in SQLite's words, as one of our codes, with the file's name and a remedy. */
static mn_result sqlite_failure(struct journal_sqlite *state, const char *what,
                                struct mn_error *error)
{
    int code = state->database != NULL ? sqlite3_extended_errcode(state->database) : SQLITE_NOMEM;
    const char *text = state->database != NULL ? sqlite3_errmsg(state->database) : "out of memory";
    mn_result result = MN_IO;
    const char *remedy = "";
    switch (code & 0xFF) {
    case SQLITE_FULL:
        result = MN_NO_SPACE;
        remedy = "; free space on its disk";
        break;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        result = MN_DENIED;
        remedy = "; its directory must exist and be writable";
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        result = MN_IN_USE;
        remedy = "; another coordinator has it open";
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        result = MN_CORRUPT;
        remedy = "; set it aside and restore a backup";
        break;
    case SQLITE_NOMEM:
        result = MN_NO_MEMORY;
        break;
    default:
        break;
    }
    mn_error_set(error, "cannot %s the journal %s: %s%s", what, state->path, text, remedy);
    return result;
}

static void sqlite_close(void *opaque)
{
    struct journal_sqlite *state = opaque;
    (void)sqlite3_finalize(state->insert);
    (void)sqlite3_close(state->database);
    free(state);
}

static bool sqlite_run(struct journal_sqlite *state, const char *sql)
{
    return sqlite3_exec(state->database, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static mn_result sqlite_newest(void *opaque, uint64_t *sequence, uint64_t *generation,
                               struct mn_error *error)
{
    struct journal_sqlite *state = opaque;
    sqlite3_stmt *select = NULL;
    /* No record is of a lower generation than the one before it, so the last has the newest. */
    const char *sql = "SELECT sequence, generation FROM journal ORDER BY sequence DESC LIMIT 1";
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(state->database, sql, -1, &select, NULL) == SQLITE_OK) {
        step = sqlite3_step(select);
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        mn_result result = sqlite_failure(state, "read", error);
        (void)sqlite3_finalize(select);
        return result;
    }
    *sequence = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(select, 0) : 0;
    *generation = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(select, 1) : 0;
    (void)sqlite3_finalize(select);
    return MN_OK;
}

static bool sqlite_bind(sqlite3_stmt *insert, const struct journal_entry *entry)
{
    return sqlite3_bind_int64(insert, 1, (sqlite3_int64)entry->sequence) == SQLITE_OK &&
           sqlite3_bind_int64(insert, 2, (sqlite3_int64)entry->generation) == SQLITE_OK &&
           sqlite3_bind_int64(insert, 3, entry->kind) == SQLITE_OK &&
           sqlite3_bind_int64(insert, 4, entry->written_at) == SQLITE_OK &&
           sqlite3_bind_blob64(insert, 5, entry->size > 0 ? (const void *)entry->bytes : "",
                               entry->size, SQLITE_STATIC) == SQLITE_OK;
}

/* Within the transaction: compare, then insert. */
static mn_result sqlite_compare_and_insert(struct journal_sqlite *state,
                                           const struct journal_entry *entry,
                                           struct mn_error *error)
{
    uint64_t sequence = 0;
    uint64_t generation = 0;
    mn_result result = sqlite_newest(state, &sequence, &generation, error);
    if (result != MN_OK) {
        return result;
    }
    if (entry->generation < generation || entry->sequence != sequence + 1) {
        mn_error_set(error,
                     "the journal %s is at record %llu of generation %llu; a record %llu of "
                     "generation %llu is overtaken",
                     state->path, (unsigned long long)sequence, (unsigned long long)generation,
                     (unsigned long long)entry->sequence, (unsigned long long)entry->generation);
        return MN_STALE;
    }
    bool inserted = sqlite_bind(state->insert, entry) && sqlite3_step(state->insert) == SQLITE_DONE;
    result = inserted ? MN_OK : sqlite_failure(state, "append to", error);
    (void)sqlite3_reset(state->insert);
    (void)sqlite3_clear_bindings(state->insert);
    return result;
}

/* End the transaction in which @result came about; @what was tried. */
static mn_result sqlite_commit(struct journal_sqlite *state, mn_result result, const char *what,
                               struct mn_error *error)
{
    if (result == MN_OK && sqlite_run(state, "COMMIT")) {
        return MN_OK;
    }
    if (result == MN_OK) {
        /* A commit that failed while the disk was full left nothing; of any other failure it is not
         * certain what reached the disk. */
        result = sqlite_failure(state, what, error);
        if (result != MN_NO_SPACE && result != MN_IN_USE) {
            result = MN_UNKNOWN;
        }
    }
    if (sqlite3_get_autocommit(state->database) == 0) {
        (void)sqlite_run(state, "ROLLBACK");
    }
    return result;
}

static mn_result sqlite_append(void *opaque, const struct journal_entry *entries, size_t count,
                               struct mn_error *error)
{
    struct journal_sqlite *state = opaque;
    if (!sqlite_run(state, "BEGIN IMMEDIATE")) {
        return sqlite_failure(state, "append to", error);
    }
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        result = sqlite_compare_and_insert(state, &entries[i], error);
    }
    return sqlite_commit(state, result, "append to", error);
}

/* Copy, then delete, in one transaction. */
static mn_result sqlite_set_aside(void *opaque, uint64_t from, mn_time at, struct mn_error *error)
{
    static const char *const statements[] = {
        "INSERT INTO aside (at, sequence, generation, kind, written_at, bytes) "
        "SELECT ?2, sequence, generation, kind, written_at, bytes FROM journal "
        "WHERE sequence >= ?1 ORDER BY sequence",
        "DELETE FROM journal WHERE sequence >= ?1 AND ?2 = ?2"};
    struct journal_sqlite *state = opaque;
    if (!sqlite_run(state, "BEGIN IMMEDIATE")) {
        return sqlite_failure(state, "set records aside in", error);
    }
    mn_result result = MN_OK;
    for (size_t i = 0; i < 2 && result == MN_OK; i++) {
        sqlite3_stmt *change = NULL;
        bool done =
            sqlite3_prepare_v2(state->database, statements[i], -1, &change, NULL) == SQLITE_OK &&
            sqlite3_bind_int64(change, 1, (sqlite3_int64)from) == SQLITE_OK &&
            sqlite3_bind_int64(change, 2, at) == SQLITE_OK && sqlite3_step(change) == SQLITE_DONE;
        result = done ? MN_OK : sqlite_failure(state, "set records aside in", error);
        (void)sqlite3_finalize(change);
    }
    return sqlite_commit(state, result, "set records aside in", error);
}

static struct journal_entry sqlite_entry(sqlite3_stmt *select)
{
    return (struct journal_entry){.sequence = (uint64_t)sqlite3_column_int64(select, 0),
                                  .generation = (uint64_t)sqlite3_column_int64(select, 1),
                                  .kind = (uint32_t)sqlite3_column_int64(select, 2),
                                  .written_at = sqlite3_column_int64(select, 3)};
}

/* The record's facts, but for its size. */
static mn_result sqlite_facts(struct journal_sqlite *state, uint64_t sequence,
                              struct journal_entry *entry, struct mn_error *error)
{
    sqlite3_stmt *select = NULL;
    const char *sql = "SELECT sequence, generation, kind, written_at FROM journal "
                      "WHERE sequence = ?1";
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(state->database, sql, -1, &select, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(select, 1, (sqlite3_int64)sequence) == SQLITE_OK) {
        step = sqlite3_step(select);
    }
    mn_result result = MN_OK;
    if (step == SQLITE_ROW) {
        *entry = sqlite_entry(select);
    } else {
        result = step == SQLITE_DONE ? MN_NOT_FOUND : sqlite_failure(state, "read", error);
    }
    (void)sqlite3_finalize(select);
    return result;
}

/* Only the pages that hold the piece are read, however large the record is. */
static mn_result sqlite_piece(void *opaque, uint64_t sequence, uint64_t offset, void *bytes,
                              size_t *size, struct journal_entry *entry, struct mn_error *error)
{
    struct journal_sqlite *state = opaque;
    struct journal_entry found;
    sqlite3_blob *blob = NULL;
    mn_result result = sqlite_facts(state, sequence, &found, error);
    if (result != MN_OK) {
        return result;
    }
    if (sqlite3_blob_open(state->database, "main", "journal", "bytes", (sqlite3_int64)sequence, 0,
                          &blob) != SQLITE_OK) {
        result = sqlite_failure(state, "read", error);
    } else {
        found.size = (size_t)sqlite3_blob_bytes(blob);
        result = offset > found.size ? MN_NOT_FOUND : MN_OK;
    }
    if (result == MN_OK) {
        size_t left = found.size - (size_t)offset;
        size_t wanted = left < *size ? left : *size;
        if (wanted > 0 && sqlite3_blob_read(blob, bytes, (int)wanted, (int)offset) != SQLITE_OK) {
            result = sqlite_failure(state, "read", error);
        } else {
            *size = wanted;
            *entry = found;
        }
    }
    (void)sqlite3_blob_close(blob);
    return result;
}

static mn_result sqlite_aside(void *opaque, journal_visit *visit, void *context,
                              struct mn_error *error)
{
    struct journal_sqlite *state = opaque;
    sqlite3_stmt *select = NULL;
    const char *sql = "SELECT sequence, generation, kind, written_at, bytes FROM aside "
                      "ORDER BY number";
    mn_result result = MN_OK;
    int step = sqlite3_prepare_v2(state->database, sql, -1, &select, NULL) == SQLITE_OK
                   ? sqlite3_step(select)
                   : SQLITE_ERROR;
    for (; result == MN_OK && step == SQLITE_ROW; step = sqlite3_step(select)) {
        struct journal_entry entry = sqlite_entry(select);
        entry.bytes = sqlite3_column_blob(select, 4);
        entry.size = (size_t)sqlite3_column_bytes(select, 4);
        result = visit(context, &entry);
    }
    if (result == MN_OK && step != SQLITE_DONE) {
        result = sqlite_failure(state, "read", error);
    }
    (void)sqlite3_finalize(select);
    return result;
}

static mn_result sqlite_visit_rows(struct journal_sqlite *state, sqlite3_stmt *select,
                                   uint64_t from, journal_visit *visit, void *context,
                                   struct mn_error *error)
{
    uint64_t expected = from == 0 ? 1 : from;
    for (;;) {
        int step = sqlite3_step(select);
        if (step == SQLITE_DONE) {
            return MN_OK;
        }
        if (step != SQLITE_ROW) {
            return sqlite_failure(state, "read", error);
        }
        struct journal_entry entry = sqlite_entry(select);
        entry.bytes = sqlite3_column_blob(select, 4);
        entry.size = (size_t)sqlite3_column_bytes(select, 4);
        if (entry.sequence != expected) {
            mn_error_set(error, "the journal %s has no record %llu; restore a backup", state->path,
                         (unsigned long long)expected);
            return MN_CORRUPT;
        }
        mn_result result = visit(context, &entry);
        if (result != MN_OK) {
            return result;
        }
        expected += 1;
    }
}

static mn_result sqlite_read(void *opaque, uint64_t from, journal_visit *visit, void *context,
                             struct mn_error *error)
{
    struct journal_sqlite *state = opaque;
    sqlite3_stmt *select = NULL;
    const char *sql = "SELECT sequence, generation, kind, written_at, bytes FROM journal "
                      "WHERE sequence >= ?1 ORDER BY sequence";
    mn_result result = MN_OK;
    if (sqlite3_prepare_v2(state->database, sql, -1, &select, NULL) != SQLITE_OK ||
        sqlite3_bind_int64(select, 1, (sqlite3_int64)from) != SQLITE_OK) {
        result = sqlite_failure(state, "read", error);
    } else {
        result = sqlite_visit_rows(state, select, from, visit, context, error);
    }
    (void)sqlite3_finalize(select);
    return result;
}

static const struct journal_back_end sqlite_back_end = {.append = sqlite_append,
                                                        .read = sqlite_read,
                                                        .newest = sqlite_newest,
                                                        .piece = sqlite_piece,
                                                        .set_aside = sqlite_set_aside,
                                                        .aside = sqlite_aside,
                                                        .close = sqlite_close};

static bool sqlite_prepare(struct journal_sqlite *state)
{
    return sqlite3_busy_timeout(state->database, SQLITE_BUSY_MS) == SQLITE_OK &&
           sqlite_run(state, "PRAGMA journal_mode=WAL") &&
           sqlite_run(state, "PRAGMA synchronous=FULL") &&
           sqlite_run(state, "CREATE TABLE IF NOT EXISTS journal ("
                             "sequence INTEGER PRIMARY KEY, generation INTEGER NOT NULL, "
                             "kind INTEGER NOT NULL, written_at INTEGER NOT NULL, "
                             "bytes BLOB NOT NULL) STRICT") &&
           sqlite_run(state, "CREATE TABLE IF NOT EXISTS aside ("
                             "number INTEGER PRIMARY KEY, at INTEGER NOT NULL, "
                             "sequence INTEGER NOT NULL, generation INTEGER NOT NULL, "
                             "kind INTEGER NOT NULL, written_at INTEGER NOT NULL, "
                             "bytes BLOB NOT NULL) STRICT") &&
           sqlite3_prepare_v2(state->database,
                              "INSERT INTO journal (sequence, generation, kind, written_at, bytes) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)",
                              -1, &state->insert, NULL) == SQLITE_OK;
}

mn_result journal_open_sqlite(struct journal *journal, const char *path, struct mn_error *error)
{
    if (strlen(path) >= MN_PATH_SIZE_MAX) {
        mn_error_set(error, "the journal's path is longer than %d bytes: %.64s...",
                     MN_PATH_SIZE_MAX - 1, path);
        return MN_TOO_LARGE;
    }
    struct journal_sqlite *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return MN_NO_MEMORY;
    }
    memcpy(state->path, path, strlen(path) + 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &state->database, flags, NULL) != SQLITE_OK ||
        !sqlite_prepare(state)) {
        mn_result result = sqlite_failure(state, "open", error);
        sqlite_close(state);
        return result;
    }
    journal->back_end = &sqlite_back_end;
    journal->state = state;
    return MN_OK;
}
