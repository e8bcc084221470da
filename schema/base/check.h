/* Asserts for our own mistakes: always on, one condition each. What comes from outside is validated
 * and answered, never asserted. */
#ifndef MN_BASE_CHECK_H
#define MN_BASE_CHECK_H

/* Print the broken condition and its place on standard error and abort the process. */
_Noreturn void mn_assert_failed(const char *condition, const char *file, int line);

#define mn_assert(condition)                                                                       \
    ((condition) ? (void)0 : mn_assert_failed(#condition, __FILE__, __LINE__))

#endif
