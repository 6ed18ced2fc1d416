#!/usr/bin/env python3
"""library_judge.py EXAMPLE BASE TARGET: libinlay as a host sees it, through docs/examples/inject.py (EXAMPLE).

Ends with status 1 and words on standard error if something is not as it should be; prints nothing else.
"""

import ctypes
import importlib.util
import os
import signal
import sys
import threading

example, base, target = sys.argv[1:4]
spec = importlib.util.spec_from_file_location("example", example)
api = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api)
libc = ctypes.CDLL(None)


def expect(wanted, got, what):
    if wanted != got:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")


def failure(command, *arguments, **options):
    try:
        api.inlay(command, *arguments, **options)
    except api.InlayError as error:
        return error
    sys.exit(f"{command} {arguments} {options} did not fail")


def host():
    """What of the process a library has to leave alone."""
    mask = os.umask(0o22)
    os.umask(mask)
    actions = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        action = ctypes.create_string_buffer(256)
        libc.sigaction(number, None, action)
        actions.append(action.raw[:16])  # the handler, and the signals that it blocks
    return (mask, actions, libc.prctl(3, 0, 0, 0, 0), os.getcwd(), signal.pthread_sigmask(signal.SIG_BLOCK, []),
            ctypes.string_at(ctypes.cast(libc.setlocale, ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p))(6, None)))


before = host()

# Errors are values: the statuses of the program, and a line.
error = failure("inspect", target + ":none")
expect(3, error.status, "an image that is not there")
expect(True, target in str(error), f"'{error}' names the image")
expect(2, failure("inject", base, "acme/tiny", to=target + ":1", nonsense="1").status, "an unknown option")
expect(True, "platform" in str(failure("inject", base, "acme/tiny", to=target + ":1", platfrom="x")), "the nearest name")
expect(2, failure("inject", base, "acme/tiny").status, "no --to")
expect(2, failure("inject", base, "acme/tiny", to="oci-archive:-").status, "standard output")
expect(2, failure("inject", base, "acme/tiny", to=target + ":1", jobs="many").status, "a wrong value")
expect(2, failure("inject", base, "acme/tiny", to=target + ":1", overwrite="yes").status, "a value that is none")
expect(2, failure("copy", base, target).status, "a command that the library has not")
expect(4, failure("plan", base, "acme/closed").status, "a model that is not for us")
expect(5, failure("inspect", "127.0.0.1:1/a:1", retries="0").status, "a registry that is not there")
expect(3, failure("verify", base).status, "an image without models")
secret = failure("inspect", target + ":none", creds="127.0.0.1=somebody:pass-the-word")
expect(False, "pass-the-word" in str(secret), "no password in an error")

# Canceled from another thread, and by the function that is asked; the tag is not there then.
for way in ("thread", "function"):
    moved = threading.Event()
    job = api.library.inlay_new(b"inject")
    callbacks = [api.PROGRESS(lambda *_: moved.set()), api.STOP(lambda _: int(moved.is_set()))]
    api.library.inlay_on_progress(job, callbacks[0], None)
    if way == "function":
        api.library.inlay_on_cancel(job, callbacks[1], None)
    for argument in (base, "acme/large"):
        api.library.inlay_add(job, argument.encode())
    api.library.inlay_set(job, b"to", (target + ":canceled").encode())
    api.library.inlay_set(job, b"limit-rate", b"100K")
    runner = threading.Thread(target=api.library.inlay_run, args=(job,))
    runner.start()
    if not moved.wait(300):
        sys.exit("no progress was told")
    if way == "thread":
        api.library.inlay_cancel(job)
    runner.join()
    expect(130, api.library.inlay_status(job), "the status of a canceled job by " + way)
    expect(2, api.library.inlay_run(job), "a job that is run twice")
    api.library.inlay_free(job)
    expect(3, failure("inspect", target + ":canceled").status, "the tag of a canceled job")

# A job that is canceled before it runs does nothing.
job = api.library.inlay_new(b"inspect")
api.library.inlay_add(job, base.encode())
api.library.inlay_cancel(job)
expect(130, api.library.inlay_run(job), "canceled before it runs")
api.library.inlay_free(job)

# Two at once, each with its own lines, progress and result.
done, lines = {}, {"tiny": [], "other": []}


def work(name):
    try:
        done[name] = api.inlay("inject", base, "acme/" + name, to=f"{target}:{name}",
                               on_log=lambda _, line: lines[name].append(line), on_progress=lambda _: None)
    except api.InlayError as error:
        done[name] = str(error)


workers = [threading.Thread(target=work, args=(name,)) for name in lines]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
for name, other in (("tiny", "other"), ("other", "tiny")):
    expect(dict, type(done[name]), f"the result of {name}: {done[name]}")
    expect([f"acme/{name}@main"], [model["model"] for model in done[name]["models"]], "its model")
    expect(True, any("acme/" + name in line for line in lines[name]), f"lines of {name}: {lines[name]}")
    expect(False, any("acme/" + other in line for line in lines[name]), f"lines of {other} among them")

# All five, one after the other.
expect(1, api.inlay("verify", target + ":tiny", "acme/tiny")["models"], "verify")
expect(0, api.inlay("plan", base, "acme/tiny", to=target + ":tiny")["moves"]["model"], "what a plan would move again")
removed = api.inlay("remove", target + ":tiny", "acme/tiny", to=target + ":removed")
expect([], api.inlay("inspect", target + ":removed")["models"], "models after they were removed")
expect(removed["digest"], api.inlay("inspect", target + ":removed")["digest"], "the digest that remove tells")

expect(before, host(), "what the host has set")
