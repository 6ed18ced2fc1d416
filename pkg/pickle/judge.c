#include "core/text.h"
#include "pickle/pickle.h"

#include <fnmatch.h>
#include <string.h>

/*
 * What imports do. The names that are known are those that torch.load(weights_only=True) takes, and
 * classes and rebuilding functions of libraries whose checkpoints are pickles; the dangerous ones
 * are what picklescan and fickling list, and what runs, loads or opens whatever it is told.
 */

/* Both are globs, of fnmatch(3); a name with a dot is none of these. */
struct known {
    const char *module;
    const char *names; /* with ' ' between them */
};

static const struct known known[] = {
    {"builtins", "set frozenset dict list tuple int float complex bytes bytearray bool str object "
                 "slice range long unicode xrange Ellipsis NotImplemented"},
    {"collections", "OrderedDict defaultdict Counter deque"},
    {"_codecs", "encode"},
    {"copyreg", "_reconstructor"},
    {"datetime", "date datetime time timedelta timezone"},
    {"decimal", "Decimal"},
    {"fractions", "Fraction"},
    {"uuid", "UUID"},
    {"pathlib", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"},
    {"pathlib._local", "PosixPath WindowsPath PurePosixPath PureWindowsPath"},
    {"argparse", "Namespace"},
    {"types", "SimpleNamespace"},
    {"typing", "Any"},
    {"array", "array _array_reconstructor"},
    {"_io", "BytesIO StringIO"},
    {"io", "BytesIO StringIO"},
    {"numpy", "dtype ndarray matrix int* uint* float* complex* bool bool_ str_ bytes_ object_ void "
              "longlong ulonglong datetime64 timedelta64"},
    {"numpy.dtypes", "*DType"},
    {"numpy.core.multiarray", "_reconstruct scalar"},
    {"numpy._core.multiarray", "_reconstruct scalar"},
    {"numpy.core.numeric", "_frombuffer"},
    {"numpy._core.numeric", "_frombuffer"},
    {"numpy.ma.core", "MaskedArray _mareconstruct"},
    {"numpy.random", "RandomState Generator __RandomState_ctor"},
    {"numpy.random._pickle", "__*_ctor"},
    {"numpy.random._mt19937", "MT19937"},
    {"numpy.random._pcg64", "PCG64 PCG64DXSM"},
    {"numpy.random._philox", "Philox"},
    {"numpy.random._sfc64", "SFC64"},
    {"scipy.sparse", "*_matrix *_array"},
    {"scipy.sparse.*", "*_matrix *_array"},
    {"torch", "*Storage *Tensor Size device dtype float* int* uint* double half short long bool "
              "bfloat16 complex* chalf cfloat cdouble qint* quint* per_* strided sparse_* bits*"},
    {"torch.cuda", "*Storage *Tensor"},
    {"torch.sparse", "*Tensor"},
    {"torch._utils", "_rebuild_*"},
    {"torch._tensor", "_rebuild_from_type_v2 Tensor"},
    {"torch.nn.parameter", "Parameter Buffer UninitializedParameter UninitializedBuffer"},
    {"torch.nn.modules.*", "[A-Z]*"},
    {"torch.nn.backends.thnn", "_get_thnn_function_backend"},
    {"torch.storage", "TypedStorage UntypedStorage _TypedStorage _UntypedStorage"},
    {"torch.serialization", "_get_layout"},
    {"torch.jit._pickle", "build_* restore_type_tag"},
    {"torch.torch_version", "TorchVersion"},
    {"torch.optim.*", "[A-Z]*"},
    {"__torch__", "*"}, /* what a TorchScript archive defines itself */
    {"__torch__.*", "*"},
    {"transformers.training_args", "[A-Z]*"},
    {"transformers.training_args_seq2seq", "[A-Z]*"},
    {"transformers.trainer_utils", "[A-Z]*"},
    {"transformers.trainer_pt_utils", "[A-Z]*"},
    {"transformers.debug_utils", "DebugOption"},
    {"transformers.deepspeed", "Hf*Config"},
    {"transformers.integrations.deepspeed", "Hf*Config"},
    {"transformers.configuration_utils", "[A-Z]*Config"},
    {"transformers.generation.configuration_utils", "[A-Z]*"},
    {"transformers.models.*", "[A-Z]*Config"},
    {"transformers.tokenization_utils", "AddedToken"},
    {"transformers.tokenization_utils_base", "AddedToken BatchEncoding"},
    {"tokenizers", "AddedToken"},
    {"accelerate.state", "[A-Z]*"},
    {"accelerate.utils.dataclasses", "[A-Z]*"},
    {"pytorch_lightning.callbacks.*", "[A-Z]*"},
    {"pytorch_lightning.utilities.*", "AttributeDict"},
    {"omegaconf.*", "DictConfig ListConfig ContainerMetadata Metadata AnyNode"},
    {"sklearn.*", "[A-Z]* newObj __pyx_unpickle_*"},
    {"joblib.numpy_pickle", "NumpyArrayWrapper ZNDArrayWrapper NDArrayWrapper"},
    {"pandas.core.frame", "DataFrame"},
    {"pandas.core.series", "Series"},
    {"pandas.core.indexes.*", "[A-Z]* _new_Index"},
    {"pandas.core.internals.*", "BlockManager SingleBlockManager"},
    {"pandas.core.arrays.*", "[A-Z]*"},
    {"pandas.core.dtypes.dtypes", "[A-Z]*"},
    {"pandas._libs.internals", "_unpickle_block"},
    {"xgboost.*", "[A-Z]*"},
    {"lightgbm.*", "[A-Z]*"},
};

/* With all that is below them. */
static const char *const dangerous_modules[] = {
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "pty",
    "socket",
    "ssl",
    "shutil",
    "runpy",
    "importlib",
    "imp",
    "pkgutil",
    "zipimport",
    "pip",
    "ensurepip",
    "venv",
    "code",
    "codeop",
    "pdb",
    "bdb",
    "cProfile",
    "profile",
    "trace",
    "timeit",
    "doctest",
    "pydoc",
    "webbrowser",
    "ctypes",
    "_ctypes",
    "multiprocessing",
    "_posixsubprocess",
    "asyncio",
    "threading",
    "_thread",
    "concurrent",
    "signal",
    "pickle",
    "_pickle",
    "cPickle",
    "shelve",
    "dill",
    "cloudpickle",
    "marshal",
    "requests",
    "urllib",
    "urllib2",
    "urllib3",
    "httplib",
    "http",
    "aiohttp",
    "httpx",
    "ftplib",
    "smtplib",
    "telnetlib",
    "poplib",
    "imaplib",
    "xmlrpc",
    "commands",
    "popen2",
    "tempfile",
    "tarfile",
    "zipfile",
    "distutils",
    "setuptools",
    "idlelib",
    "lib2to3",
    "inspect",
    "gc",
    "atexit",
    "site",
    "sqlite3",
    "unittest",
    "test",
    "winapi",
    "posixshmem",
    "testcapi",
    "xxsubinterpreters",
    "interpreters",
    "frozen_importlib",
    "frozen_importlib_external",
    "numpy.f2py",
    "numpy.testing",
    "numpy.distutils",
    "numpy.ctypeslib",
    "torch.hub",
    "torch.package",
    "torch._dynamo",
    "torch._inductor",
    "torch.fx",
    "torch.distributed.run",
    "torch.distributed.elastic",
    "torch.jit.unsupported_tensor_ops",
    "torch.utils.cpp_extension",
    "torch.utils._config_module",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.data.datapipes",
};

/* Names in modules that are not dangerous as a whole. */
static const struct known dangerous[] = {
    {"builtins", "eval exec compile open getattr setattr delattr __import__ globals locals vars "
                 "input breakpoint apply execfile file exit quit help reload"},
    {"_io", "open open_code FileIO"},
    {"io", "open open_code FileIO"},
    {"functools", "partial partialmethod reduce"},
    {"operator", "attrgetter itemgetter methodcaller"},
    {"_operator", "attrgetter itemgetter methodcaller"},
    {"types", "FunctionType CodeType LambdaType MethodType"},
    {"platform", "popen"},
    {"logging.config", "*"},
    {"linecache", "*"},
    {"fileinput", "*"},
    {"numpy", "load loadtxt genfromtxt fromfile memmap save savez"},
    {"numpy.lib.npyio", "load"},
    {"numpy.lib._npyio_impl", "load"},
    {"torch", "load save compile"},
    {"torch.serialization", "load save"},
    {"torch.storage", "_load_from_bytes"},
    {"torch.jit", "load script"},
    {"torch.jit._serialization", "load"},
    {"joblib", "load dump"},
    {"joblib.numpy_pickle", "load dump"},
    {"pandas", "read_pickle eval"},
    {"pandas.io.pickle", "read_pickle"},
    {"pandas.core.computation.eval", "eval"},
    {"keras.*", "load_model"},
    {"tensorflow.*", "load_model load_library load_op_library"},
    {"yaml", "load unsafe_load full_load"},
};

/*
 * Names that run, load or open what they are told in whatever module they are met: gzip.open,
 * codecs.open and tokenize.open are one function more than anybody lists. Without the '_' at their
 * ends.
 */
static const char *const dangerous_names =
    "open fdopen open_code system popen Popen startfile spawn[lv]* exec exec[lv]* execfile eval "
    "import import_module load_module exec_module load_source load_dynamic globals builtins "
    "subclasses getattr setattr delattr getattribute run_module run_path runcode runsource "
    "runstring check_call check_output getoutput getstatusoutput get_command_stdout write_text "
    "write_bytes read_text read_bytes read_pickle unsafe_load load_from_bytes unlink rmtree "
    "urlopen urlretrieve extractall FileType FileHandler";

/* Modules that are these wherever a package has them: joblib.externals.cloudpickle. */
static const char *const dangerous_parts =
    "os posix nt sys subprocess pty socket shutil runpy importlib builtins ctypes multiprocessing "
    "pickle cPickle dill cloudpickle loky marshal requests urllib urllib3";

/* Python 2's names of modules, as an unpickler of Python 3 reads them. */
static const char *today(const char *module)
{
    if (strcmp(module, "__builtin__") == 0 || strcmp(module, "__builtins__") == 0)
        return "builtins";
    return strcmp(module, "copy_reg") == 0 ? "copyreg" : module;
}

static bool is_one_of(const char *names, const char *name)
{
    while (*names != '\0') {
        size_t size = strcspn(names, " ");
        CLEANUP(text) char *glob = xstrndup(names, size);
        if (fnmatch(glob, name, 0) == 0)
            return true;
        names += size;
        names += strspn(names, " ");
    }
    return false;
}

static bool is_listed(const struct known *list, size_t count, const char *module, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(list[i].module, module, 0) == 0 && is_one_of(list[i].names, name))
            return true;
    return false;
}

