#include "verify/verify_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *verify_kind_name(enum verify_kind kind)
{
    switch (kind) {
    case VERIFY_LAYER:
        return "broken-layer";
    case VERIFY_RECORD:
        return "wrong-record";
    case VERIFY_USER:
        return "unknown-user";
    case VERIFY_PLACE:
        return "elsewhere";
    case VERIFY_HIDDEN:
        return "hidden";
    case VERIFY_REPLACED:
        return "replaced";
    case VERIFY_MISSING:
        return "missing";
    case VERIFY_DIGEST:
        return "wrong-digest";
    case VERIFY_LINK:
        return "dangling-link";
    case VERIFY_REF:
        return "wrong-ref";
    case VERIFY_UNEXPECTED:
        return "unexpected";
    case VERIFY_UNREADABLE:
        return "unreadable";
    case VERIFY_UNWRITABLE:
        return "unwritable";
    case VERIFY_FOLDER:
        return "changed-folder";
    case VERIFY_HUB:
        return "not-the-hubs";
    case VERIFY_STATEMENT:
        return "not-as-stated";
    case VERIFY_SIGNATURE:
        return "not-signed";
    case VERIFY_UNCHECKED:
        return "unchecked";
    case VERIFY_NOT_BAKED:
        return "not-baked";
    case VERIFY_COMPANION:
        return "no-companion";
    }
    abort();
}

void findings_release(struct verify_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].path);
        free(findings->items[i].text);
    }
    free(findings->items);
    *findings = (struct verify_findings){NULL, 0};
}

void findings_move(struct verify_findings *findings, struct verify_findings *from)
{
    if (from->count > 0)
        findings->items =
            xrealloc(findings->items, findings->count + from->count, sizeof(*findings->items));
    for (size_t i = 0; i < from->count; i++)
        findings->items[findings->count++] = from->items[i];
    free(from->items);
    *from = (struct verify_findings){NULL, 0};
}

static void model_release(struct verify_model *model)
{
    free(model->name);
    free(model->source);
    free(model->commit);
    free(model->layout);
    free(model->place);
    free(model->path);
    free(model->canonical);
    strings_release(&model->links);
    strings_release(&model->paths);
    strings_release(&model->refs);
    strings_release(&model->suspect);
    free(model->license);
    free(model->license_name);
    strings_release(&model->notes);
    findings_release(&model->findings);
}

static void platform_release(struct verify_platform *platform)
{
    for (size_t i = 0; i < platform->model_count; i++)
        model_release(&platform->models[i]);
    free(platform->models);
    free(platform->name);
    free(platform->user);
    free(platform->user_from);
    free(platform->home);
    free(platform->home_from);
    findings_release(&platform->findings);
    findings_release(&platform->missing);
}

void verify_result_release(struct verify_result *result)
{
    for (size_t i = 0; i < result->platform_count; i++)
        platform_release(&result->platforms[i]);
    free(result->platforms);
    strings_release(&result->missing);
    *result = (struct verify_result)VERIFY_RESULT_INIT;
}

void findings_add(struct verify_findings *findings, enum verify_kind kind, const char *path,
                  const char *format, ...)
{
    struct verify_finding finding = {.kind = kind};
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&finding.text, format, arguments) < 0)
        abort();
    va_end(arguments);
    text_mask(finding.text);
    if (path != NULL)
        finding.path = xasprintf("/%s", path);
    findings->items = xrealloc(findings->items, findings->count + 1, sizeof(*findings->items));
    findings->items[findings->count++] = finding;
}

bool error_is_finding(const struct error *err)
{
    return err->kind == ERROR_CORRUPT || err->kind == ERROR_UNSUPPORTED ||
           err->kind == ERROR_NOT_FOUND;
}

int findings_take(struct verify_findings *findings, enum verify_kind kind, struct error *why,
                  struct error *err)
{
    if (!error_is_finding(why))
        return error_move(err, why);
    findings_add(findings, why->kind == ERROR_CORRUPT ? VERIFY_LAYER : kind, NULL, "%s", why->text);
    return 0;
}

static bool is_of_model(const struct verify_model *model, const struct layer_record *record)
{
    return strcmp(model->name, record->model) == 0 && strcmp(model->commit, record->commit) == 0 &&
           strcmp(model->layout, record->layout) == 0 && strcmp(model->place, record->place) == 0;
}

/* The models that the image records, in the order of their layers. */
static void list_models(struct verify_platform *platform, const struct check *check)
{
    for (size_t i = 0; i < check->own_count; i++) {
        const struct layer_record *record = &check->own[i].record;
        const char *name;
        bool known = record->model == NULL; /* the folders are the image's */
        for (size_t k = 0; k < platform->model_count && !known; k++)
            known = is_of_model(&platform->models[k], record);
        if (known)
            continue;
        platform->models =
            xrealloc(platform->models, platform->model_count + 1, sizeof(*platform->models));
        struct verify_model *model = &platform->models[platform->model_count++];
        *model = (struct verify_model){
            .kind = origin_from_record(record->model, &name),
            .name = xstrdup(record->model),
            .source = xstrdup(record->source != NULL ? record->source : "hub"),
            .commit = xstrdup(record->commit),
            .layout = xstrdup(record->layout),
            .place = xstrdup(record->place),
        };
        for (size_t k = 0; k < record->also.count; k++)
            strings_add(&model->links, record->also.items[k]);
    }
}

