#include "base/base.h"

#include "testing/bench.h"

/* base_read() alone: what a base is, as a value. */

static struct descriptor put_index_of(struct store *store, const char *version,
                                      const struct descriptor *images, size_t count)
{
    CLEANUP(buf) struct buf index = BUF_INIT;

    buf_add_text(&index,
                 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":[");
    for (size_t i = 0; i < count; i++)
        buf_addf(&index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
                 i > 0 ? "," : "", images[i].media_type, digest_format(&images[i].digest).text,
                 (unsigned long long)images[i].size);
    buf_add_text(&index, "]}");
    return put_manifest(store, version, buf_text(&index), MEDIA_TYPE_OCI_INDEX);
}

static struct base_request request_of(const struct bench *bench)
{
    return (struct base_request){
        .store = bench->store, .version = "base", .name = "registry.example.com/base:1"};
}

static void a_plain_image_is_one_document_and_one_platform(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(base) struct base base = {0};
    const struct run_context run = {.log = &bench->log};
    struct base_request request = request_of(bench);
    struct descriptor image = put_image(bench->store, "base", PLAIN, 2);

    assert_int_equal(base_read(&request, &run, &base, &notes, &err), 0);
    assert_int_equal(base.document_count, 1);
    assert_int_equal(base.platform_count, 1);
    assert_int_equal(base.documents[0].platform, 0);
    assert_string_equal(base.platforms[0].base_digest, digest_format(&image.digest).text);
    assert_string_equal(base.platforms[0].base_name, "registry.example.com/base:1");
    assert_int_equal(base.platforms[0].own.layer_count, 0);
    CLEANUP(text) char *told = notes_text(&notes);
    assert_string_equal(told, "base: memory:base, linux/amd64, 2 layers\n");
    assert_string_equal(buf_text(&bench->said), ""); /* notes are values; nobody was told */
}

static void of_an_index_the_wanted_platforms_stay(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(base) struct base base = {0};
    const struct run_context run = {.log = &bench->log};
    struct base_request request = request_of(bench);
    struct oci_platform arm = {.os = "linux", .architecture = "arm64"};
    const struct descriptor images[] = {
        put_image(bench->store, NULL, PLAIN, 1),
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"", 1),
    };

    put_index_of(bench->store, "base", images, ARRAY_SIZE(images));
    request.platforms = &arm;
    request.platform_count = 1;
    assert_int_equal(base_read(&request, &run, &base, &notes, &err), 0);
    assert_int_equal(base.document_count, 3); /* two images and, last, the index */
    assert_int_equal(base.platform_count, 1);
    assert_true(base.documents[0].leaves);
    assert_int_equal(base.documents[1].platform, 0);
    assert_false(base.documents[2].keeps[0]);
    assert_true(base.documents[2].keeps[1]);
}

static void without_an_index_there_is_room_for_one_image(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(base) struct base base = {0};
    const struct run_context run = {.log = &bench->log};
    struct base_request request = request_of(bench);
    const struct descriptor images[] = {
        put_image(bench->store, NULL, PLAIN, 1),
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"", 1),
    };

    put_index_of(bench->store, "base", images, ARRAY_SIZE(images));
    request.no_index = true;
    assert_int_equal(base_read(&request, &run, &base, &notes, &err), -1);
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_non_null(strstr(err.text, "linux/amd64, linux/arm64"));
    assert_int_equal(base.platform_count, 0); /* empty after a failure */
}

static void what_of_the_target_and_the_layers_decides_is_added_to_what_was_asked_for(void **state)
{
    struct bench *bench = *state;
    const struct base_request asked = request_of(bench);
    const struct store one_image = {.single_image = true};
    const struct compression_choice zstd = {.kind = COMPRESSION_ZSTD};
    const struct compression_choice gzip = {.kind = COMPRESSION_GZIP};
    struct base_request plain = base_request_for(&asked, NULL, &gzip);
    struct base_request more = base_request_for(&asked, &one_image, &zstd);

    assert_false(plain.no_index || plain.wants_zstd);
    assert_true(more.no_index && more.wants_zstd);
    assert_string_equal(more.version, "base");
    more = base_request_for(&more, bench->store, &gzip);
    assert_true(more.no_index);
    assert_false(more.wants_zstd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_plain_image_is_one_document_and_one_platform),
        BENCH_TEST(of_an_index_the_wanted_platforms_stay),
        BENCH_TEST(without_an_index_there_is_room_for_one_image),
        BENCH_TEST(what_of_the_target_and_the_layers_decides_is_added_to_what_was_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
