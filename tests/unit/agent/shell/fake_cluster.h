/* A cluster around one real agent, played by the test: the coordinator, and host h2, which is in
 * another domain than the agent's host h1 and holds its copies. Vat x1 is a bank, x2 a command that
 * is not there; the topology has no x9. */
#ifndef TESTS_FAKE_CLUSTER_H
#define TESTS_FAKE_CLUSTER_H

#include <sys/types.h>

#include "agent/shell/shell_files.h"
#include "net/net.h"
#include "wire/control.h"
#include "wire/copies.h"
#include "wire/joined.h"

enum { FAKE_ROW_COUNT_MAX = 4096, FAKE_TEXT_SIZE = 65536 };

/* What the newest message of a kind said of a vat. */
struct fake_status {
    char vat[MN_NAME_SIZE_MAX + 1];
    mn_run run;
    enum mn_vat_state state;
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    char reason[128];
};

struct fake_cluster {
    char directory[SHELL_PATH_SIZE];
    char topology[SHELL_PATH_SIZE];
    char data[SHELL_PATH_SIZE];
    char log[SHELL_PATH_SIZE];
    char stop_file[SHELL_PATH_SIZE];  /* ends the bank's transfers */
    char statements[SHELL_PATH_SIZE]; /* what the bank shows to the world outside */
    char h1_key[SHELL_PATH_SIZE];     /* files */
    char h2_key[SHELL_PATH_SIZE];
    char h1_endpoint[MN_ENDPOINT_SIZE_MAX];
    struct mn_keys coordinator_keys;
    struct mn_keys h1_keys;
    struct mn_keys h2_keys;
    struct mn_net *coordinator;
    struct mn_socket *coordinator_router;
    struct mn_peer agent_peer; /* the agent's newest connection to the coordinator */
    struct mn_net *h2;
    struct mn_socket *h2_router; /* where the agent reaches h2 */
    struct mn_socket *h2_dealer; /* where h2 reaches the agent */
    pid_t agent;                 /* 0: not running */
    uint64_t generation;         /* of what the coordinator says */
    bool welcomes;               /* every hello is answered */
    bool joins;                  /* by one that reads joined frames */
    bool holds;                  /* h2 says that it has what it is sent */

    /* What came. */
    int hellos;
    struct fake_status hello; /* of its last vat */
    uint32_t hello_vat_count;
    int heartbeats;
    int joined; /* frames with several words */
    struct fake_status status;
    mn_epoch rows[FAKE_ROW_COUNT_MAX]; /* durable and here, as reported, oldest first */
    size_t row_count;
    int copies[8];        /* messages to h2, by kind */
    mn_result refused;    /* of the last Have */
    uint64_t lease_asker; /* of the last Leases */
    uint64_t lease_number;
};

/* Everything but the agent. */
void fake_cluster_open(struct fake_cluster *cluster);
/* End the agent and its vats, whatever they do, and delete the directory. */
void fake_cluster_close(struct fake_cluster *cluster);

/* Start the agent, with SIGTERM waiting for it already if @terminated. */
void fake_agent_run_it(struct fake_cluster *cluster, bool terminated);
/* SIGTERM, and wait. Returns the exit status; fails when it takes longer than 2 s. */
int fake_agent_end_it(struct fake_cluster *cluster);
int fake_agent_wait(struct fake_cluster *cluster);

/* Turn the loops until @done; fails when that takes longer than 30 s. */
void fake_cluster_run(struct fake_cluster *cluster, bool (*done)(struct fake_cluster *cluster));

/* A word of the coordinator, with its generation; of h2. */
void fake_say_down(struct fake_cluster *cluster, struct mn_down *down);
void fake_say_copies(struct fake_cluster *cluster, const struct mn_copies *copies);
/* Bytes that may be anything, as one frame, on the connection of the coordinator or of h2. */
void fake_say_raw(struct fake_cluster *cluster, bool coordinator, const void *bytes, size_t size);

/* START of the first run of a vat. */
void fake_start(struct fake_cluster *cluster, const char *vat);

/* What the agent has logged; valid until the next call. */
const char *fake_log(const struct fake_cluster *cluster);
/* How often @text stands in the log. */
int fake_log_count(const struct fake_cluster *cluster, const char *text);

#endif
