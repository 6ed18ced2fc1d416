#include "verify/verify_test_internal.h"

#include <inttypes.h>

/* The image with a digest exchanged for another, wherever its config or manifest says it. */
static void exchange(struct store *store, const char *from, const char *to,
                     const struct digest *old, const struct digest *new)
{
    struct digest_text before = digest_format(old);
    struct digest_text after = digest_format(new);
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;

    read_config(store, from, &config);
    read_document(store, from, &document);
    CLEANUP(text) char *text = xstrdup(buf_text(&config));
    for (char *at = strstr(text, before.text); at != NULL; at = strstr(at, before.text))
        memcpy(at, after.text, strlen(after.text));
    json_auto_t *edited = json_loads(text, 0, NULL);
    put_edited(store, to, document.json, edited);
}

static struct descriptor layer_of(struct store *store, const char *version, size_t number)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor layer = DESCRIPTOR_INIT;

    read_document(store, version, &document);
    json_t *layers = json_object_get(document.json, "layers");
    assert_int_equal(descriptor_from_json(json_array_get(layers, number), &layer, &err), 0);
    return layer;
}

static void every_broken_layer_is_told_and_no_model_then(void **state)
{
    struct bench *bench = *state;
    struct digest wrong = digest_of(DIGEST_SHA256, "x", 1);
    const struct verify_options options = verify_of(bench, "broken");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;

    inject_app(bench);
    struct descriptor weights = layer_of(bench->store, "out", 2);
    exchange(bench->store, "out", "broken", &weights.digest, &wrong);
    json_auto_t *config = parsed_config(bench->store, "broken");
    read_document(bench->store, "broken", &document);
    json_t *layers = json_object_get(document.json, "layers");
    json_object_set_new(json_array_get(layers, 4), "digest",
                        json_string(digest_format(&wrong).text));
    put_edited(bench->store, "broken", document.json, config);
    CLEANUP(text)
    char *expected = xasprintf(
        "broken-layer -: layer 5 of 5: the image is not complete: '%s' has no blob '%s'\n"
        "broken-layer -: layer 3 of 5: '%s' unpacks to the digest %s, the image's config says "
        "%s\n",
        bench->store->name, digest_format(&wrong).text, digest_format(&weights.digest).text,
        digest_format(&weights.digest).text, digest_format(&wrong).text);
    check_findings(&options, expected);
    verify(&options, &result);
    assert_int_equal(result.model_count, 1);
    assert_int_equal(result.wrong_model_count, 1);
    assert_false(result.platforms[0].models[0].is_checked);
}

static void a_history_that_names_a_layer_which_is_gone_is_told(void **state)
{
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "squashed");
    CLEANUP(document) struct document document = DOCUMENT_INIT;

    inject_app(bench);
    json_auto_t *config = parsed_config(bench->store, "out");
    read_document(bench->store, "out", &document);
    json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
    while (json_array_size(diff_ids) > 2) {
        json_array_remove(diff_ids, 2);
        json_array_remove(json_object_get(document.json, "layers"), 2);
    }
    put_edited(bench->store, "squashed", document.json, config);
    check_findings(&options, "wrong-record -: the image's history names a layer of inlay's that "
                             "the image does not have; start from an image that another tool has "
                             "not edited\n");
}

static struct descriptor put_index_of(struct store *store, const char *version,
                                      const struct descriptor *entries, size_t count)
{
    CLEANUP(buf) struct buf index = BUF_INIT;

    buf_add_text(&index, "{\"schemaVersion\":2,\"manifests\":[");
    for (size_t i = 0; i < count; i++)
        buf_addf(&index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%" PRIu64 "}",
                 i > 0 ? "," : "", entries[i].media_type, digest_format(&entries[i].digest).text,
                 entries[i].size);
    buf_add_text(&index, "]}");
    return put_manifest(store, version, buf_text(&index), MEDIA_TYPE_OCI_INDEX);
}

