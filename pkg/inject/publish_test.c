#include "inject/inject_internal.h"

#include "testing/phases.h"
#include "testing/strict_store.h"

/* publish() alone: layers that somebody has built become an image that the tag shows. */

static void fill_built(const struct bench *bench, const struct build_plan *plan,
                       struct built_layers *out)
{
    out->count = plan->layer_count;
    out->layers = xcalloc(out->count, sizeof(*out->layers));
    for (size_t i = 0; i < out->count; i++) {
        const struct planned_layer *layer = &plan->layers[i];
        bool is_model = layer->placed != NULL;
        CLEANUP(text) char *content = xasprintf("layer %zu", i);
        struct image_layer *built = &out->layers[i];
        built->blob = put_blob(bench->store, content, MEDIA_TYPE_OCI_LAYER);
        built->diff_id = built->blob.digest;
        built->record = (struct layer_record){
            .kind = xstrdup(recipe_kind_name(layer->recipe->kind)),
            .model = is_model ? xstrdup("org/name") : NULL,
            .commit = is_model ? xstrdup(COMMIT_A) : NULL,
            .layout = is_model ? xstrdup("dir") : NULL,
            .place = is_model ? xstrdup("/models/m") : NULL,
            .recipe = layer->recipe->digest,
        };
    }
}

static void the_tag_shows_the_base_with_the_layers_on_top(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(base) struct base base = {0};
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(built_layers) struct built_layers built = {0};
    CLEANUP(document) struct document shown = DOCUMENT_INIT;
    struct inject_target target = {.store = bench->store, .version = "out"};
    struct descriptor nothing = DESCRIPTOR_INIT;
    struct descriptor manifest = DESCRIPTOR_INIT;
    struct publication publication = {&target, NULL,     &base, &placements, &plan,
                                      &built,  &nothing, NULL,  NULL};

    put_image(bench->store, "base", PLAIN, 1);
    make_base(bench, "base", &base);
    make_models(2, &models);
    make_placements(&models, &placements);
    make_plan(bench, &placements, &plan);
    fill_built(bench, &plan, &built);
    strings_add(&placements.items[0].assignments, "HF_HUB_OFFLINE=1");
    assert_int_equal(publish(&publication, &manifest, &err), 0);

    read_document(bench->store, "out", &shown);
    assert_true(digest_equal(&shown.descriptor.digest, &manifest.digest));
    const json_t *layers = json_object_get(shown.json, "layers");
    assert_int_equal(json_array_size(layers), 3);
    for (size_t i = 0; i < built.count; i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(layers, i + 1), "digest")),
            digest_format(&built.layers[i].blob.digest).text);
    CLEANUP(buf) struct buf config = BUF_INIT;
    read_config(bench->store, "out", &config);
    assert_non_null(strstr(buf_text(&config), "\"HF_HUB_OFFLINE=1\""));
    assert_non_null(strstr(buf_text(&config), "inlay inject org/name@" COMMIT_A));
}

/* The second time it is not, which a store that refuses the tag shows; the third time it has gone.
 */
static void what_the_tag_shows_already_is_not_written_again(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(store) struct store *refusing = new_strict();
    struct store *own = strict_of(refusing)->behind;
    struct descriptor digests[3] = {DESCRIPTOR_INIT, DESCRIPTOR_INIT, DESCRIPTOR_INIT};

    strict_of(refusing)->behind = bench->store;
    strict_of(refusing)->refused = "out";
    put_image(bench->store, "base", PLAIN, 1);
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(base) struct base base = {0};
        CLEANUP(models) struct models models = MODELS_INIT;
        CLEANUP(placements) struct placements placements = {0};
        CLEANUP(build_plan) struct build_plan plan = {0};
        CLEANUP(built_layers) struct built_layers built = {0};
        CLEANUP(store) struct store *empty = store_new_memory();
        struct inject_target target = {.store = bench->store, .version = "out"};
        struct publication publication = {&target, NULL,        &base, &placements, &plan,
                                          &built,  &digests[0], NULL,  NULL};
        make_base(bench, "base", &base);
        make_models(2, &models);
        make_placements(&models, &placements);
        make_plan(bench, &placements, &plan);
        fill_built(bench, &plan, &built);
        if (i == 1)
            target.store = refusing;
        if (i == 2)
            target.store = empty;
        assert_int_equal(publish(&publication, &digests[i], &err), 0);
        CLEANUP(document) struct document shown = DOCUMENT_INIT;
        assert_int_equal(store_read_document(target.store, "out", &shown, &err), 0);
        assert_true(digest_equal(&shown.descriptor.digest, &digests[0].digest));
    }
    assert_int_equal(strict_of(refusing)->written.count, 0);
    strict_of(refusing)->behind = own;
}

