// A registry for tests that behaves as this or that service does:
//   node quirk-server.mjs --data DIR --ready FILE --log FILE [--switches JSON]
// Listens on two free ports of 127.0.0.1, writes {"url": URL, "storage": URL} to the ready file, and
// ends on SIGTERM. Keeps blobs in DIR/blobs, one file each under its digest, which it verifies;
// manifests in memory, and takes them only if it has what they name. Each request is one line of
// the log: {"method", "path", "query": {}, "status", "bytes": received, "range": its Content-Range,
// "length": its Content-Length, "authorization": BOOL, "port": "registry" | "storage", "at": when it
// came, in milliseconds}.
//
// POST /_control with other switches replaces them, forgets uploads, and empties the log. Without
// any it is a registry without quirks:
//   bodyLimit N          a PATCH or PUT of more is 413, as behind a proxy
//   chunkMinLength N     POST says OCI-Chunk-Min-Length; a shorter chunk must be the last
//   chunkLimit N         a PATCH with Content-Range of more is 416
//   refuseChunks         a PATCH with Content-Range is 416
//   wantLength           a body without Content-Length is 411
//   createdOnPatch       201 in place of 202, with the Range of the answer before
//   relativeRange        Range counts from the start of the chunk
//   refusePatch          405
//   relativeLocation     a path in place of a URL
//   state                Location has a query that changes with each answer and has to come back
//   storageUploads       Location is at the other port
//   refuseStatus         404 to the GET of an upload
//   expire {bytes, times} an upload of more than so many bytes is forgotten, so many times
//   head STATUS          the answer to every HEAD
//   mount STATUS         the answer to every mount; 202 opens an upload
//   storageBlobs         GET of a blob is 307 to the other port
//   encode "gzip"|"deflate"|"br"
//                        every answer to a GET is so encoded, whatever was asked, and whole, as
//                        behind a proxy
//   claimGzip            blobs come as they are, with Content-Encoding: gzip, as from a storage
//                        that goes by their names
//   referrers            keeps a list of what speaks of a manifest, and says OCI-Subject
//   broken "nothing"|"forgotten"
//                        what stays of a PATCH that breaks off: nothing of its body, or not even
//                        the upload; without, all that has come
//   faults [{method, path: REGEXP, range: REGEXP, least: N, after: N, times: N, status, headers,
//           drop: N, late, hold: N}]
//                        an answer out of turn, from the N-th such request on, whose body has at
//                        least so many bytes, or does not say; with drop the connection ends when so
//                        many bytes of the body have been stored; with late: "lost" | "cut" | STATUS
//                        the request does its work, and then there is no answer, half of one, or
//                        this one; with hold: N it comes N ms later, with hold: FILE
//                        once there is such a file; GET /_held says how many wait

import { createServer } from 'node:http';
import { once } from 'node:events';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, createReadStream, existsSync, mkdirSync, openSync,
    readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync,
    writeSync } from 'node:fs';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';

const ENCODERS = {
    gzip: (bytes) => gzipSync(bytes, { level: 1 }),
    deflate: (bytes) => deflateSync(bytes, { level: 1 }),
    br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } }),
};
// How long a body that was refused is still read, so that the answer is not lost on its way.
const LINGER_MS = 3000;

const { values: options } = parseArgs({
    options: { data: { type: 'string' }, ready: { type: 'string' }, log: { type: 'string' },
        switches: { type: 'string', default: '{}' } },
});
const switches = JSON.parse(options.switches);
const repositories = new Map(); // name -> {blobs: Set, manifests: Map, tags: Map}
const uploads = new Map(); // id -> {name, size, file, state, shortest}
const urls = {};
let holding = 0; // requests whose answers wait for a file
mkdirSync(`${options.data}/blobs`, { recursive: true });
mkdirSync(`${options.data}/uploads`, { recursive: true });
writeFileSync(options.log, '');

class Refusal extends Error {
    constructor(status, code, message, headers = {}) {
        super(message);
        Object.assign(this, { status, code, headers });
    }
}

function repository(name) {
    if (!repositories.has(name))
        repositories.set(name, { blobs: new Set(), manifests: new Map(), tags: new Map() });
    return repositories.get(name);
}

