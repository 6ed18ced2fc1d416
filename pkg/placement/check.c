#include "placement/placement_internal.h"

#include "pack/pack.h"
#include "placement/above.h"

#include <string.h>

#define DATASET_NOTE                                                                               \
    "%s is found by hf_hub_download() and snapshot_download(), and not by load_dataset() %s, "     \
    "which then looks in HF_DATASETS_CACHE for what it has prepared itself; give it the folder "   \
    "that snapshot_download() returns"

static void warn_of_elsewhere(const struct placing *placing, const struct placed_model *placed)
{
    const char *place = placed->tree.place;

    for (size_t i = 0; i < placed->alternates.variables.count; i++) {
        const char *variable = placed->alternates.variables.items[i];
        bool links = placed->alternates.paths.items[i][0] != '\0';
        if (links)
            notes_info(placing->notes,
                       "the image sets %s=%s: applications that obey it find the model there "
                       "behind a link to %s",
                       variable, home_variable(&placing->out->home, variable), place);
        else
            notes_warn(placing->notes,
                       "the image sets %s=%s: applications that obey it look there and not in "
                       "%s, where the model goes",
                       variable, home_variable(&placing->out->home, variable), place);
    }
}

/* Does the home decide where one of the models goes? */
static bool is_home_the_place(const struct placing *placing)
{
    const struct placement *out = placing->out;

    for (size_t i = 0; i < out->model_count; i++) {
        const struct layout *layout = out->models[i].model->layout;
        bool is_named = layout->takes_path || layout == placing->options->cache_layout;
        if (!is_named && path_is_below(placed_model_looks(&out->models[i]), out->home.path))
            return true;
    }
    return false;
}

/* The user of --user may be the image's own, written otherwise: "app" and "1000:1000". */
static bool is_own_user(const struct placing *placing)
{
    const struct rootfs_user *asked = &placing->out->user;
    const struct rootfs_user_request request = {.user = image_user(placing->base->image)};
    CLEANUP(rootfs_user) struct rootfs_user own = {.home = NULL};
    CLEANUP(error) struct error ignored = ERROR_INIT; /* a user that is not there is another one */

    return placing_recall_user(placing, &request, &own, &ignored) == 0 && own.uid == asked->uid &&
           own.gid == asked->gid;
}

/* Whether this user gets the placement's home of any runtime, which takes it from /etc/passwd. */
static bool is_home_by_passwd(const struct placing *placing, const char *name)
{
    const struct rootfs_user_request request = {.user = name};
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is said */

    return placing_recall_user(placing, &request, &user, &ignored) == 0 &&
           strcmp(user.home, placing->out->home.path) == 0;
}

/* The home decides, and the container that is started may have another. */
static void warn_of_home(const struct placing *placing)
{
    const struct placement_options *options = placing->options;
    const char *home = placing->out->home.path;
    const char *user = image_user(placing->base->image);

    if (!is_home_the_place(placing))
        return;
    bool is_own = options->user == NULL || strcmp(options->user, user) == 0 || is_own_user(placing);
    if (!is_own)
        notes_warn(placing->notes,
                   "the image itself runs as '%s': the model is found by containers that are "
                   "started as '%s'",
                   user[0] != '\0' ? user : "root", options->user);
    if (home_variable(&placing->out->home, "HOME") != NULL)
        return;
    if (options->home != NULL && !is_home_by_passwd(placing, is_own ? user : options->user))
        notes_warn(placing->notes,
                   "the image does not set HOME: its processes look in %s only with --env "
                   "HOME=%s",
                   home, home);
    else if (options->home == NULL && options->group_writable)
        notes_warn(placing->notes,
                   "a container with a random user id does not have the home %s, which is not "
                   "in the image's environment; set it with --env HOME=%s",
                   home, home);
}

/*
 * load_dataset() asks the Hub whenever it is not offline, and when it is it takes only what it has
 * prepared itself, in HF_DATASETS_CACHE.
 */
static void tell_dataset(const struct model *model, bool is_offline, struct notes *notes)
{
    if (is_offline)
        notes_warn(notes, DATASET_NOTE, model->name, "since the image is offline");
    else
        notes_info(notes, DATASET_NOTE, model->name, "when offline");
}

static void tell_datasets(const struct placing *placing)
{
    const struct models *models = placing->models;

    for (size_t i = 0; i < models->count; i++) {
        const char *const *offline = models->items[i].layout->offline;
        if (offline != NULL && models->items[i].plan.origin.kind == ORIGIN_HUB_DATASET)
            tell_dataset(&models->items[i], strings_has(&placing->out->environment, offline[0]),
                         placing->notes);
    }
}

