#include "store/store_internal.h"

#include "oci/media_type.h"

#include <string.h>

#define DEFAULT_PLATFORM "linux/amd64"
#define TAG "scratch"

/* Writing to memory cannot fail but by a defect of ours. */
static void must(int result)
{
    if (result < 0)
        abort();
}

/* {"architecture": …, "os": …, "variant": …} of OS/ARCHITECTURE[/VARIANT]. */
static json_t *platform_to_json(const char *platform)
{
    static const char *const names[] = {"os", "architecture", "variant"};
    json_t *json = json_object();
    const char *at = platform;

    for (size_t i = 0; i < ARRAY_SIZE(names) && *at != '\0'; i++) {
        size_t size = strcspn(at, "/");
        json_object_set_new(json, names[i], json_stringn(at, size));
        at += size;
        at += *at == '/';
    }
    return json;
}

/* Writes config and manifest of an empty image; *out is the manifest. */
static void write_image(struct store *store, const char *version, const char *platform,
                        struct descriptor *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor blob = {.media_type = MEDIA_TYPE_OCI_CONFIG};
    json_auto_t *config = platform_to_json(platform);
    struct digest none = DIGEST_INIT;

    json_object_set_new(config, "config", json_object());
    json_object_set_new(config, "rootfs", json_pack("{s:s, s:[]}", "type", "layers", "diff_ids"));
    json_object_set_new(config, "history", json_array());
    json_to_buf(config, &bytes);
    must(store_write_blob(store, &bytes, &blob, &err));
    json_auto_t *manifest =
        json_pack("{s:i, s:s, s:o, s:[]}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_OCI_MANIFEST,
                  "config", descriptor_to_json(&blob), "layers");
    json_to_buf(manifest, &bytes);
    must(version_describe(&bytes, MEDIA_TYPE_OCI_MANIFEST, &none, out, &err));
    must(store_write_manifest(store, version != NULL ? version : digest_format(&out->digest).text,
                              MEDIA_TYPE_OCI_MANIFEST, &bytes, &err));
}

static void write_index(struct store *store, const char *const *platforms)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *index = oci_index_new();

    for (size_t i = 0; platforms[i] != NULL; i++) {
        struct descriptor image = DESCRIPTOR_INIT;
        write_image(store, NULL, platforms[i], &image);
        json_t *entry = descriptor_to_json(&image);
        json_object_set_new(entry, "platform", platform_to_json(platforms[i]));
        json_array_append_new(json_object_get(index, "manifests"), entry);
    }
    json_to_buf(index, &bytes);
    must(store_write_manifest(store, TAG, MEDIA_TYPE_OCI_INDEX, &bytes, &err));
}

struct store *store_new_scratch(const char *const *platforms)
{
    static const char *const usual[] = {DEFAULT_PLATFORM, NULL};
    const char *const *list = platforms != NULL && platforms[0] != NULL ? platforms : usual;
    struct store *store = store_new_memory();
    struct descriptor ignored;

    free(store->name);
    store->name = xstrdup("scratch");
    if (list[1] == NULL)
        write_image(store, TAG, list[0], &ignored);
    else
        write_index(store, list);
    return store;
}

int scratch_open(const struct reference *reference, const struct store_context *context,
                 struct store **out, struct error *err)
{
    (void)reference;
    (void)context;
    (void)err;
    *out = store_new_scratch(NULL);
    return 0;
}

int scratch_open_target(const struct reference *reference, const struct store_context *context,
                        struct store **out, struct error *err)
{
    (void)reference;
    (void)context;
    (void)out;
    return error_set(err, ERROR_USAGE,
                     "'scratch' is an empty base, and nothing can be written there; name a "
                     "registry, a folder or an archive");
}
