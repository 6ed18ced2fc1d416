#include "complete.h"

#include "completions.h"
#include "core/text.h"
#include "options.h"

#include <string.h>

/* A command line as far as it is there. */
struct line {
    const struct command *command;
    const struct option_row *pending; /* whose value is the word at the cursor; NULL: none */
    size_t names;                     /* arguments before the cursor */
    bool is_over;                     /* "--" was there: no more options */
    struct strings presets;           /* values of --presets */
    const char *project;              /* the value of --project; NULL: it is not given */
};

static const struct option_row *find_row(const struct command *command, const char *name,
                                         size_t size)
{
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if ((row->commands & command->id) != 0 && strlen(row->name) == size &&
            memcmp(row->name, name, size) == 0)
            return row;
    return NULL;
}

static const struct option_row *find_letter(const struct command *command, char letter)
{
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if ((row->commands & command->id) != 0 && row->letter == letter)
            return row;
    return NULL;
}

static bool wants_next_word(const struct option_row *row)
{
    return row != NULL && row->argument != NULL && row->otherwise == NULL;
}

static void keep_value(struct line *line, const struct option_row *row, const char *value)
{
    if (strcmp(row->name, "presets") == 0)
        strings_add(&line->presets, value);
    if (strcmp(row->name, "project") == 0)
        line->project = value;
}

static void read_long(struct line *line, const char *name)
{
    size_t size = strcspn(name, "=");
    const struct option_row *row = find_row(line->command, name, size);

    if (row != NULL && name[size] == '=')
        keep_value(line, row, name + size + 1);
    else if (wants_next_word(row))
        line->pending = row;
}

static void read_letters(struct line *line, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const struct option_row *row = find_letter(line->command, *letters);
        if (!wants_next_word(row))
            continue;
        line->pending = letters[1] == '\0' ? row : NULL; /* else its value is in the word */
        return;
    }
}

static void read_word(struct line *line, const char *word)
{
    const struct option_row *pending = line->pending;

    line->pending = NULL;
    if (pending != NULL)
        keep_value(line, pending, word);
    else if (line->is_over || word[0] != '-' || word[1] == '\0')
        line->names++;
    else if (strcmp(word, "--") == 0)
        line->is_over = true;
    else if (word[1] == '-')
        read_long(line, word + 2);
    else
        read_letters(line, word + 1);
}

static void add_options(const struct command *command, struct completions *out)
{
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if ((row->commands & command->id) == 0)
            continue;
        CLEANUP(text) char *name = xasprintf("--%s", row->name);
        CLEANUP(text) char *with = xasprintf("%s=", name);
        const char *about = row->brief != NULL ? row->brief : row->help;
        completions_add(out, name, about);
        if (row->otherwise != NULL)
            completions_add(out, with, about);
    }
}

/* "MODEL" of "[MODEL…]"; caller frees. */
static char *argument_name(const char *name)
{
    CLEANUP(text) char *bare = xstrdup(name + (name[0] == '['));
    const char *end = strstr(bare, "…");

    return xstrndup(bare, end != NULL ? (size_t)(end - bare) : strcspn(bare, "]"));
}

static void add_argument(const struct line *line, struct completions *out)
{
    const struct command *command = line->command;
    const char *const *names = command->completed[0] != NULL ? command->completed : command->names;
    const char *name = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(command->names) && names[i] != NULL; i++)
        if (i == line->names || (i < line->names && strstr(names[i], "…") != NULL))
            name = names[i];
    if (name == NULL) {
        if (!line->is_over)
            add_options(command, out);
        return;
    }
    CLEANUP(text) char *bare = argument_name(name);
    completions_add_values(out, NULL, bare);
}

/* The word at the cursor. */
static void add_word(const struct line *line, struct completions *out)
{
    const char *word = out->word;
    size_t size = strcspn(word, "=");
    bool is_option = !line->is_over && word[0] == '-';
    const struct option_row *row = is_option && word[1] == '-' && word[size] == '='
                                       ? find_row(line->command, word + 2, size - 2)
                                       : NULL;

    out->presets = (const char *const *)line->presets.items;
    out->project = line->project;
    if (line->pending != NULL) {
        completions_add_values(out, line->pending->name, line->pending->argument);
    } else if (row != NULL && row->argument != NULL) {
        CLEANUP(text) char *head = xstrndup(word, size + 1);
        out->head = head;
        out->word = word + size + 1;
        completions_add_values(out, row->name, row->argument);
    } else if (is_option) {
        add_options(line->command, out);
    } else {
        add_argument(line, out);
    }
}

static void add_commands(const struct command *const *commands, size_t count,
                         struct completions *out)
{
    for (size_t i = 0; i < count; i++)
        completions_add(out, commands[i]->name, commands[i]->summary);
}

static void add_first_word(const struct command *const *commands, size_t count,
                           struct completions *out)
{
    add_commands(commands, count, out);
    completions_add(out, "help", "what a command does, examples, the options that people use");
    if (out->word[0] != '-')
        return;
    completions_add(out, "--help", "the commands");
    completions_add(out, "--help-all", "the commands and the exit statuses");
    completions_add(out, "--version", "the version");
}

static const struct command *find_command(const struct command *const *commands, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

void complete_line(const struct command *const *commands, size_t command_count, char *const *words,
                   size_t word_count, struct buf *out)
{
    static const char *const kinds[] = {
        [COMPLETION_NO_PATHS] = "", [COMPLETION_FILES] = "files", [COMPLETION_FOLDERS] = "folders"};
    struct completions completions = {.word = words[word_count - 1], .head = "", .lines = BUF_INIT};
    struct line line = {.command = find_command(commands, command_count, words[0])};

    if (word_count == 1) {
        add_first_word(commands, command_count, &completions);
    } else if (strcmp(words[0], "help") == 0 && word_count == 2) {
        add_commands(commands, command_count, &completions);
    } else if (line.command != NULL) {
        for (size_t i = 1; i + 1 < word_count; i++)
            read_word(&line, words[i]);
        add_word(&line, &completions);
    }
    buf_addf(out, "%s:%s\n", buf_text(&completions.lines), kinds[completions.paths]);
    buf_release(&completions.lines);
    strings_release(&line.presets);
}
