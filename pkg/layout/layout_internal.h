#ifndef INLAY_LAYOUT_INTERNAL_H
#define INLAY_LAYOUT_INTERNAL_H

#include "layout/layout.h"

/* All layouts, layout_NAME in NAME.c; the first is the default. */
#define LAYOUTS(ROW)                                                                               \
    ROW(huggingface)                                                                               \
    ROW(sentence_transformers)                                                                     \
    ROW(dir)                                                                                       \
    ROW(hub_dir)

#define LAYOUT_DECLARE(name) extern const struct layout layout_##name;
LAYOUTS(LAYOUT_DECLARE)

/* loaders.c, loaders_hub.c: the rows of all others, up to one without a name. */
extern const struct layout loader_rows[];
extern const struct layout hub_loader_rows[];

/* plain.c: the model's files, each at its path in the model's own folder. */
int arrange_plain(const struct layout_request *request, struct tree *out,
                  struct error *err) MUST_CHECK;
/* huggingface.c: blobs, snapshots and refs in the model's own folder. */
int arrange_hub(const struct layout_request *request, struct tree *out,
                struct error *err) MUST_CHECK;
/* huggingface.c: "models--org--name", "datasets--org--name". Caller frees. */
char *hub_folder_name(enum origin_kind kind, const char *id);
extern const struct place_rule hub_places[];
extern const char *const hub_shared[];
/* No variable decides. */
extern const struct place_rule no_places[];

/* The `places` of a row. */
#define PLACES(...)                                                                                \
    (const struct place_rule[])                                                                    \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, NULL, false, false, false                                                        \
        }                                                                                          \
    }
/* The name of the model's own folder; NULL: it is the place. Caller frees. */
char *layout_own_folder(const struct layout *layout, const struct origin *origin);

/* file_path.c: for `file_path` of rows. */
int file_path_last(const struct plan *plan, size_t file, char **out, struct error *err) MUST_CHECK;
int file_path_url_sha1(const struct plan *plan, size_t file, char **out,
                       struct error *err) MUST_CHECK;
int file_path_torch(const struct plan *plan, size_t file, char **out, struct error *err) MUST_CHECK;
int file_path_nltk(const struct plan *plan, size_t file, char **out, struct error *err) MUST_CHECK;
int file_path_llama_flat(const struct plan *plan, size_t file, char **out,
                         struct error *err) MUST_CHECK;
/* file_path.c: for `marker` of rows. */
char *marker_torch(const char *path);
char *marker_kagglehub(const char *path);

/* folder_name.c: for `folder_name` of rows. */
char *folder_name_id(enum origin_kind kind, const char *id);         /* org/name */
char *folder_name_last(enum origin_kind kind, const char *id);       /* name */
char *folder_name_dashes(enum origin_kind kind, const char *id);     /* org--name */
char *folder_name_modelscope(enum origin_kind kind, const char *id); /* org/name, '.' is "___" */
char *folder_name_flair(enum origin_kind kind, const char *id);      /* name/models--org--name */
char *folder_name_stem(enum origin_kind kind, const char *id);       /* of an archive */
char *folder_name_sha1(enum origin_kind kind, const char *id);       /* of a URL */
char *folder_name_paddlex(enum origin_kind kind, const char *id);    /* official_models/name */
char *folder_name_silero(enum origin_kind kind, const char *id);

/* checks.c: for `check` of rows. */
int check_kagglehub(const struct layout_request *request, struct error *err) MUST_CHECK;
int check_llama_name(const struct layout_request *request, struct error *err) MUST_CHECK;
int check_main_only(const struct layout_request *request, struct error *err) MUST_CHECK;
int check_folders(const struct layout_request *request, struct error *err) MUST_CHECK;
int check_one_url(const struct layout_request *request, struct error *err) MUST_CHECK;

extern const char *const offline_hub[]; /* HF_HUB_OFFLINE=1 */

/*
 * The place that the first rule whose variable is set decides on, else `below_home` in the home:
 * absolute, without empty, "." and ".." parts. `rules` ends with a NULL variable. *cache, unless
 * `cache` is NULL, becomes the folder that the variable itself names, in which loaders write more
 * than what goes to the place: NULL if none decides. The caller frees both. ERROR_UNSUPPORTED, with
 * variable and value, for a place that is empty, relative, has a
 * '$' (clients of the Hub expand it since 0.30 only), or cannot be a path in an image.
 */
int place_find(const struct home *home, const struct place_rule *rules, const char *below_home,
               char **out, char **cache, struct error *err) MUST_CHECK;
/* The value of the rule's variable; NULL if it does not decide. */
const char *place_rule_value(const struct home *home, const struct place_rule *rule);
/* The same by a layout's places, base and `below`; ERROR_NOT_FOUND if its package is missing. */
int layout_place(const struct layout *layout, const struct home *home, char **out, char **cache,
                 struct error *err) MUST_CHECK;
/* `value`, taken literally, as a place: NULL if it cannot be one. Caller frees. */
char *place_from_value(const char *value);
/*
 * The folder that the caller names, for a layout that takes one: absolute, without needless parts;
 * '~' is the home of the image's user. Caller frees. ERROR_UNSUPPORTED for one that cannot be.
 */
int place_named(const struct layout_request *request, char **out, struct error *err) MUST_CHECK;
/* What stands before a name in that place as a path in the image: "root/.cache/". Caller frees. */
char *place_prefix(const char *place);

/* Whether the parts of a path may be names in an image: none empty, "..", too long, ".wh.…". */
bool parts_are_usable(const char *path);

/* Adds one more folder in the place, with the place's owner. Takes over `path`. */
void tree_add_shared(struct tree *tree, const struct home *home, char *path);
/*
 * Adds an entry of the model's own: owned by the home's user, with the mode that its type has; of a
 * file's own mode TREE_MAY_BE_RUN counts.
 * Takes over the path and text of `entry`.
 */
void tree_add_own(struct tree *tree, const struct home *home, struct tree_entry entry);
/*
 * Of a sorted tree: makes files that may be run root's, or the owner's that was asked for, and only
 * the owner may write them; so are folders that lead to them, but for those in the home of the
 * image's user.
 */
void tree_own_programs(struct tree *tree, const struct home *home);
/*
 * Adds the folders of `path` below the folder `base`, which is there already. Those that it has in
 * common with `previous`, the path before it (NULL: none), are there as well.
 */
void tree_add_parents(struct tree *tree, const struct home *home, const char *base,
                      const char *path, const char *previous);

#endif
