#ifndef INLAY_SCAN_SCAN_INTERNAL_H
#define INLAY_SCAN_SCAN_INTERNAL_H

#include "layout/offline.h"
#include "python/python.h"
#include "scan/scan.h"

/* What the files of this module share. */

/* A file of Python; `calls` and `imports` are there only if rules may have something to say. */
struct scan_source {
    const struct application_file *file;
    struct python_file python;
};

/* A value of a config file that looks like a model of the Hub. */
struct config_value {
    const char *path; /* of the file; borrowed */
    char *key;        /* "embedding.model" */
    char *value;
};

struct config_values {
    struct config_value *items;
    size_t count;
};

/* A variable of the environment that the application sets itself. */
struct scan_setting {
    char *name;
    char *value; /* NULL: not known */
    char *why;   /* for people, why it is not; else NULL */
    char *file;  /* of Python, where it is set; NULL: a script that the image starts */
    unsigned line, cell;
    bool yields;            /* to what the image sets */
    struct strings imports; /* of that file, as scan_list_imports() has them */
};

struct scan_settings {
    struct scan_setting *items;
    size_t count;
};

/* What is known while an application is scanned. */
struct scan {
    const struct application *application;
    const struct presets *presets;
    const struct cancel *cancel; /* looked at before each file; may be NULL */
    struct scan_findings *out;
    struct scan_source *sources;
    size_t source_count;
    struct config_values configs;
    struct strings imports;    /* of all files: "a.b" of `import a.b`, and of `from a import b` */
    struct strings variables;  /* NAME=value that are told elsewhere: in Python, in a Dockerfile */
    struct strings overriding; /* NAME=value that count in place of what the image sets */
    struct scan_settings settings;
    bool has_python_packages;
};

/* findings.c */
#define SCAN_FINDING_INIT                                                                          \
    {                                                                                              \
        .model = NULL                                                                              \
    }
void scan_finding_release(struct scan_finding *finding);
CLEANUP_RELEASE(scan_finding)
/* Takes over what is in `finding`; one of the same model and layout gets its places. */
void scan_add_finding(struct scan_findings *out, struct scan_finding *finding);
void scan_add_unresolved(struct scan_findings *out, const char *format, ...) PRINTF_FORMAT(2, 3);
void scan_add_skipped(struct scan_findings *out, const char *format, ...) PRINTF_FORMAT(2, 3);
void scan_add_asking(struct scan_findings *out, const char *format, ...) PRINTF_FORMAT(2, 3);
void scan_add_note(struct scan_findings *out, const char *format, ...) PRINTF_FORMAT(2, 3);
bool scan_has_model(const struct scan_findings *out, const char *model);
void scan_sort(struct scan_findings *out);

/* names.c: texts that name models */

/* "org/name", as written where nothing else is meant: no folder, no file, no URL. */
bool scan_looks_like_model(const char *text);
/* A path of the image or of the folder, or one of some file system. */
bool scan_is_local(const struct scan *scan, const char *file, const char *text);
/* The value of a variable at the start; NULL: not set. *where says who sets it. */
const char *scan_variable(const struct scan *scan, const char *name, const char **where);
/* The version of a package; NULL: not there, or not told. */
const char *scan_version(const struct scan *scan, enum package_kind kind, const char *name);
/* tests/, examples/, docs/, test_x.py */
bool scan_is_test(const char *path);
/* The name of the preset, if there is one; else NULL. */
const char *scan_preset(const struct scan *scan, const char *family, const char *name);
/* What the first item of the preset names at the Hub. Caller frees; NULL: there is no such. */
char *scan_preset_model(const struct scan *scan, const char *family, const char *name);

