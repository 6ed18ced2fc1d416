#!/usr/bin/env python3
"""Draws images whose layers do what layers can: draw_images.py OCI_DIR FIRST COUNT

Image N (a number, which is its seed) gets two tags: `N`, whose layers are plain, gzip or zstd, and
`N-gzip` of the same tars, for tools that know no zstd. Layers are as builders write them, changes to
what the layers below have: files, folders, links of both kinds, FIFOs, whiteouts and opaque folders,
with parents stated or not, and in each format of tar.
"""
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile

NAMES = ["a", "b", "etc", "x y", "é", "n" * 99, ".dot", "..more", "wh.it"]
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
TYPES = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE,
         "hard": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE}
PREFIX = "application/vnd.oci.image."


class Image:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tree = {"": "folder"}  # path -> kind, of all layers so far
        self.layers = [self.draw_layer() for _ in range(self.random.randint(1, 5))]

    def folders(self):
        return sorted(path for path, kind in self.tree.items() if kind == "folder")

    def below(self, path):
        start = path + "/" if path else ""
        return [other for other in self.tree if other != path and other.startswith(start)]

    def remove(self, path):
        for other in self.below(path):
            del self.tree[other]
        self.tree.pop(path, None)

    def draw_layer(self):
        entries, stated, removed = [], set(), set()
        for _ in range(self.random.randint(1, 12)):
            parent = self.random.choice(self.folders())
            if parent.count("/") > 3:
                continue
            name = self.random.choice(NAMES)
            path = f"{parent}/{name}" if parent else name
            step = self.random.random()
            # What this layer has touched is left alone: a builder states a path once.
            near = any(other == path or other.startswith(path + "/") for other in stated | removed)
            if near or any(path.startswith(other + "/") for other in removed):
                continue
            if step < 0.15 and path in self.tree:
                entries.append((f"{parent}/.wh.{name}" if parent else f".wh.{name}", "file", b""))
                removed.add(path)
                self.remove(path)
            elif step < 0.22 and self.tree.get(path) == "folder":
                entries.append((path, "folder", b""))
                entries.append((f"{path}/.wh..wh..opq", "file", b""))
                for other in self.below(path):
                    removed.add(other)
                self.remove(path)
                self.tree[path] = "folder"
                stated.add(path)
            else:
                self.draw_entry(path, entries, stated)
        return self.pack(entries)

    def draw_entry(self, path, entries, stated):
        kind = self.random.choice(["file", "file", "folder", "folder", "link", "hard", "fifo"])
        content = b""
        if kind == "hard":
            # Of a file of this layer, as a layer may count on no other.
            targets = sorted(other for other in stated if self.tree.get(other) == "file")
            if not targets:
                return
            content = self.random.choice(targets).encode()
        elif kind == "file":
            content = self.random.randbytes(self.random.choice([0, 1, 511, 512, 3000]))
        elif kind == "link":
            content = self.random.choice(["a", "/etc", "../b", "none", "/", "é/x"]).encode()
        if kind != "folder" or self.tree.get(path) != "folder":
            self.remove(path)
        parent = os.path.dirname(path)
        if parent and parent not in stated and self.random.random() < 0.5:
            entries.append((parent, "folder", b""))
            stated.add(parent)
        entries.append((path, kind, content))
        self.tree[path] = "file" if kind == "hard" else kind
        stated.add(path)

    def pack(self, entries):
        dot = self.random.choice(["", "./"])
        members = [self.member(dot, *entry) for entry in entries]
        names = [name.encode() for info, _ in members for name in (info.name, info.linkname)]
        # The oldest format has no room for long names.
        formats = FORMATS if max(map(len, names), default=0) < 90 else FORMATS[1:]
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=self.random.choice(formats)) as archive:
            for info, content in members:
                archive.addfile(info, io.BytesIO(content))
        return raw.getvalue()

    def member(self, dot, path, kind, content):
        info = tarfile.TarInfo(dot + path)
        info.type = TYPES[kind]
        info.mode = self.random.choice([0o755, 0o644, 0o700, 0o4755, 0o1777, 0o000])
        info.uid, info.gid = self.random.choice([0, 1000, 65534]), self.random.choice([0, 5, 100000])
        info.mtime = self.random.randint(0, 2**31)
        if kind in ("link", "hard"):
            info.linkname = (dot if kind == "hard" else "") + content.decode()
            content = b""
        info.size = len(content)
        return info, content


def blob(folder, data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{folder}/blobs/sha256/{digest}", "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def write(folder, image, compressions):
    ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in image.layers]
    config = {"architecture": "amd64", "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": ids}}
    layers = [blob(folder, compress(layer, how), PREFIX + "layer.v1.tar" + (f"+{how}" if how else ""))
              for layer, how in zip(image.layers, compressions)]
    manifest = {"schemaVersion": 2, "mediaType": PREFIX + "manifest.v1+json",
                "config": blob(folder, json.dumps(config).encode(), PREFIX + "config.v1+json"),
                "layers": layers}
    return blob(folder, json.dumps(manifest).encode(), manifest["mediaType"])


def main():
    folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.makedirs(f"{folder}/blobs/sha256")
    manifests = []
    for seed in range(first, first + count):
        image = Image(seed)
        mixed = [image.random.choice(["", "gzip", "zstd"]) for _ in image.layers]
        for tag, compressions in ((str(seed), mixed), (f"{seed}-gzip", ["gzip"] * len(mixed))):
            entry = write(folder, image, compressions)
            entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
            manifests.append(entry)
    with open(f"{folder}/oci-layout", "w") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    with open(f"{folder}/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": manifests}, file)


main()
