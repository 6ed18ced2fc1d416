#include "provenance/provenance_internal.h"

#include "oci/member.h"

#include <string.h>

/*
 * What a statement says several times has to be said alike: those who judge an image by `uri` and
 * `digest` of a dependency do not read its annotations, which an image is compared by.
 */

static const char *text_of(const json_t *object, const char *name)
{
    return json_text(json_object_get(object, name));
}

/* "its uri is 'a', expected 'b'" */
static void note(struct strings *flaws, const char *member, const char *found, const char *expected)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_addf(&text, "its %s is ", member);
    if (found != NULL)
        buf_addf(&text, "'%s'", found);
    else
        buf_add_text(&text, "not there");
    if (expected != NULL)
        buf_addf(&text, ", expected '%s'", expected);
    else
        buf_add_text(&text, ", expected none");
    strings_add(flaws, buf_text(&text));
}

/* Both may be NULL: not there. */
static void compare(struct strings *flaws, const char *member, const char *found,
                    const char *expected)
{
    bool is_same =
        found != NULL && expected != NULL ? strcmp(found, expected) == 0 : found == expected;

    if (!is_same)
        note(flaws, member, found, expected);
}

/* Its one digest: "gitCommit:…"; NULL: there is none, or there are several. Caller frees. */
static char *only_digest(const json_t *dependency)
{
    json_t *set = json_object_get(dependency, "digest");
    void *first = json_object_iter(set);
    const char *value = first != NULL ? json_text(json_object_iter_value(first)) : NULL;

    if (value == NULL || json_object_size(set) != 1)
        return NULL;
    return xasprintf("%s:%s", json_object_iter_key(first), value);
}

/* The pin, as set_pin() has it; of what came with the base the kind is not told. */
static void check_digest(const struct stated_model *model, const json_t *dependency,
                         struct strings *flaws)
{
    CLEANUP(text) char *found = only_digest(dependency);
    CLEANUP(text) char *tree = xasprintf("gitTree:%s", model->pin);
    json_auto_t *like = json_object();

    provenance_set_pin(like, model->plan.origin.kind, model->pin);
    CLEANUP(text) char *expected = only_digest(like);
    if (model->is_kept && found != NULL && strcmp(found, tree) == 0)
        return;
    compare(flaws, "digest", found, expected);
}

/* A name that was given says nothing of where it comes from. */
static bool has_own_name(const struct stated_model *model)
{
    const char *name;

    return origin_from_record(model->name, &name) == model->plan.origin.kind;
}

static void check_uri(const struct stated_model *model, const json_t *dependency,
                      struct strings *flaws)
{
    const struct origin *origin = &model->plan.origin;
    const char *found = text_of(dependency, "uri");
    const char *name;
    struct origin recorded = ORIGIN_INIT;

    recorded.kind = origin->kind;
    origin_from_record(model->name, &name);
    recorded.name = xstrdup(name);
    CLEANUP(text) char *expected = uri_of_model(&recorded, model->pin);
    free(recorded.name);
    if (model->is_kept && found == NULL)
        return;
    if (has_own_name(model) || expected == NULL)
        compare(flaws, "uri", found, expected);
}

void statement_check_model(const struct stated_model *model, const json_t *dependency,
                           struct strings *flaws)
{
    compare(flaws, "name", text_of(dependency, "name"), model->name);
    check_uri(model, dependency, flaws);
    check_digest(model, dependency, flaws);
}

void statement_check_file(const struct stated_model *model, const json_t *dependency,
                          struct strings *flaws)
{
    const char *path = text_of(dependency, "name");
    CLEANUP(buf) struct buf uri = BUF_INIT;
    CLEANUP(text) char *member = xasprintf("uri of '%s'", path);

    if (model->uri != NULL) {
        buf_addf(&uri, "%s#", model->uri);
        purl_encode(&uri, path);
    }
    compare(flaws, member, text_of(dependency, "uri"), model->uri != NULL ? buf_text(&uri) : NULL);
}

void statement_check_image(const json_t *image, const struct digest *digest, struct strings *flaws)
{
    CLEANUP(provenance_image) struct provenance_image expected = PROVENANCE_IMAGE_INIT;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* a name that others have given */
    const char *name = text_of(image, "name");
    const char *uri = text_of(image, "uri");

    /* A name without a tag is that of what was given by its digest, not that of "latest". */
    CLEANUP(text)
    char *whole = name != NULL ? xasprintf("%s@%s", name, digest_format(digest).text) : NULL;

    if (whole != NULL && reference_parse(whole, &reference, &ignored) == 0)
        provenance_image_set(&expected, &reference, digest);
    if (uri != NULL)
        compare(flaws, "uri", uri, expected.purl);
}

void statement_check_base(const json_t *base, const json_t *parameters, struct strings *flaws)
{
    compare(flaws, "name", text_of(base, "name"), text_of(parameters, "base"));
}
