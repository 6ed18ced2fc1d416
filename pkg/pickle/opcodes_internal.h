#ifndef INLAY_PICKLE_OPCODES_INTERNAL_H
#define INLAY_PICKLE_OPCODES_INTERNAL_H

#include "core/base.h"

/* The opcodes of pickles, as far as an unpickler without objects has to know them. */

/* What stands behind the opcode. */
enum opcode_form {
    FORM_BYTES,   /* `bytes` of them, a number */
    FORM_COUNTED, /* a number of `bytes`, and as many bytes as it says */
    FORM_LINE,
    FORM_QUOTED, /* a line, with quotes around its text */
    FORM_TWO_LINES,
};

enum opcode_action {
    ACT_NONE,
    ACT_PUSH, /* what it makes */
    ACT_TEXT, /* the text behind the opcode */
    ACT_MARK,
    ACT_PROTOCOL,
    ACT_POP,
    ACT_DUP,
    ACT_PUT,
    ACT_MEMOIZE,
    ACT_GET,
    ACT_IMPORT,       /* what two lines name */
    ACT_IMPORT_STACK, /* what two texts on the stack name */
    ACT_EXTENSION,    /* of copyreg's registry, by number */
    ACT_STOP,
};

#define POPS_TO_MARK (-1)

struct opcode {
    unsigned char code;
    enum opcode_form form;
    unsigned char bytes;
    signed char pops; /* values that it takes first */
    enum opcode_action action;
};

/* NULL: there is none with this code. */
const struct opcode *opcode_find(unsigned char code);

#endif
