/* The checker takes any answer to any evidence (the two with a NUL byte between them); what it lets
 * pass is what the oracle says. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "cli/check.h"
#include "oracle/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The oracle is as slow as it is simple. */
enum { ORACLE_VATS = 6, ORACLE_CHECKPOINTS = 12 };

static void compare(const struct evidence *evidence, const char *answer, size_t size)
{
    json_t *given = json_loadb(answer, size, 0, NULL);
    mn_assert(given != NULL);
    mn_assert(oracle_proof_holds(evidence, given));
    (void)json_object_del(given, "trace");
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(given, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
    }
    json_t *expected = oracle_answer(evidence, NULL);
    mn_assert(json_equal(given, expected) != 0);
    json_decref(expected);
    json_decref(given);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, 0, size);
    if (end == NULL) {
        return 0;
    }
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    size_t document_size = (size_t)(end - bytes);
    const char *document = (const char *)bytes;
    if (evidence_read(document, document_size, "fuzz", &evidence, &error) != MN_OK) {
        return 0;
    }
    const char *answer = (const char *)end + 1;
    size_t answer_size = size - document_size - 1;
    if (check_answer(evidence, answer, answer_size, &error) != MN_OK) {
        mn_assert(error.text[0] != '\0');
    } else if (evidence->vat_count <= ORACLE_VATS &&
               evidence->checkpoint_count <= ORACLE_CHECKPOINTS) {
        compare(evidence, answer, answer_size);
    }
    evidence_destroy(&evidence);
    return 0;
}
