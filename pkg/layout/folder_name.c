#include "layout/layout_internal.h"

#include <string.h>

static char *replace(const char *id, char from, const char *to)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (; *id != '\0'; id++)
        buf_add(&out, *id == from ? to : id, *id == from ? strlen(to) : 1);
    return buf_take(&out);
}

static const char *last_part(const char *id)
{
    const char *slash = strrchr(id, '/');

    return slash != NULL ? slash + 1 : id;
}

char *folder_name_id(enum origin_kind kind, const char *id)
{
    (void)kind;
    return xstrdup(id);
}

char *folder_name_last(enum origin_kind kind, const char *id)
{
    (void)kind;
    return xstrdup(last_part(id));
}

char *folder_name_dashes(enum origin_kind kind, const char *id)
{
    (void)kind;
    return replace(id, '/', "--");
}

char *folder_name_modelscope(enum origin_kind kind, const char *id)
{
    const char *name = last_part(id);
    CLEANUP(text) char *dotless = replace(name, '.', "___");

    (void)kind;
    return xasprintf("%.*s%s", (int)(name - id), id, dotless);
}

char *folder_name_flair(enum origin_kind kind, const char *id)
{
    CLEANUP(text) char *folder = hub_folder_name(kind, id);

    return xasprintf("%s/%s", last_part(id), folder);
}

char *folder_name_stem(enum origin_kind kind, const char *id)
{
    static const char *const endings[] = {".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst"};
    const char *name = last_part(id);
    size_t size = strlen(name);

    (void)kind;
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (text_ends_with(name, endings[i]) && strlen(endings[i]) < strlen(name))
            size = strlen(name) - strlen(endings[i]);
    return xstrndup(name, size);
}

char *folder_name_sha1(enum origin_kind kind, const char *id)
{
    struct digest digest = digest_of(DIGEST_SHA1, id, strlen(id));

    (void)kind;
    return xstrdup(digest_format_hex(&digest).text);
}

char *folder_name_paddlex(enum origin_kind kind, const char *id)
{
    (void)kind;
    return xasprintf("official_models/%s", last_part(id));
}

char *folder_name_silero(enum origin_kind kind, const char *id)
{
    (void)kind;
    (void)id;
    return xstrdup("snakers4_silero-vad_master");
}
