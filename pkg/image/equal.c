#include "image/image_internal.h"

/* The manifest without what may differ between two images that are the same. Caller owns it. */
static json_t *essence(const struct image *image)
{
    json_t *manifest = json_deep_copy(image->manifest);
    json_t *config = json_object_get(manifest, "config");

    json_object_del(config, "digest");
    json_object_del(config, "size");
    json_object_del(config, "data");
    json_object_del(manifest, "subject");
    json_object_set_new(manifest, "mediaType", json_string(image->media_type));
    return manifest;
}

bool image_equal(const struct image *a, const struct image *b)
{
    json_auto_t *one = essence(a);
    json_auto_t *other = essence(b);

    return json_equal(one, other) && json_equal(a->config, b->config);
}
