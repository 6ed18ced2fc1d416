#include "layer_export/layer_export.h"

#include "testing/inject_bench.h"

#include "core/file.h"

#include <dirent.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define WITH_HOME PLAIN ",\"config\":{\"User\":\"1000:1000\",\"Env\":[\"HOME=/srv/app\"]}"

/* A folder for the layers. */
struct shelf {
    char folder[32];
    char output[48];
};

static void shelf_make(struct shelf *shelf)
{
    *shelf = (struct shelf){.folder = "/tmp/inlay-layer-XXXXXX"};
    if (mkdtemp(shelf->folder) == NULL)
        fail_msg("no folder could be made");
    snprintf(shelf->output, sizeof(shelf->output), "%s/out.tar", shelf->folder);
}

/* Removes it, and says how many files were in it. */
static size_t shelf_remove(const struct shelf *shelf)
{
    DIR *folder = opendir(shelf->folder);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        CLEANUP(text) char *path = xasprintf("%s/%s", shelf->folder, entry->d_name);
        count += unlink(path) == 0;
    }
    closedir(folder);
    assert_int_equal(rmdir(shelf->folder), 0);
    return count;
}

static void shelf_put(const struct shelf *shelf, const char *name)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", shelf->folder, name);
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_replace(path, "old", 3, &err), 0);
}

static void shelf_expect_old(const struct shelf *shelf, const char *name)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", shelf->folder, name);
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_read(path, MIB, &content, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&content), "old");
}

/* The layers that inject() with these options would add. */
static struct layer_options layers_of(const struct inject_options *options, bool with_folders,
                                      const char *output)
{
    return (struct layer_options){.models = options->models,
                                  .base = options->base,
                                  .placement = options->placement,
                                  .compression = options->compression,
                                  .with_folders = with_folders,
                                  .output = output,
                                  .run = options->run};
}

