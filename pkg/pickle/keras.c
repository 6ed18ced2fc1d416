#include "json/parse.h"
#include "pickle/pickle_internal.h"

#include <jansson.h>
#include <string.h>

#define CONFIG_MAX ((size_t)(16 * MIB))
#define CONFIG_VALUES_MAX ((size_t)300000)
/* Of a model in HDF5: the configuration stands before the weights. */
#define HDF5_READ_MAX ((size_t)(16 * MIB))
#define CLASS_KEY "\"class_name\""
#define MODULE_KEY "\"module\""
#define NAME_MAX_SIZE 200

/* Layers that have code in them. */
static void look_at_class(struct pickle_scan *scan, const char *name)
{
    static const char *const lambdas[] = {"Lambda", "__lambda__", NULL};

    if (text_is_among(name, lambdas)) {
        scan->findings->runs_code = true;
        pickle_scan_add(scan, "a Lambda layer of Keras, byte code of Python", PICKLE_UNKNOWN);
    } else if (strcmp(name, "TorchModuleWrapper") == 0) {
        scan->findings->runs_code = true;
        pickle_scan_add(scan, "a module of torch in Keras, which is a pickle", PICKLE_DANGEROUS);
    }
}

static bool is_of_keras(const char *module)
{
    static const char *const modules[] = {"keras", "tf_keras", "tensorflow"};

    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        size_t size = strlen(modules[i]);
        if (strncmp(module, modules[i], size) == 0 && (module[size] == '.' || module[size] == '\0'))
            return true;
    }
    return strcmp(module, "builtins") == 0;
}

/* Keras imports the module, and takes the class, or the function, from it. */
static void look_at_module(struct pickle_scan *scan, const char *module, const char *name)
{
    if (is_of_keras(module))
        return;
    scan->findings->runs_code = true;
    pickle_scan_add_import(scan, module, name);
}

static void look_at_object(struct pickle_scan *scan, json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "class_name"));
    const char *module = json_string_value(json_object_get(object, "module"));
    const char *function = json_string_value(json_object_get(object, "config"));
    bool is_function = name != NULL && strcmp(name, "function") == 0 && function != NULL;

    if (name != NULL)
        look_at_class(scan, name);
    if (name != NULL && module != NULL)
        look_at_module(scan, module, is_function ? function : name);
    if (is_function && module != NULL && is_of_keras(module) && strcmp(module, "builtins") != 0) {
        scan->findings->runs_code = true;
        pickle_scan_add_import(scan, module, function);
    }
}

/* jansson has taken no more than 2048 levels. */
static void walk(struct pickle_scan *scan, json_t *json)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t i = 0;

    if (json_is_object(json))
        look_at_object(scan, json);
    json_object_foreach(json, key, value)
    {
        walk(scan, value);
    }
    json_array_foreach(json, i, value)
    {
        walk(scan, value);
    }
}

int pickle_scan_keras_config(struct pickle_scan *scan, const struct pickle_input *in,
                             struct error *err)
{
    static const struct json_rules rules = {.values_max = CONFIG_VALUES_MAX,
                                            .flags = JSON_DECODE_ANY | JSON_ALLOW_NUL};
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    bool found = in->size <= CONFIG_MAX;

    if (!found)
        pickle_scan_note_unread(scan, "'config.json' in it is larger than %zu MiB",
                                CONFIG_MAX / (size_t)MIB);
    if (!found || pickle_scan_read(scan, in, (struct extent){0, in->size}, &bytes, &found, err) < 0)
        return found ? -1 : 0;
    if (!found)
        return 0;
    json_auto_t *json = NULL;
    if (json_parse(buf_text(&bytes), bytes.size, &rules, &json, &ignored) < 0)
        pickle_scan_note_unread(scan, "'config.json' in it cannot be read as JSON");
    else
        walk(scan, json);
    return 0;
}

/* The ASCII character that "\u0061" at `text` stands for; -1: it is none. */
static int escaped(const char *text, size_t size)
{
    int number = 0;

    if (size < 6 || memcmp(text, "\\u00", 4) != 0)
        return -1;
    for (size_t i = 4; i < 6; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (digit == NULL)
            return -1;
        number = number * 16 + (int)((digit - digits) % 16);
    }
    return number != '"' && number != '\\' && number >= ' ' && number < 127 ? number : -1;
}

/* JSON spells a letter in two ways; afterwards it is the letter. */
static void unescape(struct buf *bytes)
{
    size_t to = 0;

    for (size_t at = 0; at < bytes->size;) {
        int letter = escaped(bytes->data + at, bytes->size - at);
        bytes->data[to] = bytes->data[at];
        if (letter >= 0)
            bytes->data[to] = (char)letter;
        to++;
        at += letter < 0 ? 1 : 6;
    }
    bytes->size = to;
    if (bytes->data != NULL)
        bytes->data[to] = '\0';
}

/* The next text that is the value of the member, and moves behind it; NULL: there is none.
 * Caller frees. */
static char *next_value(const char **at, const char *end, const char *key)
{
    while (*at < end) {
        const char *found = memmem(*at, (size_t)(end - *at), key, strlen(key));
        if (found == NULL)
            break;
        *at = found + strlen(key);
        const char *value = *at + strspn(*at, ": \t\r\n");
        const char *close = *value == '"' ? strchr(value + 1, '"') : NULL;
        if (close != NULL && close - value <= NAME_MAX_SIZE)
            return xstrndup(value + 1, (size_t)(close - value - 1));
    }
    *at = end;
    return NULL;
}

int pickle_scan_hdf5(struct pickle_scan *scan, const struct pickle_input *in, struct error *err)
{
    size_t size = in->size < HDF5_READ_MAX ? (size_t)in->size : HDF5_READ_MAX;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    bool found = false;

    if (in->size > HDF5_READ_MAX)
        pickle_scan_note_unread(scan, "what is behind the first %zu MiB is not looked at",
                                HDF5_READ_MAX / (size_t)MIB);
    if (pickle_scan_read(scan, in, (struct extent){0, size}, &bytes, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    unescape(&bytes);
    const char *end = buf_text(&bytes) + bytes.size;
    for (const char *at = buf_text(&bytes); at < end;) {
        CLEANUP(text) char *name = next_value(&at, end, CLASS_KEY);
        if (name != NULL)
            look_at_class(scan, name);
    }
    for (const char *at = buf_text(&bytes); at < end;) {
        CLEANUP(text) char *module = next_value(&at, end, MODULE_KEY);
        if (module != NULL)
            look_at_module(scan, module, "*");
    }
    return 0;
}
