#include "rootfs/rootfs_internal.h"

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

/* Layers that are left open; each holds a connection and the state of an unpacker. */
#define IDLE_MAX 4
#define SKIP_SIZE ((size_t)64 * 1024)

/* A layer that is being unpacked, up to `position` so far. */
struct unpacking {
    struct unpacking *next;
    struct digest blob;
    struct reader *stored;
    struct reader *plain;
    uint64_t position;
};

struct rootfs_contents {
    struct store *store;           /* borrowed */
    const struct sandbox *sandbox; /* borrowed; may be NULL */
    atomic_bool refuses_parts;     /* set once the store gives whole blobs only */
    pthread_mutex_t lock;          /* guards the following */
    struct unpacking *idle;        /* the one that was used last comes first */
};

/* One content, or a part of it. */
struct content_reader {
    struct reader base;
    struct rootfs_contents *contents; /* borrowed */
    const struct cancel *cancel;      /* borrowed; may be NULL */
    struct unpacking *unpacking;      /* NULL: what is wanted is all that `part` gives */
    struct reader *part;
    uint64_t begin; /* in the unpacked layer */
    uint64_t left;
    bool is_broken;
};

static void unpacking_free(struct unpacking *unpacking)
{
    if (unpacking == NULL)
        return;
    reader_free(unpacking->plain);
    reader_free(unpacking->stored);
    free(unpacking);
}
CLEANUP_FREE(unpacking)

struct rootfs_contents *rootfs_contents_new(struct store *store, const struct sandbox *sandbox)
{
    struct rootfs_contents *contents = xcalloc(1, sizeof(*contents));

    contents->sandbox = sandbox;
    contents->store = store;
    pthread_mutex_init(&contents->lock, NULL);
    return contents;
}

bool rootfs_contents_gives_parts(struct rootfs_contents *contents)
{
    return !atomic_load(&contents->refuses_parts);
}

void rootfs_contents_free(struct rootfs_contents *contents)
{
    if (contents == NULL)
        return;
    while (contents->idle != NULL) {
        struct unpacking *next = contents->idle->next;
        unpacking_free(contents->idle);
        contents->idle = next;
    }
    pthread_mutex_destroy(&contents->lock);
    free(contents);
}

/* The one of the layer that is nearest before `begin`; NULL if there is none. */
static struct unpacking *take_idle(struct rootfs_contents *contents, const struct digest *blob,
                                   uint64_t begin)
{
    struct unpacking **best = NULL;

    pthread_mutex_lock(&contents->lock);
    for (struct unpacking **at = &contents->idle; *at != NULL; at = &(*at)->next)
        if (digest_equal(&(*at)->blob, blob) && (*at)->position <= begin &&
            (best == NULL || (*at)->position > (*best)->position))
            best = at;
    struct unpacking *found = best != NULL ? *best : NULL;
    if (found != NULL)
        *best = found->next;
    pthread_mutex_unlock(&contents->lock);
    return found;
}

/* Takes it over; the one that has rested longest goes if there are too many. */
static void give_idle(struct rootfs_contents *contents, struct unpacking *unpacking)
{
    struct unpacking *dropped = NULL;
    struct unpacking **at = &contents->idle;

    pthread_mutex_lock(&contents->lock);
    unpacking->next = contents->idle;
    contents->idle = unpacking;
    for (size_t i = 0; i < IDLE_MAX && *at != NULL; i++)
        at = &(*at)->next;
    dropped = *at;
    *at = NULL;
    pthread_mutex_unlock(&contents->lock);
    unpacking_free(dropped);
}

/* What is not packed is read as it comes, whatever it looks like this time. */
static int open_unpacking(struct rootfs_contents *contents, const struct rootfs_content *content,
                          struct unpacking **out, struct error *err)
{
    CLEANUP(unpacking) struct unpacking *unpacking = xcalloc(1, sizeof(*unpacking));
    const struct descriptor *blob = &content->blob;

