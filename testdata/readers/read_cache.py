#!/usr/bin/env python3
"""Reads a Hugging Face cache with the huggingface_hub that is installed, and prints one line a call.

    read_cache.py COMMIT    acme/tiny: "main" is COMMIT, "next" another one; acme/part: not all of
                            its files; acme/words: a dataset

What a call returns or raises is all that counts: the same lines for every version.
"""
import json
import os
import sys

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache

LEFT_OUT = "pytorch_model.bin"


def content(*args, **options):
    with open(hf_hub_download(*args, **options), encoding="utf-8") as file:
        return file.read()


def names(*args, **options):
    folder = snapshot_download(*args, **options)
    found = [
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, files in os.walk(folder)
        for name in files
        if os.access(os.path.join(parent, name), os.R_OK)
    ]
    return " ".join(sorted(found))


def scanned():
    cache = scan_cache_dir()
    if cache.warnings:
        raise cache.warnings[0]
    return sorted(
        [repo.repo_type, repo.repo_id, sorted(ref for revision in repo.revisions for ref in revision.refs)]
        for repo in cache.repos
    )


def main():
    commit = sys.argv[1]
    calls = {
        "file": lambda: content("acme/tiny", "config.json"),
        "file in a folder": lambda: content("acme/tiny", "config.json", subfolder="1_Pooling"),
        "file of a branch": lambda: content("acme/tiny", "config.json", revision="next"),
        "file of a commit": lambda: content("acme/tiny", "config.json", revision=commit),
        "file of a dataset": lambda: content("acme/words", "train.csv", repo_type="dataset"),
        "file that is not there": lambda: content("acme/tiny", "absent.json"),
        "cached": lambda: os.path.basename(try_to_load_from_cache("acme/tiny", "config.json")),
        "snapshot": lambda: names("acme/tiny"),
        "snapshot of a branch": lambda: names("acme/tiny", revision="next"),
        "snapshot of a commit": lambda: names("acme/tiny", revision=commit),
        "snapshot of a dataset": lambda: names("acme/words", repo_type="dataset"),
        "snapshot by patterns": lambda: names("acme/part", ignore_patterns=[LEFT_OUT]),
        "scan": scanned,
    }
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        # Online these would be completed, as the Hub has more files.
        part = try_to_load_from_cache("acme/part", "config.json").split("/")[-2]
        calls["snapshot of a part"] = lambda: names("acme/part")
        calls["snapshot of a part by its commit"] = lambda: names("acme/part", revision=part)
    for name, call in calls.items():
        try:
            print(f"{name}: {json.dumps(call())}")
        except Exception as error:  # pylint: disable=broad-except
            print(f"{name}: {type(error).__name__}")


main()
