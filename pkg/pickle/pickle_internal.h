#ifndef INLAY_PICKLE_INTERNAL_H
#define INLAY_PICKLE_INTERNAL_H

#include "core/text.h"
#include "pickle/pickle.h"
#include "stream/stream.h"

/* Archives in archives; more is made to be looked at for ever. */
#define PICKLE_DEPTH_MAX 3
/* Imports of one file that are told. */
#define PICKLE_IMPORTS_MAX ((size_t)10000)

/* One file being looked at, with all that is in it. */
struct pickle_scan {
    struct pickle_findings *findings;
    uint64_t left; /* bytes that may still be asked for */
    unsigned depth;
};

/* A run of its bytes. */
struct extent {
    uint64_t offset;
    uint64_t size;
};

/* A part of a file that moves along: the bytes around a position. */
struct window {
    struct pickle_scan *scan;
    const struct pickle_input *in;
    struct buf bytes; /* from `start` on */
    uint64_t start;
    uint64_t at; /* the position */
};

#define WINDOW_BLOCK ((size_t)(64 * KIB))

void window_release(struct window *window);
CLEANUP_RELEASE(window)
/*
 * Has `size` bytes from the position on, up to WINDOW_BLOCK; *out is NULL if the file ends before,
 * or if the limit is reached, which is noted.
 */
int window_need(struct window *window, size_t size, const unsigned char **out,
                struct error *err) MUST_CHECK;
/* The line from the position on without its end, and moves behind it; *found false as above, and
 * if there is none of WINDOW_BLOCK or less. */
int window_line(struct window *window, struct buf *line, bool *found, struct error *err) MUST_CHECK;

/* How the name of an extension of copyreg's registry begins. */
#define PICKLE_EXTENSION "extension "
/* The last protocol: an unpickler goes on with no other. */
#define PICKLE_PROTOCOL_MAX 5

/* Notes what is not looked at, unless something is noted already. */
void pickle_scan_note_unread(struct pickle_scan *scan, const char *format, ...) PRINTF_FORMAT(2, 3);
/* Notes an import of the pickle. */
void pickle_scan_add_import(struct pickle_scan *scan, const char *module, const char *name);
/* The same of what is no import: "a Lambda layer". */
void pickle_scan_add(struct pickle_scan *scan, const char *name, enum pickle_verdict verdict);

/* stream.c: pickles one behind the other, from the start of `in`. `is_sure`: it is one. */
int pickle_scan_pickles(struct pickle_scan *scan, const struct pickle_input *in, bool is_sure,
                        struct error *err) MUST_CHECK;
/* zip.c: an archive of torch, NumPy or Keras; `path` says whose, where members do not. */
int pickle_scan_zip(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                    struct error *err) MUST_CHECK;
/* numpy.c: an array (NEP 1), whose objects are pickled behind its header. */
int pickle_scan_npy(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                    struct error *err) MUST_CHECK;
/* keras.c: the configuration of a model of Keras 3: JSON, with its layers. */
int pickle_scan_keras_config(struct pickle_scan *scan, const struct pickle_input *in,
                             struct error *err) MUST_CHECK;
/* keras.c: HDF5, which has such a configuration as a text among other bytes. */
int pickle_scan_hdf5(struct pickle_scan *scan, const struct pickle_input *in,
                     struct error *err) MUST_CHECK;
/* tar.c: one of NeMo, or of torch before 1.6. */
int pickle_scan_tar(struct pickle_scan *scan, const struct pickle_input *in,
                    struct error *err) MUST_CHECK;
/* scan.c: whatever it is. */
int pickle_scan_file(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                     struct error *err) MUST_CHECK;
/* scan.c: the same of a part of a file. */
int pickle_scan_part(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                     uint64_t offset, uint64_t size, struct error *err) MUST_CHECK;
/* scan.c: the same of what a reader has, into memory; what cannot be unpacked is noted. */
int pickle_scan_reader(struct pickle_scan *scan, const char *path, struct reader *content,
                       size_t limit, struct error *err) MUST_CHECK;
/* scan.c: appends a run of bytes, which is in the file; *found false if the limit is reached. */
int pickle_scan_read(struct pickle_scan *scan, const struct pickle_input *in, struct extent extent,
                     struct buf *out, bool *found, struct error *err) MUST_CHECK;

/*
 * machine.c: an unpickler that has no objects: its stack and memo hold texts, since names of
 * imports may come from there, marks, and what is neither.
 */
struct machine;

struct machine *machine_new(struct pickle_scan *scan);
void machine_free(struct machine *machine);
CLEANUP_FREE(machine)
enum machine_step {
    MACHINE_GOES_ON,
    MACHINE_STOPS,   /* the pickle has ended */
    MACHINE_DAMAGED, /* it is none, or is cut */
};
/* Runs one opcode at the position of the window. */
int machine_step(struct machine *machine, struct window *window, enum machine_step *out,
                 struct error *err) MUST_CHECK;

#endif
