#include "remove/remove_internal.h"

#include "oci/media_type.h"

#include <string.h>

void removal_release_base(struct removal *removal)
{
    for (size_t i = 0; i < removal->candidate_count; i++) {
        image_tree_free(removal->candidates[i].loaded);
        free(removal->candidates[i].digest);
        free(removal->candidates[i].list);
        free(removal->candidates[i].why);
    }
    for (size_t i = 0; i < removal->named_count; i++) {
        store_free(removal->named[i].store);
        free(removal->named[i].name);
        free(removal->named[i].why);
    }
    free(removal->candidates);
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
static int find_candidate(struct removal *removal, struct store *store, const char *digest,
                          struct base_candidate **out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    for (size_t i = 0; i < removal->candidate_count; i++)
        if (removal->candidates[i].store == store &&
            strcmp(removal->candidates[i].digest, digest) == 0) {
            *out = &removal->candidates[i];
            return 0;
        }
    removal->candidates =
        xrealloc(removal->candidates, removal->candidate_count + 1, sizeof(*removal->candidates));
    struct base_candidate *candidate = &removal->candidates[removal->candidate_count++];
    *candidate = (struct base_candidate){.digest = xstrdup(digest), .store = store};
    if (image_tree_open(store, digest, IMAGE_TREE_IN_REACH, &candidate->loaded, &why) == 0)
        image_tree_list(candidate->loaded, &candidate->list, &candidate->count);
    else if (note(&why, &candidate->why, err) < 0)
        return -1;
    *out = candidate;
    return 0;
}

/* The entries without attestations, as JSON; `now` stands for them. Caller owns it. */
static json_t *entries_json(const struct image_tree *index, const struct descriptor *now)
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
static bool index_is_equal(const struct removal *removal, const struct image_tree *index,
                           const struct image_tree *base)
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
static int check_others(const struct image_tree *base, struct store *store, struct error *err)
{
    for (size_t i = 0; i < base->entry_count; i++)
        if (base->children[i] == NULL && check_entry(store, &base->entries[i].descriptor, err) < 0)
            return error_wrap(err, "the base's %s",
                              digest_format(&base->entries[i].descriptor.digest).text);
    return 0;
}

static bool is_base(const struct removal *removal, const struct document_change *change,
                    const struct image_tree *base)
{
    if (change->was->image != NULL)
        return base->image != NULL && image_equal(change->was->image, base->image);
    return base->image == NULL && index_is_equal(removal, change->was, base);
}

/* Looks for the document in what `store` has of the base. */
static int find_in(struct removal *removal, struct document_change *change, struct store *store,
                   struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct base_candidate *candidate = NULL;
    const struct image_tree *base = NULL;

    if (find_candidate(removal, store, change->base_digest, &candidate, err) < 0)
        return -1;
    for (size_t i = 0; i < candidate->count && base == NULL; i++)
        if (is_base(removal, change, candidate->list[i]))
            base = candidate->list[i];
    if (base == NULL)
        return 0;
    if (check_others(base, store, &why) < 0)
        return note(&why, &candidate->why, err);
    change->base = base;
    change->base_store = store;
    return 0;
}

int removal_find_base(struct removal *removal, struct document_change *change, struct error *err)
{
    const struct remove_options *options = removal->options;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the image names no base */
    struct digest digest = DIGEST_INIT;
    struct store *named = NULL;

    if (change->base_digest == NULL || digest_parse(change->base_digest, &digest, &ignored) < 0)
        return 0;
    if (find_in(removal, change, options->image, err) < 0)
        return -1;
    if (change->base == NULL && options->target != options->image &&
        find_in(removal, change, options->target, err) < 0)
        return -1;
    if (change->base != NULL || change->base_name == NULL || options->open_base == NULL)
        return 0;
    if (open_named(removal, change->base_name, &named, err) < 0)
        return -1;
    return named != NULL ? find_in(removal, change, named, err) : 0;
}

static bool has_models_left(const struct removal *removal)
{
    for (size_t i = 0; i < removal->change_count; i++)
        for (size_t k = 0; k < removal->changes[i].own_count; k++)
            if (removal->changes[i].own[k].record.model != NULL && !removal->changes[i].leaves[k])
                return true;
    return false;
}

/* What stood in the way, in the place where the base was most likely to be. */
static const char *find_why(const struct removal *removal)
{
    const char *why = "the image does not say which they are";

    for (size_t i = 0; i < removal->candidate_count; i++) {
        const struct base_candidate *candidate = &removal->candidates[i];
        if (candidate->loaded != NULL && candidate->why == NULL)
            return "the image differs from them in more than the models";
        if (candidate->why != NULL)
            why = candidate->why;
    }
    for (size_t i = 0; i < removal->named_count; i++)
        if (removal->named[i].why != NULL)
            why = removal->named[i].why;
    return why;
}

/* What is made without the models may be the very bytes, though nobody has them: scratch. */
static bool becomes_base(const struct document_change *root)
{
    return root->base_digest != NULL &&
           strcmp(digest_format(&root->becomes.digest).text, root->base_digest) == 0;
}

void removal_explain(const struct removal *removal)
{
    const struct document_change *root = &removal->changes[removal->change_count - 1];

    if (has_models_left(removal))
        return;
    if (root->base != NULL || becomes_base(root))
        log_info(removal->options->log, "no model is left: the result is the base, byte for byte");
    else
        log_info(removal->options->log,
                 "no model is left: the result is made from the image without them, since the "
                 "base's own documents cannot be used: %s",
                 find_why(removal));
}
