#include "command.h"

#include "complete.h"
#include "core/buf.h"
#include "core/memory.h"
#include "core/nearest.h"
#include "core/text.h"
#include "exit_status.h"
#include "help.h"
#include "json.h"
#include "manual.h"
#include "mistakes.h"
#include "options.h"
#include "output.h"
#include "rootfs/rootfs.h"
#include "run_options.h"
#include "scan/scan.h"
#include "session.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATUS_LOCAL 8
#define STATUS_INTERRUPTED 130

/* Three mutable globals: the handlers of signals and of the end have no other way to know anything.
 */
static struct cancel interrupted;
static bool is_over;
static atomic_bool may_move_tag; /* the command is one that does */

static const struct command *const commands[] = {
    &inject_command,     &plan_command,    &layer_command,   &init_command,   &lock_command,
    &remove_command,     &inspect_command, &verify_command,  &scan_command,   &copy_command,
    &cache_command,      &presets_command, &layouts_command, &config_command, &doctor_command,
    &completion_command, &version_command,
};

static void on_signal(int number)
{
    static const char at_once[] = "inlay: stopped at once; if TARGET was just being written, "
                                  "'inlay inspect' tells what it shows\n";

    (void)number;
    if (cancel_is_requested(&interrupted)) {
        if (atomic_load(&may_move_tag))
            (void)!write(STDERR_FILENO, at_once, sizeof(at_once) - 1);
        _exit(STATUS_INTERRUPTED);
    }
    cancel_request(&interrupted);
}

/* Whoever started us may have blocked them. */
static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t wanted;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file that grows too large is an error like others */
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

