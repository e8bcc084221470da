/* Answers that take long: what a plan would do, and what else it could be. Whoever makes them must
 * not keep the loop from hearing heartbeats, and nothing may change under him. So a child process
 * makes each, from the memory of this one as it was when the child began: the system copies what
 * this one changes meanwhile, and nothing else. The child has no socket and no file but the pipe
 * that it answers into, and ends with this process.
 *
 * A child of a process with threads has only the one that made it. Of what the others may have been
 * in the middle of it uses nothing but memory, which the C library keeps whole for children. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/answer.h"
#include "shell/daemon_private.h"

enum {
    PLAN_NICE = 10,         /* the loop comes first */
    PLAN_FD = 3,            /* the child's only descriptor besides the standard ones */
    PLAN_READ_SIZE = 65536, /* at a time */
    PLAN_WAIT_MS = 120000,  /* a child that takes longer is ended when another is asked for */
    PLAN_KEEP_MS = 10000    /* so long its answer waits for whoever asked, and asks again soon */
};

/* ---- the child ------------------------------------------------------------------------------- */

static void plan_write(const struct mn_buffer *bytes)
{
    size_t done = 0;
    while (done < bytes->size) {
        ssize_t count = write(PLAN_FD, bytes->bytes + done, bytes->size - done);
        if (count < 0 && errno != EINTR) {
            return;
        }
        done += count > 0 ? (size_t)count : 0;
    }
}

static _Noreturn void plan_child(const struct daemon *daemon,
                                 const struct mn_operator_request *request, int fd, pid_t parent)
{
    struct mn_operator_reply reply;
    struct mn_buffer bytes = {0};
    char *json = NULL;
    bool fine = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
                dup2(fd, PLAN_FD) == PLAN_FD && close_range(PLAN_FD + 1, ~0U, 0) == 0;
    if (daemon->stop_at_plan) {
        (void)raise(SIGSTOP);
    }
    if (fine) {
        struct answer_source source = coordinator_daemon_source(daemon);
        (void)setpriority(PRIO_PROCESS, 0, PLAN_NICE);
        answer_request(&source, request, &reply, &json);
        if (mn_operator_reply_encode(&reply, &bytes) == MN_OK) {
            plan_write(&bytes);
        }
    }
    _exit(0);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static bool plan_taken(const struct daemon_plan *plan)
{
    return plan->pid != 0 || plan->bytes.size > 0;
}

/* End the children that take too long, and forget what nobody has fetched: whoever asks later wants
 * a plan of then. */
static void plans_reap(struct daemon *daemon)
{
    for (size_t i = 0; i < DAEMON_PLAN_COUNT_MAX; i++) {
        struct daemon_plan *plan = &daemon->plans[i];
        mn_time age = mn_now() - plan->since;
        if (plan->pid != 0 && age > PLAN_WAIT_MS * MN_MS) {
            (void)kill(plan->pid, SIGKILL);
        } else if (plan->pid == 0 && age > PLAN_KEEP_MS * MN_MS) {
            mn_buffer_deinit(&plan->bytes);
        }
    }
}

/* All that the child had to say is here. What is cut off because it was ended is no reply. */
static void plan_reply(struct daemon *daemon, struct daemon_plan *plan)
{
    struct mn_operator_reply reply;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    if (mn_operator_reply_decode(plan->bytes.bytes, plan->bytes.size, &arena, &reply) != MN_OK) {
        reply = (struct mn_operator_reply){.code = MN_NO_MEMORY};
        (void)snprintf(reply.text, sizeof reply.text,
                       "the plan could not be made: its process was ended");
    }
    reply.request = plan->request;
    coordinator_daemon_reply(daemon, &plan->peer, daemon->topology->operators[plan->who].name,
                             &reply);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&plan->bytes);
}

/* Whoever waits gets it; otherwise it waits for him. The child has closed its end, which is the
 * last thing it does, or is of no use any more. */
static void plan_over(struct daemon *daemon, struct daemon_plan *plan)
{
    mn_unwatch(daemon->net, plan->fd);
    (void)close(plan->fd);
    plan->fd = -1;
    (void)kill(plan->pid, SIGKILL);
    (void)waitpid(plan->pid, NULL, 0);
    plan->pid = 0;
    plan->since = mn_now();
    if (plan->waited_for) {
        plan_reply(daemon, plan);
    }
}

