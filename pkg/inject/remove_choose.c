#include "inject/remove_internal.h"

#include "layout/layout.h"

#include <string.h>

/* Git's own least number of digits for a commit; fewer name too many of them. */
#define COMMIT_HEX_MIN 7

int removal_check_revision(const struct model_reference *model, struct error *err)
{
    size_t size = model->revision != NULL ? strlen(model->revision) : 0;

    if (model->revision == NULL ||
        (size >= COMMIT_HEX_MIN && size <= GIT_OID_HEX && text_is_hex(model->revision, size)))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "'%s' of '%s' is not a commit: an image records commits, not branches or "
                     "tags; write %d to %d hex digits, lower case, or leave '@%s' out",
                     model->revision, model->id, COMMIT_HEX_MIN, GIT_OID_HEX, model->revision);
}

/* A layer is recorded under the id that its loader asks for, which may be longer than what was
 * typed. */
static bool is_named(const struct model_reference *model, const struct layer_record *record)
{
    const struct layout *layout = layout_find(record->layout);
    CLEANUP(text) char *id = layout != NULL ? layout->model_id(model->id) : xstrdup(model->id);
    CLEANUP(text)
    char *name = xasprintf("%s%s", model->type == REPO_DATASET ? "datasets/" : "", id);

    return strcmp(name, record->model) == 0 &&
           (model->revision == NULL || text_starts_with(record->commit, model->revision));
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

static int refuse_unknown(const struct removal *removal, const struct model_reference *model,
                          struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(text)
    char *asked = xasprintf("%s%s%s%s", model->type == REPO_DATASET ? "datasets/" : "", model->id,
                            model->revision != NULL ? "@" : "",
                            model->revision != NULL ? model->revision : "");

    for (size_t i = 0; i < removal->outcome_count; i++)
        for (size_t k = 0; k < removal->outcomes[i].own_count; k++)
            if (removal->outcomes[i].own[k].record.model != NULL)
                add_name(&names, &removal->outcomes[i].own[k].record);
    if (names.count == 0)
        return error_set(err, ERROR_NOT_FOUND, "it does not have '%s': it carries no models",
                         asked);
    CLEANUP(text) char *list = join(&names);
    return error_set(err, ERROR_NOT_FOUND, "it does not have '%s'; it has %s", asked, list);
}

/* Several commits are meant by a name alone, but not by the beginning of one. */
static int check_commits(const struct model_reference *model, const struct strings *names,
                         struct error *err)
{
    const char *first = names->items[0];

    for (size_t i = 1; model->revision != NULL && i < names->count; i++)
        if (strcmp(strrchr(names->items[i], '@'), strrchr(first, '@')) != 0) {
            CLEANUP(text) char *list = join(names);
            return error_set(err, ERROR_USAGE,
                             "'%s' is the beginning of several commits, %s; write more of it",
                             model->revision, list);
        }
    return 0;
}

static int choose_model(struct removal *removal, const struct model_reference *model,
                        struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < removal->outcome_count; i++) {
        struct outcome *outcome = &removal->outcomes[i];
        for (size_t k = 0; k < outcome->own_count; k++) {
            const struct layer_record *record = &outcome->own[k].record;
            if (record->model == NULL || !is_named(model, record))
                continue;
            outcome->leaves[k] = true;
            outcome->edited = true;
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
