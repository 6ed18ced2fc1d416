#include "http/http_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* An address or network in the order of the wire, and who may be sent there. */
struct network {
    unsigned char prefix[16];
    unsigned bits;
    enum address_scope scope;
};

static const struct network ipv4_networks[] = {
    {{0}, 8, ADDRESS_MACHINE},                 /* Linux connects 0.0.0.0 to itself */
    {{10}, 8, ADDRESS_NETWORK},                /* RFC 1918 */
    {{100, 100, 100, 200}, 32, ADDRESS_NEVER}, /* metadata of a cloud */
    {{100, 64}, 10, ADDRESS_NETWORK},          /* shared by carriers, RFC 6598 */
    {{127}, 8, ADDRESS_MACHINE},               /* loopback */
    {{168, 63, 129, 16}, 32, ADDRESS_NEVER},   /* a cloud's own services */
    {{169, 254}, 16, ADDRESS_NEVER},           /* link-local, metadata of most clouds */
    {{172, 16}, 12, ADDRESS_NETWORK},          /* RFC 1918 */
    {{192, 0, 0}, 24, ADDRESS_NEVER},          /* protocols, metadata of a cloud */
    {{192, 0, 2}, 24, ADDRESS_NEVER},          /* documentation */
    {{192, 88, 99}, 24, ADDRESS_NEVER},        /* relays of 6to4 */
    {{192, 168}, 16, ADDRESS_NETWORK},         /* RFC 1918 */
    {{198, 18}, 15, ADDRESS_NETWORK},          /* benchmarks; some proxies' invented addresses */
    {{198, 51, 100}, 24, ADDRESS_NEVER},       /* documentation */
    {{203, 0, 113}, 24, ADDRESS_NEVER},        /* documentation */
    {{224}, 4, ADDRESS_NEVER},                 /* multicast */
    {{240}, 4, ADDRESS_NEVER},                 /* reserved, broadcast */
};

static const struct network ipv6_networks[] = {
    {{[15] = 1}, 128, ADDRESS_MACHINE},                                /* ::1 */
    {{0}, 128, ADDRESS_MACHINE},                                       /* :: */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, ADDRESS_NETWORK},                /* local translation */
    {{1}, 64, ADDRESS_NEVER},                                          /* discard */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, ADDRESS_NEVER},                     /* documentation */
    {{0x3f, 0xff}, 20, ADDRESS_NEVER},                                 /* documentation */
    {{0x5f}, 16, ADDRESS_NEVER},                                       /* segment routing */
    {{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128, ADDRESS_NEVER}, /* metadata of a cloud */
    {{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54}, 128, ADDRESS_NEVER}, /* metadata of a cloud */
    {{0xfc}, 7, ADDRESS_NETWORK},                                      /* unique local */
    {{0xfe, 0x80}, 10, ADDRESS_NEVER},                                 /* link-local */
    {{0xfe, 0xc0}, 10, ADDRESS_NETWORK},                               /* site-local */
    {{0xff}, 8, ADDRESS_NEVER},                                        /* multicast */
};

static bool has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    size_t whole = bits / 8;
    unsigned char rest = (unsigned char)(0xff00U >> bits % 8);

    return memcmp(address, prefix, whole) == 0 &&
           (bits % 8 == 0 || ((address[whole] ^ prefix[whole]) & rest) == 0);
}

static enum address_scope find_scope(const struct network *networks, size_t count,
                                     const unsigned char *address)
{
    for (size_t i = 0; i < count; i++)
        if (has_prefix(address, networks[i].prefix, networks[i].bits))
            return networks[i].scope;
    return ADDRESS_WORLD;
}

static enum address_scope ipv4_scope(const unsigned char *address)
{
    return find_scope(ipv4_networks, ARRAY_SIZE(ipv4_networks), address);
}

/* Where an IPv6 address has an IPv4 address in it, to which a gateway or the kernel translates. */
static const struct {
    unsigned char prefix[16];
    unsigned bits;
    unsigned at;
    bool inverted;
} embeddings[] = {
    {{[10] = 0xff, 0xff}, 96, 12, false},         /* ::ffff:0:0/96, mapped */
    {{0}, 96, 12, false},                         /* ::/96, compatible */
    {{0, 0x64, 0xff, 0x9b}, 96, 12, false},       /* 64:ff9b::/96, RFC 6052 */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, 12, false}, /* 64:ff9b:1::/48, RFC 8215, as a /96 */
    {{0x20, 0x01}, 32, 4, false},                 /* Teredo, RFC 4380: the server */
    {{0x20, 0x01}, 32, 12, true},                 /* and the client */
    {{0x20, 0x02}, 16, 2, false},                 /* 6to4, RFC 3056 */
};

