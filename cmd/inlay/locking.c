#include "locking.h"

#include "core/text.h"
#include "preview/preview.h"

#include <string.h>

/* What the lock calls the model that a listing calls so. Caller frees. */
static char *owner_name(const struct injection *injection, const struct listing *listing,
                        const char *title)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        CLEANUP(lock_model) struct lock_model model = {.plan = PLAN_INIT};
        if (strcmp(listing->items[i].title, title) != 0)
            continue;
        injection_fill_lock_model(injection, &injection->models[i], &model);
        return TAKE(model.model);
    }
    return xstrdup(title);
}

static void add_owners(const struct injection *injection, const struct listing *listing,
                       const struct listed_model *listed, struct strings *owners)
{
    for (size_t i = 0; i < listed->companion_of.count; i++) {
        CLEANUP(text) char *name = owner_name(injection, listing, listed->companion_of.items[i]);
        if (!strings_has(owners, name))
            strings_add(owners, name);
    }
}

/* Files that only one of them takes; what is taken is not left out. */
static void join_plans(const struct plan *from, struct plan *to)
{
    CLEANUP(strings) struct strings left_out = STRINGS_INIT;
    size_t count = to->count;

    for (size_t i = 0; i < from->count; i++) {
        bool is_there = false;
        for (size_t k = 0; k < count && !is_there; k++)
            is_there = strcmp(to->files[k].path, from->files[i].path) == 0;
        if (is_there)
            continue;
        plan_add(to, &from->files[i]);
        if (strings_has(&to->left_out, from->files[i].path))
            to->left_out_size -= from->files[i].size;
    }
    plan_sort(to);
    for (size_t i = 0; i < to->left_out.count; i++) {
        bool is_taken = false;
        for (size_t k = 0; k < to->count && !is_taken; k++)
            is_taken = strcmp(to->files[k].path, to->left_out.items[i]) == 0;
        if (!is_taken)
            strings_add(&left_out, to->left_out.items[i]);
    }
    strings_release(&to->left_out);
    to->left_out = left_out;
    left_out = (struct strings)STRINGS_INIT;
}

static void add(struct lock *lock, struct lock_model *model)
{
    struct lock_model *there = lock_find_model(lock, model);
    bool is_companion = model->companion_of.count > 0;

    if (there == NULL ||
        (!is_companion && !project_options_equal(&there->options, &model->options))) {
        *lock_add_model(lock) = *model;
        *model = (struct lock_model){.plan = PLAN_INIT};
        return;
    }
    if (!is_companion)
        return;
    strings_add_missing(&there->companion_of, &model->companion_of);
    if (strcmp(there->plan.pin, model->plan.pin) == 0)
        join_plans(&model->plan, &there->plan);
}

void locking_add(struct lock *lock, const struct injection *injection,
                 const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        const struct listed_model *listed = &listing->items[i];
        bool is_called = i < injection->model_count;
        CLEANUP(lock_model) struct lock_model model = {.plan = PLAN_INIT};
        if (is_called && injection->models[i].locked != NULL) {
            lock_model_copy(injection->models[i].locked, &model);
        } else if (is_called) {
            injection_fill_lock_model(injection, &injection->models[i], &model);
            plan_copy(&listed->plan, &model.plan);
        } else {
            model.model = xstrdup(listed->title);
            project_options_add(&model.options, "layout", listed->layout->name);
            if (listed->path != NULL)
                project_options_add(&model.options, "path", listed->path);
            plan_copy(&listed->plan, &model.plan);
        }
        if (!is_called || injection->models[i].companion_of != NULL)
            add_owners(injection, listing, listed, &model.companion_of);
        add(lock, &model);
    }
}

static bool has_owner(const struct lock *lock, const struct lock_model *companion)
{
    for (size_t i = 0; i < lock->model_count; i++)
        if (&lock->models[i] != companion &&
            strings_has(&companion->companion_of, lock->models[i].model))
            return true;
    return false;
}

static void drop(struct lock *lock, size_t number)
{
    lock_model_release(&lock->models[number]);
    lock->model_count--;
    memmove(&lock->models[number], &lock->models[number + 1],
            (lock->model_count - number) * sizeof(*lock->models));
}

