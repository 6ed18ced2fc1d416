#include "layout/layout_internal.h"

#include <jansson.h>
#include <string.h>

/*
 * The cache of the Hub's Python client, as its releases from 0.12 on write and read it:
 * models--org--name/ with blobs/, snapshots/, refs/ and trees/.
 */

static const struct place_rule rules[] = {
    {"HF_HUB_CACHE", "", true}, {"HUGGINGFACE_HUB_CACHE", "", true},
    {"HF_HOME", "/hub", true},  {"XDG_CACHE_HOME", "/huggingface/hub", true},
    {NULL, NULL, false},
};

/* What some loaders let decide before all of these; none of them expands anything. */
static const char *const elsewhere_variables[] = {
    "SENTENCE_TRANSFORMERS_HOME",
    "TRANSFORMERS_CACHE",
    "PYTORCH_TRANSFORMERS_CACHE",
    "PYTORCH_PRETRAINED_BERT_CACHE",
};

/* One arrangement under way. */
struct arrangement {
    const struct plan *plan;
    const struct home *home;
    struct tree *tree;
    char *model; /* the model's own folder as a path in the image */
};

static void arrangement_release(struct arrangement *arrangement)
{
    free(arrangement->model);
    arrangement->model = NULL;
}
CLEANUP_RELEASE(arrangement)

static void add_folder(const struct arrangement *to, const char *name)
{
    tree_add_own(to->tree, to->home,
                 (struct tree_entry){
                     .type = TREE_FOLDER,
                     .path = xasprintf("%s/%s", to->model, name),
                 });
}

static void add_text(const struct arrangement *to, const char *folder, const char *name,
                     const char *text)
{
    tree_add_own(to->tree, to->home,
                 (struct tree_entry){
                     .type = TREE_TEXT,
                     .path = xasprintf("%s/%s/%s", to->model, folder, name),
                     .text = xstrdup(text),
                 });
}

/* "models--org--name"; caller frees. */
static char *folder_name(const struct plan *plan)
{
    CLEANUP(buf) struct buf name = BUF_INIT;

    buf_add_text(&name, plan->type == REPO_DATASET ? "datasets--" : "models--");
    for (const char *at = plan->id; *at != '\0'; at++)
        buf_add(&name, *at == '/' ? "--" : at, *at == '/' ? 2 : 1);
    return buf_take(&name);
}

static int check_plan(const struct plan *plan, const char *folder, struct error *err)
{
    if (!parts_are_usable(folder))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be the name of a folder", folder);
    if (!text_is_hex(plan->commit, GIT_OID_HEX))
        return error_set(err, ERROR_CORRUPT,
                         "commit '%s' of '%s' is not one, expected %d hex digits", plan->commit,
                         plan->id, GIT_OID_HEX);
    if (!parts_are_usable(plan->revision))
        return error_set(err, ERROR_UNSUPPORTED, "revision '%s' of '%s' cannot be a path in refs/",
                         plan->revision, plan->id);
    if (plan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no files", plan->id);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->files[i].digest.algorithm != DIGEST_SHA256 &&
            plan->files[i].digest.algorithm != DIGEST_GIT_SHA1)
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' has a digest of type %s, blobs are named by sha256 or git-sha1",
                             plan->files[i].path,
                             digest_algorithm_name(plan->files[i].digest.algorithm));
    return 0;
}

struct blob {
    struct digest_text name;
    size_t file;
};

static int compare_blobs(const void *a, const void *b)
{
    const struct blob *left = a;
    const struct blob *right = b;
    int order = strcmp(left->name.text, right->name.text);

    if (order != 0)
        return order;
    return left->file < right->file ? -1 : left->file > right->file;
}

static void blobs_cleanup(struct blob **blobs)
{
    free(*blobs);
}

