"""Compares what inlay reads of Python with what CPython's own parser says.

python_judge.py READER FOLDER...

READER is python_reading_test. Every .py in the folders is read by both, and some again as a notebook with a cell for
each statement. A file that CPython parses has to be read, and its calls (name, line, arguments that are constants), its
imports and its constants have to be the same; a difference is a line on stdout, and the exit status is then 1.
"""
import ast
import collections
import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import tokenize
import warnings

TEXT_LIMIT = 4096  # PYTHON_TEXT_LIMIT
PROCESSES = 4
NOTEBOOKS = 10  # of so many files one becomes a notebook, too
MAGICS = "%matplotlib inline\n!pip install 'a' \\\n  b(\n"
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Names(ast.NodeVisitor):
    """What binds the names of a file, in any scope."""

    def __init__(self, tree):
        self.imported = collections.defaultdict(set)  # name: what it stands for
        self.elsewhere = set()  # imported below the module's level
        self.functions = set()  # and classes
        self.other = set()
        self.has_star = False
        self.depth = 0
        self.visit(tree)

    def add_import(self, name, target):
        self.imported[name].add(target)
        if self.depth > 0:
            self.elsewhere.add(name)

    def visit_Import(self, node):
        for alias in node.names:
            first = alias.name.split(".")[0]
            self.add_import(alias.asname or first, alias.name if alias.asname else first)

    def visit_ImportFrom(self, node):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self.has_star |= alias.name == "*"
            dot = "" if module.endswith(".") else "."
            self.add_import(alias.asname or alias.name, module + dot + alias.name)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.other.add(node.id)

    def visit_arg(self, node):
        self.other.add(node.arg)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node):
        self.other.add(node.name)
        self.generic_visit(node)

    def visit_Global(self, node):
        self.other.update(node.names)

    visit_Nonlocal = visit_Global

    def generic_visit(self, node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.functions.add(node.name)
        if isinstance(node, (ast.MatchAs, ast.MatchStar)):
            self.other.add(node.name)
        if isinstance(node, ast.MatchMapping):
            self.other.add(node.rest)
        self.depth += isinstance(node, SCOPES)
        super().generic_visit(node)
        self.depth -= isinstance(node, SCOPES)


def called_name(node, names):
    """(name, is_exact): the name of what is called, or the end that it has to have."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append("." + node.attr)
        node = node.value
    tail = "".join(reversed(parts))
    if not isinstance(node, ast.Name):
        return tail, True
    targets = names.imported.get(node.id)
    is_function = node.id in names.functions
    if node.id in names.other or node.id in names.elsewhere or targets and (is_function or len(targets) > 1):
        return tail, False
    if is_function:
        return node.id + tail, not names.has_star
    if targets:
        return next(iter(targets)) + tail, True
    return (tail, False) if names.has_star else (node.id + tail, True)


def constant(node, source):
    """[kind, text] of an argument, or None where the judge does not say; source is "" where no character is named."""
    if not isinstance(node, ast.Constant):
        return None
    value = node.value
    if value is None:
        return ["none", None]
    if isinstance(value, bool):
        return ["bool", str(value)]
    if isinstance(value, (int, float, complex)):
        return ["number", value]
    if not isinstance(value, str):
        return ["unknown", None]
    if "\0" in value or any(0xD800 <= ord(c) < 0xE000 for c in value) or len(value.encode()) > TEXT_LIMIT:
        return None
    if "\\N{" in (ast.get_source_segment(source, node) if source else ""):
        return None
    return ["text", value]


def fits(expected, found):
    if expected is None:
        return True
    if expected[0] == "number" and found[0] == "number":
        return ast.literal_eval(found[1]) == expected[1]
    return expected == found


class Calls(ast.NodeVisitor):
    """(line or None, name, is_exact, arguments) of each call; lines in f-strings are not known to CPython 3.11."""

    def __init__(self, tree, names, source):
        self.names, self.source, self.in_text, self.calls = names, source, 0, []
        self.visit(tree)

    def visit_JoinedStr(self, node):
        self.in_text += 1
        self.generic_visit(node)
        self.in_text -= 1

    def visit_Call(self, node):
        self.generic_visit(node)
        found = [(None, a) for a in node.args] + [(k.arg or "**", k.value) for k in node.keywords]
        if not self.in_text:
            found.sort(key=lambda item: (item[1].lineno, item[1].col_offset))
        arguments = []
        for keyword, value in found:
            if isinstance(value, ast.Starred):
                keyword, value = "*", value.value
            arguments.append([keyword, None if self.in_text else constant(value, self.source)])
        name, is_exact = called_name(node.func, self.names)
        self.calls.append((None if self.in_text else node.lineno, name, is_exact, arguments))


def same_call(expected, found):
    line, name, is_exact, arguments = expected
    if line is not None and line != found[1]:
        return False
    if is_exact and found[0] != name or not found[0].endswith(name):
        return False
    if len(arguments) != len(found[3]):
        return False
    if line is None:
        return sorted(str(a[0]) for a in arguments) == sorted(str(a[0]) for a in found[3])
    return all(e[0] == f[0] and fits(e[1], f[1:]) for e, f in zip(arguments, found[3]))


def compare_calls(tree, names, source, reading, complain):
    left = collections.defaultdict(list)
    for call in reading["calls"]:
        left[call[1]].append(call)
    # Those of which most is known choose first.
    calls = sorted(Calls(tree, names, source).calls, key=lambda call: (
        call[0] is None, not call[2], -len(call[1]), -sum(value is not None for _, value in call[3])))
    for expected in calls:
        candidates = left[expected[0]] if expected[0] is not None else [c for cs in left.values() for c in cs]
        for found in candidates:
            if same_call(expected, found):
                left[found[1]].remove(found)
                break
        else:
            complain(f"line {expected[0]}: the call {expected[1:]} is not among {candidates[:4]}")
    for found in (call for calls in left.values() for call in calls):
        complain(f"line {found[1]}: there is no call {found}")


def compare_imports(nodes, reading, complain):
    expected = []
    for node in nodes:
        if isinstance(node, ast.Import):
            expected += [[alias.name, None, alias.lineno] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            expected += [[module, alias.name, alias.lineno] for alias in node.names]
    expected, found = (collections.Counter(tuple(item[:3]) for item in items)
                       for items in (expected, reading["imports"]))
    for difference in (expected - found) + (found - expected):
        complain(f"the import {difference}: {expected[difference]} by CPython, {found[difference]} by inlay")


def module_level(node):
    """The nodes of the module's own scope."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, SCOPES + (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from module_level(child)


def compare_constants(tree, nodes, names, source, reading, complain):
    """NAME = "text", where nothing else binds the name in the module's scope, nor by `global`."""
    texts, bound = {}, collections.Counter()
    everywhere = {n for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for n in node.names}
    for node in module_level(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, SCOPES) and not isinstance(node, ast.Lambda):
            bound[node.name] += 1
        elif isinstance(node, ast.ExceptHandler):
            bound[node.name] += 1
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = constant(getattr(node, "value", None), source)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and value and value[0] == "text":
            texts.update({target.id: value for target in targets if isinstance(target, ast.Name)})
    for name, value in texts.items():
        once = bound[name] == 1 and name not in names.imported and name not in everywhere
        if once and reading["constants"].get(name) != value:
            complain(f"the constant {name} is {value}, not {reading['constants'].get(name)}")
    written = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    joined = any(isinstance(node, (ast.BinOp, ast.JoinedStr)) for node in nodes)
    for name, found in reading["constants"].items():
        if found[0] == "text" and found[1] not in written and not joined:
            complain(f"the constant {name} is {found}, which the file does not have")


def parse(path):
    """(source, tree); None: CPython does not take it, and inlay may or may not."""
    try:
        with tokenize.open(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = file.read()
            return source, ast.parse(source)
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return None


def compare(parsed, reading, complain):
    source, tree = parsed
    if "error" in reading:
        complain(f"is not read: {reading['error']}")
        return
    names, nodes = Names(tree), list(ast.walk(tree))
    source = source if "\\N{" in source else ""
    compare_calls(tree, names, source, reading, complain)
    compare_imports(nodes, reading, complain)
    compare_constants(tree, nodes, names, source, reading, complain)


def cell_starts(tree):
    """The lines, from 0, that cells begin with."""
    lines = {min(node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))) - 1
             if getattr(node, "decorator_list", ()) else node.lineno - 1 for node in tree.body}
    return sorted(lines | {0})