/* Owners that the lock does not have are none. */
static void tidy_owners(const struct lock *lock, struct lock_model *companion)
{
    CLEANUP(strings) struct strings owners = STRINGS_INIT;

    for (size_t i = 0; i < lock->model_count; i++)
        if (strings_has(&companion->companion_of, lock->models[i].model) &&
            !strings_has(&owners, lock->models[i].model))
            strings_add(&owners, lock->models[i].model);
    strings_release(&companion->companion_of);
    companion->companion_of = owners;
    owners = (struct strings)STRINGS_INIT;
}

void locking_tidy(struct lock *lock)
{
    struct lock_model *sorted = xcalloc(lock->model_count, sizeof(*sorted));
    size_t count = 0;

    for (size_t i = 0; i < lock->model_count; i++) {
        if (lock->models[i].companion_of.count == 0 || has_owner(lock, &lock->models[i]))
            continue;
        drop(lock, i);
        i = SIZE_MAX; /* it may have been the owner of one before */
    }
    for (size_t i = 0; i < lock->model_count; i++)
        if (lock->models[i].companion_of.count == 0)
            sorted[count++] = lock->models[i];
    for (size_t i = 0; i < lock->model_count; i++)
        if (lock->models[i].companion_of.count > 0)
            sorted[count++] = lock->models[i];
    free(lock->models);
    lock->models = sorted;
    for (size_t i = 0; i < lock->model_count; i++)
        if (lock->models[i].companion_of.count > 0)
            tidy_owners(lock, &lock->models[i]);
}

/* What the lock knew, and what it has come to know for another set. */
struct known_layers {
    const struct lock *before;
    const struct lock *now;
};

/* DIGEST_NONE: neither knows it. */
static struct digest known_diff_id(const struct known_layers *known, const struct digest *recipe)
{
    const struct lock_layer *before = lock_find_layer(known->before, recipe);
    const struct lock_layer *now = lock_find_layer(known->now, recipe);

    if (now != NULL && now->diff_id.algorithm != DIGEST_NONE)
        return now->diff_id;
    return before != NULL ? before->diff_id : (struct digest)DIGEST_INIT;
}

static bool wants_diff_id(void *arg, const struct digest *recipe)
{
    return known_diff_id(arg, recipe).algorithm == DIGEST_NONE;
}

static void add_layer(struct lock_image *image, const struct preview_layer *layer,
                      const struct known_layers *known)
{
    struct lock_layer *out;

    image->layers = xrealloc(image->layers, image->layer_count + 1, sizeof(*image->layers));
    out = &image->layers[image->layer_count++];
    *out = (struct lock_layer){
        .kind = xstrdup(layer->kind),
        .model = text_copy(layer->model),
        .recipe = layer->recipe,
        .diff_id = layer->diff_id,
    };
    if (out->diff_id.algorithm == DIGEST_NONE)
        out->diff_id = known_diff_id(known, &layer->recipe);
}

static void add_images(struct lock *lock, const struct lock *before,
                       const struct injection *injection, const struct preview *preview)
{
    const struct known_layers known = {before, lock};

    for (size_t i = 0; i < preview->platform_count; i++) {
        const char *platform = preview->platforms[i].name;
        lock->images = xrealloc(lock->images, lock->image_count + 1, sizeof(*lock->images));
        struct lock_image *image = &lock->images[lock->image_count++];
        *image =
            (struct lock_image){.set = text_copy(injection->set), .platform = xstrdup(platform)};
        for (size_t k = 0; k < preview->layer_count; k++)
            if (strings_has(&preview->layers[k].platforms, platform))
                add_layer(image, &preview->layers[k], &known);
    }
}

/* What is listed is what is taken. */
struct chosen {
    struct source **sources;
    struct model_choice *choices;
};

static void chosen_release(struct chosen *chosen)
{
    free(chosen->sources);
    free(chosen->choices);
}
CLEANUP_RELEASE(chosen)

