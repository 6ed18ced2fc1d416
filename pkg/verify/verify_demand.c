#include "verify/verify_internal.h"

#include <string.h>

/* Models that the image has to have, as the caller names them. */

/* Fewer digits than this name too many commits: such a text is a ref's name. */
#define COMMIT_HEX_MIN 7

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

static bool is_named(const struct verify_demand *demand, const struct verify_model *model)
{
    return layout_is_record_of(layout_find(model->layout), model->name, demand->model);
}

/* Of a model that could not be checked no ref is known, and that is a finding already. */
static bool has_revision(const struct verify_demand *demand, const struct verify_model *model)
{
    const char *revision = demand->revision;

    if (revision == NULL || !model->is_checked)
        return true;
    if (strlen(revision) >= COMMIT_HEX_MIN && text_starts_with(model->commit, revision))
        return true;
    return strings_has(&model->refs, revision);
}

static bool has_match(const struct verify_model *model, const char *glob)
{
    for (size_t i = 0; i < model->paths.count; i++)
        if (glob_matches(glob, model->paths.items[i]))
            return true;
    return false;
}

/* Whether --weights would find them among the files that are there. */
static bool has_weights(const struct verify_model *model, const char *weights)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    const struct plan_selection selection = {.format = weights};

    for (size_t i = 0; i < model->paths.count; i++)
        plan_add(&plan, &(struct plan_file){.path = model->paths.items[i], .size = 1});
    plan_sort(&plan);
    return plan_select(&plan, &selection, &why) == 0;
}

/* What of the files is asked for and not there; NULL: nothing. Files that a layout names otherwise,
 * or that could not be checked, are not missed. */
static const char *find_lacking(const struct verify_demand *demand,
                                const struct verify_model *model)
{
    const struct layout *layout = layout_find(model->layout);

    if (!model->is_checked || layout == NULL ||
        (layout->content != LAYOUT_HUB_CACHE && layout->file_path != NULL))
        return NULL;
    for (size_t i = 0; demand->files != NULL && i < demand->files->count; i++)
        if (!has_match(model, demand->files->items[i]))
            return demand->files->items[i];
    return demand->weights == NULL || has_weights(model, demand->weights) ? NULL : demand->weights;
}

/* *lacking: it is there, without these files; NULL: it is not, or nothing is amiss. */
static bool is_met(const struct verify_demand *demand, const struct verify_platform *platform,
                   const char **lacking)
{
    *lacking = NULL;
    for (size_t i = 0; i < platform->model_count; i++) {
        const struct verify_model *model = &platform->models[i];
        if (!is_named(demand, model) || !has_revision(demand, model) ||
            (demand->layout != NULL && strcmp(demand->layout, model->layout) != 0))
            continue;
        *lacking = find_lacking(demand, model);
        if (*lacking == NULL)
            return true;
    }
    return false;
}

/* The models of that name, or if there is none all of them: what may have been meant. */
static char *list_models(const struct verify_demand *demand, const struct verify_platform *platform)
{
    CLEANUP(strings) struct strings titles = STRINGS_INIT;
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (unsigned all = 0; all < 2 && titles.count == 0; all++)
        for (size_t i = 0; i < platform->model_count; i++) {
            const struct verify_model *model = &platform->models[i];
            CLEANUP(text)
            char *title = xasprintf("%s@%.*s (%s)", model->name, COMMIT_SHOWN,
                                    plan_commit(model->commit).text, model->layout);
            if ((all != 0 || is_named(demand, model)) && !strings_has(&titles, title))
                strings_add(&titles, title);
        }
    for (size_t i = 0; i < titles.count; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", titles.items[i]);
    return titles.count > 0 ? buf_take(&list) : xstrdup("no models");
}

void check_demands(const struct check *check, struct strings *missing)
{
    const struct verify_options *options = check->options;
    struct verify_platform *platform = check->platform;

    for (size_t i = 0; i < options->demand_count; i++) {
        const struct verify_demand *demand = &options->demands[i];
        const char *lacking = NULL;
        if (is_met(demand, platform, &lacking))
            continue;
        CLEANUP(text) char *there = list_models(demand, platform);
        if (lacking != NULL)
            findings_add(&platform->missing, VERIFY_NOT_BAKED, NULL,
                         "'%s' is there without %s, which is asked for", demand->title, lacking);
        else
            findings_add(&platform->missing, VERIFY_NOT_BAKED, NULL,
                         "'%s' is not there%s%s; the image has %s", demand->title,
                         demand->layout != NULL ? " in the layout " : "",
                         demand->layout != NULL ? demand->layout : "", there);
        if (!strings_has(missing, demand->title))
            strings_add(missing, demand->title);
    }
}
