#include "layout/layout_internal.h"

/*
 * The model's files as they are, in a folder that the caller names: for servers that are given a
 * path, and for KServe's modelcars, which look into /models.
 */
const struct layout layout_dir = {
    .name = "dir",
    .summary = "plain files in the folder --path: servers that are told a path, KServe modelcars",
    .evidence = LAYOUT_JUDGED,
    .takes_path = true,
    .content = LAYOUT_PLAIN_FILES,
    .shares_folder = true,
    .weights = PLAN_PREFER_SAFETENSORS,
    .arrange = arrange_plain,
};
