// One request through the proxy and its answer, with whatever a fault does to them. Requests are
// parsed and repeated by node:http; a fault writes the bytes of the answer by itself.

import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWER_KINDS, flipped, strikingByte } from './rules.mjs';
import { endSocket, keepSilent, writePart } from './connection.mjs';

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];
const EXPIRED = 'inlay-expired=1';
const NOT_HTTP = '\x15\x03\x03\x00\x02\x02\x28 not what was expected\r\n';
const ERROR_BODY = JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'a fault of the tests' }] });

function pairs(raw) {
    return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]]] : []));
}

function sendStatus(res, { status, headers = {} }) {
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': ERROR_BODY.length,
        ...headers });
    res.end(res.req.method === 'HEAD' ? undefined : ERROR_BODY);
}

// Reads the request's body to its end, so that the fault is in the answer alone.
async function drain(req) {
    for await (const part of req)
        part.length;
}

export class Exchange {
    constructor(proxy, req, res, rule) {
        Object.assign(this, { proxy, req, res, rule });
        this.socket = req.socket;
    }

    async run() {
        if (this.req.url.includes(EXPIRED))
            return sendStatus(this.res, { status: 403 });
        switch (this.rule?.do) {
        case 'status':
            await drain(this.req);
            return sendStatus(this.res, this.rule);
        case 'silence': return keepSilent(this.socket, this.rule);
        case 'close': return endSocket(this.socket, this.rule.end);
        case 'garbage': return this.socket.end(NOT_HTTP);
        case 'hold': await this.proxy.hold(this.rule, this.req);
        }
        return this.forward();
    }

    async forward() {
        const headers = pairs(this.req.rawHeaders)
            .filter(([name]) => !HOP_BY_HOP.includes(name.toLowerCase()));
        if (this.proxy.secure)
            headers.push(['X-Forwarded-Proto', 'https']);
        if (this.req.headers['transfer-encoding'])
            headers.push(['Transfer-Encoding', 'chunked']);
        const upstream = request(this.proxy.upstream, { method: this.req.method, path: this.req.url,
            agent: this.proxy.agent, setHost: false, headers: headers.flat() });
        this.res.once('close', () => { this.res.writableFinished || upstream.destroy(); });
        const answered = new Promise((resolve, reject) => {
            upstream.on('response', resolve).on('error', reject);
        });
        answered.catch(() => {});
        await this.sendUp(upstream);
        const answer = await answered;
        this.entry.status = answer.statusCode;
        if (this.rule?.do === 'holdAnswer')
            await this.proxy.hold(this.rule, this.req);
        if (!ANSWER_KINDS.includes(this.rule?.do))
            return this.sendAnswer(answer);
        return this.spoil(answer);
    }

    async sendUp(upstream) {
        const { rule } = this;
        const strikes = ['cutUp', 'stallUp', 'changeUp'].includes(rule?.do);
        const at = strikes ? strikingByte(rule, Number(this.req.headers['content-length'] ?? 0)) : Infinity;
        let sent = 0;
        for await (const bytes of this.req) {
            const part = rule?.do === 'changeUp' ? flipped(bytes, at - sent) : bytes;
            if (rule?.do !== 'changeUp' && sent + part.length > at)
                return this.breakUp(upstream, part.subarray(0, at - sent));
            sent += part.length;
            await writePart(upstream, part);
        }
        upstream.end();
        return undefined;
    }

    // The server has got so much, and then its connection ends too.
    async breakUp(upstream, last) {
        upstream.write(last);
        await sleep(20);
        if (this.rule.do === 'stallUp')
            await keepSilent(this.socket, this.rule);
        upstream.destroy();
        endSocket(this.socket, this.rule.end);
    }

    answerHeaders(answer) {
        return pairs(answer.rawHeaders)
            .filter(([name]) => !HOP_BY_HOP.includes(name.toLowerCase()))
            .map(([name, value]) => [name, this.proxy.rewrite(value)]);
    }

    async sendAnswer(answer) {
        this.res.writeHead(answer.statusCode, this.answerHeaders(answer).flat());
        for await (const part of answer)
            await writePart(this.res, part);
        this.res.end();
    }

    async spoil(answer) {
        const { rule } = this;
        const body = [];
        for await (const part of answer)
            body.push(part);
        const bytes = Buffer.concat(body);
        switch (rule.do) {
        case 'lose':
            return rule.end === 'silence' ? keepSilent(this.socket, { ...rule, end: 'reset' })
                : endSocket(this.socket, rule.end);
        case 'replace': return sendStatus(this.res, rule);
        case 'cutHead': {
            const head = this.headText(answer);
            return this.sendRaw(Buffer.from(head.slice(0, strikingByte(rule, head.length))));
        }
        default: return this.spoilBody(answer, bytes);
        }
    }

    headText(answer) {
        const lines = this.answerHeaders(answer).map(([name, value]) => `${name}: ${value}\r\n`);
        return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join('')}\r\n`;
    }

    async sendRaw(bytes) {
        this.socket.write(bytes);
        await sleep(20);
        endSocket(this.socket, this.rule.end);
    }

    async spoilBody(answer, bytes) {
        const { rule } = this;
        const at = strikingByte(rule, bytes.length);
        const head = (size) => this.res.writeHead(answer.statusCode, this.answerHeaders(answer)
            .map(([name, value]) => [name, name.toLowerCase() === 'content-length' ? `${size}` : value])
            .flat());
        const hasBody = this.req.method !== 'HEAD' && bytes.length > 0;
        const whole = rule.do === 'expire' ? this.expire(answer) : answer;
        if (!hasBody || rule.do === 'expire') {
            this.res.writeHead(whole.statusCode, this.answerHeaders(whole).flat());
            return this.res.end(bytes);
        }
        switch (rule.do) {
        case 'short':
            head(bytes.length - Math.min(bytes.length, rule.bytes ?? 1));
            return this.res.end(bytes.subarray(0, bytes.length - (rule.bytes ?? 1)));
        case 'long':
            head(bytes.length + (rule.bytes ?? 1));
            return this.res.end(Buffer.concat([bytes, Buffer.alloc(rule.bytes ?? 1, ' ')]));
        case 'change':
            head(bytes.length);
            return this.res.end(flipped(bytes, at));
        case 'trickle':
            head(bytes.length);
            return this.trickle(bytes);
        default:
            return this.breakDown(head, bytes, at);
        }
    }

    // cut and stall
    async breakDown(head, bytes, at) {
        head(bytes.length);
        this.res.write(bytes.subarray(0, at));
        await sleep(20);
        if (this.rule.do === 'stall')
            await keepSilent(this.socket, this.rule);
        endSocket(this.socket, this.rule.end);
    }

    async trickle(bytes) {
        const piece = Math.max(1, Math.floor((this.rule.bytesPerSecond ?? 1024) / 10));
        for (let at = 0; at < bytes.length && !this.res.destroyed; at += piece) {
            this.res.write(bytes.subarray(at, at + piece));
            await sleep(100);
        }
        this.res.end();
    }

    // The link that a redirect names is refused wherever it leads to one of these proxies.
    expire(answer) {
        const rawHeaders = pairs(answer.rawHeaders).map(([name, value]) =>
            [name, name.toLowerCase() === 'location'
                ? `${value}${value.includes('?') ? '&' : '?'}${EXPIRED}` : value]).flat();
        return { statusCode: answer.statusCode, rawHeaders };
    }
}
