#include "auth/auth_internal.h"

#include "core/file.h"

#include <string.h>

#define HUB_TOKEN_LIMIT ((size_t)64 * 1024)

/* "1", "ON", "YES" and "TRUE" in any case, as the Hub's own clients read it. */
static bool environment_is_true(const char *name)
{
    static const char *const words[] = {"1", "on", "yes", "true"};
    const char *value = auth_variable(name);

    for (size_t i = 0; value != NULL && i < ARRAY_SIZE(words); i++)
        if (text_equal_fold(value, words[i]))
            return true;
    return false;
}

static bool is_blank(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

/* Without line ends anywhere, and without blanks around; NULL if nothing is left. */
static char *clean(const char *text)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (; *text != '\0'; text++)
        if (*text != '\r' && *text != '\n' && (out.size > 0 || !is_blank(*text)))
            buf_add(&out, text, 1);
    while (out.size > 0 && is_blank(out.data[out.size - 1]))
        out.data[--out.size] = '\0';
    return out.size > 0 ? buf_take(&out) : NULL;
}

static int check(const char *token, const char *from, struct error *err)
{
    for (const unsigned char *at = (const unsigned char *)token; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f)
            return error_set(err, ERROR_LOCAL,
                             "the token in '%s' has characters that no token has; correct or "
                             "remove it",
                             from);
    return 0;
}

/* "~/x" is x in HOME. */
static char *expand_home(const char *path)
{
    const char *home = auth_variable("HOME");

    if (home != NULL && path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
        return xasprintf("%s%s", home, path + 1);
    return xstrdup(path);
}

/* Where the Hub's clients keep the token; NULL if no variable tells. The caller frees it. */
static char *token_path(void)
{
    if (auth_variable("HF_TOKEN_PATH") != NULL)
        return expand_home(auth_variable("HF_TOKEN_PATH"));
    if (auth_variable("HF_HOME") != NULL) {
        CLEANUP(text) char *folder = expand_home(auth_variable("HF_HOME"));
        return xasprintf("%s/token", folder);
    }
    if (auth_variable("XDG_CACHE_HOME") != NULL) {
        CLEANUP(text) char *folder = expand_home(auth_variable("XDG_CACHE_HOME"));
        return xasprintf("%s/huggingface/token", folder);
    }
    if (auth_variable("HOME") != NULL)
        return xasprintf("%s/.cache/huggingface/token", auth_variable("HOME"));
    return NULL;
}

static int read_token(char **out, char **from, struct error *err)
{
    CLEANUP(text) char *path = token_path();
    CLEANUP(buf) struct buf content = BUF_INIT;

    if (path == NULL)
        return 0;
    if (file_read_named(path, HUB_TOKEN_LIMIT, &content, err) < 0) {
        bool is_named = auth_variable("HF_TOKEN_PATH") != NULL;
        if (err->kind != ERROR_NOT_FOUND && (is_named || !file_is_hidden(path)))
            return error_wrap(err, "reading the hub's token");
        error_release(err); /* most people have none */
        return 0;
    }
    CLEANUP(text) char *token = clean(buf_text(&content));
    if (token != NULL && check(token, path, err) < 0)
        return -1;
    if (token != NULL)
        *from = TAKE(path);
    *out = TAKE(token);
    return 0;
}

int auth_hub_token(char **out, struct error *err)
{
    CLEANUP(text) char *from = NULL;

    return auth_find_hub_token(out, &from, err);
}

int auth_find_hub_token(char **out, char **from, struct error *err)
{
    static const char *const names[] = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = auth_variable(names[i]);
        CLEANUP(text) char *token = value != NULL ? clean(value) : NULL;
        if (token == NULL)
            continue;
        if (check(token, names[i], err) < 0)
            return -1;
        *out = TAKE(token);
        *from = xstrdup(names[i]);
        return 0;
    }
    *out = NULL;
    *from = NULL;
    return environment_is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? 0 : read_token(out, from, err);
}
