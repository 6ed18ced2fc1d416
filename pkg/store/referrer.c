#include "store/store_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

/* How often somebody else may be faster in adding to the tag. */
#define TRIES_MOST 5u

static int refuse_place(const struct store *store, struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' keeps nothing that is said of an image; a registry or an OCI layout "
                     "does",
                     store->name);
}

/* The tag that lists what speaks of it (distribution-spec, "Referrers Tag Schema"). */
static char *tag_of(const struct digest *subject)
{
    return xasprintf("%s-%.64s", digest_algorithm_name(subject->algorithm),
                     digest_format_hex(subject).text);
}

bool referrer_is_of_type(const json_t *json, const char *artifact_type)
{
    const char *type = member_text(json, "artifactType");

    return type != NULL && strcmp(type, artifact_type) == 0;
}

bool referrer_is_about(const json_t *manifest, const struct digest *subject)
{
    const char *digest = member_text(member_get(manifest, "subject"), "digest");

    return digest != NULL && strcmp(digest, digest_format(subject).text) == 0;
}

/*
 * What the tag lists; *state is what it shows. A registry may answer with the subject itself,
 * whose digest it reads out of the tag (GitLab): then there is no list.
 */
static int read_tag_list(struct store *store, const struct digest *subject, json_t **out,
                         struct tag_state *state, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *tag = tag_of(subject);

    *state = (struct tag_state){.kind = TAG_NONE};
    if (store_read_document(store, tag, &document, &why) < 0) {
        if (why.kind != ERROR_NOT_FOUND)
            return error_move(err, &why);
        *out = oci_index_new();
        return 0;
    }
    if (digest_equal(&document.descriptor.digest, subject)) {
        *state = (struct tag_state){.kind = TAG_ANY};
        *out = oci_index_new();
        return 0;
    }
    if (!document.is_index)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' of '%s' is an image, expected the list of what is said of %s", tag,
                         store->name, digest_format(subject).text);
    *state = (struct tag_state){.kind = TAG_IMAGE, .digest = document.descriptor.digest};
    *out = TAKE(document.json);
    return 0;
}

static int add_to_tag_once(struct store *store, const struct digest *subject, const json_t *entry,
                           struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(text) char *tag = tag_of(subject);
    json_auto_t *list = NULL;
    struct tag_state state;

    if (read_tag_list(store, subject, &list, &state, err) < 0)
        return -1;
    if (!oci_index_add_entry(list, entry))
        return 0;
    json_to_buf(list, &bytes);
    if (bytes.size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' of '%s' would have %zu bytes, and an index has %zu at most", tag,
                         store->name, bytes.size, DOCUMENT_LIMIT);
    return store_write_tag(store, tag, MEDIA_TYPE_OCI_INDEX, &bytes, &state, err);
}

/* The list is read, extended and written, and so another one may come between. */
static int add_to_tag(struct store *store, const struct digest *subject, const json_t *entry,
                      struct error *err)
{
    for (unsigned tries = 1; add_to_tag_once(store, subject, entry, err) < 0; tries++) {
        if (err->kind != ERROR_CONFLICT || tries == TRIES_MOST)
            return -1;
        error_release(err);
    }
    return 0;
}

/* image-spec, manifest.md: an artifact without a config has the empty one. */
static json_t *make_manifest(const struct descriptor *subject, const struct referrer *referrer,
                             const struct descriptor *config, const struct descriptor *content)
{
    json_t *layer = descriptor_to_json(content);

    json_object_set_new(layer, "annotations",
                        json_pack("{s:s}", "org.opencontainers.image.title", referrer->file_name));
    json_t *manifest = json_pack("{s:i, s:s, s:s, s:o, s:[o], s:o}", "schemaVersion", 2,
                                 "mediaType", MEDIA_TYPE_OCI_MANIFEST, "artifactType",
                                 referrer->media_type, "config", descriptor_to_json(config),
                                 "layers", layer, "subject", descriptor_to_json(subject));
    if (referrer->annotation != NULL)
        json_object_set_new(manifest, "annotations",
                            json_pack("{s:s}", referrer->annotation, referrer->value));
    return manifest;
}

/* As an index tells of it: type and annotations are the manifest's. */
static json_t *make_entry(const struct descriptor *what, const json_t *manifest)
{
    static const char *const names[] = {"artifactType", "annotations"};
    json_t *entry = descriptor_to_json(what);

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        json_t *value = json_object_get(manifest, names[i]);
        if (value != NULL)
            json_object_set(entry, names[i], value);
    }
    return entry;
}

