// The tests of hub_test.sh that speak HTTP: first the public client, then what only the bytes on
// the wire can show. Needs HUB_URL, CDN_URL, HUB_CLIENT, CACHE, REAL_MODEL, REAL_FILES.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

const { HUB_URL: hubUrl, CDN_URL: cdnUrl, CACHE: cacheDir, REAL_MODEL, REAL_FILES } = process.env;
const client = createRequire(join(process.env.HUB_CLIENT, 'package.json'))('@huggingface/hub');
const C1 = '3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123';
console.debug = () => {};

async function control(wish) {
    const body = JSON.stringify(wish);
    const answer = await ask(`${hubUrl}/_control`, { method: 'POST', body });
    assert.equal(answer.status, 200, answer.body.toString());
}

async function readLog() {
    return (await fetch(`${hubUrl}/_log`)).json();
}

// One request without redirects: status, headers, body, and whether the body came whole.
function ask(url, { method = 'GET', headers = {}, body, signal } = {}) {
    return new Promise((resolve, reject) => {
        let hasBegun = false;
        const call = request(url, { method, headers, signal }, (res) => {
            const chunks = [];
            hasBegun = true;
            const finish = (whole) => resolve({ status: res.statusCode, headers: res.headers,
                raw: res.rawHeaders, body: Buffer.concat(chunks), whole });
            res.on('data', (chunk) => chunks.push(chunk));
            res.on('end', () => finish(true));
            res.on('error', () => finish(false));
        });
        call.on('error', (error) => hasBegun || reject(error));
        call.end(body);
    });
}

async function listed(repo, revision) {
    const entries = [];
    for await (const entry of client.listFiles({ repo, revision, recursive: true, hubUrl }))
        entries.push(entry);
    return entries;
}

async function shaOf(name, revision) {
    const info = await client.modelInfo({ name, revision, hubUrl, additionalFields: ['sha'] });
    return info.sha;
}

async function downloaded(repo, path, options = {}) {
    const blob = await client.downloadFile({ repo, path, hubUrl, ...options });
    return blob && Buffer.from(await blob.arrayBuffer());
}

test('the client lists a repository page by page', async () => {
    await control({ switches: { pageSize: 3 }, clearLog: true });
    const entries = await listed(REAL_MODEL);
    assert.deepEqual(entries.map((entry) => entry.path).sort(), readdirSync(REAL_FILES).sort());
    const { requests } = await readLog();
    assert.equal(requests.filter(({ path }) => path.includes('/tree/')).length, 4);
    for (const entry of entries) {
        const bytes = readFileSync(join(REAL_FILES, entry.path));
        assert.equal(entry.size, bytes.length);
        assert.equal(entry.lfs !== undefined, bytes.length >= 1 << 20, entry.path);
        const [algorithm, prefix, digest] = entry.lfs ? ['sha256', '', entry.lfs.oid]
            : ['sha1', `blob ${bytes.length}\0`, entry.oid];
        assert.equal(createHash(algorithm).update(prefix).update(bytes).digest('hex'), digest);
    }
});

test('the client downloads the very bytes of small and large files', async () => {
    for (const path of readdirSync(REAL_FILES)) {
        const bytes = await downloaded(REAL_MODEL, path);
        assert.ok(bytes.equals(readFileSync(join(REAL_FILES, path))), path);
    }
});

