#include "oci_model/oci_model_internal.h"

#include "core/text.h"
#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

/*
 * ModelPack: github.com/modelpack/model-spec, docs/spec.md, whose names began with "cnai" once;
 * KitOps: pkg/lib/constants/mediatype; Docker: github.com/docker/model-spec, spec.md, and the types
 * that its model-runner adds; ORAS: a title, and for a folder a tar with an annotation that says
 * so.
 */
#define MODELPACK "application/vnd.cncf.model."
#define MODELPACK_BEFORE "application/vnd.cnai.model."
#define KITOPS "application/vnd.kitops.modelkit."
#define DOCKER "application/vnd.docker.ai."
#define ORAS_UNPACK "io.deis.oras.content.unpack"

/* What Docker calls a layer that has no name, where it lays the files out. */
static const struct {
    const char *type;
    const char *stem;
    const char *end;
} docker_names[] = {
    {DOCKER "gguf.v3", "model", ".gguf"},
    {DOCKER "gguf.v3.lora", "adapter", ".gguf"},
    {DOCKER "gguf.v3.mmproj", "model", ".mmproj"},
    {DOCKER "mmproj", "model", ".mmproj"},
    {DOCKER "safetensors", "model", ".safetensors"},
    {DOCKER "dduf", "model", ".dduf"},
    {DOCKER "chat.template.jinja", "template", ".jinja"},
    {DOCKER "license", "LICENSE", ""},
};

/* A layer that is being looked at. */
struct layer {
    const json_t *all; /* the manifest's layers */
    size_t number;     /* from 0 */
    struct descriptor blob;
};

static const char *annotation(const json_t *layer, const char *key)
{
    return json_text(json_object_get(member_get(layer, "annotations"), key));
}

static const char *layer_name(const json_t *layer)
{
    static const char *const keys[] = {
        "org.cncf.model.filepath",
        "org.cnai.model.filepath",
        "org.opencontainers.image.title",
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *name = annotation(layer, keys[i]);
        if (name != NULL && *name != '\0')
            return name;
    }
    return NULL;
}

/* Of the layers of this type without a name, how many there are in front of `end`. */
static size_t count_nameless(const json_t *layers, const char *type, size_t end)
{
    size_t count = 0;

    for (size_t i = 0; i < end; i++) {
        const json_t *layer = json_array_get(layers, i);
        const char *other = member_text(layer, "mediaType");
        count += other != NULL && strcmp(other, type) == 0 && layer_name(layer) == NULL;
    }
    return count;
}

/* Several layers of a type are the parts of one file, in their order. NULL: it has no such name. */
static char *docker_name(const struct layer *layer)
{
    const char *type = layer->blob.media_type;

    for (size_t i = 0; i < ARRAY_SIZE(docker_names); i++) {
        if (strcmp(docker_names[i].type, type) != 0)
            continue;
        const char *stem = docker_names[i].stem;
        size_t count = count_nameless(layer->all, type, json_array_size(layer->all));
        if (count == 1)
            return xasprintf("%s%s", stem, docker_names[i].end);
        return xasprintf("%s-%05zu-of-%05zu%s", stem,
                         count_nameless(layer->all, type, layer->number) + 1, count,
                         docker_names[i].end);
    }
    return NULL;
}

static bool is_tar(const json_t *layer, const char *type)
{
    static const char *const families[] = {MODELPACK, MODELPACK_BEFORE, KITOPS, DOCKER};
    const char *unpack = annotation(layer, ORAS_UNPACK);

    if (unpack != NULL && strcmp(unpack, "true") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        if (text_starts_with(type, families[i]))
            return text_ends_with(type, ".tar") || strstr(type, ".tar+") != NULL;
    return false;
}

static void add_tar(struct artifact *artifact, const struct descriptor *blob)
{
    artifact->tars = xrealloc(artifact->tars, artifact->tar_count + 1, sizeof(*artifact->tars));
    artifact->tars[artifact->tar_count++] = (struct rootfs_layer){
        .blob = *blob,
        .is_artifact = true,
        .hash_contents = true,
    };
}

static int add_file(struct artifact *artifact, const char *path, const struct descriptor *blob,
                    struct error *err)
{
    const struct rootfs_content content = {
        .blob = *blob,
        .size = blob->size,
        .is_plain = true,
        .sha256 = blob->digest,
    };

    if (blob->digest.algorithm != DIGEST_SHA256)
        return error_set(err, ERROR_UNSUPPORTED, "its digest is %s, expected sha256:…",
                         digest_format(&blob->digest).text);
    model_files_add(&artifact->files, path, &content);
    return 0;
}

static int add_layer(struct artifact *artifact, const struct layer *layer, struct error *err)
{
    const json_t *json = json_array_get(layer->all, layer->number);
    const char *type = layer->blob.media_type;
    const char *name = layer_name(json);

    if (text_ends_with(type, "+encrypted"))
        return error_set(err, ERROR_UNSUPPORTED, "its type is '%s': it is encrypted", type);
    if (media_type_is_foreign_layer(type))
        return error_set(err, ERROR_UNSUPPORTED,
                         "its type is '%s': such a layer is not in the registry", type);
    if (text_starts_with(type, KITOPS "config."))
        return 0; /* the Kitfile, which tells of the model and is no part of it */
    if (is_tar(json, type)) {
        add_tar(artifact, &layer->blob);
        return 0;
    }
    CLEANUP(text) char *path = name != NULL ? xstrdup(name) : docker_name(layer);
    if (path == NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "its type is '%s', and it has no name; expected a model of ModelPack, "
                         "KitOps or Docker, or layers with org.opencontainers.image.title",
                         type);
    return add_file(artifact, path, &layer->blob, err);
}

int artifact_from_manifest(const struct document *manifest, struct artifact *out, struct error *err)
{
    CLEANUP(artifact) struct artifact artifact = ARTIFACT_INIT;
    struct layer layer = {.all = member_get(manifest->json, "layers")};
    size_t count = json_array_size(layer.all);

    for (; layer.number < count; layer.number++)
        if (descriptor_from_json(json_array_get(layer.all, layer.number), &layer.blob, err) < 0 ||
            add_layer(&artifact, &layer, err) < 0)
            return error_wrap(err, "layer %zu of %zu", layer.number + 1, count);
    *out = artifact;
    artifact = (struct artifact)ARTIFACT_INIT;
    return 0;
}

void artifact_release(struct artifact *artifact)
{
    model_files_release(&artifact->files);
    free(artifact->tars);
    *artifact = (struct artifact)ARTIFACT_INIT;
}
