/* The queue of what is to happen, and the processes that it happens to: their clocks, their timers,
 * their pauses. A heap of when each event is due; of equal times that which was asked for first
 * comes first. The events themselves stay where they are. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/sim_private.h"

enum { SIM_TABLE_COUNT_MAX = 1 << 30, SIM_RESTART_MS = 300 };

void *sim_take(size_t count, size_t size)
{
    void *taken = calloc(count > 0 ? count : 1, size);
    mn_assert(taken != NULL);
    return taken;
}

void *sim_take_unset(size_t size)
{
    void *taken = malloc(size > 0 ? size : 1);
    mn_assert(taken != NULL);
    return taken;
}

void *sim_copy(const void *bytes, size_t size)
{
    void *copy = sim_take_unset(size);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

void sim_grow(void *items, size_t *capacity, size_t count, size_t size)
{
    mn_result result = mn_grow(items, capacity, count, size, SIM_TABLE_COUNT_MAX);
    mn_assert(result == MN_OK);
}

/* ---- the heap -------------------------------------------------------------------------------- */

enum {
    HEAP_ARITY = 4,  /* children of one event: fewer levels than with two, of less memory */
    PLACE_BITS = 26, /* of a turn */
    PLACE_COUNT_MAX = 1 << PLACE_BITS
};

static size_t place_of(const struct sim_due *due)
{
    return due->turn & (PLACE_COUNT_MAX - 1);
}

/* Both as one number: no time is below 0. */
__extension__ typedef unsigned __int128 due_number;

static inline due_number number_of(const struct sim_due *due)
{
    return (due_number)(uint64_t)due->at << 64 | due->turn;
}

/* Without a branch, which nobody could foretell. */
static inline bool due_before(const struct sim_due *a, const struct sim_due *b)
{
    return number_of(a) < number_of(b);
}

/* Room for one more: behind the heap stand the places that are free. */
static void events_reserve(struct sim *sim)
{
    size_t before = sim->event_capacity;
    if (sim->event_count < before) {
        return;
    }
    mn_assert(sim->event_count < PLACE_COUNT_MAX);
    size_t capacity = before;
    sim_grow(&sim->events, &capacity, before + 1, sizeof *sim->events);
    sim_grow(&sim->dues, &sim->event_capacity, capacity, sizeof *sim->dues);
    sim->event_capacity = capacity;
    for (size_t place = before; place < capacity; place++) {
        sim->dues[place].turn = place;
    }
}

void sim_push(struct sim *sim, const struct sim_event *event)
{
    events_reserve(sim);
    size_t at = sim->event_count++;
    size_t place = place_of(&sim->dues[at]);
    struct sim_due due = {.at = event->at, .turn = event->order << PLACE_BITS | place};
    mn_assert(event->order <= UINT64_MAX >> PLACE_BITS);
    while (at > 0) {
        size_t parent = (at - 1) / HEAP_ARITY;
        if (!due_before(&due, &sim->dues[parent])) {
            break;
        }
        sim->dues[at] = sim->dues[parent];
        at = parent;
    }
    sim->dues[at] = due;
    sim->events[place] = *event;
}

static size_t earlier(const struct sim_due *dues, size_t a, size_t b)
{
    return due_before(&dues[b], &dues[a]) ? b : a;
}

/* The earliest of those from @first on that have the same parent, all of which come before @end. */
static size_t earliest_child(const struct sim_due *dues, size_t first, size_t end)
{
    if (first + HEAP_ARITY <= end) {
        return earlier(dues, earlier(dues, first, first + 1), earlier(dues, first + 2, first + 3));
    }
    size_t earliest = first;
    for (size_t i = first + 1; i < end; i++) {
        earliest = earlier(dues, earliest, i);
    }
    return earliest;
}

/* The last event fills the gap. It mostly belongs near the end again, so the gap goes down all the
 * way first, without asking, and then up as far as needed. */
