#include "scan/scan_internal.h"

#include <string.h>

/*
 * fastembed keeps its table of models as Python: DenseModelDescription(model="…",
 * sources=ModelSource(hf="…"), model_file="…", additional_files=[…]).
 */

static const char *text_of(const struct python_call *call, const char *keyword)
{
    const struct python_value *value = scan_argument(call, keyword, -1);

    return value != NULL && value->kind == PYTHON_TEXT && value->variable == NULL ? value->text
                                                                                  : NULL;
}

/* The repository: what the next call of ModelSource says. */
static const char *find_source(const struct python_file *file, size_t from)
{
    for (size_t i = from + 1; i < file->call_count; i++)
        if (text_ends_with(file->calls[i].name, "ModelSource"))
            return text_of(&file->calls[i], "hf");
    return NULL;
}

static void fill(const struct python_call *call, const char *repository, const char *model_file,
                 struct scan_finding *out)
{
    static const char *const small[] = {"config.json", "tokenizer.json", "tokenizer_config.json",
                                        "special_tokens_map.json", "preprocessor_config.json"};
    const struct python_value *more = scan_argument(call, "additional_files", -1);

    out->model = xstrdup(repository);
    out->layout = xstrdup("fastembed");
    strings_add(&out->include, model_file);
    for (size_t i = 0; more != NULL && i < more->item_count; i++)
        if (more->items[i].kind == PYTHON_TEXT)
            strings_add(&out->include, more->items[i].text);
    for (size_t i = 0; i < ARRAY_SIZE(small); i++)
        strings_add(&out->optional, small[i]);
}

static bool find_in(const struct python_file *file, const char *name, struct scan_finding *out)
{
    for (size_t i = 0; i < file->call_count; i++) {
        const struct python_call *call = &file->calls[i];
        const char *model = text_of(call, "model");
        const char *model_file = text_of(call, "model_file");
        const char *repository = NULL;
        if (model != NULL && model_file != NULL && text_equal_fold(model, name))
            repository = find_source(file, i);
        if (repository != NULL) {
            fill(call, repository, model_file, out);
            return true;
        }
    }
    return false;
}

bool scan_fastembed_table(const struct scan *scan, const char *name, struct scan_finding *out)
{
    const struct application *application = scan->application;

    for (size_t i = 0; i < application->file_count; i++) {
        const struct application_file *file = &application->files[i];
        CLEANUP(error) struct error err = ERROR_INIT; /* then the list of presets is asked */
        CLEANUP(python_file) struct python_file read = PYTHON_FILE_INIT;
        if (strstr(file->path, "-packages/fastembed/") == NULL ||
            !text_ends_with(file->path, ".py") || strstr(file->text, name) == NULL)
            continue;
        if (python_read(file->text, file->size, &read, &err) == 0 && find_in(&read, name, out))
            return true;
    }
    return false;
}
