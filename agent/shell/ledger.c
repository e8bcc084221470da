/* The agent's records in SQLite. */
#include "ledger.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEDGER_VERSION = 1, LEDGER_APPLICATION = 0x4d4e4541 /* "MNEA" */, LEDGER_PATH_SIZE = 1024 };

struct agent_ledger {
    sqlite3 *db;
    sqlite3_stmt *put;
    sqlite3_stmt *forget;
    char path[LEDGER_PATH_SIZE];
};

static mn_result ledger_code(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
        return MN_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return MN_CORRUPT;
    case SQLITE_FULL:
        return MN_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MN_IN_USE;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return MN_DENIED;
    case SQLITE_NOMEM:
        return MN_NO_MEMORY;
    case SQLITE_TOOBIG:
        return MN_TOO_LARGE;
    default:
        return MN_IO;
    }
}

static const char *ledger_remedy(mn_result result)
{
    switch (result) {
    case MN_CORRUPT:
        return "; move it away: a new one is made, and the coordinator is asked what ran here";
    case MN_NO_SPACE:
        return "; make room on its disk";
    case MN_IN_USE:
        return "; another mneme-agent runs with this directory";
    case MN_DENIED:
        return "; its directory must be there and writable by this user";
    case MN_IO:
        return "; its disk fails, or a quota or a limit on the size of files is reached";
    default:
        return "";
    }
}

static mn_result ledger_failure(const struct agent_ledger *ledger, const char *what, int code,
                                struct mn_error *error)
{
    mn_result result = ledger_code(code);
    bool told = ledger->db != NULL && sqlite3_errcode(ledger->db) == code;
    const char *text = told ? sqlite3_errmsg(ledger->db) : sqlite3_errstr(code);
    mn_error_set(error, "cannot %s %s: %s%s", what, ledger->path, text, ledger_remedy(result));
    return result;
}

static mn_result ledger_run(struct agent_ledger *ledger, const char *sql, const char *what,
                            struct mn_error *error)
{
    int code = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? MN_OK : ledger_failure(ledger, what, code, error);
}

/* One number that a statement answers. */
static mn_result ledger_ask(struct agent_ledger *ledger, const char *sql, int *out,
                            struct mn_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    mn_result result = MN_OK;
    if (code == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
    } else {
        result = ledger_failure(ledger, "read", code, error);
    }
    (void)sqlite3_finalize(statement);
    return result;
}

static mn_result ledger_quick_check(struct agent_ledger *ledger, struct mn_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    mn_result result = MN_OK;
    if (code != SQLITE_ROW) {
        result = ledger_failure(ledger, "check", code, error);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
        /* What was found wrong takes several lines; that something was is enough. */
        mn_error_set(error, "%s is damaged%s", ledger->path, ledger_remedy(MN_CORRUPT));
        result = MN_CORRUPT;
    }
    (void)sqlite3_finalize(statement);
    return result;
}

