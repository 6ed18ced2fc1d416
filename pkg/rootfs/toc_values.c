#include "rootfs/toc_internal.h"

#include <string.h>
#include <time.h>

static bool take_digits(const char **at, size_t count, int *out)
{
    int number = 0;

    for (size_t i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        number = 10 * number + (**at - '0');
    }
    *out = number;
    return true;
}

static bool take_letter(const char **at, char letter)
{
    if (**at != letter)
        return false;
    (*at)++;
    return true;
}

/* What is behind the point, if there is one; more than nine digits say no more. */
static bool take_fraction(const char **at, uint32_t *nanoseconds)
{
    uint32_t unit = 100000000;

    *nanoseconds = 0;
    if (!take_letter(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *nanoseconds += (uint32_t)(**at - '0') * unit;
    return true;
}

/* "Z", "+01:00" */
static bool take_zone(const char **at, int *seconds)
{
    int hours = 0, minutes = 0;
    bool is_negative = **at == '-';

    *seconds = 0;
    if (take_letter(at, 'Z'))
        return true;
    if (!take_letter(at, '+') && !take_letter(at, '-'))
        return false;
    if (!take_digits(at, 2, &hours) || !take_letter(at, ':') || !take_digits(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds = (is_negative ? -60 : 60) * (60 * hours + minutes);
    return true;
}

static bool take_moment(const char **at, struct tm *out)
{
    if (!take_digits(at, 4, &out->tm_year) || !take_letter(at, '-') ||
        !take_digits(at, 2, &out->tm_mon) || !take_letter(at, '-') ||
        !take_digits(at, 2, &out->tm_mday) || !take_letter(at, 'T') ||
        !take_digits(at, 2, &out->tm_hour) || !take_letter(at, ':') ||
        !take_digits(at, 2, &out->tm_min) || !take_letter(at, ':') ||
        !take_digits(at, 2, &out->tm_sec))
        return false;
    return out->tm_mon >= 1 && out->tm_mon <= 12 && out->tm_mday >= 1 && out->tm_mday <= 31 &&
           out->tm_hour <= 23 && out->tm_min <= 59 && out->tm_sec <= 60;
}

int toc_parse_time(const char *text, int64_t *seconds, uint32_t *nanoseconds, struct error *err)
{
    struct tm moment = {.tm_sec = 0};
    uint32_t fraction = 0;
    const char *at = text;
    int zone = 0;

    if (!take_moment(&at, &moment) || !take_fraction(&at, &fraction) || !take_zone(&at, &zone) ||
        *at != '\0')
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is not a time, expected one like 2023-11-14T22:13:20Z", text);
    bool is_none = moment.tm_year == 1;
    moment.tm_year -= 1900;
    moment.tm_mon -= 1;
    *seconds = is_none ? 0 : (int64_t)timegm(&moment) - zone;
    *nanoseconds = is_none ? 0 : fraction;
    return 0;
}

static int base64_value(char letter)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    return found != NULL ? (int)(found - letters) : -1;
}

/* Four letters, the last `padding` of which are not there. */
static bool add_base64(const char *letters, size_t padding, struct buf *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? base64_value(letters[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    const unsigned char bytes[] = {(unsigned char)(bits >> 16), (unsigned char)(bits >> 8),
                                   (unsigned char)bits};
    buf_add(out, bytes, sizeof(bytes) - padding);
    return true;
}

int toc_parse_base64(const char *text, struct buf *out, struct error *err)
{
    size_t size = strlen(text);

    for (size_t at = 0; at < size; at += 4) {
        size_t padding = 0;
        if (size - at == 4)
            padding = text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
        if (size - at < 4 || !add_base64(text + at, padding, out))
            return error_set(err, ERROR_CORRUPT, "it has a value that is not base64");
    }
    return 0;
}
