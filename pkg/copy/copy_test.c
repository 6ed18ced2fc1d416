#include "copy/copy.h"

#include "copy/copy_test_internal.h"

static void everything_below_an_index_comes_along_once_and_the_tag_is_last(void **state)
{
    struct pair *pair = *state;
    struct family family = put_family(pair->from);
    const struct descriptor *const parts[] = {&family.amd64,      &family.arm64, &family.windows,
                                              &family.artifact,   &family.s390x, &family.nested,
                                              &family.attestation};

    struct copy_result result = copy(pair);
    expect_digest(&result.manifest, &family.index);
    assert_false(result.was_there);
    expect_shown(pair->to, "out", &family.index);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        struct digest_text digest = digest_format(&parts[i]->digest);
        expect_shown(pair->to, digest.text, parts[i]);
        assert_int_equal(count_written(pair, digest.text), 1);
    }
    assert_int_equal(count_written(pair, digest_format(&family.blob.digest).text), 1);
    /*
     * Blobs: one layer and three configs for Linux, config and layer for Windows, the artifacts'
     * config and two contents, the unknown one; then seven manifests, and the tag.
     */
    assert_int_equal(written(pair)->count, 10 + 7 + 1);
    assert_string_equal(written(pair)->items[17], "out");
    assert_true(strict_of(pair->to)->finished);
    assert_non_null(strstr(buf_text(&pair->bench.said), "8 manifests and 10 blobs"));
    assert_non_null(strstr(buf_text(&pair->bench.said), "leaving out 1 foreign layer"));
}

static void one_manifest_is_copied_with_its_bytes(void **state)
{
    struct pair *pair = *state;
    const struct descriptor manifests[] = {
        put_image(pair->from, "image", PLAIN, 3),
        put_image(pair->from, "bare", PLAIN, 0),
        put_artifact(pair->from, "artifact", "a chart"),
        put_windows(pair->from, "windows"),
    };
    static const char *const tags[] = {"image", "bare", "artifact", "windows"};

    for (size_t i = 0; i < ARRAY_SIZE(manifests); i++) {
        struct digest_text digest = digest_format(&manifests[i].digest);
        pair->options.from_version = tags[i];
        pair->options.target_version = "out";
        copy(pair);
        expect_shown(pair->to, "out", &manifests[i]);
        pair->options.from_version = digest.text;
        pair->options.target_version = "again";
        struct copy_result result = copy(pair);
        expect_shown(pair->to, "again", &manifests[i]);
        assert_int_equal(result.moved, 0);
    }
}

static void what_the_tag_shows_already_is_not_written_again(void **state)
{
    struct pair *pair = *state;
    struct family family = put_family(pair->from);

    assert_true(copy(pair).moved > 0);
    size_t count = written(pair)->count;
    strict_of(pair->to)->finished = false;
    struct copy_result again = copy(pair);
    assert_true(again.was_there);
    assert_int_equal(again.moved, 0);
    expect_digest(&again.manifest, &family.index);
    assert_int_equal(written(pair)->count, count);
    assert_false(strict_of(pair->to)->finished);
}

static void count_expected(void *arg, uint64_t size)
{
    ((atomic_uint_fast64_t *)arg)[0] += size;
}

static void count_moved(void *arg, uint64_t size)
{
    ((atomic_uint_fast64_t *)arg)[1] += size;
}

static void count_spared(void *arg, uint64_t size)
{
    ((atomic_uint_fast64_t *)arg)[2] += size;
}

static void what_is_there_counts_as_done_and_not_as_moved(void **state)
{
    struct pair *pair = *state;
    atomic_uint_fast64_t counts[3] = {0, 0, 0};
    struct progress progress = {
        .expect = count_expected, .moved = count_moved, .spared = count_spared, .arg = counts};
    uint64_t whole =
        put_blob(pair->to, "{\"name\":\"chart\"}", HELM_CONFIG).size + strlen("a chart");

    put_artifact(pair->from, "in", "a chart");
    pair->options.progress = &progress;
    struct copy_result result = copy(pair);
    assert_int_equal(counts[0], whole);
    assert_int_equal(counts[1], strlen("a chart"));
    assert_int_equal(counts[1] + counts[2], whole);
    assert_int_equal(result.moved, strlen("a chart"));
}

/* An archive has its blobs in the order in which they came: the same image is the same bytes. */
static void a_sequential_target_gets_one_blob_after_another_in_order(void **state)
{
    struct pair *pair = *state;
    CLEANUP(strings) struct strings first = STRINGS_INIT;

    put_family(pair->from);
    pair->to->sequential = true;
    pair->options.jobs = 8;
    copy(pair);
    assert_int_equal(strict_of(pair->to)->most_open, 1);
    for (size_t i = 0; i < written(pair)->count; i++)
        strings_add(&first, written(pair)->items[i]);
    CLEANUP(store) struct store *other = new_strict();
    other->sequential = true;
    pair->options.target = other;
    copy(pair);
    assert_int_equal(first.count, strict_of(other)->written.count);
    for (size_t i = 0; i < first.count; i++)
        assert_string_equal(first.items[i], strict_of(other)->written.items[i]);
}

/* An index whose only entry is said to be of this type and size. */
static void put_odd_index(struct store *store, const struct descriptor *entry)
{
    CLEANUP(buf) struct buf index = BUF_INIT;

    begin_index(&index);
    add_descriptor(&index, entry, "");
    put_index(store, "in", &index);
}

