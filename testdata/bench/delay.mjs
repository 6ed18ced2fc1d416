// Puts a distance between a client and servers: what either says arrives later.
//   node delay.mjs --ms N --ready FILE URL...
// Each server is behind a port of its own on 127.0.0.1. A round trip takes N milliseconds, and one is
// paid for the handshake of a connection, before its first bytes reach the server. The ready file has
// the URLs, in the order of the servers. In answers up to 64 KiB that are not compressed, URLs of the
// servers become those of the ports, of the same length, so that nobody leads past them.

import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options, positionals: upstreams } = parseArgs({ allowPositionals: true, options: {
    ms: { type: 'string' }, ready: { type: 'string' } } });
const half = Number(options.ms) / 2;
const ports = new Map();

function rewrite(bytes) {
    if (bytes.length > 65536)
        return bytes;
    let text = bytes.toString('latin1');
    for (const [from, to] of ports)
        text = text.replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`);
    return Buffer.from(text, 'latin1');
}

// Bytes from one to the other, each `half` after it came, `first` later at the beginning; in order.
function pass(from, to, first, change) {
    const waiting = [];
    const begun = Date.now();
    let timer;
    const deliver = () => {
        timer = undefined;
        while (waiting.length > 0 && waiting[0].due <= Date.now())
            waiting.shift().act();
        if (waiting.length > 0)
            timer = setTimeout(deliver, waiting[0].due - Date.now());
    };
    const later = (act) => {
        waiting.push({ due: Math.max(begun + first, Date.now() + half), act });
        timer ??= setTimeout(deliver, half);
    };
    from.on('data', (bytes) => later(() => to.write(change(bytes))));
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
    from.on('error', () => {});
}

async function stand(upstream) {
    const { hostname, port } = new URL(upstream);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        const served = connect({ host: hostname, port, allowHalfOpen: true, noDelay: true });
        pass(client, served, 3 * half, (bytes) => bytes);
        pass(served, client, half, rewrite);
    });
    // Five digits, as the servers have, so that no Content-Length changes.
    do server.listen(0, '127.0.0.1');
    while (await once(server, 'listening') && String(server.address().port).length !== port.length);
    ports.set(port, server.address().port);
    return `http://127.0.0.1:${server.address().port}`;
}

const urls = [];
for (const upstream of upstreams)
    urls.push(await stand(upstream));
process.on('SIGTERM', () => process.exit(0));
writeFileSync(`${options.ready}.new`, urls.map((url) => `${url}\n`).join(''));
renameSync(`${options.ready}.new`, options.ready);
