#include "pickle/opcodes_internal.h"

/* In the order of Lib/pickle.py. */
static const struct opcode opcodes[] = {
    {'(', FORM_BYTES, 0, 0, ACT_MARK},
    {'.', FORM_BYTES, 0, 1, ACT_STOP},
    {'0', FORM_BYTES, 0, 0, ACT_POP},
    {'1', FORM_BYTES, 0, POPS_TO_MARK, ACT_NONE},
    {'2', FORM_BYTES, 0, 0, ACT_DUP},
    {'F', FORM_LINE, 0, 0, ACT_PUSH},
    {'I', FORM_LINE, 0, 0, ACT_PUSH},
    {'J', FORM_BYTES, 4, 0, ACT_PUSH},
    {'K', FORM_BYTES, 1, 0, ACT_PUSH},
    {'L', FORM_LINE, 0, 0, ACT_PUSH},
    {'M', FORM_BYTES, 2, 0, ACT_PUSH},
    {'N', FORM_BYTES, 0, 0, ACT_PUSH},
    {'P', FORM_LINE, 0, 0, ACT_PUSH},
    {'Q', FORM_BYTES, 0, 1, ACT_PUSH},
    {'R', FORM_BYTES, 0, 2, ACT_PUSH},
    {'S', FORM_QUOTED, 0, 0, ACT_TEXT},
    {'T', FORM_COUNTED, 4, 0, ACT_TEXT},
    {'U', FORM_COUNTED, 1, 0, ACT_TEXT},
    {'V', FORM_LINE, 0, 0, ACT_TEXT},
    {'X', FORM_COUNTED, 4, 0, ACT_TEXT},
    {'a', FORM_BYTES, 0, 1, ACT_NONE},
    {'b', FORM_BYTES, 0, 1, ACT_NONE},
    {'c', FORM_TWO_LINES, 0, 0, ACT_IMPORT},
    {'d', FORM_BYTES, 0, POPS_TO_MARK, ACT_PUSH},
    {'}', FORM_BYTES, 0, 0, ACT_PUSH},
    {'e', FORM_BYTES, 0, POPS_TO_MARK, ACT_NONE},
    {'g', FORM_LINE, 0, 0, ACT_GET},
    {'h', FORM_BYTES, 1, 0, ACT_GET},
    {'i', FORM_TWO_LINES, 0, POPS_TO_MARK, ACT_IMPORT},
    {'j', FORM_BYTES, 4, 0, ACT_GET},
    {'l', FORM_BYTES, 0, POPS_TO_MARK, ACT_PUSH},
    {']', FORM_BYTES, 0, 0, ACT_PUSH},
    {'o', FORM_BYTES, 0, POPS_TO_MARK, ACT_PUSH},
    {'p', FORM_LINE, 0, 0, ACT_PUT},
    {'q', FORM_BYTES, 1, 0, ACT_PUT},
    {'r', FORM_BYTES, 4, 0, ACT_PUT},
    {'s', FORM_BYTES, 0, 2, ACT_NONE},
    {'t', FORM_BYTES, 0, POPS_TO_MARK, ACT_PUSH},
    {')', FORM_BYTES, 0, 0, ACT_PUSH},
    {'u', FORM_BYTES, 0, POPS_TO_MARK, ACT_NONE},
    {'G', FORM_BYTES, 8, 0, ACT_PUSH},
    /* Protocol 2. */
    {0x80, FORM_BYTES, 1, 0, ACT_PROTOCOL},
    {0x81, FORM_BYTES, 0, 2, ACT_PUSH},
    {0x82, FORM_BYTES, 1, 0, ACT_EXTENSION},
    {0x83, FORM_BYTES, 2, 0, ACT_EXTENSION},
    {0x84, FORM_BYTES, 4, 0, ACT_EXTENSION},
    {0x85, FORM_BYTES, 0, 1, ACT_PUSH},
    {0x86, FORM_BYTES, 0, 2, ACT_PUSH},
    {0x87, FORM_BYTES, 0, 3, ACT_PUSH},
    {0x88, FORM_BYTES, 0, 0, ACT_PUSH},
    {0x89, FORM_BYTES, 0, 0, ACT_PUSH},
    {0x8a, FORM_COUNTED, 1, 0, ACT_PUSH},
    {0x8b, FORM_COUNTED, 4, 0, ACT_PUSH},
    /* Protocol 3. */
    {'B', FORM_COUNTED, 4, 0, ACT_PUSH},
    {'C', FORM_COUNTED, 1, 0, ACT_PUSH},
    /* Protocol 4. */
    {0x8c, FORM_COUNTED, 1, 0, ACT_TEXT},
    {0x8d, FORM_COUNTED, 8, 0, ACT_TEXT},
    {0x8e, FORM_COUNTED, 8, 0, ACT_PUSH},
    {0x8f, FORM_BYTES, 0, 0, ACT_PUSH},
    {0x90, FORM_BYTES, 0, POPS_TO_MARK, ACT_NONE},
    {0x91, FORM_BYTES, 0, POPS_TO_MARK, ACT_PUSH},
    {0x92, FORM_BYTES, 0, 3, ACT_PUSH},
    {0x93, FORM_BYTES, 0, 0, ACT_IMPORT_STACK},
    {0x94, FORM_BYTES, 0, 0, ACT_MEMOIZE},
    {0x95, FORM_BYTES, 8, 0, ACT_NONE},
    /* Protocol 5. */
    {0x96, FORM_COUNTED, 8, 0, ACT_PUSH},
    {0x97, FORM_BYTES, 0, 0, ACT_PUSH},
    {0x98, FORM_BYTES, 0, 0, ACT_NONE},
};

const struct opcode *opcode_find(unsigned char code)
{
    for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++)
        if (opcodes[i].code == code)
            return &opcodes[i];
    return NULL;
}
