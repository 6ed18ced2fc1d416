#include "http/http_internal.h"

#include <string.h>
#include <unistd.h>

char *host_shorten(const char *host)
{
    const char *colon = strrchr(host, ':');

    if (colon == NULL || strchr(colon, ']') != NULL ||
        (strcmp(colon, ":443") != 0 && strcmp(colon, ":80") != 0))
        return xstrdup(host);
    return xstrndup(host, (size_t)(colon - host));
}

bool http_allows_insecure(const struct http *http, const char *host)
{
    CLEANUP(text) char *wanted = host_shorten(host);

    for (size_t i = 0; i < http->insecure.count; i++) {
        CLEANUP(text) char *allowed = host_shorten(http->insecure.items[i]);
        if (text_equal_fold(allowed, wanted))
            return true;
    }
    return false;
}

char *transfer_format_route(const struct transfer *transfer)
{
    return xasprintf("%s %d%s%s%s", transfer->origin, (int)transfer->least,
                     transfer->stream && transfer->decode ? " decoded" : "", /* its small buffer */
                     transfer->unix_socket != NULL ? " " : "",
                     transfer->unix_socket != NULL ? transfer->unix_socket : "");
}

/*
 * Sees each address before it is connected to; a name may lead anywhere. Where an idle connection
 * ends before there is an answer libcurl would send the request once more over another, which there
 * is none of for a request with a body.
 */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;

    (void)purpose;
    enum address_scope scope = address_scope(&address->addr);
    if (transfer->is_sent)
        return CURL_SOCKET_BAD;
    if (scope < transfer->least && *transfer->proxy == '\0') {
        transfer->blocked = true;
        transfer->blocked_scope = scope;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int set_addresses(struct transfer *transfer, struct error *err)
{
    CURL *easy = transfer->connection->easy;

    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    if (transfer->least == ADDRESS_NEVER)
        return 0;
    enum address_scope scope = url_scope(transfer->origin);
    if (scope < transfer->least) {
        CLEANUP(text) char *authority = url_format_authority(transfer->url);
        return address_refuse(scope, authority, err);
    }
    return 0; /* what a proxy connects to is its own matter */
}

static void set_authorities(const struct transfer *transfer, const struct identity *identity)
{
    const struct certificates *certificates = &transfer->http->certificates;
    CURL *easy = transfer->connection->easy;
    struct curl_blob blob = {
        .data = identity->authorities.data,
        .len = identity->authorities.size,
        .flags = CURL_BLOB_NOCOPY,
    };

    /* A proxy in TLS would be asked for ours, too. */
    if (identity->store != NULL && !text_starts_with(transfer->proxy, "https:")) {
        authorities_use(identity->store, easy);
        return;
    }
    if (certificates->ca_file != NULL || certificates->ca_folder != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO,
                         certificates->ca_file); /* in place of all of these */
        curl_easy_setopt(easy, CURLOPT_CAPATH, certificates->ca_folder);
    }
    if (blob.len > 0)
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

static int set_tls(const struct transfer *transfer, struct error *err)
{
    struct http *http = transfer->http;
    CURL *easy = transfer->connection->easy;
    const char *host = strstr(transfer->origin, "://") + 3;
    const struct identity *identity = NULL;

    if (!text_starts_with(transfer->origin, "https:"))
        return 0;
    if (certificates_find(&http->certificates, host, &identity, err) < 0)
        return -1;
    if (identity->certificate != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, identity->certificate);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, identity->key);
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or OpenSSL asks at the terminal */
    }
    set_authorities(transfer, identity);
    if (http_allows_insecure(http, host)) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return 0;
}

int transfer_set_route(struct transfer *transfer, struct error *err)
{
    CURL *easy = transfer->connection->easy;

    curl_easy_setopt(easy, CURLOPT_PROXY, transfer->proxy);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* that has been decided */
    if (transfer->unix_socket != NULL)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, transfer->unix_socket);
    if (set_addresses(transfer, err) < 0)
        return -1;
    return set_tls(transfer, err);
}
