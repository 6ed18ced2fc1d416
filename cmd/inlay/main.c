#include "command.h"

#include "core/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one mutable global: the signal handler has no other way to say anything. */
static struct cancel interrupted;

static const struct command *const commands[] = {
    &inject_command,  &plan_command,   &layer_command, &remove_command,
    &inspect_command, &verify_command, &copy_command,  &cache_command,
};

/* docs/inlay.md, "Exit status". */
static int exit_status(enum error_kind kind)
{
    switch (kind) {
    case ERROR_NONE:
        return 0;
    case ERROR_INTERNAL:
        return 1;
    case ERROR_USAGE:
        return 2;
    case ERROR_NOT_FOUND:
        return 3;
    case ERROR_DENIED:
        return 4;
    case ERROR_UNREACHABLE:
        return 5;
    case ERROR_UNSUPPORTED:
        return 6;
    case ERROR_CORRUPT:
        return 7;
    case ERROR_LOCAL:
        return 8;
    case ERROR_CANCELED:
        return 130;
    }
    return 1;
}

static void on_signal(int number)
{
    if (cancel_is_requested(&interrupted))
        _exit(128 + number);
    cancel_request(&interrupted);
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file that grows too large is an error like others */
}

/* A closed one would be given to the next file or connection, and messages would go there. */
static void open_standard_files(void)
{
    while (true) {
        int fd = open("/dev/null", O_RDWR);
        if (fd > STDERR_FILENO)
            close(fd);
        if (fd < 0 || fd > STDERR_FILENO)
            return;
    }
}

static void print_help(void)
{
    puts("inlay bakes models into container images, without a Dockerfile or a container engine.\n"
         "\n"
         "Usage: inlay COMMAND [OPTION…] …\n"
         "\n"
         "Commands:");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n"
         "Options:\n"
         "  --help     this text; 'inlay COMMAND --help' tells of a command\n"
         "  --version  the version\n"
         "\n"
         "Example:\n"
         "  inlay inject registry.example.com/rag:1.4 intfloat/multilingual-e5-large \\\n"
         "        --to registry.example.com/rag:1.4-e5");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0 || strcmp(text, "help") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run(int argc, char **argv, struct error *err)
{
    struct command_context context = {.cancel = &interrupted};

    if (argc < 2)
        return error_set(err, ERROR_USAGE, "no command is named; 'inlay --help' lists them");
    if (strcmp(argv[1], "--version") == 0) {
        puts("inlay " INLAY_VERSION);
        return 0;
    }
    bool help = is_help(argv[1]);
    if (help && argc == 2) {
        print_help();
        return 0;
    }
    const struct command *command = find_command(argv[help ? 2 : 1]);
    if (command == NULL)
        return error_set(err, ERROR_USAGE, "'%s' is not a command; 'inlay --help' lists them",
                         argv[help ? 2 : 1]);
    if (help || asks_for_help(argc - 1, argv + 1)) {
        fputs(command->help, stdout);
        return 0;
    }
    return command->run(&context, argc - 1, argv + 1, err);
}

int main(int argc, char **argv)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    open_standard_files();
    watch_signals();
    int result = run(argc, argv, &err);
    if (result == 0 && fflush(stdout) != 0)
        result = error_set(&err, ERROR_LOCAL, "writing to standard output did not work");
    if (result == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "inlay: %s\n", err.text);
    return exit_status(err.kind);
}
