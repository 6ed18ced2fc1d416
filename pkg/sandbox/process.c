#include "sandbox/sandbox_internal.h"

#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPE_SIZE (1024 * 1024)
#define PART_SIZE ((size_t)128 * 1024)
/* Neither has it taken anything nor answered for so long. */
#define STANDSTILL_MS 600000
/* It has answered and has not ended for so long. */
#define ENDING_MS 10000
#define STATUS_NO_MEMORY 8 /* of out_of_memory() */

void sandbox_process_release(struct sandbox_process *process)
{
    /* One that somebody has waited for is gone, and its number another's, maybe. */
    if (process->id > 0 && waitpid(process->id, NULL, WNOHANG) == 0) {
        kill(process->id, SIGKILL);
        while (waitpid(process->id, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    fd_cleanup(&process->in);
    fd_cleanup(&process->in_end);
    fd_cleanup(&process->out);
    *process = (struct sandbox_process)SANDBOX_PROCESS_INIT;
}

/* Where libraries are, and what a build for tests is told; nothing else. */
static bool is_passed_on(const char *variable)
{
    static const char *const names[] = {
        "LD_LIBRARY_PATH=", "INLAY_DEBUG=",
#ifdef INLAY_SANITIZED
        "ASAN_OPTIONS=",    "UBSAN_OPTIONS=", "TSAN_OPTIONS=",
#endif
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static char **few_variables(void)
{
    size_t count = 0, kept = 0;

    while (environ[count] != NULL)
        count++;
    char **few = xcalloc(count + 1, sizeof(*few));
    for (size_t i = 0; i < count; i++)
        if (is_passed_on(environ[i]))
            few[kept++] = environ[i];
    return few;
}

/* A crash's last words would be what a stranger has made of it: nobody reads its standard error. */
static int spawn(const struct sandbox *sandbox, const char *job, const int ends[2], pid_t *id)
{
    CLEANUP(text) char *name = xstrdup("inlay");
    CLEANUP(text) char *word = xstrdup(sandbox->word);
    CLEANUP(text) char *what = xstrdup(job);
    char *const arguments[] = {name, word, what, NULL};
    char **variables = few_variables();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
#ifndef INLAY_SANITIZED
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#endif
    posix_spawnattr_init(&attributes);
    sigfillset(&signals); /* until it takes care of Ctrl-C, which the whole group gets */
    sigdelset(&signals, SIGTERM);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(id, sandbox->program, &actions, &attributes, arguments, variables);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(variables);
    return result;
}

/* Larger pipes are fewer changes between processes; there may be none for this user. */
static int open_pipes(struct sandbox_process *process, int *write_end, struct error *err)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};

    if (pipe2(in, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "making a pipe");
    process->in_end = in[0];
    process->in = in[1];
    if (pipe2(out, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "making a pipe");
    process->out = out[0];
    *write_end = out[1];
    (void)fcntl(process->in, F_SETPIPE_SZ, PIPE_SIZE);
    (void)fcntl(process->in, F_SETFL, O_NONBLOCK);
    return 0;
}

/* Waits until there is an answer, or its end, or room for more. */
static int wait_for(struct sandbox_process *process, bool for_room, bool *is_answered,
                    struct error *err)
{
    struct pollfd both[] = {{.fd = process->out, .events = POLLIN},
                            {.fd = for_room ? process->in : -1, .events = POLLOUT}};
    uint64_t begin_ms = clock_ms();

    while (clock_ms() - begin_ms < STANDSTILL_MS) {
        if (cancel_check(process->cancel, err) < 0)
            return -1;
        if (poll(both, ARRAY_SIZE(both), CANCEL_POLL_MS) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "waiting for the process that reads it");
        *is_answered = both[0].revents != 0;
        if (*is_answered || both[1].revents != 0)
            return 0;
    }
    return error_set(err, ERROR_LOCAL, "the process that reads it has stood still for %d minutes",
                     STANDSTILL_MS / 60000);
}

/* Stops where it is answered before. */
static int give(struct sandbox_process *process, const char *data, size_t size, bool *is_answered,
                struct error *err)
{
    while (size > 0) {
        if (wait_for(process, true, is_answered, err) < 0)
            return -1;
        if (*is_answered)
            return 0;
        ssize_t written = write(process->in, data, size);
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            return error_set_errno(err, errno, "writing to the process that reads it");
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int give_mark(struct sandbox_process *process, uint32_t mark, bool *is_answered,
                     struct error *err)
{
    char bytes[sizeof(mark)];

    memcpy(bytes, &mark, sizeof(mark));
    return give(process, bytes, sizeof(bytes), is_answered, err);
}

static int read_greeting(struct sandbox_process *process, struct error *err)
{
    CLEANUP(reader) struct reader *reader = sandbox_answer_reader_new(process);
    struct greeting greeting = {0};
    size_t have = 0;

    while (have < sizeof(greeting)) {
        ssize_t part = reader_read(reader, (char *)&greeting + have, sizeof(greeting) - have, err);
        if (part < 0)
            return -1;
        if (part == 0)
            break;
        have += (size_t)part;
    }
    if (have < sizeof(greeting) || memcmp(greeting.magic, GREETING, sizeof(greeting.magic)) != 0)
        return error_set(err, ERROR_LOCAL,
                         "the process that is to read it does not start as it should");
    process->barriers.landlock = greeting.landlock;
    process->barriers.seccomp = greeting.seccomp != 0;
    return 0;
}

int sandbox_start(const struct sandbox *sandbox, const char *job, const struct cancel *cancel,
                  struct sandbox_process *out, struct error *err)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(fd) int write_end = -1;

    process.cancel = cancel;
    if (open_pipes(&process, &write_end, err) < 0)
        return -1;
    const int ends[] = {process.in_end, write_end};
    int number = spawn(sandbox, job, ends, &process.id);
    if (number != 0) {
        process.id = 0;
        return error_set_errno(err, number, "starting '%s' once more", sandbox->program);
    }
    close(write_end); /* its answer ends with it */
    write_end = -1;
    if (read_greeting(&process, err) < 0)
        return -1;
    *out = process;
    process = (struct sandbox_process)SANDBOX_PROCESS_INIT;
    return 0;
}

int sandbox_ask(struct sandbox_process *process, const struct buf *question, struct error *err)
{
    bool is_answered = false;

    if (question->size >= PART_BROKEN)
        return error_set(err, ERROR_INTERNAL, "the question is too long");
    if (give_mark(process, (uint32_t)question->size, &is_answered, err) < 0)
        return -1;
    return is_answered ? 0 : give(process, buf_text(question), question->size, &is_answered, err);
}

int process_give_part(struct sandbox_process *process, const struct buf *part, struct error *err)
{
    bool is_answered = false;

    if (give_mark(process, (uint32_t)part->size, &is_answered, err) < 0)
        return -1;
    return is_answered ? 0 : give(process, buf_text(part), part->size, &is_answered, err);
}

int sandbox_call(const struct sandbox *sandbox, const struct sandbox_call *call,
                 struct sandbox_process *out, bool *is_apart, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    *is_apart = sandbox != NULL && sandbox_start(sandbox, call->job, call->cancel, out, &why) == 0;
    if (sandbox == NULL)
        return 0;
    if (!*is_apart) {
        if (cancel_check(call->cancel, err) < 0)
            return -1;
        log_debug(sandbox->log, "%s is read without a sandbox: %s", call->what, why.text);
        return 0;
    }
    CLEANUP(text) char *barriers = sandbox_format_barriers(&out->barriers);
    log_debug(sandbox->log, "%s is read by the process %ld, behind %s", call->what, (long)out->id,
              barriers);
    return sandbox_ask(out, call->question, err);
}

/* A part behind its length, in one go. */
struct part {
    uint32_t size;
    char bytes[PART_SIZE];
};

int sandbox_feed(struct sandbox_process *process, struct reader *from, enum sandbox_feeding *out,
                 struct error *why, struct error *err)
{
    CLEANUP(text) char *memory = xmalloc(sizeof(struct part));
    struct part *part = (struct part *)(void *)memory;
    bool is_answered = false;

    for (;;) {
        ssize_t size = reader_read(from, part->bytes, sizeof(part->bytes), why);
        if (size <= 0) {
            *out = size < 0 ? SANDBOX_BROKEN : SANDBOX_FED;
            if (give_mark(process, size < 0 ? PART_BROKEN : PART_END, &is_answered, err) < 0)
                return -1;
            break;
        }
        part->size = (uint32_t)size;
        if (give(process, memory, sizeof(part->size) + (size_t)size, &is_answered, err) < 0)
            return -1;
        if (is_answered)
            break;
    }
    if (is_answered)
        *out = SANDBOX_ANSWERED;
    return 0;
}

struct answer_reader {
    struct reader base;
    struct sandbox_process *process; /* borrowed */
};

static ssize_t answer_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return process_read(CONTAINER_OF(reader, struct answer_reader, base)->process, data, size, err);
}

ssize_t process_read(struct sandbox_process *process, void *data, size_t size, struct error *err)
{
    bool is_answered = false;

    for (;;) {
        if (wait_for(process, false, &is_answered, err) < 0)
            return -1;
        ssize_t part = read(process->out, data, size);
        if (part >= 0)
            return part;
        if (errno != EINTR)
            return error_set_errno(err, errno, "reading from the process that reads it");
    }
}

static void answer_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct answer_reader, base));
}

struct reader *sandbox_answer_reader_new(struct sandbox_process *process)
{
    static const struct reader_ops ops = {answer_read, answer_free};
    struct answer_reader *answer = xcalloc(1, sizeof(*answer));

    answer->base.ops = &ops;
    answer->process = process;
    return &answer->base;
}

static int explain_signal(int number, struct error *err)
{
    switch (number) {
    case SIGKILL:
    case SIGTERM:
        return error_set(err, ERROR_LOCAL,
                         "the process that reads it was ended by somebody, or by the system for "
                         "want of memory");
    case SIGXCPU:
        return error_set(err, ERROR_UNSUPPORTED, "reading it takes more time than is given to it");
    case SIGSYS:
        return error_set(err, ERROR_CORRUPT,
                         "the process that reads it was ended when it asked the kernel for what "
                         "reading does not need: it may be made to do harm, and nothing of it is "
                         "used");
    default:
        return error_set(err, ERROR_CORRUPT,
                         "the process that reads it has crashed (signal %d): it is damaged, or "
                         "made to do harm, and nothing of it is used",
                         number);
    }
}

/* It has answered all, and so is at its end, unless somebody else has taken it over. */
static int wait_for_end(pid_t id, int *status, struct error *err)
{
    struct timespec pause = {.tv_nsec = 100000};
    uint64_t begin_ms = clock_ms();
    pid_t ended = 0;

    while (ended == 0) {
        ended = waitpid(id, status, WNOHANG);
        if (ended < 0 && errno == EINTR)
            ended = 0;
        if (ended == 0 && clock_ms() - begin_ms > ENDING_MS)
            return error_set(err, ERROR_CORRUPT,
                             "the process that reads it does not end: it may be made to do harm, "
                             "and nothing of it is used");
        if (ended == 0)
            nanosleep(&pause, NULL);
    }
    return ended > 0 || errno == ECHILD ? 0 : error_set_errno(err, errno, "waiting for a process");
}

int sandbox_finish(struct sandbox_process *process, struct error *err)
{
    int status = 0; /* it stays so if whoever has started us has SIGCHLD ignored */

    if (wait_for_end(process->id, &status, err) < 0)
        return -1;
    process->id = 0;
    if (WIFSIGNALED(status))
        return explain_signal(WTERMSIG(status), err);
    if (WEXITSTATUS(status) == STATUS_NO_MEMORY)
        return error_set(err, ERROR_LOCAL, "the process that reads it gets no more memory");
    if (WEXITSTATUS(status) != 0)
        return error_set(err, ERROR_INTERNAL, "the process that reads it ended with status %d",
                         WEXITSTATUS(status));
    return 0;
}
