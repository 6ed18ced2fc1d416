// A proxy that does what networks do. It stands before one server of the tests, and speaks HTTP or
// passes bytes on; its faults are values, so that the same list makes the same happen.
//   node proxy.mjs --upstream URL --ready FILE [--tls KEY,CERTIFICATE] [--raw] [--faults JSON]
// Listens on 127.0.0.1, writes {"url", "control"} to the ready file, and ends on SIGTERM. With --raw
// bytes go to the upstream as they are; only the faults of connections are known then.
// POST CONTROL/ with a list of faults replaces them and empties the log; GET CONTROL/ is {"faults":
// [{..., seen, applied}], "log": [{method, url, status, fault}]}.
//
// A fault: {"do": KIND, "method": REGEXP, "path": REGEXP of path and query, "after": N, "times": N,
// ...}: it strikes the requests (or connections) that fit, but for the first N, and once if `times`
// is not said. Where it strikes says `at`, a number of bytes, or `share`, of all that there are. `end`
// is "reset" (RST) or "close" (FIN), `ms` how long a silence lasts: without it, until the client
// leaves.
//
//   of a connection, of all bytes of HTTP or TLS on it, in the direction `way`: "down" or "up"
//     refuse {end}                  it ends at once
//     mute {ms}                     is accepted, and nothing is said
//     garble                        something else than HTTP or TLS answers
//     breakOff {way, at, end}, freeze {way, at, ms}, drip {way, bytesPerSecond}
//     flip {way, at}                one bit changes
//   of a request
//     status {status, headers}      the answer; the server does not see the request
//     silence {ms, end}, close {end}, garbage
//     cutUp {at, end}, stallUp {at, ms}, changeUp {at}
//                                   the server gets its body up to there, or with a bit changed
//   of an answer, when the server has done what was asked
//     lose {end: or "silence", ms}  nothing arrives
//     replace {status, headers}     another answer, as from a proxy in between
//     cutHead {at, end}             a part of the head
//     cut {at, end}, stall {at, ms} a part of the body
//     short {bytes}, long {bytes}   so much less or more, and the head says the same
//     change {at}, trickle {bytesPerSecond}
//     expire                        the link of a redirect is 403 at any of these proxies
//   of a moment: what arrives at the gate waits until a program that has made the proxy lets go
//     hold, holdAnswer

import { Agent, createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { passConnection, takeConnection } from './connection.mjs';
import { Exchange } from './exchange.mjs';
import { Rules } from './rules.mjs';

async function listen(server) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
}

export class Proxy {
    // tls: {key, cert} or undefined. `rewrites` maps what the servers' answers name to where it is
    // reached; proxies may share one, and each adds itself.
    constructor({ upstream, tls, raw = false, rewrites = new Map() }) {
        Object.assign(this, { upstream, raw, rewrites, secure: tls !== undefined });
        this.agent = new Agent(); // a connection each: one that idles might end as it is used
        this.sockets = new Set();
        this.held = new Set();
        const answer = (req, res) => this.answer(req, res);
        const options = { keepAliveTimeout: 60000, requestTimeout: 0 };
        this.inner = tls ? createHttps({ ...options, ...tls }, answer) : createHttp(options, answer);
        this.inner.on('tlsClientError', () => {}).on('clientError', (error, socket) => socket.destroy());
        this.outer = createTcp((socket) => this.connect(socket));
        this.setFaults([]);
    }

    async start() {
        this.innerPort = this.raw ? Number(new URL(this.upstream).port) : await listen(this.inner);
        this.port = await listen(this.outer);
        this.url = `${this.secure ? 'https' : 'http'}://127.0.0.1:${this.port}`;
        this.rewrites.set(this.upstream, this.url);
        return this;
    }

    // Ends what is left of the runs before, so that nothing of theirs meets the new faults.
    setFaults(faults) {
        this.release();
        this.sockets.forEach((socket) => socket.destroy());
        this.rules = new Rules(faults);
        this.log = [];
    }

    stop() {
        this.setFaults([]);
        this.agent.destroy();
        [this.inner, this.outer].forEach((server) => server.close());
    }

    connect(socket) {
        this.sockets.add(socket);
        socket.once('close', () => this.sockets.delete(socket));
        const target = () => this.innerPort;
        const accept = this.raw ? () => passConnection(socket, target)
            : () => this.inner.emit('connection', socket);
        takeConnection(socket, this.rules, accept, target);
    }

    async answer(req, res) {
        const rule = this.rules.takeRequest(req.method, req.url);
        const entry = { method: req.method, url: req.url, status: 0, fault: rule?.do };
        this.log.push(entry);
        res.on('error', () => {});
        req.on('error', () => {});
        const { socket } = req;
        const exchange = new Exchange(this, req, res, rule);
        exchange.entry = entry;
        try {
            await exchange.run();
        } catch {
            socket.destroy(); // one of the two has gone
        }
    }

    rewrite(text) {
        let result = text;
        for (const [from, to] of this.rewrites)
            result = result.replaceAll(from, to);
        return result;
    }

    // `onHold` is told what waits at the gate.
    hold(rule, req) {
        return new Promise((resolve) => {
            this.held.add(resolve);
            this.onHold?.({ rule, method: req.method, url: req.url });
        });
    }

    release() {
        this.held.forEach((resolve) => resolve());
        this.held.clear();
    }
}

async function readBody(req) {
    let text = '';
    for await (const part of req)
        text += part;
    return text;
}

async function control(proxy, req, res) {
    try {
        if (req.method === 'POST')
            proxy.setFaults(JSON.parse(await readBody(req)));
        res.end(JSON.stringify({ faults: proxy.rules.rules, log: proxy.log }));
    } catch (error) {
        res.writeHead(400).end(JSON.stringify({ error: error.message }));
    }
}

async function main() {
    const { values: options } = parseArgs({
        options: { upstream: { type: 'string' }, ready: { type: 'string' }, tls: { type: 'string' },
            raw: { type: 'boolean' }, faults: { type: 'string', default: '[]' } },
    });
    const [key, cert] = options.tls?.split(',').map((file) => readFileSync(file)) ?? [];
    const proxy = await new Proxy({ upstream: options.upstream, raw: options.raw,
        tls: key && { key, cert } }).start();
    proxy.setFaults(JSON.parse(options.faults));
    const controls = await listen(createHttp((req, res) => control(proxy, req, res)));
    writeFileSync(`${options.ready}.new`,
        JSON.stringify({ url: proxy.url, control: `http://127.0.0.1:${controls}` }));
    renameSync(`${options.ready}.new`, options.ready);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    process.on('SIGTERM', () => process.exit(0));
    await main();
}
