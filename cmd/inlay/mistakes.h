#ifndef INLAY_MISTAKES_H
#define INLAY_MISTAKES_H

#include "core/error.h"

#include <stdbool.h>

/*
 * What people write who know other tools, and what inlay has in its place: ends of complaints, such
 * as "the result is named by --to TARGET". NULL: nothing is known of it.
 */

/* `name` is an option with its dashes, and without its value. */
const char *mistakes_option(unsigned command, const char *name);
const char *mistakes_command(const char *name);

/*
 * Whether a text is written as an image is, and as a model is not: with a scheme of images, with
 * the host of a registry, or as "name:tag".
 */
bool mistakes_is_image(const char *text);
/*
 * 0 if a MODEL that is none is written in a way that says what was meant, "org/name:tag",
 * "hf:org/name", "org/name/FILE", "models--org--name"; then *err says so, and what to write.
 */
int mistakes_explain_model(const char *text, struct error *err) MUST_CHECK;

#endif
