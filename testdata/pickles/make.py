#!/usr/bin/env python3
"""Writes harmless and harmful files of models into a folder, and what is in them as JSON.

    make.py FOLDER

Nothing here is ever loaded: the pickles are put together from their opcodes, so that none of the
libraries is needed and nothing runs. Standard output is a list of objects: "path", "runs_code" (the
file is one that runs code when it is loaded), "imports" ({name: verdict}) and "unread" (whether a
part of it cannot be looked at).
"""

import contextlib
import gzip
import io
import json
import lzma
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

KNOWN, UNKNOWN, DANGEROUS = "known", "unknown", "dangerous"


def call(module, name, argument=b"\x8c\x04true", protocol=2):
    """A call of what is imported, with one text, as the opcodes between PROTO and STOP."""
    if protocol >= 4:
        text = lambda value: b"\x8c" + bytes([len(value)]) + value.encode()
        return text(module) + text(name) + b"\x93" + argument + b"\x85R"
    return f"c{module}\n{name}\n".encode() + b"U\x04true\x85R"


def proto(body, protocol=2):
    return b"\x80" + bytes([protocol]) + body + b"."


def state_dict():
    """What torch.save() writes of {"weight": tensor}, for the archive and for the older files."""
    storage = b"(X\x07\0\0\0storageq\x01ctorch\nFloatStorage\nq\x02X\x01\0\0\x000q\x03X\x03\0\0\0cpuq\x04K\x04tq\x05Q"
    tensor = (b"ctorch._utils\n_rebuild_tensor_v2\nq\x06(" + storage + b"K\0K\x04\x85K\x01\x85\x89"
              b"ccollections\nOrderedDict\nq\x07)RtR")
    return proto(b"}q\0X\x06\0\0\0weightq\x08" + tensor + b"s")


TORCH = {"torch.FloatStorage": KNOWN, "torch._utils._rebuild_tensor_v2": KNOWN, "collections.OrderedDict": KNOWN}
SHELL = {"posix.system": DANGEROUS}


