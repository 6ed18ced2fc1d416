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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_the_roles_that_they_play),
        cmocka_unit_test(an_index_keeps_everything_but_what_was_edited),
        cmocka_unit_test(an_index_that_is_not_edited_keeps_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
