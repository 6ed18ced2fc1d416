// A Docker engine as far as its images go (Docker Engine API, "Images"), over TCP:
//   node engine-server.mjs --dir FOLDER --ready FILE
// Listens on 127.0.0.1, writes its URL to the ready file, and ends on SIGTERM. An image is FOLDER/NAME.tar
// ("app:1"; '/' becomes '+') as it was loaded, and is saved as that, without a length, as Docker does. A load
// is refused unless all that manifest.json names is there and is what the config says.

import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createReadStream, createWriteStream, existsSync, linkSync, readFileSync, renameSync, rmSync,
    writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';

const BLOCK = 512;

function sha256(bytes) {
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function text(bytes) {
    return bytes.toString('utf8').replace(/\0.*$/s, '');
}

// {name: bytes} of the regular files of a tar, whose end has to be there.
export function readTar(bytes) {
    const members = {};
    let name;
    for (let at = 0; at + BLOCK <= bytes.length;) {
        const head = bytes.subarray(at, at + BLOCK);
        if (head.every((byte) => byte === 0))
            return members;
        const size = Number.parseInt(text(head.subarray(124, 136)), 8);
        const body = bytes.subarray(at + BLOCK, at + BLOCK + size);
        if (body.length < size)
            break;
        const type = String.fromCharCode(head[156]);
        const prefix = text(head.subarray(345, 500));
        if (type === 'x')
            name = /\d+ path=([^\n]*)\n/.exec(body.toString('utf8'))?.[1];
        else if (type === '0' || type === '\0')
            members[name ?? `${prefix ? `${prefix}/` : ''}${text(head.subarray(0, 100))}`] = body;
        if (type !== 'x')
            name = undefined;
        at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    }
    throw new Error('unexpected EOF');
}

// {names, id} of the image in a tar of `docker save`.
export function readImage(bytes) {
    const members = readTar(bytes);
    const need = (name) => {
        if (!members[name])
            throw new Error(`open ${name}: no such file or directory`);
        return members[name];
    };
    const [entry] = JSON.parse(need('manifest.json'));
    const config = need(entry.Config);
    const layers = entry.Layers.map(need).map((layer) =>
        (layer[0] === 0x1f && layer[1] === 0x8b ? gunzipSync(layer) : layer));
    const wanted = JSON.parse(config).rootfs.diff_ids ?? [];
    if (wanted.join() !== layers.map(sha256).join())
        throw new Error('invalid diffID for layer');
    return { names: entry.RepoTags ?? [], id: sha256(config) };
}

export function familiar(name) {
    return name.replace(/^docker\.io\/(library\/)?/, '');
}

export function imageFile(dir, name) {
    return `${dir}/${familiar(name).replaceAll('/', '+')}.tar`;
}

function sendJson(res, status, value) {
    const body = `${JSON.stringify(value)}\n`;
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    res.end(body);
}

// The whole body arrives before anything is said, and an image takes its name when it is whole.
async function load(dir, req, res) {
    const file = `${dir}/.${randomUUID()}`;
    try {
        await pipeline(req, createWriteStream(file));
        const { names } = readImage(readFileSync(file));
        for (const name of names) {
            linkSync(file, `${file}.named`);
            renameSync(`${file}.named`, imageFile(dir, name));
        }
        sendJson(res, 200, { stream: `Loaded image: ${names.map(familiar)}\n` });
    } catch (error) {
        if (!res.destroyed)
            sendJson(res, 200, { errorDetail: { message: error.message }, error: error.message });
    } finally {
        rmSync(file, { force: true });
    }
}

async function answer(dir, req, res) {
    const path = decodeURIComponent(new URL(req.url, 'http://localhost').pathname);
    const [, name, verb] = /^\/images\/(.*)\/(get|json)$/.exec(path) ?? [];
    if (path === '/_ping')
        return res.end('OK');
    if (path === '/images/load' && req.method === 'POST')
        return load(dir, req, res);
    const file = imageFile(dir, name ?? '');
    if (name === undefined || !existsSync(file))
        return sendJson(res, 404, { message: name ? `No such image: ${name}` : 'page not found' });
    if (verb === 'json')
        return sendJson(res, 200, { Id: readImage(readFileSync(file)).id });
    res.writeHead(200, { 'Content-Type': 'application/x-tar' });
    return pipeline(createReadStream(file), res);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const { values: options } = parseArgs({ options: { dir: { type: 'string' }, ready: { type: 'string' } } });
    const server = createServer((req, res) => answer(options.dir, req, res).catch(() => res.destroy()));
    process.on('SIGTERM', () => process.exit(0));
    server.listen(0, '127.0.0.1', () => {
        writeFileSync(`${options.ready}.new`, `http://127.0.0.1:${server.address().port}`);
        renameSync(`${options.ready}.new`, options.ready);
    });
}
