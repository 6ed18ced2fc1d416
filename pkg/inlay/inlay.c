#include "inlay/inlay.h"

#include "core/clock.h"
#include "core/text.h"
#include "exit_status.h"
#include "options.h"
#include "quiet.h"
#include "render.h"
#include "run_options.h"

#include <pthread.h>
#include <string.h>

#define POLL_MS 200

static const struct command *const commands[] = {
    &plan_command, &inject_command, &inspect_command, &verify_command, &remove_command,
};

struct inlay_job {
    struct options options; /* borrow from the two below */
    struct strings names;
    struct strings texts;
    struct cancel cancel;
    struct secrets *secrets;
    struct buf result;
    struct error err;
    bool has_run;
    void (*log)(void *arg, int level, const char *line);
    void *log_arg;
    void (*progress)(void *arg, const char *json);
    void *progress_arg;
    int (*wants_stop)(void *arg);
    void *stop_arg;
};

_Static_assert((int)INLAY_WARNING == (int)LOG_WARN && (int)INLAY_DEBUG == (int)LOG_DEBUG,
               "levels are handed on as they are");

const char *inlay_version(void)
{
    return INLAY_VERSION;
}

struct inlay_job *inlay_new(const char *command)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i]->name, command) != 0)
            continue;
        struct inlay_job *job = xcalloc(1, sizeof(*job));
        job->options = (struct options){.command = commands[i], .target = REFERENCE_INIT};
        job->secrets = secrets_new();
        secrets_add_passwords_of_environment(job->secrets);
        return job;
    }
    return NULL;
}

void inlay_free(struct inlay_job *job)
{
    if (job == NULL)
        return;
    options_release(&job->options);
    strings_release(&job->names);
    strings_release(&job->texts);
    secrets_free(job->secrets);
    buf_release(&job->result);
    error_release(&job->err);
    free(job);
}

/* A copy that lasts as long as the job. */
static const char *keep(struct strings *list, const char *text)
{
    strings_add(list, text);
    return list->items[list->count - 1];
}

void inlay_add(struct inlay_job *job, const char *argument)
{
    keep(&job->names, argument);
    secrets_add_passwords(job->secrets, argument);
}

/* Appends it without what is secret. */
static void mask(const struct inlay_job *job, const char *text, struct buf *out)
{
    secrets_mask(job->secrets, text, strlen(text), out);
}

static void mask_error(struct inlay_job *job)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (job->err.text == NULL)
        return;
    secrets_add_passwords_of_words(job->secrets, job->err.text); /* those of files */
    mask(job, job->err.text, &text);
    (void)error_set(&job->err, job->err.kind, "%s", buf_text(&text));
}

/* Standard input and output are the host's own. */
static int refuse_standard(const char *name, const char *value, struct error *err)
{
    if (strcmp(value, "-") != 0 && !text_ends_with(value, ":-") && !text_ends_with(value, "=-"))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "%s '%s' is standard input or output, which the library leaves alone; name a "
                     "file",
                     name, value);
}

static int set(struct inlay_job *job, const char *option, const char *value, struct error *err)
{
    const char *kept = value != NULL ? keep(&job->texts, value) : NULL;
    if (value != NULL)
        secrets_add_passwords(job->secrets, value);
    bool may_be_standard = strcmp(option, "to") == 0 || strcmp(option, "creds") == 0;

    if (may_be_standard && value != NULL && refuse_standard(option, value, err) < 0)
        return -1;
    return options_set(&job->options, option, kept, err);
}

/* The first failure stays. */
int inlay_set(struct inlay_job *job, const char *option, const char *value)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (set(job, option, value, &err) == 0)
        return INLAY_DONE;
    int status = exit_status_of(err.kind);
    if (job->err.kind == ERROR_NONE) {
        (void)error_move(&job->err, &err);
        mask_error(job);
    }
    return status;
}

void inlay_on_log(struct inlay_job *job, void (*log)(void *arg, int level, const char *line),
                  void *arg)
{
    job->log = log;
    job->log_arg = arg;
}

void inlay_on_progress(struct inlay_job *job, void (*progress)(void *arg, const char *json),
                       void *arg)
{
    job->progress = progress;
    job->progress_arg = arg;
}

