#ifndef INLAY_SCANNED_H
#define INLAY_SCANNED_H

#include "options.h"
#include "scan/scan.h"
#include "session.h"

/* What the application in an image asks for, for commands that go by it. Everything is borrowed. */
struct scanned_image {
    const struct options *line; /* --platform, --env and --jobs of it count */
    const struct store_context *stores;
    struct store *store;
    const struct sandbox *sandbox; /* as struct session has it */
    const struct reference *image;
    const struct presets *presets;
};

/* Scans the image, and says on standard error what is no sure finding. As scan_image(). */
int scanned_read(const struct scanned_image *request, struct scan_findings *out,
                 struct error *err) MUST_CHECK;

/* The same of a folder of this machine. As scan_folder(). */
int scanned_read_folder(const char *path, const struct presets *presets,
                        const struct store_context *stores, struct scan_findings *out,
                        struct error *err) MUST_CHECK;

#endif
