#include "image/image_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An index with other entries is an index again, and has those. */
static void check_edited(const struct document *index, const struct index_entry *entries,
                         size_t count)
{
    struct descriptor *now = xcalloc(count + 1, sizeof(*now));
    bool *keep = xcalloc(count + 1, sizeof(*keep));
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document written = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;
    struct index_entry *found = NULL;
    size_t found_count = 0, kept = 0;

    for (size_t i = 0; i < count; i++) {
        keep[i] = i % 3 != 2;
        now[i] = entries[i].descriptor;
        now[i].digest = digest_of(DIGEST_SHA256, &i, sizeof(i));
        now[i].size = i;
    }
    index_format(index, now, keep, &bytes, &what);
    if (document_parse(&bytes, &what, &written, &err) < 0 ||
        index_entries(&written, &found, &found_count, &err) < 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (!keep[i])
            continue;
        if (kept >= found_count || !digest_equal(&found[kept].descriptor.digest, &now[i].digest) ||
            found[kept].descriptor.size != now[i].size || found[kept].role != entries[i].role)
            abort();
        kept++;
    }
    if (kept != found_count)
        abort();
    free(found);
    free(now);
    free(keep);
}

/* Nothing is changed in an index whose entries stay what they are. */
static void check_same(const struct document *index, const struct index_entry *entries,
                       size_t count)
{
    struct descriptor *now = xcalloc(count + 1, sizeof(*now));
    bool *keep = xcalloc(count + 1, sizeof(*keep));
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    for (size_t i = 0; i < count; i++) {
        keep[i] = true;
        now[i] = entries[i].descriptor;
    }
    index_format(index, now, keep, &bytes, &what);
    if (bytes.size != index->bytes.size ||
        memcmp(buf_text(&bytes), buf_text(&index->bytes), bytes.size) != 0)
        abort();
    free(now);
    free(keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = {.digest = digest_of(DIGEST_SHA256, data, size), .size = size};
    struct index_entry *entries = NULL;
    size_t count = 0;

    buf_add(&bytes, data, size);
    if (document_parse(&bytes, &what, &document, &err) < 0 || !document.is_index)
        return 0;
    if (index_entries(&document, &entries, &count, &err) < 0) {
        if (err.kind == ERROR_NONE || entries != NULL)
            abort();
        return 0;
    }
    check_same(&document, entries, count);
    check_edited(&document, entries, count);
    free(entries);
    return 0;
}
