#ifndef INLAY_INLAY_H
#define INLAY_INLAY_H

/*
 * libinlay: what the commands plan, inject, inspect, verify and remove do, for programs that push
 * images. A job is one run of one command: it is made, gets arguments and options by the names that
 * they have on the command line, is run, and is asked for its result. docs/libinlay.md tells more.
 *
 *     struct inlay_job *job = inlay_new("inject");
 *     inlay_add(job, "registry.example.com/rag:1.4");
 *     inlay_add(job, "intfloat/multilingual-e5-small");
 *     inlay_set(job, "to", "registry.example.com/rag:1.4-e5");
 *     if (inlay_run(job) == INLAY_DONE)
 *         puts(inlay_result(job));
 *     else
 *         fputs(inlay_error(job), stderr);
 *     inlay_free(job);
 *
 * Jobs are independent: several may run at once, each in a thread of its own. One job belongs to
 * one thread at a time; inlay_cancel() alone may be called from others, and from signal handlers.
 * Texts that are handed in are copied. Texts that come back are UTF-8, belong to the job and stay
 * until it is freed. No password and no token is in any of them.
 *
 * The library prints nothing, handles no signals, and changes neither locale, umask, limits nor
 * working directory. What the interface has stays as it is as long as the library is libinlay.so.0.
 */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define INLAY_API __attribute__((visibility("default")))
#else
#define INLAY_API
#endif

struct inlay_job;

/* How a job ended; the numbers are the exit statuses of the program (docs/inject.md). */
enum inlay_status {
    INLAY_DONE = 0,
    INLAY_DEFECT = 1,      /* of inlay itself */
    INLAY_USAGE = 2,       /* an argument or an option is wrong */
    INLAY_NOT_FOUND = 3,   /* no such image, model, revision, file */
    INLAY_DENIED = 4,      /* credentials or permissions are missing, wrong or too weak */
    INLAY_UNREACHABLE = 5, /* the network or a server; may work later */
    INLAY_UNSUPPORTED = 6, /* understood, and outside what inlay does */
    INLAY_CORRUPT = 7,     /* not what its digest, size or format says; what verify finds */
    INLAY_LOCAL = 8,       /* this machine: disk, permissions */
    INLAY_UNCERTAIN = 9,   /* a tag may show the new image or the old; who asks it knows */
    INLAY_CONFLICT = 10,   /* somebody else has moved the tag that was to be moved */
    INLAY_REFUSED = 11,    /* a rule of the caller's own: licences, code in models, a policy */
    INLAY_CANCELED = 130,  /* inlay_cancel(), or the function of inlay_on_cancel() */
};

/* Of a line; more may come. */
enum inlay_level {
    INLAY_WARNING = 0,
    INLAY_WAIT = 1, /* whom the job waits for, and why */
    INLAY_INFO = 2,
    INLAY_DEBUG = 3, /* only with the option "verbose" */
};

/* "0.1.0"; constant. */
INLAY_API const char *inlay_version(void);

/*
 * A job of this command: "plan", "inject", "inspect", "verify" or "remove". NULL if it is none of
 * them. The caller frees it with inlay_free().
 */
INLAY_API struct inlay_job *inlay_new(const char *command);
/* NULL is none. Not while it runs. */
INLAY_API void inlay_free(struct inlay_job *job);

/*
 * The next argument, in the order of the command line: BASE, MODEL… of plan and inject, IMAGE of
 * inspect, IMAGE, MODEL… of remove, IMAGE, [MODEL…] of verify.
 */
INLAY_API void inlay_add(struct inlay_job *job, const char *argument);
/*
 * An option by its long name without dashes, with its value as text: "to", "platform", "authfile",
 * "jobs". NULL for one that has no value on the command line: "overwrite". Repeatable as there.
 * INLAY_USAGE for a name or value that is none; then inlay_error() tells, and inlay_run() ends with
 * that, too, so that nothing is done if nobody looks. "-", standard input and output, is refused.
 */
INLAY_API int inlay_set(struct inlay_job *job, const char *option, const char *value);

/*
 * Callbacks; NULL is none. Each is called with `arg` from threads of the job, while inlay_run()
 * runs. Those of log and progress never run at once with one another, and must not call into their
 * job, but for inlay_cancel().
 */

/* A line about what is done, and its enum inlay_level. */
INLAY_API void inlay_on_log(struct inlay_job *job,
                            void (*log)(void *arg, int level, const char *line), void *arg);
/*
 * How far it is, about once a second while bytes move, and once at the end: an object with the one
 * member "progress", as --progress json prints it (docs/json.md).
 */
INLAY_API void inlay_on_progress(struct inlay_job *job,
                                 void (*progress)(void *arg, const char *json), void *arg);
/* Asked several times a second whether the job is to stop: anything but 0 cancels it. */
INLAY_API void inlay_on_cancel(struct inlay_job *job, int (*wants_stop)(void *arg), void *arg);

/*
 * Runs it, once, in this thread and threads of its own, and returns its enum inlay_status; more
 * numbers may come, so whatever is not INLAY_DONE is a failure. Nothing that was not asked for is
 * left behind by a failure: TARGET shows what it showed, but for INLAY_UNCERTAIN. A second call
 * does nothing and returns INLAY_USAGE.
 */
INLAY_API int inlay_run(struct inlay_job *job);
/* Has it stop within a second or so; also before it runs. Safe in other threads and signal
 * handlers. */
INLAY_API void inlay_cancel(struct inlay_job *job);

/* What inlay_run() or a failed inlay_set() returned; INLAY_DONE before. */
INLAY_API int inlay_status(const struct inlay_job *job);
/* What is wrong, in one line that says what to do; NULL: nothing. */
INLAY_API const char *inlay_error(const struct inlay_job *job);
/*
 * The JSON document that the command prints with --json, as docs/schema/COMMAND.schema.json has it;
 * NULL if there is none. Some failures have one: INLAY_CORRUPT of verify, with its findings.
 */
INLAY_API const char *inlay_result(const struct inlay_job *job);

#ifdef __cplusplus
}
#endif

#endif
