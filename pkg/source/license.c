#include "plan/license.h"
#include "source/source_internal.h"

#include <string.h>

/* The file that tells: the card, else the licence itself; NULL: there is none. */
static const struct plan_file *find_file(const struct source *source, const struct plan *plan)
{
    const struct plan_file *found = NULL;

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_file *file = &plan->files[i];
        bool is_card = license_is_card(file->path);
        if (file->size > LICENSE_FILE_MAX || (!is_card && !license_is_text(file->path)) ||
            (source->is_offline && !source_has_offline(source, plan, file)))
            continue;
        if (is_card)
            return file;
        found = found != NULL ? found : file;
    }
    return found;
}

/* What a hub has said of the repo stands, and what it has not said it does not know. */
static bool is_told(const struct source *source, const struct plan *plan)
{
    return plan->license != NULL || (origin_is_of_hub(plan->origin.kind) && !source->is_offline);
}

int source_find_license(struct source *source, struct plan *plan, const struct cancel *cancel,
                        struct error *err)
{
    const struct plan_file *file = is_told(source, plan) ? NULL : find_file(source, plan);
    CLEANUP(error) struct error why = ERROR_INIT; /* then it is as if there were none */
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (file == NULL)
        return 0;
    if (source_open_file(source, plan, file, cancel, &reader, &why) < 0 ||
        reader_read_all(reader, LICENSE_FILE_MAX, &bytes, &why) < 0)
        return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
    if (license_is_card(file->path))
        license_read_card(buf_text(&bytes), plan);
    else
        license_read_text(buf_text(&bytes), plan);
    return 0;
}
