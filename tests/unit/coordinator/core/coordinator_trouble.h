/* Troubles for the stories of the coordinator's core: hosts that burn, answers of many vats, rows
 * with floors. On coordinator_scene.h. */
#ifndef TESTS_COORDINATOR_TROUBLE_H
#define TESTS_COORDINATOR_TROUBLE_H

#include "coordinator_scene.h"

void trouble_begin(struct scene *scene);

/* Operators: who may approve, and who may not. */
enum { ALICE, BOB };

/* With these and that policy; every vat runs. */
void trouble_begin_with_operators(struct scene *scene, const char *policy);

bool trouble_said(const struct scene *scene, const char *words);

void trouble_must_say(const struct scene *scene, const char *words);

void trouble_must_not_say(const struct scene *scene, const char *words);

/* Every witness that has been asked since the last skip finds every port closed. */
void trouble_witnesses_find_closed(struct scene *scene);

/* The hosts in @hosts ("34" say) fall silent and are found lost. Effects are skipped. */
void trouble_lose_hosts(struct scene *scene, const char *hosts);

/* Answer a freeze for several vats: "x1 1.3 1.1, x3 2.1 1.1" (epoch, since), none heard anything.
 */
void trouble_answer(struct scene *scene, uint32_t host, uint64_t round, uint32_t attempt,
                    const char *words);

void trouble_answer_first(struct scene *scene, uint64_t round, uint32_t attempt);

/* A row with a floor; it heard x6's 1.3 if @orphan. */
void trouble_row_with_floor(struct scene *scene, uint32_t host, const char *vat, mn_epoch epoch,
                            mn_epoch since, mn_epoch onto, mn_epoch floor, bool orphan);

void trouble_hello_of(struct scene *scene, uint32_t host, const char *vat, mn_run run,
                      uint64_t newest_round, bool everything);

/* h3 burns, and round 1 is decided, though not on record yet: x3 goes on at h5 as run 2. */
void trouble_decide_x3(struct scene *scene);

/* Round 1 is decided and everything of it is up: h6 is lost, x6 goes on at h2, x1 is taken back,
 * and each is told of the other, which neither has handled yet. */
void trouble_decide_x6_and_x1(struct scene *scene);

#endif