test('the client makes a cache of a branch, a tag, a pull request and a commit', async () => {
    const refs = join(cacheDir, 'models--acme--tiny', 'refs');
    await client.snapshotDownload({ repo: REAL_MODEL, cacheDir, hubUrl });
    for (const revision of ['main', 'v1.0', 'refs/pr/1', C1]) {
        const wish = { repo: 'acme/tiny', revision, cacheDir, hubUrl };
        const folder = await client.snapshotDownload(wish);
        assert.equal(readFileSync(join(folder, 'config.json'), 'utf8'), '{"a":1}\n');
        assert.equal(readFileSync(join(folder, 'model.safetensors'), 'utf8'), 'hello');
        assert.equal(readlinkSync(join(folder, 'model.safetensors')).split('/').at(-1),
            createHash('sha256').update('hello').digest('hex'));
    }
    assert.equal(readFileSync(join(refs, 'v1.0'), 'utf8'), C1);
    assert.ok(existsSync(join(refs, 'refs/pr/1')));
    assert.ok(!existsSync(join(refs, C1)));
    const data = { type: 'dataset', name: 'acme/data' };
    await client.snapshotDownload({ repo: data, cacheDir, hubUrl });
    const { repos, warnings } = await client.scanCacheDir(cacheDir);
    assert.deepEqual(warnings, []);
    const found = repos.map(({ id, revisions }) => `${id.type} ${id.name} ${revisions.length}`);
    assert.deepEqual(found.sort(),
        ['dataset acme/data 1', 'model acme/tiny 3', `model ${REAL_MODEL} 1`]);
});

test('revisions are branches, tags, pull requests, full and abbreviated commits', async () => {
    for (const revision of ['v1.0', C1, C1.slice(0, 8)])
        assert.equal(await shaOf('acme/tiny', revision), C1, revision);
    const added = await downloaded('acme/tiny', 'new.txt', { revision: 'refs/pr/1' });
    assert.equal(added.toString(), 'new');
    // The client leaves it to its caller to encode the names of files.
    const name = encodeURIComponent('x~y(1)é+ .txt');
    assert.equal((await downloaded('acme/tiny', name, { revision: 'odd' })).toString(), 'odd');
    await assert.rejects(listed('acme/tiny', 'nothing'), { statusCode: 404 });
    assert.equal(await downloaded('acme/tiny', 'nothing.txt'), null);
});

const MIRROR_OFF = { encode: '', encodeRanges: false, noContentRange: false, rangeLimit: 0,
    nextHost: '', loseLink: false, loseRecursive: false, noTree: false, noSiblings: false,
    endless: '', goneCommit: false, pageSize: 0 };

test('a proxy that encodes does so with every body, and with the ranges of it', async () => {
    const url = `${hubUrl}/acme/tiny/resolve/v1.0/config.json`;
    const identity = { 'Accept-Encoding': 'identity' };
    for (const [encode, decode] of [['gzip', gunzipSync], ['deflate', inflateSync],
        ['br', brotliDecompressSync]]) {
        await control({ switches: { ...MIRROR_OFF, encode } });
        for (const target of [url, `${hubUrl}/api/models/acme/tiny`, `${hubUrl}/nothing/here`]) {
            const { headers, body } = await ask(target, { headers: identity });
            assert.equal(headers['content-encoding'], encode, target);
            assert.equal(Number(headers['content-length']), body.length);
            assert.doesNotThrow(() => decode(body));
        }
        const whole = await ask(url, { headers: { ...identity, Range: 'bytes=2-' } });
        assert.equal(whole.status, 200);
        assert.equal(decode(whole.body).toString(), '{"a":1}\n');
        await control({ switches: { encodeRanges: true } });
        const part = await ask(url, { headers: { ...identity, Range: 'bytes=2-' } });
        assert.equal(part.status, 206);
        assert.ok(part.body.equals(whole.body.subarray(2)));
        assert.match(part.headers['content-range'], new RegExp(`/${whole.body.length}$`));
    }
    await control({ switches: MIRROR_OFF });
});

test('ranges come without saying so, or in parts of a size of the mirror', async () => {
    const url = `${hubUrl}/acme/tiny/resolve/v1.0/config.json`;
    await control({ switches: { ...MIRROR_OFF, noContentRange: true } });
    const silent = await ask(url, { headers: { Range: 'bytes=2-4' } });
    assert.deepEqual([silent.status, silent.headers['content-range'], silent.body.toString()],
        [206, undefined, 'a":']);
    await control({ switches: { ...MIRROR_OFF, rangeLimit: 3 } });
    const part = await ask(url, { headers: { Range: 'bytes=1-' } });
    assert.deepEqual([part.headers['content-range'], part.body.toString()],
        ['bytes 1-3/8', '"a"']);
    assert.equal((await ask(url)).body.length, 8);
    await control({ switches: MIRROR_OFF });
});

