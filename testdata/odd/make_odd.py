#!/usr/bin/env python3
"""Makes images that are unusual, as OCI layouts and archives: make_odd.py FOLDER

Each is FOLDER/NAME (a layout with the tag 1) or FOLDER/NAME.tar (an archive of docker save), and has
a line in FOLDER/list:  NAME <tab> KIND <tab> REFERENCE, where KIND is what is expected of inlay:
"take" (engines do), "refuse" (engines do), "warn" (taken, and the user is told).
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

OCI = "application/vnd.oci.image."
CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2024-05-01T12:00:00Z",
    "config": {"User": "1000:1000", "Env": ["PATH=/bin", "HOME=/home/app"]},
    "rootfs": {"type": "layers", "diff_ids": []},
    "history": [],
}
out = sys.argv[1]
entries = []


def entry(name, kind="dir", mode=0o755, uid=0, data=b"", target="", headers=None):
    info = tarfile.TarInfo(name)
    info.type = {"dir": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE,
                 "hard": tarfile.LNKTYPE, "sparse": tarfile.GNUTYPE_SPARSE}[kind]
    info.mode, info.uid, info.gid, info.linkname, info.mtime = mode, uid, uid, target, 0
    info.size = len(data)
    info.pax_headers = headers or {}
    return info, data


HOME = [entry("home"), entry("home/app", uid=1000), entry("etc"),
        entry("etc/passwd", "file", 0o644, data=b"root:x:0:0::/root:/bin/sh\n")]


def tar(items, tail=b""):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in items:
            archive.addfile(info, io.BytesIO(data))
    return raw.getvalue() + tail


def zipped(data):
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
        packed.write(data)
    return raw.getvalue()


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


class Layout:
    def __init__(self, name):
        self.folder = os.path.join(out, name)
        os.makedirs(os.path.join(self.folder, "blobs/sha256"))
        with open(os.path.join(self.folder, "oci-layout"), "w") as file:
            file.write('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(self.folder, "blobs/sha256", digest), "wb") as file:
            file.write(data)
        return {"mediaType": OCI + media_type, "digest": "sha256:" + digest, "size": len(data)}

    def index(self, manifest, member="manifests"):
        manifest = dict(manifest, annotations={"org.opencontainers.image.ref.name": "1"})
        with open(os.path.join(self.folder, "index.json"), "w") as file:
            json.dump({"schemaVersion": 2, member: [manifest]}, file)


def image(name, kind="take", layers=None, config=None, edit_config=None, edit_manifest=None,
          edit_text=None, blobs=None, index_member="manifests"):
    """`layers` are tars; `blobs` (bytes, suffix of the media type) what stands for them."""
    layout = Layout(name)
    layers = [tar(HOME)] if layers is None else layers
    config = json.loads(json.dumps(config or CONFIG))
    if "rootfs" in config and isinstance(config["rootfs"], dict):
        config["rootfs"]["diff_ids"] = [
            "sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
    if edit_config:
        edit_config(config)
    text = text_of(config)
    if edit_text:
        text = edit_text(text)
    blobs = blobs or [(layer, "") for layer in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": layout.blob(text.encode("utf-8", "surrogatepass"), "config.v1+json"),
        "layers": [layout.blob(data, "layer.v1.tar" + suffix) for data, suffix in blobs],
    }
    if edit_manifest:
        edit_manifest(manifest)
    layout.index(layout.blob(text_of(manifest).encode(), "manifest.v1+json"), index_member)
    entries.append((name, kind, "oci:%s:1" % name))


def docker_archive(name, kind="take", members=("Config", "RepoTags", "Layers"), config=None):
    layer = tar(HOME)
    config = json.loads(json.dumps(config or CONFIG))
    config["rootfs"]["diff_ids"] = ["sha256:" + hashlib.sha256(layer).hexdigest()]
    text = json.dumps(config).encode()
    config_name = hashlib.sha256(text).hexdigest() + ".json"
    manifest = json.dumps([dict(zip(members, (config_name, ["odd/image:1"], ["layer.tar"])))])
    with open(os.path.join(out, name + ".tar"), "wb") as file:
        file.write(tar([entry(config_name, "file", 0o644, data=text),
                        entry("layer.tar", "file", 0o644, data=layer),
                        entry("manifest.json", "file", 0o644, data=manifest.encode())]))
    entries.append((name, kind, "docker-archive:%s.tar" % name))


def put(*path, value):
    def edit(document):
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = value
    return edit


def drop(*path):
    def edit(document):
        for part in path[:-1]:
            document = document[part]
        del document[path[-1]]
    return edit


def rename(name, to, *path):
    def edit(document):
        for part in path:
            document = document[part]
        document[to] = document.pop(name)
    return edit


def both(*edits):
    def edit(document):
        for each in edits:
            each(document)
    return edit


def members():
    """Members that are absent, null, empty, in another case, or twice."""
    image("no-diff-ids", layers=[], edit_config=drop("rootfs", "diff_ids"))
    image("null-diff-ids", layers=[], edit_config=put("rootfs", "diff_ids", value=None))
    image("null-rootfs", layers=[], edit_config=put("rootfs", value=None))
    image("no-rootfs", layers=[], edit_config=drop("rootfs"))
    image("null-layers", layers=[], edit_manifest=put("layers", value=None))
    image("no-rootfs-type", edit_config=drop("rootfs", "type"))
    image("no-history", edit_config=drop("history"))
    image("null-history", edit_config=put("history", value=None))
    image("null-env", edit_config=both(put("config", "Env", value=None)))
    image("no-env", edit_config=drop("config", "Env"))
    image("null-config", layers=[tar([])], edit_config=put("config", value=None))
    image("no-config", layers=[tar([])], edit_config=drop("config"))
    image("null-annotations", edit_manifest=put("annotations", value=None))
    image("no-created", edit_config=drop("created"))
    image("case-rootfs", edit_config=rename("rootfs", "rootfS"))
    image("case-diff-ids", edit_config=rename("diff_ids", "Diff_IDs", "rootfs"))
    image("case-env", edit_config=rename("Env", "env", "config"))
    image("case-user", edit_config=rename("User", "user", "config"))
    image("case-config", edit_config=rename("config", "CONFIG"))
    image("case-history", edit_config=rename("history", "History"))
    image("case-layers", edit_manifest=rename("layers", "Layers"))
    image("case-index", index_member="Manifests")
    image("twice-user", edit_text=lambda text: text.replace(
        '"User"', '"User": "nobody", "User"'))
    image("twice-user-case", edit_text=lambda text: text.replace(
        '"User"', '"user": "nobody", "User"'))
    docker_archive("docker-case", members=("config", "repoTags", "layers"))
    docker_archive("docker-upper", members=("CONFIG", "REPOTAGS", "LAYERS"))


def values():
    """What RFC 8259 allows and few readers like."""
    def label(text):
        return lambda whole: whole.replace('"User"', '"Labels": {"odd": %s}, "User"' % text)

    def extra(text):
        return lambda whole: whole.replace('"os"', '"x-odd": %s, "os"' % text, 1)

    image("nul-in-a-label", edit_text=label('"a\\u0000b"'))
    image("lone-surrogate", edit_text=label('"a\\ud800b"'))
    image("large-integer", edit_text=extra("123456789012345678901234567890"))
    image("float-kept", edit_text=extra("[1.0, 1e2, -0, 0.10]"))
    image("member-twice", edit_text=extra('1, "x-odd": {"a": 1, "a": 2}'))


def layers():
    """Layers as other tools make them."""
    image("dots-inside", layers=[tar(HOME + [
        entry("usr"), entry("usr/lib"), entry("usr/lib/../x", "file", 0o644, data=b"x")])])
    image("dots-hard-link", layers=[tar(HOME + [
        entry("usr"), entry("usr/x", "file", 0o644, data=b"x"),
        entry("usr/lib"), entry("usr/y", "hard", 0o644, target="usr/lib/../x")])])
    image("dots-link", layers=[tar(HOME + [
        entry("usr"), entry("usr/x", "file", 0o644, data=b"x"),
        entry("usr/lib"), entry("usr/lib/../z", "link", 0o777, target="../usr/x")])])
    image("dots-leave", "refuse", layers=[tar(HOME + [
        entry("../outside", "file", 0o644, data=b"x")])])
    image("root-closed", "warn", layers=[tar([entry("./", mode=0o700)] + HOME)])
    image("root-stated", layers=[tar([entry("./", mode=0o755)] + HOME)])
    image("layer-twice", layers=[tar(HOME), tar(HOME)])
    image("same-layer-between", layers=[tar(HOME), tar([entry("opt")]), tar(HOME)])
    plain = tar(HOME)
    image("two-gzip-members", layers=[plain],
          blobs=[(zipped(plain[:1024]) + zipped(plain[1024:]), "+gzip")])
    image("volume-behind-a-link", "warn", layers=[tar([
        entry("data"), entry("data/app", uid=1000), entry("home"),
        entry("home/app", "link", 0o777, target="/data/app")])],
        edit_config=put("config", "Volumes", value={"/data": {}}))
    image("link-to-a-volume", "warn", layers=[tar([
        entry("data"), entry("data/app", uid=1000), entry("vol", "link", 0o777, target="/data")])],
        edit_config=both(put("config", "Volumes", value={"/vol": {}}),
                         put("config", "Env", value=["HOME=/data/app"])))


members()
values()
layers()
with open(os.path.join(out, "list"), "w") as listing:
    for line in entries:
        listing.write("\t".join(line) + "\n")
