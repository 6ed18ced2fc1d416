#ifndef INLAY_COMPLETION_H
#define INLAY_COMPLETION_H

#include <stddef.h>

/* What the build makes of the files in completions/. */
extern const unsigned char completion_bash[];
extern const size_t completion_bash_size;
extern const unsigned char completion_zsh[];
extern const size_t completion_zsh_size;
extern const unsigned char completion_fish[];
extern const size_t completion_fish_size;

#endif
