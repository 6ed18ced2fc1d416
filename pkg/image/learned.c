#include "image/image_internal.h"

#include <string.h>

/*
 * In the record: {"chain_id": …, "user": [User and HOME asked for, uid, gid, home, how the user was
 * found, how the home was found], "ways": [[path, canonical, existing, removed], …]}, with the
 * model behind a way that is one model's.
 */

void image_way_release(struct image_way *way)
{
    free(way->path);
    free(way->canonical);
    free(way->model);
    *way = (struct image_way){0};
}

static void release_user(struct image_learned *learned)
{
    free(learned->user_asked);
    free(learned->home_asked);
    free(learned->home);
    free(learned->user_from);
    free(learned->home_from);
}

void image_learned_release(struct image_learned *learned)
{
    release_user(learned);
    for (size_t i = 0; i < learned->way_count; i++)
        image_way_release(&learned->ways[i]);
    free(learned->ways);
    *learned = (struct image_learned){0};
}

static int compare_ways(const struct image_way *a, const struct image_way *b)
{
    int order = strcmp(a->path, b->path);

    return order != 0 ? order
                      : strcmp(a->model != NULL ? a->model : "", b->model != NULL ? b->model : "");
}

void image_learned_add(struct image_learned *learned, const struct image_way *way)
{
    size_t at = 0;
    int order = 1;

    while (at < learned->way_count && (order = compare_ways(&learned->ways[at], way)) < 0)
        at++;
    if (at < learned->way_count && order == 0)
        return;
    learned->ways = xrealloc(learned->ways, learned->way_count + 1, sizeof(*learned->ways));
    memmove(&learned->ways[at + 1], &learned->ways[at],
            (learned->way_count - at) * sizeof(*learned->ways));
    learned->ways[at] = *way;
    learned->ways[at].path = xstrdup(way->path);
    learned->ways[at].canonical = xstrdup(way->canonical);
    learned->ways[at].model = way->model != NULL ? xstrdup(way->model) : NULL;
    learned->way_count++;
}

void image_learned_set_user(struct image_learned *learned, const struct image_learned *from)
{
    if (from->user_asked == NULL || learned == from)
        return;
    release_user(learned);
    learned->user_asked = xstrdup(from->user_asked);
    learned->home_asked = xstrdup(from->home_asked);
    learned->uid = from->uid;
    learned->gid = from->gid;
    learned->home = xstrdup(from->home);
    learned->user_from = xstrdup(from->user_from);
    learned->home_from = xstrdup(from->home_from);
}

json_t *learned_to_json(const struct image_learned *learned)
{
    json_t *json = json_pack("{s:s}", "chain_id", digest_format(&learned->chain_id).text);
    json_t *ways = json_array();

    if (learned->user_asked != NULL)
        json_object_set_new(json, "user",
                            json_pack("[s, s, I, I, s, s, s]", learned->user_asked,
                                      learned->home_asked, (json_int_t)learned->uid,
                                      (json_int_t)learned->gid, learned->home, learned->user_from,
                                      learned->home_from));
    for (size_t i = 0; i < learned->way_count; i++) {
        const struct image_way *way = &learned->ways[i];
        json_t *item = json_pack("[s, s, I, b]", way->path, way->canonical,
                                 (json_int_t)way->existing, (int)way->removed);
        if (way->model != NULL)
            json_array_append_new(item, json_string(way->model));
        json_array_append_new(ways, item);
    }
    json_object_set_new(json, "ways", ways);
    return json;
}

static bool is_id(json_int_t number)
{
    return number >= 0 && number <= INT32_MAX;
}

static void user_from_json(json_t *json, struct image_learned *out)
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

static void way_from_json(json_t *json, struct image_learned *out)
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
    struct image_way way = {
        .path = own_path,
        .canonical = own_canonical,
        .existing = (size_t)existing,
        .removed = removed != 0,
        .model = owner,
    };
    image_learned_add(out, &way);
}

void image_own_learned(const struct image *image, struct image_learned *out)
{
    json_auto_t *record = folders_record(image);
    const json_t *json = json_object_get(record, "base");
    const char *chain_id = json_string_value(json_object_get(json, "chain_id"));
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what others wrote may be anything */
    size_t i;
    json_t *item;

    *out = (struct image_learned){0};
    if (chain_id == NULL || digest_parse(chain_id, &out->chain_id, &ignored) < 0)
        return;
    user_from_json(json_object_get(json, "user"), out);
    json_array_foreach(json_object_get(json, "ways"), i, item) way_from_json(item, out);
}

void image_chain_id(const struct image *image, struct digest *out)
{
    CLEANUP(text) char *chain = xstrdup("");
    size_t i;
    json_t *item;

    *out = digest_of(DIGEST_SHA256, "", 0);
    json_array_foreach(image_diff_ids_json(image), i, item)
    {
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