test('listings lose what mirrors lose', async () => {
    const tree = `${hubUrl}/api/models/acme/tiny/tree/v1.0?recursive=true`;
    const paths = async (switches, url = tree) => {
        await control({ switches: { ...MIRROR_OFF, ...switches } });
        const { status, headers, body } = await ask(url);
        const entries = status === 200 ? JSON.parse(body).map(({ path }) => path) : [];
        return [status, headers.link?.match(/<(.*)>/)[1], entries];
    };
    assert.deepEqual(await paths({ loseRecursive: true }),
        [200, undefined, ['1_Pooling', 'config.json', 'model.safetensors']]);
    assert.deepEqual(await paths({ pageSize: 1, loseLink: true }), [200, undefined, ['1_Pooling']]);
    assert.match((await paths({ pageSize: 1, nextHost: 'https://origin.example' }))[1],
        /^https:\/\/origin.example\/api\/models\/acme\/tiny\/tree\/v1.0\?/);
    assert.deepEqual(await paths({ noTree: true }), [404, undefined, []]);
    assert.equal((await paths({ goneCommit: true }))[0], 200);
    assert.equal((await paths({ goneCommit: true }, tree.replace('v1.0', C1)))[0], 404);
    for (const [endless, second] of [['same', '1_Pooling'], ['new', 'more-4']]) {
        const [, next, first] = await paths({ endless, pageSize: 4 });
        const [, again, more] = await paths({ endless, pageSize: 4 }, next);
        assert.notEqual(again, next);
        assert.deepEqual([first[0], more[0]], ['1_Pooling', second]);
    }
    await control({ switches: { ...MIRROR_OFF, noSiblings: true } });
    const info = JSON.parse((await ask(`${hubUrl}/api/models/acme/tiny`)).body);
    assert.equal(info.siblings, undefined);
    await control({ switches: MIRROR_OFF });
});

test('private and gated repositories open to a token that may read them', async () => {
    const cases = [
        // token, repository, of the listing, of the file
        [undefined, 'acme/secret', 401, 401],
        ['hf_stranger', 'acme/secret', 404, 404],
        ['hf_wrong', 'acme/secret', 401, 401],
        ['hf_reader', 'acme/secret', 200, 'secret'],
        [undefined, 'acme/gated', 200, 401],
        ['hf_stranger', 'acme/gated', 200, 403],
        ['hf_wrong', 'acme/gated', 401, 401],
        ['hf_reader', 'acme/gated', 200, 'gated'],
        ['hf_wrong', 'acme/tiny', 401, 401],
        [undefined, 'acme/none', 401, 401],
        ['hf_reader', 'acme/none', 404, 404],
    ];
    await control({ clearLog: true });
    for (const [accessToken, repo, listing, file] of cases) {
        const about = `${accessToken} ${repo}`;
        const headers = accessToken ? { Authorization: `Bearer ${accessToken}` } : {};
        const tree = await ask(`${hubUrl}/api/models/${repo}/tree/main`, { headers });
        assert.equal(tree.status, listing, about);
        const download = downloaded(repo, 'w.bin', { accessToken });
        if (typeof file === 'number')
            await assert.rejects(download, { statusCode: file }, about);
        else
            assert.equal((await download).toString(), file, about);
    }
    const { requests } = await readLog();
    assert.ok(requests.some((seen) => seen.port === 'cdn'));
    assert.ok(!requests.some((seen) => seen.port === 'cdn' && seen.authorization));
});

