#include "attest.h"

#include "core/file.h"
#include "provenance/provenance.h"

#include <string.h>

/* A document that is wanted by an option of its name. */
struct document_kind {
    const char *option;
    const char *title; /* for messages */
    const char *media_type;
    const char *file_name;
    const char *annotation; /* of its manifest, by which tools tell one from others; NULL: none */
    const char *value;
    bool wants_hashes;       /* of all files, by SHA-256 */
    const char *format_name; /* of --sbom-format; NULL: there is no other */
    void (*format)(const struct provenance *provenance, struct buf *out);
};

static const struct document_kind kinds[] = {
    {"provenance", "the statement of its provenance", PROVENANCE_MEDIA_TYPE, "provenance.json",
     "in-toto.io/predicate-type", PROVENANCE_PREDICATE_TYPE, false, NULL, provenance_format},
    {"sbom", "its bill of materials", BOM_MEDIA_TYPE, "sbom.cdx.json", NULL, NULL, true,
     "cyclonedx", bom_format},
    {"sbom", "its bill of materials", SPDX3_MEDIA_TYPE, "sbom.spdx.json", NULL, NULL, true, "spdx3",
     spdx3_format},
};

/* Whether it is the one of its option that this call wants. */
static bool is_chosen(const struct document_kind *kind, const struct options *line)
{
    const char *format = options_text(line, "sbom-format");

    return kind->format_name == NULL ||
           strcmp(kind->format_name, format != NULL ? format : "cyclonedx") == 0;
}

bool attest_is_wanted(const struct options *line)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (options_has(line, kinds[i].option))
            return true;
    return false;
}

/* What the call reads or writes is not to be replaced by a document about it. */
static int check_role(const struct document_kind *kind, const char *file, const char *role,
                      const char *path, struct error *err)
{
    if (path == NULL || !file_is_same_name(file, path))
        return 0;
    return error_set(err, ERROR_USAGE, "--%s=%s: that file is %s; name another one", kind->option,
                     file, role);
}

static int check_roles(const struct document_kind *kind, const char *file,
                       const struct injection *injection, struct error *err)
{
    const char *project = injection_project_file(injection->line);
    CLEANUP(text) char *lock = project != NULL ? injection_lock_path(injection) : NULL;

    if (check_role(kind, file, "TARGET", reference_archive(&injection->line->target), err) < 0 ||
        check_role(kind, file, "BASE", reference_archive(&injection->base), err) < 0 ||
        check_role(kind, file, "the project", project, err) < 0 ||
        check_role(kind, file, "the project's lock", lock, err) < 0)
        return -1;
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct origin *origin = &injection->models[i].origin;
        if (origin->kind == ORIGIN_FILE && check_role(kind, file, "a MODEL", origin->name, err) < 0)
            return -1;
    }
    return 0;
}

static int check_other_kinds(const struct document_kind *kind, const char *file,
                             const struct options *line, struct error *err)
{
    for (const struct document_kind *other = kinds; other < kind; other++) {
        if (strcmp(other->option, kind->option) == 0)
            continue;
        const char *const *files = options_list(line, other->option);
        for (; files != NULL && *files != NULL; files++)
            if (**files != '\0' && file_is_same_name(file, *files))
                return error_set(err, ERROR_USAGE,
                                 "--%s=%s: --%s is written to that file; name another one",
                                 kind->option, file, other->option);
    }
    return 0;
}

static int check_file(const struct document_kind *kind, const char *file,
                      const struct injection *injection, struct error *err)
{
    if (check_roles(kind, file, injection, err) < 0 ||
        check_other_kinds(kind, file, injection->line, err) < 0)
        return -1;
    return file_check_named(file, err) < 0 ? error_wrap(err, "--%s", kind->option) : 0;
}

/* Standard output has the line with the digest, or the archive. */
static int check_kind(const struct document_kind *kind, const struct injection *injection,
                      struct error *err)
{
    const struct options *line = injection->line;
    bool has_place = reference_has_tags(&line->target);