/* Each content once, whatever the number of paths that have it. */
static int add_blobs(const struct arrangement *to, struct error *err)
{
    const struct plan_file *files = to->plan->files;
    CLEANUP(blobs) struct blob *blobs = xcalloc(to->plan->count, sizeof(*blobs));

    for (size_t i = 0; i < to->plan->count; i++)
        blobs[i] = (struct blob){digest_format_hex(&files[i].digest), i};
    qsort(blobs, to->plan->count, sizeof(*blobs), compare_blobs);

    add_folder(to, "blobs");
    for (size_t i = 0; i < to->plan->count; i++) {
        const struct plan_file *file = &files[blobs[i].file];
        if (i == 0 || strcmp(blobs[i - 1].name.text, blobs[i].name.text) != 0)
            tree_add_own(to->tree, to->home,
                         (struct tree_entry){
                             .type = TREE_FILE,
                             .path = xasprintf("%s/blobs/%s", to->model, blobs[i].name.text),
                             .file = blobs[i].file,
                         });
        else if (file->size != files[blobs[i - 1].file].size)
            return error_set(err, ERROR_CORRUPT, "'%s' and '%s' have one digest and two sizes",
                             files[blobs[i - 1].file].path, file->path);
    }
    return 0;
}

/* From the folder of the link to the blob; caller frees. */
static char *link_target(const struct plan_file *file)
{
    CLEANUP(buf) struct buf target = BUF_INIT;

    buf_add_text(&target, "../../");
    for (const char *at = file->path; *at != '\0'; at++)
        if (*at == '/')
            buf_add_text(&target, "../");
    buf_addf(&target, "blobs/%s", digest_format_hex(&file->digest).text);
    return buf_take(&target);
}

static void add_snapshot(const struct arrangement *to)
{
    CLEANUP(text) char *base = xasprintf("%s/snapshots/%s", to->model, to->plan->commit);
    const char *previous = NULL;

    add_folder(to, "snapshots");
    tree_add_own(to->tree, to->home,
                 (struct tree_entry){.type = TREE_FOLDER, .path = xstrdup(base)});
    for (size_t i = 0; i < to->plan->count; i++) {
        const struct plan_file *file = &to->plan->files[i];
        tree_add_parents(to->tree, to->home, base, file->path, previous);
        tree_add_own(to->tree, to->home,
                     (struct tree_entry){
                         .type = TREE_LINK,
                         .path = xasprintf("%s/%s", base, file->path),
                         .text = link_target(file),
                     });
        previous = file->path;
    }
}

/* No newline: readers would look for a snapshot whose name ends in one. */
static void add_refs(const struct arrangement *to, bool as_main)
{
    CLEANUP(text) char *base = xasprintf("%s/refs", to->model);
    const struct plan *plan = to->plan;

    add_folder(to, "refs");
    tree_add_parents(to->tree, to->home, base, plan->revision, NULL);
    add_text(to, "refs", plan->revision, plan->commit);
    if (as_main && strcmp(plan->revision, "main") != 0)
        add_text(to, "refs", "main", plan->commit);
}

/* A list that names less than the commit has would hide the rest from clients for good. */
static bool is_listable(const struct plan *plan)
{
    if (plan->left_out.count > 0)
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_file *file = &plan->files[i];
        if (!text_is_hex(file->blob_id, GIT_OID_HEX) || file->size > INT64_MAX)
            return false;
        if (file->digest.algorithm == DIGEST_GIT_SHA1 &&
            strcmp(file->blob_id, digest_format_hex(&file->digest).text) != 0)
            return false;
    }
    return true;
}

static json_t *listed_file(const struct plan_file *file)
{
    json_t *out = json_pack("{s:I, s:s}", "size", (json_int_t)file->size, "blob_id", file->blob_id);

    if (file->digest.algorithm == DIGEST_SHA256) {
        json_object_set_new(out, "lfs_sha256", json_string(digest_format_hex(&file->digest).text));
        json_object_set_new(out, "lfs_size", json_integer((json_int_t)file->size));
    }
    /* One malformed hash would make the client ignore the whole list. */
    if (text_is_hex(file->xet_hash, XET_HASH_HEX))
        json_object_set_new(out, "xet_hash", json_string(file->xet_hash));
    return out;
}

