#include "pickle/pickle.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A file in memory, and how much of it was asked for. */
struct file {
    const char *data;
    size_t size;
    uint64_t asked;
};

static int read_file(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    struct file *file = arg;

    (void)err;
    assert_true(offset <= file->size && size <= file->size - offset);
    file->asked += size;
    buf_add(out, file->data + offset, size);
    return 0;
}

static void scan(const char *path, const char *data, size_t size, struct pickle_findings *out)
{
    struct file file = {data, size, 0};
    const struct pickle_input in = {size, read_file, &file};
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(pickle_scan(path, &in, out, &err), 0);
}

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
    const char *title, *data;
    size_t size;
    const char *imports; /* "posix.system dangerous"; NULL: it is no pickle */
} imports[] = {
    {"GLOBAL", BYTES("\x80\2cposix\nsystem\nU\2idq\0\x85R."), "posix.system dangerous"},
    {"GLOBAL without PROTO", BYTES("cposix\nsystem\n(S'id'\ntR."), "posix.system dangerous"},
    {"INST", BYTES("(S'id'\nios\nsystem\n."), "os.system dangerous"},
    {"STACK_GLOBAL", BYTES("\x80\4\x8c\2os\x8c\6system\x93\x8c\2id\x85R."), "os.system dangerous"},
    {"names from the memo",
     BYTES("\x80\4\x8c\2os\x94\x8c\6system\x94"
           "00h\0h\1\x93."),
     "os.system dangerous"},
    {"names from a memo that others wrote to",
     BYTES("\x80\2U\13collectionsp1\n0U\2osp1\n0g1\nU\6system\x93."), "os.system dangerous"},
    {"names by DUP and behind a mark",
     BYTES("\x80\4(\x8c\2os\x8c\6system2"
           "0\x93t."),
     "os.system dangerous"},
    {"Python 2's name", BYTES("c__builtin__\neval\n."), "__builtin__.eval dangerous"},
    {"a name that is made up", BYTES("\x80\4N\x8c\6system\x93."),
     "a name that it makes up dangerous"},
    {"a name with an escape", BYTES("S'\\x6fs'\nS'system'\n\x93."),
     "a name that it makes up dangerous"},
    {"a place in the memo that only Python reads", BYTES("V0\np 1_0\n0Vos\np1\nVsystem\np2\n\x93."),
     "os.system dangerous"},
    {"a memo that only Python follows", BYTES("Vcollections\np 1\n0Vos\np1\n0g1\nVsystem\n\x93."),
     "a name that it makes up dangerous"},
    {"extensions", BYTES("\x80\2\x82\7\x83\1\2\x84\1\0\0\0\x87."),
     "extension 7 unknown, extension 513 unknown, extension 1 unknown"},
    {"dots in a name", BYTES("\x80\4\x8c\5torch\x8c\x17serialization.os.system\x93."),
     "torch.serialization.os.system dangerous"},
    {"a checkpoint",
     BYTES("\x80\2ccollections\nOrderedDict\nq\0)Rq\1ctorch._utils\n_rebuild_tensor_v2\n0."),
     "collections.OrderedDict known, torch._utils._rebuild_tensor_v2 known"},
    {"what nobody knows", BYTES("cacme.models\nNet\n."), "acme.models.Net unknown"},
    {"several pickles", BYTES("\x80\2K\1.\x80\2K\2.cposix\nsystem\n.raw"),
     "posix.system dangerous"},
    {"what has run before the damage", BYTES("\x80\2cposix\nsystem\n\xff"),
     "posix.system dangerous"},
    {"nothing", BYTES("\x80\4]\x94."), ""},
    {"bytes", BYTES("\6\0\0\0 is the version of CTranslate2"), NULL},
    {"a text", BYTES("weights"), NULL},
    {"nothing at all", BYTES(""), NULL},
    {"nothing, packed", BYTES("\x28\xb5\x2f\xfd\x50\x4b\x9e\4\1\0\0"), NULL},
};

