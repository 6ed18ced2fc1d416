#include "project/lock.h"

#include "core/file.h"
#include "project/project_internal.h"

#include <string.h>

struct lock_model *lock_add_model(struct lock *lock)
{
    lock->models = xrealloc(lock->models, lock->model_count + 1, sizeof(*lock->models));
    lock->models[lock->model_count] = (struct lock_model){.plan = PLAN_INIT};
    return &lock->models[lock->model_count++];
}

void lock_model_release(struct lock_model *model)
{
    free(model->model);
    free(model->member);
    free(model->preset);
    strings_release(&model->companion_of);
    project_options_release(&model->options);
    plan_release(&model->plan);
    *model = (struct lock_model){.plan = PLAN_INIT};
}

void lock_model_copy(const struct lock_model *from, struct lock_model *to)
{
    to->model = text_copy(from->model);
    to->member = text_copy(from->member);
    to->preset = text_copy(from->preset);
    strings_add_all(&to->companion_of, &from->companion_of);
    project_options_copy(&from->options, &to->options);
    plan_copy(&from->plan, &to->plan);
}

static void image_release(struct lock_image *image)
{
    for (size_t i = 0; i < image->layer_count; i++) {
        free(image->layers[i].kind);
        free(image->layers[i].model);
    }
    free(image->layers);
    free(image->set);
    free(image->platform);
}

void lock_release_layers(struct lock *lock)
{
    for (size_t i = 0; i < lock->image_count; i++)
        image_release(&lock->images[i]);
    free(lock->images);
    free(lock->base);
    lock->images = NULL;
    lock->image_count = 0;
    lock->base = NULL;
}

void lock_release(struct lock *lock)
{
    for (size_t i = 0; i < lock->model_count; i++)
        lock_model_release(&lock->models[i]);
    lock_release_layers(lock);
    free(lock->models);
    free(lock->companions);
    project_options_release(&lock->place);
    *lock = (struct lock)LOCK_INIT;
}

static bool are_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same(const struct lock_model *one, const struct lock_model *other)
{
    static const char *const names[] = {"layout", "path", "as"};

    if (!are_equal(one->model, other->model) || !are_equal(one->member, other->member) ||
        !are_equal(one->preset, other->preset) ||
        (one->companion_of.count > 0) != (other->companion_of.count > 0))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!are_equal(project_options_find(&one->options, names[i]),
                       project_options_find(&other->options, names[i])))
            return false;
    return true;
}

struct lock_model *lock_find_model(const struct lock *lock, const struct lock_model *like)
{
    struct lock_model *found = NULL;

    for (size_t i = 0; i < lock->model_count; i++) {
        struct lock_model *model = &lock->models[i];
        if (is_same(model, like) &&
            (found == NULL || project_options_equal(&model->options, &like->options)))
            found = model;
    }
    return found;
}

const struct lock_layer *lock_find_layer(const struct lock *lock, const struct digest *recipe)
{
    for (size_t i = 0; i < lock->image_count; i++)
        for (size_t k = 0; k < lock->images[i].layer_count; k++)
            if (digest_equal(&lock->images[i].layers[k].recipe, recipe))
                return &lock->images[i].layers[k];
    return NULL;
}

char *lock_path(const char *project)
{
    static const char suffix[] = ".json";
    size_t size = strlen(project);

    if (text_ends_with(project, suffix))
        size -= strlen(suffix);
    return xasprintf("%.*s.lock.json", (int)size, project);
}

int lock_read(const char *path, struct lock *out, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (file_read_named(path, LOCK_SIZE_MAX, &text, err) < 0)
        return -1;
    if (lock_parse(buf_text(&text), text.size, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

int lock_write(const char *path, const struct lock *lock, struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is written */
    CLEANUP(buf) struct buf before = BUF_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    lock_format(lock, &text);
    if (text.size > LOCK_SIZE_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' would have %s, more than the %s that are read", path,
                         text_format_size(text.size).text, text_format_size(LOCK_SIZE_MAX).text);
    if (file_read(path, LOCK_SIZE_MAX, &before, &ignored) == 0 && before.size == text.size &&
        memcmp(before.data, text.data, text.size) == 0)
        return 0;
    return file_replace_named(path, text.data, text.size, err);
}
