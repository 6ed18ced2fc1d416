#include "option_setters.h"

#include "auth/auth.h"
#include "core/text.h"
#include "session.h"

#include <string.h>

/* A chunk is held in memory. */
#define CHUNK_LEAST (512 * KIB)

int option_set_max_size(const struct option_input *in, struct error *err)
{
    return option_set_size(in, 0, "size; expected bytes, such as 500M, 20G or 1T", err);
}

int option_set_limit_rate(const struct option_input *in, struct error *err)
{
    return option_set_size(
        in, KIB, "rate; expected bytes a second, at least 1K, such as 500K, 20M or 1G", err);
}

int option_set_chunk_size(const struct option_input *in, struct error *err)
{
    return option_set_size(in, CHUNK_LEAST, "size of 512K to 64M, such as 16M", err);
}

int option_set_companions(const struct option_input *in, struct error *err)
{
    enum companions_wanted wanted =
        strcmp(in->row->name, "companions") == 0 ? COMPANIONS_ALL : COMPANIONS_NONE;
    enum companions_wanted *companions = &in->options->companions;

    if (*companions != COMPANIONS_SMALL && *companions != wanted)
        return error_set(err, ERROR_USAGE,
                         "--companions and --no-companions exclude each other; leave one out");
    *companions = wanted;
    return 0;
}

/* The first --to, or one more tag in the same place. */
int option_set_target(const struct option_input *in, struct error *err)
{
    CLEANUP(reference) struct reference more = REFERENCE_INIT;

    if (in->options->target.kind == REFERENCE_NONE)
        return session_parse_target("--to", in->value, &in->options->target, err);
    if (session_parse_target("--to", in->value, &more, err) < 0)
        return -1;
    if (!reference_is_same_place(&more, &in->options->target) || more.tag == NULL)
        return error_set(err, ERROR_USAGE,
                         "--to '%s' is in another place than the first; several --to are tags of "
                         "one repository, layout or archive",
                         in->value);
    if (!strings_has(&in->options->more_targets, more.tag) &&
        (in->options->target.tag == NULL || strcmp(in->options->target.tag, more.tag) != 0))
        strings_add(&in->options->more_targets, more.tag);
    return 0;
}

int option_set_one_target(const struct option_input *in, struct error *err)
{
    if (options_count(in->options, in->row->name) > 1)
        return error_set(err, ERROR_USAGE, "--to is given twice, as '%s' and '%s'",
                         options_list(in->options, in->row->name)[0], in->value);
    return session_parse_target("--to", in->value, &in->options->target, err);
}

int option_set_platform(const struct option_input *in, struct error *err)
{
    struct options *options = in->options;
    struct oci_platform platform;

    if (strchr(in->value, ',') != NULL)
        return error_set(err, ERROR_USAGE, "--platform '%s' has several, expected one; %s",
                         in->value,
                         (in->row->commands & (COMMAND_INJECT | COMMAND_PLAN)) != 0
                             ? "write --platform once for each of them"
                             : "leave the others out");
    if (oci_platform_parse(in->value, &platform, err) < 0 ||
        oci_platform_check_spelling(in->value, &platform, err) < 0)
        return error_wrap(err, "--platform");
    options->platforms =
        xrealloc(options->platforms, options->platform_count + 1, sizeof(*options->platforms));
    options->platforms[options->platform_count++] = platform;
    return 0;
}

/* It is for all models of the call, so a second one cannot be meant for some of them. */
int option_set_layout(const struct option_input *in, struct error *err)
{
    const struct layout *layout = layout_find(in->value);
    const struct layout *before = in->options->layout;

    if (layout == NULL) {
        layout_refuse_name(in->value, err);
        return error_wrap(err, "--layout");
    }
    if (before != NULL && before != layout)
        return error_set(err, ERROR_USAGE,
                         "--layout is for all models, and is given twice, as %s and %s; write "
                         "MODEL,layout=%s for one of them",
                         before->name, layout->name, layout->name);
    in->options->layout = layout;
    return 0;
}

