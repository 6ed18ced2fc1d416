#include "build/build_internal.h"
#include "core/file.h"

/*
 * What this machine has built or checked itself is believed; earlier versions also remembered in
 * "recipes" what they had been told.
 */
static const char *const folders[] = {
    [LAYER_MEMO_PROVEN] = "layers", [LAYER_MEMO_TOLD] = "recipes"};

/* "MEMO/layers/HEX"; caller frees. */
static char *memo_path(const char *memo, enum layer_memo_kind kind, const struct digest *recipe)
{
    return xasprintf("%s/%s/%s", memo, folders[kind], digest_format_hex(recipe).text);
}

bool layer_memo_read(const char *memo, enum layer_memo_kind kind, const struct digest *recipe,
                     struct image_layer *out)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is none */
    struct descriptor what = DESCRIPTOR_INIT;

    if (memo == NULL)
        return false;
    CLEANUP(text) char *path = memo_path(memo, kind, recipe);
    if (file_read(path, DOCUMENT_LIMIT, &bytes, &ignored) < 0)
        return false;
    what.digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    what.size = bytes.size;
    return document_parse(&bytes, &what, &document, &ignored) == 0 &&
           cached_layer_parse(&document, recipe, out, &ignored) == 0;
}

void layer_memo_write(const struct run_context *run, const struct image_layer *layer)
{
    CLEANUP(buf) struct buf ignored = BUF_INIT; /* the config says nothing */
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct descriptor config, manifest;

    if (run->memo == NULL)
        return;
    cached_layer_format(layer, &ignored, &config, &bytes, &manifest);
    CLEANUP(text) char *path = memo_path(run->memo, LAYER_MEMO_PROVEN, &layer->record.recipe);
    CLEANUP(text) char *folder = xasprintf("%s/%s", run->memo, folders[LAYER_MEMO_PROVEN]);
    if (file_make_private_folders(folder, &why) < 0 ||
        file_replace_private(path, buf_text(&bytes), bytes.size, &why) < 0)
        log_debug(run->log, "not remembered: %s", why.text);
}
