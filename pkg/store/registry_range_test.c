#include "store/registry_test_internal.h"

static void a_part_of_a_blob_is_not_cut_out_of_a_whole_one(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {"GET /v2/a/blobs/sha256:", "200 OK", "some bytes"},
        {"GET /v2/a/blobs/sha256:", "206 Partial\r\nContent-Range: bytes 5-9/10", "bytes"},
    };
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf part = BUF_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    buf_add_text(&bytes, "some bytes");
    struct descriptor blob = describe(&bytes);
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(world, script);
    CHECK_REFUSED(store->ops->open_blob(store, &blob, 5, 5, &reader, &err), err, ERROR_UNSUPPORTED,
                  "/a' does not give parts of a blob");
    assert_null(reader);
    CHECK(store->ops->open_blob(store, &blob, 5, 5, &reader, &err), err);
    CHECK(reader_read_all(reader, 100, &part, &err), err);
    assert_string_equal(buf_text(&part), "bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_part_of_a_blob_is_not_cut_out_of_a_whole_one, world_setup,
                                        world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
