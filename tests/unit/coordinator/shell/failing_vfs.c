/* See failing_vfs.h. A file of ours is SQLite's own one and, before it, our methods. */
#include "failing_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <string.h>

struct failing_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs failing;
static sqlite3_vfs *under;
static unsigned left; /* calls that succeed before the one that fails; UINT32_MAX: all do */
static int code;
static bool failed;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct failing_file *)file)->real;
}

static bool fails(void)
{
    if (left == UINT32_MAX) {
        return false;
    }
    failed = failed || left == 0;
    left -= left > 0 ? 1 : 0;
    return failed;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    return fails() ? code : real_of(file)->pMethods->xWrite(real_of(file), bytes, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    /* A disk may be full when something is written, never when it is synced. */
    int wrong = code == SQLITE_FULL ? SQLITE_IOERR_FSYNC : code;
    return fails() ? wrong : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int file_shared_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_check_lock,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_device,
                                           .xShmMap = file_map,
                                           .xShmLock = file_shared_lock,
                                           .xShmBarrier = file_barrier,
                                           .xShmUnmap = file_unmap};

static int failing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    struct failing_file *ours = (struct failing_file *)file;
    (void)vfs;
    ours->real = (sqlite3_file *)(ours + 1);
    ours->real->pMethods = NULL;
    int result = under->xOpen(under, name, ours->real, flags, out_flags);
    ours->base.pMethods = ours->real->pMethods != NULL ? &methods : NULL;
    return result;
}

void failing_vfs_install(void)
{
    under = sqlite3_vfs_find(NULL);
    failing = *under;
    failing.zName = "failing";
    failing.pNext = NULL;
    failing.szOsFile = (int)sizeof(struct failing_file) + under->szOsFile;
    failing.xOpen = failing_open;
    failing_vfs_set(0, SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(&failing, 1), SQLITE_OK);
}

void failing_vfs_set(unsigned nth, int what)
{
    left = nth > 0 ? nth - 1 : UINT32_MAX;
    code = what;
    failed = false;
}

bool failing_vfs_failed(void)
{
    return failed;
}
