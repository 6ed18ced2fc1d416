#include "auth/auth_internal.h"

#include "core/text.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#define TOKEN_ANSWER_LIMIT ((size_t)1024 * 1024)
#define TOKEN_LIFETIME_MIN_S 60
#define TOKEN_LIFETIME_MAX_S (24 * 3600)

void token_release(struct token *token)
{
    free(token->header);
    *token = (struct token)TOKEN_INIT;
}

/* The host of a URL, without brackets; the caller frees it. */
static char *url_host(const char *url)
{
    CLEANUP(text) char *shown = http_display_url(url); /* without user */
    const char *start = strstr(shown, "://");

    start = start != NULL ? start + 3 : shown;
    if (*start == '[')
        return xstrndup(start + 1, strcspn(start + 1, "]/%"));
    return xstrndup(start, strcspn(start, ":/"));
}

static bool ipv4_is_private(uint32_t address)
{
    static const struct {
        uint32_t network;
        unsigned bits;
    } ranges[] = {
        {0x00000000, 8},  /* 0.0.0.0, "this network" */
        {0x0a000000, 8},  /* 10.0.0.0 */
        {0x64400000, 10}, /* 100.64.0.0, shared by carriers */
        {0x7f000000, 8},  /* 127.0.0.0 */
        {0xa9fe0000, 16}, /* 169.254.0.0, link-local */
        {0xac100000, 12}, /* 172.16.0.0 */
        {0xc0a80000, 16}, /* 192.168.0.0 */
    };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if ((address ^ ranges[i].network) >> (32 - ranges[i].bits) == 0)
            return true;
    return false;
}

/* An address literal, or a name, that means this machine or its own network. */
static bool host_is_private(const char *host)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text_equal_fold(host, "localhost") || text_equal_fold(host, "localhost.") ||
        text_ends_with(host, ".localhost"))
        return true;
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ipv4_is_private(ntohl(ipv4.s_addr));
    if (inet_pton(AF_INET6, host, &ipv6) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&ipv6) || IN6_IS_ADDR_V4COMPAT(&ipv6)) {
        memcpy(&ipv4, ipv6.s6_addr + 12, sizeof(ipv4));
        return ipv4_is_private(ntohl(ipv4.s_addr));
    }
    return IN6_IS_ADDR_LOOPBACK(&ipv6) || IN6_IS_ADDR_UNSPECIFIED(&ipv6) ||
           IN6_IS_ADDR_LINKLOCAL(&ipv6) || (ipv6.s6_addr[0] & 0xfe) == 0xfc;
}

static int check_realm(const char *registry, const char *realm, struct error *err)
{
    CLEANUP(text) char *name = http_display_url(realm);
    CLEANUP(text) char *registry_host = url_host(registry);
    CLEANUP(text) char *host = url_host(realm);

    if (!text_starts_with(realm, "https://") && !text_starts_with(registry, "http://"))
        return error_set(err, ERROR_DENIED,
                         "'%s' sends for tokens to '%s', which is not https and so is not asked",
                         registry, name);
    if (host_is_private(host) && !host_is_private(registry_host))
        return error_set(err, ERROR_DENIED,
                         "'%s' sends for tokens to '%s', an address of a private network, which "
                         "is not asked",
                         registry, name);
    return 0;
}

static bool list_has(const char *list, const char *item, size_t size, const char *separators)
{
    for (const char *at = list + strspn(list, separators); *at != '\0';) {
        size_t length = strcspn(at, separators);
        if (length == size && memcmp(at, item, size) == 0)
            return true;
        at += length;
        at += strspn(at, separators);
    }
    return false;
}

/* "repository:a:pull,push" covers "repository:a:pull". */
static bool scope_covers(const char *scope, const char *other)
{
    const char *actions = strrchr(scope, ':');
    const char *wanted = strrchr(other, ':');

    if (actions == NULL || wanted == NULL || actions - scope != wanted - other ||
        memcmp(scope, other, (size_t)(actions - scope)) != 0)
        return strcmp(scope, other) == 0;
    for (const char *at = wanted + 1; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (!list_has(actions + 1, at, size, ","))
            return false;
        at += size;
        at += strspn(at, ",");
    }
    return true;
}

