#include "oci/reference.h"

#include "core/text.h"

#include <string.h>

#define NAME_MAX_BYTES 255
#define TAG_MAX_BYTES 128

static const char lower_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char letters_and_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

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
        return error_set(err, ERROR_USAGE, "the repository '%s' must be in lower case", path);
    if (!is_repository(path))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a repository (parts of a-z, 0-9 with '.', '_', '-' between "
                         "them, joined by '/')",
                         path);
    bool library = strcmp(out->registry, "docker.io") == 0 && strchr(path, '/') == NULL;
    out->repository = xasprintf("%s%s", library ? "library/" : "", path);
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
    if (strlen(out->registry) + 1 + strlen(out->repository) > NAME_MAX_BYTES)
        return error_set(err, ERROR_USAGE, "the name has more than %d bytes", NAME_MAX_BYTES);
    if (out->tag == NULL && out->digest.algorithm == DIGEST_NONE)
        out->tag = xstrdup("latest");
    return 0;
}

/* The folder ends at the first colon, as in skopeo; behind it is a tag or a digest. */
static int parse_oci_dir(const char *text, struct reference *out, struct error *err)
{
    const char *colon = strchr(text, ':');
    const char *version = colon != NULL ? colon + 1 : NULL;
    size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);

    out->kind = REFERENCE_OCI_DIR;
    if (size == 0)
        return error_set(err, ERROR_USAGE, "no folder is named; expected oci:DIR[:TAG]");
    out->path = xstrndup(text, size);
    if (version == NULL)
        return 0;
    if (text_starts_with(version, "sha256:") || text_starts_with(version, "sha512:")) {
        if (digest_parse(version, &out->digest, err) == 0)
            return 0;
        err->kind = ERROR_USAGE;
        return -1;
    }
    CLEANUP(text) char *tag = xstrdup(version); /* TAG, or TAG@DIGEST as inlay prints it */
    if (split_digest(tag, out, err) < 0)
        return -1;
    if (!reference_is_tag(tag))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a tag (letters, digits, '_', '.', '-'; 128 at most)", tag);
    out->tag = TAKE(tag);
    return 0;
}

int reference_parse(const char *text, struct reference *out, struct error *err)
{
    static const char *const later[] = {
        "oci-archive:", "docker-archive:", "docker-daemon:", "containers-storage:", "dir:"};
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    int result;

    for (size_t i = 0; i < ARRAY_SIZE(later); i++)
        if (text_starts_with(text, later[i]))
            return error_set(err, ERROR_USAGE,
                             "'%s': '%s' is not supported; expected a registry name or "
                             "oci:DIR[:TAG]",
                             text, later[i]);
    if (text_starts_with(text, "oci:"))
        result = parse_oci_dir(text + strlen("oci:"), &reference, err);
    else if (text_starts_with(text, "docker://"))
        result = parse_registry(text + strlen("docker://"), &reference, err);
    else
        result = parse_registry(text, &reference, err);
    if (result < 0)
        return error_wrap(err, "'%s'", text);

    reference_release(out);
    *out = reference;
    reference = (struct reference)REFERENCE_INIT;
    return 0;
}

char *reference_format(const struct reference *reference, bool with_digest)
{
    bool folder = reference->kind == REFERENCE_OCI_DIR;
    bool digest = with_digest && reference->digest.algorithm != DIGEST_NONE;

    return xasprintf("%s%s%s%s%s%s%s", folder ? "oci:" : reference->registry, folder ? "" : "/",
                     folder ? reference->path : reference->repository,
                     reference->tag != NULL ? ":" : "",
                     reference->tag != NULL ? reference->tag : "",
                     digest ? (folder && reference->tag == NULL ? ":" : "@") : "",
                     digest ? digest_format(&reference->digest).text : "");
}

char *reference_version(const struct reference *reference)
{
    if (reference->digest.algorithm != DIGEST_NONE)
        return xstrdup(digest_format(&reference->digest).text);
    return reference->tag != NULL ? xstrdup(reference->tag) : NULL;
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
