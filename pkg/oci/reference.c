#include "oci/reference.h"

#include "core/buf.h"
#include "core/text.h"

#include <string.h>

#define REGISTRY_SCHEME "docker://" /* may stand before a registry's name */
#define NAME_MAX_BYTES 255
#define TAG_MAX_BYTES 128

#define REFERENCE_ROW(constant, opener, ...) [constant] = {__VA_ARGS__},
static const struct reference_traits kinds[] = {
    [REFERENCE_NONE] = {.prefix = "", .title = "no image"},
    REFERENCE_KINDS(REFERENCE_ROW)[REFERENCE_SCRATCH] = {.prefix = "scratch", .title = "scratch"},
};

const struct reference_traits *reference_traits(enum reference_kind kind)
{
    return &kinds[kind];
}

static const char lower_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char letters_and_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char ref_name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:+/";

bool reference_is_tag(const char *text)
{
    size_t size = strlen(text);

    if (size == 0 || size > TAG_MAX_BYTES || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (strchr(letters_and_digits, text[i]) == NULL && strchr("_.-", text[i]) == NULL)
            return false;
    return true;
}

bool reference_is_ref_name(const char *text)
{
    size_t size = strlen(text);

    if (reference_is_tag(text))
        return true;
    if (size == 0 || size > NAME_MAX_BYTES || strstr(text, "//") != NULL ||
        strchr(letters_and_digits, text[0]) == NULL ||
        strchr(letters_and_digits, text[size - 1]) == NULL)
        return false;
    return strspn(text, ref_name_characters) == size && !text_starts_with(text, "sha256:") &&
           !text_starts_with(text, "sha512:");
}

/* component = [a-z0-9]+ ( ("." | "_" | "__" | "-"+) [a-z0-9]+ )* */
static bool is_component(const char *text, size_t size)
{
    size_t at = 0;

    for (;;) {
        size_t run = strspn(text + at, lower_and_digits);
        if (run == 0 || at + run > size)
            return false;
        at += run;
        if (at == size)
            return true;
        size_t dashes = strspn(text + at, "-");
        if (dashes > 0)
            at += dashes;
        else if (text[at] == '_' && text[at + 1] == '_')
            at += 2;
        else if (text[at] == '_' || text[at] == '.')
            at++;
        else
            return false;
        if (at >= size)
            return false;
    }
}

static bool is_repository(const char *text)
{
    for (;;) {
        size_t size = strcspn(text, "/");
        if (!is_component(text, size))
            return false;
        if (text[size] == '\0')
            return true;
        text += size + 1;
    }
}

/* host [":" digits]; host is domain parts joined by dots, or an IPv6 address in brackets. */
static bool is_registry(const char *text)
{
    const char *port = NULL;
    size_t size;

    if (text[0] == '[') {
        size = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        if (size == 1 || text[size] != ']')
            return false;
        port = text + size + 1;
    } else {
        size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
        port = text + size;
        if (size == 0 || text[0] == '-' || text[0] == '.' || text[size - 1] == '-' ||
            text[size - 1] == '.' || strstr(text, "..") != NULL)
            return false;
    }
    if (*port == '\0')
        return true;
    return *port == ':' && port[1] != '\0' && strspn(port + 1, "0123456789") == strlen(port + 1) &&
           strlen(port + 1) <= 5;
}

/* Is what stands before the first slash a host, or the first part of a path on Docker Hub? */
static bool looks_like_host(const char *text, size_t size)
{
    if (size == strlen("localhost") && strncmp(text, "localhost", size) == 0)
        return true;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '.' || text[i] == ':' || (text[i] >= 'A' && text[i] <= 'Z'))
            return true;
    return false;
}

static int split_digest(char *text, struct reference *out, struct error *err)
{
    char *at = strchr(text, '@');

    if (at == NULL)
        return 0;
    *at = '\0';
    if (digest_parse(at + 1, &out->digest, err) == 0)
        return 0;
    if (strchr(at + 1, '/') != NULL)
        return error_set(err, ERROR_USAGE,
                         "a name has no user or password; expected HOST/REPOSITORY, and a login by "
                         "'docker login' or --creds");
    err->kind = ERROR_USAGE;
    return -1;
}