void inlay_on_cancel(struct inlay_job *job, int (*wants_stop)(void *arg), void *arg)
{
    job->wants_stop = wants_stop;
    job->stop_arg = arg;
}

void inlay_cancel(struct inlay_job *job)
{
    cancel_request(&job->cancel);
}

static void tell_line(void *arg, enum log_level level, const char *line)
{
    const struct inlay_job *job = arg;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (job->log == NULL)
        return;
    mask(job, line, &text);
    job->log(job->log_arg, (int)level, buf_text(&text));
}

static void tell_progress(void *arg, const char *json)
{
    const struct inlay_job *job = arg;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (job->progress == NULL)
        return;
    mask(job, json, &text);
    job->progress(job->progress_arg, buf_text(&text));
}

/* Asks the host whether to stop, in a thread of its own. */
struct watch {
    struct inlay_job *job;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs;
    bool is_over; /* the lock is held */
};

static void *watch_thread(void *arg)
{
    struct watch *watch = arg;
    struct inlay_job *job = watch->job;

    pthread_mutex_lock(&watch->lock);
    while (!watch->is_over) {
        pthread_mutex_unlock(&watch->lock);
        if (job->wants_stop(job->stop_arg) != 0)
            inlay_cancel(job);
        pthread_mutex_lock(&watch->lock);
        if (!watch->is_over)
            clock_wait(&watch->wake, &watch->lock, POLL_MS);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static int watch_begin(struct watch *watch, struct error *err)
{
    if (watch->job->wants_stop == NULL)
        return 0;
    pthread_mutex_init(&watch->lock, NULL);
    clock_condition_init(&watch->wake);
    int failure = pthread_create(&watch->thread, NULL, watch_thread, watch);
    watch->runs = failure == 0;
    return failure == 0 ? 0 : error_set_errno(err, failure, "starting a thread");
}

static void watch_end(struct watch *watch)
{
    if (!watch->runs)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->is_over = true;
    pthread_mutex_unlock(&watch->lock);
    pthread_cond_signal(&watch->wake);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
}

/* What options_parse() does of a whole command line. */
static int complete(struct inlay_job *job, struct error *err)
{
    struct options *options = &job->options;

    for (size_t i = 0; i < job->names.count; i++)
        if (refuse_standard("the argument", job->names.items[i], err) < 0)
            return -1;
    options->names = job->names.items;
    options->name_count = job->names.count;
    if (options_set(options, "json", NULL, err) < 0)
        return -1;
    return options_finish(options, err);
}

static int run(struct inlay_job *job, struct error *err)
{
    const struct listener listener = {tell_line, tell_progress, job};
    const struct command_context context = {
        .cancel = &job->cancel,
        .secrets = job->secrets,
        .result = &job->result,
        .listener = &listener,
    };
    struct watch watch = {.job = job};

    if (complete(job, err) < 0 || cancel_check(&job->cancel, err) < 0 ||
        watch_begin(&watch, err) < 0)
        return -1;
    int result = run_options(&context, &job->options, err);
    watch_end(&watch);
    return result;
}

/* In the place of what it holds. */
static void mask_result(struct inlay_job *job)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    mask(job, buf_text(&job->result), &text);
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    buf_clear(&job->result);
    buf_add(&job->result, buf_text(&text), text.size);
}

int inlay_run(struct inlay_job *job)
{
    struct quiet quiet;

    if (job->has_run)
        return INLAY_USAGE;
    job->has_run = true;
    if (job->err.kind != ERROR_NONE)
        return inlay_status(job);
    quiet_begin(&quiet);
    (void)!run(job, &job->err);
    quiet_end(&quiet);
    mask_result(job);
    mask_error(job);
    return inlay_status(job);
}

int inlay_status(const struct inlay_job *job)
{
    return exit_status_of(job->err.kind);
}

const char *inlay_error(const struct inlay_job *job)
{
    return job->err.kind != ERROR_NONE ? job->err.text : NULL;
}

const char *inlay_result(const struct inlay_job *job)
{
    return job->result.size > 0 ? buf_text(&job->result) : NULL;
}
