// The repositories of the served hub: reads repos.json, works out what git and LFS would say about
// every file, and answers questions about repositories, revisions and trees. No HTTP in here.
// The format of repos.json is described at the top of server.mjs.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Digester, fromBytes, fromFile, gitBlobOid, synthetic } from './content.mjs';

const MEMBERS = {
    hub: ['repos', 'tokens', 'switches', 'faults'],
    repo: ['id', 'type', 'private', 'gated', 'disabled', 'renamedFrom', 'lfs', 'xet', 'pageSize',
        'commits', 'folder', 'files', 'branches', 'tags', 'refs', 'info', 'issues'],
    commit: ['name', 'oid', 'parent', 'title', 'date', 'folder', 'files'],
    file: ['path', 'text', 'base64', 'file', 'synthetic', 'seed', 'lfs', 'served', 'listing',
        'sha256'],
};

// A misspelt member would silently test something else.
export function checkMembers(object, known, where) {
    for (const name of Object.keys(object)) {
        if (!known.includes(name))
            throw new Error(`${where}: unknown member '${name}', known are ${known.join(', ')}`);
    }
}

export async function loadHub(folder, digestCache) {
    const hub = JSON.parse(readFileSync(join(folder, 'repos.json'), 'utf8'));
    checkMembers(hub, MEMBERS.hub, 'repos.json');
    const digester = new Digester(digestCache);
    const repos = [];
    for (const description of hub.repos ?? [])
        repos.push(await loadRepo(description, folder, digester));
    return { tokens: {}, switches: {}, faults: [], ...hub, repos };
}

async function loadRepo(description, root, digester) {
    checkMembers(description, MEMBERS.repo, description.id);
    const repo = {
        type: 'model', private: false, gated: false, disabled: false, renamedFrom: [], xet: false,
        pageSize: 0, tags: {}, refs: {}, info: {}, ...description,
        lfs: { threshold: 1 << 20, globs: [], ...description.lfs },
    };
    const { folder, files } = description;
    repo.commits = [];
    for (const commit of description.commits ?? [{ name: 'first', folder, files }])
        repo.commits.push(await loadCommit(repo, commit, root, digester));
    repo.branches = description.branches ?? { main: repo.commits.at(-1).name };
    for (const name of [repo.branches, repo.tags, repo.refs].flatMap(Object.values))
        commitNamed(repo, name);
    return repo;
}

async function loadCommit(repo, description, root, digester) {
    checkMembers(description, MEMBERS.commit, `${repo.id}, commit '${description.name}'`);
    const sources = new Map();
    if (description.folder)
        addFolder(sources, resolve(root, description.folder), '');
    for (const file of description.files ?? [])
        sources.set(file.path, file);

    const commit = {
        name: description.name,
        title: description.title ?? `commit ${description.name}`,
        date: description.date ?? '2024-05-01T12:00:00.000Z',
        parent: description.parent === undefined ? repo.commits.at(-1)
            : description.parent && commitNamed(repo, description.parent),
        files: new Map(),
    };
    for (const path of [...sources.keys()].sort())
        commit.files.set(path, await loadFile(repo, sources.get(path), root, digester));
    commit.oid = description.oid ?? commitOid(repo, commit);
    return commit;
}

function addFolder(sources, folder, prefix) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = prefix + entry.name;
        const file = join(folder, entry.name);
        if (entry.isDirectory())
            addFolder(sources, file, `${path}/`);
        else
            sources.set(path, { path, file });
    }
}

function openContent(source, root) {
    if (source.synthetic !== undefined)
        return synthetic(source.synthetic, source.seed ?? 0);
    if (source.file !== undefined)
        return fromFile(resolve(root, source.file));
    if (source.base64 !== undefined)
        return fromBytes(Buffer.from(source.base64, 'base64'));
    if (source.text !== undefined)
        return fromBytes(Buffer.from(source.text));
    throw new Error(`file '${source.path}' has none of text, base64, file, synthetic`);
}

