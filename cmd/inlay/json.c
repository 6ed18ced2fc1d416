#include "json.h"

#include <stdio.h>

json_t *text_to_json(const char *text)
{
    if (text == NULL)
        return json_null();
    if (text_is_utf8(text))
        return json_string(text);
    CLEANUP(text) char *copy = xstrdup(text);
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    return json_string(copy);
}

json_t *strings_to_json(const struct strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, text_to_json(strings->items[i]));
    return list;
}

void start_to_json(const struct container_start *start, json_t *object)
{
    if (start->entrypoint.is_set)
        json_object_set_new(object, "entrypoint", strings_to_json(&start->entrypoint.words));
    if (start->command.is_set)
        json_object_set_new(object, "cmd", strings_to_json(&start->command.words));
}

void json_say(const json_t *document, struct buf *result)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    json_to_buf(document, &text);
    buf_add_text(&text, "\n");
    if (result != NULL)
        buf_add(result, buf_text(&text), text.size);
    else
        fputs(buf_text(&text), stdout);
}
