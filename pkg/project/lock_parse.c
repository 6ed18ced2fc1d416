#include "project/lock.h"

#include "project/project_internal.h"

#include <string.h>

/* "sha256:…", or the 40 hex digits of git's name of a blob. */
static int take_digest(const json_t *object, const char *at, const char *name, struct digest *out,
                       struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *text = NULL;

    if (members_take_text(object, at, name, true, &text, err) < 0)
        return -1;
    int result = text_is_hex(text, GIT_OID_HEX) ? digest_parse_hex(DIGEST_GIT_SHA1, text, out, &why)
                                                : digest_parse(text, out, &why);
    if (result == 0)
        return 0;
    CLEANUP(text) char *place = members_place(at, name);
    return error_set(err, ERROR_CORRUPT, "'%s': %s", place, why.text);
}

/* A member that is null or not there stays NULL. */
static int take_maybe(const json_t *object, const char *at, const char *name, char **out,
                      struct error *err)
{
    if (json_is_null(json_object_get(object, name)))
        return 0;
    return members_take_text(object, at, name, false, out, err);
}

static int parse_file(json_t *json, const char *at, struct plan *plan, struct error *err)
{
    static const char *const known[] = {"path", "size", "digest", "blob_id", NULL};
    CLEANUP(text) char *path = NULL;
    CLEANUP(text) char *blob = NULL;
    struct plan_file file = {.path = NULL};

    if (members_check(json, at, known, err) < 0 ||
        members_take_text(json, at, "path", true, &path, err) < 0 ||
        members_take_number(json, at, "size", &file.size, err) < 0 ||
        take_digest(json, at, "digest", &file.digest, err) < 0 ||
        members_take_text(json, at, "blob_id", false, &blob, err) < 0)
        return -1;
    if (blob != NULL && !text_is_hex(blob, GIT_OID_HEX))
        return error_set(err, ERROR_CORRUPT,
                         "'%s.blob_id' is not what it has to be, expected 40 hex digits", at);
    if (blob != NULL)
        memcpy(file.blob_id, blob, sizeof(file.blob_id));
    file.path = path;
    plan_add(plan, &file);
    return 0;
}

/* What images are cut from: files in the order of their paths, which nothing may be made of. */
static int check_files(const struct plan *plan, const char *at, struct error *err)
{
    if (plan->count == 0)
        return error_set(err, ERROR_CORRUPT,
                         "'%s.files' is not what it has to be, expected a list with something in "
                         "it",
                         at);
    for (size_t i = 1; i < plan->count; i++)
        if (strcmp(plan->files[i - 1].path, plan->files[i].path) > 0)
            return error_set(err, ERROR_CORRUPT,
                             "'%s.files[%zu]' is out of its order, which is that of the paths' "
                             "bytes",
                             at, i);
    return plan_check(plan, err) < 0 ? error_wrap(err, "'%s.files'", at) : 0;
}

