#ifndef INLAY_PLAN_ORIGIN_H
#define INLAY_PLAN_ORIGIN_H

#include "core/digest.h"
#include "core/error.h"

/*
 * What somebody asks for, as a value: where it is, what it is called there, and which state of it.
 * It is parsed, formatted and recorded here alone. No I/O.
 */

/*
 * A row a kind: its constant, what people and programs call it, and the prefix by which it is told
 * from the others, where the longest that fits counts.
 */
#define ORIGIN_KINDS(ROW)                                                                          \
    ROW(ORIGIN_HUB_MODEL, "model", "")                                                             \
    ROW(ORIGIN_HUB_DATASET, "dataset", "datasets/")                                                \
    ROW(ORIGIN_FOLDER, "folder", "dir:")                                                           \
    ROW(ORIGIN_FILE, "file", "file:")                                                              \
    ROW(ORIGIN_URL, "url", "https://")                                                             \
    ROW(ORIGIN_MODELSCOPE, "modelscope", "ms://")                                                  \
    ROW(ORIGIN_OLLAMA, "ollama", "ollama://")                                                      \
    ROW(ORIGIN_OCI_MODEL, "oci-model", "oci-model://")

#define ORIGIN_CONSTANT(constant, name, prefix) constant,
enum origin_kind { ORIGIN_KINDS(ORIGIN_CONSTANT) };

/* "model", "dataset", "folder", …: for people and programs. */
const char *origin_kind_name(enum origin_kind kind);

bool origin_is_of_hub(enum origin_kind kind);
/* Whether it is pinned to a commit; of others the name says all of what was asked for. */
bool origin_has_commits(enum origin_kind kind);
/* One file, which may be an archive. */
bool origin_is_file(enum origin_kind kind);

/*
 * By kind, `name` and `revision`:
 *   hub model, dataset   "org/name" or "name"; "main", "v1.0", "refs/pr/1", a commit
 *   folder, file         its path on this machine as it was typed; NULL
 *   url                  all of it, the scheme too, without fragment; NULL
 *   modelscope           "org/name"; "master", a tag, a commit
 *   ollama               "llama3.2", "namespace/model", "host/namespace/model"; its tag, "latest"
 *   oci-model            "REGISTRY/REPO[:TAG][@DIGEST]"; NULL
 */
struct origin {
    enum origin_kind kind;
    char *name;           /* what identifies it in its kind */
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
 * [hf://][datasets/]NAME[@REVISION] or [hf://][datasets/]ORG/NAME[@REVISION], without a revision
 * "main"; dir:PATH, file:PATH; https://HOST/PATH[#sha256=HEX[&member=PATH]], http:// too;
 * ms://ORG/NAME[@REVISION], without a revision "master"; ollama://NAME[:TAG], without a tag
 * "latest"; a page of huggingface.co as the model or dataset that it shows (hub_page.h);
 * oci-model://REGISTRY/REPO[:TAG][@DIGEST], which whoever opens it parses. ERROR_USAGE,
 * with what was wrong and what is expected.
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
