#include "pack/pack_internal.h"

#include <inttypes.h>
#include <string.h>

#define PART_SIZE ((size_t)64 * 1024)

/*
 * A tar beside the one that it should be. The tar is written anew, its files' contents taken from
 * where they stand in the one that is checked; whatever else is written is compared with that.
 */
struct checking {
    struct writer base; /* what is written comes here */
    struct reader *tar; /* borrowed */
    const struct recipe *recipe;
    uint64_t at;      /* in the tar */
    uint64_t content; /* of what comes next, bytes that were taken out of the tar */
    char *part;       /* PART_SIZE bytes */
};

static int read_part(struct checking *checking, size_t size, struct error *err)
{
    for (size_t got = 0; got < size;) {
        ssize_t part = reader_read(checking->tar, checking->part + got, size - got, err);
        if (part < 0)
            return -1;
        if (part == 0)
            return error_set(err, ERROR_CORRUPT,
                             "it ends after %" PRIu64 " bytes, expected %" PRIu64,
                             checking->at + got, checking->recipe->tar_size);
        got += (size_t)part;
    }
    return 0;
}

static int check_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct checking *checking = CONTAINER_OF(writer, struct checking, base);
    const char *wanted = data;
    size_t passed = checking->content < size ? (size_t)checking->content : size;

    checking->content -= passed;
    checking->at += passed;
    wanted += passed;
    size -= passed;
    while (size > 0) {
        size_t part = size < PART_SIZE ? size : PART_SIZE;
        if (read_part(checking, part, err) < 0)
            return -1;
        if (memcmp(checking->part, wanted, part) != 0)
            return error_set(err, ERROR_CORRUPT,
                             "what it has at byte %" PRIu64 " and behind, names, owners, modes and "
                             "the like, is not what is expected there",
                             checking->at);
        checking->at += part;
        wanted += part;
        size -= part;
    }
    return 0;
}

static int check_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void check_free(struct writer *writer)
{
    (void)writer;
}

/* A file's content, read where it stands in the tar. */
struct content_reader {
    struct reader base;
    struct checking *checking;
    uint64_t left;
};

static ssize_t content_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct content_reader *content = CONTAINER_OF(reader, struct content_reader, base);
    size_t wanted = content->left < size ? (size_t)content->left : size;

    if (wanted == 0)
        return 0;
    ssize_t part = reader_read(content->checking->tar, data, wanted, err);
    if (part > 0) {
        content->left -= (uint64_t)part;
        content->checking->content += (uint64_t)part;
    }
    return part;
}

static void content_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct content_reader, base));
}

/* A content and what verifies it. */
struct verified_reader {
    struct reader base;
    struct reader *content;  /* owned */
    struct reader *verified; /* owned */
};

static ssize_t verified_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return reader_read(CONTAINER_OF(reader, struct verified_reader, base)->verified, data, size,
                       err);
}

static void verified_free(struct reader *reader)
{
    struct verified_reader *verified = CONTAINER_OF(reader, struct verified_reader, base);

    reader_free(verified->verified);
    reader_free(verified->content);
    free(verified);
}

static int open_verified(void *arg, const struct plan_file *file, struct reader **out,
                         struct error *err)
{
    static const struct reader_ops content_ops = {content_read, content_free};
    static const struct reader_ops verified_ops = {verified_read, verified_free};

    if (file->digest.algorithm == DIGEST_NONE)
        return error_set(err, ERROR_UNSUPPORTED, "no digest of '%s' is known", file->path);
    struct content_reader *content = xcalloc(1, sizeof(*content));
    content->base.ops = &content_ops;
    content->checking = arg;
    content->left = file->size;
    struct verified_reader *verified = xcalloc(1, sizeof(*verified));
    verified->base.ops = &verified_ops;
    verified->content = &content->base;
    verified->verified = verify_reader_new(&content->base, file->path, file->size, &file->digest);
    *out = &verified->base;
    return 0;
}

static int check_end(struct checking *checking, struct error *err)
{
    ssize_t more = reader_read(checking->tar, checking->part, 1, err);

    if (more > 0)
        return error_set(err, ERROR_CORRUPT, "it has more than the expected %" PRIu64 " bytes",
                         checking->at);
    return more < 0 ? -1 : 0;
}

int recipe_check_tar(const struct recipe *recipe, struct reader *tar, const struct cancel *cancel,
                     struct error *err)
{
    static const struct writer_ops ops = {
        .write = check_write, .finish = check_finish, .free = check_free};
    CLEANUP(text) char *part = xcalloc(PART_SIZE, 1);
    struct checking checking = {.base = {&ops}, .tar = tar, .recipe = recipe, .part = part};

    if (recipe_write_tar(recipe, open_verified, &checking, &checking.base, cancel, err) < 0)
        return -1;
    return check_end(&checking, err);
}
