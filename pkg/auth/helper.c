#include "auth/auth_internal.h"

#include "json/parse.h"
#include "oci/member.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_LIMIT ((size_t)1024 * 1024)
#define TIMEOUT_S 60
#define WORDS_LIMIT 200
#define WAIT_MS 10
#define NOT_FOUND "credentials not found in native keychain"
#define TOKEN_USER "<token>"

/* A helper that runs. */
struct process {
    pid_t id;   /* 0: none */
    int out;    /* what it writes */
    int status; /* of waitpid(), once `ended` */
    bool ended;
};

static void process_release(struct process *process)
{
    if (process->id > 0 && !process->ended) {
        kill(process->id, SIGKILL);
        waitpid(process->id, &process->status, 0);
    }
    if (process->out >= 0)
        close(process->out);
    *process = (struct process){.out = -1};
}
CLEANUP_RELEASE(process)

bool helper_is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    return *name != '\0' && *name != '.' && name[strspn(name, allowed)] == '\0';
}

/*
 * The program in a folder that PATH names in full. An empty or relative part means the current
 * folder, which may be that of somebody else's project. NULL: there is none.
 */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    struct stat status;

    path = path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
    while (*path != '\0') {
        size_t size = strcspn(path, ":");
        CLEANUP(text) char *program = xasprintf("%.*s/%s", (int)size, path, name);
        if (*path == '/' && stat(program, &status) == 0 && S_ISREG(status.st_mode) &&
            access(program, X_OK) == 0)
            return TAKE(program);
        path += size + (path[size] == ':');
    }
    return NULL;
}

