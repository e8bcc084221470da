/* Result codes: names and texts, made from the one list in the header. */
#include "base/result.h"

#include <errno.h>

const char *mn_result_name(mn_result result)
{
    switch (result) {
#define MN_RESULT_NAME(name, number, text, again)                                                  \
    case name:                                                                                     \
        return #name;
        MN_RESULTS(MN_RESULT_NAME)
#undef MN_RESULT_NAME
    }
    return "MN_?";
}

const char *mn_result_text(mn_result result)
{
    switch (result) {
#define MN_RESULT_TEXT(name, number, text, again)                                                  \
    case name:                                                                                     \
        return text;
        MN_RESULTS(MN_RESULT_TEXT)
#undef MN_RESULT_TEXT
    }
    return "a result code that does not exist";
}

bool mn_result_again(mn_result result)
{
    switch (result) {
#define MN_RESULT_AGAIN(name, number, text, again)                                                 \
    case name:                                                                                     \
        return again;
        MN_RESULTS(MN_RESULT_AGAIN)
#undef MN_RESULT_AGAIN
    }
    return false;
}

mn_result mn_result_from_errno(int error)
{
    switch (error) {
    case 0:
        return MN_OK;
    case ENOMEM:
        return MN_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
        return MN_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return MN_DENIED;
    case ENOENT:
    case ESRCH:
        return MN_NOT_FOUND;
    case EEXIST:
        return MN_EXISTS;
    case EADDRINUSE:
    case EBUSY:
        return MN_IN_USE;
    case EAGAIN:
    case EINTR:
        return MN_AGAIN;
    case EMFILE:
    case ENFILE:
        return MN_FULL;
    case EFBIG:
    case EMSGSIZE:
        return MN_TOO_LARGE;
    default:
        return MN_IO;
    }
}