function blobFile(digest) {
    if (!/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest))
        throw new Refusal(400, 'DIGEST_INVALID', `'${digest}' is not a digest`);
    return `${options.data}/blobs/${digest.replace(':', '-')}`;
}

async function digestOf(file, algorithm) {
    const hash = createHash(algorithm);
    for await (const part of createReadStream(file))
        hash.update(part);
    return `${algorithm}:${hash.digest('hex')}`;
}

function location(id, upload) {
    const path = `/v2/${upload.name}/blobs/uploads/${id}`;
    const query = switches.state ? `?_state=${upload.state = randomUUID()}` : '';
    if (switches.storageUploads)
        return `${urls.storage}${path}${query}`;
    return `${switches.relativeLocation ? '' : urls.registry}${path}${query}`;
}

function endUpload(id) {
    rmSync(uploads.get(id).file, { force: true });
    uploads.delete(id);
}

function beginUpload(name) {
    const id = randomUUID();
    const upload = { name, size: 0, file: `${options.data}/uploads/${id}`, short: false };
    writeFileSync(upload.file, '');
    uploads.set(id, upload);
    return { status: 202, headers: { Location: location(id, upload), Range: '0-0',
        'Docker-Upload-UUID': id,
        ...(switches.chunkMinLength && { 'OCI-Chunk-Min-Length': switches.chunkMinLength }) } };
}

function findUpload(id, query) {
    const upload = uploads.get(id);
    if (!upload)
        throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
    if (switches.state && query.get('_state') !== upload.state)
        throw new Refusal(404, 'BLOB_UPLOAD_INVALID', 'not the state of this upload');
    return upload;
}

// Appends the body to the upload; what was stored of a body that breaks off stays.
async function store(req, entry, upload, fault) {
    const declared = req.headers['content-length'];
    const limit = switches.bodyLimit ?? Infinity;
    if (switches.wantLength && declared === undefined && req.headers['transfer-encoding'])
        throw new Refusal(411, 'UNSUPPORTED', 'a length is required');
    if (Number(declared) > limit)
        throw new Refusal(413, 'TOO_LARGE', 'request entity too large');
    const fd = openSync(upload.file, 'a');
    try {
        for await (let part of req.iterator({ destroyOnReturn: false })) {
            const room = fault?.drop === undefined ? Infinity : fault.drop - entry.bytes;
            part = part.subarray(0, Math.max(0, room));
            entry.bytes += part.length;
            if (entry.bytes > limit)
                throw new Refusal(413, 'TOO_LARGE', 'request entity too large');
            writeSync(fd, part);
            upload.size += part.length;
            if (switches.expire?.times > 0 && upload.size > switches.expire.bytes) {
                switches.expire.times -= 1;
                throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'the upload has expired');
            }
            if (entry.bytes === fault?.drop) {
                req.socket.destroy();
                throw new Refusal(499, 'DROPPED', 'the connection was dropped');
            }
        }
    } finally {
        closeSync(fd);
    }
}

// Content-Range: START-END, which has to begin where the upload ends.
function checkRange(req, upload) {
    const text = req.headers['content-range'];
    if (text === undefined)
        return;
    const [, start, end] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    const size = Number(end) - Number(start) + 1;
    if (end === undefined || size !== Number(req.headers['content-length']))
        throw new Refusal(400, 'SIZE_INVALID', `the range '${text}' is not that of the body`);
    if (switches.refuseChunks)
        throw new Refusal(416, 'UNSUPPORTED', 'chunked uploads are not supported');
    if (size > switches.chunkLimit)
        throw new Refusal(416, 'BLOB_UPLOAD_INVALID', 'the chunk exceeds the permissible limit');
    if (Number(start) !== upload.size || upload.short)
        throw new Refusal(416, 'RANGE_INVALID', `the upload is at ${upload.size}`,
            { Range: `0-${Math.max(0, upload.size - 1)}` });
    upload.short = size < (switches.chunkMinLength ?? 0);
}

