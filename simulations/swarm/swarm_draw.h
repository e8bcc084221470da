/* What the parts of the generator draw with. */
#ifndef SWARM_SWARM_DRAW_H
#define SWARM_SWARM_DRAW_H

#include "base/random.h"
#include "swarm/swarm.h"

struct swarm_chooser {
    struct mn_random random;
    struct swarm_script *script;
};

/* From @least to @most, both of them possible. */
int64_t swarm_between(struct swarm_chooser *chooser, int64_t least, int64_t most);

bool swarm_chance(struct swarm_chooser *chooser, int64_t percent);

enum sim_fault_kind swarm_one_of(struct swarm_chooser *chooser, enum sim_fault_kind a,
                                 enum sim_fault_kind b);

/* How long a fault lasts: mostly short, now and then long, and now and then about as long as it
 * takes to be found lost. */
int64_t swarm_for_ms(struct swarm_chooser *chooser);

/* Add a fault at some time, of some host or vat. It stays where it is until the next one is added.
 */
struct sim_fault *swarm_add(struct swarm_chooser *chooser, enum sim_fault_kind kind, int64_t b,
                            int64_t lasts_ms);

/* Without keepers nobody knows better than a journal that has forgotten. */
bool swarm_may_have_keepers(const struct sim_config *config);

/* Add what is a fault of that class: one, or a few that belong together. */
void swarm_fault(struct swarm_chooser *chooser, enum swarm_class which);

/* Faults that come just so after one another that something happens which chance alone would hardly
 * ever bring about, in a few runs; those of the classes that are @on, or of any of @classes. */
void swarm_stories(struct swarm_chooser *chooser, const enum swarm_class *on, unsigned count);
void swarm_near_miss(struct swarm_chooser *chooser, uint64_t classes);
void swarm_widowed_leases(struct swarm_chooser *chooser, uint64_t classes);
void swarm_late_stories(struct swarm_chooser *chooser, uint64_t classes);

/* The journal is lost together with those that keep it: swarm_recall.c. */
void swarm_recalls(struct swarm_chooser *chooser, uint64_t classes, bool all);
void swarm_wrong_clock(struct swarm_chooser *chooser, uint64_t classes);

/* Who loses its journal and most of the keepers has nobody left to ask, and older disks are as bad:
 * of these the keepers can tell one at a time. With the journal at most one host forgets; the
 * others lose power, or their agents. */
void swarm_spare_keepers(struct swarm_script *script);

#endif