static int check_image(struct check *check, struct rootfs *known, struct error *err)
{
    struct verify_platform *platform = check->platform;
    bool readable = false;

    if (check_open(check, known, err) < 0)
        return -1;
    list_models(platform, check);
    check_statements(check);
    check_signatures(check);
    if (platform->model_count == 0)
        return 0;
    if (check_read(check, &readable, err) < 0)
        return -1;
    for (size_t i = 0; i < platform->model_count && readable; i++)
        if (check_model(check, &platform->models[i], err) < 0)
            return error_wrap(err, "'%s'", platform->models[i].name);
    return 0;
}

/* One check an image, each taking over what the one before has read. */
static int check_images(const struct verify_options *options, struct image_tree *const *images,
                        struct check *checks, size_t count, struct strings *missing,
                        struct error *err)
{
    struct rootfs *known = NULL;

    for (size_t i = 0; i < count; i++) {
        struct check *check = &checks[i];
        check->options = options;
        check->loaded = images[i];
        check->platform->name = xstrdup(image_platform(images[i]->image));
        check->platform->digest = images[i]->document.descriptor.digest;
        if (check_image(check, known, err) < 0)
            return error_wrap(err, "%s", check->platform->name);
        check_demands(check, missing);
        if (check->base != NULL)
            known = check->base;
    }
    return 0;
}

static bool same_model(const struct verify_model *a, const struct verify_model *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->commit, b->commit) == 0 &&
           strcmp(a->layout, b->layout) == 0 && strcmp(a->place, b->place) == 0;
}

/* Is this the first time that the model occurs? *wrong: is anything wrong with it anywhere? */
static bool is_first(const struct verify_result *result, const struct verify_model *model,
                     bool *wrong)
{
    const struct verify_model *first = NULL;

    *wrong = false;
    for (size_t i = 0; i < result->platform_count; i++) {
        const struct verify_platform *platform = &result->platforms[i];
        for (size_t k = 0; k < platform->model_count; k++) {
            const struct verify_model *other = &platform->models[k];
            if (!same_model(model, other))
                continue;
            first = first != NULL ? first : other;
            *wrong = *wrong || other->findings.count > 0 || platform->findings.count > 0;
        }
    }
    return first == model;
}

static void count_all(struct verify_result *result)
{
    for (size_t i = 0; i < result->platform_count; i++) {
        const struct verify_platform *platform = &result->platforms[i];
        result->finding_count += platform->findings.count + platform->missing.count;
        for (size_t k = 0; k < platform->model_count; k++) {
            const struct verify_model *model = &platform->models[k];
            bool wrong = false;
            bool first = is_first(result, model, &wrong);
            result->finding_count += model->findings.count;
            result->model_count += first;
            result->wrong_model_count += first && wrong;
        }
    }
}

/* The images among the documents; the caller frees the array. */
static struct image_tree **only_images(struct image_tree *loaded, size_t *count)
{
    struct image_tree **list = NULL;
    size_t found = 0;

    image_tree_list(loaded, &list, count);
    for (size_t i = 0; i < *count; i++)
        if (list[i]->image != NULL)
            list[found++] = list[i];
    *count = found;
    return list;
}

static int run(const struct verify_options *options, struct image_tree *const *images, size_t count,
               struct verify_result *result, struct error *err)
{
    struct check *checks = xcalloc(count, sizeof(*checks));
    struct hub_model *hub = NULL;
    size_t hub_count = 0;
    int status = 0;

    result->platforms = xcalloc(count, sizeof(*result->platforms));
    result->platform_count = count;
    if (options->open_source != NULL)
        status = hub_list(options, images, count, &hub, &hub_count, err);
    for (size_t i = 0; i < count; i++) {
        checks[i].platform = &result->platforms[i];
        checks[i].root = &result->manifest.digest;
        checks[i].hub = hub;
        checks[i].hub_count = hub_count;
    }
    if (status == 0)
        status = check_images(options, images, checks, count, &result->missing, err);
    for (size_t i = count; i > 0; i--)
        check_release(&checks[i - 1]);
    free(checks);
    hub_free(hub, hub_count);
    return status;
}

int verify_run(const struct verify_options *options, struct verify_result *out, struct error *err)
{
    CLEANUP(image_tree) struct image_tree *loaded = NULL;
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(text) char *title = image_tree_title(options->store, options->version);
    size_t count = 0;

    if (image_tree_open(options->store, options->version, IMAGE_TREE_WHOLE, &loaded, err) < 0)
        return image_tree_wrap("the image", options->store, options->version, err);
    result.manifest = loaded->document.descriptor;
    struct image_tree **images = only_images(loaded, &count);
    int status = run(options, images, count, &result, err);
    free(images);
    if (status < 0)
        return error_wrap(err, "the image %s", title);
    count_all(&result);
    verify_result_release(out);
    *out = result;
    result = (struct verify_result)VERIFY_RESULT_INIT;
    return 0;
}
