#include "pickle/pickle.h"

#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The same file is looked at by this process and by another one, which is this program, too. */

static int read_bytes(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    const struct buf *bytes = arg;

    (void)err;
    assert_true(offset + size <= bytes->size);
    buf_add(out, bytes->data + offset, size);
    return 0;
}

static void look(const char *word, const char *path, struct buf *bytes, struct buf *out)
{
    const struct sandbox sandbox = {.program = "/proc/self/exe", .word = word != NULL ? word : ""};
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct pickle_input in = {bytes->size, read_bytes, bytes};

    if (pickle_scan_apart(word != NULL ? &sandbox : NULL, path, &in, &findings, &err) < 0) {
        buf_addf(out, "%d: %s", (int)err.kind, err.text);
        return;
    }
    CLEANUP(text) char *text = pickle_findings_save(&findings);
    buf_add_text(out, text);
}

static void a_file_says_the_same_in_another_process(void **state)
{
    static const struct {
        const char *path;
        const char *bytes;
        const char *words;
    } cases[] = {
        {"a.pkl", "\x80\4cposix\nsystem\n.", "dangerous posix.system"},
        {"a.bin", "\x80\4ccollections\nOrderedDict\n.", "known collections.OrderedDict"},
        {"a.pt", "no pickle at all", "runs nothing"},
        {"a.pkl", "BZh9 and more", "unread it is packed with bzip2"},
        {"a.pkl", "", "runs nothing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(buf) struct buf here = BUF_INIT;
        CLEANUP(buf) struct buf apart = BUF_INIT;
        buf_add_text(&bytes, cases[i].bytes);
        look(NULL, cases[i].path, &bytes, &here);
        look("__read", cases[i].path, &bytes, &apart);
        assert_string_equal(buf_text(&here), buf_text(&apart));
        if (strstr(buf_text(&here), cases[i].words) == NULL)
            fail_msg("'%s', expected '%s'", buf_text(&here), cases[i].words);
    }
}

/* What the process tells that was taken over, by its first word. */
static const struct {
    const char *word;
    const char *record;
    size_t size;
} lies[] = {
    {"__nothing", "", 0},
    {"__half", "runs nothing\n", 13},
    {"__other", "runs nothing\nharmless a.b\nend\n", 30},
    {"__nul", "runs nothing\nend\n\0x", 19},
};

static int lie(void *arg, const struct buf *question, struct error *err)
{
    const size_t *number = arg;

    (void)question;
    return sandbox_tell('f', lies[*number].record, lies[*number].size, err);
}

static int beg(void *arg, const struct buf *question, struct error *err)
{
    const struct sandbox_range range = {.offset = 1000, .size = 1000};
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    (void)arg;
    (void)question;
    return sandbox_pull(&range, &bytes, err);
}

static void what_no_look_finds_is_not_believed(void **state)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    (void)state;
    buf_add_text(&bytes, "\x80\4N.");
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        CLEANUP(buf) struct buf said = BUF_INIT;
        look(lies[i].word, "a.pkl", &bytes, &said);
        if (strstr(buf_text(&said), "gives no answer to it") == NULL)
            fail_msg("%s: '%s'", lies[i].word, buf_text(&said));
    }
    CLEANUP(buf) struct buf said = BUF_INIT;
    look("__beg", "a.pkl", &bytes, &said);
    assert_non_null(strstr(buf_text(&said), "asks for other bytes"));
}

static void findings_are_read_as_lines_that_can_be_printed(void **state)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    CLEANUP(buf) struct buf many = BUF_INIT;

    (void)state;
    assert_true(pickle_findings_parse("runs code\nknown a\x1b[2J\nend\n", &findings));
    assert_null(strchr(findings.imports[0].name, '\x1b'));
    buf_add_text(&many, "runs code\n");
    for (unsigned i = 0; i < 10001; i++)
        buf_addf(&many, "known a%u\n", i);
    buf_add_text(&many, "end\n");
    pickle_findings_release(&findings);
    assert_false(pickle_findings_parse(buf_text(&many), &findings));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_says_the_same_in_another_process),
        cmocka_unit_test(what_no_look_finds_is_not_believed),
        cmocka_unit_test(findings_are_read_as_lines_that_can_be_printed),
    };

    for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(lies); i++)
        if (strcmp(argv[1], lies[i].word) == 0)
            return sandbox_serve_talk(
                &(struct sandbox_job){.name = PICKLE_JOB, .serve = lie, .arg = &i});
    if (argc == 3 && strcmp(argv[1], "__beg") == 0)
        return sandbox_serve_talk(&(struct sandbox_job){.name = PICKLE_JOB, .serve = beg});
    if (argc == 3)
        return pickle_serve();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
