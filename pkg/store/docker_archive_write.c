#include "store/archive_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

/* What `docker load` and its like take: see the Docker image specification v1.2, manifest.json. */

static char *blob_name(const struct digest *digest, bool is_json)
{
    return xasprintf("%s%s", digest_format_hex(digest).text, is_json ? ".json" : ".tar");
}

static int check_version(const char *version, struct error *err)
{
    CLEANUP(text) char *name = NULL;

    if (text_starts_with(version, "sha256:") || text_starts_with(version, "sha512:"))
        return error_set(err, ERROR_USAGE, "'%s' is not a tag and not a digest", version);
    if (docker_name_parse(version, &name, err) < 0)
        return error_wrap(err, "'%s' is not a tag of an image", version);
    return 0;
}

static int parse_manifest(const struct descriptor *what, const struct buf *bytes,
                          struct document *out, struct error *err)
{
    CLEANUP(buf) struct buf copy = BUF_INIT;

    buf_add(&copy, buf_text(bytes), bytes->size);
    return document_parse(&copy, what, out, err);
}

static int check_manifest(struct archive *archive, const struct descriptor *what,
                          const struct buf *bytes, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor config;
    struct descriptor *children = NULL;
    size_t count = 0;
    int result = 0;

    if (media_type_is_index(what->media_type))
        return error_set(err, ERROR_UNSUPPORTED,
                         "a Docker archive or engine takes the image of one platform, and this is "
                         "an index of several; choose one with --platform");
    if (parse_manifest(what, bytes, &document, err) < 0 ||
        document_config(&document, &config, err) < 0 ||
        document_children(&document, &children, &count, err) < 0)
        return -1;
    if (!media_type_is_image_config(config.media_type))
        result = error_set(err, ERROR_UNSUPPORTED,
                           "a Docker archive or engine takes images, and this is an artifact with "
                           "the config '%s'",
                           config.media_type);
    else if (count != 1 + json_array_size(member_get(document.json, "layers")))
        result = error_set(err, ERROR_UNSUPPORTED,
                           "it has layers that lie elsewhere, which a Docker archive cannot say");
    for (size_t i = 0; i < count && result == 0; i++)
        if (archive_find_name(archive, &children[i].digest) == NULL)
            result = error_set(err, ERROR_INTERNAL, "the blob '%s' has not been written",
                               digest_format(&children[i].digest).text);
    free(children);
    return result;
}

/* manifest.json as it grows. */
struct table {
    struct archive *archive;
    json_t *images;
};

/* The image of this config and these layers among those that are listed; NULL: not yet. */
static json_t *find_listed(const struct table *table, const json_t *image)
{
    size_t i;
    json_t *listed;

    json_array_foreach(table->images, i, listed)
    {
        if (json_equal(json_object_get(listed, "Config"), json_object_get(image, "Config")) &&
            json_equal(json_object_get(listed, "Layers"), json_object_get(image, "Layers")))
            return listed;
    }
    return NULL;
}

static void add_name(json_t *image, const char *version)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* check_version() has parsed it */
    CLEANUP(text) char *canonical = NULL;

    if (docker_name_parse(version, &canonical, &ignored) < 0)
        return;
    CLEANUP(text) char *name = docker_name_familiar(canonical);
    if (!json_is_array(json_object_get(image, "RepoTags")))
        json_object_set_new(image, "RepoTags", json_array());
    json_array_append_new(json_object_get(image, "RepoTags"), json_string(name));
}

static int add_image(void *arg, const struct archived_version *version, struct error *err)
{
    struct table *table = arg;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;

    if (parse_manifest(&version->what, &version->bytes, &document, err) < 0 ||
        document_children(&document, &children, &count, err) < 0)
        return -1;
    json_t *layers = json_array();
    for (size_t i = 1; i < count; i++)
        json_array_append_new(layers,
                              json_string(archive_find_name(table->archive, &children[i].digest)));
    json_auto_t *image = json_pack("{s:s, s:n, s:o}", "Config",
                                   archive_find_name(table->archive, &children[0].digest),
                                   "RepoTags", "Layers", layers);
    free(children);
    json_t *listed = find_listed(table, image);
    if (listed == NULL) {
        json_array_append(table->images, image);
        listed = image;
    }
    if (version->is_tag)
        add_name(listed, version->name);
    return 0;
}

static int close_archive(struct archive *archive, struct error *err)
{
    json_auto_t *images = json_array();
    struct table table = {archive, images};
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct tar_range where;

    if (archive_visit_roots(archive, add_image, &table, err) < 0)
        return -1;
    json_to_buf(images, &bytes);
    return tar_out_add(archive->out, "manifest.json", &bytes, &where, err);
}

struct description {
    char *name; /* NULL: none so far */
    struct digest config;
};

static int describe_first(void *arg, const struct archived_version *version, struct error *err)
{
    struct description *out = arg;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor config;

    if (out->name != NULL || !version->is_tag)
        return 0;
    if (parse_manifest(&version->what, &version->bytes, &document, err) < 0 ||
        document_config(&document, &config, err) < 0)
        return -1;
    out->name = docker_name_familiar(version->name);
    out->config = config.digest;
    return 0;
}

int docker_archive_describe(struct archive *archive, char **name, struct digest *config,
                            struct error *err)
{
    struct description found = {.name = NULL};

    if (archive_visit_roots(archive, describe_first, &found, err) < 0)
        return -1;
    if (found.name == NULL)
        return error_set(err, ERROR_INTERNAL, "the image has no name");
    *name = found.name;
    *config = found.config;
    return 0;
}

struct store *docker_archive_new(const struct tar_target *target, void (*free_arg)(void *arg))
{
    static const struct archive_form form = {
        .single_image = true,
        .blob_name = blob_name,
        .check_version = check_version,
        .check_manifest = check_manifest,
        .close = close_archive,
    };

    return archive_new(&form, target, free_arg);
}

int docker_archive_open_target(const struct reference *reference,
                               const struct store_context *context, struct store **out,
                               struct error *err)
{
    CLEANUP(text) char *name = xasprintf("docker-archive:%s", reference->path);
    struct tar_target target = {.path = reference->path, .name = name, .cancel = context->cancel};

    if (reference->tag != NULL && reference->tag[0] == '@')
        return error_set(err, ERROR_USAGE,
                         "'%s:%s' is a place in an archive that is there; a target is "
                         "docker-archive:FILE[:NAME[:TAG]]",
                         name, reference->tag);
    *out = docker_archive_new(&target, NULL);
    return 0;
}
