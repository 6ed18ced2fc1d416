#include "scanned.h"

#include "core/buf.h"

/* Guesses in one line, the rest a line each. */
static void say_left(const struct log *log, const struct scan_findings *findings)
{
    CLEANUP(buf) struct buf guesses = BUF_INIT;

    for (size_t i = 0; i < findings->count; i++)
        if (!findings->items[i].sure && !findings->items[i].baked)
            buf_addf(&guesses, "%s%s (%s)", guesses.size > 0 ? ", " : "", findings->items[i].model,
                     findings->items[i].places.items[0]);
    if (guesses.size > 0)
        log_warn(log, "scan: guesses do not count; name those that are needed: %s",
                 buf_text(&guesses));
    for (size_t i = 0; i < findings->skipped.count; i++)
        log_warn(log, "scan: passed over: %s", findings->skipped.items[i]);
    for (size_t i = 0; i < findings->unresolved.count; i++)
        log_warn(log, "scan: not resolved: %s", findings->unresolved.items[i]);
    for (size_t i = 0; i < findings->asking.count; i++)
        log_warn(log, "scan: cannot start offline, whatever is baked: %s",
                 findings->asking.items[i]);
}

int scanned_read(const struct scanned_image *request, struct scan_findings *out, struct error *err)
{
    const struct log *log = request->stores->log;
    CLEANUP(text) char *version = reference_version(request->image);
    CLEANUP(text) char *memo = session_memo_folder();
    CLEANUP(text) char *platform = NULL;
    const struct scan_options wanted = {
        .store = request->store,
        .version = version,
        .platform = request->line->platforms,
        .presets = request->presets,
        .environment = options_list(request->line, "env"),
        .memo = memo,
        .jobs = (unsigned)options_number(request->line, "jobs"),
        .cancel = request->stores->cancel,
        .log = log,
        .sandbox = request->sandbox,
    };

    if (scan_image(&wanted, &platform, out, err) < 0)
        return error_wrap(err, "--scan");
    log_debug(log, "scan: the image for %s is read", platform);
    say_left(log, out);
    return 0;
}

int scanned_read_folder(const char *path, const struct presets *presets,
                        const struct store_context *stores, struct scan_findings *out,
                        struct error *err)
{
    if (scan_folder(path, presets, stores->cancel, out, err) < 0)
        return error_wrap(err, "--scan");
    say_left(stores->log, out);
    return 0;
}
