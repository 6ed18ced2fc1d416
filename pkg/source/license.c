#include "plan/license.h"
#include "source/source_internal.h"

#include <string.h>

/* A file of the root that tells it, of those for which `tells` holds; NULL: there is none. */
static const struct plan_file *find_file(const struct source *source, const struct plan *plan,
                                         bool (*tells)(const char *path))
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_file *file = &plan->files[i];
        if (tells(file->path) && file->size <= LICENSE_FILE_MAX &&
            (!source->is_offline || source_has_offline(source, plan, file)))
            return file;
    }
    return NULL;
}

/* What a hub has said of the repo stands, and what it has not said it does not know. */
static bool is_told(const struct source *source, const struct plan *plan)
{
    return plan->license != NULL || (origin_is_of_hub(plan->origin.kind) && !source->is_offline);
}

/* What cannot be read is as if there were none, and `out` stays empty. */
static int read_file(struct source *source, const struct plan *plan,
                     bool (*tells)(const char *path), const struct cancel *cancel, struct buf *out,
                     struct error *err)
{
    const struct plan_file *file = find_file(source, plan, tells);
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    if (file == NULL || (source_open_file(source, plan, file, cancel, &reader, &why) == 0 &&
                         reader_read_all(reader, LICENSE_FILE_MAX, out, &why) == 0))
        return 0;
    buf_release(out);
    return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
}

int source_find_license(struct source *source, struct plan *plan, const struct cancel *cancel,
                        struct error *err)
{
    CLEANUP(buf) struct buf card = BUF_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (is_told(source, plan))
        return 0;
    if (read_file(source, plan, license_is_card, cancel, &card, err) < 0)
        return -1;
    if (license_read_card(buf_text(&card), plan))
        return 0;
    if (read_file(source, plan, license_is_text, cancel, &text, err) < 0)
        return -1;
    license_read_text(buf_text(&text), plan);
    return 0;
}