static void choose(const struct injection *injection, const struct listing *listing,
                   struct chosen *out)
{
    out->sources = xcalloc(listing->count, sizeof(struct source *));
    out->choices = xcalloc(listing->count, sizeof(*out->choices));
    for (size_t i = 0; i < listing->count; i++) {
        const struct listed_model *listed = &listing->items[i];
        bool is_called = i < injection->model_count;
        source_pin(listed->from, &listed->plan);
        out->sources[i] = listed->from;
        out->choices[i] = (struct model_choice){
            .layout = listed->layout,
            .path = listed->path,
            .executable =
                is_called ? (const char *const *)injection->models[i].executable.items : NULL,
            .companion_of = listed->companion_of.count > 0 ? listed->companion_of.items[0] : NULL,
            .is_chosen = true,
            .is_alone = true,
        };
    }
}

/* The project's target, whose layers have been built; it need not be there yet. */
struct opened_target {
    struct reference reference;
    struct store *store;
};

static void opened_target_release(struct opened_target *target)
{
    store_free(target->store);
    reference_release(&target->reference);
}
CLEANUP_RELEASE(opened_target)

static int preview_target(const struct injection *injection, struct preview_options *options,
                          struct opened_target *target, struct preview *out, struct error *err)
{
    const char *name = injection->project.target;

    if (name == NULL)
        return error_set(err, ERROR_NOT_FOUND, "the project has no target");
    if (session_parse_target("target", name, &target->reference, err) < 0 ||
        store_open_target(&target->reference, &injection->session.stores, &target->store, err) < 0)
        return -1;
    options->target = (struct stored_image){target->store, target->reference.tag};
    return preview_run(options, out, err);
}

static bool lacks_diff_ids(const struct preview *preview, const struct known_layers *known)
{
    bool lacks = false;

    for (size_t i = 0; i < preview->layer_count; i++)
        lacks =
            lacks || (preview->layers[i].diff_id.algorithm == DIGEST_NONE &&
                      known_diff_id(known, &preview->layers[i].recipe).algorithm == DIGEST_NONE);
    return lacks;
}

/* Layers are packed once it is known which ones nobody has. */
static int preview_layers(const struct injection *injection, const struct preview_options *options,
                          struct known_layers *known, struct preview *out, struct error *err)
{
    CLEANUP(opened_target) struct opened_target target = {.reference = REFERENCE_INIT};
    CLEANUP(preview) struct preview with = PREVIEW_INIT;
    CLEANUP(error) struct error why = ERROR_INIT; /* then nothing of the target is known */
    struct preview_options wanted = *options;

    if (preview_run(options, out, err) < 0)
        return -1;
    if (preview_target(injection, &wanted, &target, &with, &why) < 0) {
        if (why.kind == ERROR_CANCELED)
            return error_move(err, &why);
        wanted = *options;
    } else {
        preview_release(out);
        *out = with;
        with = (struct preview)PREVIEW_INIT;
    }
    if (!options_has(injection->line, "diff-ids") || !lacks_diff_ids(out, known))
        return 0;
    wanted.diff_ids = (struct diff_ids_wanted){wants_diff_id, known};
    return preview_run(&wanted, out, err);
}

int locking_add_layers(struct lock *lock, const struct lock *before, struct injection *injection,
                       const struct listing *listing, struct error *err)
{
    const char *base = options_text(injection->line, "base");
    struct preview_options options = injection_preview_options(&injection->options);
    CLEANUP(chosen) struct chosen chosen = {NULL, NULL};
    CLEANUP(preview) struct preview preview = PREVIEW_INIT;
    struct known_layers known = {before, lock};

    if (base == NULL)
        return 0;
    choose(injection, listing, &chosen);
    options.models.sources = chosen.sources;
    options.models.choices = chosen.choices;
    options.models.count = listing->count;
    options.models.open_companion = NULL;
    options.run.log = NULL; /* it has been told */
    if (preview_layers(injection, &options, &known, &preview, err) < 0)
        return -1;
    free(lock->base);
    lock->base = project_relate(&injection->project, base);
    lock->base_digest = preview.base.digest;
    add_images(lock, before, injection, &preview);
    return 0;
}
