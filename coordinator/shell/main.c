/* mneme-coordinator: the arguments. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/daemon.h"

static const char usage_text[] =
    "Usage: mneme-coordinator --topology FILE --key FILE --data DIR [OPTION]\n"
    "\n"
    "Remembers for the whole cluster. It listens to the agents, keeps a ledger of\n"
    "every vat's checkpoints in memory, notices when hosts or vats are lost,\n"
    "computes the one consistent cut that loses least, has the lost vats restored\n"
    "and every vat told that must know.\n"
    "\n"
    "  --topology FILE  the cluster's topology, the same file on every host\n"
    "  --key FILE       the coordinator's key file, made with: mneme keygen FILE\n"
    "  --data DIR       where everything is kept; made if it is not there\n"
    "  --evidence-keep N\n"
    "                   of the newest N rounds the evidence stays, and of all that are\n"
    "                   not done: from 1 to 1000000, 1000 if it is not given\n"
    "  --help           print this\n"
    "\n"
    "In DIR: journal.db, what the coordinator must not forget;\n"
    "rounds/N.evidence.json (.bin where it is large), what the decision of round N\n"
    "was computed from, to be read by: mneme cut; of a round that is done it goes\n"
    "once there are more than --evidence-keep says. Started again, it reads the\n"
    "journal and carries on a decision that it had made; only one coordinator may\n"
    "use a journal.\n"
    "\n"
    "What the journal says is in force once a majority of the keepers, agents that\n"
    "the topology lists, has it too. A journal that is lost or old is completed from\n"
    "them; below a majority it holds, and mneme status says which ones it waits for.\n"
    "\n"
    "When the disk is full nothing is promised: the record is tried again until\n"
    "there is room, and what rests on it waits.\n"
    "\n"
    "SIGTERM and SIGINT end it within 2 seconds; no vat stops because of that.\n"
    "\n"
    "The log goes to standard error, a line an event: TIME LEVEL what key=value ...\n"
    "\n"
    "Environment: MNEME_REHEARSE=crash-at=decided, for rehearsals: it kills itself\n"
    "when a decision is durable and nothing of it has been sent yet; or\n"
    "stop-at=plan: the process that makes a plan stops before it begins, until\n"
    "SIGCONT.\n"
    "\n"
    "Exit status: 0 ended by a signal, 1 it could not start or go on, 2 bad usage or\n"
    "input.\n";

static int usage_error(const char *what, const char *word)
{
    (void)fprintf(stderr, "mneme-coordinator: %s%s; see mneme-coordinator --help\n", what, word);
    return 2;
}

/* A count from 1 on; false when it is none. */
static bool read_evidence_keep(const char *text, struct coordinator_options *options)
{
    char *end = NULL;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    bool is = errno == 0 && end != text && *end == '\0' && text[0] != '-' && count >= 1 &&
              count <= COORDINATOR_EVIDENCE_KEEP_MAX;
    options->evidence_keep = is ? (uint32_t)count : 0;
    return is;
}

/* What to rehearse, from the environment. False when it is nothing that can be. */
static bool read_rehearsal(struct coordinator_options *options)
{
    const char *text = getenv("MNEME_REHEARSE");
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    options->crash_at_decided = strcmp(text, "crash-at=decided") == 0;
    options->stop_at_plan = strcmp(text, "stop-at=plan") == 0;
    bool known = options->crash_at_decided || options->stop_at_plan;
    if (!known) {
        (void)fprintf(stderr,
                      "mneme-coordinator: MNEME_REHEARSE=%.64s: there is no such rehearsal; known: "
                      "crash-at=decided, stop-at=plan\n",
                      text);
    }
    return known;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"topology", required_argument, NULL, 't'}, {"key", required_argument, NULL, 'k'},
        {"data", required_argument, NULL, 'd'},     {"evidence-keep", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct coordinator_options options = {.evidence_keep = COORDINATOR_EVIDENCE_KEEP};
    opterr = 0; /* what is wrong is said below, in one line */
    for (int option = getopt_long(argc, argv, "", longs, NULL); option != -1;
         option = getopt_long(argc, argv, "", longs, NULL)) {
        switch (option) {
        case 't':
            options.topology = optarg;
            break;
        case 'k':
            options.key = optarg;
            break;
        case 'd':
            options.data = optarg;
            break;
        case 'e':
            if (!read_evidence_keep(optarg, &options)) {
                return usage_error("--evidence-keep takes a number from 1 to 1000000, not ",
                                   optarg);
            }
            break;
        case 'h':
            return fputs(usage_text, stdout) < 0 || fflush(stdout) != 0 ? 1 : 0;
        default:
            return usage_error("there is no such option, or its value is missing: ",
                               argv[optind - 1]);
        }
    }
    if (optind < argc) {
        return usage_error("it takes options only, and no word like ", argv[optind]);
    }
    if (options.topology == NULL || options.key == NULL || options.data == NULL) {
        return usage_error("--topology, --key and --data are all needed", "");
    }
    if (!read_rehearsal(&options)) {
        return 2;
    }
    struct mn_error error = {{0}};
    mn_result result = coordinator_daemon_run(&options, &error);
    if (result == MN_OK) {
        return 0;
    }
    (void)fprintf(stderr, "mneme-coordinator: %s\n",
                  error.text[0] != '\0' ? error.text : mn_result_text(result));
    return result == MN_BAD_INPUT ? 2 : 1;
}
