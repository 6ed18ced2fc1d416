#include "http/http_internal.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

/* CURLE_TOO_LARGE of libcurl 8.6, which says what CURLE_OUT_OF_MEMORY said before. */
#define RESULT_TOO_LARGE 100

/* The system's word for the connection's last errno, in lower case; NULL if there is none. */
static char *system_words(const struct transfer *transfer)
{
    char words[128];
    long number = 0;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_OS_ERRNO, &number);
    if (number == 0)
        return NULL;
    char *text = xstrdup(error_words((int)number, words, sizeof(words)));
    if (*text >= 'A' && *text <= 'Z')
        *text = (char)(*text - 'A' + 'a');
    return text;
}

/* "host:port" of a proxy as its variable names it, without user and password. */
static char *proxy_authority(const char *proxy)
{
    const char *scheme = strstr(proxy, "://");
    const char *start = scheme != NULL ? scheme + 3 : proxy;
    CLEANUP(text) char *authority = xstrndup(start, strcspn(start, "/?#"));
    const char *at = strrchr(authority, '@');

    return xstrdup(at != NULL ? at + 1 : authority);
}

/* The first hop is the proxy: whether the host itself is there, nobody has asked yet. */
static int explain_no_proxy(const struct transfer *transfer, const char *words, struct error *err)
{
    CLEANUP(text) char *proxy = proxy_authority(transfer->proxy);
    bool secure = text_starts_with(transfer->origin != NULL ? transfer->origin : "", "https:");

    if (transfer->result == CURLE_COULDNT_RESOLVE_PROXY)
        words = "the name is not known to this machine's resolver";
    else if (transfer->result == CURLE_OPERATION_TIMEDOUT)
        words = "no answer in time";
    return error_set(err, ERROR_UNREACHABLE,
                     "cannot connect to the proxy '%s' (see %s, all_proxy and no_proxy): %s", proxy,
                     secure ? "https_proxy" : "http_proxy",
                     words != NULL ? words : "there is no way to it");
}

static int explain_connection(const struct transfer *transfer, const char *authority,
                              struct error *err)
{
    CLEANUP(text) char *words = system_words(transfer);

    if (transfer->is_sent && transfer->result == CURLE_COULDNT_CONNECT)
        return transfer_explain_break(transfer, err); /* over a connection that there was */
    if (transfer->unix_socket != NULL)
        return error_set(err, ERROR_UNREACHABLE, "cannot connect to the socket '%s': %s",
                         transfer->unix_socket, words != NULL ? words : "nobody listens there");
    if (transfer->blocked)
        return address_refuse(transfer->blocked_scope, authority, err);
    if (transfer->proxy != NULL && *transfer->proxy != '\0')
        return explain_no_proxy(transfer, words, err);
    switch (transfer->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERROR_UNREACHABLE,
                         "cannot connect to '%s': the name is not known to this machine's resolver",
                         authority);
    case CURLE_COULDNT_RESOLVE_PROXY:
        return error_set(err, ERROR_UNREACHABLE,
                         "cannot connect to '%s': the name of the proxy cannot be resolved",
                         authority);
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, ERROR_UNREACHABLE, "cannot connect to '%s': no answer within %u s",
                         authority, transfer->connect_timeout_ms / 1000);
    default:
        return error_set(err, ERROR_UNREACHABLE, "cannot connect to '%s': %s", authority,
                         words != NULL ? words : "there is no way to the host");
    }
}

/* Files of this machine that libcurl could not use. */
static int explain_files(const struct transfer *transfer, const char *authority, const char *words,
                         struct error *err)
{
    const struct certificates *certificates = &transfer->http->certificates;
    const char *file = certificates->more != NULL      ? certificates->more
                       : certificates->only != NULL    ? certificates->only
                       : certificates->ca_file != NULL ? certificates->ca_file
                                                       : "the system and certs.d";

    if (transfer->result == CURLE_SSL_CERTPROBLEM)
        return error_set(err, ERROR_LOCAL, "the client certificate for '%s' cannot be used: %s",
                         authority, words);
    return error_set(err, ERROR_LOCAL,
                     "the certificates of the authorities in '%s' cannot be read; see --tls-ca, "
                     "certs.d, SSL_CERT_FILE and SSL_CERT_DIR",
                     file);
}

