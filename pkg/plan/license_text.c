#include "plan/license.h"

#include "core/buf.h"

#include <string.h>

/* Texts of licences are compared by their words: ASCII letters and digits in lower case. */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool begins(const char *line, const char *word)
{
    CLEANUP(text) char *beginning = xstrndup(line, strlen(word));

    return text_equal_fold(beginning, word);
}

/* "Copyright 2018 Acme", "(c) Acme", "All rights reserved.": it stands before titles and texts. */
static bool is_copyright(const char *line, size_t size)
{
    CLEANUP(text) char *copy = xstrndup(line, size);
    bool tells_who = strpbrk(copy, "0123456789") != NULL || text_contains_fold(copy, "(c)") ||
                     strstr(copy, "\xc2\xa9") != NULL;

    return (begins(copy, "copyright") && tells_who) || begins(copy, "(c)") ||
           begins(copy, "\xc2\xa9") ||
           (begins(copy, "all rights reserved") && size <= strlen("all rights reserved.\r"));
}

static void add_words(struct buf *words, const char *line, size_t size)
{
    bool goes_on = false; /* the last letter was one of a word of this line */

    for (size_t i = 0; i < size; i++) {
        char c = line[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_letter && !goes_on && words->size > 0)
            buf_add_text(words, " ");
        if (is_letter)
            buf_add(words, &c, 1);
        goes_on = is_letter;
    }
}

/* The words of all lines that do not tell whose it is. */
static void read_words(const char *text, struct buf *words)
{
    while (*text != '\0') {
        while (is_blank(*text))
            text++;
        size_t size = strcspn(text, "\n");
        if (!is_copyright(text, size))
            add_words(words, text, size);
        text += size + (text[size] == '\n');
    }
}

/* Behind these whole words at the beginning; NULL: it begins otherwise. */
static const char *after(const char *words, const char *beginning)
{
    size_t size = strlen(beginning);

    if (strncmp(words, beginning, size) != 0 || (words[size] != '\0' && words[size] != ' '))
        return NULL;
    return words + size + (words[size] == ' ');
}

/* Behind the longest of what may stand there; `words` if nothing of it does. */
static const char *after_any(const char *words, const char *const *beginnings)
{
    for (; *beginnings != NULL; beginnings++) {
        const char *rest = after(words, *beginnings);
        if (rest != NULL)
            return rest;
    }
    return words;
}

/*
 * By the title with its date, as the text has it. A text that goes on otherwise behind it, or
 * begins with another title, is another licence.
 */
static const char *find_title(const char *words)
{
    static const struct {
        const char *license, *title;
    } titles[] = {
        {"apache-2.0", "apache license version 2 0 january 2004"},
        {"agpl-3.0", "gnu affero general public license version 3 19 november 2007"},
        {"lgpl-3.0", "gnu lesser general public license version 3 29 june 2007"},
        {"lgpl-2.1", "gnu lesser general public license version 2 1 february 1999"},
        {"gpl-3.0", "gnu general public license version 3 29 june 2007"},
        {"gpl-2.0", "gnu general public license version 2 june 1991"},
        {"mpl-2.0", "mozilla public license version 2 0 1 definitions"},
        {"cc0-1.0", "cc0 1 0 universal creative commons corporation is not a law firm"},
    };
    static const char *const prefixes[] = {"creative commons legal code", "the", NULL};

    words = after_any(words, prefixes);
    for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
        if (after(words, titles[i].title) != NULL)
            return titles[i].license;
    return NULL;
}

static const char *find_creative_commons(const char *words)
{
    static const struct {
        const char *license, *title;
    } titles[] = {
        {"cc-by-4.0", "attribution"},
        {"cc-by-sa-4.0", "attribution sharealike"},
        {"cc-by-nd-4.0", "attribution noderivatives"},
        {"cc-by-nc-4.0", "attribution noncommercial"},
        {"cc-by-nc-sa-4.0", "attribution noncommercial sharealike"},
        {"cc-by-nc-nd-4.0", "attribution noncommercial noderivatives"},
    };
    static const char *const prefixes[] = {"creative commons", NULL};
    static const char *const endings[] = {"creative commons", "public license", NULL};

    words = after_any(words, prefixes);
    for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
        const char *rest = after(words, titles[i].title);
        rest = rest != NULL ? after(rest, "4 0 international") : NULL;
        if (rest != NULL && after_any(rest, endings) != rest)
            return titles[i].license;
    }
    return NULL;
}

/* Its text has three conditions, of which the last is about names; a fourth makes it another. */
static bool is_bsd(const char *words)
{
    static const char *const titles[] = {"bsd 3 clause license",
                                         "the 3 clause bsd license",
                                         "bsd 3 clause new or revised license",
                                         "the bsd 3 clause license",
                                         "bsd license",
                                         NULL};
    static const char text[] = "redistribution and use in source and binary forms with or without "
                               "modification are permitted provided that the following conditions "
                               "are met";

    return after(after_any(words, titles), text) != NULL &&
           strstr(words, " neither the name ") != NULL &&
           strstr(words, " advertising materials ") == NULL;
}

/* Its text is short enough to be compared as a whole: who adds a condition makes another of it. */
static bool is_mit(const char *words)
{
    static const char *const titles[] = {"mit license mit", "mit license", "the mit license mit",
                                         "the mit license", "mit",         NULL};
    static const char text[] =
        "permission is hereby granted free of charge to any person obtaining a copy of this "
        "software and associated documentation files the software to deal in the software without "
        "restriction including without limitation the rights to use copy modify merge publish "
        "distribute sublicense and or sell copies of the software and to permit persons to whom "
        "the software is furnished to do so subject to the following conditions the above "
        "copyright notice and this permission notice shall be included in all copies or "
        "substantial portions of the software the software is provided as is without warranty of "
        "any kind express or implied including but not limited to the warranties of "
        "merchantability fitness for a particular purpose and noninfringement in no event shall "
        "the authors or copyright holders be liable for any claim damages or other liability "
        "whether in an action of contract tort or otherwise arising from out of or in connection "
        "with the software or the use or other dealings in the software";

    return strcmp(after_any(words, titles), text) == 0;
}

void license_read_text(const char *text, struct plan *plan)
{
    CLEANUP(buf) struct buf buf = BUF_INIT;
    const char *license = NULL;

    read_words(text_starts_with(text, "\xef\xbb\xbf") ? text + 3 : text, &buf);
    const char *words = buf_text(&buf);
    if (is_mit(words))
        license = "mit";
    else if (is_bsd(words))
        license = "bsd-3-clause";
    else
        license = find_title(words);
    if (license == NULL)
        license = find_creative_commons(words);
    if (plan->license == NULL)
        plan->license = text_copy(license);
}
