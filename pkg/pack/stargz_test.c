#include "pack/stargz_internal.h"

#include "pack/pack_test_internal.h"
#include "testing/golden.h"

#include <jansson.h>

#define LIMIT ((size_t)(64 * MIB))

/* The layer of a recipe, by writes of `step` bytes. */
static void make_layer(struct model *model, const struct recipe *recipe, size_t step,
                       struct stargz_layer *layer, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(writer) struct writer *to_tar = memory_writer_new(&tar, LIMIT);
    CLEANUP(writer) struct writer *to_out = memory_writer_new(out, LIMIT);
    CLEANUP(writer) struct writer *writer = NULL;

    assert_int_equal(recipe_write_tar(recipe, model_open_file, model, to_tar, NULL, &err), 0);
    assert_int_equal(stargz_writer_open(recipe, to_out, layer, &writer, &err), 0);
    for (size_t at = 0; at < tar.size; at += step) {
        size_t left = tar.size - at;
        assert_int_equal(writer_write(writer, tar.data + at, left < step ? left : step, &err), 0);
    }
    assert_int_equal(writer_finish(writer, &err), 0);
}

static void unpack(const char *data, size_t size, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *memory = memory_reader_new(data, size);
    CLEANUP(reader) struct reader *reader = gunzip_reader_new(memory);

    assert_int_equal(reader_read_all(reader, LIMIT, out, &err), 0);
}

static int set_up(void **state)
{
    *state = model_new(ARRAY_SIZE(model_sizes), "a-text");
    return 0;
}

static struct recipe *recipe_of(struct model *model)
{
    model->recipes[0].compression = (struct compression_choice){COMPRESSION_ESTARGZ, 0};
    return &model->recipes[0];
}

static void a_layer_unpacks_to_the_recipes_tar_with_landmark_and_table(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf blob = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(writer) struct writer *to_tar = memory_writer_new(&tar, LIMIT);
    struct model *model = *state;
    struct recipe *recipe = recipe_of(model);
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};
    uint64_t size = 0;

    make_layer(model, recipe, 1000, &layer, &blob);
    unpack(blob.data, blob.size, &found);
    assert_int_equal(found.size, layer.tar_size);
    struct digest digest = digest_of(DIGEST_SHA256, found.data, found.size);
    assert_true(digest_equal(&digest, &layer.diff_id));
    assert_int_equal(recipe_write_tar(recipe, model_open_file, model, to_tar, NULL, &err), 0);
    size_t common = tar.size - PACK_TAR_END;
    assert_memory_equal(found.data, tar.data, common);
    assert_string_equal(found.data + common, ".prefetch.landmark");
    assert_memory_equal(found.data + common + PACK_TAR_BLOCK, "\xf\0", 2);
    assert_string_equal(found.data + common + 2 * PACK_TAR_BLOCK, STARGZ_TABLE_NAME);
    assert_int_equal(recipe_blob_size(recipe, &size, &err), 0);
    assert_int_equal(size, blob.size);
}

/* They have no part of zlib's, so that they are the same from every version of it. */
static void a_layer_is_its_golden_bytes(void **state)
{
    CLEANUP(buf) struct buf blob = BUF_INIT;
    struct model *model = *state;
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};

    make_layer(model, recipe_of(model), 4096, &layer, &blob);
    check_golden("pack/small.estargz", &blob);
}

static void the_bytes_do_not_depend_on_the_writes(void **state)
{
    static const size_t steps[] = {1, 511, 512, 4096, LIMIT};
    CLEANUP(buf) struct buf first = BUF_INIT;
    struct model *model = *state;
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};

    make_layer(model, recipe_of(model), 700, &layer, &first);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        CLEANUP(buf) struct buf blob = BUF_INIT;
        struct stargz_layer again = {.diff_id = DIGEST_INIT};
        make_layer(model, recipe_of(model), steps[i], &again, &blob);
        assert_int_equal(blob.size, first.size);
        assert_memory_equal(blob.data, first.data, first.size);
        assert_true(digest_equal(&again.table, &layer.table));
    }
}