/* rules.c, rules_media.c */
enum rule_kind {
    RULE_HUB,                   /* a name of the Hub */
    RULE_TOKENIZER,             /* the same, of which tokenizer and config are read */
    RULE_CONFIG,                /* the same, of which the config is read */
    RULE_SENTENCE_TRANSFORMERS, /* a name without organisation is the library's own */
    RULE_LLAMA_INDEX,           /* the same, in a cache of LlamaIndex's own */
    RULE_FASTER_WHISPER,        /* a size, or a name of the Hub */
    RULE_PRESET,                /* a name of the family `detail` */
    RULE_TIKTOKEN_MODEL,        /* a model of OpenAI's */
    RULE_FASTEMBED,             /* a name of fastembed's table */
    RULE_EASYOCR,               /* a list of languages */
    RULE_PREFIXED,              /* "hf-hub:org/name", else nothing that is of the Hub */
    RULE_PIPELINE,              /* a task, and a model or the task's */
    RULE_FILE,                  /* a repository and one file of it */
    RULE_SNAPSHOT,              /* a repository, and patterns */
    RULE_SPACY,                 /* a pipeline, which may be installed */
    RULE_COLLECTION,            /* of Chroma, without an embedding function */
    RULE_DATASET,               /* data, of which only a note speaks */
    RULE_ELSEWHERE,             /* fetched from where nothing can be verified: `detail` */
};

/* A row a call. */
struct call_rule {
    const char *packages; /* first parts of the dotted name, '|' between them; "@": of an object */
    const char *tail;     /* its last parts; "*.x" is x of any class */
    const char *keywords; /* of the argument that names the model, '|' between them */
    int position;         /* of it, from 0; -1: by its keyword alone */
    const char *fallback; /* the model where there is no argument; NULL: none is loaded */
    const char *loader;   /* the package whose version counts, as PEP 503 has it */
    enum rule_kind kind;
    const char *detail;
    bool takes_objects; /* in place of a name a model that was made elsewhere */
};

extern const struct call_rule scan_text_rules[];
extern const struct call_rule scan_media_rules[];
/* The rule of a call; NULL: none. */
const struct call_rule *scan_find_rule(const struct python_call *call);

/*
 * The model that an installed version of before takes by default in place of the rule's; NULL: the
 * rule's own. Not *is_known: it goes by the version, and that is not known.
 */
const char *scan_older_default(const struct scan *scan, const struct call_rule *rule,
                               bool *is_known);

/* tasks.c: the model of a task of transformers, as "org/name@commit"; NULL: none is known. */
const char *scan_task_model(const char *task);
/* The same of transformers.js. */
const char *scan_task_model_js(const char *task);
/* The encoding of a model of OpenAI's, as tiktoken has it; NULL: it is not known. */
const char *scan_tiktoken_encoding(const char *model);

/* python_values.c */

/* Whether the file can be imported under the first `size` bytes of a dotted name. */
bool scan_is_module(const char *path, const char *module, size_t size);

/* What an argument comes down to. */
struct scan_value {
    struct strings texts; /* none: it is not there, is None, or is no text that is known */
    char *how;            /* for people: "the variable X, which the image sets"; NULL: as written */
    char *unresolved;     /* for people, why there are none; NULL */
    bool is_object;       /* what a call returns */
    bool is_given;
};
void scan_value_release(struct scan_value *value);
CLEANUP_RELEASE(scan_value)
const struct python_value *scan_argument(const struct python_call *call, const char *keywords,
                                         int position);
void scan_resolve(const struct scan *scan, const struct scan_source *source,
                  const struct python_value *value, struct scan_value *out);
/* The one text that it is; NULL: it is none, or not known. Caller frees. */
char *scan_resolve_text(const struct scan *scan, const struct scan_source *source,
                        const struct python_value *value);

/* settings.c */
void scan_settings_release(struct scan_settings *settings);
/* Takes over what is in `setting`. */
void scan_add_setting(struct scan *scan, struct scan_setting *setting);
/* "a.b" of `import a.b`, "a.b" and "a.b.c" of `from a.b import c`; dots in front are left out. */
void scan_list_imports(const struct python_file *file, struct strings *out);
/* Where such a variable makes a loader look. All are owned, for people but for the path. */
struct scan_move {
    char *path;       /* absolute or "~/…"; NULL: where the image's environment says */
    char *unresolved; /* it is moved, and why it is not known where to; else NULL */
    char *note;       /* what else is worth knowing; NULL */
    char *title;      /* "by HF_HOME, which /app/a.py sets"; NULL: it is not moved */
};
void scan_move_release(struct scan_move *move);
CLEANUP_RELEASE(scan_move)
struct layout;
/* For a loader that is called in this file; NULL: by a script. *out is empty before. */
void scan_find_move(const struct scan *scan, const struct scan_source *source,
                    const struct layout *layout, const char *loader, struct scan_move *out);

