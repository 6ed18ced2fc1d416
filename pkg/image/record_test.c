#include "image/image_test_internal.h"

#include "json/parse.h"
#include "oci/media_type.h"

#define BASE_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NO_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COMMIT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define COMMIT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct image *open_bare(const char *members)
{
    CLEANUP(text)
    char *config_text = xasprintf("{\"os\":\"linux\",\"architecture\":\"amd64\",%s\"rootfs\":{"
                                  "\"type\":\"layers\",\"diff_ids\":[]}}",
                                  members);
    CLEANUP(text)
    char *manifest_text =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
                  "\",\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"digest\":\"%s\","
                  "\"size\":%zu},\"layers\":[]}",
                  BASE_DIGEST, strlen(config_text));

    return image_of_texts(manifest_text, config_text);
}

static struct image_layer make_layer(const char *kind, const char *commit, const char *content)
{
    bool folders = commit == NULL;
    struct image_layer layer = {
        .record =
            {
                .kind = xstrdup(kind),
                .model = folders ? NULL : xstrdup("org/name"),
                .commit = folders ? NULL : xstrdup(commit),
                .layout = folders ? NULL : xstrdup("huggingface"),
                .place = folders ? NULL : xstrdup("/opt/hf/hub"),
            },
    };

    layer.diff_id = digest_of(DIGEST_SHA256, content, strlen(content));
    layer.blob = (struct descriptor){.digest = layer.diff_id, .size = strlen(content)};
    layer.record.recipe = layer.diff_id;
    return layer;
}

