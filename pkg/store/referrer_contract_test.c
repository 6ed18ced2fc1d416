#include "store/store_test_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

/*
 * What every kind of store promises of documents about its images; docker-registry has no list of
 * them, and so a tag is one.
 */

#define STATEMENT "application/vnd.in-toto+json"

static bool keeps_referrers(void **state)
{
    const struct subject *subject = *state;

    return subject->kind != KIND_OCI_ARCHIVE && subject->kind != KIND_DOCKER_ARCHIVE;
}

/* An image under the tag v1. */
static struct descriptor put_subject(struct store *store)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    put_image(store, "one", &manifest);
    CHECK(store_write_manifest(store, "v1", MEDIA_TYPE_OCI_MANIFEST, &manifest, &err), err);
    struct descriptor what = describe(&manifest);
    CHECK(descriptor_set(&what, MEDIA_TYPE_OCI_MANIFEST, &what.digest, what.size, &err), err);
    return what;
}

static struct descriptor say(struct store *store, const struct descriptor *subject,
                             const char *media_type, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct descriptor out = DESCRIPTOR_INIT;
    const struct referrer referrer = {media_type, &content, "x.json", "a.b/c", "d"};

    buf_add_text(&content, text);
    CHECK(store_write_referrer(store, subject, &referrer, &out, &err), err);
    return out;
}

static void check_said(struct store *store, const struct descriptor *subject,
                       const char *media_type, const char *const *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor *found = NULL;
    size_t count = 0;
    size_t i = 0;

    CHECK(store_list_referrers(store, &subject->digest, media_type, &found, &count, &err), err);
    for (; expected[i] != NULL; i++) {
        CLEANUP(buf) struct buf content = BUF_INIT;
        assert_true(i < count);
        CHECK(store_read_referrer(store, &subject->digest, media_type, &found[i], &content, &err),
              err);
        assert_string_equal(buf_text(&content), expected[i]);
    }
    assert_int_equal(count, i);
    free(found);
}

#define SAID(...) ((const char *const[]){__VA_ARGS__, NULL})

static void what_is_said_of_an_image_is_found_by_its_digest_and_once(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);

    if (!keeps_referrers(state))
        return;
    struct descriptor subject = put_subject(store);
    check_said(store, &subject, STATEMENT, SAID(NULL));
    struct descriptor first = say(store, &subject, STATEMENT, "{\"a\":1}");
    struct descriptor again = say(store, &subject, STATEMENT, "{\"a\":1}");
    assert_true(digest_equal(&first.digest, &again.digest));
    check_said(store, &subject, STATEMENT, SAID("{\"a\":1}"));
    say(store, &subject, STATEMENT, "{\"a\":2}");
    say(store, &subject, "application/vnd.cyclonedx+json", "{}");
    check_said(store, &subject, STATEMENT, SAID("{\"a\":1}", "{\"a\":2}"));
    check_said(store, &subject, "application/vnd.cyclonedx+json", SAID("{}"));
    check_said(store, &first, STATEMENT, SAID(NULL));
}

static void its_manifest_is_that_of_an_artifact_with_a_subject(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    if (!keeps_referrers(state))
        return;
    struct descriptor subject = put_subject(store);
    struct descriptor said = say(store, &subject, STATEMENT, "{}");
    CHECK(store_read_document(store, digest_format(&said.digest).text, &found, &err), err);
    CLEANUP(text)
    char *expected =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"artifactType\":\"%s\",\"config\":{"
                  "\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:"
                  "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},"
                  "\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"sha256:"
                  "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2,"
                  "\"annotations\":{\"org.opencontainers.image.title\":\"x.json\"}}],"
                  "\"subject\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d},"
                  "\"annotations\":{\"a.b/c\":\"d\"}}",
                  MEDIA_TYPE_OCI_MANIFEST, STATEMENT, STATEMENT, MEDIA_TYPE_OCI_MANIFEST,
                  digest_format(&subject.digest).text, (int)subject.size);
    assert_string_equal(buf_text(&found.bytes), expected);
}

static void the_image_stays_the_only_one_where_no_version_is_named(void **state)
{
    const struct subject *kind = *state;
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    if (kind->kind != KIND_OCI_DIR)
        return;
    struct descriptor subject = put_subject(store);
    say(store, &subject, STATEMENT, "{}");
    say(store, &subject, STATEMENT, "{\"a\":2}");
    CHECK(store_read_document(store, NULL, &found, &err), err);
    assert_true(digest_equal(&found.descriptor.digest, &subject.digest));
    CHECK_REFUSED(store_read_document(store, "v2", &found, &err), err, ERROR_NOT_FOUND,
                  "it has no image 'v2'; there is 'v1'");
}

static void an_archive_keeps_none_and_says_so(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    const struct referrer referrer = {STATEMENT, &content, "x.json", NULL, NULL};
    struct descriptor subject = DESCRIPTOR_INIT;
    struct descriptor *found = NULL;
    size_t count = 0;

    if (keeps_referrers(state))
        return;
    CHECK_REFUSED(store_write_referrer(store, &subject, &referrer, &subject, &err), err,
                  ERROR_UNSUPPORTED, "a registry or an OCI layout does");
    CHECK_REFUSED(store_list_referrers(store, &subject.digest, STATEMENT, &found, &count, &err),
                  err, ERROR_UNSUPPORTED, "keeps nothing that is said of an image");
}