/* folders.c */
struct loading;
/* A folder as the application writes it, as an absolute path; NULL: *why tells. Caller frees. */
char *scan_absolute_folder(const struct scan *scan, const char *text, const char **why);
/*
 * scan_add_finding() of what a call, or a command line (NULL: both), loads, once it is known where
 * that looks: then it has another layout and a path. Takes over what is in `finding`.
 */
void scan_add_placed(struct scan *scan, const struct loading *loading,
                     const struct scan_source *source, struct scan_finding *finding);

/* Whether a variable or a key is called as if it named a model: "EMBEDDING_MODEL", "repo_id". */
bool scan_names_model(const char *name);

/* One module each: what it adds to `scan->out`. */
void scan_python(struct scan *scan);
void scan_call(struct scan *scan, const struct scan_source *source, const struct python_call *call,
               const struct call_rule *rule);
void scan_commands(struct scan *scan);
/* A line of a shell by itself, that is run at `place`. */
void scan_command_line(struct scan *scan, const char *path, const char *place, const char *text,
                       bool sure);
void scan_manifests(struct scan *scan);
void scan_environment(struct scan *scan);
void scan_javascript(struct scan *scan);
/* Reads the values of config files, and adds those that nothing has used as guesses. */
void scan_read_configs(struct scan *scan);
void scan_configs(struct scan *scan);
void config_values_release(struct config_values *values);

/* servers.c: the ENTRYPOINT of a known server's image, as a JSON array; NULL: it is none. */
const char *scan_server_entrypoint(const char *image);
/* A server's command line; all borrowed. */
struct server_words {
    const struct strings *list;
    size_t from;         /* the first word behind the program */
    const char *program; /* as in commands.c: "vllm" */
    const char *loader;
    const char *place;
    const char *file; /* NULL: none */
    bool sure;
};
/* servers.c: models besides the main one: a tokenizer, adapters, a draft model. */
void scan_server_models(struct scan *scan, const struct server_words *words);

/* python_calls.c: "/app/main.py:6", with a notebook's cell. Caller frees. */
char *scan_format_place(const struct scan_source *source, const struct python_call *call);

/* offline.c: whether a rule of layout/offline.h is about such a call. */
bool scan_asks_anyway(const struct python_call *call);
/* offline.c: what of this call asks a server at each start whatever is baked. */
void scan_offline_call(struct scan *scan, const struct scan_source *source,
                       const struct python_call *call);
/* offline.c: the rule about a program's command line; NULL: none. */
const struct offline_rule *scan_offline_command_rule(const char *program);
/* The same of this one, which has a model of the Hub and this value of the rule's flag, or NULL. */
void scan_offline_command(struct scan *scan, const struct offline_rule *rule, const char *place,
                          const char *value);
/* The same of packages that are installed, once all models are found. */
void scan_offline_versions(struct scan *scan);

/* dotenv.c: how load_dotenv() reads its file. */
struct dotenv_options {
    const struct strings *environment; /* NAME=value that are set already */
    bool overrides;                    /* these */
    bool interpolates;                 /* ${NAME} */
};
/* dotenv.c: adds NAME=value of each binding in a file, the last of a name counts. */
void dotenv_read(const char *text, const struct dotenv_options *options, struct strings *out);
/* dotenv.c: whether a call loads variables out of a file, and takes them in. */
bool scan_loads_dotenv(const struct python_call *call);
void scan_dotenv_call(struct scan *scan, const char *path, const struct python_file *python,
                      const struct python_call *call);

struct image;
/*
 * baked.c: says of each finding whether the image has what its loader will ask for. Of inlay's
 * layers those are read that hold the small files of models; fails as reading layers does.
 */
int scan_mark_baked(const struct scan_options *options, const struct image *image,
                    struct scan_findings *out, struct error *err) MUST_CHECK;
extern const struct rootfs_selection baked_selection;

/* fastembed.c: what the installed fastembed's own table says of a name; false: it is not in it. */
bool scan_fastembed_table(const struct scan *scan, const char *name, struct scan_finding *out);

#endif
