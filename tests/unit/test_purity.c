/* The cores are pure: what they call is on a short list, and what they include is theirs to use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOL_COUNT_MAX = 20000, SYMBOL_SIZE_MAX = 128 };

static char allowed[64][SYMBOL_SIZE_MAX];
static size_t allowed_count;
static char (*defined)[SYMBOL_SIZE_MAX];
static size_t defined_count;

static int read_allowed(void **state)
{
    (void)state;
    char line[256];
    FILE *file = fopen(MNEME_SOURCE "/tests/unit/core_symbols.txt", "re");
    assert_non_null(file);
    defined = calloc(SYMBOL_COUNT_MAX, sizeof *defined);
    assert_non_null(defined);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#' && sscanf(line, "%127s", allowed[allowed_count]) == 1) {
            allowed_count += 1;
            assert_true(allowed_count < 64);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_true(allowed_count > 10);
    return 0;
}

static int forget_allowed(void **state)
{
    (void)state;
    free(defined);
    return 0;
}

/* An entry that ends in "_" stands for every symbol that begins with it. */
static bool is_allowed(const char *symbol)
{
    for (size_t i = 0; i < allowed_count; i++) {
        size_t length = strlen(allowed[i]);
        bool prefix = allowed[i][length - 1] == '_';
        if (strcmp(symbol, allowed[i]) == 0 ||
            (prefix && strncmp(symbol, allowed[i], length) == 0)) {
            return true;
        }
    }
    for (size_t i = 0; i < defined_count; i++) {
        if (strcmp(symbol, defined[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Run nm on the archive and call for every symbol it names, one after the other. */
static int each_symbol(const char *archive, const char *options, void (*visit)(const char *symbol))
{
    char command[1024];
    char line[512];
    int count = 0;
    (void)snprintf(command, sizeof command, "nm %s " MNEME_BUILD "/lib/lib%s.a 2>/dev/null",
                   options, archive);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        char symbol[SYMBOL_SIZE_MAX];
        if (strchr(line, ':') == NULL && sscanf(line, "%127s", symbol) == 1) {
            visit(symbol);
            count += 1;
        }
    }
    (void)pclose(pipe);
    return count;
}

static void note_defined(const char *symbol)
{
    assert_true(defined_count < SYMBOL_COUNT_MAX);
    (void)snprintf(defined[defined_count++], SYMBOL_SIZE_MAX, "%s", symbol);
}

static void check_called(const char *symbol)
{
    if (!is_allowed(symbol)) {
        fail_msg("a core calls %s, which tests/unit/core_symbols.txt does not allow", symbol);
    }
}

static void check_archive(const char *archive)
{
    defined_count = 0;
    int own = each_symbol(archive, "--defined-only --extern-only --just-symbols", note_defined);
    int called = each_symbol(archive, "--undefined-only --just-symbols", check_called);
    assert_true(own > 0);
    assert_true(called > 0);
}

static void the_core_of_a_vat_calls_only_what_it_may(void **state)
{
    (void)state;
    check_archive("vat_core");
}

static void the_core_of_the_agent_calls_only_what_it_may(void **state)
{
    (void)state;
    check_archive("agent_core");
}

static void the_core_of_the_coordinator_calls_only_what_it_may(void **state)
{
    (void)state;
    check_archive("coordinator_core");
}

static void a_socket_or_a_file_would_be_noticed(void **state)
{
    (void)state;
    defined_count = 0;
    assert_false(is_allowed("open"));
    assert_false(is_allowed("printf"));
    assert_false(is_allowed("zmq_send"));
    assert_false(is_allowed("clock_gettime"));
    assert_false(is_allowed("mneme__up__pack"));
    assert_false(is_allowed("mn_up_encode"));
    assert_false(is_allowed("mn_now"));
    assert_true(is_allowed("memcpy"));
    assert_true(is_allowed("mn_grow_more"));
}

/* Lines of core sources that include what a core must not know. */
static void cores_include_neither_shells_nor_libraries(void **state)
{
    (void)state;
    char line[512];
    FILE *pipe = popen("cd " MNEME_SOURCE " && grep -rnE '#include [<\"](zmq|sqlite3|sodium|yaml|"
                       "protobuf|stdio|time|pthread|unistd|fcntl|sys/|net/|shell/)' "
                       "coordinator/core agent/core agent/vat/core",
                       "re");
    assert_non_null(pipe);
    if (fgets(line, sizeof line, pipe) != NULL) {
        fail_msg("%s", line);
    }
    (void)pclose(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_core_of_a_vat_calls_only_what_it_may),
        cmocka_unit_test(the_core_of_the_agent_calls_only_what_it_may),
        cmocka_unit_test(the_core_of_the_coordinator_calls_only_what_it_may),
        cmocka_unit_test(a_socket_or_a_file_would_be_noticed),
        cmocka_unit_test(cores_include_neither_shells_nor_libraries),
    };
    return cmocka_run_group_tests(tests, read_allowed, forget_allowed);
}
