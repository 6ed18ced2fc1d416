#include "python/tokens_internal.h"

#include <string.h>

#define OCTAL_DIGITS 3

/* A text between `at` and `end` that is being decoded. */
struct literal {
    const char *at, *end;
    struct buf *out;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* UTF-8; false for what a C string or UTF-8 cannot hold. */
static bool add_character(struct buf *out, uint32_t code)
{
    char bytes[4];
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return false;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(size == 1 ? code : (0xf00U >> size & 0xf0U) | code);
    buf_add(out, bytes, size);
    return true;
}

static bool decode_hex(struct literal *literal, size_t digits)
{
    uint32_t code = 0;

    for (size_t i = 0; i < digits; i++) {
        int value = literal->at < literal->end ? hex_value(*literal->at++) : -1;
        if (value < 0)
            return false;
        code = code * 16 + (uint32_t)value;
    }
    return add_character(literal->out, code);
}

static bool decode_octal(struct literal *literal)
{
    uint32_t code = 0;

    for (size_t i = 0; i < OCTAL_DIGITS && literal->at < literal->end; i++) {
        if (*literal->at < '0' || *literal->at > '7')
            break;
        code = code * 8 + (uint32_t)(*literal->at++ - '0');
    }
    return add_character(literal->out, code);
}

static void skip_joined_line(struct literal *literal, char c)
{
    if (c == '\r' && literal->at < literal->end && *literal->at == '\n')
        literal->at++;
}

/* Behind a backslash. */
static bool decode_escape(struct literal *literal)
{
    static const char names[] = "abfnrtv\\'\"";
    static const char meant[] = "\a\b\f\n\r\t\v\\'\"";

    if (literal->at == literal->end) {
        buf_add(literal->out, "\\", 1);
        return true;
    }
    char c = *literal->at;
    const char *name = strchr(names, c);
    if (c >= '0' && c <= '7')
        return decode_octal(literal);
    literal->at++;
    switch (c) {
    case 'x':
        return decode_hex(literal, 2);
    case 'u':
        return decode_hex(literal, 4);
    case 'U':
        return decode_hex(literal, 8);
    case 'N':
        return false;
    case '\n':
    case '\r':
        skip_joined_line(literal, c);
        return true;
    default:
        break;
    }
    if (name != NULL) {
        buf_add(literal->out, &meant[name - names], 1);
        return true;
    }
    buf_add(literal->out, "\\", 1);
    literal->at--; /* no escape: both characters stay */
    return true;
}

static bool decode(struct literal *literal, bool raw, bool doubled_braces)
{
    while (literal->at < literal->end) {
        char c = *literal->at++;
        if (c == '\\' && !raw) {
            if (!decode_escape(literal))
                return false;
            continue;
        }
        if (doubled_braces && (c == '{' || c == '}') && literal->at < literal->end)
            literal->at++;
        if (c == '\r') {
            skip_joined_line(literal, c);
            c = '\n';
        }
        buf_add(literal->out, &c, 1);
    }
    return true;
}

bool token_decode(const struct tokens *tokens, size_t i, struct buf *out)
{
    const struct token *token = &tokens->items[i];
    const char *start = tokens->text + token->start;
    struct literal literal = {.at = start, .end = start + token->size, .out = out};
    bool raw = token->kind == TOKEN_FSTRING_RAW;

    if (token->kind != TOKEN_STRING)
        return decode(&literal, raw, true);
    for (; *literal.at != '"' && *literal.at != '\''; literal.at++) {
        if (*literal.at == 'b' || *literal.at == 'B')
            return false;
        raw = raw || *literal.at == 'r' || *literal.at == 'R';
    }
    bool triple = literal.end - literal.at >= 6 && literal.at[1] == literal.at[0] &&
                  literal.at[2] == literal.at[0];
    literal.at += triple ? 3 : 1;
    literal.end -= triple ? 3 : 1;
    return decode(&literal, raw, false);
}
