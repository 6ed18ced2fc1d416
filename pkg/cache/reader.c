#include "cache/cache_internal.h"

/*
 * A file on its way: what is on the disk, then what is fetched, through `verify`, and from there
 * to the disk as well.
 */
struct kept_reader {
    struct reader base;
    struct reader joined; /* the bytes as they come, for `verify` */
    struct reader *verify;
    struct cache *cache; /* borrowed */
    struct cache_request request;
    struct digest digest;
    struct entry *entry;    /* NULL: it is not kept, or not any more */
    struct reader *fetched; /* NULL until it is needed */
    uint64_t joined_size;   /* bytes that have left `joined` */
    uint64_t passed;        /* bytes that have been verified */
    uint64_t kept_size;     /* of them, those that were written */
    bool is_from_disk;      /* some of it */
};

static ssize_t joined_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct kept_reader *kept = CONTAINER_OF(reader, struct kept_reader, joined);
    struct cache_request *request = &kept->request;
    uint64_t present = kept->entry != NULL ? kept->entry->present : 0;
    ssize_t part;

    if (kept->joined_size < present) {
        uint64_t left = present - kept->joined_size;
        part = entry_read(kept->entry, data, left < size ? (size_t)left : size, kept->joined_size,
                          err);
    } else if (kept->fetched == NULL && kept->joined_size > 0 &&
               kept->joined_size == request->size) {
        return 0; /* all of it was there */
    } else {
        if (kept->fetched == NULL &&
            request->fetch(request->arg, kept->joined_size, &kept->fetched, err) < 0)
            return -1;
        part = reader_read(kept->fetched, data, size, err);
    }
    if (part > 0)
        kept->joined_size += (uint64_t)part;
    return part;
}

/* Belongs to the reader around it. */
static void joined_free(struct reader *reader)
{
    (void)reader;
}

void cache_give_up_writing(struct cache *cache, const struct error *why)
{
    if (!atomic_exchange(&cache->is_read_only, true))
        log_warn(cache->log, "the download cache takes nothing more, and the work goes on: %s",
                 why->text);
}

static void count_kept(struct kept_reader *kept, uint64_t size)
{
    kept->kept_size += size;
    atomic_fetch_add(&kept->cache->kept_size, size);
}

static void discard(struct kept_reader *kept)
{
    entry_discard(kept->entry);
    atomic_fetch_sub(&kept->cache->kept_size, kept->kept_size);
    kept->kept_size = 0;
}

/* Keeps what has come. A part is all from the disk, or all fetched. */
static void keep(struct kept_reader *kept, const void *data, size_t size)
{
    CLEANUP(error) struct error why = ERROR_INIT; /* told as a warning */
    struct entry *entry = kept->entry;
    uint64_t offset = kept->passed;

    kept->passed += size;
    if (entry == NULL || entry->partial == NULL)
        return;
    bool is_new = offset >= entry->present;
    if ((!is_new || entry_write(entry, data, size, offset, &why) == 0) &&
        (kept->passed < kept->request.size || entry_commit(entry, &why) == 0)) {
        count_kept(kept, is_new ? size : 0);
        return;
    }
    cache_give_up_writing(kept->cache, &why);
    discard(kept); /* room for whoever filled the disk */
    entry_free(TAKE(kept->entry));
}

/* What is not what its digest says must not be met again. */
static int refuse(struct kept_reader *kept, struct error *err)
{
    if (kept->entry == NULL || err->kind != ERROR_CORRUPT)
        return -1;
    discard(kept);
    if (!kept->is_from_disk)
        return -1;
    return error_wrap(err,
                      "'%s' in the download cache was damaged and is removed, so that it is "
                      "downloaded the next time",
                      kept->entry->partial != NULL ? kept->entry->partial : kept->entry->path);
}

static ssize_t kept_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct kept_reader *kept = CONTAINER_OF(reader, struct kept_reader, base);
    ssize_t part = reader_read(kept->verify, data, size, err);

    if (part < 0)
        return refuse(kept, err);
    if (part > 0)
        keep(kept, data, (size_t)part);
    return part;
}

static void kept_free(struct reader *reader)
{
    struct kept_reader *kept = CONTAINER_OF(reader, struct kept_reader, base);

    reader_free(kept->verify);
    reader_free(kept->fetched);
    entry_free(kept->entry);
    free(kept);
}

/* Leaves kept->entry NULL if the file is fetched as if there were no cache. */
static int open_entry(struct kept_reader *kept, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT; /* told as a warning */
    enum digest_algorithm algorithm = kept->digest.algorithm;

    if (kept->request.size == 0 || (algorithm != DIGEST_SHA256 && algorithm != DIGEST_GIT_SHA1))
        return 0;
    if (entry_open(kept->cache, &kept->request, &kept->entry, &why) == 0)
        return 0;
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    cache_give_up_writing(kept->cache, &why);
    return 0;
}

int cache_reader_open(struct cache *cache, const struct cache_request *request, struct reader **out,
                      struct error *err)
{
    static const struct reader_ops ops = {kept_read, kept_free};
    static const struct reader_ops joined_ops = {joined_read, joined_free};
    struct kept_reader *kept = xcalloc(1, sizeof(*kept));
    CLEANUP(reader) struct reader *reader = &kept->base;

    kept->base.ops = &ops;
    kept->joined.ops = &joined_ops;
    kept->cache = cache;
    kept->request = *request;
    kept->digest = *request->digest;
    kept->request.digest = &kept->digest;
    if (open_entry(kept, err) < 0)
        return -1;
    kept->is_from_disk = kept->entry != NULL && kept->entry->present > 0;
    if (!kept->is_from_disk && request->fetch(request->arg, 0, &kept->fetched, err) < 0)
        return -1;
    kept->verify = verify_reader_new(&kept->joined, request->name, request->size, request->digest);
    *out = TAKE(reader);
    return 0;
}