async function patch(req, entry, id, query, fault) {
    const upload = findUpload(id, query);
    if (switches.refusePatch)
        throw new Refusal(405, 'UNSUPPORTED', 'PATCH is not supported');
    if (req.headers['content-type'] !== 'application/octet-stream')
        throw new Refusal(500, 'UNKNOWN', 'bad Content-Type');
    checkRange(req, upload);
    const before = upload.size;
    try {
        await store(req, entry, upload, fault);
    } catch (refusal) {
        if (refusal.code === 'BLOB_UPLOAD_UNKNOWN' || switches.broken === 'forgotten')
            endUpload(id);
        else if (switches.broken === 'nothing')
            truncateSync(upload.file, upload.size = before);
        throw refusal;
    }
    const end = switches.createdOnPatch ? before : upload.size;
    const start = switches.relativeRange ? before : 0;
    return { status: switches.createdOnPatch ? 201 : 202,
        headers: { Location: location(id, upload), Range: `0-${Math.max(0, end - start - 1)}` } };
}

async function commit(req, entry, id, query, fault) {
    const upload = findUpload(id, query);
    const digest = query.get('digest') ?? '';
    const file = blobFile(digest);
    await store(req, entry, upload, fault);
    const found = await digestOf(upload.file, digest.split(':')[0]);
    if (found !== digest) {
        endUpload(id);
        throw new Refusal(400, 'DIGEST_INVALID', `the bytes have the digest ${found}`);
    }
    if (existsSync(file))
        rmSync(upload.file);
    else
        renameSync(upload.file, file);
    uploads.delete(id);
    repository(upload.name).blobs.add(digest);
    return { status: 201, headers: { Location: `/v2/${upload.name}/blobs/${digest}`,
        'Docker-Content-Digest': digest } };
}

async function answerUpload(req, entry, id, query, fault) {
    switch (req.method) {
    case 'PATCH': return patch(req, entry, id, query, fault);
    case 'PUT': return commit(req, entry, id, query, fault);
    case 'GET': {
        if (switches.refuseStatus)
            throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'no such page');
        const upload = findUpload(id, query);
        return { status: 204, headers: { Location: location(id, upload),
            Range: `0-${Math.max(0, upload.size - 1)}` } };
    }
    case 'DELETE':
        findUpload(id, query);
        endUpload(id);
        return { status: 204 };
    default: throw new Refusal(405, 'UNSUPPORTED', 'not a method of uploads');
    }
}

function mount(name, query) {
    const digest = query.get('mount');
    const has = repositories.get(query.get('from'))?.blobs.has(digest);
    if (switches.mount > 299)
        throw new Refusal(switches.mount, 'UNSUPPORTED', 'nothing is mounted here');
    if (!has || switches.mount === 202)
        return beginUpload(name);
    repository(name).blobs.add(digest);
    return { status: 201, headers: { Location: `/v2/${name}/blobs/${digest}`,
        'Docker-Content-Digest': digest } };
}

function readBlob(req, name, digest) {
    const file = blobFile(digest);
    if (!repositories.get(name)?.blobs.has(digest))
        throw new Refusal(404, 'BLOB_UNKNOWN', 'no such blob');
    if (switches.storageBlobs && req.method === 'GET')
        return { status: 307, headers: { Location: `${urls.storage}/_blob/${digest}?signature=x` } };
    return serveFile(req, file, { 'Docker-Content-Digest': digest });
}

