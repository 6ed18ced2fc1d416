#include "auth/auth_internal.h"

#include "json/parse.h"
#include "oci/member.h"

#include <jansson.h>
#include <string.h>

void docker_config_release(struct docker_config *file)
{
    credential_release(&file->own);
    free(file->key);
    free(file->helper);
    free(file->store);
    *file = (struct docker_config)DOCKER_CONFIG_INIT;
}

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = member_text(json, name);

    return text != NULL && *text != '\0' ? text : NULL;
}

static char *copy_member(const json_t *json, const char *name)
{
    const char *text = text_of(json, name);

    return text != NULL ? xstrdup(text) : NULL;
}

static bool has_secret(const json_t *entry)
{
    static const char *const names[] = {"auth", "password", "identitytoken", "registrytoken"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (text_of(entry, names[i]) != NULL)
            return true;
    return false;
}

/* base64 of USER:PASSWORD, of which some versions of docker wrote NULs behind. */
static bool split_auth(const char *auth, struct credential *out)
{
    CLEANUP(secret_buf) struct buf pair = BUF_INIT;

    if (!base64_decode(auth, &pair))
        return false;
    const char *text = buf_text(&pair);
    size_t size = pair.size;
    while (size > 0 && text[size - 1] == '\0')
        size--;
    const char *colon = memchr(text, ':', size);
    if (colon == NULL || memchr(text, '\0', size) != NULL)
        return false;
    out->user = xstrndup(text, (size_t)(colon - text));
    if (colon + 1 < text + size)
        out->password = xstrndup(colon + 1, size - (size_t)(colon + 1 - text));
    return true;
}

static int parse_entry(const json_t *entry, const struct credential_text *text, const char *key,
                       struct credential *out, struct error *err)
{
    const char *auth = text_of(entry, "auth");

    if (auth != NULL && !split_auth(auth, out))
        return error_set(err, ERROR_LOCAL,
                         "'%s', key '%s': 'auth' is not the base64 of USER:PASSWORD; log in again",
                         text->name, key);
    if (auth == NULL) {
        out->user = copy_member(entry, "username");
        out->password = copy_member(entry, "password");
    }
    out->identity_token = copy_member(entry, "identitytoken");
    out->registry_token = copy_member(entry, "registrytoken");
    CLEANUP(text) char *origin = xasprintf("'%s', key '%s'", text->name, key);
    credential_tell(out, origin);
    return 0;
}

/* What is there is text, or nothing at all. */
static int check_entry(const json_t *entry, const struct credential_text *text, const char *key,
                       struct error *err)
{
    static const char *const names[] = {"auth", "username", "password", "identitytoken",
                                        "registrytoken"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const json_t *member = member_get(entry, names[i]);
        if (member != NULL && !json_is_null(member) && !json_is_string(member))
            return error_set(err, ERROR_LOCAL, "'%s', key '%s': '%s' is not a text; log in again",
                             text->name, key, names[i]);
    }
    return 0;
}

static int parse_auths(json_t *auths, const struct credential_text *text,
                       const struct credential_query *query, struct docker_config *out,
                       struct error *err)
{
    const json_t *best = NULL;
    const char *key;
    json_t *entry;

    json_object_foreach(auths, key, entry)
    {
        unsigned rank = 0;
        if (!credential_key_fits(key, query, &rank))
            continue;
        if (check_entry(entry, text, key, err) < 0)
            return -1;
        if (!has_secret(entry) || (best != NULL && rank <= out->rank))
            continue;
        best = entry;
        out->rank = rank;
        free(out->key);
        out->key = xstrdup(key);
    }
    return best != NULL ? parse_entry(best, text, out->key, &out->own, err) : 0;
}

/* The helper of the host itself. */
static char *find_helper(json_t *helpers, const struct credential_query *query)
{
    const char *found = NULL;
    unsigned best = 0;
    const char *key;
    json_t *value;

    json_object_foreach(helpers, key, value)
    {
        const char *name = json_string_value(value);
        unsigned rank = 0;
        if (name == NULL || *name == '\0' || !credential_key_fits(key, query, &rank) ||
            rank >= CREDENTIAL_RANK_PATH || (found != NULL && rank <= best))
            continue;
        found = name;
        best = rank;
    }
    return found != NULL ? xstrdup(found) : NULL;
}

/* An object, or nothing at all. */
static int check_object(const json_t *json, const char *name, const struct credential_text *text,
                        struct error *err)
{
    if (json == NULL || json_is_null(json) || json_is_object(json))
        return 0;
    return error_set(err, ERROR_LOCAL, "'%s': '%s' is not an object", text->name, name);
}

int docker_config_parse(const struct credential_text *text, const struct credential_query *query,
                        struct docker_config *out, struct error *err)
{
    CLEANUP(docker_config) struct docker_config found = DOCKER_CONFIG_INIT;
    CLEANUP(text) char *name = xasprintf("'%s'", text->name);
    const struct json_rules rules = {.name = name};
    json_auto_t *json = NULL;

    if (json_parse(text->data, text->size, &rules, &json, err) < 0) {
        err->kind = ERROR_LOCAL;
        return -1;
    }
    if (!json_is_object(json))
        return error_set(err, ERROR_LOCAL, "'%s' is not a JSON object", text->name);
    json_t *auths = text->bare ? json : member_get(json, "auths");
    json_t *helpers = text->bare ? NULL : member_get(json, "credHelpers");
    if (check_object(auths, "auths", text, err) < 0 ||
        check_object(helpers, "credHelpers", text, err) < 0 ||
        parse_auths(auths, text, query, &found, err) < 0)
        return -1;
    found.helper = find_helper(helpers, query);
    found.store = text->bare ? NULL : copy_member(json, "credsStore");
    docker_config_release(out);
    *out = found;
    found = (struct docker_config)DOCKER_CONFIG_INIT;
    return 0;
}
