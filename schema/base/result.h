/* Result codes: the one list of ways in which a call of ours can fail.
 *
 * 0 is fine, a negative number is a code from MN_RESULTS. Answers of the protocol (refused, stale,
 * unknown) are not failures; they stand in result structs. */
#ifndef MN_BASE_RESULT_H
#define MN_BASE_RESULT_H

#include <stdbool.h>

/* X(NAME, number, text for people, whether trying the same call again later may succeed) */
#define MN_RESULTS(X)                                                                              \
    X(MN_OK, 0, "fine", false)                                                                     \
    X(MN_NO_MEMORY, -1, "out of memory", true)                                                     \
    X(MN_FULL, -2, "a named bound is reached", true)                                               \
    X(MN_BAD_INPUT, -3, "input that breaks its rules", false)                                      \
    X(MN_BAD_VERSION, -4, "a protocol version that is not spoken here", false)                     \
    X(MN_TOO_LARGE, -5, "larger than its bound", false)                                            \
    X(MN_STALE, -6, "overtaken by a newer generation, run or sequence", false)                     \
    X(MN_NOT_FOUND, -7, "no such thing", false)                                                    \
    X(MN_EXISTS, -8, "exists already", false)                                                      \
    X(MN_CORRUPT, -9, "stored bytes do not match their digest or format", false)                   \
    X(MN_NO_SPACE, -10, "the disk is full", true)                                                  \
    X(MN_DENIED, -11, "not permitted", false)                                                      \
    X(MN_IO, -12, "an input or output error", true)                                                \
    X(MN_IN_USE, -13, "in use by another process", true)                                           \
    X(MN_AGAIN, -14, "not now, try again", true)                                                   \
    X(MN_UNKNOWN, -15, "it may have happened or not; read before acting", false)

typedef enum mn_result {
#define MN_RESULT_ENUM(name, number, text, again) name = (number),
    MN_RESULTS(MN_RESULT_ENUM)
#undef MN_RESULT_ENUM
} mn_result;

#define MN_CHECKED __attribute__((warn_unused_result))

/* The code's name, "MN_FULL" say; "MN_?" for a number that is no code. Never NULL. */
const char *mn_result_name(mn_result result);

/* The code in words, for people. Never NULL. */
const char *mn_result_text(mn_result result);

/* Whether the same call may succeed later without anything being mended. */
bool mn_result_again(mn_result result);

/* The code that stands for an errno value of the operating system; MN_IO when no other fits. */
mn_result mn_result_from_errno(int error);

#endif
