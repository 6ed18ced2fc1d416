#include "http/http_internal.h"

const char *http_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

const char *http_tls_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->ssl_version;
}

void http_list_features(struct strings *out)
{
    static const struct {
        const char *name;
        int bit;
    } features[] = {
        {"ipv6", CURL_VERSION_IPV6},
        {"unix-sockets", CURL_VERSION_UNIX_SOCKETS},
        {"idn", CURL_VERSION_IDN},
        {"https-proxy", CURL_VERSION_HTTPS_PROXY},
        {"asynchronous-dns", CURL_VERSION_ASYNCHDNS},
    };
    int bits = curl_version_info(CURLVERSION_NOW)->features;

    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if ((bits & features[i].bit) != 0)
            strings_add(out, features[i].name);
}
