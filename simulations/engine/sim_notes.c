/* What the lines of the cores' logs say happened: counted, and shown in the trace. */
#include <string.h>
#include <strings.h>

#include "engine/sim_private.h"

const char *sim_sometimes_text(enum sim_sometimes which)
{
    static const char *const texts[] = {
#define SIM_SOMETIMES_TEXT(name, what) what,
        SIM_SOMETIMES(SIM_SOMETIMES_TEXT)
#undef SIM_SOMETIMES_TEXT
    };
    return texts[which];
}

enum sim_sometimes sim_sometimes_find(const char *name)
{
    static const char *const names[] = {
#define SIM_SOMETIMES_NAME(name, what) #name,
        SIM_SOMETIMES(SIM_SOMETIMES_NAME)
#undef SIM_SOMETIMES_NAME
    };
    for (int i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return (enum sim_sometimes)i;
        }
    }
    return SIM_SOMETIMES_COUNT;
}

/* The host's machine; hosts are h0, h1, ... */
static struct sim_machine *host_noted(struct sim *sim, const struct coordinator_note_facts *note)
{
    uint32_t host = topology_find_host(sim->topology, note->host);
    mn_assert(host != TOPOLOGY_NONE);
    return &sim->machines[host];
}

/* An attempt that begins in the step in which the one before it has settled stops those whom that
 * would take back; another one is wider when something was lost meanwhile. Who settles and only
 * waits is back in COLLECT too, in the same attempt. */
static void count_attempt(struct sim *sim, uint64_t attempt)
{
    if (attempt > sim->attempt && attempt > 1) {
        if (sim->settled_at == sim->now) {
            sim_count(sim, SIM_SOMETIMES_SETTLED_AGAIN);
        } else if (sim->lost_more) {
            sim_count(sim, SIM_SOMETIMES_WIDENED);
        }
    }
    sim->lost_more = sim->lost_more && attempt == sim->attempt;
    sim->attempt = attempt;
}

static void count_round_state(struct sim *sim, const struct coordinator_note_facts *note)
{
    enum sim_aim aim = SIM_AIM_NONE;
    if (sim_aim_find(note->text, &aim) && aim != SIM_AIM_DONE) { /* which its record is */
        sim_fault_aim(sim, aim);
    }
    if (strncmp(note->text, "called off", 10) == 0) {
        sim_count(sim, SIM_SOMETIMES_CALLED_OFF);
    } else if (strcmp(note->text, "collect") == 0) {
        count_attempt(sim, note->number);
    } else if (strcmp(note->text, "settle") == 0) {
        sim->settled_at = sim->now;
    }
}

