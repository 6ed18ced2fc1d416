#include "store/store_test_internal.h"

/* Blobs on their way from every kind of store to every kind. */

static void add_up(void *arg, uint64_t size)
{
    *(uint64_t *)arg += size;
}

static void check_copy(struct store *from, struct store *to)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;
    uint64_t total = 0;
    struct store_copy_options options = {.count = add_up, .count_arg = &total};
    enum store_copied how = STORE_STREAMED;

    buf_fill(&bytes, 600000, 42);
    put_blob(from, &bytes, &blob);
    CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
    assert_int_equal(total, how == STORE_STREAMED ? 600000 : 0);
    assert_true(how != STORE_WAS_THERE);
    CHECK(store_read_blob(to, &blob, &found, &err), err);
    assert_memory_equal(found.data, bytes.data, bytes.size);
    total = 0;
    CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
    assert_int_equal(how, STORE_WAS_THERE);
    assert_int_equal(total, 0);
}

static void a_blob_is_copied_from_every_kind_of_store(void **state)
{
    const struct subject *subject = *state;

    for (enum kind kind = KIND_MEMORY; kind < KIND_COUNT; kind++) {
        CLEANUP(store) struct store *to = open_new(subject->world, subject->kind);
        CLEANUP(store) struct store *from = open_new(subject->world, kind);
        check_copy(from, to);
    }
}

/* Changes one byte of a blob where the store keeps it. */
static void damage(const struct world *world, struct store *store, enum kind kind,
                   const struct descriptor *blob)
{
    struct digest_text hex = digest_format_hex(&blob->digest);
    CLEANUP(text) char *path = NULL;

    if (kind == KIND_OCI_DIR)
        path = xasprintf("%s/blobs/sha256/%s", store->name + strlen("oci:"), hex.text);
    else
        path = xasprintf("%s/registry/docker/registry/v2/blobs/sha256/%.2s/%s/data", world->folder,
                         hex.text, hex.text);
    CLEANUP(fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    char byte = 0;
    assert_int_equal(pread(fd, &byte, 1, 400), 1);
    byte = (char)(byte + 1);
    assert_int_equal(pwrite(fd, &byte, 1, 400), 1);
}

/* A store that holds wrong bytes under the name of a blob. */
static void put_damaged(struct world *world, struct store *store, enum kind kind,
                        struct descriptor *blob, uint64_t seed)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;

    buf_fill(&bytes, 5000, seed);
    *blob = describe(&bytes);
    if (kind == KIND_OCI_DIR || kind == KIND_REGISTRY) {
        put_blob(store, &bytes, blob);
        damage(world, store, kind, blob);
        return;
    }
    bytes.data[400]++;
    CHECK(store->ops->create_blob(store, bytes.size, &blob->digest, &writer, &err), err);
    CHECK(writer_write(writer, bytes.data, bytes.size, &err), err);
    CHECK(writer_finish(writer, &err), err);
}

static void a_damaged_blob_is_not_copied(void **state)
{
    const struct subject *subject = *state;
    static const struct store_copy_options options = {.cancel = NULL};

    for (enum kind kind = KIND_MEMORY; kind < KIND_COUNT; kind++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf ignored = BUF_INIT;
        CLEANUP(store) struct store *to = open_new(subject->world, subject->kind);
        CLEANUP(store) struct store *from = open_new(subject->world, kind);
        struct descriptor blob = DESCRIPTOR_INIT;
        enum store_copied how = STORE_WAS_THERE;
        if (kind == KIND_REGISTRY && subject->kind == KIND_REGISTRY)
            continue; /* the registry mounts it and shares the damage */
        put_damaged(subject->world, from, kind, &blob, subject->kind * 10 + kind);
        CHECK_REFUSED(store_copy_blob(from, to, &blob, &options, &how, &err), err, ERROR_CORRUPT,
                      "has the digest");
        assert_false(blob_is_there(to, &blob));
        check_nothing_is_left(state, to);
        CHECK_REFUSED(store_read_blob(from, &blob, &ignored, &err), err, ERROR_CORRUPT,
                      "has the digest");
    }
}

/* What reads a copy on its way: has it seen these bytes, and does it like them? */
struct inspector {
    const struct buf *bytes;
    bool likes;
};

