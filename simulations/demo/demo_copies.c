/* Copies of a vat's checkpoints on the racks that do not burn, deleted behind their holders' backs:
 * the agents there believe that they still have them until somebody looks. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "demo/demo.h"
#include "store/checkpoint_file.h"

enum { COPIES_NEWEST_MAX = 8 };

static bool copies_elsewhere(int host)
{
    int per_rack = DEMO_HOST_COUNT / DEMO_RACK_COUNT;
    return host / per_rack != DEMO_LOST_RACK;
}

static DIR *copies_open(const struct demo *demo, int host, int vat)
{
    char path[DEMO_PATH_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/store/%s", demo->hosts[host].directory,
                   demo->vats[vat].name);
    return opendir(path);
}

/* Keep the newest epochs in @newest, descending, each once. */
static void copies_note(mn_epoch *newest, int count, mn_epoch epoch)
{
    for (int i = 0; i < count && newest[i] != epoch; i++) {
        if (epoch > newest[i]) {
            memmove(&newest[i + 1], &newest[i], (size_t)(count - i - 1) * sizeof *newest);
            newest[i] = epoch;
            return;
        }
    }
}

/* Note the newest of one host, or delete there what is not older than @from. */
static int copies_of_host(const struct demo *demo, int host, int vat, mn_epoch from,
                          mn_epoch *newest, int count)
{
    DIR *directory = copies_open(demo, host, vat);
    int deleted = 0;
    for (struct dirent *entry = directory != NULL ? readdir(directory) : NULL; entry != NULL;
         entry = readdir(directory)) {
        mn_epoch epoch = 0;
        if (!mn_checkpoint_name_parse(entry->d_name, &epoch)) {
            continue;
        }
        if (newest != NULL) {
            copies_note(newest, count, epoch);
        } else if (epoch >= from && unlinkat(dirfd(directory), entry->d_name, 0) == 0) {
            deleted += 1;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return deleted;
}

static int copies_each_host(const struct demo *demo, int vat, mn_epoch from, mn_epoch *newest,
                            int count)
{
    int deleted = 0;
    for (int host = 0; host < DEMO_HOST_COUNT; host++) {
        if (copies_elsewhere(host)) {
            deleted += copies_of_host(demo, host, vat, from, newest, count);
        }
    }
    return deleted;
}

int demo_lose_newest(const struct demo *demo, int vat, int epoch_count)
{
    mn_epoch newest[COPIES_NEWEST_MAX] = {0};
    int count = epoch_count < COPIES_NEWEST_MAX ? epoch_count : COPIES_NEWEST_MAX;
    (void)copies_each_host(demo, vat, 0, newest, count);
    mn_epoch from = newest[count - 1];
    return from > 0 ? copies_each_host(demo, vat, from, NULL, 0) : 0;
}

int demo_lose_all(const struct demo *demo, int vat)
{
    return copies_each_host(demo, vat, 0, NULL, 0);
}
