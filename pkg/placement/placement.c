#include "placement/placement_internal.h"

#include <string.h>

void models_release(struct models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        plan_release(&models->items[i].plan);
        plan_contents_release(&models->items[i].contents);
        free(models->items[i].name);
        free(models->items[i].source);
        free(models->items[i].title);
        free(models->items[i].companion_of);
    }
    free(models->items);
    *models = (struct models)MODELS_INIT;
}

void alternate_places_release(struct alternate_places *places)
{
    strings_release(&places->variables);
    strings_release(&places->paths);
    *places = (struct alternate_places){0};
}

void placement_release(struct placement *placement)
{
    for (size_t i = 0; i < placement->model_count; i++) {
        tree_release(&placement->models[i].tree);
        tree_release(&placement->models[i].links);
        alternate_places_release(&placement->models[i].alternates);
    }
    free(placement->models);
    image_folders_free(placement->folders, placement->folder_count);
    image_base_facts_release(&placement->facts);
    rootfs_user_release(&placement->user);
    strings_release(&placement->dropped.abandoned);
    free(placement->dropped.deleted);
    strings_release(&placement->package_names);
    strings_release(&placement->package_folders);
    strings_release(&placement->assignments);
    strings_release(&placement->environment);
    container_start_release(&placement->start);
    *placement = (struct placement){0};
}

const char *placed_model_looks(const struct placed_model *placed)
{
    return placed->links.place != NULL ? placed->links.place : placed->tree.place;
}

bool placement_is_first(const struct models *models, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (models->items[i].layout == models->items[number].layout)
            return false;
    return true;
}

bool models_have_layout(const struct models *models, const char *name)
{
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->items[i].layout->name, name) == 0)
            return true;
    return false;
}

bool placement_is_deleted(const struct placement *placement, const struct image_layer *layer)
{
    const size_t *number = placement->dropped.deleted;

    while (number != NULL && *number != 0 && *number != layer->number)
        number++;
    return number != NULL && *number != 0;
}

/* Is it, or are links to it, where the model of the call goes or where its loader looks? */
static bool is_same_place(const struct placed_model *placed, const struct layer_record *record)
{
    const char *looks = placed_model_looks(placed);

    return strcmp(placed->tree.place, record->place) == 0 || strcmp(looks, record->place) == 0 ||
           strings_has(&record->also, looks);
}

/* Loaders of the Hub's tree may share one: what the call writes there has this folder, too. */
static bool is_same_folder(const struct placed_model *placed, const struct layer_record *record)
{
    const struct layout *ours = placed->model->layout;
    const struct layout *theirs = layout_find(record->layout);
    const char *id = NULL;

    if (theirs == NULL || ours->content != LAYOUT_HUB_CACHE || theirs->content != LAYOUT_HUB_CACHE)
        return false;
    enum origin_kind kind = origin_from_record(record->model, &id);
    CLEANUP(text) char *folder = layout_folder(theirs, record->place, kind, id);
    CLEANUP(text) char *own = layout_folder(ours, placed_model_looks(placed), kind, id);
    return strcmp(own, folder) == 0;
}

static bool is_replaced_by(const struct placement *placement, const struct placed_model *placed,
                           const struct layer_record *record)
{
    if (strcmp(placed->model->name, record->model) != 0)
        return false;
    if (strcmp(placed->model->layout->name, record->layout) != 0)
        return is_same_folder(placed, record);
    return is_same_place(placed, record) ||
           strings_has(&placement->dropped.abandoned, record->place);
}

bool placement_replaces(const struct placement *placement, const struct image_layer *layer)
{
    const struct layer_record *record = &layer->record;

    if (record->model == NULL)
        return true; /* the folders layer is made anew */
    if (placement_is_deleted(placement, layer))
        return true;
    for (size_t i = 0; i < placement->model_count; i++)
        if (is_replaced_by(placement, &placement->models[i], record))
            return true;
    return false;
}

/* Names the option where the answer speaks of the image. */
static void name_origin(char **from, const char *option)
{
    free(*from);
    *from = xstrdup(option);
}

