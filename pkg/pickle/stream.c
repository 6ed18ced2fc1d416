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
    *out = head != NULL && head[0] == 0x80 && head[1] <= PICKLE_PROTOCOL_MAX;
    return 0;
}

/* Whether it imports something since the findings were `before`; a number of an extension alone
 * stands in any bytes. */
static bool has_imported(const struct pickle_findings *findings, size_t before)
{
    for (size_t i = before; i < findings->count; i++)
        if (!text_starts_with(findings->imports[i].name, PICKLE_EXTENSION))
            return true;
    return false;
}

static void forget_since(struct pickle_findings *findings, size_t before)
{
    while (findings->count > before)
        free(findings->imports[--findings->count].name);
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

int pickle_scan_pickles(struct pickle_scan *scan, const struct pickle_input *in, bool is_sure,
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
                         has_imported(scan->findings, imports);
        if (!is_pickle)
            forget_since(scan->findings, imports);
        scan->findings->runs_code = scan->findings->runs_code || is_pickle;
        if (step == MACHINE_DAMAGED && is_pickle)
            pickle_scan_note_unread(scan, "it is damaged from byte %" PRIu64 " on", window.at);
        if (step == MACHINE_DAMAGED || (!was_noted && scan->findings->unread != NULL))
            return 0;
    }
    if (window.at < in->size)
        pickle_scan_note_unread(scan, "what is behind %d pickles in it is not looked at",
                                PICKLES_MAX);
    return 0;
}