void placing_tell_place(const struct placing *placing)
{
    const struct placement_options *options = placing->options;
    CLEANUP(strings) struct strings told = STRINGS_INIT;

    for (size_t i = 0; i < placing->out->model_count; i++) {
        const char *place = placing->out->models[i].tree.place;
        if (strings_has(&told, place))
            continue;
        strings_add(&told, place);
        notes_fact(placing->notes, "place: %s", place);
    }
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const char *looks = placed_model_looks(&placing->out->models[i]);
        if (strings_has(&told, looks))
            continue;
        strings_add(&told, looks);
        notes_fact(placing->notes, "links: in %s", looks);
    }
    if (options->cache_dir != NULL)
        notes_info(placing->notes, "setting %s=%s in the image, so that the model is found there",
                   options->cache_layout->cache_variable, options->cache_dir);
    for (size_t i = 0; i < placing->out->model_count; i++)
        if (placement_is_first(placing->models, i))
            warn_of_elsewhere(placing, &placing->out->models[i]);
    tell_datasets(placing);
}

/* Hides what the place holds: the model, or links to it. */
static int warn_of_volume(const struct placing *placing, const char *place, const char *effect,
                          struct error *err)
{
    CLEANUP(text) char *volume = NULL;

    if (rootfs_find_volume(placing->base->rootfs, placing->base->image, place, &volume, err) < 0)
        return -1;
    if (volume != NULL)
        notes_warn(placing->notes, "%s lies in the image's volume %s: %s", place, volume, effect);
    return 0;
}

static int warn_of_volumes(const struct placing *placing, struct error *err)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *placed = &placing->out->models[i];
        if (warn_of_volume(placing, placed->tree.place,
                           "each container will copy the model into a volume of its own", err) < 0)
            return -1;
        if (placed->links.place != NULL &&
            warn_of_volume(placing, placed->links.place,
                           "what is mounted there hides the link to the model", err) < 0)
            return -1;
    }
    return 0;
}

#define ROOT_EFFECT                                                                                \
    "in the base: where an engine unpacks that too, as umoci and Docker without overlay2 do, "     \
    "containers do not start"

/* A root that the user may not enter. */
static void warn_of_root(const struct placing *placing)
{
    const struct rootfs_user *user = &placing->out->user;
    const struct image_root *root = &placing->out->facts.root;
    uint32_t needed = root->uid == user->uid ? 0100 : root->gid == user->gid ? 0010 : 0001;

    if (!placing->out->facts.has_root)
        return;
    if (placing->options->group_writable && (root->mode & (root->gid == 0 ? 0010 : 0001)) == 0)
        notes_warn(placing->notes,
                   "a random user of group 0 may not enter /, which is %04o %u:%u " ROOT_EFFECT,
                   root->mode, root->uid, root->gid);
    if (user->uid != 0 && (root->mode & needed) == 0)
        notes_warn(placing->notes,
                   "the user %u:%u may not enter /, which is %04o %u:%u " ROOT_EFFECT, user->uid,
                   user->gid, root->mode, root->uid, root->gid);
}

/* What --group-writable promises fails where group 0 may not even enter. */
static void warn_of_groups(const struct placing *placing)
{
    if (!placing->options->group_writable)
        return;
    for (size_t i = 0; i < placing->out->folder_count; i++) {
        const struct image_folder *folder = &placing->out->folders[i];
        if ((folder->mode & (folder->gid == 0 ? 0010 : 0001)) == 0)
            notes_warn(
                placing->notes,
                "a random user of group 0 may not enter /%s, which is %04o %u:%u in the base",
                folder->path, folder->mode, folder->uid, folder->gid);
    }
}

/* Folders on the way that the image's own user may not enter: the model is there in vain. */
static void warn_of_access(const struct placing *placing)
{
    const struct rootfs_user *user = &placing->out->user;

    for (size_t i = 0; user->uid != 0 && i < placing->out->folder_count; i++) {
        const struct image_folder *folder = &placing->out->folders[i];
        uint32_t needed = folder->uid == user->uid ? 0100 : folder->gid == user->gid ? 0010 : 0001;
        if ((folder->mode & needed) == 0)
            notes_warn(placing->notes, "the user %u:%u may not enter /%s, which is %04o %u:%u",
                       user->uid, user->gid, folder->path, folder->mode, folder->uid, folder->gid);
    }
}

