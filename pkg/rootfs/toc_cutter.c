#include "rootfs/toc_internal.h"

#include "json/parse.h"
#include "oci/member.h"

#include <jansson.h>
#include <string.h>

#define PART_SIZE ((size_t)64 * 1024)
#define ENTRY_LIMIT ((size_t)4 * MIB)
/* Of what is around the entries. */
#define FRAME_LIMIT ((size_t)64 * 1024)

/*
 * A table may be larger than all that is kept of it. So its entries are cut out of the text one by
 * one, and only what is around them is kept: {"version":1,"entries":[]}.
 */
struct cutter {
    struct reader *json;         /* borrowed */
    const struct cancel *cancel; /* borrowed; may be NULL */
    size_t at;
    size_t size;
    unsigned depth; /* of braces and brackets */
    bool in_text;
    bool is_escaped;
    bool in_entries; /* between the brackets of "entries" */
    bool has_entries;
    bool needs_comma; /* before the next entry */
    bool needs_entry; /* behind a comma */
    struct buf entry;
    struct buf frame;
    char part[PART_SIZE];
};

struct cutter *cutter_new(struct reader *json, const struct cancel *cancel)
{
    struct cutter *cutter = xcalloc(1, sizeof(*cutter));

    cutter->json = json;
    cutter->cancel = cancel;
    return cutter;
}

void cutter_free(struct cutter *cutter)
{
    if (cutter == NULL)
        return;
    buf_release(&cutter->entry);
    buf_release(&cutter->frame);
    free(cutter);
}

static bool is_space(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

/* Notes what this letter means for what follows. */
static void cutter_pass(struct cutter *cutter, char letter)
{
    if (cutter->in_text) {
        if (cutter->is_escaped)
            cutter->is_escaped = false;
        else if (letter == '\\')
            cutter->is_escaped = true;
        else if (letter == '"')
            cutter->in_text = false;
        return;
    }
    if (letter == '"')
        cutter->in_text = true;
    else if (letter == '{' || letter == '[')
        cutter->depth++;
    else if ((letter == '}' || letter == ']') && cutter->depth > 0)
        cutter->depth--;
}

/* Is the bracket that comes now the one behind "entries"? */
static bool frame_names_entries(const struct buf *frame)
{
    static const char key[] = "\"entries\"";
    size_t size = frame->size;
    bool has_colon = false;

    while (size > 0 && (is_space(frame->data[size - 1]) || frame->data[size - 1] == ':')) {
        has_colon = has_colon || frame->data[size - 1] == ':';
        size--;
    }
    return has_colon && size >= strlen(key) &&
           strncmp(frame->data + size - strlen(key), key, strlen(key)) == 0;
}

/* Takes letters of the frame until entries begin or the part ends. */
static int cutter_take_frame(struct cutter *cutter, struct error *err)
{
    while (cutter->at < cutter->size && !cutter->in_entries) {
        char letter = cutter->part[cutter->at++];
        bool begins = letter == '[' && cutter->depth == 1 && !cutter->in_text &&
                      frame_names_entries(&cutter->frame);
        cutter_pass(cutter, letter);
        if (buf_add_limited(&cutter->frame, &letter, 1, FRAME_LIMIT, err) < 0)
            return error_wrap(err, "what is around the table's entries");
        cutter->in_entries = begins;
        cutter->has_entries = cutter->has_entries || begins;
    }
    return 0;
}

/* A letter between two entries; true if it is in its place. */
static bool cutter_take_between(struct cutter *cutter, char letter)
{
    if (is_space(letter))
        return true;
    if (letter == ',' && cutter->needs_comma) {
        cutter->needs_comma = false;
        cutter->needs_entry = true;
        return true;
    }
    if (letter == ']' && !cutter->needs_entry) {
        cutter->in_entries = false;
        cutter->needs_comma = false;
        cutter_pass(cutter, letter);
        buf_add(&cutter->frame, &letter, 1);
        return true;
    }
    return letter == '{' && !cutter->needs_comma;
}

/* Takes letters of the entry until it is complete or the part ends; its first one is in place. */
static int cutter_take_entry(struct cutter *cutter, bool *is_complete, struct error *err)
{
    size_t begin = cutter->at;

    do
        cutter_pass(cutter, cutter->part[cutter->at++]);
    while (cutter->depth > 2 && cutter->at < cutter->size);
    *is_complete = cutter->depth == 2;
    if (buf_add_limited(&cutter->entry, cutter->part + begin, cutter->at - begin, ENTRY_LIMIT,
                        err) < 0)
        return error_wrap(err, "one of the table's entries");
    cutter->needs_comma = *is_complete;
    cutter->needs_entry = false;
    return 0;
}

/* *is_complete once there is an entry; else the part ends, or the entries do. */
static int cutter_take(struct cutter *cutter, bool *is_complete, struct error *err)
{
    *is_complete = false;
    while (cutter->at < cutter->size && cutter->in_entries && !*is_complete) {
        char letter = cutter->part[cutter->at];
        bool is_between = cutter->depth == 2;
        if (is_between && !cutter_take_between(cutter, letter))
            return error_set(err, ERROR_CORRUPT,
                             "the table has '%c' where an entry or a comma was expected", letter);
        if (is_between && letter != '{')
            cutter->at++;
        else if (cutter_take_entry(cutter, is_complete, err) < 0)
            return -1;
    }
    return 0;
}

/* What is around the entries says whether this was a table. */
static int cutter_check(const struct cutter *cutter, struct error *err)
{
    if (cutter->in_entries || !cutter->has_entries)
        return error_set(err, ERROR_CORRUPT, "the table has no entries, or ends among them");
    static const struct json_rules rules = {.name = "the table", .flags = JSON_REJECT_DUPLICATES};
    json_auto_t *frame = NULL;
    if (json_parse(buf_text(&cutter->frame), cutter->frame.size, &rules, &frame, err) < 0)
        return -1;
    const json_t *version = member_get(frame, "version");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return error_set(err, ERROR_UNSUPPORTED, "the table is not of version 1");
    return 0;
}

int cutter_next(struct cutter *cutter, const struct buf **out, struct error *err)
{
    bool is_complete = false;

    buf_clear(&cutter->entry);
    for (;;) {
        if ((cutter->in_entries && cutter_take(cutter, &is_complete, err) < 0) ||
            (!cutter->in_entries && cutter_take_frame(cutter, err) < 0))
            return -1;
        if (is_complete) {
            *out = &cutter->entry;
            return 0;
        }
        if (cutter->at < cutter->size)
            continue;
        if (cancel_check(cutter->cancel, err) < 0)
            return -1;
        ssize_t size = reader_read(cutter->json, cutter->part, sizeof(cutter->part), err);
        if (size < 0)
            return -1;
        cutter->at = 0;
        cutter->size = (size_t)size;
        if (size == 0) {
            *out = NULL;
            return cutter_check(cutter, err);
        }
    }
}
