#include "build/build_internal.h"
#include "core/workers.h"
#include "oci/media_type.h"

/*
 * No byte of a model twice: a layer of the same recipe is the same layer, wherever it is. It is
 * looked for in the images of TARGET's tag, of BASE and of --reuse-from, by their history; in what
 * this machine has built or checked before; then, by a tag of its own, in the repository that keeps
 * layers and in TARGET's, where a shard may have left it.
 *
 * A recipe can be computed by anybody, and so anybody who may write to one of these places can
 * claim that his bytes are its layer. What is believed without reading: the memo of this machine,
 * and TARGET's own tag, as who may write that may replace the result anyway. Every other claim is
 * checked: the layer is read once from where it is (layer_take.c), and what is right is remembered.
 * A record may also be signed by a key that the rules trust. Who signs records himself does so
 * for what is proven or signed alone: TARGET's own tag would have him vouch for others. The rules
 * `trusts_records` and `checks_all` say more or less than this rule.
 */

/* The layer that the recipe's own tag shows in one store. */
static int read_tag(struct store *store, const struct digest *recipe, struct image_layer *out,
                    struct error *err)
{
    CLEANUP(text) char *tag = cached_layer_tag(recipe);
    CLEANUP(document) struct document document = DOCUMENT_INIT;

    if (store_read_document(store, tag, &document, err) < 0)
        return -1;
    return cached_layer_parse(&document, recipe, out, err);
}

/* Looking for layers. Everything is borrowed. */
struct search {
    const struct build_request *request;
    const struct known *known;
    struct build_plan *plan;
};

/* How far a record of a layer is believed, from the least on. */
enum layer_trust {
    TRUST_NOT_FOUND, /* there is none */
    TRUST_CLAIM,     /* the layer is to be checked before it is used */
    TRUST_RECORD,    /* the rules say that it is what its record says */
    TRUST_PROVEN,    /* this machine has built or checked it */
};

/* Where a layer of a recipe can be had without the model. */
struct found_layer {
    enum layer_trust trust;
    struct descriptor blob;
    struct digest diff_id;
    struct layer_table table;
    struct store *from;       /* NULL: the target has it, or may have */
    struct store *claimed_by; /* whose record it is */
};

/* Looking for the layer of one recipe. */
struct layer_search {
    const struct build_request *request;
    const struct recipe *recipe;
    struct image_layer proven; /* recipe DIGEST_NONE: this machine remembers none */
    struct found_layer best;
};

static bool is_proven(const struct layer_search *search, const struct image_layer *layer)
{
    return search->proven.record.recipe.algorithm != DIGEST_NONE &&
           digest_equal(&search->proven.blob.digest, &layer->blob.digest) &&
           digest_equal(&search->proven.diff_id, &layer->diff_id) &&
           digest_equal(&search->proven.table.digest, &layer->table.digest);
}

static bool is_signed(const struct reuse_rules *reuse, const struct image_layer *layer)
{
    bool is_right = false;

    if (layer->record.signature == NULL || reuse->trusted_key_count == 0)
        return false;
    CLEANUP(text) char *statement = image_layer_statement(layer);
    for (size_t i = 0; i < reuse->trusted_key_count && !is_right; i++)
        is_right = signing_key_verifies(reuse->trusted_keys[i], statement, layer->record.signature);
    return is_right;
}

/* `is_shown`: by TARGET's own tag. */
static enum layer_trust trust_of(const struct layer_search *search, const struct image_layer *layer,
                                 bool is_shown)
{
    const struct reuse_rules *reuse = search->request->reuse;

    if (reuse->checks_all)
        return TRUST_CLAIM;
    if (is_proven(search, layer))
        return TRUST_PROVEN;
    if (reuse->trusts_records || (is_shown && reuse->signing_key == NULL))
        return TRUST_RECORD;
    return is_signed(reuse, layer) ? TRUST_RECORD : TRUST_CLAIM;
}

static bool is_settled(const struct found_layer *found)
{
    return found->trust > TRUST_CLAIM;
}

static bool is_settled_here(const struct found_layer *found)
{
    return is_settled(found) && found->from == NULL;
}

/* What need not be checked is better than what must be, and then the target than any other. */
static bool is_better(const struct found_layer *a, const struct found_layer *b)
{
    if (b->trust == TRUST_NOT_FOUND || is_settled(a) != is_settled(b))
        return b->trust == TRUST_NOT_FOUND || is_settled(a);
    return a->from == NULL && b->from != NULL;
}

