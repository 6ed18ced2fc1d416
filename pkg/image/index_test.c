#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
#define ENTRY(last, rest)                                                                          \
    "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" HEX last  \
    "\",\"size\":7" rest "}"
#define PLATFORM(os) ",\"platform\":{\"architecture\":\"amd64\",\"os\":\"" os "\"}"
#define ATTESTATION                                                                                \
    ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\","                    \
    "\"vnd.docker.reference.digest\":\"sha256:" HEX "1\"}" PLATFORM("unknown")
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "],\"x\":{\"y\":1}}"

static void parse(const char *text, struct document *out)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    buf_add_text(&bytes, text);
    what.digest = digest_of(DIGEST_SHA256, text, strlen(text));
    what.size = strlen(text);
    if (document_parse(&bytes, &what, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void entries_have_the_roles_that_they_play(void **state)
{
    static const struct {
        const char *text;
        enum index_role role;
    } cases[] = {
        {INDEX(ENTRY("1", PLATFORM("linux"))), INDEX_IMAGE},
        {INDEX(ENTRY("1", "")), INDEX_IMAGE},
        {INDEX(ENTRY("1", PLATFORM("windows"))), INDEX_OTHER},
        {INDEX(ENTRY("1", ATTESTATION)), INDEX_ATTESTATION},
        {INDEX(ENTRY("1", ",\"artifactType\":\"a/b\"" PLATFORM("linux"))), INDEX_OTHER},
        {INDEX("{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"sha256:" HEX
               "1\",\"size\":7}"),
         INDEX_INDEX},
        {"{\"Manifests\":[" ENTRY("1", ",\"Platform\":{\"OS\":\"windows\"}") "]}", INDEX_OTHER},
        {"{\"MANIFESTS\":[{\"MediaType\":\"application/vnd.oci.image.manifest.v1+json\","
         "\"Digest\":\"sha256:" HEX "1\",\"SIZE\":7,\"Annotations\":{"
         "\"vnd.docker.reference.type\":\"attestation-manifest\"}}]}",
         INDEX_ATTESTATION},
        {INDEX("{\"mediaType\":\"text/x\",\"digest\":\"sha256:" HEX "1\",\"size\":7}"),
         INDEX_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document index = DOCUMENT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct index_entry *entries;
        size_t count;
        parse(cases[i].text, &index);
        assert_int_equal(index_entries(&index, &entries, &count, &err), 0);
        assert_int_equal(count, 1);
        if (entries[0].role != cases[i].role)
            fail_msg("'%s' is %d", cases[i].text, (int)entries[0].role);
        free(entries);
    }
}

static void an_index_keeps_everything_but_what_was_edited(void **state)
{
    static const char before[] =
        INDEX(ENTRY("1", PLATFORM("linux") ",\"data\":\"e30=\",\"u\":1") "," ENTRY(
            "2", PLATFORM("windows")) "," ENTRY("3", ATTESTATION));
    static const char after[] =
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
        "vnd.oci.image.manifest.v1+"
        "json\",\"digest\":\"sha256:" HEX "9\",\"size\":99" PLATFORM("linux") ",\"u\":1}," ENTRY(
            "2", PLATFORM("windows")) "],\"x\":{\"y\":1}}";
    CLEANUP(document) struct document index = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct index_entry *entries;
    struct descriptor now[3];
    struct descriptor out;
    bool keep[] = {true, true, false};
    size_t count;

    (void)state;
    parse(before, &index);
    assert_int_equal(index_entries(&index, &entries, &count, &err), 0);
    for (size_t i = 0; i < 3; i++)
        now[i] = entries[i].descriptor;
    assert_int_equal(digest_parse("sha256:" HEX "9", &now[0].digest, &err), 0);
    now[0].size = 99;
    index_format(&index, now, keep, &bytes, &out);
    assert_string_equal(buf_text(&bytes), after);
    assert_int_equal(out.size, strlen(after));
    free(entries);
}

static void an_index_that_is_not_edited_keeps_its_bytes(void **state)
{
    static const char text[] = " " INDEX(ENTRY("1", PLATFORM("linux"))) "\n";
    CLEANUP(document) struct document index = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct index_entry *entries;
    struct descriptor out;
    bool keep = true;
    size_t count;

    (void)state;
    parse(text, &index);
    assert_int_equal(index_entries(&index, &entries, &count, &err), 0);
    index_format(&index, &entries[0].descriptor, &keep, &bytes, &out);
    assert_string_equal(buf_text(&bytes), text);
    assert_true(digest_equal(&out.digest, &index.descriptor.digest));
    free(entries);
}

static void an_index_is_edited_where_its_members_are(void **state)
{
    static const char before[] =
        "{\"Manifests\":[{\"MediaType\":\"application/vnd.oci.image.manifest.v1+json\","
        "\"DIGEST\":\"sha256:" HEX "1\",\"Size\":7,\"Data\":\"e30=\",\"x\":\"\\ud800\"}],"
        "\"Subject\":{},\"y\":1.0}";
    static const char after[] =
        "{\"Manifests\":[{\"MediaType\":\"application/vnd.oci.image.manifest.v1+json\","
        "\"DIGEST\":\"sha256:" HEX "9\",\"Size\":99,\"x\":\"\\ud800\"}],\"y\":1.0}";
    CLEANUP(document) struct document index = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct index_entry *entries;
    struct descriptor now;
    struct descriptor out;
    bool keep = true;
    size_t count;

    (void)state;
    parse(before, &index);
    assert_true(index_has_subject(&index));
    assert_int_equal(index_entries(&index, &entries, &count, &err), 0);
    now = entries[0].descriptor;
    assert_int_equal(digest_parse("sha256:" HEX "9", &now.digest, &err), 0);
    now.size = 99;
    index_format(&index, &now, &keep, &bytes, &out);
    assert_string_equal(buf_text(&bytes), after);
    assert_int_equal(index_check_finished(&bytes, &out, &err), 0);
    free(entries);
}

static void a_finished_index_that_could_not_be_read_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *complaint; /* NULL: it can be read */
    } cases[] = {
        {INDEX(ENTRY("1", PLATFORM("linux"))), NULL},
        {INDEX(""), NULL},
        {"{\"manifests\":null}", NULL},
        {"", "the manifest is not JSON, at line 1: it ends too early"},
        {"[]", "the manifest is not a JSON object"},
        {"{\"manifests\":{}}", "an index whose 'manifests' is not an array"},
        {"{\"manifests\":[],\"Manifests\":1.0}", "an index whose 'manifests' is not an array"},
        {"{\"Layers\":[]}", "an index without 'manifests'"},
        {"{\"manifests\":[],\"CONFIG\":{}}", "a manifest and an index at once"},
        {"{\"manifests\":[],\"MediaType\":\"a/b\"}",
         "served as 'application/vnd.oci.image.index.v1+json', but says that it is 'a/b'"},
        {INDEX("7"), "entry 1 of the index: there is no descriptor, which is an object"},
        {INDEX(ENTRY("1", "") "," ENTRY("1", ",\"Size\":-1")),
         "entry 2 of the index: the descriptor's size is -1"},
        {INDEX(ENTRY("1", ",\"size\":1e3")),
         "entry 1 of the index: the descriptor has no 'size' that is an integer of 64 bits"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct descriptor what = {.media_type = "application/vnd.oci.image.index.v1+json"};
        buf_add_text(&bytes, cases[i].text);
        int result = index_check_finished(&bytes, &what, &err);
        if ((result < 0) != (cases[i].complaint != NULL))
            fail_msg("'%s': \"%s\"", cases[i].text, err.text);
        if (cases[i].complaint == NULL)
            continue;
        CLEANUP(text)
        char *expected =
            xasprintf("the finished index, which is not published: %s", cases[i].complaint);
        assert_string_equal(err.text, expected);
    }
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = {.media_type = "application/vnd.oci.image.index.v1+json"};
    buf_addf(&bytes, "%s%*s", INDEX(""), (int)DOCUMENT_LIMIT, "");
    assert_int_equal(index_check_finished(&bytes, &what, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_the_roles_that_they_play),
        cmocka_unit_test(an_index_keeps_everything_but_what_was_edited),
        cmocka_unit_test(an_index_that_is_not_edited_keeps_its_bytes),
        cmocka_unit_test(an_index_is_edited_where_its_members_are),
        cmocka_unit_test(a_finished_index_that_could_not_be_read_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