static bool wants_certificate(const struct transfer *transfer)
{
    return transfer->result == CURLE_SSL_CLIENTCERT ||
           strstr(transfer->words, "certificate required") != NULL ||
           strstr(transfer->words, "alert bad certificate") != NULL;
}

static int explain_certificate(const char *authority, struct error *err)
{
    CLEANUP(text) char *host = host_shorten(authority);

    return error_set(err, ERROR_DENIED,
                     "'%s' wants a client certificate that it trusts; NAME.cert and NAME.key "
                     "belong into certs.d/%s or the folder of --cert-dir",
                     authority, host);
}

/* nginx lets the handshake pass, and then says in HTML what it misses. */
int transfer_check_certificate(const struct transfer *transfer, struct error *err)
{
    const char *body = buf_text(&transfer->response.body);

    if (transfer->response.status != 400 || !text_starts_with(transfer->origin, "https:") ||
        (strstr(body, "No required SSL certificate was sent") == NULL &&
         strstr(body, "The SSL certificate error") == NULL))
        return 0;
    CLEANUP(text) char *authority = url_format_authority(transfer->url);
    return explain_certificate(authority, err);
}

bool transfer_is_not_tls(const struct transfer *transfer)
{
    return transfer->result == CURLE_SSL_CONNECT_ERROR &&
           strstr(transfer->words, "wrong version number") != NULL;
}

void transfer_note_tls(const struct transfer *transfer)
{
    struct http *http = transfer->http;
    curl_off_t agreed_us = 0;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_APPCONNECT_TIME_T, &agreed_us);
    if (agreed_us == 0 || !text_starts_with(transfer->origin, "https:"))
        return;
    pthread_mutex_lock(&http->lock);
    if (!strings_has(&http->in_tls, transfer->origin))
        strings_add(&http->in_tls, transfer->origin);
    pthread_mutex_unlock(&http->lock);
}

/*
 * A hello that is damaged on the way, or the answer to it, looks like a server without TLS. Whoever
 * has spoken TLS before is no such server; any other is asked once more.
 */
static bool may_be_damaged(const struct transfer *transfer)
{
    struct http *http = transfer->http;

    if (http->retries == 0)
        return false;
    pthread_mutex_lock(&http->lock);
    bool is_first = !strings_has(&http->not_in_tls, transfer->origin);
    if (is_first)
        strings_add(&http->not_in_tls, transfer->origin);
    bool result = is_first || strings_has(&http->in_tls, transfer->origin);
    pthread_mutex_unlock(&http->lock);
    return result;
}

static int explain_tls(const struct transfer *transfer, const char *authority, struct error *err)
{
    const char *words =
        *transfer->words != '\0' ? transfer->words : curl_easy_strerror(transfer->result);
    CLEANUP(text) char *host = host_shorten(authority);

    if (transfer->result == CURLE_SSL_CACERT_BADFILE || transfer->result == CURLE_SSL_CERTPROBLEM)
        return explain_files(transfer, authority, words, err);
    if (wants_certificate(transfer))
        return explain_certificate(authority, err);
    if (transfer->result != CURLE_SSL_CONNECT_ERROR)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the certificate of '%s' is not trusted: %s; name the authority that "
                         "signed it with --tls-ca FILE or in certs.d/%s, or go without by "
                         "--insecure %s",
                         authority, words, host, host);
    if (transfer_is_not_tls(transfer))
        return error_set(err, may_be_damaged(transfer) ? ERROR_UNREACHABLE : ERROR_UNSUPPORTED,
                         "'%s' does not speak TLS: is it plain http? --insecure %s allows that",
                         authority, host);
    return error_set(err, ERROR_UNREACHABLE, "cannot agree on TLS with '%s': %s", authority, words);
}

static int explain_proxy(long status, const char *authority, struct error *err)
{
    return error_set(err, status == 407 || status == 403 ? ERROR_DENIED : ERROR_UNREACHABLE,
                     "cannot connect to '%s': the proxy answered with status %ld", authority,
                     status);
}

