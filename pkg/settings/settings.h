#ifndef INLAY_SETTINGS_SETTINGS_H
#define INLAY_SETTINGS_SETTINGS_H

#include "core/error.h"
#include "core/text.h"

/*
 * What a user or a machine wants every time, in place of the same options on every command line:
 * a file of JSON and environment variables. Nothing in it decides on the content of an image, which
 * command line and project say, and nothing in it is a secret. docs/config.md tells all of it,
 * docs/config.schema.json is the schema of the file.
 */

/* How a value is written in the file; in a variable it is a text, with ',' between several. */
enum setting_form {
    SETTING_TEXT,
    SETTING_TEXTS,      /* a list of texts */
    SETTING_NUMBER,     /* a whole number */
    SETTING_PATH,       /* absolute, or "~/…", which is in HOME */
    SETTING_PATH_AUTO,  /* the same, or "auto" */
    SETTING_REPOSITORY, /* the same behind "oci:"; else as it is */
};

#define SETTING_OTHERS_MAX 3

/* A row of the table of settings. */
struct setting {
    const char *name;     /* the member of the file */
    const char *variable; /* INLAY_… */
    const char *option;   /* without the dashes: the value is one of this option */
    enum setting_form form;
    const char *others[SETTING_OTHERS_MAX + 1]; /* variables of other programs, that win over the
                                                   file; up to a NULL */
    bool others_are_alike;                      /* their values are such as the option takes */
    const char *built_in;                       /* what holds without; NULL: nothing does */
};

/* The table, up to a row without a name. */
extern const struct setting setting_rows[];
#define SETTING_ROWS_MAX 16

/* Where a value comes from; each wins over those before it. */
enum setting_origin {
    SETTING_BUILT_IN,
    SETTING_FILE,
    SETTING_OTHERS, /* inlay goes by that variable itself */
    SETTING_VARIABLE,
};

struct setting_value {
    enum setting_origin origin;
    const char *from;     /* the variable; NULL: none */
    struct strings texts; /* as the option takes them; none: what is built in holds */
};

/* What is wrong with the file, or with one value, which then does not hold. */
struct settings_problem {
    enum error_kind kind;
    size_t row; /* whose value it is; SETTING_ROWS_MAX: the file's, or no setting's */
    char *text;
};

struct settings {
    char *file; /* where it is looked for; NULL: nowhere */
    bool has_file;
    struct settings_problem *problems;
    size_t problem_count;
    struct setting_value values[SETTING_ROWS_MAX]; /* one a row */
};

#define SETTINGS_INIT                                                                              \
    {                                                                                              \
        NULL, false, NULL, 0,                                                                      \
        {                                                                                          \
            {                                                                                      \
                SETTING_BUILT_IN, NULL, STRINGS_INIT                                               \
            }                                                                                      \
        }                                                                                          \
    }

/*
 * Reads the file that INLAY_CONFIG names (empty: none), else inlay/config.json in XDG_CONFIG_HOME
 * or in HOME/.config, which need not be there to be seen, and the environment. Problems:
 * ERROR_LOCAL if others may write the file, or if it cannot be read; ERROR_NOT_FOUND if
 * INLAY_CONFIG names none; else those of settings_parse(). What is right beside them holds.
 */
void settings_read_all(struct settings *out);
/* The same; fails with the first problem, if there is one. */
int settings_read(struct settings *out, struct error *err) MUST_CHECK;
/*
 * The content of the file into `out`, which is zeroed or read before. Problems: ERROR_CORRUPT with
 * the member if it is no JSON, if a member is not known or twice there, or is not of its form;
 * ERROR_REFUSED if a member would be a secret. Whether a value is one is what its option says.
 */
void settings_parse(const char *text, size_t size, struct settings *out);
/* One more problem; `why` is empty afterwards. */
void settings_add_problem(struct settings *settings, size_t row, struct error *why);
void settings_release(struct settings *settings);
CLEANUP_RELEASE(settings)

/* Of a name that a user wrote; NULL: there is none. */
const struct setting *setting_find(const char *name);
/* What is near a name that no setting has: "; near it: jobs", and "" if nothing is. Caller frees.
 */
char *settings_near(const char *name);
/*
 * Names of variables that are set, begin as those of settings and are none: typing errors, maybe.
 * `expected` gets the nearest name of each.
 */
void settings_list_unknown(struct strings *out, struct strings *expected);

/* A value without what may be secret in it: user, query and fragment of a URL. Caller frees. */
char *setting_display(const char *value);

#endif
