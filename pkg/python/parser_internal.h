#ifndef INLAY_PYTHON_PARSER_INTERNAL_H
#define INLAY_PYTHON_PARSER_INTERNAL_H

#include "python/module_internal.h"

#define DECORATORS_LIMIT 64

/* The tokens of a module while they are read, and where. */
struct parser {
    struct module *module;
    uint32_t at; /* the current token; never behind TOKEN_END */
    uint32_t scope;
    uint32_t body;                         /* the scope of the block behind the statement */
    uint32_t decorators[DECORATORS_LIMIT]; /* of the function that comes next */
    size_t decorator_count;
    size_t depth;
    bool is_too_deep; /* at `deep_token`; the parser then stands at TOKEN_END */
    uint32_t deep_token;
};

/* The children of a node that is being made. */
struct children {
    uint32_t first, last;
    size_t count;
};

/* parser.c */
bool parser_is(const struct parser *parser, const char *spelling);
bool parser_accept(struct parser *parser, const char *spelling);
enum token_kind parser_kind(const struct parser *parser);
bool parser_at_closing(const struct parser *parser);
/* Is the current token one of these operators or keywords? `spellings` ends with NULL. */
bool parser_at_any(const struct parser *parser, const char *const *spellings);
/* Counts one more level, which the caller takes back; false, at TOKEN_END: there are too many. */
bool parser_enter(struct parser *parser);
/* No node is no child. */
void parser_append(struct parser *parser, struct children *children, uint32_t node);
/* A node from the token `first` to the one before the current. */
uint32_t parser_make(struct parser *parser, enum node_kind kind, uint32_t first, uint32_t child);
struct name parser_name(const struct parser *parser, uint32_t token);
void parser_bind(struct parser *parser, uint32_t token, enum binding_kind kind, uint32_t node);
/* Names, attributes of `self`, entries, and lists of these. */
void parser_bind_target(struct parser *parser, uint32_t target, enum binding_kind kind,
                        uint32_t value);
/* The name of what an option's value goes to. Caller frees; NULL: not known. */
char *parser_option_name(struct parser *parser, uint32_t call);
/* Binds an option, if the call is argparse's add_argument(). */
void parser_note_option(struct parser *parser, uint32_t call);

/* expression.c: each returns a node, or 0 where none begins */
uint32_t parse_expression(struct parser *parser);
uint32_t parse_or(struct parser *parser);
uint32_t parse_list(struct parser *parser);
uint32_t parse_targets(struct parser *parser);
/* At "(": the first of the arguments. */
uint32_t parse_arguments(struct parser *parser);

/* statement.c: up to `closing`, bound in `scope` */
void parse_parameters(struct parser *parser, uint32_t scope, const char *closing);

#endif