/* What a record says of the bytes: only of the tar itself are blob and diff_id the same. */
static bool has_right_type(const struct image_layer *layer)
{
    const char *compression = media_type_compression(layer->blob.media_type);
    bool is_plain = digest_equal(&layer->blob.digest, &layer->diff_id);

    return compression != NULL && (compression[0] == '\0') == is_plain;
}

/* An eStargz layer is lazily pulled by its annotations alone, which not every place keeps. */
static bool lacks_table(const struct recipe *recipe, const struct image_layer *layer)
{
    return recipe->compression.kind == COMPRESSION_ESTARGZ &&
           layer->table.digest.algorithm == DIGEST_NONE;
}

/*
 * Takes the layer that `from` has (NULL: the target, if anybody) if it is better than what is known
 * so far, and there.
 */
static int consider(struct layer_search *search, const struct image_layer *layer,
                    struct store *from, bool is_shown, struct error *err)
{
    struct store *target = search->request->target.store;
    const struct found_layer *best = &search->best;
    struct found_layer found = {TRUST_NOT_FOUND, layer->blob, layer->diff_id,
                                layer->table,    from,        from != NULL ? from : target};
    bool is_asked =
        best->trust != TRUST_NOT_FOUND && digest_equal(&best->blob.digest, &found.blob.digest);
    bool is_there = is_asked && best->from == NULL;

    if (!has_right_type(layer)) {
        log_debug(search->request->run->log, "a record calls the layer %s '%s', which it is not",
                  digest_format(&layer->blob.digest).text, layer->blob.media_type);
        return 0;
    }
    if (lacks_table(search->recipe, layer)) {
        log_debug(search->request->run->log, "a record of the layer %s has lost its table",
                  digest_format(&layer->blob.digest).text);
        return 0;
    }
    if (target != NULL && !is_asked && store_has_blob(target, &found.blob, &is_there, err) < 0)
        return -1;
    if (is_there)
        found.from = NULL;
    else if (found.from == NULL || found.from == target)
        return 0;
    found.trust = trust_of(search, layer, is_shown);
    if (is_better(&found, best))
        search->best = found;
    return 0;
}

