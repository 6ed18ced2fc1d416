#include "placement/placement_internal.h"

#include <string.h>

/* Sets NAME=value; a name that is there is set in its place, the last one if there are several. */
static void assign(struct strings *list, const char *assignment)
{
    size_t size = strcspn(assignment, "=") + 1;

    for (size_t i = list->count; i > 0; i--) {
        if (strncmp(list->items[i - 1], assignment, size) == 0) {
            free(list->items[i - 1]);
            list->items[i - 1] = xstrdup(assignment);
            return;
        }
    }
    strings_add(list, assignment);
}

static void unassign(struct strings *list, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (text_starts_with(list->items[i], name) && list->items[i][strlen(name)] == '=')
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    if (list->items != NULL)
        list->items[kept] = NULL;
}

static bool is_assigned(const struct strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_starts_with(list->items[i], name) && list->items[i][strlen(name)] == '=')
            return true;
    return false;
}

/* --cache-dir is to be found by the loaders of the image, not by inlay alone. */
static void decide_cache(const struct placing *placing)
{
    const struct placement_options *options = placing->options;

    if (options->cache_dir == NULL)
        return;
    CLEANUP(text)
    char *assignment =
        xasprintf("%s=%s", options->cache_layout->cache_variable, options->cache_dir);
    if (!strings_has(&placing->out->environment, assignment))
        assign(&placing->out->assignments, assignment);
}

/* What loads a dataset, unlike a model's loader, does not look into the Hub's cache when offline.
 */
static bool are_datasets(const struct models *models, const struct layout *layout)
{
    for (size_t i = 0; i < models->count; i++)
        if (models->items[i].layout == layout &&
            models->items[i].plan.origin.kind != ORIGIN_HUB_DATASET)
            return false;
    return true;
}

static bool is_asked_for(const struct placing *placing, const char *name)
{
    const char *const *asked = placing->options->environment;

    for (; asked != NULL && *asked != NULL; asked++)
        if (text_starts_with(*asked, name) && (*asked)[strlen(name)] == '=')
            return true;
    return false;
}

/* What loaders need besides, also when they may ask the hub. */
static void decide_settings(const struct placing *placing, const struct layout *layout)
{
    for (const char *const *setting = layout->settings; setting != NULL && *setting != NULL;
         setting++) {
        CLEANUP(text) char *name = xstrndup(*setting, strcspn(*setting, "="));
        if (is_asked_for(placing, name) || is_assigned(&placing->out->environment, name))
            continue;
        assign(&placing->out->assignments, *setting);
        notes_info(placing->notes, "setting %s in the image, as its loader needs it", *setting);
    }
}

/* Loaders ask the hub at each start, unless they are kept from it. */
static void decide_offline(const struct placing *placing, const struct layout *layout)
{
    for (const char *const *setting = layout->offline; setting != NULL && *setting != NULL;
         setting++) {
        CLEANUP(text) char *name = xstrndup(*setting, strcspn(*setting, "="));
        if (is_asked_for(placing, name))
            continue;
        if (placing->options->online)
            unassign(&placing->out->assignments, name);
        else if (!is_assigned(&placing->out->environment, name) &&
                 !are_datasets(placing->models, layout))
            assign(&placing->out->assignments, *setting);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void placing_environment_before(const struct placing *placing, struct strings *out)
{
    const struct strings *set_before = &placing->base->own->environment;

    image_environment(placing->base->image, out);
    for (size_t i = 0; i < set_before->count; i++)
        assign(out, set_before->items[i]);
}

/* Whatever the order in which they were asked for. */
static void sort_assignments(struct strings *assignments)
{
    if (assignments->count > 1)
        qsort(assignments->items, assignments->count, sizeof(char *), compare_texts);
}

/* None of the variables that its loader goes by is set, and without them it looks elsewhere. */
static int decide_place(const struct placing *placing, const struct layout *layout,
                        struct error *err)
{
    struct placement *out = placing->out;
    CLEANUP(text) char *place = NULL;
    const char *variable = NULL;

    if (!layout->sets_variable)
        return 0;
    if (layout_find_place(layout, &out->home, &place, &variable, err) < 0)
        return -1;
    for (const struct place_rule *rule = layout->places; rule->variable != NULL; rule++)
        if (strcmp(rule->variable, variable) == 0)
            return 0;
    CLEANUP(text) char *assignment = xasprintf("%s=%s", layout->cache_variable, place);
    assign(&out->assignments, assignment);
    assign(&out->environment, assignment);
    notes_info(placing->notes, "setting %s in the image, so that the model is found there",
               assignment);
    return 0;
}

int placing_decide_places(const struct placing *placing, struct error *err)
{
    const struct models *models = placing->models;

    for (size_t i = 0; i < models->count; i++)
        if (placement_is_first(models, i) &&
            decide_place(placing, models->items[i].layout, err) < 0)
            return error_wrap(err, "'%s'", models->items[i].name);
    sort_assignments(&placing->out->assignments);
    placing->out->home.environment = (const char *const *)placing->out->environment.items;
    return 0;
}

/* What the result's environment is: the base's, what inlay had set before, what is asked for. */
void placing_decide_environment(const struct placing *placing)
{
    const char *const *asked = placing->options->environment;
    const struct strings *set_before = &placing->base->own->environment;

    for (size_t i = 0; i < set_before->count; i++)
        strings_add(&placing->out->assignments, set_before->items[i]);
    image_environment(placing->base->image, &placing->out->environment);
    decide_cache(placing);
    for (size_t i = 0; asked != NULL && asked[i] != NULL; i++)
        assign(&placing->out->assignments, asked[i]);
    for (size_t i = 0; i < placing->models->count; i++)
        if (placement_is_first(placing->models, i)) {
            decide_offline(placing, placing->models->items[i].layout);
            decide_settings(placing, placing->models->items[i].layout);
        }
    sort_assignments(&placing->out->assignments);
    for (size_t i = 0; i < placing->out->assignments.count; i++)
        assign(&placing->out->environment, placing->out->assignments.items[i]);
}
