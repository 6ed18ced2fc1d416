#include "oci_model/oci_model_internal.h"

#include "image/image.h"
#include "oci/media_type.h"

#include <string.h>

/* Indexes one in another. */
#define DEPTH_MAX 4
/* Of the digests in a message. */
#define NAMED_MAX ((size_t)5)

/* Models do not depend on the platform; that of most images is taken, so that all machines agree.
 */
static const struct oci_platform preferred = {"linux", "amd64", ""};

static const struct index_entry *find_image(const struct index_entry *entries, size_t count)
{
    const struct index_entry *first = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct index_entry *entry = &entries[i];
        if (entry->role != INDEX_IMAGE || entry->platform.os[0] == '\0')
            continue;
        if (oci_platform_equal(&entry->platform, &preferred))
            return entry;
        first = first != NULL ? first : entry;
    }
    return first;
}

/* An artifact, or an index of some. */
static bool may_be_model(const struct index_entry *entry)
{
    const char *type = entry->descriptor.media_type;

    return entry->role != INDEX_ATTESTATION && entry->platform.os[0] == '\0' &&
           (media_type_is_manifest(type) || media_type_is_index(type));
}

static int find_artifact(const struct index_entry *entries, size_t count,
                         const struct index_entry **out, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (!may_be_model(&entries[i]))
            continue;
        *out = &entries[i];
        if (found++ < NAMED_MAX)
            buf_addf(&names, "%s@%s", found > 1 ? ", " : "",
                     digest_format(&entries[i].descriptor.digest).text);
    }
    if (found == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "its index names neither an image for Linux nor a model");
    if (found > 1)
        return error_set(err, ERROR_UNSUPPORTED, "its index names %zu models; name one of %s%s",
                         found, buf_text(&names), found > NAMED_MAX ? ", …" : "");
    return 0;
}

static int choose_entry(const struct document *index, struct descriptor *out, struct error *err)
{
    struct index_entry *entries = NULL;
    size_t count = 0;
    int result = 0;

    if (index_entries(index, &entries, &count, err) < 0)
        return -1;
    const struct index_entry *found = find_image(entries, count);
    if (found == NULL)
        result = find_artifact(entries, count, &found, err);
    if (result == 0)
        *out = found->descriptor;
    free(entries);
    return result;
}

int manifest_choose(struct store *store, const char *version, const struct log *log,
                    struct document *out, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor chosen;

    if (store_read_document(store, version, &document, err) < 0)
        return -1;
    for (unsigned depth = 0; document.is_index; depth++) {
        if (depth == DEPTH_MAX)
            return error_set(err, ERROR_UNSUPPORTED, "more than %d indexes one in another",
                             DEPTH_MAX);
        if (choose_entry(&document, &chosen, err) < 0)
            return -1;
        struct digest_text digest = digest_format(&chosen.digest);
        log_debug(log, "the model is taken from %s of '%s'", digest.text, store->name);
        if (store_read_document(store, digest.text, &document, err) < 0)
            return -1;
    }
    *out = document;
    document = (struct document)DOCUMENT_INIT;
    return 0;
}
