#include "plan/origin_internal.h"

#include "core/text.h"
#include "plan/hub_page.h"

#include <string.h>

#define HUB_SCHEME "hf://"
#define TAGGED_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define SHA256_HEX ((size_t)64)

static bool skip_prefix(const char **text, const char *prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text += strlen(prefix);
    return true;
}

/* "'org/name', 'org/name@revision', … or 'oci-model://REGISTRY/REPO:TAG'"; caller frees. */
static char *format_examples(void)
{
    CLEANUP(strings) struct strings examples = STRINGS_INIT;

    for (size_t i = 0; i < ORIGIN_KIND_COUNT; i++) {
        const struct origin_traits *traits = origin_traits((enum origin_kind)i);
        for (size_t k = 0; k < ARRAY_SIZE(traits->examples) && traits->examples[k] != NULL; k++)
            strings_add(&examples, traits->examples[k]);
    }
    return strings_format_choice(&examples, "'");
}

static int refuse(const char *text, const char *complaint, struct error *err)
{
    CLEANUP(text) char *shown = text_display_url(text);
    CLEANUP(text) char *examples = format_examples();

    text_mask(shown);
    return error_set(err, ERROR_USAGE, "'%s' does not name a model: %s; expected %s", shown,
                     complaint, examples);
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
static const char *parse_repo(const char *rest, struct origin *out)
{
    const struct origin_traits *traits = origin_traits(out->kind);
    size_t size = strcspn(rest, "@");

    out->name = xstrndup(rest, size);
    out->revision = xstrdup(rest[size] == '@' ? rest + size + 1 : traits->revision);
    const char *complaint = hub_name_complaint(out->name);
    if (complaint == NULL)
        complaint = revision_complaint(out->revision);
    if (complaint == NULL && strchr(out->name, '/') == NULL)
        return traits->needs_org;
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

/* [[HOST/]NAMESPACE/]NAME[:TAG] (ollama, types/model/name.go) */
static const char *parse_tagged(const char *rest, struct origin *out)
{
    const char *slash = strrchr(rest, '/');
    const char *colon = strchr(slash != NULL ? slash : rest, ':');
    size_t size = colon != NULL ? (size_t)(colon - rest) : strlen(rest);
    size_t parts = 1;

    out->name = xstrndup(rest, size);
    out->revision = xstrdup(colon != NULL ? colon + 1 : origin_traits(out->kind)->revision);
    for (const char *part = out->name;; part++) {
        size_t length = strcspn(part, "/");
        bool is_host = parts == 1 && strchr(part, '/') != strrchr(part, '/');
        if (length == 0 || part[0] == '.' || part[0] == '-')
            return "a part of the name is empty, or begins with '.' or '-'";
        if (strspn(part, is_host ? TAGGED_CHARACTERS ":" : TAGGED_CHARACTERS) < length)
            return "a name has letters, digits, '-', '_' and '.' only";
        part += length;
        if (*part == '\0')
            break;
        parts++;
    }
    if (strstr(out->name, "..") != NULL)
        return "a name has no '..'";
    if (parts > 3)
        return "a name has at most three parts";
    if (strstr(out->revision, "..") != NULL)
        return "a tag has no '..'";
    if (out->revision[0] == '\0' || out->revision[0] == '.' || out->revision[0] == '-' ||
        out->revision[strspn(out->revision, TAGGED_CHARACTERS)] != '\0')
        return "the tag is empty, or has other characters than letters, digits, '-', '_' and '.'";
    return NULL;
}

static const char *parse_reference(const char *rest, struct origin *out)
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

static const char *parse_name(const char *rest, struct origin *out)
{
    switch (origin_traits(out->kind)->grammar) {
    case GRAMMAR_REPO:
        return parse_repo(rest, out);
    case GRAMMAR_PATH:
        return parse_path(rest, out);
    case GRAMMAR_URL:
        return parse_url(rest, out);
    case GRAMMAR_TAGGED:
        return parse_tagged(rest, out);
    case GRAMMAR_REFERENCE:
        return parse_reference(rest, out);
    }
    abort();
}

static const char *parse(const char *text, struct origin *out)
{
    const char *rest = text;

    bool is_hub = skip_prefix(&rest, HUB_SCHEME);
    if (text_starts_with(rest, "spaces/"))
        return "spaces are not supported";
    out->kind = origin_from_record(rest, &rest);
    if (is_hub && !origin_is_of_hub(out->kind))
        return "there are two schemes";
    if (out->kind == ORIGIN_HUB_MODEL) { /* what has no prefix */
        if (text_starts_with(rest, "./") || text_starts_with(rest, "../") || rest[0] == '/')
            return "that is a path; a folder is named 'dir:PATH', a file 'file:PATH'";
        skip_prefix(&rest, "models/");
    }
    return parse_name(rest, out);
}

static int check_scheme(const char *text, struct error *err)
{
    const char *name;

    if (!text_starts_with(text + strcspn(text, ":/@"), "://") || text_starts_with(text, HUB_SCHEME))
        return 0;
    if (strstr(origin_traits(origin_from_record(text, &name))->prefix, "://") != NULL)
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
