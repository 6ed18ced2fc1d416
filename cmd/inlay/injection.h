#ifndef INLAY_INJECTION_H
#define INLAY_INJECTION_H

#include "inject/inject.h"
#include "oci_source.h"
#include "preset/preset.h"
#include "preview/preview.h"
#include "project/lock.h"
#include "session.h"

/* One model of the call; what names models, such as a preset, fills it alike. */
struct injection_model {
    struct origin origin;
    const struct layout *layout;
    char *path;              /* the folder, where the layout takes one; else NULL */
    char *as;                /* the name of the Hub's form that it gets; NULL: its own */
    char *name;              /* that its file gets; NULL: its own */
    struct strings include;  /* globs; empty: the automatic choice */
    struct strings optional; /* more of them, which need not match */
    struct strings exclude;
    struct strings also;       /* globs, besides the automatic choice */
    struct strings executable; /* globs of files that may be run */
    char *weights;             /* a format, as --weights has it; NULL: the automatic choice */
    bool all_files;
    bool unpacks;                /* it says itself that it is an archive */
    const struct preset *preset; /* that stands for it; NULL: it is named itself */
    struct lock_model *locked;   /* what it is pinned to, owned; NULL: it is not */
    const struct lock *by;       /* the lock that has pinned it */
    char *companion_of;          /* by the lock, the model that loads it; NULL: it is named */
};

#define INJECTION_MODEL_INIT                                                                       \
    {                                                                                              \
        .origin = ORIGIN_INIT                                                                      \
    }

void injection_model_release(struct injection_model *model);
CLEANUP_RELEASE(injection_model)

/* What `inject`, `plan` and `layer` have in common: all that inject_run() wants. */
struct injection {
    struct session session;
    const struct session *lent;    /* that of another one, which outlives this; NULL: of its own */
    const struct options *line;    /* the command line; borrowed */
    struct inject_options options; /* complete; borrows from the rest */
    struct reference base;
    struct reference *reuse; /* one each --reuse-from */
    struct stored_image *reuse_images;
    char **reuse_versions;
    size_t reuse_count;
    struct reference cache; /* REFERENCE_NONE: --layer-cache was left out */
    struct store *cache_store;
    struct signing_key **trusted_keys; /* of --trust-records */
    size_t trusted_key_count;
    struct signing_key *signing_key; /* of --sign-records; NULL: none */
    struct cache *download_cache;
    char *hub_cache; /* the folder of --hub-cache; NULL: none */

    struct presets presets;
    struct notes notes;     /* of reading these and the project, until there is a log */
    struct project project; /* empty: the call goes by none */
    bool places_itself;     /* the command line says something of the place */
    const char *set;        /* the one set that counts; NULL: those of the command line */
    struct lock lock;       /* of --locked; else empty */
    bool follows_locked;    /* models that are pinned load besides what was not locked yet */

    struct injection_model *models;
    size_t model_count;
    size_t named_count; /* of these, the first ones are named on the command line */

    /* The rest is what `options` points to. */
    struct model_choice *choices; /* one a model; borrow from it */
    struct source **sources;      /* one a model */
    struct source_context source_context;
    struct oci_opener opener;
    struct source **companions; /* that were opened besides */
    size_t companion_count;
    struct store *base_store;
    struct store *target_store;
    char *memo;
    char *version;
    char *name;
    struct expected_layers expected;
    struct expected_layer *expected_layers;
    char *expected_by;
    char created[sizeof("2026-01-01T00:00:00Z")];
};

#define INJECTION_INIT                                                                             \
    {                                                                                              \
        .base = REFERENCE_INIT, .cache = REFERENCE_INIT                                            \
    }

void injection_release(struct injection *injection);
CLEANUP_RELEASE(injection)

/* What preview_run() wants of it. */
struct preview_options injection_preview_options(const struct inject_options *options);

/* What the help of `inject` and `plan` says of their arguments. */
extern const struct argument_help injection_arguments[];

/* model_options.c: what stands behind MODEL, as in "org/name,weights=onnx,also=*.bin". */

/* Sets in `model`, which is empty, what is said there; *rest is MODEL alone. ERROR_USAGE. */
int model_options_parse(const char *text, struct injection_model *model, char **rest,
                        struct error *err) MUST_CHECK;
/* The same of one option; `key` is constant. "unpack" has no value, and is none of the command
 * line. */
int model_options_set(struct injection_model *model, const char *key, const char *value,
                      struct error *err) MUST_CHECK;
/* MODEL for messages: of a URL nothing that may be secret. Caller frees. */
char *model_text_display(const char *text);
/* Puts MODEL, which may be a secret's, and the option in front; returns -1. */
int model_options_wrap(struct error *err, const char *text, const char *key);
/* Whether the model says itself which of its files are taken; whether it says anything. */
bool model_options_has_files(const struct injection_model *model);
bool model_options_has_any(const struct injection_model *model);
/* Of a text that names no model: explains an option that is none. Returns -1. */
int model_options_explain(const char *text, struct error *err);

