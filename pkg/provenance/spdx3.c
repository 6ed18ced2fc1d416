#include "provenance/provenance_internal.h"

#include "oci/document.h"

#include <string.h>

/*
 * SPDX 3.0.1 in JSON-LD: its model of software, licences, models and datasets. A time has to be
 * there: without one it is 1970, and the document says so.
 */
#define NO_TIME "1970-01-01T00:00:00Z"
#define CREATION "_:creation"

/* A document being written; all of its elements have names that begin with `prefix`. */
struct graph {
    const struct provenance *provenance;
    const char *prefix;
    json_t *elements;
    struct strings licenses; /* expressions that have an element, by their numbers */
    struct strings others;   /* models and datasets that cards name, the same: "model org/name" */
    size_t relationships;
};

static void graph_release(struct graph *graph)
{
    json_decref(graph->elements);
    strings_release(&graph->licenses);
    strings_release(&graph->others);
}
CLEANUP_RELEASE(graph)

/* Appends an element, and lends it. */
static json_t *add(struct graph *graph, const char *type, const char *id)
{
    json_t *element =
        json_pack("{s:s, s:s, s:s}", "type", type, "spdxId", id, "creationInfo", CREATION);

    json_array_append_new(graph->elements, element);
    return element;
}

static char *name_id(const struct graph *graph, const char *kind, size_t number)
{
    return xasprintf("%s%s-%zu", graph->prefix, kind, number + 1);
}

/* Takes the list over; nothing is said of an empty one. */
static void relate(struct graph *graph, const char *from, const char *type, json_t *to)
{
    if (json_array_size(to) > 0) {
        CLEANUP(text) char *id = name_id(graph, "relationship", graph->relationships++);
        json_t *element = add(graph, "Relationship", id);
        json_set_text(element, "from", from);
        json_set_text(element, "relationshipType", type);
        json_object_set(element, "to", to);
    }
    json_decref(to);
}

static void set_hash(json_t *element, const struct digest *digest)
{
    const char *name = digest->algorithm == DIGEST_SHA256   ? "sha256"
                       : digest->algorithm == DIGEST_SHA512 ? "sha512"
                                                            : NULL;

    if (name != NULL)
        json_object_set_new(element, "verifiedUsing",
                            json_pack("[{s:s, s:s, s:s}]", "type", "Hash", "algorithm", name,
                                      "hashValue", digest_format_hex(digest).text));
}

static void add_image(struct graph *graph, const char *kind, const struct provenance_image *image)
{
    CLEANUP(text) char *id = xasprintf("%s%s", graph->prefix, kind);
    json_t *element = add(graph, "software_Package", id);

    json_set_text(element, "name", image->name != NULL ? image->name : "");
    json_set_text(element, "software_primaryPurpose", "container");
    json_set_text(element, "software_packageUrl", image->purl);
    if (image->digest.algorithm != DIGEST_NONE)
        json_set_text(element, "software_packageVersion", digest_format(&image->digest).text);
    set_hash(element, &image->digest);
}

/* The number of a text in a list, to which it is added if it is not there. */
static size_t number_of(struct strings *list, const char *text, bool *is_new)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0) {
            *is_new = false;
            return i;
        }
    strings_add(list, text);
    *is_new = true;
    return list->count - 1;
}

/* An identifier of SPDX's list, or one of this document's own, in the letters that it may have. */
static char *license_expression(const char *license)
{
    const char *identifier = spdx_identifier(license);
    char *text = identifier != NULL ? xstrdup(identifier) : xasprintf("LicenseRef-%s", license);

    for (char *at = text; *at != '\0'; at++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *at) == NULL)
            *at = '-';
    return text;
}

static void add_license(struct graph *graph, const char *license, json_t *list)
{
    CLEANUP(text) char *expression = license_expression(license);
    bool is_new = false;
    size_t number = number_of(&graph->licenses, expression, &is_new);
    CLEANUP(text) char *id = name_id(graph, "license", number);

    if (is_new) {
        json_t *element = add(graph, "simplelicensing_LicenseExpression", id);
        json_set_text(element, "simplelicensing_licenseExpression", expression);
    }
    json_array_append_new(list, json_string(id));
}

