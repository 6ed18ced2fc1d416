// One request and its answer, on either port: the record for the log, the faults that apply, and
// the sending of a file with ranges, gzip and whatever the switches spoil. No repositories in here.

import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkMembers } from './repos.mjs';

const FAULTS = ['status', 'rateLimit', 'silence', 'close', 'delay', 'slow', 'cut', 'stall', 'short',
    'corrupt', 'ignoreRange', 'chunked'];
const FAULT_MEMBERS = ['do', 'on', 'method', 'path', 'after', 'times', 'status', 'headers', 'body',
    'wait', 'ms', 'bytesPerSecond', 'bytes', 'reset'];

// What a proxy may put every body into, whatever the client accepts.
const ENCODERS = {
    gzip: (bytes) => gzipSync(bytes, { level: 1 }),
    deflate: (bytes) => deflateSync(bytes, { level: 1 }),
    br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } }),
};

// The faults that tests ask for. A fault applies to the requests that match it, but for the first
// `after` and for no more than `times` of them.
export class Faults {
    constructor(rules) {
        this.rules = rules.map((rule) => {
            checkMembers(rule, FAULT_MEMBERS, 'fault');
            if (!FAULTS.includes(rule.do))
                throw new Error(`fault: 'do' is '${rule.do}', known are ${FAULTS.join(', ')}`);
            if (rule.on && !['api', 'resolve', 'cdn'].includes(rule.on))
                throw new Error(`fault: 'on' is '${rule.on}', known are api, resolve, cdn`);
            return { ...rule, seen: 0, applied: 0 };
        });
    }

    // The faults of this request as an object from kind to rule.
    take(kind, method, path) {
        const active = {};
        for (const rule of this.rules) {
            if ((rule.on && rule.on !== kind) || (rule.method && rule.method !== method)
                || (rule.path && !new RegExp(rule.path).test(path)))
                continue;
            rule.seen += 1;
            if (rule.seen <= (rule.after ?? 0) || rule.applied >= (rule.times ?? Infinity))
                continue;
            rule.applied += 1;
            active[rule.do] ??= rule;
        }
        return active;
    }
}

export class Exchange {
    constructor(state, port, req, res) {
        const [path, ...query] = req.url.split('?');
        Object.assign(this, { state, port, req, res, path, query: query.join('?') });
        this.parameters = new URLSearchParams(this.query);
        this.kind = port === 'cdn' ? 'cdn' : kindOf(path);
        this.faults = state.faults.take(this.kind, req.method, path);
        this.headers = { 'X-Request-Id': `request-${++state.requestCount}` };
        this.record = {
            id: state.requestCount,
            port,
            kind: this.kind,
            method: req.method,
            path,
            query: this.query,
            authorization: req.headers.authorization !== undefined,
            cookie: req.headers.cookie !== undefined,
            range: req.headers.range ?? null,
            acceptEncoding: req.headers['accept-encoding'] ?? null,
            userAgent: req.headers['user-agent'] ?? null,
            status: 0,
            bytes: 0,
        };
        state.log.push(this.record);
        this.countParallel();
    }

    countParallel() {
        const { open, parallel } = this.state;
        parallel[this.port] = Math.max(parallel[this.port], ++open[this.port]);
        this.res.on('close', () => { open[this.port] -= 1; });
    }

    get switches() {
        return this.state.switches;
    }

    // Does what the faults say instead of an answer. True if that was all.
    async misbehave() {
        const { delay, silence, close, rateLimit, status } = this.faults;
        if (delay)
            await sleep(delay.ms);
        if (silence)
            return true;
        if (close) {
            this.hangUp(close);
            return true;
        }
        if (rateLimit) {
            const wait = rateLimit.wait ?? 1;
            this.limitHeaders(0, wait);
            this.sendText(429, 'We had to rate limit your IP', { 'Retry-After': String(wait) });
            return true;
        }
        if (status)
            this.sendText(status.status, status.body ?? '', status.headers ?? {});
        return status !== undefined;
    }

    limitHeaders(remaining, reset) {
        const name = { api: 'api', resolve: 'resolvers' }[this.kind] ?? 'pages';
        this.headers.RateLimit = `"${name}";r=${remaining};t=${reset}`;
        this.headers['RateLimit-Policy'] = `"fixed window";"${name}";q=3000;w=300`;
    }

    hangUp({ reset }) {
        if (reset)
            this.res.socket?.resetAndDestroy();
        else
            this.res.socket?.destroy();
    }

    start(status, headers) {
        this.record.status = status;
        for (const [name, value] of Object.entries({ ...this.headers, ...headers }))
            this.res.setHeader(this.switches.lowerCaseHeaders ? name.toLowerCase() : name, value);
        this.res.statusCode = status;
    }

    sendText(status, text, headers = {}) {
        const encode = text === '' ? undefined : ENCODERS[this.switches.encode];
        const bytes = encode ? encode(Buffer.from(text)) : Buffer.from(text);
        const type = 'text/plain; charset=utf-8';
        this.start(status, { 'Content-Type': type, 'Content-Length': bytes.length, ...headers,
            ...(encode && { 'Content-Encoding': this.switches.encode }) });
        this.record.bytes = this.req.method === 'HEAD' ? 0 : bytes.length;
        this.res.end(bytes);
    }