static void nothing_is_written_if_the_image_cannot_be_read_whole(void **state)
{
    struct pair *pair = *state;
    struct descriptor image = put_image(pair->from, NULL, PLAIN, 1);
    struct descriptor missing = {MEDIA_TYPE_OCI_MANIFEST, digest_of(DIGEST_SHA256, "x", 1), 1};
    struct descriptor too_small = image;
    struct descriptor of_docker = image;
    struct descriptor as_index = image;

    too_small.size--;
    memcpy(of_docker.media_type, MEDIA_TYPE_DOCKER_MANIFEST, sizeof(MEDIA_TYPE_DOCKER_MANIFEST));
    memcpy(as_index.media_type, MEDIA_TYPE_OCI_INDEX, sizeof(MEDIA_TYPE_OCI_INDEX));
    const struct {
        const struct descriptor *entry;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {&missing, ERROR_NOT_FOUND, "sha256:2d711642b726b0440162"},
        {&too_small, ERROR_CORRUPT, "its entry in the index says"},
        {&of_docker, ERROR_CORRUPT, "distribution.manifest.v2+json'"},
        {&as_index, ERROR_CORRUPT, "its entry in the index says"},
    };

    refuse_to_copy(pair, ERROR_NOT_FOUND, "the image memory: ");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        put_odd_index(pair->from, cases[i].entry);
        refuse_to_copy(pair, cases[i].kind, cases[i].complaint);
        refuse_to_copy(pair, cases[i].kind, "the image memory: ");
        assert_int_equal(written(pair)->count, 0);
    }
}

static void a_layer_that_is_too_large_is_refused_at_once_unless_it_is_there(void **state)
{
    struct pair *pair = *state;
    struct strict *strict = strict_of(pair->to);

    put_artifact(pair->from, "in", "a chart that is longer than its config");
    strict->most = 20;
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "the target strict: it would be too large");
    assert_int_equal(written(pair)->count, 0);
    pair->options.force = true;
    copy(pair);
    pair->options.force = false;
    pair->options.target_version = "again";
    copy(pair);
}

static void indexes_one_in_another_end_somewhere(void **state)
{
    struct pair *pair = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor below = put_image(pair->from, NULL, PLAIN, 1);
    struct oci_platform platform;

    assert_int_equal(oci_platform_parse("linux/amd64", &platform, &err), 0);
    for (size_t depth = 1; depth <= 5; depth++) {
        CLEANUP(buf) struct buf index = BUF_INIT;
        begin_index(&index);
        add_descriptor(&index, &below, "");
        below = put_index(pair->from, "in", &index);
        if (depth <= 4)
            copy(pair);
    }
    strict_of(pair->to)->finished = false;
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "more than 4 indexes one in another");
    pair->options.platform = &platform;
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "more than 4 indexes one in another");
}

static void after_a_failure_the_tag_shows_what_it_showed(void **state)
{
    struct pair *pair = *state;
    CLEANUP(store) struct store *empty = store_new_memory();
    struct cancel cancel = {.requested = false};
    struct family family = put_family(pair->from);
    struct digest_text nested = digest_format(&family.nested.digest);
    struct strict *strict = strict_of(pair->to);
    struct descriptor image = put_image(pair->from, "before", PLAIN, 5);
    struct descriptor gone = {.digest = DIGEST_INIT};

    pair->options.from_version = "before";
    copy(pair);
    strict->finished = false;
    pair->options.from_version = "in";
    pair->options.cancel = &cancel;
    cancel_request(&cancel);
    refuse_to_copy(pair, ERROR_CANCELED, "");
    pair->options.cancel = NULL;
    strict->refused = nested.text; /* what is above it is not even tried */
    refuse_to_copy(pair, ERROR_DENIED, "the target strict: ");
    assert_int_equal(count_written(pair, "out"), 1);
    strict->refused = "out";
    refuse_to_copy(pair, ERROR_DENIED, "'out' may not be written");
    expect_shown(pair->to, "out", &image);

    /* A layer that the store mentions and does not have. */
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    read_document(pair->from, digest_format(&family.artifact.digest).text, &manifest);
    put_manifest(empty, "in", buf_text(&manifest.bytes), MEDIA_TYPE_OCI_MANIFEST);
    assert_int_equal(document_config(&manifest, &gone, &err), 0);
    CLEANUP(store) struct store *to = new_strict();
    pair->options.from = empty;
    pair->options.target = to;
    refuse_to_copy(pair, ERROR_NOT_FOUND, digest_format(&gone.digest).text);
    assert_int_equal(strict_of(to)->written.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(everything_below_an_index_comes_along_once_and_the_tag_is_last),
        PAIR_TEST(one_manifest_is_copied_with_its_bytes),
        PAIR_TEST(what_the_tag_shows_already_is_not_written_again),
        PAIR_TEST(what_is_there_counts_as_done_and_not_as_moved),
        PAIR_TEST(a_sequential_target_gets_one_blob_after_another_in_order),
        PAIR_TEST(nothing_is_written_if_the_image_cannot_be_read_whole),
        PAIR_TEST(a_layer_that_is_too_large_is_refused_at_once_unless_it_is_there),
        PAIR_TEST(indexes_one_in_another_end_somewhere),
        PAIR_TEST(after_a_failure_the_tag_shows_what_it_showed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
