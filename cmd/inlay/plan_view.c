#include "plan_view.h"

#include "core/text.h"
#include "plan/plan.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

/* `names`: of all platforms that it is said of. */
static void print_platform(const struct preview_platform *platform, const char *names)
{
    CLEANUP(text)
    char *name = xasprintf("%s, %zu layer%s in the base", names, platform->base_layers,
                           platform->base_layers == 1 ? "" : "s");
    CLEANUP(text)
    char *user =
        xasprintf("%u:%u (%s)", platform->user.uid, platform->user.gid, platform->user.from);
    CLEANUP(text) char *home = xasprintf("%s (%s)", platform->home.path, platform->home.from);
    CLEANUP(text) char *owner = xasprintf("%u:%u", platform->owner.uid, platform->owner.gid);
    CLEANUP(text) char *links = table_join(&platform->links);
    CLEANUP(text) char *environment = table_join(&platform->environment);
    CLEANUP(text) char *start = container_start_format(&platform->start);
    CLEANUP(strings) struct strings places = STRINGS_INIT;

    strings_add_missing(&places, &platform->places);
    CLEANUP(text) char *place = table_join(&places);
    table_print_line("platform", name);
    table_print_line("user", user);
    table_print_line("home", home);
    table_print_line("place", place);
    table_print_line("owner", owner);
    table_print_line("links", links);
    table_print_line("sets", environment);
    table_print_line("starts", start);
}

static bool strings_agree(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool folders_agree(const struct preview_folders *a, const struct preview_folders *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct preview_folder *one = &a->items[i];
        const struct preview_folder *other = &b->items[i];
        if (strcmp(one->path, other->path) != 0 || one->mode != other->mode ||
            one->uid != other->uid || one->gid != other->gid || one->made != other->made)
            return false;
    }
    return true;
}

/* Whether the same is to be said of both. */
static bool platforms_agree(const struct preview_platform *a, const struct preview_platform *b)
{
    CLEANUP(text) char *one = container_start_format(&a->start);
    CLEANUP(text) char *other = container_start_format(&b->start);

    return a->user.uid == b->user.uid && a->user.gid == b->user.gid &&
           strcmp(a->user.from, b->user.from) == 0 && strcmp(a->home.path, b->home.path) == 0 &&
           strcmp(a->home.from, b->home.from) == 0 && a->owner.uid == b->owner.uid &&
           a->owner.gid == b->owner.gid && a->base_layers == b->base_layers &&
           strings_agree(&a->places, &b->places) && strings_agree(&a->links, &b->links) &&
           strings_agree(&a->environment, &b->environment) && strcmp(one, other) == 0 &&
           folders_agree(&a->folders, &b->folders);
}

static void print_folders(const struct preview_platform *platform)
{
    CLEANUP(table) struct table table = {.columns = 4};

    table_add(&table, "FOLDER");
    table_add(&table, "MODE");
    table_add(&table, "OWNER");
    table_add(&table, "STATE");
    for (size_t i = 0; i < platform->folders.count; i++) {
        const struct preview_folder *folder = &platform->folders.items[i];
        table_add(&table, folder->path);
        table_addf(&table, "%04o", folder->mode);
        table_addf(&table, "%u:%u", folder->uid, folder->gid);
        table_add(&table, folder->made ? "make" : "as in the base");
    }
    puts("");
    table_print(&table, table.columns);
}

static void print_license(const struct preview_model *model)
{
    const struct plan plan = {.license = model->license.ids, .license_name = model->license.name};
    CLEANUP(text) char *license = license_format(&plan);
    CLEANUP(text)
    char *line =
        xasprintf("%s%s", license, model->license.gate == PLAN_GATE_CLOSED ? ", gated" : "");

    table_print_line("license", line);
}

static void print_model(const struct preview_model *model)
{
    const char *ignored = NULL;
    CLEANUP(table) struct table table = {.columns = 3, .is_number = {false, true, false}};
    CLEANUP(text)
    char *summary = xasprintf("%.*s, %zu file%s, %s", COMMIT_SHOWN, plan_commit(model->commit).text,
                              model->files.count, model->files.count == 1 ? "" : "s",
                              text_format_size(model->files.size).text);

    puts("");
    table_print_line("model", model->title);
    bool has_commits = origin_has_commits(origin_from_record(model->name, &ignored));
    table_print_line(has_commits ? "commit" : "checksum", summary);
    print_license(model);
    if (model->left_out.count > 0) {
        CLEANUP(text)
        char *left_out = xasprintf("%zu file%s, %s", model->left_out.count,
                                   model->left_out.count == 1 ? "" : "s",
                                   text_format_size(model->left_out.size).text);
        table_print_line("left out", left_out);
    }
    puts("");
    table_add(&table, "FILE");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    for (size_t i = 0; i < model->files.count; i++) {
        table_add(&table, model->files.items[i].path);
        table_add(&table, text_format_size(model->files.items[i].size).text);
        table_add(&table, "take");
    }
    for (size_t i = 0; i < model->left_out.count; i++) {
        const struct preview_file *file = &model->left_out.items[i];
        table_add(&table, file->path);
        table_add(&table, file->size != SIZE_UNKNOWN ? text_format_size(file->size).text : "");
        table_add(&table, "leave out");
    }
    table_print(&table, table.columns);
}