test('errors carry their code', async () => {
    const cases = [
        ['acme/none/resolve/main/x', undefined, 401, 'RepoNotFound'],
        ['acme/none/resolve/main/x', 'hf_reader', 404, 'RepoNotFound'],
        ['acme/tiny/resolve/nothing/x', undefined, 404, 'RevisionNotFound'],
        ['acme/tiny/resolve/main/x', undefined, 404, 'EntryNotFound'],
        ['acme/gated/resolve/main/w.bin', undefined, 401, 'GatedRepo'],
        ['acme/gated/resolve/main/w.bin', 'hf_stranger', 403, 'GatedRepo'],
        ['acme/tiny/resolve/main/config.json', 'hf_wrong', 401, undefined],
    ];
    for (const [path, token, status, code] of cases) {
        const headers = token ? { Authorization: `Bearer ${token}` } : {};
        const answer = await ask(`${hubUrl}/${path}`, { headers });
        assert.deepEqual([answer.status, answer.headers['x-error-code']], [status, code], path);
        assert.equal(typeof JSON.parse(answer.body).error, 'string');
        assert.equal(answer.headers['x-repo-commit'] !== undefined, code === 'EntryNotFound', path);
        const text = 'Invalid credentials in Authorization header';
        assert.equal(answer.headers['x-error-message'] === text, token === 'hf_wrong', path);
    }
});

test('HEAD tells what a file is', async () => {
    const small = await ask(`${hubUrl}/acme/tiny/resolve/v1.0/config.json`, { method: 'HEAD' });
    assert.equal(small.status, 200);
    assert.equal(small.headers.etag, '"0187f3b09d66cef7911083ad49f890f5a6589589"');
    assert.equal(small.headers['content-length'], '8');
    assert.equal(small.headers['x-repo-commit'], C1);
    assert.equal(small.body.length, 0);
    const path = 'acme/tiny/resolve/v1.0/model.safetensors';
    const large = await ask(`${hubUrl}/${path}`, { method: 'HEAD' });
    assert.equal(large.status, 302);
    const digest = createHash('sha256').update('hello').digest('hex');
    assert.equal(large.headers['x-linked-etag'], `"${digest}"`);
    assert.equal(large.headers['x-linked-size'], '5');
    assert.ok(large.headers.location.startsWith(`${cdnUrl}/`));
    const raw = await ask(`${hubUrl}/acme/tiny/raw/main/model.safetensors`);
    assert.equal(raw.headers.etag, '"d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"');
    assert.equal(raw.body.length, 126);
});

test('the CDN answers ranges, and refuses Authorization and unsigned URLs', async () => {
    const { location } = (await ask(`${hubUrl}/acme/big/resolve/main/big.bin`)).headers;
    const whole = await ask(location);
    assert.equal(whole.body.length, 30000000);
    assert.doesNotMatch(whole.headers.etag, /^"[0-9a-f]{64}"$/);
    assert.equal(whole.headers['x-repo-commit'], undefined);
    const cases = [['0-0', 0, 1], ['1048571-1048600', 1048571, 1048601], ['-7', 29999993, 30000000],
        ['29999990-', 29999990, 30000000], ['5-99999999', 5, 30000000]];
    for (const [range, start, end] of cases) {
        const part = await ask(location, { headers: { Range: `bytes=${range}` } });
        assert.equal(part.status, 206, range);
        assert.equal(part.headers['content-range'], `bytes ${start}-${end - 1}/30000000`);
        assert.ok(part.body.equals(whole.body.subarray(start, end)), range);
    }
    const statusWith = async (headers) => (await ask(location, { headers })).status;
    assert.equal(await statusWith({ Range: 'bytes=30000000-' }), 416);
    assert.equal(await statusWith({ Authorization: 'Bearer hf_reader' }), 400);
    assert.equal((await ask(location.replace('Signature=', 'Signature=x'))).status, 403);
});

test('an old name redirects to a relative place, the query kept', async () => {
    for (const path of ['/acme/old/resolve/main/config.json', '/api/models/acme/old',
        '/api/models/acme/old/tree/main?recursive=true', '/api/models/Acme/Tiny/revision/main']) {
        const answer = await ask(hubUrl + path);
        assert.equal(answer.status, 307);
        assert.equal(answer.headers.location, path.replace(/acme\/(old|tiny)/i, 'acme/tiny'));
    }
});

test('the URL of a page must be used as it was given', async () => {
    await control({ switches: { pageSize: 1 } });
    const answer = await ask(`${hubUrl}/api/models/acme/tiny/tree/main?recursive=true`);
    const next = /^<(http:[^>]+)>; rel="next"$/.exec(answer.headers.link)[1];
    assert.equal((await ask(next)).status, 200);
    assert.equal((await ask(next.replace('%3d', '%3D'))).status, 400);
    await control({ switches: { pageSize: 0 } });
});

