#include "pickle/pickle_internal.h"

#include <inttypes.h>

/* torch's files from before 1.6 have five. */
#define PICKLES_MAX 64

/* PROTO, with which pickles from protocol 2 on begin. */
static int begins_as_pickle(struct window *window, bool *out, struct error *err)
{
    const unsigned char *head = NULL;

    if (window_need(window, 2, &head, err) < 0)
        return -1;
    *out = head != NULL && head[0] == 0x80 && head[1] <= 5;
    return 0;
}

/* One pickle from the position on. */
static int run_one(struct pickle_scan *scan, struct window *window, enum machine_step *step,
                   struct error *err)
{
    CLEANUP(machine) struct machine *machine = machine_new(scan);

    *step = MACHINE_GOES_ON;
    while (*step == MACHINE_GOES_ON)
        if (machine_step(machine, window, step, err) < 0)
            return -1;
    return 0;
}

int scan_pickles(struct pickle_scan *scan, const struct pickle_input *in, bool is_sure,
                 struct error *err)
{
    CLEANUP(window) struct window window = {.scan = scan, .in = in};
    bool was_noted = scan->findings->unread != NULL;

    for (unsigned i = 0; i < PICKLES_MAX && window.at < in->size; i++) {
        enum machine_step step = MACHINE_GOES_ON;
        size_t imports = scan->findings->count;
        bool has_head = false;
        if (begins_as_pickle(&window, &has_head, err) < 0 || run_one(scan, &window, &step, err) < 0)
            return -1;
        bool is_pickle = step == MACHINE_STOPS || has_head || (i == 0 && is_sure) ||
                         scan->findings->count > imports;
        scan->findings->runs_code = scan->findings->runs_code || is_pickle;
        if (step == MACHINE_DAMAGED && is_pickle)
            scan_note_unread(scan, "it is damaged from byte %" PRIu64 " on", window.at);
        if (step == MACHINE_DAMAGED || (!was_noted && scan->findings->unread != NULL))
            return 0;
    }
    return 0;
}
