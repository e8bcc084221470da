/* mneme keygen: a new key file, and its public half for the topology. */
#include "cli/commands.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "net/net.h"

static const char *const keygen_usage =
    "usage: mneme keygen FILE [--json]\n"
    "\n"
    "Makes a key pair, writes it to FILE (which must not exist; only its owner may\n"
    "read it) and prints the public key, which goes into the topology.\n";

int keygen_command(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(keygen_usage, stdout);
            return 0;
        }
        if (option != 'j') {
            (void)fputs(keygen_usage, stderr);
            return 2;
        }
        json = true;
    }
    if (optind + 1 != argc) {
        (void)fprintf(stderr, "mneme keygen: it takes one FILE besides options\n\n%s",
                      keygen_usage);
        return 2;
    }
    struct mn_keys keys;
    struct mn_error error = {{0}};
    mn_result result = mn_keys_make(&keys, &error);
    if (result == MN_OK) {
        result = mn_keys_write(&keys, argv[optind], &error);
    }
    if (result != MN_OK) {
        (void)fprintf(stderr, "mneme keygen: %s\n", error.text);
        return 1;
    }
    int printed = json ? printf("{\"public_key\": \"%s\"}\n", keys.public_key)
                       : printf("%s\n", keys.public_key);
    return printed < 0 || fflush(stdout) != 0 ? 1 : 0;
}
