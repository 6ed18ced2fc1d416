#ifndef INLAY_OCI_MODEL_OCI_MODEL_INTERNAL_H
#define INLAY_OCI_MODEL_OCI_MODEL_INTERNAL_H

#include "oci/document.h"
#include "oci_model/oci_model.h"
#include "rootfs/rootfs.h"

/* More than any model has; links between folders could make any number. */
#define MODEL_FILES_MAX ((size_t)1000000)

/* A file of the model, and where it is read from. */
struct model_file {
    char *path; /* in the model */
    struct rootfs_content content;
};

struct model_files {
    struct model_file *items;
    size_t count;
};

#define MODEL_FILES_INIT                                                                           \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

void model_files_add(struct model_files *files, const char *path,
                     const struct rootfs_content *content);
void model_files_release(struct model_files *files);
CLEANUP_RELEASE(model_files)

/*
 * The manifest of an image or artifact, which `version` is, or leads to as an index.
 * ERROR_UNSUPPORTED if an index does not tell which one.
 */
int manifest_choose(struct store *store, const char *version, const struct log *log,
                    struct document *out, struct error *err) MUST_CHECK;

/* The layers of an artifact. */
struct artifact {
    struct model_files files;  /* layers that are a file each */
    struct rootfs_layer *tars; /* layers that are tars; of the model's paths */
    size_t tar_count;
};

#define ARTIFACT_INIT                                                                              \
    {                                                                                              \
        MODEL_FILES_INIT, NULL, 0                                                                  \
    }

/*
 * Tells by media types and annotations what the layers of a manifest are. Paths are as they stand
 * there: unchecked. ERROR_UNSUPPORTED, naming the layer, for one that is no part of a model.
 */
int artifact_from_manifest(const struct document *manifest, struct artifact *out,
                           struct error *err) MUST_CHECK;
void artifact_release(struct artifact *artifact);
CLEANUP_RELEASE(artifact)

/*
 * ERROR_UNSUPPORTED for a ModelKit that lacks its model, since its Kitfile, which `config` names,
 * takes it from another ModelKit (KitOps, docs on "model references").
 */
int kitops_check(struct store *store, const struct document *manifest,
                 const struct descriptor *config, struct error *err) MUST_CHECK;

/*
 * Adds the files below the folder `root` ("/": all there are) to `files`, under their paths from
 * there. Links are followed if what they lead to is below `root` too, else ERROR_UNSUPPORTED.
 */
int tree_list(struct rootfs *rootfs, const char *root, const struct cancel *cancel,
              struct model_files *files, struct error *err) MUST_CHECK;

#endif
