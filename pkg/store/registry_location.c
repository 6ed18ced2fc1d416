#include "store/store_internal.h"

#include <arpa/inet.h>
#include <string.h>

#define LOCATION_MAX ((size_t)16 * 1024)

/* Blocks that lead to this machine, its links or a private network (RFC 6890). */
static bool is_private_v4(uint32_t address)
{
    static const struct {
        uint32_t block;
        unsigned bits;
    } blocks[] = {
        {0x00000000, 8},  /* 0.0.0.0 */
        {0x0a000000, 8},  /* 10.0.0.0 */
        {0x64400000, 10}, /* 100.64.0.0 */
        {0x7f000000, 8},  /* 127.0.0.0 */
        {0xa9fe0000, 16}, /* 169.254.0.0 */
        {0xac100000, 12}, /* 172.16.0.0 */
        {0xc0a80000, 16}, /* 192.168.0.0 */
    };

    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
        if ((address ^ blocks[i].block) >> (32 - blocks[i].bits) == 0)
            return true;
    return false;
}

static bool is_private_v6(const struct in6_addr *address)
{
    const uint8_t *bytes = address->s6_addr;

    if (IN6_IS_ADDR_V4MAPPED(address))
        return is_private_v4((uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
                             (uint32_t)bytes[14] << 8 | bytes[15]);
    return IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address) ||
           IN6_IS_ADDR_LINKLOCAL(address) || (bytes[0] & 0xfe) == 0xfc;
}

/* Host of an http or https URL without brackets and port; the caller frees it. */
static char *copy_host(const char *url)
{
    const char *start = strstr(url, "://");

    start = start != NULL ? start + 3 : url;
    size_t size = strcspn(start, "/?#");
    const char *user_end = memrchr(start, '@', size);
    if (user_end != NULL) {
        size -= (size_t)(user_end + 1 - start);
        start = user_end + 1;
    }
    if (*start == '[')
        return xstrndup(start + 1, strcspn(start + 1, "]/?#%"));
    size_t host = strcspn(start, ":");
    return xstrndup(start, host < size ? host : size);
}

static bool is_private(const char *url)
{
    CLEANUP(text) char *host = copy_host(url);
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return is_private_v4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return is_private_v6(&v6);
    return text_equal_fold(host, "localhost") || text_ends_with(host, ".localhost");
}

int registry_location(const char *origin, const char *request_url, const char *location, char **out,
                      struct error *err)
{
    CLEANUP(text) char *url = NULL;

    if (location == NULL || *location == '\0')
        return error_set(err, ERROR_UNSUPPORTED,
                         "the registry does not say where an upload goes (no 'Location')");
    if (strlen(location) > LOCATION_MAX)
        return error_set(
            err, ERROR_UNSUPPORTED,
            "the registry answers with a 'Location' of %zu bytes, expected %zu at most",
            strlen(location), LOCATION_MAX);
    if (http_resolve_url(request_url, location, &url, err) < 0)
        return -1;
    if (text_starts_with(origin, "https://") && text_starts_with(url, "http://")) {
        char *secure = xasprintf("https://%s", url + strlen("http://"));
        free(url);
        url = secure;
        if (!http_same_origin(url, origin)) {
            CLEANUP(text) char *name = http_display_url(url + strlen("https://"));
            return error_set(err, ERROR_UNSUPPORTED,
                             "the registry sends uploads to 'http://%s', and from https only "
                             "https is followed",
                             name);
        }
    }
    if (!http_same_origin(url, origin) && is_private(url) && !is_private(origin)) {
        CLEANUP(text) char *name = http_display_url(url);
        return error_set(err, ERROR_UNSUPPORTED,
                         "the registry sends uploads to '%s', an address of a private network",
                         name);
    }
    *out = TAKE(url);
    return 0;
}
