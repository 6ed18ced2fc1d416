#include "pickle/opcodes_internal.h"
#include "pickle/pickle_internal.h"

#include <string.h>

#define STACK_MAX ((size_t)1 << 20)
#define MEMO_MAX ((size_t)1 << 20)
/* A longer text is no name of a module. */
#define TEXT_MAX 512

/* On the stack or in the memo: the number of a text, or one of these. */
#define VALUE_OTHER SIZE_MAX
#define VALUE_MARK (SIZE_MAX - 1)

struct machine {
    struct pickle_scan *scan; /* borrowed */
    struct strings texts;
    size_t *stack;
    size_t depth;
    size_t *memo;
    size_t memo_size;
    size_t memo_count; /* of MEMOIZE */
    struct buf text;   /* of the opcode that is run */
    bool has_text;     /* it is one, whole, and without escapes */
    bool is_lost;      /* the memo is not known any more */
    bool reads_arrays; /* joblib has raw arrays between opcodes */
};

struct machine *machine_new(struct pickle_scan *scan)
{
    struct machine *machine = xcalloc(1, sizeof(*machine));

    machine->scan = scan;
    return machine;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL)
        return;
    strings_release(&machine->texts);
    buf_release(&machine->text);
    free(machine->stack);
    free(machine->memo);
    free(machine);
}

static bool push(struct machine *machine, size_t value)
{
    if (machine->depth == STACK_MAX) {
        pickle_scan_note_unread(machine->scan, "it has more than %zu values on its stack",
                                STACK_MAX);
        return false;
    }
    if ((machine->depth & (machine->depth - 1)) == 0)
        machine->stack = xrealloc(machine->stack, machine->depth > 0 ? 2 * machine->depth : 1,
                                  sizeof(*machine->stack));
    machine->stack[machine->depth++] = value;
    return true;
}

/* What is on top, and takes it away; VALUE_MARK if that is a mark or nothing: there it stays. */
static size_t pop(struct machine *machine)
{
    if (machine->depth == 0 || machine->stack[machine->depth - 1] == VALUE_MARK)
        return VALUE_MARK;
    return machine->stack[--machine->depth];
}

static bool pop_some(struct machine *machine, unsigned count)
{
    while (count-- > 0)
        if (pop(machine) == VALUE_MARK)
            return false;
    return true;
}

static bool pop_to_mark(struct machine *machine)
{
    while (pop(machine) != VALUE_MARK)
        ;
    if (machine->depth == 0)
        return false;
    machine->depth--;
    return true;
}

/* The text of the opcode as a value. */
static size_t text_value(struct machine *machine)
{
    if (!machine->has_text)
        return VALUE_OTHER;
    strings_add(&machine->texts, buf_text(&machine->text));
    return machine->texts.count - 1;
}

/*
 * A number that is not followed here may be one for an unpickler: from then on whatever comes from
 * the memo is not known, so that nothing passes for a name that it is not.
 */
static bool put(struct machine *machine, uint64_t number)
{
    if (machine->depth == 0 || machine->stack[machine->depth - 1] == VALUE_MARK)
        return false;
    machine->is_lost = machine->is_lost || number >= MEMO_MAX;
    if (machine->is_lost)
        return true;
    if (number >= machine->memo_size) {
        size_t size = 64;
        while (size <= number)
            size *= 2;
        machine->memo = xrealloc(machine->memo, size, sizeof(*machine->memo));
        for (size_t i = machine->memo_size; i < size; i++)
            machine->memo[i] = VALUE_MARK; /* nothing */
        machine->memo_size = size;
    }
    machine->memo_count += machine->memo[number] == VALUE_MARK;
    machine->memo[number] = machine->stack[machine->depth - 1];
    return true;
}

static bool get(struct machine *machine, uint64_t number)
{
    bool is_there =
        !machine->is_lost && number < machine->memo_size && machine->memo[number] != VALUE_MARK;

    return push(machine, is_there ? machine->memo[number] : VALUE_OTHER);
}