def zipped(members, method=zipfile.ZIP_STORED, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


@contextlib.contextmanager
def zip64():
    """What is written meanwhile is as zipfile writes 4 GiB and 65,536 members: sizes, offsets and the end in Zip64."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 16, 0
    try:
        yield
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits


def torch_zip(data, method=zipfile.ZIP_STORED):
    return zipped({"archive/data.pkl": data, "archive/byteorder": b"little", "archive/data/0": bytes(65536),
                   "archive/version": b"3\n"}, method)


def torch_old(data):
    """torch.save() before 1.6: five pickles, and then the storages."""
    magic = proto(b"\x8a\x0a" + struct.pack("<Q", 0x50A86A20F9466CFC) + b"\x19\x00", 2)
    system = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
    return magic + pickle.dumps(1001, 2) + system + data + pickle.dumps(["0"], 2) + bytes(range(256)) * 64


def hidden_directory(shown, hidden):
    """An end record that names the directory of one archive, behind that of another, where Python looks."""
    end = shown[-22:]
    return shown[:-22] + hidden[:-22] + hidden[-22:-10] + end[12:]


def tar_with_link(name, content, link):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo(link)
        info.type, info.linkname = tarfile.SYMTYPE, name
        archive.addfile(info)
    return out.getvalue()


def tarred(members, pax_headers=None, kind=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.pax_headers = pax_headers or {}
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pickle_as_tar():
    """A pickle of text whose first 512 bytes have the checksum of a tar header, in a text that is taken off."""
    head = b"cos\nsystem\n(S'true'\ntR0V"
    head += b"x" * (148 - len(head))
    rest = b"\0 " + b"x" * (512 - 156 - 5) + b"\n0N"
    checksum = sum(head) + 8 * ord(" ") + sum(rest[2:])
    return head + b"%06o" % checksum + rest + b"."


def npy(descr, content):
    header = ("{'descr': %s, 'fortran_order': False, 'shape': (1,), }" % descr).encode()
    header += b" " * (118 - len(header) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def files():
    shell = proto(call("posix", "system"))
    shell4 = proto(call("posix", "system", protocol=4), 4)
    objects = proto(b"cnumpy.core.multiarray\n_reconstruct\n0cnumpy\nndarray\n", 3)
    forest = proto(call("sklearn.ensemble._forest", "RandomForestClassifier", protocol=4), 4)
    layer = lambda kind: json.dumps({"config": {"layers": [{"class_name": kind, "config": {}}]}}).encode()

    # Harmless.
    yield "torch/model.bin", torch_zip(state_dict()), True, TORCH, False
    yield "torch/packed.pt", torch_zip(state_dict(), zipfile.ZIP_DEFLATED), True, TORCH, False
    yield "torch/old.pth", torch_old(state_dict()), True, TORCH, False
    yield "torch/older.pth", tarred({"storages": pickle.dumps(1, 2), "pickle": state_dict()}), True, TORCH, False
    yield "torch/plain.pt", pickle.dumps({"a": [1.5, "b", b"c", None, True, 1 << 80]}, 5), True, {}, False
    yield "sklearn/forest.pkl", forest, True, {"sklearn.ensemble._forest.RandomForestClassifier": KNOWN}, False
    yield "sklearn/forest.joblib", zlib.compress(forest), True, \
        {"sklearn.ensemble._forest.RandomForestClassifier": KNOWN}, False
    yield "sklearn/forest.pickle", gzip.compress(forest, mtime=0), True, \
        {"sklearn.ensemble._forest.RandomForestClassifier": KNOWN}, False
    yield "numpy/numbers.npy", npy("'<f4'", bytes(4)), False, {}, False
    yield "numpy/objects.npy", npy("'|O'", objects), True, \
        {"numpy.core.multiarray._reconstruct": KNOWN, "numpy.ndarray": KNOWN}, False
    yield "numpy/numbers.npz", zipped({"a.npy": npy("'<f4'", bytes(4))}), False, {}, False
    yield "keras/dense.keras", zipped({"config.json": layer("Dense"), "model.weights.h5": b"\x89HDF\r\n\x1a\n"}), \
        False, {}, False
    yield "keras/dense.h5", b"\x89HDF\r\n\x1a\n" + bytes(64) + layer("Dense"), False, {}, False
    yield "other/openvino.bin", bytes(range(128, 256)) * 8, False, {}, False
    yield "other/ctranslate2.bin", struct.pack("<I", 6) + b"TransformerSpec\0" + bytes(64), False, {}, False
    yield "other/words.bin", b"weights\n", False, {}, False
    yield "other/tokenizer.model", b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02\x0a\x0c\x0a\x03<s>\x15\0\0\0\0\x18\x03", False, {}, False
    yield "other/empty.pt", b"", False, {}, False

    # Nobody knows.
    yield "unknown/net.pt", torch_zip(proto(call("acme.models", "Net"))), True, {"acme.models.Net": UNKNOWN}, False
    yield "unknown/lambda.keras", zipped({"config.json": layer("Lambda")}), True, \
        {"a Lambda layer of Keras, byte code of Python": UNKNOWN}, False
    yield "unknown/extension.pkl", proto(b"\x82\x07"), True, {"extension 7": UNKNOWN}, False
    yield "unknown/cut.pkl", state_dict()[:40], True, {}, True
    yield "unknown/cut.pt", torch_zip(state_dict())[:-60], False, {}, True
    yield "unknown/second.npz", zipped({"a.npy": npy("'<f4'", bytes(4))},
        comment=zipped({"a.npy": npy("'|O'", shell)})), False, {}, True
    yield "unknown/begin.npz", zipped({}, comment=zipped({"a.npy": npy("'|O'", shell)})), False, {}, True
    yield "unknown/hidden.npz", hidden_directory(zipped({"a.npy": npy("'<f4'", bytes(4))}),
        zipped({"a.npy": npy("'|O'", shell)})), False, {}, True
    yield "harmful/link.nemo", tar_with_link("x", torch_zip(shell), "model_weights.ckpt"), True, SHELL, True
    yield "unknown/size.nemo", tarred({"x": b"1"}, {"size": "1"}), False, {}, True
    yield "unknown/lzma.joblib", lzma.compress(shell, lzma.FORMAT_ALONE, filters=[
        {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]), True, {}, True
    yield "unknown/escaped.keras", zipped({"config.json": rb'{"class\u005fname": "L\u0061mbda"}'}), True, \
        {"a Lambda layer of Keras, byte code of Python": UNKNOWN}, False
    yield "unknown/padded.keras", zipped({"config.json": b" " * (3 << 20) + layer("Lambda")}), True, \
        {"a Lambda layer of Keras, byte code of Python": UNKNOWN}, False
    yield "unknown/packed.pkl.bz2", b"BZh91AY&SY" + bytes(64), True, {}, True
    yield "unknown/packed.pkl.xz", b"\xfd7zXZ\0" + bytes(64), True, {}, True
    yield "unknown/packed.joblib", b"BZh91AY&SY" + bytes(64), True, {}, True

    # Harmful.
    yield "harmful/shell.pkl", shell, True, SHELL, False
    for name in "shell.p", "shell.pk", "gensim.model", "shell.pth.tar":
        yield f"harmful/{name}", shell, True, SHELL, False
    for name in "zip.pt2", "zip.ptl", "zip.torchscript", "zip.model", "zip.pth.tar", "zip.mar":
        yield f"harmful/{name}", torch_zip(shell), True, SHELL, False
    for name in "packed.pkl.gz", "packed.pickle.gz", "packed.joblib.gz":
        yield f"harmful/{name}", gzip.compress(shell, mtime=0), True, SHELL, False
    yield "harmful/shell.bin", torch_zip(shell), True, SHELL, False
    with zip64():
        large = torch_zip(state_dict()), torch_zip(shell), torch_zip(shell, zipfile.ZIP_DEFLATED)
    yield "torch/zip64.pt", large[0], True, TORCH, False
    yield "harmful/zip64.pt", large[1], True, SHELL, False
    yield "harmful/packed-zip64.ckpt", large[2], True, SHELL, False
    yield "unknown/cut-zip64.pt", large[0][:-60], False, {}, True
    yield "harmful/packed.ckpt", torch_zip(shell4, zipfile.ZIP_DEFLATED), True, SHELL, False
    yield "harmful/comment.pt", zipped({"archive/data.pkl": shell}, comment=b"PK\5\6" + bytes(60)), True, SHELL, True
    yield "harmful/bare.npz", zipped({"a.npy": npy("'<f4'", bytes(4)), "b": npy("'|O'", shell)}), True, SHELL, False
    yield "harmful/bare.sav", zipped({"b": npy("'|O'", shell)}), True, SHELL, False
    yield "harmful/pax.nemo", tarred({"x": torch_zip(shell)}, {"path": "model_weights.ckpt"}), True, SHELL, False
    yield "harmful/long.nemo", tarred({"a/" * 60 + "model_weights.ckpt": torch_zip(shell)}, kind=tarfile.GNU_FORMAT), \
        True, SHELL, False
    yield "harmful/second.pth", torch_old(shell), True, SHELL, False
    yield "harmful/behind.pkl", pickle.dumps({"a": 1}, 2) + shell, True, SHELL, False
    yield "harmful/text.pkl", b"cos\nsystem\n(S'true'\ntR.", True, {"os.system": DANGEROUS}, False
    yield "harmful/inst.dill", b"(S'true'\nios\nsystem\n.", True, {"os.system": DANGEROUS}, False
    yield "harmful/damaged.pkl", b"\x80\x02" + call("posix", "system") + b"\xff\xff", True, SHELL, True
    yield "harmful/memo.pkl", proto(b"\x8c\x05posix\x94\x8c\x06system\x9400h\0h\1\x93", 4), True, SHELL, False
    yield "harmful/computed.pkl", proto(b"N\x8c\x06system\x93", 4), True, {"a name that it makes up": DANGEROUS}, False
    yield "harmful/dots.pkl", proto(call("torch", "serialization.os.system", protocol=4), 4), True, \
        {"torch.serialization.os.system": DANGEROUS}, False
    yield "harmful/getattr.joblib", zlib.compress(proto(call("builtins", "getattr", protocol=4), 4)), True, \
        {"builtins.getattr": DANGEROUS}, False
    yield "harmful/nested.npz", zipped({"a.npy": npy("'|O'", shell)}, zipfile.ZIP_DEFLATED), True, SHELL, False
    yield "harmful/member.nemo", tarred({"model_config.yaml": b"a: 1\n", "model_weights.ckpt": torch_zip(shell)}), \
        True, SHELL, False
    yield "harmful/escaped.npy", npy("'|\\x4f'", shell), True, SHELL, False
    yield "harmful/object.npy", npy("'object'", shell), True, SHELL, False
    yield "harmful/key.npy", npy("'<f4', 'de\\x73cr': 'O'", shell), True, SHELL, False
    yield "harmful/tar.pkl", pickle_as_tar(), True, {"os.system": DANGEROUS}, False
    yield "harmful/loads.pt", torch_zip(proto(call("torch.storage", "_load_from_bytes"))), True, \
        {"torch.storage._load_from_bytes": DANGEROUS}, False


def main():
    folder = Path(sys.argv[1])
    made = []
    for path, content, runs_code, imports, unread in files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        made.append({"path": path, "runs_code": runs_code, "imports": imports, "unread": unread})
    json.dump(made, sys.stdout, indent=1)


main()
