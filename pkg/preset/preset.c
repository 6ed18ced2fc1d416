#include "preset/preset_internal.h"

#include "core/file.h"
#include "core/text.h"

#include <string.h>

#define FILE_LIMIT ((size_t)4 * MIB)

static void release_item(struct preset_item *item)
{
    free(item->text);
    origin_release(&item->origin);
    strings_release(&item->include);
    strings_release(&item->optional);
}

void preset_release(struct preset *preset)
{
    for (size_t i = 0; i < preset->item_count; i++)
        release_item(&preset->items[i]);
    free(preset->items);
    free(preset->name);
    strings_release(&preset->aliases);
    free(preset->summary);
    free(preset->layout);
    free(preset->evidence);
    free(preset->file);
    *preset = (struct preset){0};
}

void presets_release(struct presets *presets)
{
    for (size_t i = 0; i < presets->count; i++)
        preset_release(&presets->items[i]);
    free(presets->items);
    *presets = (struct presets)PRESETS_INIT;
}

bool preset_is_named(const struct preset *preset, const char *name)
{
    return strcmp(preset->name, name) == 0 || strings_has(&preset->aliases, name);
}

/* Removes the alias; false if there was none. */
static bool drop_alias(struct preset *preset, const char *alias)
{
    struct strings kept = STRINGS_INIT;
    size_t count = preset->aliases.count;

    for (size_t i = 0; i < count; i++)
        if (strcmp(preset->aliases.items[i], alias) != 0)
            strings_add(&kept, preset->aliases.items[i]);
    strings_release(&preset->aliases);
    preset->aliases = kept;
    return kept.count < count;
}

static void note_replaced(struct notes *notes, const struct preset *old, const struct preset *new,
                          const char *name)
{
    notes_info(notes, "the preset '%s' is that of '%s', in place of %s%s%s", name, new->file,
               old->file != NULL ? "that of '" : "the one built in",
               old->file != NULL ? old->file : "", old->file != NULL ? "'" : "");
}

/* Takes from `old` what `new` is called; true if nothing is left that it could be named by. */
static bool yield_names(struct preset *old, const struct preset *new, struct notes *notes)
{
    if (preset_is_named(new, old->name)) {
        note_replaced(notes, old, new, old->name);
        return true;
    }
    if (drop_alias(old, new->name))
        note_replaced(notes, old, new, new->name);
    for (size_t i = 0; i < new->aliases.count; i++)
        if (drop_alias(old, new->aliases.items[i]))
            note_replaced(notes, old, new, new->aliases.items[i]);
    return false;
}

/* Those before `first` give way to those from it on. */
static void replace_earlier(struct presets *presets, size_t first, struct notes *notes)
{
    size_t count = 0;

    for (size_t i = 0; i < presets->count; i++) {
        bool is_replaced = false;
        for (size_t j = first; i < first && j < presets->count && !is_replaced; j++)
            is_replaced = yield_names(&presets->items[i], &presets->items[j], notes);
        if (is_replaced)
            preset_release(&presets->items[i]);
        else
            presets->items[count++] = presets->items[i];
    }
    presets->count = count;
}

static int read_file(const char *path, struct notes *notes, struct presets *presets,
                     struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    size_t first = presets->count;

    if (file_read_named(path, FILE_LIMIT, &text, err) < 0 ||
        presets_parse(buf_text(&text), text.size, path, presets, err) < 0)
        return -1;
    replace_earlier(presets, first, notes);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct preset *)a)->name, ((const struct preset *)b)->name);
}

int presets_read(const char *const *files, struct notes *notes, struct presets *out,
                 struct error *err)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;

    if (presets_parse((const char *)preset_builtin, preset_builtin_size, NULL, &presets, err) < 0)
        return -1;
    for (; files != NULL && *files != NULL; files++)
        if (read_file(*files, notes, &presets, err) < 0)
            return -1;
    qsort(presets.items, presets.count, sizeof(*presets.items), compare_names);
    *out = presets;
    presets = (struct presets)PRESETS_INIT;
    return 0;
}
