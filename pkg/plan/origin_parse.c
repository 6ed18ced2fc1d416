#include "plan/origin_internal.h"

#include "core/text.h"
#include "plan/hub_page.h"

#include <string.h>

#define EXPECTED                                                                                   \
    "expected 'org/name', 'org/name@revision', 'datasets/org/name', 'dir:PATH', 'file:PATH', "     \
    "'https://HOST/FILE#sha256=HEX', 'ms://org/name', 'ollama://name:tag' or "                     \
    "'oci-model://REGISTRY/REPO:TAG'"
#define OLLAMA_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define SHA256_HEX ((size_t)64)

static bool skip_prefix(const char **text, const char *prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text += strlen(prefix);
    return true;
}

static int refuse(const char *text, const char *complaint, struct error *err)
{
    CLEANUP(text) char *shown = text_display_url(text);

    text_mask(shown);
    return error_set(err, ERROR_USAGE, "'%s' does not name a model: %s; %s", shown, complaint,
                     EXPECTED);
}

int origin_check_hub_name(const char *text, struct error *err)
{
    const char *complaint = hub_name_complaint(text);

    if (complaint != NULL)
        return error_set(err, ERROR_USAGE, "'%s' is no name of a model: %s; expected 'org/name'",
                         text, complaint);
    return 0;
}

/* [ORG/]NAME[@REVISION] */
static const char *parse_repo(const char *rest, const char *revision, struct origin *out)
{
    size_t size = strcspn(rest, "@");

    out->name = xstrndup(rest, size);
    out->revision = xstrdup(rest[size] == '@' ? rest + size + 1 : revision);
    const char *complaint = hub_name_complaint(out->name);
    return complaint != NULL ? complaint : revision_complaint(out->revision);
}

static const char *parse_modelscope(const char *rest, struct origin *out)
{
    const char *complaint = parse_repo(rest, "master", out);

    if (complaint == NULL && strchr(out->name, '/') == NULL)
        return "a model of ModelScope is named 'org/name'";
    return complaint;
}

static const char *parse_path(const char *rest, struct origin *out)
{
    size_t size = strlen(rest);
    CLEANUP(text) char *masked = xstrdup(rest);

    text_mask(masked);
    if (size == 0)
        return "there is no path";
    if (strcmp(masked, rest) != 0 || !text_is_utf8(rest))
        return "its path has control characters or is not UTF-8";
    while (size > 1 && rest[size - 1] == '/')
        size--;
    out->name = xstrndup(rest, size);
    return NULL;
}

/* "sha256=HEX[&member=PATH]" */
static const char *parse_fragment(const char *fragment, struct origin *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (!skip_prefix(&fragment, "sha256="))
        return "what is behind '#' is not 'sha256=HEX'";
    size_t size = strcspn(fragment, "&");
    CLEANUP(text) char *hex = xstrndup(fragment, size);
    if (!text_is_hex(hex, SHA256_HEX) ||
        digest_parse_hex(DIGEST_SHA256, hex, &out->digest, &ignored) < 0)
        return "its sha256 is not 64 lower-case hex digits";
    fragment += size;
    if (*fragment == '\0')
        return NULL;
    if (!skip_prefix(&fragment, "&member=") || *fragment == '\0')
        return "what is behind its sha256 is not '&member=PATH'";
    out->member = xstrdup(fragment);
    return NULL;
}

static const char *parse_url(const char *text, struct origin *out)
{
    size_t size = strcspn(text, "#");
    const char *host = strstr(text, "://") + 3;
    size_t host_size = strcspn(host, "/?#");
    CLEANUP(text) char *masked = xstrdup(text);

    text_mask(masked);
    if (strcmp(masked, text) != 0 || strchr(text, ' ') != NULL || strchr(text, '\\') != NULL ||
        !text_is_utf8(text))
        return "the URL has blanks, backslashes or control characters";
    if (memchr(host, '@', host_size) != NULL)
        return "the URL holds a user or a password";
    if (host_size == 0)
        return "the URL names no host";
    if (text_starts_with(host, "huggingface.co/") && strstr(text, "/resolve/") == NULL)
        return "that is a page of the Hub, whose models are named without "
               "'https://huggingface.co/'";
    const char *path = host + host_size;
    size_t path_size = strcspn(path, "?#");
    if (path_size < 2 || path[path_size - 1] == '/')
        return "the URL names no file";
    out->name = xstrndup(text, size);
    return text[size] == '#' ? parse_fragment(text + size + 1, out) : NULL;
}

