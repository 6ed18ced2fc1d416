#include "store/archive_internal.h"

#include <string.h>

static char *blob_name(const struct digest *digest, bool is_json)
{
    (void)is_json;
    return xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
                     digest_format_hex(digest).text);
}

static int check_version(const char *version, struct error *err)
{
    if (reference_is_ref_name(version))
        return 0;
    return error_set(err, ERROR_USAGE, "'%s' is not a tag and not a digest", version);
}

static int add_entry(void *arg, const struct archived_version *version, struct error *err)
{
    json_t *index = arg;

    (void)err;
    if (version->is_tag)
        (void)oci_index_set(index, version->name, &version->what);
    else
        oci_index_add(index, &version->what);
    return 0;
}

/* Readers look at the whole tar, so what names the images may come last. */
static int close_layout(struct archive *archive, struct error *err)
{
    CLEANUP(buf) struct buf layout = BUF_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *index = oci_index_new();
    struct tar_range where;

    buf_add_text(&layout, OCI_LAYOUT_FILE);
    if (archive_visit_roots(archive, add_entry, index, err) < 0)
        return -1;
    json_to_buf(index, &bytes);
    if (tar_out_add(archive->out, "oci-layout", &layout, &where, err) < 0)
        return -1;
    return tar_out_add(archive->out, "index.json", &bytes, &where, err);
}

int oci_archive_open_target(const struct reference *reference, const struct store_context *context,
                            struct store **out, struct error *err)
{
    static const struct archive_form form = {
        .keeps_manifests = true,
        .blob_name = blob_name,
        .check_version = check_version,
        .close = close_layout,
    };
    CLEANUP(text) char *name = xasprintf("oci-archive:%s", reference->path);
    struct tar_target target = {.path = reference->path, .name = name, .cancel = context->cancel};

    (void)err;
    *out = archive_new(&form, &target, NULL);
    return 0;
}
