#include "http/http_internal.h"

#include <arpa/inet.h>
#include <string.h>

/* A variable's value, by the first of two names that is set; NULL if it is empty or none is. */
static char *variable(const char *name, const char *other)
{
    const char *value = getenv(name);

    if (value == NULL && other != NULL)
        value = getenv(other);
    return value != NULL ? xstrdup(value) : NULL;
}

/* HTTP_PROXY in capitals is left alone, as by libcurl: a web server sets it from a header. */
void proxies_init(struct proxies *proxies)
{
    *proxies = (struct proxies){
        .plain = variable("http_proxy", NULL),
        .secure = variable("https_proxy", "HTTPS_PROXY"),
        .except = variable("no_proxy", "NO_PROXY"),
    };
    if (proxies->plain == NULL)
        proxies->plain = variable("all_proxy", "ALL_PROXY");
    if (proxies->secure == NULL)
        proxies->secure = variable("all_proxy", "ALL_PROXY");
}

void proxies_release(struct proxies *proxies)
{
    free(proxies->plain);
    free(proxies->secure);
    free(proxies->except);
    *proxies = (struct proxies){NULL, NULL, NULL};
}

/* Bytes of an address, 4 or 16; 0 if the text is none. */
static size_t parse_address(const char *text, unsigned char *out)
{
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool has_prefix(const unsigned char *a, const unsigned char *b, size_t bits)
{
    size_t whole = bits / 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return bits % 8 == 0 || (a[whole] ^ b[whole]) >> (8 - bits % 8) == 0;
}

/* "10.0.0.0/8" or "10.1.2.3" or "::1" has the address in it. */
static bool block_has(const char *block, const unsigned char *address, size_t size)
{
    const char *slash = strchr(block, '/');
    CLEANUP(text)
    char *base = xstrndup(block, slash != NULL ? (size_t)(slash - block) : strlen(block));
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what is no block has nothing in it */
    unsigned char network[sizeof(struct in6_addr)];
    uint64_t bits = size * 8;

    if (parse_address(base, network) != size)
        return false;
    if (slash != NULL && parse_u64(slash + 1, size * 8, &bits, &ignored) < 0)
        return false;
    return has_prefix(network, address, (size_t)bits);
}

/* "example.com" and ".example.com" have example.com and all below it. */
static bool domain_has(const char *domain, const char *host)
{
    domain += *domain == '.' ? 1 : 0;
    size_t size = strlen(domain);
    size_t host_size = strlen(host);
    if (size > 0 && domain[size - 1] == '.')
        size--;
    if (size == 0 || size > host_size || strncasecmp(host + host_size - size, domain, size) != 0)
        return false;
    return size == host_size || host[host_size - size - 1] == '.';
}

static bool is_excepted(const char *except, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    size_t size = parse_address(host, address);

    if (except == NULL)
        return false;
    if (strcmp(except, "*") == 0)
        return true;
    for (const char *at = except + strspn(except, ", \t"); *at != '\0'; at += strspn(at, ", \t")) {
        size_t length = strcspn(at, ", \t");
        CLEANUP(text) char *item = xstrndup(at, length);
        if (size > 0 ? block_has(item, address, size) : domain_has(item, host))
            return true;
        at += length;
    }
    return false;
}

const char *proxies_choose(const struct proxies *proxies, const char *origin)
{
    const char *proxy = text_starts_with(origin, "https:") ? proxies->secure : proxies->plain;
    const char *start = strstr(origin, "://");

    if (proxy == NULL || *proxy == '\0' || start == NULL)
        return "";
    start += 3;
    CLEANUP(text)
    char *host = *start == '[' ? xstrndup(start + 1, strcspn(start + 1, "]%"))
                               : xstrndup(start, strcspn(start, ":"));
    size_t size = strlen(host);
    if (size > 1 && host[size - 1] == '.')
        host[size - 1] = '\0';
    return is_excepted(proxies->except, host) ? "" : proxy;
}
