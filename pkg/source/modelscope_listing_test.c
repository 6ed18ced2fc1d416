#include "source/modelscope_internal.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define UPPER "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
#define POINTER "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"
#define HEAD "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define TWIN "3f0c6d0c00000000000000000000000000000000"
#define OLDER "90c83b81d6733584c13cb8bb50b21d5b5b81ee28"
#define ANSWER(data)                                                                               \
    "{\"Code\": 200, \"Success\": true, \"Message\": \"success\", \"Data\": " data "}"
#define FILES(files) ANSWER("{\"Files\": [" files "]}")
#define LISTED(latest, files) ANSWER("{\"LatestCommitter\": " latest ", \"Files\": [" files "]}")
#define FILE_AT(revision)                                                                          \
    "{\"Type\": \"blob\", \"Path\": \"f\", \"Size\": 5, \"Sha256\": \"" SHA256                     \
    "\", \"Revision\": \"" revision "\"}"

static int parse(const char *text, struct plan *plan, struct modelscope_page *page,
                 struct error *err)
{
    return modelscope_page_parse(text, strlen(text), plan, page, err);
}

static void a_page_has_files_and_folders(void **state)
{
    static const char text[] = FILES(
        "{\"Type\": \"tree\", \"Path\": \"d\", \"Size\": 0, \"Sha256\": \"\"},"
        "{\"Type\": \"commit\", \"Path\": \"submodule\"},"
        "{\"Type\": \"blob\", \"Path\": \"d/f\", \"Name\": \"f\", \"Size\": 5, \"Mode\": \"1\", "
        "\"IsLFS\": true, \"Sha256\": \"" UPPER "\"}");
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(parse(text, &plan, &page, &err), 0);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.folders.count, 1);
    assert_string_equal(page.folders.items[0], "d");
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.files[0].path, "d/f");
    assert_true(plan.files[0].size == 5);
    assert_string_equal(digest_format(&plan.files[0].digest).text, "sha256:" SHA256);
    assert_string_equal(plan.files[0].blob_id, POINTER);
}

