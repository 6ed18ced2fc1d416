#include "python/tokens_internal.h"

#include <string.h>

void tokens_append(struct tokens *tokens, struct token token)
{
    if (tokens->count == tokens->capacity) {
        tokens->capacity = tokens->capacity > 0 ? tokens->capacity * 2 : 256;
        tokens->items = xrealloc(tokens->items, tokens->capacity, sizeof(*tokens->items));
    }
    tokens->items[tokens->count++] = token;
}

void tokens_add_command(struct tokens *tokens, struct token command)
{
    size_t count = tokens->command_count;

    if ((count & (count - 1)) == 0) /* full at each power of two */
        tokens->commands =
            xrealloc(tokens->commands, count > 0 ? 2 * count : 1, sizeof(*tokens->commands));
    tokens->commands[tokens->command_count++] = command;
}

void tokens_release(struct tokens *tokens)
{
    free(tokens->items);
    free(tokens->commands);
    *tokens = (struct tokens)TOKENS_INIT;
}

bool token_is(const struct tokens *tokens, size_t i, const char *spelling)
{
    const struct token *token = &tokens->items[i];
    size_t size = strlen(spelling);

    return (token->kind == TOKEN_NAME || token->kind == TOKEN_KEYWORD ||
            token->kind == TOKEN_OPERATOR) &&
           token->size == size && memcmp(tokens->text + token->start, spelling, size) == 0;
}

bool token_is_keyword(const char *text, size_t size)
{
    static const char *const keywords[] = {
        "and",    "as",   "assert", "async",  "await",  "break",   "class",    "continue",
        "def",    "del",  "elif",   "else",   "except", "finally", "for",      "from",
        "global", "if",   "import", "in",     "is",     "lambda",  "nonlocal", "not",
        "or",     "pass", "raise",  "return", "try",    "while",   "with",     "yield",
    };

    for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
        if (strncmp(keywords[i], text, size) == 0 && keywords[i][size] == '\0')
            return true;
    return false;
}

size_t token_operator_size(const char *at)
{
    static const char *const longer[] = {"**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<",
                                         "->",  ":=",  "==",  "!=",  "<=",  ">=", "<>", "+=", "-=",
                                         "*=",  "/=",  "%=",  "@=",  "&=",  "|=", "^="};

    for (size_t i = 0; i < ARRAY_SIZE(longer); i++)
        if (strncmp(at, longer[i], strlen(longer[i])) == 0)
            return strlen(longer[i]);
    return 1;
}