static int decide_home(const struct placing *placing, struct error *err)
{
    static const char *const none[] = {NULL};
    const struct placement_options *options = placing->options;
    struct placement *out = placing->out;
    struct home *home = &out->home;

    home->environment = (const char *const *)out->environment.items;
    if (home->environment == NULL)
        home->environment = none;
    struct rootfs_user_request request = {
        .user = options->user != NULL ? options->user : image_user(placing->base->image),
        .home = options->home != NULL ? options->home : home_variable(home, "HOME"),
    };
    if (placing_find_user(placing, &request, err) < 0)
        return options->user != NULL ? error_wrap(err, "--user") : -1;
    if (options->user != NULL)
        name_origin(&out->user.user_from, "--user");
    if (options->home != NULL)
        name_origin(&out->user.home_from, "--home");
    home->path = out->user.home;
    home->working_dir = image_working_dir(placing->base->image);
    home->uid = out->user.uid;
    home->gid = out->user.gid;
    home->owner = options->owner;
    home->group_writable = options->group_writable;
    return 0;
}

static int arrange_models(const struct placing *placing, struct error *err)
{
    const struct models *models = placing->models;
    struct placement *out = placing->out;

    out->models = xcalloc(models->count, sizeof(*out->models));
    for (size_t i = 0; i < models->count; i++) {
        const struct model *model = &models->items[i];
        struct layout_request request = {
            .layout = model->layout,
            .plan = &model->plan,
            .home = &out->home,
            .as_main = model->as_main,
            .is_main = model->is_main,
            .path = model->path,
            .executable = model->executable,
        };
        struct placed_model *placed = &out->models[out->model_count++];
        *placed = (struct placed_model){.model = model, .tree = TREE_INIT, .links = TREE_INIT};
        if (layout_arrange(&request, &placed->tree, err) < 0 ||
            (placing->options->shared != NULL &&
             tree_share(&request, model->layout, placing->options->shared, &placed->tree,
                        &placed->links, err) < 0))
            return error_wrap(err, "'%s'", model->name);
        layout_alternates(model->layout, &out->home, &placed->alternates.variables,
                          &placed->alternates.paths);
    }
    return 0;
}

/* What the call makes of what containers of the base start. */
static void tell_start(const struct placing *placing)
{
    const struct container_start *start = &placing->out->start;
    CLEANUP(container_start)
    struct container_start base = {.entrypoint = {.is_set = true}, .command = {.is_set = true}};

    image_entrypoint(placing->base->image, &base.entrypoint.words);
    image_command(placing->base->image, &base.command.words);
    CLEANUP(container_start) struct container_start merged = {.entrypoint = {.is_set = false}};
    container_start_copy(&base, &merged);
    container_start_override(&merged, start);
    CLEANUP(text) char *now = container_start_format(&merged);
    CLEANUP(text) char *before = container_start_format(&base);
    notes_fact(placing->notes, "starts: %s; the base has %s", now, before);
    if (merged.entrypoint.words.count + merged.command.words.count == 0)
        notes_warn(placing->notes,
                   "nothing is left that containers start: whoever runs the image has to name a "
                   "program; say --cmd or --entrypoint");
}

/* What inlay had set before stays, where nothing else is asked for. */
static void decide_start(const struct placing *placing)
{
    container_start_copy(&placing->base->own->start, &placing->out->start);
    if (placing->options->start == NULL || !container_start_is_set(placing->options->start))
        return;
    container_start_override(&placing->out->start, placing->options->start);
    tell_start(placing);
}

static int find(const struct placing *placing, struct error *err)
{
    struct placement *out = placing->out;

    placing_decide_environment(placing);
    decide_start(placing);
    if (decide_home(placing, err) < 0)
        return -1;
    if (placing_find_packages(placing, err) < 0 || placing_decide_places(placing, err) < 0)
        return -1;
    notes_fact(placing->notes, "user: %u:%u (%s), home %s (%s)", out->user.uid, out->user.gid,
               out->user.user_from, out->user.home, out->user.home_from);
    if (arrange_models(placing, err) < 0)
        return -1;
    placing_tell_place(placing);
    if (placing_place_models(placing, err) < 0 || placing_check_above(placing, err) < 0 ||
        placing_hold_kept(placing, err) < 0 || placing_link_models(placing, err) < 0 ||
        placing_find_root(placing, err) < 0 || placing_check(placing, err) < 0 ||
        placing_tell_offline(placing, err) < 0)
        return -1;
    placing_keep_facts(placing);
    placing_keep_folders(placing);
    return 0;
}

int placement_find(const struct placement_options *options, const struct placement_base *base,
                   const struct models *models, struct placement *out, struct notes *notes,
                   struct error *err)
{
    struct placing placing = {options, base, models, out, notes};

    *out = (struct placement){0};
    image_chain_id(base->image, &out->facts.chain_id);
    if (find(&placing, err) == 0)
        return 0;
    placement_release(out);
    return -1;
}
