#!/usr/bin/env python3
"""Makes a base image with many files: make_large.py OCI_DIR TAG ENTRIES LAYERS [gzip|zstd|plain].

ENTRIES files, folders and links in all, in LAYERS layers, with names and sizes as in the images of
Linux distributions: 2 KiB a file, which pack to about a third. The users are in the lowest layer, so
that all layers have to be read to know the image's user, app. The same arguments give the same files.
Packing with zstd needs the program of that name.
"""
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile

TYPES = "application/vnd.oci.image."
PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n"
GROUP = b"root:x:0:\napp:x:1000:\n"
WORDS = ("import from return value buffer handle request the of and to error index size list "
         "string number object class self none true false static const struct char void").split()
# What files are made of: random words and some bytes that do not pack, prepared once.
POOL_SIZE = 4 << 20


def make_pool(chance):
    out = io.BytesIO()
    while out.tell() < POOL_SIZE:
        out.write((chance.choice(WORDS) + " ").encode() * chance.randrange(1, 3))
        out.write(chance.randbytes(chance.randrange(0, 5)))
    return out.getvalue()


def add(tar, name, kind=tarfile.REGTYPE, data=b"", mode=0o644, owner=0, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid = kind, mode, owner, owner
    info.size, info.mtime, info.linkname = len(data), 1700000000, target
    tar.addfile(info, io.BytesIO(data) if data else None)


def add_system(tar):
    for name, mode, owner in (("etc", 0o755, 0), ("home", 0o755, 0), ("home/app", 0o750, 1000),
                              ("root", 0o700, 0), ("tmp", 0o1777, 0)):
        add(tar, name, tarfile.DIRTYPE, mode=mode, owner=owner)
    add(tar, "etc/passwd", data=PASSWD)
    add(tar, "etc/group", data=GROUP)
    return 7


def add_package(tar, chance, pool, name, left):
    """One folder with up to 40 files and links below it; tells how many entries that made."""
    add(tar, name, tarfile.DIRTYPE, mode=0o755)
    count = min(left - 1, chance.randrange(5, 41))
    for i in range(count):
        path = f"{name}/{chance.choice(WORDS)}_{chance.choice(WORDS)}_{i:03}.py"
        if chance.random() < 0.05:
            add(tar, path, tarfile.SYMTYPE, mode=0o777, target=f"../{chance.choice(WORDS)}.py")
            continue
        size = min(int(chance.expovariate(1 / 2048)), 65536)
        at = chance.randrange(POOL_SIZE - size)
        add(tar, path, data=pool[at:at + size])
    return count + 1


class Sink:
    """Hashes what is written and passes it on."""

    def __init__(self, out):
        self.out, self.hash = out, hashlib.sha256()

    def write(self, data):
        self.hash.update(data)
        return self.out.write(data)


def write_layer(path, packing, number, entries):
    """The layer as a file; tells its diff_id."""
    chance = random.Random(number)
    pool = make_pool(chance)
    with open(path, "wb") as file:
        packer = None
        packed = file
        if packing == "gzip":
            packed = gzip.GzipFile("", "wb", 6, file, mtime=0)
        elif packing == "zstd":
            packer = subprocess.Popen(["zstd", "-q", "-c"], stdin=subprocess.PIPE, stdout=file)
            packed = packer.stdin
        sink = Sink(packed)
        with tarfile.open(fileobj=sink, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
            made = add_system(tar) if number == 0 else 0
            while made < entries:
                name = f"usr/lib/python3/dist-packages/{chance.choice(WORDS)}_{number}_{made:06}"
                made += add_package(tar, chance, pool, name, entries - made)
        if packed is not file:
            packed.close()
        if packer is not None and packer.wait() != 0:
            sys.exit("zstd has not packed the layer")
    return "sha256:" + sink.hash.hexdigest()


def add_blob(folder, path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) \
            else hashlib.sha256(file.read()).hexdigest()
    size = os.path.getsize(path)
    shutil.move(path, f"{folder}/blobs/sha256/{digest}")
    return {"digest": "sha256:" + digest, "size": size}


def add_json(folder, document, media_type):
    path = f"{folder}/document"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return {"mediaType": media_type, **add_blob(folder, path)}


def main(folder, tag, entries, layers, packing="gzip"):
    os.makedirs(f"{folder}/blobs/sha256", exist_ok=True)
    suffix = "" if packing == "plain" else "+" + packing
    diff_ids, blobs = [], []
    for number in range(layers):
        share = entries * (number + 1) // layers - entries * number // layers
        diff_ids.append(write_layer(f"{folder}/layer", packing, number, share))
        blobs.append({"mediaType": f"{TYPES}layer.v1.tar{suffix}",
                      **add_blob(folder, f"{folder}/layer")})
    config = {"architecture": "amd64", "os": "linux",
              "config": {"User": "app", "Env": ["PATH=/usr/bin:/bin"]},
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": f"{TYPES}manifest.v1+json",
                "config": add_json(folder, config, f"{TYPES}config.v1+json"), "layers": blobs}
    root = add_json(folder, manifest, f"{TYPES}manifest.v1+json")
    root["annotations"] = {"org.opencontainers.image.ref.name": tag}
    with open(f"{folder}/oci-layout", "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    with open(f"{folder}/index.json", "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [root]}, file)


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