static int recall_known(struct layer_search *search, const struct known *known, struct error *err)
{
    for (size_t i = 0; i < known->layer_count && !is_settled_here(&search->best); i++) {
        const struct known_layer *layer = &known->layers[i];
        if (digest_equal(&layer->layer.record.recipe, &search->recipe->digest) &&
            consider(search, &layer->layer, layer->from, layer->from == NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* By the tag of the recipe in one store. That it cannot be read is as if it were not there. */
static int recall_tag(struct layer_search *search, struct store *store, struct error *err)
{
    CLEANUP(image_layer) struct image_layer layer = {0};
    CLEANUP(error) struct error why = ERROR_INIT;

    if (read_tag(store, &search->recipe->digest, &layer, &why) == 0)
        return consider(search, &layer, store, false, err);
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    log_debug(search->request->run->log, "%s has no layer of recipe %s: %s", store->name,
              digest_format(&search->recipe->digest).text, why.text);
    return 0;
}

/* What this machine has written somewhere before; it may be in this target as well. */
static int recall_memo(struct layer_search *search, struct error *err)
{
    CLEANUP(image_layer) struct image_layer told = {0};

    if (search->proven.record.recipe.algorithm != DIGEST_NONE)
        return consider(search, &search->proven, NULL, false, err);
    if (!layer_memo_read(search->request->run->memo, LAYER_MEMO_TOLD, &search->recipe->digest,
                         &told))
        return 0;
    return consider(search, &told, NULL, false, err);
}

/* Is it worth asking one place more? A signed record saves reading the layer. */
static bool wants_more(const struct layer_search *search)
{
    const struct reuse_rules *reuse = search->request->reuse;

    return search->best.trust == TRUST_NOT_FOUND ||
           (!is_settled(&search->best) && reuse->trusted_key_count > 0 && !reuse->checks_all);
}

static int recall_layer(struct layer_search *search, const struct known *known, struct error *err)
{
    struct store *target = search->request->target.store;
    struct store *cache = search->request->reuse->layer_cache;
    const struct found_layer *best = &search->best;

    layer_memo_read(search->request->run->memo, LAYER_MEMO_PROVEN, &search->recipe->digest,
                    &search->proven);
    if (recall_known(search, known, err) < 0)
        return -1;
    if (is_settled(best) || search->recipe->content_size == 0)
        return 0;
    if (recall_memo(search, err) < 0)
        return -1;
    if (wants_more(search) && cache != NULL && recall_tag(search, cache, err) < 0)
        return -1;
    if (wants_more(search) && target != NULL && !target->sequential &&
        recall_tag(search, target, err) < 0)
        return -1;
    return 0;
}

bool reuse_is_of_shard(const struct reuse_rules *rules, size_t number)
{
    return rules->shard_count == 0 || number % rules->shard_count == rules->shard;
}

static int search_layer(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    const struct search *search = arg;
    struct planned_layer *layer = &search->plan->layers[number];
    struct layer_search one = {.request = search->request, .recipe = layer->recipe};
    const struct found_layer *best = &one.best;

    if (!reuse_is_of_shard(search->request->reuse, number))
        return 0;
    if (cancel_check(cancel, err) < 0)
        return planned_layer_wrap(layer, err);
    int result = recall_layer(&one, search->known, err);
    image_layer_release(&one.proven);
    if (result < 0)
        return planned_layer_wrap(layer, err);
    if (best->trust == TRUST_NOT_FOUND)
        return 0;
    layer->fate = best->from != NULL ? LAYER_COPIED : LAYER_THERE;
    layer->from = best->from;
    layer->claimed_by = best->claimed_by;
    layer->blob = best->blob;
    layer->diff_id = best->diff_id;
    layer->table = best->table;
    layer->is_claim = best->trust == TRUST_CLAIM;
    layer->is_proven = best->trust == TRUST_PROVEN;
    return 0;
}

int build_plan_find(const struct build_request *request, const struct known *known,
                    struct build_plan *plan, struct error *err)
{
    struct search search = {request, known, plan};

    return workers_run(request->run->jobs, plan->layer_count, search_layer, &search,
                       request->run->cancel, err);
}

/*
 * Whoever has no key of his own does not put an unsigned record in the place of one that is signed
 * and says the same. He need not know the key: a signature that is none is worth as much as no
 * signature to whoever looks at it.
 */
static bool is_kept_signed(const struct build_request *request, struct store *cache,
                           const struct image_layer *layer)
{
    CLEANUP(image_layer) struct image_layer kept = {0};
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is written anew */

    return request->reuse->signing_key == NULL &&
           read_tag(cache, &layer->record.recipe, &kept, &ignored) == 0 &&
           digest_equal(&kept.blob.digest, &layer->blob.digest) &&
           digest_equal(&kept.diff_id, &layer->diff_id) &&
           digest_equal(&kept.table.digest, &layer->table.digest) && kept.record.signature != NULL;
}

static int keep_layer(const struct build_request *request, struct store *cache,
                      const struct image_layer *layer, const struct cancel *cancel,
                      struct error *err)
{
    struct store *target = request->target.store;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(text) char *tag = cached_layer_tag(&layer->record.recipe);
    struct descriptor config, manifest;
    struct store_copy_options copy = {.cancel = cancel, .log = request->run->log};
    enum store_copied how;

    cached_layer_format(layer, &config_bytes, &config, &bytes, &manifest);
    if ((cache != target && store_copy_blob(target, cache, &layer->blob, &copy, &how, err) < 0) ||
        store_write_blob(cache, &config_bytes, &config, err) < 0 ||
        store_write_manifest(cache, tag, manifest.media_type, &bytes, err) < 0) {
        if (err->kind == ERROR_UNCERTAIN)
            err->kind = ERROR_UNREACHABLE; /* nobody is shown an image by this tag */
        return error_wrap(err, "keeping it in %s", cache->name);
    }
    return 0;
}

int layer_share(const struct build_request *request, const struct planned_layer *planned,
                const struct image_layer *layer, const struct cancel *cancel, struct error *err)
{
    struct store *cache = request->reuse->layer_cache;

    if (planned->is_proven)
        layer_memo_write(request->run, layer);
    if (cache == NULL && request->reuse->shard_count > 0)
        cache = request->target.store;
    if (cache == NULL || planned->recipe->content_size == 0 ||
        is_kept_signed(request, cache, layer))
        return 0;
    return keep_layer(request, cache, layer, cancel, err);
}
