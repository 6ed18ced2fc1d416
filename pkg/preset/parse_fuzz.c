#include "preset/preset_internal.h"

#include "core/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken can be found by its name, and every item has an origin. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    const struct preset *found = NULL;

    buf_add(&text, data, size);
    if (presets_parse(buf_text(&text), size, "list", &presets, &err) < 0)
        return 0;
    for (size_t i = 0; i < presets.count; i++) {
        if (presets_find(&presets, presets.items[i].name, &found, &err) < 0 ||
            found != &presets.items[i])
            abort();
        for (size_t j = 0; j < found->item_count; j++)
            if (found->items[j].origin.name == NULL)
                abort();
    }
    return 0;
}
