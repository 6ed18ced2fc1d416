#include "python/tokens_internal.h"

#include "python/python.h"

#include <string.h>

#define TAB_SIZE 8

/* What is open: a bracket, an f-string, or a hole of one. */
enum open_kind { OPEN_BRACKET, OPEN_FSTRING, OPEN_HOLE, OPEN_FORMAT /* behind a hole's ':' */ };

struct open {
    enum open_kind kind;
    char closing;  /* the bracket or quote that ends it */
    bool triple;   /* three quotes */
    bool raw;      /* backslashes are no escapes */
    unsigned line; /* where it was opened */
};

struct lexer {
    struct tokens *tokens;
    const char *at, *end;
    unsigned line;
    const struct token_run *run;
    bool begins_line;
    struct open open[PYTHON_DEPTH_LIMIT];
    size_t depth;
    unsigned indents[PYTHON_DEPTH_LIMIT];
    size_t indent_count;
};

static void add(struct lexer *lexer, enum token_kind kind, const char *start, unsigned line)
{
    tokens_append(lexer->tokens, (struct token){
                                     .kind = (uint8_t)kind,
                                     .cell = (uint16_t)lexer->run->cell,
                                     .line = line,
                                     .start = (uint32_t)(start - lexer->tokens->text),
                                     .size = (uint32_t)(lexer->at - start),
                                 });
}

