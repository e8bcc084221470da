/* A coordinator as a real process, in a directory of its own, with fake agents that speak to it
 * with hosts' keys. Every wait is for a condition, with a bound. */
#ifndef DAEMON_PLACE_H
#define DAEMON_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/net.h"
#include "wire/control.h"
#include "wire/joined.h"

enum {
    PLACE_HOST_COUNT = 3,
    PLACE_WAIT_MS = 20000, /* the bound of every wait */
    PLACE_DOWN_KIND_COUNT = MN_DOWN_MORE + 1
};

/* Two agents of the topology and one that is in none have keys; so has an operator. */
struct daemon_place {
    char directory[64];
    char topology[96];
    char data[96];
    char log[96]; /* what the daemon printed, of all its lives */
    char coordinator_key[96];
    char operator_key[96];
    char stranger_key[96];
    struct mn_keys coordinator;
    struct mn_keys operator;
    struct mn_keys stranger;
    struct mn_keys hosts[PLACE_HOST_COUNT];
    int agents_port;
    int operators_port;
    pid_t pid; /* 0: not running */
};

/* A topology of hosts h1, h2 and h3, in racks r1, r2 and r3, with vat x1 on h1; fast timing. */
void daemon_place_make(struct daemon_place *place);
/* Kill what runs and remove the directory. */
void daemon_place_remove(struct daemon_place *place);

/* Start the daemon. @rehearse: what MNEME_REHEARSE is, or NULL. @tmpfs_bytes: its data directory is
 * a file system of that size, seen by nobody else; 0: none. False when that is not permitted. */
bool daemon_place_start(struct daemon_place *place, const char *rehearse, size_t tmpfs_bytes);

/* Start it and wait until it is ready. */
void daemon_place_ready(struct daemon_place *place);

/* SIGTERM; asserts that it ends with status 0 within 2 s. */
void daemon_place_stop(struct daemon_place *place);

/* Wait for its end; its status as waitpid has it. */
int daemon_place_wait(struct daemon_place *place);

/* Fail, and show the log. */
void daemon_place_give_up(const struct daemon_place *place, const char *what);

/* Whether the log has this text. */
bool daemon_place_logged(const struct daemon_place *place, const char *text);
void daemon_place_until_logged(const struct daemon_place *place, const char *text);

/* Run the operator's command with these words ("--topology" and "--key" are added); its exit
 * status. What it printed on both outputs is in @output. */
int daemon_place_mneme(const struct daemon_place *place, const char *const *words, char *output,
                       size_t size);

/* A fake agent: one connection. */
struct fake_host {
    struct mn_net *net;
    struct mn_socket *socket;
    int counts[PLACE_DOWN_KIND_COUNT]; /* messages that came, by enum mn_down_kind */
    uint64_t generation;               /* of the newest */
    uint64_t round;                    /* of the newest freeze or decision */
    uint32_t attempt;
    mn_run run; /* of the newest start */
    const char
        *answers_as;   /* not NULL: it says hello as this host, beats, and does as it is told */
    bool joins;        /* its hello says that it reads joined frames */
    bool together;     /* a decision has come with a start in one frame */
    uint64_t hello_in; /* the generation it said hello in */
    enum mn_vat_state said; /* of vat x1, with said_run; said_run 0: nothing */
    mn_run said_run;
    mn_time beat_at;
    uint64_t beats;
};

/* Connect with @keys to the agents' endpoint, or the operators'. */
void fake_host_open(struct fake_host *host, const struct daemon_place *place,
                    const struct mn_keys *keys, int port);
void fake_host_close(struct fake_host *host);

void fake_host_send(struct fake_host *host, const struct mn_up *message);
void fake_host_send_bytes(struct fake_host *host, const void *bytes, size_t size,
                          const void *second, size_t second_size);

/* Say hello as @name, with no vat. */
void fake_host_hello(struct fake_host *host, const char *name);

/* Say it again and again, as an agent does, until one more welcome has come. */
void fake_host_be_welcome(struct fake_host *host, const char *name);

/* Let it read what came, for @ms at most or until *@count reaches @least; whether it did. */
bool fake_host_run(struct fake_host *host, const int *count, int least, int64_t ms);
void fake_host_until(struct fake_host *host, enum mn_down_kind kind, int least);

/* Have it answer as @name from now on: vats start as they are told to, freezes are answered with
 * nothing to say. */
void fake_host_answer(struct fake_host *host, const char *name);

/* Say that vat x1 is in this state. */
void fake_host_say(struct fake_host *host, enum mn_vat_state state, mn_run run);

/* Let all of them read and beat until *@count reaches @least, or for @ms; whether it did. */
bool fake_hosts_run(struct fake_host *hosts, int host_count, const int *count, int least,
                    int64_t ms);

#endif