/* The list of the commit's files that clients keep from 1.22 on. */
static int add_list(const struct arrangement *to, struct error *err)
{
    const struct plan *plan = to->plan;
    json_auto_t *list = json_pack("{s:i, s:{}}", "format_version", 1, "files");
    json_t *files = json_object_get(list, "files");

    for (size_t i = 0; i < plan->count; i++)
        if (json_object_set_new(files, plan->files[i].path, listed_file(&plan->files[i])) < 0)
            return error_set(err, ERROR_CORRUPT, "path '%s' is not UTF-8", plan->files[i].path);

    CLEANUP(text) char *name = xasprintf("%s.json", plan->commit);
    CLEANUP(text) char *text = json_dumps(list, JSON_INDENT(1));
    if (text == NULL)
        return error_set(err, ERROR_INTERNAL, "the list of '%s' could not be written as JSON",
                         plan->id);
    add_folder(to, "trees");
    add_text(to, "trees", name, text);
    return 0;
}

static int arrange(const struct layout_request *request, struct tree *out, struct error *err)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(arrangement) struct arrangement to = {request->plan, request->home, &tree, NULL};
    CLEANUP(text) char *folder = folder_name(request->plan);

    if (check_plan(request->plan, folder, err) < 0 ||
        place_find(request->home, rules, "/.cache/huggingface/hub", &tree.place, err) < 0)
        return -1;
    CLEANUP(text) char *prefix = place_prefix(tree.place);
    to.model = xasprintf("%s%s", prefix, folder);

    tree_add_above(&tree, request->home);
    tree_add_shared(&tree, request->home, xasprintf("%s.locks", prefix));
    /* Clients from 0.32 to 1.24 make this folder before they look whether the file is there. */
    tree_add_own(&tree, request->home,
                 (struct tree_entry){
                     .type = TREE_FOLDER,
                     .path = xasprintf("%s.locks/%s", prefix, folder),
                 });
    tree_add_own(&tree, request->home,
                 (struct tree_entry){.type = TREE_FOLDER, .path = xstrdup(to.model)});
    if (add_blobs(&to, err) < 0)
        return -1;
    add_snapshot(&to);
    add_refs(&to, request->as_main);
    if (is_listable(request->plan) && add_list(&to, err) < 0)
        return -1;
    if (tree_sort(&tree, err) < 0)
        return -1;

    tree_release(out);
    *out = tree;
    tree = (struct tree)TREE_INIT;
    return 0;
}

static char *model_id(const char *id)
{
    return xstrdup(id);
}

static void elsewhere(const struct home *home, struct strings *variables, struct strings *paths)
{
    CLEANUP(text) char *place = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    /* Without a place nothing is written, and arrange() says why. */
    if (place_find(home, rules, "/.cache/huggingface/hub", &place, &err) < 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(elsewhere_variables); i++) {
        const char *value = home_variable(home, elsewhere_variables[i]);
        if (value == NULL)
            continue;
        CLEANUP(text) char *path = place_from_value(value);
        if (path != NULL && strcmp(path, place) == 0)
            continue;
        strings_add(variables, elsewhere_variables[i]);
        strings_add(paths, path != NULL ? path : "");
    }
}

const struct layout layout_huggingface = {
    .name = "huggingface",
    .summary = "the Hub's own cache: transformers, diffusers, vLLM, sentence-transformers from 2.3",
    .cache_variable = "HF_HUB_CACHE",
    .offline_variable = "HF_HUB_OFFLINE",
    .weights = PLAN_PREFER_SAFETENSORS,
    .model_id = model_id,
    .arrange = arrange,
    .elsewhere = elsewhere,
};