static void write_layers(const struct layer_options *options, struct layer_result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (layer_run(options, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void refuse_layers(const struct layer_options *options, enum error_kind kind,
                          const char *complaint)
{
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(layer_run(options, &result, &err), -1);
    assert_int_equal(result.count, 0);
    if (strstr(err.text, complaint) == NULL || err.kind != kind)
        fail_msg("\"%s\" (%d), expected \"%s\" (%d)", err.text, (int)err.kind, complaint,
                 (int)kind);
}

/* The file is what the result says of it. */
static void check_file(const struct layer_file *file)
{
    CLEANUP(reader) struct reader *content = NULL;
    CLEANUP(reader) struct reader *verified = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_reader_open(file->path, 0, SIZE_UNKNOWN, &content, &err) < 0)
        fail_msg("%s", err.text);
    verified = verify_reader_new(content, file->path, file->size, &file->digest);
    if (reader_read_all(verified, 64 * MIB, &bytes, &err) < 0)
        fail_msg("%s", err.text);
}

/* The files are the layers of the image "out" from `first` on, `less` of them left out at the end.
 */
static void expect_layers_of(const struct bench *bench, const struct layer_result *result,
                             size_t first, size_t less)
{
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;
    CLEANUP(error) struct error err = ERROR_INIT;

    read_document(bench->store, "out", &manifest);
    if (document_children(&manifest, &children, &count, &err) < 0)
        fail_msg("%s", err.text);
    first++; /* behind the config */
    assert_int_equal(result->count, count - first - less);
    for (size_t i = 0; i < result->count; i++) {
        assert_true(digest_equal(&result->files[i].digest, &children[first + i].digest));
        assert_int_equal(result->files[i].size, children[first + i].size);
        check_file(&result->files[i]);
    }
    free(children);
}

static void with_a_base_they_are_the_layers_that_inject_adds(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct shelf shelf;

    put_image(bench->store, "base", WITH_HOME, 2);
    inject(&options);
    buf_clear(&bench->said);
    shelf_make(&shelf);
    struct layer_options layers = layers_of(&options, true, shelf.output);
    write_layers(&layers, &result);
    expect_layers_of(bench, &result, 2, 0);
    assert_string_equal(result.files[0].kind, "medium");
    assert_string_equal(result.files[0].model, "org/name");
    assert_string_equal(result.files[0].commit, COMMIT_A);
    assert_string_equal(result.files[2].kind, "folders");
    assert_null(result.files[2].model);
    assert_null(result.files[2].commit);
    assert_int_equal(result.environment.count, 1);
    assert_string_equal(result.environment.items[0], "HF_HUB_OFFLINE=1");
    assert_non_null(strstr(buf_text(&bench->said), "place: /srv/app/.cache/huggingface/hub"));
    assert_null(strstr(buf_text(&bench->said), "lies in a home"));
    assert_null(strstr(buf_text(&bench->said), "in the image:"));
    assert_int_equal(shelf_remove(&shelf), 3);
}

static void without_one_they_are_the_models_own_of_an_image_from_scratch(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *scratch = store_new_scratch(NULL);
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct shelf shelf;

    options.base.store = scratch;
    options.base.version = NULL;
    inject(&options);
    shelf_make(&shelf);
    struct layer_options layers = layers_of(&options, false, shelf.output);
    write_layers(&layers, &result);
    expect_layers_of(bench, &result, 0, 1);
    assert_string_equal(result.files[1].kind, "small");
    assert_int_equal(shelf_remove(&shelf), 2);
}

static void they_lie_in_the_order_of_the_image_whatever_that_of_the_call(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *other = open_model(bench, "org/other", "main", COMMIT_A);
    CLEANUP(source) struct source *new = open_model(bench, "org/name", "main", COMMIT_B);
    CLEANUP(source) struct source *old = open_model(bench, "org/name", "old", COMMIT_A);
    struct source *all[] = {other, new, old};
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, all, 3);
    struct shelf shelf;

    put_image(bench->store, "base", PLAIN, 1);
    inject(&options);
    shelf_make(&shelf);
    options.run.jobs = 3;
    struct layer_options layers = layers_of(&options, true, shelf.output);
    write_layers(&layers, &result);
    expect_layers_of(bench, &result, 1, 0);
    /* The weights are in one layer for both commits, and stand where the image has them. */
    assert_int_equal(result.count, 6);
    assert_string_equal(result.files[0].kind, "medium");
    assert_string_equal(result.files[0].commit, COMMIT_A);
    assert_string_equal(result.files[3].model, "org/other");
    shelf_remove(&shelf);
}

static void names_sort_as_layers_do(void **state)
{
    static const struct {
        const char *output, *first, *last;
        size_t models;
    } cases[] = {
        {"a.tar", "a.1.tar", "a.3.tar", 1}, {"a", "a.1", "a.3", 1},
        {".tar", ".tar.1", ".tar.3", 1},    {"a.tar.part", "a.tar.1.part", "a.tar.3.part", 1},
        {"a.tar", "a.1.tar", "a.9.tar", 4}, {"a.tar", "a.01.tar", "a.11.tar", 5},
        {"a.b/c", "a.b/c.1", "a.b/c.3", 1},
    };
    struct bench *bench = *state;
    struct source *models[5] = {NULL};

    put_image(bench->store, "base", PLAIN, 1);
    for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
        CLEANUP(text) char *id = xasprintf("org/name%zu", i);
        models[i] = open_model(bench, id, "main", COMMIT_A);
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
        struct inject_options options = make_options(bench, models, cases[i].models);
        struct shelf shelf;
        shelf_make(&shelf);
        CLEANUP(text) char *below = xasprintf("%s/a.b", shelf.folder);
        CLEANUP(text) char *output = xasprintf("%s/%s", shelf.folder, cases[i].output);
        assert_int_equal(mkdir(below, 0755), 0);
        struct layer_options layers = layers_of(&options, true, output);
        write_layers(&layers, &result);
        assert_string_equal(result.files[0].path + strlen(shelf.folder) + 1, cases[i].first);
        assert_string_equal(result.files[result.count - 1].path + strlen(shelf.folder) + 1,
                            cases[i].last);
        for (size_t k = 0; k < result.count; k++)
            assert_int_equal(unlink(result.files[k].path), 0);
        rmdir(below);
        assert_int_equal(shelf_remove(&shelf), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(models); i++)
        source_free(models[i]);
}

static void one_layer_has_the_very_name(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    static const char *const include[] = {"config.json", NULL};
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct shelf shelf;

    put_image(bench->store, "base", PLAIN, 1);
    bench_choices(bench)[0].selection.include = include;
    shelf_make(&shelf);
    shelf_put(&shelf, "out.tar");
    struct layer_options layers = layers_of(&options, false, shelf.output);
    write_layers(&layers, &result);
    assert_int_equal(result.count, 1);
    assert_string_equal(result.files[0].path, shelf.output);
    check_file(&result.files[0]);
    assert_int_equal(shelf_remove(&shelf), 1);
}

/* A source that counts what is opened, and may lie about the weights. */
struct counter {
    struct source base;
    struct source *honest;
    bool lies;
    atomic_uint opened;
};

static int counter_list(struct source *source, struct plan *plan, struct error *err)
{
    struct counter *counter = CONTAINER_OF(source, struct counter, base);

    if (counter->honest->ops->list(counter->honest, plan, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->count && counter->lies; i++)
        if (strcmp(plan->files[i].path, "model.safetensors") == 0)
            plan->files[i].digest.bytes[0] ^= 1;
    return 0;
}

static int counter_open(struct source *source, const struct plan *plan,
                        const struct plan_file *file, const struct source_range *range,
                        struct reader **out, struct error *err)
{
    struct counter *counter = CONTAINER_OF(source, struct counter, base);

    if (!plan_wants_content(file)) /* those are read before anything else */
        atomic_fetch_add(&counter->opened, 1);
    return counter->honest->ops->open(counter->honest, plan, file, range, out, err);
}

static void counter_free(struct source *source)
{
    (void)source;
}

static const struct source_ops counter_ops = {counter_list, counter_open, counter_free};

static void after_a_failure_every_file_is_what_it_was(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *honest = open_model(bench, "org/name", "main", COMMIT_A);
    struct counter liar = {.base.ops = &counter_ops, .honest = honest, .lies = true};
    struct source *source = &liar.base;
    struct inject_options options = make_options(bench, &source, 1);

    put_image(bench->store, "base", PLAIN, 1);
    for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
        struct shelf shelf;
        shelf_make(&shelf);
        shelf_put(&shelf, "out.tar");
        shelf_put(&shelf, "out.1.tar");
        shelf_put(&shelf, "out.2.tar");
        options.run.jobs = jobs;
        struct layer_options layers = layers_of(&options, true, shelf.output);
        refuse_layers(&layers, ERROR_CORRUPT, "the medium layer of 'org/name': ");
        shelf_expect_old(&shelf, "out.1.tar");
        shelf_expect_old(&shelf, "out.2.tar");
        assert_int_equal(shelf_remove(&shelf), 3);
    }
}

static void a_request_to_stop_leaves_no_file(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    struct cancel cancel = {.requested = true};
    struct shelf shelf;

    put_image(bench->store, "base", PLAIN, 1);
    options.run.cancel = &cancel;
    shelf_make(&shelf);
    struct layer_options layers = layers_of(&options, true, shelf.output);
    refuse_layers(&layers, ERROR_CANCELED, "stopped on request");
    assert_int_equal(shelf_remove(&shelf), 0);
}

static void what_cannot_be_written_is_refused_before_a_file_is_opened(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *honest = open_model(bench, "org/name", "main", COMMIT_A);
    struct counter counter = {.base.ops = &counter_ops, .honest = honest};
    struct source *source = &counter.base;
    struct inject_options options = make_options(bench, &source, 1);
    struct layer_options layers = layers_of(&options, true, "-");
    struct shelf shelf;

    put_image(bench->store, "base", PLAIN, 1);
    int own = dup(STDOUT_FILENO);
    assert_non_null(freopen("/dev/null", "w", stdout));
    refuse_layers(&layers, ERROR_USAGE, "there are 3 layers, and standard output takes one");
    fflush(stdout);
    dup2(own, STDOUT_FILENO);
    close(own);
    layers.output = "/tmp";
    refuse_layers(&layers, ERROR_USAGE, "'/tmp' is a folder");
    layers.output = "/tmp/not-there/out.tar";
    refuse_layers(&layers, ERROR_LOCAL, "'/tmp/not-there'");
    shelf_make(&shelf);
    CLEANUP(text) char *taken = xasprintf("%s/out.2.tar", shelf.folder);
    assert_int_equal(mkdir(taken, 0755), 0);
    layers.output = shelf.output;
    refuse_layers(&layers, ERROR_USAGE, "out.2.tar' is a folder");
    rmdir(taken);
    assert_int_equal(shelf_remove(&shelf), 0);
    assert_int_equal(counter.opened, 0);
}

static void a_place_in_a_home_is_warned_of_unless_the_folders_come_along(void **state)
{
    static const struct {
        const char *home, *cache_dir;
        bool with_folders, warns;
    } cases[] = {
        {NULL, NULL, false, true},
        {NULL, NULL, true, false},
        {"/srv/app", NULL, false, true},
        {"/srv/app", "/srv/application", false, false},
        {"/", NULL, false, false},
        {NULL, "/models", false, false},
        {NULL, "/home/app/models", false, true},
        {"/srv/app", "/root/x", false, true},
        {"/srv/app", "/srv/app", false, true},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *scratch = store_new_scratch(NULL);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
        struct inject_options options = make_options(bench, &model, 1);
        struct shelf shelf;
        options.base.store = scratch;
        options.base.version = NULL;
        options.placement.home = cases[i].home;
        options.placement.cache_dir = cases[i].cache_dir;
        options.placement.cache_layout = cases[i].cache_dir != NULL ? layout_find(NULL) : NULL;
        shelf_make(&shelf);
        struct layer_options layers = layers_of(&options, cases[i].with_folders, shelf.output);
        buf_clear(&bench->said);
        write_layers(&layers, &result);
        shelf_remove(&shelf);
        if ((strstr(buf_text(&bench->said), "lies in a home") != NULL) != cases[i].warns)
            fail_msg("case %zu: %s", i, buf_text(&bench->said));
    }
}

static void a_model_that_the_base_has_already_is_warned_of_once(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *old = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *new = open_model(bench, "org/name", "main", COMMIT_B);
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, &old, 1);
    struct shelf shelf;

    put_image(bench->store, "base", PLAIN, 1);
    inject(&options);
    options.base.version = "out";
    options.models.sources = &new;
    shelf_make(&shelf);
    struct layer_options layers = layers_of(&options, true, shelf.output);
    buf_clear(&bench->said);
    write_layers(&layers, &result);
    shelf_remove(&shelf);
    const char *warning = strstr(buf_text(&bench->said), "the base has 'org/name' in this place");
    assert_non_null(warning);
    assert_null(strstr(warning + 1, "the base has 'org/name' in this place"));
}