/* What the container's start mounts over is not seen in it. */
static void warn_of_mounts(const struct placing *placing)
{
    static const char *const mounted[] = {"/proc", "/sys", "/dev"};

    for (size_t i = 0; i < placing->out->model_count; i++) {
        const char *place = placing->out->models[i].tree.place;
        for (size_t k = 0; k < ARRAY_SIZE(mounted); k++) {
            size_t size = strlen(mounted[k]);
            if (strncmp(place, mounted[k], size) == 0 &&
                (place[size] == '/' || place[size] == '\0'))
                notes_warn(placing->notes, "%s is not seen in containers, which mount %s anew",
                           place, mounted[k]);
        }
    }
}

/* Engines and clusters often mount it anew. */
static void warn_of_temporary(const struct placing *placing)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const char *place = placing->out->models[i].tree.place;
        if (path_is_inside(place, "/tmp"))
            notes_warn(placing->notes,
                       "%s is not seen in containers that mount /tmp anew, as a tmpfs or an empty "
                       "volume",
                       place);
    }
}

static const struct image_folder *find_folder(const struct placement *out, const char *path)
{
    for (size_t i = 0; i < out->folder_count; i++)
        if (strcmp(out->folders[i].path, path) == 0)
            return &out->folders[i];
    return NULL;
}

/* Loaders that leave a place alone in which they may not write. */
static void warn_of_reading_only(const struct placing *placing)
{
    const struct placement *out = placing->out;

    for (size_t i = 0; i < out->model_count; i++) {
        const struct placed_model *placed = &out->models[i];
        const char *looks = placed_model_looks(placed);
        const struct image_folder *folder = find_folder(out, looks + 1);
        if (!placed->model->layout->wants_write || folder == NULL || out->user.uid == 0)
            continue;
        uint32_t needed = folder->uid == out->user.uid   ? 0200
                          : folder->gid == out->user.gid ? 0020
                                                         : 0002;
        if ((folder->mode & needed) == 0)
            notes_warn(placing->notes,
                       "the user %u:%u may not write in %s, which is %04o %u:%u, and the loader of "
                       "the layout '%s' then looks elsewhere",
                       out->user.uid, out->user.gid, looks, folder->mode, folder->uid, folder->gid,
                       placed->model->layout->name);
    }
}

/* Plain files may meet files of the base in a folder that is there. */
static int warn_of_file(const struct placing *placing, const struct placed_model *placed,
                        const char *path, struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (placing_walk(placing, path, placed->model->name, &walk, err) < 0)
        return -1;
    if (walk.count > 0 && walk.entries[walk.count - 1].type != ROOTFS_ABSENT)
        notes_warn(placing->notes, "the model replaces the base's '/%s'", path);
    return 0;
}

static int warn_of_files(const struct placing *placing, struct error *err)
{
    const struct placement *out = placing->out;

    for (size_t i = 0; i < out->model_count; i++) {
        const struct tree *tree = &out->models[i].tree;
        if (!out->models[i].model->layout->shares_folder ||
            placement_makes_folder(out, tree->place + 1))
            continue;
        for (size_t k = 0; k < tree->count; k++)
            if (tree->entries[k].type == TREE_FILE &&
                warn_of_file(placing, &out->models[i], tree->entries[k].path, err) < 0)
                return -1;
    }
    return 0;
}

/* What others have put above the models that stay must not be undone. */
int placing_check_above(const struct placing *placing, struct error *err)
{
    if (placing->base->whole == NULL)
        return 0;
    const struct own_parts *own = placing->base->own;
    bool *leaves = xcalloc(own->layer_count, sizeof(*leaves));
    bool *deleted = xcalloc(own->layer_count, sizeof(*deleted));
    const struct above_models models = {
        .own = own->layers,
        .count = own->layer_count,
        .layer_count = placing->base->whole_count,
        .leaves = leaves,
        .notes = placing->notes,
    };
    size_t *numbers = xcalloc(own->layer_count + 1, sizeof(*numbers));
    size_t count = 0;

    for (size_t i = 0; i < own->layer_count; i++)
        leaves[i] = placement_replaces(placing->out, &own->layers[i]);
    int result = above_check(placing->base->whole, &models, deleted, err);
    for (size_t i = 0; i < own->layer_count; i++)
        if (deleted[i])
            numbers[count++] = own->layers[i].number;
    placing->out->dropped.deleted = numbers;
    free(leaves);
    free(deleted);
    return result;
}

