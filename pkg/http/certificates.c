#include "http/http_internal.h"

#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERTIFICATES_LIMIT ((size_t)16 * 1024 * 1024)
#define BEGIN_CERTIFICATE "-----BEGIN "

/* Where distributions keep one file with all authorities. */
static const char *const usual_places[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora and Red Hat before 43 */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora and Red Hat */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine without the package */
    NULL,
};

static char *copy_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? xstrdup(value) : NULL;
}

void certificates_init(struct certificates *certificates, const struct http_options *options)
{
    const char *home = getenv("HOME");

    certificates->more = text_copy(options->tls_ca);
    certificates->only = text_copy(options->cert_dir);
    certificates->ca_file = copy_variable("SSL_CERT_FILE");
    certificates->ca_folder = copy_variable("SSL_CERT_DIR");
    if (certificates->ca_file == NULL && certificates->ca_folder == NULL)
        certificates->ca_file =
            text_copy(authorities_find(curl_version_info(CURLVERSION_NOW)->cainfo, usual_places));
    pthread_mutex_init(&certificates->lock, NULL);
    for (const char *const *at = options->cert_folders; at != NULL && *at != NULL; at++)
        strings_add(&certificates->folders, *at);
    if (options->cert_folders != NULL)
        return;
    if (home != NULL && *home != '\0')
        strings_addf(&certificates->folders, "%s/.config/containers/certs.d", home);
    strings_add(&certificates->folders, "/etc/containers/certs.d");
    strings_add(&certificates->folders, "/etc/docker/certs.d");
}

static void identity_free(struct identity *identity)
{
    if (identity == NULL)
        return;
    buf_release(&identity->authorities);
    X509_STORE_free(identity->store);
    free(identity->certificate);
    free(identity->key);
    free(identity->host);
    free(identity);
}
CLEANUP_FREE(identity)

void certificates_release(struct certificates *certificates)
{
    for (size_t i = 0; i < certificates->count; i++)
        identity_free(certificates->known[i]);
    free(certificates->known);
    X509_STORE_free(certificates->system);
    strings_release(&certificates->folders);
    free(certificates->ca_folder);
    free(certificates->ca_file);
    free(certificates->only);
    free(certificates->more);
    pthread_mutex_destroy(&certificates->lock);
    *certificates = (struct certificates){0};
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted. */
static int list_folder(const char *path, struct strings *out, struct error *err)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return error_set_errno(err, errno, "reading the certificates in '%s'", path);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            strings_add(out, entry->d_name);
    closedir(folder);
    if (out->count > 0)
        qsort(out->items, out->count, sizeof(char *), compare_names);
    return 0;
}

static int add_file(const char *path, struct buf *out, struct error *err)
{
    CLEANUP(buf) struct buf content = BUF_INIT;

    if (file_read_named(path, CERTIFICATES_LIMIT, &content, err) < 0) {
        err->kind = ERROR_LOCAL;
        return error_wrap(err, "authorities of certificates");
    }
    if (strstr(buf_text(&content), BEGIN_CERTIFICATE) == NULL)
        return error_set(err, ERROR_LOCAL,
                         "'%s' has no certificate in PEM (a line '-----BEGIN CERTIFICATE-----')",
                         path);
    buf_add(out, buf_text(&content), content.size);
    buf_add_text(out, "\n");
    return 0;
}

static bool is_authority(const char *name)
{
    return text_ends_with(name, ".pem") || text_ends_with(name, ".crt") ||
           text_ends_with(name, ".cer");
}