static int inspect(void *arg, struct reader *bytes, struct error *err)
{
    const struct inspector *inspector = arg;
    CLEANUP(buf) struct buf seen = BUF_INIT;

    if (reader_read_all(bytes, MIB, &seen, err) < 0)
        return -1;
    assert_int_equal(seen.size, inspector->bytes->size);
    assert_memory_equal(seen.data, inspector->bytes->data, seen.size);
    return inspector->likes ? 0 : error_set(err, ERROR_CORRUPT, "not what is wanted");
}

static void a_copy_is_inspected_before_it_is_committed(void **state)
{
    const struct subject *subject = *state;
    CLEANUP(store) struct store *from = open_new(subject->world, KIND_MEMORY);
    CLEANUP(store) struct store *to = open_new(subject->world, subject->kind);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;
    struct inspector inspector = {.bytes = &bytes, .likes = false};
    const struct store_copy_options options = {.inspect = inspect, .inspect_arg = &inspector};
    enum store_copied how = STORE_WAS_THERE;

    buf_fill(&bytes, 600000, 43 + subject->kind);
    put_blob(from, &bytes, &blob);
    CHECK_REFUSED(store_copy_blob(from, to, &blob, &options, &how, &err), err, ERROR_CORRUPT,
                  "not what is wanted");
    assert_false(blob_is_there(to, &blob));
    check_nothing_is_left(state, to);
    error_release(&err);
    inspector.likes = true;
    CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
    assert_int_equal(how, STORE_STREAMED);
    CHECK(store_read_blob(to, &blob, &found, &err), err);
    assert_memory_equal(found.data, bytes.data, bytes.size);
}

static void a_blob_of_another_size_than_described_is_not_copied(void **state)
{
    const struct subject *subject = *state;
    static const struct store_copy_options options = {.cancel = NULL};

    for (enum kind kind = KIND_MEMORY; kind < KIND_COUNT; kind++)
        for (int more = -1; more <= 1; more += 2) {
            CLEANUP(error) struct error err = ERROR_INIT;
            CLEANUP(buf) struct buf bytes = BUF_INIT;
            CLEANUP(store) struct store *to = open_new(subject->world, subject->kind);
            CLEANUP(store) struct store *from = open_new(subject->world, kind);
            struct descriptor blob = DESCRIPTOR_INIT;
            enum store_copied how = STORE_WAS_THERE;
            if (kind == KIND_REGISTRY && subject->kind == KIND_REGISTRY)
                continue; /* mounted by its digest */
            buf_fill(&bytes, 3000, 8);
            put_blob(from, &bytes, &blob);
            blob.size = more > 0 ? 3001 : 2999;
            CHECK_REFUSED(store_copy_blob(from, to, &blob, &options, &how, &err), err,
                          ERROR_CORRUPT, "bytes");
            blob.size = 3000;
            assert_false(blob_is_there(to, &blob));
            check_nothing_is_left(state, to);
        }
}

static void a_copy_keeps_a_digest_of_another_algorithm(void **state)
{
    static const struct store_copy_options options = {.cancel = NULL};
    CLEANUP(store) struct store *to = open_subject(state);
    CLEANUP(store) struct store *from = store_new_memory();
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    enum store_copied how = STORE_WAS_THERE;

    buf_fill(&bytes, 3000, 512);
    struct descriptor blob = describe(&bytes);
    blob.digest = digest_of(DIGEST_SHA512, bytes.data, bytes.size);
    CHECK(from->ops->create_blob(from, bytes.size, &blob.digest, &writer, &err), err);
    CHECK(writer_write(writer, bytes.data, bytes.size, &err), err);
    CHECK(writer_finish(writer, &err), err);
    CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
    CHECK(store_read_blob(to, &blob, &found, &err), err);
    assert_memory_equal(found.data, bytes.data, bytes.size);
}

static void a_copy_that_is_canceled_leaves_nothing(void **state)
{
    CLEANUP(store) struct store *to = open_subject(state);
    CLEANUP(store) struct store *from = store_new_memory();
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;
    struct cancel cancel = {.requested = true};
    struct store_copy_options options = {.cancel = &cancel};
    enum store_copied how = STORE_WAS_THERE;

    buf_fill(&bytes, 3000, 13);
    put_blob(from, &bytes, &blob);
    CHECK_REFUSED(store_copy_blob(from, to, &blob, &options, &how, &err), err, ERROR_CANCELED, "");
    assert_false(blob_is_there(to, &blob));
    check_nothing_is_left(state, to);
}

