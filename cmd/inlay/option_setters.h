#ifndef INLAY_OPTION_SETTERS_H
#define INLAY_OPTION_SETTERS_H

#include "core/buf.h"
#include "options.h"

/*
 * What single rows of the table of options have as `set`: looks at the value and keeps it, as `set`
 * in struct option_row says. ERROR_USAGE.
 */

/* A chunk of an upload is held in memory. */
#define OPTION_CHUNK_MOST (64 * MIB)

int option_set_max_size(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_limit_rate(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_chunk_size(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_companions(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_target(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_one_target(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_platform(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_layout(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_environment(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_entrypoint(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_command(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_compression(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_sbom_format(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_hub_name(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_file_name(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_weights(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_authfile(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_creds(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_insecure(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_picture(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_layer_cache(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_hub_endpoint(const struct option_input *in, struct error *err) MUST_CHECK;
int option_set_expected(const struct option_input *in, struct error *err) MUST_CHECK;

#endif
