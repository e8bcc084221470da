/* Witness probes. All connections of all probes are watched by one epoll instance, whose own
 * descriptor the loop watches; a connection attempt ends when its socket becomes writable. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROBE_EVENT_COUNT = 64 };

struct probe {
    uint64_t number;
    struct mn_name host;
    mn_time until;
    uint32_t count;
    uint32_t open;                        /* connections that have not ended */
    int fds[MN_PROBE_ENDPOINT_COUNT_MAX]; /* -1 once ended */
    enum mn_probe_answer answers[MN_PROBE_ENDPOINT_COUNT_MAX];
    struct probe *next;
};

struct agent_probes {
    struct mn_net *net;
    int epoll;
    agent_probe_answered *answered;
    void *context;
    struct probe *first;
    uint32_t count;
};

static void probe_ended(struct probe *probe, uint32_t index, enum mn_probe_answer answer)
{
    if (probe->fds[index] >= 0) {
        (void)close(probe->fds[index]); /* leaves the epoll instance by that */
        probe->fds[index] = -1;
        probe->open -= 1;
    }
    probe->answers[index] = answer;
}

/* Whether an address stands for every address: who connects to it reaches itself. */
static bool probe_is_wildcard(const struct addrinfo *found)
{
    if (found->ai_family == AF_INET6) {
        struct sockaddr_in6 address;
        memcpy(&address, found->ai_addr, sizeof address);
        return IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr);
    }
    struct sockaddr_in address;
    memcpy(&address, found->ai_addr, sizeof address);
    return address.sin_addr.s_addr == htonl(INADDR_ANY);
}

/* Whether a connection leads from a socket to itself: TCP lets both ends open at once, and the
 * port that the system chooses for our end may be the one that nobody listens at. */
static bool probe_met_itself(int fd)
{
    struct sockaddr_storage own = {0};
    struct sockaddr_storage other = {0};
    socklen_t own_size = sizeof own;
    socklen_t other_size = sizeof other;
    return getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&other, &other_size) == 0 && own_size == other_size &&
           memcmp(&own, &other, own_size) == 0;
}

/* What a connection attempt that ended with @code has found. */
static enum mn_probe_answer probe_answer_of(int fd, int code)
{
    if (code == 0) {
        return probe_met_itself(fd) ? MN_PROBE_CLOSED : MN_PROBE_OPEN;
    }
    return code == ECONNREFUSED ? MN_PROBE_CLOSED : MN_PROBE_SILENT;
}

static bool probe_find_fd(struct agent_probes *probes, int fd, struct probe **out, uint32_t *index)
{
    for (struct probe *probe = probes->first; probe != NULL; probe = probe->next) {
        for (uint32_t i = 0; i < probe->count; i++) {
            if (probe->fds[i] == fd) {
                *out = probe;
                *index = i;
                return true;
            }
        }
    }
    return false;
}

static void probes_answer_complete(struct agent_probes *probes, mn_time now)
{
    struct probe **link = &probes->first;
    while (*link != NULL) {
        struct probe *probe = *link;
        if (probe->open > 0 && now < probe->until) {
            link = &probe->next;
            continue;
        }
        *link = probe->next;
        probes->count -= 1;
        for (uint32_t i = 0; i < probe->count; i++) {
            if (probe->fds[i] >= 0) {
                probe_ended(probe, i, MN_PROBE_SILENT);
            }
        }
        probes->answered(probes->context, probe->number, &probe->host, probe->answers,
                         probe->count);
        free(probe);
    }
}

static void probes_ready(void *context, int fd)
{
    struct agent_probes *probes = context;
    struct epoll_event events[PROBE_EVENT_COUNT];
    int count = epoll_wait(fd, events, PROBE_EVENT_COUNT, 0);
    for (int i = 0; i < count; i++) {
        struct probe *probe = NULL;
        uint32_t index = 0;
        int code = 0;
        socklen_t size = sizeof code;
        if (!probe_find_fd(probes, events[i].data.fd, &probe, &index)) {
            continue;
        }
        if (getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
            code = errno;
        }
        probe_ended(probe, index, probe_answer_of(events[i].data.fd, code));
    }
    probes_answer_complete(probes, mn_now());
}