static void count_coordinator(struct sim *sim, const struct coordinator_note_facts *note)
{
    bool text = note->text != NULL;
    switch (note->note) {
    case COORDINATOR_NOTE_HOST_LOST:
        sim_count(sim, SIM_SOMETIMES_HOST_LOST);
        host_noted(sim, note)->found_lost = true;
        return;
    case COORDINATOR_NOTE_AGENT_SILENT:
        sim_count(sim, SIM_SOMETIMES_AGENT_ONLY);
        return;
    case COORDINATOR_NOTE_VAT_FORGOT:
        sim_count(sim, SIM_SOMETIMES_FORGOT);
        return;
    case COORDINATOR_NOTE_VAT_RESTS:
        sim_count(sim, SIM_SOMETIMES_RESTED);
        return;
    case COORDINATOR_NOTE_HOLD:
        sim_count(sim, SIM_SOMETIMES_HELD);
        return;
    case COORDINATOR_NOTE_FORMER_LIFE:
        sim_count(sim, SIM_SOMETIMES_FORMER_LIFE);
        return;
    case COORDINATOR_NOTE_ROUND_BEGUN:
        sim_count(sim, SIM_SOMETIMES_ROUND);
        sim->attempt = 0;
        if (sim->rounds_decided > 0) {
            sim_count(sim, SIM_SOMETIMES_QUEUED);
        }
        return;
    case COORDINATOR_NOTE_HOST_STATE:
        if (text && strcmp(note->text, "up") == 0) {
            struct sim_machine *machine = host_noted(sim, note);
            sim->result.sometimes[SIM_SOMETIMES_HOST_BACK] += machine->found_lost ? 1 : 0;
            machine->found_lost = false;
        }
        return;
    case COORDINATOR_NOTE_PLAN_WAITS:
        sim_count(sim, SIM_SOMETIMES_PLAN_WAITED);
        return;
    case COORDINATOR_NOTE_PLAN_OUTSIDE:
        sim_count(sim, SIM_SOMETIMES_PLAN_OUTSIDE);
        return;
    case COORDINATOR_NOTE_PLAN_APPROVED:
        sim_count(sim, SIM_SOMETIMES_PLAN_APPROVED);
        return;
    case COORDINATOR_NOTE_PLAN_REJECTED:
        sim_count(sim, SIM_SOMETIMES_PLAN_REJECTED);
        return;
    case COORDINATOR_NOTE_DISK_ADOPTED:
        sim_count(sim, SIM_SOMETIMES_DISK_ADOPTED);
        return;
    case COORDINATOR_NOTE_DISK_NOT_ADOPTED:
        sim_count(sim, SIM_SOMETIMES_DISK_NOT_ADOPTED);
        return;
    case COORDINATOR_NOTE_ROUND_HOLDS:
        sim_count(sim, SIM_SOMETIMES_ROUND_HELD);
        return;
    case COORDINATOR_NOTE_ROUND_STATE:
        if (text) {
            count_round_state(sim, note);
        }
        return;
    case COORDINATOR_NOTE_VAT_LOST:
        sim->lost_more = true;
        return;
    default:
        return;
    }
}

/* An adoption came to nothing, and whoever asked for it is told so: nobody counts on it. */
static void note_not_adopted(struct sim *sim, const struct coordinator_note_facts *note)
{
    struct mn_name vat = mn_name_of(note->vat);
    if (sim->observer != NULL) {
        observer_read(sim->observer, topology_find_host(sim->topology, note->host),
                      sim_vat_number(sim, &vat));
    }
}

void sim_note_coordinator(struct sim *sim, const struct coordinator_note_facts *note)
{
    count_coordinator(sim, note);
    if (note->note == COORDINATOR_NOTE_DISK_NOT_ADOPTED) {
        note_not_adopted(sim, note);
    }
    sim_show(sim, (struct sim_seen){.kind = SIM_SEEN_NOTE, .note = note});
    sim_note(sim, "log", (uint32_t)note->note, note->round, note->number);
    if (sim->trace != NULL) {
        (void)fprintf(sim->trace, "%12.6f coordinator %s", (double)sim->now / 1e9,
                      coordinator_note_what(note->note));
        if (note->host != NULL) {
            (void)fprintf(sim->trace, " host=%s", note->host);
        }
        if (note->vat != NULL) {
            (void)fprintf(sim->trace, " vat=%s run=%u epoch=%llx", note->vat, note->run,
                          (unsigned long long)note->epoch);
        }
        (void)fprintf(sim->trace, " round=%llu number=%llu %s\n", (unsigned long long)note->round,
                      (unsigned long long)note->number, note->text != NULL ? note->text : "");
    }
}

static void count_agent(struct sim *sim, const struct agent_note_facts *note)
{
    switch (note->note) {
    case AGENT_NOTE_ADOPTED:
        sim_count(sim, SIM_SOMETIMES_ADOPTED);
        return;
    case AGENT_NOTE_FETCH:
        sim_count(sim, SIM_SOMETIMES_FETCHED);
        return;
    case AGENT_NOTE_SILENT:
        sim_count(sim, SIM_SOMETIMES_SILENT);
        return;
    case AGENT_NOTE_PARTNER:
        sim_count(sim, SIM_SOMETIMES_PARTNER_CHANGED);
        return;
    case AGENT_NOTE_DROP_REFUSED:
        sim_count(sim, SIM_SOMETIMES_DROP_REFUSED);
        return;
    case AGENT_NOTE_FULL_ASKED:
        sim_count(sim, SIM_SOMETIMES_FULL_ASKED);
        return;
    case AGENT_NOTE_SYNC_FAILED:
        sim_count(sim, SIM_SOMETIMES_SYNC_FAILED);
        return;
    default:
        return;
    }
}

