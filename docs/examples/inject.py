#!/usr/bin/env python3
"""inject.py BASE MODEL TARGET [OPTION[=VALUE]...]: libinlay from Python, by ctypes alone.

Says what would move, adds the model to the image, and tells what the image carries then.
INLAY_LIBRARY names the library where the system's loader does not find it.
"""

import ctypes
import json
import os
import sys
import threading

library = ctypes.CDLL(os.environ.get("INLAY_LIBRARY", "libinlay.so.0"))
LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
PROGRESS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)
STOP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)

JOB, TEXT = ctypes.c_void_p, ctypes.c_char_p
for name, result, arguments in [
    ("version", TEXT, []),
    ("new", JOB, [TEXT]),
    ("free", None, [JOB]),
    ("add", None, [JOB, TEXT]),
    ("set", ctypes.c_int, [JOB, TEXT, TEXT]),
    ("on_log", None, [JOB, LOG, JOB]),
    ("on_progress", None, [JOB, PROGRESS, JOB]),
    ("on_cancel", None, [JOB, STOP, JOB]),
    ("run", ctypes.c_int, [JOB]),
    ("cancel", None, [JOB]),
    ("status", ctypes.c_int, [JOB]),
    ("error", TEXT, [JOB]),
    ("result", TEXT, [JOB]),
]:
    function = getattr(library, "inlay_" + name)
    function.restype, function.argtypes = result, arguments


class InlayError(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def inlay(command, *arguments, on_log=None, on_progress=None, wants_stop=None, **options):
    """Runs a command and returns its document. A value of an option is a text, a list, or True."""
    job = library.inlay_new(command.encode())
    if not job:
        raise InlayError(2, f"'{command}' is no command of libinlay")
    # Python frees a callback that nobody refers to.
    callbacks = [
        LOG(lambda _, level, line: on_log(level, line.decode())) if on_log else LOG(),
        PROGRESS(lambda _, text: on_progress(json.loads(text)["progress"])) if on_progress else PROGRESS(),
        STOP(lambda _: int(wants_stop())) if wants_stop else STOP(),
    ]
    try:
        library.inlay_on_log(job, callbacks[0], None)
        library.inlay_on_progress(job, callbacks[1], None)
        library.inlay_on_cancel(job, callbacks[2], None)
        for argument in arguments:
            library.inlay_add(job, argument.encode())
        for option, values in options.items():
            for value in values if isinstance(values, list) else [values]:
                given = None if value is True else str(value).encode()
                library.inlay_set(job, option.replace("_", "-").encode(), given)
        # In a thread of its own: while the main one is in the library, Python sees no Ctrl-C.
        runner = threading.Thread(target=library.inlay_run, args=(job,))
        runner.start()
        try:
            runner.join()
        except BaseException:
            library.inlay_cancel(job)
            runner.join()
            raise
        status = library.inlay_status(job)
        if status != 0:
            raise InlayError(status, library.inlay_error(job).decode())
        return json.loads(library.inlay_result(job))
    finally:
        library.inlay_free(job)


def main(base, model, target, *words):
    options = {}
    for word in words:
        name, has_value, value = word.partition("=")
        options.setdefault(name, []).append(value if has_value else True)
    plan = inlay("plan", base, model, to=target, **options)
    print(f"{plan['moves']['model']} bytes of model would move", file=sys.stderr)
    done = inlay(
        "inject", base, model, to=target, **options,
        on_log=lambda level, line: print(line, file=sys.stderr),
        on_progress=lambda progress: print(f"{progress['percent']} %", file=sys.stderr),
    )
    reached = {name: options[name] for name in ("insecure", "authfile", "creds", "tls-ca") if name in options}
    for found in inlay("inspect", target, **reached)["models"]:
        print(found["name"], found["commit"], found["place"])
    print(f"{done['image']}@{done['digest']}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except InlayError as error:
        print(f"inject.py: {error}", file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        sys.exit(130)
