#include "completions.h"
#include "core/text.h"
#include "layout/layout.h"
#include "oci/reference.h"
#include "preset/preset.h"
#include "project/project.h"
#include "settings/settings.h"

#include <string.h>

static void add_images(struct completions *completions)
{
    for (size_t i = REFERENCE_REGISTRY; i < REFERENCE_SCRATCH; i++) {
        const struct reference_traits *traits = reference_traits((enum reference_kind)i);
        const char *prefix = traits->prefix[0] != '\0' ? traits->prefix : "docker://";
        completions_add(completions, prefix, traits->summary);
        if (traits->is_archive)
            completions_add_paths(completions, prefix, true);
    }
    completions_add_layouts(completions);
}

static void add_repository(struct completions *completions)
{
    completions_add(completions, "oci:", "an OCI layout");
    completions_add_layouts(completions);
}

static void add_base(struct completions *completions)
{
    completions_add(completions, "scratch", "an empty image");
    add_images(completions);
}

static void add_application(struct completions *completions)
{
    completions_add(completions, "dir:", "a folder of this machine");
    completions_add_paths(completions, "dir:", false);
    add_images(completions);
}

static void add_loaders(struct completions *completions)
{
    const struct layout *layout;

    for (size_t i = 0; (layout = layout_at(i)) != NULL; i++)
        completions_add(completions, layout->name, layout->summary);
}

/* Those in the files that the command line names, if they can be read; else the program's own. */
static void read_presets(const struct completions *completions, struct presets *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the command itself says what is wrong */
    CLEANUP(notes) struct notes notes = NOTES_INIT;

    if (presets_read(completions->presets, &notes, out, &ignored) < 0 &&
        presets_read(NULL, &notes, out, &ignored) < 0)
        *out = (struct presets)PRESETS_INIT;
}

static void add_presets(struct completions *completions)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;

    read_presets(completions, &presets);
    for (size_t i = 0; i < presets.count; i++) {
        const struct preset *preset = &presets.items[i];
        completions_add(completions, preset->name, preset->summary);
        for (size_t k = 0; k < preset->aliases.count; k++)
            completions_add(completions, preset->aliases.items[k], preset->summary);
    }
}

/* "whisper:", once for all presets of the family; those without one as they are. */
static void add_families(struct completions *completions)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;
    CLEANUP(strings) struct strings families = STRINGS_INIT;

    read_presets(completions, &presets);
    for (size_t i = 0; i < presets.count; i++) {
        const char *name = presets.items[i].name;
        const char *colon = strchr(name, ':');
        CLEANUP(text)
        char *family = colon != NULL ? xstrndup(name, (size_t)(colon + 1 - name)) : xstrdup(name);
        if (strings_has(&families, family))
            continue;
        strings_add(&families, family);
        completions_add(completions, family, colon != NULL ? "presets" : presets.items[i].summary);
    }
}

/* Of the project file, if it can be read; the command itself says what is wrong with it. */
static void add_sets(struct completions *completions)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(project) struct project project = PROJECT_INIT;

    if (project_read(completions->project != NULL ? completions->project : PROJECT_FILE, &project,
                     &ignored) < 0)
        return;
    for (size_t i = 0; i < project.set_count; i++)
        completions_add(completions, project.sets[i].name, "a set of the project");
}

static void add_settings(struct completions *completions)
{
    for (const struct setting *row = setting_rows; row->name != NULL; row++)
        completions_add(completions, row->name, row->variable);
}

/* Behind a comma, "layout=" and others; `comma` is the last one in the word. */
static void add_model_options(struct completions *completions, const char *comma)
{
    static const char keys[] =
        "also= as= exclude= executable= include= layout= name= path= weights=";
    const char *equals = strchr(comma, '=');
    size_t size = (size_t)((equals != NULL ? equals : comma) + 1 - completions->word);
    CLEANUP(text) char *typed = xasprintf("%.*s", (int)size, completions->word);
    CLEANUP(text) char *head = xasprintf("%s%s", completions->head, typed);
    struct completions inner = {.word = completions->word + size, .head = head, .lines = BUF_INIT};

    if (equals == NULL)
        completions_add_words(&inner, keys);
    else if (text_ends_with(typed, ",layout="))
        completions_add_values(&inner, "layout", "NAME");
    else if (text_ends_with(typed, ",weights="))
        completions_add_values(&inner, "weights", "FORMAT[:VARIANT]");
    buf_add_text(&completions->lines, buf_text(&inner.lines));
    buf_release(&inner.lines);
}

