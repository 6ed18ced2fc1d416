#include "rootfs/rootfs_internal.h"

#include "core/text.h"

#include <inttypes.h>
#include <string.h>

#define ID_MAX INT64_C(2147483647)
#define FIELDS_MAX 7

/* A part of a text that is somebody else's. */
struct slice {
    const char *data;
    size_t size;
};

/* One line of passwd(5) or group(5). */
struct line {
    size_t number; /* from 1 */
    struct slice fields[FIELDS_MAX];
};

enum passwd_field {
    PASSWD_NAME = 0,
    PASSWD_UID = 2,
    PASSWD_GID = 3,
    PASSWD_HOME = 5,
};

enum group_field {
    GROUP_NAME = 0,
    GROUP_GID = 2,
    GROUP_MEMBERS = 3,
};

struct lines {
    const char *at;
    const char *end;
    size_t number; /* of the line that was given last */
};

/* "user" or "group" of config.User. */
struct half {
    struct slice text;
    bool is_number;
    int64_t number;
};

struct spec {
    struct half user;
    struct half group;
};

static bool is_space(char letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

static struct slice slice_trim(struct slice slice)
{
    while (slice.size > 0 && is_space(slice.data[0])) {
        slice.data++;
        slice.size--;
    }
    while (slice.size > 0 && is_space(slice.data[slice.size - 1]))
        slice.size--;
    return slice;
}

static bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The part up to `letter`; *rest is what is behind it, with NULL as data if it is not there. */
static struct slice slice_cut(struct slice slice, char letter, struct slice *rest)
{
    const char *found = slice.size > 0 ? memchr(slice.data, letter, slice.size) : NULL;

    *rest = (struct slice){NULL, 0};
    if (found == NULL)
        return slice;
    size_t before = (size_t)(found - slice.data);
    *rest = (struct slice){found + 1, slice.size - before - 1};
    return (struct slice){slice.data, before};
}

/*
 * Decimal, with or without a sign, as runc reads it; a number that does not fit becomes the largest
 * or the smallest that does.
 */
static bool slice_number(struct slice slice, int64_t *out)
{
    bool is_negative = slice.size > 0 && slice.data[0] == '-';
    bool has_sign = is_negative || (slice.size > 0 && slice.data[0] == '+');
    int64_t number = 0;
    bool fits = true;

    if (slice.size == has_sign)
        return false;
    for (size_t i = has_sign; i < slice.size; i++) {
        if (slice.data[i] < '0' || slice.data[i] > '9')
            return false;
        fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_add_overflow(number, slice.data[i] - '0', &number);
    }
    *out = fits ? number : INT64_MAX;
    if (is_negative)
        *out = -*out;
    return true;
}

/* A number that is missing or none counts as 0. */
static int64_t line_number(const struct line *line, size_t field)
{
    int64_t number = 0;

    (void)slice_number(line->fields[field], &number);
    return number;
}

static bool lines_next(struct lines *lines, struct line *out)
{
    while (lines->at < lines->end) {
        struct slice rest = {lines->at, (size_t)(lines->end - lines->at)};
        struct slice text = slice_trim(slice_cut(rest, '\n', &rest));
        lines->at = rest.data != NULL ? rest.data : lines->end;
        lines->number++;
        if (text.size == 0 || text.data[0] == '#')
            continue;
        *out = (struct line){.number = lines->number};
        for (size_t i = 0; i < FIELDS_MAX && text.data != NULL; i++)
            out->fields[i] = slice_cut(text, ':', &text);
        return true;
    }
    return false;
}

/* The first line with this name, or with this number if `half` is one. */
static bool find_line(const struct buf *bytes, const struct half *half, size_t number_field,
                      struct line *out)
{
    struct lines lines = {.number = 0};
    struct line line;

    if (bytes == NULL)
        return false;
    lines.at = buf_text(bytes);
    lines.end = lines.at + bytes->size;
    while (lines_next(&lines, &line)) {
        bool is_it = half->is_number ? line_number(&line, number_field) == half->number
                                     : slice_equal(line.fields[PASSWD_NAME], half->text);
        if (is_it) {
            *out = line;
            return true;
        }
    }
    return false;
}

static struct half half_parse(struct slice text)
{
    struct half half = {.text = text};

    half.is_number = slice_number(text, &half.number);
    return half;
}

/* Parts behind a second colon say nothing. No user is the user 0. */
static struct spec spec_parse(const struct rootfs_user_request *request)
{
    const char *text = request->user != NULL ? request->user : "";
    struct slice rest = {text, strlen(text)};
    struct spec spec;

    spec.user = half_parse(slice_cut(rest, ':', &rest));
    spec.group = half_parse(slice_cut(rest, ':', &rest));
    if (spec.user.text.size == 0)
        spec.user.is_number = true;
    return spec;
}

static bool has_home(const struct rootfs_user_request *request)
{
    return request->home != NULL && *request->home != '\0';
}

bool user_needs_passwd(const struct rootfs_user_request *request)
{
    struct spec spec = spec_parse(request);

    return !has_home(request) || !spec.user.is_number || spec.group.text.size == 0;
}

bool user_needs_group(const struct rootfs_user_request *request)
{
    struct spec spec = spec_parse(request);

    return spec.group.text.size > 0 && !spec.group.is_number;
}

static int check_id(int64_t id, const char *what, uint32_t *out, struct error *err)
{
    if (id < 0 || id > ID_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "%s is %" PRId64 ", expected 0 to %" PRId64, what,
                         id, ID_MAX);
    *out = (uint32_t)id;
    return 0;
}

static int refuse_unknown(const char *what, struct slice name, const char *file, bool is_there,
                          struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "the image's %s '%.*s' is not in its %s%s; a number needs no such line", what,
                     (int)name.size, name.data, file, is_there ? "" : ", which does not exist");
}

