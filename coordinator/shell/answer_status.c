/* The answer to `status`: every host and vat, how many there are in each state, the ledger's size,
 * and what is waited for, in words and as fields. Of many, only those that are not up are named,
 * and of too many of those only the first: a status is wanted most when everything is down. */
#include <stdio.h>
#include <string.h>

#include "shell/answer.h"

enum { STATUS_TEXT_SIZE_MAX = 640 };

/* A duration in words. */
struct status_left {
    char text[32];
};

/* Of hosts, or of vats. */
struct status_rows {
    bool all;       /* name those that are up, too */
    size_t named;   /* and those that are not: */
    size_t up_left; /* because they are up */
    size_t left;    /* because there are too many, though they are not up */
    size_t told;    /* hosts of which every row is in the ledger, */
    size_t able;    /* of those that are not lost */
};

/* Whether to name this one; counts it where not. */
static bool status_names(struct status_rows *rows, bool up)
{
    if (!rows->all && (up || rows->named == ANSWER_ROW_COUNT_MAX)) {
        rows->up_left += up ? 1 : 0;
        rows->left += up ? 0 : 1;
        return false;
    }
    rows->named += 1;
    return true;
}

/* Add one to the count called @state. */
static bool status_count(json_t *counts, const char *state)
{
    json_int_t count = json_integer_value(json_object_get(counts, state));
    return json_object_set_new(counts, state, json_integer(count + 1)) == 0;
}

static mn_result status_hosts(const struct answer_source *source, struct status_rows *rows,
                              json_t *list, json_t *counts)
{
    for (uint32_t host = 0; host < source->topology->host_count; host++) {
        struct coordinator_host_facts facts;
        coordinator_host(source->coordinator, source->now, host, &facts);
        /* A host is taken for up until it has been silent for long; who never spoke is unknown. */
        bool unknown = facts.state == DETECTOR_UP && !facts.known;
        rows->told += facts.told_all ? 1 : 0;
        rows->able += facts.state != DETECTOR_LOST ? 1 : 0;
        const char *state = unknown ? "unknown" : detector_state_name(facts.state);
        if (!status_count(counts, state)) {
            return MN_NO_MEMORY;
        }
        const struct answer_host *own = &source->hosts[host];
        if (!status_names(rows, facts.state == DETECTOR_UP && facts.known && own->untaken == 0)) {
            continue;
        }
        json_int_t refused = (json_int_t)facts.refused + (json_int_t)own->refused;
        json_t *row =
            json_pack("{s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "host",
                      source->topology->hosts[host].name, "state", state, "known",
                      facts.known ? 1 : 0, "told_all", facts.told_all ? 1 : 0, "agent_only",
                      facts.agent_only ? 1 : 0, "silence_ms", (json_int_t)(facts.silence / MN_MS),
                      "lag_ms", (json_int_t)facts.lag_ms, "disk_ms", (json_int_t)facts.disk_ms,
                      "refused", refused, "vats", (json_int_t)facts.vat_count, "untaken",
                      (json_int_t)own->untaken, "room", (json_int_t)own->room);
        if (json_array_append_new(list, row) != 0) {
            return MN_NO_MEMORY;
        }
    }
    return MN_OK;
}

static const char *status_host_name(const struct answer_source *source, uint32_t host)
{
    return host < source->topology->host_count ? source->topology->hosts[host].name : NULL;
}

static const char *status_vat_name(const struct answer_source *source, uint32_t vat)
{
    return vat < source->topology->vat_count ? source->topology->vats[vat].name : NULL;
}

static mn_result status_vats(const struct answer_source *source, struct status_rows *rows,
                             json_t *list, json_t *counts)
{
    for (uint32_t vat = 0; vat < source->topology->vat_count; vat++) {
        struct coordinator_vat_facts facts;
        coordinator_vat(source->coordinator, vat, &facts);
        const char *state = coordinator_vat_state_name(facts.state);
        if (!status_count(counts, state)) {
            return MN_NO_MEMORY;
        }
        if (!status_names(rows, facts.state == COORDINATOR_VAT_UP)) {
            continue;
        }
        json_t *row = json_pack(
            "{s:s, s:s?, s:s, s:I, s:I, s:I}", "vat", source->topology->vats[vat].name, "host",
            status_host_name(source, facts.host), "state", state, "run", (json_int_t)facts.run,
            "incarnation", (json_int_t)facts.incarnation, "floor", (json_int_t)facts.floor);
        if (json_array_append_new(list, row) != 0) {
            return MN_NO_MEMORY;
        }
    }
    return MN_OK;
}

