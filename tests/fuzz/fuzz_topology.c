/* The topology reader takes any bytes, and finds what it has read. */
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "docs/topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct topology *topology = NULL;
    struct mn_error error = {{0}};
    mn_result result = topology_read((const char *)bytes, size, "fuzz", &topology, &error);
    if (result != MN_OK) {
        mn_assert(error.text[0] != '\0');
        return 0;
    }
    mn_assert(topology->host_count >= 1);
    for (uint32_t i = 0; i < topology->host_count; i++) {
        mn_assert(topology_find_host(topology, topology->hosts[i].name) == i);
        mn_assert(topology_find_host_key(topology, topology->hosts[i].key) == i);
    }
    for (uint32_t i = 0; i < topology->vat_count; i++) {
        mn_assert(topology_find_vat(topology, topology->vats[i].name) == i);
        mn_assert(topology->vats[i].host < topology->host_count);
    }
    topology_destroy(&topology);
    return 0;
}
