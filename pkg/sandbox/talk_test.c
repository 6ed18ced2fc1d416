#include "sandbox/sandbox_internal.h"

#include "core/text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What this program tells when it is started anew, by its second word. */

static int reverse(void *arg, const struct buf *question, struct error *err)
{
    struct sandbox_range range = {.until = 9, .size = 7};
    bool has_ended = false;

    (void)arg;
    if (sandbox_tell('q', question->data, question->size, err) < 0)
        return -1;
    while (!has_ended) {
        CLEANUP(buf) struct buf part = BUF_INIT;
        if (sandbox_pull(&range, &part, err) < 0 ||
            sandbox_tell('b', buf_text(&part), part.size, err) < 0)
            return -1;
        range.offset += part.size;
        has_ended = part.size == 0;
    }
    return 0;
}

static int complain(void *arg, const struct buf *question, struct error *err)
{
    uint64_t kind = 0;

    (void)arg;
    if (sandbox_tell('b', "x", 1, err) < 0 ||
        parse_u64(buf_text(question), ERROR_INTERNAL, &kind, err) < 0)
        return -1;
    return error_set(err, (enum error_kind)kind, "it is bad");
}

static int serve_raw(const void *bytes, size_t size)
{
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct sandbox_barriers none = {0, false};

    sandbox_enter(true);
    return sandbox_greet(&none, &err) < 0 || sandbox_read_question(&question, &err) < 0 ||
                   sandbox_answer(bytes, size, &err) < 0
               ? 1
               : 0;
}

static int die(void)
{
    (void)signal(SIGSEGV, SIG_DFL); /* which a sanitizer takes for itself */
    return serve_raw("b\1\0", 3) == 0 ? raise(SIGSEGV) : 1;
}

#define LIE(bytes_)                                                                                \
    {                                                                                              \
        bytes_, sizeof(bytes_) - 1                                                                 \
    }
#define PULL "\1\30\0\0\0"

/* What no job tells. */
static const struct {
    const char *bytes;
    size_t size;
} lies[] = {
    LIE(""),
    LIE("b\2\0"),
    LIE("b\2\0\0\0x"),
    LIE("b\377\377\377\377x"),
    LIE("\1\0\0\0\0"),
    LIE(PULL "00000000"
             "00000000"
             "\0\0\0\0\0\0\0\0"), /* of no size */
    LIE(PULL "00000000"
             "00000000"
             "\377\377\377\377\377\377\377\377"),
    LIE(PULL "00000000"
             "00000000"
             "\1\0\0\0\0\0\0\0"
             "b\1\0\0\0x"), /* it does not wait for the answer */
    LIE("\2\0\0\0\0"),
    LIE("\2\1\0\0\0c"),
    LIE("z\1\0\0\0x"), /* another kind of record */
};

static int serve_job(const char *job)
{
    if (strcmp(job, "reverse") == 0)
        return sandbox_serve_talk(&(struct sandbox_job){.name = job, .serve = reverse});
    if (strcmp(job, "complain") == 0)
        return sandbox_serve_talk(&(struct sandbox_job){.name = job, .serve = complain});
    if (strcmp(job, "die") == 0)
        return die();
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t number = 0;
    if (parse_u64(job, ARRAY_SIZE(lies) - 1, &number, &err) < 0)
        return 0;
    return serve_raw(lies[number].bytes, lies[number].size);
}

/* The bytes "0123456789abcdefghijklmnopqrstuvwxyz", or a line that is dead. */
static int read_letters(void *arg, const struct sandbox_range *range, struct buf *out,
                        struct error *err)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t size = sizeof(letters) - 1;

    if (arg != NULL)
        return error_set(err, ERROR_UNREACHABLE, "the line is dead");
    if (range->offset < size) {
        size_t left = size - (size_t)range->offset;
        buf_add(out, letters + range->offset, range->size < left ? range->size : left);
    }
    return 0;
}

static struct sandbox_talk *talk_about(const char *job, const char *words, void *arg)
{
    const struct sandbox sandbox = {.program = "/proc/self/exe", .word = "__talk"};
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct sandbox_call call = {job, "a text", &question, NULL};
    const struct sandbox_input input = {read_letters, arg};
    struct sandbox_talk *talk = NULL;

    buf_add_text(&question, words);
    assert_int_equal(sandbox_talk_start(&sandbox, &call, &input, &talk, &err), 0);
    return talk;
}