static void add_models(struct completions *completions)
{
    const char *comma = strrchr(completions->word, ',');

    if (comma != NULL && comma > completions->word) {
        add_model_options(completions, comma);
        return;
    }
    for (size_t i = 0; i < ORIGIN_KIND_COUNT; i++) {
        const struct origin_traits *traits = origin_traits((enum origin_kind)i);
        /* A model of the Hub needs none. */
        const char *prefix = traits->prefix[0] != '\0' ? traits->prefix : "hf://";
        completions_add(completions, prefix, traits->summary);
    }
    completions_add_paths(completions, "dir:", false);
    completions_add_paths(completions, "file:", true);
    if (strchr(completions->word, ':') != NULL)
        add_presets(completions);
    else
        add_families(completions);
}

/* A key in a file, or a secret in one behind a prefix. */
static void add_key(struct completions *completions)
{
    completions_add(completions, "hmac:", "a secret in a file");
    completions_add_paths(completions, "hmac:", true);
    if (!text_starts_with(completions->word, "hmac:"))
        completions->paths = COMPLETION_FILES;
}

/* What a value is, by the name that the help has for it. */
static const struct value_row {
    const char *option; /* NULL: of any, and of arguments */
    const char *argument;
    const char *words; /* with spaces between them; NULL: none */
    void (*add)(struct completions *completions);
    enum completion_paths paths;
} value_rows[] = {
    {"layout", "NAME", NULL, add_loaders, COMPLETION_NO_PATHS},
    {NULL, "LAYOUT", NULL, add_loaders, COMPLETION_NO_PATHS},
    {"set", "NAME", NULL, add_sets, COMPLETION_NO_PATHS},
    {"compression", "HOW", "none gzip zstd zstd: estargz", NULL, COMPLETION_NO_PATHS},
    {"sbom-format", "FORMAT", "cyclonedx spdx3", NULL, COMPLETION_NO_PATHS},
    {"progress", "HOW", "auto tty plain json none", NULL, COMPLETION_NO_PATHS},
    {"expect", "DIGEST", "none sha256:", NULL, COMPLETION_NO_PATHS},
    {"hub-cache", "DIR", "auto", NULL, COMPLETION_FOLDERS},
    {"shared", "DIR", "/usr/share/models", NULL, COMPLETION_NO_PATHS}, /* in the image */
    {"name", "FILE", NULL, NULL, COMPLETION_NO_PATHS},                 /* the same */
    {NULL, "FILE", NULL, NULL, COMPLETION_FILES},
    {NULL, "FILE.svg|FILE.html", NULL, NULL, COMPLETION_FILES},
    {NULL, "DIR", NULL, NULL, COMPLETION_FOLDERS},
    {NULL, "IMAGE", NULL, add_images, COMPLETION_NO_PATHS},
    {NULL, "BASE", NULL, add_base, COMPLETION_NO_PATHS},
    {NULL, "FROM", NULL, add_images, COMPLETION_NO_PATHS},
    {NULL, "TO", NULL, add_images, COMPLETION_NO_PATHS},
    {NULL, "TARGET", NULL, add_images, COMPLETION_NO_PATHS},
    {NULL, "REPO", NULL, add_repository, COMPLETION_NO_PATHS},
    {NULL, "IMAGE|dir:PATH", NULL, add_application, COMPLETION_NO_PATHS},
    {NULL, "MODEL", NULL, add_models, COMPLETION_NO_PATHS},
    {NULL, "PRESET", NULL, add_presets, COMPLETION_NO_PATHS},
    {NULL, "KEY", NULL, add_key, COMPLETION_NO_PATHS},
    {NULL, "KEY|all", "all", add_key, COMPLETION_NO_PATHS},
    {NULL, "OS/ARCH[/VARIANT]",
     "linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/ppc64le linux/riscv64 linux/s390x", NULL,
     COMPLETION_NO_PATHS},
    {NULL, "FORMAT[:VARIANT]",
     "safetensors pytorch onnx openvino gguf tensorflow flax mistral coreml", NULL,
     COMPLETION_NO_PATHS},
    {NULL, "SETTING", NULL, add_settings, COMPLETION_NO_PATHS},
    {NULL, "URL", "https:// http://", NULL, COMPLETION_NO_PATHS},
    {NULL, "SHELL", "bash zsh fish", NULL, COMPLETION_NO_PATHS},
    {NULL, "list|prune", "list prune", NULL, COMPLETION_NO_PATHS},
};

void completions_add_values(struct completions *completions, const char *option,
                            const char *argument)
{
    for (size_t i = 0; i < ARRAY_SIZE(value_rows); i++) {
        const struct value_row *row = &value_rows[i];
        bool is_for = row->option == NULL || (option != NULL && strcmp(row->option, option) == 0);
        if (!is_for || strcmp(row->argument, argument) != 0)
            continue;
        if (row->words != NULL)
            completions_add_words(completions, row->words);
        completions->paths = row->paths;
        if (row->add != NULL)
            row->add(completions);
        return;
    }
}