static bool is_dangerous_module(const char *module)
{
    for (size_t i = 0; i < ARRAY_SIZE(dangerous_modules); i++) {
        size_t size = strlen(dangerous_modules[i]);
        if (strncmp(module, dangerous_modules[i], size) == 0 &&
            (module[size] == '.' || module[size] == '\0'))
            return true;
    }
    return false;
}

/* Without the '_' at both ends: modules have others under such names, random._os. Caller frees. */
static char *bare(const char *part, size_t size)
{
    for (; size > 0 && *part == '_'; size--)
        part++;
    while (size > 0 && part[size - 1] == '_')
        size--;
    return xstrndup(part, size);
}

static bool is_dangerous_in(const char *module, const char *name)
{
    CLEANUP(text) char *name_bare = bare(name, strlen(name));

    return is_dangerous_module(module) || is_dangerous_module(module + strspn(module, "_")) ||
           is_listed(dangerous, ARRAY_SIZE(dangerous), module, name) ||
           is_one_of(dangerous_names, name_bare);
}

static bool has_dangerous_part(const char *module)
{
    for (const char *at = strchr(module, '.'); at != NULL && *at == '.';) {
        size_t size = strcspn(++at, ".");
        CLEANUP(text) char *part = bare(at, size);
        if (is_one_of(dangerous_parts, part))
            return true;
        at += size;
    }
    return false;
}

/* Protocol 4 follows dots in a name: "torch" has "serialization.os.system". */
static bool leads_to_danger(const char *module, const char *name)
{
    CLEANUP(text) char *before = xstrdup(module);

    if (has_dangerous_part(module))
        return true;
    for (const char *at = name; *at != '\0'; at += *at == '.') {
        size_t size = strcspn(at, ".");
        CLEANUP(text) char *part = xstrndup(at, size);
        if (is_dangerous_in(before, part))
            return true;
        free(before);
        before = bare(part, size);
        at += size;
    }
    return false;
}

enum pickle_verdict pickle_judge(const char *module, const char *name)
{
    const char *where = today(module);

    if (leads_to_danger(where, name))
        return PICKLE_DANGEROUS;
    if (strchr(name, '.') == NULL && is_listed(known, ARRAY_SIZE(known), where, name))
        return PICKLE_KNOWN;
    return PICKLE_UNKNOWN;
}
