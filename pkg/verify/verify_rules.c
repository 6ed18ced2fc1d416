#include "pickle/pickle.h"
#include "plan/license.h"
#include "verify/verify_internal.h"

#include <string.h>

/* What rules of a policy ask of a model, by its files. */

static void set_license(struct verify_model *model, const struct plan *plan)
{
    model->license = text_copy(plan->license);
    model->license_name = text_copy(plan->license_name);
}

/* A file that tells it, of those for which `tells` holds, into `out`; else that stays empty. */
static int read_license_file(const struct subject *subject, bool (*tells)(const char *path),
                             struct buf *out, struct error *err)
{
    for (size_t i = 0; i < subject->file_count; i++) {
        const struct found_file *file = &subject->files[i];
        if (file->size <= LICENSE_FILE_MAX && tells(file->path))
            return rootfs_read(subject->check->rootfs, file->at, LICENSE_FILE_MAX, out, err);
    }
    return 0;
}

/* As source_find_license() does for a model that is on its way. */
static int find_license(struct subject *subject, struct error *err)
{
    const struct plan *hub = subject_hub_plan(subject);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(buf) struct buf card = BUF_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (hub != NULL) {
        set_license(subject->model, hub);
        return 0;
    }
    if (read_license_file(subject, license_is_card, &card, err) < 0)
        return -1;
    if (!license_read_card(buf_text(&card), &plan)) {
        if (read_license_file(subject, license_is_text, &text, err) < 0)
            return -1;
        license_read_text(buf_text(&text), &plan);
    }
    set_license(subject->model, &plan);
    return 0;
}

/* A file of the image, by ranges. */
struct content_reading {
    struct rootfs_contents *contents;
    struct rootfs_content content;
    const struct cancel *cancel;
};

static int read_content(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    struct content_reading *reading = arg;
    const struct rootfs_part part = {offset, size, reading->cancel};
    CLEANUP(reader) struct reader *reader = NULL;

    if (rootfs_contents_open(reading->contents, &reading->content, &part, &reader, err) < 0)
        return -1;
    return reader_read_exactly(reader, 0, size, out, err);
}

static int scan(const struct subject *subject, const struct found_file *file,
                struct rootfs_contents *contents, bool *runs_code, struct error *err)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    struct content_reading reading = {.contents = contents,
                                      .cancel = subject->check->options->cancel};

    if (rootfs_find_content(subject->check->rootfs, file->at, &reading.content, err) < 0)
        return -1;
    const struct pickle_input in = {reading.content.size, read_content, &reading};
    if (pickle_scan_apart(subject->check->options->sandbox, file->path, &in, &findings, err) < 0)
        return error_wrap(err, "looking at '%s'", file->at);
    *runs_code = findings.runs_code || findings.unread != NULL;
    return 0;
}

static int find_suspect(struct subject *subject, struct error *err)
{
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents =
        rootfs_contents_new(subject->check->options->store, subject->check->options->sandbox);

    for (size_t i = 0; i < subject->file_count; i++) {
        const struct found_file *file = &subject->files[i];
        bool runs_code = text_ends_with(file->path, ".py");
        if (pickle_is_suspect(file->path) && scan(subject, file, contents, &runs_code, err) < 0)
            return -1;
        if (runs_code)
            strings_add(&subject->model->suspect, file->path);
    }
    return 0;
}

int subject_find_rules(struct subject *subject, struct error *err)
{
    const struct verify_options *options = subject->check->options;

    if (options->asks_license && find_license(subject, err) < 0)
        return -1;
    return options->asks_code ? find_suspect(subject, err) : 0;
}
