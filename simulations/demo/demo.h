/* The demonstration: a whole cluster of real processes on one machine, a disaster, and an audit of
 * what every vat's state says afterwards. What its files share. */
#ifndef DEMO_H
#define DEMO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bank/bank_book.h"
#include "bank/bank_log.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "demo/demo_net.h"
#include "wire/common.h"

enum {
    DEMO_HOST_COUNT = 6,
    DEMO_RACK_COUNT = 3,
    DEMO_BANK_COUNT = 2,
    DEMO_VAT_COUNT = DEMO_HOST_COUNT * DEMO_BANK_COUNT,
    DEMO_ACCOUNT_COUNT = 1000,
    DEMO_BALANCE = 1000,  /* what each account begins with */
    DEMO_LOST_RACK = 1,   /* r2 */
    DEMO_LOST_VAT = 2,    /* x3: of it every copy is deleted, in the case total */
    DEMO_WAIT_MS = 30000, /* the bound of every wait for a condition */
    DEMO_PATH_MAX = 512
};

enum { DEMO_BANK_X, DEMO_BANK_Y };

/* The cases: X(NAME, "name", "what happens") */
#define DEMO_CASES(X)                                                                              \
    X(RACK, "rack", "rack r2 is killed and its directories deleted (the default)")                 \
    X(CRASH, "crash", "one vat is killed, its host is fine")                                       \
    X(AGENT, "agent", "one agent is killed and started again; its vats live on")                   \
    X(COORDINATOR, "coordinator",                                                                  \
      "as rack, and the coordinator dies between decision and restore")                            \
    X(AMNESIA, "amnesia", "as rack, and the newest 3 copies of bank X's vats there are gone too")  \
    X(TOTAL, "total", "as rack, and every copy of vat x3 is gone too")                             \
    X(PARTITION, "partition", "rack r2 is cut off for 10 s, and its vats run on there")

enum demo_case {
#define DEMO_CASE_ENUM(name, word, text) DEMO_##name,
    DEMO_CASES(DEMO_CASE_ENUM)
#undef DEMO_CASE_ENUM
        DEMO_CASE_COUNT
};

/* "rack", say. */
const char *demo_case_name(enum demo_case which);

struct demo_host {
    char name[16];
    char rack[16];
    const char *address;
    bool far;                      /* in the network that is cut off */
    char directory[DEMO_PATH_MAX]; /* the agent's data directory */
    char key_file[DEMO_PATH_MAX];
    char public_key[MN_KEY_TEXT_SIZE];
    int port;
    pid_t agent; /* 0: not running */
    bool lost;   /* killed with its directories */
};

/* What was seen of the former lives of a rack that was cut off. */
struct demo_former {
    int running;  /* vats there that still ran when the cut ended */
    int believed; /* checkpoints that had heard of what they did on their own */
    int aside;    /* that are set aside, whole, with what they did on their own */
    int shown;    /* that `mneme status` says are set aside */
};

struct demo_vat {
    char name[16];
    int bank; /* DEMO_BANK_X or DEMO_BANK_Y */
    int host; /* where the topology places it */
    pid_t first_pid;
    mn_epoch kept; /* what its present life went on from; 0: nothing, or not known */
};

struct demo {
    enum demo_case which;
    bool proxy;                   /* cut a relay, not a network, where something is cut */
    bool brief;                   /* shorter waits: the cluster test's form */
    char programs[DEMO_PATH_MAX]; /* the directory of the built programs */
    char directory[DEMO_PATH_MAX];
    char topology[DEMO_PATH_MAX];
    char stop_file[DEMO_PATH_MAX];
    char statements[DEMO_PATH_MAX]; /* what the banks show to the world outside */
    char operator_key[DEMO_PATH_MAX];
    char coordinator_key[DEMO_PATH_MAX];
    char coordinator_public[MN_KEY_TEXT_SIZE];
    char operator_public[MN_KEY_TEXT_SIZE];
    int agents_port;
    int operators_port;
    pid_t coordinator;
    struct demo_host hosts[DEMO_HOST_COUNT];
    struct demo_vat vats[DEMO_VAT_COUNT];
    struct demo_net net;
    struct demo_former former;
    mn_time begun_at;
    mn_time killed_at; /* 0 before the disaster */
    struct mn_error error;
};

/* A vat's newest state, read from the files of whatever host has it. */
struct demo_state {
    bool complete; /* it could be read */
    mn_run run;
    uint32_t incarnation;
    mn_epoch epoch;
    int64_t balances[DEMO_ACCOUNT_COUNT];
    int64_t money; /* their sum */
    bool has_book;
    bool has_log;
    struct bank_book book;
    struct bank_log log;
};

/* What the audit found by reading every vat's newest checkpoint. */
struct demo_audit {
    struct demo_state *states; /* by vat; owned */
    bool complete;             /* every vat's state could be read */
    int64_t transfers;
    int64_t money;
    int64_t money_of[DEMO_BANK_COUNT];
    int64_t orphans;  /* received, but the sender's state never sent it, or sent something else */
    int64_t repeated; /* received twice */
    int64_t lost;     /* sent, and never received, nor named in a gap */
    int64_t gaps;     /* transfers that nobody keeps, as gap events named them to the receiver */
    int64_t untold;   /* of a gap that the one was told of, the other was not */
    int64_t crooked;  /* vats whose accounts do not agree with their book */
    int64_t moved;    /* vats with a run above the first */
    int64_t stall_ms; /* longest time without a received transfer, of a vat not on a lost host */
    int64_t pause_us; /* largest median pause for a diff, over all vats */
};

