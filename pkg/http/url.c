#include "http/http_internal.h"

#include "core/text.h"

#include <string.h>

/* A URL in libcurl's parts. */
struct url {
    CURLU *parts;
};

static void url_release(struct url *url)
{
    curl_url_cleanup(url->parts);
    url->parts = NULL;
}
CLEANUP_RELEASE(url)

static void url_init(struct url *url)
{
    url->parts = curl_url();
    if (url->parts == NULL)
        out_of_memory();
}

static bool url_parse(struct url *url, const char *text)
{
    return curl_url_set(url->parts, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
}

/* A part as text that the caller frees; NULL if the URL has none. */
static char *url_get(const struct url *url, CURLUPart part)
{
    char *text = NULL;

    if (curl_url_get(url->parts, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return NULL;
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static bool scheme_is_http(const char *scheme)
{
    return scheme != NULL && (text_equal_fold(scheme, "http") || text_equal_fold(scheme, "https"));
}

static void lower_case(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

char *url_format_origin(const char *text)
{
    CLEANUP(url) struct url url = {NULL};

    url_init(&url);
    if (!url_parse(&url, text))
        return NULL;
    CLEANUP(text) char *scheme = url_get(&url, CURLUPART_SCHEME);
    CLEANUP(text) char *host = url_get(&url, CURLUPART_HOST);
    CLEANUP(text) char *port = url_get(&url, CURLUPART_PORT);
    if (!scheme_is_http(scheme) || host == NULL || port == NULL)
        return NULL;
    char *origin = xasprintf("%s://%s:%s", scheme, host, port);
    lower_case(origin);
    return origin;
}

char *url_format_authority(const char *text)
{
    CLEANUP(text) char *origin = url_format_origin(text);

    if (origin == NULL)
        return text_display_url(text);
    return xstrdup(strstr(origin, "://") + 3);
}

bool http_same_origin(const char *a, const char *b)
{
    CLEANUP(text) char *first = url_format_origin(a);
    CLEANUP(text) char *second = url_format_origin(b);

    return first != NULL && second != NULL && strcmp(first, second) == 0;
}

void http_encode(struct buf *out, const char *text, const char *keep)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-";

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (strchr(plain, *at) != NULL || strchr(keep, *at) != NULL)
            buf_add(out, at, 1);
        else
            buf_addf(out, "%%%02X", *at);
    }
}

bool http_decode(const char *text, char **out)
{
    int size = 0;
    char *decoded = curl_easy_unescape(NULL, text, 0, &size);

    if (decoded == NULL)
        out_of_memory();
    bool is_text = strlen(decoded) == (size_t)size;
    if (is_text)
        *out = xstrdup(decoded);
    curl_free(decoded);
    return is_text;
}

/* A user in a URL that a server gives would be sent as ours. The one of the base stays at its host.
 */
static void drop_user(struct url *url, const char *base)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT,
                                      CURLUPART_USER, CURLUPART_PASSWORD};
    CLEANUP(url) struct url from = {NULL};
    bool is_same = true;

    url_init(&from);
    is_same = url_parse(&from, base);
    for (size_t i = 0; i < ARRAY_SIZE(parts) && is_same; i++) {
        CLEANUP(text) char *before = url_get(&from, parts[i]);
        CLEANUP(text) char *now = url_get(url, parts[i]);
        is_same = before == NULL || now == NULL ? before == now : strcmp(before, now) == 0;
    }
    if (is_same)
        return;
    curl_url_set(url->parts, CURLUPART_USER, NULL, 0);
    curl_url_set(url->parts, CURLUPART_PASSWORD, NULL, 0);
}

int http_resolve_url(const char *base, const char *location, char **out, struct error *err)
{
    CLEANUP(url) struct url url = {NULL};
    CLEANUP(text) char *base_name = text_display_url(base);
    CLEANUP(text) char *name = text_display_url(location);

    url_init(&url);
    if (strlen(location) > HTTP_LOCATION_LIMIT)
        return error_set(err, ERROR_CORRUPT, "'%s' points to a URL of %zu bytes, the limit is %zu",
                         base_name, strlen(location), HTTP_LOCATION_LIMIT);
    if (!url_parse(&url, base))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not a URL", base_name);
    CURLUcode code = curl_url_set(url.parts, CURLUPART_URL, location,
                                  CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE);
    if (code != CURLUE_OK)
        return error_set(err, ERROR_CORRUPT, "'%s' points to '%s', which is not a URL: %s",
                         base_name, name, curl_url_strerror(code));
    CLEANUP(text) char *scheme = url_get(&url, CURLUPART_SCHEME);
    if (!scheme_is_http(scheme))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' points to '%s', which is neither http nor https", base_name, name);
    curl_url_set(url.parts, CURLUPART_FRAGMENT, NULL, 0);
    drop_user(&url, base);
    char *text = NULL;
    code = curl_url_get(url.parts, CURLUPART_URL, &text, 0);
    if (code != CURLUE_OK)
        return error_set(err, ERROR_CORRUPT, "'%s' points to '%s', which is not a URL: %s",
                         base_name, name, curl_url_strerror(code));
    CLEANUP(text) char *resolved = xstrdup(text);
    curl_free(text);
    CLEANUP(text) char *origin = url_format_origin(resolved);
    if (origin == NULL) /* what libcurl read one way it may read another way next time */
        return error_set(err, ERROR_CORRUPT, "'%s' points to '%s', which is not a URL", base_name,
                         name);
    *out = TAKE(resolved);
    return 0;
}

int url_follow(const char *from, const char *location, char **out, struct error *err)
{
    CLEANUP(text) char *url = NULL;

    if (http_resolve_url(from, location, &url, err) < 0)
        return error_wrap(err, "following a redirect");
    CLEANUP(text) char *origin = url_format_origin(from);
    CLEANUP(text) char *target = url_format_origin(url);
    if (origin == NULL || target == NULL ||
        (text_starts_with(origin, "https:") && !text_starts_with(target, "https:"))) {
        CLEANUP(text) char *from_name = text_display_url(from);
        CLEANUP(text) char *name = text_display_url(location);
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' redirects to '%s', and from https only https is followed", from_name,
                         name);
    }
    *out = TAKE(url);
    return 0;
}
