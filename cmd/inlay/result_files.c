#include "result_files.h"

#include "core/file.h"
#include "core/text.h"
#include "json.h"
#include "oci/media_type.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOTENV_FILE "inlay.env"

/* NULL where it is not set, or empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The dotenv of --ci; NULL: none is wanted. */
static const char *dotenv_path(const struct options *options)
{
    const char *named = options_text(options, "ci");

    if (named == NULL || named[0] != '\0')
        return named;
    return variable("GITLAB_CI") != NULL ? DOTENV_FILE : NULL;
}

static int check_file(const char *option, const char *path, struct error *err)
{
    if (path == NULL)
        return 0;
    return file_check_named(path, err) < 0 ? error_wrap(err, "--%s", option) : 0;
}

static int open_collected(const char *path, int *fd, struct error *err)
{
    *fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    return *fd < 0 ? error_set_errno(err, errno, "opening '%s'", path) : 0;
}

/* The file that a variable names can be appended to. */
static int check_collected(const char *name, struct error *err)
{
    int fd;

    if (variable(name) == NULL)
        return 0;
    if (open_collected(variable(name), &fd, err) < 0)
        return error_wrap(err, "--ci: %s", name);
    close(fd);
    return 0;
}

static int check_ci(const struct options *options, const struct reference *target,
                    struct error *err)
{
    CLEANUP(text) char *name = reference_format(target, false);

    if (!options_has(options, "ci"))
        return 0;
    if (dotenv_path(options) == NULL && variable("GITHUB_OUTPUT") == NULL &&
        variable("GITHUB_STEP_SUMMARY") == NULL)
        return error_set(err, ERROR_USAGE,
                         "--ci: neither GITHUB_OUTPUT, GITHUB_STEP_SUMMARY nor GITLAB_CI is set; "
                         "name a file for the variables, as in --ci=%s",
                         DOTENV_FILE);
    if (!text_is_one_line(name) || !text_is_utf8(name))
        return error_set(err, ERROR_USAGE,
                         "--ci: '%s' is not one line of UTF-8, as a variable of a CI system is; "
                         "choose another name",
                         name);
    if (check_collected("GITHUB_OUTPUT", err) < 0 ||
        check_collected("GITHUB_STEP_SUMMARY", err) < 0)
        return -1;
    return check_file("ci", dotenv_path(options), err);
}

int result_files_check(const struct options *options, const struct reference *target,
                       struct error *err)
{
    static const char *const names[] = {"digest-file", "metadata-file", "ci"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (options_has(options, names[i]) && options_has(options, "shard"))
            return error_set(err, ERROR_USAGE,
                             "--%s tells of an image, and --shard writes none; leave one out",
                             names[i]);
    if (check_file(names[0], options_text(options, names[0]), err) < 0 ||
        check_file(names[1], options_text(options, names[1]), err) < 0)
        return -1;
    return check_ci(options, target, err);
}

/* The config of a single image, as far as the place can be asked for it; NULL: none. */
static json_t *config_json(const struct result *result)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* BuildKit leaves it out, too */
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor config;

    if (!reference_has_tags(result->target) || media_type_is_index(result->manifest->media_type) ||
        store_read_document(result->store, digest_format(&result->manifest->digest).text, &document,
                            &ignored) < 0 ||
        document_config(&document, &config, &ignored) < 0)
        return NULL;
    return json_string(digest_format(&config.digest).text);
}

/* As `docker buildx build --metadata-file` writes it. */
static int write_metadata(const struct result *result, const struct strings *names,
                          struct error *err)
{
    const char *path = options_text(result->options, "metadata-file");
    const struct descriptor *manifest = result->manifest;
    const struct digest_text digest = digest_format(&manifest->digest);
    CLEANUP(buf) struct buf image = BUF_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (path == NULL)
        return 0;
    for (size_t i = 0; i < names->count; i++)
        buf_addf(&image, "%s%s", i > 0 ? "," : "", names->items[i]);
    json_auto_t *document = json_object();
    json_t *config = config_json(result);
    if (config != NULL)
        json_object_set_new(document, "containerimage.config.digest", config);
    json_object_set_new(document, "containerimage.descriptor",
                        json_pack("{s:s, s:s, s:I}", "mediaType", manifest->media_type, "digest",
                                  digest.text, "size", (json_int_t)manifest->size));
    json_object_set_new(document, "containerimage.digest", json_string(digest.text));
    json_object_set_new(document, "image.name", text_to_json(buf_text(&image)));
    json_to_buf(document, &text);
    buf_add_text(&text, "\n");
    return file_replace_named(path, buf_text(&text), text.size, err);
}

