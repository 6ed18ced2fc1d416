#include "provenance/provenance_internal.h"

#include "oci/document.h"
#include "oci/member.h"

#include <string.h>

static void model_release(struct stated_model *model)
{
    free(model->name);
    free(model->pin);
    free(model->layout);
    free(model->uri);
    plan_release(&model->plan);
    strings_release(&model->flaws);
}

void statement_release(struct statement *statement)
{
    for (size_t i = 0; i < statement->model_count; i++)
        model_release(&statement->models[i]);
    free(statement->models);
    free(statement->subjects);
    strings_release(&statement->bases);
    free(statement->base_name);
    strings_release(&statement->subject_flaws);
    strings_release(&statement->base_flaws);
    *statement = (struct statement)STATEMENT_INIT;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_text(json_object_get(object, name));
}

/* DIGEST_NONE if none of its names is known; git's names of things are told by what they are of. */
static struct digest digest_from_set(const json_t *set)
{
    static const struct {
        const char *name;
        enum digest_algorithm algorithm;
    } names[] = {
        {"sha256", DIGEST_SHA256}, {"sha512", DIGEST_SHA512}, {"gitBlob", DIGEST_GIT_SHA1}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(error) struct error unusable = ERROR_INIT;
        struct digest digest = DIGEST_INIT;
        const char *hex = text_of(set, names[i].name);
        if (hex != NULL && digest_parse_hex(names[i].algorithm, hex, &digest, &unusable) == 0)
            return digest;
    }
    return (struct digest)DIGEST_INIT;
}

static int read_subjects(const json_t *document, struct statement *out, struct error *err)
{
    const json_t *list = json_object_get(document, "subject");
    const json_t *each;
    size_t i;

    out->subjects = xcalloc(json_array_size(list) + 1, sizeof(*out->subjects));
    json_array_foreach(list, i, each)
    {
        struct digest digest = digest_from_set(json_object_get(each, "digest"));
        if (digest.algorithm == DIGEST_NONE)
            continue;
        out->subjects[out->subject_count++] = digest;
        statement_check_image(each, &digest, &out->subject_flaws);
    }
    if (out->subject_count > 0)
        return 0;
    return error_set(err, ERROR_CORRUPT, "the statement names no image by its digest");
}

static bool is_of_model(const json_t *dependency)
{
    return json_object_get(json_object_get(dependency, "annotations"), "model") != NULL;
}

static bool is_named(const json_t *dependency, const char *name)
{
    const char *own = text_of(dependency, "name");

    return own != NULL && name != NULL && strcmp(own, name) == 0;
}

/*
 * What has the name of the parameter "base"; else the first that is no model's, whatever it is
 * called. Others may have put theirs before it. NULL: there is none, as of "scratch".
 */
static const json_t *find_base(const json_t *list, const char *name, struct strings *flaws)
{
    const json_t *named = NULL;
    const json_t *first = NULL;
    const json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        if (!json_is_object(each) || is_of_model(each))
            continue;
        first = first != NULL ? first : each;
        if (!is_named(each, name))
            continue;
        if (named != NULL)
            strings_add(flaws, "several dependencies have its name, expected one");
        named = named != NULL ? named : each;
    }
    return named != NULL ? named : first;
}

static void read_base(const json_t *list, const json_t *parameters, struct statement *out)
{
    const json_t *base = find_base(list, text_of(parameters, "base"), &out->base_flaws);
    struct digest digest = digest_from_set(json_object_get(base, "digest"));
    const json_t *recorded = json_object_get(json_object_get(base, "annotations"), "recordedBase");
    const json_t *each;
    size_t i;

    if (digest.algorithm == DIGEST_NONE)
        return;
    strings_add(&out->bases, digest_format(&digest).text);
    out->base_name = text_copy(text_of(base, "name"));
    statement_check_image(base, &digest, &out->base_flaws);
    statement_check_base(base, parameters, &out->base_flaws);
    json_array_foreach(recorded, i, each)
    {
        if (json_text(each) != NULL)
            strings_add(&out->bases, json_text(each));
    }
}

static enum origin_kind kind_of(const char *record, const char *source, const char **name)
{
    enum origin_kind kind = origin_from_record(record, name);

    for (size_t i = 0; source != NULL && i < ORIGIN_KIND_COUNT; i++)
        if (strcmp(source, origin_kind_name((enum origin_kind)i)) == 0)
            return (enum origin_kind)i;
    return kind;
}

/* What tells a model from the others. */
struct identity {
    const char *model, *pin, *layout;
};

static bool is_same(const struct stated_model *model, const struct identity *identity)
{
    return strcmp(model->name, identity->model) == 0 && strcmp(model->pin, identity->pin) == 0 &&
           strcmp(model->layout, identity->layout) == 0;
}

/* Whose file this is: the model's that stands before it. */
static struct stated_model *find_model(const struct statement *statement,
                                       const struct identity *identity)
{
    struct stated_model *last =
        statement->model_count > 0 ? &statement->models[statement->model_count - 1] : NULL;

    return last != NULL && is_same(last, identity) ? last : NULL;
}

