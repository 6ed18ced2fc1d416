#include "core/base64.h"

#include "core/secrets.h"

#include <openssl/evp.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const char *data, size_t size)
{
    char *out = xcalloc(size / 3 + 2, 4); /* at once: growing would leave copies behind */

    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)data, (int)size);
    return out;
}

bool base64_decode(const char *text, struct buf *out)
{
    size_t size = strlen(text);
    CLEANUP(secret) char *bytes = xcalloc(size + 1, 1);
    size_t count = 0;
    uint32_t group = 0;
    unsigned bits = 0;

    while (size > 0 && text[size - 1] == '=')
        size--;
    for (size_t i = 0; i < size; i++) {
        const char *letter = strchr(letters, text[i]);
        if (letter == NULL)
            return false;
        group = group << 6 | (uint32_t)(letter - letters);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        bytes[count++] = (char)(group >> bits & 0xff);
    }
    if (bits >= 6) /* one letter alone stands for nothing */
        return false;
    buf_add(out, bytes, count);
    explicit_bzero(bytes, count);
    return true;
}