/* Names of modules and of what is in them are of such letters, and above ASCII whatever. */
static bool is_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || strchr("._<>- ", *at) != NULL || (*at & 0x80) != 0))
            return false;
    return *text != '\0' && text_is_utf8(text);
}

static void add_import(struct machine *machine, const char *module, const char *name)
{
    pickle_scan_add_import(machine->scan, module, name);
    machine->reads_arrays = machine->reads_arrays || strcmp(name, "NumpyArrayWrapper") == 0;
}

/* GLOBAL and INST: "module\nname" is the text of the opcode. */
static bool import_lines(struct machine *machine)
{
    CLEANUP(text) char *module = xstrdup(buf_text(&machine->text));
    char *name = strchr(module, '\n');

    if (name == NULL)
        return false;
    *name++ = '\0';
    if (!is_name(module) || !is_name(name))
        return false;
    add_import(machine, module, name);
    return true;
}

/* A name that does not stand in the file is made up by it, and no honest pickle does that. */
static bool import_stack(struct machine *machine)
{
    size_t name = pop(machine);
    size_t module = pop(machine);

    if (name == VALUE_MARK || module == VALUE_MARK)
        return false;
    if (name == VALUE_OTHER || module == VALUE_OTHER)
        pickle_scan_add(machine->scan, "a name that it makes up", PICKLE_DANGEROUS);
    else
        add_import(machine, machine->texts.items[module], machine->texts.items[name]);
    return true;
}

static bool add_extension(struct machine *machine, uint64_t number)
{
    CLEANUP(text) char *name = xasprintf(PICKLE_EXTENSION "%llu", (unsigned long long)number);

    pickle_scan_add(machine->scan, name, PICKLE_UNKNOWN);
    return true;
}

/* What the opcode does besides taking values from the stack; false: it cannot. */
static bool act(struct machine *machine, enum opcode_action action, uint64_t number)
{
    switch (action) {
    case ACT_NONE:
    case ACT_STOP:
        return true;
    case ACT_PROTOCOL:
        return number <= PICKLE_PROTOCOL_MAX;
    case ACT_PUSH:
        return push(machine, VALUE_OTHER);
    case ACT_TEXT:
        return push(machine, text_value(machine));
    case ACT_MARK:
        return push(machine, VALUE_MARK);
    case ACT_POP: /* of a mark, too */
        if (machine->depth == 0)
            return false;
        machine->depth--;
        return true;
    case ACT_DUP:
        return machine->depth > 0 && push(machine, machine->stack[machine->depth - 1]);
    case ACT_PUT:
        return put(machine, number);
    case ACT_MEMOIZE:
        return put(machine, machine->memo_count);
    case ACT_GET:
        return get(machine, number);
    case ACT_IMPORT:
        return import_lines(machine) && push(machine, VALUE_OTHER);
    case ACT_IMPORT_STACK:
        return import_stack(machine) && push(machine, VALUE_OTHER);
    case ACT_EXTENSION:
        return add_extension(machine, number) && push(machine, VALUE_OTHER);
    }
    abort();
}

/* The number of PUT and GET in digits; Python takes more than these, which is not followed. */
static uint64_t parse_number(const struct buf *line)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    uint64_t number = MEMO_MAX;

    if (strlen(buf_text(line)) != line->size ||
        parse_u64(buf_text(line), MEMO_MAX, &number, &ignored) < 0)
        return MEMO_MAX;
    return number;
}

