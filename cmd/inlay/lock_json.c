#include "lock_json.h"

#include "json.h"

#include <stdio.h>
#include <string.h>

static bool has_same_files(const struct plan *one, const struct plan *other)
{
    bool is_same = one->count == other->count;

    for (size_t i = 0; i < one->count && is_same; i++)
        is_same = strcmp(one->files[i].path, other->files[i].path) == 0 &&
                  one->files[i].size == other->files[i].size &&
                  digest_equal(&one->files[i].digest, &other->files[i].digest);
    return is_same;
}

static bool has_same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/* `was` is NULL for a model that is new. */
static json_t *model_json(const struct lock_model *model, const struct lock_model *was)
{
    const struct plan *plan = &model->plan;
    const char *state = "new";

    if (was != NULL)
        state = strcmp(plan->pin, was->plan.pin) == 0 && has_same_files(plan, &was->plan) &&
                        has_same_text(plan->license, was->plan.license)
                    ? "same"
                    : "changed";
    return json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:o, s:o}", "model",
                     text_to_json(model->model), "state", state, "commit", text_to_json(plan->pin),
                     "was", text_to_json(was != NULL ? was->plan.pin : NULL), "files",
                     (json_int_t)plan->count, "size", (json_int_t)plan_size(plan), "license",
                     text_to_json(plan->license), "companion_of",
                     strings_to_json(&model->companion_of));
}

void lock_print_json(const char *path, const struct lock *before, const struct lock *after)
{
    json_t *models = json_array();
    json_t *gone = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < after->model_count; i++)
        json_array_append_new(
            models, model_json(&after->models[i], lock_find_model(before, &after->models[i])));
    for (size_t i = 0; i < before->model_count; i++)
        if (lock_find_model(after, &before->models[i]) == NULL)
            json_array_append_new(gone, text_to_json(before->models[i].model));
    json_auto_t *document =
        json_pack("{s:i, s:o, s:b, s:o, s:o}", "version", 1, "lock", text_to_json(path), "checked",
                  (int)(before == after), "models", models, "gone", gone);
    json_to_buf(document, &text);
    printf("%s\n", buf_text(&text));
}
