#!/usr/bin/env python3
"""A file server whose connections are slow, each by itself: a CDN that limits a connection.

    slow-server.py --root DIR --rate BYTES [--latency MS] [--port N] [--ready FILE] [--log FILE]

Serves the files below DIR on 127.0.0.1, by GET and HEAD, with ranges (206, one range a request) and
connections that are kept. The query of a URL is ignored, so that DIR may be laid out like a hub:
DIR/api/models/ORG/NAME/revision/main, DIR/api/models/ORG/NAME/tree/COMMIT,
DIR/ORG/NAME/resolve/COMMIT/FILE (links are followed).

  --rate     bytes a second that a connection gets, as a number with K, M or G (powers of ten);
             0: no limit. A token bucket that holds 20 ms: unlike nginx's limit_rate, which lets the
             first second of each request through.
  --latency  milliseconds before each answer, in place of a long way (0)
  --port     0 or left out: a free one
  --ready    gets "http://127.0.0.1:PORT" once the server listens
  --log      gets a line for each request: connection, method, path, status, range or "-"

Ends on SIGTERM. A thread for each connection and sendfile(2): 8 connections of 50 MB/s take about
a tenth of a core.
"""

import argparse
import os
import re
import signal
import socket
import sys
import threading
import time

PART = 256 * 1024
BUCKET_S = 0.02
UNITS = {'': 1, 'K': 10**3, 'M': 10**6, 'G': 10**9}


def parse_rate(text):
    found = re.fullmatch(r'([0-9]+)([KMG]?)', text.upper())
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is not a rate: expected 50M or the like")
    return int(found[1]) * UNITS[found[2]]


class Connection:
    def __init__(self, server, peer, number):
        self.server = server
        self.peer = peer
        self.number = number
        self.due = 0.0
        self.rest = b''

    def pace(self, size):
        """Sleeps until `size` bytes, which were just sent, are paid for."""
        if self.server.rate == 0:
            return
        now = time.monotonic()
        self.due = max(self.due, now - BUCKET_S) + size / self.server.rate
        if self.due > now:
            time.sleep(self.due - now)

    def read_head(self):
        head = self.rest
        while b'\r\n\r\n' not in head:
            part = self.peer.recv(16384)
            if not part or len(head) > 65536:
                return None
            head += part
        head, self.rest = head.split(b'\r\n\r\n', 1)
        return head.decode('latin-1').split('\r\n')

    def answer(self, status, lines, size):
        head = [f'HTTP/1.1 {status}', f'Content-Length: {size}', *lines, '', '']
        self.peer.sendall('\r\n'.join(head).encode('latin-1'))

    def send_file(self, file, offset, size):
        while size > 0:
            sent = os.sendfile(self.peer.fileno(), file, offset, min(size, PART))
            if sent == 0:
                raise ConnectionError('the file is shorter than it was')
            offset += sent
            size -= sent
            self.pace(sent)

    def serve_file(self, method, file, wanted):
        """Returns the status; `wanted` is the value of the Range header."""
        whole = os.fstat(file).st_size
        found = re.fullmatch(r'bytes=([0-9]+)-([0-9]*)', wanted or '')
        first, last = 0, whole - 1
        if found:
            first = int(found[1])
            last = min(last, int(found[2])) if found[2] else last
        if found and first > last:
            self.answer('416 Range Not Satisfiable', [f'Content-Range: bytes */{whole}'], 0)
            return 416
        lines = ['Accept-Ranges: bytes', 'Content-Type: application/octet-stream']
        if found:
            lines.append(f'Content-Range: bytes {first}-{last}/{whole}')
        self.answer('206 Partial Content' if found else '200 OK', lines, last - first + 1)
        if method == 'GET':
            self.send_file(file, first, last - first + 1)
        return 206 if found else 200

    def serve_request(self, request, headers):
        method, path, _ = request.split(' ', 2)
        wanted = headers.get('range')
        full = os.path.join(self.server.root, path.split('?')[0].lstrip('/'))
        status = 404
        time.sleep(self.server.latency)
        if method not in ('GET', 'HEAD') or '..' in path or not os.path.isfile(full):
            self.answer('404 Not Found', [], 0)
        else:
            file = os.open(full, os.O_RDONLY)
            try:
                status = self.serve_file(method, file, wanted)
            finally:
                os.close(file)
        self.server.note(f'{self.number} {method} {path} {status} {wanted or "-"}')

    def run(self):
        with self.peer:
            try:
                while (head := self.read_head()) is not None:
                    lines = (line.split(':', 1) for line in head[1:] if ':' in line)
                    self.serve_request(head[0], {k.lower(): v.strip() for k, v in lines})
            except (ConnectionError, ValueError):
                pass


class Server:
    def __init__(self, options):
        self.root = options.root
        self.rate = options.rate
        self.latency = options.latency / 1000
        self.log = open(options.log, 'w', buffering=1) if options.log else None
        self.lock = threading.Lock()

    def note(self, line):
        if self.log:
            with self.lock:
                self.log.write(line + '\n')

    def run(self, listener):
        number = 0
        while True:
            peer, _ = listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number += 1
            connection = Connection(self, peer, number)
            threading.Thread(target=connection.run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--root', required=True)
    parser.add_argument('--rate', required=True, type=parse_rate)
    parser.add_argument('--latency', type=float, default=0)
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--ready')
    parser.add_argument('--log')
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.create_server(('127.0.0.1', options.port), backlog=128)
    url = 'http://127.0.0.1:%d' % listener.getsockname()[1]
    if options.ready:
        with open(options.ready + '.new', 'w') as file:
            file.write(url + '\n')
        os.rename(options.ready + '.new', options.ready)
    else:
        print(url, flush=True)
    Server(options).run(listener)


main()
