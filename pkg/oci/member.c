#include "oci/member.h"

#include "core/text.h"
#include "oci/json_text_internal.h"

#include <string.h>

/* Two letters beyond ASCII that Unicode folds to ASCII ones, in UTF-8. */
static const struct {
    char ascii;
    const char *text;
} folded[] = {{'s', "\xC5\xBF"}, {'k', "\xE2\x84\xAA"}};

static char lower(char letter)
{
    if (letter < 'A' || letter > 'Z')
        return letter;
    return (char)(letter + ('a' - 'A'));
}

/* The size of the letter at `text` if it is `letter` in any case; 0 if it is not. */
static size_t match_letter(const char *text, char letter)
{
    if (lower(*text) == lower(letter))
        return 1;
    for (size_t i = 0; i < ARRAY_SIZE(folded); i++)
        if (folded[i].ascii == lower(letter) && text_starts_with(text, folded[i].text))
            return strlen(folded[i].text);
    return 0;
}

/* Is it this member's name? `name` is ASCII. */
static bool is_named(const char *key, const char *name)
{
    const char *at = json_plain_name(key);

    for (; *name != '\0'; name++) {
        size_t size = *at != '\0' ? match_letter(at, *name) : 0;
        if (size == 0)
            return false;
        at += size;
    }
    return *at == '\0';
}

/* The name under which the member that counts is there; NULL if it is not. */
static const char *find(const json_t *object, const char *name, bool skip_null)
{
    const char *found = NULL;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (is_named(key, name) && !(skip_null && json_is_null(value)))
            found = key;
    }
    return found;
}

json_t *member_get(const json_t *object, const char *name)
{
    const char *key = find(object, name, false);

    return key != NULL ? json_object_get(object, key) : NULL;
}

const char *json_text(const json_t *json)
{
    const char *text = json_string_value(json);

    return text != NULL && !text_starts_with(text, JSON_MARK "n") ? text : NULL;
}

const char *member_text(const json_t *object, const char *name)
{
    const char *key = find(object, name, true);

    return key != NULL ? json_text(json_object_get(object, key)) : NULL;
}

void member_set_new(json_t *object, const char *name, json_t *value)
{
    const char *key = find(object, name, false);

    json_object_set_new(object, key != NULL ? key : name, value);
}

bool member_del(json_t *object, const char *name)
{
    bool was_there = false;
    const char *key;
    void *next;
    json_t *value;

    json_object_foreach_safe(object, next, key, value)
    {
        if (is_named(key, name)) {
            json_object_del(object, key);
            was_there = true;
        }
    }
    return was_there;
}

/* What Go has after it has read one more value into the same variable. Both are references. */
static json_t *read_into(json_t *was, json_t *value, bool is_map)
{
    if (json_is_null(value) && was != NULL && !is_map)
        return was;
    if (!json_is_object(was) || !json_is_object(value)) {
        json_decref(was);
        return json_incref(value);
    }
    json_t *both = json_concat((json_t *const[]){was, value}, 2);
    json_decref(was);
    return both;
}

void member_unify(json_t *object, const char *name, bool is_map)
{
    json_t *result = NULL;
    size_t count = 0;
    const char *key;
    void *next;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (is_named(key, name)) {
            result = read_into(result, value, is_map);
            count++;
        }
    }
    const char *last = find(object, name, false);
    json_object_foreach_safe(object, next, key, value)
    {
        if (count > 1 && key != last && is_named(key, name))
            json_object_del(object, key);
    }
    if (count > 1)
        json_object_set(object, last, result);
    json_decref(result);
}
