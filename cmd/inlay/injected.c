#include "injected.h"

#include "core/text.h"
#include "json.h"

static json_t *model_json(const struct listed_model *model, const struct strings *places)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:I, s:I, s:o}", "model", text_to_json(model->title),
                     "commit", text_to_json(model->plan.pin), "layout", model->layout->name,
                     "places", strings_to_json(places), "files", (json_int_t)model->plan.count,
                     "size", (json_int_t)plan_size(&model->plan), "companion_of",
                     strings_to_json(&model->companion_of));
}

static json_t *kept_json(const struct kept_model *model)
{
    return json_pack("{s:o, s:o, s:o}", "name", text_to_json(model->name), "commit",
                     text_to_json(model->pin), "layout", text_to_json(model->layout));
}

static json_t *image_json(const struct made_image *image)
{
    return json_pack("{s:o, s:I, s:I}", "platform", text_to_json(image->platform), "size",
                     (json_int_t)image->size, "models_size", (json_int_t)image->models_size);
}

json_t *injected_to_json(const struct inject_result *result, const struct materials *materials)
{
    json_t *models = json_array();
    json_t *kept = json_array();
    json_t *images = json_array();

    for (size_t i = 0; i < materials->models.count; i++)
        json_array_append_new(models,
                              model_json(&materials->models.items[i], &materials->places[i]));
    for (size_t i = 0; i < materials->kept_count; i++)
        json_array_append_new(kept, kept_json(&materials->kept[i]));
    for (size_t i = 0; i < materials->image_count; i++)
        json_array_append_new(images, image_json(&materials->images[i]));
    json_t *layers =
        json_pack("{s:I, s:I, s:I}", "built", (json_int_t)result->layers_built, "reused",
                  (json_int_t)result->layers_reused, "mounted", (json_int_t)result->layers_mounted);
    json_t *moved =
        json_pack("{s:I, s:I, s:I, s:I}", "models", (json_int_t)result->model_size, "cached",
                  (json_int_t)result->cached_size, "base", (json_int_t)result->base_size, "spared",
                  (json_int_t)result->spared_size);
    return json_pack("{s:{s:s}, s:o, s:o, s:o, s:o, s:o}", "base", "digest",
                     digest_format(&materials->base.digest).text, "models", models, "kept", kept,
                     "platforms", images, "layers", layers, "moved", moved);
}
