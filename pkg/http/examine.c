#include "http/http_internal.h"

#include <string.h>

/* What a server shows to people at its root may be long; nothing of it is looked at. */
#define PAGE_LIMIT ((size_t)16 << 20)

/* By name: "Expire date" of the server's own certificate; NULL if libcurl does not say. */
static char *find_certificate_part(const struct transfer *transfer, const char *name)
{
    struct curl_certinfo *chain = NULL;
    size_t size = strlen(name);

    if (curl_easy_getinfo(transfer->connection->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
        chain == NULL || chain->num_of_certs == 0)
        return NULL;
    for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next)
        if (strncmp(line->data, name, size) == 0 && line->data[size] == ':')
            return xstrdup(line->data + size + 1);
    return NULL;
}

/* 0: it is none, or there is none. */
static int64_t parse_date(const char *text)
{
    time_t date = text != NULL ? curl_getdate(text, NULL) : -1;

    return date > 0 ? (int64_t)date : 0;
}

/*
 * The server's clock when it was asked: a cache on the way repeats an old Date, and says in Age how
 * long it has kept the answer (RFC 9111, section 5.1). 0: not known.
 */
static int64_t find_date(const struct http_response *response)
{
    const char *age = http_response_header(response, "Age");
    int64_t date_s = parse_date(http_response_header(response, "Date"));
    CLEANUP(error) struct error ignored = ERROR_INIT;
    uint64_t age_s = 0;

    if (age != NULL && parse_u64(age, INT32_MAX, &age_s, &ignored) < 0)
        return 0;
    return date_s > 0 ? date_s + (int64_t)age_s : 0;
}

void http_examination_release(struct http_examination *examination)
{
    free(examination->issuer);
    *examination = (struct http_examination){0};
}

int http_examine(struct http *http, const char *url, struct http_examination *out,
                 struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;
    const struct http_request request = {.method = "GET", .url = url, .body_limit = PAGE_LIMIT};
    const struct transfer_options options = {.url = url};

    if (transfer_open(http, &request, &options, &transfer, err) < 0)
        return -1;
    /* An idle connection has shown its certificate before. */
    curl_easy_setopt(transfer->connection->easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(transfer->connection->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (transfer_wait(transfer, transfer_is_done, err) < 0 || transfer_outcome(transfer, err) < 0)
        return -1;
    CLEANUP(text) char *end = find_certificate_part(transfer, "Expire date");
    *out = (struct http_examination){
        .status = transfer->response.status,
        .date_s = find_date(&transfer->response),
        .certificate_end_s = parse_date(end),
        .issuer = find_certificate_part(transfer, "Issuer"),
    };
    return 0;
}

char *http_describe_proxy(const struct http *http, const char *url)
{
    CLEANUP(text) char *origin = url_format_origin(url);
    const char *proxy = origin != NULL ? proxies_choose(&http->proxies, origin) : "";

    if (*proxy == '\0')
        return NULL;
    if (strstr(proxy, "://") != NULL)
        return text_display_url(proxy);
    const char *at = strrchr(proxy, '@');
    return xstrdup(at != NULL ? at + 1 : proxy);
}

char *http_describe_authorities(struct http *http, const char *url)
{
    const struct certificates *certificates = &http->certificates;
    CLEANUP(text) char *origin = url_format_origin(url);
    CLEANUP(error) struct error ignored = ERROR_INIT; /* whoever connects says it */
    const struct identity *identity = NULL;
    CLEANUP(buf) struct buf out = BUF_INIT;

    if (origin == NULL || !text_starts_with(origin, "https:"))
        return NULL;
    const char *host = strstr(origin, "://") + 3;
    if (http_allows_insecure(http, host))
        return xstrdup("");
    const char *system = certificates->ca_file != NULL ? certificates->ca_file
                         : certificates->ca_folder != NULL
                             ? certificates->ca_folder
                             : curl_version_info(CURLVERSION_NOW)->cainfo;
    buf_add_text(&out, system != NULL ? system : "the system's authorities");
    if (certificates->more != NULL)
        buf_addf(&out, " and %s", certificates->more);
    if (certificates->only != NULL)
        buf_addf(&out, " and %s", certificates->only);
    else if (certificates->more == NULL &&
             certificates_find(&http->certificates, host, &identity, &ignored) == 0 &&
             identity->authorities.size > 0)
        buf_add_text(&out, " and certs.d");
    return buf_take(&out);
}