static uint64_t number_in(const json_t *entry, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(entry, name));
}

/* What the table says of a chunk is at the top of the member at its offset. */
static void check_chunk(const json_t *entry, uint64_t size, const struct buf *blob)
{
    CLEANUP(buf) struct buf found = BUF_INIT;
    uint64_t offset = number_in(entry, "offset");

    unpack(blob->data + offset, (size_t)gzip_member_size(size), &found);
    assert_int_equal(found.size, size);
    struct digest digest = digest_of(DIGEST_SHA256, found.data, found.size);
    assert_string_equal(json_string_value(json_object_get(entry, "chunkDigest")),
                        digest_format(&digest).text);
}

static void every_content_is_a_member_that_its_table_finds(void **state)
{
    CLEANUP(buf) struct buf blob = BUF_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    struct model *model = *state;
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};
    size_t i, contents = 0;
    json_t *entry;

    make_layer(model, recipe_of(model), 4096, &layer, &blob);
    unpack(blob.data, blob.size, &tar);
    /* Behind the landmark's two blocks and the table's header. */
    const char *json =
        buf_text(&tar) + model->recipes[0].tar_size - PACK_TAR_END + 3 * PACK_TAR_BLOCK;
    struct digest digest = digest_of(DIGEST_SHA256, json, strlen(json));
    assert_true(digest_equal(&digest, &layer.table));
    json_auto_t *table = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(table);
    json_array_foreach(json_object_get(table, "entries"), i, entry)
    {
        if (number_in(entry, "size") == 0)
            continue;
        check_chunk(entry, number_in(entry, "size"), &blob);
        contents++;
    }
    assert_int_equal(contents, 6); /* of five files one is empty; a text; the landmark */
}

static void a_large_file_has_a_bounded_number_of_chunks(void **state)
{
    static const struct {
        uint64_t size, chunk;
        size_t count; /* the landmark included */
    } cases[] = {
        {4 * MIB, STARGZ_CHUNK, 2},
        {4 * MIB + 1, STARGZ_CHUNK, 3},
        {16383 * STARGZ_CHUNK, STARGZ_CHUNK, 16384},
        {16384 * STARGZ_CHUNK, 2 * STARGZ_CHUNK, 8193},
        {UINT64_C(1) << 40, 128 * MIB, 8193},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    struct model *model = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_file file = {.path = model->plan.files[0].path, .size = cases[i].size};
        struct plan plan = {.files = &file, .count = 1};
        struct tree_entry entry = {.type = TREE_FILE, .path = file.path, .mode = 0644};
        const struct tree_entry *entries[] = {&entry};
        struct recipe recipe = {
            .kind = RECIPE_LARGE, .plan = &plan, .entries = entries, .count = 1};
        CLEANUP(stargz_plan) struct stargz_plan made = {.files = NULL};
        uint64_t size = 0;
        assert_int_equal(stargz_plan_make(&recipe, &made, &err), 0);
        assert_int_equal(made.chunk, cases[i].chunk);
        assert_int_equal(made.chunk_count, cases[i].count);
        assert_int_equal(stargz_measure_table(&made, &size, &err), 0);
        assert_true(size < 8 * MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_unpacks_to_the_recipes_tar_with_landmark_and_table,
                                        set_up, model_teardown),
        cmocka_unit_test_setup_teardown(a_layer_is_its_golden_bytes, set_up, model_teardown),
        cmocka_unit_test_setup_teardown(the_bytes_do_not_depend_on_the_writes, set_up,
                                        model_teardown),
        cmocka_unit_test_setup_teardown(every_content_is_a_member_that_its_table_finds, set_up,
                                        model_teardown),
        cmocka_unit_test_setup_teardown(a_large_file_has_a_bounded_number_of_chunks, set_up,
                                        model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
