#include "source/unpack_internal.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* An archive of this machine, which the test writes. */
struct world {
    char *path;
    struct source *source;
    struct plan plan;
    int copy;
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    CLEANUP(error) struct error err = ERROR_INIT;

    *state = world;
    world->path = xstrdup("/tmp/inlay-unpack-XXXXXX");
    world->plan = (struct plan)PLAN_INIT;
    int fd = mkstemp(world->path);
    if (fd < 0 || close(fd) < 0)
        return -1;
    return temporary_create(&world->copy, &err);
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    plan_release(&world->plan);
    close(world->copy);
    unlink(world->path);
    free(world->path);
    free(world);
    return 0;
}

struct entry {
    const char *path, *text;
    const char *link; /* NULL: a file */
};

static void write_archive(struct world *world, const struct entry *entries, size_t count)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *header = archive_entry_new();

    assert_int_equal(archive_write_set_format_gnutar(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(archive, world->path), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        archive_entry_clear(header);
        archive_entry_set_pathname(header, entries[i].path);
        archive_entry_set_perm(header, 0644);
        archive_entry_set_filetype(header, entries[i].link != NULL ? AE_IFLNK : AE_IFREG);
        archive_entry_set_size(header, (la_int64_t)strlen(entries[i].text));
        if (entries[i].link != NULL)
            archive_entry_set_symlink(header, entries[i].link);
        assert_int_equal(archive_write_header(archive, header), ARCHIVE_OK);
        assert_true(archive_write_data(archive, entries[i].text, strlen(entries[i].text)) >= 0);
    }
    archive_entry_free(header);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

/* Each test is run here and with a process of its own, which is this program. */
static const struct sandbox *sandbox;

static int unpack(struct world *world, const struct unpack_limits *limits, const char *only,
                  struct members *members, struct error *err)
{
    const struct origin origin = {.kind = ORIGIN_FILE, .name = world->path};
    const struct source_context context = {.http = NULL};
    bool is_archive = false;

    source_free(TAKE(world->source));
    if (source_open(&context, &origin, &world->source, err) < 0 ||
        source_list(world->source, &world->plan, err) < 0)
        return -1;
    const struct unpack_request request = {
        .source = world->source,
        .plan = &world->plan,
        .only = only,
        .to = world->copy,
        .limits = *limits,
        .sandbox = sandbox,
    };
    int result = unpack_archive(&request, members, &is_archive, err);
    assert_true(is_archive || result < 0);
    return result;
}

static const struct unpack_limits ample = {MIB, MIB, 1000, 100};

static const struct entry entries[] = {
    {"./b", "bb", NULL},
    {"d/a", "a", NULL},
    {"c/link", "", "../d/./a"},
    {"d/chain", "", "../c/link"},
};

static void members_are_known_by_their_content(void **state)
{
    struct world *world = *state;
    CLEANUP(members) struct members members = {NULL, 0};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct digest expected = digest_of(DIGEST_GIT_SHA1, "a", 1);
    const struct member *content = NULL;

    write_archive(world, entries, ARRAY_SIZE(entries));
    assert_int_equal(unpack(world, &ample, NULL, &members, &err), 0);
    assert_int_equal(members.count, 4);
    assert_true(members.items != NULL && strcmp(members.items[0].path, "b") == 0);
    assert_int_equal(members_follow(&members, members_find(&members, "d/chain"), &content, &err),
                     0);
    assert_string_equal(content->path, "d/a");
    assert_true(digest_equal(&content->digest, &expected));
    assert_int_equal(content->offset, 2);
    assert_null(members_find(&members, "absent"));
}

static void of_one_member_alone_the_content_is_read(void **state)
{
    struct world *world = *state;
    CLEANUP(members) struct members members = {NULL, 0};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct digest expected = digest_of(DIGEST_SHA256, "a", 1);
    const struct unpack_limits one_byte = {1, 1, 1000, 100};

    write_archive(world, entries, ARRAY_SIZE(entries));
    assert_int_equal(unpack(world, &one_byte, "d/a", &members, &err), 0);
    assert_int_equal(members_find(&members, "b")->digest.algorithm, DIGEST_NONE);
    assert_true(digest_equal(&members_find(&members, "d/a")->digest, &expected));
    assert_int_equal(lseek(world->copy, 0, SEEK_END), 1);
}

static void what_is_beyond_a_limit_is_refused_before_it_is_written(void **state)
{
    static const struct {
        struct unpack_limits limits;
        const char *complaint; /* NULL: none */
    } cases[] = {
        {{2, 2, 1000, 100}, "with 'd/a' it unpacks to more than 2 B, and is not read on"},
        {{MIB, 1, UINT64_MAX, 100}, NULL},
        {{MIB, MIB, 1000, 3}, "it has more than 3 members"},
    };
    struct world *world = *state;

    write_archive(world, entries, ARRAY_SIZE(entries));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(members) struct members members = {NULL, 0};
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = unpack(world, &cases[i].limits, NULL, &members, &err);
        assert_int_equal(result, cases[i].complaint != NULL ? -1 : 0);
        if (cases[i].complaint != NULL) {
            assert_int_equal(err.kind, ERROR_UNSUPPORTED);
            assert_string_equal(err.text, cases[i].complaint);
            assert_int_equal(members.count, 0);
        }
    }
}