static int split_tag(char *text, struct reference *out, struct error *err)
{
    char *slash = strrchr(text, '/');
    char *colon = strrchr(slash != NULL ? slash : text, ':');

    if (colon == NULL)
        return 0;
    *colon = '\0';
    if (!reference_is_tag(colon + 1))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a tag (letters, digits, '_', '.', '-'; 128 at most)",
                         colon + 1);
    out->tag = xstrdup(colon + 1);
    return 0;
}

static int split_registry(const char *text, struct reference *out, struct error *err)
{
    size_t first = strcspn(text, "/");
    bool has_host = text[first] == '/' && looks_like_host(text, first);
    const char *path = has_host ? text + first + 1 : text;

    out->registry = has_host ? xstrndup(text, first) : xstrdup("docker.io");
    if (strcmp(out->registry, "index.docker.io") == 0 ||
        strcmp(out->registry, "registry-1.docker.io") == 0) {
        free(out->registry);
        out->registry = xstrdup("docker.io");
    }
    if (!is_registry(out->registry))
        return error_set(err, ERROR_USAGE, "'%s' is not a host, with or without port",
                         out->registry);
    if (strpbrk(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
        return error_set(err, ERROR_USAGE, "a repository must be in lower case");
    if (!is_repository(path))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a repository (parts of a-z, 0-9 with '.', '_', '-' between "
                         "them, joined by '/')",
                         path);
    bool library = strcmp(out->registry, "docker.io") == 0 && strchr(path, '/') == NULL;
    out->repository = xasprintf("%s%s", library ? "library/" : "", path);
    if (strlen(out->registry) + 1 + strlen(out->repository) > NAME_MAX_BYTES)
        return error_set(err, ERROR_USAGE, "the name has more than %d bytes", NAME_MAX_BYTES);
    return 0;
}

static int parse_registry(const char *text, struct reference *out, struct error *err)
{
    CLEANUP(text) char *rest = xstrdup(text);

    if (text[0] == '\0')
        return error_set(err, ERROR_USAGE, "an empty name");
    if (text_is_hex(text, 64))
        return error_set(err, ERROR_USAGE,
                         "64 hex digits are not a name; write REPOSITORY@sha256:…");
    if (split_digest(rest, out, err) < 0 || split_tag(rest, out, err) < 0 ||
        split_registry(rest, out, err) < 0)
        return -1;
    if (out->tag == NULL && out->digest.algorithm == DIGEST_NONE)
        out->tag = xstrdup("latest");
    return 0;
}

/* The path ends at the first colon, as in skopeo; *rest is what is behind it, or NULL. */
static int split_path(const char *text, struct reference *out, const char **rest, struct error *err)
{
    static const char *const algorithms[] = {"@sha256:", "@sha512:"};
    const char *colon = strchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);

    /* DIR@DIGEST: the first colon is the digest's own. */
    for (size_t i = 0; colon != NULL && i < ARRAY_SIZE(algorithms); i++) {
        size_t length = strlen(algorithms[i]) - 1;
        if (size > length && text_starts_with(text + size - length, algorithms[i])) {
            size -= length;
            colon = text + size;
        }
    }
    if (text_starts_with(text, "//"))
        return error_set(err, ERROR_USAGE,
                         "a path does not begin with '//'; expected %s, or [HOST/]NAME[:TAG] "
                         "without '%s//' for a registry",
                         kinds[out->kind].form, kinds[out->kind].prefix);
    if (size == 0)
        return error_set(err, ERROR_USAGE, "no %s is named; expected %s",
                         kinds[out->kind].is_archive ? "file" : "folder", kinds[out->kind].form);
    out->path = xstrndup(text, size);
    *rest = colon != NULL ? colon + 1 : NULL;
    return 0;
}

/* TAG, DIGEST, or TAG@DIGEST as inlay prints it. */
static int parse_layout_version(const char *version, struct reference *out, struct error *err)
{
    bool is_archive = kinds[out->kind].is_archive;

    if (text_starts_with(version, "sha256:") || text_starts_with(version, "sha512:")) {
        if (digest_parse(version, &out->digest, err) == 0)
            return 0;
        err->kind = ERROR_USAGE;
        return -1;
    }
    CLEANUP(text) char *tag = xstrdup(version);
    if (split_digest(tag, out, err) < 0)
        return -1;
    if (is_archive ? !reference_is_ref_name(tag) : !reference_is_tag(tag))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a tag (letters, digits, '_', '.', '-'; 128 at most)%s", tag,
                         is_archive ? " and not a name" : "");
    out->tag = TAKE(tag);
    return 0;
}

