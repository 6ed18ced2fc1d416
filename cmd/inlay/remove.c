#include "remove/remove.h"
#include "core/text.h"
#include "mistakes.h"
#include "preset_list.h"
#include "result_files.h"
#include "session.h"
#include "source/source.h"

#include <string.h>

/* What `inlay remove` opens. */
struct removal {
    struct session session;
    struct reference image;
    struct origin *models; /* their revision is NULL where none is given */
    size_t model_count;
    struct store *image_store;
    struct store *target_store; /* maybe the same */
};

static void removal_release(struct removal *removal)
{
    for (size_t i = 0; i < removal->model_count; i++)
        origin_release(&removal->models[i]);
    free(removal->models);
    if (removal->target_store != removal->image_store)
        store_free(removal->target_store);
    store_free(removal->image_store);
    session_release(&removal->session);
    reference_release(&removal->image);
}
CLEANUP_RELEASE(removal)

/* Takes over what is in `model`. Of every commit, unless `is_pinned`. */
static void add_origin(struct removal *out, struct origin *model, bool is_pinned)
{
    if (!is_pinned && !origin_has_tag(model->kind)) {
        free(model->revision);
        model->revision = NULL; /* not the branch that the name stands for, but every commit */
    }
    out->models = xrealloc(out->models, out->model_count + 1, sizeof(*out->models));
    out->models[out->model_count++] = *model;
    *model = (struct origin)ORIGIN_INIT;
}

static int add_model(struct removal *out, const struct presets *presets, const char *text,
                     struct error *err)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    const struct preset *preset = NULL;

    if (presets_find(presets, text, &preset, err) < 0)
        return error_wrap(err, "MODEL");
    for (size_t i = 0; preset != NULL && i < preset->item_count; i++) {
        origin_copy(&preset->items[i].origin, &model);
        add_origin(out, &model, false); /* what it asks for is a tag, if anything */
    }
    if (preset != NULL)
        return 0;
    if (origin_parse(text, &model, err) < 0)
        return mistakes_is_image(text)
                   ? error_set(
                         err, ERROR_USAGE,
                         "MODEL '%s' looks like an image; IMAGE stands first, then each MODEL",
                         text)
                   : error_wrap(err, "MODEL");
    add_origin(out, &model, strchr(text, '@') != NULL);
    return 0;
}

static int removal_parse(struct removal *out, const struct options *options, struct error *err)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;
    CLEANUP(notes) struct notes ignored = NOTES_INIT; /* inject has told them */

    if (session_parse_image(options, "IMAGE", options->names[0], &out->image, err) < 0 ||
        preset_list_read(options, &ignored, &presets, err) < 0)
        return -1;
    for (size_t i = 1; i < options->name_count; i++)
        if (add_model(out, &presets, options->names[i], err) < 0)
            return -1;
    return 0;
}

static int open_stores(struct removal *removal, const struct reference *target, struct error *err)
{
    const struct store_context *stores = &removal->session.stores;

    if (store_open(&removal->image, stores, &removal->image_store, err) < 0)
        return -1;
    if (reference_has_tags(&removal->image) && reference_is_same_place(&removal->image, target)) {
        removal->target_store = removal->image_store;
        return 0;
    }
    return store_open_target(target, stores, &removal->target_store, err);
}

/* An image may name anything as its base: only what can be a registry's is asked for it. */
static int open_base(void *arg, const char *base_name, struct store **out, struct error *err)
{
    const struct session *session = arg;
    CLEANUP(reference) struct reference base = REFERENCE_INIT;

    if (reference_parse(base_name, &base, err) < 0)
        return -1;
    if (base.kind != REFERENCE_REGISTRY)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not in a registry", base_name);
    return store_open(&base, &session->stores, out, err);
}

static int run_remove(const struct command_context *context, struct options *options,
                      struct error *err)
{
    CLEANUP(removal) struct removal removal = {.image = REFERENCE_INIT};
    struct session *session = &removal.session;
    struct remove_result result;

    const struct tag_state *expected = NULL;

    if (removal_parse(&removal, options, err) < 0 ||
        session_find_expected(options, &options->target, &expected, err) < 0 ||
        result_files_check(options, &options->target, err) < 0)
        return -1;
    if (session_open(session, context, options, err) < 0)
        return -1;
    if (open_stores(&removal, &options->target, err) < 0)
        return -1;

    CLEANUP(text) char *version = reference_version(&removal.image);
    const struct remove_options wanted = {
        .models = removal.models,
        .model_count = removal.model_count,
        .image = removal.image_store,
        .image_version = version,
        .target = removal.target_store,
        .target_version = options->target.tag,
        .expected = expected,
        .open_base = open_base,
        .open_arg = session,
        .jobs = (unsigned)options_number(options, "jobs"),
        .log = session->stores.log,
        .cancel = context->cancel,
        .progress = render_progress(session->render),
        .sandbox = session->sandbox,
    };
    if (remove_run(&wanted, &result, err) < 0)
        return -1;
    render_finish(session->render);
    log_info(session->stores.log, "done: %zu layer%s removed; moved %s", result.layers_removed,
             result.layers_removed == 1 ? "" : "s", text_format_size(result.moved).text);
    json_auto_t *more =
        json_pack("{s:{s:I}, s:{s:I}}", "layers", "removed", (json_int_t)result.layers_removed,
                  "moved", "image", (json_int_t)result.moved);
    const struct result said = {options, &options->target, removal.target_store, &result.manifest,
                                more};
    return result_say(&said, context->result, err);
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_IMAGE("IMAGE, TARGET", "stdin or stdout"),
    {"", NULL,
     "TARGET names a tag and no digest, maybe that of IMAGE; until the end it shows what it "
     "showed."},
    {"MODEL", "[hf://][ORG/]NAME[@COMMIT]", "a model that the image carries"},
    {"", "[hf://]datasets/ORG/NAME[@COMMIT]", "a dataset that it carries"},
    {"", NULL,
     "COMMIT is 7 hex digits or more of one; all its commits if left out. 'inlay inspect IMAGE' "
     "lists them."},
    {NULL, NULL, NULL},
};

const struct command remove_command = {
    .id = COMMAND_REMOVE,
    .name = "remove",
    .summary = "take models out of an image",
    .usage = "IMAGE MODEL… --to TARGET [OPTION…]",
    .about = "Takes models out of an image. What remains is what it would be without them: with no "
             "model left that is the base itself, byte for byte, where it can still be had.",
    .names = {"IMAGE", "MODEL…"},
    .arguments = arguments,
    .examples = {"oci:img:e5 intfloat/multilingual-e5-small --to oci:img:r",
                 "registry.example.com/rag:1.4-e5 intfloat/multilingual-e5-large \\\n"
                 "      --to registry.example.com/rag:1.4",
                 "oci:images:speech whisper:base --to oci-archive:speech.tar"},
    .environment = ENVIRONMENT_NETWORK,
    .result = "Prints TARGET@DIGEST on standard output.",
    .run = run_remove,
};