    for (const char *const *file = options_list(line, kind->option); file != NULL && *file != NULL;
         file++) {
        if (strcmp(*file, "-") == 0)
            return error_set(err, ERROR_USAGE,
                             "--%s=-: standard output has what 'inlay inject' prints; name a file",
                             kind->option);
        if (**file == '\0' && !has_place)
            return error_set(err, ERROR_USAGE,
                             "--%s attaches to an image in a registry or an OCI layout, and TARGET "
                             "is neither; write --%s=FILE",
                             kind->option, kind->option);
        if (**file != '\0' && check_file(kind, *file, injection, err) < 0)
            return -1;
    }
    return 0;
}

int attest_check(const struct injection *injection, struct error *err)
{
    const struct options *line = injection->line;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (is_chosen(&kinds[i], line) && check_kind(&kinds[i], injection, err) < 0)
            return -1;
    if (options_has(line, "sbom-format") && !options_has(line, "sbom"))
        return error_set(err, ERROR_USAGE, "--sbom-format is about --sbom, which is not given");
    if (attest_is_wanted(line) && options_has(line, "shard"))
        return error_set(
            err, ERROR_USAGE,
            "a shard writes no image to say something of; leave that to the last call, "
            "which has no --shard");
    return 0;
}

/* What of the command line decides on the result, and is no secret and no path of this machine. */
static const char *const recorded[] = {
    "all-files",
    "allow-online",
    "also",
    "as",
    "cache-dir",
    "cmd",
    "companions",
    "compression",
    "entrypoint",
    "env",
    "exclude",
    "group-writable",
    "home",
    "include",
    "keep-attestations",
    "layout",
    "locked",
    "name",
    "no-companions",
    "no-index",
    "online",
    "owner",
    "path",
    "platform",
    "scan",
    "set",
    "shared",
    "sign-records",
    "unpack",
    "unverified",
    "user",
    "weights",
};

/* Everything that the documents borrow from. */
struct attestation {
    struct provenance_image *images;
    size_t image_count;
    struct provenance_image base;
    struct strings asked;
    struct strings variables; /* names of --env: a value may be a secret */
    struct provenance_option options[ARRAY_SIZE(recorded)];
    size_t option_count;
    struct provenance_model *models;
    struct digest **sha256; /* of each model's files; NULL: not wanted */
    size_t model_count;
    struct provenance_kept *kept;
    struct provenance provenance;
};

static void attestation_release(struct attestation *attestation)
{
    for (size_t i = 0; i < attestation->image_count; i++)
        provenance_image_release(&attestation->images[i]);
    free(attestation->images);
    provenance_image_release(&attestation->base);
    strings_release(&attestation->asked);
    strings_release(&attestation->variables);
    for (size_t i = 0; attestation->sha256 != NULL && i < attestation->model_count; i++)
        free(attestation->sha256[i]);
    free(attestation->sha256);
    free(attestation->models);
    free(attestation->kept);
}
CLEANUP_RELEASE(attestation)

static void add_image(struct attestation *attestation, const struct reference *reference,
                      const struct digest *digest)
{
    struct provenance_image image = PROVENANCE_IMAGE_INIT;

    provenance_image_set(&image, reference, digest);
    attestation->images =
        xrealloc(attestation->images, attestation->image_count + 1, sizeof(image));
    attestation->images[attestation->image_count++] = image;
}

/* One a tag. */
static void name_images(struct attestation *attestation, const struct options *line,
                        const struct digest *digest)
{
    struct reference shown = line->target;

    add_image(attestation, &shown, digest);
    for (size_t i = 0; i < line->more_targets.count; i++) {
        shown.tag = line->more_targets.items[i];
        add_image(attestation, &shown, digest);
    }
}

static void name_choices(struct buf *text, const char *key, const struct strings *values)
{
    for (size_t i = 0; i < values->count; i++)
        buf_addf(text, ",%s=%s", key, values->items[i]);
}

/* As MODEL of the command line has it. */
static void ask_model(struct attestation *attestation, const struct injection_model *model)
{
    CLEANUP(text) char *name = provenance_ask(&model->origin);
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_addf(&text, "%s,layout=%s", name, model->layout->name);
    if (model->as != NULL)
        buf_addf(&text, ",as=%s", model->as);
    if (model->weights != NULL)
        buf_addf(&text, ",weights=%s", model->weights);
    name_choices(&text, "include", &model->include);
    name_choices(&text, "exclude", &model->exclude);
    name_choices(&text, "also", &model->also);
    name_choices(&text, "executable", &model->executable);
    strings_add(&attestation->asked, buf_text(&text));
}