static int write_blobs(struct store *store, const struct referrer *referrer,
                       struct descriptor *config, struct descriptor *content, struct error *err)
{
    CLEANUP(buf) struct buf empty = BUF_INIT;

    buf_add_text(&empty, "{}");
    if (descriptor_set(config, MEDIA_TYPE_OCI_EMPTY, &config->digest, 0, err) < 0 ||
        descriptor_set(content, referrer->media_type, &content->digest, 0, err) < 0 ||
        store_write_blob(store, &empty, config, err) < 0)
        return -1;
    return store_write_blob(store, referrer->content, content, err);
}

int store_write_referrer(struct store *store, const struct descriptor *subject,
                         const struct referrer *referrer, struct descriptor *out, struct error *err)
{
    struct descriptor config = DESCRIPTOR_INIT;
    struct descriptor content = DESCRIPTOR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    bool is_listed = false;

    if (!store->keeps_referrers)
        return refuse_place(store, err);
    if (referrer->content->size > REFERRER_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "it has %zu bytes, expected %zu at most",
                         referrer->content->size, REFERRER_LIMIT);
    if (write_blobs(store, referrer, &config, &content, err) < 0)
        return -1;
    json_auto_t *manifest = make_manifest(subject, referrer, &config, &content);
    json_to_buf(manifest, &bytes);
    if (version_describe(&bytes, MEDIA_TYPE_OCI_MANIFEST, &what.digest, &what, err) < 0)
        return -1;
    json_auto_t *entry = make_entry(&what, manifest);
    int result =
        store->ops->write_referrer != NULL
            ? store->ops->write_referrer(store, &subject->digest, entry, &bytes, &is_listed, err)
            : store_write_manifest(store, digest_format(&what.digest).text, MEDIA_TYPE_OCI_MANIFEST,
                                   &bytes, err);
    if (result < 0 || (!is_listed && add_to_tag(store, &subject->digest, entry, err) < 0))
        return -1;
    *out = what;
    return 0;
}

int store_list_referrers(struct store *store, const struct digest *subject, const char *media_type,
                         struct descriptor **out, size_t *count, struct error *err)
{
    json_auto_t *list = NULL;
    struct tag_state ignored;
    size_t i;
    json_t *entry;

    if (!store->keeps_referrers)
        return refuse_place(store, err);
    if (store->ops->list_referrers != NULL &&
        store->ops->list_referrers(store, subject, media_type, &list, err) < 0)
        return -1;
    if (list == NULL && read_tag_list(store, subject, &list, &ignored, err) < 0)
        return -1;
    const json_t *entries = member_get(list, "manifests");
    struct descriptor *found = xcalloc(json_array_size(entries) + 1, sizeof(*found));
    *count = 0;
    json_array_foreach(entries, i, entry)
    {
        CLEANUP(error) struct error unusable = ERROR_INIT; /* it names nothing */
        if (referrer_is_of_type(entry, media_type) &&
            descriptor_from_json(entry, &found[*count], &unusable) == 0)
            (*count)++;
    }
    *out = found;
    return 0;
}

/* Its bytes may be more than those of a manifest. */
static int read_content(struct store *store, const struct descriptor *blob, struct buf *out,
                        struct error *err)
{
    CLEANUP(reader) struct reader *raw = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct digest_text name = digest_format(&blob->digest);

    if (store->ops->open_blob(store, blob, 0, SIZE_UNKNOWN, &raw, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(raw, name.text, blob->size, &blob->digest);
    if (reader_read_all(verified, REFERRER_LIMIT, &bytes, err) < 0)
        return error_wrap(err, "'%s'", store->name);
    buf_release(out);
    *out = bytes;
    bytes = (struct buf)BUF_INIT;
    return 0;
}

int store_read_referrer(struct store *store, const struct digest *subject, const char *media_type,
                        const struct descriptor *manifest, struct buf *out, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text name = digest_format(&manifest->digest);
    struct descriptor blob = DESCRIPTOR_INIT;

    if (store_read_document(store, name.text, &document, err) < 0)
        return -1;
    const json_t *layers = member_get(document.json, "layers");
    if (!referrer_is_about(document.json, subject) ||
        !referrer_is_of_type(document.json, media_type) || json_array_size(layers) != 1)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' of '%s' is listed as a document about %s of the type '%s', and is "
                         "none",
                         name.text, store->name, digest_format(subject).text, media_type);
    if (descriptor_from_json(json_array_get(layers, 0), &blob, err) < 0)
        return error_wrap(err, "'%s' of '%s'", name.text, store->name);
    return read_content(store, &blob, out, err);
}
