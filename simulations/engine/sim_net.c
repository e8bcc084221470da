/* Connections and what passes on them. A message is encoded bytes with the place of its receiver;
 * it arrives in order on its connection, waits while a cut holds it up, and is lost with the
 * process that it is for. The end of a connection is noticed late, or never, as it is with TCP. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

/* ---- links of processes ---------------------------------------------------------------------- */

static void ends_add(struct sim_process *process, uint32_t link)
{
    sim_grow(&process->links, &process->link_capacity, process->link_count + 1,
             sizeof *process->links);
    process->links[process->link_count++] = link;
}

static void ends_remove(struct sim_process *process, uint32_t link)
{
    for (size_t i = 0; i < process->link_count; i++) {
        if (process->links[i] == link) {
            process->links[i] = process->links[--process->link_count];
            return;
        }
    }
}

static void waiting_clear(struct sim *sim, struct sim_link *link)
{
    while (link->first != NULL) {
        struct sim_message *next = link->first->next;
        sim_message_done(sim, link->first);
        link->first = next;
    }
    link->last = &link->first;
    link->waiting = 0;
}

static void connect_later(struct sim *sim, uint32_t index, mn_time at)
{
    struct sim_link *link = &sim->links[index];
    link->serial += 1;
    struct sim_event event = {.at = at,
                              .order = ++sim->event_order,
                              .kind = SIM_ON_CONNECT,
                              .slot = index,
                              .number = link->serial};
    sim_push(sim, &event);
}

uint32_t sim_link_open(struct sim *sim, enum sim_link_kind kind, struct sim_process *client,
                       uint32_t machine, uint32_t port, mn_time age_max, uint32_t backoff_ms)
{
    uint32_t index = 0;
    if (sim->free_count > 0) {
        index = sim->free_links[--sim->free_count];
    } else {
        size_t before = sim->link_capacity;
        sim_grow(&sim->links, &sim->link_capacity, sim->link_count + 1, sizeof *sim->links);
        if (before != sim->link_capacity) {
            /* They have moved: a list that is empty ends in itself. */
            for (size_t i = 0; i < sim->link_count; i++) {
                if (sim->links[i].first == NULL) {
                    sim->links[i].last = &sim->links[i].first;
                }
            }
        }
        index = (uint32_t)sim->link_count++;
        memset(&sim->links[index], 0, sizeof sim->links[index]);
    }
    struct sim_link *link = &sim->links[index];
    struct sim_link kept = *link;
    *link = (struct sim_link){.kind = kind,
                              .used = true,
                              .client = client->slot,
                              .client_instance = client->instance,
                              .server = SIM_NOBODY,
                              .lost_below = kept.lost_below,
                              .reset_below = kept.reset_below,
                              .serial = kept.serial,
                              .machine = machine,
                              .port = port,
                              .backoff_ms = backoff_ms,
                              .age_max = age_max};
    link->last = &link->first;
    ends_add(client, index);
    mn_time takes = 2 * sim_latency(sim, client->machine, machine, 0);
    connect_later(sim, index, sim->now + takes);
    return index;
}

/* No longer established; the other end does not know yet. */
static void link_down(struct sim *sim, uint32_t index)
{
    struct sim_link *link = &sim->links[index];
    struct sim_process *server = sim_process_at(sim, link->server, link->server_instance);
    if (link->connection != 0 && server != NULL) {
        ends_remove(server, index);
    }
    link->connection = 0;
    link->server = SIM_NOBODY;
    link->held_up[0] = 0;
    link->held_up[1] = 0;
    link->attempts = 0;
}

static void link_free(struct sim *sim, uint32_t index)
{
    link_down(sim, index);
    waiting_clear(sim, &sim->links[index]);
    sim->links[index].used = false;
    sim_grow(&sim->free_links, &sim->free_capacity, sim->free_count + 1, sizeof *sim->free_links);
    sim->free_links[sim->free_count++] = index;
}

