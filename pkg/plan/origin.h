#ifndef INLAY_PLAN_ORIGIN_H
#define INLAY_PLAN_ORIGIN_H

#include "core/digest.h"
#include "core/error.h"

/*
 * What somebody asks for, as a value: where it is, what it is called there, and which state of it.
 * It is parsed, formatted and recorded here alone. No I/O.
 */

/*
 * How the name of an origin is written behind its prefix, and what becomes its `name` and
 * `revision`.
 */
enum origin_grammar {
    GRAMMAR_REPO,   /* [ORG/]NAME[@REVISION], as the Hub spells them; pinned to a commit */
    GRAMMAR_PATH,   /* PATH, on this machine, as it was typed; no revision */
    GRAMMAR_URL,    /* PREFIX and HOST/FILE[#sha256=HEX[&member=PATH]]; the name is all of it, the
                       prefix too, without fragment; no revision */
    GRAMMAR_TAGGED, /* [[HOST/]NAMESPACE/]NAME[:TAG]; the revision is the tag, which records name */
    GRAMMAR_REFERENCE /* one word, which whoever opens it parses; no revision */
};

/* What there is to say of a kind of origin. */
struct origin_traits {
    const char *form;        /* how it is written, for the help: "ms://ORG/NAME[@REVISION]" */
    const char *summary;     /* what that is, for the help: "a model of ModelScope" */
    const char *name;        /* "modelscope", for people and programs */
    const char *prefix;      /* tells it from the others, where the longest that fits counts */
    const char *title;       /* "a model of Ollama", in messages */
    const char *examples[2]; /* how it may be written, for messages; one is enough */
    const char *revision;    /* if none is named; NULL: the kind has none */
    const char *uri;         /* what its name is put behind where documents name it; NULL: they name
                                it by its whole URL, if it has that grammar, else not */
    const char *needs_org; /* of a repo: the complaint about a name without ORG/; NULL: it may be */
    enum origin_grammar grammar;
    bool is_file; /* one file, which may be an archive */
};

/*
 * A row a kind: its constant, what opens it (`ollama` is source_open_ollama() of source/source.h),
 * its form and its summary, and its other traits.
 */
#define ORIGIN_KINDS(ROW)                                                                          \
    ROW(ORIGIN_HUB_MODEL, hub, "[hf://][ORG/]NAME[@REVISION]", "a model of the Hugging Face Hub",  \
        .name = "model", .prefix = "", .grammar = GRAMMAR_REPO, .revision = "main",                \
        .title = "a model of the Hub", .examples = {"org/name", "org/name@revision"})              \
    ROW(ORIGIN_HUB_DATASET, hub, "[hf://]datasets/ORG/NAME[@REVISION]",                            \
        "a dataset of the Hugging Face Hub", .name = "dataset", .prefix = "datasets/",             \
        .grammar = GRAMMAR_REPO, .revision = "main", .title = "a dataset of the Hub",              \
        .examples = {"datasets/org/name"}, .uri = "https://huggingface.co/datasets/")              \
    ROW(ORIGIN_FOLDER, folder, "dir:PATH", "a folder of this machine", .name = "folder",           \
        .prefix = "dir:", .grammar = GRAMMAR_PATH, .title = "a folder", .examples = {"dir:PATH"})  \
    ROW(ORIGIN_FILE, single_file, "file:PATH", "a file of this machine", .name = "file",           \
        .prefix = "file:", .grammar = GRAMMAR_PATH, .title = "a file", .examples = {"file:PATH"},  \
        .is_file = true)                                                                           \
    ROW(ORIGIN_URL, url, "https://HOST/FILE#sha256=HEX[&member=PATH]",                             \
        "a file behind a URL, or one in it", .name = "url", .prefix = "https://",                  \
        .grammar = GRAMMAR_URL, .title = "a URL", .examples = {"https://HOST/FILE#sha256=HEX"},    \
        .is_file = true)                                                                           \
    ROW(ORIGIN_MODELSCOPE, modelscope, "ms://ORG/NAME[@REVISION]", "a model of ModelScope",        \
        .name = "modelscope", .prefix = "ms://", .grammar = GRAMMAR_REPO, .revision = "master",    \
        .title = "a model of ModelScope", .examples = {"ms://org/name"},                           \
        .uri = "https://modelscope.cn/models/",                                                    \
        .needs_org = "a model of ModelScope is named 'org/name'")                                  \
    ROW(ORIGIN_OLLAMA, ollama, "ollama://[[HOST/]NAMESPACE/]NAME[:TAG]",                           \
        "a model of Ollama, or of a registry", .name = "ollama", .prefix = "ollama://",            \
        .grammar = GRAMMAR_TAGGED, .revision = "latest", .title = "a model of Ollama",             \
        .examples = {"ollama://name:tag"}, .uri = "ollama://")                                     \
    ROW(ORIGIN_OCI_MODEL, oci_model, "oci-model://REGISTRY/REPO[:TAG][@DIGEST]",                   \
        "an artifact or image with a model", .name = "oci-model", .prefix = "oci-model://",        \
        .grammar = GRAMMAR_REFERENCE, .title = "a model in a registry",                            \
        .examples = {"oci-model://REGISTRY/REPO:TAG"}, .uri = "oci-model://")

