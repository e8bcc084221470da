/* The documents of tests/cases get the answers that stand beside them, with a proof that holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/check.h"
#include "cli/cut_json.h"
#include "docs/file.h"

static struct evidence *reads(const char *path)
{
    struct mn_text text = {0};
    struct mn_error error = {{0}};
    struct evidence *evidence = NULL;
    mn_result result = mn_file_read(path, EVIDENCE_SIZE_MAX, &text, &error);
    if (result == MN_OK) {
        result = evidence_read(text.bytes, text.size, path, &evidence, &error);
    }
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    mn_text_deinit(&text);
    return evidence;
}

static void compares(const char *path)
{
    struct evidence *evidence = reads(path);
    struct mn_text text = {0};
    assert_int_equal(cut_json_write(evidence, true, &text), MN_OK);
    struct mn_error error = {{0}};
    mn_result checked = check_answer(evidence, text.bytes, text.size, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(checked, MN_OK);
    json_t *answer = json_loadb(text.bytes, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(answer);
    assert_int_equal(json_object_del(answer, "trace"), 0);
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(answer, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
    }
    char beside[MN_PATH_SIZE_MAX];
    int stem = (int)(strlen(path) - strlen(".yaml"));
    (void)snprintf(beside, sizeof beside, "%.*s.answer.json", stem, path);
    json_t *expected = json_load_file(beside, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(expected);
    if (json_equal(answer, expected) == 0) {
        fail_msg("%s is answered %s", path, text.bytes);
    }
    json_decref(expected);
    json_decref(answer);
    mn_text_deinit(&text);
    evidence_destroy(&evidence);
}

static void answers_every_case_as_written(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(MNEME_SOURCE "/tests/cases/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 15);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        compares(found.gl_pathv[i]);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_every_case_as_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