static void pickle_scan_names_what_each_way_of_importing_imports(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(imports); i++) {
        static const char *const words[] = {"known", "unknown", "dangerous"};
        CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
        CLEANUP(buf) struct buf names = BUF_INIT;
        scan("model.bin", imports[i].data, imports[i].size, &found);
        for (size_t k = 0; k < found.count; k++)
            buf_addf(&names, "%s%s %s", k > 0 ? ", " : "", found.imports[k].name,
                     words[found.imports[k].verdict]);
        if (found.runs_code != (imports[i].imports != NULL) ||
            strcmp(buf_text(&names), imports[i].imports != NULL ? imports[i].imports : "") != 0)
            fail_msg("%s: found '%s'%s, expected '%s'", imports[i].title, buf_text(&names),
                     found.runs_code ? "" : " in no pickle",
                     imports[i].imports != NULL ? imports[i].imports : "no pickle");
    }
}

static void pickle_scan_says_what_it_does_not_look_at(void **state)
{
    static const struct {
        const char *path, *data;
        size_t size;
        const char *unread; /* NULL: nothing */
    } cases[] = {
        {"a.pkl", BYTES("\x80\4]\x94."), NULL},
        {"a.pkl", BYTES("\x80\2X\xff\xff\xff\x7fname."), "it is damaged from byte"},
        {"a.pkl", BYTES("\x80\2(("), "it is damaged from byte 4 on"},
        {"a.pt", BYTES("PK\3\4 and no end"), "a zip archive whose directory cannot be read"},
        {"a.joblib", BYTES("BZh91AY&SY"), "packed with bzip2, xz, lzma, lz4 or an old joblib"},
        {"a.joblib", BYTES("\x5d\0\0\x10\0\0 of another dictionary"),
         "packed with bzip2, xz, lzma"},
        {"a.joblib", BYTES("ZF0x5 of an old joblib"), "packed with bzip2, xz, lzma"},
        {"a.npy", BYTES("\x93NUMPY\1\0\xff\xff{'descr"), "its header is damaged"},
        {"a.joblib", BYTES("\x78\x9c damaged"),
         "what is packed in it cannot be unpacked: the zlib"},
        {"a.joblib", BYTES("\x80\3cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}braw array"),
         "behind its first array"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
        scan(cases[i].path, cases[i].data, cases[i].size, &found);
        if (cases[i].unread == NULL)
            assert_null(found.unread);
        else if (found.unread == NULL || strstr(found.unread, cases[i].unread) == NULL)
            fail_msg("'%s' lacks '%s'", found.unread != NULL ? found.unread : "", cases[i].unread);
        assert_int_equal(pickle_findings_verdict(&found),
                         cases[i].unread != NULL ? PICKLE_UNKNOWN : PICKLE_KNOWN);
    }
}

/* The start of an array with 14 bytes of header behind the type, whose length is put in. */
#define NPY(type) "\x93NUMPY\1\0??{'descr': " type ", 'fortran_order': False, 'shape': (3,), }   \n"
#define OBJECT "cos\ngetcwd\n."
#define HDF5 "\x89HDF\r\n\x1a\n"
#define CWD "imports os.getcwd (dangerous)"
#define LAMBDA "imports a Lambda layer of Keras, byte code of Python (not known)"

static void pickle_scan_finds_objects_and_layers_beside_numbers(void **state)
{
    static const struct {
        const char *path, *data;
        size_t size;
        const char *text; /* NULL: it runs nothing */
    } cases[] = {
        {"a.npy", BYTES(NPY("'<f4'") "\x80\4."), NULL},
        {"a.npy", BYTES(NPY("'|S10'")), NULL},
        {"a.npy", BYTES(NPY("'<M8[25s]'")), NULL},
        {"a.npy", BYTES(NPY("[('O', '<f4'), ('b', '|u1', (3, 2))]")), NULL},
        {"a.npy", BYTES(NPY("'|O'") OBJECT), CWD},
        {"a.npy", BYTES(NPY("'O8'") OBJECT), CWD},
        {"a.npy", BYTES(NPY("'object'") OBJECT), CWD},
        {"a.npy", BYTES(NPY("'|\\x4f'") OBJECT), CWD},
        {"a.npy", BYTES(NPY("'<f4', 'de\\x73cr': 'O'") OBJECT), CWD},
        {"a.npy", BYTES(NPY("[('a\\'', 'O')]") OBJECT), CWD},
        {"a.npy", BYTES(NPY("'<f4'}#") OBJECT), CWD},
        {"a.npy", BYTES(NPY("[('a', 'O')]") OBJECT), CWD},
        {"a.h5", BYTES(HDF5 " model_config {\"class_name\": \"Dense\"}"), NULL},
        {"a.h5", BYTES(HDF5 " {\"class_name\": \"Dense\", \"class_name\":\"Lambda\"}"), LAMBDA},
        {"a.h5", BYTES(HDF5 " {\"cl\\u0061ss_name\": \"L\\u0061mbda\"}"), LAMBDA},
        {"a.h5", BYTES("a user block {\"class_name\": \"Lambda\"}"), LAMBDA},
        {"a.h5", BYTES(HDF5 " {\"module\": \"keras.layers\", \"class_name\": \"Dense\"}"), NULL},
        {"a.h5", BYTES(HDF5 " {\"module\": \"\\u006fs\", \"class_name\": \"system\"}"),
         "imports os.* (dangerous)"},
        {"config.json", BYTES("{\"class_name\": \"Dense\", \"module\": \"keras.layers\"}"), NULL},
        {"config.json", BYTES("[{\"a\": {\"class\\u005fname\": \"L\\u0061mbda\"}}]"), LAMBDA},
        {"config.json", BYTES("{\"class_name\": \"__lambda__\"}"), LAMBDA},
        {"config.json", BYTES("{\"class_name\": \"TorchModuleWrapper\"}"),
         "imports a module of torch in Keras, which is a pickle (dangerous)"},
        {"config.json",
         BYTES("{\"module\": \"os\", \"class_name\": \"function\", \"config\": \"getcwd\"}"), CWD},
        {"config.json",
         BYTES("{\"module\": \"keras.utils\", \"class_name\": \"function\", \"config\": "
               "\"get_file\"}"),
         "imports keras.utils.get_file (not known)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
        CLEANUP(buf) struct buf data = BUF_INIT;
        buf_add(&data, cases[i].data, cases[i].size);
        const char *line = memchr(data.data, '\n', data.size);
        if (text_ends_with(cases[i].path, ".npy") && line != NULL) {
            data.data[8] = (char)(line + 1 - data.data - 10);
            data.data[9] = '\0';
        }
        scan(cases[i].path, data.data, data.size, &found);
        CLEANUP(text) char *text = pickle_findings_format(&found);
        if (found.runs_code != (cases[i].text != NULL) || found.unread != NULL ||
            (cases[i].text != NULL && strcmp(text, cases[i].text) != 0))
            fail_msg("%zu: '%s'", i, text);
    }
}

/* A tensor of 256 MiB in the middle of a pickle, of which nothing has to be fetched. */
static int read_large(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    static const char head[] = "\x80\4\x8e\0\0\0\x10\0\0\0\0";
    static const char tail[] = "0cposix\nsystem\n.";
    uint64_t *asked = arg;

    (void)err;
    *asked += size;
    for (uint64_t at = offset; at < offset + size; at++) {
        uint64_t behind = at - (sizeof(head) - 1) - 256 * MIB;
        char byte = 'x';
        if (at < sizeof(head) - 1)
            byte = head[at];
        else if (at >= sizeof(head) - 1 + 256 * MIB)
            byte = tail[behind];
        buf_add(out, &byte, 1);
    }
    return 0;
}

static void pickle_scan_passes_over_what_is_large(void **state)
{
    uint64_t asked = 0;
    const struct pickle_input in = {11 + 256 * MIB + 17, read_large, &asked};
    CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(pickle_scan("a.bin", &in, &found, &err), 0);
    assert_null(found.unread);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.imports[0].name, "posix.system");
    assert_true(asked < MIB);
}

/* What goes on for ever, or wants more memory than it has bytes. */
static void pickle_scan_has_an_end(void **state)
{
    static const struct {
        const char *bytes, *unread;
    } cases[] = {
        {"(", "it has more than 1048576 values on its stack"},
        {"cposix\nsystem\n", "it has more than"},
        {"\x80\2N.", "what is behind 64 pickles in it is not looked at"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
        CLEANUP(buf) struct buf data = BUF_INIT;
        while (data.size < 18 * MIB)
            buf_add_text(&data, cases[i].bytes);
        scan("a.pkl", buf_text(&data), data.size, &found);
        if (found.unread == NULL || strstr(found.unread, cases[i].unread) == NULL)
            fail_msg("%zu: %s", i, found.unread);
    }
}

static void pickle_findings_save_and_parse_are_inverse(void **state)
{
    static const char data[] =
        "\x80\2ccollections\nOrderedDict\n0cacme\nNet\n0cposix\nsystem\n\xff";
    static const char *const wrong[] = {"",
                                        "runs code\n",
                                        "runs code\nend",
                                        "code\nend\n",
                                        "runs code\nsafe a.b\nend\n",
                                        "runs code\nunread a\nunread b\nend\n"};
    CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
    CLEANUP(pickle_findings) struct pickle_findings again = PICKLE_FINDINGS_INIT;

    (void)state;
    scan("a.bin", data, sizeof(data) - 1, &found);
    assert_int_equal(found.count, 3);
    assert_non_null(found.unread);
    CLEANUP(text) char *text = pickle_findings_save(&found);
    assert_true(pickle_findings_parse(text, &again));
    CLEANUP(text) char *same = pickle_findings_save(&again);
    assert_string_equal(same, text);
    assert_int_equal(pickle_findings_verdict(&again), PICKLE_DANGEROUS);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        CLEANUP(pickle_findings) struct pickle_findings none = PICKLE_FINDINGS_INIT;
        assert_false(pickle_findings_parse(wrong[i], &none));
    }
}

static void pickle_judge_goes_by_module_and_name(void **state)
{
    static const struct {
        const char *module, *name;
        enum pickle_verdict verdict;
    } cases[] = {
        {"torch", "FloatStorage", PICKLE_KNOWN},
        {"torch", "load", PICKLE_DANGEROUS},
        {"torch.storage", "_load_from_bytes", PICKLE_DANGEROUS},
        {"torch", "FloatStorage.from_file", PICKLE_UNKNOWN},
        {"sklearn.ensemble._forest", "RandomForestClassifier", PICKLE_KNOWN},
        {"sklearn.ensemble._forest", "os.system", PICKLE_DANGEROUS},
        {"sklearn", "base.eval", PICKLE_DANGEROUS},
        {"random", "_os.system", PICKLE_DANGEROUS},
        {"acme", "a.__subprocess__.run", PICKLE_DANGEROUS},
        {"acme", "__builtins__.getattr", PICKLE_DANGEROUS},
        {"_socket", "socket", PICKLE_DANGEROUS},
        {"joblib.externals.cloudpickle.cloudpickle", "CloudPickler", PICKLE_DANGEROUS},
        {"codecs", "open", PICKLE_DANGEROUS},
        {"gzip", "open", PICKLE_DANGEROUS},
        {"tokenize", "open", PICKLE_DANGEROUS},
        {"tokenize", "_builtin_open.x", PICKLE_UNKNOWN},
        {"pathlib", "Path.write_text", PICKLE_DANGEROUS},
        {"uuid", "_get_command_stdout", PICKLE_DANGEROUS},
        {"scipy.signal.windows", "Window", PICKLE_UNKNOWN},
        {"re", "_compile", PICKLE_UNKNOWN},
        {"numpy.testing._private.utils", "runstring", PICKLE_DANGEROUS},
        {"os.path", "join", PICKLE_DANGEROUS},
        {"osmium", "Thing", PICKLE_UNKNOWN},
        {"builtins", "set", PICKLE_KNOWN},
        {"builtins", "getattr", PICKLE_DANGEROUS},
        {"builtins", "type", PICKLE_UNKNOWN},
        {"__torch__.model", "Net", PICKLE_KNOWN},
        {"copy_reg", "_reconstructor", PICKLE_KNOWN},
        {"a", "io.open", PICKLE_DANGEROUS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (pickle_judge(cases[i].module, cases[i].name) != cases[i].verdict)
            fail_msg("%s.%s is %d", cases[i].module, cases[i].name,
                     pickle_judge(cases[i].module, cases[i].name));
}

static void pickle_scan_keeps_the_worse_of_two_names_that_look_alike(void **state)
{
    static const char *const names[] = {"A", "os.system"};
    CLEANUP(buf) struct buf module = BUF_INIT;
    CLEANUP(buf) struct buf data = BUF_INIT;
    CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;

    (void)state;
    while (module.size < 250)
        buf_add_text(&module, "a");
    buf_add(&data, "\x80\4", 2);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        buf_addf(&data, "c%s\n%s\n0", buf_text(&module), names[i]);
    buf_add(&data, "N.", 2);
    scan("a.pkl", buf_text(&data), data.size, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(pickle_findings_verdict(&found), PICKLE_DANGEROUS);
}

static void pickle_scan_says_that_it_looks_at_64_pickles_only(void **state)
{
    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        CLEANUP(pickle_findings) struct pickle_findings found = PICKLE_FINDINGS_INIT;
        CLEANUP(buf) struct buf data = BUF_INIT;
        for (size_t i = 1; i < count; i++)
            buf_add(&data, "\x80\2N.", 4);
        buf_add(&data, BYTES("cos\nsystem\n."));
        scan("a.pkl", buf_text(&data), data.size, &found);
        assert_int_equal(found.unread != NULL, count == 65);
        assert_int_equal(found.count, count == 65 ? 0 : 1);
    }
}

static void pickle_is_suspect_goes_by_the_ending(void **state)
{
    (void)state;
    static const char *const suspect[] = {
        "pytorch_model.bin",
        "a/B.PT",
        "x.tar/model.keras",
        "a.pkl.gz",
        "a.pkl.bz2",
        "a.PKL.XZ",
        "a.pkl.zst",
        "a.pickle.gz",
        "a.joblib.gz",
        "a.joblib.z",
        "a.p",
        "a.pk",
        "a.pth.tar",
        "a.pt2",
        "a.torchscript",
        "a.ptl",
        "a.mar",
        "word2vec.model",
        "rust_model.ot",
        "a.pdparams",
        "__0_0.distcp",
        "d/.metadata",
        "a.pckl",
    };
    static const char *const others[] = {
        "a.bin/config.json", "model.safetensors", "bin", "a.tar", "a.gz", "a.gguf", "a.zip", "",
    };

    for (size_t i = 0; i < ARRAY_SIZE(suspect); i++)
        if (!pickle_is_suspect(suspect[i]))
            fail_msg("%s", suspect[i]);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (pickle_is_suspect(others[i]))
            fail_msg("%s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pickle_scan_names_what_each_way_of_importing_imports),
        cmocka_unit_test(pickle_scan_says_what_it_does_not_look_at),
        cmocka_unit_test(pickle_scan_finds_objects_and_layers_beside_numbers),
        cmocka_unit_test(pickle_scan_passes_over_what_is_large),
        cmocka_unit_test(pickle_scan_has_an_end),
        cmocka_unit_test(pickle_findings_save_and_parse_are_inverse),
        cmocka_unit_test(pickle_judge_goes_by_module_and_name),
        cmocka_unit_test(pickle_scan_keeps_the_worse_of_two_names_that_look_alike),
        cmocka_unit_test(pickle_scan_says_that_it_looks_at_64_pickles_only),
        cmocka_unit_test(pickle_is_suspect_goes_by_the_ending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
