// The two ports of the hub: which URL asks for what, who may see it, and what the answer says.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { fromBytes } from './content.mjs';
import { findCommit, treeEntries, treeEntry } from './repos.mjs';

const TYPES = ['models', 'datasets', 'spaces', 'kernels'];
const VERBS = ['revision', 'tree', 'paths-info', 'refs', 'xet-read-token'];
const NO_PAGE = 'Sorry, we can\'t find the page you are looking for.';
const TEXT = 'text/plain; charset=utf-8';
const BINARY = 'application/octet-stream';
const XML = { 'Content-Type': 'application/xml' };
const SIGNING_KEY = randomBytes(16);

// An answer that ends a request early: thrown by whoever finds out, sent by answerHub.
class Refusal extends Error {
    constructor(status, code, message, headers = {}) {
        super(message);
        Object.assign(this, { status, code, headers });
    }
}

export async function answerHub(x) {
    try {
        checkToken(x);
        await route(x);
    } catch (refusal) {
        if (!(refusal instanceof Refusal))
            throw refusal;
        sendRefusal(x, refusal);
    }
}

function sendRefusal(x, { status, code, message, headers }) {
    if (status < 400)
        return x.sendText(status, message, headers);
    return x.sendJson(status, { error: message }, {
        ...(code && { 'X-Error-Code': code }),
        'X-Error-Message': encodeURI(message).replace(/%20/g, ' '), ...headers,
    });
}

function checkToken(x) {
    const header = x.req.headers.authorization;
    const token = /^Bearer (.*)$/i.exec(header ?? '')?.[1];
    x.rights = token !== undefined ? x.state.tokens[token] : undefined;
    if (header !== undefined && !x.rights)
        throw new Refusal(401, '', 'Invalid credentials in Authorization header');
}

async function route(x) {
    const segments = x.path.split('/').slice(1);
    if (x.path === '/api/agent-harnesses')
        return x.sendJson(200, { standardEnvVars: [], harnesses: {} });
    if (x.path === '/api/whoami-v2') {
        if (!x.rights)
            throw new Refusal(401, '', 'Invalid username or password.');
        return x.sendJson(200, { type: 'user', name: 'reader', auth: { type: 'access_token' } });
    }
    if (segments[0] === 'api' && segments[1] === 'resolve-cache')
        return routeFile(x, segments[2], segments.slice(3), 'resolve-cache');
    if (segments[0] === 'api' && TYPES.includes(segments[1]))
        return routeApi(x, segments[1], segments.slice(2));
    const type = TYPES.includes(segments[0]) ? segments[0] : 'models';
    const rest = type === segments[0] ? segments.slice(1) : segments;
    const verb = ['resolve', 'raw'].find((name) => rest[1] === name || rest[2] === name);
    if (!verb)
        throw new Refusal(404, '', NO_PAGE);
    return routeFile(x, type, rest, verb);
}

// Ids have one or two segments: take the reading under which there is such a repository.
function splitId(x, type, segments, verbs) {
    const readings = [2, 1].filter((length) => segments.length === length
        || (segments.length > length && (!verbs || verbs.includes(segments[length]))));
    const isKnown = (length) => lookUp(x, type, segments.slice(0, length).join('/'));
    const length = readings.find(isKnown) ?? readings[0];
    if (length === undefined)
        throw new Refusal(404, '', NO_PAGE);
    return [segments.slice(0, length).join('/'), segments.slice(length)];
}

export function lookUp(x, type, id) {
    const wanted = id.toLowerCase();
    const repos = x.state.repos.filter((repo) => `${repo.type}s` === type);
    return repos.find((repo) => repo.id.toLowerCase() === wanted)
        ?? repos.find((repo) => repo.renamedFrom.some((old) => old.toLowerCase() === wanted));
}

export function mayRead(x, repo) {
    const access = x.rights?.access ?? x.rights ?? [];
    return access.includes('*') || access.includes(repo.id);
}

