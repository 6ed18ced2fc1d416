// A Hugging Face hub for tests, which is ModelScope too (modelscope.mjs):
//   node server.mjs --data DIR [--port 0] [--cdn-port 0] [--ready FILE] [--digests FILE]
// Listens on 127.0.0.1 only, writes {"hub": URL, "cdn": URL} to the ready file once it does, and
// ends on SIGTERM. --digests is a file that remembers the digests of synthetic files between runs.
//
// DIR/repos.json (folders and files in it are relative to DIR):
//
//   {"repos": [{
//      "id": "acme/tiny", "type": "model",          type: model (default), dataset, space, kernel
//      "private": false, "disabled": false,
//      "gated": false,                              or "auto", "manual"
//      "renamedFrom": ["acme/old"],                 other capitals redirect by themselves
//      "lfs": {"threshold": 1048576, "globs": []},  LFS: from this size on, or matching a glob
//      "xet": false, "pageSize": 0,                 0: 1000 entries a page, 50 with expand
//      "info": {"library_name": "x"},               more members of the repo info
//      "issues": [{"path": "a.bin", "level": "unsafe"}],   what its scanners say, for securityStatus=true
//      "commits": [{"name": "c1", "folder": "v1", "files": [FILE...], "oid": HEX40, "title": TEXT,
//                   "date": ISO, "parent": NAME}],  oldest first; parent: the one before, or null
//      "branches": {"main": "c1"}, "tags": {"v1.0": "c1"}, "refs": {"refs/pr/1": "c1"}}],
//    "tokens": {"hf_reader": ["acme/secret"],       token: private and gated repos, or ["*"], or
//               "hf_narrow": {"access": [], "forbidden": ["acme/tiny"]}},
//    "switches": {...}, "faults": [...]}            as below
//
// Without "commits" a repo has one, called "first", of its own "folder" and "files"; without
// "branches" main is the last commit; without "oid" the hash is derived from the listing. A FILE
// has a "path", as it is to be listed (hostile ones too), and one of "text", "base64", "file": NAME
// or "synthetic": SIZE with "seed": N; and optionally "lfs": BOOL, "served": {"text": "not what the
// listing says"}, "listing": {...}, members that replace those of its tree entry, and "sha256": HEX
// of an LFS file, which is believed rather than computed.
//
// POST /_control with {"switches", "faults", "tokens", "move", "clearLog": true}, each optional:
//   switches (merged): pageSize N, reverseListing, gzip (text, unless Accept-Encoding is identity),
//     weakEtag, lowerCaseHeaders, chunked (no Content-Length), ignoreRange, xet, resolveCache
//     (small files by a relative redirect), bytesPerSecond N, cdnExpiresMs N, cdnUrl URL (LFS files
//     by a redirect to another server, which finds them by the SHA-256 that the path ends in)
//     and what mirrors and proxies do: encode "gzip"|"deflate"|"br" (every body, whatever was
//     asked), encodeRanges (ranges are of the encoded form; else there are none), noContentRange (a
//     206 without), rangeLimit N (bytes of a 206), nextHost URL (what the links to pages begin
//     with), loseLink, loseRecursive, noTree (404 as for any unknown page), noSiblings, endless
//     "same"|"new" (each page names one more, with the entries of the first or with a new one),
//     goneCommit (what info names as the commit is not known elsewhere), and of ModelScope noGit
//     (git is not spoken)
//   faults (replaced): {"do": KIND, "on": "api"|"resolve"|"cdn", "method": M, "path": REGEXP,
//     "after": N, "times": N}, all but "do" optional; KIND and its own members:
//       status {status, headers, body}, rateLimit {wait}, silence, close {reset}, delay {ms},
//       slow {bytesPerSecond}, cut {bytes, reset}, stall {bytes}, short {bytes: how many fewer},
//       corrupt {bytes: which one}, ignoreRange, chunked
//   tokens (merged)
//   move: {"repo": ID, "ref": "main", "to": "c2"}
// GET /_log: {"requests": [{id, port, kind, method, path, query, authorization: BOOL, cookie: BOOL,
//   range, acceptEncoding, userAgent, status, bytes, repo, revision, commit, file}], "connections":
//   {hub, cdn}, "parallel": {hub, cdn} (the most requests at one time), "faults": [{..., seen,
//   applied}]}. port: hub, cdn; kind: api, resolve, cdn, page; status 0: no answer was begun.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { answerCdn, answerHub, readBody } from './hub.mjs';
import { answerModelscope, isModelscope } from './modelscope.mjs';
import { checkMembers, commitNamed, loadHub } from './repos.mjs';
import { Exchange, Faults } from './send.mjs';