/* A store whose first streams break after a few bytes, as a connection does. */
struct flaky {
    struct store base;
    struct store *behind; /* owned */
    unsigned breaks;      /* how many streams are still to break */
    size_t part;          /* what each of them gives before */
    enum error_kind kind;
};

struct flaky_reader {
    struct reader base;
    struct flaky *flaky;
    struct reader *behind; /* owned */
    bool has_given;
};

static ssize_t flaky_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct flaky_reader *flaky = CONTAINER_OF(reader, struct flaky_reader, base);
    size_t part = flaky->flaky->part < size ? flaky->flaky->part : size;

    if (flaky->has_given || part == 0)
        return error_set(err, flaky->flaky->kind, "the cable was pulled");
    flaky->has_given = true;
    return reader_read(flaky->behind, data, part, err);
}

static void flaky_reader_free(struct reader *reader)
{
    struct flaky_reader *flaky = CONTAINER_OF(reader, struct flaky_reader, base);

    reader_free(flaky->behind);
    free(flaky);
}

static int flaky_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                           uint64_t length, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {flaky_read, flaky_reader_free};
    struct flaky *flaky = CONTAINER_OF(store, struct flaky, base);
    struct reader *behind = NULL;

    if (flaky->behind->ops->open_blob(flaky->behind, blob, offset, length, &behind, err) < 0)
        return -1;
    if (flaky->breaks == 0) {
        *out = behind;
        return 0;
    }
    flaky->breaks--;
    struct flaky_reader *reader = xcalloc(1, sizeof(*reader));
    reader->base.ops = &ops;
    reader->flaky = flaky;
    reader->behind = behind;
    *out = &reader->base;
    return 0;
}

static void flaky_free(struct store *store)
{
    struct flaky *flaky = CONTAINER_OF(store, struct flaky, base);

    store_free(flaky->behind);
    free(flaky);
}

static struct store *flaky_new(unsigned breaks, enum error_kind kind, struct store *behind)
{
    static const struct store_ops ops = {.open_blob = flaky_open_blob, .free = flaky_free};
    struct flaky *flaky = xcalloc(1, sizeof(*flaky));

    flaky->base.ops = &ops;
    flaky->base.name = xstrdup("flaky");
    flaky->behind = behind;
    flaky->breaks = breaks;
    flaky->kind = kind;
    return &flaky->base;
}

static void a_copy_is_begun_anew_where_its_bytes_are_wrong(void **state)
{
    static const struct {
        unsigned breaks;
        enum error_kind kind;
        size_t part; /* bytes before each */
        const char *complaint;
    } cases[] = {
        {1, ERROR_UNREACHABLE, 10, "the cable was pulled"}, /* the store itself has tried */
        {1, ERROR_CORRUPT, 10, NULL},
        {2, ERROR_CORRUPT, 10, "' from 'flaky' to 'memory': reading 'sha256:"},
        {1, ERROR_DENIED, 10, "the cable was pulled"},
    };
    static const struct store_copy_options options = {.cancel = NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(store) struct store *to = store_new_memory();
        struct store *behind = store_new_memory();
        struct descriptor blob = DESCRIPTOR_INIT;
        enum store_copied how = STORE_WAS_THERE;
        buf_fill(&bytes, 5000, i);
        put_blob(behind, &bytes, &blob);
        CLEANUP(store) struct store *from = flaky_new(cases[i].breaks, cases[i].kind, behind);
        CONTAINER_OF(from, struct flaky, base)->part = cases[i].part;
        int result = store_copy_blob(from, to, &blob, &options, &how, &err);
        assert_int_equal(blob_is_there(to, &blob), cases[i].complaint == NULL);
        if (cases[i].complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, cases[i].kind, cases[i].complaint);
        assert_int_equal(how, result == 0 ? STORE_STREAMED : STORE_WAS_THERE);
    }
}

int main(void)
{
    SUBJECTS(world);
    const struct CMUnitTest tests[] = {
        EACH(a_blob_is_copied_from_every_kind_of_store),
        EACH(a_damaged_blob_is_not_copied),
        EACH(a_copy_is_inspected_before_it_is_committed),
        EACH(a_blob_of_another_size_than_described_is_not_copied),
        EACH(a_copy_keeps_a_digest_of_another_algorithm),
        EACH(a_copy_that_is_canceled_leaves_nothing),
        cmocka_unit_test(a_copy_is_begun_anew_where_its_bytes_are_wrong),
    };

    world_init(&world);
    (void)world_start_registry(&world);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    world_release(&world);
    return result;
}