// The repository under this id, if the client may know of it; under another name a redirect there.
function openRepo(x, type, id) {
    const repo = lookUp(x, type, id);
    x.record.repo = repo?.id ?? id;
    if (!repo || (repo.private && !mayRead(x, repo))) {
        if (!x.rights)
            throw new Refusal(401, 'RepoNotFound', 'Invalid username or password.');
        throw new Refusal(404, 'RepoNotFound', 'Repository not found');
    }
    if (repo.disabled)
        throw new Refusal(403, '', 'Access to this resource is disabled.');
    if (x.rights?.forbidden?.includes(repo.id))
        throw new Refusal(403, '', 'Your token does not have the permission to read this.');
    if (repo.id !== id) {
        const target = x.path.replace(`/${id}`, `/${repo.id}`) + (x.query && `?${x.query}`);
        throw new Refusal(307, '', `Redirecting to ${target}`, { Location: target });
    }
    return repo;
}

function checkGate(x, repo) {
    if (!repo.gated || mayRead(x, repo))
        return;
    const about = `Access to ${repo.type} ${repo.id} is restricted`;
    if (!x.rights) {
        throw new Refusal(401, 'GatedRepo', `${about}. You must have access to it and be `
            + 'authenticated to access it. Please log in.');
    }
    throw new Refusal(403, 'GatedRepo', `${about} and you are not in the authorized list. `
        + `Visit ${x.state.urls.hub}/${repo.id} to ask for access.`);
}

// A revision is one segment; the names of refs may also come with their slashes.
function takeRevision(x, repo, segments) {
    const count = segments[0] === 'refs' && segments.length >= 3 ? 3 : 1;
    const revision = segments.slice(0, count).map(decode).join('/');
    const commit = findCommit(repo, revision);
    x.record.revision = revision;
    if (!commit || (x.switches.goneCommit && revision === commit.oid))
        throw new Refusal(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    x.record.commit = commit.oid;
    return [commit, segments.slice(count).map(decode).join('/')];
}

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        throw new Refusal(400, '', 'Malformed percent-encoding');
    }
}

async function routeApi(x, type, segments) {
    const [id, rest] = splitId(x, type, segments, VERBS);
    const repo = openRepo(x, type, id);
    const [verb, ...tail] = rest;
    if (verb === 'paths-info' && x.req.method !== 'POST')
        throw new Refusal(404, '', 'Not Found');
    if (verb === undefined)
        return sendInfo(x, repo, takeRevision(x, repo, ['HEAD'])[0]);
    if (verb === 'refs')
        return sendRefs(x, repo);
    const [commit, path] = takeRevision(x, repo, tail);
    if (verb === 'revision')
        return sendInfo(x, repo, commit);
    if (verb === 'tree' && x.switches.noTree)
        throw new Refusal(404, '', NO_PAGE);
    if (verb === 'tree')
        return sendTree(x, repo, commit, path);
    if (verb === 'paths-info')
        return sendPathsInfo(x, repo, commit);
    checkGate(x, repo);
    const exp = Math.floor(Date.now() / 1000) + 900;
    return x.sendJson(200, { casUrl: x.state.urls.cdn, accessToken: 'xet_token', exp });
}

function isTrue(text) {
    return /^(true|1)$/i.test(text ?? '');
}

function hasXet(x, repo) {
    return repo.xet || x.switches.xet === true;
}

function sibling(file, withBlobs) {
    const { path, size, oid, etag, pointer } = file;
    const lfs = file.isLfs && { lfs: { sha256: etag, size, pointerSize: pointer.length } };
    return { rfilename: path, ...(withBlobs && { size, blobId: oid, ...lfs }) };
}

function sendInfo(x, repo, commit) {
    const withBlobs = isTrue(x.parameters.get('blobs'));
    const info = {
        _id: createHash('sha1').update(repo.id).digest('hex').slice(0, 24),
        id: repo.id,
        ...(repo.type === 'model' && { modelId: repo.id }),
        author: repo.id.includes('/') ? repo.id.split('/')[0] : null,
        sha: commit.oid,
        lastModified: commit.date,
        createdAt: '2024-04-01T12:00:00.000Z',
        private: repo.private,
        gated: repo.gated,
        disabled: repo.disabled,
        downloads: 12,
        likes: 0,
        tags: ['test'],
        ...repo.info,
        ...(isTrue(x.parameters.get('securityStatus')) && {
            securityRepoStatus: { scansDone: true, filesWithIssues: repo.issues ?? [] },
        }),
        ...(!x.switches.noSiblings && {
            siblings: [...commit.files.values()].map((file) => sibling(file, withBlobs)),
        }),
    };
    const expand = x.parameters.getAll('expand');
    const isWanted = ([name]) => expand.length === 0 || ['_id', 'id', ...expand].includes(name);
    x.sendJson(200, Object.fromEntries(Object.entries(info).filter(isWanted)));
}

