#include "auth/auth.h"
#include "doctor/doctor_internal.h"
#include "http/http.h"
#include "store/store.h"

#define HINT "look at the name of the registry; HTTPS_PROXY names a proxy"

/* Where the API of a registry is, which may be plain http. Caller frees *out. */
static int find_origin(const struct doctor *doctor, char **out, struct error *err)
{
    const char *host = reference_api_host(doctor->options->image);
    struct http *http = doctor->options->http;

    if (reference_host_is_loopback(host) || http_allows_insecure(http, host))
        return http_find_origin(http, host, "/v2/", out, err);
    *out = xasprintf("https://%s", host);
    return 0;
}

static void check_pull(struct doctor *doctor)
{
    const struct doctor_options *options = doctor->options;
    CLEANUP(store) struct store *store = NULL;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (store_open(options->image, options->stores, &store, &err) == 0 &&
        store_read_document(store, options->version, &document, &err) == 0) {
        doctor_add(doctor, "pull", DOCTOR_OK, "'%s%s%s' may be read", store->name,
                   options->version != NULL ? ":" : "",
                   options->version != NULL ? options->version : "");
        return;
    }
    if (err.kind == ERROR_NOT_FOUND)
        doctor_add(doctor, "pull", DOCTOR_WARNING, "%s; a TARGET need not be there, a BASE has to",
                   err.text);
    else
        doctor_add_error(doctor, "pull", &err, NULL);
}

static void check_push(struct doctor *doctor)
{
    const struct doctor_options *options = doctor->options;
    CLEANUP(store) struct store *store = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (store_open_target(options->image, options->stores, &store, &err) < 0 ||
        store_probe_write(store, &err) < 0)
        doctor_add_error(doctor, "push", &err, NULL);
    else
        doctor_add(doctor, "push", DOCTOR_OK, "'%s' may be written", store->name);
}

/* As the last of the requests went: what is asked for without a login may be written by one. */
static void tell_login(struct doctor *doctor, const char *origin)
{
    CLEANUP(text)
    char *scope = xasprintf("repository:%s:pull,push", doctor->options->image->repository);
    const char *const scopes[] = {scope, NULL};
    const struct auth_scope asked = {.registry = origin, .scopes = scopes};
    CLEANUP(text) char *who = auth_describe(doctor->options->stores->auth, &asked);

    doctor_add(doctor, "login", DOCTOR_OK, "%s", who);
}

static void skip_all(struct doctor *doctor)
{
    static const char *const checks[] = {"pull", "push", "login"};

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        doctor_add(doctor, checks[i], DOCTOR_SKIPPED, "the registry does not answer");
}

void doctor_check_image(struct doctor *doctor)
{
    CLEANUP(text) char *origin = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    bool is_registry = doctor->options->image->kind == REFERENCE_REGISTRY;

    if (is_registry && find_origin(doctor, &origin, &err) < 0) {
        doctor_add_error(doctor, "registry", &err, HINT);
        skip_all(doctor);
        return;
    }
    CLEANUP(text) char *url = is_registry ? xasprintf("%s/v2/", origin) : NULL;
    if (is_registry && !doctor_check_server(doctor, "registry", url, HINT)) {
        skip_all(doctor);
        return;
    }
    check_pull(doctor);
    check_push(doctor);
    if (is_registry)
        tell_login(doctor, origin);
}
