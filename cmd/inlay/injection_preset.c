#include "injection.h"

#include "core/text.h"

#include <string.h>

static int find_layout(const struct injection *injection, const struct preset *preset,
                       const struct layout **out, struct error *err)
{
    const struct layout *given = injection->line->layout;

    *out = layout_find(preset->layout);
    if (*out == NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "MODEL: the preset '%s' wants the layout '%s', which this inlay lacks",
                         preset->name, preset->layout);
    if (given != NULL && given != *out)
        return error_set(err, ERROR_USAGE,
                         "MODEL: the preset '%s' is for --layout %s, and --layout %s is given; "
                         "leave it out, or name the model's files by their own source",
                         preset->name, preset->layout, given->name);
    return 0;
}

static void add_files(struct injection_model *model, const struct preset_item *item)
{
    strings_add_missing(&model->include, &item->include);
    strings_add_missing(&model->optional, &item->optional);
}

/* The model is there already: it takes the files of this item, too. */
static int join_item(struct injection_model *model, const struct preset *preset,
                     const struct preset_item *item, struct error *err)
{
    const struct origin *there = &model->origin;
    bool is_same_file =
        there->kind == ORIGIN_URL && digest_equal(&there->digest, &item->origin.digest);

    if (!is_same_file &&
        (model->preset == NULL || model->include.count == 0 || item->include.count == 0))
        return error_set(err, ERROR_USAGE,
                         "MODEL: '%s', which the preset '%s' stands for, is named besides",
                         there->name, preset->name);
    add_files(model, item);
    return 0;
}

static int add_item(struct injection *injection, const struct preset *preset,
                    const struct preset_item *item, const struct layout *layout, struct error *err)
{
    CLEANUP(injection_model)
    struct injection_model model = {
        .origin = ORIGIN_INIT,
        .layout = layout,
        .path = layout->takes_path ? text_copy(injection->line->path) : NULL,
        .preset = preset,
    };

    struct injection_model *there =
        injection_find_model(injection, &item->origin, layout, model.path);
    if (there != NULL)
        return join_item(there, preset, item, err);
    origin_copy(&item->origin, &model.origin);
    add_files(&model, item);
    injection_add_model(injection, &model);
    return 0;
}

int injection_add_preset(struct injection *injection, const struct preset *preset,
                         struct error *err)
{
    const struct layout *layout = NULL;

    if (find_layout(injection, preset, &layout, err) < 0)
        return -1;
    if (layout->takes_path && injection->line->path == NULL)
        return error_set(err, ERROR_USAGE,
                         "MODEL: the preset '%s' wants --path, the folder of its files",
                         preset->name);
    for (size_t i = 0; i < preset->item_count; i++)
        if (add_item(injection, preset, &preset->items[i], layout, err) < 0)
            return -1;
    return 0;
}
