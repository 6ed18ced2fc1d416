#include "stream/stream_internal.h"

#include "core/text.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_LEVEL 6 /* the one there is: what gzip itself takes */
#define ZSTD_LEVEL 3 /* what zstd itself takes */
/* Those above need windows, and so memory, that are not for every puller. */
#define ZSTD_LEVEL_MAX 19

struct compression_form {
    const char *name;
    const char *suffix; /* of the media type of what is compressed */
    int level;          /* if none is asked for */
    int level_max;      /* 0: there is nothing to ask for */
};

static const struct compression_form forms[] = {
    [COMPRESSION_NONE] = {.name = "none", .suffix = ""},
    [COMPRESSION_GZIP] = {.name = "gzip", .suffix = "+gzip", .level = GZIP_LEVEL},
    [COMPRESSION_ZSTD] = {"zstd", "+zstd", ZSTD_LEVEL, ZSTD_LEVEL_MAX},
    [COMPRESSION_ESTARGZ] = {.name = "estargz", .suffix = "+gzip"},
};

/* Without threads zstd writes other bytes, and the same choice has to be the same layer. */
static int check_library(const struct compression_choice *choice, struct error *err)
{
    if (choice->kind == COMPRESSION_ZSTD && ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound < 1)
        return error_set(err, ERROR_UNSUPPORTED, "zstd %s of this system was built without threads",
                         ZSTD_versionString());
    return 0;
}

static int parse_level(const struct compression_form *form, const char *text, int *level,
                       struct error *err)
{
    uint64_t number = 0;

    if (form->level_max == 0)
        return error_set(err, ERROR_USAGE, "'%s' takes no level; leave out ':%s'", form->name,
                         text);
    if (parse_u64(text, (uint64_t)form->level_max, &number, err) < 0 || number == 0)
        return error_set(err, ERROR_USAGE, "'%s' is not a level of '%s', 1 to %d", text, form->name,
                         form->level_max);
    *level = (int)number;
    return 0;
}

int compression_parse(const char *text, struct compression_choice *out, struct error *err)
{
    size_t size = strcspn(text, ":");

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct compression_choice choice = {(enum compression)i, forms[i].level};
        if (strlen(forms[i].name) != size || strncmp(text, forms[i].name, size) != 0)
            continue;
        if (text[size] == ':' && parse_level(&forms[i], text + size + 1, &choice.level, err) < 0)
            return -1;
        if (check_library(&choice, err) < 0)
            return -1;
        *out = choice;
        return 0;
    }
    return error_set(err, ERROR_USAGE, "'%s' is not none, gzip, zstd[:LEVEL] or estargz", text);
}

const char *compression_suffix(const struct compression_choice *choice)
{
    return forms[choice->kind].suffix;
}

char *compression_version(const struct compression_choice *choice)
{
    switch (choice->kind) {
    case COMPRESSION_NONE:
        return xstrdup("none");
    case COMPRESSION_GZIP:
        return xasprintf("gzip:%d zlib %s block %zu", choice->level, zlibVersion(), GZIP_BLOCK);
    case COMPRESSION_ZSTD:
        return xasprintf("zstd:%d libzstd %s", choice->level, ZSTD_versionString());
    case COMPRESSION_ESTARGZ:
        return xstrdup("estargz 1"); /* stored: no version of zlib decides on a byte */
    }
    abort();
}

struct writer *compress_writer_new(struct writer *next, const struct compression_choice *choice,
                                   unsigned threads)
{
    switch (choice->kind) {
    case COMPRESSION_NONE:
    case COMPRESSION_ESTARGZ:
        break;
    case COMPRESSION_GZIP:
        return gzip_writer_new(next, choice->level, threads);
    case COMPRESSION_ZSTD:
        return zstd_writer_new(next, choice->level, threads);
    }
    abort();
}
