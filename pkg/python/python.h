#ifndef INLAY_PYTHON_PYTHON_H
#define INLAY_PYTHON_PYTHON_H

#include "core/error.h"
#include "core/text.h"

/*
 * Python source and notebooks, read by their tokens (language reference 3.13, "Lexical analysis";
 * statements of Python 2 are passed over) and never run. What comes out are the calls, imports and
 * environment variables of one file, with as much of their values as the file itself says.
 *
 * Names are followed to what they are bound to: imports, assignments (a name that is bound to
 * different values has none; None beside another value does not count), defaults of parameters,
 * attributes of classes and of `self`, entries of dictionaries, options of argparse. All results
 * are values that the caller owns; everything here may be used by several threads.
 */

#define PYTHON_SIZE_LIMIT ((size_t)16 * 1024 * 1024)
/* Brackets inside brackets, and blocks inside blocks. */
#define PYTHON_DEPTH_LIMIT 200
/* A longer text, and a list with more items, is PYTHON_UNKNOWN. */
#define PYTHON_TEXT_LIMIT 4096
#define PYTHON_LIST_LIMIT 256

/* What an expression is, as far as it is known without running it. */
enum python_kind {
    PYTHON_UNKNOWN,
    PYTHON_TEXT,     /* `text`; texts in bytes (b"…") are unknown */
    PYTHON_VARIABLE, /* of the environment: its name in `variable`, the default in `text` or NULL */
    PYTHON_NUMBER,   /* `text` as written */
    PYTHON_NONE,
    PYTHON_BOOL, /* `text`: "True" or "False" */
    PYTHON_LIST, /* a list, tuple or set: `items` */
    PYTHON_EACH, /* the variable of a loop over such a list: one of `items` after the other */
    PYTHON_CALL, /* what a call returns: `text` is its name, as in struct python_call */
    PYTHON_NAME, /* a name from another module: `text` is dotted, "app.config.settings.model" */
};

struct python_value {
    enum python_kind kind;
    char *text;
    char *variable; /* of PYTHON_TEXT: NULL, or the default of this one is in the text */
    struct python_value *items;
    size_t item_count;
    bool is_default; /* of a parameter or an option: a caller may have passed something else */
    bool is_given;   /* … and all in this file do */
    char *source;    /* the expression as written, in one line, at most 80 bytes; for messages */
};

#define PYTHON_VALUE_INIT                                                                          \
    {                                                                                              \
        .kind = PYTHON_UNKNOWN                                                                     \
    }

struct python_argument {
    char *keyword; /* NULL: positional; "*" and "**": unpacked */
    struct python_value value;
};

struct python_call {
    /*
     * Dotted, imports resolved: "sentence_transformers.SentenceTransformer"; modules relative to
     * the file's begin with their dots: ".embeddings.load". A name that nothing imports stays as it
     * is: "client.create_collection". What is called on another expression begins with a dot:
     * `a[0].f()` is ".f", `f()()` is "".
     */
    char *name;
    /*
     * For a method that is called directly on what a call made, the name of that call; else NULL.
     * "chromadb.Client" for `client = chromadb.Client(); client.get_collection(x)`, and for
     * `chromadb.Client().get_collection(x)`.
     */
    char *method_of;
    unsigned line; /* where the name begins; from 1; in a notebook's cell, of this cell */
    unsigned cell; /* the cell's number among all cells of the notebook, from 1; 0: no notebook */
    struct python_argument *arguments;
    size_t argument_count;
    bool is_in_main; /* in the block of `if __name__ == "__main__":` */
};

struct python_import {
    char *module; /* "a.b"; relative to the file's package ".a" */
    char *name;   /* `from a.b import c`: "c", or "*"; NULL: `import a.b` */
    unsigned line, cell;
};

struct python_assignment {
    char *variable;
    struct python_value value;
    unsigned line, cell;
    bool yields; /* of the environment: to what is set already */
};

/* A line of a shell in a notebook: behind '!', or of a cell that begins with %%bash or %%sh. */
struct python_command {
    char *text; /* with the lines that a backslash joins to it */
    unsigned line, cell;
};

struct python_assignments {
    struct python_assignment *items;
    size_t count;
};

struct python_file {
    struct python_call *calls; /* in the order of their lines, everywhere in the file */
    size_t call_count;
    struct python_import *imports;
    size_t import_count;
    /* os.environ["X"] = …, os.environ.setdefault("X", …) */
    struct python_assignments environment;
    /*
     * What other files can import: names that the module level, classes of it, and objects of these
     * classes bind to a known value: "MODEL", "Config.model", "settings.model". Sorted by name.
     */
    struct python_assignments constants;
    struct python_command *commands;
    size_t command_count;
    struct strings skipped; /* a notebook's cells that do not parse, a line each */
};

#define PYTHON_FILE_INIT                                                                           \
    {                                                                                              \
        .calls = NULL                                                                              \
    }

/*
 * Reads one file of UTF-8. ERROR_CORRUPT, with the line: it does not parse (NUL bytes, other bytes
 * than UTF-8, a string without its end, brackets that do not match, deeper than the limit).
 * ERROR_UNSUPPORTED: another encoding (PEP 263) or larger than the limit.
 */
int python_read(const char *text, size_t size, struct python_file *out,
                struct error *err) MUST_CHECK;
/*
 * Reads the code cells of a notebook (nbformat 3 and 4) as one module. Lines that begin with % or !
 * are left out, and so are cells of magics (%%bash) that do not run Python. ERROR_CORRUPT: it is
 * not JSON, or no notebook. A cell that does not parse goes to `skipped`.
 */
int python_read_notebook(const char *text, size_t size, struct python_file *out,
                         struct error *err) MUST_CHECK;

void python_value_release(struct python_value *value);
void python_file_release(struct python_file *file);
CLEANUP_RELEASE(python_value)
CLEANUP_RELEASE(python_file)

#endif
