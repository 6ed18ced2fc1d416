#ifndef INLAY_PICKLE_PICKLE_H
#define INLAY_PICKLE_PICKLE_H

#include "core/buf.h"
#include "core/error.h"

struct sandbox;

/*
 * What files of models do when they are loaded, found out without loading them. A pickle (CPython,
 * Lib/pickletools.py, protocols 0 to 5) is a program that imports what it names and calls it; its
 * opcodes are read here, and nothing of it is executed. No I/O: the caller hands out ranges of the
 * file, and a weight of many gigabytes is known by some kilobytes.
 */

/* Of one file at most so much is asked for; what is behind it is told as not looked at. */
#define PICKLE_READ_MAX (64 * MIB)

/* One file, by ranges of its bytes. */
struct pickle_input {
    uint64_t size;
    /* Appends `size` bytes from `offset` on, which are in the file, to `out`. */
    int (*read)(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err);
    void *arg;
};

enum pickle_verdict {
    PICKLE_KNOWN,     /* what checkpoints of well-known libraries import */
    PICKLE_UNKNOWN,   /* nobody here knows what it does */
    PICKLE_DANGEROUS, /* it runs what the file says: a shell, code, another pickle */
};

struct pickle_import {
    char *name; /* "posix.system"; printable, of 200 bytes at most */
    enum pickle_verdict verdict;
};

/* What was found in one file. Texts are owned. */
struct pickle_findings {
    bool runs_code;                /* loading the file as what it is runs what it says */
    struct pickle_import *imports; /* each once, in the order in which they are met */
    size_t count;
    char *unread; /* what could not be looked at, and why; NULL: all that matters was */
};

#define PICKLE_FINDINGS_INIT                                                                       \
    {                                                                                              \
        .imports = NULL                                                                            \
    }

/*
 * Whether the name is one of files that may run code when they are loaded: pickles of torch,
 * scikit-learn and others, arrays of NumPy, models of Keras and NeMo, packed ones as well:
 * docs/safety.md has the list. Case does not count.
 */
bool pickle_is_suspect(const char *path);

/*
 * Looks at a file by its content: runs of pickles, zip archives of torch, NumPy and Keras with all
 * such files in them, tar archives, compressed pickles, HDF5. `path` is for what the content does
 * not tell. A file that is damaged or too large is no failure: `unread` says so, and what was found
 * before that counts, since a loader has run it by then. Fails with what in->read fails with.
 */
int pickle_scan(const char *path, const struct pickle_input *in, struct pickle_findings *out,
                struct error *err) MUST_CHECK;
/*
 * The same in a process of its own where there is one to be had; else, which is logged, in this
 * one. What it says is its word for this one file.
 */
int pickle_scan_apart(const struct sandbox *sandbox, const char *path,
                      const struct pickle_input *in, struct pickle_findings *out,
                      struct error *err) MUST_CHECK;
/* What the process does that pickle_scan_apart() starts; returns the status to end with. */
#define PICKLE_JOB "pickle"
int pickle_serve(void);
void pickle_findings_release(struct pickle_findings *findings);
CLEANUP_RELEASE(pickle_findings)

/* The worst of its imports; PICKLE_KNOWN if it has none, PICKLE_UNKNOWN if a part is not read. */
enum pickle_verdict pickle_findings_verdict(const struct pickle_findings *findings);

/*
 * For people: "imports posix.system (dangerous) and acme.Model (not known)", "imports nothing but
 * what is known of checkpoints", with what was not looked at behind it. Caller frees.
 */
char *pickle_findings_format(const struct pickle_findings *findings);

/* All of it as lines of text, to be kept. Caller frees. */
char *pickle_findings_save(const struct pickle_findings *findings);
/*
 * The inverse, into empty findings; false, and they stay so, if it is not what was saved. Whatever
 * is in it, there are no more names than pickle_scan() gives, and they are printable.
 */
bool pickle_findings_parse(const char *text, struct pickle_findings *out) MUST_CHECK;

/* What is known of an import: `module` and `name` as the pickle has them. */
enum pickle_verdict pickle_judge(const char *module, const char *name);

#endif