static void break_diff_id(struct placements *placements, struct built_layers *built)
{
    (void)placements;
    built->layers[0].diff_id = (struct digest)DIGEST_INIT;
}

static void break_size(struct placements *placements, struct built_layers *built)
{
    CLEANUP(text) char *long_text = xcalloc(DOCUMENT_LIMIT, 1);
    CLEANUP(text) char *assignment = NULL;

    (void)built;
    memset(long_text, 'x', DOCUMENT_LIMIT - 1);
    assignment = xasprintf("A=%s", long_text);
    strings_add(&placements->items[0].assignments, assignment);
}

/* The marks of pkg/oci, which no assignment is to have. */
static void break_text(struct placements *placements, struct built_layers *built)
{
    (void)built;
    strings_add(&placements->items[0].assignments, "A=\x01\x02uxxxx");
}

static void documents_that_could_not_be_read_leave_the_tag_as_it_was(void **state)
{
    static const struct {
        void (*break_it)(struct placements *placements, struct built_layers *built);
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {break_diff_id, ERROR_CORRUPT,
         "the finished image, which is not published: the config's diff_id 2: "},
        {break_size, ERROR_UNSUPPORTED, "the manifest or config would exceed 4194304 bytes"},
        {break_text, ERROR_CORRUPT,
         "the finished image, which is not published: the config is not JSON, at line 1: "},
    };
    struct bench *bench = *state;

    put_image(bench->store, "base", PLAIN, 1);
    struct descriptor before = put_image(bench->store, "out", PLAIN, 2);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(base) struct base base = {0};
        CLEANUP(models) struct models models = MODELS_INIT;
        CLEANUP(placements) struct placements placements = {0};
        CLEANUP(build_plan) struct build_plan plan = {0};
        CLEANUP(built_layers) struct built_layers built = {0};
        CLEANUP(document) struct document shown = DOCUMENT_INIT;
        struct inject_target target = {.store = bench->store, .version = "out"};
        struct descriptor nothing = DESCRIPTOR_INIT;
        struct descriptor manifest = DESCRIPTOR_INIT;
        struct publication publication = {&target, NULL,     &base, &placements, &plan,
                                          &built,  &nothing, NULL,  NULL};
        make_base(bench, "base", &base);
        make_models(2, &models);
        make_placements(&models, &placements);
        make_plan(bench, &placements, &plan);
        fill_built(bench, &plan, &built);
        cases[i].break_it(&placements, &built);
        assert_int_equal(publish(&publication, &manifest, &err), -1);
        if (err.kind != cases[i].kind || !text_starts_with(err.text, cases[i].complaint))
            fail_msg("case %zu says \"%s\"", i, err.text);
        assert_int_equal(manifest.digest.algorithm, DIGEST_NONE);
        read_document(bench->store, "out", &shown);
        assert_true(digest_equal(&shown.descriptor.digest, &before.digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_tag_shows_the_base_with_the_layers_on_top),
        BENCH_TEST(what_the_tag_shows_already_is_not_written_again),
        BENCH_TEST(documents_that_could_not_be_read_leave_the_tag_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
