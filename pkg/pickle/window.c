#include "pickle/pickle_internal.h"

#include <string.h>

void window_release(struct window *window)
{
    buf_release(&window->bytes);
}

int window_need(struct window *window, size_t size, const unsigned char **out, struct error *err)
{
    uint64_t end = 0;
    bool found = true;

    *out = NULL;
    if (size > WINDOW_BLOCK || !u64_add(window->at, size, &end) || end > window->in->size)
        return 0;
    if (window->at < window->start || end > window->start + window->bytes.size) {
        uint64_t left = window->in->size - window->at;
        buf_clear(&window->bytes);
        window->start = window->at;
        const struct extent block = {window->at, left < WINDOW_BLOCK ? left : WINDOW_BLOCK};
        if (pickle_scan_read(window->scan, window->in, block, &window->bytes, &found, err) < 0)
            return -1;
    }
    if (found && window->bytes.size >= end - window->start)
        *out = (const unsigned char *)buf_text(&window->bytes) + (window->at - window->start);
    return 0;
}

/* The end of the line in what is there already; NULL: it is not in it. */
static const char *find_end(const struct window *window)
{
    uint64_t behind = window->at - window->start;

    if (window->at < window->start || behind >= window->bytes.size)
        return NULL;
    return memchr(window->bytes.data + behind, '\n', window->bytes.size - (size_t)behind);
}

int window_line(struct window *window, struct buf *line, bool *found, struct error *err)
{
    uint64_t left = window->at < window->in->size ? window->in->size - window->at : 0;
    size_t most = left < WINDOW_BLOCK ? (size_t)left : WINDOW_BLOCK;
    const char *end = find_end(window);
    const unsigned char *bytes = NULL;

    *found = false;
    if (end == NULL && window_need(window, most, &bytes, err) < 0)
        return -1;
    end = find_end(window);
    if (end == NULL && most == WINDOW_BLOCK)
        pickle_scan_note_unread(window->scan, "it has a line of more than 64 KiB");
    if (end == NULL)
        return 0;
    const char *start = window->bytes.data + (window->at - window->start);
    buf_clear(line);
    buf_add(line, start, (size_t)(end - start));
    window->at += (uint64_t)(end - start) + 1;
    *found = true;
    return 0;
}