void sim_link_close(struct sim *sim, uint32_t index)
{
    struct sim_link *link = &sim->links[index];
    struct sim_process *client = sim_process_at(sim, link->client, link->client_instance);
    mn_assert(link->used);
    mn_assert(client != NULL);
    ends_remove(client, index);
    link_free(sim, index);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void message_launch(struct sim *sim, struct sim_link *link, struct sim_message *message)
{
    int way = message->back ? 1 : 0;
    mn_time arrives = sim->now + sim_latency(sim, message->from_machine, message->to_machine,
                                             (size_t)message->size + message->second_size);
    if (arrives < link->arrives[way]) {
        arrives = link->arrives[way];
    }
    link->arrives[way] = arrives;
    message->connection = link->connection;
    struct sim_event event = {.at = arrives,
                              .order = ++sim->event_order,
                              .kind = SIM_ON_MESSAGE,
                              .slot = message->to,
                              .instance = message->to_instance,
                              .data = message};
    sim_push(sim, &event);
}

static void message_wait(struct sim_link *link, struct sim_message *message)
{
    *link->last = message;
    link->last = &message->next;
    link->waiting += 1;
}

/* From the client's end, to whoever listens at the other. */
static void message_address(const struct sim_link *link, struct sim_message *message)
{
    message->to = link->server;
    message->to_instance = link->server_instance;
    message->to_machine = link->machine;
}

struct sim_message *sim_send(struct sim *sim, uint32_t index, uint64_t connection,
                             const struct mn_buffer *first, const void *second, size_t second_size)
{
    struct sim_link *link = &sim->links[index];
    bool back = connection != 0;
    if (!link->used || (back && link->connection != connection)) {
        return NULL;
    }
    bool established = link->connection != 0;
    if (!established && (link->age_max == 0 || link->waiting >= SIM_QUEUE_COUNT_MAX)) {
        return NULL;
    }
    struct sim_process *client = sim_process_at(sim, link->client, link->client_instance);
    mn_assert(client != NULL);
    struct sim_message *message = sim_message_new(sim, first, second, second_size);
    message->link = index;
    message->kind = link->kind;
    message->client_instance = link->client_instance;
    message->back = back;
    message->sent_at = sim->now;
    message->from_machine = back ? link->machine : client->machine;
    if (!established) {
        message_wait(link, message);
        return message;
    }
    if (back) {
        message->to = link->client;
        message->to_instance = link->client_instance;
        message->to_machine = client->machine;
    } else {
        message_address(link, message);
    }
    message_launch(sim, link, message);
    return message;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void waiting_send(struct sim *sim, struct sim_link *link)
{
    struct sim_message *message = link->first;
    link->first = NULL;
    link->last = &link->first;
    link->waiting = 0;
    while (message != NULL) {
        struct sim_message *next = message->next;
        message->next = NULL;
        if (sim->now - message->sent_at > link->age_max) {
            sim_message_done(sim, message);
        } else {
            message_address(link, message);
            message_launch(sim, link, message);
        }
        message = next;
    }
}

void sim_link_try(struct sim *sim, uint32_t index, uint64_t serial)
{
    struct sim_link *link = &sim->links[index];
    if (!link->used || link->connection != 0 || link->serial != serial) {
        return;
    }
    struct sim_process *client = sim_process_at(sim, link->client, link->client_instance);
    mn_assert(client != NULL);
    uint32_t from = client->machine;
    uint32_t slot = sim->machines[link->machine].up ? sim_port_find(sim, link->machine, link->port)
                                                    : SIM_NOBODY;
    if (slot == SIM_NOBODY || !sim_path(sim, from, link->machine) ||
        !sim_path(sim, link->machine, from)) {
        uint32_t wait = link->attempts < 8 ? 20U << link->attempts : link->backoff_ms;
        link->attempts += 1;
        wait = wait < link->backoff_ms ? wait : link->backoff_ms;
        connect_later(sim, index, sim->now + wait * MN_MS);
        return;
    }
    struct sim_process *server = sim->processes[slot];
    link->server = slot;
    link->server_instance = server->instance;
    link->connection = ++sim->connections;
    link->attempts = 0;
    link->arrives[0] = sim->now;
    link->arrives[1] = sim->now;
    ends_add(server, index);
    waiting_send(sim, link);
    if (link->kind == SIM_LINK_LOCAL) {
        sim_vat_connected(sim, client);
    }
}

void sim_link_broken(struct sim *sim, uint32_t index, uint64_t connection, bool only_held_up)
{
    struct sim_link *link = &sim->links[index];
    if (!link->used || link->connection != connection ||
        (only_held_up && link->held_up[0] + link->held_up[1] == 0)) {
        return;
    }
    link->lost_below = connection;
    link_down(sim, index);
    connect_later(sim, index, sim->now + 20 * MN_MS);
}

static void broken_later(struct sim *sim, uint32_t index, mn_time at, bool only_held_up)
{
    struct sim_event event = {.at = at,
                              .order = ++sim->event_order,
                              .kind = SIM_ON_BROKEN,
                              .slot = index,
                              .instance = only_held_up ? 1 : 0,
                              .number = sim->links[index].connection};
    sim_push(sim, &event);
}

void sim_reset(struct sim *sim, uint32_t machine)
{
    for (uint32_t i = 0; i < sim->link_count; i++) {
        struct sim_link *link = &sim->links[i];
        if (!link->used || link->connection == 0 || link->kind == SIM_LINK_LOCAL) {
            continue;
        }
        const struct sim_process *client = sim_process_at(sim, link->client, link->client_instance);
        if (link->machine == machine || client->machine == machine) {
            link->reset_below = link->connection;
            link_down(sim, i);
            connect_later(sim, i, sim->now + 20 * MN_MS);
        }
    }
}

void sim_net_machine_back(struct sim *sim, uint32_t machine)
{
    for (uint32_t i = 0; i < sim->link_count; i++) {
        const struct sim_link *link = &sim->links[i];
        if (link->used && link->connection != 0 && link->machine == machine &&
            sim_process_at(sim, link->server, link->server_instance) == NULL) {
            broken_later(sim, i, sim->now + sim->config.latency_us * 1000, false);
        }
    }
}

void sim_port_give(struct sim *sim, const struct sim_process *process)
{
    struct sim_machine *machine = &sim->machines[process->machine];
    for (size_t i = 0; i < machine->port_count; i++) {
        if (machine->ports[i] == process->slot) {
            machine->ports[i] = SIM_NOBODY;
        }
    }
}

void sim_ends_on_exit(struct sim *sim, struct sim_process *process)
{
    struct sim_machine *machine = &sim->machines[process->machine];
    sim_port_give(sim, process);
    for (size_t i = 0; i < process->link_count; i++) {
        uint32_t index = process->links[i];
        struct sim_link *link = &sim->links[index];
        if (link->client == process->slot && link->client_instance == process->instance) {
            if (!machine->up) {
                link->reset_below = link->connection;
            }
            link_free(sim, index);
        } else {
            mn_time at = machine->up ? sim->now + sim->config.latency_us * 1000
                                     : sim->now + sim->config.tcp_ms * MN_MS;
            broken_later(sim, index, at, false);
        }
    }
    process->link_count = 0;
}

/* ---- arriving -------------------------------------------------------------------------------- */

static void message_hold_up(struct sim *sim, struct sim_message *message, bool current)
{
    struct sim_link *link = &sim->links[message->link];
    if (current) {
        if (link->held_up[0] + link->held_up[1] == 0) {
            broken_later(sim, message->link, sim->now + sim->config.tcp_ms * MN_MS, true);
        }
        link->held_up[message->back ? 1 : 0] += 1;
    }
    message->next = NULL;
    *sim->held_last = message;
    sim->held_last = &message->next;
}

void sim_net_release(struct sim *sim)
{
    struct sim_message *message = sim->held_first;
    sim->held_first = NULL;
    sim->held_last = &sim->held_first;
    while (message != NULL) {
        struct sim_message *next = message->next;
        message->next = NULL;
        if (!sim_path(sim, message->from_machine, message->to_machine)) {
            *sim->held_last = message;
            sim->held_last = &message->next;
        } else {
            struct sim_link *link = &sim->links[message->link];
            if (link->used && link->connection == message->connection) {
                link->held_up[message->back ? 1 : 0] -= 1;
            }
            message->waited = true;
            struct sim_event event = {.at = sim->now,
                                      .order = ++sim->event_order,
                                      .kind = SIM_ON_MESSAGE,
                                      .slot = message->to,
                                      .instance = message->to_instance,
                                      .data = message};
            sim_push(sim, &event);
        }
        message = next;
    }
}

/* What was under way when its connection was reset: lost, or arrived before, perhaps both. */
static bool message_survives(struct sim *sim, struct sim_link *link, struct sim_message *message)
{
    if (message->connection <= link->lost_below) {
        return false;
    }
    if (message->connection > link->reset_below) {
        return true;
    }
    if (!message->back && link->used && link->client_instance == message->client_instance &&
        mn_random_below(&sim->net_random, 100) < (uint64_t)sim->config.repeat_percent) {
        struct mn_buffer first = {.bytes = message->bytes, .size = message->size};
        struct sim_message *again = sim_send(sim, message->link, 0, &first,
                                             message->bytes + message->size, message->second_size);
        if (again != NULL) {
            sim_copy_leaves(sim, message->copy_of, &again->copy_of);
        }
        return true;
    }
    return mn_random_below(&sim->net_random, 100) >= (uint64_t)sim->config.lose_percent;
}

void sim_arrived(struct sim *sim, struct sim_message *message)
{
    struct sim_link *link = &sim->links[message->link];
    bool current = link->used && link->connection == message->connection;
    if (!message->waited && (!sim_path(sim, message->from_machine, message->to_machine) ||
                             (current && link->held_up[message->back ? 1 : 0] > 0))) {
        message_hold_up(sim, message, current);
        return;
    }
    message->waited = true;
    struct sim_process *process = sim_process_at(sim, message->to, message->to_instance);
    if (process == NULL || (message->back && !current) ||
        (!current && !message_survives(sim, link, message))) {
        sim_message_done(sim, message);
        return;
    }
    struct sim_event event = {.at = sim->now,
                              .kind = SIM_ON_MESSAGE,
                              .slot = message->to,
                              .instance = message->to_instance,
                              .data = message};
    if (sim_missed(sim, process, &event)) {
        return;
    }
    sim_note(sim, "message", process->slot, message->link, message->size);
    switch (process->role) {
    case SIM_COORDINATOR:
        sim_coordinator_message(sim, process, message);
        break;
    case SIM_AGENT:
        sim_agent_message(sim, process, message);
        break;
    case SIM_VAT:
        sim_vat_message(sim, process, message);
        break;
    }
    sim_message_done(sim, message);
}

void sim_net_deinit(struct sim *sim)
{
    for (size_t i = 0; i < sim->link_count; i++) {
        waiting_clear(sim, &sim->links[i]);
    }
    while (sim->held_first != NULL) {
        struct sim_message *next = sim->held_first->next;
        sim_message_done(sim, sim->held_first);
        sim->held_first = next;
    }
    free(sim->links);
    free(sim->free_links);
    sim_messages_deinit(sim);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static size_t port_place(uint32_t port)
{
    return port == SIM_PORT_AGENT ? 0 : port - SIM_PORT_FIRST + 1;
}

void sim_port_take(struct sim *sim, struct sim_process *process, uint32_t port)
{
    struct sim_machine *machine = &sim->machines[process->machine];
    size_t place = 0;
    if (port == 0) {
        place = 1;
        while (place < machine->port_count &&
               (machine->ports[place] != SIM_NOBODY || sim->config.port_reuse == 0)) {
            place += 1;
        }
    } else {
        place = port_place(port);
    }
    while (machine->port_count <= place) {
        sim_grow(&machine->ports, &machine->port_capacity, machine->port_count + 1,
                 sizeof *machine->ports);
        machine->ports[machine->port_count++] = SIM_NOBODY;
    }
    mn_assert(machine->ports[place] == SIM_NOBODY);
    machine->ports[place] = process->slot;
    process->port = place == 0 ? SIM_PORT_AGENT : (uint32_t)(place - 1 + SIM_PORT_FIRST);
}

uint32_t sim_port_find(const struct sim *sim, uint32_t machine, uint32_t port)
{
    const struct sim_machine *where = &sim->machines[machine];
    size_t place = port_place(port);
    return place < where->port_count ? where->ports[place] : SIM_NOBODY;
}