static void the_commit_is_told_or_stands_at_the_files_that_it_changed(void **state)
{
    static const struct {
        const char *text, *commit, *short_commit;
    } cases[] = {
        {FILES(FILE_AT(HEAD)), "", ""},
        {LISTED("{\"Id\": \"" HEAD "\"}", FILE_AT(OLDER)), HEAD, ""},
        {LISTED("{\"Id\": \"\", \"ShortId\": \"3f0c6d0c\"}", FILE_AT(OLDER) "," FILE_AT(HEAD)),
         HEAD, "3f0c6d0c"},
        {LISTED("{\"Id\": \"\", \"ShortId\": \"3F0C6D0C\"}", FILE_AT(HEAD) "," FILE_AT(HEAD)), HEAD,
         "3f0c6d0c"},
        {LISTED("{\"Id\": \"\", \"ShortId\": \"3f0c6d0c\"}", FILE_AT(OLDER)), "", "3f0c6d0c"},
        {LISTED("{\"Id\": \"\", \"ShortId\": \"3f0c6d0c\"}", FILE_AT(HEAD) "," FILE_AT(TWIN)), "",
         "3f0c6d0c"},
        {LISTED("{\"Id\": \"3f0c6d0c\", \"ShortId\": \"\"}", FILE_AT(HEAD)), "", ""},
        {LISTED("{\"Id\": 7, \"ShortId\": \"master\"}", FILE_AT(HEAD)), "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, &plan, &page, &err), 0);
        assert_string_equal(page.commit, cases[i].commit);
        assert_string_equal(page.short_commit, cases[i].short_commit);
    }
}

static void a_page_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"<html>Log in</html>", ERROR_CORRUPT, "the answer is not JSON"},
        {"[]", ERROR_CORRUPT, "not a JSON object"},
        {"{}", ERROR_CORRUPT, "no list of files"},
        {ANSWER("null"), ERROR_CORRUPT, "no list of files"},
        {"{\"Code\": 404, \"Success\": false, \"Message\": \"gone\"}", ERROR_NOT_FOUND,
         "ModelScope says 'gone' (code 404)"},
        {"{\"Code\": 403, \"Success\": false}", ERROR_DENIED, "code 403"},
        {"{\"Code\": 500, \"Success\": false, \"Message\": \"busy\"}", ERROR_UNREACHABLE, "'busy'"},
        {"{\"Code\": 10010205001, \"Message\": \"odd\"}", ERROR_UNSUPPORTED, "code 10010205001"},
        {"{\"Success\": false, \"Data\": {\"Files\": []}}", ERROR_UNSUPPORTED, "code 0"},
        {FILES("7"), ERROR_CORRUPT, "no 'Path'"},
        {FILES("{\"Path\": \"f\"}"), ERROR_CORRUPT, "the 'Size' of 'f'"},
        {FILES("{\"Path\": \"f\", \"Size\": -1}"), ERROR_CORRUPT, "the 'Size' of 'f'"},
        {FILES("{\"Path\": \"f\", \"Size\": 1}"), ERROR_CORRUPT, "the 'Sha256' of 'f'"},
        {FILES("{\"Path\": \"f\", \"Size\": 1, \"Sha256\": \"2cf2\"}"), ERROR_CORRUPT,
         "the 'Sha256' of 'f'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, &plan, &page, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

static void revisions_are_branches_and_tags(void **state)
{
    static const char text[] =
        ANSWER("{\"RevisionMap\": {\"Branches\": [{\"Revision\": \"master\", \"CreatedAt\": 1}, 7],"
               "\"Tags\": [{\"Revision\": \"v1.0\"}]}}");
    static const char without_tags[] =
        ANSWER("{\"RevisionMap\": {\"Branches\": [{\"Revision\": \"master\"}], \"Tags\": null}}");
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(modelscope_revisions_parse(text, strlen(text), &names, &err), 0);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[0], "master");
    assert_string_equal(names.items[1], "v1.0");
    assert_int_equal(modelscope_revisions_parse(without_tags, strlen(without_tags), &names, &err),
                     0);
    assert_int_equal(names.count, 3);
    assert_int_equal(modelscope_revisions_parse("{}", 2, &names, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
}

#define SERVICE "001e# service=git-upload-pack\n0000"

static void git_tells_the_commit_of_a_branch_or_a_tag(void **state)
{
    static const char refs[] = SERVICE "0037" HEAD " HEAD\0caps\n"
                                       "003f" HEAD " refs/heads/master\n"
                                       "0040" OLDER " refs/heads/master2\n"
                                       "003c" TWIN " refs/tags/v1.0\n"
                                       "003f" OLDER " refs/tags/v1.0^{}\n"
                                       "0000";
    static const struct {
        const char *revision, *commit;
    } cases[] = {{"master", HEAD}, {"v1.0", OLDER}, {"mast", ""}, {"HEAD", ""}};
    char commit[GIT_OID_HEX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool is_there = cases[i].commit[0] != '\0';
        assert_int_equal(git_refs_find(refs, sizeof(refs) - 1, cases[i].revision, commit),
                         is_there);
        assert_string_equal(commit, cases[i].commit);
    }
}

static void what_is_no_list_of_refs_names_nothing(void **state)
{
    static const char too_short[] = "ffff" HEAD " refs/heads/master";
    static const char *const texts[] = {
        "",
        "<html>",
        "00",
        "0001",
        too_short,
        "003fzf0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123 refs/heads/master\n",
        "0015refs/heads/master",
    };
    char commit[GIT_OID_HEX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_false(git_refs_find(texts[i], strlen(texts[i]), "master", commit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_files_and_folders),
        cmocka_unit_test(the_commit_is_told_or_stands_at_the_files_that_it_changed),
        cmocka_unit_test(a_page_that_is_none_is_refused),
        cmocka_unit_test(revisions_are_branches_and_tags),
        cmocka_unit_test(git_tells_the_commit_of_a_branch_or_a_tag),
        cmocka_unit_test(what_is_no_list_of_refs_names_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
