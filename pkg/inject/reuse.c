#include "inject/inject_internal.h"

#include "core/file.h"
#include "core/workers.h"

#include <string.h>

/*
 * No byte of a model twice: a layer of the same recipe is the same layer, wherever it is. It is
 * looked for in the images of BASE, of TARGET's tag and of --reuse-from, by their history; then, by
 * a tag of its own, in the repository that keeps layers and in TARGET's, where a shard may have
 * left it; and in what this machine has written before.
 */

void known_release(struct known *known)
{
    for (size_t i = 0; i < known->layer_count; i++)
        image_layer_release(&known->layers[i].layer);
    free(known->layers);
    known_bases_release(&known->bases);
    *known = (struct known){0};
}

static void know_own(struct known *known, const struct own_parts *own, struct store *from)
{
    known->layers =
        xrealloc(known->layers, known->layer_count + own->layer_count, sizeof(*known->layers));
    for (size_t i = 0; i < own->layer_count; i++) {
        struct known_layer *layer = &known->layers[known->layer_count++];
        *layer = (struct known_layer){.layer = own->layers[i], .from = from};
        layer_record_copy(&own->layers[i].record, &layer->layer.record);
    }
}

/*
 * Of every image for Linux that `version` of the store shows. What TARGET's own tag (`from` is
 * NULL) notes of its base is believed; any other image could make a folder writable for everybody.
 */
static int know_images(struct known *known, const struct inject_image *image, struct store *from,
                       struct descriptor *what, struct error *err)
{
    CLEANUP(image_tree) struct image_tree *present = NULL;
    struct image_tree **list = NULL;
    size_t count = 0;

    if (image_tree_open(image->store, image->version, IMAGE_TREE_IN_REACH, &present, err) < 0)
        return -1;
    image_tree_list(present, &list, &count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(own_parts) struct own_parts own = {0};
        if (list[i]->image == NULL)
            continue;
        own_parts_read(list[i]->image, &own);
        know_own(known, &own, from);
        if (from == NULL)
            known_bases_add(&known->bases, &own);
    }
    free(list);
    *what = present->document.descriptor;
    return 0;
}

/* Whatever is wrong with what the tag shows now, it is about to be replaced. */
static int know_target(const struct inject_options *options, struct known *known, struct error *err)
{
    const struct inject_image shown = {options->target.store, options->target.version};
    CLEANUP(error) struct error why = ERROR_INIT;

    if (shown.store == NULL || shown.version == NULL ||
        know_images(known, &shown, NULL, &known->present, &why) == 0)
        return 0;
    if (why.kind == ERROR_CANCELED || why.kind == ERROR_DENIED) {
        error_move(err, &why);
        return error_wrap(err, "the target %s", shown.store->name);
    }
    log_debug(options->log, "nothing is known of %s:%s: %s", shown.store->name, shown.version,
              why.text);
    return 0;
}

int known_find(const struct inject_options *options, const struct base *base, struct known *out,
               struct error *err)
{
    CLEANUP(known) struct known known = {0};

    for (size_t i = 0; i < base->platform_count; i++) {
        know_own(&known, &base->platforms[i].own, options->base.store);
        known_bases_add(&known.bases, &base->platforms[i].own);
    }
    if (know_target(options, &known, err) < 0)
        return -1;
    for (size_t i = 0; i < options->reuse.image_count; i++) {
        const struct inject_image *image = &options->reuse.images[i];
        struct descriptor ignored;
        if (know_images(&known, image, image->store, &ignored, err) < 0)
            return error_wrap(err, "--reuse-from %s", image->store->name);
    }
    *out = known;
    known = (struct known){0};
    return 0;
}

/* Looking for layers. Everything is borrowed. */
struct search {
    const struct inject_options *options;
    const struct known *known;
    struct build_plan *plan;
};

/* Where a layer of a recipe can be had without the model. */
struct found_layer {
    struct descriptor blob;
    struct digest diff_id;
    struct store *from; /* NULL: the target has it */
};

static bool target_has(const struct inject_options *options, const struct descriptor *blob,
                       int *result, struct error *err)
{
    bool there = false;

    if (options->target.store != NULL)
        *result = store_has_blob(options->target.store, blob, &there, err);
    return there;
}

/* The best place: the target itself, else the first that may give it. */
static int recall_known(const struct search *search, const struct recipe *recipe, bool *found,
                        struct found_layer *out, struct error *err)
{
    for (size_t i = 0; i < search->known->layer_count; i++) {
        const struct known_layer *known = &search->known->layers[i];
        struct found_layer here = {known->layer.blob, known->layer.diff_id, known->from};
        int result = 0;
        if (!digest_equal(&known->layer.record.recipe, &recipe->digest))
            continue;
        if (target_has(search->options, &here.blob, &result, err)) {
            here.from = NULL;
            *out = here;
            *found = true;
            return 0;
        }
        if (result < 0)
            return -1;
        if (here.from != NULL && !*found)
            *out = here;
        *found = *found || here.from != NULL;
    }
    return 0;
}

/* By the tag of the recipe in one store. That it cannot be read is as if it were not there. */
static int recall_tag(const struct inject_options *options, struct store *store,
                      const struct recipe *recipe, bool *found, struct found_layer *out,
                      struct error *err)
{
    CLEANUP(text) char *tag = cached_layer_tag(&recipe->digest);
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct image_layer layer = {0};
    int result = 0;