async function loadFile(repo, source, root, digester) {
    checkMembers(source, MEMBERS.file, `${repo.id}, file '${source.path}'`);
    const content = openContent(source, root);
    const file = { path: source.path, content, size: content.size, listing: source.listing ?? {} };
    const { path, served } = source;
    file.served = served ? openContent({ path, ...served }, root) : content;
    file.isLfs = source.lfs ?? (content.size >= repo.lfs.threshold
        || repo.lfs.globs.some((glob) => globMatches(glob, source.path)));
    if (!file.isLfs)
        return { ...file, etag: await digester.gitOid(content), get oid() { return this.etag; } };

    file.etag = source.sha256 ?? await digester.sha256(content);
    file.pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\n'
        + `oid sha256:${file.etag}\nsize ${file.size}\n`);
    file.oid = gitBlobOid(file.pointer);
    file.xetHash = createHash('sha256').update(`xet ${file.etag}`).digest('hex');
    return file;
}

// As fnmatch without flags: `*` and `?` also match `/`.
function globMatches(glob, path) {
    const literal = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    const pattern = literal.replace(/\*/g, '.*').replace(/\?/g, '.');
    return new RegExp(`^${pattern}$`, 's').test(path);
}

function commitOid(repo, commit) {
    const hash = createHash('sha1');
    const { title, date, parent } = commit;
    hash.update(JSON.stringify([repo.type, repo.id, title, date, parent?.oid ?? null]));
    for (const file of commit.files.values())
        hash.update(JSON.stringify([file.path, file.oid, file.size]));
    return hash.digest('hex');
}

export function commitNamed(repo, name) {
    const commit = repo.commits.find((candidate) => candidate.name === name);
    if (!commit)
        throw new Error(`${repo.id}: no commit is named '${name}'`);
    return commit;
}

// A branch, a tag, a ref by its full name, or a commit hash of 7 to 40 digits.
export function findCommit(repo, revision) {
    const byRef = { ...repo.refs };
    for (const [name, commit] of Object.entries(repo.tags))
        Object.assign(byRef, { [name]: commit, [`refs/tags/${name}`]: commit });
    for (const [name, commit] of Object.entries(repo.branches))
        Object.assign(byRef, { [name]: commit, [`refs/heads/${name}`]: commit });
    byRef.HEAD ??= repo.branches.main ?? Object.values(repo.branches)[0];
    if (Object.hasOwn(byRef, revision))
        return commitNamed(repo, byRef[revision]);
    if (!/^[0-9a-f]{7,40}$/.test(revision))
        return undefined;
    const found = repo.commits.filter((commit) => commit.oid.startsWith(revision));
    return found.length === 1 ? found[0] : undefined;
}

// The commit that last changed a file, seen from `commit`.
export function lastCommitOf(commit, path) {
    const { oid } = commit.files.get(path);
    let last = commit;
    while (last.parent?.files.get(path)?.oid === oid)
        last = last.parent;
    return last;
}

export function treeEntry(repo, commit, file, { expand, xet }) {
    const entry = { type: 'file', oid: file.oid, size: file.size, path: file.path };
    if (file.isLfs)
        entry.lfs = { oid: file.etag, size: file.size, pointerSize: file.pointer.length };
    if (file.isLfs && xet)
        entry.xetHash = file.xetHash;
    if (expand) {
        const { oid, title, date } = lastCommitOf(commit, file.path);
        entry.lastCommit = { id: oid, title, date };
        entry.securityFileStatus = { status: 'safe', avScan: null, pickleImportScan: null };
    }
    return { ...entry, ...file.listing };
}

// Files and directories below `prefix` (empty, or ending in a slash), by path.
export function treeEntries(repo, commit, prefix, options) {
    const entries = [];
    const folders = new Set();
    const addFolders = (path) => {
        let end = path.indexOf('/', prefix.length);
        for (; end > 0; end = path.indexOf('/', end + 1)) {
            const folder = path.slice(0, end);
            const oid = createHash('sha1').update(`${commit.oid} ${folder}`).digest('hex');
            if (!folders.has(folder))
                entries.push({ type: 'directory', oid, size: 0, path: folder });
            folders.add(folder);
            if (!options.recursive)
                return;
        }
    };
    for (const file of commit.files.values()) {
        if (!file.path.startsWith(prefix))
            continue;
        // A hostile name is listed as it is, without the directories that git would have.
        const hostile = /^\/|\\|^[A-Za-z]:|(^|\/)\.\.(\/|$)|\/\//.test(file.path);
        if (!hostile)
            addFolders(file.path);
        if (options.recursive || hostile || !file.path.slice(prefix.length).includes('/'))
            entries.push(treeEntry(repo, commit, file, options));
    }
    return entries.sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
