#include "build/placements.h"

void placements_release(struct placements *placements)
{
    for (size_t i = 0; i < placements->count; i++)
        placement_release(&placements->items[i]);
    free(placements->items);
    *placements = (struct placements){0};
}

static void tell_setting(const char *assignment, const struct placements *placements,
                         struct notes *notes)
{
    bool sets = false;

    for (size_t i = 0; i < placements->count; i++)
        sets = sets || strings_has(&placements->items[i].assignments, assignment);
    if (sets)
        notes_info(notes,
                   "setting %s in the image: models that are not baked into it will not be fetched "
                   "(--allow-online leaves it out)",
                   assignment);
}

static void tell_offline(const struct models *models, const struct placements *placements,
                         struct notes *notes)
{
    CLEANUP(strings) struct strings told = STRINGS_INIT;

    for (size_t i = 0; i < models->count; i++) {
        const char *const *setting = models->items[i].layout->offline;
        for (; setting != NULL && *setting != NULL; setting++) {
            if (strings_has(&told, *setting))
                continue;
            strings_add(&told, *setting);
            tell_setting(*setting, placements, notes);
        }
    }
}

int placements_find(const struct arrangement *arrangement, struct placements *out,
                    struct notes *notes, struct error *err)
{
    CLEANUP(placements) struct placements placements = {0};
    const struct base *base = arrangement->base;

    placements.items = xcalloc(base->platform_count, sizeof(*placements.items));
    for (size_t i = 0; i < base->platform_count; i++) {
        const struct base_platform *platform = &base->platforms[i];
        struct placement_base where = {
            .image = platform->image,
            .rootfs = platform->rootfs,
            .store = base->store,
            .cancel = arrangement->cancel,
            .own = &platform->own,
            .whole = platform->whole,
            .whole_count = platform->whole_count,
            .sandbox = arrangement->sandbox,
            .known = arrangement->known,
        };
        if (placement_find(arrangement->options, &where, arrangement->models,
                           &placements.items[placements.count], notes, err) < 0)
            return error_wrap(err, "%s", image_platform(platform->image));
        placements.count++;
    }
    tell_offline(arrangement->models, &placements, notes);
    *out = placements;
    placements = (struct placements){0};
    return 0;
}