static int parse_files(const json_t *json, const char *at, struct plan *plan, struct error *err)
{
    json_t *list = NULL;

    if (members_take_list(json, at, "files", true, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLEANUP(text) char *place = xasprintf("%s.files[%zu]", at, i);
        if (parse_file(json_array_get(list, i), place, plan, err) < 0)
            return -1;
    }
    return check_files(plan, at, err);
}

static int parse_pin(const json_t *json, const char *at, struct plan *plan, struct error *err)
{
    struct digest ignored;

    if (members_take_text(json, at, "pin", true, &plan->pin, err) < 0)
        return -1;
    return text_is_hex(plan->pin, GIT_OID_HEX) ? 0 : take_digest(json, at, "pin", &ignored, err);
}

static int parse_options(const json_t *json, const char *at, const char *name,
                         const struct member *members, struct project_options *out,
                         struct error *err)
{
    CLEANUP(text) char *place = members_place(at, name);
    json_t *options = json_object_get(json, name);

    return options != NULL ? options_take(options, place, members, NULL, out, err) : 0;
}

static int parse_model(json_t *json, const char *at, struct lock_model *out, struct error *err)
{
    static const char *const known[] = {"model",   "member",   "preset",        "companion_of",
                                        "options", "pin",      "license",       "license_name",
                                        "files",   "left_out", "left_out_size", NULL};
    struct plan *plan = &out->plan;

    if (members_check(json, at, known, err) < 0 ||
        members_take_text(json, at, "model", true, &out->model, err) < 0 ||
        members_take_text(json, at, "member", false, &out->member, err) < 0 ||
        members_take_text(json, at, "preset", false, &out->preset, err) < 0 ||
        members_take_texts(json, at, "companion_of", &out->companion_of, err) < 0 ||
        parse_options(json, at, "options", model_members, &out->options, err) < 0 ||
        parse_pin(json, at, plan, err) < 0 ||
        take_maybe(json, at, "license", &plan->license, err) < 0 ||
        take_maybe(json, at, "license_name", &plan->license_name, err) < 0 ||
        parse_files(json, at, plan, err) < 0 ||
        members_take_texts(json, at, "left_out", &plan->left_out, err) < 0)
        return -1;
    if (plan->left_out.count == 0)
        return 0;
    return members_take_number(json, at, "left_out_size", &plan->left_out_size, err);
}

static int parse_models(const json_t *json, struct lock *out, struct error *err)
{
    json_t *list = NULL;

    if (members_take_list(json, "", "models", true, &list, err) < 0)
        return -1;
    if (json_array_size(list) > LOCK_MODELS_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "it names more than the %zu models that are read",
                         LOCK_MODELS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLEANUP(text) char *place = xasprintf("models[%zu]", i);
        if (parse_model(json_array_get(list, i), place, lock_add_model(out), err) < 0)
            return -1;
    }
    return 0;
}

static int parse_layer(json_t *json, const char *at, struct lock_layer *out, struct error *err)
{
    static const char *const known[] = {"kind", "model", "recipe", "diff_id", NULL};

    if (members_check(json, at, known, err) < 0 ||
        members_take_text(json, at, "kind", true, &out->kind, err) < 0 ||
        take_maybe(json, at, "model", &out->model, err) < 0 ||
        take_digest(json, at, "recipe", &out->recipe, err) < 0)
        return -1;
    if (json_is_null(json_object_get(json, "diff_id")))
        return 0;
    return take_digest(json, at, "diff_id", &out->diff_id, err);
}

static int parse_image(json_t *json, const char *at, struct lock_image *out, struct error *err)
{
    static const char *const known[] = {"set", "platform", "layers", NULL};
    json_t *list = NULL;

    if (members_check(json, at, known, err) < 0 ||
        take_maybe(json, at, "set", &out->set, err) < 0 ||
        members_take_text(json, at, "platform", true, &out->platform, err) < 0 ||
        members_take_list(json, at, "layers", true, &list, err) < 0)
        return -1;
    out->layers = xcalloc(json_array_size(list), sizeof(*out->layers));
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLEANUP(text) char *place = xasprintf("%s.layers[%zu]", at, i);
        if (parse_layer(json_array_get(list, i), place, &out->layers[out->layer_count++], err) < 0)
            return -1;
    }
    return 0;
}

static int parse_images(const json_t *json, struct lock *out, struct error *err)
{
    json_t *list = NULL;

    if (members_take_list(json, "", "images", false, &list, err) < 0)
        return -1;
    out->images = xcalloc(json_array_size(list), sizeof(*out->images));
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLEANUP(text) char *place = xasprintf("images[%zu]", i);
        if (parse_image(json_array_get(list, i), place, &out->images[out->image_count++], err) < 0)
            return -1;
    }
    return 0;
}

static int parse_base(json_t *json, struct lock *out, struct error *err)
{
    static const char *const known[] = {"name", "digest", NULL};
    json_t *base = json_object_get(json, "base");

    if (base == NULL)
        return 0;
    if (members_check(base, "base", known, err) < 0 ||
        members_take_text(base, "base", "name", true, &out->base, err) < 0)
        return -1;
    return take_digest(base, "base", "digest", &out->base_digest, err);
}

static int parse_companions(const json_t *json, struct lock *out, struct error *err)
{
    static const char *const known[] = {"all", "none", NULL};

    if (members_take_text(json, "", "companions", false, &out->companions, err) < 0)
        return -1;
    if (out->companions == NULL || text_is_among(out->companions, known))
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "'companions' is not what it has to be, expected \"all\" or \"none\"");
}

static int parse_document(json_t *json, struct lock *out, struct error *err)
{
    static const char *const known[] = {"version", "companions", "place", "models",
                                        "base",    "images",     NULL};

    if (members_check_version(json, LOCK_VERSION, err) < 0 ||
        members_check(json, "", known, err) < 0 || parse_companions(json, out, err) < 0 ||
        parse_options(json, "", "place", place_members, &out->place, err) < 0 ||
        parse_models(json, out, err) < 0 || parse_base(json, out, err) < 0)
        return -1;
    return parse_images(json, out, err);
}

int lock_parse(const char *text, size_t size, struct lock *out, struct error *err)
{
    CLEANUP(lock) struct lock lock = LOCK_INIT;
    json_auto_t *json = NULL;

    if (members_parse(text, size, "lock", &json, err) < 0 || parse_document(json, &lock, err) < 0)
        return -1;
    *out = lock;
    lock = (struct lock)LOCK_INIT;
    return 0;
}
