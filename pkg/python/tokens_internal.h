#ifndef INLAY_PYTHON_TOKENS_INTERNAL_H
#define INLAY_PYTHON_TOKENS_INTERNAL_H

#include "core/buf.h"
#include "core/error.h"

/*
 * The tokens of a module (language reference, "Lexical analysis"). An f-string is several: its
 * start, pieces of text, the tokens of each hole between "{" and "}", its end (PEP 701).
 */
enum token_kind {
    TOKEN_END,
    TOKEN_NEWLINE, /* the end of a logical line */
    TOKEN_INDENT,
    TOKEN_DEDENT,
    TOKEN_NAME,
    TOKEN_KEYWORD, /* True, False and None are names here */
    TOKEN_NUMBER,
    TOKEN_STRING, /* with its prefix and quotes */
    TOKEN_FSTRING_START,
    TOKEN_FSTRING_TEXT, /* with its escapes and doubled braces */
    TOKEN_FSTRING_RAW,  /* with its doubled braces */
    TOKEN_FSTRING_END,
    TOKEN_OPERATOR,
};

struct token {
    uint8_t kind;
    uint16_t cell;
    uint32_t line;
    uint32_t start; /* in `text` */
    uint32_t size;
};

struct tokens {
    const char *text; /* borrowed; NUL behind its end */
    struct token *items;
    size_t count, capacity;
    struct token *commands; /* lines of a shell; no tokens, but they have their place too */
    size_t command_count;
};

#define TOKENS_INIT                                                                                \
    {                                                                                              \
        .text = NULL                                                                               \
    }

/* A run of the text that is lexed by itself: a file, or a cell of a notebook. */
struct token_run {
    size_t start, end;
    unsigned cell;    /* 0: no notebook */
    bool skip_magics; /* lines that begin with % or ! */
    bool is_shell;    /* no line is Python's, and tokens_add() is not for it */
};

/*
 * Appends the tokens of a run; the last is a TOKEN_NEWLINE or a TOKEN_DEDENT. ERROR_CORRUPT with
 * the line; `tokens` is then what it was before.
 */
int tokens_add(struct tokens *tokens, const struct token_run *run, struct error *err) MUST_CHECK;
void tokens_append(struct tokens *tokens, struct token token);
void tokens_add_command(struct tokens *tokens, struct token command);
void tokens_release(struct tokens *tokens);
CLEANUP_RELEASE(tokens)

/* Is this token spelled so? For names, keywords and operators. */
bool token_is(const struct tokens *tokens, size_t i, const char *spelling);

/* Of the operator or delimiter at `at`, the longest that fits; 1 for any other byte. */
size_t token_operator_size(const char *at);

bool token_is_keyword(const char *text, size_t size);

/*
 * Appends what a TOKEN_STRING or a piece of an f-string stands for. False: bytes, or characters
 * that a C string cannot hold or that are named (\N{…}).
 */
bool token_decode(const struct tokens *tokens, size_t i, struct buf *out);

#endif
