#!/usr/bin/env python3
"""Starts a server, sends it a request as soon as it listens, prints the answer, and ends it.

    ask_server.py PATH BODY COMMAND...    BODY: JSON, which is sent by POST. A free port takes the place
                                          of 8000 in COMMAND, and is in the variable PORT

Ends with 1 where the server ends before it answers.
"""
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def ask(url, body):
    """The answer, or None where nobody listens yet."""
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    except urllib.error.URLError:
        return None


def main():
    path, body, *command = sys.argv[1:]
    port = free_port()
    command = [port if word == "8000" else word for word in command]
    with subprocess.Popen(command, stdout=sys.stderr, env={**os.environ, "PORT": port}) as server:
        answer = None
        while answer is None and server.poll() is None:
            time.sleep(0.1)
            answer = ask(f"http://127.0.0.1:{port}{path}", body)
        server.terminate()
    if answer is None:
        sys.exit(f"{command[0]} ended with {server.returncode}")
    print(answer)


main()
