#include "rootfs/memo_test_internal.h"
#include "rootfs/toc_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *path)
{
    size_t size = strlen(path);

    if (size == 0) /* the root */
        return;
    if (size > ROOTFS_PATH_MAX || path[0] == '/' || path[size - 1] == '/' ||
        strstr(path, "//") != NULL || strcmp(path, "..") == 0 || strstr(path, "/../") != NULL)
        abort();
}

static void check_listing(const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(buf) struct buf path = BUF_INIT;
        const struct listing_entry value = listing_at(listing, i, &path);
        const struct listing_entry *entry = &value;
        check_path(entry->path);
        if (entry->type == ROOTFS_ABSENT || entry->is_hard_link || entry->mode > 07777 ||
            entry->time_ns > 999999999 ||
            listing_find(listing, entry->path) != &listing->records[i])
            abort();
        if ((entry->type == ROOTFS_LINK || entry->is_unresolved) && entry->target == NULL)
            abort();
        if (entry->content != NULL && (entry->type != ROOTFS_FILE || entry->size > 0))
            abort(); /* a table has nothing of a file but that it is empty */
    }
}

/* Whatever the table is: its listing says clean paths, and a memo of it says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct scan_wanted wanted = {"wanted", 1000};
    const struct digest digest = digest_of(DIGEST_SHA256, "", 0);
    const struct memo_key key = {.content = digest, .blob = digest};
    CLEANUP(reader) struct reader *json = memory_reader_new(data, size);
    CLEANUP(toc_scan) struct toc_scan scan;
    CLEANUP(listing) struct listing *parsed = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;

    toc_scan_init(&scan, &wanted, NULL);
    if (toc_scan_entries(&scan, json, &err) < 0) {
        if (err.kind == ERROR_NONE)
            abort();
        return 0;
    }
    for (size_t i = 0; i < scan.content_count; i++) {
        const struct toc_content *content = &scan.contents[i];
        if (content->number >= scan.listing->count || content->offset == 0 ||
            (content->end != 0 && content->end <= content->offset))
            abort();
    }
    listing_finish(scan.listing);
    check_listing(scan.listing);
    memo_format(scan.listing, &key, &first);
    if (memo_parse(&first, &key, &parsed, &err) < 0)
        abort();
    memo_format(parsed, &key, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
    return 0;
}
