#include "inject/remove_internal.h"

#include "oci/media_type.h"

#include <string.h>

void removal_release_base(struct removal *removal)
{
    for (size_t i = 0; i < removal->origin_count; i++) {
        loaded_free(removal->origins[i].loaded);
        free(removal->origins[i].digest);
        free(removal->origins[i].list);
        free(removal->origins[i].why);
    }
    for (size_t i = 0; i < removal->named_count; i++) {
        store_free(removal->named[i].store);
        free(removal->named[i].name);
        free(removal->named[i].why);
    }
    free(removal->origins);
    free(removal->named);
}

/* The base cannot be had here: no reason to fail, unless somebody asked to stop. */
static int note(struct error *why, char **out, struct error *err)
{
    if (why->kind == ERROR_CANCELED)
        return error_move(err, why);
    free(*out);
    *out = xstrdup(why->text);
    return 0;
}

/* The store of this name; *out is NULL if it cannot be opened. */
static int open_named(struct removal *removal, const char *name, struct store **out,
                      struct error *err)
{
    const struct remove_options *options = removal->options;
    CLEANUP(error) struct error why = ERROR_INIT;

    for (size_t i = 0; i < removal->named_count; i++)
        if (strcmp(removal->named[i].name, name) == 0) {
            *out = removal->named[i].store;
            return 0;
        }
    removal->named = xrealloc(removal->named, removal->named_count + 1, sizeof(*removal->named));
    struct named_store *named = &removal->named[removal->named_count++];
    *named = (struct named_store){.name = xstrdup(name)};
    if (options->open_base(options->open_arg, name, &named->store, &why) < 0 &&
        note(&why, &named->why, err) < 0)
        return -1;
    *out = named->store;
    return 0;
}

/* What `store` has under the digest; in a list, so that each is read once. */
static int find_origin(struct removal *removal, struct store *store, const char *digest,
                       struct origin **out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    for (size_t i = 0; i < removal->origin_count; i++)
        if (removal->origins[i].store == store && strcmp(removal->origins[i].digest, digest) == 0) {
            *out = &removal->origins[i];
            return 0;
        }
    removal->origins =
        xrealloc(removal->origins, removal->origin_count + 1, sizeof(*removal->origins));
    struct origin *origin = &removal->origins[removal->origin_count++];
    *origin = (struct origin){.digest = xstrdup(digest), .store = store};
    if (loaded_open(store, digest, LOADED_IN_REACH, &origin->loaded, &why) == 0)
        loaded_list(origin->loaded, &origin->list, &origin->count);
    else if (note(&why, &origin->why, err) < 0)
        return -1;
    *out = origin;
    return 0;
}

/* The entries without attestations, as JSON; `now` stands for them. Caller owns it. */
static json_t *entries_json(const struct loaded *index, const struct descriptor *now)
{
    CLEANUP(error) struct error never = ERROR_INIT; /* it has just been written as JSON */
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    bool *keep = xcalloc(index->entry_count, sizeof(*keep));
    struct descriptor ignored;
    json_t *json = NULL;

    for (size_t i = 0; i < index->entry_count; i++)
        keep[i] = index->entries[i].role != INDEX_ATTESTATION;
    index_format(&index->document, now, keep, &bytes, &ignored);
    free(keep);
    return json_from_buf(&bytes, "the index", &json, &never) == 0 ? json : NULL;
}

/* Is the edited index the same as the base's, but for attestations? */
static bool index_is_equal(const struct removal *removal, const struct loaded *index,
                           const struct loaded *base)
{
    struct descriptor *now = removal_entries(removal, index);
    struct descriptor *then = xcalloc(base->entry_count, sizeof(*then));

    for (size_t i = 0; i < base->entry_count; i++)
        then[i] = base->entries[i].descriptor;
    json_auto_t *one = entries_json(index, now);
    json_auto_t *other = entries_json(base, then);
    free(now);
    free(then);
    return one != NULL && json_equal(one, other) &&
           strcmp(index->document.descriptor.media_type, base->document.descriptor.media_type) == 0;
}

static int check_blob(struct store *store, const struct descriptor *blob, struct error *err)
{
    bool there = false;

    if (store_has_blob(store, blob, &there, err) < 0)
        return -1;
    if (!there)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", store->name,
                         digest_format(&blob->digest).text);
    return 0;
}