/* A file, or those of a folder. */
static int add_authorities(const char *path, struct buf *out, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    size_t before = out->size;

    if (!is_folder(path))
        return add_file(path, out, err);
    if (list_folder(path, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(text) char *file = xasprintf("%s/%s", path, names.items[i]);
        if (is_authority(file) && add_file(file, out, err) < 0)
            return -1;
    }
    if (out->size == before)
        return error_set(err, ERROR_LOCAL, "'%s' has no *.pem, *.crt or *.cer in it", path);
    return 0;
}

/* The other half of a pair must be there: NAME.cert and NAME.key. */
static int find_pair(const char *folder, const struct strings *names, const char *name,
                     struct identity *out, struct error *err)
{
    bool is_key = text_ends_with(name, ".key");
    CLEANUP(text) char *stem = xstrndup(name, strlen(name) - strlen(is_key ? ".key" : ".cert"));
    CLEANUP(text) char *other = xasprintf("%s%s", stem, is_key ? ".cert" : ".key");

    if (!strings_has(names, other))
        return error_set(err, ERROR_LOCAL,
                         "'%s/%s' is of no use without '%s' beside it; add that or remove this",
                         folder, name, other);
    if (is_key || out->certificate != NULL)
        return 0;
    out->certificate = xasprintf("%s/%s", folder, name);
    out->key = xasprintf("%s/%s", folder, other);
    if (access(out->certificate, R_OK) < 0)
        return error_set_errno(err, errno, "opening '%s'", out->certificate);
    if (access(out->key, R_OK) < 0)
        return error_set_errno(err, errno, "opening '%s'", out->key);
    return 0;
}

/* A folder as in certs.d: *.crt are authorities, *.cert and *.key are ours. */
static int add_folder(const char *folder, struct identity *out, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    if (list_folder(folder, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        CLEANUP(text) char *file = xasprintf("%s/%s", folder, name);
        if (text_ends_with(name, ".crt") && add_file(file, &out->authorities, err) < 0)
            return -1;
        if ((text_ends_with(name, ".cert") || text_ends_with(name, ".key")) &&
            find_pair(folder, &names, name, out, err) < 0)
            return -1;
    }
    return 0;
}

/* Names of a host's folder, as people write its port or not. */
static void name_folders(const char *host, struct strings *out)
{
    const char *port = strrchr(host, ':');

    if (*host == '.') /* would lead up */
        return;
    if (port != NULL && strcmp(port, ":443") == 0) {
        CLEANUP(text) char *alone = xstrndup(host, (size_t)(port - host));
        if (strcmp(alone, "registry-1.docker.io") == 0)
            strings_add(out, "docker.io");
        strings_add(out, alone);
    }
    strings_add(out, host);
}

/* The first folder there is for the host; NULL if there is none. The caller frees it. */
static char *find_folder(const struct certificates *certificates, const char *host)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    if (certificates->only != NULL)
        return xstrdup(certificates->only);
    name_folders(host, &names);
    for (size_t i = 0; i < certificates->folders.count; i++)
        for (size_t j = 0; j < names.count; j++) {
            CLEANUP(text)
            char *path = xasprintf("%s/%s", certificates->folders.items[i], names.items[j]);
            if (is_folder(path))
                return TAKE(path);
        }
    return NULL;
}

/* libcurl takes one list in memory: with ours in it, the system's have to be there as well. */
static int add_system(const struct certificates *certificates, struct buf *out, struct error *err)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there are only ours */

    if (certificates->ca_file != NULL)
        return add_file(certificates->ca_file, out, err);
    if (certificates->ca_folder != NULL)
        return 0;
    if (version->cainfo != NULL && add_file(version->cainfo, out, &ignored) < 0)
        return 0;
    return 0;
}

/* NULL as authorities_open(). The caller frees it. */
static X509_STORE *share_system(struct certificates *certificates)
{
    static const struct buf none = BUF_INIT;

    pthread_mutex_lock(&certificates->lock);
    if (certificates->system == NULL)
        certificates->system = authorities_open(certificates, &none);
    X509_STORE *system = certificates->system;
    if (system != NULL)
        X509_STORE_up_ref(system);
    pthread_mutex_unlock(&certificates->lock);
    return system;
}

static int identity_open(struct certificates *certificates, const char *host, struct identity **out,
                         struct error *err)
{
    CLEANUP(identity) struct identity *identity = xcalloc(1, sizeof(*identity));
    CLEANUP(text) char *folder = find_folder(certificates, host);

    identity->host = xstrdup(host);
    if (certificates->more != NULL &&
        add_authorities(certificates->more, &identity->authorities, err) < 0)
        return error_wrap(err, "--tls-ca");
    if (folder != NULL && add_folder(folder, identity, err) < 0)
        return -1;
    if (identity->authorities.size > 0 && add_system(certificates, &identity->authorities, err) < 0)
        return -1;
    identity->store = identity->authorities.size > 0
                          ? authorities_open(certificates, &identity->authorities)
                          : share_system(certificates);
    *out = TAKE(identity);
    return 0;
}

static const struct identity *find_known(const struct certificates *certificates, const char *host)
{
    for (size_t i = 0; i < certificates->count; i++)
        if (strcmp(certificates->known[i]->host, host) == 0)
            return certificates->known[i];
    return NULL;
}

int certificates_find(struct certificates *certificates, const char *host,
                      const struct identity **out, struct error *err)
{
    CLEANUP(identity) struct identity *opened = NULL;

    pthread_mutex_lock(&certificates->lock);
    const struct identity *known = find_known(certificates, host);
    pthread_mutex_unlock(&certificates->lock);
    if (known == NULL && identity_open(certificates, host, &opened, err) < 0)
        return -1;
    pthread_mutex_lock(&certificates->lock);
    if (known == NULL)
        known = find_known(certificates, host); /* another thread was faster */
    if (known == NULL) {
        certificates->known =
            xrealloc(certificates->known, certificates->count + 1, sizeof(struct identity *));
        known = certificates->known[certificates->count++] = TAKE(opened);
    }
    pthread_mutex_unlock(&certificates->lock);
    *out = known;
    return 0;
}