static int parse_path(const char *text, struct reference *out, struct error *err)
{
    const char *version = NULL;

    if (split_path(text, out, &version, err) < 0)
        return -1;
    return version != NULL ? parse_layout_version(version, out, err) : 0;
}

/* The name of an image as Docker writes it out in full. */
static int parse_docker_name(const char *text, struct reference *out, struct error *err)
{
    CLEANUP(reference) struct reference name = REFERENCE_INIT;

    if (parse_registry(text, &name, err) < 0)
        return -1;
    if (name.digest.algorithm != DIGEST_NONE)
        return error_set(err, ERROR_USAGE,
                         "it names a digest, which neither archives nor engines of Docker keep; "
                         "expected NAME[:TAG]");
    out->tag = reference_format_name(&name, false);
    return 0;
}

static int parse_docker_path(const char *text, struct reference *out, struct error *err)
{
    const char *version = NULL;
    uint64_t number = 0;

    if (split_path(text, out, &version, err) < 0)
        return -1;
    if (version == NULL)
        return 0;
    if (version[0] != '@')
        return parse_docker_name(version, out, err);
    if (parse_u64(version + 1, UINT32_MAX, &number, err) < 0)
        return error_wrap(err, "'%s' is not the number of an image, as @0", version);
    out->tag = xasprintf("@%u", (unsigned)number);
    return 0;
}

static int parse_docker_name_or_id(const char *text, struct reference *out, struct error *err)
{
    if (!text_starts_with(text, "sha256:"))
        return parse_docker_name(text, out, err);
    if (digest_parse(text, &out->digest, err) == 0)
        return 0;
    err->kind = ERROR_USAGE;
    return -1;
}

/* What people write who mean something else than a registry's name, and no such name can be. */
static bool looks_like_other(const char *text, struct error *err)
{
    if (strcmp(text, "-") == 0)
        return error_set(err, ERROR_USAGE,
                         "a pipe needs its form; expected docker-archive:- or oci-archive:-") < 0;
    if (text_starts_with(text, "/") || text_starts_with(text, "./") ||
        text_starts_with(text, "../"))
        return error_set(err, ERROR_USAGE,
                         "a path is not a repository; expected oci:%s for a layout, or "
                         "oci-archive: or docker-archive: before it for a file",
                         text) < 0;
    if (text_starts_with(text, "docker:") && strchr(text, '/') != NULL)
        return error_set(err, ERROR_USAGE, "expected " REGISTRY_SCHEME "%s for a registry",
                         text + strlen("docker:")) < 0;
    if (text_starts_with(text, "http://") || text_starts_with(text, "https://"))
        return error_set(err, ERROR_USAGE, "a name has no scheme; leave out '%.*s'",
                         (int)(strstr(text, "://") + 3 - text), text) < 0;
    return false;
}

static const char *const unsupported[] = {"containers-storage:", "dir:"};

static int refuse_unsupported(const char *prefix, struct error *err)
{
    CLEANUP(strings) struct strings known = STRINGS_INIT;

    strings_add(&known, "a registry name");
    for (size_t i = 0; i < REFERENCE_KIND_COUNT; i++)
        if (kinds[i].prefix[0] != '\0')
            strings_add(&known, kinds[i].prefix);
    CLEANUP(text) char *list = strings_format_choice(&known, "");
    return error_set(err, ERROR_USAGE, "'%s' is not supported; expected %s", prefix, list);
}

static int parse_kind(enum reference_kind kind, const char *rest, struct reference *out,
                      struct error *err)
{
    out->kind = kind;
    switch (kinds[kind].grammar) {
    case REFERENCE_BY_NAME:
        return parse_registry(rest, out, err);
    case REFERENCE_BY_PATH:
        return parse_path(rest, out, err);
    case REFERENCE_BY_DOCKER_PATH:
        return parse_docker_path(rest, out, err);
    case REFERENCE_BY_DOCKER_NAME:
        return parse_docker_name_or_id(rest, out, err);
    }
    abort();
}

/* The kind whose prefix the text begins with; REFERENCE_NONE: it has none. */
static enum reference_kind kind_by_prefix(const char *text)
{
    for (size_t i = 0; i < REFERENCE_SCRATCH; i++)
        if (kinds[i].prefix[0] != '\0' && text_starts_with(text, kinds[i].prefix))
            return (enum reference_kind)i;
    return REFERENCE_NONE;
}