static void add_parameter(struct buf *url, const char *name, const char *value)
{
    buf_addf(url, "%s%s=", strchr(buf_text(url), '?') != NULL ? "&" : "?", name);
    http_encode(url, value, ":/,");
}

int token_format_url(const struct token_request *request, struct buf *out, struct error *err)
{
    CLEANUP(strings) struct strings scopes = STRINGS_INIT;
    CLEANUP(text) char *realm = NULL;

    if (http_resolve_url(request->registry, request->realm, &realm, err) < 0)
        return error_wrap(err, "where tokens for '%s' come from", request->registry);
    if (check_realm(request->registry, realm, err) < 0)
        return -1;
    buf_add_text(out, realm);
    if (request->service != NULL)
        add_parameter(out, "service", request->service);
    for (size_t i = 0; request->scopes[i] != NULL; i++)
        strings_add(&scopes, request->scopes[i]);
    for (const char *at = request->asked != NULL ? request->asked : ""; *at != '\0';) {
        size_t size = strcspn(at, " ");
        CLEANUP(text) char *scope = xstrndup(at, size);
        bool covered = size == 0;
        for (size_t i = 0; i < scopes.count && !covered; i++)
            covered = scope_covers(scopes.items[i], scope);
        if (!covered)
            strings_add(&scopes, scope);
        at += size;
        at += strspn(at, " ");
    }
    for (size_t i = 0; i < scopes.count; i++)
        add_parameter(out, "scope", scopes.items[i]);
    return 0;
}

static const char *member_text(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text != NULL && *text != '\0' ? text : NULL;
}

static unsigned member_lifetime(const json_t *json)
{
    const json_t *member = json_object_get(json, "expires_in");
    double seconds = json_number_value(member); /* 0 if it is no number */

    if (!(seconds > TOKEN_LIFETIME_MIN_S))
        return TOKEN_LIFETIME_MIN_S;
    return seconds < TOKEN_LIFETIME_MAX_S ? (unsigned)seconds : TOKEN_LIFETIME_MAX_S;
}

/* issued_at is left alone: by a clock that differs from ours, every token would have ended. */
int token_parse(const char *data, size_t size, struct token *out, struct error *err)
{
    json_error_t why;
    json_auto_t *json = json_loadb(data, size, JSON_REJECT_DUPLICATES, &why);

    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "the answer with a token is not a JSON object");
    const char *token = member_text(json, "token");
    if (token == NULL)
        token = member_text(json, "access_token");
    if (token == NULL)
        return error_set(err, ERROR_CORRUPT,
                         "the answer has neither 'token' nor 'access_token' in it");
    for (const unsigned char *at = (const unsigned char *)token; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f)
            return error_set(err, ERROR_CORRUPT, "the token has characters that no token has");
    out->header = xasprintf("Bearer %s", token);
    out->lifetime_s = member_lifetime(json);
    return 0;
}

int token_fetch(struct http *http, const struct token_request *request, struct token *out,
                struct error *err)
{
    CLEANUP(buf) struct buf url = BUF_INIT;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;

    if (token_format_url(request, &url, err) < 0)
        return -1;
    struct http_request asked = {
        .method = "GET",
        .url = buf_text(&url),
        .accept = "application/json",
        .expect = HTTP_EXPECT(200),
        .body_limit = TOKEN_ANSWER_LIMIT,
        .keep_redirect = true, /* where it leads has not been checked */
    };
    if (http_send(http, &asked, &response, err) < 0)
        return error_wrap(err, "getting a token for '%s'", request->registry);
    if (token_parse(buf_text(&response.body), response.body.size, out, err) < 0) {
        CLEANUP(text) char *name = http_display_url(buf_text(&url));
        return error_wrap(err, "getting a token for '%s' from '%s'", request->registry, name);
    }
    return 0;
}
