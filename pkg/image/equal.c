#include "image/image_internal.h"

#include "oci/member.h"

/* The manifest without what may differ between two images that are the same. Caller owns it. */
static json_t *essence(const struct image *image)
{
    json_t *manifest = json_deep_copy(image->manifest);
    json_t *config = member_get(manifest, "config");

    member_del(config, "digest");
    member_del(config, "size");
    member_del(config, "data");
    member_del(manifest, "subject");
    member_set_new(manifest, "mediaType", json_string(image->media_type));
    return manifest;
}

bool image_equal(const struct image *a, const struct image *b)
{
    json_auto_t *one = essence(a);
    json_auto_t *other = essence(b);

    return json_equal(one, other) && json_equal(a->config, b->config);
}