static void plan_ready(void *context, int fd)
{
    struct daemon *daemon = context;
    struct daemon_plan *plan = daemon->plans;
    unsigned char bytes[PLAN_READ_SIZE];
    while (plan->fd != fd) {
        plan++;
    }
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (count > 0 && plan->bytes.size + (size_t)count <= MN_MESSAGE_SIZE_MAX &&
        mn_buffer_append(&plan->bytes, bytes, (size_t)count) == MN_OK) {
        return;
    }
    if (count > 0) {
        mn_buffer_deinit(&plan->bytes); /* no reply that could be sent */
    }
    plan_over(daemon, plan);
}

static mn_result plan_start(struct daemon *daemon, struct daemon_plan *plan,
                            const struct mn_operator_request *request)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return mn_result_from_errno(errno);
    }
    mn_result result = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0
                           ? mn_watch(daemon->net, ends[0], plan_ready, daemon)
                           : MN_IO;
    if (result == MN_OK) {
        plan->pid = fork();
        if (plan->pid == 0) {
            plan_child(daemon, request, ends[1], parent);
        }
        if (plan->pid < 0) {
            result = mn_result_from_errno(errno);
            plan->pid = 0;
            mn_unwatch(daemon->net, ends[0]);
        }
    }
    (void)close(ends[1]);
    if (result != MN_OK) {
        (void)close(ends[0]);
        return result;
    }
    plan->fd = ends[0];
    return MN_OK;
}

/* The operator asks again, because it takes long, or to hear what came of it: on the connection
 * that he waits on he is told that it is at work, so that he knows that somebody is there. */
static void plan_again(struct daemon *daemon, struct daemon_plan *plan, const struct mn_peer *peer,
                       const struct mn_operator_request *request)
{
    static const char at_work[] = "{\"at_work\":true}";
    struct mn_operator_reply reply = {
        .request = request->request, .json = at_work, .json_size = sizeof at_work - 1};
    bool same = plan->waited_for && plan->request == request->request &&
                memcmp(&plan->peer, peer, sizeof *peer) == 0;
    plan->request = request->request;
    plan->peer = *peer;
    plan->waited_for = !same;
    if (plan->fd < 0) {
        plan_reply(daemon, plan);
    } else if (same) {
        coordinator_daemon_reply(daemon, peer, daemon->topology->operators[plan->who].name, &reply);
    }
}

void coordinator_daemon_plan(struct daemon *daemon, const struct mn_peer *peer, uint32_t who,
                             const struct mn_operator_request *request)
{
    struct daemon_plan *unused = NULL;
    struct mn_operator_reply reply = {.request = request->request, .code = MN_AGAIN};
    plans_reap(daemon);
    for (size_t i = 0; i < DAEMON_PLAN_COUNT_MAX; i++) {
        struct daemon_plan *plan = &daemon->plans[i];
        bool asked = plan_taken(plan) && plan->who == who && plan->round == request->round;
        if (asked) {
            plan_again(daemon, plan, peer, request);
            return;
        }
        unused = plan_taken(plan) ? unused : plan;
    }
    if (unused != NULL) {
        *unused = (struct daemon_plan){.fd = -1,
                                       .since = mn_now(),
                                       .request = request->request,
                                       .round = request->round,
                                       .who = who,
                                       .peer = *peer,
                                       .waited_for = true};
        reply.code = plan_start(daemon, unused, request);
    }
    if (reply.code != MN_OK) {
        (void)snprintf(reply.text, sizeof reply.text, "the plan cannot be made now%s: %s",
                       unused == NULL ? ", for others are being made; ask again in a moment" : "",
                       mn_result_text(reply.code));
        coordinator_daemon_reply(daemon, peer, daemon->topology->operators[who].name, &reply);
    }
}

void coordinator_daemon_end_plans(struct daemon *daemon)
{
    for (size_t i = 0; i < DAEMON_PLAN_COUNT_MAX; i++) {
        struct daemon_plan *plan = &daemon->plans[i];
        if (plan->pid != 0) {
            (void)kill(plan->pid, SIGKILL);
            (void)waitpid(plan->pid, NULL, 0);
            if (plan->fd >= 0) {
                (void)close(plan->fd);
            }
            plan->pid = 0;
        }
        mn_buffer_deinit(&plan->bytes);
    }
}
