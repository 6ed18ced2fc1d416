#include "core/secrets.h"

#include "core/base64.h"
#include "core/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

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
static void add_form(struct secrets *secrets, char *form)
{
    size_t size = strlen(form);

    if (size >= SECRET_SIZE_MIN && !strings_has(&secrets->forms, form))
        strings_add(&secrets->forms, form);
    if (size > secrets->longest)
        secrets->longest = size;
    secret_free(form);
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
