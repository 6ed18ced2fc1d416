#include "outputs.h"

#include "core/file.h"
#include "core/text.h"
#include "oci/reference.h"

#include <string.h>

#define FILE_PREFIX "file:"

/* Those that others must not be written to, first. */
static const char *const outputs[] = {
    "provenance", "sbom", "digest-file", "metadata-file", "ci", "picture", "trace",
};

static bool is_attestation(const char *option)
{
    return strcmp(option, "provenance") == 0 || strcmp(option, "sbom") == 0;
}

static int refuse(const char *option, const char *file, const char *role, struct error *err)
{
    return error_set(err, ERROR_USAGE, "--%s '%s' would replace %s; name another file", option,
                     file, role);
}

/* An archive, or a model's file; a folder is none. */
static bool leads_to(const char *argument, const char *file)
{
    CLEANUP(reference) struct reference image = REFERENCE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (text_starts_with(argument, FILE_PREFIX))
        return file_is_same_name(file, argument + strlen(FILE_PREFIX));
    if (reference_parse(argument, &image, &ignored) < 0)
        return false;
    return reference_archive(&image) != NULL && file_is_same_name(file, image.path);
}

/* Of an option; NULL: none. */
static const char *find_input(const struct options *line, const char *option, bool is_file,
                              const char *file)
{
    const char *const *value = options_list(line, option);

    for (; value != NULL && *value != NULL; value++)
        if (is_file ? file_is_same_name(file, *value) : leads_to(*value, file))
            return *value;
    return NULL;
}

static int check_inputs(const struct options *line, const char *option, const char *file,
                        struct error *err)
{
    static const struct {
        const char *option;
        bool is_file; /* or else an image */
    } inputs[] = {
        {"to", false}, {"base", false}, {"project", true}, {"presets", true}, {"policy", true},
    };

    for (size_t i = 0; i < line->name_count; i++)
        if (leads_to(line->names[i], file))
            return refuse(option, file, line->names[i], err);
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        const char *input = find_input(line, inputs[i].option, inputs[i].is_file, file);
        if (input != NULL)
            return refuse(option, file, input, err);
    }
    return 0;
}

/* The outputs before `number`, and that one itself. */
static int check_others(const struct options *line, size_t number, const char *file,
                        struct error *err)
{
    for (size_t i = 0; i < number; i++) {
        const char *const *other = options_list(line, outputs[i]);
        for (; other != NULL && *other != NULL; other++)
            if (**other != '\0' && file_is_same_name(file, *other)) {
                CLEANUP(text) char *role = xasprintf("what --%s writes", outputs[i]);
                return refuse(outputs[number], file, role, err);
            }
    }
    return 0;
}

int outputs_check(const struct options *line, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        const char *const *file = options_list(line, outputs[i]);
        if (is_attestation(outputs[i]))
            continue;
        for (; file != NULL && *file != NULL; file++)
            if (**file != '\0' && (check_inputs(line, outputs[i], *file, err) < 0 ||
                                   check_others(line, i, *file, err) < 0))
                return -1;
    }
    return 0;
}
