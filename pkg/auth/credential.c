#include "auth/auth_internal.h"

#include <string.h>

#define HUB_SERVER "https://index.docker.io/v1/"

bool credential_is_empty(const struct credential *credential)
{
    return credential->password == NULL && credential->identity_token == NULL &&
           credential->registry_token == NULL;
}

void credential_tell(struct credential *credential, const char *origin)
{
    free(credential->provenance);
    if (credential->registry_token != NULL)
        credential->provenance = xasprintf("the registry token comes from %s", origin);
    else if (credential->identity_token != NULL)
        credential->provenance = xasprintf("the identity token comes from %s", origin);
    else
        credential->provenance =
            xasprintf("the credentials of '%s' come from %s",
                      credential->user != NULL ? credential->user : "", origin);
}

void credential_release(struct credential *credential)
{
    free(credential->user);
    secret_free(credential->password);
    secret_free(credential->identity_token);
    secret_free(credential->registry_token);
    free(credential->provenance);
    *credential = (struct credential)CREDENTIAL_INIT;
}

const char *credential_host(const char *host)
{
    static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (text_equal_fold(host, names[i]))
            return "docker.io";
    return host;
}

const char *credential_server(const char *host)
{
    const char *name = credential_host(host);

    return strcmp(name, "docker.io") == 0 ? HUB_SERVER : name;
}

/* Behind "https://" or "http://", if that is there. */
static const char *skip_scheme(const char *key)
{
    if (strncasecmp(key, "https://", 8) == 0)
        return key + 8;
    return strncasecmp(key, "http://", 7) == 0 ? key + 7 : key;
}

/* How many components of the repository the path names; 0 if it is another one's. */
static unsigned count_components(const char *path, size_t size, const char *repository)
{
    unsigned count = 1;

    if (repository == NULL || strncmp(path, repository, size) != 0 ||
        (repository[size] != '\0' && repository[size] != '/'))
        return 0;
    for (size_t i = 0; i < size; i++)
        count += path[i] == '/' ? 1 : 0;
    return count;
}

/* The versions of the API are no repositories. */
static bool is_version(const char *path, size_t size)
{
    return size == 2 && (strncmp(path, "v1", 2) == 0 || strncmp(path, "v2", 2) == 0);
}

bool credential_key_fits(const char *key, const struct credential_query *query, unsigned *rank)
{
    const char *start = skip_scheme(key);
    const char *path = start + strcspn(start, "/");
    CLEANUP(text) char *host = xstrndup(start, (size_t)(path - start));

    if (*host == '\0' || !text_equal_fold(credential_host(host), credential_host(query->host)))
        return false;
    path += *path == '/' ? 1 : 0;
    size_t size = strlen(path);
    while (size > 0 && path[size - 1] == '/')
        size--;
    if (strcmp(key, credential_server(query->host)) == 0) {
        *rank = 3;
    } else if (start != key) { /* a URL, whose path is not that of a repository */
        *rank = 0;
    } else if (size == 0 || is_version(path, size)) {
        *rank = size == 0 ? 2 : 1;
    } else {
        *rank = CREDENTIAL_RANK_PATH * count_components(path, size, query->repository);
        return *rank > 0;
    }
    return true;
}
