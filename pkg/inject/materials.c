#include "inject/materials.h"

#include "inject/inject_internal.h"

#include <string.h>

void materials_release(struct materials *materials)
{
    for (size_t i = 0; i < materials->kept_count; i++) {
        free(materials->kept[i].name);
        free(materials->kept[i].source);
        free(materials->kept[i].pin);
        free(materials->kept[i].layout);
    }
    free(materials->kept);
    listing_release(&materials->models);
    strings_release(&materials->recorded_bases);
    *materials = (struct materials)MATERIALS_INIT;
}

static void keep(struct materials *materials, const struct layer_record *record)
{
    for (size_t i = 0; i < materials->kept_count; i++) {
        const struct kept_model *other = &materials->kept[i];
        if (strcmp(other->name, record->model) == 0 && strcmp(other->pin, record->commit) == 0 &&
            strcmp(other->layout, record->layout) == 0)
            return;
    }
    materials->kept =
        xrealloc(materials->kept, materials->kept_count + 1, sizeof(*materials->kept));
    materials->kept[materials->kept_count++] = (struct kept_model){
        .name = xstrdup(record->model),
        .source = text_copy(record->source),
        .pin = xstrdup(record->commit),
        .layout = xstrdup(record->layout),
    };
}

void materials_add_base(struct materials *materials, const struct base *base,
                        const struct placements *placements)
{
    materials->base = base->tree->document.descriptor;
    for (size_t i = 0; i < base->platform_count; i++) {
        const struct base_platform *platform = &base->platforms[i];
        if (platform->base_digest != NULL &&
            !strings_has(&materials->recorded_bases, platform->base_digest))
            strings_add(&materials->recorded_bases, platform->base_digest);
        for (size_t k = 0; k < platform->own.layer_count; k++) {
            const struct image_layer *layer = &platform->own.layers[k];
            if (layer->record.model != NULL && !placement_replaces(&placements->items[i], layer))
                keep(materials, &layer->record);
        }
    }
}
