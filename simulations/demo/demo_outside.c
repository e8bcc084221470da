/* What the banks showed to the world outside: all of their runs append to one file, as to a store
 * that everybody can reach, whatever network is cut. No line of a run may stand below one of a
 * higher run of the same vat: then two runs would have acted there at the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

enum { OUTSIDE_LINE_SIZE_MAX = 512 };

static int outside_vat(const struct demo *demo, const char *name, size_t size)
{
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        if (strlen(demo->vats[i].name) == size && memcmp(demo->vats[i].name, name, size) == 0) {
            return i;
        }
    }
    return -1;
}

bool demo_outside_right(const struct demo *demo, char *reason, size_t size)
{
    unsigned long newest[DEMO_VAT_COUNT] = {0};
    char line[OUTSIDE_LINE_SIZE_MAX];
    bool fine = true;
    FILE *file = fopen(demo->statements, "re");
    if (file == NULL) {
        (void)snprintf(reason, size, "no bank has shown anything to the world outside");
        return false;
    }
    while (fine && fgets(line, sizeof line, file) != NULL) {
        const char *run_text = strchr(line, ' ');
        int vat = run_text != NULL ? outside_vat(demo, line, (size_t)(run_text - line)) : -1;
        unsigned long run = run_text != NULL ? strtoul(run_text, NULL, 10) : 0;
        if (vat < 0 || run < newest[vat]) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(reason, size, "shown to the world outside after a higher run was: %s",
                           line);
            fine = false;
        } else {
            newest[vat] = run;
        }
    }
    (void)fclose(file);
    return fine;
}
