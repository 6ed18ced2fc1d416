#include "image/image_internal.h"

#include <string.h>

/*
 * In the record: {"chain_id": …, "user": [User and HOME asked for, uid, gid, home, how the user was
 * found, how the home was found], "root": [mode, uid, gid], "ways": [[path, canonical, existing,
 * removed], …]}, with the model behind a way that is one model's.
 */

void image_path_walk_release(struct image_path_walk *walk)
{
    free(walk->path);
    free(walk->canonical);
    free(walk->model);
    *walk = (struct image_path_walk){0};
}

static void release_user(struct image_base_facts *facts)
{
    free(facts->user_asked);
    free(facts->home_asked);
    free(facts->home);
    free(facts->user_from);
    free(facts->home_from);
}

void image_base_facts_release(struct image_base_facts *facts)
{
    release_user(facts);
    for (size_t i = 0; i < facts->walk_count; i++)
        image_path_walk_release(&facts->walks[i]);
    free(facts->walks);
    *facts = (struct image_base_facts){0};
}

static int compare_walks(const struct image_path_walk *a, const struct image_path_walk *b)
{
    int order = strcmp(a->path, b->path);

    return order != 0 ? order
                      : strcmp(a->model != NULL ? a->model : "", b->model != NULL ? b->model : "");
}

void image_base_facts_add(struct image_base_facts *facts, const struct image_path_walk *walk)
{
    size_t at = 0;
    int order = 1;

    while (at < facts->walk_count && (order = compare_walks(&facts->walks[at], walk)) < 0)
        at++;
    if (at < facts->walk_count && order == 0)
        return;
    facts->walks = xrealloc(facts->walks, facts->walk_count + 1, sizeof(*facts->walks));
    memmove(&facts->walks[at + 1], &facts->walks[at],
            (facts->walk_count - at) * sizeof(*facts->walks));
    facts->walks[at] = *walk;
    facts->walks[at].path = xstrdup(walk->path);
    facts->walks[at].canonical = xstrdup(walk->canonical);
    facts->walks[at].model = walk->model != NULL ? xstrdup(walk->model) : NULL;
    facts->walk_count++;
}

void image_base_facts_set_user(struct image_base_facts *facts, const struct image_base_facts *from)
{
    if (from->user_asked == NULL || facts == from)
        return;
    release_user(facts);
    facts->user_asked = xstrdup(from->user_asked);
    facts->home_asked = xstrdup(from->home_asked);
    facts->uid = from->uid;
    facts->gid = from->gid;
    facts->home = xstrdup(from->home);
    facts->user_from = xstrdup(from->user_from);
    facts->home_from = xstrdup(from->home_from);
}

json_t *base_facts_to_json(const struct image_base_facts *facts)
{
    json_t *json = json_pack("{s:s}", "chain_id", digest_format(&facts->chain_id).text);
    json_t *walks = json_array();

    if (facts->user_asked != NULL)
        json_object_set_new(json, "user",
                            json_pack("[s, s, I, I, s, s, s]", facts->user_asked, facts->home_asked,
                                      (json_int_t)facts->uid, (json_int_t)facts->gid, facts->home,
                                      facts->user_from, facts->home_from));
    if (facts->has_root)
        json_object_set_new(json, "root",
                            json_pack("[I, I, I]", (json_int_t)facts->root.mode,
                                      (json_int_t)facts->root.uid, (json_int_t)facts->root.gid));
    for (size_t i = 0; i < facts->walk_count; i++) {
        const struct image_path_walk *walk = &facts->walks[i];
        json_t *item = json_pack("[s, s, I, b]", walk->path, walk->canonical,
                                 (json_int_t)walk->existing, (int)walk->removed);
        if (walk->model != NULL)
            json_array_append_new(item, json_string(walk->model));
        json_array_append_new(walks, item);
    }
    json_object_set_new(json, "ways", walks);
    return json;
}

static bool is_id(json_int_t number)
{
    return number >= 0 && number <= INT32_MAX;
}

