/* What the files of the small world share. */
#ifndef TESTS_VAT_WORLD_PRIVATE_H
#define TESTS_VAT_WORLD_PRIVATE_H

#include "agent/vat/vat_world.h"

/* A checkpoint in a store. */
struct world_saved {
    struct world_saved *older;
    struct mn_arena arena;
    struct mn_checkpoint_record record;
    struct mn_checkpoint_entry *entries;
    struct mn_session_state *sessions;
    size_t session_count;
    bool durable;
};

void world_log_add(char *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What was heard, in brackets when before this interval, and which lives of peers are known. */
void world_log_heard(char *log, const struct mn_name *names, const struct mn_heard *heard,
                     uint32_t count, uint32_t before, const struct mn_known *known,
                     uint32_t known_count);

/* The application: hand an event to it; its numbers, "got" and "sent" for each peer. */
void world_app_deliver(struct world_vat *vat, const struct vat_delivery *delivery);
void world_app_set(struct vat *core, const char *what, const struct mn_name *peer, uint64_t number);
/* What stands at @offset of a large message. */
unsigned char world_app_byte(uint64_t number, size_t offset);
uint64_t world_app_number(struct vat *core, const char *what, const struct mn_name *peer);

/* The store: checkpoints are added as the newest, and restored in the order of a chain. */
void world_store_add(struct world_vat *vat, const struct vat_checkpoint *checkpoint);
const struct world_saved *world_store_find(const struct world_vat *vat, mn_epoch epoch);
void world_store_restore(struct world_vat *vat, const mn_epoch *chain, uint32_t count);
void world_saved_free(struct world_saved *saved);

#endif
