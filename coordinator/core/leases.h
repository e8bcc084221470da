/* What agents ask of vats that run, and say of what these remember. */
#ifndef COORDINATOR_CORE_LEASES_H
#define COORDINATOR_CORE_LEASES_H

#include "coordinator.h"

/* leases.c: which runs may act on the world outside. */
/* Nothing is granted while grants of an earlier coordinator may still run. */
void leases_begin(struct coordinator *coordinator);
/* Nor before @until: this coordinator may be the one that is cut off. */
void leases_hold(struct coordinator *coordinator, mn_time until);
/* The vat's run is about to be another one: what that was granted has to be over first. */
void leases_run_over(struct coordinator *coordinator, uint32_t vat);
/* Its host's agent has seen the run's process end, and its lease with it. */
void leases_process_gone(struct coordinator *coordinator, uint32_t vat);
void leases_ask(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);

/* differs.c: vats that remember different things of one another. */
/* Whether the claim with this index is new, and about a run that is meant. */
bool differs_stands(const struct coordinator *coordinator, size_t index);
void differs_take(struct coordinator *coordinator, uint32_t host, const struct mn_up *message);

/* addresses.c: where each vat is, for those who ask. */
void addresses_lookup(struct coordinator *coordinator, uint32_t host, const struct mn_name *name);
/* "" while it runs nowhere. Those who asked are told what changes. */
void addresses_set(struct coordinator *coordinator, uint32_t vat, const char *endpoint);

#endif