/* What an operator may do of the plan that waits. */
static void status_approval(const struct answer_source *source, char *text, size_t size)
{
    struct coordinator_plan_facts plan = {.rejected = false};
    if (!coordinator_plan(source->coordinator, &plan)) {
        return;
    }
    int rejected =
        plan.rejected
            ? snprintf(text, size, "%.64s rejected the plan: ", plan.word->operator_name.text)
            : 0;
    (void)snprintf(text + rejected, size - (size_t)rejected,
                   "an operator's approval, to restore %u vat%s, %u of them rolled back and %u "
                   "reset; mneme plan %llu shows it, and what to type",
                   plan.bounds->restored, plan.bounds->restored == 1 ? "" : "s",
                   plan.bounds->rolled_back, plan.bounds->reset_count,
                   (unsigned long long)plan.round);
}

/* How long it is until then. */
static struct status_left status_left(const struct answer_source *source, mn_time until)
{
    struct status_left left = {.text = ""};
    struct mn_text words = {0};
    mn_text_add_duration(&words, until > source->now ? (until - source->now) / MN_MS : 0);
    if (mn_text_result(&words) == MN_OK) {
        (void)snprintf(left.text, sizeof left.text, "%s", words.bytes);
    }
    mn_text_deinit(&words);
    return left;
}

/* What one wait is called, and in words. */
static const char *status_wait_words(const struct answer_source *source,
                                     const struct coordinator_wait *wait, char *text, size_t size)
{
    const char *host = status_host_name(source, wait->host);
    const char *vat = status_vat_name(source, wait->vat);
    host = host != NULL ? host : "?";
    vat = vat != NULL ? vat : "?";
    switch (wait->kind) {
    case COORDINATOR_WAIT_LISTENS:
        (void)snprintf(text, size, "it listens first, and holds nobody for lost for another %s",
                       status_left(source, wait->until).text);
        return "listens";
    case COORDINATOR_WAIT_ANSWER:
        (void)snprintf(text, size,
                       "the answer of host %s to the freeze; if none comes, start its agent again, "
                       "or turn the host off: then it counts as lost",
                       host);
        return "answer";
    case COORDINATOR_WAIT_SILENT:
        (void)snprintf(text, size,
                       "vat %s on host %s, which does not say what interval it is in; it is asked "
                       "again, and when its process ends it counts as lost",
                       vat, host);
        return "silent";
    case COORDINATOR_WAIT_START:
        (void)snprintf(text, size, "vat %s, which is being restored on host %s", vat, host);
        return "start";
    case COORDINATOR_WAIT_HANDLED:
        (void)snprintf(text, size, "vat %s, which was told and has not handled it yet", vat);
        return "handled";
    case COORDINATOR_WAIT_PLACE:
        (void)snprintf(text, size, "a host with room for vat %s", vat);
        return "place";
    case COORDINATOR_WAIT_ADOPTION:
        (void)snprintf(text, size, "the disk of vat %s that was found and is being read on host %s",
                       vat, host);
        return "adoption";
    case COORDINATOR_WAIT_TOLD:
        (void)snprintf(text, size, "what host %s remembers of vats that seem never to have run",
                       host);
        return "told";
    case COORDINATOR_WAIT_APPROVAL:
        status_approval(source, text, size);
        return "approval";
    case COORDINATOR_WAIT_HELD:
        (void)snprintf(
            text, size,
            "vat %s on host %s: it or a peer says that it has forgotten what it had called "
            "durable; the two hold their sends to one another. A disk that still has it: "
            "mneme adopt",
            vat, host);
        return "held";
    case COORDINATOR_WAIT_REST:
        (void)snprintf(text, size,
                       "vat %s on host %s, which ends again and again before it has made a "
                       "checkpoint; it is started again in %s",
                       vat, host, status_left(source, wait->until).text);
        return "rest";
    case COORDINATOR_WAIT_ROUND:
        (void)snprintf(text, size, "%s", wait->text);
        return "round";
    }
    return "?";
}

static json_t *status_wait(const struct answer_source *source, const struct coordinator_wait *wait)
{
    char text[STATUS_TEXT_SIZE_MAX];
    const char *kind = status_wait_words(source, wait, text, sizeof text);
    mn_time left = wait->until != 0 ? wait->until - source->now : 0;
    return json_pack("{s:s, s:I, s:s?, s:s?, s:I, s:s}", "kind", kind, "round",
                     (json_int_t)wait->round, "host", status_host_name(source, wait->host), "vat",
                     status_vat_name(source, wait->vat), "left_ms",
                     (json_int_t)(left > 0 ? left / MN_MS : 0), "text", text);
}