static void add_model(struct statement *out, const json_t *dependency,
                      const struct identity *identity)
{
    const json_t *annotations = json_object_get(dependency, "annotations");
    const char *from = text_of(annotations, "from");
    const char *uri = text_of(dependency, "uri");
    const char *source = text_of(annotations, "source");
    const char *name;
    enum origin_kind kind = kind_of(identity->model, source, &name);

    out->models = xrealloc(out->models, out->model_count + 1, sizeof(*out->models));
    struct stated_model *model = &out->models[out->model_count++];
    *model = (struct stated_model){
        .name = xstrdup(identity->model),
        .pin = xstrdup(identity->pin),
        .layout = xstrdup(identity->layout),
        .uri = text_copy(uri),
        .has_source = source != NULL,
        .is_kept = from != NULL && strcmp(from, "base") == 0,
        .plan = PLAN_INIT,
        .flaws = STRINGS_INIT,
    };
    model->plan.origin.kind = kind;
    model->plan.origin.name = xstrdup(kind == ORIGIN_URL && uri != NULL ? uri : name);
    model->plan.pin = xstrdup(identity->pin);
    statement_check_model(model, dependency, &model->flaws);
}

static int add_file(struct stated_model *model, const json_t *dependency, const json_t *size,
                    struct error *err)
{
    const char *path = text_of(dependency, "name");
    struct plan_file file = {.digest = digest_from_set(json_object_get(dependency, "digest"))};

    if (path == NULL || plan_check_path(path, err) < 0 || json_integer_value(size) < 0)
        return error_set(err, ERROR_CORRUPT,
                         "the statement has a file of '%s' without a path or size that is one",
                         model->name);
    CLEANUP(text) char *copy = xstrdup(path);
    file.path = copy;
    file.size = (uint64_t)json_integer_value(size);
    plan_add(&model->plan, &file);
    statement_check_file(model, dependency, &model->flaws);
    return 0;
}

/* A model, or one of its files, which has a size; anything else was added by somebody else. */
static int read_dependency(const json_t *dependency, struct statement *out, struct error *err)
{
    const json_t *annotations = json_object_get(dependency, "annotations");
    const json_t *size = json_object_get(annotations, "size");
    const struct identity identity = {text_of(annotations, "model"), text_of(annotations, "pin"),
                                      text_of(annotations, "layout")};

    if (identity.model == NULL || identity.pin == NULL || identity.layout == NULL)
        return 0;
    if (!json_is_integer(size)) {
        add_model(out, dependency, &identity);
        return 0;
    }
    struct stated_model *model = find_model(out, &identity);
    if (model == NULL)
        return error_set(err, ERROR_CORRUPT,
                         "the statement has a file of '%s', which it does not name before it",
                         identity.model);
    return add_file(model, dependency, size, err);
}

/* cosign puts what it signs into one of the earlier version, of which all that counts is the same.
 */
#define STATEMENT_TYPE_BEFORE "https://in-toto.io/Statement/v0.1"

static int check_type(const json_t *document, const json_t *definition, struct error *err)
{
    const char *type = text_of(document, "_type");
    const char *predicate = text_of(document, "predicateType");
    const char *build = text_of(definition, "buildType");

    if (type == NULL ||
        (strcmp(type, PROVENANCE_STATEMENT_TYPE) != 0 && strcmp(type, STATEMENT_TYPE_BEFORE) != 0))
        return error_set(err, ERROR_CORRUPT, "this is no statement of in-toto; expected _type '%s'",
                         PROVENANCE_STATEMENT_TYPE);
    if (predicate == NULL || strcmp(predicate, PROVENANCE_PREDICATE_TYPE) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the statement's predicateType is '%s', expected '%s'",
                         predicate != NULL ? predicate : "", PROVENANCE_PREDICATE_TYPE);
    if (build == NULL || strcmp(build, PROVENANCE_BUILD_TYPE) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the statement is of a build of type '%s', expected '%s'",
                         build != NULL ? build : "", PROVENANCE_BUILD_TYPE);
    return 0;
}

static int read_all(const json_t *document, struct statement *out, struct error *err)
{
    const json_t *definition =
        json_object_get(json_object_get(document, "predicate"), "buildDefinition");
    const json_t *list = json_object_get(definition, "resolvedDependencies");
    const json_t *each;
    size_t i;

    if (check_type(document, definition, err) < 0 || read_subjects(document, out, err) < 0)
        return -1;
    read_base(list, json_object_get(definition, "externalParameters"), out);
    json_array_foreach(list, i, each)
    {
        if (read_dependency(each, out, err) < 0)
            return -1;
    }
    for (i = 0; i < out->model_count; i++)
        plan_sort(&out->models[i].plan);
    return 0;
}

int statement_parse(const struct buf *bytes, struct statement *out, struct error *err)
{
    CLEANUP(statement) struct statement statement = STATEMENT_INIT;
    json_auto_t *document = NULL;

    if (json_from_buf(bytes, "the statement", &document, err) < 0 ||
        read_all(document, &statement, err) < 0)
        return -1;
    statement_release(out);
    *out = statement;
    statement = (struct statement)STATEMENT_INIT;
    return 0;
}
