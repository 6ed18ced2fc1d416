#ifndef INLAY_SANDBOX_SANDBOX_H
#define INLAY_SANDBOX_SANDBOX_H

#include "core/buf.h"
#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "stream/stream.h"

#include <sys/types.h>

/*
 * Bytes of strangers are parsed by a process of its own, which can do nothing but read them and
 * answer: by Landlock (Linux 5.13) it opens no file and no connection, by seccomp it makes no other
 * call than those that reading takes. It is the same program, started anew with a hidden word, and
 * has neither this one's memory nor its environment or descriptors.
 */

/* What the kernel lets a process shut itself off by. */
struct sandbox_barriers {
    unsigned landlock; /* version of Landlock's interface; 0: there is none */
    bool seccomp;      /* whatever call is not allowed ends the process */
};

/* What there is here; nothing in builds with sanitizers, whose runtime wants more calls. */
struct sandbox_barriers sandbox_find_barriers(void);
/* "Landlock 7 and seccomp", "seccomp, without Landlock"; the caller frees it. */
char *sandbox_format_barriers(const struct sandbox_barriers *barriers);
/*
 * Shuts this process off for good, in as far as the kernel has the means, and bounds its memory
 * (4 GiB) and its time on a processor (4 hours). Returns what is in force.
 */
struct sandbox_barriers sandbox_confine(void);

/* How such a process is started. Whoever may be without one has NULL in place of this. */
struct sandbox {
    const char *program;   /* "/proc/self/exe" */
    const char *word;      /* its first argument; the second is what it is to do */
    const struct log *log; /* may be NULL */
};

/* One that runs. Belongs to one thread at a time. */
struct sandbox_process {
    pid_t id;                    /* 0: none */
    int in;                      /* what it reads */
    int in_end;                  /* its end of that, so that nobody gets SIGPIPE */
    int out;                     /* what it answers */
    const struct cancel *cancel; /* borrowed; may be NULL */
    struct sandbox_barriers barriers;
};

#define SANDBOX_PROCESS_INIT                                                                       \
    {                                                                                              \
        .in = -1, .in_end = -1, .out = -1                                                          \
    }

/*
 * Starts one for `job`, and waits until it has shut itself off. ERROR_LOCAL if it cannot be had:
 * then nothing has been given to it. `cancel` outlives the process.
 */
int sandbox_start(const struct sandbox *sandbox, const char *job, const struct cancel *cancel,
                  struct sandbox_process *out, struct error *err) MUST_CHECK;

/* What one is started for. All borrowed. */
struct sandbox_call {
    const char *job;             /* the name of a struct sandbox_job */
    const char *what;            /* for the log: "a layer" */
    const struct buf *question;  /* sandbox_read_question() reads it at the other end */
    const struct cancel *cancel; /* may be NULL; outlives the process */
};
/*
 * Starts one and asks it, and logs which one it is. Where `sandbox` is NULL or no process can be
 * had, which is logged, *is_apart is false: then the caller does the job itself.
 */
int sandbox_call(const struct sandbox *sandbox, const struct sandbox_call *call,
                 struct sandbox_process *out, bool *is_apart, struct error *err) MUST_CHECK;
/* Ends it, if it has not ended. */
void sandbox_process_release(struct sandbox_process *process);
CLEANUP_RELEASE(sandbox_process)

/* Gives it a question, which sandbox_read_question() reads at the other end. */
int sandbox_ask(struct sandbox_process *process, const struct buf *question,
                struct error *err) MUST_CHECK;

enum sandbox_feeding {
    SANDBOX_FED,      /* it was given all */
    SANDBOX_ANSWERED, /* it answers, or has ended, without having been given all */
    SANDBOX_BROKEN,   /* `from` has failed, which it was told, too */
};
/*
 * Gives it all that is left of `from`. With SANDBOX_BROKEN *why is what `from` has said. Fails with
 * ERROR_CANCELED, and ERROR_LOCAL where the process stands still.
 */
int sandbox_feed(struct sandbox_process *process, struct reader *from, enum sandbox_feeding *out,
                 struct error *why, struct error *err) MUST_CHECK;
/* What it answers, up to its end. Borrows `process`. */
struct reader *sandbox_answer_reader_new(struct sandbox_process *process);
/*
 * Waits for the end, after which nothing more is answered. Unless it ended well, what has happened:
 * ERROR_CORRUPT if it has crashed, or has asked for what it may not; ERROR_LOCAL if it had no
 * memory or somebody has ended it; ERROR_UNSUPPORTED if it took too long.
 */