/* One line, or two as "a\nb"; quotes around it are of STRING. */
static int read_lines(struct machine *machine, struct window *window, const struct opcode *opcode,
                      bool *found, struct error *err)
{
    CLEANUP(buf) struct buf line = BUF_INIT;

    buf_clear(&machine->text);
    for (unsigned i = 0; i < (opcode->form == FORM_TWO_LINES ? 2u : 1u); i++) {
        if (window_line(window, &line, found, err) < 0)
            return -1;
        if (!*found)
            return 0;
        buf_addf(&machine->text, "%s%s", i > 0 ? "\n" : "", buf_text(&line));
        machine->has_text = machine->has_text && strlen(buf_text(&line)) == line.size;
        /* No module has a NUL in its name; headers of tar archives have. */
        *found = opcode->form != FORM_TWO_LINES || strlen(buf_text(&line)) == line.size;
        if (!*found)
            return 0;
    }
    const char *text = buf_text(&machine->text);
    size_t size = machine->text.size;
    if (opcode->form == FORM_QUOTED && size >= 2 && (text[0] == '"' || text[0] == '\'') &&
        text[size - 1] == text[0]) {
        CLEANUP(text) char *inner = xstrndup(text + 1, size - 2);
        buf_clear(&machine->text);
        buf_add_text(&machine->text, inner);
    }
    machine->has_text =
        machine->has_text && size <= TEXT_MAX && strchr(buf_text(&machine->text), '\\') == NULL;
    return 0;
}

/* What stands behind a length; a long one is passed over and not asked for. */
static int read_counted(struct machine *machine, struct window *window, uint64_t size, bool *found,
                        struct error *err)
{
    const unsigned char *bytes = NULL;
    uint64_t end = 0;

    *found = u64_add(window->at, size, &end) && end <= window->in->size;
    machine->has_text = machine->has_text && size <= TEXT_MAX;
    if (*found && machine->has_text) {
        if (window_need(window, (size_t)size, &bytes, err) < 0)
            return -1;
        *found = bytes != NULL;
        buf_clear(&machine->text);
        if (bytes != NULL)
            buf_add(&machine->text, bytes, (size_t)size);
        machine->has_text = strlen(buf_text(&machine->text)) == size;
    }
    window->at = *found ? end : window->at;
    return 0;
}

static uint64_t little_endian(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;

    while (size > 0)
        number = number << 8 | bytes[--size];
    return number;
}

static int read_argument(struct machine *machine, struct window *window,
                         const struct opcode *opcode, uint64_t *number, bool *found,
                         struct error *err)
{
    const unsigned char *bytes = NULL;

    *found = true;
    *number = 0;
    machine->has_text =
        opcode->action == ACT_TEXT || opcode->form == FORM_TWO_LINES || opcode->form == FORM_LINE;
    if (opcode->form == FORM_LINE || opcode->form == FORM_QUOTED ||
        opcode->form == FORM_TWO_LINES) {
        if (read_lines(machine, window, opcode, found, err) < 0)
            return -1;
        if (*found && (opcode->action == ACT_PUT || opcode->action == ACT_GET))
            *number = parse_number(&machine->text);
        return 0;
    }
    if (window_need(window, opcode->bytes, &bytes, err) < 0)
        return -1;
    *found = bytes != NULL;
    if (bytes == NULL)
        return 0;
    *number = little_endian(bytes, opcode->bytes);
    window->at += opcode->bytes;
    return opcode->form == FORM_COUNTED ? read_counted(machine, window, *number, found, err) : 0;
}

int machine_step(struct machine *machine, struct window *window, enum machine_step *out,
                 struct error *err)
{
    const unsigned char *code = NULL;
    uint64_t number = 0;
    bool found = false;

    *out = MACHINE_DAMAGED;
    if (window_need(window, 1, &code, err) < 0)
        return -1;
    const struct opcode *opcode = code != NULL ? opcode_find(*code) : NULL;
    if (opcode == NULL)
        return 0;
    window->at++;
    if (read_argument(machine, window, opcode, &number, &found, err) < 0)
        return -1;
    if (!found ||
        (opcode->pops == POPS_TO_MARK ? !pop_to_mark(machine)
                                      : !pop_some(machine, (unsigned)opcode->pops)) ||
        !act(machine, opcode->action, number))
        return 0;
    if (opcode->code == 'b' && machine->reads_arrays) {
        pickle_scan_note_unread(machine->scan,
                                "behind its first array, which joblib has between opcodes, "
                                "it is not looked at");
        *out = MACHINE_STOPS;
        return 0;
    }
    *out = opcode->action == ACT_STOP ? MACHINE_STOPS : MACHINE_GOES_ON;
    return 0;
}