    sendJson(status, value, headers = {}) {
        const type = 'application/json; charset=utf-8';
        this.sendText(status, JSON.stringify(value), { 'Content-Type': type, ...headers });
    }

    // Answers 200, 206 or 416 with the content, `etag` without quotes.
    async sendContent(content, etag, headers) {
        const { encode, noContentRange, rangeLimit } = this.switches;
        if (encode && this.req.method === 'GET')
            return this.sendEncoded(content, etag, headers);
        const { short } = this.faults;
        const ignoreRange = this.faults.ignoreRange || this.switches.ignoreRange;
        const chunked = this.faults.chunked || this.switches.chunked;
        const size = Math.max(0, content.size - (short ? short.bytes ?? 1 : 0));
        const range = ignoreRange ? null : parseRange(this.req.headers, size, etag);
        const quoted = this.switches.weakEtag ? `W/"${etag}"` : `"${etag}"`;
        if (range === 'unsatisfiable')
            return this.sendText(416, '', { 'Content-Range': `bytes */${size}` });

        const start = range ? range[0] : 0;
        const most = range && rangeLimit ? start + rangeLimit : size;
        const end = Math.min(range ? range[1] : size, most);
        const gzip = !range && this.wantsGzip(headers['Content-Type']);
        const hideLength = gzip || (chunked && this.req.method === 'GET');
        this.start(range ? 206 : 200, {
            'Accept-Ranges': 'bytes', ...headers, ETag: quoted,
            ...(range && !noContentRange
                && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
            ...(gzip && { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' }),
            ...(!hideLength && { 'Content-Length': end - start }),
        });
        if (this.req.method === 'HEAD')
            return this.res.end();
        const encoders = gzip ? [createGzip()] : [];
        return pipeline([content.read(start, end), (source) => this.spoil(source, start),
            ...encoders, (source) => this.count(source), this.res]);
    }

    // As a cache does that has the encoded form alone: ranges are of that form, or are not known.
    async sendEncoded(content, etag, headers) {
        const { encode, encodeRanges } = this.switches;
        const chunks = [];
        for await (const chunk of content.read(0, content.size))
            chunks.push(chunk);
        const bytes = ENCODERS[encode](Buffer.concat(chunks));
        const range = encodeRanges ? parseRange(this.req.headers, bytes.length, etag) : null;
        if (range === 'unsatisfiable')
            return this.sendText(416, '', { 'Content-Range': `bytes */${bytes.length}` });
        const [start, end] = range ?? [0, bytes.length];
        this.start(range ? 206 : 200, {
            ...headers, ETag: `W/"${etag}"`, 'Content-Encoding': encode,
            ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` }),
            'Content-Length': end - start,
        });
        return pipeline([[bytes.subarray(start, end)], (source) => this.spoil(source, start),
            (source) => this.count(source), this.res]);
    }

    wantsGzip(type) {
        return this.switches.gzip && this.kind === 'resolve' && type.startsWith('text/')
            && this.req.headers['accept-encoding'] !== 'identity';
    }

    async *count(source) {
        for await (const chunk of source) {
            this.record.bytes += chunk.length;
            yield chunk;
        }
    }

    // Passes on the bytes, whose first is at `offset` of the file, and does to them as faults say.
    async *spoil(source, offset) {
        const { slow, cut, stall, corrupt } = this.faults;
        const perSecond = slow?.bytesPerSecond ?? this.switches.bytesPerSecond;
        const stop = cut ?? stall;
        const piece = perSecond ? Math.max(1, Math.floor(perSecond / 10)) : Infinity;
        let sent = 0;
        for await (const original of source) {
            const target = (corrupt?.bytes ?? 0) - offset - sent;
            const chunk = corrupt ? flipped(original, target) : original;
            for (let at = 0; at < chunk.length;) {
                const left = stop ? (stop.bytes ?? 0) - sent : Infinity;
                if (left <= 0) {
                    await this.stopSending(cut);
                    return;
                }
                const part = chunk.subarray(at, at + Math.min(piece, left));
                yield part;
                at += part.length;
                sent += part.length;
                if (perSecond)
                    await sleep((part.length * 1000) / perSecond);
            }
        }
    }

    // Lets what was written so far reach the client, then hangs up or keeps silent.
    async stopSending(cut) {
        await sleep(100);
        if (cut)
            this.hangUp(cut);
        else
            await new Promise((resolve) => { this.res.on('close', resolve); });
    }
}

// A copy with one bit of the byte at `at` changed, if that byte is among them.
function flipped(bytes, at) {
    const copy = Buffer.from(bytes);
    if (at >= 0 && at < copy.length)
        copy[at] ^= 1;
    return copy;
}

function kindOf(path) {
    if (/^\/api\/(resolve-cache\/|v1\/models\/[^/]+\/[^/]+\/repo$)/.test(path))
        return 'resolve';
    if (/^\/api\//.test(path))
        return 'api';
    return /\/(resolve|raw)\//.test(path) ? 'resolve' : 'page';
}

// [start, end) or null for the whole or 'unsatisfiable'. Several ranges in one request are ignored.
function parseRange(headers, size, etag) {
    const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '');
    const isStale = headers['if-range'] !== undefined && headers['if-range'] !== `"${etag}"`;
    if (!match || match[0] === 'bytes=-' || isStale)
        return null;
    const [, first, last] = match;
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
    return start >= size || start >= end ? 'unsatisfiable' : [start, end];
}
