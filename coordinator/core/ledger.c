/* The ledger. */
#include <stdlib.h>

#include "ledger_private.h"

mn_result ledger_new(struct ledger **ledger)
{
    struct ledger *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    *ledger = made;
    return MN_OK;
}

void ledger_clear(struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->vat_count; i++) {
        free(ledger->places[i].slots);
        free(ledger->vats[i].lineage);
        if (ledger->vats[i].settled != NULL) {
            free(ledger->vats[i].settled->ranges);
            free(ledger->vats[i].settled);
        }
    }
    ledger_names_deinit(&ledger->place_names);
    ledger_names_deinit(&ledger->store_names);
    ledger_names_deinit(&ledger->vat_names);
    ledger_words_deinit(&ledger->words);
    struct ledger_set *sets[] = {
        &ledger->lost_domains, &ledger->lost_hosts,   &ledger->lost_stores,
        &ledger->lost_vats,    &ledger->unknown_vats, &ledger->unknown_stores,
        &ledger->tell,         &ledger->stopped,      &ledger->standing};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        ledger_set_deinit(sets[i]);
    }
    free(ledger->domains);
    free(ledger->hosts);
    free(ledger->stores);
    free(ledger->sites);
    free(ledger->vats);
    ledger_lines_deinit(&ledger->place_lines);
    free(ledger->intervals);
    ledger_lines_deinit(&ledger->hearers_lines);
    free(ledger->owners);
    free(ledger->settled);
    free(ledger->live_rows);
    free(ledger->seen);
    free(ledger->scratch);
    *ledger = (struct ledger){0};
}

void ledger_destroy(struct ledger **ledger)
{
    if (*ledger != NULL) {
        ledger_clear(*ledger);
        free(*ledger);
        *ledger = NULL;
    }
}

/* Bytes of all sets together. */
static size_t sets_size(const struct ledger *ledger)
{
    return ledger_set_size(&ledger->lost_domains) + ledger_set_size(&ledger->lost_hosts) +
           ledger_set_size(&ledger->lost_stores) + ledger_set_size(&ledger->lost_vats) +
           ledger_set_size(&ledger->unknown_vats) + ledger_set_size(&ledger->unknown_stores) +
           ledger_set_size(&ledger->tell) + ledger_set_size(&ledger->stopped) +
           ledger_set_size(&ledger->standing);
}

void ledger_measure(const struct ledger *ledger, struct ledger_sizes *sizes)
{
    size_t bytes = sizeof *ledger + sets_size(ledger) + ledger->slot_bytes + ledger->lineage_bytes;
    bytes += ledger_names_size(&ledger->place_names) + ledger_names_size(&ledger->store_names) +
             ledger_names_size(&ledger->vat_names);
    bytes += ledger->domain_capacity * sizeof *ledger->domains +
             ledger->host_capacity * sizeof *ledger->hosts +
             ledger->store_capacity * sizeof *ledger->stores +
             ledger->site_capacity * sizeof *ledger->sites;
    bytes += ledger->vat_capacity * sizeof *ledger->vats + ledger_lines_size(&ledger->place_lines);
    bytes += ledger->interval_capacity * sizeof *ledger->intervals +
             ledger_lines_size(&ledger->hearers_lines) +
             ledger->owner_capacity * sizeof *ledger->owners +
             ledger->settled_capacity * sizeof *ledger->settled +
             ledger->live_row_capacity * sizeof *ledger->live_rows +
             ledger->seen_capacity * sizeof *ledger->seen;
    bytes += ledger->words.capacity * sizeof *ledger->words.words +
             ledger->scratch_capacity * sizeof *ledger->scratch;
    *sizes = (struct ledger_sizes){.vat_count = ledger->vat_count,
                                   .checkpoint_count = ledger->checkpoint_count,
                                   .heard_count = ledger->heard_count,
                                   .byte_count = bytes};
}
