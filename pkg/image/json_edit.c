#include "image/image_internal.h"

#include "oci/member.h"

#include <string.h>

json_t *member_make(json_t *parent, const char *name, char type, json_t *made)
{
    json_t *member = member_get(parent, name);

    if (member != NULL && !json_is_null(member))
        return member;
    json_object_set_new(made, name, json_string(member == NULL ? "absent" : "null"));
    member = type == '[' ? json_array() : json_object();
    member_set_new(parent, name, member);
    return member;
}

void member_unmake(json_t *parent, const char *name, const json_t *made)
{
    const char *was = json_string_value(json_object_get(made, name));
    const json_t *member = member_get(parent, name);

    if (was == NULL || json_array_size(member) > 0 || json_object_size(member) > 0)
        return;
    if (strcmp(was, "null") == 0)
        member_set_new(parent, name, json_null());
    else
        member_del(parent, name);
}

void text_make(json_t *parent, const char *name, const char *text, json_t *made)
{
    const char *was = member_get(parent, name) == NULL ? "absent" : "null";

    json_object_set_new(made, name, json_string(was));
    member_set_new(parent, name, json_string(text));
}

void text_unmake(json_t *parent, const char *name, const json_t *made)
{
    const char *was = json_string_value(json_object_get(made, name));

    if (was != NULL && strcmp(was, "null") == 0)
        member_set_new(parent, name, json_null());
    else if (was != NULL)
        member_del(parent, name);
}

/* Where NAME= is in an Env array, the last one, since that one counts; its size if nowhere. */
static size_t environment_find(const json_t *env, const char *name, size_t name_size)
{
    for (size_t i = json_array_size(env); i > 0; i--) {
        const char *item = json_text(json_array_get(env, i - 1));
        if (item != NULL && strncmp(item, name, name_size) == 0 && item[name_size] == '=')
            return i - 1;
    }
    return json_array_size(env);
}

void environment_set(json_t *env, const char *assignment, json_t *was)
{
    size_t size = strcspn(assignment, "=");
    CLEANUP(text) char *name = xstrndup(assignment, size);
    size_t at = environment_find(env, name, size);
    const char *old = json_text(json_array_get(env, at));

    if (json_object_get(was, name) == NULL)
        json_object_set_new(was, name, old != NULL ? json_string(old + size + 1) : json_null());
    if (old != NULL)
        json_array_set_new(env, at, json_string(assignment));
    else
        json_array_append_new(env, json_string(assignment));
}

void environment_restore(json_t *env, const json_t *was)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)was, name, value)
    {
        size_t at = environment_find(env, name, strlen(name));
        if (json_is_string(value)) {
            CLEANUP(text) char *old = xasprintf("%s=%s", name, json_string_value(value));
            json_array_set_new(env, at, json_string(old));
        } else if (json_is_null(value)) {
            json_array_remove(env, at);
        }
    }
}

void strings_set(json_t *object, const char *key, const char *value, json_t *was)
{
    json_t *old = json_object_get(object, key);

    json_object_set_new(was, key, old != NULL ? json_deep_copy(old) : json_null());
    json_object_set_new(object, key, json_string(value));
}

void strings_drop(json_t *object, const char *key)
{
    const char *name;
    void *next;
    json_t *value;

    json_object_foreach_safe(object, next, name, value)
    {
        if (strcmp(json_plain_name(name), key) == 0)
            json_object_del(object, name);
    }
}

void strings_restore(json_t *object, const json_t *was)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)was, key, value)
    {
        if (json_is_null(value))
            json_object_del(object, key);
        else if (json_is_string(value))
            json_object_set(object, key, value);
    }
}
