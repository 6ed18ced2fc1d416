#include "auth/auth_internal.h"

#include "core/text.h"

#include <string.h>

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN_CHARACTERS LETTERS_AND_DIGITS "!#$%&'*+-.^_`|~"
#define TOKEN68_CHARACTERS LETTERS_AND_DIGITS "-._~+/"
#define BLANKS " \t"

static const char *skip(const char *at, const char *characters)
{
    return at + strspn(at, characters);
}

/* Behind the rest of something that is not understood: at a comma or at the end. */
static const char *skip_element(const char *at)
{
    bool quoted = false;

    for (; *at != '\0' && (quoted || *at != ','); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\' && at[1] != '\0')
            at++;
    }
    return at;
}

/* Behind a token68 that stands alone, as in "Negotiate YII=="; else `at` itself. */
static const char *skip_token68(const char *at)
{
    const char *end = skip(skip(at, TOKEN68_CHARACTERS), "=");
    const char *behind = skip(end, BLANKS);

    return end > at && (*behind == ',' || *behind == '\0') ? behind : at;
}

/* Reads a quoted string (RFC 9110, 5.6.4); NULL if it has no end. Moves *at behind it. */
static char *read_quoted(const char **at)
{
    CLEANUP(buf) struct buf value = BUF_INIT;
    const char *next = *at + 1;

    for (; *next != '"'; next++) {
        if (*next == '\\')
            next++;
        if (*next == '\0') {
            *at = next;
            return NULL;
        }
        buf_add(&value, next, 1);
    }
    *at = next + 1;
    return buf_take(&value);
}

static char *read_value(const char **at)
{
    if (**at == '"')
        return read_quoted(at);
    size_t size = strcspn(*at, ", \t");
    char *value = xstrndup(*at, size);
    *at += size;
    return value;
}

static char **challenge_member(struct auth_challenge *challenge, const char *name)
{
    if (text_equal_fold(name, "realm"))
        return &challenge->realm;
    if (text_equal_fold(name, "service"))
        return &challenge->service;
    if (text_equal_fold(name, "scope"))
        return &challenge->scope;
    if (text_equal_fold(name, "error"))
        return &challenge->error;
    return NULL;
}

/* Reads name=value at `at`, whose name has `size` bytes. */
static const char *read_parameter(struct auth_challenge *challenge, const char *at, size_t size)
{
    CLEANUP(text) char *name = xstrndup(at, size);
    char **member = challenge_member(challenge, name);

    at = skip(skip(at + size, BLANKS) + 1, BLANKS);
    CLEANUP(text) char *value = read_value(&at);
    if (member != NULL && *member == NULL)
        *member = TAKE(value);
    return skip_element(at);
}

void auth_challenges_parse(const char *value, struct auth_challenge **out, size_t *count)
{
    struct auth_challenge *challenges = NULL;
    size_t found = 0;

    for (const char *at = skip(value, " \t,"); *at != '\0'; at = skip(at, " \t,")) {
        size_t size = strspn(at, TOKEN_CHARACTERS);
        const char *behind = skip(at + size, BLANKS);
        if (size > 0 && *behind == '=' && found > 0) {
            at = read_parameter(&challenges[found - 1], at, size);
        } else if (size > 0 && (behind > at + size || *behind == ',' || *behind == '\0')) {
            challenges = xrealloc(challenges, found + 1, sizeof(*challenges));
            challenges[found++] = (struct auth_challenge){.scheme = xstrndup(at, size)};
            at = skip_token68(behind);
        } else {
            at = skip_element(at);
        }
    }
    *out = challenges;
    *count = found;
}

void auth_challenges_free(struct auth_challenge *challenges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(challenges[i].scheme);
        free(challenges[i].realm);
        free(challenges[i].service);
        free(challenges[i].scope);
        free(challenges[i].error);
    }
    free(challenges);
}
