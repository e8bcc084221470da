/* The answer to a freeze. What it must not leave out: a checkpoint that a vat has written and that
 * is not durable yet. An open interval may begin after it, and would hang in the air without its
 * row; so those rows go first, marked as not durable. What was sent may be lost with its
 * connection, and the answer come through on the next one: it waits until all of them have been
 * taken.
 *
 * All that a host's vats have heard need not fit into one message, and one that does may be more
 * than its link carries well beside all else. So the answer goes in parts, of which one is under
 * way: the next one follows when the coordinator has taken it. There is none without a vat in it,
 * and each vat fits into one by itself: so it ends. */
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

/* A part of the answer, which is one message. */
struct intervals_draft {
    struct agent_naming naming;
    struct mn_interval *intervals;
    uint32_t interval_count;
    struct mn_heard *heard;
    uint32_t heard_count;
    uint32_t size; /* of the intervals together */
    uint32_t *silent;
    uint32_t silent_count;
    bool full;
};

/* Where an interval begins that is said beside the row of the checkpoint before it, and from which
 * entry on it lists what was heard. */
struct interval_reach {
    mn_epoch since;
    uint32_t from;
};

static struct interval_reach interval_reach(const struct agent_vat *vat)
{
    const struct agent_interval *said = &vat->interval;
    bool first = said->epoch == mn_epoch_first(mn_epoch_run(said->epoch));
    mn_epoch before = first ? vat->start->keep : said->epoch - 1;
    bool joins = before > said->since && agent_row_told(vat, before);
    return (struct interval_reach){.since = joins ? before : said->since,
                                   .from = joins ? said->heard_before : 0};
}

static bool interval_known(const struct agent_vat *vat)
{
    return vat->life == AGENT_LIFE_UP && vat->interval.answered;
}

/* Whether a vat that runs here is neither in a part that has been taken nor said there to be
 * silent. */
static bool interval_due(const struct agent *agent, const struct agent_vat *vat)
{
    bool taken = vat->interval_part != 0 && vat->interval_part <= agent->freeze.part;
    return !taken && (interval_known(vat) || agent_vat_alive(vat));
}

/* How many entries an interval lists, of what was heard and of what is known of peers. */
static uint32_t interval_size(const struct agent_vat *vat)
{
    const struct agent_interval *said = &vat->interval;
    return interval_known(vat) ? said->heard_count - interval_reach(vat).from + said->known.count
                               : 0;
}

/* Room for a part: it holds what config.part_heard lets it, or one vat that has more. */
static bool intervals_make(struct agent *agent, struct intervals_draft *draft)
{
    size_t size = 0;
    size_t most = agent->config.part_heard;
    size_t count = 0;
    for (size_t i = 0; i < agent->vat_count; i++) {
        const struct agent_vat *vat = agent->vats[i];
        if (interval_due(agent, vat)) {
            size_t own = interval_size(vat);
            size += own;
            most = own > most ? own : most;
            count += 1;
        }
    }
    size = size < most ? size : most;
    (void)agent_naming_make(agent, &draft->naming, size + count, size);
    draft->intervals = agent_take(agent, count, sizeof *draft->intervals);
    draft->heard = agent_take(agent, size, sizeof *draft->heard);
    draft->silent = agent_take(agent, count, sizeof *draft->silent);
    return agent->effects->result == MN_OK;
}

/* Whether the vat's part may be this one: it is the first here, or there is room for all that it
 * lists, with as many names. */
static bool intervals_fits(const struct agent *agent, const struct intervals_draft *draft,
                           const struct agent_vat *vat)
{
    uint32_t most = agent->config.part_heard;
    uint32_t own = interval_size(vat);
    bool room = draft->size + own <= most && draft->naming.count + 1 + own <= most / 4;
    return !draft->full && (room || draft->naming.count == 0);
}

static void intervals_add(struct intervals_draft *draft, const struct agent_vat *vat)
{
    struct mn_interval *interval = &draft->intervals[draft->interval_count];
    const struct agent_interval *said = &vat->interval;
    struct interval_reach reach = interval_reach(vat);
    interval->vat = agent_naming_place(&draft->naming, vat->number);
    agent_naming_know(&draft->naming, &said->known);
    draft->size += interval_size(vat);
    interval->epoch = said->epoch;
    interval->since = reach.since;
    interval->heard_first = draft->heard_count;
    interval->heard_count = said->heard_count - reach.from;
    for (uint32_t i = reach.from; i < said->heard_count; i++) {
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

/* A vat that runs here has its interval in a part of the answer, or is silent there. Those that no
 * part has yet are in this one, in their order, as far as they fit; when it is said again it may
 * have others, for all those before it have been taken. */
static void intervals_fill(struct agent *agent, struct intervals_draft *draft)
{
    for (size_t i = 0; i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        if (!interval_due(agent, vat)) {
            continue;
        }
        if (!intervals_fits(agent, draft, vat)) {
            draft->full = true;
            vat->interval_part = 0;
            continue;
        }
        vat->interval_part = agent->freeze.part + 1;
        if (interval_known(vat)) {
            intervals_add(draft, vat);
        } else {
            intervals_add_silent(agent, draft, vat);
        }
    }
}

bool agent_intervals_say(struct agent *agent)
{
    struct intervals_draft draft = {0};
    if (!intervals_make(agent, &draft)) {
        return false;
    }
    intervals_fill(agent, &draft);
    struct mn_vat_table vats;
    bool made = agent_naming_table(agent, &draft.naming, &vats);
    struct mn_up *up = made ? agent_say_up(agent, MN_UP_INTERVALS) : NULL;
    if (up == NULL) {
        return false;
    }
    struct mn_intervals *answer = &up->intervals;
    answer->round = agent->freeze.round;
    answer->attempt = agent->freeze.attempt;
    answer->part = agent->freeze.part;
    answer->more = draft.full;
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
    return draft.full;
}
