#include "build/build_internal.h"
#include "oci/media_type.h"

#include <inttypes.h>
#include <string.h>

/* Reading a layer that somebody claims to be what a recipe makes. Everything is borrowed. */
struct claim {
    const struct layer_take *take;
    bool is_plain; /* the blob is the tar itself, and its digest the diff_id */
};

/* No compressor makes more of a tar than this. */
static uint64_t most_bytes(const struct recipe *recipe)
{
    return recipe->tar_size + recipe->tar_size / 8 + MIB;
}

/* Before a byte of it is read. */
static int check_size(const struct claim *claim, struct error *err)
{
    const struct planned_layer *layer = claim->take->layer;

    if (!claim->is_plain && layer->blob.size > most_bytes(layer->recipe))
        return error_set(err, ERROR_CORRUPT,
                         "it has %" PRIu64 " bytes, expected those of a tar of %" PRIu64,
                         layer->blob.size, layer->recipe->tar_size);
    return 0;
}

/* `bytes` is the blob, and verified to be that. */
static int check_bytes(void *arg, struct reader *bytes, struct error *err)
{
    const struct claim *claim = arg;
    const struct planned_layer *layer = claim->take->layer;

    if (claim->is_plain)
        return recipe_check_tar(layer->recipe, bytes, claim->take->cancel, err);
    /* By the type that others will go by. */
    bool is_zstd = strcmp(media_type_compression(layer->blob.media_type), "zstd") == 0;
    CLEANUP(reader)
    struct reader *unpacked = is_zstd ? unzstd_reader_new(bytes) : gunzip_reader_new(bytes);
    CLEANUP(reader)
    struct reader *tar =
        verify_reader_new(unpacked, "its tar", layer->recipe->tar_size, &layer->diff_id);
    return recipe_check_tar(layer->recipe, tar, claim->take->cancel, err);
}

/* Of a blob that did not pass on its way to the target. */
static int check_in_place(struct claim *claim, struct error *err)
{
    const struct layer_take *take = claim->take;
    const struct descriptor *blob = &take->layer->blob;
    struct store *store = take->layer->fate == LAYER_COPIED ? take->layer->from : take->target;
    const struct digest_text name = digest_format(&blob->digest);
    CLEANUP(reader) struct reader *raw = NULL;

    if (store->ops->open_blob(store, blob, 0, SIZE_UNKNOWN, &raw, err) < 0)
        return -1;
    CLEANUP(reader) struct reader *counted = count_reader_new(raw, take->count, take->count_arg);
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(counted, name.text, blob->size, &blob->digest);
    return check_bytes(claim, verified, err);
}

static int take_blob(struct claim *claim, struct error *err)
{
    const struct layer_take *take = claim->take;
    const struct planned_layer *layer = take->layer;
    const struct store_copy_options copy = {
        .cancel = take->cancel,
        .log = take->log,
        .count = take->count,
        .count_arg = take->count_arg,
        .inspect = layer->is_claim ? check_bytes : NULL,
        .inspect_arg = claim,
    };
    enum store_copied how = STORE_WAS_THERE;

    if (layer->is_claim && check_size(claim, err) < 0)
        return -1;
    if (layer->fate == LAYER_COPIED &&
        store_copy_blob(layer->from, take->target, &layer->blob, &copy, &how, err) < 0)
        return -1;
    *take->how = how;
    return layer->is_claim && how != STORE_STREAMED ? check_in_place(claim, err) : 0;
}

int layer_take(const struct layer_take *take, bool *out, struct error *err)
{
    const struct planned_layer *layer = take->layer;
    struct claim claim = {
        .take = take,
        .is_plain = layer->blob.size == layer->recipe->tar_size &&
                    digest_equal(&layer->blob.digest, &layer->diff_id),
    };

    if (take_blob(&claim, err) == 0) {
        *out = true;
        return 0;
    }
    bool is_wrong = err->kind == ERROR_CORRUPT || err->kind == ERROR_UNSUPPORTED ||
                    err->kind == ERROR_NOT_FOUND;
    if (!layer->is_claim || !is_wrong)
        return -1;
    CLEANUP(text) char *title = planned_layer_title(layer);
    log_warn(take->log,
             "%s: what is recorded there as the layer '%s' is not that layer, and is not used: %s",
             layer->claimed_by->name, title, err->text);
    error_release(err);
    *out = false;
    return 0;
}
