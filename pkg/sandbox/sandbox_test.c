#include "sandbox/sandbox_internal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MEBIBYTE ((size_t)1024 * 1024)

/* What this program is when it is started anew, by its first word. */

static int echo(void)
{
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(buf) struct buf all = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    bool is_broken = false;
    CLEANUP(reader) struct reader *reader = sandbox_input_reader_new(&is_broken);

    sandbox_enter(false);
    const struct sandbox_barriers barriers = sandbox_confine();
    if (sandbox_greet(&barriers, &err) < 0 || sandbox_read_question(&question, &err) < 0)
        return 1;
    if (reader_read_all(reader, 64 * MEBIBYTE, &all, &err) < 0)
        buf_add_text(&question, is_broken ? " broken" : " failed");
    return sandbox_answer(question.data, question.size, &err) < 0 ||
                   sandbox_answer(buf_text(&all), all.size, &err) < 0
               ? 1
               : 0;
}

/* Descriptors that are open, and variables. */
static int tell(void)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct sandbox_barriers none = {0, false};

    sandbox_enter(false);
    for (int fd = 0; fd < 1000; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            buf_addf(&text, "%d ", fd);
    for (char **variable = environ; *variable != NULL; variable++)
        buf_addf(&text, "%s ", *variable);
    return sandbox_greet(&none, &err) < 0 || sandbox_answer(text.data, text.size, &err) < 0 ? 1 : 0;
}

static int fall(int how)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct sandbox_barriers none = {0, false};

    sandbox_enter(false);
    if (sandbox_greet(&none, &err) < 0)
        return 1;
    if (how > 0) {
        (void)signal(how, SIG_DFL); /* which a sanitizer takes for itself */
        raise(how);
    }
    for (;;)
        pause();
}

static struct sandbox here(const char *word)
{
    return (struct sandbox){.program = "/proc/self/exe", .word = word};
}