void sim_note_agent(struct sim *sim, uint32_t host, const struct agent_note_facts *note)
{
    count_agent(sim, note);
    sim_note(sim, "log", (uint32_t)note->note, note->round, note->number);
    if (sim->trace != NULL) {
        (void)fprintf(sim->trace,
                      "%12.6f agent h%u %s vat=%s host=%s run=%u epoch=%llx round=%llu "
                      "number=%llu code=%s %s\n",
                      (double)sim->now / 1e9, host, agent_note_what(note->note), note->vat.text,
                      note->host.text, note->run, (unsigned long long)note->epoch,
                      (unsigned long long)note->round, (unsigned long long)note->number,
                      mn_result_name(note->code), note->text != NULL ? note->text : "");
    }
}

void sim_note_keeping(struct sim *sim, const struct keeping_note_facts *note)
{
    static const struct {
        enum keeping_note note;
        enum sim_sometimes which;
    } counted[] = {{KEEPING_NOTE_FORGOTTEN, SIM_SOMETIMES_FORGOTTEN},
                   {KEEPING_NOTE_NEVER, SIM_SOMETIMES_NEVER},
                   {KEEPING_NOTE_OVERTAKEN, SIM_SOMETIMES_OVERTAKEN},
                   {KEEPING_NOTE_BLANK, SIM_SOMETIMES_KEEPER_BLANK},
                   {KEEPING_NOTE_RETURNED, SIM_SOMETIMES_KEEPER_RETURNED},
                   {KEEPING_NOTE_WHOLE, SIM_SOMETIMES_KEEPER_WHOLE},
                   {KEEPING_NOTE_HOLDS, SIM_SOMETIMES_KEEPERS_MISSING}};
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        if (counted[i].note == note->note) {
            sim_count(sim, counted[i].which);
        }
    }
    if (sim->trace != NULL) {
        (void)fprintf(sim->trace, "%12.6f keeping %s %s record %llu number %llu %s\n",
                      (double)sim->now / 1e9, keeping_note_what(note->note),
                      note->host != NULL ? note->host : "", (unsigned long long)note->sequence,
                      (unsigned long long)note->number, note->text != NULL ? note->text : "");
    }
}

void sim_note_answer(struct sim *sim, const struct mn_journal_answer *answer)
{
    static const char what[] = "\"outcome\": \"rolled_back\", \"was\": \"running\"";
    const char *at = answer->json;
    size_t left = answer->size;
    const char *found = left > 0 ? memmem(at, left, what, sizeof what - 1) : NULL;
    while (found != NULL) {
        sim_count(sim, SIM_SOMETIMES_RUNNING_ROLLED_BACK);
        left -= (size_t)(found - at) + 1;
        at = found + 1;
        found = memmem(at, left, what, sizeof what - 1);
    }
}

void sim_note_decision(struct sim *sim, const struct mn_journal_decision *decision)
{
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_journal_start *start = &decision->starts[i];
        uint32_t vat = sim_vat_number(sim, &start->start.vat);
        uint32_t host = topology_find_host(sim->topology, start->host.text);
        if (start->start.keep > 0) {
            sim_found_kept(sim, vat, start->start.keep);
        }
        if (host != vat % sim->host_count) {
            sim_count(sim, SIM_SOMETIMES_MOVED);
        }
        switch (start->start.outcome) {
        case MN_RUNNING:
            break;
        case MN_REVIVED:
            sim_count(sim, SIM_SOMETIMES_REVIVED);
            break;
        case MN_ROLLED_BACK:
            sim_count(sim, SIM_SOMETIMES_ROLLED_BACK);
            break;
        case MN_RESET:
            sim_count(sim, SIM_SOMETIMES_RESET);
            break;
        }
        if (sim->trace != NULL) {
            (void)fprintf(sim->trace, "%12.6f decision %llu: %s run %u at %s keeps %llx, %s\n",
                          (double)sim->now / 1e9, (unsigned long long)decision->round,
                          start->start.vat.text, start->start.run, start->host.text,
                          (unsigned long long)start->start.keep,
                          mn_outcome_name(start->start.outcome));
        }
    }
}
