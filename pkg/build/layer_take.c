#include "build/build_internal.h"
#include "build/layer_bytes.h"
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

/* The recipe's tar, out of an eStargz layer: its end is where the table is there. */
struct tee_reader {
    struct reader base;
    struct reader *next;   /* borrowed */
    struct writer *writer; /* borrowed; gets all that is read */
    uint64_t left;         /* of what both have */
    uint64_t end;          /* of the zeros behind that */
};

static ssize_t tee_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct tee_reader *tee = CONTAINER_OF(reader, struct tee_reader, base);
    uint64_t *left = tee->left > 0 ? &tee->left : &tee->end;
    size_t wanted = *left < size ? (size_t)*left : size;
    ssize_t part = (ssize_t)wanted;

    if (wanted == 0)
        return 0;
    if (left == &tee->left)
        part = reader_read(tee->next, data, wanted, err);
    else
        memset(data, 0, wanted);
    if (part <= 0)
        return part;
    *left -= (uint64_t)part;
    return writer_write(tee->writer, data, (size_t)part, err) < 0 ? -1 : part;
}

/* The layer made anew out of its own contents, once these are known to be right, is the same. */
static int check_made(const struct planned_layer *layer, const struct stargz_layer *made,
                      const struct digest *blob, struct error *err)
{
    if (!digest_equal(blob, &layer->blob.digest))
        return error_set(err, ERROR_CORRUPT,
                         "its members or its table are not those of the tar in it");
    if (!digest_equal(&made->table, &layer->table.digest) ||
        made->tar_size != layer->table.tar_size || !digest_equal(&made->diff_id, &layer->diff_id))
        return error_set(err, ERROR_CORRUPT, "its record tells another table than it has");
    return 0;
}

static int check_stargz(const struct claim *claim, struct reader *bytes, struct error *err)
{
    static const struct reader_ops tee_ops = {.read = tee_read};
    const struct planned_layer *layer = claim->take->layer;
    const struct recipe *recipe = layer->recipe;
    struct writer *nowhere = layer_bytes_nowhere();
    struct digest blob = DIGEST_INIT;
    struct stargz_layer made = {.diff_id = DIGEST_INIT};
    CLEANUP(reader) struct reader *tar = gunzip_reader_new(bytes);
    CLEANUP(writer) struct writer *stage = digest_writer_new(nowhere, DIGEST_SHA256, &blob, NULL);
    CLEANUP(writer) struct writer *again = NULL;
    struct tee_reader tee = {{&tee_ops}, tar, NULL, recipe->tar_size - PACK_TAR_END, PACK_TAR_END};

    if (stargz_writer_open(recipe, stage, &made, &again, err) < 0)
        return -1;
    tee.writer = again;
    if (recipe_check_tar(recipe, &tee.base, claim->take->cancel, err) < 0 ||
        writer_finish(again, err) < 0 || stream_copy(tar, nowhere, claim->take->cancel, err) < 0)
        return -1;
    return check_made(layer, &made, &blob, err);
}

/* `bytes` is the blob, and verified to be that. */
static int check_bytes(void *arg, struct reader *bytes, struct error *err)
{
    const struct claim *claim = arg;
    const struct planned_layer *layer = claim->take->layer;

    if (claim->is_plain)
        return recipe_check_tar(layer->recipe, bytes, claim->take->cancel, err);
    if (layer->recipe->compression.kind == COMPRESSION_ESTARGZ)
        return check_stargz(claim, bytes, err);
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
