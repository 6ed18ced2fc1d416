#ifndef INLAY_SCAN_SCAN_TEST_INTERNAL_H
#define INLAY_SCAN_SCAN_TEST_INTERNAL_H

#include "scan/scan.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An application of some files, and what is found in it as text. */

static struct presets presets = PRESETS_INIT;

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct application_file *)a)->path,
                  ((const struct application_file *)b)->path);
}

static inline void add_file(struct application *application, const char *path, const char *text)
{
    application->files =
        xrealloc(application->files, application->file_count + 1, sizeof(*application->files));
    application->files[application->file_count++] =
        (struct application_file){xstrdup(path), xstrdup(text), strlen(text)};
    qsort(application->files, application->file_count, sizeof(*application->files), compare_files);
}

static inline void add_package(struct application *application, enum package_kind kind,
                               const char *name, const char *version)
{
    application->packages = xrealloc(application->packages, application->package_count + 1,
                                     sizeof(*application->packages));
    application->packages[application->package_count++] =
        (struct application_package){kind, xstrdup(name), xstrdup(version), xstrdup("/x")};
}

/* "MODEL[ layout=X][ path=X][ weights=X][ include=X]… PLACE[,…][ guess]", a line each; then "?
 * TEXT". */
static char *describe(const struct scan_findings *findings)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < findings->count; i++) {
        const struct scan_finding *finding = &findings->items[i];
        buf_add_text(&out, finding->model);
        if (finding->layout != NULL)
            buf_addf(&out, " layout=%s", finding->layout);
        if (finding->path != NULL)
            buf_addf(&out, " path=%s", finding->path);
        if (finding->weights != NULL)
            buf_addf(&out, " weights=%s", finding->weights);
        for (size_t k = 0; k < finding->include.count; k++)
            buf_addf(&out, " include=%s", finding->include.items[k]);
        for (size_t k = 0; k < finding->places.count; k++)
            buf_addf(&out, "%c%s", k == 0 ? ' ' : ',', finding->places.items[k]);
        buf_addf(&out, "%s\n", finding->sure ? "" : " guess");
    }
    for (size_t i = 0; i < findings->unresolved.count; i++)
        buf_addf(&out, "? %s\n", findings->unresolved.items[i]);
    return buf_take(&out);
}

static inline void expect(const struct application *application, const char *expected)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (scan_application(application, &presets, NULL, &findings, &err) < 0)
        fail_msg("%s", err.text);
    CLEANUP(text) char *text = describe(&findings);
    assert_string_equal(text, expected);
}

#define SENTENCE "from sentence_transformers import SentenceTransformer\n"

static inline int read_presets(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;

    (void)state;
    return presets_read(NULL, &notes, &presets, &err);
}

static inline int release_presets(void **state)
{
    (void)state;
    presets_release(&presets);
    return 0;
}

#endif
