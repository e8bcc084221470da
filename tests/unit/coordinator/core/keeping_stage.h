/* A stage for the keepers' protocol, from the coordinator's side: what the core asks for stands in
 * `text`, a line each. h1, h3 and h5 are the keepers; h7 is none. */
#ifndef TESTS_KEEPING_STAGE_H
#define TESTS_KEEPING_STAGE_H

#include "coordinator/core/keeping.h"

enum { TEXT_SIZE = 1 << 14, CANDIDATE = 14 /* whose whiles are the shortest */ };

struct stage {
    struct topology *topology;
    struct keeping *keeping;
    struct keeping_effects effects;
    mn_time now;
    char text[TEXT_SIZE];
    size_t size;
};

#define expect(stage, lines) stage_expect((stage), (lines), __LINE__)
void stage_expect(struct stage *stage, const char *lines, int line);
void stage_step(struct stage *stage, const struct keeping_event *event);
void stage_pass_over(struct stage *stage);
void stage_load(struct stage *stage, const uint64_t *generations);
void stage_begin(struct stage *stage);
void stage_open_with(struct stage *stage, const uint64_t *generations);
void stage_close(struct stage *stage);
void stage_up(struct stage *stage, uint32_t host, struct mn_up *message);
void stage_promised(struct stage *stage, uint32_t host, uint64_t generation, uint64_t sequence,
                    uint64_t of, enum mn_member member);
void stage_kept(struct stage *stage, uint32_t host, uint64_t number, uint64_t sequence,
                enum mn_member member);
void stage_recorded(struct stage *stage, uint64_t sequence, uint64_t generation);
/* A generation's own record, and whether there were keepers, read. */
void stage_generation(struct stage *stage, uint64_t sequence, uint64_t generation, bool kept);
/* A record of who the keepers are, read or recorded: "135 to 137" is that h7 replaces h5, and
 * "135 fills 137" that it is to. */
void stage_keepers(struct stage *stage, enum keeping_event_kind kind, uint64_t sequence,
                   uint64_t generation, const char *words);
void stage_replace(struct stage *stage, const char *from, const char *to);
void stage_accept(struct stage *stage);
/* The same, when no generation up to @base can have been reached any more. */
void stage_accept_above(struct stage *stage, uint64_t base);
void stage_tick_at(struct stage *stage, mn_time ms);
void stage_open_leading(struct stage *stage);
void stage_recalled(struct stage *stage, uint32_t host, uint64_t sequence, bool matched,
                    uint64_t newest, uint32_t count, uint64_t of);

#endif
