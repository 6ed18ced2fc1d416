#ifndef INLAY_PACK_PACK_INTERNAL_H
#define INLAY_PACK_PACK_INTERNAL_H

#include "pack/pack.h"

/* Bytes of content that an entry brings. */
uint64_t entry_size(const struct recipe *recipe, const struct tree_entry *entry);
/* Who an entry of the recipe belongs to: a large file is root's for every base. */
/* The base's own for the folders above, PACK_TIME or PACK_TIME_NEWEST for what inlay makes. */
int64_t entry_time_s(const struct tree_entry *entry);

/* Computes how many bytes recipe_write_tar() will write. */
int tar_measure(const struct recipe *recipe, uint64_t *out, struct error *err) MUST_CHECK;
/* Writes the header blocks of one entry alone, for tar_measure() and for golden files. */
int tar_write_header(const struct recipe *recipe, const struct tree_entry *entry,
                     struct writer *out, struct error *err) MUST_CHECK;

#endif
