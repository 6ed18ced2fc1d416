#include "project/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PIN "1111111111111111111111111111111111111111"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MODEL_BEGIN "{\"version\": 1, \"models\": [{\"model\": \"a/b@main\", \"pin\": \"" PIN "\", "
#define FILE_OF(path) "{\"path\": \"" path "\", \"size\": 1, \"digest\": \"sha256:" HEX "\"}"

static const char whole[] = "{\n"
                            "  \"version\": 1,\n"
                            "  \"companions\": \"all\",\n"
                            "  \"place\": {\n"
                            "    \"shared\": true\n"
                            "  },\n"
                            "  \"models\": [\n"
                            "    {\n"
                            "      \"model\": \"acme/tiny@main\",\n"
                            "      \"options\": {\n"
                            "        \"layout\": \"huggingface\",\n"
                            "        \"also\": [\n"
                            "          \"*.md\"\n"
                            "        ]\n"
                            "      },\n"
                            "      \"pin\": \"" PIN "\",\n"
                            "      \"license\": \"mit\",\n"
                            "      \"files\": [\n"
                            "        {\n"
                            "          \"path\": \"config.json\",\n"
                            "          \"size\": 2,\n"
                            "          \"digest\": \"" PIN "\",\n"
                            "          \"blob_id\": \"" PIN "\"\n"
                            "        },\n"
                            "        {\n"
                            "          \"path\": \"model.safetensors\",\n"
                            "          \"size\": 3000,\n"
                            "          \"digest\": \"sha256:" HEX "\"\n"
                            "        }\n"
                            "      ],\n"
                            "      \"left_out\": [\n"
                            "        \"onnx/model.onnx\"\n"
                            "      ],\n"
                            "      \"left_out_size\": 7\n"
                            "    },\n"
                            "    {\n"
                            "      \"model\": \"https://h/m.tar\",\n"
                            "      \"member\": \"m.onnx\",\n"
                            "      \"preset\": \"x:y\",\n"
                            "      \"companion_of\": [\n"
                            "        \"acme/tiny@main\"\n"
                            "      ],\n"
                            "      \"pin\": \"sha256:" HEX "\",\n"
                            "      \"license\": null,\n"
                            "      \"files\": [\n"
                            "        {\n"
                            "          \"path\": \"m.onnx\",\n"
                            "          \"size\": 0,\n"
                            "          \"digest\": \"sha256:" HEX "\"\n"
                            "        }\n"
                            "      ]\n"
                            "    }\n"
                            "  ],\n"
                            "  \"base\": {\n"
                            "    \"name\": \"r.example.com/rag:1\",\n"
                            "    \"digest\": \"sha256:" HEX "\"\n"
                            "  },\n"
                            "  \"images\": [\n"
                            "    {\n"
                            "      \"set\": null,\n"
                            "      \"platform\": \"linux/amd64\",\n"
                            "      \"layers\": [\n"
                            "        {\n"
                            "          \"kind\": \"small\",\n"
                            "          \"model\": \"acme/tiny\",\n"
                            "          \"recipe\": \"sha256:" HEX "\",\n"
                            "          \"diff_id\": null\n"
                            "        }\n"
                            "      ]\n"
                            "    }\n"
                            "  ]\n"
                            "}\n";

static void parse(const char *text, struct lock *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (lock_parse(text, strlen(text), out, &err) < 0)
        fail_msg("%s", err.text);
}

static void lock_format_writes_what_was_parsed(void **state)
{
    CLEANUP(lock) struct lock lock = LOCK_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    parse(whole, &lock);
    assert_int_equal(lock.model_count, 2);
    const struct plan *plan = &lock.models[0].plan;
    assert_string_equal(plan->pin, PIN);
    assert_string_equal(plan->license, "mit");
    assert_int_equal(plan->files[0].digest.algorithm, DIGEST_GIT_SHA1);
    assert_int_equal(plan->files[1].size, 3000);
    assert_string_equal(plan->left_out.items[0], "onnx/model.onnx");
    assert_string_equal(project_options_find(&lock.models[0].options, "layout"), "huggingface");
    assert_null(lock.models[1].plan.license);
    assert_int_equal(lock.images[0].layers[0].diff_id.algorithm, DIGEST_NONE);
    assert_non_null(lock_find_layer(&lock, &lock.images[0].layers[0].recipe));
    lock_format(&lock, &text);
    assert_string_equal(buf_text(&text), whole);
}