static mn_result ledger_make(struct agent_ledger *ledger, struct mn_error *error)
{
    int application = 0;
    int version = 0;
    mn_result result = ledger_ask(ledger, "PRAGMA application_id", &application, error);
    if (result == MN_OK) {
        result = ledger_ask(ledger, "PRAGMA user_version", &version, error);
    }
    if (result != MN_OK) {
        return result;
    }
    int tables = 0;
    result = ledger_ask(ledger, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (result != MN_OK) {
        return result;
    }
    if (tables == 0) {
        return ledger_run(ledger,
                          "BEGIN IMMEDIATE;"
                          "CREATE TABLE record (key TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)"
                          " WITHOUT ROWID;"
                          "PRAGMA application_id = 1296975169;"
                          "PRAGMA user_version = 1;"
                          "COMMIT",
                          "make", error);
    }
    if (application != LEDGER_APPLICATION) {
        mn_error_set(error, "%s is not an agent's database; is --data the right directory?",
                     ledger->path);
        return MN_CORRUPT;
    }
    if (version != LEDGER_VERSION) {
        mn_error_set(error, "%s has version %d, this agent reads version %d", ledger->path, version,
                     (int)LEDGER_VERSION);
        return MN_BAD_VERSION;
    }
    return MN_OK;
}

static mn_result ledger_prepare(struct agent_ledger *ledger, struct mn_error *error)
{
    mn_result result = ledger_run(ledger,
                                  "PRAGMA locking_mode = EXCLUSIVE;"
                                  "PRAGMA journal_mode = WAL;"
                                  "PRAGMA synchronous = FULL",
                                  "open", error);
    if (result == MN_OK) {
        result = ledger_quick_check(ledger, error);
    }
    if (result == MN_OK) {
        result = ledger_make(ledger, error);
    }
    if (result == MN_OK) { /* takes the lock at once, and finds out whether it can be written */
        result =
            ledger_run(ledger, "BEGIN IMMEDIATE; PRAGMA user_version = 1; COMMIT", "write", error);
    }
    if (result != MN_OK) {
        return result;
    }
    int code = sqlite3_prepare_v2(ledger->db, "INSERT OR REPLACE INTO record VALUES (?1, ?2)", -1,
                                  &ledger->put, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(ledger->db, "DELETE FROM record WHERE key = ?1", -1,
                                  &ledger->forget, NULL);
    }
    return code == SQLITE_OK ? MN_OK : ledger_failure(ledger, "open", code, error);
}

mn_result agent_ledger_open(struct agent_ledger **out, const char *path, struct mn_error *error)
{
    struct agent_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return MN_NO_MEMORY;
    }
    (void)snprintf(ledger->path, sizeof ledger->path, "%s", path);
    int code = sqlite3_open_v2(path, &ledger->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    mn_result result = code == SQLITE_OK ? MN_OK : ledger_failure(ledger, "open", code, error);
    if (result == MN_OK) {
        /* What is in the write-ahead log is durable; folding it into the database can wait until
         * somebody has time for it, which the end of the agent is not. */
        (void)sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        /* Without the right to write SQLite opens it for reading, and fails in odd ways later. */
        result = sqlite3_db_readonly(ledger->db, "main") == 1
                     ? ledger_failure(ledger, "write", SQLITE_READONLY, error)
                     : ledger_prepare(ledger, error);
    }
    if (result != MN_OK) {
        agent_ledger_close(&ledger);
        return result;
    }
    *out = ledger;
    return MN_OK;
}

void agent_ledger_close(struct agent_ledger **out)
{
    struct agent_ledger *ledger = *out;
    if (ledger == NULL) {
        return;
    }
    (void)sqlite3_finalize(ledger->put);
    (void)sqlite3_finalize(ledger->forget);
    (void)sqlite3_close(ledger->db);
    free(ledger);
    *out = NULL;
}

mn_result agent_ledger_read(struct agent_ledger *ledger, agent_ledger_each *each, void *context,
                            struct mn_error *error)
{
    return agent_ledger_read_from(ledger, "", each, context, error);
}

mn_result agent_ledger_read_from(struct agent_ledger *ledger, const char *from,
                                 agent_ledger_each *each, void *context, struct mn_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(ledger->db, "SELECT key, bytes FROM record WHERE key >= ?1 ORDER BY key",
                           -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_bind_text(statement, 1, from, -1, SQLITE_STATIC);
    }
    mn_result result = MN_OK;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW) {
            break;
        }
        const char *key = (const char *)sqlite3_column_text(statement, 0);
        const void *bytes = sqlite3_column_blob(statement, 1);
        result = each(context, key, bytes, (size_t)sqlite3_column_bytes(statement, 1));
        if (result != MN_OK) {
            mn_error_set(error, "the record \"%s\" of %s cannot be used: %s%s", key, ledger->path,
                         mn_result_text(result), ledger_remedy(MN_CORRUPT));
            break;
        }
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        result = ledger_failure(ledger, "read", code, error);
    }
    (void)sqlite3_finalize(statement);
    return result;
}

static void ledger_roll_back(struct agent_ledger *ledger)
{
    if (sqlite3_get_autocommit(ledger->db) == 0) {
        (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

mn_result agent_ledger_begin(struct agent_ledger *ledger, struct mn_error *error)
{
    return ledger_run(ledger, "BEGIN IMMEDIATE", "write", error);
}

static mn_result ledger_change(struct agent_ledger *ledger, sqlite3_stmt *statement, int bound,
                               struct mn_error *error)
{
    int code = bound;
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    mn_result result = code == SQLITE_DONE ? MN_OK : ledger_failure(ledger, "write", code, error);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (result != MN_OK) {
        ledger_roll_back(ledger);
    }
    return result;
}

mn_result agent_ledger_put(struct agent_ledger *ledger, const char *key, const void *bytes,
                           size_t size, struct mn_error *error)
{
    int code = sqlite3_bind_text(ledger->put, 1, key, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) {
        code = sqlite3_bind_blob64(ledger->put, 2, bytes, size, SQLITE_STATIC);
    }
    return ledger_change(ledger, ledger->put, code, error);
}

mn_result agent_ledger_forget(struct agent_ledger *ledger, const char *key, struct mn_error *error)
{
    int code = sqlite3_bind_text(ledger->forget, 1, key, -1, SQLITE_STATIC);
    return ledger_change(ledger, ledger->forget, code, error);
}

mn_result agent_ledger_commit(struct agent_ledger *ledger, struct mn_error *error)
{
    mn_result result = ledger_run(ledger, "COMMIT", "write", error);
    if (result != MN_OK) {
        ledger_roll_back(ledger);
    }
    return result;
}