/* Of three platforms one is whole, one has a finding, one a layer that is not there. */
static void platforms_are_checked_one_by_one(void **state)
{
    static const struct item hide[] = {{PLACE "/.wh.models--org--name", '0', 0, 0, NULL}};
    static const char gone[] = "sha256:"
                               "0000000000000000000000000000000000000000000000000000000000000000";
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *other = open_model(bench, "org/other", "main", COMMIT_B);
    struct source *both[] = {model, other};
    struct inject_options inject_both = make_options(bench, both, 2);
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    struct verify_options options = verify_of(bench, "all");
    struct descriptor images[4];
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;

    put_image(bench->store, "base", APP, 2);
    images[0] = inject(&inject_both).manifest;
    tar_items(&tar, hide, ARRAY_SIZE(hide));
    images[1] = put_layer(bench->store, "out", "hidden", &tar, ON_TOP);
    read_document(bench->store, "hidden", &document);
    json_auto_t *config = parsed_config(bench->store, "hidden");
    json_t *layers = json_object_get(document.json, "layers");
    json_object_set_new(json_array_get(layers, json_array_size(layers) - 1), "digest",
                        json_string(gone));
    images[2] = put_edited(bench->store, "broken", document.json, config);
    images[3] = put_image(bench->store, "none", PLAIN, 1);
    put_index_of(bench->store, "all", images, ARRAY_SIZE(images));
    options.memo = NULL;
    verify(&options, &result);
    assert_int_equal(result.platform_count, 4);
    assert_int_equal(result.platforms[0].model_count, 2);
    assert_int_equal(result.platforms[0].models[0].findings.count, 0);
    assert_int_equal(result.platforms[1].models[0].findings.count, 1);
    assert_int_equal(result.platforms[1].models[1].findings.count, 0);
    assert_int_equal(result.platforms[2].findings.count, 1);
    assert_non_null(strstr(result.platforms[2].findings.items[0].text, "not complete"));
    assert_int_equal(result.platforms[3].model_count, 0);
    assert_int_equal(result.model_count, 2);
    assert_int_equal(result.wrong_model_count, 2);
    assert_int_equal(result.finding_count, 2);
}

static void an_image_without_models_has_no_findings(void **state)
{
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "base");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    verify(&options, &result);
    assert_int_equal(result.platform_count, 1);
    assert_int_equal(result.model_count, 0);
    assert_int_equal(result.finding_count, 0);
}

/* Each revision is a model of its own in one folder, and is told what is wrong with itself. */
static void two_revisions_are_told_apart(void **state)
{
    static const struct item hide[] = {
        {"root/.cache/huggingface/hub/models--org--name/snapshots/" COMMIT_B "/.wh.config.json",
         '0', 0, 0, NULL},
        {"root/.cache/huggingface/hub/models--org--name/snapshots/" COMMIT_B "/x", '2', 0777, 0,
         "nothing"}};
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/name", "dev", COMMIT_B);
    struct source *both[] = {one, two};
    struct inject_options inject_both = make_options(bench, both, 2);
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    const struct verify_options options = verify_of(bench, "above");

    put_image(bench->store, "base", PLAIN, 1);
    inject(&inject_both);
    stack(bench->store, "out", "above", hide, ARRAY_SIZE(hide));
    verify(&options, &result);
    const struct verify_platform *platform = &result.platforms[0];
    assert_int_equal(platform->model_count, 2);
    assert_string_equal(platform->models[0].commit, COMMIT_A);
    assert_int_equal(platform->models[0].findings.count, 0);
    assert_int_equal(platform->models[0].files, 3);
    assert_int_equal(platform->models[1].findings.count, 2);
    assert_int_equal(platform->models[1].files, 2);
    assert_int_equal(result.model_count, 2);
    assert_int_equal(result.wrong_model_count, 1);
    assert_string_equal(platform->models[0].path, "/root/.cache/huggingface/hub/models--org--name");
}

