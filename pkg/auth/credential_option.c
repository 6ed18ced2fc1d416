#include "auth/auth_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void credential_option_release(struct credential_option *creds)
{
    free(creds->host);
    free(creds->file);
    *creds = (struct credential_option){NULL, NULL};
}

int credential_option_parse(const char *text, struct credential_option *out, struct error *err)
{
    const char *equals = strchr(text, '=');

    /* Not repeated: it may be a password, where people are used to write one. */
    if (equals == NULL || equals == text || equals[1] == '\0' ||
        memchr(text, ' ', (size_t)(equals - text)) != NULL)
        return error_set(err, ERROR_USAGE,
                         "expected HOST=FILE, or HOST=- for standard input; a password on the "
                         "command line could be seen by others");
    credential_option_release(out);
    out->host = xstrndup(text, (size_t)(equals - text));
    out->file = strcmp(equals + 1, "-") != 0 ? xstrdup(equals + 1) : NULL;
    return 0;
}

int auth_check_creds(const char *text, struct error *err)
{
    CLEANUP(credential_option) struct credential_option creds = {NULL, NULL};

    if (credential_option_parse(text, &creds, err) < 0)
        return -1;
    /* Not repeated either: USER:PASSWORD in the place of the file. */
    if (creds.file != NULL && access(creds.file, F_OK) < 0 && strchr(creds.file, ':') != NULL)
        return error_set(err, ERROR_LOCAL,
                         "there is no such file for '%s'; expected HOST=FILE with USER:PASSWORD in "
                         "the file's first line, or HOST=- for standard input",
                         creds.host);
    if (creds.file != NULL && access(creds.file, R_OK) < 0)
        return error_set_errno(err, errno, "opening the credentials for '%s' in '%s'", creds.host,
                               creds.file);
    return 0;
}

int auth_check_authfile(const char *path, struct error *err)
{
    if (access(path, R_OK) == 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return error_set(err, ERROR_LOCAL, "'%s' does not exist", path);
    return error_set_errno(err, errno, "opening '%s'", path);
}

int credential_option_parse_line(const char *content, const char *from, struct credential *out,
                                 struct error *err)
{
    size_t size = strcspn(content, "\r\n");
    const char *colon = memchr(content, ':', size);

    if (colon == NULL || colon == content || colon + 1 == content + size)
        return error_set(err, ERROR_LOCAL, "expected USER:PASSWORD in the first line of %s", from);
    out->user = xstrndup(content, (size_t)(colon - content));
    out->password = xstrndup(colon + 1, size - (size_t)(colon + 1 - content));
    return 0;
}
