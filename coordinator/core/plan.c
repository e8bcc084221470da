/* The record of a decision: which vat goes on from what, where and as which run, and who is told
 * what. With it another coordinator can carry on. All of it lies in the round's memory. */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

/* What is being put together. */
struct plan {
    struct coordinator *coordinator;
    struct round *round;
    const struct decision *decision;
    struct mn_journal_start *starts;
    struct mn_told *told;
    struct mn_notice *notices;
    uint32_t *load;        /* vats of each host, those to come included */
    struct mn_arena links; /* chains, as the ledger gives them */
    uint32_t placeless;
};

static void *plan_take(struct plan *plan, size_t count, size_t size)
{
    void *taken = mn_arena_take_array(&plan->round->memory, count, size);
    if (taken == NULL) {
        coordinator_fail(plan->coordinator, MN_NO_MEMORY);
    }
    return taken;
}

/* ---- starts ---------------------------------------------------------------------------------- */

static bool plan_chain(struct plan *plan, uint32_t vat, struct mn_start *start,
                       const struct ledger_link *links, size_t count, uint32_t host)
{
    struct mn_link *chain = plan_take(plan, count, sizeof *chain);
    if (chain == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t holder = places_holder(plan->coordinator, &links[i], host);
        if (holder == TOPOLOGY_NONE) {
            plan->placeless = vat; /* its holders are up, but have not said hello yet */
            return false;
        }
        chain[i] = (struct mn_link){.epoch = links[i].epoch,
                                    .holder = coordinator_host_id(plan->coordinator, holder)};
    }
    start->chain = chain;
    start->chain_count = (uint32_t)count;
    return true;
}

/* The vat's lineage with this start's own entry. */
static void plan_lineage(const struct plan *plan, const struct decision_vat *row,
                         struct mn_start *start)
{
    struct mn_fork fork = {.after = row->keep,
                           .next = mn_epoch_first(start->run),
                           .seen = row->forgot,
                           .told = row->forgot_told,
                           .round = start->round};
    mn_assert(fork.after < fork.next); /* nobody could read the record otherwise */
    coordinator_lineage(plan->coordinator, row->vat, &start->lineage);
    coordinator_lineage_add(&start->lineage, &fork);
    mn_assert(start->lineage.count > 0);
}

static bool plan_start(struct plan *plan, const struct decision_vat *row, uint32_t place)
{
    struct coordinator *coordinator = plan->coordinator;
    const struct vat_entry *entry = &coordinator->vats[row->vat];
    struct ledger_link *links = NULL;
    size_t count = 0;
    if (row->keep > 0 &&
        !coordinator_fine(coordinator, ledger_chain(coordinator->ledger, row->vat, row->keep,
                                                    &plan->links, &links, &count))) {
        return false;
    }
    uint32_t host = places_choose(coordinator, row->vat, links, count, plan->load);
    mn_run newest = vats_run_reached(coordinator, row->vat);
    if (host == TOPOLOGY_NONE || newest >= MN_RUN_MAX || count > MN_CHAIN_COUNT_MAX) {
        plan->placeless = row->vat;
        return false;
    }
    plan->load[host] += host != entry->host ? 1 : 0;
    struct mn_journal_start *out = &plan->starts[place];
    plan->round->start_vats[place] = row->vat;
    plan->round->start_hosts[place] = host;
    out->host = coordinator_host_id(coordinator, host);
    out->lost = coordinator_lost(coordinator, row);
    out->start = (struct mn_start){.round = plan->round->facts.round,
                                   .vat = coordinator_vat_id(coordinator, row->vat),
                                   .run = newest + 1,
                                   .incarnation = row->incarnation,
                                   .keep = row->keep,
                                   .outcome = row->outcome,
                                   .disk = coordinator->hosts[host].disk};
    plan_lineage(plan, row, &out->start);
    return plan_chain(plan, row->vat, &out->start, links, count, host);
}

/* ---- notices --------------------------------------------------------------------------------- */

