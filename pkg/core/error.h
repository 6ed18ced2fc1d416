#ifndef INLAY_CORE_ERROR_H
#define INLAY_CORE_ERROR_H

#include "core/base.h"

/*
 * A failure: a kind, for code that has to decide, and a text, for a person who has to act. Every
 * fallible function returns 0, or -1 with its `struct error` set. ERROR_UNREACHABLE alone means
 * that trying again may help.
 */
enum error_kind {
    ERROR_NONE,
    ERROR_USAGE,       /* the command line or a name on it does not parse */
    ERROR_NOT_FOUND,   /* no such image, model, revision, file */
    ERROR_DENIED,      /* credentials or permissions are missing, wrong or too weak */
    ERROR_UNREACHABLE, /* the network or the server at its end; may work later */
    ERROR_UNSUPPORTED, /* understood, and outside what inlay does */
    ERROR_CORRUPT,     /* not what its digest, size or format says */
    ERROR_LOCAL,       /* this machine: disk, permissions */
    ERROR_CANCELED,    /* the user asked to stop, or another job failed first */
    ERROR_CONFLICT,    /* somebody else has moved the tag that was to be moved */
    ERROR_UNCERTAIN,   /* a tag may show the new image or the old; who asks it knows */
    ERROR_REFUSED,  /* a rule of the caller's own forbids it: licences, code in models, a policy */
    ERROR_INTERNAL, /* a defect of inlay */
};

struct error {
    enum error_kind kind;
    char *text; /* one line without control characters; NULL if none */
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        ERROR_NONE, NULL                                                                           \
    }

/* For programs: "usage", "not-found", "local"; constant. */
const char *error_kind_name(enum error_kind kind);
/* Starts an error, replacing what was there. Control characters in it become '?'. Returns -1. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_FORMAT(3, 4);
/* The same for a system call: ": " and the words for `number` follow; the kind is ERROR_LOCAL. */
int error_set_errno(struct error *err, int number, const char *format, ...) PRINTF_FORMAT(3, 4);
/* The system's words for `number`; `room` is where they may be put. Safe to call from several
 * threads. */
const char *error_words(int number, char *room, size_t size);
/*
 * Puts context in front of the text: "context: text". Keeps the kind. Returns -1. What the context
 * ends with is not said again where the text begins with it in quotes: "the base oci:a" in front of
 * "'oci:a' has no image '1'" is "the base oci:a has no image '1'".
 */
int error_wrap(struct error *err, const char *format, ...) PRINTF_FORMAT(2, 3);
/* Moves `from` to `to`, which is emptied first; `from` is empty afterwards. Returns -1. */
int error_move(struct error *to, struct error *from);
void error_release(struct error *err);
CLEANUP_RELEASE(error)

#endif
