#include "completions.h"

#include "core/text.h"

#include <string.h>

#define ABOUT_COLUMNS 70

/* The first sentence, and of a long one as many words as there is room for. */
static char *shorten(const char *about)
{
    CLEANUP(text) char *sentence = xstrndup(about, strcspn(about, "\n"));
    char *stop = strstr(sentence, ". ");
    size_t columns = 0;
    char *end = sentence;

    if (stop != NULL)
        *stop = '\0';
    for (char *at = sentence; *at != '\0' && columns < ABOUT_COLUMNS; at++) {
        columns += text_width_at(at);
        end = *at == ' ' ? at : end;
    }
    if (columns < ABOUT_COLUMNS)
        return TAKE(sentence);
    return xasprintf("%.*s…", (int)(end - sentence), sentence);
}

/* What is typed already, and only begins candidates. */
static bool is_nothing_new(const char *text, const char *word)
{
    size_t size = strlen(text);

    return strcmp(text, word) == 0 && size > 0 && strchr(":=/", text[size - 1]) != NULL;
}

void completions_add(struct completions *completions, const char *text, const char *about)
{
    if (!text_starts_with(text, completions->word) || !text_is_one_line(text) ||
        is_nothing_new(text, completions->word))
        return;
    CLEANUP(text) char *shown = shorten(about);
    buf_addf(&completions->lines, "%s%s\t%s\n", completions->head, text, shown);
}

void completions_add_words(struct completions *completions, const char *words)
{
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        CLEANUP(text) char *word = xstrndup(words, size);
        completions_add(completions, word, "");
        words += size;
        words += strspn(words, " ");
    }
}