static void a_process_gets_the_ranges_that_it_asks_for(void **state)
{
    CLEANUP(sandbox_talk) struct sandbox_talk *talk = talk_about("reverse", "a question", NULL);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf all = BUF_INIT;
    const struct buf *record = NULL;
    char kind = SANDBOX_END;

    (void)state;
    assert_non_null(talk);
    assert_int_equal(sandbox_talk_next(talk, &kind, &record, &err), 0);
    assert_int_equal(kind, 'q');
    assert_string_equal(buf_text(record), "a question");
    CLEANUP(reader) struct reader *reader = sandbox_talk_reader_new(TAKE(talk), 'b');
    assert_int_equal(reader_read_all(reader, 1000, &all, &err), 0);
    assert_string_equal(buf_text(&all), "0123456789abcdefghijklmnopqrstuvwxyz");
}

static void an_error_comes_as_the_process_says_it_with_few_kinds(void **state)
{
    static const struct {
        enum error_kind told, expected;
    } cases[] = {
        {ERROR_CORRUPT, ERROR_CORRUPT},   {ERROR_UNSUPPORTED, ERROR_UNSUPPORTED},
        {ERROR_LOCAL, ERROR_LOCAL},       {ERROR_INTERNAL, ERROR_INTERNAL},
        {ERROR_DENIED, ERROR_CORRUPT},    {ERROR_UNREACHABLE, ERROR_CORRUPT},
        {ERROR_NOT_FOUND, ERROR_CORRUPT}, {ERROR_CANCELED, ERROR_CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *kind = xasprintf("%d", (int)cases[i].told);
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf all = BUF_INIT;
        CLEANUP(reader)
        struct reader *reader = sandbox_talk_reader_new(talk_about("complain", kind, NULL), 'b');
        assert_int_equal(reader_read_all(reader, 1000, &all, &err), -1);
        assert_int_equal(err.kind, cases[i].expected);
        assert_string_equal(err.text, "it is bad");
    }
}

static void what_the_input_says_is_what_is_told(void **state)
{
    bool is_broken = true;
    CLEANUP(sandbox_talk) struct sandbox_talk *talk = talk_about("reverse", "", &is_broken);
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct buf *record = NULL;
    char kind = SANDBOX_END;

    (void)state;
    assert_int_equal(sandbox_talk_next(talk, &kind, &record, &err), 0);
    assert_int_equal(sandbox_talk_next(talk, &kind, &record, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
}

static void nothing_is_believed_that_no_job_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        CLEANUP(text) char *job = xasprintf("%zu", i);
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf all = BUF_INIT;
        CLEANUP(reader)
        struct reader *reader = sandbox_talk_reader_new(talk_about(job, "", NULL), 'b');
        if (reader_read_all(reader, 1000, &all, &err) == 0 || err.kind != ERROR_CORRUPT)
            fail_msg("the lie %zu: %s", i, err.text != NULL ? err.text : "it is believed");
    }
}

static void a_process_that_crashes_is_told_as_such(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf all = BUF_INIT;
    CLEANUP(reader)
    struct reader *reader = sandbox_talk_reader_new(talk_about("die", "", NULL), 'b');

    (void)state;
    assert_int_equal(reader_read_all(reader, 1000, &all, &err), -1);
    assert_non_null(strstr(err.text, "has crashed (signal 11)"));
}

static void without_a_process_there_is_no_talk(void **state)
{
    static const struct sandbox nowhere = {.program = "/nowhere", .word = "x"};
    static const struct sandbox *const sandboxes[] = {NULL, &nowhere};
    const struct buf nothing = BUF_INIT;
    const struct sandbox_call call = {"reverse", "a text", &nothing, NULL};
    const struct sandbox_input input = {read_letters, NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sandboxes); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct sandbox_talk *talk = NULL;
        assert_int_equal(sandbox_talk_start(sandboxes[i], &call, &input, &talk, &err), 0);
        assert_null(talk);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_gets_the_ranges_that_it_asks_for),
        cmocka_unit_test(an_error_comes_as_the_process_says_it_with_few_kinds),
        cmocka_unit_test(what_the_input_says_is_what_is_told),
        cmocka_unit_test(nothing_is_believed_that_no_job_tells),
        cmocka_unit_test(a_process_that_crashes_is_told_as_such),
        cmocka_unit_test(without_a_process_there_is_no_talk),
    };

    if (argc == 3)
        return serve_job(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