static void user_from_json(json_t *json, struct image_base_facts *out)
{
    const char *user, *asked, *home, *user_from, *home_from;
    json_int_t uid, gid;

    if (json_unpack(json, "[s, s, I, I, s, s, s]", &user, &asked, &uid, &gid, &home, &user_from,
                    &home_from) < 0 ||
        !is_id(uid) || !is_id(gid) || home[0] != '/')
        return;
    out->user_asked = xstrdup(user);
    out->home_asked = xstrdup(asked);
    out->uid = (uint32_t)uid;
    out->gid = (uint32_t)gid;
    out->home = xstrdup(home);
    out->user_from = xstrdup(user_from);
    out->home_from = xstrdup(home_from);
}

static void root_from_json(json_t *json, struct image_base_facts *out)
{
    json_int_t mode, uid, gid;

    if (json_unpack(json, "[I, I, I]", &mode, &uid, &gid) < 0 || mode < 0 || mode > 07777 ||
        uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
        return;
    out->has_root = true;
    out->root = (struct image_root){(uint32_t)mode, (uint32_t)uid, (uint32_t)gid};
}

/* Absolute or not, without empty, "." and ".." parts; *parts of them. */
static bool is_path(const char *path, bool absolute, size_t *parts)
{
    *parts = 0;
    if (absolute && *path++ != '/')
        return false;
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        if (size == 0 || (path[0] == '.' && (size == 1 || (size == 2 && path[1] == '.'))))
            return false;
        path += size;
        ++*parts;
        if (*path == '/' && *++path == '\0')
            return false;
    }
    return true;
}

static void walk_from_json(json_t *json, struct image_base_facts *out)
{
    const char *model = json_string_value(json_array_get(json, 4));
    CLEANUP(text) char *owner = model != NULL ? xstrdup(model) : NULL;
    const char *path, *canonical;
    json_int_t existing;
    int removed;
    size_t parts = 0;

    if (json_unpack(json, "[s, s, I, b]", &path, &canonical, &existing, &removed) < 0 ||
        !is_path(path, true, &parts) || !is_path(canonical, false, &parts) || existing < 0 ||
        (size_t)existing > parts)
        return;
    CLEANUP(text) char *own_path = xstrdup(path);
    CLEANUP(text) char *own_canonical = xstrdup(canonical);
    struct image_path_walk walk = {
        .path = own_path,
        .canonical = own_canonical,
        .existing = (size_t)existing,
        .removed = removed != 0,
        .model = owner,
    };
    image_base_facts_add(out, &walk);
}

void image_own_base_facts(const struct image *image, struct image_base_facts *out)
{
    json_auto_t *record = folders_record(image);
    const json_t *json = json_object_get(record, "base");
    const char *chain_id = json_string_value(json_object_get(json, "chain_id"));
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what others wrote may be anything */
    size_t i;
    json_t *item;

    *out = (struct image_base_facts){0};
    if (chain_id == NULL || digest_parse(chain_id, &out->chain_id, &ignored) < 0)
        return;
    user_from_json(json_object_get(json, "user"), out);
    root_from_json(json_object_get(json, "root"), out);
    json_array_foreach(json_object_get(json, "ways"), i, item) walk_from_json(item, out);
}

void image_chain_id(const struct image *image, struct digest *out)
{
    image_chain_id_below(image, image_layer_count(image), out);
}

void image_chain_id_below(const struct image *image, size_t count, struct digest *out)
{
    CLEANUP(text) char *chain = xstrdup("");
    size_t i;
    json_t *item;

    *out = digest_of(DIGEST_SHA256, "", 0);
    json_array_foreach(image_diff_ids_json(image), i, item)
    {
        if (i == count)
            return;
        CLEANUP(text) char *pair = xasprintf("%s %s", chain, json_string_value(item));
        CLEANUP(error) struct error ignored = ERROR_INIT; /* image_open() has looked at them */
        if (i == 0 && digest_parse(json_string_value(item), out, &ignored) < 0)
            return;
        if (i > 0)
            *out = digest_of(DIGEST_SHA256, pair, strlen(pair));
        free(chain);
        chain = xstrdup(digest_format(out).text);
    }
}
