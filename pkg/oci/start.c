#include "oci/start.h"

#include "core/buf.h"
#include "json/parse.h"

#include <jansson.h>
#include <string.h>

#define EXPECTED "one word, or a list of words like [\"python3\", \"-m\", \"app\"]"

static int parse_list(const char *text, struct start_words *out, struct error *err)
{
    json_auto_t *list = json_parse_or_null(text, strlen(text));
    CLEANUP(strings) struct strings words = STRINGS_INIT;
    size_t i;
    json_t *word;

    if (!json_is_array(list))
        return error_set(err, ERROR_USAGE, "'%s' is no list in JSON; expected " EXPECTED, text);
    json_array_foreach(list, i, word)
    {
        if (!json_is_string(word))
            return error_set(err, ERROR_USAGE,
                             "item %zu of '%s' is no text in quotes; expected " EXPECTED, i + 1,
                             text);
        strings_add(&words, json_string_value(word));
    }
    out->is_set = true;
    out->words = words;
    words = (struct strings)STRINGS_INIT;
    return 0;
}

int start_words_parse(const char *text, struct start_words *out, struct error *err)
{
    if (text[strspn(text, " ")] == '[')
        return parse_list(text, out, err);
    if (text[0] == '\0')
        return error_set(err, ERROR_USAGE, "it is empty; expected " EXPECTED "; [] is none");
    if (strpbrk(text, " \t\n") != NULL)
        return error_set(err, ERROR_USAGE,
                         "'%s' has spaces, and no shell takes it apart; expected " EXPECTED, text);
    if (!text_is_utf8(text))
        return error_set(err, ERROR_USAGE, "'%s' is not UTF-8", text);
    out->is_set = true;
    strings_add(&out->words, text);
    return 0;
}

static void words_copy(const struct start_words *from, struct start_words *to)
{
    to->is_set = from->is_set;
    strings_add_all(&to->words, &from->words);
}

static void words_override(struct start_words *words, const struct start_words *over)
{
    if (!over->is_set)
        return;
    strings_release(&words->words);
    words_copy(over, words);
}

void container_start_copy(const struct container_start *from, struct container_start *to)
{
    words_copy(&from->entrypoint, &to->entrypoint);
    words_copy(&from->command, &to->command);
}

void container_start_override(struct container_start *start, const struct container_start *over)
{
    const struct start_words none = {.is_set = over->entrypoint.is_set};

    words_override(&start->entrypoint, &over->entrypoint);
    words_override(&start->command, over->command.is_set ? &over->command : &none);
}

bool container_start_is_set(const struct container_start *start)
{
    return start->entrypoint.is_set || start->command.is_set;
}

static void format_words(const char *name, const struct start_words *words, struct buf *out)
{
    json_auto_t *list = json_array();

    if (!words->is_set)
        return;
    for (size_t i = 0; i < words->words.count; i++)
        json_array_append_new(list, json_string(words->words.items[i]));
    CLEANUP(text) char *text = json_dumps(list, 0);
    buf_addf(out, "%s%s %s", out->size > 0 ? " " : "", name, text != NULL ? text : "[]");
}

char *container_start_format(const struct container_start *start)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    format_words("ENTRYPOINT", &start->entrypoint, &out);
    format_words("CMD", &start->command, &out);
    return buf_take(&out);
}

void container_start_release(struct container_start *start)
{
    strings_release(&start->entrypoint.words);
    strings_release(&start->command.words);
    *start = (struct container_start){0};
}