/* Adds one more model and takes over what is in it. */
void injection_add_model(struct injection *injection, struct injection_model *model);
/* The same for the same loader and path, until the next one is added; NULL: there is none. */
struct injection_model *injection_find_model(const struct injection *injection,
                                             const struct origin *origin,
                                             const struct layout *layout, const char *path);
/* Adds what a MODEL of the command line stands for. ERROR_USAGE. */
int injection_parse_model(struct injection *injection, const char *text,
                          struct error *err) MUST_CHECK;
/*
 * The same of `name`, without options behind it; takes over what `model` says. What is named on the
 * command line wins over the same model of a project.
 */
int injection_add_name(struct injection *injection, const char *name, struct injection_model *model,
                       struct error *err) MUST_CHECK;
/* What a project says has a name under which its loader finds it. */
int injection_check_names(const struct injection *injection, struct error *err) MUST_CHECK;
/* Whether all models and what the options say of them go together. ERROR_USAGE. */
int injection_check_models(const struct injection *injection, struct error *err) MUST_CHECK;
/* Makes `choices` of the models, which are complete. */
void injection_fill_choices(struct injection *injection);

/*
 * Adds what the preset stands for. Where one of its models is there by another preset, it takes the
 * files of both. ERROR_USAGE.
 */
int injection_add_preset(struct injection *injection, const struct preset *preset,
                         struct error *err) MUST_CHECK;

/* injection_project.c: what a project file says in place of the command line. */

/*
 * Reads it if the call goes by one, and adds to the command line what that does not say. Then all
 * that the command wants is there.
 */
int injection_read_project(struct injection *injection, struct options *line,
                           struct error *err) MUST_CHECK;
/* Whether the base is an option of the command, and no argument. */
bool injection_base_is_option(const struct options *line);
/* Whether there is a MODEL among the arguments. */
bool injection_names_models(const struct options *line);
/* Whether the command line says which files of models are taken. */
bool injection_chooses_files(const struct options *line);
/* The file that the call goes by; NULL: none. */
const char *injection_project_file(const struct options *line);
/* Adds its models, and those of the sets that the call names. */
int injection_add_project(struct injection *injection, struct error *err) MUST_CHECK;

/* injection_reuse.c: where layers are taken from and kept, and whose records are believed. */

/* Parses what the options say of it and reads keys, without any request. */
int injection_parse_reuse(struct injection *injection, struct error *err) MUST_CHECK;
int injection_open_reuse(struct injection *injection, const struct store_context *stores,
                         struct error *err) MUST_CHECK;
void injection_release_reuse(struct injection *injection);

/* injection_scan.c: adds what the application in the base asks for and is sure; says the rest. */
int injection_add_scan(struct injection *injection, struct error *err) MUST_CHECK;

/* injection_lock.c: models as a lock has them. */

/* What a lock would say of the model, without its plan. `out` is empty. */
void injection_fill_lock_model(const struct injection *injection,
                               const struct injection_model *model, struct lock_model *out);
/* What "companions" of a lock would say; constant. */
const char *injection_companions_name(const struct injection *injection);
bool injection_companions_differ(const struct injection *injection, const struct lock *lock);
/*
 * Pins models to what the lock has of them, and adds those that they load besides. `skip` says
 * which are left alone; NULL: none. `is_strict`: ERROR_CORRUPT, naming the file `path`, for what is
 * not there as it is wanted; else that is left alone, too.
 */
struct lock_use {
    const struct lock *lock;
    const char *path;
    bool is_strict;
    bool (*skip)(void *arg, const struct lock_model *model);
    void *arg;
};
int injection_pin(struct injection *injection, const struct lock_use *use,
                  struct error *err) MUST_CHECK;
/* Whether a lock has nothing that the project does not name, and goes by the same options. */
int injection_check_lock(const struct injection *injection, const struct lock *lock,
                         const char *path, struct error *err) MUST_CHECK;
/* Where the lock of the call is. Caller frees. */
char *injection_lock_path(const struct injection *injection);
/* Does all that for --locked and --lock, if they are given. */
int injection_use_lock(struct injection *injection, struct error *err) MUST_CHECK;
/* Adds to an error about a commit that the hub lacks what the lock has to do with it. Returns -1.
 */
int injection_explain_pin(const struct injection *injection, const char *path, struct error *err);
/* The same for the lock of --locked; what else went wrong stays as it is. */
int injection_explain(const struct injection *injection, struct error *err);
/* Fills options.expected with the layers of that lock, if they are for this call. */
void injection_expect_layers(struct injection *injection);

/*
 * Parses every name on the command line and of the project, without any request. `injection` is
 * INJECTION_INIT, but for its `set`, and stays where it is; `line` gets what a project says.
 */
int injection_parse(struct injection *injection, struct options *line,
                    struct error *err) MUST_CHECK;
/* Then opens stores and sources, and scans the base if that is wanted. */
int injection_connect(struct injection *injection, const struct command_context *context,
                      struct error *err) MUST_CHECK;
/* Both. */
int injection_open(struct injection *injection, const struct command_context *context,
                   struct options *line, struct error *err) MUST_CHECK;

#endif
