#include "scan/application_internal.h"

#include "image/image.h"
#include "rootfs/rootfs.h"

/* Of one layer: as much as of a whole application. */
#define LAYER_LIMIT APPLICATION_SIZE_LIMIT

static enum rootfs_interest choose(const char *path)
{
    switch (application_role(ROOT_IMAGE, path)) {
    case ROLE_NONE:
        return ROOTFS_IGNORED;
    case ROLE_CONDA:
        return ROOTFS_NAMED;
    case ROLE_SOURCE:
    case ROLE_CONFIG:
    case ROLE_PYTHON:
    case ROLE_NODE:
        break;
    }
    return ROOTFS_KEPT;
}

/* Whoever changes what application_role() says of a path, or a limit, gives it another name. */
const struct rootfs_selection application_selection = {
    .name = "application-1",
    .choose = choose,
    .file_limit = APPLICATION_FILE_LIMIT,
    .layer_limit = LAYER_LIMIT,
};

struct collection {
    struct candidates *candidates;
    const struct cancel *cancel;
};

static int add_candidate(void *arg, const struct rootfs_file *file, struct error *err)
{
    const struct collection *collection = arg;
    CLEANUP(text) char *path = xasprintf("/%s", file->path);
    const struct candidate candidate = {
        .path = path,
        .role = application_role(ROOT_IMAGE, file->path),
        .size = file->size,
        .content = file->content,
    };

    if (cancel_check(collection->cancel, err) < 0)
        return -1;
    candidates_add(collection->candidates, &candidate);
    return 0;
}

/* Takes the layers of the image that inlay did not add. */
static void leave_out_own(const struct image *image, struct rootfs_layer *layers, size_t *count)
{
    struct image_layer *own = NULL;
    size_t own_count = 0, kept = 0;

    image_own_layers(image, &own, &own_count);
    for (size_t i = 0; i < *count; i++) {
        bool is_own = false;
        for (size_t k = 0; k < own_count; k++)
            is_own = is_own || own[k].number == i + 1;
        if (!is_own)
            layers[kept++] = layers[i];
    }
    image_layers_free(own, own_count);
    *count = kept;
}

static int open_rootfs(const struct application_image *request, struct rootfs **out,
                       struct error *err)
{
    struct rootfs_layer *layers = NULL;
    size_t count = 0;

    if (rootfs_layers_of(request->image, &layers, &count, err) < 0)
        return -1;
    leave_out_own(request->image, layers, &count);
    const struct rootfs_options options = {
        .store = request->store,
        .layers = layers,
        .layer_count = count,
        .memo = request->memo,
        .selection = &application_selection,
        .jobs = request->jobs,
        .cancel = request->cancel,
        .log = request->log,
        .sandbox = request->sandbox,
    };
    int result = rootfs_open(&options, out, err);
    free(layers);
    return result;
}

static void read_config(const struct image *image, struct application *out)
{
    const char *user = image_user(image);

    image_environment(image, &out->environment);
    image_entrypoint(image, &out->entrypoint);
    image_command(image, &out->command);
    out->working_dir = xstrdup(image_working_dir(image));
    out->user = *user != '\0' ? xstrdup(user) : NULL;
}

int application_read_image(const struct application_image *request, struct application *out,
                           struct error *err)
{
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(candidates) struct candidates candidates = {.items = NULL};
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    struct collection collection = {&candidates, request->cancel};

    if (open_rootfs(request, &rootfs, err) < 0 ||
        rootfs_collect(rootfs, add_candidate, &collection, err) < 0 ||
        application_fill(&candidates, NULL, NULL, &application, err) < 0)
        return -1;
    read_config(request->image, &application);
    *out = application;
    application = (struct application){.files = NULL};
    return 0;
}
