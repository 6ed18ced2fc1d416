/*
 * push BASE MODEL TARGET [OPTION[=VALUE]...]: adds a model to an image, and verifies the result.
 * Options are those of `inlay inject`, without dashes; logins and certificates are for both. Prints
 * the two documents; ends as `inlay` would. Ctrl-C stops it, and TARGET shows what it showed.
 *
 *     cc push.c $(pkg-config --cflags --libs inlay) -o push
 */
#include <inlay/inlay.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct inlay_job *volatile running;

static void on_interrupt(int number)
{
    (void)number;
    if (running != NULL)
        inlay_cancel(running);
}

static void on_log(void *arg, int level, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s%s\n", level == INLAY_WARNING ? "warning: " : "", line);
}

static void on_progress(void *arg, const char *json)
{
    (void)arg;
    fprintf(stderr, "%s\n", json);
}

/* Logins, certificates and the like, which every command takes. */
static int is_for_all(const char *option)
{
    static const char *const names[] = {"authfile", "cert-dir", "creds",  "insecure",
                                        "retries",  "timeout",  "tls-ca", "verbose"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], option) == 0)
            return 1;
    return 0;
}

/* Tells what came of it; frees the job. */
static int run(struct inlay_job *job)
{
    inlay_on_log(job, on_log, NULL);
    inlay_on_progress(job, on_progress, NULL);
    running = job;
    int status = inlay_run(job);
    running = NULL;
    if (inlay_result(job) != NULL)
        printf("%s\n", inlay_result(job));
    if (status != INLAY_DONE)
        fprintf(stderr, "push: %s\n", inlay_error(job));
    inlay_free(job);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: push BASE MODEL TARGET [OPTION[=VALUE]...]\n");
        return INLAY_USAGE;
    }
    signal(SIGINT, on_interrupt);

    struct inlay_job *inject = inlay_new("inject");
    struct inlay_job *verify = inlay_new("verify");
    inlay_add(inject, argv[1]);
    inlay_add(inject, argv[2]);
    inlay_set(inject, "to", argv[3]);
    for (int i = 4; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value != NULL)
            *value++ = '\0';
        inlay_set(inject, argv[i], value); /* inlay_run() tells if it is none */
        if (is_for_all(argv[i]))
            inlay_set(verify, argv[i], value);
    }
    int status = run(inject);
    if (status != INLAY_DONE) {
        inlay_free(verify);
        return status;
    }

    inlay_add(verify, argv[3]);
    inlay_add(verify, argv[2]);
    return run(verify);
}
