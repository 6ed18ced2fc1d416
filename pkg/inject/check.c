#include "inject/inject_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void work_say_once(struct work *work, bool warning, const char *format, ...)
{
    CLEANUP(text) char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0)
        line = NULL;
    va_end(arguments);
    if (line == NULL || strings_has(&work->said, line))
        return;
    strings_add(&work->said, line);
    if (warning)
        log_warn(work->options->log, "%s", line);
    else
        log_info(work->options->log, "%s", line);
}

static void warn_of_elsewhere(struct work *work, const struct platform *platform)
{
    const char *place = platform->trees[0].place;

    for (size_t i = 0; i < platform->elsewhere.count; i++) {
        const char *variable = platform->elsewhere.items[i];
        bool links = platform->elsewhere_paths.items[i][0] != '\0';
        work_say_once(work, !links,
                      links
                          ? "the image sets %s=%s: applications that obey it find the model there "
                            "behind a link to %s"
                          : "the image sets %s=%s: applications that obey it look there and not in "
                            "%s, where the model goes",
                      variable, home_variable(&platform->home, variable), place);
    }
}

/* The home decides, and the container that is started may have another. */
static void warn_of_home(struct work *work, const struct platform *platform)
{
    const struct inject_options *options = work->options;
    const char *place = platform->trees[0].place;
    const char *home = platform->home.path;
    const char *user = image_user(platform->image);

    if (strncmp(place, home, strlen(home)) != 0 || options->cache_dir != NULL ||
        options->layout->wants_path)
        return;
    if (options->user != NULL && strcmp(options->user, user) != 0)
        work_say_once(work, true,
                      "the image itself runs as '%s': the model is found by containers that are "
                      "started as '%s'",
                      user[0] != '\0' ? user : "root", options->user);
    if (home_variable(&platform->home, "HOME") != NULL)
        return;
    if (options->home != NULL)
        work_say_once(work, true,
                      "the image does not set HOME: its processes look in %s only with --env "
                      "HOME=%s",
                      home, home);
    else if (options->group_writable)
        work_say_once(work, true,
                      "a container with a random user id does not have the home %s, which is not "
                      "in the image's environment; set it with --env HOME=%s",
                      home, home);
}

void platform_tell_place(struct work *work, const struct platform *platform)
{
    const struct inject_options *options = work->options;
    const char *place = platform->trees[0].place;
    const char *volume = image_volume_above(platform->image, place);

    work_say_once(work, false, "place: %s", place);
    if (options->cache_dir != NULL)
        work_say_once(work, false, "setting %s=%s in the image, so that the model is found there",
                      options->layout->cache_variable, options->cache_dir);
    warn_of_elsewhere(work, platform);
    warn_of_home(work, platform);
    if (volume != NULL)
        work_say_once(
            work, true,
            "%s lies in the image's volume '%s': each container will copy the model into a "
            "volume of its own",
            place, volume);
}

/* What --group-writable promises fails where group 0 may not even enter. */
static void warn_of_groups(struct work *work, const struct platform *platform)
{
    if (!work->options->group_writable)
        return;
    for (size_t i = 0; i < platform->folder_count; i++) {
        const struct image_folder *folder = &platform->folders[i];
        if ((folder->mode & (folder->gid == 0 ? 0010 : 0001)) == 0)
            work_say_once(
                work, true,
                "a random user of group 0 may not enter /%s, which is %04o %u:%u in the base",
                folder->path, folder->mode, folder->uid, folder->gid);
    }
}

/* Folders on the way that the image's own user may not enter: the model is there in vain. */
static void warn_of_access(struct work *work, const struct platform *platform)
{
    const struct rootfs_user *user = &platform->user;

    for (size_t i = 0; user->uid != 0 && i < platform->folder_count; i++) {
        const struct image_folder *folder = &platform->folders[i];
        uint32_t needed = folder->uid == user->uid ? 0100 : folder->gid == user->gid ? 0010 : 0001;
        if ((folder->mode & needed) == 0)
            work_say_once(work, true, "the user %u:%u may not enter /%s, which is %04o %u:%u",
                          user->uid, user->gid, folder->path, folder->mode, folder->uid,
                          folder->gid);
    }
}

