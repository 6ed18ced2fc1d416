#include "image/image_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

static const char *annotation(const json_t *item, const char *key)
{
    return json_text(json_object_get(member_get(item, "annotations"), key));
}

static enum index_role role_of(const json_t *item, const struct descriptor *descriptor)
{
    const char *reference_type = annotation(item, "vnd.docker.reference.type");
    const char *os = member_text(member_get(item, "platform"), "os");

    if (reference_type != NULL && strcmp(reference_type, "attestation-manifest") == 0)
        return INDEX_ATTESTATION;
    if (media_type_is_index(descriptor->media_type))
        return INDEX_INDEX;
    if (!media_type_is_manifest(descriptor->media_type) || member_get(item, "artifactType") != NULL)
        return INDEX_OTHER;
    return os == NULL || strcmp(os, "linux") == 0 ? INDEX_IMAGE : INDEX_OTHER;
}

int index_entries(const struct document *index, struct index_entry **out, size_t *count,
                  struct error *err)
{
    json_t *list = member_get(index->json, "manifests");
    struct index_entry *entries = xcalloc(json_array_size(list), sizeof(*entries));
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        CLEANUP(error) struct error ignored = ERROR_INIT; /* a digest it may not have */
        const char *about = annotation(item, "vnd.docker.reference.digest");
        if (descriptor_from_json(item, &entries[i].descriptor, err) < 0) {
            free(entries);
            return error_wrap(err, "entry %zu of the index", i + 1);
        }
        entries[i].role = role_of(item, &entries[i].descriptor);
        oci_platform_from_json(member_get(item, "platform"), &entries[i].platform);
        if (about != NULL && digest_parse(about, &entries[i].about, &ignored) < 0)
            continue;
    }
    *out = entries;
    *count = json_array_size(list);
    return 0;
}

bool index_has_subject(const struct document *index)
{
    return member_get(index->json, "subject") != NULL;
}

void index_format(const struct document *index, const struct descriptor *replacement,
                  const bool *keep, struct buf *bytes, struct descriptor *out)
{
    json_auto_t *json = json_deep_copy(index->json);
    json_t *list = member_get(json, "manifests");
    bool edited = false;

    for (size_t i = json_array_size(list); i > 0; i--) {
        json_t *item = json_array_get(list, i - 1);
        const struct descriptor *now = &replacement[i - 1];
        const char *digest = member_text(item, "digest");
        CLEANUP(text) char *text = xstrdup(digest_format(&now->digest).text);
        if (!keep[i - 1]) {
            json_array_remove(list, i - 1);
            edited = true;
        } else if (strcmp(digest, text) != 0) {
            member_set_new(item, "digest", json_string(text));
            member_set_new(item, "size", json_integer((json_int_t)now->size));
            member_del(item, "data"); /* it held the manifest as it was */
            edited = true;
        }
    }
    buf_clear(bytes);
    if (edited)
        member_del(json, "subject"); /* it would speak of another index */
    if (edited)
        json_to_buf(json, bytes);
    else
        buf_add(bytes, buf_text(&index->bytes), index->bytes.size);
    *out = index->descriptor;
    out->size = bytes->size;
    out->digest = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);
}
