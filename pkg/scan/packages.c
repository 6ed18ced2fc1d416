#include "scan/application_internal.h"

#include "oci/document.h"
#include "oci/member.h"

#include <string.h>
#include <strings.h>

/* Longer ones are none: registries have names of 214 bytes at most. */
#define NAME_MAX_SIZE ((size_t)214)
#define VERSION_MAX_SIZE ((size_t)128)

static bool is_letter_or_digit(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

/* Only of letters, digits and those of `others`; a copy that the caller frees, or NULL. */
static char *copy_word(const char *text, size_t size, size_t limit, const char *others)
{
    if (size == 0 || size > limit)
        return NULL;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0' || (!is_letter_or_digit(text[i]) && strchr(others, text[i]) == NULL))
            return NULL;
    return xstrndup(text, size);
}

static char *copy_python_name(const char *text, size_t size)
{
    CLEANUP(text) char *name = copy_word(text, size, NAME_MAX_SIZE, "-_.");

    return name != NULL ? package_normalize(name) : NULL;
}

static char *copy_version(const char *text, size_t size)
{
    return copy_word(text, size, VERSION_MAX_SIZE, "-_.+!~*");
}

/* The value of a header's line, without the blanks around it; NULL if it is another header. */
static const char *header_value(const char *line, size_t size, const char *name, size_t *out)
{
    size_t begin = strlen(name);

    if (size <= begin || line[begin] != ':' || strncasecmp(line, name, begin) != 0)
        return NULL;
    begin++;
    while (begin < size && (line[begin] == ' ' || line[begin] == '\t'))
        begin++;
    while (size > begin && strchr(" \t\r", line[size - 1]) != NULL && line[size - 1] != '\0')
        size--;
    *out = size - begin;
    return line + begin;
}

void package_read_metadata(const char *text, size_t size, char **name, char **version)
{
    const char *end = text + size;

    *name = *version = NULL;
    while (text < end && (*name == NULL || *version == NULL)) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline != NULL ? newline : end) - text);
        size_t length = 0;
        if (line == 0 || (line == 1 && *text == '\r'))
            return;
        const char *value = header_value(text, line, "Name", &length);
        if (value != NULL && *name == NULL)
            *name = copy_python_name(value, length);
        value = header_value(text, line, "Version", &length);
        if (value != NULL && *version == NULL)
            *version = copy_version(value, length);
        text += line + (newline != NULL);
    }
}

/* Where the last '-' in the first `size` bytes is; `size` if there is none. */
static size_t last_dash(const char *text, size_t size)
{
    for (size_t i = size; i > 0; i--)
        if (text[i - 1] == '-')
            return i - 1;
    return size;
}

void package_read_folder_name(const char *name, char **package, char **version)
{
    const char *dot = strrchr(name, '.');
    size_t size = dot != NULL ? (size_t)(dot - name) : strlen(name);
    size_t dash = last_dash(name, size);

    if (dash < size && strncmp(name + dash, "-py", 3) == 0) {
        size = dash;
        dash = last_dash(name, size);
    }
    *package = copy_python_name(name, dash);
    *version = dash < size ? copy_version(name + dash + 1, size - dash - 1) : NULL;
}

void package_read_conda_name(const char *file, char **name, char **version)
{
    size_t build = last_dash(file, strlen(file));
    size_t dash = last_dash(file, build);

    *name = *version = NULL;
    if (dash == build)
        return;
    *name = copy_word(file, dash, NAME_MAX_SIZE, "-_.");
    *version = copy_version(file + dash + 1, build - dash - 1);
}

void package_read_node(const char *text, size_t size, char **name, char **version)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_auto_t *json = NULL;

    *name = *version = NULL;
    buf_add(&bytes, text, size);
    if (json_from_buf(&bytes, "package.json", &json, &err) < 0)
        return; /* Node does not read it either */
    const char *found = json_text(json_object_get(json, "name"));
    if (found != NULL)
        *name = copy_word(found, strlen(found), NAME_MAX_SIZE, "-_.~@/");
    found = json_text(json_object_get(json, "version"));
    if (found != NULL)
        *version = copy_version(found, strlen(found));
}