/* What its card declares; inlay concludes nothing. */
static void add_licenses(struct graph *graph, const char *id, const struct plan *plan)
{
    CLEANUP(strings) struct strings licenses = STRINGS_INIT;
    json_t *list = json_array();

    spdx_split(plan, &licenses);
    for (size_t i = 0; i < licenses.count; i++)
        add_license(graph, spdx_name(plan, licenses.items[i]), list);
    relate(graph, id, "hasDeclaredLicense", list);
}

static json_t *add_package(struct graph *graph, const char *id, bool is_data, const char *name)
{
    json_t *element = add(graph, is_data ? "dataset_DatasetPackage" : "ai_AIPackage", id);

    json_set_text(element, "name", name);
    json_set_text(element, "software_primaryPurpose", is_data ? "data" : "model");
    if (is_data) /* which has to be there */
        json_object_set_new(element, "dataset_datasetType", json_pack("[s]", "noAssertion"));
    return element;
}

/* Models or datasets that a card names, of which nothing else is known. */
static void add_named(struct graph *graph, const char *from, const char *relation, bool is_data,
                      const struct strings *names)
{
    json_t *list = json_array();

    for (size_t i = 0; i < names->count; i++) {
        CLEANUP(text)
        char *key = xasprintf("%s %s", is_data ? "dataset" : "model", names->items[i]);
        bool is_new = false;
        CLEANUP(text)
        char *id = name_id(graph, "named", number_of(&graph->others, key, &is_new));
        if (is_new)
            add_package(graph, id, is_data, names->items[i]);
        json_array_append_new(list, json_string(id));
    }
    relate(graph, from, relation, list);
}

static void add_files(struct graph *graph, const char *model_id,
                      const struct provenance_model *model)
{
    json_t *list = json_array();

    for (size_t i = 0; i < model->plan->count; i++) {
        const struct plan_file *file = &model->plan->files[i];
        CLEANUP(text) char *id = xasprintf("%s-file-%zu", model_id, i + 1);
        json_t *element = add(graph, "software_File", id);
        json_set_text(element, "name", file->path);
        set_hash(element, model->sha256 != NULL ? &model->sha256[i] : &file->digest);
        json_array_append_new(list, json_string(id));
    }
    relate(graph, model_id, "contains", list);
}

static void add_companions(struct graph *graph, const char *id,
                           const struct provenance_model *model)
{
    const struct provenance *provenance = graph->provenance;
    json_t *list = json_array();

    for (size_t i = 0; i < provenance->model_count; i++)
        if (strings_has(provenance->models[i].companion_of, model->title)) {
            CLEANUP(text) char *other = name_id(graph, "model", i);
            json_array_append_new(list, json_string(other));
        }
    relate(graph, id, "dependsOn", list);
}

static void add_model(struct graph *graph, size_t number, json_t *contents)
{
    const struct provenance_model *model = &graph->provenance->models[number];
    const struct plan *plan = model->plan;
    bool is_data = plan->origin.kind == ORIGIN_HUB_DATASET;
    CLEANUP(text) char *id = name_id(graph, "model", number);
    CLEANUP(text) char *record = origin_record(&plan->origin);
    CLEANUP(text) char *purl = purl_of_model(&plan->origin, plan->pin);
    json_t *element = add_package(graph, id, is_data, record);

    json_set_text(element, "software_packageVersion", plan->pin);
    json_set_text(element, "software_packageUrl", purl);
    if (!is_data && plan->card.task != NULL)
        json_set_text(element, "ai_informationAboutApplication", plan->card.task);
    json_array_append_new(contents, json_string(id));
    add_files(graph, id, model);
    add_licenses(graph, id, plan);
    add_named(graph, id, "descendantOf", false, &plan->card.base_models);
    if (!is_data)
        add_named(graph, id, "trainedOn", true, &plan->card.datasets);
    add_companions(graph, id, model);
}