static int complain(const struct lexer *lexer, unsigned line, const char *what, struct error *err)
{
    if (lexer->run->cell > 0)
        return error_set(err, ERROR_CORRUPT, "cell %u, line %u: %s", lexer->run->cell, line, what);
    return error_set(err, ERROR_CORRUPT, "line %u: %s", line, what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* The character behind the current one; NUL at the end. */
static char peek(const struct lexer *lexer)
{
    return (char)(lexer->at + 1 < lexer->end ? lexer->at[1] : '\0');
}

/* One line end, however it is written. */
static void skip_newline(struct lexer *lexer)
{
    if (*lexer->at == '\r' && peek(lexer) == '\n')
        lexer->at++;
    lexer->at++;
    lexer->line++;
}

static void skip_to_newline(struct lexer *lexer)
{
    while (lexer->at < lexer->end && !is_newline(*lexer->at))
        lexer->at++;
}

/* A magic or a command of the shell: the line, and those that a backslash joins to it. */
static void skip_magic(struct lexer *lexer)
{
    const char *first = lexer->at;
    struct token command = {.cell = (uint16_t)lexer->run->cell,
                            .line = lexer->line,
                            .start = (uint32_t)(first + 1 - lexer->tokens->text)};

    for (;;) {
        const char *start = lexer->at;
        skip_to_newline(lexer);
        if (lexer->at == start || lexer->at[-1] != '\\' || lexer->at == lexer->end)
            break;
        skip_newline(lexer);
    }
    command.size = (uint32_t)(lexer->at - first - 1);
    if (*first == '!')
        tokens_add_command(lexer->tokens, command);
}

static struct open *top(struct lexer *lexer)
{
    return lexer->depth > 0 ? &lexer->open[lexer->depth - 1] : NULL;
}

static int push(struct lexer *lexer, struct open open, struct error *err)
{
    if (lexer->depth == PYTHON_DEPTH_LIMIT)
        return complain(lexer, lexer->line, "brackets are nested too deep", err);
    open.line = lexer->line;
    lexer->open[lexer->depth++] = open;
    return 0;
}

static int lex_indentation(struct lexer *lexer, unsigned column, struct error *err)
{
    bool dedented = false;

    while (lexer->indent_count > 0 && lexer->indents[lexer->indent_count - 1] > column) {
        lexer->indent_count--;
        add(lexer, TOKEN_DEDENT, lexer->at, lexer->line);
        dedented = true;
    }
    unsigned outer = lexer->indent_count > 0 ? lexer->indents[lexer->indent_count - 1] : 0;
    if (column == outer)
        return 0;
    if (dedented)
        return complain(lexer, lexer->line, "the indentation fits no block around it", err);
    if (lexer->indent_count == PYTHON_DEPTH_LIMIT)
        return complain(lexer, lexer->line, "blocks are nested too deep", err);
    lexer->indents[lexer->indent_count++] = column;
    add(lexer, TOKEN_INDENT, lexer->at, lexer->line);
    return 0;
}

/* The beginning of a line that is not joined to the one above; an empty one is passed over. */
static int lex_line_start(struct lexer *lexer, struct error *err)
{
    unsigned column = 0;

    for (; lexer->at < lexer->end; lexer->at++) {
        if (*lexer->at == ' ')
            column++;
        else if (*lexer->at == '\t')
            column = (column / TAB_SIZE + 1) * TAB_SIZE;
        else if (*lexer->at == '\f')
            column = 0;
        else
            break;
    }
    if (lexer->at == lexer->end)
        return 0;
    if (*lexer->at == '#')
        skip_to_newline(lexer);
    else if (lexer->run->skip_magics && (*lexer->at == '%' || *lexer->at == '!'))
        skip_magic(lexer);
    if (lexer->at == lexer->end)
        return 0;
    if (is_newline(*lexer->at)) {
        skip_newline(lexer);
        return 0;
    }
    lexer->begins_line = false;
    return lex_indentation(lexer, column, err);
}

/* The quotes that `at` begins with end what was opened with them. */
static bool at_quotes(const struct lexer *lexer, char quote, bool triple)
{
    const char *at = lexer->at;

    if (*at != quote)
        return false;
    return !triple || (lexer->end - at >= 3 && at[1] == quote && at[2] == quote);
}

/* A backslash and the character behind it, which may be a line end. */
static void skip_escape(struct lexer *lexer)
{
    lexer->at++;
    if (lexer->at < lexer->end && is_newline(*lexer->at))
        skip_newline(lexer);
    else if (lexer->at < lexer->end)
        lexer->at++;
}

static int lex_string(struct lexer *lexer, const char *start, struct open open, struct error *err)
{
    unsigned line = lexer->line;

    while (lexer->at < lexer->end && !at_quotes(lexer, open.closing, open.triple)) {
        if (*lexer->at == '\\')
            skip_escape(lexer);
        else if (!is_newline(*lexer->at))
            lexer->at++;
        else if (open.triple)
            skip_newline(lexer);
        else
            return complain(lexer, line, "the string has no end", err);
    }
    if (lexer->at >= lexer->end)
        return complain(lexer, line, "the string has no end", err);
    lexer->at += open.triple ? 3 : 1;
    add(lexer, TOKEN_STRING, start, line);
    return 0;
}

/* Behind the prefix of a string, at its quote. */
static int lex_quoted(struct lexer *lexer, const char *start, struct error *err)
{
    size_t prefix = (size_t)(lexer->at - start);
    bool formatted = false;
    struct open open = {.kind = OPEN_FSTRING, .closing = *lexer->at};

    for (size_t i = 0; i < prefix; i++) {
        open.raw = open.raw || start[i] == 'r' || start[i] == 'R';
        formatted = formatted || strchr("fFtT", start[i]) != NULL;
    }
    open.triple =
        lexer->end - lexer->at >= 3 && lexer->at[1] == open.closing && lexer->at[2] == open.closing;
    lexer->at += open.triple ? 3 : 1;
    if (!formatted)
        return lex_string(lexer, start, open, err);
    add(lexer, TOKEN_FSTRING_START, start, lexer->line);
    return push(lexer, open, err);
}

/* Of the names of Unicode's characters. */
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -"

/* \N{NAME} in an f-string: its braces are no hole. */
static void skip_named_character(struct lexer *lexer)
{
    const char *at = lexer->at + strlen("\\N{");

    while (at < lexer->end && strchr(NAME_CHARACTERS, *at) != NULL && *at != '\0')
        at++;
    if (at < lexer->end && *at == '}')
        lexer->at = at + 1;
    else
        skip_escape(lexer); /* it is none */
}

static void skip_fstring_escape(struct lexer *lexer, const struct open *open)
{
    char next = peek(lexer);

    if (next == '{' || next == '}') {
        lexer->at++;
    } else if (!open->raw && next == 'N' && lexer->at + 2 < lexer->end && lexer->at[2] == '{') {
        skip_named_character(lexer);
    } else {
        skip_escape(lexer);
    }
}

/* Moves to what ends a piece of an f-string's text: a hole, its closing brace, the quotes. */
static int skip_fstring_text(struct lexer *lexer, const struct open *string, bool in_format,
                             struct error *err)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        bool doubled = !in_format && peek(lexer) == c;
        if (at_quotes(lexer, string->closing, string->triple))
            return 0;
        if ((c == '{' || c == '}') && !doubled)
            return 0;
        if (c == '{' || c == '}')
            lexer->at += 2;
        else if (c == '\\')
            skip_fstring_escape(lexer, string);
        else if (!is_newline(c))
            lexer->at++;
        else if (string->triple)
            skip_newline(lexer);
        else
            break;
    }
    return complain(lexer, string->line, "the f-string has no end", err);
}