/* What a name begins with, or is, decides how it is read; without any it is a registry's. */
static int parse_by_scheme(const char *text, struct reference *out, struct error *err)
{
    enum reference_kind kind = kind_by_prefix(text);

    if (kind != REFERENCE_NONE)
        return parse_kind(kind, text + strlen(kinds[kind].prefix), out, err);
    if (text_starts_with(text, REGISTRY_SCHEME))
        return parse_kind(REFERENCE_REGISTRY, text + strlen(REGISTRY_SCHEME), out, err);
    if (strcmp(text, kinds[REFERENCE_SCRATCH].prefix) == 0) {
        out->kind = REFERENCE_SCRATCH;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
        if (text_starts_with(text, unsupported[i]))
            return refuse_unsupported(unsupported[i], err);
    if (looks_like_other(text, err))
        return -1;
    return parse_kind(REFERENCE_REGISTRY, text, out, err);
}

int reference_parse(const char *text, struct reference *out, struct error *err)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;

    if (parse_by_scheme(text, &reference, err) < 0)
        return error_wrap(err, "'%s'", text);
    reference_release(out);
    *out = reference;
    reference = (struct reference)REFERENCE_INIT;
    return 0;
}

/* A registry's host may be called like a scheme: without one, "oci:6/app" is a folder. */
static bool reads_as_scheme(const char *registry)
{
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
        if (text_starts_with(registry, unsupported[i]))
            return true;
    return kind_by_prefix(registry) != REFERENCE_NONE;
}

char *reference_format_name(const struct reference *reference, bool with_digest)
{
    struct buf out = BUF_INIT;
    bool is_registry = reference->registry != NULL;
    bool is_daemon = kinds[reference->kind].grammar == REFERENCE_BY_DOCKER_NAME;

    buf_add_text(&out, kinds[reference->kind].prefix);
    if (is_registry)
        buf_addf(&out, "%s/%s", reference->registry, reference->repository);
    else if (reference->path != NULL)
        buf_add_text(&out, reference->path);
    if (reference->tag != NULL)
        buf_addf(&out, "%s%s", is_daemon ? "" : ":", reference->tag);
    if (reference->digest.algorithm != DIGEST_NONE && (with_digest || is_daemon))
        buf_addf(&out, "%s%s",
                 is_daemon                               ? ""
                 : is_registry || reference->tag != NULL ? "@"
                                                         : ":",
                 digest_format(&reference->digest).text);
    return buf_take(&out);
}

char *reference_format(const struct reference *reference, bool with_digest)
{
    CLEANUP(text) char *name = reference_format_name(reference, with_digest);
    bool is_plain = reference->kind != REFERENCE_REGISTRY || !reads_as_scheme(reference->registry);

    return xasprintf("%s%s", is_plain ? "" : REGISTRY_SCHEME, name);
}

bool reference_needs_tag(const struct reference *reference)
{
    return !kinds[reference->kind].is_archive;
}

char *reference_version(const struct reference *reference)
{
    if (reference->digest.algorithm != DIGEST_NONE)
        return xstrdup(digest_format(&reference->digest).text);
    return reference->tag != NULL ? xstrdup(reference->tag) : NULL;
}

static bool texts_agree(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool reference_is_same_place(const struct reference *a, const struct reference *b)
{
    return a->kind != REFERENCE_NONE && a->kind == b->kind &&
           texts_agree(a->registry, b->registry) && texts_agree(a->repository, b->repository) &&
           texts_agree(a->path, b->path);
}

const char *reference_archive(const struct reference *reference)
{
    return kinds[reference->kind].is_archive ? reference->path : NULL;
}

bool reference_has_tags(const struct reference *reference)
{
    return kinds[reference->kind].has_tags;
}

const char *reference_api_host(const struct reference *reference)
{
    return strcmp(reference->registry, "docker.io") == 0 ? "registry-1.docker.io"
                                                         : reference->registry;
}

bool reference_host_is_loopback(const char *host)
{
    if (host[0] == '[')
        return text_starts_with(host, "[::1]");
    size_t size = strcspn(host, ":");
    if (size == strlen("localhost") && strncmp(host, "localhost", size) == 0)
        return true;
    return text_starts_with(host, "127.") && strspn(host, "0123456789.") == size;
}

void reference_release(struct reference *reference)
{
    free(reference->registry);
    free(reference->repository);
    free(reference->path);
    free(reference->tag);
    *reference = (struct reference)REFERENCE_INIT;
}
