/* The operator's commands, one function each: handed the words from the command's own name on,
 * return the exit status (0 fine, 1 it failed, 2 bad usage or bad input). */
#ifndef COORDINATOR_CLI_COMMANDS_H
#define COORDINATOR_CLI_COMMANDS_H

/* mneme keygen FILE [--json] */
int keygen_command(int argc, char **argv);

#endif
