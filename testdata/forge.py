#!/usr/bin/env python3
"""Exchanges what images and layers of inlay's hold, and has their records say that nothing happened.

    forge.py PLACE TAG NEW-TAG weights|facts|type=MEDIA-TYPE

PLACE is the folder of an OCI layout or the URL of a repository, http://HOST/v2/NAME. `weights`: in each layer the
content of every file of 1 KiB and more is another one, of the same size; blob, diff_id and records are of these bytes,
and the recipes stay what they were. `facts`: what the image notes of its base says that its folders are everybody's,
and its user another one. `type=`: the layers, whose bytes stay, are called that.
"""
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.parse
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REF = "org.opencontainers.image.ref.name"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    def __init__(self, folder):
        self.folder = folder

    def path(self, digest):
        return os.path.join(self.folder, "blobs", *digest.split(":"))

    def index(self):
        with open(os.path.join(self.folder, "index.json")) as file:
            return json.load(file)

    def manifest(self, tag):
        for entry in self.index()["manifests"]:
            if entry.get("annotations", {}).get(REF) == tag:
                return self.blob(entry["digest"])
        sys.exit(f"no tag {tag}")

    def blob(self, digest):
        with open(self.path(digest), "rb") as file:
            return file.read()

    def put(self, data):
        with open(self.path(digest_of(data)), "wb") as file:
            file.write(data)

    def put_manifest(self, tag, data):
        self.put(data)
        index = self.index()
        index["manifests"] = [entry for entry in index["manifests"] if entry.get("annotations", {}).get(REF) != tag]
        index["manifests"].append(
            {"mediaType": MANIFEST, "digest": digest_of(data), "size": len(data), "annotations": {REF: tag}})
        with open(os.path.join(self.folder, "index.json"), "w") as file:
            json.dump(index, file)


class Registry:
    def __init__(self, url):
        self.url = url

    def ask(self, method, url, data=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers))

    def manifest(self, tag):
        return self.ask("GET", f"{self.url}/manifests/{tag}", Accept=MANIFEST).read()

    def blob(self, digest):
        return self.ask("GET", f"{self.url}/blobs/{digest}").read()

    def put(self, data):
        place = self.ask("POST", f"{self.url}/blobs/uploads/", b"").headers["Location"]
        url = urllib.parse.urljoin(self.url, place)
        sign = "&" if "?" in url else "?"
        self.ask("PUT", f"{url}{sign}digest={digest_of(data)}", data, Content_Type="application/octet-stream")

    def put_manifest(self, tag, data):
        self.ask("PUT", f"{self.url}/manifests/{tag}", data, Content_Type=MANIFEST)


def exchange_contents(layer):
    out = bytearray(layer)
    for member in tarfile.open(fileobj=io.BytesIO(layer), mode="r:"):
        if member.isfile() and member.size >= 1024:
            out[member.offset_data:member.offset_data + 8] = b"POISONED"
    return bytes(out)


def forge_weights(place, manifest, config):
    """Returns old and new diff_ids, which are the digests of plain layers."""
    changed = {}
    for layer in manifest["layers"]:
        old = layer["digest"]
        record = f'"diff_id":"{old}"'
        if config is not None and not any(record in entry.get("comment", "") for entry in config["history"]):
            continue
        new = exchange_contents(place.blob(old))
        if digest_of(new) == old:
            continue
        place.put(new)
        layer["digest"] = changed[old] = digest_of(new)
    if not changed:
        sys.exit("nothing to forge")
    return changed


def forge_facts(config):
    for entry in config["history"]:
        if '"kind":"folders"' not in entry.get("comment", ""):
            continue
        record = json.loads(entry["comment"])
        for folder in record["folders"]:
            folder[1:4] = [0o777, 4242, 4242]
        record["base"]["user"][2:5] = [4242, 4242, "/home/mallory"]
        entry["comment"] = json.dumps(record, separators=(",", ":"))


def main(where, tag, new_tag, what):
    place = Registry(where) if where.startswith("http") else Layout(where)
    manifest = json.loads(place.manifest(tag))
    config = json.loads(place.blob(manifest["config"]["digest"]))
    changed = {}
    if what.startswith("type="):
        for layer in manifest["layers"]:
            layer["mediaType"] = what[len("type="):]
    elif what == "weights":
        changed = forge_weights(place, manifest, config if "rootfs" in config else None)
    else:
        forge_facts(config)
    if "rootfs" in config:
        text = json.dumps(config)
        for old, new in changed.items():
            text = text.replace(old, new)
        place.put(text.encode())
        manifest["config"].update(digest=digest_of(text.encode()), size=len(text.encode()))
    text = json.dumps(manifest)
    for old, new in changed.items():
        text = text.replace(old, new)
    place.put_manifest(new_tag, text.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