int option_set_environment(const struct option_input *in, struct error *err)
{
    if (in->value[0] == '=' || strchr(in->value, '=') == NULL || !text_is_utf8(in->value))
        return error_set(err, ERROR_USAGE, "--env '%s' is not NAME=VALUE", in->value);
    return 0;
}

int option_set_entrypoint(const struct option_input *in, struct error *err)
{
    if (start_words_parse(in->value, &in->options->start.entrypoint, err) < 0)
        return error_wrap(err, "--entrypoint");
    return 0;
}

int option_set_command(const struct option_input *in, struct error *err)
{
    if (start_words_parse(in->value, &in->options->start.command, err) < 0)
        return error_wrap(err, "--cmd");
    return 0;
}

int option_set_compression(const struct option_input *in, struct error *err)
{
    if (compression_parse(in->value, &in->options->inject.compression, err) < 0)
        return error_wrap(err, "--compression");
    return 0;
}

int option_set_sbom_format(const struct option_input *in, struct error *err)
{
    if (strcmp(in->value, "cyclonedx") == 0 || strcmp(in->value, "spdx3") == 0)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "--sbom-format: '%s' is not known, expected cyclonedx or spdx3", in->value);
}

int option_set_hub_name(const struct option_input *in, struct error *err)
{
    return origin_check_hub_name(in->value, err) == 0 ? 0 : error_wrap(err, "--as");
}

int option_set_file_name(const struct option_input *in, struct error *err)
{
    return options_check_file_name(in->value, err) == 0 ? 0 : error_wrap(err, "--name");
}

int option_set_weights(const struct option_input *in, struct error *err)
{
    return plan_check_weights(in->value, err) == 0 ? 0 : error_wrap(err, "--weights");
}

int option_set_authfile(const struct option_input *in, struct error *err)
{
    return auth_check_authfile(in->value, err) == 0 ? 0 : error_wrap(err, "--authfile");
}

int option_set_creds(const struct option_input *in, struct error *err)
{
    size_t from_stdin = 0;

    if (auth_check_creds(in->value, err) < 0)
        return error_wrap(err, "--creds");
    for (const char *const *each = options_list(in->options, in->row->name); *each != NULL; each++)
        from_stdin += text_ends_with(*each, "=-");
    if (from_stdin > 1)
        return error_set(err, ERROR_USAGE, "--creds wants to read standard input twice");
    return 0;
}

/* HOST or HOST:PORT; a URL is none. */
int option_set_insecure(const struct option_input *in, struct error *err)
{
    if (*in->value == '\0' || strpbrk(in->value, "/@ ") != NULL)
        return error_set(err, ERROR_USAGE,
                         "--insecure '%s' is not a host; expected HOST or HOST:PORT", in->value);
    return 0;
}

int option_set_picture(const struct option_input *in, struct error *err)
{
    if (text_ends_with(in->value, ".svg") || text_ends_with(in->value, ".html"))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "--picture '%s' ends neither in .svg nor in .html, which decide on the kind "
                     "of picture",
                     in->value);
}

int option_set_layer_cache(const struct option_input *in, struct error *err)
{
    CLEANUP(reference) struct reference cache = REFERENCE_INIT;

    if (reference_parse(in->value, &cache, err) < 0)
        return error_wrap(err, "--layer-cache");
    if (reference_has_tags(&cache))
        return 0;
    return error_set(err, ERROR_USAGE, "--layer-cache '%s' is neither a repository nor oci:DIR",
                     in->value);
}

int option_set_hub_endpoint(const struct option_input *in, struct error *err)
{
    return source_check_hub_endpoint("--hub-endpoint", in->value, err);
}

int option_set_expected(const struct option_input *in, struct error *err)
{
    if (tag_state_parse(in->value, &in->options->expected, err) < 0)
        return error_wrap(err, "--expect");
    return 0;
}
