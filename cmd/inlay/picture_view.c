#include "picture_view.h"

#include "core/file.h"
#include "folders_view.h"
#include "picture/picture.h"
#include "plan/plan.h"
#include "table.h"

#include <string.h>

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

int picture_view_check(const struct options *options, struct error *err)
{
    const char *file = options_text(options, "picture");

    if (file == NULL)
        return 0;
    return file_check_named(file, err) < 0 ? error_wrap(err, "--picture") : 0;
}

static int write_picture(const struct options *options, const struct picture *picture,
                         struct secrets *secrets, const struct log *log, struct error *err)
{
    const char *file = options_text(options, "picture");
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(buf) struct buf masked = BUF_INIT;

    if (text_ends_with(file, ".svg"))
        picture_format_svg(picture, &text);
    else
        picture_format_html(picture, &text);
    secrets_mask(secrets, buf_text(&text), text.size, &masked);
    if (file_replace_named(file, buf_text(&masked), masked.size, err) < 0)
        return error_wrap(err, "--picture");
    log_wait(log, "the picture is in '%s'", file); /* also of `plan`, which says no more */
    return 0;
}

/* "large" by itself says little: "large files of org/name", "folders". */
static char *layer_title(const char *kind, const char *model)
{
    if (kind == NULL)
        return xstrdup("layer of the base");
    if (model == NULL)
        return xstrdup(kind);
    if (strcmp(kind, "links") == 0)
        return xasprintf("links to %s", model);
    if (strcmp(kind, "way") == 0)
        return xasprintf("folders on the way to %s", model);
    return xasprintf("%s files of %s", kind, model);
}

/* The models of a picture, each revision by itself; their numbers are those of the colours. */
struct drawn {
    struct strings names;
    struct strings commits; /* one a name */
};

static void drawn_release(struct drawn *drawn)
{
    strings_release(&drawn->names);
    strings_release(&drawn->commits);
}
CLEANUP_RELEASE(drawn)

static void drawn_add(struct drawn *drawn, const char *name, const char *commit)
{
    strings_add(&drawn->names, name);
    strings_add(&drawn->commits, commit);
}

/* The number of models if it is none of them. */
static size_t drawn_find(const struct drawn *drawn, const char *name, const char *commit)
{
    size_t i = 0;

    while (i < drawn->names.count && (strcmp(drawn->names.items[i], name) != 0 ||
                                      strcmp(drawn->commits.items[i], commit) != 0))
        i++;
    return i;
}

/* Whether the picture has another revision, too. */
static bool drawn_has_others(const struct drawn *drawn, const char *name, const char *commit)
{
    for (size_t i = 0; i < drawn->names.count; i++)
        if (strcmp(drawn->names.items[i], name) == 0 &&
            strcmp(drawn->commits.items[i], commit) != 0)
            return true;
    return false;
}

/* The name, and its commit where the name alone could be another's. Caller frees. */
static char *drawn_name(const struct drawn *drawn, const char *name, const char *commit)
{
    if (!drawn_has_others(drawn, name, commit))
        return xstrdup(name);
    return xasprintf("%s@%.*s", name, COMMIT_SHOWN, plan_commit(commit).text);
}

static void add_stacked(const struct drawn *drawn, const struct inspect_stacked *stacked,
                        struct picture_stack *out)
{
    CLEANUP(text)
    char *name = stacked->model != NULL ? drawn_name(drawn, stacked->model, stacked->commit) : NULL;
    CLEANUP(text) char *title = layer_title(stacked->kind, name);
    struct picture_layer *layer = picture_add_layer(out, title);

    layer->digest = xstrdup(digest_format(&stacked->digest).text);
    layer->size = stacked->size;
    layer->model = stacked->kind == NULL ? PICTURE_OF_BASE : PICTURE_OF_IMAGE;
    if (stacked->model != NULL)
        layer->model = drawn_find(drawn, stacked->model, stacked->commit);
}

static void add_bases(const struct inspect_result *result, struct picture *out)
{
    for (size_t i = 0; i < result->platform_count; i++) {
        const struct inspect_platform *platform = &result->platforms[i];
        bool is_told = i > 0 && platform->base_digest != NULL &&
                       result->platforms[i - 1].base_digest != NULL &&
                       strcmp(platform->base_digest, result->platforms[i - 1].base_digest) == 0;
        if (platform->base_digest == NULL || is_told)
            continue;
        CLEANUP(text)
        char *base = platform->base_name != NULL && strchr(platform->base_name, '@') == NULL
                         ? xasprintf("%s@%s", platform->base_name, platform->base_digest)
                         : xstrdup(platform->base_name != NULL ? platform->base_name
                                                               : platform->base_digest);
        picture_add_fact(out, "base", base);
    }
}