    if (store_read_document(store, tag, &document, &why) < 0 ||
        cached_layer_parse(&document, &recipe->digest, &layer, &why) < 0) {
        if (why.kind == ERROR_CANCELED)
            return error_move(err, &why);
        log_debug(options->log, "%s has no layer of recipe %s: %s", store->name,
                  digest_format(&recipe->digest).text, why.text);
        return 0;
    }
    *out = (struct found_layer){layer.blob, layer.diff_id, store};
    if (target_has(options, &layer.blob, &result, err))
        out->from = NULL;
    *found = result == 0 && (out->from == NULL || store != options->target.store);
    return result;
}

/* "MEMO/recipes/HEX"; caller frees. */
static char *memo_path(const struct inject_options *options, const struct digest *recipe)
{
    return xasprintf("%s/recipes/%s", options->memo, digest_format_hex(recipe).text);
}

/* What this machine has written somewhere before; it may be in this target as well. */
static int recall_memo(const struct inject_options *options, const struct recipe *recipe,
                       bool *found, struct found_layer *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is none */
    struct image_layer layer = {0};
    struct descriptor what = DESCRIPTOR_INIT;
    int result = 0;

    if (options->memo == NULL)
        return 0;
    CLEANUP(text) char *path = memo_path(options, &recipe->digest);
    if (file_read(path, DOCUMENT_LIMIT, &bytes, &ignored) < 0)
        return 0;
    what.digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    what.size = bytes.size;
    if (document_parse(&bytes, &what, &document, &ignored) < 0 ||
        cached_layer_parse(&document, &recipe->digest, &layer, &ignored) < 0)
        return 0;
    *found = target_has(options, &layer.blob, &result, err);
    *out = (struct found_layer){layer.blob, layer.diff_id, NULL};
    return result;
}

static int recall_layer(const struct search *search, const struct recipe *recipe, bool *found,
                        struct found_layer *out, struct error *err)
{
    const struct inject_options *options = search->options;
    struct store *target = options->target.store;
    struct store *cache = options->reuse.layer_cache;

    if (recall_known(search, recipe, found, out, err) < 0)
        return -1;
    if (*found || recipe->content_size == 0)
        return 0;
    if (recall_memo(options, recipe, found, out, err) < 0)
        return -1;
    if (!*found && cache != NULL && recall_tag(options, cache, recipe, found, out, err) < 0)
        return -1;
    if (!*found && target != NULL && !target->sequential &&
        recall_tag(options, target, recipe, found, out, err) < 0)
        return -1;
    return 0;
}

static bool is_of_shard(const struct inject_reuse *reuse, size_t number)
{
    return reuse->shard_count == 0 || number % reuse->shard_count == reuse->shard;
}

static int search_layer(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    const struct search *search = arg;
    struct planned_layer *layer = &search->plan->layers[number];
    struct found_layer where;
    bool found = false;

    if (!is_of_shard(&search->options->reuse, number))
        return 0;
    if (cancel_check(cancel, err) < 0 ||
        recall_layer(search, layer->recipe, &found, &where, err) < 0)
        return planned_layer_wrap(layer, err);
    if (!found)
        return 0;
    layer->fate = where.from != NULL ? LAYER_COPIED : LAYER_THERE;
    layer->from = where.from;
    layer->blob = where.blob;
    layer->diff_id = where.diff_id;
    return 0;
}

int build_plan_find(const struct inject_options *options, const struct known *known,
                    struct build_plan *plan, struct error *err)
{
    struct search search = {options, known, plan};

    return workers_run(options->jobs, plan->layer_count, search_layer, &search, options->cancel,
                       err);
}

/* So that the next call on this machine finds it. A memo that cannot be written is none. */
static void memorise(const struct inject_options *options, const struct recipe *recipe,
                     const struct buf *manifest)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    if (options->memo == NULL)
        return;
    CLEANUP(text) char *path = memo_path(options, &recipe->digest);
    CLEANUP(text) char *folder = xasprintf("%s/recipes", options->memo);
    if (file_make_folders(folder, &why) < 0 ||
        file_replace(path, buf_text(manifest), manifest->size, &why) < 0)
        log_debug(options->log, "not remembered: %s", why.text);
}

int layer_share(const struct inject_options *options, const struct image_layer *layer,
                const struct recipe *recipe, const struct cancel *cancel, struct error *err)
{
    struct store *target = options->target.store;
    struct store *cache = options->reuse.layer_cache;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(text) char *tag = cached_layer_tag(&recipe->digest);
    struct descriptor config, manifest;
    struct store_copy_options copy = {.cancel = cancel, .log = options->log};
    enum store_copied how;

    if (recipe->content_size == 0)
        return 0;
    cached_layer_format(layer, &config_bytes, &config, &bytes, &manifest);
    memorise(options, recipe, &bytes);
    if (cache == NULL && options->reuse.shard_count > 0)
        cache = target;
    if (cache == NULL)
        return 0;
    if ((cache != target && store_copy_blob(target, cache, &layer->blob, &copy, &how, err) < 0) ||
        store_write_blob(cache, &config_bytes, &config, err) < 0 ||
        store_write_manifest(cache, tag, manifest.media_type, &bytes, err) < 0) {
        if (err->kind == ERROR_UNCERTAIN)
            err->kind = ERROR_UNREACHABLE; /* nobody is shown an image by this tag */
        return error_wrap(err, "keeping it in %s", cache->name);
    }
    return 0;
}