static void append(struct image *image, const struct image_layer *layers, size_t count,
                   const char *created)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_changes changes = {
        .layers = layers,
        .layer_count = count,
        .base_digest = BASE_DIGEST,
        .created = created,
    };

    if (image_append(image, &changes, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_layer_of_two_revisions_is_there_once_and_told_of_twice(void **state)
{
    CLEANUP(image) struct image *image = open_bare("");
    CLEANUP(image) struct image *bare = open_bare("");
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_layer layers[] = {
        make_layer("large", COMMIT_A, "weights"), make_layer("small", COMMIT_A, "a"),
        make_layer("large", COMMIT_B, "weights"), make_layer("small", COMMIT_B, "b"),
        make_layer("folders", NULL, "folders"),
    };
    struct image_layer *own = NULL;
    size_t count = 0;

    (void)state;
    append(image, layers, ARRAY_SIZE(layers), NULL);
    assert_int_equal(image_layer_count(image), 4);
    const json_t *history = image_history_json(image);
    assert_int_equal(json_array_size(history), 5);
    assert_true(json_is_true(json_object_get(json_array_get(history, 2), "empty_layer")));
    assert_null(json_object_get(json_array_get(history, 3), "empty_layer"));

    image_own_layers(image, &own, &count);
    assert_int_equal(count, 5);
    assert_string_equal(own[2].record.commit, COMMIT_B);
    assert_true(digest_equal(&own[2].blob.digest, &own[0].blob.digest));
    image_layers_free(own, count);
    assert_int_equal(image_strip(image, &err), 0);
    assert_true(image_equal(image, bare));
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
        image_layer_release(&layers[i]);
}

/* Such a model has no commit of the Hub; of the Hub's nothing is written, as before. */
static void a_record_tells_what_did_not_come_from_the_hub(void **state)
{
    static const struct {
        const char *source, *pin;
    } cases[] = {{NULL, COMMIT_A}, {"folder", COMMIT_A}, {"url", NO_DIGEST}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = open_bare("");
        struct image_layer layers[] = {
            make_layer("small", cases[i].pin, "a"),
            make_layer("folders", NULL, "folders"),
        };
        struct image_layer *own = NULL;
        size_t count = 0;
        layers[0].record.source = text_copy(cases[i].source);
        append(image, layers, ARRAY_SIZE(layers), NULL);
        const char *comment = json_string_value(
            json_object_get(json_array_get(image_history_json(image), 0), "comment"));
        assert_int_equal(strstr(comment, "\"source\"") != NULL, cases[i].source != NULL);
        image_own_layers(image, &own, &count);
        assert_int_equal(count, 2);
        assert_string_equal(own[0].record.commit, cases[i].pin);
        if (cases[i].source != NULL)
            assert_string_equal(own[0].record.source, cases[i].source);
        else
            assert_null(own[0].record.source);
        image_layers_free(own, count);
        for (size_t k = 0; k < ARRAY_SIZE(layers); k++)
            image_layer_release(&layers[k]);
    }
}

static void created_is_told_if_it_was_set(void **state)
{
    static const struct {
        const char *members, *set, *expected;
    } cases[] = {
        {"\"created\":\"2024-01-01T00:00:00Z\",", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
        {"\"created\":\"2024-01-01T00:00:00Z\",", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"},
        {"", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
        {"\"created\":\"2024-01-01T00:00:00Z\",", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = open_bare(cases[i].members);
        struct image_layer folders = make_layer("folders", NULL, "folders");
        append(image, &folders, 1, cases[i].set);
        const char *found = image_own_created(image);
        if (cases[i].expected == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].expected);
        image_layer_release(&folders);
    }
}

/* An image that inlay has changed, but for the record, which somebody else wrote. */
static struct image *open_with_record(const char *comment)
{
    json_auto_t *entry = json_pack("{s:s, s:s}", "created_by", "x", "comment", comment);
    CLEANUP(buf) struct buf history = BUF_INIT;

    json_to_buf(entry, &history);
    CLEANUP(text)
    char *members = xasprintf("\"created\":\"2020-01-01T00:00:00Z\",\"config\":{\"Env\":[\"A=b\"],"
                              "\"Labels\":{\"l\":\"m\"}},\"history\":[%s],",
                              buf_text(&history));
    return open_bare(members);
}

static void a_record_restores_only_what_can_have_been_there(void **state)
{
    static const char *const changes[] = {
        "\"created\":9",      "\"created\":{}",       "\"env\":{\"A\":9}",
        "\"env\":{\"A\":[]}", "\"labels\":{\"l\":9}", "\"annotations\":{\"a\":{}}",
        "\"env\":7",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text)
        char *comment = xasprintf("{\"inlay\":1,\"kind\":\"folders\",\"diff_id\":\"" BASE_DIGEST
                                  "\",\"changed\":{%s}}",
                                  changes[i]);
        CLEANUP(image) struct image *image = open_with_record(comment);
        json_array_append_new(image_layers_json(image), json_object());
        json_array_append_new(image_diff_ids_json(image), json_string(BASE_DIGEST));
        CLEANUP(image) struct image *plain = open_with_record("nothing");
        if (image_strip(image, &err) < 0)
            fail_msg("%s", err.text);
        json_array_clear(image_history_json(plain));
        if (!image_equal(image, plain))
            fail_msg("%s changed the image", changes[i]);
    }
}

static void a_layer_whose_commit_is_none_is_not_inlays(void **state)
{
    static const struct {
        const char *commit;
        size_t expected;
    } cases[] = {{COMMIT_A, 1}, {"main", 0}, {COMMIT_A "a", 0}, {"../../../../etc", 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = open_bare("");
        struct image_layer layers[] = {make_layer("large", cases[i].commit, "large"),
                                       make_layer("folders", NULL, "folders")};
        struct image_layer *own = NULL;
        size_t count = 0;
        append(image, layers, ARRAY_SIZE(layers), NULL);
        image_own_layers(image, &own, &count);
        assert_int_equal(count, cases[i].expected + 1);
        image_layers_free(own, count);
        for (size_t k = 0; k < ARRAY_SIZE(layers); k++)
            image_layer_release(&layers[k]);
    }
}

static void a_folder_that_no_tar_could_hold_is_not_taken(void **state)
{
    static const struct {
        const char *numbers;
        bool taken;
    } cases[] = {
        {"493, 0, 0, 0", true},
        {"4095, 4294967294, 4294967294, 1099511627776", true},
        {"493, 0, 0, -1099511627776", true},
        {"493, 0, 0, 1099511627777", false},
        {"493, 0, 0, -1099511627777", false},
        {"4096, 0, 0, 0", false},
        {"-1, 0, 0, 0", false},
        {"493, -1, 0, 0", false},
        {"493, 4294967295, 0, 0", false},
        {"493, 0, 4294967295, 0", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text)
        char *comment = xasprintf("{\"inlay\":1,\"kind\":\"folders\",\"folders\":[[\"opt\", %s]]}",
                                  cases[i].numbers);
        CLEANUP(image) struct image *image = open_with_record(comment);
        struct image_folder *folders = NULL;
        size_t count = 0;
        image_own_folders(image, &folders, &count);
        assert_int_equal(count, cases[i].taken ? 1 : 0);
        image_folders_free(folders, count);
    }
}

/* Does an image without anything get the member where the base is noted? */
static bool gets_notes(bool docker, const char *base_digest)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(image) struct image *image = open_bare("");
    struct image_changes changes = {.base_digest = base_digest};

    image->docker = docker;
    if (image_append(image, &changes, &err) < 0)
        fail_msg("%s", err.text);
    return docker ? json_object_get(json_object_get(image->config, "config"), "Labels") != NULL
                  : json_object_get(image->manifest, "annotations") != NULL;
}

/* Of an image that anybody may have written: four bytes of text are 300 of memory. */
static void a_record_of_more_values_than_a_document_has_is_none(void **state)
{
    CLEANUP(buf) struct buf comment = BUF_INIT;

    (void)state;
    for (size_t values = 0; values < 2; values++) {
        buf_clear(&comment);
        buf_add_text(&comment, "{\"inlay\": 1, \"x\": [0");
        for (size_t i = 6; i < JSON_VALUES_MAX + values; i++)
            buf_add_text(&comment, ",0");
        buf_add_text(&comment, "]}");
        json_auto_t *entry = json_pack("{s:s}", "comment", buf_text(&comment));
        json_auto_t *record = record_from_history(entry);
        assert_int_equal(record != NULL, values == 0);
    }
}

static void labels_and_annotations_are_made_only_to_say_something(void **state)
{
    (void)state;
    assert_false(gets_notes(true, NULL));
    assert_false(gets_notes(false, NULL));
    assert_true(gets_notes(true, BASE_DIGEST));
    assert_true(gets_notes(false, BASE_DIGEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_of_two_revisions_is_there_once_and_told_of_twice),
        cmocka_unit_test(a_record_tells_what_did_not_come_from_the_hub),
        cmocka_unit_test(created_is_told_if_it_was_set),
        cmocka_unit_test(a_record_restores_only_what_can_have_been_there),
        cmocka_unit_test(a_layer_whose_commit_is_none_is_not_inlays),
        cmocka_unit_test(a_folder_that_no_tar_could_hold_is_not_taken),
        cmocka_unit_test(a_record_of_more_values_than_a_document_has_is_none),
        cmocka_unit_test(labels_and_annotations_are_made_only_to_say_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
