#!/usr/bin/env python3
"""Gives an image another layer, as odd writers of tars make them: edit_layer.py OCI_DIR TAG NEW_TAG CHANGE.

CHANGE is one of those below. Members are added to the lowest layer, or are a layer on top ("top-…");
bytes are added behind the blob of the lowest one ("behind-…"), which stays the same tar. The layer is
packed with gzip. The image has one platform. `edit_layer.py --list` prints the names of all changes.
"""
import gzip
import hashlib
import json
import sys

BLOCK = 512


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def header(name, kind="0", size=0, mode=0o644, owner=0, target="", gnu=None):
    """A header by hand: no library writes all of these."""
    out = bytearray(BLOCK)
    out[0:len(name)] = name.encode()
    out[100:108], out[108:116], out[116:124] = (b"%07o\0" % n for n in (mode, owner, owner))
    out[124:136], out[136:148] = b"%011o\0" % size, b"%011o\0" % 0
    out[156] = ord(kind)
    out[157:157 + len(target)] = target.encode()
    out[257:265] = b"ustar\00000"
    if gnu is not None:  # a map of sparse data: offset, size, and the size of the whole
        out[257:265] = b"ustar  \0"
        out[386:398], out[398:410] = b"%011o\0" % gnu[0], b"%011o\0" % gnu[1]
        out[483:495] = b"%011o\0" % gnu[2]
    out[148:156] = b" " * 8
    out[148:156] = b"%06o\0 " % sum(out)
    return bytes(out)


def file(name, data=b"", **more):
    return header(name, size=len(data), **more) + padded(data)


def folder(name, mode=0o755, owner=0):
    return header(name, "5", mode=mode, owner=owner)


def link(name, target, kind="2"):
    return header(name, kind, target=target)


def records(**values):
    """An extended header of pax, of records with 10 to 99 bytes."""
    lines = (f" GNU.sparse.{key}={value}\n" for key, value in values.items())
    return file("records", "".join(f"{len(line) + 2}{line}" for line in lines).encode(), kind="x")


DATA = b"D" * BLOCK
PASSWD = b"root:x:0:0::/root:/bin/sh\napp:x:1234:1234::/home/app:/bin/sh\n"
END = bytes(2 * BLOCK)

# Each is what stands behind the layer's own members; "top-" without these.
MEMBERS = {
    "as-it-is": END,
    "root-closed": folder("./", mode=0o700) + END,
    "root-closed-slash": folder("/", mode=0o700) + END,
    "root-closed-up": folder("usr/..", mode=0o750, owner=7) + END,
    "root-owned": folder(".", mode=0o700, owner=1000) + END,
    "root-entered": folder("./", mode=0o711) + END,
    "root-file": file("./") + END,
    "root-link": link(".", "usr") + END,
    "root-hard-link": link("./", "etc/passwd", "1") + END,
    "sparse-gnu": header("sparse", "S", BLOCK, gnu=(0, BLOCK, 4096)) + DATA + END,
    "sparse-gnu-full": header("sparse", "S", BLOCK, gnu=(0, BLOCK, BLOCK)) + DATA + END,
    "sparse-pax-0.0": records(size=4096, numblocks=1, offset=0, numbytes=BLOCK)
    + file("sparse", DATA) + END,
    "sparse-pax-0.1": records(size=4096, numblocks=1, map=f"0,{BLOCK}", name="sparse")
    + file("GNUSparseFile.0/sparse", DATA) + END,
    "sparse-pax-1.0": records(major=1, minor=0, name="sparse", realsize=4096)
    + file("GNUSparseFile.0/sparse", padded(b"1\n0\n512\n") + DATA) + END,
    "type-contiguous": header("a", "7") + END,
    "type-volume": header("a", "V") + END,
    "type-multivolume": header("a", "M") + END,
    "type-unknown": header("a", "Z") + END,
    "end-missing": b"",
    "end-of-one-block": bytes(BLOCK),
    "end-with-more-behind": END + b"more than nothing" * 100,
    "end-of-one-block-and-more": bytes(BLOCK) + file("a") + END,
    "end-in-a-header": bytes(100),
    "padding-missing": header("a", size=4) + b"text",
    "names-up": folder("srv/") + file("srv/../usr/./lib//../x", b"x") + END,
    "names-absolute": file("/usr/../x", b"x") + END,
    "hard-link-up": link("usr/../y", "etc/./../etc/passwd", "1") + END,
    "hard-link-to-the-root": link("y", "usr/..", "1") + END,
    "top-passwd-up": file("usr/lib/../../etc/passwd", PASSWD) + END,
    "top-passwd-through-a-link": link("l", "usr/lib") + file("l/../etc/passwd", PASSWD) + END,
    "top-whiteout-up": file("usr/../home/app/.wh..cache") + END,
    "top-opaque-up": file("home/app/x/../.wh..wh..opq") + END,
    "top-whiteout-in-a-name": file(".wh.home/../x", b"x") + END,
    "top-home-closed-up": folder("home/app/x/..", mode=0o700) + END,
    "top-file-with-a-slash": file("home/") + END,
    "top-empty": b"",
}
BEHIND = {
    "behind-gzip-garbage": b"garbage behind the stream",
    "behind-gzip-a-byte": b"g",
    "behind-gzip-zeros": bytes(10240),
    "behind-gzip-an-empty-member": gzip.compress(b"", mtime=0),
    "behind-gzip-half-a-header": b"\x1f\x8b",
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    def __init__(self, path):
        self.path = path
        with open(f"{path}/index.json", encoding="utf-8") as index:
            self.index = json.load(index)

    def read(self, name):
        with open(f"{self.path}/blobs/sha256/{name.split(':')[1]}", "rb") as blob:
            return blob.read()

    def write(self, data):
        name = digest(data)
        with open(f"{self.path}/blobs/sha256/{name.split(':')[1]}", "wb") as blob:
            blob.write(data)
        return {"digest": name, "size": len(data)}

    def find(self, tag):
        key = "org.opencontainers.image.ref.name"
        return next(entry for entry in self.index["manifests"]
                    if entry.get("annotations", {}).get(key) == tag)

    def tag(self, entry, tag, manifest):
        entry = {**entry, **self.write(json.dumps(manifest).encode())}
        entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
        self.index["manifests"].append(entry)
        with open(f"{self.path}/index.json", "w", encoding="utf-8") as index:
            json.dump(self.index, index)


def unpacked(blob):
    return gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join([*MEMBERS, *BEHIND]))
        return
    path, tag, new_tag, change = sys.argv[1:]
    layout = Layout(path)
    entry = layout.find(tag)
    manifest = json.loads(layout.read(entry["digest"]))
    config = json.loads(layout.read(manifest["config"]["digest"]))
    lowest = layout.read(manifest["layers"][0]["digest"])
    plain = b"" if change.startswith("top-") else unpacked(lowest).rstrip(b"\0")
    if change in BEHIND:
        tar, blob = unpacked(lowest), lowest + BEHIND[change]
    else:
        tar = padded(plain) + MEMBERS[change]
        blob = gzip.compress(tar, mtime=0)
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **layout.write(blob)}
    if change.startswith("top-"):
        manifest["layers"].append(layer)
        config["rootfs"]["diff_ids"].append(digest(tar))
    else:
        manifest["layers"][0] = layer
        config["rootfs"]["diff_ids"][0] = digest(tar)
    manifest["config"].update(layout.write(json.dumps(config).encode()))
    layout.tag(entry, new_tag, manifest)


if __name__ == "__main__":
    main()
