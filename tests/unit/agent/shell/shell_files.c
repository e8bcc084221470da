/* The files of shell_files.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/shell/shell_files.h"
#include "store/checkpoint_file.h"

enum { NOBODY = 65534 };

void shell_directory_make(char path[SHELL_PATH_SIZE])
{
    char made[] = "/tmp/mneme-shell-XXXXXX";
    assert_non_null(mkdtemp(made));
    assert_int_equal(chmod(made, 0755), 0);
    memcpy(path, made, sizeof made);
}

static int delete_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void shell_directory_delete(const char *path)
{
    shell_unprivileged_end(); /* a test that failed may have left it */
    assert_int_equal(nftw(path, delete_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void shell_path(char out[SHELL_PATH_SIZE], const char *directory, const char *name)
{
    int size = snprintf(out, SHELL_PATH_SIZE, "%s/%s", directory, name);
    assert_in_range(size, 1, SHELL_PATH_SIZE - 1);
}

bool shell_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

int shell_count(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void)closedir(directory);
    return count;
}

void shell_write(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

size_t shell_read(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t got = read(fd, out, size);
    assert_true(got >= 0 && (size_t)got < size);
    out[got] = '\0';
    assert_int_equal(close(fd), 0);
    return (size_t)got;
}

void shell_flip(const char *path, long offset)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    unsigned char byte = 0;
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    assert_int_equal(close(fd), 0);
}

void shell_unprivileged_begin(void)
{
    if (getuid() == 0) {
        assert_int_equal(seteuid(NOBODY), 0);
    }
}

void shell_unprivileged_end(void)
{
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
    }
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void shell_full_begin(size_t size)
{
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_file_size(size);
}

void shell_full_end(void)
{
    limit_file_size(RLIM_INFINITY);
    assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
}

bool shell_small_disk(const char *path, size_t size)
{
    static bool apart; /* this process sees mounts of its own */
    if (!apart) {
        apart = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
        if (!apart || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
            return false;
        }
    }
    char options[64];
    (void)snprintf(options, sizeof options, "size=%zu", size);
    return mount("none", path, "tmpfs", 0, options) == 0;
}

void shell_small_disk_end(const char *path)
{
    assert_int_equal(umount2(path, MNT_DETACH), 0);
}

void shell_checkpoint(const char *directory, const char *vat, mn_epoch epoch, size_t blob_size,
                      struct agent_file_facts *facts)
{
    struct mn_name blob = mn_name_of("blob");
    unsigned char *bytes = malloc(blob_size);
    assert_non_null(bytes);
    for (size_t i = 0; i < blob_size; i++) {
        bytes[i] = (unsigned char)(i * 7 + (size_t)epoch);
    }
    struct mn_checkpoint_entry entry = {
        .space = MN_ENTRY_BLOB, .name = &blob, .bytes = bytes, .size = blob_size};
    struct mn_checkpoint_identity identity;
    struct mn_error error = {{0}};
    memset(facts, 0, sizeof *facts);
    facts->record.vat = mn_name_of(vat);
    facts->record.run = mn_epoch_run(epoch);
    facts->record.incarnation = 1;
    facts->record.epoch = epoch;
    assert_int_equal(mn_checkpoint_write(directory, &facts->record, &entry, 1, &identity, &error),
                     MN_OK);
    facts->size = identity.size;
    facts->digest = identity.digest;
    free(bytes);
}
