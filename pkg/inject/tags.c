#include "inject/inject_internal.h"

#include <string.h>

/*
 * Nobody's update is lost: a tag is moved if it shows what it showed when the run began, or what
 * the caller says.
 */

void target_tags_release(struct target_tags *tags)
{
    free(tags->items);
    *tags = (struct target_tags){.items = NULL};
}

int target_tags_note(const struct inject_target *target, const struct tag_state *first,
                     struct notes *notes, struct target_tags *out, struct error *err)
{
    const struct tag_state *expected = target->expected;
    const struct tag_state *others =
        expected != NULL && expected->kind == TAG_ANY ? expected : NULL;
    const char *const *more = target->more_versions;
    size_t count = 1;

    while (more != NULL && more[count - 1] != NULL)
        count++;
    *out = (struct target_tags){xcalloc(count, sizeof(*out->items)), count};
    for (size_t i = 1; i < count; i++)
        if (store_note_tag(target->store, more[i - 1], others, notes, &out->items[i], err) < 0)
            return error_wrap(err, "the target %s", target->store->name);
    if (target->version == NULL)
        return 0;
    out->items[0] = *first;
    if (first->kind == TAG_ANY &&
        store_note_tag(target->store, target->version, expected, notes, &out->items[0], err) < 0)
        return error_wrap(err, "the target %s", target->store->name);
    return 0;
}

int target_tags_expect(const struct inject_target *target, const struct build_plan *plan,
                       struct target_tags *tags, struct error *err)
{
    const struct tag_state *expected = target->expected;
    bool is_new = false;

    if (expected == NULL)
        return 0;
    for (size_t i = 0; i < tags->count && expected->kind == TAG_ANY; i++)
        tags->items[i] = *expected;
    for (size_t i = 0; i < plan->layer_count; i++)
        is_new = is_new || plan->layers[i].fate != LAYER_THERE;
    if (is_new && tags->items[0].kind != TAG_ANY &&
        tag_state_check(target->store, target->version, expected, &tags->items[0], err) < 0)
        return -1;
    tags->items[0] = *expected;
    return 0;
}