static void narrow(enum address_scope *scope, enum address_scope other)
{
    if (other < *scope)
        *scope = other;
}

/* ISATAP (RFC 5214): an interface identifier behind any prefix. */
static bool is_isatap(const unsigned char *address)
{
    return (address[8] & 0xfd) == 0 && address[9] == 0 && address[10] == 0x5e &&
           address[11] == 0xfe;
}

static enum address_scope ipv6_scope(const unsigned char *address)
{
    enum address_scope scope = find_scope(ipv6_networks, ARRAY_SIZE(ipv6_networks), address);

    if (scope == ADDRESS_MACHINE)
        return scope;
    for (size_t i = 0; i < ARRAY_SIZE(embeddings); i++) {
        unsigned char inner[4];
        if (!has_prefix(address, embeddings[i].prefix, embeddings[i].bits))
            continue;
        for (size_t j = 0; j < sizeof(inner); j++)
            inner[j] = address[embeddings[i].at + j] ^ (embeddings[i].inverted ? 0xff : 0);
        narrow(&scope, ipv4_scope(inner));
    }
    if (is_isatap(address))
        narrow(&scope, ipv4_scope(address + 12));
    return scope;
}

enum address_scope address_scope(const struct sockaddr *address)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    if (address->sa_family == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        return ipv4_scope((const unsigned char *)&ipv4.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return ADDRESS_NEVER;
    memcpy(&ipv6, address, sizeof(ipv6));
    return ipv6_scope(ipv6.sin6_addr.s6_addr);
}

/* An address literal, or a name that always means this machine; any other name may be anywhere. */
static enum address_scope host_scope(const char *host)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text_equal_fold(host, "localhost") || text_equal_fold(host, "localhost.") ||
        text_ends_with(host, ".localhost") || text_ends_with(host, ".localhost."))
        return ADDRESS_MACHINE;
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ipv4_scope((const unsigned char *)&ipv4);
    return inet_pton(AF_INET6, host, &ipv6) == 1 ? ipv6_scope(ipv6.s6_addr) : ADDRESS_WORLD;
}

enum address_scope url_scope(const char *url)
{
    CLEANUP(text) char *origin = url_format_origin(url); /* odd forms of addresses made plain */

    if (origin == NULL)
        return ADDRESS_WORLD;
    const char *host = strstr(origin, "://") + 3;
    CLEANUP(text)
    char *name = *host == '[' ? xstrndup(host + 1, strcspn(host + 1, "]%"))
                              : xstrndup(host, strcspn(host, ":"));
    return host_scope(name);
}

/* Where an origin was reached first: a name that leads elsewhere later gets no more from that. */
static enum address_scope find_reached(const struct http *http, const char *origin)
{
    for (size_t i = 0; i < ARRAY_SIZE(http->reached); i++)
        if (strings_has(&http->reached[i], origin))
            return (enum address_scope)i;
    return ADDRESS_UNKNOWN;
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
    pthread_mutex_lock(&http->lock);
    if (find_reached(http, transfer->origin) == ADDRESS_UNKNOWN)
        strings_add(&http->reached[host_scope(plain)], transfer->origin);
    pthread_mutex_unlock(&http->lock);
}

enum address_scope http_scope(struct http *http, const char *url)
{
    CLEANUP(text) char *origin = url_format_origin(url);

    if (origin == NULL)
        return ADDRESS_WORLD;
    enum address_scope scope = url_scope(origin);
    if (scope != ADDRESS_WORLD)
        return scope;
    pthread_mutex_lock(&http->lock);
    scope = find_reached(http, origin);
    pthread_mutex_unlock(&http->lock);
    return scope == ADDRESS_UNKNOWN ? ADDRESS_WORLD : scope;
}

bool http_may_name(struct http *http, const char *server, const char *url)
{
    return http_scope(http, url) >= http_scope(http, server);
}

int address_refuse(enum address_scope scope, const char *authority, struct error *err)
{
    if (scope == ADDRESS_NEVER)
        return error_set(err, ERROR_DENIED,
                         "'%s' is at an address for a link, a cloud's own services or no use, "
                         "where no server may send inlay",
                         authority);
    return error_set(err, ERROR_DENIED,
                     "'%s' is on %s, where only a server that is there itself may send inlay",
                     authority, scope == ADDRESS_MACHINE ? "this machine" : "a private network");
}