test('paths-info takes forms and JSON, refs lists what there is', async () => {
    const url = `${hubUrl}/api/models/acme/tiny/paths-info/main`;
    const body = 'paths=config.json&paths=none&expand=False';
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const form = await ask(url, { method: 'POST', body, headers });
    assert.deepEqual(JSON.parse(form.body).map((entry) => entry.path), ['config.json']);
    const wish = { repo: 'acme/tiny', paths: ['config.json'], expand: true, hubUrl };
    const [info] = await client.pathsInfo(wish);
    assert.equal(info.lastCommit.id, C1);
    const refs = JSON.parse((await ask(`${hubUrl}/api/models/acme/tiny/refs?include_prs=1`)).body);
    assert.deepEqual(refs.tags, [{ name: 'v1.0', ref: 'refs/tags/v1.0', targetCommit: C1 }]);
    assert.equal(refs.pullRequests[0].ref, 'refs/pr/1');
    assert.equal((await ask(`${hubUrl}/api/models/gpt2`)).status, 200);
    assert.equal((await ask(`${hubUrl}/gpt2/resolve/main/config.json`)).body.toString(), '{}');
});

test('hostile names are listed as they are', async () => {
    const paths = (await listed('acme/hostile')).map((entry) => entry.path);
    assert.deepEqual(paths, ['../x', '/etc/x', 'C:\\x']);
});

test('main moves when it is told to', async () => {
    assert.notEqual(await shaOf('acme/tiny', 'main'), C1);
    await control({ move: { repo: 'acme/tiny', ref: 'main', to: 'c1' } });
    assert.equal(await shaOf('acme/tiny', 'main'), C1);
    await control({ move: { repo: 'acme/tiny', ref: 'main', to: 'c2' } });
    assert.notEqual(await shaOf('acme/tiny', 'main'), C1);
});

test('each fault does what it says, and as often', async () => {
    const url = `${hubUrl}/acme/tiny/resolve/main/config.json`;
    const big = (await ask(`${hubUrl}/acme/big/resolve/main/big.bin`)).headers.location;
    const good = (await ask(big)).body;
    const headers = { Range: 'bytes=10-' };
    const once = async (fault, where) => {
        await control({ faults: [{ times: 1, ...fault }] });
        const answer = await ask(where, { headers }).catch((error) => error);
        assert.equal((await ask(where)).status, 200, `${fault.do} ends`);
        return answer;
    };
    assert.equal((await once({ do: 'status', status: 503 }, url)).status, 503);
    const limited = await once({ do: 'rateLimit', wait: 2 }, url);
    assert.deepEqual([limited.status, limited.headers['retry-after'], limited.headers.ratelimit],
        [429, '2', '"resolvers";r=0;t=2']);
    assert.equal((await once({ do: 'close' }, url)).code, 'ECONNRESET');
    assert.equal((await once({ do: 'close', reset: true }, url)).code, 'ECONNRESET');
    const cut = await once({ do: 'cut', bytes: 70000 }, big);
    assert.deepEqual([cut.whole, cut.body.length], [false, 70000]);
    const short = await once({ do: 'short', bytes: 20 }, big);
    assert.deepEqual([short.whole, short.body.length], [true, good.length - 30]);
    const corrupt = await once({ do: 'corrupt', bytes: 2000000 }, big);
    assert.equal(corrupt.body.length, good.length - 10);
    assert.equal(corrupt.body[2000000 - 10], good[2000000] ^ 1);
    assert.equal((await once({ do: 'ignoreRange' }, big)).status, 200);
    assert.equal((await once({ do: 'chunked' }, big)).headers['content-length'], undefined);
    const started = Date.now();
    await once({ do: 'slow', bytesPerSecond: 20000000 }, big);
    assert.ok(Date.now() - started > 1200);
});

