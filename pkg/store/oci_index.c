#include "store/store_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"

int oci_layout_check(const struct buf *bytes, struct error *err)
{
    json_auto_t *json = NULL;

    if (json_from_buf(bytes, "the file oci-layout", &json, err) < 0)
        return -1;
    const char *version = member_text(json, "imageLayoutVersion");
    if (version == NULL)
        return error_set(err, ERROR_CORRUPT, "the file oci-layout has no 'imageLayoutVersion'");
    if (!text_starts_with(version, "1."))
        return error_set(err, ERROR_UNSUPPORTED,
                         "the layout has the version '%s', expected '1.0.0'", version);
    return 0;
}

int oci_index_parse(const struct buf *bytes, json_t **out, struct error *err)
{
    json_auto_t *index = NULL;
    size_t i;
    json_t *entry;

    if (json_from_buf(bytes, "index.json", &index, err) < 0)
        return -1;
    json_t *entries = member_get(index, "manifests");
    if (!json_is_array(entries) && !json_is_null(entries))
        return error_set(err, ERROR_CORRUPT, "index.json has no list 'manifests'");
    json_array_foreach(entries, i, entry) member_unify(entry, "annotations", true);
    *out = TAKE(index);
    return 0;
}

json_t *oci_index_new(void)
{
    json_t *index = json_object();

    json_object_set_new(index, "schemaVersion", json_integer(2));
    json_object_set_new(index, "mediaType", json_string(MEDIA_TYPE_OCI_INDEX));
    json_object_set_new(index, "manifests", json_array());
    return index;
}

static const char *entry_tag(const json_t *entry)
{
    return json_text(json_object_get(member_get(entry, "annotations"), REF_NAME));
}

static const char *entry_digest(const json_t *entry)
{
    const char *digest = member_text(entry, "digest");

    return digest != NULL ? digest : "";
}

/* The entry of `tag`; NULL if there is none. Of several with one name the first is meant. */
static json_t *find_tag(const json_t *entries, const char *tag)
{
    size_t i;
    json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        const char *name = entry_tag(entry);
        if (name != NULL && strcmp(name, tag) == 0)
            return entry;
    }
    return NULL;
}

/* An artifact without a name: it says something about an image, and is not asked for itself. */
static bool is_aside(const json_t *entry)
{
    return entry_tag(entry) == NULL && member_text(entry, "artifactType") != NULL;
}

/* The first image if all are the same one, perhaps under several tags; else NULL. */
static json_t *find_only(const json_t *entries)
{
    json_t *first = NULL;
    size_t i;
    json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        if (is_aside(entry))
            continue;
        if (first == NULL)
            first = entry;
        if (strcmp(entry_digest(entry), entry_digest(first)) != 0)
            return NULL;
    }
    return first != NULL || json_array_size(entries) != 1 ? first : json_array_get(entries, 0);
}

int oci_index_find(const json_t *index, const char *tag, struct descriptor *out, struct error *err)
{
    const json_t *entries = member_get(index, "manifests");
    json_t *found = tag != NULL ? find_tag(entries, tag) : find_only(entries);
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    size_t i;
    json_t *entry;

    if (found != NULL) {
        if (descriptor_from_json(found, out, err) < 0)
            return error_wrap(err, "index.json");
        return 0;
    }
    json_array_foreach(entries, i, entry)
    {
        const char *name = entry_tag(entry);
        if (!is_aside(entry))
            strings_add(&names, name != NULL ? name : entry_digest(entry));
    }
    return version_refuse(tag, &names, err);
}

bool oci_index_find_digest(const json_t *index, const struct digest *digest, struct descriptor *out)
{
    struct digest_text text = digest_format(digest);
    size_t i;
    json_t *entry;

    json_array_foreach(member_get(index, "manifests"), i, entry)
    {
        CLEANUP(error) struct error ignored = ERROR_INIT; /* the entry says nothing usable */
        if (strcmp(entry_digest(entry), text.text) == 0 &&
            descriptor_from_json(entry, out, &ignored) == 0)
            return true;
    }
    return false;
}

static json_t *make_entry(const char *tag, const struct descriptor *image)
{
    json_t *entry = descriptor_to_json(image);
    json_t *annotations = json_object();

    json_object_set_new(annotations, REF_NAME, json_string(tag));
    json_object_set_new(entry, "annotations", annotations);
    return entry;
}

void oci_index_add(json_t *index, const struct descriptor *image)
{
    json_array_append_new(member_get(index, "manifests"), descriptor_to_json(image));
}

bool oci_index_add_entry(json_t *index, const json_t *entry)
{
    json_t *entries = member_get(index, "manifests");
    size_t i;
    json_t *other;

    json_array_foreach(entries, i, other)
    {
        if (strcmp(entry_digest(other), entry_digest(entry)) == 0)
            return false;
    }
    if (!json_is_array(entries)) {
        member_set_new(index, "manifests", json_array());
        entries = member_get(index, "manifests");
    }
    json_array_append_new(entries, json_deep_copy(entry));
    return true;
}

/*
 * The old image is not kept as an entry without a name, as some tools do: it would be a root that
 * nobody can ask for and that no collection of garbage removes.
 */
bool oci_index_set(json_t *index, const char *tag, const struct descriptor *image)
{
    json_t *entries = member_get(index, "manifests");
    bool is_placed = false;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* an unusable entry is replaced */
    struct descriptor old = DESCRIPTOR_INIT;
    json_t *found = find_tag(entries, tag);

    if (found != NULL && descriptor_from_json(found, &old, &ignored) == 0 &&
        digest_equal(&old.digest, &image->digest) && old.size == image->size &&
        strcmp(old.media_type, image->media_type) == 0)
        return false;
    if (!json_is_array(entries)) {
        member_set_new(index, "manifests", json_array());
        entries = member_get(index, "manifests");
    }
    for (size_t i = 0; i < json_array_size(entries);) {
        const char *name = entry_tag(json_array_get(entries, i));
        if (name == NULL || strcmp(name, tag) != 0) {
            i++;
        } else if (is_placed) { /* a tag names one image */
            json_array_remove(entries, i);
        } else {
            json_array_set_new(entries, i++, make_entry(tag, image));
            is_placed = true;
        }
    }
    if (!is_placed)
        json_array_append_new(entries, make_entry(tag, image));
    return true;
}