mn_result agent_probes_new(struct agent_probes **out, struct mn_net *net,
                           agent_probe_answered *answered, void *context)
{
    struct agent_probes *probes = calloc(1, sizeof *probes);
    if (probes == NULL) {
        return MN_NO_MEMORY;
    }
    probes->net = net;
    probes->answered = answered;
    probes->context = context;
    probes->epoll = epoll_create1(EPOLL_CLOEXEC);
    mn_result result = probes->epoll >= 0 ? mn_watch(net, probes->epoll, probes_ready, probes)
                                          : mn_result_from_errno(errno);
    if (result != MN_OK) {
        if (probes->epoll >= 0) {
            (void)close(probes->epoll);
        }
        free(probes);
        return result;
    }
    *out = probes;
    return MN_OK;
}

void agent_probes_destroy(struct agent_probes **out)
{
    struct agent_probes *probes = *out;
    if (probes == NULL) {
        return;
    }
    while (probes->first != NULL) {
        struct probe *probe = probes->first;
        probes->first = probe->next;
        for (uint32_t i = 0; i < probe->count; i++) {
            probe_ended(probe, i, MN_PROBE_SILENT);
        }
        free(probe);
    }
    mn_unwatch(probes->net, probes->epoll);
    (void)close(probes->epoll);
    free(probes);
    *out = NULL;
}

/* Split tcp://ADDRESS:PORT, with an IPv6 address in brackets. */
static bool probe_parse(const char *endpoint, char address[MN_ENDPOINT_SIZE_MAX],
                        char port[MN_ENDPOINT_SIZE_MAX])
{
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", 6) != 0 || colon == NULL || colon < endpoint + 7) {
        return false;
    }
    const char *from = endpoint + 6;
    const char *to = colon;
    if (*from == '[' && to[-1] == ']') {
        from += 1;
        to -= 1;
    }
    size_t size = (size_t)(to - from);
    char *end = NULL;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (size >= MN_ENDPOINT_SIZE_MAX || strlen(colon + 1) >= MN_ENDPOINT_SIZE_MAX ||
        (size == 1 && *from == '*') || *end != '\0' || number < 1 || number > 65535) {
        return false; /* getaddrinfo takes "*" for any, and the rest of a number that is too high */
    }
    memcpy(address, from, size);
    address[size] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static enum mn_probe_answer probe_connect(struct agent_probes *probes, const char *endpoint,
                                          int *fd)
{
    char address[MN_ENDPOINT_SIZE_MAX];
    char port[MN_ENDPOINT_SIZE_MAX];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (!probe_parse(endpoint, address, port) || getaddrinfo(address, port, &hints, &found) != 0) {
        return MN_PROBE_SILENT;
    }
    enum mn_probe_answer answer = MN_PROBE_SILENT;
    int made = probe_is_wildcard(found)
                   ? -1
                   : socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made >= 0) {
        int code = connect(made, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
        struct epoll_event event = {.events = EPOLLOUT, .data.fd = made};
        if (code == EINPROGRESS && epoll_ctl(probes->epoll, EPOLL_CTL_ADD, made, &event) == 0) {
            *fd = made;
            made = -1;
        } else {
            answer = probe_answer_of(made, code);
        }
    }
    if (made >= 0) {
        (void)close(made);
    }
    freeaddrinfo(found);
    return answer;
}

mn_result agent_probe_start(struct agent_probes *probes, uint64_t number,
                            const struct mn_name *host, const struct mn_endpoint *endpoints,
                            uint32_t count, mn_time until)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return MN_NO_MEMORY;
    }
    probe->number = number;
    probe->host = *host;
    probe->until = until;
    probe->count = count < MN_PROBE_ENDPOINT_COUNT_MAX ? count : MN_PROBE_ENDPOINT_COUNT_MAX;
    bool room = probes->count < AGENT_PROBE_COUNT_MAX;
    for (uint32_t i = 0; i < probe->count; i++) {
        probe->fds[i] = -1;
        probe->answers[i] = MN_PROBE_SILENT;
        if (room) {
            probe->answers[i] = probe_connect(probes, endpoints[i].text, &probe->fds[i]);
        }
        probe->open += probe->fds[i] >= 0 ? 1 : 0;
    }
    if (probe->open == 0) {
        probe->until = 0; /* answered at the next turn of the loop */
    }
    probe->next = probes->first;
    probes->first = probe;
    probes->count += 1;
    return MN_OK;
}

mn_time agent_probes_deadline(const struct agent_probes *probes)
{
    mn_time deadline = MN_TIME_NEVER;
    for (const struct probe *probe = probes->first; probe != NULL; probe = probe->next) {
        deadline = probe->until < deadline ? probe->until : deadline;
    }
    return deadline;
}

void agent_probes_tick(struct agent_probes *probes, mn_time now)
{
    probes_answer_complete(probes, now);
}