function sendRefs(x, repo) {
    const list = (names, prefix) => names.map((name) => ({
        name: name.replace(/^refs\/(convert|pr)\//, ''),
        ref: prefix + name,
        targetCommit: findCommit(repo, prefix + name).oid,
    }));
    const refs = (start) => Object.keys(repo.refs).filter((name) => name.startsWith(start));
    const withPulls = isTrue(x.parameters.get('include_prs'));
    x.sendJson(200, {
        tags: list(Object.keys(repo.tags), 'refs/tags/'),
        branches: list(Object.keys(repo.branches), 'refs/heads/'),
        converts: list(refs('refs/convert/'), ''),
        ...(withPulls && { pullRequests: list(refs('refs/pr/'), '') }),
    });
}

// A page of the listing. The cursor of a further page is only good in the very URL that was given
// out, which carries a parameter that changes when somebody decodes and encodes it again.
function sendTree(x, repo, commit, path) {
    const { endless, loseLink, loseRecursive, nextHost } = x.switches;
    const recursive = isTrue(x.parameters.get('recursive')) && !loseRecursive;
    const expand = isTrue(x.parameters.get('expand'));
    const options = { recursive, expand, xet: hasXet(x, repo) };
    const entries = treeEntries(repo, commit, path && `${path}/`, options);
    if (path && entries.length === 0) {
        throw new Refusal(404, 'EntryNotFound', `${path} does not exist on "${x.record.revision}"`,
            { 'X-Repo-Commit': commit.oid });
    }
    if (x.switches.reverseListing)
        entries.reverse();
    const { cursors } = x.state;
    if (x.parameters.has('cursor') && !cursors.has(x.req.url))
        throw new Refusal(400, '', 'Invalid cursor: this URL was not given out as the next page');

    const start = cursors.get(x.req.url) ?? 0;
    const asked = Number(x.parameters.get('limit'));
    const size = x.switches.pageSize || repo.pageSize || asked || (expand ? 50 : 1000);
    const headers = {};
    if (endless || start + size < entries.length) {
        const next = `${x.path}?recursive=${recursive}&expand=${expand}&limit=${size}`
            + `&cursor=${randomBytes(6).toString('hex')}%3D%3d&sig=a+b%2Fc`;
        cursors.set(next, endless === 'same' ? start : start + size);
        headers.Link = `<${nextHost || `http://${x.req.headers.host}`}${next}>; rel="next"`;
    }
    if (loseLink)
        delete headers.Link;
    const page = entries.slice(start, start + size);
    if (endless === 'new')
        page.push({ ...entries[0], path: `more-${start}` });
    x.sendJson(200, page, headers);
}

async function sendPathsInfo(x, repo, commit) {
    const body = await readBody(x.req);
    const form = new URLSearchParams(body);
    const isJson = (x.req.headers['content-type'] ?? '').startsWith('application/json');
    const { paths, expand } = isJson ? JSON.parse(body)
        : { paths: form.getAll('paths'), expand: isTrue(form.get('expand')) };
    const options = { recursive: true, expand, xet: hasXet(x, repo) };
    const entries = treeEntries(repo, commit, '', options);
    x.sendJson(200, entries.filter((entry) => paths.includes(entry.path)));
}

export async function readBody(req) {
    const chunks = [];
    for await (const chunk of req)
        chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}

async function routeFile(x, type, segments, verb) {
    const [id, rest] = splitId(x, type, segments, verb === 'resolve-cache' ? undefined : [verb]);
    const repo = openRepo(x, type, id);
    const [commit, path] = takeRevision(x, repo, verb === 'resolve-cache' ? rest : rest.slice(1));
    x.record.file = path;
    checkGate(x, repo);
    const file = commit.files.get(path);
    x.headers['X-Repo-Commit'] = commit.oid;
    if (!file)
        throw new Refusal(404, 'EntryNotFound', 'Entry not found');
    if (verb === 'raw' && file.isLfs)
        return x.sendContent(fromBytes(file.pointer), file.oid, { 'Content-Type': TEXT });
    if (file.isLfs)
        return redirectToCdn(x, repo, commit, file);
    if (x.switches.resolveCache && verb === 'resolve')
        return redirectToResolveCache(x, type, repo, commit, file);
    return x.sendContent(file.served, file.etag, {
        'Content-Type': isText(path) ? TEXT : BINARY,
        'Content-Disposition': disposition(path),
    });
}

function redirectToResolveCache(x, type, repo, commit, file) {
    const encoded = file.path.split('/').map(encodeURIComponent).join('/');
    const target = `/api/resolve-cache/${type}/${repo.id}/${commit.oid}/${encoded}`;
    x.sendText(307, `Redirecting to ${target}`,
        { Location: target, ETag: `"${file.etag}"` });
}

function isText(path) {
    return /\.(json|txt|md|py|jinja)$|(^|\/)(LICENSE|\.gitattributes)$/.test(path);
}

function disposition(path) {
    const name = encodeURIComponent(path.split('/').at(-1));
    return `inline; filename*=UTF-8''${name}; filename="${name}";`;
}

function sign(path, expires) {
    return createHmac('sha256', SIGNING_KEY).update(`${path} ${expires}`).digest('base64url');
}

function cdnPath(repo, file) {
    const key = createHash('sha256').update(`${repo.type} ${repo.id}`).digest('hex');
    return `/repos/${key.slice(0, 2)}/${key.slice(2, 4)}/${key}/${file.etag}`;
}

export function redirectToCdn(x, repo, commit, file) {
    const cdn = x.switches.cdnUrl || x.state.urls.cdn;
    const path = cdnPath(repo, file);
    const expires = Date.now() + (x.switches.cdnExpiresMs ?? 3600000);
    x.state.cdnFiles.set(path, file);
    const location = `${cdn}${path}?response-content-disposition=`
        + `${encodeURIComponent(disposition(file.path))}&Expires=${expires}`
        + `&Signature=${sign(path, expires)}&Key-Pair-Id=TESTKEY`;
    const token = `http://${x.req.headers.host}/api/${repo.type}s/${repo.id}`
        + `/xet-read-token/${commit.oid}`;
    x.sendText(302, `Found. Redirecting to ${location}`, {
        'X-Linked-Size': file.size,
        'X-Linked-Etag': x.switches.weakEtag ? `W/"${file.etag}"` : `"${file.etag}"`,
        Location: location,
        ...(hasXet(x, repo) && {
            'X-Xet-Hash': file.xetHash,
            Link: `<${token}>; rel="xet-auth", `
                + `<${cdn}/v1/reconstructions/${file.xetHash}>; rel="xet-reconstruction-info"`,
        }),
    });
}

// The second port: knows nothing of repositories and tokens, only of signed URLs.
export async function answerCdn(x) {
    const refuse = (status, code, message) => x.sendText(status,
        `<Error><Code>${code}</Code><Message>${message}</Message></Error>`, XML);
    if (x.req.headers.authorization !== undefined)
        return refuse(400, 'InvalidArgument', 'Only one auth mechanism allowed');
    const expires = x.parameters.get('Expires');
    const isSigned = x.parameters.get('Signature') === sign(x.path, expires);
    if (!isSigned || Number(expires) < Date.now())
        return refuse(403, 'AccessDenied', 'Access denied');
    const file = x.state.cdnFiles.get(x.path);
    x.record.file = file.path;
    return x.sendContent(file.served, `${createHash('md5').update(file.etag).digest('hex')}-2`, {
        'Content-Type': BINARY,
        'Last-Modified': 'Wed, 01 May 2024 12:00:00 GMT',
    });
}
