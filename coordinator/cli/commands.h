/* The operator's commands, one function each: handed the words from the command's own name on,
 * return the exit status (0 fine, 1 it failed, 2 bad usage or bad input). */
#ifndef COORDINATOR_CLI_COMMANDS_H
#define COORDINATOR_CLI_COMMANDS_H

/* mneme keygen FILE [--json] */
int keygen_command(int argc, char **argv);

/* mneme status, rounds, explain ROUND VAT; each with --json, --topology FILE and --key FILE */
int status_command(int argc, char **argv);
int rounds_command(int argc, char **argv);
int explain_command(int argc, char **argv);

/* mneme plan ROUND, approve ROUND --reason TEXT, reject ROUND --reason TEXT; the same options */
int plan_command(int argc, char **argv);
int approve_command(int argc, char **argv);
int reject_command(int argc, char **argv);

/* mneme adopt VAT --store PATH --reason TEXT; with the same options */
int adopt_command(int argc, char **argv);

/* mneme recall --accept-unknown --reason TEXT; with the same options */
int recall_command(int argc, char **argv);

/* mneme keepers [replace OLD NEW --reason TEXT]; with the same options */
int keepers_command(int argc, char **argv);

/* mneme simulate SCENARIO.yaml ...: runs the program mneme-simulate with these words. */
int simulate_command(int argc, char **argv);

#endif
