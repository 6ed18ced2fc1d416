#include "preset_list.h"

#include "layout/layout.h"

/* Those of the program are looked at by a test. */
static int check_layouts(const struct presets *presets, struct error *err)
{
    for (size_t i = 0; i < presets->count; i++) {
        const struct preset *preset = &presets->items[i];
        if (preset->file == NULL || layout_find(preset->layout) != NULL)
            continue;
        layout_refuse_name(preset->layout, err);
        return error_wrap(err, "'%s': preset '%s'", preset->file, preset->name);
    }
    return 0;
}

int preset_list_read(const struct options *line, struct notes *notes, struct presets *out,
                     struct error *err)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;

    if (presets_read(options_list(line, "presets"), notes, &presets, err) < 0 ||
        check_layouts(&presets, err) < 0)
        return error_wrap(err, "--presets");
    *out = presets;
    presets = (struct presets)PRESETS_INIT;
    return 0;
}
