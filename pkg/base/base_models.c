#include "base/base.h"

#include <string.h>

/* Models are injected as main where nothing else is said, or by their commit. */
static bool may_be_asked_for(const struct base_question *question, const char *commit)
{
    const char *ref = question->ref;

    if (ref == NULL)
        return true;
    if (question->pin != NULL)
        return strcmp(question->pin, commit) == 0;
    return strcmp(ref, "main") == 0 || (strlen(ref) >= 7 && text_starts_with(commit, ref));
}

/*
 * A record tells no paths. Code and tokenizers, even those of some MiB, make no large layer; so
 * weights are there if there is one, or as many files as the automatic choice has. Only the latter
 * says that a folder is. Before files were told, nothing but whole models was injected.
 */
static bool image_has(const struct own_parts *own, const struct base_question *question)
{
    bool is_named = false, has_large = false;
    uint64_t files = 0;

    for (size_t i = 0; i < own->layer_count; i++) {
        const struct layer_record *record = &own->layers[i].record;
        if (record->model == NULL || strcmp(record->model, question->name) != 0 ||
            record->layout == NULL || strcmp(record->layout, question->layout->name) != 0 ||
            record->commit == NULL || !may_be_asked_for(question, record->commit))
            continue;
        is_named = true;
        has_large = has_large || strcmp(record->kind, "large") == 0;
        if (!u64_add(files, record->files, &files))
            files = UINT64_MAX;
    }
    if (!is_named || !question->wants_weights || files == 0)
        return is_named;
    return files >= question->all_files || (has_large && !question->wants_part);
}

bool base_has_model(const struct base *base, const struct base_question *question)
{
    for (size_t i = 0; i < base->platform_count; i++)
        if (!image_has(&base->platforms[i].own, question))
            return false;
    return base->platform_count > 0;
}