static void plan_notices(struct plan *plan, const struct decision_vat *row, uint32_t first)
{
    for (size_t i = 0; i < row->told_count; i++) {
        const struct decision_told *told = &row->told[i];
        plan->round->notice_peers[first + i] = told->peer;
        plan->notices[first + i] =
            (struct mn_notice){.peer = coordinator_vat_id(plan->coordinator, told->peer),
                               .incarnation = told->incarnation,
                               .kept = told->kept,
                               .you_heard = told->you_heard,
                               .forgot_you = told->forgot_you,
                               .reset = told->kept == 0}; /* it forgot (rules 11, 12) */
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void plan_count(const struct decision *decision, uint32_t *starts, uint32_t *told,
                       uint32_t *notices)
{
    *starts = 0;
    *told = 0;
    *notices = 0;
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        *starts += row->outcome != MN_RUNNING ? 1 : 0;
        *told += row->told_count > 0 ? 1 : 0;
        *notices += (uint32_t)row->told_count;
    }
}

static bool plan_too_large(struct plan *plan, uint64_t number, const char *text)
{
    round_hold(plan->coordinator, plan->round, number, text);
    return false;
}

static bool plan_rows(struct plan *plan)
{
    uint32_t starts = 0;
    uint32_t told = 0;
    uint32_t notices = 0;
    plan_count(plan->decision, &starts, &told, &notices);
    if (told > MN_RECORD_ROW_COUNT_MAX || notices > MN_RECORD_ROW_COUNT_MAX) {
        return plan_too_large(plan, notices,
                              "more notices than one decision can hold; divide the cluster into "
                              "cells");
    }
    plan->starts = plan_take(plan, starts, sizeof *plan->starts);
    plan->told = plan_take(plan, told, sizeof *plan->told);
    plan->notices = plan_take(plan, notices, sizeof *plan->notices);
    if (plan->starts == NULL || plan->told == NULL || plan->notices == NULL ||
        !coordinator_fine(plan->coordinator, round_make_room(plan->round, starts, told, notices))) {
        return false;
    }
    struct mn_journal_decision *out = &plan->round->decision;
    *out = (struct mn_journal_decision){.round = plan->round->facts.round,
                                        .starts = plan->starts,
                                        .told = plan->told,
                                        .notices = plan->notices};
    for (size_t i = 0; i < plan->decision->vat_count; i++) {
        const struct decision_vat *row = &plan->decision->vats[i];
        if (row->outcome != MN_RUNNING) {
            if (!plan_start(plan, row, out->start_count)) {
                return false;
            }
            out->start_count += 1;
        }
        if (row->told_count > 0) {
            plan->round->told_vats[out->told_count] = row->vat;
            plan->told[out->told_count++] =
                (struct mn_told){.vat = coordinator_vat_id(plan->coordinator, row->vat),
                                 .notice_first = out->notice_count,
                                 .notice_count = (uint32_t)row->told_count};
            plan_notices(plan, row, out->notice_count);
            out->notice_count += (uint32_t)row->told_count;
        }
    }
    return true;
}

/* Whether the decision's record can be written and read. An upper bound: what each row says in
 * numbers, and its names. */
static bool plan_fits(struct plan *plan)
{
    enum { START_SIZE = 160, FORK_SIZE = 32, LINK_SIZE = 16, TOLD_SIZE = 16, NOTICE_SIZE = 80 };
    const struct mn_journal_decision *decision = &plan->round->decision;
    uint64_t size = 0;
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        size += START_SIZE + strlen(start->vat.text) + strlen(decision->starts[i].host.text) +
                (uint64_t)start->lineage.count * FORK_SIZE;
        for (uint32_t k = 0; k < start->chain_count; k++) {
            size += LINK_SIZE + strlen(start->chain[k].holder.text);
        }
    }
    for (uint32_t i = 0; i < decision->told_count; i++) {
        size += TOLD_SIZE + strlen(decision->told[i].vat.text);
    }
    for (uint32_t i = 0; i < decision->notice_count; i++) {
        size += NOTICE_SIZE + strlen(decision->notices[i].peer.text);
    }
    for (uint32_t i = 0; i < decision->lost_vat_count; i++) {
        size += TOLD_SIZE + strlen(decision->lost_vats[i].text);
    }
    return size <= plan->coordinator->decision_size_max ||
           plan_too_large(
               plan, decision->start_count,
               "more than one decision's record can hold; divide the cluster into cells");
}

/* Hosts whose loss no decision has taken into account; vats that were lost on their own. */
static bool plan_losses(struct plan *plan)
{
    struct coordinator *coordinator = plan->coordinator;
    struct mn_journal_decision *out = &plan->round->decision;
    struct mn_name *hosts = plan_take(plan, coordinator->host_count, sizeof *hosts);
    struct mn_name *vats = plan_take(plan, coordinator->lost_count, sizeof *vats);
    if (hosts == NULL || vats == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (coordinator->hosts[i].fresh_loss) {
            hosts[out->lost_host_count++] = coordinator_host_id(coordinator, i);
        }
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[i];
        if (entry->lost && !hosts_lost(coordinator, entry->host)) {
            vats[out->lost_vat_count++] = coordinator_vat_id(coordinator, i);
        }
    }
    out->lost_hosts = hosts;
    out->lost_vats = vats;
    return true;
}

void plan_record(struct coordinator *coordinator, struct round *round, struct decision **take)
{
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    pieces_end(coordinator);
    proof_take(coordinator, round, take);
    if (record == NULL || coordinator->effects->result != MN_OK) {
        return;
    }
    round->facts.decided_at = coordinator->now;
    round->decision.suspected_at = round->facts.suspected_at;
    round->decision.lost_at = round->facts.lost_at;
    round->decision.decided_at = round->facts.decided_at;
    record->kind = MN_JOURNAL_DECISION;
    record->decision = round->decision;
    round_move(coordinator, round, COORDINATOR_ROUND_DECIDING);
    coordinator->word = NULL;                            /* it was about this decision, */
    coordinator->step_decided = coordinator->step_count; /* and so is what is being recorded */
    coordinator_record(coordinator, record,
                       (struct pending){.kind = PENDING_DECISION, .round = round->facts.round});
}

bool plan_make(struct coordinator *coordinator, struct round *round,
               const struct decision *decision)
{
    struct plan plan = {.coordinator = coordinator,
                        .round = round,
                        .decision = decision,
                        .placeless = TOPOLOGY_NONE};
    mn_arena_deinit(&round->memory); /* of a plan that could not be made */
    plan.load = coordinator_take(coordinator, coordinator->host_count, sizeof *plan.load);
    bool fine = plan.load != NULL;
    for (uint32_t i = 0; fine && i < coordinator->host_count; i++) {
        plan.load[i] = coordinator->hosts[i].vat_count;
    }
    fine = fine && plan_rows(&plan) && plan_losses(&plan) && plan_fits(&plan);
    round->placeless = plan.placeless;
    mn_arena_deinit(&plan.links);
    return fine && coordinator->effects->result == MN_OK;
}
