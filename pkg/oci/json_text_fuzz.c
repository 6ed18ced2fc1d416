#include "oci/document.h"
#include "oci/json_text_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The members of all objects of a value that the library can hold, or that is marked. */
static size_t count_members(const json_t *json)
{
    size_t count = json_object_size(json);
    size_t i;
    const char *name;
    json_t *item;

    json_array_foreach(json, i, item) count += count_members(item);
    json_object_foreach((json_t *)(uintptr_t)json, name, item) count += count_members(item);
    return count;
}

/* The colons outside of texts: one a member. */
static size_t count_colons(const struct buf *text)
{
    const char *at = buf_text(text);
    bool in_text = false;
    size_t count = 0;

    for (; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            in_text = !in_text;
        else if (*at == ':' && !in_text)
            count++;
    }
    return count;
}

/* What is written is read as the same value, is written as the same bytes, and loses no member. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_auto_t *json = NULL;
    json_auto_t *again = NULL;

    buf_add(&bytes, data, size);
    if (json_from_buf(&bytes, "the input", &json, &err) < 0)
        return 0;
    json_to_buf(json, &first);
    if (count_colons(&bytes) != count_colons(&first) ||
        count_members(json) != count_colons(&first) ||
        json_from_buf(&first, "what was written", &again, &err) < 0 || !json_equal(json, again))
        abort();
    json_to_buf(again, &second);
    if (strcmp(buf_text(&first), buf_text(&second)) != 0)
        abort();
    return 0;
}
