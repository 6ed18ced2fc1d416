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
           strcmp(record->commit, model->commit) == 0 && strcmp(record->place, model->place) == 0;
}

static void note_signer(struct verify_platform *platform, const struct image_layer *layer,
                        const char *signer)
{
    CLEANUP(text)
    char *note = xasprintf("what is recorded of its layers is signed by '%s'", signer);

    for (size_t i = 0; i < platform->model_count; i++) {
        struct verify_model *model = &platform->models[i];
        if (is_for(model, &layer->record) && !strings_has(&model->notes, note))
            strings_add(&model->notes, note);
    }
}

void check_signatures(struct check *check)
{
    const struct verify_options *options = check->options;
    struct verify_platform *platform = check->platform;

    for (size_t i = 0; options->key_count > 0 && i < check->own_count; i++) {
        const struct image_layer *layer = &check->own[i];
        const struct layer_record *record = &layer->record;
        const char *signer = find_signer(options, layer);
        if (signer != NULL) {
            note_signer(platform, layer, signer);
            continue;
        }
        findings_add(&platform->findings, VERIFY_SIGNATURE, NULL,
                     "what is recorded of layer %zu of %zu, %s, %s", layer->number,
                     check->layer_count,
                     record->model != NULL ? record->model : "folders of the models",
                     record->signature != NULL ? "has a signature that is none of a key given"
                                               : "is not signed");
    }
}
