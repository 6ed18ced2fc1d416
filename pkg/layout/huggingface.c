#include "layout/layout_internal.h"

#include <jansson.h>
#include <string.h>

#define BELOW_HOME "/.cache/huggingface/hub"
#define LOCKS ".locks"

/*
 * The cache of the Hub's Python client, as its releases from 0.12 on write and read it:
 * models--org--name/ with blobs/, snapshots/, refs/ and trees/.
 */

const struct place_rule hub_places[] = {
    {"HF_HUB_CACHE", "", true, false, false},
    {"HUGGINGFACE_HUB_CACHE", "", true, false, false},
    {"HF_HOME", "/hub", true, false, false},
    {"XDG_CACHE_HOME", "/huggingface/hub", true, false, false},
    {NULL, NULL, false, false, false},
};

/*
 * What some loaders of the Hub's tree let decide before all of these, or in their place, as the
 * crate hf-hub HF_HOME alone; none of them expands anything.
 */
static const struct {
    const char *variable;
    const char *below;
    bool follows; /* its loader looks in the Hub's own cache while it is not set */
} alternate_places[] = {
    {"SENTENCE_TRANSFORMERS_HOME", "", true},
    {"TRANSFORMERS_CACHE", "", true},
    {"PYTORCH_TRANSFORMERS_CACHE", "", true},
    {"PYTORCH_PRETRAINED_BERT_CACHE", "", true},
    {"FASTEMBED_CACHE_PATH", "", false},
    {"LLAMA_INDEX_CACHE_DIR", "", false},
    {"HF_HOME", "/hub", false},
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
char *hub_folder_name(enum origin_kind kind, const char *id)
{
    CLEANUP(buf) struct buf name = BUF_INIT;

    buf_add_text(&name, kind == ORIGIN_HUB_DATASET ? "datasets--" : "models--");
    for (const char *at = id; *at != '\0'; at++)
        buf_add(&name, *at == '/' ? "--" : at, *at == '/' ? 2 : 1);
    return buf_take(&name);
}

static int check_plan(const struct plan *plan, const char *folder, struct error *err)
{
    if (!parts_are_usable(folder))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be the name of a folder", folder);
    if (plan_commit(plan->pin).text[0] == '\0')
        return error_set(err, ERROR_CORRUPT, "commit '%s' is not one, expected %d hex digits",
                         plan->pin, GIT_OID_HEX);
    if (!parts_are_usable(plan_ref(plan)))
        return error_set(err, ERROR_UNSUPPORTED, "revision '%s' cannot be a path in refs/",
                         plan_ref(plan));
    if (plan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "it has no files");
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

/*
 * model2vec takes the snapshot with the newest time, whatever the refs say: with two in an image it
 * is to be that of "main".
 */
static void add_snapshot(const struct arrangement *to, bool is_main)
{
    CLEANUP(text)
    char *base = xasprintf("%s/snapshots/%s", to->model, plan_commit(to->plan->pin).text);
    const char *previous = NULL;

    add_folder(to, "snapshots");
    tree_add_own(
        to->tree, to->home,
        (struct tree_entry){.type = TREE_FOLDER, .path = xstrdup(base), .newest = is_main});
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
    const struct plan_commit commit = plan_commit(plan->pin);

    tree_add_parents(to->tree, to->home, base, plan_ref(plan), NULL);
    add_text(to, "refs", plan_ref(plan), commit.text);
    if (as_main && strcmp(plan_ref(plan), "main") != 0)
        add_text(to, "refs", "main", commit.text);
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

/*
 * Only what the commit decides on. "xet_hash" is left out: the Hub adds it when it moves a file's
 * storage to Xet, mirrors may lack it, and clients ask the Hub for it when they download.
 */
static json_t *listed_file(const struct plan_file *file)
{
    json_t *out = json_pack("{s:I, s:s}", "size", (json_int_t)file->size, "blob_id", file->blob_id);

    if (file->digest.algorithm == DIGEST_SHA256) {
        json_object_set_new(out, "lfs_sha256", json_string(digest_format_hex(&file->digest).text));
        json_object_set_new(out, "lfs_size", json_integer((json_int_t)file->size));
    }
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

    CLEANUP(text) char *name = xasprintf("%s.json", plan_commit(plan->pin).text);
    CLEANUP(text) char *text = json_dumps(list, JSON_INDENT(1));
    if (text == NULL)
        return error_set(err, ERROR_INTERNAL, "its list of files could not be written as JSON");
    add_folder(to, "trees");
    add_text(to, "trees", name, text);
    return 0;
}

/*
 * The model's own folder, and beside it that of its locks: clients from 0.32 to 1.24 make this
 * before they look whether the file is there. Where a loader has a cache for each model, both are
 * in a folder that is the model's as well.
 */
static void add_folders(const struct arrangement *to, const char *prefix, const char *folder)
{
    const char *slash = strrchr(folder, '/');
    size_t above = slash != NULL ? (size_t)(slash - folder) + 1 : 0;
    CLEANUP(text) char *cache = xasprintf("%s%.*s", prefix, (int)above, folder);

    if (above == 0)
        tree_add_shared(to->tree, to->home, xasprintf("%s" LOCKS, cache));
    else
        tree_add_parents(to->tree, to->home, to->tree->place + 1, folder, NULL);
    if (above != 0)
        tree_add_own(
            to->tree, to->home,
            (struct tree_entry){.type = TREE_FOLDER, .path = xasprintf("%s" LOCKS, cache)});
    tree_add_own(to->tree, to->home,
                 (struct tree_entry){
                     .type = TREE_FOLDER,
                     .path = xasprintf("%s" LOCKS "/%s", cache, folder + above),
                 });
    tree_add_own(to->tree, to->home,
                 (struct tree_entry){.type = TREE_FOLDER, .path = xstrdup(to->model)});
}

static int find_place(const struct layout_request *request, struct tree *tree, struct error *err)
{
    if (request->layout->takes_path)
        return place_named(request, &tree->place, err);
    return layout_place(request->layout, request->home, &tree->place, &tree->cache, err);
}

int arrange_hub(const struct layout_request *request, struct tree *out, struct error *err)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(arrangement) struct arrangement to = {request->plan, request->home, &tree, NULL};
    CLEANUP(text) char *folder = layout_own_folder(request->layout, &request->plan->origin);

    if (check_plan(request->plan, folder, err) < 0 || find_place(request, &tree, err) < 0)
        return -1;
    CLEANUP(text) char *prefix = place_prefix(tree.place);
    to.model = xasprintf("%s%s", prefix, folder);

    tree_add_above(&tree, request->home);
    add_folders(&to, prefix, folder);
    if (add_blobs(&to, err) < 0)
        return -1;
    add_snapshot(&to, request->is_main);
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

bool layout_alternate_follows(const char *variable)
{
    for (size_t i = 0; i < ARRAY_SIZE(alternate_places); i++)
        if (strcmp(alternate_places[i].variable, variable) == 0)
            return alternate_places[i].follows;
    return false;
}

static void alternates(const struct home *home, const char *place, struct strings *variables,
                       struct strings *paths)
{
    for (size_t i = 0; i < ARRAY_SIZE(alternate_places); i++) {
        const char *below = alternate_places[i].below;
        const char *value = home_variable(home, alternate_places[i].variable);
        /* A '~' is the home for Python's loaders, which then look in the place anyway. */
        if (value == NULL || (*below != '\0' && *value != '/'))
            continue;
        CLEANUP(text) char *whole = xasprintf("%s%s", value, below);
        CLEANUP(text) char *path = place_from_value(whole);
        if (path != NULL && strcmp(path, place) == 0)
            continue;
        strings_add(variables, alternate_places[i].variable);
        strings_add(paths, path != NULL ? path : "");
    }
}

const char *const hub_shared[] = {LOCKS, NULL};

const struct layout layout_huggingface = {
    .name = "huggingface",
    .summary = "the Hub's own cache: transformers, diffusers, vLLM, sentence-transformers from 2.3",
    .note = "What loads through these finds it, too: HuggingFaceEmbeddings of LangChain, "
            "SentenceTransformerEmbeddingFunction of Chroma, spaCy's transformers, peft, timm.",
    .places = hub_places,
    .evidence = LAYOUT_JUDGED,
    .below = BELOW_HOME,
    .cache_variable = "HF_HUB_CACHE",
    .offline = offline_hub,
    .shared = hub_shared,
    .goes_by_name = true,
    .runs_code = true,
    .content = LAYOUT_HUB_CACHE,
    .weights = PLAN_PREFER_SAFETENSORS,
    .folder_name = hub_folder_name,
    .arrange = arrange_hub,
    .alternates = alternates,
};

/* The same tree in a folder that a call in the application's source names: cache_dir="/models". */
const struct layout layout_hub_dir = {
    .name = "hub-dir",
    .summary = "the Hub's cache in the folder --path: calls with cache_dir=, cache_folder=, "
               "download_root=",
    .note = "No variable is set: the call itself names the folder.",
    .evidence = LAYOUT_JUDGED,
    .takes_path = true,
    .offline = offline_hub,
    .shared = hub_shared,
    .goes_by_name = true,
    .runs_code = true,
    .content = LAYOUT_HUB_CACHE,
    .weights = PLAN_PREFER_SAFETENSORS,
    .folder_name = hub_folder_name,
    .arrange = arrange_hub,
};
