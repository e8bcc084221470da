/* Key files: one CURVE key pair as two lines of text, readable by its owner alone. */
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { KEY_FILE_SIZE_MAX = 256 };

#define KEY_FILE_FORMAT "public %s\nsecret %s\n"

mn_result mn_keys_make(struct mn_keys *keys, struct mn_error *error)
{
    struct mn_keys made = {{0}, {0}};
    if (zmq_curve_keypair(made.public_key, made.secret_key) != 0) {
        mn_error_set(error, "cannot make a key pair: %s; libzmq must be built with CURVE",
                     zmq_strerror(zmq_errno()));
        return MN_IO;
    }
    *keys = made;
    return MN_OK;
}

static mn_result keys_failure(const char *what, const char *path, struct mn_error *error)
{
    mn_result result = mn_result_from_errno(errno);
    mn_error_set(error, "cannot %s the key file %s: %s", what, path, strerror(errno));
    return result;
}

mn_result mn_keys_write(const struct mn_keys *keys, const char *path, struct mn_error *error)
{
    char text[KEY_FILE_SIZE_MAX];
    int size = snprintf(text, sizeof text, KEY_FILE_FORMAT, keys->public_key, keys->secret_key);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return keys_failure("create", path, error);
    }
    ssize_t written = write(fd, text, (size_t)size);
    if (written == size && fsync(fd) == 0) {
        (void)close(fd);
        return MN_OK;
    }
    if (written >= 0 && written < size) {
        errno = ENOSPC;
    }
    mn_result result = keys_failure("write", path, error);
    (void)close(fd);
    (void)unlink(path);
    return result;
}

static bool key_text_valid(const char *text)
{
    unsigned char raw[32];
    return strlen(text) == MN_KEY_TEXT_LENGTH && zmq_z85_decode(raw, text) != NULL;
}

mn_result mn_keys_read(struct mn_keys *keys, const char *path, struct mn_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return keys_failure("open", path, error);
    }
    struct stat status;
    char text[KEY_FILE_SIZE_MAX] = {0};
    ssize_t size = -1;
    if (fstat(fd, &status) == 0) {
        size = read(fd, text, sizeof text - 1);
    }
    if (size < 0) {
        mn_result result = keys_failure("read", path, error);
        (void)close(fd);
        return result;
    }
    (void)close(fd);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        mn_error_set(error, "others than its owner may read the key file %s; run: chmod 600 %s",
                     path, path);
        return MN_DENIED;
    }
    struct mn_keys found = {{0}, {0}};
    if (sscanf(text, "public %40s secret %40s", found.public_key, found.secret_key) != 2 ||
        !key_text_valid(found.public_key) || !key_text_valid(found.secret_key)) {
        mn_error_set(error, "%s is no key file; make one with: mneme keygen FILE", path);
        return MN_BAD_INPUT;
    }
    *keys = found;
    return MN_OK;
}