bool sim_pop(struct sim *sim, mn_time until, struct sim_event *event)
{
    if (sim->event_count == 0 || sim->dues[0].at > until) {
        return false;
    }
    struct sim_due *dues = sim->dues;
    size_t count = --sim->event_count;
    size_t place = place_of(&dues[0]);
    *event = sim->events[place];
    struct sim_due last = dues[count];
    size_t at = 0;
    for (size_t child = 1; child < count; child = HEAP_ARITY * at + 1) {
        child = earliest_child(dues, child, count);
        dues[at] = dues[child];
        at = child;
    }
    while (at > 0 && due_before(&last, &dues[(at - 1) / HEAP_ARITY])) {
        dues[at] = dues[(at - 1) / HEAP_ARITY];
        at = (at - 1) / HEAP_ARITY;
    }
    dues[at] = last;
    dues[count].turn = place;
    return true;
}

void sim_events_deinit(struct sim *sim)
{
    for (size_t i = 0; i < sim->event_count; i++) {
        sim_event_free(&sim->events[place_of(&sim->dues[i])]);
    }
    free(sim->events);
    free(sim->dues);
}

void sim_at(struct sim *sim, mn_time at, enum sim_event_kind kind,
            const struct sim_process *process, uint64_t number, void *data)
{
    struct sim_event event = {.at = at > sim->now ? at : sim->now,
                              .order = ++sim->event_order,
                              .kind = kind,
                              .slot = process != NULL ? process->slot : SIM_NOBODY,
                              .instance = process != NULL ? process->instance : 0,
                              .number = number,
                              .data = data};
    sim_push(sim, &event);
}