static void lock_parse_refuses_what_was_made_by_hand(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"{", "it is not JSON, at line 1, column 1"},
        {"[]", "it is no lock: expected an object"},
        {"{\"models\": []}", "'version' is missing"},
        {"{\"version\": 1}", "'models' is missing"},
        {"{\"version\": 1, \"models\": [1]}", "'models[0]' is not what it has to be"},
        {"{\"version\": 1, \"modles\": []}",
         "the member 'modles' is not known; did you mean 'models'?"},
        {"{\"version\": 1, \"companions\": \"some\", \"models\": []}",
         "'companions' is not what it has to be, expected \"all\" or \"none\""},
        {"{\"version\": 1, \"models\": [{\"model\": \"a/b@main\", \"pin\": \"main\"}]}",
         "'models[0].pin': 'main' is not a digest"},
        {MODEL_BEGIN "\"files\": []}]}", "'models[0].files' is not what it has to be"},
        {MODEL_BEGIN "\"files\": [{\"path\": \"a\", \"size\": -1}]}]}",
         "'models[0].files[0].size' is not what it has to be, expected a number, 0 or more"},
        {MODEL_BEGIN "\"files\": [{\"path\": \"a\", \"size\": 1, \"digest\": \"sha256:1\"}]}]}",
         "'models[0].files[0].digest': '1' is not a sha256 digest"},
        {MODEL_BEGIN "\"files\": [" FILE_OF("../a") "]}]}",
         "'models[0].files': path '../a' has the part '..'"},
        {MODEL_BEGIN "\"files\": [" FILE_OF("b") ", " FILE_OF("a") "]}]}",
         "'models[0].files[1]' is out of its order"},
        {MODEL_BEGIN "\"files\": [" FILE_OF("a") ", " FILE_OF("a") "]}]}", "is there twice"},
        {MODEL_BEGIN "\"files\": [" FILE_OF("a") "], \"options\": {\"layuot\": \"dir\"}}]}",
         "the member 'models[0].options.layuot' is not known; did you mean 'layout'?"},
        {"{\"version\": 1, \"models\": [], \"images\": [{\"set\": null, \"layers\": []}]}",
         "'images[0].platform' is missing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(lock) struct lock lock = LOCK_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(lock_parse(cases[i].text, strlen(cases[i].text), &lock, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("%s\n  expected: %s\n  actual:   %s", cases[i].text, cases[i].complaint,
                     err.text);
    }
}