/* What steps before have written may end in the middle of a line. */
static bool is_within_line(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char last = '\n';

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* A CI system collects what is appended. */
static int append(const char *path, const struct buf *text, struct error *err)
{
    CLEANUP(buf) struct buf all = BUF_INIT;
    int fd;

    if (open_collected(path, &fd, err) < 0)
        return -1;
    buf_addf(&all, "%s%s", is_within_line(fd) ? "\n" : "", buf_text(text));
    bool is_written = file_write_all(fd, buf_text(&all), all.size) == 0;
    is_written = close(fd) == 0 && is_written;
    return is_written ? 0 : error_set_errno(err, errno, "writing '%s'", path);
}

/* In a cell of a table: nothing in it is markup, or ends the cell. */
static void add_cell(struct buf *out, const char *text)
{
    buf_add_text(out, " <code>");
    for (; *text != '\0'; text++) {
        bool is_plain = (unsigned char)*text >= 0x80 || strchr("/:.,@-", *text) != NULL ||
                        (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
                        (*text >= 'A' && *text <= 'Z');
        buf_addf(out, is_plain ? "%c" : "&#%d;", *text);
    }
    buf_add_text(out, "</code> |");
}

static void format_summary(const struct result *result, const struct strings *names,
                           struct buf *out)
{
    const json_t *model = NULL;
    size_t i = 0;

    buf_add_text(out, "### Image\n\n| image | digest |\n| --- | --- |\n");
    for (size_t k = 0; k < names->count; k++) {
        buf_add_text(out, "|");
        add_cell(out, names->items[k]);
        add_cell(out, digest_format(&result->manifest->digest).text);
        buf_add_text(out, "\n");
    }
    const json_t *models = json_object_get(result->more, "models");
    if (json_array_size(models) > 0)
        buf_add_text(out, "\n| model | commit or checksum | size |\n| --- | --- | --- |\n");
    json_array_foreach(models, i, model)
    {
        json_int_t size = json_integer_value(json_object_get(model, "size"));
        buf_add_text(out, "|");
        add_cell(out, json_string_value(json_object_get(model, "model")));
        add_cell(out, json_string_value(json_object_get(model, "commit")));
        buf_addf(out, " %s |\n", text_format_size((uint64_t)size).text);
    }
    buf_add_text(out, "\n");
}

/* The names have no line feed in them: result_files_check() has looked. */
static int write_ci(const struct result *result, const struct strings *names, struct error *err)
{
    const struct digest_text digest = digest_format(&result->manifest->digest);
    const char *dotenv = dotenv_path(result->options);
    const char *github = variable("GITHUB_OUTPUT");
    const char *page = variable("GITHUB_STEP_SUMMARY");
    CLEANUP(buf) struct buf output = BUF_INIT;
    CLEANUP(buf) struct buf summary = BUF_INIT;
    CLEANUP(buf) struct buf variables = BUF_INIT;

    if (!options_has(result->options, "ci"))
        return 0;
    buf_addf(&output, "image=%s\ndigest=%s\nreference=%s@%s\n", names->items[0], digest.text,
             names->items[0], digest.text);
    format_summary(result, names, &summary);
    buf_addf(&variables, "INLAY_IMAGE=%s\nINLAY_DIGEST=%s\nINLAY_REFERENCE=%s@%s\n",
             names->items[0], digest.text, names->items[0], digest.text);
    if (github != NULL && append(github, &output, err) < 0)
        return error_wrap(err, "GITHUB_OUTPUT");
    if (page != NULL && append(page, &summary, err) < 0)
        return error_wrap(err, "GITHUB_STEP_SUMMARY");
    if (dotenv == NULL)
        return 0;
    return file_replace_named(dotenv, buf_text(&variables), variables.size, err);
}

int result_files_write(const struct result *result, const struct strings *names, struct error *err)
{
    const struct digest_text digest = digest_format(&result->manifest->digest);
    const char *path = options_text(result->options, "digest-file");

    if ((path == NULL || file_replace_named(path, digest.text, strlen(digest.text), err) == 0) &&
        write_metadata(result, names, err) == 0 && write_ci(result, names, err) == 0)
        return 0;
    return error_wrap(err, "%s@%s is published", names->items[0], digest.text);
}
