#include "project/lock.h"

#include "project/project_internal.h"

#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static void set_options(json_t *to, const char *name, const struct member *members,
                        const struct project_options *options)
{
    json_t *json = options->count > 0 ? json_object() : NULL;

    if (json == NULL)
        return;
    options_format(options, members, json);
    json_object_set_new(to, name, json);
}

static json_t *format_files(const struct plan *plan)
{
    json_t *list = json_array();

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_file *file = &plan->files[i];
        json_t *json =
            json_pack("{s:s, s:I, s:s}", "path", file->path, "size", (json_int_t)file->size,
                      "digest", digest_format(&file->digest).text);
        members_set_text(json, "blob_id", file->blob_id[0] != '\0' ? file->blob_id : NULL);
        json_array_append_new(list, json);
    }
    return list;
}

static json_t *format_model(const struct lock_model *model)
{
    const struct plan *plan = &model->plan;
    json_t *json = json_pack("{s:s}", "model", model->model);

    members_set_text(json, "member", model->member);
    members_set_text(json, "preset", model->preset);
    members_set_texts(json, "companion_of", &model->companion_of);
    set_options(json, "options", model_members, &model->options);
    members_set_text(json, "pin", plan->pin);
    json_object_set_new(json, "license", text_or_null(plan->license));
    members_set_text(json, "license_name", plan->license_name);
    json_object_set_new(json, "files", format_files(plan));
    members_set_texts(json, "left_out", &plan->left_out);
    if (plan->left_out.count > 0)
        json_object_set_new(json, "left_out_size", json_integer((json_int_t)plan->left_out_size));
    return json;
}

static json_t *format_image(const struct lock_image *image)
{
    json_t *layers = json_array();

    for (size_t i = 0; i < image->layer_count; i++) {
        const struct lock_layer *layer = &image->layers[i];
        bool is_known = layer->diff_id.algorithm != DIGEST_NONE;
        json_t *diff_id = is_known ? json_string(digest_format(&layer->diff_id).text) : json_null();
        json_array_append_new(layers,
                              json_pack("{s:s, s:o, s:s, s:o}", "kind", layer->kind, "model",
                                        text_or_null(layer->model), "recipe",
                                        digest_format(&layer->recipe).text, "diff_id", diff_id));
    }
    return json_pack("{s:o, s:s, s:o}", "set", text_or_null(image->set), "platform",
                     image->platform, "layers", layers);
}

void lock_format(const struct lock *lock, struct buf *out)
{
    json_auto_t *json = json_pack("{s:i}", "version", LOCK_VERSION);
    json_t *models = json_array();
    json_t *images = json_array();

    members_set_text(json, "companions", lock->companions);
    set_options(json, "place", place_members, &lock->place);
    for (size_t i = 0; i < lock->model_count; i++)
        json_array_append_new(models, format_model(&lock->models[i]));
    json_object_set_new(json, "models", models);
    if (lock->base != NULL)
        json_object_set_new(json, "base",
                            json_pack("{s:s, s:s}", "name", lock->base, "digest",
                                      digest_format(&lock->base_digest).text));
    for (size_t i = 0; i < lock->image_count; i++)
        json_array_append_new(images, format_image(&lock->images[i]));
    json_object_set_new(json, "images", images);
    members_format(json, out);
}