static mn_result status_waits(const struct answer_source *source, json_t *list, bool *more)
{
    struct coordinator_wait wait;
    for (size_t i = 0; coordinator_waits(source->coordinator, source->now, i, &wait); i++) {
        if (i == ANSWER_WAIT_COUNT_MAX) {
            *more = true;
            break;
        }
        if (json_array_append_new(list, status_wait(source, &wait)) != 0) {
            return MN_NO_MEMORY;
        }
    }
    return MN_OK;
}

static json_t *status_ledger(const struct answer_source *source, const struct status_rows *hosts)
{
    struct ledger_sizes sizes = {0};
    ledger_measure(coordinator_ledger(source->coordinator), &sizes);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "hosts", (json_int_t)hosts->able,
                     "hosts_told", (json_int_t)hosts->told, "vats", (json_int_t)sizes.vat_count,
                     "checkpoints", (json_int_t)sizes.checkpoint_count, "heard",
                     (json_int_t)sizes.heard_count, "bytes", (json_int_t)sizes.byte_count);
}

static json_t *status_left_out(const struct status_rows *hosts, const struct status_rows *vats)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "hosts_up", (json_int_t)hosts->up_left, "hosts_other",
                     (json_int_t)hosts->left, "vats_up", (json_int_t)vats->up_left, "vats_other",
                     (json_int_t)vats->left);
}

static mn_result status_asides(const struct answer_source *source, uint32_t host, json_t *list,
                               bool *more)
{
    const struct coordinator_aside *asides = NULL;
    size_t count = coordinator_asides(source->coordinator, host, &asides);
    for (size_t i = 0; i < count; i++) {
        const struct coordinator_aside *aside = &asides[i];
        if (json_array_size(list) == ANSWER_ROW_COUNT_MAX) {
            *more = true;
            break;
        }
        json_t *row =
            json_pack("{s:s?, s:s?, s:I, s:I}", "vat", status_vat_name(source, aside->vat), "host",
                      status_host_name(source, aside->host), "run", (json_int_t)aside->run,
                      "checkpoints", (json_int_t)aside->count);
        if (json_array_append_new(list, row) != 0) {
            return MN_NO_MEMORY;
        }
    }
    return MN_OK;
}

mn_result answer_status(const struct answer_source *source, json_t **json, struct mn_error *error)
{
    struct status_rows host_rows = {
        .all = source->topology->host_count + source->topology->vat_count <= ANSWER_ALL_COUNT_MAX};
    struct status_rows vat_rows = host_rows;
    json_t *hosts = json_array();
    json_t *vats = json_array();
    json_t *waits = json_array();
    json_t *asides = json_array();
    json_t *host_counts = json_object();
    json_t *vat_counts = json_object();
    bool more = false;
    bool more_asides = false;
    (void)error; /* what does not fit is worded by the caller */
    mn_result result = status_hosts(source, &host_rows, hosts, host_counts);
    if (result == MN_OK) {
        result = status_vats(source, &vat_rows, vats, vat_counts);
    }
    if (result == MN_OK) {
        result = status_waits(source, waits, &more);
    }
    for (uint32_t i = 0; result == MN_OK && i < source->topology->host_count; i++) {
        result = status_asides(source, i, asides, &more_asides);
    }
    if (result == MN_OK) {
        *json = json_pack("{s:I, s:O, s:O, s:O, s:b, s:O, s:b, s:{s:O, s:O}, s:o, s:o, s:o}",
                          "generation", (json_int_t)coordinator_generation(source->coordinator),
                          "hosts", hosts, "vats", vats, "waits", waits, "more_waits", more ? 1 : 0,
                          "aside", asides, "more_aside", more_asides ? 1 : 0, "counts", "hosts",
                          host_counts, "vats", vat_counts, "left_out",
                          status_left_out(&host_rows, &vat_rows), "ledger",
                          status_ledger(source, &host_rows), "keepers", answer_keepers(source));
        result = *json == NULL ? MN_NO_MEMORY : MN_OK;
    }
    json_decref(hosts);
    json_decref(vats);
    json_decref(waits);
    json_decref(asides);
    json_decref(host_counts);
    json_decref(vat_counts);
    return result;
}
