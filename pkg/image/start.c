#include "image/image_internal.h"

#include "oci/member.h"

/* What containers start, as members of the config: in Go's spelling, which engines read. */
static const char *const names[] = {"Entrypoint", "Cmd"};

static const struct start_words *words_of(const struct container_start *start, size_t number)
{
    return number == 0 ? &start->entrypoint : &start->command;
}

/*
 * None is null in place of the member, not a member less: put back, it stands where it stood. What
 * is absent and stays so is not touched.
 */
static void set_words(json_t *config, const char *name, const struct strings *words, json_t *was,
                      json_t *made)
{
    json_t *old = member_get(config, name);
    bool is_there = old != NULL && !json_is_null(old);
    json_t *list = words->count > 0 ? json_array() : json_null();

    if (!is_there && words->count == 0)
        return;
    json_object_set_new(was, name, is_there ? json_deep_copy(old) : json_null());
    if (!is_there)
        json_object_set_new(made, name, json_string(old == NULL ? "absent" : "null"));
    for (size_t i = 0; i < words->count; i++)
        json_array_append_new(list, json_string(words->items[i]));
    member_set_new(config, name, list);
}

json_t *start_set(json_t *config, const struct container_start *start, json_t *made)
{
    json_t *was = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (words_of(start, i)->is_set)
            set_words(config, names[i], &words_of(start, i)->words, was, made);
    return was;
}

void start_restore(json_t *config, const json_t *was, const json_t *made)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const json_t *old = json_object_get(was, names[i]);
        if (json_is_null(old))
            text_unmake(config, names[i], made);
        else if (json_is_array(old) || json_is_string(old))
            member_set_new(config, names[i], json_deep_copy(old));
    }
}

void image_own_start(const struct image *image, struct container_start *out)
{
    json_auto_t *record = folders_record(image);
    const json_t *was = json_object_get(json_object_get(record, "changed"), "start");

    *out = (struct container_start){0};
    out->entrypoint.is_set = json_object_get(was, "Entrypoint") != NULL;
    out->command.is_set = json_object_get(was, "Cmd") != NULL;
    if (out->entrypoint.is_set)
        image_entrypoint(image, &out->entrypoint.words);
    if (out->command.is_set)
        image_command(image, &out->command.words);
}
