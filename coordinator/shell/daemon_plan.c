/* Answers that take long: what a plan would do, and what else it could be. Whoever makes them must
 * not keep the loop from hearing heartbeats, and nothing may change under him. So a child process
 * makes each, from the memory of this one as it was when the child began: the system copies what
 * this one changes meanwhile, and nothing else. The child has no socket and no file but the pipe
 * that it answers into, and ends with this process. For whom each is made, and for how long, is
 * plan_desk.h's to say.
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
    PLAN_NICE = 10,        /* the loop comes first */
    PLAN_FD = 3,           /* the child's only descriptor besides the standard ones */
    PLAN_READ_SIZE = 65536 /* at a time */
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

static void plan_answer(struct daemon *daemon, const struct plan_slot *slot,
                        const struct mn_operator_reply *reply)
{
    coordinator_daemon_reply(daemon, &slot->peer, daemon->topology->operators[slot->who].name,
                             reply);
}

/* All that the child had to say is here. What is cut off because it was ended is no reply. */
static void plan_reply(struct daemon *daemon, uint32_t index)
{
    struct plan_slot *slot = &daemon->desk.slots[index];
    struct mn_buffer *bytes = &daemon->plans[index].bytes;
    struct mn_operator_reply reply;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    if (mn_operator_reply_decode(bytes->bytes, bytes->size, &arena, &reply) != MN_OK) {
        reply = (struct mn_operator_reply){.code = MN_NO_MEMORY};
        (void)snprintf(reply.text, sizeof reply.text,
                       "the plan could not be made: its process was ended");
    }
    reply.request = slot->request;
    plan_answer(daemon, slot, &reply);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(bytes);
    plan_desk_forget(&daemon->desk, index);
}

/* The child has closed its end, which is the last thing it does, or is of no use any more. */
static void plan_over(struct daemon *daemon, uint32_t index)
{
    struct daemon_plan *plan = &daemon->plans[index];
    mn_unwatch(daemon->net, plan->fd);
    (void)close(plan->fd);
    plan->fd = -1;
    (void)kill(plan->pid, SIGKILL);
    (void)waitpid(plan->pid, NULL, 0);
    plan->pid = 0;
    if (plan_desk_made(&daemon->desk, mn_now(), index)) {
        plan_reply(daemon, index);
    }
}

static void plan_ready(void *context, int fd)
{
    struct daemon *daemon = context;
    unsigned char bytes[PLAN_READ_SIZE];
    uint32_t index = 0;
    while (daemon->plans[index].fd != fd) {
        index++;
    }
    struct daemon_plan *plan = &daemon->plans[index];
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
    plan_over(daemon, index);
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

/* Whoever waits is told that it is at work, so that he knows that somebody is there. */
static void plan_at_work(struct daemon *daemon, const struct plan_slot *slot)
{
    static const char at_work[] = "{\"at_work\":true}";
    const struct mn_operator_reply reply = {
        .request = slot->request, .json = at_work, .json_size = sizeof at_work - 1};
    plan_answer(daemon, slot, &reply);
}

static void plan_refuse(struct daemon *daemon, const struct mn_peer *peer, uint32_t who,
                        const struct mn_operator_request *request, mn_result why, const char *text)
{
    struct mn_operator_reply reply = {.request = request->request, .code = why};
    (void)snprintf(reply.text, sizeof reply.text, "the plan cannot be made now%s: %s", text,
                   mn_result_text(why));
    coordinator_daemon_reply(daemon, peer, daemon->topology->operators[who].name, &reply);
}

void coordinator_daemon_plan(struct daemon *daemon, const struct mn_peer *peer, uint32_t who,
                             const struct mn_operator_request *request)
{
    uint32_t index = 0;
    mn_result result = MN_OK;
    switch (plan_desk_ask(&daemon->desk, mn_now(), peer, who, request->round, request->request,
                          &index)) {
    case PLAN_BEGIN:
        result = plan_start(daemon, &daemon->plans[index], request);
        if (result != MN_OK) {
            plan_desk_forget(&daemon->desk, index);
            plan_refuse(daemon, peer, who, request, result, "");
        }
        return;
    case PLAN_WAITS:
        return;
    case PLAN_AT_WORK:
        plan_at_work(daemon, &daemon->desk.slots[index]);
        return;
    case PLAN_FETCH:
        plan_reply(daemon, index);
        return;
    case PLAN_FULL:
        plan_refuse(daemon, peer, who, request, MN_AGAIN,
                    ", for others are being made; ask again in a moment");
        return;
    }
}

void coordinator_daemon_plans_tick(struct daemon *daemon)
{
    uint32_t index = 0;
    for (enum plan_due due = plan_desk_due(&daemon->desk, mn_now(), &index);
         due != PLAN_DUE_NOTHING; due = plan_desk_due(&daemon->desk, mn_now(), &index)) {
        if (due == PLAN_DUE_END) {
            (void)kill(daemon->plans[index].pid, SIGKILL); /* its end of the pipe closes with it */
        } else {
            mn_buffer_deinit(&daemon->plans[index].bytes);
        }
    }
}

void coordinator_daemon_end_plans(struct daemon *daemon)
{
    for (size_t i = 0; i < PLAN_DESK_COUNT_MAX; i++) {
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
