#!/usr/bin/env python3
"""forge_history.py LAYOUT WORDS [MEMBER]: gives the first image of an OCI layout documents of somebody who wants WORDS in other
people's logs: its history, author, labels, environment and annotations say them, and so does MEMBER of each of inlay's records,
or of the config ("User") if there is none. Digests are right, and the tag is 1."""
import hashlib
import json
import sys

root, words = sys.argv[1:3]
member = sys.argv[3] if len(sys.argv) > 3 else ""
blobs = f"{root}/blobs/sha256/"


def read(descriptor):
    with open(blobs + descriptor["digest"][7:], encoding="utf-8") as file:
        return json.load(file)


def write(document):
    data = json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(blobs + digest, "wb") as file:
        file.write(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


with open(f"{root}/index.json", encoding="utf-8") as file:
    index = json.load(file)
manifest = read(index["manifests"][0])
while "manifests" in manifest:
    manifest = read(manifest["manifests"][0])
config = read(manifest["config"])
for entry in config["history"]:
    entry["created_by"] = words
    comment = entry.get("comment", "")
    record = json.loads(comment) if comment.startswith('{"inlay"') else {}
    if member in record:
        record[member] = words
    entry["comment"] = json.dumps(record) if record else words
config["author"] = words
config["config"].setdefault("Env", []).append(f"WORDS={words}")
config["config"]["Labels"] = {words: words}
if member == "User":
    config["config"]["User"] = words
manifest["config"].update(write(config))
manifest["annotations"] = {"org.opencontainers.image.base.name": words}
for layer in manifest["layers"]:
    layer["annotations"] = {"dev.inlay.model": words}
index["manifests"] = [{"mediaType": manifest["mediaType"], **write(manifest),
                       "annotations": {"org.opencontainers.image.ref.name": "1"}}]
with open(f"{root}/index.json", "w", encoding="utf-8") as file:
    json.dump(index, file)
