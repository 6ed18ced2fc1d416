#include "core/file.h"
#include "source/source_internal.h"

#include <string.h>

/* Small files whose contents are read, by the rules of plan/contents.h. */
struct contents_reading {
    struct source *source;
    const struct plan *plan;
    char *memo; /* the folder of their contents; NULL: nothing is remembered */
    const struct cancel *cancel;
    struct plan_contents *out;
};

static bool has_small_files(enum origin_kind kind)
{
    return origin_is_model_repo(kind) || kind == ORIGIN_FOLDER;
}

static char *memo_path(const struct contents_reading *reading, const struct plan_file *file)
{
    return xasprintf("%s/%s", reading->memo, digest_format_hex(&file->digest).text);
}

/* What cannot be read, or is something else by now, is as good as not remembered. */
static bool recall(const struct contents_reading *reading, const struct plan_file *file,
                   struct buf *bytes)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (reading->memo == NULL || file->digest.algorithm == DIGEST_NONE)
        return false;
    CLEANUP(text) char *path = memo_path(reading, file);
    if (file_read(path, PLAN_CONTENT_MAX, bytes, &ignored) < 0 || bytes->size != file->size)
        return false;
    struct digest found = digest_of(file->digest.algorithm, buf_text(bytes), bytes->size);
    return digest_equal(&found, &file->digest);
}

/* What cannot be written is fetched again the next time. */
static void remember(const struct contents_reading *reading, const struct plan_file *file,
                     const struct buf *bytes)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (reading->memo == NULL || file->digest.algorithm == DIGEST_NONE)
        return;
    CLEANUP(text) char *path = memo_path(reading, file);
    if (file_make_private_folders(reading->memo, &ignored) == 0)
        (void)!file_replace_private(path, buf_text(bytes), bytes->size, &ignored);
}

/* Bytes that were changed on their way are asked for once more. */
static int fetch_again(const struct contents_reading *reading, const struct plan_file *file,
                       struct buf *bytes, struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;

    error_release(err);
    buf_clear(bytes);
    if (source_open_file(reading->source, reading->plan, file, reading->cancel, &reader, err) < 0)
        return -1;
    return reader_read_all(reader, PLAN_CONTENT_MAX, bytes, err);
}

static int fetch(const struct contents_reading *reading, const struct plan_file *const *files,
                 size_t count, struct error *err)
{
    CLEANUP(source_files)
    struct source_files *opened =
        source_files_new(&(struct source_files_request){.source = reading->source,
                                                        .plan = reading->plan,
                                                        .files = files,
                                                        .count = count,
                                                        .cancel = reading->cancel});

    for (size_t i = 0; i < count; i++) {
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        int result = source_files_open(opened, files[i], &reader, err);
        if (result == 0)
            result = reader_read_all(reader, PLAN_CONTENT_MAX, &bytes, err);
        if (result < 0 && err->kind == ERROR_CORRUPT)
            result = fetch_again(reading, files[i], &bytes, err);
        if (result < 0)
            return -1;
        plan_contents_add(reading->out, files[i]->path, buf_text(&bytes), bytes.size);
        remember(reading, files[i], &bytes);
    }
    return 0;
}

/* Leaves in `files` what has to be fetched; returns how many. */
static size_t recall_all(const struct contents_reading *reading, const struct plan_file **files,
                         size_t count)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        if (recall(reading, files[i], &bytes))
            plan_contents_add(reading->out, files[i]->path, buf_text(&bytes), bytes.size);
        else if (!reading->source->is_offline ||
                 source_has_offline(reading->source, reading->plan, files[i]))
            files[left++] = files[i];
    }
    return left;
}

int source_read_contents(struct source *source, const struct plan *plan, const char *memo,
                         const struct cancel *cancel, struct plan_contents *out, struct error *err)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    bool remembers = memo != NULL && source->cache == NULL && !origin_is_local(plan->origin.kind);
    CLEANUP(text) char *folder = remembers ? xasprintf("%s/contents", memo) : NULL;
    const struct contents_reading reading = {source, plan, folder, cancel, &contents};
    size_t count = 0;

    if (!has_small_files(plan->origin.kind))
        return 0;
    const struct plan_file **files = plan_wanted_contents(plan, &count);
    int result = fetch(&reading, files, recall_all(&reading, files, count), err);
    free(files);
    if (result < 0)
        return -1;
    plan_contents_release(out);
    *out = contents;
    contents = (struct plan_contents)PLAN_CONTENTS_INIT;
    return 0;
}
