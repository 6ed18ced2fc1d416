#include "image/image_internal.h"

const char *image_layer_annotation(const struct image *image, size_t number, const char *key)
{
    const json_t *layer = json_array_get(image_layers_json(image), number);

    return json_string_value(json_object_get(json_object_get(layer, "annotations"), key));
}