static void ask(struct attestation *attestation, const struct injection *injection)
{
    for (size_t i = 0; i < injection->model_count; i++)
        if (injection->models[i].companion_of == NULL)
            ask_model(attestation, &injection->models[i]);
}

/* The values of an option, as far as they are no secret and no path of this machine. */
static const char *const *shown_values(const struct attestation *attestation,
                                       const struct options *line, const char *name)
{
    if (strcmp(name, "sign-records") == 0) /* that there are signatures, and not by which file */
        return NULL;
    if (strcmp(name, "env") == 0)
        return (const char *const *)attestation->variables.items;
    return options_list(line, name);
}

static void record_options(struct attestation *attestation, const struct options *line)
{
    const char *const *values = options_list(line, "env");

    for (; values != NULL && *values != NULL; values++)
        strings_addf(&attestation->variables, "%.*s", (int)strcspn(*values, "="), *values);
    for (size_t i = 0; i < ARRAY_SIZE(recorded); i++)
        if (options_has(line, recorded[i]))
            attestation->options[attestation->option_count++] = (struct provenance_option){
                recorded[i], shown_values(attestation, line, recorded[i])};
}

static void list_models(struct attestation *attestation, const struct materials *materials)
{
    const struct listing *models = &materials->models;

    attestation->models = xcalloc(models->count, sizeof(*attestation->models));
    attestation->model_count = models->count;
    attestation->kept = xcalloc(materials->kept_count, sizeof(*attestation->kept));
    for (size_t i = 0; i < models->count; i++)
        attestation->models[i] = (struct provenance_model){
            .title = models->items[i].title,
            .plan = &models->items[i].plan,
            .layout = models->items[i].layout->name,
            .companion_of = &models->items[i].companion_of,
        };
    for (size_t i = 0; i < materials->kept_count; i++) {
        const struct kept_model *kept = &materials->kept[i];
        attestation->kept[i] =
            (struct provenance_kept){kept->name, kept->source, kept->pin, kept->layout};
    }
}

static int hash_file(struct source_files *files, const struct plan_file *file, struct digest *out,
                     struct error *err)
{
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, file->size);
    CLEANUP(reader) struct reader *content = NULL;
    char part[64 * 1024];
    ssize_t size = 0;

    if (source_files_open(files, file, &content, err) < 0)
        return -1;
    while ((size = reader_read(content, part, sizeof(part), err)) > 0)
        hasher_add(hasher, part, (size_t)size);
    if (size == 0)
        *out = hasher_finish(hasher);
    return size < 0 ? -1 : 0;
}

/* The hub knows small files by git's digest alone, which a bill of materials has no word for. */
static int hash_small_files(const struct injection *injection, const struct listed_model *model,
                            struct digest *out, struct error *err)
{
    const struct plan *plan = &model->plan;
    const struct plan_file **wanted = xcalloc(plan->count + 1, sizeof(struct plan_file *));
    struct source_files_request request = {
        .source = model->from,
        .plan = plan,
        .files = wanted,
        .cancel = injection->options.run.cancel,
    };
    int result = 0;

    for (size_t i = 0; i < plan->count; i++) {
        out[i] = plan->files[i].digest;
        if (out[i].algorithm != DIGEST_SHA256)
            wanted[request.count++] = &plan->files[i];
    }
    CLEANUP(source_files) struct source_files *files = source_files_new(&request);
    free(wanted);
    for (size_t i = 0; i < plan->count && result == 0; i++)
        if (out[i].algorithm != DIGEST_SHA256)
            result = hash_file(files, &plan->files[i], &out[i], err);
    return result < 0 ? error_wrap(err, "reading the files of '%s'", model->title) : 0;
}

static int hash_models(struct attestation *attestation, const struct injection *injection,
                       const struct materials *materials, struct error *err)
{
    const struct listing *models = &materials->models;

    attestation->sha256 = xcalloc(models->count, sizeof(struct digest *));
    for (size_t i = 0; i < models->count; i++) {
        const struct listed_model *model = &models->items[i];
        attestation->sha256[i] = xcalloc(model->plan.count, sizeof(struct digest));
        attestation->models[i].sha256 = attestation->sha256[i];
        if (hash_small_files(injection, model, attestation->sha256[i], err) < 0)
            return -1;
    }
    return 0;
}

