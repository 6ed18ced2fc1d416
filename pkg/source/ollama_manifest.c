#include "source/ollama_internal.h"

#include "oci/document.h"

#include <string.h>

#define HOST_DEFAULT "registry.ollama.ai"
#define NAMESPACE_DEFAULT "library"
/* More than any model has; looking for each among the others would take long. */
#define BLOBS_MAX 10000

void ollama_name_parse(const char *text, struct ollama_name *out)
{
    const char *first = strchr(text, '/');
    bool has_host = first != NULL && strchr(first + 1, '/') != NULL;
    const char *rest = has_host ? first + 1 : text;

    ollama_name_release(out);
    out->host = has_host ? xstrndup(text, (size_t)(first - text)) : xstrdup(HOST_DEFAULT);
    out->repository = first != NULL ? xstrdup(rest) : xasprintf("%s/%s", NAMESPACE_DEFAULT, rest);
}

void ollama_name_release(struct ollama_name *name)
{
    free(name->host);
    free(name->repository);
    *name = (struct ollama_name)OLLAMA_NAME_INIT;
}

static bool has_path(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->files[i].path, path) == 0)
            return true;
    return false;
}

static void add_file(struct plan *plan, char *path, const struct digest *digest, uint64_t size)
{
    struct plan_file file = {.path = path, .size = size, .digest = *digest};

    source_name_blob(&file);
    plan_add(plan, &file);
}

/* Two layers may be the same blob. */
static int add_blob(struct plan *plan, const struct descriptor *blob, struct error *err)
{
    if (blob->digest.algorithm != DIGEST_SHA256)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the manifest names '%s'; Ollama keeps blobs by their SHA-256",
                         digest_format(&blob->digest).text);
    CLEANUP(text)
    char *path = xasprintf("blobs/sha256-%s", digest_format_hex(&blob->digest).text);
    if (!has_path(plan, path))
        add_file(plan, path, &blob->digest, blob->size);
    return 0;
}

/* Parses a copy: the bytes are a file of the model. */
static int parse(const struct buf *manifest, const struct digest *digest, struct document *out,
                 struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    const struct descriptor what = {.digest = *digest, .size = manifest->size};

    buf_add(&bytes, buf_text(manifest), manifest->size);
    if (document_parse(&bytes, &what, out, err) < 0)
        return -1;
    if (out->is_index)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an index of images, expected the manifest of a model");
    return 0;
}

int ollama_manifest_parse(const struct buf *manifest, const char *path, struct plan *plan,
                          struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest digest = digest_of(DIGEST_SHA256, buf_text(manifest), manifest->size);
    CLEANUP(text) char *name = xstrdup(path);
    struct descriptor *blobs = NULL;
    size_t count = 0;
    int result = 0;

    if (parse(manifest, &digest, &document, err) < 0 ||
        document_children(&document, &blobs, &count, err) < 0)
        return -1;
    if (count > BLOBS_MAX)
        result = error_set(err, ERROR_UNSUPPORTED, "it names %zu blobs, %d are the most", count,
                           BLOBS_MAX);
    for (size_t i = 0; i < count && result == 0; i++)
        result = add_blob(plan, &blobs[i], err);
    free(blobs);
    if (result < 0)
        return -1;
    add_file(plan, name, &digest, manifest->size);
    plan_sort(plan);
    return 0;
}