/* An index of two images of one layer. */
static void put_index(const struct bench *bench)
{
    CLEANUP(buf) struct buf index = BUF_INIT;
    struct descriptor images[] = {
        put_image(bench->store, NULL, PLAIN, 1),
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"", 1),
    };

    buf_add_text(&index, "{\"schemaVersion\":2,\"manifests\":[");
    for (size_t i = 0; i < ARRAY_SIZE(images); i++)
        buf_addf(&index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
                 i > 0 ? "," : "", images[i].media_type, digest_format(&images[i].digest).text,
                 (unsigned long long)images[i].size);
    buf_add_text(&index, "]}");
    put_manifest(bench->store, "base", buf_text(&index), MEDIA_TYPE_OCI_INDEX);
}

static void an_index_wants_to_know_which_image(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct oci_platform arm64;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct shelf shelf;

    put_index(bench);
    shelf_make(&shelf);
    struct layer_options layers = layers_of(&options, true, shelf.output);
    refuse_layers(&layers, ERROR_USAGE, "linux/amd64, linux/arm64; choose one with --platform");
    assert_int_equal(oci_platform_parse("linux/arm64", &arm64, &err), 0);
    layers.base.platforms = &arm64;
    layers.base.platform_count = 1;
    write_layers(&layers, &result);
    assert_int_equal(result.count, 3);
    assert_int_equal(shelf_remove(&shelf), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(with_a_base_they_are_the_layers_that_inject_adds),
        BENCH_TEST(without_one_they_are_the_models_own_of_an_image_from_scratch),
        BENCH_TEST(they_lie_in_the_order_of_the_image_whatever_that_of_the_call),
        BENCH_TEST(names_sort_as_layers_do),
        BENCH_TEST(one_layer_has_the_very_name),
        BENCH_TEST(after_a_failure_every_file_is_what_it_was),
        BENCH_TEST(a_request_to_stop_leaves_no_file),
        BENCH_TEST(what_cannot_be_written_is_refused_before_a_file_is_opened),
        BENCH_TEST(a_place_in_a_home_is_warned_of_unless_the_folders_come_along),
        BENCH_TEST(a_model_that_the_base_has_already_is_warned_of_once),
        BENCH_TEST(an_index_wants_to_know_which_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