    if (contents->store->ops->open_blob(contents->store, blob, 0, SIZE_UNKNOWN, &unpacking->stored,
                                        err) < 0)
        return -1;
    if (content->is_plain)
        unpacking->plain = TAKE(unpacking->stored);
    else if (unpack_apart(contents->sandbox, unpacking->stored, &unpacking->plain, err) < 0)
        return -1;
    unpacking->blob = blob->digest;
    *out = TAKE(unpacking);
    return 0;
}

static int skip(struct content_reader *content, struct error *err)
{
    struct unpacking *unpacking = content->unpacking;
    char data[SKIP_SIZE];

    while (unpacking->position < content->begin) {
        uint64_t size = content->begin - unpacking->position;
        if (cancel_check(content->cancel, err) < 0)
            return -1;
        ssize_t part = reader_read(unpacking->plain, data,
                                   size < sizeof(data) ? (size_t)size : sizeof(data), err);
        if (part < 0)
            return -1;
        if (part == 0)
            return error_set(err, ERROR_CORRUPT, "the layer %s ends before the file begins",
                             digest_format(&unpacking->blob).text);
        unpacking->position += (uint64_t)part;
    }
    return 0;
}

static ssize_t read_next(struct content_reader *content, void *data, size_t size, struct error *err)
{
    struct unpacking *unpacking = content->unpacking;

    if (cancel_check(content->cancel, err) < 0)
        return -1;
    if (unpacking == NULL)
        return reader_read(content->part, data, size, err);
    if (skip(content, err) < 0)
        return -1;
    ssize_t part = reader_read(unpacking->plain, data, size, err);
    if (part > 0) {
        unpacking->position += (uint64_t)part;
        content->begin += (uint64_t)part;
    }
    return part;
}

static ssize_t content_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct content_reader *content = CONTAINER_OF(reader, struct content_reader, base);

    if (content->left == 0 || size == 0)
        return 0;
    ssize_t part =
        read_next(content, data, size < content->left ? size : (size_t)content->left, err);
    if (part > 0)
        content->left -= (uint64_t)part;
    content->is_broken = part <= 0;
    return part;
}

static void content_free(struct reader *reader)
{
    struct content_reader *content = CONTAINER_OF(reader, struct content_reader, base);

    if (content->unpacking != NULL && content->left == 0 && !content->is_broken)
        give_idle(content->contents, TAKE(content->unpacking));
    unpacking_free(content->unpacking);
    reader_free(content->part);
    free(content);
}

/* *out stays NULL if the store gives whole blobs only. */
static int open_part(struct rootfs_contents *contents, const struct descriptor *blob,
                     uint64_t begin, uint64_t length, struct reader **out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    bool is_whole = begin == 0 && length == blob->size;

    if (contents->store->ops->open_blob(contents->store, blob, begin,
                                        is_whole ? SIZE_UNKNOWN : length, out, &why) == 0)
        return 0;
    if (why.kind != ERROR_UNSUPPORTED || begin == 0)
        return error_move(err, &why);
    atomic_store(&contents->refuses_parts, true);
    return 0;
}

int rootfs_contents_open(struct rootfs_contents *contents, const struct rootfs_content *content,
                         const struct rootfs_part *part, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {content_read, content_free};
    uint64_t rest = part->offset < content->size ? content->size - part->offset : 0;
    struct content_reader *new = xcalloc(1, sizeof(*new));
    CLEANUP(reader) struct reader *reader = &new->base;

    *new = (struct content_reader){
        .base.ops = &ops,
        .contents = contents,
        .cancel = part->cancel,
        .begin = content->offset + part->offset,
        .left = part->length < rest ? part->length : rest,
    };
    if (new->left > 0 && content->is_plain && !atomic_load(&contents->refuses_parts) &&
        open_part(contents, &content->blob, new->begin, new->left, &new->part, err) < 0)
        return -1;
    if (new->left > 0 && new->part == NULL) {
        new->unpacking = take_idle(contents, &content->blob.digest, new->begin);
        if (new->unpacking == NULL && open_unpacking(contents, content, &new->unpacking, err) < 0)
            return -1;
    }
    *out = TAKE(reader);
    return 0;
}