function serveFile(req, file, headers) {
    const { size } = statSync(file);
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? [];
    const start = Number(first ?? 0);
    const end = last ? Math.min(Number(last), size - 1) : size - 1;
    if (first !== undefined && start >= size)
        throw new Refusal(416, 'RANGE_INVALID', 'nothing there', { 'Content-Range': `bytes */${size}` });
    return { status: first === undefined ? 200 : 206, file, start, end,
        headers: { ...headers, 'Content-Type': 'application/octet-stream',
            'Content-Length': end - start + 1,
            ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end}/${size}` }) } };
}

async function writeManifest(req, entry, name, version) {
    const parts = [];
    for await (const part of req) {
        entry.bytes += part.length;
        parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    const manifest = JSON.parse(bytes.toString());
    const { blobs, manifests, tags } = repository(name);
    const missing = [manifest.config, ...manifest.layers ?? []]
        .filter((blob) => blob && !blobs.has(blob.digest) && !blob.urls)
        .concat((manifest.manifests ?? []).filter((child) => !manifests.has(child.digest)));
    if (missing.length > 0)
        throw new Refusal(400, 'MANIFEST_BLOB_UNKNOWN', missing[0].digest);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (version.includes(':') && version !== digest)
        throw new Refusal(400, 'DIGEST_INVALID', `the bytes have the digest ${digest}`);
    manifests.set(digest, { type: req.headers['content-type'], bytes });
    if (!version.includes(':'))
        tags.set(version, digest);
    return { status: 201, headers: { 'Docker-Content-Digest': digest,
        ...(switches.referrers && manifest.subject && { 'OCI-Subject': manifest.subject.digest }),
        Location: `/v2/${name}/manifests/${digest}` } };
}

function readManifest(name, version) {
    const found = repositories.get(name);
    const digest = found?.tags.get(version) ?? version;
    const manifest = found?.manifests.get(digest);
    if (!manifest)
        throw new Refusal(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    return { status: 200, body: manifest.bytes, headers: { 'Content-Type': manifest.type,
        'Content-Length': manifest.bytes.length, 'Docker-Content-Digest': digest } };
}

// distribution-spec, "Listing Referrers"
function listReferrers(name, subject, wanted) {
    const list = [...repositories.get(name)?.manifests ?? []]
        .map(([digest, { type, bytes }]) => ({ digest, type, size: bytes.length, ...JSON.parse(bytes.toString()) }))
        .filter((manifest) => manifest.subject?.digest === subject)
        .map(({ digest, type, size, artifactType, config, annotations }) => ({ mediaType: type, digest, size,
            artifactType: artifactType ?? config?.mediaType, annotations }))
        .filter(({ artifactType }) => !wanted || artifactType === wanted);
    return { status: 200, body: JSON.stringify({ schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json', manifests: list }),
    headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json',
        ...(wanted && { 'OCI-Filters-Applied': 'artifactType' }) } };
}

async function answerRegistry(req, entry, url, fault) {
    const { pathname: path, searchParams: query } = url;
    const [, name, kind, rest] = /^\/v2\/(.+?)\/(blobs|manifests|tags|referrers)\/(.*)$/.exec(path) ?? [];
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (path === '/v2/')
        return { status: 200, body: '{}', headers: { 'Content-Type': 'application/json' } };
    if (req.method === 'HEAD' && switches.head)
        throw new Refusal(switches.head, 'UNSUPPORTED', 'no HEAD here');
    if (kind === 'blobs' && rest.startsWith('uploads/')) {
        const id = rest.slice('uploads/'.length);
        if (id !== '')
            return answerUpload(req, entry, id, query, fault);
        if (req.method === 'POST')
            return query.has('mount') ? mount(name, query) : beginUpload(name);
    }
    if (kind === 'blobs' && isRead)
        return readBlob(req, name, rest);
    if (kind === 'manifests' && isRead)
        return readManifest(name, rest);
    if (kind === 'manifests' && req.method === 'PUT')
        return writeManifest(req, entry, name, rest);
    if (kind === 'referrers' && isRead && switches.referrers)
        return listReferrers(name, rest, query.get('artifactType'));
    if (kind === 'tags' && rest === 'list' && repositories.has(name))
        return { status: 200, body: JSON.stringify({ name, tags: [...repository(name).tags.keys()] }),
            headers: { 'Content-Type': 'application/json' } };
    throw new Refusal(404, 'UNSUPPORTED', 'no such page');
}

function takeFault(req) {
    const fits = (pattern, text) => pattern === undefined || new RegExp(pattern).test(text ?? '');
    return (switches.faults ?? []).find((fault) => {
        if (!fits(fault.method, req.method) || !fits(fault.path, req.url)
            || !fits(fault.range, req.headers['content-range'])
            || Number(req.headers['content-length'] ?? Infinity) < (fault.least ?? 0))
            return false;
        fault.seen = (fault.seen ?? 0) + 1;
        return fault.seen > (fault.after ?? 0) && fault.seen <= (fault.after ?? 0) + (fault.times ?? 1);
    });
}

async function control(req, res) {
    let text = '';
    for await (const part of req)
        text += part;
    Object.keys(switches).forEach((name) => delete switches[name]);
    Object.assign(switches, JSON.parse(text));
    res.end(JSON.stringify({ uploads: uploads.size }));
    [...uploads.keys()].forEach(endUpload);
    writeFileSync(options.log, '');
}

function sendEncoded(res, reply, encode) {
    const plain = reply.file ? readFileSync(reply.file) : Buffer.from(reply.body);
    const body = ENCODERS[encode](plain);
    const { 'Content-Range': range, ...headers } = reply.headers ?? {};
    res.writeHead(reply.status === 206 ? 200 : reply.status, { ...headers,
        'Content-Encoding': encode, 'Content-Length': body.length });
    res.end(body);
}

function send(req, res, reply) {
    if (switches.encode && req.method === 'GET' && (reply.file || reply.body))
        return sendEncoded(res, reply, switches.encode);
    if (switches.claimGzip && reply.file)
        reply.headers['Content-Encoding'] = 'gzip';
    res.writeHead(reply.status, reply.headers ?? {});
    if (req.method === 'HEAD')
        res.end();
    else if (reply.file && reply.end >= reply.start)
        createReadStream(reply.file, { start: reply.start, end: reply.end }).pipe(res);
    else
        res.end(reply.body);
    return undefined;
}

// A body that was not read to its end: the answer goes first, and then the connection. Closing it
// at once, with bytes unread, would be a reset that may overtake the answer.
function sendUnread(req, res, status, headers, body) {
    res.writeHead(status, { ...headers, Connection: 'close', 'Content-Length': Buffer.byteLength(body) });
    res.write(body);
    req.on('error', () => {}).once('end', () => res.end()).resume();
    setTimeout(() => req.socket.destroy(), LINGER_MS);
}

function sendRefusal(req, res, refusal) {
    const body = JSON.stringify({ errors: [{ code: refusal.code, message: refusal.message }] });
    const headers = { 'Content-Type': 'application/json', ...refusal.headers };
    if (req.complete)
        send(req, res, { status: refusal.status, body, headers });
    else
        sendUnread(req, res, refusal.status, headers, body);
}

async function held(hold) {
    const later = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
    if (typeof hold === 'number')
        return later(hold);
    holding += 1;
    while (!existsSync(hold))
        await later(20);
    holding -= 1;
    return undefined;
}

// An answer that does not say what was done.
function sendLate(req, res, late) {
    if (late === 'cut')
        req.socket.write('HTTP/1.1 2');
    if (late === 'cut' || late === 'lost')
        return req.socket.end();
    return sendRefusal(req, res, new Refusal(late, 'FAULT', 'after the fact'));
}

async function answer(port, req, res) {
    const url = new URL(req.url, 'http://localhost');
    if (url.pathname === '/_control')
        return control(req, res);
    if (url.pathname === '/_held')
        return res.end(`${holding}`);
    const entry = { method: req.method, path: url.pathname, query: Object.fromEntries(url.searchParams),
        status: 0, bytes: 0, range: req.headers['content-range'], length: req.headers['content-length'],
        authorization: req.headers.authorization !== undefined, port, at: Date.now() };
    try {
        const fault = takeFault(req);
        if (fault?.status)
            throw new Refusal(fault.status, 'FAULT', 'out of turn', fault.headers);
        const reply = port === 'storage' && url.pathname.startsWith('/_blob/')
            ? serveFile(req, blobFile(url.pathname.slice('/_blob/'.length)))
            : await answerRegistry(req, entry, url, fault);
        entry.status = reply.status;
        if (fault?.hold)
            await held(fault.hold);
        if (fault?.late)
            sendLate(req, res, fault.late);
        else
            send(req, res, reply);
    } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal(500, 'UNKNOWN', `${error}`);
        entry.status = refusal.status;
        if (!req.socket.destroyed)
            sendRefusal(req, res, refusal);
    }
    appendFileSync(options.log, `${JSON.stringify(entry)}\n`);
    return undefined;
}

async function listen(port) {
    const server = createServer({ requestTimeout: 0 }, (req, res) => answer(port, req, res));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    urls[port] = `http://127.0.0.1:${server.address().port}`;
}

process.on('SIGTERM', () => process.exit(0));
await listen('registry');
await listen('storage');
writeFileSync(`${options.ready}.new`, JSON.stringify({ url: urls.registry, storage: urls.storage }));
renameSync(`${options.ready}.new`, options.ready);