/* The innermost f-string: the one that a format belongs to is right below its hole. */
static const struct open *enclosing_fstring(const struct lexer *lexer)
{
    size_t i = lexer->depth - 1;

    while (lexer->open[i].kind != OPEN_FSTRING)
        i--;
    return &lexer->open[i];
}

static int lex_fstring(struct lexer *lexer, struct error *err)
{
    const char *start = lexer->at;
    unsigned line = lexer->line;
    bool in_format = top(lexer)->kind == OPEN_FORMAT;
    const struct open *string = enclosing_fstring(lexer);

    if (skip_fstring_text(lexer, string, in_format, err) < 0)
        return -1;
    if (lexer->at > start)
        add(lexer, string->raw ? TOKEN_FSTRING_RAW : TOKEN_FSTRING_TEXT, start, line);
    start = lexer->at;
    if (*lexer->at == '{') {
        lexer->at++;
        add(lexer, TOKEN_OPERATOR, start, lexer->line);
        return push(lexer, (struct open){.kind = OPEN_HOLE, .closing = '}'}, err);
    }
    if (*lexer->at == '}') {
        if (!in_format)
            return complain(lexer, lexer->line, "a single '}' in an f-string", err);
        lexer->at++;
        add(lexer, TOKEN_OPERATOR, start, lexer->line);
        lexer->depth--;
        return 0;
    }
    if (in_format)
        return complain(lexer, string->line, "a hole in an f-string has no '}'", err);
    lexer->at += string->triple ? 3 : 1;
    add(lexer, TOKEN_FSTRING_END, start, lexer->line);
    lexer->depth--;
    return 0;
}

static bool is_string_prefix(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strchr("rRbBuUfFtT", text[i]) == NULL)
            return false;
    return size <= 2;
}

static int lex_name(struct lexer *lexer, struct error *err)
{
    const char *start = lexer->at;

    while (lexer->at < lexer->end && (is_letter(*lexer->at) || is_digit(*lexer->at)))
        lexer->at++;
    size_t size = (size_t)(lexer->at - start);
    if (lexer->at < lexer->end && (*lexer->at == '"' || *lexer->at == '\'') &&
        is_string_prefix(start, size))
        return lex_quoted(lexer, start, err);
    add(lexer, token_is_keyword(start, size) ? TOKEN_KEYWORD : TOKEN_NAME, start, lexer->line);
    return 0;
}

static void skip_any(struct lexer *lexer, const char *characters)
{
    while (lexer->at < lexer->end && strchr(characters, *lexer->at) != NULL && *lexer->at != '\0')
        lexer->at++;
}

static void lex_number(struct lexer *lexer)
{
    const char *start = lexer->at;

    if (start[0] == '0' && start[1] != '\0' && strchr("xXoObB", start[1]) != NULL) {
        bool is_hex = start[1] == 'x' || start[1] == 'X';
        lexer->at += 2;
        skip_any(lexer, is_hex ? "0123456789abcdefABCDEF_" : "0123456789_");
    } else {
        skip_any(lexer, "0123456789_");
        if (*lexer->at == '.') {
            lexer->at++;
            skip_any(lexer, "0123456789_");
        }
        const char *sign = lexer->at + 1;
        if ((*lexer->at == 'e' || *lexer->at == 'E') &&
            (is_digit(*sign) || ((*sign == '-' || *sign == '+') && is_digit(sign[1])))) {
            lexer->at += 2;
            skip_any(lexer, "0123456789_");
        }
    }
    if (*lexer->at != '\0' && strchr("jJlL", *lexer->at) != NULL)
        lexer->at++;
    add(lexer, TOKEN_NUMBER, start, lexer->line);
}