/* DIGEST_NONE if it cannot be read: then the documents do without. */
static struct digest program_digest(const struct log *log)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, 0);
    CLEANUP(reader) struct reader *program = NULL;
    char part[64 * 1024];
    ssize_t size = -1;

    if (file_reader_open("/proc/self/exe", 0, SIZE_UNKNOWN, &program, &why) == 0)
        while ((size = reader_read(program, part, sizeof(part), &why)) > 0)
            hasher_add(hasher, part, (size_t)size);
    if (size == 0)
        return hasher_finish(hasher);
    log_debug(log, "the program's own digest: %s", why.text);
    return (struct digest)DIGEST_INIT;
}

static void fill(struct attestation *attestation, const struct injection *injection,
                 const struct inject_result *result, const struct materials *materials)
{
    name_images(attestation, injection->line, &result->manifest.digest);
    provenance_image_set(&attestation->base, &injection->base, &materials->base.digest);
    ask(attestation, injection);
    record_options(attestation, injection->line);
    list_models(attestation, materials);
    attestation->provenance = (struct provenance){
        .images = attestation->images,
        .image_count = attestation->image_count,
        .base = &attestation->base,
        .recorded_bases = &materials->recorded_bases,
        .asked = &attestation->asked,
        .options = attestation->options,
        .option_count = attestation->option_count,
        .models = attestation->models,
        .model_count = materials->models.count,
        .kept = attestation->kept,
        .kept_count = materials->kept_count,
        .version = INLAY_VERSION,
        .program = program_digest(injection->options.run.log),
        .created = injection->options.created,
    };
}

static int attach(const struct document_kind *kind, const struct injection *injection,
                  const struct descriptor *image, const struct buf *bytes, struct error *err)
{
    const struct referrer referrer = {kind->media_type, bytes, kind->file_name, kind->annotation,
                                      kind->value};
    struct descriptor manifest = DESCRIPTOR_INIT;

    if (store_write_referrer(injection->target_store, image, &referrer, &manifest, err) < 0)
        return -1;
    log_info(injection->options.run.log, "attached: %s, %s", kind->title,
             digest_format(&manifest.digest).text);
    return 0;
}

/* Returns -1, with what is true of the image in front. */
static int wrap(const struct document_kind *kind, const struct provenance *provenance,
                const char *done, struct error *err)
{
    const struct provenance_image *image = &provenance->images[0];

    return error_wrap(err, "the image is published as %s@%s, and %s could not be %s", image->name,
                      digest_format(&image->digest).text, kind->title, done);
}

static int write_kind(const struct document_kind *kind, const struct injection *injection,
                      const struct descriptor *image, const struct provenance *provenance,
                      struct error *err)
{
    const char *const *file = options_list(injection->line, kind->option);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (file == NULL)
        return 0;
    kind->format(provenance, &bytes);
    for (; *file != NULL; file++) {
        if (**file == '\0' && attach(kind, injection, image, &bytes, err) < 0)
            return wrap(kind, provenance, "attached", err);
        if (**file != '\0' && file_replace_named(*file, buf_text(&bytes), bytes.size, err) < 0)
            return wrap(kind, provenance, "written", err);
    }
    return 0;
}

int attest_write(const struct injection *injection, const struct inject_result *result,
                 const struct materials *materials, struct error *err)
{
    CLEANUP(attestation) struct attestation attestation = {.images = NULL};

    if (!attest_is_wanted(injection->line))
        return 0;
    fill(&attestation, injection, result, materials);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!is_chosen(&kinds[i], injection->line))
            continue;
        if (kinds[i].wants_hashes && options_has(injection->line, kinds[i].option) &&
            hash_models(&attestation, injection, materials, err) < 0)
            return wrap(&kinds[i], &attestation.provenance, "made", err);
        if (write_kind(&kinds[i], injection, &result->manifest, &attestation.provenance, err) < 0)
            return -1;
    }
    return 0;
}
