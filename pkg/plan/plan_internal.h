#ifndef INLAY_PLAN_INTERNAL_H
#define INLAY_PLAN_INTERNAL_H

#include "plan/plan.h"

/*
 * What the name of a file says of the weights in it. Weights of one family in one folder are
 * copies of each other: they differ in format and in variant alone.
 */
enum weights_format {
    WEIGHTS_SAFETENSORS,
    WEIGHTS_PYTORCH, /* what PyTorch loaders take if there is no safetensors file */
    WEIGHTS_TWIN,    /* a pickle that is named like a safetensors file */
    WEIGHTS_FOREIGN, /* of other frameworks, and the publishers' original formats */
};

struct weights {
    char *family;
    const char *variant; /* "fp16", …; "": none. Not owned */
    enum weights_format format;
    bool is_index;   /* the list of a model's shards, not weights themselves */
    bool is_whole;   /* of a model that works alone, unlike an adapter's */
    unsigned shards; /* into which the weights are cut; 0: this is all of them, or not known */
};

#define WEIGHTS_INIT                                                                               \
    {                                                                                              \
        NULL, "", WEIGHTS_FOREIGN, false, false, 0                                                 \
    }

/* `name` is without folders. False if it is not a name of weights; *out is then unchanged. */
bool weights_parse(const char *name, struct weights *out);
void weights_release(struct weights *weights);
CLEANUP_RELEASE(weights)

/* Cuts a shard's number, "-00001-of-00007", off the end; how many there are, 0: it is no shard. */
unsigned shard_cut(char *stem);

/* The last part of a path. */
const char *path_name(const char *path);
/* The folder with its '/': "" for the root. Caller frees. */
char *path_folder(const char *path);

/* A list as a set: sorted first, asked afterwards. */
void set_sort(struct strings *set);
bool set_has(const struct strings *set, const char *text);

/* What weights are looked up by: folder, family, variant, format. Caller frees. */
char *copy_key(const char *path, const struct weights *weights, const char *variant,
               enum weights_format format);

/*
 * Clears keep[i] of files that are second copies of the same weights, that no loader of the model
 * reads, or that are left over from training. Looks only at files with keep[i] set.
 */
void automatic_choose(const struct plan *plan, const struct plan_selection *selection, bool *keep);
/* The part of it that goes before any choice of weights: what training left behind. */
void automatic_drop_training(const struct plan *plan, bool *keep);

/*
 * What the contents of small files say; each appends to *out and sorts it as a set. `contents` may
 * be NULL.
 */

/* The folders, with '/', that a pipeline of diffusers loads; false: it is none, or is not known. */
bool contents_find_components(const struct plan_contents *contents, struct strings *out);
/*
 * The folders, with '/', of modules that sentence-transformers 2.3 to 3.0 loads from
 * pytorch_model.bin alone, such as 2_Dense. Those are small. A Transformer's weights are not.
 */
void contents_find_small_modules(const struct plan *plan, const struct plan_contents *contents,
                                 struct strings *out);
/* The paths that the index at `path` maps weights to; false: that is not known. */
bool contents_find_shards(const struct plan_contents *contents, const char *path,
                          struct strings *out);

/* The formats that --weights names. */
enum format {
    FORMAT_NONE, /* no weights: what loaders want besides */
    FORMAT_SAFETENSORS,
    FORMAT_PYTORCH,
    FORMAT_ONNX,
    FORMAT_OPENVINO,
    FORMAT_GGUF,
    FORMAT_TENSORFLOW,
    FORMAT_FLAX,
    FORMAT_MISTRAL,
    FORMAT_COREML,
    FORMAT_OTHER, /* that it does not name */
};

/* What a path says of the weights in a file, and of whom a file beside them is. */
struct weights_file {
    enum format format;
    bool is_weights; /* else what belongs to those of this format: an index, a config */
    char *variant;   /* "fp16", "quantized", "Q4_K_M"; "": the plain one */
    char *base;      /* the same for all variants of the same weights; "": has none */
};

#define WEIGHTS_FILE_INIT                                                                          \
    {                                                                                              \
        FORMAT_NONE, false, NULL, NULL                                                             \
    }

void weights_file_parse(const char *path, struct weights_file *out);
void weights_file_release(struct weights_file *file);
CLEANUP_RELEASE(weights_file)
enum format format_of(const char *path);
const char *format_name(enum format format);
/* In either case, and by the name that transformers.js has for it. */
bool format_variant_equals(enum format format, const char *variant, const char *asked);
/* Of --weights; *variant is in `text`, NULL if there is none. ERROR_USAGE. */
int format_parse(const char *text, enum format *format, const char **variant,
                 struct error *err) MUST_CHECK;

/*
 * Clears keep[i] of weights in other formats and variants than the selection names, and of what
 * belongs to those. ERROR_NOT_FOUND, listing what there is, if there are none; ERROR_USAGE.
 */
int format_choose(const struct plan *plan, const struct plan_selection *selection, bool *keep,
                  struct error *err) MUST_CHECK;
/*
 * After all choices: ERROR_NOT_FOUND if none of the weights that `text` asks for, which
 * format_choose() found, is kept.
 */
int format_check(const struct plan *plan, const char *text, const bool *keep,
                 struct error *err) MUST_CHECK;
/*
 * ERROR_UNSUPPORTED, listing them, if ONNX weights are kept in several precisions; a loader that
 * asks for the plain ones gets those.
 */
int onnx_check(const struct plan *plan, enum plan_weights prefer, bool *keep,
               struct error *err) MUST_CHECK;
/* Whether any folder has the weights of a whole model for torch. */
bool has_whole_model(const struct plan *plan, const bool *keep);

/*
 * ERROR_NOT_FOUND if an index is kept whose shards are not all there: loaders would ask for them at
 * each start, in vain.
 */
int shards_check(const struct plan *plan, const struct plan_contents *contents, const bool *keep,
                 struct error *err) MUST_CHECK;

/* Is it a GGUF file of a model, and no projector or the like? */
bool gguf_is_model(const char *path);
/* Keeps one projector (mmproj) of a folder: runtimes load one. */
void gguf_choose_projectors(const struct plan *plan, bool *keep);
/* ERROR_UNSUPPORTED, listing them, if several GGUF quantisations of a model are kept. */
int gguf_check(const struct plan *plan, const bool *keep, struct error *err) MUST_CHECK;

#endif