static void lock_parse_refuses_newer_formats(void **state)
{
    static const char newer[] = "{\"version\": 2, \"files\": []}";
    CLEANUP(lock) struct lock lock = LOCK_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(lock_parse(newer, strlen(newer), &lock, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
}

static void lock_path_is_beside_the_project(void **state)
{
    static const char *const cases[][2] = {
        {"inlay.json", "inlay.lock.json"},
        {"app/inlay.json", "app/inlay.lock.json"},
        {"models", "models.lock.json"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *path = lock_path(cases[i][0]);
        assert_string_equal(path, cases[i][1]);
    }
}

static void set_file(struct plan *plan, const char *path, uint64_t size, const char *content)
{
    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name, .size = size};

    file.digest = digest_of(DIGEST_SHA256, content, strlen(content));
    plan_add(plan, &file);
    plan_sort(plan);
}

static struct lock_model *add_model(struct lock *lock, const char *name, const char *pin,
                                    const char *license)
{
    struct lock_model *model = lock_add_model(lock);

    model->model = xstrdup(name);
    model->plan.pin = xstrdup(pin);
    model->plan.license = text_copy(license);
    return model;
}

static void lock_format_changes_tells_files_bytes_and_license(void **state)
{
    CLEANUP(lock) struct lock before = LOCK_INIT;
    CLEANUP(lock) struct lock after = LOCK_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    struct plan *plan = &add_model(&before, "a/b@main", PIN, "mit")->plan;
    set_file(plan, "gone.bin", 10, "1");
    set_file(plan, "model.bin", 2000, "1");
    set_file(plan, "same.json", 5, "1");
    plan = &add_model(&before, "a/old@main", PIN, NULL)->plan;
    set_file(plan, "x", 1, "1");
    assert_int_equal(lock_format_changes(&before, &before, &text), 0);
    assert_int_equal(text.size, 0);
    plan = &add_model(&after, "a/b@main", "2222222222222222222222222222222222222222", NULL)->plan;
    set_file(plan, "model.bin", 3000, "2");
    set_file(plan, "new.bin", 20, "1");
    set_file(plan, "same.json", 5, "1");
    plan = &add_model(&after, "file:m.bin", "sha256:" HEX, "apache-2.0")->plan;
    set_file(plan, "m.bin", 1000, "1");
    assert_int_equal(lock_format_changes(&before, &after, &text), 3);
    assert_string_equal(buf_text(&text),
                        "a/b@main: 1111111 -> 2222222\n"
                        "  removed  gone.bin (10 B)\n"
                        "  changed  model.bin (2.0 kB -> 3.0 kB)\n"
                        "  added    new.bin (20 B)\n"
                        "  license  mit -> not known\n"
                        "file:m.bin: new, sha256:e3b0c44, 1 file, 1.0 kB, license apache-2.0\n"
                        "a/old@main: gone\n");
}

static void lock_find_odd_layer_is_for_one_base_and_any_set(void **state)
{
    CLEANUP(lock) struct lock one = LOCK_INIT;
    CLEANUP(lock) struct lock two = LOCK_INIT;
    const struct lock_image *image = NULL;

    (void)state;
    parse(whole, &one);
    parse(whole, &two);
    two.images[0].set = xstrdup("other");
    assert_null(lock_find_odd_layer(&one, &two, &image));
    two.images[0].layers[0].recipe.bytes[0] ^= 1;
    assert_ptr_equal(lock_find_odd_layer(&one, &two, &image), &one.images[0].layers[0]);
    assert_ptr_equal(image, &one.images[0]);
    one.images[0].layer_count = 0;
    assert_ptr_equal(lock_find_odd_layer(&one, &two, &image), &two.images[0].layers[0]);
    assert_ptr_equal(image, &two.images[0]);
    two.base_digest.bytes[0] ^= 1;
    assert_null(lock_find_odd_layer(&one, &two, &image));
    one.images[0].layer_count = 1;
}

static void lock_move_layers_leaves_the_models(void **state)
{
    CLEANUP(lock) struct lock before = LOCK_INIT;
    CLEANUP(lock) struct lock after = LOCK_INIT;

    (void)state;
    parse(whole, &before);
    parse(whole, &after);
    assert_non_null(before.base);
    assert_true(before.image_count > 0);
    lock_release_layers(&after);
    assert_null(after.base);
    assert_true(lock_has_same_models(&before, &after));
    lock_move_layers(&before, &after);
    assert_null(before.base);
    assert_int_equal(before.image_count, 0);
    CLEANUP(buf) struct buf text = BUF_INIT;
    lock_format(&after, &text);
    assert_string_equal(buf_text(&text), whole);
    after.models[0].plan.files[0].size++;
    assert_false(lock_has_same_models(&before, &after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_format_writes_what_was_parsed),
        cmocka_unit_test(lock_parse_refuses_what_was_made_by_hand),
        cmocka_unit_test(lock_parse_refuses_newer_formats),
        cmocka_unit_test(lock_path_is_beside_the_project),
        cmocka_unit_test(lock_format_changes_tells_files_bytes_and_license),
        cmocka_unit_test(lock_find_odd_layer_is_for_one_base_and_any_set),
        cmocka_unit_test(lock_move_layers_leaves_the_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
