#include "inject/remove.h"
#include "core/text.h"
#include "session.h"
#include "source/source.h"

#include <getopt.h>
#include <string.h>

/* The command line of `inlay remove`, and what it opens. */
struct removal {
    struct session session;
    struct reference image;
    struct reference target;
    struct model_reference *models; /* their revision is NULL where none is given */
    size_t model_count;
    struct store *image_store;
    struct store *target_store; /* maybe the same */
    const char *to;
    unsigned jobs;
    struct session_options options;
};

static void removal_release(struct removal *removal)
{
    for (size_t i = 0; i < removal->model_count; i++)
        model_reference_release(&removal->models[i]);
    free(removal->models);
    if (removal->target_store != removal->image_store)
        store_free(removal->target_store);
    store_free(removal->image_store);
    session_release(&removal->session);
    reference_release(&removal->image);
    reference_release(&removal->target);
}
CLEANUP_RELEASE(removal)

enum argument {
    OPTION_TO = 256,
    OPTION_JOBS,
};

static int take_option(struct removal *out, int option, char **argv, struct error *err)
{
    switch (option) {
    case OPTION_TO:
        if (out->to != NULL)
            return error_set(err, ERROR_USAGE, "--to is given twice, as '%s' and '%s'", out->to,
                             optarg);
        out->to = optarg;
        return 0;
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->jobs, err);
    default:
        return session_take_option(&out->options, option, argv, "remove", err);
    }
}

static int add_model(struct removal *out, const char *text, struct error *err)
{
    struct model_reference *model = &out->models[out->model_count];

    if (model_reference_parse(text, model, err) < 0)
        return error_wrap(err, "MODEL");
    out->model_count++;
    if (strchr(text, '@') == NULL) {
        free(model->revision);
        model->revision = NULL; /* not the branch that the name stands for, but every commit */
    }
    return 0;
}

static int removal_parse(struct removal *out, int argc, char **argv, struct error *err)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, OPTION_TO},
        {"jobs", required_argument, NULL, OPTION_JOBS},
        SESSION_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, SESSION_SHORT_OPTIONS, options, NULL)) != -1)
        if (take_option(out, option, argv, err) < 0)
            return -1;
    if (optind == argc)
        return error_set(err, ERROR_USAGE, "no IMAGE is named; see 'inlay remove --help'");
    if (optind + 1 == argc)
        return error_set(err, ERROR_USAGE, "no MODEL is named; see 'inlay remove --help'");
    if (out->to == NULL)
        return error_set(err, ERROR_USAGE, "--to TARGET is missing; see 'inlay remove --help'");
    if (session_parse_image(&out->options, "IMAGE", argv[optind], &out->image, err) < 0 ||
        session_parse_target("--to", out->to, &out->target, err) < 0)
        return -1;
    out->models = xcalloc((size_t)(argc - optind), sizeof(*out->models));
    for (int i = optind + 1; i < argc; i++)
        if (add_model(out, argv[i], err) < 0)
            return -1;
    return 0;
}

static int open_stores(struct removal *removal, struct error *err)
{
    const struct store_context *stores = &removal->session.stores;

    if (store_open(&removal->image, stores, &removal->image_store, err) < 0)
        return -1;
    bool reads_and_writes =
        removal->image.kind == REFERENCE_REGISTRY || removal->image.kind == REFERENCE_OCI_DIR;
    if (reads_and_writes && reference_is_same_place(&removal->image, &removal->target)) {
        removal->target_store = removal->image_store;
        return 0;
    }
    return store_open_target(&removal->target, stores, &removal->target_store, err);
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

static int run_remove(const struct command_context *context, int argc, char **argv,
                      struct error *err)
{
    CLEANUP(removal) struct removal removal = {.image = REFERENCE_INIT, .target = REFERENCE_INIT};
    struct session *session = &removal.session;
    struct remove_result result;

    if (removal_parse(&removal, argc, argv, err) < 0)
        return -1;
    session_open(session, context, &removal.options);
    if (open_stores(&removal, err) < 0)
        return -1;

    CLEANUP(text) char *version = reference_version(&removal.image);
    struct remove_options options = {
        .models = removal.models,
        .model_count = removal.model_count,
        .image = removal.image_store,
        .image_version = version,
        .target = removal.target_store,
        .target_version = removal.target.tag,
        .open_base = open_base,
        .open_arg = session,
        .jobs = removal.jobs,
        .log = session->stores.log,
        .cancel = context->cancel,
        .progress = render_progress(session->render),
    };
    if (remove_run(&options, &result, err) < 0)
        return -1;
    log_info(session->stores.log, "done: %zu layer%s removed; moved %s", result.layers_removed,
             result.layers_removed == 1 ? "" : "s", text_format_size(result.moved).text);
    return session_say_target(&removal.target, &result.manifest.digest, err);
}

static const char help[] =
    "Usage: inlay remove IMAGE MODEL… --to TARGET [OPTION…]\n"
    "\n"
    "Takes models out of an image. What remains is what it would be without them: with no model\n"
    "left that is the base itself, byte for byte, where it can still be had.\n"
    "\n"
    "  IMAGE, TARGET  [docker://]NAME[:TAG][@DIGEST]    an image in a registry\n"
    "                 oci:DIR[:TAG][@DIGEST]            an image in an OCI layout\n"
    "                 oci-archive:FILE[:TAG][@DIGEST]   the same in a tar; '-' is stdin or stdout\n"
    "                 docker-archive:FILE[:NAME[:TAG]]  what 'docker save' writes, in the same "
    "way\n"
    "                 docker-daemon:NAME[:TAG]          an image of a Docker engine\n"
    "                 TARGET names a tag and no digest, maybe that of IMAGE; until the end it\n"
    "                 shows what it showed.\n"
    "  MODEL          [hf://][ORG/]NAME[@COMMIT]        a model that the image carries; COMMIT is\n"
    "                 7 hex digits or more of one, all its commits if left out.\n"
    "                 datasets/ORG/NAME                 a dataset\n"
    "                 'inlay inspect IMAGE' lists them.\n"
    "\n"
    "How it works:\n"
    "  --jobs N       blobs in flight, 1 to 64 (4)\n" SESSION_HELP "\n"
    "Environment: HTTPS_PROXY, http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST.\n"
    "\n"
    "Prints TARGET@DIGEST on standard output. Exit status: 0 done, 2 usage, 3 not found, 4 "
    "denied,\n"
    "5 unreachable, 6 unsupported, 7 corrupt, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command remove_command = {
    .name = "remove",
    .summary = "take models out of an image",
    .help = help,
    .run = run_remove,
};
