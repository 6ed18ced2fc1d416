#include "scan/application_test_internal.h"

#include "image/image.h"

#define SITE "usr/local/lib/python3.11/site-packages/"
#define MODULES "app/node_modules/"

static int read_version(struct store *documents, struct store *blobs, const char *memo,
                        struct application *out, struct error *err)
{
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(image) struct image *image = NULL;

    read_document(documents, "image", &manifest);
    read_config(documents, "image", &config);
    if (image_open(&manifest, &config, &image, err) < 0)
        fail_msg("%s", err->text);
    const struct application_image request = {.store = blobs, .image = image, .memo = memo};
    return application_read_image(&request, out, err);
}

/* Reads the image twice, the second time from a store without any layer. */
static void check_image(const char *members, const struct item *layers[], size_t count,
                        const char *expected)
{
    CLEANUP(store) struct store *store = store_new_memory();
    CLEANUP(store) struct store *empty = store_new_memory();
    CLEANUP(text) char *memo = folder_make();
    struct buf tars[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};

    assert_true(count <= ARRAY_SIZE(tars));
    for (size_t i = 0; i < count; i++)
        tar_items(&tars[i], layers[i], SIZE_MAX);
    put_layers(store, members, tars, count);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(error) struct error err = ERROR_INIT;
        if (read_version(store, i == 0 ? store : empty, memo, &application, &err) < 0)
            fail_msg("%s", err.text);
        CLEANUP(text) char *found = application_format(&application);
        assert_string_equal(found, expected);
    }
    for (size_t i = 0; i < count; i++)
        buf_release(&tars[i]);
    folder_remove(TAKE(memo));
}

static void the_merged_tree_decides_which_copy_counts(void **state)
{
    static const struct item base[] = {
        {SITE "torch-2.4.0.dist-info/METADATA", '0', 0644, 0, "Name: torch\nVersion: 2.4.0\n"},
        {SITE "PyYAML-6.0.2.dist-info/METADATA", '0', 0644, 0, "Name: PyYAML\nVersion: 6.0.2\n"},
        {SITE "torch/__init__.py", '0', 0644, 0, "import x"},
        {SITE "fastembed/text.py", '0', 0644, 0, "table"},
        {"usr/lib/python3.11/os.py", '0', 0644, 0, "os"},
        {"app/old.py", '0', 0644, 0, "old"},
        {"app/gone.py", '0', 0644, 0, "gone"},
        {"app/lost/a.py", '0', 0644, 0, "lost"},
        {"app/swapped/a.py", '0', 0644, 0, "swapped"},
        {"opt/conda/conda-meta/numpy-1.26.4-py311_0.json", '0', 0644, 0, "not json"},
        {.path = NULL},
    };
    static const struct item upper[] = {
        {SITE ".wh.torch-2.4.0.dist-info", '0', 0644, 0, ""},
        {SITE "torch-2.5.1.dist-info/METADATA", '0', 0644, 0, "Name: torch\nVersion: 2.5.1\n"},
        {"app/old.py", '0', 0644, 0, "new"},
        {"app/.wh.gone.py", '0', 0644, 0, ""},
        {"app/lost/.wh..wh..opq", '0', 0644, 0, ""},
        {"app/lost/b.py", '0', 0644, 0, "b"},
        {"app/swapped", '2', 0777, 0, "/srv"},
        {"app/link.py", '1', 0644, 0, "app/old.py"},
        {MODULES "@xenova/transformers/package.json", '0', 0644, 0,
         "{\"name\":\"@xenova/transformers\",\"version\":\"2.17.2\"}"},
        {MODULES "hostile/package.json", '0', 0644, 0, "{\"name\":{\"a\":[[[[\"\\ud800\"]]]]}"},
        {"config.yaml", '0', 0644, 0, "model: x"},
        {.path = NULL},
    };
    const struct item *layers[] = {base, upper};

    (void)state;
    check_image("\"config\":{}", layers, 2,
                "/app/link.py=new\n/app/lost/b.py=b\n/app/old.py=new\n/config.yaml=model: x\n"
                "/" SITE "fastembed/text.py=table\n"
                "python pyyaml 6.0.2\npython torch 2.5.1\nconda numpy 1.26.4\n"
                "node @xenova/transformers 2.17.2\nnode hostile -\n");
}