#define ORIGIN_CONSTANT(constant, ...) constant,
enum origin_kind { ORIGIN_KINDS(ORIGIN_CONSTANT) };
#define ORIGIN_ONE(...) +1
enum { ORIGIN_KIND_COUNT = 0 ORIGIN_KINDS(ORIGIN_ONE) };

const struct origin_traits *origin_traits(enum origin_kind kind);
/* "model", "dataset", "folder", …: for people and programs. */
const char *origin_kind_name(enum origin_kind kind);

bool origin_is_of_hub(enum origin_kind kind);
/* Whether it is pinned to a commit; of others the name says all of what was asked for. */
bool origin_has_commits(enum origin_kind kind);
/* A repo of a model, of whose files its loaders read some: not of a dataset, and no folder. */
bool origin_is_model_repo(enum origin_kind kind);
/* Whether images record its revision, a tag, as a part of its name. */
bool origin_has_tag(enum origin_kind kind);
/* A folder or a file of this machine, which its name says nothing of elsewhere. */
bool origin_is_local(enum origin_kind kind);
/* One file, which may be an archive. */
bool origin_is_file(enum origin_kind kind);
/* Whether loaders mean this one by "main": the branch of a repo that is taken if none is named. */
bool origin_is_main(enum origin_kind kind, const char *revision);

struct origin {
    enum origin_kind kind;
    char *name;           /* what identifies it in its kind, as its grammar tells */
    char *revision;       /* as asked for; NULL: the kind has none */
    struct digest digest; /* url: of what is there; DIGEST_NONE: not known */
    char *member;         /* url of an archive: the one file of it that is wanted, and then `digest`
                             is that file's; NULL: all of it */
    char *as;        /* "org/name", under which the application asks for it; NULL: its own name */
    char *file_name; /* file and url: what the file is called in the image; NULL: as it is there */
    bool unpacks;    /* a file that is an archive stands for what is in it */
};

#define ORIGIN_INIT                                                                                \
    {                                                                                              \
        .kind = ORIGIN_HUB_MODEL, .digest = DIGEST_INIT                                            \
    }

/*
 * What ORIGIN_KINDS says: a prefix and a name by the grammar of its kind; "hf://" may stand before
 * what is of the Hub, and "models/" before a model of it; http:// is a URL as https:// is; a page
 * of huggingface.co is the model or dataset that it shows (hub_page.h). ERROR_USAGE, with what was
 * wrong and what is expected.
 */
int origin_parse(const char *text, struct origin *out, struct error *err) MUST_CHECK;
/*
 * The inverse, for people: "org/name@revision", "datasets/org/name@revision", "dir:PATH". Of a URL
 * neither query nor fragment, which may hold secrets. Caller frees.
 */
char *origin_format(const struct origin *origin);
void origin_copy(const struct origin *from, struct origin *to);

/* ERROR_USAGE, saying so, if this is no "org/name" or "name" of the Hub. */
int origin_check_hub_name(const char *text, struct error *err) MUST_CHECK;

/*
 * What images record it as: "org/name", "datasets/org/name"; what comes from elsewhere by the name
 * that it was given (--as), else by "dir:" or "file:" and the last part of its path, or as a URL
 * without query. Caller frees.
 */
char *origin_record(const struct origin *origin);
/* The same from the two parts of a record. Caller frees. */
char *origin_join(enum origin_kind kind, const char *name);
/* The inverse, of what others may have written. *name is in the text. */
enum origin_kind origin_from_record(const char *record, const char **name);

void origin_release(struct origin *origin);
CLEANUP_RELEASE(origin)

#endif
