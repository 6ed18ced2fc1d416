#include "verify/verify_internal.h"

#include "core/signing_key.h"

#include <string.h>

/* The name of the key that has signed this layer's record; NULL: none of them has. */
static const char *find_signer(const struct verify_options *options,
                               const struct image_layer *layer)
{
    if (layer->record.signature == NULL)
        return NULL;
    CLEANUP(text) char *statement = image_layer_statement(layer);
    for (size_t i = 0; i < options->key_count; i++)
        if (signing_key_verifies(options->keys[i].key, statement, layer->record.signature))
            return options->keys[i].name;
    return NULL;
}

/* What a layer is to the models: theirs, or that of the folders above them. */
static bool is_for(const struct verify_model *model, const struct layer_record *record)
{
    return record->model != NULL && strcmp(record->model, model->name) == 0 &&
           strcmp(record->commit, model->commit) == 0 &&
           strcmp(record->layout, model->layout) == 0 && strcmp(record->place, model->place) == 0;
}

static void add_unsigned(struct verify_findings *findings, const struct check *check,
                         const struct image_layer *layer)
{
    const struct layer_record *record = &layer->record;

    findings_add(findings, VERIFY_SIGNATURE, NULL, "what is recorded of layer %zu of %zu, %s, %s",
                 layer->number, check->layer_count,
                 record->model != NULL ? record->model : "folders of the models",
                 record->signature != NULL ? "has a signature that is none of a key given"
                                           : "is not signed");
}

/* The model's own layers are its own matter: others beside it may be signed. */
static void check_model_layers(const struct check *check, const char *const *signers,
                               struct verify_model *model)
{
    CLEANUP(strings) struct strings notes = STRINGS_INIT;
    bool is_whole = true;

    for (size_t i = 0; i < check->own_count; i++) {
        if (!is_for(model, &check->own[i].record))
            continue;
        if (signers[i] == NULL) {
            add_unsigned(&model->findings, check, &check->own[i]);
            is_whole = false;
            continue;
        }
        CLEANUP(text)
        char *note = xasprintf("what is recorded of its layers is signed by '%s'", signers[i]);
        if (!strings_has(&notes, note))
            strings_add(&notes, note);
    }
    for (size_t i = 0; is_whole && i < notes.count; i++)
        strings_add(&model->notes, notes.items[i]);
}

void check_signatures(struct check *check)
{
    const struct verify_options *options = check->options;
    struct verify_platform *platform = check->platform;

    if (options->key_count == 0)
        return;
    const char **signers = xcalloc(check->own_count, sizeof(*signers));
    for (size_t i = 0; i < check->own_count; i++) {
        signers[i] = find_signer(options, &check->own[i]);
        if (signers[i] == NULL && check->own[i].record.model == NULL)
            add_unsigned(&platform->findings, check, &check->own[i]);
    }
    for (size_t i = 0; i < platform->model_count; i++)
        check_model_layers(check, signers, &platform->models[i]);
    free(signers);
}
