#include "companion/companion_internal.h"

#include "json/parse.h"

#include <string.h>

#define TEXT_SHOWN 120

/* Which files are read, by name, and by whom. */
static const struct {
    const char *name;
    bool at_root; /* there alone */
    bool is_json;
    void (*read)(const struct search *search, const struct document *document);
} rules[] = {
    {"config.json", false, true, read_auto_map},
    {"tokenizer_config.json", false, true, read_auto_map},
    {"processor_config.json", false, true, read_auto_map},
    {"preprocessor_config.json", false, true, read_auto_map},
    {"video_preprocessor_config.json", false, true, read_auto_map},
    {"config.json", true, true, read_backbone},
    {"config.json", true, true, read_ctranslate2},
    {"adapter_config.json", true, true, read_adapter},
    {"modules.json", true, true, read_modules},
    {"model_index.json", true, true, read_pipeline},
    {"modular_model_index.json", true, true, read_modular_pipeline},
    {"gliner_config.json", true, true, read_gliner},
    {"open_clip_config.json", true, true, read_open_clip},
    {"config.yaml", true, false, read_pyannote},
};

/* AutoTokenizer asks for these; a repo has some of them. */
const char *const tokenizer_globs[] = {
    "tokenizer*",        "config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab*",      "merges.txt",
    "*.model",           NULL,
};

const char *companion_kind_name(enum companion_kind kind)
{
    switch (kind) {
    case COMPANION_CODE:
        return "code";
    case COMPANION_SMALL:
        return "tokenizer";
    case COMPANION_WEIGHTS:
        return "weights";
    }
    abort();
}

static void companion_release(struct companion *companion)
{
    origin_release(&companion->origin);
    strings_release(&companion->include);
    strings_release(&companion->required);
    free(companion->file);
    free(companion->key);
    free(companion->reason);
}

void companions_release(struct companions *companions)
{
    for (size_t i = 0; i < companions->count; i++)
        companion_release(&companions->items[i]);
    free(companions->items);
    free(companions->own_code);
    strings_release(&companions->notes);
    *companions = (struct companions)COMPANIONS_INIT;
}

bool companion_reads(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (strcmp(rules[i].name, name) == 0 && (slash == NULL || !rules[i].at_root))
            return true;
    return false;
}

static bool any_matches(const char *glob, const struct strings *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (glob_matches(glob, files->items[i]))
            return true;
    return false;
}

/* Names that tell nothing of them leave it open what holds the weights: *.npz, *.nemo, *.bin. */
static bool may_be_weights(const char *path)
{
    static const char *const others[] = {"*.py", "*.json", "*.txt", "*.md", "*.yaml", ".git*"};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (glob_matches(others[i], path))
            return false;
    for (size_t i = 0; tokenizer_globs[i] != NULL; i++)
        if (glob_matches(tokenizer_globs[i], path))
            return false;
    return true;
}

bool companion_is_in(const struct companion *companion, const struct strings *files)
{
    for (size_t i = 0; i < companion->required.count; i++)
        if (!any_matches(companion->required.items[i], files))
            return false;
    for (size_t i = 0; companion->include.count == 0 && i < files->count; i++)
        if (may_be_weights(files->items[i]))
            return true;
    return companion->include.count > 0;
}

const char *companions_find_code(const struct companions *companions)
{
    for (size_t i = 0; companions->own_code == NULL && i < companions->count; i++)
        if (companions->items[i].kind == COMPANION_CODE)
            return companions->items[i].file;
    return companions->own_code;
}

/* For people: cut, and without control characters. Caller frees. */
static char *show(const char *text)
{
    size_t size = strlen(text);
    char *shown = xstrndup(text, size < TEXT_SHOWN ? size : TEXT_SHOWN);

    text_mask(shown);
    return shown;
}

/* What is wrong with the name goes to a note. */
static int parse_name(const struct mention *mention, struct origin *out, struct error *err)
{
    CLEANUP(text) char *text = xasprintf("%s@%s", mention->name, mention->revision);

    if (origin_check_hub_name(mention->name, err) < 0 || origin_parse(text, out, err) < 0)
        return -1;
    if (out->kind != ORIGIN_HUB_MODEL)
        return error_set(err, ERROR_USAGE, "'%s' is no model of the Hub", mention->name);
    return 0;
}

/* The one of this kind that is there already, or NULL. */
static struct companion *find_same(const struct companions *companions, enum companion_kind kind,
                                   const struct origin *origin)
{
    for (size_t i = 0; i < companions->count; i++) {
        struct companion *other = &companions->items[i];
        if (other->kind == kind && strcmp(other->origin.name, origin->name) == 0 &&
            strcmp(other->origin.revision, origin->revision) == 0)
            return other;
    }
    return NULL;
}

