#include "provenance/provenance_internal.h"

#include "oci/document.h"

#include <string.h>

void json_set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

void json_set_texts(json_t *object, const char *name, const struct strings *texts)
{
    json_t *list = json_array();

    for (size_t i = 0; texts != NULL && i < texts->count; i++)
        json_array_append_new(list, json_string(texts->items[i]));
    if (json_array_size(list) > 0)
        json_object_set(object, name, list);
    json_decref(list);
}

/* in-toto's digest_set.md; git's names of things are named after what they are of. */
static json_t *digest_set(const struct digest *digest)
{
    const char *name =
        digest->algorithm == DIGEST_GIT_SHA1 ? "gitBlob" : digest_algorithm_name(digest->algorithm);

    return json_pack("{s:s}", name, digest_format_hex(digest).text);
}

static void set_digest(json_t *descriptor, const struct digest *digest)
{
    if (digest->algorithm != DIGEST_NONE)
        json_object_set_new(descriptor, "digest", digest_set(digest));
}

/* A commit, git's name of a folder, or the digest of a file or manifest. */
void provenance_set_pin(json_t *descriptor, enum origin_kind kind, const char *pin)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is no digest */
    struct digest digest = DIGEST_INIT;

    if (digest_parse(pin, &digest, &ignored) == 0)
        set_digest(descriptor, &digest);
    else
        json_object_set_new(
            descriptor, "digest",
            json_pack("{s:s}", origin_has_commits(kind) ? "gitCommit" : "gitTree", pin));
}

static json_t *image_descriptor(const struct provenance_image *image)
{
    json_t *descriptor = json_object();

    json_set_text(descriptor, "name", image->name);
    json_set_text(descriptor, "uri", image->purl);
    set_digest(descriptor, &image->digest);
    return descriptor;
}

/* What tells which model of the image it is: as its layers record it. */
static json_t *model_annotations(const struct provenance_model *model)
{
    CLEANUP(text) char *record = origin_record(&model->plan->origin);

    return json_pack("{s:s, s:s, s:s}", "model", record, "pin", model->plan->pin, "layout",
                     model->layout);
}

static void add_model(json_t *list, const struct provenance_model *model, const char *uri)
{
    const struct plan *plan = model->plan;
    json_t *descriptor = json_object();
    json_t *annotations = model_annotations(model);

    json_set_text(descriptor, "name", json_string_value(json_object_get(annotations, "model")));
    json_set_text(descriptor, "uri", uri);
    provenance_set_pin(descriptor, plan->origin.kind, plan->pin);
    json_set_text(annotations, "source", origin_kind_name(plan->origin.kind));
    json_set_text(annotations, "revision", plan->origin.revision);
    json_set_text(annotations, "license", plan->license);
    json_set_text(annotations, "licenseName", plan->license_name);
    json_set_texts(annotations, "companionOf", model->companion_of);
    json_object_set_new(descriptor, "annotations", annotations);
    json_array_append_new(list, descriptor);
}

static void add_file(json_t *list, const struct provenance_model *model, const char *uri,
                     const struct plan_file *file)
{
    CLEANUP(buf) struct buf place = BUF_INIT;
    json_t *descriptor = json_object();
    json_t *annotations = model_annotations(model);

    json_set_text(descriptor, "name", file->path);
    if (uri != NULL) {
        buf_addf(&place, "%s#", uri);
        purl_encode(&place, file->path);
        json_set_text(descriptor, "uri", buf_text(&place));
    }
    set_digest(descriptor, &file->digest);
    json_object_set_new(annotations, "size", json_integer((json_int_t)file->size));
    json_object_set_new(descriptor, "annotations", annotations);
    json_array_append_new(list, descriptor);
}

/* The base may have been built on another one, which is what the image records. */
static json_t *base_descriptor(const struct provenance *provenance)
{
    const struct provenance_image *base = provenance->base;
    const struct strings *recorded = provenance->recorded_bases;
    json_t *descriptor = image_descriptor(base);
    bool is_same =
        recorded->count == 0 ||
        (recorded->count == 1 && strings_has(recorded, digest_format(&base->digest).text));

    if (!is_same) {
        json_t *annotations = json_object();
        json_set_texts(annotations, "recordedBase", recorded);
        json_object_set_new(descriptor, "annotations", annotations);
    }
    return descriptor;
}