/* What the container's start mounts over is not seen in it. */
static void warn_of_mounts(struct work *work, const struct platform *platform)
{
    static const char *const mounted[] = {"/proc", "/sys", "/dev"};

    for (size_t i = 0; i < work->model_count; i++) {
        const char *place = platform->trees[i].place;
        for (size_t k = 0; k < ARRAY_SIZE(mounted); k++) {
            size_t size = strlen(mounted[k]);
            if (strncmp(place, mounted[k], size) == 0 &&
                (place[size] == '/' || place[size] == '\0'))
                work_say_once(work, true, "%s is not seen in containers, which mount %s anew",
                              place, mounted[k]);
        }
    }
}

/* Plain files may meet files of the base in a folder that is there. */
static int warn_of_files(struct work *work, struct platform *platform, struct error *err)
{
    for (size_t i = 0; work->options->layout->wants_path && i < work->model_count; i++) {
        const struct tree *tree = &platform->trees[i];
        if (platform_makes_folder(platform, tree->place + 1))
            continue;
        for (size_t k = 0; k < tree->count; k++) {
            CLEANUP(way) struct way way = {0};
            if (tree->entries[k].type != TREE_FILE)
                continue;
            if (platform_walk(work, platform, tree->entries[k].path, work->models[i].name, &way,
                              err) < 0)
                return -1;
            if (way.count > 0 && way.entries[way.count - 1].type != ROOTFS_ABSENT)
                work_say_once(work, true, "the model replaces the base's '/%s'",
                              tree->entries[k].path);
        }
    }
    return 0;
}

/* An earlier revision in the same place goes, whatever it was called. */
static void tell_replaced(struct work *work, const struct platform *platform)
{
    for (size_t i = 0; i < platform->own_count; i++) {
        const struct layer_record *record = &platform->own[i].record;
        bool stays = record->model == NULL || !work_replaces(work, platform, &platform->own[i]);
        for (size_t k = 0; k < work->model_count; k++)
            stays = stays || strcmp(record->commit, work->models[k].plan.commit) == 0;
        if (!stays)
            work_say_once(work, false,
                          "%s: commit %s, which the image had, is replaced; name both in one call "
                          "to keep both",
                          record->model, record->commit);
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
static int check_clash(const struct model *one, const struct tree *a, const struct model *other,
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
                         "'%s@%s' and '%s@%s' would both write '/%s', with different content; name "
                         "one of them, or use another layout",
                         one->name, one->plan.revision, other->name, other->plan.revision,
                         left->path);
    }
    return 0;
}

static int check_clashes(const struct work *work, const struct platform *platform,
                         struct error *err)
{
    for (size_t i = 0; i < work->model_count; i++)
        for (size_t k = i + 1; k < work->model_count; k++)
            if (check_clash(&work->models[i], &platform->trees[i], &work->models[k],
                            &platform->trees[k], err) < 0)
                return -1;
    return 0;
}

/* A folder of plain files holds one model: another call's would be mixed with this one's. */
static int check_kept(const struct work *work, const struct platform *platform, struct error *err)
{
    for (size_t i = 0; work->options->layout->wants_path && i < platform->own_count; i++) {
        const struct layer_record *record = &platform->own[i].record;
        if (record->model == NULL || work_replaces(work, platform, &platform->own[i]) ||
            strcmp(record->layout, work->options->layout->name) != 0)
            continue;
        for (size_t k = 0; k < work->model_count; k++)
            if (strcmp(record->place, platform->trees[k].place) == 0)
                return error_set(err, ERROR_UNSUPPORTED,
                                 "%s holds '%s' already, and '%s' would be mixed with it; remove "
                                 "that one, or choose another --path",
                                 record->place, record->model, work->models[k].name);
    }
    return 0;
}

int platform_check(struct work *work, struct platform *platform, struct error *err)
{
    if (check_clashes(work, platform, err) < 0 || check_kept(work, platform, err) < 0)
        return -1;
    warn_of_groups(work, platform);
    warn_of_access(work, platform);
    warn_of_mounts(work, platform);
    tell_replaced(work, platform);
    return warn_of_files(work, platform, err);
}
