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
    const char *word;      /* its only argument */
    const struct log *log; /* may be NULL */
};

/* One that runs. Belongs to one thread, which has started it, and which it does not outlive. */
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
 * Starts one, and waits until it has shut itself off. ERROR_LOCAL if it cannot be had: then nothing
 * has been given to it. `cancel` outlives the process.
 */
int sandbox_start(const struct sandbox *sandbox, const struct cancel *cancel,
                  struct sandbox_process *out, struct error *err) MUST_CHECK;
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

/* The other side: what the process itself does, first of all. */

/*
 * Closes all descriptors but the standard ones. Ctrl-C is left to the process that has started this
 * one, and its end is the end of this one, too.
 */
void sandbox_enter(void);
/* Tells that the process is ready. */
int sandbox_greet(const struct sandbox_barriers *barriers, struct error *err) MUST_CHECK;
int sandbox_read_question(struct buf *out, struct error *err) MUST_CHECK;
/*
 * What sandbox_feed() gives. *is_broken becomes true where that failed; it outlives the reader.
 */
struct reader *sandbox_input_reader_new(bool *is_broken);
int sandbox_answer(const void *data, size_t size, struct error *err) MUST_CHECK;

#endif