/* [HOST/][NAMESPACE/]MODEL[:TAG] (ollama, types/model/name.go) */
static const char *parse_ollama(const char *rest, struct origin *out)
{
    const char *slash = strrchr(rest, '/');
    const char *colon = strchr(slash != NULL ? slash : rest, ':');
    size_t size = colon != NULL ? (size_t)(colon - rest) : strlen(rest);
    size_t parts = 1;

    out->name = xstrndup(rest, size);
    out->revision = xstrdup(colon != NULL ? colon + 1 : "latest");
    for (const char *part = out->name;; part++) {
        size_t length = strcspn(part, "/");
        bool is_host = parts == 1 && strchr(part, '/') != strrchr(part, '/');
        if (length == 0 || part[0] == '.' || part[0] == '-')
            return "a part of the name is empty, or begins with '.' or '-'";
        if (strspn(part, is_host ? OLLAMA_CHARACTERS ":" : OLLAMA_CHARACTERS) < length)
            return "a name has letters, digits, '-', '_' and '.' only";
        part += length;
        if (*part == '\0')
            break;
        parts++;
    }
    if (strstr(out->name, "..") != NULL)
        return "a name has no '..'";
    if (parts > 3)
        return "a name of Ollama has at most three parts";
    if (strstr(out->revision, "..") != NULL)
        return "a tag has no '..'";
    if (out->revision[0] == '\0' || out->revision[0] == '.' || out->revision[0] == '-' ||
        out->revision[strspn(out->revision, OLLAMA_CHARACTERS)] != '\0')
        return "the tag is empty, or has other characters than letters, digits, '-', '_' and '.'";
    return NULL;
}

static const char *parse_oci_model(const char *rest, struct origin *out)
{
    CLEANUP(text) char *masked = xstrdup(rest);

    text_mask(masked);
    if (*rest == '\0')
        return "there is no reference";
    if (strcmp(masked, rest) != 0 || strchr(rest, ' ') != NULL)
        return "the reference has blanks or control characters, or is not UTF-8";
    out->name = xstrdup(rest);
    return NULL;
}

static const char *parse(const char *text, struct origin *out)
{
    const char *rest = text;

    bool is_hub = skip_prefix(&rest, "hf://");
    if (text_starts_with(rest, "spaces/"))
        return "spaces are not supported";
    out->kind = origin_from_record(rest, &rest);
    if (is_hub && out->kind != ORIGIN_HUB_MODEL && out->kind != ORIGIN_HUB_DATASET)
        return "there are two schemes";
    switch (out->kind) {
    case ORIGIN_HUB_MODEL:
        if (text_starts_with(rest, "./") || text_starts_with(rest, "../") || rest[0] == '/')
            return "that is a path; a folder is named 'dir:PATH', a file 'file:PATH'";
        skip_prefix(&rest, "models/");
        return parse_repo(rest, "main", out);
    case ORIGIN_HUB_DATASET:
        return parse_repo(rest, "main", out);
    case ORIGIN_FOLDER:
    case ORIGIN_FILE:
        return parse_path(rest, out);
    case ORIGIN_URL:
        return parse_url(rest, out);
    case ORIGIN_MODELSCOPE:
        return parse_modelscope(rest, out);
    case ORIGIN_OLLAMA:
        return parse_ollama(rest, out);
    case ORIGIN_OCI_MODEL:
        return parse_oci_model(rest, out);
    }
    abort();
}

static int check_scheme(const char *text, struct error *err)
{
    static const char *const known[] = {"hf://",        "ms://",    "ollama://",
                                        "oci-model://", "https://", "http://"};

    if (!text_starts_with(text + strcspn(text, ":/@"), "://"))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (text_starts_with(text, known[i]))
            return 0;
    return refuse(text, "its scheme is not known", err);
}

/* What an address of the Hub shows, where it is no download. */
static const char *parse_page(const struct hub_page *page, struct origin *out)
{
    if (page->path != NULL)
        return "that is a page of a part of the repo";
    return parse(page->model, out);
}

int origin_parse(const char *text, struct origin *out, struct error *err)
{
    CLEANUP(origin) struct origin parsed = ORIGIN_INIT;
    CLEANUP(hub_page) struct hub_page page = HUB_PAGE_INIT;

    if (check_scheme(text, err) < 0)
        return -1;
    bool is_page = hub_page_parse(text, &page) && !page.is_file;
    const char *complaint = is_page ? parse_page(&page, &parsed) : parse(text, &parsed);
    if (complaint != NULL)
        return refuse(text, complaint, err);
    origin_release(out);
    *out = parsed;
    parsed = (struct origin)ORIGIN_INIT;
    return 0;
}
