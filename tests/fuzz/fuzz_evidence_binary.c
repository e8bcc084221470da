/* The reader of evidence in its binary form takes any message: it answers, and what it reads it can
 * write to bytes that say the same, and as YAML. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "oracle/encode.h"
#include "wire/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The message as the only piece, with the magic and digest, which no fuzzer would guess. */
static struct mn_buffer seal(const uint8_t *message, size_t size)
{
    unsigned char before[MN_EVIDENCE_SIZE_SIZE];
    struct mn_buffer buffer = {0};
    for (unsigned i = 0; i < sizeof before; i++) {
        before[i] = (unsigned char)((uint64_t)size >> 8 * i);
    }
    mn_assert(mn_evidence_begin(&buffer) == MN_OK);
    mn_assert(mn_buffer_append(&buffer, before, sizeof before) == MN_OK);
    mn_assert(mn_buffer_append(&buffer, message, size) == MN_OK);
    mn_assert(mn_evidence_end(&buffer) == MN_OK);
    return buffer;
}

/* The bytes cut into two pieces, wherever that is. */
static void read_pieces(const uint8_t *bytes, size_t size)
{
    struct mn_buffer whole = {0};
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    size_t first = size > 0 ? bytes[0] % size : 0;
    mn_assert(mn_evidence_begin(&whole) == MN_OK);
    for (int i = 0; i < 2; i++) {
        struct mn_buffer one = seal(i == 0 ? bytes : bytes + first, i == 0 ? first : size - first);
        mn_assert(mn_buffer_append(&whole, one.bytes + MN_EVIDENCE_MAGIC_SIZE,
                                   one.size - MN_EVIDENCE_MAGIC_SIZE - MN_DIGEST_SIZE) == MN_OK);
        mn_buffer_deinit(&one);
    }
    mn_assert(mn_evidence_end(&whole) == MN_OK);
    if (mn_evidence_decode(whole.bytes, whole.size, &evidence, &error) != MN_OK) {
        mn_assert(error.text[0] != '\0');
    }
    evidence_destroy(&evidence);
    mn_buffer_deinit(&whole);
}

/* Bytes that are not sealed are only to be refused, unless the fuzzer starts from a whole file. */
static void read_raw(const uint8_t *bytes, size_t size)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    if (mn_evidence_read((const char *)bytes, size, "fuzz", &evidence, &error) != MN_OK) {
        mn_assert(error.text[0] != '\0');
    }
    evidence_destroy(&evidence);
}

/* Through YAML and back the document must be the same. */
static void compare_yaml(const struct evidence *evidence)
{
    struct mn_text yaml = {0};
    struct mn_text json = {0};
    struct mn_text again = {0};
    struct mn_error error = {{0}};
    struct evidence *read = NULL;
    mn_assert(evidence_write_yaml(evidence, &yaml) == MN_OK);
    mn_assert(evidence_write_json(evidence, &json) == MN_OK);
    mn_assert(evidence_read(yaml.bytes, yaml.size, "yaml", &read, &error) == MN_OK);
    mn_assert(evidence_write_json(read, &again) == MN_OK);
    mn_assert(strcmp(json.bytes, again.bytes) == 0);
    evidence_destroy(&read);
    mn_text_deinit(&yaml);
    mn_text_deinit(&json);
    mn_text_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    read_raw(bytes, size);
    read_pieces(bytes, size);
    struct mn_buffer input = seal(bytes, size);
    struct evidence *first = NULL;
    struct mn_error error = {{0}};
    if (mn_evidence_decode(input.bytes, input.size, &first, &error) != MN_OK) {
        mn_assert(error.text[0] != '\0');
        mn_buffer_deinit(&input);
        return 0;
    }
    struct mn_buffer once = {0};
    struct mn_buffer twice = {0};
    struct evidence *second = NULL;
    mn_assert(oracle_encode(first, &once) == MN_OK);
    mn_assert(once.size == input.size);
    mn_assert(mn_evidence_decode(once.bytes, once.size, &second, &error) == MN_OK);
    mn_assert(oracle_encode(second, &twice) == MN_OK);
    mn_assert(twice.size == once.size);
    mn_assert(memcmp(once.bytes, twice.bytes, once.size) == 0);
    compare_yaml(second);
    evidence_destroy(&second);
    evidence_destroy(&first);
    mn_buffer_deinit(&twice);
    mn_buffer_deinit(&once);
    mn_buffer_deinit(&input);
    return 0;
}
