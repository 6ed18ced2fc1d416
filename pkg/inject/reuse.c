#include "inject/inject_internal.h"

#include "core/file.h"

#include <string.h>

/*
 * No byte of a model twice: a layer of the same recipe is the same layer, wherever it is. It is
 * looked for in the images of BASE, of TARGET's tag and of --reuse-from, by their history; then, by
 * a tag of its own, in the repository that keeps layers and in TARGET's, where a shard may have
 * left it; and in what this machine has written before.
 */

static void know_layer(struct work *work, const struct image_layer *layer, struct store *from)
{
    work->known = xrealloc(work->known, work->known_count + 1, sizeof(*work->known));
    struct known_layer *known = &work->known[work->known_count++];
    *known = (struct known_layer){.layer = *layer, .from = from};
    layer_record_copy(&layer->record, &known->layer.record);
}

/* Of every image for Linux that `version` of the store shows. */
static int know_images(struct work *work, struct store *store, const char *version,
                       struct store *from, struct descriptor *what, struct error *err)
{
    CLEANUP(loaded) struct loaded *present = NULL;
    struct loaded **list = NULL;
    size_t count = 0;

    if (loaded_open(store, version, LOADED_IN_REACH, &present, err) < 0)
        return -1;
    loaded_list(present, &list, &count);
    for (size_t i = 0; i < count; i++) {
        struct image_layer *own = NULL;
        size_t own_count = 0;
        if (list[i]->image == NULL)
            continue;
        work_recollect(work, list[i]->image);
        image_own_layers(list[i]->image, &own, &own_count);
        for (size_t k = 0; k < own_count; k++)
            know_layer(work, &own[k], from);
        image_layers_free(own, own_count);
    }
    free(list);
    *what = present->document.descriptor;
    return 0;
}

/* Whatever is wrong with what the tag shows now, it is about to be replaced. */
static int know_target(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (options->target == NULL || options->target_version == NULL)
        return 0;
    if (know_images(work, options->target, options->target_version, NULL, &work->present, &why) ==
        0)
        return 0;
    if (why.kind == ERROR_CANCELED || why.kind == ERROR_DENIED) {
        error_move(err, &why);
        return error_wrap(err, "the target %s", options->target->name);
    }
    log_debug(options->log, "nothing is known of %s:%s: %s", options->target->name,
              options->target_version, why.text);
    return 0;
}

int work_find_known(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;

    for (size_t i = 0; i < work->platform_count; i++)
        for (size_t k = 0; k < work->platforms[i].own_count; k++)
            know_layer(work, &work->platforms[i].own[k], options->base);
    if (know_target(work, err) < 0)
        return -1;
    for (size_t i = 0; i < options->reuse_count; i++) {
        const struct inject_image *image = &options->reuse_from[i];
        struct descriptor ignored;
        if (know_images(work, image->store, image->version, image->store, &ignored, err) < 0)
            return error_wrap(err, "--reuse-from %s", image->store->name);
    }
    return 0;
}

static bool target_has(const struct work *work, const struct descriptor *blob, int *result,
                       struct error *err)
{
    bool there = false;

    if (work->options->target != NULL)
        *result = store_has_blob(work->options->target, blob, &there, err);
    return there;
}

