#include "inject/inject_internal.h"

#include "core/file.h"

/*
 * What this machine has built or checked itself is believed; earlier versions also remembered in
 * "recipes" what they had been told.
 */
static const char *const folders[] = {
    [LAYER_MEMO_PROVEN] = "layers", [LAYER_MEMO_TOLD] = "recipes"};

/* "MEMO/layers/HEX"; caller frees. */
static char *memo_path(const struct inject_options *options, enum layer_memo_kind kind,
                       const struct digest *recipe)
{
    return xasprintf("%s/%s/%s", options->run.memo, folders[kind], digest_format_hex(recipe).text);
}

bool layer_memo_read(const struct inject_options *options, enum layer_memo_kind kind,
                     const struct digest *recipe, struct image_layer *out)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is none */
    struct descriptor what = DESCRIPTOR_INIT;

    if (options->run.memo == NULL)
        return false;
    CLEANUP(text) char *path = memo_path(options, kind, recipe);
    if (file_read(path, DOCUMENT_LIMIT, &bytes, &ignored) < 0)
        return false;
    what.digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    what.size = bytes.size;
    return document_parse(&bytes, &what, &document, &ignored) == 0 &&
           cached_layer_parse(&document, recipe, out, &ignored) == 0;
}

void layer_memo_write(const struct inject_options *options, const struct image_layer *layer)
{
    CLEANUP(buf) struct buf ignored = BUF_INIT; /* the config says nothing */
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct descriptor config, manifest;

    if (options->run.memo == NULL)
        return;
    cached_layer_format(layer, &ignored, &config, &bytes, &manifest);
    CLEANUP(text) char *path = memo_path(options, LAYER_MEMO_PROVEN, &layer->record.recipe);
    CLEANUP(text) char *folder = xasprintf("%s/%s", options->run.memo, folders[LAYER_MEMO_PROVEN]);
    if (file_make_private_folders(folder, &why) < 0 ||
        file_replace_private(path, buf_text(&bytes), bytes.size, &why) < 0)
        log_debug(options->run.log, "not remembered: %s", why.text);
}