static int close_bracket(struct lexer *lexer, char c, struct error *err)
{
    const struct open *open = top(lexer);

    if (open == NULL || open->closing != c)
        return complain(lexer, lexer->line, "a closing bracket without its opening one", err);
    lexer->depth--;
    return 0;
}

static int lex_operator(struct lexer *lexer, struct error *err)
{
    const char *start = lexer->at;
    struct open *open = top(lexer);
    bool in_hole = open != NULL && open->kind == OPEN_HOLE;
    char c = *start;
    size_t size = in_hole && c == ':' ? 1 : token_operator_size(start);

    lexer->at += size;
    add(lexer, TOKEN_OPERATOR, start, lexer->line);
    if (size > 1)
        return 0;
    if (in_hole && c == ':')
        open->kind = OPEN_FORMAT;
    if (c == '(' || c == '[' || c == '{') {
        struct open bracket = {.kind = OPEN_BRACKET, .closing = '}'};
        if (c != '{')
            bracket.closing = ")]"[c == '['];
        return push(lexer, bracket, err);
    }
    if (c == ')' || c == ']' || c == '}')
        return close_bracket(lexer, c, err);
    if (c == '=' && lexer->run->skip_magics && lexer->depth == 0) {
        skip_any(lexer, " ");
        if (*lexer->at == '!' || *lexer->at == '%')
            skip_magic(lexer);
    }
    return 0;
}

static int lex_token(struct lexer *lexer, struct error *err)
{
    char c = *lexer->at;
    char next = peek(lexer);

    if (c == ' ' || c == '\t' || c == '\f') {
        lexer->at++;
    } else if (is_newline(c)) {
        if (lexer->depth == 0) {
            add(lexer, TOKEN_NEWLINE, lexer->at, lexer->line);
            lexer->begins_line = true;
        }
        skip_newline(lexer);
    } else if (c == '\\' && is_newline(next)) {
        skip_escape(lexer);
    } else if (c == '#') {
        skip_to_newline(lexer);
    } else if (is_digit(c) || (c == '.' && is_digit(next))) {
        lex_number(lexer);
    } else if (is_letter(c)) {
        return lex_name(lexer, err);
    } else if (c == '"' || c == '\'') {
        return lex_quoted(lexer, lexer->at, err);
    } else {
        return lex_operator(lexer, err);
    }
    return 0;
}

static int lex_run(struct lexer *lexer, struct error *err)
{
    while (lexer->at < lexer->end) {
        const struct open *open = top(lexer);
        int status;
        if (open != NULL && (open->kind == OPEN_FSTRING || open->kind == OPEN_FORMAT))
            status = lex_fstring(lexer, err);
        else if (lexer->begins_line)
            status = lex_line_start(lexer, err);
        else
            status = lex_token(lexer, err);
        if (status < 0)
            return -1;
    }
    if (lexer->depth > 0)
        return complain(lexer, top(lexer)->line, "a bracket or an f-string has no end", err);
    if (!lexer->begins_line)
        add(lexer, TOKEN_NEWLINE, lexer->at, lexer->line);
    for (; lexer->indent_count > 0; lexer->indent_count--)
        add(lexer, TOKEN_DEDENT, lexer->at, lexer->line);
    return 0;
}

int tokens_add(struct tokens *tokens, const struct token_run *run, struct error *err)
{
    size_t before = tokens->count;
    size_t commands = tokens->command_count;
    struct lexer lexer = {
        .tokens = tokens,
        .at = tokens->text + run->start,
        .end = tokens->text + run->end,
        .line = 1,
        .run = run,
        .begins_line = true,
    };

    if (lex_run(&lexer, err) < 0) {
        tokens->count = before;
        tokens->command_count = commands;
        return -1;
    }
    return 0;
}
