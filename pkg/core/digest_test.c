#include "core/digest.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void digests_are_those_of_the_published_vectors(void **state)
{
    static const struct {
        const char *content;
        enum digest_algorithm algorithm;
        const char *expected;
    } cases[] = {
        {"", DIGEST_GIT_SHA1, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
        {"{}", DIGEST_GIT_SHA1, "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
        {"hello", DIGEST_GIT_SHA1, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"},
        {"Hello, World!", DIGEST_GIT_SHA1, "b45ef6fec89518d314f546fd6c3025367b721684"},
        {"version https://git-lfs.github.com/spec/v1\n"
         "oid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n",
         DIGEST_GIT_SHA1, "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"},
        {"", DIGEST_SHA256,
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"hello", DIGEST_SHA256,
         "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
        {"", DIGEST_SHA512,
         "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct digest digest =
            digest_of(cases[i].algorithm, cases[i].content, strlen(cases[i].content));
        assert_string_equal(digest_format(&digest).text, cases[i].expected);
    }
}

static void what_formats_parses_to_the_same(void **state)
{
    struct digest digest = digest_of(DIGEST_SHA512, "x", 1);
    struct digest again = DIGEST_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(digest_parse(digest_format(&digest).text, &again, &err), 0);
    assert_true(digest_equal(&digest, &again));
}

static void a_digest_that_could_be_a_path_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "sha256:",
        "sha256:../../etc/passwd",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        " sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct digest digest = DIGEST_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (digest_parse(cases[i], &digest, &err) == 0)
            fail_msg("'%s' is taken for a digest", cases[i]);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_int_equal(digest.algorithm, DIGEST_NONE);
    }
}

static void digest_of_git_tree_is_what_git_calls_it(void **state)
{
    struct buf tree = BUF_INIT;
    const struct digest empty_file = digest_of(DIGEST_GIT_SHA1, "", 0);
    const struct digest empty_tree = digest_of_git_tree("", 0);

    (void)state;
    assert_string_equal(digest_format(&empty_tree).text,
                        "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    buf_add(&tree, "100644 a", 9);
    buf_add(&tree, empty_file.bytes, 20);
    const struct digest one_file = digest_of_git_tree(tree.data, tree.size);
    assert_string_equal(digest_format(&one_file).text, "496d6428b9cf92981dc9495211e6e1120fb6f2ba");
    buf_release(&tree);
}

static void names_of_urls_have_the_plain_sha1(void **state)
{
    const char url[] = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken";
    struct digest digest = digest_of(DIGEST_SHA1, url, strlen(url));

    (void)state;
    assert_string_equal(digest_format_hex(&digest).text,
                        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4");
    assert_string_equal(digest_algorithm_name(DIGEST_SHA1), "sha1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_of_git_tree_is_what_git_calls_it),
        cmocka_unit_test(names_of_urls_have_the_plain_sha1),
        cmocka_unit_test(digests_are_those_of_the_published_vectors),
        cmocka_unit_test(what_formats_parses_to_the_same),
        cmocka_unit_test(a_digest_that_could_be_a_path_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
