#!/usr/bin/env python3
"""Reads the examples in docs/ci and writes their shell scripts into a folder, one file each."""
import ast
import pathlib
import re
import sys

import yaml

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def load(name):
    return list(yaml.safe_load_all((folder / name).read_text()))


def job(name):
    return load(name)[0]["spec"]["template"]["spec"]["containers"][0]["args"][0]


def jenkins():
    text = (folder / "jenkins/Jenkinsfile").read_text()
    # Groovy takes the escapes of a text between ''' out.
    return re.search(r"sh '''\n(.*?)'''", text, re.S).group(1).replace("\\\\", "\\")


def bazel():
    for name in ("inlay.bzl", "MODULE.bazel", "BUILD.bazel"):
        tree = ast.parse((folder / "bazel" / name).read_text())
        for node in tree.body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "_COMMAND":
                command = node.value.value
    return command


load("github/workflow.yml")
scripts = {
    "github": load("github/action.yml")[0]["runs"]["steps"][1]["run"],
    "gitlab": "\n".join(load("gitlab/template.yml")[1]["inlay"]["script"]),
    "tekton": load("tekton/task.yaml")[0]["spec"]["steps"][0]["script"],
    "argo": next(t for t in load("argo/workflow.yaml")[0]["spec"]["templates"] if "script" in t)["script"]["source"],
    "jenkins": jenkins(),
    "shards": job("kubernetes/shards.yaml"),
    "image": job("kubernetes/image.yaml"),
    "bazel": bazel(),
}
for name, text in scripts.items():
    (out / name).write_text(text if text.startswith("#!") else "#!/bin/sh\n" + text)

# What they have in common stands in each of them, line by line.
common = scripts["github"].split(" --ci")[0]
for name in ("gitlab", "tekton", "argo", "jenkins", "shards", "image"):
    assert common in scripts[name], f"{name} has not the common script"
