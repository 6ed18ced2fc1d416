#include "rootfs/memo_test_internal.h"

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

/* What an entry names is listed in its folder. */
static void check_name(const struct listing *listing, const struct listing_entry *entry)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(text) char *folder = xstrdup(entry->path);
    char *slash = strrchr(folder, '/');

    if (*entry->path == '\0')
        return;
    *(slash != NULL ? slash : folder) = '\0';
    listing_add_names(listing, folder, &names);
    if (!strings_has(&names, name_base(entry->path)))
        abort();
}

/* Only files are hashed, and what was kept of one has its hash. */
static void check_hashes(const struct listing_entry *entry)
{
    if (entry->hashes == NULL)
        return;
    if (entry->type != ROOTFS_FILE)
        abort();
    if (entry->content == NULL)
        return;
    struct digest digest = digest_of(DIGEST_SHA256, entry->content, (size_t)entry->size);
    if (!digest_equal(&digest, &entry->hashes->sha256))
        abort();
}

static void check_listing(const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(buf) struct buf path = BUF_INIT;
        const struct listing_entry value = listing_at(listing, i, &path);
        const struct listing_entry *entry = &value;
        check_path(entry->path);
        if (entry->type == ROOTFS_ABSENT ||
            (*entry->path == '\0' && entry->type != ROOTFS_FOLDER) || entry->is_hard_link ||
            entry->mode > 07777 || listing_find(listing, entry->path) != &listing->records[i])
            abort();
        if ((entry->type == ROOTFS_LINK || entry->is_unresolved) && entry->target == NULL)
            abort();
        (void)listing_implies(listing, entry->path);
        (void)listing_hides(listing, entry->path);
        check_name(listing, entry);
        check_hashes(entry);
    }
}

/* Whatever the tar is: a listing says clean paths, and a memo of it says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(reader) struct reader *plain = memory_reader_new(data, size);
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(listing) struct listing *parsed = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;
    const struct scan_request request = {
        .plain = plain,
        .algorithm = DIGEST_SHA256,
        .hash_contents = size % 2 == 0,
        .wanted = {"wanted", 1000},
    };
    struct digest digest = DIGEST_INIT;
    struct digest whole = digest_of(DIGEST_SHA256, data, size);

    if (scan_tar(&request, &listing, &digest, &err) < 0) {
        if (listing != NULL || err.kind == ERROR_NONE)
            abort();
        return 0;
    }
    if (!digest_equal(&digest, &whole))
        abort();
    check_listing(listing);
    const struct memo_key key = {.content = digest, .blob = whole};
    memo_format(listing, &key, &first);
    if (memo_parse(&first, &key, &parsed, &err) < 0)
        abort();
    memo_format(parsed, &key, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
    return 0;
}