int picture_view_of_image(const struct options *options, const struct inspect_result *result,
                          struct secrets *secrets, const struct log *log, struct error *err)
{
    CLEANUP(picture) struct picture picture = PICTURE_INIT;
    CLEANUP(drawn) struct drawn drawn = {STRINGS_INIT, STRINGS_INIT};

    if (options_text(options, "picture") == NULL)
        return 0;
    picture.title = xstrdup(options->names[0]);
    picture_add_fact(&picture, "image", digest_format(&result->manifest.digest).text);
    add_bases(result, &picture);
    if (result->platform_count > 0) {
        CLEANUP(text) char *sets = table_join(&result->platforms[0].environment);
        picture_add_fact(&picture, "sets", sets);
    }
    for (size_t i = 0; i < result->model_count; i++) {
        drawn_add(&drawn, result->models[i].name, result->models[i].commit);
        strings_addf(&picture.models, "%s @ %.*s", result->models[i].name, COMMIT_SHOWN,
                     plan_commit(result->models[i].commit).text);
    }
    for (size_t i = 0; i < result->platform_count; i++) {
        const struct inspect_platform *platform = &result->platforms[i];
        struct picture_stack *stack = picture_add_stack(&picture, platform->name);
        for (size_t k = 0; k < platform->stack_count; k++)
            add_stacked(&drawn, &platform->stack[k], stack);
        folders_view_of_image(result, i, &stack->tree);
    }
    picture_merge(&picture);
    return write_picture(options, &picture, secrets, log, err);
}

static void add_planned(const struct preview_layer *planned, const struct drawn *drawn,
                        struct picture_stack *out)
{
    struct picture_layer *layer = picture_add_layer(out, planned->title);
    bool is_built = planned->fate == LAYER_BUILT;

    layer->change = is_built ? PICTURE_NEW : PICTURE_REUSED;
    layer->digest = is_built ? NULL : xstrdup(digest_format(&planned->blob).text);
    layer->size = planned->size;
    layer->model = PICTURE_OF_IMAGE;
    if (planned->model != NULL)
        layer->model = drawn_find(drawn, planned->model, planned->commit);
    if (planned->owner.is_one)
        layer->owner = xasprintf("%u:%u", planned->owner.id.uid, planned->owner.id.gid);
}

/* A layer that the base has. */
static void add_present(const struct preview_stacked *stacked, const struct drawn *drawn,
                        struct picture_stack *out)
{
    CLEANUP(text)
    char *name = stacked->model != NULL ? drawn_name(drawn, stacked->model, stacked->commit) : NULL;
    CLEANUP(text) char *title = layer_title(stacked->kind, name);
    struct picture_layer *layer = picture_add_layer(out, title);

    layer->change = stacked->state == PREVIEW_DROPPED ? PICTURE_REPLACED : PICTURE_REUSED;
    layer->digest = xstrdup(digest_format(&stacked->digest).text);
    layer->size = stacked->size;
    layer->model = stacked->state == PREVIEW_OF_BASE ? PICTURE_OF_BASE : PICTURE_OF_IMAGE;
    if (stacked->model != NULL)
        layer->model = drawn_find(drawn, stacked->model, stacked->commit);
}

static void add_stack(const struct preview *preview, const struct preview_platform *platform,
                      const struct drawn *drawn, struct picture_stack *out)
{
    for (size_t i = 0; i < platform->stack.count; i++)
        if (platform->stack.items[i].state == PREVIEW_PLANNED)
            add_planned(&preview->layers[platform->stack.items[i].layer], drawn, out);
        else
            add_present(&platform->stack.items[i], drawn, out);
}

/* What the base carried of an earlier run, and the result has, too. */
static void add_kept_models(const struct preview_platform *platform, const struct drawn *drawn,
                            struct picture_tree *out)
{
    CLEANUP(drawn) struct drawn told = {STRINGS_INIT, STRINGS_INIT};

    for (size_t i = 0; i < platform->stack.count; i++) {
        const struct preview_stacked *stacked = &platform->stack.items[i];
        if (stacked->state != PREVIEW_KEPT || stacked->model == NULL ||
            drawn_find(&told, stacked->model, stacked->commit) < told.names.count)
            continue;
        drawn_add(&told, stacked->model, stacked->commit);
        picture_tree_add_model(out, stacked->place, stacked->model)->model =
            drawn_find(drawn, stacked->model, stacked->commit);
    }
}