def write_notebook(path, folder):
    """A copy as a notebook; None where that cannot be."""
    parsed = parse(path)
    lines = parsed[0].split("\n") if parsed else []
    if not parsed or "\f" in parsed[0] or any(line.lstrip().startswith(("%", "!")) for line in lines):
        return None
    starts = cell_starts(parsed[1])
    texts = ["\n".join(lines[start:end]) for start, end in zip(starts, starts[1:] + [len(lines)])]
    copy = os.path.join(folder, path.replace("/", "+") + ".ipynb")
    cells = [{"cell_type": "code", "source": MAGICS + text} for text in texts]
    with open(copy, "w", encoding="utf-8") as file:
        json.dump({"nbformat": 4, "cells": cells}, file)
    return copy


def lay_out(reading, tree):
    """Lines of cells become lines of the file."""
    starts = cell_starts(tree)
    for item in reading.get("calls", []):
        item[1] += starts[item[2] - 1] - MAGICS.count("\n")
    for item in reading.get("imports", []):
        item[2] += starts[item[3] - 1] - MAGICS.count("\n")


def list_files(folders):
    for folder in folders:
        for root, below, files in os.walk(folder):
            below[:] = sorted(name for name in below if not os.path.islink(os.path.join(root, name)))
            paths = (os.path.join(root, name) for name in sorted(files) if name.endswith(".py"))
            yield from filter(os.path.isfile, paths)