/* As `uv` installs: the file lies in its cache, the environment has a link to it. */
static void hard_links_out_of_a_cache_are_packages(void **state)
{
    static const struct item layer[] = {
        {"root/.cache/uv/archive-v0/q/x-1.dist-info/METADATA", '0', 0644, 0,
         "Name: x\nVersion: 1.post1\n"},
        {"srv/.venv/lib/python3.11/site-packages/x-1.dist-info/METADATA", '1', 0644, 0,
         "root/.cache/uv/archive-v0/q/x-1.dist-info/METADATA"},
        {.path = NULL},
    };
    const struct item *layers[] = {layer};

    (void)state;
    check_image("\"config\":{}", layers, 1, "python x 1.post1\n");
}

static void what_is_too_large_or_binary_is_skipped_and_said(void **state)
{
    CLEANUP(text) char *large = xcalloc(APPLICATION_FILE_LIMIT + 2, 1);
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(store) struct store *store = store_new_memory();
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    memset(large, 'a', APPLICATION_FILE_LIMIT + 1);
    CLEANUP(text) char *whole = xstrndup(large, APPLICATION_FILE_LIMIT);
    const struct item items[] = {
        {"app/large.py", '0', 0644, 0, large},
        {"app/whole.py", '0', 0644, 0, whole},
        {.path = NULL},
    };
    const struct item binary = {"app/x.py", '0', 0644, 0, NULL};
    tar_header(&tar, &binary, 512);
    buf_add(&tar, whole, 511);
    buf_add(&tar, "", 1);
    tar_items(&tar, items, SIZE_MAX);
    put_layers(store, "\"config\":{}", &tar, 1);
    if (read_version(store, store, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(application.file_count, 1);
    assert_string_equal(application.files[0].path, "/app/whole.py");
    assert_int_equal(application.files[0].size, APPLICATION_FILE_LIMIT);
    assert_int_equal(application.skipped.count, 2);
    assert_string_equal(application.skipped.items[0],
                        "/app/large.py is not read: it has 1.0 MB, 1 MiB are the most");
    assert_string_equal(application.skipped.items[1], "/app/x.py is not read: it is binary");
}

static void how_it_is_started_is_what_the_config_says(void **state)
{
    CLEANUP(store) struct store *store = store_new_memory();
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    tar_items(&tar, NULL, 0);
    put_layers(store,
               "\"config\":{\"Env\":[\"MODEL=a/b\",1],\"Entrypoint\":[\"python\",\"app.py\"],"
               "\"Cmd\":\"serve\",\"WorkingDir\":\"/app\",\"User\":\"1000\"}",
               &tar, 1);
    if (read_version(store, store, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(application.environment.count, 1);
    assert_string_equal(application.environment.items[0], "MODEL=a/b");
    assert_int_equal(application.entrypoint.count, 2);
    assert_string_equal(application.entrypoint.items[1], "app.py");
    assert_int_equal(application.command.count, 1);
    assert_string_equal(application.command.items[0], "serve");
    assert_string_equal(application.working_dir, "/app");
    assert_string_equal(application.user, "1000");
}

static void a_damaged_layer_is_refused(void **state)
{
    CLEANUP(store) struct store *store = store_new_memory();
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < 2048; i++)
        buf_add_text(&tar, "x");
    put_layers(store, "\"config\":{}", &tar, 1);
    assert_int_equal(read_version(store, store, NULL, &application, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "layer 1 of 1: it is not a tar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_merged_tree_decides_which_copy_counts),
        cmocka_unit_test(hard_links_out_of_a_cache_are_packages),
        cmocka_unit_test(what_is_too_large_or_binary_is_skipped_and_said),
        cmocka_unit_test(how_it_is_started_is_what_the_config_says),
        cmocka_unit_test(a_damaged_layer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