test('silence lasts until the client goes, and a stall begins after its bytes', async () => {
    const url = `${hubUrl}/acme/big/resolve/main/big.bin`;
    const { location } = (await ask(url)).headers;
    const stall = { do: 'stall', on: 'cdn', bytes: 70000 };
    await control({ faults: [{ do: 'silence', on: 'resolve' }, stall] });
    await assert.rejects(ask(url, { signal: AbortSignal.timeout(500) }), { code: 'ABORT_ERR' });
    const stalled = await ask(location, { signal: AbortSignal.timeout(500) });
    assert.deepEqual([stalled.whole, stalled.body.length], [false, 70000]);
    await control({ faults: [] });
});

test('each switch does what it says', async () => {
    const url = `${hubUrl}/acme/tiny/resolve/main/config.json`;
    const cases = [
        // switch, request headers, what is then true of the answer, and is not without it
        ['gzip', {}, ({ headers }) => headers['content-encoding'] === 'gzip'],
        ['gzip', {}, ({ headers }) => headers['content-length'] === undefined],
        ['weakEtag', {}, ({ headers }) => headers.etag.startsWith('W/"')],
        ['lowerCaseHeaders', {}, ({ raw }) => raw.includes('x-repo-commit')],
        ['chunked', {}, ({ headers }) => headers['transfer-encoding'] === 'chunked'],
        ['ignoreRange', { Range: 'bytes=1-2' }, ({ status }) => status === 200],
        ['resolveCache', {}, ({ headers }) => headers.location?.startsWith('/api/resolve-cache/')],
    ];
    for (const [name, headers, holds] of cases) {
        await control({ switches: { [name]: true } });
        assert.ok(holds(await ask(url, { headers })), name);
        await control({ switches: { [name]: false } });
        assert.ok(!holds(await ask(url, { headers })), `not ${name}`);
    }
    await control({ switches: { gzip: true } });
    const plain = await ask(url, { headers: { 'Accept-Encoding': 'identity' } });
    assert.equal(plain.headers['content-encoding'], undefined);
    await control({ switches: { gzip: false } });
    await control({ switches: { resolveCache: true } });
    assert.equal((await (await fetch(url)).text()), '{"a":1}\n');
    await control({ switches: { resolveCache: false, xet: true } });
    const xet = await ask(`${hubUrl}/acme/big/resolve/main/big.bin`);
    assert.match(xet.headers['x-xet-hash'], /^[0-9a-f]{64}$/);
    assert.match(xet.headers.link, /rel="xet-auth"/);
    assert.match((await listed('acme/big'))[0].xetHash, /^[0-9a-f]{64}$/);
    await control({ switches: { xet: false, cdnExpiresMs: -1 } });
    const { location } = (await ask(`${hubUrl}/acme/big/resolve/main/big.bin`)).headers;
    assert.equal((await ask(location)).status, 403);
    await control({ switches: { cdnExpiresMs: 3600000, cdnUrl: 'http://cdn.example' } });
    const { headers } = await ask(`${hubUrl}/acme/big/resolve/main/big.bin`);
    const elsewhere = new URL(headers.location);
    assert.equal(elsewhere.host, 'cdn.example');
    assert.equal(`"${elsewhere.pathname.split('/').at(-1)}"`, headers['x-linked-etag']);
    await control({ switches: { cdnUrl: '' } });
});

test('a digest that is given is believed', async () => {
    const [entry] = await listed('acme/given');
    assert.equal(entry.lfs.oid, 'ab'.repeat(32));
});

test('a file may be served with other bytes than listed', async () => {
    assert.equal((await downloaded('acme/wrong', 'w.bin')).toString(), 'wrong');
    const oid = createHash('sha1').update('blob 5\0right').digest('hex');
    assert.equal((await listed('acme/wrong'))[0].oid, oid);
});

test('a misspelt wish is refused', async () => {
    const wishes = [{ switches: { pagesize: 1 } }, { faults: [{ do: 'slwo' }] }, { fault: [] },
        { move: { repo: 'acme/tiny', ref: 'main', to: 'c9' } }];
    for (const body of wishes.map((wish) => JSON.stringify(wish)))
        assert.equal((await ask(`${hubUrl}/_control`, { method: 'POST', body })).status, 400, body);
});
