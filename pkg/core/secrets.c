#include "core/secrets.h"

#include "core/base64.h"
#include "core/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SECRET_SIZE_MIN 8
#define MASK "…"

struct secrets {
    pthread_mutex_t lock;
    struct strings noted; /* under `lock`, as all that follows */
    struct strings forms; /* of these */
    size_t longest;       /* bytes of the longest form */
    atomic_bool has_any;
};

void secret_free(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void secret_buf_release(struct buf *buf)
{
    if (buf->data != NULL)
        explicit_bzero(buf->data, buf->capacity);
    buf_release(buf);
}

struct secrets *secrets_new(void)
{
    struct secrets *secrets = xcalloc(1, sizeof(*secrets));

    pthread_mutex_init(&secrets->lock, NULL);
    return secrets;
}

static void clear(struct strings *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        secret_free(texts->items[i]);
    texts->count = 0;
    strings_release(texts);
}

void secrets_free(struct secrets *secrets)
{
    if (secrets == NULL)
        return;
    clear(&secrets->noted);
    clear(&secrets->forms);
    pthread_mutex_destroy(&secrets->lock);
    free(secrets);
}

/* Takes the form over. */
static void add_form_of(struct secrets *secrets, char *form, size_t least)
{
    size_t size = strlen(form);

    if (size >= least && !strings_has(&secrets->forms, form))
        strings_add(&secrets->forms, form);
    if (size > secrets->longest)
        secrets->longest = size;
    secret_free(form);
}

static void add_form(struct secrets *secrets, char *form)
{
    add_form_of(secrets, form, SECRET_SIZE_MIN);
}

/* As messages have it. */
static char *format_masked(const char *secret)
{
    char *text = xstrdup(secret);

    text_mask(text);
    return text;
}

/* Without its padding, which a text may lack; `url` is the alphabet of section 5. */
static char *format_base64(const char *secret, bool url)
{
    char *text = base64_encode(secret, strlen(secret));

    text[strcspn(text, "=")] = '\0';
    for (char *at = text; url && *at != '\0'; at++)
        if (*at == '+' || *at == '/')
            *at = (char)(*at == '+' ? '-' : '_');
    return text;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static char *format_percent(const char *secret, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char *text = xcalloc(strlen(secret) + 1, 3); /* at once: growing would leave copies behind */
    char *end = text;

    for (const unsigned char *at = (const unsigned char *)secret; *at != '\0'; at++) {
        if (is_unreserved(*at)) {
            *end++ = (char)*at;
            continue;
        }
        *end++ = '%';
        *end++ = digits[*at >> 4];
        *end++ = digits[*at & 15];
    }
    return text;
}

static char *format_json(const char *secret, const char *escaped)
{
    char *text = xcalloc(strlen(secret) + 1, 2);
    char *end = text;

    for (const char *at = secret; *at != '\0'; at++) {
        if (strchr(escaped, *at) != NULL)
            *end++ = '\\';
        *end++ = *at;
    }
    return text;
}

void secrets_add(struct secrets *secrets, const char *secret)
{
    if (strlen(secret) < SECRET_SIZE_MIN)
        return;
    pthread_mutex_lock(&secrets->lock);
    if (!strings_has(&secrets->noted, secret)) {
        strings_add(&secrets->noted, secret);
        add_form(secrets, xstrdup(secret));
        add_form(secrets, format_base64(secret, false));
        add_form(secrets, format_base64(secret, true));
        add_form(secrets, format_percent(secret, true));
        add_form(secrets, format_percent(secret, false));
        add_form(secrets, format_json(secret, "\"\\"));
        add_form(secrets, format_json(secret, "\"\\/"));
        add_form(secrets, format_masked(secret));
    }
    atomic_store(&secrets->has_any, true);
    pthread_mutex_unlock(&secrets->lock);
}

static const char digest_start[] = "sha256:sha512:";

/* Where the login ends, its '@'; NULL: there is none. `size` is how much of the text can have it.
 */
static const char *find_login_end(const char *text, size_t size)
{
    const char *at = memrchr(text, '@', size);
    const size_t half = (sizeof(digest_start) - 1) / 2;

    while (at != NULL && (strncmp(at + 1, digest_start, half) == 0 ||
                          strncmp(at + 1, digest_start + half, half) == 0))
        at = memrchr(text, '@', (size_t)(at - text));
    return at;
}

/* Whether the text begins with "HOST:PORT" or "NAME", with no login before it. */
static bool begins_with_host(const char *text, size_t authority)
{
    const char *bracket = text[0] == '[' ? memchr(text, ']', authority) : NULL;
    const char *host = bracket != NULL ? bracket : text;
    const char *colon = memchr(host, ':', authority - (size_t)(host - text));

    if (colon == NULL)
        return true;
    size_t digits = strspn(colon + 1, "0123456789");
    return digits > 0 && digits <= 5 && colon + 1 + digits == text + authority;
}

/* "localhost", or with a port, or a name whose last part has a letter, or four numbers. */
static bool looks_like_host(const char *text)
{
    size_t size = strcspn(text, "/?#");
    CLEANUP(text) char *host = xstrndup(text, size);
    const char *dot = strrchr(host, '.');
    size_t dots = 0;

    if (strchr(host, ':') != NULL || strcmp(host, "localhost") == 0)
        return true;
    for (const char *at = host; *at != '\0'; at++)
        dots += *at == '.';
    bool has_letters = dot != NULL && strspn(dot + 1, "0123456789") == 0 && dot[1] != '\0';
    return has_letters || (dots == 3 && strspn(host, ".0123456789") == size);
}

/*
 * "bob:123/word@host": a password that begins as a port does. No name of an image has an '@' there
 * unless a digest follows; in a URL what is before has to be no host's name, and what follows one.
 */
static bool begins_with_digits(const char *text, size_t authority, bool is_url)
{
    const char *end = find_login_end(text, strlen(text));
    size_t size = strcspn(text, ":");

    if (end == NULL || text[0] == '[' || size >= authority)
        return false;
    if (!is_url)
        return strchr(end, '/') != NULL || looks_like_host(end + 1);
    return memchr(text, '.', size) == NULL && strncmp(text, "localhost:", size + 1) != 0 &&
           looks_like_host(end + 1);
}

static void add_password(struct secrets *secrets, char *password)
{
    if (strlen(password) >= SECRET_SIZE_MIN) {
        secrets_add(secrets, password);
    } else if (*password != '\0') {
        CLEANUP(secret) char *between = xasprintf(":%s@", password);
        pthread_mutex_lock(&secrets->lock);
        add_form_of(secrets, format_json(between, "\"\\"), 1);
        add_form_of(secrets, format_masked(between), 1);
        add_form_of(secrets, TAKE(between), 1);
        atomic_store(&secrets->has_any, true);
        pthread_mutex_unlock(&secrets->lock);
    }
    secret_free(password);
}

/* `text` begins where a user's name would. */
static void add_login(struct secrets *secrets, const char *text, bool is_url)
{
    size_t authority = strcspn(text, "/?#");
    const char *end = find_login_end(text, authority);

    /* A '/' in a password ends the authority too early. */
    if (end == NULL && begins_with_digits(text, authority, is_url)) {
        end = find_login_end(text, strlen(text));
    } else if (end == NULL && !begins_with_host(text, authority)) {
        end = find_login_end(text, strlen(text));
        if (end != NULL && strchr(end, '/') == NULL)
            return; /* "vllm:org/name@v1.0" */
    }
    if (end == NULL || (!is_url && strpbrk(end, "/.:") == NULL && strcmp(end, "@localhost") != 0))
        return; /* "app:1.4@latest" is a wrong digest, and no host has such a name */
    const char *colon = memchr(text, ':', (size_t)(end - text));
    const char *later = colon != NULL ? find_login_end(text, strlen(text)) : NULL;
    if (later != NULL && later > end) /* "bob:p@ss/word@host", or what is behind a host has one */
        add_password(secrets, xstrndup(colon, (size_t)(later - colon)));
    if (colon != NULL)
        add_password(secrets, xstrndup(colon + 1, (size_t)(end - colon - 1)));
    else if (is_url && end - text >= SECRET_SIZE_MIN)
        add_password(secrets, xstrndup(text, (size_t)(end - text)));
}

void secrets_add_passwords(struct secrets *secrets, const char *text)
{
    static const char *const schemes[] = {
        "oci:", "oci-archive:", "docker-archive:", "docker-daemon:", "dir:", "file:"};
    const char *equals = text_starts_with(text, "--") ? strchr(text, '=') : NULL;
    const char *start = equals != NULL ? equals + 1 : text;
    const char *scheme = strstr(start, "://");

    for (size_t i = 0; scheme == NULL && i < ARRAY_SIZE(schemes); i++)
        if (text_starts_with(start, schemes[i]))
            start += strlen(schemes[i]);
    if (scheme == NULL)
        add_login(secrets, start, false);
    for (; scheme != NULL; scheme = strstr(scheme + 3, "://")) {
        CLEANUP(secret) char *before = xstrndup(start, (size_t)(scheme - start));
        add_login(secrets, scheme + 3,
                  text_ends_with(before, "http") || text_ends_with(before, "https"));
    }
}

void secrets_add_passwords_of_environment(struct secrets *secrets)
{
    static const char *const variables[] = {"INLAY_", "HF_", "MODELSCOPE_", "OLLAMA_", "DOCKER_"};

    for (char **at = environ; *at != NULL; at++)
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
            if (text_starts_with(*at, variables[i]) && strchr(*at, '=') != NULL)
                secrets_add_passwords(secrets, strchr(*at, '=') + 1);
}

void secrets_add_passwords_of_words(struct secrets *secrets, const char *message)
{
    static const char blanks[] = " \t\n'\"(),;";

    for (const char *at = message; *at != '\0';) {
        size_t size = strcspn(at, blanks);
        CLEANUP(secret) char *word = xstrndup(at, size);
        secrets_add_passwords(secrets, word);
        at += size;
        at += strspn(at, blanks);
    }
}

/* Bytes of the longest form that the text begins with; 0: none. */
static size_t match(const struct strings *forms, const char *text, size_t size)
{
    size_t longest = 0;

    for (size_t i = 0; i < forms->count; i++) {
        size_t length = strlen(forms->items[i]);
        if (length > longest && length <= size && memcmp(text, forms->items[i], length) == 0)
            longest = length;
    }
    return longest;
}

/* Looks at each place up to `end`, at which a secret may begin. */
static size_t mask_up_to(const struct secrets *secrets, const char *text, size_t size, size_t end,
                         struct buf *out)
{
    size_t kept = 0; /* all before it is in `out` */
    size_t i = 0;

    while (i < end) {
        size_t length = match(&secrets->forms, text + i, size - i);
        if (length > 0) {
            buf_add(out, text + kept, i - kept);
            buf_add_text(out, MASK);
            kept = i + length;
        }
        i += length > 0 ? length : 1;
    }
    buf_add(out, text + kept, i - kept);
    return i;
}

void secrets_mask(struct secrets *secrets, const char *text, size_t size, struct buf *out)
{
    if (!atomic_load(&secrets->has_any)) {
        buf_add(out, text, size);
        return;
    }
    pthread_mutex_lock(&secrets->lock);
    mask_up_to(secrets, text, size, size, out);
    pthread_mutex_unlock(&secrets->lock);
}

size_t secrets_mask_part(struct secrets *secrets, const char *text, size_t size, struct buf *out)
{
    pthread_mutex_lock(&secrets->lock);
    size_t held = secrets->longest > 0 ? secrets->longest - 1 : 0;
    size_t done = mask_up_to(secrets, text, size, size > held ? size - held : 0, out);
    pthread_mutex_unlock(&secrets->lock);
    return done;
}
