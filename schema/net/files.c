/* How many files this process may have open: a connection is one, and so is a watched process. */
#include <sys/resource.h>

#include "net/log.h"
#include "net/net.h"

void mn_files_raise(uint64_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted) {
        mn_log(MN_LOG_WARNING, "few_files",
               "limit=%llu wanted=%llu text=\"fewer files may be open than this cluster may need; "
               "raise the hard limit: LimitNOFILE, or ulimit -Hn\"",
               (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    }
}
