#include "plan/contents.h"

#include "plan/plan_internal.h"

#include <string.h>

#define FOLDERS_MAX 2

/* Globs of the names, without folders; each is read by some rule. */
static const char *const names[] = {
    "config.json", /* transformers, diffusers, timm, CTranslate2 */
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "adapter_config.json", /* peft */
    "modules.json",        /* sentence-transformers */
    "model_index.json",    /* diffusers */
    "modular_model_index.json",
    "open_clip_config.json",
    "config.yaml",        /* pyannote */
    "gliner_config.json", /* GLiNER */
    "params.json",        /* Mistral's format */
    "model_config.json",  /* of training frameworks */
    "*.index*.json",      /* shards */
};

static size_t count_folders(const char *path)
{
    size_t count = 0;

    for (; *path != '\0'; path++)
        count += *path == '/';
    return count;
}

bool plan_wants_content(const struct plan_file *file)
{
    if (file->size > PLAN_CONTENT_MAX || count_folders(file->path) > FOLDERS_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (glob_matches(names[i], path_name(file->path)))
            return true;
    return false;
}

static int compare_places(const void *a, const void *b)
{
    const struct plan_file *one = *(const struct plan_file *const *)a;
    const struct plan_file *other = *(const struct plan_file *const *)b;

    return one < other ? -1 : one > other;
}

const struct plan_file **plan_wanted_contents(const struct plan *plan, size_t *count)
{
    const struct plan_file **wanted = xcalloc(PLAN_CONTENTS_MAX, sizeof(const struct plan_file *));

    *count = 0;
    for (size_t folders = 0; folders <= FOLDERS_MAX; folders++)
        for (size_t i = 0; i < plan->count && *count < PLAN_CONTENTS_MAX; i++)
            if (plan_wants_content(&plan->files[i]) &&
                count_folders(plan->files[i].path) == folders)
                wanted[(*count)++] = &plan->files[i];
    qsort(wanted, *count, sizeof(const struct plan_file *), compare_places);
    return wanted;
}

void plan_contents_add(struct plan_contents *contents, const char *path, const void *data,
                       size_t size)
{
    size_t at = contents->count;

    contents->items = xrealloc(contents->items, contents->count + 1, sizeof(*contents->items));
    for (; at > 0 && strcmp(contents->items[at - 1].path, path) > 0; at--)
        contents->items[at] = contents->items[at - 1];
    struct plan_content *item = &contents->items[at];
    *item = (struct plan_content){xstrdup(path), xcalloc(size + 1, 1), size};
    if (size > 0)
        memcpy(item->text, data, size);
    contents->count++;
}

static int compare_path(const void *path, const void *content)
{
    return strcmp(path, ((const struct plan_content *)content)->path);
}

const struct plan_content *plan_contents_find(const struct plan_contents *contents,
                                              const char *path)
{
    if (contents->count == 0)
        return NULL;
    return bsearch(path, contents->items, contents->count, sizeof(*contents->items), compare_path);
}

void plan_contents_release(struct plan_contents *contents)
{
    for (size_t i = 0; i < contents->count; i++) {
        free(contents->items[i].path);
        free(contents->items[i].text);
    }
    free(contents->items);
    *contents = (struct plan_contents)PLAN_CONTENTS_INIT;
}
