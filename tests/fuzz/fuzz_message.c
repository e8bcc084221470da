/* Messages of any family are understood as protobuf-c understands them, or refused for one of the
 * reasons that schema/wire/codec_unpack.h names; what is understood is packed to the same bytes.
 * The first byte says of which family the rest is. */
#include <stddef.h>
#include <stdint.h>

#include "oracle/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 0) {
        (void)message_compare_unpacking(MESSAGE_FAMILIES[bytes[0] % MESSAGE_FAMILY_COUNT],
                                        bytes + 1, size - 1);
    }
    return 0;
}