def readings(reader, paths, folder):
    listing = os.path.join(folder, "files")
    with open(listing, "w", encoding="utf-8") as file:
        file.writelines(path + "\n" for path in paths)
    with subprocess.Popen([reader], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "INLAY_PYTHON_FILES": listing}) as process:
        yield from map(json.loads, process.stdout)
    if process.returncode != 0:
        raise SystemExit(f"{reader} ended with {process.returncode}")


def judge(reader, paths):
    """(counts, differences) of some files."""
    counts, differences = collections.Counter(), []
    gc.disable()  # there are no circles in what is made
    with tempfile.TemporaryDirectory() as folder:
        copies = {write_notebook(path, folder): path for path in paths[::NOTEBOOKS]}
        copies.pop(None, None)
        for reading in readings(reader, paths + list(copies), folder):
            path = copies.get(reading["file"], reading["file"])
            parsed = parse(path)
            if parsed is None:
                continue
            if path != reading["file"]:
                lay_out(reading, parsed[1])
            compare(parsed, reading, lambda what: differences.append(f"{reading['file']}: {what}"[:400]))
            counts["files" if path == reading["file"] else "notebooks"] += 1
            counts["calls"] += len(reading.get("calls", ()))
    return counts, differences


def main(reader, folders):
    paths = list(list_files(folders))
    jobs = [(reader, paths[i::PROCESSES]) for i in range(PROCESSES)]
    with multiprocessing.Pool(PROCESSES) as pool:
        results = pool.starmap(judge, jobs)
    counts = sum((counts for counts, _ in results), collections.Counter())
    differences = sorted(line for _, lines in results for line in lines)
    print(*differences, f"{counts['files']} files, {counts['notebooks']} notebooks, {counts['calls']} calls, "
          f"{len(differences)} differences", sep="\n")
    return bool(differences) or not counts["files"] or not counts["notebooks"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
