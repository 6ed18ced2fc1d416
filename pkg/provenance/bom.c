#include "provenance/provenance_internal.h"

#include "oci/document.h"

#include <inttypes.h>
#include <string.h>

/* CycloneDX 1.6, "Bill of Materials Specification" (ECMA-424), with the parts for models. */

/* Their "hashes"; git's name of a blob is none of theirs. */
static void set_hashes(json_t *component, const struct digest *digest)
{
    const char *name = digest->algorithm == DIGEST_SHA256   ? "SHA-256"
                       : digest->algorithm == DIGEST_SHA512 ? "SHA-512"
                                                            : NULL;

    if (name != NULL)
        json_object_set_new(
            component, "hashes",
            json_pack("[{s:s, s:s}]", "alg", name, "content", digest_format_hex(digest).text));
}

static void add_property(json_t *properties, const char *name, const char *value)
{
    if (value != NULL)
        json_array_append_new(properties, json_pack("{s:s, s:s}", "name", name, "value", value));
}

/* "org/name" and "datasets/org/name" in two, if they are of the Hub; another name stays as it is.
 */
static void set_name(json_t *component, const char *record, bool is_of_hub)
{
    const char *name = record;

    if (is_of_hub)
        (void)origin_from_record(record, &name);
    const char *slash = is_of_hub ? strchr(name, '/') : NULL;

    if (slash != NULL)
        json_object_set_new(component, "group", json_stringn(name, (size_t)(slash - name)));
    json_object_set_new(component, "name", json_string(slash != NULL ? slash + 1 : name));
}

static json_t *image_component(const char *reference, const struct provenance_image *image)
{
    json_t *component = json_pack("{s:s, s:s, s:s}", "type", "container", "bom-ref", reference,
                                  "name", image->name != NULL ? image->name : "");

    if (image->digest.algorithm != DIGEST_NONE)
        json_object_set_new(component, "version", json_string(digest_format(&image->digest).text));
    json_set_text(component, "purl", image->purl);
    set_hashes(component, &image->digest);
    return component;
}

/* What tells a model of this image from every other. Caller frees. */
static char *reference_of(const char *record, const char *pin, const char *layout)
{
    return xasprintf("%s@%s#%s", record, pin, layout);
}

static char *reference_of_model(const struct provenance_model *model)
{
    CLEANUP(text) char *record = origin_record(&model->plan->origin);

    return reference_of(record, model->plan->pin, model->layout);
}

/* An identifier of SPDX's list, or the name that the card has for it; of several one each. */
static void set_licenses(json_t *component, const struct plan *plan)
{
    CLEANUP(strings) struct strings licenses = STRINGS_INIT;
    json_t *list = json_array();

    spdx_split(plan, &licenses);
    for (size_t i = 0; i < licenses.count; i++) {
        const char *identifier = spdx_identifier(licenses.items[i]);
        const char *name = spdx_name(plan, licenses.items[i]);
        json_array_append_new(list,
                              json_pack("{s:{s:s}}", "license", identifier != NULL ? "id" : "name",
                                        identifier != NULL ? identifier : name));
    }
    if (json_array_size(list) > 0)
        json_object_set(component, "licenses", list);
    json_decref(list);
}

/* Models that it was made from; of these the card has no commit. */
static void set_pedigree(json_t *component, const struct plan_card *card)
{
    json_t *ancestors = json_array();

    for (size_t i = 0; i < card->base_models.count; i++) {
        CLEANUP(buf) struct buf purl = BUF_INIT;
        json_t *ancestor = json_pack("{s:s}", "type", "machine-learning-model");
        set_name(ancestor, card->base_models.items[i], true);
        buf_add_text(&purl, "pkg:huggingface/");
        purl_encode(&purl, card->base_models.items[i]);
        json_set_text(ancestor, "purl", buf_text(&purl));
        json_array_append_new(ancestors, ancestor);
    }
    if (json_array_size(ancestors) > 0)
        json_object_set_new(component, "pedigree", json_pack("{s:O}", "ancestors", ancestors));
    json_decref(ancestors);
}

static void set_model_card(json_t *component, const struct plan_card *card)
{
    json_t *parameters = json_object();
    json_t *datasets = json_array();

    json_set_text(parameters, "task", card->task);
    for (size_t i = 0; i < card->datasets.count; i++)
        json_array_append_new(
            datasets, json_pack("{s:s, s:s}", "type", "dataset", "name", card->datasets.items[i]));
    if (json_array_size(datasets) > 0)
        json_object_set(parameters, "datasets", datasets);
    json_decref(datasets);
    if (json_object_size(parameters) > 0)
        json_object_set_new(component, "modelCard",
                            json_pack("{s:O}", "modelParameters", parameters));
    json_decref(parameters);
}

static json_t *file_component(const struct provenance_model *model, size_t number)
{
    const struct plan_file *file = &model->plan->files[number];
    const struct digest *digest = model->sha256 != NULL ? &model->sha256[number] : &file->digest;
    json_t *component = json_pack("{s:s, s:s}", "type", "file", "name", file->path);
    json_t *properties = json_array();
    CLEANUP(text) char *size = xasprintf("%" PRIu64, file->size);

    set_hashes(component, digest);
    add_property(properties, "inlay:size", size);
    if (file->digest.algorithm == DIGEST_GIT_SHA1)
        add_property(properties, "inlay:git-blob", digest_format_hex(&file->digest).text);
    json_object_set_new(component, "properties", properties);
    return component;
}

