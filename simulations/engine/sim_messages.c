/* The memory of messages under way. Most are small and soon gone, in the order in which they came,
 * which a general heap is slow at: those that are gone are kept, by size, for those that come. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum { MESSAGE_ROOM_SIZE = 128 }; /* the room of one kept in list i is so much more than of i - 1 */

/* In which list such a message is kept; SIM_MESSAGE_LIST_COUNT or more: in none. */
static size_t message_list(size_t first_size, size_t second_size)
{
    return (first_size + second_size) / MESSAGE_ROOM_SIZE;
}

struct sim_message *sim_message_new(struct sim *sim, const struct mn_buffer *first,
                                    const void *second, size_t second_size)
{
    size_t list = message_list(first->size, second_size);
    struct sim_message *message = list < SIM_MESSAGE_LIST_COUNT ? sim->messages[list] : NULL;
    if (message != NULL) {
        sim->messages[list] = message->next;
    } else {
        message = malloc(sizeof *message + (list + 1) * MESSAGE_ROOM_SIZE);
        mn_assert(message != NULL);
    }
    memset(message, 0, sizeof *message);
    message->size = (uint32_t)first->size;
    message->second_size = (uint32_t)second_size;
    if (first->size > 0) {
        memcpy(message->bytes, first->bytes, first->size);
    }
    if (second_size > 0) {
        memcpy(message->bytes + first->size, second, second_size);
    }
    return message;
}

void sim_copy_leaves(struct sim *sim, uint32_t copy_of, uint32_t *carried)
{
    if (copy_of > 0 && sim->observer != NULL) {
        *carried = copy_of;
        observer_copy_leaves(sim->observer, copy_of - 1);
    }
}

void sim_copy_arrives(struct sim *sim, uint32_t copy_of)
{
    if (copy_of > 0 && sim->observer != NULL) {
        observer_copy_arrives(sim->observer, copy_of - 1);
    }
}

void sim_message_done(struct sim *sim, struct sim_message *message)
{
    sim_copy_arrives(sim, message->copy_of);
    size_t list = message_list(message->size, message->second_size);
    if (list >= SIM_MESSAGE_LIST_COUNT) {
        free(message);
        return;
    }
    message->next = sim->messages[list];
    sim->messages[list] = message;
}

void sim_messages_deinit(struct sim *sim)
{
    for (size_t i = 0; i < SIM_MESSAGE_LIST_COUNT; i++) {
        while (sim->messages[i] != NULL) {
            struct sim_message *next = sim->messages[i]->next;
            free(sim->messages[i]);
            sim->messages[i] = next;
        }
    }
}
