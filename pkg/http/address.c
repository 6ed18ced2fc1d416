#include "http/http_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

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

/* 64:ff9b::/96 (RFC 6052): the last four bytes are an address that a gateway translates to. */
static bool ipv6_is_translated(const struct in6_addr *address)
{
    static const unsigned char prefix[12] = {0x00, 0x64, 0xff, 0x9b};

    return memcmp(address->s6_addr, prefix, sizeof(prefix)) == 0;
}

static bool ipv6_is_private(const struct in6_addr *address)
{
    const unsigned char *bytes = address->s6_addr;

    if (IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address))
        return true;
    if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address) ||
        ipv6_is_translated(address))
        return ipv4_is_private((uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
                               (uint32_t)bytes[14] << 8 | bytes[15]);
    return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_SITELOCAL(address) ||
           (bytes[0] & 0xfe) == 0xfc; /* fc00::/7, unique local */
}

bool address_is_private(const struct sockaddr *address)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    if (address->sa_family == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        return ipv4_is_private(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&ipv6, address, sizeof(ipv6));
    return ipv6_is_private(&ipv6.sin6_addr);
}

/* An address literal, or a name, that means this machine or its own network. */
static bool host_is_private(const char *host)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text_equal_fold(host, "localhost") || text_equal_fold(host, "localhost.") ||
        text_ends_with(host, ".localhost") || text_ends_with(host, ".localhost."))
        return true;
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ipv4_is_private(ntohl(ipv4.s_addr));
    return inet_pton(AF_INET6, host, &ipv6) == 1 && ipv6_is_private(&ipv6);
}

bool url_is_private(const char *url)
{
    CLEANUP(text) char *origin = url_format_origin(url); /* odd forms of addresses made plain */

    if (origin == NULL)
        return false;
    const char *host = strstr(origin, "://") + 3;
    CLEANUP(text)
    char *name = *host == '[' ? xstrndup(host + 1, strcspn(host + 1, "]%"))
                              : xstrndup(host, strcspn(host, ":"));
    return host_is_private(name);
}

void transfer_note_address(const struct transfer *transfer)
{
    struct http *http = transfer->http;
    CURL *easy = transfer->connection->easy;
    char *address = NULL;

    if (*transfer->proxy != '\0' || transfer->unix_socket != NULL ||
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) != CURLE_OK || address == NULL)
        return;
    CLEANUP(text) char *plain = xstrndup(address, strcspn(address, "%"));
    if (!host_is_private(plain))
        return;
    pthread_mutex_lock(&http->lock);
    if (!strings_has(&http->private_origins, transfer->origin))
        strings_add(&http->private_origins, transfer->origin);
    pthread_mutex_unlock(&http->lock);
}

bool http_is_private_origin(struct http *http, const char *origin)
{
    CLEANUP(text) char *whole = url_format_origin(origin);

    if (whole == NULL)
        return false;
    if (url_is_private(whole))
        return true;
    pthread_mutex_lock(&http->lock);
    bool found = strings_has(&http->private_origins, whole);
    pthread_mutex_unlock(&http->lock);
    return found;
}