/* The best place: the target itself, else the first that may give it. */
static int recall_known(const struct work *work, const struct recipe *recipe, bool *found,
                        struct found_layer *out, struct error *err)
{
    for (size_t i = 0; i < work->known_count; i++) {
        const struct known_layer *known = &work->known[i];
        struct found_layer here = {known->layer.blob, known->layer.diff_id, known->from};
        int result = 0;
        if (!digest_equal(&known->layer.record.recipe, &recipe->digest))
            continue;
        if (target_has(work, &here.blob, &result, err)) {
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
static int recall_tag(const struct work *work, struct store *store, const struct recipe *recipe,
                      bool *found, struct found_layer *out, struct error *err)
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
        log_debug(work->options->log, "%s has no layer of recipe %s: %s", store->name,
                  digest_format(&recipe->digest).text, why.text);
        return 0;
    }
    *out = (struct found_layer){layer.blob, layer.diff_id, store};
    if (target_has(work, &layer.blob, &result, err))
        out->from = NULL;
    *found = result == 0 && (out->from == NULL || store != work->options->target);
    return result;
}

/* "MEMO/recipes/HEX"; caller frees. */
static char *memo_path(const struct work *work, const struct digest *recipe)
{
    return xasprintf("%s/recipes/%s", work->options->memo, digest_format_hex(recipe).text);
}

/* What this machine has written somewhere before; it may be in this target as well. */
static int recall_memo(const struct work *work, const struct recipe *recipe, bool *found,
                       struct found_layer *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is none */
    struct image_layer layer = {0};
    struct descriptor what = DESCRIPTOR_INIT;
    int result = 0;

    if (work->options->memo == NULL)
        return 0;
    CLEANUP(text) char *path = memo_path(work, &recipe->digest);
    if (file_read(path, DOCUMENT_LIMIT, &bytes, &ignored) < 0)
        return 0;
    what.digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    what.size = bytes.size;
    if (document_parse(&bytes, &what, &document, &ignored) < 0 ||
        cached_layer_parse(&document, &recipe->digest, &layer, &ignored) < 0)
        return 0;
    *found = target_has(work, &layer.blob, &result, err);
    *out = (struct found_layer){layer.blob, layer.diff_id, NULL};
    return result;
}

int work_recall_layer(const struct work *work, const struct recipe *recipe, bool *found,
                      struct found_layer *out, struct error *err)
{
    const struct inject_options *options = work->options;
    bool target_keeps = options->target != NULL && !options->target->sequential;

    *found = false;
    if (recall_known(work, recipe, found, out, err) < 0)
        return -1;
    if (*found || recipe->content_size == 0)
        return 0;
    if (recall_memo(work, recipe, found, out, err) < 0)
        return -1;
    if (!*found && options->layer_cache != NULL &&
        recall_tag(work, options->layer_cache, recipe, found, out, err) < 0)
        return -1;
    if (!*found && target_keeps && recall_tag(work, options->target, recipe, found, out, err) < 0)
        return -1;
    return 0;
}

/* So that the next call on this machine finds it. A memo that cannot be written is none. */
static void memorise(const struct work *work, const struct build *build, const struct buf *manifest)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    if (work->options->memo == NULL)
        return;
    CLEANUP(text) char *path = memo_path(work, &build->recipe->digest);
    CLEANUP(text) char *folder = xasprintf("%s/recipes", work->options->memo);
    if (file_make_folders(folder, &why) < 0 ||
        file_replace(path, buf_text(manifest), manifest->size, &why) < 0)
        log_debug(work->options->log, "not remembered: %s", why.text);
}

int work_share_layer(struct work *work, const struct build *build, const struct cancel *cancel,
                     struct error *err)
{
    const struct inject_options *options = work->options;
    struct store *cache = options->layer_cache;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(text) char *tag = cached_layer_tag(&build->recipe->digest);
    struct descriptor config, manifest;
    struct store_copy_options copy = {.cancel = cancel};
    enum store_copied how;

    if (build->recipe->content_size == 0)
        return 0;
    cached_layer_format(&build->layer, &config_bytes, &config, &bytes, &manifest);
    memorise(work, build, &bytes);
    if (cache == NULL && options->shard_count > 0)
        cache = options->target;
    if (cache == NULL)
        return 0;
    if ((cache != options->target &&
         store_copy_blob(options->target, cache, &build->layer.blob, &copy, &how, err) < 0) ||
        store_write_blob(cache, &config_bytes, &config, err) < 0 ||
        store_write_manifest(cache, tag, manifest.media_type, &bytes, err) < 0)
        return error_wrap(err, "keeping it in %s", cache->name);
    return 0;
}
