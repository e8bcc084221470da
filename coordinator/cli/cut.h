/* mneme cut: compute decisions from evidence files, offline, or check given ones. */
#ifndef COORDINATOR_CLI_CUT_H
#define COORDINATOR_CLI_CUT_H

/* mneme cut [--json] [--proof] FILE...
 * mneme cut --check FILE ANSWER
 *
 * Handed the words from the command's own name on. Prints the answer of each FILE ("-" is standard
 * input) in their order; what is wrong with one goes to standard error and the others are still
 * answered. Returns the exit status: 0 fine, 1 a checked answer is wrong or something failed, 2 bad
 * usage or bad evidence. */
int cut_command(int argc, char **argv);

#endif