const SWITCHES = ['pageSize', 'reverseListing', 'gzip', 'weakEtag', 'lowerCaseHeaders', 'chunked',
    'ignoreRange', 'xet', 'resolveCache', 'bytesPerSecond', 'cdnExpiresMs', 'cdnUrl', 'encode',
    'encodeRanges', 'noContentRange', 'rangeLimit', 'nextHost', 'loseLink', 'loseRecursive',
    'noTree', 'noSiblings', 'endless', 'goneCommit', 'noGit'];

function newState(hub) {
    checkMembers(hub.switches, SWITCHES, 'switches');
    return {
        ...hub, faults: new Faults(hub.faults), urls: {}, requestCount: 0, log: [],
        cursors: new Map(), cdnFiles: new Map(), open: { hub: 0, cdn: 0 },
        parallel: { hub: 0, cdn: 0 }, connections: { hub: 0, cdn: 0 },
    };
}

function control(state, wish) {
    checkMembers(wish, ['switches', 'faults', 'tokens', 'move', 'clearLog'], 'control');
    checkMembers(wish.switches ?? {}, SWITCHES, 'switches');
    if (wish.faults)
        state.faults = new Faults(wish.faults);
    if (wish.move) {
        const repo = state.repos.find((candidate) => candidate.id === wish.move.repo);
        commitNamed(repo, wish.move.to);
        const names = [repo.branches, repo.tags, repo.refs].find((set) => wish.move.ref in set);
        (names ?? repo.branches)[wish.move.ref] = wish.move.to;
    }
    Object.assign(state.switches, wish.switches);
    Object.assign(state.tokens, wish.tokens);
    if (wish.clearLog) {
        const none = { hub: 0, cdn: 0 };
        Object.assign(state, { log: [], parallel: { ...none }, connections: { ...none } });
    }
}

async function answerTest(state, req, res) {
    let status = 200;
    const { log: requests, connections, parallel } = state;
    let body = { requests, connections, parallel, faults: state.faults.rules };
    if (req.method === 'POST') {
        try {
            control(state, JSON.parse(await readBody(req)));
            body = { switches: state.switches, faults: state.faults.rules };
        } catch (error) {
            status = 400;
            body = { error: error.message };
        }
    }
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function chooseAnswer(port, path) {
    if (port === 'cdn')
        return answerCdn;
    return isModelscope(path) ? answerModelscope : answerHub;
}

async function answer(state, port, req, res) {
    if (port === 'hub' && ['/_control', '/_log'].includes(req.url))
        return answerTest(state, req, res);
    const x = new Exchange(state, port, req, res);
    if (port === 'hub')
        x.limitHeaders(2999, 300);
    try {
        if (!await x.misbehave())
            await chooseAnswer(port, x.path)(x);
    } catch (error) {
        // A client may leave at any time; everything else is a defect of this server.
        if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || res.destroyed)
            return undefined;
        console.error(`${req.method} ${req.url}:`, error);
        res.destroy();
    }
    return undefined;
}

async function listen(state, port, number) {
    const server = createServer((req, res) => answer(state, port, req, res));
    server.on('connection', () => { state.connections[port] += 1; });
    server.requestTimeout = 0;
    server.listen(number, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${server.address().port}`;
}

const { values: options } = parseArgs({
    options: {
        data: { type: 'string' }, port: { type: 'string', default: '0' },
        'cdn-port': { type: 'string', default: '0' }, ready: { type: 'string' },
        digests: { type: 'string' },
    },
});
process.on('SIGTERM', () => process.exit(0));
const state = newState(await loadHub(options.data, options.digests));
state.urls.cdn = await listen(state, 'cdn', Number(options['cdn-port']));
state.urls.hub = await listen(state, 'hub', Number(options.port));
if (options.ready) {
    writeFileSync(`${options.ready}.new`, JSON.stringify(state.urls));
    renameSync(`${options.ready}.new`, options.ready);
} else {
    console.log(JSON.stringify(state.urls));
}
