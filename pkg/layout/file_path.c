#include "layout/layout_internal.h"

#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int file_path_last(const struct plan *plan, size_t file, char **out, struct error *err)
{
    (void)err;
    *out = xstrdup(last_part(plan->files[file].path));
    return 0;
}

/* Is the file in a folder that has code for torch.hub.load()? */
static bool is_in_repository(const struct plan *plan, const char *path)
{
    size_t size = strcspn(path, "/");
    CLEANUP(text) char *code = xasprintf("%.*s/hubconf.py", (int)size, path);

    for (size_t i = 0; path[size] == '/' && i < plan->count; i++)
        if (strcmp(plan->files[i].path, code) == 0)
            return true;
    return false;
}

/* OWNER_NAME_REF/ with hubconf.py is a repository; all else are weights. */
int file_path_torch(const struct plan *plan, size_t file, char **out, struct error *err)
{
    const char *path = plan->files[file].path;

    (void)err;
    *out =
        is_in_repository(plan, path) ? xstrdup(path) : xasprintf("checkpoints/%s", last_part(path));
    return 0;
}

char *marker_torch(const char *path)
{
    (void)path;
    return xstrdup("trusted_list");
}

#define KAGGLE_PARTS 5 /* owner/model/framework/variation/version */

char *marker_kagglehub(const char *path)
{
    const char *at = path;

    for (size_t part = 1; part < KAGGLE_PARTS && at != NULL; part++) {
        const char *slash = strchr(at, '/');
        at = slash != NULL ? slash + 1 : NULL;
    }
    return at == NULL ? NULL
                      : xasprintf("%.*s.complete", (int)(at - path + (long)strcspn(at, "/")), path);
}

static const char *const nltk_categories[] = {
    "chunkers", "corpora",   "grammars", "help",    "misc",
    "models",   "sentiment", "stemmers", "taggers", "tokenizers",
};

static bool is_category(const char *name, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(nltk_categories); i++)
        if (strlen(nltk_categories[i]) == size && memcmp(nltk_categories[i], name, size) == 0)
            return true;
    return false;
}

/* CATEGORY/PACKAGE/…; of an archive of nltk_data, its URL tells the category. */
int file_path_nltk(const struct plan *plan, size_t file, char **out, struct error *err)
{
    const char *path = plan->files[file].path;
    const char *url = plan->origin.kind == ORIGIN_URL ? plan->origin.name : "";
    const char *end = strrchr(url, '/');
    const char *begin = end;

    if (strchr(path, '/') != NULL && is_category(path, strcspn(path, "/"))) {
        *out = xstrdup(path);
        return 0;
    }
    while (begin != NULL && begin > url && begin[-1] != '/')
        begin--;
    if (end == NULL || !is_category(begin, (size_t)(end - begin)))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is in none of NLTK's categories; expected CATEGORY/PACKAGE/…, such "
                         "as tokenizers/punkt_tab/, or a URL that ends in CATEGORY/PACKAGE.zip",
                         path);
    *out = xasprintf("%.*s/%s", (int)(end - begin), begin, path);
    return 0;
}

/* "org_name_path" of a model of the Hub, else the last part of the URL. */
int file_path_llama_flat(const struct plan *plan, size_t file, char **out, struct error *err)
{
    const char *path = plan->files[file].path;

    if (!origin_is_of_hub(plan->origin.kind))
        return file_path_last(plan, file, out, err);
    *out = xasprintf("%s_%s", plan->origin.name, path);
    for (char *at = strchr(*out, '/'); at != NULL; at = strchr(at, '/'))
        *at = '_';
    return 0;
}

#define ENCODINGS "https://openaipublic.blob.core.windows.net/"

/* Of tiktoken's own table: encodings that come as files name their URL by that alone. */
static const char *const encoding_urls[] = {
    ENCODINGS "encodings/o200k_base.tiktoken",  ENCODINGS "encodings/cl100k_base.tiktoken",
    ENCODINGS "encodings/p50k_base.tiktoken",   ENCODINGS "encodings/r50k_base.tiktoken",
    ENCODINGS "gpt-2/encodings/main/vocab.bpe", ENCODINGS "gpt-2/encodings/main/encoder.json",
};

static const char *find_url(const struct plan *plan, const char *name)
{
    if (plan->origin.kind == ORIGIN_URL)
        return plan->origin.name;
    for (size_t i = 0; i < ARRAY_SIZE(encoding_urls); i++)
        if (strcmp(last_part(encoding_urls[i]), name) == 0)
            return encoding_urls[i];
    return NULL;
}

int file_path_url_sha1(const struct plan *plan, size_t file, char **out, struct error *err)
{
    const char *name = last_part(plan->files[file].path);
    const char *url = find_url(plan, name);

    if (url == NULL && !text_is_hex(name, 40))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is none of the files that tiktoken knows by name, which it calls by "
                         "the SHA-1 of their URL; name the URL itself",
                         plan->files[file].path);
    struct digest digest = digest_of(DIGEST_SHA1, url, url != NULL ? strlen(url) : 0);
    *out = xstrdup(url != NULL ? digest_format_hex(&digest).text : name);
    return 0;
}
