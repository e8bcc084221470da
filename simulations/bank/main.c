/* bank: an example vat. Its agent starts it; see bank.h for what it does. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "usage: bank --peers NAME,NAME,... [--accounts 1000] [--rate 200] [--stop-file PATH]\n"
    "            [--statements PATH]\n"
    "A vat that sends transfers to other banks, RATE a second, while PATH does not exist.\n"
    "Once a second, while it has a lease, it appends a line to the file of statements:\n"
    "its name, its run, how many transfers it has sent and received.\n"
    "Vats are started by the agent of their host, which says who they are.\n";

static bool parse_number(const char *text, unsigned most, unsigned *number)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > most) {
        (void)fprintf(stderr, "bank: %s is no number from 0 to %u\n", text, most);
        return false;
    }
    *number = (unsigned)value;
    return true;
}

static bool parse_peers(char *text, struct bank_options *options)
{
    char *rest = NULL;
    for (char *name = strtok_r(text, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (options->peer_count == BANK_PEER_COUNT_MAX || strlen(name) > BANK_NAME_SIZE_MAX) {
            (void)fprintf(stderr, "bank: --peers takes at most %d names of at most %d bytes\n",
                          BANK_PEER_COUNT_MAX, BANK_NAME_SIZE_MAX);
            return false;
        }
        options->peers[options->peer_count++] = name;
    }
    return true;
}

static bool parse(int argc, char **argv, struct bank_options *options)
{
    static const struct option known[] = {{"peers", required_argument, NULL, 'p'},
                                          {"accounts", required_argument, NULL, 'a'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"stop-file", required_argument, NULL, 's'},
                                          {"statements", required_argument, NULL, 'S'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int option = 0; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        bool fine = true;
        switch (option) {
        case 'p':
            fine = parse_peers(optarg, options);
            break;
        case 'a':
            fine = parse_number(optarg, BANK_ACCOUNT_COUNT_MAX, &options->account_count);
            break;
        case 'r':
            fine = parse_number(optarg, BANK_RATE_MAX, &options->rate);
            break;
        case 's':
            options->stop_file = optarg;
            break;
        case 'S':
            options->statements = optarg;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            exit(0);
        default:
            fine = false;
        }
        if (!fine) {
            return false;
        }
    }
    return optind == argc && options->account_count > 0;
}

int main(int argc, char **argv)
{
    struct bank_options options = {.account_count = 1000, .rate = 200};
    if (!parse(argc, argv, &options)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    struct mneme *vat = NULL;
    int result = mneme_open(&vat);
    if (result != MNEME_OK) {
        return mneme_exit_code(result);
    }
    result = bank_run(vat, &options);
    if (result != MNEME_OK) {
        (void)fprintf(stderr, "bank: vat %s ends: %s\n", mneme_name(vat), mneme_text(result));
    }
    mneme_close(&vat);
    return mneme_exit_code(result);
}
