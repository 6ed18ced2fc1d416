#include "remove/remove_internal.h"

#include "layout/layout.h"

#include <string.h>

/* Git's own least number of digits for a commit; fewer name too many of them. */
#define COMMIT_HEX_MIN 7

int removal_check_revision(const struct origin *model, struct error *err)
{
    size_t size = model->revision != NULL ? strlen(model->revision) : 0;

    if (model->revision == NULL || !origin_has_commits(model->kind) ||
        (size >= COMMIT_HEX_MIN && size <= GIT_OID_HEX && text_is_hex(model->revision, size)))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "'%s' of '%s' is not a commit: an image records commits, not branches or "
                     "tags; write %d to %d hex digits, lower case, or leave '@%s' out",
                     model->revision, model->name, COMMIT_HEX_MIN, GIT_OID_HEX, model->revision);
}

static bool is_named(const struct origin *model, const struct layer_record *record)
{
    return layout_is_record_of(layout_find(record->layout), record->model, model) &&
           (model->revision == NULL || !origin_has_commits(model->kind) ||
            text_starts_with(record->commit, model->revision));
}

/* Adds "org/name@commit" unless it is there. */
static void add_name(struct strings *names, const struct layer_record *record)
{
    CLEANUP(text) char *name = xasprintf("%s@%s", record->model, record->commit);

    if (!strings_has(names, name))
        strings_add(names, name);
}

static char *join(const struct strings *names)
{
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < names->count; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", names->items[i]);
    return buf_take(&list);
}

static int refuse_unknown(const struct removal *removal, const struct origin *model,
                          struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(text) char *name = origin_record(model);
    bool is_exact = model->revision != NULL && origin_has_commits(model->kind);
    CLEANUP(text)
    char *asked = xasprintf("%s%s%s", name, is_exact ? "@" : "", is_exact ? model->revision : "");

    for (size_t i = 0; i < removal->change_count; i++)
        for (size_t k = 0; k < removal->changes[i].own_count; k++)
            if (removal->changes[i].own[k].record.model != NULL)
                add_name(&names, &removal->changes[i].own[k].record);
    if (names.count == 0)
        return error_set(err, ERROR_NOT_FOUND, "it does not have '%s': it carries no models",
                         asked);
    CLEANUP(text) char *list = join(&names);
    return error_set(err, ERROR_NOT_FOUND, "it does not have '%s'; it has %s", asked, list);
}

/* Several commits are meant by a name alone, but not by the beginning of one. */
static int check_commits(const struct origin *model, const struct strings *names, struct error *err)
{
    const char *first = names->items[0];

    for (size_t i = 1;
         model->revision != NULL && origin_has_commits(model->kind) && i < names->count; i++)
        if (strcmp(strrchr(names->items[i], '@'), strrchr(first, '@')) != 0) {
            CLEANUP(text) char *list = join(names);
            return error_set(err, ERROR_USAGE,
                             "'%s' is the beginning of several commits, %s; write more of it",
                             model->revision, list);
        }
    return 0;
}

static int choose_model(struct removal *removal, const struct origin *model, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < removal->change_count; i++) {
        struct document_change *change = &removal->changes[i];
        for (size_t k = 0; k < change->own_count; k++) {
            const struct layer_record *record = &change->own[k].record;
            if (record->model == NULL || !is_named(model, record))
                continue;
            change->leaves[k] = true;
            change->edited = true;
            add_name(&names, record);
        }
    }
    if (names.count == 0)
        return refuse_unknown(removal, model, err);
    for (size_t i = 0; i < names.count; i++)
        log_info(removal->options->log, "removing: %s", names.items[i]);
    return check_commits(model, &names, err);
}

int removal_choose(struct removal *removal, struct error *err)
{
    for (size_t i = 0; i < removal->options->model_count; i++)
        if (choose_model(removal, &removal->options->models[i], err) < 0)
            return -1;
    return 0;
}