/* The first glob has to match; what else there is of a tokenizer need not be. */
static void add_globs(struct companion *companion, const char *const *globs)
{
    if (globs != NULL && !strings_has(&companion->required, globs[0]))
        strings_add(&companion->required, globs[0]);
    for (; globs != NULL && *globs != NULL; globs++)
        if (!strings_has(&companion->include, *globs))
            strings_add(&companion->include, *globs);
}

/* It is named once more; who wants the automatic choice gets it. */
static void widen(struct companion *companion, const char *const *globs)
{
    bool is_whole = globs == NULL || companion->include.count == 0;

    if (companion->required.count <= COMPANIONS_MAX)
        add_globs(companion, globs);
    if (is_whole)
        strings_release(&companion->include);
}

bool search_tells(const struct search *search)
{
    bool tells = search->out->notes.count < COMPANION_NOTES_MAX;

    *search->untold += tells ? 0 : 1;
    return tells;
}

static void tell_no_name(const struct search *search, const struct mention *mention,
                         const char *key)
{
    CLEANUP(text) char *name = show(mention->name);

    if (search_tells(search))
        strings_addf(&search->out->notes,
                     "'%s', which %s names (%s), is no model of the Hub: %s has to be in the image "
                     "by other means",
                     name, mention->file, key, mention->reason);
}

void mention_add(const struct search *search, const struct mention *mention)
{
    struct companions *out = search->out;
    struct mention whole = *mention;
    struct companion companion = {.kind = mention->kind, .origin = ORIGIN_INIT};
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *key = show(mention->key);

    if (strcmp(mention->name, search->model) == 0 || out->count > COMPANIONS_MAX)
        return;
    if (whole.revision == NULL)
        whole.revision = "main";
    if (parse_name(&whole, &companion.origin, &why) < 0) {
        companion_release(&companion);
        tell_no_name(search, mention, key);
        return;
    }
    struct companion *same = find_same(out, companion.kind, &companion.origin);
    if (same != NULL) {
        widen(same, mention->include);
        companion_release(&companion);
        return;
    }
    add_globs(&companion, mention->include);
    companion.file = xstrdup(mention->file);
    companion.key = TAKE(key);
    companion.reason = xstrdup(mention->reason);
    companion.is_conditional = mention->is_conditional;
    out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
    out->items[out->count++] = companion;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool search_has_file(const struct search *search, const char *path)
{
    const struct strings *files = search->files;

    return files->count > 0 &&
           bsearch(&path, files->items, files->count, sizeof(*files->items), compare_texts) != NULL;
}

void search_note_code(const struct search *search, const struct document *document)
{
    if (search->out->own_code == NULL)
        search->out->own_code = xstrdup(document->path);
}

void class_reference_read(const struct search *search, const struct document *document,
                          const char *key, const char *text)
{
    static const char *const python_files[] = {"*.py", NULL};
    const char *dashes = strstr(text, "--");

    if (dashes == NULL) {
        search_note_code(search, document);
        return;
    }
    CLEANUP(text) char *name = xstrndup(text, (size_t)(dashes - text));
    if (strcmp(name, search->model) == 0)
        search_note_code(search, document);
    mention_add(search, &(struct mention){
                            .kind = COMPANION_CODE,
                            .name = name,
                            .include = python_files,
                            .file = document->path,
                            .key = key,
                            .reason = "code that is run",
                        });
}

static void read_content(const struct search *search, const struct plan_content *content)
{
    const char *slash = strrchr(content->path, '/');
    const char *name = slash != NULL ? slash + 1 : content->path;
    CLEANUP(text) char *folder = xstrndup(content->path, (size_t)(name - content->path));
    struct document document = {content->path, folder, content->text, content->size, NULL};
    json_t *json = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (strcmp(rules[i].name, name) != 0 || (rules[i].at_root && slash != NULL))
            continue;
        if (rules[i].is_json && json == NULL)
            json = json_parse_or_null(content->text, content->size); /* else its loader says */
        document.json = json;
        if (json != NULL || !rules[i].is_json)
            rules[i].read(search, &document);
    }
    json_decref(json);
}

int companions_find(const char *model, const struct plan_contents *contents,
                    const struct strings *files, struct companions *out, struct error *err)
{
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    size_t untold = 0;
    const struct search search = {model, contents, files, &found, &untold};

    for (size_t i = 0; i < contents->count; i++)
        if (search_has_file(&search, contents->items[i].path))
            read_content(&search, &contents->items[i]);
    if (found.count > COMPANIONS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' names more than %zu other models, expected a few", model,
                         COMPANIONS_MAX);
    for (size_t i = 0; i < found.count; i++)
        if (found.items[i].required.count > COMPANIONS_MAX)
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' names more than %zu folders of '%s', expected a few", model,
                             COMPANIONS_MAX, found.items[i].origin.name);
    if (untold > 0)
        strings_addf(&found.notes, "and %zu more that are named and cannot be followed", untold);
    *out = found;
    found = (struct companions)COMPANIONS_INIT;
    return 0;
}
