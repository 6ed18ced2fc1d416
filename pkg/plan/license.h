#ifndef INLAY_PLAN_LICENSE_H
#define INLAY_PLAN_LICENSE_H

#include "plan/plan.h"

/* Under which licence a model is, by what it says itself, and whether that is wanted. No I/O. */

/* What stands for a licence that is not known, in lists and for people. */
#define LICENSE_UNKNOWN "unknown"

/* A file above it is no README and no licence. */
#define LICENSE_FILE_MAX MIB

/* Licences that may be taken, or may not, as the Hub names them. All borrowed. */
struct license_rules {
    const char *const *allowed; /* NULL-terminated; NULL: all that are not denied */
    const char *const *denied;  /* NULL-terminated; NULL: none */
};

/*
 * Whether its name says that a file tells the licence: the card README.md, or LICENSE and its kin,
 * in the repo's root. The card comes first.
 */
bool license_is_card(const char *path);
bool license_is_text(const char *path);

/*
 * Sets license and license_name of the plan by the front matter of a card (YAML between two lines
 * "---"), if it tells a licence: scalars of a line, and lists. Whether it tells one at all, be it
 * in a way that is not read, after which none is known.
 */
bool license_read_card(const char *text, struct plan *plan);
/*
 * Sets `license`, unless it is known, by the text of a well-known licence, which has to begin with
 * its title (lines of copyright may stand before it). Any other text leaves it unknown.
 */
void license_read_text(const char *text, struct plan *plan);

/* "mit", "other (llama-community)", "unknown". Caller frees. */
char *license_format(const struct plan *plan);

/*
 * ERROR_REFUSED, naming model, licence and list, if a rule forbids the plan's licence. Of several
 * licences each has to be allowed, and none may be denied; the card's name of an "other" one
 * counts as well as "other". ASCII letters compare alike in either case.
 */
int license_check(const struct plan *plan, const char *title, const struct license_rules *rules,
                  struct error *err) MUST_CHECK;

/* Adds the names in "mit,Apache-2.0"; ERROR_USAGE if one of them cannot be a licence's. */
int license_list_parse(const char *text, struct strings *out, struct error *err) MUST_CHECK;

#endif