/* Can what an entry of the base's index names be had, with all that it mentions? */
static int check_entry(struct store *store, const struct descriptor *entry, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;
    int result = 0;

    if (!media_type_is_manifest(entry->media_type))
        return check_blob(store, entry, err);
    if (store_read_document(store, digest_format(&entry->digest).text, &document, err) < 0 ||
        document_children(&document, &children, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        result = check_blob(store, &children[i], err);
    free(children);
    return result;
}

/* All that is passed on with the base's index: attestations, other systems, artifacts. */
static int check_others(const struct loaded *base, struct store *store, struct error *err)
{
    for (size_t i = 0; i < base->entry_count; i++)
        if (base->children[i] == NULL && check_entry(store, &base->entries[i].descriptor, err) < 0)
            return error_wrap(err, "the base's %s",
                              digest_format(&base->entries[i].descriptor.digest).text);
    return 0;
}

static bool is_base(const struct removal *removal, const struct outcome *outcome,
                    const struct loaded *base)
{
    if (outcome->was->image != NULL)
        return base->image != NULL && image_equal(outcome->was->image, base->image);
    return base->image == NULL && index_is_equal(removal, outcome->was, base);
}

/* Looks for the document in what `store` has of the base. */
static int find_in(struct removal *removal, struct outcome *outcome, struct store *store,
                   struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct origin *origin = NULL;
    const struct loaded *base = NULL;

    if (find_origin(removal, store, outcome->base_digest, &origin, err) < 0)
        return -1;
    for (size_t i = 0; i < origin->count && base == NULL; i++)
        if (is_base(removal, outcome, origin->list[i]))
            base = origin->list[i];
    if (base == NULL)
        return 0;
    if (check_others(base, store, &why) < 0)
        return note(&why, &origin->why, err);
    outcome->base = base;
    outcome->base_store = store;
    return 0;
}

int removal_find_base(struct removal *removal, struct outcome *outcome, struct error *err)
{
    const struct remove_options *options = removal->options;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the image names no base */
    struct digest digest = DIGEST_INIT;
    struct store *named = NULL;

    if (outcome->base_digest == NULL || digest_parse(outcome->base_digest, &digest, &ignored) < 0)
        return 0;
    if (find_in(removal, outcome, options->image, err) < 0)
        return -1;
    if (outcome->base == NULL && options->target != options->image &&
        find_in(removal, outcome, options->target, err) < 0)
        return -1;
    if (outcome->base != NULL || outcome->base_name == NULL || options->open_base == NULL)
        return 0;
    if (open_named(removal, outcome->base_name, &named, err) < 0)
        return -1;
    return named != NULL ? find_in(removal, outcome, named, err) : 0;
}

static bool has_models_left(const struct removal *removal)
{
    for (size_t i = 0; i < removal->outcome_count; i++)
        for (size_t k = 0; k < removal->outcomes[i].own_count; k++)
            if (removal->outcomes[i].own[k].record.model != NULL && !removal->outcomes[i].leaves[k])
                return true;
    return false;
}

/* What stood in the way, in the place where the base was most likely to be. */
static const char *find_why(const struct removal *removal)
{
    const char *why = "the image does not say which they are";

    for (size_t i = 0; i < removal->origin_count; i++) {
        const struct origin *origin = &removal->origins[i];
        if (origin->loaded != NULL && origin->why == NULL)
            return "the image differs from them in more than the models";
        if (origin->why != NULL)
            why = origin->why;
    }
    for (size_t i = 0; i < removal->named_count; i++)
        if (removal->named[i].why != NULL)
            why = removal->named[i].why;
    return why;
}

void removal_explain(const struct removal *removal)
{
    const struct outcome *root = &removal->outcomes[removal->outcome_count - 1];

    if (has_models_left(removal))
        return;
    if (root->base != NULL)
        log_info(removal->options->log, "no model is left: the result is the base, byte for byte");
    else
        log_info(removal->options->log,
                 "no model is left: the result is made from the image without them, since the "
                 "base's own documents cannot be used: %s",
                 find_why(removal));
}