/* It reads `in`, writes `out`, and inherits nothing else of how we treat signals. */
static int spawn(const char *program, int in, int out, pid_t *id)
{
    char verb[] = "get";
    CLEANUP(text) char *name = xstrdup(program);
    CLEANUP(text) char *path = find_program(program);
    char *const arguments[] = {name, verb, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;

    if (path == NULL)
        return ENOENT;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(id, path, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

/* The question is in the pipe before anybody reads it, so that nobody can break it. */
static int helper_start(const struct helper *helper, struct process *out, struct error *err)
{
    CLEANUP(text) char *program = xasprintf("docker-credential-%s", helper->name);
    size_t size = strlen(helper->server);
    int question[2] = {-1, -1};
    int answer[2] = {-1, -1};

    if (pipe2(question, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "running '%s'", program);
    CLEANUP(fd) int read_end = question[0];
    bool written = size <= PIPE_BUF && write(question[1], helper->server, size) == (ssize_t)size;
    close(question[1]);
    if (!written || pipe2(answer, O_CLOEXEC) < 0)
        return error_set_errno(err, written ? errno : EMSGSIZE, "running '%s'", program);
    CLEANUP(fd) int write_end = answer[1];
    out->out = answer[0];
    int number = spawn(program, read_end, write_end, &out->id);
    if (number == 0)
        return 0;
    out->id = 0;
    if (number == ENOENT)
        return error_set(err, ERROR_LOCAL,
                         "'%s' says that '%s' has the credentials for '%s', and there is no such "
                         "program in PATH",
                         helper->named_by, program, helper->server);
    return error_set_errno(err, number, "running '%s', which '%s' names", program,
                           helper->named_by);
}

static void process_look(struct process *process)
{
    if (!process->ended && waitpid(process->id, &process->status, WNOHANG) == process->id)
        process->ended = true;
}

static int helper_check_time(const struct helper *helper, time_t begin_s, struct error *err)
{
    time_t limit_s = helper->timeout_s > 0 ? helper->timeout_s : TIMEOUT_S;

    if (cancel_check(helper->cancel, err) < 0)
        return -1;
    if (auth_now_s() - begin_s < limit_s)
        return 0;
    return error_set(err, ERROR_LOCAL,
                     "'docker-credential-%s', which '%s' names, has not answered for '%s' within "
                     "%ld s",
                     helper->name, helper->named_by, helper->server, (long)limit_s);
}

/* Reads up to the end, or what there is once it has ended and left the pipe to somebody else. */
static int helper_read(const struct helper *helper, struct process *process, time_t begin_s,
                       struct buf *out, struct error *err)
{
    char part[4096];
    struct pollfd wait = {.fd = process->out, .events = POLLIN};

    for (;;) {
        if (helper_check_time(helper, begin_s, err) < 0)
            return -1;
        process_look(process);
        int ready = poll(&wait, 1, process->ended ? 0 : CANCEL_POLL_MS);
        if (ready == 0 && process->ended)
            return 0;
        if (ready <= 0)
            continue;
        ssize_t size = read(process->out, part, sizeof(part));
        if (size < 0 && errno != EINTR)
            return error_set_errno(err, errno, "reading from 'docker-credential-%s'", helper->name);
        if (size == 0)
            return 0;
        int result = size > 0 ? buf_add_limited(out, part, (size_t)size, ANSWER_LIMIT, err) : 0;
        explicit_bzero(part, sizeof(part));
        if (result < 0)
            return error_wrap(err, "the answer of 'docker-credential-%s'", helper->name);
    }
}

int helper_ask(const struct helper *helper, struct credential *out, struct error *err)
{
    CLEANUP(process) struct process process = {.out = -1};
    CLEANUP(secret_buf) struct buf answer = BUF_INIT;
    time_t begin_s = auth_now_s();

    if (!helper_is_name(helper->name))
        return error_set(err, ERROR_LOCAL,
                         "'%s' names the credential helper '%s', which is not the name of a "
                         "program; expected letters, digits, '.', '_' and '-'",
                         helper->named_by, helper->name);
    if (helper_start(helper, &process, err) < 0 ||
        helper_read(helper, &process, begin_s, &answer, err) < 0)
        return -1;
    for (process_look(&process); !process.ended; process_look(&process))
        if (helper_check_time(helper, begin_s, err) < 0 ||
            cancel_wait(helper->cancel, WAIT_MS, err) < 0)
            return -1;
    int status =
        WIFEXITED(process.status) ? WEXITSTATUS(process.status) : 128 + WTERMSIG(process.status);
    return helper_parse(helper, &answer, status, out, err);
}

/*
 * What the protocol lets a helper say on standard output (docker-credential-helpers,
 * "credentials/error.go"). Anything else there may be a secret.
 */
static bool is_known_words(const char *line)
{
    static const char *const known[] = {
        "no credentials server URL",
        "no credentials username",
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(line, known[i]) == 0)
            return true;
    return false;
}

/* Why it ended badly: helpers say so on standard output. An answer after all is not repeated. */
static int helper_refuse(const struct helper *helper, const struct buf *answer, int status,
                         struct error *err)
{
    const char *text = buf_text(answer) + strspn(buf_text(answer), " \t\r\n");
    size_t size = strcspn(text, "\r\n");
    CLEANUP(text) char *line = xstrndup(text, size < WORDS_LIMIT ? size : WORDS_LIMIT);

    if (text_starts_with(line, NOT_FOUND))
        return 0;
    bool tells = is_known_words(line);
    return error_set(
        err, ERROR_LOCAL,
        "'docker-credential-%s', which '%s' names, ended with status %d for '%s'%s%s%s",
        helper->name, helper->named_by, status, helper->server, tells ? ": '" : "",
        tells ? line : "", tells ? "'" : "");
}

int helper_parse(const struct helper *helper, const struct buf *answer, int status,
                 struct credential *out, struct error *err)
{
    CLEANUP(text)
    char *origin =
        xasprintf("'docker-credential-%s', which '%s' names", helper->name, helper->named_by);

    if (status != 0)
        return helper_refuse(helper, answer, status, err);
    json_auto_t *json = json_parse_or_null(buf_text(answer), answer->size);
    const char *user = member_text(json, "Username");
    const char *secret = member_text(json, "Secret");
    if (user == NULL || secret == NULL)
        return error_set(err, ERROR_LOCAL,
                         "%s, does not answer with 'Username' and 'Secret' in JSON", origin);
    if (*secret == '\0')
        return 0;
    if (strcmp(user, TOKEN_USER) == 0)
        out->identity_token = xstrdup(secret);
    else
        out->password = xstrdup(secret);
    if (out->password != NULL)
        out->user = xstrdup(user);
    credential_tell(out, origin);
    return 0;
}
