#include "core/text.h"
#include "options.h"
#include "render.h"

#include <stdlib.h>
#include <string.h>

static void *member(const struct option_input *in)
{
    return (char *)in->options + in->row->member;
}

static struct option_value *value_of(const struct option_input *in)
{
    return &in->options->values[in->row - option_rows];
}

int option_set_flag(const struct option_input *in, struct error *err)
{
    bool *flag = member(in);

    (void)err;
    *flag = true;
    return 0;
}

int option_set_text(const struct option_input *in, struct error *err)
{
    const char **text = member(in);

    (void)err;
    *text = in->value;
    return 0;
}

/* `name` is what stands before the value in messages: "--home ", or nothing. */
static int check_path(const char *name, const char *value, const char *path, struct error *err)
{
    size_t size = strlen(path);

    if (path[0] != '/')
        return error_set(err, ERROR_USAGE, "%s'%s' is not an absolute path", name, value);
    if (strstr(path, "/../") != NULL || (size >= 3 && strcmp(path + size - 3, "/..") == 0))
        return error_set(err, ERROR_USAGE, "%s'%s' has a part '..'; name the folder itself", name,
                         value);
    return 0;
}

/* "~" and "~/a" as the absolute paths that they are in a home. */
static const char *below_home(const char *path)
{
    if (strcmp(path, "~") == 0)
        return "/";
    return path[0] == '~' && path[1] == '/' ? path + 1 : path;
}

int options_check_image_path(const char *path, struct error *err)
{
    return check_path("", path, below_home(path), err);
}

int option_set_path(const struct option_input *in, struct error *err)
{
    CLEANUP(text) char *name = xasprintf("--%s ", in->row->name);

    return check_path(name, in->value, in->value, err) < 0 ? -1 : option_set_text(in, err);
}

int option_set_image_path(const struct option_input *in, struct error *err)
{
    CLEANUP(text) char *name = xasprintf("--%s ", in->row->name);

    if (check_path(name, in->value, below_home(in->value), err) < 0)
        return -1;
    return option_set_text(in, err);
}

int options_check_file_name(const char *name, struct error *err)
{
    if (strchr(name, '/') != NULL)
        return error_set(err, ERROR_USAGE, "'%s' is a path, expected the name of a file", name);
    if (plan_check_path(name, err) == 0)
        return 0;
    err->kind = ERROR_USAGE;
    return -1;
}

int option_set_number(const struct option_input *in, struct error *err)
{
    if (parse_u64(in->value, in->row->most, &value_of(in)->number, err) < 0)
        return error_wrap(err, "--%s", in->row->name);
    return 0;
}

int option_set_count(const struct option_input *in, struct error *err)
{
    if (option_set_number(in, err) < 0)
        return -1;
    if (value_of(in)->number > 0)
        return 0;
    return error_set(err, ERROR_USAGE, "--%s is 0, expected 1 to %u", in->row->name, in->row->most);
}

/* False if it is none. */
static bool parse_size(const char *text, uint64_t *out)
{
    static const char units[] = "kmgt";
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the caller says what is expected */
    CLEANUP(text) char *digits = xstrdup(text);
    size_t size = strlen(digits);
    unsigned shift = 0;
    uint64_t number = 0;

    for (size_t i = 0; size > 0 && units[i] != '\0'; i++)
        if ((digits[size - 1] | 0x20) == units[i])
            shift = 10 * ((unsigned)i + 1);
    if (shift > 0)
        digits[size - 1] = '\0';
    if (parse_u64(digits, UINT64_MAX >> 40, &number, &ignored) < 0)
        return false;
    *out = number << shift;
    return true;
}

int option_set_size(const struct option_input *in, uint64_t least, const char *expected,
                    struct error *err)
{
    uint64_t size = 0;

    if (!parse_size(in->value, &size) || size < least ||
        (in->row->most > 0 && size > in->row->most))
        return error_set(err, ERROR_USAGE, "--%s '%s' is not a %s", in->row->name, in->value,
                         expected);
    value_of(in)->number = size;
    return 0;
}

/* UID[:GID]; as in a Dockerfile, a number alone counts for both. */
int option_set_owner(const struct option_input *in, struct error *err)
{
    CLEANUP(text) char *uid = xstrdup(in->value);
    char *gid = strchr(uid, ':');
    uint64_t numbers[2];

    if (gid != NULL)
        *gid++ = '\0';
    if (parse_u64(uid, INT32_MAX, &numbers[0], err) < 0 ||
        parse_u64(gid != NULL ? gid : uid, INT32_MAX, &numbers[1], err) < 0)
        return error_set(err, ERROR_USAGE,
                         "--owner '%s' is not UID[:GID], two numbers from 0 to %d", in->value,
                         INT32_MAX);
    in->options->owner = (struct tree_owner){(uint32_t)numbers[0], (uint32_t)numbers[1]};
    in->options->inject.placement.owner = &in->options->owner;
    return 0;
}

/* K/N, K from 1 to N. */
int option_set_shard(const struct option_input *in, struct error *err)
{
    CLEANUP(text) char *number = xstrdup(in->value);
    char *count = strchr(number, '/');
    uint64_t numbers[2] = {0, 0};

    if (count != NULL)
        *count++ = '\0';
    if (count == NULL || parse_u64(number, in->row->most, &numbers[0], err) < 0 ||
        parse_u64(count, in->row->most, &numbers[1], err) < 0 || numbers[0] == 0 ||
        numbers[0] > numbers[1])
        return error_set(err, ERROR_USAGE, "--shard '%s' is not K/N, with K from 1 to N",
                         in->value);
    in->options->inject.reuse.shard = (unsigned)numbers[0] - 1;
    in->options->inject.reuse.shard_count = (unsigned)numbers[1];
    return 0;
}

/* The row of the command, else that of others; a name that no row has is a defect. */
static const struct option_value *find_value(const struct options *options, const char *name)
{
    const struct option_row *found = NULL;

    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0 &&
            (found == NULL || (row->commands & options->command->id) != 0))
            found = row;
    if (found == NULL)
        abort();
    return &options->values[found - option_rows];
}

bool options_has(const struct options *options, const char *name)
{
    return options_count(options, name) > 0;
}

const char *options_text(const struct options *options, const char *name)
{
    const struct option_value *value = find_value(options, name);

    return value->count > 0 ? value->texts[value->count - 1] : NULL;
}

const char *const *options_list(const struct options *options, const char *name)
{
    return find_value(options, name)->texts;
}

size_t options_count(const struct options *options, const char *name)
{
    return find_value(options, name)->count;
}

uint64_t options_number(const struct options *options, const char *name)
{
    return find_value(options, name)->number;
}

int option_set_licenses(const struct option_input *in, struct error *err)
{
    bool allows = strcmp(in->row->name, "allow-license") == 0;
    struct strings *list = allows ? &in->options->allowed_licenses : &in->options->denied_licenses;

    if (license_list_parse(in->value, list, err) < 0)
        return error_wrap(err, "--%s", in->row->name);
    return 0;
}

void options_release(struct options *options)
{
    for (size_t i = 0; i < OPTION_ROWS_MAX; i++)
        free(options->values[i].texts);
    reference_release(&options->target);
    strings_release(&options->more_targets);
    strings_release(&options->allowed_licenses);
    strings_release(&options->denied_licenses);
    free(options->platforms);
    container_start_release(&options->start);
    *options = (struct options){.target = REFERENCE_INIT};
}

int option_set_progress(const struct option_input *in, struct error *err)
{
    if (render_is_progress(in->value))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "--progress '%s' is not known, expected auto, tty, plain, json or none",
                     in->value);
}
