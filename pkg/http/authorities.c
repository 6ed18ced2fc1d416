/*
 * The authorities of certificates, read once. libcurl reads the system's bundle for every
 * connection, which costs more than the handshake after it: 25 ms of a processor for Debian's.
 */
#include "http/http_internal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

/* libcurl gives away the SSL_CTX of the library that it is linked with, which has to be ours. */
static bool is_our_library(const char *name)
{
    CLEANUP(text) char *ours = xasprintf("OpenSSL/%d.", OPENSSL_VERSION_MAJOR);

    return name != NULL && text_starts_with(name, ours);
}

static bool add_pem(X509_STORE *store, const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->size);
    STACK_OF(X509_INFO) *infos = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    bool is_added = infos != NULL && sk_X509_INFO_num(infos) > 0;

    for (int i = 0; is_added && i < sk_X509_INFO_num(infos); i++) {
        const X509_INFO *info = sk_X509_INFO_value(infos, i);
        is_added = info->x509 == NULL || X509_STORE_add_cert(store, info->x509) == 1;
    }
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(bio);
    return is_added;
}

/* Certificates of a folder are looked up by name when they are needed. */
static bool add_all(X509_STORE *store, const struct certificates *certificates,
                    const struct buf *pem, const curl_version_info_data *version)
{
    bool is_named = certificates->ca_file != NULL || certificates->ca_folder != NULL;
    const char *file = is_named ? certificates->ca_file : version->cainfo;
    const char *folder = is_named ? certificates->ca_folder : version->capath;

    if (pem->size > 0 ? !add_pem(store, pem) : file != NULL && !X509_STORE_load_file(store, file))
        return false;
    return folder == NULL || X509_STORE_load_path(store, folder) == 1;
}

X509_STORE *authorities_open(const struct certificates *certificates, const struct buf *pem)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    X509_STORE *store = is_our_library(version->ssl_version) ? X509_STORE_new() : NULL;

    if (store == NULL)
        return NULL;
    X509_STORE_set_flags(store,
                         X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN); /* as libcurl */
    if (add_all(store, certificates, pem, version))
        return store;
    X509_STORE_free(store);
    ERR_clear_error();
    return NULL;
}

const char *authorities_find(const char *built_in, const char *const *places)
{
    if (built_in != NULL && access(built_in, R_OK) == 0)
        return NULL;
    for (; *places != NULL; places++)
        if (access(*places, R_OK) == 0)
            return *places;
    return NULL;
}

static CURLcode use_store(CURL *easy, void *context, void *arg)
{
    (void)easy;
    SSL_CTX_set1_cert_store(context, arg);
    return CURLE_OK;
}

void authorities_use(X509_STORE *store, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, use_store);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, store);
}
