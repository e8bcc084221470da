/* The answer to a freeze. What it must not leave out: a checkpoint that a vat has written and that
 * is not durable yet. An open interval may begin after it, and would hang in the air without its
 * row; so those rows go first, marked as not durable. What was sent may be lost with its
 * connection, and the answer come through on the next one: it waits until all of them have been
 * taken. */
#include <string.h>

#include "agent_private.h"

void agent_intervals_mark(struct agent *agent)
{
    for (size_t i = 0; i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        for (size_t k = 0; k < vat->file_count; k++) {
            struct agent_file *file = &vat->files[k];
            bool ours = file->state == AGENT_FILE_UNSYNCED || file->state == AGENT_FILE_FAILED ||
                        file->state == AGENT_FILE_HERE;
            if (ours && !file->reportable) {
                file->reportable = true;
                agent_dirty(agent, vat, file);
            }
        }
    }
    agent_report_mark(agent, &agent->freeze.rows);
    agent->flush = true;
}

/* What one message can carry. */
struct intervals_draft {
    struct agent_naming naming;
    struct mn_interval *intervals;
    uint32_t interval_count;
    struct mn_heard *heard;
    uint32_t heard_count;
    uint32_t *silent;
    uint32_t silent_count;
};

enum { INTERVALS_HEARD_COUNT_MAX = 131072, INTERVALS_NAME_COUNT_MAX = 16384 };

static bool intervals_make(struct agent *agent, struct intervals_draft *draft)
{
    size_t heard = 0;
    for (size_t i = 0; i < agent->vat_count; i++) {
        heard += agent->vats[i]->interval.heard_count;
    }
    (void)agent_naming_make(agent, &draft->naming, heard + agent->vat_count);
    draft->intervals = agent_take(agent, agent->vat_count, sizeof *draft->intervals);
    draft->heard = agent_take(agent, heard, sizeof *draft->heard);
    draft->silent = agent_take(agent, agent->vat_count, sizeof *draft->silent);
    return agent->effects->result == MN_OK;
}

static void intervals_add(struct intervals_draft *draft, const struct agent_vat *vat)
{
    struct mn_interval *interval = &draft->intervals[draft->interval_count];
    const struct agent_interval *said = &vat->interval;
    bool first = said->epoch == mn_epoch_first(mn_epoch_run(said->epoch));
    mn_epoch before = first ? vat->start->keep : said->epoch - 1;
    bool joins = before > said->since && agent_row_told(vat, before);
    uint32_t from = joins ? said->heard_before : 0;
    interval->vat = agent_naming_place(&draft->naming, vat->number);
    interval->epoch = said->epoch;
    interval->since = joins ? before : said->since;
    interval->heard_first = draft->heard_count;
    interval->heard_count = said->heard_count - from;
    for (uint32_t i = from; i < said->heard_count; i++) {
        struct mn_heard *heard = &draft->heard[draft->heard_count];
        heard->epoch = said->heard[i].epoch;
        heard->peer = agent_naming_place(&draft->naming, said->heard[i].peer);
        draft->heard_count += 1;
    }
    draft->interval_count += 1;
}

static void intervals_add_silent(struct agent *agent, struct intervals_draft *draft,
                                 const struct agent_vat *vat)
{
    draft->silent[draft->silent_count] = agent_naming_place(&draft->naming, vat->number);
    draft->silent_count += 1;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_SILENT,
                                                .vat = vat->name,
                                                .run = vat->start->run,
                                                .round = agent->freeze.round});
}

/* A vat that runs here has its interval in the answer, or is silent: also when it does not fit into
 * one message any more, for unknown is safe. */
static void intervals_fill(struct agent *agent, struct intervals_draft *draft)
{
    for (size_t i = 0; i < agent->vat_count; i++) {
        const struct agent_vat *vat = agent->vats[i];
        bool fits = draft->heard_count + vat->interval.heard_count <= INTERVALS_HEARD_COUNT_MAX &&
                    draft->naming.count < INTERVALS_NAME_COUNT_MAX;
        if (vat->life == AGENT_LIFE_UP && vat->interval.answered && fits) {
            intervals_add(draft, vat);
        } else if (agent_vat_alive(vat)) {
            intervals_add_silent(agent, draft, vat);
        }
    }
}

void agent_intervals_say(struct agent *agent)
{
    struct intervals_draft draft = {0};
    if (!intervals_make(agent, &draft)) {
        return;
    }
    intervals_fill(agent, &draft);
    struct mn_vat_table vats;
    bool made = agent_naming_table(agent, &draft.naming, &vats);
    struct mn_up *up = made ? agent_say_up(agent, MN_UP_INTERVALS) : NULL;
    if (up == NULL) {
        return;
    }
    struct mn_intervals *answer = &up->intervals;
    answer->round = agent->freeze.round;
    answer->attempt = agent->freeze.attempt;
    answer->vats = vats;
    answer->intervals = draft.intervals;
    answer->interval_count = draft.interval_count;
    answer->heard = draft.heard;
    answer->heard_count = draft.heard_count;
    answer->silent = draft.silent;
    answer->silent_count = draft.silent_count;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_INTERVALS,
                                                .round = agent->freeze.round,
                                                .number = draft.interval_count});
}