int transfer_explain_break(const struct transfer *transfer, struct error *err)
{
    CLEANUP(text) char *authority = url_format_authority(transfer->url);
    CLEANUP(text) char *words = system_words(transfer);
    const char *when =
        transfer->answered ? "before the answer was complete" : "before there was an answer";

    if (words != NULL)
        return error_set(err, ERROR_UNREACHABLE, "the connection to '%s' ended %s: %s", authority,
                         when, words);
    return error_set(err, ERROR_UNREACHABLE, "the connection to '%s' ended %s", authority, when);
}

/* Sending it again would not help. */
static int explain_encoding(const struct transfer *transfer, struct error *err)
{
    CLEANUP(text) char *name = text_display_url(transfer->url);
    const char *words = *transfer->words != '\0' ? transfer->words : "it is not of that form";

    if (transfer->result == CURLE_OUT_OF_MEMORY)
        words = "it becomes too large";
    return error_set(err, ERROR_CORRUPT,
                     "'%s' was sent with a content encoding, where identity was asked, and cannot "
                     "be decoded: %s",
                     name, words);
}

/*
 * libcurl calls its own limits out of memory; what really lacks memory ends the process, see
 * http_new().
 */
static int explain_limit(const struct transfer *transfer, const char *authority, struct error *err)
{
    long sent = 0;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (transfer->encoded) /* what it has decoded while it is paused */
        return explain_encoding(transfer, err);
    if (sent == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a request to '%s' has more headers than libcurl sends; is a token or a "
                         "name that long?",
                         authority);
    return error_set(err, ERROR_CORRUPT,
                     "'%s' answers with a line of headers that is longer than libcurl reads",
                     authority);
}

/* What libcurl could not begin, and what it calls by other names, for lack of descriptors. */
static bool lacks_descriptors(const struct transfer *transfer)
{
    static const CURLcode results[] = {
        CURLE_FAILED_INIT,        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_COULDNT_CONNECT,    CURLE_INTERFACE_FAILED,     CURLE_OUT_OF_MEMORY,
        CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,      CURLE_SSL_CONNECT_ERROR,
    };
    long number = 0;
    bool may_be = false;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_OS_ERRNO, &number);
    if (number == EMFILE || number == ENFILE)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(results); i++)
        may_be = may_be || transfer->result == results[i];
    return may_be && number == 0 && file_descriptors_run_out();
}

int transfer_explain(const struct transfer *transfer, struct error *err)
{
    CLEANUP(text) char *authority = url_format_authority(transfer->url);
    CLEANUP(text) char *purpose = xasprintf("connect to '%s'", authority);
    long proxy_status = 0;

    if (lacks_descriptors(transfer))
        return file_refuse_descriptors(purpose, err);

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300)
        return explain_proxy(proxy_status, authority, err);
    if (wants_certificate(transfer))
        return explain_tls(transfer, authority, err);
    if ((int)transfer->result == RESULT_TOO_LARGE)
        return explain_limit(transfer, authority, err);
    switch (transfer->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PROXY:
        return explain_connection(transfer, authority, err);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return explain_tls(transfer, authority, err);
    case CURLE_UNSUPPORTED_PROTOCOL: /* a head that is cut in its first word looks alike */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_FUNCTION_ARGUMENT: /* a header without a name */
        return error_set(err, ERROR_UNREACHABLE, "'%s' does not answer in HTTP/1.1", authority);
    case CURLE_URL_MALFORMAT:
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not a URL that can be asked", authority);
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR: /* no callback of ours has refused */
        return explain_encoding(transfer, err);
    case CURLE_OUT_OF_MEMORY:
        return explain_limit(transfer, authority, err);
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_UNRECOVERABLE_POLL: /* of a descriptor that is none */
        return error_set(err, ERROR_INTERNAL, "libcurl cannot ask '%s': %s", authority,
                         *transfer->words != '\0' ? transfer->words
                                                  : curl_easy_strerror(transfer->result));
    default: /* what is left of HTTP are ends of connections */
        return transfer_explain_break(transfer, err);
    }
}
