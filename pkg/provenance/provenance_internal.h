#ifndef INLAY_PROVENANCE_INTERNAL_H
#define INLAY_PROVENANCE_INTERNAL_H

#include "provenance/provenance.h"

#include <jansson.h>

/* purl.c: adds `text` with all percent-encoded that a purl's parts do not take; '/' stays. */
void purl_encode(struct buf *out, const char *text);
/* The same, of a part that has no '/'. */
void purl_encode_part(struct buf *out, const char *text);
/*
 * What identifies a model or dataset of the Hub at its pin, as a purl; NULL: it is not of the Hub.
 * Caller frees.
 */
char *purl_of_model(const struct origin *origin, const char *pin);
/* What a statement has: the purl of a model, else a URI; NULL where it is on one machine. Caller
 * frees. */
char *uri_of_model(const struct origin *origin, const char *pin);

/* What the record of a model that the base had tells: kind and name; false: neither. `out` is
 * empty, and the caller's to release. */
bool origin_of_kept(const struct provenance_kept *kept, struct origin *out);
char *uri_of_kept(const struct provenance_kept *kept);

/* spdx.c: what SPDX calls a licence that a card names; NULL: it is not on SPDX's list. */
const char *spdx_identifier(const char *license);
/* The licences that a plan's card has, "mit, x11" in two; to `out`, which is the caller's. */
void spdx_split(const struct plan *plan, struct strings *out);
/* What the card calls one of them: "other" may have a name there. Borrowed. */
const char *spdx_name(const struct plan *plan, const char *license);

/* bom.c: "urn:uuid:…", made out of what a document says. Caller frees. */
char *document_number(const json_t *document);

/* statement.c: "digest" of what is pinned to `pin`: a commit, a folder, or what has that digest. */
void provenance_set_pin(json_t *descriptor, enum origin_kind kind, const char *pin);

/* statement_check.c: add what a descriptor of the statement says that does not agree with itself.
 */
void statement_check_model(const struct stated_model *model, const json_t *dependency,
                           struct strings *flaws);
void statement_check_file(const struct stated_model *model, const json_t *dependency,
                          struct strings *flaws);
void statement_check_image(const json_t *image, const struct digest *digest, struct strings *flaws);
/* The base's name is among the parameters, too. */
void statement_check_base(const json_t *base, const json_t *parameters, struct strings *flaws);

/* Sets a text; none for NULL. */
void json_set_text(json_t *object, const char *name, const char *text);
/* The list, where it is not empty. */
void json_set_texts(json_t *object, const char *name, const struct strings *texts);

#endif