/* A model that was linked from elsewhere, too: only the home of this call has the link. */
static void tell_unlinked(const struct placing *placing, const struct layer_record *record)
{
    const struct placement *out = placing->out;

    if (record->model == NULL || strcmp(record->kind, recipe_kind_name(RECIPE_LINKS)) != 0)
        return;
    for (size_t i = 0; i < out->model_count; i++) {
        const struct placed_model *placed = &out->models[i];
        const char *looks = placed_model_looks(placed);
        if (placed->links.place != NULL && strcmp(placed->model->name, record->model) == 0 &&
            strcmp(placed->tree.place, record->place) == 0 && record->also.count > 0 &&
            !strings_has(&record->also, looks))
            notes_warn(placing->notes,
                       "'%s' was linked from %s, and is now from %s alone: a call links one home",
                       record->model, record->also.items[0], looks);
    }
}

/* Whether a call can name what is replaced beside what replaces it: of a folder there is one. */
static bool has_revisions(const struct placement *out, const char *name)
{
    for (size_t i = 0; i < out->model_count; i++)
        if (strcmp(out->models[i].model->name, name) == 0 &&
            out->models[i].model->plan.origin.revision != NULL)
            return true;
    return false;
}

/* An earlier revision in the same place goes, whatever it was called. */
static void tell_replaced(const struct placing *placing)
{
    const struct own_parts *own = placing->base->own;
    const struct placement *out = placing->out;

    for (size_t i = 0; i < own->layer_count; i++) {
        const struct layer_record *record = &own->layers[i].record;
        bool stays = record->model == NULL || !placement_replaces(out, &own->layers[i]) ||
                     placement_is_deleted(out, &own->layers[i]);
        if (!stays)
            tell_unlinked(placing, record);
        for (size_t k = 0; k < out->model_count; k++)
            stays = stays || strcmp(record->commit, out->models[k].model->plan.pin) == 0;
        if (!stays)
            notes_info(placing->notes, "%s: %s%s, which the image had, is replaced%s",
                       record->model, record->source == NULL ? "commit " : "", record->commit,
                       has_revisions(out, record->model) ? "; name both in one call to keep both"
                                                         : "");
    }
}

static const char *content_of(const struct model *model, const struct tree_entry *entry,
                              struct digest_text *digest)
{
    if (entry->type != TREE_FILE)
        return entry->text != NULL ? entry->text : "";
    *digest = digest_format(&model->plan.files[entry->file].digest);
    return digest->text;
}

/* Two models of one call may meet in a folder, as two revisions do; not with different files. */
static int check_trees(const struct model *one, const struct tree *a, const struct model *other,
                       const struct tree *b, struct error *err)
{
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        const struct tree_entry *left = &a->entries[i];
        const struct tree_entry *right = &b->entries[k];
        struct digest_text digests[2];
        int order = strcmp(left->path, right->path);
        i += order <= 0;
        k += order >= 0;
        if (order != 0 ||
            (left->type == right->type && strcmp(content_of(one, left, &digests[0]),
                                                 content_of(other, right, &digests[1])) == 0))
            continue;
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' and '%s' would both write '/%s', with different content; name "
                         "one of them, or use another layout",
                         one->title, other->title, left->path);
    }
    return 0;
}

static int check_clash(const struct placed_model *one, const struct placed_model *other,
                       struct error *err)
{
    if (check_trees(one->model, &one->tree, other->model, &other->tree, err) < 0 ||
        check_trees(one->model, &one->tree, other->model, &other->links, err) < 0 ||
        check_trees(one->model, &one->links, other->model, &other->tree, err) < 0)
        return -1;
    return check_trees(one->model, &one->links, other->model, &other->links, err);
}

static int check_clashes(const struct placement *placement, struct error *err)
{
    const struct placed_model *models = placement->models;

    for (size_t i = 0; i < placement->model_count; i++)
        for (size_t k = i + 1; k < placement->model_count; k++)
            if (check_clash(&models[i], &models[k], err) < 0)
                return -1;
    return 0;
}

int placing_check(const struct placing *placing, struct error *err)
{
    if (check_clashes(placing->out, err) < 0 || placing_check_kept_folders(placing, err) < 0 ||
        placing_check_kept_files(placing, err) < 0)
        return -1;
    warn_of_home(placing);
    warn_of_root(placing);
    warn_of_groups(placing);
    warn_of_access(placing);
    warn_of_mounts(placing);
    warn_of_temporary(placing);
    warn_of_reading_only(placing);
    tell_replaced(placing);
    if (warn_of_volumes(placing, err) < 0)
        return -1;
    return warn_of_files(placing, err);
}