/* One that this call put in, with its files. */
static json_t *model_component(const struct provenance_model *model)
{
    const struct plan *plan = model->plan;
    bool is_data = plan->origin.kind == ORIGIN_HUB_DATASET;
    CLEANUP(text) char *reference = reference_of_model(model);
    CLEANUP(text) char *record = origin_record(&plan->origin);
    CLEANUP(text) char *uri = uri_of_model(&plan->origin, plan->pin);
    CLEANUP(text) char *purl = purl_of_model(&plan->origin, plan->pin);
    json_t *component = json_pack("{s:s, s:s}", "type", is_data ? "data" : "machine-learning-model",
                                  "bom-ref", reference);
    json_t *properties = json_array();
    json_t *files = json_array();

    set_name(component, record, origin_is_of_hub(plan->origin.kind));
    json_set_text(component, "version", plan->pin);
    set_licenses(component, plan);
    json_set_text(component, "purl", purl);
    set_pedigree(component, &plan->card);
    if (!is_data)
        set_model_card(component, &plan->card);
    add_property(properties, "inlay:source", origin_kind_name(plan->origin.kind));
    add_property(properties, "inlay:uri", uri);
    add_property(properties, "inlay:revision", plan->origin.revision);
    add_property(properties, "inlay:layout", model->layout);
    for (size_t i = 0; i < plan->count; i++)
        json_array_append_new(files, file_component(model, i));
    json_object_set_new(component, "components", files);
    json_object_set_new(component, "properties", properties);
    return component;
}

/* One that came with the base. */
static json_t *kept_component(const struct provenance_kept *kept)
{
    CLEANUP(text) char *reference = reference_of(kept->name, kept->pin, kept->layout);
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    bool is_known = origin_of_kept(kept, &origin);
    bool is_data = is_known && origin.kind == ORIGIN_HUB_DATASET;
    CLEANUP(text) char *purl = is_known ? purl_of_model(&origin, kept->pin) : NULL;
    json_t *component = json_pack("{s:s, s:s}", "type", is_data ? "data" : "machine-learning-model",
                                  "bom-ref", reference);
    json_t *properties = json_array();

    set_name(component, kept->name, is_known && origin_is_of_hub(origin.kind));
    json_set_text(component, "version", kept->pin);
    json_set_text(component, "purl", purl);
    add_property(properties, "inlay:from", "base");
    add_property(properties, "inlay:layout", kept->layout);
    json_object_set_new(component, "properties", properties);
    return component;
}

static json_t *components(const struct provenance *provenance)
{
    json_t *list = json_array();

    json_array_append_new(list, image_component("base", provenance->base));
    for (size_t i = 0; i < provenance->kept_count; i++)
        json_array_append_new(list, kept_component(&provenance->kept[i]));
    for (size_t i = 0; i < provenance->model_count; i++)
        json_array_append_new(list, model_component(&provenance->models[i]));
    return list;
}

static void append_text(json_t *list, const char *text)
{
    json_array_append_new(list, json_string(text));
}

/* The companions that it loads. */
static json_t *dependency_of(const struct provenance *provenance,
                             const struct provenance_model *model)
{
    json_t *companions = json_array();
    CLEANUP(text) char *reference = reference_of_model(model);

    for (size_t i = 0; i < provenance->model_count; i++) {
        const struct provenance_model *other = &provenance->models[i];
        CLEANUP(text) char *name = reference_of_model(other);
        if (strings_has(other->companion_of, model->title))
            append_text(companions, name);
    }
    return json_pack("{s:s, s:o}", "ref", reference, "dependsOn", companions);
}

/* The image is made of its base and of all models. */
static json_t *dependencies_of(const struct provenance *provenance)
{
    json_t *of_image = json_array();
    json_t *list = json_array();

    append_text(of_image, "base");
    for (size_t i = 0; i < provenance->kept_count; i++) {
        const struct provenance_kept *kept = &provenance->kept[i];
        CLEANUP(text) char *name = reference_of(kept->name, kept->pin, kept->layout);
        append_text(of_image, name);
    }
    for (size_t i = 0; i < provenance->model_count; i++) {
        CLEANUP(text) char *name = reference_of_model(&provenance->models[i]);
        append_text(of_image, name);
    }
    json_array_append_new(list, json_pack("{s:s, s:o}", "ref", "image", "dependsOn", of_image));
    for (size_t i = 0; i < provenance->model_count; i++)
        json_array_append_new(list, dependency_of(provenance, &provenance->models[i]));
    return list;
}

static json_t *metadata_of(const struct provenance *provenance)
{
    json_t *tool = json_pack("{s:s, s:s, s:s}", "type", "application", "name", "inlay", "version",
                             provenance->version);
    json_t *metadata = json_object();

    json_set_text(metadata, "timestamp", provenance->created);
    set_hashes(tool, &provenance->program);
    json_object_set_new(metadata, "tools", json_pack("{s:[o]}", "components", tool));
    json_object_set_new(metadata, "component", image_component("image", &provenance->images[0]));
    return metadata;
}

/*
 * Two documents have the same number only if they say the same: a UUID of RFC 9562's version 8, out
 * of the document without it.
 */
char *document_number(const json_t *document)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    json_to_buf(document, &bytes);
    struct digest digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    unsigned char *id = digest.bytes;
    id[6] = (unsigned char)((id[6] & 0x0f) | 0x80);
    id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
    struct digest_text hex = digest_format_hex(&digest);
    return xasprintf("urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex.text, hex.text + 8, hex.text + 12,
                     hex.text + 16, hex.text + 20);
}

void bom_format(const struct provenance *provenance, struct buf *out)
{
    json_auto_t *document = json_pack(
        "{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "$schema",
        "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat", "CycloneDX", "specVersion",
        "1.6", "version", 1, "metadata", metadata_of(provenance), "components",
        components(provenance), "dependencies", dependencies_of(provenance));
    CLEANUP(text) char *serial = document_number(document);

    json_set_text(document, "serialNumber", serial);
    json_to_buf(document, out);
}