static void what_nobody_would_read_again_is_not_written(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    const struct referrer referrer = {STATEMENT, &content, "x.json", NULL, NULL};
    struct descriptor out = DESCRIPTOR_INIT;

    if (!keeps_referrers(state))
        return;
    struct descriptor subject = put_subject(store);
    buf_fill(&content, REFERRER_LIMIT + 1, 1);
    CHECK_REFUSED(store_write_referrer(store, &subject, &referrer, &out, &err), err,
                  ERROR_UNSUPPORTED, "it has 16777217 bytes, expected 16777216 at most");
}

static bool has_fallback_tag(void **state)
{
    const struct subject *subject = *state;

    return subject->kind == KIND_MEMORY || subject->kind == KIND_REGISTRY;
}

static char *tag_of(const struct descriptor *subject)
{
    return xasprintf("sha256-%s", digest_format_hex(&subject->digest).text);
}

static void a_list_that_others_keep_under_the_tag_is_added_to(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf list = BUF_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    if (!has_fallback_tag(state))
        return;
    struct descriptor subject = put_subject(store);
    CLEANUP(text) char *tag = tag_of(&subject);
    json_auto_t *others = json_pack("{s:i, s:s, s:[o], s:{s:s}}", "schemaVersion", 2, "mediaType",
                                    MEDIA_TYPE_OCI_INDEX, "manifests", descriptor_to_json(&subject),
                                    "annotations", "kept", "yes");
    json_to_buf(others, &list);
    CHECK(store_write_manifest(store, tag, MEDIA_TYPE_OCI_INDEX, &list, &err), err);
    say(store, &subject, STATEMENT, "{}");
    say(store, &subject, STATEMENT, "{}");
    CHECK(store_read_document(store, tag, &found, &err), err);
    assert_true(found.is_index);
    assert_non_null(strstr(buf_text(&found.bytes), "\"kept\":\"yes\""));
    const json_t *entries = json_object_get(found.json, "manifests");
    assert_int_equal(json_array_size(entries), 2);
    assert_string_equal(json_text(json_object_get(json_array_get(entries, 0), "digest")),
                        digest_format(&subject.digest).text);
    const json_t *entry = json_array_get(entries, 1);
    assert_string_equal(json_text(json_object_get(entry, "artifactType")), STATEMENT);
    assert_string_equal(json_text(json_object_get(json_object_get(entry, "annotations"), "a.b/c")),
                        "d");
}

static void a_tag_that_is_no_list_is_left_as_it_is(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    const struct referrer referrer = {STATEMENT, &manifest, "x.json", NULL, NULL};
    struct descriptor out = DESCRIPTOR_INIT;

    if (!has_fallback_tag(state))
        return;
    struct descriptor subject = put_subject(store);
    CLEANUP(text) char *tag = tag_of(&subject);
    put_image(store, "two", &manifest);
    CHECK(store_write_manifest(store, tag, MEDIA_TYPE_OCI_MANIFEST, &manifest, &err), err);
    CHECK_REFUSED(store_write_referrer(store, &subject, &referrer, &out, &err), err, ERROR_CORRUPT,
                  "is an image, expected the list of what is said of sha256:");
    CHECK(store_read_document(store, tag, &found, &err), err);
    assert_string_equal(buf_text(&found.bytes), buf_text(&manifest));
}

/* GitLab reads the digest out of the tag. */
static void an_answer_that_is_the_subject_itself_is_no_list(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    if (!has_fallback_tag(state))
        return;
    struct descriptor subject = put_subject(store);
    CLEANUP(text) char *tag = tag_of(&subject);
    put_image(store, "one", &manifest);
    CHECK(store_write_manifest(store, tag, MEDIA_TYPE_OCI_MANIFEST, &manifest, &err), err);
    check_said(store, &subject, STATEMENT, SAID(NULL));
    say(store, &subject, STATEMENT, "{}");
    check_said(store, &subject, STATEMENT, SAID("{}"));
}

static void what_is_listed_and_says_something_else_is_refused(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    if (!keeps_referrers(state))
        return;
    struct descriptor subject = put_subject(store);
    struct descriptor said = say(store, &subject, STATEMENT, "{}");
    CHECK_REFUSED(store_read_referrer(store, &said.digest, STATEMENT, &said, &content, &err), err,
                  ERROR_CORRUPT, "is listed as a document about");
    CHECK_REFUSED(store_read_referrer(store, &subject.digest, "a/b", &said, &content, &err), err,
                  ERROR_CORRUPT, "of the type 'a/b', and is none");
    CHECK_REFUSED(store_read_referrer(store, &subject.digest, STATEMENT, &subject, &content, &err),
                  err, ERROR_CORRUPT, "and is none");
}

int main(void)
{
    SUBJECTS(world);
    const struct CMUnitTest tests[] = {
        EACH(what_is_said_of_an_image_is_found_by_its_digest_and_once),
        EACH(its_manifest_is_that_of_an_artifact_with_a_subject),
        EACH(the_image_stays_the_only_one_where_no_version_is_named),
        EACH(an_archive_keeps_none_and_says_so),
        EACH(what_nobody_would_read_again_is_not_written),
        EACH(a_list_that_others_keep_under_the_tag_is_added_to),
        EACH(a_tag_that_is_no_list_is_left_as_it_is),
        EACH(an_answer_that_is_the_subject_itself_is_no_list),
        EACH(what_is_listed_and_says_something_else_is_refused),
    };

    world_init(&world);
    (void)world_start_registry(&world);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    world_release(&world);
    return result;
}
