#include "oci_model/oci_model_internal.h"

#include "core/text.h"
#include "oci/member.h"

#include <string.h>

#define KITOPS "application/vnd.kitops.modelkit."

static bool has_model(const struct document *manifest)
{
    size_t i;
    json_t *layer;

    json_array_foreach(member_get(manifest->json, "layers"), i, layer)
    {
        const char *type = member_text(layer, "mediaType");
        if (type != NULL && text_starts_with(type, KITOPS "model."))
            return true;
    }
    return false;
}

int kitops_check(struct store *store, const struct document *manifest,
                 const struct descriptor *config, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *json = NULL;

    if (strcmp(config->media_type, KITOPS "config.v1+json") != 0 || has_model(manifest))
        return 0;
    if (store_read_blob(store, config, &bytes, err) < 0 ||
        json_from_buf(&bytes, "the Kitfile", &json, err) < 0)
        return -1;
    const char *path = member_text(member_get(json, "model"), "path");
    if (path != NULL && *path != '\0')
        return error_set(err, ERROR_UNSUPPORTED,
                         "its Kitfile takes the model from '%s', and it has none itself; name that "
                         "one, or pack the model into this one",
                         path);
    return 0;
}