int sandbox_finish(struct sandbox_process *process, struct error *err) MUST_CHECK;

/*
 * A talk: the process asks for ranges of what it reads, as it needs them, and tells what it finds
 * in records, whose kinds are letters of the job's own. What it says is what a stranger may have
 * made it say.
 */

#define SANDBOX_RECORD_MAX ((size_t)(8 * MIB))
#define SANDBOX_PULL_MAX ((size_t)(64 * MIB)) /* that it gets at once */
#define SANDBOX_END '\0'                      /* the last record: it has told all */

/* What a process asks for. */
struct sandbox_range {
    uint64_t offset;
    uint64_t until; /* where what it will want behind this ends, as far as it knows; else 0 */
    size_t size;
};

/* What a process may read. */
struct sandbox_input {
    /*
     * Appends what there is in the range to `out`: nothing behind the end. Whether the process may
     * have this range is for it to decide.
     */
    int (*read)(void *arg, const struct sandbox_range *range, struct buf *out, struct error *err);
    void *arg;
};

struct sandbox_talk;

/* As sandbox_call(); *out is NULL where the caller does the job itself. */
int sandbox_talk_start(const struct sandbox *sandbox, const struct sandbox_call *call,
                       const struct sandbox_input *input, struct sandbox_talk **out,
                       struct error *err) MUST_CHECK;
void sandbox_talk_free(struct sandbox_talk *talk);
CLEANUP_FREE(sandbox_talk)
/*
 * Gives the process what it asks for until it tells something: *kind and the record, which lasts
 * until the next call. SANDBOX_END comes once it has ended well. Fails with what reading the input
 * has said, with an error that the process tells, and as sandbox_finish().
 */
int sandbox_talk_next(struct sandbox_talk *talk, char *kind, const struct buf **record,
                      struct error *err) MUST_CHECK;
/* The bytes of all records, which have to be of this kind, up to the end. Takes the talk. */
struct reader *sandbox_talk_reader_new(struct sandbox_talk *talk, char kind);

/*
 * Errors are told as a letter and a text. Of the kinds ERROR_CORRUPT, ERROR_UNSUPPORTED,
 * ERROR_LOCAL and ERROR_INTERNAL are left: another would have something done that the text does
 * not deserve.
 */
char sandbox_error_letter(enum error_kind kind);
enum error_kind sandbox_error_kind(char letter);

/* The other side: what the process itself does. */

struct sandbox_job {
    const char *name;
    void (*prepare)(void); /* while files can be opened yet; may be NULL */
    int (*serve)(void *arg, const struct buf *question, struct error *err);
    void *arg;
    bool outlives_thread; /* the one that has started it may end before; the process may not */
};
/* Shuts the process off, reads the question and serves. Returns the status to end with. */
int sandbox_serve(const struct sandbox_job *job);
/*
 * As sandbox_serve(), for a talk: whatever `serve` has not told is told behind it, an error too.
 */
int sandbox_serve_talk(const struct sandbox_job *job);

/*
 * Of a talk: a range of the input, SANDBOX_PULL_MAX bytes at most, appended to `out`; less than
 * that, maybe nothing, at its end.
 */
int sandbox_pull(const struct sandbox_range *range, struct buf *out, struct error *err) MUST_CHECK;
/* The bytes of a range, pulled in parts of its size; UINT64_MAX is any end. */
struct reader *sandbox_pull_reader_new(const struct sandbox_range *range);
/* Of a talk: a record, SANDBOX_RECORD_MAX bytes at most. It may wait until the next pull. */
int sandbox_tell(char kind, const void *data, size_t size, struct error *err) MUST_CHECK;

/*
 * Closes all descriptors but the standard ones. Ctrl-C is left to the process that has started this
 * one, and its end is the end of this one, too; so is that of the thread, unless it is outlived.
 */
void sandbox_enter(bool outlives_thread);
/* Tells that the process is ready. */
int sandbox_greet(const struct sandbox_barriers *barriers, struct error *err) MUST_CHECK;
int sandbox_read_question(struct buf *out, struct error *err) MUST_CHECK;
/*
 * What sandbox_feed() gives. *is_broken becomes true where that failed; it outlives the reader.
 */
struct reader *sandbox_input_reader_new(bool *is_broken);
int sandbox_answer(const void *data, size_t size, struct error *err) MUST_CHECK;

#endif
