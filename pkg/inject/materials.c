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
    for (size_t i = 0; i < materials->models.count && materials->places != NULL; i++)
        strings_release(&materials->places[i]);
    free(materials->places);
    for (size_t i = 0; i < materials->image_count; i++)
        free(materials->images[i].platform);
    free(materials->images);
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

void materials_add_places(struct materials *materials, const struct models *models,
                          const struct placements *placements)
{
    materials->places = xcalloc(models->count, sizeof(*materials->places));
    for (size_t i = 0; i < placements->count; i++) {
        const struct placement *placement = &placements->items[i];
        for (size_t k = 0; k < placement->model_count && k < models->count; k++) {
            const char *place = placement->models[k].tree.place;
            if (!strings_has(&materials->places[k], place))
                strings_add(&materials->places[k], place);
        }
    }
}

/* What is published has been read again as others will: without layers it is not told of. */
static void add_image(struct materials *materials, const struct image *image)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct made_image made = {.platform = NULL};
    struct descriptor *layers = NULL;
    struct image_layer *own = NULL;
    size_t count = 0;

    if (image_layers(image, &layers, &count, &err) < 0)
        return;
    made.platform = xstrdup(image_platform(image));
    for (size_t i = 0; i < count; i++)
        made.size += layers[i].size;
    free(layers);
    image_own_layers(image, &own, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_counted = false; /* a layer that models share has a record of each */
        for (size_t k = 0; k < i && !is_counted; k++)
            is_counted = digest_equal(&own[k].diff_id, &own[i].diff_id);
        made.models_size += is_counted ? 0 : own[i].blob.size;
    }
    image_layers_free(own, count);
    materials->images =
        xrealloc(materials->images, materials->image_count + 1, sizeof(*materials->images));
    materials->images[materials->image_count++] = made;
}

void materials_add_images(struct materials *materials, const struct base *base)
{
    for (size_t i = 0; i < base->platform_count; i++)
        add_image(materials, base->platforms[i].image);
}