/* One that came with the base. */
static void add_kept(struct graph *graph, size_t number, json_t *contents)
{
    const struct provenance_kept *kept = &graph->provenance->kept[number];
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    bool is_known = origin_of_kept(kept, &origin);
    CLEANUP(text) char *purl = is_known ? purl_of_model(&origin, kept->pin) : NULL;
    CLEANUP(text) char *id = name_id(graph, "kept", number);
    json_t *element =
        add_package(graph, id, is_known && origin.kind == ORIGIN_HUB_DATASET, kept->name);

    json_set_text(element, "software_packageVersion", kept->pin);
    json_set_text(element, "software_packageUrl", purl);
    json_array_append_new(contents, json_string(id));
}

/* Who says it, and when; and the document and the bill that all of it is in. */
static void add_frame(struct graph *graph)
{
    const struct provenance *provenance = graph->provenance;
    CLEANUP(text) char *agent = xasprintf("%sinlay", graph->prefix);
    CLEANUP(text) char *document = xasprintf("%sdocument", graph->prefix);
    CLEANUP(text) char *bill = xasprintf("%ssbom", graph->prefix);
    CLEANUP(text) char *image = xasprintf("%simage", graph->prefix);
    CLEANUP(text) char *name = xasprintf("inlay %s", provenance->version);
    json_t *creation =
        json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "type", "CreationInfo", "@id", CREATION,
                  "specVersion", "3.0.1", "created",
                  provenance->created != NULL ? provenance->created : NO_TIME, "createdBy", agent);

    if (provenance->created == NULL)
        json_set_text(creation, "comment", "no time is told: SOURCE_DATE_EPOCH was not set");
    json_array_append_new(graph->elements, creation);
    json_set_text(add(graph, "SoftwareAgent", agent), "name", name);
    json_t *element = add(graph, "SpdxDocument", document);
    json_object_set_new(element, "rootElement", json_pack("[s]", bill));
    json_object_set_new(element, "profileConformance",
                        json_pack("[s, s, s]", "core", "simpleLicensing", "software"));
    element = add(graph, "software_Sbom", bill);
    json_object_set_new(element, "rootElement", json_pack("[s]", image));
    json_object_set_new(element, "software_sbomType", json_pack("[s]", "build"));
}

static json_t *write_document(const struct provenance *provenance, const char *prefix)
{
    CLEANUP(graph)
    struct graph graph = {
        .provenance = provenance,
        .prefix = prefix,
        .elements = json_array(),
        .licenses = STRINGS_INIT,
        .others = STRINGS_INIT,
    };
    CLEANUP(text) char *image = xasprintf("%simage", prefix);
    CLEANUP(text) char *base = xasprintf("%sbase", prefix);
    json_t *contents = json_array();

    add_frame(&graph);
    add_image(&graph, "image", &provenance->images[0]);
    add_image(&graph, "base", provenance->base);
    relate(&graph, image, "descendantOf", json_pack("[s]", base));
    for (size_t i = 0; i < provenance->kept_count; i++)
        add_kept(&graph, i, contents);
    for (size_t i = 0; i < provenance->model_count; i++)
        add_model(&graph, i, contents);
    relate(&graph, image, "contains", contents);
    return json_pack("{s:s, s:O}", "@context", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
                     "@graph", graph.elements);
}

/* Two documents name their elements alike only if they say the same. */
void spdx3_format(const struct provenance *provenance, struct buf *out)
{
    json_auto_t *nameless = write_document(provenance, "urn:");
    CLEANUP(text) char *number = document_number(nameless);
    CLEANUP(text) char *prefix = xasprintf("%s#", number);
    json_auto_t *document = write_document(provenance, prefix);

    json_to_buf(document, out);
}
