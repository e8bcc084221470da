/* Networks made of network namespaces: no packet filter and no kernel module but veth is needed,
 * nor any right beyond that to make namespaces of one's own. Where even that is missing, the relay.
 */
#include "demo/demo_net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NET_FORWARD "/proc/sys/net/ipv4/ip_forward"
#define NET_NEAR "10.77.1.2"
#define NET_FAR "10.77.2.2"

static bool net_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t size = strlen(text);
    bool written = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    if (fd >= 0) {
        (void)close(fd);
    }
    return written;
}

/* As root in a user namespace of our own, where we are not root already. */
static bool net_leave(void)
{
    char user[64];
    char group[64];
    (void)snprintf(user, sizeof user, "0 %u 1", (unsigned)geteuid());
    (void)snprintf(group, sizeof group, "0 %u 1", (unsigned)getegid());
    if (unshare(CLONE_NEWNET) == 0) {
        return true;
    }
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
           net_write("/proc/self/setgroups", "deny") && net_write("/proc/self/uid_map", user) &&
           net_write("/proc/self/gid_map", group);
}

static int net_here(void)
{
    return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* The result of a child's life. */
static bool net_wait(pid_t child)
{
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Run `ip` with the words of @command in a namespace. */
static bool net_ip(int space, const char *command)
{
    char text[256];
    char *words[32] = {(char *)"ip"};
    size_t count = 1;
    char *rest = NULL;
    (void)snprintf(text, sizeof text, "%s", command);
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < 31;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        (void)dup2(nothing, STDERR_FILENO);
        (void)setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
        if (setns(space, CLONE_NEWNET) == 0) {
            (void)execvp(words[0], words);
        }
        _exit(127);
    }
    return net_wait(child);
}

static bool net_forward(const struct demo_net *net, bool forward)
{
    pid_t child = fork();
    if (child == 0) {
        bool done =
            setns(net->router, CLONE_NEWNET) == 0 && net_write(NET_FORWARD, forward ? "1" : "0");
        _exit(done ? 0 : 1);
    }
    return net_wait(child);
}

/* A cable from @space to the router. The end over there is named by a process that is in it, which
 * only we can be: so it is made there, and this end is sent here. */
static bool net_cable(struct demo_net *net, int space, const char *names)
{
    char command[128];
    (void)snprintf(command, sizeof command, "link add %s netns %d", names, (int)getpid());
    return setns(space, CLONE_NEWNET) == 0 && net_ip(net->router, command);
}

static bool net_build(struct demo_net *net)
{
    bool fine = net_cable(net, net->near, "routernear type veth peer name near") &&
                net_cable(net, net->far, "routerfar type veth peer name far") &&
                setns(net->near, CLONE_NEWNET) == 0;
    const struct {
        int space;
        const char *command;
    } steps[] = {
        {net->near, "link set lo up"},
        {net->near, "addr add " NET_NEAR "/24 dev near"},
        {net->near, "link set near up"},
        {net->near, "route add 10.77.2.0/24 via 10.77.1.1"},
        {net->router, "addr add 10.77.1.1/24 dev routernear"},
        {net->router, "link set routernear up"},
        {net->router, "addr add 10.77.2.1/24 dev routerfar"},
        {net->router, "link set routerfar up"},
        {net->far, "link set lo up"},
        {net->far, "addr add " NET_FAR "/24 dev far"},
        {net->far, "link set far up"},
        {net->far, "route add 10.77.1.0/24 via 10.77.2.1"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps && fine; i++) {
        fine = net_ip(steps[i].space, steps[i].command);
    }
    return fine && net_forward(net, true);
}

static bool net_spaces(struct demo_net *net)
{
    if (!net_leave()) {
        return false;
    }
    net->near = net_here();
    net->router = unshare(CLONE_NEWNET) == 0 ? net_here() : -1;
    net->far = unshare(CLONE_NEWNET) == 0 ? net_here() : -1;
    return net->near >= 0 && net->router >= 0 && net->far >= 0 && net_build(net);
}

/* Whether it can be done here is tried out by a child, because there is no way back. */
static bool net_allowed(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct demo_net net = {0};
        _exit(net_spaces(&net) ? 0 : 1);
    }
    return net_wait(child);
}

mn_result demo_net_open(struct demo_net *net, bool proxy, struct mn_error *error)
{
    *net = (struct demo_net){.near = -1, .router = -1, .far = -1};
    net->relayed = proxy || !net_allowed();
    net->open = net->relayed ? demo_relay_start(&net->relay) : net_spaces(net);
    if (!net->open) {
        mn_error_set(error, "the networks cannot be made: %s", strerror(errno));
        return MN_IO;
    }
    return MN_OK;
}

const char *demo_net_address(const struct demo_net *net, bool far)
{
    if (!net->open || net->relayed) {
        return far ? "127.0.0.2" : "127.0.0.1";
    }
    return far ? NET_FAR : NET_NEAR;
}

bool demo_net_enter(const struct demo_net *net, bool far, const char *preload)
{
    char text[DEMO_RELAY_NAME_SIZE + 64];
    if (!net->open) {
        return true;
    }
    if (!net->relayed) {
        return !far || setns(net->far, CLONE_NEWNET) == 0;
    }
    (void)snprintf(text, sizeof text, "%s %s %s", demo_net_address(net, far),
                   demo_net_address(net, !far), net->relay.name);
    return setenv("MNEME_DEMO_RELAY", text, 1) == 0 && setenv("LD_PRELOAD", preload, 1) == 0;
}

bool demo_net_cut(const struct demo_net *net, bool cut)
{
    return net->relayed ? demo_relay_cut(&net->relay, cut) : net_forward(net, !cut);
}