static void start(const char *word, const struct cancel *cancel, struct sandbox_process *out)
{
    const struct sandbox sandbox = here(word);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (sandbox_start(&sandbox, "job", cancel, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void read_all(struct sandbox_process *process, struct buf *out)
{
    CLEANUP(reader) struct reader *answer = sandbox_answer_reader_new(process);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (reader_read_all(answer, 64 * MEBIBYTE, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void all_that_is_fed_arrives_behind_the_question(void **state)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(buf) struct buf sent = BUF_INIT;
    CLEANUP(buf) struct buf got = BUF_INIT;
    enum sandbox_feeding feeding = SANDBOX_BROKEN;

    (void)state;
    for (unsigned i = 0; i < 700000; i++)
        buf_addf(&sent, "%u,", i);
    buf_add(&question, "a\0b", 3);
    CLEANUP(reader) struct reader *reader = memory_reader_new(sent.data, sent.size);
    start("__echo", NULL, &process);
    assert_int_equal(sandbox_ask(&process, &question, &err), 0);
    assert_int_equal(sandbox_feed(&process, reader, &feeding, &why, &err), 0);
    assert_int_equal(feeding, SANDBOX_FED);
    read_all(&process, &got);
    assert_int_equal(sandbox_finish(&process, &err), 0);
    assert_int_equal(got.size, question.size + sent.size);
    assert_memory_equal(got.data, question.data, question.size);
    assert_memory_equal(got.data + question.size, sent.data, sent.size);
}

static ssize_t broken_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    (void)reader;
    (void)data;
    (void)size;
    return error_set(err, ERROR_UNREACHABLE, "the line is dead");
}

static void broken_free(struct reader *reader)
{
    (void)reader;
}

static void a_reader_that_fails_is_told_on_both_sides(void **state)
{
    static const struct reader_ops ops = {broken_read, broken_free};
    struct reader broken = {&ops};
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(buf) struct buf got = BUF_INIT;
    enum sandbox_feeding feeding = SANDBOX_FED;

    (void)state;
    start("__echo", NULL, &process);
    assert_int_equal(sandbox_ask(&process, &question, &err), 0);
    assert_int_equal(sandbox_feed(&process, &broken, &feeding, &why, &err), 0);
    assert_int_equal(feeding, SANDBOX_BROKEN);
    assert_int_equal(why.kind, ERROR_UNREACHABLE);
    read_all(&process, &got);
    assert_string_equal(buf_text(&got), " broken");
}

static void a_process_has_neither_variables_nor_descriptors_of_ours(void **state)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(buf) struct buf got = BUF_INIT;
    int open[2];

    (void)state;
    assert_int_equal(pipe(open), 0); /* and without O_CLOEXEC */
    setenv("HF_TOKEN", "hf_secret", 1);
    start("__tell", NULL, &process);
    read_all(&process, &got);
    assert_null(strstr(buf_text(&got), "HF_TOKEN"));
    assert_null(strstr(buf_text(&got), "PATH=/"));
    assert_int_equal(strncmp(buf_text(&got), "0 1 2 ", 6), 0);
    assert_false(got.data[6] >= '3' && got.data[6] <= '9');
    close(open[0]);
    close(open[1]);
}

static void a_process_that_dies_is_an_error_that_says_how(void **state)
{
    static const struct {
        const char *word;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {"__crash", ERROR_CORRUPT, "has crashed (signal 11)"},
        {"__call", ERROR_CORRUPT, "asked the kernel for what reading does not need"},
        {"__kill", ERROR_LOCAL, "was ended by somebody"},
        {"__time", ERROR_UNSUPPORTED, "takes more time"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(error) struct error why = ERROR_INIT;
        CLEANUP(buf) struct buf much = BUF_INIT;
        enum sandbox_feeding feeding = SANDBOX_FED;

        while (much.size < 4 * MEBIBYTE)
            buf_add_text(&much, "more than a pipe has room for ");
        CLEANUP(reader) struct reader *reader = memory_reader_new(much.data, much.size);
        start(cases[i].word, NULL, &process);
        assert_int_equal(sandbox_feed(&process, reader, &feeding, &why, &err), 0);
        assert_int_equal(feeding, SANDBOX_ANSWERED);
        assert_int_equal(sandbox_finish(&process, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].words));
    }
}

static void who_asks_to_stop_does_not_wait_for_a_process_that_sleeps(void **state)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel cancel = {0};
    char byte = 0;

    (void)state;
    start("__sleep", &cancel, &process);
    CLEANUP(reader) struct reader *answer = sandbox_answer_reader_new(&process);
    cancel_request(&cancel);
    assert_int_equal(reader_read(answer, &byte, 1, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    pid_t id = process.id;
    sandbox_process_release(&process);
    assert_int_equal(kill(id, 0), -1);
}

static void a_program_that_is_not_ours_is_given_nothing(void **state)
{
    static const char *const programs[] = {"/bin/true", "/nowhere"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        const struct sandbox sandbox = {.program = programs[i], .word = "x"};
        CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;

        assert_int_equal(sandbox_start(&sandbox, "job", NULL, &process, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        assert_int_equal(process.id, 0);
    }
}

/* What a stranger would try; each returns what the call returns. */

static long try_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_create(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/tmp/sandbox", O_CREAT | O_WRONLY, 0600);
}

static long try_connect(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_execute(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL};

    return execve("/bin/true", arguments, environ);
}

static long try_trace(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long try_fork(void)
{
    return fork();
}

static long try_kill(void)
{
    return kill(getppid(), 0);
}

static long try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long try_work(void)
{
    char *memory = xcalloc(64, MEBIBYTE);
    int result = memory[1] == 0 ? 0 : -1;

    free(memory);
    return result;
}

/* The signal that ends a process which shuts itself off and tries it; else 0 if that failed. */
static int outcome(long (*attempt)(void), int *signal_number)
{
    int status = 0;
    pid_t id = fork();

    assert_true(id >= 0);
    if (id == 0) {
        (void)sandbox_confine();
        _exit(attempt() < 0 ? 1 : 0);
    }
    assert_int_equal(waitpid(id, &status, 0), id);
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void who_has_shut_itself_off_can_do_nothing_but_work(void **state)
{
    static const struct {
        long (*attempt)(void);
        bool is_killed;
    } cases[] = {
        {try_open, false}, {try_create, false}, {try_connect, true}, {try_execute, true},
        {try_trace, true}, {try_fork, true},    {try_kill, true},    {try_code, true},
    };
    const struct sandbox_barriers barriers = sandbox_find_barriers();
    int number = 0;

    (void)state;
    if (!barriers.seccomp || barriers.landlock == 0)
        skip();
    assert_int_equal(outcome(try_work, &number), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int status = outcome(cases[i].attempt, &number);
        if (cases[i].is_killed)
            assert_int_equal(number, SIGSYS);
        else
            assert_int_equal(status, 1);
    }
}

static void barriers_are_told_in_words(void **state)
{
    static const struct {
        struct sandbox_barriers barriers;
        const char *words;
    } cases[] = {
        {{7, true}, "Landlock 7 and seccomp"},
        {{1, false}, "Landlock 1, without seccomp"},
        {{0, true}, "seccomp, without Landlock"},
        {{0, false}, "neither Landlock nor seccomp"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *words = sandbox_format_barriers(&cases[i].barriers);
        assert_string_equal(words, cases[i].words);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *word;
        int signal_number;
    } falls[] = {{"__crash", SIGSEGV},
                 {"__call", SIGSYS},
                 {"__kill", SIGKILL},
                 {"__time", SIGXCPU},
                 {"__sleep", 0}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_fed_arrives_behind_the_question),
        cmocka_unit_test(a_reader_that_fails_is_told_on_both_sides),
        cmocka_unit_test(a_process_has_neither_variables_nor_descriptors_of_ours),
        cmocka_unit_test(a_process_that_dies_is_an_error_that_says_how),
        cmocka_unit_test(who_asks_to_stop_does_not_wait_for_a_process_that_sleeps),
        cmocka_unit_test(a_program_that_is_not_ours_is_given_nothing),
        cmocka_unit_test(who_has_shut_itself_off_can_do_nothing_but_work),
        cmocka_unit_test(barriers_are_told_in_words),
    };

    if (argc == 3 && strcmp(argv[1], "__echo") == 0)
        return echo();
    if (argc == 3 && strcmp(argv[1], "__tell") == 0)
        return tell();
    for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(falls); i++)
        if (strcmp(argv[1], falls[i].word) == 0)
            return fall(falls[i].signal_number);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
