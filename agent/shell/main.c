/* mneme-agent: the arguments. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"

static const char usage_text[] =
    "Usage: mneme-agent --topology FILE --host NAME --key FILE --data DIR\n"
    "\n"
    "The one daemon of Mneme on each host. It starts this host's vats when the\n"
    "coordinator says so, makes their checkpoints durable here and on hosts of other\n"
    "failure domains, holds copies for other hosts, and reports all of it.\n"
    "\n"
    "  --topology FILE  the cluster's topology, the same file on every host\n"
    "  --host NAME      which of its hosts this one is\n"
    "  --key FILE       this host's key file, made with: mneme keygen FILE\n"
    "  --data DIR       where everything is kept; made if it is not there\n"
    "  --help           print this\n"
    "\n"
    "In DIR: agent.db, what the agent must not forget; store/VAT/EPOCH.ckpt, the\n"
    "checkpoints of this host's vats and copies of others'; log/VAT.log, what the\n"
    "vats print; vats.ipc, where vats reach the agent. In directory names a vat's\n"
    "'/' is written %2f and a leading '.' %2e. A checkpoint that is not whole when\n"
    "it is read, at the start or when all are read over (the topology's scrub_ms),\n"
    "is renamed to end in .corrupt, never counted as a copy, and copied anew.\n"
    "\n"
    "A vat's command runs in DIR, in a session of its own, with MNEME_VAT and\n"
    "MNEME_AGENT in its environment. It must be the vat itself, or exec it: a vat\n"
    "that forks is refused. A command without a slash is looked for in PATH.\n"
    "\n"
    "SIGTERM and SIGINT end the agent within 2 seconds; its vats live on, and the\n"
    "next agent of this directory adopts them. An agent that cannot reach the\n"
    "coordinator stops nobody.\n"
    "\n"
    "Witness probes need numeric addresses in the topology; a host given by name is\n"
    "never found closed, only silent.\n"
    "\n"
    "The log goes to standard error, a line an event: TIME LEVEL what key=value ...\n"
    "\n"
    "Exit status: 0 ended by a signal, 1 it could not start or go on, 2 bad usage or\n"
    "input.\n";

static int usage_error(const char *what, const char *word)
{
    (void)fprintf(stderr, "mneme-agent: %s%s; see mneme-agent --help\n", what, word);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"topology", required_argument, NULL, 't'}, {"host", required_argument, NULL, 'n'},
        {"key", required_argument, NULL, 'k'},      {"data", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct agent_options options = {NULL, NULL, NULL, NULL};
    opterr = 0; /* what is wrong is said below, in one line */
    for (int option = getopt_long(argc, argv, "", longs, NULL); option != -1;
         option = getopt_long(argc, argv, "", longs, NULL)) {
        switch (option) {
        case 't':
            options.topology = optarg;
            break;
        case 'n':
            options.host = optarg;
            break;
        case 'k':
            options.key = optarg;
            break;
        case 'd':
            options.data = optarg;
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
    if (options.topology == NULL || options.host == NULL || options.key == NULL ||
        options.data == NULL) {
        return usage_error("--topology, --host, --key and --data are all needed", "");
    }
    struct mn_error error = {{0}};
    mn_result result = agent_daemon_run(&options, &error);
    if (result == MN_OK) {
        return 0;
    }
    (void)fprintf(stderr, "mneme-agent: %s\n",
                  error.text[0] != '\0' ? error.text : mn_result_text(result));
    return result == MN_BAD_INPUT ? 2 : 1;
}
