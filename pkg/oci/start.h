#ifndef INLAY_OCI_START_H
#define INLAY_OCI_START_H

#include "core/error.h"
#include "core/text.h"

/* What a container of an image starts: Entrypoint and Cmd (image-spec, config.md). No I/O. */

/* The words of one of the two. */
struct start_words {
    bool is_set;          /* false: nothing is said of it, and what the image has stays */
    struct strings words; /* none: the image is to have none */
};

struct container_start {
    struct start_words entrypoint;
    struct start_words command; /* its arguments, or the program where there is no entrypoint */
};

/*
 * One word, or a list of them in JSON, as a Dockerfile's exec form has it: "inlay",
 * ["python3", "-m", "app"]; [] is none. ERROR_USAGE for a text with spaces that is no list, since
 * no shell takes it apart. *out is set on success, and was empty.
 */
int start_words_parse(const char *text, struct start_words *out, struct error *err) MUST_CHECK;

/* `to` is the zero value. */
void container_start_copy(const struct container_start *from, struct container_start *to);
/*
 * Puts what `over` says in place of what `start` does. A new entrypoint without a command leaves no
 * command, which was another program's: as `docker build` does it.
 */
void container_start_override(struct container_start *start, const struct container_start *over);
bool container_start_is_set(const struct container_start *start);
/* For people: "ENTRYPOINT [\"inlay\"] CMD []", what is not set left out. Caller frees. */
char *container_start_format(const struct container_start *start);
void container_start_release(struct container_start *start);
CLEANUP_RELEASE(container_start)

#endif
