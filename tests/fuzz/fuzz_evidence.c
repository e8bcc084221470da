/* The evidence reader takes any bytes: it answers, and what it reads it can write and read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "docs/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct evidence *first = NULL;
    struct mn_error error = {{0}};
    mn_result result = evidence_read((const char *)bytes, size, "fuzz", &first, &error);
    if (result != MN_OK) {
        mn_assert(error.text[0] != '\0');
        return 0;
    }
    struct mn_text yaml = {0};
    struct mn_text json = {0};
    struct mn_text again = {0};
    struct evidence *second = NULL;
    mn_assert(evidence_write_yaml(first, &yaml) == MN_OK);
    mn_assert(evidence_write_json(first, &json) == MN_OK);
    mn_assert(evidence_read(yaml.bytes, yaml.size, "yaml", &second, &error) == MN_OK);
    mn_assert(evidence_write_json(second, &again) == MN_OK);
    mn_assert(strcmp(json.bytes, again.bytes) == 0);
    evidence_destroy(&second);
    mn_assert(evidence_read(json.bytes, json.size, "json", &second, &error) == MN_OK);
    evidence_destroy(&second);
    evidence_destroy(&first);
    mn_text_deinit(&again);
    mn_text_deinit(&json);
    mn_text_deinit(&yaml);
    return 0;
}