void sim_event_free(struct sim_event *event)
{
    free(event->data);
    event->data = NULL;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* The lowest slot that is free. */
static size_t slot_take(struct sim *sim)
{
    if (sim->free_slot_count == 0) {
        sim_grow((void *)&sim->processes, &sim->process_capacity, sim->process_count + 1,
                 sizeof(struct sim_process *));
        return sim->process_count++;
    }
    uint32_t *heap = sim->free_slots;
    uint32_t taken = heap[0];
    uint32_t last = heap[--sim->free_slot_count];
    size_t at = 0;
    for (size_t child = 1; child < sim->free_slot_count; child = 2 * at + 1) {
        child += child + 1 < sim->free_slot_count && heap[child + 1] < heap[child] ? 1 : 0;
        if (heap[child] >= last) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return taken;
}

static void slot_give_back(struct sim *sim, uint32_t slot)
{
    sim->processes[slot] = NULL;
    sim_grow(&sim->free_slots, &sim->free_slot_capacity, sim->free_slot_count + 1,
             sizeof *sim->free_slots);
    size_t at = sim->free_slot_count++;
    while (at > 0 && sim->free_slots[(at - 1) / 2] > slot) {
        sim->free_slots[at] = sim->free_slots[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->free_slots[at] = slot;
}

struct sim_process *sim_process_new(struct sim *sim, enum sim_role role, uint32_t machine)
{
    size_t slot = slot_take(sim);
    struct sim_process *process = sim_take(1, sizeof *process);
    process->role = role;
    process->slot = (uint32_t)slot;
    process->instance = ++sim->instances;
    process->machine = machine;
    process->offset = sim->machines[machine].offset;
    process->drift_ppm = sim->machines[machine].drift_ppm;
    process->timer_at = MN_TIME_NEVER;
    process->effects_left = SIM_NONE;
    process->restart_ms = SIM_RESTART_MS;
    sim->processes[slot] = process;
    struct sim_process *next = sim->machines[machine].first_here;
    process->next_here = next;
    if (next != NULL) {
        next->previous_here = process;
    }
    sim->machines[machine].first_here = process;
    return process;
}

void sim_process_free(struct sim *sim, struct sim_process *process)
{
    bool vat = process->role == SIM_VAT;
    sim_ends_on_exit(sim, process);
    for (size_t i = 0; i < process->missed_count; i++) {
        if (process->missed[i].kind == SIM_ON_MESSAGE) {
            sim_message_done(sim, process->missed[i].data);
        } else {
            sim_event_free(&process->missed[i]);
        }
    }
    free(process->missed);
    free(process->links);
    if (process->previous_here != NULL) {
        process->previous_here->next_here = process->next_here;
    } else {
        sim->machines[process->machine].first_here = process->next_here;
    }
    if (process->next_here != NULL) {
        process->next_here->previous_here = process->previous_here;
    }
    slot_give_back(sim, process->slot);
    free(process);
    if (vat) {
        sim_left_less(sim);
    }
}

/* ---- clocks ---------------------------------------------------------------------------------- */

enum { SIM_CLOCK_START = 1782864000 }; /* seconds since 1970 */

mn_time sim_clock(struct sim *sim, struct sim_process *process)
{
    mn_time shows = SIM_CLOCK_START * MN_SECOND + sim->now + process->offset +
                    sim->now / 1000000 * process->drift_ppm;
    if (shows < process->last) {
        shows = process->last;
    }
    process->last = shows;
    return shows;
}

/* No clock that a core is given goes back; one that goes ahead is late for what it waited for. */
void sim_clock_skew(struct sim *sim, uint32_t machine, mn_time by)
{
    sim->machines[machine].offset += by;
    struct sim_process *process = sim->machines[machine].first_here;
    for (; process != NULL; process = process->next_here) {
        process->offset += by;
        process->timer_at = sim->now;
        sim_at(sim, sim->now, SIM_ON_TIMER, process, 0, NULL);
    }
}

void sim_timer(struct sim *sim, struct sim_process *process, mn_time deadline)
{
    if (deadline == MN_TIME_NEVER) {
        return;
    }
    mn_time wait = deadline - sim_clock(sim, process);
    wait = wait > 0 ? wait - wait / 1000000 * process->drift_ppm : 0;
    mn_time at = sim->now + (wait > 0 ? wait : 0);
    if (at >= process->timer_at) {
        return;
    }
    process->timer_at = at;
    sim_at(sim, at, SIM_ON_TIMER, process, 0, NULL);
}

/* ---- pauses ---------------------------------------------------------------------------------- */

void sim_pause(struct sim *sim, struct sim_process *process, mn_time until)
{
    if (until <= process->paused_until) {
        return;
    }
    process->paused_until = until;
    sim_at(sim, until, SIM_ON_TIMER, process, 1, NULL);
}

bool sim_missed(struct sim *sim, struct sim_process *process, const struct sim_event *event)
{
    if (process->paused_until == 0) {
        return false;
    }
    if (sim->now >= process->paused_until && event->kind == SIM_ON_TIMER && event->number == 1) {
        process->paused_until = 0;
        process->timer_at = sim->now; /* the timer is looked at with this event */
        for (size_t i = 0; i < process->missed_count; i++) {
            struct sim_event again = process->missed[i];
            again.at = sim->now;
            again.order = ++sim->event_order;
            sim_push(sim, &again);
        }
        process->missed_count = 0;
        return false;
    }
    sim_grow(&process->missed, &process->missed_capacity, process->missed_count + 1,
             sizeof *process->missed);
    process->missed[process->missed_count++] = *event;
    return true;
}

uint64_t sim_effect_count(const struct sim *sim, uint32_t who)
{
    return sim->effects[who];
}

/* Count one more effect. Whether the process dies before it. */
static bool crash_is_here(struct sim *sim, const struct sim_process *process)
{
    const struct sim_crash *crash = &sim->faults.crash;
    uint32_t who = process->role == SIM_COORDINATOR ? 0
                   : process->role == SIM_AGENT     ? 1 + process->machine
                                                    : 1 + sim->host_count + process->vat->vat;
    sim->effects[who] += 1;
    return who == crash->who && sim->effects[who] == crash->effect;
}

static void crash_begin(struct sim *sim, struct sim_process *process)
{
    process->effects_left = 0;
    if (sim->observer != NULL) {
        observer_harm(sim->observer);
    }
    if (sim->faults.crash.lose) {
        sim->faults.items[sim->crash_fault].a = process->machine;
        sim_at(sim, sim->now, SIM_ON_FAULT, NULL, sim->crash_fault, NULL);
    }
}

bool sim_effect_allowed(struct sim *sim, struct sim_process *process)
{
    if (!process->dying && crash_is_here(sim, process)) {
        crash_begin(sim, process);
    }
    if (process->effects_left == SIM_NONE) {
        return true;
    }
    if (process->effects_left > 0) {
        process->effects_left -= 1;
        return true;
    }
    if (!process->dying) {
        process->dying = true;
        sim_count(sim, SIM_SOMETIMES_CRASH_IN_STEP);
        /* Should what it is doing be no event of its own, as its very start is not. */
        sim_at(sim, sim->now, SIM_ON_TIMER, process, 0, NULL);
    }
    return false;
}