static void add_planned_folders(const struct preview *preview,
                                const struct preview_platform *platform, const struct drawn *drawn,
                                struct picture_tree *out)
{
    for (size_t i = 0; i < platform->folders.count; i++) {
        const struct preview_folder *folder = &platform->folders.items[i];
        struct picture_node *node = picture_tree_add_folder(out, folder->path);
        node->has_owner = true;
        node->mode = folder->mode;
        node->uid = folder->uid;
        node->gid = folder->gid;
        node->is_new = folder->made;
    }
    for (size_t i = 0; i < platform->places.count && i < preview->model_count; i++) {
        const struct preview_model *model = &preview->models[i];
        const char *place = platform->places.items[i];
        struct picture_node *node = picture_tree_add_model(out, place, model->title);
        node->note = xasprintf("%.*s, %zu file%s", COMMIT_SHOWN, plan_commit(model->commit).text,
                               model->files.count, model->files.count == 1 ? "" : "s");
        node->size = model->files.size;
        node->model = i;
        for (size_t k = 0; k < platform->model_links[i].count; k++)
            picture_tree_add_link(out, platform->model_links[i].items[k], model->title, place)
                ->model = i;
    }
    add_kept_models(platform, drawn, out);
    picture_tree_arrange(out);
}

/* All models that are drawn: of the call first, then those of the base. */
static void find_drawn(const struct preview *preview, struct drawn *out)
{
    for (size_t i = 0; i < preview->model_count; i++)
        drawn_add(out, preview->models[i].name, preview->models[i].commit);
    for (size_t i = 0; i < preview->platform_count; i++)
        for (size_t k = 0; k < preview->platforms[i].stack.count; k++) {
            const struct preview_stacked *stacked = &preview->platforms[i].stack.items[k];
            if (stacked->model != NULL &&
                drawn_find(out, stacked->model, stacked->commit) == out->names.count)
                drawn_add(out, stacked->model, stacked->commit);
        }
}

/* A line for each. */
static void list_drawn(const struct preview *preview, const struct drawn *drawn,
                       struct picture *out)
{
    for (size_t i = 0; i < drawn->names.count; i++) {
        const char *name = drawn->names.items[i];
        const char *commit = drawn->commits.items[i];
        CLEANUP(text) char *shown = drawn_name(drawn, name, commit);
        if (i >= preview->model_count)
            strings_addf(&out->models, "%s, of the base", shown);
        else if (drawn_has_others(drawn, name, commit))
            strings_addf(&out->models, "%s, %.*s, %s", preview->models[i].title, COMMIT_SHOWN,
                         plan_commit(commit).text,
                         text_format_size(preview->models[i].files.size).text);
        else
            strings_addf(&out->models, "%s, %s", preview->models[i].title,
                         text_format_size(preview->models[i].files.size).text);
    }
}

static void add_base(const struct reference *base, const struct digest *digest, struct picture *out)
{
    CLEANUP(text) char *name = reference_format(base, false);
    bool has_digest = base->kind != REFERENCE_SCRATCH;
    CLEANUP(text)
    char *text = xasprintf("%s%s%s", name, has_digest ? "@" : "",
                           has_digest ? digest_format(digest).text : "");

    picture_add_fact(out, "base", text);
}

/* What there is to say besides, of the first platform; they rarely differ. */
static void add_plan_facts(const struct reference *base, const struct preview *preview,
                           struct picture *out)
{
    const struct preview_platform *first = &preview->platforms[0];
    CLEANUP(text)
    char *user = xasprintf("%u:%u (%s)", first->user.uid, first->user.gid, first->user.from);
    CLEANUP(text) char *home = xasprintf("%s (%s)", first->home.path, first->home.from);
    CLEANUP(text) char *sets = table_join(&first->environment);
    CLEANUP(text)
    char *moves = xasprintf("%s of model, %s of base", text_format_size(preview->model_size).text,
                            text_format_size(preview->base_size).text);

    add_base(base, &preview->base.digest, out);
    picture_add_fact(out, "user", user);
    picture_add_fact(out, "home", home);
    picture_add_fact(out, "sets", sets);
    picture_add_fact(out, "would move", moves);
}

int picture_view_of_plan(const struct options *options, const struct reference *base,
                         const struct preview *preview, struct secrets *secrets,
                         const struct log *log, struct error *err)
{
    CLEANUP(picture) struct picture picture = PICTURE_INIT;
    CLEANUP(drawn) struct drawn drawn = {STRINGS_INIT, STRINGS_INIT};
    const char *const *targets = options_list(options, "to");

    if (options_text(options, "picture") == NULL)
        return 0;
    picture.title = targets != NULL ? xstrdup(targets[0]) : xstrdup("a plan without a target");
    picture.about = xstrdup("What inlay inject would do. Nothing has been written.");
    picture.tells_changes = true;
    if (preview->platform_count > 0)
        add_plan_facts(base, preview, &picture);
    find_drawn(preview, &drawn);
    list_drawn(preview, &drawn, &picture);
    for (size_t i = 0; i < preview->platform_count; i++) {
        const struct preview_platform *platform = &preview->platforms[i];
        struct picture_stack *stack = picture_add_stack(&picture, platform->name);
        add_stack(preview, platform, &drawn, stack);
        add_planned_folders(preview, platform, &drawn, &stack->tree);
    }
    picture_merge(&picture);
    return write_picture(options, &picture, secrets, log, err);
}