static void print_companions(const struct companion_decisions *companions)
{
    static const char *const states[] = {[COMPANION_COMES] = "take",
                                         [COMPANION_NAMED] = "named in the call",
                                         [COMPANION_THERE] = "there already",
                                         [COMPANION_LEFT] = "leave out"};
    CLEANUP(table) struct table table = {.columns = 5, .is_number = {false, true}};

    if (companions->count == 0)
        return;
    table_add(&table, "COMPANION");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    table_add(&table, "OF");
    table_add(&table, "WHY");
    for (size_t i = 0; i < companions->count; i++) {
        const struct companion_decision *companion = &companions->items[i];
        bool is_known = companion->size != SIZE_UNKNOWN;
        table_add(&table, companion->title);
        table_add(&table, is_known ? text_format_size(companion->size).text : "");
        table_add(&table, states[companion->fate]);
        table_add(&table, companion->of);
        table_addf(&table, "%s: %s, %s", companion->file, companion->key, companion->reason);
    }
    puts("");
    table_print(&table, table.columns);
}

static void print_layers(const struct preview *preview)
{
    static const char *const states[] = {[LAYER_THERE] = "there already",
                                         [LAYER_COPIED] = "comes from the base",
                                         [LAYER_BUILT] = "build"};
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {false, true}};
    bool everywhere = true;

    table_add(&table, "LAYER");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    table_add(&table, "PLATFORMS");
    for (size_t i = 0; i < preview->layer_count; i++) {
        const struct preview_layer *layer = &preview->layers[i];
        CLEANUP(text) char *platforms = table_join(&layer->platforms);
        everywhere = everywhere && layer->platforms.count == preview->platform_count;
        table_add(&table, layer->title);
        table_add(&table, text_format_size(layer->size).text);
        table_addf(&table, "%s%s", states[layer->fate], layer->is_claim ? ", to be checked" : "");
        table_add(&table, platforms);
    }
    puts("");
    table_print(&table, everywhere ? 3 : 4);
}

/* Platforms of which the same is to be said are told of together. */
static void print_platforms(const struct preview *preview)
{
    const struct preview_platform *platforms = preview->platforms;

    for (size_t i = 0; i < preview->platform_count; i++) {
        CLEANUP(strings) struct strings names = STRINGS_INIT;
        size_t first = 0;
        while (first < i && !platforms_agree(&platforms[first], &platforms[i]))
            first++;
        if (first < i)
            continue;
        for (size_t k = i; k < preview->platform_count; k++)
            if (platforms_agree(&platforms[i], &platforms[k]))
                strings_add(&names, platforms[k].name);
        CLEANUP(text) char *title = table_join(&names);
        if (i > 0)
            puts("");
        print_platform(&platforms[i], title);
        print_folders(&platforms[i]);
    }
}

/* The lines of injecting that are in no table; warnings are on standard error. */
static void print_notes(const struct notes *notes)
{
    bool is_first = true;

    for (size_t i = 0; i < notes->count; i++) {
        if (notes->items[i].level == LOG_WARN || notes->items[i].is_fact)
            continue;
        if (is_first)
            puts("");
        is_first = false;
        table_print_line("note", notes->items[i].text);
    }
}

void plan_view_print(const struct preview *preview, bool has_target, bool may_mount)
{
    print_platforms(preview);
    for (size_t i = 0; i < preview->model_count; i++)
        print_model(&preview->models[i]);
    print_companions(&preview->companions);
    print_layers(preview);
    print_notes(&preview->notes);
    puts("");
    if (has_target)
        printf("base blobs: %zu, of which the target lacks %zu\n", preview->base.blobs,
               preview->base.blobs_missing);
    printf("would move: %s of model", text_format_size(preview->model_size).text);
    if (has_target)
        printf(", %s of base%s", text_format_size(preview->base_size).text,
               preview->base_size > 0 && may_mount ? " unless the registry can mount it" : "");
    puts("");
}