/* Tokens are in memory: neither a core dump nor a debugger of the same user gets at them. */
static void hide_memory(void)
{
    const struct rlimit none = {0, 0};

    if (getenv("INLAY_DEBUG") != NULL)
        return;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

#ifndef INLAY_SANITIZED
/* Runs before the libraries set themselves up, which takes most of the time up to main(). */
static void watch_signals_early(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    (void)environment;
    watch_signals();
}

__attribute__((section(".preinit_array"),
               used)) static void (*const early)(int, char **, char **) = watch_signals_early;
#endif

/*
 * A closed one would be given to the next file or connection, and messages would go there. It is
 * opened for the other direction, so that a result that is written to it is an error.
 */
static void open_standard_files(void)
{
    static const int modes[] = {
        [STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_RDONLY};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            _exit(STATUS_LOCAL); /* the lowest that is free is this one, unless there is no
                                    /dev/null */
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int refuse_command(const char *name, struct error *err)
{
    const char *instead = mistakes_command(name);
    struct nearest nearest = nearest_begin(name);

    if (instead != NULL)
        return error_set(err, ERROR_USAGE, "'%s' is not a command; %s", name, instead);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        nearest_consider(&nearest, commands[i]->name);
    CLEANUP(text) char *near = nearest_format(&nearest);
    return error_set(err, ERROR_USAGE, "'%s' is not a command%s; 'inlay --help' lists them", name,
                     near);
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0 || strcmp(text, "help") == 0 ||
           strcmp(text, "--help-all") == 0;
}

enum help_wanted { HELP_NONE, HELP_BRIEF, HELP_ALL };

static enum help_wanted find_help(int argc, char **argv)
{
    enum help_wanted wanted = HELP_NONE;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help-all") == 0)
            return HELP_ALL;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            wanted = HELP_BRIEF;
    }
    return wanted;
}

/* The command line, which may be what is wrong, is asked first, and then the configuration. */
static bool asks_for_json(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;
    const char *progress = NULL;

    if (options_ask_for_json(command, argc, argv, &progress))
        return true;
    if (progress != NULL)
        return strcmp(progress, "json") == 0;
    settings_read_all(&settings);
    const struct strings *values = &settings.values[setting_find("progress") - setting_rows].texts;
    return values->count > 0 && strcmp(values->items[0], "json") == 0;
}

/* The last line on standard error: standard output has the results alone. */
static void say_error(const struct error *err, int status, bool in_json)
{
    CLEANUP(buf) struct buf line = BUF_INIT;

    if (in_json) {
        json_auto_t *document =
            json_pack("{s:{s:i, s:s, s:o}}", "error", "status", status, "kind",
                      error_kind_name(err->kind), "message", text_to_json(err->text));
        json_to_buf(document, &line);
    } else {
        buf_addf(&line, "inlay: %s", err->text);
    }
    fprintf(stderr, "%s\n", buf_text(&line));
}

/* Of the program, where no command is named. */
static int say_help(const struct command_context *context, const struct command *command,
                    enum help_wanted wanted, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (command != NULL && wanted == HELP_ALL)
        help_format_command(command, &text);
    else if (command != NULL)
        help_format_brief(command, &text);
    else
        help_format_program(commands, ARRAY_SIZE(commands), wanted == HELP_ALL, &text);
    return output_say(context->output, buf_text(&text), err);
}

static int run_command(const struct command_context *context, const struct command *command,
                       int argc, char **argv, struct error *err)
{
    CLEANUP(options) struct options options = {.target = REFERENCE_INIT};

    if (options_parse(command, argc, argv, &options, err) < 0)
        return -1;
    if (options_has(&options, "help") || options_has(&options, "help-all"))
        return say_help(context, command, options_has(&options, "help") ? HELP_BRIEF : HELP_ALL,
                        err);
    atomic_store(&may_move_tag,
                 (command->id & (COMMAND_INJECT | COMMAND_REMOVE | COMMAND_COPY)) != 0);
    if (run_options(context, &options, err) < 0)
        return -1;
    return output_finish(context->output, err);
}

/* What nothing repeats, whichever message has the argument or the variable in it. */
static void note_passwords(struct secrets *secrets, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        secrets_add_passwords(secrets, argv[i]);
    secrets_add_passwords_of_environment(secrets);
}

/* For the scripts in completions/; `words` follow "__complete". */
static int say_completions(const struct command_context *context, char *const *words, size_t count,
                           struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (count > 0)
        complete_line(commands, ARRAY_SIZE(commands), words, count, &text);
    return output_say(context->output, buf_text(&text), err);
}

/* For the build: "__manual DATE [COMMAND]". */
static int say_manual(const struct command_context *context, char *const *words, size_t count,
                      struct error *err)
{
    const struct command *command = count > 1 ? find_command(words[1]) : NULL;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (count == 0 || (count > 1 && command == NULL))
        return error_set(err, ERROR_USAGE, "expected a date, and maybe a command");
    if (command != NULL)
        manual_format_command(command, words[0], &text);
    else
        manual_format_program(commands, ARRAY_SIZE(commands), words[0], &text);
    return output_say(context->output, buf_text(&text), err);
}

static int run(const struct command_context *context, int argc, char **argv, struct error *err)
{
    if (argc < 2)
        return error_set(err, ERROR_USAGE, "no command is named; 'inlay --help' lists them");
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return output_say(context->output, "inlay " INLAY_VERSION "\n", err);
    if (strcmp(argv[1], "__complete") == 0)
        return say_completions(context, argv + 2, (size_t)argc - 2, err);
    if (strcmp(argv[1], "__manual") == 0)
        return say_manual(context, argv + 2, (size_t)argc - 2, err);
    bool help = is_help(argv[1]);
    enum help_wanted wanted = find_help(argc, argv);
    if (help && argc == 2)
        return say_help(context, NULL, wanted, err);
    const struct command *command = find_command(argv[help ? 2 : 1]);
    if (command == NULL)
        return refuse_command(argv[help ? 2 : 1], err);
    if (help || wanted != HELP_NONE)
        return say_help(context, command, wanted, err);
    return run_command(context, command, argc - 1, argv + 1, err);
}

/* libarchive ends the process by itself, with status 1, where it has no memory for a name. */
static void end_for_others(void)
{
    if (!is_over)
        _exit(STATUS_LOCAL);
}

int main(int argc, char **argv)
{
    CLEANUP(secrets) struct secrets *secrets = secrets_new();
    CLEANUP(error) struct error err = ERROR_INIT;
    int status = EXIT_SUCCESS;

    open_standard_files();
    hide_memory();
    if (argc == 3 && strcmp(argv[1], SANDBOX_WORD) == 0)
        _exit(apart_serve(argv[2]));
    watch_signals();
    memory_watch_crypto();
    json_set_alloc_funcs(xmalloc, free);
    CLEANUP(output) struct output *output = output_open(secrets);
    const struct command_context context = {
        .cancel = &interrupted, .secrets = secrets, .output = output, .program = "/proc/self/exe"};
    atexit(end_for_others);
    note_passwords(secrets, argc, argv);
    if (cancel_check(&interrupted, &err) < 0 || run(&context, argc, argv, &err) < 0) {
        status = exit_status_of(err.kind);
        secrets_add_passwords_of_words(secrets, err.text); /* those of files */
        say_error(&err, status, asks_for_json(argc, argv));
    }
    is_over = true;
    return status;
}
