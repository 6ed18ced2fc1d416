#include "image/image_internal.h"

#include "oci/member.h"

const char *image_layer_annotation(const struct image *image, size_t number, const char *key)
{
    const json_t *layer = json_array_get(image_layers_json(image), number);

    return json_text(json_object_get(member_get(layer, "annotations"), key));
}