/* What came with the base: its files are the base's. */
static void add_kept(json_t *list, const struct provenance_kept *kept)
{
    CLEANUP(text) char *uri = uri_of_kept(kept);
    bool is_folder =
        kept->source != NULL && strcmp(kept->source, origin_kind_name(ORIGIN_FOLDER)) == 0;
    json_t *descriptor = json_pack("{s:s}", "name", kept->name);

    json_set_text(descriptor, "uri", uri);
    provenance_set_pin(descriptor, is_folder ? ORIGIN_FOLDER : ORIGIN_MODELSCOPE, kept->pin);
    json_object_set_new(descriptor, "annotations",
                        json_pack("{s:s, s:s, s:s, s:s}", "model", kept->name, "pin", kept->pin,
                                  "layout", kept->layout, "from", "base"));
    json_array_append_new(list, descriptor);
}

/* The base, and each model with its files behind it. */
static json_t *dependencies(const struct provenance *provenance)
{
    json_t *list = json_array();

    if (provenance->base->digest.algorithm != DIGEST_NONE)
        json_array_append_new(list, base_descriptor(provenance));
    for (size_t i = 0; i < provenance->kept_count; i++)
        add_kept(list, &provenance->kept[i]);
    for (size_t i = 0; i < provenance->model_count; i++) {
        const struct provenance_model *model = &provenance->models[i];
        CLEANUP(text) char *uri = uri_of_model(&model->plan->origin, model->plan->pin);
        add_model(list, model, uri);
        for (size_t k = 0; k < model->plan->count; k++)
            add_file(list, model, uri, &model->plan->files[k]);
    }
    return list;
}

static json_t *option_values(const struct provenance_option *option)
{
    if (option->values == NULL || option->values[0] == NULL)
        return json_true();
    json_t *list = json_array();
    for (const char *const *value = option->values; *value != NULL; value++)
        json_array_append_new(list, json_string(*value));
    return list;
}

static json_t *external_parameters(const struct provenance *provenance)
{
    json_t *parameters = json_object();
    json_t *options = json_object();

    json_set_text(parameters, "base", provenance->base->name);
    json_set_texts(parameters, "models", provenance->asked);
    for (size_t i = 0; i < provenance->option_count; i++)
        json_object_set_new(options, provenance->options[i].name,
                            option_values(&provenance->options[i]));
    json_object_set_new(parameters, "options", options);
    return parameters;
}

/* slsa.dev/spec/v1.0/provenance, "runDetails". */
static json_t *run_details(const struct provenance *provenance)
{
    json_t *builder = json_pack("{s:s, s:{s:s}}", "id", PROVENANCE_BUILDER, "version", "inlay",
                                provenance->version);
    json_t *details = json_pack("{s:o}", "builder", builder);
    json_t *program = json_pack("{s:s}", "name", "inlay");

    if (provenance->program.algorithm != DIGEST_NONE) {
        set_digest(program, &provenance->program);
        json_object_set_new(builder, "builderDependencies", json_pack("[O]", program));
    }
    json_decref(program);
    if (provenance->created != NULL)
        json_object_set_new(details, "metadata",
                            json_pack("{s:s}", "finishedOn", provenance->created));
    return details;
}

static json_t *subjects(const struct provenance *provenance)
{
    json_t *list = json_array();

    for (size_t i = 0; i < provenance->image_count; i++)
        json_array_append_new(list, image_descriptor(&provenance->images[i]));
    return list;
}

void provenance_format(const struct provenance *provenance, struct buf *out)
{
    json_t *definition = json_pack("{s:s, s:o, s:o}", "buildType", PROVENANCE_BUILD_TYPE,
                                   "externalParameters", external_parameters(provenance),
                                   "resolvedDependencies", dependencies(provenance));
    json_auto_t *statement =
        json_pack("{s:s, s:o, s:s, s:{s:o, s:o}}", "_type", PROVENANCE_STATEMENT_TYPE, "subject",
                  subjects(provenance), "predicateType", PROVENANCE_PREDICATE_TYPE, "predicate",
                  "buildDefinition", definition, "runDetails", run_details(provenance));

    json_to_buf(statement, out);
}