/* uid, and the gid of the user's line. *line has the number 0 if there is none. */
static int find_ids(const struct spec *spec, const struct buf *passwd, struct line *line,
                    struct rootfs_user *out, struct error *err)
{
    int64_t uid = spec->user.number;
    int64_t gid = 0;

    if (find_line(passwd, &spec->user, PASSWD_UID, line)) {
        uid = line_number(line, PASSWD_UID);
        gid = line_number(line, PASSWD_GID);
    } else if (!spec->user.is_number) {
        return refuse_unknown("user", spec->user.text, "/etc/passwd", passwd != NULL, err);
    }
    if (check_id(uid, "the uid of the image's user", &out->uid, err) < 0)
        return -1;
    if (spec->group.text.size > 0)
        return 0;
    return check_id(gid, "the gid of the image's user", &out->gid, err);
}

static int find_group(const struct spec *spec, const struct buf *group, struct rootfs_user *out,
                      struct error *err)
{
    struct line line;
    int64_t gid = spec->group.number;

    if (spec->group.text.size == 0)
        return 0;
    if (!spec->group.is_number) {
        if (!find_line(group, &spec->group, GROUP_GID, &line))
            return refuse_unknown("group", spec->group.text, "/etc/group", group != NULL, err);
        gid = line_number(&line, GROUP_GID);
    }
    return check_id(gid, "the gid of the image's group", &out->gid, err);
}

/* By uid, whatever the name was: of several names the first one's home. */
static void find_home(const struct rootfs_user_request *request, const struct buf *passwd,
                      struct rootfs_user *out)
{
    const struct half user = {.is_number = true, .number = out->uid};
    struct line line;

    if (has_home(request)) {
        out->home = xstrdup(request->home);
        out->home_from = xstrdup("HOME in the image's environment");
    } else if (find_line(passwd, &user, PASSWD_UID, &line)) {
        struct slice home = line.fields[PASSWD_HOME];
        out->home = home.size > 0 ? xstrndup(home.data, home.size) : xstrdup("/");
        out->home_from = xasprintf("line %zu of /etc/passwd%s", line.number,
                                   home.size > 0 ? "" : ", which has none");
    } else if (passwd == NULL) {
        out->home = xstrdup(out->uid == 0 ? "/root" : "/");
        out->home_from = xstrdup("the image has no /etc/passwd");
    } else {
        out->home = xstrdup("/");
        out->home_from = xasprintf("the uid %" PRIu32 " has no line in /etc/passwd", out->uid);
    }
}

void rootfs_user_release(struct rootfs_user *user)
{
    free(user->home);
    free(user->user_from);
    free(user->home_from);
    *user = (struct rootfs_user){.home = NULL};
}

int user_find(const struct rootfs_user_request *request, const struct buf *passwd,
              const struct buf *group, struct rootfs_user *out, struct error *err)
{
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
    struct spec spec = spec_parse(request);
    struct line line = {.number = 0};

    if (find_ids(&spec, passwd, &line, &user, err) < 0 || find_group(&spec, group, &user, err) < 0)
        return -1;
    if (spec.user.text.size == 0)
        user.user_from = xstrdup("the image has no user: root");
    else if (line.number > 0)
        user.user_from = xasprintf("line %zu of /etc/passwd", line.number);
    else
        user.user_from = xasprintf("the image's user '%s'", request->user);
    find_home(request, passwd, &user);
    if (user.home[0] != '/')
        return error_set(err, ERROR_UNSUPPORTED, "the home '%s' (%s) is not an absolute path",
                         user.home, user.home_from);
    *out = user;
    user = (struct rootfs_user){.home = NULL};
    return 0;
}

bool user_has_groups(const struct rootfs_user_request *request)
{
    return spec_parse(request).group.text.size == 0;
}

static bool is_member(const struct line *group, struct slice name)
{
    struct slice rest = group->fields[GROUP_MEMBERS];

    while (rest.data != NULL)
        if (slice_equal(slice_cut(rest, ',', &rest), name))
            return true;
    return false;
}

void user_find_groups(const struct rootfs_user_request *request, const struct buf *passwd,
                      const struct buf *group, uint32_t **out, size_t *count)
{
    struct spec spec = spec_parse(request);
    struct lines lines = {.number = 0};
    struct line user, line;
    uint32_t *gids = NULL;
    size_t found = 0;

    *out = NULL;
    *count = 0;
    if (spec.group.text.size > 0 || group == NULL ||
        !find_line(passwd, &spec.user, PASSWD_UID, &user))
        return;
    lines.at = buf_text(group);
    lines.end = lines.at + group->size;
    while (lines_next(&lines, &line)) {
        int64_t gid = line_number(&line, GROUP_GID);
        if (gid < 0 || gid > ID_MAX || !is_member(&line, user.fields[PASSWD_NAME]))
            continue;
        gids = xrealloc(gids, found + 1, sizeof(*gids));
        gids[found++] = (uint32_t)gid;
    }
    *out = gids;
    *count = found;
}