/* demo_cluster.c: the cluster's files and processes. */
mn_result demo_lay_out(struct demo *demo) MN_CHECKED;
mn_result demo_start_coordinator(struct demo *demo, bool crash_at_decided) MN_CHECKED;
mn_result demo_start_agent(struct demo *demo, int host) MN_CHECKED;

/* demo_fire.c: how a host burns, and how all ends. */
/* Delete a directory with all in it; what appears meanwhile too. */
bool demo_delete(const char *path);
/* Send a signal to every process that lives in the host's directory. Returns how many. */
int demo_signal_host(const struct demo *demo, int host, int signal_number);
/* Kill every process that lives in the host's directory, and delete that. Returns how many. */
int demo_burn_host(struct demo *demo, int host);
/* The process of a vat of this demo; 0 when it does not run. */
pid_t demo_vat_pid(const struct demo *demo, const char *vat);
/* End everything in an orderly way. False when something did not end within 2 s of SIGTERM. */
bool demo_stop(struct demo *demo);

/* demo_process.c: processes, whoever started them. */
/* @far: on the far side of the demo's networks. @variable is added to the environment,
 * "NAME=value", or NULL. */
pid_t demo_spawn(const struct demo *demo, char *const argv[], char *variable, const char *log_file,
                 bool far);
/* Run a program to its end and keep what it prints. Its exit status, or -1. *output: caller frees.
 */
int demo_run(char *const argv[], char **output);
/* Kill every descendant of this process, adopted ones too, until none is left. */
void demo_kill_all(void);
/* Fork; the child goes on and returns 0, the parent stays behind as its guard: passes signals on,
 * waits, kills what the child left and returns the child's exit status + 1. */
int demo_guard(void);
/* A signal to end has come. */
bool demo_interrupted(void);
void demo_sleep_ms(int64_t ms);

/* demo_outside.c: whether no two runs of a vat acted on the world outside at the same time. */
bool demo_outside_right(const struct demo *demo, char *reason, size_t size);

/* demo_facts.c: what the operator's command says. NULL when it fails. The caller decrefs. */
json_t *demo_ask(struct demo *demo, const char *command);
/* The number of the round whose plan waits for an operator; 0: none does. */
int64_t demo_waiting_round(struct demo *demo);
/* What `mneme plan` says of the round, to be freed; NULL when that fails. */
char *demo_plan(struct demo *demo, int64_t round);
/* `mneme approve` it. */
bool demo_approve(struct demo *demo, int64_t round, const char *reason);
char *demo_explain(struct demo *demo, int64_t round, const char *vat);
/* The cut that `mneme cut` makes of the round's evidence, as JSON with its proof, once other code
 * (`mneme cut --check`) has verified it; NULL when not. The caller frees. */
char *demo_cut(struct demo *demo, int64_t round);
/* Whether every vat is up, and on how many hosts the agent is up. */
bool demo_all_up(struct demo *demo);
/* How many former lives are set aside, as `mneme status` has it. */
int demo_aside_count(struct demo *demo);
/* The number of rounds, and the newest one's JSON (borrowed from @rounds). */
int demo_newest_round(json_t *rounds, json_t **newest);
/* Whether there is a round, and the newest is done. */
bool demo_round_done(struct demo *demo);

/* demo_copies.c: copies of a vat on the other racks, deleted behind their holders' backs. Both
 * return how many files that were. */
int demo_lose_newest(const struct demo *demo, int vat, int epoch_count);
int demo_lose_all(const struct demo *demo, int vat);

/* demo_disaster.c: what happens in this case, told as it happens. */
bool demo_disaster(struct demo *demo);
bool demo_on_lost_rack(int host);
bool demo_vat_hit(const struct demo *demo, int vat); /* by what happens, itself or its host */

/* demo_partition.c: a rack is cut off, its vats run on there and are restored elsewhere; when it is
 * back its former lives are stopped. */
bool demo_partition(struct demo *demo);

/* demo_state.c: what a vat's checkpoint files say. */
void demo_read_vat(const struct demo *demo, const char *vat, struct demo_state *state);
/* The newest state of its first life, as its host has set it aside. */
void demo_read_aside(const struct demo *demo, int vat, struct demo_state *state);
/* Whether of every vat of the lost rack a first life is set aside. */
bool demo_all_set_aside(struct demo *demo);
/* How many times a checkpoint, of whatever vat and wherever it is, has heard of what a former life
 * did after the epoch that its vat went on from. */
int demo_believed(const struct demo *demo);

/* demo_audit.c: what the states of all vats say about each other. */
mn_result demo_read_state(struct demo *demo, struct demo_audit *audit) MN_CHECKED;
void demo_audit_deinit(struct demo_audit *audit);

/* demo_judge.c: whether everything came out as the case demands. If not, why goes to @reason. */
bool demo_judge(struct demo *demo, json_t *rounds, const struct demo_audit *audit, char *reason,
                size_t size);

/* demo_story.c: the course of the demo. Its result is the exit status. */
int demo_story(struct demo *demo);
/* Print one line of the time line: since the start, or since the disaster once it has come. */
void demo_tell(const struct demo *demo, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same @ms after the disaster. */
void demo_tell_after(int64_t ms, const char *text);
bool demo_wait(struct demo *demo, bool (*condition)(struct demo *), const char *what);
bool demo_work(struct demo *demo, int64_t ms); /* let everything run on; false: interrupted */

/* demo_report.c: what a person reads, and report.json. True when everything is as it must be. */
bool demo_report(struct demo *demo, json_t *rounds, const struct demo_audit *audit, bool story_well,
                 const char *trouble);

#endif