static void links_are_resolved_within_the_archive(void **state)
{
    static const struct {
        const char *path, *target, *expected; /* NULL: it leads out */
    } cases[] = {
        {"a", "b", "b"},          {"a/b", "c", "a/c"},        {"a/b", "../c", "c"},
        {"a/b/c", "../..", ""},   {"a/b", ".//c/.", "a/c"},   {"a/b", "../../c", NULL},
        {"a", "..", NULL},        {"a", "/etc/passwd", NULL}, {"a", "b/../../a/c", NULL},
        {"a/b", "../a/b", "a/b"}, {"", "a/b", "a/b"},         {"", "../a", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *found = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = member_resolve(cases[i].path, cases[i].target, &found, &err);
        assert_int_equal(result, cases[i].expected != NULL ? 0 : -1);
        if (cases[i].expected != NULL)
            assert_string_equal(found, cases[i].expected);
        else
            assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    }
}

#define CONTENT_OF_NOTHING "__content"
#define ANOTHER_NAME "__name"
#define TOO_LONG "__long"

/* A process that was taken over: it tells what no archive says. */
static int lie(void *arg, const struct buf *question, struct error *err)
{
    static const char size[8] = {1};
    const char *how = arg;
    CLEANUP(buf) struct buf member = BUF_INIT;

    (void)question;
    buf_add(&member, size, sizeof(size));
    buf_add_text(&member, strcmp(how, ANOTHER_NAME) == 0 ? "../../etc/passwd" : "a");
    buf_add(&member, "", 1);
    if (sandbox_tell('a', NULL, 0, err) < 0)
        return -1;
    if (strcmp(how, CONTENT_OF_NOTHING) == 0)
        return sandbox_tell('c', "x", 1, err);
    return sandbox_tell('f', member.data, member.size, err) < 0 ? -1
                                                                : sandbox_tell('c', "xx", 2, err);
}

static void what_no_archive_says_is_not_believed(void **state)
{
    static const struct {
        const char *how, *complaint;
    } cases[] = {
        {CONTENT_OF_NOTHING, "content comes that is of no file"},
        {ANOTHER_NAME, "'../../etc/passwd'"},
        {TOO_LONG, "'a' has 2 bytes or more, expected 1"},
    };
    struct world *world = *state;
    const struct sandbox *before = sandbox;

    write_archive(world, entries, ARRAY_SIZE(entries));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct sandbox liar = {.program = "/proc/self/exe", .word = cases[i].how};
        CLEANUP(members) struct members members = {NULL, 0};
        CLEANUP(error) struct error err = ERROR_INIT;
        sandbox = &liar;
        assert_int_equal(unpack(world, &ample, NULL, &members, &err), -1);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s', expected '%s'", err.text, cases[i].complaint);
    }
    sandbox = before;
}

/* Damaged archives of both kinds, with names that are not ASCII, and what is none. */
static void an_archive_says_the_same_in_another_process(void **state)
{
    static const char *const zip = "PK\3\4\24\0\0\10\0\0\0\0\0\0 damaged";
    static const struct sandbox here = {.program = "/proc/self/exe", .word = "__read"};
    static const struct entry named[] = {{"\xc3\xa4/\xff", "x", NULL}, {"a\nb", "", NULL}};
    struct world *world = *state;
    const struct sandbox *before = sandbox;
    char *words[2][3] = {{NULL}};

    for (size_t how = 0; how < 2; how++) {
        sandbox = how == 0 ? NULL : &here;
        for (size_t i = 0; i < 3; i++) {
            CLEANUP(members) struct members members = {NULL, 0};
            CLEANUP(error) struct error err = ERROR_INIT;
            if (i == 0)
                write_archive(world, named, 1);
            else if (i == 1)
                write_archive(world, named, 2);
            else
                assert_int_equal(file_replace(world->path, zip, 22, &err), 0);
            int result = unpack(world, &ample, NULL, &members, &err);
            words[how][i] = xstrdup(result < 0 ? err.text : members.items[0].path);
        }
    }
    sandbox = before;
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(words[0][i], words[1][i]);
        free(words[0][i]);
        free(words[1][i]);
    }
}

int main(int argc, char **argv)
{
    static const struct sandbox here = {.program = "/proc/self/exe", .word = "__read"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_known_by_their_content, setup, teardown),
        cmocka_unit_test_setup_teardown(of_one_member_alone_the_content_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_beyond_a_limit_is_refused_before_it_is_written,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_archive_says_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_archive_says_the_same_in_another_process, setup,
                                        teardown),
        cmocka_unit_test(links_are_resolved_within_the_archive),
    };

    if (argc == 3 && strcmp(argv[1], here.word) != 0)
        return sandbox_serve_talk(&(struct sandbox_job){.serve = lie, .arg = argv[1]});
    if (argc == 3)
        return source_serve_archive();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox = &here;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