/* A hub that is a folder on this machine, and has one commit. */
static int open_folder(void *arg, const struct origin *model, struct source **out,
                       struct error *err)
{
    const struct bench *bench = arg;

    if (strcmp(model->name, "org/down") == 0)
        return error_set(err, ERROR_UNREACHABLE, "the hub is asleep");
    if (strcmp(model->revision, COMMIT_A) != 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no '%s@%s'", model->name, model->revision);
    return source_open_directory(bench->folder, model, model->revision, out, err);
}

static void what_the_hub_has_is_compared(void **state)
{
    struct bench *bench = *state;
    struct verify_options options = verify_of(bench, "out");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(text) char *config = xasprintf("%s/config.json", bench->folder);

    inject_app(bench);
    options.open_source = open_folder;
    options.open_arg = bench;
    verify(&options, &result);
    assert_int_equal(result.finding_count, 0);
    const struct verify_model *model = &result.platforms[0].models[0];
    assert_int_equal(model->notes.count, 1);
    assert_string_equal(model->notes.items[0],
                        "1 file of the Hub is not in the image: pytorch_model.bin");

    write_file(bench, "1_Pooling/config.json", "{\"a\":2}\n", 8);
    write_file(bench, "model.safetensors", "short", 5);
    assert_int_equal(remove(config), 0);
    check_findings(&options,
                   "not-the-hubs /" FOLDER "/blobs/" CONFIG_BLOB
                   ": the Hub has no 'config.json' at this commit\n"
                   "not-the-hubs /" FOLDER
                   "/blobs/a702910980405470f36836147fdc5e63b912ed6947076f07a21ec834531f294c: "
                   "'model.safetensors' has 2097152 bytes, the Hub's has 5\n"
                   "not-the-hubs /" FOLDER "/blobs/" CONFIG_BLOB
                   ": '1_Pooling/config.json' has the digest " CONFIG_BLOB
                   ", the Hub's has 1a88562ae628d884061e92a56dadcf57bc713f0a\n");
}

static void a_hub_that_lacks_the_commit_is_told_and_one_that_is_down_ends_it(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *gone = open_model(bench, "org/gone", "main", COMMIT_B);
    CLEANUP(source) struct source *down = open_model(bench, "org/down", "main", COMMIT_A);
    struct inject_options one = make_options(bench, &gone, 1);
    struct inject_options two = make_options(bench, &down, 1);
    struct verify_options options = verify_of(bench, "out");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    options.open_source = open_folder;
    options.open_arg = bench;
    put_image(bench->store, "base", PLAIN, 1);
    inject(&one);
    check_findings(&options, "not-the-hubs -: there is no 'org/gone@" COMMIT_B "'\n");
    inject(&two);
    assert_int_equal(verify_run(&options, &result, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_string_equal(err.text, "the image memory:out: asking the Hub for 'org/down': the hub is "
                                  "asleep");
    assert_int_equal(result.platform_count, 0);
}

static void who_asks_to_stop_gets_no_verdict(void **state)
{
    struct bench *bench = *state;
    struct cancel cancel = {.parent = NULL};
    struct verify_options options = verify_of(bench, "out");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    inject_app(bench);
    cancel_request(&cancel);
    options.cancel = &cancel;
    assert_int_equal(verify_run(&options, &result, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    error_release(&err);
    options.version = "none";
    assert_int_equal(verify_run(&options, &result, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(every_broken_layer_is_told_and_no_model_then),
        BENCH_TEST(a_history_that_names_a_layer_which_is_gone_is_told),
        BENCH_TEST(platforms_are_checked_one_by_one),
        BENCH_TEST(an_image_without_models_has_no_findings),
        BENCH_TEST(two_revisions_are_told_apart),
        BENCH_TEST(what_the_hub_has_is_compared),
        BENCH_TEST(a_hub_that_lacks_the_commit_is_told_and_one_that_is_down_ends_it),
        BENCH_TEST(who_asks_to_stop_gets_no_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
